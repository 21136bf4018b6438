"""Normalisations: a slow loop, published figures, differences of the loss, and laws."""

import math
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convcalc.engine.normalized import Normalized
from convcalc.engine.norms import batch_norm, group_norm, layer_norm
from convcalc.errors import InputError
from tests.conftest import Convcalc

RNG = np.random.default_rng(3)
BATCH = RNG.integers(-9, 9, (2, 4, 2, 3)).astype(float)
GAMMA, BETA = [0.5, 2.0, -1.0, 3.0], [1.0, 0.0, -2.0, 0.25]


def sets_of(name: str) -> Any:
    """Which cells share a mean: a function of (item, channel, row, column)."""
    return {
        "batch": lambda n, c, r, k: c,
        "layer": lambda n, c, r, k: n,
        "row": lambda n, c, r, k: (n, c, r),
        "group": lambda n, c, r, k: (n, c // 2),
        "instance": lambda n, c, r, k: (n, c),
    }[name]


def slowly(grid: Any, name: str, gamma: Any = None, beta: Any = None, eps: float = 1e-5) -> Any:
    """Normalise by loops over all cells."""
    key, found = sets_of(name), np.zeros(grid.shape)
    for at in np.ndindex(*grid.shape):
        cells = [float(grid[other]) for other in np.ndindex(*grid.shape) if key(*other) == key(*at)]
        mean = math.fsum(cells) / len(cells)
        variance = math.fsum((cell - mean) ** 2 for cell in cells) / len(cells)
        value = (float(grid[at]) - mean) / math.sqrt(variance + eps)
        found[at] = value * (1 if gamma is None else gamma[at[1]]) + (0 if beta is None else beta[at[1]])
    return found


WORK: dict[str, Callable[..., Normalized]] = {
    "batch": batch_norm,
    "layer": layer_norm,
    "row": partial(layer_norm, axes=1),
    "group": partial(group_norm, groups=2),
    "instance": partial(group_norm, groups=4),
}


def normalized(name: str, grid: Any, **options: Any) -> Normalized:
    """Normalise by the engine."""
    return WORK[name](grid, **options)


NAMES = ["batch", "layer", "row", "group", "instance"]


@pytest.mark.parametrize("name", NAMES)
def test_a_normalisation_is_what_a_loop_makes_of_it(name: str) -> None:
    by_channel = name in ("batch", "group", "instance")
    options: dict[str, Any] = {"gamma": GAMMA, "beta": BETA} if by_channel else {}
    assert normalized(name, BATCH, **options).output == pytest.approx(slowly(BATCH, name, **options), rel=1e-14)


def test_the_published_row(convcalc: Convcalc) -> None:
    ran = convcalc("batch-norm", "-i", "1 2 3 4")
    assert "μ = (1 + 2 + 3 + 4)/4 = 10/4 = 2.5" in ran.stdout
    assert "/4 = 5/4 = 1.25" in ran.stdout
    assert [round(float(cell), 4) for cell in ran.answer.split()] == [-1.3416, -0.4472, 0.4472, 1.3416]


def test_roots_that_are_rational_leave_fractions() -> None:
    assert batch_norm([1, 3, 1, 3], eps=0, gamma=Fraction(1, 3)).output.tolist() == [
        Fraction(-1, 3), Fraction(1, 3), Fraction(-1, 3), Fraction(1, 3)
    ]  # fmt: skip
    back = batch_norm([0, 0, 4, 4], eps=0).backward([1, 0, 0, 0])
    assert back.input.output.tolist() == [Fraction(1, 4), Fraction(-1, 4), 0, 0]
    assert (back.gamma.tolist(), back.beta.tolist()) == ([-1], [1])


def test_given_statistics_are_constants(convcalc: Convcalc) -> None:
    assert batch_norm([[[1, 2]], [[3, 9]]], running=([1, 3], [4, 9]), eps=0).output.tolist() == [
        [[0, Fraction(1, 2)]], [[0, 2]]
    ]  # fmt: skip
    assert batch_norm([1, 2], running=(1, 4), eps=0).backward([3, 5]).input.output.tolist() == [
        Fraction(3, 2), Fraction(5, 2)
    ]  # fmt: skip
    assert convcalc("batch-norm", "-i", "1 2", "--running", "1,4", "--eps", "0", "-q").stdout == "0 0.5  #= 0 1/2\n"
    assert convcalc("batch-norm", "-i", "1 2", "--running", "1").status == 2


@pytest.mark.parametrize(("name", "running"), [*((name, False) for name in NAMES), ("batch", True)])
def test_gradients_are_difference_quotients(name: str, running: bool) -> None:
    options: dict[str, Any] = {} if name in ("layer", "row") else {"gamma": np.array(GAMMA), "beta": np.array(BETA)}
    if name == "row":
        options = {"gamma": np.array([1.0, 2.0, -3.0]), "beta": np.array([0.5, 0.0, 1.0])}
    if running:
        options["running"] = ([0.5, 1.0, 2.0, 3.0], [1.0, 4.0, 2.0, 9.0])
    upstream = RNG.normal(size=BATCH.shape)
    gradients = normalized(name, BATCH, **options).backward(upstream)
    answers = {"input": gradients.input.output}
    answers |= {key: getattr(gradients, key) for key in ("gamma", "beta") if key in options}
    for key, answer in answers.items():
        for at in list(np.ndindex(*answer.shape))[:12]:
            losses = []
            for step in (1e-4, -1e-4):
                moved = {
                    "input": BATCH.copy(),
                    **{k: v.copy() if hasattr(v, "copy") else v for k, v in options.items()},
                }
                moved[key][at] += step
                losses.append((normalized(name, moved.pop("input"), **moved).output * upstream).sum())
            assert float(answer[at]) == pytest.approx((losses[0] - losses[1]) / 2e-4, rel=1e-5, abs=1e-7), (key, at)


@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=12), st.integers(1, 50), st.integers(-50, 50))
def test_scaling_and_shifting_the_input_changes_nothing_without_eps(cells: list[int], scale: int, shift: int) -> None:
    if len(set(cells)) == 1:
        return
    moved = [scale * cell + shift for cell in cells]
    assert batch_norm(moved, eps=0).output.tolist() == batch_norm(cells, eps=0).output.tolist()


@given(st.lists(st.integers(-50, 50), min_size=2, max_size=8), st.integers(-9, 9))
def test_the_gradients_of_a_set_add_to_nothing(cells: list[int], upstream: int) -> None:
    gradient = batch_norm(cells).backward([upstream, *[1] * (len(cells) - 1)]).input.output
    assert math.fsum(map(float, gradient)) == pytest.approx(0, abs=1e-12 * (1 + max(map(abs, map(float, gradient)))))


def test_many_cells_are_worked_in_floats_and_come_to_the_same() -> None:
    grid = RNG.normal(100, 1, (3, 2, 40, 40))
    one, back = batch_norm(grid), batch_norm(grid).backward(grid)
    assert one.output == pytest.approx((grid - grid.mean((0, 2, 3), keepdims=True)) / np.sqrt(
        grid.var((0, 2, 3), keepdims=True) + 1e-5), rel=1e-9, abs=1e-9)  # fmt: skip
    few = batch_norm(grid[:, :, :20, :20]).backward(1)
    assert few.input.output == pytest.approx(np.zeros((3, 2, 20, 20)), abs=1e-9)
    assert back.gamma == pytest.approx((grid * one.output).sum((0, 2, 3)), rel=1e-9)
    assert back.beta == pytest.approx(grid.sum((0, 2, 3)), rel=1e-9)
    whole = batch_norm(grid).backward(np.arange(grid.size).reshape(grid.shape)).beta
    assert whole.tolist() == np.arange(grid.size).reshape(grid.shape).sum((0, 2, 3)).tolist()


@pytest.mark.parametrize(
    ("work", "said"),
    [
        (lambda: batch_norm([2, 2], eps=0), "alike"),
        (lambda: batch_norm([1, 2], gamma=[1, 2, 3]), "gamma has 3 numbers"),
        (lambda: batch_norm([1, 2], eps=-1), "eps is -1"),
        (lambda: batch_norm([1, 2], running=(1, -1)), "running variance"),
        (lambda: batch_norm([[[1]], [[2]]], running=([1, 2, 3], 1)), "running mean has 3"),
        (lambda: group_norm([[[1, 2]]] * 3, 2), "3 channels cannot be split into 2"),
        (lambda: layer_norm([1, 2], axes=2), "cannot be normalised over 2"),
        (lambda: batch_norm([1, 2], by_column=True), "rows and columns"),
    ],
)
def test_what_cannot_be_normalised_is_refused(work: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        work()


@pytest.mark.parametrize(
    ("line", "answer", "said"),
    [
        (("batch-norm", "-i", "1 2 3 4"), "-1.16 -0.39 0.39 1.16", "one less than there are cells"),
        (("batch-norm", "-i", "1 2 3 4"), "-1.2 -0.4 0.4 1.2", "without a root"),
        (("batch-norm", "-i", "1 2 3 4", "--gamma", "3"), "-1.34 -0.45 0.45 1.34", "gamma was forgotten"),
        (("batch-norm", "-i", "1 2 3 4", "--backward", "1 0 0 0"), "0.89 0 0 0", "taken for constants"),
    ],
)
def test_a_mistake_is_named(convcalc: Convcalc, line: tuple[str, ...], answer: str, said: str) -> None:
    assert said in convcalc(*line, "--check", answer).stdout


def test_a_script_with_a_batch_norm_goes_back_to_its_gamma(convcalc: Convcalc) -> None:
    script = "g = 2\nb = 1\nk = 1 0; 0 -1\ninput 1 2 3; 0 1 5; 2 2 1\nconv -k k\nbatch-norm --gamma g --beta b\n"
    script += 'flatten\nlinear "1 2 3 4"\nloss mse -t 3\n'
    ran = convcalc("run", "-", "--numeric", "all", stdin=script)
    assert ran.status == 0
    apart = [float(line.split()[-1]) for line in ran.stdout.splitlines() if line.startswith(("#   g", "# k[", "# g["))]
    assert apart
    assert max(apart) < 1e-6
    assert convcalc("run", "-", "--rate", "0.001", "--times", "5", stdin=script).status == 0
