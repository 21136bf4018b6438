"""A network's layers as rows, its parts as groups of them: counted, added up, the same ones listed once."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from convcalc.network.layer import Count, Shape, times
from convcalc.network.receptive import Field, fields
from convcalc.network.trace import NO_COPY, Node, Tensor, Trace

FROZEN_UNKNOWN = "is not followed: --freeze and --freeze-to do it here"
"""How a remark ends on something that freezes parameters."""
FLOAT = 4
"""Bytes of a float32."""


class Counted:
    """What layers come to together: `nodes`, of which those in `frozen` are not trained."""

    nodes: list[Node]
    frozen: frozenset[int]

    @property
    def weights(self) -> int:
        """Parameters."""
        return sum(node.weights.value for node in self.nodes)

    @property
    def trainable(self) -> int:
        """Parameters that are not frozen."""
        return sum(trained(node, self.frozen) for node in self.nodes)

    @property
    def buffers(self) -> int:
        """Numbers that are kept and not trained."""
        return sum(node.buffers.value for node in self.nodes)

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of convolutions, fully connected layers and matrix products, for one item."""
        return sum(node.multiply_adds.value for node in self.nodes)

    @property
    def memory(self) -> int:
        """Bytes of the outputs of one item, as float32."""
        return FLOAT * sum(math.prod(node.output) for node in self.nodes if keeps_output(node))


@dataclass
class Row(Counted):
    """A layer, or a part of the network with all its layers; `times` alike ones stand for one another."""

    name: str
    label: str
    depth: int
    text: str
    output: Shape
    nodes: list[Node]
    rows: list["Row"] = field(default_factory=list)
    times: int = 1
    field: Field | None = None
    frozen: frozenset[int] = frozenset()

    @property
    def is_layer(self) -> bool:
        """Whether it is a layer rather than a part."""
        return not self.rows

    def written(self, what: str) -> str:
        """Return how its `weights` or `multiply_adds` come about: a layer's product, a part's sum of its own rows."""
        if self.is_layer:
            count: Count = getattr(self.nodes[0], what)
            return str(count) if count.value else ""
        values = [(getattr(row, what), row.times) for row in self.rows if getattr(row, what)]
        terms = [f"{count}×{value:,}" if count > 1 else f"{value:,}" for value, count in values]
        if not terms:
            return ""
        if len(terms) > 6:
            terms = [*terms[:3], "…", terms[-1]]
        total = f"{getattr(self, what):,}"
        return f"{' + '.join(terms)} = {total}" if terms != [total] else total

    def alike(self) -> object:
        """Return what two rows have in common if they tell the same."""
        if self.is_layer:
            node = self.nodes[0]
            return (self.label, self.text, self.output, node.shapes, node.weights.value, self.trainable)
        inner = tuple((row.label if not row.rows else "", row.times, row.alike()) for row in self.rows)
        return (self.text, self.output, inner)


def trained(node: Node, frozen: frozenset[int]) -> int:
    """Return how many of a layer's parameters are trained, if layers are frozen here."""
    return 0 if node.index in frozen else node.weights.value - node.frozen


def keeps_output(node: Node) -> bool:
    """Whether a layer's output takes memory of its own."""
    return node.used and node.layer.kind not in NO_COPY and node.index > 0


@dataclass
class Summary(Counted):
    """A network that was counted: its trace, its layers (the input left out), its rows (a tree), what is frozen."""

    title: str
    trace: Trace
    nodes: list[Node]
    rows: list[Row]
    fields: list[Field | None]
    output: Shape
    frozen: frozenset[int] = frozenset()
    output_node: int = 0
    """Which node's output is the network's."""

    @property
    def input(self) -> Shape:
        """The (first) input's shape, batch first."""
        return self.trace.nodes[0].output

    @property
    def on_disk(self) -> int:
        """Bytes of parameters and buffers: float32, and an int64 for each batch norm's counter."""
        counters = sum(node.buffers.value % 2 for node in self.nodes)
        return FLOAT * (self.weights + self.buffers + counters)

    def row(self, name: str) -> Row | None:
        """Return a row by its full name."""
        return next((row for row in walked(self.rows) if row.name == name), None)


def summarize(title: str, trace: Trace, output: Tensor, frozen: frozenset[int] = frozenset()) -> Summary:
    """Return what is told of a network."""
    fields_of = fields(trace)
    tree = _tree(trace.nodes[1:], "", 0, trace, fields_of, frozen)
    return Summary(title, trace, trace.nodes[1:], tree, fields_of, output.shape, frozen, output.node)


def _tree(
    nodes: Sequence[Node], prefix: str, depth: int, trace: Trace, found: list[Field | None], frozen: frozenset[int]
) -> list[Row]:
    """Return rows: layers, and parts of consecutive layers whose names begin alike."""
    rows = []

    def first(node: Node) -> tuple[str, bool]:
        head, dot, _ = node.name[len(prefix) :].partition(".")
        return head, bool(dot)

    for (head, inner), group in groupby(nodes, first):
        members = list(group)
        if inner:
            name = prefix + head
            below = _tree(members, f"{name}.", depth + 1, trace, found, frozen)
            last = members[-1]
            kind = trace.groups.get(name, "")
            rows.append(
                Row(name, head, depth, kind, last.output, members, below, field=found[last.index], frozen=frozen)
            )
            continue
        for node in members:
            text = str(node.layer)
            rows.append(Row(node.name, head, depth, text, node.output, [node], field=found[node.index], frozen=frozen))
    return rows


def folded(rows: Sequence[Row]) -> list[Row]:
    """Return rows in which parts that are the same and follow each other stand once, and how many times.

    Only parts are folded, so that every layer with a name of its own is seen.
    """
    unique: list[Row] = []
    for row in rows:
        inner = folded(row.rows)
        one = Row(
            row.name, row.label, row.depth, row.text, row.output, row.nodes, inner, field=row.field, frozen=row.frozen
        )
        if unique and not row.is_layer and not unique[-1].is_layer and unique[-1].alike() == one.alike():
            last = unique[-1]
            last.times += 1
            last.label, last.field = f"{last.label.partition('–')[0]}–{row.label}", row.field
        else:
            unique.append(one)
    return unique


def shown(rows: Sequence[Row], depth: int | None) -> Iterator[Row]:
    """Yield rows down to a depth (None: all), a part before what it holds.

    A part as deep as is asked for is told as one row.
    """
    for row in rows:
        yield row
        if not row.is_layer and (depth is None or row.depth + 1 < depth):
            yield from shown(row.rows, depth)


def walked(rows: Sequence[Row]) -> Iterator[Row]:
    """Yield every row."""
    for row in rows:
        yield row
        yield from walked(row.rows)


def deepest(rows: Sequence[Row]) -> int:
    """Return how deep the rows go."""
    return max((1 if row.is_layer else 1 + deepest(row.rows) for row in rows), default=0)


def last_layer(trace: Trace) -> Node | None:
    """Return the last layer that has outputs of its own to be replaced: a Linear or a convolution."""
    with_outputs = ("out_features", "out_channels")
    nodes = (node for node in reversed(trace.nodes) if node.used)
    return next((node for node in nodes if any(hasattr(node.layer, name) for name in with_outputs)), None)


def size_text(shape: Shape) -> str:
    """Write a shape without its batch, or nothing for a layer that is not used."""
    return times(shape[1:]) if len(shape) > 1 else ("1" if shape else "")


def bytes_text(count: int) -> str:
    """Write bytes in units of 1,024.

    >>> bytes_text(13824), bytes_text(100)
    ('13.5 KiB', '100 B')
    """
    size = float(count)
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if size < 1024 or unit == "TiB":
            break
        size /= 1024
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
