"""Padding against the slow loops, and the amounts it is asked for in."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from convcalc.choices import PaddingRule
from convcalc.engine.convolution import convolve
from convcalc.engine.geometry import padding_amounts
from convcalc.engine.gradients import backward
from convcalc.engine.padding import pad
from convcalc.engine.padding_modes import PadMode
from convcalc.errors import InputError
from tests import reference
from tests.conftest import Convcalc

GRID = [[1, 2, 3], [4, 5, 6], [7, 8, 9], [10, 11, 12]]


def test_every_mode_has_a_slow_loop_to_be_held_against() -> None:
    assert set(reference.SOURCES) == set(PadMode)


@pytest.mark.parametrize("mode", [mode.value for mode in PadMode])
@pytest.mark.parametrize(
    ("padding", "sides"),
    [((1,), (1, 1, 1, 1)), ((2, 1), (2, 2, 1, 1)), ((0, 2, 1, 0), (0, 2, 1, 0)), ((0,), (0, 0, 0, 0))],
)
def test_every_mode_equals_the_slow_loops(mode: str, padding: Any, sides: tuple[int, int, int, int]) -> None:
    assert pad(GRID, padding, mode).output.tolist() == reference.padded(GRID, *sides, mode)


def test_channels_are_padded_apart() -> None:
    assert pad([GRID, GRID], (1,)).output.tolist() == [reference.padded(GRID, 1, 1, 1, 1)] * 2


def test_one_row_is_padded_at_its_ends() -> None:
    assert pad([1, 2, 3], (2,)).output.tolist() == [0, 0, 1, 2, 3, 0, 0]
    assert pad([[1, 2, 3]], (1, 1)).output.tolist() == reference.padded([[1, 2, 3]], 1, 1, 1, 1)


@pytest.mark.parametrize(("mode", "sources"), [("reflect", [1, 0, 1, 2, 1]), ("circular", [2, 0, 1, 2, 0])])
def test_sources_say_what_is_repeated(mode: str, sources: list[int]) -> None:
    assert pad(GRID, (0, 1), mode).sources(1) == sources


def test_integers_beyond_64_bits_and_fractions_can_be_padded() -> None:
    assert pad([[2**70]], (1, 1)).output.tolist() == [[0, 0, 0], [0, 2**70, 0], [0, 0, 0]]


@pytest.mark.parametrize(("mode", "amount"), [("reflect", 3), ("circular", 4), ("symmetric", 4)])
def test_a_mode_that_needs_more_input_is_refused(mode: str, amount: int) -> None:
    with pytest.raises(InputError, match=f"{mode} padding of {amount} needs more than the 3 columns"):
        pad(GRID, (0, amount), mode)


NUMPYS = {"edge": "replicate", "wrap": "circular", "symmetric": "symmetric", "reflect": "reflect"}


@pytest.mark.parametrize("word", NUMPYS)
def test_a_mode_is_numpys_of_the_same_name_and_ours(word: str) -> None:
    padded = pad(GRID, 2, word)
    assert padded.output.tolist() == np.pad(GRID, 2, mode=word).tolist()  # type: ignore[call-overload]
    assert padded.border.mode.value == NUMPYS[word]
    assert padded.output.tolist() == pad(GRID, 2, NUMPYS[word]).output.tolist()


def test_no_word_is_that_of_two_modes() -> None:
    words = [word for mode in PadMode for word in (mode.value, *mode.record.other_words)]
    assert len(words) == len(set(words))


@pytest.mark.parametrize("value", [5, -1, Fraction(1, 3), 0.5, 2**70])
@pytest.mark.parametrize("grid", [[[1, 2], [3, 4]], [[0.5, 2.0], [3.0, 4.0]], [[Fraction(1, 7), 2], [3, 4]]])
def test_any_number_can_stand_in_the_padding(grid: list[list[Any]], value: Any) -> None:
    around = [[value] * 4, [value, *grid[0], value], [value, *grid[1], value], [value] * 4]
    padded = pad(grid, 1, pad_value=value)
    floats = padded.output.dtype.kind == "f"
    assert padded.output.tolist() == ([[float(x) for x in row] for row in around] if floats else around)
    summed = convolve(grid, [[1, 2], [4, 8]], padding=1, pad_value=value)
    answer = convolve(padded.output, [[1, 2], [4, 8]]).output
    assert summed.output.tolist() == answer.tolist()
    gradients = backward(summed, 1)
    inner = backward(convolve(padded.output, [[1, 2], [4, 8]]), 1)
    assert gradients.kernel_like().tolist() == inner.kernel_like().tolist()
    assert gradients.input_like().tolist() == inner.input_like()[1:3, 1:3].tolist()
    assert padded.backward(1).output.tolist() == [[1, 1], [1, 1]]


def test_a_value_goes_with_no_mode_that_repeats(convcalc: Convcalc) -> None:
    with pytest.raises(InputError, match="takes no value"):
        pad(GRID, 1, "edge", pad_value=3)
    assert convcalc("pad", "-i", "1 2", "--pad-mode", "edge", "--pad-value", "3").status == 2
    assert convcalc("pad", "-i", "1 2", "--pad-mode", "egde").status == 2
    assert convcalc("conv", "-i", "1 2", "-k", "1 1", "-p", "1", "--pad-value", "3", "--as", "toeplitz").status == 1
    ran = convcalc("conv", "-i", "1 2", "-k", "1 1", "-p", "1", "--pad-value", "3", "--as", "matmul")
    assert ran.answer == "4 3 5\n"


def test_the_users_word_stands_in_the_heading(convcalc: Convcalc) -> None:
    assert "replicate (edge)" in convcalc("pad", "-i", "1 2", "--pad-mode", "EDGE").stdout
    assert "circular (wrap)" in convcalc("conv", "-i", "1 2 3", "-k", "1 1", "-p", "1", "--pad-mode", "wrap").stdout
    assert "padded with 0.5" in convcalc("conv", "-i", "1 2", "-k", "1 1", "-p", "1", "--pad-value", "0.5").stdout


@pytest.mark.parametrize(("size", "kernel", "stride"), [(6, 4, 1), (5, 2, 1), (7, 3, 2), (8, 3, 2), (6, 3, 1)])
def test_same_lower_has_its_odd_cell_in_front(size: int, kernel: int, stride: int) -> None:
    upper = padding_amounts(PaddingRule.SAME, 0, size, kernel, stride, 1)
    assert padding_amounts(PaddingRule.SAME_LOWER, 0, size, kernel, stride, 1) == upper[::-1]
    assert convolve(list(range(size)), [1] * kernel, padding="same-lower", stride=stride).output.size == -(
        -size // stride
    )
