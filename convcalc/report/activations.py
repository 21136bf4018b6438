"""Activations as Documents: the formula, and each cell's working."""

from collections.abc import Callable
from functools import partial

from convcalc.choices import ActivationKind
from convcalc.engine.activations import Activated, ActivationStep
from convcalc.report.document import (
    Block,
    Body,
    Document,
    Heading,
    Matrix,
    Picture,
    Role,
    Stepped,
    Steps,
    Sum,
    Text,
    Worked,
)
from convcalc.report.equality import honest
from convcalc.report.grids import answer_of, body_of, grids_of
from convcalc.report.likely import likely_mistakes
from convcalc.report.numbers import Writer, shape_text
from convcalc.report.selection import Show, Skipped, cell_name, place, select, skipped_text

Working = Callable[[Writer, ActivationStep, str], tuple[str, ...]]
"""What one cell comes to, as expressions that equal one another, given the parameter's text."""


def _raised(write: Writer, value: object) -> str:
    """Write a number as an exponent: e^-5, e^(1/3)."""
    text = write(value)
    return f"({text})" if "/" in text else text


def _leaky(write: Writer, step: ActivationStep, slope: str) -> tuple[str, ...]:
    x, (above, below) = write(step.cell), step.parts
    return f"max(0, {x}) + {slope}×min(0, {x})", f"{write(above)} + {slope}×{write.factor(below)}"


def _elu(write: Writer, step: ActivationStep, alpha: str) -> tuple[str, ...]:
    x = _raised(write, step.cell)
    return f"{alpha}×(e^{x} − 1)", f"{alpha}×({write(step.parts[0])} − 1)"


def _gelu_tanh(write: Writer, step: ActivationStep, _: str) -> tuple[str, ...]:
    x, half, (inner, both) = write(step.cell), f"{write.factor(step.cell)}/2", step.parts
    return (
        f"{half}×(1 + tanh(√(2/π)×({x} + 0.044715×{write.factor(step.cell)}³)))",
        f"{half}×(1 + tanh({write(inner)}))",
        f"{half}×{write(both)}",
    )


def _tanh(write: Writer, step: ActivationStep, _: str) -> tuple[str, ...]:
    up, down = f"e^{_raised(write, step.cell)}", f"e^-{write.factor(step.cell)}"
    larger, smaller = (write(part) for part in step.parts)
    return f"({up} − {down})/({up} + {down})", f"({larger} − {smaller})/({larger} + {smaller})"


WORKING: dict[ActivationKind, Working] = {
    ActivationKind.RELU: lambda write, step, _: (f"max(0, {write(step.cell)})",),
    ActivationKind.LEAKY_RELU: _leaky,
    ActivationKind.ELU: _elu,
    ActivationKind.GELU: lambda write, step, _: (
        f"{write.factor(step.cell)}×Φ({write(step.cell)})",
        f"{write.factor(step.cell)}×{write(step.parts[0])}",
    ),
    ActivationKind.GELU_TANH: _gelu_tanh,
    ActivationKind.SILU: lambda write, step, _: (
        f"{write.factor(step.cell)}/(1 + e^-{write.factor(step.cell)})",
        f"{write.factor(step.cell)}/(1 + {write(step.parts[0])})",
    ),
    ActivationKind.SIGMOID: lambda write, step, _: (
        f"1/(1 + e^-{write.factor(step.cell)})",
        f"1/(1 + {write(step.parts[0])})",
    ),
    ActivationKind.TANH: _tanh,
    ActivationKind.SOFTPLUS: lambda write, step, _: (
        f"ln(1 + e^{_raised(write, step.cell)})",
        f"ln(1 + {write(step.parts[0])})",
    ),
}


def worked_activation(result: Activated, show: Show) -> Worked:
    """Return an activation's work as a Document, and its answer."""
    shape, grid = result.shape, result.input
    one_row = shape[2] == 1
    chosen = list(select(shape, show, one_row=one_row))
    output, function = result.output, result.function
    parameter = f" · {function.parameter} {show.write(result.parameter)}" if function.parameter else ""

    def given() -> Document:
        yield Heading(f"{result.kind}{parameter}", (f"f(x) = {function.formula}",))
        yield Text("")
        yield grids_of(grid, "input", show.write, one_row=one_row)

    mistakes = partial(likely_mistakes, result)

    def lines() -> Document:
        names = {
            part: cell_name(part.at, shape, one_row=one_row).removeprefix("output")
            for part in chosen
            if not isinstance(part, Skipped)
        }
        width = max(map(len, names.values()), default=0)
        for part in chosen:
            if isinstance(part, Skipped):
                yield Text(f"  {skipped_text(part.steps)}", Role.QUIET)
            else:
                yield working(result.step(part.at, part.number), result, show.write, names[part].ljust(width + 2))

    def work() -> Document:
        first = 4 if grid.ndim == 4 else grid.ndim
        shown = shape_text(shape[3:] if one_row and first < 3 else shape[4 - first :])
        yield Heading(f"{result.kind} · input {shown}{parameter}", (f"f(x) = {function.formula}",))
        yield Text("")
        yield grids_of(grid, "input", show.write, heat=show.heat, one_row=one_row)
        yield Text("")
        numbers = [part.number - 1 for part in chosen if not isinstance(part, Skipped)]
        yield Stepped(lines, lambda: numbers, lambda: walked_activation(result, show))
        yield Text("")
        yield answer_of(output, show.write, "channel", heat=show.heat, one_row=one_row)

    return Worked(
        work(), lambda: output, show.answer_write, lambda show: walked_activation(result, show), given, mistakes
    )


def walked_activation(result: Activated, show: Show) -> Steps:
    """Return an activation's steps: each cell in its place, and its working."""
    shape = result.shape
    one_row = shape[2] == 1
    bodies: dict[tuple[int, int], tuple[Body, Body]] = {}

    def blocks(index: int) -> list[Block]:
        item, channel, row, column = at = place(index, shape)
        if (item, channel) not in bodies:
            planes = result.input.reshape(shape)[item, channel], result.output.reshape(shape)[item, channel]
            titles = (f"{name}, channel {channel}" * (shape[1] > 1) or name for name in ("input", "output"))
            pair = [
                body_of(plane, title, show.write, heat=show.heat) for plane, title in zip(planes, titles, strict=True)
            ]
            bodies[item, channel] = pair[0], pair[1]
        read, made = bodies[item, channel]
        grid = Matrix(read, (range(row, row + 1), range(column, column + 1)))
        output = Matrix(made, current=(row, column), made=row * shape[3] + column + 1, derived=True)
        return [Picture(((grid, "→"),), output), Text(""), working(result.step(at, index + 1), result, show.write, "")]

    shown = shape_text(result.input.shape[-1:] if one_row and result.input.ndim < 3 else result.input.shape)
    heading = Heading(f"{result.kind} · input {shown}", (f"f(x) = {result.function.formula}",))
    return Steps(heading, shape, one_row, blocks, lambda i: cell_name(place(i, shape), shape, one_row=one_row))


def working(step: ActivationStep, result: Activated, write: Writer, label: str) -> Sum:
    """Return one cell's working as a line."""
    if result.kind is ActivationKind.ELU and step.cell > 0:
        return Sum((f"{write(step.cell)} > 0",), "", f"→ {write(step.value)}", label)
    terms = WORKING[result.kind](write, step, write(result.parameter))
    outcome = honest(terms[-1], write.near(step.value, is_exact=step.exact))
    return Sum(terms, " = " if step.exact or step.cell == 0 else " ≈ ", outcome, label)
