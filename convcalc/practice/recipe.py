"""What a sheet is made of, in a line that stands on the sheet and on its key, which can be made again to mark it.

A checksum goes with it: a sheet that would come out otherwise today must not be marked by other exercises.
"""

import hashlib
import re
from collections.abc import Iterable
from html import unescape
from typing import NamedTuple
from urllib.parse import quote, unquote

ALL_TOPICS = "all topics"
_LINE = re.compile(
    r"Sheet (?P<checksum>[0-9a-f]{8}): (?:"
    r"(?P<topic>all topics|[a-z][a-z-]*), (?P<count>\d+) exercises?, level (?P<level>[a-z]+|\d), seed (?P<seed>-?\d+)"
    r"|the lines of (?P<script>[\w.%~-]+))"
)


class Recipe(NamedTuple):
    """A topic (None: all), how many exercises, a level and a seed; or the script whose lines are asked for."""

    topic: str | None = None
    exercises: int = 0
    level: str = ""
    seed: int = 0
    script: str | None = None
    checksum: str = ""

    @property
    def text(self) -> str:
        """Return the line that stands on the sheet.

        >>> Recipe("conv", 6, "easy", 7, checksum="3f9a2c1b").text
        'Sheet 3f9a2c1b: conv, 6 exercises, level easy, seed 7'
        """
        if self.script is not None:
            return f"Sheet {self.checksum}: the lines of {quote(self.script)}"
        exercises = f"{self.exercises} exercise{'s' * (self.exercises > 1)}"
        topic = ALL_TOPICS if self.topic is None else self.topic
        return f"Sheet {self.checksum}: {topic}, {exercises}, level {self.level}, seed {self.seed}"


def checksum(parts: Iterable[object]) -> str:
    """Return eight digits that change with any of the exercises.

    >>> checksum(["a", [1]]), checksum(["a", [2]])
    ('8d80e975', 'bfdce818')
    """
    return hashlib.sha256(repr(list(parts)).encode()).hexdigest()[:8]


def recipe_in(text: str) -> Recipe | None:
    r"""Return the recipe in the text of a sheet, of whatever format, or of a page of answers; None if there is none.

    >>> recipe_in("<p>Sheet 3f9a2c1b: all topics, 1 exercise, level 4, seed -7</p>")
    Recipe(topic=None, exercises=1, level='4', seed=-7, script=None, checksum='3f9a2c1b')
    >>> recipe_in(r"{Sheet 3f9a2c1b: the lines of my\_net.convcalc}\par").script
    'my_net.convcalc'
    """
    found = _LINE.search(unescape(text.replace("\\", "")))
    if found is None:
        return None
    if found["script"] is not None:
        return Recipe(script=unquote(found["script"]), checksum=found["checksum"])
    topic = None if found["topic"] == ALL_TOPICS else found["topic"]
    return Recipe(topic, int(found["count"]), found["level"], int(found["seed"]), checksum=found["checksum"])
