"""Questions and worksheets, from Python."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from convcalc.errors import UsageError
from convcalc.library.grids import taken_answer
from convcalc.library.pieces import Marks, Page, page_of
from convcalc.library.saving import save_document
from convcalc.library.shown import Shown
from convcalc.library.words import refuses_in_python, work_in_python
from convcalc.practice.exercises import TOPICS, level_of, topic_of
from convcalc.practice.marking import mark
from convcalc.practice.question import Question
from convcalc.practice.recipe import Recipe
from convcalc.report.document import Document, Text

MOST_EXERCISES = 200


class Exercise(Shown):
    """A question: it shows what is given and asked; `check` marks an answer, `hint` and `solution` help."""

    def __init__(self, question: Question) -> None:
        self._question, self._hinted = question, 0

    @property
    def text(self) -> str:
        """What is asked."""
        return self._question.text

    @property
    def answer(self) -> Any:
        """What is asked for: a number, or a grid."""
        asked = self._question.asked_for
        return asked.item() if asked.size == 1 else asked

    @refuses_in_python
    def check(self, answer: Any) -> Marks:
        """Mark an answer: a number, a grid, or a text as it would be typed; the likely mistake is named."""
        question = self._question
        return Marks(mark(taken_answer(answer), question.answer, question.mistakes(), question.at))

    def hint(self) -> str:
        """Return the next term of the working."""
        hints = self._question.hints()
        self._hinted += 1
        return hints[self._hinted - 1] if self._hinted <= len(hints) else "There are no more hints."

    def solution(self) -> "Paper":
        """Return the whole working."""
        return Paper(self._question.working)

    def _work(self) -> Document:
        yield from self._question.blocks()
        yield Text(f"({self._question.shape})")


class Quiz(Exercise):
    """Questions, one after the other: it shows the one there is now; `check` marks an answer to it, `next` goes on."""

    def __init__(self, topics: list[str], level: int, seed: int) -> None:
        from convcalc.practice.asking import Quiz as Drawing

        self._drawing = Drawing(topics, Random(seed), level)
        super().__init__(self._drawing.draw())
        self.asked, self.right = 0, 0
        """How many questions were answered, and how many were right at the first try."""
        self._tried = False

    def check(self, answer: Any) -> Marks:
        """Mark an answer to the question there is now: a number, a grid, or a text as it would be typed."""
        marks = super().check(answer)
        if not self._tried:
            self.asked += 1
            self.right += marks.right
            self._drawing.learn(right=marks.right, first=marks.right and not self._hinted)
        self._tried = True
        return marks

    def next(self) -> "Quiz":
        """Go on to the next question, whose level follows the answers."""
        self._question, self._tried, self._hinted = self._drawing.draw(), False, 0
        return self


class Paper(Shown):
    """Something written: it shows itself, and is saved as a page, LaTeX, Markdown, SVG or text."""

    def __init__(self, document: Callable[[], Document]) -> None:
        self._document = document

    def _work(self) -> Document:
        return work_in_python(self._document())

    def page(self) -> Page:
        """Return it as a page, inline in a notebook."""
        return page_of(self._work())

    @refuses_in_python
    def save(self, path: str | Path) -> None:
        """Write it to a file, as its suffix says."""
        save_document(self._work(), path)


class Worksheet(Paper):
    """A sheet of exercises, with its `key` and its `questions`."""

    def __init__(self, title: str, questions: list[Question], recipe: Recipe, *, self_marking: bool) -> None:
        from convcalc.practice import worksheet as sheets

        super().__init__(lambda: sheets.sheet(title, questions, recipe, marks_itself=self_marking))
        self.questions = [Exercise(question) for question in questions]
        """The exercises, each with `answer`, `check`, `hint` and `solution`."""
        self.key = Paper(lambda: sheets.key(title, questions, recipe))
        """The working and the answers, a paper of its own."""


def _topics(topic: str | None) -> list[str]:
    if not (topic is None or isinstance(topic, str)):
        raise TypeError(f"a topic is a word, as 'conv', not {topic!r}")
    return list(TOPICS) if topic is None else [topic_of(topic)]


@refuses_in_python
def quiz(topic: str | None = None, *, level: int = 1, seed: int | None = None) -> Quiz:
    """Ask questions: the result shows one; ``check(answer)`` marks it; ``hint()``, ``solution()``, ``next()``.

    `topic` is "conv", "pool", "size" … (None: all in turn), `level` 1 to 5, `seed` asks the same again. Raises
    UsageError for another topic.

    >>> q = quiz("size", seed=7)
    >>> bool(q.check(q.answer))
    True
    """
    import random

    if level not in range(1, 6):
        raise UsageError(f"there is no level {level}", hint="1 to 5")
    return Quiz(_topics(topic), level, random.randrange(10**6) if seed is None else seed)


@refuses_in_python
def worksheet(
    topic: str | None = None,
    *,
    count: int = 6,
    level: str | int = "easy",
    seed: int = 0,
    title: str = "Worksheet",
    self_marking: bool = False,
) -> Worksheet:
    """Make a worksheet: exercises with small numbers, room for the answers, and a key with the working.

    `level` is "easy", "medium", "hard" or 1 to 5; the same `seed` makes the same sheet. ``save("sheet.tex")`` writes
    it, ``key.save("key.tex")`` its key; `self_marking` lets a page of it mark what is typed. Raises UsageError for
    another topic or level.

    >>> sheet = worksheet("conv", seed=7)
    >>> len(sheet.questions), bool(sheet.questions[0].check(sheet.questions[0].answer))
    (6, True)
    """
    from convcalc.practice import worksheet as sheets

    if count not in range(1, MOST_EXERCISES + 1):
        raise UsageError(f"there are no {count} exercises", hint=f"1 to {MOST_EXERCISES}")
    recipe = Recipe(None if topic is None else _topics(topic)[0], count, str(level), seed)
    questions = sheets.draw(_topics(topic), count, level_of(str(level)), seed)
    return Worksheet(title, questions, sheets.made_by(recipe, questions), self_marking=self_marking)
