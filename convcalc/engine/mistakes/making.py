"""A mistake: what was done, and the answer it leads to; and how one is tried, or two together."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from convcalc.engine.exact import Array, absolute, exact, integers_or_fractions
from convcalc.engine.grids import as_grid
from convcalc.errors import ConvcalcError

FEWEST_IN_PAIRS, MOST_IN_PAIRS = 5, 1024
"""Cells of an answer that two mistakes together are tried for: fewer are explained by too much, more take too long."""


class Mistake(NamedTuple):
    """A mistake in words, and the answer that it leads to; or two that were made together."""

    reason: str
    answer: Array
    edits: int = 1


class Edit(NamedTuple):
    """Something done otherwise: the part of an operation it is about, and the operation done so, or its answer."""

    part: str
    reason: str
    change: Callable[[Any], Any]
    """What makes of a result another one; of an answer, an answer."""


@dataclass(eq=False, repr=False)
class Answered:
    """A result of which only the answer is known, so that nothing of it can be done otherwise."""

    output: Array


Candidates = Iterator[tuple[str, Callable[[], Array]]]


def _transposed(answer: Array) -> Array:
    return answer.swapaxes(-1, -2) if answer.ndim > 1 else answer


ANSWERS: tuple[Edit, ...] = (
    Edit("answer", "every sign was reversed", lambda answer: -answer),
    Edit("answer", "the answer was transposed (rows for columns)", _transposed),
    Edit("answer", "a ReLU was taken", lambda answer: np.maximum(answer, 0)),
    Edit("answer", "the absolute value was taken", absolute),
)
"""What may be done to any answer."""


def made(candidates: Candidates, right: Array) -> Iterator[Mistake]:
    """Yield the mistakes that can be made and lead to another answer than the right one."""
    for reason, work in candidates:
        try:
            answer = as_grid(work())
        except ConvcalcError:
            continue
        if _differs(answer, right):
            yield Mistake(reason, answer)


def tried(result: Any, edits: Sequence[Edit], answers: Sequence[Edit] = ANSWERS) -> Iterator[Mistake]:
    """Yield what each edit of a result leads to, and each of its answer; and then every two together.

    Edits of one part are not made together.
    """
    right = as_grid(result.output)
    known = [right]
    done: list[tuple[Edit, Any]] = []
    for edit in edits:
        changed = _attempt(edit.change, result)
        if changed is not None and (answer := _attempt(_answer, changed)) is not None and _differs(answer, right):
            done.append((edit, changed))
            known.append(answer)
            yield Mistake(edit.reason, answer)
    for edit in answers:
        answer = _attempt(edit.change, right)
        if answer is not None and _differs(as_grid(answer), right):
            known.append(as_grid(answer))
            yield Mistake(edit.reason, as_grid(answer))
    if not FEWEST_IN_PAIRS <= right.size <= MOST_IN_PAIRS:
        return
    for index, (one, changed) in enumerate(done):
        for other, _ in done[index + 1 :]:
            can_change = other.part != one.part and not isinstance(changed, Answered)
            if can_change and (both := _attempt(other.change, changed)) is not None:
                yield from _together(one, other, _attempt(_answer, both), known)
        for other in answers:
            yield from _together(one, other, _attempt(other.change, _answer(changed)), known)


def multiplied(grid: Array, factor: int) -> Array:
    """Return every cell times a whole number, exactly where the grid is exact."""
    if grid.dtype.kind == "f":
        return grid * factor
    return integers_or_fractions([exact(cell) * factor for cell in grid.ravel()]).reshape(grid.shape)


def _answer(result: Any) -> Array:
    return as_grid(result.output)


def _attempt(work: Callable[[Any], Any], of: Any) -> Any:
    """Return what comes of it, or None where it cannot be done."""
    try:
        return work(of)
    except ConvcalcError:
        return None


def _together(one: Edit, other: Edit, answer: Any, known: Sequence[Array]) -> Iterator[Mistake]:
    """Yield two mistakes, unless the answer is right, or one of them alone would lead to it."""
    if answer is not None and all(_differs(as_grid(answer), grid) for grid in known):
        yield Mistake(f"{one.reason} and {other.reason}", as_grid(answer), 2)


def _differs(answer: Array, right: Array) -> bool:
    return answer.shape != right.shape or not (answer == right).all()
