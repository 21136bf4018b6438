"""Layers that move, join, repeat and pad cells."""

from fractions import Fraction
from typing import Any

import numpy as np

from convcalc.choices import UpsampleMode
from convcalc.engine.exact import Array
from convcalc.engine.gathered import NOWHERE
from convcalc.engine.gathering import upsample
from convcalc.inference.layer_result import LayerResult, Operation, Tensors, constant, moved, movement, numbered, viewed
from convcalc.inference.windows import for_both, on_planes
from convcalc.network.functions import Cat, Permute, Repeat, Resize, Stack, Take
from convcalc.network.shaping import ChannelShuffle, Pad, PadAxes, PixelShuffle, PixelUnshuffle, Upsample
from convcalc.network.trace import Node

PADS = {
    "ZeroPad": "constant", "ConstantPad": "constant", "ReflectionPad": "reflect", "ReplicationPad": "edge",
    "CircularPad": "wrap",
}  # fmt: skip
"""PyTorch's padding layers, without their axes, and numpy's words for them."""


def reshaped(layer: Any, node: Node, tensors: Tensors, inputs: list[Array]) -> LayerResult:
    """View the input in another shape."""
    return LayerResult(lambda: inputs[0].reshape(node.output), lambda: [viewed(inputs[0], node.output)])


def joined(layer: Cat, node: Node, tensors: Tensors, inputs: list[Array]) -> LayerResult:
    """Put tensors behind one another."""
    return movement("cat", inputs, lambda *grids: np.concatenate(grids, axis=layer.dim))


def stacked(layer: Stack, node: Node, tensors: Tensors, inputs: list[Array]) -> LayerResult:
    """Put tensors behind one another, along a new axis."""
    return movement("stack", inputs, lambda *grids: np.stack(grids, axis=layer.dim))


def permuted(layer: Permute, node: Node, tensors: Tensors, inputs: list[Array]) -> LayerResult:
    """Put the axes in another order."""
    return movement("permute", inputs, lambda grid: grid.transpose(layer.order_of(grid.ndim)))


def resized(layer: Resize, node: Node, tensors: Tensors, inputs: list[Array]) -> LayerResult:
    """Add axes of length 1, take some away, or repeat the only cell of others."""
    if inputs[0].size == np.prod(node.output):
        return reshaped(layer, node, tensors, inputs)
    return movement(layer.kind, inputs, lambda grid: np.broadcast_to(grid, node.output))


def repeated(layer: Repeat, node: Node, tensors: Tensors, inputs: list[Array]) -> LayerResult:
    """Repeat the whole tensor along its axes: torch's `repeat`."""
    return movement("repeat", inputs, lambda grid: np.tile(grid, layer.counts))


def upsampled(layer: Upsample, node: Node, tensors: Tensors, inputs: list[Array]) -> LayerResult:
    """Repeat cells, or mix neighbours."""
    mode = UpsampleMode.NEAREST if layer.mode == "nearest" else UpsampleMode.BILINEAR
    settings: Any = {
        "size": for_both(node.output[2:], 1), "mode": mode, "align_corners": bool(layer.align_corners),
        "steps": [Fraction(1)] * (4 - len(node.output)) + layer.steps(node.shapes[0]),
    }  # fmt: skip
    return on_planes(inputs[0], node, lambda grid: upsample(grid, **settings))


def shuffled(layer: PixelShuffle, node: Node, tensors: Tensors, inputs: list[Array]) -> LayerResult:
    """Turn r² channels into finer cells: torch.nn.PixelShuffle."""
    r = layer.upscale_factor

    def move(grid: Array) -> Array:
        items, channels, rows, columns = grid.shape
        parts = grid.reshape(items, channels // r**2, r, r, rows, columns).transpose(0, 1, 4, 2, 5, 3)
        finer: Array = parts.reshape(items, channels // r**2, rows * r, columns * r)
        return finer

    return movement("pixel shuffle", inputs, move)


def unshuffled(layer: PixelUnshuffle, node: Node, tensors: Tensors, inputs: list[Array]) -> LayerResult:
    """Turn cells into channels: torch.nn.PixelUnshuffle."""
    r = layer.downscale_factor

    def move(grid: Array) -> Array:
        items, channels, rows, columns = grid.shape
        parts = grid.reshape(items, channels, rows // r, r, columns // r, r).transpose(0, 1, 3, 5, 2, 4)
        coarser: Array = parts.reshape(items, channels * r**2, rows // r, columns // r)
        return coarser

    return movement("pixel unshuffle", inputs, move)


def channels_shuffled(layer: ChannelShuffle, node: Node, tensors: Tensors, inputs: list[Array]) -> LayerResult:
    """Reorder channels between groups."""

    def move(grid: Array) -> Array:
        items, channels, *rest = grid.shape
        parts = grid.reshape(items, layer.groups, channels // layer.groups, *rest)
        mixed: Array = parts.swapaxes(1, 2).reshape(grid.shape)
        return mixed

    return movement("channel shuffle", inputs, move)


def padded(layer: Pad | PadAxes, node: Node, tensors: Tensors, inputs: list[Array]) -> LayerResult:
    """Put cells around every channel, or (of less than none) take some away."""
    ends, x = layer.ends(len(node.output)), inputs[0]
    around = [(max(before, 0), max(after, 0)) for before, after in ends]
    inside = tuple(slice(max(-before, 0), after if after < 0 else None) for before, after in ends)
    mode: Any = "constant" if isinstance(layer, PadAxes) else PADS[layer.kind[:-2]]
    value = constant(0 if layer.kind.startswith("Zero") else layer.value, x.dtype)

    def move(grid: Array, value: Any) -> Array:
        named = {"constant_values": value} if mode == "constant" else {}
        return np.pad(grid[inside], around, mode=mode, **named)

    def operations() -> list[Operation]:
        if mode == "constant" and value[0]:
            return [moved("pad", [x, value], move(numbered([x])[0], x.size))]  # the value is a cell of its own
        return [moved("pad", inputs, move(numbered(inputs)[0], NOWHERE))]

    is_told = mode != "constant" or value.dtype.kind != "f" or np.isfinite(value[0])
    return LayerResult(lambda: move(x, value[0]), operations if is_told else None)


def axes_left(node: Node) -> list[int]:
    """Return the axes of a tensor that its part still has."""
    layer: Any = node.layer
    axes = range(len(node.shapes[0])) if layer.axes_left is None else layer.axes_left
    return [axis for axis in axes if axis is not None]


def taken(layer: Take, node: Node, tensors: Tensors, inputs: list[Array]) -> LayerResult:
    """Take a part of a tensor."""

    def move(grid: Array) -> Array:
        axes = list(layer.axes_left if layer.axes_left is not None else range(grid.ndim))
        for axis, index in (layer.picked or {}).items():
            grid = np.take(grid, [index], axis=axis)
        for axis, (first, step) in layer.cuts.items():
            length = node.output[axes.index(axis)]
            if (first, step, length) != (0, 1, grid.shape[axis]):
                grid = np.take(grid, first + step * np.arange(length), axis=axis)
        return grid.reshape(node.output)

    return movement("part", inputs, move)
