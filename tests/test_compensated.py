"""Sums of decimals in two floats are the exact decimals' own, rounded once; what cannot be told is worked exactly."""

from decimal import Context, Decimal, Inexact, localcontext
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convcalc.engine import compensated, convolution
from convcalc.engine.convolution import convolve
from convcalc.engine.decimals import written
from convcalc.engine.two_floats import floats_and_rests
from tests import reference

SEEDS = st.integers(0, 2**32 - 1)


def as_written(cell: Any) -> Decimal:
    return Decimal(str(cell) if isinstance(cell, np.float32) else repr(cell.item()))


def grids(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any, kind: str) -> Any:
    """Return decimals of many digits: of one size, of all sizes, whose sums nearly or wholly cancel, or integers."""
    cells = rng.normal(size=shape)
    if kind == "of all sizes":
        cells *= 10.0 ** rng.integers(-12, 9, shape)
    if kind == "cancelling":
        cells = np.broadcast_to(cells[..., :1], shape) + rng.integers(0, 2, shape) * 2.0**-20
    return rng.integers(-9, 10, shape) if kind == "integers" else cells.astype(dtype)


def exact_sums(x: Any, kernel: Any, bias: Any, stride: int, dilation: int, groups: int) -> list[Decimal]:
    def exactly(cells: Any) -> Any:
        return np.array([as_written(cell) for cell in cells.ravel()], dtype=object).reshape(cells.shape)

    with localcontext(Context(prec=2000, traps=[Inexact])):
        maps = reference.convolve(
            exactly(x)[None].tolist(),
            exactly(kernel).tolist(),
            stride=(stride, stride),
            dilation=(dilation, dilation),
            groups=groups,
            bias=None if bias is None else exactly(bias).tolist(),
        )
    return [cell for item in maps for plane in item for row in plane for cell in row]


@settings(max_examples=40)
@given(
    SEEDS,
    st.sampled_from([np.float64, np.float32]),
    st.sampled_from(["of one size", "of all sizes", "cancelling"]),
    st.sampled_from(["of one size", "of all sizes", "integers"]),
    st.sampled_from([(1, 1, 1), (2, 1, 1), (1, 2, 1), (1, 1, 2)]),
    st.booleans(),
)
def test_every_sum_is_the_exact_one_rounded_once(
    seed: int, dtype: Any, cells: str, weights: str, settings_: tuple[int, int, int], biased: bool
) -> None:
    rng, (stride, dilation, groups) = np.random.default_rng(seed), settings_
    x, kernel = grids(rng, (2, 18, 18), dtype, cells), grids(rng, (2 * groups, 2 // groups, 2, 3), dtype, weights)
    bias = grids(rng, (2 * groups,), dtype, "of one size") if biased else None
    result = convolve(x, kernel, bias=bias, stride=stride, dilation=dilation, groups=groups)
    exactly = exact_sums(x, kernel, bias, stride, dilation, groups)
    if dtype == np.float64:
        assert result.output.ravel().tolist() == [float(total) for total in exactly]
    else:
        assert all(_is_nearest(cell, total) for cell, total in zip(result.output.ravel(), exactly, strict=True))


def _is_nearest(cell: np.float32, total: Decimal) -> bool:
    ends = [np.nextafter(cell, np.float32(end)) for end in (-np.inf, np.inf)]
    off, *others = (abs(Fraction(float(one)) - Fraction(total)) for one in (cell, *ends))
    return off <= min(others)


@pytest.mark.parametrize("size", [64, 128])
def test_decimals_of_many_digits_take_no_python_integers(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convolution.Convolution, "sums", None)
    x, kernel = np.random.default_rng(0).normal(size=(size, size)), np.random.default_rng(1).normal(size=(3, 3))
    result = convolve(x, kernel)
    assert [result.output[at] for at in ((0, 0), (9, 40), (61, 61))] == [
        result.step(at).value for at in ((0, 0), (9, 40), (61, 61))
    ]


def test_a_grid_whose_decimals_are_too_many_to_be_read_keeps_those_of_few_digits() -> None:
    tenths, third = np.full((300, 300), np.float32(0.1)), np.array([[1 / 3]])
    result = convolve(tenths, third)
    assert result.output[7, 7] == result.step((7, 7)).value == float(Fraction(1, 10) * Fraction("0.3333333333333333"))
    rng = np.random.default_rng(0)
    x, kernel = np.round(rng.random((300, 300)), 2), rng.normal(size=(3, 3))
    result = convolve(x, kernel, stride=3)
    assert not result.in_floats
    assert all(result.output[at] == result.step(at).value for at in np.ndindex(30, 30))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("size", [1, 30])
def test_how_numpy_is_told_to_print_changes_no_digit(size: int, dtype: Any) -> None:
    x, kernel = np.full((size, size), 0.1234567890123456, dtype), np.array([[1.0000000000000002]], dtype)
    before = convolve(x, kernel).output
    with np.printoptions(legacy="1.13", precision=2):
        assert (convolve(x, kernel).output == before).all()
        assert convolve(x, kernel).step((0, 0)).value == pytest.approx(float(before[0, 0]), abs=1e-8)


@pytest.mark.parametrize("far", [1, 64, 65])
def test_sums_in_doubt_are_worked_exactly(far: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng, asked = np.random.default_rng(0), []
    x, kernel = rng.normal(size=(40, 40)), np.array([[1.0, -1.0]])
    real = compensated.rounded_sums

    def unsure(*given: Any) -> Any:
        sums, in_doubt = real(*given)
        in_doubt.ravel()[:far] = True
        sums.ravel()[:far] = 0
        asked.append(far)
        return sums, in_doubt

    monkeypatch.setattr(compensated, "rounded_sums", unsure)
    answer = convolve(x, kernel).output
    assert asked
    assert answer.ravel().tolist() == [float(total) for total in exact_sums(x[None], kernel[None, None], None, 1, 1, 1)]


@pytest.mark.parametrize(
    ("cells", "weights"),
    [(1e-160, 1e-160), (1e200, 1e-3), (2.0**60 + 4096, 0.1), (0.1, 1e150), (5e-324, 0.3), (0.0, 0.1)],
)
def test_very_large_and_very_small_decimals_keep_every_digit(cells: float, weights: float) -> None:
    x = np.random.default_rng(0).random((30, 30)) * cells
    kernel = np.random.default_rng(1).random((2, 2)) * weights
    exactly = exact_sums(x[None], kernel[None, None], None, 1, 1, 1)
    assert convolve(x, kernel).output.ravel().tolist() == [float(total) for total in exactly]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@given(SEEDS, st.sampled_from(["usual", "of all bits", "powers of two", "near powers of ten", "of few digits"]))
def test_floats_are_read_as_they_are_written(dtype: Any, seed: int, kind: str) -> None:
    rng, bits = np.random.default_rng(seed), {8: np.uint64, 4: np.uint32}[np.dtype(dtype).itemsize]
    made: dict[str, Any] = {
        "usual": 10.0 ** rng.uniform(-5, 5, 500),
        "of all bits": rng.integers(0, np.iinfo(bits).max, 500, bits, endpoint=True).view(dtype),
        "powers of two": 2.0 ** rng.integers(-30, 40, 500),
        "near powers of ten": np.nextafter(
            (10.0 ** rng.integers(-7, 17, 500)).astype(dtype), rng.choice([0, np.inf], 500).astype(dtype)
        ),
        "of few digits": np.round(rng.normal(size=500) * 100, 3),
    }
    cells = made[kind].astype(dtype)
    cells = cells[np.isfinite(cells)]
    numerators, places, found = written(cells)
    pairs = zip(numerators.tolist(), places.tolist(), strict=True)
    exactly = [Decimal(numerator).scaleb(-place) for numerator, place in pairs]
    assert all(one == as_written(cell) for one, cell, known in zip(exactly, cells, found, strict=True) if known)
    assert kind not in ("usual", "of few digits") or found.mean() > 0.95


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@given(SEEDS)
def test_a_float_and_its_rest_are_the_number_that_is_written(dtype: Any, seed: int) -> None:
    cells = (10.0 ** np.random.default_rng(seed).uniform(-9, 9, 300)).astype(dtype)
    floats, rests = floats_and_rests(cells)
    for cell, near, rest in zip(cells, floats.tolist(), rests.tolist(), strict=True):
        left = Fraction(as_written(cell)) - Fraction(near)
        assert near == float(as_written(cell))
        assert abs(Fraction(rest) - left) <= abs(left) / 2**50
