"""Several processors for one piece of work: numpy lets other threads run while it works on an array.

The threads are kept, since starting one takes as long as a million additions.
"""

import os
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

Task = TypeVar("Task")

BAND = 1 << 21
"""Bytes worked at once: with what is made of them they stay in the cache from one pass to the next."""


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _helpers() -> "ThreadPoolExecutor":
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(processors(), "convcalc")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_helpers.cache_clear)  # a forked process has none of its parent's threads


def bands(rows: int, bytes_a_row: int, most: int, shares: int = 1) -> list[slice]:
    """Return so many rows in bands of at most a size, equally high but for a row, and as many for each share.

    >>> bands(10, 100, 400), bands(2, 100, 400, 2)
    ([slice(0, 3, None), slice(3, 6, None), slice(6, 10, None)], [slice(0, 1, None), slice(1, 2, None)])
    """
    count = -(-rows // max(most // max(bytes_a_row, 1), 1))
    count = min(-(-count // shares) * shares, rows)
    return [slice(rows * index // count, rows * (index + 1) // count) for index in range(count)]


def longest(parts: list[slice]) -> int:
    """Return the length of the longest of some parts, 0 if there is none."""
    return max([part.stop - part.start for part in parts], default=0)


def do_all(
    do: Callable[..., bool], parts: Sequence[Task], *, threaded: bool, scratch: tuple[Any, ...] | None = None
) -> bool:
    """Do every part of some work, and return whether all parts were well.

    Where it is `threaded`, other threads help this one. `scratch` is the dtype and the shapes of arrays to work in,
    which each thread hands to `do` behind the part.

    >>> do_all(lambda part: part < 3, [1, 2, 3], threaded=True)
    False
    """
    todo = deque(parts)

    def work() -> bool:
        dtype, *shapes = scratch or (None,)
        arrays, well = [np.empty(shape, dtype) for shape in shapes], True
        while True:
            try:
                part = todo.popleft()
            except IndexError:
                return well
            well = do(part, *arrays) and well

    def quietly() -> bool:
        with np.errstate(all="ignore"):  # a thread begins with numpy's own; results are checked
            return work()

    helpers: list[Future[bool]] = []
    try:
        if threaded:
            with suppress(RuntimeError):  # Python is ending, and starts no threads any more
                helpers.extend(_helpers().submit(quietly) for _ in range(min(len(parts), processors()) - 1))
        well = work()
    finally:
        todo.clear()
        started = [helper for helper in helpers if not helper.cancel()]
        for helper in started:
            helper.exception()  # waits; what was raised is raised below
    return all([well, *(helper.result() for helper in started)])
