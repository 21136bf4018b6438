"""Documents as HTML: each block as the element that says what it is; every text escaped."""

import base64
import json
import re
from collections.abc import Iterator
from html import escape

from convcalc.render.blocks import Renderer
from convcalc.render.cells import Cell, cells
from convcalc.render.colours import hexadecimal, shade_colours
from convcalc.render.powers import pieces
from convcalc.report.document import (
    Answer,
    Blanks,
    Drawing,
    Grids,
    Heading,
    Matrix,
    Picture,
    Role,
    Shade,
    Subheading,
    Sum,
    Table,
    Text,
)

DENSE = 20
"""Columns of a grid whose cells are drawn smaller; the page's script draws them so too."""
CLASSES = {
    Role.QUIET: "cut",
    Role.WINDOW: "window",
    Role.WINDOW_PADDING: "window padding",
    Role.PADDING: "padding",
    Role.PENDING: "pending",
    Role.RESULT: "result",
}


def raised(text: str) -> str:
    """Return text as HTML, its powers raised.

    >>> raised("e^-5 < 1")
    'e<sup>-5</sup> &lt; 1'
    """
    return "".join(f"<sup>{escape(part)}</sup>" if is_power else escape(part) for part, is_power in pieces(text))


def formulas(heading: Heading) -> Iterator[str]:
    """Yield the formulas under a heading."""
    yield from (f'<p class="formula">{raised(formula)}</p>' for formula in heading.formulas)


def _cell(cell: Cell) -> str:
    of = f' class="{CLASSES[cell.role]}"' if cell.role in CLASSES else ""
    style = "" if cell.shade is None else f' style="{shade_style(cell.shade)}"'
    text = cell.text if cell.text.strip("_") else ""  # a blank is the empty cell itself
    exact = f' data-value="{escape(cell.value)}"' if differing(cell.value, cell.text) and text else ""
    return f"<td{of}{style}{exact}>{escape(text)}</td>"


def differing(value: str, text: str) -> str:
    """Return a cell's exact value where its text is rounded, else nothing."""
    return "" if value == text else value


def shade_style(shade: Shade) -> str:
    """Return the colours of a shaded cell."""
    colour, dark_ink = shade_colours(shade)
    return f"background:{hexadecimal(colour)};color:{'#000' if dark_ink else '#fff'}"


def _classes(index: int, table: Table, tag: str) -> str:
    names = ["left"] * (index in table.left) + ["derived"] * (tag == "td" and 0 < table.given <= index)
    return f' class="{" ".join(names)}"' if names else ""


def _field(name: str) -> str:
    """Return a field for a number."""
    return f'<input class="cell" type="text" autocomplete="off" spellcheck="false" aria-label="{escape(name)}">'


def _squares(name: str, title: str, rows: int, columns: int) -> str:
    """Return a grid of fields under a title."""

    def line(row: int) -> str:
        return "".join(f"<td>{_field(f'{name}, row {row}, column {column}')}</td>" for column in range(columns))

    body = "".join(f"<tr>{line(row)}</tr>" for row in range(rows))
    return f'<div class="scroll"><table class="grid blank"><caption>{escape(title)}</caption>{body}</table></div>'


def _written_on(line: str) -> str:
    """Return a line of text, its places to write on as fields that are named by the word before."""
    parts = re.split("_{6,}", line)
    names = [(re.findall(r"(\w+):?\s*$", part) or ["answer"])[0] for part in parts[:-1]]
    fields = [f'<input class="written" type="text" spellcheck="false" aria-label="{escape(name)}">' for name in names]
    return "".join(raised(part) + field for part, field in zip(parts, [*fields, ""], strict=True))


class Html(Renderer[str]):
    """A document's elements, to be put into a page."""

    has_heading = False
    """Whether a heading stands above what follows, below that of the page."""

    def heading(self, block: Heading) -> Iterator[str]:
        """Yield a heading and its formulas."""
        self.has_heading = True
        yield f"<h2>{escape(block.text)}</h2>"
        yield from formulas(block)

    def subheading(self, block: Subheading) -> Iterator[str]:
        """Yield a smaller heading: one lower than a heading before it, if there is one."""
        level = 3 if self.has_heading else 2
        yield f'<h{level} class="part">{escape(block.text)}</h{level}>'
        if block.detail:
            yield f'<p class="quiet">{escape(block.detail.strip())}</p>'

    def text(self, block: Text) -> Iterator[str]:
        """Yield a paragraph, if it says anything."""
        if block.text.strip():
            of = ' class="quiet"' if block.role is Role.QUIET else ""
            yield f"<p{of}>{'<br>'.join(_written_on(line.strip()) for line in block.text.split(chr(10)))}</p>"

    def drawing(self, block: Drawing) -> Iterator[str]:
        """Yield text as it stands."""
        yield f"<pre>{escape(chr(10).join(''.join(text for text, _ in line) for line in block.lines))}</pre>"

    def grids(self, block: Grids, of: str = "grids") -> Iterator[str]:
        """Yield grids side by side."""
        yield f'<div class="{of}">'
        yield from map(self.matrix, block.matrices)
        yield "</div>"

    def blanks(self, block: Blanks) -> Iterator[str]:
        """Yield fields to type an answer into: one, squares, or lines."""
        name = f"answer to {block.number}"
        shape = "×".join(map(str, block.shape or ()))
        data = f'data-exercise="{block.number}" data-shape="{shape}"{" data-field" * block.is_field}'
        if block.marking is not None:
            text = json.dumps(block.marking(), ensure_ascii=False, separators=(",", ":"))
            data += f' data-marking="{base64.b64encode(text.encode()).decode()}"'
        yield f'<div class="blanks" role="group" aria-label="{name}" {data}>'
        if block.shape is None:
            note = f" ({escape(block.note)})" if block.note else ""
            yield f'<label>answer{note}: <textarea rows="5" cols="40" spellcheck="false"></textarea></label>'
        elif block.shape == (1, 1, 1):
            yield f"<label>answer: {_field(name)}</label>"
        else:
            yield from (_squares(f"{name}, {title}", title, *block.shape[1:]) for title in block.titles)
        yield "</div>"

    def answer(self, block: Answer) -> Iterator[str]:
        """Yield the answer, which can be hidden."""
        return self.grids(block.grids, "grids answer")

    def sign(self, sign: str) -> str:
        """Return a sign."""
        return f'<span class="sign">{escape(sign)}</span>'

    def sum(self, block: Sum) -> Iterator[str]:
        """Yield an expression, each term a span."""
        label = f'<span class="label">{escape(block.label.strip())}</span> ' if block.label.strip() else ""
        sign, _, value = block.outcome.partition(" ")
        outcome = f"<b>{raised(value)}</b>" if block.final and value else raised(value)
        terms = escape(block.joiner).join(f"<span>{raised(term)}</span>" for term in block.terms)
        expression = f"{raised(block.opening)}{terms}{raised(block.closing)} {escape(sign)} {outcome}"
        yield f'<p class="sum">{label}{expression}</p>'

    def picture(self, block: Picture) -> Iterator[str]:
        """Yield lines of matrices, and the result beside them."""
        yield '<div class="picture"><div class="lines">'
        for line in block.lines:
            yield f'<div class="line">{"".join(map(self.part, line))}</div>'
        yield "</div>"
        if block.result is not None:
            if not isinstance(block.lines[0][-1], str):
                yield self.sign("→")
            yield self.matrix(block.result)
        yield "</div>"

    def matrix(self, matrix: Matrix) -> str:
        """Return a table of cells, under its title."""
        rows = ("".join(_cell(cell) for cell in row) for row in cells(matrix))
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        of = "grid dense" if matrix.body.columns > DENSE else "grid"
        scroll = "scroll derived" if matrix.derived else "scroll"
        title = escape(matrix.body.title)
        return f'<div class="{scroll}"><table class="{of}"><caption>{title}</caption>{body}</table></div>'

    def table(self, block: Table) -> Iterator[str]:
        """Yield a table of texts."""

        def row(texts: tuple[str, ...], tag: str) -> str:
            cells_of = (
                f"<{tag}{_classes(index, block, tag)}>{raised(text)}</{tag}>" for index, text in enumerate(texts)
            )
            return f"<tr>{''.join(cells_of)}</tr>"

        yield f'<div class="wide"><table class="table"><thead>{row(block.columns, "th")}</thead><tbody>'
        yield from (row(texts, "td") for texts in block.rows)
        yield "</tbody></table></div>"
