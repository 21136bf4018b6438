"""Layers with a window: convolutions, transposed convolutions and pools of every kind."""

import math
from fractions import Fraction
from typing import Any

from convcalc.choices import PaddingRule
from convcalc.engine.geometry import Axis, TransposedAxis, padding_amounts
from convcalc.errors import InputError
from convcalc.network.layer import WHOLE, Count, Layer, Reach, Shape, Size, pair, per_filter, sizes, times

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class Window(Layer):
    """A layer whose window slides over `dims` axes."""

    def axes(self, shape: Shape) -> list[Axis]:
        """Return one axis of the engine's geometry for each spatial axis of the input."""
        raise NotImplementedError

    def spatial(self, shape: Shape) -> Shape:
        """Return the output's spatial sizes."""
        return tuple(axis.output for axis in self.axes(shape))

    def reach(self, shape: Shape) -> tuple[Reach, ...]:
        """Return the window of one output cell."""
        return tuple(Reach(axis.extent, Fraction(axis.stride), Fraction(axis.before)) for axis in self.axes(shape))


class Filters(Layer):
    """What convolutions and transposed convolutions share: channels, groups, a bias."""

    inferred = "in_channels"
    counted = True
    in_channels: int | None
    out_channels: int
    kernel_size: Size

    groups: Any
    bias: Any

    def check(self) -> None:
        """Raise InputError where the groups do not part the channels."""
        self.each("kernel_size")
        for name in ("out_channels", "groups"):
            self.number(name)
        if self.in_channels is not None:
            self.number("in_channels")
            if self.in_channels % self.groups:
                raise InputError(
                    f"{self.kind}: {self.groups} groups do not part {self.in_channels} input channels",
                    hint="in_channels and out_channels must be multiples of groups",
                )
        if self.out_channels % self.groups:
            raise InputError(
                f"{self.kind}: {self.groups} groups do not part {self.out_channels} output channels",
                hint="in_channels and out_channels must be multiples of groups",
            )

    @property
    def biases(self) -> int:
        """One for each output channel."""
        return self.out_channels if self.bias else 0

    def settle(self, shape: Shape) -> None:
        """Take the input's channels, if they were left out."""
        if self.in_channels is None:
            self.in_channels = self.channels(shape)
            self.check()

    def mixed(self, shape: Shape) -> int | None:
        """Return the channels' axis."""
        return 1

    def _fit(self, shape: Shape) -> None:
        channels = self.channels(shape)
        if channels != self.in_channels:
            rest = f"{self.out_channels}, {self._kernel_text()}"
            raise InputError(
                f"{self.kind}({self.in_channels}, {rest}, …) receives {channels} channels: {sizes(shape)}",
                hint=f"did you mean {self.kind}({channels}, {rest}, …)?",
            )

    def _kernel_text(self) -> str:
        kernel = self.each("kernel_size")
        return str(kernel[0]) if len(set(kernel)) == 1 else str(kernel)

    def filter_sizes(self) -> tuple[int, ...]:
        """Return the sizes of one filter: its kernel, and the channels that it reads."""
        return (*self.each("kernel_size"), (self.in_channels or 0) // self.groups)


class Convolution(Window, Filters):
    """Conv1d, Conv2d and Conv3d."""

    in_channels: int | None
    out_channels: int
    kernel_size: Size
    stride: Size = 1
    padding: Size | str = 0
    dilation: Size = 1
    groups: int = 1
    bias: bool = True
    padding_mode: str = "zeros"

    def check(self) -> None:
        """Raise InputError where a setting cannot be."""
        super().check()
        self.each("stride")
        self.each("dilation")
        if self.padding not in ("same", "valid"):
            self.each("padding", 0)
        if self.padding == "same" and set(self.each("stride")) != {1}:
            raise InputError(
                f"{self.kind}: PyTorch has no padding='same' with a stride",
                hint=f"padding={self.each('kernel_size')[0] // 2} is near",
            )
        if self.padding_mode not in PADDING_MODES:
            raise InputError(f"there is no padding_mode {self.padding_mode!r}", hint=f"one of {PADDING_MODES}")

    def axes(self, shape: Shape) -> list[Axis]:
        """Return the axes, padded as asked."""
        settings = zip(shape[2:], self.each("kernel_size"), self.each("stride"), self.each("dilation"), strict=True)
        found = []
        for index, (size, kernel, stride, dilation) in enumerate(settings):
            if isinstance(self.padding, str):
                # PyTorch puts the odd cell of 'same' at the far end, as the engine does.
                before, after = padding_amounts(PaddingRule(self.padding), 0, size, kernel, stride, dilation)
            else:
                before = after = self.each("padding", 0)[index]
            reach = max(before, after) - size + (self.padding_mode == "reflect")
            if reach > 0 and self.padding_mode in ("reflect", "circular"):
                amount = f"for a padding of {max(before, after)}"
                raise InputError(
                    f"padding_mode {self.padding_mode!r} has not enough of {sizes(shape)} {amount}",
                    hint="use zeros, or a smaller padding",
                )
            found.append(Axis(size, kernel, stride, before, after, dilation))
        return found

    def output(self, *shapes: Shape) -> Shape:
        """Return (N, out_channels, …)."""
        self._fit(shapes[0])
        return (shapes[0][0], self.out_channels, *self.spatial(shapes[0]))

    @property
    def weights(self) -> Count:
        """Out×(kernel×in/groups + 1)."""
        return per_filter(self.out_channels, self.filter_sizes(), bias=bool(self.bias))

    def multiply_adds(self, shapes: tuple[Shape, ...], output: Shape) -> Count:
        """Every weight, once for each place of the output."""
        weights = per_filter(self.out_channels, self.filter_sizes(), bias=False)
        return Count(weights.value * math.prod(output[2:]), f"{weights.written} × {times(output[2:])}")

    def details(self) -> str:
        """Return channels, kernel and what is not the default."""
        parts = [f"{self.in_channels or '?'}→{self.out_channels}, {times(self.each('kernel_size'))}"]
        return ", ".join(parts + moving(self))


class TransposedConvolution(Filters):
    """ConvTranspose1d, ConvTranspose2d and ConvTranspose3d."""

    in_channels: int | None
    out_channels: int
    kernel_size: Size
    stride: Size = 1
    padding: Size = 0
    output_padding: Size = 0
    groups: int = 1
    bias: bool = True
    dilation: Size = 1
    padding_mode: str = "zeros"

    def axes(self, shape: Shape) -> list[TransposedAxis]:
        """Return the axes, each the convolution's whose shapes it undoes."""
        paddings = self.each("padding", 0)
        names = ("kernel_size", "stride", "dilation")
        settings = zip(shape[2:], *(self.each(name) for name in names), self.each("output_padding", 0), strict=True)
        return [
            TransposedAxis(size, kernel, stride, paddings[index], paddings[index], dilation, extra)
            for index, (size, kernel, stride, dilation, extra) in enumerate(settings)
        ]

    def output(self, *shapes: Shape) -> Shape:
        """Return (N, out_channels, …)."""
        self._fit(shapes[0])
        return (shapes[0][0], self.out_channels, *(axis.output for axis in self.axes(shapes[0])))

    @property
    def weights(self) -> Count:
        """In×(kernel×out/groups), and a bias for each output channel."""
        numbers = (*self.each("kernel_size"), self.out_channels // self.groups)
        alone = per_filter(self.in_channels or 0, numbers, bias=False)
        if not self.bias:
            return alone
        return Count(alone.value + self.out_channels, f"{alone.written} + {self.out_channels}")

    def multiply_adds(self, shapes: tuple[Shape, ...], output: Shape) -> Count:
        """Every weight, once for each place of the input; products that are cut off again are counted too."""
        numbers = (*self.each("kernel_size"), self.out_channels // self.groups)
        alone = per_filter(self.in_channels or 0, numbers, bias=False)
        return Count(alone.value * math.prod(shapes[0][2:]), f"{alone.written} × {times(shapes[0][2:])}")

    def reach(self, shape: Shape) -> tuple[Reach, ...]:
        """Return what may reach one output cell: the input cells whose stamps cover it, at most."""
        return tuple(
            Reach(
                (axis.extent - 1) // axis.stride + 1,
                Fraction(1, axis.stride),
                Fraction(axis.extent - 1 - axis.cut, axis.stride),
                Fraction(axis.extent - 1, axis.stride),
            )
            for axis in self.axes(shape)
        )

    def details(self) -> str:
        """Return channels, kernel and what is not the default."""
        parts = [f"{self.in_channels or '?'}→{self.out_channels}, {times(self.each('kernel_size'))}"]
        extra = self.each("output_padding", 0)
        return ", ".join(parts + moving(self) + ([f"output padding {pair(extra)}"] if any(extra) else []))


class Pool(Window):
    """MaxPool, AvgPool and LPPool, in one to three dimensions."""

    kernel_size: Size
    stride: Size | None = None

    padding: Any = 0
    dilation: Any = 1
    ceil_mode: Any = False

    def check(self) -> None:
        """Raise InputError where a setting cannot be."""
        if self.stride is None:
            self.stride = self.kernel_size
        for name in ("kernel_size", "stride", "dilation"):
            self.each(name)
        for padding, kernel in zip(self.each("padding", 0), self.each("kernel_size"), strict=True):
            if padding > kernel // 2:
                raise InputError(
                    f"{self.kind}: padding of {padding} is more than half the window of {kernel}",
                    hint=f"PyTorch allows at most {kernel // 2}",
                )

    def axes(self, shape: Shape) -> list[Axis]:
        """Return the axes, padded as asked."""
        paddings = self.each("padding", 0)
        settings = zip(shape[2:], self.each("kernel_size"), self.each("stride"), self.each("dilation"), strict=True)
        return [
            Axis(size, kernel, stride, paddings[index], paddings[index], dilation, bool(self.ceil_mode), noun="window")
            for index, (size, kernel, stride, dilation) in enumerate(settings)
        ]

    def output(self, *shapes: Shape) -> Shape:
        """Return as many channels, pooled."""
        self.channels(shapes[0])
        return (*shapes[0][:2], *self.spatial(shapes[0]))

    def details(self) -> str:
        """Return the window and what is not the default."""
        window, stride = self.each("kernel_size"), self.each("stride")
        parts = [times(window) if self.dims > 1 else str(window[0])]
        parts += [f"stride {pair(stride)}"] if stride != window else []
        return ", ".join(parts + [part for part in moving(self) if not part.startswith("stride")])


class MaxPool(Pool):
    """MaxPool1d, MaxPool2d and MaxPool3d."""

    kernel_size: Size
    stride: Size | None = None
    padding: Size = 0
    dilation: Size = 1
    return_indices: bool = False
    ceil_mode: bool = False


class AvgPool(Pool):
    """AvgPool1d, AvgPool2d and AvgPool3d."""

    kernel_size: Size
    stride: Size | None = None
    padding: Size = 0
    ceil_mode: bool = False
    count_include_pad: bool = True
    divisor_override: int | None = None


class LPPool(Pool):
    """LPPool1d and LPPool2d."""

    norm_type: float
    kernel_size: Size
    stride: Size | None = None
    ceil_mode: bool = False


class TrainablePool(Pool):
    """The 1998 paper's subsampling: the sum of a window times a weight, plus a bias, one of each for a map."""

    inferred = "num_maps"
    kernel_size: Size
    stride: Size | None = None
    num_maps: int | None = None

    def settle(self, shape: Shape) -> None:
        """Take the input's channels, if they were left out."""
        self.num_maps = self.channels(shape) if self.num_maps is None else self.num_maps

    @property
    def weights(self) -> Count:
        """A weight and a bias for each map."""
        return Count(2 * (self.num_maps or 0), f"{self.num_maps}×(1 + 1)")


class AdaptivePool(Layer):
    """AdaptiveAvgPool and AdaptiveMaxPool: windows that follow from the output's size."""

    output_size: Any
    return_indices: bool = False

    def check(self) -> None:
        """Raise InputError where the output's size is none."""
        self._wanted((1, 1) + (1,) * self.dims)

    def _wanted(self, shape: Shape) -> Shape:
        given = self.output_size
        values = tuple(given) if isinstance(given, tuple | list) else (given,) * self.dims
        if len(values) != self.dims or any(value is not None and not isinstance(value, int) for value in values):
            raise InputError(f"{self.kind}: output_size cannot be {given!r}", hint="as in 1, or (7, 7)")
        sizes_wanted = tuple(size if value is None else value for value, size in zip(values, shape[2:], strict=True))
        if min(sizes_wanted) < 1:
            raise InputError(f"{self.kind}: the output must be at least 1", hint="try 1")
        return sizes_wanted

    def output(self, *shapes: Shape) -> Shape:
        """Return as many channels, of the size that was asked for."""
        self.channels(shapes[0])
        return (*shapes[0][:2], *self._wanted(shapes[0]))

    def reach(self, shape: Shape) -> tuple[Reach, ...]:
        """Return the longest of the windows, which may differ: the whole axis where there is one."""
        reaches = []
        for size, output in zip(shape[2:], self._wanted(shape), strict=True):
            longest = longest_window(size, output)
            stride = Fraction(size, output)
            around = Reach(longest, stride, span=stride - 1, first=math.floor, last=math.ceil)
            reaches.append(WHOLE if output == 1 else around)
        return tuple(reaches)

    def details(self) -> str:
        """Return the output's size."""
        size = self.output_size
        return f"to {'×'.join(map(str, size)) if isinstance(size, tuple | list) else times((size,) * self.dims)}"


def longest_window(size: int, wanted: int) -> int:
    """Return the length of the longest of `wanted` windows from ⌊i·N/O⌋ to ⌈(i + 1)·N/O⌉ − 1.

    Where O does not divide N, the remainders i·N mod O take every multiple of their common divisor g, so that some
    window begins with a remainder of O − g and, unless N mod O is g, ends a cell later than N/O says.

    >>> [longest_window(size, 4) for size in (8, 9, 10, 11)], longest_window(2 * 10**11 - 1, 10**11 - 1)
    ([2, 3, 3, 4], 3)
    """
    whole, remainder = divmod(size, wanted)
    if remainder == 0:
        return whole
    return whole + (1 if remainder == math.gcd(size, wanted) else 2)


class GlobalPool(AdaptivePool):
    """Every channel to one cell."""

    output_size: Any = 1


def moving(layer: Layer) -> list[str]:
    """Return how a window moves, where that is not the default."""
    parts = []
    for name, default in (("stride", 1), ("padding", 0), ("dilation", 1)):
        value = getattr(layer, name)
        if isinstance(value, str):
            parts.append(f"{name} {value}")
        elif set(values := layer.each(name, 0)) != {default}:
            parts.append(f"{name} {pair(values)}")
    if (groups := getattr(layer, "groups", 1)) != 1:
        parts.append(f"groups {groups}")
    if getattr(layer, "bias", True) is False:
        parts.append("no bias")
    if getattr(layer, "ceil_mode", False):
        parts.append("ceil")
    return parts
