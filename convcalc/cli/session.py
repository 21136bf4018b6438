"""Bare ``convcalc`` on a terminal: the session, with the platform's own line editing, history and completion."""

import contextlib
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from convcalc.cli.messages import complain, explain, glyphs_for
from convcalc.cli.output import Channel, typed
from convcalc.cli.run import ScriptChannel, host_of
from convcalc.errors import ConvcalcError

if TYPE_CHECKING:
    from convcalc.session.completion import Words
    from convcalc.session.session import Entry, Session

LONGEST_HISTORY = 1000
WELCOME = "convcalc: type a grid row by row, or input FILE; then conv edge, relu, help …"


def interactive(ctx: typer.Context, channel: Channel) -> None:
    """Converse until the user leaves."""
    from convcalc.session.loop import converse
    from convcalc.session.session import Session

    inner = ScriptChannel(None, channel.stdout)
    session = Session(host_of(ctx, inner))
    inner.session = session
    readline = _editing(words_of(ctx), session)
    glyphs = glyphs_for(channel.stdout, False)
    channel.stdout.write(glyphs.say(WELCOME) + "\n")

    def ask(prompt: str) -> str:
        channel.stdout.flush()
        return typed(glyphs.say(prompt))

    def show(entry: "Entry") -> None:
        from convcalc.report.document import Role, Text

        if entry.remark:
            channel.show([Text(f"  {entry.remark}", Role.QUIET)])
        for document in entry.documents:
            channel.show(document)
        if entry.worked is not None:
            channel.show(entry.worked.work)

    def tell(error: ConvcalcError | None) -> None:
        channel.stdout.flush()
        complain("") if error is None else explain(error)

    try:
        converse(session, ask, show, tell)
    finally:
        if readline is not None:
            _keep_history(readline)
    if not session.left:
        channel.stdout.write("\n")


def words_of(ctx: typer.Context) -> "Words":
    """Return what can be completed, from the commands as Typer knows them."""
    from convcalc.engine.kernels import KERNELS
    from convcalc.session.completion import Command, Words
    from convcalc.session.verbs import VERBS

    root: Any = ctx.find_root().command
    commands = {}
    for name, command in root.commands.items():
        options: list[str] = []
        choices: dict[str, list[str]] = {}
        for parameter in command.params:
            words = [str(getattr(choice, "value", choice)) for choice in getattr(parameter.type, "choices", ())]
            if parameter.param_type_name == "option":
                options += parameter.opts
                choices |= {option: words for option in parameter.opts if words}
            elif "|" in (parameter.metavar or "") and name != "run":
                choices[""] = parameter.metavar.strip("[]").split("|")
        commands[name] = Command(options, choices)
    return Words(commands, tuple(VERBS), tuple(KERNELS))


def _editing(words: "Words", session: "Session") -> Any:
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
            found = complete(before, word, words, session.names)
        return found[index] if index < len(found) else None

    readline.set_completer(completer)
    readline.set_completer_delims(" \t\n")
    libedit = "libedit" in (readline.__doc__ or "")
    readline.parse_and_bind("bind ^I rl_complete" if libedit else "tab: complete")
    readline.set_history_length(LONGEST_HISTORY)
    with contextlib.suppress(OSError):
        readline.read_history_file(history_file())
    return readline


def history_file() -> Path:
    """Return where the history of sessions is kept: in the user's state folder."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "convcalc" / "history"


def _keep_history(readline: Any) -> None:
    path = history_file()
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        readline.write_history_file(path)


def bare(ctx: typer.Context, channel: Channel) -> None:
    """Run what bare ``convcalc`` means: the session on a terminal, a script from a pipe, else help."""
    if channel.stdin is not None and channel.stdin.isatty() and channel.on_terminal:
        interactive(ctx, channel)
        return
    if channel.is_piped_in:
        assert channel.stdin is not None
        piped: Any = channel.stdin
        channel.stdin = piped if hasattr(piped, "peek") else io.BufferedReader(piped)
        if channel.stdin.peek(1):
            root: Any = ctx.find_root().command
            root.main(["run", "-"], "convcalc", standalone_mode=False, obj=channel)
            return
    print(ctx.get_help())
