"""Activations as Documents: the formula, and each cell's working."""

from functools import partial

from convcalc.engine.activations import Activated
from convcalc.engine.naming import Naming, shape_text
from convcalc.engine.step import ActivationStep
from convcalc.report.document import (
    Block,
    Body,
    Calculation,
    Document,
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
from convcalc.report.grids import answer_of, body_of, grids_of
from convcalc.report.likely import likely_mistakes
from convcalc.report.numbers import Writer
from convcalc.report.selection import Show, Skipped, place, select, skipped_text


def worked_activation(result: Activated, show: Show) -> Calculation:
    """Return an activation's work as a Document, and its answer."""
    shape, grid = result.shape, result.input
    naming = Naming(shape[2] == 1)
    selection = list(select(shape, show, naming))
    output, record = result.output, result.kind.record
    parameter = f" · {record.parameter} {show.write(result.parameter)}" if record.parameter else ""

    def given() -> Document:
        yield Heading(f"{result.kind}{parameter}", (f"f(x) = {record.formula}",))
        yield Text("")
        yield grids_of(grid, "input", show.write, naming=naming)

    mistakes = partial(likely_mistakes, result)

    def lines() -> Document:
        names = {part: naming.cell(part.at, shape, "") for part in selection if not isinstance(part, Skipped)}
        width = max(map(len, names.values()), default=0)
        for part in selection:
            if isinstance(part, Skipped):
                yield Text(f"  {skipped_text(part.steps)}", Role.QUIET)
            else:
                yield working(result.step(part.at, part.number), result, show.write, names[part].ljust(width + 2))

    def work() -> Document:
        first = 4 if grid.ndim == 4 else grid.ndim
        shape_shown = shape_text(shape[3:] if naming.one_row and first < 3 else shape[4 - first :])
        yield Heading(f"{result.kind} · input {shape_shown}{parameter}", (f"f(x) = {record.formula}",))
        yield Text("")
        yield grids_of(grid, "input", show.write, heat=show.heat, naming=naming)
        yield Text("")
        numbers = [part.number - 1 for part in selection if not isinstance(part, Skipped)]
        yield Stepped(lines, lambda: numbers, lambda: walked_activation(result, show))
        yield Text("")
        yield answer_of(output, show.write, "channel", heat=show.heat, naming=naming)

    return Calculation(
        work(), lambda: output, show.answer_write, lambda show: walked_activation(result, show), given, mistakes
    )


def walked_activation(result: Activated, show: Show) -> Steps:
    """Return an activation's steps: each cell in its place, and its working."""
    shape = result.shape
    naming = Naming(shape[2] == 1)
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
        input_body, output_body = bodies[item, channel]
        grid = Matrix(input_body, (range(row, row + 1), range(column, column + 1)))
        output = Matrix(output_body, current=(row, column), made=row * shape[3] + column + 1, derived=True)
        return [Picture(((grid, "→"),), output), Text(""), working(result.step(at, index + 1), result, show.write, "")]

    shape_shown = shape_text(
        result.input.shape[-1:] if naming.one_row and result.input.ndim < 3 else result.input.shape
    )
    heading = Heading(f"{result.kind} · input {shape_shown}", (f"f(x) = {result.kind.record.formula}",))
    return Steps(heading, shape, naming, blocks, lambda i: naming.cell(place(i, shape), shape))


def working(step: ActivationStep, result: Activated, write: Writer, label: str) -> Sum:
    """Return one cell's working as a line."""
    record = result.kind.record
    reason = record.in_words(write, step.cell)
    if reason is not None:
        return Sum((reason,), "", f"→ {write(step.value)}", label)
    terms = record.working(write, step.cell, step.parts, write(result.parameter))
    outcome = checked_outcome(terms[-1], write.near(step.value, is_exact=step.exact))
    return Sum(terms, " = " if step.exact or step.cell == 0 else " ≈ ", outcome, label)
