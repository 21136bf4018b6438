"""A normalisation, and its gradients: every cell less the mean of its set, over the set's standard deviation, · γ + β.

Means and variances are exact; roots, where they are irrational, have so many bits that an answer is rounded once.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from convcalc.engine.cached import CachedProperty
from convcalc.engine.exact import (
    FLOAT64,
    Array,
    as_answer,
    as_floats,
    as_shown,
    check_finite,
    exact,
    float_kind,
    over_common_denominator,
    rounded,
    rounded_result,
)
from convcalc.engine.norm_kinds import NormKind
from convcalc.engine.roots import ROOT_BITS, root_of
from convcalc.engine.shapes import like_the_output, place_in
from convcalc.engine.step import NormGradientStep, NormStep
from convcalc.engine.two_floats import floats_and_rests

MOST_EXACT_CELLS = 4096
"""Cells beyond which quotients are worked in floats, of exact means and variances."""


class Statistics(NamedTuple):
    """What a set of cells is normalised by: its mean, its variance, the root of that and ε; and if that is rational."""

    mean: Fraction
    variance: Fraction
    root: Fraction
    rational: bool


@dataclass(eq=False, repr=False)
class Normalized:
    """A normalisation ready to be asked for its whole `output`, or for the working of one cell."""

    input: Array
    kind: NormKind
    sets: Array
    """Which set a cell is of: numbers from 0 on, of as many axes as the input, of length 1 where they are alike."""
    shares: Array
    """Which γ and β a cell has, as the sets are given."""
    gamma: Array | None
    beta: Array | None
    eps: Fraction
    running: tuple[Array, Array] | None = None
    """The mean and the variance of each set, if they are given, as in inference."""
    exactly: bool = True
    """Whether few cells are worked exactly."""

    @property
    def cell_by_cell(self) -> bool:
        """Whether each cell is worked exactly by itself; else all are worked in floats."""
        return self.exactly and self.input.size <= MOST_EXACT_CELLS

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The shape as items, channels, rows, columns."""
        full = (1,) * (4 - self.input.ndim) + self.input.shape
        return full[0], full[1], full[2], full[3]

    @CachedProperty
    def set_of(self) -> Array:
        """The set of every cell, by its number in the input."""
        return np.broadcast_to(self.sets, self.input.shape).ravel()

    @CachedProperty
    def share_of(self) -> Array:
        """Which γ and β every cell has, by its number in the input."""
        return np.broadcast_to(self.shares, self.input.shape).ravel()

    @CachedProperty
    def order(self) -> Array:
        """The cells of each set by their numbers in the input, (sets, cells)."""
        return np.argsort(self.set_of, kind="stable").reshape(int(self.sets.max()) + 1, -1)

    def means_of_sets(self, cells: Array) -> Array:
        """Return the mean of each set of cells in float64, (sets)."""
        if self.exactly:
            return np.array([math.fsum(cells.ravel()[places]) / len(places) for places in self.order])
        totals = np.bincount(self.sets.ravel(), weights=_summed_where_alike(cells, self.sets).ravel())
        return totals * (len(totals) / self.input.size)

    @CachedProperty
    def statistics(self) -> list[Statistics]:
        """Each set's mean, variance and root."""
        pairs = self._running() if self.running is not None else self._measured()
        found = []
        for mean, variance in pairs:
            root, rational = root_of(variance + self.eps, 2, ROOT_BITS)
            found.append(Statistics(mean, variance, root, rational))
        return found

    def _running(self) -> list[tuple[Fraction, Fraction]]:
        assert self.running is not None
        return [(Fraction(exact(m)), Fraction(exact(v))) for m, v in zip(*self.running, strict=True)]

    def _measured(self) -> list[tuple[Fraction, Fraction]]:
        count, integers = self.order.shape[1], over_common_denominator(self.input)
        if integers is None:  # too many digits to be worked exactly
            rows = as_floats(self.input, FLOAT64).ravel()[self.order]
            means = [math.fsum(row) / count for row in rows]
            return [
                (Fraction(mean), Fraction(math.fsum((row - mean) ** 2) / count))
                for row, mean in zip(rows, means, strict=True)
            ]
        numerators, over = integers
        rows = numerators.ravel()[self.order].astype(object)
        sums, squares = rows.sum(axis=1), (rows * rows).sum(axis=1)
        return [
            (Fraction(int(s), count * over), Fraction(int(count * q - s * s), (count * over) ** 2))
            for s, q in zip(sums, squares, strict=True)
        ]

    @CachedProperty
    def kind_of_floats(self) -> np.dtype[Any] | None:
        """The float dtype of the answer; None if every root is rational and every number exact."""
        grids = [grid for grid in (self.input, self.gamma, self.beta, *(self.running or ())) if grid is not None]
        dtype = float_kind(*grids)
        return dtype or (None if all(one.rational for one in self.statistics) else FLOAT64)

    def statistic(self, index: int) -> Statistics:
        """Return the mean, the variance and the root of a cell's set."""
        return self.statistics[int(self.set_of[index])]

    def parameters_of(self, index: int) -> tuple[int | Fraction, int | Fraction]:
        """Return γ and β of a cell."""
        share = int(self.share_of[index])
        gamma, beta = (
            default if grid is None else exact(grid.ravel()[share if grid.size > 1 else 0])
            for grid, default in ((self.gamma, 1), (self.beta, 0))
        )
        return gamma, beta

    def of_cells(self, grid: Array | None, default: float) -> Any:
        """Return γ or β in float64, of the shape of `shares`, or a number for all; the default where there is none."""
        if grid is None:
            return default
        numbers = as_floats(grid, FLOAT64).ravel()
        return numbers[0] if numbers.size == 1 else numbers[self.shares]

    def deviation(self, index: int) -> Fraction:
        """Return a cell less the mean of its set."""
        return Fraction(exact(self.input.ravel()[index])) - self.statistic(index).mean

    def _exactly(self, index: int) -> Fraction:
        gamma, beta = self.parameters_of(index)
        return gamma * self.deviation(index) / self.statistic(index).root + beta

    @CachedProperty
    def output(self) -> Array:
        """The answer, of the input's shape: exact if every root is rational, else rounded once.

        Beyond MOST_EXACT_CELLS irrational ones are worked in float64, which may lose a few units in the last place of
        the larger of γ·(x − μ)/r and β.
        """
        if not self.cell_by_cell and self.kind_of_floats is not None:
            return self._in_floats()
        values = [self._exactly(index) for index in range(self.input.size)]
        return as_answer(values, self.input.shape, self.kind_of_floats)

    @CachedProperty
    def float_statistics(self) -> tuple[Array, Array]:
        """Each set's mean and root, in float64."""
        if self.exactly:
            pairs = np.array([[float(one.mean), float(one.root)] for one in self.statistics])
            return pairs[:, 0], pairs[:, 1]
        if self.running is None:
            cells = as_floats(self.input, FLOAT64)
            means = self.means_of_sets(cells)
            variances = self.means_of_sets((cells - means[self.sets]) ** 2)
        else:
            means, variances = (as_floats(grid, FLOAT64) for grid in self.running)
        roots = np.sqrt(variances + float(self.eps))
        check_finite(roots, result=True)
        return means, roots

    @CachedProperty
    def deviations(self) -> Array:
        """Every cell less the mean of its set, in float64."""
        sets, means = self.sets, self.float_statistics[0]
        if not self.exactly:
            return np.asarray(as_floats(self.input, FLOAT64) - means[sets])
        left_over = np.array([float(one.mean - Fraction(float(one.mean))) for one in self.statistics])
        cells, rests = floats_and_rests(self.input)
        return np.asarray((cells - means[sets]) + (rests - left_over[sets]))

    @CachedProperty
    def roots(self) -> Array:
        """What the cells of each set are divided by, in float64, of the shape of `sets`."""
        return self.float_statistics[1][self.sets]

    def _in_floats(self) -> Array:
        gamma, beta = self.of_cells(self.gamma, 1.0), self.of_cells(self.beta, 0.0)
        return rounded(gamma * (self.deviations / self.roots) + beta, self.kind_of_floats or FLOAT64)

    def step(self, at: Sequence[int], number: int = 1) -> NormStep:
        """Return the working of one cell, `at` being ([item,] [channel,] row, column).

        >>> from convcalc.engine.norms import batch_norm
        >>> step = batch_norm([1, 2, 3, 4], eps=0).step((0, 0))
        >>> step.mean, step.variance, round(step.value, 4)
        (Fraction(5, 2), Fraction(5, 4), -1.3416)
        """
        place = place_in(self.shape, at)
        index = int(np.ravel_multi_index(place, self.shape))
        one = self.statistic(index)
        gamma, beta = self.parameters_of(index)
        root = rounded_result(one.root, None if one.rational else FLOAT64)
        cell, value = (as_shown(grid.ravel()[index]) for grid in (self.input, self.output))
        return NormStep(
            number, place, cell, one.mean, one.variance, self.deviation(index), root, gamma, beta, value,
            one.rational,
        )  # fmt: skip

    def backward(self, gradient: Any = 1) -> "NormGradients":
        """Return the gradients of input, γ and β, given that of the output: of its shape, or one number for all.

        >>> from convcalc.engine.norms import batch_norm
        >>> gradients = batch_norm([1, 3], eps=0).backward([1, 0])
        >>> gradients.input.output.tolist(), gradients.gamma.tolist(), gradients.beta.tolist()
        ([0, 0], [-1], [1])
        """
        return NormGradients(self, like_the_output(gradient, self.input, self.input))


def _summed_where_alike(cells: Array, numbers: Array) -> Array:
    """Return cells added up along the axes in which the numbers that go with them are alike."""
    return np.asarray(cells.sum(axis=tuple(axis for axis, length in enumerate(numbers.shape) if length == 1)))


@dataclass(eq=False, repr=False)
class NormGradients:
    """The gradients of a normalisation, given that of its output."""

    forward: Normalized
    output: Array
    """The gradient of the output, of its shape."""

    @CachedProperty
    def input(self) -> "NormInputGradient":
        """The gradient of the input, which can be asked for its steps."""
        return NormInputGradient(self.forward, self.output)

    @CachedProperty
    def gamma(self) -> Array:
        """The gradient of γ, of its shape: the sum of each cell's gradient times what it was normalised to."""
        if not self.forward.cell_by_cell:
            normal = self.forward.deviations / self.forward.roots
            return self._summed(self.forward.gamma, as_floats(self.output, FLOAT64) * normal)
        parts = [exact(g) * self.normal(index) for index, g in enumerate(self.output.flat)]
        return self._added(self.forward.gamma, parts)

    @CachedProperty
    def beta(self) -> Array:
        """The gradient of β, of its shape: the sum of the cells' gradients."""
        if not self.forward.cell_by_cell and self.output.dtype.kind == "f":
            return self._summed(self.forward.beta, as_floats(self.output, FLOAT64))
        return self._added(self.forward.beta, [exact(g) for g in self.output.flat], is_rational=True)

    def _summed(self, given: Array | None, parts: Array) -> Array:
        """Return the floats of all cells that share a number of γ or β, added up: more than are worked exactly."""
        dtype = float_kind(self.output) or self.forward.kind_of_floats or FLOAT64
        if given is not None and given.size == 1:
            return rounded(np.array([parts.sum()]), dtype).reshape(given.shape)
        totals = _summed_where_alike(parts, self.forward.shares)
        return rounded(totals, dtype).reshape((-1,) if given is None else given.shape)

    def normal(self, index: int) -> Fraction:
        """Return what a cell is before γ and β."""
        return self.forward.deviation(index) / self.forward.statistic(index).root

    def _added(self, given: Array | None, parts: list[Any], *, is_rational: bool = False) -> Array:
        totals: list[Any] = [Fraction(0)] * (int(self.forward.shares.max()) + 1)
        for share, part in zip(self.forward.share_of.tolist(), parts, strict=True):
            totals[share] += part
        dtype = float_kind(self.output) if is_rational else float_kind(self.output) or self.forward.kind_of_floats
        if given is not None and given.size == 1:
            totals = [sum(totals)]
        return as_answer(totals, (len(totals),) if given is None else given.shape, dtype)


@dataclass(eq=False, repr=False)
class NormInputGradient:
    """The gradient of a normalisation's input: what comes from behind, less what the mean and the variance take.

    With g = γ·∂L/∂y, x̂ the normalised cell and r the root: (g − mean(g) − x̂·mean(g·x̂))/r; where mean and variance are
    given, and do not change with the cells, g/r. (Ioffe and Szegedy 2015, section 3.)
    """

    forward: Normalized
    gradient: Array

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The shape as items, channels, rows, columns."""
        return self.forward.shape

    def weighted(self, index: int) -> Any:
        """Return the gradient of a normalised cell: that of the output times γ."""
        return exact(self.gradient.flat[index]) * self.forward.parameters_of(index)[0]

    @CachedProperty
    def float_weighted(self) -> Array:
        """The gradients of all normalised cells, in float64."""
        return np.asarray(as_floats(self.gradient, FLOAT64) * self.forward.of_cells(self.forward.gamma, 1.0))

    @CachedProperty
    def means(self) -> dict[int, tuple[Any, Any]]:
        """Of each set that was asked for, the mean of the weighted gradients, and that of each times its deviation."""
        return {}

    def means_of(self, index: int) -> tuple[Any, Any]:
        """Return the two means of a set: of a large one they are sums of floats."""
        if self.forward.running is not None:
            return 0, 0
        if index not in self.means:
            places = self.forward.order[index]
            count, forward = len(places), self.forward
            if not forward.cell_by_cell:
                g = self.float_weighted.ravel()[places]
                products = g * forward.deviations.ravel()[places]
                self.means[index] = Fraction(math.fsum(g)) / count, Fraction(math.fsum(products)) / count
            else:
                weighted = [self.weighted(place) for place in places.tolist()]
                pairs = zip(weighted, places.tolist(), strict=True)
                product = sum(g * forward.deviation(place) for g, place in pairs)
                self.means[index] = Fraction(sum(weighted)) / count, Fraction(product) / count
        return self.means[index]

    def _exactly(self, index: int) -> Any:
        one = self.forward.statistic(index)
        mean, product = self.means_of(int(self.forward.set_of[index]))
        pull = self.forward.deviation(index) * product / (one.variance + self.forward.eps) if product else 0
        return (self.weighted(index) - mean - pull) / one.root

    @CachedProperty
    def dtype(self) -> np.dtype[Any] | None:
        """The float dtype of the answer, or None if it is exact."""
        return float_kind(self.gradient) or self.forward.kind_of_floats

    @CachedProperty
    def output(self) -> Array:
        """The gradient of the input, of its shape."""
        forward = self.forward
        if forward.cell_by_cell:
            return as_answer([self._exactly(i) for i in range(self.gradient.size)], self.gradient.shape, self.dtype)
        weighted = self.float_weighted
        if forward.running is None:
            normal = forward.deviations / forward.roots
            mean, product = (forward.means_of_sets(cells)[forward.sets] for cells in (weighted, weighted * normal))
            weighted = weighted - mean - normal * product
        return rounded(weighted / forward.roots, self.dtype or FLOAT64)

    def step(self, at: Sequence[int], number: int = 1) -> NormGradientStep:
        """Return the working of one cell, `at` being ([item,] [channel,] row, column)."""
        place = place_in(self.shape, at)
        index = int(np.ravel_multi_index(place, self.shape))
        one = self.forward.statistic(index)
        mean, product = self.means_of(int(self.forward.set_of[index]))
        kind = None if one.rational else FLOAT64
        normal, share = (rounded_result(value / one.root, kind) for value in (self.forward.deviation(index), product))
        gamma, _ = self.forward.parameters_of(index)
        return NormGradientStep(
            number, place, as_shown(self.gradient.ravel()[index]), gamma, mean, normal, share,
            rounded_result(one.root, kind), as_shown(self.output.ravel()[index]), one.rational,
        )  # fmt: skip
