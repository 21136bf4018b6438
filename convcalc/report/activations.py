"""Activations, and their gradients, as Documents: the formula, and each cell's working."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from convcalc.engine.activations import Activated, ActivationGradient
from convcalc.engine.exact import Array
from convcalc.engine.naming import Naming, shape_text
from convcalc.engine.step import ActivationGradientStep, ActivationStep
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
from convcalc.report.equality import checked_outcome
from convcalc.report.grids import body_of, grids_of
from convcalc.report.likely import likely_mistakes
from convcalc.report.numbers import Writer
from convcalc.report.selection import Show, Skipped, place, select, skipped_text


def worked_activation(result: Activated, show: Show) -> Calculation:
    """Return an activation's work as a Document, and its answer."""
    formulas = (f"f(x) = {result.kind.record.formula}",)
    title = f"{result.kind}{{}}{_parameter(result, show)}"
    return _CellByCell(result, show, title, formulas, (("input", result.input),), "output", _function).worked()


def worked_activation_gradient(result: ActivationGradient, show: Show) -> Calculation:
    """Return the gradient of an activation's input as a Document, and its answer."""
    forward = result.forward
    record = forward.kind.record
    formulas = f"∂L/∂x = ∂L/∂y · f'(x), with y = f(x) = {record.formula}", f"f'(x) = {record.derivative}"
    given = ("input", forward.input), ("gradient of the output", result.gradient)
    title = f"backward through {forward.kind}{{}}{_parameter(forward, show)}"
    return _CellByCell(result, show, title, formulas, given, "input gradient", _slope).worked()


def _parameter(result: Activated, show: Show) -> str:
    record = result.kind.record
    return f" · {record.parameter} {show.write(result.parameter)}" if record.parameter else ""


@dataclass(eq=False, repr=False)
class _CellByCell:
    """The report of what makes each cell of a cell: `title` has a place for the input's shape."""

    result: Activated | ActivationGradient
    show: Show
    title: str
    formulas: tuple[str, ...]
    given_grids: tuple[tuple[str, Array], ...]
    answer_title: str
    line: Callable[[Any, Any, Writer, str], Sum]
    """The working of a step, of the result, under a label."""
    bodies: dict[tuple[int, int], tuple[Body, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.shape = self.result.shape
        self.naming = Naming(self.shape[2] == 1)

    def worked(self) -> Calculation:
        """Return the work, and the answer."""
        self.selection = list(select(self.shape, self.show, self.naming))
        output, mistakes = self.result.output, partial(likely_mistakes, self.result)
        walked = partial(_walked, self)
        return Calculation(self.work(), lambda: output, self.show.answer_write, walked, self.given, mistakes)

    def heading(self) -> Heading:
        """Return what is applied to what."""
        axes = self.given_grids[0][1].ndim
        cut = 3 if self.naming.one_row and axes < 3 else 4 - axes
        return Heading(self.title.format(f" · input {shape_text(self.shape[cut:])}"), self.formulas)

    def grids(self, *, heat: bool) -> Grids:
        """Return what is given, side by side."""
        write = self.show.write
        drawn = (grids_of(grid, name, write, heat=heat, naming=self.naming) for name, grid in self.given_grids)
        return Grids(tuple(matrix for one in drawn for matrix in one.matrices))

    def given(self) -> Document:
        """Yield what is given, when the answer is asked for."""
        yield Heading(self.title.format(""), self.formulas)
        yield Text("")
        yield self.grids(heat=False)

    def work(self) -> Document:
        """Yield what is given, each cell's working, and the answer."""
        yield self.heading()
        yield Text("")
        yield self.grids(heat=self.show.heat)
        yield Text("")
        numbers = [part.number - 1 for part in self.selection if not isinstance(part, Skipped)]
        yield Stepped(self.lines, lambda: numbers, lambda: _walked(self, self.show))
        yield Text("")
        write, heat = self.show.write, self.show.heat
        yield Answer(grids_of(self.result.output, self.answer_title, write, heat=heat, naming=self.naming))

    def lines(self) -> Document:
        """Yield the workings that are chosen, one below the other."""
        chosen = [part for part in self.selection if not isinstance(part, Skipped)]
        names = {part: self.naming.cell(part.at, self.shape, "") for part in chosen}
        width = max(map(len, names.values()), default=0)
        for part in self.selection:
            if isinstance(part, Skipped):
                yield Text(f"  {skipped_text(part.steps)}", Role.QUIET)
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


def _walked(report: _CellByCell, show: Show) -> Steps:
    """Return the steps to be walked through: each cell in its place, and its working."""
    report = _CellByCell(
        report.result, show, report.title, report.formulas, report.given_grids, report.answer_title, report.line
    )
    shape, naming, what = report.shape, report.naming, report.answer_title
    name = partial(_cell_name, naming, shape, what)
    return Steps(report.heading(), shape, naming, report.blocks, name)


def _cell_name(naming: Naming, shape: tuple[int, int, int, int], what: str, index: int) -> str:
    return naming.cell(place(index, shape), shape, what)


def _function(step: ActivationStep, result: Activated, write: Writer, label: str) -> Sum:
    """Return one cell's working as a line."""
    record = result.kind.record
    reason = record.in_words(write, step.cell)
    if reason is not None:
        return Sum((reason,), "", f"→ {write(step.value)}", label)
    terms = record.working(write, step.cell, step.parts, write(result.parameter))
    outcome = checked_outcome(terms[-1], write.near(step.value, is_exact=step.exact))
    return Sum(terms, " = " if step.exact or step.cell == 0 else " ≈ ", outcome, label)


def _slope(step: ActivationGradientStep, result: ActivationGradient, write: Writer, label: str) -> Sum:
    """Return one cell's gradient as a line: what comes from behind, times the derivative."""
    behind, x = write.factor(step.gradient), write(step.cell)
    record, parameter = result.forward.kind.record, write(result.forward.parameter)
    written = record.slope_written(write, step.cell, step.became, parameter)
    slopes = (f"f'({x})", *([written] if written else []), write.factor(step.slope))
    terms = tuple(f"{behind}×{slope}" for slope in slopes)
    outcome = checked_outcome(terms[-1], write.near(step.value, is_exact=step.exact))
    return Sum(terms, " = " if step.exact else " ≈ ", outcome, label)
