"""The loop of an interactive session: ask for a line, run it, show what it came to; an error changes nothing."""

from collections.abc import Callable
from dataclasses import dataclass

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
    lines = Lines(session, ask, complain)
    while not session.left:
        try:
            for line in parse(lines.next(), "line"):
                show(session.execute(line))
        except EOFError:
            return
        except ConvcalcError as error:
            complain(error)
        except KeyboardInterrupt:
            complain(None)


@dataclass(eq=False, repr=False)
class Lines:
    """Asks for lines, and for the rows of a grid under one; a wrong row is refused at once."""

    session: Session
    ask: Ask
    complain: Callable[[ConvcalcError | None], None]
    waiting: str | None = None
    """A command that was typed in place of a row."""

    def next(self) -> list[str]:
        """Return a line, with the rows of a grid under it, up to an empty one or a command."""
        first, self.waiting = self.waiting if self.waiting is not None else self.ask(prompt(self.session)), None
        lines = [first]
        if wants_rows(first):
            rows = [first] if opens_rows(first) else []
            width = _width(first) if rows else None
            while row := self._row():
                if self.session.begins(row):
                    self.waiting = row
                    break
                found = _width(row)
                if found is None or found != (width or found):
                    try:
                        parse_text([*rows, row], "grid")
                    except ConvcalcError as error:
                        self.complain(error)  # the rows before it are kept
                        continue
                width = found if not rows else width
                rows.append(row)
                lines.append(row)
        return lines

    def _row(self) -> str:
        """Return a row of a grid, or nothing at its end: an empty line, or Ctrl-D."""
        try:
            row = self.ask(MORE)
        except EOFError:
            return ""
        return row if row.strip() else ""


def _width(row: str) -> int | None:
    """Return how many numbers there are in a line that is one row of a grid; None if it is anything else."""
    try:
        cells = parse_text([row], "grid").cells
    except ConvcalcError:
        return None
    return cells.shape[1] if cells.ndim == 2 and len(cells) == 1 else None


def prompt(session: Session) -> str:
    """Return the prompt: the current grid's shape, so that it is never out of mind."""
    return "> " if session.current is None else f"{shape_text(session.current.shape)} > "
