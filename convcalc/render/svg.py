"""Documents as one SVG picture: cells as squares, text that can be selected, light or dark as the viewer is."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from typing import Any

from convcalc.render.blocks import Renderer
from convcalc.render.cells import Cell, cells, shown
from convcalc.render.colours import DARK, LIGHT, Palette, hexadecimal, shade_colours
from convcalc.render.glyphs import UNICODE
from convcalc.render.layout import Layout
from convcalc.render.powers import pieces
from convcalc.render.tables import text_lines
from convcalc.report.document import (
    Document,
    Grids,
    Line,
    Matrix,
    Picture,
    Role,
    Table,
)

COLUMNS = 88
"""Signs of text on a line."""
WIDE = 240
"""Signs of a table on a line, which no one has to fold."""
SIGN, LINE, CELL, MARGIN, BETWEEN = 9.0, 22, 30, 24, 16
"""Pixels: a sign's width, a line's and a cell's height, the margin, the space between matrices."""
RAISED = 5
"""Pixels that a power stands higher."""
FONT = "ui-monospace,'DejaVu Sans Mono','SF Mono',Menlo,Consolas,monospace"
CLASSES = {
    Role.QUIET: "q",
    Role.TITLE: "t",
    Role.WINDOW: "w",
    Role.WINDOW_PADDING: "w p",
    Role.PADDING: "p",
    Role.PENDING: "q",
    Role.RESULT: "r",
}


def render(document: Document) -> Iterator[str]:
    """Yield the lines of a picture, as high as the document is long."""
    canvas = Canvas()
    for _ in canvas.document(document):
        pass  # what is drawn, the canvas keeps
    width, height = max(canvas.width, 320) + MARGIN, canvas.y + MARGIN
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img">'
    )
    yield f"<title>{escape(canvas.title)}</title>"
    yield f"<style>{_rules(LIGHT)}@media (prefers-color-scheme:dark){{{_rules(DARK)}}}</style>"
    yield '<rect class="paper" width="100%" height="100%"/>'
    yield from canvas.drawn
    yield "</svg>"


def _rules(palette: Palette) -> str:
    return (
        f"text{{font:15px {FONT};fill:{palette.ink};white-space:pre}}.paper{{fill:{palette.paper}}}"
        f".t{{font-weight:bold}}text.q,tspan.q{{fill:{palette.quiet}}}"
        f"rect.c{{fill:none;stroke:{palette.line}}}rect.w{{fill:{palette.window}}}rect.p{{fill:{palette.padding}}}"
        f"rect.w.p{{fill:{palette.window}}}rect.r{{fill:{palette.result}}}rect.frame{{fill:none;stroke:{palette.ink};"
        f"stroke-width:2}}text.w{{fill:{palette.window_ink}}}text.p{{fill:{palette.quiet}}}"
        f"text.r{{fill:{palette.result_ink};font-weight:bold}}"
    )


@dataclass(eq=False, repr=False)
class Canvas(Renderer[None]):
    """What is drawn so far, and how far down; its lines are drawn, and nothing is yielded."""

    drawn: list[str] = field(default_factory=list)
    y: float = MARGIN
    width: float = 0
    title: str = ""
    layout: Layout = field(default_factory=lambda: Layout(COLUMNS, UNICODE, brackets=False))

    def laid_out(self, block: Any) -> Iterator[None]:
        """Draw a block as the lines that a terminal shows."""
        for line in self.layout.block(block):
            self.line(line)
        yield from ()

    heading = subheading = text = sum = drawing = laid_out

    def table(self, block: Table) -> Iterator[None]:
        """Draw a table with all its columns."""
        for line in text_lines(block, WIDE, self.layout.glyphs):
            cells = re.split(r"(?<= {2})(?=\S)", line)  # a raised power is shorter: its cell is filled up on the left
            self.line([(" " * (len(cell) - shown_length(cell)) + cell, Role.PLAIN) for cell in cells])
        yield from ()

    def line(self, line: Line) -> None:
        """Draw a line of text, each piece in its place."""
        column = 0
        for text, role in line:
            stripped = text.strip()
            if stripped:
                start = column + len(text) - len(text.lstrip())
                self.write(MARGIN + start * SIGN, self.y + 15, stripped, role, fixed=True)
                self.title = self.title or stripped
            column += shown_length(text)
        self.y += LINE if column else LINE / 2
        self.width = max(self.width, MARGIN + column * SIGN)

    def write(self, x: float, y: float, text: str, role: object, *, fixed: bool = False, ink: str = "") -> None:
        """Draw text from a place on (`fixed` to the width its signs have), or around a place; `ink` is its colour."""
        name = CLASSES.get(role, "") if isinstance(role, Role) else ""
        if fixed and name == "r":
            self.rect(x - 4, y - 16, shown_length(text) * SIGN + 8, 21, "r")
        how = f'textLength="{shown_length(text) * SIGN:g}"' if fixed else 'text-anchor="middle"'
        of = f' class="{name}"' if name else ""
        own = f'style="fill:{ink}" ' if ink else ""
        self.drawn.append(f'<text {own}x="{x:g}" y="{y:g}" {how}{of}>{_raised(text)}</text>')

    def rect(self, x: float, y: float, width: float, height: float, name: str, fill: str = "") -> None:
        """Draw a rectangle."""
        own = f' style="fill:{fill}"' if fill else ""
        self.drawn.append(f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" class="{name}"{own}/>')

    def picture(self, block: Picture) -> Iterator[None]:
        """Draw the lines of matrices one below the other, and the result to the right of them."""
        top, right = self.y + 4, float(MARGIN)
        for line in block.lines:
            height = max(self.part(part)[1] for part in line)
            x = float(MARGIN)
            for part in line:
                x = self.place(part, x, self.y + 4, height)
            right = max(right, x)
            self.y += height + BETWEEN
        if block.result is not None:
            middle = self.y - top
            if not isinstance(block.lines[0][-1], str):
                right = self.place("→", right, top, middle - BETWEEN)
            right = self.place(block.result, right, top, middle - BETWEEN)
            self.y = max(self.y, top + self.part(block.result)[1] + BETWEEN)
        self.width = max(self.width, right)
        yield from ()

    def grids(self, block: Grids) -> Iterator[None]:
        """Draw grids side by side, as many as there is room for."""
        x, height = float(MARGIN), 0.0
        for matrix in block.matrices:
            across, down = self.part(matrix)
            if x > MARGIN and x + across > COLUMNS * SIGN:
                self.y += height + BETWEEN
                x, height = float(MARGIN), 0.0
            x, height = self.place(matrix, x, self.y, down), max(height, down)
            self.width = max(self.width, x)
        self.y += height + BETWEEN
        yield from ()

    def place(self, part: Matrix | str, x: float, top: float, height: float) -> float:
        """Draw a matrix or a sign in the middle of a height, and return where the next one stands."""
        width, own = map(float, self.part(part))
        y = top + max(height - own, 0) / 2
        if isinstance(part, str):
            self.write(x + width / 2, top + height / 2 + LINE / 2 + 5, part, Role.TITLE)
        else:
            self.write(x + width / 2, y + 14, part.body.title, Role.QUIET)
            self.cells(part, x + (width - _across(part)) / 2, y + LINE)
        return x + width + BETWEEN

    def matrix(self, matrix: Matrix) -> tuple[float, float]:
        """Return how wide and high a matrix is, with its title."""
        rows, _ = shown(matrix)
        return max(_across(matrix), len(matrix.body.title) * SIGN), len(rows) * CELL + LINE

    def sign(self, sign: str) -> tuple[float, float]:
        """Return how wide and high a sign is."""
        return len(sign) * SIGN + 4, 0.0

    def cells(self, matrix: Matrix, x: float, y: float) -> None:
        """Draw a matrix's cells, and a frame around its window."""
        wide = _cell_width(matrix)
        rows = list(cells(matrix))
        for down, row in enumerate(rows):
            for across, cell in enumerate(row):
                self.cell(cell, x + across * wide, y + down * CELL, wide)
        marks = [
            (down, across)
            for down, row in enumerate(rows)
            for across, cell in enumerate(row)
            if cell.role in (Role.WINDOW, Role.WINDOW_PADDING, Role.RESULT)
        ]
        if not marks:
            return
        (top, left), (bottom, right) = map(min, zip(*marks, strict=True)), map(max, zip(*marks, strict=True))
        if len(marks) == (bottom - top + 1) * (right - left + 1):
            across, down = (right - left + 1) * wide, (bottom - top + 1) * CELL
            self.rect(x + left * wide, y + top * CELL, across, down, "frame")

    def cell(self, cell: Cell, x: float, y: float, wide: float) -> None:
        """Draw one cell."""
        fill, ink = "", ""
        if cell.shade is not None:
            colour, dark_ink = shade_colours(cell.shade)
            fill, ink = hexadecimal(colour), "#000" if dark_ink else "#fff"
        self.rect(x, y, wide, CELL, f"c {CLASSES.get(cell.role, '')}".replace(" q", "").strip(), fill)
        self.write(x + wide / 2, y + CELL / 2 + 5, cell.text, cell.role, ink=ink)


def shown_length(text: str) -> int:
    """Return how many signs of a text are drawn, its powers raised."""
    return sum(len(part) for part, _ in pieces(text))


def _raised(text: str) -> str:
    """Return text as SVG has it, its powers raised.

    >>> _raised("e^-5 < 1")
    'e<tspan dy="-5">-5</tspan><tspan dy="5"> &lt; 1</tspan>'
    """
    parts = list(pieces(text))
    if len(parts) < 2:
        return escape(text)
    drawn, is_up = "", False
    for part, is_power in parts:
        moved = RAISED * (is_up - is_power)
        drawn += f'<tspan dy="{moved}">{escape(part)}</tspan>' if moved else escape(part)
        is_up = is_power
    return drawn


def _cell_width(matrix: Matrix) -> float:
    return max(matrix.body.width * SIGN + 14, CELL)


def _across(matrix: Matrix) -> float:
    _, columns = shown(matrix)
    return len(columns) * _cell_width(matrix)
