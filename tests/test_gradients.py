"""Gradients against central differences, which are exact here: convolutions are linear, and so is most pooling."""

import itertools
import json
import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from convcalc.engine import gradients, routing
from convcalc.engine.convolution import convolve
from convcalc.engine.exact import exact
from convcalc.engine.padding_modes import PadMode
from convcalc.engine.pooling import pool
from convcalc.engine.pooling_kinds import PoolKind
from convcalc.engine.readings import as_matmul, as_toeplitz, reads
from convcalc.errors import InputError
from tests import reference
from tests.conftest import Convcalc
from tests.test_convolution import integers

STEP = Fraction(1, 7)
MODES = [mode.value for mode in PadMode]
CASES = list(itertools.product(((1, 1), (2, 3)), ((1, 1), (2, 1)), (1, 2), MODES, (False, True)))


def case(
    stride: tuple[int, int], dilation: tuple[int, int], groups: int, mode: str, flip: bool
) -> tuple[Any, Any, dict[str, Any]]:
    rng = random.Random(f"{stride}{dilation}{groups}{mode}{flip}")
    x = integers((rng.randint(1, 2), 2, rng.randint(4, 5), rng.randint(4, 6)), rng)
    kernel = integers((2, 2 // groups, rng.randint(1, 2), rng.randint(1, 3)), rng)
    padding = tuple(rng.randint(0, 2) for _ in range(4))
    options = {
        "stride": stride,
        "dilation": dilation,
        "groups": groups,
        "mode": mode,
        "flip": flip,
        "padding": padding,
        "bias": [1, -2],
    }
    return x, kernel, options


def places(grid: Any, rng: random.Random, most: int = 12) -> list[tuple[int, ...]]:
    every = list(np.ndindex(*np.array(grid).shape))
    return rng.sample(every, min(most, len(every)))


@pytest.mark.parametrize("settings", CASES)
def test_a_convolutions_gradients_are_its_slopes(settings: Any) -> None:
    x, kernel, options = case(*settings)
    rng = random.Random(1)
    result = convolve(x, kernel, **options)
    gradient = integers(result.maps.shape, rng)
    found = gradients.backward(result, gradient)

    def weighed(**changed: Any) -> Any:
        both = {"x": x, "kernel": kernel, **options, **changed}
        return (convolve(both.pop("x"), both.pop("kernel"), **both).maps * np.array(gradient)).sum()

    for at in places(x, rng):
        assert found.input[at] == reference.slope(lambda grid: weighed(x=grid), x, at, STEP)
    for at in places(kernel, rng):
        assert found.kernel[at] == reference.slope(lambda grid: weighed(kernel=grid), kernel, at, STEP)
    for at in places([0, 0], rng):
        assert found.bias[at] == reference.slope(lambda bias: weighed(bias=bias), options["bias"], at, STEP)


@pytest.mark.parametrize("settings", CASES)
def test_other_readings_make_the_same_maps(settings: Any) -> None:
    x, kernel, options = case(*settings)
    result = convolve(x, kernel, **{**options, "bias": None})
    for product in as_matmul(result) + as_toeplitz(result):
        assert (product.left.dot(product.right) == product.result).all()
    rng = random.Random(2)
    for at in places(x, rng, 4):
        alone = np.zeros_like(np.array(x))
        alone[at] = 1
        answer = convolve(alone, kernel, **{**options, "bias": None}).maps[at[0]]
        readings = reads(result, at)
        assert readings.weights.tolist() == answer.tolist()
        assert all(exact(one.product) == exact(one.cell) * exact(one.weight) for one in readings.found)


def test_weights_that_add_up_never_wrap_and_decimals_are_those_written() -> None:
    large = convolve([1, 2], [2**62, 2**62, 2**62], padding=2, mode="replicate")
    assert reads(large, (0, 0)).weights[0].tolist() == [[3 * 2**62, 2 * 2**62, 2**62, 0]]
    assert as_toeplitz(large)[0].left.tolist()[0] == [3 * 2**62, 0]
    decimals = convolve([1, 2], [0.1, 0.2, 1], padding=2, mode="replicate")
    assert reads(decimals, (0, 0)).weights[0].tolist() == [[1.3, 0.3, 0.1, 0]]
    assert as_toeplitz(decimals)[0].left.tolist()[1] == [0.3, 1]


def test_a_bias_is_no_part_of_the_matrix_product() -> None:
    result = convolve([[1, 2], [3, 4]], [[1, 2]], bias=[Fraction(1, 2)])
    assert as_matmul(result)[0].result.tolist() == [[5], [11]]
    assert as_toeplitz(result)[0].result.tolist() == [[5], [11]]


@pytest.mark.parametrize(
    ("shape", "kernel", "options"),
    [
        ((2, 2), (1, 1), {"stride": 5, "padding": 1}),
        ((3, 4), (2, 2), {"stride": 4, "padding": 1}),
        ((2, 2), (1, 1), {"stride": 3, "padding": 1, "mode": "replicate"}),
    ],
)
def test_windows_over_nothing_but_padding_have_gradients_too(shape: Any, kernel: Any, options: Any) -> None:
    x, weights = integers(shape, random.Random(1)), integers(kernel, random.Random(2))
    found = gradients.backward(convolve(x, weights, **options))
    for at in np.ndindex(*kernel):
        slope = reference.slope(lambda grid: convolve(x, grid, **options).maps.sum(), weights, at, STEP)
        assert found.kernel_like()[at] == slope
    for at in np.ndindex(*shape):
        assert found.input_like()[at] == reference.slope(
            lambda g: convolve(g, weights, **options).maps.sum(), x, at, STEP
        )


@pytest.mark.parametrize("wrong", [[[1, 2]], [[1], [2], [3]], [1, 2]])
def test_a_gradient_lying_the_other_way_is_refused(wrong: Any) -> None:
    with pytest.raises(InputError, match="but the output is 2×1"):
        gradients.backward(convolve([[1, 2], [3, 4]], [[1, 1]]), wrong)


def test_a_cell_no_window_covers_is_read_by_none() -> None:
    readings = reads(convolve([1, 2, 3, 4], [1], stride=3), (0, 1))
    assert (readings.found, readings.weights.tolist()) == ((), [[[0, 0]]])


POOLINGS: list[tuple[str, dict[str, Any]]] = [
    ("max", {"window": 2}),
    ("max", {"window": 3, "stride": 2, "padding": 1}),
    ("max", {"window": 2, "stride": 1, "dilation": 2}),
    ("min", {"window": 2, "stride": 1}),
    ("avg", {"window": 2}),
    ("avg", {"window": 3, "stride": 1, "padding": 1}),
    ("avg", {"window": 3, "stride": 2, "padding": 1, "count_padding": False}),
    ("avg", {"window": 2, "ceil": True}),
    ("avg", {"adaptive": (2, 3)}),
    ("max", {"adaptive": (2, 3)}),
    ("sum", {"window": 2, "stride": 1}),
    ("sum", {"window": 2, "stride": 1, "dilation": 2}),
    ("avg", {"window": (2, 3), "stride": 2, "dilation": (2, 1), "padding": (1, 0)}),
    ("avg", {"window": 2, "divisor": 3}),
    ("min", {"window": 2, "stride": 1, "dilation": 2}),
    ("lp", {"window": 2, "stride": 1, "dilation": 2, "norm": 1}),
    ("median", {"window": 3, "stride": 1}),
    ("median", {"window": 2}),
    ("median", {"window": 3, "stride": 2, "padding": 1}),
    ("median", {"adaptive": (2, 3)}),
    ("median", {"footprint": "cross", "stride": 1, "padding": 1}),
    ("max", {"footprint": [[1, 0, 1], [0, 1, 1]], "stride": 1}),
    ("min", {"footprint": "cross", "stride": 2, "padding": 1}),
    ("lp", {"window": 2, "norm": 1}),
]


def test_every_kind_of_pooling_has_its_gradient_held_against_its_slope() -> None:
    assert {kind for kind, _ in POOLINGS} == set(PoolKind)


@pytest.mark.parametrize(("kind", "options"), POOLINGS)
def test_a_poolings_gradient_is_its_slope(kind: str, options: dict[str, Any]) -> None:
    rng = random.Random(str(options))
    cells = rng.sample([*range(-40, 0), *range(1, 40)], 50)  # no ties, and no zeros
    x = [[cells[0:5], cells[5:10], cells[10:15], cells[15:20], cells[20:25]], np.reshape(cells[25:], (5, 5)).tolist()]
    result = pool(x, kind, **options)
    gradient = integers(result.maps.shape, rng)
    found = routing.backward(result, gradient)
    for at in places(x, rng, 50):
        slope = reference.slope(lambda grid: (pool(grid, kind, **options).maps * np.array(gradient)).sum(), x, at, STEP)
        assert found.input[0][at] == slope
    shape = result.shape
    last = found.step((0, shape[1] - 1, shape[2] - 1, shape[3] - 1))
    assert last.so_far.tolist() == found.input[0, -1].tolist()


@pytest.mark.parametrize("norm", [2, 3])
def test_an_lp_poolings_gradient_is_nearly_its_slope(norm: int) -> None:
    x = [[3.0, -4.0, 1.0, 2.0]]
    found = routing.backward(pool(x, "lp", window=(1, 2), norm=norm), [[2, -1]])
    for column in range(4):
        slope = reference.slope(
            lambda grid: (pool(grid, "lp", window=(1, 2), norm=norm).maps * np.array([2.0, -1.0])).sum(),
            x,
            (0, column),
            Fraction(1, 2**14),
        )
        assert found.input[0, 0, 0, column] == pytest.approx(float(slope), abs=1e-6)


@pytest.mark.parametrize("norm", [2, 3])
def test_an_lp_poolings_gradient_in_floats_is_the_exact_one(norm: int, monkeypatch: pytest.MonkeyPatch) -> None:
    forward = pool(integers((2, 6, 7), random.Random(norm)), "lp", window=(2, 3), stride=(1, 2), norm=norm)
    exactly = routing.backward(forward, 3).input.astype(float)
    monkeypatch.setattr(routing, "MOST_EXACT_ROOTS", 0)
    np.testing.assert_allclose(routing.backward(forward, 3).input, exactly, rtol=1e-12)


@pytest.mark.parametrize("kind", ["max", "min", "avg", "sum"])
def test_what_a_step_shows_is_what_the_answer_holds(kind: str) -> None:
    cases: list[tuple[Any, Any]] = [
        ([0.5, 0.25], Fraction(1, 3)),
        ([1, 2], 0.1),
        ([0.5, 0.25], 10**400),
        ([1.5, 2.5], 3),
    ]
    for grid, gradient in cases:
        found = routing.backward(pool(grid, kind), gradient)
        step = found.step((0, 0))
        assert step.so_far.tolist() == found.input[0, 0].tolist()
        assert [list(line) for line in step.shares] == found.input[0, 0].tolist()


def test_very_large_and_small_cells_have_lp_gradients() -> None:
    assert routing.backward(pool([1e200, 1e200], "lp")).input_like().tolist() == [pytest.approx(0.5**0.5)] * 2
    assert routing.backward(pool([1e-300, 1e300], "lp", norm=64)).input_like().tolist() == [0, 1]
    assert pool([1e-320, 1e-320], "lp", norm=64).output.tolist() == [pytest.approx(1e-320, rel=0.1)]


def test_a_whole_root_gives_a_whole_gradient() -> None:
    assert routing.backward(pool([3, 4], "lp"), 5).input_like().tolist() == [3, 4]
    assert routing.backward(pool([0, 0], "lp"), 5).input_like().tolist() == [0, 0]


@pytest.mark.parametrize(("kind", "grid"), [("max", [7, 7, 7, 7]), ("min", [7, 7, 7, 7]), ("max", [-9, -9, 0, 0])])
def test_of_equals_the_first_wins_as_in_pytorch(kind: str, grid: list[int]) -> None:
    assert routing.backward(pool(grid, kind), [5, 6]).input_like().tolist() == [5, 0, 6, 0]
    assert routing.backward(pool([grid, grid], kind), 1).input_like().tolist() == [[1, 0, 1, 0], [0, 0, 0, 0]]


def test_the_least_cell_beside_the_padding_wins_over_it() -> None:
    result = pool([[-(2**63), -(2**63)]], window=(1, 2), stride=(1, 1), padding=(0, 1))
    assert routing.backward(result, [[1, 10, 100]]).input_like().tolist() == [[11, 100]]


def test_gradients_are_exact() -> None:
    result = convolve([[0.1, 0.2, 0.3]], [[0.5, 0.25]])
    found = gradients.backward(result, [[1, 1]])
    assert (found.kernel_like().tolist(), found.input_like().tolist()) == ([[0.3, 0.5]], [[0.5, 0.75, 0.25]])
    third = Fraction(1, 3)
    assert gradients.backward(convolve([1, 2, 3], [1, 1]), [third, third]).bias.tolist() == [2 * third]
    large = gradients.backward(convolve([[2**40] * 3], [[2**40]], padding=1, mode="replicate"), 2**40)
    assert large.input_like().tolist() == [[2 * 2**80, 2**80, 2 * 2**80]]
    assert routing.backward(pool([0.1, 0.2, 0.3], "avg", window=2, stride=1), [0.1, 0.2]).input_like().tolist() == [
        0.05,
        0.15,
        0.1,
    ]


def test_a_gradient_has_the_outputs_shape_or_is_one_number() -> None:
    result = convolve([[1, 2], [3, 4]], [[1]])
    assert gradients.backward(result).kernel_like().tolist() == [[10]]
    assert gradients.backward(result, [[1, 1], [1, 1]]).kernel_like().tolist() == [[10]]
    with pytest.raises(InputError, match="the gradient is 1×4, but the output is 2×2") as caught:
        gradients.backward(result, [[1, 2, 3, 4]])
    assert caught.value.hint


def test_what_is_too_large_to_read_is_refused() -> None:
    result = convolve(np.zeros((60, 60), dtype=int), np.ones((3, 3), dtype=int))
    with pytest.raises(InputError, match="patches matrix would be 3,364×9"):
        as_matmul(result)
    with pytest.raises(InputError, match="matrix would be 3,364×3,600"):
        as_toeplitz(result)
    with pytest.raises(InputError, match=r"no cell \[60,0\]"):
        reads(result, (60, 0))


GROUPED = ("conv", "-i", "[[[1,2,3]],[[4,5,6]]]", "-k", "[[[[1,2]]],[[[3,4]]]]", "-g", "2", "--backward", "1")


def test_a_grouped_kernels_gradient_has_steps_of_every_group(convcalc: Convcalc) -> None:
    ran = convcalc(*GROUPED, "--wrt", "kernel")
    assert "groups 2" in ran.stdout
    assert ran.answer == "3 5\n9 11\n"
    alone = convcalc(*GROUPED, "--wrt", "kernel", "--at", "1,1")
    assert "kernel gradient, filter 1, ch. 0[1]" in alone.stdout
    assert "5×1 + 6×1 = 11" in alone.stdout
    assert "filter 0, ch. 0[" not in alone.stdout
    outside = convcalc(*GROUPED, "--wrt", "kernel", "--at", "2,0")
    assert (outside.status, "lies outside" in outside.stderr) == (1, True)


def test_a_grouped_kernels_gradient_can_be_stepped_through(convcalc: Convcalc) -> None:
    ran = convcalc(*GROUPED, "--wrt", "kernel", "--format", "json")
    steps = json.loads(ran.stdout)["steps"]
    assert len(steps) == 4
    assert steps[2]["sums"][0]["terms"] == ["4×1", "5×1"]
