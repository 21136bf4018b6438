"""Flattening and fully connected layers as Documents: where each cell goes, and each output's dot product."""

import itertools
from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np

from convcalc.engine.dense import Linear
from convcalc.engine.exact import Array
from convcalc.engine.step import DotStep
from convcalc.report.document import (
    Block,
    Body,
    Document,
    Grids,
    Heading,
    Matrix,
    Picture,
    Role,
    Steps,
    Subheading,
    Sum,
    Text,
    Worked,
)
from convcalc.report.grids import answer_of, body_of, grids_of, planes
from convcalc.report.likely import likely_mistakes
from convcalc.report.numbers import shape_text
from convcalc.report.selection import FEW, Show, Skipped, cell_name, place, select, skipped_text
from convcalc.report.softmax import elided

MOST_DRAWN = 16
"""Inputs of a layer whose weights are still drawn as a matrix."""
MOST_PLANES = 8


def worked_flatten(grid: Array, row: Array, show: Show) -> Worked:
    """Return a flattening's work: each plane, and the places its cells go to."""

    def work() -> Document:
        yield Heading(f"flatten · input {shape_text(grid.shape)} → {shape_text(row.shape)}")
        yield Text(_order(grid.shape), Role.QUIET)
        named = planes(grid, "input", "channel")
        height, width = named[0][1].shape
        per_item = 1 if grid.ndim < 4 else grid.shape[1]
        asked = {"all": len(named), "none": 0}.get(str(show.steps), MOST_PLANES)
        shown = min(show.steps if isinstance(show.steps, int) else asked, len(named))
        for index, (title, plane) in enumerate(itertools.islice(named, shown)):
            start = index % per_item if grid.ndim == 4 else index
            places = np.arange(height * width).reshape(height, width) + start * height * width
            yield Text("")
            values = body_of(plane, title, show.write, heat=show.heat)
            yield Picture(((Matrix(values), "→", Matrix(body_of(places, "places", show.write))),))
        if 0 < shown < len(named):
            yield Text("")
            yield Text(f"… {len(named) - shown:,} more channels: --steps all shows every one", Role.QUIET)
        yield Text("")
        yield answer_of(row, show.write, "item", heat=show.heat, one_row=row.ndim == 1)

    return Worked(work(), lambda: row, show.answer_write)


def _order(shape: tuple[int, ...]) -> str:
    height, width = (1, *shape)[-2:]
    place = f"row·{width} + column" if height > 1 else "column"
    if len(shape) > 2:
        place = f"(channel·{height} + row)·{width} + column"
    channels = ", channel after channel" if len(shape) > 2 else ""
    items = " Each item becomes a row." if len(shape) == 4 else ""
    return f"Row by row{channels}: a cell's place is {place}.{items}"


def worked_linear(result: Linear, show: Show) -> Worked:
    """Return a fully connected layer's work as a Document, and its answer."""
    outputs, inputs = result.weights.shape
    one_row = result.batch == 1
    shape = (1, 1, result.batch, outputs)
    chosen = list(select(shape, show, one_row=one_row))
    output = result.output
    whole = show.at is not None or show.steps == "all"

    def work() -> Document:
        bias = result.convolution.bias
        given = "" if bias is None else f" · bias {','.join(show.write(b) for b in bias.tolist()[:6])}"
        given += ",…" if bias is not None and bias.size > 6 else ""
        sizes = str(inputs) if one_row else f"{result.batch}×{inputs}"
        made = str(outputs) if one_row else f"{result.batch}×{outputs}"
        formula = "y = W·x" + (" + b" if bias is not None else "")
        yield Heading(f"linear · input {sizes} · weights {outputs}×{inputs}{given} → {made}", (formula,))
        if inputs > MOST_DRAWN:
            yield Text(f"Weights of more than {MOST_DRAWN} inputs are not drawn.", Role.QUIET)
        pictures = _Pictures(result, show)
        for part in chosen:
            if isinstance(part, Skipped):
                yield Text("")
                yield Text(skipped_text(part.count), Role.QUIET)
                continue
            item, index = part.at[2:]
            step = result.step(item, index, part.number)
            name = cell_name(part.at, shape, one_row=one_row)
            yield Subheading(f"step {step.number} of {result.batch * outputs} · {name}")
            if inputs <= MOST_DRAWN:
                yield pictures.of(step)
                yield Text("")
            yield dot_sum(step, show, whole=whole)
        if not whole and inputs > FEW:
            yield Text("")
            yield Text("Long sums are cut to their ends: --steps all or --at writes them out.", Role.QUIET)
        yield Text("")
        yield answer_of(output, show.write, "item", heat=show.heat, one_row=one_row)

    def walked(show: Show) -> Steps:
        pictures = _Pictures(result, show)

        def blocks(index: int) -> list[Block]:
            item, output = divmod(index, outputs)
            step = result.step(item, output, index + 1)
            picture: list[Block] = [pictures.of(step), Text("")] if inputs <= MOST_DRAWN else []
            return [*picture, dot_sum(step, show, whole=False)]

        bias = "" if result.convolution.bias is None else " + b"
        heading = Heading(f"linear · input {inputs} · weights {outputs}×{inputs}", (f"y = W·x{bias}",))
        return Steps(heading, shape, one_row, blocks, lambda i: cell_name(place(i, shape), shape, one_row=one_row))

    def given() -> Document:
        yield Heading(f"linear · input {inputs} · weights {outputs}×{inputs}")
        yield Text("")
        drawn = grids_of(result.input, "input", show.write, one_row=one_row).matrices
        drawn += grids_of(result.weights, "weights", show.write).matrices
        if result.convolution.bias is not None:
            drawn += grids_of(result.convolution.bias, "bias", show.write, one_row=True).matrices
        yield Grids(drawn)

    mistakes = partial(likely_mistakes, result)
    return Worked(work(), lambda: output, show.answer_write, walked, given, mistakes)


@dataclass(eq=False)
class _Pictures:
    """Draws the weights with the row that is read, times an item's input as a column; bodies are made once."""

    result: Linear
    show: Show
    items: dict[int, tuple[Body, Body]] = field(default_factory=dict)

    @cached_property
    def weights(self) -> Body:
        """The weights as a body."""
        return body_of(self.result.weights, f"weights {shape_text(self.result.weights.shape)}", self.show.write)

    def columns(self, item: int) -> tuple[Body, Body]:
        """Return an item's input and output as columns."""
        if item not in self.items:
            outputs, inputs = self.result.weights.shape
            row = f", row {item}" if self.result.batch > 1 else ""
            self.items[item] = (
                body_of(self.result.input.reshape(-1, inputs)[item][:, None], f"input{row}", self.show.write),
                body_of(self.result.output.reshape(-1, outputs)[item][:, None], "output", self.show.write),
            )
        return self.items[item]

    def of(self, step: DotStep) -> Picture:
        """Return a step's picture."""
        item, output = step.at
        column, made = self.columns(item)
        window = (range(output, output + 1), range(self.weights.columns))
        current = Matrix(made, current=(output, 0), made=output + 1)
        return Picture(((Matrix(self.weights, window), "×", Matrix(column), "="),), current)


def dot_sum(step: DotStep, show: Show, *, whole: bool) -> Sum:
    """Return a dot product written out; of very many terms only the ends, unless they are asked for."""
    write = show.write
    pairs = list(zip(step.weights, step.cells, strict=True))
    most = len(pairs) if whole else FEW
    terms = elided(pairs, lambda pair: f"{write.factor(pair[0])}×{write.factor(pair[1])}", most)
    bias = () if step.bias is None else (f"{write.factor(step.bias)} (bias)",)
    return Sum((*terms, *bias), " + ", write.outcome(step.value))
