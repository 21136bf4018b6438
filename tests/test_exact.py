"""Decimals are the decimals that they are written as, over their least common denominator; checks find odd cells."""

import math
import re
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convcalc.engine import exact
from convcalc.engine.exact import is_finite, over_common_denominator, quotient
from convcalc.engine.fast import threads
from convcalc.engine.grids import as_grid, own_grid
from convcalc.errors import InputError

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
SHORT = st.floats(allow_nan=False, allow_infinity=False, width=32)


@pytest.mark.parametrize(("dtype", "cells"), [(np.float64, FLOATS), (np.float32, SHORT)])
def test_floats_become_the_decimals_that_they_are_written_as(dtype: Any, cells: Any) -> None:
    @given(st.lists(cells, min_size=1, max_size=6))
    def check(values: list[float]) -> None:
        array = np.array(values, dtype=dtype)
        written = [Fraction(str(cell)) for cell in (array if dtype == np.float32 else array.tolist())]
        scaled = over_common_denominator(array)
        assert scaled is not None
        assert [Fraction(int(numerator), scaled[1]) for numerator in scaled[0]] == written
        assert scaled[1] == math.lcm(*(value.denominator for value in written))

    check()


@given(st.lists(st.integers(-(10**40), 10**40), min_size=1, max_size=5), st.integers(1, 10**30))
def test_a_quotient_is_rounded_once(numerators: list[int], divisor: int) -> None:
    made = quotient(np.array(numerators, dtype=object), divisor, np.dtype(np.float64))
    assert made.tolist() == [float(Fraction(numerator, divisor)) for numerator in numerators]


def test_a_quotient_that_no_float_holds_is_refused() -> None:
    with pytest.raises(InputError, match="larger than a float can hold"):
        quotient(np.array([10**400], dtype=object), 3, np.dtype(np.float64))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
@pytest.mark.parametrize("shape", [(1100, 1000), (2, 3, 500, 400)])
def test_a_large_grid_is_copied_whole_and_one_that_nobody_changes_is_not(shape: tuple[int, ...], dtype: Any) -> None:
    cells = np.random.default_rng(0).integers(-99, 99, shape).astype(dtype)
    grid, turned = own_grid(cells), own_grid(cells[..., ::-1])
    expected = cells.copy()
    cells[...] = 0
    assert (grid == expected).all()
    assert (turned == expected[..., ::-1]).all()
    assert not grid.flags.writeable
    assert own_grid(grid) is grid
    if np.dtype(dtype).kind == "f":
        cells[(-1,) * cells.ndim] = np.nan
        at = [length - 1 for length in shape]
        with pytest.raises(InputError, match=re.escape(f"cell {at} is nan")):
            own_grid(cells)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 1, 4567, 9999])
def test_one_odd_cell_is_found_wherever_it_is(
    dtype: Any, odd: float, place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exact, "BLOCK", 100)
    monkeypatch.setattr(threads, "processors", lambda: 3)
    array = np.full(10_000, np.finfo(dtype).max)
    assert is_finite(array)
    array[place] = odd
    assert not is_finite(array)
    with pytest.raises(InputError, match=rf"cell \[{place // 100}, {place % 100}\] is {odd}"):
        as_grid(array.reshape(100, 100))
    with pytest.raises(InputError, match=rf"cell \[{place % 100}, {place // 100}\] is {odd}"):
        as_grid(array.reshape(100, 100).T)
