"""The samples that come with the program, by their names wherever a file can stand."""

from pathlib import Path

import pytest

from convcalc.sample_files import folder, listed, names
from tests.conftest import Convcalc


def test_every_sample_is_listed_with_a_command_that_works(convcalc: Convcalc, tmp_path: Path) -> None:
    text = convcalc("samples").stdout
    for name, what, command in listed():
        assert f"{name}: {what}"[:40] in " ".join(text.split())
        assert command.startswith("convcalc ")
    assert {name.partition("/")[0] for name in names()} == {name for name, _, _ in listed()}


@pytest.mark.parametrize("name", [name for name in names() if not name.endswith((".png", ".npz"))])
def test_a_sample_is_printed_and_copied(convcalc: Convcalc, name: str, tmp_path: Path) -> None:
    wanted = (folder() / name).read_text(encoding="utf-8")
    assert convcalc("samples", name).stdout == convcalc("samples", f"sample:{name}").stdout == wanted
    assert convcalc("samples", name, "-o", str(tmp_path / "copy")).status == 0
    assert (tmp_path / "copy").read_text(encoding="utf-8") == wanted


@pytest.mark.parametrize(
    "words",
    [
        ("conv", "-i", "sample:lecture-6x6", "-k", "sample:fractions-3x3.txt"),
        ("conv", "--input=sample:lecture-6x6", "-ksample:emboss"),
        ("model", "sample:digits/net.py", "-i", "sample:digits/7", "-W", "sample:digits/weights.npz"),
        ("show", "sample:digits/weights.npz:conv1.bias"),
        ("run", "sample:neuron"),
        ("mark", "sample:class/worksheet.txt", "sample:class/answers.csv"),
        ("worksheet", "--from", "sample:tiny-cnn.convcalc"),
        ("worksheet", "conv", "--title", "sample:what it is"),
    ],
)
def test_a_name_stands_wherever_a_file_can(convcalc: Convcalc, words: tuple[str, ...]) -> None:
    ran = convcalc(*words)
    assert ran.status == 0, ran.stderr
    assert str(folder()) not in ran.stderr


def test_a_script_names_samples_too(convcalc: Convcalc) -> None:
    script = "input sample:lecture-6x6\nk = sample:emboss\nconv k\nrelu\n"
    assert convcalc("run", "-", "-q", stdin=script).status == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("show", "sample:lectur"), "there is no sample 'lectur'\nhint: did you mean sample:lecture-6x6.txt?"),
        (("samples", "digits"), "sample:digits is a folder"),
        (("samples", "digits/weights.npz"), "sample:digits/weights.npz is no text"),
        (("samples", "."), "there is no sample '.'"),
        (
            ("relu", "1 2", "-o", "sample:decimals.csv"),
            "sample:decimals.csv is a sample, which is read and not written",
        ),
        (("relu", "1 2", "--output=sample:decimals.csv"), "is read and not written"),
        (("relu", "1 2", "-osample:decimals.csv"), "is read and not written"),
        (("show", "sample:digits"), "sample:digits"),
    ],
)
def test_what_is_no_sample_or_cannot_be_done_with_one_is_told(
    convcalc: Convcalc, words: tuple[str, ...], message: str
) -> None:
    ran = convcalc(*words)
    assert ran.status in (1, 2)
    assert message in ran.stderr
    assert str(folder()) not in ran.stderr
