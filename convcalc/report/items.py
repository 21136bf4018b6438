"""Exercises as what a learning platform holds: what is given, the cells to be answered, and what feedback each has."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from convcalc.report.document import Block, Document


class Foreseen(NamedTuple):
    """A wrong number that is foreseen, and the mistakes that lead to it."""

    value: str
    reason: str


class Cell(NamedTuple):
    """A number to be answered, how far an answer may be off, and the wrong ones that are foreseen."""

    value: str
    tolerance: str
    foreseen: tuple[Foreseen, ...] = ()


class Item(NamedTuple):
    """An exercise: its title, its folder in a bank of questions, what is given and asked, its cells, its working."""

    title: str
    folder: str
    given: Sequence[Block]
    asked: str
    shape: tuple[int, int, int]
    """Maps, rows and columns of the answer."""
    cells: Sequence[Cell]
    """As many as the shape has, row by row."""
    working: Callable[[], Document]


def by_folder(items: Iterable[Item]) -> dict[str, list[Item]]:
    """Return the items of each folder, in the order in which the folders first come."""
    folders: dict[str, list[Item]] = {}
    for item in items:
        folders.setdefault(item.folder, []).append(item)
    return folders
