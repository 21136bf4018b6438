"""GoogLeNet and Inception v3: convolutions of several sizes side by side, their maps joined."""

from typing import Any

from convcalc.network.trace import NetworkPart, Tensor
from convcalc.network.zoo.blocks import act, cat, conv_bn, global_average, layer, linear, max_pool


def _unit(net: NetworkPart, name: str, x: Tensor, out: int, size: Any = 1, **how: Any) -> Tensor:
    """Use a convolution, a batch norm and a ReLU."""
    part = net.part(name, "BasicConv2d")
    return act(part, "relu", conv_bn(part, ("conv", "bn"), x, out, size, eps=1e-3, **how))


GOOGLENET = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
"""Channels of each module, as table 1 of Szegedy and others (2014) has them: 1×1; 3×3 reduced, 3×3; 5×5 reduced, 5×5;
pooled and projected."""


def googlenet(net: NetworkPart, x: Tensor, classes: int = 1000, *, aux: bool = False) -> Tensor:
    """GoogLeNet as torchvision has it: batch norms, and 3×3 where the paper has 5×5; `aux` adds both extra heads."""
    x = max_pool(net, "maxpool1", _unit(net, "conv1", x, 64, 7, stride=2, padding=3), 3, 2, ceil=True)
    x = _unit(net, "conv3", _unit(net, "conv2", x, 64), 192, 3, padding=1)
    x = max_pool(net, "maxpool2", x, 3, 2, ceil=True)
    for name, channels in GOOGLENET.items():
        x = _googlenet_module(net.part(f"inception{name}", "Inception"), x, *channels)
        if aux and name in GOOGLENET_HEADS:
            _googlenet_head(net.part(GOOGLENET_HEADS[name], "InceptionAux"), x, classes)
        if name == "3b":
            x = max_pool(net, "maxpool3", x, 3, 2, ceil=True)
        elif name == "4e":
            x = max_pool(net, "maxpool4", x, 2, 2, ceil=True)
    x = global_average(net, x)
    return linear(net, "fc", net("dropout", layer("Dropout"), x), classes)


GOOGLENET_HEADS = {"4a": "aux1", "4d": "aux2"}
"""Behind which module each auxiliary head stands."""


def _googlenet_head(net: NetworkPart, x: Tensor, classes: int) -> Tensor:
    x = _unit(net, "conv", net("adaptive_avg_pool2d", layer("AdaptiveAvgPool2d", 4), x), 128)
    x = linear(net, "fc1", net("flatten", layer("Flatten"), x), 1024)
    x = net("dropout", layer("Dropout", 0.7), net("relu", layer("ReLU"), x))
    return linear(net, "fc2", x, classes)


def _googlenet_module(
    net: NetworkPart, x: Tensor, one: int, r3: int, three: int, r5: int, five: int, pooled: int
) -> Tensor:
    first = _unit(net, "branch1", x, one)
    part = net.part("branch2")
    second = _unit(part, "1", _unit(part, "0", x, r3), three, 3, padding=1)
    part = net.part("branch3")
    third = _unit(part, "1", _unit(part, "0", x, r5), five, 3, padding=1)
    part = net.part("branch4")
    fourth = _unit(part, "1", max_pool(part, "0", x, 3, 1, 1, ceil=True), pooled)
    return cat(net, first, second, third, fourth)


def inception_v3(net: NetworkPart, x: Tensor, classes: int = 1000, *, aux: bool = False) -> Tensor:
    """Inception v3 (Szegedy and others, December 2015); `aux` adds the head that only training uses."""
    x = _unit(net, "Conv2d_1a_3x3", x, 32, 3, stride=2)
    x = _unit(net, "Conv2d_2a_3x3", x, 32, 3)
    x = _unit(net, "Conv2d_2b_3x3", x, 64, 3, padding=1)
    x = max_pool(net, "maxpool1", x, 3, 2)
    x = _unit(net, "Conv2d_4a_3x3", _unit(net, "Conv2d_3b_1x1", x, 80), 192, 3)
    x = max_pool(net, "maxpool2", x, 3, 2)
    for name, pool_channels in (("5b", 32), ("5c", 64), ("5d", 64)):
        x = _module_a(net.part(f"Mixed_{name}", "InceptionA"), x, pool_channels)
    x = _module_b(net.part("Mixed_6a", "InceptionB"), x)
    for name, inner in (("6b", 128), ("6c", 160), ("6d", 160), ("6e", 192)):
        x = _module_c(net.part(f"Mixed_{name}", "InceptionC"), x, inner)
    if aux:
        _auxiliary(net.part("AuxLogits", "InceptionAux"), x, classes)
    x = _module_d(net.part("Mixed_7a", "InceptionD"), x)
    for name in ("7b", "7c"):
        x = _module_e(net.part(f"Mixed_{name}", "InceptionE"), x)
    pooled_map = net("avgpool", layer("AdaptiveAvgPool2d", 1), x)
    x = net("flatten", layer("Flatten"), net("dropout", layer("Dropout"), pooled_map))
    return linear(net, "fc", x, classes)


def _pooled(net: NetworkPart, x: Tensor, out: int) -> Tensor:
    return _unit(net, "branch_pool", net("avg_pool2d", layer("AvgPool2d", 3, 1, 1), x), out)


def _module_a(net: NetworkPart, x: Tensor, pooled: int) -> Tensor:
    one = _unit(net, "branch1x1", x, 64)
    five = _unit(net, "branch5x5_2", _unit(net, "branch5x5_1", x, 48), 64, 5, padding=2)
    three = _unit(net, "branch3x3dbl_2", _unit(net, "branch3x3dbl_1", x, 64), 96, 3, padding=1)
    three = _unit(net, "branch3x3dbl_3", three, 96, 3, padding=1)
    return cat(net, one, five, three, _pooled(net, x, pooled))


def _module_b(net: NetworkPart, x: Tensor) -> Tensor:
    three = _unit(net, "branch3x3", x, 384, 3, stride=2)
    double = _unit(net, "branch3x3dbl_2", _unit(net, "branch3x3dbl_1", x, 64), 96, 3, padding=1)
    double = _unit(net, "branch3x3dbl_3", double, 96, 3, stride=2)
    return cat(net, three, double, max_pool(net, "max_pool2d", x, 3, 2))


def _along(net: NetworkPart, name: str, x: Tensor, out: int) -> Tensor:
    return _unit(net, name, x, out, (1, 7), padding=(0, 3))


def _across(net: NetworkPart, name: str, x: Tensor, out: int) -> Tensor:
    return _unit(net, name, x, out, (7, 1), padding=(3, 0))


def _module_c(net: NetworkPart, x: Tensor, inner: int) -> Tensor:
    one = _unit(net, "branch1x1", x, 192)
    seven = _along(net, "branch7x7_2", _unit(net, "branch7x7_1", x, inner), inner)
    seven = _across(net, "branch7x7_3", seven, 192)
    double = _across(net, "branch7x7dbl_2", _unit(net, "branch7x7dbl_1", x, inner), inner)
    double = _across(net, "branch7x7dbl_4", _along(net, "branch7x7dbl_3", double, inner), inner)
    double = _along(net, "branch7x7dbl_5", double, 192)
    return cat(net, one, seven, double, _pooled(net, x, 192))


def _module_d(net: NetworkPart, x: Tensor) -> Tensor:
    three = _unit(net, "branch3x3_2", _unit(net, "branch3x3_1", x, 192), 320, 3, stride=2)
    seven = _along(net, "branch7x7x3_2", _unit(net, "branch7x7x3_1", x, 192), 192)
    seven = _unit(net, "branch7x7x3_4", _across(net, "branch7x7x3_3", seven, 192), 192, 3, stride=2)
    return cat(net, three, seven, max_pool(net, "max_pool2d", x, 3, 2))


def _split(net: NetworkPart, name: str, x: Tensor) -> Tensor:
    """Use a 1×3 and a 3×1 convolution side by side."""
    wide = _unit(net, f"{name}a", x, 384, (1, 3), padding=(0, 1))
    return cat(net, wide, _unit(net, f"{name}b", x, 384, (3, 1), padding=(1, 0)))


def _module_e(net: NetworkPart, x: Tensor) -> Tensor:
    one = _unit(net, "branch1x1", x, 320)
    three = _split(net, "branch3x3_2", _unit(net, "branch3x3_1", x, 384))
    double = _unit(net, "branch3x3dbl_2", _unit(net, "branch3x3dbl_1", x, 448), 384, 3, padding=1)
    return cat(net, one, three, _split(net, "branch3x3dbl_3", double), _pooled(net, x, 192))


def _auxiliary(net: NetworkPart, x: Tensor, classes: int) -> Tensor:
    x = net("avg_pool2d", layer("AvgPool2d", 5, 3), x)
    x = _unit(net, "conv1", _unit(net, "conv0", x, 128), 768, 5)
    return linear(net, "fc", global_average(net, x, name="adaptive_avg_pool2d"), classes)
