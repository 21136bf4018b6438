"""Answers as a class hands them in: a table with a row a student, lines of text, a sheet filled in, or a saved page."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from typing import NamedTuple

import numpy as np

from convcalc.engine.exact import Array
from convcalc.errors import InputError, Place
from convcalc.matrix_io.files import ReadOptions, read_stream
from convcalc.practice.recipe import Recipe, recipe_in

EMPTY = "_"
MARKS = ",points,of,mistakes"
"""How the first row of a table of marks ends."""
_EXERCISE = re.compile(r"(?:q|question|exercise|ex|response|answer|no|nr|#)?[\s._-]*(\d+)[\s.]*", re.IGNORECASE)
_NAMES = re.compile(r"(?:full[ _]?)?name|student|pupil|who|id", re.IGNORECASE)
_PARTS_OF_NAME = (
    re.compile(r"(?:first|given)[ _]?name", re.IGNORECASE),
    re.compile(r"(?:last|sur|family)[ _]?name", re.I),
)
_LINE = re.compile(r"\s*(?:q|question|exercise|answer)?\s*(\d+)\s*(?:[:)]|\.(?=\s))\s*(.*)", re.IGNORECASE)
_RULE = re.compile(r"[\s:-]*")
_NAME_LINE = re.compile(r"\s*(?:name|student):\s*(.*?)(?:\s{2,}\w+:.*)?\s*$", re.IGNORECASE)
_HEADING = re.compile(r"[#\s]*(\d+) · ")
_ROOM = re.compile(r"\s*(?:answer|map 0)(?:, in as many.*)?(?:\s{2,}.*)?\s*$")


class Answers(NamedTuple):
    """What one student answered: the name, and the text of each answer by the exercise's number."""

    student: str
    texts: dict[int, str]
    recipe: Recipe | None = None
    """The sheet it is an answer to, if it says so."""


def read_answers(text: str, source: str, name: str, suffix: str) -> list[Answers]:
    r"""Return what the text of a file holds, by the suffix of its name; `name` is whose it is if it does not say.

    >>> read_answers("1: 5\n2: 1 2; 3 4\n", "ada.txt", "ada", ".txt")
    [Answers(student='ada', texts={1: '5', 2: '1 2; 3 4'}, recipe=None)]
    """
    first = re.split(r"[,;\t]", text.lstrip().partition("\n")[0].strip())
    if suffix in (".csv", ".tsv") or (not suffix and len(first) > 1 and _EXERCISE.fullmatch(first[-1])):
        return list(_from_table(text, source))
    if suffix in (".html", ".htm"):
        return [_from_page(text, name)]
    is_sheet = any(map(_HEADING.match, text.splitlines()))
    return [_from_sheet(text, name) if is_sheet else _from_lines(text, source, name)]


def cells_of(text: str, source: str) -> Array:
    """Return the cells of an answer, as they were written; None where a cell was left empty.

    >>> cells_of("1 _; 3 4", "ada.txt").tolist()
    [[1, None], [3, 4]]
    """
    if EMPTY not in text:
        return read_stream(io.BytesIO(text.encode()), source, ReadOptions(as_written=True)).cells
    rows = [re.split(r"[\s,]+", row.strip()) for row in re.split(r"[;\n]+", text) if row.strip()]
    if len({len(row) for row in rows}) > 1:
        raise InputError(
            "the rows of an answer are not equally long", hint="write _ for an empty cell", place=Place(source)
        )
    cells = np.empty((len(rows), len(rows[0])), dtype=object)
    for row, column in np.ndindex(cells.shape):
        token = rows[row][column].replace(EMPTY, "")
        cells[row, column] = cells_of(token, source).flat[0] if token else None
    return cells


def _from_table(text: str, source: str) -> Iterator[Answers]:
    """Yield a student for each row of a table whose first row names its columns."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    first = text.lstrip().partition("\n")[0]
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=max(",;\t", key=first.count), strict=True))
    except csv.Error as error:
        raise InputError(
            f"the table cannot be read: {error}", hint="save it again as CSV", place=Place(source)
        ) from None
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    heads = [head.strip() for head in rows[0]] if rows else []
    if first.rstrip().endswith(MARKS):
        raise InputError("these are marks, and no answers", hint="keep marks in another folder", place=Place(source))
    numbers = {at: int(found[1]) for at, head in enumerate(heads) if (found := _EXERCISE.fullmatch(head))}
    if len(rows) < 2 or not numbers or len(set(numbers.values())) < len(numbers):
        fault = "the first row must name the columns: who, and the number of each exercise"
        raise InputError(fault, hint="begin with a line such as: name,1,2,3", place=Place(source, 1))
    names = _name_columns(heads, set(numbers))
    for row in rows[1:]:
        cells = [*row, *[""] * (len(heads) - len(row))]
        student = " ".join(cells[at].strip() for at in names).strip() or "(no name)"
        yield Answers(student, {number: cells[at].strip() for at, number in numbers.items() if cells[at].strip()})


def _name_columns(heads: Sequence[str], taken: set[int]) -> list[int]:
    """Return the columns that make a name: one called so, first and last name, or the first that is no answer."""
    free = [at for at in range(len(heads)) if at not in taken]
    named = [at for at in free if _NAMES.fullmatch(heads[at])]
    parts = [at for part in _PARTS_OF_NAME for at in free if part.fullmatch(heads[at])]
    return named[:1] or parts or free[:1]


def _from_lines(text: str, source: str, name: str) -> Answers:
    """Return the answers of lines such as `2: 1 2; 3 4`; further rows of a grid may stand below."""
    texts: dict[int, str] = {}
    number = None
    for place, line in enumerate(text.splitlines(), 1):
        if found := _NAME_LINE.match(line):
            name = found[1].strip() or name
        elif found := _LINE.match(line):
            number = int(found[1])
            if number in texts:
                fault = f"exercise {number} is answered twice"
                raise InputError(fault, hint="leave one of them out", place=Place(source, place, text=line))
            texts[number] = found[2].strip()
        elif number is not None and line.strip():
            texts[number] = f"{texts[number]}\n{line.strip()}".strip()
    if not texts:
        raise InputError("there are no answers in it", hint="write each as 1: 5, or 2: 1 2; 3 4", place=Place(source))
    return Answers(name, {number: answer for number, answer in texts.items() if answer}, recipe_in(text))


def _from_sheet(text: str, name: str) -> Answers:
    """Return the answers of a sheet that was filled in where its lines to write on were."""
    if any(line.rstrip(" #*").endswith(": the key") for line in text.splitlines()[:3]):
        raise InputError("this is a key, and no answers", hint="keep it in another folder", place=Place(name))
    texts: dict[int, str] = {}
    rows: list[list[str]] | None = None
    number, maps = 0, 1

    def enter() -> None:
        if rows and (answer := _of_maps(_side_by_side(rows, maps))):
            texts[number] = answer

    for written in [*text.splitlines(), ""]:
        line = _without_marks(written)
        if rows is not None:
            if line is None or (not rows and not line.strip()):
                continue  # a table's rule, or what stands above its rows
            if line.strip():
                rows.append(line.split())
                continue
            enter()
            rows = None
        if line is None:
            continue
        if found := _HEADING.match(line):
            number = int(found[1])
        elif (found := _NAME_LINE.match(line)) and number == 0:
            name = found[1].strip(" _") or name
        elif _ROOM.match(line):
            rows, maps = [], max(line.count("map "), 1)
        elif line.strip().startswith("answer:"):
            answer = re.sub(r"\s*\([^()]*[×a-z][^()]*\)\s*$", "", line.partition(":")[2]).strip(" _")
            if answer:
                texts[number] = answer
    return Answers(name, texts, recipe_in(text))


def _without_marks(line: str) -> str | None:
    r"""Return a line without what makes it Markdown, a table's row as its cells; None of a table's rule.

    >>> _without_marks(r"| 1 | \_\_\_\_ |"), _without_marks("**answer**"), _without_marks("| :---: |")
    ('1 ____', 'answer', None)
    """
    plain = line.replace("\\", "").replace("**", "")
    if not plain.lstrip().startswith("|"):
        return plain
    cells = [cell.strip() for cell in plain.strip().strip("|").split("|")]
    return None if all(_RULE.fullmatch(cell) for cell in cells) else " ".join(cell or "____" for cell in cells)


def _side_by_side(rows: Sequence[list[str]], maps: int) -> list[list[list[str]]]:
    """Return the maps that stand beside each other, each as its rows of texts."""
    cells = [[cell.replace("_", "") for cell in row] for row in rows]
    width = max(map(len, cells))
    cells = [[*row, *[""] * (width - len(row))] for row in cells]
    each = width // maps
    return [[row[at * each : (at + 1) * each] for row in cells] for at in range(maps)]


def _of_maps(maps: Sequence[Sequence[Sequence[str]]]) -> str:
    """Return maps as text, without the rows and columns around them that are empty; nothing if all is."""
    texts = []
    for rows in maps:
        used_rows = [at for at, row in enumerate(rows) if any(row)]
        used = [at for row in rows for at, cell in enumerate(row) if cell]
        if used:
            inside = rows[used_rows[0] : used_rows[-1] + 1]
            texts.append(
                "; ".join(" ".join(cell or EMPTY for cell in row[min(used) : max(used) + 1]) for row in inside)
            )
    return ";; ".join(texts)


class _Page(HTMLParser):
    """What was typed into a saved page: names, and the maps of each exercise."""

    def __init__(self) -> None:
        super().__init__()
        self.written: dict[str, str] = {}
        self.maps: dict[int, list[list[list[str]]]] = {}
        self.number: int | None = None
        self.in_lines = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Take what an element holds."""
        told = {name: value or "" for name, value in attributes}
        classes = told.get("class", "").split()
        if "blanks" in classes:
            self.number = int(told["data-exercise"])
            self.maps[self.number] = []
        elif tag == "input" and "written" in classes:
            self.written[told.get("aria-label", "")] = told.get("value", "").strip()
        elif self.number is not None:
            maps = self.maps[self.number]
            if tag in ("table", "label"):
                maps.append([[]])
            elif tag == "tr":
                maps[-1].append([])
            elif tag == "input":
                maps[-1][-1].append(told.get("value", "").replace(" ", ""))
            self.in_lines = tag == "textarea"

    def handle_data(self, data: str) -> None:
        """Take the lines of a text area."""
        if self.in_lines and self.number is not None:
            rows = [row.split() for row in re.split(r"[;\n]+", data) if row.strip()]
            self.maps[self.number][-1] += rows

    def handle_endtag(self, tag: str) -> None:
        """Leave a text area."""
        self.in_lines = False


def _from_page(text: str, name: str) -> Answers:
    """Return the answers of a page that was saved after it was typed into."""
    page = _Page()
    page.feed(text)
    if not page.maps:
        raise InputError("the page is no worksheet", hint="save the sheet that was typed into", place=Place(name))
    texts = {number: _of_maps([[row for row in rows if row] for rows in maps]) for number, maps in page.maps.items()}
    student = page.written.get("Name") or name
    return Answers(student, {number: answer for number, answer in texts.items() if answer}, recipe_in(text))
