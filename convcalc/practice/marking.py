"""Marking an answer, cell by cell, and finding the mistake that would have led to it."""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from itertools import groupby, takewhile
from typing import Any, NamedTuple

import numpy as np

from convcalc.engine.exact import Array, exact
from convcalc.engine.mistakes.making import Mistake
from convcalc.engine.naming import shape_text
from convcalc.report.document import Block, Table, Text
from convcalc.report.numbers import Writer

DECIMALS = 2
"""How many an answer that is rounded must have; zeros at the end need not be written."""
SHORTEST_ROUNDED = {np.dtype(np.float32): 7, np.dtype(np.float64): 15}
"""Digits from which a float was rounded, rather than the very number."""
ALL_DIGITS = 14
"""Digits from which a number was printed by a program, as a float with all its digits."""
LAST_BITS = 1 << 50
"""A float is 2^52 or 2^53 units in its last place: what a program printed may be off by four or eight of them."""
FIRST_EXPONENT = 10**16
"""From where a whole float is written with an exponent; one below is exact as it stands there."""
MOST_DIGITS = 17
"""Digits up to which a program prints a float; of a quotient, what has more was worked to be exact."""
MOST_SHOWN = 12
MOST_REASONS = 2
MANY, ROUNDED_AT_MOST = 1 << 16, 0.5
"""Cells of an answer of which those that are far off are wrong at a glance; and how far that is."""
MOST_COMPARED = 4096
"""Cells that are compared with every mistake."""
LEAST_EXPLAINED, MOSTLY = 3, Fraction(4, 5)
"""How many cells a mistake must explain, and what share of all must be as it would have them, to be named."""


class Marks(NamedTuple):
    """What became of an answer: the cells that are wrong, or a shape that is; and the likely reasons, if any."""

    answer: Array
    given: Array
    wrong: tuple[tuple[int, ...], ...]
    right_shape: bool
    reasons: tuple[str, ...] = ()

    @property
    def right(self) -> bool:
        """Whether everything is right."""
        return self.right_shape and not self.wrong

    @property
    def near(self) -> bool:
        """Whether every wrong cell is one that was rounded too far."""
        return self.right_shape and all(is_rounded_too_far(self.given[at], self.answer[at]) for at in self.wrong)

    def blocks(self, write: Writer | None = None, *, reveal: bool = True) -> list[Block]:
        """Say what is right and what is wrong, and why it may be; `reveal` also says what would have been right."""
        write = write or Writer()
        if self.right:
            return [Text("Right." if self.answer.size == 1 else f"Right, all {self.answer.size} cells.")]
        document: list[Block] = []
        if not self.right_shape and self.answer.size == 1:
            document.append(Text(f"The answer is one number, and these are {self.given.size}."))
        elif not self.right_shape:
            document.append(Text(f"The answer is {_shape_of(self.answer)}, and this is {_shape_of(self.given)}."))
        elif self.answer.size == 1:
            document.append(Text("Not right."))
        else:
            document += self._table(write, reveal=reveal)
        if self.near:
            document.append(Text("  Near: give two decimals at least."))
        if self.reasons and self.answer.size == 1:
            document.append(Text(f"  It would come out so if {' or if '.join(self.reasons)}."))
        elif self.reasons:
            document.append(Text(f"  Likely: {', or '.join(self.reasons)}."))
        return document

    def _table(self, write: Writer, *, reveal: bool) -> list[Block]:
        count, axes = len(self.wrong), len(core(self.answer))
        rows = [
            (f"[{','.join(map(str, at[len(at) - axes :]))}]", str(self.given[at]), write(self.answer[at]))
            for at in self.wrong[:MOST_SHOWN]
        ]
        heads = ("cell", "yours", "right")
        columns = 3 if reveal else 2
        more = count - len(rows)
        return [
            Text(f"{count} of {self.answer.size} cells {'is' if count == 1 else 'are'} wrong:"),
            Table(heads[:columns], tuple(row[:columns] for row in rows), frozenset({0})),
            *([Text(f"  … and {more} more")] if more else []),
        ]


def is_right(given: Any, value: Any) -> bool:
    """Whether a number is the value, rounded correctly to the digits that were written; a fraction is exact.

    Zeros may be left out at the end, as in 2 for 2.004: they are taken to be there up to the second decimal. With fewer
    digits than that, unless three or more stand before an exponent, a rounded number is not accurate enough. A half
    may go either way. A fraction is right, too, if a value that was rounded agrees with it in all digits but two.
    None, an empty cell, is not.

    >>> is_right(Decimal("0.66"), 0.6590011), is_right(Decimal("0.660"), 0.6590011), is_right(Decimal("0.7"), 0.6590011)
    (True, False, False)
    >>> is_right(Decimal("5e-05"), 0.0024726), is_right(Decimal("0.0025"), 0.0024726), is_right(Fraction(1, 3), 1 / 3)
    (False, True, True)
    """
    if given is None:
        return False
    true = Fraction(exact(value))
    if isinstance(given, Fraction):
        return given == true or abs(given - true) <= _lost_in_rounding(value, true)
    decimal = _decimal(given)
    digits = -DECIMALS if _is_coarse(decimal) else _exponent(decimal)
    return abs(Fraction(decimal) - true) <= Fraction(10) ** digits / 2 + _last_bits(decimal, value, true)


def _last_bits(written: Decimal, value: Any, true: Fraction) -> Fraction:
    """Return how far a number that a program printed with all a float's digits may be off: some last bits."""
    digits = len(written.as_tuple().digits)
    if isinstance(value, float | np.floating):
        is_printed = digits >= ALL_DIGITS and (true.denominator > 1 or abs(true) >= FIRST_EXPONENT)
    else:
        is_printed = ALL_DIGITS <= digits <= MOST_DIGITS and true.denominator > 1
    return abs(true) / LAST_BITS if is_printed else Fraction(0)


def is_rounded_too_far(given: Any, value: Any) -> bool:
    """Whether a number is the value, but rounded to too few digits to be accurate enough.

    >>> is_rounded_too_far(Decimal("0.7"), 0.6590011), is_rounded_too_far(Decimal("0.6"), 0.6590011)
    (True, False)
    """
    if given is None or isinstance(given, Fraction) or is_right(given, value):
        return False
    decimal = _decimal(given)
    return abs(Fraction(decimal) - Fraction(exact(value))) <= Fraction(10) ** _exponent(decimal) / 2


def _is_coarse(written: Decimal) -> bool:
    """Whether a number is written with too few digits to be accurate, if it was rounded."""
    exponent = _exponent(written)
    return exponent > -DECIMALS and not (exponent > 0 and len(written.as_tuple().digits) > DECIMALS)


def _exponent(written: Decimal) -> int:
    """Return the power of ten that a number's last digit counts."""
    exponent = written.as_tuple().exponent
    assert isinstance(exponent, int)
    return exponent


def _lost_in_rounding(value: Any, true: Fraction) -> Fraction:
    """Return how far a value that was rounded to a float's digits may be from the true one."""
    if not isinstance(value, float | np.floating):
        return Fraction(0)
    digits = len(Decimal(str(value)).normalize().as_tuple().digits)
    return abs(true) / 10 ** (digits - 2) if digits >= SHORTEST_ROUNDED[np.asarray(value).dtype] else Fraction(0)


def _decimal(given: Any) -> Decimal:
    """Return a number as it is written, a float with its shortest digits."""
    return given if isinstance(given, Decimal) else Decimal(str(given))


def mark(given: Array, answer: Array, mistakes: Iterable[Mistake], at: tuple[int, ...] | None = None) -> Marks:
    """Mark an answer to a whole grid, or to the one cell `at`, whose `answer` is the whole grid still."""
    if at is not None:
        right = np.array([answer[at]], dtype=answer.dtype)
        cells = given.ravel()
        wrong: tuple[tuple[int, ...], ...] = () if cells.size == 1 and is_right(cells[0], right[0]) else ((0,),)
        reasons = _reasons_of_cell(cells[0], answer, mistakes, at) if wrong else []
        return Marks(right, cells, wrong, cells.size == 1, tuple(reasons[:MOST_REASONS]))
    shaped = given.reshape(answer.shape) if core(given) == core(answer) else given
    if shaped.shape != answer.shape:
        known: list[Mistake] = []
        for _, some in groupby(mistakes, lambda mistake: mistake.edits):
            known += [mistake for mistake in some if core(mistake.answer) == core(given)]
            alike = [m.reason for m in known if _agree(given, m.answer)]
            if alike:
                return Marks(answer, given, (), False, tuple(alike[:MOST_REASONS]))
        single = [mistake.reason for mistake in known if mistake.edits == 1]
        return Marks(answer, given, (), False, tuple(single[:MOST_REASONS]))
    wrong = _wrong(shaped, answer)
    return Marks(answer, shaped, wrong, True, _reasons(shaped, answer, wrong, mistakes) if wrong else ())


def _wrong(given: Array, answer: Array) -> tuple[tuple[int, ...], ...]:
    """Return the places of the cells that are wrong."""
    differ = np.argwhere(given != answer).tolist()
    if given.dtype == answer.dtype == np.int64:
        return tuple(map(tuple, differ))
    if given.size > MANY and given.dtype.kind == answer.dtype.kind == "f":
        distance = np.abs(given.astype(np.float64) - answer)
        far = distance > ROUNDED_AT_MOST + np.abs(answer) / 1000  # nobody rounds so far, and not each need be looked at
        return tuple(at for at in map(tuple, differ) if far[at] or not is_right(given[at], answer[at]))
    return tuple(at for at in map(tuple, differ) if not is_right(given[at], answer[at]))


def _reasons(
    given: Array, answer: Array, wrong: tuple[tuple[int, ...], ...], mistakes: Iterable[Mistake]
) -> tuple[str, ...]:
    """Return the mistakes that lead to this very answer; or the one that explains every wrong cell, and most others.

    Two mistakes together are only looked at where no single one leads there.
    """
    known: list[Mistake] = []
    for edits, some in groupby(mistakes, lambda mistake: mistake.edits):
        same_shape = [mistake for mistake in some if mistake.answer.shape == answer.shape]
        alike = [mistake.reason for mistake in same_shape if _agree(given, mistake.answer)]
        if alike:
            return tuple(alike[:MOST_REASONS])
        known += same_shape if edits == 1 else []
    for mistake in known:
        if given.size > MOST_COMPARED:
            break
        agreed = sum(is_right(mine, theirs) for mine, theirs in zip(given.flat, mistake.answer.flat, strict=True))
        explained = all(is_right(given[at], mistake.answer[at]) for at in wrong)
        if explained and len(wrong) >= LEAST_EXPLAINED and agreed >= MOSTLY * given.size:
            return (f"{mistake.reason} (in {len(wrong)} of the cells)",)
    return ()


def _reasons_of_cell(cell: Any, answer: Array, mistakes: Iterable[Mistake], at: tuple[int, ...]) -> list[str]:
    """Return the single mistakes that lead to a cell's number; those first that leave the answer its shape."""
    single = takewhile(lambda mistake: mistake.edits == 1, mistakes)
    alike = [m for m in single if reaches(m.answer, at) and is_right(cell, m.answer[at])]
    same_shape = [mistake.reason for mistake in alike if mistake.answer.shape == answer.shape]
    elsewhere = [reason for reason, other in neighbours(answer, at) if is_right(cell, answer[other])]
    return same_shape or elsewhere or [mistake.reason for mistake in alike]


def neighbours(answer: Array, at: tuple[int, ...]) -> list[tuple[str, tuple[int, ...]]]:
    """Return the other cells that are easily taken for this one, and why."""
    others = {
        "rows and columns were counted from 1": tuple(index - 1 for index in at),
        "row and column changed places": (*at[:-2], at[-1], at[-2]) if len(at) > 1 else at,
    }
    return [(reason, to) for reason, to in others.items() if to != at and min(to) >= 0 and reaches(answer, to)]


def _agree(given: Array, answer: Array) -> bool:
    pairs = zip(given.ravel(), answer.ravel(), strict=True)
    return all(is_right(mine, theirs) for mine, theirs in pairs)


def core(array: Array) -> tuple[int, ...]:
    """Return a shape without the axes of length 1 in front."""
    first = next((index for index, length in enumerate(array.shape) if length > 1), array.ndim)
    return array.shape[first:]


def _shape_of(array: Array) -> str:
    return "one number" if array.size == 1 else shape_text(core(array))


def reaches(array: Array, at: tuple[int, ...]) -> bool:
    """Whether an array has a cell there."""
    return len(at) == array.ndim and all(index < length for index, length in zip(at, array.shape, strict=True))
