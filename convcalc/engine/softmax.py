"""Softmax and its logarithm, along one axis, shifted by the maximum so that no exponential overflows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from convcalc.engine.cached import CachedProperty
from convcalc.engine.decimals import product
from convcalc.engine.exact import (
    FLOAT64,
    FLOAT64_INTEGERS,
    INT64_LIMIT,
    LARGEST_EXACT,
    Array,
    as_floats,
    as_shown,
    exact,
    float_kind,
    magnitude,
    over_common_denominator,
    quotient,
    rounded,
    shown_number,
    to_float_or_decimal,
)
from convcalc.engine.functions import exponential
from convcalc.engine.grids import own_grid
from convcalc.engine.shapes import indices_of, like_the_output
from convcalc.engine.step import Number, SoftmaxGradientStep, SoftmaxStep
from convcalc.errors import InputError

LOWEST = -10_000
"""A shifted logit below which the exponential is 0 in any float, so that it need not be told from others."""

AXES = ("items", "channels", "rows", "columns")
"""What a grid's axes are called, the last ones first to be there."""


MOST_PAIRS = 256
"""Cells of a line up to which each is compared with each other."""


@dataclass(eq=False, repr=False)
class Softmax:
    """A softmax (or with `log` its logarithm) ready to be asked for its `output`, or for the working of one line."""

    input: Array
    axis: int
    log: bool

    @property
    def lines(self) -> tuple[int, ...]:
        """The shape of the lines that are worked one by one: the input's, less the axis."""
        return self.input.shape[: self.axis] + self.input.shape[self.axis + 1 :]

    @CachedProperty
    def shifted(self) -> tuple[Array, Array]:
        """The input less each line's maximum, (…, cells), rounded once, and what that left over; the axis is last."""
        cells = np.moveaxis(self.input, self.axis, -1)
        integers = over_common_denominator(cells)
        if integers is None:
            floats = np.ascontiguousarray(cells, dtype=FLOAT64)
            largest = floats.max(axis=-1, keepdims=True)
            shifted = rounded(floats - largest, FLOAT64)
            again = shifted + largest
            return shifted, (floats - again) + (largest - (again - shifted))
        numerators, over = integers
        if magnitude(numerators) >= INT64_LIMIT >> 1:
            numerators = numerators.astype(object)
        whole = numerators - numerators.max(axis=-1, keepdims=True)
        if whole.dtype == object and not self.log:
            whole = np.maximum(whole, LOWEST * over)
        shifted = np.ascontiguousarray(quotient(whole, over, FLOAT64))
        if magnitude(whole) >= FLOAT64_INTEGERS or over >= FLOAT64_INTEGERS:
            pairs = zip(whole.ravel().tolist(), shifted.ravel().tolist(), strict=True)
            ratios = ((top, *near.as_integer_ratio()) for top, near in pairs)
            rests = [(top * below - above * over) / (over * below) for top, above, below in ratios]
            return shifted, np.array(rests).reshape(shifted.shape)
        high, low = product(shifted, float(over))
        return shifted, ((whole - high) - low) / over

    @CachedProperty
    def output(self) -> Array:
        """The answer, of the input's shape: float64, or float32 for a float32 grid."""
        values = worked_lines(*self.shifted, log=self.log)
        return rounded(np.moveaxis(values, -1, self.axis), self.kind)

    @property
    def kind(self) -> np.dtype[Any]:
        """The float dtype of the answer."""
        return float_kind(self.input) or FLOAT64

    def step(self, line: Sequence[int], number: int = 1) -> SoftmaxStep:
        """Return the working of one line, at that place among the lines.

        >>> step = softmax([2, 1, 0.1]).step(())
        >>> step.largest, step.shifted, round(step.total, 4), [round(value, 4) for value in step.values]
        (2.0, (0.0, -1.0, -1.9), 1.5174, [0.659, 0.2424, 0.0986])
        """
        place = indices_of(line)
        if len(place) != len(self.lines) or any(not 0 <= i < n for i, n in zip(place, self.lines, strict=True)):
            shape = "×".join(map(str, self.lines)) or "a single one, named ()"
            raise InputError(f"there is no line {list(place)}", hint=f"the lines are {shape}")
        as_float = float_kind(self.input) is not None
        cells = [exact(cell) for cell in np.moveaxis(self.input, self.axis, -1)[place]]
        largest = max(cells)
        shifted, rests = (part[place] for part in self.shifted)
        others = float(exponentials_of(shifted, rests)[1][0])
        chances, logs = (worked_lines(shifted, rests, log=log).tolist() for log in (False, True))
        values = tuple(as_shown(value) for value in rounded(np.array(logs if self.log else chances), self.kind))
        probabilities = tuple(p or exponential(log) for p, log in zip(chances, logs, strict=True))
        return SoftmaxStep(
            number,
            (*place[: self.axis], None, *place[self.axis :]),
            tuple(shown_number(cell, as_float=as_float) for cell in cells),
            shown_number(largest, as_float=as_float),
            tuple(to_float_or_decimal(cell - largest) if as_float else _plain(cell - largest) for cell in cells),
            tuple(exponential(cell - largest) for cell in cells),
            1 + others,
            math.log1p(others),
            probabilities,
            math.fsum(chances),
            values,
        )

    def backward(self, gradient: Any = 1) -> "SoftmaxGradient":
        """Return the gradient of the input, given that of the output: of its shape, or one number for all.

        >>> softmax([0, 0]).backward([1, 0]).output.tolist()
        [0.25, -0.25]
        """
        return SoftmaxGradient(self, like_the_output(gradient, self.input, self.input))


@dataclass(eq=False, repr=False)
class SoftmaxGradient:
    """The gradient of a softmax's input (or of its logarithm's), given that of its output: a line at a time."""

    forward: Softmax
    gradient: Array
    """The gradient of the output, of its shape."""

    @CachedProperty
    def _lines(self) -> tuple[Array, Array]:
        """The probabilities, and the gradients of the output, (…, cells); the axis is last."""
        chances = worked_lines(*self.forward.shifted, log=False)
        return chances, np.moveaxis(as_floats(self.gradient, FLOAT64), self.forward.axis, -1)

    @CachedProperty
    def totals(self) -> Array:
        """What each line's gradients come to, (…): weighted by the probabilities, or of the logarithm just added."""
        chances, gradients = self._lines
        return np.asarray((gradients if self.forward.log else chances * gradients).sum(axis=-1))

    @CachedProperty
    def output(self) -> Array:
        """The gradient of the input: p·(g − Σ p·g), or of the logarithm g − p·Σ g."""
        chances, gradients = self._lines
        if self.forward.log:
            lines = gradients - chances * self.totals[..., None]
        elif chances.shape[-1] <= MOST_PAIRS:  # each difference by itself, so that none is lost beside a large one
            differences = gradients[..., :, None] - gradients[..., None, :]
            lines = chances * (differences * chances[..., None, :]).sum(axis=-1)
        else:
            lines = chances * (gradients - self.totals[..., None])
        dtype = float_kind(self.forward.input, self.gradient) or FLOAT64
        return rounded(np.moveaxis(lines, -1, self.forward.axis), dtype)

    def step(self, line: Sequence[int], number: int = 1) -> SoftmaxGradientStep:
        """Return the working of one line, named by its indices without the axis."""
        place = tuple(line)
        chances, gradients = (part[place].tolist() for part in self._lines)
        written = np.moveaxis(self.gradient, self.forward.axis, -1)[place]
        values = np.moveaxis(self.output, self.forward.axis, -1)[place]
        axis = self.forward.axis
        return SoftmaxGradientStep(
            number,
            (*place[:axis], None, *place[axis:]),
            tuple(chances),
            tuple(as_shown(cell) for cell in written),
            float(self.totals[place]),
            tuple(gradient - float(self.totals[place]) for gradient in gradients),
            tuple(as_shown(value) for value in values),
        )


def jacobian(x: Any, *, log: bool = False) -> Array:
    """Return how each output of one line's softmax (or its logarithm) changes with each input, (outputs, inputs).

    That is p_i·(δ_ij − p_j), or of the logarithm δ_ij − p_j. Raises InputError for more than one line.

    >>> jacobian([0, 0]).tolist()
    [[0.25, -0.25], [-0.25, 0.25]]
    """
    result = softmax(x, log=log)
    if math.prod(result.lines) != 1:
        shape = "×".join(map(str, result.input.shape))
        raise InputError(f"a Jacobian is of one row of logits, and the input is {shape}", hint="give one row")
    if result.input.size > MOST_PAIRS:
        raise InputError(f"a Jacobian of more than {MOST_PAIRS} logits is too large", hint="give fewer")
    chances = worked_lines(*result.shifted, log=False).reshape(-1)
    rests = -np.expm1(worked_lines(*result.shifted, log=True).reshape(-1))
    matrix = np.outer(np.ones_like(chances) if log else chances, -chances)
    np.fill_diagonal(matrix, rests if log else chances * rests)
    return rounded(matrix, float_kind(result.input) or FLOAT64)


def _plain(value: int | Fraction) -> Number:
    return shown_number(value, as_float=False)


def exponentials_of(shifted: Array, rests: Array) -> tuple[Array, Array]:
    """Return e^(x + rest) of lines (…, cells), and each line's total (…, 1) but for the 1 of its maximum.

    The largest exponential is 1, so that the logarithm is that of 1 and the others: none of them is lost, however
    small. So few that they can be read are worked one by one: numpy's exponential differs from machine to machine.
    """
    few = shifted.size <= LARGEST_EXACT
    with np.errstate(under="ignore"):
        powers = np.array([math.exp(cell) for cell in shifted.ravel().tolist()]) if few else np.exp(shifted)
        exponentials = powers.reshape(shifted.shape)
        exponentials = exponentials + exponentials * rests
    others = exponentials.copy()
    np.put_along_axis(others, shifted.argmax(axis=-1, keepdims=True), 0, axis=-1)
    if not few:
        return exponentials, others.sum(axis=-1, keepdims=True)
    sums = [math.fsum(line) for line in others.reshape(-1, shifted.shape[-1]).tolist()]
    return exponentials, np.array(sums).reshape(*shifted.shape[:-1], 1)


def worked_lines(shifted: Array, rests: Array, *, log: bool) -> Array:
    """Return the softmax of lines, (…, cells), whose maximum is 0, or its logarithm."""
    exponentials, others = exponentials_of(shifted, rests)
    if not log:
        return np.asarray(exponentials / (1 + others))
    few = others.size <= LARGEST_EXACT
    logs = np.array([math.log1p(sum_) for sum_ in others.ravel().tolist()]) if few else np.log1p(others)
    return np.asarray(shifted - logs.reshape(others.shape))


def softmax(x: Any, axis: int | None = None, *, log: bool = False) -> Softmax:
    """Return e^x / Σ e^x along an axis of a grid of any shape, or with `log` its logarithm.

    Without an `axis` it is the last one that is longer than 1: a row's cells, or a single column's. Raises
    InputError where there is no such axis.

    >>> softmax([1000, 1000]).output.tolist()
    [0.5, 0.5]
    """
    grid = own_grid(x)
    if axis is None:
        long = [index for index, length in enumerate(grid.shape) if length > 1]
        axis = long[-1] if long else grid.ndim - 1
    if not -grid.ndim <= axis < grid.ndim:
        raise InputError(f"the grid has no axis {axis}", hint=f"its axes are {named_axes(grid.shape)}")
    return Softmax(grid, axis % grid.ndim, log)


def named_axes(shape: tuple[int, ...]) -> str:
    """Write what a grid's axes are.

    >>> named_axes((2, 3))
    '0 (2 rows) and 1 (3 columns)'
    """
    names = AXES[-len(shape) :]
    parts = [
        f"{index} ({length} {name if length > 1 else name[:-1]})"
        for index, (length, name) in enumerate(zip(shape, names, strict=True))
    ]
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
