"""What a layer makes of its input: its numbers, by the quick way; and the engine's operations, which have the steps."""

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from convcalc.engine.dense import Flattened
from convcalc.engine.exact import Array
from convcalc.engine.gather_kinds import GatherRecord
from convcalc.engine.gathered import Gathered, Reading
from convcalc.engine.grids import as_grid
from convcalc.errors import InputError
from convcalc.network.trace import Node

Tensors = Mapping[str, Array]
"""A layer's own tensors, by the name behind the layer's."""


class Operation(NamedTuple):
    """One of the engine's operations: its result, and the grids it read by their roles."""

    result: Any
    reads: Mapping[str, Array]
    output: Array | None = None
    """The grid it made, where the next operation reads it; the last one's is the layer's output."""


class LayerResult(NamedTuple):
    """What a layer makes: `numbers` works its output, and `operations` are the engine's, one after the other.

    Without `numbers` the last operation's output is as quick. Without `operations` a layer has no steps.
    """

    numbers: Callable[[], Array] | None
    operations: Callable[[], Sequence[Operation]] | None
    main: int = -1
    """Which of the operations is the layer's own work: the others only turn its input and output."""


Apply = Callable[[Any, Node, Tensors, list[Array]], LayerResult]
"""What a kind of layer does: of one that is used in a trace, with its tensors and inputs."""


class Movement(NamedTuple):
    """A layer that moves cells, repeats them, adds them up, or takes their mean."""

    name: str
    record: GatherRecord

    def __str__(self) -> str:
        """Return the name."""
        return self.name


MOVED = GatherRecord("Move cells.", "", "goes back to the cells that were read")
SHARED = GatherRecord("Add or average cells.", "", "goes to every cell that was read, times its weight")


def moved(name: str, inputs: Sequence[Array], places: Array) -> Operation:
    """Return an operation whose output cells each read one input cell, by its number, or none (-1).

    >>> turned = moved("turn", [np.array([[1, 2], [3, 4]])], np.array([[0, 2], [1, 3]]))
    >>> turned.result.output.tolist()
    [[1, 3], [2, 4]]
    """
    ones = np.ones((1, places.size), dtype=np.int64)
    return gathered(name, inputs, places.shape, Reading(places.reshape(1, -1), ones))


def gathered(name: str, inputs: Sequence[Array], shape: tuple[int, ...], reading: Reading) -> Operation:
    """Return an operation whose output cells each read some input cells, times a weight."""
    names = ("input", *(f"other {index}" for index in range(1, len(inputs))))
    record = MOVED if len(reading.places) == 1 else SHARED
    result = Gathered(Movement(name, record), tuple(inputs), names, shape, reading)
    return Operation(result, dict(zip(names, inputs, strict=True)))


def numbered(inputs: Sequence[Array]) -> list[Array]:
    """Return the number of each cell of each input, counted through all of them.

    >>> [grid.tolist() for grid in numbered([np.zeros((1, 2)), np.zeros(1)])]
    [[[0, 1]], [2]]
    """
    starts = np.cumsum([0, *(grid.size for grid in inputs)])
    return [
        np.arange(start, start + grid.size).reshape(grid.shape)
        for start, grid in zip(starts.tolist(), inputs, strict=False)
    ]


def constant(number: Any, kind: np.dtype[Any]) -> Array:
    """Return a number as an array of one cell: a float of a dtype; beside exact cells the decimal that its source says.

    >>> constant(0.5, np.dtype(np.int64)).tolist(), constant(0.5, np.dtype(np.float32)).tolist()
    ([Fraction(1, 2)], [0.5])
    """
    if kind.kind == "f":
        with np.errstate(over="ignore"):
            return np.array([number], kind)
    if isinstance(number, float) and not math.isfinite(number):
        raise InputError(f"{number} is no exact number", hint="leave --exact out")
    return as_grid([Fraction(str(number))])


def viewed(grid: Array, shape: Sequence[int]) -> Operation:
    """Return an operation that views a grid in another shape."""
    view = grid.reshape(shape)
    return Operation(Flattened(grid, view), {"input": grid}, view)


def movement(name: str, inputs: list[Array], move: Callable[..., Array]) -> LayerResult:
    """Return what a layer makes that only moves cells: `move` does so of its inputs, and of the cells' numbers."""
    return LayerResult(lambda: move(*inputs), lambda: [moved(name, inputs, move(*numbered(inputs)))])
