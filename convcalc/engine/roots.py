"""Powers and roots, as lp pooling takes them: exact where they are rational, and else to as many bits as are asked."""

import math
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from convcalc.engine.exact import Array, rounded_result
from convcalc.engine.step import Number

FLOAT_BITS = 1000
"""Bits of an integer that a float holds roughly."""


MOST_BITS = 1 << 18
"""Bits beyond which a root is found by logarithms."""


ROOT_BITS = 120
"""Bits of a root that is to be rounded: so many more than a float's that it goes to the right side."""


def rounded_root(power: int | Fraction, degree: int, kind: np.dtype[Any] | None) -> Number:
    """Return the root of a sum of powers, as an answer of that float dtype holds it; if None: exact, if it is rational.

    >>> rounded_root(25, 2, None), rounded_root(2, 2, None)
    (5, 1.4142135623730951)
    """
    root, rational = root_of(power, degree, ROOT_BITS)
    return rounded_result(root, kind if rational or kind is not None else np.dtype(np.float64))


def root_of(power: int | Fraction, degree: int, bits: int) -> tuple[Fraction, bool]:
    """Return the root of a sum of powers to at least so many bits, and whether it is rational, and so exact.

    >>> root_of(Fraction(9, 4), 2, 64), root_of(2, 2, 64)[1]
    ((Fraction(3, 2), True), False)
    """
    top, bottom = power.numerator, power.denominator
    if bottom.bit_length() * degree > MOST_BITS:
        return _root_by_logarithms(power, degree, bits), power == 0
    exactly = Fraction(whole_root(top, degree), whole_root(bottom, degree))
    if exactly**degree == power:
        return exactly, True
    # The root of n/d is that of n·d^(degree − 1), over d. It lies between a whole number of steps and the next:
    # half a step more rounds to the right side.
    whole = top * bottom ** (degree - 1)
    steps = max(bits - whole.bit_length() // degree, 0) + 1
    fine = whole_root(whole << (steps * degree), degree)
    return Fraction(2 * fine + 1, bottom << (steps + 1)), False


def _root_by_logarithms(power: int | Fraction, degree: int, bits: int) -> Fraction:
    """Return the root of a fraction too long for whole numbers."""
    if power == 0:
        return Fraction(0)
    context = Context(prec=bits // 3 + 20, Emax=MAX_EMAX, Emin=MIN_EMIN)
    top, bottom = (context.ln(Decimal(part)) for part in (power.numerator, power.denominator))
    return Fraction(context.exp(context.divide(context.subtract(top, bottom), Decimal(degree))))


def whole_root(value: int, degree: int) -> int:
    """Return the largest integer whose power is at most `value`, by Newton's method on integers.

    >>> whole_root(10**40 + 1, 2) == 10**20
    True
    """
    if value == 0 or degree == 1:
        return value
    if degree == 2:
        return math.isqrt(value)
    if value.bit_length() < FLOAT_BITS:
        guess = int(value ** (1 / degree) * (1 + 1e-12)) + 1
    else:  # the root of the first half of the digits, and one more, is too large, and near
        shift = value.bit_length() // (2 * degree)
        guess = (whole_root(value >> shift * degree, degree) + 1) << shift
    while True:
        better = ((degree - 1) * guess + value // guess ** (degree - 1)) // degree
        if better >= guess:
            return guess
        guess = better


def whole_power(cells: Array, degree: int) -> Array:
    """Return each cell multiplied by itself: unlike a power of floats, the same in every place and on every machine.

    >>> whole_power(np.array([2, 3]), 5).tolist()
    [32, 243]
    """
    result, square = np.ones_like(cells), cells
    with np.errstate(all="ignore"):
        while degree:
            if degree & 1:
                result = result * square
            degree >>= 1
            square = square * square if degree else square
    return result


def float_root(sums: Array, degree: int) -> Array:
    """Return each float's root, by the most accurate function there is."""
    if degree == 2:
        return np.asarray(np.sqrt(sums))
    return np.asarray(np.cbrt(sums) if degree == 3 else sums ** (1 / degree))


def exact_power(cell: int | Fraction, degree: int) -> int | Fraction:
    """Return a number's size, multiplied by itself so many times."""
    power = abs(Fraction(cell) ** degree)
    return int(power) if power.denominator == 1 else power
