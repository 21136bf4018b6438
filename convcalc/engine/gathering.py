"""Grids added, joined, enlarged, unpooled, and thinned out: what gathers every output cell from a few cells.

The conventions are PyTorch's: torch.cat, torch.nn.Upsample, torch.nn.MaxUnpool2d, torch.nn.Dropout in training.
"""

import itertools
import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from convcalc.choices import UpsampleMode
from convcalc.engine.exact import Array, exact
from convcalc.engine.gather_kinds import GatherKind
from convcalc.engine.gathered import NOWHERE, Gathered, Reading
from convcalc.engine.grids import as_grid, own_grid
from convcalc.engine.naming import Naming, shape_text
from convcalc.engine.settings import Pair, choose, whole_numbers
from convcalc.engine.shapes import check_cells, is_like
from convcalc.errors import InputError

AXES = {-1: "columns", -2: "rows", -3: "channels", -4: "items"}


def _names(count: int) -> tuple[str, ...]:
    return ("input", "other") if count == 2 else ("input", *(f"other {index}" for index in range(1, count)))


def add(x: Any, *others: Any) -> Gathered:
    """Add grids of one shape, cell by cell.

    >>> add([[1, 2]], [[3, 5]]).output.tolist()
    [[4, 7]]
    """
    grids = tuple(map(own_grid, (x, *others)))
    _check_several(grids)
    for grid in grids[1:]:
        if grid.shape != grids[0].shape:
            shapes = shape_text(grids[0].shape), shape_text(grid.shape)
            raise InputError(f"{shapes[0]} and {shapes[1]} cannot be added", hint="their shapes must be alike")
    size = grids[0].size
    places = np.arange(size * len(grids)).reshape(len(grids), size)
    return Gathered(GatherKind.ADD, grids, _names(len(grids)), grids[0].shape, Reading(places, np.ones_like(places)))


def _check_several(grids: Sequence[Array]) -> None:
    if len(grids) < 2:
        raise InputError("there is only one grid", hint="give another one to join it with")


def concat(x: Any, *others: Any, axis: int | None = None) -> Gathered:
    """Put grids behind one another along an axis, counted from the last: -1 columns, -2 rows, -3 channels.

    By default along the channels, of which a grid (H, W) is one; rows of numbers one behind the other.

    >>> concat([[1, 2]], [[3, 4]]).output.tolist(), concat([1, 2], [3]).output.tolist()
    ([[1, 2, 3, 4]], [1, 2, 3])
    """
    grids = tuple(map(own_grid, (x, *others)))
    _check_several(grids)
    along = (-1 if all(math.prod(grid.shape[:-1]) == 1 for grid in grids) else -3) if axis is None else axis
    if along not in AXES:
        raise InputError(f"there is no axis {along}", hint="-1 is along columns, -2 rows, -3 channels, -4 items")
    axes = max(-along, *(grid.ndim for grid in grids))
    shaped = [grid.reshape((1,) * (axes - grid.ndim) + grid.shape) for grid in grids]
    for grid in shaped[1:]:
        differ = [index for index in range(axes) if shaped[0].shape[index] != grid.shape[index]]
        if any(index != axes + along for index in differ):
            shapes = shape_text(shaped[0].shape), shape_text(grid.shape)
            raise InputError(
                f"{shapes[0]} and {shapes[1]} cannot be joined along {AXES[along]}",
                hint="all other lengths must be alike",
            )
    numbers = np.split(np.arange(sum(g.size for g in grids)), np.cumsum([g.size for g in grids])[:-1])
    places = np.concatenate([n.reshape(g.shape) for n, g in zip(numbers, shaped, strict=True)], axis=along)
    reading = Reading(places.reshape(1, -1), np.ones((1, places.size), dtype=np.int64))
    says, options = (f"along {AXES[along]}",), {"axis": along}
    return Gathered(GatherKind.CONCAT, grids, _names(len(grids)), places.shape, reading, says, options)


def upsample(
    x: Any,
    scale: Pair = 2,
    mode: UpsampleMode | str = UpsampleMode.NEAREST,
    *,
    align_corners: bool = False,
    size: Pair | None = None,
    steps: Sequence[Fraction] | None = None,
) -> Gathered:
    """Enlarge the rows and columns of a grid by a `scale`, or to a `size`.

    Nearest: output cell i reads input cell ⌊i·N/M⌋, N cells becoming M. Bilinear: it lies at (i + ½)·N/M − ½ on the
    input, or with `align_corners` at i·(N − 1)/(M − 1), and mixes the two cells beside it, along rows and columns.
    `steps` are other numbers for N/M, along rows and columns, as of PyTorch's scale_factor that makes no whole size.

    >>> upsample([1, 3], 2).output.tolist(), upsample([1, 3], 2, "bilinear").output.tolist()
    ([1, 1, 3, 3], [1, Fraction(3, 2), Fraction(5, 2), 3])
    """
    grid, mode = own_grid(x), choose(UpsampleMode, mode)
    many_rows = _asks_for_rows(scale if size is None else size)
    grid = grid[None] if grid.ndim == 1 and many_rows else grid
    if align_corners and mode is UpsampleMode.NEAREST:
        raise InputError("corners are aligned of bilinear upsampling only", hint="leave it out, or take bilinear")
    height, width = (1, *grid.shape)[-2:]
    naming = Naming(height == 1)
    if size is None:
        factors = naming.read_pair(scale, "scale")
        tall, wide = height * factors[0], width * factors[1]
    else:
        tall, wide = naming.read_pair(size, "size")
    if min(tall, wide) < 1:
        raise InputError("nothing would be left", hint="scale by 1 at least")
    check_cells("the answer", (*grid.shape[:-2], tall, wide), grid, "scale by less")
    rows, columns = (
        _positions(before, after, mode, step, align_corners=align_corners)
        for before, after, step in zip(
            (height, width), (tall, wide), steps or (Fraction(height, tall), Fraction(width, wide)), strict=True
        )
    )
    planes = grid.size // (height * width)
    starts = np.arange(planes)[:, None, None] * (height * width)
    over = [math.lcm(*(w.denominator for line in axis for _, w in line)) for axis in (rows, columns)]
    places, weights = [], []
    for row_term, column_term in itertools.product(range(len(rows[0])), range(len(columns[0]))):
        down, across = (
            np.array([line[term][0] for line in axis]) for axis, term in ((rows, row_term), (columns, column_term))
        )
        shares = [
            np.array([int(line[term][1] * common) for line in axis])
            for axis, term, common in ((rows, row_term, over[0]), (columns, column_term, over[1]))
        ]
        places.append((starts + down[:, None] * width + across).ravel())
        weights.append(np.tile(np.multiply.outer(*shares).ravel(), planes))
    shape = (*grid.shape[:-2], tall, wide)[-grid.ndim :]
    named = Naming(tall == 1)
    zoom = f"scale {named.pair(tall // height, wide // width)}" if size is None else f"size {named.size(tall, wide)}"
    says = (zoom, str(mode), *(["aligned corners"] * align_corners))
    options = {"scale": scale, "mode": mode, "align_corners": align_corners, "size": size}
    reading = Reading(np.array(places), np.array(weights), over[0] * over[1])
    formula = "output[i] reads input[⌊i·N/M⌋]"
    if mode is UpsampleMode.BILINEAR:
        formula = f"output[i] lies at {'i·(N − 1)/(M − 1)' if align_corners else '(i + 1/2)·N/M − 1/2'} of the input"
    return Gathered(GatherKind.UPSAMPLE, (grid,), ("input",), shape, reading, says, options, formula)


def _positions(
    before: int, after: int, mode: UpsampleMode, step: Fraction, *, align_corners: bool
) -> list[list[tuple[int, Fraction]]]:
    """Return, for each output cell of an axis, which cells it reads, and with what weights: one, or two."""
    lines = []
    for index in range(after):
        if mode is UpsampleMode.NEAREST:
            lines.append([(min(int(index * step), before - 1), Fraction(1))])
            continue
        if align_corners:
            at = Fraction(index * (before - 1), after - 1) if after > 1 else Fraction(0)
        else:
            at = max(Fraction(2 * index + 1, 2) * step - Fraction(1, 2), Fraction(0))
        low = min(int(at), before - 1)
        high = min(low + 1, before - 1)
        share = at - low if high > low else Fraction(0)
        lines.append([(low, 1 - share), (high, share)])
    return lines


def _asks_for_rows(pair: Any) -> bool:
    """Whether one number for rows and one for columns are asked for, and more than one row."""
    numbers = whole_numbers(pair, "a size")
    return len(numbers) == 2 and numbers[0] > 1


def unpool(x: Any, indices: Any, *, window: Pair = 2, stride: Pair | None = None, size: Pair | None = None) -> Gathered:
    """Put the maxima of a pooling back where they were: `indices` has their places, row · width + column, of the plane.

    The output's size is (rows − 1)·stride + window, or `size`. Raises InputError where a place lies outside of it.

    >>> unpool([[6, 8]], [[5, 7]], size=(2, 4)).output.tolist()
    [[0, 0, 0, 0], [0, 6, 0, 8]]
    """
    grid, where = own_grid(x), own_grid(indices)
    grid = grid[None] if grid.ndim == 1 and size is not None and _asks_for_rows(size) else grid
    if not is_like(where.shape, grid.shape):
        shapes = shape_text(grid.shape), shape_text(where.shape)
        raise InputError(f"the input is {shapes[0]}, but the indices are {shapes[1]}", hint="one place a cell")
    height, width = (1, *grid.shape)[-2:]
    naming = Naming(height == 1)
    if size is None:
        windows = naming.read_pair(window, "the window")
        strides = windows if stride is None else naming.read_pair(stride, "stride")
        tall, wide = ((n - 1) * s + w for n, s, w in zip((height, width), strides, windows, strict=True))
    else:
        tall, wide = naming.read_pair(size, "size")
    check_cells("the answer", (*grid.shape[:-2], tall, wide), grid, "ask for a smaller size")
    named = Naming(tall == 1)
    numbers = [exact(cell) for cell in where.ravel()]
    wrong = next((n for n in numbers if n.denominator != 1 or not 0 <= n < tall * wide), None)
    if wrong is not None:
        raise InputError(
            f"there is no place {wrong} in {named.size(tall, wide)} cells",
            hint=f"they count from 0 to {tall * wide - 1}; a larger --size has more",
        )
    planes = grid.size // (height * width)
    places = np.full(planes * tall * wide, NOWHERE)
    starts = np.repeat(np.arange(planes) * tall * wide, height * width)
    targets = np.array([int(n) for n in numbers]) + starts
    if len(set(targets.tolist())) < grid.size:
        raise InputError(
            "two cells have the same place, and which would stay there is not defined",
            hint="pool with windows that do not overlap",
        )
    places[targets] = np.arange(grid.size)
    shape = (*grid.shape[:-2], tall, wide)[-grid.ndim :]
    reading = Reading(places[None], (places[None] != NOWHERE).astype(np.int64))
    return Gathered(GatherKind.UNPOOL, (grid,), ("input",), shape, reading, (f"size {named.size(tall, wide)}",))


def dropout(x: Any, mask: Any, probability: Any = Fraction(1, 2)) -> Gathered:
    """Keep the cells whose mask is 1, divided by 1 − p, and make the others 0; `probability` is p.

    Raises InputError for a mask of anything but 0 and 1.

    >>> dropout([4, 5, 6], [1, 0, 1], 0.2).output.tolist()
    [5, 0, Fraction(15, 2)]
    """
    grid, kept = own_grid(x), own_grid(mask)
    if not is_like(kept.shape, grid.shape):
        shapes = shape_text(grid.shape), shape_text(kept.shape)
        raise InputError(f"the input is {shapes[0]}, but the mask is {shapes[1]}", hint="one 0 or 1 a cell")
    if not ((kept == 0) | (kept == 1)).all():
        raise InputError("a mask holds 0, for what is dropped, and 1", hint="as in --mask '1 0 1'")
    p = Fraction(exact(as_grid([probability])[0]))
    if not 0 <= p < 1:
        raise InputError(f"the probability to drop a cell is {probability}", hint="from 0 to less than 1, as in 0.5")
    weight = 1 / (1 - p)
    flat = kept.ravel() == 1
    places = np.where(flat, np.arange(grid.size), NOWHERE)[None]
    reading = Reading(places, np.where(flat, weight.numerator, 0)[None], weight.denominator)
    says, options = (
        (f"p {float(p):g}", f"{int(flat.sum())} of {grid.size} cells kept"),
        {"mask": kept, "probability": p},
    )
    return Gathered(GatherKind.DROPOUT, (grid,), ("input",), grid.shape, reading, says, options, probability=p)
