"""Numbers in two floats: the nearest one, and what it leaves over; where one float would lose digits."""

from fractions import Fraction

import numpy as np

from convcalc.engine.decimals import LARGEST_POWER, POWERS, product, written
from convcalc.engine.exact import FLOAT64, FLOAT64_INTEGERS, LARGEST_EXACT, Array, as_floats, exact


def floats_and_rests(array: Array) -> tuple[Array, Array]:
    """Return each cell as the float nearest to it, and what that leaves over of the number that is written.

    Of large grids, which are taken as floats, of integers, and of cells of 2⁵³ and more, that is said to be 0.

    >>> floats, rests = floats_and_rests(np.array([0.1, 0.5]))
    >>> abs(Fraction(0.1) + Fraction(float(rests[0])) - Fraction(1, 10)) < Fraction(1, 10**32), float(rests[1])
    (True, 0.0)
    """
    floats = np.array(as_floats(array, FLOAT64))
    rests = np.zeros_like(floats)
    if array.size > LARGEST_EXACT or array.dtype.kind == "i":
        return floats, rests
    not_found = np.ones(array.shape, bool)
    if array.dtype.kind == "f":
        numerators, places, found = written(array)
        not_found, powers = ~found, POWERS[places + LARGEST_POWER]
        if array.dtype == np.float32:
            # Of so few digits that floats divide them rightly; a zero keeps its sign.
            floats = np.where(found & (floats != 0), numerators / powers, floats)
        with np.errstate(all="ignore"):
            high, low = product(floats, powers)
            whole = np.rint(high)
            rests = ((numerators - whole.astype(np.int64)) + (whole - high) - low) / powers
    for place in zip(*np.nonzero(not_found), strict=True):
        number = exact(array[place])
        floats[place] = near = float(number)
        rests[place] = float(number - Fraction(near))
    return floats, np.where(np.abs(floats) < FLOAT64_INTEGERS, rests, 0)


def add(total: Array, cells: Array) -> tuple[Array, Array]:
    """Return total + cells as floats, and what their rounding left over (Knuth).

    >>> [float(part) for part in add(np.array(1e16), np.array(1.5))]
    [1.0000000000000002e+16, -0.5]
    """
    high = total + cells
    added = high - total
    return high, (total - (high - added)) + (cells - added)
