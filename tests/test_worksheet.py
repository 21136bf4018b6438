"""Worksheets and their keys: the same for a seed, not trivial, and the key's answers those of the commands."""

import hashlib
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from convcalc.practice.exercises import TOPICS
from convcalc.practice.worksheet import _cells_of, draw
from convcalc.report.document import Grids, Heading
from tests.conftest import Convcalc
from tests.test_formats import compiled, needs_latex

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
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "2d16f2fb50298044"


@pytest.mark.parametrize("topic", ALL)
@pytest.mark.parametrize("level", [1, 3, 5])
def test_no_two_exercises_are_alike(topic: str, level: int) -> None:
    questions = draw([topic], 8, level, 1)
    said = [(question.text, question.answer.tolist(), *_cells_of(question)) for question in questions]
    assert len({str(one) for one in said}) == 8


def test_windows_do_not_always_divide_and_no_kernel_merely_copies() -> None:
    fits = []
    for question in draw(["conv", "pool"], 60, 3, 5):
        heading = next(block.text for block in question.given() if isinstance(block, Heading))
        n, f = (int(number) for number in re.findall(r"(\d+)×\d+", heading)[:2])
        stride = int(re.findall(r"stride (\d)", heading)[0])
        fits.append((n - f) % stride == 0)
    assert {True, False} == set(fits)
    for question in draw(["conv"], 60, 1, 5):
        kernel = next(block for block in question.given() if isinstance(block, Grids)).matrices[1].body
        cells = [kernel.text(row, column) for row in range(kernel.rows) for column in range(kernel.columns)]
        assert sum(cell != "0" for cell in cells) >= 2


def test_sizes_do_not_always_divide() -> None:
    texts = [question.text for question in draw(["size"], 30, 3, 5)]
    fits = []
    for text in texts:
        n, f, s, p = map(int, re.findall(r"\d+", text)[:4])
        fits.append((n + 2 * p - f) % s == 0)
    assert {True, False} == set(fits)


def test_the_sheet_tells_no_answer_and_the_key_does(convcalc: Convcalc, tmp_path: Path) -> None:
    key = tmp_path / "key.txt"
    sheet = convcalc("worksheet", "conv", "-n", "1", "--seed", "3", "--level", "2", "--key", str(key)).stdout
    assert "answer: __" in sheet
    assert "=" not in sheet
    (given,) = draw(["conv"], 1, 2, 3)
    said = _cells_of(given)
    size, taps = (int(number) for number in re.findall(r"(\d)×\d", sheet)[:2])
    grid, kernel = said[: size * size], said[size * size :][: taps * taps]
    rows = [
        "; ".join(" ".join(cells[i : i + n]) for i in range(0, n * n, n)) for cells, n in ((grid, size), (kernel, taps))
    ]
    settings = re.findall(r"\b(stride|bias) (-?\d+)", sheet)
    options = [word for name, value in settings for word in (f"--{name}", value)]
    at = ",".join(re.findall(r"output\[(\d),(\d)\]", sheet)[0])
    worked = convcalc("conv", "-i", rows[0], "-k", rows[1], *options, "--at", at).stdout
    written = key.read_text(encoding="utf-8")
    answer = written.rpartition("answer: ")[2].split()[0]
    assert f"= {answer}\n" in worked
    assert f"output[{at}]:" in written
    assert re.search(rf"^ *1 +{answer} +1$", written, flags=re.MULTILINE), "the answers stand together on top"


def test_decimals_are_keyed_as_they_are_asked_and_a_slope_is_given(convcalc: Convcalc, tmp_path: Path) -> None:
    key = tmp_path / "key.txt"
    for seed in range(12):
        words = ("worksheet", "activation", "--level", "hard", "-n", "3", "--seed", str(seed), "--key", str(key))
        sheet = convcalc(*words).stdout
        assert ("leaky-relu" in sheet) == ("slope 0.01" in sheet)
        answers = key.read_text(encoding="utf-8").split("answer ")[1:]
        numbers = [number for part in answers for number in re.findall(r"-?\d+\.\d+", part.partition("\n\n")[0])]
        assert all(len(number.partition(".")[2]) <= 2 for number in numbers)


def test_a_later_exercise_takes_the_answer_of_an_earlier_one_untold(convcalc: Convcalc, tmp_path: Path) -> None:
    script = tmp_path / "s.convcalc"
    script.write_text("input 1 2; 3 4\nconv -k 7\nsize -n 9 -f 3\nrelu\nlinear -W 1,1\n")
    ran = convcalc("worksheet", "--from", str(script), "--key", str(tmp_path / "key.txt"))
    assert "Input: your answer to 1." in ran.stdout
    assert "Input: your answer to 2." in ran.stdout
    assert "28" not in ran.stdout
    assert "28" in (tmp_path / "key.txt").read_text()
    assert "line 3: size -n 9 -f 3" in ran.stderr


def test_a_line_with_an_input_of_its_own_keeps_it_or_names_the_right_answer(convcalc: Convcalc, tmp_path: Path) -> None:
    script = tmp_path / "s.convcalc"
    script.write_text(
        'a = conv -i "1 2; 3 4" -k 7\nrelu -i "1 -2; 3 4"\nb = pool sum -i a\nflatten -i "8 9"\nlinear -W 1 --input=b\n'
    )
    parts = convcalc("worksheet", "--from", str(script)).stdout.split(" · ")
    told = [re.findall(r"your answer to (\d)", part) for part in parts]
    assert [numbers for numbers in told if numbers] == [["1"], ["3"]]
    assert "1  -2" in " ".join(parts)
    sample = convcalc("worksheet", "--from", "samples/tiny-cnn.convcalc").stdout
    assert "your answer to 8" in sample.rpartition("10 · softmax")[2]


def test_no_file_is_written_over_by_another(convcalc: Convcalc, tmp_path: Path) -> None:
    script = tmp_path / "s.convcalc"
    script.write_text("input 1 2; 3 4\nconv -k 7\n")
    (tmp_path / "link.txt").symlink_to(script)
    for words in (("-o", str(script)), ("--key", str(tmp_path / "link.txt"))):
        ran = convcalc("worksheet", "--from", str(script), *words)
        assert (ran.status, "name the same file" in ran.stderr) == (2, True)
    assert script.read_text().startswith("input")


def test_the_key_is_checked_before_the_sheet_is_written(convcalc: Convcalc, tmp_path: Path) -> None:
    for name in ("key.csv", "key.pdf", "key.npy"):
        ran = convcalc("worksheet", "-o", str(tmp_path / "a.tex"), "--key", str(tmp_path / name))
        assert ran.status in (1, 2)
        assert list(tmp_path.iterdir()) == []
    words = ("worksheet", "--format", "html", "-o", str(tmp_path / "a.html"), "--key", str(tmp_path / "key.tex"))
    assert convcalc(*words).status == 0
    assert (tmp_path / "key.tex").read_text().startswith("\\documentclass")


def test_a_sheet_of_a_script_in_a_script_is_refused(convcalc: Convcalc, tmp_path: Path) -> None:
    script = tmp_path / "s.convcalc"
    script.write_text(f"worksheet --from {script}\n")
    ran = convcalc("worksheet", "--from", str(script))
    assert (ran.status, "a script makes no worksheet of a script" in ran.stderr) == (2, True)


TITLE = "Größe à l’école ñ ł 'Š' “x” \x1b[31m\n# a"


def test_letters_of_other_languages_and_signs_of_none(convcalc: Convcalc, tmp_path: Path) -> None:
    for style in ("txt", "md", "html", "tex", "svg"):
        sheet = tmp_path / f"sheet.{style}"
        assert convcalc("worksheet", "-n", "1", "--title", TITLE, "-o", str(sheet)).status == 0
        text = sheet.read_text(encoding="utf-8")
        assert "\x1b" not in text
        assert "\n# a" not in text
        if style == "svg":
            ElementTree.fromstring(text)
        if style == "tex":
            assert r"Gr\"{o}\ss{}e \`{a} l'\'{e}cole \~{n} \l{} '\v{S}' ``x''" in text


@pytest.mark.parametrize("style", ["txt", "md", "html", "tex", "svg"])
def test_every_format(convcalc: Convcalc, tmp_path: Path, style: str) -> None:
    for level in ("easy", "hard"):
        sheet, key = tmp_path / f"sheet.{style}", tmp_path / f"key.{style}"
        ran = convcalc("worksheet", "-n", "12", "--level", level, "-o", str(sheet), "--key", str(key))
        assert ran.status == 0
        assert "Worksheet" in sheet.read_text(encoding="utf-8")


@pytest.mark.slow
@needs_latex
@pytest.mark.parametrize("level", ["easy", "hard"])
def test_the_sheet_and_its_key_compile(convcalc: Convcalc, tmp_path: Path, level: str) -> None:
    sheet, key = tmp_path / "sheet.tex", tmp_path / "key.tex"
    convcalc("worksheet", "-n", "12", "--level", level, "--title", TITLE, "-o", str(sheet), "--key", str(key))
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
        (("worksheet", "--level", "9"), 2, "there is no level '9'"),
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
