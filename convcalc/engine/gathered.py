"""Operations whose every output cell is a sum of a few input cells, each times a number; and their gradients.

They are linear, so that a gradient is gathered in the same way, by the transpose: every input cell gets the gradients
of the output cells that read it, times the same numbers.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple, Protocol

import numpy as np

from convcalc.engine.cached import CachedProperty
from convcalc.engine.exact import (
    FLOAT64,
    LARGEST_EXACT,
    Array,
    as_floats,
    as_integers,
    as_shown,
    exact,
    float_kind,
    integers_or_fractions,
    magnitude,
    over_common_denominator,
    quotient,
    rounded,
)
from convcalc.engine.gather_kinds import GatherRecord
from convcalc.engine.shapes import like_the_output, place_in
from convcalc.engine.step import GatherStep, GatherTerm

NOWHERE = -1
"""In place of a cell's number: nothing is read."""


class Gatherer(Protocol):
    """What gathers, by its name as a string: a command's kind, or a network's layer."""

    @property
    def record(self) -> GatherRecord:
        """What it says of itself."""


class Reading(NamedTuple):
    """Which cells every output cell reads, and what they are multiplied by.

    `places`, (terms, cells), are numbers of cells, one input after another, NOWHERE for none; `weights` of the same
    shape are whole numbers, over one `divisor`.
    """

    places: Array
    weights: Array
    divisor: int = 1


def _four(shape: Sequence[int]) -> tuple[int, int, int, int]:
    """Return a shape as items, channels, rows, columns; of more axes the first ones are items together."""
    channels, rows, columns = ((1,) * (3 - len(shape)) + tuple(shape))[-3:]
    return math.prod(shape[:-3]), channels, rows, columns


@dataclass(eq=False, repr=False)
class Gathered:
    """A gathering ready to be asked for its whole `output`, or for the working of one cell."""

    kind: Gatherer
    inputs: tuple[Array, ...]
    names: tuple[str, ...]
    output_shape: tuple[int, ...]
    reading: Reading
    says: tuple[str, ...] = ()
    """What its options are, as they are shown."""
    options: dict[str, Any] = field(default_factory=dict)
    """The options themselves, for what is done again in another way."""
    formula: str = ""
    """What says more than the record of its kind."""
    probability: Fraction = Fraction(0)
    """Of dropout, how likely a cell is dropped."""
    exactly: bool = True
    """Whether decimals are worked as they are written, if they are not too many."""

    @property
    def input(self) -> Array:
        """The first input."""
        return self.inputs[0]

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The output's shape as items, channels, rows, columns."""
        return _four(self.output_shape)

    @CachedProperty
    def output(self) -> Array:
        """The answer: exact where the inputs are, else rounded once."""
        cells, dtype = joined(self.inputs), float_kind(*self.inputs)
        integers = over_common_denominator(cells) if self.exactly or dtype is None else None
        places, weights, divisor = self.reading
        if integers is None:
            total, floats = np.zeros(places.shape[1]), as_floats(cells, FLOAT64)
            for at, weight in zip(places, weights, strict=True):
                total += np.where(at == NOWHERE, 0, floats[at] * weight)
            return rounded(total / divisor, dtype or FLOAT64).reshape(self.output_shape)
        numerators, over = integers
        bound = magnitude(numerators) * int(np.abs(weights).sum(axis=0).max())
        numerators, weights = as_integers(bound, numerators, weights)
        total = np.zeros(places.shape[1], dtype=numerators.dtype)
        for at, weight in zip(places, weights, strict=True):
            total = total + np.where(at == NOWHERE, 0, numerators[at] * weight)
        return quotient(total, over * divisor, dtype).reshape(self.output_shape)

    def step(self, at: Sequence[int], number: int = 1) -> GatherStep:
        """Return the working of one cell, `at` being ([item,] [channel,] row, column)."""
        place = place_in(self.shape, at)
        index = int(np.ravel_multi_index(place, self.shape))
        pairs = zip(self.reading.places[:, index].tolist(), self.reading.weights[:, index].tolist(), strict=True)
        terms = tuple(self._term(cell, weight) for cell, weight in pairs if cell != NOWHERE and weight)
        return GatherStep(number, place, terms, as_shown(self.output.ravel()[index]), self.probability)

    def _term(self, cell: int, weight: int) -> GatherTerm:
        source = 0
        while cell >= self.inputs[source].size:
            cell -= self.inputs[source].size
            source += 1
        grid = self.inputs[source]
        item, channel, row, column = (int(i) for i in np.unravel_index(cell, _four(grid.shape)))
        factor = Fraction(weight, self.reading.divisor)
        return GatherTerm(source, (item, channel, row, column), as_shown(grid.ravel()[cell]), factor)

    def backward(self, gradient: Any = 1) -> "GatherGradients":
        """Return the gradients of the inputs, given that of the output: of its shape, or one number for all."""
        return GatherGradients(self, like_the_output(gradient, self.output, self.output))


def joined(grids: Sequence[Array]) -> Array:
    """Return the cells of several grids in one row, in a dtype that holds them as they are, if there are few."""
    kinds = {grid.dtype for grid in grids}
    if len(kinds) == 1:
        return np.concatenate([grid.ravel() for grid in grids])
    if float_kind(*grids) is None:
        return np.concatenate([grid.astype(object).ravel() for grid in grids])
    if sum(grid.size for grid in grids) > LARGEST_EXACT:
        return np.concatenate([as_floats(grid, FLOAT64).ravel() for grid in grids])
    return integers_or_fractions([exact(cell) for grid in grids for cell in grid.ravel()])


@dataclass(eq=False, repr=False)
class GatherGradients:
    """The gradients of what a gathering read, given that of its output; each is a gathering of its own."""

    forward: Gathered
    output: Array
    """The gradient of the output, of its shape."""

    @CachedProperty
    def inputs(self) -> tuple[Gathered, ...]:
        """The gatherings whose outputs are the inputs' gradients."""
        forward, found, start = self.forward, [], 0
        places, weights, divisor = forward.reading
        terms, outputs = np.nonzero((places != NOWHERE) & (weights != 0))
        read, factors = places[terms, outputs], weights[terms, outputs]
        for grid in forward.inputs:
            mine = (read >= start) & (read < start + grid.size)
            reading = transposed(read[mine] - start, outputs[mine], factors[mine], grid.size)
            found.append(
                Gathered(
                    forward.kind, (self.output,), ("gradient",), grid.shape, reading._replace(divisor=divisor),
                    forward.says, probability=forward.probability, exactly=forward.exactly,
                )
            )  # fmt: skip
            start += grid.size
        return tuple(found)


def transposed(read: Array, outputs: Array, weights: Array, cells: int) -> Reading:
    """Return, for each of so many input cells, the output cells that read it, and with what weights.

    >>> places, weights, _ = transposed(np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([1, 2, 3]), 2)
    >>> places.tolist(), weights.tolist()
    ([[0, 1], [1, -1]], [[1, 3], [2, 0]])
    """
    counts = np.bincount(read, minlength=cells)
    most, rank = max(int(counts.max(initial=0)), 1), np.zeros(1, dtype=np.int64)
    if most > 1:
        order = np.lexsort((outputs, read))
        read, outputs, weights = read[order], outputs[order], weights[order]
        rank = np.arange(len(read)) - np.repeat(np.cumsum(counts) - counts, counts)
    places, factors = np.full((most, cells), NOWHERE), np.zeros((most, cells), dtype=weights.dtype)
    places[rank, read], factors[rank, read] = outputs, weights
    return Reading(places, factors)
