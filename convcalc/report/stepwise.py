"""What the reports of stepwise operations share: heading, notes, the chosen steps, and the answer at the end."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol

from convcalc.choices import Order, PaddingRule
from convcalc.engine.exact import Array
from convcalc.engine.geometry import AnyAxis, Axis
from convcalc.engine.naming import Naming
from convcalc.engine.sizes import unread_ranges
from convcalc.report.document import (
    Block,
    Body,
    Calculation,
    Document,
    Heading,
    Matrix,
    Role,
    Stepped,
    Steps,
    Subheading,
    Text,
)
from convcalc.report.formulas import axis_formulas, runs_text
from convcalc.report.grids import answer_of, body_of
from convcalc.report.likely import likely_mistakes
from convcalc.report.selection import Chosen, Show, Skipped, place, select, skipped_text


class SlidingResult(Protocol):
    """What a convolution and a pooling have in common: an input, windows over it, and a map of their values."""

    @property
    def padded(self) -> Array:
        """The padded input, four-dimensional."""

    @property
    def maps(self) -> Array:
        """The answer, four-dimensional."""

    @property
    def output(self) -> Array:
        """The answer, with the input's axes."""


@dataclass(eq=False, repr=False, kw_only=True)
class Stepwise(ABC):
    """A report of steps: `axes` are the rows and columns, `shape` the output's (items, maps, rows, columns)."""

    result: SlidingResult
    axes: tuple[AnyAxis, AnyAxis]
    shape: tuple[int, int, int, int]
    show: Show
    naming: Naming
    part: str
    """What the output has several of: channels, or (feature) maps."""
    padding_cell: str | None = None
    """What is written for a cell in the padding, if not its value."""
    bodies: dict[tuple[str, int, int], Body] = field(default_factory=dict)

    def worked(self) -> Calculation:
        """Return the work as a Document, and the answer; what cannot be done is refused here, before any is shown."""
        select(self.shape, self.show, self.naming)
        output = self.result.output
        return Calculation(
            self.blocks(),
            lambda: output,
            self.show.answer_write,
            self.walked,
            self.given,
            partial(likely_mistakes, self.result),
            self.result,
        )

    @abstractmethod
    def given(self) -> Document:
        """Yield what is given, when the answer is asked for."""

    def walk_heading(self) -> Heading:
        """Return what stands above every step of a walk."""
        return Heading(self.heading(), axis_formulas(*self.axes, self.naming))

    def walked(self, show: Show) -> Steps:
        """Return the steps to be walked through, shown in another way."""
        report = replace(self, show=show, bodies={})

        def blocks(index: int) -> list[Block]:
            return list(report.step(Chosen(index + 1, place(index, report.shape))))

        return Steps(
            report.walk_heading(),
            report.shape,
            report.naming,
            blocks,
            lambda index: report.cell_name(place(index, report.shape)),
            by_columns=show.order is Order.COLUMN,
        )

    def blocks(self) -> Document:
        """Yield the heading, the notes, the chosen steps and the answer."""
        yield Heading(self.heading(), axis_formulas(*self.axes, self.naming))
        for note in self.notes():
            yield Text(note, Role.QUIET)
        yield self.steps()
        yield Text("")
        yield answer_of(self.result.output, self.show.write, self.part, heat=self.show.heat, naming=self.naming)

    def steps(self) -> Stepped:
        """Return the steps, those chosen to be written out under their names."""

        def titled(part: Chosen) -> Iterator[Block]:
            yield Subheading(f"step {part.number} of {math.prod(self.shape)} · {self.cell_name(part.at)}")
            yield from self.step(part)

        def choose() -> Iterable[Chosen | Skipped]:
            return select(self.shape, self.show, self.naming)

        return stepped(choose, titled, lambda: self.walked(self.show), self.show)

    @abstractmethod
    def heading(self) -> str:
        """Return what is done, to what, with which settings."""

    @abstractmethod
    def step(self, chosen: Chosen) -> Iterator[Block]:
        """Yield one step's picture and sums."""

    def notes(self) -> Iterator[str]:
        """Yield what should be known besides: which cells are never read."""
        yield from unread_notes(*self.axes, self.naming)

    def cell_name(self, at: tuple[int, int, int, int]) -> str:
        """Name an output cell with only the indices it needs."""
        return self.naming.cell(at, self.shape)

    def input_title(self, item: int, channel: int) -> str:
        """Return what is written above a channel of the input."""
        rows, columns = self.axes
        if self.result.padded.shape[1] > 1:
            return f"input, channel {channel}"
        padded = rows.padded > rows.size or columns.padded > columns.size
        shape = self.naming.size(rows.size, columns.size)
        return f"input {shape}{', padded' * padded}"

    def output_title(self, item: int, map_: int) -> str:
        """Return what is written above an output map."""
        if self.shape[1] > 1:
            return f"output, {self.part} {map_}"
        return f"output {self.naming.shape(self.shape)}"

    def input(self, item: int, channel: int) -> Body:
        """Return the padded input's channel as a body, the same one for every step."""

        def make() -> Body:
            rows, columns = self.axes
            padding = (
                rows.before,
                rows.padded - rows.size - rows.before,
                columns.before,
                columns.padded - columns.size - columns.before,
            )
            title = self.input_title(item, channel)
            plane = self.result.padded[item, channel, : rows.padded, : columns.padded]
            body = body_of(plane, title, self.show.write, padding=padding, heat=self.show.heat)
            return body if self.padding_cell is None else self.hidden_padding(body, self.padding_cell)

        return self._kept("input", item, channel, make)

    def output(self, at: tuple[int, int, int, int]) -> Matrix:
        """Return the output map as far as it is made when `at` is, that cell marked."""
        item, map_, row, column = at

        def make() -> Body:
            title = self.output_title(item, map_)
            return body_of(self.result.maps[item, map_], title, self.show.write, heat=self.show.heat)

        body = self._kept("output", item, map_, make)
        return Matrix(body, current=(row, column), made=row * body.columns + column + 1, derived=True)

    @staticmethod
    def hidden_padding(body: Body, text: str) -> Body:
        """Return a body whose padding is written as `text`, as it has no value of its own."""
        return replace(body, text=lambda r, c: text if body.is_padding(r, c) else body.text(r, c))

    def _kept(self, what: str, item: int, index: int, make: Any) -> Body:
        key = (what, item, index)
        if key not in self.bodies:
            self.bodies[key] = make()
        return self.bodies[key]


def stepped(
    choose: Callable[[], Iterable[Chosen | Skipped]],
    titled: Callable[[Chosen], Iterable[Block]],
    steps: Callable[[], Steps],
    show: Show,
) -> Stepped:
    """Return steps that are written out where they are chosen; what is left out is said."""

    def shown() -> Document:
        for part in choose():
            if isinstance(part, Skipped):
                yield Text("")
                yield Text(skipped_text(part.steps, show), Role.QUIET)
            else:
                yield from titled(part)

    return Stepped(shown, lambda: (part.number - 1 for part in choose() if isinstance(part, Chosen)), steps)


def in_order(cells: tuple[tuple[Any, ...], ...], order: Order) -> list[Any]:
    """Return a window's cells row by row, or column by column.

    >>> in_order(((1, 2), (3, 4)), Order.COLUMN)
    [1, 3, 2, 4]
    """
    rows = cells if order is Order.ROW else zip(*cells, strict=True)
    return [cell for row in rows for cell in row]


def unread_notes(rows: AnyAxis, columns: AnyAxis, naming: Naming) -> Iterator[str]:
    """Say which rows and columns no window reads, if there are any."""
    axes = [columns] if naming.one_row else [rows, columns]
    unread = [runs_text(runs, axis.name) for axis in axes if isinstance(axis, Axis) and (runs := unread_ranges(axis))]
    if unread:
        yield f"No window reads these cells of the input: {'; '.join(unread)}."


def padding_text(rows: AnyAxis, columns: AnyAxis, rule: PaddingRule | None, naming: Naming) -> str:
    """Write the padding of two axes as briefly as it can be, the word that asked for it first."""
    return naming.padding((rows.before, rows.after), (columns.before, columns.after), rule)
