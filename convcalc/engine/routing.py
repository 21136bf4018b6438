"""Backward through a pooling: how the gradient of each output cell is shared out among the cells of its window.

Maxima and minima hand it to the cell that won (the first of equals, as PyTorch does), averages share it equally, sums
hand it to every cell, and lp pooling weighs it by x·|x|^(p − 2)/y^(p − 1).
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from convcalc.engine.cached import CachedProperty
from convcalc.engine.exact import (
    Array,
    as_floats,
    as_integers,
    exact,
    float_kind,
    integers_or_fractions,
    magnitude,
    over_common_denominator,
    quotient,
    rounded,
    rounded_result,
    shown_number,
)
from convcalc.engine.geometry import Axis
from convcalc.engine.grids import as_grid, unmade
from convcalc.engine.pooling import Pooling
from convcalc.engine.roots import ROOT_BITS
from convcalc.engine.shapes import like_the_input, like_the_output, place_in
from convcalc.engine.step import PoolingStep, RoutingStep
from convcalc.engine.windows import along
from convcalc.errors import InputError

MOST_ROOT_BITS = 1 << 13
"""Bits of roots beyond which shares that cancel are taken for 0."""
MOST_EXACT_ROOTS = 4096
"""Cells of an input beyond which lp pooling's gradients are worked in floats."""


class _Tap(NamedTuple):
    """One cell of every window: where it lies on the padded input, and whether it is a real cell of that window."""

    rows: Array
    columns: Array
    valid: Array
    unique: bool
    """Whether no two windows have the same cell here."""

    def of(self, x: Array) -> Array:
        """Return this cell of every window, (N, C, rows, columns)."""
        cells: Array = x[:, :, self.rows[:, None], self.columns]
        return cells

    def add(self, total: Array, shares: Array) -> None:
        """Add shares, 0 where they are not valid, to these cells."""
        if self.unique:
            total[:, :, self.rows[:, None], self.columns] += shares
        else:
            np.add.at(total, np.ix_(*map(np.arange, total.shape[:2]), self.rows, self.columns), shares)


@dataclass(eq=False, repr=False)
class Routing:
    """The gradient of a pooling's input, given its output's (N, C, rows, columns)."""

    forward: Pooling
    output: Array

    @CachedProperty
    def input(self) -> Array:
        """The gradient of the input, (N, C, H, W): exact where the output's is, but for lp pooling's roots."""
        pooling, kind = self.forward, self.forward.kind.record
        winners = None if kind.beats is None else self._winners(kind.beats)
        taps = self._taps if winners is None else []
        quick = [kind.quick_weight(tap.of(pooling.padded), pooling.norm) for tap in taps]
        if any(weight is None for weight in quick):
            many = self._in_floats() if pooling.input.size > MOST_EXACT_ROOTS else None
            return self._added() if many is None else many
        dtype = float_kind(self.output)
        integers = over_common_denominator(self.output) if pooling.exactly or dtype is None else None
        cells, over = (self.output, 0) if integers is None else integers
        divisors = pooling.divisors() if kind.divides else np.ones(pooling.shape[2:], dtype=np.int64)
        common = math.lcm(*np.unique(divisors).tolist())
        if over:
            cells, divisors = as_integers(magnitude(cells) * common * cells.size, cells, divisors)
        total = np.zeros(pooling.padded.shape, dtype=cells.dtype)
        shares = cells * (common // divisors)
        for index, tap in enumerate(self._taps):
            tap.add(total, shares * (tap.valid * quick[index] if winners is None else winners == index))
        inside = self._without_padding(total)
        return quotient(inside, over * common, dtype) if over else rounded(inside / common, self.output.dtype)

    @CachedProperty
    def _taps(self) -> list["_Tap"]:
        """The places of all windows' first cells, of all their second cells, and so on, row by row."""
        rows, columns, counts = along(self.forward.rows), along(self.forward.columns), self.forward.footprint
        unique = isinstance(self.forward.rows, Axis)
        return [
            _Tap(down, across, np.logical_and.outer(down_valid, across_valid), unique)
            for (i, (down, down_valid)), (j, (across, across_valid)) in itertools.product(
                enumerate(rows), enumerate(columns)
            )
            if counts is None or counts[i, j]
        ]

    def _winners(self, beats: Callable[[Any, Any], Any]) -> Array:
        """Return which tap won in each window, (N, C, rows, columns): the first of equals."""
        best, winner = None, np.full(self.output.shape, -1)
        for index, tap in enumerate(self._taps):
            cells = tap.of(self.forward.padded)
            if best is None:
                best = cells
            better = tap.valid & ((winner < 0) | beats(cells, best).astype(bool))
            best, winner = np.where(better, cells, best), np.where(better, index, winner)
        return winner

    def _in_floats(self) -> Array | None:
        """Work the shares in floats, where there are too many to read; None if they are only worked exactly."""
        cells, maps, output = (
            as_floats(array, np.dtype(np.float64)) for array in (self.forward.padded, self.forward.maps, self.output)
        )
        total, record = np.zeros(cells.shape), self.forward.kind.record
        stacked = np.stack([tap.of(cells) for tap in self._taps]) if record.sorts else None
        together = None
        if stacked is not None:
            together = record.float_weights(stacked, np.stack([tap.valid for tap in self._taps]))
        for index, tap in enumerate(self._taps):
            weight = (
                record.float_weight(tap.of(cells), maps, self.forward.norm) if together is None else together[index]
            )
            if weight is None:
                return None
            tap.add(total, np.where(tap.valid, output * weight, 0))
        return rounded(self._without_padding(total), self.kind or total.dtype)

    def _without_padding(self, total: Array) -> Array:
        rows, columns = self.forward.rows, self.forward.columns
        cut: Array = total[:, :, rows.before : rows.before + rows.size, columns.before : columns.before + columns.size]
        return cut

    def _shares(self, at: Sequence[int], bits: int = ROOT_BITS) -> tuple[PoolingStep, list[list[Any]]]:
        """Return a step of the pooling, and each cell's share of its gradient: exact but for a root to so many bits."""
        step = self.forward.step(at)
        gradient = exact(self.output[step.at])
        weights = self.forward.kind.record.weights(step, self.forward.norm, bits)
        return step, [
            [None if padding else gradient * weight for padding, weight in zip(step.padding[row], line, strict=True)]
            for row, line in enumerate(weights)
        ]

    def _added(self) -> Array:
        """Add up the exact shares, and those of roots with so many bits that none are lost where they cancel."""
        bits, is_inexact = ROOT_BITS, True
        while is_inexact and bits <= MOST_ROOT_BITS:
            cells, sizes = self._totals(bits)
            least = Fraction(1, 1 << (bits // 2))
            is_inexact = any(0 < abs(cell) < size * least for cell, size in zip(cells, sizes, strict=True))
            bits *= 4
        values = [rounded_result(cell, self.kind) for cell in cells]
        grid = np.array(values, self.kind) if self.kind is not None else integers_or_fractions(cells)
        return grid.reshape(self.forward.input.shape)

    def _totals(self, bits: int) -> tuple[list[Any], list[Any]]:
        """Return the sum of each input cell's shares, of roots to so many bits; and that of their sizes."""
        rows, columns = self.forward.rows, self.forward.columns
        totals: dict[tuple[int, ...], Any] = {}
        sizes: dict[tuple[int, ...], Any] = {}
        for at in np.argwhere(self.output != 0).tolist():
            step, shares = self._shares(at, bits)
            for r, line in zip(step.window.rows, shares, strict=True):
                for c, share in zip(step.window.columns, line, strict=True):
                    if share is not None:
                        place = (at[0], at[1], r - rows.before, c - columns.before)
                        totals[place] = totals.get(place, 0) + share
                        sizes[place] = sizes.get(place, 0) + abs(share)
        places = list(np.ndindex(*self.forward.input.shape))
        return [totals.get(place, 0) for place in places], [sizes.get(place, 0) for place in places]

    def _so_far(self, at: tuple[int, int, int, int]) -> Array:
        """Return one plane of the input's gradient, from the output's up to a cell and with it."""
        item, channel, row, column = at
        if (item, channel) not in self._planes:
            plane = self.forward.input[item : item + 1, channel : channel + 1]
            self._planes[item, channel] = replace(self.forward, input=plane)
        output = self.output[item : item + 1, channel : channel + 1].copy()
        output.reshape(-1)[row * output.shape[3] + column + 1 :] = 0
        so_far: Array = Routing(self._planes[item, channel], output).input[0, 0]
        return so_far

    @CachedProperty
    def _planes(self) -> dict[tuple[int, int], Pooling]:
        return {}

    @CachedProperty
    def kind(self) -> np.dtype[Any] | None:
        """The float dtype of the gradients, or None if they are exact: there are no decimals, or irrational roots."""
        roots = self.forward.kind.record.is_irrational(self.forward.norm)
        return float_kind(self.output, *([self.forward.input, self.forward.maps] if roots else []))

    def step(self, at: Sequence[int], number: int = 1) -> RoutingStep:
        """Return one output cell's gradient, its shares, and the input's gradient so far."""
        place = place_in(self.forward.shape, at)
        step, shares = self._shares(place)
        return RoutingStep(
            step,
            shown_number(exact(self.output[place]), as_float=float_kind(self.output) is not None),
            tuple(
                tuple(None if share is None else rounded_result(share, self.kind) for share in line) for line in shares
            ),
            self._so_far(place),
        )

    def input_like(self) -> Array:
        """Return the gradient of the input with the axes the input was given with."""
        dimensions = self.forward.input_dimensions
        return as_grid(like_the_input(self.input, dimensions, many_maps=dimensions > 2))


@dataclass(eq=False, repr=False)
class Indices:
    """Where the maxima (or minima) of a pooling lie: row · width + column in the plane, as PyTorch has them."""

    forward: Pooling

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The shape as items, channels, rows, columns."""
        return self.forward.shape

    @CachedProperty
    def output(self) -> Array:
        """The place of every window's cell that was picked, with as many axes as the input.

        >>> from convcalc.engine.pooling import pool
        >>> Indices(pool([[1, 5, 5, 2], [2, 9, 3, 0]])).output.tolist()
        [[5, 2]]
        """
        forward, beats = self.forward, self.forward.kind.record.beats
        if beats is None:
            raise InputError(f"{forward.kind} pooling picks no cell", hint="max and min do")
        routing = Routing(forward, forward.maps)
        winners, places = routing._winners(beats), np.zeros(forward.shape, dtype=np.int64)
        for index, tap in enumerate(routing._taps):
            rows, columns = tap.rows - forward.rows.before, tap.columns - forward.columns.before
            places = np.where(winners == index, rows[:, None] * forward.columns.size + columns, places)
        dimensions = forward.input_dimensions
        return as_grid(like_the_input(places, dimensions, many_maps=dimensions > 2))

    def step(self, at: Sequence[int], number: int = 1) -> PoolingStep:
        """Return the working of one window."""
        return self.forward.step(at, number)


def backward(forward: Pooling, gradient: Any = 1) -> Routing:
    """Return the gradient of a pooling's input, given that of its output: of its shape, or one number for all.

    >>> from convcalc.engine.pooling import pool
    >>> backward(pool([[1, 5, 5, 2]], window=(1, 2)), [[3, 4]]).input_like().tolist()
    [[0, 3, 4, 0]]
    """
    maps = unmade(forward.shape)
    return Routing(forward, like_the_output(gradient, forward.shaped(maps), maps))
