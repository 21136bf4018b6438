"""How all that is printed looks: `--color`, `--pager`, and the defaults that the environment gives.

Both options stand anywhere on the line. NO_COLOR goes before FORCE_COLOR, and an option before either.
"""

import contextlib
import io
import os
import sys
from collections.abc import Iterator, Sequence
from typing import IO, NamedTuple

from convcalc.choices import Word
from convcalc.errors import UsageError

PAGERS = ("less", "more")


class Colour(Word):
    """When there are colours."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Looks(NamedTuple):
    """What is asked of all that is printed."""

    colour: Colour = Colour.AUTO
    pager: bool = False
    draws: bool = False
    """Whether the line itself asks for colours, so that the work is drawn as on a terminal; data stays data else."""


def looks_of(words: Sequence[str]) -> tuple[list[str], Looks]:
    """Return a command line without the options about looks, and what they ask for.

    >>> looks_of(["conv", "edge", "--color=always", "--pager"])
    (['conv', 'edge'], Looks(colour=<Colour.ALWAYS: 'always'>, pager=True, draws=True))
    """
    default = _colour(os.environ.get("CONVCALC_COLOR") or "auto", "CONVCALC_COLOR")
    asked, pager = "", is_set("CONVCALC_PAGER")
    rest: list[str] = []
    left = iter(words)
    for word in left:
        if word == "--":
            rest += [word, *left]
        if word == "--pager":
            pager = True
        elif word == "--no-color":
            asked = "never"
        elif word == "--color" or word.startswith("--color="):
            asked = word.partition("=")[2] if "=" in word else next(left, "")
            _colour(asked, "--color")
        else:
            rest.append(word)
    colour = _colour(asked, "--color") if asked else default
    if not asked and colour is Colour.ALWAYS and os.environ.get("NO_COLOR"):
        colour = Colour.NEVER
    return rest, Looks(colour, pager, draws=asked == "always")


def _colour(word: str, name: str) -> Colour:
    if word not in list(Colour):
        raise UsageError(f"{name} takes {', '.join(Colour)}, not '{word}'", hint=f"as in {name} never")
    return Colour(word)


def is_set(name: str) -> bool:
    """Whether a switch of the environment is on: anything but nothing, 0 and no.

    >>> is_set("CONVCALC_NOTHING_OF_THE_KIND")
    False
    """
    return os.environ.get(name, "").lower() not in ("", "0", "no", "false")


def in_colour(stream: IO[str]) -> bool:
    """Whether what goes to a stream is coloured: NO_COLOR forbids it, FORCE_COLOR asks for it, a terminal has it."""
    if os.environ.get("NO_COLOR"):
        return False
    if is_set("FORCE_COLOR") or is_set("CLICOLOR_FORCE"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb" and os.environ.get("CLICOLOR") != "0"


def default_precision() -> int | None:
    """Return the decimals that CONVCALC_PRECISION asks the work to have; raise UsageError for anything but 0 to 15."""
    text = os.environ.get("CONVCALC_PRECISION", "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and int(text) <= 15):
        raise UsageError(f"CONVCALC_PRECISION={text}: it takes 0 to 15", hint="as in CONVCALC_PRECISION=2, or unset it")
    return int(text)


class Paged(io.StringIO):
    """Standard output that is kept, to be shown by a pager; it is as wide as the terminal."""

    def __init__(self, terminal: IO[str]) -> None:
        super().__init__()
        self.terminal = terminal

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The terminal's."""
        return str(getattr(self.terminal, "encoding", "utf-8"))

    def let_through(self) -> None:
        """Let what comes go straight to the terminal, as where someone answers."""
        self.terminal.write(self.getvalue())
        self.truncate(0)
        self.seek(0)
        self.write, self.flush = self.terminal.write, self.terminal.flush  # type: ignore[method-assign]

    def isatty(self) -> bool:
        """Return that it will be seen on one."""
        return True

    def fileno(self) -> int:
        """Return the terminal's, whose size is asked for."""
        return self.terminal.fileno()


@contextlib.contextmanager
def dressed(looks: Looks) -> Iterator[None]:
    """Let a command print as it is asked to, and show what it printed page by page at the end."""
    if looks.colour is Colour.NEVER:
        os.environ["NO_COLOR"] = "1"
    elif looks.colour is Colour.ALWAYS:
        os.environ.pop("NO_COLOR", None)
        os.environ["FORCE_COLOR"] = "1"
    terminal = sys.stdout
    if not looks.pager or not terminal.isatty():
        yield
        return
    paged = sys.stdout = Paged(terminal)
    try:
        yield
    finally:
        sys.stdout = terminal
        _page(paged.getvalue(), terminal)


def _page(text: str, terminal: IO[str]) -> None:
    """Show a text by PAGER, or less, or more; without any, as it is. What fits on the screen less does not keep."""
    import shlex
    import shutil
    import subprocess

    try:
        found = shlex.split(os.environ.get("PAGER", ""))
    except ValueError:
        terminal.write(text)
        raise UsageError(f"PAGER={os.environ['PAGER']}: a quote is never closed", hint="unset it") from None
    found = found or [name for name in PAGERS if shutil.which(name)][:1]
    if not text or not found or os.environ.get("TERM") == "dumb":
        terminal.write(text)
        return
    options = {} if "LESS" in os.environ else {"LESS": "FRX"}
    try:
        ran = subprocess.run(found, input=text, text=True, encoding="utf-8", env={**os.environ, **options}, check=False)
        if ran.returncode:
            terminal.write(text)
    except OSError as error:
        terminal.write(text)
        raise UsageError(f"PAGER={found[0]}: {error.strerror}", hint="unset it, or name another") from None
