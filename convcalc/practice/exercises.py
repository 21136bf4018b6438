"""All exercises, made up at random by topic and level: in going forward first, then backward, then in networks."""

from convcalc.errors import UsageError, did_you_mean, nearest
from convcalc.practice import forward_exercises, gradient_exercises, network_exercises
from convcalc.practice.topics import TOPICS

EASIEST, HARDEST = 1, 5
LEVELS = {"easy": 1, "medium": 3, "hard": 5}
ALSO = {other: word for word, topic in TOPICS.items() for other in topic.other_words}
"""What other people call a topic."""

__all__ = [
    "EASIEST",
    "HARDEST",
    "TOPICS",
    "forward_exercises",
    "gradient_exercises",
    "level_of",
    "network_exercises",
    "topic_of",
]


def topic_of(word: str) -> str:
    """Return a topic by its word, or the word other people have for it.

    >>> topic_of("Convolution")
    'conv'
    """
    usual = ALSO.get(word.lower(), word.lower())
    if usual in TOPICS:
        return usual
    close = nearest(usual, [*TOPICS, *ALSO])
    hint = f"did you mean {ALSO.get(close[0], close[0])}?" if close else f"the topics are {', '.join(TOPICS)}"
    raise UsageError(f"there are no questions on '{word}'", hint=hint)


def level_of(word: str) -> int:
    """Read a level: a word, or a number from 1 to 5.

    >>> level_of("medium"), level_of("4")
    (3, 4)
    """
    if word in LEVELS:
        return LEVELS[word]
    if word in ("1", "2", "3", "4", "5"):
        return int(word)
    hint = did_you_mean(word, LEVELS, "the levels are easy, medium and hard, or 1 to 5")
    raise UsageError(f"there is no level '{word}'", hint=hint)
