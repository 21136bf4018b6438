"""Every activation of one cell, each in one record; softmax, which needs its neighbours, has its own module.

The formulas are PyTorch's (torch.nn). A new activation is a record and its line in `ActivationKind`, and its command
comes from there. Whatever is large is loaded when a number is worked, so that the command line can name them at once.
"""

import math
from typing import TYPE_CHECKING, Any

from convcalc.choices import Word
from convcalc.engine.activation_record import ActivationRecord
from convcalc.later import Later

if TYPE_CHECKING:
    import decimal
    import fractions

    import numpy as np

    from convcalc.engine import exact, functions, grids, two_floats
    from convcalc.engine.exact import Array
    from convcalc.engine.step import Number
else:
    decimal, fractions, np = Later("decimal"), Later("fractions"), Later("numpy")
    exact, functions, grids, two_floats = (
        Later(f"convcalc.engine.{name}") for name in ("exact", "functions", "grids", "two_floats")
    )


def _raised(write: Any, value: object) -> str:
    """Write a number as an exponent: e^-5, e^(1/3)."""
    text: str = write(value)
    return f"({text})" if "/" in text else text


class Relu(ActivationRecord):
    """The cell, or 0 for a negative one."""

    formula = "max(0, x)"
    summary = "Rectify: max(0, x) of every cell. Negative cells become 0, the others stay."
    is_rational = True
    is_likely = True

    def of(self, x: "Array", rest: "Array", parameter: float) -> "Array":
        """Return the larger of 0 and x."""
        return np.asarray(np.maximum(x, 0))

    def of_cells(self, cells: "Array") -> "Array":
        """Return the same, of whatever cells."""
        return np.asarray(np.maximum(cells, 0))

    def exactly(self, x: Any, parameter: Any) -> Any:
        """Return the same."""
        return max(x, 0)

    def working(self, write: Any, x: "Number", parts: tuple[Any, ...], parameter: str) -> tuple[str, ...]:
        """Write max(0, -3)."""
        return (f"max(0, {write(x)})",)


class LeakyRelu(ActivationRecord):
    """The cell, or a negative one times a small slope."""

    formula = "max(0, x) + slope·min(0, x)"
    summary = "Rectify, but let negative cells through by a small slope: max(0, x) + slope·min(0, x)."
    parameter, default, parameter_help = "slope", "0.01", "What a negative cell is multiplied by."
    example = "--slope 1/5"
    is_rational = True

    def of(self, x: "Array", rest: "Array", parameter: float) -> "Array":
        """Return x, or what the slope leaves of it."""
        return np.asarray(np.maximum(x, 0) + parameter * np.minimum(x, 0))

    def of_integers(self, cells: "Array", over: int, parameter: Any) -> "tuple[Array, int]":
        """Return the same, over the slope's denominator too."""
        slope = fractions.Fraction(parameter)
        factors = np.array([slope.numerator, slope.denominator], dtype=object)
        cells, (up, down) = exact.as_integers(exact.magnitude(cells) * exact.magnitude(factors), cells, factors)
        return np.where(cells < 0, cells * up, cells * down), over * slope.denominator

    def exactly(self, x: Any, parameter: Any) -> Any:
        """Return the same."""
        return max(x, 0) + parameter * min(x, 0)

    def parts(self, x: "Number", parameter: "Number") -> tuple["Number", ...]:
        """Return what is above 0, and what is below."""
        return max(0, x), min(0, x)

    def working(self, write: Any, x: "Number", parts: tuple[Any, ...], parameter: str) -> tuple[str, ...]:
        """Write max(0, -3) + 0.01×min(0, -3) = 0 + 0.01×(-3)."""
        above, below = parts
        text = write(x)
        return f"max(0, {text}) + {parameter}×min(0, {text})", f"{write(above)} + {parameter}×{write.factor(below)}"


class Elu(ActivationRecord):
    """The cell, or a negative one's exponential less 1."""

    formula = "x if x > 0, else alpha·(e^x − 1)"
    summary = "Take x where it is positive, and alpha·(e^x − 1) where it is not."
    parameter, default, parameter_help = "alpha", "1", "How far below 0 a negative cell can come."
    example = "--alpha 0.5"

    def of(self, x: "Array", rest: "Array", parameter: float) -> "Array":
        """Return x, or alpha·(e^x − 1)."""
        return np.where(x > 0, x, parameter * np.expm1(np.minimum(x, 0)))

    def parts(self, x: "Number", parameter: "Number") -> tuple["Number", ...]:
        """Return e^x."""
        return (functions.exponential(x),)

    def is_exact_at(self, x: "Number") -> bool:
        """Return whether the cell stays what it is."""
        return x >= 0

    def in_words(self, write: Any, x: "Number") -> str | None:
        """Return that a cell is positive."""
        return f"{write(x)} > 0" if x > 0 else None

    def working(self, write: Any, x: "Number", parts: tuple[Any, ...], parameter: str) -> tuple[str, ...]:
        """Write 1×(e^-3 − 1) = 1×(0.0498 − 1)."""
        return f"{parameter}×(e^{_raised(write, x)} − 1)", f"{parameter}×({write(parts[0])} − 1)"


DENSITY = 0.3989422804014327
"""1/√(2π)."""
MOST, FAR = 40.0, -30.0
"""Where Φ is 1, or less than any float; and from where down a short fraction gives it."""


class Gelu(ActivationRecord):
    """The cell times the share of a normal distribution below it."""

    formula = "x·Φ(x), with Φ(x) = (1 + erf(x/√2))/2"
    summary = "Take x·Φ(x) of every cell: the cell times the share of a normal distribution below it."
    example = "--tanh"

    def of(self, x: "Array", rest: "Array", parameter: float) -> "Array":
        """Return x·Φ(x)."""
        near, far = np.clip(x, FAR, MOST), np.clip(x, -MOST, FAR)
        square, missed = two_floats.product(far, far)
        density = np.exp(-square / 2) * DENSITY
        density -= density * (missed / 2 + far * rest)
        return np.where(x < FAR, density * _shortfall(far) - density, x * functions.normal(near, rest))

    def parts(self, x: "Number", parameter: "Number") -> tuple["Number", ...]:
        """Return Φ(x): a float, or a Decimal where no float comes near it."""
        if x >= FAR:
            floats, rests = two_floats.floats_and_rests(grids.as_grid([x]))
            return (float(functions.normal(np.minimum(floats, MOST), rests)[0]),)
        vast, cell = exact.OF_ANY_SIZE, functions.as_decimal(x)
        density = vast.multiply(vast.exp(vast.multiply(cell, cell) / -2), decimal.Decimal(DENSITY))
        return (vast.divide(vast.multiply(density, decimal.Decimal(_shortfall(float(x)) - 1)), cell),)

    def working(self, write: Any, x: "Number", parts: tuple[Any, ...], parameter: str) -> tuple[str, ...]:
        """Write 2×Φ(2) = 2×0.9772."""
        return f"{write.factor(x)}×Φ({write(x)})", f"{write.factor(x)}×{write(parts[0])}"


def _shortfall(x: Any) -> Any:
    """Return by what share x·Φ(x) falls short of the density −φ(x), x ≤ FAR, by Laplace's continued fraction."""
    fraction = -x
    for count in range(8, 1, -1):
        fraction = count / fraction - x
    return 1 / (1 - x * fraction)


INNER = (26772563 / 2**24, 1.426396435433791e-08), (2394270 / 2**25, 9.849412992916964e-09)
"""2·√(2/π), and that times 0.044715: a few binary digits of each, and the rest."""


class GeluTanh(ActivationRecord):
    """The approximation of gelu by tanh, as in BERT and GPT-2."""

    formula = "x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³)))"
    summary = "Take gelu's approximation by tanh of every cell."
    variant_of, option, option_help = "gelu", "--tanh", "The approximation by tanh, as in BERT and GPT-2."

    def of(self, x: "Array", rest: "Array", parameter: float) -> "Array":
        """Return x/2·(1 + tanh(…)), which is x over 1 + e^-2(…)."""
        return functions.gated(x, *_inner(x, rest))

    def parts(self, x: "Number", parameter: "Number") -> tuple["Number", ...]:
        """Return what the tanh is taken of, and 1 + that tanh, whose digits tanh itself would lose."""
        inner, rest = _inner(*two_floats.floats_and_rests(grids.as_grid([x])))
        both = float(functions.gated(2.0, inner, rest)[0])
        if -MOST <= x <= MOST:
            return float(inner[0]) / 2, both
        vast, cell = exact.OF_ANY_SIZE, functions.as_decimal(x)
        cubed = vast.add(cell, vast.multiply(vast.power(cell, 3), decimal.Decimal("0.044715")))
        return vast.multiply(cubed, decimal.Decimal(math.sqrt(2 / math.pi))), both

    def working(self, write: Any, x: "Number", parts: tuple[Any, ...], parameter: str) -> tuple[str, ...]:
        """Write 2/2×(1 + tanh(√(2/π)×(2 + 0.044715×2³))) = 2/2×(1 + tanh(1.8812)) = 2/2×1.9546."""
        half, (inner, both) = f"{write.factor(x)}/2", parts
        return (
            f"{half}×(1 + tanh(√(2/π)×({write(x)} + 0.044715×{write.factor(x)}³)))",
            f"{half}×(1 + tanh({write(inner)}))",
            f"{half}×{write(both)}",
        )


def _inner(x: "Array", rest: "Array") -> "tuple[Array, Array]":
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


class Silu(ActivationRecord):
    """The cell times its sigmoid."""

    formula = "x/(1 + e^-x)"
    summary = "Take x/(1 + e^-x) of every cell (SiLU, or swish): the cell times its sigmoid."

    def of(self, x: "Array", rest: "Array", parameter: float) -> "Array":
        """Return x/(1 + e^-x)."""
        return functions.gated(x, x, rest)

    def parts(self, x: "Number", parameter: "Number") -> tuple["Number", ...]:
        """Return e^-x."""
        return (functions.exponential(-x),)

    def working(self, write: Any, x: "Number", parts: tuple[Any, ...], parameter: str) -> tuple[str, ...]:
        """Write 2/(1 + e^-2) = 2/(1 + 0.1353)."""
        return f"{write.factor(x)}/(1 + e^-{write.factor(x)})", f"{write.factor(x)}/(1 + {write(parts[0])})"


class Sigmoid(ActivationRecord):
    """A cell between 0 and 1."""

    formula = "1/(1 + e^-x)"
    summary = "Take 1/(1 + e^-x) of every cell: between 0 and 1."
    is_likely = True

    def of(self, x: "Array", rest: "Array", parameter: float) -> "Array":
        """Return 1/(1 + e^-x)."""
        return functions.sigmoid(x, rest)

    def parts(self, x: "Number", parameter: "Number") -> tuple["Number", ...]:
        """Return e^-x."""
        return (functions.exponential(-x),)

    def working(self, write: Any, x: "Number", parts: tuple[Any, ...], parameter: str) -> tuple[str, ...]:
        """Write 1/(1 + e^-2) = 1/(1 + 0.1353)."""
        return f"1/(1 + e^-{write.factor(x)})", f"1/(1 + {write(parts[0])})"


class Tanh(ActivationRecord):
    """A cell between -1 and 1."""

    formula = "(e^x − e^-x)/(e^x + e^-x)"
    summary = "Take the hyperbolic tangent of every cell: between -1 and 1."
    is_likely = True

    def of(self, x: "Array", rest: "Array", parameter: float) -> "Array":
        """Return numpy's tanh."""
        return np.asarray(np.tanh(x))

    def parts(self, x: "Number", parameter: "Number") -> tuple["Number", ...]:
        """Return e^x and e^-x."""
        return functions.exponential(x), functions.exponential(-x)

    def working(self, write: Any, x: "Number", parts: tuple[Any, ...], parameter: str) -> tuple[str, ...]:
        """Write (e^2 − e^-2)/(e^2 + e^-2) = (7.3891 − 0.1353)/(7.3891 + 0.1353)."""
        up, down = f"e^{_raised(write, x)}", f"e^-{write.factor(x)}"
        larger, smaller = (write(part) for part in parts)
        return f"({up} − {down})/({up} + {down})", f"({larger} − {smaller})/({larger} + {smaller})"


class Softplus(ActivationRecord):
    """A smooth ReLU."""

    formula = "ln(1 + e^x)"
    summary = "Take ln(1 + e^x) of every cell: a smooth ReLU."

    def of(self, x: "Array", rest: "Array", parameter: float) -> "Array":
        """Return ln(1 + e^x)."""
        return functions.softplus(x, rest)

    def parts(self, x: "Number", parameter: "Number") -> tuple["Number", ...]:
        """Return e^x."""
        return (functions.exponential(x),)

    def is_exact_at(self, x: "Number") -> bool:
        """Return False: that of 0 is ln 2."""
        return False

    def working(self, write: Any, x: "Number", parts: tuple[Any, ...], parameter: str) -> tuple[str, ...]:
        """Write ln(1 + e^2) = ln(1 + 7.3891)."""
        return f"ln(1 + e^{_raised(write, x)})", f"ln(1 + {write(parts[0])})"


class ActivationKind(Word):
    """The functions of one cell, by their words."""

    record: ActivationRecord

    RELU = "relu", Relu()
    LEAKY_RELU = "leaky-relu", LeakyRelu()
    ELU = "elu", Elu()
    GELU = "gelu", Gelu()
    GELU_TANH = "gelu-tanh", GeluTanh()
    SILU = "silu", Silu()
    SIGMOID = "sigmoid", Sigmoid()
    TANH = "tanh", Tanh()
    SOFTPLUS = "softplus", Softplus()
