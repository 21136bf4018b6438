"""Scaled dot-product attention, softmax(Q·Kᵀ/√d)·V, of two fully connected layers and a softmax (Vaswani 2017)."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from convcalc.engine.cached import CachedProperty
from convcalc.engine.dense import Linear, LinearGradients, linear
from convcalc.engine.exact import (
    FLOAT64,
    LARGEST_EXACT,
    Array,
    as_floats,
    as_shown,
    exact,
    float_kind,
    integers_or_fractions,
    rounded,
    rounded_result,
)
from convcalc.engine.grids import own_grid
from convcalc.engine.naming import shape_text
from convcalc.engine.roots import ROOT_BITS, root_of
from convcalc.engine.shapes import like_the_output, place_in
from convcalc.engine.softmax import Softmax, SoftmaxGradient, softmax
from convcalc.errors import InputError


class ScaledStep(NamedTuple):
    """One score divided by √d."""

    number: int
    at: tuple[int, int, int, int]
    cell: Any
    value: Any
    exact: bool


@dataclass(eq=False, repr=False)
class Scaled:
    """Scores divided by the root of the keys' length; exact where that is whole."""

    input: Array
    length: int

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The shape as items, channels, rows, columns."""
        full = (1,) * (4 - self.input.ndim) + self.input.shape
        return full[0], full[1], full[2], full[3]

    @CachedProperty
    def root(self) -> tuple[Fraction, bool]:
        """√d, and whether it is whole."""
        return root_of(self.length, 2, ROOT_BITS)

    @CachedProperty
    def output(self) -> Array:
        """The scaled scores."""
        root, rational = self.root
        dtype = float_kind(self.input) or (None if rational else FLOAT64)
        if self.input.size > LARGEST_EXACT:
            return rounded(as_floats(self.input, FLOAT64) / float(root), dtype or FLOAT64)
        values = [exact(cell) / root for cell in self.input.flat]
        if dtype is None:
            return integers_or_fractions(values).reshape(self.input.shape)
        return np.array([rounded_result(value, dtype) for value in values], dtype).reshape(self.input.shape)

    def step(self, at: Sequence[int], number: int = 1) -> ScaledStep:
        """Return the working of one score, `at` being (row, column)."""
        place = place_in(self.shape, at)
        cell, value = (as_shown(grid.reshape(self.shape)[place]) for grid in (self.input, self.output))
        return ScaledStep(number, place, cell, value, self.root[1])


@dataclass(eq=False, repr=False)
class Attention:
    """An attention ready to be asked for its `output`, or for any of its parts, each an operation with steps."""

    input: Array
    """The queries, (n, d) or (d)."""
    keys: Array
    values: Array

    @CachedProperty
    def scores(self) -> Linear:
        """Every query times every key."""
        return linear(self.input, self.keys)

    @CachedProperty
    def scaled(self) -> Scaled:
        """The scores over √d."""
        return Scaled(self.scores.output, self.keys.shape[-1])

    @CachedProperty
    def weights(self) -> Softmax:
        """The softmax of each query's scores: how much it attends to each key."""
        return softmax(self.scaled.output, -1)

    @CachedProperty
    def mixed(self) -> Linear:
        """The values, weighed."""
        return linear(self.weights.output, self.values, transpose=True)

    @property
    def output(self) -> Array:
        """The answer, (n, values' length), or of a single query (values' length)."""
        return self.mixed.output

    def backward(self, gradient: Any = 1) -> "AttentionGradients":
        """Return the gradients of queries, keys and values, given that of the output: of its shape, or one for all.

        >>> gradients = attention([[1, 0]], [[1, 0], [1, 0]], [[1, 2], [3, 4]]).backward()
        >>> gradients.values.tolist()
        [[0.5, 0.5], [0.5, 0.5]]
        """
        return AttentionGradients(self, like_the_output(gradient, self.output, self.output))


@dataclass(eq=False, repr=False)
class AttentionGradients:
    """The gradients of an attention, each part's from the one behind it."""

    forward: Attention
    output: Array
    """The gradient of the output, of its shape."""

    @CachedProperty
    def mixed(self) -> LinearGradients:
        """What goes back through the weighing of the values."""
        return self.forward.mixed.backward(self.output)

    @CachedProperty
    def weights(self) -> SoftmaxGradient:
        """What goes back through the softmax."""
        return self.forward.weights.backward(self.mixed.input.output)

    @CachedProperty
    def scaled(self) -> Scaled:
        """What goes back through the division by √d."""
        return Scaled(self.weights.output, self.forward.scaled.length)

    @CachedProperty
    def scores(self) -> LinearGradients:
        """What goes back through the products of queries and keys."""
        return self.forward.scores.backward(self.scaled.output)

    @property
    def input(self) -> Array:
        """The gradient of the queries."""
        return self.scores.input.output

    @property
    def keys(self) -> Array:
        """The gradient of the keys."""
        return self.scores.weights_like.reshape(self.forward.keys.shape)

    @property
    def values(self) -> Array:
        """The gradient of the values."""
        return self.mixed.weights_like.reshape(self.forward.values.shape)


def attention(queries: Any, keys: Any, values: Any) -> Attention:
    """Return softmax(Q·Kᵀ/√d)·V of queries (n, d) or (d), keys (m, d) and values (m, any length).

    Raises InputError where queries and keys differ in length, or keys and values in number.

    >>> attention([[0, 0]], [[1, 0], [0, 1]], [[1, 2], [3, 4]]).output.tolist()
    [[2.0, 3.0]]
    """
    grids = [own_grid(grid) for grid in (queries, keys, values)]
    for grid, name in zip(grids, ("queries", "keys", "values"), strict=True):
        if grid.ndim > 2:
            raise InputError(f"the {name} are {shape_text(grid.shape)}, not one row each", hint="one head at a time")
    query, key, value = grids[0], np.atleast_2d(grids[1]), np.atleast_2d(grids[2])
    if query.shape[-1] != key.shape[1]:
        raise InputError(
            f"the queries have {query.shape[-1]} numbers each, and the keys {key.shape[1]}", hint="as many"
        )
    if len(key) != len(value):
        raise InputError(f"there are {len(key)} keys, and {len(value)} values", hint="one value for each key")
    return Attention(query, key, value)
