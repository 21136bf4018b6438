"""Gradients of what works cell by cell, and of what joins cells: against differences, laws and transposes."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convcalc.choices import Reduction
from convcalc.engine.activation_kinds import ActivationKind
from convcalc.engine.activations import activate
from convcalc.engine.dense import linear
from convcalc.engine.gradients import backward_transposed
from convcalc.engine.losses import loss
from convcalc.engine.padding import pad
from convcalc.engine.padding_modes import PadMode
from convcalc.engine.softmax import jacobian, softmax
from convcalc.engine.transposed import conv_transpose
from tests.conftest import Convcalc
from tests.test_activations import CLOSED

STEP = 1e-5


CORNERS = (0, 0.5, 1, 3, 6)
"""Where, or at the negative of which, pieces of some functions meet."""


@pytest.mark.parametrize("name", CLOSED)
@given(st.floats(-20, 20).filter(lambda x: all(abs(abs(x) - corner) > 2 * STEP for corner in CORNERS)))
def test_a_slope_is_the_difference_quotient_of_the_closed_form(name: str, x: float) -> None:
    quotient = (CLOSED[name](x + STEP) - CLOSED[name](x - STEP)) / (2 * STEP)
    gradient = activate([[x, 1.5]], name).backward([[3, 1]])
    assert float(gradient.output[0, 0]) == pytest.approx(3 * quotient, rel=1e-5, abs=1e-8)
    assert float(gradient.step((0, 0)).value) == float(gradient.output[0, 0])


@pytest.mark.parametrize("kind", ActivationKind, ids=str)
@pytest.mark.parametrize(("x", "slope"), [(1000, 1), (-1000, 0), (1e200, 1), (-1e200, 0)])
def test_far_away_a_slope_is_that_of_the_asymptote(kind: ActivationKind, x: float, slope: float) -> None:
    bounded = dict.fromkeys(("sigmoid", "tanh", "relu6", "hardsigmoid"), 0.0)
    bounded |= dict.fromkeys(("clip", "softsign"), 0.0) | dict.fromkeys(("softshrink", "hardshrink"), 1.0)
    bounded |= {"prelu": slope or 0.25}
    bounded |= {"leaky-relu": slope or 0.01, "logsigmoid": 1 - slope, "selu": 1.0507009873554805 * slope}
    assert float(activate([x], kind).backward().output[0]) == pytest.approx(bounded.get(kind.value, slope), abs=1e-5)


@pytest.mark.parametrize(
    ("name", "x", "gradient", "answer"),
    [
        ("relu", [-5, 0, 3], [7, 7, 7], [0, 0, 7]),
        ("relu", [-0.1, 0.1], [0.1, 0.3], [0.0, 0.3]),
        ("leaky-relu", [-5, 0, 3], [1, 1, 2], [Fraction(1, 100), Fraction(1, 100), 2]),
        ("relu", [2**70, -1], [2**80, 3], [2**80, 0]),
        ("relu6", [-1, 0, 3, 6, 7], [2] * 5, [0, 0, 2, 0, 0]),
        ("hardsigmoid", [-3, 0, 3], [6] * 3, [0, 1, 0]),
        ("hardswish", [-3, 0, 1, 3], [6] * 4, [0, 3, 5, 6]),
        ("clip", [-2, -1, 0, 1, 2], [6] * 5, [0, 0, 6, 0, 0]),
        ("softsign", [-1, 0, 3], [4, 4, 32], [1, 4, 2]),
        ("softshrink", [-1, Fraction(1, 2), 1], [6] * 3, [6, 0, 6]),
        ("hardshrink", [-1, Fraction(1, 2), 1], [6] * 3, [6, 0, 6]),
        ("threshold", [-1, 0, 1], [6] * 3, [0, 0, 6]),
        ("prelu", [-1, 0, 1], [8] * 3, [2, 2, 8]),
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


ROWS = [Fraction(-7, 3), 2, 5]
WEIGHTS = [[1, -2, 3], [0, Fraction(1, 2), -1]]


def dotted(inputs: Any, weights: Any, bias: Any, upstream: Any) -> Any:
    """The loss whose gradient of the output is `upstream`: the sum of each output times it."""
    return (upstream * (inputs @ weights.T + bias)).sum()


@pytest.mark.parametrize("transpose", [False, True])
def test_a_linear_layers_gradients_are_central_differences_in_fractions(transpose: bool) -> None:
    inputs = np.array([ROWS, [4, -1, Fraction(1, 7)]], dtype=object)
    weights, bias = np.array(WEIGHTS, dtype=object), np.array([3, Fraction(1, 5)], dtype=object)
    upstream = np.array([[2, -3], [Fraction(1, 3), 5]], dtype=object)
    given_weights = weights.T if transpose else weights
    gradients = linear(inputs, given_weights, bias, transpose=transpose).backward(upstream)
    answers = (gradients.input.output, gradients.weights_like, gradients.bias)
    for which, answer in enumerate(answers):
        for at in np.ndindex(*answer.shape):
            losses = []
            for step in (Fraction(1, 4), Fraction(-1, 4)):
                arrays = [inputs.copy(), weights.copy(), bias.copy()]
                place = at[::-1] if which == 1 and transpose else at
                arrays[which][place] += step
                losses.append(dotted(arrays[0], arrays[1], arrays[2], upstream))
            assert answer[at] == (losses[0] - losses[1]) * 2, (which, at)


def test_the_neuron_of_cs231n(convcalc: Convcalc) -> None:
    behind = convcalc("sigmoid", "-i", "1", "--backward", "1", "-q").stdout.strip()
    line = ("linear", "-i", "-1 -2 1", "-W", "2 -3 -3", "-b", "-3", "--backward", behind, "-q", "--precision", "4")
    assert convcalc(*line, "--wrt", "weights").stdout.split() == ["-0.1966", "-0.3932", "0.1966"]
    assert convcalc(*line, "--wrt", "input").stdout.split() == ["0.3932", "-0.5898", "-0.5898"]


def test_one_gradient_alone_can_be_walked_and_asked_for_a_cell(convcalc: Convcalc) -> None:
    line = ("linear", "-i", "1 2", "-W", "3 4; 5 6", "--backward", "1 10")
    ran = convcalc(*line, "--wrt", "weights", "--at", "1,0")
    assert "weights gradient[1,0]" in ran.stdout
    assert "1×10 = 10" in ran.stdout
    assert "gradient of the input" not in ran.stdout
    assert convcalc(*line, "--at", "0").answer == "53 64\n"
    outside = convcalc(*line, "--wrt", "weights", "--at", "2,0")
    assert (outside.status, "lies outside" in outside.stderr) == (1, True)
    assert convcalc("linear", "-i", "1 2", "-W", "3 4", "--wrt", "bias").status == 2


LOSSES: dict[str, tuple[Any, Any, bool | None]] = {
    "mse": ([[1.0, 2.0], [4.0, 0.5]], [[3.0, 5.0], [4.5, 1.0]], None),
    "mae": ([[1.0, 2.0], [4.0, 0.5]], [[3.0, 5.0], [4.5, 1.0]], None),
    "bce": ([[0.5, 0.25], [0.75, 0.125]], [[1.0, 0.0], [0.25, 1.0]], False),
    "bce logits": ([[2.0, -1.0], [0.5, 3.0]], [[1.0, 0.0], [0.25, 1.0]], True),
    "huber": ([[1.0, 2.0], [4.0, 0.5]], [[3.0, 5.0], [4.25, 0.75]], None),
    "nll": ([[-0.5, -1.0, -2.0], [-1.0, -0.25, -3.0]], [1, 2], None),
    "hinge": ([[3.25, 5.0, -1.75], [1.25, 5.0, 2.0]], [0, 2], None),
    "cross-entropy": ([[2.0, 1.0, 0.125], [0.0, 0.5, -1.0]], [0, 2], None),
    "cross-entropy chances": ([[0.5, 0.25, 0.25], [0.125, 0.5, 0.375]], [0, 2], False),
    "cross-entropy spread": ([[2.0, 1.0, 0.125], [0.0, 0.5, -1.0]], [[0.5, 0.25, 0.25], [0.0, 0.5, 0.5]], None),
}


@pytest.mark.parametrize("reduction", [Reduction.MEAN, Reduction.SUM], ids=str)
@pytest.mark.parametrize("name", LOSSES)
def test_a_losss_gradient_is_the_difference_quotient_of_the_loss(name: str, reduction: Reduction) -> None:
    cells, target, logits = LOSSES[name]
    kind = name.split()[0]
    gradient = loss(cells, target, kind, reduction=reduction, logits=logits).backward().output
    for at in np.ndindex(*gradient.shape):
        values = []
        for step in (STEP, -STEP):
            moved = np.array(cells)
            moved[at] += step
            values.append(float(loss(moved, target, kind, reduction=reduction, logits=logits).output[0]))
        assert float(gradient[at]) == pytest.approx((values[0] - values[1]) / (2 * STEP), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(("kind", "answer"), [("mse", [-1, Fraction(-3, 2)]), ("mae", [Fraction(-1, 4)] * 2)])
def test_distances_have_exact_gradients(kind: str, answer: list[Fraction]) -> None:
    assert loss([1, 2, 4, 4], [3, 5, 4, 4], kind).backward().output.tolist()[:2] == answer


def test_a_sure_logits_gradient_keeps_its_digits() -> None:
    assert loss([37, 0], 0, "cross-entropy").backward().output.tolist() == pytest.approx(
        [-8.533e-17, 8.533e-17], rel=1e-3
    )
    assert loss([37.0], [1.0], "bce", logits=True).backward().output.tolist() == pytest.approx(
        [-8.533e-17], rel=1e-3, abs=0
    )


def test_softmax_with_cross_entropy_is_p_minus_t(convcalc: Convcalc) -> None:
    ran = convcalc("loss", "cross-entropy", "-i", "2 1 0.1", "-t", "0", "--backward")
    assert "[0]  (0.6590 − 1) ≈ -0.3410" in ran.stdout
    wrong = convcalc("loss", "mse", "-i", "1 2", "-t", "3 5", "--backward", "--check", "-4 -6")
    assert "the mean's division was forgotten" in wrong.stdout


@pytest.mark.parametrize("log", [False, True], ids=["softmax", "log-softmax"])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_softmaxs_gradient_is_the_difference_quotient(axis: int, log: bool) -> None:
    cells, upstream = np.array([[2.0, 1.0, 0.125], [-1.0, 0.5, 3.0]]), np.array([[1.0, -2.0, 0.5], [3.0, 0.0, 1.0]])
    gradient = softmax(cells, axis, log=log).backward(upstream).output
    for at in np.ndindex(*cells.shape):
        values = []
        for step in (STEP, -STEP):
            moved = cells.copy()
            moved[at] += step
            values.append(float((softmax(moved, axis, log=log).output * upstream).sum()))
        assert float(gradient[at]) == pytest.approx((values[0] - values[1]) / (2 * STEP), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("log", [False, True], ids=["softmax", "log-softmax"])
@given(st.lists(st.floats(-30, 30), min_size=2, max_size=6))
def test_a_row_of_the_jacobian_is_a_gradient(log: bool, logits: list[float]) -> None:
    matrix = jacobian(logits, log=log)
    for index, row in enumerate(matrix):
        unit = np.eye(len(logits))[index]
        assert row == pytest.approx(softmax(logits, log=log).backward(unit).output, rel=1e-9, abs=1e-15)
    assert matrix.sum(axis=1) == pytest.approx(np.zeros(len(logits)), abs=1e-12)


def test_a_jacobian_is_of_one_row(convcalc: Convcalc) -> None:
    assert convcalc("softmax", "-i", "0 0", "--jacobian").answer == "0.25 -0.25\n-0.25 0.25\n"
    assert convcalc("softmax", "-i", "0 0; 1 2", "--jacobian").status == 1
    assert convcalc("softmax", "-i", "0 0", "--jacobian", "--backward", "1").status == 2


@pytest.mark.parametrize("mode", PadMode, ids=str)
@given(st.integers(1, 4), st.integers(2, 4), st.integers(0, 1), st.integers(0, 2), st.randoms())
def test_paddings_gradient_is_its_transpose(
    mode: PadMode, rows: int, columns: int, around: int, beside: int, rng: Any
) -> None:
    around, beside = min(around, rows - 1), min(beside, columns - 1)
    x = np.array([[Fraction(rng.randint(-9, 9), 7) for _ in range(columns)] for _ in range(rows)], dtype=object)
    padded = pad(x, (around, beside), mode)
    upstream = np.array([Fraction(rng.randint(-9, 9), 5) for _ in range(padded.output.size)], dtype=object)
    upstream = upstream.reshape(padded.output.shape)
    assert (padded.output * upstream).sum() == (x * padded.backward(upstream).output).sum()


def test_what_is_flattened_is_folded_again(convcalc: Convcalc) -> None:
    assert convcalc("flatten", "-i", "1 2; 3 4", "--backward", "5 6 7 8").answer == "5 6\n7 8\n"
    assert convcalc("flatten", "-i", "1 2; 3 4", "--backward", "5 6 7").status == 1


@pytest.mark.parametrize(
    ("stride", "padding", "extra", "dilation", "groups"),
    [(1, 0, 0, 1, 1), (2, 1, 1, 1, 1), (2, 0, 1, 1, 2), (1, 2, 0, 2, 1), (1, 0, 1, 2, 1), (3, (1, 0, 0, 1), 2, 1, 1)],
)
def test_a_transposed_convolutions_gradients_are_its_transposes(
    stride: Any, padding: Any, extra: Any, dilation: int, groups: int
) -> None:
    rng = np.random.default_rng(7)
    x, kernel = rng.integers(-9, 9, (2, 2, 3, 4)), rng.integers(-9, 9, (2, 2, 2, 3))
    options = {"stride": stride, "padding": padding, "output_padding": extra, "dilation": dilation, "groups": groups}
    forward = conv_transpose(x, kernel, **options)
    upstream = rng.integers(-9, 9, forward.output.shape)
    gradients = backward_transposed(forward, upstream)
    whole = int((forward.output * upstream).sum())  # it is linear in its input, and in its kernel
    assert int((x * gradients.input_like()).sum()) == whole
    assert int((kernel * gradients.kernel_part.kernel).sum()) == whole
    assert gradients.bias.tolist() == upstream.sum(axis=(0, 2, 3)).tolist()
    for at in ((0, 0, 0, 0), (1, 1, 2, 3), (1, 0, 1, 2)):
        unit = np.zeros_like(x)
        unit[at] = 1
        assert gradients.input_like()[at] == (conv_transpose(unit, kernel, **options).output * upstream).sum()
    for at in ((0, 0, 0, 0), (1, 1, 1, 2), (0, 1, 1, 0)):
        unit = np.zeros_like(kernel)
        unit[at] = 1
        assert gradients.kernel_part.kernel[at] == (conv_transpose(x, unit, **options).output * upstream).sum()


def test_a_transposed_convolutions_gradients_are_worked(convcalc: Convcalc) -> None:
    line = ("conv-transpose", "-i", "1 2; 3 4", "-k", "1 2; 3 4", "--stride", "2", "--backward")
    ran = convcalc(*line, "1")
    assert ran.answer == "10 10\n10 10\n"
    assert "1×1 + 1×2 + 1×3 + 1×4 = 10" in ran.stdout
    assert convcalc(*line, "1", "--wrt", "kernel").answer == "10 10\n10 10\n"
    assert convcalc(*line, "1", "--wrt", "bias").answer == "16\n"
    assert convcalc(*line, "1", "--as", "zeros").status == 2


@given(st.lists(st.floats(-5, 5), min_size=3, max_size=3), st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_a_target_that_does_not_add_to_one_is_gone_back_from_as_it_is(x: list[float], target: list[float]) -> None:
    gradient = loss([x], [target], "cross-entropy").backward().output[0]
    for index in range(3):
        there, back = ([cell + sign * STEP * (i == index) for i, cell in enumerate(x)] for sign in (1, -1))
        ends = [loss([cells], [target], "cross-entropy").output.item() for cells in (there, back)]
        assert float(gradient[index]) == pytest.approx((ends[0] - ends[1]) / (2 * STEP), abs=1e-8)


def test_a_target_of_no_class_at_all_has_no_loss_and_no_gradient(convcalc: Convcalc) -> None:
    ran = convcalc("loss", "cross-entropy", "-i", "1 2", "-t", "0 0")
    assert (ran.status, ran.answer) == (0, "0\n")
    assert "-(0) = 0" in ran.stdout
    ran = convcalc("loss", "cross-entropy", "-i", "1 2", "-t", "0.5 0.25", "--backward", "--at", "0,0")
    assert "×0.75 − 0.5)" in ran.stdout
