"""ONNX's operators with weights or windows: convolutions, products, norms, pools."""

from collections.abc import Callable
from typing import Any

from convcalc.errors import InputError
from convcalc.network.functions import MatMul
from convcalc.network.kinds import KINDS
from convcalc.network.onnx.graph import Graph, Node
from convcalc.network.trace import Tensor

Follow = Callable[[Graph, Node], Any]
LEAST = -3.4028234663852886e38
"""The least float32, which is never the largest of a window that holds anything else."""


def _moving(
    graph: Graph, node: Node, x: Tensor, kernel: tuple[int, ...], fill: float = 0
) -> tuple[Tensor, dict[str, Any]]:
    """Return the tensor, padded by a layer of its own where its ends differ, and how a window moves over it."""
    dims = len(kernel)
    strides = tuple(node.settings.get("strides", (1,) * dims))
    dilations = tuple(node.settings.get("dilations", (1,) * dims))
    pads = list(node.settings.get("pads", (0,) * 2 * dims))
    auto = node.settings.get("auto_pad", "NOTSET")
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        pads = [0] * 2 * dims
        for axis, size in enumerate(x.shape[2:]):
            extent = (kernel[axis] - 1) * dilations[axis] + 1
            total = max((-(-size // strides[axis]) - 1) * strides[axis] + extent - size, 0)
            small, large = total // 2, total - total // 2
            pads[axis], pads[axis + dims] = (small, large) if auto == "SAME_UPPER" else (large, small)
    before, after = tuple(pads[:dims]), tuple(pads[dims:])
    if before != after:
        ends = [end for pair in reversed(list(zip(before, after, strict=True))) for end in pair]
        layer = KINDS[f"ConstantPad{dims}d"](tuple(ends), fill)
        x, before = graph.use(graph.numbered("pad"), layer, x), (0,) * dims
    return x, {"stride": strides, "padding": before, "dilation": dilations}


def conv(graph: Graph, node: Node) -> Tensor:
    """Make a convolution."""
    weight, bias = graph.constant(node, 1), graph.constant(node, 2)
    groups = node.settings.get("group", 1)
    kernel = tuple(weight.shape[2:])
    x, how = _moving(graph, node, graph.tensor(node), kernel)
    kind = KINDS[f"Conv{len(kernel)}d"]
    layer = kind(weight.shape[1] * groups, weight.shape[0], kernel, groups=groups, bias=bias is not None, **how)
    return graph.use(graph.label(node), layer, x, weight=weight, bias=bias)


def conv_transpose(graph: Graph, node: Node) -> Tensor:
    """Make a transposed convolution."""
    weight, bias = graph.constant(node, 1), graph.constant(node, 2)
    groups, kernel = node.settings.get("group", 1), tuple(weight.shape[2:])
    dims = len(kernel)
    pads = tuple(node.settings.get("pads", (0,) * 2 * dims))
    if (
        pads[:dims] != pads[dims:]
        or "output_shape" in node.settings
        or node.settings.get("auto_pad", "NOTSET") != "NOTSET"
    ):
        raise InputError("a ConvTranspose that is cut unevenly is not followed")
    strides, dilations = (tuple(node.settings.get(name, (1,) * dims)) for name in ("strides", "dilations"))
    extra = tuple(node.settings.get("output_padding", (0,) * dims))
    channels = (weight.shape[0], weight.shape[1] * groups)
    kind = KINDS[f"ConvTranspose{dims}d"]
    layer = kind(*channels, kernel, strides, pads[:dims], extra, groups, bias is not None, dilations)
    return graph.use(graph.label(node), layer, graph.tensor(node), weight=weight, bias=bias)


def gemm(graph: Graph, node: Node) -> Tensor:
    """Make a fully connected layer."""
    weight, bias = graph.constant(node, 1), graph.constant(node, 2)
    plain = node.settings.get("alpha", 1.0) == 1.0 == node.settings.get("beta", 1.0)
    if not plain or node.settings.get("transA", 0):
        raise InputError("a Gemm with alpha, beta or transA is not followed")
    weight = weight if node.settings.get("transB", 0) else weight.T
    layer = KINDS["Linear"](weight.shape[1], weight.shape[0], bias is not None)
    return graph.use(graph.label(node), layer, graph.tensor(node), weight=weight, bias=bias)


def matmul(graph: Graph, node: Node) -> Tensor:
    """Make a Linear of a product with a constant matrix; its bias is the one sum behind it."""
    second = graph.value(node.inputs[1])
    if isinstance(second, Tensor):
        return graph.use(graph.numbered("matmul"), MatMul(), graph.tensor(node), second)
    if second.ndim != 2:
        raise InputError(f"a MatMul with a constant of {second.ndim} axes is not followed")
    readers, bias = graph.readers.get(node.outputs[0], []), None
    if len(readers) == 1 and readers[0].op == "Add":
        other = next((name for name in readers[0].inputs if name != node.outputs[0]), "")
        value = graph.values.get(other)
        if value is not None and not isinstance(value, Tensor) and value.shape == (second.shape[1],):
            bias, graph.merged[readers[0].outputs[0]] = value, node.outputs[0]
    layer = KINDS["Linear"](second.shape[0], second.shape[1], bias is not None)
    return graph.use(graph.label(node), layer, graph.tensor(node), weight=second.T, bias=bias)


def batch_norm(graph: Graph, node: Node) -> Tensor:
    """Make a batch norm, with its running mean and variance."""
    x = graph.tensor(node)
    scale, shift, mean, variance = (graph.constant(node, index) for index in range(1, 5))
    layer = KINDS[f"BatchNorm{max(len(x.shape) - 2, 1)}d"](scale.shape[0], node.settings.get("epsilon", 1e-5))
    saved = {"weight": scale, "bias": shift, "running_mean": mean, "running_var": variance}
    return graph.use(graph.label(node), layer, x, **saved)


def instance_norm(graph: Graph, node: Node) -> Tensor:
    """Make an instance norm."""
    x, scale, shift = graph.tensor(node), graph.constant(node, 1), graph.constant(node, 2)
    kind = KINDS[f"InstanceNorm{len(x.shape) - 2}d"]
    layer = kind(scale.shape[0], node.settings.get("epsilon", 1e-5), affine=True)
    return graph.use(graph.label(node), layer, x, weight=scale, bias=shift)


def layer_norm(graph: Graph, node: Node) -> Tensor:
    """Make a layer norm."""
    scale, shift = graph.constant(node, 1), graph.constant(node, 2)
    layer = KINDS["LayerNorm"](scale.shape, node.settings.get("epsilon", 1e-5), bias=shift is not None)
    return graph.use(graph.label(node), layer, graph.tensor(node), weight=scale, bias=shift)


def pool(kind: str) -> Follow:
    """Return what makes a pooling of a kind."""

    def run(graph: Graph, node: Node) -> Tensor:
        kernel = tuple(node.settings["kernel_shape"])
        is_max = kind == "Max"
        counts = bool(node.settings.get("count_include_pad", 0))
        x = graph.tensor(node)
        x, how = _moving(graph, node, x, kernel, LEAST if is_max else 0)
        if not is_max and graph.trace.nodes[x.node].name.startswith("pad_") and not counts:
            raise InputError("an average whose ends are padded unevenly is not followed")
        dilation = how.pop("dilation")
        settings = {"ceil_mode": bool(node.settings.get("ceil_mode", 0)), **how}
        if is_max:
            settings["dilation"] = dilation
        elif set(dilation) != {1}:
            raise InputError("an average with a dilation is not followed")
        else:
            settings["count_include_pad"] = counts
        return graph.use(graph.label(node, 9), KINDS[f"{kind}Pool{len(kernel)}d"](kernel, **settings), x)

    return run
