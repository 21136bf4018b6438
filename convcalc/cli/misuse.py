"""Typer's own refusals of a command line, as ours."""

import re
from typing import Any

import typer

from convcalc.errors import UsageError

MISUSE: type[Exception] = typer.BadParameter.__bases__[0]
"""Typer's own usage errors; older versions have no public name for what they have in common."""

HINTS = (
    (r"extra argument.*\|", "one command a line: the grid is carried from one to the next"),
    (r"size: got unexpected extra", "as in convcalc size -n 7 -f 3 -s 2"),
    (r"(lecture|run): got unexpected extra", "it takes one word"),
    (r"got unexpected extra", "a grid goes after --input, in quotes if it is written out"),
    (r"size: no such option: -\d", "as in convcalc size -n 7 -f 3 -s 2"),
    (r"no such option: -\d", "a grid that begins with a minus goes after --input or --kernel"),
)
"""What people meant by a command line that Typer refuses."""


def as_usage_error(error: Any) -> UsageError:
    """Say what is wrong with a command line, and where to read how it should be."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "convcalc"
    message = error.format_message()
    text = f"{path}: {message}"
    hint = next((f"{hint}; " for pattern, hint in HINTS if re.search(pattern, text, re.IGNORECASE)), "")
    return UsageError(f"{message[:1].lower()}{message[1:]}", hint=f"{hint}`{path} --help` shows how it goes")
