"""ResNet and what grew of it: wide ResNet, ResNeXt; and DenseNet, ConvNeXt."""

from convcalc.network.functions import Permute
from convcalc.network.trace import NetworkPart, Tensor
from convcalc.network.zoo.blocks import act, add, cat, conv, conv_bn, global_average, layer, linear, max_pool


def _basic(net: NetworkPart, x: Tensor, width: int, stride: int, groups: int, base: int) -> Tensor:
    shortcut = x
    x = act(net, "relu", conv_bn(net, ("conv1", "bn1"), x, width, 3, stride=stride, padding=1))
    x = conv_bn(net, ("conv2", "bn2"), x, width, 3, padding=1)
    return act(net, "relu", add(net, x, _shortcut(net, shortcut, width, stride)))


def _bottleneck(net: NetworkPart, x: Tensor, width: int, stride: int, groups: int, base: int) -> Tensor:
    shortcut, inner = x, width * base // 64 * groups
    x = act(net, "relu", conv_bn(net, ("conv1", "bn1"), x, inner, 1))
    # The stride stands on the 3×3, as torchvision has it ("ResNet v1.5"); the paper has it on the first 1×1.
    x = act(net, "relu", conv_bn(net, ("conv2", "bn2"), x, inner, 3, stride=stride, padding=1, groups=groups))
    x = conv_bn(net, ("conv3", "bn3"), x, 4 * width, 1)
    return act(net, "relu", add(net, x, _shortcut(net, shortcut, 4 * width, stride)))


def _shortcut(net: NetworkPart, x: Tensor, channels: int, stride: int) -> Tensor:
    if stride == 1 and x.shape[1] == channels:
        return x
    return conv_bn(net.part("downsample"), ("0", "1"), x, channels, 1, stride=stride)


BLOCKS = {"BasicBlock": _basic, "Bottleneck": _bottleneck}


def resnet(
    net: NetworkPart,
    x: Tensor,
    classes: int = 1000,
    *,
    block: str,
    depths: tuple[int, ...],
    groups: int = 1,
    base: int = 64,
) -> Tensor:
    """ResNet (He and others, 2015): blocks with a shortcut, four stages of them.

    `groups` and `base` (the width of a group at the first stage) make ResNeXt of it, or a wide ResNet.
    """
    x = act(net, "relu", conv_bn(net, ("conv1", "bn1"), x, 64, 7, stride=2, padding=3))
    x = max_pool(net, "maxpool", x, 3, 2, 1)
    for stage, depth in enumerate(depths):
        part = net.part(f"layer{stage + 1}")
        for index in range(depth):
            stride = 2 if stage > 0 and index == 0 else 1
            x = BLOCKS[block](part.part(str(index), block), x, 64 * 2**stage, stride, groups, base)
    return linear(net, "fc", global_average(net, x), classes)


def densenet(
    net: NetworkPart, x: Tensor, classes: int = 1000, *, depths: tuple[int, ...], growth: int = 32, first: int = 64
) -> Tensor:
    """DenseNet (Huang and others, 2016): each layer reads the maps of all before it in its block."""
    features = net.part("features")
    x = conv_bn(features, ("conv0", "norm0"), x, first, 7, stride=2, padding=3)
    x = max_pool(features, "pool0", act(features, "relu0", x), 3, 2, 1)
    for index, depth in enumerate(depths, 1):
        block = features.part(f"denseblock{index}", "DenseBlock")
        maps = [x]
        for number in range(1, depth + 1):
            one = block.part(f"denselayer{number}", "DenseLayer")
            y = cat(one, *maps) if len(maps) > 1 else x
            y = act(one, "relu1", one("norm1", layer("BatchNorm2d"), y))
            y = conv_bn(one, ("conv1", "norm2"), y, 4 * growth, 1)
            maps.append(conv(one, "conv2", act(one, "relu2", y), growth, 3, padding=1, bias=False))
        x = cat(block, *maps)
        if index < len(depths):
            between = features.part(f"transition{index}", "Transition")
            x = act(between, "relu", between("norm", layer("BatchNorm2d"), x))
            x = conv(between, "conv", x, x.shape[1] // 2, 1, bias=False)
            x = between("pool", layer("AvgPool2d", 2), x)
    x = act(net, "relu", features("norm5", layer("BatchNorm2d"), x))
    return linear(net, "classifier", global_average(net, x), classes)


def convnext(
    net: NetworkPart, x: Tensor, classes: int = 1000, *, depths: tuple[int, ...], widths: tuple[int, ...]
) -> Tensor:
    """ConvNeXt (Liu and others, 2022): depthwise 7×7, LayerNorm, and a fully connected layer at each place."""
    features = net.part("features")
    stem = features.part("0", "Stem")
    x = stem("1", layer("LayerNorm2d", eps=1e-6), conv(stem, "0", x, widths[0], 4, stride=4))
    for stage, (depth, width) in enumerate(zip(depths, widths, strict=True)):
        if stage:
            down = features.part(str(2 * stage), "Downsampling")
            x = conv(down, "1", down("0", layer("LayerNorm2d", eps=1e-6), x), width, 2, stride=2)
        blocks = features.part(str(2 * stage + 1))
        for index in range(depth):
            x = _convnext_block(blocks.part(str(index), "CNBlock"), x, width)
    average = net("avgpool", layer("AdaptiveAvgPool2d", 1), x)
    head = net.part("classifier")
    flat = head("1", layer("Flatten"), head("0", layer("LayerNorm2d", eps=1e-6), average))
    return linear(head, "2", flat, classes)


def _convnext_block(net: NetworkPart, x: Tensor, width: int) -> Tensor:
    block = net.part("block")
    y = conv(block, "0", x, width, 7, padding=3, groups=width)
    y = block("1", Permute((0, 2, 3, 1)), y)
    y = block("2", layer("LayerNorm", width, eps=1e-6), y)
    y = act(block, "4", linear(block, "3", y, 4 * width), "GELU")
    y = block("6", Permute((0, 3, 1, 2)), linear(block, "5", y, width))
    return add(net, net("layer_scale", layer("LayerScale"), y), x)
