"""What the reports of stepwise operations share: heading, notes, the chosen steps, and the answer at the end."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from convcalc.choices import PaddingRule
from convcalc.engine.exact import Array
from convcalc.engine.geometry import AdaptiveAxis, Axis
from convcalc.engine.sizes import unread_ranges
from convcalc.report.document import Block, Body, Document, Heading, Matrix, Role, Subheading, Text, Worked
from convcalc.report.formulas import axis_formulas, runs_text
from convcalc.report.grids import answer_of, body_of
from convcalc.report.numbers import shape_text
from convcalc.report.selection import Chosen, Show, Skipped, cell_name, select, skipped_text

AnyAxis = Axis | AdaptiveAxis


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


@dataclass(eq=False, kw_only=True)
class Stepwise(ABC):
    """A report of steps: `axes` are the rows and columns, `shape` the output's (items, maps, rows, columns)."""

    result: SlidingResult
    axes: tuple[AnyAxis, AnyAxis]
    shape: tuple[int, int, int, int]
    show: Show
    one_row: bool
    bodies: dict[tuple[str, int, int], Body] = field(default_factory=dict)

    def worked(self) -> Worked:
        """Return the work as a Document, and the answer; what cannot be done is refused here, before any is shown."""
        chosen = select(self.shape, self.show, one_row=self.one_row)
        output = self.result.output
        return Worked(self.blocks(chosen), lambda: output)

    def blocks(self, chosen: Iterator[Chosen | Skipped]) -> Document:
        """Yield the heading, the notes, the chosen steps and the answer."""
        yield Heading(self.heading(), axis_formulas(*self.axes, one_row=self.one_row))
        for note in self.notes():
            yield Text(note, Role.QUIET)
        for part in chosen:
            if isinstance(part, Skipped):
                yield Text("")
                yield Text(skipped_text(part.count), Role.QUIET)
            else:
                name = cell_name(part.at, self.shape, one_row=self.one_row)
                yield Subheading(f"step {part.number} of {math.prod(self.shape)} · {name}")
                yield from self.step(part)
        yield Text("")
        yield answer_of(self.result.output, self.show.write, heat=self.show.heat, one_row=self.one_row)

    @abstractmethod
    def heading(self) -> str:
        """Return what is done, to what, with which settings."""

    @abstractmethod
    def step(self, chosen: Chosen) -> Iterator[Block]:
        """Yield one step's picture and sums."""

    def notes(self) -> Iterator[str]:
        """Yield what should be known besides: which cells are never read."""
        yield from unread_notes(*self.axes, one_row=self.one_row)

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
            shape = str(columns.size) if self.one_row else f"{rows.size}×{columns.size}"
            many = self.result.padded.shape[1] > 1
            title = f"input, channel {channel}" if many else f"input {shape}"
            title += ", padded" if any(padding) and not many else ""
            plane = self.result.padded[item, channel, : rows.padded, : columns.padded]
            return body_of(plane, title, self.show.write, padding=padding, heat=self.show.heat)

        return self._kept("input", item, channel, make)

    def output(self, at: tuple[int, int, int, int], name: str = "output") -> Matrix:
        """Return the output map as far as it is made when `at` is, that cell marked."""
        item, map_, row, column = at

        def make() -> Body:
            plane = self.result.maps[item, map_]
            shape = str(plane.shape[1]) if self.one_row else shape_text(plane.shape)
            title = f"output {shape}" if self.shape[1] == 1 else f"{name} {map_}, {shape}"
            return body_of(plane, title, self.show.write, heat=self.show.heat)

        body = self._kept("output", item, map_, make)
        return Matrix(body, current=(row, column), made=row * body.columns + column + 1)

    def _kept(self, what: str, item: int, index: int, make: Any) -> Body:
        key = (what, item, index)
        if key not in self.bodies:
            self.bodies[key] = make()
        return self.bodies[key]

    def pair_text(self, rows: int, columns: int) -> str:
        """Write a pair as one number where both are alike, or there is but one row."""
        return str(columns) if self.one_row or rows == columns else f"{rows},{columns}"


def padding_text(rows: AnyAxis, columns: AnyAxis, rule: PaddingRule | None, *, one_row: bool) -> str:
    """Write the padding of two axes as briefly as it can be, the word that asked for it first.

    >>> padding_text(Axis(6, 3, before=1, after=1), Axis(6, 3, before=1, after=1), PaddingRule.SAME, one_row=False)
    'same (1)'
    """
    sides = (rows.before, rows.after, columns.before, columns.after)
    if one_row:
        amounts = f"{sides[2]}" if sides[2] == sides[3] else f"{sides[2]} left, {sides[3]} right"
    elif len(set(sides)) == 1:
        amounts = str(sides[0])
    elif sides[0] == sides[1] and sides[2] == sides[3]:
        amounts = f"{sides[0]},{sides[2]}"
    else:
        amounts = ",".join(map(str, sides))
    return amounts if rule is None else f"{rule} ({amounts})"


def unread_notes(rows: AnyAxis, columns: AnyAxis, *, one_row: bool) -> Iterator[str]:
    """Say which rows and columns no window reads, if there are any."""
    axes = [columns] if one_row else [rows, columns]
    unread = [runs_text(runs, axis.name) for axis in axes if isinstance(axis, Axis) and (runs := unread_ranges(axis))]
    if unread:
        yield f"No window reads {' or '.join(unread)} of the input."
