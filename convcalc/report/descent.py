"""Gradient descent as a Document: every grid less the rate times its gradient, term by term; or many steps' loss."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

from convcalc.engine.descent import DescentStep
from convcalc.engine.exact import Array
from convcalc.engine.naming import Naming, shape_text
from convcalc.report.document import Block, Calculation, Document, Drawing, Heading, Role, Subheading, Sum, Table, Text
from convcalc.report.equality import checked_sum
from convcalc.report.grids import grids_of
from convcalc.report.numbers import Writer
from convcalc.report.selection import Show

FORMULA = "new = old − rate × gradient"
FEW = 16
"""Cells of a grid that are written out term by term."""
ROWS, COLUMNS = 10, 60
"""Of the plot."""
EVENTS = (1, 2, 5)
"""Steps that the table lists: 0, and these times 1, 10, 100, …; and the last."""


def worked_step(step: DescentStep, rate: Any, notes: Sequence[str], show: Show) -> Calculation:
    """Return one step's work: each grid, term by term; the answer is the loss after it."""
    write = show.write

    def work() -> Document:
        yield Heading(f"gradient descent · rate {write(rate)} · 1 step", (FORMULA,))
        for note in notes:
            yield Text(note, Role.QUIET)
        for name, new in step.new.items():
            yield Subheading(f"{name} {shape_text(new.shape)}")
            most = show.steps if isinstance(show.steps, int) else {"all": new.size, "none": 0}.get(str(show.steps), FEW)
            yield from islice(step_lines(step.old[name], step.gradients[name], new, rate, write), most)
            if new.size > most:
                yield Text(f"  … and {new.size - most:,} more cells: --steps all shows every one", Role.QUIET)
            yield Text("")
            yield grids_of(new, f"new {name}", write, naming=Naming(new.ndim == 1))
        yield Subheading("the loss")
        yield Text(f"  {write(step.loss)} before, {write(step.loss_after)} after")

    answer = np.atleast_1d(np.asarray(step.loss_after))
    return Calculation(work(), lambda: answer, show.answer_write, named=step.new)


def step_lines(old: Array, gradient: Array, new: Array, rate: Any, write: Writer) -> Iterator[Sum]:
    """Yield each cell's step, term by term."""
    for index, value in enumerate(new.ravel()):
        at = ",".join(str(int(i)) for i in np.unravel_index(index, new.shape))
        terms = (write(old.ravel()[index]), f"{write.factor(rate)}×{write.factor(gradient.ravel()[index])}")
        yield checked_sum(terms, " − ", write.outcome(value), f"[{at}]  ", final=False)


def worked_descent(
    losses: Sequence[float], grids: Mapping[str, Array], rate: Any, notes: Sequence[str], show: Show
) -> Calculation:
    """Return the work of many steps: the loss as a table and a plot, and the grids; the answer is the last loss."""
    write = Writer(show.write.precision)
    count = len(losses) - 1

    def work() -> Document:
        yield Heading(f"gradient descent · rate {write(rate)} · {count:,} steps", (FORMULA,))
        for note in (*notes, "Steps by the number are worked in floats."):
            yield Text(note, Role.QUIET)
        yield Text("")
        yield Table(("step", "loss"), tuple((f"{step:,}", write(losses[step])) for step in _listed(count)))
        yield Text("")
        yield from _plot(losses, write)
        for name, grid in grids.items():
            yield Text("")
            yield grids_of(grid, f"{name} after {count:,} steps", write, naming=Naming(grid.ndim == 1))

    return Calculation(work(), lambda: np.array([losses[-1]]), show.answer_write, named=grids)


def _listed(count: int) -> list[int]:
    """Return the steps that are listed.

    >>> _listed(30)
    [0, 1, 2, 5, 10, 20, 30]
    """
    powers = range(len(str(count)))
    return [0, *(times * 10**power for power in powers for times in EVENTS if times * 10**power < count), count]


def _plot(losses: Sequence[float], write: Writer) -> Iterator[Block]:
    """Draw the loss against the steps, its logarithm where it falls to less than a hundredth."""
    is_steep = min(losses) > 0 and max(losses) > 100 * min(losses)
    heights = [math.log(loss) for loss in losses] if is_steep else list(losses)
    low, high = min(heights), max(heights)
    columns = min(COLUMNS, len(losses))
    picked = [heights[round(column * (len(losses) - 1) / max(columns - 1, 1))] for column in range(columns)]
    rows = [round((high - height) / (high - low) * (ROWS - 1)) if high > low else 0 for height in picked]
    ends = {0: write(max(losses)), ROWS - 1: write(min(losses))}
    width = max(map(len, ends.values()))
    yield Text(f"The loss, step by step{' (its logarithm)' if is_steep else ''}:", Role.QUIET)
    lines = []
    for row in range(ROWS):
        stars = "".join("*" if at == row else " " for at in rows)
        lines.append((("  " + ends.get(row, "").rjust(width) + " | " + stars.rstrip(), Role.PLAIN),))
    last = f"{len(losses) - 1:,}"
    lines.append((("  " + " " * width + " +" + "-" * (columns + 1), Role.PLAIN),))
    lines.append((("  " + " " * width + "   0" + last.rjust(max(columns - 1, len(last) + 1)), Role.QUIET),))
    yield Drawing(tuple(lines))
