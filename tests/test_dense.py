"""Flattening, fully connected layers and losses: against slow loops, closed forms and the lecture."""

import math
import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convcalc.engine.dense import flatten, linear
from convcalc.engine.losses import loss
from convcalc.errors import InputError
from tests.conftest import Convcalc
from tests.test_convolution import integers


@pytest.mark.parametrize(
    ("grid", "row"),
    [
        ([1, 2, 3], [1, 2, 3]),
        ([[1, 2], [3, 4]], [1, 2, 3, 4]),
        ([[[1, 2], [3, 4]], [[5, 6], [7, 8]]], [1, 2, 3, 4, 5, 6, 7, 8]),
        ([[[[1], [2]], [[3], [4]]], [[[5], [6]], [[7], [8]]]], [[1, 2, 3, 4], [5, 6, 7, 8]]),
    ],
)
def test_flatten_goes_row_by_row_and_channel_after_channel(grid: Any, row: Any) -> None:
    assert flatten(grid).tolist() == row


@pytest.mark.parametrize("seed", range(8))
def test_linear_equals_the_slow_loops(seed: int) -> None:
    rng = random.Random(seed)
    items, inputs, outputs = rng.randint(1, 3), rng.randint(1, 6), rng.randint(1, 4)
    x, weights, bias = integers((items, inputs), rng), integers((outputs, inputs), rng), integers((outputs,), rng)
    expected = [
        [sum(a * b for a, b in zip(row, line, strict=True)) + more for line, more in zip(weights, bias, strict=True)]
        for row in x
    ]
    result = linear(x, weights, bias)
    assert result.output.tolist() == expected
    assert linear(x, np.array(weights).T, bias, transpose=True).output.tolist() == expected
    for item, output in np.ndindex(items, outputs):
        step = result.step(item, output)
        assert (step.value, sum(step.products) + bias[output]) == (expected[item][output],) * 2


def test_a_step_says_what_the_answer_is_of_fractions_too() -> None:
    step = linear([1, 2], [[Fraction(1, 3), 1]], [Fraction(1, 2)]).step(0, 0)
    assert (step.weights, step.products, step.bias, step.value) == (
        (Fraction(1, 3), 1),
        (Fraction(1, 3), 2),
        Fraction(1, 2),
        Fraction(17, 6),
    )


@given(st.lists(st.integers(-9, 9), min_size=3, max_size=3), st.lists(st.integers(-9, 9), min_size=3, max_size=3))
def test_linear_is_linear(x: list[int], y: list[int]) -> None:
    weights = [[1, -2, 3], [0, 5, -1]]
    both = linear([a + b for a, b in zip(x, y, strict=True)], weights).output
    assert both.tolist() == (linear(x, weights).output + linear(y, weights).output).tolist()


def test_linear_is_exact() -> None:
    assert linear([0.1, 0.2], [[1, 1]]).output.tolist() == [0.3]
    assert linear([1, 1], [[Fraction(1, 3), Fraction(1, 6)]], [Fraction(1, 2)]).output.tolist() == [1]
    assert linear([10**30, 1], [[1, 1]]).output.tolist() == [10**30 + 1]


@pytest.mark.parametrize(
    ("x", "weights", "message", "hint"),
    [
        ([1, 2, 3], [[1, 2]], "(1×2) take 2 inputs, but there are 3", "1×3 would fit"),
        ([1, 2, 3], [[1, 2], [3, 4], [5, 6]], "(3×2) take 2 inputs, but there are 3", "--transpose takes them so"),
        ([[1, 2], [3, 4]], [[1, 2, 3, 4]], "the input is 2×2, not a row of 4", "flatten"),
        ([[[1, 2], [3, 4]]], [[1, 2, 3]], "(1×3) take 3 inputs, but the input is 1×2×2", "must be 1×4"),
        ([1], [[[1]]], "the weights have 3 axes", "one row of weights an output"),
    ],
)
def test_weights_that_do_not_fit_say_which_numbers_disagree(x: Any, weights: Any, message: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        linear(x, weights)
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")


def test_a_bias_for_each_output() -> None:
    with pytest.raises(InputError, match="2 outputs cannot take 1 bias"):
        linear([1], [[1], [2]], [1])


# Losses


def test_the_lectures_cross_entropy() -> None:
    assert round(float(loss([2, 1, 0.1], 0, "cross-entropy").output[0]), 4) == 0.4170


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(
    ("kind", "terms"),
    [("mse", [[4, 0], [1, 9]]), ("mae", [[2, 0], [1, 3]])],
)
def test_distances_are_exact(kind: str, terms: Any, reduction: str) -> None:
    total = sum(map(sum, terms))
    answer = {"mean": [Fraction(total, 4)], "sum": [total], "none": terms}[reduction]
    assert loss([[1, 2], [3, 4]], [[3, 2], [4, 1]], kind, reduction=reduction).output.tolist() == answer


def test_decimal_distances_are_those_of_the_decimals() -> None:
    assert loss([0.1, 0.3], [0.3, 0.1], "mae").output.tolist() == [0.2]


rows = st.lists(st.lists(st.floats(-30, 30), min_size=3, max_size=3), min_size=1, max_size=3)


@given(rows, st.integers(0, 2), st.booleans())
def test_cross_entropy_is_the_closed_form(logits: list[list[float]], target: int, as_probabilities: bool) -> None:
    chances = [[math.exp(x) / math.fsum(map(math.exp, row)) for x in row] for row in logits]
    expected = [-math.log(row[target]) for row in chances]
    wanted: Any = [target] * len(logits)
    if as_probabilities:
        wanted = [[int(index == target) for index in range(3)] for _ in logits]
    result = loss(logits, wanted, "cross-entropy", reduction="none")
    assert result.output.tolist() == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert loss(logits, wanted, "cross-entropy").output[0] == pytest.approx(sum(expected) / len(expected), abs=1e-9)
    given_chances = loss(chances, wanted, "cross-entropy", reduction="none", logits=False)
    assert given_chances.output.tolist() == pytest.approx(expected, rel=1e-6, abs=1e-9)


@given(st.floats(-30, 30), st.floats(0, 1))
def test_bce_is_the_closed_form_from_logits_and_from_probabilities(x: float, target: float) -> None:
    p = 1 / (1 + math.exp(-x))
    expected = -(target * math.log(p) + (1 - target) * math.log(1 / (1 + math.exp(x))))
    assert loss([x], [target], "bce", logits=True).output[0] == pytest.approx(expected, abs=1e-12)
    if 1e-6 < p < 1 - 1e-6:
        assert loss([p], [target], "bce").output[0] == pytest.approx(expected, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    ("kind", "x", "target", "options", "answer"),
    [
        ("cross-entropy", [1000, 0], 1, {}, 1000),
        ("cross-entropy", [1000, 0], 0, {}, 0),
        ("cross-entropy", [1000, 0], [0.5, 0.5], {}, 500),
        ("bce", [1000, -1000], [0, 1], {"logits": True}, 1000),
        ("bce", [0, 1], [1, 0], {}, 100),
        ("cross-entropy", [0, 1], 1, {"logits": False}, 0),
    ],
)
def test_certain_mistakes_cost_what_they_should(kind: str, x: Any, target: Any, options: Any, answer: float) -> None:
    assert loss(x, target, kind, **options).output.tolist() == [answer]


@pytest.mark.parametrize(
    ("kind", "x", "target", "options", "message"),
    [
        ("mse", [1, 2], [1, 2, 3], {}, "the target is 3, but the input is 2"),
        ("mse", [[1, 2]], [[1], [2]], {}, "the target is 2×1, but the input is 1×2"),
        ("mse", [1], [1], {"logits": True}, "mse takes no logits"),
        ("bce", [1.5], [1], {}, "is 1.5, which is no probability"),
        ("bce", [0.5], [2], {}, "of the target is 2"),
        ("cross-entropy", [1, 2], 2, {}, "no class 2: 2 classes are counted from 0"),
        ("cross-entropy", [1, 2], -1, {}, "no class -1"),
        ("cross-entropy", [1, 2], 0.5, {}, "no class 1/2"),
        ("cross-entropy", [[1, 2], [3, 4]], [0, 1, 1], {}, "2 rows of 2 classes cannot have a target of 3"),
        ("cross-entropy", [[[1, 2]]], [0], {}, "needs at least 2 classes, and the input has 1 channel"),
        ("cross-entropy", [0, 1], 0, {"logits": False}, "probability 0, so that its loss is infinite"),
        ("cross-entropy", [0, 1], [0.5, 0.5], {"logits": False}, "probability 0"),
        ("cross-entropy", [1, 2], [0.5, 1.5], {}, "of the target is 1.5"),
    ],
)
def test_what_no_loss_can_be_taken_of_is_refused(kind: str, x: Any, target: Any, options: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        loss(x, target, kind, **options)
    assert message in caught.value.message
    assert caught.value.hint


def test_float32_is_taken_as_written_and_stays_float32() -> None:
    x, zeros = np.array([0.1, -0.2], dtype=np.float32), np.zeros(2, dtype=np.float32)
    terms = loss(x, zeros, "mae", reduction="none")
    assert terms.output.dtype == np.float32
    assert [str(term) for term in terms.output] == ["0.1", "0.2"]
    assert terms.term(0).value == 0.1
    assert loss(x, zeros, "mse").output.dtype == loss(x, 0, "cross-entropy").output.dtype == np.float32


@pytest.mark.parametrize(
    ("p", "value"),
    [
        (0.9999999999999999, 36.841361),
        (1 - Fraction(1, 10**30), 69.077553),
        (1e-20, 1e-20),
        (Fraction(1, 10**400), 0),
        (0.5, 0.693147),
    ],
)
def test_bce_loses_no_digits_near_0_and_1(p: Any, value: float) -> None:
    assert loss([p], [0], "bce").output.tolist() == [pytest.approx(value, rel=1e-6)]


def test_a_large_grid_of_decimals_is_measured_in_floats() -> None:
    grid = np.linspace(0, 1, 70_000)
    assert loss(grid, np.zeros(70_000), "mse").output[0] == pytest.approx((grid**2).mean())


def test_a_column_gives_a_column_as_lectures_write_it(convcalc: Convcalc) -> None:
    ran = convcalc("linear", "-i", "2; 1", "-W", "1 -1; 3 0; 0 5", "-b", "1 0 0")
    assert ran.answer == "2\n6\n5\n"
    assert "input 2×1 · weights 3×2" in ran.stdout
    assert "→ 3×1" in ran.stdout
    back = linear([[2], [1]], [[1, -1], [3, 0], [0, 5]]).backward([[1], [10], [100]])
    assert back.input.output.tolist() == [[31], [499]]
    assert back.weights.output.tolist() == [[2, 1], [20, 10], [200, 100]]
    assert linear([[2], [1]], [[3, 4]]).backward().input.output.tolist() == [[3], [4]]
    assert linear([[2], [1]], [[3]]).output.tolist() == [[6], [3]], "two items of one input each"
    script = 'w = 1 2; 3 4\nb = 1; 2\ninput 1; 2\nlinear w -b b\nsigmoid\nloss mse -t "1; 0"\n'
    assert convcalc("run", "-", "--numeric", "w", stdin=script).status == 0
    assert convcalc("run", "-", "--rate", "0.5", "--times", "4", stdin=script).status == 0
