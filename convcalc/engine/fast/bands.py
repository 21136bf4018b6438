"""Inputs too large to hold, worked band by band: each band is a convolution, or a pooling, of its own.

A band's input is read when its turn comes, so that memory is bounded by the band, whatever the input's size. Bands
are equally high but for a row, so that the arithmetic is the same in each.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

import numpy as np

from convcalc.engine.convolution import Convolution
from convcalc.engine.exact import (
    Array,
    TooLargeError,
    as_integers,
    check_finite,
    float_kind,
    magnitude,
    rounded,
)
from convcalc.engine.geometry import AdaptiveAxis, AnyAxis, Axis
from convcalc.engine.grids import as_grid, unmade
from convcalc.engine.padding import source_of
from convcalc.engine.pooling import Pooling
from convcalc.engine.shapes import like_the_input
from convcalc.engine.windows import divided_sums

PART = 1 << 23
"""Bytes of input, or of output if that is more, that are read and worked at once."""

DISJOINT = 2
"""How many windows at most may read a row for windows of more rows than a band to be worked some rows at a time."""

OneAxis = TypeVar("OneAxis", Axis, AnyAxis)
Read = Callable[[tuple[slice, ...]], Array]
"""Reads a part of a four-dimensional input."""


class OutputPart(NamedTuple):
    """A part of the output, (1, maps, rows, columns), and where it belongs."""

    where: tuple[slice, ...]
    cells: Array

    @property
    def length(self) -> int:
        """How many rows it adds, over its items (of bands of columns: how many columns)."""
        lengths: list[int] = [
            part.stop - part.start for part in (*self.where[2:], self.where[0]) if part != slice(None)
        ]
        return lengths[0] * lengths[1]


class Bands(NamedTuple):
    """An operation on an input that is read as it is needed: what comes out, and the parts it comes in."""

    like: Array
    """An array of the output's shape and dtype, without its cells."""
    maps: tuple[int, int, int, int]
    """That shape in four dimensions."""
    length: int
    """How many rows (or columns) there are in all, over all items."""
    noun: str
    fortran: bool
    """Whether the parts lie one behind the other where the columns, not the rows, come first."""
    parts: Callable[[], Iterator[OutputPart]]


def convolution_bands(result: Convolution, read: Read, *, fortran: bool = False) -> Bands:
    """Return a convolution whose input need not be in memory: only the shape and dtype of `result.input` are used.

    Where the input lies as Fortran has it, its columns one behind the other, so do the parts.

    >>> from convcalc.engine.convolution import convolve
    >>> whole = convolve(np.arange(20).reshape(5, 4), [[1, 0], [0, -1]], padding=1)
    >>> bands = convolution_bands(whole, lambda part: whole.input[part])
    >>> bands.like.shape, [bool((part.cells == whole.maps[part.where]).all()) for part in bands.parts()]
    ((6, 5), [True])
    """
    plan = result.plan
    axes = plan.rows, plan.columns
    along, axis, fortran = _banded_axis(result.input, axes, lambda axis: False, fortran=fortran)

    def band(items: slice, start: int, stop: int) -> Array:
        first, last = start * axis.stride, (stop - 1) * axis.stride + axis.extent
        cells = _gathered(read, items, range(first - axis.before, last - axis.before), along, axis, result)
        part = replace(axis, size=last - first, before=0, after=0)
        smaller = plan._replace(items=len(cells))
        smaller = smaller._replace(rows=part) if along == 2 else smaller._replace(columns=part)
        return Convolution(cells, result.kernel, result.bias, smaller, 4, result.flipped).maps

    kinds = [array for array in (result.kernel, result.bias) if array is not None]
    dtype = float_kind(result.input, *kinds)
    if dtype is None:
        dtype = np.dtype(np.float64 if any(map(_has_fractions, kinds)) else np.int64)
    many = plan.filters > 1 or result.input_dimensions > 2
    return _bands(plan.shape, dtype, (along, axis), band, result, many_maps=many, fortran=fortran)


def pooling_bands(result: Pooling, read: Read, *, fortran: bool = False) -> Bands:
    """Return a pooling whose input need not be in memory; see `convolution_bands`."""
    axes = result.rows, result.columns
    along, axis, fortran = _banded_axis(result.input, axes, partial(_in_pieces, result), fortran=fortran)
    other = result.columns if along == 2 else result.rows
    at_once = len(result.input) if fortran else 1
    singly = _bytes_read(result.input, axis, along) * at_once > PART and _in_pieces(result, axis)

    def band(items: slice, start: int, stop: int) -> Array:
        if singly:
            return _piece_by_piece(result, read, items, along, start)
        if isinstance(axis, AdaptiveAxis):
            cells = _read(read, items, slice(axis.reads(start).start, axis.reads(stop - 1).stop), along)
            return pooled(cells, axis.part(start, stop))
        first, last = start * axis.stride - axis.before, (stop - 1) * axis.stride + axis.extent - axis.before
        inside = slice(max(first, 0), axis.size if stop == axis.output else min(last, axis.size))
        cells = _read(read, items, inside, along)
        behind = axis.after if stop == axis.output else max(last - axis.size, 0)
        return pooled(cells, replace(axis, size=inside.stop - inside.start, before=max(-first, 0), after=behind))

    def pooled(cells: Array, part: AnyAxis) -> Array:
        rows, columns = (part, other) if along == 2 else (other, part)
        return replace(result, input=cells, rows=rows, columns=columns, input_dimensions=4).maps

    kind = float_kind(result.input)
    exactly = np.int64 if result.kind.record.integers_stay(result.norm) else np.float64
    dtype = np.dtype(exactly if kind is None else kind)
    many = result.input_dimensions > 2
    return _bands(result.shape, dtype, (along, axis), band, result, many_maps=many, fortran=fortran, singly=singly)


def _piece_by_piece(result: Pooling, read: Read, items: slice, along: int, index: int) -> Array:
    """Pool one row (or column) of windows that read more than a band: some rows after the other, then together."""
    axis, other = (result.rows, result.columns) if along == 2 else (result.columns, result.rows)
    inside = [position - axis.before for position in axis.inside(index) if not axis.is_padding(position)]
    together = items.stop - items.start
    height = max(PART * len(inside) // (_bytes_read(result.input, axis, along) * together), 1)
    kind, dtype = result.kind.record, float_kind(result.input)
    total: tuple[Array, int] | None = None
    whole: Array | None = None
    for top in range(inside[0], inside[-1] + 1, height):
        cells = _read(read, items, slice(top, min(top + height, inside[-1] + 1)), along)
        piece = Axis(cells.shape[along], cells.shape[along])
        rows, columns = (piece, other) if along == 2 else (other, piece)
        part = replace(result, input=cells, rows=rows, columns=columns, count_padding=True, input_dimensions=4)
        summands = kind.summands(part)
        if summands is not None:
            sums = part.sums(summands)
            total = sums if total is None else _added(total, sums)
            continue
        if cells.dtype.kind == "f":  # the whole is rounded, not its pieces
            part = replace(part, input=cells.astype(np.float64))
        whole = part.maps if whole is None else kind.joined(whole, part.maps, result.norm)
    if total is None:
        assert whole is not None
        return rounded(whole, dtype) if dtype is not None else whole
    one = slice(index, index + 1)
    divisors = result.divisors(rows=one) if along == 2 else result.divisors(columns=one)
    return divided_sums(*total, divisors if kind.divides else None, dtype)


def _added(one: tuple[Array, int], other: tuple[Array, int]) -> tuple[Array, int]:
    """Return what two pieces' sums come to, exactly if both are exact."""
    (sums, over), (more, more_over) = one, other
    if not (over and more_over):
        parts = (np.asarray(part / (by or 1), dtype=np.float64) for part, by in (one, other))
        with np.errstate(all="ignore"):
            return rounded(np.add(*parts), np.dtype(np.float64)), 0
    common = math.lcm(over, more_over)
    factors = common // over, common // more_over
    bound = magnitude(sums) * factors[0] + magnitude(more) * factors[1]
    sums, more = as_integers(bound, sums, more)
    return sums * factors[0] + more * factors[1], common


def _in_pieces(result: Pooling, axis: AnyAxis) -> bool:
    """Whether windows can be worked piece by piece: each row is read by so few that reading it again costs little."""
    apart = isinstance(axis, AdaptiveAxis) or (axis.dilation == 1 and axis.stride * DISJOINT >= axis.kernel)
    return apart and result.kind.record.can_be_joined


def _bytes_read(x: Array, axis: AnyAxis, along: int) -> int:
    """Return how many bytes of one item the longest windows of an axis read."""
    length = axis.extent if isinstance(axis, Axis) else -(-axis.size // axis.output) + 1
    a_row: int = x[0].nbytes // x.shape[along]
    return min(length, axis.size) * a_row


def _has_fractions(array: Array) -> bool:
    return array.dtype == object and any(not isinstance(cell, int) for cell in array.flat)


def _banded_axis(
    x: Array, axes: tuple[OneAxis, OneAxis], in_pieces: Callable[[OneAxis], bool], *, fortran: bool
) -> tuple[int, OneAxis, bool]:
    """Return the axis along which the input is cut, and whether the parts lie one behind the other in Fortran's order.

    It is cut as it lies, unless its windows read too much at once that way, and cannot be worked `in_pieces`.
    """
    rows, columns = axes
    by_rows, by_columns = _bytes_read(x, rows, 2), _bytes_read(x, columns, 3) * len(x)
    if fortran and (by_columns <= PART or in_pieces(columns)):
        return 3, columns, True
    return (2, rows, False) if by_rows <= PART or in_pieces(rows) else (3, columns, False)


def _bands(
    maps: tuple[int, int, int, int],
    dtype: np.dtype[Any],
    cut: tuple[int, AnyAxis],
    band: Callable[[slice, int, int], Array],
    result: Convolution | Pooling,
    *,
    many_maps: bool,
    fortran: bool,
    singly: bool = False,
) -> Bands:
    along, axis = cut
    at_once = maps[0] if fortran else 1
    step = axis.stride if isinstance(axis, Axis) else -(-axis.size // axis.output)
    bytes_in = result.input.itemsize * step * result.input[0].size // axis.size
    a_step = max(bytes_in, dtype.itemsize * math.prod(maps[1:]) // axis.output) * at_once
    count = axis.output if singly else min(max(-(-axis.output * a_step // PART), 1), axis.output)
    edges = [axis.output * index // count for index in range(count + 1)]
    if count == 1 and not fortran:
        at_once = max(PART // (a_step * axis.output), 1)  # small items, as many as make a part

    def parts() -> Iterator[OutputPart]:
        for item in range(0, maps[0], at_once):
            items = slice(item, min(item + at_once, maps[0]))
            for start, stop in pairwise(edges):
                where = [items, slice(None), slice(None), slice(None)]
                where[along] = slice(start, stop)
                yield OutputPart(tuple(where), _placed(band, items, start, stop, along))

    empty = unmade(maps, dtype)
    like = like_the_input(empty, result.input_dimensions, many_maps=many_maps)
    return Bands(like, maps, maps[0] * axis.output, axis.name, fortran, parts)


def _placed(band: Callable[[slice, int, int], Array], items: slice, start: int, stop: int, along: int) -> Array:
    """Return a band's cells; one that is too large is named by its place in the whole."""
    try:
        return band(items, start, stop)
    except TooLargeError as error:
        at = list(error.at)
        at[0], at[along] = at[0] + items.start, at[along] + start
        raise TooLargeError(at) from None


def _gathered(read: Read, items: slice, span: range, along: int, axis: Axis, result: Convolution) -> Array:
    """Return rows (or columns) `span` of the input, counted from its first: those before and behind are padding."""

    def padding(positions: range) -> Iterator[Array]:
        for position in positions:
            source = source_of(position, axis.size, result.plan.border.mode)
            if source is None:
                shape = [items.stop - items.start, *result.input.shape[1:]]
                shape[along] = 1
                yield np.full(shape, result.plan.border.value, dtype=result.padded.dtype)
            else:
                yield _read(read, items, slice(source, source + 1), along)

    inside = slice(max(span.start, 0), min(span.stop, axis.size))
    parts = [*padding(range(span.start, min(0, span.stop)))]
    if inside.start < inside.stop:
        parts.append(_read(read, items, inside, along))
    parts += padding(range(max(axis.size, span.start), span.stop))
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=along)


def _read(read: Read, items: slice, inside: slice, along: int) -> Array:
    """Read some rows (or columns) of some items; a cell that is no number is named by its place in the whole."""
    part = [items, slice(None), slice(None), slice(None)]
    part[along] = inside
    cells = read(tuple(part))
    if cells.dtype.kind == "f":
        check_finite(cells, origin=[bound.start or 0 for bound in part])
    return as_grid(cells)
