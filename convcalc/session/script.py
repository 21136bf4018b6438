"""The lines of a script: comments, grids that are kept, and commands in the words of the shell."""

import os
import re
import shlex
from collections.abc import Iterable
from enum import Enum, auto
from typing import NamedTuple

from convcalc.errors import ConvcalcError, Place, UsageError
from convcalc.matrix_io.files import looks_inline
from convcalc.matrix_io.signs import DASHES
from convcalc.matrix_io.text import SHAPE

INPUT = "input"
"""The verb that makes a grid the current one."""
_KEEP = re.compile(r"\s*([A-Za-z_]\w*)\s*=(?!=)\s*")


class Kind(Enum):
    """What a line of a script is."""

    COMMENT = auto()
    GRID = auto()
    """A grid, written out in the line or under it."""
    WORDS = auto()
    """A command, a file or a name."""


class Line(NamedTuple):
    """One line: its place in the script, its text, and what it says.

    `name` is what its answer is kept as. The grid's `rows` begin at the line `first` and stand at the columns where
    they were written, so that a fault in them is found there.
    """

    number: int
    text: str
    kind: Kind
    name: str | None = None
    words: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    first: int = 0

    @property
    def whole(self) -> str:
        """The line as it can be run again, with the rows that stand under it and the empty line that ends them."""
        if self.kind is not Kind.GRID or (self.first == self.number and not opens_rows(self.text)):
            return self.text
        rows = self.rows if self.first != self.number else self.rows[1:]
        return "\n".join([self.text, *rows, ""])


def parse(lines: Iterable[str], source: str) -> list[Line]:
    """Read a script's lines; raise UsageError, naming the line, for one that cannot be divided into words.

    >>> [(line.name, line.words, line.rows) for line in parse(["k = 1 0; 0 1", "conv k -p same  # note"], "example")]
    [('k', (), ('    1 0; 0 1',)), (None, ('conv', 'k', '-p', 'same'), ())]
    """
    texts = [text.rstrip("\r\n") for text in lines]
    found = []
    index = 0
    while index < len(texts):
        line, index = _line(texts, index, source)
        if line is not None:
            found.append(line)
    return found


def _line(texts: list[str], index: int, source: str) -> tuple[Line | None, int]:
    """Return the line at `index`, if there is one, and where the next begins."""
    text, number = texts[index], index + 1
    body = text.strip()
    if not body:
        return None, index + 1
    if body.startswith("#") and not opens_rows(text):
        return Line(number, body.lstrip("#").strip(), Kind.COMMENT), index + 1
    if opens_rows(text):
        end = _rows_end(texts, index + 1) if wants_rows(text) else index + 1
        after = end + 1 if wants_rows(text) else end
        return Line(number, body, Kind.GRID, None, (INPUT,), tuple(texts[index:end]), number), after
    keep = _KEEP.match(text)
    name, start = (keep[1], keep.end()) if keep else (None, len(text) - len(text.lstrip()))
    verb: tuple[str, ...] = ()
    if name is None and re.match(rf"{INPUT}(\s|$)", text[start:]):
        verb, start = (
            (INPUT,),
            start + len(INPUT) + len(text[start + len(INPUT) :]) - len(text[start + len(INPUT) :].lstrip()),
        )
    rest = without_comment(text[start:])
    if not rest.strip() and (name is not None or verb):
        end = _rows_end(texts, index + 1)
        if end == index + 1:
            raise UsageError(
                f"{name + ' =' if name else INPUT} is followed by no grid",
                hint="write it behind, or on the lines below, up to an empty one",
                place=Place(source, number, None, text),
            )
        return Line(number, body, Kind.GRID, name, verb, tuple(texts[index + 1 : end]), index + 2), end + 1
    if (name is not None or verb) and looks_inline(rest) and rest.strip() != "-" and "[" not in rest:
        return Line(number, body, Kind.GRID, name, verb, (" " * start + text[start:],), number), index + 1
    place = Place(source, number, None, text)
    words = (rest.strip(),) if rest.lstrip().startswith("[") else _words(rest, place)
    words = words[words[:1] == ("convcalc",) :]  # as in a shell
    if not words:
        raise UsageError("convcalc is followed by no command", hint="as in: conv edge", place=place)
    return Line(number, body, Kind.WORDS, name, (*verb, *words)), index + 1


def _rows_end(texts: list[str], start: int) -> int:
    """Return where rows that begin at `start` end: at an empty line, or with the script."""
    return next((index for index in range(start, len(texts)) if not texts[index].strip()), len(texts))


def opens_rows(text: str) -> bool:
    """Whether a line is the first row of a grid, or its shape: numbers, and no command.

    >>> opens_rows("3 0 1"), opens_rows("-1"), opens_rows("#= 1×2×2"), opens_rows("conv edge")
    (True, True, True, False)
    """
    return bool(re.match(rf"\s*([{DASHES}+]?[.\d\[]|{SHAPE}\s*$)", text))


def wants_rows(text: str) -> bool:
    """Whether rows of a grid are to follow a line that is typed, up to an empty one.

    >>> wants_rows("input"), wants_rows("k ="), wants_rows("1 2 3"), wants_rows("1 2; 3 4"), wants_rows("relu")
    (True, True, True, False, False)
    """
    body = without_comment(text).strip()
    if opens_rows(text) and not body:
        return True  # a shape
    if opens_rows(body):
        return ";" not in body and not body.startswith("[")
    return body == INPUT or bool(re.fullmatch(r"[A-Za-z_]\w*\s*=", body))


def without_comment(text: str) -> str:
    """Return a line without its comment: a # at the beginning of a word, outside quotes.

    >>> without_comment("input a#1.txt  # the first"), without_comment("conv '1 # 2'")
    ('input a#1.txt  ', "conv '1 # 2'")
    """
    quote = ""
    for index, sign in enumerate(text):
        if sign == quote:
            quote = ""
        elif not quote and sign in "'\"":
            quote = sign
        elif not quote and sign == "#" and (index == 0 or text[index - 1].isspace()):
            return text[:index]
    return text


def _words(text: str, place: Place) -> tuple[str, ...]:
    if curly := re.search("[“”„‟]", text):
        straight = re.sub("[“”„‟]", '"', text.strip())
        raise UsageError(f"{curly[0]} is no quote that a script knows", hint=f"write {straight}", place=place)
    try:
        return tuple(shlex.split(text.replace("\\", r"\\") if os.sep == "\\" else text))  # there it parts folders
    except ValueError as error:
        reason = "a quote is never closed" if "quotation" in str(error) else "a backslash stands at the end"
        raise UsageError(reason, hint='quotes stand around a grid: -k "1 0; 0 1"', place=place) from None


def placed(error: ConvcalcError, source: str, line: Line) -> ConvcalcError:
    """Return an error with the script's line in front of its own place.

    >>> str(placed(UsageError("no"), "cnn.convcalc", Line(7, "conv", Kind.WORDS)))
    'cnn.convcalc:7: no'
    """
    place = error.place
    if place is None:
        place = Place(source, line.number, None, line.text)
    elif place.source != source:
        place = Place(f"{source}:{line.number}: {place.source}", place.line, place.column, place.text, place.length)
    return type(error)(error.message, hint=error.hint, place=place)
