"""Pooling: one number for each window, without weights.

PyTorch's conventions: maxima ignore the padding, averages count it unless told otherwise, the padding is at most
half the window, and with `ceil` the last window starts inside the input or its left padding.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from convcalc.choices import PaddingRule, PadMode, PoolKind, unheard_of
from convcalc.engine.exact import (
    INT64_LIMIT,
    LARGEST_EXACT,
    Array,
    absolute,
    as_floats,
    as_integers,
    exact,
    float_kind,
    magnitude,
    over_common_denominator,
    quotient,
    rounded,
    settle_cells,
    settle_partial,
    settle_result,
)
from convcalc.engine.fast.reductions import reduced
from convcalc.engine.geometry import AdaptiveAxis, AnyAxis, Axis, Padding, padding_amounts
from convcalc.engine.grids import as_grid, own_grid
from convcalc.engine.kept import Kept
from convcalc.engine.padding import pad_planes
from convcalc.engine.roots import exact_power, float_root, settle_root, whole_power
from convcalc.engine.shapes import (
    Pair,
    amounts_of,
    check_cells,
    choose,
    four_dimensional,
    like_the_input,
    pair,
    place_in,
    warn_of_channels_last,
    whole_numbers,
)
from convcalc.engine.step import Number, PoolingStep, Window
from convcalc.errors import InputError

MOST_NORM = 64
FEW_ADDED = 16
"""Cells of a window up to which float32 loses hardly a digit when they are added one by one."""
SAFE_EXPONENT = 900
"""Powers of 2 within which a float's powers, and their sums, neither overflow nor lose digits."""

EXTREMES: dict[PoolKind, tuple[Any, Callable[[Array], Any], Callable[..., Any]]] = {
    PoolKind.MAX: (np.maximum, np.min, max),
    PoolKind.MIN: (np.minimum, np.max, min),
}
"""For each kind that picks a cell: how two cells meet, what the padding must be to lose, and the builtin."""


def pool(
    x: Any,
    kind: PoolKind | str = PoolKind.MAX,
    *,
    window: Pair = 2,
    stride: Pair | None = None,
    padding: Padding | int | str = 0,
    dilation: Pair = 1,
    ceil: bool = False,
    count_padding: bool = True,
    adaptive: Pair | None = None,
    norm: int = 2,
) -> "Pooling":
    """Pool a grid (W), (H, W), (C, H, W) or (N, C, H, W), each channel by itself; `stride` defaults to `window`.

    `adaptive` asks for an output of that size instead, windows fitted to it. `norm` is the p of lp pooling,
    (Σ|x|^p)^(1/p). Raises InputError where a window does not fit, or would hold nothing but padding.

    >>> pool([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]).output.tolist()
    [[6, 8], [3, 4]]
    >>> pool([1, 2, 3, 5], "avg").output.tolist()
    [Fraction(3, 2), 4]
    """
    grid = own_grid(x)
    warn_of_channels_last(grid.shape)
    four = four_dimensional(grid)
    kind = choose(PoolKind, kind)
    height, width = four.shape[2:]
    one_row = height == 1 and (adaptive is not None or not isinstance(window, Sequence) or len(window) == 1)
    (norm,) = whole_numbers(norm, "the p of lp pooling")[:1]
    if not 1 <= norm <= MOST_NORM:
        raise InputError(
            f"the p of lp pooling must be from 1 to {MOST_NORM}, not {norm}", hint="2 is usual; a large p nears the max"
        )
    if dilation not in (1, (1,), (1, 1)) and kind != PoolKind.MAX:
        raise InputError(f"{kind} pooling takes no dilation", hint="only max pooling does, as in PyTorch")
    rows: AnyAxis
    columns: AnyAxis
    if adaptive is not None:
        tall, wide = pair(adaptive, "the adaptive size", one_row=one_row)
        rows, columns = AdaptiveAxis(height, tall, "rows"), AdaptiveAxis(width, wide, "columns")
        check_cells("the answer", (*four.shape[:2], tall, wide), four, "ask for a smaller output")
    else:
        windows = pair(window, "the window", one_row=one_row)
        strides = windows if stride is None else pair(stride, "stride", one_row=one_row)
        spreads = pair(dilation, "dilation", one_row=one_row)
        amounts = amounts_of(padding, one_row=one_row)
        rows, columns = (
            _axis(index, name, size, windows[index], strides[index], amounts, spreads[index], ceil)
            for index, (name, size) in enumerate((("rows", height), ("columns", width)))
        )
    return Pooling(four, kind, rows, columns, count_padding, norm, grid.ndim)


def _axis(
    index: int, name: str, size: int, window: int, stride: int, padding: Padding, dilation: int, ceil: bool
) -> Axis:
    before, after = padding_amounts(padding, index, size, window, max(stride, 1), dilation)
    axis = Axis(size, window, stride, before, after, dilation, ceil, name, "window")
    most = axis.extent // 2 if padding == PaddingRule.SAME else window // 2
    if max(before, after) > most:
        raise InputError(
            f"padding of {max(before, after)} is more than half the pooling window of {window} {name}",
            hint=f"pad by at most {most}, or use `convcalc pad` first",
        )
    for place in _at_the_ends(axis) if before or after else ():
        if all(axis.is_padding(position) for position in axis.inside(place)):
            raise InputError(
                f"window {place} of the {name} would read nothing but padding", hint="use less padding or dilation"
            )
    return axis


def _at_the_ends(axis: AnyAxis) -> list[int]:
    """Return the windows that may reach into the padding, or over the end; all, where windows differ anyway."""
    if isinstance(axis, AdaptiveAxis):
        return list(range(axis.output))
    behind = max((axis.before + axis.size - axis.extent) // axis.stride, 0)
    ahead = min(axis.before // axis.stride + 1, axis.output)
    return [*range(ahead), *range(max(behind, ahead), axis.output)]


@dataclass(eq=False, repr=False)
class Pooling:
    """A pooling ready to be asked: for its whole `output`, or for the working of any one cell.

    `input` and `maps` are four-dimensional, (N, C, H, W); `output` has as many axes as the input had.
    """

    input: Array
    kind: PoolKind
    rows: AnyAxis
    columns: AnyAxis
    count_padding: bool
    norm: int
    input_dimensions: int

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The output's shape: items, channels, rows, columns."""
        items, channels = self.input.shape[:2]
        return items, channels, self.rows.output, self.columns.output

    @Kept
    def padded(self) -> Array:
        """The input with zeros for padding, as averages read it and as it is shown."""
        return self._pad(self.input, lambda x: 0)

    def _pad(self, x: Array, fill: Callable[[Array], Any]) -> Array:
        sides = (self.rows.before, after(self.rows)), (self.columns.before, after(self.columns))
        return pad_planes(x, *sides, PadMode.ZEROS, fill(x)) if any(map(any, sides)) else x

    @Kept
    def maps(self) -> Array:
        """The pooled maps, (N, C, rows, columns)."""
        if self.kind is PoolKind.MAX or self.kind is PoolKind.MIN:
            meet, losing, _ = EXTREMES[self.kind]
            return reduced(self._pad(self.input, losing), self.rows, self.columns, meet)
        if self.kind is PoolKind.LP:
            return self._roots()
        if self.kind is PoolKind.AVG:
            return self._sums(self.divisors())
        if self.kind is not PoolKind.SUM:
            unheard_of(self.kind)
        return self._sums(None)

    @property
    def output(self) -> Array:
        """The answer, with as many axes as the input."""
        return like_the_input(self.maps, self.input_dimensions, many_maps=self.input_dimensions > 2)

    def divisors(self, rows: slice = slice(None), columns: slice = slice(None)) -> Array:
        """Return what each window's sum is divided by, (rows, columns), or that of some windows."""
        divisors: Array = np.multiply.outer(self._counts(self.rows)[rows], self._counts(self.columns)[columns])
        return divisors

    def _counts(self, axis: AnyAxis) -> Array:
        """Return how many cells each window of an axis counts: all of its own, but at the ends."""
        counts = np.full(axis.output, 0 if isinstance(axis, AdaptiveAxis) else axis.kernel)
        for index in _at_the_ends(axis):
            counts[index] = len(self._counted(axis, index))
        return counts

    def _counted(self, axis: AnyAxis, index: int) -> list[int]:
        return [p for p in axis.inside(index) if self.count_padding or not axis.is_padding(p)]

    def sums(self, x: Array | None = None) -> tuple[Array, int]:
        """Return the sum of every window of the padded input (or `x`), before it is rounded.

        They are integers, and what divides them; or, where that is 0, floats.
        """
        grid = self.padded if x is None else x
        scaled = over_common_denominator(grid)
        cells = _longest(self.rows) * _longest(self.columns)
        if scaled is None:
            work = np.dtype(np.float64) if cells > FEW_ADDED else None
            with np.errstate(all="ignore"):
                return reduced(grid, self.rows, self.columns, np.add, work), 0
        numerators, over = scaled
        (whole,) = as_integers(magnitude(numerators) * cells, numerators)
        return reduced(whole, self.rows, self.columns, np.add), over

    def _sums(self, divisors: Array | None, x: Array | None = None) -> Array:
        return divided_sums(*self.sums(x), divisors, float_kind(self.input))

    def _roots(self) -> Array:
        """Work lp pooling: exact powers and sums where there are few, and the root of each."""
        if self.norm == 1:
            return self._sums(None, absolute(self.padded))
        kind = float_kind(self.padded)
        if self.padded.size > LARGEST_EXACT and self._powers_fit():
            return self._many_roots()
        cells = [exact_power(exact(cell), self.norm) for cell in self.padded.ravel()]
        powers = np.empty(len(cells), dtype=object)
        powers[:] = cells
        sums = reduced(powers.reshape(self.padded.shape), self.rows, self.columns, np.add)
        found = {total: settle_root(total, self.norm, kind) for total in set(sums.ravel().tolist())}
        roots = [found[total] for total in sums.ravel().tolist()]
        if kind is None and any(isinstance(value, float) for value in roots):
            kind = np.dtype(np.float64)
        grid = as_grid(np.array(roots, dtype=object)) if kind is None else np.array(list(map(float, roots)), kind)
        return grid.reshape(sums.shape)

    def _powers_fit(self) -> bool:
        """Whether the powers' sums are floats, or integers of 64 bits."""
        if self.padded.dtype != np.int64:
            return self.padded.dtype.kind == "f"
        return bool(magnitude(self.padded) ** self.norm * _longest(self.rows) * _longest(self.columns) < INT64_LIMIT)

    def _many_roots(self) -> Array:
        """Work lp pooling of more cells than are worked exactly: integers still, if every root is one."""
        if self.padded.dtype == np.int64:
            sums = reduced(whole_power(np.abs(self.padded), self.norm), self.rows, self.columns, np.add)
            roots = np.rint(float_root(sums.astype(np.float64), self.norm)).astype(np.int64)
            if (whole_power(roots, self.norm) == sums).all():
                return roots
            return float_root(sums.astype(np.float64), self.norm)
        cells = np.abs(as_floats(self.padded, np.dtype(np.float64)))
        # A power of 2 changes no digit: so that no power overflows, or vanishes, and bands of a file come to the same.
        exponent = int(np.frexp(cells.max())[1])
        scale = 0 if abs(exponent) * self.norm < SAFE_EXPONENT else exponent
        sums = reduced(whole_power(np.ldexp(cells, -scale), self.norm), self.rows, self.columns, np.add)
        with np.errstate(all="ignore"):
            return rounded(np.ldexp(float_root(sums, self.norm), scale), self.padded.dtype)

    def step(self, at: Sequence[int], number: int = 1) -> PoolingStep:
        """Return the working of one output cell, `at` being ([item,] [channel,] row, column).

        >>> pool([[1, 5], [5, 2]]).step((0, 0)).winner
        (0, 1)
        """
        item, channel, row, column = place_in(self.shape, at)
        window = Window(self.rows.inside(row), self.columns.inside(column))
        plane = self.padded[item, channel]
        cells = [[exact(plane[r, c]) for c in window.columns] for r in window.rows]
        padding = tuple(
            tuple(self.rows.is_padding(r) or self.columns.is_padding(c) for c in window.columns) for r in window.rows
        )
        kind = float_kind(self.input)
        as_float = kind is not None
        real = [(cell, (i, j)) for i, line in enumerate(cells) for j, cell in enumerate(line) if not padding[i][j]]
        value: Number
        winner, total, divisor = None, None, None
        if self.kind is PoolKind.MAX or self.kind is PoolKind.MIN:
            best = EXTREMES[self.kind][2](cell for cell, _ in real)
            winner = next(place for cell, place in real if cell == best)
            value = settle_result(best, kind)
        elif self.kind is PoolKind.LP:
            powers = sum(exact_power(cell, self.norm) for cell, _ in real)
            value = settle_root(powers, self.norm, kind)
        elif self.kind is PoolKind.AVG:
            summed = sum(cell for line in cells for cell in line)
            divisor = len(self._counted(self.rows, row)) * len(self._counted(self.columns, column))
            total, value = settle_partial(summed, kind), settle_result(Fraction(summed) / divisor, kind)
        elif self.kind is PoolKind.SUM:
            summed = sum(cell for line in cells for cell in line)
            total, value = settle_partial(summed, kind), settle_result(summed, kind)
        else:
            unheard_of(self.kind)
        shown = settle_cells(cells, as_float=as_float)
        return PoolingStep(number, (item, channel, row, column), window, shown, padding, value, winner, total, divisor)


def divided_sums(sums: Array, over: int, divisors: Array | None, kind: np.dtype[Any] | None) -> Array:
    """Return windows' sums (see `Pooling.sums`), over one divisor each if there are any, rounded once."""
    if not over:
        return rounded(sums if divisors is None else sums / divisors.astype(sums.dtype), kind or sums.dtype)
    if divisors is None:
        return quotient(sums, over, kind)
    fits = int(divisors.max()) * over < INT64_LIMIT
    return quotient(sums, (divisors if fits else divisors.astype(object)) * over, kind)


def after(axis: AnyAxis) -> int:
    """Return the cells to add behind the input so that even an overhanging window finds something to read."""
    return max([axis.after, axis.reads(axis.output - 1).stop - axis.before - axis.size])


def _longest(axis: AnyAxis) -> int:
    return max(len(axis.reads(index)) for index in {0, axis.output // 2, axis.output - 1}) + 1
