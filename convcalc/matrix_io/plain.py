"""Grids written as plain rows, which `convcalc.matrix_io.text` and ``numpy.loadtxt`` read back.

A quotient is written as its nearest decimal, with the exact row behind it in a comment, ``0.3333333333333333  #= 1/3``:
numpy reads the one, convcalc the other, and a chain of commands stays exact. So is the shape of a grid whose first axes
have a length of 1, which rows do not show, in a comment before them: ``#= 1×1×2×3``.
"""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from convcalc.engine.exact import Array, exact

SEPARATOR_COMMENT = " ---"
"""As a comment, ``# ---``, between rows this separates items: numpy skips it, convcalc does not."""

EXACT = "="
"""Behind a ``#``, this says that the comment holds the row's exact values."""


def plain_number(cell: Any) -> str:
    """Write a cell so that it reads back the same, in the shortest form; a quotient as its nearest decimal.

    >>> plain_number(2.0), plain_number(0.1), plain_number(Fraction(13, 4)), plain_number(-0.0)
    ('2', '0.1', '3.25', '0')
    """
    if isinstance(cell, Fraction | Decimal):
        try:
            cell = float(cell)
        except OverflowError:
            return str(cell)  # no decimal comes near it
    if isinstance(cell, float | np.floating):
        if cell == int(cell) and abs(cell) < 1e16:
            return str(int(cell))
        return str(cell)
    return str(int(cell))


def plain_lines(grid: Array, write: Any = plain_number) -> Iterator[str]:
    """Yield a grid's lines: rows, a blank line between channels, ``# ---`` between filters or items.

    >>> list(plain_lines(np.array([[Fraction(1, 3), 2]])))
    ['0.3333333333333333 2  #= 1/3 2']
    """
    if grid.ndim > 2 and len(grid) == 1:
        yield f"#{EXACT} {'×'.join(map(str, grid.shape))}"
    yield from _rows(grid, write)


def inline(grid: Array, write: Any = None) -> str:
    """Write a grid in one line, so that a script, or the command line, reads the same cells.

    >>> inline(np.array([[[Fraction(1, 3), 2]], [[3, 0.5]]], dtype=object))
    '1/3 2;; 3 0.5'
    """
    if grid.ndim < 2:
        return " ".join((write or _shortest)(cell) for cell in grid)
    return {2: "; ", 3: ";; ", 4: "; ---; "}[grid.ndim].join(inline(part, write) for part in grid)


def _shortest(cell: Any) -> str:
    return str(cell) if isinstance(cell, Fraction) else plain_number(cell)


def _rows(grid: Array, write: Any) -> Iterator[str]:
    if grid.ndim == 4:
        for index, item in enumerate(grid):
            if index:
                yield f"#{SEPARATOR_COMMENT}"
            yield from _rows(item, write)
    elif grid.ndim == 3:
        for index, channel in enumerate(grid):
            if index:
                yield ""
            yield from _rows(channel, write)
    else:
        for row in np.atleast_2d(grid):
            cells = row.tolist() if row.dtype != np.float32 else list(row)
            line = " ".join(write(cell) for cell in cells)
            exactly = write is plain_number and any(isinstance(cell, Fraction) for cell in cells)
            yield line + (f"  #{EXACT} " + " ".join(str(cell) for cell in cells) if exactly else "")


def what_is_lost(grid: Array, *, in_rows: bool) -> str:
    """Say what NPY does not hold of a grid, or CSV and TSV, which are nothing but rows; else nothing.

    >>> what_is_lost(np.array([Fraction(1, 3)]), in_rows=False), what_is_lost(np.array([Fraction(1, 4)]), in_rows=True)
    ('quotients are rounded to decimals; .txt and .json keep them', '')
    """
    losses = []
    if grid.dtype == object and any(isinstance(cell, Fraction) and _is_rounded(cell) for cell in grid.flat):
        losses.append("quotients are rounded to decimals")
    if in_rows and grid.ndim > 2 and len(grid) == 1:
        losses.append("axes of length 1 in front are left out")
    return f"{' and '.join(losses)}; .txt and .json keep them" if losses else ""


def _is_rounded(cell: Fraction) -> bool:
    try:
        return exact(float(cell)) != cell
    except OverflowError:
        return False


def exact_list(grid: Array, write: Any = None) -> Any:
    """Return a grid as nested lists for JSON: integers, decimals, and Fractions as strings like ``"1/9"``.

    With `write`, every cell is the number that it writes.
    """
    if grid.ndim > 1:
        return [exact_list(part, write) for part in grid]
    cells = grid.tolist() if grid.dtype != np.float32 else [float(str(cell)) for cell in grid]
    if write is not None:
        return [exact_number(write(cell)) for cell in cells]
    return [str(cell) if isinstance(cell, Fraction) else cell for cell in cells]


def exact_number(text: str) -> int | float:
    """Return the number a text stands for."""
    return int(text) if text.lstrip("-").isdigit() else float(text)
