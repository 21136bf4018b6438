"""Keras's norms: what they train, and what they keep."""

import math
from typing import Any

from convcalc.network.keras.layer import KerasLayer
from convcalc.network.keras.shapes import restored
from convcalc.network.layer import NOTHING, Count, Shape


class BatchNorm(KerasLayer):
    """BatchNormalization: trained scales and shifts, and kept means and variances."""

    ignored = frozenset(("virtual_batch_size", "fused", "synchronized", "mode"))
    axis: Any = -1
    momentum: float = 0.99
    epsilon: float = 1e-3
    center: bool = True
    scale: bool = True
    cells: int = 0

    @classmethod
    def arguments(cls) -> dict[str, Any]:
        """Return Keras's arguments."""
        return {name: default for name, default in super().arguments().items() if name != "cells"}

    def build(self, shape: Shape) -> None:
        """Take the number of channels from the first input."""
        if not self.cells:
            axes = self.axis if isinstance(self.axis, tuple | list) else [self.axis]
            self.cells = math.prod(restored(shape)[axis] for axis in axes)

    @property
    def weights(self) -> Count:
        """A scale and a shift for each channel."""
        count = bool(self.center) + bool(self.scale)
        return Count(count * self.cells, f"{count}×{self.cells}") if count else NOTHING

    @property
    def biases(self) -> int:
        """The shifts."""
        return self.cells if self.center else 0

    @property
    def buffers(self) -> Count:
        """A mean and a variance for each channel."""
        return Count(2 * self.cells, f"2×{self.cells}")

    def details(self) -> str:
        """Return what it has not."""
        without = [name for name in ("center", "scale") if not getattr(self, name)]
        return ", ".join(f"no {name}" for name in without)


class LayerNorm(BatchNorm):
    """LayerNormalization, which keeps nothing."""

    axis: Any = -1
    epsilon: float = 1e-3
    center: bool = True
    scale: bool = True

    @property
    def buffers(self) -> Count:
        """None."""
        return NOTHING


class GroupNorm(LayerNorm):
    """GroupNormalization."""

    groups: int = 32
    axis: Any = -1
    epsilon: float = 1e-3
    center: bool = True
    scale: bool = True


class RootNorm(LayerNorm):
    """RMSNormalization: scales only."""

    axis: Any = -1
    epsilon: float = 1e-6
    center = False


class Normalization(BatchNorm):
    """Normalization of the input: a mean and a variance that are found once, and how many cells were seen."""

    axis: Any = -1
    mean: Any = None
    variance: Any = None
    invert: bool = False
    center = False
    scale = False

    def build(self, shape: Shape) -> None:
        """Take the number of channels from the first input: of no axis, one."""
        if self.axis is None:
            self.cells = 1
        super().build(shape)

    @property
    def buffers(self) -> Count:
        """A mean and a variance for each channel, and a count; none if they are given."""
        if self.mean is not None:
            return NOTHING
        return Count(2 * self.cells + 1, f"2×{self.cells} + 1")
