"""Activations: a function of each cell by itself, worked exactly where it can be."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from convcalc.engine.activation_kinds import ActivationKind
from convcalc.engine.cached import CachedProperty
from convcalc.engine.exact import (
    FLOAT64,
    LARGEST_EXACT,
    Array,
    as_floats,
    as_shown,
    exact,
    float_kind,
    integers_or_fractions,
    over_common_denominator,
    quotient,
    rounded,
    rounded_result,
    shown_number,
    to_float,
)
from convcalc.engine.grids import as_grid, own_grid
from convcalc.engine.settings import choose
from convcalc.engine.shapes import like_the_output, place_in
from convcalc.engine.step import ActivationGradientStep, ActivationStep
from convcalc.engine.two_floats import floats_and_rests
from convcalc.errors import InputError


@dataclass(eq=False, repr=False)
class Activated:
    """An activation ready to be asked: for its whole `output` or for the working of any one cell."""

    input: Array
    kind: ActivationKind
    parameter: int | Fraction

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The shape as items, channels, rows, columns."""
        full = (1,) * (4 - self.input.ndim) + self.input.shape
        return full[0], full[1], full[2], full[3]

    @CachedProperty
    def output(self) -> Array:
        """The answer, of the input's shape: exact where the function is and the input, else floats."""
        record = self.kind.record
        if record.of_cells is not None:
            return as_grid(record.of_cells(self.input))
        integers = over_common_denominator(self.input) if record.of_integers is not None else None
        if integers is None or record.of_integers is None:
            return self._in_floats(self.input)
        return quotient(*record.of_integers(*integers, self.parameter), float_kind(self.input))

    def _in_floats(self, cells: Array) -> Array:
        kind = float_kind(cells) or FLOAT64
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            values = self.kind.record.of(*floats_and_rests(cells), to_float(self.parameter))
        return rounded(values, kind)

    def step(self, at: Sequence[int], number: int = 1) -> ActivationStep:
        """Return the working of one cell, `at` being ([item,] [channel,] row, column).

        >>> step = activate([[-5]], "sigmoid").step((0, 0))
        >>> step.cell, round(step.parts[0], 4), round(step.value, 4)
        (-5, 148.4132, 0.0067)
        """
        place = place_in(self.shape, at)
        raw = self.input.reshape(self.shape)[place]
        as_float = float_kind(self.input) is not None
        x = exact(raw)
        cell = shown_number(x, as_float=as_float)
        record = self.kind.record
        if record.exactly is not None:
            value = rounded_result(record.exactly(x, self.parameter), float_kind(self.input))
        else:
            value = as_shown(self._in_floats(np.array([raw], dtype=self.input.dtype))[0])
        parts = record.parts(cell)
        return ActivationStep(number, place, cell, parts, value, record.exactly is not None or record.is_exact_at(x))

    def backward(self, gradient: Any = 1) -> "ActivationGradient":
        """Return the gradient of the input, given that of the output: of its shape, or one number for all.

        >>> activate([-1, 0, 2], "relu").backward([3, 4, 5]).output.tolist()
        [0, 0, 5]
        """
        return ActivationGradient(self, like_the_output(gradient, self.input, self.input))


@dataclass(eq=False, repr=False)
class ActivationGradient:
    """The gradient of an activation's input: what comes from behind, times the function's derivative, cell by cell."""

    forward: Activated
    gradient: Array
    """The gradient of the activation's output, of its shape."""

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The shape as items, channels, rows, columns."""
        return self.forward.shape

    @property
    def _dtype(self) -> np.dtype[Any] | None:
        """The float dtype of the gradient, or None if it is exact."""
        dtype = float_kind(self.forward.input, self.gradient)
        return dtype if self.forward.kind.record.slope_exactly is not None else dtype or FLOAT64

    @CachedProperty
    def slopes(self) -> Array:
        """The function's derivative at every cell: exact where it gives fractions of the fractions there are."""
        record, cells = self.forward.kind.record, self.forward.input
        if record.slope_exactly is not None and cells.size <= LARGEST_EXACT:
            values = [record.slope_exactly(exact(cell), self.forward.parameter) for cell in cells.ravel()]
            return integers_or_fractions(values).reshape(cells.shape)
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            return record.slope(*floats_and_rests(cells), to_float(self.forward.parameter))

    @CachedProperty
    def output(self) -> Array:
        """The gradient of the input, of its shape."""
        if self.slopes.dtype.kind == "f":
            return rounded(as_floats(self.gradient, FLOAT64) * self.slopes, self._dtype or FLOAT64)
        products = [exact(g) * exact(slope) for g, slope in zip(self.gradient.flat, self.slopes.flat, strict=True)]
        if self._dtype is None:
            return integers_or_fractions(products).reshape(self.gradient.shape)
        cells = [rounded_result(product, self._dtype) for product in products]
        return np.array(cells, self._dtype).reshape(self.gradient.shape)

    def step(self, at: Sequence[int], number: int = 1) -> ActivationGradientStep:
        """Return the working of one cell, `at` being ([item,] [channel,] row, column).

        >>> step = activate([[2]], "sigmoid").backward(1).step((0, 0))
        >>> round(step.became, 4), round(step.slope, 4)
        (0.8808, 0.105)
        """
        place = place_in(self.shape, at)
        forward = self.forward.step(at)
        shaped = (array.reshape(self.shape)[place] for array in (self.gradient, self.slopes, self.output))
        gradient, slope, value = (as_shown(cell) for cell in shaped)
        is_exact = self.slopes.dtype.kind != "f"
        return ActivationGradientStep(number, place, forward.cell, forward.value, gradient, slope, value, is_exact)


def activate(x: Any, kind: ActivationKind | str, parameter: Any = None) -> Activated:
    """Apply an activation to every cell of a grid of any shape.

    `parameter` is leaky-relu's slope (0.01) or elu's alpha (1). ReLU and leaky ReLU are exact; the others give
    float64, or float32 for a float32 grid. Raises InputError for a parameter that a function does not have.

    >>> activate([[-5, 8], [2, -3]], "relu").output.tolist()
    [[0, 8], [2, 0]]
    >>> activate([-5, 3], "leaky-relu").output.tolist()
    [Fraction(-1, 20), 3]
    """
    grid, kind = own_grid(x), choose(ActivationKind, kind)
    default = kind.record.default
    if parameter is not None and not default:
        raise InputError(f"{kind} has no parameter", hint="leave it out")
    value = Fraction(default or 0) if parameter is None else exact(as_grid([parameter])[0])
    return Activated(grid, kind, value)
