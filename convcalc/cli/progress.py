"""How far long work is, told a person at a terminal by a bar on standard error, once it has taken a moment."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress

T = TypeVar("T")
A_MOMENT = 0.5
"""Seconds of work that nobody minds, and that no bar is shown for."""
A_LOOK = 0.1
"""Seconds in which nobody sees a bar move."""


def counted(items: Iterable[T], total: int | None, noun: str) -> Iterator[T]:
    """Yield items, each worked when the next is asked for, and tell how many of `total` (if it is known) are done.

    >>> list(counted([1, 2], 2, "sheets"))
    [1, 2]
    """
    with progress(total, noun) as advance:
        for item in items:
            yield item
            advance(1)


@contextmanager
def progress(total: int | None, noun: str, *, after: float | None = None) -> Iterator[Callable[[int], None]]:
    """Show a bar on standard error while it lasts, if that is a terminal: how much, how fast, how long still.

    It is shown `after` so many seconds, after a moment if nothing is said.
    """
    if sys.stderr is None or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda _: None
        return
    due, done = monotonic() + (A_MOMENT if after is None else after), 0
    bar = _bar(total, noun) if after == 0 else None

    def advance(count: int) -> None:
        nonlocal bar, due, done
        done += count
        now = monotonic()
        if now >= due:
            due = now + A_LOOK
            bar = bar or _bar(total, noun)
            bar.update(bar.task_ids[0], completed=done)

    try:
        yield advance
    finally:
        if bar is not None:
            bar.update(bar.task_ids[0], completed=done)
            bar.stop()


def _bar(total: int | None, noun: str) -> "Progress":
    """Return a bar that is shown, until it is stopped."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Speed(ProgressColumn):
        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text("" if speed is None else f"{speed:,.0f} {noun}/s")

    class Plain(Console):
        def show_cursor(self, show: bool = True) -> bool:
            return False  # it stays, so that a signal finds nothing to give back

    of = "" if total is None else " of {task.total:,.0f}"
    columns = BarColumn(), TextColumn("{task.completed:,.0f}" + of + f" {noun}"), Speed()
    bar = Progress(*columns, TimeRemainingColumn(), console=Plain(stderr=True), transient=True)
    bar.add_task("", total=total)
    bar.start()
    return bar
