"""The texts that are followed, numbered as if each stood behind the last line of the one before: a line tells all."""

import ast
import re
import warnings
from typing import NamedTuple

from convcalc.errors import InputError, Place

_CAPITALS = re.compile(r"\s*(Return|Def|Class|Import|From|If|For|While|Else|Elif|Pass|With|RETURN|DEF|CLASS)\b")


class Text(NamedTuple):
    """One text: its name, its lines, how many lines stand before it, what it was parsed to."""

    name: str
    lines: list[str]
    before: int
    tree: ast.AST


class Texts:
    """The files of a network, and what the command line says of it."""

    def __init__(self) -> None:
        self._texts: list[Text] = []

    def add(self, name: str, lines: list[str], tree: ast.AST) -> Text:
        """Take in a text, whose nodes are numbered on from the last one's; one that is known stays as it is."""
        known = next((text for text in self._texts if text.name == name and text.lines == lines), None)
        if known is not None:
            return known
        before = sum(len(text.lines) for text in self._texts)
        if before:
            ast.increment_lineno(tree, before)
        self._texts.append(Text(name, lines, before, tree))
        return self._texts[-1]

    def known(self, name: str) -> Text | None:
        """Return a text that was taken in."""
        return next((text for text in self._texts if text.name == name), None)

    @property
    def own(self) -> str:
        """What the network's own file is called."""
        return self._texts[0].name if self._texts else "network"

    def place(self, node: ast.AST) -> Place:
        """Return where a node stands: of a network's own file, if it stands nowhere."""
        line = getattr(node, "lineno", None)
        texts = (one for one in self._texts if line is not None and one.before < line <= one.before + len(one.lines))
        text = next(texts, None)
        if text is None or line is None:
            return Place(self.own)
        written = text.lines[line - text.before - 1]
        start = len(written.encode()[: getattr(node, "col_offset", 0)].decode(errors="replace"))
        end = getattr(node, "end_col_offset", None)
        same_line = getattr(node, "end_lineno", line) == line and end is not None
        stop = len(written.encode()[:end].decode(errors="replace")) if same_line else len(written)
        return Place(text.name, line - text.before, start + 1, written, max(stop - start, 1))

    def line(self, node: ast.AST) -> str:
        """Return which line a node stands in, and of which file where that is not the network's own.

        >>> texts, tree = Texts(), ast.parse("a = 1")
        >>> _ = texts.add("net.py", ["a = 1"], tree)
        >>> texts.line(tree.body[0])
        'line 1'
        """
        place = self.place(node)
        return f"line {place.line}" if place.source == self.own else f"line {place.line} of {place.source}"


def parse(data: bytes, name: str) -> tuple[ast.Module, list[str]]:
    """Parse a source file; raise InputError at its line where it is none."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InputError("the file is not in UTF-8", hint="save it as UTF-8, as Python wants it", place=Place(name))
    if b"\0" in data:
        raise InputError("the file is no source text", hint="name a .py file", place=Place(name))
    text = data.decode("utf-8-sig", "replace")
    lines = re.split(r"\r\n|\r|\n", text)  # as Python counts them
    if max(text.count("("), text.count("["), text.count("{")) and _depth(text) > 100:
        raise InputError("the brackets are nested too deep", hint="is this a network?", place=Place(name))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd escapes and the like, which are the file's own
            return ast.parse(data), lines
    except SyntaxError as error:
        raise _not_python(error, name, lines) from None
    except (RecursionError, MemoryError, ValueError, UnicodeDecodeError):
        raise InputError("the file cannot be parsed: it is nested too deep", place=Place(name)) from None


def _depth(text: str) -> int:
    """Return how deep brackets are nested, wherever they stand."""
    depth = deepest = 0
    for sign in text:
        if sign in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif sign in ")]}":
            depth = max(depth - 1, 0)
    return deepest


def _not_python(error: SyntaxError, name: str, lines: list[str]) -> InputError:
    """Return an error for what Python cannot parse; the commonest slip is named."""
    number = min(error.lineno or 1, max(len(lines), 1))
    line = lines[number - 1] if lines else ""
    slip = _CAPITALS.match(line)
    if slip is not None:
        word = slip[1]
        place = Place(name, number, slip.start(1) + 1, line, len(word))
        return InputError(f"Python has no '{word}'", hint=f"write it small: {word.lower()}", place=place)
    place = Place(name, number, max(min(error.offset or 1, len(line) + 1), 1), line)
    return InputError(f"this is not Python: {error.msg}", hint="mend the line", place=place)
