"""A mistake: what was done, and the answer it leads to; and how one is tried."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from convcalc.engine.exact import Array
from convcalc.engine.grids import as_grid
from convcalc.errors import ConvcalcError


class Mistake(NamedTuple):
    """A mistake in words, and the answer that it leads to."""

    reason: str
    answer: Array


Candidates = Iterator[tuple[str, Callable[[], Array]]]


def made(candidates: Candidates, right: Array) -> Iterator[Mistake]:
    """Yield the mistakes that can be made and lead to another answer than the right one."""
    for reason, work in candidates:
        try:
            answer = as_grid(work())
        except ConvcalcError:
            continue
        if answer.shape != right.shape or not (answer == right).all():
            yield Mistake(reason, answer)
