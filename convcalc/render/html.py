"""Documents as HTML: each block as the element that says what it is; every text escaped."""

from collections.abc import Iterator
from html import escape

from convcalc.render.cells import Cell, cells
from convcalc.render.colours import hexadecimal, shade_colours
from convcalc.report.document import (
    Answer,
    Block,
    Document,
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
    flowing,
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


def render(document: Document) -> Iterator[str]:
    """Yield a document's elements, to be put into a page."""
    for block in flowing(document):
        yield from element(block)


def element(block: Block) -> Iterator[str]:
    """Yield one block's elements."""
    if isinstance(block, Heading):
        yield f"<h2>{escape(block.text)}</h2>"
        yield from formulas(block)
    elif isinstance(block, Subheading):
        yield f"<h3>{escape(block.text)}</h3>"
        if block.detail:
            yield f'<p class="quiet">{escape(block.detail.strip())}</p>'
    elif isinstance(block, Text):
        if block.text.strip():
            of = ' class="quiet"' if block.role is Role.QUIET else ""
            yield f"<p{of}>{'<br>'.join(escape(line.strip()) for line in block.text.split(chr(10)))}</p>"
    elif isinstance(block, Sum):
        yield _sum(block)
    elif isinstance(block, Picture):
        yield from _picture(block)
    elif isinstance(block, Drawing):
        yield f"<pre>{escape(chr(10).join(''.join(text for text, _ in line) for line in block.lines))}</pre>"
    elif isinstance(block, Table):
        yield from _table(block)
    elif isinstance(block, Answer):
        yield '<div class="grids answer">'
        yield from (_matrix(matrix) for matrix in block.grids.matrices)
        yield "</div>"
    elif isinstance(block, Grids):
        yield '<div class="grids">'
        yield from (_matrix(matrix) for matrix in block.matrices)
        yield "</div>"


def formulas(heading: Heading) -> Iterator[str]:
    """Yield the formulas under a heading."""
    yield from (f'<p class="formula">{escape(formula)}</p>' for formula in heading.formulas)


def _sum(block: Sum) -> str:
    label = f'<span class="label">{escape(block.label.strip())}</span> ' if block.label.strip() else ""
    sign, _, value = block.outcome.partition(" ")
    outcome = f"<b>{escape(value)}</b>" if block.final and value else escape(value)
    terms = escape(block.joiner).join(f"<span>{escape(term)}</span>" for term in block.terms)
    return f'<p class="sum">{label}{escape(block.opening)}{terms}{escape(block.closing)} {escape(sign)} {outcome}</p>'


def _picture(block: Picture) -> Iterator[str]:
    yield '<div class="picture"><div class="lines">'
    for line in block.lines:
        parts = (
            _matrix(part) if isinstance(part, Matrix) else f'<span class="sign">{escape(part)}</span>' for part in line
        )
        yield f'<div class="line">{"".join(parts)}</div>'
    yield "</div>"
    if block.result is not None:
        if not isinstance(block.lines[0][-1], str):
            yield '<span class="sign">→</span>'
        yield _matrix(block.result)
    yield "</div>"


def _matrix(matrix: Matrix) -> str:
    rows = ("".join(_cell(cell) for cell in row) for row in cells(matrix))
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    of = "grid dense" if matrix.body.columns > DENSE else "grid"
    scroll = "scroll derived" if matrix.derived else "scroll"
    return (
        f'<div class="{scroll}"><table class="{of}"><caption>{escape(matrix.body.title)}</caption>{body}</table></div>'
    )


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


def _table(table: Table) -> Iterator[str]:
    def row(texts: tuple[str, ...], tag: str) -> str:
        cells_of = (f"<{tag}{_classes(index, table, tag)}>{escape(text)}</{tag}>" for index, text in enumerate(texts))
        return f"<tr>{''.join(cells_of)}</tr>"

    yield f'<div class="wide"><table class="table"><thead>{row(table.columns, "th")}</thead><tbody>'
    yield from (row(texts, "td") for texts in table.rows)
    yield "</tbody></table></div>"
