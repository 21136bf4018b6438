"""Bare ``convcalc`` on a terminal: the session, with the platform's own line editing, history and completion."""

import contextlib
import io
import os
import signal
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import typer

from convcalc.cli.looks import Paged
from convcalc.cli.messages import complain, explain, glyphs_for
from convcalc.cli.prompt import typed
from convcalc.cli.run import host_of
from convcalc.cli.showing import draw
from convcalc.cli.surroundings import Script, Surroundings
from convcalc.cli.topics import TOPICS
from convcalc.ending import before_ending
from convcalc.errors import ConvcalcError

if TYPE_CHECKING:
    from convcalc.session.completion import Words
    from convcalc.session.session import LineResult, Session

LONGEST_HISTORY = 1000
WELCOME = "convcalc: type a grid row by row, or input FILE; then conv edge, relu, help …"


def interactive(ctx: typer.Context, here: Surroundings) -> None:
    """Converse until the user leaves."""
    from convcalc.session.loop import MORE, converse
    from convcalc.session.session import Session

    if isinstance(here.stdout, Paged):
        here.stdout.let_through()
    script = Script()
    session = script.session = Session(host_of(ctx, Surroundings(None, here.stdout, script), script))
    prompts = [""]
    readline = _editing(words_of(ctx), session, lambda: prompts[-1] == MORE)
    glyphs = glyphs_for(here.stdout, False)
    here.stdout.write(glyphs.say(WELCOME) + "\n")

    def ask(prompt: str) -> str:
        prompts[:] = [prompt]
        here.stdout.flush()
        signal.signal(signal.SIGINT, _stop)
        return typed(glyphs.say(prompt))

    def show(entry: "LineResult") -> None:
        from convcalc.report.document import Role, Text

        if entry.remark:
            draw(here, [Text(f"  {entry.remark}", Role.QUIET)])
        for document in entry.documents:
            draw(here, document)
        if entry.worked is not None:
            draw(here, entry.worked.work)

    def tell(error: ConvcalcError | None) -> None:
        here.stdout.flush()
        complain("") if error is None else explain(error)

    def keep_history() -> None:
        if readline is not None:
            _keep_history(readline)

    before = signal.getsignal(signal.SIGINT)
    with before_ending(keep_history):
        try:
            converse(session, ask, show, tell)
        finally:
            keep_history()
            signal.signal(signal.SIGINT, before)
    if not session.left:
        here.stdout.write("\n")


def _stop(number: int, frame: FrameType | None) -> None:
    """Stop what is being done, but no import: a module half-made stays so."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return
        frame = frame.f_back
    signal.signal(number, lambda *_: None)  # till a line is asked for again: stopping is not stopped
    raise KeyboardInterrupt


def words_of(ctx: typer.Context) -> "Words":
    """Return what can be completed, from the commands as Typer knows them: the words that a shell completes."""
    from convcalc.engine.kernels import KERNELS
    from convcalc.session.completion import Command, Words
    from convcalc.session.verbs import VERBS

    root: Any = ctx.find_root().command
    commands = {}
    for name, command in root.commands.items():
        options: list[str] = []
        choices: dict[str, list[str]] = {}
        within = typer.Context(command, parent=ctx, info_name=name)
        for parameter in command.params:
            words = [str(item.value) for item in parameter.shell_complete(within, "")]
            words = [] if set(words) >= set(KERNELS) else words  # which stand beside files and names
            if parameter.param_type_name == "option":
                options += parameter.opts
                choices |= {option: words for option in parameter.opts if words}
            elif words and name != "help":
                choices[""] = words
        commands[name] = Command(options, choices)
    return Words(commands, tuple(VERBS), tuple(KERNELS), tuple(TOPICS))


def _editing(words: "Words", session: "Session", in_rows: Callable[[], bool]) -> Any:
    """Set the platform's readline up, if there is one: completion, and the history of former sessions."""
    try:
        import readline
    except ImportError:
        return None
    from convcalc.session.completion import complete

    found: list[str] = []

    def completer(word: str, index: int) -> str | None:
        nonlocal found
        if index == 0:
            before = readline.get_line_buffer()[: readline.get_begidx()]
            found = complete(before, word, words, session.names, in_rows=in_rows())
        return found[index] if index < len(found) else None

    readline.set_completer(completer)
    readline.set_completer_delims(" \t\n")
    libedit = getattr(readline, "backend", "") == "editline" or "libedit" in (readline.__doc__ or "")  # as on macOS
    readline.parse_and_bind("bind ^I rl_complete" if libedit else "tab: complete")
    readline.set_history_length(LONGEST_HISTORY)
    with contextlib.suppress(OSError, RuntimeError):
        readline.read_history_file(history_file())
    return readline


def history_file() -> Path:
    """Return where the history of sessions is kept: in the user's state folder."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "convcalc" / "history"


def _keep_history(readline: Any) -> None:
    with contextlib.suppress(OSError, RuntimeError):  # the latter where nobody knows a home
        path = history_file()
        path.parent.mkdir(parents=True, exist_ok=True)
        readline.write_history_file(path)


def bare(ctx: typer.Context, here: Surroundings) -> None:
    """Run what bare ``convcalc`` means: the session on a terminal, a script from a pipe, else help."""
    if here.stdin is not None and here.stdin.isatty() and here.on_terminal:
        interactive(ctx, here)
        return
    if here.is_piped_in:
        assert here.stdin is not None
        piped: Any = here.stdin
        here.stdin = piped if hasattr(piped, "peek") else io.BufferedReader(piped)
        if here.stdin.peek(1):
            root: Any = ctx.find_root().command
            root.main(["run", "-"], "convcalc", standalone_mode=False, obj=here)
            return
    print(ctx.get_help())
