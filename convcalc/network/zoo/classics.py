"""LeNet-5, AlexNet, VGG and SqueezeNet."""

from collections.abc import Sequence
from typing import Any

from convcalc.network.layer import Count, Shape, times
from convcalc.network.trace import NetworkPart, Tensor
from convcalc.network.windows import Convolution, TrainablePool
from convcalc.network.zoo.blocks import act, cat, conv, global_average, layer, linear, max_pool


def lenet5(net: NetworkPart, x: Tensor, classes: int = 10) -> Tensor:
    """LeNet-5 as it is taught today: 5×5 convolutions, ReLU, max pooling, a plain last layer."""
    for index, channels in enumerate((6, 16), 1):
        x = conv(net, f"conv{index}", x, channels, 5)
        x = act(net, f"relu{index}", x)
        x = max_pool(net, f"pool{index}", x, 2, 2)
    x = net("flatten", layer("Flatten"), x)
    for index, units in enumerate((120, 84), 1):
        x = act(net, f"relu{index + 2}", linear(net, f"fc{index}", x, units))
    return linear(net, "fc3", x, classes)


def digits(net: NetworkPart, x: Tensor, classes: int = 10) -> Tensor:
    """Two convolutions and a fully connected layer, for digits of 8×8 cells: samples/digits/net.py."""
    for index, channels in enumerate((8, 16), 1):
        x = conv(net, f"conv{index}", x, channels, 3, padding=1)
        x = max_pool(net, f"pool{index}", act(net, f"relu{index}", x), 2, 2)
    return linear(net, "fc", net("flatten", layer("Flatten"), x), classes)


C3 = (
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5), (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5),
    (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5), (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5), (0, 1, 2, 3, 4, 5),
)  # fmt: skip
"""Which of S2's six maps each of C3's sixteen reads: table I of LeCun, Bottou, Bengio and Haffner (1998)."""


class TableConvolution(Convolution):
    """A convolution whose filters each read only some of the maps: `table` says which."""

    table: Sequence[Sequence[int]] = ()
    dims = 2

    @property
    def kind(self) -> str:
        """What it is called."""
        return "Conv2d by table"

    @classmethod
    def of(cls, table: Sequence[Sequence[int]], size: int) -> "TableConvolution":
        """Make one from its table."""
        layer = cls(None, len(table), size)
        layer.table = table
        return layer

    @classmethod
    def arguments(cls) -> dict[str, Any]:
        """Return a convolution's."""
        return Convolution.arguments()

    @property
    def _reads(self) -> int:
        return sum(map(len, self.table))

    @property
    def weights(self) -> Count:
        """A kernel for each map that a filter reads, and a bias a filter."""
        kernel = self.each("kernel_size")
        cells = kernel[0] * kernel[1]
        return Count(
            self._reads * cells + self.out_channels, f"{self._reads} pairs×({times(kernel)}) + {self.out_channels}"
        )

    def multiply_adds(self, shapes: tuple[Shape, ...], output: Shape) -> Count:
        """Every weight, once for each place of the output."""
        kernel, places = self.each("kernel_size"), output[2] * output[3]
        arithmetic = f"{self._reads} pairs×({times(kernel)}) × {times(output[2:])}"
        return Count(self._reads * kernel[0] * kernel[1] * places, arithmetic)


class Subsampling(TrainablePool):
    """The 1998 paper's pooling: it trains a weight and a bias for each map."""

    dims = 2


def lenet5_1998(net: NetworkPart, x: Tensor, classes: int = 10) -> Tensor:
    """LeNet-5 of the 1998 paper: C3 by its table, pooling that is trained, distances to fixed patterns."""
    x = act(net, "tanh", conv(net, "c1", x, 6, 5), "Tanh")
    x = act(net, "tanh", net("s2", Subsampling(2), x), "Tanh")
    x = act(net, "tanh", net("c3", TableConvolution.of(C3, 5), x), "Tanh")
    x = act(net, "tanh", net("s4", Subsampling(2), x), "Tanh")
    x = act(net, "tanh", conv(net, "c5", x, 120, 5), "Tanh")
    x = net("flatten", layer("Flatten"), x)
    x = act(net, "tanh", linear(net, "f6", x, 84), "Tanh")
    return net("output", layer("RadialBasis", classes), x)


def alexnet(net: NetworkPart, x: Tensor, classes: int = 1000) -> Tensor:
    """AlexNet as torchvision has it, after "One weird trick" (2014): one column, 64 filters first."""
    features = net.part("features")
    at = 0
    for out, size, how, has_pool in (
        (64, 11, {"stride": 4, "padding": 2}, True),
        (192, 5, {"padding": 2}, True),
        (384, 3, {"padding": 1}, False),
        (256, 3, {"padding": 1}, False),
        (256, 3, {"padding": 1}, True),
    ):
        x = act(features, str(at + 1), conv(features, str(at), x, out, size, **how))
        at += 2
        if has_pool:
            x = max_pool(features, str(at), x, 3, 2)
            at += 1
    x = global_average(net, x, 6)
    head = net.part("classifier")
    x = act(head, "2", linear(head, "1", head("0", layer("Dropout"), x), 4096))
    x = act(head, "5", linear(head, "4", head("3", layer("Dropout"), x), 4096))
    return linear(head, "6", x, classes)


def alexnet_2012(net: NetworkPart, x: Tensor, classes: int = 1000) -> Tensor:
    """AlexNet of the 2012 paper: the second, fourth and fifth convolutions in two groups, one for each GPU."""
    for index, (out, size, how) in enumerate(
        (
            (96, 11, {"stride": 4}),
            (256, 5, {"padding": 2, "groups": 2}),
            (384, 3, {"padding": 1}),
            (384, 3, {"padding": 1, "groups": 2}),
            (256, 3, {"padding": 1, "groups": 2}),
        ),
        1,
    ):
        x = act(net, f"relu{index}", conv(net, f"conv{index}", x, out, size, **how))
        if index < 3:
            x = net(f"norm{index}", layer("LocalResponseNorm"), x)
        if index in (1, 2, 5):
            x = max_pool(net, f"pool{index}", x, 3, 2)
    x = net("flatten", layer("Flatten"), x)
    for index in (6, 7):
        x = net(f"drop{index}", layer("Dropout"), act(net, f"relu{index}", linear(net, f"fc{index}", x, 4096)))
    return linear(net, "fc8", x, classes)


VGG = {
    11: (64, 0, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0),
    13: (64, 64, 0, 128, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0),
    16: (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0),
    19: (64, 64, 0, 128, 128, 0, 256, 256, 256, 256, 0, 512, 512, 512, 512, 0, 512, 512, 512, 512, 0),
}
"""The channels of each 3×3 convolution; 0 is a max pooling. Table 1 of Simonyan and Zisserman (2014)."""


def vgg(net: NetworkPart, x: Tensor, classes: int = 1000, *, depth: int, norm: bool = False) -> Tensor:
    """VGG: 3×3 convolutions only, and three large fully connected layers."""
    features = net.part("features")
    at = 0
    for channels in VGG[depth]:
        if channels == 0:
            x = max_pool(features, str(at), x, 2, 2)
            at += 1
            continue
        x = conv(features, str(at), x, channels, 3, padding=1)
        if norm:
            x = features(str(at + 1), layer("BatchNorm2d"), x)
        x = act(features, str(at + 1 + norm), x)
        at += 2 + norm
    x = global_average(net, x, 7)
    head = net.part("classifier")
    for index in (0, 3):
        x = act(head, str(index + 1), linear(head, str(index), x, 4096))
        x = head(str(index + 2), layer("Dropout"), x)
    return linear(head, "6", x, classes)


FIRE = {
    "1.0": ((96, 7), (16, 64), (16, 64), (32, 128), None, (32, 128), (48, 192), (48, 192), (64, 256), None, (64, 256)),
    "1.1": ((64, 3), (16, 64), (16, 64), None, (32, 128), (32, 128), None, (48, 192), (48, 192), (64, 256), (64, 256)),
}
"""SqueezeNet's versions: the first convolution, then (squeezed, expanded) of each fire module; None is a pooling."""


def squeezenet(net: NetworkPart, x: Tensor, classes: int = 1000, *, version: str) -> Tensor:
    """SqueezeNet: 1×1 convolutions squeeze, 1×1 and 3×3 ones side by side expand."""
    features = net.part("features")
    first, *modules = FIRE[version]
    assert first is not None
    x = act(features, "1", conv(features, "0", x, first[0], first[1], stride=2))
    x = max_pool(features, "2", x, 3, 2, ceil=True)
    for index, channels in enumerate(modules, 3):
        if channels is None:
            x = max_pool(features, str(index), x, 3, 2, ceil=True)
            continue
        fire = features.part(str(index), "Fire")
        squeezed = act(fire, "squeeze_activation", conv(fire, "squeeze", x, channels[0], 1))
        one = act(fire, "expand1x1_activation", conv(fire, "expand1x1", squeezed, channels[1], 1))
        three = act(fire, "expand3x3_activation", conv(fire, "expand3x3", squeezed, channels[1], 3, padding=1))
        x = cat(fire, one, three)
    head = net.part("classifier")
    x = head("0", layer("Dropout"), x)
    x = act(head, "2", conv(head, "1", x, classes, 1))
    return net("flatten", layer("Flatten"), head("3", layer("AdaptiveAvgPool2d", 1), x))
