"""What can be asked about, by its word; and what exercises share: small numbers at random, answers worth asking for."""

from collections.abc import Callable, Sequence
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from convcalc.later import Later

if TYPE_CHECKING:
    import numpy as np

    from convcalc.engine.exact import Array
    from convcalc.practice.question import Question
    from convcalc.report.document import Calculation

    Ask = Callable[[Random, int], Question]
else:
    np = Later("numpy")


Drawn = TypeVar("Drawn")


class Topic(NamedTuple):
    """What can be asked about: its title, how a question is made, given a level, and the words people have for it."""

    title: str
    ask: "Ask"
    other_words: tuple[str, ...]
    has_size: bool = False
    """Whether the size of a whole output is part of what is learned, so that a sheet should not tell it."""


TOPICS: dict[str, Topic] = {}
"""What can be asked about, by its word, in the order in which all are asked in turn."""


def topic(word: str, title: str, *other_words: str, has_size: bool = False) -> "Callable[[Ask], Ask]":
    """Make a function that asks a question a topic, by its word."""

    def enter(ask: "Ask") -> "Ask":
        taken = {*TOPICS, *(other for entry in TOPICS.values() for other in entry.other_words)}
        assert not taken & {word, *other_words}, f"there is a topic {word} already"
        TOPICS[word] = Topic(title, ask, other_words, has_size)
        return ask

    return enter


def draw_cells(rng: Random, *shape: int, low: int = 0, high: int = 9) -> "Array":
    """Return small whole numbers of a shape."""
    return np.array([rng.randint(low, high) for _ in range(int(np.prod(shape)))]).reshape(shape)


def interesting(work: "Callable[[], Calculation]", *, mostly_zeros: bool = False) -> "Calculation":
    """Draw until an answer is worth asking for; `mostly_zeros` says that it is its way to have many zeros."""
    return _worth_asking(work, lambda exercise: exercise.answer(), (1,) if mostly_zeros else SHARES)


def interesting_pair(
    draw: "Callable[[], tuple[Array, Array]]", operation: "Callable[[Array, Array], Any]"
) -> "tuple[Array, Array]":
    """Draw two grids until what an operation makes of them is worth asking for."""
    return _worth_asking(draw, lambda pair: operation(*pair).output)


SHARES = (1 / 2, 3 / 4, 1)
"""What share of an answer's cells may be one number: as little as can be drawn."""


def _worth_asking(
    draw: "Callable[[], Drawn]", answer: "Callable[[Drawn], Array]", shares: Sequence[float] = SHARES
) -> "Drawn":
    """Draw until an answer is not all zeros, nor all alike, nor mostly one number if that can be."""
    for most in shares:
        for _ in range(50):
            drawn = draw()
            cells = answer(drawn).ravel().tolist()
            commonest = max(map(cells.count, cells))
            is_varied = len(cells) == 1 or (commonest < len(cells) and commonest <= most * len(cells))
            if any(cells) and is_varied:
                return drawn
    return drawn


def cell_or_all(
    worked: "Calculation", rng: Random, level: int, what: str = "", *, zero_too: bool = False
) -> "Question":
    """Ask for one cell on the lower levels, for the whole answer above.

    `what` is the answer in words, if it is no output; `zero_too` says that a cell that is 0 is worth asking for, at
    times.
    """
    from convcalc.practice.marking import core
    from convcalc.practice.question import about
    from convcalc.report.selection import Show

    question = about(worked, Show())
    if what:
        question = question._replace(text=f"What is {what}?")
    if level > 2 or question.answer.size == 1:
        return question
    cells = question.answer.ravel().tolist()
    with_zeros = zero_too and rng.random() < 1 / 3
    index = rng.choice([index for index, cell in enumerate(cells) if cell or with_zeros])
    one = about(worked, Show(), lambda _: index)
    if one.at is not None and not what:
        return one
    at = tuple(int(i) for i in np.unravel_index(index, question.answer.shape))
    shown = ",".join(map(str, at[len(at) - len(core(question.answer)) :]))
    return (one if one.at is not None else question)._replace(
        text=f"What is {what or 'the output'} at [{shown}]?", at=at
    )
