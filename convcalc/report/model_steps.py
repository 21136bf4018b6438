"""A network layer by layer: what each receives, the formula of its size, its counts, its field; and a field drawn."""

import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from convcalc.engine.geometry import Axis, TransposedAxis
from convcalc.engine.naming import ONE_ROW
from convcalc.errors import InputError, UsageError, did_you_mean
from convcalc.network.functions import Source
from convcalc.network.layer import NOTHING, WHOLE
from convcalc.network.receptive import Field, Region, traced_back
from convcalc.network.summary import Summary, walked
from convcalc.network.trace import Node
from convcalc.report.document import Block, Document, Drawing, Heading, Role, Span, Steps, Subheading, Sum, Table, Text
from convcalc.report.formulas import SizeFormula
from convcalc.report.model import field_text, heading
from convcalc.report.network_words import Words, words_of

if TYPE_CHECKING:
    from convcalc.report.selection import Show

DRAWN_ROWS, DRAWN_COLUMNS = 28, 32


def model_steps(summary: Summary, show: "Show") -> Steps:
    """Return the layers as steps, to be walked through in the order in which they run."""
    nodes = summary.nodes

    def blocks(index: int) -> list[Block]:
        return list(layer_blocks(summary, nodes[index]))

    def name(index: int) -> str:
        return nodes[index].name

    return Steps(heading(summary), (1, 1, 1, len(nodes)), ONE_ROW, blocks, name)


def layer_document(summary: Summary, node: Node) -> Document:
    """Show one layer's working by itself."""
    yield heading(summary)
    yield Subheading(f"layer {node.index} of {len(summary.nodes)} · {node.name}")
    yield from layer_blocks(summary, node)


def layer_blocks(summary: Summary, node: Node) -> Iterator[Block]:
    """Show one layer: what it receives and gives, and every count with its arithmetic."""
    words = words_of(summary)
    yield Text(f"  {node.layer}", Role.TITLE)
    for index, shape in zip(node.inputs, node.shapes, strict=True):
        yield Text(f"  receives       {words.given(shape)} from {summary.trace.nodes[index].name}")
    if node.shapes:
        for formula in size_formulas(node):
            yield Sum((formula[0],), "", formula[1], label="size           ")
    if not node.used:
        yield Text("  not used in forward; its parameters are there all the same")
    else:
        yield Text(f"  gives          {words.shape(node.output)}")
    yield Text("")
    yield from _counts(words, node)
    yield from _fields(summary, node)
    before = summary.trace.nodes[1 : node.index + 1]
    weights = sum(words.count_of(earlier).value for earlier in before)
    work = sum(earlier.multiply_adds.value for earlier in before)
    yield Text("")
    yield Text(f"  so far         {weights:,} parameters, {work:,} multiply-adds", Role.QUIET)


def _counts(words: Words, node: Node) -> Iterator[Block]:
    parameters = words.count_of(node)
    for label, count in (
        ("parameters     ", parameters),
        ("buffers        ", NOTHING if words.counts_buffers else node.buffers),
        ("multiply-adds  ", node.multiply_adds),
    ):
        if count.value:
            yield Sum((count.written,), "", f"= {count.value:,}", label=label)
    if node.frozen:
        yield Text(f"  frozen         {node.frozen:,} of them")
    if node.shared:
        yield Text("  parameters     none of its own: they were counted where the layer was used before")
    elif node.outside:
        yield Text(f"  parameters     none of the network's: {node.layer.weights} stand in no part of it")
    elif not parameters.value:
        yield Text("  parameters     none", Role.QUIET)


def size_formulas(node: Node) -> list[tuple[str, str]]:
    """Return the formula of the output's size with its numbers put in, and its value, once for axes that are alike."""
    formulas: list[tuple[str, str]] = []
    axes: Sequence[Axis | TransposedAxis] = node.layer.axes(node.shapes[0])
    for axis in axes:
        if isinstance(axis, TransposedAxis):
            extra = f" + {axis.extra}" if axis.extra else ""
            left = f"({axis.size} − 1)·{axis.stride} − 2·{axis.cut} + {axis.extent}{extra}"
            formulas.append((left, f"= {axis.output}"))
            continue
        formula = SizeFormula.of(axis)
        rounding = f", {formula.rounded}: {formula.output}" if formula.rounded else ""
        formulas.append((formula.left, f"= {formula.value}{rounding}"))
    return list(dict.fromkeys(formulas))


def _fields(summary: Summary, node: Node) -> Iterator[Block]:
    field = summary.fields[node.index]
    if field is None or not field.axes or not node.used:
        return
    text = field_text(field)
    before = summary.fields[node.inputs[0]] if len(node.inputs) == 1 else None
    working = _field_working(node, before) if before is not None else None
    if text == "all":
        yield Text("  field          all: each of its cells sees the whole input")
    elif working is not None:
        yield Sum((working[0],), "", f"= {text}", label="field          ", final=False)
        yield Sum((working[1],), "", f"= {field_text(field, 'jump')}", label="jump           ", final=False)
    else:
        jump = field_text(field, "jump")
        yield Text(f"  field          {text}" + (f", jump {jump}" if jump else ""), Role.QUIET)


def _field_working(node: Node, before: Field) -> tuple[str, str] | None:
    """Write size + (k − 1)·jump and s·jump with their numbers, along the first axis; None where nothing is added."""
    reaches = node.layer.reach(node.shapes[0])
    if not reaches or reaches[0] == WHOLE or not before.axes or before.axes[0].whole:
        return None
    along, reach = before.axes[0], reaches[0]
    if len(set(reaches)) > 1 or len(set(before.axes)) > 1 or (reach.extent == 1 and reach.stride == 1):
        return None
    if len(along.read_by(reach).spans) > 1:  # of upsampled cells some see more than others
        return None
    return f"{along.size} + ({reach.extent} − 1)·{along.jump}", f"{along.jump}·{reach.stride}"


def trace_document(summary: Summary, at: tuple[int, ...], name: str | None) -> Document:
    """Show which rectangle of the input one output cell is made of, layer by layer, and draw it."""
    node = _traced_node(summary, name)
    words, shape = words_of(summary), summary.trace.spatial(node.output)
    if len(at) != len(shape):
        example = ",".join("0" for _ in shape)
        raise UsageError(
            f"--trace {','.join(map(str, at))}: {node.name} has {len(shape)} axes", hint=f"as in {example}"
        )
    for place, size in zip(at, shape, strict=True):
        if not 0 <= place < size:
            last = ",".join(str(size - 1) for size in shape)
            raise InputError(f"{node.name} has no cell {','.join(map(str, at))}", hint=f"the last is {last}")
    regions = traced_back(summary.trace, node.index, at)
    cell = ",".join(map(str, at))
    yield Heading(f"trace · {summary.title} · {node.name}[{cell}] of {words.given(node.output)}, back to the input")
    yield Text("")
    axes = max(len(region.ranges) for region in regions)
    rows = [_region_row(summary, region, axes) for region in _steps_back(regions)]
    yield Table(("layer", "what", *_axis_names(axes), "cells"), tuple(rows), frozenset({0, 1}))
    ranges = regions[-1].ranges
    field = summary.fields[node.index]
    yield Text("")
    yield Text(f"  It sees {_rectangle(ranges)} of the input's {words.given(summary.input)}.", Role.TITLE)
    seen = tuple(last - first + 1 for first, last in ranges)
    if field is not None and not any(along.whole for along in field.axes):
        full = tuple(int(along.size) for along in field.axes)
        if any(got < size_wanted for got, size_wanted in zip(seen, full, strict=True)):
            missing = f"Its receptive field is {field_text(field)}; the rest lies in the padding, or beyond the edge"
            yield Text(f"  {missing}.", Role.QUIET)
    if len(ranges) <= 2:
        yield Text("")
        yield Drawing(tuple(drawn(summary.trace.spatial(summary.input), ranges)))


def _steps_back(regions: list[Region]) -> list[Region]:
    """Return the regions where more is read than before: of layers that read no further, the one nearest the input."""
    pairs = itertools.pairwise(regions[1:])
    return [regions[0], *(one for one, next_ in pairs if one.ranges != next_.ranges), regions[-1]]


def _traced_node(summary: Summary, name: str | None) -> Node:
    """Return the layer that is asked for, or the last that has rows and columns."""
    if name is not None:
        node = layer_named(summary, name)
    else:
        spatial = [node for node in summary.nodes if node.used and len(node.output) > 2 and _from_input(summary, node)]
        several = [node for node in spatial if max(summary.trace.spatial(node.output)) > 1]
        if not spatial:
            raise InputError("no layer of this network has rows and columns", hint="--trace follows cells of a map")
        node = (several or spatial)[-1]
    if len(node.output) < 3 or not _from_input(summary, node) or isinstance(node.layer, Source):
        raise InputError(
            f"{node.name} gives {words_of(summary).shape(node.output)}, no map", hint="--layer names another layer"
        )
    return node


def _from_input(summary: Summary, node: Node) -> bool:
    field = summary.fields[node.index]
    return field is not None and bool(field.axes)


def layer_named(summary: Summary, name: str) -> Node:
    """Return a layer by its full name (a part's last layer, by the part's); raise UsageError naming the nearest."""
    for row in walked(summary.rows):
        if row.name == name:
            return row.nodes[-1]
    hint = did_you_mean(name, dict.fromkeys(row.name for row in walked(summary.rows)), "--all lists them", most=3)
    raise UsageError(f"the network has no layer '{name}'", hint=hint)


def _axis_names(axes: int) -> tuple[str, ...]:
    return {1: ("cells from – to",), 2: ("rows", "columns")}.get(axes, ("planes", "rows", "columns"))


def _region_row(summary: Summary, region: Region, axes: int) -> tuple[str, ...]:
    node = summary.trace.nodes[region.node]
    cells = "×".join(str(last - first + 1) for first, last in region.ranges)
    texts = [f"{first}" if first == last else f"{first}–{last}" for first, last in region.ranges]
    texts = [""] * (axes - len(texts)) + texts
    return (node.name, str(node.layer) if region.node else "", *texts, cells)


def _rectangle(ranges: tuple[tuple[int, int], ...]) -> str:
    names = {1: ("cells",), 2: ("rows", "columns")}.get(len(ranges), ("planes", "rows", "columns"))
    texts = (f"{name} {first}–{last}" for name, (first, last) in zip(names, ranges, strict=True))
    return ", ".join(texts)


def drawn(shape: tuple[int, ...], ranges: tuple[tuple[int, int], ...]) -> Iterator[tuple[Span, ...]]:
    """Draw the input as a field of dots with the rectangle on it, a dot for one cell or for several."""
    if len(shape) == 1:
        shape, ranges = (1, *shape), ((0, 0), *ranges)
    height, width = shape
    step = max(-(-height // DRAWN_ROWS), -(-width // DRAWN_COLUMNS), 1)
    (top, bottom), (left, right) = ranges
    for row in range(0, height, step):
        inside = row <= bottom and row + step > top
        spans: list[Span] = [("  ", Role.PLAIN)]
        for column in range(0, width, step):
            hit = inside and column <= right and column + step > left
            spans.append(("█ " if hit else "· ", Role.PLAIN if hit else Role.PENDING))
        yield tuple(spans)
    if step > 1:
        yield ((f"  a sign stands for {step}×{step} cells", Role.QUIET),)
