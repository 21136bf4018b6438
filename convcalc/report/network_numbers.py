"""A network with numbers as a Document: what each layer made, its maps, the likeliest classes, any neuron's step."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from convcalc.engine.exact import FLOAT64, Array, as_floats
from convcalc.engine.softmax import softmax
from convcalc.inference.ending import ending_of
from convcalc.inference.run import LayerRun
from convcalc.network.layer import sizes
from convcalc.network.trace import Node
from convcalc.report.document import (
    Block,
    Document,
    Grids,
    Heading,
    Matrix,
    Role,
    Sheet,
    Subheading,
    Table,
    Text,
)
from convcalc.report.grids import body_of, grids_of, like
from convcalc.report.numbers import Writer, six_digits
from convcalc.report.selection import Show

BEST = 5
"""Classes that are told."""
MOST_MAPS, MOST_CELLS = 16, 400
"""Maps of a layer that are drawn, and cells of one whose numbers are."""
MOST_CLASSES = 100_000
MOST_NUMBERS = 16
"""Of an output that is one of several, how many are written."""
MOST_LAYERS = 12
"""Layers whose maps are drawn small below the table."""
SMALL, ACROSS, BETWEEN = 16, 76, 4
"""Columns of a small map, of all that stand beside one another, and between two of them."""


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
        drawn = min(len(first), max((ACROSS + BETWEEN) // (width + BETWEEN), 1))
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


def saliency(gradient: Array, show: Show) -> Iterator[Block]:
    """Yield the input's gradient: its numbers, or of a picture how much each place matters, shaded."""
    first = gradient[0]
    if first.ndim == 3 and len(first) > 1:
        yield Text("  Of the channels' gradients, the largest in size at each place:", Role.QUIET)
        first = np.abs(first).max(axis=0)
    grid = like(first.reshape((1,) * (4 - first.ndim) + first.shape)) if first.ndim > 1 else first
    yield grids_of(grid, "gradient of the input", show.write, heat=True)
