"""``convcalc run``: a script of command lines, the grid carried from one to the next."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from convcalc.cli.misuse import MISUSE, as_usage_error
from convcalc.cli.options import OutputOptions, with_options
from convcalc.cli.output import Channel, channel_of
from convcalc.errors import InputError, Place, UsageError, nearest

if TYPE_CHECKING:
    from convcalc.matrix_io.text import Grid
    from convcalc.report.document import Document, Worked
    from convcalc.session.session import Ran, Session

MOST_BYTES = 1 << 22


@dataclass(slots=True)
class ScriptChannel(Channel):
    """What a script's line is run with: it reads the current grid and the named ones, and keeps what is emitted."""

    session: "Session | None" = None
    ran: "Ran | None" = field(default=None)

    def knows(self, word: str) -> bool:
        """Whether a word is a grid's name."""
        return self.session is not None and word in self.session.names

    @property
    def has_input(self) -> bool:
        """Whether there is a current grid."""
        return self.is_piped_in or (self.session is not None and self.session.current is not None)

    def read(self, word: str | None, what: str) -> "Grid":
        """Read the current grid, a named one, or any other."""
        from convcalc.matrix_io.text import Grid

        assert self.session is not None
        if word is None:
            if self.session.current is None and self.is_piped_in:
                return Channel.read(self, None, what)
            if self.session.current is None:
                raise UsageError("there is no current grid", hint="begin with a line such as: input grid.txt")
            return Grid(self.session.current, "the current grid")
        if word in self.session.names:
            return Grid(self.session.names[word], word)
        return Channel.read(self, word, what)

    def emit(self, worked: "Worked", options: OutputOptions) -> None:
        """Keep the work for the whole script's; write the answer to a file if the line says so."""
        assert self.ran is not None
        if options.format is not None and options.output is None:
            raise UsageError("--format does nothing inside a script", hint="give it to `convcalc run`")
        worked.answer()
        if options.output is not None:
            Channel.emit(self, worked, options)
        self.ran.worked, self.ran.quiet = worked, options.quiet

    def show(self, document: "Document", *, ascii_only: bool = False) -> None:
        """Keep a report for the whole script's work."""
        assert self.ran is not None
        self.ran.documents.append(list(document))


@with_options
def run(
    *,
    ctx: typer.Context,
    script: Annotated[str, typer.Argument(metavar="FILE|-", help="The script, or - for standard input.")],
    out: OutputOptions,
) -> None:
    r"""Run a script: one command a line, in the words of the shell, the grid carried from line to line.

    `input GRID` makes a grid the current one; commands without --input read it, and their answer
    takes its place. `name = GRID` keeps a grid, `name = COMMAND …` its answer, for use wherever a grid
    can be named. A grid may also stand on the lines below, up to an empty one. # begins a comment.

    Examples:
      convcalc run samples/tiny-cnn.convcalc

      printf 'input grid.txt\nconv edge\nrelu\npool max\n' | convcalc run -

    """
    from convcalc.report.script import script_document, worked_script
    from convcalc.session.script import parse
    from convcalc.session.session import Ran, Session

    channel = channel_of(ctx.obj)
    source = "stdin" if script == "-" else script
    lines = parse(read_script(channel, script), source)
    root: Any = ctx.find_root().command
    inner = ScriptChannel(channel.stdin, channel.stdout, channel.report)

    def run_words(words: Sequence[str]) -> Ran:
        inner.ran = Ran()
        try:
            root.main(list(words), "convcalc", standalone_mode=False, obj=inner)
        except MISUSE as error:
            raise as_usage_error(error) from None
        return inner.ran

    def reserved(word: str) -> bool:
        from convcalc.engine.kernels import named

        return word.replace("_", "-") in {*root.commands, "input"} or named(word) is not None

    session = Session(
        source, run_words, lambda word: Channel.read(inner, word, "grid").cells, frozenset(root.commands), reserved
    )
    inner.session = session
    for line in lines:
        session.execute(line)
    channel.comments += inner.comments
    if session.current is None:
        if not session.entries:
            raise InputError("the script is empty", hint="one command a line", place=Place(source))
        channel.show(script_document(session.entries), ascii_only=out.ascii)
        return
    channel.emit(worked_script(session.entries, session.current), out)


def read_script(channel: Channel, word: str) -> list[str]:
    """Return a script's lines, from a file or standard input."""
    if word == "-":
        if channel.stdin is None:
            raise InputError("there is no standard input to read here", hint="name a file")
        data, source = channel.stdin.read(MOST_BYTES + 1), "stdin"
        channel.stdin = None
    else:
        source = word
        try:
            with Path(word).open("rb") as stream:
                data = stream.read(MOST_BYTES + 1)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise InputError(f"cannot read the script '{word}': {reason}", hint=_hint(Path(word))) from None
    if len(data) > MOST_BYTES or b"\0" in data:
        reason = "is no text" if b"\0" in data else f"has more than {MOST_BYTES >> 20} MiB"
        raise InputError(f"the script {reason}", hint="write one command a line", place=Place(source))
    return data.decode("utf-8-sig", "replace").splitlines()


def _hint(path: Path) -> str:
    try:
        close = nearest(path.name, [entry.name for entry in path.parent.iterdir()])
    except (OSError, ValueError):
        close = []
    return f"did you mean {' or '.join(str(path.parent / name) for name in close)}?" if close else "name a file, or -"
