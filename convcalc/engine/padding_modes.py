"""Every padding mode, each in one record: which cell of the input stands where in the padding.

A new mode is a line of `PadMode`.
"""

from collections.abc import Callable
from typing import NamedTuple

from convcalc.choices import Word


class PaddingRecord(NamedTuple):
    """A padding mode: where its cells come from, and how far it reaches."""

    source: Callable[[int, int], int | None]
    """Which of `size` cells stands at a position before the first (negative) or behind the last; None: a zero."""
    most: Callable[[int], int | None]
    """By how much an input of `size` cells can be padded; None: by any amount."""
    repeats: bool = True
    """Whether it repeats cells of the input, so that gradients go back to them."""


def _mirrored(position: int, size: int) -> int:
    """Return the cell as far inside as the position is outside of the first cell, or the last."""
    return -position if position < 0 else 2 * (size - 1) - position


class PadMode(Word):
    """What stands in the padding, by its word."""

    record: PaddingRecord

    ZEROS = "zeros", PaddingRecord(lambda position, size: None, lambda size: None, repeats=False)
    REFLECT = "reflect", PaddingRecord(_mirrored, lambda size: size - 1)
    REPLICATE = "replicate", PaddingRecord(lambda position, size: 0 if position < 0 else size - 1, lambda size: None)
    CIRCULAR = "circular", PaddingRecord(lambda position, size: position % size, lambda size: size)
