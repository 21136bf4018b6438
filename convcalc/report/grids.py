"""Grids of numbers as bodies of text, made once for all the steps that show them."""

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np

from convcalc.engine.exact import Array
from convcalc.engine.naming import PLANE, Naming
from convcalc.engine.step import Cells, Number
from convcalc.report.document import Answer, Body, Grids, Matrix, Shade
from convcalc.report.numbers import Writer, plain, widest

WRITTEN_AT_ONCE = 1 << 14


def body_of(
    plane: Array,
    title: str,
    write: Writer,
    *,
    padding: tuple[int, int, int, int] = (0, 0, 0, 0),
    heat: bool = False,
    width: int = 0,
) -> Body:
    """Return a two-dimensional grid as a body; `width` is the least its cells take."""
    if plane.size <= WRITTEN_AT_ONCE:
        values = plane if plane.dtype == np.float32 else plane.tolist()
        write_cell = str if plane.dtype.kind == "i" else write.for_cells(plane.flat) if plane.dtype == object else write
        cells = [[write_cell(cell) for cell in line] for line in values]
        text, cell_width = _lookup(cells), max(len(cell) for line in cells for cell in line)
    else:
        text, cell_width = lambda row, column: write(plane[row, column]), widest(plane, write)
    rows, columns = plane.shape
    shade = shading(plane) if heat else None
    scale = scale_of(plane, write) if heat else ()
    is_measured = plane.size <= WRITTEN_AT_ONCE
    return Body(
        title,
        rows,
        columns,
        text,
        max(width, cell_width),
        padding,
        shade,
        lambda: shading(plane),
        scale,
        value=lambda row, column: str(plane[row, column]),
        measured=is_measured,
    )


def small_body(cells: Cells, title: str, write: Writer, least: int = 0) -> Body:
    """Return a small grid of plain numbers as a body; `least` is the least width of a cell."""
    write_cell = write.for_cells(cell for row in cells for cell in row)
    texts = [[write_cell(cell) for cell in row] for row in cells]
    width = max(len(text) for row in texts for text in row)
    return Body(title, len(texts), len(texts[0]), _lookup(texts), max(width, least))


def _lookup(cells: list[list[str]]) -> Callable[[int, int], str]:
    return lambda row, column: cells[row][column]


def shading(plane: Array) -> Callable[[int, int], Shade]:
    """Return how each cell is shaded: from 0 to the largest, or evenly around 0 if there are negative cells."""
    largest = _largest(plane) or 1
    if plane.dtype == object:
        plane = np.array([[float(Fraction(cell) / Fraction(largest)) for cell in row] for row in plane.tolist()])
    else:
        plane = plane.astype(np.float64) / float(largest)
    if plane.min() < 0:
        return lambda row, column: Shade((float(plane[row, column]) + 1) / 2, 0.5)
    return lambda row, column: Shade(float(plane[row, column]), 0.0)


def picture_of(channels: Array) -> Body:
    """Return red, green and blue, (3, H, W) from 0 to 255, as one picture in its colours, each cell ``#rrggbb``."""
    _, rows, columns = channels.shape

    def colour(row: int, column: int) -> tuple[int, int, int]:
        red, green, blue = (int(cell) for cell in channels[:, row, column])
        return red, green, blue

    def shade(row: int, column: int) -> Shade:
        red, green, blue = colour(row, column)
        return Shade((299 * red + 587 * green + 114 * blue) / 255_000, 0.0, (red, green, blue))  # ITU-R BT.601

    return Body(
        f"picture {rows}×{columns}",
        rows,
        columns,
        lambda row, column: "#{:02x}{:02x}{:02x}".format(*colour(row, column)),
        len("#rrggbb"),
        shade=shade,
        scale=("red, green and blue",),
    )


def _largest(plane: Array) -> Number:
    """Return the size of the largest cell as a plain number, which does not wrap round."""
    return plain(max(plain(plane.max()), -plain(plane.min())))


def scale_of(plane: Array, write: Writer) -> tuple[str, ...]:
    """Return what the darkest shade, the middle one (if that is 0) and the lightest stand for."""
    largest = _largest(plane)
    return (write(-largest), "0", write(largest)) if plane.min() < 0 else ("0", write(largest))


def like(array: Array) -> Array:
    """Return a four-dimensional array with no more axes in front than it needs, two at least."""
    first = next((index for index in range(2) if array.shape[index] > 1), 2)
    return array.reshape(array.shape[first:])


def planes(
    grid: Array, title: str, part: str, naming: Naming = PLANE, *, item: str = "item"
) -> list[tuple[str, Array]]:
    """Return a grid's planes with a title each: one, or one a channel (or map: `part`), or one an item and channel."""
    flat = np.atleast_2d(grid)
    shape = Naming(naming.one_row or grid.ndim == 1).size(*flat.shape[-2:])
    if flat.size == math.prod(flat.shape[-2:]):
        return [(f"{title} {shape}", flat.reshape(flat.shape[-2:]))]
    titled = []
    for index in np.ndindex(*flat.shape[:-2]):
        first = f"{item} {index[0]}, " if len(index) > 1 else ""
        titled.append((f"{title}, {first}{part} {index[-1]}, {shape}", flat[index]))
    return titled


def grids_of(
    grid: Array,
    title: str,
    write: Writer,
    *,
    heat: bool = False,
    padding: tuple[int, int, int, int] = (0, 0, 0, 0),
    naming: Naming = PLANE,
    part: str = "channel",
    item: str = "item",
) -> Grids:
    """Return a whole grid, every channel of it, to be set side by side."""
    bodies = [
        body_of(plane, name, write, heat=heat, padding=padding)
        for name, plane in planes(grid, title, part, naming, item=item)
    ]
    return Grids(tuple(Matrix(body) for body in bodies))


def answer_of(grid: Array, write: Writer, part: str, *, heat: bool = False, naming: Naming = PLANE) -> Answer:
    """Return the answer as it is drawn where it does not follow as plain rows."""
    return Answer(grids_of(grid, "output", write, heat=heat, naming=naming, part=part))
