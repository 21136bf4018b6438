"""A class's answers marked: points by student and exercise, which mistakes were made how often, what was hard."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from convcalc.engine.mistakes.making import Mistake
from convcalc.errors import ConvcalcError
from convcalc.practice.answers import Answers, cells_of
from convcalc.practice.exercises import TOPICS
from convcalc.practice.marking import core, mark
from convcalc.practice.question import POINTS_WITH_SIZE, Question
from convcalc.report.document import Document, Heading, Sheet, Subheading, Table, Text
from convcalc.report.numbers import Writer

HALF = Fraction(1, 2)
_COMMA = re.compile(r"(?<=\d),(?=\d)")
MOST_NAMES = 4
UNNAMED = "(no mistake that is known)"


class Result(NamedTuple):
    """What an answer to one exercise came to: its points, and what was likely done, if it is wrong."""

    points: Fraction
    is_right: bool
    mistake: str = ""
    fault: str = ""
    """Why it could not be read, if it could not."""


class Exercises:
    """The exercises of a sheet, whose mistakes are worked once, however many answers there are."""

    def __init__(self, questions: Sequence[Question]) -> None:
        self.questions = questions
        self._mistakes: dict[int, list[Mistake]] = {}

    @property
    def points(self) -> int:
        """The most points there are."""
        return sum(question.points for question in self.questions)

    def about(self, number: int) -> str:
        """Return what an exercise is about."""
        topic = self.questions[number - 1].topic
        return TOPICS[topic].title if topic else self.questions[number - 1].text

    def mark(self, number: int, text: str, source: str) -> Result:
        """Mark an answer to the exercise of that number; 0,67 is read as 0.67 where that is worth more points."""
        result = self._mark(number, text, source)
        with_points = _COMMA.sub(".", text)
        if result.is_right or with_points == text:
            return result
        return max(result, self._mark(number, with_points, source), key=lambda one: (one.points, one.mistake != ""))

    def _mark(self, number: int, text: str, source: str) -> Result:
        question = self.questions[number - 1]
        if number not in self._mistakes:
            self._mistakes[number] = list(question.mistakes())
        try:
            cells = cells_of(text, source)
        except ConvcalcError as error:
            return Result(Fraction(0), False, fault=error.message)
        right = question.answer
        if question.at is None and cells.size == right.size and max(cells.shape) == max(right.shape) == right.size:
            cells = cells.reshape(right.shape)  # a row of numbers, written as a column, or the other way
        if question.at is None and right.ndim > 2 and core(cells) != core(right) and cells.size == right.size:
            cells = cells.reshape(right.shape) if cells.shape[-1] == right.shape[-1] else cells  # maps below each other
        marks = mark(cells, right, self._mistakes[number], question.at)
        size = question.asked_for.size
        share = Fraction(size - len(marks.wrong), size) if marks.right_shape else Fraction(0)
        points = share * question.points
        if question.asks_size:
            points = 1 + (share * (POINTS_WITH_SIZE - 1)) // HALF * HALF if marks.right_shape else Fraction(0)
        return Result(points, marks.right, "" if marks.right else ", or ".join(marks.reasons))


class Marked(NamedTuple):
    """A student's results, by the number of the exercise; those that were not answered are not among them."""

    student: str
    results: dict[int, Result]

    @property
    def points(self) -> Fraction:
        """All the points."""
        return sum((result.points for result in self.results.values()), Fraction(0))


def mark_answers(answers: Answers, exercises: Exercises) -> Marked:
    """Mark all that a student answered; what there is no exercise for is among what could not be read."""
    last = len(exercises.questions)
    beyond = Result(Fraction(0), False, fault=f"the sheet has {last} exercise{'s' * (last > 1)}")
    results = {
        number: exercises.mark(number, text, answers.student) if 1 <= number <= last else beyond
        for number, text in sorted(answers.texts.items())
    }
    return Marked(answers.student, results)


class ClassMarks(NamedTuple):
    """All that were marked, and the exercises of the sheet."""

    title: str
    marked: Sequence[Marked]
    exercises: Exercises

    @property
    def numbers(self) -> range:
        """The numbers of the exercises."""
        return range(1, len(self.exercises.questions) + 1)

    def share(self, number: int) -> Fraction:
        """Return what part of an exercise's points was reached, by all together."""
        points = sum((one.results[number].points for one in self.marked if number in one.results), Fraction(0))
        return points / (len(self.marked) * self.exercises.questions[number - 1].points)

    def document(self) -> Document:
        """Yield the marks: what was hard, which mistakes were made, and every student's points."""
        most = self.exercises.points
        mean = sum((one.points for one in self.marked), Fraction(0)) / len(self.marked)
        answers = f"{len(self.marked)} answer{'s' * (len(self.marked) > 1)}"
        yield Heading(f"{self.title}: {answers}")
        yield Text(f"On average {_short(mean)} of {most} points, {_percent(mean / most)}.")
        yield Subheading("Exercises, the hardest first")
        yield Table(("exercise", "about", "answered", "right", "points"), tuple(self._exercises()), frozenset({1}))
        yield Subheading("Mistakes, the most frequent first")
        if rows := tuple(self._mistakes()):
            yield Table(("times", "exercise", "mistake", "who"), rows, frozenset({2, 3}), spare=(3,))
        else:
            yield Text("None.")
        yield Subheading("Students")
        heads = ("student", *map(str, self.numbers), "points", "")
        yield Table(heads, tuple(self._students()), frozenset({0}))
        faults = [(one.student, n, r.fault) for one in self.marked for n, r in one.results.items() if r.fault]
        if faults:
            yield Subheading("Not read")
            rows = tuple((student, str(number), fault) for student, number, fault in faults)
            yield Table(("student", "exercise", "why"), rows, frozenset({0, 2}))

    def sheet(self) -> Sheet:
        """Return a row for each student: points by exercise, their sum, and the mistakes."""
        rows = []
        for one in self.marked:
            mistakes = "; ".join(f"{number}: {r.mistake}" for number, r in one.results.items() if r.mistake)
            points = [_number(one.results[n].points) if n in one.results else None for n in self.numbers]
            rows.append((one.student, *points, _number(one.points), self.exercises.points, mistakes))
        columns = ("student", *map(str, self.numbers), "points", "of", "mistakes")
        return Sheet(self.title, columns, tuple(rows))

    def _exercises(self) -> Iterator[tuple[str, ...]]:
        for number in sorted(self.numbers, key=self.share):
            results = [one.results[number] for one in self.marked if number in one.results]
            right = str(sum(result.is_right for result in results))
            yield str(number), self.exercises.about(number), str(len(results)), right, _percent(self.share(number))

    def _mistakes(self) -> Iterator[tuple[str, ...]]:
        made: Counter[tuple[int, str]] = Counter()
        who: dict[tuple[int, str], list[str]] = {}
        for one in self.marked:
            for number, result in one.results.items():
                if result.is_right or result.fault:
                    continue
                kind = (number, result.mistake or UNNAMED)
                made[kind] += 1
                who.setdefault(kind, []).append(one.student)
        for kind, times in sorted(made.items(), key=lambda item: (item[0][1] == UNNAMED, -item[1], item[0])):
            names = who[kind]
            more = f", and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
            yield str(times), str(kind[0]), kind[1], ", ".join(names[:MOST_NAMES]) + more

    def _students(self) -> Iterator[tuple[str, ...]]:
        for one in self.marked:
            points = (_short(one.results[n].points) if n in one.results else "–" for n in self.numbers)
            yield one.student, *points, _short(one.points), _percent(one.points / self.exercises.points)


def _number(points: Fraction) -> int | str:
    return int(points) if points.denominator == 1 else _short(points)


def _short(points: Fraction) -> str:
    return Writer(1)(points) if points.denominator > 1 else str(points)


def _percent(share: Fraction) -> str:
    return f"{round(100 * share)} %"
