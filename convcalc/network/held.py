"""The tensors that each kind of layer holds, by PyTorch's names, and their shapes."""

from collections.abc import Callable, Mapping
from typing import Any

from convcalc.network.dense import Linear
from convcalc.network.functions import Buffer, Parameter
from convcalc.network.layer import Layer
from convcalc.network.norms import BatchNorm, ChannelNorm, GroupNorm, LayerNorm, LayerScale
from convcalc.network.shaping import LearnedSlope
from convcalc.network.windows import Convolution, TransposedConvolution

Shapes = Mapping[str, tuple[int, ...]]


def _filters(layer: Any) -> Shapes:
    shape = (layer.out_channels, layer.in_channels // layer.groups, *layer.each("kernel_size"))
    return {"weight": shape, **({"bias": (layer.out_channels,)} if layer.bias else {})}


def _stamps(layer: Any) -> Shapes:
    shape = (layer.in_channels, layer.out_channels // layer.groups, *layer.each("kernel_size"))
    return {"weight": shape, **({"bias": (layer.out_channels,)} if layer.bias else {})}


def _batch_norm(layer: Any) -> Shapes:
    names = [*(("weight", "bias") if layer.affine else ())]
    names += ["running_mean", "running_var"] if layer.track_running_stats else []
    return dict.fromkeys(names, (layer.num_features,))


def _layer_norm(layer: Any) -> Shapes:
    if not layer.elementwise_affine:
        return {}
    shape = layer.normalized_shape
    last = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
    return {"weight": last, **({"bias": last} if layer.bias else {})}


WANTED: dict[type[Layer], Callable[[Any], Shapes]] = {
    Convolution: _filters,
    TransposedConvolution: _stamps,
    Linear: lambda layer: {
        "weight": (layer.out_features, layer.in_features),
        **({"bias": (layer.out_features,)} if layer.bias else {}),
    },
    BatchNorm: _batch_norm,
    GroupNorm: lambda layer: dict.fromkeys(("weight", "bias"), (layer.num_channels,)) if layer.affine else {},
    ChannelNorm: lambda layer: dict.fromkeys(("weight", "bias"), (layer.normalized_shape,)),
    LayerNorm: _layer_norm,
    LearnedSlope: lambda layer: {"weight": (layer.num_parameters,)},
    LayerScale: lambda layer: {"": (layer.channels_scaled, 1, 1)},
    Parameter: lambda layer: {"": tuple(layer.shape)},
    Buffer: lambda layer: {"": tuple(layer.shape)},
}
"""The tensors of each kind of layer, by the name behind the layer's, and their shapes; others have none.

An empty name is a tensor that is called as the layer is.
"""


def wanted(layer: Layer) -> Shapes:
    """Return the names and shapes of a layer's tensors.

    >>> from convcalc.network.kinds import KINDS
    >>> wanted(KINDS["Conv2d"](1, 6, 5))
    {'weight': (6, 1, 5, 5), 'bias': (6,)}
    """
    kind = next((base for base in type(layer).__mro__ if base in WANTED), None)
    return {} if kind is None else WANTED[kind](layer)
