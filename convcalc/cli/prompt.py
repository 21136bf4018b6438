"""Lines that are typed at a terminal, whose mode is given back where a signal comes meanwhile."""

import os
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from convcalc.errors import InputError

NO_PASTES = b"\x1b[?2004l"
"""What has a terminal send pastes as if they were typed; readline has it mark them."""


def typed(prompt: str) -> str:
    """Return a line that is typed; raise EOFError at the end, InputError for what is no text."""
    try:
        with _kept_mode(prompt):
            return input(prompt)
    except UnicodeDecodeError:
        raise InputError("that line is not text in the terminal's encoding", hint="type it again") from None


def _kept_mode(prompt: str) -> AbstractContextManager[None]:
    """Give the terminal's mode back, which readline changes, where a signal ends or stops what is typed."""
    try:
        from convcalc.cli.mode import Mode
    except ImportError:  # Windows has no such modes
        return nullcontext()
    readline: Any = sys.modules.get("readline")

    def ask_again() -> None:
        line = "" if readline is None else readline.get_line_buffer()
        os.write(sys.stdout.fileno(), (prompt + line).encode())

    return Mode(sys.stdin.fileno(), sys.stdout.fileno(), b"" if readline is None else NO_PASTES, ask_again).kept()
