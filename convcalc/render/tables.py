"""Tables on a terminal, which rich draws."""

from rich import box
from rich.table import Table as RichTable
from rich.text import Text

from convcalc.render.columns import Columns
from convcalc.render.glyphs import Glyphs
from convcalc.report.document import Table

_ASCII_HEAD = box.Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)


def rich_table(table: Table, columns: Columns, glyphs: Glyphs) -> RichTable:
    """Return a table block as rich's own table: a rule under the head, nothing else."""
    drawn = RichTable(box=_ASCII_HEAD if glyphs.ascii else box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for index, width in zip(columns.kept, columns.widths, strict=True):
        drawn.add_column(
            Text(glyphs.say(table.columns[index]), style="bold"),
            justify="left" if index in table.left else "right",
            overflow="fold",
            width=width,
            min_width=width,
        )
    for row in table.rows:
        drawn.add_row(*(Text(glyphs.say(row[index])) for index in columns.kept))
    return drawn
