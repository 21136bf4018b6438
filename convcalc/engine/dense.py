"""Fully connected layers: a grid flattened to a row, and weights times that row, plus a bias."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from convcalc.engine.cached import CachedProperty
from convcalc.engine.convolution import Convolution, convolve
from convcalc.engine.exact import Array, as_shown, exact, float_kind, rounded_result, shown_cells
from convcalc.engine.grids import as_grid, own_grid, unmade
from convcalc.engine.shapes import biases_of, like_the_output, place_in
from convcalc.engine.step import DotStep
from convcalc.errors import InputError


def flatten(x: Any) -> Array:
    """Return a grid (W), (H, W) or (C, H, W) as one row (C·H·W), a batch (N, C, H, W) as (N, C·H·W).

    Cells go row by row, channel after channel, as numpy and PyTorch store them.

    >>> flatten([[[6, 8], [3, 4]], [[1, 2], [0, 5]]]).tolist()
    [6, 8, 3, 4, 1, 2, 0, 5]
    """
    grid = as_grid(x)
    row: Array = grid.reshape(grid.shape[0], -1) if grid.ndim == 4 else grid.reshape(-1)
    return np.array(row)


class Flattened(NamedTuple):
    """A grid, and the row that was made of it."""

    input: Array
    output: Array

    def backward(self, gradient: Any = 1) -> "FlattenGradient":
        """Return the gradient of the grid, given that of the row: of its shape, or one number for all."""
        return FlattenGradient(self, like_the_output(gradient, self.output, self.output))


class FlattenGradient(NamedTuple):
    """The gradient of a grid that was flattened: each place's goes back to its cell."""

    forward: Flattened
    gradient: Array

    @property
    def output(self) -> Array:
        """The gradient of the grid, of its shape."""
        answer: Array = self.gradient.reshape(self.forward.input.shape)
        return answer


class Linear(NamedTuple):
    """A fully connected layer ready to be asked for its `output`, or for the working of one cell of it.

    It is worked as a 1×1 convolution whose channels are the inputs, so that it is as exact as one.
    """

    input: Array
    weights: Array
    convolution: Convolution
    transposed: bool = False
    """Whether the weights were given as (in, out)."""
    is_column: bool = False
    """Whether the input is one column, and the output too, as lectures write y = W·x."""

    @property
    def batch(self) -> int:
        """How many rows of inputs there are."""
        return self.convolution.plan.items

    @property
    def output(self) -> Array:
        """The answer: (outputs) for a row given as one, (outputs, 1) for a column, else (items, outputs)."""
        return self._shaped(self.convolution.maps)

    def _shaped(self, maps: Array) -> Array:
        rows = maps[:, :, 0, 0]
        if self.is_column:
            column: Array = rows.T
            return column
        result: Array = rows[0] if self.input.ndim == 1 else rows
        return result

    def backward(self, gradient: Any = 1) -> "LinearGradients":
        """Return the gradients of input, weights and bias, given that of the output: of its shape, or one for all.

        >>> gradients = linear([1, 2], [[3, 4], [5, 6]]).backward([1, 10])
        >>> gradients.input.output.tolist(), gradients.weights.output.tolist(), gradients.bias.tolist()
        ([53, 64], [[1, 2], [10, 20]], [1, 10])
        """
        output = self._shaped(unmade(self.convolution.plan.shape))
        return LinearGradients(self, like_the_output(gradient, output, output))

    def step(self, item: int, output: int, number: int = 1) -> DotStep:
        """Return the working of one output: every input times its weight, and the bias.

        >>> linear([1, 2], [[3, 4]], [5]).step(0, 0).products, linear([1, 2], [[3, 4]], [5]).step(0, 0).value
        ((3, 8), 16)
        """
        _, _, item, output = place_in((1, 1, self.batch, len(self.weights)), (item, output))
        row = [exact(cell) for cell in self.input.reshape(-1, self.weights.shape[1])[item]]
        weights = [exact(weight) for weight in self.weights[output]]
        products = [cell * weight for cell, weight in zip(row, weights, strict=True)]
        cells_float, weights_float = float_kind(self.input) is not None, float_kind(self.weights) is not None
        biases = self.convolution.bias
        kind = float_kind(self.input, self.weights, *([] if biases is None else [biases]))
        total, bias = sum(products), None
        if biases is not None:
            total, bias = total + exact(biases[output]), as_shown(biases[output])
        (row_cells,) = shown_cells([row], as_float=cells_float)
        (weight_cells,) = shown_cells([weights], as_float=weights_float)
        (product_cells,) = shown_cells([products], as_float=cells_float or weights_float)
        return DotStep(
            number, (item, output), row_cells, weight_cells, product_cells, bias, rounded_result(total, kind)
        )


def linear(
    x: Any, weights: Any, bias: Any = None, *, transpose: bool = False, column: bool = False, exactly: bool = True
) -> Linear:
    """Multiply inputs (in) or (items, in) by weights (out, in), and add a bias (out): PyTorch's x·Wᵀ + b.

    With `transpose` the weights are (in, out). A `column` (in, 1) gives one, as lectures write W·x + b; it is taken for
    one anyway where it cannot be items of one input each. If not `exactly`, decimals are left to floats. Raises
    InputError where the numbers disagree, saying which.

    >>> linear([[2], [1]], [[1, -1], [3, 0]]).output.tolist()
    [[1], [6]]
    >>> linear([2, 1], [[1, -1], [3, 0], [0, 5]], [1, 0, 0]).output.tolist()
    [2, 6, 5]
    """
    grid, matrix = own_grid(x), own_grid(weights)
    if matrix.ndim == 1:
        matrix = matrix[None]
    if matrix.ndim > 2:
        raise InputError(
            f"the weights have {matrix.ndim} axes, and a fully connected layer's have 2",
            hint="one row of weights an output",
        )
    if transpose:
        matrix = matrix.T
    column = column or (grid.ndim == 2 and grid.shape == (matrix.shape[1], 1) and matrix.shape[1] > 1)
    _check(grid.shape[:1] if column else grid.shape, matrix.shape, transpose=transpose)
    rows = grid.reshape(1, -1) if column else grid.reshape(-1, grid.shape[-1])
    biases = biases_of(bias, matrix.shape[0], "output")
    return Linear(
        grid,
        matrix,
        convolve(rows[:, :, None, None], matrix[:, :, None, None], bias=biases, channels_first=True, exactly=exactly),
        transpose,
        column,
    )


@dataclass(eq=False, repr=False)
class LinearGradients:
    """The gradients of a fully connected layer, given that of its output; two are layers of their own, with steps."""

    forward: Linear
    output: Array
    """The gradient of the output, of its shape."""

    @CachedProperty
    def input(self) -> Linear:
        """The layer whose output is the gradient of the input: ∂L/∂x = Wᵀ·∂L/∂y, for each item."""
        weights, exactly = self.forward.weights, self.forward.convolution.exactly
        return linear(self.output, weights, transpose=True, column=self.forward.is_column, exactly=exactly)

    @CachedProperty
    def weights(self) -> Linear:
        """The layer whose output, (out, in), is the gradient of the weights: ∂L/∂W = ∂L/∂y·xᵀ, added over the items."""
        rows = self.forward.input.reshape(-1, self.forward.weights.shape[1])
        exactly = self.forward.convolution.exactly
        return linear(self.output.reshape(len(rows), -1).T, rows, transpose=True, exactly=exactly)

    @CachedProperty
    def weights_like(self) -> Array:
        """The gradient of the weights, as they were given: (out, in), or transposed."""
        gradient = self.weights.output
        return gradient.T if self.forward.transposed else gradient

    @CachedProperty
    def bias(self) -> Array:
        """The gradient of the bias, (out): that of the output, added over the items."""
        rows, exactly = self.output.reshape(-1, len(self.forward.weights)), self.forward.convolution.exactly
        return linear(rows.T, np.ones((1, len(rows)), dtype=np.int64), exactly=exactly).output.reshape(-1)


def _check(shape: Sequence[int], weights: Sequence[int], *, transpose: bool) -> None:
    outputs, inputs = weights
    cells = math.prod(shape[-3:])
    if len(shape) <= 2 and shape[-1] == inputs:
        return
    shape_of_weights = "×".join(map(str, shape))
    if cells == inputs:
        raise InputError(
            f"the input is {shape_of_weights}, not a row of {inputs}",
            hint="`convcalc flatten` makes it one: pipe it through first",
        )
    other_way = f"{inputs}×{outputs}" if transpose else f"{outputs}×{inputs}"
    message = f"the weights ({other_way}) take {inputs} input{'s' * (inputs != 1)}, but the input is {shape_of_weights}"
    if len(shape) > 2:
        raise InputError(message, hint=f"flattened it has {cells} cells, so the weights must be {outputs}×{cells}")
    message = f"the weights ({other_way}) take {inputs} input{'s' * (inputs != 1)}, but there are {shape[-1]}"
    if outputs == shape[-1]:
        fix = "leave --transpose out" if transpose else "--transpose takes them so"
        raise InputError(message, hint=f"the transposed weights, {inputs}×{outputs} as out×in, would fit: {fix}")
    raise InputError(
        message, hint=f"weights are out×in{' (--transpose: in×out)' * transpose}: {outputs}×{shape[-1]} would fit"
    )
