"""The layers by PyTorch's names: a table."""

from convcalc.errors import InputError, nearest
from convcalc.network.dense import Linear, RadialBasis
from convcalc.network.layer import Layer
from convcalc.network.norms import BatchNorm, ChannelNorm, GroupNorm, InstanceNorm, LayerNorm, LayerScale
from convcalc.network.recurrent import (
    Embedding,
    Encoder,
    EncoderLayer,
    MultiheadAttention,
    PlainRecurrent,
    Recurrent,
)
from convcalc.network.shaping import (
    ChannelShuffle,
    Dropout,
    Elementwise,
    Flatten,
    GatedLinearUnit,
    LearnedSlope,
    Pad,
    PixelShuffle,
    PixelUnshuffle,
    Unflatten,
    Upsample,
)
from convcalc.network.windows import (
    AdaptivePool,
    AvgPool,
    Convolution,
    GlobalPool,
    LPPool,
    MaxPool,
    TransposedConvolution,
)

_BY_AXES: dict[str, tuple[type[Layer], tuple[int, ...]]] = {
    "Conv": (Convolution, (1, 2, 3)),
    "ConvTranspose": (TransposedConvolution, (1, 2, 3)),
    "MaxPool": (MaxPool, (1, 2, 3)),
    "AvgPool": (AvgPool, (1, 2, 3)),
    "LPPool": (LPPool, (1, 2)),
    "AdaptiveAvgPool": (AdaptivePool, (1, 2, 3)),
    "AdaptiveMaxPool": (AdaptivePool, (1, 2, 3)),
    "GlobalAvgPool": (GlobalPool, (1, 2, 3)),
    "GlobalMaxPool": (GlobalPool, (1, 2, 3)),
    "BatchNorm": (BatchNorm, (1, 2, 3)),
    "InstanceNorm": (InstanceNorm, (1, 2, 3)),
    "ZeroPad": (Pad, (1, 2, 3)),
    "ConstantPad": (Pad, (1, 2, 3)),
    "ReflectionPad": (Pad, (1, 2, 3)),
    "ReplicationPad": (Pad, (1, 2, 3)),
    "CircularPad": (Pad, (1, 2, 3)),
}
_ALIKE = {
    "activations": "ReLU ReLU6 LeakyReLU RReLU ELU CELU SELU GELU SiLU Mish Sigmoid LogSigmoid Tanh Hardtanh Hardswish "
    "Hardsigmoid Softplus Softsign Softmax Softmax2d LogSoftmax Softmin Threshold Tanhshrink Softshrink Hardshrink",
    "dropouts": "Dropout Dropout1d Dropout2d Dropout3d AlphaDropout FeatureAlphaDropout",
    "others": "Identity LocalResponseNorm CrossMapLRN2d",
}
"""Those that keep the shape and hold nothing."""
_OTHERS: dict[str, type[Layer]] = {
    "Linear": Linear,
    "GroupNorm": GroupNorm,
    "LayerNorm": LayerNorm,
    "PReLU": LearnedSlope,
    "GLU": GatedLinearUnit,
    "Flatten": Flatten,
    "Unflatten": Unflatten,
    "Upsample": Upsample,
    "ChannelShuffle": ChannelShuffle,
    "PixelShuffle": PixelShuffle,
    "PixelUnshuffle": PixelUnshuffle,
    "LSTM": Recurrent,
    "GRU": Recurrent,
    "RNN": PlainRecurrent,
    "Embedding": Embedding,
    "MultiheadAttention": MultiheadAttention,
    "TransformerEncoderLayer": EncoderLayer,
    "TransformerEncoder": Encoder,
}
GATES = {"LSTM": 4, "GRU": 3}
"""How many sets of weights a recurrent layer has, if more than one."""


def _made() -> dict[str, type[Layer]]:
    kinds: dict[str, type[Layer]] = {
        f"{name}{dims}d": type(f"{name}{dims}d", (base,), {"dims": dims})
        for name, (base, all_dims) in _BY_AXES.items()
        for dims in all_dims
    }
    for alike, names in _ALIKE.items():
        kept = Dropout if alike == "dropouts" else Elementwise
        kinds |= {name: type(name, (kept,), {}) for name in names.split()}
    for name, base in _OTHERS.items():
        kinds[name] = type(name, (base,), {"gates": GATES[name]} if name in GATES else {})
    for mode, corners in (("nearest", None), ("bilinear", True)):
        settings = {"mode": mode, "align_corners": corners}
        kinds[f"Upsampling{mode.title()}2d"] = type(f"Upsampling{mode.title()}2d", (Upsample,), settings)
    return kinds


KINDS = _made()
"""Every layer that is counted, by its name."""

NOT_PYTORCHS = {
    "LayerNorm2d": type("LayerNorm2d", (ChannelNorm,), {}),
    "LayerScale": type("LayerScale", (LayerScale,), {}),
    "RadialBasis": type("RadialBasis", (RadialBasis,), {}),
    "DropPath": type("DropPath", (Dropout,), {}),
}
"""Layers that networks of the zoo need besides."""


def kind(name: str) -> type[Layer]:
    """Return a kind of layer by its name; raise InputError naming the nearest.

    >>> kind("Conv2d").__name__
    'Conv2d'
    """
    kinds = KINDS | NOT_PYTORCHS
    if name in kinds:
        return kinds[name]
    by_lower = {known_name.lower(): known_name for known_name in kinds}
    close = [by_lower[word] for word in nearest(name.lower(), list(by_lower))]
    hint = f"did you mean {' or '.join(close)}?" if close else "`convcalc model --list` names the layers"
    raise InputError(f"there is no layer '{name}' among those that are counted", hint=hint)
