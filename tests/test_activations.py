"""Activations and softmax: against closed forms, at the edges of what floats hold, and exact where they can be."""

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convcalc.engine.activation_kinds import ActivationKind
from convcalc.engine.activations import activate
from convcalc.engine.functions import exponential
from convcalc.engine.softmax import softmax
from convcalc.errors import InputError
from tests.conftest import Convcalc
from tests.test_convolution import EXAMPLE_MAP

CLOSED: dict[str, Callable[[float], float]] = {
    "relu": lambda x: x if x > 0 else 0,
    "leaky-relu": lambda x: x if x > 0 else x / 100,
    "elu": lambda x: x if x > 0 else math.exp(x) - 1,
    "gelu": lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2,
    "gelu-tanh": lambda x: x / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x))),
    "silu": lambda x: x / (1 + math.exp(-x)),
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "tanh": lambda x: (math.exp(x) - math.exp(-x)) / (math.exp(x) + math.exp(-x)),
    "softplus": lambda x: math.log(1 + math.exp(x)),
    "prelu": lambda x: x if x > 0 else x / 4,
    "clip": lambda x: min(max(-1, x), 1),
    "softsign": lambda x: x / (1 + abs(x)),
    "softshrink": lambda x: x - math.copysign(0.5, x) if abs(x) > 0.5 else 0,
    "hardshrink": lambda x: x if abs(x) > 0.5 else 0,
    "threshold": lambda x: x if x > 0 else 0,
    "relu6": lambda x: min(max(0, x), 6),
    "hardsigmoid": lambda x: 0 if x <= -3 else 1 if x >= 3 else x / 6 + 0.5,
    "hardswish": lambda x: 0 if x <= -3 else x if x >= 3 else x * (x + 3) / 6,
    "mish": lambda x: x * math.tanh(math.log(1 + math.exp(x))),
    "logsigmoid": lambda x: math.log(1 / (1 + math.exp(-x))),
    "selu": lambda x: 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * (math.exp(x) - 1)),
}


def test_every_activation_has_a_closed_form_here() -> None:
    assert set(CLOSED) == {kind.value for kind in ActivationKind}


@pytest.mark.parametrize("name", CLOSED)
@given(st.floats(-20, 20))
def test_each_cell_is_the_closed_form_and_its_step_the_same(name: str, x: float) -> None:
    result = activate([[x, 1.5]], name)
    assert float(result.output[0, 0]) == pytest.approx(CLOSED[name](x), rel=1e-7, abs=1e-9)
    assert result.step((0, 0)).value == result.output[0, 0]


@pytest.mark.parametrize("name", CLOSED)
@pytest.mark.parametrize("x", [0, 1, -1, 3, -3, Fraction(1, 2)])
def test_a_value_is_called_exact_only_where_it_is(name: str, x: int | Fraction) -> None:
    """Where it is no fraction of small numbers, it is rounded."""
    step = activate([x], name).step((0, 0))
    closed = CLOSED[name](float(x))
    assert not step.exact or abs(Fraction(closed).limit_denominator(1000) - Fraction(closed)) < Fraction(1, 10**15)


@pytest.mark.parametrize("x", ["-1e7", "-1e16"])
def test_what_is_too_large_to_be_compared_is_written_at_once(convcalc: Convcalc, x: str) -> None:
    ran = convcalc("sigmoid", "-i", x)
    assert (ran.status, ran.answer) == (0, "0\n")
    assert "≈ 0" in ran.stdout


def test_the_lectures_relu() -> None:
    assert activate(EXAMPLE_MAP, "relu").output.tolist() == [[0, 0, 0, 8], [0, 0, 2, 3], [0, 0, 0, 0], [0, 0, 0, 0]]


@pytest.mark.parametrize(
    ("name", "x", "value"),
    [
        ("sigmoid", 1000, 1.0),
        ("sigmoid", -1000, 0.0),
        ("sigmoid", -700, math.exp(-700)),
        ("tanh", 1e300, 1.0),
        ("softplus", 1000, 1000.0),
        ("softplus", -700, math.exp(-700)),
        ("silu", -1000, 0.0),
        ("silu", 1e308, 1e308),
        ("gelu", -1e200, 0.0),
        ("gelu", -10, -10 * math.erfc(10 / math.sqrt(2)) / 2),
        ("gelu-tanh", -1e200, 0.0),
        ("gelu-tanh", 1e200, 1e200),
        ("elu", -1e308, -1.0),
        ("elu", -1e-20, -1e-20),
    ],
)
def test_large_and_small_cells_neither_overflow_nor_vanish(name: str, x: float, value: float) -> None:
    assert activate([x], name).output.tolist() == [pytest.approx(value, rel=1e-12, abs=0)]


@pytest.mark.parametrize(
    ("grid", "parameter", "answer"),
    [
        ([-5, 3], None, [Fraction(-1, 20), 3]),
        ([-5, 3], Fraction(1, 3), [Fraction(-5, 3), 3]),
        ([-0.1, 2.5], "0.2", [-0.02, 2.5]),
        ([-(2**70), 2**70], 2, [-(2**71), 2**70]),
        ([-(2**62), 1], 4, [-(2**64), 1]),
        ([Fraction(-1, 3), Fraction(1, 3)], Fraction(1, 2), [Fraction(-1, 6), Fraction(1, 3)]),
    ],
)
def test_leaky_relu_is_exact(grid: list[object], parameter: object, answer: list[object]) -> None:
    slope = float(parameter) if isinstance(parameter, str) else parameter
    result = activate(grid, "leaky-relu", slope)
    assert result.output.tolist() == answer
    assert [result.step((0, column)).value for column in range(2)] == answer


@pytest.mark.parametrize("name", [kind.value for kind in ActivationKind])
def test_every_cell_has_a_step_however_large(name: str) -> None:
    for x in (1e200, -1e200, 10**300, -(10**300), 0, Fraction(1, 3)):
        step = activate([x], name).step((0, 0))
        assert step.value == activate([x], name).output[0]


@pytest.mark.parametrize("name", [kind.value for kind in ActivationKind])
def test_a_float32_step_is_the_float32_answer(name: str) -> None:
    result = activate(np.array([0.1, -0.7], dtype=np.float32), name)
    assert [str(result.step((0, i)).value) for i in range(2)] == [str(cell) for cell in result.output]


def test_a_parameter_too_large_for_floats_is_refused() -> None:
    with pytest.raises(InputError, match="larger than a float can hold"):
        _ = activate([-1], "elu", 10**400).output


def test_relu_keeps_what_it_is_given() -> None:
    assert activate([-(2**80), 2**80, Fraction(1, 3)], "relu").output.tolist() == [0, 2**80, Fraction(1, 3)]
    assert activate(np.array([-1, 0.5], dtype=np.float32), "relu").output.dtype == np.float32


def test_a_float32_grid_stays_one() -> None:
    assert activate(np.array([0.1], dtype=np.float32), "tanh").output.dtype == np.float32
    assert softmax(np.array([0.1, 0.2], dtype=np.float32)).output.dtype == np.float32


def test_a_parameter_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="relu has no parameter"):
        activate([1], "relu", 2)


def test_exponentials_beyond_floats_are_still_written() -> None:
    assert (exponential(1), f"{exponential(1000):.3e}", f"{exponential(-1000):.3e}") == (
        math.e,
        "1.970e+434",
        "5.076e-435",
    )


# Softmax


def test_the_lectures_softmax() -> None:
    assert [round(value, 4) for value in softmax([2, 1, 0.1]).output] == [0.6590, 0.2424, 0.0986]


logits = st.lists(st.floats(-50, 50), min_size=1, max_size=6)


@given(logits)
def test_softmax_is_the_closed_form_and_adds_to_1(cells: list[float]) -> None:
    values = softmax(cells).output.tolist()
    total = math.fsum(math.exp(cell) for cell in cells)
    assert values == pytest.approx([math.exp(cell) / total for cell in cells])
    assert math.fsum(values) == pytest.approx(1)
    assert np.exp(softmax(cells, log=True).output).tolist() == pytest.approx(values)
    assert list(softmax(cells).step(()).values) == values
    assert list(softmax(cells, log=True).step(()).values) == softmax(cells, log=True).output.tolist()


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=5), st.integers(-(10**30), 10**30))
def test_softmax_does_not_change_when_all_logits_do(cells: list[int], shift: int) -> None:
    assert softmax([cell + shift for cell in cells]).output.tolist() == softmax(cells).output.tolist()


@pytest.mark.parametrize(
    ("cells", "answer"),
    [
        ([1000, 1000], [0.5, 0.5]),
        ([1000, 0], [1, 0]),
        ([-1000, -1000, -1000, -1000], [0.25] * 4),
        ([1e308, -1e308], [1, 0]),
        ([Fraction(1, 3), Fraction(1, 3)], [0.5, 0.5]),
        ([7], [1]),
    ],
)
def test_large_logits_give_right_answers(cells: list[float], answer: list[float]) -> None:
    assert softmax(cells).output.tolist() == answer


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("axis", range(4))
def test_any_axis_is_that_axis_moved_to_the_end(axis: int, log: bool) -> None:
    grid = np.random.default_rng(axis).integers(-5, 5, (2, 3, 4, 5))
    result = softmax(grid, axis, log=log)
    moved = softmax(np.moveaxis(grid, axis, -1), -1, log=log).output
    assert np.moveaxis(result.output, axis, -1).tolist() == moved.tolist()
    place = [1, 2, 3, 4]
    line = place[:axis] + place[axis + 1 :]
    assert list(result.step(line).values) == np.moveaxis(result.output, axis, -1)[tuple(line)].tolist()


@pytest.mark.parametrize(
    ("shape", "axis"), [((3,), 0), ((1, 3), 1), ((3, 1), 0), ((2, 3), 1), ((4, 1, 1), 0), ((1, 1), 1), ((2, 3, 4), 2)]
)
def test_without_an_axis_it_is_the_last_that_is_longer_than_one(shape: tuple[int, ...], axis: int) -> None:
    assert softmax(np.zeros(shape)).axis == axis


def test_an_axis_that_is_not_there_is_refused_and_those_there_are_named() -> None:
    with pytest.raises(InputError, match="no axis 2") as caught:
        softmax([[1, 2]], 2)
    assert caught.value.hint == "its axes are 0 (1 row) and 1 (2 columns)"


@pytest.mark.parametrize(
    ("name", "parameters", "grid", "answer"),
    [
        ("clip", (0, 255), [-5, 100, 300], [0, 100, 255]),
        ("clip", (Fraction(1, 3), 2), [0, 1, 5], [Fraction(1, 3), 1, 2]),
        ("clip", (-0.5, 0.5), [0.3, -2.5], [0.3, -0.5]),
        ("softshrink", (2,), [-5, 1, 2, 3], [-3, 0, 0, 1]),
        ("hardshrink", (2,), [-5, 1, 2, 3], [-5, 0, 0, 3]),
        ("threshold", (2, -1), [-5, 2, 3], [-1, -1, 3]),
        ("threshold", (2**70, 5), [2**71, 1], [2**71, 5]),
        ("softsign", (), [1, -3, Fraction(1, 2)], [Fraction(1, 2), Fraction(-3, 4), Fraction(1, 3)]),
        ("prelu", (Fraction(1, 3),), [3, -3], [3, -1]),
    ],
)
def test_straight_pieces_are_exact_with_any_parameters(
    name: str, parameters: tuple[object, ...], grid: list[object], answer: list[object]
) -> None:
    result = activate(grid, name, *parameters)
    assert result.output.tolist() == answer
    assert [result.step((0, column)).value for column in range(len(grid))] == answer


def test_a_weight_that_is_learned_is_one_a_channel_and_has_a_gradient(convcalc: Convcalc) -> None:
    grid = [[[-1, 2]], [[-3, -4]]]
    result = activate(grid, "prelu", [Fraction(1, 2), 3])
    assert result.output.tolist() == [[[Fraction(-1, 2), 2]], [[-9, -12]]]
    gradient = result.backward([[[1, 1]], [[5, 7]]])
    assert gradient.output.tolist() == [[[Fraction(1, 2), 1]], [[15, 21]]]
    assert gradient.weight.tolist() == [-1, -43]
    with pytest.raises(InputError, match="2 channels, and 3 weights"):
        activate(grid, "prelu", [1, 2, 3])
    ran = convcalc("prelu", "-i", "-5 3; 2 -1", "--weight", "0.1", "--backward", "1 2; 3 4", "--wrt", "weight")
    assert ran.answer == "-9\n"
    assert "1×(-5) + 4×(-1) = -9" in ran.stdout
    script = 'a = 0.1\ninput -5 3; 2 -1\nprelu --weight a\nloss mse -t "1 1; 1 1"\n'
    ran = convcalc("run", "-", "--numeric", "a", stdin=script)
    assert "equal" in ran.stdout or "apart" in ran.stdout
    assert convcalc("run", "-", "--rate", "0.01", "--times", "3", stdin=script).status == 0


@pytest.mark.parametrize(("name", "parameters", "said"), [("clip", (2, 1), "larger"), ("softshrink", (-1,), "below 0")])
def test_parameters_that_make_no_sense_are_refused(name: str, parameters: tuple[int, ...], said: str) -> None:
    with pytest.raises(InputError, match=said):
        activate([1], name, *parameters)


def test_the_gradient_of_a_weight_of_many_cells_is_the_same_sum() -> None:
    grid = np.random.default_rng(3).normal(size=(2, 200, 200))
    gradient = activate(grid, "prelu", [0.25, 0.5]).backward(grid)
    assert gradient.weight == pytest.approx((np.minimum(grid, 0) * grid).sum((1, 2)), rel=1e-12)
    assert activate(grid, "prelu", 0.25).backward(grid).weight == pytest.approx([gradient.weight.sum()], rel=1e-12)
