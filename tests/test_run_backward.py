"""A script's pass backward: against differences of the whole script in exact fractions, and against known networks."""

import json
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from convcalc.matrix_io.text import parse_text
from tests.conftest import SAMPLES, Convcalc

SCRIPTS = {
    "two filters, a bias and a pool": """
        k = 1 -1; 2 1; ---; -1 1; 1 3
        b = 1 -2
        x = 3 1 4 1 5; 9 2 6 5 3; 5 8 9 7 9; 3 2 3 8 4; 6 2 6 4 3
        conv k -i x -b b
        pool max
        flatten
        w = 1 2 -1 3 1 1 0 2; 0 1 1 -1 2 1 -2 1
        linear w
        loss mse -t "1 2"
    """,
    "a kernel used twice": """
        k = 1 -1; 2 1
        x = 3 1 4 1; 5 9 2 6; 5 3 5 8; 9 7 9 3
        conv k -i x
        conv k
        loss mse -t "1 2; 3 4" --reduction sum
    """,
    "a grid that is read by two lines": """
        x = 2 -3; 1 4
        y = relu -i x
        z = pad -p 1,0 -i x
        conv y -i z
        loss mae -t "1; 2; 3"
    """,
    "an input that is its own kernel, turned round": """
        x = 1 2; 3 -1
        conv x -i x -p 1 --flip
        loss mse -t "1 2 3; 4 5 6; 7 8 9"
    """,
    "weights that lie, and a row": """
        w = 1 2; 3 4; 5 -6
        b = 1 -1
        x = 1 -2 3
        linear w -b b -i x --transpose
        leaky-relu
        loss mse -t "1 2"
    """,
    "a transposed convolution": """
        k = 1 2; 3 4
        x = 1 -2; 3 1
        conv-transpose k -i x -s 2 -b 3
        pool avg
        loss mse -t "1 2; 3 4"
    """,
    "every kind of padding and pool": """
        k = 1 2 -1; 1 1 2; -1 0 1
        x = 3 1 4 1; 5 9 2 6; 5 3 5 8; 9 7 9 2
        pad -p 1 --pad-mode reflect -i x
        conv k -p 1 --pad-mode circular
        pad -p 1 --pad-mode replicate
        pool sum -w 3 -s 2
        pool avg -w 2 -s 1 -p 1
        pool min
        loss mse -t "1 2; 3 4"
    """,
    "groups, stride and dilation": """
        k = 1 2; 3 -1; ---; -2 1; 1 1
        x = 1 2 1 4; 3 4 0 1; 2 -1 3 5; 1 1 2 0;; 5 6 1 2; 7 9 -2 3; 1 2 3 4; 4 3 2 1
        conv k -i x --groups 2 -s 1,2 -d 2,1
        flatten
        linear "1 2 3 4 5 6 7 -8"
        loss mse -t 1
    """,
    "one kernel in every channel": """
        k = 1 2; 3 -1; ---; 2 0; 1 1
        x = 1 2 1; 3 4 0; 2 -1 3;; 5 6 1; 7 9 -2; 1 2 3;; 1 1 1; 2 2 2; 3 5 8
        conv k -i x --all-channels
        flatten
        loss mse -t "1 2 3 4 5 6 7 8"
    """,
    "one kernel on each channel by itself": """
        k = 1 2; 3 -1; ---; 2 0; 1 1
        x = 1 2 1; 3 4 0; 2 -1 3;; 5 6 1; 7 9 -2; 1 2 3
        conv k -i x --per-channel
        flatten
        linear "1 2 3 4 5 6 7 -8 1 2 3 4 5 6 7 -8"
        loss mse --half -t 1
    """,
    "an autoencoder, whose target is its input": """
        w = 1 2 -1
        v = 1; 2; -1
        x = 3 -1 2
        linear w -i x
        linear v
        loss mse -t x
    """,
    "a target that is worked from a weight": """
        w = 1 2 -1; 1 1 3
        x = 3 -1 2
        t = linear w -i "1 1 2"
        linear w -i x
        loss half-mse -t t --reduction sum
    """,
    "a picture's cells, divided by 255": """
        k = 1 2; 3 -1
        x = 10 20 30; 250 1 51; 102 7 9
        conv k -i x --normalize
        loss mse -t "1 2; 3 4"
    """,
    "a line that is not on the way": """
        x = 1 2; 3 -1
        y = conv edge -i x -p 1
        pool avg -i x
        loss mse -t 1
    """,
}


@pytest.fixture
def folder(tmp_path: Path) -> Callable[[str, str], Path]:
    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text("\n".join(line.strip() for line in text.strip().splitlines()) + "\n", encoding="utf-8")
        return path

    return write


def cells(convcalc: Convcalc, *words: str) -> list[Fraction]:
    ran = convcalc(*words)
    assert (ran.status, ran.stderr) == (0, "")
    grid = parse_text(ran.stdout.splitlines(), "answer").cells
    return [Fraction(cell.item() if isinstance(cell, np.generic) else cell) for cell in grid.ravel()]


def changed(text: str, name: str, index: int, by: Fraction) -> str:
    """Return a script with one number of a named grid changed."""
    line = next(line for line in text.splitlines() if line.strip().startswith(f"{name} = "))
    numbers = list(re.finditer(r"-?\d[\d/.]*", line))
    number = numbers[index]
    return text.replace(line, line[: number.start()] + str(Fraction(number[0]) + by) + line[number.end() :])


@pytest.mark.parametrize("title", SCRIPTS)
def test_every_gradient_is_the_difference_quotient_of_the_whole_script(
    convcalc: Convcalc, folder: Callable[[str, str], Path], tmp_path: Path, title: str
) -> None:
    """By five points, which are exact for polynomials up to the fourth degree, as these are between kinks."""
    text, h = SCRIPTS[title], Fraction(1, 4096)
    path = str(folder("script.convcalc", text))
    for name in re.findall(r"^ *(\w) = [-\d]", text, flags=re.MULTILINE):
        gradient = cells(convcalc, "run", path, "--backward", "--wrt", name, "-q")
        for index, slope in list(enumerate(gradient))[:: max(len(gradient) // 5, 1)]:
            at = {
                n: cells(convcalc, "run", str(folder("moved.convcalc", changed(text, name, index, n * h))), "-q")[0]
                for n in (-2, -1, 1, 2)
            }
            assert (8 * (at[1] - at[-1]) - (at[2] - at[-2])) / (12 * h) == slope, f"{name} {index}"


def test_the_sigmoid_neuron_has_the_gradients_of_the_course(convcalc: Convcalc) -> None:
    script = str(SAMPLES / "neuron.convcalc")
    assert [round(float(cell), 4) for cell in cells(convcalc, "run", script, "-q")] == [0.7311]
    weights = cells(convcalc, "run", script, "--backward", "--wrt", "w", "-q")
    assert [round(float(cell), 4) for cell in weights] == [-0.1966, -0.3932, 0.1966]
    inputs = cells(convcalc, "run", script, "--backward", "--wrt", "x", "-q")
    assert [round(float(cell), 4) for cell in inputs] == [0.3932, -0.5898, -0.5898]


def test_a_networks_gradients_are_written_a_file_each(convcalc: Convcalc, tmp_path: Path) -> None:
    """The scores' gradient is p − t; all of them were held against PyTorch 2.13's in float64, and are within 5e-16."""
    folder = tmp_path / "gradients"
    ran = convcalc("run", "samples/tiny-cnn.convcalc", "--backward", "--wrt", "all", "-o", f"{folder}/")
    assert ran.status == 0
    found = {path.stem for path in folder.iterdir()}
    assert found == {"input", "lines", "scores", "shapes", "weights", *(f"bias-of-line-{n}" for n in (30,))}
    scores = np.loadtxt(folder / "scores.txt")
    np.testing.assert_allclose(scores, [0.012760132793608901, 0.04682071273796818, -0.059580845531577], rtol=1e-12)
    one = convcalc("run", "samples/tiny-cnn.convcalc", "--backward", "--wrt", "shapes", "-q")
    assert (folder / "shapes.txt").read_text(encoding="utf-8") == one.stdout


def test_each_line_goes_backward_under_its_name_the_last_first(convcalc: Convcalc) -> None:
    ran = convcalc("run", "samples/neuron.convcalc", "--backward")
    lines = [line for line in ran.stdout.splitlines() if re.match(r"# line \d+ · ", line)]
    assert lines == ["# line 8 · sigmoid", "# line 7 · linear w"]
    assert "What comes from behind" in ran.stdout


NEURON = "w = 1 2\nlinear w -i '3 4'\nloss mse -t 1\n"
TWICE = "k = 1 2\nconv k -i '1 2 3 4'\nconv k\nloss mse -t '0 0'\n"


def test_a_grid_that_is_used_twice_has_both_gradients_added_up(convcalc: Convcalc) -> None:
    ran = convcalc("run", "-", "--backward", "--wrt", "k", stdin=TWICE)
    assert "# k is used in 2 lines, and its gradients add up:" in ran.stdout
    assert "[0]  " in ran.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--wrt", "k"], "--wrt does nothing without --backward"),
        (["--gradient", "1"], "--gradient does nothing without --backward"),
        (["--backward", "--wrt", "kk"], "there is no grid 'kk'\nhint: did you mean k?"),
        (["--backward", "--wrt", "all"], "--wrt all writes each gradient to a file"),
        (["--backward", "--gradient", "1 2"], "gradient"),
    ],
)
def test_what_cannot_be_meant_is_refused(convcalc: Convcalc, words: list[str], said: str) -> None:
    ran = convcalc("run", "-", *words, stdin=TWICE)
    assert ran.status in (1, 2)
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_last_grid_of_several_cells_wants_its_gradient(convcalc: Convcalc) -> None:
    script = "x = 1 -2; 3 4\nrelu -i x\n"
    ran = convcalc("run", "-", "--backward", stdin=script)
    assert (ran.status, "--gradient 1" in ran.stderr) == (2, True)
    assert convcalc("run", "-", "--backward", "--gradient", "1 2; 3 4", "-q", stdin=script).answer == "1 0\n3 4\n"


def test_a_name_that_was_given_to_another_grid_is_told_by_its_line(convcalc: Convcalc) -> None:
    ran = convcalc("run", "-", "--backward", "--wrt", "w of line 1", "-q", stdin=f"{NEURON}w = 5 5\n")
    assert (ran.status, ran.stdout) == (0, "60 80\n")


@pytest.mark.parametrize("shown", ["show", "y = show", "show --heat"])
def test_what_is_only_shown_is_no_step_of_the_way(convcalc: Convcalc, shown: str) -> None:
    script = f"w = 1 2\nlinear w -i '3 4'\n{shown}\nloss mse -t 1\n"
    assert convcalc("run", "-", "--backward", "-q", stdin=script).answer == "60 80\n"
    assert convcalc("run", "-", "--rate", "1/4", "-q", stdin=script).answer == "w = -14 -18\n"


@pytest.mark.parametrize("reading", ["matmul", "toeplitz"])
def test_a_convolution_goes_backward_however_it_is_read(convcalc: Convcalc, reading: str) -> None:
    script = f"k = 1 2\nconv k -i '1 2 3' --as {reading}\nloss mse -t '1 2'\n"
    assert convcalc("run", "-", "--backward", "-q", stdin=script).answer == "16 26\n"


def test_what_does_not_go_backward_is_named(convcalc: Convcalc) -> None:
    ran = convcalc("run", "-", "--backward", stdin="x = 1 2; 3 4\nshow x --normalize\npool avg\n")
    assert ran.status == 1
    assert "line 2, show x --normalize: this does not go backward" in ran.stderr


def test_a_target_that_is_worked_has_no_gradient_that_is_not_known(convcalc: Convcalc) -> None:
    script = "w = 1 2; 0 1\nt = softmax -i w\nlinear w -i '1 2'\nloss bce --logits -t '0.5 0.5'\n"
    assert convcalc("run", "-", "--backward", "-q", stdin=script).status == 0
    script = "w = 1 2; 0 1\nt = softmax -i '1 1'\nlinear w -i '1 2'\nloss bce --logits -t t\n"
    ran = convcalc("run", "-", "--backward", stdin=script)
    assert ran.status == 1
    assert "the target is worked from other grids, and its gradient is not known" in ran.stderr


def test_a_session_goes_backward_and_on(convcalc: Convcalc) -> None:
    ran = convcalc(stdin="x = 1 -2; 3 4\nrelu -i x\npool avg\nbackward\nundo\nbackward '1 1; 1 1'\n")
    assert ran.status == 0
    assert "line 3 · pool avg" in ran.stdout
    assert ran.stdout.index("line 3 · pool avg") < ran.stdout.index("undone: pool avg")


# The numeric check


def test_a_gradient_is_checked_exactly_where_all_is_exact(convcalc: Convcalc) -> None:
    ran = convcalc("run", "-", "--numeric", "all", stdin=NEURON)
    assert (ran.status, ran.stderr) == (0, "")
    assert "# They are equal." in ran.stdout
    assert re.search(r"w\[0,1\] +100.08\S* +99.92\S* +80 +80 +0$", ran.stdout, flags=re.MULTILINE)
    assert ran.answer == "60 80\n"


@pytest.mark.parametrize("script", ["backprop-2-2-2", "neuron"])
def test_the_samples_gradients_are_nearly_their_slopes(convcalc: Convcalc, script: str) -> None:
    ran = convcalc("run", f"samples/{script}.convcalc", "--backward", "--numeric", "all")
    assert (ran.status, ran.stderr) == (0, "")
    apart = re.search(r"They are at most (\S+) apart", ran.stdout)
    assert apart is not None
    assert float(apart[1]) < 1e-9


def test_one_cell_is_checked_and_a_kink_is_said(convcalc: Convcalc) -> None:
    ran = convcalc("run", "-", "--numeric", "x 0,1", stdin="x = 2 2\npool max -i x\nloss mse -t 1\n")
    assert ran.stdout.count("x[0,") == 1
    assert "has a kink" in ran.stdout


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("v", "'v' is no grid whose gradient can be checked"),
        ("w 0,9", "the grid has no cell 0,9\nhint: cells count from 0: the last is 0,1"),
        ("w x", "'x' is no cell"),
    ],
)
def test_what_cannot_be_checked_is_refused(convcalc: Convcalc, asked: str, said: str) -> None:
    ran = convcalc("run", "-", "--numeric", asked, stdin=NEURON)
    assert (ran.status, said in ran.stderr) == (2, True)


# Descent

STEP_OF_2_2_2 = ("run", "samples/backprop-2-2-2.convcalc", "--rate", "0.5", "--freeze", "b1", "--freeze", "b2")


def state(stdout: str) -> dict[str, list[float]]:
    """Return the grids of an answer that is several, by name."""
    rows = [line.split(" = ") for line in stdout.splitlines() if not line.startswith("#")]
    return {name: [float(Fraction(word)) for word in re.findall(r"-?\d[^ ;]*", cells)] for name, cells in rows}


def test_the_2_2_2_network_takes_the_step_that_was_published(convcalc: Convcalc) -> None:
    ran = convcalc(*STEP_OF_2_2_2, "--precision", "7")
    assert (ran.status, ran.stderr) == (0, "")
    assert "0.2983711 before, 0.2910278 after" in ran.stdout
    assert "[0,0]  0.4 − 0.5×0.0821670 ≈ 0.3589165" in ran.stdout
    assert {name: [round(cell, 7) for cell in cells] for name, cells in state(ran.stdout).items()} == {
        "w1": [0.1497807, 0.1995614, 0.2497511, 0.2995023],
        "w2": [0.3589165, 0.4086662, 0.5113013, 0.5613701],
    }


def test_several_grids_are_an_answer_in_rows_and_in_json_and_one_is_one_in_every_format(convcalc: Convcalc) -> None:
    rows, record = convcalc(*STEP_OF_2_2_2, "-q"), convcalc(*STEP_OF_2_2_2, "--format", "json")
    output = json.loads(record.stdout)["output"]
    assert {name: np.ravel(cells).tolist() for name, cells in output.items()} == state(rows.stdout)
    for words in (("--format", "csv"), ("-o", "x.npy"), ("--format", "json", "-q")):
        ran = convcalc(*STEP_OF_2_2_2, *words)
        assert (ran.status, ran.stdout) == (2, "")
        assert "--wrt NAME chooses one of w1, w2" in ran.stderr
    assert (
        convcalc(*STEP_OF_2_2_2, "--wrt", "w1", "--format", "csv", "--precision", "3").answer
        == "0.150,0.200\n0.250,0.300\n"
    )
    alone = convcalc("run", "-", "--rate", "1/4", "--format", "csv", "-q", stdin=NEURON)
    assert (alone.status, alone.stdout) == (0, "-14,-18\n")


def test_ten_thousand_steps_of_it_come_to_the_loss_that_was_published(convcalc: Convcalc) -> None:
    ran = convcalc(*STEP_OF_2_2_2, "--times", "10000")
    assert (ran.status, ran.stderr) == (0, "")
    assert "10,000   3.5102e-5" in ran.stdout


NETWORKS = {
    "a convolution, a pool, a cross-entropy": """
        k = 1 -1; 2 1; ---; -1 1; 1 3
        b = 1 -2
        input 3 1 4 1 5; 9 2 6 5 3; 5 8 9 7 9; 3 2 3 8 4; 6 2 6 4 3
        conv k -b b
        tanh
        pool avg
        flatten
        w = 1/9 2 -1 3 1 1 0 2; 0 1 1 -1 2 1 -2 1
        s = linear w
        loss cross-entropy -t 1 -i s
    """,
    "a mean absolute error, weights that lie": """
        w = 1 2; 3 4; 5 -6
        b = 1 -1
        input 1 -2 3; 0 1 1
        linear w -b b --transpose
        elu
        loss mae -t "1 2; 3 4"
    """,
    "a kernel flipped, a kernel in every channel": """
        k = 1 2; 3 -1
        input 1 2 1; 3 4 0; 2 -1 3;; 5 6 1; 7 9 -2; 1 2 3
        conv k --all-channels --flip
        v = 1 -1
        conv v
        flatten
        loss half-mse -t "1 2"
    """,
}


@pytest.mark.parametrize("title", NETWORKS)
def test_steps_by_the_number_are_one_step_after_another(
    convcalc: Convcalc, folder: Callable[[str, str], Path], tmp_path: Path, title: str
) -> None:
    path = str(folder("0.convcalc", NETWORKS[title]))
    at_once = convcalc("run", path, "--rate", "0.001", "--times", "3")
    assert (at_once.status, at_once.stderr) == (0, "")
    for step in range(3):
        after = state(convcalc("run", path, "--rate", "0.001").stdout)
        following = str(tmp_path / f"{step + 1}.convcalc")
        assert convcalc("run", path, "--rate", "0.001", "-o", following).status == 0
        path = following
    many = state(at_once.stdout)
    assert many.keys() == after.keys()
    for name, cells_of_it in many.items():
        assert cells_of_it == pytest.approx(after[name], rel=1e-9, abs=1e-12)
    assert convcalc("run", path, "-q").status == 0


def test_a_step_is_the_grid_less_the_rate_times_the_gradient_exactly(convcalc: Convcalc) -> None:
    ran = convcalc("run", "-", "--rate", "1/3", stdin="w = 1 2\nlinear w -i '3 4'\nloss mse -t 1\n")
    assert "[0,0]  1 − (1/3)×60 = -19" in ran.stdout
    assert ran.answer == "w = -19 -74/3\n"


def test_a_script_is_written_with_its_new_grids_and_its_comments(
    convcalc: Convcalc, folder: Callable[[str, str], Path], tmp_path: Path
) -> None:
    path = folder(
        "given.convcalc", "# note\nw =\n1 2\n3 4\n\nb = 1 1\nlinear w -b b -i '3 4'  # here\nloss mse -t '1 2'\n"
    )
    trained = tmp_path / "trained.convcalc"
    ran = convcalc("run", str(path), "--rate", "1/2", "--freeze", "b", "-o", str(trained))
    assert (ran.status, ran.stdout) == (0, "")
    assert trained.read_text(encoding="utf-8") == (
        "# note\nw = -31/2 -20; -33 -44\nb = 1 1\nlinear w -b b -i '3 4'  # here\nloss mse -t '1 2'\n"
    )


def test_a_session_descends_and_takes_it_back(convcalc: Convcalc) -> None:
    lines = "w = 1 2\nlinear w -i '3 4'\nloss mse -t 1\ndescend 1/4\nw2 = w\nundo\nundo\nw3 = w\n"
    ran = convcalc(stdin=f"{lines}show w\n")
    assert ran.answer == "1 2\n"
    ran = convcalc(stdin="w = 1 2\nlinear w -i '3 4'\nloss mse -t 1\ndescend 1/4\nshow w\n")
    assert ran.answer == "-14 -18\n"


@pytest.mark.parametrize(
    ("script", "words", "said"),
    [
        (TWICE, ["--times", "2"], "--times does nothing without --rate"),
        (TWICE, ["--freeze", "k"], "--freeze does nothing without --rate"),
        (TWICE, ["-o", "new.convcalc"], "--output new.convcalc does nothing without --rate"),
        (TWICE, ["--rate", "1", "--freeze", "kk"], "there is no grid 'kk'\nhint: did you mean k?"),
        (TWICE, ["--rate", "1", "--freeze", "k"], "no grid here is changed"),
        (TWICE, ["--rate", "1", "--wrt", "all"], "--wrt all and --rate exclude each other"),
        (TWICE, ["--rate", "x"], "--rate: 'x' is not a number"),
        (
            "w = 1 2\nlinear w -i '3 4'\nloss mse -t 1\n",
            ["--rate", "1e9", "--times", "99"],
            "the loss is no finite number",
        ),
        ("x = 1 2; 3 4\nrelu -i x\n", ["--rate", "1"], "no line gave a single number"),
        ("y = 1 2\n", ["--backward"], "there is nothing to go back from"),
    ],
)
def test_what_cannot_be_descended_is_refused(convcalc: Convcalc, script: str, words: list[str], said: str) -> None:
    ran = convcalc("run", "-", *words, stdin=script)
    assert ran.status in (1, 2)
    assert said in ran.stderr


def test_kernels_and_biases_written_in_a_line_have_rows_too(convcalc: Convcalc) -> None:
    script = 'input 1 2 3; 4 5 6; 7 8 9\nconv "1 0; 0 -1" -b 2\nflatten\nlinear "1 2 3 4" -b 1\nloss mse -t 0\n'
    ran = convcalc("run", "-", "--backward", stdin=script)
    for name in ("kernel of line 2", "bias of line 2", "weights of line 4", "bias of line 4"):
        assert name in ran.stdout
    ran = convcalc("run", "-", "--backward", "--wrt", "bias of line 4", "-q", stdin=script)
    assert ran.answer == "-38\n"
