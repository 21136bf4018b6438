"""What the networks of the zoo are built with: layers by their short names, their input channels inferred."""

from typing import Any

from convcalc.network.functions import Cat, Combine
from convcalc.network.kinds import kind
from convcalc.network.layer import Layer
from convcalc.network.trace import NetworkPart, Tensor


def layer(name: str, *given: Any, **named: Any) -> Layer:
    """Make a layer by PyTorch's name for it, what follows from its input left out.

    >>> str(layer("Conv2d", 6, 5))
    'Conv2d ?→6, 5×5'
    """
    return kind(name).inferring(given, named)


def conv(net: NetworkPart, name: str, x: Tensor, out: int, size: Any, **how: Any) -> Tensor:
    """Use a Conv2d."""
    return net(name, layer("Conv2d", out, size, **how), x)


def conv_bn(
    net: NetworkPart, names: tuple[str, str], x: Tensor, out: int, size: Any, *, eps: float = 1e-5, **how: Any
) -> Tensor:
    """Use a Conv2d without a bias and then a BatchNorm2d, by their two names."""
    return net(names[1], layer("BatchNorm2d", eps=eps), conv(net, names[0], x, out, size, bias=False, **how))


def act(net: NetworkPart, name: str, x: Tensor, function: str = "ReLU") -> Tensor:
    """Use an activation."""
    return net(name, layer(function), x)


def max_pool(
    net: NetworkPart, name: str, x: Tensor, size: int, stride: int, padding: int = 0, *, ceil: bool = False
) -> Tensor:
    """Use a MaxPool2d."""
    return net(name, layer("MaxPool2d", size, stride, padding, ceil_mode=ceil), x)


def global_average(net: NetworkPart, x: Tensor, size: int = 1, name: str = "avgpool") -> Tensor:
    """Use an AdaptiveAvgPool2d, and flatten."""
    return net("flatten", layer("Flatten"), net(name, layer("AdaptiveAvgPool2d", size), x))


def linear(net: NetworkPart, name: str, x: Tensor, out: int) -> Tensor:
    """Use a Linear."""
    return net(name, layer("Linear", out), x)


def add(net: NetworkPart, *tensors: Tensor) -> Tensor:
    """Add up."""
    return net("add", Combine("add"), *tensors)


def cat(net: NetworkPart, *tensors: Tensor, name: str = "cat") -> Tensor:
    """Join the channels."""
    return net(name, Cat(1), *tensors)


def rounded(channels: float, divisor: int = 8) -> int:
    """Return channels rounded to a multiple, but never down by more than a tenth (MobileNet's rule).

    >>> rounded(18), rounded(144 / 4)
    (24, 40)
    """
    near = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return near + divisor if near < 0.9 * channels else near
