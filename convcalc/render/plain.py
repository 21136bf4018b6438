"""Documents as plain text lines: what goes to a file or down a pipe."""

from collections.abc import Iterator
from dataclasses import dataclass

from convcalc.render.glyphs import Glyphs
from convcalc.render.layout import Layout
from convcalc.report.document import Answer, Document, Line


@dataclass(eq=False, repr=False)
class Plain(Layout):
    """The lines of a document that the answer follows as rows."""

    def answer(self, block: Answer) -> Iterator[Line]:
        """Yield the answer, unless it follows."""
        if not block.follows:
            yield from super().answer(block)


def render(document: Document, width: int, glyphs: Glyphs, *, answers: bool) -> Iterator[str]:
    """Yield a document's lines; `answers` says whether the answer is to be drawn too, or follows as rows."""
    layout = Layout(width, glyphs, brackets=True) if answers else Plain(width, glyphs, brackets=True)
    return map(join, layout.document(document))


def join(line: Line) -> str:
    """Return a line's text, without space behind it."""
    return "".join(text for text, _ in line).rstrip()
