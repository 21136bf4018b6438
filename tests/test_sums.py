"""Every way of summing gives what a tap-by-tap sum of Python's own integers gives; the table reaches each of them."""

import random
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from convcalc.engine.convolution import Convolution, convolve
from convcalc.engine.exact import Array
from convcalc.engine.fast import channels, sums, threads, ways
from convcalc.engine.fast.sums import WAYS, Way, Work, summed, ways_for, weighted_sums
from convcalc.engine.plan import Plan, plan
from convcalc.errors import InputError

pytestmark = pytest.mark.slow

Case = tuple[Plan, Array, Array]


def case(seed: int) -> Case | None:
    """A convolution made up at random: any channels, groups, strides and dilations, cells of any size."""
    rng = random.Random(seed)
    groups, depth, filters = rng.choice((1, 1, 1, 2, 3)), rng.choice((1, 1, 1, 2, 3)), rng.choice((1, 1, 2, 3))
    filters = 17 if seed % 20 == 0 and depth == groups == 1 else filters
    taps = rng.randint(1, 6), rng.randint(1, 6)
    dilation, stride = (rng.randint(1, 2), rng.randint(1, 2)), (rng.randint(1, 3), rng.randint(1, 3))
    size = rng.randint(3, 30), rng.randint(3, 30)
    if any((t - 1) * d + 1 > s for t, d, s in zip(taps, dilation, size, strict=True)):
        return None
    shapes = (rng.choice((1, 1, 2, 8)), groups * depth, *size), (groups * filters, depth, *taps)
    largest = rng.choice((1, 9, 255, 10**5, 10**9, 10**20))
    x, kernel = (
        np.array([rng.randint(-largest, largest) for _ in range(int(np.prod(shape)))], dtype=object).reshape(shape)
        for shape in shapes
    )
    kind = rng.choice(("any", "rank 1", "sparse"))
    if kind == "rank 1":
        kernel[...] = 0
        kernel += np.array([rng.randint(-3, 3) for _ in range(taps[0])], dtype=object)[:, None]
        kernel *= np.array([rng.randint(-3, 3) for _ in range(taps[1])], dtype=object)
    elif kind == "sparse":
        kernel[np.array([rng.random() < 0.8 for _ in range(kernel.size)]).reshape(kernel.shape)] = 0
    return plan(*shapes, stride=stride, dilation=dilation, groups=groups), x, kernel


CASES = [(seed, made) for seed in range(500) if (made := case(seed)) is not None]


def made_by(run: Any, x: Array, kernel: Array, plan_: Plan, dtype: Any) -> Array:
    total = np.full(plan_.shape, 77, dtype=dtype)
    run(x, kernel, plan_, total)
    return total


def plain(array: Array) -> Array:
    try:
        return array.astype(np.int64)
    except OverflowError:
        return array


def bound_of(x: Array, kernel: Array) -> int:
    sums = np.abs(kernel).reshape(len(kernel), -1).sum(axis=1)
    return int(max(np.abs(x).max() * max(sums), np.abs(x).max(), np.abs(kernel).max(), 1))


@pytest.fixture(params=["as it is", "many bands and threads"])
def cut(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Cut the work into bands of a few rows and give each to a thread, as only large inputs are."""
    if request.param != "as it is":
        for module, name in ((ways, "PLANE"), (channels, "BAND"), (sums, "BAND")):
            monkeypatch.setattr(module, name, 200)
        for module in (ways, channels):
            monkeypatch.setattr(module, "BYTES_WORTH_A_THREAD", 1)
        monkeypatch.setattr(ways, "BLAS_ALONE", 200)
        monkeypatch.setattr(ways, "PRODUCTS_WORTH_A_THREAD", 1)
        for module in (ways, channels, threads):
            monkeypatch.setattr(module, "processors", lambda: 3)
    return str(request.param) != "as it is"


def test_every_way_is_exact_for_integers(cut: bool) -> None:
    reached: Counter[str] = Counter()
    for seed, (plan_, x, kernel) in CASES:
        expected = made_by(channels.products_of_taps, x, kernel, plan_, np.dtype(object))
        bound, weights = bound_of(x, kernel), plain(kernel)
        for way in WAYS:
            dtype = way.arithmetic(bound)
            if dtype is None or not way.fits(Work(plan_, weights, True, x)):
                continue
            made = made_by(way.run, x, kernel.astype(dtype), plan_, np.dtype(np.int64 if bound < 2**63 else object))
            assert (made.astype(object) == expected).all(), (way.name, seed)
            reached[way.name] += 1
        assert (weighted_sums(plain(x), weights, plan_, bound).astype(object) == expected).all()
    few = {"depthwise", "many filters"} if cut else set()
    assert set(reached) >= {way.name for way in WAYS} - {"Fourier"} - few
    assert min(count for name, count in reached.items() if name not in few) >= 3


@pytest.mark.usefixtures("cut")
@pytest.mark.parametrize(("kind", "tolerance"), [(np.float32, 1e-5), (np.float64, 1e-13)])
def test_every_way_is_as_near_as_floats_come(kind: Any, tolerance: float) -> None:
    for seed, (plan_, x, kernel) in CASES:
        cells = (x.astype(np.float64) / max(np.abs(x).max(), 1)).astype(kind)
        weights = (kernel.astype(np.float64) / max(np.abs(kernel).max(), 1)).astype(kind)
        expected = made_by(channels.products_of_taps, cells, weights.astype(np.float64), plan_, np.dtype(np.float64))
        single = plan_.channels == plan_.groups
        unit = {plan_.rows.stride, plan_.columns.stride, plan_.rows.dilation, plan_.columns.dilation} == {1}
        for way in WAYS:
            work = Work(plan_, weights, False, cells)
            fits = (single and unit) if way.name == "Fourier" else way.fits(work)
            if fits:
                made = summed(work, way, np.dtype(kind))
                assert np.abs(made - expected).max() <= tolerance * max(kernel.shape) * 10, (way.name, seed)


@pytest.mark.parametrize(
    ("shape", "kernel", "settings", "name", "dtype"),
    [
        ((9, 9), np.array([[1, 0, -1]] * 3), {}, "separable", "int16"),
        ((9, 9), np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]]), {}, "narrow taps", "int16"),
        ((9, 9), np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]]) * 1000, {}, "banded", "float32"),
        ((9, 9), np.outer([1, 2, 1], [1, 0, -1]) / 1.0, {}, "separable", "float64"),
        ((9, 9), np.outer([1, 2, 1], [1, 2, 1]) / 16, {}, "banded", "float64"),
        ((40, 40), np.outer(np.arange(1, 17), np.arange(1, 17)) / 64, {}, "separable", "float64"),
        ((40, 40), np.outer(np.arange(1, 9), np.arange(1, 9)) / 64, {}, "banded", "float64"),
        ((9, 9), np.array([[0, 0], [0, 7]]), {}, "few taps", "int16"),
        ((8, 1, 9, 9), np.array([[0, 0], [0, 7]]), {}, "batch", "float32"),
        ((8, 1, 9, 9), np.random.default_rng(1).random((17, 1, 3, 3)), {}, "many filters", "float64"),
        ((9, 1, 1, 1), np.random.default_rng(1).random((4000, 1, 1, 1)), {}, "batch", "float64"),
        ((9, 9), np.random.default_rng(1).random((2, 1, 3, 3)), {}, "banded", "float64"),
        ((9, 9), np.random.default_rng(1).random((3, 1, 3, 3)), {}, "many filters", "float64"),
        ((9, 9), np.arange(9).reshape(3, 3) * 10**6, {}, "banded", "float64"),
        ((9, 9), np.arange(9).reshape(3, 3) * 10**15, {}, "taps", "int64"),
        ((40, 40), np.random.default_rng(1).random((15, 15)), {}, "Fourier", "float64"),
        ((40, 40), np.random.default_rng(1).random((9, 9)), {"stride": 2}, "banded", "float64"),
        ((9, 9), np.ones((9, 8)), {}, "windows", "float64"),
        ((4, 9, 9), np.ones((2, 4, 1, 1)), {}, "pointwise", "float64"),
        ((4, 9, 9), np.random.default_rng(1).random((2, 4, 3, 3)), {}, "shifted channels", "float64"),
        ((4, 9, 9), np.random.default_rng(1).random((2, 4, 3, 3)), {"stride": 2}, "im2col", "float64"),
        ((4, 9, 9), np.random.default_rng(1).random((20, 4, 3, 3)), {}, "im2col", "float64"),
        ((4, 9, 9), np.arange(72).reshape(2, 4, 3, 3) * 10**14, {}, "products", "int64"),
        ((4, 9, 9), np.random.default_rng(1).random((2000, 4, 8, 8)), {}, "im2col", "float64"),
        ((4, 9, 9), np.random.default_rng(1).random((2000, 4, 9, 9)), {}, "windows", "float64"),
        ((4, 9, 9), np.random.default_rng(1).random((4, 1, 3, 3)), {"groups": 4}, "depthwise", "float64"),
    ],
)
def test_the_table_takes_the_way_it_says(
    shape: tuple[int, ...], kernel: Array, settings: Any, name: str, dtype: str
) -> None:
    x = np.arange(int(np.prod(shape))).reshape(shape) % 10
    worked: Convolution = convolve(x, kernel, **settings)
    integers = kernel.dtype.kind == "i"
    bound = int(x.max()) * int(np.abs(kernel).sum()) if integers else None
    way, taken = next(ways_for(Work(worked.plan, worked.kernel, integers, worked.padded), bound))
    assert (way.name, taken.name) == (name, dtype)


@pytest.mark.parametrize("largest", [2**15 // 9, 2**24 // 9, 2**31 // 9, 2**53 // 9, 2**62 // 9, 2**70])
@pytest.mark.parametrize("kernel", [[[1, 1, 1]] * 3, [[1, 2, 3], [0, 1, 0], [1, 0, 1]], [[0, 9], [0, 0]]])
def test_integers_are_exact_where_the_arithmetic_changes(largest: int, kernel: list[list[int]]) -> None:
    for cell in (largest - 1, largest, largest + 1, -largest):
        grid = np.full((12, 12), cell, dtype=object)
        total = cell * sum(map(sum, kernel))
        assert set(convolve(grid, kernel).output.ravel().tolist()) == {total}


def test_a_kernels_factors_do_not_wrap_round() -> None:
    large = np.array([[2**40, 2**50], [2**30, 2**41]])
    assert ways.factors(large) is None
    exact = ways.factors(np.array([[2**40, 2**50], [2**30, 2**40]]))
    assert exact is not None
    assert [part.tolist() for part in exact] == [[2**40, 2**30], [1, 1024]]


def uneven(kind: Any) -> list[Array]:
    """Grids of which a part is far smaller than the rest, so that a Fourier transform would lose its digits."""
    even = np.random.default_rng(5).random((300, 300)).astype(kind) * 255
    black, faint, spike = even.copy(), even.copy(), even.copy()
    black[:, 150:] = 0
    faint[:, 150:] *= kind(1e-7)
    spike[7, 7] = 1e12
    hole, end = even.copy(), even[:279].copy()
    hole[100:131, 101:132] = 0
    end[248:] *= kind(1e-7)
    return [black, faint, spike, hole, end]


@pytest.mark.parametrize("index", range(5))
@pytest.mark.parametrize(("kind", "tolerance"), [(np.float32, 1e-5), (np.float64, 1e-8)])
def test_a_large_kernel_keeps_the_digits_of_every_part(index: int, kind: Any, tolerance: float) -> None:
    x, kernel = uneven(kind)[index], np.random.default_rng(6).random((31, 31)).astype(kind)
    made = convolve(x, kernel).output
    exact = convolve(x.astype(np.float64), kernel.astype(np.float64))
    expected = np.empty(exact.plan.shape)
    ways.banded(exact.padded, exact.kernel, exact.plan, expected)
    np.testing.assert_allclose(made, expected[0, 0], rtol=tolerance, atol=0)


THOUSANDS = "thousands of products alike"


def hard_cases(kind: Any) -> Iterator[tuple[str, Array, Array]]:
    """Yield grids and kernels whose rounding errors are as systematic, or as far apart in size, as they come."""
    rng = np.random.default_rng(3)
    one_large = rng.random((300, 300))
    one_large[150, 140] = 5e5
    stripes = np.broadcast_to(np.arange(300) % 2 == 0, (300, 300)).astype(float)
    dense = rng.random((21, 21))
    striped = np.broadcast_to(np.arange(21) % 2 == 1, (21, 21)) * rng.random((21, 1))
    sparse = np.where(rng.random((31, 31)) < 0.03, 1.0, 0)
    yield from (
        ("one large cell", one_large, dense),
        ("a ramp", np.exp(np.linspace(0, 12, 300)) * rng.random((300, 300)), dense),
        ("stripes", stripes, striped),
        ("smooth", np.sin(np.linspace(0, 20, 300))[:, None] * np.cos(np.linspace(0, 9, 300)), dense),
        ("few taps", rng.random((300, 300)), sparse),
        ("all alike", np.full((300, 300), 0.1), np.full((31, 31), 0.3) + np.eye(31) * 0.1),
        ("many channels alike", np.full((128, 20, 20), 0.1), np.full((2, 128, 3, 3), 0.3)),
        ("a window of all", np.full((64, 9, 9), 0.1), np.full((1, 64, 8, 8), 0.3)),
        ("pointwise", np.full((300, 9, 9), 0.1), np.full((3, 300, 1, 1), 0.3)),
        (THOUSANDS, np.full((62, 62), 0.37), np.full((32, 1, 60, 60), 1.0)),
        (THOUSANDS, np.full((202, 202), 0.37), np.full((2, 1, 200, 200), 1.0)),
    )


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_no_way_is_further_off_than_the_topic_says(kind: Any) -> None:
    for name, cells, weights in hard_cases(kind):
        x, kernel = cells.astype(kind), weights.astype(kind)
        worked = convolve(x, kernel)
        rng = np.random.default_rng(1)
        made = worked.maps
        if made.dtype.kind != "f" or not worked.in_floats:
            with np.errstate(all="ignore"):
                made = weighted_sums(worked.padded, worked.kernel, worked.plan)
        for _ in range(6 if name == THOUSANDS else 60):
            at = tuple(int(rng.integers(length)) for length in made.shape)
            rows, columns = worked.plan.rows.reads(at[2]), worked.plan.columns.reads(at[3])
            window = worked.padded[at[0]][:, rows.start : rows.stop, columns.start : columns.stop].ravel().tolist()
            pairs = list(zip(window, worked.kernel[at[1]].ravel().tolist(), strict=True))
            exact = sum(Fraction(a) * Fraction(b) for a, b in pairs)
            size = float(sum(abs(Fraction(a) * Fraction(b)) for a, b in pairs))
            off = abs(Fraction(float(made[at])) - exact)
            most = 64 if name == THOUSANDS else 16
            assert off <= most * Fraction(float(np.spacing(kind(size)))) if size else made[at] == 0, (name, at)


@pytest.mark.parametrize("size", [30, 300])
@pytest.mark.parametrize("kernel", [np.full((3, 3), 1.5e-20), np.random.default_rng(2).random((25, 25)) * 1e-20])
def test_what_the_caller_wants_raised_is_not_raised_by_the_engine(size: int, kernel: Array) -> None:
    x = (np.random.default_rng(1).random((size, size)) * 1e-30).astype(np.float32)
    with np.errstate(all="raise"):
        assert np.isfinite(convolve(x, kernel.astype(np.float32)).output).all()


@pytest.mark.parametrize("taps", [(3, 3), (5, 5), (31, 31)])
@pytest.mark.parametrize("rank", [1, 2])
def test_what_no_float_holds_is_refused_by_every_way(taps: tuple[int, int], rank: int) -> None:
    kernel = np.ones(taps, dtype=np.float32)
    kernel[0, 0] += rank - 1
    with pytest.raises(InputError, match="larger than a float can hold"):
        _ = convolve(np.full((900, 900), 1e38, dtype=np.float32), kernel).output


def test_a_large_kernel_refuses_nothing_that_can_be_computed() -> None:
    x, kernel = np.full((300, 300), 1e305), np.full((31, 31), 1e-10)
    kernel[3, 4] = 2e-10
    np.testing.assert_allclose(convolve(x, kernel).output, 1e295 * 962, rtol=1e-12)


@pytest.mark.usefixtures("cut")
@pytest.mark.parametrize("way", [way for way in WAYS if way.name != "windows"], ids=lambda way: way.name)
def test_every_way_says_where_a_sum_is_larger_than_a_float_holds(way: Way) -> None:
    channels = {"pointwise": 2, "im2col": 2, "shifted channels": 2, "products": 2, "depthwise": 2}.get(way.name, 1)
    groups = 2 if way.name == "depthwise" else 1
    side = 1 if way.name == "pointwise" else 2
    x = np.zeros((1, channels, 9, 11), dtype=np.float32)
    x[0, :, 6, 7] = 3e38
    kernel = np.full((groups, channels // groups, side, side), 2, dtype=np.float32)
    plan_ = plan(x.shape, kernel.shape, groups=groups)
    where = r"\[0, 0, [56], [67]\]" if way.name != "Fourier" else ""
    with pytest.raises(InputError, match=f"the result at {where}"), np.errstate(over="ignore", invalid="ignore"):
        summed(Work(plan_, kernel, False, x), way, np.dtype(np.float32))
