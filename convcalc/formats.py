"""Every format, each in one record: its suffixes, what draws the work in it, what writes rows of data in it.

A new format is a module of `convcalc.render` and its line in `Format`.
"""

from pathlib import Path
from typing import NamedTuple

from convcalc.choices import Word


class FormatRecord(NamedTuple):
    """How work, or only the answer, is written. Modules are those of `convcalc.render`."""

    suffixes: tuple[str, ...] = ()
    """Of files that are written so unless --format says something else; the first is the usual one."""
    draws: str = ""
    """The module whose `render(document)` draws the work, the answer with it; without one, the answer stands alone."""
    rows: str = ""
    """The function of `sheets` that writes a report's rows as data; without one, a report is drawn as it is shown."""
    separator: str = ""
    """What stands between the cells of an answer, where each row is a line of data."""
    holds_steps: bool = False
    """Whether it is data that holds the operation, its steps and their terms, and the answer."""
    steps_through: bool = False
    """Whether the reader can step through the work."""
    shows_one_step: bool = False
    """Whether it shows a single step alone, if one is asked for."""
    has_fragments: bool = False
    """Whether it can be written to go into another document."""

    @property
    def is_data(self) -> bool:
        """Whether it holds rows, and draws nothing."""
        return bool(self.rows) and not self.draws


class Format(Word):
    """How the work, or only the answer, is written, by its word."""

    record: FormatRecord

    TABLE = "table", FormatRecord()
    PLAIN = "plain", FormatRecord()
    CSV = "csv", FormatRecord((".csv",), rows="as_csv", separator=",")
    TSV = "tsv", FormatRecord((".tsv",), rows="as_tsv", separator="\t")
    JSON = "json", FormatRecord((".json",), rows="as_json", holds_steps=True)
    MARKDOWN = "markdown", FormatRecord((".md", ".markdown"), draws="markdown", rows="as_markdown", shows_one_step=True)
    LATEX = "latex", FormatRecord((".tex",), draws="latex", rows="as_latex", has_fragments=True, shows_one_step=True)
    SVG = "svg", FormatRecord((".svg",), draws="svg", shows_one_step=True)
    HTML = "html", FormatRecord((".html", ".htm"), draws="page", steps_through=True)


SUFFIXES = {suffix: style for style in Format for suffix in style.record.suffixes}
"""Which format a file is written in, by its suffix."""


def style_of(name: str) -> Format:
    """Return how a file of that name is written: text, if its suffix says nothing else.

    >>> style_of("work.HTM"), style_of("notes")
    (<Format.HTML: 'html'>, <Format.PLAIN: 'plain'>)
    """
    return SUFFIXES.get(Path(name).suffix.lower(), Format.PLAIN)
