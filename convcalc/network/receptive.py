"""Receptive fields: how much of the input one cell of each layer sees, and exactly which part.

The recurrence is Araujo, Norris and Sim's, "Computing receptive fields of convolutional neural networks" (Distill,
2019): a layer with a window of k cells and stride s makes size + (k − 1)·jump of size, and s·jump of jump. Where paths
join, the field covers all of theirs.
"""

import math
from dataclasses import dataclass, replace
from fractions import Fraction

from convcalc.network.layer import SAME, WHOLE, Reach, Shape
from convcalc.network.trace import Node, Trace

MOST_SPANS = 4096
"""Spans after which upsampled cells repeat; beyond it, a field counts as the whole axis."""
Ends = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Along:
    """A field along one axis of the input: cell i sees its cells from `spans[i]`'s first to its last (None: none).

    After so many cells the spans repeat, `period` cells further on: one span does, but for what is upsampled, whose
    cells differ in what they see. `whole`: it sees the whole axis, whatever its size. `lost`: the cells are there,
    their order is not.
    """

    spans: tuple[Ends | None, ...] = ((0, 0),)
    period: int = 1
    whole: bool = False
    lost: bool = False

    @property
    def size(self) -> int:
        """The cells that one cell sees, at most."""
        return max((last - first + 1 for first, last in filter(None, self.spans)), default=0)

    @property
    def jump(self) -> Fraction:
        """How much further on the next cell sees."""
        return Fraction(self.period, len(self.spans))

    def seen(self, first: int, last: int) -> Ends | None:
        """Return the first and last cell that cells `first` to `last` see."""
        count = len(self.spans)
        ends = {*range(first, min(first + count, last + 1)), *range(max(last + 1 - count, first), last + 1)}
        shifts = [
            (span[0] + turns * self.period, span[1] + turns * self.period)
            for turns, index in (divmod(cell, count) for cell in ends)
            if (span := self.spans[index]) is not None
        ]
        return (min(span[0] for span in shifts), max(span[1] for span in shifts)) if shifts else None

    def read_by(self, reach: Reach) -> "Along":
        """Return the field of what reads this one.

        >>> field = Along().read_by(Reach(5)).read_by(Reach(2, Fraction(2)))
        >>> field.size, int(field.jump)
        (6, 2)
        """
        stride, count = reach.stride, len(self.spans)
        turns = count // math.gcd(count, stride.numerator)
        if reach.extent is None or self.whole or stride.denominator * turns > MOST_SPANS:
            return replace(self, whole=True)
        spans = tuple(self.seen(*reach.window(cell, cell)) for cell in range(stride.denominator * turns))
        return Along(spans, self.period * stride.numerator * turns // count, lost=self.lost)

    def joined(self, other: "Along") -> "Along":
        """Return the field that covers both."""
        count = math.lcm(len(self.spans), len(other.spans))
        spans = []
        for cell in range(count):
            both = [span for span in (self.seen(cell, cell), other.seen(cell, cell)) if span is not None]
            spans.append((min(one[0] for one in both), max(one[1] for one in both)) if both else None)
        period = int(max(self.jump, other.jump) * count)
        return Along(tuple(spans), period, self.whole or other.whole, self.lost or other.lost)

    def beside(self, other: "Along") -> "Along":
        """Return the field of cells of which some see this one and some the other: the larger."""
        larger = max(self, other, key=lambda along: (along.whole, along.size))
        return replace(larger, lost=self.lost or other.lost)


@dataclass(frozen=True, slots=True)
class Field:
    """A receptive field: one `Along` for each spatial axis of the input, and where that axis lies in the tensor."""

    axes: tuple[Along, ...]
    places: tuple[int | None, ...]
    first: int = 2
    """The tensors' first axis behind the batch and the channels, or (where channels are last) behind the batch."""

    def after(self, node: Node, shape: Shape) -> "Field":
        """Return the field of a layer that reads this one."""
        origins = node.layer.places(shape, node.output)
        reaches = _reaches(node, shape, origins, self.first)
        axes = list(self.axes)
        for axis, place in enumerate(self.places):
            if place is not None:
                reach = reaches[place - self.first] if 0 <= place - self.first < len(reaches) else SAME
                reach = WHOLE if place == node.layer.mixed(shape) else reach
                if reach != SAME or (place in origins):
                    axes[axis] = axes[axis].read_by(reach)
            elif node.layer.counted:
                axes[axis] = axes[axis].read_by(WHOLE)
        places = tuple(origins.index(place) if place in origins else None for place in self.places)
        alongs = (replace(along, lost=place is None) for along, place in zip(axes, places, strict=True))
        return replace(self, axes=tuple(alongs), places=places)

    def joined(self, other: "Field", beside: int | None) -> "Field":
        """Return the field that covers both; along the axis `beside` their cells stand side by side."""
        places = tuple(a if a == b else None for a, b in zip(self.places, other.places, strict=True))
        axes = (
            one.beside(two) if beside is not None and place == beside else one.joined(two)
            for one, two, place in zip(self.axes, other.axes, places, strict=True)
        )
        return replace(self, axes=tuple(axes), places=places)


def _reaches(node: Node, shape: Shape, origins: tuple[int | None, ...], first: int) -> tuple[Reach, ...]:
    """Return what one output cell reads along each axis; functions tell it of channels that stand second."""
    if first == 2 or not node.layer.is_function:
        return node.layer.reach(shape)
    axes = range(first, first + max(len(shape) - 2, 0))
    return tuple(SAME if axis in origins else WHOLE for axis in axes)


def fields(trace: Trace) -> list[Field | None]:
    """Return the receptive field of every node; None for what does not come from the input."""
    fields_found: list[Field | None] = []
    for node in trace.nodes:
        if node.index == 0:
            count, first = max(len(node.output) - 2, 0), trace.first_axis
            fields_found.append(Field((Along(),) * count, tuple(range(first, first + count)), first))
            continue
        field: Field | None = None
        for source, shape in zip(node.inputs, node.shapes, strict=True):
            before = fields_found[source]
            if before is not None:
                after = before.after(node, shape)
                field = after if field is None else field.joined(after, node.layer.beside(node.output))
        fields_found.append(field)
    return fields_found


def is_whole(field: Field) -> bool:
    """Whether every axis is seen whole."""
    return bool(field.axes) and all(along.whole for along in field.axes)


@dataclass(frozen=True, slots=True)
class Region:
    """The cells of a tensor that count, along its spatial axes: (first, last) of each, which may lie in the padding."""

    node: int
    ranges: tuple[tuple[int, int], ...]


def traced_back(trace: Trace, node: int, at: tuple[int, ...]) -> list[Region]:
    """Return, from a node back to the input, the cells that one of its cells is made of.

    Each layer's are the smallest rectangle around them, padding left out, as it holds nothing of the input. (A dilated
    window that begins in the padding may read nothing of the rectangle's edge.)
    """
    needed: dict[int, tuple[tuple[int, int], ...]] = {node: tuple((place, place) for place in at)}
    ranges = []
    for index in range(node, -1, -1):
        if index not in needed:
            continue
        region = needed[index]
        ranges.append(Region(index, region))
        here = trace.nodes[index]
        for source, shape in zip(here.inputs, here.shapes, strict=True):
            back = _back(here, shape, region, trace.first_axis)
            if source in needed:
                both = zip(needed[source], back, strict=True)
                back = tuple((min(one[0], two[0]), max(one[1], two[1])) for one, two in both)
            needed[source] = back
    return ranges


def _back(node: Node, shape: Shape, region: tuple[tuple[int, int], ...], first: int) -> tuple[tuple[int, int], ...]:
    """Return the cells of one input that a region of a node's output reads; rows are the axis `first`."""
    origins = node.layer.places(shape, node.output)
    reaches = _reaches(node, shape, origins, first)
    ranges = []
    for axis in range(first, first + max(len(shape) - 2, 0)):
        last = shape[axis] - 1
        reach = reaches[axis - first] if axis - first < len(reaches) else SAME
        if axis not in origins or not 0 <= origins.index(axis) - first < len(region):
            ranges.append((0, last))
            continue
        first_cell, last_cell = region[origins.index(axis) - first]
        ranges.append((0, 0) if last == 0 else reach.reads(first_cell, last_cell, last + 1))
    return tuple(ranges)
