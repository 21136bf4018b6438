"""Worksheets: exercises on paper, with room for the answers; and the key to them, with the working."""

from collections.abc import Iterator, Sequence
from functools import partial
from random import Random

import numpy as np

from convcalc.engine.exact import Array
from convcalc.engine.naming import Naming, shape_text
from convcalc.practice.exercises import TOPICS
from convcalc.practice.foreseen import marking_of
from convcalc.practice.marking import core
from convcalc.practice.question import POINTS_WITH_SIZE, Question
from convcalc.practice.recipe import Recipe, checksum
from convcalc.report.document import (
    Answer,
    Blanks,
    Block,
    Document,
    Grids,
    Heading,
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
FIELDS = (5, 8)
"""Rows and columns of the squares in which an answer is written whose size is part of it: more than it takes."""
WORDS = {
    "conv",
    "conv backward",
    "conv-transpose",
    "softmax",
    "linear",
    "backward through linear",
    "flatten",
    "add",
    "attention",
}
"""How the headings of operations begin that the title of the exercise says already."""
SHOWN = ("input", "kernel", "weights", "gradient ", "queries", "keys", "values")
"""How parts of a heading begin that the grids say themselves."""
PLAIN_WORDS = {
    "backward through ": "",
    " pool": " pooling",
    "loss mse": "squared error",
    "loss mae": "absolute error",
    "loss cross": "cross",
    "gamma ": "γ = ",
    "beta ": "β = ",
    "eps ": "ε = ",
}
"""What the words of commands are called on a sheet."""


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
        asks_size = TOPICS[topic].has_size and question.at is None and len(core(question.answer)) > 1
        questions.append(question._replace(topic=topic, asks_size=asks_size))
    return questions


def made_by(recipe: Recipe, questions: Sequence[Question]) -> Recipe:
    """Return a recipe with the checksum of what it makes."""
    parts = [(q.text, *(one.text for one in q.given() if isinstance(one, Heading)), *_cells_of(q)) for q in questions]
    return recipe._replace(checksum=checksum(parts))


def _cells_of(question: Question) -> list[str]:
    grids = [block for block in question.given() if isinstance(block, Grids)]
    bodies = [matrix.body for block in grids for matrix in block.matrices]
    return [body.text(row, column) for body in bodies for row in range(body.rows) for column in range(body.columns)]


def sheet(title: str, questions: Sequence[Question], recipe: Recipe, *, marks_itself: bool = False) -> Document:
    """Yield the exercises, with room for a name and for the answers; `marks_itself` puts the answers in, unseen."""
    points = sum(question.points for question in questions)
    yield Heading(title)
    yield Text(f"Name: __________________________   Date: ______________   Points: ______ of {points}")
    if notes := list(_notes(questions)):
        yield Text("")
        yield from (Text(note) for note in notes)
    for number, question in enumerate(questions, 1):
        yield from exercise_blocks(number, question)
        yield room(number, question, marks_itself=marks_itself)
    yield Text("")
    yield Text(recipe.text, Role.QUIET)


def _notes(questions: Sequence[Question]) -> Iterator[str]:
    """Yield what holds for the whole sheet, of what it asks."""
    if any(question.at is not None or question.answer.size > 1 for question in questions):
        yield "Rows, columns and channels are counted from 0."
    if any("*" in block.text for question in questions for block in question.given() if isinstance(block, Heading)):
        yield "Kernels are laid on as they stand: they are not flipped."
    if any(question.asks_size for question in questions):
        rest = POINTS_WITH_SIZE - 1
        yield f"Where the size is part of the answer, it counts 1 point, and the numbers {rest} together."
    calculated = [str(n) for n, one in enumerate(questions, 1) if one.needs_calculator or _in_decimals(one.answer)]
    if calculated:
        yield f"A calculator is needed for {', '.join(calculated)}."


def key(title: str, questions: Sequence[Question], recipe: Recipe) -> Document:
    """Yield all the answers, for who marks; and then the exercises with their working."""
    yield Heading(f"{title}: the key")
    yield Text("")
    rows = [(str(number), _in_one_line(question), str(question.points)) for number, question in enumerate(questions, 1)]
    yield Table(("exercise", "answer", "points"), tuple(rows), frozenset({1}))
    for number, question in enumerate(questions, 1):
        yield from exercise_blocks(number, question)
        yield Text("")
        yield from working_blocks(question)
    yield Text("")
    yield Text(recipe.text, Role.QUIET)


def exercise_blocks(number: int, question: Question) -> Iterator[Block]:
    """Yield what is given, and what is asked, under its number, in words that need no knowledge of the program."""
    decimals = ", to two decimals" if _in_decimals(question.answer) else ""
    text = f"{question.text.rstrip('?')}{decimals}?" if decimals else question.text
    given = list(question.given())
    headings = [block for block in given if isinstance(block, Heading)]
    title = TOPICS[question.topic].title if question.topic else next((one.text for one in headings), text)
    yield Subheading(f"{number} · {title} ({question.points} point{'s' * (question.points > 1)})")
    for heading in headings:
        if question.topic and (words := settings_of(heading.text)):
            yield Text(f"  {words}")
        yield from (Text(f"  {formula}", Role.QUIET) for formula in heading.formulas)
    yield from (block for block in given if not isinstance(block, Heading))
    if given:
        yield Text("")
    yield Text(f"{question.task} {text}".strip())


def settings_of(heading: str) -> str:
    """Return what a heading says besides what the exercise is about, and what is drawn, in plain words.

    >>> settings_of("conv · input 5×5 * edge 3×3 · stride 2 · padding 0"), settings_of("loss mse · input 3 · mean")
    ('stride 2, padding 0', 'squared error, mean')
    """
    parts = [part.partition(":")[0] for part in heading.split(" · ")]
    said = [part for part in parts if part not in WORDS and not part.startswith(SHOWN)]
    text = ", ".join(said)
    for words, plainly in PLAIN_WORDS.items():
        text = text.replace(words, plainly)
    return text


def room(number: int, question: Question, *, marks_itself: bool = False) -> Blanks:
    """Return what the answer is written into: a line, or squares, of its shape or of more than it takes."""
    marking = partial(marking_of, question) if marks_itself else None
    shape = core(question.asked_for)
    if question.asked_for.size == 1:
        return Blanks(number, marking=marking)
    maps, rows, columns = ((1, 1, 1) + shape)[-3:]
    field = next((side for side in FIELDS if max(rows, columns) < side), 0) if question.asks_size else 0
    if len(shape) > 3 or max(rows, columns) > MOST_BLANKS or (question.asks_size and not field):
        note = "row by row" if question.asks_size else shape_text(shape)
        return Blanks(number, None, note=note, marking=marking)
    return Blanks(number, (maps, field or rows, field or columns), is_field=bool(field), marking=marking)


def working_blocks(question: Question) -> Iterator[Block]:
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
