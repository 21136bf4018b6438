"""Layers with weights, or windows, worked on numbers: by the engine, or where no step is asked for by numpy."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from convcalc.engine.convolution import MANY_PRODUCTS, convolve
from convcalc.engine.dense import linear
from convcalc.engine.exact import FLOAT64, Array, as_floats
from convcalc.engine.node import left_to_floats
from convcalc.engine.norms import batch_norm, group_norm, layer_norm
from convcalc.engine.pooling import pool
from convcalc.engine.pooling_kinds import PoolKind
from convcalc.engine.transposed import conv_transpose
from convcalc.errors import InputError
from convcalc.inference.layer_result import LayerResult, Operation, Tensors, moved, numbered, viewed
from convcalc.network.dense import Linear
from convcalc.network.norms import BatchNorm, ChannelNorm, GroupNorm, InstanceNorm, LayerNorm
from convcalc.network.trace import Node
from convcalc.network.windows import (
    AdaptivePool,
    AvgPool,
    Convolution,
    LPPool,
    MaxPool,
    TransposedConvolution,
)


def as_plane(x: Array) -> Array:
    """Return what has rows only, (N, C, L), as (N, C, 1, L)."""
    return x[:, :, None, :] if x.ndim == 3 else x


def for_both(values: tuple[int, ...], first: int) -> tuple[int, ...]:
    """Return one number for rows, of a single row `first`, and one for columns."""
    return (first, *values) if len(values) == 1 else values


def on_planes(x: Array, node: Node, work: Callable[[Array], Any], **reads: Array) -> LayerResult:
    """Return what an operation on planes makes: of rows, (N, C, L), and of (N, C) it makes planes and takes them back.

    Its steps are exact; the numbers of float32 are left to floats.
    """
    reads = {role: grid for role, grid in reads.items() if grid is not None}
    shape = node.output

    def numbers_of(result: Any) -> Array:
        output: Array = (left_to_floats(result) if x.dtype == np.float32 else result).output
        return output.reshape(shape)

    if x.ndim == 4:
        result = work(x)
        return LayerResult(lambda: numbers_of(result), lambda: [Operation(result, {"input": x, **reads})])
    before = viewed(x, as_plane(x).shape if x.ndim == 3 else (*x.shape, 1, 1))
    assert before.output is not None
    planes = before.output
    result = work(planes)

    def operations() -> list[Operation]:
        output = result.output
        return [before, Operation(result, {"input": planes, **reads}, output), viewed(output, shape)]

    return LayerResult(lambda: numbers_of(result), operations, main=1)


def _parameters(tensors: Tensors, **roles: str) -> Any:
    return {role: tensors.get(name) for role, name in roles.items()}


def convolution(layer: Convolution, node: Node, tensors: Tensors, inputs: list[Array]) -> LayerResult:
    """Convolve."""
    sides = [(axis.before, axis.after) for axis in layer.axes(node.shapes[0])]
    sides = [(0, 0), *sides] if layer.dims == 1 else sides
    settings: Any = {
        "stride": for_both(layer.each("stride"), 1), "padding": (*sides[0], *sides[1]),
        "dilation": for_both(layer.each("dilation"), 1), "groups": layer.groups, "mode": layer.padding_mode,
    }  # fmt: skip
    kernel, bias = as_plane(tensors["weight"]), tensors.get("bias")
    return on_planes(
        inputs[0],
        node,
        lambda x: convolve(x, kernel, bias=bias, channels_first=True, **settings),
        **_parameters(tensors, kernel="weight", bias="bias"),
    )


def transposed(layer: TransposedConvolution, node: Node, tensors: Tensors, inputs: list[Array]) -> LayerResult:
    """Convolve, transposed."""
    settings: Any = {
        "stride": for_both(layer.each("stride"), 1), "padding": for_both(layer.each("padding", 0), 0),
        "output_padding": for_both(layer.each("output_padding", 0), 0),
        "dilation": for_both(layer.each("dilation"), 1), "groups": layer.groups,
    }  # fmt: skip
    kernel, bias = as_plane(tensors["weight"]), tensors.get("bias")
    return on_planes(
        inputs[0],
        node,
        lambda x: conv_transpose(x, kernel, bias=bias, **settings),
        **_parameters(tensors, kernel="weight", bias="bias"),
    )


def _pool(kind: PoolKind, layer: Any, node: Node, x: Array, **settings: Any) -> LayerResult:
    settings |= {
        "window": for_both(layer.each("kernel_size"), 1), "stride": for_both(layer.each("stride"), 1),
        "padding": for_both(layer.each("padding", 0), 0), "dilation": for_both(layer.each("dilation"), 1),
        "ceil": bool(layer.ceil_mode),
    }  # fmt: skip
    return on_planes(x, node, lambda planes: pool(planes, kind, **settings))


def max_pool(layer: MaxPool, node: Node, tensors: Tensors, inputs: list[Array]) -> LayerResult:
    """Take maxima."""
    return _pool(PoolKind.MAX, layer, node, inputs[0])


def avg_pool(layer: AvgPool, node: Node, tensors: Tensors, inputs: list[Array]) -> LayerResult:
    """Take means."""
    counted, divisor = bool(layer.count_include_pad), layer.divisor_override
    return _pool(PoolKind.AVG, layer, node, inputs[0], count_padding=counted, divisor=divisor)


def lp_pool(layer: LPPool, node: Node, tensors: Tensors, inputs: list[Array]) -> LayerResult:
    """Take roots of sums of powers; of odd powers of negative cells PyTorch's are others, and are refused."""
    norm, x = int(layer.norm_type), inputs[0]
    if norm % 2 and x.size and x.min() < 0:
        raise InputError(
            f"{node.name}: {layer} of negative cells is not worked: PyTorch adds up x^{norm} and not |x|^{norm}",
            hint="put a ReLU before it, or take an even norm",
        )
    return _pool(PoolKind.LP, layer, node, x, norm=norm)


def adaptive(layer: AdaptivePool, node: Node, tensors: Tensors, inputs: list[Array]) -> LayerResult:
    """Pool by windows that are fitted to the output."""
    kind = PoolKind.MAX if "Max" in layer.kind else PoolKind.AVG
    size = for_both(node.output[2:], 1)
    return on_planes(inputs[0], node, lambda planes: pool(planes, kind, adaptive=size))


def batch_norm_of(layer: BatchNorm, node: Node, tensors: Tensors, inputs: list[Array]) -> LayerResult:
    """Normalise by the running statistics; without any by the batch's own, and an instance norm by each item's."""
    if not layer.track_running_stats and isinstance(layer, InstanceNorm):
        return group_norm_of(layer, node, tensors, inputs)
    x = inputs[0]
    named = _parameters(tensors, gamma="weight", beta="bias")
    running = (tensors["running_mean"], tensors["running_var"]) if layer.track_running_stats else None

    def numbers() -> Array:
        if running is None:
            output: Array = work(as_plane(x)).output.reshape(x.shape)
            return output
        shape = (-1, *[1] * (x.ndim - 2))
        if running[1].min() < 0:
            raise InputError(f"a running variance is {running[1].min()}", hint="is it the file of this network?")
        factor = 1 / np.sqrt(running[1] + np.float32(layer.eps))
        factor = factor if named["gamma"] is None else named["gamma"] * factor
        shift = -running[0] * factor if named["beta"] is None else named["beta"] - running[0] * factor
        output = x * factor.reshape(shape)
        output += shift.reshape(shape)
        return output

    def work(grid: Array) -> Any:
        return batch_norm(grid, running=running, eps=_eps(layer), by_column=grid.ndim == 2, **named)

    if x.ndim == 2:
        reads = {"input": x, **{role: grid for role, grid in named.items() if grid is not None}}
        return LayerResult(numbers, lambda: [Operation(work(x), reads)])
    return _normalised(x, node, work, numbers, named)


def _normalised(
    x: Array, node: Node, work: Callable[[Array], Any], numbers: Callable[[], Array], named: Any
) -> LayerResult:
    """Return what a norm makes of planes; its operations are made when they are asked for."""
    return LayerResult(
        numbers,
        lambda: (on_planes(x, node, work, **named).operations or list)(),
        main=-1 if x.ndim == 4 else 1,
    )


def _eps(layer: Any) -> Fraction:
    return Fraction(str(layer.eps))


def group_norm_of(layer: Any, node: Node, tensors: Tensors, inputs: list[Array]) -> LayerResult:
    """Normalise groups of channels, or (instance norm) each channel."""
    x = inputs[0]
    groups = layer.num_groups if isinstance(layer, GroupNorm) else x.shape[1]
    named = _parameters(tensors, gamma="weight", beta="bias")

    def numbers() -> Array:
        normal = _standardised(x.reshape(len(x), groups, -1), layer.eps).reshape(x.shape)
        return _scaled(normal, tensors, (-1, *[1] * (x.ndim - 2)))

    return _normalised(x, node, lambda grid: group_norm(grid, groups, eps=_eps(layer), **named), numbers, named)


def _standardised(x: Array, eps: float) -> Array:
    """Return the last axis less its mean, over its standard deviation, worked in float64."""
    cells = x.astype(np.float64)
    cells -= cells.mean(axis=-1, keepdims=True)
    cells /= np.sqrt((cells * cells).mean(axis=-1, keepdims=True) + eps)
    return cells.astype(x.dtype)


def _scaled(x: Array, tensors: Tensors, shape: tuple[int, ...]) -> Array:
    gamma, beta = tensors.get("weight"), tensors.get("bias")
    scaled = x if gamma is None else x * gamma.reshape(shape)
    return scaled if beta is None else scaled + beta.reshape(shape)


def layer_norm_of(layer: LayerNorm, node: Node, tensors: Tensors, inputs: list[Array]) -> LayerResult:
    """Normalise the last axes."""
    last = layer.normalized_shape
    shape = tuple(last) if isinstance(last, tuple | list) else (last,)
    x = inputs[0]

    def numbers() -> Array:
        flat = x.reshape(*x.shape[: x.ndim - len(shape)], -1)
        return _scaled(_standardised(flat, layer.eps).reshape(x.shape), tensors, shape)

    return LayerResult(numbers, lambda: [_layer_norm(layer, x, tensors, len(shape))])


def _layer_norm(layer: Any, x: Array, tensors: Tensors, axes: int) -> Operation:
    named = _parameters(tensors, gamma="weight", beta="bias")
    result = layer_norm(x, eps=_eps(layer), axes=axes, **named)
    return Operation(result, {"input": x, **{role: grid for role, grid in named.items() if grid is not None}})


def channel_norm(layer: ChannelNorm, node: Node, tensors: Tensors, inputs: list[Array]) -> LayerResult:
    """Normalise the channels of each place: torchvision's LayerNorm2d."""
    x = inputs[0]

    def numbers() -> Array:
        last = _scaled(_standardised(np.moveaxis(x, 1, -1), layer.eps), tensors, (-1,))
        return np.moveaxis(last, -1, 1)

    def operations() -> list[Operation]:
        turned = moved("channels last", [x], np.moveaxis(numbered([x])[0], 1, -1))
        own = _layer_norm(layer, turned.result.output, tensors, 1)
        output = own.result.output
        back = moved("channels first", [output], np.moveaxis(numbered([output])[0], -1, 1))
        return [turned._replace(output=turned.result.output), own._replace(output=output), back]

    return LayerResult(numbers, operations, main=1)


def linear_of(layer: Linear, node: Node, tensors: Tensors, inputs: list[Array]) -> LayerResult:
    """Multiply by a fully connected layer's weights."""
    x, weight, bias = inputs[0], tensors["weight"], tensors.get("bias")
    rows = x.reshape(-1, x.shape[-1])

    def numbers() -> Array:
        if len(rows) * weight.size <= MANY_PRODUCTS:  # as a convolution's
            total: Array = as_floats(x, FLOAT64) @ as_floats(weight, FLOAT64).T
        else:
            total = x @ weight.T
        output: Array = (total if bias is None else total + bias).astype(weight.dtype, copy=False)
        return output

    def operations() -> list[Operation]:
        reads = {"weights": weight, **({} if bias is None else {"bias": bias})}
        if x.ndim == 2:
            return [Operation(linear(x, weight, bias), {"input": x, **reads})]
        before = viewed(x, rows.shape)
        assert before.output is not None
        result = linear(before.output, weight, bias)
        output = result.output
        own = Operation(result, {"input": before.output, **reads}, output)
        return [before, own, viewed(output, node.output)]

    return LayerResult(numbers, operations, main=-1 if x.ndim == 2 else 1)
