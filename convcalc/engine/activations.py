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
    FLOAT64,
    VAST,
    Array,
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
from convcalc.engine.two_floats import floats_and_rests, product
from convcalc.errors import InputError


def exponential(x: Number) -> float | Decimal:
    """Return e^x: a float, or a Decimal where no float comes near it.

    >>> exponential(0), f"{exponential(1000):.4e}"
    (1.0, '1.9701e+434')
    """
    whole = exact(x)
    if -700 < whole < 700:
        power = float(whole)
        raised = math.exp(power)
        return raised + raised * float(whole - Fraction(power))
    return VAST.exp(VAST.divide(Decimal(whole.numerator), Decimal(whole.denominator)))


class Function(NamedTuple):
    """An activation: its formula, the function on float64 cells, and the intermediate results of one cell.

    The function takes the cells as floats, and what was left over when they were rounded.
    `default` is the parameter's default, where there is one: the slope or alpha.
    """

    formula: str
    of: Callable[[Array, Array, float], Array]
    parts: Callable[[Number, Number], tuple[Number, ...]]
    default: Fraction | None = None
    parameter: str = ""


ROOT_HALF, ROOT_HALF_REST = 0.7071067811865476, -4.833646656726457e-17
"""√½, and what its rounding left over."""
INNER = (26772563 / 2**24, 1.426396435433791e-08), (2394270 / 2**25, 9.849412992916964e-09)
"""2·√(2/π), and that times 0.044715: a few binary digits of each, and the rest."""
DENSITY = 0.3989422804014327
"""1/√(2π)."""
LEAST = -700.0
"""An exponent whose exponential has all its digits in a float."""
MOST, FAR = 40.0, -30.0
"""Where Φ is 1, or less than any float; and from where down a short fraction gives it."""


def _gated(x: Array | float, z: Array, rest: Array) -> Array:
    """Return x/(1 + e^-(z + rest)): x meets an exponential that is still a whole float, before what is left of it."""
    small = _falling(np.maximum(z, LEAST), rest)
    result: Array = np.where(z < 0, x * small * np.exp(np.minimum(z - LEAST, 0)), x) / (1 + small)
    return result


def sigmoid(x: Array, rest: Array, _: float = 0) -> Array:
    """Return 1/(1 + e^-(x + rest))."""
    small = _falling(x, rest)
    result: Array = np.where(x >= 0, 1, small) / (1 + small)
    return result


def _falling(x: Array, rest: Array) -> Array:
    """Return e^-|x + rest|, whose rest is small."""
    with np.errstate(under="ignore"):
        powers = np.exp(-np.abs(x))
        return np.asarray(powers - powers * np.copysign(1, x) * rest)


def _normal(x: Array, rest: Array) -> Array:
    """Return Φ(x), the share of a normal distribution below x, from -37; numpy has no erf of its own."""
    root, missed = product(x, ROOT_HALF)
    tails = np.array([math.erfc(-cell) for cell in root.ravel().tolist()]).reshape(x.shape)
    missed = missed + x * ROOT_HALF_REST + rest * ROOT_HALF
    return np.asarray(tails / 2 + np.exp(-root * root) / math.sqrt(math.pi) * missed)


def _gelu(x: Array, rest: Array, _: float) -> Array:
    near, far = np.clip(x, FAR, MOST), np.clip(x, -MOST, FAR)
    square, missed = product(far, far)
    density = np.exp(-square / 2) * DENSITY
    density -= density * (missed / 2 + far * rest)
    return np.where(x < FAR, density * _shortfall(far) - density, x * _normal(near, rest))


def _shortfall(x: Any) -> Any:
    """Return by what share x·Φ(x) falls short of the density −φ(x), x ≤ FAR, by Laplace's continued fraction."""
    fraction = -x
    for count in range(8, 1, -1):
        fraction = count / fraction - x
    return 1 / (1 - x * fraction)


def _share_below(x: Number, _: Number) -> tuple[Number]:
    """Return Φ(x): a float, or a Decimal where no float comes near it."""
    if x >= FAR:
        floats, rests = floats_and_rests(as_grid([x]))
        return (float(_normal(np.minimum(floats, MOST), rests)[0]),)
    cell = VAST.divide(Decimal(exact(x).numerator), Decimal(exact(x).denominator))
    density = VAST.multiply(VAST.exp(VAST.multiply(cell, cell) / -2), Decimal(DENSITY))
    return (VAST.divide(VAST.multiply(density, Decimal(_shortfall(float(x)) - 1)), cell),)


def _gelu_inner(x: Array, rest: Array) -> tuple[Array, Array]:
    """Return twice what gelu-tanh takes the tanh of, in two parts: x of a few digits is cubed and weighted exactly."""
    x = np.clip(x, -MOST, MOST)
    few = np.rint(x * 64) / 64
    left = x - few + rest
    (linear, linear_rest), (cubic, cubic_rest) = INNER
    cube = few * few * few
    most, more = few * linear + cube * cubic, few * linear_rest + cube * cubic_rest
    more += left * (linear + linear_rest + (cubic + cubic_rest) * (few * few + few * x + x * x))
    inner = most + more
    return inner, more - (inner - most)


def _leaky(x: Array, _: Array, slope: float) -> Array:
    result: Array = np.maximum(x, 0) + slope * np.minimum(x, 0)
    return result


def _elu(x: Array, _: Array, alpha: float) -> Array:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def softplus(x: Array, rest: Array, _: float = 0) -> Array:
    """Return ln(1 + e^(x + rest))."""
    result: Array = np.maximum(x, 0) + np.log1p(_falling(x, rest))
    return result


def _gelu_tanh_parts(x: Number, _: Number) -> tuple[Number, ...]:
    """Return what the tanh is taken of, and 1 + that tanh, whose digits tanh itself would lose."""
    inner, rest = _gelu_inner(*floats_and_rests(as_grid([x])))
    both = float(_gated(2.0, inner, rest)[0])
    if -MOST <= x <= MOST:
        return float(inner[0]) / 2, both
    cell = VAST.divide(Decimal(exact(x).numerator), Decimal(exact(x).denominator))
    cubed = VAST.add(cell, VAST.multiply(VAST.power(cell, 3), Decimal("0.044715")))
    return VAST.multiply(cubed, Decimal(math.sqrt(2 / math.pi))), both


FUNCTIONS: dict[ActivationKind, Function] = {
    ActivationKind.RELU: Function("max(0, x)", lambda x, *_: np.maximum(x, 0), lambda x, _: ()),
    ActivationKind.LEAKY_RELU: Function(
        "max(0, x) + slope·min(0, x)", _leaky, lambda x, _: (max(0, x), min(0, x)), Fraction(1, 100), "slope"
    ),
    ActivationKind.ELU: Function(
        "x if x > 0, else alpha·(e^x − 1)", _elu, lambda x, _: (exponential(x),), Fraction(1), "alpha"
    ),
    ActivationKind.GELU: Function(
        "x·Φ(x), with Φ(x) = (1 + erf(x/√2))/2",
        _gelu,
        _share_below,
    ),
    ActivationKind.GELU_TANH: Function(
        "x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³)))",
        lambda x, rest, _: _gated(x, *_gelu_inner(x, rest)),
        _gelu_tanh_parts,
    ),
    ActivationKind.SILU: Function(
        "x/(1 + e^-x)", lambda x, rest, _: _gated(x, x, rest), lambda x, _: (exponential(-x),)
    ),
    ActivationKind.SIGMOID: Function("1/(1 + e^-x)", sigmoid, lambda x, _: (exponential(-x),)),
    ActivationKind.TANH: Function(
        "(e^x − e^-x)/(e^x + e^-x)", lambda x, *_: np.tanh(x), lambda x, _: (exponential(x), exponential(-x))
    ),
    ActivationKind.SOFTPLUS: Function(
        "ln(1 + e^x)",
        softplus,
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
    parts: tuple[Number, ...]
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
            values = self.function.of(*floats_and_rests(cells), to_float(self.parameter))
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
