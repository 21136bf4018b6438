"""Every padding mode, each in one record: which cell of the input stands where in the padding.

A new mode is a line of `PadMode`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from convcalc.choices import Word
from convcalc.errors import InputError, did_you_mean


class PaddingRecord(NamedTuple):
    """A padding mode: where its cells come from, and how far it reaches."""

    source: Callable[[int, int], int | None]
    """Which of `size` cells stands at a position before the first (negative) or behind the last; None: a zero."""
    most: Callable[[int], int | None]
    """By how much an input of `size` cells can be padded; None: by any amount."""
    repeats: bool = True
    """Whether it repeats cells of the input, so that gradients go back to them."""
    other_words: tuple[str, ...] = ()
    """What numpy, SciPy, OpenCV and TensorFlow call it, where none of them calls another so."""


def _mirrored(position: int, size: int) -> int:
    """Return the cell as far inside as the position is outside of the first cell, or the last."""
    return -position if position < 0 else 2 * (size - 1) - position


def _symmetric(position: int, size: int) -> int:
    """Return the cell as far inside as the position is outside, the cell at the edge repeated."""
    return -1 - position if position < 0 else 2 * size - 1 - position


class PadMode(Word):
    """What stands in the padding, by its word."""

    record: PaddingRecord

    ZEROS = (
        "zeros",
        PaddingRecord(lambda position, size: None, lambda size: None, repeats=False, other_words=("constant", "zero")),
    )
    REFLECT = (
        "reflect",
        PaddingRecord(_mirrored, lambda size: size - 1, other_words=("mirror", "reflect-101", "reflect101")),
    )
    REPLICATE = (
        "replicate",
        PaddingRecord(
            lambda position, size: 0 if position < 0 else size - 1, lambda size: None, other_words=("edge", "nearest")
        ),
    )
    CIRCULAR = (
        "circular",
        PaddingRecord(lambda position, size: position % size, lambda size: size, other_words=("wrap", "periodic")),
    )
    SYMMETRIC = "symmetric", PaddingRecord(_symmetric, lambda size: size, other_words=("grid-mirror",))


class Border(NamedTuple):
    """What stands in the padding: a mode, the value where it repeats no cells, and the word it was asked for by."""

    mode: PadMode = PadMode.ZEROS
    value: Any = 0
    word: str = ""

    @property
    def repeats(self) -> bool:
        """Whether it repeats cells of the input."""
        return self.mode.record.repeats

    @property
    def is_plain(self) -> bool:
        """Whether it is zeros, as is usual."""
        return not self.repeats and self.value == 0

    def text(self, write: Callable[[Any], str]) -> str:
        """Return what a heading says of it, the word the user has for it in brackets."""
        if not self.repeats:
            return f"padded with {write(self.value)}"
        return f"{self.mode} ({self.word})" if self.word not in ("", self.mode.value) else str(self.mode)


def border(mode: "PadMode | str | Border" = PadMode.ZEROS, value: Any = 0) -> Border:
    """Return what stands in the padding, by the mode's word, or a word that others have for it.

    >>> border("edge").text(str), border("zeros", 5).text(str)
    ('replicate (edge)', 'padded with 5')
    """
    if isinstance(mode, Border):
        return mode
    word = str(mode).lower().replace("_", "-")
    found = next((kind for kind in PadMode if word == kind.value or word in kind.record.other_words), None)
    if found is None:
        words = [kind.value for kind in PadMode]
        hint = did_you_mean(word, words, f"the modes are {', '.join(words)}")
        raise InputError(f"there is no padding mode '{mode}'", hint=hint)
    if value != 0 and found.record.repeats:
        raise InputError(f"{found} padding repeats cells, and takes no value", hint="leave one of them out")
    return Border(found, value, word)
