"""Transposed convolution: a convolution's shapes the other way, as scatter-add and as zero-insertion.

Every input cell stamps the kernel, times itself, onto the output, `stride` cells from stamp to stamp; where stamps
overlap they add up. The same numbers come of a plain convolution of the input with zeros inserted between its cells and
a border around it, the kernel rotated by 180° (Dumoulin and Visin, arXiv:1603.07285, relationships 13 and 14). It is
also how a gradient comes back through a convolution.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convcalc.engine.cached import CachedProperty
from convcalc.engine.convolution import MANY_PRODUCTS, Convolution, convolve
from convcalc.engine.exact import (
    FLOAT64,
    Array,
    as_floats,
    as_integers,
    exact,
    float_kind,
    magnitude,
    over_common_denominator,
    quotient,
    rounded,
    shown_cells,
    shown_number,
)
from convcalc.engine.fast.channels import multiplied
from convcalc.engine.fast.threads import BAND, bands
from convcalc.engine.geometry import TransposedAxis
from convcalc.engine.grids import own_grid
from convcalc.engine.naming import PLANE, Naming
from convcalc.engine.settings import Pair, whole_numbers
from convcalc.engine.shapes import biases_of, check_cells, four_dimensional, like_the_input, place_in
from convcalc.engine.step import ConvolutionStep, StampStep
from convcalc.errors import InputError


@dataclass(eq=False, repr=False)
class Transposed:
    """A transposed convolution ready to be asked for its `output`, for a stamp, or for the zero-inserted reading.

    `input` (N, C, H, W) and `kernel` (C, O / groups, h, w) are four-dimensional; `output` has the input's axes.
    """

    input: Array
    kernel: Array
    bias: Array | None
    rows: TransposedAxis
    columns: TransposedAxis
    groups: int
    input_dimensions: int
    exactly: bool = True
    """Whether decimals are worked as they are written, if they are not too many."""

    @property
    def maps_a_group(self) -> int:
        """How many output maps each input channel stamps onto."""
        return int(self.kernel.shape[1])

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The output's shape: items, maps, rows, columns."""
        return len(self.input), self.maps_a_group * self.groups, self.rows.output, self.columns.output

    @property
    def stamps(self) -> tuple[int, int, int, int]:
        """How many stamps there are: items, map-and-channel pairs, rows, columns."""
        items, _, height, width = self.input.shape
        return items, self.kernel.shape[0] * self.maps_a_group, height, width

    @CachedProperty
    def inserted(self) -> Convolution:
        """The zero-inserted reading: a plain convolution of stride 1 whose maps are the answer."""
        return self._convolution(self.input, self.bias)

    def _convolution(self, cells: Array, bias: Array | None) -> Convolution:
        rows, columns = self.rows, self.columns
        zero_filled = insert_zeros(cells, rows.stride, columns.stride)
        borders = (rows.before, rows.after, columns.before, columns.after)
        if min(borders) < 0:
            zero_filled, borders = _placed(zero_filled, rows, columns), (0, 0, 0, 0)
        return convolve(
            zero_filled,
            swapped(self.kernel, self.groups),
            flip=True,
            bias=bias,
            padding=borders,
            dilation=(rows.dilation, columns.dilation),
            groups=self.groups,
            channels_first=True,
            exactly=self.exactly,
        )

    @CachedProperty
    def maps(self) -> Array:
        """The output maps, (N, O, rows, columns): those of the zero-inserted reading, or what floats stamp."""
        kind = float_kind(self.input, self.kernel, *([] if self.bias is None else [self.bias]))
        has_zeros, adds_channels = max(self.rows.stride, self.columns.stride) > 1, len(self.kernel) > self.groups
        if self.exactly or kind is None or not (has_zeros and adds_channels):
            return self.inserted.maps
        products = self.input.size * self.kernel[0].size
        with np.errstate(all="ignore"):
            total = self._stamped(FLOAT64 if products <= MANY_PRODUCTS else kind)
            if self.bias is not None:
                total += as_floats(self.bias, total.dtype)[:, None, None]
        return rounded(total, kind)

    def _stamped(self, kind: np.dtype[Any]) -> Array:
        """Add up all stamps in floats: what a band of rows stamps is one product of matrices, without zeros."""
        rows, columns = self.rows, self.columns
        cells, weights = as_floats(self.input, kind), as_floats(self.kernel, kind)
        items, height, width = len(cells), *cells.shape[2:]
        cells = cells.reshape(items, self.groups, -1, height, width)
        weights = weights.reshape(self.groups, cells.shape[2], -1).transpose(0, 2, 1)
        lengths = [max(axis.stamped, axis.cut + axis.output) for axis in (rows, columns)]
        total = np.zeros((items, self.shape[1], *lengths), kind)
        for item, band in itertools.product(range(items), bands(height, weights[..., 0].nbytes * width, BAND)):
            stamping = cells[item, :, :, band].reshape(*cells.shape[1:3], -1)
            stamps = np.empty((*weights.shape[:2], stamping.shape[2]), kind)
            multiplied(weights, stamping, stamps)
            stamps = stamps.reshape(self.shape[1], rows.kernel, columns.kernel, -1, width)
            for i, j in itertools.product(range(rows.kernel), range(columns.kernel)):
                top, left = band.start * rows.stride + i * rows.dilation, j * columns.dilation
                bottom, right = top + (stamps.shape[3] - 1) * rows.stride, left + (width - 1) * columns.stride
                total[item, :, top : bottom + 1 : rows.stride, left : right + 1 : columns.stride] += stamps[:, i, j]
        return total[:, :, rows.cut : rows.cut + rows.output, columns.cut : columns.cut + columns.output]

    @property
    def output(self) -> Array:
        """The answer, with as many axes as the input; one map a filter."""
        return self.shaped(self.maps)

    def shaped(self, maps: Array) -> Array:
        """Return maps with the output's axes."""
        many = self.shape[1] > 1 or self.input_dimensions > 2
        return like_the_input(maps, self.input_dimensions, many_maps=many)

    def step(self, at: Sequence[int], number: int = 1) -> ConvolutionStep:
        """Return the working of one output cell, by the zero-inserted reading.

        >>> conv_transpose([[1, 2]], [[1, 10]], stride=2).step((0, 3)).value
        20
        """
        return self.inserted.step(at, number)

    def stamp(self, at: Sequence[int], number: int = 1) -> StampStep:
        """Return the working of one stamp, `at` being (item, map-and-channel pair, row, column) within `stamps`.

        >>> step = conv_transpose([[1, 2]], [[1, 10]], stride=2).stamp((0, 0, 0, 1))
        >>> step.stamp, list(step.columns), step.so_far.tolist()
        (((2, 20),), [2, 3], [[1, 10, 2, 20]])
        """
        item, index, row, column = place_in(self.stamps, at)
        map_, channel = self.pair(index)
        cell = exact(self.input[item, channel, row, column])
        weights = [[exact(w) for w in line] for line in self.kernel[channel, map_ % self.maps_a_group]]
        cells_float, weights_float = float_kind(self.input) is not None, float_kind(self.kernel) is not None
        before, so_far = self._maps_around(item, map_, channel, row, column)
        return StampStep(
            number,
            (item, channel, row, column),
            map_,
            shown_number(cell, as_float=cells_float),
            shown_cells(weights, as_float=weights_float),
            shown_cells([[cell * w for w in line] for line in weights], as_float=cells_float or weights_float),
            self.rows.stamps(row),
            self.columns.stamps(column),
            before,
            so_far,
        )

    def _maps_around(self, item: int, map_: int, channel: int, row: int, column: int) -> tuple[Array, Array]:
        """Return one map without a stamp, and with it; the stamps before it are added one by one, and kept."""
        depth = len(self.kernel) // self.groups
        height, width = self.input.shape[2:]
        first = map_ // self.maps_a_group * depth
        index = ((channel - first) * height + row) * width + column
        cells, weights, over = self._numerators
        kind = float_kind(self.input, self.kernel)
        stamps_done, plane = self._kept.get((item, map_), (0, None))
        if plane is None or stamps_done > index:
            stamps_done, plane = 0, np.zeros((self.rows.output, self.columns.output), dtype=cells.dtype)
        for number in range(stamps_done, index):
            self._stamp_onto(plane, cells[item], weights, number, map_)
        before = quotient(plane.copy(), over, kind) if over else plane.copy()
        self._stamp_onto(plane, cells[item], weights, index, map_)
        self._kept[item, map_] = index + 1, plane
        return before, quotient(plane.copy(), over, kind) if over else plane.copy()

    @CachedProperty
    def _kept(self) -> dict[tuple[int, int], tuple[int, Any]]:
        """For each map how many stamps are on it, and the map."""
        return {}

    @CachedProperty
    def _numerators(self) -> tuple[Array, Array, int]:
        """The input and the kernel as whole numbers, and what divides their products (0: nothing, they are floats)."""
        integers, kernel = over_common_denominator(self.input), over_common_denominator(self.kernel)
        if integers is None or kernel is None:
            return self.input, self.kernel, 0
        (cells, cells_over), (weights, weights_over) = integers, kernel
        cells, weights = as_integers(magnitude(cells) * magnitude(weights) * weights.size, cells, weights)
        return cells, weights, cells_over * weights_over

    def _stamp_onto(self, plane: Array, cells: Array, weights: Array, index: int, map_: int) -> None:
        """Add the stamp of that number to a map, as far as it is not cut off."""
        height, width = cells.shape[1:]
        within, place = divmod(index, height * width)
        row, column = divmod(place, width)
        channel = map_ // self.maps_a_group * (len(self.kernel) // self.groups) + within
        down, across = self.rows.stamps(row), self.columns.stamps(column)
        kept_rows = [i for i, r in enumerate(down) if 0 <= r < self.rows.output]
        kept_columns = [j for j, c in enumerate(across) if 0 <= c < self.columns.output]
        if kept_rows and kept_columns:
            stamp = cells[channel, row, column] * weights[channel, map_ % self.maps_a_group]
            target = np.ix_([down[i] for i in kept_rows], [across[j] for j in kept_columns])
            plane[target] += stamp[np.ix_(kept_rows, kept_columns)]

    def pair(self, index: int) -> tuple[int, int]:
        """Return the output map and the input channel of a map-and-channel pair: map after map."""
        depth = len(self.kernel) // self.groups
        map_, within = divmod(index, depth)
        return map_, map_ // self.maps_a_group * depth + within


def _placed(spread: Array, rows: TransposedAxis, columns: TransposedAxis) -> Array:
    """Return a spread input with its border in place, where that is to be cut at some side."""
    lengths = [axis.output + axis.extent - 1 for axis in (rows, columns)]
    canvas: Array = np.zeros((*spread.shape[:2], *lengths), dtype=spread.dtype)
    windows = [
        (max(axis.before, 0), max(-axis.before, 0), min(size + min(axis.before, 0), length - max(axis.before, 0)))
        for axis, size, length in zip((rows, columns), spread.shape[2:], lengths, strict=True)
    ]
    if min(taken for _, _, taken in windows) > 0:
        (top, first_row, tall), (left, first_column, wide) = windows
        canvas[:, :, top : top + tall, left : left + wide] = spread[
            :, :, first_row : first_row + tall, first_column : first_column + wide
        ]
    return canvas


def insert_zeros(cells: Array, rows: int, columns: int) -> Array:
    """Return (…, H, W) with zeros between rows and columns, so that cells lie that many apart.

    >>> insert_zeros(np.array([[1, 2], [3, 4]]), 1, 2).tolist()
    [[1, 0, 2], [3, 0, 4]]
    """
    if rows == columns == 1:
        return cells
    height, width = cells.shape[-2:]
    zero_filled: Array = np.zeros((*cells.shape[:-2], (height - 1) * rows + 1, (width - 1) * columns + 1), cells.dtype)
    zero_filled[..., ::rows, ::columns] = cells
    return zero_filled


def swapped(kernel: Array, groups: int) -> Array:
    """Return a kernel (C, O / groups, h, w) with its axes as a plain convolution's: (O, C / groups, h, w)."""
    channels, maps, height, width = kernel.shape
    grouped = kernel.reshape(groups, channels // groups, maps, height, width)
    turned: Array = grouped.transpose(0, 2, 1, 3, 4).reshape(groups * maps, channels // groups, height, width)
    return turned


def conv_transpose(
    x: Any,
    kernel: Any,
    *,
    bias: Any = None,
    stride: Pair = 1,
    padding: Any = 0,
    output_padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Transposed:
    """Run a transposed convolution of a grid of one to four dimensions; the kernel is (C, O / groups, h, w).

    As in PyTorch, `padding` is what a convolution the other way would have had: it cuts the output's border;
    `output_padding` adds rows and columns at the end that a stride would lose. Raises InputError where channels,
    groups or sizes do not fit.

    >>> conv_transpose([[1, 2], [3, 4]], [[1, 1], [1, 1]]).output.tolist()
    [[1, 3, 2], [4, 10, 6], [3, 7, 4]]
    """
    grid, weights = own_grid(x), own_grid(kernel)
    four, kernels = four_dimensional(grid), four_dimensional(weights)
    _check_channels(four.shape[1], kernels.shape[0], groups)
    height, width = four.shape[2:]
    naming = Naming(height == 1 and kernels.shape[2] == 1)
    amounts = naming.read_padding(padding)
    if isinstance(amounts, str):
        raise InputError(
            f"padding '{amounts}' is a convolution's word", hint="write how much is cut off the border, as in 1"
        )
    strides, spreads = naming.read_pair(stride, "stride"), naming.read_pair(dilation, "dilation")
    extras = whole_numbers(output_padding, "output padding")
    extra = (0, extras[0]) if naming.one_row and len(extras) == 1 else PLANE.read_pair(extras, "output padding")
    axes = [
        TransposedAxis.of(size, taps, strides[index], amounts, index, spreads[index], extra[index])
        for index, (size, taps) in enumerate(((height, kernels.shape[2]), (width, kernels.shape[3])))
    ]
    maps = max(four.shape[1], kernels.shape[1] * groups)
    check_cells(
        "the stamps",
        (four.shape[0], maps, *(max(axis.stamped, axis.output) for axis in axes)),
        four,
        "use a smaller stride",
        times=16,
    )
    biases = biases_of(bias, kernels.shape[1] * groups, "map")
    return Transposed(four, kernels, biases, axes[0], axes[1], groups, grid.ndim)


def _check_channels(channels: int, filters: int, groups: int) -> None:
    if groups < 1:
        raise InputError(f"the groups must be at least 1, not {groups}", hint="try 1")
    if filters != channels:
        raise InputError(
            f"the kernel has weights for {filters} input channel{'s' * (filters != 1)}, but the input has {channels}",
            hint="give it one block for each input channel, separated by a line of ---: as in PyTorch, a transposed "
            "convolution's weights are input channels × maps × rows × columns",
        )
    if channels % groups:
        raise InputError(
            f"{channels} input channels cannot be divided into {groups} groups",
            hint=f"use groups that divide {channels}",
        )
