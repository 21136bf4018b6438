"""ONNX's operators: which layer, or function, each is. A table; what is not in it is refused by name."""

import math
from collections.abc import Callable
from typing import Any

from convcalc.errors import InputError
from convcalc.network.functions import Cat, Combine, Parameter, Permute, Reduce, Resize, Take, View
from convcalc.network.kinds import KINDS
from convcalc.network.layer import Layer
from convcalc.network.onnx.graph import Graph, Node
from convcalc.network.onnx.windows import (
    Follow,
    batch_norm,
    conv,
    conv_transpose,
    gemm,
    instance_norm,
    layer_norm,
    matmul,
    pool,
)
from convcalc.network.shaping import PadAxes
from convcalc.network.trace import Tensor


def _global(kind: str) -> Follow:
    def run(graph: Graph, node: Node) -> Tensor:
        x = graph.tensor(node)
        return graph.use(graph.label(node, 9), KINDS[f"Adaptive{kind}Pool{len(x.shape) - 2}d"](1), x)

    return run


def _plain(kind: str, **renamed: tuple[str, Any]) -> Follow:
    """Return an operator that is a layer without weights: its settings by our names, each with ONNX's default."""

    def run(graph: Graph, node: Node) -> Tensor:
        settings = {name: node.settings.get(theirs, default) for name, (theirs, default) in renamed.items()}
        return graph.use(graph.label(node, 9), KINDS[kind](**settings), graph.tensor(node))

    return run


def _hard_sigmoid(graph: Graph, node: Node) -> Tensor:
    alpha, beta = node.settings.get("alpha", 0.2), node.settings.get("beta", 0.5)
    if not math.isclose(alpha, 1 / 6, rel_tol=1e-6) or beta != 0.5:
        raise InputError(f"HardSigmoid with a slope of {alpha:g} is not followed", hint="PyTorch's 1/6 is")
    return graph.use(graph.label(node, 9), KINDS["Hardsigmoid"](), graph.tensor(node))


def _clip(graph: Graph, node: Node) -> Tensor:
    low, high = (node.settings.get(name, graph.constant(node, index)) for index, name in enumerate(("min", "max"), 1))
    bounds = (-math.inf if low is None else float(low), math.inf if high is None else float(high))
    layer = KINDS["ReLU6"]() if bounds == (0.0, 6.0) else KINDS["Hardtanh"](*bounds)
    return graph.use(graph.label(node, 9), layer, graph.tensor(node))


def _softmax(kind: str) -> Follow:
    def run(graph: Graph, node: Node) -> Tensor:
        x = graph.tensor(node)
        axis = node.settings.get("axis", -1 if graph.version >= 13 else 1)
        if graph.version < 13 and axis % len(x.shape) != len(x.shape) - 1:
            raise InputError(f"{node.op} over several axes at once, as before opset 13, is not followed")
        return graph.use(graph.label(node, 9), KINDS[kind](dim=axis), x)

    return run


def _slopes(graph: Graph, node: Node) -> Tensor:
    slope = graph.constant(node, 1)
    layer = KINDS["PReLU"](int(slope.size))
    return graph.use(graph.label(node), layer, graph.tensor(node), weight=slope.reshape(-1))


def _flatten(graph: Graph, node: Node) -> Tensor:
    if node.settings.get("axis", 1) != 1:
        raise InputError("a Flatten from another axis than 1 is not followed")
    return graph.use(graph.label(node, 9), KINDS["Flatten"](), graph.tensor(node))


def _reshape(graph: Graph, node: Node) -> Tensor:
    x, shape = graph.tensor(node), [int(size) for size in graph.constant(node, 1)]
    shape = [x.shape[index] if size == 0 else size for index, size in enumerate(shape)]
    items = x.shape[0]
    if items > 1 and shape and shape[0] == 1:  # a batch of one that the file has written down
        shape[0] = items
    return graph.use(graph.numbered("reshape"), View(tuple(shape)), x)


def _resize_to(word: str, change: Callable[[list[int], list[int]], list[int]]) -> Follow:
    def run(graph: Graph, node: Node) -> Tensor:
        x, given = graph.tensor(node), node.settings.get("axes", graph.constant(node, 1))
        axes = [] if given is None else [int(axis) for axis in given]
        return graph.use(graph.numbered(word), Resize(word, change(list(x.shape), axes)), x)

    return run


def _squeezed(shape: list[int], axes: list[int]) -> list[int]:
    gone = {axis % len(shape) for axis in axes} or {axis for axis, size in enumerate(shape) if size == 1 and axis}
    return [size for axis, size in enumerate(shape) if axis not in gone]


def _unsqueezed(shape: list[int], axes: list[int]) -> list[int]:
    rank = len(shape) + len(axes)
    places = {axis % rank for axis in axes}
    rest = iter(shape)
    return [1 if axis in places else next(rest) for axis in range(rank)]


def _transpose(graph: Graph, node: Node) -> Tensor:
    x = graph.tensor(node)
    order = node.settings.get("perm", range(len(x.shape))[::-1])
    return graph.use(graph.numbered("transpose"), Permute(tuple(order)), x)


def _concat(graph: Graph, node: Node) -> Tensor:
    tensors = [_as_tensor(graph, name) for name in node.inputs]
    return graph.use(graph.numbered("concat"), Cat(node.settings["axis"]), *tensors)


def _as_tensor(graph: Graph, name: str) -> Tensor:
    """Return a tensor; a constant becomes an array of the network's own."""
    value = graph.value(name)
    if isinstance(value, Tensor):
        return value
    layer: Layer = Parameter(tuple(value.shape))
    label = (
        name if all(part.isidentifier() or part.isdigit() for part in name.split(".")) else graph.numbered("constant")
    )
    graph.values[name] = graph.use(label, layer, **{"": value})
    array: Tensor = graph.values[name]
    return array


def _combine(function: str) -> Follow:
    """Return a function of two, cell by cell; a constant of one cell is a number."""

    def run(graph: Graph, node: Node) -> Tensor:
        operands: list[Any] = []
        tensors = []
        for name in node.inputs:
            value = graph.value(name)
            if not isinstance(value, Tensor) and value.size == 1:
                operands.append(float(value.reshape(-1)[0]))
            else:
                operands.append(None)
                tensors.append(_as_tensor(graph, name))
        return graph.use(graph.numbered(node.op.lower()), Combine(function, operands), *tensors)

    return run


def _unary(function: str) -> Follow:
    return lambda graph, node: graph.use(
        graph.numbered(node.op.lower()), Combine(function, (None,)), graph.tensor(node)
    )


def _reduce(function: str) -> Follow:
    def run(graph: Graph, node: Node) -> Tensor:
        given = node.settings.get("axes", graph.constant(node, 1))
        axes = None if given is None else tuple(int(axis) for axis in given)
        layer = Reduce(function, axes, bool(node.settings.get("keepdims", 1)))
        return graph.use(graph.numbered(node.op.lower()), layer, graph.tensor(node))

    return run


def _split(graph: Graph, node: Node) -> list[Tensor]:
    x, given = graph.tensor(node), node.settings.get("split", graph.constant(node, 1))
    axis, count = node.settings.get("axis", 0) % len(x.shape), len(node.outputs)
    size = x.shape[axis]
    each = -(-size // count)
    lengths = [each] * (count - 1) + [size - each * (count - 1)] if given is None else [int(one) for one in given]
    parts, first = [], 0
    for index, length in enumerate(lengths):
        shape = (*x.shape[:axis], length, *x.shape[axis + 1 :])
        layer = Take(shape, f"{index} of {count}", cuts={axis: (first, 1)})
        parts.append(graph.use(graph.numbered("split"), layer, x))
        first += length
    return parts


def _slice(graph: Graph, node: Node) -> Tensor:
    x = graph.tensor(node)
    named = (node.settings.get(name) for name in ("starts", "ends", "axes", "steps"))
    found = [graph.constant(node, index) if one is None else one for index, one in enumerate(named, 1)]
    starts, ends = ([int(one) for one in values] for values in found[:2])
    axes = [int(one) for one in found[2]] if found[2] is not None else list(range(len(starts)))
    steps = [int(one) for one in found[3]] if found[3] is not None else [1] * len(starts)
    shape, cuts = list(x.shape), {}
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        place = axis % len(shape)
        cells = range(x.shape[place])[start:end:step]
        if place == 0 and len(cells) != x.shape[0]:
            raise InputError("a Slice of the batch is not followed")
        shape[place], cuts[place] = len(cells), (cells.start, cells.step)
    return graph.use(graph.numbered("slice"), Take(tuple(shape), "a slice", list(range(len(shape))), cuts), x)


def _gather(graph: Graph, node: Node) -> Tensor:
    x, index = graph.tensor(node), graph.constant(node, 1)
    axis = node.settings.get("axis", 0) % len(x.shape)
    if index.ndim or axis == 0:
        raise InputError("a Gather of more than one index, or of the batch, is not followed")
    left = [one for one in range(len(x.shape)) if one != axis]
    shape = tuple(x.shape[one] for one in left)
    layer = Take(shape, f"[{int(index)}]", left, {}, {axis: int(index) % x.shape[axis]})
    return graph.use(graph.numbered("gather"), layer, x)


def _pad(graph: Graph, node: Node) -> Tensor:
    x, pads, fill = graph.tensor(node), node.settings.get("pads", graph.constant(node, 1)), graph.constant(node, 2)
    rank, mode = len(x.shape), node.settings.get("mode", "constant")
    amounts = [int(one) for one in pads]
    ends = tuple(zip(amounts[:rank], amounts[rank:], strict=True))
    value = node.settings.get("value", 0.0) if fill is None or not fill.size else float(fill.reshape(-1)[0])
    if mode == "constant":
        return graph.use(graph.numbered("pad"), PadAxes(ends, value), x)
    kinds = {"reflect": "ReflectionPad", "edge": "ReplicationPad", "wrap": "CircularPad"}
    if mode not in kinds or any(one != (0, 0) for one in ends[:2]):
        raise InputError(f"a Pad of mode {mode} is not followed here")
    flat = [end for pair in reversed(ends[2:]) for end in pair]
    return graph.use(graph.numbered("pad"), KINDS[f"{kinds[mode]}{rank - 2}d"](tuple(flat)), x)


def _resize(graph: Graph, node: Node) -> Tensor:
    x, mode = graph.tensor(node), node.settings.get("mode", "nearest")
    how = node.settings.get("coordinate_transformation_mode", "asymmetric" if node.op == "Upsample" else "half_pixel")
    first = 1 if node.op == "Upsample" or graph.version < 11 else 2
    scales, sizes = graph.constant(node, first), graph.constant(node, 3)
    known = {"nearest": ("asymmetric",), "linear": ("half_pixel", "pytorch_half_pixel", "align_corners")}
    if how not in known.get(mode, ()) or (mode == "nearest" and node.settings.get("nearest_mode", "floor") != "floor"):
        raise InputError(
            f"a {node.op} of mode {mode}, {how}, is not followed", hint="as PyTorch's interpolate writes it"
        )
    settings: dict[str, Any] = {"mode": "nearest" if mode == "nearest" else {3: "linear", 4: "bilinear"}[len(x.shape)]}
    if mode == "linear":
        settings["align_corners"] = how == "align_corners"
    if sizes is not None and sizes.size:
        settings["size"] = tuple(int(one) for one in sizes[2:])
    else:
        settings["scale_factor"] = tuple(float(one) for one in scales[2:])
    return graph.use(graph.numbered("resize"), KINDS["Upsample"](**settings), x)


def _shuffle(graph: Graph, node: Node) -> Tensor:
    if node.settings.get("mode", "DCR") != "CRD":
        raise InputError("DepthToSpace of mode DCR is not followed", hint="PyTorch's PixelShuffle is CRD")
    return graph.use(graph.label(node, 9), KINDS["PixelShuffle"](node.settings["blocksize"]), graph.tensor(node))


def _response_norm(graph: Graph, node: Node) -> Tensor:
    names = (("alpha", 1e-4), ("beta", 0.75), ("bias", 1.0))
    alpha, beta, bias = (node.settings.get(name, default) for name, default in names)
    layer = KINDS["LocalResponseNorm"](node.settings["size"], alpha, beta, bias)
    return graph.use(graph.label(node, 9), layer, graph.tensor(node))


OPERATORS: dict[str, Follow] = {
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "Gemm": gemm,
    "MatMul": matmul,
    "BatchNormalization": batch_norm,
    "InstanceNormalization": instance_norm,
    "LayerNormalization": layer_norm,
    "LRN": _response_norm,
    "MaxPool": pool("Max"),
    "AveragePool": pool("Avg"),
    "GlobalAveragePool": _global("Avg"),
    "GlobalMaxPool": _global("Max"),
    **{op: _plain(kind) for op, kind in (("Relu", "ReLU"), ("Sigmoid", "Sigmoid"), ("Tanh", "Tanh"), ("Selu", "SELU"),
                                         ("Softplus", "Softplus"), ("Softsign", "Softsign"), ("Mish", "Mish"),
                                         ("HardSwish", "Hardswish"), ("Identity", "Identity"), ("Dropout", "Identity"),
                                         ("Cast", "Identity"))},
    "LeakyRelu": _plain("LeakyReLU", negative_slope=("alpha", 0.01)),
    "Elu": _plain("ELU", alpha=("alpha", 1.0)),
    "Gelu": _plain("GELU", approximate=("approximate", "none")),
    "PRelu": _slopes,
    "HardSigmoid": _hard_sigmoid,
    "Clip": _clip,
    "Softmax": _softmax("Softmax"),
    "LogSoftmax": _softmax("LogSoftmax"),
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Squeeze": _resize_to("squeeze", _squeezed),
    "Unsqueeze": _resize_to("unsqueeze", _unsqueezed),
    "Transpose": _transpose,
    "Concat": _concat,
    "Split": _split,
    "Slice": _slice,
    "Gather": _gather,
    "Pad": _pad,
    "Resize": _resize,
    "Upsample": _resize,
    "DepthToSpace": _shuffle,
    **{op: _combine(function) for op, function in (("Add", "add"), ("Sub", "sub"), ("Mul", "mul"), ("Div", "div"),
                                                   ("Pow", "pow"), ("Max", "maximum"), ("Min", "minimum"))},
    **{op: _unary(op.lower()) for op in ("Exp", "Log", "Sqrt", "Abs", "Neg", "Erf", "Reciprocal", "Floor", "Ceil",
                                         "Sin", "Cos", "Sign", "Round")},
    **{op: _reduce(function) for op, function in (("ReduceMean", "mean"), ("ReduceSum", "sum"), ("ReduceMax", "amax"),
                                                  ("ReduceMin", "amin"), ("ReduceProd", "prod"))},
}  # fmt: skip
"""All that are followed, by ONNX's names."""
