"""Work that can be watched: its parts go through a function that may tell somebody how far it is."""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")


class Watch(Protocol):
    """What parts go through, of which there are so many, called so."""

    def __call__(self, items: Iterable[T], total: int, noun: str, /) -> Iterator[T]:
        """Yield the items."""


def unwatched(items: Iterable[T], total: int, noun: str, /) -> Iterator[T]:
    """Yield items, and tell nobody.

    >>> list(unwatched([1, 2], 2, "layers"))
    [1, 2]
    """
    return iter(items)
