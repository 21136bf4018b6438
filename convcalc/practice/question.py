"""A question about something worked: a cell of it, or all of it; with hints from its own steps."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from convcalc.engine.exact import Array
from convcalc.engine.grids import as_grid
from convcalc.engine.mistakes.making import Mistake
from convcalc.engine.naming import shape_text
from convcalc.practice.marking import core
from convcalc.report.document import Block, Calculation, Document, Steps, Sum, Text, flowing
from convcalc.report.selection import Show

POINTS_WITH_SIZE = 5
"""What an answer counts whose size is part of it: one point for that, the others for its numbers in proportion."""


class Question(NamedTuple):
    """What is asked: the text, what is given, the whole answer, and the cell that is asked for (None: all)."""

    text: str
    given: Callable[[], Document]
    answer: Array
    at: tuple[int, ...] | None
    working: Callable[[], Document]
    hints: Callable[[], Sequence[str]]
    mistakes: Callable[[], Iterable[Mistake]]
    steps: Steps | None = None
    """The steps of what is worked, where each makes a cell of the answer."""

    task: str = ""
    """What is to be done, in words that need no knowledge of the program, for a sheet that is handed out."""
    topic: str = ""
    """The word of its topic, of an exercise that is drawn."""
    asks_size: bool = False
    """Whether the size of the answer is part of it, and not to be told."""
    needs_calculator: bool = False
    """Whether what is worked has roots, powers of e or logarithms in it, though the answer is whole."""

    @property
    def asked_for(self) -> Array:
        """What is to be answered: the cell that is asked for, as an array of one, or the whole answer."""
        return self.answer if self.at is None else self.answer[tuple(slice(i, i + 1) for i in self.at)]

    @property
    def points(self) -> int:
        """What it counts: a point for each number of the answer, or what is the same whatever its size."""
        return POINTS_WITH_SIZE if self.asks_size else int(self.asked_for.size)

    @property
    def shape(self) -> str:
        """The shape of what is to be answered, in words."""
        decimals = "" if self.answer.dtype == np.int64 else ", two decimals are enough"
        if self.at is not None or self.answer.size == 1:
            return f"one number{decimals}"
        shape = core(self.answer)
        return (f"{shape_text(shape)}, row by row" if len(shape) > 1 else f"{self.answer.size} numbers") + decimals

    def __repr__(self) -> str:
        return f"<question: {self.text}>"

    def blocks(self) -> list[Block]:
        """Return the question as it is asked."""
        givens = list(self.given())
        return [*givens, *([Text("")] if givens else []), Text(self.text)]


def about(worked: Calculation, show: Show, cell: Callable[[int], int] | None = None) -> Question:
    """Return a question about something worked: all of it, or the cell whose number (of so many) is chosen."""
    answer = as_grid(worked.answer())
    steps = None if worked.steps is None else worked.steps(show)
    mistakes = worked.mistakes or (lambda: ())
    givens = worked.given or (lambda: ())
    countable = steps is not None and int(np.prod(steps.shape)) == answer.size
    if cell is None or steps is None or not countable:
        blocks: list[Block] = []

        def whole() -> Document:
            if not blocks:
                blocks.extend(flowing(worked.work))
            return blocks

        hints = _hints(steps, range(answer.size)) if countable else partial(_lines, whole, several=answer.size > 1)
        text = "What is the whole output?" if answer.size > 1 else "What is the output?"
        return Question(text, givens, answer, None, whole, hints, mistakes, steps=steps if countable else None)
    index = cell(answer.size)
    at = tuple(int(i) for i in np.unravel_index(index, answer.shape))

    def working() -> Document:
        assert steps is not None
        return steps.blocks(index)

    text, hints = f"What is {steps.name(index)}?", _hints(steps, [index])
    return Question(text, givens, answer, at, working, hints, mistakes, steps)


def _lines(working: Callable[[], Document], *, several: bool) -> Sequence[str]:
    """Return the lines of a working that come before its answer, and (of a single answer) the last sum, still open."""
    sums = [block for block in working() if isinstance(block, Sum)]
    lines = [f"{s.label}{s.opening}{s.joiner.join(s.terms)}{s.closing} {s.outcome}" for s in sums[:-1]]
    if sums and not several:
        last = sums[-1]
        lines.append(f"{last.label}{last.opening}{last.joiner.join(last.terms)}{last.closing} = …")
    return lines


def _hints(steps: Any, indices: Iterable[int]) -> Callable[[], Sequence[str]]:
    """Return what gives the terms of the sums one after another."""

    def hints() -> Sequence[str]:
        lines = []
        for index in indices:
            sums = [block for block in steps.blocks(index) if isinstance(block, Sum)]
            for block in sums[:1] if len(sums) == 1 else sums[:-1]:
                so_far = ""
                for term in block.terms:
                    so_far = f"{so_far}{block.joiner if so_far else block.label + block.opening}{term}"
                    lines.append(f"{steps.name(index)} = {so_far}{block.joiner}…" if len(sums) == 1 else f"{so_far} …")
        return lines

    return hints


def asked(
    text: str, answer: Sequence[int], working: Calculation, mistakes: Iterable[Mistake], hints: Sequence[str]
) -> Question:
    """Return a question whose answer is a number or a few, about nothing that has steps."""
    return Question(
        text,
        lambda: (),
        np.array(answer),
        None,
        lambda: working.work,
        lambda: hints,
        lambda: mistakes,
    )
