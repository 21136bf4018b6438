"""One matrix drawn as lines, its window and its current cell marked.

A step changes a few rows of a large grid, so rows without a mark are drawn once and kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from convcalc.render.glyphs import Glyphs
from convcalc.report.document import Body, Line, Matrix, Role

CONTEXT = 2


class View(NamedTuple):
    """How matrices are drawn: signs, space between cells, brackets for marks, and how much is shown at most."""

    glyphs: Glyphs
    gap: int
    brackets: bool
    between: int = 2
    """The space between matrices."""
    below: bool = False
    """Whether what is being made stands below the rest, where there is no room beside it."""
    most_columns: int | None = None
    most_made: int | None = None
    """Columns at most of the matrix that is being made, if fewer than of the others."""
    most_rows: int = 16


class Drawn(NamedTuple):
    """A drawn part: its title, its lines, and how wide they are: the widest of them, or (if `even`) every one."""

    title: str
    lines: list[Line]
    width: int
    even: bool = False


@dataclass(eq=False, repr=False)
class Rows:
    """Draws the rows of one body in one view, and keeps those that bear no mark."""

    body: Body
    view: View
    columns: tuple[int | None, ...]
    width: int
    kept: dict[tuple[int, bool], Line] = field(default_factory=dict)
    texts: dict[int, list[tuple[str, Role]]] = field(default_factory=dict)

    def plain(self, row: int, *, made: bool) -> Line:
        """Return a row without marks, its cells all made or all open."""
        if (row, made) not in self.kept:
            cells = self.cells(row) if made and self.body.shade is None and None not in self.columns else []
            if cells and all(role is Role.PLAIN for _, role in cells):
                lead = " " * self.view.gap
                self.kept[row, made] = [(f"{lead}{lead.join([text for text, _ in cells])} ", Role.PLAIN)]
            else:
                self.kept[row, made] = _merged(self.marked(row, (), None, self.body.columns if made else 0))
        return self.kept[row, made]

    def cells(self, row: int) -> list[tuple[str, Role]]:
        """Return the texts of a row's cells in sight, as wide as each is drawn, and what they are without a mark."""
        if row not in self.texts:
            body, glyphs, is_padded = self.body, self.view.glyphs, any(self.body.padding)
            made = []
            for column in self.columns:
                if column is None:
                    made.append((glyphs.cut.rjust(self.width), Role.QUIET))
                    continue
                text = glyphs.say(body.text(row, column))
                role = Role.PENDING if text == glyphs.pending else Role.PLAIN  # an empty place of a sparse matrix
                if is_padded and body.is_padding(row, column):
                    text, role = glyphs.padding + text, Role.PADDING
                made.append((text.rjust(self.width), role))
            self.texts[row] = made
        return self.texts[row]

    def marked(self, row: int, window: Sequence[int], current: int | None, made: int, writes: bool = False) -> Line:
        """Draw a row: `window` (which is read, or `writes`) and `current` are marked, `made` cells are there."""
        body, view = self.body, self.view
        line: Line = []
        was: Role | None = None
        for column, (cell_text, kind) in zip(self.columns, self.cells(row), strict=True):
            is_current = column == current and column is not None
            in_window = column in window and column is not None
            mark = Role.RESULT if is_current or (in_window and writes) else Role.WINDOW if in_window else None
            continues = mark is not None and mark is was and column is not None and column - 1 in window
            self._lead(line, was, mark, joined=continues)
            was = mark
            if column is None:
                line.append((cell_text, kind))
                continue
            if is_current:
                self._append_result(line, cell_text.lstrip(" "))
                continue
            text, dress = cell_text, kind
            if column >= made and mark is not Role.RESULT:
                sign = view.glyphs.padding if kind is Role.PADDING else ""
                text, dress = (sign + view.glyphs.pending).rjust(self.width), Role.PENDING
            if mark is not None:
                line.append((text, Role.WINDOW_PADDING if kind is Role.PADDING and mark is Role.WINDOW else mark))
            elif body.shade is not None and dress is Role.PLAIN:
                line.append((line.pop()[0] + text, body.shade(row, column)))
            else:
                line.append((text, dress))
        self._lead(line, was, None, joined=False, last=True)
        return line

    def _append_result(self, line: Line, text: str) -> None:
        """Append the current cell with its opening bracket close to it, the space before it unmarked."""
        opening, _ = line.pop()
        spare = self.width - len(text)
        if spare:
            line.append((" " * spare, Role.PLAIN))
        line.append((opening + text, Role.RESULT))

    def _lead(self, line: Line, before: Role | None, after: Role | None, *, joined: bool, last: bool = False) -> None:
        """Append the space between two cells, with the brackets that end one run of marks and begin another."""
        gap = 1 if last else self.view.gap
        if joined and after is not None:
            line.append((" " * gap, after))
            return
        if before is None and after is None:
            line.append((" " * gap, Role.PLAIN))
            return
        closing, opening = ("]", "[") if self.view.brackets else (" ", " ")
        width = 0
        if before is not None:
            line.append((closing, before))
            width = 1
        spare = gap - width - (1 if after is not None else 0)
        if spare > 0:
            line.append((" " * spare, Role.PLAIN))
        if after is not None and gap > width:
            line.append((opening, after))


def _merged(line: Line) -> Line:
    """Join neighbours that are dressed alike."""
    return [("".join(text for text, _ in group), role) for role, group in groupby(line, key=lambda span: span[1])]


@lru_cache(maxsize=96)
def rows_of(body: Body, view: View, columns: tuple[int | None, ...], width: int) -> Rows:
    """Return the keeper of a body's drawn rows for one view of it."""
    return Rows(body, view, columns, width)


def draw(matrix: Matrix, view: View) -> Drawn:
    """Draw a matrix, cut down around its marks where it has too many rows or columns."""
    body = matrix.body
    columns = columns_shown(matrix, view)
    focus_rows = matrix.window[0] if matrix.window else (matrix.current[0],) if matrix.current else ()
    rows = visible(body.rows, focus_rows, max(view.most_rows, len(focus_rows) + 2 * CONTEXT))
    width = cell_width(body) if body.measured else _widest_shown(body, rows, columns, view)
    keeper = rows_of(body, view, columns, width)
    length = len(columns) * (width + view.gap) + 1
    cells_made = body.rows * body.columns if matrix.made is None else matrix.made
    window_rows, window_columns = matrix.window or ((), ())
    lines: list[Line] = []
    for row in rows:
        if row is None:
            lines.append([(view.glyphs.cut_rows.center(length), Role.QUIET)])
            continue
        first = row * body.columns
        current = matrix.current[1] if matrix.current is not None and matrix.current[0] == row else None
        if row in window_rows or current is not None or first < cells_made < first + body.columns:
            window_part = window_columns if row in window_rows else ()
            lines.append(keeper.marked(row, window_part, current, cells_made - first, matrix.writes))
        else:
            lines.append(keeper.plain(row, made=cells_made > first))
    return Drawn(view.glyphs.say(body.title), lines, length, even=True)


def columns_shown(matrix: Matrix, view: View) -> tuple[int | None, ...]:
    """Return which columns are shown, None standing for those cut off."""
    focus = matrix.window[1] if matrix.window else (matrix.current[1],) if matrix.current else ()
    return visible(matrix.body.columns, focus, most_columns(matrix, view))


def most_columns(matrix: Matrix, view: View) -> int | None:
    """Return how many columns of a matrix are shown at most."""
    return view.most_made if matrix.current is not None and view.most_made is not None else view.most_columns


def cell_width(body: Body) -> int:
    """Return how wide a cell is: one more where a sign marks the padding."""
    return body.width + any(body.padding)


def width_of(matrix: Matrix, view: View) -> int:
    """Return how wide a matrix is drawn, its title counted, without drawing it."""
    body, most = matrix.body, most_columns(matrix, view)
    columns = body.columns if most is None else min(body.columns, max(most, 3))
    return max(columns * (cell_width(body) + view.gap) + 1, len(body.title) + 2)


@lru_cache(maxsize=256)
def _widest_shown(body: Body, rows: tuple[int | None, ...], columns: tuple[int | None, ...], view: View) -> int:
    """Return the width of the widest cell in sight, for grids too large to have been measured whole."""
    return max(
        len(view.glyphs.say(body.text(row, column))) + (1 if body.is_padding(row, column) else 0)
        for row in rows
        for column in columns
        if row is not None and column is not None
    )


def visible(length: int, focus: Sequence[int], most: int | None) -> tuple[int | None, ...]:
    """Return which of `length` rows or columns to show around `focus`; None stands for those cut off.

    >>> visible(9, [4, 5], 6), visible(9, [0], 4), visible(3, [], None)
    ((None, 3, 4, 5, 6, None), (0, 1, 2, None), (0, 1, 2))
    """
    if most is None or length <= most:
        return tuple(range(length))
    most = max(most, 3)
    middle = (focus[0] + focus[-1] + 1) / 2 if len(focus) else 0
    start = round(min(max(middle - most / 2, 0), length - most))
    places: list[int | None] = list(range(start, start + most))
    if start > 0:
        places[0] = None
    if start + most < length:
        places[-1] = None
    return tuple(places)
