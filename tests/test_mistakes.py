"""The mistakes that are really made, made here by numpy or by another line, and named: one, or two together."""

from typing import Any

import numpy as np
import pytest

from convcalc.engine.mistakes.making import Edit, tried
from tests.conftest import Convcalc

RNG = np.random.default_rng(11)
X = RNG.integers(-9, 10, (5, 5))
KERNEL = np.array([[1, 2, 0], [0, 1, -1], [3, 0, 1]])
BEHIND = np.array([[1, 0, 2], [0, -1, 0], [3, 0, 1]])


def text(grid: Any) -> str:
    """Write a grid as it is typed."""
    return "; ".join(" ".join(map(str, row)) for row in np.atleast_2d(grid).tolist())


def slid(grid: Any, kernel: Any) -> Any:
    """Slide a kernel over a grid, without padding."""
    windows = np.lib.stride_tricks.sliding_window_view(np.asarray(grid), np.shape(kernel))
    return (windows * kernel).sum(axis=(2, 3))


PLAIN = slid(X, KERNEL)
CONV = ("conv", "-i", text(X), "-k", text(KERNEL))
FULL = np.pad(BEHIND, 2)
BACK = (*CONV, "--backward", text(BEHIND), "--wrt")
UP = ("conv-transpose", "-i", "1 3", "-k", "1 2")
BOX = "1/9 1/9 1/9; 1/9 1/9 1/9; 1/9 1/9 1/9"


@pytest.mark.parametrize(
    ("line", "answer", "said"),
    [
        (CONV, PLAIN.T, "the answer was transposed"),
        (CONV, np.maximum(PLAIN, 0), "a ReLU was taken"),
        (CONV, np.abs(PLAIN), "the absolute value was taken"),
        (CONV, slid(X[1:, 1:], KERNEL), "begun one cell late"),
        (CONV, slid(np.pad(X, 1), KERNEL), "it was padded by 1"),
        ((*CONV, "-p", "1"), slid(np.pad(X, 2), KERNEL), "it was padded by 2"),
        ((*CONV, "-p", "1"), slid(np.pad(X, 1, mode="edge"), KERNEL), "the edges were repeated"),
        ((*CONV, "-b", "2"), PLAIN + 18, "the bias was added to every product"),
        (("conv", "-i", text(X), "-k", BOX), slid(X, np.full((3, 3), 0.11)).round(4), "rounded to 2 decimals first"),
        (("linear", "-i", "1 2 3", "-W", "1 0 1; 2 1 0", "-b", "1 5"), [7, 19], "added to every product"),
        (
            ("softmax", "-i", "2 1 0"),
            [0.6667, 0.2667, 0.0667],
            "were rounded to 1 decimal first",
        ),
        (("loss", "cross-entropy", "-i", "2 1 0.1", "-t", "0"), 1.417, "the probability of class 1 was taken"),
        ((*BACK, "input"), slid(FULL, KERNEL), "the kernel was not flipped"),
        ((*BACK, "kernel"), slid(X, BEHIND)[::-1, ::-1], "the gradient was turned round"),
        ((*BACK, "kernel"), slid(X, BEHIND[::-1, ::-1]), "the gradient map was turned round first"),
        ((*BACK, "kernel"), slid(X, np.ones((3, 3), int)), "what comes from behind was forgotten"),
        ((*BACK, "bias"), 0.6667, "the mean was taken"),
        (
            ("pool", "avg", "-i", text(X[:4, :4]), "--backward", "1 2; 3 4"),
            np.kron([[1, 2], [3, 4]], np.ones((2, 2), int)),
            "it was not divided by the number of cells",
        ),
        (("linear", "-i", "1 2", "-W", "3 4; 5 6", "--backward", "1 10"), [43, 65], "the weights were not transposed"),
        (
            ("linear", "-i", "1 2; 3 4", "-W", "1 2; 3 4", "--backward", "1 0; 0 1", "--wrt", "weights"),
            np.array([[0.5, 1], [1.5, 2]]),
            "the mean was taken over the items",
        ),
        (("relu", "-i", "-5 8 2", "--backward", "1 2 3"), [1, 2, 3], "the derivative was forgotten"),
        ((*UP, "-s", "1"), [[1, 2, 3, 6]], "the stamps were laid 2 further, not 1"),
        ((*UP, "-s", "1"), [[1, 3, 6]], "what overlaps was written over"),
        ((*UP, "-s", "2"), [[1, 5, 6]], "the stamps were laid 1 further, not 2"),
        ((*UP, "-p", "0,1"), [[1, 5, 6]], "nothing was cut off at the edges"),
        ((*UP, "-b", "1"), [[1, 5, 6]], "the bias was forgotten"),
        (UP, [[2, 7, 3]], "the kernel was flipped"),
        (("flatten", "-i", "1 2; 3 4"), [1, 3, 2, 4], "written column by column"),
        (("flatten", "-i", "1 2; 3 4;; 5 6; 7 8"), [1, 5, 2, 6, 3, 7, 4, 8], "of each cell were written together"),
    ],
)
def test_a_mistake_is_named(convcalc: Convcalc, line: tuple[str, ...], answer: Any, said: str) -> None:
    ran = convcalc(*line, "--check", text(answer))
    assert ran.status == 1
    assert " ".join(said.split()) in " ".join(ran.stdout.split())


@pytest.mark.parametrize(
    ("line", "answer", "said"),
    [
        ((*CONV, "-b", "3", "--flip"), PLAIN, "the kernel was not flipped and the bias was forgotten"),
        (
            (*CONV, "-p", "1", "-b", "3"),
            slid(np.pad(X, 1), KERNEL.T) - 3,
            "(rows for columns) and the bias",
        ),
        ((*CONV, "-b", "1"), np.maximum(PLAIN, 0), "the bias was forgotten and a ReLU was taken"),
        ((*BACK, "input"), -slid(FULL, KERNEL), "the kernel was not flipped and every sign was reversed"),
    ],
)
def test_two_mistakes_together_are_named(convcalc: Convcalc, line: tuple[str, ...], answer: Any, said: str) -> None:
    ran = convcalc(*line, "--check", text(answer))
    assert said in " ".join(ran.stdout.split())


def test_two_mistakes_are_not_blamed_for_one_number(convcalc: Convcalc) -> None:
    ran = convcalc("conv", "-i", "1 2 3", "-k", "1 2 3", "-b", "1", "--check", "-14")
    assert " and " not in ran.stdout


def test_what_two_edits_come_to_is_not_told_twice() -> None:
    class Number:
        def __init__(self, number: int) -> None:
            self.output = np.array([number, 2 * number, 3 * number])

    edits = [Edit("a", "one more", lambda n: Number(int(n.output[0]) + 1)), Edit("b", "nothing", lambda n: n)]
    found = list(tried(Number(1), edits, ()))
    assert [(mistake.reason, mistake.edits) for mistake in found] == [("one more", 1)]
