"""What every layer tells: the shape it makes, what it holds, what it costs, and which cells it reads.

Shapes are tuples of ints with the batch first, as in PyTorch: (N, C, H, W). The batch is one item.
"""

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

from convcalc.engine.geometry import Axis, TransposedAxis
from convcalc.errors import InputError, did_you_mean

Shape = tuple[int, ...]
Size = int | tuple[int, ...]
"""One number for all axes, or one for each."""

LARGEST = 10**12
"""The largest number a setting may be: beyond it, nothing is a network any more."""


def sizes(shape: Shape) -> str:
    """Write a shape without its batch.

    >>> sizes((1, 6, 24, 24)), sizes((1, 120))
    ('6×24×24', '120')
    """
    return "×".join(map(str, shape[1:])) or "1"


@dataclass(frozen=True, slots=True)
class Count:
    """A number and how it comes about: ``6×(5×5×1 + 1)`` is 156."""

    value: int
    written: str

    def __str__(self) -> str:
        value = f"{self.value:,}"
        return value if self.written.replace(",", "") == str(self.value) else f"{self.written} = {value}"


NOTHING = Count(0, "0")


@dataclass(frozen=True, slots=True)
class Reach:
    """What output cell i reads along one axis: at most `extent` cells, from `stride`·i − `before` on.

    A transposed convolution or an upsampling has a stride below 1: it reads from there to `span` further on (default:
    extent − 1), the cells that lie between, or those that lie around (`first` and `last` say how each is rounded).
    `extent` None: the whole axis.
    """

    extent: int | None = 1
    stride: Fraction = Fraction(1)
    before: Fraction = Fraction(0)
    span: Fraction | None = None
    first: Callable[[Fraction], int] = math.ceil
    last: Callable[[Fraction], int] = math.floor

    def reads(self, low: int, high: int, size: int) -> tuple[int, int]:
        """Return the first and last of `size` cells that output cells `low` to `high` read; padding is left out.

        >>> Reach(3, Fraction(2), Fraction(1)).reads(0, 1, 9)
        (0, 3)
        """
        if self.extent is None:
            return 0, size - 1
        start, end = self.window(low, high)
        return min(max(start, 0), size - 1), max(min(end, size - 1), 0)

    def window(self, low: int, high: int) -> tuple[int, int]:
        """Return the first and last cell that output cells `low` to `high` read, be it in the padding."""
        span = (self.extent or 1) - 1 if self.span is None else self.span
        return self.first(low * self.stride - self.before), self.last(high * self.stride - self.before + span)


SAME = Reach()
WHOLE = Reach(None)


class Layer:
    """One kind of layer, with its settings: the annotations of a subclass are PyTorch's arguments, in order.

    `inferred` names the argument that follows from the input and may be left out.
    """

    dims: ClassVar[int] = 0
    """Spatial axes; 0: any."""
    inferred: ClassVar[str] = ""
    counted: ClassVar[bool] = False
    """Whether its multiply-adds are counted."""
    is_function: ClassVar[bool] = False
    """Whether it is a function of PyTorch's rather than a layer."""

    batchless: bool = False
    """Whether what it is applied to has no batch: parameters, whose first axis is one as all others."""
    is_cellwise: bool = False
    """Whether it works cell by cell, whatever axes there are."""
    frozen: frozenset[str] = frozenset()
    """Which of its parameters (`weight`, `bias`) are not trained."""
    trains_always: bool = False
    """Whether it works as in training after `eval()` too: its numbers are then those of a batch, or of chance."""
    counts_all_axes: bool = False
    """Whether its multiply-adds are of all items there are, where its first axis is no batch."""
    unknown: str = ""
    """Why its numbers cannot be told, if they cannot."""
    saved: Any = None
    """The numbers of its tensors by their names, where the network's own file has them."""
    works_in_place: bool = False
    """Whether it changes its input's own numbers."""

    def __init__(self, *given: Any, **named: Any) -> None:
        values = self._bound(given, named)
        for name, value in values.items():
            setattr(self, name, value)
        self.check()

    @classmethod
    def arguments(cls) -> dict[str, Any]:
        """Return the arguments in order, each with its default (``...``: there is none)."""
        own = (inspect.get_annotations(base) for base in cls.__mro__[: cls.__mro__.index(Layer)])
        defaults = {name: getattr(cls, name, ...) for name in next(filter(None, own), {})}
        return defaults if cls.is_function else {**defaults, "device": None, "dtype": None}

    @classmethod
    def _bound(cls, given: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
        """Return every argument's value; raise InputError as Python would a TypeError."""
        arguments = cls.arguments()
        for name in named:
            if name not in arguments:
                takes = f"it takes {', '.join(name for name in arguments if name not in ('device', 'dtype'))}"
                hint = did_you_mean(name, arguments, takes)
                raise InputError(f"{cls.__name__} has no setting '{name}'", hint=hint)
        if len(given) > len(arguments):
            raise InputError(f"{cls.__name__} takes at most {len(arguments)} settings, not {len(given)}")
        values = {**dict(zip(arguments, given, strict=False)), **named}
        twice = [name for name, _ in zip(arguments, given, strict=False) if name in named]
        if twice:
            raise InputError(f"{cls.__name__} is given {twice[0]} twice", hint="leave one of them out")
        missing = [name for name, default in arguments.items() if default is ... and name not in values]
        if missing:
            raise InputError(
                f"{cls.__name__} needs {' and '.join(missing)}", hint=f"as in {cls.__name__}({cls.example()})"
            )
        return arguments | values

    @classmethod
    def example(cls) -> str:
        """Return arguments that would do."""
        samples = {"in_channels": "1", "out_channels": "6", "kernel_size": "5", "in_features": "192"}
        return ", ".join(samples.get(name, "10") for name, default in cls.arguments().items() if default is ...)

    @classmethod
    def inferring(cls, given: tuple[Any, ...], named: dict[str, Any]) -> "Layer":
        """Make a layer whose inferred argument may be left out: ``Conv2d(6, 5)`` for ``Conv2d(1, 6, 5)``."""
        required = [name for name, default in cls.arguments().items() if default is ...]
        if cls.inferred in required and cls.inferred not in named:
            present = len(given) + sum(name in named for name in required)
            if present < len(required) and len(given) < len(required):
                at = required.index(cls.inferred)
                given = (*given[:at], None, *given[at:]) if len(given) >= at else given
                named = named if len(given) > at else {**named, cls.inferred: None}
        return cls(*given, **named)

    def check(self) -> None:
        """Raise InputError where the settings contradict each other."""

    def each(self, name: str, least: int = 1) -> tuple[int, ...]:
        """Return a setting as one number for each axis; raise InputError where it is none."""
        value = getattr(self, name)
        if _is_size(value, least):
            return (value,) * self.dims
        if not (isinstance(value, tuple | list) and all(_is_size(item, least) for item in value)):
            raise InputError(
                f"{self.kind}: {name} must be a whole number of at least {least}, not {value!r}",
                hint=f"or {self.dims} of them" if self.dims > 1 else "try 1",
            )
        values = tuple(value) * (self.dims if len(value) == 1 else 1)
        if len(values) != self.dims:
            raise InputError(f"{self.kind}: {name} has {len(values)} numbers", hint=f"give one, or {self.dims}")
        return values

    def number(self, name: str, least: int = 1) -> int:
        """Return a setting that is one whole number; raise InputError where it is none."""
        value = getattr(self, name)
        if not _is_size(value, least):
            raise InputError(f"{self.kind}: {name} must be a whole number of at least {least}, not {value!r}")
        return int(value)

    @property
    def kind(self) -> str:
        """Its name, as PyTorch has it."""
        return type(self).__name__

    def details(self) -> str:
        """Return its settings, briefly."""
        return ""

    def __str__(self) -> str:
        return f"{self.kind} {self.details()}".rstrip()

    def settle(self, shape: Shape) -> None:
        """Take the inferred argument from the input, if it was left out."""

    def output(self, *shapes: Shape) -> Shape:
        """Return the output's shape; raise InputError with the number that would fit."""
        return shapes[0]

    @property
    def weights(self) -> Count:
        """Trainable numbers, with their arithmetic."""
        return NOTHING

    @property
    def biases(self) -> int:
        """How many of them are biases."""
        return 0

    @property
    def parameters(self) -> dict[str, int]:
        """How many numbers each of its parameters has, by PyTorch's names."""
        counts = {"weight": self.weights.value - self.biases, "bias": self.biases}
        return {name: count for name, count in counts.items() if count}

    @property
    def frozen_weights(self) -> int:
        """How many of its trainable numbers the file freezes."""
        return sum(count for name, count in self.parameters.items() if name in self.frozen)

    @property
    def buffers(self) -> Count:
        """Numbers that are kept but not trained."""
        return NOTHING

    def multiply_adds(self, shapes: tuple[Shape, ...], output: Shape) -> Count:
        """Return the multiply-adds of one item, with their arithmetic; biases are not counted."""
        return NOTHING

    def reach(self, shape: Shape) -> tuple[Reach, ...]:
        """Return what one output cell reads, along each of the input's spatial axes."""
        return (SAME,) * (len(shape) - 2)

    def places(self, shape: Shape, output: Shape) -> tuple[int | None, ...]:
        """Return for each axis of the output the input's axis that it goes along; None: none."""
        return tuple(range(len(output))) if len(shape) == len(output) else (None,) * len(output)

    def mixed(self, shape: Shape) -> int | None:
        """Return the axis of which every output cell reads all, wherever the input's rows and columns lie: channels."""
        return None

    def beside(self, output: Shape) -> int | None:
        """Return the axis of the output along which cells of several inputs stand side by side, if they do."""
        return None

    def axes(self, shape: Shape) -> Sequence[Axis | TransposedAxis]:
        """Return the axes along which a window slides, if one does."""
        return ()

    def channels(self, shape: Shape, *, axes: int | None = None) -> int:
        """Return the input's channels; raise InputError where it has not this layer's axes."""
        dims = self.dims if axes is None else axes
        if len(shape) != dims + 2:
            names = {1: "C×L", 2: "C×H×W", 3: "C×D×H×W"}.get(dims, "")
            raise InputError(
                f"{self.kind} wants {names} and receives {sizes(shape)}", hint=f"give the input as {names}, or reshape"
            )
        return shape[1]


def kept_axes(shape: Shape, output: Shape) -> tuple[int | None, ...]:
    """Return for each axis of a view the axis that it is of what is viewed: as long, with as many cells before it.

    >>> kept_axes((1, 8, 5, 5), (1, 2, 4, 5, 5)), kept_axes((1, 8, 5, 5), (1, 8, 25))
    ((0, None, None, 2, 3), (0, 1, None))
    """
    before = {(math.prod(shape[:axis]), size): axis for axis, size in enumerate(shape) if size > 1}
    offset = len(shape) - len(output)

    def origin(axis: int, size: int) -> int | None:
        if size > 1:
            return before.get((math.prod(output[:axis]), size))
        same = axis + offset if axis else 0
        return same if 0 <= same < len(shape) and shape[same] == 1 else None

    return tuple(origin(axis, size) for axis, size in enumerate(output))


def aligned_axes(shape: Shape, output: Shape) -> tuple[int | None, ...]:
    """Return for each axis of the output the input's axis that is as far from the last.

    >>> aligned_axes((4, 5), (1, 4, 5))
    (None, 0, 1)
    """
    offset = len(output) - len(shape)
    return tuple(axis - offset if axis >= offset else None for axis in range(len(output)))


def _is_size(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= LARGEST


def times(numbers: tuple[int, ...]) -> str:
    """Write a product.

    >>> times((5, 5, 1))
    '5×5×1'
    """
    return "×".join(map(str, numbers))


def per_filter(filters: int, numbers: tuple[int, ...], *, bias: bool) -> Count:
    """Return the parameters of filters: each its weights and, maybe, a bias.

    >>> print(per_filter(6, (5, 5, 1), bias=True))
    6×(5×5×1 + 1) = 156
    """
    return Count(filters * (math.prod(numbers) + bias), f"{filters}×({times(numbers)}{' + 1' if bias else ''})")


def pair(numbers: tuple[int, ...]) -> str:
    """Write a number for all axes, or one for each.

    >>> pair((3, 3)), pair((1, 7))
    ('3', '1×7')
    """
    return str(numbers[0]) if len(set(numbers)) == 1 else times(numbers)
