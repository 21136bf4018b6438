"""Worksheets and their keys: the same for a seed, not trivial, and the key's answers those of the commands."""

import hashlib
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from convcalc.quiz.exercises import TOPICS
from convcalc.quiz.worksheet import draw
from tests.conftest import Convcalc
from tests.test_formats import compiled

ALL = list(TOPICS)


def test_the_lecture_form_works_as_written(convcalc: Convcalc, tmp_path: Path) -> None:
    sheet, key = tmp_path / "sheet.tex", tmp_path / "key.tex"
    words = ("worksheet", "conv", "--count", "6", "--seed", "7", "--level", "easy")
    ran = convcalc(*words, "--output", str(sheet), "--key", str(key))
    assert (ran.status, ran.stdout) == (0, "")
    assert sheet.read_text(encoding="utf-8").count(r"\subsection*") == 6
    assert "convcalcmade" in key.read_text(encoding="utf-8")


@pytest.mark.parametrize("level", ["easy", "medium", "hard"])
def test_the_same_seed_makes_the_same_sheet(convcalc: Convcalc, level: str) -> None:
    words = ("worksheet", "--count", "12", "--level", level)
    one, two, other = (convcalc(*words, "--seed", seed).stdout for seed in ("7", "7", "8"))
    assert one == two != other


def test_the_same_sheet_on_every_machine_and_python(convcalc: Convcalc) -> None:
    text = convcalc("worksheet", "--count", "24", "--seed", "7", "--level", "medium").stdout
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "c8bb5e261ced283c"


@pytest.mark.parametrize("topic", ALL)
@pytest.mark.parametrize("level", range(1, 6))
def test_no_answer_is_trivial_and_no_number_large(topic: str, level: int) -> None:
    for seed in range(10):
        for question in draw([topic], 2, level, seed):
            cells = question.answer.ravel().tolist()
            assert question.at is None
            assert len(cells) <= 36
            if topic in ("conv", "pool", "transpose", "gradient"):
                assert max(Counter(cells).values()) < len(cells)
            if topic != "params":
                assert max(abs(cell) for cell in cells) < 200


@pytest.mark.parametrize("topic", ALL)
def test_no_two_exercises_are_alike(topic: str) -> None:
    questions = draw([topic], 8, 3, 1)
    said = [(question.text, question.answer.tolist(), str(list(question.given())[:1])) for question in questions]
    assert len({str(one) for one in said}) >= 7


def test_sizes_do_not_always_divide() -> None:
    texts = [question.text for question in draw(["size"], 30, 3, 5)]
    fits = []
    for text in texts:
        n, f, s, p = map(int, re.findall(r"\d+", text)[:4])
        fits.append((n + 2 * p - f) % s == 0)
    assert {True, False} == set(fits)


def test_the_sheet_tells_no_answer_and_the_key_does(convcalc: Convcalc, tmp_path: Path) -> None:
    key = tmp_path / "key.txt"
    sheet = convcalc("worksheet", "conv", "-n", "1", "--seed", "3", "--key", str(key)).stdout
    assert "__" in sheet
    assert "=" not in sheet
    grids = re.search(r"input 4×4.*\n((?:.+\n){4})", sheet)
    assert grids is not None
    rows = [list(map(int, line.split())) for line in grids[1].splitlines()]
    grid = "; ".join(" ".join(map(str, row[:4])) for row in rows)
    kernel = "; ".join(" ".join(map(str, row[4:])) for row in rows if row[4:])
    answer = convcalc("conv", "-i", grid, "-k", kernel, "-q").stdout
    written = key.read_text(encoding="utf-8").rpartition("answer 3×3\n")[2]
    assert written.split() == answer.split()
    assert "output[0,0]:" in key.read_text(encoding="utf-8")


@pytest.mark.parametrize("style", ["txt", "md", "html", "tex", "svg"])
def test_every_format(convcalc: Convcalc, tmp_path: Path, style: str) -> None:
    for level in ("easy", "hard"):
        sheet, key = tmp_path / f"sheet.{style}", tmp_path / f"key.{style}"
        ran = convcalc("worksheet", "-n", "12", "--level", level, "-o", str(sheet), "--key", str(key))
        assert ran.status == 0
        assert "Worksheet" in sheet.read_text(encoding="utf-8")
        if style == "tex" and shutil.which("pdflatex"):
            assert "Overfull" not in compiled(sheet)
            assert "Overfull" not in compiled(key)


def test_a_script_makes_a_sheet_of_its_own(convcalc: Convcalc, tmp_path: Path) -> None:
    key = tmp_path / "key.txt"
    sheet = convcalc("worksheet", "--from", "samples/tiny-cnn.convcalc", "--title", "A 7", "--key", str(key)).stdout
    assert sheet.startswith("A 7\n")
    assert "1 · conv · input 8×8" in sheet
    assert "0.9404" in key.read_text(encoding="utf-8")
    assert "0.9404" not in sheet


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("worksheet", "convs"), 2, "did you mean conv?"),
        (("worksheet", "--level", "eazy"), 2, "did you mean easy?"),
        (("worksheet", "--level", "9"), 2, "there is no such level"),
        (("worksheet", "-o", "a.txt", "--key", "a.txt"), 2, "name the same file"),
        (("worksheet", "--key", " "), 2, "--key is empty"),
        (("worksheet", "conv", "--from", "x"), 2, "leave the topic out"),
        (("worksheet", "--from", "nothing.convcalc"), 1, "cannot read the script"),
        (("worksheet", "--format", "csv"), 2, "holds rows"),
        (("worksheet", "--count", "0"), 2, "--count"),
    ],
)
def test_refusals(convcalc: Convcalc, words: tuple[str, ...], status: int, said: str) -> None:
    ran = convcalc(*words)
    assert (ran.status, said in ran.stderr) == (status, True), ran.stderr
