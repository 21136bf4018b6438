"""The likely mistakes of something worked, found only when an answer to it is marked."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convcalc.engine.mistakes.making import Mistake


def likely_mistakes(result: Any) -> "Iterator[Mistake]":
    """Yield the mistakes that may be made of a result; what makes them is not loaded before."""
    from convcalc.engine.mistakes import mistakes_of

    return mistakes_of(result)
