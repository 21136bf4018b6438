"""What an operation is asked for: whole numbers, and words."""

from collections.abc import Iterable, Sequence
from numbers import Integral
from typing import Any, TypeVar

from convcalc.choices import Word
from convcalc.errors import InputError, nearest

Choice = TypeVar("Choice", bound=Word)
Pair = int | Sequence[int]
"""One number for both axes (for the columns alone, of a single row), or (rows, columns)."""
WHOLE = (int, Integral)
"""Python's own first, since asking an abstract class takes long."""


def whole_numbers(value: Any, what: str) -> tuple[int, ...]:
    """Return one whole number, or several, as a tuple; raise InputError for anything else, and never round.

    >>> whole_numbers(2, "stride"), whole_numbers([2, 1], "stride")
    ((2,), (2, 1))
    """
    if type(value) is int:
        return (value,)
    numbers = [value] if isinstance(value, WHOLE) or not isinstance(value, Iterable) else list(value)
    if not all(isinstance(number, WHOLE) for number in numbers):
        raise InputError(f"{what} takes whole numbers, not {value!r}", hint="write 2, or (2, 1) for rows and columns")
    return tuple(int(number) for number in numbers)


def choose(kind: type[Choice], word: str) -> Choice:
    """Return a word as one of the choices there are; raise InputError naming them.

    >>> from convcalc.choices import PaddingRule
    >>> choose(PaddingRule, "same")
    <PaddingRule.SAME: 'same'>
    """
    if isinstance(word, kind):
        return word
    words = [choice.value for choice in kind]
    if word in words:
        return kind(word)
    if not isinstance(word, str):
        raise InputError(f"{word!r} is no word", hint=f"the choices are {', '.join(words)}")
    close = nearest(word, words)
    if word.lower() in words:
        return kind(word.lower())
    suggestion = f"did you mean {close[0]}? " if close else ""
    raise InputError(f"there is no '{word}' to choose", hint=f"{suggestion}the choices are {', '.join(words)}")
