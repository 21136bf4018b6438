"""Layers that normalize or scale: a few numbers for each channel."""

import math
from typing import Any

from convcalc.errors import InputError
from convcalc.network.layer import NOTHING, Count, Layer, Shape, sizes, times


class BatchNorm(Layer):
    """BatchNorm1d to BatchNorm3d and InstanceNorm1d to InstanceNorm3d: a weight and a bias for each channel."""

    inferred = "num_features"
    num_features: int | None
    eps: float = 1e-5
    momentum: float | None = 0.1
    affine: bool = True
    track_running_stats: bool = True

    def check(self) -> None:
        """Raise InputError where the features are no number."""
        if self.num_features is not None:
            self.number("num_features")

    def settle(self, shape: Shape) -> None:
        """Take the input's channels, if they were left out."""
        if self.num_features is None and len(shape) > 1:
            self.num_features = shape[1]

    def output(self, *shapes: Shape) -> Shape:
        """Return the input's shape, whose channels must be as many."""
        shape = shapes[0]
        if len(shape) != self.dims + 2 and not (self.dims == 1 and len(shape) == 2):
            raise InputError(
                f"{self.kind} wants {self.dims} spatial axes and receives {sizes(shape)}",
                hint=f"did you mean {self.kind[:-2]}{len(shape) - 2}d?" if 2 < len(shape) < 6 else "reshape before it",
            )
        if shape[1] != self.num_features:
            raise InputError(
                f"{self.kind}({self.num_features}) receives {shape[1]} channels: {sizes(shape)}",
                hint=f"did you mean {self.kind}({shape[1]})?",
            )
        return shape

    @property
    def weights(self) -> Count:
        """A weight and a bias for each channel."""
        return Count(2 * (self.num_features or 0), f"2×{self.num_features}") if self.affine else NOTHING

    @property
    def biases(self) -> int:
        """Half of them."""
        return self.weights.value // 2

    @property
    def buffers(self) -> Count:
        """A running mean and variance for each channel, and the number of batches seen."""
        if not self.track_running_stats:
            return NOTHING
        return Count(2 * (self.num_features or 0) + 1, f"2×{self.num_features} + 1")

    def details(self) -> str:
        """Return the channels."""
        return str(self.num_features or "?")


class InstanceNorm(BatchNorm):
    """InstanceNorm1d to InstanceNorm3d, which by default hold nothing."""

    num_features: int | None
    eps: float = 1e-5
    momentum: float | None = 0.1
    affine: bool = False
    track_running_stats: bool = False


class GroupNorm(Layer):
    """A weight and a bias for each channel; the channels are normalized in groups."""

    inferred = "num_channels"
    num_groups: int
    num_channels: int | None
    eps: float = 1e-5
    affine: bool = True

    def settle(self, shape: Shape) -> None:
        """Take the input's channels, if they were left out."""
        self.num_channels = shape[1] if self.num_channels is None else self.num_channels

    def output(self, *shapes: Shape) -> Shape:
        """Return the input's shape, whose channels must be as many, and part into the groups."""
        groups, channels = self.number("num_groups"), self.number("num_channels")
        if channels % groups:
            raise InputError(f"GroupNorm: {groups} groups do not part {channels} channels", hint="use a divisor")
        if len(shapes[0]) < 2 or shapes[0][1] != channels:
            raise InputError(
                f"GroupNorm({groups}, {channels}) receives {sizes(shapes[0])}",
                hint=f"did you mean GroupNorm({groups}, {shapes[0][1]})?",
            )
        return shapes[0]

    @property
    def weights(self) -> Count:
        """A weight and a bias for each channel."""
        return Count(2 * (self.num_channels or 0), f"2×{self.num_channels}") if self.affine else NOTHING

    @property
    def biases(self) -> int:
        """Half of them."""
        return self.weights.value // 2

    def details(self) -> str:
        """Return groups and channels."""
        return f"{self.num_channels or '?'} in {self.num_groups} groups"


class LayerNorm(Layer):
    """A weight and a bias for each cell of the last axes."""

    inferred = "normalized_shape"
    normalized_shape: Any
    eps: float = 1e-5
    elementwise_affine: bool = True
    bias: bool = True

    def settle(self, shape: Shape) -> None:
        """Take the input's shape, if it was left out."""
        self.normalized_shape = shape[1:] if self.normalized_shape is None else self.normalized_shape

    def _last(self) -> Shape:
        shape = self.normalized_shape
        values = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
        if not values or any(not isinstance(value, int) or value < 1 for value in values):
            raise InputError(f"LayerNorm: normalized_shape cannot be {shape!r}", hint="as in 96, or (6, 24, 24)")
        return values

    def output(self, *shapes: Shape) -> Shape:
        """Return the input's shape, whose last axes must be as many."""
        last = self._last()
        if shapes[0][1:][-len(last) :] != last:
            ends = shapes[0][1:][-len(last) :]
            raise InputError(
                f"LayerNorm({times(last)}) receives {sizes(shapes[0])}",
                hint=f"did you mean LayerNorm({ends if len(ends) > 1 else ends[0] if ends else ''})?",
            )
        return shapes[0]

    @property
    def weights(self) -> Count:
        """A weight and a bias for each normalized cell."""
        if not self.elementwise_affine:
            return NOTHING
        cells = math.prod(self._last())
        return Count((1 + bool(self.bias)) * cells, f"{1 + bool(self.bias)}×{times(self._last())}")

    @property
    def biases(self) -> int:
        """Half of them, if it has some."""
        return self.weights.value // 2 if self.bias else 0

    def details(self) -> str:
        """Return what is normalized."""
        return times(self._last()) if self.normalized_shape is not None else "?"


class ChannelNorm(LayerNorm):
    """LayerNorm over the channels of each place, as torchvision's LayerNorm2d has it."""

    normalized_shape: Any
    eps: float = 1e-5

    def settle(self, shape: Shape) -> None:
        """Take the input's channels, if they were left out."""
        self.normalized_shape = shape[1] if self.normalized_shape is None else self.normalized_shape

    def output(self, *shapes: Shape) -> Shape:
        """Return the input's shape, whose channels must be as many."""
        if shapes[0][1:2] != self._last():
            raise InputError(f"LayerNorm2d({times(self._last())}) receives {sizes(shapes[0])}")
        return shapes[0]


class LayerScale(Layer):
    """A trained factor for each channel, as in ConvNeXt."""

    inferred = "channels_scaled"
    channels_scaled: int | None = None

    def settle(self, shape: Shape) -> None:
        """Take the input's channels, if they were left out."""
        self.channels_scaled = shape[1] if self.channels_scaled is None else self.channels_scaled

    @property
    def weights(self) -> Count:
        """One for each channel."""
        return Count(self.channels_scaled or 0, str(self.channels_scaled))
