"""The quiz: exercises, marking, and mistakes found in answers that were got by really making them."""

import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convcalc.engine.convolution import convolve
from convcalc.engine.geometry import Axis
from convcalc.engine.grids import as_grid
from convcalc.engine.mistakes.making import Mistake
from convcalc.engine.pooling import pool
from convcalc.errors import ConvcalcError
from convcalc.practice.asking import Asking, Quiz
from convcalc.practice.exercises import TOPICS
from convcalc.practice.marking import mark
from convcalc.practice.question import Question, about
from convcalc.report.convolution import Labels, worked_convolution
from convcalc.report.document import Block, Calculation, Heading, Table, Text
from convcalc.report.pooling import worked_pooling
from convcalc.report.selection import Show
from tests import reference
from tests.conftest import Convcalc
from tests.test_convolution import EXAMPLE, EXAMPLE_MAP
from tests.test_walk import terminal

__all__ = ["terminal"]

EDGE = [[1, 0, -1]] * 3


def reason(worked: Calculation, given: Any) -> str:
    assert worked.mistakes is not None
    return ", or ".join(mark(as_grid(given), as_grid(worked.answer()), worked.mistakes()).reasons)


def conv(x: Any, kernel: Any, **options: Any) -> Calculation:
    return worked_convolution(convolve(x, kernel, **options), Show(), Labels())


ASYMMETRIC = [[1, 2, 0], [0, 1, -1], [3, 0, 1]]
CHANNELS = [EXAMPLE, [row[::-1] for row in EXAMPLE]]
KERNELS = [[[1, 2], [3, 4]], [[0, 1], [-1, 5]]]


def slow(x: Any, kernel: Any, **options: Any) -> Any:
    """Convolve by the slow loops; one channel, or several."""
    items, filters = ([[x]], [[kernel]]) if isinstance(x[0][0], int) else ([x], [kernel])
    return reference.convolve(items, filters, **options)[0][0]


@pytest.mark.parametrize(
    ("worked", "answer", "said"),
    [
        (conv(EXAMPLE, ASYMMETRIC), slow(EXAMPLE, [row[::-1] for row in ASYMMETRIC[::-1]]), "the kernel was flipped"),
        (conv(EXAMPLE, ASYMMETRIC), slow(EXAMPLE, [list(row) for row in zip(*ASYMMETRIC, strict=True)]), "on its side"),
        (conv(EXAMPLE, ASYMMETRIC, stride=2), slow(EXAMPLE, ASYMMETRIC), "moved by 1, not by 2"),
        (conv(EXAMPLE, ASYMMETRIC), slow(EXAMPLE, ASYMMETRIC, stride=(2, 2)), "moved by 2, not by 1"),
        (conv(EXAMPLE, ASYMMETRIC, stride=2), slow(EXAMPLE, ASYMMETRIC, stride=(3, 3)), "moved by 3, not by 2"),
        (conv(EXAMPLE, ASYMMETRIC, padding=1), slow(EXAMPLE, ASYMMETRIC), "the padding was forgotten"),
        (conv(EXAMPLE, ASYMMETRIC, padding=1), slow(EXAMPLE, ASYMMETRIC, padding=(1, 0, 1, 0)), "one side only (top"),
        (
            conv(EXAMPLE, ASYMMETRIC, padding=1),
            slow(EXAMPLE, ASYMMETRIC, padding=(0, 1, 0, 1)),
            "one side only (bottom",
        ),
        (conv(EXAMPLE, ASYMMETRIC, bias=[3]), slow(EXAMPLE, ASYMMETRIC), "the bias was forgotten"),
        (conv(EXAMPLE, ASYMMETRIC, bias=[3]), slow(EXAMPLE, ASYMMETRIC, bias=[-3]), "the bias was subtracted"),
        (conv(EXAMPLE, ASYMMETRIC, dilation=2), slow(EXAMPLE, ASYMMETRIC), "the dilation was forgotten"),
        (conv(CHANNELS, KERNELS), [slow(CHANNELS, KERNELS[::-1])], "the wrong channels"),
        (conv(CHANNELS, KERNELS), [slow(EXAMPLE, KERNELS[0])], "only the first channel"),
        (conv(EXAMPLE, EDGE, flip=True), EXAMPLE_MAP, "the kernel was not flipped"),
    ],
)
def test_mistakes_of_a_convolution_are_found(worked: Calculation, answer: Any, said: str) -> None:
    assert said in reason(worked, answer)


def pooled(x: Any, kind: str, **options: Any) -> Calculation:
    return worked_pooling(pool(x, kind, **options), Show())


def by_hand(kind: str, **options: Any) -> Any:
    settings: dict[str, Any] = {"window": (2, 2), "stride": (2, 2), **options}
    return reference.pool(FIVE, kind, **settings)


FIVE = [row[:5] for row in EXAMPLE[:5]]


@pytest.mark.parametrize(
    ("worked", "answer", "said"),
    [
        (pooled(FIVE, "max"), by_hand("avg"), "the average was taken, not the maximum"),
        (pooled(FIVE, "avg"), by_hand("max"), "the maximum was taken, not the average"),
        (pooled(FIVE, "max"), by_hand("min"), "the minimum was taken"),
        (pooled(FIVE, "avg"), by_hand("sum"), "the sum was not divided"),
        (pooled(FIVE, "avg"), [[cell / 2 for cell in row] for row in np.array(by_hand("sum"))], "divided by 2"),
        (pooled(FIVE, "avg", padding=1), by_hand("avg", padding=(1,) * 4, count_padding=False), "left the padding out"),
        (
            pooled(FIVE, "avg", padding=1, count_padding=False),
            by_hand("avg", padding=(1,) * 4),
            "the divisor counted the padding",
        ),
        (pooled(FIVE, "max"), by_hand("max", ceil=True), "the size was rounded up"),
        (pooled(FIVE, "max", ceil=True), by_hand("max"), "the size was rounded down"),
        (pooled(FIVE, "max"), by_hand("max", stride=(1, 1)), "moved by 1, not by 2"),
        (pooled(FIVE, "max", padding=1, stride=1), by_hand("max", stride=(1, 1)), "the padding was forgotten"),
    ],
)
def test_mistakes_of_a_pooling_are_found(worked: Calculation, answer: Any, said: str) -> None:
    assert said in reason(worked, answer)


QUESTIONS = [(topic, level, seed) for topic in TOPICS for level in range(1, 6) for seed in range(3)]


@pytest.mark.parametrize(("topic", "level", "seed"), QUESTIONS)
def test_every_exercise_can_be_answered_and_every_mistake_made_is_named(topic: str, level: int, seed: int) -> None:
    question = TOPICS[topic].ask(random.Random(seed), level)
    right = question.answer if question.at is None else np.array([question.answer[question.at]])
    assert mark(right, question.answer, question.mistakes(), question.at).right
    assert list(question.working())
    assert question.hints()
    again = TOPICS[topic].ask(random.Random(seed), level)
    assert (again.text, again.answer.tolist()) == (question.text, question.answer.tolist())
    mistakes: Iterable[Mistake] = list(question.mistakes())
    for mistake in mistakes:
        if question.at is None:
            marks = mark(mistake.answer, question.answer, mistakes)
            same = [m.reason for m in mistakes if np.array_equal(m.answer, mistake.answer)]
            assert marks.right or marks.reasons == tuple(same[:2]) or not marks.right_shape


def test_rounded_answers_never_differ_from_seed_to_machine() -> None:
    shown = [TOPICS["conv"].ask(random.Random(7), level).answer.tolist() for level in range(1, 6)]
    assert shown[0] == TOPICS["conv"].ask(random.Random(7), 1).answer.tolist()


# Marking


def test_only_the_wrong_cells_are_told() -> None:
    given = np.array(EXAMPLE_MAP)
    given[1, 2] = 7
    marks = mark(given, np.array(EXAMPLE_MAP), ())
    (text, table) = marks.blocks()
    assert text == Text("1 of 16 cells is wrong:")
    assert isinstance(table, Table)
    assert table.rows == (("[1,2]", "7", "2"),)


@pytest.mark.parametrize(
    ("worked", "answer"),
    [
        (conv([[10, 10, 10, 0, 0, 0]] * 6, EDGE), [[0, 0, 30, 0]] * 4),
        (conv(EXAMPLE, EDGE), [[-5, -4, 0, 8], [-10, -2, 2, 3], [0, -2, -4, 7], [-3, 2, -3, -16]]),
    ],
)
def test_a_mistake_that_the_answer_contradicts_is_not_named(worked: Calculation, answer: Any) -> None:
    assert reason(worked, answer) == ""


def test_of_mistakes_that_come_to_the_same_both_are_named() -> None:
    found = mark(np.array([9]), np.array([8]), [Mistake("a", np.array([9])), Mistake("b", np.array([9]))])
    assert found.reasons == ("a", "b")


@pytest.mark.slow
def test_a_million_cells_are_marked_soon() -> None:
    answer = np.arange(1_000_000).reshape(1000, 1000)
    given = answer.copy()
    given[3, 4] = 0
    assert mark(given, answer, ()).wrong == ((3, 4),)
    assert len(mark(answer + 1, answer, ()).wrong) == 1_000_000
    assert mark(answer / 7, answer / 7, ()).right


def test_a_first_try_does_not_give_the_answer_away() -> None:
    marks = mark(np.array([[1, 2]]), np.array([[1, 3]]), ())
    (table,) = [block for block in marks.blocks(reveal=False) if isinstance(block, Table)]
    assert table.rows == (("[1]", "2"),)


def test_a_row_is_as_good_as_a_row_of_a_grid_but_not_as_a_column() -> None:
    row = np.array([1, 2, 3])
    assert mark(row[None], row, ()).right
    assert not mark(row[:, None], row, ()).right


# Asking


class Pupil:
    """Answers a quiz with lines, and keeps what was shown."""

    def __init__(self, *lines: str) -> None:
        self.lines = iter(lines)
        self.shown: list[Block] = []
        self.complaints: list[str] = []
        self.asking = Asking(self.ask, self.shown.extend, self.complain)

    def ask(self, prompt: str) -> str:
        line = next(self.lines, None)
        if line is None:
            raise EOFError
        return line

    def complain(self, error: ConvcalcError) -> None:
        self.complaints.append(str(error))

    @property
    def texts(self) -> list[str]:
        return [block.text for block in self.shown if isinstance(block, Text | Heading)]


def question_about(at: bool) -> Question:
    worked = worked_convolution(convolve(EXAMPLE, EDGE), Show(), Labels("edge"))
    return about(worked, Show(), (lambda _: 5) if at else None)


def test_one_cell_asked_hinted_missed_and_got() -> None:
    pupil = Pupil("hint", "hint", "x", "2", "-2")
    assert pupil.asking.question(question_about(at=True)) == (True, False)
    assert "What is output[1,1]?" in pupil.texts
    assert "  output[1,1] = 5×1 + …" in pupil.texts
    assert "  output[1,1] = 5×1 + 8×0 + …" in pupil.texts
    flipped = "  It would come out so if the kernel was flipped or if every sign was reversed."
    assert flipped in pupil.texts
    assert pupil.texts[-1] == "Right."
    assert pupil.complaints == ["answer:1:1: 'x' is not a number"]
    assert (pupil.asking.score.right, pupil.asking.score.first, pupil.asking.score.hints) == (1, 0, 2)


def test_a_whole_grid_row_by_row() -> None:
    rows = [" ".join(map(str, row)) for row in EXAMPLE_MAP]
    pupil = Pupil(*rows)
    assert pupil.asking.question(question_about(at=False)) == (True, True)
    assert pupil.texts[-1] == "Right, all 16 cells."


def test_json_is_an_answer_too() -> None:
    pupil = Pupil("[[-2]]")
    assert pupil.asking.question(question_about(at=True)) == (True, True)


def test_show_and_skip_go_on_and_quit_ends() -> None:
    pupil = Pupil("show")
    assert pupil.asking.question(question_about(at=True)) == (False, False)
    assert Pupil("skip").asking.question(question_about(at=True)) == (False, False)
    with pytest.raises(EOFError):
        Pupil("quit").asking.question(question_about(at=True))


def test_levels_follow_the_answers() -> None:
    quiz = Quiz(["size"], random.Random(1))
    quiz.learn(right=True, first=True)
    assert quiz.level == 1
    quiz.learn(right=True, first=True)
    assert quiz.level == 2
    quiz.learn(right=True, first=False)
    assert quiz.level == 2
    quiz.learn(right=False, first=False)
    quiz.learn(right=False, first=False)
    assert quiz.level == 1
    for _ in range(20):
        quiz.learn(right=True, first=True)
    assert quiz.level == 5


def test_size_mistakes_are_those_of_the_formula() -> None:
    from convcalc.engine.mistakes.sizes import size_mistakes

    found = {mistake.reason: mistake.answer.tolist() for mistake in size_mistakes(Axis(7, 3, 2, before=1, after=1))}
    assert found["the padding was counted on one side only"] == [3]
    assert found["the padding was forgotten"] == [3]
    assert found["the 1 was not added at the end"] == [3]
    assert found["the stride was forgotten"] == [7]


# On the command line


def test_a_piped_quiz_has_a_score(convcalc: Convcalc) -> None:
    first = convcalc("quiz", "size", "--seed", "3", "-n", "2", stdin="0\nskip\n0\nskip\n")
    assert first.status == 0
    assert "question 2 of 2" in first.stdout
    assert "Score: 0 of 2 right" in first.stdout
    assert "convcalc quiz size --level 1 --count 2 --seed 3 asks the same again." in first.stdout
    assert first.stdout == convcalc("quiz", "size", "--seed", "3", "-n", "2", stdin="0\nskip\n0\nskip\n").stdout


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("conv", "-i", "samples/lecture-6x6.txt", "-k", "edge", "--check", "ANSWER"), 0, "Right, all 16 cells."),
        (("conv", "-i", "samples/lecture-6x6.txt", "-k", "edge", "--flip", "--check", "ANSWER"), 1, "was not flipped"),
        (
            ("conv", "-i", "samples/lecture-6x6.txt", "-k", "edge", "-p", "1", "--check", "ANSWER"),
            1,
            "is 6×6, and this",
        ),
        (("conv", "-i", "samples/lecture-6x6.txt", "-k", "edge", "--at", "1,1", "--check", "-5"), 1, "counted from 1"),
        (("conv", "-i", "samples/lecture-6x6.txt", "-k", "edge", "--at", "1,1", "--check", "-2"), 0, "Right."),
        (("pool", "max", "-i", "1 2; 3 4", "--check", "2.5"), 1, "the average was taken"),
        (("softmax", "-i", "2 1 0.1", "--check", "0.66 0.24 0.1"), 0, "Right, all 3 cells."),
        (("relu", "-i", "1 -2", "--check", "1 2"), 1, "the sign was dropped"),
        (("linear", "1 2", "-i", "3 4", "-b", "1", "--check", "11"), 1, "the bias was forgotten"),
        (("loss", "mse", "-i", "1 2", "-t", "3 2", "--check", "4"), 1, "the terms were added up"),
    ],
)
def test_an_answer_is_marked(
    convcalc: Convcalc, tmp_path: Path, words: tuple[str, ...], status: int, said: str
) -> None:
    answer = tmp_path / "answer.txt"
    answer.write_text("\n".join(" ".join(map(str, row)) for row in EXAMPLE_MAP), encoding="utf-8")
    ran = convcalc(*(str(answer) if word == "ANSWER" else word for word in words))
    assert (ran.status, ran.stderr) == (status, "")
    assert said in ran.stdout


def test_an_answer_may_be_piped_in(convcalc: Convcalc) -> None:
    assert convcalc("conv", "-i", "1 2 3", "-k", "1 1", "--check", "-", stdin="3 5\n").stdout == "Right, all 2 cells.\n"


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("quiz", "poool"), 2, "there are no questions on 'poool'"),
        (("conv", "-i", "1 2", "-k", "1", "--check", "1 x"), 1, "--check:1:3: 'x' is not a number"),
        (("conv", "-i", "1 2", "-k", "1", "--check", "1", "--steps", "1"), 2, "--check marks the whole answer"),
        (("conv", "-i", "1 2", "-k", "1", "--check", "1", "--walk"), 2, "exclude each other"),
        (
            ("conv", "-i", "1 2", "-k", "1", "--check", "1 2", "-o", "x.txt"),
            2,
            "--check and --output exclude each other",
        ),
        (("conv", "-i", "1 2", "-k", "1", "--quiz", "--format", "csv"), 2, "--quiz and --format exclude each other"),
    ],
)
def test_what_cannot_be_asked_is_refused(convcalc: Convcalc, words: tuple[str, ...], status: int, message: str) -> None:
    ran = convcalc(*words)
    assert (ran.status, ran.stdout, message in ran.stderr, "hint:" in ran.stderr) == (status, "", True, True)


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("flatten", "-i", "1 2; 3 4"), "1 2 3 4"),
        (("conv", "-i", "1 2; 3 4", "-k", "1", "--as", "matmul"), "1 2; 3 4"),
        (("conv", "-i", "1 2; 3 4", "-k", "1 1", "--backward", "1; 1", "--wrt", "bias"), "2"),
    ],
)
def test_an_answer_without_steps_is_marked_too(convcalc: Convcalc, words: tuple[str, ...], answer: str) -> None:
    assert convcalc(*words, "--check", answer).status == 0
    ran = convcalc(*words, "--check", answer.replace("2", "7"))
    assert (ran.status, "wrong" in ran.stdout or "Not right" in ran.stdout) == (1, True)


def test_a_script_asks_nothing(convcalc: Convcalc) -> None:
    assert "a script asks and marks nothing" in convcalc("run", "-", stdin="input 1 2\nrelu --quiz").stderr


@pytest.mark.slow
def test_a_quiz_on_a_terminal(terminal: Any) -> None:
    from tests.test_walk import CONVCALC

    child = terminal(f"{CONVCALC} conv -i samples/lecture-6x6.txt -k edge --at 0,0 --quiz; echo status $?")
    child.expect_exact("What is output[0,0]?")
    child.expect_exact("answer: ")
    child.sendline("5")
    child.expect_exact("It would come out so if the kernel was flipped")
    child.expect_exact("answer: ")
    child.sendline("-5")
    child.expect_exact("Right.")
    child.expect_exact("Score: 1 of 1 right")
    child.expect_exact("status 0")


@pytest.mark.slow
def test_a_quiz_about_a_piped_grid_is_answered_at_the_terminal(terminal: Any) -> None:
    from tests.test_walk import CONVCALC

    child = terminal(f"printf '1 -2\\n' | {CONVCALC} relu --quiz; echo status $?")
    child.expect_exact("What is the whole output?")
    child.expect_exact("answer: ")
    child.sendline("1 0")
    child.expect_exact("Right, all 2 cells.")
    child.expect_exact("status 0")
