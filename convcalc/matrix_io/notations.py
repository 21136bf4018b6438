"""Grids as others write them: brackets (Python, numpy, PyTorch, MATLAB, Mathematica) and LaTeX, with a factor.

What is found is nested lists of numbers, each read where it stands. A text that is written in none of these ways is
left to whoever reads rows.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

from convcalc.errors import InputError, Place
from convcalc.matrix_io.signs import DASHES
from convcalc.matrix_io.text import parse_number

Number = Callable[[str, Place], Any]
_NUM = rf"[{DASHES}+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_FRAC = r"\\[dt]?frac\s*\{\s*([^{}]*)\}\s*\{\s*([^{}]*)\}"
_NAMED = re.compile(r"\s*([A-Za-z_][\w.]*)\s*:?=\s*(?=[^\s=])")
_FACTOR = re.compile(
    rf"\s*(?:\(\s*({_NUM}/\d+)\s*\)|({_NUM}(?:\s*/\s*\d+)?)|{_FRAC})\s*(?:\*|·|×|\\cdot|\\times)?\s*(?=[\[({{]|\\begin|(?:\w+\.)*\w+\()"
)
_BEHIND = re.compile(rf"\s*([/*·×])\s*({_NUM}(?:/\d+)?)\s*;?\s*$")
_CALL = re.compile(
    r"\s*((?:[A-Za-z_]\w*\.)*(?:array|asarray|tensor|Tensor|FloatTensor|LongTensor|matrix|Matrix|mat|constant|as_tensor))\s*\(\s*(?=[\[(])"
)
_TENSORFLOW = re.compile(r"\s*<tf\.Tensor:.*?numpy=\s*(?=array\()", re.DOTALL)
_ROWS_ARE_COLUMNS = re.compile(r"\s*(?:matrix|array)\s*\(\s*c\s*\(")
_TOKENS = re.compile(
    r"(?P<open>[\[({])|(?P<close>[\])}])|(?P<dots>\.\.\.|…)|(?P<sign>[,;\n])|[^\S\n]+|(?P<word>[^\s,;\[\](){}]+)"
)
_CLOSES = {"[": "]", "(": ")", "{": "}"}
_ENVIRONMENT = re.compile(
    r"\\begin\s*\{([A-Za-z]*(?:matrix|array|tabular)\*?)\}(?:\s*\[[^\]]*\])?(?:\s*\{[lcr|@{}\s]*\})?"
)
_IGNORED = re.compile(
    r"\\(?:left|right|[bB]ig+[lr]?|hline|displaystyle|quad|qquad|phantom\s*\{[^{}]*\}|[,;:!>])|[$~]|(?<!\\)\\[\[\]]"
)
_NEW_ROW = re.compile(r"\\\\(?:\s*\[[^\]]*\])?|\\cr\b")
_ARGUMENTS = re.compile(r"\s*(?:,[^()<>]*(?:(?:<[^<>]*>|\([^()]*\))[^()<>]*)*)?\)\s*>?")
LEFT_OUT = "numbers are left out here, where the dots are"
PRINT_ALL = "print all of them: numpy.set_printoptions(threshold=2**31), torch.set_printoptions(threshold=2**31)"


class Found(NamedTuple):
    """What a text holds: nested lists of numbers, and what is to be said of how it was read."""

    data: Any
    note: str = ""


def looks_written(word: str) -> bool:
    """Whether a word begins as one of these notations does, rather than as a file's name.

    >>> [looks_written(word) for word in ("array([[1]])", "{{1,2},{3,4}}", "1 & 2", "net(1).txt", "a_grid")]
    [True, True, True, False, False]
    """
    if re.search(r"\.[A-Za-z]\w*$", word):
        return False
    rest = word[match.end() :] if (match := _NAMED.match(word)) else word
    begins = re.match(r"\s*(?:[\[({$]|\\(?:begin|left|frac|tfrac|dfrac|\[))", rest)
    return bool(
        begins
        or _CALL.match(rest)
        or _ROWS_ARE_COLUMNS.match(rest)
        or _TENSORFLOW.match(rest)
        or _FACTOR.match(rest)
        or "&" in rest
    )


def read_notation(text: str, source: str, *, as_written: bool = False) -> Found | None:
    """Return what is written in one of these notations; None for a text in none of them.

    Raises InputError, with its place, for a fault within one.

    >>> read_notation("[1 2; 3 4]", "example").data, read_notation("1/9 * {{1,2},{3,4}}", "example").data[0][0]
    ([[1, 2], [3, 4]], Fraction(1, 9))
    """
    if not looks_written(text.strip()):
        return None
    reader = _Notation(text, source, as_written)
    found = reader.latex() if re.search(r"\\\\|\\begin|\\frac|\\cr\b|&", text) else reader.brackets()
    return Found(found, "; ".join(reader.notes))


@dataclass(eq=False, repr=False)
class _Group:
    """What stands between two brackets: numbers in rows, or other groups."""

    opened: int
    rows: list[list[Any]] = field(default_factory=lambda: [[]])
    groups: list[Any] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    """At how many numbers a line ended."""
    after: str = ""
    """The sign before, if nothing stands between."""


@dataclass(eq=False, repr=False)
class _Notation:
    text: str
    source: str
    as_written: bool
    notes: list[str] = field(default_factory=list)

    def place(self, at: int, length: int = 1) -> Place:
        """Return the place of a sign in the text."""
        line = self.text.count("\n", 0, at)
        start = self.text.rfind("\n", 0, at) + 1
        return Place(self.source, line + 1, at - start + 1, self.text.split("\n")[line], length)

    def number(self, word: str, at: int) -> Any:
        """Read a number where it stands."""
        try:
            return parse_number(word, Place(self.source), as_written=self.as_written)
        except InputError:
            return parse_number(word, self.place(at, len(word)), as_written=self.as_written)

    def begun(self) -> tuple[int, Fraction | float | int]:
        """Return where the grid itself begins, behind a name and a factor, and the factor."""
        at = 0
        if match := _NAMED.match(self.text):
            at = match.end()
            self.notes.append(f"'{match[1]} =' is left out")
        if match := _TENSORFLOW.match(self.text, at):
            at = match.end()
        if match := _FACTOR.match(self.text, at):
            word = match[1] or match[2] or f"{match[3].strip()}/{match[4].strip()}"
            return match.end(), self.number(re.sub(r"\s", "", word), match.start())
        return at, 1

    def brackets(self) -> Any:
        """Read groups of numbers within brackets of any kind."""
        at, factor = self.begun()
        if match := _ROWS_ARE_COLUMNS.match(self.text, at):
            raise InputError(
                "R's matrix() fills one column after the other, which is not read here",
                hint='write its rows: "1 3; 2 4"', place=self.place(match.end() - 1),
            )  # fmt: skip
        called = _CALL.match(self.text, at)
        at = called.end() if called else at
        groups, end = self.groups(at, one=called is not None)
        rest = self.text[end:]
        if called:
            rest = _ARGUMENTS.sub("", rest)
        if match := _BEHIND.match(rest):
            value = self.number(match[2], end)
            if match[1] == "/" and value == 0:
                raise InputError("this divides by zero", hint="write another number", place=self.place(end))
            factor = _times(factor, Fraction(1) / _exact(value) if match[1] == "/" else value)
        elif rest.strip(" \t\r\n;,.>"):
            begins = end + len(self.text[end:]) - len(rest) + len(rest) - len(rest.lstrip(" \t\r\n;,."))
            word = rest.strip().split()[0]
            raise InputError(
                f"what is '{word}', behind the grid?", hint="a factor may stand there, as in [1 2; 3 4]/9",
                place=self.place(min(begins, len(self.text) - 1), len(word)),
            )  # fmt: skip
        data = groups[0] if len(groups) == 1 else groups
        return data if factor == 1 else _scaled(data, factor)

    def groups(self, at: int, *, one: bool) -> tuple[list[Any], int]:
        """Read groups one after the other, or just one; return them and where they end."""
        done: list[Any] = []
        open_groups: list[_Group] = []
        end = at
        for match in _TOKENS.finditer(self.text, at):
            kind, sign = match.lastgroup, match[0]
            if not open_groups and (kind in ("word", "close", "dots") or (one and done)):
                break
            end = match.end() if open_groups or kind == "open" else end
            if kind == "open":
                if open_groups and any(open_groups[-1].rows):
                    self.refuse("a number and a bracket stand side by side", "put all numbers into brackets", match)
                open_groups.append(_Group(match.start()))
            elif kind == "close":
                group = open_groups.pop()
                if _CLOSES[self.text[group.opened]] != sign:
                    self.refuse(
                        f"'{self.text[group.opened]}' is closed by '{sign}'", "use the same kind of bracket", match
                    )
                (open_groups[-1].groups if open_groups else done).append(self.closed(group, outermost=not open_groups))
                end = match.end()
            elif kind == "dots":
                if not re.match(r"[^\S\n]*\n", self.text[match.end() :]) or "," in self.text:
                    self.refuse(LEFT_OUT, PRINT_ALL, match)
                open_groups[-1].after = "..."
                continue
            elif kind == "sign" and open_groups:
                self.separate(open_groups[-1], sign, match)
            elif kind == "word":
                if open_groups[-1].groups:
                    self.refuse("a bracket and a number stand side by side", "put all numbers into brackets", match)
                open_groups[-1].rows[-1].append(self.number(sign, match.start()))
            if open_groups and kind in ("open", "close", "word"):
                open_groups[-1].after = ""
        if open_groups:
            place = self.place(open_groups[-1].opened)
            raise InputError("this bracket is never closed", hint="close it", place=place)
        return done, end

    def separate(self, group: _Group, sign: str, match: re.Match[str]) -> None:
        """Note what parts two numbers: a comma; a semicolon, which ends a row; a line's end, which may."""
        if sign == "," and (group.after == "," or not (group.groups or group.rows[-1])):
            self.refuse("there is an empty cell here", "write 0, or take the comma out", match)
        if sign == ";":
            group.rows.append([])
        if sign == "\n":
            if group.after not in (",", "..."):
                group.lines.append(sum(map(len, group.rows)))
            group.after = "" if group.after == "..." else group.after
            return
        group.after = sign

    def closed(self, group: _Group, *, outermost: bool) -> Any:
        """Return what a group is: its groups, its rows, or its only row."""
        if group.groups:
            return group.groups
        rows = [row for row in group.rows if row]
        if not rows:
            raise InputError(
                "there is nothing in these brackets", hint="give it numbers", place=self.place(group.opened)
            )
        ends = [end for end in group.lines if end]
        flat = [cell for row in rows for cell in row]
        cuts = sorted({*ends, len(flat)})
        if outermost and len(cuts) > 1 and self.text[group.opened] == "[":
            parts = [flat[start:end] for start, end in zip([0, *cuts], cuts, strict=False)]
            lengths = {len(part) for part in parts}
            if len(rows) > 1:  # MATLAB's, whose rows end at semicolons and at lines' ends
                cuts = sorted({*cuts, *(sum(map(len, rows[:index])) for index in range(1, len(rows)))})
                return [flat[start:end] for start, end in zip([0, *cuts], cuts, strict=False)]
            if len(lengths) == 1:
                self.notes.append("each line between the brackets is a row")
                return parts
        return rows if len(rows) > 1 else rows[0]

    def refuse(self, message: str, hint: str, match: re.Match[str]) -> None:
        """Raise an error that points at a sign."""
        raise InputError(message, hint=hint, place=self.place(match.start(), len(match[0])))

    def latex(self) -> Any:
        """Read cells between ampersands, in rows that end in two backslashes."""
        at, factor = self.begun()
        text, environments = self.text, list(_ENVIRONMENT.finditer(self.text, at))
        if len(environments) > 1:
            raise InputError(
                "there are several matrices here", hint="give one of them", place=self.place(environments[1].start())
            )
        start, end = at, len(text)
        if environments:
            start = environments[0].end()
            end = text.find(r"\end", start)
            if end < 0:
                raise InputError(
                    f"\\begin{{{environments[0][1]}}} is never ended", hint="copy it whole",
                    place=self.place(environments[0].start(), len(environments[0][0])),
                )  # fmt: skip
            between = _blank(_IGNORED, text[at : environments[0].start()]).strip(" \t\r\n([{|")
            if between:
                raise InputError(
                    f"what is '{between}', before the matrix?", hint=r"a factor may stand there, as in \frac{1}{9}",
                    place=self.place(at),
                )  # fmt: skip
            factor = _times(factor, self.factor_behind(end))
        body = _blank(_IGNORED, text[start:end])
        if dots := re.search(r"\\[a-z]*dots|…|\.\.\.", body):
            raise InputError(LEFT_OUT, hint="write all of them", place=self.place(start + dots.start(), len(dots[0])))
        first, last = _inside(body)
        if first < 0:
            raise InputError("a bracket stands alone here", hint="open and close it", place=self.place(start))
        ends = _pieces(_NEW_ROW if _NEW_ROW.search(body) else re.compile("\n"), body, first, last)
        rows = [
            [self.cell(body, start, *piece) for piece in _pieces(re.compile("&"), body, begin, stop)]
            for begin, stop in ends
            if body[begin:stop].strip()
        ]
        return rows if factor == 1 else _scaled(rows, factor)

    def factor_behind(self, end: int) -> Any:
        """Return the factor behind a matrix's end, or 1; raise InputError for anything else there."""
        begins = self.text.index("}", end) + 1 if "}" in self.text[end:] else len(self.text)
        rest = _blank(_IGNORED, self.text[begins:]).strip(" \t\r\n)]|}.,;")
        if not rest:
            return 1
        match = _BEHIND.fullmatch(rest)
        if match is None or (match[1] == "/" and float(match[2].partition("/")[0]) == 0):
            raise InputError(f"what is '{rest}', behind the matrix?", hint="leave it out", place=self.place(begins))
        value = self.number(match[2], begins)
        return Fraction(1) / _exact(value) if match[1] == "/" else value

    def cell(self, body: str, start: int, first: int, last: int) -> Any:
        """Read one cell of LaTeX: a number, or a fraction, which is all of it."""
        raw = body[first:last]
        word, at = raw.strip(), start + first + len(raw) - len(raw.lstrip())
        if not word:
            raise InputError(
                "there is an empty cell here", hint="write 0", place=self.place(min(at, len(self.text) - 1))
            )
        word = re.sub(r"^([-+]?)\s*\{(.*)\}$", r"\1\2", word).replace("{,}", "").strip()
        if match := re.fullmatch(rf"([-+]?)\s*{_FRAC}", word):
            word = f"{match[1]}{match[2].strip()}/{match[3].strip()}"
        return self.number(re.sub(r"^([-+])\s+", r"\1", word), at)


def _inside(body: str) -> tuple[int, int]:
    """Return where what stands within a body's outer brackets begins and ends; -1 where these are no pairs."""
    opens = re.match(r"[\s(\[|]*", body)
    closes = re.search(r"[\s)\]|.,;]*$", body)
    assert opens is not None, "it may be empty"
    assert closes is not None, "it may be empty"
    before, after = re.sub(r"\s", "", opens[0]), re.sub(r"[\s.,;]", "", closes[0])
    fits = [{"(": ")", "[": "]", "|": "|"}[sign] for sign in reversed(before)] == list(after)
    return (opens.end(), max(closes.start(), opens.end())) if fits else (-1, -1)


def _blank(pattern: re.Pattern[str], text: str) -> str:
    """Return a text with spaces for what means nothing, so that every other sign stays where it is."""
    return pattern.sub(lambda match: " " * len(match[0]), text)


def _pieces(pattern: re.Pattern[str], text: str, first: int = 0, last: int | None = None) -> Iterator[tuple[int, int]]:
    """Yield where the pieces between a pattern's matches begin and end."""
    last = len(text) if last is None else last
    start = first
    for match in pattern.finditer(text, first, last):
        yield start, match.start()
        start = match.end()
    yield start, last


def _exact(number: Any) -> Fraction:
    return Fraction(str(number))


def _times(one: Any, other: Any) -> Any:
    """Multiply two numbers exactly; of decimals the product is rounded once.

    >>> _times(Fraction(1, 3), 6), _times(0.1, 3)
    (2, 0.3)
    """
    product = _exact(one) * _exact(other)
    if isinstance(one, float) or isinstance(other, float):
        return float(product)
    return int(product) if product.denominator == 1 else product


def _scaled(data: Any, factor: Any) -> Any:
    return [_scaled(part, factor) for part in data] if isinstance(data, list) else _times(data, factor)
