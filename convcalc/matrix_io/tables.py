"""Tables with more than numbers in them: Markdown's, and CSV with a header, an index, quotes, or decimal commas."""

import csv
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from convcalc.errors import InputError, Place
from convcalc.matrix_io.signs import DASHES
from convcalc.matrix_io.text import parse_number

_RULE = re.compile(r"[|:\s-]*-[|:\s-]*\|?[|:\s-]*")
"""A Markdown table's line between its header and its rows."""
_SEP = re.compile(r"sep=(.)\s*")
_DECIMAL_COMMA = re.compile(rf"[{DASHES}+]?\d+,\d+(?:[eE][-+]?\d+)?")
_THOUSANDS = re.compile(rf"[{DASHES}+]?\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?")
_GERMAN = re.compile(rf"[{DASHES}+]?\d{{1,3}}(?:\.\d{{3}})+,\d+")
MISSING = frozenset(("nan", "inf", "infinity", "na", "n/a", "none", "null", "-", "?", "true", "false"))
"""What stands in place of a number, and is no name."""
_NAME = re.compile(r"[^\W\d][\w .\-/%:]*(\([\w .\-/%²]*\))?")
"""What a column or a row may be called: a word or several, and a unit."""
INDEX_NAMES = ("", "index", "unnamed: 0", "id", "row")
MOST_NAMED = 4
"""Names of a header that are told."""


class Found(NamedTuple):
    """A table's rows, and what is to be said of how they were read."""

    rows: list[list[Any]]
    note: str


class Row(NamedTuple):
    """A row of a table: its line's number from 1, the line, and its cells."""

    number: int
    line: str
    cells: list[str]


def read_table(text: str, source: str, *, as_written: bool = False) -> Found | None:
    """Return a table's numbers; None for a text that is no such table, but at most plain rows of numbers.

    A header and an index are left out, and it is said. Raises InputError with the place of a fault.

    >>> read_table("a,b" + chr(10) + "1,2", "example")
    Found(rows=[[1, 2]], note='the first row is a header, and left out: a, b')
    """
    all_rows, delimiter = _split(text)
    if len({len(row.cells) for row in all_rows}) != 1 and not _is_indexed(all_rows):
        return None
    rows, notes = _without_names(all_rows)
    if rows is None:
        return None
    words = [cell for row in rows for cell in row.cells]
    commas = _commas_are(words, rows, source, delimiter)
    if not (notes or commas or delimiter in ("|", "sep", "quoted", "ended")):
        return None
    if commas:
        notes.append(f"commas are {commas}")
    return Found(
        [[_number(cell, row, source, commas, as_written) for cell in row.cells] for row in rows], "; ".join(notes)
    )


def _split(text: str) -> tuple[list[Row], str]:
    """Return the rows that hold something, and what parts their cells: a sign, or how it came to be one.

    That is ``sep`` of a first line, ``quoted`` cells, or commas at the ends of rows, too (``ended``).
    """
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.partition("#")[0].strip()]
    if not lines or any(line.count('"') % 2 for _, line in lines):
        return [], ""
    told = _SEP.fullmatch(lines[0][1].strip())
    if told:
        return [Row(number, line, _cells(line, told[1])) for number, line in lines[1:]], "sep"
    if all("|" in line for _, line in lines):
        kept = [(number, line.strip()) for number, line in lines if not _RULE.fullmatch(line.strip())]
        return [Row(number, line, _cells(line.removeprefix("|").removesuffix("|"), "|")) for number, line in kept], "|"
    delimiter = next((sign for sign in "\t;," if all(sign in line for _, line in lines)), " ")
    if delimiter == ";" and len(lines) == 1:
        return [], ""  # its rows
    rows = [Row(number, line, _cells(line, delimiter)) for number, line in lines]
    if len(rows) > 1 and delimiter == "," and all(len(row.cells) > 2 and not row.cells[-1] for row in rows):
        return [row._replace(cells=row.cells[:-1]) for row in rows], "ended"
    return rows, "quoted" if '"' in text and delimiter != " " else delimiter


def _cells(line: str, delimiter: str) -> list[str]:
    if delimiter == " ":
        return line.split()
    return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))]


def _are_names(cells: Sequence[str]) -> bool:
    return all(_NAME.fullmatch(cell) for cell in cells)


def _is_indexed(rows: Sequence[Row]) -> bool:
    """Whether the first row is as short by one as a header is that has no name for the index (pandas prints so)."""
    lengths = [len(row.cells) for row in rows]
    return len(rows) > 1 and len(set(lengths[1:])) == 1 and lengths[0] == lengths[1] - 1


def _without_names(rows: list[Row]) -> tuple[list[Row] | None, list[str]]:
    """Return the rows without a header and an index, and what is to be said of these; None for no such table."""
    notes: list[str] = []
    if any(cell.lower().lstrip(f"+{DASHES}") in MISSING for row in rows for cell in row.cells):
        return None, notes
    if len(rows) > 1 and _is_indexed(rows):
        first = [row.cells[0] for row in rows[1:]]
        if not (_counts(first) or _are_names(first)):
            return None, notes
        names, *rows = rows
        notes.append(f"the first row is a header, and left out: {_named(names.cells)}")
        rows = [row._replace(cells=row.cells[1:]) for row in rows]
        notes.append(f"the first column is an index, and left out: {_named(first)}")
        return rows, notes
    header = rows[0] if rows else None  # of as many cells as the others
    if (
        header is not None
        and len(rows) > 1
        and any(header.cells)
        and _are_names([cell for cell in header.cells if cell])
    ):
        rows = rows[1:]
        notes.append(f"the first row is a header, and left out: {_named(header.cells)}")
        first = [row.cells[0] for row in rows]
        named_so = header.cells[0].lower() in INDEX_NAMES
        if len(header.cells) > 1 and ((named_so and _counts(first)) or _are_names(first)):
            rows = [row._replace(cells=row.cells[1:]) for row in rows]
            notes.append(f"the first column is an index, and left out: {_named(first)}")
        return rows, notes
    first = [row.cells[0] for row in rows if row.cells]
    if len(rows) > 1 and all(len(row.cells) > 1 for row in rows) and _are_names(first):
        rows = [row._replace(cells=row.cells[1:]) for row in rows]
        notes.append(f"the first column is names, and left out: {_named(first)}")
    return rows, notes


def _counts(cells: Sequence[str]) -> bool:
    """Whether cells count from 0 or 1."""
    return cells in ([str(i) for i in range(len(cells))], [str(i + 1) for i in range(len(cells))])


def _named(cells: Sequence[str]) -> str:
    names = [cell for cell in cells if cell]
    return ", ".join(names[:MOST_NAMED]) + ", …" * (len(names) > MOST_NAMED)


def _commas_are(words: Sequence[str], rows: Sequence[Row], source: str, delimiter: str) -> str:
    """Return what commas within cells are: ``decimal``, or ``thousands``; nothing where there are none.

    Raises InputError where both may be meant.
    """
    with_commas = [word for word in words if "," in word]
    if not with_commas:
        return ""
    decimal = all(_DECIMAL_COMMA.fullmatch(word) or _GERMAN.fullmatch(word) for word in with_commas)
    thousands = all(_THOUSANDS.fullmatch(word) for word in with_commas)
    if thousands and not decimal:
        return "between thousands"
    if decimal and not thousands:
        return "decimal points"
    if not (decimal or thousands):
        return ""
    word = with_commas[0]
    row = next(row for row in rows if word in row.cells)
    raise InputError(
        f"'{word}' may be {word.replace(',', '.')}, or {word.replace(',', '')}",
        hint=f"write {word.replace(',', '.')}, or {word.replace(',', '')}",
        place=Place(source, row.number, row.line.find(word) + 1, row.line, len(word)),
    )


def _number(cell: str, row: Row, source: str, commas: str, as_written: bool) -> Any:
    at = max(row.line.find(cell), 0) if cell else 0
    place = Place(source, row.number, at + 1, row.line, max(len(cell), 1))
    if not cell:
        raise InputError("there is an empty cell here", hint="write 0", place=place)
    word = cell.replace(".", "").replace(",", ".") if _GERMAN.fullmatch(cell) else cell
    word = word.replace(",", "." if commas == "decimal points" else "") if commas else word
    return parse_number(word, place, as_written=as_written)
