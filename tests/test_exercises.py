"""Every exercise that can be drawn is worth asking, at its level; and what is turned round has one answer."""

import math
import re
from collections.abc import Callable
from fractions import Fraction
from random import Random

import numpy as np
import pytest

from convcalc.engine.convolution import convolve
from convcalc.engine.dense import linear
from convcalc.engine.kernels import KERNELS
from convcalc.engine.losses import loss
from convcalc.engine.pooling import pool
from convcalc.engine.softmax import softmax
from convcalc.engine.transposed import conv_transpose
from convcalc.practice.exercises import TOPICS
from convcalc.practice.question import Question
from convcalc.report.document import Grids, Heading, Text

MOST_CELLS, LARGEST = 9, 200
MAY_BE_ZERO = {"activation", "gradient", "relu-gradient", "descent"}
"""Where a cell that is 0 is what is learned."""
SETTINGS = {
    ("loss", 5),
    ("flatten", 5),
    ("softmax", 5),
    ("norm", 5),
    ("attention", 5),
    *(("meaning", level) for level in range(1, 6)),
}
"""What answers with a class, a place, a logit, a scale and a shift, a key: they may be 0, or alike."""


def is_worth_asking(topic: str, level: int, seed: int) -> None:
    question = TOPICS[topic].ask(Random(seed), level)
    cells = question.asked_for.ravel().tolist()
    assert len(cells) <= (1 if level <= 2 else MOST_CELLS)
    assert all(math.isfinite(cell) for cell in cells)
    if (topic, level) not in SETTINGS and not (len(cells) == 1 and topic in MAY_BE_ZERO):
        assert any(cells)
        assert len(cells) == 1 or len(set(cells)) > 1
    if topic == "softmax" and level <= 4:
        logits = matrices(question)["input"].ravel().tolist()
        assert len(set(logits)) == len(logits)
    if topic == "activation" and level <= 4:
        given = matrices(question)["input"]
        assert (given < 0).any()
        assert (given > 0).any()
    if topic != "params":
        assert max(map(abs, cells)) < LARGEST


def matrices(question: Question) -> dict[str, np.ndarray]:
    """Return what is given by title: the channels of one grid together, a missing number as NaN."""
    planes: dict[str, list[np.ndarray]] = {}
    for block in question.given():
        for matrix in block.matrices if isinstance(block, Grids) else ():
            body = matrix.body
            cells = [number(body.text(row, column)) for row in range(body.rows) for column in range(body.columns)]
            title = body.title.rpartition(" ")[0].partition(",")[0]
            planes.setdefault(title, []).append(np.array(cells).reshape(body.rows, body.columns))
    return {title: grids[0] if len(grids) == 1 else np.array(grids) for title, grids in planes.items()}


def number(text: str) -> float:
    return math.nan if text == "?" else float(Fraction(text.replace("−", "-")))


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize("level", range(1, 6))
def test_no_exercise_is_degenerate(topic: str, level: int) -> None:
    for seed in range(40):
        is_worth_asking(topic, level, seed)


@pytest.mark.slow
@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize("level", range(1, 6))
def test_no_exercise_of_a_thousand_is_degenerate(topic: str, level: int) -> None:
    for seed in range(1000):
        is_worth_asking(topic, level, seed)


OPERATIONS: dict[str, Callable[[dict[str, np.ndarray]], np.ndarray]] = {
    "pool": lambda given: pool(given["input"], "avg", window=2, stride=2).output,
    "linear": lambda given: linear(given["input"].ravel(), given["weights"], given["bias"].ravel()).output,
    "transpose": lambda given: conv_transpose(given["input"], given["kernel"], stride=1).output,
}


@pytest.mark.parametrize("topic", OPERATIONS)
def test_only_the_missing_number_makes_the_output(topic: str) -> None:
    for seed in range(20):
        question = TOPICS[topic].ask(Random(seed), 5)
        given = matrices(question)
        for wrong in (0, 1, -2):
            tried = {title: np.where(np.isnan(grid), question.answer[0] + wrong, grid) for title, grid in given.items()}
            same = np.allclose(OPERATIONS[topic](tried).astype(float).ravel(), given["output"].ravel())
            assert same == (wrong == 0)


def test_the_missing_weight_or_the_kernel_makes_the_map() -> None:
    seen = set()
    for seed in range(40):
        question = TOPICS["conv"].ask(Random(seed), 5)
        given = matrices(question)
        kernels = [grid for title, grid in given.items() if title.startswith("kernel")]
        seen.add(len(kernels))
        if len(kernels) == 1:
            kernel = np.where(np.isnan(kernels[0]), question.answer[0], kernels[0])
            heading = next(block.text for block in question.given() if isinstance(block, Heading))
            output = convolve(given["input"], kernel, bias=[int(heading.rpartition("bias ")[2])]).output
            assert np.array_equal(output, given["output"])
            continue
        made = [np.array_equal(convolve(given["input"], kernel).output, given["output"]) for kernel in kernels]
        assert made.index(True) + 1 == question.answer[0]
        assert sum(made) == 1
    assert seen == {1, 3}


def numbers_of(text: str) -> list[int]:
    return [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*\d|\d", text)]


def test_a_padding_keeps_the_size_and_the_smallest_input_makes_it() -> None:
    for seed in range(40):
        question = TOPICS["size"].ask(Random(seed), 5)
        numbers, answer = numbers_of(question.text), int(question.answer[0])
        if "keeps" in question.text:
            kernel, stride, dilation = numbers
            assert all((n + 2 * answer - dilation * (kernel - 1) - 1) // stride + 1 == n for n in range(50, 60))
        else:
            output, kernel, stride, padding = numbers
            sizes = [(n + 2 * padding - kernel) // stride + 1 for n in (answer - 1, answer)]
            assert sizes == [output - 1, output]


def test_parameters_fields_and_places_turned_round() -> None:
    for seed in range(40):
        params = TOPICS["params"].ask(Random(seed), 5)
        rows, columns, channels, total = numbers_of(params.text)
        assert int(params.answer[0]) * (rows * columns * channels + 1) == total
        field = TOPICS["field"].ask(Random(seed), 5)
        conv, pooled, seen = numbers_of(field.text)
        assert conv + (pooled - 1) + (int(field.answer[0]) - 1) * pooled == seen
        place = TOPICS["flatten"].ask(Random(seed), 5)
        *shape, at, _ = numbers_of(place.text)
        assert np.arange(math.prod(shape)).reshape(shape)[tuple(place.answer.tolist())] == at


def test_logits_and_classes_turned_round() -> None:
    for seed in range(40):
        logit = TOPICS["softmax"].ask(Random(seed), 5)
        shown, probabilities = (part.split(")")[0].split(", ") for part in logit.text.split("(")[1:3])
        logits = [int(logit.answer[0]) if word == "?" else int(word) for word in shown]
        assert [f"{p:.4f}" for p in softmax(np.array(logits)).output.tolist()] == probabilities
        which = TOPICS["loss"].ask(Random(seed), 5)
        logits = [int(cell) for cell in matrices(which)["logits"].ravel()]
        losses = [
            f"{float(np.asarray(loss(np.array(logits), k, 'cross-entropy').output).item()):.2f}" for k in range(3)
        ]
        assert [k for k, value in enumerate(losses) if f"is {value}." in which.text] == [int(which.answer[0])]


def test_the_scale_and_the_shift_make_the_output() -> None:
    for seed in range(40):
        question = TOPICS["norm"].ask(Random(seed), 5)
        given = matrices(question)
        gamma, beta = question.answer.tolist()
        x = given["input"].ravel()
        deviation = math.sqrt(sum((cell - x.mean()) ** 2 for cell in x) / len(x))
        assert np.allclose((x - x.mean()) / deviation * gamma + beta, given["output"].ravel())


def test_a_rate_takes_the_step() -> None:
    for seed in range(40):
        question = TOPICS["descent"].ask(Random(seed), 5)
        given = matrices(question)
        after = given["weights before"] - float(question.answer[0]) * given["gradient"]
        assert np.allclose(after, given["weights after"])


def test_named_kernels_stand_in_exercises_and_their_weights_are_whole() -> None:
    from convcalc.practice.forward_exercises import KERNELS as ASKED

    for taps, names in ASKED.items():
        for name in names:
            cells = np.array(KERNELS[name].cells)
            assert cells.shape == (taps, taps)
            assert cells.dtype == np.int64


WITH_A_FORMULA = {"activation", "loss", "norm"}
"""What has its formula in its heading."""


@pytest.mark.parametrize("topic", [topic for topic in TOPICS if "gradient" not in topic and topic != "descent"])
def test_a_sheet_says_what_is_to_be_done(topic: str) -> None:
    for level in range(1, 5):
        question = TOPICS[topic].ask(Random(5), level)
        formulas = [formula for block in question.given() if isinstance(block, Heading) for formula in block.formulas]
        words = len(question.text.split())
        assert question.task.endswith(".") or (topic in WITH_A_FORMULA and formulas) or words > 10


def test_the_question_says_where_its_cell_stands() -> None:
    for topic, entry in TOPICS.items():
        question = entry.ask(Random(3), 1)
        if question.at is not None:
            assert "[" in question.text, topic
            assert not any(isinstance(block, Text) and "answer" in block.text for block in question.given())
