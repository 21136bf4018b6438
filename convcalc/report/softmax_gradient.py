"""Backward through a softmax as a Document: each line's total, and what it leaves; and its Jacobian."""

import math
from collections.abc import Iterator
from functools import partial

import numpy as np

from convcalc.engine.exact import Array, as_shown
from convcalc.engine.naming import ONE_ROW, PLANE, Naming, shape_text
from convcalc.engine.softmax import Softmax, SoftmaxGradient
from convcalc.report.document import (
    Answer,
    Block,
    Calculation,
    Document,
    Grids,
    Heading,
    Steps,
    Subheading,
    Sum,
    Table,
    Text,
)
from convcalc.report.equality import checked_outcome
from convcalc.report.grids import grids_of
from convcalc.report.likely import likely_mistakes
from convcalc.report.numbers import Writer
from convcalc.report.selection import Chosen, Show, select
from convcalc.report.softmax import ends, line_name, shortened
from convcalc.report.stepwise import stepped


def worked_softmax_gradient(result: SoftmaxGradient, show: Show) -> Calculation:
    """Return the gradient of a softmax's input as a Document, and its answer."""
    forward, lines = result.forward, list(np.ndindex(*result.forward.lines))
    name = "log-softmax" if forward.log else "softmax"
    formula = "∂L/∂x = g − p·Σg, with g = ∂L/∂y" if forward.log else "∂L/∂x = p·(g − Σ p·g), with g = ∂L/∂y"
    naming = Naming(forward.input.size == forward.input.shape[-1])
    sizes = shape_text(forward.input.shape[-1:] if naming.one_row else forward.input.shape)
    heading = Heading(f"backward through {name} · input {sizes}", (formula,))
    shape = (1, 1, 1, len(lines))
    chosen = list(select(shape, show, ONE_ROW))

    def label(index: int) -> str:
        line, axis = lines[index], forward.axis
        return line_name((*line[:axis], None, *line[axis:]))

    def titled(part: Chosen) -> Iterator[Block]:
        title = f"step {part.number} of {len(lines)} · {label(part.number - 1)}"
        yield Subheading(title) if len(lines) > 1 else Text("")
        yield from _line(result, lines[part.number - 1], show.write)

    def given() -> Document:
        yield heading
        yield Text("")
        named = (("input", forward.input), ("gradient of the output", result.gradient))
        drawn = (grids_of(grid, title, show.write, heat=show.heat, naming=naming) for title, grid in named)
        yield Grids(tuple(matrix for one in drawn for matrix in one.matrices))

    def walked(show: Show) -> Steps:
        return Steps(heading, shape, ONE_ROW, lambda index: list(_line(result, lines[index], show.write)), label)

    def work() -> Document:
        yield from given()
        yield stepped(lambda: chosen, titled, lambda: walked(show), show)
        yield Text("")
        yield Answer(grids_of(result.output, "input gradient", show.write, heat=show.heat, naming=naming))

    mistakes = partial(likely_mistakes, result)
    return Calculation(work(), lambda: result.output, show.answer_write, walked, given, mistakes)


def _line(result: SoftmaxGradient, line: tuple[int, ...], write: Writer) -> Iterator[Block]:
    """Yield one line's total, and its cells' gradients as a table."""
    step, log = result.step(line), result.forward.log
    pairs = list(zip(step.chances, step.gradients, strict=True))
    terms = shortened(pairs, lambda pair: write.factor(pair[1]) if log else f"{write(pair[0])}×{write.factor(pair[1])}")
    yield Sum(terms, " + ", write.near(step.total, is_exact=log), "Σg: " if log else "Σ p·g: ", final=False)
    total = write.factor(step.total)
    heads = ("cell", "p", "g", f"p × {total}", "g − that") if log else ("cell", "p", "g", f"g − {total}", "p × that")
    middle = [float(chance) * float(step.total) for chance in step.chances] if log else step.differences
    columns = (step.chances, step.gradients, middle, step.values)
    rows = tuple(
        (str(index), *(write(column[index]) for column in columns)) if index is not None else ("…",) * len(heads)
        for index in ends(len(step.chances))
    )
    yield Table(heads, rows, given=3)


def worked_jacobian(result: Softmax, matrix: Array, show: Show) -> Calculation:
    """Return a softmax's Jacobian as a Document, each entry worked, and the matrix."""
    log, count = result.log, len(matrix)
    chances = [float(math.exp(value)) for value in Softmax(result.input, result.axis, True).output.ravel()]
    write = show.write

    def entry(i: int, j: int) -> Sum:
        p, q = write(chances[i]), write(chances[j])
        rest = f"1 − {q}" if i == j else f"-{q}"
        term = rest if log else f"{p}×({rest})" if i == j else f"-{p}×{q}"
        value = as_shown(matrix[i, j])
        return Sum((term,), "", checked_outcome(term, write.near(value)), f"∂y[{i}]/∂x[{j}]  ")

    def work() -> Document:
        name = "log-softmax" if log else "softmax"
        formula = "∂y_i/∂x_j = δ_ij − p_j" if log else "∂y_i/∂x_j = p_i·(δ_ij − p_j)"
        yield Heading(f"Jacobian of {name} · input {count} → {count}×{count}", (formula,))
        yield Text("")
        yield grids_of(np.array(chances), "p", write, naming=ONE_ROW)
        yield Text("")
        if show.steps != "none":
            places = [(i, j) for i in range(count) for j in range(count)]
            most = show.steps if isinstance(show.steps, int) else len(places) if show.steps == "all" else 36
            for i, j in places[:most]:
                yield entry(i, j)
            if len(places) > most:
                yield Text(f"  … {len(places) - most:,} more: --steps all shows every one")
            yield Text("")
        yield Answer(grids_of(matrix, "Jacobian", write, heat=show.heat, naming=PLANE))

    return Calculation(work(), lambda: matrix, show.answer_write)
