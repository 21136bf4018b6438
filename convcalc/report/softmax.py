"""Softmax as a Document: a table a line, from the logits to probabilities that add to 1."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from convcalc.engine.exact import Array
from convcalc.engine.softmax import Softmax, SoftmaxStep, named_axes
from convcalc.errors import InputError
from convcalc.report.document import Block, Document, Heading, Role, Steps, Subheading, Sum, Table, Text, Worked
from convcalc.report.grids import answer_of, grids_of
from convcalc.report.likely import likely_mistakes
from convcalc.report.numbers import Writer, shape_text
from convcalc.report.selection import Show, Skipped, number, select, skipped_text

MOST_CELLS = 16
"""Cells of a line that are written out; of a longer one, the first few and the last."""
ENDS = 8


def worked_softmax(result: Softmax, show: Show) -> Worked:
    """Return a softmax's work as a Document, and its answer."""
    grid, axis = result.input, result.axis
    lines = list(np.ndindex(*result.lines))
    count = len(lines)
    shape = (1, 1, 1, count)
    if show.at is None:
        chosen = list(select(shape, show))
    else:
        at = (0, *show.at) if len(show.at) < grid.ndim and grid.shape[0] == 1 else show.at
        if len(at) != grid.ndim or any(not 0 <= i < n for i, n in zip(at, grid.shape, strict=True)):
            raise InputError(
                f"the grid has no cell [{','.join(map(str, show.at))}]", hint=f"its axes are {named_axes(grid.shape)}"
            )
        wanted = lines.index((*at[:axis], *at[axis + 1 :]))
        chosen = list(select(shape, Show(at=(0, wanted))))
    output = result.output

    def work() -> Document:
        name = "log-softmax" if result.log else "softmax"
        formula = "x − max − ln Σe^(x − max)" if result.log else "e^(x − max)/Σe^(x − max)"
        one_row = grid.size == grid.shape[-1]
        yield Heading(f"{name} · input {shape_text(grid.shape[-1:] if one_row else grid.shape)}", (formula,))
        if count > 1:
            yield Text(f"Along axis {axis}, {_adding(result)}; the axes are {named_axes(grid.shape)}.", Role.QUIET)
            yield Text("")
            yield grids_of(grid, "input", show.write, heat=show.heat)
        for part in chosen:
            if isinstance(part, Skipped):
                yield Text("")
                yield Text(skipped_text(part.count), Role.QUIET)
                continue
            step = result.step(lines[number(part.at, shape) - 1], part.number)
            if count > 1:
                yield Subheading(f"step {step.number} of {count} · {_line_name(step.at)}")
            else:
                yield Text("")
            yield from softmax_blocks(step, show.write, log=result.log)
        yield Text("")
        yield answer_of(output, show.write, "channel", heat=show.heat, one_row=one_row)

    def walked(show: Show) -> Steps:
        return Steps(
            Heading(f"{'log-' * result.log}softmax · input {shape_text(grid.shape)}"),
            shape,
            True,
            lambda index: list(softmax_blocks(result.step(lines[index], index + 1), show.write, log=result.log)),
            lambda index: _line_name(result.step(lines[index]).at),
        )

    def given() -> Document:
        yield Heading("log-softmax" if result.log else "softmax")
        yield Text("")
        yield grids_of(grid, "input", show.write, one_row=grid.size == grid.shape[-1])

    mistakes = partial(likely_mistakes, result)
    return Worked(work(), lambda: output, show.answer_write, walked, given, mistakes)


def softmax_blocks(step: SoftmaxStep, write: Writer, *, log: bool) -> Iterator[Block]:
    """Yield a line's working: a table of its cells with the sums under it, and the sums written out."""
    largest = write.factor(step.largest)
    last = f"x − {largest} − {write(step.log_total)}" if log else f"÷ {write(step.total)}"
    heads = ("cell", "x", f"x − {largest}", f"e^(x − {largest})", last)
    values = step.values if log else step.probabilities
    columns = (step.cells, step.shifted, step.exponentials, values)
    rows = [
        (str(index), *(write(column[index]) for column in columns)) if index is not None else ("…",) * len(heads)
        for index in ends(len(step.cells))
    ]
    rows.append(("sum", "", "", write(step.total), "" if log else write(step.check)))
    yield Table(heads, tuple(rows))
    yield Text("")
    yield Sum(elided(step.cells, write), ", ", f"= {write(step.largest)}", "", "max(", ")", False)
    terms = elided(step.exponentials, write)
    yield Sum(terms, " + ", write.total(step.total, step.exponentials), final=False)
    if log:
        near = write.near(step.log_total, is_exact=len(step.cells) == 1)
        yield Sum((f"ln({write(step.total)})",), "", near, final=False)
    else:
        yield Sum(
            elided(step.probabilities, write),
            " + ",
            write.total(step.check, step.probabilities),
            final=False,
        )


def ends(count: int, most: int = MOST_CELLS) -> list[int | None]:
    """Return which of many cells are written out; None stands for those between.

    >>> ends(3), ends(100)
    ([0, 1, 2], [0, 1, 2, 3, 4, 5, 6, 7, None, 99])
    """
    if count <= most:
        return list(range(count))
    return [*range(ENDS), None, count - 1]


def elided(values: Sequence[Any] | Array, write: Callable[[Any], str], most: int = MOST_CELLS) -> tuple[str, ...]:
    """Return values written as terms, with … for most of very many."""
    return tuple("…" if index is None else write(values[index]) for index in ends(len(values), most))


def _adding(result: Softmax) -> str:
    names = ("the items of each place", "the channels of each place", "each column", "each row")
    what = names[-result.input.ndim :][result.axis]
    return f"{what} {'is worked by itself' if result.log else 'adds to 1' if what.startswith('each') else 'add to 1'}"


def _line_name(at: tuple[int | None, ...]) -> str:
    if len(at) == 2:
        return f"row {at[0]}" if at[1] is None else f"column {at[1]}"
    return f"cells [{','.join(':' if index is None else str(index) for index in at)}]"
