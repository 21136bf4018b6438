"""Activations, and their gradients, as Documents: the formula, and each cell's working."""

from collections.abc import Callable, Iterator
from functools import partial

from convcalc.engine.activations import Activated, ActivationGradient
from convcalc.engine.naming import Naming
from convcalc.engine.step import ActivationGradientStep, ActivationStep
from convcalc.report.cell_by_cell import CellByCell
from convcalc.report.document import Block, Calculation, Document, Grids, Heading, Role, Sum, Text
from convcalc.report.equality import checked_outcome, checked_sum
from convcalc.report.gradients import WHAT_IT_SAYS, one_or_all
from convcalc.report.grids import grids_of
from convcalc.report.numbers import Writer
from convcalc.report.selection import Show
from convcalc.report.softmax import shortened


def worked_activation(result: Activated, show: Show) -> Calculation:
    """Return an activation's work as a Document, and its answer."""
    formulas = (f"f(x) = {result.kind.record.formula}",)
    title = f"{result.kind}{{}}{_parameter(result, show)}"
    return CellByCell(result, show, title, formulas, (("input", result.input),), "output", _function).worked()


def worked_activation_gradient(
    result: ActivationGradient, show: Show, wrt: str | None = None, *, alone_on_page: bool = True
) -> Calculation:
    """Return the gradient of an activation's input as a Document, and its answer; of one that learns, its weight's too.

    `wrt` is "input" or "weight", and alone is shown.
    """
    report = _input_report(result, show)
    if result.forward.weight is None or wrt == "input" or (wrt is None and show.at is not None):
        return report.worked()
    answers = {"weight": lambda: result.weight, "input": lambda: result.output}
    answer = answers[wrt or "input"]()

    def drawn(which: str) -> Grids:
        grid = answers[which]()
        return grids_of(grid, f"{which} gradient", show.write, heat=show.heat, naming=Naming(grid.ndim == 1))

    def work() -> Document:
        yield report.heading()
        yield Text(WHAT_IT_SAYS, Role.QUIET)
        sections: dict[str, Callable[[], Document]] = {
            "weight": partial(_weight_sums, result, show), "input": partial(report.section, "gradient of the input")
        }  # fmt: skip
        yield from one_or_all(sections, drawn, wrt, wrt or "input", says_how=alone_on_page)

    return Calculation(work(), lambda: answer, show.answer_write, report.worked().steps if wrt is None else None)


def _weight_sums(result: ActivationGradient, show: Show) -> Iterator[Block]:
    """Yield the sum that each weight's gradient is: of the negative cells that it multiplied."""
    yield Heading("gradient of the weight", ("∂L/∂weight = Σ ∂L/∂y·min(0, x)",))
    write, weight = show.write, result.weight
    cells, gradient = (grid.reshape(result.shape) for grid in (result.forward.input, result.gradient))
    for index, total in enumerate(weight.ravel()):
        part = slice(None) if weight.size == 1 else slice(index, index + 1)
        pairs = zip(gradient[:, part].flat, cells[:, part].flat, strict=True)
        terms = [f"{write.factor(g)}×{write.factor(cell)}" for g, cell in pairs if cell < 0]
        label = f"[{index}]  " if weight.size > 1 else ""
        yield checked_sum(shortened(terms, str) or ("0",), " + ", write.outcome(total), label)


def _input_report(result: ActivationGradient, show: Show) -> CellByCell:
    forward = result.forward
    record = forward.kind.record
    formulas = f"∂L/∂x = ∂L/∂y · f'(x), with y = f(x) = {record.formula}", f"f'(x) = {record.derivative}"
    given = ("input", forward.input), ("gradient of the output", result.gradient)
    title = f"backward through {forward.kind}{{}}{_parameter(forward, show)}"
    return CellByCell(result, show, title, formulas, given, "input gradient", _slope)


def _parameter(result: Activated, show: Show) -> str:
    if result.weight is not None:
        return f" · weight {','.join(map(show.write, result.weight.ravel()[:6]))}"
    names = (parameter.name for parameter in result.kind.record.parameters)
    pairs = zip(names, result.parameters, strict=True)
    return "".join(f" · {name} {show.write(value)}" for name, value in pairs)


def _function(step: ActivationStep, result: Activated, write: Writer, label: str) -> Sum:
    """Return one cell's working as a line."""
    record = result.kind.record
    reason = record.in_words(write, step.cell, *result.parameters_at(step.at))
    if reason is not None:
        return Sum((reason,), "", f"→ {write(step.value)}", label)
    terms = record.working(write, step.cell, step.parts, *map(write, result.parameters_at(step.at)))
    outcome = checked_outcome(terms[-1], write.near(step.value, is_exact=step.exact))
    return Sum(terms, " = " if step.exact or step.cell == 0 else " ≈ ", outcome, label)


def _slope(step: ActivationGradientStep, result: ActivationGradient, write: Writer, label: str) -> Sum:
    """Return one cell's gradient as a line: what comes from behind, times the derivative."""
    behind, x = write.factor(step.gradient), write(step.cell)
    record, parameters = result.forward.kind.record, map(write, result.forward.parameters_at(step.at))
    written = record.slope_written(write, step.cell, step.became, *parameters)
    slopes = (f"f'({x})", *([written] if written else []), write.factor(step.slope))
    terms = tuple(f"{behind}×{slope}" for slope in slopes)
    outcome = checked_outcome(terms[-1], write.near(step.value, is_exact=step.exact))
    return Sum(terms, " = " if step.exact else " ≈ ", outcome, label)
