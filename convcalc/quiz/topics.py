"""What can be asked about, by its word; and what exercises share: small numbers at random, answers worth asking for."""

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from convcalc.later import Later

if TYPE_CHECKING:
    import numpy as np

    from convcalc.engine.exact import Array
    from convcalc.quiz.question import Question
    from convcalc.report.document import Calculation

    Ask = Callable[[Random, int], Question]
else:
    np = Later("numpy")


class Topic(NamedTuple):
    """What can be asked about: how a question is made, given a level, and the other words people have for it."""

    ask: "Ask"
    other_words: tuple[str, ...]


TOPICS: dict[str, Topic] = {}
"""What can be asked about, by its word, in the order in which all are asked in turn."""


def topic(word: str, *other_words: str) -> "Callable[[Ask], Ask]":
    """Make a function that asks a question a topic, by its word."""

    def enter(ask: "Ask") -> "Ask":
        taken = {*TOPICS, *(other for entry in TOPICS.values() for other in entry.other_words)}
        assert not taken & {word, *other_words}, f"there is a topic {word} already"
        TOPICS[word] = Topic(ask, other_words)
        return ask

    return enter


def draw_cells(rng: Random, *shape: int, low: int = 0, high: int = 9) -> "Array":
    """Return small whole numbers of a shape."""
    return np.array([rng.randint(low, high) for _ in range(int(np.prod(shape)))]).reshape(shape)


def interesting(work: "Callable[[], Calculation]") -> "Calculation":
    """Draw until no number stands in more than half of the answer's cells, or at least not in all of them."""
    for most in (1 / 2, 3 / 4, 0.99):
        for _ in range(25):
            exercise = work()
            answer = exercise.answer()
            cells = answer.ravel().tolist()
            if answer.size == 1 or max(map(cells.count, cells)) <= max(most * answer.size, 1):
                return exercise
    return exercise


def cell_or_all(worked: "Calculation", rng: Random, level: int) -> "Question":
    """Ask for one cell on the lower levels, for the whole output above."""
    from convcalc.quiz.question import about
    from convcalc.report.selection import Show

    return about(worked, Show(), rng.randrange if level <= 2 else None)
