"""Flattening and fully connected layers as Documents: where each cell goes, and each output's dot product."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

import numpy as np

from convcalc.engine.cached import CachedProperty
from convcalc.engine.dense import Flattened, FlattenGradient, Linear
from convcalc.engine.naming import ONE_ROW, Naming, shape_text
from convcalc.engine.step import DotStep
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
    Steps,
    Subheading,
    Sum,
    Text,
)
from convcalc.report.equality import checked_sum
from convcalc.report.grids import answer_of, body_of, grids_of, planes
from convcalc.report.likely import likely_mistakes
from convcalc.report.selection import FEW, Chosen, Show, Skipped, place, select
from convcalc.report.softmax import shortened
from convcalc.report.stepwise import stepped

MOST_DRAWN = 16
"""Inputs of a layer whose weights are still drawn as a matrix."""
MOST_PLANES = 8


def worked_flatten(result: Flattened, show: Show) -> Calculation:
    """Return a flattening's work: each plane, and the places its cells go to."""
    grid, row = result

    def work() -> Document:
        yield Heading(f"flatten · input {shape_text(grid.shape)} → {shape_text(row.shape)}")
        yield Text(_order(grid.shape), Role.QUIET)
        titled_planes = planes(grid, "input", "channel")
        height, width = titled_planes[0][1].shape
        per_item = 1 if grid.ndim < 4 else grid.shape[1]
        most = {"all": len(titled_planes), "none": 0}.get(str(show.steps), MOST_PLANES)
        count = min(show.steps if isinstance(show.steps, int) else most, len(titled_planes))
        for index, (title, plane) in enumerate(itertools.islice(titled_planes, count)):
            start = index % per_item if grid.ndim == 4 else index
            places = np.arange(height * width).reshape(height, width) + start * height * width
            yield Text("")
            values = body_of(plane, title, show.write, heat=show.heat)
            yield Picture(((Matrix(values), "→", Matrix(body_of(places, "places", show.write), derived=True)),))
        if 0 < count < len(titled_planes):
            yield Text("")
            yield Text(f"… {len(titled_planes) - count:,} more channels: --steps all shows every one", Role.QUIET)
        yield Text("")
        yield answer_of(row, show.write, "item", heat=show.heat, naming=Naming(row.ndim == 1))

    def given() -> Document:
        yield Heading(f"flatten · input {shape_text(grid.shape)}")
        yield Text("")
        yield grids_of(grid, "input", show.write)

    mistakes = partial(likely_mistakes, result)
    return Calculation(work(), lambda: row, show.answer_write, given=given, mistakes=mistakes, result=result)


def worked_flatten_gradient(result: FlattenGradient, show: Show) -> Calculation:
    """Return where the gradient of a flattened grid goes: each place's back to the cell that came to it."""
    grid, gradient, answer = result.forward.input, result.gradient, result.output

    def work() -> Document:
        yield Heading(f"backward through flatten · gradient {shape_text(gradient.shape)} → {shape_text(grid.shape)}")
        yield Text(f"Each place's gradient goes back to its cell. {_order(grid.shape)}", Role.QUIET)
        yield Text("")
        yield grids_of(
            gradient, "gradient of the output", show.write, heat=show.heat, naming=Naming(gradient.ndim == 1)
        )
        yield Text("")
        yield Answer(grids_of(answer, "input gradient", show.write, heat=show.heat, naming=Naming(answer.ndim == 1)))

    return Calculation(work(), lambda: answer, show.answer_write)


def _order(shape: tuple[int, ...]) -> str:
    height, width = (1, *shape)[-2:]
    place = f"row·{width} + column" if height > 1 else "column"
    if len(shape) > 2:
        place = f"(channel·{height} + row)·{width} + column"
    channels = ", channel after channel" if len(shape) > 2 else ""
    items = " Each item becomes a row." if len(shape) == 4 else ""
    return f"Row by row{channels}: a cell's place is {place}.{items}"


class LayerTitles(NamedTuple):
    """What stands over a layer's matrices, and what is worked: the layer itself, or one of its gradients."""

    operation: str = "linear"
    formula: str = ""
    input: str = "input"
    weights: str = "weights"
    output: str = "output"


FORWARD = LayerTitles()


def worked_linear(result: Linear, show: Show) -> Calculation:
    """Return a fully connected layer's work as a Document, and its answer."""
    return Layer(result, show).worked()


@dataclass(eq=False, repr=False)
class Layer:
    """The report of a layer: the weights with the row that is read, times an item's input as a column."""

    result: Linear
    show: Show
    titles: LayerTitles = FORWARD
    items: dict[int, tuple[Body, Body]] = field(default_factory=dict)
    """Each item's input and output as columns, made once."""

    def __post_init__(self) -> None:
        self.outputs, self.inputs = self.result.weights.shape
        self.naming = Naming(self.result.batch == 1)
        self.shape = (1, 1, self.result.batch, self.outputs)
        self.whole = self.show.at is not None or self.show.steps == "all"

    def worked(self) -> Calculation:
        """Return the work and the answer; what cannot be done is refused before any is shown."""
        selection = list(select(self.shape, self.show, self.naming))
        output, mistakes = self.result.output, partial(likely_mistakes, self.result)
        return Calculation(
            self.work(selection), lambda: output, self.show.answer_write, self.walked, self.given, mistakes, self.result
        )

    def heading(self) -> Heading:
        """Return what is multiplied by what."""
        if self.titles.formula:
            return Heading(self.titles.operation, (self.titles.formula,))
        bias, write = self.result.convolution.bias, self.show.write
        sizes = "" if self.naming.one_row else f"{self.result.batch}×"
        bias_text = ""
        if bias is not None:
            bias_text = f" · bias {','.join(write(b) for b in bias.tolist()[:6])}{',…' * (bias.size > 6)}"
        if self.result.is_column:
            sizes, across = "", "×1"
        else:
            across = ""
        text = f"linear · input {sizes}{self.inputs}{across} · weights {self.outputs}×{self.inputs}{bias_text}"
        return Heading(f"{text} → {sizes}{self.outputs}{across}", ("y = W·x" + (" + b" if bias is not None else ""),))

    def work(self, chosen: list[Chosen | Skipped]) -> Document:
        """Yield the heading, the chosen steps, and the answer."""
        yield self.heading()
        if self.inputs > MOST_DRAWN:
            yield Text(f"Weights of more than {MOST_DRAWN} inputs are not drawn.", Role.QUIET)
        yield stepped(lambda: chosen, self.titled, lambda: self.walked(self.show), self.show)
        if not self.whole and self.inputs > FEW:
            yield Text("")
            yield Text("Long sums are cut to their ends: --steps all or --at writes them out.", Role.QUIET)
        yield Text("")
        yield answer_of(self.result.output, self.show.write, "item", heat=self.show.heat, naming=self.naming)

    def titled(self, part: Chosen) -> Iterator[Block]:
        """Yield a step under its name."""
        name = self.naming.cell(part.at, self.shape, self.titles.output)
        yield Subheading(f"step {part.number} of {math.prod(self.shape)} · {name}")
        yield from self.step(part.number - 1)

    def step(self, index: int) -> Iterator[Block]:
        """Yield one output's picture, if it can be drawn, and its sum."""
        item, output = divmod(index, self.outputs)
        step = self.result.step(item, output, index + 1)
        if self.inputs <= MOST_DRAWN:
            yield self.picture(step)
            yield Text("")
        yield dot_sum(step, self.show, whole=self.whole)

    def walked(self, show: Show) -> Steps:
        """Return the steps to be walked through, shown in another way."""
        report = replace(self, show=show, items={})

        def name(index: int) -> str:
            return self.naming.cell(place(index, self.shape), self.shape, self.titles.output)

        return Steps(self.heading(), self.shape, self.naming, lambda index: list(report.step(index)), name)

    def given(self) -> Document:
        """Yield the input, the weights and the bias."""
        write, bias = self.show.write, self.result.convolution.bias
        yield Heading(f"linear · input {self.inputs} · weights {self.outputs}×{self.inputs}")
        yield Text("")
        matrices = grids_of(self.result.input, "input", write, naming=self.naming).matrices
        matrices += grids_of(self.result.weights, "weights", write).matrices
        if bias is not None:
            matrices += grids_of(bias, "bias", write, naming=ONE_ROW).matrices
        yield Grids(matrices)

    @CachedProperty
    def weights(self) -> Body:
        """The weights as a body."""
        return body_of(self.result.weights, f"{self.titles.weights} {self.outputs}×{self.inputs}", self.show.write)

    def columns(self, item: int) -> tuple[Body, Body]:
        """Return an item's input and output as columns."""
        if item not in self.items:
            row, write = f", row {item}" * (not self.naming.one_row), self.show.write
            self.items[item] = (
                body_of(self.result.input.reshape(-1, self.inputs)[item][:, None], f"{self.titles.input}{row}", write),
                body_of(self.result.output.reshape(-1, self.outputs)[item][:, None], self.titles.output, write),
            )
        return self.items[item]

    def picture(self, step: DotStep) -> Picture:
        """Return a step's picture."""
        item, output = step.at
        column, output_column = self.columns(item)
        window = (range(output, output + 1), range(self.inputs))
        current = Matrix(output_column, current=(output, 0), made=output + 1, derived=True)
        return Picture(((Matrix(self.weights, window), "×", Matrix(column), "="),), current)


def dot_sum(step: DotStep, show: Show, *, whole: bool) -> Sum:
    """Return a dot product written out; of very many terms only the ends, unless they are asked for."""
    write = show.write
    pairs = list(zip(step.weights, step.cells, strict=True))
    most = len(pairs) if whole else FEW
    terms = shortened(pairs, lambda pair: f"{write.factor(pair[0])}×{write.factor(pair[1])}", most)
    bias = () if step.bias is None else (f"{write.factor(step.bias)} (bias)",)
    return checked_sum((*terms, *bias), " + ", write.outcome(step.value))
