"""The loop of an interactive session: ask for a line, run it, show what it came to; an error changes nothing."""

from collections.abc import Callable

from convcalc.errors import ConvcalcError
from convcalc.matrix_io.text import parse_text
from convcalc.report.numbers import shape_text
from convcalc.session.script import opens_rows, parse, wants_rows
from convcalc.session.session import Entry, Session

MORE = "  … "
"""The prompt for the rows of a grid."""

Ask = Callable[[str], str]
"""Asks for a line with a prompt; raises EOFError at the end of the input."""


def converse(
    session: Session, ask: Ask, show: Callable[[Entry], None], complain: Callable[[ConvcalcError | None], None]
) -> None:
    """Go on until the user leaves; Ctrl-C stops the line or the work that is shown, and nothing else."""
    while not session.left:
        try:
            lines = _asked(session, ask, complain)
            for line in parse(lines, "line"):
                show(session.execute(line))
        except EOFError:
            return
        except ConvcalcError as error:
            complain(error)
        except KeyboardInterrupt:
            complain(None)


def _asked(session: Session, ask: Ask, complain: Callable[[ConvcalcError | None], None]) -> list[str]:
    """Return a line, with the rows of a grid under it up to an empty one; a wrong row is refused at once."""
    first = ask(prompt(session))
    lines = [first]
    if wants_rows(first):
        rows = [first] if opens_rows(first) else []
        while row := _row(ask):
            try:
                parse_text([*rows, row], "grid")
            except ConvcalcError as error:
                complain(error)  # the rows before it are kept
                continue
            rows.append(row)
            lines.append(row)
    return lines


def _row(ask: Ask) -> str:
    """Return a row of a grid, or nothing at its end: an empty line, or Ctrl-D."""
    try:
        row = ask(MORE)
    except EOFError:
        return ""
    return row if row.strip() else ""


def prompt(session: Session) -> str:
    """Return the prompt: the current grid's shape, so that it is never out of mind."""
    return "> " if session.current is None else f"{shape_text(session.current.shape)} > "
