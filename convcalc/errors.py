"""What convcalc refuses, and how it says so: the place, the fault, and the nearest thing that works."""

from collections.abc import Iterable
from typing import NamedTuple

DONE, CANNOT, MISUSED = 0, 1, 2
"""Exit statuses: done; the input or the arithmetic cannot be done; the command line is wrong."""


class Place(NamedTuple):
    """Where in the user's text a fault lies: ``grid.txt:3:7`` and the line itself, for the caret."""

    source: str
    line: int | None = None
    column: int | None = None
    text: str | None = None
    length: int = 1

    def __str__(self) -> str:
        """Write the place as editors do, counting from one.

        >>> str(Place("grid.txt", 3, 7))
        'grid.txt:3:7'
        """
        return ":".join(str(part) for part in (self.source, self.line, self.column) if part is not None)


class ConvcalcError(ValueError):
    """A refusal a person can act on: what was wrong, where, and a hint at what would work.

    What is raised to a program is told in Python's words, its hint in its text, too.
    """

    status = CANNOT
    told: str | None = None
    """Its text, if it is told to a program."""

    def __init__(self, message: str, *, hint: str | None = None, place: Place | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.place = place

    def __str__(self) -> str:
        if self.told is not None:
            return self.told
        return self.message if self.place is None else f"{self.place}: {self.message}"


class InputError(ConvcalcError):
    """The input, or the arithmetic asked of it, cannot be done (exit status 1)."""


class UsageError(ConvcalcError):
    """The command line is wrong (exit status 2)."""

    status = MISUSED


class ReadingWarning(UserWarning):
    """What was handed in can be read in two ways, and was read in this one."""


def did_you_mean(word: str, known: Iterable[str], otherwise: str, *, most: int = 1) -> str:
    """Return the question after the known words that are nearest, so many at most, or what is said if none is near.

    >>> did_you_mean("kernal", ["input", "kernel"], "there are input, kernel"), did_you_mean("x", [], "there is none")
    ('did you mean kernel?', 'there is none')
    """
    close = nearest(word, list(known), most)
    return f"did you mean {' or '.join(close)}?" if close else otherwise


def nearest(word: str, known: list[str], count: int = 3, *, alike: float = 0.6) -> list[str]:
    """Return the known words that `word` may have been meant for, best first; maybe none.

    A word that begins or ends a known one counts, so that ``sobel`` finds ``sobel-x``; others must be so much `alike`.

    >>> nearest("gausian", ["gaussian-3", "box-3", "sobel-x"])
    ['gaussian-3']
    >>> nearest("sobel", ["sobel-x", "sobel-y", "box-3"])
    ['sobel-x', 'sobel-y']
    """
    import difflib

    lower = word.lower().replace("_", "-")
    contained = [name for name in known if len(lower) > 1 and (lower in name or name in lower)]
    close = difflib.get_close_matches(lower, known, n=count, cutoff=alike)
    return list(dict.fromkeys([*contained, *close]))[:count]
