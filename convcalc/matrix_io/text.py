"""Grids as text: rows are lines, a blank line parts channels, ``---`` parts filters or items.

A row whose line ends in a comment like ``#= 1/3 2`` is read from there: see `convcalc.matrix_io.plain`.
"""

import re
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from convcalc.engine.exact import Array
from convcalc.engine.grids import as_grid
from convcalc.errors import InputError, Place
from convcalc.matrix_io.plain import EXACT, SEPARATOR_COMMENT, plain_number
from convcalc.matrix_io.signs import DASHES, with_plain_signs

MOST_TYPED_CELLS = 1 << 24
MOST_DIGITS = 10_000
_TOKEN = r"[^ \t,]+|,"
_NUMBER = r"[+-]?(\d+|\d+\.\d*|\.\d+)([eE][+-]?\d+)?"
_FRACTION = r"([+-]?\d+)/(\d+)"
_MINUS = re.compile(f"(^|(?<=[eE]))[{DASHES}](?=[.\\d])")
_EMPTY_CELL = r",\s*(,|$)|^\s*,"
_EMPTY_BETWEEN_TABS = r"\S *(\t *\t)[ \t]*\S"
_SEPARATOR = r"-{3,}"
SHAPE = rf"#{EXACT} (1(?:×\d+){{2,3}})"
"""A comment that gives the shape of rows, whose first axis of 1 they do not show."""
"""Patterns are compiled when they are first needed: most grids need few of them."""
_GROUPED = r"(?<!\d)\d{1,3}([\u00a0\u2007\u2009\u202f]\d{3})+(?!\d)"
"""Digits in threes, with spaces between them that typesetters use for that, and others use for any space."""
_PLAIN_SIGNS = frozenset("0123456789+-.,eE \t")

Row: TypeAlias = "array[int] | array[float] | list[int | float | Fraction | Decimal]"
"""A row's numbers: packed if all are integers of 64 bits, or all decimals."""


class Grid(NamedTuple):
    """A grid as it was read: its cells, the comment lines it came with (without their ``# ``), and from where."""

    cells: Array
    source: str
    comments: tuple[str, ...] = ()
    is_picture: bool = False
    note: str = ""
    """What is to be said of how it was read, if anything."""


def parse_text(lines: Iterable[str], source: str, *, delimiter: str | None = None, as_written: bool = False) -> Grid:
    """Read a grid from lines of text; raise InputError with the place of the first fault.

    One block gives (H, W); blocks separated by blank lines (C, H, W); by ``---`` as well (N, C, H, W). A semicolon is
    as good as a line's end, unless it is the `delimiter`, as it may be in CSV; in TSV that is a tab. `as_written` keeps
    decimals as Decimals, with every digit and zero that was written.

    >>> parse_text(["# two rows", "1, 2", "3, 1/2"], "example").cells.tolist()
    [[1, 2], [3, Fraction(1, 2)]]
    >>> parse_text(["1 0 -1; 1 0 -1"], "example").cells.shape, parse_text(["1 2;; 3 4"], "example").cells.shape
    ((2, 3), (2, 1, 2))
    """
    reader = Reader(source, delimiter, as_written)
    for line in lines:
        reader.read(line)
    return reader.grid()


@dataclass(eq=False, repr=False)
class _Block:
    """The rows of one channel, their cells one after another: packed while all are integers, or all decimals."""

    cells: Any = None
    width: int = 0
    height: int = 0

    def add(self, row: Row) -> None:
        """Add a row as long as the others."""
        if self.cells is None:
            self.cells, self.width = row, len(row)
        elif isinstance(row, array) and isinstance(self.cells, array) and row.typecode == self.cells.typecode:
            self.cells.extend(row)
        else:
            self.cells = list(self.cells) if isinstance(self.cells, array) else self.cells
            self.cells.extend(row)
        self.height += 1


@dataclass(eq=False, repr=False)
class Reader:
    """Reads line after line into items of channels of rows, and knows where it is."""

    source: str
    delimiter: str | None
    as_written: bool = False
    number: int = 0
    text: str = ""
    delimits: bool = False
    """Whether a row above was separated by the delimiter."""
    column: int | None = None
    """Where the row being read begins, if it is one of several in its line."""
    cells: int = 0
    shape: tuple[int, int] | None = None
    axes: tuple[int, ...] | None = None
    """The shape that a comment gives, which has more axes than rows show."""
    axes_place: Place | None = None
    items: list[list[_Block]] = field(default_factory=lambda: [[_Block()]])
    comments: list[str] = field(default_factory=list)

    def read(self, line: str) -> None:
        """Read one line: numbers, a comment, a separator, or nothing."""
        self.number += 1
        self.text, self.column = line.rstrip("\r\n"), None
        if not self.text.isascii():
            self.text = self.with_plain_spaces(self.text)
        if (
            self.delimiter is None
            and _PLAIN_SIGNS.issuperset(self.text)
            and "--" not in self.text
            and self.text.strip()
        ):
            self.add(self.row(self.text, 0))  # most lines of a large grid
            return
        body, hash_, comment = self.text.partition("#")
        if comment.startswith(EXACT) and body.strip():
            self.add(self.exact_row(body, comment[len(EXACT) :]))
        elif not body.strip() and (axes := re.fullmatch(SHAPE.removeprefix("#"), comment)):
            self.axes, self.axes_place = tuple(map(int, axes[1].split("×"))), self.place(None)
        elif not body.strip() and hash_:
            self.end_item() if comment == SEPARATOR_COMMENT else self.comments.append(comment.removeprefix(" "))
        elif self.delimiter is not None and self.delimiter in body:
            if not self.delimits and self.items[-1][-1].width > 1:
                raise InputError(
                    f"the rows above part their cells otherwise, and this one by {_named(self.delimiter)}",
                    hint="separate all cells by the same sign",
                    place=self.place(body.index(self.delimiter)),
                )
            self.add(self.row(self.delimited(body, self.delimiter), 0))
            self.delimits = True
        elif self.delimits and len(body.replace(",", " ").split()) > 1:
            raise InputError(
                f"the rows above part their cells by {_named(self.delimiter)}, and this one does not",
                hint=f"separate all by {_named(self.delimiter)}",
                place=self.place(),
            )
        elif ";" not in body:
            self.part(body, 0)
        else:
            start = 0
            for part in body.rstrip().removesuffix(";").split(";"):
                self.part(part, start)
                start += len(part) + 1

    def with_plain_spaces(self, text: str) -> str:
        """Return a line with plain spaces for all others; raise InputError where these may group digits."""
        if match := re.search(_GROUPED, text.partition("#")[0]):
            one = re.sub(r"\D", "", match[0])
            raise InputError(
                f"this may be one number, {one}, or several",
                hint=f"write {one}, or separate them by a plain space",
                place=self.place(match.start(), len(match[0])),
            )
        return with_plain_signs(text)

    def part(self, text: str, offset: int) -> None:
        """Read a row, or what parts channels (nothing) or items (dashes); a semicolon is as good as a line's end."""
        stripped = text.strip()
        if not stripped:
            self.end_block()
        elif re.fullmatch(_SEPARATOR, stripped):
            self.end_item()
        else:
            self.column = offset + len(text) - len(text.lstrip()) if ";" in self.text else None
            self.add(self.row(text, offset))

    def grid(self) -> Grid:
        """Return what was read, once its last channel and item are complete."""
        self.end_item()
        items = [[block for block in item if block.height] for item in self.items]
        items = [item for item in items if item]
        if not items:
            raise InputError(
                "there are no numbers in it",
                hint='write rows of numbers, as in "1 0 -1; 1 0 -1"',
                place=Place(self.source),
            )
        first = items[0][0]
        four = _joined([block.cells for item in items for block in item], as_written=self.as_written)
        four = four.reshape(len(items), len(items[0]), first.height, first.width)
        cells = four if len(items) > 1 else four[0] if len(items[0]) > 1 else four[0, 0]
        if self.axes is not None:
            if (1,) * (len(self.axes) - cells.ndim) + cells.shape != self.axes:
                shapes = ("×".join(map(str, shape)) for shape in (cells.shape, self.axes))
                raise InputError(
                    "the rows are {}, and the shape written with them {}".format(*shapes),
                    hint="delete the line that begins with '#='",
                    place=self.axes_place,
                )
            cells = cells.reshape(self.axes)
        return Grid(cells, self.source, tuple(self.comments))

    def place(self, column: int | None = None, length: int = 1) -> Place:
        """Return the place of the line being read, or of a column (from 0) in it."""
        return Place(self.source, self.number, None if column is None else column + 1, self.text, length)

    def add(self, row: Row) -> None:
        """Add a row, if it is as long as the others."""
        block = self.items[-1][-1]
        if block.height and block.width != len(row):
            raise InputError(
                f"row {block.height + 1} has {_count(len(row), 'number')}, but the row above has {block.width}",
                hint="every row needs as many numbers",
                place=self.place(self.column),
            )
        self.cells += len(row)
        if self.cells > MOST_TYPED_CELLS:
            raise InputError(
                f"the grid has more than {MOST_TYPED_CELLS:,} cells",
                hint="save a grid this large as .npy",
                place=Place(self.source, self.number),
            )
        block.add(row)

    def end_block(self) -> None:
        """Start a new channel, if this one has rows, once its shape is that of the others."""
        block = self.items[-1][-1]
        if not block.height:
            return
        shape = block.height, block.width
        self.shape = self.shape or shape
        if self.shape != shape:
            raise InputError(
                f"this channel is {shape[0]}×{shape[1]}, but the one above is {self.shape[0]}×{self.shape[1]}",
                hint="channels (separated by blank lines) must be of one size",
                place=self.place(),
            )
        self.items[-1].append(_Block())

    def end_item(self) -> None:
        """Start a new filter or item, if this one has channels, once it has as many as the first."""
        self.end_block()
        channels = len(self.items[-1]) - 1
        if not channels:
            return
        if channels != len(self.items[0]) - 1:
            raise InputError(
                f"this block has {_count(channels, 'channel')}, but the first has {len(self.items[0]) - 1}",
                hint="blocks separated by --- must have as many channels each",
                place=self.place(),
            )
        self.items.append([_Block()])

    def row(self, text: str, offset: int) -> Row:
        """Read one row, quickly where it is plain; `offset` is where `text` begins in the line."""
        if "\t" in text and (empty := re.search(_EMPTY_BETWEEN_TABS, text)):
            raise InputError(
                "there is an empty cell between two tabs here",
                hint="write 0, or take a tab out",
                place=self.place(offset + empty.start(1)),
            )
        words = text.replace(",", " ").split()
        commas = text.count(",")
        if (
            not self.as_written
            and _PLAIN_SIGNS.issuperset(text)
            and commas in (0, len(words) - 1)
            and not (commas and re.search(_EMPTY_CELL, text))
        ):
            try:
                if not ("." in text or "e" in text or "E" in text):
                    return array("q", map(int, words))
                decimals = array("d", map(float, words))
                if all("." in word for word in words) and all(decimals) and max(map(abs, decimals)) < float("inf"):
                    return decimals
            except (ValueError, OverflowError):
                pass  # the slower reading below finds the fault, or the large number, and its column
        return list(self.numbers(text, offset))

    def numbers(self, text: str, offset: int) -> Iterator[Any]:
        """Yield the numbers of a row one by one; what stands between two must be commas throughout, or none."""
        after_comma, commas, end = True, "," in text, offset
        for match in re.finditer(_TOKEN, text):
            start, end = match.start() + offset, match.end() + offset
            if match[0] == ",":
                if after_comma:
                    raise InputError(
                        "there is an empty cell here", hint="write 0, or take the comma out", place=self.place(start)
                    )
                after_comma = True
                continue
            if commas and not after_comma:
                raise InputError(
                    "some numbers are separated by commas here, and some by spaces",
                    hint="separate them one way; decimals are written with a point, 1.5",
                    place=self.place(start, len(match[0])),
                )
            yield parse_number(match[0], self.place(start, len(match[0])), as_written=self.as_written)
            after_comma = False
        if after_comma:
            raise InputError("a number is missing after this comma", hint="take it out", place=self.place(end - 1))

    def delimited(self, body: str, delimiter: str) -> str:
        """Return a line of CSV or TSV with commas for its delimiter, if that is unambiguous."""
        if "," in body:
            raise InputError(
                f"there are both commas and {_named(delimiter)} here",
                hint="part cells by one of them, and write decimals with a point",
                place=self.place(body.index(",")),
            )
        return body.replace(delimiter, ",")

    def exact_row(self, body: str, comment: str) -> Row:
        """Read a row from the exact values in its comment, if the decimals before them still say the same."""
        decimals = list(self.numbers(body, 0))
        exactly = list(self.numbers(comment, len(body) + 1 + len(EXACT)))
        same = len(decimals) == len(exactly) and all(
            plain_number(a) == plain_number(b) for a, b in zip(decimals, exactly, strict=True)
        )
        if not same:
            raise InputError(
                "the row and the exact values behind '#=' disagree",
                hint="delete '#=' and what follows it",
                place=self.place(),
            )
        return exactly


def parse_number(word: str, place: Place, *, as_written: bool = False) -> Any:
    """Read an integer, a decimal or a fraction, exactly as ``1/9`` is written; raise InputError at `place`.

    A decimal is a float, or `as_written` a Decimal with the digits that it was written with.

    >>> parse_number("-1/9", Place("example")), parse_number("2.50", Place("example"))
    (Fraction(-1, 9), 2.5)
    """
    quoted = len(word) > 1 and word[0] == word[-1] and word[0] in "\"'"
    plain = (word[1:-1] if quoted else word).strip()
    plain = _MINUS.sub("-", plain)
    if len(plain) > MOST_DIGITS:
        raise InputError(f"a number of {len(plain)} digits is too long", hint=f"the most is {MOST_DIGITS}", place=place)
    if fraction := re.fullmatch(_FRACTION, plain, re.ASCII):
        if int(fraction[2]) == 0:
            raise InputError(f"'{word}' divides by zero", hint="write another denominator", place=place)
        return Fraction(int(fraction[1]), int(fraction[2]))
    decimal = re.fullmatch(_NUMBER, plain)
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
    return Decimal(plain) if as_written else value


def _number_hint(word: str) -> str:
    lower = word.lower().lstrip(f"+{DASHES}")
    if lower in ("nan", "inf", "infinity"):
        return "only finite numbers can be worked with"
    if re.fullmatch(r"\d+_[\d_]+", lower):
        return f"write {lower.replace('_', '')}"
    if re.search(r"[\[\](){}]", word):
        return "leave the brackets out, or write JSON: [[1, 2], [3, 4]]"
    if re.match(r"%|//|!|--|\*", word):
        return "a comment begins with #, as in # a comment"
    if unseen := [sign for sign in word if not sign.isprintable()]:
        return f"there is a sign in it that is not seen, U+{ord(unseen[0]):04X}: take it out"
    if re.fullmatch(r"\d+(\.\d*)?%", lower):
        return f"write {Decimal(word[:-1]) / 100:f}"
    return "numbers look like 3, -2, 0.5, 1e-3 or 1/9; # starts a comment"


def _named(delimiter: str | None) -> str:
    return "tabs" if delimiter == "\t" else "semicolons"


def _joined(blocks: list[Any], *, as_written: bool) -> Array:
    """Return the cells of all blocks one after another, as a grid; `as_written` they are objects."""
    if as_written:
        return np.array([cell for block in blocks for cell in block], dtype=object)
    codes = {block.typecode if isinstance(block, array) else "" for block in blocks}
    if len(codes) == 1 and "" not in codes:
        return np.concatenate([np.array(block) for block in blocks])
    return as_grid([cell for block in blocks for cell in block])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
