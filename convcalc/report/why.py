"""Why a neuron has its value, as a Document: its largest terms, and where in the picture each comes from."""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from convcalc.engine.activations import Activated
from convcalc.engine.convolution import Convolution
from convcalc.engine.dense import Flattened, Linear
from convcalc.engine.exact import Array
from convcalc.engine.gathered import Gathered
from convcalc.engine.normalized import Normalized
from convcalc.engine.pooling import Pooling
from convcalc.engine.pooling_kinds import PoolKind
from convcalc.engine.products import Product
from convcalc.engine.softmax import Softmax
from convcalc.engine.step import Number
from convcalc.engine.transposed import Transposed
from convcalc.errors import InputError
from convcalc.inference.layer_result import Operation
from convcalc.inference.run import LayerRun
from convcalc.network.functions import Source
from convcalc.network.receptive import traced_back
from convcalc.network.trace import Trace
from convcalc.report.document import Block, Document, Heading, Role, Subheading, Table, Text
from convcalc.report.numbers import plain, six_digits
from convcalc.report.selection import Show

PADDING = -1
"""In place of a cell's number: the padding."""
MOST_TERMS = 12
"""Terms that are listed."""


class Term(NamedTuple):
    """One term of a sum: the cell that is read of an operation's input, its flat number there, what multiplies it."""

    source: Array
    cell: int
    value: Number
    weight: Number | None
    """None where the cell is passed on as it is."""

    @property
    def product(self) -> Any:
        """What it adds; exactly, of exact numbers."""
        weight: Any = 1 if self.weight is None else self.weight
        if isinstance(self.value, float) or isinstance(weight, float):
            return float(self.value) * float(weight)
        value: Any = self.value
        return value * weight


class Cause(NamedTuple):
    """What made a cell: its terms, its bias; and how they became the cell, if they are not added up."""

    terms: list[Term]
    bias: Number | None = None
    how: str = ""


def _of_convolution(result: Convolution, place: tuple[int, ...], grid: Array) -> Cause:
    step = result.step(place)
    plan = result.plan
    terms = []
    _, channels, height, width = result.input.shape
    for part in step.channels:
        for row, column in np.ndindex(len(part.cells), len(part.cells[0])):
            at = step.window.rows[row] - plan.rows.before, step.window.columns[column] - plan.columns.before
            cell = ((place[0] * channels + part.channel) * height + at[0]) * width + at[1]
            is_padding, value = part.padding[row][column], part.cells[row][column]
            if value or not is_padding:
                weight = part.weights[row][column]
                weight = weight if part.divisor == 1 else Fraction(str(weight)) / part.divisor
                terms.append(Term(grid, PADDING if is_padding else cell, value, weight))
    return Cause(terms, step.bias)


def _of_linear(result: Linear, place: tuple[int, ...], grid: Array) -> Cause:
    step = result.step(*place[-2:])
    first = place[-2] * len(step.cells)
    pairs = zip(step.cells, step.weights, strict=True)
    return Cause([Term(grid, first + index, cell, weight) for index, (cell, weight) in enumerate(pairs)], step.bias)


def _of_pooling(result: Pooling, place: tuple[int, ...], grid: Array) -> Cause:
    step = result.step(place)
    _, channels, height, width = result.input.shape
    terms = []
    how, share = f"is worked by {result.kind} from its window", None
    if step.winner is not None:
        how = "is the largest of its window"
    elif result.kind is PoolKind.AVG and step.divisor:
        how, share = "is the mean of its window", Fraction(1, step.divisor)
    for row, column in np.ndindex(len(step.cells), len(step.cells[0])):
        at = step.window.rows[row] - result.rows.before, step.window.columns[column] - result.columns.before
        if step.padding[row][column] or (step.winner is not None and step.winner != (row, column)):
            continue
        cell = ((place[0] * channels + place[1]) * height + at[0]) * width + at[1]
        terms.append(Term(grid, cell, step.cells[row][column], share))
    return Cause(terms, None, how)


def _of_one_cell(how: str) -> Callable[[Any, tuple[int, ...], Array], Cause]:
    def cause(result: Any, place: tuple[int, ...], grid: Array) -> Cause:
        cell = int(np.ravel_multi_index(place, (1,) * (4 - grid.ndim) + grid.shape))
        return Cause([Term(grid, cell, plain(grid.ravel()[cell]), None)], None, how)

    return cause


def _of_gathering(result: Gathered, place: tuple[int, ...], grid: Array) -> Cause:
    step = result.step(place)
    terms = []
    for term in step.terms:
        source = grid if term.source == 0 else result.inputs[term.source]
        lengths = (1,) * (4 - source.ndim) + source.shape
        cell = int(np.ravel_multi_index(term.at, (math.prod(lengths[:-3]), *lengths[-3:])))
        weight = None if term.weight == 1 else term.weight
        terms.append(Term(source, cell, term.cell, weight))
    return Cause(terms)


def _of_transposed(result: Transposed, place: tuple[int, ...], grid: Array) -> Cause:
    item, map_, row, column = place
    _, channels, height, width = result.input.shape
    depth = channels // result.groups
    first = map_ // result.maps_a_group * depth
    down, across = (
        [(index, list(axis.stamps(index)).index(at)) for index in range(length) if at in axis.stamps(index)]
        for axis, length, at in ((result.rows, height, row), (result.columns, width, column))
    )
    terms = []
    for channel in range(first, first + depth):
        for (i, k), (j, m) in itertools.product(down, across):
            cell, weight = ((item * channels + channel) * height + i) * width + j, result.kernel[channel]
            weight = plain(weight[map_ % result.maps_a_group, k, m])
            terms.append(Term(grid, cell, plain(grid.ravel()[cell]), weight))
    return Cause(terms, None if result.bias is None else plain(result.bias[map_]))


def _of_product(result: Product, place: tuple[int, ...], grid: Array) -> Cause:
    cell = int(np.ravel_multi_index(place, result.shape))
    return Cause(
        [Term(grid, cell, *(plain(part.ravel()[cell]) for part in (grid, result.other)))], None, "is a product"
    )


CAUSES: dict[type, Callable[[Any, tuple[int, ...], Array], Cause]] = {
    Convolution: _of_convolution,
    Linear: _of_linear,
    Pooling: _of_pooling,
    Transposed: _of_transposed,
    Product: _of_product,
    Activated: _of_one_cell("is a function of one cell"),
    Softmax: _of_one_cell("is one cell's share in the exponentials of its line"),
    Normalized: _of_one_cell("is one cell, normalised"),
    Gathered: _of_gathering,
}
"""What made a cell of each kind of result; of others, it is not told."""


class Cell(NamedTuple):
    """A cell of a layer's output: the layer's number, and where it lies, the item first."""

    layer: int
    at: tuple[int, ...]


class Causes:
    """Follows cells of a network back, layer by layer."""

    def __init__(self, trace: Trace, runs: Mapping[int, LayerRun], names: Mapping[int, str]) -> None:
        self.trace, self.runs, self.names = trace, runs, names
        self.makers = {id(run.output): index for index, run in runs.items()}

    def operations(self, index: int) -> list[Operation]:
        """Return a layer's operations; none of what only hands its input on or gives numbers of its own."""
        result = self.runs[index].result
        return list(result.operations() if result.operations is not None else ())

    def cause(self, cell: Cell) -> Cause | None:
        """Return what made a cell; None where that is not told."""
        operations = self.operations(cell.layer)
        if not operations:
            return None
        flat = int(np.ravel_multi_index(cell.at, self.runs[cell.layer].output.shape))
        made = {id(operation.output): operation for operation in operations[:-1]}
        operation = operations[-1]
        while isinstance(operation.result, Flattened):  # a view: the same cell of what was viewed
            before = made.get(id(operation.reads["input"]))
            if before is None:
                source = operation.reads["input"]
                return Cause([Term(source, flat, plain(source.ravel()[flat]), None)])
            operation = before
        kind = type(operation.result)
        if kind not in CAUSES:
            return None
        shape = operation.result.output.shape
        lengths = (1,) * (4 - len(shape)) + shape
        place = tuple(int(i) for i in np.unravel_index(flat, (math.prod(lengths[:-3]), *lengths[-3:])))
        found = CAUSES[kind](operation.result, place, operation.reads["input"])
        return found._replace(terms=[self._through(term, made) for term in found.terms])

    def _through(self, term: Term, made: Mapping[int, Operation]) -> Term:
        """Return a term as one of what the layer itself read, where the layer first viewed its input."""
        before = made.get(id(term.source))
        while before is not None and isinstance(before.result, Flattened):
            term = term._replace(source=before.reads["input"])
            before = made.get(id(term.source))
        return term

    def cell_of(self, term: Term) -> Cell | None:
        """Return which layer's cell a term reads, behind what only moves cells."""
        index = self.makers.get(id(term.source))
        if index is None or term.cell == PADDING:
            return None
        at = tuple(int(i) for i in np.unravel_index(term.cell, self.runs[index].output.shape))
        cell = Cell(index, at)
        cause = self.cause(cell)
        moved = cause is not None and len(cause.terms) == 1 and cause.terms[0].weight is None and not cause.how
        if moved and cause is not None and index:
            return self.cell_of(cause.terms[0]) or cell
        return cell

    def name(self, cell: Cell) -> str:
        """Return a cell's name, without its item if there is but one."""
        at = cell.at if len(self.runs[cell.layer].output) > 1 else cell.at[1:]
        return f"{self.names[cell.layer]}[{','.join(map(str, at))}]"

    def seen(self, cell: Cell) -> str:
        """Return which rectangle of the input a cell sees."""
        node = self.trace.nodes[cell.layer]
        if len(node.output) < 3:
            return ""
        ranges = traced_back(self.trace, cell.layer, cell.at[2:])[-1].ranges if cell.layer else ()
        texts = [f"{first}–{last}" if first != last else str(first) for first, last in ranges]
        if not cell.layer:
            texts = [str(i) for i in cell.at[2:]]
        names = ("row", "column") if len(texts) == 2 else ("cell",)
        return ", ".join(f"{name}{'s' * ('–' in text)} {text}" for name, text in zip(names, texts, strict=False))


def why_document(
    heading: Heading,
    trace: Trace,
    runs: Mapping[int, LayerRun],
    names: Mapping[int, str],
    index: int,
    at: tuple[int, ...],
    show: Show,
) -> Document:
    """Follow one neuron back: what it was passed on from, and then the largest terms of the sum that made it.

    Raises InputError where there is no such cell.
    """
    output = runs[index].output
    place = (0,) * (output.ndim - len(at)) + tuple(at)
    if len(place) != output.ndim or not all(0 <= i < length for i, length in zip(place, output.shape, strict=True)):
        shape = "×".join(map(str, output.shape[1:]))
        raise InputError(f"{names[index]} has no cell {','.join(map(str, at))}", hint=f"its output is {shape}")
    return _followed(heading, Causes(trace, runs, names), Cell(index, place), show)


def _followed(heading: Heading, causes: Causes, cell: Cell, show: Show) -> Iterator[Block]:
    write = show.write
    yield heading
    yield Subheading(f"why {causes.name(cell)} = {write(six_digits(causes.runs[cell.layer].output[cell.at]))}")
    yield Text("")
    cause = causes.cause(cell)
    while cause is not None and len(cause.terms) == 1 and cause.terms[0].weight is None:
        before = causes.cell_of(cause.terms[0])
        if before is None:
            break
        value = six_digits(causes.runs[before.layer].output[before.at])
        yield Text(f"  {causes.name(cell)} {cause.how or 'is'}: {causes.name(before)} = {write(value)}")
        cell = before
        cause = causes.cause(cell)
    layer = causes.trace.nodes[cell.layer].layer
    if isinstance(layer, Source):
        whose = "the input" if cell.layer == 0 else "the network's own"
        yield Text(f"  {causes.name(cell)} is a number of {whose}.", Role.QUIET)
        return
    if cause is None or not cause.terms:
        yield Text(f"  How {causes.name(cell)} comes of its inputs is not told of {layer}.", Role.QUIET)
        return
    yield from _terms(causes, cell, cause, show)


def _terms(causes: Causes, cell: Cell, cause: Cause, show: Show) -> Iterator[Block]:
    write = show.write
    terms = sorted(cause.terms, key=lambda term: -abs(term.product))
    total = sum(abs(term.product) for term in terms)
    bias = "" if cause.bias is None else f", and a bias of {write(cause.bias)}"
    how = f" {cause.how}" if cause.how else f" is a sum of {len(terms):,} products{bias}"
    yield Text(f"  {causes.name(cell)}{how}. The largest of them:")
    yield Text("")
    rows = []
    for term in terms[:MOST_TERMS]:
        source = causes.cell_of(term)
        written = write.factor(six_digits(term.value))
        if term.weight is not None:
            written += f"×{write.factor(term.weight)}"
        share = f"{100 * float(abs(term.product) / total):.0f} %" if total else ""
        where = (
            ("padding" * (term.cell == PADDING), "") if source is None else (causes.name(source), causes.seen(source))
        )
        rows.append((written, write(six_digits(term.product)), share, *where))
    yield Table(
        ("term", "product", "share", "read from", "which sees, of the input"), tuple(rows), frozenset({0, 3, 4})
    )
    if len(terms) > MOST_TERMS:
        rest = sum(term.product for term in terms[MOST_TERMS:])
        yield Text(f"  … and {len(terms) - MOST_TERMS:,} smaller ones, {write(six_digits(rest))} together", Role.QUIET)
