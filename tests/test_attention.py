"""Attention: a slow loop, difference quotients, and the parts it is shown by."""

import math
import re
from typing import Any

import numpy as np
import pytest

from convcalc.engine.attention import attention
from convcalc.errors import InputError
from tests.conftest import Convcalc

RNG = np.random.default_rng(2)
QUERIES, KEYS, VALUES = RNG.normal(size=(3, 4)), RNG.normal(size=(5, 4)), RNG.normal(size=(5, 2))


def slowly(queries: Any, keys: Any, values: Any) -> list[list[float]]:
    """softmax(Q·Kᵀ/√d)·V by loops."""
    rows = []
    for query in queries:
        scores = [sum(q * k for q, k in zip(query, key, strict=True)) / math.sqrt(len(query)) for key in keys]
        raised = [math.exp(score) for score in scores]
        weights = [power / sum(raised) for power in raised]
        rows.append(
            [sum(w * value[i] for w, value in zip(weights, values, strict=True)) for i in range(len(values[0]))]
        )
    return rows


def test_an_attention_is_what_a_loop_makes_of_it() -> None:
    assert attention(QUERIES, KEYS, VALUES).output == pytest.approx(np.array(slowly(QUERIES, KEYS, VALUES)), rel=1e-12)
    assert attention(QUERIES[0], KEYS, VALUES).output.shape == (2,)


def test_gradients_are_difference_quotients() -> None:
    upstream = RNG.normal(size=(3, 2))
    gradients = attention(QUERIES, KEYS, VALUES).backward(upstream)
    for which, answer in enumerate((gradients.input, gradients.keys, gradients.values)):
        for at in np.ndindex(*answer.shape):
            ends = []
            for step in (1e-5, -1e-5):
                moved = [QUERIES.copy(), KEYS.copy(), VALUES.copy()]
                moved[which][at] += step
                ends.append((np.array(slowly(*moved)) * upstream).sum())
            assert float(answer[at]) == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-5, abs=1e-8)


def test_each_part_is_worked(convcalc: Convcalc) -> None:
    ran = convcalc("attention", "-i", "1 0", "--keys", "1 0; 0 1", "--values", "1 2; 3 4")
    for part in ("scores", "1/√2 ≈ 1/1.4142 ≈ 0.7071", "÷ 1.4931", "1×0.6698 + 3×0.3302 ≈ 1.6605"):
        assert part in ran.stdout
    back = convcalc("attention", "-i", "1 0", "--keys", "1 0; 0 1", "--values", "1 2; 3 4", "--backward", "1")
    for part in ("weighing", "through the softmax", "division by √d", "through the scores"):
        assert f"{part}" in back.stdout


@pytest.mark.parametrize(
    ("queries", "keys", "values", "said"),
    [
        ([1, 2], [[1, 2, 3]], [[1]], "the queries have 2 numbers each, and the keys 3"),
        ([1, 2], [[1, 2]], [[1], [2]], "1 keys, and 2 values"),
        ([[[1, 2]]], [[1, 2]], [[1]], "one head at a time"),
    ],
)
def test_what_does_not_fit_is_refused(queries: Any, keys: Any, values: Any, said: str) -> None:
    with pytest.raises(InputError) as caught:
        attention(queries, keys, values)
    assert said in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize(
    ("answer", "said"),
    [("1.54 2.54", "not divided by √d"), ("2 3", "every value counted alike"), ("0.67 0.33", "weights")],
)
def test_a_mistake_is_named(convcalc: Convcalc, answer: str, said: str) -> None:
    line = ("attention", "-i", "1 0", "--keys", "1 0; 0 1", "--values", "1 2; 3 4", "--check", answer)
    assert said in convcalc(*line).stdout


def test_a_transformers_layer_as_a_script_goes_back_to_its_matrices(convcalc: Convcalc) -> None:
    script = """x = 1 0; 0 1; 1 1
q = 1 2; 0 1
k = 1 0; 1 1
v = 2 0; 0 1
keys = linear k -i x
values = linear v -i x
linear q -i x
attention --keys keys --values values
add x
loss mse -t "1 1; 1 1; 1 1"
"""
    ran = convcalc("run", "-", "--numeric", "all", stdin=script)
    assert (ran.status, ran.stderr) == (0, "")
    apart = re.findall(r"They are at most (\S+) apart", ran.stdout)
    assert [float(most) < 1e-6 for most in apart] == [True]
    back = convcalc("run", "-", "--backward", "--wrt", "x", stdin=script)
    assert back.status == 0
    assert convcalc("run", "-", "--rate", "0.1", "--times", "5", stdin=script).status == 0
