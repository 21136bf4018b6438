"""Sheets as CSV, TSV, JSON, Markdown and LaTeX: one function each, all with the same signature."""

import csv
import io
import json
from collections.abc import Iterator

from convcalc.render import markdown
from convcalc.render.latex import escaped, preamble
from convcalc.render.markdown import piped
from convcalc.report.document import Sheet

VERSION = 1
"""Of what JSON holds; it grows when a reader must know."""


def as_csv(sheet: Sheet, delimiter: str = ",") -> Iterator[str]:
    """Yield a line of names, then a line for each row."""
    for row in (sheet.columns, *sheet.rows):
        line = io.StringIO()
        csv.writer(line, delimiter=delimiter, lineterminator="").writerow("" if cell is None else cell for cell in row)
        yield line.getvalue()


def as_tsv(sheet: Sheet) -> Iterator[str]:
    """Yield the same, separated by tabs."""
    return as_csv(sheet, "\t")


def as_json(sheet: Sheet) -> Iterator[str]:
    """Yield one object: the version, the title, the rows as objects, the totals."""
    rows = [dict(zip(sheet.columns, row, strict=True)) for row in sheet.rows]
    whole = {"version": VERSION, "title": sheet.title, "rows": rows, "totals": dict(sheet.totals)}
    yield from json.dumps(whole, ensure_ascii=False, indent=2).splitlines()


def as_markdown(sheet: Sheet) -> Iterator[str]:
    """Yield a title, a table with its numbers to the right, and the totals as a list."""
    yield f"# {markdown.escaped(sheet.title)}"
    yield ""
    yield piped(map(markdown.escaped, sheet.columns))
    yield piped("---:" if right else ":---" for right in _numbers(sheet))
    yield from (piped(map(markdown.escaped, row)) for row in _rows(sheet))
    yield ""
    yield from (f"- {markdown.escaped(f'{name}: {_told(value)}')}" for name, value in sheet.totals)


def as_latex(sheet: Sheet, *, fragment: bool = False) -> Iterator[str]:
    """Yield a document that compiles as it is, or a fragment: a longtable, its numbers right, and the totals below."""
    if fragment:
        yield r"% needs \usepackage{longtable}"
        yield "{"
    else:
        yield from preamble("a3paper,landscape,margin=1cm")
    yield r"\tiny\setcounter{LTchunksize}{2000}% so that one run is enough"
    yield rf"\section*{{{escaped(sheet.title)}}}"
    yield rf"\begin{{longtable}}{{{''.join('r' if right else 'l' for right in _numbers(sheet))}}}"
    yield " & ".join(map(escaped, sheet.columns)) + r" \\ \hline\endhead"
    for row in _rows(sheet):
        yield " & ".join(map(escaped, row)) + r" \\"
    yield r"\end{longtable}"
    for name, value in sheet.totals:
        yield rf"\noindent {escaped(name)}: {escaped(_told(value))}\\"
    yield "}" if fragment else r"\end{document}"


def _rows(sheet: Sheet) -> Iterator[list[str]]:
    """Yield the rows as texts; the digits of numbers that count something are grouped."""
    for row in sheet.rows:
        yield [str(cell) if name in sheet.names else _told(cell) for name, cell in zip(sheet.columns, row, strict=True)]


def _told(cell: str | int | None) -> str:
    return "" if cell is None else f"{cell:,}" if isinstance(cell, int) else cell


def _numbers(sheet: Sheet) -> list[bool]:
    """Tell which columns hold numbers."""
    columns = range(len(sheet.columns))
    return [any(isinstance(row[index], int) for row in sheet.rows) for index in columns]
