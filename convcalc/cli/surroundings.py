"""What a command is run in: its streams, whether they are someone's screen, and the grids that have names there."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import typer

from convcalc.cli.looks import in_colour
from convcalc.cli.messages import size_of
from convcalc.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from convcalc.engine.exact import Array
    from convcalc.session.session import CommandResult, Session


@dataclass(eq=False, repr=False)
class Script:
    """The script, or the session, that a command is a line of: its session, and what the command leaves behind."""

    session: "Session | None" = None
    result: "CommandResult | None" = None
    only_shows: bool = False
    """Whether answers are no grids to go on with, as in `lecture`."""

    @property
    def is_typed(self) -> bool:
        """Whether its lines are typed by someone, who can be asked and can press keys."""
        return self.session is not None and self.session.source is None


@dataclass(eq=False, repr=False)
class Surroundings:
    """The streams, the script if the command is a line of one, and what is remembered for whoever reads the answer."""

    stdin: IO[bytes] | None
    stdout: IO[str]
    script: Script | None = None
    comments: list[str] = field(default_factory=list)
    """The comment lines that came with standard input, to be handed on."""
    operation: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """The command that is run, and its options, as JSON tells them."""
    grids: dict[str, "Array"] = field(default_factory=dict)
    """The grids that were read, by what they are: input, kernel, weights."""
    undivided: "Array | None" = None
    """The input before it was divided by 255."""
    is_drawn: bool = False
    """Whether what is printed is drawn as on a terminal, though it is none."""

    @property
    def on_terminal(self) -> bool:
        """Whether standard output is a terminal."""
        return self.stdout.isatty()

    @property
    def draws(self) -> bool:
        """Whether the work is drawn, rather than written as comments above the answer."""
        return self.on_terminal or self.is_drawn

    @property
    def is_piped_in(self) -> bool:
        """Whether there is a standard input that is no terminal."""
        return self.stdin is not None and not self.stdin.isatty()

    @property
    def session(self) -> "Session | None":
        """The session that holds the current grid and the named ones, if there is one."""
        return None if self.script is None else self.script.session

    @property
    def names(self) -> Mapping[str, "Array"]:
        """The grids that have names; outside of scripts none has."""
        return {} if self.session is None else self.session.names

    @property
    def has_input(self) -> bool:
        """Whether a command without --input has something to read."""
        return self.is_piped_in or (self.session is not None and self.session.current is not None)

    @property
    def folder(self) -> Path | None:
        """The script's folder, where files are looked for, too."""
        source = None if self.session is None else self.session.source
        return None if source in (None, "stdin") else Path(str(source)).parent

    def console(self) -> "Console":
        """Return rich's console on standard output, without colour where that is not wanted."""
        from rich.console import Console

        coloured = in_colour(self.stdout)
        console = Console(
            file=self.stdout,
            highlight=False,
            markup=False,
            emoji=False,
            color_system=None if not coloured else "auto" if self.on_terminal else "256",
            force_terminal=True if coloured else None,
        )
        if "COLUMNS" not in os.environ:
            console.width = size_of(self.stdout)[0]
        return console

    def for_talk(self) -> "Surroundings":
        """Return where questions can be asked and answered as they come: for a session, its terminal."""
        if self.script is None:
            return self
        if not self.script.is_typed or sys.stdin is None:
            raise UsageError("a script asks and marks nothing", hint="leave quiz, --quiz and --check out")
        return Surroundings(getattr(sys.stdin, "buffer", None), self.stdout)


def surroundings_of(ctx: typer.Context) -> Surroundings:
    """Return what a command was given to run in, or the process's own streams, told what is run."""
    context = ctx.obj
    here = (
        context if isinstance(context, Surroundings) else Surroundings(getattr(sys.stdin, "buffer", None), sys.stdout)
    )
    here.operation, here.arguments, here.grids = str(ctx.info_name), ctx.params, {}
    here.undivided = None
    return here
