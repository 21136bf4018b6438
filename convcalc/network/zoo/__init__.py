"""The zoo: well-known networks, each built from its layers. A table; a network is built when it is asked for."""

import importlib
from dataclasses import dataclass, field
from typing import Any

from convcalc.errors import UsageError, did_you_mean
from convcalc.network.layer import Shape
from convcalc.network.trace import NetworkPart, Tensor, Trace

IMAGE = (3, 224, 224)


@dataclass(frozen=True, slots=True)
class ZooEntry:
    """A network: what it is called, when it came, its builder and settings, and what is usually said of its size."""

    title: str
    year: int
    builder: str
    settings: dict[str, Any] = field(default_factory=dict)
    input: Shape = IMAGE
    quoted: str = ""
    """The figure that the lecture's table, or the paper, gives."""
    why: str = ""
    """Why the count is another, or what to know of it."""
    lecture: bool = False
    """Whether it is one of the lecture's seven, or another reading of one."""
    weights: str = ""
    """The file beside this one that holds trained weights, if there are some."""

    def build(self, shape: Shape | None = None, trace: Trace | None = None, **more: Any) -> tuple[Trace, Tensor]:
        """Build it for an input of a shape (C, H, W) and return the trace, filled, and its output.

        `more` are settings of its builder: `classes`, or `aux` where there is an auxiliary head.
        """
        module, _, name = self.builder.partition(".")
        function = getattr(importlib.import_module(f"convcalc.network.zoo.{module}"), name)
        net = NetworkPart(Trace() if trace is None else trace)
        output = function(net, net.input(shape or self.input), **self.settings | more)
        return net.trace, output


def _vgg(depth: int, norm: bool = False, **more: Any) -> ZooEntry:
    name = f"VGG-{depth}{' with batch norm' if norm else ''}"
    return ZooEntry(name, 2014, "classics.vgg", {"depth": depth, "norm": norm}, **more)


def _resnet(title: str, year: int, depths: tuple[int, ...], groups: int = 1, base: int = 64, **more: Any) -> ZooEntry:
    block = "BasicBlock" if title in ("ResNet-18", "ResNet-34") else "Bottleneck"
    settings = {"block": block, "depths": depths, "groups": groups, "base": base}
    return ZooEntry(title, year, "resnet.resnet", settings, **more)


def _densenet(depth: int, depths: tuple[int, ...], growth: int = 32, first: int = 64, **more: Any) -> ZooEntry:
    settings = {"depths": depths, "growth": growth, "first": first}
    return ZooEntry(f"DenseNet-{depth}", 2016, "resnet.densenet", settings, **more)


ZOO: dict[str, ZooEntry] = {
    "lenet5": ZooEntry(
        "LeNet-5, as it is taught", 1998, "classics.lenet5", input=(1, 32, 32), quoted="60k", lecture=True,
        why="every filter of the second convolution reads all six maps, and the last layer is a plain one",
    ),
    "lenet5-1998": ZooEntry(
        "LeNet-5 of the 1998 paper", 1998, "classics.lenet5_1998", input=(1, 32, 32), quoted="60k", lecture=True,
        why="exactly 60,000: C3 reads its maps by a table, pooling is trained, the output's patterns are fixed",
    ),
    "alexnet": ZooEntry(
        "AlexNet (torchvision)", 2012, "classics.alexnet", quoted="60M", lecture=True,
        why="torchvision's has one column and 64 first filters, after a paper of 2014",
    ),
    "alexnet-2012": ZooEntry(
        "AlexNet of the 2012 paper", 2012, "classics.alexnet_2012", input=(3, 227, 227), quoted="60M", lecture=True,
        why="two groups, one for each GPU; the paper says 224×224, its sizes need 227×227",
    ),
    "vgg16": _vgg(16, quoted="138M", lecture=True, why="the same, rounded; 124M of them are the three dense layers"),
    "inception_v3": ZooEntry(
        "InceptionV3", 2015, "inception.inception_v3", input=(3, 299, 299), quoted="23M", lecture=True,
        why="rounded down, and without the auxiliary head; the paper is of December 2015, not 2014",
    ),
    "inception_v3-aux": ZooEntry(
        "InceptionV3 with its auxiliary head", 2015, "inception.inception_v3", {"aux": True}, (3, 299, 299), "23M",
        "the head that only training uses holds 3,326,696 more", lecture=True,
    ),
    "resnet50": _resnet("ResNet-50", 2015, (3, 4, 6, 3), quoted="25M", lecture=True, why="rounded down"),
    "resnext50_32x4d": _resnet(
        "ResNeXt-50 32×4d", 2016, (3, 4, 6, 3), 32, 4, quoted="25M", lecture=True,
        why="the same, rounded: 32 groups pay for twice the width",
    ),
    "densenet201": _densenet(201, (6, 12, 48, 32), quoted="20M", lecture=True, why="the same, rounded; the paper is of "
                             "2016, its conference of 2017"),
    "digits": ZooEntry(
        "a network for 8×8 digits", 2026, "classics.digits", input=(1, 8, 8), weights="digits.npz",
        why="convcalc's own sample, whose trained weights come with it: --weights trained",
    ),
    "vgg11": _vgg(11), "vgg13": _vgg(13), "vgg19": _vgg(19),
    "vgg11_bn": _vgg(11, True), "vgg13_bn": _vgg(13, True), "vgg16_bn": _vgg(16, True), "vgg19_bn": _vgg(19, True),
    "resnet18": _resnet("ResNet-18", 2015, (2, 2, 2, 2)),
    "resnet34": _resnet("ResNet-34", 2015, (3, 4, 6, 3)),
    "resnet101": _resnet("ResNet-101", 2015, (3, 4, 23, 3)),
    "resnet152": _resnet("ResNet-152", 2015, (3, 8, 36, 3)),
    "resnext101_32x8d": _resnet("ResNeXt-101 32×8d", 2016, (3, 4, 23, 3), 32, 8),
    "resnext101_64x4d": _resnet("ResNeXt-101 64×4d", 2016, (3, 4, 23, 3), 64, 4),
    "wide_resnet50_2": _resnet("Wide ResNet-50-2", 2016, (3, 4, 6, 3), base=128),
    "wide_resnet101_2": _resnet("Wide ResNet-101-2", 2016, (3, 4, 23, 3), base=128),
    "densenet121": _densenet(121, (6, 12, 24, 16)),
    "densenet161": _densenet(161, (6, 12, 36, 24), 48, 96),
    "densenet169": _densenet(169, (6, 12, 32, 32)),
    "googlenet": ZooEntry("GoogLeNet", 2014, "inception.googlenet", why="torchvision's, without its auxiliary heads"),
    "squeezenet1_0": ZooEntry("SqueezeNet 1.0", 2016, "classics.squeezenet", {"version": "1.0"}),
    "squeezenet1_1": ZooEntry("SqueezeNet 1.1", 2016, "classics.squeezenet", {"version": "1.1"}),
    "mobilenet_v2": ZooEntry("MobileNetV2", 2018, "mobile.mobilenet_v2"),
    "mobilenet_v3_small": ZooEntry("MobileNetV3 small", 2019, "mobile.mobilenet_v3", {"size": "small"}),
    "mobilenet_v3_large": ZooEntry("MobileNetV3 large", 2019, "mobile.mobilenet_v3", {"size": "large"}),
    "shufflenet_v2_x0_5": ZooEntry("ShuffleNetV2 0.5×", 2018, "mobile.shufflenet_v2", {"width": "0.5"}),
    "shufflenet_v2_x1_0": ZooEntry("ShuffleNetV2 1×", 2018, "mobile.shufflenet_v2", {"width": "1.0"}),
    "shufflenet_v2_x1_5": ZooEntry("ShuffleNetV2 1.5×", 2018, "mobile.shufflenet_v2", {"width": "1.5"}),
    "shufflenet_v2_x2_0": ZooEntry("ShuffleNetV2 2×", 2018, "mobile.shufflenet_v2", {"width": "2.0"}),
    "efficientnet_b0": ZooEntry("EfficientNet-B0", 2019, "mobile.efficientnet_b0"),
    "convnext_tiny": ZooEntry(
        "ConvNeXt-T", 2022, "resnet.convnext", {"depths": (3, 3, 9, 3), "widths": (96, 192, 384, 768)}
    ),
}  # fmt: skip
"""Every network, by the name it is asked for: torchvision's where it has one."""


def _folded(name: str) -> str:
    return "".join(sign for sign in name.lower() if sign.isalnum())


ALIASES = {
    "lenet": "lenet5", "alexnettorchvision": "alexnet", "alexnetgrouped": "alexnet-2012", "inception": "inception_v3",
    "inceptionv3": "inception_v3", "resnext50": "resnext50_32x4d", "resnext101": "resnext101_32x8d",
    "squeezenet": "squeezenet1_0", "mobilenet": "mobilenet_v2", "mobilenetv3": "mobilenet_v3_large",
    "shufflenet": "shufflenet_v2_x1_0", "shufflenetv2": "shufflenet_v2_x1_0", "efficientnet": "efficientnet_b0",
    "convnext": "convnext_tiny", "convnextt": "convnext_tiny", "wideresnet50": "wide_resnet50_2",
    "wideresnet101": "wide_resnet101_2", "googlenetv1": "googlenet",
}  # fmt: skip
"""Other names that are used, without signs."""


def named(word: str) -> str | None:
    """Return the name a network has here, however it is spelled; None if there is none.

    >>> named("ResNet-50"), named("LeNet"), named("nothing")
    ('resnet50', 'lenet5', None)
    """
    names = {_folded(name): name for name in ZOO} | ALIASES
    return names.get(_folded(word))


def entry(word: str) -> ZooEntry:
    """Return a network by its name; raise UsageError naming the nearest."""
    name = named(word)
    if name is None:
        from convcalc.network.kinds import KINDS

        if word.partition(",")[0].strip() in KINDS:
            raise UsageError(
                f"'{word}' is no network", hint=f"layers have brackets: {word.partition(',')[0].strip()}()"
            )
        hint = did_you_mean(word, ZOO, "`convcalc zoo --all` lists them", most=3)
        raise UsageError(f"there is no network '{word}'", hint=hint)
    return ZOO[name]
