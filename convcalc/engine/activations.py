"""Activations: a function of each cell by itself, as data; softmax, which needs its neighbours, has its own module.

The formulas are PyTorch's (torch.nn); each is worked in a form that neither overflows nor loses small results.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from convcalc.choices import ActivationKind
from convcalc.engine.exact import (
    VAST,
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
    settle_number,
    settle_result,
    to_float,
)
from convcalc.engine.grids import as_grid, own_grid
from convcalc.engine.kept import Kept
from convcalc.engine.shapes import choose, place_in
from convcalc.engine.step import Number
from convcalc.errors import InputError

FLOAT64 = np.dtype(np.float64)

Part = Number | Decimal
"""An intermediate result; a Decimal where a float would overflow, or vanish."""


def exponential(x: Number) -> float | Decimal:
    """Return e^x: a float, or a Decimal where no float comes near it.

    >>> exponential(0), f"{exponential(1000):.4e}"
    (1.0, '1.9701e+434')
    """
    power = float(x)
    if abs(power) < 700:
        return math.exp(power)
    return VAST.exp(Decimal(power))


class Function(NamedTuple):
    """An activation: its formula, the function on float64 cells, and the intermediate results of one cell.

    `default` is the parameter's default, where there is one: the slope or alpha.
    """

    formula: str
    of: Callable[[Array, float], Array]
    parts: Callable[[Number, Number], tuple[Part, ...]]
    default: Fraction | None = None
    parameter: str = ""


def _sigmoid(x: Array, _: float = 0) -> Array:
    small = np.exp(-np.abs(x))
    result: Array = np.where(x >= 0, 1, small) / (1 + small)
    return result


def _normal(x: Array) -> Array:
    """Return Φ(x), the share of a normal distribution below x; numpy has no erf of its own."""
    return np.array([math.erfc(-cell / math.sqrt(2)) / 2 for cell in x.ravel().tolist()]).reshape(x.shape)


def _gelu_inner(x: Any) -> Any:
    return math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)


def _leaky(x: Array, slope: float) -> Array:
    result: Array = np.maximum(x, 0) + slope * np.minimum(x, 0)
    return result


def _elu(x: Array, alpha: float) -> Array:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _gelu_tanh_parts(x: Number, _: Number) -> tuple[Part, ...]:
    inner = _gelu_inner(float(x))
    return inner, math.tanh(inner)


FUNCTIONS: dict[ActivationKind, Function] = {
    ActivationKind.RELU: Function("max(0, x)", lambda x, _: np.maximum(x, 0), lambda x, _: ()),
    ActivationKind.LEAKY_RELU: Function(
        "max(0, x) + slope·min(0, x)", _leaky, lambda x, _: (max(0, x), min(0, x)), Fraction(1, 100), "slope"
    ),
    ActivationKind.ELU: Function(
        "x if x > 0, else alpha·(e^x − 1)", _elu, lambda x, _: (exponential(x),), Fraction(1), "alpha"
    ),
    ActivationKind.GELU: Function(
        "x·Φ(x), with Φ(x) = (1 + erf(x/√2))/2",
        lambda x, _: x * _normal(x),
        lambda x, _: (math.erfc(-float(x) / math.sqrt(2)) / 2,),
    ),
    ActivationKind.GELU_TANH: Function(
        "x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³)))",
        lambda x, _: x * (1 + np.tanh(_gelu_inner(x))) / 2,
        _gelu_tanh_parts,
    ),
    ActivationKind.SILU: Function("x/(1 + e^-x)", lambda x, _: x * _sigmoid(x), lambda x, _: (exponential(-x),)),
    ActivationKind.SIGMOID: Function("1/(1 + e^-x)", _sigmoid, lambda x, _: (exponential(-x),)),
    ActivationKind.TANH: Function(
        "(e^x − e^-x)/(e^x + e^-x)", lambda x, _: np.tanh(x), lambda x, _: (exponential(x), exponential(-x))
    ),
    ActivationKind.SOFTPLUS: Function(
        "ln(1 + e^x)",
        lambda x, _: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),
        lambda x, _: (exponential(x),),
    ),
}
"""Every activation of one cell, by its word."""

PIECEWISE_LINEAR = (ActivationKind.RELU, ActivationKind.LEAKY_RELU)
"""Those whose results are as exact as their input."""


class ActivationStep(NamedTuple):
    """One cell: what it was, the intermediate results of its function, what it became, and whether that is exact."""

    number: int
    at: tuple[int, int, int, int]
    cell: Number
    parts: tuple[Part, ...]
    value: Number
    exact: bool


@dataclass(eq=False, repr=False)
class Activated:
    """An activation ready to be asked: for its whole `output` or for the working of any one cell."""

    input: Array
    kind: ActivationKind
    parameter: int | Fraction

    @property
    def function(self) -> Function:
        """The function itself."""
        return FUNCTIONS[self.kind]

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The shape as items, channels, rows, columns."""
        full = (1,) * (4 - self.input.ndim) + self.input.shape
        return full[0], full[1], full[2], full[3]

    @Kept
    def output(self) -> Array:
        """The answer, of the input's shape: exact where the function is and the input, else floats."""
        if self.kind == ActivationKind.RELU:
            return as_grid(np.maximum(self.input, 0))
        scaled = over_common_denominator(self.input) if self.kind == ActivationKind.LEAKY_RELU else None
        if scaled is not None:
            return self._leaky(*scaled)
        return self._in_floats(self.input)

    def _leaky(self, numerators: Array, over: int) -> Array:
        slope = Fraction(self.parameter)
        factors = np.array([slope.numerator, slope.denominator], dtype=object)
        numerators, (up, down) = as_integers(magnitude(numerators) * magnitude(factors), numerators, factors)
        bent = np.where(numerators < 0, numerators * up, numerators * down)
        return quotient(bent, over * slope.denominator, float_kind(self.input))

    def _in_floats(self, cells: Array) -> Array:
        kind = float_kind(cells) or FLOAT64
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            values = self.function.of(as_floats(cells, FLOAT64), to_float(self.parameter))
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
        cell = settle_number(x, as_float=as_float)
        piecewise = self.kind in PIECEWISE_LINEAR
        if piecewise:
            value = settle_result(max(x, 0) + self.parameter * min(x, 0), float_kind(self.input))
        else:
            value = as_shown(self._in_floats(np.array([raw], dtype=self.input.dtype))[0])
        shown = self.function.parts(cell, self.parameter)
        settled = piecewise or (x == 0 and self.kind != ActivationKind.SOFTPLUS)
        settled = settled or (self.kind == ActivationKind.ELU and x > 0)
        return ActivationStep(number, place, cell, shown, value, settled)


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
    function = FUNCTIONS[kind]
    if parameter is not None and function.default is None:
        raise InputError(f"{kind} has no parameter", hint="leave it out")
    value = function.default if parameter is None else exact(as_grid([parameter])[0])
    return Activated(grid, kind, Fraction(0) if value is None else value)
