"""Keras's layers with a window: convolutions of every kind, and pools."""

from typing import Any

from convcalc.choices import PaddingRule
from convcalc.engine.geometry import Axis, TransposedAxis, padding_amounts
from convcalc.errors import InputError
from convcalc.network.keras.layer import KerasLayer
from convcalc.network.keras.shapes import restored, written
from convcalc.network.layer import Count, Layer, Shape, pair
from convcalc.network.windows import AvgPool, Convolution, GlobalPool, MaxPool, Pool, TransposedConvolution

PADDINGS = ("valid", "same", "causal")


class Padded(Convolution):
    """A convolution padded as TensorFlow does: 'same' with any stride, 'causal' all before."""

    def check(self) -> None:
        """Leave the check to Keras's layer."""
        self.groups = self.number("groups")

    def axes(self, shape: Shape) -> list[Axis]:
        """Return the axes, padded as asked."""
        names = ("kernel_size", "stride", "dilation")
        settings = zip(shape[2:], *(self.each(name) for name in names), strict=True)
        return [_axis(str(self.padding), *one) for one in settings]

    def _fit(self, shape: Shape) -> None:
        if self.channels(shape) != self.in_channels:
            raise InputError(
                f"it was built for {self.in_channels} channels, and receives {shape[1]}: {written(restored(shape))}",
                hint="a layer that is used twice needs inputs with the same channels",
            )


def _axis(padding: str, size: int, kernel: int, stride: int, dilation: int = 1, noun: str = "kernel") -> Axis:
    if padding == "causal":
        before, after = (kernel - 1) * dilation, 0
    else:
        before, after = padding_amounts(PaddingRule(padding), 0, size, kernel, stride, dilation)
    return Axis(size, kernel, stride, before, after, dilation, noun=noun)


class PaddedTransposed(TransposedConvolution):
    """A transposed convolution cut as Keras does: 'same' makes stride times as many cells."""

    rule = "valid"

    def check(self) -> None:
        """Leave the check to Keras's layer."""

    def axes(self, shape: Shape) -> list[TransposedAxis]:
        """Return the axes: what is cut off, or added behind, so that Keras's sizes come out."""
        names = ("kernel_size", "stride", "dilation")
        given: Any = self.output_padding
        extras = (None,) * self.dims if given is None else (given,) * self.dims if isinstance(given, int) else given
        settings = zip(shape[2:], *(self.each(name) for name in names), extras, strict=True)
        return [self._axis(*one) for one in settings]

    def _axis(self, size: int, kernel: int, stride: int, dilation: int, extra: int | None) -> TransposedAxis:
        extent = (kernel - 1) * dilation + 1
        if extra is not None:  # keras.src.backend.common.backend_utils: what is asked for beside the padding
            cut = extent // 2 if self.rule == "same" else 0
            return TransposedAxis(size, kernel, stride, cut, cut, dilation, extra)
        cut = max(extent - stride, 0) if self.rule == "same" else 0
        return TransposedAxis(size, kernel, stride, cut // 2, cut - cut // 2, dilation, max(stride - extent, 0))


class Conv(KerasLayer):
    """Conv1D, Conv2D and Conv3D."""

    counted = True
    filters: int
    kernel_size: Any
    strides: Any = 1
    padding: str = "valid"
    data_format: Any = None
    dilation_rate: Any = 1
    groups: int = 1
    activation: Any = None
    use_bias: bool = True

    def check(self) -> None:
        """Raise InputError where a setting cannot be."""
        self.padding = str(self.padding).lower()
        for name in ("filters", "groups"):
            if name in type(self).arguments():
                self.number(name)
        self.each_of("kernel_size", self.dims)
        for name in ("strides", "dilation_rate"):
            self.each_of(name, self.dims)
        if self.padding not in PADDINGS or (self.padding == "causal" and self.dims > 1):
            raise InputError(f"{self.kind}: padding cannot be {self.padding!r}", hint="'valid' or 'same'")

    def make(self, shape: Shape) -> Layer:
        """Return the convolution that it is, of so many input channels."""
        channels, groups = self.channels(shape), self.number("groups")
        if channels % groups or self.filters % groups:
            raise InputError(f"{self.kind}: {groups} groups do not part {channels} channels into {self.filters}")
        return self._padded(channels, self.filters, *self._moves(), groups, self.use_bias)

    def _moves(self) -> tuple[Any, ...]:
        kernel, strides, dilation = (
            self.each_of(name, self.dims) for name in ("kernel_size", "strides", "dilation_rate")
        )
        return kernel, strides, self.padding, dilation

    def _padded(self, *settings: Any) -> Layer:
        made: Layer = type("Padded", (Padded,), {"dims": self.dims})(*settings)
        return made

    def details(self) -> str:
        """Return filters, kernel, and what is not the default."""
        kernel, strides = self.each_of("kernel_size", self.dims), self.each_of("strides", self.dims)
        dilation = self.each_of("dilation_rate", self.dims)
        parts = [str(getattr(self, "filters", "")), "×".join(map(str, kernel))]
        parts += [f"strides {pair(strides)}"] if set(strides) != {1} else []
        parts += [self.padding] if self.padding != "valid" else []
        parts += [f"dilation {pair(dilation)}"] if set(dilation) != {1} else []
        parts += [f"groups {self.groups}"] if getattr(self, "groups", 1) != 1 else []
        parts += ["no bias"] if not self.use_bias else []
        return ", ".join([part for part in (*parts, self.activation_name()) if part])


class Depthwise(Conv):
    """DepthwiseConv1D and DepthwiseConv2D: each channel by itself."""

    kernel_size: Any
    strides: Any = 1
    padding: str = "valid"
    depth_multiplier: int = 1
    data_format: Any = None
    dilation_rate: Any = 1
    activation: Any = None
    use_bias: bool = True

    def make(self, shape: Shape) -> Layer:
        """Return the convolution with as many groups as channels."""
        channels = self.channels(shape)
        count = channels * self.number("depth_multiplier")
        return self._padded(channels, count, *self._moves(), channels, self.use_bias)


class Separable(Conv):
    """SeparableConv1D and SeparableConv2D: each channel by itself, then 1×1."""

    filters: int
    kernel_size: Any
    strides: Any = 1
    padding: str = "valid"
    data_format: Any = None
    dilation_rate: Any = 1
    depth_multiplier: int = 1
    activation: Any = None
    use_bias: bool = True
    pointwise: Layer | None = None

    def make(self, shape: Shape) -> Layer:
        """Return the first of both convolutions; `pointwise` is the second."""
        channels = self.channels(shape)
        count = channels * self.number("depth_multiplier")
        self.pointwise = self._padded(count, self.filters, 1, 1, "valid", 1, 1, self.use_bias)
        return self._padded(channels, count, *self._moves(), channels, False)

    def after(self, *shapes: Shape) -> Shape:
        """Return the output's shape."""
        between = super().after(*shapes)
        return (*between[:1], self.filters, *between[2:])

    @property
    def weights(self) -> Count:
        """Both convolutions'."""
        return _sum(super().weights, self.pointwise.weights) if self.pointwise is not None else super().weights

    @property
    def biases(self) -> int:
        """The second's."""
        return 0 if self.pointwise is None else self.pointwise.biases

    def work(self, shapes: tuple[Shape, ...], output: Shape) -> Count:
        """Both convolutions'."""
        assert self.inner is not None
        assert self.pointwise is not None
        between = self.inner.output(*shapes)
        first = self.inner.multiply_adds(shapes, between)
        return _sum(first, self.pointwise.multiply_adds((between,), output))


def _sum(one: Count, other: Count) -> Count:
    return Count(one.value + other.value, f"{one.written} + {other.written}")


class Transposed(Conv):
    """Conv1DTranspose, Conv2DTranspose and Conv3DTranspose."""

    filters: int
    kernel_size: Any
    strides: Any = 1
    padding: str = "valid"
    output_padding: Any = None
    data_format: Any = None
    dilation_rate: Any = 1
    activation: Any = None
    use_bias: bool = True

    def make(self, shape: Shape) -> Layer:
        """Return the transposed convolution."""
        kind = type("PaddedTransposed", (PaddedTransposed,), {"dims": self.dims, "rule": self.padding})
        kernel, strides = self.each_of("kernel_size", self.dims), self.each_of("strides", self.dims)
        dilation = self.each_of("dilation_rate", self.dims)
        channels = self.channels(shape)
        settings = (channels, self.filters, kernel, strides, 0, self.output_padding, 1, self.use_bias, dilation)
        made: Layer = kind(*settings)
        return made


class PaddedPool:
    """Mixed into a pool: padded as TensorFlow does."""

    rule = "valid"

    def axes(self: Any, shape: Shape) -> list[Axis]:
        """Return the axes, padded as asked."""
        settings = zip(shape[2:], self.each("kernel_size"), self.each("stride"), strict=True)
        return [_axis(self.rule, *one, noun="window") for one in settings]


class KerasPool(KerasLayer):
    """MaxPooling and AveragePooling, in one to three dimensions."""

    base: type[Pool] = MaxPool
    pool_size: Any = 2
    strides: Any = None
    padding: str = "valid"
    data_format: Any = None

    def check(self) -> None:
        """Raise InputError where a setting cannot be."""
        self.padding = str(self.padding).lower()
        if self.padding not in ("valid", "same"):
            raise InputError(f"{self.kind}: padding cannot be {self.padding!r}", hint="'valid' or 'same'")
        self.strides = self.pool_size if self.strides is None else self.strides
        self.each_of("pool_size", self.dims)
        self.each_of("strides", self.dims)

    def make(self, shape: Shape) -> Layer:
        """Return the pool that it is."""
        kind = type("PaddedPool", (PaddedPool, self.base), {"dims": self.dims, "rule": self.padding})
        made: Layer = kind(self.each_of("pool_size", self.dims), self.each_of("strides", self.dims))
        return made

    def details(self) -> str:
        """Return the window, and what is not the default."""
        size, strides = self.each_of("pool_size", self.dims), self.each_of("strides", self.dims)
        parts = ["×".join(map(str, size))] + ([f"strides {pair(strides)}"] if strides != size else [])
        return ", ".join([*parts, *([self.padding] if self.padding != "valid" else [])])


class KerasAveragePool(KerasPool):
    """AveragePooling."""

    base = AvgPool
    pool_size: Any = 2
    strides: Any = None
    padding: str = "valid"
    data_format: Any = None


class KerasGlobalPool(KerasLayer):
    """GlobalAveragePooling and GlobalMaxPooling."""

    data_format: Any = None
    keepdims: bool = False

    def make(self, shape: Shape) -> Layer:
        """Return the global pool that it is."""
        made: Layer = type("GlobalPool", (GlobalPool,), {"dims": self.dims})()
        return made

    def after(self, *shapes: Shape) -> Shape:
        """Return the channels, with axes of one cell if they are kept."""
        self.channels(shapes[0])
        return (*shapes[0][:2], *((1,) * self.dims if self.keepdims else ()))

    def origins(self, shape: Shape, output: Shape) -> tuple[int | None, ...]:
        """Return where each axis came from."""
        return tuple(range(len(output)))

    def details(self) -> str:
        """Return whether axes are kept."""
        return "keepdims" if self.keepdims else ""
