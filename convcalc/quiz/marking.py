"""Marking an answer, cell by cell, and finding the mistake that would have led to it."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from convcalc.engine.exact import Array, exact
from convcalc.engine.mistakes import Mistake
from convcalc.report.document import Block, Table, Text
from convcalc.report.numbers import Writer, shape_text

LEAST_DECIMALS = 2
MOST_SHOWN = 12


@dataclass(frozen=True)
class Marks:
    """What became of an answer: the cells that are wrong, or a shape that is; and the likely reason."""

    answer: Array
    given: Array
    wrong: tuple[tuple[int, ...], ...]
    right_shape: bool
    reason: str | None

    @property
    def right(self) -> bool:
        """Whether everything is right."""
        return self.right_shape and not self.wrong

    def blocks(self, write: Writer | None = None) -> list[Block]:
        """Say what is right and what is wrong, and why it may be."""
        write = write or Writer()
        reason: list[Block] = [Text(f"  Likely: {self.reason}.")] if self.reason else []
        if self.right:
            return [Text("Right." if self.answer.size == 1 else f"Right, all {self.answer.size} cells.")]
        if not self.right_shape and self.answer.size == 1:
            return [Text(f"The answer is one number, and these are {self.given.size}."), *reason]
        if not self.right_shape:
            shapes = shape_text(self.given.shape), shape_text(self.answer.shape)
            return [Text(f"The answer is {shapes[1]}, and this is {shapes[0]}."), *reason]
        if self.answer.size == 1:
            return [Text("Not right."), *reason]
        count = len(self.wrong)
        rows = tuple(
            (f"[{','.join(map(str, at))}]", write(self.given[at]), write(self.answer[at]))
            for at in self.wrong[:MOST_SHOWN]
        )
        more = count - len(rows)
        return [
            Text(f"{count} of {self.answer.size} cells {'is' if count == 1 else 'are'} wrong:"),
            Table(("cell", "yours", "right"), rows, frozenset({0})),
            *([Text(f"  … and {more} more")] if more else []),
            *reason,
        ]


def close(given: Any, right: Any) -> bool:
    """Whether a number is right, rounded as it was written, to two decimals at least.

    >>> close(0.66, 0.6590011), close(3, 3.25), close(Fraction(13, 4), 3.25), close(0.7, 0.6590011)
    (True, False, True, False)
    """
    mine, true = Fraction(exact(given)), Fraction(exact(right))
    if mine == true:
        return True
    if isinstance(given, Fraction) and not isinstance(right, float | np.floating):
        return False
    decimals = len(str(given).partition("e")[0].partition(".")[2]) if isinstance(given, float | np.floating) else 0
    return abs(mine - true) <= Fraction(1, 2 * 10 ** max(decimals, LEAST_DECIMALS))


def mark(given: Array, answer: Array, mistakes: Iterable[Mistake], at: tuple[int, ...] | None = None) -> Marks:
    """Mark an answer to a whole grid, or to the one cell `at`, whose `answer` is the whole grid still."""
    if at is not None:
        right = np.array([answer[at]], dtype=answer.dtype)
        cells = given.ravel()
        wrong = () if cells.size == 1 and close(cells[0], right[0]) else ((0,),)
        reasons = (m.reason for m in mistakes if _has(m.answer, at) and close(cells[0], m.answer[at]))
        return Marks(right, cells, wrong, cells.size == 1, next(reasons, None) if wrong else None)
    shaped = given.reshape(answer.shape) if _core(given) == _core(answer) else given
    if shaped.shape != answer.shape:
        mistakes = list(mistakes)
        alike = (m.reason for m in mistakes if _core(m.answer) == _core(given) and _agree(given, m.answer))
        sized = (m.reason for m in mistakes if _core(m.answer) == _core(given))
        return Marks(answer, given, (), False, next(alike, None) or next(sized, None))
    wrong = tuple(at for at in np.ndindex(*answer.shape) if not close(shaped[at], answer[at]))
    reason = _reason(shaped, answer, wrong, mistakes) if wrong else None
    return Marks(answer, shaped, wrong, True, reason)


def _reason(given: Array, answer: Array, wrong: tuple[tuple[int, ...], ...], mistakes: Iterable[Mistake]) -> str | None:
    """Return the mistake that explains most of the wrong cells: all of them, or at least half and two."""
    best, explained = None, 0
    for mistake in mistakes:
        if mistake.answer.shape == answer.shape:
            count = sum(close(given[at], mistake.answer[at]) for at in wrong)
            if count > explained:
                best, explained = mistake.reason, count
    if explained == len(wrong):
        return best
    if explained >= 2 and 2 * explained >= len(wrong):
        return f"{best} (in {explained} of these cells)"
    return None


def _agree(given: Array, answer: Array) -> bool:
    pairs = zip(given.ravel(), answer.ravel(), strict=True)
    return all(close(mine, theirs) for mine, theirs in pairs)


def _core(array: Array) -> tuple[int, ...]:
    first = next((index for index, length in enumerate(array.shape) if length > 1), array.ndim)
    return array.shape[first:]


def _has(array: Array, at: tuple[int, ...]) -> bool:
    return len(at) == array.ndim and all(index < length for index, length in zip(at, array.shape, strict=True))
