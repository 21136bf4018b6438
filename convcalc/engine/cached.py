"""A property that is worked once and kept."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class CachedProperty(Generic[T]):
    """What functools.cached_property is from Python 3.12 on: without a lock.

    Before, all instances share one, so that one thread works at a time, and a forked process may find it locked.

    >>> class Grid:
    ...     @CachedProperty
    ...     def cells(self) -> list[int]:
    ...         return [1]
    >>> grid = Grid()
    >>> grid.cells is grid.cells
    True
    """

    def __init__(self, work: Callable[[Any], T]) -> None:
        self.work = work
        self.__doc__ = work.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> "CachedProperty[T]": ...

    @overload
    def __get__(self, instance: object, owner: type) -> T: ...

    def __get__(self, instance: object | None, owner: type) -> "CachedProperty[T] | T":
        if instance is None:
            return self
        value = instance.__dict__[self.name] = self.work(instance)  # from now on this is found first
        return value
