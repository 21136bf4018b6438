"""What hard use of the newer operations found: each once wrong, slow, or a traceback."""

from typing import Any

import numpy as np
import pytest

from convcalc.engine.activations import activate
from convcalc.engine.gathering import add
from convcalc.engine.graph import backward
from convcalc.engine.losses import loss
from convcalc.engine.norms import batch_norm, group_norm, layer_norm
from convcalc.engine.pooling import pool
from convcalc.engine.routing import backward as routed
from convcalc.errors import InputError
from tests.conftest import Convcalc

bad: Any = 2.5
RNG = np.random.default_rng(0)


def words(line: str) -> list[str]:
    return [word.replace("~", " ") for word in line.split()]


@pytest.mark.parametrize(
    "line",
    [
        "loss cross-entropy -i 2~1 -t 0 --class-weights 0.5~1 --backward --check 1~1",
        "loss cross-entropy -i 1~2 -t 0 --ignore-index 0 --reduction sum --check 5",
        "loss hinge -i 2~1;3~1 -t 0~-100 --ignore-index -100 --check 5",
        "loss hinge -i [[[1,2]],[[0,3]]] -t 0~1 --reduction none --check 5~6",
        "loss nll -i 1~2~3 -t 0 --class-weights 0.5~1~1 --backward --check 1~2~3",
        "upsample -i 1~2~3~4 --size 2 --check 5~6",
        "upsample -i 1~2~3;4~5~6;7~8~9 --size 2x2 --check 1~2;3~4",
        "pool min -i 6~3~4~6;4~8~4~8;5~0~6~9;5~0~6~9 --check 0~4;0~6",
    ],
)
def test_a_wrong_answer_is_marked_and_no_mistake_invented(convcalc: Convcalc, line: str) -> None:
    ran = convcalc(*words(line))
    assert ran.status == 1
    assert "Likely" not in ran.stdout


def test_a_gradient_divided_twice_by_a_sum_of_weights(convcalc: Convcalc) -> None:
    line = "loss nll -i 1~2~3;3~1~2 -t 2~1 --class-weights 1~2~1/2 --backward --check 0~0~-0.08;0~-0.32~0"
    assert "divided twice" in convcalc(*words(line)).stdout


@pytest.mark.parametrize(
    ("line", "status", "message"),
    [
        ("dropout -i 1~2~3;4~5~6 --mask 1~0;0~1;1~1", 1, "the input is 2×3, but the mask is 3×2"),
        ("unpool -i 1~2~3;4~5~6 --indices 1~2;3~4;5~6 --size 4x4", 1, "but the indices are 3×2"),
        ("layer-norm -i 1~2~3;4~5~6 --axes 2 --gamma 1~2;3~4;5~6", 1, "gamma is 3×2, and must be 2×3"),
        ("unpool -i 6~8 --indices 5~9 --size 2x4", 1, "there is no place 9 in 2×4 cells"),
        ("unpool -i 1~2 --indices 1~2 --size 6 -w 3", 2, "--window and --size exclude each other"),
        ("conv -i 1~2~3 -k 1~2 --pad-value 2", 2, "--pad-value does nothing without padding"),
        ("conv -i 1~2~3 -k 1~2 --pad-mode edge", 2, "--pad-mode does nothing without padding"),
        ("loss mse -i 1~2 -t 1~1 --smoothing 0.1", 2, "--smoothing does nothing to mse"),
        ("loss mse -i 1~2 -t 1~1 --ignore-index 1", 2, "--ignore-index does nothing to mse"),
        ("loss hinge -i 1~2 -t 1 --smoothing 0.1", 2, "it goes with cross-entropy"),
        ("upsample -i 1~2 --align-corners", 2, "--align-corners does nothing to nearest"),
        ("loss cross-entropy -i 0.5~0.5~0 -t 0 --probabilities --smoothing 0.1", 1, "has probability 0"),
        ("run samples/neuron.convcalc --precision 2", 2, "--precision does nothing without --backward"),
        ("run samples/neuron.convcalc --steps 1", 2, "--steps does nothing without --backward"),
    ],
)
def test_what_does_not_fit_is_refused(convcalc: Convcalc, line: str, status: int, message: str) -> None:
    ran = convcalc(*words(line))
    assert ran.status == status
    assert message in ran.stderr


def test_a_map_of_targets_that_lies_on_its_side_is_refused() -> None:
    with pytest.raises(InputError, match="the target is 4×2, and the places are 2×4"):
        loss(RNG.normal(size=(3, 2, 4)), np.zeros((4, 2), int), "cross-entropy")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("batch-norm -i 1~2;;3~5 --gamma 2 --backward 1~2;;3~4 --wrt gamma -q", "1.9999750006374797\n"),
        ("upsample -i [1,3] --scale 3,2 -q", "1 1 3 3\n1 1 3 3\n1 1 3 3\n"),
        ("upsample -i [1,3] --size 2x4 -q", "1 1 3 3\n1 1 3 3\n"),
        ("unpool -i [6,8] --indices [5,7] --size 2x4 -q", "0 0 0 0\n0 6 0 8\n"),
    ],
)
def test_answers(convcalc: Convcalc, line: str, expected: str) -> None:
    assert convcalc(*words(line)).stdout == expected


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("loss hinge -i 1~3~2 -t 0 --class-weights 2~4~2 --backward", "2×[3 > 0]/2 = 2/2 = 1"),
        ("loss huber -i 1~5 -t 1~1 --backward", "(x − t if |x − t| ≤ delta, else delta·sign(x − t))/2"),
        ("upsample -i 1~2 --scale 3,2", "2 → 3×4 · scale 3,2"),
        ("unpool -i 6~8 --indices 5~7 --size 2x4 --backward 1~2~3~4;5~6~7~8", "gradient 2×4"),
        ("concat -i 1~2;3~4 5~6 --axis -2 --backward 1~2;3~4;5~6 --wrt other", "gradient 3×2"),
        ("layer-norm -i [[[1,2],[3,4]],[[5,6],[7,9]]] --axes 2", "channel 1     6.75"),
        ("loss hinge -i 3~-1 -t 0", "max(0, -1 − 3 + 1) = 0"),
    ],
)
def test_what_is_shown(convcalc: Convcalc, line: str, shown: str) -> None:
    assert shown in convcalc(*words(line)).stdout


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("w = 0.2 0.5 0.3\ninput w\nloss cross-entropy -t 1 --reduction sum --class-weights w\n", "class-weights"),
        ('m = 1 2 3\ninput m\nbatch-norm --columns --running m,"1 4 2"\nloss mse -t "1 2 3"\n', "running mean"),
    ],
)
@pytest.mark.parametrize("way", [["--backward"], ["--numeric", "all"]])
def test_a_grid_that_is_also_a_constant_has_no_known_gradient(
    convcalc: Convcalc, tmp_path: Any, script: str, said: str, way: list[str]
) -> None:
    path = tmp_path / "script.convcalc"
    path.write_text(script)
    ran = convcalc("run", str(path), *way)
    assert ran.status == 1
    assert f"the {said} are worked from other grids, or read elsewhere" in ran.stderr


def test_class_weights_that_have_a_name_are_constants(convcalc: Convcalc, tmp_path: Any) -> None:
    path = tmp_path / "script.convcalc"
    path.write_text("w = 1 2\nx = 1 3\ninput x\nloss cross-entropy -t 1 --reduction sum --class-weights w\n")
    assert convcalc("run", str(path), "--backward").status == 0
    assert "or only as a constant" in convcalc("run", str(path), "--backward", "--wrt", "w").stderr


def test_the_gradients_of_parameters_have_their_shape() -> None:
    x = RNG.normal(size=(2, 3, 4, 4))
    for shape in ((3,), (1,), (3, 1, 1)):
        back = batch_norm(x, gamma=np.ones(shape), beta=np.ones(shape)).backward(RNG.normal(size=x.shape))
        assert (back.gamma.shape, back.beta.shape) == (shape, shape)
    back = layer_norm([[1.0, 2], [3, 5]], gamma=[2], beta=[1, 2]).backward([[1, 2], [3, 4]])
    assert (back.gamma.shape, back.beta.shape) == ((1,), (2,))


def test_a_loss_takes_nothing_from_behind() -> None:
    result = loss([1, 2], [3, 5], "mse")
    assert backward(result).output.tolist() == [-2, -3]
    with pytest.raises(InputError, match="a loss is where a pass backward begins"):
        backward(result, 5)


def test_what_is_exact_is_so_at_any_size() -> None:
    big = np.full(70_000, 2**60 + 1)
    assert add(big, [1] * 70_000).output[0] == 2**60 + 2
    assert activate(big, "prelu", 1).output.tolist()[0] == 2**60 + 1
    assert batch_norm(np.tile([1, 3], 2_500), eps=0).output.dtype == np.int64


def test_prelu_learns_its_default_weight() -> None:
    assert activate([-1, 2], "prelu").backward().weight.tolist() == [-1]


@pytest.mark.parametrize("call", [lambda: group_norm([[1, 2]], bad), lambda: layer_norm([[1, 2]], axes=bad)])
def test_whole_numbers_are_asked_for(call: Any) -> None:
    with pytest.raises(InputError, match="whole number"):
        call()


@pytest.mark.parametrize("kind", ["mse", "mae", "huber", "half-mse", "cross-entropy", "nll", "hinge"])
def test_gradients_of_many_cells_are_those_of_few(kind: str) -> None:
    """They are worked in another way, and were too slow to wait for."""
    cells = RNG.normal(size=(5, 128, 128)).astype(np.float32)
    by_row = kind in ("cross-entropy", "nll", "hinge")
    target: Any = RNG.integers(0, 5, (128, 128)) if by_row else RNG.normal(size=cells.shape).astype(np.float32)
    many = loss(cells, target, kind, reduction="sum").backward().output
    part = (slice(None), slice(3, 7), slice(2, 5))
    few = loss(cells[part], target[part[1:]] if by_row else target[part], kind, reduction="sum").backward().output
    np.testing.assert_allclose(np.asarray(many[part], float), np.asarray(few, float), rtol=1e-6, atol=2e-7)


@pytest.mark.parametrize("window", [2, 3])
def test_a_medians_gradient_is_the_same_of_many_cells(window: int) -> None:
    cells = RNG.integers(0, 9, (1, 1, 120, 120)).astype(float)
    result = pool(cells, "median", window=window, stride=1, padding=1)
    many = routed(result, np.ones(result.output.shape)).input
    small = pool(cells[..., :12, :12], "median", window=window, stride=1, padding=1)
    few = routed(small, np.ones(small.output.shape)).input
    np.testing.assert_allclose(many[..., :10, :10], few[..., :10, :10])


def test_a_step_of_a_large_norms_gradient() -> None:
    x = RNG.normal(size=(2, 3, 40, 40)).astype(np.float32)
    back = batch_norm(x, gamma=[1, 2, 3]).backward(RNG.normal(size=x.shape).astype(np.float32)).input
    step = back.step((1, 2, 3, 4))
    g, gamma, mean, normal, share, root = map(
        float, (step.gradient, step.gamma, step.mean, step.normal, step.share, step.root)
    )
    shown = (g * gamma - mean - normal * share) / root
    assert shown == pytest.approx(float(back.output[1, 2, 3, 4]), rel=1e-5)


def test_a_large_norm_is_near_its_exact_value() -> None:
    x = RNG.normal(size=(1, 1, 70, 80))
    large = batch_norm(x, gamma=3.3, beta=1.7)
    errors = [abs(float(large.output.flat[i]) - float(large._exactly(i))) for i in range(0, x.size, 7)]
    size = 3.3 * np.abs(large.deviations / large.roots).max() + 1.7
    assert max(errors) <= 4 * np.spacing(size)
