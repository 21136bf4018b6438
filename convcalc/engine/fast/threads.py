"""Several processors for one piece of work: numpy lets other threads run while it works on an array.

The threads are kept, since starting one takes as long as a million additions; and so is their scratch memory, since
touching new memory takes longer than to add it up.
"""

import itertools
import math
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

Part = TypeVar("Part")

BAND = 1 << 21
"""Bytes worked at once: with what is made of them they stay in the cache from one pass to the next."""
MOST_KEPT = 1 << 24
"""Bytes of scratch memory that a thread keeps."""
_kept = threading.local()
_kept.memory = np.empty(0, np.uint8)
UNUSED = sys.getrefcount(_kept.memory)
"""References to memory that no array uses, as this Python counts them."""


def scratch(dtype: np.dtype[Any], *shapes: tuple[int, ...]) -> list[npt.NDArray[Any]]:
    """Return arrays to work in, with anything in them; once none is in use, the thread's next call takes their memory.

    >>> [array.shape for array in scratch(np.dtype(np.int16), (2, 3), (4,))]
    [(2, 3), (4,)]
    """
    sizes = [math.prod(shape) for shape in shapes]
    needed = sum(sizes) * dtype.itemsize
    if dtype.hasobject or needed > MOST_KEPT:
        return [np.empty(shape, dtype) for shape in shapes]
    # Whoever is called meanwhile in this thread, as by a signal, must not find it: arrays in use count as references.
    memory_is_free = hasattr(_kept, "memory") and sys.getrefcount(_kept.memory) <= UNUSED
    if not memory_is_free or _kept.memory.nbytes < needed:
        _kept.memory = np.empty(needed, np.uint8)
    cells = _kept.memory[:needed].view(dtype)
    stops = itertools.accumulate(sizes)
    return [cells[stop - size : stop].reshape(shape) for stop, size, shape in zip(stops, sizes, shapes, strict=True)]


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


def each(begin: Callable[[], Callable[[Part], bool]], parts: Sequence[Part], *, worth: bool) -> bool:
    """Do every part of some work, and return whether all parts were well.

    Where it is `worth` it, other threads help this one. Each calls `begin` once, which returns what does a part.

    >>> each(lambda: lambda part: part < 3, [1, 2, 3], worth=True)
    False
    """
    todo = deque(parts)

    def work() -> bool:
        do, well = begin(), True
        while True:
            try:
                part = todo.popleft()
            except IndexError:
                return well
            well = do(part) and well

    def quietly() -> bool:
        with np.errstate(all="ignore"):  # a thread begins with numpy's own; results are checked
            return work()

    asked: list[Future[bool]] = []
    try:
        if worth:
            with suppress(RuntimeError):  # Python is ending, and starts no threads any more
                asked.extend(_helpers().submit(quietly) for _ in range(min(len(parts), processors()) - 1))
        well = work()
    finally:
        todo.clear()
        started = [helper for helper in asked if not helper.cancel()]
        for helper in started:
            helper.exception()  # waits; what was raised is raised below
    return all([well, *(helper.result() for helper in started)])
