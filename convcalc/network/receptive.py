"""Receptive fields: how much of the input one cell of each layer sees, and exactly which part.

The recurrence is Araujo, Norris and Sim's, "Computing receptive fields of convolutional neural networks" (Distill,
2019): a layer with a window of k cells and stride s makes size + (k − 1)·jump of size, and s·jump of jump. Where paths
join, the field covers all of theirs.
"""

from dataclasses import dataclass
from fractions import Fraction

from convcalc.network.layer import SAME, Reach, Shape
from convcalc.network.trace import Node, Trace


@dataclass(frozen=True, slots=True)
class Along:
    """A field along one axis of the input: cell i sees `size` cells, from `start` + i·`jump` on.

    `whole`: it sees the whole axis, whatever its size. `lost`: the cells are there, their order is not.
    """

    size: Fraction = Fraction(1)
    jump: Fraction = Fraction(1)
    start: Fraction = Fraction(0)
    whole: bool = False
    lost: bool = False

    def read_by(self, reach: Reach) -> "Along":
        """Return the field of what reads this one.

        >>> field = Along().read_by(Reach(5)).read_by(Reach(2, Fraction(2)))
        >>> int(field.size), int(field.jump)
        (6, 2)
        """
        if reach.extent is None or self.whole:
            return Along(self.size, self.jump, self.start, True, self.lost)
        size = self.size + (reach.extent - 1) * self.jump
        return Along(size, self.jump * reach.stride, self.start - reach.before * self.jump, lost=self.lost)

    def joined(self, other: "Along") -> "Along":
        """Return the field that covers both."""
        start = min(self.start, other.start)
        end = max(self.start + self.size, other.start + other.size)
        lost, whole = self.lost or other.lost, self.whole or other.whole
        return Along(end - start, max(self.jump, other.jump), start, whole, lost)


@dataclass(frozen=True, slots=True)
class Field:
    """A receptive field: one `Along` for each spatial axis of the input, and where that axis lies in the tensor."""

    axes: tuple[Along, ...]
    places: tuple[int | None, ...]

    def after(self, node: Node, shape: Shape) -> "Field":
        """Return the field of a layer that reads this one."""
        origins = node.layer.places(shape, node.output)
        reaches = node.layer.reach(shape)
        found = list(self.axes)
        for axis, place in enumerate(self.places):
            if place is not None:
                reach = reaches[place - 2] if 0 <= place - 2 < len(reaches) else SAME
                if reach != SAME or (place in origins):
                    found[axis] = found[axis].read_by(reach)
            elif node.layer.counted:
                found[axis] = found[axis].read_by(Reach(None))
        places = tuple(origins.index(place) if place in origins else None for place in self.places)
        lost = (
            Along(along.size, along.jump, along.start, along.whole, place is None)
            for along, place in zip(found, places, strict=True)
        )
        return Field(tuple(lost), places)

    def joined(self, other: "Field") -> "Field":
        """Return the field that covers both."""
        both = zip(self.axes, other.axes, strict=True)
        places = zip(self.places, other.places, strict=True)
        return Field(tuple(one.joined(two) for one, two in both), tuple(a if a == b else None for a, b in places))


def fields(trace: Trace) -> list[Field | None]:
    """Return the receptive field of every node; None for what does not come from the input."""
    found: list[Field | None] = []
    for node in trace.nodes:
        if node.index == 0:
            rank = len(node.output)
            found.append(Field((Along(),) * (rank - 2), tuple(range(2, rank))))
            continue
        field: Field | None = None
        for source, shape in zip(node.inputs, node.shapes, strict=True):
            before = found[source]
            if before is not None:
                after = before.after(node, shape)
                field = after if field is None else field.joined(after)
        found.append(field)
    return found


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
    wanted: dict[int, tuple[tuple[int, int], ...]] = {node: tuple((place, place) for place in at)}
    found = []
    for index in range(node, -1, -1):
        if index not in wanted:
            continue
        region = wanted[index]
        found.append(Region(index, region))
        here = trace.nodes[index]
        for source, shape in zip(here.inputs, here.shapes, strict=True):
            back = _back(here, shape, region)
            if source in wanted:
                both = zip(wanted[source], back, strict=True)
                back = tuple((min(one[0], two[0]), max(one[1], two[1])) for one, two in both)
            wanted[source] = back
    return found


def _back(node: Node, shape: Shape, region: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    """Return the cells of one input that a region of a node's output reads."""
    origins, reaches = node.layer.places(shape, node.output), node.layer.reach(shape)
    found = []
    for axis in range(2, len(shape)):
        last = shape[axis] - 1
        reach = reaches[axis - 2] if axis - 2 < len(reaches) else SAME
        if axis not in origins or origins.index(axis) < 2:
            found.append((0, last))
            continue
        first_cell, last_cell = region[origins.index(axis) - 2]
        found.append((0, 0) if last == 0 else reach.reads(first_cell, last_cell, last + 1))
    return tuple(found)
