"""How work is written that goes to no screen: Markdown, LaTeX, SVG, a page, or JSON that holds all of it."""

import importlib
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convcalc.choices import Format
from convcalc.errors import UsageError

if TYPE_CHECKING:
    from convcalc.report.document import Document, Worked

SUFFIXES = {
    ".csv": Format.CSV,
    ".tsv": Format.TSV,
    ".json": Format.JSON,
    ".md": Format.MARKDOWN,
    ".markdown": Format.MARKDOWN,
    ".tex": Format.LATEX,
    ".svg": Format.SVG,
    ".html": Format.HTML,
    ".htm": Format.HTML,
}
RENDERERS = {Format.MARKDOWN: "markdown", Format.LATEX: "latex", Format.SVG: "svg", Format.HTML: "page"}
"""Formats that show the work, the answer drawn with it; and the module that renders each."""
SHOWING = {"output", "format", "quiet", "ascii", "fragment", "precision", "heat", "steps", "at", "walk", "quiz",
           "check", "order"}  # fmt: skip
"""Options that say how the work is shown, and nothing of what is worked."""


def style_of(name: str) -> Format:
    """Return how a file of that name is written: text, if its suffix says nothing else."""
    return SUFFIXES.get(Path(name).suffix.lower(), Format.PLAIN)


def document_lines(document: "Document", style: Format, *, fragment: bool = False) -> Iterator[str]:
    """Yield the lines of a document in one of the drawn formats."""
    render: Callable[..., Iterator[str]] = importlib.import_module(f"convcalc.render.{RENDERERS[style]}").render
    return render(document, fragment=True) if fragment else render(document)


def check_fragment(style: Format | None, *, fragment: bool) -> None:
    """Refuse --fragment where nothing is LaTeX."""
    if fragment and style is not Format.LATEX:
        raise UsageError("--fragment goes with LaTeX only", hint="add --format latex, or name a .tex file")


def record_lines(
    worked: "Worked", operation: str, arguments: Mapping[str, Any], grids: Mapping[str, Any]
) -> Iterator[str]:
    """Yield the JSON of all there is: the operation, what it was given, its steps with their terms, the output."""
    from convcalc.engine.grids import as_grid
    from convcalc.matrix_io.plain import exact_list
    from convcalc.render.record import record

    said = {
        name: value.value if isinstance(value, Enum) else value
        for name, value in arguments.items()
        if name not in SHOWING and value is not None
    }
    given = {name: exact_list(grid, None) for name, grid in grids.items()}
    output = exact_list(as_grid(worked.answer()), worked.write)
    every = arguments.get("steps") is None and arguments.get("at") is None
    return record(worked.work, operation, said, given, output, every=every)
