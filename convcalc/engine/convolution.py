"""Convolution, as networks mean it: slide the kernel, multiply, add (cross-correlation; `flip` turns the kernel).

`convolve` returns a `Convolution`, whose `output` is the
whole answer at once and whose `step` is the working of one cell. Neither computes the other.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from convcalc.engine.cached import CachedProperty
from convcalc.engine.exact import (
    FLOAT64,
    FLOAT64_INTEGERS,
    INT64_LIMIT,
    LARGEST_EXACT,
    Array,
    as_floats,
    as_integers,
    check_finite,
    exact,
    float_kind,
    magnitude,
    over_common_denominator,
    quotient,
    rounded,
    rounded_partial,
    rounded_result,
    shown_cells,
    shown_number,
)
from convcalc.engine.fast.sums import weighted_sums
from convcalc.engine.geometry import Padding
from convcalc.engine.grids import as_grid, own_grid
from convcalc.engine.padding import pad_planes
from convcalc.engine.padding_modes import Border, PadMode, border
from convcalc.engine.plan import Plan, plan
from convcalc.engine.settings import Pair
from convcalc.engine.shapes import biases_of, four_dimensional, like_the_input, place_in, warn_of_channels_last
from convcalc.engine.step import ChannelSum, ConvolutionStep, Window
from convcalc.errors import InputError

MANY_PRODUCTS = 250_000
"""Products beyond which decimals are left to float arithmetic (integers never are), and float32 to its own."""
MOST_IN_DOUBT = 64
"""Sums in two floats that may be worked anew, one by one."""


def convolve(
    x: Any,
    kernel: Any,
    *,
    bias: Any = None,
    stride: Pair = 1,
    padding: Padding | int | str = 0,
    dilation: Pair = 1,
    groups: int = 1,
    mode: PadMode | Border | str = PadMode.ZEROS,
    pad_value: Any = 0,
    flip: bool = False,
    channels_first: bool = False,
    exactly: bool = True,
) -> "Convolution":
    """Convolve a grid (W), (H, W), (C, H, W) or (N, C, H, W) with a kernel (w), (h, w), (C, h, w) or (O, C, h, w).

    Integers and Fractions give exact results; decimals are worked as written and rounded once, to the input's
    float dtype. `bias` is one number a filter; `pad_value` stands in the padding, if its mode repeats no cells. A grid
    that looks as if its channels came last is warned of, unless it is known that `channels_first` they come. If not
    `exactly`, decimals are left to floats, as a framework does. Raises InputError where the shapes do not fit.

    >>> convolve([1, 2, 4, 7], [-1, 1]).output.tolist()
    [1, 2, 3]
    >>> convolve([[0.1, 0.2]], [[1, 1]]).output.tolist()
    [[0.3]]
    """
    grid, weights = own_grid(x), own_grid(kernel)
    if not channels_first:
        warn_of_channels_last(grid.shape)
    four, kernels = four_dimensional(grid), four_dimensional(weights)
    if flip:
        kernels = kernels[..., ::-1, ::-1]
    around = border(mode, pad_value)
    plan_ = plan(
        four.shape, kernels.shape, stride=stride, padding=padding, dilation=dilation, groups=groups, border=around
    )
    biases = biases_of(bias, plan_.filters, "filter")
    return Convolution(four, kernels, biases, plan_, grid.ndim, flip, exactly)


def spread(kernel: Any, channels: int, *, per_channel: bool) -> Array:
    """Return a one-channel kernel as (O, C / groups, h, w) for an input of many channels.

    With `per_channel` it is to run on each by itself (with as many groups as channels), else in all, summed.

    >>> spread([[1, 2]], 3, per_channel=True).shape, spread([[1, 2]], 3, per_channel=False).shape
    ((3, 1, 1, 2), (1, 3, 1, 2))
    """
    filters = four_dimensional(as_grid(kernel))
    if filters.shape[1] != 1:
        raise InputError(
            f"the kernel has {filters.shape[1]} channels already",
            hint="leave --per-channel and --all-channels out: it says which channel each weight is for",
        )
    return np.tile(filters, (channels, 1, 1, 1) if per_channel else (1, channels, 1, 1))


@dataclass(eq=False, repr=False)
class Convolution:
    """A convolution ready to be asked: for its whole `output`, or for the working of any one cell.

    `input`, `kernel` (flipped already, if asked) and `maps` are four-dimensional; `output` has the input's axes.
    """

    input: Array
    kernel: Array
    bias: Array | None
    plan: Plan
    input_dimensions: int
    flipped: bool
    exactly: bool = True
    """Whether decimals are worked as they are written, if they are not too many."""
    in_floats: bool = field(default=False, init=False)
    """Whether the maps, once they are worked, were too much to be exact."""

    @CachedProperty
    def padded(self) -> Array:
        """The input with its padding, (N, C, H + …, W + …)."""
        rows, columns = self.plan.rows, self.plan.columns
        return pad_planes(self.input, (rows.before, rows.after), (columns.before, columns.after), self.plan.border)

    @CachedProperty
    def maps(self) -> Array:
        """The feature maps, (N, O, rows, columns)."""
        if not self.exactly and self.kind is not None:
            return self.float_maps()
        if (maps := self._in_two_floats()) is not None:
            return maps
        numerators, divisor = self.sums()
        self.in_floats = not divisor
        return quotient(numerators, divisor, self.kind) if divisor else numerators

    @property
    def kind(self) -> np.dtype[Any] | None:
        """The float dtype of the feature maps, or None if they are exact."""
        return float_kind(*self._arrays)

    @property
    def _arrays(self) -> list[Array]:
        return [self.padded, self.kernel] + ([] if self.bias is None else [self.bias])

    def sums(self) -> tuple[Array, int]:
        """Return the feature maps before they are rounded: integers, and what divides them (0: they are floats)."""
        kind, arrays = self.kind, self._arrays
        many = self.plan.products > MANY_PRODUCTS
        integers: list[tuple[Array, int]] = []
        for array in arrays:
            if (pair := over_common_denominator(array, quickly=many)) is None:
                break
            integers.append(pair)
        if kind is not None and (len(integers) < len(arrays) or self._is_too_much(integers)):
            return self._in_floats(kind), 0
        return self._in_integers(integers)

    @property
    def output(self) -> Array:
        """The answer, with as many axes as the input; one feature map a filter."""
        return self.shaped(self.maps)

    def shaped(self, maps: Array) -> Array:
        """Return feature maps with the output's axes."""
        many = self.plan.filters > 1 or self.input_dimensions > 2
        return like_the_input(maps, self.input_dimensions, many_maps=many)

    def _in_two_floats(self) -> Array | None:
        """Work decimals of many digits, where that is quicker than in integers, and nearly all sums come out sure."""
        kind = self.kind
        if kind is None or self.plan.products > MANY_PRODUCTS:
            return None
        from convcalc.engine import compensated

        if not compensated.fits(self._arrays, self.plan):
            return None
        scaled = [pair for array in self._arrays if (pair := over_common_denominator(array, quickly=True)) is not None]
        if len(scaled) == len(self._arrays) and self._bound(scaled) < INT64_LIMIT:
            return None
        maps, in_doubt = compensated.rounded_sums(self.padded, self.kernel, self.bias, self.plan, kind)
        places = np.argwhere(in_doubt).tolist()
        if len(places) > MOST_IN_DOUBT:
            return None
        for place in places:
            maps[tuple(place)] = rounded_result(self._exact_sum(*place), kind)
        return maps

    def _exact_sum(self, item: int, map_: int, row: int, column: int) -> int | Fraction:
        """Return a cell's sum before it is rounded."""
        reads = self.plan.channels_read(map_), self.plan.rows.reads(row), self.plan.columns.reads(column)
        channels, down, across = (slice(read.start, read.stop, read.step) for read in reads)
        cells, weights = self.padded[item, channels, down, across], self.kernel[map_]
        products = (exact(cell) * exact(weight) for cell, weight in zip(cells.flat, weights.flat, strict=True))
        return sum(products, 0 if self.bias is None else exact(self.bias[map_]))

    def _is_too_much(self, scaled: list[tuple[Array, int]]) -> bool:
        """Whether decimals would take Python's own integers, and too many of them."""
        bound = self._bound(scaled)
        large = max(self.padded.size, math.prod(self.plan.shape)) > LARGEST_EXACT
        return bound >= (FLOAT64_INTEGERS if large else INT64_LIMIT) and self.plan.products > MANY_PRODUCTS

    def _bound(self, scaled: list[tuple[Array, int]]) -> int:
        """Return a size no intermediate sum can pass: the largest cell times each filter's summed weights."""
        (cells, cells_over), (weights, weights_over), *bias = scaled
        sums = np.abs(weights.astype(object)).reshape(self.plan.filters, -1).sum(axis=1)
        largest = magnitude(cells)
        bound = max(largest, 1) * int(max(sums))
        for biases, biases_over in bias:
            bound = max(bound, 1) * biases_over + max(magnitude(biases), 1) * cells_over * weights_over
        return max(bound, largest, magnitude(weights), *(magnitude(biases) for biases, _ in bias))

    def _in_integers(self, scaled: list[tuple[Array, int]]) -> tuple[Array, int]:
        """Add up whole numerators over one denominator, in the quickest arithmetic that is exact for them."""
        (cells, cells_over), (weights, weights_over), *bias = scaled
        bound = self._bound(scaled)
        total = weighted_sums(cells, weights, self.plan, bound)
        over = cells_over * weights_over
        for biases, biases_over in bias:
            total, biases = as_integers(bound, total, biases)
            total = total * biases_over + (biases * over)[:, None, None]
            over *= biases_over
        return total, over

    def float_maps(self, *, few: bool | None = None) -> Array:
        """Return the maps (N, O, rows, columns) of decimals worked in their float dtype, as a framework does.

        What few cells of decimals cost to be exact is saved; an answer may be some units in the last place off. Few
        products (or what is said to be `few`) are added up as float64 and rounded once: their digits then do not depend
        on the processor.
        """
        kind = self.kind
        assert kind is not None, "there are decimals"
        few = self.plan.products <= MANY_PRODUCTS if few is None else few
        return rounded(self._in_floats(FLOAT64), kind) if few else self._in_floats(kind)

    def _in_floats(self, kind: np.dtype[Any]) -> Array:
        cells, weights = as_floats(self.padded, kind), as_floats(self.kernel, kind)
        with np.errstate(all="ignore"):
            total = weighted_sums(cells, weights, self.plan)
            if self.bias is not None:
                total += as_floats(self.bias, kind)[:, None, None]
                check_finite(total, result=True)
        return total

    def step(self, at: Sequence[int], number: int = 1) -> ConvolutionStep:
        """Return the working of one output cell, `at` being ([item,] [map,] row, column).

        >>> convolve([[1, 2], [3, 4]], [[1, 0], [0, -1]]).step((0, 0)).channels[0].products
        ((1, 0), (0, -4))
        """
        item, map_, row, column = place_in(self.plan.shape, at)
        rows, columns = self.plan.rows, self.plan.columns
        window = Window(rows.reads(row), columns.reads(column))
        padding = tuple(tuple(rows.is_padding(r) or columns.is_padding(c) for c in window.columns) for r in window.rows)
        channel_sums = [
            self._channel_sum(self.padded[item, channel], self.kernel[map_, depth], channel, window, padding)
            for depth, channel in enumerate(self.plan.channels_read(map_))
        ]
        total = sum(subtotal for subtotal, _ in channel_sums)
        bias = None
        if self.bias is not None:
            total += exact(self.bias[map_])
            bias_is_float = float_kind(self.bias) is not None
            bias = shown_number(exact(self.bias[map_]), as_float=bias_is_float)
        sums = tuple(channel_sum for _, channel_sum in channel_sums)
        value = rounded_result(total, self.kind)
        return ConvolutionStep(number, (item, map_, row, column), window, sums, bias, value)

    def _channel_sum(
        self, plane: Array, kernel: Array, channel: int, window: Window, padding: tuple[tuple[bool, ...], ...]
    ) -> tuple[int | Fraction, ChannelSum]:
        """Multiply one channel's cells by their weights; return the exact total, and the sum as it is shown."""
        cells = [[self._exactly(plane[r, c]) for c in window.columns] for r in window.rows]
        weights, divisor = self._weights(kernel)
        products = [[x * w for x, w in zip(*pair, strict=True)] for pair in zip(cells, weights, strict=True)]
        summed = sum(itertools.chain.from_iterable(products))
        total = Fraction(summed, divisor)
        cells_are_float = float_kind(plane) is not None
        weights_are_float = float_kind(kernel) is not None
        either = cells_are_float or weights_are_float
        return total, ChannelSum(
            channel,
            shown_cells(cells, as_float=cells_are_float),
            padding,
            shown_cells(weights, as_float=weights_are_float),
            shown_cells(products, as_float=either),
            rounded_partial(total, float_kind(plane, kernel)),
            shown_number(summed, as_float=either),
            divisor,
        )

    def _exactly(self, cell: Any) -> int | Fraction:
        """Return a cell as the maps were worked of it: as the decimal it is written as, or of float32 as a float64.

        The latter is what floats that are too many to be exact make of it, beside others of float64.
        """
        if isinstance(cell, np.float32) and self.kind == np.float64 and self.maps.size and self.in_floats:
            return Fraction(float(cell))
        return exact(cell)

    def _weights(self, kernel: Array) -> tuple[list[list[int | Fraction]], int]:
        """Return one channel's weights, exact, and what divides them all if they are fractions of one."""
        weights = [[self._exactly(weight) for weight in line] for line in kernel]
        if float_kind(kernel) is not None:
            return weights, 1
        denominators = {weight.denominator for line in weights for weight in line}
        divisor = math.lcm(*denominators)
        if divisor not in denominators:
            return weights, 1
        return [[int(weight * divisor) for weight in line] for line in weights], divisor
