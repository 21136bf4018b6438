"""Backward through a pooling: how the gradient of each output cell is shared out among the cells of its window.

Maxima and minima hand it to the cell that won (the first of equals, as PyTorch does), averages share it equally, sums
hand it to every cell, and lp pooling weighs it by x·|x|^(p − 2)/y^(p − 1).
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from convcalc.choices import PoolKind
from convcalc.engine.exact import (
    INT64_SAFE,
    Array,
    as_grid,
    exact,
    float_kind,
    integers_or_fractions,
    magnitude,
    over_common_denominator,
    quotient,
    rounded,
    settle_cells,
    settle_number,
    to_float,
)
from convcalc.engine.gradients import like_the_output
from convcalc.engine.pooling import EXTREMES, Pooling
from convcalc.engine.shapes import like_the_input, place_in
from convcalc.engine.step import Cells, Number, PoolingStep


@dataclass(frozen=True, slots=True)
class RoutingStep:
    """One output cell's gradient and where it goes: `shares` has the window's shape, `so_far` the input's.

    `shares` is None for a cell in the padding, which takes none.
    """

    pooling: PoolingStep
    gradient: Number
    shares: tuple[tuple[Number | None, ...], ...]
    so_far: Cells


@dataclass(frozen=True)
class Routing:
    """The gradient of a pooling's input, given its output's (N, C, rows, columns)."""

    forward: Pooling
    output: Array

    @cached_property
    def input(self) -> Array:
        """The gradient of the input, (N, C, H, W)."""
        pooling = self.forward
        if pooling.kind is PoolKind.LP and pooling.norm > 1:
            return self._settled(self._added(math.prod(pooling.shape)))
        kind, scaled = float_kind(self.output), over_common_denominator(self.output)
        cells, over = (self.output, 0) if scaled is None else scaled
        divisors = pooling.divisors() if pooling.kind is PoolKind.AVG else np.ones(pooling.shape[2:], dtype=np.int64)
        common = math.lcm(*np.unique(divisors).tolist())
        if over and magnitude(cells) * common * cells.size >= INT64_SAFE:
            cells = cells.astype(object)
        total = np.zeros(pooling.padded.shape, dtype=cells.dtype if over else np.float64)
        for row, column in itertools.product(*map(range, pooling.shape[2:])):
            share = cells[:, :, row, column] * (common // int(divisors[row, column]))
            self._hand_out(total, share, row, column)
        inside = self._without_padding(total)
        return quotient(inside, over * common, kind) if over else rounded(inside / common, self.output.dtype)

    def _hand_out(self, total: Array, share: Array, row: int, column: int) -> None:
        """Add one window's shares, (N, C), to the cells that they go to."""
        pooling = self.forward
        rows = [r for r in pooling.rows.inside(row) if not pooling.rows.is_padding(r)]
        columns = [c for c in pooling.columns.inside(column) if not pooling.columns.is_padding(c)]
        region = np.ix_(range(total.shape[0]), range(total.shape[1]), rows, columns)
        if pooling.kind not in EXTREMES:
            signs = np.sign(pooling.padded[region]).astype(np.int64) if pooling.kind is PoolKind.LP else 1
            total[region] += share[:, :, None, None] * signs
            return
        window = pooling.padded[region].reshape(*share.shape, -1)
        best = (window.argmax if pooling.kind is PoolKind.MAX else window.argmin)(axis=-1)
        for item, channel in np.ndindex(*share.shape):
            down, across = divmod(int(best[item, channel]), len(columns))
            total[item, channel, rows[down], columns[across]] += share[item, channel]

    def _without_padding(self, total: Array) -> Array:
        rows, columns = self.forward.rows, self.forward.columns
        cut: Array = total[:, :, rows.before : rows.before + rows.size, columns.before : columns.before + columns.size]
        return cut

    def _shares(self, at: Sequence[int]) -> tuple[PoolingStep, list[list[Any]]]:
        """Return a step of the pooling, and each cell's share of its gradient, exact where it can be."""
        step = self.forward.step(at)
        gradient = exact(self.output[step.at])
        return step, [
            [None if step.padding[i][j] else gradient * self._weight(step, cell, (i, j)) for j, cell in enumerate(line)]
            for i, line in enumerate(step.cells)
        ]

    def _weight(self, step: PoolingStep, cell: Number, place: tuple[int, int]) -> Any:
        """Return the derivative of a step's value with respect to one cell of its window."""
        kind, norm = self.forward.kind, self.forward.norm
        if kind in EXTREMES:
            return int(place == step.winner)
        if kind is not PoolKind.LP:
            return Fraction(1, step.divisor or 1)
        x, y = exact(cell), step.value
        if y == 0 or x == 0:
            return 0
        if isinstance(y, float) and float_kind(self.forward.input) is None:
            return Fraction(math.copysign(abs(float(x) / y) ** (norm - 1), x))
        return (1 if x > 0 else -1) * abs(Fraction(x) / exact(y)) ** (norm - 1)

    def _added(self, count: int, plane: tuple[int, int] | None = None) -> dict[tuple[int, int, int, int], Any]:
        """Add up the shares of the first `count` output cells (of one plane), by input cell, exactly."""
        rows, columns = self.forward.rows, self.forward.columns
        total: dict[tuple[int, int, int, int], Any] = {}
        for at in itertools.islice(np.ndindex(*self.forward.shape), count):
            if plane is not None and at[:2] != plane:
                continue
            step, shares = self._shares(at)
            for r, line in zip(step.window.rows, shares, strict=True):
                for c, share in zip(step.window.columns, line, strict=True):
                    if share is not None:
                        place = (*at[:2], r - rows.before, c - columns.before)
                        total[place] = total.get(place, 0) + share
        return total

    def _settled(self, added: dict[tuple[int, int, int, int], Any]) -> Array:
        cells = [added.get(place, 0) for place in np.ndindex(*self.forward.input.shape)]
        if self.as_float:
            return np.array([to_float(cell) for cell in cells]).reshape(self.forward.input.shape)
        return integers_or_fractions(cells).reshape(self.forward.input.shape)

    @cached_property
    def as_float(self) -> bool:
        """Whether the gradients are floats: there are decimals, or irrational roots."""
        arrays = [self.forward.input, self.output]
        if self.forward.kind is PoolKind.LP:
            arrays.append(self.forward.maps)
        return float_kind(*arrays) is not None

    def step(self, at: Sequence[int], number: int = 1) -> RoutingStep:
        """Return one output cell's gradient, its shares, and the input's gradient so far."""
        place = place_in(self.forward.shape, at)
        step, shares = self._shares(place)
        count = int(np.ravel_multi_index(place, self.forward.shape)) + 1
        plane = place[:2]
        added = self._added(count, plane)
        height, width = self.forward.input.shape[2:]
        so_far = [[added.get((*plane, r, c), 0) for c in range(width)] for r in range(height)]
        return RoutingStep(
            step,
            settle_number(exact(self.output[place]), as_float=float_kind(self.output) is not None),
            tuple(
                tuple(None if share is None else settle_number(share, as_float=self.as_float) for share in line)
                for line in shares
            ),
            settle_cells(so_far, as_float=self.as_float),
        )

    def input_like(self) -> Array:
        """Return the gradient of the input with the axes the input was given with."""
        dimensions = self.forward.input_dimensions
        return as_grid(like_the_input(self.input, dimensions, many_maps=dimensions > 2))


def backward(forward: Pooling, gradient: Any = 1) -> Routing:
    """Return the gradient of a pooling's input, given that of its output: of its shape, or one number for all.

    >>> from convcalc.engine.pooling import pool
    >>> backward(pool([[1, 5, 5, 2]], window=(1, 2)), [[3, 4]]).input_like().tolist()
    [[0, 3, 4, 0]]
    """
    return Routing(forward, like_the_output(gradient, forward.output, forward.maps))
