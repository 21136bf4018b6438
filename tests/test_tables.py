"""Every word a user can type has its record in every table, and every command, format and check takes it."""

import importlib
import json
import re
from enum import Enum

import pytest

from convcalc import choices
from convcalc.choices import (
    Convention,
    Gradient,
    LinearGradient,
    NormGradient,
    Reduction,
    UpsampleMode,
    Word,
)
from convcalc.cli.commands import COMMANDS
from convcalc.engine.activation_kinds import ActivationKind
from convcalc.engine.activation_record import ActivationRecord
from convcalc.engine.descent import AGAIN
from convcalc.engine.gather_kinds import GatherKind, GatherRecord
from convcalc.engine.graph import BACKWARD, ROLES
from convcalc.engine.loss_kinds import LossKind
from convcalc.engine.loss_record import Logits, LossRecord
from convcalc.engine.norm_kinds import NormKind, NormRecord
from convcalc.engine.padding_modes import PaddingRecord, PadMode
from convcalc.engine.pooling_kinds import PoolKind
from convcalc.engine.pooling_record import PoolingRecord
from convcalc.formats import Format
from convcalc.practice.exercises import TOPICS
from convcalc.render import sheets
from convcalc.report import operations
from tests.conftest import Convcalc

RECORDS: dict[type[Word], type] = {
    PoolKind: PoolingRecord,
    ActivationKind: ActivationRecord,
    LossKind: LossRecord,
    PadMode: PaddingRecord,
    NormKind: NormRecord,
    GatherKind: GatherRecord,
}
"""Enums whose words hold their records, and what a record must say."""


@pytest.mark.parametrize("kind", [kind for kinds in RECORDS for kind in kinds], ids=str)
def test_a_word_holds_a_record_that_leaves_nothing_out(kind: Word) -> None:
    must = RECORDS[type(kind)]
    assert isinstance(kind.record, must)
    left_out = [name for name in must.__annotations__ if not hasattr(kind.record, name)]
    assert not left_out, f"{kind} says nothing of {left_out}"


@pytest.mark.parametrize("style", Format)
def test_a_format_is_text_or_is_drawn_or_is_data_and_its_functions_are_there(style: Format) -> None:
    record = style.record
    assert style in (Format.TABLE, Format.PLAIN) or record.draws or record.rows
    assert bool(record.suffixes) == (style not in (Format.TABLE, Format.PLAIN)), "each is written by a suffix"
    if record.draws:
        assert callable(importlib.import_module(f"convcalc.render.{record.draws}").render)
    if record.rows:
        assert callable(getattr(sheets, record.rows))


def test_every_operation_goes_backward_shows_it_and_is_worked_again() -> None:
    assert set(BACKWARD) == set(ROLES) == set(AGAIN) == set(operations.FORWARD)
    assert len(operations.BACKWARD) == len(BACKWARD)


def test_no_word_and_no_suffix_means_two_things() -> None:
    suffixes = [suffix for style in Format for suffix in style.record.suffixes]
    assert len(suffixes) == len(set(suffixes))
    for kinds in (PoolKind, LossKind):
        words = [word for kind in kinds for word in (kind.value, *kind.record.other_words)]
        assert len(words) == len(set(words)), words


@pytest.mark.parametrize("kind", PoolKind, ids=str)
def test_a_pooling_that_is_worked_piece_by_piece_says_how(kind: PoolKind) -> None:
    record = type(kind.record)
    says = record.joined is not PoolingRecord.joined or record.summands is not PoolingRecord.summands
    assert says == kind.record.can_be_joined


@pytest.mark.parametrize("kind", ActivationKind, ids=str)
def test_an_activations_parameter_has_a_default_and_a_help(kind: ActivationKind) -> None:
    record = kind.record
    assert all(all(parameter) for parameter in record.parameters)
    assert bool(record.variant_of) == bool(record.option) == bool(record.option_help)


@pytest.mark.parametrize("kind", LossKind, ids=str)
def test_a_loss_says_its_exact_terms_and_its_slopes_where_it_has_them(kind: LossKind) -> None:
    record = type(kind.record)
    assert (record.exactly is not LossRecord.exactly) == kind.record.is_rational
    assert (record.row_exactly is not LossRecord.row_exactly) == kind.record.rows_are_rational
    assert (record.slopes is not LossRecord.slopes) == (kind.record.logits is not Logits.NEVER)


X = "1 5 5 2; 2 9 3 0; 4 4 4 1; 0 1 2 3"
GATHERING: dict[GatherKind, tuple[str, ...]] = {
    GatherKind.ADD: ("1 0 0 2; 3 3 3 3; 0 1 0 1; 2 2 2 2",),
    GatherKind.CONCAT: ("1 0 0 2; 3 3 3 3; 0 1 0 1; 2 2 2 2",),
    GatherKind.UPSAMPLE: ("--scale", "2", "--mode", "nearest"),
    GatherKind.UNPOOL: ("--indices", "0 3 5 7; 16 18 21 22; 33 35 36 38; 49 50 53 54"),
    GatherKind.DROPOUT: ("--mask", "1 0 1 1; 0 1 1 0; 1 1 0 0; 0 1 0 1", "-p", "0.2"),
}
"""What each kind of gathering is given besides."""
EXERCISES = {
    **{f"pool {kind}": ("pool", kind.value, "-i", X) for kind in PoolKind},
    **{f"pool {kind} backward": ("pool", kind.value, "-i", X, "--backward", "1 2; 3 4") for kind in PoolKind},
    **{
        f"pool {kind} padded": ("pool", kind.value, "-i", X, "-w", "3", "-p", "1", "-s", "1", "--ceil")
        for kind in PoolKind
    },
    **{f"pad {mode}": ("pad", "-i", X, "-p", "1,2", "--pad-mode", mode.value) for mode in PadMode},
    **{
        f"pad {mode} backward": ("pad", "-i", X, "-p", "1", "--pad-mode", mode.value, "--backward", "1")
        for mode in PadMode
    },
    **{
        f"conv-transpose backward {part}": (
            "conv-transpose", "-i", X, "-k", "1 0; 2 -1", "-s", "2", "--backward", "1", "--wrt", f"{part}"
        )
        for part in Gradient
    },
    "attention": ("attention", "-i", "1 0; 2 1", "--keys", "1 0; 0 1; 1 1", "--values", "1 2; 3 4; 5 6"),
    "attention backward": (
        "attention", "-i", "1 0; 2 1", "--keys", "1 0; 0 1; 1 1", "--values", "1 2; 3 4; 5 6", "--backward", "1 0; 0 2"
    ),
    "softmax backward": ("softmax", "-i", X, "--backward", "1"),
    "softmax jacobian": ("softmax", "-i", "1 5 2", "--jacobian"),
    "log-softmax backward": ("log-softmax", "-i", X, "--backward", "1"),
    "flatten backward": ("flatten", "-i", X, "--backward", "1"),
    **{
        f"linear backward {part}": ("linear", "-i", X, "-W", "1 0 2 -1; 3 1 0 1", "--backward", "1", "--wrt", f"{part}")
        for part in LinearGradient
    },
    **{f"conv {mode}": ("conv", "-i", X, "-k", "edge", "-p", "1", "--pad-mode", mode.value) for mode in PadMode},
    **{
        f"conv backward {part}": ("conv", "-i", X, "-k", "edge", "--backward", "1 2; 3 4", "--wrt", part.value)
        for part in Gradient
    },
    **{
        str(kind): ("gelu", "--tanh", "-i", X) if kind is ActivationKind.GELU_TANH else (kind.value, "-i", X)
        for kind in ActivationKind
    },
    **{
        f"{kind} backward": (
            *(("gelu", "--tanh") if kind is ActivationKind.GELU_TANH else (kind.value,)), "-i", X, "--backward", "2"
        )
        for kind in ActivationKind
    },
    **{kind.value: (kind.value, "-i", X, *words) for kind, words in GATHERING.items()},
    **{f"{kind} backward": (kind.value, "-i", X, *words, "--backward", "2") for kind, words in GATHERING.items()},
    "upsample bilinear": ("upsample", "-i", X, "--mode", "bilinear"),
    "pool max indices": ("pool", "max", "-i", X, "--indices"),
    **{kind.value: (kind.value, "-i", X, "--gamma", "2", "--beta", "1") for kind in NormKind},
    **{
        f"{kind} backward {part}": (
            kind.value, "-i", X, "--gamma", "2", "--beta", "1", "--backward", "1 0 2 3; 2 1 0 0; 1 1 1 1; 0 2 2 0",
            "--wrt", part.value,
        )
        for kind in NormKind
        for part in NormGradient
    },
    **{
        f"loss {kind} {reduction}": (
            "loss", kind.value, "-i", "0.5 0.25 0.25; 0.1 0.2 0.7",
            "-t", "0 2" if kind.record.takes_classes else "1 0 0; 0 1 0", "--reduction", reduction.value,
        )
        for kind in LossKind
        for reduction in Reduction
    },
    **{
        f"loss {kind} backward": (
            "loss", kind.value, "-i", "0.5 0.25 0.25; 0.1 0.2 0.7",
            "-t", "0 2" if kind.record.takes_classes else "1 0 0; 0 1 0", "--backward",
        )
        for kind in LossKind
    },
    **{f"size {of}": ("size", "-n", "7", "-f", "3", "-s", "2", "--convention", of.value) for of in Convention},
}  # fmt: skip


def test_every_word_is_among_the_exercises() -> None:
    words = {
        word
        for enum in (PoolKind, PadMode, Gradient, LossKind, Reduction, Convention, UpsampleMode, GatherKind)
        for word in enum
    }
    typed = {word for line in EXERCISES.values() for word in line}
    assert {word.value for word in words} <= typed
    assert {kind.value for kind in ActivationKind} == {name for name in EXERCISES if name in list(ActivationKind)}


ROUNDED = "note: quotients are rounded to decimals; .txt and .json keep them\n"


@pytest.mark.parametrize("style", [None, *(style for style in Format if style is not Format.TABLE)], ids=str)
@pytest.mark.parametrize("name", EXERCISES)
def test_every_exercise_is_written_in_every_format(convcalc: Convcalc, name: str, style: Format | None) -> None:
    words = EXERCISES[name]
    ran = convcalc(*words, *(("--format", style.value) if style else ()))
    assert (ran.status, ran.stderr.replace(ROUNDED if style in (Format.CSV, Format.TSV) else "", "")) == (0, "")
    assert ran.stdout.strip()
    if style is Format.JSON and not name.startswith("size"):
        assert json.loads(ran.stdout)["operation"].startswith(words[0])


CHECKED = [
    name
    for name in EXERCISES
    if not name.startswith(("size", "pad", "flatten", "softmax jac", "linear", "conv-transpose"))
    and name not in ("pool max indices", "add backward", "concat backward", "attention backward")
    and not name.endswith(("gamma", "beta"))
]
"""All that take --check."""


@pytest.mark.parametrize("name", CHECKED)
def test_every_exercise_can_be_checked_and_knows_its_own_answer(convcalc: Convcalc, name: str) -> None:
    answer = convcalc(*EXERCISES[name], "-q").answer
    ran = convcalc(*EXERCISES[name], "--check", answer)
    assert (ran.status, ran.stderr) == (0, ""), ran.stdout


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_of_the_quiz_makes_exercises_that_are_asked_and_printed(convcalc: Convcalc, topic: str) -> None:
    asked = convcalc("quiz", topic, "--count", "1", "--seed", "2", stdin="quit\n")
    assert (asked.status, asked.stderr) == (0, "")
    question = re.sub(r"\[.*?\]", "", asked.stdout.partition("level 1")[2].partition("Score")[0])
    assert re.search(r"\d", question), "a question gives its numbers"
    printed = convcalc("worksheet", topic, "--count", "1", "--seed", "2")
    assert (printed.status, printed.stderr) == (0, "")


def test_every_command_has_a_summary_and_a_panel() -> None:
    for name, entry in COMMANDS.items():
        assert entry.panel, name
        assert entry.summary.endswith("."), name


def test_every_enum_of_words_is_looked_at() -> None:
    enums = {name for name, value in vars(choices).items() if isinstance(value, type) and issubclass(value, Enum)}
    here = {"Gradient", "Reduction", "Convention", "UpsampleMode"}
    elsewhere = {
        "PaddingRule",
        "Order",
        "PictureScale",
        "StoredFloat",
        "TransposedReading",
        "ConvolutionReading",
        "LinearGradient",
        "NormGradient",
        "WeightGradient",
        "AttentionGradient",
    }
    assert enums - here - elsewhere - {"Enum", "Word"} == set(), "say here where it is tried"
