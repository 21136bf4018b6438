"""Exercises made into the items of a bank of questions, with what is foreseen of each cell."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from convcalc.engine.exact import exact
from convcalc.engine.mistakes.making import Mistake
from convcalc.errors import InputError
from convcalc.practice.exercises import TOPICS
from convcalc.practice.foreseen import foreseen
from convcalc.practice.marking import core
from convcalc.practice.question import Question
from convcalc.practice.worksheet import exercise_blocks, working_blocks
from convcalc.report.document import Subheading, Text
from convcalc.report.items import Cell, Foreseen, Item
from convcalc.report.numbers import Writer

MOST_CELLS = 144
"""Cells of an answer that a question of a learning platform has fields for."""
HALF_A_HUNDREDTH = "0.005"
"""How far an answer to two decimals may be off."""
_DIGITS = Writer(9)


def items(title: str, variants: Sequence[Sequence[Question]]) -> Iterator[Item]:
    """Yield the exercises of every variant of a sheet: with several, those in one place stand in one folder."""
    for number in range(1, len(variants[0]) + 1):
        for variant, questions in enumerate(variants, 1):
            question = questions[number - 1]
            about = TOPICS[question.topic].title if question.topic else title
            folder = f"{title.replace('/', '//')}/{about}" + (f"/exercise {number}" if len(variants) > 1 else "")
            version = f" · variant {variant}" if len(variants) > 1 else ""
            yield _item(question, f"{number} · {about}{version}", folder)


def _item(question: Question, title: str, folder: str) -> Item:
    answer = question.asked_for
    maps, rows, columns = ((1, 1, 1) + core(answer))[-3:]
    if answer.size > MOST_CELLS or len(core(answer)) > 3:
        fault = (
            f"'{question.text}' has an answer of {answer.size} cells, which no question on a platform has fields for"
        )
        raise InputError(fault, hint="leave it out, or make a sheet of it: .html, .tex or .txt")
    blocks = [block for block in exercise_blocks(0, question) if not isinstance(block, Subheading)]
    *given, asked = blocks
    assert isinstance(asked, Text)
    likely = [m for m in foreseen(question) if core(m.answer) == core(answer) and m.edits < 4]
    cells = tuple(_cell(cell, index, likely) for index, cell in enumerate(answer.flat))
    return Item(title, folder, given, asked.text, (maps, rows, columns), cells, lambda: working_blocks(question))


def _cell(value: object, index: int, likely: Sequence[Mistake]) -> Cell:
    """Return a cell with the wrong numbers that single mistakes lead to, those that are made of one first."""
    reasons: dict[str, list[str]] = {}
    first = min((mistake.edits for mistake in likely), default=1)
    tolerance = Fraction(_tolerance(value))
    for mistake in likely:
        wrong = mistake.answer.flat[index]
        differs = abs(Fraction(exact(wrong)) - Fraction(exact(value))) > tolerance and _told(wrong) != _told(value)
        if mistake.edits == first and differs:
            reasons.setdefault(_told(wrong), []).append(mistake.reason)
    known = tuple(Foreseen(wrong, " or ".join(why[:2])) for wrong, why in reasons.items())
    return Cell(_told(value), _tolerance(value), known)


def _told(value: object) -> str:
    """Return a number as a platform reads it: with a point, and nine decimals at most.

    >>> _told(Fraction(1, 3)), _told(-2)
    ('0.333333333', '-2')
    """
    text = _DIGITS(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _tolerance(value: object) -> str:
    """Return how far an answer may be off: not at all where two decimals say it.

    >>> _tolerance(Fraction(11, 4)), _tolerance(Fraction(1, 3))
    ('0', '0.005')
    """
    return "0" if (100 * Fraction(exact(value))).denominator == 1 else HALF_A_HUNDREDTH
