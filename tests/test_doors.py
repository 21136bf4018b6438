"""The same grid by every door: file, pipe, script, inline; and what a door cannot hold, or may have read otherwise."""

import json
from pathlib import Path

import numpy as np
import pytest

import convcalc
from convcalc.engine.transposed import conv_transpose
from convcalc.errors import InputError
from convcalc.report.equality import checked_outcome
from tests.conftest import SAMPLES, Convcalc

ONE_MAP = "#= 1×2×2\n1 2\n3 4\n"


@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_one_map_in_csv_is_its_rows(convcalc: Convcalc, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"map{suffix}"
    ran = convcalc(
        "conv", "-i", str(SAMPLES / "rgb-4x4.txt"), "-k", "laplacian", "--all-channels", "-o", str(path)
    )  # fmt: skip
    assert ran.stderr.endswith("(axes of length 1 in front are left out; .txt and .json keep them)\n")
    assert np.loadtxt(path, delimiter="," if suffix == ".csv" else "\t").tolist() == [[3, 0], [-2, -3]]
    assert convcalc("show", "-q", "-i", str(path)).stdout == "3 0\n-2 -3\n"


@pytest.mark.parametrize("door", ["inline", "under", "input", "bare"])
def test_exact_values_behind_a_row_come_through_a_script(convcalc: Convcalc, door: str) -> None:
    row = "0.3333333333333333  #= 1/3"
    script = {
        "inline": f"x = {row}\nconv -i x -k 3",
        "under": f"x =\n{row}\n\nconv -i x -k 3",
        "input": f"input {row}\nconv -k 3",
        "bare": f"{row}\n\nconv -k 3",
    }[door]
    assert convcalc("run", "-", "-q", stdin=script).stdout == "1\n"
    wrong = convcalc("run", "-", stdin=script.replace("1/3", "1/4"))
    assert (wrong.status, "disagree" in wrong.stderr) == (1, True)


@pytest.mark.parametrize("script", [f"{ONE_MAP}\nconv -k 1", f"x =\n{ONE_MAP}\nconv -i x -k 1"])
def test_a_shape_opens_the_rows_of_a_script(convcalc: Convcalc, script: str) -> None:
    assert convcalc("run", "-", "-q", stdin=script).stdout == ONE_MAP
    assert convcalc("show", "-q", stdin=ONE_MAP).stdout == ONE_MAP


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        ("#= 1×2×2×3\n1 2 3\n4 5 6\n---\n7 8 9\n1 1 1\n", "are 2×1×2×3, and the shape written with them 1×2×2×3"),
        ("#= 1×2×2\n1 2 3\n4 5 6\n", "the rows are 2×3"),
        (ONE_MAP * 2, "the rows are 4×2"),
    ],
)  # fmt: skip
def test_a_shape_that_its_rows_have_not_is_refused(convcalc: Convcalc, text: str, shapes: str) -> None:
    ran = convcalc("show", stdin=text)
    assert (ran.status, shapes in ran.stderr, "hint: delete the line" in ran.stderr) == (1, True, True), ran.stderr


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("1;2\n3;4\n", "a semicolon ends a row; if it separates cells here, save it as .csv"),
        ("0,1,2\n5,6,7\n", "the first row counts 0, 1, 2"),
        ("1 2; 3 4\n", ""),
        ("1 2\n3 4\n", ""),
        ("1;2\n", ""),
    ],
)
def test_what_a_pipe_may_have_meant_otherwise_is_said(convcalc: Convcalc, text: str, note: str) -> None:
    ran = convcalc("show", "-q", stdin=text)
    assert (ran.status, ran.stderr.startswith("note: " + note) if note else ran.stderr == "") == (0, True), ran.stderr


def test_commas_in_a_tsv_are_said(convcalc: Convcalc, tmp_path: Path) -> None:
    (tmp_path / "one.tsv").write_text("1,5\n2,5\n")
    ran = convcalc("show", "-q", "-i", str(tmp_path / "one.tsv"))
    assert ran.stdout == "1 5\n2 5\n"
    assert "there is no tab in it" in ran.stderr


def test_of_two_files_of_one_name_the_one_taken_is_said(
    convcalc: Convcalc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scripts").mkdir()
    Path("g.txt").write_text("1\n")
    Path("scripts/g.txt").write_text("2\n")
    Path("scripts/s.convcalc").write_text("show g.txt\n")
    ran = convcalc("run", "-q", "scripts/s.convcalc")
    assert ran.stdout == "1\n"
    assert "not the one beside the script, scripts/g.txt" in ran.stderr
    Path("g.txt").unlink()
    assert convcalc("run", "-q", "scripts/s.convcalc").stdout == "2\n"


@pytest.mark.parametrize(
    ("script", "answer"),
    [("[[1,2],[3,4]]\n\nshow", "1 2\n3 4\n"), ("−1 2\n\nshow", "-1 2\n"), ("1e−1 2\n\nshow", "0.1 2\n")],
)
def test_rows_of_a_script_are_read_as_they_are_elsewhere(convcalc: Convcalc, script: str, answer: str) -> None:
    ran = convcalc("run", "-q", "-", stdin=script)
    assert (ran.stdout, ran.stderr, ran.status) == (answer, "", 0)


@pytest.mark.parametrize(
    ("expression", "outcome", "said"),
    [
        ("0×1 + 0×1", "= 1", "≈ 1"),
        ("3×1 + 1×(-1)", "= 2", "= 2"),
        ("(5e-5 − 1.0001)²", "= 1", "≈ 1"),
        ("(1 − 3)²", "= 4", "= 4"),
        ("|5e-5 − 1.0001|", "= 1", "≈ 1"),
        ("|1 − 3|", "= 2", "= 2"),
        ("2×3²", "= 18", "= 18"),
        ("(1/3)² + 2³", "= 73/9", "= 73/9"),
        ("max(1, 2)", "= 2", "= 2"),
    ],
)
def test_an_equals_sign_is_true_as_it_stands_there(expression: str, outcome: str, said: str) -> None:
    assert checked_outcome(expression, outcome) == said


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("pool", "lp", "-i", "2/3 1/3 2/3 0", "-w", "1,4"), "√((2/3)² + (1/3)² + (2/3)² + 0²) = 1"),
        (("loss", "mse", "-i", "0.00005 1", "-t", "1.00005 1"), "(5e-5 − 1.0001)² ≈ 1"),
        (("conv", "-i", "0.5 0.5", "-k", "1 1", "--precision", "0"), "0×1 + 0×1 ≈ 1"),
        (("linear", "-i", "0.5 0.25", "-W", "1 1", "--precision", "0"), "1×0 + 1×0 ≈ 1"),
        (("sigmoid", "-i", "10"), "1/(1 + e^-10) ≈ 1/(1 + 4.5400e-5) ≈"),
        (("sigmoid", "-i", "0"), "1/(1 + e^-0) = 1/(1 + 1) = 0.5"),
    ],
)
def test_no_sum_says_equals_where_digits_were_left_out(convcalc: Convcalc, words: tuple[str, ...], line: str) -> None:
    assert line in convcalc(*words).stdout


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (("conv-transpose", "-i", "1 2;3 4", "-k", "1", "-s", "5790", "--output-padding", "5789"),
         "the stamps would have 134,096,400 cells", "use a smaller stride"),
        (("model", "ReLU", "-i", "3x4x4"), "'ReLU' is no network", "layers have brackets: ReLU()"),
        (("model", "Dropout(2)", "-i", "3x4x4"), "p must be between 0 and 1, not 2", "0.5"),
        (("model", "BatchNorm2d(4)", "-i", "3x4x4"), "receives 3 channels", "BatchNorm2d(3)"),
        (("size", "-n", "9" * 23, "-f", "3"), "is too large, of more than 18 digits", "-n 7"),
        (("show", "-i", "٣/٤"), "'٣/٤' is not a number", "1/9"),
    ],
)  # fmt: skip
def test_what_misled_is_refused_and_helped(convcalc: Convcalc, words: tuple[str, ...], message: str, hint: str) -> None:
    ran = convcalc(*words)
    assert (ran.status > 0, ran.stdout, message in ran.stderr, hint in ran.stderr) == (True, "", True, True), ran.stderr


def test_quotes_of_typesetters_are_not_taken_for_a_scripts(convcalc: Convcalc) -> None:
    ran = convcalc("run", "-", stdin="input 1 2\nconv -k “1 2”")
    assert (ran.status, 'hint: write conv -k "1 2"' in ran.stderr) == (2, True)


def test_an_array_by_its_interface_alone_is_copied() -> None:
    class Exposed:
        def __init__(self, cells: np.ndarray) -> None:
            self.__array_interface__ = cells.__array_interface__
            self.cells = cells

    cells = np.array([[1, 2], [3, 4]])
    result = convcalc.convolve(Exposed(cells), [[1]])
    cells[0, 0] = 100
    assert result.output.tolist() == [[1, 2], [3, 4]]


def test_a_masked_row_in_lists_is_refused() -> None:
    row = np.ma.masked_array([1, 2], mask=[False, True])
    with pytest.raises(InputError, match="masked"):
        convcalc.pool([[row, row]], window=1)


def test_one_number_in_an_array_of_no_axes_is_one_number() -> None:
    result = convcalc.convolve([[1, 2]], [[1]], bias=np.array(1))
    assert result.output.tolist() == [[2, 3]]
    assert result.backward(np.array(2)).bias.tolist() == [4]


def test_a_large_grid_may_be_stamped_larger() -> None:
    doubled = conv_transpose(np.zeros((4096, 4096), np.float32), np.ones((3, 3)), stride=2)
    assert doubled.shape == (1, 1, 8193, 8193)


def test_an_archive_is_known_whatever_its_arrays_are_called(convcalc: Convcalc, tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", weight=np.ones(2))  # the length of "weight.npy" is the byte of a line's end
    assert convcalc("show", "-q", "-i", str(tmp_path / "w.npz")).stdout == "1 1\n"


def test_a_note_is_said_once_however_many_mistakes_are_tried(convcalc: Convcalc) -> None:
    text = "\n\n".join("\n".join("1 2 3" for _ in range(8)) for _ in range(8))
    ran = convcalc("conv", "-k", "1", "--all-channels", "--check", "5", stdin=text)
    assert ran.stderr.count("note: the grid is read as 8 channels of 8×3") == 1


def test_a_number_behind_a_long_dash_is_no_option(convcalc: Convcalc) -> None:
    ran = convcalc("relu", "-i", "−inf 1")
    assert (ran.status, "only finite numbers" in ran.stderr) == (1, True)


FREEZING = """import torch.nn as nn
net = nn.Sequential(nn.Conv2d(1, 2, 3))
if __name__ == "__main__":
    for p in net.parameters():
        p.requires_grad = False
"""


def test_every_note_on_a_network_is_in_its_json(convcalc: Convcalc, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(FREEZING)
    words = ("model", str(tmp_path / "net.py"), "-i", "1x9x9", "--classes", "3")
    with_layer = FREEZING.replace("nn.Conv2d(1, 2, 3)", "nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(98, 5)")
    (tmp_path / "net.py").write_text(with_layer)
    note = json.loads(convcalc(*words, "--format", "json").stdout)["totals"]["note"]
    assert "freezes" in note
    assert "is now Linear 98→3" in note
    said = convcalc(*words, "--format", "csv").stderr
    assert said.count("note: ") == 2
    assert "is now Linear 98→3" in said


def test_asking_for_an_inputs_gradient_freezes_nothing(convcalc: Convcalc, tmp_path: Path) -> None:
    source = "import torch\nimport torch.nn as nn\nnet = nn.Sequential(nn.Conv2d(1, 2, 3))\n"
    source += "x = load('picture.pt')\nx.requires_grad = True\nx.requires_grad_()\n"
    (tmp_path / "net.py").write_text(source)
    ran = convcalc("model", str(tmp_path / "net.py"), "-i", "1x9x9")
    assert (ran.status, "note" in ran.stdout) == (0, False), ran


def test_numbers_that_are_a_file_beside_the_script_are_said_to_be_numbers(convcalc: Convcalc, tmp_path: Path) -> None:
    (tmp_path / "12").write_text("9\n")
    (tmp_path / "s.convcalc").write_text("input 12\nrelu\n")
    ran = convcalc("run", "-q", str(tmp_path / "s.convcalc"))
    assert ran.stdout == "12\n"
    assert f"'12' is taken as numbers; the file of that name is {tmp_path / '12'}" in ran.stderr
