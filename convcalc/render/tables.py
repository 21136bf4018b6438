"""Tables: their columns fitted to a width; drawn by rich on a terminal, elsewhere as text, which needs no rich."""

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from convcalc.render.glyphs import Glyphs
from convcalc.report.document import Table

if TYPE_CHECKING:
    from rich.table import Table as RichTable

GAP = 3
"""Columns between columns."""
FOLDED = 18
"""How narrow words may be folded before other columns are left out."""


ASCII_HEAD = "    \n    \n -- \n    \n    \n    \n    \n    \n"
"""A rule under the head, as rich wants its boxes."""


class Columns(NamedTuple):
    """A table's columns that there is room for: their numbers and widths, and the names of those left out."""

    kept: tuple[int, ...]
    widths: tuple[int, ...]
    gone: tuple[str, ...]

    @property
    def width(self) -> int:
        """How wide the table is."""
        return sum(self.widths) + GAP * (len(self.widths) - 1)


def fit(table: Table, width: int, glyphs: Glyphs) -> Columns:
    """Return the columns that fit: words are folded, the last column of them first; spare columns are left out.

    Numbers are never cut: a table that cannot be made narrow enough is wider.
    """
    texts = [[glyphs.say(text) for text in column] for column in zip(table.columns, *table.rows, strict=True)]
    widths = [max(map(len, column)) for column in texts]
    least = list(widths)
    for index in table.left:
        longest_word = max((len(word) for text in texts[index] for word in text.split()), default=0)
        least[index] = min(widths[index], max(longest_word, FOLDED if table.spare else 0))
    columns_kept, spare = list(range(len(widths))), list(table.spare)
    while sum(least[index] for index in columns_kept) + GAP * (len(columns_kept) - 1) > width and spare:
        columns_kept.remove(spare.pop(0))
    excess = sum(widths[index] for index in columns_kept) + GAP * (len(columns_kept) - 1) - width
    for index in sorted(table.left.intersection(columns_kept), reverse=True):
        shortening = min(max(excess, 0), widths[index] - least[index])
        widths[index] -= shortening
        excess -= shortening
    omitted = tuple(table.columns[index] for index in range(len(widths)) if index not in columns_kept)
    return Columns(tuple(columns_kept), tuple(widths[index] for index in columns_kept), omitted)


def left_out(names: tuple[str, ...]) -> str:
    """Say which columns there was no room for."""
    return f"(no room here for: {', '.join(names)}; a wider window has it)"


def text_lines(table: Table, width: int, glyphs: Glyphs) -> Iterator[str]:
    """Yield a table's lines as plain text: the names, a rule, the rows."""
    columns = fit(table, width, glyphs)
    yield from _row(table, columns, table.columns, glyphs)
    yield ("-" if glyphs.ascii else "─") * columns.width
    for row in table.rows:
        yield from _row(table, columns, row, glyphs)
    if columns.gone:
        yield left_out(columns.gone)


def _row(table: Table, columns: Columns, row: tuple[str, ...], glyphs: Glyphs) -> Iterator[str]:
    """Yield a row's lines: more than one where words are folded."""
    cells = []
    for index, width in zip(columns.kept, columns.widths, strict=True):
        text = glyphs.say(row[index])
        lines_of_text = textwrap.wrap(text, width, break_on_hyphens=False) if len(text) > width else [text]
        cells.append([part.ljust(width) if index in table.left else part.rjust(width) for part in lines_of_text])
    for line in range(max(map(len, cells))):
        parts = (cell[line] if line < len(cell) else " " * len(cell[0]) for cell in cells)
        yield (" " * GAP).join(parts).rstrip()


def rich_table(table: Table, columns: Columns, glyphs: Glyphs) -> "RichTable":
    """Return a table block as rich's own table: a rule under the head, nothing else."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    ascii_head = box.Box(ASCII_HEAD, ascii=True)
    rich_form = RichTable(box=ascii_head if glyphs.ascii else box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for index, width in zip(columns.kept, columns.widths, strict=True):
        rich_form.add_column(
            Text(glyphs.say(table.columns[index]), style="bold"),
            justify="left" if index in table.left else "right",
            overflow="fold",
            width=width,
            min_width=width,
        )
    for row in table.rows:
        rich_form.add_row(*(Text(glyphs.say(row[index])) for index in columns.kept))
    return rich_form
