"""What a word means: numbers, a name, a file, wherever one may stand; what could be meant otherwise is said."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convcalc import pad
from convcalc.matrix_io.files import read_grid
from tests.conftest import SAMPLES, Convcalc


@pytest.fixture
def named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, convcalc: Convcalc) -> Convcalc:
    """Run in a folder where files and a folder are called like numbers and like a kernel."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "1").mkdir()
    (tmp_path / "2").write_text("9")
    (tmp_path / "edge").write_text("1 2; 3 4")
    (tmp_path / "7x7.txt").write_text("5 6")
    return convcalc


@pytest.mark.parametrize(
    ("words", "answer", "note"),
    [
        (("conv", "-i", "1 2; 3 4", "-k", "1 1", "-b", "1"), "4\n8\n", ""),
        (("conv", "-i", "1 2 3", "-k", "2"), "2 4 6\n", "'2' is taken as numbers; the file of that name is ./2"),
        (("conv", "-i", "1 2 3", "-k", "./2"), "9 18 27\n", ""),
        (("relu", "-i", "2"), "2\n", "'2' is taken as numbers"),
        (("relu", "-i", "7x7.txt"), "5 6\n", ""),
        (("loss", "mse", "-i", "3", "-t", "2"), "1\n", "'2' is taken as numbers"),
        (("linear", "-i", "3", "-W", "2"), "6\n", "'2' is taken as numbers"),
        (("conv", "-i", "1 2 3", "-k", "1", "--backward", "2", "--wrt", "bias"), "6\n", "'2' is taken as numbers"),
        (("conv", "-i", "5 6 7; 7 8 9; 1 1 1", "-k", "edge"), "-4\n", "'edge' is taken as the kernel edge"),
    ],
)
def test_numbers_are_numbers_whatever_a_file_is_called(
    named: Convcalc, words: tuple[str, ...], answer: str, note: str
) -> None:
    ran = named(*words, "-q")
    assert (ran.stdout, ran.status) == (answer, 0)
    assert note in ran.stderr if note else ran.stderr == ""


def test_an_answer_is_what_was_written_too(named: Convcalc) -> None:
    ran = named("relu", "-i", "2", "--check", "2")
    assert (ran.status, ran.stdout) == (0, "Right.\n")


@pytest.mark.parametrize(
    ("script", "answer"),
    [("input 3\nk = 2\nconv k", "6\n"), ("k = 2\ninput 3\nconv k\n", "6\n"), ("input 7x7.txt\nrelu", "5 6\n")],
)
def test_a_word_means_the_same_in_a_script(named: Convcalc, script: str, answer: str) -> None:
    assert named("run", "-", "-q", stdin=script).stdout == answer


def test_files_beside_a_script_are_found_and_do_not_hide_numbers(named: Convcalc, tmp_path: Path) -> None:
    folder = tmp_path / "scripts"
    folder.mkdir()
    (folder / "4").write_text("7")
    (folder / "mine").write_text("3")
    (folder / "a.convcalc").write_text("input 4\nconv 4\nconv mine\n")
    ran = named("run", str(folder / "a.convcalc"), "-q")
    assert ran.stdout == "48\n"
    assert f"the file of that name is {folder}/4" in ran.stderr


@pytest.mark.parametrize(
    ("word", "cells"),
    [
        ("1.e5", [[100000.0]]),
        ("2.E3", [[2000.0]]),
        ("–3", [[-3]]),
        ("‑3 1", [[-3, 1]]),
        ("−1/2", [[-0.5]]),
        (".5", [[0.5]]),
    ],
)
def test_numbers_as_programs_and_typesetters_write_them(word: str, cells: Any) -> None:
    assert read_grid(word).cells.astype(float).tolist() == cells


@pytest.mark.parametrize(
    ("words", "status", "message", "hint"),
    [
        (("relu", "-i", "./7"), 1, "there is no file './7'", "name a file"),
        (("relu", "-i", "nan 1"), 1, "'nan' is not a number", "only finite numbers"),
        (("relu", "-i", "1 2 % note"), 1, "'%' is not a number", "a comment begins with #"),
        (("relu", "-i", "5%"), 1, "'5%' is not a number", "write 0.05"),
        (("relu", "-i", "1\t\t2"), 1, "an empty cell between two tabs", "write 0"),
        (("conv", "-i", "1 2", "–k", "1"), 2, "'–k' begins with a dash that is no hyphen", "write -k"),
        (("conv", "-i", "1 2", "—kernel", "1"), 2, "a dash that is no hyphen", "write --kernel"),
        (("conv", "-i", "1 2", "-k", "1", "-k", "2"), 2, "--kernel stands here twice", "leave the other out"),
        (("conv", "-i", "1 2", "-k", "1", "--kernel", "2"), 2, "--kernel stands here twice", "leave the other out"),
        (("relu", "-i", "1", "-i", "2"), 2, "--input stands here twice", "leave the other out"),
        (("size", "-n", "7", "-n", "9", "-f", "3"), 2, "-n stands here twice", "leave the other out"),
        (("size", "-n", "63x63x16", "-f", "3"), 2, "a size is rows and columns", "write -n 63x63"),
        (("size", "-n", "3x32x32", "-f", "3"), 2, "a size is rows and columns", "write -n 32x32"),
        (("sobel",), 2, "there is no command", "did you mean conv sobel?"),
        (("erode",), 2, "there is no command", "did you mean pool min --stride 1?"),
        (("matmul",), 2, "there is no command", "did you mean linear?"),
        (("depthwise",), 2, "there is no command", "did you mean conv --groups CHANNELS?"),
        (("help", "grid"), 2, "there is no help on 'grid'", "did you mean grids?"),
        (("help", "deconv"), 2, "there is no help on 'deconv'", "did you mean conv-transpose?"),
        (("help", "transformer"), 2, "there is no help on", "`convcalc help` lists what there is"),
        (("train",), 2, "there is no command", "--help` lists the commands"),
        (("transformer",), 2, "there is no command", "--help` lists the commands"),
        (("clear",), 2, "there is no command", "--help` lists the commands"),
        (("pool", "max", "-i", "1 2;3 4", "--adaptive", "15000x15000"), 1, "225,000,000 cells", "a smaller output"),
        (("conv", "-i", "1 2;3 4", "-k", "1", "-p", "5000"), 1, "the padded grid would have", "pad by less"),
        (("pool", "max", "-i", "1 2 3;4 5 6;7 8 9", "-w", "3", "-d", "2", "-p", "2"), 1,
         "more than half the pooling window of 3", "at most 1"),
    ],
)  # fmt: skip
def test_what_misleads_is_refused_and_helped(
    convcalc: Convcalc, words: tuple[str, ...], status: int, message: str, hint: str
) -> None:
    ran = convcalc(*words)
    assert (ran.status, message in ran.stderr, hint in ran.stderr) == (status, True, True), ran.stderr


def test_an_equals_sign_behind_a_short_option_is_no_part_of_its_value(convcalc: Convcalc) -> None:
    assert convcalc("conv", "-i", "1 2; 3 4", "-k=-1", "-q").stdout == "-1 -2\n-3 -4\n"


@pytest.mark.parametrize(
    ("grid", "amounts", "right"),
    [
        ([3], (1, 2, 0, 3), [[0, 0, 0, 0], [3, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]),
        ([-7, 0], (1, 2), [[0] * 6, [0, 0, -7, 0, 0, 0], [0] * 6]),
        ([-7, 0], 2, [0, 0, -7, 0, 0, 0]),
    ],
)
def test_a_row_is_padded_on_every_side_that_is_asked(grid: Any, amounts: Any, right: Any) -> None:
    assert pad(grid, amounts).output.tolist() == right
    assert pad(np.array(grid, dtype=np.float32), amounts).output.tolist() == right


@pytest.mark.parametrize(
    ("script", "answer"),
    [
        (("show -i 1/10", "conv -k 1/3", "conv -k 30"), "1\n"),
        (("show -i 1/4", "conv -k 1/3", "conv -k 12"), "1\n"),
    ],
)
def test_a_chain_of_commands_is_as_exact_as_a_script(convcalc: Convcalc, script: tuple[str, ...], answer: str) -> None:
    carried: str | None = None
    for line in script:
        carried = convcalc(*line.split(), "-q", stdin=carried).stdout
    assert carried == answer
    assert convcalc("run", "-", "-q", stdin="\n".join(script)).stdout == answer


@pytest.mark.parametrize(
    "shape", [(1, 1, 3), (1, 2, 3), (1, 1, 1, 3), (1, 2, 2, 3), (1, 2, 1, 3), (2, 1, 3), (2, 1, 2, 3)]
)
def test_text_keeps_axes_of_length_1(convcalc: Convcalc, shape: tuple[int, ...]) -> None:
    grid = np.arange(np.prod(shape)).reshape(shape)
    text = convcalc("show", "-q", stdin=str(grid.tolist())).stdout
    again = convcalc("show", "--format", "json", "-q", stdin=text).stdout
    assert again.strip() == str(grid.tolist())
    assert np.loadtxt(text.splitlines(), ndmin=2).size == grid.size


@pytest.mark.parametrize("suffix", ["csv", "tsv", "npy"])
def test_quotients_that_a_format_cannot_hold_are_said_to_be_rounded(
    convcalc: Convcalc, tmp_path: Path, suffix: str
) -> None:
    path = str(tmp_path / f"x.{suffix}")
    assert "quotients are rounded" in convcalc("conv", "-i", "1 2", "-k", "1/3", "-o", path).stderr
    assert "rounded" not in convcalc("conv", "-i", "1 2", "-k", "1/4", "-o", path).stderr
    if suffix != "npy":
        assert "quotients are rounded" in convcalc("conv", "-i", "1 2", "-k", "1/3", "--format", suffix).stderr


def test_without_a_home_the_session_keeps_no_history(monkeypatch: pytest.MonkeyPatch) -> None:
    from convcalc.cli.session import _keep_history

    def nobody() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", nobody)
    _keep_history(None)


ALONE = [
    (("relu", "G"), ("relu", "-i", "G")),
    (("softmax", "2 1 0.1"), ("softmax", "-i", "2 1 0.1")),
    (("flatten", "G", "-q"), ("flatten", "-i", "G", "-q")),
    (("pool", "G"), ("pool", "-i", "G")),
    (("pool", "max", "G"), ("pool", "max", "-i", "G")),
    (("pool", "avg", "G", "-s", "1"), ("pool", "avg", "-i", "G", "-s", "1")),
    (("pool", "G", "min"), ("pool", "min", "-i", "G")),
    (("conv", "G", "edge"), ("conv", "edge", "-i", "G")),
    (("conv", "edge", "G"), ("conv", "edge", "-i", "G")),
    (("conv", "G", "-k", "edge"), ("conv", "edge", "-i", "G")),
    (("conv", "1 2 1", "1", "-b", "1"), ("conv", "-k", "1", "-i", "1 2 1", "-b", "1")),
    (("conv-transpose", "1 2", "1 1"), ("conv-transpose", "1 1", "-i", "1 2")),
    (("linear", "1 2", "3 4"), ("linear", "3 4", "-i", "1 2")),
    (("linear", "1 2", "-W", "3 4"), ("linear", "3 4", "-i", "1 2")),
    (("loss", "mse", "1 2", "-t", "1 1"), ("loss", "mse", "-i", "1 2", "-t", "1 1")),
    (("loss", "1 2", "mse", "-t", "1 1"), ("loss", "mse", "-i", "1 2", "-t", "1 1")),
    (("model", "Linear(3, 2)", "3"), ("model", "Linear(3, 2)", "-i", "3")),
    (("convolve", "G", "edge"), ("conv", "edge", "-i", "G")),
    (("max_pool2d", "G"), ("pool", "max", "-i", "G")),
    (("AvgPool2d", "G", "-k", "3"), ("pool", "avg", "-i", "G", "--window", "3")),
    (("Conv2D", "G", "edge"), ("conv", "edge", "-i", "G")),
    (("deconv", "1 2", "1 1"), ("conv-transpose", "1 1", "-i", "1 2")),
    (("dense", "1 2", "3 4"), ("linear", "3 4", "-i", "1 2")),
    (("swish", "1 2"), ("silu", "-i", "1 2")),
    (("im2col", "G", "edge"), ("conv", "edge", "-i", "G", "--as", "matmul")),
    (("params", "lenet5"), ("model", "lenet5")),
    (("size", "-n", "7", "-k", "3"), ("size", "-n", "7", "-f", "3")),
    (("size", "-n", "7", "-w3"), ("size", "-n", "7", "-f", "3")),
    (("size", "-n", "7", "--window=3"), ("size", "-n", "7", "-f", "3")),
    (("pool", "-i", "G", "-f", "3"), ("pool", "-i", "G", "-w", "3")),
    (("pool", "-i", "G", "--kernel-size", "3"), ("pool", "-i", "G", "-w", "3")),
]  # fmt: skip


@pytest.mark.parametrize(("words", "meant"), ALONE, ids=[" ".join(row[0]) for row in ALONE])
def test_a_grid_may_stand_alone_and_names_may_be_others(
    convcalc: Convcalc, words: tuple[str, ...], meant: tuple[str, ...]
) -> None:
    grid = str(SAMPLES / "lecture-6x6.txt")
    ran, expected = (convcalc(*(grid if word == "G" else word for word in line)) for line in (words, meant))
    assert expected.status == 0
    assert (ran.status, ran.stdout) == (0, expected.stdout)
    assert (" here" in ran.stderr) == (words[0] != meant[0])


@pytest.mark.parametrize("words", [("relu", "1", "2"), ("conv", "1 2", "1", "2"), ("relu", "-i", "1", "2")])
def test_a_word_too_many_is_refused(convcalc: Convcalc, words: tuple[str, ...]) -> None:
    ran = convcalc(*words)
    assert (ran.status, "unexpected extra argument" in ran.stderr) == (2, True)
