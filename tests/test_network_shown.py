"""A network with numbers as `convcalc model` shows it: the table, a neuron, why, backward, a step, the library."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import convcalc
from convcalc.errors import ConvcalcError, InputError
from convcalc.inference.names import names_of
from convcalc.report.document import Heading
from convcalc.report.network_steps import network_steps
from convcalc.report.selection import Show
from convcalc.session.walk import Walk
from tests.conftest import SAMPLES, Convcalc
from tests.test_inference import DIGITS, arrays, changed, small

SEVEN = ["model", str(DIGITS / "net.py"), "-i", str(DIGITS / "7.txt"), "--weights", str(DIGITS / "weights.npz")]


@pytest.mark.parametrize("digit", range(10))
def test_the_digits_are_told(convcalc: Convcalc, digit: int) -> None:
    ran = convcalc("model", str(DIGITS / "net.py"), "-i", str(DIGITS / f"{digit}.txt"), *SEVEN[4:], "-q")
    row = list(map(float, ran.stdout.split()))
    assert max(range(10), key=row.__getitem__) == digit


def test_the_table_tells_ranges_means_and_classes(convcalc: Convcalc) -> None:
    ran = convcalc(*SEVEN)
    assert "16×4×4   -16.1788 to 26.7007    1.5956" in ran.stdout
    assert "7            0.9997   13.1655" in ran.stdout


def test_a_neuron_is_worked_by_the_step_that_conv_shows(convcalc: Convcalc) -> None:
    """Every product of it can be checked by hand, and it is what the network's own output says."""
    ran = convcalc(*SEVEN, "--at", "conv1:3,3,5")
    assert "12×0.266" in ran.stdout
    assert "= 21.835" in ran.stdout
    kernel, bias = (arrays(DIGITS / "weights.npz")[name][3] for name in ("conv1.weight", "conv1.bias"))
    window = np.pad(np.loadtxt(DIGITS / "7.txt"), 1)[3:6, 5:8]
    assert (window * kernel[0]).sum() + bias == pytest.approx(21.835)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("fc:7", "(-0.115) (bias)"),
        ("max_pool2d#2:3,1,0", "max(4.4358, 0, 0, 0) ≈ 4.4358"),
        ("relu#2:3,1,1", "max(0, -7.7005) = 0"),
    ],
)
def test_any_layer_is_worked(convcalc: Convcalc, at: str, expected: str) -> None:
    assert expected in convcalc(*SEVEN, "--at", at).stdout


def test_why_follows_a_neuron_back_to_the_picture(convcalc: Convcalc) -> None:
    ran = convcalc(*SEVEN, "--why", "max_pool2d:3,1,2")
    assert "max_pool2d[3,1,2] is the largest of its window: relu[3,3,5] = 21.835" in ran.stdout
    assert "relu[3,3,5] is a function of one cell: conv1[3,3,5] = 21.835" in ran.stdout
    assert "13×0.472       6.136    28 %   input[0,3,4]   row 3, column 4" in ran.stdout
    ran = convcalc(*SEVEN, "--why", "fc:7")
    assert "20.5672×0.213       4.3808     9 %   max_pool2d#2[6,0,1]" in ran.stdout


def test_gradients_are_told_and_worked(convcalc: Convcalc) -> None:
    ran = convcalc(*SEVEN, "--backward", "--target", "3")
    assert "The loss, the cross-entropy of the target, is 8.0352." in ran.stdout
    assert ["fc.bias", "10", "1.4138", "-0.9997", "3"] in map(str.split, ran.stdout.splitlines())
    ran = convcalc(*SEVEN, "--backward", "--target", "3", "--at", "conv1.weight:7,0,2,1")
    assert "-15.9369" in ran.stdout
    ran = convcalc(*SEVEN, "--backward", "--target", "3", "--at", "fc.weight:3,53")
    assert "= -26.69" in ran.stdout or "≈ -26.69" in ran.stdout


def test_a_step_of_descent_is_written(convcalc: Convcalc, tmp_path: Path) -> None:
    new = tmp_path / "new.npz"
    ran = convcalc(*SEVEN, "--target", "3", "--rate", "0.0001", "--save", str(new), "--freeze-to", "conv2")
    assert "The loss was 8.0352, and is 6.8951 now." in ran.stdout
    assert "4 frozen parameters stayed as they were." in ran.stdout
    before, after = arrays(DIGITS / "weights.npz"), arrays(new)
    assert np.array_equal(before["conv2.weight"], after["conv2.weight"])
    assert not np.array_equal(before["fc.weight"], after["fc.weight"])
    again = convcalc(*SEVEN[:5], str(new), "--backward", "--target", "3")
    assert ran.stdout.split("and is ")[1].split(" now")[0] in again.stdout


def test_gradients_are_json_row_by_row(convcalc: Convcalc, tmp_path: Path) -> None:
    words = "model", "Conv2d(1,2,2), Flatten(), Linear(8,2)", "-i", "1 2 3; 4 5 6; 7 8 9", "--weights", "random"
    path = tmp_path / "gradients.json"
    told = convcalc(*words, "--backward", "--target", "1", "--format", "json").stdout
    assert convcalc(*words, "--backward", "--target", "1", "--format", "json", "-o", str(path)).status == 0
    assert path.read_text(encoding="utf-8") == told
    found = json.loads(told)
    shapes = {name: np.shape(cells) for name, cells in found["gradients"].items()}
    assert shapes == {"0.weight": (2, 1, 2, 2), "0.bias": (2,), "2.weight": (2, 8), "2.bias": (2,)}
    assert np.shape(found["input"]) == (1, 1, 3, 3)
    assert max(map(len, told.splitlines())) < 250
    exact = json.loads(convcalc(*words, "--backward", "--exact", "--format", "json").stdout)
    assert all(isinstance(cell, int | str) for cell in np.ravel(np.array(exact["input"], dtype=object)))


def test_json_and_npz_hold_every_map(convcalc: Convcalc, tmp_path: Path) -> None:
    layers = json.loads(convcalc(*SEVEN, "--format", "json").stdout)["layers"]
    maps = tmp_path / "maps.npz"
    convcalc(*SEVEN, "--save", str(maps))
    saved = arrays(maps)
    assert [layer["name"] for layer in layers] == list(saved)
    for layer in layers:
        assert np.allclose(layer["output"], saved[layer["name"]])
        assert list(saved[layer["name"]].shape) == layer["shape"]
    assert layers[3]["reads"] == ["relu"]


def test_exact_digits_are_decimals(convcalc: Convcalc) -> None:
    row = convcalc(*SEVEN, "--exact", "-q").answer.split()
    floats = convcalc(*SEVEN, "-q").stdout.split()
    assert all(10**9 % Fraction(cell).denominator == 0 for cell in row)  # three decimals, three times
    assert [float(Fraction(cell)) for cell in row] == pytest.approx([float(cell) for cell in floats], rel=1e-5)


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["--at", "conv2:3,4"], 1, "conv2 gives 16×4×4, and --at names 2 of it"),
        (["--at", "conv2:16,0,0"], 1, "lies outside"),
        (["--at", "conv3:0,0,0"], 2, "the network has no layer 'conv3'"),
        (["--at", "flatten:0"], 1, "only moves cells"),
        (["--backward", "--target", "10"], 1, "there is no class 10"),
        (["--backward", "--at", "conv1.wait:0,0,0,0"], 2, "did you mean conv1.weight?"),
        (["--backward", "--at", "conv1.weight:0,0,3,0"], 1, "conv1.weight has no cell 0,0,3,0"),
        (["--rate", "0.1"], 2, "--rate needs a loss"),
        (["--target", "1"], 2, "--target does nothing without --backward"),
        (["--save", "maps.txt"], 2, "it writes .npz"),
        (["--at", "conv1:0,0,0", "--layer", "conv1"], 2, "exclude each other"),
        (["--save", "maps.npz", "--at", "conv1:0,0,0"], 2, "--save and --at exclude each other"),
        (["--save", "maps.npz", "--layer", "conv1"], 2, "--save and --layer exclude each other"),
        (["--save", "maps.npz", "--quiet"], 2, "--save and --quiet exclude each other"),
        (["--save", "maps.npz", "--walk"], 2, "--save and --walk exclude each other"),
        (["--quiet", "--format", "json"], 2, "--quiet and --format exclude each other"),
        (["--quiet", "--layer", "conv1"], 2, "--quiet and --layer exclude each other"),
        (["--seed", "3"], 2, "--seed does nothing"),
        (["--depth", "1"], 2, "--depth does nothing with --weights"),
        (["--all"], 2, "--all does nothing with --weights"),
        (["--freeze"], 2, "--freeze does nothing with --weights"),
        (["--freeze-to", "conv1"], 2, "--freeze-to does nothing with --weights"),
        (["--mean", ""], 2, "--mean '' holds 0 of the 1 numbers"),
        (["--std", "1,2"], 2, "--std '1,2' holds 2 of the 1 numbers"),
        (["--std", "0"], 2, "nothing can be divided by 0"),
        (["--labels", str(DIGITS / "weights.npz")], 1, "is no text"),
    ],
)
def test_what_cannot_be_done_is_said(convcalc: Convcalc, words: list[str], status: int, message: str) -> None:
    ran = convcalc(*SEVEN, *words)
    assert ran.status == status
    assert message in ran.stderr


def test_an_input_of_another_shape_is_refused(convcalc: Convcalc) -> None:
    ran = convcalc("model", str(DIGITS / "net.py"), "-i", "1 2; 3 4", *SEVEN[4:])
    assert ran.status == 1
    assert "a window of 2 cells does not fit an input of 1" in ran.stderr


def test_trained_weights_come_with_a_network(convcalc: Convcalc) -> None:
    ran = convcalc("model", "digits", "-i", str(DIGITS / "7.txt"), "--weights", "trained", "-q")
    assert ran.stdout == convcalc(*SEVEN, "-q").stdout
    ran = convcalc("model", "lenet5", "-i", str(SAMPLES / "seven-28x28.png"), "--weights", "trained")
    assert ran.status in (1, 2)
    ran = convcalc("model", "lenet5", "-i", str(SAMPLES / "seven-28x28.png"), "--resize", "32x32", "-W", "trained")
    assert ran.status == 2
    assert "no trained weights come with 'lenet5'" in ran.stderr


def test_options_do_nothing_without_weights(convcalc: Convcalc) -> None:
    ran = convcalc("model", "lenet5", "--at", "conv1:0,0,0")
    assert ran.status == 2
    assert "--at does nothing without --weights" in ran.stderr


def test_the_library_has_a_network_as_objects() -> None:
    counted = convcalc.model("lenet5")
    assert (counted.parameters, counted.layers["conv1"].shape) == (61_706, (6, 28, 28))
    assert counted.layers["conv1"].output is None
    seven = np.loadtxt(DIGITS / "7.txt")
    for weights in (str(DIGITS / "weights.npz"), changed()):
        digits = convcalc.model(DIGITS / "net.py", seven, weights=weights)
        assert digits.output.argmax() == 7
        output = digits.layers["conv2"].output
        assert output is not None
        assert digits.step("conv2", (3, 1, 2)).value == pytest.approx(output[0, 3, 1, 2], rel=1e-6)
        assert digits.step("fc", (7,)).value == pytest.approx(float(digits.output[0, 7]))
        assert digits.backward(3).gradients["fc.bias"].argmin() == 3
        assert "input 1×8×8 → 10" in repr(digits)
        assert digits.parameters == 1898
    with pytest.raises(InputError, match="was only counted"):
        _ = counted.output
    with pytest.raises(InputError, match="there is no layer 'conv3'"):
        digits.step("conv3", (0, 0, 0))
    exact = convcalc.model(DIGITS / "net.py", seven, weights=changed(), exact=True)
    assert 10**9 % Fraction(exact.output[0, 0]).denominator == 0


def test_a_walk_goes_down_into_a_layer_and_up() -> None:
    net = small("Conv2d(1, 2, 2), Flatten()", (1, 3, 3), np.arange(9))
    runs, names = list(net.runs(keep=range(3))), names_of(net.trace)
    walk = Walk(lambda show: network_steps(Heading("a network"), runs, names, show), Show())
    assert walk.count == 3
    walk.press("right")
    walk.press("enter")
    assert walk.count == 8
    walk.press("right")
    assert walk.index == 1
    walk.press("backspace")
    assert (walk.count, walk.index) == (3, 1)
    walk.press("right")
    walk.press("enter")
    assert walk.message == "this layer has no steps"
    walk.press("backspace")
    assert walk.index == 1


STEPS = "Conv2d(2, 3), AvgPool2d(2), ConvTranspose2d(2, 2, stride=2), BatchNorm2d(2), Flatten(), Linear(3), Softmax(1)"
GRID = "1 2 3 4 5 6; 3 4 5 6 7 8; 1 0 1 2 1 1; 2 2 0 3 2 2; 3 3 9 3 0 3; 4 4 4 1 4 4"
LAYERS = ("model", STEPS, "-i", GRID, "--weights", "random", "--seed", "5")


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("1:0,1,1", "1[0,1,1] is the mean of its window. The largest of them:"),
        ("2:1,3,0", "2[1,3,0] is a sum of 2 products, and a bias of"),
        ("3:0,1,1", "3[0,1,1] is one cell, normalised: 2[0,1,1] ="),
        ("6:2", "6[2] is one cell's share in the exponentials of its line: 5[2] ="),
        ("input:0,4,2", "input[0,4,2] is a number of the input."),
    ],
)
@pytest.mark.parametrize("exact", [False, True], ids=["floats", "exact"])
def test_why_tells_of_every_kind(convcalc: Convcalc, at: str, expected: str, exact: bool) -> None:
    layers = (LAYERS[0], STEPS.removesuffix(", Softmax(1)"), *LAYERS[2:]) if exact and at[0] != "6" else LAYERS
    exactly = ("--exact",) if exact and at[0] not in "36" else ()  # a deviation and a share are no fractions
    ran = convcalc(*layers, "--why", at, *exactly)
    assert expected in ran.stdout


def test_the_terms_of_why_add_up(convcalc: Convcalc) -> None:
    """Of a transposed convolution, whose cells are worked as those of the convolution that it is."""
    model = convcalc_model(STEPS, GRID)
    value = model.layers["2"].output[0, 1, 3, 0]
    ran = convcalc(*LAYERS, "--why", "2:1,3,0")
    rows = [line.split() for line in ran.stdout.splitlines() if "×" in line and "[" in line and "·" not in line]
    bias = float(ran.stdout.split("a bias of ")[1].split(". The")[0])
    assert sum(float(row[1]) for row in rows) + bias == pytest.approx(value, abs=2e-4)
    worked = convcalc(*LAYERS, "--at", "2:1,3,0").stdout
    assert f"≈ {value:.4f}\n" in worked
    assert model.step("2", (0, 1, 3, 0)).value == pytest.approx(value, rel=1e-5)


def convcalc_model(layers: str, grid: str) -> Any:
    cells = np.array([row.split() for row in grid.split(";")], float)
    return convcalc.model(layers, cells, weights="random", seed=5)


def test_a_rate_is_any_number(convcalc: Convcalc) -> None:
    third = convcalc(*SEVEN, "--target", "7", "--rate", "1/3").stdout
    assert "Every parameter less 0.3333 × its gradient." in third


def test_the_inputs_gradient_is_worked_at_a_cell(convcalc: Convcalc) -> None:
    ran = convcalc(*SEVEN, "--backward", "--target", "3", "--at", "input:0,3,3")
    assert "step 28 of 64 · input gradient[3,3]" in ran.stdout


def test_the_output_alone_goes_into_a_file(convcalc: Convcalc, tmp_path: Path) -> None:
    convcalc(*SEVEN, "--quiet", "-o", str(tmp_path / "out.txt"))
    assert (tmp_path / "out.txt").read_text() == convcalc(*SEVEN, "--quiet").stdout


def test_what_a_file_freezes_stays(convcalc: Convcalc, tmp_path: Path) -> None:
    source = (DIGITS / "net.py").read_text()
    line = next(line for line in source.splitlines() if "self.fc =" in line)
    indent = line[: len(line) - len(line.lstrip())]
    frozen = source.replace(line, f"{line}\n{indent}self.fc.weight.requires_grad = False")
    (tmp_path / "net.py").write_text(frozen)
    new = tmp_path / "new.npz"
    words = (str(tmp_path / "net.py"), *SEVEN[2:], "--target", "3", "--rate", "0.1", "--save", str(new))
    assert "1 frozen parameter stayed as it was." in convcalc("model", *words).stdout
    before, after = arrays(DIGITS / "weights.npz"), arrays(new)
    assert np.array_equal(before["fc.weight"], after["fc.weight"])
    assert not np.array_equal(before["fc.bias"], after["fc.bias"])


def test_trained_weights_come_along_in_the_library() -> None:
    seven = np.loadtxt(DIGITS / "7.txt")
    trained = convcalc.model("digits", seven, weights="trained")
    assert trained.output.tolist() == convcalc.model(DIGITS / "net.py", seven, weights=changed()).output.tolist()
    with pytest.raises(ConvcalcError, match="no trained weights come with 'lenet5'"):
        convcalc.model("lenet5", np.zeros((1, 32, 32)), weights="trained")
    targets: Any
    for targets in (3, [3], np.array([3]), np.int64(3)):
        assert trained.backward(targets).gradients["fc.bias"].argmin() == 3
    for targets in (1.5, "3", [True], [[3]]):
        with pytest.raises(InputError, match="is no class"):
            trained.backward(targets)
