"""Gradients of what works cell by cell, and of what joins cells: against differences, laws and transposes."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convcalc.engine.activation_kinds import ActivationKind
from convcalc.engine.activations import activate
from tests.conftest import Convcalc
from tests.test_activations import CLOSED

STEP = 1e-5


@pytest.mark.parametrize("name", CLOSED)
@given(st.floats(-20, 20).filter(lambda x: abs(x) > 2 * STEP))
def test_a_slope_is_the_difference_quotient_of_the_closed_form(name: str, x: float) -> None:
    quotient = (CLOSED[name](x + STEP) - CLOSED[name](x - STEP)) / (2 * STEP)
    gradient = activate([[x, 1.5]], name).backward([[3, 1]])
    assert float(gradient.output[0, 0]) == pytest.approx(3 * quotient, rel=1e-5, abs=1e-8)
    assert float(gradient.step((0, 0)).value) == float(gradient.output[0, 0])


@pytest.mark.parametrize("kind", ActivationKind, ids=str)
@pytest.mark.parametrize(("x", "slope"), [(1000, 1), (-1000, 0), (1e200, 1), (-1e200, 0)])
def test_far_away_a_slope_is_that_of_the_asymptote(kind: ActivationKind, x: float, slope: float) -> None:
    bounded = {"sigmoid": 0, "tanh": 0, "leaky-relu": slope or 0.01}
    assert float(activate([x], kind).backward().output[0]) == bounded.get(kind.value, slope)


@pytest.mark.parametrize(
    ("name", "x", "gradient", "answer"),
    [
        ("relu", [-5, 0, 3], [7, 7, 7], [0, 0, 7]),
        ("relu", [-0.1, 0.1], [0.1, 0.3], [0.0, 0.3]),
        ("leaky-relu", [-5, 0, 3], [1, 1, 2], [Fraction(1, 100), Fraction(1, 100), 2]),
        ("relu", [2**70, -1], [2**80, 3], [2**80, 0]),
    ],
)
def test_slopes_of_straight_pieces_are_exact(
    name: str, x: list[object], gradient: list[object], answer: list[object]
) -> None:
    assert activate(x, name).backward(gradient).output.tolist() == answer


def test_a_gradient_has_the_dtype_of_its_floats() -> None:
    cells = np.array([1, -2], np.float32)
    assert activate(cells, "sigmoid").backward(np.array([1, 2], np.float32)).output.dtype == np.float32
    assert activate([1, 2], "relu").backward().output.dtype == np.int64


def test_many_cells_are_worked_in_floats_and_come_to_the_same() -> None:
    cells = np.linspace(-4, 4, 70_000)
    many = activate(cells, "relu").backward(2).output
    assert many.tolist() == np.where(cells > 0, 2.0, 0.0).tolist()


def test_the_sigmoid_neuron_of_cs231n(convcalc: Convcalc) -> None:
    assert float(convcalc("sigmoid", "-i", "1", "--backward", "1", "-q").stdout) == pytest.approx(0.19661193324148185)


def test_the_chain_rule_is_written_out(convcalc: Convcalc) -> None:
    ran = convcalc("relu", "-i", "-5 8", "--backward", "1 2")
    assert ran.status == 0
    assert "[0]  1×f'(-5) = 1×0 = 0" in ran.stdout
    assert "[1]  2×f'(8) = 2×1 = 2" in ran.stdout
    assert ran.answer == "0 2\n"


def test_a_forgotten_mask_is_named(convcalc: Convcalc) -> None:
    ran = convcalc("relu", "-i", "-5 8", "--backward", "1 2", "--check", "1 2")
    assert (ran.status, "the derivative was forgotten" in ran.stdout) == (1, True)
