"""Numbers as the work shows them: short, exact where a few signs suffice, and checked_outcome where they do not."""

import math
from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from convcalc.engine.exact import Array, exact
from convcalc.engine.step import Number

DECIMALS = 4
LONGEST_FRACTION = 5
LONGEST_OUTCOME = 15
SIGNIFICANT_FROM = 1e12
LARGEST_FIXED = 1e16
NOISE = 1e-12
"""How far a float may be from a short decimal and still be taken for it: what sums of floats are off by."""


class Writer:
    """Writes numbers with at most `precision` decimals.

    A number that is rounded keeps its zeros, so that 0.6590 is seen to be. Without a precision asked for, a quotient
    stays a fraction unless four decimals say it exactly.
    """

    __slots__ = ("precision",)

    def __init__(self, precision: int | None = None) -> None:
        self.precision = precision

    def __call__(self, value: Any) -> str:
        """Write a number for a table.

        >>> write = Writer()
        >>> write(3), write(Fraction(13, 4)), write(Fraction(28, 9)), write(0.30000000000000004)
        ('3', '3.25', '28/9', '0.3')
        >>> Writer(2)(Fraction(28, 9)), write(0.6590011388859679)
        ('3.11', '0.6590')
        """
        if isinstance(value, Decimal):
            return self._vast(value)
        number = plain(value)
        if isinstance(number, int):
            return str(number)
        if isinstance(number, float) and math.isinf(number):
            return "∞" if number > 0 else "-∞"
        if isinstance(number, Fraction) and self.precision is None:
            if self.is_short_decimal(number):
                return self._decimal(float(number))
            if len(str(abs(number))) <= LONGEST_FRACTION:
                return str(number)
        return self.as_decimal(number)

    def for_cells(self, cells: Iterable[Any]) -> Callable[[Any], str]:
        """Return how to write a grid's cells alike: all as decimals, or all quotients as fractions.

        >>> write = Writer().for_cells([Fraction(13, 4), Fraction(28, 9), 2])
        >>> write(Fraction(13, 4)), write(2)
        ('13/4', '2')
        """
        if self.precision is not None:
            return self
        quotients = [cell for cell in cells if isinstance(cell, Fraction)]
        if all(self.is_short_decimal(cell) for cell in quotients):
            return self
        if all(len(str(abs(cell))) <= LONGEST_FRACTION for cell in quotients):
            return str
        return self.as_decimal

    def as_decimal(self, value: Any) -> str:
        """Write a number as a decimal, even where a fraction would be short."""
        number = plain(value)
        try:
            return str(number) if isinstance(number, int) else self._decimal(float(number))
        except OverflowError:
            return str(round(number))

    def outcome(self, value: Any, summed: Any = None, divisor: int | None = None) -> str:
        """Write what a sum comes to, with its sign; one that was divided with the division before it.

        >>> Writer().outcome(Fraction(28, 9)), Writer().outcome(5), Writer().outcome(2**0.5)
        ('= 28/9 ≈ 3.1111', '= 5', '≈ 1.4142')
        >>> Writer().outcome(Fraction(7, 2), 14, 4), Writer().outcome(Fraction(28, 9), 28, 9)
        ('= 14/4 = 3.5', '= 28/9 ≈ 3.1111')
        """
        if summed is not None and divisor not in (None, 1):
            sign = "=" if self.says_exactly(summed) else "≈"
            division, outcome = f"{sign} {self.factor(summed)}/{divisor}", self.outcome(value)
            return outcome if outcome.startswith(f"{division} ") else f"{division} {outcome}"
        number = plain(value)
        text = self(value)
        if isinstance(number, Fraction) and not self.is_short_decimal(number) and self.precision is None:
            return (
                f"= {number} ≈ {self._decimal(float(number))}" if len(str(number)) <= LONGEST_OUTCOME else f"≈ {text}"
            )
        same = exact(float(text)) == exact(number) if not isinstance(number, int) else True
        return f"{'=' if same else '≈'} {text}"

    def near(self, value: Any, *, is_exact: bool = False) -> str:
        """Write what an irrational function comes to: only about that, however short the number.

        >>> Writer().near(1000.0), Writer().near(0.5, is_exact=True)
        ('≈ 1000', '= 0.5')
        """
        return self.outcome(value) if is_exact else f"≈ {self(value)}"

    def says_exactly(self, value: Any) -> bool:
        """Whether a number is written without rounding it.

        >>> Writer().says_exactly(0.5), Writer().says_exactly(0.65900113)
        (True, False)
        """
        number = plain(value)
        if isinstance(number, Decimal):
            return False
        return isinstance(number, int) or self.outcome(number).startswith("=")

    def total(self, value: Any, terms: Iterable[Any]) -> str:
        """Write what terms that were rounded when written add up to: only about that.

        >>> Writer().total(1.0, [0.09003, 0.90997]), Writer().total(3.0, [1.0, 2.0])
        ('≈ 1', '= 3')
        """
        return self.near(value, is_exact=all(self.says_exactly(term) for term in terms))

    def factor(self, value: Any) -> str:
        """Write a number as a factor or term: negative ones and fractions stand in brackets."""
        text = self(value)
        return f"({text})" if text.startswith("-") or "/" in text else text

    def is_short_decimal(self, number: Fraction) -> bool:
        """Whether four decimals say a quotient exactly."""
        return bool((number * 10**DECIMALS).denominator == 1) and abs(number) < SIGNIFICANT_FROM

    def _decimal(self, value: float) -> str:
        decimals = DECIMALS if self.precision is None else self.precision
        fixed = self.precision is not None and abs(value) < LARGEST_FIXED
        if value and not fixed and (self._is_tiny(value, decimals) or abs(value) >= SIGNIFICANT_FROM):
            mantissa, _, power = f"{value:.{decimals}e}".partition("e")
            is_rounded = abs(float(f"{mantissa}e{power}") - value) > NOISE * abs(value)
            return f"{mantissa if is_rounded else _trim(mantissa)}e{int(power)}"
        text = f"{value:.{decimals}f}"
        is_rounded = abs(float(text) - value) > NOISE * max(1, abs(value)) and float(text) != 0
        return text if is_rounded else _trim(text)

    def _is_tiny(self, value: float, decimals: int) -> bool:
        """Whether so few digits of a number would be left that it must be written with its power of ten."""
        if abs(value) >= 10 ** (1 - decimals):
            return False
        return abs(value) < 0.5 * 10**-decimals or abs(float(f"{value:.{decimals}f}") - value) > NOISE

    def _vast(self, value: Decimal) -> str:
        """Write what no float can hold."""
        if value.is_infinite() or value == 0:
            return "∞" if value else "0"
        mantissa, _, power = f"{value:.{DECIMALS if self.precision is None else self.precision}e}".partition("e")
        return f"{mantissa}e{int(power)}"


def _trim(text: str) -> str:
    short = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if short == "-0" else short


def plain(value: Any) -> Number:
    """Return a cell of an array, or a number, as plain Python."""
    if isinstance(value, np.generic):
        return float(str(value)) if isinstance(value, np.float32) else value.item()
    number: Number = value
    return number


def widest(grid: Array, write: Any) -> int:
    """Return the width of a very large grid's widest cell, as far as its extremes and its first cells tell."""
    return max(len(write(cell)) for cell in (grid.max(), grid.min(), *grid.ravel()[:256]))


def six_digits(value: Any) -> Any:
    """Return a float by its first six digits: those on which float32 sums agree, in whatever order they are added.

    What is exact stays as it is.

    >>> six_digits(-14.454000473), six_digits(Fraction(1, 3))
    (-14.454, Fraction(1, 3))
    """
    return float(f"{float(value):.6g}") if isinstance(value, float | np.floating) else value
