"""Numbers in two floats: the nearest one, and what it leaves over; where a function would magnify that."""

from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from convcalc.engine.exact import FLOAT64, FLOAT64_INTEGERS, LARGEST_EXACT, Array, as_floats, exact

FINE = Context(prec=40, Emax=MAX_EMAX, Emin=MIN_EMIN)
"""For what is left over when a number is rounded to a float."""


def floats_and_rests(array: Array) -> tuple[Array, Array]:
    """Return each cell as the float nearest to it, and what that leaves over of the number that is written.

    Of large grids, which are taken as floats, and of cells that have no digits behind the point, that is 0.
    """
    floats = as_floats(array, FLOAT64)
    rests = np.zeros_like(floats)
    if array.size > LARGEST_EXACT or array.dtype.kind == "i":
        return floats, rests
    if array.dtype == np.float32:
        floats = np.array([float(str(cell)) for cell in array.ravel()]).reshape(array.shape)
    numbers = array.ravel() if array.dtype == np.float32 else array.ravel().tolist()
    pairs = zip(numbers, floats.ravel().tolist(), strict=True)
    if array.dtype.kind == "f":
        left = [float(FINE.subtract(Decimal(str(cell)), Decimal(near))) for cell, near in pairs]
    else:
        left = [float(exact(cell) - Fraction(near)) for cell, near in pairs]
    rests.reshape(-1)[:] = left
    return floats, np.where(np.abs(floats) < FLOAT64_INTEGERS, rests, 0)


def product(one: Array, other: Array | float) -> tuple[Array, Array]:
    """Return one × other as floats, and what their rounding left over (Dekker): halves of floats multiply exactly.

    >>> high, low = product(np.array(0.1), 0.1)
    >>> Fraction(float(high)) + Fraction(float(low)) == Fraction(0.1) ** 2
    True
    """
    high = np.asarray(one * other)
    (a, b), (c, d) = _halves(one), _halves(other)
    return high, np.asarray(((a * c - high) + a * d + b * c) + b * d)


def _halves(value: Array | float) -> tuple[Any, Any]:
    far = value * (2.0**27 + 1)
    upper = far - (far - value)
    return upper, value - upper
