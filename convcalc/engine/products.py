"""Grids multiplied cell by cell, as a gate does; and their gradients, which are such products, too."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convcalc.engine.cached import CachedProperty
from convcalc.engine.exact import (
    FLOAT64,
    Array,
    as_floats,
    as_integers,
    as_shown,
    exact,
    float_kind,
    magnitude,
    over_common_denominator,
    quotient,
    rounded,
    rounded_result,
)
from convcalc.engine.grids import own_grid
from convcalc.engine.naming import shape_text
from convcalc.engine.shapes import like_the_output, place_in
from convcalc.engine.step import ProductStep
from convcalc.errors import InputError


@dataclass(eq=False, repr=False)
class Product:
    """Two grids of one shape, ready to be asked for their product, or for the working of one cell."""

    input: Array
    other: Array
    exactly: bool = True
    """Whether decimals are worked as they are written, if they are not too many."""

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The shape as items, channels, rows, columns."""
        full = (1,) * (4 - self.input.ndim) + self.input.shape
        return full[0], full[1], full[2], full[3]

    @property
    def kind(self) -> np.dtype[Any] | None:
        """The float dtype of the answer; None if it is exact."""
        return float_kind(self.input, self.other)

    @CachedProperty
    def output(self) -> Array:
        """The answer: exact where both grids are, else rounded once."""
        left = not self.exactly and self.kind is not None
        one, other = (None if left else over_common_denominator(grid) for grid in (self.input, self.other))
        if one is None or other is None:
            return rounded(as_floats(self.input, FLOAT64) * as_floats(self.other, FLOAT64), self.kind or FLOAT64)
        cells, factors = as_integers(magnitude(one[0]) * magnitude(other[0]), one[0], other[0])
        return quotient(cells * factors, one[1] * other[1], self.kind)

    def step(self, at: Sequence[int], number: int = 1) -> ProductStep:
        """Return the working of one cell, `at` being ([item,] [channel,] row, column).

        >>> multiply([[2, 3]], [[5, 7]]).step((0, 1)).value
        21
        """
        place = place_in(self.shape, at)
        cells = [grid.reshape(self.shape)[place] for grid in (self.input, self.other)]
        value = rounded_result(exact(cells[0]) * exact(cells[1]), self.kind)
        return ProductStep(number, place, as_shown(cells[0]), as_shown(cells[1]), value)

    def backward(self, gradient: Any = 1) -> "ProductGradients":
        """Return both grids' gradients, given that of the output: of its shape, or one number for all.

        >>> back = multiply([2, 3], [5, 7]).backward([1, 10])
        >>> back.input.output.tolist(), back.other.output.tolist()
        ([5, 70], [2, 30])
        """
        return ProductGradients(self, like_the_output(gradient, self.input, self.input))


def multiply(x: Any, other: Any) -> Product:
    """Multiply two grids of one shape, cell by cell.

    >>> multiply([[2, 3]], [[5, 7]]).output.tolist()
    [[10, 21]]
    """
    grid, factors = own_grid(x), own_grid(other)
    if grid.shape != factors.shape:
        shapes = shape_text(grid.shape), shape_text(factors.shape)
        raise InputError(f"{shapes[0]} and {shapes[1]} cannot be multiplied", hint="their shapes must be alike")
    return Product(grid, factors)


@dataclass(eq=False, repr=False)
class ProductGradients:
    """The gradients of both grids: that of the output, times the other grid."""

    forward: Product
    output: Array
    """The gradient of the output, of its shape."""

    @CachedProperty
    def input(self) -> Product:
        """The product that is the input's gradient."""
        return Product(self.output, self.forward.other, self.forward.exactly)

    @CachedProperty
    def other(self) -> Product:
        """The product that is the other grid's gradient."""
        return Product(self.output, self.forward.input, self.forward.exactly)
