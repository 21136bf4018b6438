"""A class's answers marked: however they are handed in, the points are the same, and mistakes are named and counted."""

import csv
import io
import json
import re
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from convcalc.errors import InputError
from convcalc.practice.answers import cells_of, read_answers
from convcalc.practice.exercises import TOPICS
from convcalc.practice.foreseen import marking_of, texts_of
from convcalc.practice.marking import mark
from convcalc.practice.question import Question
from convcalc.practice.worksheet import draw
from convcalc.render.page import resource
from convcalc.report.document import Text
from tests.conftest import Convcalc

WORDS = ("worksheet", "--level", "medium", "--seed", "7", "-n", "10")
RIGHT = {
    1: "13 3 -20; 16 -13 -9; 25 -22 5",
    2: "7 1 4; 9 7 6; 9 7 7",
    3: "7",
    4: "528",
    5: "0 3 3; 6 0 0",
    6: "0.11 0.84 0.04",
    7: "18 -2",
    8: "1.5",
    9: "0 6 10; 3 18 7; 5 6 1",
    10: "2 8 9 0 7 8 6 6",
}
"""The answers to that sheet, worked with the commands."""


@pytest.fixture
def sheet(convcalc: Convcalc, tmp_path: Path) -> Path:
    path = tmp_path / "sheet.txt"
    assert convcalc(*WORDS, "-o", str(path)).status == 0
    return path


def rows_of(convcalc: Convcalc, sheet: Path, *answers: Path | str) -> list[dict[str, str]]:
    ran = convcalc("mark", str(sheet), *map(str, answers), "--format", "csv")
    assert ran.status == 0, ran.stderr
    return list(csv.DictReader(io.StringIO(ran.stdout)))


COMMANDS = {
    1: ("conv", "-i", "0 1 8 1 5; 9 0 8 3 0; 1 6 6 1 3; 1 8 6 0 9; 1 3 9 0 9", "-k", "sobel-x", "--bias", "2"),
    2: ("pool", "max", "-i", "7 1 1 4; 7 1 0 4; 9 7 4 6; 5 0 7 5", "--window", "2", "--stride", "1"),
    3: ("size", "-n", "11", "-f", "3", "-s", "2", "-p", "2"),
    5: ("relu6", "-i", "-2 3 3; 6 -7 -4"),
    6: ("softmax", "-i", "1 3 0", "--precision", "2"),
    7: ("linear", "-i", "4 2 5", "-W", "1 0 3; 1 -1 -1", "--bias", "-1 1"),
    8: ("loss", "mse", "-i", "1 1 1 5", "--target", "1 0 3 4"),
    9: ("conv-transpose", "-i", "3 5; 5 1", "-k", "0 2; 1 1"),
    10: ("flatten", "-i", "2 8; 9 0;; 7 8; 6 6"),
}


@pytest.mark.parametrize("number", COMMANDS)
def test_the_right_answers_are_those_of_the_commands(convcalc: Convcalc, number: int) -> None:
    assert convcalc(*COMMANDS[number]).answer.strip().replace("\n", "; ") == RIGHT[number]


POINTS = {1: 5, 2: 5, 3: 1, 4: 1, 5: 6, 6: 3, 7: 2, 8: 1, 9: 5, 10: 8}


def as_table(answers: dict[int, str], delimiter: str = ",") -> str:
    text = io.StringIO()
    rows = csv.writer(text, delimiter=delimiter)
    rows.writerow(["First name", "Last name", "Email", *(f"Q{n}" for n in answers)])
    rows.writerow(["Ada", "Lovelace", "ada@example.org", *answers.values()])
    return text.getvalue()


def as_lines(answers: dict[int, str]) -> str:
    rows = "\n".join(f"{n}) {answer}".replace("; ", "\n") for n, answer in answers.items())
    return f"Name: Ada Lovelace\n{rows}\n"


def filled_in(sheet: Path, answers: dict[int, str]) -> str:
    """Return the sheet with the answers typed over its lines to write on, anywhere in the squares."""
    lines, number, rows = [], 0, list[str]()
    for line in sheet.read_text(encoding="utf-8").splitlines():
        if line[:1].isdigit() and " · " in line:
            number = int(line.split(" · ")[0])
            rows = answers.get(number, "").split("; ")
        if line.startswith("Name:"):
            line = line.replace("_" * 26, "Ada Lovelace")
        elif line.startswith("answer: ") and rows:
            line = f"answer: {rows.pop(0)}"
        elif line.strip().startswith("____") and rows:
            line = f"  {rows.pop(0).replace(' ', '   ')}"
        lines.append(line)
    return "\n".join(lines)


def test_however_answers_are_handed_in_they_are_marked_alike(convcalc: Convcalc, sheet: Path, tmp_path: Path) -> None:
    written = {
        "a.csv": as_table(RIGHT),
        "b.csv": as_table(RIGHT, ";"),
        "c.tsv": as_table(RIGHT, "\t"),
        "d.txt": as_lines(RIGHT),
        "e.txt": filled_in(sheet, RIGHT),
        "f.txt": f"\ufeff{as_lines(RIGHT)}",
        "g.csv": as_table(RIGHT).replace("\n", "\r\n"),
    }
    folder = tmp_path / "answers"
    folder.mkdir()
    for name, text in written.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "h.tsv").write_text(as_table(RIGHT, "\t"), encoding="utf-16")
    rows = rows_of(convcalc, sheet, folder)
    assert [row["student"] for row in rows] == ["Ada Lovelace"] * (len(written) + 1)
    for row in rows:
        assert {n: int(row[str(n)]) for n in POINTS} == POINTS
        assert (row["points"], row["of"], row["mistakes"]) == ("37", "37", "")


def test_a_saved_page_is_marked_as_it_was_typed(convcalc: Convcalc, chromium: Any, tmp_path: Path) -> None:
    page, saved = tmp_path / "sheet.html", tmp_path / "saved.html"
    assert convcalc(*WORDS, "-o", str(page)).status == 0
    chromium.get(page.as_uri())
    type_in = """
      const put = (field, value) => {
        field.value = value;
        field.dispatchEvent(new Event("input", { bubbles: true }));
      };
      put(document.querySelector("input.written"), "Ada Lovelace");
      for (const [number, text] of Object.entries(arguments[0])) {
        const room = document.querySelector(`[data-exercise="${number}"]`);
        const table = room.querySelector("table");
        text.split("; ").forEach((row, down) => row.split(" ").forEach((value, right) => put(
          table ? table.rows[down + Number("field" in room.dataset)].cells[right].firstChild
            : room.querySelector("input"), value)));
      }
      return document.documentElement.outerHTML;"""
    saved.write_text(chromium.execute_script(type_in, RIGHT), encoding="utf-8")
    chromium.refresh()
    assert chromium.execute_script('return document.querySelector("input.written").value') == "Ada Lovelace", (
        "it is kept"
    )
    (row,) = rows_of(convcalc, page, saved)
    assert (row["student"], row["points"]) == ("Ada Lovelace", "37")


@pytest.mark.parametrize(
    ("number", "answer", "points", "mistake"),
    [
        (1, "11 1 -22; 14 -15 -11; 23 -24 3", "1", "the bias was forgotten"),
        (1, "13 3; 16 -13", "0", "the first window was begun one cell late"),
        (1, "13 3 -20; 16 -13 -9; 25 -22 _", "4.5", ""),
        (3, "8", "0", "the kernel was not subtracted"),
        (5, "0 3 3; 6 0 1", "5", ""),
        (6, "0.1 0.8 0", "0", ""),
        (6, "0.114 0.844 0.042", "3", ""),
        (8, "3/2", "1", ""),
        (8, "1,5", "1", ""),
        (6, "0,11 0,84 0,04", "3", ""),
        (7, "18,-2", "2", ""),
        (10, "2 9 8 0 7 6 8 6", "4", "the cells were written column by column"),
    ],
)
def test_points_and_mistakes(
    convcalc: Convcalc, sheet: Path, tmp_path: Path, number: int, answer: str, points: str, mistake: str
) -> None:
    answers = tmp_path / "bob.txt"
    answers.write_text(f"{number}: {answer}\n")
    (row,) = rows_of(convcalc, sheet, answers)
    assert (row["student"], row[str(number)], row["points"]) == ("bob", points, points)
    assert mistake in row["mistakes"]
    assert bool(mistake) == (row["mistakes"] != "")


def test_the_report_says_what_was_hard_and_what_was_done(convcalc: Convcalc, sheet: Path, tmp_path: Path) -> None:
    table = tmp_path / "class.csv"
    table.write_text("name,1,3\nAda,13 3 -20; 16 -13 -9; 25 -22 5,7\nBen,,8\nCy,,8\nDi,,x\n")
    text = convcalc("mark", str(sheet), str(table)).stdout
    assert "4 answers" in text
    hardest_first = text.partition("Exercises, the hardest first")[2].partition("Mistakes")[0]
    assert hardest_first.index("Pooling") < hardest_first.index("Convolution") < hardest_first.index("Output size")
    assert "   2          3   the kernel was not subtracted" in text
    assert "Ben, Cy" in text
    assert "Di" in text.partition("Not read")[2]
    page = tmp_path / "marks.html"
    assert convcalc("mark", str(sheet), str(table), "-o", str(page)).status == 0
    assert "the kernel was not subtracted" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("suffix", [".txt", ".html", ".tex", ".md"])
def test_sheets_and_keys_of_every_format_say_what_they_are_made_of(
    convcalc: Convcalc, tmp_path: Path, suffix: str
) -> None:
    script = tmp_path / "a_b & c.convcalc"
    script.write_text("input 1 2; 3 4\nrelu\n")
    answers = tmp_path / "a.txt"
    answers.write_text("1: 1 2; 3 4\n")
    for words in (("relu-gradient", "-n", "1", "--seed", "-3", "--level", "hard"), ("--from", str(script))):
        sheet, key = tmp_path / f"sheet{suffix}", tmp_path / f"key{suffix}"
        assert convcalc("worksheet", *words, "-o", str(sheet), "--key", str(key)).status == 0
        for path in (sheet, key):
            (row,) = rows_of(convcalc, path, answers)
            assert (row["points"] == "4") == (words[0] == "--from")


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("a.csv", "Ada,5\n", "the first row must name the columns"),
        ("a.csv", "name,1,1\nAda,5,6\n", "the first row must name the columns"),
        ("a.txt", "nothing here\n", "there are no answers in it"),
        ("a.txt", "1: 5\n1: 6\n", "exercise 1 is answered twice"),
        ("a.txt", "Sheet 00000000: conv, 10 exercises, level easy, seed 7\n1: 5\n", "answers another sheet"),
        ("a.txt", "Sheet 00000000: all topics, 10 exercises, level medium, seed 8\n1: 5\n", "cannot be made again"),
    ],
)
def test_what_cannot_be_marked_is_refused_by_name(
    convcalc: Convcalc, sheet: Path, tmp_path: Path, name: str, text: str, fault: str
) -> None:
    (tmp_path / name).write_text(text)
    ran = convcalc("mark", str(sheet), str(tmp_path / name))
    assert (ran.status, ran.stdout) == (1, "")
    assert fault in ran.stderr
    assert "hint: " in ran.stderr


def test_a_sheet_that_is_none_a_script_that_changed_and_an_empty_folder(convcalc: Convcalc, tmp_path: Path) -> None:
    script, sheet = tmp_path / "s.convcalc", tmp_path / "sheet.txt"
    script.write_text("input 1 2; 3 4\nrelu\n")
    answers = tmp_path / "answers"
    answers.mkdir()
    assert "no worksheet of convcalc" in convcalc("mark", str(script), str(answers)).stderr
    convcalc("worksheet", "--from", str(script), "-o", str(sheet))
    assert "no answers in the folder" in convcalc("mark", str(sheet), str(answers)).stderr
    (answers / "a.txt").write_text("1: 1 2; 3 4\n")
    assert convcalc("mark", str(sheet), str(answers)).status == 0
    script.write_text("input 1 2; 3 5\nrelu\n")
    assert "the script has changed since" in convcalc("mark", str(sheet), str(answers)).stderr


def test_variants_of_a_sheet_are_marked_each_by_its_own(convcalc: Convcalc, tmp_path: Path) -> None:
    one, two = tmp_path / "1.txt", tmp_path / "2.txt"
    for seed, path in (("1", one), ("2", two)):
        convcalc("worksheet", "size", "-n", "1", "--seed", seed, "-o", str(path))
    line = two.read_text().strip().splitlines()[-1]
    (question,) = draw(["size"], 1, 1, 2)
    (tmp_path / "a.txt").write_text(f"{line}\n1: {question.answer[0]}\n")
    (row,) = rows_of(convcalc, one, tmp_path / "a.txt")
    assert row["points"] == "1"


def test_rows_that_are_not_equally_long_are_refused() -> None:
    with pytest.raises(InputError, match="not equally long"):
        cells_of("1 _; 3", "a.txt")
    assert read_answers("name;1\nAda;1,5\n", "a.csv", "a", ".csv")[0].texts == {1: "1,5"}


# The page marks by the same table


def answers_to(question: Question, rng: Random) -> list[np.ndarray]:
    """Return answers worth marking: the right one, every mistake, cells that are off, rounded ones, other shapes."""
    right = question.asked_for
    floats = right.astype(float)
    some = floats.copy().ravel()
    some[rng.randrange(some.size)] += 1
    answers = [floats, np.round(floats, 2), np.round(floats, 1), some.reshape(right.shape), floats.ravel()[:1] + 99]
    for mistake in question.mistakes():
        answer = mistake.answer.astype(float)
        if question.at is None:
            answers.append(answer)
            if answer.shape == right.shape and answer.size > 3:
                mixed = answer.copy().ravel()
                mixed[0] = floats.flat[0]
                answers.append(mixed.reshape(answer.shape))
        elif len(question.at) == answer.ndim and all(i < n for i, n in zip(question.at, answer.shape, strict=True)):
            answers.append(answer[question.at].reshape(1))
    return [answer for answer in answers if answer.size]


@pytest.mark.slow
@pytest.mark.parametrize("level", [1, 3, 4, 5])
def test_a_sheet_that_marks_itself_says_what_marking_says(chromium: Any, level: int) -> None:
    rng, cases, expected = Random(level), [], []
    for question in (draw([topic], 1, level, seed)[0] for topic in TOPICS for seed in range(3)):
        for answer in answers_to(question, rng):
            texts = [text.replace("-0.0", "0.0") for text in texts_of(answer)]
            maps = np.array(texts, dtype=object).reshape((1, 1, 1, *answer.shape)[-3:]).tolist()
            given = cells_of(";;".join(";".join(" ".join(row) for row in rows) for rows in maps), "typed")
            marks = mark(given, question.answer, question.mistakes(), question.at)
            said = [block.text.strip().replace("wrong:", "wrong.") for block in marks.blocks(reveal=False)
                    if isinstance(block, Text)]  # fmt: skip
            expected.append(" ".join(text for text in said if not text.startswith("…")))
            cases.append([maps, marking_of(question)])
    chromium.get("data:text/html,<p>marking")
    script = (
        f"{resource('marking.js')}; return arguments[0].map(([maps, marking]) => assess(maps, marking, false).says)"
    )
    said = chromium.execute_script(script, json.loads(json.dumps(cases)))
    assert len(said) > 150
    assert {(mine, theirs) for mine, theirs in zip(said, expected, strict=True) if mine != theirs} == set()


# Found by use


@pytest.mark.parametrize(
    ("answer", "points"),
    [("528__", "1"), ("(528)", "1"), ("528,00", "1"), ("5_28", "1")],
)
def test_blanks_and_brackets_around_an_answer_are_no_part_of_it(
    convcalc: Convcalc, sheet: Path, tmp_path: Path, answer: str, points: str
) -> None:
    (tmp_path / "a.txt").write_text(f"4: {answer}\n")
    (row,) = rows_of(convcalc, sheet, tmp_path / "a.txt")
    assert row["points"] == points


def test_a_markdown_sheet_that_was_filled_in(convcalc: Convcalc, tmp_path: Path) -> None:
    blank, filled = tmp_path / "sheet.md", tmp_path / "filled.md"
    convcalc("worksheet", "activation", "--level", "medium", "-n", "1", "--seed", "7", "-o", str(blank))
    (question,) = draw(["activation"], 1, 3, 7)
    cells = iter(texts_of(question.answer))
    text = blank.read_text(encoding="utf-8")
    head, title, room = text.rpartition("**answer")
    filled.write_text(head + title + re.sub(r"(?<=\| )[\\_]*_(?= \|)", lambda _: next(cells), room), encoding="utf-8")
    (row,) = rows_of(convcalc, blank, filled)
    assert (row["student"], row["points"]) == ("filled", "6")
    assert rows_of(convcalc, blank, blank)[0]["points"] == "0"


def test_a_row_may_be_written_as_a_column(convcalc: Convcalc, sheet: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('name,6,7\nB,"0.11; 0.84; 0.04","18\n-2"\n')
    (row,) = rows_of(convcalc, sheet, tmp_path / "a.csv")
    assert row["points"] == "5"


def test_what_is_no_answer_in_a_folder_is_said_and_left_out(convcalc: Convcalc, sheet: Path, tmp_path: Path) -> None:
    folder = tmp_path / "answers"
    folder.mkdir()
    (folder / "ann.csv").write_text("name,3,4\rAnn,7,528\r")
    (folder / "bob.txt").write_text("3. 7\nQ4: 528\n")
    (folder / "cy.txt").write_text("")
    (folder / "page.html").write_text("<p>nothing")
    (folder / "torn.csv").write_text('name,3\n"Ann,7\n')
    convcalc("worksheet", "size", "-n", "1", "--key", str(folder / "key.txt"))
    first = convcalc("mark", str(sheet), str(folder), "-o", str(folder / "marks.csv"))
    again = convcalc("mark", str(sheet), str(folder), "--format", "csv")
    for ran in (first, again):
        assert ran.status == 0
        for name in ("cy.txt", "page", "torn.csv", "key"):
            assert name in ran.stderr.partition("these are left out:")[2]
    assert "marks.csv" in again.stderr
    assert [line.split(",")[0] for line in again.stdout.splitlines()[1:]] == ["Ann", "bob"]
    assert [row["points"] for row in csv.DictReader(io.StringIO(again.stdout))] == ["2", "2"]


def test_marks_are_not_written_over_what_is_marked(convcalc: Convcalc, sheet: Path, tmp_path: Path) -> None:
    answers = tmp_path / "a.csv"
    answers.write_text("name,3\nAnn,7\n")
    for name in (answers, sheet):
        ran = convcalc("mark", str(sheet), str(answers), "-o", str(name))
        assert (ran.status, "written over" in ran.stderr) == (2, True)
    assert "written over" in convcalc("mark", str(sheet), str(tmp_path), "-o", str(answers)).stderr
    assert answers.read_text() == "name,3\nAnn,7\n"


def test_a_script_is_named_only_for_a_sheet_that_was_made_of_one(convcalc: Convcalc, sheet: Path) -> None:
    ran = convcalc("mark", str(sheet), "-", "--from", "samples/tiny-cnn.convcalc", stdin="1: 2\n")
    assert (ran.status, "--from goes with a worksheet that was made of a script" in ran.stderr) == (2, True)


def test_a_table_is_read_from_standard_input_and_old_encodings_are_too(
    convcalc: Convcalc, sheet: Path, tmp_path: Path
) -> None:
    ran = convcalc("mark", str(sheet), "-", "--format", "csv", stdin="name,3\nAnn,7\n")
    assert "Ann" in ran.stdout
    (tmp_path / "l.csv").write_bytes("name;3\nM\xfcller;7\n".encode("latin-1"))
    assert rows_of(convcalc, sheet, tmp_path / "l.csv")[0]["student"] == "M\xfcller"


@pytest.mark.parametrize("name", ["\xe9{x}.convcalc", "a<b&c.convcalc", "my script.convcalc"])
def test_a_script_of_any_name_is_found_again(convcalc: Convcalc, tmp_path: Path, name: str) -> None:
    script, sheet = tmp_path / name, tmp_path / "sheet.html"
    script.write_text("input 1 2; 3 4\nrelu\n")
    assert convcalc("worksheet", "--from", str(script), "-o", str(sheet)).status == 0
    (tmp_path / "a.txt").write_text("1: 1 2; 3 4\n")
    assert rows_of(convcalc, sheet, tmp_path / "a.txt")[0]["points"] == "4"
