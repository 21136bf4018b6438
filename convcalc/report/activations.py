"""Activations, and their gradients, as Documents: the formula, and each cell's working."""

from convcalc.engine.activations import Activated, ActivationGradient
from convcalc.engine.step import ActivationGradientStep, ActivationStep
from convcalc.report.cell_by_cell import CellByCell
from convcalc.report.document import (
    Calculation,
    Sum,
)
from convcalc.report.equality import checked_outcome
from convcalc.report.numbers import Writer
from convcalc.report.selection import Show


def worked_activation(result: Activated, show: Show) -> Calculation:
    """Return an activation's work as a Document, and its answer."""
    formulas = (f"f(x) = {result.kind.record.formula}",)
    title = f"{result.kind}{{}}{_parameter(result, show)}"
    return CellByCell(result, show, title, formulas, (("input", result.input),), "output", _function).worked()


def worked_activation_gradient(result: ActivationGradient, show: Show) -> Calculation:
    """Return the gradient of an activation's input as a Document, and its answer."""
    forward = result.forward
    record = forward.kind.record
    formulas = f"∂L/∂x = ∂L/∂y · f'(x), with y = f(x) = {record.formula}", f"f'(x) = {record.derivative}"
    given = ("input", forward.input), ("gradient of the output", result.gradient)
    title = f"backward through {forward.kind}{{}}{_parameter(forward, show)}"
    return CellByCell(result, show, title, formulas, given, "input gradient", _slope).worked()


def _parameter(result: Activated, show: Show) -> str:
    record = result.kind.record
    return f" · {record.parameter} {show.write(result.parameter)}" if record.parameter else ""


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
