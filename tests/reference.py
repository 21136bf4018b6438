"""Slow, obvious loops over nested lists of exact numbers: the second source of every figure. No numpy."""

import math
import statistics
from collections.abc import Callable
from fractions import Fraction
from typing import Any

Plane = list[list[Any]]


SOURCES: dict[str, Callable[[int, int], int | None]] = {
    "zeros": lambda position, size: None,
    "replicate": lambda position, size: 0 if position < 0 else size - 1,
    "circular": lambda position, size: position + size if position < 0 else position - size,
    "symmetric": lambda position, size: -1 - position if position < 0 else 2 * size - 1 - position,
    "reflect": lambda position, size: -position if position < 0 else 2 * (size - 1) - position,
}
"""Which cell stands outside, in every mode of padding."""


def source(position: int, size: int, mode: str) -> int | None:
    """Return which cell a padded position repeats, or None for a zero."""
    return position if 0 <= position < size else SOURCES[mode](position, size)


def padded(plane: Plane, top: int, bottom: int, left: int, right: int, mode: str = "zeros") -> Plane:
    height, width = len(plane), len(plane[0])
    result = []
    for row in range(-top, height + bottom):
        cells = []
        for column in range(-left, width + right):
            r, c = source(row, height, mode), source(column, width, mode)
            cells.append(0 if r is None or c is None else plane[r][c])
        result.append(cells)
    return result


def convolve(
    items: list[list[Plane]],
    filters: list[list[Plane]],
    *,
    bias: list[Any] | None = None,
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int, int, int] = (0, 0, 0, 0),
    dilation: tuple[int, int] = (1, 1),
    groups: int = 1,
    mode: str = "zeros",
) -> list[list[Plane]]:
    answer = []
    for channels in items:
        wide = [padded(plane, *padding, mode) for plane in channels]
        maps = []
        for o, kernel in enumerate(filters):
            first = (o * groups // len(filters)) * len(kernel)
            kernel_height, kernel_width = len(kernel[0]), len(kernel[0][0])
            rows = []
            top = 0
            while top + dilation[0] * (kernel_height - 1) < len(wide[0]):
                cells = []
                left = 0
                while left + dilation[1] * (kernel_width - 1) < len(wide[0][0]):
                    total = bias[o] if bias is not None else 0
                    for depth, weights in enumerate(kernel):
                        for i in range(kernel_height):
                            for j in range(kernel_width):
                                cell = wide[first + depth][top + i * dilation[0]][left + j * dilation[1]]
                                total += cell * weights[i][j]
                    cells.append(total)
                    left += stride[1]
                rows.append(cells)
                top += stride[0]
            maps.append(rows)
        answer.append(maps)
    return answer


def window_starts(size: int, window: int, stride: int, before: int, after: int, dilation: int, ceil: bool) -> list[int]:
    """Return where windows start, relative to the input: PyTorch's rule, told as a walk instead of a formula."""
    extent = dilation * (window - 1) + 1
    starts = []
    start = -before
    while start + extent <= size + after:
        starts.append(start)
        start += stride
    if ceil and starts and starts[-1] + extent < size + after and start < size:
        starts.append(start)
    return starts


def pool(
    plane: Plane,
    kind: str,
    *,
    window: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int, int, int] = (0, 0, 0, 0),
    dilation: tuple[int, int] = (1, 1),
    ceil: bool = False,
    count_padding: bool = True,
    norm: int = 2,
) -> Plane:
    top, bottom, left, right = padding
    height, width = len(plane), len(plane[0])
    rows = []
    for r in window_starts(height, window[0], stride[0], top, bottom, dilation[0], ceil):
        cells = []
        for c in window_starts(width, window[1], stride[1], left, right, dilation[1], ceil):
            real, counted = [], 0
            for i in range(window[0]):
                for j in range(window[1]):
                    y, x = r + i * dilation[0], c + j * dilation[1]
                    inside = 0 <= y < height and 0 <= x < width
                    if inside:
                        real.append(plane[y][x])
                    if inside or (count_padding and y < height + bottom and x < width + right):
                        counted += 1
            cells.append(REDUCED[kind](real, counted, norm))
        rows.append(cells)
    return rows


REDUCED: dict[str, Callable[[list[Any], int, int], Any]] = {
    "max": lambda cells, counted, norm: max(cells),
    "min": lambda cells, counted, norm: min(cells),
    "sum": lambda cells, counted, norm: sum(cells),
    "median": lambda cells, counted, norm: statistics.median(map(Fraction, cells)),
    "avg": lambda cells, counted, norm: Fraction(sum(cells)) / counted,
    "lp": lambda cells, counted, norm: math.pow(sum(abs(float(cell)) ** norm for cell in cells), 1 / norm),
}
"""What a window gives, in every kind of pooling."""


def transposed(
    items: list[list[Plane]],
    kernel: list[list[Plane]],
    *,
    bias: list[Any] | None = None,
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int, int, int] = (0, 0, 0, 0),
    output_padding: tuple[int, int] = (0, 0),
    dilation: tuple[int, int] = (1, 1),
    groups: int = 1,
) -> list[list[Plane]]:
    """Every input cell stamps the kernel (channels × maps a group × rows × columns) onto a large enough map."""
    top, bottom, left, right = padding
    maps_a_group, channels_a_group = len(kernel[0]), len(kernel) // groups
    answer = []
    for channels in items:
        height, width = len(channels[0]), len(channels[0][0])
        tall = (height - 1) * stride[0] + dilation[0] * (len(kernel[0][0]) - 1) + 1 + output_padding[0]
        wide = (width - 1) * stride[1] + dilation[1] * (len(kernel[0][0][0]) - 1) + 1 + output_padding[1]
        maps = []
        for map_ in range(maps_a_group * groups):
            plane = [[0] * wide for _ in range(tall)]
            first = map_ // maps_a_group * channels_a_group
            for c in range(first, first + channels_a_group):
                for y in range(height):
                    for x in range(width):
                        for i, line in enumerate(kernel[c][map_ % maps_a_group]):
                            for j, weight in enumerate(line):
                                row, column = y * stride[0] + i * dilation[0], x * stride[1] + j * dilation[1]
                                plane[row][column] += channels[c][y][x] * weight
            more = bias[map_] if bias is not None else 0
            maps.append([[cell + more for cell in row[left : wide - right]] for row in plane[top : tall - bottom]])
        answer.append(maps)
    return answer


def slope(function: Any, grid: Any, place: tuple[int, ...], step: Fraction) -> Any:
    """Return the central difference of a function of a nested list with respect to one cell: exact if it is linear."""

    def moved(by: Fraction) -> Any:
        def copy(part: Any, at: tuple[int, ...]) -> Any:
            if not at:
                return part + by
            return [copy(p, at[1:]) if index == at[0] else p for index, p in enumerate(part)]

        return function(copy(grid, place))

    return (moved(step) - moved(-step)) / (2 * step)
