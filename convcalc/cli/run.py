"""``convcalc run``: a script of command lines, the grid carried from one to the next."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from convcalc.cli.backward import BackwardOptions, CheckOptions, DescentOptions, ScriptSteps, goes_back, show_way_back
from convcalc.cli.commands import COMMANDS, instead
from convcalc.cli.inputs import find, read_bytes, refuse_overwriting
from convcalc.cli.messages import printable
from convcalc.cli.misuse import MISUSE, as_usage_error
from convcalc.cli.options import OutputOptions, with_options
from convcalc.cli.output import emit
from convcalc.cli.showing import draw, walk_through
from convcalc.cli.surroundings import Script, Surroundings, surroundings_of
from convcalc.cli.topics import TOPICS, summary_of
from convcalc.errors import InputError, Place
from convcalc.sample_files import expanded, expanded_line

if TYPE_CHECKING:
    from convcalc.session.session import Host, Session

MOST_BYTES = 1 << 22
STOPPED = 130
"""What Typer makes of Ctrl-C."""


@with_options
def run(
    *,
    ctx: typer.Context,
    script: Annotated[str, typer.Argument(metavar="FILE|-", help="The script, or - for standard input.")],
    back: BackwardOptions,
    check: CheckOptions,
    descending: DescentOptions,
    stepping: ScriptSteps,
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
      convcalc run sample:tiny-cnn.convcalc

      printf 'input grid.txt\nconv edge\nrelu\npool max\n' | convcalc run -

      convcalc run sample:tiny-cnn.convcalc --backward --wrt lines

      convcalc run sample:backprop-2-2-2.convcalc --rate 0.5 --freeze b1 --freeze b2

    """
    from convcalc.report.script import script_document, worked_script
    from convcalc.session.script import parse

    here = surroundings_of(ctx)
    source = "stdin" if script == "-" else script
    refuse_overwriting(out.output, None if source == "stdin" else source, "the script itself")
    texts = read_script(here, script)
    lines = parse(texts, source)
    session, inner = session_on(ctx, here, source)
    entries = []
    for line in lines:
        entries.append(session.execute(line))
        if session.left:
            break
    here.comments += inner.comments
    if goes_back(back, check, descending, stepping, out):
        show_way_back(here, session, (texts, lines), back, check, descending, stepping, out)
        return
    if session.current is None:
        if not entries:
            raise InputError("the script is empty", hint="one command a line", place=Place(source))
        options = {"--output": out.output, "--format": out.format, "--quiet": out.quiet or None}
        option = next((name for name, value in options.items() if value is not None), None)
        if option is not None:
            raise InputError(f"the script ends with no grid for {option}", hint="input GRID makes one the current grid")
        draw(here, script_document(entries), ascii_only=out.ascii)
        return
    emit(here, worked_script(entries, session.current), out)


def session_on(ctx: typer.Context, here: Surroundings, source: str) -> "tuple[Session, Surroundings]":
    """Return a session that runs a script's lines, and the surroundings they run in."""
    from convcalc.session.session import Session

    script = Script()
    inner = Surroundings(here.stdin, here.stdout, script)
    script.session = Session(host_of(ctx, inner, script), source)
    return script.session, inner


def host_of(ctx: typer.Context, inner: Surroundings, script: Script) -> "Host":
    """Return what a session is handed: the shell's own commands, run in its surroundings."""
    from convcalc.engine.node import UNDIVIDED
    from convcalc.matrix_io.saving import write_whole
    from convcalc.report.selection import Show
    from convcalc.session.session import CommandResult, Host
    from convcalc.session.verbs import VERBS

    root: Any = ctx.find_root().command

    def run_words(words: Sequence[str]) -> CommandResult:
        script.result = CommandResult()
        try:
            status = root.main(expanded_line(words), "convcalc", standalone_mode=False, obj=inner)
        except MISUSE as error:
            raise as_usage_error(error) from None
        if status == STOPPED:
            raise KeyboardInterrupt
        undivided = {} if inner.undivided is None else {UNDIVIDED: inner.undivided}
        script.result.reads = inner.grids | undivided
        return script.result

    def reserved(word: str) -> bool:
        from convcalc.engine.kernels import named

        return word.replace("_", "-") in {*COMMANDS, *VERBS, "input"} or named(word) is not None

    return Host(
        run=run_words,
        read=lambda word: find(inner, expanded(word), "grid").cells,
        read_lines=lambda word: read_script(inner, expanded(word)),
        write_lines=lambda path, lines: write_whole(Path(path), iter(lines)),
        show_help=lambda name: root.main(["help", name], "convcalc", standalone_mode=False),
        walk=lambda worked: walk_through(inner, worked, Show(), ascii_only=False),
        instead=instead,
        commands={name: entry.summary for name, entry in COMMANDS.items() if name not in VERBS},
        topics=lambda: {topic: summary_of(topic) for topic in TOPICS},
        reserved=reserved,
        verbs=VERBS,
    )


def read_script(here: Surroundings, word: str) -> list[str]:
    """Return a script's lines, from a file or standard input."""
    data, source = read_bytes(here, word, "script", MOST_BYTES), "stdin" if word == "-" else word
    if b"\0" in data:
        raise InputError("the script is no text", hint="write one command a line", place=Place(source))
    return [printable(line) for line in data.decode("utf-8-sig", "replace").splitlines()]
