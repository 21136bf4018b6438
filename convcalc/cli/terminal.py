"""The terminal, whatever the platform: the only door to what Unix and Windows do in ways of their own."""

try:
    from convcalc.cli.unix import TERMINAL, kept_mode, screen
except ImportError:  # there are no termios
    from convcalc.cli.windows import TERMINAL, kept_mode, screen

__all__ = ["TERMINAL", "kept_mode", "screen"]
