"""Marking an answer, cell by cell, and finding the mistake that would have led to it."""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from convcalc.engine.exact import Array, exact
from convcalc.engine.mistakes import Mistake
from convcalc.report.document import Block, Table, Text
from convcalc.report.numbers import Writer, shape_text

LEAST_DECIMALS = 2
MOST_SHOWN = 12
MOST_REASONS = 2
MOST_COMPARED = 4096
"""Cells that are compared one by one, as they were written."""
LEAST_EXPLAINED, MOSTLY = 3, Fraction(4, 5)
"""How many cells a mistake must explain, and what share of all must be as it would have them, to be named."""
NEAR = Fraction(6, 100)


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
        return self.right_shape and all(
            abs(Fraction(exact(self.given[at])) - Fraction(exact(self.answer[at]))) <= NEAR for at in self.wrong
        )

    def blocks(self, write: Writer | None = None, *, reveal: bool = True) -> list[Block]:
        """Say what is right and what is wrong, and why it may be; `reveal` also says what would have been right."""
        write = write or Writer()
        if self.right:
            return [Text("Right." if self.answer.size == 1 else f"Right, all {self.answer.size} cells.")]
        said: list[Block] = []
        if not self.right_shape and self.answer.size == 1:
            said.append(Text(f"The answer is one number, and these are {self.given.size}."))
        elif not self.right_shape:
            shapes = shape_text(core(self.given)), shape_text(core(self.answer))
            said.append(Text(f"The answer is {shapes[1]}, and this is {shapes[0]}."))
        elif self.answer.size == 1:
            said.append(Text("Not right."))
        else:
            said += self._table(write, reveal=reveal)
        if self.near:
            said.append(Text("  Near: give two decimals at least."))
        if self.reasons and self.answer.size == 1:
            said.append(Text(f"  It would come out so if {' or if '.join(self.reasons)}."))
        elif self.reasons:
            said.append(Text(f"  Likely: {', or '.join(self.reasons)}."))
        return said

    def _table(self, write: Writer, *, reveal: bool) -> list[Block]:
        count, axes = len(self.wrong), len(core(self.answer))
        rows = [
            (f"[{','.join(map(str, at[len(at) - axes :]))}]", write(self.given[at]), write(self.answer[at]))
            for at in self.wrong[:MOST_SHOWN]
        ]
        heads = ("cell", "yours", "right")
        shown = 3 if reveal else 2
        more = count - len(rows)
        return [
            Text(f"{count} of {self.answer.size} cells {'is' if count == 1 else 'are'} wrong:"),
            Table(heads[:shown], tuple(row[:shown] for row in rows), frozenset({0})),
            *([Text(f"  … and {more} more")] if more else []),
        ]


def close(given: Any, right: Any) -> bool:
    """Whether a number is right, rounded as it was written, to two decimals at least.

    >>> close(0.66, 0.6590011), close(3, 3.25), close(Fraction(13, 4), 3.25), close(0.7, 0.6590011)
    (True, False, True, False)
    """
    mine, true = Fraction(exact(given)), Fraction(exact(right))
    if mine == true or mine == 0:
        return mine == true
    if isinstance(given, Fraction) and not isinstance(right, float | np.floating):
        return False
    decimals = len(str(given).partition("e")[0].partition(".")[2]) if isinstance(given, float | np.floating) else 0
    return abs(mine - true) <= Fraction(1, 2 * 10 ** max(decimals, LEAST_DECIMALS))


def mark(given: Array, answer: Array, mistakes: Iterable[Mistake], at: tuple[int, ...] | None = None) -> Marks:
    """Mark an answer to a whole grid, or to the one cell `at`, whose `answer` is the whole grid still."""
    if at is not None:
        right = np.array([answer[at]], dtype=answer.dtype)
        cells = given.ravel()
        wrong: tuple[tuple[int, ...], ...] = () if cells.size == 1 and close(cells[0], right[0]) else ((0,),)
        reasons = [m.reason for m in mistakes if _has(m.answer, at) and close(cells[0], m.answer[at])] if wrong else []
        reasons += _elsewhere(cells[0], answer, at) if wrong and not reasons else []
        return Marks(right, cells, wrong, cells.size == 1, tuple(reasons[:MOST_REASONS]))
    shaped = given.reshape(answer.shape) if core(given) == core(answer) else given
    if shaped.shape != answer.shape:
        known = [mistake for mistake in mistakes if core(mistake.answer) == core(given)]
        alike = [m.reason for m in known if _agree(given, m.answer)] or [m.reason for m in known]
        return Marks(answer, given, (), False, tuple(alike[:MOST_REASONS]))
    wrong = _wrong(shaped, answer)
    return Marks(answer, shaped, wrong, True, _reasons(shaped, answer, wrong, mistakes) if wrong else ())


def _wrong(given: Array, answer: Array) -> tuple[tuple[int, ...], ...]:
    """Return the places of the cells that are wrong."""
    differ = [tuple(int(i) for i in at) for at in np.argwhere(given != answer)]
    if len(differ) <= MOST_COMPARED:
        return tuple(at for at in differ if not close(given[at], answer[at]))
    gap = np.abs(given.astype(np.float64) - answer.astype(np.float64))
    return tuple(at for at in differ if gap[at] > 0.5 * 10**-LEAST_DECIMALS or given[at] == 0)


def _reasons(
    given: Array, answer: Array, wrong: tuple[tuple[int, ...], ...], mistakes: Iterable[Mistake]
) -> tuple[str, ...]:
    """Return the mistakes that lead to this very answer; or the one that explains every wrong cell, and most others."""
    known = [mistake for mistake in mistakes if mistake.answer.shape == answer.shape]
    alike = [mistake.reason for mistake in known if _agree(given, mistake.answer)]
    if alike:
        return tuple(alike[:MOST_REASONS])
    for mistake in known:
        if given.size > MOST_COMPARED:
            break
        agreed = sum(close(mine, theirs) for mine, theirs in zip(given.flat, mistake.answer.flat, strict=True))
        explained = all(close(given[at], mistake.answer[at]) for at in wrong)
        if explained and len(wrong) >= LEAST_EXPLAINED and agreed >= MOSTLY * given.size:
            return (f"{mistake.reason} (in {len(wrong)} of the cells)",)
    return ()


def _elsewhere(cell: Any, answer: Array, at: tuple[int, ...]) -> list[str]:
    """Return whether a number is the right one of another cell that is easily taken for this one."""
    others = {
        "rows and columns were counted from 1": tuple(index - 1 for index in at),
        "row and column changed places": (*at[:-2], at[-1], at[-2]) if len(at) > 1 else at,
    }
    return [
        reason
        for reason, other in others.items()
        if other != at and min(other) >= 0 and _has(answer, other) and close(cell, answer[other])
    ]


def _agree(given: Array, answer: Array) -> bool:
    pairs = zip(given.ravel(), answer.ravel(), strict=True)
    return all(close(mine, theirs) for mine, theirs in pairs)


def core(array: Array) -> tuple[int, ...]:
    """Return a shape without the axes of length 1 in front."""
    first = next((index for index, length in enumerate(array.shape) if length > 1), array.ndim)
    return array.shape[first:]


def _has(array: Array, at: tuple[int, ...]) -> bool:
    return len(at) == array.ndim and all(index < length for index, length in zip(at, array.shape, strict=True))
