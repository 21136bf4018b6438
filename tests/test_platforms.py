"""Quizzes for Moodle and others, read back: XML by its own grammar of Cloze fields, GIFT by a reader of others."""

import importlib
import re
from fractions import Fraction
from html import unescape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from convcalc.practice.exercises import TOPICS
from convcalc.practice.marking import mark
from convcalc.practice.question import Question
from convcalc.practice.worksheet import draw
from tests.conftest import Convcalc

# As Moodle's question/type/multianswer/questiontype.php has it: parts of a field, and of each of its alternatives.
ANSWER = r".+?(?<!\\|&)(?=[~#}]|$)"
FEEDBACK = r".*?(?<!\\)(?=[~}]|$)"
ALTERNATIVE = rf"(?P<fraction>=|%-?[0-9]+(?:[.,][0-9]*)?%)?(?P<answer>{ANSWER})(?:#(?P<feedback>{FEEDBACK}))?"
FIELD = re.compile(
    rf"\{{(?P<weight>[0-9]*):(?P<type>NUMERICAL|NM):(?P<alternatives>{ALTERNATIVE}(?:~{ALTERNATIVE})*)\}}".replace(
        "(?P<fraction>", "(?:"
    )
    .replace("(?P<answer>", "(?:")
    .replace("(?P<feedback>", "(?:")
)
NUMBER = re.compile(r"-?(?:(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)(?:[eE][-+]?[0-9]+)?)")

Answers = list[tuple[float, Fraction, Fraction, str]]
"""Of a field: the fraction of its points, a number, how far it may be off, and the feedback."""


def fields_of(text: str) -> list[Answers]:
    """Return the alternatives of every Cloze field."""
    fields = []
    for field in FIELD.finditer(text):
        answers: Answers = []
        for found in re.finditer(ALTERNATIVE + r"(?:~|$)", field["alternatives"]):
            value, _, tolerance = found["answer"].partition(":")
            assert NUMBER.fullmatch(value)
            assert NUMBER.fullmatch(tolerance)
            fraction = 100.0 if found["fraction"] == "=" else float(found["fraction"].strip("%"))
            feedback = unescape(re.sub(r"\\(.)", r"\1", found["feedback"] or ""))
            answers.append((fraction, Fraction(value), Fraction(tolerance), feedback))
        fields.append(answers)
    return fields


def numerical(question: ElementTree.Element) -> Answers:
    """Return the answers of a numerical question."""
    return [
        (
            float(answer.get("fraction", "")),
            Fraction(answer.findtext("text", "")),
            Fraction(answer.findtext("tolerance", "")),
            answer.findtext("feedback/text", ""),
        )
        for answer in question.findall("answer")
    ]


def quiz(convcalc: Convcalc, tmp_path: Path, *words: str) -> ElementTree.Element:
    path = tmp_path / "quiz.xml"
    ran = convcalc("worksheet", *words, "-o", str(path))
    assert (ran.status, ran.stderr) == (0, f"wrote {path}\n")
    return ElementTree.fromstring(path.read_text(encoding="utf-8"))


def is_as_the_sheet_has_it(question: Question, cells: list[Answers]) -> None:
    """Check each field: its number is what marking takes for right, and its others what it names a mistake for."""
    answer = question.asked_for
    assert len(cells) == answer.size
    for index, answers in enumerate(cells):
        (right,) = [one for one in answers if one[0] == 100]
        assert abs(right[1] - Fraction(answer.flat[index])) <= Fraction(1, 10**9)
        for _, wrong, tolerance, feedback in answers:
            if (right[1], right[2]) == (wrong, tolerance):
                continue
            assert abs(wrong - right[1]) > right[2]
            assert feedback.startswith("It would come out so if ")
    if answer.size > 1:
        return
    for fraction, value, _, feedback in cells[0]:
        typed = np.array([value if value.denominator > 1 else int(value)], dtype=object)
        marks = mark(typed, question.answer, question.mistakes(), question.at)
        assert marks.right == (fraction == 100) or value.denominator > 1
        assert all(reason in feedback for reason in marks.reasons) or value.denominator > 1


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize("level", ["easy", "medium", "hard"])
def test_a_quiz_read_back_asks_what_the_sheet_asks(convcalc: Convcalc, tmp_path: Path, topic: str, level: str) -> None:
    root = quiz(convcalc, tmp_path, topic, "--level", level, "--seed", "3", "-n", "4")
    asked = [question for question in root if question.get("type") != "category"]
    questions = draw([topic], 4, {"easy": 1, "medium": 3, "hard": 5}[level], 3)
    assert len(asked) == len(questions)
    for element, question in zip(asked, questions, strict=True):
        text = element.findtext("questiontext/text", "")
        one = question.asked_for.size == 1
        assert element.get("type") == ("numerical" if one else "cloze")
        assert re.sub(r"\W", "", question.text) in re.sub(r"\W|totwodecimals", "", unescape(text))
        ElementTree.fromstring(f"<div>{FIELD.sub('', text)}</div>")  # what is left is well-formed
        assert "{" not in FIELD.sub("", text)
        assert element.findtext("generalfeedback/text", "")
        is_as_the_sheet_has_it(question, [numerical(element)] if one else fields_of(text))


def test_folders_are_by_topic_and_with_variants_by_exercise(convcalc: Convcalc, tmp_path: Path) -> None:
    one = quiz(convcalc, tmp_path, "-n", "3", "--title", "Week 3/4 <CNNs>")
    folders = [category.text for category in one.findall("question/category/text")]
    assert folders == [f"$course$/top/Week 3//4 <CNNs>/{name}" for name in ("Convolution", "Pooling", "Output size")]
    many = quiz(convcalc, tmp_path, "pool", "-n", "2", "--variants", "5", "--level", "medium")
    assert [category.text for category in many.findall("question/category/text")] == [
        "$course$/top/Worksheet/Pooling/exercise 1",
        "$course$/top/Worksheet/Pooling/exercise 2",
    ]
    texts = [question.findtext("questiontext/text") for question in many if question.get("type") != "category"]
    assert len(set(texts)) == len(texts) == 10
    names = [question.findtext("name/text") for question in many if question.get("type") != "category"]
    assert names[:2] == ["1 · Pooling · variant 1", "1 · Pooling · variant 2"]


def test_decimals_have_a_tolerance_and_whole_numbers_have_none(convcalc: Convcalc, tmp_path: Path) -> None:
    soft = quiz(convcalc, tmp_path, "softmax", "-n", "1").find("question[@type='numerical']")
    whole = quiz(convcalc, tmp_path, "size", "-n", "1").find("question[@type='numerical']")
    assert soft is not None
    assert whole is not None
    assert {answer[2] for answer in numerical(soft)} == {Fraction("0.005")}
    assert {answer[2] for answer in numerical(whole)} == {0}


@pytest.mark.parametrize("level", ["easy", "medium", "hard"])
def test_gift_is_read_by_a_reader_of_others(
    convcalc: Convcalc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, level: str
) -> None:
    parser: Any = pytest.importorskip("pygiftparser.parser", reason="GIFT is read back with pygiftparser")
    utils: Any = importlib.import_module("pygiftparser.utils")
    signed = utils.reAnswerNumericValue.pattern.replace(r"[\d]+", r"-?[\d]+", 1)  # it knows no negative numbers
    monkeypatch.setattr(utils, "reAnswerNumericValue", re.compile(signed))
    path = tmp_path / "quiz.gift"
    count = len(TOPICS)
    assert convcalc("worksheet", "-n", str(count), "--level", level, "--seed", "5", "-o", str(path)).status == 0
    questions = draw(list(TOPICS), count, {"easy": 1, "medium": 3, "hard": 5}[level], 5)
    with path.open(encoding="utf-8") as file:
        read = parser.parseFile(file)
    assert all(one.valid and one.numeric for one in read)
    rights = [answer for one in read for answer in one.answers.answers if answer.fraction == 100]
    expected = [float(cell) for question in questions for cell in question.asked_for.flat]
    assert [answer.value for answer in rights] == pytest.approx(expected, abs=1e-9)
    wrong = [answer for one in read for answer in one.answers.answers if answer.fraction == 0]
    assert wrong
    assert all("It would come out so if " in answer.feedback for answer in wrong)


def test_variants_are_files_with_a_number_each(convcalc: Convcalc, tmp_path: Path) -> None:
    words = ("worksheet", "size", "-n", "2", "--variants", "12", "-o", str(tmp_path / "sheet.html"))
    assert convcalc(*words, "--key", str(tmp_path / "key.md")).status == 0
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names[0] == "key-01.md"
    assert names[-1] == "sheet-12.html"
    assert len(names) == 24


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("--variants", "3"), "--variants makes files"),
        (("--from", "samples/tiny-cnn.convcalc", "--variants", "3", "-o", "x.html"), "--variants makes files"),
        (("--self-marking", "-o", "x.tex"), "--self-marking goes with HTML"),
        (("--self-marking", "-o", "x.xml"), "--self-marking does not go with a .xml file"),
        (("--compact", "-o", "x.xml"), "--compact does not go with a .xml file"),
        (("--format", "latex", "-o", "x.gift"), "--format does not go with a .gift file"),
        (("--variants", "2", "-o", "x.txt", "--key", "-"), "--variants makes files"),
        (("--self-marking",), "--self-marking goes with HTML"),
    ],
)
def test_what_goes_with_no_other_option_is_refused(convcalc: Convcalc, words: tuple[str, ...], fault: str) -> None:
    ran = convcalc("worksheet", *words)
    assert (ran.status, ran.stdout) == (2, "")
    assert fault in ran.stderr


def test_an_answer_that_no_platform_has_fields_for_is_refused(convcalc: Convcalc, tmp_path: Path) -> None:
    script = tmp_path / "s.convcalc"
    script.write_text(f"input {';'.join([' '.join('1' * 20)] * 20)}\nrelu\n")
    ran = convcalc("worksheet", "--from", str(script), "-o", str(tmp_path / "q.xml"))
    assert (ran.status, "400 cells" in ran.stderr) == (1, True)
    assert not (tmp_path / "q.xml").exists()
