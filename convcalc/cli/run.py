"""``convcalc run``: a script of command lines, the grid carried from one to the next."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from convcalc.cli.commands import COMMANDS, instead
from convcalc.cli.inputs import refuse_overwriting
from convcalc.cli.messages import note, printable
from convcalc.cli.misuse import MISUSE, as_usage_error
from convcalc.cli.options import OutputOptions, with_options
from convcalc.cli.output import ITSELF, Channel, channel_of
from convcalc.cli.topics import TOPICS, summary_of
from convcalc.errors import InputError, Place, UsageError

if TYPE_CHECKING:
    from convcalc.matrix_io.files import ReadOptions
    from convcalc.matrix_io.text import Grid
    from convcalc.report.document import Document, Worked
    from convcalc.report.selection import Show
    from convcalc.session.session import Host, Ran, Session

MOST_BYTES = 1 << 22
STOPPED = 130
"""What Typer makes of Ctrl-C."""


@dataclass(eq=False, repr=False)
class ScriptChannel(Channel):
    """What a script's line is run with: it reads the current grid and the named ones, and keeps what is emitted.

    In a `report` (`lecture`, say) answers are no grids to go on with.
    """

    session: "Session | None" = None
    ran: "Ran | None" = field(default=None)
    report: bool = False

    def knows(self, word: str) -> bool:
        """Whether a word is a grid's name."""
        return self.session is not None and word in self.session.names

    @property
    def has_input(self) -> bool:
        """Whether there is a current grid."""
        return self.is_piped_in or (self.session is not None and self.session.current is not None)

    def find(self, word: str | None, what: str, options: "ReadOptions | None" = None) -> "Grid":
        """Read the current grid, a named one, or any other."""
        from convcalc.matrix_io.files import AS_IT_IS, also_a_file
        from convcalc.matrix_io.text import Grid

        if self.session is None:
            return Channel.find(self, word, what, options)
        if word is None:
            if self.session.current is None and self.is_piped_in:
                return Channel.find(self, None, what, options)
            if self.session.current is None:
                raise UsageError("there is no current grid", hint="begin with a line such as: input grid.txt")
            return Grid(self.session.current, "the current grid")
        options = (options or AS_IT_IS)._replace(beside=self.folder)
        if word in self.session.names:
            note(also_a_file(word, "as the grid of that name", self.folder))
            return Grid(self.session.names[word], word)
        return Channel.find(self, word, what, options)

    @property
    def folder(self) -> Path | None:
        """The script's folder, where its files may lie."""
        script = None if self.session is None else self.session.source
        return None if script in (None, "stdin") else Path(str(script)).parent

    def emit(self, worked: "Worked", options: OutputOptions, show: "Show | None" = None) -> None:
        """Keep the work for the whole script's; write the answer to a file if the line says so."""
        assert self.ran is not None
        if options.ascii:
            raise UsageError("--ascii does nothing inside a script", hint="give it to `convcalc run`")
        saves = options.output is not None and options.output not in ITSELF
        if options.format is not None and not saves:
            raise UsageError("--format does nothing inside a script", hint="give it to `convcalc run`")
        worked.answer()
        if show is not None and (show.quiz or show.check is not None):
            self._ask(worked, show)
            return
        if show is not None and show.walk:
            self._may_walk()
            self.walk(worked, show, ascii_only=options.ascii)
            options = options._replace(quiet=True)
        if self.report:
            self.ran.documents.append(worked.work)
            return
        if saves:
            source = None if self.session is None else self.session.source
            refuse_overwriting(options.output, source, "the script itself")
            worked = worked._replace(work=list(worked.work))  # written here, and shown again
            Channel.emit(self, worked, options)
        self.ran.worked, self.ran.quiet = worked, options.quiet

    def report_on(self, worked: "Worked", *, walk: bool, ascii_only: bool = False) -> None:
        """Keep a report for the whole script's work, and its steps for the session's walk."""
        assert self.ran is not None
        from convcalc.report.selection import Show

        if walk:
            self._may_walk()
            self.walk(worked, Show(), ascii_only=ascii_only)
        else:
            self.show(worked.work)
        if worked.steps is not None:
            self.ran.walkable = worked

    def write(self, lines: "Iterator[str]") -> None:
        """Refuse what would stand in the middle of the script's own work."""
        raise UsageError("--format does nothing inside a script", hint="give it to `convcalc run`, or add --output")

    def _may_walk(self) -> None:
        if self.session is None or self.session.source is not None:
            raise UsageError("a script does not walk", hint="leave --walk out")

    def talking(self) -> Channel:
        """Return the terminal itself, where a session runs on one."""
        if self.session is None or self.session.source is not None or sys.stdin is None:
            raise UsageError("a script asks and marks nothing", hint="leave quiz, --quiz and --check out")
        return Channel(getattr(sys.stdin, "buffer", None), self.stdout)

    def _ask(self, worked: "Worked", show: "Show") -> None:
        """Ask about an exercise of a session, or mark an answer to it; neither changes its grid."""
        from convcalc.cli.quiz import ask_about, check

        terminal = self.talking()
        if show.check is None:
            ask_about(terminal, worked, show)
        else:
            check(self, worked, show)

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

    input GRID makes a grid the current one.
    Commands read it, and their answer takes its place.
    name = GRID keeps a grid, and name = COMMAND an answer as well.
    A name stands wherever a grid can: conv name, linear -W name.
    A grid may also stand on the lines below, up to an empty one.
    Files are looked for from where you are, then beside the script.
    A comment begins with #.

    Examples:
      convcalc run samples/tiny-cnn.convcalc

      printf 'input grid.txt\nconv edge\nrelu\npool max\n' | convcalc run -

    """
    from convcalc.report.script import script_document, worked_script
    from convcalc.session.script import parse

    channel = channel_of(ctx)
    source = "stdin" if script == "-" else script
    refuse_overwriting(out.output, None if source == "stdin" else source, "the script itself")
    lines = parse(read_script(channel, script), source)
    session, inner = session_on(ctx, channel, source)
    entries = []
    for line in lines:
        entries.append(session.execute(line))
        if session.left:
            break
    channel.comments += inner.comments
    if session.current is None:
        if not entries:
            raise InputError("the script is empty", hint="one command a line", place=Place(source))
        asked = {"--output": out.output, "--format": out.format, "--quiet": out.quiet or None}
        option = next((name for name, value in asked.items() if value is not None), None)
        if option is not None:
            raise InputError(f"the script ends with no grid for {option}", hint="input GRID makes one the current grid")
        channel.show(script_document(entries), ascii_only=out.ascii)
        return
    channel.emit(worked_script(entries, session.current), out)


def session_on(ctx: typer.Context, channel: Channel, source: str) -> "tuple[Session, ScriptChannel]":
    """Return a session that runs a script's lines, and the channel they run on."""
    from convcalc.session.session import Session

    inner = ScriptChannel(channel.stdin, channel.stdout)
    inner.session = Session(host_of(ctx, inner), source)
    return inner.session, inner


def host_of(ctx: typer.Context, inner: ScriptChannel) -> "Host":
    """Return what a session is handed: the shell's own commands, run with its channel."""
    from convcalc.matrix_io.saving import write_whole
    from convcalc.report.selection import Show
    from convcalc.session.session import Host, Ran
    from convcalc.session.verbs import VERBS

    root: Any = ctx.find_root().command

    def run_words(words: Sequence[str]) -> Ran:
        inner.ran = Ran()
        try:
            status = root.main(list(words), "convcalc", standalone_mode=False, obj=inner)
        except MISUSE as error:
            raise as_usage_error(error) from None
        if status == STOPPED:
            raise KeyboardInterrupt
        return inner.ran

    def reserved(word: str) -> bool:
        from convcalc.engine.kernels import named

        return word.replace("_", "-") in {*COMMANDS, *VERBS, "input"} or named(word) is not None

    return Host(
        run=run_words,
        read=lambda word: inner.find(word, "grid").cells,
        read_lines=lambda word: read_script(inner, word),
        write_lines=lambda path, lines: write_whole(Path(path), iter(lines)),
        show_help=lambda name: root.main(["help", name], "convcalc", standalone_mode=False),
        walk=lambda worked: inner.walk(worked, Show(), ascii_only=False),
        instead=instead,
        commands={name: entry.summary for name, entry in COMMANDS.items() if name not in VERBS},
        topics=lambda: {topic: summary_of(topic) for topic in TOPICS},
        reserved=reserved,
    )


def read_script(channel: Channel, word: str) -> list[str]:
    """Return a script's lines, from a file or standard input."""
    data, source = read_bytes(channel, word, "script", MOST_BYTES), "stdin" if word == "-" else word
    if b"\0" in data:
        raise InputError("the script is no text", hint="write one command a line", place=Place(source))
    return [printable(line) for line in data.decode("utf-8-sig", "replace").splitlines()]


def read_bytes(channel: Channel, word: str, what: str, most: int) -> bytes:
    """Return what stands in a file, or in standard input, if that is at most so many bytes."""
    if word == "-":
        if channel.stdin is None:
            raise InputError("there is no standard input to read here", hint="name a file")
        data, source = channel.stdin.read(most + 1), "stdin"
        channel.stdin = None
    else:
        source = word
        try:
            with Path(word).open("rb") as stream:
                data = stream.read(most + 1)
        except (OSError, ValueError) as error:
            from convcalc.matrix_io.files import file_hint

            reason = getattr(error, "strerror", None) or str(error)
            hint = file_hint(Path(word), "name a file, or -")
            raise InputError(f"cannot read the {what} '{word}': {reason}", hint=hint) from None
    if len(data) > most:
        raise InputError(f"the {what} has more than {most >> 20} MiB", hint="use a smaller one", place=Place(source))
    return data
