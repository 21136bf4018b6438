"""Grids as text: what is read, what is refused and where, and that what is written reads back the same."""

import io
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convcalc.engine.exact import exact
from convcalc.engine.grids import as_grid
from convcalc.errors import InputError
from convcalc.matrix_io.plain import plain_lines
from convcalc.matrix_io.text import MOST_TYPED_CELLS, parse_text


def parsed(text: str) -> Any:
    return parse_text(text.splitlines(), "g").cells.tolist()


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("1 2\n3 4", [[1, 2], [3, 4]]),
        ("1,2\n3 , 4", [[1, 2], [3, 4]]),
        ("1\t2\n3\t4\n\n", [[1, 2], [3, 4]]),
        ("1 0 -1; 1 0 -1;", [[1, 0, -1], [1, 0, -1]]),
        ("# head\n1 2 # tail\n", [[1, 2]]),
        ("\n\n1 2\n3 4\n\n\n5 6\n7 8", [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]),
        ("1\n\n2\n---\n3\n\n4", [[[[1]], [[2]]], [[[3]], [[4]]]]),
        ("1\n# ---\n2", [[[[1]]], [[[2]]]]),
        ("1\n# -----\n2", [[1], [2]]),
        ("1 2;; 3 4", [[[1, 2]], [[3, 4]]]),
        ("1;; 2; ---; 3;; 4", [[[[1]], [[2]]], [[[3]], [[4]]]]),
        ("# ---\n1", [[1]]),
        ("1, 2 ,3,4", [[1, 2, 3, 4]]),
        ("0.5 1e-3 .25 2.", [[0.5, 0.001, 0.25, 2.0]]),
        ("+3 −4", [[3, -4]]),
        ("1/3 -2/4 2", [[Fraction(1, 3), Fraction(-1, 2), 2]]),
        ("1/3 0.5", [[Fraction(1, 3), Fraction(1, 2)]]),
        ("9007199254740993 0.5", [[9007199254740993, Fraction(1, 2)]]),
        ("99999999999999999999 1", [[99999999999999999999, 1]]),
        ("0.3333333333333333 2  #= 1/3 2", [[Fraction(1, 3), 2]]),
        ("1\r\n2\r\n", [[1], [2]]),
    ],
)
def test_what_is_read(text: str, cells: Any) -> None:
    assert parsed(text) == cells


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("1 2\n3 4\n5 6 x1", "g:3:5", "'x1' is not a number"),
        ("1 nan", "g:1:3", "'nan' is not a number"),
        ("1 -inf", "g:1:3", "'-inf' is not a number"),
        ("1 1/0", "g:1:3", "'1/0' divides by zero"),
        ("1 1e999", "g:1:3", "too large for a decimal"),
        ("1.5 1e-999", "g:1:5", "too small for a decimal"),
        ("1 2\n3", "g:2", "row 2 has 1 number, but the row above has 2"),
        ("1 2\n\n3 4\n5 6", "g:4", "this channel is 2×2, but the one above is 1×2"),
        ("1\n\n2\n---\n3", "g:5", "this block has 1 channel, but the first has 2"),
        ("1,,2", "g:1:3", "empty cell"),
        (",1", "g:1:1", "empty cell"),
        ("1,2,", "g:1:4", "missing after this comma"),
        ("1 2; 3", "g:1:6", "row 2 has 1 number"),
        ("1,5 2,5", "g:1:5", "some numbers are separated by commas here, and some by spaces"),
        ("1, 5 2", "g:1:6", "separated by commas"),
        ("1 2\n---\n3 4\n5 6", "g:4", "this channel is 2×2"),
        ("", "g", "no numbers"),
        ("# only words", "g", "no numbers"),
        ("1 " + "9" * 10_001, "g:1:3", "10001 digits is too long"),
        ("1 ٣", "g:1:3", "'٣' is not a number"),
        ("1_000 2", "g:1:1", "'1_000' is not a number"),
        ("0.5 2  #= 1/3 2", "g:1", "disagree"),
        ("1 0x10", "g:1:3", "'0x10' is not a number"),
        ("1 --2", "g:1:3", "'--2' is not a number"),
        ("1\u00a0000 2", "g:1:1", "this may be one number, 1000, or several"),
        ("2 1\u202f234 5", "g:1:3", "this may be one number, 1234, or several"),
        ("1\u200b2", "g:1:1", "is not a number"),
        ('"1,000",2', "g:1:1", "is not a number"),
        ("0." + "0" * 400 + "1 1.0", "g:1:1", "too small"),
        ("1.5 1e999 2.5", "g:1:5", "too large"),
    ],
)
def test_what_is_refused_and_where(text: str, place: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        parsed(text)
    assert str(caught.value.place) == place
    assert caught.value.hint


def test_comment_lines_are_kept_in_order_and_separators_are_not_comments() -> None:
    grid = parse_text(["# one", "1", "#two", "# ---", "2", "# ----", "#"], "g")
    assert grid.comments == ("one", "two", "----", "")


def test_csv_cells_may_be_parted_by_semicolons_if_nothing_else_is() -> None:
    assert parse_text(["1;2", "3;4"], "g", delimiter=";").cells.tolist() == [[1, 2], [3, 4]]
    with pytest.raises(InputError, match="both commas and semicolons"):
        parse_text(["1,5;2"], "g", delimiter=";")


@pytest.mark.slow
def test_a_text_too_large_is_refused_before_it_is_held() -> None:
    def endless() -> Any:
        while True:
            yield "1 " * 4096

    with pytest.raises(InputError, match=f"more than {MOST_TYPED_CELLS:,} cells"):
        parse_text(endless(), "g")


exact_cells = st.one_of(st.integers(), st.integers(-(10**30), 10**30), st.fractions(max_denominator=999))
cells = st.one_of(exact_cells, st.floats(allow_nan=False, allow_infinity=False))


@given(st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=4))
def test_what_is_written_reads_back_the_same(rows: list[list[Any]]) -> None:
    grid = as_grid(rows)
    back = parse_text(plain_lines(grid), "g").cells
    assert [exact(cell) for cell in back.flat] == [exact(cell) for cell in grid.flat]


@given(st.lists(st.lists(cells, min_size=2, max_size=2), min_size=2, max_size=4))
def test_what_is_written_numpy_reads(rows: list[list[Any]]) -> None:
    grid = as_grid(rows)
    text = "\n".join(plain_lines(grid))
    loaded = np.loadtxt(io.StringIO(text), ndmin=2)
    expected = np.array([[float(cell) for cell in row] for row in grid.tolist()])
    assert (loaded == expected).all()


@pytest.mark.parametrize("shape", [(2, 3), (2, 2, 3), (2, 3, 2, 2), (1, 3)])
def test_channels_and_items_read_back(shape: tuple[int, ...]) -> None:
    grid = np.arange(math.prod(shape)).reshape(shape)
    lines = list(plain_lines(grid))
    assert parse_text(lines, "g").cells.tolist() == grid.tolist()
    assert np.loadtxt(io.StringIO("\n".join(lines))).ravel().tolist() == grid.ravel().tolist()


def test_float32_is_written_with_its_own_digits() -> None:
    assert list(plain_lines(np.array([[0.1, 2]], dtype=np.float32))) == ["0.1 2"]
