"""Worksheets: exercises on paper, with room for the answers; and the key to them, with the working."""

from collections.abc import Iterator, Sequence
from random import Random

import numpy as np

from convcalc.engine.exact import Array
from convcalc.engine.naming import Naming, shape_text
from convcalc.quiz.exercises import TOPICS
from convcalc.quiz.marking import core
from convcalc.quiz.question import Question
from convcalc.report.document import (
    Answer,
    Block,
    Body,
    Document,
    Grids,
    Heading,
    Matrix,
    Role,
    Subheading,
    Sum,
    Table,
    Text,
    flowing,
)
from convcalc.report.grids import grids_of
from convcalc.report.numbers import Writer

TRIES = 50
MOST_BLANKS = 12
"""Rows, and columns, of a grid that is drawn to be filled in; a larger one is only asked for."""
BLANK = "____"
ROOM = "answer: ______________"


def draw(topics: Sequence[str], count: int, level: int, seed: int) -> list[Question]:
    """Return so many exercises, of the topics in turn, no two alike; the same for a seed on every machine."""
    rng = Random(seed)
    questions: list[Question] = []
    seen: set[str] = set()
    for number in range(count):
        topic = topics[number % len(topics)]
        for _ in range(TRIES):
            question = TOPICS[topic].ask(rng, level)
            key = repr((topic, question.text, _cells_of(question)))
            if key not in seen:
                break
        seen.add(key)
        questions.append(question)
    return questions


def _cells_of(question: Question) -> list[str]:
    grids = [block for block in question.given() if isinstance(block, Grids)]
    bodies = [matrix.body for block in grids for matrix in block.matrices]
    return [body.text(row, column) for body in bodies for row in range(body.rows) for column in range(body.columns)]


def sheet(title: str, questions: Sequence[Question]) -> Document:
    """Yield the exercises, with room for a name and for the answers."""
    points = sum(question.points for question in questions)
    yield Heading(title)
    yield Text(f"Name: __________________________   Date: ______________   Points: ______ of {points}")
    if notes := list(_notes(questions)):
        yield Text("")
        yield from (Text(note) for note in notes)
    for number, question in enumerate(questions, 1):
        yield from _exercise(number, question)
        yield from _room(question)


def _notes(questions: Sequence[Question]) -> Iterator[str]:
    """Yield what holds for the whole sheet, of what it asks."""
    if any(question.at is not None or question.answer.size > 1 for question in questions):
        yield "Rows, columns and channels are counted from 0."
    if any("*" in block.text for question in questions for block in question.given() if isinstance(block, Heading)):
        yield "Kernels are laid on as they stand: they are not flipped."
    calculated = [str(n) for n, one in enumerate(questions, 1) if one.needs_calculator or _in_decimals(one.answer)]
    if calculated:
        yield f"A calculator is needed for {', '.join(calculated)}."


def key(title: str, questions: Sequence[Question]) -> Document:
    """Yield all the answers, for who marks; and then the exercises with their working."""
    yield Heading(f"{title}: the key")
    yield Text("")
    rows = [(str(number), _in_one_line(question), str(question.points)) for number, question in enumerate(questions, 1)]
    yield Table(("exercise", "answer", "points"), tuple(rows), frozenset({1}))
    for number, question in enumerate(questions, 1):
        yield from _exercise(number, question)
        yield Text("")
        yield from _working(question)


def _exercise(number: int, question: Question) -> Iterator[Block]:
    """Yield what is given, and what is asked, under its number."""
    decimals = _in_decimals(question.answer)
    text = f"{question.text.rstrip('?')}, to two decimals?" if decimals else question.text
    text += f" ({question.points} point{'s' * (question.points > 1)})"
    givens = list(question.given())
    if not givens:
        yield Subheading(f"{number} · {text}")
        return
    for block in givens:
        if isinstance(block, Heading):
            yield Subheading(f"{number} · {block.text}")
            yield from (Text(f"  {formula}", Role.QUIET) for formula in block.formulas)
        else:
            yield block
    yield Text("")
    yield Text(f"{question.task} {text}" if question.task else text)


def _room(question: Question) -> Iterator[Block]:
    """Yield what the answer is written into: a line, or a grid of its shape."""
    answer = question.asked_for
    shape = core(answer)
    if answer.size == 1 or len(shape) > 3 or max(shape[-2:]) > MOST_BLANKS:
        shape_note = "" if answer.size == 1 else f" ({shape_text(shape)})"
        yield Text("")
        yield Text(f"{ROOM}{shape_note}")
        return
    rows, columns = (1, *shape)[-2:]
    planes = shape[0] if len(shape) == 3 else 1
    titles = [f"map {index}" if planes > 1 else f"answer {shape_text(shape)}" for index in range(planes)]
    bodies = (Body(title, rows, columns, lambda _row, _column: BLANK, len(BLANK)) for title in titles)
    yield Text("")
    yield Grids(tuple(Matrix(body) for body in bodies))


def _working(question: Question) -> Iterator[Block]:
    """Yield the sums of every step, and the answer; of what has no steps, all there is to show."""
    if question.steps is None:
        blocks = list(flowing(question.working()))
        several = sum(isinstance(block, Heading) for block in blocks) > 1  # else the question said it
        blocks = [part for block in blocks for part in _below(block, several=several)]
        yield from (block.grids if isinstance(block, Answer) else block for block in blocks)
        if question.at is not None or not any(isinstance(block, Answer) for block in blocks):
            yield from _answer(question.asked_for)
        return
    answer = question.answer
    indices = range(answer.size) if question.at is None else [int(np.ravel_multi_index(question.at, answer.shape))]
    names = {index: question.steps.name(index) for index in indices}
    width = max(map(len, names.values())) + 2
    for index, name in names.items():
        sums = [block for block in question.steps.blocks(index) if isinstance(block, Sum)]
        if not sums:
            yield Subheading(name)
            yield from question.steps.blocks(index)
        for place, one in enumerate(sums):
            label = (f"{name}:" if place == 0 else "").ljust(width) + one.label
            yield one._replace(label=label)
    yield from _answer(question.asked_for)


def _below(block: Block, *, several: bool) -> list[Block]:
    """Return a block as it stands below an exercise's own heading: one of several headings opens a part."""
    if not isinstance(block, Heading):
        return [block]
    formulas = [Text(f"  {formula}", Role.QUIET) for formula in block.formulas]
    return [Subheading(block.text), *formulas] if several else []


def _in_decimals(answer: Array) -> bool:
    """Whether an answer is asked for, and given, to two decimals."""
    return answer.dtype.kind == "f"


def _in_one_line(question: Question) -> str:
    """Return an answer as it would be typed: rows behind each other, with semicolons between them."""
    answer = question.asked_for
    write = Writer(2 if _in_decimals(answer) else None)
    rows = answer.reshape(-1, answer.shape[-1]) if answer.ndim > 1 else answer[None]
    return "; ".join(" ".join(write(cell) for cell in row) for row in rows)


def _answer(answer: Array) -> Iterator[Block]:
    write = Writer(2 if _in_decimals(answer) else None)
    yield Text("")
    if answer.size == 1:
        yield Text(f"answer: {write(answer.flat[0])}")
    else:
        yield grids_of(answer, "answer", write, naming=Naming(answer.ndim == 1))


def following(question: Question, number: int) -> Question:
    """Return a question whose input is the answer to an earlier one: the sheet says which, and does not tell it."""

    def given() -> Document:
        for block in question.given():
            if not isinstance(block, Grids):
                yield block
                continue
            yield Text(f"Input: your answer to {number}.")
            others = tuple(matrix for matrix in block.matrices if not matrix.body.title.startswith("input"))
            if others:
                yield Text("")
                yield Grids(others)

    return question._replace(given=given)
