"""Blocks of a Document become lines of dressed text, fitted to a width.

A picture is tried roomy, then close, then with its grids cut down around the window, and at last with its
matrices one below the other: never wrapped.
"""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from convcalc.render.blocks import Renderer
from convcalc.render.glyphs import Glyphs
from convcalc.render.halves import halves
from convcalc.render.matrix import Drawn, View, cell_width, draw, width_of
from convcalc.render.tables import text_lines
from convcalc.report.document import (
    Body,
    Drawing,
    Grids,
    Heading,
    Line,
    Matrix,
    Picture,
    Role,
    Shade,
    Subheading,
    Sum,
    Table,
    Text,
)

INDENT = "  "
BETWEEN = 2
MOST_ROWS = 100
"""Rows of a grid shown for its own sake; in a step there are fewer."""


@dataclass(eq=False, repr=False)
class Layout(Renderer[Line]):
    """Lays blocks out in `width` columns; `brackets` show the marks where colour will not."""

    width: int
    glyphs: Glyphs
    brackets: bool
    most_rows: int = 16
    """Rows at most of a grid in a step."""
    views: dict[tuple[tuple[int, int, int], ...], View | None] = field(default_factory=dict)

    def heading(self, block: Heading) -> Iterator[Line]:
        """Yield a title, its formula in the same line if there is room."""
        text = self.glyphs.say(block.text)
        formulas = [self.glyphs.say(formula) for formula in block.formulas]
        room = self.width - len(text) - 4
        if len(formulas) == 1 and len(formulas[0]) <= room:
            yield [(text, Role.TITLE), (formulas[0].rjust(room + 4), Role.QUIET)]
            return
        for line in textwrap.wrap(text, self.width, subsequent_indent=INDENT):
            yield [(line, Role.TITLE)]
        for formula in formulas:
            for line in textwrap.wrap(formula, self.width - 2):
                yield [(INDENT + line, Role.QUIET)]

    def subheading(self, block: Subheading) -> Iterator[Line]:
        """Yield a title, what it adds in the same line if there is room."""
        yield []
        text, detail = self.glyphs.say(block.text), self.glyphs.say(block.detail)
        if len(text) + len(INDENT) + len(detail) <= self.width:
            yield [(text, Role.TITLE), (INDENT + detail if detail else "", Role.QUIET)]
            return
        for line in textwrap.wrap(text, self.width):
            yield [(line, Role.TITLE)]
        yield from self.text(Text(INDENT + detail, Role.QUIET))

    def text(self, block: Text) -> Iterator[Line]:
        """Yield a paragraph, wrapped between words."""
        for line in self.glyphs.say(block.text).split("\n"):
            indent = line[: len(line) - len(line.lstrip())]
            for part in textwrap.wrap(line, self.width, subsequent_indent=indent) or [""]:
                yield [(part, block.role)]

    def sum(self, block: Sum) -> Iterator[Line]:
        """Break an expression between its terms only; a line that goes on is indented under the first term."""
        say = self._factors
        joiner, label = say(block.joiner), INDENT + say(block.label)
        pieces = [say(term) + joiner.rstrip() for term in block.terms[:-1]] + [
            say(block.terms[-1]) + say(block.closing)
        ]
        pieces[0] = say(block.opening) + pieces[0]
        spaced = " " if joiner.endswith(" ") else ""
        outcome = say(block.outcome)
        hang = " " * (len(label) + len(say(block.opening)))
        line, started = label, False
        for piece in pieces:
            if started and len(line) + len(spaced) + len(piece) > self.width:
                yield [(line, Role.PLAIN)]
                line, started = hang, False
            line += (spaced if started else "") + piece
            started = True
        if not outcome:
            yield [(line, Role.PLAIN)]
            return
        if len(line) + 2 + len(outcome) > self.width:
            yield [(line, Role.PLAIN)]
            line = hang.rstrip(" ") or hang[:-1]
        sign, _, value = outcome.partition(" ")
        if block.final:
            yield [(f"{line} {sign} ", Role.PLAIN), (value, Role.RESULT)]
        else:
            yield [(f"{line} {outcome}", Role.PLAIN)]

    def drawing(self, block: Drawing) -> Iterator[Line]:
        """Yield lines as they stand."""
        return ([(self.glyphs.drawn(text), role) for text, role in line] for line in block.lines)

    def table(self, block: Table) -> Iterator[Line]:
        """Yield a table's names, a rule, and its rows."""
        return ([(text, Role.PLAIN)] for text in text_lines(block, self.width, self.glyphs))

    def _factors(self, text: str) -> str:
        """Return a part of a sum, in which a sign between digits multiplies."""
        return self.glyphs.say(text.replace("×", "*") if self.glyphs.ascii else text)

    def picture(self, block: Picture) -> Iterator[Line]:
        """Yield matrices beside one another, or one below the other."""
        view = self._view(block)
        if view is not None:
            yield from self._place(block, view)
            return
        for part in chain.from_iterable(block.lines):
            if isinstance(part, Matrix):
                yield from self._alone(part)
            else:
                yield [(INDENT + self.glyphs.say(part), Role.QUIET)]
        if block.result is not None:
            yield from self._alone(block.result)

    def _view(self, block: Picture) -> View | None:
        """Return the roomiest way to draw a picture that fits, or None; steps of one kind share the answer."""
        matrices = [part for line in block.lines for part in line if isinstance(part, Matrix)]
        matrices += [block.result] if block.result is not None else []
        key = tuple((matrix.body.columns, matrix.body.width, len(matrix.body.title)) for matrix in matrices)
        if key not in self.views:
            choices = self._choices(matrices)
            self.views[key] = next((view for view in choices if self._width(block, view) <= self.width), None)
        return self.views[key]

    def _choices(self, matrices: list[Matrix]) -> Iterator[View]:
        """Yield the ways to draw a picture, the roomiest first, then cut down further and further."""
        roomy, close = (View(self.glyphs, gap, self.brackets, most_rows=self.most_rows) for gap in (2, 1))
        closest = close._replace(between=1)
        yield from (roomy, close, closest, roomy._replace(below=True), closest._replace(below=True))
        widest = max(matrix.body.columns for matrix in matrices)
        spans = [matrix.window[1][-1] - matrix.window[1][0] + 1 for matrix in matrices if matrix.window]
        unmarked = [matrix.body.columns for matrix in matrices if not (matrix.window or matrix.current)]
        least = max([*spans, *unmarked, 1]) + 2
        for most in range(min(widest - 1, self.width // 2), least - 1, -1):
            yield closest._replace(most_columns=most)
        for fewer in range(least - 1, 2, -1):
            yield closest._replace(most_columns=least, most_made=fewer)

    def _width(self, block: Picture, view: View) -> int:
        """Return how wide a picture would be, without drawing it."""
        widths = [sum(view.between + self._across(part, view) for part in line) for line in block.lines]
        result = 0 if block.result is None else width_of(block.result, view)
        left = max(widths) - view.between
        return max(left, result) if view.below else left + (view.between + result if result else 0)

    def _across(self, part: Matrix | str, view: View) -> int:
        return len(self.glyphs.say(part)) if isinstance(part, str) else width_of(part, view)

    def _place(self, block: Picture, view: View) -> list[Line]:
        """Draw a picture's lines of matrices one below the other, and its result to the right of them."""
        parts = [
            [self.sign(part) if isinstance(part, str) else draw(part, view) for part in line] for line in block.lines
        ]
        result = [] if block.result is None else [draw(block.result, view)]
        if len(parts) == 1 and not view.below:
            return _side_by_side([*parts[0], *result], view.between).lines
        lines: list[Line] = []
        rows_of_parts = [_side_by_side(line, view.between) for line in parts]
        width = max(block_row.width for block_row in rows_of_parts)
        for block_row in rows_of_parts:
            lines += [[], *block_row.lines] if lines else block_row.lines
        if view.below:
            return [*lines, [], *chain.from_iterable(_titled(block_row).lines for block_row in result)]
        left = Drawn("", [_padded(line, width) for line in lines], width)
        return _side_by_side([left, *(_titled(block_row) for block_row in result)], view.between).lines

    def sign(self, sign: str) -> Drawn:
        """Return a sign between matrices."""
        text = self.glyphs.say(sign)
        return Drawn("", [[(text, Role.QUIET)]], len(text))

    def matrix(self, matrix: Matrix) -> Drawn:
        """Return a matrix, as roomy as it can be drawn."""
        return draw(matrix, View(self.glyphs, 2, self.brackets, most_rows=self.most_rows))

    def _alone(self, matrix: Matrix, most_rows: int | None = None) -> Iterator[Line]:
        """Draw one matrix in the whole width, cut down around its window if it must be."""
        view = View(self.glyphs, 1, self.brackets, most_rows=most_rows or self.most_rows)
        most = min(matrix.body.columns, max((self.width - 1) // (cell_width(matrix.body) + 1), 3))
        yield from _titled(draw(matrix, view._replace(most_columns=most))).lines

    def grids(self, block: Grids) -> Iterator[Line]:
        """Set grids side by side, as many as fit; a grid with shades has them drawn behind it."""
        shelf: list[Drawn] = []
        cut = False
        for matrix in block.matrices:
            body = matrix.body
            gaps = (2, 1, 0) if body.tight else (2, 1)
            views = (View(self.glyphs, gap, self.brackets, most_rows=MOST_ROWS) for gap in gaps)
            view = next((view for view in views if width_of(matrix, view) <= self.width), None)
            cut = cut or ((view is None or body.rows > MOST_ROWS) and body.shade is None)
            wide = view is None or body.rows > MOST_ROWS
            if body.shade is not None and (wide or body.pictured):
                parts = [halves(body, self.width - len(INDENT), self.glyphs, grey=self.brackets)]
            elif view is None:
                parts = [Drawn("", list(self._alone(matrix, MOST_ROWS)), self.width)]
            else:
                parts = [_titled(draw(matrix, view))]
            if body.shade is not None and not (wide or body.pictured) and body.columns * 2 <= self.width:
                parts.append(self._shades(body))
            for part in parts:
                if shelf and sum(one.width + BETWEEN for one in shelf) + part.width > self.width:
                    yield from _side_by_side(shelf, top=True).lines
                    shelf = []
                shelf.append(part)
        if shelf:
            yield from _side_by_side(shelf, top=True).lines
        if cut:
            yield from self.text(Text("… cut to fit: -q prints every number, -o FILE saves them", Role.QUIET))

    def _shades(self, body: Body) -> Drawn:
        """Draw a grid as shaded cells, two signs wide so that they look square."""
        assert body.shade is not None
        scale = INDENT + self._key(body.scale)
        lines: list[Line] = [[(scale, Role.QUIET)]]
        for row in range(body.rows):
            shades = [body.shade(row, column) for column in range(body.columns)]
            lines.append([(INDENT, Role.PLAIN), *((self._ink(shade), shade) for shade in shades)])
        return Drawn("", lines, max(body.columns * 2 + len(INDENT), len(scale)))

    def _key(self, scale: tuple[str, ...]) -> str:
        """Return the key to the shades: what the first, the middle and the last of them stand for."""
        if not self.brackets or len(scale) == 1:
            return self.glyphs.say(" … ".join(scale))
        ramp = self.glyphs.shades
        signs = ["blank", *([ramp[len(ramp) // 2]] if len(scale) == 3 else []), ramp[-1]]
        return ", ".join(f"{sign} {value}" for sign, value in zip(signs, scale, strict=True))

    def _ink(self, shade: Shade) -> str:
        if not self.brackets:
            return "  "
        ramp = self.glyphs.shades
        return ramp[round(shade.level * (len(ramp) - 1))] * 2


def _titled(drawn: Drawn) -> Drawn:
    """Put a matrix's title above it, over its first cell."""
    title = INDENT + drawn.title
    width = max(drawn.width, len(title))
    return Drawn("", [[(title, Role.QUIET)], *drawn.lines], width)


def _side_by_side(parts: list[Drawn], between: int = BETWEEN, *, top: bool = False) -> Drawn:
    """Set drawn parts beside one another; titles share a line, and bodies are centred on the tallest (or not)."""
    titled = any(part.title for part in parts)
    tallest = max(len(part.lines) for part in parts)
    columns: list[list[Line]] = []
    for part in parts:
        title = INDENT + part.title if part.title else ""
        width = max(part.width, len(title))
        above = 0 if top else (tallest - len(part.lines)) // 2
        empty: Line = [(" " * width, Role.PLAIN)]
        beside: Line = [(" " * (width - part.width), Role.PLAIN)] if width > part.width else []
        body: list[Line] = [empty] * above
        if not part.even:
            body += [_padded(line, width) for line in part.lines]
        else:
            body += [[*line, *beside] for line in part.lines] if beside else part.lines
        body += [empty] * (tallest - len(body))
        columns.append([_padded([(title, Role.QUIET)], width), *body] if titled else body)
    lines: list[Line] = []
    space = (" " * between, Role.PLAIN)
    for row in range(tallest + titled):
        line: Line = []
        for index, rows in enumerate(columns):
            if index:
                line.append(space)
            line += rows[row]
        lines.append(line)
    widths = (max(part.width, len(INDENT + part.title) if part.title else 0) for part in parts)
    return Drawn("", lines, sum(widths) + between * (len(columns) - 1))


def _padded(line: Line, width: int) -> Line:
    missing = width - sum(len(text) for text, _ in line)
    return [*line, (" " * missing, Role.PLAIN)] if missing > 0 else line
