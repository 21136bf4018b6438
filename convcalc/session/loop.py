"""The loop of an interactive session: ask for a line, run it, show what it came to; an error changes nothing."""

from collections.abc import Callable
from dataclasses import dataclass

from convcalc.engine.naming import shape_text
from convcalc.errors import ConvcalcError
from convcalc.matrix_io.text import Reader
from convcalc.session.script import opens_rows, parse, wants_rows
from convcalc.session.session import LineResult, Session

MORE = "  … "
"""The prompt for the rows of a grid."""

Ask = Callable[[str], str]
"""Asks for a line with a prompt; raises EOFError at the end of the input."""


def converse(
    session: Session, ask: Ask, show: Callable[[LineResult], None], complain: Callable[[ConvcalcError | None], None]
) -> None:
    """Go on until the user leaves; Ctrl-C stops the line or the work that is shown, and nothing else."""
    lines = Lines(session, ask, complain)
    while True:
        try:
            while not session.left:
                try:
                    for line in parse(lines.next(), "line"):
                        show(session.execute(line))
                except ConvcalcError as error:
                    complain(_in_session(error))
            return
        except EOFError:
            return
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
            reader = _reader(rows)
            while row := self._row():
                if self.session.begins(row):
                    self.waiting = row
                    break
                try:
                    reader.read(row)
                except ConvcalcError as error:
                    hint = f"{error.hint}; type the row anew, or an empty line to end the grid"
                    self.complain(type(error)(error.message, hint=hint, place=error.place))
                    reader = _reader(rows)  # the rows before it are kept
                    continue
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


def _reader(rows: list[str]) -> Reader:
    """Return what has read these rows, and reads the ones that follow."""
    reader = Reader("grid", None)
    for row in rows:
        reader.read(row)
    return reader


def _in_session(error: ConvcalcError) -> ConvcalcError:
    """Return an error whose hint names commands as they are typed here, without `convcalc` before them."""
    hint = None if error.hint is None else error.hint.replace("`convcalc ", "`")
    return type(error)(error.message, hint=hint, place=error.place)


def prompt(session: Session) -> str:
    """Return the prompt: the current grid's shape, so that it is never out of mind."""
    return "> " if session.current is None else f"{shape_text(session.current.shape)} > "
