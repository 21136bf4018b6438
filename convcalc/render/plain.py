"""Documents as plain text lines: what goes to a file or down a pipe."""

from collections.abc import Iterator

from convcalc.render.columns import text_lines
from convcalc.render.glyphs import Glyphs
from convcalc.render.layout import Layout
from convcalc.report.document import Answer, Document, Line, Table, flowing


def render(document: Document, width: int, glyphs: Glyphs, *, answers: bool) -> Iterator[str]:
    """Yield a document's lines; `answers` says whether the answer is to be drawn too, or follows as rows."""
    layout = Layout(width, glyphs, brackets=True)
    for block in flowing(document):
        if isinstance(block, Answer) and block.follows and not answers:
            continue
        if isinstance(block, Table):
            yield from text_lines(block, width, glyphs)
        else:
            yield from (join(line) for line in layout.lines(block))


def join(line: Line) -> str:
    """Return a line's text, without space behind it."""
    return "".join(text for text, _ in line).rstrip()
