"""Convolution against slow loops, against its laws, and against the lecture's own answers."""

import itertools
import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convcalc.engine.convolution import convolve
from convcalc.engine.kernels import KERNELS, kernel
from convcalc.engine.padding_modes import PadMode, border
from convcalc.engine.plan import plan
from convcalc.errors import InputError
from tests import reference

EXAMPLE = [
    [3, 0, 1, 2, 7, 4],
    [1, 5, 8, 9, 3, 1],
    [2, 7, 2, 5, 1, 3],
    [0, 1, 3, 1, 7, 8],
    [4, 2, 1, 6, 2, 8],
    [2, 4, 5, 2, 3, 9],
]
EXAMPLE_MAP = [[-5, -4, 0, 8], [-10, -2, 2, 3], [0, -2, -4, -7], [-3, -2, -3, -16]]


def integers(shape: tuple[int, ...], rng: random.Random, reach: int = 9) -> Any:
    if not shape:
        return rng.randint(-reach, reach)
    return [integers(shape[1:], rng, reach) for _ in range(shape[0])]


def test_the_lectures_example() -> None:
    assert convolve(EXAMPLE, kernel("edge")).output.tolist() == EXAMPLE_MAP


def test_the_lectures_exercise() -> None:
    grid = [[10, 10, 10, 0, 0, 0]] * 6
    assert convolve(grid, kernel("edge")).output.tolist() == [[0, 30, 30, 0]] * 4


CASES = [
    (seed, mode, stride, dilation, groups)
    for seed, (mode, stride, dilation, groups) in enumerate(
        itertools.product(
            [mode.value for mode in PadMode], ((1, 1), (2, 1), (3, 2)), ((1, 1), (2, 1), (1, 3)), (1, 2, 4)
        )
    )
]


@pytest.mark.parametrize(("seed", "mode", "stride", "dilation", "groups"), CASES)
def test_any_shape_equals_the_slow_loops(
    seed: int, mode: str, stride: tuple[int, int], dilation: tuple[int, int], groups: int
) -> None:
    rng = random.Random(seed)
    channels, filters = groups * rng.randint(1, 2), groups * rng.randint(1, 2)
    items = rng.randint(1, 2)
    height, width = rng.randint(7, 10), rng.randint(7, 10)
    taps = rng.randint(1, 3), rng.randint(2, 3)
    padding = rng.randint(0, 3), rng.randint(0, 3), rng.randint(0, 3), rng.randint(0, 3)
    x = integers((items, channels, height, width), rng)
    k = integers((filters, channels // groups, *taps), rng)
    bias = integers((filters,), rng)
    result = convolve(x, k, bias=bias, stride=stride, padding=padding, dilation=dilation, groups=groups, mode=mode)
    expected = reference.convolve(
        x,
        k,
        bias=bias,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        mode=mode,
    )
    assert result.output.tolist() == expected
    assert result.output.dtype == np.int64
    for at in np.ndindex(*result.plan.shape):
        n, o, r, c = at
        assert result.step(at).value == expected[n][o][r][c]


def test_a_step_shows_where_its_sum_comes_from() -> None:
    step = convolve(EXAMPLE, kernel("edge"), bias=[10]).step((1, 1))
    (channel,) = step.channels
    assert list(step.window.rows) == [1, 2, 3]
    assert channel.cells == ((5, 8, 9), (7, 2, 5), (1, 3, 1))
    assert channel.products == ((5, 0, -9), (7, 0, -5), (1, 0, -1))
    assert (channel.total, step.bias, step.value) == (-2, 10, 8)


def test_the_cells_of_a_step_that_are_padding_are_marked() -> None:
    (channel,) = convolve(EXAMPLE, kernel("edge"), padding=1).step((0, 0)).channels
    assert channel.padding == ((True, True, True), (True, False, False), (True, False, False))


def test_channels_are_summed_apart_then_together() -> None:
    x = [[[1, 2], [3, 4]], [[10, 20], [30, 40]]]
    step = convolve(x, [[[1, 1], [1, 1]], [[1, 0], [0, 0]]], bias=[5]).step((0, 0))
    assert [channel.total for channel in step.channels] == [10, 10]
    assert step.value == 25


grids = st.integers(3, 7).flatmap(
    lambda width: st.lists(st.lists(st.integers(-99, 99), min_size=width, max_size=width), min_size=3, max_size=7)
)
kernels = st.lists(st.lists(st.integers(-9, 9), min_size=3, max_size=3), min_size=3, max_size=3)


@given(grids)
def test_the_identity_kernel_gives_the_grid_back(grid: list[list[int]]) -> None:
    assert convolve(grid, kernel("identity"), padding=1).output.tolist() == grid


@given(grids, kernels, kernels, st.integers(-5, 5))
@settings(max_examples=50)
def test_convolution_is_linear_in_the_kernel(grid: Any, one: Any, other: Any, factor: int) -> None:
    together = np.array(one) * factor + np.array(other)
    apart = convolve(grid, one).output * factor + convolve(grid, other).output
    assert convolve(grid, together).output.tolist() == apart.tolist()


@given(grids, kernels, st.integers(1, 4), st.integers(1, 4))
@settings(max_examples=50)
def test_a_stride_subsamples_the_dense_answer(grid: Any, weights: Any, rows: int, columns: int) -> None:
    dense = convolve(grid, weights, padding=1).output
    assert (
        convolve(grid, weights, padding=1, stride=(rows, columns)).output.tolist() == dense[::rows, ::columns].tolist()
    )


@given(grids, kernels, st.sampled_from([mode.value for mode in PadMode]))
@settings(max_examples=50)
def test_padding_is_padding_first_and_then_a_valid_convolution(grid: Any, weights: Any, mode: str) -> None:
    first = reference.padded(grid, 1, 2, 2, 0, mode)
    assert (
        convolve(grid, weights, padding=(1, 2, 2, 0), mode=mode).output.tolist()
        == convolve(first, weights).output.tolist()
    )


@given(kernels, kernels)
def test_a_kernel_as_large_as_the_grid_is_a_dot_product(grid: Any, weights: Any) -> None:
    dot = sum(a * b for x, w in zip(grid, weights, strict=True) for a, b in zip(x, w, strict=True))
    assert convolve(grid, weights).output.tolist() == [[dot]]


@given(grids, kernels)
@settings(max_examples=50)
def test_flipping_is_correlating_with_the_kernel_turned_half_round(grid: Any, weights: Any) -> None:
    turned = [row[::-1] for row in weights[::-1]]
    assert convolve(grid, weights, flip=True).output.tolist() == convolve(grid, turned).output.tolist()


def test_full_padding_with_flip_is_polynomial_multiplication() -> None:
    assert convolve([1, 2, 3], [4, 5], padding="full", flip=True).output.tolist() == [4, 13, 22, 15]


def test_edge_flipped_is_its_own_negative_on_the_example() -> None:
    assert (convolve(EXAMPLE, kernel("edge"), flip=True).output == -np.array(EXAMPLE_MAP)).all()


@pytest.mark.parametrize("size", [2**31, 2**53 + 1, 2**62, 2**63, 2**200])
def test_integers_never_wrap_round(size: int) -> None:
    grid = [[size, -size, size - 1], [size, 1, 0], [-size, size, 1]]
    weights = [[3, -1], [size, 1]]
    assert convolve(grid, weights).output.tolist() == reference.convolve([[grid]], [[weights]])[0][0]


def test_the_least_int64_does_not_overflow_its_own_absolute_value() -> None:
    least = -(2**63)
    assert convolve([[least, least]], [[1, 1]]).output.tolist() == [[2 * least]]


def test_a_bias_beyond_64_bits_is_added_exactly() -> None:
    assert convolve([[1]], [[1]], bias=[2**63]).output.tolist() == [[2**63 + 1]]


def test_fractions_stay_fractions() -> None:
    answer = convolve(EXAMPLE, kernel("box")).output
    assert answer[0, 0] == Fraction(29, 9)
    assert convolve(EXAMPLE, kernel("box")).step((0, 0)).value == Fraction(29, 9)
    assert convolve([[9] * 3] * 3, kernel("box")).output.dtype == np.int64


def test_decimals_are_worked_as_they_are_written() -> None:
    assert convolve([[0.1, 0.2]], [[1, 1]]).output.tolist() == [[0.3]]
    assert convolve([[1.1, 2.2]], [[3, 0]], bias=[0.1]).output.tolist() == [[3.4]]
    assert convolve([[0.1, 0.2]], [[1, 1]]).step((0, 0)).value == 0.3


def test_float32_stays_float32_and_large_work_is_float() -> None:
    grid = np.full((300, 300), 0.1, dtype=np.float32)
    answer = convolve(grid, [[1, 1, 1]]).output
    assert answer.dtype == np.float32
    np.testing.assert_allclose(answer, 0.3, rtol=1e-6)
    assert convolve(grid[:4, :4], [[1, 1, 1]]).output[0, 0] == np.float32(0.3)


def test_large_grids_of_short_decimals_are_worked_exactly_too() -> None:
    answer = convolve(np.full((300, 300), 0.1), [[1, 1, 1]]).output
    assert answer.tolist() == [[0.3] * 298] * 300
    mixed = np.tile(np.array([0.1, 12.5, -3.007]), (300, 100))
    assert convolve(mixed, [[0.01, 0.5]]).output[0, :3].tolist() == [6.251, -1.3785, 0.01993]


def test_a_bias_of_nothing_over_a_fine_denominator() -> None:
    assert convolve([[1e-300, 0]], [[1e-200]], bias=[0]).output.tolist() == [[0.0, 0.0]]
    answer = convolve([[8.888616516005705], [1.807]], [[Fraction(-19, 1000000007)]], bias=[0]).output
    assert answer[1, 0] == float(Fraction("1.807") * -19 / 1000000007)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_large_grid_with_one_long_decimal_agrees_with_its_steps(dtype: Any) -> None:
    grid = (np.arange(90000).reshape(300, 300) % 100 / 100 + 8).astype(dtype)
    grid[7, 7] = 0.123456789012
    result = convolve(grid, [[1, 1], [1, 1]])
    for at in ((0, 0), (100, 101), (298, 298), (50, 3)):
        assert result.output[at] == dtype(result.step(at).value)


def test_quotients_too_many_to_read_are_floats() -> None:
    answer = convolve(np.full((300, 300), 2), kernel("box")).output
    assert answer.dtype == np.float64
    assert answer[0, 0] == 2
    assert convolve(np.full((300, 300), 2), kernel("box")).step((0, 0)).value == 2


def test_large_grids_of_long_decimals_are_floats() -> None:
    grid = np.random.default_rng(0).random((300, 300))
    np.testing.assert_allclose(convolve(grid, [[0.1, 0.2]]).output, grid[:, :-1] * 0.1 + grid[:, 1:] * 0.2, rtol=1e-14)


def test_several_maps_of_one_row_are_maps_and_not_rows() -> None:
    assert convolve([1, 2, 3], [[[[1, 1]]], [[[1, -1]]]]).output.tolist() == [[[3, 5]], [[-1, -1]]]


@pytest.mark.parametrize("shape", [(), (1, 1, 1, 1, 2)])
def test_a_grid_has_one_to_four_dimensions(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="1 to 4 dimensions"):
        convolve(np.ones(shape), [[1]])


def test_a_big_endian_unsigned_array_does_not_wrap_round() -> None:
    grid = np.array([[2**64 - 1, 2**63]], dtype=">u8")
    assert convolve(grid, [[1]]).output.tolist() == [[2**64 - 1, 2**63]]


def test_a_weight_no_float_holds_is_refused_in_float_work() -> None:
    grid = np.random.default_rng(0).random((300, 300))
    with pytest.raises(InputError, match="larger than a float"):
        _ = convolve(grid, [[10**400, 1]]).output


def test_large_integers_in_a_large_grid_are_exact() -> None:
    grid = np.full((300, 300), 2**40)
    answer = convolve(grid, [[2**30, 1]]).output
    assert answer[0, 0] == 2**70 + 2**40


def test_a_sum_no_float_holds_is_refused() -> None:
    with pytest.raises(InputError, match="larger than a float"):
        _ = convolve([[1e308, 1e308]], [[1.0, 1.0]]).output


@pytest.mark.parametrize(
    ("shape", "kernel_shape", "options", "message"),
    [
        ((1, 3, 6, 6), (1, 1, 3, 3), {}, "kernel reads 1 channel, but the input has 3"),
        ((1, 1, 6, 6), (1, 3, 3, 3), {}, "kernel reads 3 channels, but the input has 1"),
        ((1, 3, 6, 6), (2, 3, 3, 3), {"groups": 2}, "3 input channels cannot be divided into 2 groups"),
        ((1, 4, 6, 6), (3, 2, 3, 3), {"groups": 2}, "3 filters cannot be divided into 2 groups"),
        ((1, 1, 2, 6), (1, 1, 3, 3), {}, "kernel of 3 rows does not fit an input of 2"),
        (
            (1, 1, 3, 3),
            (1, 1, 3, 3),
            {"dilation": 2},
            r"kernel of 3 rows \(dilated by 2: 5\) does not fit an input of 3",
        ),
        ((1, 1, 6, 6), (1, 1, 3, 3), {"stride": 0}, "stride must be at least 1, not 0"),
        ((1, 1, 6, 6), (1, 1, 3, 3), {"groups": 0}, "groups must be at least 1"),
        ((1, 1, 6, 6), (1, 1, 3, 3), {"stride": (1, 2, 3)}, "stride takes 1 or 2 numbers, not 3"),
        ((1, 1, 6, 6), (1, 1, 3, 3), {"padding": (1, 2, 3)}, "padding takes 1, 2 or 4 numbers, not 3"),
        ((1, 1, 6, 6), (1, 1, 3, 3), {"padding": -1}, "padding must be at least 0, not -1"),
        (
            (1, 1, 3, 3),
            (1, 1, 3, 3),
            {"padding": 3, "border": border("reflect")},
            "reflect padding of 3 needs more than the 3 rows",
        ),
        (
            (1, 1, 3, 3),
            (1, 1, 3, 3),
            {"padding": 4, "border": border("circular")},
            "circular padding of 4 needs more than",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_the_numbers_that_disagree(
    shape: Any, kernel_shape: Any, options: Any, message: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        plan(shape, kernel_shape, **options)
    assert caught.value.hint


def test_one_row_is_one_dimensional() -> None:
    result = convolve([1, 2, 4, 7], [1, 1], padding=1, stride=2)
    assert result.output.tolist() == [1, 6, 7]
    assert convolve([[1, 2, 4, 7]], [[1, 1]], padding=(1, 0)).output.shape == (3, 3)


@pytest.mark.parametrize("name", list(KERNELS))
def test_every_named_kernel_runs_on_what_it_is_for(name: str) -> None:
    weights = kernel(name)
    grid = [[1, 2, 4, 8, 9]] * (1 if len(weights) == 1 else 5)
    assert convolve(grid, weights).output.tolist() == reference.convolve([[grid]], [[weights.tolist()]])[0][0]
