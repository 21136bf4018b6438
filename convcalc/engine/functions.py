"""Functions of one cell that several operations need, in forms that neither overflow nor lose small results.

Each takes the cells as floats, and what was left over when they were rounded.
"""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np

from convcalc.engine.decimals import product
from convcalc.engine.exact import OF_ANY_SIZE, Array, exact
from convcalc.engine.step import Number

ROOT_HALF, ROOT_HALF_REST = 0.7071067811865476, -4.833646656726457e-17
"""√½, and what its rounding left over."""
LEAST = -700.0
"""An exponent whose exponential has all its digits in a float."""


def exponential(x: Number) -> float | Decimal:
    """Return e^x: a float, or a Decimal where no float comes near it.

    >>> exponential(0), f"{exponential(1000):.4e}"
    (1.0, '1.9701e+434')
    """
    whole = exact(x)
    if -700 < whole < 700:
        power = float(whole)
        raised = math.exp(power)
        return raised + raised * float(whole - Fraction(power))
    return OF_ANY_SIZE.exp(as_decimal(x))


def as_decimal(x: Number) -> Decimal:
    """Return a number to a dozen digits, however large or small.

    >>> as_decimal(Fraction(1, 3))
    Decimal('0.333333333333')
    """
    return OF_ANY_SIZE.divide(Decimal(exact(x).numerator), Decimal(exact(x).denominator))


def gated(x: Array | float, z: Array, rest: Array) -> Array:
    """Return x/(1 + e^-(z + rest)): x meets an exponential that is still a whole float, before what is left of it."""
    small = falling(np.maximum(z, LEAST), rest)
    result: Array = np.where(z < 0, x * small * np.exp(np.minimum(z - LEAST, 0)), x) / (1 + small)
    return result


def sigmoid(x: Array, rest: Array) -> Array:
    """Return 1/(1 + e^-(x + rest))."""
    small = falling(x, rest)
    result: Array = np.where(x >= 0, 1, small) / (1 + small)
    return result


def falling(x: Array, rest: Array) -> Array:
    """Return e^-|x + rest|, whose rest is small."""
    with np.errstate(under="ignore"):
        powers = np.exp(-np.abs(x))
        return np.asarray(powers - powers * np.copysign(1, x) * rest)


def softplus(x: Array, rest: Array) -> Array:
    """Return ln(1 + e^(x + rest))."""
    result: Array = np.maximum(x, 0) + np.log1p(falling(x, rest))
    return result


def normal(x: Array, rest: Array) -> Array:
    """Return Φ(x), the share of a normal distribution below x, from -37; numpy has no erf of its own."""
    root, missed = product(x, ROOT_HALF)
    tails = np.array([math.erfc(-cell) for cell in root.ravel().tolist()]).reshape(x.shape)
    missed = missed + x * ROOT_HALF_REST + rest * ROOT_HALF
    return np.asarray(tails / 2 + np.exp(-root * root) / math.sqrt(math.pi) * missed)


def mish(x: Array, rest: Array) -> Array:
    """Return x·tanh(ln(1 + e^(x + rest))), the tanh as a quotient of exponentials that are at most 1."""
    result: Array = x * _mish_share(np.maximum(x, LEAST), rest) * np.exp(np.minimum(x - LEAST, 0))
    return result


def mish_slope(x: Array, rest: Array) -> Array:
    """Return t + x·(1 − t²)·σ(x), with t = tanh(ln(1 + e^(x + rest)))."""
    small = falling(x, rest)
    positive = (2 * (1 + small) * small / ((1 + small) ** 2 + small**2)) ** 2
    negative = (2 * (1 + small) / ((1 + small) ** 2 + 1)) ** 2
    bend = np.where(x >= 0, positive, negative) * sigmoid(x, rest)
    result: Array = _mish_share(x, rest) + np.where(bend == 0, 0, x) * bend
    return result


def _mish_share(x: Array, rest: Array) -> Array:
    small = falling(x, rest)
    negative = small * (small + 2)
    share: Array = np.where(x >= 0, (1 + 2 * small) / (1 + 2 * small + 2 * small * small), negative / (negative + 2))
    return share
