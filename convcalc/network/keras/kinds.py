"""Keras's layers by their names: a table."""

from typing import Any

from convcalc.errors import InputError, nearest
from convcalc.network.keras import norms, recurrent, shaping, windows
from convcalc.network.keras.layer import KerasLayer

_BY_AXES: dict[str, tuple[type[KerasLayer], tuple[int, ...]]] = {
    "Conv{}D": (windows.Conv, (1, 2, 3)),
    "SeparableConv{}D": (windows.Separable, (1, 2)),
    "DepthwiseConv{}D": (windows.Depthwise, (1, 2)),
    "Conv{}DTranspose": (windows.Transposed, (1, 2, 3)),
    "MaxPooling{}D": (windows.KerasPool, (1, 2, 3)),
    "AveragePooling{}D": (windows.KerasAveragePool, (1, 2, 3)),
    "GlobalAveragePooling{}D": (windows.KerasGlobalPool, (1, 2, 3)),
    "GlobalMaxPooling{}D": (windows.KerasGlobalPool, (1, 2, 3)),
    "ZeroPadding{}D": (shaping.ZeroPadding, (1, 2, 3)),
    "Cropping{}D": (shaping.Cropping, (1, 2, 3)),
    "UpSampling{}D": (shaping.UpSampling, (1, 2, 3)),
    "ConvLSTM{}D": (recurrent.ConvRecurrent, (1, 2, 3)),
    "SpatialDropout{}D": (shaping.Cellwise, (1, 2, 3)),
}
_OTHERS: dict[str, type[KerasLayer]] = {
    "Dense": shaping.Dense,
    "Flatten": shaping.KerasFlatten,
    "Reshape": shaping.Reshape,
    "Permute": shaping.Permute,
    "RepeatVector": shaping.RepeatVector,
    "Embedding": shaping.Embedding,
    "BatchNormalization": norms.BatchNorm,
    "LayerNormalization": norms.LayerNorm,
    "GroupNormalization": norms.GroupNorm,
    "RMSNormalization": norms.RootNorm,
    "Normalization": norms.Normalization,
    "Activation": shaping.KerasActivation,
    "PReLU": shaping.Slopes,
    "Concatenate": shaping.Concatenate,
    "Dot": shaping.Dot,
    "SimpleRNN": recurrent.Recurrent,
    "LSTM": recurrent.Recurrent,
    "GRU": recurrent.Recurrent,
    "Bidirectional": recurrent.Bidirectional,
    "TimeDistributed": recurrent.TimeDistributed,
    "SpectralNormalization": recurrent.SpectralNormalization,
    "Attention": recurrent.Attention,
    "AdditiveAttention": recurrent.Attention,
    "MultiHeadAttention": recurrent.MultiHeadAttention,
    **dict.fromkeys(("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"), shaping.Merging),
    **dict.fromkeys(("Resizing", "CenterCrop", "RandomCrop"), shaping.Resized),
}
CELLWISE = (
    "ReLU LeakyReLU ELU ThresholdedReLU Softmax Dropout AlphaDropout GaussianDropout GaussianNoise Rescaling "
    "ActivityRegularization Masking Identity UnitNormalization RandomFlip RandomRotation RandomZoom RandomContrast "
    "RandomTranslation RandomBrightness RandomWidth RandomHeight"
)
"""Those that keep the shape and hold nothing."""
GATES = {"SimpleRNN": 1, "LSTM": 4, "GRU": 3}
ALIASES = {
    **{f"Convolution{dims}D": f"Conv{dims}D" for dims in (1, 2, 3)},
    **{f"Conv{dims}dTranspose": f"Conv{dims}DTranspose" for dims in (2, 3)},
    **{f"MaxPool{dims}D": f"MaxPooling{dims}D" for dims in (1, 2, 3)},
    **{f"AvgPool{dims}D": f"AveragePooling{dims}D" for dims in (1, 2, 3)},
    **{f"GlobalAvgPool{dims}D": f"GlobalAveragePooling{dims}D" for dims in (1, 2, 3)},
    **{f"GlobalMaxPool{dims}D": f"GlobalMaxPooling{dims}D" for dims in (1, 2, 3)},
    **dict.fromkeys(("CuDNNLSTM",), "LSTM"),
    "Deconvolution2D": "Conv2DTranspose", "Convolution2DTranspose": "Conv2DTranspose",
    "SeparableConvolution2D": "SeparableConv2D", "BatchNormalizationV1": "BatchNormalization",
}  # fmt: skip
"""Other names of the same layers."""


def _made() -> dict[str, type[KerasLayer]]:
    kinds: dict[str, type[KerasLayer]] = {}
    for pattern, (base, all_dims) in _BY_AXES.items():
        for dims in all_dims:
            name = pattern.format(dims)
            kinds[name] = type(name, (base,), {"dims": dims})
    for name, base in _OTHERS.items():
        kinds[name] = type(name, (base,), {"gates": GATES[name]} if name in GATES else {})
    return kinds | {name: type(name, (shaping.Cellwise,), {}) for name in CELLWISE.split()}


KERAS = _made()
"""Every layer of Keras's that is counted, by its name."""
OLD_NAMES = {
    "nb_filter": "filters", "border_mode": "padding", "subsample": "strides", "bias": "use_bias",
    "output_dim": "units", "atrous_rate": "dilation_rate", "rate": "rate", "p": "rate", "pool_length": "pool_size",
    "filter_length": "kernel_size", "subsample_length": "strides", "stride": "strides",
}  # fmt: skip
"""Settings of Keras 1, and what they are called today."""


def keras_layer(name: str, given: tuple[Any, ...], named: dict[str, Any]) -> KerasLayer:
    """Make a layer by Keras's name for it; raise InputError naming the nearest.

    >>> str(keras_layer("Conv2D", (32, 3), {"activation": "relu"}))
    'Conv2D 32, 3×3, relu'
    """
    name = ALIASES.get(name, name)
    if name not in KERAS:
        close = nearest(name.lower(), [known.lower() for known in KERAS])
        near = [known for known in KERAS if known.lower() in close]
        hint = f"did you mean {' or '.join(near)}?" if near else "`convcalc model --list` names those that are"
        raise InputError(f"Keras's {name} is not among the layers that are counted", hint=hint)
    kind = KERAS[name]
    arguments = kind.arguments()
    if issubclass(kind, windows.Conv):
        given, named = _of_old(name, kind.dims, given, named)
    if kind is KERAS["Permute"] and "dims" in named:
        named = {**{key: value for key, value in named.items() if key != "dims"}, "dims_order": named["dims"]}
    named = {key if key in arguments else OLD_NAMES.get(key, key): value for key, value in named.items()}
    return kind(*given, **named)


def _of_old(
    name: str, dims: int, given: tuple[Any, ...], named: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments of a convolution as they are today, where they are Keras 1's."""
    first = 1 if name.startswith("Depthwise") else 2
    if "nb_row" in named and "nb_col" in named:
        named = {**named, "kernel_size": (named["nb_row"], named["nb_col"])}
        named = {key: value for key, value in named.items() if key not in ("nb_row", "nb_col")}
    if dims == 2 and first == 2 and len(given) == 3 and all(isinstance(one, int) for one in given):
        if not {"border_mode", "subsample", "init"} & set(named):
            raise InputError(
                f"{name}{given} is read in two ways: kernels of {given[1]}×{given[2]} in old Keras, "
                f"strides of {given[2]} in today's",
                hint=f"write {name}({given[0]}, ({given[1]}, {given[2]})), or in PyTorch's words Conv2d{given}",
            )
        given = (given[0], given[1:])
    return given, named
