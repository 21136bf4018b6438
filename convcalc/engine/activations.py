"""Activations: a function of each cell by itself, worked exactly where it can be."""

from collections.abc import Callable, Sequence
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
from convcalc.engine.grids import as_grid, at_least_one, own_grid
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
    parameters: tuple[int | Fraction, ...]
    weight: Array | None = None
    """The parameter that is learned: one number, or one a channel."""
    exactly: bool = True
    """Whether derivatives are exact where the function gives fractions; else they are floats."""

    def parameters_at(self, place: Sequence[int]) -> tuple[int | Fraction, ...]:
        """Return the parameters of a cell, `place` being (item, channel, row, column)."""
        if self.weight is None:
            return self.parameters
        return (exact(self.weight.ravel()[place[1] if self.weight.size > 1 else 0]),)

    @property
    def float_parameters(self) -> tuple[Any, ...]:
        """The parameters as floats, or as arrays of floats that go with the input."""
        if self.weight is None:
            return tuple(map(to_float, self.parameters))
        if self.weight.size == 1:
            return (as_floats(self.weight, FLOAT64).ravel()[0],)
        shaped = np.broadcast_to(as_floats(self.weight, FLOAT64).reshape(-1, 1, 1), self.shape)
        return (shaped.reshape(self.input.shape),)

    @property
    def float_dtype(self) -> np.dtype[Any] | None:
        """The float dtype of the cells and of the weight; None if they are exact."""
        return float_kind(self.input, *([] if self.weight is None else [self.weight]))

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
        for_all = self.weight is None or self.weight.size == 1
        integers = over_common_denominator(self.input) if record.of_integers is not None and for_all else None
        if integers is not None and record.of_integers is not None:
            parameters = self.parameters if self.weight is None else self.parameters_at((0, 0, 0, 0))
            return quotient(*record.of_integers(*integers, *parameters), self.float_dtype)
        if record.exactly is not None and (self.input.size <= LARGEST_EXACT or self.float_dtype is None):
            return self._exactly(record.exactly, self.input, self.float_dtype)
        return self._in_floats(self.input, self.float_parameters)

    def _exactly(self, function: Callable[..., Any], cells: Array, dtype: np.dtype[Any] | None) -> Array:
        """Return a function of every exact cell and its parameters."""
        four = cells.reshape(self.shape)
        values = [function(exact(cell), *self.parameters_at(at)) for at, cell in np.ndenumerate(four)]
        if dtype is None:
            return integers_or_fractions(values).reshape(cells.shape)
        return np.array([rounded_result(value, dtype) for value in values], dtype).reshape(cells.shape)

    def _in_floats(self, cells: Array, parameters: tuple[Any, ...]) -> Array:
        kind = float_kind(cells) or FLOAT64
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            values = self.kind.record.of(*self.float_cells(cells), *parameters)
        return rounded(values, kind)

    def float_cells(self, cells: Array) -> tuple[Array, Array]:
        """Return cells as float64, and what those leave over of what is written; not `exactly`, nothing."""
        return floats_and_rests(cells) if self.exactly else (as_floats(cells, FLOAT64), np.zeros(cells.shape))

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
            value = rounded_result(record.exactly(x, *self.parameters_at(place)), self.float_dtype)
        else:
            value = as_shown(self._in_floats(np.array([raw], dtype=self.input.dtype), self.float_parameters)[0])
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
        weight = [] if self.forward.weight is None else [self.forward.weight]
        dtype = float_kind(self.forward.input, self.gradient, *weight)
        return dtype if self.forward.kind.record.slope_exactly is not None else dtype or FLOAT64

    @CachedProperty
    def slopes(self) -> Array:
        """The function's derivative at every cell: exact where it gives fractions of the fractions there are."""
        record, cells = self.forward.kind.record, self.forward.input
        may_be_exact = self.forward.exactly and cells.size <= LARGEST_EXACT
        if record.slope_exactly is not None and may_be_exact and not self._lets_through:
            return self.forward._exactly(record.slope_exactly, cells, None)
        return self._float_slopes

    @CachedProperty
    def _float_slopes(self) -> Array:
        record = self.forward.kind.record
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            return record.slope(*self.forward.float_cells(self.forward.input), *self.forward.float_parameters)

    @property
    def _lets_through(self) -> bool:
        """Whether every float32 gradient comes through as it is or not at all, as ReLU's do: then floats are exact."""
        if self.forward.kind.record.parameters or self.forward.input.dtype != np.float32:
            return False
        return bool(((self._float_slopes == 0) | (self._float_slopes == 1)).all())

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

    @CachedProperty
    def weight(self) -> Array:
        """The gradient of a weight that is learned, of its shape: what each negative cell gives, added up."""
        weight = self.forward.weight
        assert weight is not None, "only asked of what learns"
        totals = [Fraction(0)] * weight.size
        cells, gradient = (grid.reshape(self.shape) for grid in (self.forward.input, self.gradient))
        if cells.size > LARGEST_EXACT or not self.forward.exactly:
            parts = np.minimum(as_floats(cells, FLOAT64), 0) * as_floats(gradient, FLOAT64)
            sums = parts.sum(axis=(0, 2, 3)) if weight.size > 1 else parts.sum()
            return rounded(np.reshape(sums, weight.shape), float_kind(self.gradient, self.forward.input) or FLOAT64)
        for at, cell in np.ndenumerate(cells):
            if cell < 0:
                totals[at[1] if weight.size > 1 else 0] += exact(cell) * exact(gradient[at])
        dtype = float_kind(self.gradient, self.forward.input)
        if dtype is None:
            return integers_or_fractions(totals).reshape(weight.shape)
        return np.array([rounded_result(total, dtype) for total in totals], dtype).reshape(weight.shape)

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


def _weight(weight: Any, grid: Array) -> Array:
    """Return a weight that is learned, one number or one for each channel of a grid."""
    channels, numbers = (grid.shape[-3] if grid.ndim > 2 else 1), own_grid(at_least_one(weight))
    if numbers.size not in (1, channels):
        raise InputError(f"there are {channels} channels, and {numbers.size} weights", hint="one a channel, or one")
    return numbers


def activate(x: Any, kind: ActivationKind | str, *parameters: Any) -> Activated:
    """Apply an activation to every cell of a grid of any shape.

    `parameters` are leaky-relu's slope (0.01), elu's alpha (1), clip's minimum and maximum (-1 and 1), and so on, as
    its record has them. Functions of straight pieces are exact; the others give float64, or float32 for a float32 grid.
    Raises InputError for more parameters than a function has, or others than it takes.

    >>> activate([[-5, 8], [2, -3]], "relu").output.tolist()
    [[0, 8], [2, 0]]
    >>> activate([-5, 3], "leaky-relu").output.tolist()
    [Fraction(-1, 20), 3]
    """
    grid, kind = own_grid(x), choose(ActivationKind, kind)
    known = kind.record.parameters
    if kind.record.learns and len(parameters) <= 1:
        weight = parameters[0] if parameters and parameters[0] is not None else Fraction(known[0].default)
        return Activated(grid, kind, (), _weight(weight, grid))
    if len(parameters) > len(known):
        has = f"{len(known)} parameter{'s' * (len(known) != 1)}" if known else "no parameter"
        raise InputError(f"{kind} has {has}", hint="leave it out" if not known else "leave the others out")
    given = (*parameters, *[None] * (len(known) - len(parameters)))
    values = tuple(
        Fraction(parameter.default) if value is None else exact(as_grid([value])[0])
        for parameter, value in zip(known, given, strict=True)
    )
    fault = kind.record.check(*values)
    if fault is not None:
        raise InputError(f"of {kind} {fault}", hint="its defaults are " + ", ".join(p.default for p in known))
    return Activated(grid, kind, values)
