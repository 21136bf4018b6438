"""What must be put right before the process ends: a file half written, the terminal's mode.

A handler of signals that raises can do so anywhere: in an import, between two lines that belong together, in the
middle of tidying up. So a signal that ends the process raises nothing: what must be put right is, and then it ends.
"""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

Handler = Callable[[int, FrameType | None], Any]

ENDING = [number for number in signal.Signals if number.name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGBREAK")]
"""Signals that end the process; not every platform has all of them."""

_actions: list[Callable[[], object]] = []


@contextlib.contextmanager
def before_ending(action: Callable[[], object]) -> Iterator[None]:
    """Have something done first if a signal ends the process within a block; done twice, it must do no harm."""
    _actions.append(action)
    try:
        with handled(_end, ENDING):
            yield
    finally:
        _actions.remove(action)


@contextlib.contextmanager
def handled(handler: Handler, numbers: list[signal.Signals]) -> Iterator[None]:
    """Handle signals for a while, but for those that are ignored, as under `nohup`, or handled already."""
    main = threading.current_thread() is threading.main_thread()  # no other thread may
    free = [number for number in numbers if main and signal.getsignal(number) is signal.SIG_DFL]
    try:
        for number in free:
            signal.signal(number, handler)
        yield
    finally:
        for number in free:
            signal.signal(number, signal.SIG_DFL)


def by_default(number: int) -> None:
    """Let a signal do to this process what it does by default."""
    handler = signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)  # unless it ends here, it goes on from here
    signal.signal(number, handler)


def _end(number: int, _: FrameType | None) -> None:
    for action in reversed(_actions):
        with contextlib.suppress(Exception):
            action()
    by_default(number)
