"""A network's architecture as a figure: its layers as blocks from left to right, by their sizes, joined by arrows."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from convcalc.network.dense import Linear
from convcalc.network.functions import Combine
from convcalc.network.keras.kinds import KERAS as LAYERS
from convcalc.network.keras.shapes import turned
from convcalc.network.layer import Layer, Shape
from convcalc.network.norms import BatchNorm, ChannelNorm, GroupNorm, LayerNorm
from convcalc.network.shaping import Dropout, Elementwise, Flatten, LearnedSlope
from convcalc.network.summary import Row, Summary, folded, size_text
from convcalc.network.trace import KERAS
from convcalc.network.windows import AdaptivePool, AvgPool, Convolution, LPPool, MaxPool, TransposedConvolution
from convcalc.report.figure import Circle, Figure, Label, Line, Point, Polygon

FAMILIES: dict[type[Layer], str] = {
    Convolution: "convolution",
    TransposedConvolution: "convolution",
    Linear: "linear",
    **dict.fromkeys((MaxPool, AvgPool, AdaptivePool, LPPool), "pooling"),
    **{kind: "convolution" for name, kind in LAYERS.items() if "Conv" in name},
    **{kind: "pooling" for name, kind in LAYERS.items() if "Pooling" in name},
    LAYERS["Dense"]: "linear",
}
"""In which colour a kind of layer is drawn: these; what is none of them, and a part of several layers, has its own."""
QUIET: tuple[type, ...] = (
    *(Elementwise, Dropout, LearnedSlope, BatchNorm, GroupNorm, ChannelNorm, LayerNorm, Flatten),
    *(LAYERS[name] for name in ("Activation", "ReLU", "LeakyReLU", "Softmax", "PReLU", "ELU", "Dropout", "Flatten")),
    *(LAYERS[name] for name in ("BatchNormalization", "LayerNormalization", "GaussianNoise")),
)
"""Layers that are named below the block before them, and have none of their own."""
MOST_BLOCKS = 24
"""Blocks that a figure opens parts up to."""
MOST_TRIES = 5
"""Times that blocks are placed anew, for what stands below them."""
WIDTH = 960
"""Points of a row of blocks, before the next begins."""
SIGN, LINE_HEIGHT, GAP, MARGIN = 4.9, 11.0, 20.0, 14.0
"""Points of a letter, of a line of text, between two blocks, and around the figure."""
TALLEST, ARC = 120.0, 14.0
SKEW = 0.35
"""How far a block goes back, of what its columns would be wide."""
OPERATORS = {"add": "+", "sub": "−", "mul": "×"}
_CHANNELS = re.compile(r" ?\d+→\d+,?")


@dataclass
class Block:
    """A layer, or a part, of the figure: what stands below it, the shape it makes, and where it stands."""

    name: str
    texts: list[str]
    shape: Shape
    family: str
    first: int
    """The number of its first node: those up to the next block's are its own."""
    sign: str = ""
    becomes: Shape = ()
    """The shape that a view makes of its own, if one follows."""
    reads: set[int] = field(default_factory=set)
    """The places of the blocks that it reads."""
    elsewhere: list[str] = field(default_factory=list)
    """What else it reads, on other rows of the figure."""
    x: float = 0.0
    row: int = 0
    is_turned: bool = False
    """Whether its channels come last, as Keras has them."""
    size: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Its width, height, and how far it goes back."""

    @property
    def drawn(self) -> Shape:
        """The shape it makes, channels before rows and columns."""
        return turned(self.shape) if self.is_turned else self.shape

    @property
    def lines(self) -> list[tuple[str, str]]:
        """What stands below it: texts, and their roles."""
        named = [(self.name, "name")] if self.name and self.name not in self.texts else []
        flat = f" → {size_text(self.becomes)}" if len(self.becomes) not in (0, len(self.shape)) else ""
        own = [*named, *((text, "text") for text in self.texts), (size_text(self.shape) + flat, "size")]
        counts = Counter(self.elsewhere)
        others = (f"and {f'{count} × ' * (count > 1)}{name}" for name, count in counts.items())
        return [*own, *((text, "text") for text in others)]

    @property
    def across(self) -> float:
        """How wide it is with its text."""
        return max(self.size[0] + self.size[2], *(len(text) * SIGN for text, _ in self.lines))


def architecture(summary: Summary, title: str, depth: int | None = None) -> Figure:
    """Return a network's figure: parts are opened as long as a glance takes in the blocks, or down to a depth."""
    blocks = _blocks(summary, depth)
    _measure(blocks)
    _place(blocks)
    for _ in range(MOST_TRIES):  # what is named may need more room, and what is moved other names
        if not _name_elsewhere(blocks):
            break
        _place(blocks)
    heights = _heights(blocks)
    parts = [part for block in blocks for part in _drawn(block, heights[block.row])]
    width = max(block.x + block.across for block in blocks) + MARGIN
    most = max(block.row for block in blocks)
    bottom = heights[most] + TALLEST / 2 + 8 + LINE_HEIGHT * _most_lines(blocks, most) + MARGIN
    return Figure(width, bottom, title, (*_arrows(blocks, heights), *parts))


def _blocks(summary: Summary, depth: int | None) -> list[Block]:
    """Return the blocks: the input, and the network's rows, as deep as a figure holds them."""
    rows = folded(summary.rows)
    chosen = _gathered(summary, rows)
    level = 1
    while depth is None or level < depth:
        opened = [inner for row in rows for inner in (row.rows if row.rows and row.times == 1 else [row])]
        blocks = _gathered(summary, opened)
        if len(opened) == len(rows) or (depth is None and len(blocks) > MOST_BLOCKS):
            break
        rows, chosen, level = opened, blocks, level + 1
    return chosen


def _gathered(summary: Summary, rows: Sequence[Row]) -> list[Block]:
    """Return a block for each row; what changes no shape is named with the block before it."""
    is_turned = summary.trace.words == KERAS
    blocks = [Block("input", [], summary.input, "input", 0, is_turned=is_turned)]
    for outer in rows:
        row = outer
        while len(row.rows) == 1 and row.times == 1:  # a part of but one layer is that layer
            row = row.rows[0]
        node = row.nodes[0]
        if not node.used or node.is_parameter:
            continue
        before = blocks[-1]
        follows = len(node.inputs) == 1 and _owner(blocks, node.inputs[0]) == len(blocks) - 1
        if row.is_layer and isinstance(node.layer, QUIET) and follows and len(blocks) > 1:
            if len(row.output) == len(before.shape):
                before.texts.append(node.layer.kind)
            before.becomes = row.output
            continue
        sign = OPERATORS.get(node.layer.kind, "") if row.is_layer and isinstance(node.layer, Combine) else ""
        block = Block(_name(row), [] if sign else _texts(row), row.output, _family(row), node.index, sign)
        block.is_turned = is_turned
        for source in {index for one in row.nodes for index in one.inputs if index < node.index}:
            block.reads.add(_owner(blocks, source))
        blocks.append(block)
    return blocks


def _owner(blocks: Sequence[Block], node: int) -> int:
    """Return the place of the block that a node belongs to: the last that begins at it, or before."""
    return max(place for place, block in enumerate(blocks) if block.first <= node)


def _name(row: Row) -> str:
    """Return a row's name, unless it is a number: that of a layer in a list says nothing."""
    name = f"{row.name[: -len(row.name.rpartition('.')[2])]}{row.label}"
    return "" if name.rpartition(".")[2].isdigit() and row.is_layer else name


def _family(row: Row) -> str:
    if not row.is_layer:
        return "part"
    return next((FAMILIES[base] for base in type(row.nodes[0].layer).__mro__ if base in FAMILIES), "other")


def _texts(row: Row) -> list[str]:
    if not row.is_layer:
        times = f" ×{row.times}" if row.times > 1 else ""
        return [f"{row.text}{times}".strip()] if row.text or times else []
    return _lines_of(row.nodes[0].layer)


def _lines_of(layer: Layer) -> list[str]:
    """Return what is said of a layer: its kind and window, its stride; its channels are seen in the shapes.

    >>> from convcalc.network.kinds import KINDS
    >>> _lines_of(KINDS["Conv2d"](3, 64, 7, stride=2, padding=3))
    ['Conv2d 7×7', 'stride 2']
    """
    head, *rest = _CHANNELS.sub("", str(layer)).split(", ")
    return [head.strip(), *(text for text in rest if not text.startswith(("padding", "no bias")))]


def _measure(blocks: Sequence[Block]) -> None:
    """Give each block its size: rows and columns by their roots, channels and features by their logarithms."""
    longest = max((size for block in blocks for size in block.drawn[2:]), default=1)

    def along(size: int) -> float:
        return 14 + (TALLEST - 14) * math.sqrt(size / longest)

    for block in blocks:
        _, *shape = block.drawn
        if block.sign:
            block.size = (16.0, 16.0, 0.0)
        elif len(shape) > 1:
            back = along(shape[-1]) * SKEW if len(shape) > 2 else 4.0
            block.size = (
                4 + 2.4 * math.log2(max(shape[0], 1)),
                along(shape[-2] if len(shape) > 2 else shape[-1]),
                back,
            )
        else:
            features = shape[0] if shape else 1
            block.size = (7.0, 12 + 8 * math.log2(max(features, 1)), 3.0)


def _place(blocks: Sequence[Block]) -> None:
    """Put the blocks side by side, on as many rows as they need."""
    x, row = MARGIN, 0
    for block in blocks:
        if x > MARGIN and x + block.across > WIDTH:
            x, row = MARGIN, row + 1
        block.x, block.row = x, row
        x += block.across + GAP


def _heights(blocks: Sequence[Block]) -> list[float]:
    """Return the height of each row's middle."""
    heights, y = [], MARGIN
    for number in range(blocks[-1].row + 1):
        back = max(block.size[2] for block in blocks if block.row == number)
        arcs = ARC * len(_skips(blocks, number))
        y += arcs + back + TALLEST / 2
        heights.append(y)
        y += TALLEST / 2 + 8 + LINE_HEIGHT * _most_lines(blocks, number) + 2 * GAP
    return heights


def _most_lines(blocks: Sequence[Block], row: int) -> int:
    return max(len(block.lines) for block in blocks if block.row == row)


def _skips(blocks: Sequence[Block], row: int) -> list[tuple[int, int]]:
    """Return which blocks of a row are joined over others, the shortest way first."""
    found = [
        (source, place)
        for place, block in enumerate(blocks)
        for source in block.reads
        if block.row == row and blocks[source].row == row and source < place - 1
    ]
    return sorted(found, key=lambda pair: (pair[1] - pair[0], pair))


def _name_elsewhere(blocks: Sequence[Block]) -> bool:
    """Name what a block reads of other rows, but for the block just before it; return whether there is more to name."""
    found = False
    for place, block in enumerate(blocks):
        others = (blocks[source] for source in sorted(block.reads) if source < place - 1)
        names = [other.name or other.texts[0] for other in others if other.row != block.row]
        found = found or names != block.elsewhere
        block.elsewhere = names
    return found


def _middle(block: Block) -> float:
    """Return where the middle of a block's front and back is, across."""
    return block.x + block.across / 2


def _front(block: Block) -> float:
    """Return where its front begins."""
    return _middle(block) - (block.size[0] + block.size[2]) / 2


def _drawn(block: Block, middle: float) -> Iterator[Polygon | Circle | Label]:
    width, height, back = block.size
    left, top = _front(block), middle - height / 2
    right, bottom, up = left + width, middle + height / 2, back * 0.7
    if block.sign:
        yield Circle((_middle(block), middle), width / 2, block.sign)
    else:
        lid = ((left, top), (left + back, top - up), (right + back, top - up), (right, top))
        yield Polygon(lid, block.family, "top")
        edge = ((right, top), (right + back, top - up), (right + back, bottom - up), (right, bottom))
        yield Polygon(edge, block.family, "side")
        yield Polygon(((left, top), (right, top), (right, bottom), (left, bottom)), block.family, "front")
    for number, (text, role) in enumerate(block.lines):
        yield Label((_middle(block), middle + TALLEST / 2 + 8 + LINE_HEIGHT * (number + 0.8)), text, role)


def _arrows(blocks: Sequence[Block], heights: Sequence[float]) -> Iterator[Line]:
    for place, block in enumerate(blocks):
        y = heights[block.row]
        if place - 1 in block.reads:
            before = blocks[place - 1]
            start = _front(before) + before.size[0] + before.size[2] * 0.6 + 2
            if before.row == block.row:
                yield Line(((start, y), (_front(block) - 2, y)))
            else:
                yield Line(
                    _around(start, heights[before.row], before.x + before.across, _front(block), y, block.size[2])
                )
    for row, y in enumerate(heights):
        highest = max(block.size[1] / 2 + block.size[2] * 0.7 for block in blocks if block.row == row)
        for level, (source, place) in enumerate(_skips(blocks, row)):
            one, other = blocks[source], blocks[place]
            top = y - highest - ARC * (level + 0.6)
            starts, ends = y - one.size[1] / 2 - one.size[2] * 0.7 - 1, y - other.size[1] / 2 - other.size[2] * 0.7 - 1
            at = _middle(one) + 2, _middle(other) - 2
            yield Line(((at[0], starts), (at[0], top), (at[1], top), (at[1], ends)), skips=True)


def _around(start: float, above: float, right: float, left: float, y: float, back: float) -> tuple[Point, ...]:
    """Return the way from the end of a row of blocks to the beginning of the next."""
    between, out, into = y - TALLEST / 2 - back - GAP / 2, right + GAP / 2, MARGIN / 2
    return ((start, above), (out, above), (out, between), (into, between), (into, y), (left - 2, y))
