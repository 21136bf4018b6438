"""A matrix cell by cell: each with its text and what it is; for the formats that draw real tables."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from convcalc.render.matrix import visible
from convcalc.report.document import Matrix, Role, Shade

MOST = 48
"""Rows, and columns, of a matrix that is drawn cell by cell; a larger one is cut down around its marks."""
PENDING = "·"
CUT = "…"


class Cell(NamedTuple):
    """One cell: its text, its role, its shade if it has one, and its value where the text may be rounded."""

    text: str
    role: Role
    shade: Shade | None = None
    value: str = ""


def shown(matrix: Matrix, most: int = MOST) -> tuple[Sequence[int | None], Sequence[int | None]]:
    """Return which rows and columns of a matrix are drawn; None stands for what is cut off."""
    focus = matrix.window or tuple((place,) for place in matrix.current or ()) or ((), ())
    lengths = matrix.body.rows, matrix.body.columns
    rows, columns = (
        visible(length, near, max(most, len(near) + 2)) for length, near in zip(lengths, focus, strict=True)
    )
    return rows, columns


def cells(matrix: Matrix, most: int = MOST) -> Iterator[list[Cell]]:
    """Yield a matrix's rows; QUIET cells stand for what is cut off."""
    body = matrix.body
    window_rows, window_columns = matrix.window or ((), ())
    current = matrix.current or (-1, -1)
    cells_made = body.rows * body.columns if matrix.made is None else matrix.made
    rows, columns = shown(matrix, most)
    for row in rows:
        line = []
        for column in columns:
            if row is None or column is None:
                line.append(Cell(CUT, Role.QUIET))
                continue
            value = "" if body.value is None else body.value(row, column)
            in_window = row in window_rows and column in window_columns
            if (row, column) == current or (in_window and matrix.writes):
                line.append(Cell(body.text(row, column), Role.RESULT, None, value))
            elif row * body.columns + column >= cells_made:
                line.append(Cell(PENDING, Role.PENDING))
            elif in_window:
                role = Role.WINDOW_PADDING if body.is_padding(row, column) else Role.WINDOW
                line.append(Cell(body.text(row, column), role))
            elif body.is_padding(row, column):
                line.append(Cell(body.text(row, column), Role.PADDING))
            else:
                shade = None if body.shade is None else body.shade(row, column)
                line.append(Cell(body.text(row, column), Role.PLAIN, shade, value))
        yield line
