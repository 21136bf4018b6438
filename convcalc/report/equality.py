"""Whether what is shown is true: two sides of a sum are called equal only if they are, as they stand there written."""

import contextlib
import math
import re
from collections.abc import Iterator
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, Inexact
from fractions import Fraction
from typing import TypeAlias

from convcalc.report.document import Sum

Value: TypeAlias = Decimal | Fraction | int

_EXACT = Context(prec=10_000, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[Inexact])
_TOKEN = re.compile(r"\s*(\d+(?:\.\d+)?(?:e-?\d+)?|.)")
LARGEST_EXPONENT = 5000
POWERS = {"²": 2, "³": 3}
_LINK = re.compile(r" (?=[=≈] )")


def checked_sum(
    terms: tuple[str, ...],
    joiner: str,
    outcome: str,
    label: str = "",
    opening: str = "",
    closing: str = "",
    final: bool = True,
) -> Sum:
    """Return a sum, its outcome's ``=`` made ``≈`` where numbers that were rounded in writing do not add up to it.

    >>> checked_sum(("0.3333×2", "1"), " + ", "= 1.6667").outcome, checked_sum(("0.5×2", "1"), " + ", "= 2").outcome
    ('≈ 1.6667', '= 2')
    """
    return Sum(
        terms,
        joiner,
        checked_outcome(f"{opening}{joiner.join(terms)}{closing}", outcome),
        label,
        opening,
        closing,
        final,
    )


def checked_outcome(expression: str, outcome: str) -> str:
    """Return an outcome such as ``= 28/9 ≈ 3.1111`` with every ``=`` that is not true made ``≈``.

    >>> checked_outcome("0.3333 + 2.7778", "= 28/9 ≈ 3.1111"), checked_outcome("(1 + 2)/4", "= 3/4 = 0.75")
    ('≈ 3.1111', '= 3/4 = 0.75')
    """
    if not outcome.startswith(("= ", "≈ ")):
        return outcome
    links, left = [], value_of(expression)
    parts = _LINK.split(outcome)
    for index, part in enumerate(parts):
        sign, text = part.split(" ", 1)
        right = value_of(text)
        if sign == "=" and left is not None and right is not None and left != right:
            left = right
            if parts[index + 1 : index + 2] and parts[index + 1].startswith("≈"):
                continue  # the decimal that follows says it
            sign = "≈"
        links.append(f"{sign} {text}")
        left = right
    return " ".join(links)


def value_of(text: str) -> Value | None:
    """Return what a written sum of products and quotients comes to; None if it is anything else.

    >>> value_of("2×(1/3) + 0.5 (bias)"), value_of("max(1, 2)") is None
    (Fraction(7, 6), True)
    """
    text = text.replace(" (bias)", "")
    with contextlib.suppress(ValueError):
        return _whole_products(text)
    words = [token for token in _TOKEN.findall(text) if token.strip()]
    reader = _Reader(iter([*words, ""]), Fraction if "/" in words else Decimal)
    try:
        value = reader.sum()
    except (ValueError, ArithmeticError, Inexact):
        return None
    return value if reader.word == "" else None


def _whole_products(text: str) -> int:
    """Return what a sum of products of whole numbers comes to, which most are; raise ValueError if it is another.

    >>> _whole_products("3×1 + 1×(-1) + (-2)")
    0
    """
    return sum(math.prod(map(_whole, term.split("×"))) for term in text.split(" + "))


def _whole(factor: str) -> int:
    return int(factor[1:-1] if factor.startswith("(") and factor.endswith(")") else factor)


def _times(one: Value, other: Value) -> Value:
    if isinstance(one, Decimal) and isinstance(other, Decimal):
        return _EXACT.multiply(one, other)
    return Fraction(one) * Fraction(other)


class _Reader:
    """Reads an expression word by word, in exact numbers of one kind."""

    def __init__(self, words: Iterator[str], kind: type[Decimal] | type[Fraction]) -> None:
        self.words, self.kind = words, kind
        self.word = next(words)

    def _next(self) -> str:
        word, self.word = self.word, next(self.words, "")
        return word

    def sum(self) -> Value:
        value = self.product()
        while self.word in ("+", "−"):
            sign, term = self._next(), self.product()
            if isinstance(value, Decimal) and isinstance(term, Decimal):
                value = _EXACT.add(value, term) if sign == "+" else _EXACT.subtract(value, term)
            else:
                value = Fraction(value) + Fraction(term) if sign == "+" else Fraction(value) - Fraction(term)
        return value

    def product(self) -> Value:
        value = self.power()
        while self.word in ("×", "/"):
            sign, factor = self._next(), self.power()
            value = _times(value, factor) if sign == "×" else Fraction(value) / Fraction(factor)
        return value

    def power(self) -> Value:
        value = root = self.factor()
        for _ in range(POWERS[self._next()] - 1 if self.word in POWERS else 0):
            value = _times(value, root)
        return value

    def factor(self) -> Value:
        word = self._next()
        if word == "|":
            value = self.sum()
            if self._next() != "|":
                raise ValueError
            return value.copy_abs() if isinstance(value, Decimal) else abs(Fraction(value))
        if word == "-":
            value = self.factor()
            return _EXACT.minus(value) if isinstance(value, Decimal) else -value
        if word != "(":
            if abs(int(word.partition("e")[2] or 0)) > LARGEST_EXPONENT:
                raise ValueError  # it is rounded, so that nothing equals it, and would take minutes to compare
            return self.kind(word)
        value = self.sum()
        if self._next() != ")":
            raise ValueError
        return value
