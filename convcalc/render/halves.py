"""A grid as a small picture: two cells a sign, one above the other, and no more of them than there is room for."""

from convcalc.render.glyphs import Glyphs
from convcalc.render.matrix import Drawn
from convcalc.report.document import Body, Halves, Line, Role, Shade

INDENT = "  "
HALF = "▀"


def halves(body: Body, width: int, glyphs: Glyphs, *, grey: bool) -> Drawn:
    """Draw a shaded grid, a sign for two cells; a wide one thinned out. `grey`: in signs, not colours."""
    assert body.shade is not None
    every = -(-body.columns // max(width, 1))
    note = f", one cell in {every}" if every > 1 else ""
    note = note.replace("2th", "2nd").replace("3th", "3rd") if every < 4 else note
    scale = f", {glyphs.say(' … '.join(body.scale))}" if body.scale else ""
    title = f"{INDENT}{glyphs.say(body.title)}{scale}{note}"
    lines: list[Line] = [[(title, Role.QUIET)]]
    columns = range(0, body.columns, every)
    for row in range(0, body.rows, 2 * every):
        line: Line = [(INDENT, Role.PLAIN)]
        for column in columns:
            above = body.shade(row, column)
            below = body.shade(min(row + every, body.rows - 1), column)
            line.append(_grey(above, below, glyphs) if grey else _coloured(above, below, glyphs))
        lines.append(line)
    return Drawn("", lines, max(len(columns) + len(INDENT), len(title)))


def _coloured(above: Shade, below: Shade, glyphs: Glyphs) -> tuple[str, Halves]:
    return (" ", Halves(above, above)) if glyphs.ascii else (HALF, Halves(above, below))


def _grey(above: Shade, below: Shade, glyphs: Glyphs) -> tuple[str, Role]:
    level = (above.level + below.level) / 2
    return glyphs.shades[round(level * (len(glyphs.shades) - 1))], Role.PLAIN
