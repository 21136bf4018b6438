"""Every activation of one cell, each in one record; softmax, which needs its neighbours, has its own module.

The formulas are PyTorch's (torch.nn). A new activation is a line of `ActivationKind`, and its command comes from
there. Whatever is large is loaded when a number is worked, so that the command line can name them at once.
"""

import math
from typing import TYPE_CHECKING, Any

from convcalc.choices import Word
from convcalc.engine.activation_record import ActivationRecord, Parameter
from convcalc.engine.straight_activations import (
    CLIP,
    HARDSHRINK,
    HARDSIGMOID,
    HARDSWISH,
    LEAKY_RELU,
    PRELU,
    RELU,
    RELU6,
    SOFTSHRINK,
    SOFTSIGN,
    THRESHOLD,
)
from convcalc.later import Later

if TYPE_CHECKING:
    import decimal
    import fractions

    import numpy as np

    from convcalc.engine import decimals, exact, functions, grids, two_floats
    from convcalc.engine.exact import Array
    from convcalc.engine.step import Number
else:
    decimal, fractions, np = Later("decimal"), Later("fractions"), Later("numpy")
    decimals, exact, functions, grids, two_floats = (
        Later(f"convcalc.engine.{name}") for name in ("decimals", "exact", "functions", "grids", "two_floats")
    )


def _raised(write: Any, value: object) -> str:
    """Write a number as an exponent: e^-5, e^(1/3)."""
    text: str = write(value)
    return f"({text})" if "/" in text else text


ELU = ActivationRecord(
    formula="x if x > 0, else alpha·(e^x − 1)",
    summary="Take x where it is positive, and alpha·(e^x − 1) where it is not.",
    parameters=(Parameter("alpha", "1", "How far below 0 a negative cell can come."),),
    example="--alpha 0.5",
    of=lambda x, rest, alpha: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),
    derivative="1 if x > 0, else alpha·e^x",
    slope=lambda x, rest, alpha: np.where(x > 0, 1.0, alpha * np.exp(np.minimum(x, 0)) * (1 + rest)),
    slope_written=lambda write, x, y, alpha: "" if x > 0 else f"{alpha}×e^{_raised(write, x)}",
    parts=lambda x: (functions.exponential(x),),
    is_exact_at=lambda x: x >= 0,
    in_words=lambda write, x, alpha: f"{write(x)} > 0" if x > 0 else None,
    working=lambda write, x, parts, alpha: (
        f"{alpha}×(e^{_raised(write, x)} − 1)",
        f"{alpha}×({write(parts[0])} − 1)",
    ),
)

DENSITY = 0.3989422804014327
"""1/√(2π)."""
MOST, FAR = 40.0, -30.0
"""Where Φ is 1, or less than any float; and from where down a short fraction gives it."""


def _gelu(x: "Array", rest: "Array") -> "Array":
    near, far = np.clip(x, FAR, MOST), np.clip(x, -MOST, FAR)
    square, missed = decimals.product(far, far)
    density = np.exp(-square / 2) * DENSITY
    density -= density * (missed / 2 + far * rest)
    return np.where(x < FAR, density * _shortfall(far) - density, x * functions.normal(near, rest))


def _shortfall(x: Any) -> Any:
    """Return by what share x·Φ(x) falls short of the density −φ(x), x ≤ FAR, by Laplace's continued fraction."""
    fraction = -x
    for count in range(8, 1, -1):
        fraction = count / fraction - x
    return 1 / (1 - x * fraction)


def _share_below(x: "Number") -> "tuple[Number]":
    """Return Φ(x): a float, or a Decimal where no float comes near it."""
    if x >= FAR:
        floats, rests = two_floats.floats_and_rests(grids.as_grid([x]))
        return (float(functions.normal(np.minimum(floats, MOST), rests)[0]),)
    context, cell = exact.OF_ANY_SIZE, functions.as_decimal(x)
    density = context.multiply(context.exp(context.multiply(cell, cell) / -2), decimal.Decimal(DENSITY))
    return (context.divide(context.multiply(density, decimal.Decimal(_shortfall(float(x)) - 1)), cell),)


def _gelu_slope(x: "Array", rest: "Array") -> "Array":
    """Return Φ(x) + x·φ(x); far below 0 as φ(x) times what Φ(x)/φ(x) leaves of x."""
    near, far = np.clip(x, FAR, MOST), np.clip(x, -MOST, FAR)
    x = np.clip(x, -MOST, MOST)
    square, missed = decimals.product(x, x)
    density = np.exp(-square / 2) * DENSITY
    density -= density * (missed / 2 + x * rest)
    return np.where(x < FAR, density * (far + (1 - _shortfall(far)) / -far), functions.normal(near, rest) + x * density)


GELU = ActivationRecord(
    formula="x·Φ(x), with Φ(x) = (1 + erf(x/√2))/2",
    summary="Take x·Φ(x) of every cell: the cell times the share of a normal distribution below it.",
    example="--tanh",
    of=_gelu,
    derivative="Φ(x) + x·φ(x), with φ(x) = e^(-x²/2)/√(2π)",
    slope=_gelu_slope,
    slope_written=lambda write, x, y: f"(Φ({write(x)}) + {write.factor(x)}×φ({write(x)}))",
    parts=_share_below,
    working=lambda write, x, parts: (
        f"{write.factor(x)}×Φ({write(x)})",
        f"{write.factor(x)}×{write(parts[0])}",
    ),
)

INNER = (26772563 / 2**24, 1.426396435433791e-08), (2394270 / 2**25, 9.849412992916964e-09)
"""2·√(2/π), and that times 0.044715: a few binary digits of each, and the rest."""


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


def _gelu_tanh_parts(x: "Number") -> "tuple[Number, ...]":
    """Return what the tanh is taken of, and 1 + that tanh, whose digits tanh itself would lose."""
    inner, rest = _inner(*two_floats.floats_and_rests(grids.as_grid([x])))
    both = float(functions.gated(2.0, inner, rest)[0])
    if -MOST <= x <= MOST:
        return float(inner[0]) / 2, both
    context, cell = exact.OF_ANY_SIZE, functions.as_decimal(x)
    cubed = context.add(cell, context.multiply(context.power(cell, 3), decimal.Decimal("0.044715")))
    return context.multiply(cubed, decimal.Decimal(math.sqrt(2 / math.pi))), both


def _gelu_tanh_slope(x: "Array", rest: "Array") -> "Array":
    inner, inner_rest = _inner(x, rest)
    share = functions.sigmoid(inner, inner_rest)  # (1 + tanh(inner/2))/2
    bend = share * functions.sigmoid(-inner, -inner_rest)
    near = np.clip(x, -MOST, MOST)
    return np.asarray(share + near * bend * 2 * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * near * near))


GELU_TANH = ActivationRecord(
    formula="x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³)))",
    summary="Take gelu's approximation by tanh of every cell.",
    variant_of="gelu",
    option="--tanh",
    option_help="The approximation by tanh, as in BERT and GPT-2.",
    of=lambda x, rest: functions.gated(x, *_inner(x, rest)),
    derivative="(1 + t)/2 + x/2·(1 − t²)·√(2/π)·(1 + 0.134145·x²), with t that tanh",
    slope=_gelu_tanh_slope,
    slope_written=lambda write, x, y: "",
    parts=_gelu_tanh_parts,
    working=lambda write, x, parts: (
        f"{write.factor(x)}/2×(1 + tanh(√(2/π)×({write(x)} + 0.044715×{write.factor(x)}³)))",
        f"{write.factor(x)}/2×(1 + tanh({write(parts[0])}))",
        f"{write.factor(x)}/2×{write(parts[1])}",
    ),
)

SILU = ActivationRecord(
    formula="x/(1 + e^-x)",
    summary="Take x/(1 + e^-x) of every cell (SiLU, or swish): the cell times its sigmoid.",
    of=lambda x, rest: functions.gated(x, x, rest),
    derivative="σ(x)·(1 + x·(1 − σ(x))), with σ(x) = 1/(1 + e^-x)",
    slope=lambda x, rest: functions.sigmoid(x, rest) * (1 + x * functions.sigmoid(-x, -rest)),
    slope_written=lambda write, x, y: f"σ({write(x)})×(1 + {write.factor(x)}×(1 − σ({write(x)})))",
    parts=lambda x: (functions.exponential(-x),),
    working=lambda write, x, parts: (
        f"{write.factor(x)}/(1 + e^-{write.factor(x)})",
        f"{write.factor(x)}/(1 + {write(parts[0])})",
    ),
)

SIGMOID = ActivationRecord(
    formula="1/(1 + e^-x)",
    summary="Take 1/(1 + e^-x) of every cell: between 0 and 1.",
    of=lambda x, rest: functions.sigmoid(x, rest),
    derivative="y·(1 − y)",
    slope=lambda x, rest: functions.sigmoid(x, rest) * functions.sigmoid(-x, -rest),
    slope_written=lambda write, x, y: f"{write(y)}×(1 − {write(y)})",
    parts=lambda x: (functions.exponential(-x),),
    working=lambda write, x, parts: (f"1/(1 + e^-{write.factor(x)})", f"1/(1 + {write(parts[0])})"),
    is_likely=True,
)

TANH = ActivationRecord(
    formula="(e^x − e^-x)/(e^x + e^-x)",
    summary="Take the hyperbolic tangent of every cell: between -1 and 1.",
    of=lambda x, rest: np.asarray(np.tanh(x)),
    derivative="1 − y²",
    slope=lambda x, rest: 4 * functions.sigmoid(2 * x, 2 * rest) * functions.sigmoid(-2 * x, -2 * rest),
    slope_written=lambda write, x, y: f"(1 − {write.factor(y)}²)",
    parts=lambda x: (functions.exponential(x), functions.exponential(-x)),
    working=lambda write, x, parts: (
        "({0} − {1})/({0} + {1})".format(f"e^{_raised(write, x)}", f"e^-{write.factor(x)}"),
        "({0} − {1})/({0} + {1})".format(*map(write, parts)),
    ),
    is_likely=True,
)

SOFTPLUS = ActivationRecord(
    formula="ln(1 + e^x)",
    summary="Take ln(1 + e^x) of every cell: a smooth ReLU.",
    of=lambda x, rest: functions.softplus(x, rest),
    derivative="1/(1 + e^-x)",
    slope=lambda x, rest: functions.sigmoid(x, rest),
    slope_written=lambda write, x, y: f"1/(1 + e^-{write.factor(x)})",
    parts=lambda x: (functions.exponential(x),),
    is_exact_at=lambda x: False,
    working=lambda write, x, parts: (f"ln(1 + e^{_raised(write, x)})", f"ln(1 + {write(parts[0])})"),
)

MISH = ActivationRecord(
    formula="x·tanh(ln(1 + e^x))",
    summary="Take x·tanh(ln(1 + e^x)) of every cell: the cell times the tanh of its softplus.",
    of=lambda x, rest: functions.mish(x, rest),
    derivative="t + x·(1 − t²)·σ(x), with t = tanh(ln(1 + e^x))",
    slope=lambda x, rest: functions.mish_slope(x, rest),
    slope_written=lambda write, x, y: "",
    parts=lambda x: (functions.exponential(x),),
    working=lambda write, x, parts: (
        f"{write.factor(x)}×tanh(ln(1 + e^{_raised(write, x)}))",
        f"{write.factor(x)}×tanh(ln(1 + {write(parts[0])}))",
    ),
)

LOGSIGMOID = ActivationRecord(
    formula="-ln(1 + e^-x)",
    summary="Take the logarithm of the sigmoid of every cell: -ln(1 + e^-x).",
    of=lambda x, rest: -functions.softplus(-x, -rest),
    derivative="1/(1 + e^x)",
    slope=lambda x, rest: functions.sigmoid(-x, -rest),
    slope_written=lambda write, x, y: f"1/(1 + e^{_raised(write, x)})",
    parts=lambda x: (functions.exponential(-x),),
    is_exact_at=lambda x: False,
    working=lambda write, x, parts: (f"-ln(1 + e^-{write.factor(x)})", f"-ln(1 + {write(parts[0])})"),
)

SELU_SCALE, SELU_BELOW = 1.0507009873554805, 1.7580993408473766
"""Klambauer et al., Self-Normalizing Neural Networks (2017): the scale λ, and λ·α."""

SELU = ActivationRecord(
    formula="1.0507·x if x > 0, else 1.7581·(e^x − 1)",
    summary="Take elu scaled so that means and variances keep themselves: 1.0507·x, or 1.7581·(e^x − 1) below 0.",
    of=lambda x, rest: np.where(x > 0, SELU_SCALE * x, SELU_BELOW * np.expm1(np.minimum(x, 0))),
    derivative="1.0507 if x > 0, else 1.7581·e^x",
    slope=lambda x, rest: np.where(x > 0, SELU_SCALE, SELU_BELOW * np.exp(np.minimum(x, 0)) * (1 + rest)),
    slope_written=lambda write, x, y: "" if x > 0 else f"1.7581×e^{_raised(write, x)}",
    parts=lambda x: (functions.exponential(x),),
    working=lambda write, x, parts: (
        (f"1.0507×{write.factor(x)}",)
        if x > 0
        else (f"1.7581×(e^{_raised(write, x)} − 1)", f"1.7581×({write(parts[0])} − 1)")
    ),
)


class ActivationKind(Word):
    """The functions of one cell, by their words."""

    record: ActivationRecord

    RELU = "relu", RELU
    LEAKY_RELU = "leaky-relu", LEAKY_RELU
    PRELU = "prelu", PRELU
    ELU = "elu", ELU
    GELU = "gelu", GELU
    GELU_TANH = "gelu-tanh", GELU_TANH
    SILU = "silu", SILU
    SIGMOID = "sigmoid", SIGMOID
    TANH = "tanh", TANH
    SOFTPLUS = "softplus", SOFTPLUS
    RELU6 = "relu6", RELU6
    HARDSIGMOID = "hardsigmoid", HARDSIGMOID
    HARDSWISH = "hardswish", HARDSWISH
    MISH = "mish", MISH
    LOGSIGMOID = "logsigmoid", LOGSIGMOID
    SELU = "selu", SELU
    CLIP = "clip", CLIP
    SOFTSIGN = "softsign", SOFTSIGN
    SOFTSHRINK = "softshrink", SOFTSHRINK
    HARDSHRINK = "hardshrink", HARDSHRINK
    THRESHOLD = "threshold", THRESHOLD
