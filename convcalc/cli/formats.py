"""How work is written that goes to no screen: Markdown, LaTeX, SVG, a page, or JSON that holds all of it."""

import importlib
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any

from convcalc.errors import UsageError
from convcalc.formats import Format

if TYPE_CHECKING:
    from convcalc.report.document import Calculation, Document

SHOWING = {"output", "format", "quiet", "ascii", "fragment", "frames", "compact", "hidden", "cell", "precision", "heat",
           "steps", "at", "walk", "quiz", "check", "order"}  # fmt: skip
"""Options that say how the work is shown, and nothing of what is worked."""


def document_lines(document: "Document", style: Format, **wishes: bool) -> Iterator[str]:
    """Yield the lines of a document in one of the drawn formats, each wish an option that the format has."""
    module = "slides" if wishes.pop("frames", False) else style.record.draws
    render: Callable[..., Iterator[str]] = importlib.import_module(f"convcalc.render.{module}").render
    return render(document, **{name: True for name, is_wished in wishes.items() if is_wished})


def check_wishes(
    style: Format | None, *, fragment: bool, compact: bool, hidden: bool = False, frames: bool = False
) -> None:
    """Refuse --fragment and --frames where nothing is LaTeX, and --compact and --hidden where nothing is a page."""
    for option, is_wished in (("--fragment", fragment), ("--frames", frames)):
        if is_wished and not (style and style.record.has_fragments):
            raise UsageError(f"{option} goes with LaTeX only", hint="add --format latex, or name a .tex file")
    if fragment and frames:
        raise UsageError("--fragment and --frames exclude each other", hint="leave one of them out")
    for option, is_wished in (("--compact", compact), ("--hidden", hidden)):
        if is_wished and not (style and style.record.steps_through):
            raise UsageError(f"{option} goes with a page", hint="add --format html, or name a .html file")


def record_lines(
    worked: "Calculation", operation: str, arguments: Mapping[str, Any], grids: Mapping[str, Any]
) -> Iterator[str]:
    """Yield the JSON of all there is: the operation, what it was given, its steps with their terms, the output."""
    from convcalc.engine.grids import as_grid
    from convcalc.matrix_io.plain import exact_list
    from convcalc.render.record import record

    settings = {
        name: value.value if isinstance(value, Enum) else value
        for name, value in arguments.items()
        if name not in SHOWING and value is not None
    }
    inputs = {name: exact_list(grid, None) for name, grid in grids.items()}
    output: Any = exact_list(as_grid(worked.answer()), worked.write)
    if worked.named is not None:
        output = {name: exact_list(grid, worked.write) for name, grid in worked.named.items()}
    every = arguments.get("steps") is None and arguments.get("at") is None
    return record(worked.work, operation, settings, inputs, output, every=every)
