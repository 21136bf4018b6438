"""A Windows console: its keys through its own interface, and its screen. Only `cli.terminal` imports this."""

import contextlib
import importlib
import signal
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import IO, Any

from convcalc.cli.keys import ENTER_SCREEN, LEAVE_SCREEN, Keyboard

TERMINAL = "CONIN$"
"""The console by its own name, where standard input is a pipe."""
FIRST_OF_TWO = ("\x00", "\xe0")
"""What comes before the sign of a key that is no letter."""
SPECIAL = {
    "H": "\x1b[A", "P": "\x1b[B", "M": "\x1b[C", "K": "\x1b[D",
    "G": "\x1b[H", "O": "\x1b[F", "I": "\x1b[5~", "Q": "\x1b[6~",
}  # fmt: skip
"""What the console sends for the arrows and their neighbours, as other terminals send it."""
CTRL_C = "\x03"
OUTPUT_HANDLE, PROCESSED, SEQUENCES_DRAWN = -11, 0x1, 0x4
"""The console's standard output, and the modes in which it follows what moves the cursor and colours."""
ASK_AGAIN = 0.01


class ConsoleKeys(Keyboard):
    """Reads keys from the console, also where standard input is a pipe."""

    def __init__(self) -> None:
        super().__init__()
        self.console: Any = importlib.import_module("msvcrt")

    def more(self, timeout: float) -> bool:
        """Read what was typed, if anything was in time: the console is asked again and again."""
        end = time.monotonic() + timeout
        while not self.console.kbhit():
            left = end - time.monotonic()
            if left <= 0 or self.is_stopped:
                return False
            time.sleep(min(ASK_AGAIN, left))
        while self.console.kbhit():
            sign = self.console.getwch()
            if sign == CTRL_C:
                self.stop()
            elif sign in FIRST_OF_TWO:
                self.waiting += SPECIAL.get(self.console.getwch(), "\x1b[99~")
            else:
                self.waiting += sign
        return bool(self.waiting)


def kept_mode(prompt: str) -> AbstractContextManager[None]:
    """Do nothing: a line that is typed changes no mode here."""
    return nullcontext()


@contextlib.contextmanager
def screen(stdout: IO[str]) -> Iterator[Keyboard]:
    """Take the whole screen and the keys, and give them back whatever happens; Ctrl-C is raised after that."""
    keyboard = ConsoleKeys()
    stdout.flush()
    with _drawing_sequences(), _noting_interrupts(keyboard):
        try:
            _write(stdout, ENTER_SCREEN)
            yield keyboard
        finally:
            _write(stdout, LEAVE_SCREEN)
    if keyboard.is_stopped:
        raise KeyboardInterrupt


def _write(stdout: IO[str], sequence: bytes) -> None:
    stdout.write(sequence.decode("ascii"))
    stdout.flush()


@contextlib.contextmanager
def _noting_interrupts(keyboard: Keyboard) -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    if callable(before):
        signal.signal(signal.SIGINT, keyboard.stop)
    try:
        yield
    finally:
        if callable(before):
            signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _drawing_sequences() -> Iterator[None]:
    """Have the console follow sequences, as it does not by itself before Windows 11, and set it back."""
    import ctypes

    kernel: Any = getattr(ctypes, "windll", None) and ctypes.windll.kernel32  # type: ignore[attr-defined]
    if not kernel:
        yield
        return
    handle, before = kernel.GetStdHandle(OUTPUT_HANDLE), ctypes.c_uint32()
    has_mode = bool(kernel.GetConsoleMode(handle, ctypes.byref(before)))
    if has_mode:
        kernel.SetConsoleMode(handle, before.value | PROCESSED | SEQUENCES_DRAWN)
    try:
        yield
    finally:
        if has_mode:
            kernel.SetConsoleMode(handle, before.value)
