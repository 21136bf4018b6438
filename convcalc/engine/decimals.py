"""Floats as the decimals that they are written as: the shortest ones that no other float is nearer to."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

FEW_READ = 64
"""Cells up to which decimals are read from their texts, one by one."""
MOST_PLACES = 15
"""Places that all cells of a grid may have for it to be scaled as a whole."""
LARGEST_POWER = 22
"""Of ten, of those that float64 holds exactly."""
POWERS = np.array([float(f"1e{power}") for power in range(-LARGEST_POWER, LARGEST_POWER + 1)])
DIGITS = {np.dtype(np.float32): (9, 8, 7, 6), np.dtype(np.float64): (17, 16, 15)}
"""Digits that always tell a float from its neighbours, and fewer, down to those that any float holds."""
DOUBT = 1e-6
"""How near to a limit, as a part of it, arithmetic in two floats may not tell on which side of it something lies."""


def product(one: Array, other: Array | float) -> tuple[Array, Array]:
    """Return one × other as floats, and what their rounding left over (Dekker): halves of floats multiply exactly.

    >>> from fractions import Fraction
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


def written(array: Array) -> tuple[Array, Array, Array]:
    """Return what floats are written as, (numerators, places), int64, and which were found so: numerator / 10^places.

    That is what `repr` writes, zeros at its end aside. Not found are floats of unusual size, and the few of which
    arithmetic in two floats cannot say which decimals lie nearer to them than to their neighbours.

    >>> [cells.tolist() for cells in written(np.array([0.0, 1 / 3, 1e300]))]
    [[0, 3333333333333333, 0], [0, 16, 0], [True, True, False]]
    """
    digits, cells = DIGITS[array.dtype], array.astype(np.float64)
    sizes = np.abs(cells)
    with np.errstate(all="ignore"):
        first = np.nan_to_num(np.floor(np.log10(sizes)), neginf=0).astype(np.int64)
        usual = (first <= digits[-1] - 1) & (first >= digits[0] - 1 - LARGEST_POWER)
        first[~usual] = 0
        first += (sizes >= POWERS[first + 1 + LARGEST_POWER]).astype(np.int64)
        first -= (sizes < POWERS[first + LARGEST_POWER]).astype(np.int64)
        usual &= (first <= digits[-1] - 1) & (first >= digits[0] - 1 - LARGEST_POWER)
        first[~usual] = 0
        near = np.spacing(sizes.astype(array.dtype)).astype(np.float64) / 2
        below = np.where(np.frexp(sizes)[0] == 0.5, near / 2, near)  # a power of two: smaller floats lie nearer to it
        numerators, places, found = np.zeros_like(first), np.zeros_like(first), usual
        for count in digits:
            power = count - 1 - first
            scale = POWERS[power + LARGEST_POWER]
            high, low = product(cells, scale)
            whole = np.rint(high)
            rest = (high - whole) + low
            nearest = np.rint(rest)
            off = np.abs(rest - nearest)
            is_it = off < below * scale * (1 - DOUBT)
            unsure = np.where(is_it, off > 0.5 - DOUBT, off <= near * scale * (1 + DOUBT))
            found = found & ~unsure if count < digits[0] else found & is_it & ~unsure
            numerators = np.where(is_it, whole.astype(np.int64) + nearest.astype(np.int64), numerators)
            places = np.where(is_it, power, places)
    zero = sizes == 0
    found |= zero
    known = found & ~zero
    return np.where(known, numerators, 0), np.where(known, places, 0), found


def text_of(cell: Any) -> str:
    """Return the shortest decimal that is nearer to a float than to any other, whatever numpy is told to print.

    >>> text_of(0.1), text_of(np.float64(1e22)), text_of(np.float32(0.1))
    ('0.1', '1e+22', '1.e-01')
    """
    return float.__repr__(cell) if isinstance(cell, float) else np.format_float_scientific(cell)


def of_any_digits(array: Array) -> tuple[Array, int]:
    """Return finite floats, as the decimals that they are written as, as integers over a power of ten.

    >>> [part if isinstance(part, int) else part.tolist() for part in of_any_digits(np.array([0.5, 1e-20]))]
    [[50000000000000000000, 1], 100000000000000000000]
    """
    cells = array.reshape(-1)
    numerators, places, found = (
        written(cells) if cells.size > FEW_READ else (*np.zeros((2, cells.size), np.int64), np.zeros(cells.size, bool))
    )
    unusual = {index: _read(text_of(cells[index])) for index in np.flatnonzero(~found).tolist()}
    most = max(0, int(places.max()), *(place for _, place in unusual.values()))
    powers = [10**power for power in range(most - int(places.min()) + 1)]
    largest = max(map(abs, (int(numerators.max()), int(numerators.min()))))
    if not unusual and largest * powers[-1] < 1 << 63:
        return (numerators * np.array(powers)[most - places]).reshape(array.shape), 10**most
    scaled = numerators.astype(object) * np.array(powers, dtype=object)[most - places]
    for index, (numerator, place) in unusual.items():
        scaled[index] = numerator * 10 ** (most - place)
    fits = max(map(abs, scaled)) < 1 << 63
    return (scaled.astype(np.int64) if fits else scaled).reshape(array.shape), 10**most


def _read(text: str) -> tuple[int, int]:
    """Return a number's text as (numerator, places); its digits are read as one integer.

    >>> _read("-1.25"), _read("1e+300")[1]
    ((-125, 2), -300)
    """
    mantissa, _, power = text.partition("e")
    whole, _, digits = mantissa.partition(".")
    return int(whole + digits), len(digits) - int(power or 0)


def in_lowest_terms(numerators: Array, denominator: int) -> tuple[Array, int]:
    """Return a grid over a common denominator, over its least.

    >>> numerators, denominator = in_lowest_terms(np.array([25, 50]), 100)
    >>> numerators.tolist(), denominator
    ([1, 2], 4)
    """
    if numerators.dtype == object:
        common = math.gcd(denominator, *numerators.flat)
    else:
        common = math.gcd(denominator, int(np.gcd.reduce(numerators, axis=None)))
    return (numerators // common, denominator // common) if common > 1 else (numerators, denominator)


def of_few_digits(array: Array) -> tuple[Array, int] | None:
    """Return a large grid of decimals as integers over a power of ten, if each cell has few enough digits.

    A cell is the decimal m / 10^d if it is the float nearest to that, and m is small enough that no other decimal
    of d places is.
    """
    most = 10**6 if array.dtype == np.float32 else 10**15
    cells = array.reshape(-1)
    sample = cells[:: max(cells.size // 100, 1)]
    if not sample.all():  # of zeros, which have no digits: others may have many
        cells = cells[cells != 0]
        sample = cells[:: max(cells.size // 100, 1)]
    powers = 10.0 ** np.arange(MOST_PLACES + 1)[:, None]
    with np.errstate(all="ignore"):
        tried = np.rint(sample.astype(np.float64) * powers)
        fits = (np.abs(tried) < most).all(axis=1) & ((tried / powers).astype(array.dtype) == sample).all(axis=1)
    for places in np.flatnonzero(fits).tolist():
        numerators = _scaled(array, places, most)
        if numerators is not None:
            return numerators.astype(np.int64), int(10**places)
    return None


def _scaled(array: Array, places: int, most: int) -> Array | None:
    """Return the numerators of cells over 10^`places`, if they are that exactly and smaller than `most`."""
    with np.errstate(all="ignore"):
        numerators: Array = np.rint(array.astype(np.float64) * 10.0**places)
    if np.abs(numerators).max() >= most or not ((numerators / 10.0**places).astype(array.dtype) == array).all():
        return None
    return numerators
