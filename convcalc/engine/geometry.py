"""One axis of a sliding window: how many places it has, and what lies under each. Plain ints, no numpy.

The formula is the lecture's, (N + 2P − F)/S + 1, with the two paddings of an axis kept apart and F replaced by
the *extent* of a dilated kernel, D·(F − 1) + 1; see Dumoulin and Visin, "A guide to convolution arithmetic for
deep learning" (arXiv:1603.07285), relationships 6 and 15.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from convcalc.choices import PaddingRule
from convcalc.engine.cached import CachedProperty
from convcalc.errors import InputError

MOST_WINDOWS = 1 << 16
"""Windows adaptive pooling may be asked for along one axis."""


@dataclass(eq=False, repr=False)
class Axis:
    """A window of `kernel` cells sliding over `size` cells by `stride`. All lengths are in cells.

    `before` and `after` are the padding at each end. With `ceil` a last window may hang over the far end, but, as
    in PyTorch, it must start inside the input or its left padding. Raises InputError where no window fits.

    >>> axis = Axis(7, 3, stride=2)
    >>> axis.output, [list(axis.reads(i)) for i in range(axis.output)]
    (3, [[0, 1, 2], [2, 3, 4], [4, 5, 6]])
    >>> Axis(7, 3, stride=3).exact
    Fraction(7, 3)
    """

    size: int
    kernel: int
    stride: int = 1
    before: int = 0
    after: int = 0
    dilation: int = 1
    ceil: bool = False
    name: str = "cells"
    noun: str = "kernel"

    def __repr__(self) -> str:
        around = f", padding {self.before}+{self.after}" if self.before or self.after else ""
        spread = f", dilation {self.dilation}" if self.dilation > 1 else ""
        window = f"{self.noun} {self.kernel}, stride {self.stride}{around}{spread}"
        return f"<{self.name}: {self.size}, {window} → {self.output}>"

    def __post_init__(self) -> None:
        for what, value, least in (
            ("input", self.size, 1),
            (self.noun, self.kernel, 1),
            ("stride", self.stride, 1),
            ("dilation", self.dilation, 1),
            ("padding", min(self.before, self.after), 0),
        ):
            if value < least:
                raise InputError(f"the {what} must be at least {least}, not {value}", hint=f"try {least}")
        overhangs = self.ceil and self.room > -self.stride  # PyTorch allows one window that is too long
        if self.room < 0 and not overhangs:
            dilated = f" (dilated by {self.dilation}: {self.extent})" if self.dilation > 1 else ""
            padded = f"{self.size}, {self.padded} with its padding," if self.padded > self.size else f"{self.size}"
            raise InputError(
                f"a {self.noun} of {self.kernel} {self.name}{dilated} does not fit an input of {padded.rstrip(',')}",
                hint=f"use a {self.noun} of at most {(self.padded - 1) // self.dilation + 1}, "
                f"or padding of at least {-(-(self.extent - self.size) // 2)}",
            )

    @property
    def extent(self) -> int:
        """How many cells the kernel spans, its dilation counted: D·(F − 1) + 1."""
        return self.dilation * (self.kernel - 1) + 1

    @property
    def padded(self) -> int:
        """The input's length with both its paddings."""
        return self.size + self.before + self.after

    @property
    def room(self) -> int:
        """How far the window can travel: N + 2P − F."""
        return self.padded - self.extent

    @property
    def exact(self) -> Fraction:
        """The formula's own value, (N + 2P − F)/S + 1, which need not be whole."""
        return Fraction(self.room, self.stride) + 1

    @CachedProperty
    def output(self) -> int:
        """How many windows there are: the formula rounded down, or up with `ceil`."""
        windows = self.room // self.stride + 1
        if self.ceil and self.room % self.stride and windows * self.stride < self.size + self.before:
            return windows + 1
        return windows

    def reads(self, index: int) -> range:
        """Return where window `index` lies on the padded axis; with `ceil` it may hang over the end."""
        start = index * self.stride
        return range(start, start + self.extent, self.dilation)

    def inside(self, index: int) -> range:
        """Return the part of window `index` that lies on the padded axis.

        >>> Axis(5, 2, stride=2, ceil=True).inside(2)
        range(4, 5)
        """
        window = self.reads(index)
        return range(window.start, min(window.stop, self.padded), self.dilation)

    def is_padding(self, position: int) -> bool:
        """Whether a position of the padded axis lies outside the input."""
        return not self.before <= position < self.before + self.size

    def unread(self) -> list[int]:
        """Return the input cells, counted from 0, that no window reads.

        >>> Axis(7, 3, stride=3).unread()
        [6]
        """
        covered = {position - self.before for index in range(self.output) for position in self.inside(index)}
        return [cell for cell in range(self.size) if cell not in covered]


@dataclass(eq=False, repr=False)
class AdaptiveAxis:
    """`output` windows that together cover `size` cells, as PyTorch's adaptive pooling places them.

    Window i runs from ⌊i·N/O⌋ to ⌈(i + 1)·N/O⌉, so that neighbours may differ in length and share cells; there may
    be more windows than cells.

    >>> axis = AdaptiveAxis(5, 2)
    >>> [list(axis.reads(i)) for i in range(axis.output)]
    [[0, 1, 2], [2, 3, 4]]
    """

    size: int
    output: int
    name: str = "cells"
    whole: tuple[int, int] | None = None
    """Of a part, the size and the output of the axis that it is a part of,"""
    skipped: int = 0
    """and how many windows come before it."""

    def __post_init__(self) -> None:
        if self.output < 1:
            raise InputError(f"the output must be at least 1, not {self.output}", hint="try 1")
        if self.output > MOST_WINDOWS:
            raise InputError(
                f"an output of {self.output:,} {self.name} is too large", hint=f"the most is {MOST_WINDOWS:,}"
            )

    before = after = 0

    @property
    def padded(self) -> int:
        """The input's length: adaptive pooling does not pad."""
        return self.size

    def reads(self, index: int) -> range:
        """Return the cells of window `index`."""
        size, output = self.whole or (self.size, self.output)
        first, before = self.skipped + index, self.skipped * size // output
        return range(first * size // output - before, -(-(first + 1) * size // output) - before)

    def part(self, start: int, stop: int) -> "AdaptiveAxis":
        """Return some of the windows, over the cells that they read.

        >>> part = AdaptiveAxis(5, 3).part(1, 3)
        >>> [AdaptiveAxis(5, 3).reads(i) for i in (1, 2)], [part.reads(i) for i in (0, 1)]
        ([range(1, 4), range(3, 5)], [range(0, 3), range(2, 4)])
        """
        size = self.reads(stop - 1).stop - self.reads(start).start
        return AdaptiveAxis(size, stop - start, self.name, (self.size, self.output), start)

    inside = reads

    def is_padding(self, position: int) -> bool:
        """Whether a position lies outside the input: never."""
        return False


@dataclass(eq=False, repr=False)
class TransposedAxis:
    """A transposed convolution along one axis: `size` cells stamp `kernel` cells each, `stride` cells apart.

    `cut` and `cut_end` are taken off the two ends of what is stamped, `extra` is added at the far end. The output is
    (N − 1)·S − 2P + D·(F − 1) + 1 + output padding: the input of the convolution that this one undoes.

    >>> TransposedAxis(3, 3, stride=2, cut=1, cut_end=1, extra=1).output
    6
    """

    size: int
    kernel: int
    stride: int = 1
    cut: int = 0
    cut_end: int = 0
    dilation: int = 1
    extra: int = 0

    def __post_init__(self) -> None:
        for what, value, least in (
            ("stride", self.stride, 1),
            ("dilation", self.dilation, 1),
            ("padding", min(self.cut, self.cut_end), 0),
            ("output padding", self.extra, 0),
        ):
            if value < least:
                raise InputError(f"the {what} must be at least {least}, not {value}", hint=f"try {least}")
        most = max(self.stride, self.dilation) - 1
        if self.extra > most:
            raise InputError(
                f"output padding of {self.extra} is too much: it must be smaller than the stride or the dilation",
                hint=f"the most here is {most}: it only tells apart sizes that a stride makes alike",
            )
        if self.output < 1:
            raise InputError(
                f"padding of {self.cut} and {self.cut_end} cuts off all {self.stamped} cells that are stamped",
                hint=f"pad by at most {(self.stamped + self.extra - 1) // 2} at each end",
            )

    @classmethod
    def of(
        cls, size: int, kernel: int, stride: int, padding: Sequence[int], axis: int, dilation: int, extra: int
    ) -> "TransposedAxis":
        """Return the axis of these options, `axis` being 0 for rows and 1 for columns."""
        before, after = padding_amounts(padding, axis, size, kernel, max(stride, 1), dilation)
        return cls(size, kernel, stride, before, after, dilation, extra)

    @property
    def extent(self) -> int:
        """How many cells a stamp spans, its dilation counted."""
        return self.dilation * (self.kernel - 1) + 1

    @property
    def stamped(self) -> int:
        """How many cells all stamps together span, before anything is cut off."""
        return (self.size - 1) * self.stride + self.extent

    @property
    def output(self) -> int:
        """The output's size."""
        return self.stamped - self.cut - self.cut_end + self.extra

    @property
    def before(self) -> int:
        """The border before the zero-inserted input; negative where it is cut instead."""
        return self.extent - 1 - self.cut

    @property
    def after(self) -> int:
        """The border behind the zero-inserted input; negative where it is cut instead."""
        return self.extent - 1 - self.cut_end + self.extra

    def stamps(self, index: int) -> range:
        """Return where input cell `index` stamps, on the output; parts of it may lie beyond its ends, cut off."""
        start = index * self.stride - self.cut
        return range(start, start + self.extent, self.dilation)

    def alike(self) -> range:
        """Return the input sizes that a convolution of these settings makes `size` of: what `extra` tells apart."""
        least = self.stamped - self.cut - self.cut_end
        return range(least, least + self.stride)


AnyAxis = Axis | AdaptiveAxis
Padding = PaddingRule | Sequence[int]
"""A rule, or amounts: one for all sides, (rows, columns), or (top, bottom, left, right)."""


def padding_amounts(padding: Padding, axis: int, size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """Return the cells to add before and after one axis (0: rows, 1: columns).

    ``same`` gives ⌈N/S⌉ windows with an odd cell at the far end, as TensorFlow and (at stride 1) PyTorch do,
    ``same-lower`` at the near end (ONNX's SAME_LOWER);
    ``full`` lets the window touch the input with a single cell, as in the textbook's full convolution.

    >>> padding_amounts(PaddingRule.SAME, 0, size=6, kernel=4, stride=1, dilation=1)
    (1, 2)
    >>> padding_amounts((1, 2), 1, size=6, kernel=3, stride=1, dilation=1)
    (2, 2)
    """
    extent = dilation * (kernel - 1) + 1
    if padding == PaddingRule.VALID:
        return 0, 0
    if padding == PaddingRule.FULL:
        return extent - 1, extent - 1
    if padding in (PaddingRule.SAME, PaddingRule.SAME_LOWER):
        total = max((-(-size // stride) - 1) * stride + extent - size, 0)
        less, more = total // 2, total - total // 2
        return (less, more) if padding == PaddingRule.SAME else (more, less)
    amounts = [int(amount) for amount in padding]
    if len(amounts) == 1:
        amounts *= 4
    elif len(amounts) == 2:
        amounts = [amounts[0], amounts[0], amounts[1], amounts[1]]
    elif len(amounts) != 4:
        raise InputError(
            f"padding takes 1, 2 or 4 numbers, not {len(amounts)}",
            hint="write 1, or 1,2 (rows,columns), or 1,2,3,4 (top,bottom,left,right)",
        )
    return amounts[2 * axis], amounts[2 * axis + 1]
