"""Tables, which rich draws."""

import io
from collections.abc import Iterator

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from convcalc.render.glyphs import Glyphs
from convcalc.report.document import Table

_ASCII_HEAD = box.Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)


def rich_table(table: Table, glyphs: Glyphs) -> RichTable:
    """Return a table block as rich's own table: a rule under the head, nothing else."""
    drawn = RichTable(box=_ASCII_HEAD if glyphs.ascii else box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    folding = max(table.left, default=None)
    for index, column in enumerate(table.columns):
        drawn.add_column(
            Text(glyphs.say(column), style="bold"),
            justify="left" if index in table.left else "right",
            no_wrap=index != folding,
            overflow="fold",
        )
    for row in table.rows:
        drawn.add_row(*(Text(glyphs.say(cell)) for cell in row))
    return drawn


def narrowest(drawn: RichTable, console: Console) -> int:
    """Return the least width in which no number of a table is cut; the last column of words may fold."""
    return drawn.__rich_measure__(console, console.options).minimum


def text_lines(table: Table, width: int, glyphs: Glyphs) -> Iterator[str]:
    """Yield a table's lines as plain text."""
    console = Console(file=io.StringIO(), width=width, color_system=None, legacy_windows=False, _environ={})
    drawn = rich_table(table, glyphs)
    with console.capture() as capture:
        console.print(drawn, width=max(width, narrowest(drawn, console)), soft_wrap=True)
    for line in capture.get().splitlines():
        yield line.rstrip()
