"""A pass backward as a Document: each line's gradients under its name, the last first; then every grid's."""

import math
from bisect import bisect
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import accumulate

import numpy as np

from convcalc.engine.exact import Array
from convcalc.engine.graph import GraphGradients, PassedBack, added
from convcalc.engine.naming import ONE_ROW, Naming, shape_text
from convcalc.report.document import (
    Answer,
    Block,
    Calculation,
    Document,
    Grids,
    Heading,
    Matrix,
    Picture,
    Role,
    Stepped,
    Steps,
    Subheading,
    Table,
    Text,
    with_answers_drawn,
)
from convcalc.report.equality import checked_sum
from convcalc.report.grids import grids_of
from convcalc.report.operations import BACKWARD
from convcalc.report.selection import Show

MOST_LISTED = 8
"""Cells of a gradient that the table at the end writes out."""


def worked_backward(gradients: GraphGradients, grids: Mapping[str, Array], wrt: str, show: Show) -> Calculation:
    """Return a pass backward's work; the answer is the gradient of one of the named grids."""
    answer = gradients.of(grids[wrt])
    assert answer is not None

    def work() -> Document:
        for index, passed in enumerate(gradients.passed):
            if passed.backward is None:
                continue
            if index:
                yield Text("")
            yield Heading(f"line {passed.node.number} · {passed.node.text}")
            yield from _upstream(passed, show)
            blocks = BACKWARD[type(passed.backward)].all(passed.backward, show).work
            yield from with_answers_drawn(blocks if index == 0 else map(_behind_worked, blocks))
        yield Subheading("the gradients of all grids")
        yield _table(gradients, grids, show)
        yield from _sums(gradients, grids, show)
        yield Text("")
        yield Answer(grids_of(answer, f"gradient of {wrt}", show.write, naming=Naming(answer.ndim == 1)))

    return Calculation(work(), lambda: answer, show.answer_write, partial(_walked, gradients))


def _walked(gradients: GraphGradients, show: Show) -> Steps:
    """Return the steps of all lines, the last line's first, one after the other."""
    parts: list[tuple[str, Steps]] = []
    for passed in gradients.passed:
        if passed.backward is not None:
            blocks = BACKWARD[type(passed.backward)].all(passed.backward, show._replace(at=None)).work
            title = f"line {passed.node.number} · {passed.node.text}"
            parts += [(title, block.steps()) for block in blocks if isinstance(block, Stepped)]
    ends = list(accumulate(math.prod(steps.shape) for _, steps in parts))

    def part(index: int) -> tuple[str, Steps, int]:
        which = bisect(ends, index)
        return (*parts[which], index - (ends[which - 1] if which else 0))

    def blocks_of(index: int) -> list[Block]:
        title, steps, at = part(index)
        return [Text(title, Role.TITLE), Text(""), *steps.blocks(at)]

    def name(index: int) -> str:
        _, steps, at = part(index)
        return steps.name(at)

    return Steps(Heading("a pass backward, the last line first"), (1, 1, 1, ends[-1]), ONE_ROW, blocks_of, name)


def _behind_worked(block: Block) -> Block:
    """Return a block whose gradient of the output was worked by the line behind: it is hidden where answers are."""
    if isinstance(block, Grids):
        return Grids(tuple(map(_worked_matrix, block.matrices)))
    if isinstance(block, Picture):
        return block._replace(
            lines=tuple(
                tuple(part if isinstance(part, str) else _worked_matrix(part) for part in line) for line in block.lines
            )
        )
    if isinstance(block, Stepped):
        return Stepped(
            lambda: map(_behind_worked, block.shown()), block.chosen, lambda: _steps_behind_worked(block.steps())
        )
    return block


def _worked_matrix(matrix: Matrix) -> Matrix:
    return matrix._replace(derived=matrix.derived or matrix.body.title.startswith("gradient"))


def _steps_behind_worked(steps: Steps) -> Steps:
    return steps._replace(blocks=lambda index: list(map(_behind_worked, steps.blocks(index))))


def _upstream(passed: PassedBack, show: Show) -> Iterator[Block]:
    """Say what comes from behind: from which line, or the sum from several."""
    lines = [number for number, _ in passed.parts]
    if lines == [0]:
        yield Text("Here it begins: nothing comes from behind but the gradient of the line's own output.", Role.QUIET)
    elif len(lines) == 1:
        yield Text(f"What comes from behind is the gradient that line {lines[0]} gave its input.", Role.QUIET)
    else:
        named = " and ".join(map(str, lines))
        yield Text(f"What comes from behind is the sum of the gradients that lines {named} gave.", Role.QUIET)


def _table(gradients: GraphGradients, grids: Mapping[str, Array], show: Show) -> Table:
    rows = []
    for name, grid in grids.items():
        parts = gradients.parts.get(id(grid), ())
        gradient = gradients.of(grid)
        lines = ", ".join(str(number) for number, _ in reversed(parts)) or "none"
        rows.append((name, shape_text(grid.shape), "" if gradient is None else _listed(gradient, show), lines))
    return Table(("name", "shape", "gradient", "used in line"), tuple(rows), frozenset({0, 1, 2, 3}), given=2)


def _listed(gradient: Array, show: Show) -> str:
    if gradient.size <= MOST_LISTED:
        return " ".join(show.write(cell) for cell in gradient.ravel())
    return f"{show.write(gradient.min())} to {show.write(gradient.max())}"


def _sums(gradients: GraphGradients, grids: Mapping[str, Array], show: Show) -> Iterator[Block]:
    """Yield the sums of grids that are used more than once, cell by cell where they are few."""
    write = show.write
    for name, grid in grids.items():
        parts = gradients.parts.get(id(grid), ())
        if len(parts) < 2 or grid.size > MOST_LISTED:
            continue
        total = added([part for _, part in parts]).ravel()
        yield Text("")
        yield Text(f"{name} is used in {len(parts)} lines, and its gradients add up:", Role.QUIET)
        for index in range(grid.size):
            terms = tuple(write.factor(part.ravel()[index]) for _, part in reversed(parts))
            at = ",".join(str(int(place)) for place in np.unravel_index(index, grid.shape))
            yield checked_sum(terms, " + ", write.outcome(total[index]), f"[{at}]  ", final=False)
