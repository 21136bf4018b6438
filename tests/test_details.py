"""Details that a small change of the code would turn wrong, with no other test to notice: limits, marks, sentences."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from convcalc.engine import padding, routing, shapes
from convcalc.engine.convolution import convolve
from convcalc.engine.fast.bands import pooling_bands
from convcalc.engine.geometry import AdaptiveAxis, Axis
from convcalc.engine.gradients import backward
from convcalc.engine.losses import loss
from convcalc.engine.mistakes.cells import softmax_mistakes
from convcalc.engine.mistakes.sizes import size_mistakes
from convcalc.engine.mistakes.windows import convolution_mistakes, pooling_mistakes
from convcalc.engine.plan import plan
from convcalc.engine.pooling import pool
from convcalc.engine.sizes import nearest_fits
from convcalc.engine.softmax import softmax
from convcalc.engine.transposed import conv_transpose
from convcalc.errors import InputError
from convcalc.matrix_io.large import write_parts
from convcalc.practice.asking import Quiz
from convcalc.practice.exercises import TOPICS
from convcalc.practice.topics import interesting
from convcalc.report import gradients as gradients_report
from convcalc.report.convolution import Labels
from convcalc.report.document import Calculation
from convcalc.report.gradients import worked_gradients
from convcalc.report.selection import Show
from tests.conftest import Convcalc

KERNEL_GRADIENT = ("conv", "-i", "1 2 3; 4 5 6; 7 8 9", "-k", "1 2; 3 4", "--backward", "1", "--wrt", "kernel")


def rows(row: str, count: int) -> str:
    return ";".join([row] * count)


# What is printed


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("size", "-n", "9", "-f", "3", "-s", "3", "-p", "1"), "#   never read  · · · · · · · · · 8 ·\n"),
        (("size", "-n", "3", "-f", "2", "-s", "2", "-p", "1", "--ceil"),
         "Rounded up, it would start past the input and its left padding.\n#   PyTorch drops it: the output = 2\n"),
        (("size", "-n", "5", "-s", "1", "-p", "0", "-O", "1"), "5 5 1 0 1\n"),
        (("model", "lenet5", "--layer", "fc1"), "field          all: each of its cells sees the whole input\n"),
        (("loss", "cross-entropy", "-i", "0 20", "-t", "1"), "-ln(p[1]) = -ln(1 − 2.0612e-9) ≈ 2.0612e-9\n"),
        (("conv", "-i", rows("1 1 1", 16), "-k", "1 1; 1 1", "--as", "toeplitz"), "   output row 14\n"),
        (("conv", "-i", "1 2 3; 4 5 6; 7 8 9", "-k", "1 2; 3 4\n---\n5 6; 7 8", "--reads", "0,0"), "in map 1\n"),
        ((*KERNEL_GRADIENT, "--format", "markdown"), "**kernel gradient 2×2**\n"),
        (("pool", "min", "-i", "1 2; 3 4", "--backward", "1"),
         "Each gradient goes to the cell that was the minimum (the first of equals, as"),
        (("conv", "-i", rows("1 1 1 1 1 1", 6), "-k", rows("1 1 1 1 1", 5), "--as", "matmul"), "#   patches 4×25\n"),
        (("zoo",), " 138.4 M\n"),
        (("linear", "-i", "1 " * 16, "--weights", "1 " * 16), "#   weights 1×16"),
        (("log-softmax", "-i", "1 2 3", "--format", "markdown"), "ln(1.5032) ≈ 0.4076\n"),
        (("model", "Conv2d(1,2,3), MaxPool2d(2), AdaptiveAvgPool2d(1), Flatten(), Linear(2,3)", "-i", "1x10x10",
          "--trace", "1,1"), "1[1,1] of 2×4×4"),
        (("model", "Conv2d(1,2,3), Conv2d(2,3,3)", "-i", "1x8x8", "--trace", "1,1"), "1[1,1] of 3×4×4"),
        (("model", "Conv2d(1,2,3)", "-i", "1x3x3", "--trace", "0,0"), "0[0,0] of 2×1×1"),
        (("model", "Conv1d(1,2,3), MaxPool1d(2)", "-i", "1x9", "--trace", "1"), "1[1] of 2×3"),
        (("model", "Conv2d(1,2,3), MaxPool2d((1,6))", "-i", "1x8x8", "--trace", "1,0"), "1[1,0] of 2×6×1"),
        (("pool", "max", "-i", rows("1 2 3 4", 4), "-w", "2", "-s", "1", "-d", "2,1"), "dilation 2,1 → 2×3"),
        (("pool", "max", "-i", rows("1 2 3 4", 4), "-w", "2", "-s", "1", "-d", "1,2"), "dilation 1,2 → 3×2"),
    ],
)  # fmt: skip
def test_it_is_shown(convcalc: Convcalc, words: tuple[str, ...], shown: str) -> None:
    assert shown in convcalc(*words).stdout


@pytest.mark.parametrize(
    ("words", "hidden"),
    [
        (("flatten", "-i", "1 2; 3 4", "--steps", "none"), "more channels"),
        (("model", "lenet5", "--layer", "conv2", "--format", "svg"), ">14</text>"),
        (("model", "resnet18", "--all"), "BasicBlock"),
        (("zoo", "--format", "markdown"), "1,998"),
        (("zoo", "--format", "latex"), "1,998"),
        (("conv", "-i", "1 2 3", "-k", "1 2", "--ascii"), "x2"),
        (("quiz", "--help"), "sof\n"),
    ],
)
def test_it_is_not_shown(convcalc: Convcalc, words: tuple[str, ...], hidden: str) -> None:
    ran = convcalc(*words)
    assert ran.status == 0
    assert hidden not in ran.stdout


def test_terms_up_to_the_most_are_written(convcalc: Convcalc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradients_report, "MOST_TERMS", 4)
    assert "too many" not in convcalc(*KERNEL_GRADIENT).stdout


def test_cells_do_not_touch_where_there_is_little_room(convcalc: Convcalc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "24")
    shown = convcalc("show", "-i", "1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0").stdout
    assert "#  1 2 3 4 5 6 7 8 9 …\n" in shown


def test_three_axes_have_names(convcalc: Convcalc, tmp_path: Path) -> None:
    source = tmp_path / "net.py"
    source.write_text("import torch.nn as nn\nnet = nn.Sequential(nn.Conv3d(1, 2, 3))\n")
    shown = convcalc("model", str(source), "--input", "1x5x5x5", "--trace", "0,0,0").stdout
    assert "planes   rows   columns" in shown


def test_groups_that_divide_are_named(convcalc: Convcalc) -> None:
    ran = convcalc("conv", "-i", "1\n\n2\n\n3\n\n4\n\n5\n\n6", "-k", "1", "--groups", "4")
    assert "use groups that divide 6: 1, 2, 3, 6" in ran.stderr


def test_blank_lines_count_as_lines(convcalc: Convcalc) -> None:
    assert "stdin:3:3: 'x' is not a number" in convcalc("show", stdin="\n\n1 x\n").stderr


def test_a_special_file_is_written_straight(convcalc: Convcalc) -> None:
    assert convcalc("show", "-i", "1 2", "-o", "/dev/null").status == 0


# Numbers


def test_limits_are_included(monkeypatch: pytest.MonkeyPatch) -> None:
    assert AdaptiveAxis(1, 1 << 16).output == 65536
    monkeypatch.setattr(shapes, "MOST_MADE", 16)
    assert padding.pad([[1, 2], [3, 4]]).output.size == 16
    with pytest.raises(InputError, match="cells"):
        _ = padding.pad([[1, 2, 3], [3, 4, 5]], 2).output


def test_stamps_of_many_maps_are_too_many() -> None:
    with pytest.raises(InputError, match="1,200,000,000 cells"):
        conv_transpose(np.zeros((1, 1, 2000, 2000), np.int8), np.zeros((1, 300, 1, 1), np.int8))


def test_exact_numbers_stay_exact_on_the_way() -> None:
    assert repr(softmax([Fraction(1, 3), 1]).step(()).shifted) == "(Fraction(-2, 3), 0)"
    assert repr(loss([Fraction(1, 3), 0], [0, 0], "mae").total) == "Fraction(1, 3)"


def test_multiply_adds_of_a_plan() -> None:
    assert plan((1, 1, 6, 6), (1, 1, 3, 3)).products == 144  # 9 taps in 16 windows


@pytest.mark.parametrize("kind", ["max", "min", "sum"])
def test_poolings_in_bands_keep_integers(kind: str) -> None:
    pooled = pool([[1, 2], [3, 4]], kind=kind)
    assert pooling_bands(pooled, lambda part: pooled.input[part]).like.dtype == np.int64


def test_a_window_of_zeros_has_no_slope_among_many() -> None:
    x = np.ones((200, 200))
    x[:2, :2] = 0
    gradient = routing.backward(pool(x, kind="lp", window=2, norm=3)).input
    assert gradient[0, 0, :2, 1:3].round(6).tolist() == [[0, 0.39685], [0, 0.39685]]  # 4^(-2/3)


def test_a_kernels_gradient_in_groups_of_one_channel_each() -> None:
    x, kernel = [[[1]], [[2]], [[3]], [[4]]], [[[[5]], [[6]]], [[[7]], [[8]]]]
    assert backward(convolve(x, kernel, groups=2)).kernel.ravel().tolist() == [1, 2, 3, 4]


def test_parts_of_rows_are_written_where_they_belong(tmp_path: Path) -> None:
    cells = np.arange(8).reshape(1, 1, 2, 4)
    halves = ((slice(0, 1), slice(0, 1), slice(0, 2), slice(*columns)) for columns in ((0, 2), (2, 4)))
    write_parts(tmp_path / "x.npy", np.zeros((2, 4), np.int64), (1, 1, 2, 4), [(at, cells[at]) for at in halves])
    assert (np.load(tmp_path / "x.npy") == cells[0, 0]).all()


@pytest.mark.parametrize(("before", "after"), [(2, 5), (5, 2)])
def test_padding_that_would_fit_begins_with_the_smaller_side(before: int, after: int) -> None:
    fits = nearest_fits(Axis(6, 3, 4, before=before, after=after))
    assert [(fit.value, fit.output) for fit in fits if fit.what == "padding"] == [("1", 3), ("3", 4)]


@pytest.mark.parametrize(
    ("probability", "target", "clamps"),
    [(0, 1, True), (1, 0, True), (0, 0, False), (1, 1, False), (0, 0.5, True), (1, 0.5, True)],
)
def test_a_logarithm_that_is_weighed_is_clamped(probability: float, target: float, clamps: bool) -> None:
    assert loss([probability], [target], "bce").clamps is clamps


def test_class_0_is_a_class() -> None:
    assert loss([[0, 0]], [0], "cross-entropy").output.size == 1


# Mistakes


def answers(mistakes: Any) -> dict[str, Any]:
    return {mistake.reason: mistake.answer.tolist() for mistake in mistakes}


@pytest.mark.parametrize(
    ("made", "reason", "answer"),
    [
        (lambda: softmax_mistakes(softmax([[1, 3], [2, 6]])),
         "the logits were divided by their sum, without exponentials", [[0.25, 0.75], [0.25, 0.75]]),
        (lambda: size_mistakes(Axis(6, 2, after=1)), "the padding was forgotten", [5]),
        (lambda: convolution_mistakes(convolve([[1, 2], [3, 4], [5, 6]], [[1]], stride=(2, 1), bias=[9])),
         "the bias was forgotten", [[1, 2], [5, 6]]),
        (lambda: convolution_mistakes(convolve([[1, 2], [3, 4], [5, 6]], [[1]], stride=(2, 1), bias=[9])),
         "the window was moved by 1, not by 2,1", [[10, 11], [12, 13], [14, 15]]),
        (lambda: convolution_mistakes(convolve([[1, 2], [3, 4], [5, 6]], [[1]], stride=(2, 1), padding=1)),
         "padding and stride were forgotten", [[1, 2], [3, 4], [5, 6]]),
        (lambda: pooling_mistakes(pool([[1, 2, 3, 4], [5, 6, 7, 8]], "max", window=(1, 2), stride=(1, 2))),
         "the window was moved by 3, not by 1,2", [[2], [6]]),
        (lambda: pooling_mistakes(pool([[1, 2, 3, 4], [5, 6, 7, 8]], "max", window=(1, 2), stride=(1, 2))),
         "the window was moved by 1, not by 1,2", [[2, 3, 4], [6, 7, 8]]),
        (lambda: pooling_mistakes(pool([[1, 2, 3], [4, 5, 6], [7, 8, 9]], "max", window=(2, 2), stride=(2, 1))),
         "the window was moved by 1, not by 2,1", [[5, 6], [8, 9]]),
    ],
)  # fmt: skip
def test_a_mistake_is_really_made(made: Callable[[], Any], reason: str, answer: Any) -> None:
    assert answers(made())[reason] == answer


# Quiz and worksheets


def test_topics_come_in_turn_from_the_first() -> None:
    assert Quiz(("params", "flatten"), Random(1)).draw().text.startswith("How many parameters")


def test_a_key_has_the_answer(convcalc: Convcalc, tmp_path: Path) -> None:
    convcalc("worksheet", "params", "-n", "1", "-o", str(tmp_path / "s.md"), "--key", str(tmp_path / "k.md"))
    assert "\nanswer: 74\n" in (tmp_path / "k.md").read_text()


@pytest.mark.parametrize("topic", TOPICS)
def test_every_seed_asks_what_can_be_asked(topic: str) -> None:
    many = 300 if topic in ("size", "field") else 12
    for level in range(1, 6):
        for seed in range(many):
            assert TOPICS[topic].ask(Random(seed), level).text
        assert all(hint.strip() for hint in TOPICS[topic].ask(Random(1), level).hints())


def test_one_channel_is_no_channels() -> None:
    assert any("over 1 input channel have" in TOPICS["params"].ask(Random(seed), 1).text for seed in range(20))


def test_what_stays_dull_is_asked_all_the_same() -> None:
    worked = Calculation((), lambda: np.zeros(4))
    assert interesting(lambda: worked) is worked


def test_the_walk_of_a_gradient_has_a_heading() -> None:
    worked = worked_gradients(backward(convolve(np.eye(3, dtype=int), [[1, 2], [3, 4]])), Show(), None, Labels())
    assert worked.steps is not None
    heading = worked.steps(Show()).heading
    assert heading.text == "gradient of the input · the gradient convolved with the flipped kernel"
