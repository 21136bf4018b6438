"""MobileNet v2 and v3, ShuffleNet v2 and EfficientNet: depthwise convolutions."""

from typing import Any

from convcalc.network.functions import Combine, Take
from convcalc.network.trace import NetworkPart, Tensor
from convcalc.network.zoo.blocks import act, add, cat, conv, conv_bn, global_average, layer, linear, max_pool, rounded


def _unit(
    net: NetworkPart, name: str, x: Tensor, out: int, size: int = 1, function: str | None = "ReLU6", **how: Any
) -> Tensor:
    """Use a convolution that keeps the size but for its stride, a batch norm and an activation."""
    part = net.part(name, "Conv2dNormActivation")
    x = conv_bn(part, ("0", "1"), x, out, size, padding=size // 2, **how)
    return x if function is None else act(part, "2", x, function)


MOBILENET_V2 = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
"""Expansion, channels, repeats and stride: table 2 of Sandler and others (2018)."""


def mobilenet_v2(net: NetworkPart, x: Tensor, classes: int = 1000) -> Tensor:
    """MobileNet v2: widened by 1×1, depthwise 3×3, narrowed by 1×1 without an activation, a shortcut."""
    features = net.part("features")
    x = _unit(features, "0", x, 32, 3, stride=2)
    number = 1
    for expansion, channels, repeats, first in MOBILENET_V2:
        for index in range(repeats):
            block, stride = features.part(str(number), "InvertedResidual"), first if index == 0 else 1
            x = _inverted_v2(block, x, expansion, channels, stride)
            number += 1
    x = _unit(features, str(number), x, 1280)
    x = global_average(net, x)
    head = net.part("classifier")
    return linear(head, "1", head("0", layer("Dropout"), x), classes)


def _inverted_v2(block: NetworkPart, x: Tensor, expansion: int, channels: int, stride: int) -> Tensor:
    inner, net, at, y = x.shape[1] * expansion, block.part("conv"), 0, x
    if expansion != 1:
        y, at = _unit(net, "0", y, inner), 1
    y = _unit(net, str(at), y, inner, 3, stride=stride, groups=inner)
    y = conv_bn(net, (str(at + 1), str(at + 2)), y, channels, 1)
    return add(block, y, x) if stride == 1 and x.shape[1] == channels else y


MOBILENET_V3 = {
    "small": (
        (3, 16, 16, 1, "ReLU", 2), (3, 72, 24, 0, "ReLU", 2), (3, 88, 24, 0, "ReLU", 1), (5, 96, 40, 1, "Hardswish", 2),
        (5, 240, 40, 1, "Hardswish", 1), (5, 240, 40, 1, "Hardswish", 1), (5, 120, 48, 1, "Hardswish", 1),
        (5, 144, 48, 1, "Hardswish", 1), (5, 288, 96, 1, "Hardswish", 2), (5, 576, 96, 1, "Hardswish", 1),
        (5, 576, 96, 1, "Hardswish", 1),
    ),
    "large": (
        (3, 16, 16, 0, "ReLU", 1), (3, 64, 24, 0, "ReLU", 2), (3, 72, 24, 0, "ReLU", 1), (5, 72, 40, 1, "ReLU", 2),
        (5, 120, 40, 1, "ReLU", 1), (5, 120, 40, 1, "ReLU", 1), (3, 240, 80, 0, "Hardswish", 2),
        (3, 200, 80, 0, "Hardswish", 1), (3, 184, 80, 0, "Hardswish", 1), (3, 184, 80, 0, "Hardswish", 1),
        (3, 480, 112, 1, "Hardswish", 1), (3, 672, 112, 1, "Hardswish", 1), (5, 672, 160, 1, "Hardswish", 2),
        (5, 960, 160, 1, "Hardswish", 1), (5, 960, 160, 1, "Hardswish", 1),
    ),
}  # fmt: skip
"""Kernel, widened, channels, squeeze-and-excite, activation, stride: tables 1 and 2 of Howard and others (2019)."""
V3_EPS = 1e-3
"""What its batch norms add to a variance, as torchvision has it."""
LAST_V3 = {"small": 1024, "large": 1280}


def mobilenet_v3(net: NetworkPart, x: Tensor, classes: int = 1000, *, size: str) -> Tensor:
    """MobileNet v3, small or large."""
    features = net.part("features")
    x = _unit(features, "0", x, 16, 3, "Hardswish", stride=2, eps=V3_EPS)
    for index, (kernel, inner, channels, squeezes, function, stride) in enumerate(MOBILENET_V3[size], 1):
        block = features.part(str(index), "InvertedResidual")
        squeezed = rounded(inner / 4) if squeezes else 0
        x = _inverted(block, x, kernel, inner, channels, squeezed, function, stride, V3_EPS)
    x = _unit(features, str(len(MOBILENET_V3[size]) + 1), x, 6 * x.shape[1], 1, "Hardswish", eps=V3_EPS)
    x = global_average(net, x)
    head = net.part("classifier")
    x = act(head, "1", linear(head, "0", x, LAST_V3[size]), "Hardswish")
    return linear(head, "3", head("2", layer("Dropout"), x), classes)


def _inverted(
    outer: NetworkPart,
    x: Tensor,
    kernel: int,
    inner: int,
    channels: int,
    squeezed: int,
    function: str,
    stride: int,
    eps: float = 1e-5,
) -> Tensor:
    """Widen, convolve each channel by itself, squeeze and excite, narrow, and add the shortcut if there is one."""
    block, at, y = outer.part("block"), 0, x
    gate = "Hardsigmoid" if function != "SiLU" else "Sigmoid"
    inside = "ReLU" if function != "SiLU" else "SiLU"
    if inner != x.shape[1]:
        y, at = _unit(block, "0", y, inner, 1, function, eps=eps), 1
    y = _unit(block, str(at), y, inner, kernel, function, stride=stride, groups=inner, eps=eps)
    if squeezed:
        at += 1
        part = block.part(str(at), "SqueezeExcitation")
        scale = part("avgpool", layer("AdaptiveAvgPool2d", 1), y)
        scale = act(part, "activation", conv(part, "fc1", scale, squeezed, 1), inside)
        scale = act(part, "scale_activation", conv(part, "fc2", scale, inner, 1), gate)
        y = part("mul", Combine("mul"), scale, y)
    y = _unit(block, str(at + 1), y, channels, 1, None, eps=eps)
    return add(outer, y, x) if stride == 1 and x.shape[1] == channels else y


EFFICIENTNET_B0 = (
    (1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3), (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)  # fmt: skip
"""Expansion, kernel, stride, channels and repeats: table 1 of Tan and Le (2019)."""


def efficientnet_b0(net: NetworkPart, x: Tensor, classes: int = 1000) -> Tensor:
    """EfficientNet-B0: MobileNet's blocks with squeeze-and-excite, and SiLU."""
    features = net.part("features")
    x = _unit(features, "0", x, 32, 3, "SiLU", stride=2)
    for stage, (expansion, kernel, first, channels, repeats) in enumerate(EFFICIENTNET_B0, 1):
        part = features.part(str(stage))
        for index in range(repeats):
            before = x.shape[1]
            stride = first if index == 0 else 1
            block = part.part(str(index), "MBConv")
            x = _inverted(block, x, kernel, before * expansion, channels, max(1, before // 4), "SiLU", stride)
    x = _unit(features, str(len(EFFICIENTNET_B0) + 1), x, 4 * x.shape[1], 1, "SiLU")
    x = global_average(net, x)
    head = net.part("classifier")
    return linear(head, "1", head("0", layer("Dropout"), x), classes)


SHUFFLENET = {
    "0.5": (24, 48, 96, 192, 1024),
    "1.0": (24, 116, 232, 464, 1024),
    "1.5": (24, 176, 352, 704, 1024),
    "2.0": (24, 244, 488, 976, 2048),
}
"""Channels of the stages: table 5 of Ma and others (2018)."""


def shufflenet_v2(net: NetworkPart, x: Tensor, classes: int = 1000, *, width: str) -> Tensor:
    """ShuffleNet v2: half of the channels pass by, then the halves are shuffled."""
    first, *stages, last = SHUFFLENET[width]
    part = net.part("conv1")
    x = act(part, "2", conv_bn(part, ("0", "1"), x, first, 3, stride=2, padding=1))
    x = max_pool(net, "maxpool", x, 3, 2, 1)
    for stage, (channels, repeats) in enumerate(zip(stages, (4, 8, 4), strict=True), 2):
        part = net.part(f"stage{stage}")
        for index in range(repeats):
            x = _shuffled(part.part(str(index), "InvertedResidual"), x, channels, 2 if index == 0 else 1)
    part = net.part("conv5")
    x = act(part, "2", conv_bn(part, ("0", "1"), x, last, 1))
    x = net("mean", layer("AdaptiveAvgPool2d", 1), x)
    return linear(net, "fc", net("flatten", layer("Flatten"), x), classes)


def _half(shape: tuple[int, ...], first: int) -> Take:
    """Return one half of the channels, from the first of them on."""
    return Take(shape, f"{first // shape[1]} of 2", cuts={1: (first, 1)})


def _shuffled(net: NetworkPart, x: Tensor, channels: int, stride: int) -> Tensor:
    half = channels // 2
    if stride == 1:
        shape = (x.shape[0], half, *x.shape[2:])
        passed, branch = net("chunk", _half(shape, 0), x), net("chunk", _half(shape, half), x)
    else:
        part = net.part("branch1")
        branch = x
        passed = conv_bn(part, ("0", "1"), x, x.shape[1], 3, stride=stride, padding=1, groups=x.shape[1])
        passed = act(part, "4", conv_bn(part, ("2", "3"), passed, half, 1))
    part = net.part("branch2")
    branch = act(part, "2", conv_bn(part, ("0", "1"), branch, half, 1))
    branch = conv_bn(part, ("3", "4"), branch, half, 3, stride=stride, padding=1, groups=half)
    branch = act(part, "7", conv_bn(part, ("5", "6"), branch, half, 1))
    return net("channel_shuffle", layer("ChannelShuffle", 2), cat(net, passed, branch))
