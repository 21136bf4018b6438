"""Grids as text: rows are lines, a blank line parts channels, ``---`` parts filters or items.

A row whose line ends in a comment like ``#= 1/3 2`` is read from there: see `convcalc.matrix_io.plain`.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from convcalc.engine.exact import Array, as_grid
from convcalc.errors import InputError, Place
from convcalc.matrix_io.plain import EXACT

MOST_CELLS = 1 << 24
MOST_DIGITS = 1000
_TOKEN = re.compile(r"[^\s,]+|,")
_NUMBER = re.compile(r"[+-]?(\d+|\d+\.\d*|\.\d+)([eE][+-]?\d+)?")
_FRACTION = re.compile(r"([+-]?\d+)/(\d+)")
_EMPTY_CELL = re.compile(r",\s*(,|$)|^\s*,")
_SEPARATOR = re.compile(r"-{3,}")
_INTEGER_SIGNS = frozenset("0123456789+-, \t")
_DECIMAL_SIGNS = _INTEGER_SIGNS | {"."}

Row = Array | list[int | float | Fraction]
WIDE = 16
"""Numbers from which a row is quicker kept as an array."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A grid as it was read: its cells, the comment lines it came with (without their ``# ``), and from where."""

    cells: Array
    source: str
    comments: tuple[str, ...] = ()


def parse_text(lines: Iterable[str], source: str, *, semicolons_part_rows: bool = True) -> Grid:
    """Read a grid from lines of text; raise InputError with the place of the first fault.

    One block gives (H, W); blocks parted by blank lines (C, H, W); by ``---`` as well (N, C, H, W). With
    `semicolons_part_rows` false, semicolons part cells, as in some CSV files.

    >>> parse_text(["# two rows", "1, 2", "3, 1/2"], "example").cells.tolist()
    [[1, 2], [3, Fraction(1, 2)]]
    >>> parse_text(["1 0 -1; 1 0 -1"], "example").cells.shape
    (2, 3)
    """
    reader = _Reader(source, semicolons_part_rows)
    for line in lines:
        reader.read(line)
    return reader.grid()


@dataclass(slots=True)
class _Reader:
    """Reads line after line into items of channels of rows, and knows where it is."""

    source: str
    semicolons_part_rows: bool
    number: int = 0
    text: str = ""
    cells: int = 0
    shape: tuple[int, int] | None = None
    items: list[list[list[Row]]] = field(default_factory=lambda: [[[]]])
    comments: list[str] = field(default_factory=list)

    def read(self, line: str) -> None:
        """Read one line: numbers, a comment, a separator, or nothing."""
        self.number += 1
        self.text = line.rstrip("\r\n")
        body, hash_, comment = self.text.partition("#")
        stripped = body.strip()
        if _SEPARATOR.fullmatch(stripped) or (not stripped and _SEPARATOR.fullmatch(comment.strip())):
            self.end_item()
        elif not stripped and hash_:
            self.comments.append(comment.removeprefix(" "))
        elif not stripped:
            self.end_block()
        elif comment.startswith(EXACT):
            self.add(self.exact_row(body, comment[len(EXACT) :]))
        elif ";" not in body:
            self.add(self.row(body, 0))
        elif self.semicolons_part_rows:
            self.add_rows(body)
        else:
            self.add(self.row(self.cells_by_semicolons(body), 0))

    def grid(self) -> Grid:
        """Return what was read, once its last channel and item are complete."""
        self.end_item()
        items = [[block for block in item if block] for item in self.items]
        items = [item for item in items if item]
        if not items:
            raise InputError(
                "there are no numbers in it",
                hint='write rows of numbers, as in "1 0 -1; 1 0 -1"',
                place=Place(self.source),
            )
        rows = [row for item in items for block in item for row in block]
        four = _stack(rows).reshape(len(items), len(items[0]), len(items[0][0]), len(rows[0]))
        cells = four if len(items) > 1 else four[0] if len(items[0]) > 1 else four[0, 0]
        return Grid(cells, self.source, tuple(self.comments))

    def place(self, column: int | None = None, length: int = 1) -> Place:
        """Return the place of the line being read, or of a column (from 0) in it."""
        return Place(self.source, self.number, None if column is None else column + 1, self.text, length)

    def add(self, row: Row) -> None:
        """Add a row, if it is as long as the others."""
        block = self.items[-1][-1]
        if block and len(block[0]) != len(row):
            raise InputError(
                f"row {len(block) + 1} has {_count(len(row), 'number')}, but the row above has {len(block[0])}",
                hint="every row needs as many numbers; a blank line starts a new channel",
                place=self.place(),
            )
        self.cells += len(row)
        if self.cells > MOST_CELLS:
            raise InputError(
                f"the grid has more than {MOST_CELLS:,} cells",
                hint="save a grid this large as .npy",
                place=Place(self.source, self.number),
            )
        block.append(row)

    def end_block(self) -> None:
        """Start a new channel, if this one has rows, once its shape is that of the others."""
        block = self.items[-1][-1]
        if not block:
            return
        shape = len(block), len(block[0])
        self.shape = self.shape or shape
        if self.shape != shape:
            raise InputError(
                f"this channel is {shape[0]}×{shape[1]}, but the one above is {self.shape[0]}×{self.shape[1]}",
                hint="channels (parted by blank lines) must be of one size",
                place=self.place(),
            )
        self.items[-1].append([])

    def end_item(self) -> None:
        """Start a new filter or item, if this one has channels, once it has as many as the first."""
        self.end_block()
        channels = len(self.items[-1]) - 1
        if not channels:
            return
        if channels != len(self.items[0]) - 1:
            raise InputError(
                f"this block has {_count(channels, 'channel')}, but the first has {len(self.items[0]) - 1}",
                hint="blocks parted by --- must have as many channels each",
                place=self.place(),
            )
        self.items.append([[]])

    def add_rows(self, body: str) -> None:
        """Add the rows of one line, parted by semicolons; one semicolon may end the line."""
        start = 0
        for part in body.rstrip().removesuffix(";").split(";"):
            if not part.strip():
                raise InputError(
                    "there is an empty row here", hint="take one of the semicolons out", place=self.place(start)
                )
            self.add(self.row(part, start))
            start += len(part) + 1

    def row(self, text: str, offset: int) -> Row:
        """Read one row, quickly where it is plain; `offset` is where `text` begins in the line."""
        signs = set(text)
        if signs <= _DECIMAL_SIGNS and not ("," in signs and _EMPTY_CELL.search(text)):
            words = text.replace(",", " ").split()
            try:
                if signs <= _INTEGER_SIGNS and len(words) > WIDE:
                    return np.fromiter(map(int, words), np.int64, len(words))
                if signs <= _INTEGER_SIGNS and len(text) <= MOST_DIGITS:
                    return [*map(int, words)]
                if all("." in word for word in words):
                    return np.fromiter(map(float, words), np.float64, len(words))
            except (ValueError, OverflowError):
                pass  # the slower reading below finds the fault, or the large number, and its column
        return list(self.numbers(text, offset))

    def numbers(self, text: str, offset: int) -> Iterator[int | float | Fraction]:
        """Yield the numbers of a row one by one; an empty cell between commas is a fault."""
        needs_number = True
        end = offset
        for match in _TOKEN.finditer(text):
            start, end = match.start() + offset, match.end() + offset
            if match[0] != ",":
                yield parse_number(match[0], self.place(start, len(match[0])))
                needs_number = False
            elif needs_number:
                raise InputError(
                    "there is an empty cell here", hint="write 0, or take the comma out", place=self.place(start)
                )
            else:
                needs_number = True
        if needs_number:
            raise InputError("a number is missing after this comma", hint="take it out", place=self.place(end - 1))

    def cells_by_semicolons(self, body: str) -> str:
        """Return a CSV line whose cells are parted by semicolons with commas for them, if that is unambiguous."""
        if "," in body:
            raise InputError(
                "there are both commas and semicolons here",
                hint="part cells by one of them, and write decimals with a point",
                place=self.place(body.index(",")),
            )
        return body.replace(";", ",")

    def exact_row(self, body: str, comment: str) -> Row:
        """Read a row from the exact values in its comment, if the decimals before them still say the same."""
        decimals = list(self.numbers(body, 0))
        exactly = list(self.numbers(comment, len(body) + 1 + len(EXACT)))
        same = len(decimals) == len(exactly) and all(
            float(a) == float(b) for a, b in zip(decimals, exactly, strict=True)
        )
        if not same:
            raise InputError(
                "the row and the exact values behind '#=' disagree",
                hint="delete '#=' and what follows it",
                place=self.place(),
            )
        return exactly


def parse_number(word: str, place: Place) -> int | float | Fraction:
    """Read an integer, a decimal or a fraction, exactly as ``1/9`` is written; raise InputError at `place`.

    >>> parse_number("-1/9", Place("example")), parse_number("2.50", Place("example"))
    (Fraction(-1, 9), 2.5)
    """
    plain = word.strip("\"'").replace("−", "-")
    if len(plain) > MOST_DIGITS:
        raise InputError(f"a number of {len(plain)} digits is too long", hint=f"the most is {MOST_DIGITS}", place=place)
    if fraction := _FRACTION.fullmatch(plain):
        if int(fraction[2]) == 0:
            raise InputError(f"'{word}' divides by zero", hint="write another denominator", place=place)
        return Fraction(int(fraction[1]), int(fraction[2]))
    decimal = _NUMBER.fullmatch(plain)
    if not decimal or not plain.isascii():
        raise InputError(f"'{word}' is not a number", hint=_number_hint(plain), place=place)
    if decimal[1].isdigit() and not decimal[2]:
        return int(plain)
    value = float(plain)
    if value in (float("inf"), float("-inf")) or (value == 0 and re.search("[1-9]", decimal[1])):
        size = "large" if value else "small"
        raise InputError(
            f"'{word}' is too {size} for a decimal", hint="decimals reach from 1e-323 to 1e308", place=place
        )
    return value


def _number_hint(word: str) -> str:
    folded = word.lower().lstrip("+-")
    if folded in ("nan", "inf", "infinity"):
        return "only finite numbers can be worked with"
    if re.fullmatch(r"\d+_[\d_]+", folded):
        return f"write {folded.replace('_', '')}"
    if re.search(r"[\[\](){}]", word):
        return "leave the brackets out, or write JSON: [[1, 2], [3, 4]]"
    if word.endswith("%"):
        return "write a percentage as a fraction, 50/100"
    return "numbers look like 3, -2, 0.5, 1e-3 or 1/9; # starts a comment"


def _stack(rows: list[Row]) -> Array:
    if all(isinstance(row, np.ndarray) and row.dtype == np.int64 for row in rows):
        return np.array(rows)
    if all(isinstance(row, np.ndarray) and row.dtype == np.float64 for row in rows):
        return as_grid(np.array(rows))
    return as_grid([row.tolist() if isinstance(row, np.ndarray) else row for row in rows])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
