"""What is said besides the work: complaints and errors; and the signs and columns there are to say it with."""

import os
import sys
import textwrap
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

from convcalc.cli.looks import is_set
from convcalc.errors import ConvcalcError
from convcalc.sample_files import called

if TYPE_CHECKING:
    from convcalc.render.glyphs import Glyphs

PIPE_WIDTH = 80
"""Columns of what goes down a pipe or into a file, unless COLUMNS says otherwise."""


def glyphs_for(stream: IO[str] | None, ascii_only: bool) -> "Glyphs":
    """Return the signs a stream can show: ASCII where its encoding, or a locale set to C, has no others."""
    from convcalc.render.glyphs import ASCII, UNICODE

    locale = next((os.environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if os.environ.get(name)), "")
    if ascii_only or is_set("CONVCALC_ASCII") or locale in ("C", "POSIX"):
        return ASCII
    try:
        "×·−→≈…░▒▓█⋮⌊⌈√²".encode(getattr(stream, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return ASCII
    return UNICODE


def printable(text: str) -> str:
    """Return text without control signs, which could command a terminal."""
    signs = (sign if sign.isprintable() or sign == "\t" else " " if sign.isspace() else "" for sign in text)
    return "".join(signs)


def pipe_width() -> int:
    """Return how wide work is drawn that goes to no terminal."""
    columns = os.environ.get("COLUMNS", "")
    return max(int(columns), 20) if columns.isascii() and columns.isdigit() else PIPE_WIDTH


def size_of(stream: IO[str]) -> tuple[int, int]:
    """Return the columns and rows of a terminal, 80 and 24 where it tells none."""
    try:
        columns, rows = os.get_terminal_size(stream.fileno())
    except OSError:  # what Windows throws away counts as a terminal
        columns, rows = 0, 0
    return columns or 80, rows or 24


def complain(message: str) -> None:
    """Write lines to standard error, wrapped between words if it is a terminal."""
    stream = sys.stderr
    if stream is None:
        return
    message = called(message)
    encoding = stream.encoding or "utf-8"
    width = size_of(stream)[0] if stream.isatty() else 0
    for line in message.split("\n"):
        indent = line[: len(line) - len(line.lstrip())]
        wrapped = textwrap.wrap(line, max(width, 20), subsequent_indent=indent) if width and not indent else [line]
        for part in wrapped or [""]:
            print(part.encode(encoding, "replace").decode(encoding), file=stream)


def note(text: str) -> None:
    """Say how something was taken that could be taken in two ways, if there is anything to say."""
    if text:
        complain(f"note: {printable(text)}")


def explain(error: ConvcalcError) -> None:
    """Write an error: the place and the fault, the line with a caret, the hint."""
    for line in error_lines(error):
        complain(line)


def error_lines(error: ConvcalcError) -> Iterator[str]:
    """Yield the lines of an error message; a long line is cut down around its caret."""
    yield printable(f"convcalc: {error}")
    place = error.place
    if place is not None and place.text is not None and place.line is not None:
        column = place.column or 1
        start = max(0, column - 40) if len(place.text) > 76 else 0
        excerpt = printable(place.text[start : start + 76].replace("\t", " "))
        yield f"  {excerpt}"
        if place.column is not None:
            yield "  " + " " * (column - 1 - start) + "^" * min(place.length, 76)
    if error.hint:
        yield printable(f"hint: {error.hint}")
