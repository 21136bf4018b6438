"""What each kind of layer does with numbers: the engine's operations, and numpy's views, by a table.

Every array has the batch first, as the trace's shapes have it. What has no numbers is refused by name before anything
is worked. In evaluation: norms take their running statistics, dropout changes nothing.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from convcalc.inference.cells import (
    ACTIVATIONS,
    BY_THEIR_NUMBERS,
    BY_THEIR_PAIRS,
    COMPOSED,
    REDUCED,
    RESPONSE_NORMS,
    SOFTMAXES,
    as_it_is,
    combined,
    elementwise,
    gated,
    prelu,
    reduced,
    scaled,
)
from convcalc.inference.layer_result import Apply, LayerResult
from convcalc.inference.moving import (
    PADS,
    axes_left,
    channels_shuffled,
    joined,
    padded,
    permuted,
    repeated,
    reshaped,
    resized,
    shuffled,
    stacked,
    taken,
    unshuffled,
    upsampled,
)
from convcalc.inference.windows import (
    adaptive,
    avg_pool,
    batch_norm_of,
    channel_norm,
    convolution,
    group_norm_of,
    layer_norm_of,
    linear_of,
    lp_pool,
    max_pool,
    transposed,
)
from convcalc.network.dense import Linear, RadialBasis
from convcalc.network.functions import (
    Cat,
    Combine,
    MatMul,
    Parameter,
    Permute,
    Reduce,
    Repeat,
    Resize,
    Source,
    Stack,
    Take,
    View,
)
from convcalc.network.layer import Layer
from convcalc.network.norms import BatchNorm, ChannelNorm, GroupNorm, LayerNorm, LayerScale
from convcalc.network.shaping import (
    ChannelShuffle,
    Dropout,
    Elementwise,
    Flatten,
    GatedLinearUnit,
    LearnedSlope,
    Pad,
    PadAxes,
    PixelShuffle,
    PixelUnshuffle,
    Unflatten,
    Upsample,
)
from convcalc.network.trace import Node
from convcalc.network.windows import (
    AdaptivePool,
    AvgPool,
    Convolution,
    LPPool,
    MaxPool,
    TransposedConvolution,
)

APPLY: dict[type[Layer], Apply] = {
    Convolution: convolution,
    TransposedConvolution: transposed,
    MaxPool: max_pool,
    AvgPool: avg_pool,
    LPPool: lp_pool,
    AdaptivePool: adaptive,
    BatchNorm: batch_norm_of,
    GroupNorm: group_norm_of,
    ChannelNorm: channel_norm,
    LayerNorm: layer_norm_of,
    LayerScale: scaled,
    LearnedSlope: prelu,
    Linear: linear_of,
    Dropout: as_it_is,
    Elementwise: elementwise,
    Flatten: reshaped,
    Unflatten: reshaped,
    View: reshaped,
    Upsample: upsampled,
    PixelShuffle: shuffled,
    PixelUnshuffle: unshuffled,
    ChannelShuffle: channels_shuffled,
    Pad: padded,
    GatedLinearUnit: gated,
    Take: taken,
    Combine: combined,
    Cat: joined,
    Stack: stacked,
    Permute: permuted,
    Reduce: reduced,
    Resize: resized,
    Repeat: repeated,
    PadAxes: padded,
    MatMul: lambda layer, node, tensors, inputs: LayerResult(lambda: np.matmul(*inputs), None),
    Parameter: lambda layer, node, tensors, inputs: LayerResult(lambda: tensors[""], list),
}
"""What each kind of layer does with numbers."""
WITHOUT: dict[type[Layer], Callable[[Any, Node], bool]] = {
    Convolution: lambda layer, node: layer.dims > 2 or hasattr(layer, "table"),  # the 1998 paper's
    TransposedConvolution: lambda layer, node: layer.dims > 2,
    MaxPool: lambda layer, node: layer.dims > 2,
    AvgPool: lambda layer, node: layer.dims > 2,
    AdaptivePool: lambda layer, node: layer.dims > 2,
    LPPool: lambda layer, node: layer.norm_type != int(layer.norm_type) or _has_partial_windows(layer, node),
    BatchNorm: lambda layer, node: layer.dims > 2 or layer.trains_always,
    RadialBasis: lambda layer, node: True,
    Elementwise: lambda layer, node: (
        layer.trains_always or layer.kind not in (*ACTIVATIONS, *COMPOSED, *SOFTMAXES, *RESPONSE_NORMS, "Identity")
    ),
    Combine: lambda layer, node: not _has_numbers(layer, node),
    Reduce: lambda layer, node: layer.kind not in REDUCED,
    Take: lambda layer, node: (
        layer.cuts is None or len(axes_left(node)) + len(layer.picked or ()) < len(node.shapes[0])
    ),
    Upsample: lambda layer, node: len(node.output) > 4 or layer.mode not in ("nearest", "bilinear", "linear"),
    Pad: lambda layer, node: layer.dims > 2 or layer.kind[:-2] not in PADS,
    LearnedSlope: lambda layer, node: len(node.output) > 4,
    Dropout: lambda layer, node: layer.trains_always and layer.p != 0,
}
"""Of these kinds, some have no numbers."""


def _has_partial_windows(layer: Any, node: Node) -> bool:
    """Whether a window reaches beyond the input: PyTorch scales up what such a one of an lp pooling adds up to."""
    sizes = zip(node.shapes[0][2:], layer.each("kernel_size"), layer.each("stride"), strict=True)
    return bool(layer.ceil_mode) and any((length - window) % stride for length, window, stride in sizes)


def _has_numbers(layer: Any, node: Node) -> bool:
    """Whether all operands of a function are known: tensors, and numbers that its line says."""
    count = len(node.inputs)
    operands = layer.operands_of(count)
    if operands is None:
        return False
    return (layer.kind in BY_THEIR_NUMBERS and len(operands) == 1) or (
        layer.kind in BY_THEIR_PAIRS and len(operands) > 1 and operands.count(None) == count
    )


def kind_of(node: Node) -> type[Layer] | None:
    """Return the kind by which a layer is worked; None where it has no numbers here."""
    layer = node.layer
    if type(layer) is Source and node.index == 0:
        return Source
    bases = type(layer).__mro__
    kind = next((base for base in bases if base in APPLY), None)
    if kind is None or any(WITHOUT[base](layer, node) for base in bases[: bases.index(kind) + 1] if base in WITHOUT):
        return None
    return kind
