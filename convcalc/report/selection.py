"""Which steps are shown: all of a few, the ends of many, or the one that was asked for."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from convcalc.choices import Order
from convcalc.errors import InputError
from convcalc.report.numbers import Writer, shape_text

FEW = 64
FIRST = 3


@dataclass(frozen=True, slots=True)
class Show:
    """How the work is to be shown: which steps, in what order its terms stand, and how numbers are written."""

    steps: int | str | None = None
    """``all``, ``none``, how many, or None: all of a few, else the first three and the last."""
    at: tuple[int, ...] | None = None
    order: Order = Order.ROW
    write: Writer = field(default_factory=Writer)
    heat: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """A step to show: its number, counted from 1, and its place in the output."""

    number: int
    at: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Skipped:
    """So many steps that are not shown."""

    count: int


def select(shape: tuple[int, int, int, int], show: Show, *, one_row: bool = False) -> Iterator[Chosen | Skipped]:
    """Yield the steps to show of an output (items, maps, rows, columns), and where some are left out.

    Raises InputError if the one asked for is not in the output.

    >>> [part.number if isinstance(part, Chosen) else part for part in select((1, 1, 10, 10), Show())]
    [1, 2, 3, Skipped(count=96), 100]
    """
    count = math.prod(shape)
    if show.at is not None:
        wanted = show.at[:-1] + (0,) + show.at[-1:] if one_row else show.at
        yield from _matching(shape, wanted, show.at, one_row=one_row)
        return
    if show.steps == "none":
        return
    if show.steps == "all" or (show.steps is None and count <= FEW):
        first, last = count, False
    elif isinstance(show.steps, int):
        first, last = min(show.steps, count), False
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


def _matching(
    shape: tuple[int, int, int, int], wanted: tuple[int, ...], asked: tuple[int, ...], *, one_row: bool
) -> Iterator[Chosen]:
    least = 1 if one_row else 2
    shown = shape_text(tuple(length for length in shape[:2] if length > 1) + shape[4 - least :])
    if not least <= len(asked) <= least + 2:
        example = "COL" if one_row else "ROW,COL"
        raise InputError(f"--at takes {example}, not {len(asked)} numbers", hint=f"the output is {shown}")
    tail = shape[4 - len(wanted) :]
    if any(not 0 <= index < length for index, length in zip(wanted, tail, strict=True)):
        last = ",".join(str(length - 1) for length in shape[4 - least :])
        raise InputError(
            f"output[{','.join(map(str, asked))}] lies outside the {shown} output",
            hint=f"rows and columns count from 0: the last cell is {last}",
        )
    for item in range(shape[0]):
        for map_ in range(shape[1]):
            at = (item, map_, wanted[-2], wanted[-1])
            if at[4 - len(wanted) :] == wanted:
                number = ((item * shape[1] + map_) * shape[2] + at[2]) * shape[3] + at[3] + 1
                yield Chosen(number, at)


def cell_name(at: tuple[int, int, int, int], shape: tuple[int, int, int, int], *, one_row: bool) -> str:
    """Name an output cell with only the indices it needs.

    >>> cell_name((0, 1, 2, 3), (1, 2, 4, 4), one_row=False), cell_name((0, 0, 0, 3), (1, 1, 1, 9), one_row=True)
    ('output[1,2,3]', 'output[3]')
    """
    indices = at[3:] if one_row else at[2:]
    if shape[1] > 1 or shape[0] > 1:
        indices = (at[1], *indices)
    if shape[0] > 1:
        indices = (at[0], *indices)
    return f"output[{','.join(map(str, indices))}]"


def skipped_text(count: int) -> str:
    """Say that steps were left out, and how to see them."""
    steps = "step" if count == 1 else "steps"
    return f"… {count:,} more {steps}: --steps all shows every one, --at ROW,COL a single one"
