"""The windows of a pooling on its input: where they lie, what they read, and what their cells add up to."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from convcalc.engine.cached import CachedProperty
from convcalc.engine.exact import (
    FLOAT64,
    INT64_LIMIT,
    Array,
    as_integers,
    float_kind,
    magnitude,
    over_common_denominator,
    quotient,
    rounded,
)
from convcalc.engine.fast.reductions import reduced
from convcalc.engine.geometry import AdaptiveAxis, AnyAxis
from convcalc.engine.padding import pad_planes
from convcalc.engine.padding_modes import Border

FEW_ADDED = 16
"""Cells of a window up to which float32 loses hardly a digit when they are added one by one."""


@dataclass(eq=False, repr=False)
class PoolingWindows:
    """The windows of a pooling on its input, (N, C, H, W): sliding, or fitted to an output."""

    input: Array
    rows: AnyAxis
    columns: AnyAxis
    count_padding: bool
    norm: int
    """The p of the kinds of pooling that take one."""
    divisor: int | None
    """What divides an average instead of how many cells are counted."""
    footprint: Array | None
    """Which cells of a window count, (rows, columns) of bools; None: all."""
    exactly: bool = field(default=True, kw_only=True)
    """Whether sums of decimals are worked as they are written, if they are not too many."""

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The output's shape: items, channels, rows, columns."""
        items, channels = self.input.shape[:2]
        return items, channels, self.rows.output, self.columns.output

    @CachedProperty
    def padded(self) -> Array:
        """The input with zeros for padding, as averages read it and as it is shown."""
        return self.padded_with(lambda x: 0)

    def padded_with(self, fill: Callable[[Array], Any]) -> Array:
        """Return the input with a cell, made from it, for padding; the input itself, if there is none."""
        sides = (self.rows.before, after(self.rows)), (self.columns.before, after(self.columns))
        if not any(map(any, sides)):
            return self.input
        return pad_planes(self.input, *sides, Border(value=fill(self.input)))

    @property
    def longest(self) -> int:
        """How many cells a window has at most."""
        return _longest(self.rows) * _longest(self.columns)

    def reduced(self, x: Array, combine: np.ufunc, work: np.dtype[Any] | None = None) -> Array:
        """Reduce every window of `x`, which is padded already, by a ufunc of two cells."""
        if self.footprint is not None:
            down, across = along(self.rows), along(self.columns)
            cells = [x[:, :, down[i][0][:, None], across[j][0]] for i, j in np.argwhere(self.footprint)]
            return np.asarray(combine.reduce(np.stack(cells), axis=0))
        return reduced(x, self.rows, self.columns, combine, work)

    def sorted_cells(self) -> tuple[Array, Array]:
        """Return the cells of every window from the smallest on, (N, C, rows, columns, cells), and how many there are.

        What is no cell of the input stands behind them.
        """
        padded = self.padded_with(np.max)
        largest, stacked = padded.max(), []
        counts = np.zeros(self.shape[2:], dtype=np.int64)
        for i, (down, down_real) in enumerate(along(self.rows)):
            for j, (across, across_real) in enumerate(along(self.columns)):
                if self.footprint is None or self.footprint[i, j]:
                    real = np.logical_and.outer(down_real, across_real)
                    stacked.append(np.where(real, padded[:, :, down[:, None], across], largest))
                    counts += real
        return np.sort(np.stack(stacked, axis=-1), axis=-1), counts

    @property
    def has_odd_windows(self) -> bool:
        """Whether every window has an odd number of cells of the input."""
        down, across = along(self.rows), along(self.columns)
        counts = np.zeros(self.shape[2:], dtype=np.int64)
        for (i, (_, down_real)), (j, (_, across_real)) in itertools.product(enumerate(down), enumerate(across)):
            if self.footprint is None or self.footprint[i, j]:
                counts += np.logical_and.outer(down_real, across_real)
        return bool((counts % 2).all())

    def counted(self, row: int, column: int) -> int:
        """Return how many cells a window counts: all of its own, or those that are no padding."""
        if self.divisor is not None:
            return self.divisor
        return len(self._counted(self.rows, row)) * len(self._counted(self.columns, column))

    def divisors(self, rows: slice = slice(None), columns: slice = slice(None)) -> Array:
        """Return how many cells each window counts, (rows, columns), or some windows."""
        divisors: Array = np.multiply.outer(self._counts(self.rows)[rows], self._counts(self.columns)[columns])
        return divisors if self.divisor is None else np.full_like(divisors, self.divisor)

    def _counts(self, axis: AnyAxis) -> Array:
        """Return how many cells each window of an axis counts: all of its own, but at the ends."""
        counts = np.full(axis.output, 0 if isinstance(axis, AdaptiveAxis) else axis.kernel)
        for index in at_the_ends(axis):
            counts[index] = len(self._counted(axis, index))
        return counts

    def _counted(self, axis: AnyAxis, index: int) -> list[int]:
        return [p for p in axis.inside(index) if self.count_padding or not axis.is_padding(p)]

    def sums(self, x: Array) -> tuple[Array, int]:
        """Return the sum of every window of `x`, which is padded already, before it is rounded.

        They are integers, and what divides them; or, where that is 0, floats.
        """
        integers = over_common_denominator(x) if self.exactly or x.dtype.kind != "f" else None
        cells = self.longest
        if integers is None:
            work = FLOAT64 if cells > FEW_ADDED or not self.exactly else None
            with np.errstate(all="ignore"):
                return self.reduced(x, np.add, work), 0
        numerators, over = integers
        (whole,) = as_integers(magnitude(numerators) * cells, numerators)
        return self.reduced(whole, np.add), over

    def summed(self, x: Array, divisors: Array | None = None) -> Array:
        """Return the sum of every window of `x`, over one divisor each if there are any, rounded once."""
        return divided_sums(*self.sums(x), divisors, float_kind(self.input))


def divided_sums(sums: Array, over: int, divisors: Array | None, kind: np.dtype[Any] | None) -> Array:
    """Return windows' sums (see `PoolingWindows.sums`), over one divisor each if there are any, rounded once."""
    if not over:
        return rounded(sums if divisors is None else sums / divisors.astype(sums.dtype), kind or sums.dtype)
    if divisors is None:
        return quotient(sums, over, kind)
    fits = int(divisors.max()) * over < INT64_LIMIT
    return quotient(sums, (divisors if fits else divisors.astype(object)) * over, kind)


def at_the_ends(axis: AnyAxis) -> list[int]:
    """Return the windows that may reach into the padding, or over the end; all, where windows differ anyway."""
    if isinstance(axis, AdaptiveAxis):
        return list(range(axis.output))
    behind = max((axis.before + axis.size - axis.extent) // axis.stride, 0)
    ahead = min(axis.before // axis.stride + 1, axis.output)
    return [*range(ahead), *range(max(behind, ahead), axis.output)]


def after(axis: AnyAxis) -> int:
    """Return the cells to add behind the input so that even an overhanging window finds something to read."""
    return max([axis.after, axis.reads(axis.output - 1).stop - axis.before - axis.size])


def along(axis: AnyAxis) -> list[tuple[Array, Array]]:
    """Return, for each place in a window along one axis, where it lies in every window, and whether it is real."""
    windows = [axis.reads(index) for index in range(axis.output)]
    longest = max(map(len, windows))
    taps = []
    for place in range(longest):
        positions = [window[min(place, len(window) - 1)] for window in windows]
        valid = [place < len(w) and not axis.is_padding(p) for w, p in zip(windows, positions, strict=True)]
        taps.append((np.array(positions), np.array(valid)))
    return taps


def _longest(axis: AnyAxis) -> int:
    return max(len(axis.reads(index)) for index in {0, axis.output // 2, axis.output - 1}) + 1
