"""Lines that are typed at a terminal, whose mode is given back where a signal comes meanwhile."""

from convcalc.errors import InputError


def typed(prompt: str) -> str:
    """Return a line that is typed; raise EOFError at the end, InputError for what is no text."""
    from convcalc.cli.terminal import kept_mode

    try:
        with kept_mode(prompt):
            return input(prompt)
    except UnicodeDecodeError:
        raise InputError("that line is not text in the terminal's encoding", hint="type it again") from None
