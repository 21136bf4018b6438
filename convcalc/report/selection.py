"""Which steps are shown: all of a few, the ends of many, or the one that was asked for."""

import math
from collections.abc import Iterator
from typing import NamedTuple

from convcalc.choices import Order
from convcalc.engine.naming import PLANE, Naming, shape_text
from convcalc.errors import InputError
from convcalc.report.numbers import Writer

FEW = 64
FIRST = 3


class Show(NamedTuple):
    """How the work is to be shown: which steps, in what order its terms stand, and how numbers are written."""

    steps: int | str | None = None
    """``all``, ``none``, how many, or None: all of a few, else the first three and the last."""
    at: tuple[int, ...] | None = None
    order: Order = Order.ROW
    write: Writer = Writer()
    heat: bool = False
    walk: bool = False
    """Whether it is to be walked through with the keys."""
    quiz: bool = False
    """Whether it is to be asked about, instead of shown."""
    check: str | None = None
    """The user's word for an answer that is to be marked."""
    rounds_answer: bool = True
    """Whether a precision that was asked for is the answer's, too, rather than only the work's."""
    one_at_a_time: bool = True
    """Whether a single step may be asked for, with --at."""

    @property
    def answer_write(self) -> Writer | None:
        """How the answer's cells are written: with every digit, unless a precision was asked for."""
        return None if self.write.precision is None or not self.rounds_answer else self.write


class Chosen(NamedTuple):
    """A step to show: its number, counted from 1, and its place in the output."""

    number: int
    at: tuple[int, int, int, int]


class Skipped(NamedTuple):
    """So many steps that are not shown."""

    steps: int


def select(shape: tuple[int, int, int, int], show: Show, naming: Naming = PLANE) -> Iterator[Chosen | Skipped]:
    """Return the steps to show of an output (items, maps, rows, columns), and where some are left out.

    Raises InputError, at once, if the one asked for is not in the output.

    >>> [part.number if isinstance(part, Chosen) else part for part in select((1, 1, 10, 10), Show())]
    [1, 2, 3, Skipped(steps=96), 100]
    """
    if show.at is None:
        return _some(shape, show.steps)
    return iter(_matching(shape, show.at, naming))


def _some(shape: tuple[int, int, int, int], steps: int | str | None) -> Iterator[Chosen | Skipped]:
    count = math.prod(shape)
    if steps == "none":
        return
    if steps == "all" or (steps is None and count <= FEW):
        first, last = count, False
    elif isinstance(steps, int):
        first, last = min(steps, count), False
    else:
        first, last = FIRST, True
    for index in range(first):
        yield Chosen(index + 1, place(index, shape))
    left = count - first - last
    if left > 0:
        yield Skipped(left)
    if last:
        yield Chosen(count, place(count - 1, shape))


def place(index: int, shape: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """Return where the output cell of that number (from 0) lies."""
    _, maps, rows, columns = shape
    index, column = divmod(index, columns)
    index, row = divmod(index, rows)
    item, map_ = divmod(index, maps)
    return item, map_, row, column


def _matching(shape: tuple[int, int, int, int], asked: tuple[int, ...], naming: Naming) -> list[Chosen]:
    least, wanted = len(naming.plane(shape)), naming.with_row(asked)
    shape_shown = shape_text((*(length for length in shape[:2] if length > 1), *naming.plane(shape)))
    if not least <= len(asked) <= least + 2:
        raise InputError(f"--at takes {naming.typed}, not {len(asked)} numbers", hint=f"the output is {shape_shown}")
    tail = shape[4 - len(wanted) :]
    if any(not 0 <= index < length for index, length in zip(wanted, tail, strict=True)):
        last = ",".join(str(length - 1) for length in (*tail[:-2], *tail[-least:]))
        raise InputError(
            f"output[{','.join(map(str, asked))}] lies outside the {shape_shown} output",
            hint=f"{'maps, ' if len(asked) > least else ''}rows and columns count from 0: the last cell is {last}",
        )
    cells = ((item, map_, wanted[-2], wanted[-1]) for item in range(shape[0]) for map_ in range(shape[1]))
    return [Chosen(number(at, shape), at) for at in cells if at[4 - len(wanted) :] == wanted]


def number(at: tuple[int, int, int, int], shape: tuple[int, int, int, int]) -> int:
    """Return the number, from 1, of the step that makes an output cell: the inverse of `place`.

    >>> number((0, 1, 0, 1), (1, 2, 2, 2)), place(5, (1, 2, 2, 2))
    (6, (0, 1, 0, 1))
    """
    item, map_, row, column = at
    return ((item * shape[1] + map_) * shape[2] + row) * shape[3] + column + 1


def skipped_text(count: int, show: Show) -> str:
    """Say that steps were left out, and how to see them."""
    steps = "step" if count == 1 else "steps"
    single = ", --at ROW,COL a single one" if show.one_at_a_time else ""
    return f"… {count:,} more {steps}: --steps all shows every one{single}"
