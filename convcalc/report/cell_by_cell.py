"""What makes each cell of a cell, as a Document: what is given, a line for each cell, the answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol

from convcalc.engine.exact import Array
from convcalc.engine.naming import Naming, shape_text
from convcalc.report.document import (
    Answer,
    Block,
    Body,
    Calculation,
    Document,
    Grids,
    Heading,
    Matrix,
    Picture,
    Role,
    Stepped,
    Steps,
    Sum,
    Text,
)
from convcalc.report.grids import body_of, grids_of
from convcalc.report.likely import likely_mistakes
from convcalc.report.numbers import Writer
from convcalc.report.selection import Show, Skipped, place, select, skipped_text


class CellResult(Protocol):
    """A result of an engine that makes each cell of one cell."""

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Items, channels, rows, columns."""

    @property
    def output(self) -> Array:
        """The answer."""

    def step(self, at: Sequence[int], number: int = 1) -> Any:
        """Return the working of one cell."""


def is_row(grid: Array) -> bool:
    """Whether a grid is a single row, or several of one row each."""
    return grid.ndim == 1 or grid.shape[-2] == 1


@dataclass(eq=False, repr=False)
class CellByCell:
    """The report of what makes each cell of a cell: `title` has a place for the input's shape."""

    result: CellResult
    show: Show
    title: str
    formulas: tuple[str, ...]
    given_grids: tuple[tuple[str, Array], ...]
    answer_title: str
    line: Callable[[Any, Any, Writer, str], Sum]
    """The working of a step, of the result, under a label."""
    before: Callable[[], Document] = tuple
    """What is worked before any cell is."""
    bodies: dict[tuple[int, int], tuple[Body, ...]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.shape = self.result.shape
        self.naming = Naming(self.shape[2] == 1)

    def worked(self) -> Calculation:
        """Return the work, and the answer."""
        self.selection = list(select(self.shape, self.show, self.naming))
        output, mistakes = self.result.output, partial(likely_mistakes, self.result)
        walked = partial(_walked, self)
        return Calculation(
            self.work(), lambda: output, self.show.answer_write, walked, self.given, mistakes, self.result
        )

    def heading(self) -> Heading:
        """Return what is applied to what."""
        axes = self.given_grids[0][1].ndim
        cut = 3 if self.naming.one_row and axes < 3 else 4 - axes
        return Heading(self.title.format(f" · input {shape_text(self.shape[cut:])}"), self.formulas)

    def grids(self, *, heat: bool) -> Grids:
        """Return what is given, side by side."""
        write = self.show.write
        drawn = (
            grids_of(grid, name, write, heat=heat, naming=Naming(self.naming.one_row and is_row(grid)))
            for name, grid in self.given_grids
        )
        return Grids(tuple(matrix for one in drawn for matrix in one.matrices))

    def given(self) -> Document:
        """Yield what is given, when the answer is asked for."""
        yield Heading(self.title.format(""), self.formulas)
        yield Text("")
        yield self.grids(heat=False)

    def work(self) -> Document:
        """Yield what is given, each cell's working, and the answer."""
        yield self.heading()
        yield from self.inner()
        yield Text("")
        write, heat = self.show.write, self.show.heat
        yield Answer(grids_of(self.result.output, self.answer_title, write, heat=heat, naming=self.naming))

    def section(self, title: str, formulas: tuple[str, ...] = ()) -> Document:
        """Yield the working under another title, without the answer: a part of something larger."""
        self.selection = list(select(self.shape, self.show, self.naming))
        yield Heading(title, formulas)
        yield from self.inner()

    def inner(self) -> Document:
        """Yield what is given, and each cell's working."""
        yield Text("")
        yield self.grids(heat=self.show.heat)
        yield from self.before()
        yield Text("")
        numbers = [part.number - 1 for part in self.selection if not isinstance(part, Skipped)]
        yield Stepped(self.lines, lambda: numbers, lambda: _walked(self, self.show))

    def lines(self) -> Document:
        """Yield the workings that are chosen, one below the other."""
        chosen = [part for part in self.selection if not isinstance(part, Skipped)]
        names = {part: self.naming.cell(part.at, self.shape, "") for part in chosen}
        width = max(map(len, names.values()), default=0)
        for part in self.selection:
            if isinstance(part, Skipped):
                yield Text(f"  {skipped_text(part.steps, self.show)}", Role.QUIET)
            else:
                step = self.result.step(part.at, part.number)
                yield self.line(step, self.result, self.show.write, names[part].ljust(width + 2))

    def blocks(self, index: int) -> list[Block]:
        """Return one step: the cell in its place, what it becomes, and its working."""
        item, channel, row, column = at = place(index, self.shape)
        if (item, channel) not in self.bodies:
            named = *self.given_grids, (self.answer_title, self.result.output)
            self.bodies[item, channel] = tuple(
                body_of(
                    grid.reshape(self.shape)[item, channel],
                    f"{name}, channel {channel}" * (self.shape[1] > 1) or name,
                    self.show.write,
                    heat=self.show.heat,
                )
                for name, grid in named
            )
        *bodies, answer = self.bodies[item, channel]
        window = range(row, row + 1), range(column, column + 1)
        output = Matrix(answer, current=(row, column), made=row * self.shape[3] + column + 1, derived=True)
        line = self.line(self.result.step(at, index + 1), self.result, self.show.write, "")
        return [Picture(((*(Matrix(body, window) for body in bodies), "→"),), output), Text(""), line]


def _walked(report: CellByCell, show: Show) -> Steps:
    """Return the steps to be walked through: each cell in its place, and its working."""
    report = replace(report, show=show)
    shape, naming, what = report.shape, report.naming, report.answer_title
    name = partial(_cell_name, naming, shape, what)
    return Steps(report.heading(), shape, naming, report.blocks, name)


def _cell_name(naming: Naming, shape: tuple[int, int, int, int], what: str, index: int) -> str:
    return naming.cell(place(index, shape), shape, what)
