"""Documents on a screen, in a pipe, or kept for the script whose line made them; and steps under the keys."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from convcalc.cli.looks import Paged, in_colour
from convcalc.cli.messages import glyphs_for, pipe_width
from convcalc.cli.surroundings import Surroundings
from convcalc.errors import UsageError

if TYPE_CHECKING:
    from convcalc.report.document import Calculation, Document
    from convcalc.report.selection import Show


def draw(here: Surroundings, document: "Document", *, ascii_only: bool = False) -> None:
    """Show a document: on a terminal in colour, elsewhere the same as plain lines; a script keeps it."""
    if here.script is not None:
        assert here.script.result is not None
        here.script.result.documents.append(list(document))
        return
    glyphs = glyphs_for(here.stdout, ascii_only)
    if here.draws or in_colour(here.stdout):
        from convcalc.render.terminal import render

        render(document, here.console(), glyphs)
        return
    from convcalc.render.plain import render as plain

    print_lines(here, plain(document, pipe_width(), glyphs, answers=True))


def draw_report(here: Surroundings, worked: "Calculation", *, walk: bool, ascii_only: bool = False) -> None:
    """Show a report whose steps can be walked through, or walk through them; a session can walk later."""
    if walk:
        from convcalc.report.selection import Show

        walk_through(here, worked, Show(), ascii_only=ascii_only)
    else:
        draw(here, worked.work, ascii_only=ascii_only)
    if here.script is not None and worked.steps is not None:
        assert here.script.result is not None
        here.script.result.walkable = worked


def print_lines(here: Surroundings, lines: Iterator[str]) -> None:
    """Write lines to standard output."""
    for line in lines:
        here.stdout.write(line + "\n")


def walk_through(here: Surroundings, worked: "Calculation", show: "Show", *, ascii_only: bool) -> None:
    """Step through the work with the keys."""
    if here.script is not None and not here.script.is_typed:
        raise UsageError("a script does not walk", hint="leave --walk out")
    if worked.steps is None:
        raise UsageError("there are no steps here to walk through", hint="leave --walk out")
    if not here.on_terminal:
        raise UsageError("--walk needs a terminal to fill", hint="leave it out, or leave the pipe out")
    if isinstance(here.stdout, Paged):
        raise UsageError("--walk fills the screen itself", hint="leave --pager out, or unset CONVCALC_PAGER")
    if os.environ.get("TERM", "dumb" if os.name == "posix" else "console") == "dumb":
        raise UsageError("--walk needs a terminal that can place its cursor", hint="leave it out, or set TERM")
    from convcalc.cli import walk

    walk.walk_through(worked.steps, show, here.console(), glyphs_for(here.stdout, ascii_only), here.stdout)
