"""Padding against the slow loops, and the amounts it is asked for in."""

from typing import Any

import pytest

from convcalc.engine.padding import pad
from convcalc.engine.padding_modes import PadMode
from convcalc.errors import InputError
from tests import reference

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


@pytest.mark.parametrize(("mode", "amount"), [("reflect", 3), ("circular", 4)])
def test_a_mode_that_needs_more_input_is_refused(mode: str, amount: int) -> None:
    with pytest.raises(InputError, match=f"{mode} padding of {amount} needs more than the 3 columns"):
        pad(GRID, (0, amount), mode)
