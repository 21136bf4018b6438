"""Documents on a terminal, through rich: the same lines as plain text, dressed."""

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment, Segments

from convcalc.render.glyphs import Glyphs
from convcalc.render.layout import Layout
from convcalc.render.styles import style_of
from convcalc.render.tables import fit, left_out, rich_table
from convcalc.report.document import Document, Line, Role, Table, flowing

LEAST_WIDTH = 20
"""Narrower than this nothing can be drawn; such a terminal wraps it."""


class Lines:
    """Lines of dressed text as one rich renderable; nested rich tables would take 500 times as long."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self.lines = lines

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the lines as segments."""
        for line in self.lines:
            for text, role in trimmed(line):
                yield Segment(text, style_of(role))
            yield Segment.line()


def trimmed(line: Line) -> Line:
    """Return a line without the space behind it that nothing is drawn on."""
    spans = list(line)
    while spans and spans[-1][1] in (Role.PLAIN, Role.QUIET):
        text, role = spans.pop()
        if text.strip():
            return [*spans, (text.rstrip(), role)]
    return spans


def render(document: Document, console: Console, glyphs: Glyphs, most_rows: int = 16) -> None:
    """Print a document, block by block, in the console's width and colours."""
    brackets = console.color_system is None or console.no_color
    layout = Layout(max(console.width, LEAST_WIDTH), glyphs, brackets, most_rows)
    for block in flowing(document):
        if isinstance(block, Table):
            columns = fit(block, console.width, glyphs)
            # Of its own width: rich would fold numbers to fit the console's, where words are folded already.
            options = console.options.update(width=columns.width)
            for line in console.render_lines(rich_table(block, columns, glyphs), options, pad=False):
                console.print(Segments([*line, Segment.line()]), end="", soft_wrap=True)
            if columns.gone:
                console.print(Lines([[(left_out(columns.gone), Role.QUIET)]]), end="", soft_wrap=True)
        else:
            console.print(Lines(layout.block(block)), end="", soft_wrap=True)
