"""Softmax as a Document: a table a line, from the logits to probabilities that add to 1."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from convcalc.engine.exact import Array
from convcalc.engine.naming import ONE_ROW, Naming, shape_text
from convcalc.engine.softmax import Softmax, named_axes
from convcalc.engine.step import SoftmaxStep
from convcalc.errors import InputError
from convcalc.report.document import Block, Calculation, Document, Heading, Role, Steps, Subheading, Sum, Table, Text
from convcalc.report.grids import answer_of, grids_of
from convcalc.report.likely import likely_mistakes
from convcalc.report.numbers import Writer
from convcalc.report.selection import Chosen, Show, Skipped, select
from convcalc.report.stepwise import stepped

MOST_TERMS = 16
"""Cells of a line that are written out; of a longer one, the first few and the last."""
ENDS = 8


def worked_softmax(result: Softmax, show: Show) -> Calculation:
    """Return a softmax's work as a Document, and its answer."""
    return _Report(result, show).worked()


@dataclass(eq=False, repr=False)
class _Report:
    result: Softmax
    show: Show

    def __post_init__(self) -> None:
        grid = self.result.input
        self.lines = list(np.ndindex(*self.result.lines))
        self.shape = (1, 1, 1, len(self.lines))
        self.naming = Naming(grid.size == grid.shape[-1])
        name = "log-softmax" if self.result.log else "softmax"
        formula = "x − max − ln Σe^(x − max)" if self.result.log else "e^(x − max)/Σe^(x − max)"
        sizes = shape_text(grid.shape[-1:] if self.naming.one_row else grid.shape)
        self.heading = Heading(f"{name} · input {sizes}", (formula,))

    def worked(self) -> Calculation:
        """Return the work and the answer; what cannot be done is refused before any is shown."""
        selection = self.chosen()
        output, mistakes = self.result.output, partial(likely_mistakes, self.result)
        return Calculation(
            self.work(selection), lambda: output, self.show.answer_write, self.walked, self.given, mistakes, self.result
        )

    def chosen(self) -> list[Chosen | Skipped]:
        """Return the lines to show: as many as of any steps, or the one of the cell that was asked for."""
        at, grid, axis = self.show.at, self.result.input, self.result.axis
        if at is None:
            return list(select(self.shape, self.show))
        full = (0, *at) if len(at) < grid.ndim and grid.shape[0] == 1 else at
        if len(full) != grid.ndim or any(not 0 <= i < n for i, n in zip(full, grid.shape, strict=True)):
            raise InputError(
                f"the grid has no cell [{','.join(map(str, at))}]", hint=f"its axes are {named_axes(grid.shape)}"
            )
        line_number = self.lines.index((*full[:axis], *full[axis + 1 :]))
        return list(select(self.shape, Show(at=(0, line_number))))

    def work(self, chosen: list[Chosen | Skipped]) -> Document:
        """Yield the heading, the chosen lines, and the answer."""
        grid, axis = self.result.input, self.result.axis
        yield self.heading
        if len(self.lines) > 1:
            yield Text(f"Along axis {axis}, {_adding(self.result)}; the axes are {named_axes(grid.shape)}.", Role.QUIET)
            yield Text("")
            yield grids_of(grid, "input", self.show.write, heat=self.show.heat)
        yield stepped(lambda: chosen, self.titled, lambda: self.walked(self.show), self.show)
        yield Text("")
        yield answer_of(self.result.output, self.show.write, "channel", heat=self.show.heat, naming=self.naming)

    def titled(self, part: Chosen) -> Iterator[Block]:
        """Yield a line's working, under its name if there are several."""
        index = part.number - 1
        name = f"step {part.number} of {len(self.lines)} · {self.name(index)}"
        yield Subheading(name) if len(self.lines) > 1 else Text("")
        yield from self.step(index, self.show)

    def step(self, index: int, show: Show) -> Iterator[Block]:
        """Yield one line's working."""
        return softmax_blocks(self.result.step(self.lines[index], index + 1), show.write, log=self.result.log)

    def name(self, index: int) -> str:
        """Return what a line is called."""
        line, axis = self.lines[index], self.result.axis
        return line_name((*line[:axis], None, *line[axis:]))

    def walked(self, show: Show) -> Steps:
        """Return the lines to be walked through."""
        return Steps(self.heading, self.shape, ONE_ROW, lambda index: list(self.step(index, show)), self.name)

    def given(self) -> Document:
        """Yield the input."""
        yield Heading(self.heading.text)
        yield Text("")
        yield grids_of(self.result.input, "input", self.show.write, naming=self.naming)


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
    yield Table(heads, tuple(rows), given=2)
    yield Text("")
    yield Sum(shortened(step.cells, write), ", ", f"= {write(step.largest)}", "", "max(", ")", False)
    terms = shortened(step.exponentials, write)
    yield Sum(terms, " + ", write.total(step.total, step.exponentials), final=False)
    if log:
        near = write.near(step.log_total, is_exact=len(step.cells) == 1)
        yield Sum((f"ln({write(step.total)})",), "", near, final=False)
    else:
        yield Sum(
            shortened(step.probabilities, write),
            " + ",
            write.total(step.check, step.probabilities),
            final=False,
        )


def ends(count: int, most: int = MOST_TERMS) -> list[int | None]:
    """Return which of many cells are written out; None stands for those between.

    >>> ends(3), ends(100)
    ([0, 1, 2], [0, 1, 2, 3, 4, 5, 6, 7, None, 99])
    """
    if count <= most:
        return list(range(count))
    return [*range(ENDS), None, count - 1]


def shortened(values: Sequence[Any] | Array, write: Callable[[Any], str], most: int = MOST_TERMS) -> tuple[str, ...]:
    """Return values written as terms, with … for most of very many."""
    return tuple("…" if index is None else write(values[index]) for index in ends(len(values), most))


def _adding(result: Softmax) -> str:
    names = ("the items of each place", "the channels of each place", "each column", "each row")
    what = names[-result.input.ndim :][result.axis]
    return f"{what} {'is worked by itself' if result.log else 'adds to 1' if what.startswith('each') else 'add to 1'}"


def line_name(at: tuple[int | None, ...]) -> str:
    """Return what a line is called: None stands for the axis along which it lies."""
    if len(at) == 2:
        return f"row {at[0]}" if at[1] is None else f"column {at[1]}"
    return f"cells [{','.join(':' if index is None else str(index) for index in at)}]"
