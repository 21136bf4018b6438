"""Functions of tensors that a network's `forward` calls: sums, joins, views, products. They hold nothing."""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from convcalc.errors import InputError
from convcalc.network.layer import (
    NOTHING,
    SAME,
    WHOLE,
    Count,
    Layer,
    Reach,
    Shape,
    aligned_axes,
    kept_axes,
    sizes,
    times,
)


class TensorFunction(Layer):
    """A function; its name is PyTorch's."""

    is_function = True
    name = ""

    @property
    def kind(self) -> str:
        """Its name, as PyTorch has it."""
        return self.name or type(self).__name__.lower()


class Source(TensorFunction):
    """What is given: the input, or a parameter of the network's own."""

    name = "input"
    shape: Any
    given: Any = None
    """The sizes that a Keras file gave, without the batch, None where it leaves one open; None elsewhere."""

    def output(self, *shapes: Shape) -> Shape:
        """Return the shape it has."""
        return tuple(self.shape)


class Parameter(Source):
    """A trained array of a module's own, with its shape as it is."""

    name = "Parameter"
    shape: Any

    @property
    def weights(self) -> Count:
        """Its cells."""
        return Count(math.prod(self.shape), times(tuple(self.shape)) if self.shape else "1")


class Buffer(Parameter):
    """An array of a module's own that is kept, and not trained."""

    name = "Buffer"

    @property
    def weights(self) -> Count:
        """None: it is not trained."""
        return NOTHING

    @property
    def buffers(self) -> Count:
        """Its cells."""
        return Count(math.prod(self.shape), times(tuple(self.shape)) if self.shape else "1")


class Constant(Source):
    """An array that is not trained: a buffer, or made in `forward`."""

    name = "constant"
    shape: Any


class Combine(TensorFunction):
    """A function of two or more tensors, cell by cell, with broadcasting; or of one.

    `operands` says where numbers stand among the tensors (each of which is None there); nothing: there are none.
    """

    function: str
    operands: tuple[Any, ...] = ()
    is_known: bool = True
    """Whether its operands are all it is given."""

    def __init__(self, function: str, operands: Sequence[Any] = (), *, is_known: bool = True) -> None:
        self.name, self.operands, self.is_known = function, tuple(operands), is_known
        self.is_cellwise = is_known and self.operands.count(None) < 2

    def operands_of(self, tensors: int) -> tuple[Any, ...] | None:
        """Return its operands, None for each of so many tensors; None if not all of them are known."""
        return (self.operands or (None,) * tensors) if self.is_known else None

    def output(self, *shapes: Shape) -> Shape:
        """Return the broadcast shape; raise InputError where an axis differs."""
        rank = max(map(len, shapes))
        longer = [(1,) * (rank - len(shape)) + tuple(shape) for shape in shapes]
        found = []
        for lengths in zip(*longer, strict=True):
            kinds = {length for length in lengths if length != 1}
            if len(kinds) > 1:
                texts = " and ".join(sizes(shape) for shape in shapes)
                raise InputError(
                    f"{self.kind}: {texts} do not fit each other",
                    hint="they must agree in every axis (a residual's shortcut needs the same channels and stride)",
                )
            found.append(kinds.pop() if kinds else 1)
        return tuple(found)

    def places(self, shape: Shape, output: Shape) -> tuple[int | None, ...]:
        """Return where each axis came from."""
        return aligned_axes(shape, output)


class Cat(TensorFunction):
    """Tensors joined along an axis."""

    name = "cat"
    dim: int = 0

    def output(self, *shapes: Shape) -> Shape:
        """Return the joined shape; raise InputError where another axis differs."""
        axis = axis_of(self.dim, len(shapes[0]), "cat")
        if axis == 0 and not self.batchless:
            raise InputError("cat along axis 0 joins the items of a batch", hint="dim=1 joins channels")
        rest = {(len(shape), shape[:axis], shape[axis + 1 :]) for shape in shapes}
        if len(rest) > 1:
            raise InputError(
                f"cat: {' and '.join(sizes(shape) for shape in shapes)} do not fit each other",
                hint=f"they may differ only in axis {axis}",
            )
        return (*shapes[0][:axis], sum(shape[axis] for shape in shapes), *shapes[0][axis + 1 :])

    def beside(self, output: Shape) -> int | None:
        """Return the axis along which they are joined."""
        return self.dim % len(output)


class Stack(TensorFunction):
    """Tensors joined along a new axis."""

    name = "stack"
    dim: int = 0

    def output(self, *shapes: Shape) -> Shape:
        """Return the shape with an axis more."""
        if len(set(shapes)) > 1:
            raise InputError("stack: the shapes differ", hint=" and ".join(sizes(shape) for shape in shapes))
        axis = axis_of(self.dim, len(shapes[0]) + 1, "stack")
        if axis == 0 and not self.batchless:
            raise InputError("stack along axis 0 comes before the batch", hint="dim=1 stacks each item")
        return (*shapes[0][:axis], len(shapes), *shapes[0][axis:])

    def places(self, shape: Shape, output: Shape) -> tuple[int | None, ...]:
        """Return where each axis came from: the new one from none."""
        axis = self.dim % len(output)
        return (*range(axis), None, *range(axis, len(shape)))


class View(TensorFunction):
    """The same cells in another shape; -1 is what is left."""

    name = "view"
    shape: Any

    def output(self, *shapes: Shape) -> Shape:
        """Return the new shape; raise InputError where the cells do not fit it, or items of a batch would mix."""
        before = shapes[0]
        cells = math.prod(before)
        wanted = tuple(self.shape)
        instead = f"did you mean view(-1, {cells})?" if len(wanted) == 2 else f"{sizes(before)} are {cells:,} cells"
        if not wanted or any(not isinstance(size, int) or isinstance(size, bool) for size in wanted):
            raise InputError(f"view: {wanted!r} is no shape", hint="as in view(-1, 192)")
        after = fill_in(wanted, cells, f"view: {sizes(before)}", hint=instead)
        if after[0] != before[0] and not self.batchless:
            each, each_has = math.prod(after[1:]), cells // before[0]
            count = "one item" if before[0] == 1 else f"{before[0]} items"
            raise InputError(
                f"view{wanted} makes {after[0]} rows of {count}: {sizes(before)} are {each_has:,} cells, not {each:,}",
                hint=instead,
            )
        return after

    def places(self, shape: Shape, output: Shape) -> tuple[int | None, ...]:
        """Return where each axis came from."""
        return kept_axes(shape, output)

    def details(self) -> str:
        """Return the shape that was asked for."""
        return ", ".join(map(str, self.shape))


def fill_in(wanted: Shape, cells: int, what: str, *, hint: str | None = None) -> Shape:
    """Return a shape with its -1 worked out; raise InputError where the cells do not fit.

    >>> fill_in((-1, 4), 12, "twelve")
    (3, 4)
    """
    open_axes = [index for index, size in enumerate(wanted) if size == -1]
    product = math.prod(size for size in wanted if size != -1)
    if len(open_axes) > 1 or product < 1 or any(size < -1 for size in wanted):
        raise InputError(f"{wanted} is no shape for {what}", hint="only one axis may be -1")
    if (open_axes and cells % product) or (not open_axes and product != cells):
        raise InputError(f"{what} ({cells:,} cells) cannot be viewed as {wanted}", hint=hint)
    return tuple(cells // product if size == -1 else size for size in wanted)


class Permute(TensorFunction):
    """The axes in another order."""

    name = "permute"
    dims_order: Any

    def output(self, *shapes: Shape) -> Shape:
        """Return the sizes in that order."""
        order = self.order_of(len(shapes[0]))
        return tuple(shapes[0][axis] for axis in order)

    def order_of(self, rank: int) -> list[int]:
        """Return which axis stands in each place, of so many."""
        order = [axis_of(axis, rank, "permute") for axis in self.dims_order]
        if sorted(order) != list(range(rank)):
            raise InputError(f"permute{tuple(self.dims_order)} does not name each of {rank} axes once")
        if order[0] != 0 and not self.batchless:
            raise InputError("the batch must stay the first axis", hint="keep 0 first")
        return order

    def places(self, shape: Shape, output: Shape) -> tuple[int | None, ...]:
        """Return where each axis came from."""
        return tuple(self.order_of(len(shape)))

    def details(self) -> str:
        """Return the order."""
        return ", ".join(map(str, self.dims_order))


class Reduce(TensorFunction):
    """A mean, sum or maximum along axes, which go (or stay, with length 1)."""

    function: str
    axes_reduced: Any = None
    keepdim: bool = False

    def __init__(self, function: str, axes: Any = None, keepdim: bool = False) -> None:
        self.name, self.axes_reduced, self.keepdim = function, axes, keepdim

    def axes_gone(self, rank: int) -> list[int]:
        """Return the axes that are reduced, of so many."""
        given = self.axes_reduced
        axes = range(rank) if given is None else given if isinstance(given, tuple | list) else (given,)
        return sorted({axis_of(axis, rank, self.name) for axis in axes})

    def output(self, *shapes: Shape) -> Shape:
        """Return the shape without those axes."""
        reduced_axes = self.axes_gone(len(shapes[0]))
        if 0 in reduced_axes and not self.batchless:
            raise InputError(
                f"{self.name} over the batch is no layer of a network", hint=f"as in x.{self.name}((2, 3))"
            )
        rest = ((index, size) for index, size in enumerate(shapes[0]) if self.keepdim or index not in reduced_axes)
        return tuple(1 if index in reduced_axes else size for index, size in rest)

    def reach(self, shape: Shape) -> tuple[Reach, ...]:
        """Return the whole of the axes that go."""
        reduced_axes = self.axes_gone(len(shape))
        return tuple(WHOLE if axis in reduced_axes else SAME for axis in range(2, len(shape)))

    def places(self, shape: Shape, output: Shape) -> tuple[int | None, ...]:
        """Return where each axis came from."""
        reduced_axes = self.axes_gone(len(shape))
        return tuple(axis for axis in range(len(shape)) if self.keepdim or axis not in reduced_axes)

    def details(self) -> str:
        """Return the axes."""
        axes = self.axes_reduced
        return "" if axes is None else f"axis {axes if isinstance(axes, int) else times(tuple(axes))}"


class MatMul(TensorFunction):
    """A product of matrices, in the last two axes."""

    name = "matmul"
    counted = True

    def output(self, *shapes: Shape) -> Shape:
        """Return (…, rows of the first, columns of the second)."""
        first, second = shapes
        if len(first) < 2 or len(second) < 2 or first[-1] != second[-2]:
            raise InputError(f"matmul: {sizes(first)} and {sizes(second)} do not fit each other")
        return (*Combine("matmul").output(first[:-2], second[:-2]), first[-2], second[-1])

    def multiply_adds(self, shapes: tuple[Shape, ...], output: Shape) -> Count:
        """One for each cell of the output and each of the inner axis."""
        inner = shapes[0][-1]
        return Count(math.prod(output[1:]) * inner, f"{times(output[1:])} × {inner}")

    def reach(self, shape: Shape) -> tuple[Reach, ...]:
        """Return everything: what lies where is not followed."""
        return (WHOLE,) * max(len(shape) - 2, 0)


class Take(TensorFunction):
    """A part of a tensor: a slice, an index, one of several parts."""

    name = "part"
    to: Any
    text: str = ""
    axes_left: Any = None
    """For each axis of the part, which of the tensor's it is (None: a new one); nothing: the same as the tensor's."""
    cuts: Any = None
    """For axes of the tensor that are cut, where they begin and how far they step."""
    picked: Any = None
    """For axes that are gone, which of their cells was taken."""

    def output(self, *shapes: Shape) -> Shape:
        """Return the shape of the part."""
        return tuple(self.to)

    def reach(self, shape: Shape) -> tuple[Reach, ...]:
        """Return the one cell that it is, further on by what is left out."""
        cuts = self.cuts or {}
        cut = (cuts.get(axis, (0, 1)) for axis in range(2, len(shape)))
        return tuple(Reach(1, Fraction(step), Fraction(-first)) for first, step in cut)

    def places(self, shape: Shape, output: Shape) -> tuple[int | None, ...]:
        """Return where each axis came from."""
        return super().places(shape, output) if self.axes_left is None else tuple(self.axes_left)

    def details(self) -> str:
        """Return which part."""
        return self.text


class Repeat(TensorFunction):
    """The whole tensor again and again, along each axis so often."""

    name = "repeat"
    counts: Any

    def output(self, *shapes: Shape) -> Shape:
        """Return the shape times the counts; raise InputError where items of a batch would be repeated."""
        longer = self.before(shapes[0])
        if (self.counts[0] != 1 and not self.batchless) or len(self.counts) < len(shapes[0]):
            raise InputError(f"repeat{tuple(self.counts)} repeats the items of a batch", hint="begin with 1")
        return tuple(size * count for size, count in zip(longer, self.counts, strict=True))

    def before(self, shape: Shape) -> Shape:
        """Return the shape that is repeated: of as many axes as there are counts."""
        return (1,) * (len(self.counts) - len(shape)) + tuple(shape)

    def reach(self, shape: Shape) -> tuple[Reach, ...]:
        """Return everything: it is read again and again."""
        return (WHOLE,) * max(len(shape) - 2, 0)

    def places(self, shape: Shape, output: Shape) -> tuple[int | None, ...]:
        """Return where each axis came from."""
        return aligned_axes(shape, output)


class Resize(TensorFunction):
    """Axes of length 1 that come or go, or are repeated."""

    function: str
    to: Any

    def __init__(self, function: str, to: Sequence[int]) -> None:
        self.name, self.to = function, tuple(to)

    def output(self, *shapes: Shape) -> Shape:
        """Return the new shape."""
        return tuple(self.to)

    def places(self, shape: Shape, output: Shape) -> tuple[int | None, ...]:
        """Return where each axis came from."""
        return kept_axes(shape, output) if math.prod(shape) == math.prod(output) else aligned_axes(shape, output)


def axis_of(axis: Any, rank: int, what: str) -> int:
    """Return an axis counted from the front; raise InputError where there is none.

    >>> axis_of(-1, 4, "mean")
    3
    """
    if not isinstance(axis, int) or isinstance(axis, bool) or not -rank <= axis < rank:
        raise InputError(f"{what}: there is no axis {axis!r} of {rank}", hint="the batch is axis 0")
    return axis % rank
