"""Layers that work cell by cell: activations, softmax, sums and products of tensors."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from convcalc.engine.activation_kinds import ActivationKind
from convcalc.engine.activations import activate
from convcalc.engine.exact import Array
from convcalc.engine.gathered import Reading
from convcalc.engine.products import multiply
from convcalc.engine.softmax import softmax
from convcalc.inference.layer_result import LayerResult, Operation, Tensors, constant, gathered, moved, numbered, viewed
from convcalc.inference.windows import as_plane
from convcalc.network.functions import Combine, Reduce
from convcalc.network.shaping import Elementwise, GatedLinearUnit, LearnedSlope
from convcalc.network.trace import Node

Setting = tuple[str, Any]
ACTIVATIONS: dict[str, tuple[ActivationKind, tuple[Setting, ...]]] = {
    "ReLU": (ActivationKind.RELU, ()),
    "ReLU6": (ActivationKind.RELU6, ()),
    "LeakyReLU": (ActivationKind.LEAKY_RELU, (("negative_slope", 0.01),)),
    "ELU": (ActivationKind.ELU, (("alpha", 1.0),)),
    "SELU": (ActivationKind.SELU, ()),
    "SiLU": (ActivationKind.SILU, ()),
    "Mish": (ActivationKind.MISH, ()),
    "Sigmoid": (ActivationKind.SIGMOID, ()),
    "LogSigmoid": (ActivationKind.LOGSIGMOID, ()),
    "Tanh": (ActivationKind.TANH, ()),
    "Hardtanh": (ActivationKind.CLIP, (("min_val", -1.0), ("max_val", 1.0))),
    "Hardswish": (ActivationKind.HARDSWISH, ()),
    "Hardsigmoid": (ActivationKind.HARDSIGMOID, ()),
    "Softsign": (ActivationKind.SOFTSIGN, ()),
    "Softshrink": (ActivationKind.SOFTSHRINK, (("lambd", 0.5),)),
    "Hardshrink": (ActivationKind.HARDSHRINK, (("lambd", 0.5),)),
    "Threshold": (ActivationKind.THRESHOLD, (("threshold", None), ("value", None))),
    "GELU": (ActivationKind.GELU, ()),
}
"""PyTorch's activations: the engine's, and the settings they take in order, with their defaults."""
QUICK: dict[str, Callable[[Array], Array]] = {
    "ReLU": lambda x: np.maximum(x, 0),
    "ReLU6": lambda x: np.clip(x, 0, 6),
    "Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "SiLU": lambda x: x / (1 + np.exp(-x)),
    "Hardswish": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "Hardsigmoid": lambda x: np.clip(x + 3, 0, 6) / 6,
    "Tanh": np.tanh,
}
"""Activations that are worked in float32 as they stand, as frameworks do; the others in float64."""
SOFTMAXES = {"Softmax": False, "LogSoftmax": True, "Softmax2d": False}
"""Those that share a sum along an axis; whether the logarithm is taken."""
RESPONSE_NORMS = frozenset({"LocalResponseNorm", "CrossMapLRN2d"})
BY_THEIR_NUMBERS: dict[str, Callable[[Array], Array]] = {
    "exp": np.exp, "log": np.log, "log2": np.log2, "sqrt": np.sqrt, "rsqrt": lambda x: 1 / np.sqrt(x),
    "abs": np.abs, "neg": np.negative, "sign": np.sign, "square": np.square, "reciprocal": np.reciprocal,
    "sin": np.sin, "cos": np.cos, "floor": np.floor, "ceil": np.ceil,
}  # fmt: skip
"""Functions of one tensor, which have numbers and no steps."""
BY_THEIR_PAIRS: dict[str, Callable[[Array, Array], Array]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.true_divide, "pow": np.power,
    "maximum": np.maximum, "minimum": np.minimum, "clamp_min": np.maximum, "clamp_max": np.minimum,
}  # fmt: skip
"""Functions of two, with broadcasting; of them sums, differences and products have steps."""
REDUCED: dict[str, Callable[..., Array]] = {
    "mean": np.mean, "sum": np.sum, "amax": np.max, "amin": np.min, "prod": np.prod,
}  # fmt: skip


def elementwise(layer: Elementwise, node: Node, tensors: Tensors, inputs: list[Array]) -> LayerResult:
    """Apply an activation, or a softmax."""
    x, name = inputs[0], layer.kind
    if name == "Identity":
        return as_it_is(layer, node, tensors, inputs)
    if name in RESPONSE_NORMS:
        return response_norm(layer, x)
    if name in SOFTMAXES:
        return _softmax(layer, x)
    if name in COMPOSED:
        return COMPOSED[name](layer, x)
    kind, settings = ACTIVATIONS[name]
    if name == "GELU" and layer.setting(0, "approximate", "none") == "tanh":
        kind = ActivationKind.GELU_TANH
    values = [layer.setting(place, key, default) for place, (key, default) in enumerate(settings)]

    def operations() -> list[Operation]:
        return [Operation(activate(x, kind, *map(_as_written, values)), {"input": x})]

    if name in QUICK:
        return LayerResult(lambda: _quickly(QUICK[name], x), operations)
    return LayerResult(lambda: _in_floats(kind, x, *values), operations)


def _times(x: Array, factor: Fraction) -> Operation:
    """Return an operation that multiplies every cell by a number; a cell of another grid's own."""
    weights = np.full((1, x.size), factor.numerator)
    one = gathered(
        f"times {factor}", [x], x.shape, Reading(numbered([x])[0].reshape(1, -1), weights, factor.denominator)
    )
    return one._replace(output=one.result.output)


def _between(x: Array, factor: Fraction, kind: ActivationKind) -> list[Operation]:
    """Return an activation of every cell times a factor, over that factor."""
    before = _times(x, factor)
    assert before.output is not None
    result = activate(before.output, kind)
    output = result.output
    return [before, Operation(result, {"input": before.output}, output), _times(output, 1 / factor)]


def _celu(layer: Elementwise, x: Array) -> LayerResult:
    alpha = float(layer.setting(0, "alpha", 1.0))

    def numbers() -> Array:
        cells = x.astype(np.float64)
        found: Array = np.where(cells > 0, cells, alpha * np.expm1(np.minimum(cells, 0) / alpha)).astype(x.dtype)
        return found

    return LayerResult(numbers, lambda: _between(x, 1 / Fraction(str(alpha)), ActivationKind.ELU))


def _softplus(layer: Elementwise, x: Array) -> LayerResult:
    """Take ln(1 + e^βx)/β; above a threshold PyTorch takes x, which has no steps where it makes a difference."""
    beta, threshold = float(layer.setting(0, "beta", 1)), float(layer.setting(1, "threshold", 20))

    def numbers() -> Array:
        cells = beta * x.astype(np.float64)
        found: Array = np.where(cells > threshold, cells, np.logaddexp(0, cells)) / beta
        return found.astype(x.dtype)

    def operations() -> list[Operation]:
        if beta == 1:
            return [Operation(activate(x, ActivationKind.SOFTPLUS), {"input": x})]
        return _between(x, Fraction(str(beta)), ActivationKind.SOFTPLUS)

    return LayerResult(numbers, operations if threshold >= LEAST_THRESHOLD else None)


def _rrelu(layer: Elementwise, x: Array) -> LayerResult:
    """Take the mean of the slopes that are drawn in training, as in evaluation."""
    ends = (
        Fraction(str(layer.setting(place, name, 1 / over))) for place, name, over in ((0, "lower", 8), (1, "upper", 3))
    )
    slope = sum(ends) / 2

    def operations() -> list[Operation]:
        return [Operation(activate(x, ActivationKind.LEAKY_RELU, slope), {"input": x})]

    return LayerResult(lambda: _in_floats(ActivationKind.LEAKY_RELU, x, slope), operations)


def _tanhshrink(layer: Elementwise, x: Array) -> LayerResult:
    def operations() -> list[Operation]:
        result = activate(x, ActivationKind.TANH)
        output = result.output
        places = np.stack([grid.ravel() for grid in numbered([x, output])])
        less = gathered("sub", [x, output], x.shape, Reading(places, np.repeat([[1], [-1]], x.size, axis=1)))
        return [Operation(result, {"input": x}, output), less]

    return LayerResult(lambda: (x - np.tanh(x.astype(np.float64))).astype(x.dtype), operations)


def _softmin(layer: Elementwise, x: Array) -> LayerResult:
    before = _times(x, Fraction(-1))
    assert before.output is not None
    after = _softmax(layer, before.output).operations
    assert after is not None
    return LayerResult(None, lambda: [before, *after()])


COMPOSED: dict[str, Callable[[Elementwise, Array], LayerResult]] = {
    "CELU": _celu, "Softplus": _softplus, "RReLU": _rrelu, "Tanhshrink": _tanhshrink, "Softmin": _softmin,
}  # fmt: skip
"""Activations that are others of the engine's, scaled or put together."""
LEAST_THRESHOLD = 15
"""From where on ln(1 + e^x) is x, to float32."""


def _quickly(function: Callable[[Array], Array], x: Array) -> Array:
    with np.errstate(over="ignore", under="ignore"):
        return function(x)


def _as_written(value: Any) -> Any:
    """Return a float as the decimal that its source says."""
    return Fraction(str(value)) if isinstance(value, float) else value


def softmax_axis(layer: Elementwise, axes: int) -> int:
    """Return along which axis a softmax is taken, of a tensor of so many axes."""
    if layer.kind == "Softmax2d":
        return 1
    axis: int | None = layer.setting(0, "dim", None)
    return (1 if axes in (2, 4) else 0) if axis is None else axis  # PyTorch's, where none is given


def _softmax(layer: Elementwise, x: Array) -> LayerResult:
    result = softmax(x, softmax_axis(layer, x.ndim) % x.ndim - x.ndim, log=SOFTMAXES.get(layer.kind, False))
    return LayerResult(None, lambda: [Operation(result, {"input": x})])


def _in_floats(kind: ActivationKind, x: Array, *values: Any) -> Array:
    """Return an activation of every cell, worked in float64: a float32 as the number it is, not the decimal it says."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        found: Array = kind.record.of(x.astype(np.float64), np.zeros(()), *map(float, values)).astype(x.dtype)
    return found


def response_norm(layer: Elementwise, x: Array) -> LayerResult:
    """Divide each cell by a power of its neighbours' squares, those in the nearest channels (Krizhevsky, 2012)."""
    size = int(layer.setting(0, "size", 5))
    alpha, beta, k = (
        layer.setting(place, name, default)
        for place, name, default in ((1, "alpha", 1e-4), (2, "beta", 0.75), (3, "k", 1.0))
    )

    def numbers() -> Array:
        around = [(0, 0)] * x.ndim
        around[1] = (size // 2, (size - 1) // 2)
        squares = np.pad(x.astype(np.float64) ** 2, around)
        sums = np.lib.stride_tricks.sliding_window_view(squares, size, axis=1).sum(axis=-1)
        output: Array = (x / (k + alpha / size * sums) ** beta).astype(x.dtype)
        return output

    return LayerResult(numbers, None)


def as_it_is(layer: Any, node: Node, tensors: Tensors, inputs: list[Array]) -> LayerResult:
    """Hand the input on: dropout changes nothing in evaluation."""
    shape = inputs[0].shape
    return LayerResult(lambda: inputs[0].reshape(shape), lambda: [viewed(inputs[0], shape)])


def prelu(layer: LearnedSlope, node: Node, tensors: Tensors, inputs: list[Array]) -> LayerResult:
    """Multiply negative cells by a weight, one for all or one a channel."""
    weight, x = tensors["weight"], inputs[0]
    shape = (-1, *[1] * (x.ndim - 2)) if weight.size > 1 else (1,) * x.ndim

    def operations() -> list[Operation]:
        plane = as_plane(x) if x.ndim > 2 else x[:, :, None, None]
        before = viewed(x, plane.shape)
        assert before.output is not None
        result = activate(before.output, ActivationKind.PRELU, weight)
        output = result.output
        own = Operation(result, {"input": before.output, "weight": weight}, output)
        return [before, own, viewed(output, x.shape)]

    return LayerResult(lambda: np.where(x > 0, x, weight.reshape(shape) * x), operations, main=1)


def scaled(layer: Any, node: Node, tensors: Tensors, inputs: list[Array]) -> LayerResult:
    """Multiply each channel by a factor: ConvNeXt's layer scale."""
    return _pairs("mul", [inputs[0], tensors[""]], {"weight": tensors[""]})


def combined(layer: Combine, node: Node, tensors: Tensors, inputs: list[Array]) -> LayerResult:
    """Add, subtract, multiply or divide tensors and numbers, with broadcasting; or a function of one."""
    name = layer.kind
    if name in BY_THEIR_NUMBERS:
        return _by_its_numbers(name, inputs[0])
    grids = iter(inputs)
    kind = inputs[0].dtype
    places = layer.operands_of(len(inputs)) or ()
    operands = [next(grids) if number is None else constant(number, kind) for number in places]
    if name == "div" and len(places) == 2 and isinstance(places[1], int | float) and places[1]:
        return LayerResult(lambda: np.true_divide(*operands), lambda: [_times(inputs[0], 1 / Fraction(str(places[1])))])
    if name == "pow" and len(places) == 2 and places[1] == 2:
        return _by_its_numbers("square", inputs[0])
    return _pairs(name, operands, {})


def _by_its_numbers(name: str, x: Array) -> LayerResult:
    """Return a function of every cell; a sign turned over and a square have steps."""
    steps: dict[str, Callable[[], list[Operation]]] = {
        "neg": lambda: [_times(x, Fraction(-1))],
        "square": lambda: [Operation(multiply(x, x), {"input": x, "other": x})],
    }
    return LayerResult(lambda: np.asarray(BY_THEIR_NUMBERS[name](x)), steps.get(name))


def _pairs(name: str, operands: Sequence[Array], learned: dict[str, Array]) -> LayerResult:
    """Return what a function of pairs makes, from the left; sums, differences and products have steps."""
    function = BY_THEIR_PAIRS[name]

    def numbers() -> Array:
        output = operands[0]
        for other in operands[1:]:
            output = function(output, other)
        return output

    if name not in ("add", "sub", "mul") or (name == "mul" and len(operands) != 2):
        return LayerResult(numbers, None)

    def operations() -> list[Operation]:
        shape = np.broadcast_shapes(*(grid.shape for grid in operands))
        whole, before = [], []
        for grid in operands:
            if grid.shape == shape:
                whole.append(grid)
                continue
            repeated = moved("repeat", [grid], np.broadcast_to(numbered([grid])[0], shape))
            repeated = repeated._replace(output=repeated.result.output)
            before.append(repeated)
            whole.append(repeated.result.output)
        if name == "mul":
            result = multiply(*whole)
            return [*before, Operation(result, {"input": whole[0], "other": whole[1]})]
        places = np.stack([grid.ravel() for grid in numbered(whole)])
        weights = np.ones_like(places)
        weights[1:] = -1 if name == "sub" else 1
        return [*before, gathered(name, whole, shape, Reading(places, weights))]

    return LayerResult(numbers, operations)


def reduced(layer: Reduce, node: Node, tensors: Tensors, inputs: list[Array]) -> LayerResult:
    """Take a mean, a sum, a maximum along axes; means and sums have steps."""
    x, name = inputs[0], layer.kind
    axes, keepdims = tuple(layer.axes_gone(x.ndim)), bool(layer.keepdim)

    def numbers() -> Array:
        return np.asarray(REDUCED[name](x, axis=axes, keepdims=keepdims))

    def operations() -> list[Operation]:
        places = np.moveaxis(numbered([x])[0], axes, range(len(axes)))
        count = int(np.prod(places.shape[: len(axes)]))
        places = places.reshape(count, -1)
        reading = Reading(places, np.ones_like(places), count if name == "mean" else 1)
        return [gathered(name, [x], node.output, reading)]

    return LayerResult(numbers, operations if name in ("mean", "sum") else None)


def gated(layer: GatedLinearUnit, node: Node, tensors: Tensors, inputs: list[Array]) -> LayerResult:
    """Gate one half of an axis by the other: torch.nn.GLU."""
    x = inputs[0]

    def numbers() -> Array:
        one, other = np.split(x, 2, axis=layer.dim)
        return one * _in_floats(ActivationKind.SIGMOID, other)

    def operations() -> list[Operation]:
        halves = [moved("half", [x], places) for places in np.split(numbered([x])[0], 2, axis=layer.dim)]
        halves = [half._replace(output=half.result.output) for half in halves]
        one, other = (half.result.output for half in halves)
        gate = activate(other, ActivationKind.SIGMOID)
        product = multiply(one, gate.output)
        return [
            *halves,
            Operation(gate, {"input": other}, gate.output),
            Operation(product, {"input": one, "other": gate.output}),
        ]

    return LayerResult(numbers, operations)
