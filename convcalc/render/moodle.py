"""Exercises as Moodle's XML: numerical questions, and Cloze ones where the answer is a grid of numbers.

Moodle keeps no style sheet of a question, so that grids carry their style in themselves. Feedback names mistakes.
"""

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from convcalc.render.cells import cells
from convcalc.render.html import Html
from convcalc.report.document import Block, Grids, Matrix
from convcalc.report.items import Cell, Item, by_folder

GRID = "border-collapse:collapse;display:inline-table;vertical-align:top;margin:0.3em 1.5em 0.3em 0"
SQUARE = "border:1px solid #767676;padding:0.2em 0.6em;text-align:center;font-family:monospace"
_ESCAPED = str.maketrans({sign: f"\\{sign}" for sign in '}#~/"\\'})
"""Signs that mean something in a Cloze question."""


class _InText(Html):
    """Blocks as HTML that needs no style sheet."""

    def grids(self, block: Grids, of: str = "grids") -> Iterator[str]:
        """Yield grids side by side."""
        yield f"<div>{''.join(map(self.matrix, block.matrices))}</div>"

    def matrix(self, matrix: Matrix) -> str:
        """Return a table of cells under its title."""
        rows = ("".join(f'<td style="{SQUARE}">{escape(cell.text)}</td>' for cell in row) for row in cells(matrix))
        return _table(matrix.body.title, rows)


def _table(title: str, rows: Iterable[str]) -> str:
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    caption = f'<caption style="caption-side:top">{escape(title)}</caption>'
    return f'<table style="{GRID}">{caption}<tbody>{body}</tbody></table>'


def html_of(blocks: Iterable[Block]) -> str:
    """Return blocks as HTML that carries its style in itself."""
    return "".join(_InText().document(blocks))


def render(items: Sequence[Item]) -> Iterator[str]:
    """Yield the lines of a file that Moodle imports; a folder is a category."""
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield "<quiz>"
    for folder, some in by_folder(items).items():
        yield f'<question type="category"><category><text>$course$/top/{escape(folder)}</text></category></question>'
        for item in some:
            yield from _question(item)
    yield "</quiz>"


def _question(item: Item) -> Iterator[str]:
    one = len(item.cells) == 1
    fields = "" if one else "".join(_fields(item))
    yield f'<question type="{"numerical" if one else "cloze"}">'
    yield f"<name><text>{escape(item.title)}</text></name>"
    yield from _text("questiontext", f"{html_of(item.given)}<p>{escape(item.asked)}</p>{fields}")
    yield from _text("generalfeedback", html_of(item.working()))
    yield "<penalty>0.3333333</penalty><hidden>0</hidden>"
    if one:
        (cell,) = item.cells
        yield "<defaultgrade>1</defaultgrade>"
        yield _answer(cell.value, cell.tolerance, 100, "")
        yield from (_answer(wrong.value, cell.tolerance, 0, _because(wrong.reason)) for wrong in cell.foreseen)
        yield "<unitgradingtype>0</unitgradingtype><showunits>3</showunits><unitsleft>0</unitsleft>"
    yield "</question>"


def _because(reason: str) -> str:
    return f"It would come out so if {reason}."


def _text(tag: str, html: str) -> Iterator[str]:
    guarded = html.replace("]]>", "]]]]><![CDATA[>")
    yield f'<{tag} format="html"><text><![CDATA[{guarded}]]></text></{tag}>'


def _answer(value: str, tolerance: str, fraction: int, feedback: str) -> str:
    return (
        f'<answer fraction="{fraction}" format="moodle_auto_format"><text>{value}</text>'
        f'<feedback format="html"><text>{escape(feedback)}</text></feedback><tolerance>{tolerance}</tolerance></answer>'
    )


def _fields(item: Item) -> Iterator[str]:
    """Yield the grids of an answer, each cell a field of its own."""
    maps, rows, columns = item.shape
    for index in range(maps):
        starts = range(index * rows * columns, (index + 1) * rows * columns, columns)
        lines = (
            "".join(f'<td style="{SQUARE}">{_field(cell)}</td>' for cell in item.cells[at : at + columns])
            for at in starts
        )
        yield _table(f"map {index}" if maps > 1 else "answer", lines)


def _field(cell: Cell) -> str:
    """Return a cell as a part of a Cloze question.

    >>> _field(Cell("5", "0"))
    '{1:NUMERICAL:=5:0}'
    """
    wrong = (
        f"~%0%{one.value}:{cell.tolerance}#{escape(_because(one.reason)).translate(_ESCAPED)}" for one in cell.foreseen
    )
    return f"{{1:NUMERICAL:={cell.value}:{cell.tolerance}{''.join(wrong)}}}"
