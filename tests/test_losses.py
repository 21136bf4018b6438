"""Losses of classes and robust ones: published figures, a slow loop, and the options that weigh, ignore and smooth."""

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from convcalc.engine.losses import loss
from convcalc.errors import InputError
from tests.conftest import Convcalc

SCORES = [[3.2, 5.1, -1.7], [1.3, 4.9, 2.0], [2.2, 2.5, -3.1]]
"""CS231n's cat, car and frog."""


def test_cs231ns_hinge(convcalc: Convcalc) -> None:
    ran = convcalc("loss", "hinge", "-i", "3.2 5.1 -1.7", "-t", "0")
    assert "max(0, 5.1 − 3.2 + 1) + max(0, -1.7 − 3.2 + 1) = 2.9 + 0 = 2.9" in ran.stdout
    assert ran.answer == "2.9\n"
    assert loss(SCORES, [0, 1, 2], "hinge", reduction="none").output.tolist() == [2.9, 0.0, 12.9]
    assert loss(SCORES, [0, 1, 2], "hinge").output.tolist() == [float(Fraction(158, 30))]
    assert loss([1, 2, 5], 0, "hinge", parameter=2).output.tolist() == [9]


def test_hinges_gradient_counts_who_comes_too_near(convcalc: Convcalc) -> None:
    assert loss([3, 5, 3, -9], 0, "hinge").backward().output.tolist() == [-2, 1, 1, 0]
    ran = convcalc("loss", "hinge", "-i", "3.2 5.1 -1.7", "-t", "0", "--backward")
    assert "[1]  [2.9 > 0] = 1" in ran.stdout
    assert ran.answer == "-1 1 0\n"


def slowly(
    rows: list[list[float]], classes: list[int], weights: Any, ignored: Any, smoothing: float, mean: bool
) -> float:
    """Weighed, smoothed cross-entropy as PyTorch's documentation writes it."""
    total, divisor, count = 0.0, 0.0, len(rows[0])
    for row, target in zip(rows, classes, strict=True):
        if target == ignored:
            continue
        logs = [cell - math.log(sum(map(math.exp, row))) for cell in row]
        own = weights or [1] * count
        total += (1 - smoothing) * own[target] * -logs[target]
        total += smoothing / count * sum(w * -log for w, log in zip(own, logs, strict=True))
        divisor += own[target]
    return total / divisor if mean else total


@pytest.mark.parametrize("mean", [True, False])
@pytest.mark.parametrize("weights", [None, [1.0, 2.0, 0.5]])
@pytest.mark.parametrize("ignored", [None, 1])
@pytest.mark.parametrize("smoothing", [0, 0.25])
def test_weights_smoothing_and_ignored_rows_are_pytorchs(
    mean: bool, weights: Any, ignored: Any, smoothing: float
) -> None:
    classes = [0, 1, 2]
    options: dict[str, Any] = {"class_weights": weights, "ignore_index": ignored, "smoothing": smoothing}
    found = loss(SCORES, classes, "cross-entropy", reduction="mean" if mean else "sum", **options)
    wanted = slowly(SCORES, classes, weights, ignored, smoothing, mean)
    assert float(found.output[0]) == pytest.approx(wanted, rel=1e-12)
    gradient = found.backward().output
    for at in np.ndindex(3, 3):
        ends = []
        for step in (1e-5, -1e-5):
            moved = [list(row) for row in SCORES]
            moved[at[0]][at[1]] += step
            ends.append(slowly(moved, classes, weights, ignored, smoothing, mean))
        assert float(gradient[at]) == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-5, abs=1e-9)


def test_places_of_a_map_have_targets_of_their_own(convcalc: Convcalc) -> None:
    rng = np.random.default_rng(1)
    grid, targets = rng.normal(size=(2, 3, 4, 5)), rng.integers(0, 3, (2, 4, 5))
    found = loss(grid, targets, "cross-entropy", reduction="none")
    assert found.output.shape == (2, 4, 5)
    gradient = loss(grid, targets, "cross-entropy", reduction="sum").backward().output
    assert gradient.shape == grid.shape
    for at in np.ndindex(2, 4, 5):
        cells = grid[at[0], :, at[1], at[2]]
        alone = loss(cells, int(targets[at]), "cross-entropy")
        assert found.output[at] == alone.output[0]
        assert gradient[at[0], :, at[1], at[2]].tolist() == alone.backward().output.tolist()
    chances = np.moveaxis(np.eye(3)[targets], -1, 1)
    assert loss(grid, chances, "cross-entropy").output == pytest.approx(loss(grid, targets, "cross-entropy").output)
    ran = convcalc("loss", "cross-entropy", "-i", "[[[1, 2]], [[0, 3]]]", "-t", "0 1", "--backward")
    assert ran.status == 0
    ran = convcalc("loss", "cross-entropy", "-i", "[[[1, 2]], [[0, 3]]]", "-t", "0 1")
    assert "place [0,1] · target class 1" in ran.stdout
    ran = convcalc("loss", "cross-entropy", "-i", "[[[1, 2]], [[0, 3]]]", "-t", "0 1 1")
    assert ran.status == 1
    assert "2 places of 2 classes cannot have a target of 1×3" in ran.stderr


def test_the_likelihood_is_the_target_s_cell_its_sign_changed(convcalc: Convcalc) -> None:
    assert loss([[-0.5, -1.0], [-2.0, -0.25]], [0, 1], "nll").output.tolist() == [0.375]
    assert loss([[-1, -2]], 1, "nll", class_weights=[1, 3], reduction="sum").output.tolist() == [6]
    ran = convcalc("loss", "nll", "-i", "-0.5 -1; -2 -0.1", "-t", "0 1", "--class-weights", "1 3")
    assert "3×(-x[1]) = 3×(-(-0.1)) = 0.3" in ran.stdout
    assert "mean: (0.5 + 0.3)/4 = 0.8/4 = 0.2" in ran.stdout


def test_log_softmax_and_nll_are_cross_entropy(convcalc: Convcalc) -> None:
    logs = convcalc("log-softmax", "-i", "2 1 0.1", "-q").stdout.strip()
    both = (
        convcalc("loss", "nll", "-i", logs, "-t", "0"),
        convcalc("loss", "cross-entropy", "-i", "2 1 0.1", "-t", "0"),
    )
    assert both[0].answer == both[1].answer


@pytest.mark.parametrize(
    ("x", "target", "delta", "value"),
    [
        (1, 3, 1, Fraction(3, 2)),
        (1, Fraction(3, 2), 1, Fraction(1, 8)),
        (0, 3, 2, 4),
        (2, 2, 1, 0),
        (1, 2, 1, Fraction(1, 2)),
    ],
)
def test_huber_is_half_a_square_and_then_straight(x: Any, target: Any, delta: Any, value: Any) -> None:
    found = loss([x], [target], "huber", parameter=delta)
    assert found.output.tolist() == [value]
    assert loss(np.full(70_000, float(x)), np.full(70_000, float(target)), "huber", parameter=delta).output[0] == value


@pytest.mark.parametrize(
    ("work", "said"),
    [
        (lambda: loss([1, 2], [1, 2], "mse", class_weights=[1, 2]), "no classes to weigh"),
        (lambda: loss([1, 2], 0, "hinge", smoothing=0.1), "not smoothed"),
        (lambda: loss([1, 2], 0, "cross-entropy", smoothing=2), "smoothing is 2"),
        (lambda: loss([1, 2], 0, "cross-entropy", class_weights=[1, 2, 3]), "2 classes, and 3 weights"),
        (lambda: loss([1, 2], 0, "cross-entropy", class_weights=[1, -2]), "weight is -2"),
        (lambda: loss([1, 2], 0, "cross-entropy", ignore_index=0), "no row is left"),
        (lambda: loss([1, 2], 5, "cross-entropy", ignore_index=4), "no class 5"),
        (lambda: loss([1, 2], [0.5, 0.5], "hinge"), "a class for each row"),
        (lambda: loss([1, 2], [1, 2], "huber", parameter=0), "delta is 0"),
        (lambda: loss([1, 2], [1, 2], "mse", parameter=1), "has no parameter"),
        (lambda: loss([[[1, 2]]], [0, 1], "cross-entropy"), "1 channel"),
    ],
)
def test_what_makes_no_sense_is_refused(work: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        work()


@pytest.mark.parametrize("option", [("--margin", "2"), ("--delta", "2")])
def test_an_option_of_another_loss_is_refused(convcalc: Convcalc, option: tuple[str, str]) -> None:
    ran = convcalc("loss", "mse", "-i", "1 2", "-t", "1 2", *option)
    assert (ran.status, "does nothing to mse" in ran.stderr) == (2, True)


@pytest.mark.parametrize(
    ("line", "answer", "said"),
    [
        (("hinge", "-i", "3.2 5.1 -1.7", "-t", "0"), "1.9", "the margin was forgotten"),
        (("hinge", "-i", "3.2 5.1 -1.7", "-t", "0"), "3.9", "the right class was counted"),
        (("hinge", "-i", "3.2 5.1 -1.7", "-t", "0"), "-1", "margins below 0"),
        (("nll", "-i", "-0.5 -1", "-t", "0"), "-0.5", "the minus sign was forgotten"),
        (("huber", "-i", "1 5", "-t", "1 1"), "8", "the differences were squared"),
        (
            ("cross-entropy", "-i", "2 1; 3 1", "-t", "0 1", "--class-weights", "1 3"),
            "1.2201",
            "weights were forgotten",
        ),
    ],
)
def test_a_mistake_is_named(convcalc: Convcalc, line: tuple[str, ...], answer: str, said: str) -> None:
    ran = convcalc("loss", *line, "--check", answer)
    assert said in ran.stdout


def test_a_script_descends_by_every_loss(convcalc: Convcalc) -> None:
    smoothed = 'cross-entropy -t 0 --smoothing 0.2 --class-weights "1 2"'
    for line in ("hinge -t 0", "nll -t 0", 'huber -t "1 1"', smoothed):
        script = f"w = 1 2; 3 -1\ninput 1 2\nlinear w\nloss {line}\n"
        ran = convcalc("run", "-", "--rate", "0.1", "--times", "3", stdin=script)
        assert (ran.status, ran.stderr) == (0, ""), line
        assert convcalc("run", "-", "--numeric", "w", stdin=script).status == 0
