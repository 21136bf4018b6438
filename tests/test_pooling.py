"""Pooling against slow loops, PyTorch's rules, and the lecture's own answers."""

import itertools
import random
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from convcalc.engine.geometry import AdaptiveAxis
from convcalc.engine.pooling import pool
from convcalc.engine.pooling_kinds import PoolKind
from convcalc.errors import InputError
from tests import reference
from tests.conftest import Convcalc
from tests.test_convolution import EXAMPLE_MAP, integers

POOL = [[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]


@pytest.mark.parametrize(
    ("grid", "kind", "answer"),
    [
        (POOL, "max", [[6, 8], [3, 4]]),
        (POOL, "avg", [[3.25, 5.25], [2, 2]]),
        (POOL, "min", [[1, 2], [1, 0]]),
        (POOL, "sum", [[13, 21], [8, 8]]),
        (EXAMPLE_MAP, "max", [[-2, 8], [0, -3]]),
        (EXAMPLE_MAP, "avg", [[-5.25, 3.25], [-1.75, -7.5]]),
    ],
)
def test_the_lectures_examples(grid: Any, kind: str, answer: Any) -> None:
    assert pool(grid, kind).output.tolist() == answer


def test_every_kind_has_a_slow_loop_to_be_held_against() -> None:
    assert set(reference.REDUCED) == set(PoolKind)


CASES = list(
    enumerate(
        itertools.product([kind.value for kind in PoolKind], (False, True), (False, True), ((1, 1), (2, 1), (2, 3)))
    )
)


@pytest.mark.parametrize(("seed", "case"), CASES)
def test_any_shape_equals_the_slow_loops(seed: int, case: tuple[str, bool, bool, tuple[int, int]]) -> None:
    kind, ceil, count_padding, stride = case
    rng = random.Random(seed)
    window = rng.randint(1, 3), rng.randint(2, 4)
    padding = (*(rng.randint(0, window[0] // 2) for _ in "tb"), *(rng.randint(0, window[1] // 2) for _ in "lr"))
    grid = integers((rng.randint(4, 8), rng.randint(5, 9)), rng)
    options: dict[str, Any] = {
        "window": window,
        "stride": stride,
        "padding": padding,
        "ceil": ceil,
        "count_padding": count_padding,
    }
    result = pool(grid, kind, **options)
    expected = reference.pool(grid, kind, **options)
    if kind == "lp":
        np.testing.assert_allclose(result.output.astype(float), np.array(expected), rtol=1e-12)
    else:
        assert result.output.tolist() == expected
    for row, column in np.ndindex(*result.output.shape):
        assert result.step((row, column)).value == result.output[row, column]


@pytest.mark.parametrize("dilation", [(2, 1), (1, 3), (2, 2)])
def test_dilated_maxima_equal_the_slow_loops(dilation: tuple[int, int]) -> None:
    grid = integers((9, 9), random.Random(1))
    options: dict[str, Any] = {"window": (2, 3), "stride": (1, 2), "dilation": dilation, "padding": (1, 1, 1, 1)}
    assert pool(grid, **options).output.tolist() == reference.pool(grid, "max", **options)


def test_maxima_of_negative_cells_do_not_take_the_padding() -> None:
    assert pool([[-5, -7], [-6, -9]], window=2, stride=1, padding=1).output.tolist() == [
        [-5, -5, -7],
        [-5, -5, -7],
        [-6, -6, -9],
    ]


def test_the_first_of_equals_wins() -> None:
    assert pool([[7, 7], [7, 1]]).step((0, 0)).winner == (0, 0)
    assert pool([[1, 7], [7, 1]]).step((0, 0)).winner == (0, 1)


@pytest.mark.parametrize(
    ("size", "window", "stride", "padding", "output"),
    [
        (5, 2, 2, 0, 3),
        (6, 3, 2, 0, 3),
        (3, 2, 2, 1, 2),
        (4, 3, 3, 1, 2),
        (7, 3, 3, 0, 3),
        (2, 2, 3, 1, 1),
        (3, 2, 3, 1, 2),
        (4, 4, 4, 2, 2),
        (1, 2, 2, 1, 1),
        (5, 1, 3, 0, 2),
    ],
)
def test_with_ceil_the_last_window_starts_inside_the_input_or_its_left_padding(
    size: int, window: int, stride: int, padding: int, output: int
) -> None:
    """The outputs are those of torch.nn.functional.max_pool1d(..., ceil_mode=True), PyTorch 2.13."""
    result = pool(list(range(size)), window=window, stride=stride, padding=padding, ceil=True)
    assert result.output.shape == (output,)


def test_an_overhanging_window_divides_by_what_it_covers() -> None:
    """PyTorch clips an average's divisor to the padded input: the last window here covers one cell."""
    assert pool([2, 4, 6, 8, 5], "avg", ceil=True).output.tolist() == [3, 7, 5]


def test_padding_counts_in_the_divisor_or_not() -> None:
    counted = pool([[4, 8]], "avg", window=(1, 2), stride=2, padding=(0, 0, 1, 1))
    assert counted.output.tolist() == [[2, 4]]
    left_out = pool([[4, 8]], "avg", window=(1, 2), stride=2, padding=(0, 0, 1, 1), count_padding=False)
    assert left_out.output.tolist() == [[4, 8]]
    assert left_out.step((0, 0)).divisor == 1


@pytest.mark.parametrize("size", range(1, 12))
@pytest.mark.parametrize("output", range(1, 6))
def test_adaptive_windows_cover_everything_evenly(size: int, output: int) -> None:
    axis = AdaptiveAxis(size, output)
    windows = [list(axis.reads(index)) for index in range(output)]
    assert {cell for window in windows for cell in window} == set(range(size))
    assert [[size - 1 - cell for cell in window[::-1]] for window in windows[::-1]] == windows
    assert max(map(len, windows)) - min(map(len, windows)) <= 1
    means = [Fraction(sum(window), len(window)) for window in windows]
    assert pool(list(range(size)), "avg", adaptive=output).output.tolist() == means


def test_global_is_the_mean_of_each_channel() -> None:
    assert pool([POOL, EXAMPLE_MAP], "avg", adaptive=1).output.tolist() == [[[Fraction(25, 8)]], [[Fraction(-45, 16)]]]


@pytest.mark.parametrize("size", [4, 6, 8, 12, 16, 20, 40])
def test_averages_of_long_decimals_are_the_nearest_floats(size: int) -> None:
    grid = np.random.default_rng(size).random((size, size))
    mean = sum(Fraction(str(cell)) for cell in grid.ravel().tolist()) / size**2
    assert pool(grid, "avg", adaptive=1).output.tolist() == [[float(mean)]]


@pytest.mark.parametrize("small", ["1e-18", "1e-20", "1e-300"])
def test_averages_over_many_decimals_do_not_wrap_round(small: str) -> None:
    expected = float((Fraction(small) + 3) / 4)
    assert pool([[float(small), 1], [1, 1]], "avg").output.tolist() == [[expected]]


@pytest.mark.parametrize("over", [2**62, 2**64 + 1, 5 * 10**18 + 1])
def test_averages_of_fine_fractions_are_exact(over: int) -> None:
    assert pool([[Fraction(1, over), 1], [1, 1]], "avg").output[0, 0] == (Fraction(1, over) + 3) / 4


def test_the_sizes_of_the_least_integers() -> None:
    assert pool([[-(2**63), 1]], "lp", window=(1, 2), norm=1).output.tolist() == [[2**63 + 1]]


def test_large_grids_take_the_same_roots() -> None:
    tile = np.tile([[4, 0], [0, 0]], (150, 150))
    assert (pool(tile, "lp", norm=3).output == 4).all()
    np.testing.assert_allclose(pool(np.full((300, 300), 1e-200), "lp").output, 2e-200)
    np.testing.assert_allclose(pool(np.full((300, 300), 1e200), "lp").output, 2e200)


def test_an_irrational_root_makes_the_grid_floats() -> None:
    assert pool([[10**20, 0, 1, 1]], "lp", window=(1, 2)).output.tolist() == [[1e20, 2**0.5]]


def test_channels_are_pooled_apart() -> None:
    assert pool([POOL, EXAMPLE_MAP]).output.tolist() == [[[6, 8], [3, 4]], [[-2, 8], [0, -3]]]


def test_lp_is_exact_where_the_root_is_whole() -> None:
    assert pool([[3, 4], [0, 0]], "lp").output.tolist() == [[5]]
    assert pool([[-1, 2], [0, -3]], "lp", norm=1).output.tolist() == [[6]]
    assert pool([[1, 1]], "lp", window=(1, 2)).output[0, 0] == 2**0.5
    assert pool([[10**20 + 1, 0]], "lp", window=(1, 2)).output.tolist() == [[10**20 + 1]]
    assert pool([[10**200, 0]], "lp", window=(1, 2)).output.tolist() == [[10**200]]
    assert pool([[0.3, 0]], "lp", window=(1, 2), norm=3).output.tolist() == [[0.3]]
    assert pool([[1e-200, 0]], "lp", window=(1, 2)).output.tolist() == [[1e-200]]
    assert pool([[Fraction(1, 3), 0]], "lp", window=(1, 2)).output.tolist() == [[Fraction(1, 3)]]
    assert pool(np.full((300, 300), 2**60 + 1), "lp", norm=1).output[0, 0] == 4 * (2**60 + 1)


@pytest.mark.parametrize("value", [2, 3, 10, 12345, 10**15 + 1])
@pytest.mark.parametrize("norm", [2, 3, 5])
def test_irrational_roots_are_the_nearest_floats(value: int, norm: int) -> None:
    expected = float((Decimal(value) ** norm + 1) ** (Decimal(1) / norm))
    assert pool([[value, 1]], "lp", window=(1, 2), norm=norm).output[0, 0] == expected


def test_a_window_of_nothing_but_padding_is_refused_wherever_it_is() -> None:
    with pytest.raises(InputError, match="window 0 of the columns would read nothing but padding"):
        pool([[5, 6]], window=(1, 2), dilation=(1, 3), padding=(0, 1), stride=1)


def test_with_ceil_a_window_may_be_larger_than_the_input() -> None:
    """PyTorch 2.13: max_pool2d and avg_pool2d of [[1, 2], [3, 4]] with 3, ceil_mode=True, give 4 and 2.5."""
    assert pool([[1, 2], [3, 4]], "max", window=3, ceil=True).output.tolist() == [[4]]
    assert pool([[1, 2], [3, 4]], "avg", window=3, ceil=True).output.tolist() == [[2.5]]


def test_a_sum_no_float_holds_is_refused_without_a_warning() -> None:
    with pytest.raises(InputError, match="larger than a float"):
        _ = pool(np.full((300, 300), 1e308) * np.linspace(0.9, 1, 300), "sum").output


@pytest.mark.parametrize("kind", ["max", "avg", "sum"])
def test_large_grids_take_the_quick_way_to_the_same_answer(kind: str) -> None:
    rng = np.random.default_rng(0)
    grid = rng.integers(-1000, 1000, (400, 300))
    whole = pool(grid, kind, window=3, stride=2).output
    corner = pool(grid[:41, :31], kind, window=3, stride=2).output
    np.testing.assert_allclose(whole[:20, :15].astype(float), corner.astype(float), rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint64, np.float16, np.float32])
def test_narrow_types_do_not_wrap_or_widen_wrongly(dtype: Any) -> None:
    grid = np.full((4, 4), 120, dtype=dtype)
    assert pool(grid, "sum").output.tolist() == [[480, 480], [480, 480]]


def test_sums_beyond_64_bits() -> None:
    assert pool([[2**62] * 4] * 2, "sum").output.tolist() == [[2**64, 2**64]]
    assert pool([[2**70, 1], [0, 0]]).output.tolist() == [[2**70]]
    assert pool([[2**70, 0], [0, 0]], "avg").output.tolist() == [[2**68]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window": 5}, "window of 5 rows does not fit an input of 4"),
        ({"window": 2, "padding": 2}, "padding of 2 is more than half the pooling window of 2"),
        ({"window": 0}, "window must be at least 1"),
        ({"kind": "sum", "divisor": 2}, "sum pooling has no divisor"),
        ({"kind": "avg", "divisor": 0}, "the divisor is 0"),
        ({"kind": "sum", "footprint": "cross"}, "sum pooling takes no footprint"),
        ({"footprint": [[0, 0]]}, "with a 1 at least"),
        ({"footprint": "cross4"}, "no middle"),
        ({"footprint": "cross", "adaptive": 2}, "have no footprint"),
        ({"kind": "lp", "norm": 0}, "p of lp pooling must be from 1 to 64"),
        ({"adaptive": 0}, "output must be at least 1"),
    ],
)
def test_what_cannot_be_is_refused(options: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        pool(POOL, **options)


def slowly(plane: list[list[Any]], kind: str, counts: list[list[int]], stride: int, dilation: int, pad: int) -> Any:
    """Reduce the cells of a footprint's windows by a loop."""
    height, width = len(plane), len(plane[0])
    tall, wide = (dilation * (len(side) - 1) + 1 for side in (counts, counts[0]))
    rows = []
    for top in range(-pad, height + pad - tall + 1, stride):
        cells = []
        for left in range(-pad, width + pad - wide + 1, stride):
            real = [
                plane[top + i * dilation][left + j * dilation]
                for i, line in enumerate(counts)
                for j, one in enumerate(line)
                if one and 0 <= top + i * dilation < height and 0 <= left + j * dilation < width
            ]
            cells.append(reference.REDUCED[kind](real, 0, 0))
        rows.append(cells)
    return rows


SHAPES = {
    "cross": [[0, 1, 0], [1, 1, 1], [0, 1, 0]],
    "disk5": [[0, 0, 1, 0, 0], [0, 1, 1, 1, 0], [1, 1, 1, 1, 1], [0, 1, 1, 1, 0], [0, 0, 1, 0, 0]],
    "1 0; 0 1": [[1, 0], [0, 1]],
}


@pytest.mark.parametrize("kind", ["max", "min", "median"])
@pytest.mark.parametrize(
    ("shape", "stride", "dilation", "pad"),
    [
        *((shape, *how) for shape in SHAPES for how in ((1, 1, 0), (2, 1, 0), (1, 2, 0))),
        *((shape, 1, 1, 1) for shape in ("cross", "disk5")),  # a corner of the other would read padding alone
    ],
)
def test_a_footprint_says_which_cells_count(kind: str, shape: str, stride: int, dilation: int, pad: int) -> None:
    plane = np.random.default_rng(4).integers(-20, 20, (10, 9)).tolist()
    found = pool(plane, kind, footprint=SHAPES[shape], stride=stride, dilation=dilation, padding=pad)
    assert found.output.tolist() == slowly(plane, kind, SHAPES[shape], stride, dilation, pad)
    for at in np.ndindex(*found.output.shape):
        assert found.step(at).value == found.output[at]


def test_a_footprint_of_nothing_but_padding_is_refused(convcalc: Convcalc) -> None:
    with pytest.raises(InputError, match="nothing but padding"):
        pool([[1, 2], [3, 4]], footprint=[[1, 0], [0, 0]], padding=1, stride=1)
    assert convcalc("pool", "max", "-i", "1 2; 3 4", "--shape", "cross", "-w", "2").status == 2
    assert convcalc("pool", "avg", "-i", "1 2; 3 4", "--shape", "cross").status == 2
    assert convcalc("pool", "max", "-i", "1 2; 3 4", "--shape", "1 0; 0 1").answer == "4\n"


def test_named_footprints_are_what_they_are_called() -> None:
    for name in ("cross", "disk5"):
        found = pool([[1]], footprint=name, padding="same").footprint
        assert found is not None
        assert found.astype(int).tolist() == SHAPES[name]


@pytest.mark.parametrize("kind", ["avg", "sum", "min", "median"])
def test_every_kind_can_be_dilated(kind: str) -> None:
    plane = np.random.default_rng(6).integers(-20, 20, (7, 8)).tolist()
    found = pool(plane, kind, window=3, stride=1, dilation=2).output
    full = [[1] * 3] * 3
    if kind == "avg":
        assert found.tolist() == [[Fraction(x, 9) for x in row] for row in slowly(plane, "sum", full, 1, 2, 0)]
    else:
        assert found.tolist() == slowly(plane, kind, full, 1, 2, 0)


def test_a_divisor_is_taken_instead_of_the_cells(convcalc: Convcalc) -> None:
    assert pool([[1, 2], [3, 4]], "avg", divisor=3).output.tolist() == [[Fraction(10, 3)]]
    ran = convcalc("pool", "avg", "-i", "1 2; 3 4", "--divisor", "5")
    assert "(1 + 2 + 3 + 4)/5 = 10/5 = 2" in ran.stdout
    assert convcalc("pool", "max", "-i", "1 2", "--divisor", "5").status == 2


def test_a_median_is_shown_in_order(convcalc: Convcalc) -> None:
    ran = convcalc("pool", "median", "-i", "9 1; 4 2")
    assert "median(1, 2, 4, 9) = 6/2 = 3" in ran.stdout
    assert "the middle two are averaged, as numpy does" in " ".join(ran.stdout.split("\n#")).replace("  ", " ")
    wrong = convcalc("pool", "median", "-i", "1 2 3; 4 9 6; 7 8 5", "-w", "3", "--check", "9")
    assert "not put in order" in wrong.stdout


def test_large_medians_are_those_of_numpy() -> None:
    x = np.random.default_rng(8).normal(size=(2, 60, 60))
    windows = np.lib.stride_tricks.sliding_window_view(x, (2, 2), axis=(1, 2))
    assert pool(x, "median", window=2, stride=1).output == pytest.approx(np.median(windows, axis=(3, 4)), rel=1e-15)
