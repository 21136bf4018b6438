"""Rounded once: exact values, or functions within 4 units in the last place, held against numbers of many digits."""

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import convcalc
from convcalc.engine import gradients, routing
from convcalc.engine.convolution import convolve
from convcalc.engine.dense import flatten, linear
from convcalc.engine.exact import rounded_result
from convcalc.engine.losses import loss
from convcalc.engine.pooling import pool
from convcalc.engine.roots import root_of, whole_root
from convcalc.engine.softmax import softmax
from convcalc.engine.transposed import conv_transpose

F32 = np.float32


def ulps(made: float, right: float) -> float:
    return abs(made - right) / math.ulp(right) if right else (0 if made == right else math.inf)


@pytest.mark.parametrize(
    ("kind", "cell", "right"),
    [
        ("gelu", -33.9, -1.1291514678137208e-250),
        ("gelu", -36.0, -1.505744663687022e-282),
        ("gelu", -37.6, -4.041290298447507e-308),
        ("gelu", -20.0, -5.507248237212468e-88),
        ("gelu", 1e308, 1e308),
        ("gelu-tanh", -6.0, -8.439646700762297e-11),
        ("gelu-tanh", -9.0, -1.3364595947348725e-28),
        ("gelu-tanh", -20.5, -1.3502940601643467e-280),
        ("gelu-tanh", 1e308, 1e308),
        ("gelu-tanh", -1e308, 0.0),
        ("mish", -647.6726393837776, -3.393924577047645e-279),
        ("mish", -1e-19, -6e-20),
        ("mish", -30.5, -1.7310839959529312e-12),
        ("logsigmoid", 35.37179477864959, -4.347351065934536e-16),
        ("logsigmoid", -800.0, -800.0),
        ("selu", -1e-17, -1.7580993408473768e-17),
        ("silu", -712.0, -4.313292185103229e-307),
        ("silu", -700.1, -6.245875126994366e-302),
        ("sigmoid", -525.461008612179, 6.2399844067345056e-229),
        ("sigmoid", Fraction(-2000, 3), 2.9535572802661007e-290),
    ],
)
def test_activations_are_within_4_units_in_the_last_place(kind: str, cell: Any, right: float) -> None:
    worked = convcalc.activate([cell], kind)
    assert ulps(worked.output[0], right) <= 4
    assert ulps(float(worked.step((0, 0)).value), right) <= 4


def test_nothing_small_is_lost_beside_1() -> None:
    assert ulps(softmax([37.1, 0.3], log=True).output[0], -1.042228790559589e-16) <= 4
    assert ulps(softmax([37, 0], log=True).output[0], -8.533047625744066e-17) <= 4
    assert ulps(softmax([708.1, 0.3]).output[1], 4.0398543614049057e-308) <= 4
    assert ulps(loss([20, 0], 0, "cross-entropy").output[0], 2.061153620314381e-09) <= 4
    far = loss([210.2244723307316], [0.999999999999999], "bce", logits=True)
    assert ulps(far.output[0], 2.102244723307316e-13) <= 4
    assert ulps(loss([40], [0.9999999999], "bce", logits=True).output[0], 4.000000004248354e-09) <= 4


@pytest.mark.parametrize(
    ("x", "kernel", "at", "so_far"),
    [
        ([3575.8452887096064, -1.960861793952553e-06], [0.3, 0.7], (0, 0, 0, 1),
         [[1072.753586612882, 2503.091701508466, -1.372603255766787e-06]]),
        ([99999999999999999999, 1], [1, 2], (0, 0, 0, 1), [[99999999999999999999, 199999999999999999999, 2]]),
        ([0, 0], [1e-30, 1], (0, 0, 0, 1), [[0.0, 0.0, 0.0]]),
        ([3, -1, -(2**63)], [0, -1, 8], (0, 0, 0, 2),
         [[0, -3, 25, 9223372036854775800, -73786976294838206464]]),
        ([-4.46, 1e16], [-1e16, 0.1], (0, 0, 0, 0), [[4.46e16, -0.446, 0.0]]),
    ],
)  # fmt: skip
def test_stamps_add_up_exactly(x: Any, kernel: Any, at: tuple[int, ...], so_far: Any) -> None:
    assert conv_transpose(x, kernel).stamp(at).so_far.tolist() == so_far


def test_what_cancels_is_added_before_it_is_rounded() -> None:
    folded = convolve([1, 2, 3], [1e16, 1.0, -1e16], padding=(0, 0, 1, 1), mode="circular")
    assert gradients.backward(folded, [1, 1, 1]).input_like().tolist() == [1, 1, 1]
    assert loss([0.0, 0.0, 1e16], [-2, 1452838760, 2], "mse").output.tolist() == [3.3333333333334023e31]
    assert convolve([1e200] * 2, [1e200, -1e200]).output.tolist() == [0]
    assert str(convolve([1e200] * 2, [1e200, -1e200]).step((0, 0)).channels[0].products[0][0]) == "1.00000000000E+400"
    assert pool([1e308] * 2, "avg").step((0, 0)).value == 1e308
    assert convolve([0], [0], bias=[1e-30]).output.tolist() == [1e-30]


@pytest.mark.parametrize(
    ("x", "gradient", "right"),
    [
        ([[1, 1]], 1, [0.7071067811865476, 0.7071067811865476]),
        ([[4.7, 5.0]], [[-5.545]], [-3.797825998617933, -4.04024042406163]),
        ([[1, 2, 1, 3]], [[1e16, -1e16, 1]], [4472135954999579.5, 0.0, -4472135954999579.0, 0.9486832980505138]),
        ([[3, 4]], 5, [3, 4]),
    ],
)
def test_gradients_of_lp_pooling_are_rounded_once(x: Any, gradient: Any, right: list[float]) -> None:
    worked = routing.backward(pool(x, "lp", window=(1, 2), stride=1), gradient)
    assert worked.input_like().tolist() == [right]


def test_float32_is_rounded_once_too() -> None:
    x = np.array([16777216, 1, 1e-20], F32)  # past the middle between 16777216 and 16777218
    assert linear(x, [[1, 1, 1]]).output.tolist() == [16777218]
    assert linear(x, [[1, 1, 1]]).step(0, 0).value == 16777218
    assert loss(np.array([0.34002712, -1e8], F32), np.array([-0.8640581, 4], F32), "mae").output[0] == F32(50000004)
    assert rounded_result(Fraction(1, 2**149) / 2, np.dtype(F32)) == 0  # half the least goes to even
    assert rounded_result(Fraction(1, 2**149) * Fraction(3, 4), np.dtype(F32)) == float(str(F32(1e-45)))
    for kind in ("max", "avg", "sum", "lp"):
        assert pool(np.array([0.1, 0.2], F32), kind).output.dtype == F32


@pytest.mark.parametrize("degree", [1, 2, 3, 7, 64])
@pytest.mark.parametrize("value", [0, 1, 2, 10**40, 10**400 + 1, 3**900])
def test_whole_roots(value: int, degree: int) -> None:
    root = whole_root(value, degree)
    assert root**degree <= value < (root + 1) ** degree


@pytest.mark.parametrize("power", [Fraction(2), Fraction(1, 3), Fraction(10**30 + 1, 7), Fraction(1, 10**600)])
@pytest.mark.parametrize("degree", [2, 3, 5, 64])
@pytest.mark.parametrize("bits", [64, 500])
def test_roots_have_as_many_bits_as_are_asked(power: Fraction, degree: int, bits: int) -> None:
    root, rational = root_of(power, degree, bits)
    below, above = (root * (1 + sign * Fraction(1, 2**bits)) for sign in (-1, 1))
    assert below**degree <= power <= above**degree
    assert rational is (root**degree == power)


def test_a_step_says_what_the_answer_says_of_floats_of_both_kinds() -> None:
    x = np.random.default_rng(0).random((400, 500), dtype=F32)
    worked = convolve(x, [[0.3, 0.7]])
    assert abs(float(worked.step((0, 0)).value) - worked.output[0, 0]) <= math.ulp(worked.output[0, 0])


# Results keep what they were made of


OPERATIONS: dict[str, Any] = {
    "convolve": lambda x: convolve(x, [[1, 2]]),
    "1×1": lambda x: convolve(x, [[1]]),
    "pool": lambda x: pool(x, "max", window=1),
    "avg": lambda x: pool(x, "avg"),
    "pad 0": lambda x: convcalc.pad(x, 0),
    "pad": lambda x: convcalc.pad(x, 1),
    "relu": lambda x: convcalc.activate(x, "relu"),
    "sigmoid": lambda x: convcalc.activate(x, "sigmoid"),
    "softmax": lambda x: softmax(x),
    "linear": lambda x: linear(x, [[1, 2]]),
    "transposed": lambda x: conv_transpose(x, [[1, 2]]),
    "loss": lambda x: loss(x, [[1, 1], [2, 2]], "mse", reduction="none"),
}


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("kind", [np.int64, np.float64, F32, np.uint8])
def test_a_later_change_of_the_input_does_not_reach_a_result(name: str, kind: Any) -> None:
    x = np.array([[1, 2], [3, 4]], kind)
    right = OPERATIONS[name](x.copy()).output.tolist()
    worked = OPERATIONS[name](x)
    x[:] = 9
    assert worked.output.tolist() == right
    assert not np.shares_memory(worked.output, x)
    y = np.array([[1, 2], [3, 4]], kind)
    changed = OPERATIONS[name](y).output
    if changed.flags.writeable:
        changed[...] = 0
    assert y.tolist() == [[1, 2], [3, 4]]


def test_flatten_gives_cells_of_its_own() -> None:
    x = np.array([[1, 2], [3, 4]])
    row = flatten(x)
    row[0] = 9
    assert x[0, 0] == 1


# What is handed in


def test_masks_are_no_numbers() -> None:
    masked = np.ma.masked_array([[1.0, np.nan]], [[False, True]])
    for grid in (masked, [masked[0], masked[0]]):
        with pytest.raises(convcalc.ConvcalcError, match="is masked"):
            convolve(grid, [[1]])
    unmasked = np.ma.masked_array([[1.0, 2.0]], [[False, False]])
    assert convolve(unmasked, [[1]]).output.tolist() == [[1, 2]]


def test_matrices_scalars_and_places_are_understood() -> None:
    assert convolve(np.array([[1, 2], [3, 4]]).view(np.matrix), [[1]]).output.shape == (2, 2)
    assert convolve([[1, 2]], [[1]], bias=1).output.tolist() == [[2, 3]]
    assert round(loss([2, 1, 0.1], np.array(0), "cross-entropy").output.item(), 4) == 0.417
    at: Any = np.array([0, 1])
    assert convolve([[1, 2]], [[1]]).step(at).value == 2


@pytest.mark.parametrize(
    "call",
    [
        lambda: convolve([[1]], [[1]]).step(0, 0),  # type: ignore[arg-type]
        lambda: convolve([[1]], [[1]]).step((0, 0.5)),  # type: ignore[arg-type]
        lambda: softmax([1, 2]).step((1,)),
        lambda: softmax([[1, 2]]).step((1,)),
        lambda: linear([1, 2], [[1, 2]]).step(0, 5),
        lambda: loss([1], [1], "mse").term(7),
    ],
)
def test_places_that_are_none_are_refused(call: Any) -> None:
    with pytest.raises(convcalc.ConvcalcError) as caught:
        call()
    assert caught.value.hint


@pytest.mark.parametrize("shape", [(28, 28, 3), (28, 28, 4), (480, 640, 3), (2, 32, 32, 3)])
def test_channels_that_seem_to_come_last_are_doubted(shape: tuple[int, ...]) -> None:
    with pytest.warns(UserWarning, match="numpy.moveaxis"):
        pool(np.zeros(shape))


@pytest.mark.parametrize("shape", [(3, 28, 28), (64, 8, 8), (1, 28, 28), (28, 28), (3, 3, 3), (4, 4, 4)])
def test_channels_that_come_first_are_not(shape: tuple[int, ...]) -> None:
    assert pool(np.zeros(shape)).output.size
