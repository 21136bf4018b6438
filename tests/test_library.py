"""convcalc from Python: odd arguments are understood, or refused with a ConvcalcError that says why."""

from collections.abc import Callable

import numpy as np
import pytest

import convcalc


def test_numbers_of_numpy_and_words_are_understood() -> None:
    one = np.int64(1)
    assert convcalc.convolve([[1, 2], [3, 4]], [[1]], padding=one, stride=one).output.shape == (4, 4)
    assert convcalc.convolve([[1, 2], [3, 4]], [[1, 1], [1, 1]], padding="same").output.tolist() == [[10, 6], [7, 4]]
    assert convcalc.pad([[1]], (1, 1)).output.shape == (3, 3)
    assert convcalc.pad([1], 1).output.tolist() == [0, 1, 0]
    assert convcalc.pool([[1, 2], [3, 4]], "avg", window=one).output.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: convcalc.convolve("1 2", [[1]]), "0"),
        (lambda: convcalc.convolve(None, [[1]]), "0"),
        (lambda: convcalc.convolve([["a"]], [[1]]), "'a' is not a number"),
        (lambda: convcalc.convolve([[True]], [[1]]), "True is not a number"),
        (lambda: convcalc.convolve([[1, 2], [3]], [[1]]), "differ in length"),
        (lambda: convcalc.convolve([[1]], [[1]], mode="spiral"), "no padding mode 'spiral'"),
        (lambda: convcalc.convolve([[1]], [[1]], padding="sme"), "no 'sme' to choose"),
        (lambda: convcalc.convolve([[1]], [[1]]).step((5, 5)), r"no cell \[5, 5\]"),
        (lambda: convcalc.pool([[1, 2], [3, 4]]).step((0, 1)), r"no cell \[0, 1\]"),
        (lambda: convcalc.pool([[1, 2], [3, 4]], "mean"), "no 'mean' to choose"),
        (lambda: convcalc.pad([[1]], "same"), "depends on a kernel"),
        (lambda: convcalc.pad([[1]], (1.5,)), "padding takes whole numbers"),  # type: ignore[arg-type]
        (lambda: convcalc.convolve([[1]], [[1]], stride=1.5), "stride takes whole numbers"),  # type: ignore[arg-type]
        (lambda: convcalc.convolve([[1]], [[1]], stride="2"), "stride takes whole numbers"),  # type: ignore[arg-type]
        (lambda: convcalc.read_grid("nope.txt"), "no file 'nope.txt'"),
        (lambda: convcalc.kernel("nope"), "no kernel named 'nope'"),
        (lambda: convcalc.Axis(0, 1), "input must be at least 1"),
    ],
)
def test_what_makes_no_sense_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(convcalc.ConvcalcError, match=message) as caught:
        call()
    assert caught.value.hint


def test_any_result_goes_backward() -> None:
    x = [[1, 2], [3, 4]]
    assert convcalc.backward(convcalc.pool(x), 5).input_like().tolist() == [[0, 0], [0, 5]]
    assert convcalc.backward(convcalc.activate([-1, 2], "relu"), [3, 4]).output.tolist() == [0, 4]
    assert convcalc.backward(convcalc.linear([1, 2], [[3, 4]]), [2]).weights.output.tolist() == [[2, 4]]
    assert convcalc.backward(convcalc.loss([1, 2], [3, 5], "mse")).output.tolist() == [-2, -3]
    assert convcalc.backward(convcalc.add([1], [2])).inputs[1].output.tolist() == [1]
    with pytest.raises(convcalc.ConvcalcError, match="does not go backward"):
        convcalc.backward([1, 2])
