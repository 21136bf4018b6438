"""Keras's layers that are no windows: dense, norms, shapes, activations, padding, merging."""

import math
from typing import Any

from convcalc.errors import InputError
from convcalc.network.dense import Linear
from convcalc.network.functions import Cat, Combine, fill_in
from convcalc.network.keras.layer import KerasLayer
from convcalc.network.keras.shapes import place_of, restored, written
from convcalc.network.kinds import KINDS
from convcalc.network.layer import Count, Layer, Shape, kept_axes
from convcalc.network.shaping import Flatten, Upsample
from convcalc.network.windows import Convolution


class Dense(KerasLayer):
    """A fully connected layer, along Keras's last axis."""

    counted = True
    units: int
    activation: Any = None
    use_bias: bool = True

    def check(self) -> None:
        """Raise InputError where the units are no number."""
        self.number("units")

    def make(self, shape: Shape) -> Layer:
        """Return the product that it is: behind further axes a 1×1 convolution."""
        if len(shape) < 3:
            if len(shape) < 2:
                raise InputError("Dense receives single numbers", hint="give it an axis: Input((1,))")
            return Linear(shape[1], self.units, self.use_bias)
        if len(shape) > 5:
            raise InputError(f"Dense receives {written(restored(shape))}", hint="reshape it before")
        kind = type("Convolution", (Convolution,), {"dims": len(shape) - 2})
        made: Layer = kind(shape[1], self.units, 1, bias=self.use_bias)
        return made

    def after(self, *shapes: Shape) -> Shape:
        """Return the shape with its last axis replaced."""
        try:
            return super().after(*shapes)
        except InputError:
            built = getattr(self.inner, "in_features", getattr(self.inner, "in_channels", None))
            raise InputError(
                f"it was built for {built} features, and receives {shapes[0][1]}: {written(restored(shapes[0]))}",
                hint="flatten or pool before it",
            ) from None

    @property
    def weights(self) -> Count:
        """Units×(in + 1)."""
        own = super().weights
        return Count(own.value, own.written.replace("×(1×", "×(").replace("×(1×1×", "×("))

    def details(self) -> str:
        """Return the units, and what is not the default."""
        return ", ".join(
            [str(self.units), *filter(None, [self.activation_name()]), *([] if self.use_bias else ["no bias"])]
        )


class KerasFlatten(KerasLayer):
    """Flatten."""

    data_format: Any = None

    def make(self, shape: Shape) -> Layer:
        """Return the layer that flattens, or an axis more where there is one number."""
        return Flatten() if len(shape) > 1 else KINDS["Identity"]()

    def after(self, *shapes: Shape) -> Shape:
        """Return the cells of an item in one row."""
        return (shapes[0][0], math.prod(shapes[0][1:]))


class Reshape(KerasLayer):
    """Reshape; -1 is what is left."""

    target_shape: Any

    def shape_after(self, *shapes: Shape) -> Shape:
        """Return the target; raise InputError where the cells do not fit it."""
        target = self.target_shape if isinstance(self.target_shape, tuple | list) else (self.target_shape,)
        if any(not isinstance(size, int) for size in target):
            raise InputError(f"Reshape cannot make {self.target_shape!r}", hint="as in Reshape((7, 7, 64))")
        cells = math.prod(shapes[0][1:])
        return (shapes[0][0], *fill_in(tuple(target), cells, f"Reshape: {written(shapes[0])}"))

    def origins(self, shape: Shape, output: Shape) -> tuple[int | None, ...]:
        """Return where each axis came from, worked out in Keras's order."""
        origins = kept_axes(restored(shape), restored(output))
        rank, after = len(shape), len(output)
        here = {place_of(axis, after): origin for axis, origin in enumerate(origins)}
        return tuple(None if here[axis] is None else place_of(int(here[axis] or 0), rank) for axis in range(after))

    def details(self) -> str:
        """Return the target."""
        return str(self.target_shape)


class Permute(KerasLayer):
    """Permute: axes in another order, counted from 1."""

    dims_order: Any

    def shape_after(self, *shapes: Shape) -> Shape:
        """Return the sizes in that order."""
        order = self.dims_order
        if not isinstance(order, tuple | list) or sorted(order) != list(range(1, len(shapes[0]))):
            raise InputError(f"Permute({order!r}) does not name each axis once", hint="the axes are counted from 1")
        return (shapes[0][0], *(shapes[0][axis] for axis in order))

    def origins(self, shape: Shape, output: Shape) -> tuple[int | None, ...]:
        """Return where each axis came from."""
        rank = len(shape)
        origins = {place_of(index, rank): place_of(axis, rank) for index, axis in enumerate((0, *self.dims_order))}
        return tuple(origins[axis] for axis in range(rank))

    def details(self) -> str:
        """Return the order."""
        return str(tuple(self.dims_order))


class RepeatVector(KerasLayer):
    """RepeatVector: a row again and again."""

    n: int

    def shape_after(self, *shapes: Shape) -> Shape:
        """Return (N, n, features)."""
        if len(shapes[0]) != 2:
            raise InputError(f"RepeatVector receives {written(shapes[0])}", hint="flatten before it")
        return (shapes[0][0], self.number("n"), shapes[0][1])

    def details(self) -> str:
        """Return how often."""
        return str(self.n)


class Embedding(KerasLayer):
    """Embedding: a row of numbers for each word of a vocabulary."""

    ignored = frozenset(("mask_zero", "input_length", "lora_rank", "dropout"))
    input_dim: int
    output_dim: int

    def check(self) -> None:
        """Raise InputError where a size is none."""
        self.number("input_dim")
        self.number("output_dim")

    def shape_after(self, *shapes: Shape) -> Shape:
        """Return an axis more."""
        return (*shapes[0], self.output_dim)

    @property
    def weights(self) -> Count:
        """A row for each word."""
        return Count(self.input_dim * self.output_dim, f"{self.input_dim}×{self.output_dim}")

    def details(self) -> str:
        """Return words and numbers."""
        return f"{self.input_dim}, {self.output_dim}"


class KerasActivation(KerasLayer):
    """Activation."""

    activation: Any

    def details(self) -> str:
        """Return which."""
        return str(self.activation)


class Cellwise(KerasLayer):
    """A function cell by cell, a dropout, noise: it keeps the shape and holds nothing."""

    def __init__(self, *given: Any, **named: Any) -> None:
        self.given, self.named = given, named
        super().__init__()

    def details(self) -> str:
        """Return its settings."""
        named = (f"{key}={value!r}" for key, value in self.named.items() if key not in ("seed", "noise_shape"))
        return ", ".join([*map(str, self.given), *named])


class Slopes(KerasLayer):
    """PReLU: a slope for each cell, or one along the axes that share it."""

    shared_axes: Any = None
    cells: int = 0

    @classmethod
    def arguments(cls) -> dict[str, Any]:
        """Return Keras's arguments."""
        return {"shared_axes": None}

    def build(self, shape: Shape) -> None:
        """Count the slopes of the first input."""
        shared = self.shared_axes if isinstance(self.shared_axes, tuple | list) else [self.shared_axes]
        sizes = list(restored(shape)[1:])
        for axis in shared:
            if isinstance(axis, int):
                sizes[axis - 1] = 1  # as Keras does it, of -1 too
        self.cells = self.cells or math.prod(sizes)

    @property
    def weights(self) -> Count:
        """The slopes."""
        return Count(self.cells, str(self.cells))


class ZeroPadding(KerasLayer):
    """ZeroPadding1D to ZeroPadding3D; Cropping takes away."""

    sign = 1
    padding: Any = 1
    data_format: Any = None

    def sides(self) -> list[tuple[int, int]]:
        """Return how many cells are added before and behind each axis."""
        given: Any = next(iter(vars(self)[name] for name in ("padding", "cropping") if name in vars(self)))
        each = (given,) * self.dims if isinstance(given, int) or self.dims == 1 else given
        if isinstance(given, list | tuple) and self.dims == 1:
            each = (tuple(given) * (2 if len(given) == 1 else 1),)
        sides = [(one, one) if isinstance(one, int) else tuple(one) for one in each]
        if len(sides) != self.dims or any(len(one) != 2 or min(one) < 0 for one in sides):
            raise InputError(f"{self.kind} cannot be {given!r}", hint="as in 1, (1, 1) or ((1, 1), (2, 2))")
        return [(before, after) for before, after in sides]

    def check(self) -> None:
        """Raise InputError where the amounts are none."""
        self.sides()

    def shape_after(self, *shapes: Shape) -> Shape:
        """Return the shape with longer (or shorter) axes."""
        if len(shapes[0]) != self.dims + 2:
            raise InputError(
                f"{self.kind} wants {self.dims} axes before the channels, and receives {written(shapes[0])}"
            )
        sides = zip(shapes[0][1:-1], self.sides(), strict=True)
        sizes = tuple(size + self.sign * sum(ends) for size, ends in sides)
        if min(sizes) < 1:
            raise InputError(f"{self.kind} leaves nothing of {written(shapes[0])}", hint="cut off less")
        return (shapes[0][0], *sizes, shapes[0][-1])

    def details(self) -> str:
        """Return the amounts."""
        sides = self.sides()
        flat = {end for ends in sides for end in ends}
        return str(flat.pop()) if len(flat) == 1 else str(tuple(sides))


class Cropping(ZeroPadding):
    """Cropping1D to Cropping3D."""

    sign = -1
    cropping: Any = None
    data_format: Any = None

    def check(self) -> None:
        """Take off one cell by default, but of planes none."""
        self.cropping = (0 if self.dims == 2 else 1) if self.cropping is None else self.cropping
        super().check()


class UpSampling(KerasLayer):
    """UpSampling1D to UpSampling3D."""

    size: Any = 2
    data_format: Any = None
    interpolation: str = "nearest"

    def make(self, shape: Shape) -> Layer:
        """Return the layer that repeats cells."""
        self.channels(shape)
        return Upsample(None, self.each_of("size", self.dims))

    def details(self) -> str:
        """Return the factors."""
        factors = self.each_of("size", self.dims)
        text = f"×{factors[0]}" if len(set(factors)) == 1 else str(factors)
        return text if self.interpolation == "nearest" else f"{text}, {self.interpolation}"


class Resized(KerasLayer):
    """Resizing, CenterCrop and RandomCrop: rows and columns of a size."""

    ignored = frozenset(("interpolation", "crop_to_aspect_ratio", "pad_to_aspect_ratio", "seed", "antialias"))
    height: int
    width: int

    def shape_after(self, *shapes: Shape) -> Shape:
        """Return that size."""
        return (*shapes[0][:-3], self.number("height"), self.number("width"), shapes[0][-1])

    def details(self) -> str:
        """Return the size."""
        return f"{self.height}×{self.width}"


class Merging(KerasLayer):
    """Add, Subtract, Multiply, Average, Maximum and Minimum of tensors that are broadcast."""

    def shape_after(self, *shapes: Shape) -> Shape:
        """Return the broadcast shape."""
        if len(shapes) < 2:
            raise InputError(f"{self.kind} is given one tensor", hint="give it a list of tensors")
        try:
            return Combine(self.kind).output(*shapes)
        except InputError as error:
            texts = " and ".join(map(written, shapes))
            raise InputError(f"{self.kind}: {texts} do not fit each other", hint=error.hint) from None


class Concatenate(KerasLayer):
    """Concatenate, along an axis."""

    axis: int = -1

    def shape_after(self, *shapes: Shape) -> Shape:
        """Return the joined shape."""
        if not isinstance(self.axis, int) or not -len(shapes[0]) <= self.axis < len(shapes[0]):
            raise InputError(f"Concatenate: there is no axis {self.axis!r}", hint="-1 is the channels'")
        try:
            return Cat(self.axis).output(*shapes)
        except InputError:
            texts = " and ".join(map(written, shapes))
            raise InputError(f"Concatenate: {texts} do not fit", hint="they may differ in one axis only") from None

    def beside(self, output: Shape) -> int | None:
        """Return the axis along which they are joined."""
        return self.axis % len(output)

    def details(self) -> str:
        """Return the axis, if it is another."""
        return "" if self.axis == -1 else f"axis {self.axis}"


class Dot(KerasLayer):
    """Dot: products along an axis of each of two tensors."""

    ignored = frozenset(("normalize",))
    counted = True
    axes: Any = -1

    def shape_after(self, *shapes: Shape) -> Shape:
        """Return what is left of both."""
        if len(shapes) != 2:
            raise InputError("Dot is of two tensors")
        one, two = self.axes if isinstance(self.axes, tuple | list) else (self.axes, self.axes)
        first, second = list(shapes[0][1:]), list(shapes[1][1:])
        a, b = (axis % (len(shape) + 1) - 1 for axis, shape in ((one, first), (two, second)))
        if first[a] != second[b]:
            raise InputError(f"Dot: {written(shapes[0])} and {written(shapes[1])} do not fit along {self.axes!r}")
        del first[a], second[b]
        rest = (*first, *second)
        return (shapes[0][0], *(rest or (1,)))

    def work(self, shapes: tuple[Shape, ...], output: Shape) -> Count:
        """One for each cell of the output and each of the axis."""
        one = self.axes[0] if isinstance(self.axes, tuple | list) else self.axes
        inner = restored(shapes[0])[one]
        return Count(math.prod(output[1:]) * inner, f"{'×'.join(map(str, output[1:]))} × {inner}")
