"""A network with numbers as a Document: what each layer made, its maps, the likeliest classes, any neuron's step."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from convcalc.choices import TransposedReading
from convcalc.engine.activations import Activated
from convcalc.engine.convolution import Convolution
from convcalc.engine.dense import Linear
from convcalc.engine.exact import FLOAT64, Array, as_floats
from convcalc.engine.gathered import Gathered
from convcalc.engine.naming import ONE_ROW
from convcalc.engine.normalized import Normalized
from convcalc.engine.pooling import Pooling
from convcalc.engine.products import Product
from convcalc.engine.softmax import Softmax, softmax
from convcalc.engine.transposed import Transposed
from convcalc.errors import InputError
from convcalc.inference.ending import ending_of
from convcalc.inference.run import LayerRun
from convcalc.network.layer import sizes
from convcalc.network.trace import Node
from convcalc.report.activations import worked_activation
from convcalc.report.convolution import Labels, worked_convolution
from convcalc.report.dense import worked_linear
from convcalc.report.document import (
    Block,
    Calculation,
    Document,
    Grids,
    Heading,
    Matrix,
    Role,
    Sheet,
    Steps,
    Subheading,
    Table,
    Text,
)
from convcalc.report.gathered import worked_gathered
from convcalc.report.grids import body_of, grids_of, like
from convcalc.report.norms import worked_norm
from convcalc.report.numbers import Writer, six_digits
from convcalc.report.pooling import worked_pooling
from convcalc.report.products import worked_product
from convcalc.report.selection import Chosen, Show, select
from convcalc.report.softmax import worked_softmax
from convcalc.report.transposed import worked_transposed

BEST = 5
"""Classes that are told."""
MOST_MAPS, MOST_CELLS = 16, 400
"""Maps of a layer that are drawn, and cells of one whose numbers are."""
MOST_CLASSES = 100_000
MOST_NUMBERS = 16
"""Of an output that is one of several, how many are written."""
MOST_LAYERS = 12
"""Layers whose maps are drawn small below the table."""
SMALL, ACROSS = 16, 76
"""Columns of a small map, and of all that stand beside one another."""


class LayerRange(NamedTuple):
    """What a layer made: its range and its mean, and small pictures of its first maps."""

    node: Node
    name: str
    least: Any
    most: Any
    mean: float
    maps: tuple[Matrix, ...] = ()
    more: int = 0
    """Maps that are not among the pictures."""

    @classmethod
    def of(cls, run: LayerRun, name: str, *, draws: bool = False) -> "LayerRange":
        """Return what an output's numbers are; with pictures of its maps, if it has rows and columns."""
        output = run.output
        mean = float(np.mean(as_floats(output, FLOAT64)))
        numbers = six_digits(output.min()), six_digits(output.max()), six_digits(mean)
        if not draws or output.ndim != 4 or output.shape[-1] * output.shape[-2] == 1:
            return cls(run.node, name, *numbers)
        first = output[0]
        width = min(first.shape[-1], SMALL * 2 if len(first) < 3 else SMALL)
        drawn = min(len(first), max((ACROSS + 2) // (width + 2), 1))
        pictures = tuple(_small_map(plane, str(index), width) for index, plane in enumerate(first[:drawn]))
        return cls(run.node, name, *numbers, pictures, len(first) - drawn)


def _small_map(plane: Array, title: str, columns: int) -> Matrix:
    """Return a map as a small picture, each of its cells the mean of a square of the map's."""
    every = -(-plane.shape[-1] // columns)
    cells = as_floats(plane, FLOAT64)
    if every > 1:
        padded = [(0, -length % every) for length in cells.shape]
        blocks = np.pad(cells, padded, mode="edge").reshape(-(-cells.shape[0] // every), every, -1, every)
        cells = blocks.mean(axis=(1, 3))
    return Matrix(replace(body_of(cells, title, Writer(), heat=True), pictured=True, scale=()))


WORKED: dict[type, Callable[[Any, Show], Calculation]] = {
    Convolution: lambda result, show: worked_convolution(result, show, Labels()),
    Transposed: lambda result, show: worked_transposed(result, show, "kernel", TransposedReading.ZEROS),
    Pooling: worked_pooling,
    Activated: worked_activation,
    Linear: worked_linear,
    Softmax: worked_softmax,
    Normalized: worked_norm,
    Gathered: worked_gathered,
    Product: worked_product,
}
"""How each of the engine's results is shown, a step of it as its own command shows it."""


def network_document(
    heading: Heading, layers: Sequence[LayerRange], outputs: Sequence[tuple[Node, str, Array]], labels: Sequence[str]
) -> Document:
    """Show every layer's range and mean, small pictures of the maps, and what the network gives: a head, or several.

    Of classes the likeliest are told.
    """
    write = Writer()
    yield heading
    yield Text("")
    rows = tuple(
        (
            one.name,
            str(one.node.layer) if one.node.index else "",
            sizes(one.node.output),
            f"{write(one.least)} to {write(one.most)}",
            write(one.mean),
        )
        for one in layers
    )
    yield Table(("name", "layer", "output", "range", "mean"), rows, frozenset({0, 1}), spare=(1,))
    yield from _maps(layers)
    for node, name, output in outputs:
        if len(outputs) == 1:
            ending = ending_of({one.node.index: one.node for one in layers}, node.index)
            yield from classes(ending.kind, output, labels)
        elif output[0].size <= MOST_NUMBERS:
            yield Subheading(f"{name}, one of {len(outputs)} outputs")
            for row in output.reshape(len(output), -1):
                yield Text("  " + "  ".join(write(six_digits(cell)) for cell in row))
        else:
            yield Subheading(f"{name}, one of {len(outputs)} outputs", f"{sizes(node.output)}: --layer shows it")


def _maps(layers: Sequence[LayerRange]) -> Iterator[Block]:
    drawn = [one for one in layers if one.maps]
    if not drawn:
        return
    yield Subheading("the maps", "each shaded from its lowest to its highest")
    for one in drawn[:MOST_LAYERS]:
        more = f", and {one.more} more" if one.more else ""
        yield Text(f"  {one.name} · {sizes(one.node.output)}{more}", Role.QUIET)
        yield Grids(one.maps)
    left = len(drawn) - MOST_LAYERS
    if left > 0:
        yield Text(f"  … and {left} more layer{'s' * (left > 1)} with maps: --layer NAME shows one", Role.QUIET)


def network_sheet(heading: Heading, layers: Sequence[LayerRange]) -> Sheet:
    """Return every layer's range and mean as rows."""
    rows = tuple(
        (
            one.name,
            str(one.node.layer) if one.node.index else "",
            sizes(one.node.output),
            str(one.least),
            str(one.most),
            str(one.mean),
        )
        for one in layers
    )
    return Sheet(heading.text, ("name", "layer", "output", "least", "largest", "mean"), rows)


def chances_of(kind: str, row: Array) -> Array:
    """Return probabilities of classes in float64, whatever a network ends in: logits, their softmax, its logarithm."""
    cells = as_floats(row, FLOAT64)
    if kind == "Softmax":
        return cells
    return np.exp(cells) if kind == "LogSoftmax" else softmax(cells, -1).output


def classes(kind: str, output: Array, labels: Sequence[str]) -> Iterator[Block]:
    """Yield the likeliest classes of each item, if the output is a row of them."""
    if output.ndim != 2 or not 2 <= output.shape[1] <= MOST_CLASSES:
        return
    write = Writer()
    for item, row in enumerate(output):
        chances = chances_of(kind, row)
        best = np.argsort(-chances, kind="stable")[:BEST]
        name = f", item {item}" if len(output) > 1 else ""
        how = "" if kind else ", by the softmax of the last layer's logits"
        yield Subheading(f"the likeliest classes{name}{how}")
        rows = tuple(
            (
                f"{index} {labels[index]}" if index < len(labels) else str(index),
                write.as_decimal(float(chances[index])),
                write(six_digits(row[index])),
            )
            for index in best.tolist()
        )
        yield Table(("class", "probability", "output"), rows, frozenset({0}))


def maps_document(heading: Heading, run: LayerRun, name: str, show: Show) -> Document:
    """Show one layer's maps: the numbers of small ones, and of large ones their range."""
    write, node = show.write, run.node
    yield heading
    yield Subheading(f"{name} · {node.layer} → {sizes(node.output)}")
    one = LayerRange.of(run, name)
    yield Text(f"  {write(one.least)} to {write(one.most)}, mean {write(one.mean)}", Role.QUIET)
    yield Text("")
    grid = run.output[0] if len(run.output) == 1 else run.output
    cells = math.prod(grid.shape[-2:])
    if cells > MOST_CELLS and not show.heat:
        yield Text(f"  Maps of {cells:,} cells are drawn with --heat, and written whole by --save.", Role.QUIET)
        return
    maps = grid[:MOST_MAPS] if grid.ndim == 3 else grid
    yield grids_of(maps, "output", write, heat=show.heat, part="map")
    if grid.ndim == 3 and len(grid) > MOST_MAPS:
        yield Text(f"  … and {len(grid) - MOST_MAPS} more maps: --save holds them all", Role.QUIET)


def neuron(heading: Heading, run: LayerRun, name: str, show: Show) -> Calculation:
    """Return one neuron's working, by the very step that its operation shows by itself.

    Raises InputError where the layer has no steps, or the place is none of its output.
    """
    result, worked = _own_work(run, name, show._replace(at=None))
    assert worked.steps is not None, "every operation can be walked through"
    steps = worked.steps(show)
    at = tuple(show.at or ())
    if not run.output.ndim - 1 <= len(at) <= run.output.ndim:
        shape = sizes(run.node.output)
        raise InputError(f"{name} gives {shape}, and --at names {len(at)} of it", hint=f"a number for each of {shape}")
    index = _step_of(result, run.output, steps, at)

    def work() -> Document:
        yield heading
        yield Subheading(f"{name} · {run.node.layer}")
        yield Text("")
        yield steps.heading
        yield Subheading(f"step {index + 1:,} of {math.prod(steps.shape):,} · {steps.name(index)}")
        yield from steps.blocks(index)

    return worked._replace(work=work(), steps=None)


def _step_of(result: Any, output: Array, steps: Steps, at: tuple[int, ...]) -> int:
    """Return the number, from 0, of the step that makes a cell; of a softmax, of the line that it lies on."""
    if isinstance(result, Softmax):
        place = (0,) * (output.ndim - len(at)) + at
        if not all(index < length for index, length in zip(place, output.shape, strict=True)):
            raise InputError(f"there is no cell {','.join(map(str, at))}", hint=f"the output is {sizes(output.shape)}")
        line = place[: result.axis] + place[result.axis + 1 :]
        return int(np.ravel_multi_index(line, result.lines))
    if output.ndim == 2 and len(at) == 1:
        at = (0, *at)  # of a row of features, the first item's
    chosen = next(part for part in select(steps.shape, Show(at=at), steps.naming) if isinstance(part, Chosen))
    return chosen.number - 1


def _own_work(run: LayerRun, name: str, show: Show) -> tuple[Any, Calculation]:
    """Return the engine's result that is a layer's own work, and how it is shown."""
    operations = run.result.operations() if run.result.operations is not None else ()
    if not operations:
        raise InputError(f"{name}: {run.node.layer} has no steps here", hint="name another layer")
    result = operations[run.result.main].result
    if type(result) not in WORKED:
        raise InputError(f"{name}: {run.node.layer} only moves cells", hint="name the layer before it")
    return result, WORKED[type(result)](result, show)


def network_steps(heading: Heading, runs: Sequence[LayerRun], names: Mapping[int, str], show: Show) -> Steps:
    """Return the layers as steps, each with its maps; Enter goes down into a layer's own steps."""

    def blocks(index: int) -> list[Block]:
        run = runs[index]
        _, *rest = maps_document(heading, run, names[run.node.index], show)
        return rest

    def inner(index: int, show: Show) -> Steps | None:
        run = runs[index]
        try:
            _, worked = _own_work(run, names[run.node.index], show._replace(at=None))
        except InputError:
            return None
        return None if worked.steps is None else worked.steps(show)

    def name(index: int) -> str:
        return names[runs[index].node.index]

    return Steps(heading, (1, 1, 1, len(runs)), ONE_ROW, blocks, name, inner=inner)


def saliency(gradient: Array, show: Show) -> Iterator[Block]:
    """Yield the input's gradient: its numbers, or of a picture how much each place matters, shaded."""
    first = gradient[0]
    if first.ndim == 3 and len(first) > 1:
        yield Text("  Of the channels' gradients, the largest in size at each place:", Role.QUIET)
        first = np.abs(first).max(axis=0)
    grid = like(first.reshape((1,) * (4 - first.ndim) + first.shape)) if first.ndim > 1 else first
    yield grids_of(grid, "gradient of the input", show.write, heat=True)
