"""Grids written as plain rows, which `convcalc.matrix_io.text` and ``numpy.loadtxt`` read back.

A quotient that no decimal says exactly is written as its nearest decimal, with the exact row behind it in a
comment, ``0.3333333333333333  #= 1/3``: numpy reads the one, convcalc the other, and a chain of commands stays exact.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from convcalc.engine.exact import Array, exact

EXACT = "="
"""Behind a ``#``, this says that the comment holds the row's exact values."""


def plain_number(cell: Any) -> str:
    """Write a cell so that it reads back the same, in the shortest form; a quotient as its nearest decimal.

    >>> plain_number(2.0), plain_number(0.1), plain_number(Fraction(13, 4)), plain_number(-0.0)
    ('2', '0.1', '3.25', '0')
    """
    if isinstance(cell, Fraction):
        cell = float(cell)
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
    if grid.ndim == 4:
        for index, item in enumerate(grid):
            if index:
                yield "# ---"
            yield from plain_lines(item, write)
    elif grid.ndim == 3:
        for index, channel in enumerate(grid):
            if index:
                yield ""
            yield from plain_lines(channel, write)
    else:
        for row in np.atleast_2d(grid):
            cells = row.tolist() if row.dtype != np.float32 else list(row)
            line = " ".join(write(cell) for cell in cells)
            inexact = write is plain_number and any(
                isinstance(cell, Fraction) and exact(float(cell)) != cell for cell in cells
            )
            yield line + (f"  #{EXACT} " + " ".join(str(cell) for cell in cells) if inexact else "")


def exact_list(grid: Array) -> Any:
    """Return a grid as nested lists for JSON: integers, decimals, and Fractions as strings like ``"1/9"``."""
    if grid.ndim > 1:
        return [exact_list(part) for part in grid]
    return [str(cell) if isinstance(cell, Fraction) else cell for cell in grid.tolist()]
