"""Functions of one cell, and layers that reshape, repeat or add cells."""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from convcalc.errors import InputError
from convcalc.network.functions import TensorFunction, axis_of, fill_in
from convcalc.network.layer import Count, Layer, Reach, Shape, Size, kept_axes, pair, sizes

MOST_SCALE = 1 << 32
"""The largest size or factor anything is scaled to or by."""
IN_PLACE = {
    **dict.fromkeys(("ReLU", "ReLU6", "SELU", "SiLU", "Mish", "Hardswish", "Hardsigmoid"), 0),
    **dict.fromkeys(("LeakyReLU", "ELU", "CELU"), 1),
    **dict.fromkeys(("Hardtanh", "Threshold", "RReLU"), 2),
}
"""As which of its arguments an activation takes `inplace`."""
ALONG_AXES = ("Softmax", "Softmax2d", "LogSoftmax", "Softmin", "LocalResponseNorm", "CrossMapLRN2d")
"""Those that read more than one cell for each."""
MOST_REPEATED = {"ReflectionPad": 0, "CircularPad": 1}
"""How many cells more than there are of an axis are too many for a padding that repeats them."""


class Elementwise(Layer):
    """A function of each cell; it keeps the shape."""

    given: tuple[Any, ...]
    named: dict[str, Any]

    def __init__(self, *given: Any, **named: Any) -> None:
        self.given, self.named = given, named
        self.is_cellwise = self.kind not in ALONG_AXES
        self.works_in_place = bool(self.setting(IN_PLACE.get(self.kind, len(given)), "inplace", False))

    def setting(self, place: int, name: str, default: Any) -> Any:
        """Return a setting, by its place or its name."""
        return self.named.get(name, self.given[place] if len(self.given) > place else default)

    @classmethod
    def arguments(cls) -> dict[str, Any]:
        """Return none: whatever is given, the shape stays."""
        return {}


class Dropout(Elementwise):
    """Zeros at random while training; `p` is the share of them."""

    p: Any

    def __init__(self, p: Any = 0.5, *given: Any, **named: Any) -> None:
        super().__init__(p, *given, **named)
        self.p, self.works_in_place = p, False  # it changes nothing in evaluation
        if isinstance(p, int | float) and not 0 <= p <= 1:
            raise InputError(f"{self.kind}: p must be between 0 and 1, not {p}", hint="PyTorch's own is 0.5")


class LearnedSlope(Layer):
    """PReLU: a trained slope for all channels, or one for each."""

    num_parameters: int = 1
    init: float = 0.25

    def check(self) -> None:
        """Raise InputError where the slopes are no number."""
        self.number("num_parameters")

    @property
    def weights(self) -> Count:
        """The slopes."""
        return Count(self.num_parameters, str(self.num_parameters))

    def output(self, *shapes: Shape) -> Shape:
        """Return the input's shape; there must be one slope, or one for each channel."""
        channels = shapes[0][1] if len(shapes[0]) > 1 else 1
        if self.num_parameters not in (1, channels):
            raise InputError(f"PReLU({self.num_parameters}) receives {channels} channels", hint=f"use 1, or {channels}")
        return shapes[0]


class GatedLinearUnit(Layer):
    """GLU: one half of an axis gates the other."""

    dim: int = -1

    def output(self, *shapes: Shape) -> Shape:
        """Return the shape with one axis halved."""
        shape, axis = list(shapes[0]), axis_of(self.dim, len(shapes[0]), "GLU")
        if shape[axis] % 2 or axis == 0:
            raise InputError(f"GLU cannot halve an axis of {shape[axis]}", hint="it must be even, and not the batch")
        shape[axis] //= 2
        return tuple(shape)


class Flatten(Layer):
    """All axes from `start_dim` to `end_dim` become one."""

    start_dim: int = 1
    end_dim: int = -1

    def output(self, *shapes: Shape) -> Shape:
        """Return the shape with those axes multiplied."""
        shape = shapes[0]
        for end in (self.start_dim, self.end_dim):
            if not isinstance(end, int) or not -len(shape) <= end < len(shape):
                raise InputError(f"Flatten: {sizes(shape)} has no axis {end!r}", hint="the batch is axis 0")
        start, end = self.start_dim % len(shape), self.end_dim % len(shape)
        if start == 0 and len(shape) > 1 and end > 0 and not self.batchless:
            raise InputError("Flatten from axis 0 mixes the items of a batch", hint="flatten from axis 1")
        if start > end:
            raise InputError(f"Flatten: axis {self.start_dim} lies behind axis {self.end_dim}")
        return (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :])

    def places(self, shape: Shape, output: Shape) -> tuple[int | None, ...]:
        """Return where each axis came from."""
        return kept_axes(shape, output)


class Unflatten(Layer):
    """One axis becomes several."""

    dim: int
    unflattened_size: Any

    def output(self, *shapes: Shape) -> Shape:
        """Return the shape with that axis divided."""
        shape, sizes = shapes[0], self.unflattened_size
        axis = axis_of(self.dim, len(shape), "Unflatten")
        if not _are_integers(sizes) or axis == 0:
            raise InputError(f"Unflatten cannot part axis {axis} into {sizes!r}", hint="as in Unflatten(1, (6, 4, 4))")
        parts = fill_in(tuple(sizes), shape[axis], f"an axis of {shape[axis]}")
        return (*shape[:axis], *parts, *shape[axis + 1 :])

    def places(self, shape: Shape, output: Shape) -> tuple[int | None, ...]:
        """Return where each axis came from."""
        return kept_axes(shape, output)


class Upsample(Layer):
    """More cells by repeating or interpolating them."""

    size: Any = None
    scale_factor: Any = None
    mode: str = "nearest"
    align_corners: bool | None = None
    recompute_scale_factor: bool | None = None

    def output(self, *shapes: Shape) -> Shape:
        """Return the shape with its spatial axes scaled."""
        shape = shapes[0]
        if (self.size is None) == (self.scale_factor is None) or len(shape) < 3:
            raise InputError(f"{self.kind} takes either size or scale_factor", hint="as in scale_factor=2")
        given = self.size if self.size is not None else self.scale_factor
        each: Sequence[Any] = given if isinstance(given, tuple | list) else (given,) * (len(shape) - 2)
        if len(each) != len(shape) - 2 or not all(map(self._fits, each)):
            raise InputError(f"{self.kind} cannot scale {sizes(shape)} by {given!r}", hint="as in scale_factor=2")
        if self.size is not None:
            return (*shape[:2], *map(int, each))
        larger = tuple(int(size * factor) for size, factor in zip(shape[2:], each, strict=True))
        if min(larger) < 1:
            raise InputError(f"{self.kind} leaves nothing of {sizes(shape)}", hint="use a larger scale_factor")
        return (*shape[:2], *larger)

    def _fits(self, value: Any) -> bool:
        """Whether a size is whole, or a factor is finite, and either more than nothing."""
        kind = int if self.size is not None else int | float
        return isinstance(value, kind) and 0 < value <= MOST_SCALE

    def reach(self, shape: Shape) -> tuple[Reach, ...]:
        """Return the cells that are repeated or interpolated between: one, two or four."""
        after = self.output(shape)
        return tuple(map(self._along, shape[2:], after[2:], self.steps(shape)))

    def steps(self, shape: Shape) -> list[Fraction]:
        """Return how far apart on the input neighbouring output cells lie, along each axis.

        By a factor that is given it is 1/factor, as PyTorch has it, even where the output's size is rounded down.
        """
        after = self.output(shape)[2:]
        if self.size is not None or self.recompute_scale_factor:
            return [Fraction(size, larger) for size, larger in zip(shape[2:], after, strict=True)]
        factors = self.scale_factor if isinstance(self.scale_factor, tuple | list) else [self.scale_factor] * len(after)
        return [1 / Fraction(str(factor)) for factor in factors]

    def _along(self, size: int, larger: int, stride: Fraction) -> Reach:
        """Return what is read along one axis, as PyTorch places the cells."""
        if self.mode in ("nearest", "nearest-exact"):
            before = -stride / 2 if self.mode == "nearest-exact" else Fraction(0)
            return Reach(1, stride, before, first=math.floor)
        if self.mode == "area":
            return Reach(math.ceil(stride), stride, span=stride - 1, first=math.floor, last=math.ceil)
        before = (1 - stride) / 2
        if self.align_corners:
            stride, before = Fraction(size - 1, max(larger - 1, 1)), Fraction(0)
        if self.mode == "bicubic":
            return Reach(4, stride, before + 1, first=math.floor)
        return Reach(2, stride, before, Fraction(0), math.floor, math.ceil)

    def details(self) -> str:
        """Return the factor or size, and the mode."""
        factor = self.scale_factor if self.size is None else self.size
        how = f"to {factor}" if self.size is not None else f"×{factor}"
        return how if self.mode == "nearest" else f"{how}, {self.mode}"


class ChannelShuffle(Layer):
    """Channels reordered between groups, as in ShuffleNet: group 0's first, group 1's first, then their second."""

    groups: int

    def output(self, *shapes: Shape) -> Shape:
        """Return the input's shape, whose channels must part into the groups."""
        if len(shapes[0]) < 3 or shapes[0][1] % self.number("groups"):
            raise InputError(f"ChannelShuffle({self.groups}) receives {sizes(shapes[0])}", hint="use a divisor of C")
        return shapes[0]

    def details(self) -> str:
        """Return the groups."""
        return f"{self.groups} groups"


class PixelShuffle(Layer):
    """Channels become finer cells: r² channels one, r times as many rows and columns."""

    upscale_factor: int

    def output(self, *shapes: Shape) -> Shape:
        """Return (N, C/r², H·r, W·r)."""
        channels, factor = self.channels(shapes[0], axes=2), self.number("upscale_factor")
        if channels % factor**2:
            raise InputError(
                f"PixelShuffle({factor}) receives {channels} channels", hint=f"it needs a multiple of {factor**2}"
            )
        return (shapes[0][0], channels // factor**2, shapes[0][2] * factor, shapes[0][3] * factor)

    def reach(self, shape: Shape) -> tuple[Reach, ...]:
        """Return the one cell that it came from."""
        return (Reach(1, Fraction(1, self.upscale_factor), first=math.floor),) * 2

    def details(self) -> str:
        """Return the factor."""
        return f"×{self.upscale_factor}"


class PixelUnshuffle(Layer):
    """Cells become channels: the inverse of PixelShuffle."""

    downscale_factor: int

    def output(self, *shapes: Shape) -> Shape:
        """Return (N, C·r², H/r, W/r)."""
        channels, factor = self.channels(shapes[0], axes=2), self.number("downscale_factor")
        if shapes[0][2] % factor or shapes[0][3] % factor:
            raise InputError(f"PixelUnshuffle({factor}) receives {sizes(shapes[0])}", hint="rows must divide")
        return (shapes[0][0], channels * factor**2, shapes[0][2] // factor, shapes[0][3] // factor)

    def reach(self, shape: Shape) -> tuple[Reach, ...]:
        """Return the cells that became channels."""
        return (Reach(self.downscale_factor, Fraction(self.downscale_factor)),) * 2


class Pad(Layer):
    """ZeroPad, ReflectionPad, ReplicationPad, CircularPad and ConstantPad: (left, right, top, bottom)."""

    padding: Size
    value: float = 0

    def output(self, *shapes: Shape) -> Shape:
        """Return the shape with its spatial axes longer."""
        self.channels(shapes[0])
        sides = self.sides()
        most = max(max(pair_) - size for pair_, size in zip(sides, shapes[0][2:], strict=True))
        if most >= MOST_REPEATED.get(self.kind[:-2], math.inf):
            raise InputError(
                f"{self.kind} cannot repeat more than there is of {sizes(shapes[0])}", hint="pad by less than the size"
            )
        longer = tuple(size + before + after for size, (before, after) in zip(shapes[0][2:], sides, strict=True))
        if min(longer) < 1:
            raise InputError(f"{self.kind} cuts off all of {sizes(shapes[0])}", hint="cut off less")
        return (*shapes[0][:2], *longer)

    def sides(self) -> list[tuple[int, int]]:
        """Return how many cells are added before and behind each spatial axis."""
        amounts: Any = self.padding
        sides = (amounts,) * (2 * self.dims) if isinstance(amounts, int) else amounts
        if not _are_integers(sides) or len(sides) != 2 * self.dims:
            raise InputError(f"{self.kind} takes one number, or {2 * self.dims}", hint="left, right, top, bottom")
        return list(zip(sides[::2], sides[1::2], strict=True))[::-1]

    def ends(self, rank: int) -> list[tuple[int, int]]:
        """Return how many cells are added before and behind each axis of so many, the batch's too."""
        return [(0, 0)] * (rank - self.dims) + self.sides()

    def reach(self, shape: Shape) -> tuple[Reach, ...]:
        """Return a cell each, further on by the padding."""
        return tuple(Reach(1, Fraction(1), Fraction(before)) for before, _ in self.sides())

    def details(self) -> str:
        """Return the amounts."""
        return pair((self.padding,) if isinstance(self.padding, int) else tuple(self.padding))


class PadAxes(TensorFunction):
    """Cells of one value before and behind any axes: `F.pad` of more than the spatial ones."""

    name = "pad"
    amounts: Any
    """Before and behind each axis."""
    value: Any = 0

    def output(self, *shapes: Shape) -> Shape:
        """Return the shape with its axes longer."""
        longer = tuple(size + sum(ends) for size, ends in zip(shapes[0], self.amounts, strict=True))
        if min(longer) < 1:
            raise InputError(f"pad cuts off all of {sizes(shapes[0])}", hint="cut off less")
        return longer

    def ends(self, rank: int) -> Sequence[tuple[int, int]]:
        """Return how many cells are added before and behind each axis, of so many."""
        ends: Sequence[tuple[int, int]] = self.amounts
        return ends

    def reach(self, shape: Shape) -> tuple[Reach, ...]:
        """Return a cell each, further on by the padding."""
        return tuple(Reach(1, Fraction(1), Fraction(before)) for before, _ in self.amounts[2:])


def _are_integers(values: Any) -> bool:
    return isinstance(values, tuple | list) and all(isinstance(value, int) for value in values)
