"""A script's gradients, checked: every cell moved a little there and back, and the whole script worked again."""

from fractions import Fraction
from typing import Any

import numpy as np

from convcalc.engine.descent import work_again
from convcalc.engine.exact import Array, as_shown, exact, float_kind, rounded_result
from convcalc.engine.grids import as_grid
from convcalc.engine.shapes import like_the_output
from convcalc.errors import UsageError, did_you_mean
from convcalc.report.document import Calculation
from convcalc.report.numeric import Difference, worked_numeric
from convcalc.report.selection import Show
from convcalc.session.backward import gradients_of, way_back
from convcalc.session.session import Session

EXACT_STEP, FLOAT_STEP = Fraction(1, 1000), Fraction(1, 100_000)
"""How far a cell is moved, where all is exact and where it is rounded."""
MOST_CHECKED = 64
"""Cells that are checked unless one is named."""
ALL = "all"


def numeric(session: Session, asked: str, gradient: str | None, show: Show) -> Calculation:
    """Return the check of a grid's gradient (``w``), of one cell (``w 0,1``), or of all grids (``all``)."""
    gradients, grids = gradients_of(session, gradient)
    nodes = way_back(session, gradient)
    end = nodes[-1].output
    weights = like_the_output(1 if gradient is None else session.grid(gradient), end, end)
    reached = {
        name: grid
        for name, grid in grids.items()
        if id(grid) in gradients.parts and any(node.output is grid and not node.reads for node in nodes)
    }
    name, _, place = asked.strip().partition(" ")
    if name != ALL and name not in reached:
        hint = did_you_mean(name, reached, f"there are {', '.join(reached)}, or all of them: all")
        raise UsageError(f"'{name}' is no grid whose gradient can be checked", hint=hint)
    chosen = list(reached) if name == ALL else [name]
    h = EXACT_STEP if float_kind(end, *(reached[name] for name in chosen)) is None else FLOAT_STEP

    def loss(grid: Array, at: tuple[int, ...], by: Fraction) -> Any:
        moved = grid.astype(object)
        moved[at] = exact(grid[at]) + by
        dtype = float_kind(grid)
        if dtype is not None:
            moved[at] = rounded_result(moved[at], dtype)
        changed = as_grid(moved) if dtype is None else moved.astype(dtype)
        worked, _ = work_again(nodes, {id(grid): changed})
        output = worked[-1].output
        total = sum(exact(w) * exact(cell) for w, cell in zip(weights.flat, output.flat, strict=True))
        return total, exact(moved[at])

    differences, skipped = [], 0
    for title in chosen:
        grid, slopes = reached[title], gradients.of(reached[title])
        assert slopes is not None
        places = [_place(place, grid)] if place else list(np.ndindex(*grid.shape))
        most = max(MOST_CHECKED // len(chosen), 1)
        skipped += max(len(places) - most, 0)
        for at in places[:most]:
            (there, up), (back, down) = loss(grid, at, h), loss(grid, at, -h)
            slope = Fraction(there - back) / (up - down)
            losses = [as_shown(value if float_kind(end) is None else float(value)) for value in (there, back, slope)]
            differences.append(Difference(title, at, losses[0], losses[1], losses[2], as_shown(slopes[at])))
    first = gradients.of(reached[chosen[0]])
    assert first is not None
    return worked_numeric(differences, h, skipped, first, show)


def _place(text: str, grid: Array) -> tuple[int, ...]:
    words = [word.strip() for word in text.split(",")]
    if not all(word.isdecimal() for word in words):
        raise UsageError(f"'{text.strip()}' is no cell", hint="as in --numeric 'w 0,1' (counted from 0)")
    at = tuple(int(word) for word in words)
    if len(at) < grid.ndim and set(grid.shape[: grid.ndim - len(at)]) <= {1}:
        at = (0,) * (grid.ndim - len(at)) + at
    if len(at) != grid.ndim or any(index >= length for index, length in zip(at, grid.shape, strict=True)):
        last = ",".join(str(length - 1) for length in grid.shape)
        raise UsageError(f"the grid has no cell {text.strip()}", hint=f"cells count from 0: the last is {last}")
    return at
