"""convcalc from Python: what results show and give, what is understood, and what is refused in Python's words."""

import ast
import copy
import inspect
import json
import pickle
import pkgutil
import re
import runpy
import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import convcalc as cc
from convcalc.engine.activation_kinds import ActivationKind
from convcalc.library.windows import Kernels
from convcalc.library.words import OTHER_WORDS, python_words
from tests.conftest import ROOT

X = [[3, 0, 1, 2], [1, 5, 8, 9], [2, 7, 2, 5], [0, 1, 3, 1]]
BATCH = np.arange(32).reshape(2, 1, 4, 4) % 7
OPERATIONS: dict[str, Callable[[], cc.Result]] = {
    "conv": lambda: cc.convolve(X, "edge", bias=[1], padding="same"),
    "conv-transpose": lambda: cc.conv_transpose(X, [[1, 2], [3, 4]], stride=2),
    "conv-transpose scatter": lambda: cc.conv_transpose(X, [[1, 2], [3, 4]], stride=2, reading_as="scatter"),
    "pool": lambda: cc.pool(X, "avg"),
    "pad": lambda: cc.pad(X, 1, "reflect"),
    "relu": lambda: cc.relu([[-1, 2]]),
    "prelu": lambda: cc.prelu([[-1, 2]], 0.5),
    "sigmoid": lambda: cc.sigmoid([[-1, 2]]),
    "softmax": lambda: cc.softmax([[1, 2], [3, 5]]),
    "log-softmax": lambda: cc.log_softmax([1, 2, 3]),
    "linear": lambda: cc.linear([1, 2], [[3, 4], [5, 6]], [1, 0]),
    "flatten": lambda: cc.flatten(X),
    "mse": lambda: cc.loss([1, 2], [3, 5], "mse"),
    "cross-entropy": lambda: cc.loss([[2, 1, 0.1]], 0, "cross-entropy"),
    "batch-norm": lambda: cc.batch_norm(X, gamma=2, beta=1),
    "layer-norm": lambda: cc.layer_norm(X),
    "group-norm": lambda: cc.group_norm([X, X], 2),
    "attention": lambda: cc.attention([[1, 0]], [[1, 0], [0, 1]], [[1, 2], [3, 4]]),
    "add": lambda: cc.add(X, X),
    "concat": lambda: cc.concat(X, X, axis=-1),
    "upsample": lambda: cc.upsample(X, 2, "bilinear"),
    "unpool": lambda: cc.unpool([[6, 8]], [[5, 7]], size=(2, 4)),
    "dropout": lambda: cc.dropout([4, 5, 6], [1, 0, 1]),
}
MOVES_ONLY = ("pad", "flatten")
"""Operations that have no steps."""


@pytest.fixture(params=list(OPERATIONS))
def result(request: pytest.FixtureRequest) -> cc.Result:
    return OPERATIONS[request.param]()


# ---- what every result does


def test_a_result_shows_itself_as_text_and_as_html_that_stays_within_itself(result: cc.Result) -> None:
    text, html = repr(result), result._repr_html_()
    assert "object at 0x" not in text
    assert "\n" in text
    assert html.startswith('<div class="convcalc"><style>')
    assert html.endswith("</div>")
    assert "<script" not in html
    rules = html.partition("<style>")[2].partition("</style>")[0]
    selectors = [one for rule in rules.split("}") if rule for one in rule.split("{")[0].split(",")]
    assert all(one.strip().startswith(".convcalc") for one in selectors)
    assert repr(result) == text, "shown again, it is the same"


def test_a_result_is_an_array_of_its_own(result: cc.Result) -> None:
    cells = np.asarray(result)
    assert cells.shape == result.shape == result.output.shape
    assert (cells == result.output).all()
    assert cells.flags.writeable
    assert not result.output.flags.writeable
    before = result.tolist()
    cells.flat[0] = 99
    assert result.tolist() == before
    assert result.float().dtype.kind == "f"
    assert result.float().shape == result.shape
    assert (np.asarray(result + 1) == result.output + 1).all()
    assert len(result) == len(result.output)


def test_a_result_is_data_that_knows_what_was_asked(result: cc.Result) -> None:
    data = result.to_dict()
    json.dumps(data)
    assert data["operation"]
    assert data["output"]
    assert all(name in data for name in result.reads)
    assert "x" not in data["arguments"]


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name not in MOVES_ONLY])
def test_steps_come_to_what_the_answer_says(name: str) -> None:
    result = OPERATIONS[name]()
    steps = list(result.steps())
    assert [step.number for step in steps] == list(range(1, len(steps) + 1))
    if "scatter" in name or name == "mse" or name == "cross-entropy":
        return
    for at in np.ndindex(result.shape):
        step = result.step(*at)
        wanted = result[at] if name not in ("softmax", "log-softmax") else result[at[:-1]]
        assert np.allclose(np.array(step.value, dtype=float), np.array(wanted, dtype=float)), (at, step)
        assert "object at" not in repr(step)
        assert step._repr_html_().count("<div") == step._repr_html_().count("</div>")
    last = tuple(length - 1 for length in result.shape)
    assert result.step(*last).name == result.step(*(-1 for _ in last)).name


@pytest.mark.parametrize("name", MOVES_ONLY)
def test_what_only_moves_cells_has_no_steps_and_says_so(name: str) -> None:
    with pytest.raises(cc.InputError, match="no steps here"):
        OPERATIONS[name]().step(0, 0)


def test_a_result_goes_backward_and_each_gradient_has_steps_of_its_own(result: cc.Result) -> None:
    back = result.backward()
    assert list(back)
    for name in back:
        gradient = back[name]
        assert getattr(back, name.replace(" ", "_")).tolist() == gradient.tolist()
        read = result.reads.get(name)
        if read is not None:
            assert gradient.size == read.size, name
        assert "object at" not in repr(gradient)
    assert "object at" not in repr(back)
    assert {name.replace(" ", "_") for name in back} <= set(dir(back))
    with pytest.raises(AttributeError, match="no gradient of 'nothing'"):
        _ = back.nothing


def test_a_gradients_steps_are_the_commands() -> None:
    back = cc.convolve(X, "edge").backward(1)
    assert back.kernel.step(0, 0).sums == ("3×1 + 0×1 + 1×1 + 5×1 = 9",)
    assert back.kernel.tolist() == [[9, 14, 20], [15, 22, 24], [10, 13, 11]]
    assert len(list(back.kernel.steps())) == 9


@pytest.mark.parametrize("suffix", ["html", "svg", "md", "tex", "json", "txt", "csv", "npy"])
def test_a_result_is_saved_as_its_suffix_says(result: cc.Result, suffix: str, tmp_path: Path) -> None:
    if result.ndim > 2 and suffix == "csv":
        pytest.skip("a CSV holds rows")
    path = tmp_path / f"work.{suffix}"
    result.save(path)
    assert path.stat().st_size > 0
    if suffix == "npy":
        assert np.allclose(np.load(path), result.float())
    text = path.read_bytes().decode("utf-8", "replace")
    assert suffix == "html" or not re.search(r"(?<!<!)--[a-z]", text), "no option of the command line"


def test_a_file_that_cannot_be_written_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(cc.ConvcalcError):
        cc.relu([1]).save(tmp_path / "none" / "a.html")
    with pytest.raises(cc.ConvcalcError, match="parquet"):
        cc.relu([1]).save(tmp_path / "a.parquet")
    assert not list(tmp_path.iterdir())


def test_the_drawn_formats_are_texts(result: cc.Result) -> None:
    assert result.to_latex().startswith("% needs \\usepackage")
    assert "\\begin{document}" in result.to_latex(fragment=False)
    assert result.to_markdown().startswith("#")
    assert result.to_svg().startswith("<svg")
    assert result.to_html().startswith("<!DOCTYPE html>")


def test_a_page_is_shown_in_a_frame_of_its_own(result: cc.Result) -> None:
    page = result.walk()
    assert page.html.startswith("<!DOCTYPE html>")
    assert page._repr_html_().startswith('<iframe class="convcalc-page"')
    assert "<a page of" in repr(page)


def test_shown_otherwise_it_is_the_same() -> None:
    result = cc.convolve(X, "edge", padding="same")
    some = result.shown(steps=2, precision=1, order="column")
    assert some.tolist() == result.tolist()
    assert isinstance(some, cc.Result)
    assert some.to_markdown().count("## step ") == 2
    assert result.shown(steps="all").to_markdown().count("## step ") == 16


# ---- marks


def test_an_answer_is_marked_and_the_mistake_is_named() -> None:
    result = cc.convolve(X, "edge")
    assert result.check(result.tolist())
    wrong = result.check((-result.output).tolist())
    assert not wrong
    assert wrong.reasons == ("the kernel was flipped", "every sign was reversed")
    assert "4 of 4 cells are wrong" in repr(wrong)
    assert cc.pool([1, 2], "avg").check("1.5")
    assert cc.pool([1, 2], "avg").check(Fraction(3, 2))
    assert not cc.pool([1, 2], "avg").check(3)
    assert result.check(np.asarray(result)).right


# ---- what is taken as a grid


class Tensor:
    """What PyTorch's tensors have that matters here."""

    def __init__(self, cells: Any, dtype: str = "torch.float32", requires_grad: bool = False) -> None:
        self.cells, self.dtype, self.requires_grad = np.asarray(cells), dtype, requires_grad

    def detach(self) -> "Tensor":
        return Tensor(self.cells, self.dtype)

    def cpu(self) -> "Tensor":
        return self

    def float(self) -> "Tensor":
        return Tensor(self.cells.astype(np.float32))

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if self.requires_grad:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.")
        if self.dtype == "torch.bfloat16":
            raise TypeError("Got unsupported ScalarType BFloat16")
        return self.cells


TAKEN: dict[str, Callable[[], Any]] = {
    "lists": lambda: X,
    "tuples": lambda: tuple(map(tuple, X)),
    "array": lambda: np.array(X),
    "bytes": lambda: np.array(X, np.uint8),
    "matrix": lambda: np.asmatrix(X),
    "rows as arrays": lambda: [np.array(row) for row in X],
    "text": lambda: "3 0 1 2; 1 5 8 9; 2 7 2 5; 0 1 3 1",
    "print of numpy": lambda: str(np.array(X)),
    "result": lambda: cc.pool(X, window=1),
    "tensor": lambda: Tensor(X),
    "tensor with gradient": lambda: Tensor(X, requires_grad=True),
    "bfloat16": lambda: Tensor(X, "torch.bfloat16"),
    "float16": lambda: np.array(X, np.float16),
    "Fractions": lambda: [[Fraction(cell) for cell in row] for row in X],
    "masked, but nowhere": lambda: np.ma.array(X, mask=False),
    "Fortran": lambda: np.asfortranarray(X),
    "read-only": lambda: np.broadcast_to(np.array(X), (4, 4)),
}


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("name", TAKEN)
def test_whatever_holds_numbers_is_taken(name: str) -> None:
    result = cc.convolve(TAKEN[name](), "edge")
    assert result.float().tolist() == [[-5, -4], [-10, -2]]


def test_a_data_frame_and_a_series_are_taken() -> None:
    pandas = pytest.importorskip("pandas")
    assert cc.convolve(pandas.DataFrame(X), "edge").tolist() == [[-5, -4], [-10, -2]]
    assert cc.softmax(pandas.Series([0.0, 0.0])).tolist() == [0.5, 0.5]
    with pytest.raises(cc.InputError, match="nan"):
        cc.relu(pandas.DataFrame({"a": [1.0, None]}))


def test_paths_are_read_and_words_that_name_nothing_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "grid.txt"
    path.write_text("1 2\n3 4\n")
    assert cc.relu(path).tolist() == cc.relu(str(path)).tolist() == [[1, 2], [3, 4]]
    with pytest.raises(cc.InputError, match="no file 'nope"):
        cc.relu("nope.txt")


@pytest.mark.parametrize(
    ("mode", "shape"), [("L", (4, 5)), ("1", (4, 5)), ("RGB", (3, 4, 5)), ("RGBA", (3, 4, 5)), ("P", (3, 4, 5)),
                        ("CMYK", (3, 4, 5)), ("I", (4, 5)), ("F", (4, 5)), ("I;16", (4, 5)), ("LA", (4, 5))]
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::convcalc.errors.ReadingWarning")
def test_every_mode_of_a_picture_is_taken(mode: str, shape: tuple[int, ...]) -> None:
    image = pytest.importorskip("PIL.Image")
    assert cc.relu(image.new(mode, (5, 4))).shape == shape


def test_a_pictures_cells_are_its_own() -> None:
    image = pytest.importorskip("PIL.Image")
    picture = image.fromarray(np.arange(20, dtype=np.uint8).reshape(4, 5))
    assert cc.relu(picture).tolist() == np.arange(20).reshape(4, 5).tolist()
    deep = image.fromarray(np.arange(20, dtype=np.float32).reshape(4, 5) / 8)
    assert cc.relu(deep)[0, 1] == np.float32(0.125)


def test_channels_that_come_last_are_turned_and_said(tmp_path: Path) -> None:
    picture = np.arange(40 * 36 * 3).reshape(40, 36, 3)
    with pytest.warns(cc.ReadingWarning, match="read as 3 channels of 40×36"):
        result = cc.convolve(picture, "edge", per_channel=True)
    assert result.shape == (3, 38, 34)
    assert cc.convolve(picture, "edge", per_channel=True, channels_first=True).shape == (40, 34, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert cc.pool(np.moveaxis(picture, -1, 0)).shape == (3, 20, 18)


def test_the_command_line_says_how_it_reads_an_array_whose_channels_may_come_last(
    convcalc: Any, tmp_path: Path
) -> None:
    np.save(tmp_path / "picture.npy", np.arange(40 * 36 * 3).reshape(40, 36, 3))
    ran = convcalc("pool", "max", "-i", str(tmp_path / "picture.npy"), "-q")
    assert "read as 40 channels of 36×3; if its channels come last, move them first" in ran.stderr


REFUSED: list[tuple[Callable[[], object], str]] = [
    (lambda: cc.convolve("", [[1]]), "empty"),
    (lambda: cc.convolve(None, [[1]]), "the input is a NoneType"),
    (lambda: cc.convolve({}, [[1]]), "the input is a dict"),
    (lambda: cc.convolve(5, [[1]]), "1 to 4 dimensions, and this has 0"),
    (lambda: cc.convolve(np.array(5), [[1]]), "1 to 4 dimensions, and this has 0"),
    (lambda: cc.convolve([["a"]], [[1]]), "'a' is not a number"),
    (lambda: cc.convolve([[True]], [[1]]), "True is not a number"),
    (lambda: cc.convolve([[1, 2], [3]], [[1]]), "differ in length"),
    (lambda: cc.convolve([[1, float("nan")]], [[1]]), "nan"),
    (lambda: cc.convolve(np.array([[1j]]), [[1]]), "complex128 are not real numbers"),
    (lambda: cc.convolve(np.ma.array([[1, 2]], mask=[[False, True]]), [[1]]), r"cell \[0, 1\] is masked"),
    (lambda: cc.convolve(np.ma.array([[1, np.nan]], mask=[[False, True]]), [[1]]), r"cell \[0, 1\] is masked"),
    (lambda: cc.convolve([[1]], [[1]], mode="spiral"), "no padding mode 'spiral'"),
    (lambda: cc.convolve([[1]], [[1]], padding="sme"), "no 'sme' to choose"),
    (lambda: cc.convolve([[1]], [[1]]).step(5, 5), r"output\[5,5\] lies outside"),
    (lambda: cc.pool([[1, 2], [3, 4]]).step((0, 1)), r"output\[0,1\] lies outside"),
    (lambda: cc.pool([[1, 2], [3, 4]], "mode"), "no 'mode' to choose"),
    (lambda: cc.pad([[1]], "same"), "depends on a kernel"),
    (lambda: cc.pad([[1]], (1.5,)), "padding takes whole numbers"),  # type: ignore[arg-type]
    (lambda: cc.convolve([[1]], [[1]], stride=1.5), "stride takes whole numbers"),  # type: ignore[arg-type]
    (lambda: cc.read_grid("nope.txt"), "no file 'nope.txt'"),
    (lambda: cc.kernel("nope"), "no kernel named 'nope'"),
    (lambda: cc.convolve([[1]], "gausian"), r"did you mean gaussian"),
    (lambda: cc.Axis(0, 1), "input must be at least 1"),
    (lambda: cc.loss([1], [1], "mze"), "no 'mze' to choose"),
    (lambda: cc.loss([1], [1], "mse", delta=1), "mse has no delta"),
    (lambda: cc.batch_norm(X, 1), "a mean goes with a variance"),
    (lambda: cc.layer_norm(X, (3,)), "does not end in 3"),
    (lambda: cc.size(7, 9), "does not fit"),
    (lambda: cc.quiz("cooking"), "no questions on 'cooking'"),
    (lambda: cc.quiz(level=9), "no level 9"),
    (lambda: cc.worksheet("conv", level="brutal"), "no level 'brutal'"),
    (lambda: cc.run("nonsense 1"), "script:1"),
    (lambda: cc.model("no-such-net"), "no-such-net"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_what_makes_no_sense_is_refused_with_a_hint_in_its_text(call: Callable[[], object], message: str) -> None:
    with pytest.raises(cc.ConvcalcError, match=message) as caught:
        call()
    assert isinstance(caught.value, ValueError)
    assert caught.value.hint
    assert caught.value.hint in str(caught.value) or not hasattr(caught.value, "told") or caught.value.told is None
    assert "--" not in str(caught.value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cc.convolve([X, X, X], "edge"), r"per_channel=True runs it on each channel by itself"),
        (lambda: cc.loss([2, 3], [0, 1], "bce"), r"use logits=True"),
        (lambda: cc.loss([0.2, 3], 0, "cross-entropy", logits=False), r"leave probabilities out"),
        (lambda: cc.linear([1, 2, 3], [[1, 2], [3, 4], [5, 6]]), r"transpose=True takes them so"),
        (lambda: cc.pad([1, 2], 5, "reflect"), r"mode=replicate"),
    ],
)
def test_hints_are_pythons(call: Callable[[], object], message: str) -> None:
    with pytest.raises(cc.InputError, match=message):
        call()


def test_every_hint_of_the_engine_is_said_without_options() -> None:
    for path in sorted((ROOT / "convcalc" / "engine").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            text = node.value if isinstance(node, ast.Constant) else ""
            if isinstance(text, str) and "--" in text and "---" not in text:
                assert "--" not in python_words(text), text


# ---- nobody shares memory


@pytest.mark.parametrize("name", ["conv", "relu", "pad", "flatten", "add", "linear"])
def test_a_changed_input_changes_no_result(name: str) -> None:
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    made: dict[str, Callable[[Any], cc.Result]] = {
        "conv": lambda x: cc.convolve(x, [[1]]),
        "relu": cc.relu,
        "pad": lambda x: cc.pad(x, 0),
        "flatten": cc.flatten,
        "add": lambda x: cc.add(x, x),
        "linear": lambda x: cc.linear(x, x),
    }
    result = made[name](x)
    before = result.tolist()
    assert not np.shares_memory(np.asarray(result), x)
    x[:] = 0
    assert result.tolist() == before
    assert result.step(0, 0) is not None if name not in MOVES_ONLY else True


# ---- the habits of other libraries


HABITS: list[tuple[Callable[..., cc.Result], tuple[Any, ...], dict[str, Any], dict[str, Any]]] = [
    (cc.pool, (X,), {"kernel_size": 2, "strides": 1}, {"window": 2, "stride": 1}),
    (cc.pool, (X, "average"), {"pool_size": (2, 2), "padding": "VALID"}, {"window": (2, 2), "padding": "valid"}),
    (cc.pool, (X, "avg"), {"ksize": 3, "pads": [1, 1, 1, 1], "count_include_pad": False},
     {"window": 3, "padding": 1, "count_padding": False}),
    (cc.pool, (X,), {"output_size": (1, 1)}, {"adaptive": (1, 1)}),
    (cc.convolve, (X, "edge"), {"padding": "SAME", "padding_mode": "reflect"}, {"padding": "same", "mode": "reflect"}),
    (cc.convolve, (X, "edge"), {"padding": ((1, 1), (2, 2))}, {"padding": (1, 1, 2, 2)}),
    (cc.convolve, (X, "edge"), {"pads": [0, 1, 0, 2]}, {"padding": (0, 0, 1, 2)}),
    (cc.convolve, (X, "edge"), {"mode": "same"}, {"padding": "same"}),
    (cc.convolve, (X, "edge"), {"padding": 1, "mode": "wrap"}, {"padding": 1, "mode": "circular"}),
    (cc.convolve, (X, "edge"), {"padding": 1, "mode": "nearest"}, {"padding": 1, "mode": "replicate"}),
    (cc.convolve, (X, "edge"), {"padding": 1, "mode": "mirror"}, {"padding": 1, "mode": "reflect"}),
    (cc.convolve, (X, "edge"), {"padding": 1, "boundary": "symm"}, {"padding": 1, "mode": "symmetric"}),
    (cc.convolve, (X, "edge"), {"padding": 1, "boundary": "fill", "fillvalue": 3}, {"padding": 1, "pad_value": 3}),
    (cc.convolve, (X, "edge"), {"dilation_rate": 1, "strides": 1}, {}),
    (cc.pad, (X,), {"pad_width": ((0, 0), (1, 1)), "mode": "constant", "constant_values": 2},
     {"padding": (0, 0, 1, 1), "pad_value": 2}),
    (cc.softmax, (X,), {"dim": 0}, {"axis": 0}),
    (cc.concat, (X, X), {"dim": -1}, {"axis": -1}),
    (cc.upsample, (X,), {"scale_factor": 3}, {"scale": 3}),
    (cc.batch_norm, (X,), {"weight": 2, "bias": 1, "epsilon": 1}, {"gamma": 2, "beta": 1, "eps": 1}),
    (cc.group_norm, ([X, X],), {"num_groups": 2}, {"groups": 2}),
    (cc.dropout, ([1, 2], [1, 0]), {"p": 0.5}, {"probability": 0.5}),
    (cc.activate, (X, "leaky_relu"), {"negative_slope": 0.5}, {"slope": 0.5}),
    (cc.linear, ([1, 2],), {"weight": [[1, 2]]}, {"weights": [[1, 2]]}),
]  # fmt: skip


@pytest.mark.parametrize(("function", "values", "theirs", "ours"), HABITS)
def test_the_words_of_other_libraries_mean_the_same(
    function: Callable[..., cc.Result], values: tuple[Any, ...], theirs: dict[str, Any], ours: dict[str, Any]
) -> None:
    assert function(*values, **theirs).tolist() == function(*values, **ours).tolist()


def test_every_other_word_stands_for_an_argument_that_there_is() -> None:
    for name, words in OTHER_WORDS.items():
        parameters = inspect.signature(getattr(cc, name)).parameters
        any_name = any(one.kind is one.VAR_KEYWORD for one in parameters.values())
        for word, own in words.items():
            assert own in parameters or any_name, (name, word, own)
            assert word not in parameters or word == own, f"{name}'s own word {word} is taken for {own}"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cc.convolve(X, "edge", strid=2), "no argument 'strid'; did you mean stride"),  # type: ignore[call-arg]
        (lambda: cc.pool(X, window=2, kernel_size=3), "'window' twice, once by another word"),  # type: ignore[call-arg]
        (lambda: cc.pool(X, 2), r"takes its kind first: pool\(x, 'max', 2\)"),
        (lambda: cc.loss([1], [1]), "missing 1 required positional argument: 'kind'"),  # type: ignore[call-arg]
        (lambda: cc.relu([1], slope=1), "relu has no parameter 'slope'"),
    ],
)
def test_an_argument_that_there_is_not_is_named(call: Callable[[], object], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call()


GUESSES: list[Callable[[], Any]] = [
    lambda: cc.conv2d(X, [[1, 0], [0, 1]], None, 1, 1),
    lambda: cc.max_pool2d(X, 2),
    lambda: cc.avg_pool2d(X, 2, 1),
    lambda: cc.relu(X),
    lambda: cc.softmax(X, dim=1),  # type: ignore[call-arg]
    lambda: cc.cross_entropy([[1.0, 2.0]], [1]),
    lambda: cc.mse_loss([1, 2], [1, 3]),
    lambda: cc.conv_transpose2d(X, [[1, 1], [1, 1]], stride=2),
    lambda: cc.concat([X, X], axis=0),
    lambda: np.maximum(cc.convolve(X, "edge"), 0),
    lambda: cc.flatten(cc.max_pool2d(cc.relu(cc.conv2d(X, "edge", padding=1)), 2)),
    lambda: np.mean(cc.pool(X, "avg").float()),
]


@pytest.mark.parametrize("guess", GUESSES)
def test_what_someone_guesses_who_knows_numpy_and_pytorch_works(guess: Callable[[], Any]) -> None:
    assert np.asarray(guess()).size


def test_a_name_that_means_another_thing_elsewhere_is_refused_with_what_it_would_be() -> None:
    with pytest.raises(AttributeError, match=r"flips the kernel"):
        _ = cc.convolve2d
    with pytest.raises(AttributeError, match="did you mean convolve"):
        _ = cc.convolv
    with pytest.raises(AttributeError):
        _ = cc.nothing_of_the_kind


@pytest.mark.parametrize("flip", [False, True])
def test_numbers_agree_with_a_slow_loop(flip: bool) -> None:
    kernel = [[1, 2], [3, -4]]
    weights = [row[::-1] for row in kernel[::-1]] if flip else kernel
    places = [[(r, c) for c in range(3)] for r in range(3)]
    own = [[sum(X[r + i][c + j] * weights[i][j] for i in range(2) for j in range(2)) for r, c in row] for row in places]
    assert cc.convolve(X, kernel, flip=flip).tolist() == own


# ---- sizes, kernels, quizzes, worksheets, scripts


def test_a_size_is_a_number_and_shows_its_formula() -> None:
    size = cc.size(7, 3, stride=2)
    assert size == 3
    assert list(range(size)) == [0, 1, 2]
    assert "(7 + 2·0 − 3)/2 + 1 = 3" in repr(size)
    assert "\\mathbf{3}" in str(size._repr_latex_())
    assert cc.size((32, 28), 5, padding="same", stride=2).output == (16, 14)
    assert cc.size(kernel_size=3, input_size=7) == 5  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="no one number"):
        int(cc.size((32, 28), 5))


def test_kernels_are_grids_by_name() -> None:
    kernels = cc.kernels()
    assert isinstance(kernels, Kernels)
    assert kernels["edge"].tolist() == cc.kernel("edge").tolist()
    assert cc.kernel("gaussian", float=True).dtype == np.float64
    assert "sobel-x" in repr(kernels)
    assert "sobel-x" in kernels._repr_html_()
    assert cc.convolve(X, kernels["edge"]).tolist() == cc.convolve(X, "edge").tolist()


def test_a_quiz_asks_marks_and_goes_on() -> None:
    quiz = cc.quiz("conv", seed=7)
    first = repr(quiz)
    assert "?" in first
    assert not quiz.check([[123456]])
    assert quiz.check(quiz.answer)
    assert (quiz.asked, quiz.right) == (1, 0)
    assert "object at" not in repr(quiz.solution())
    assert quiz.hint()
    assert repr(quiz.next()) != first
    assert repr(cc.quiz("conv", seed=7)) == first


def test_a_worksheet_is_the_command_lines(convcalc: Any, tmp_path: Path) -> None:
    sheet = cc.worksheet("conv", seed=7)
    assert len(sheet.questions) == 6
    sheet.save(tmp_path / "sheet.md")
    theirs = convcalc("worksheet", "conv", "--seed", "7", "--format", "markdown").stdout
    assert (tmp_path / "sheet.md").read_text(encoding="utf-8") == theirs
    assert "Sheet" in repr(sheet)
    assert repr(sheet.key) != repr(sheet)
    assert sheet.page().html.startswith("<!DOCTYPE")


def test_a_script_is_run_with_grids_by_name() -> None:
    script = cc.run("conv k -i x\nrelu", x=[1, 2, 4], k=[-1, 1])
    assert script.tolist() == [1, 2]
    assert "conv k -i x" in repr(script)
    assert script.backward("k", gradient=[1, 10]).tolist() == [21, 42]
    assert "relu" in script._repr_html_()
    assert cc.run(ROOT / "samples" / "tiny-cnn.convcalc").size > 0
    with pytest.raises(cc.ConvcalcError, match="script:2"):
        cc.run("input 1 2\nconv nope-nope")


# ---- networks


def test_a_networks_layers_are_objects_and_a_table() -> None:
    net = cc.model("lenet5")
    assert net.layers["conv1"].shape == (6, 28, 28)
    assert "conv1" in net.layers._repr_html_()
    assert "61,706" in repr(net)
    assert net.walk().html.startswith("<!DOCTYPE html>")
    numbers = cc.model("Linear(3, 1)", [1, 2, 3], weights={"0.weight": [[4, 5, 6]], "0.bias": [1]})
    assert numbers.step("0", (0,)).sums == ("4×1 + 5×2 + 6×3 + 1 (bias) = 33",)
    assert numbers.walk().html.startswith("<!DOCTYPE html>")


def test_a_networks_layers_are_a_data_frame() -> None:
    pytest.importorskip("pandas")
    frame = cc.model("lenet5").layers.to_frame()
    assert frame.loc["conv1", "parameters"] == 156


# ---- names, documentation, types


def test_dir_and_tab_list_the_public_names() -> None:
    assert set(cc.__all__) <= set(dir(cc))
    assert "convolve" in dir(cc)
    assert not [name for name in dir(cc) if name.startswith("_") and not name.startswith("__")]


def test_no_public_name_is_that_of_a_folder_which_would_take_its_place() -> None:
    assert not {module.name for module in pkgutil.iter_modules(cc.__path__)} & set(cc.__all__)


def test_the_stub_names_what_the_package_gives() -> None:
    tree = ast.parse((ROOT / "convcalc" / "__init__.pyi").read_text(encoding="utf-8"))
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    rooms = {alias.asname: node.module for node in imports for alias in node.names if alias.asname}
    targets = [node.target for node in tree.body if isinstance(node, ast.AnnAssign)]
    declared = {target.id for target in targets if isinstance(target, ast.Name)}
    assert {*rooms, *declared} - {"__all__"} == set(cc.__all__)
    assert declared == {"__all__", "__version__", *(kind.value.replace("-", "_") for kind in ActivationKind)}
    for name, room in rooms.items():
        assert getattr(cc, name).__module__ == room, name


@pytest.mark.parametrize("name", [name for name in cc.__all__ if name != "__version__"])
def test_a_public_name_is_documented(name: str) -> None:
    text = inspect.getdoc(getattr(cc, name))
    assert text
    if callable(getattr(cc, name)) and not inspect.isclass(getattr(cc, name)):
        own = name.replace("_", "-") in list(ActivationKind) or name == "load_ipython_extension"
        assert own or ">>>" in text, f"{name} has no example"


def test_any_result_goes_backward() -> None:
    x = [[1, 2], [3, 4]]
    assert cc.pool(x).backward(5).input.tolist() == [[0, 0], [0, 5]]
    assert cc.activate([-1, 2], "relu").backward([3, 4]).input.tolist() == [0, 4]
    assert cc.linear([1, 2], [[3, 4]]).backward([2]).weights.tolist() == [[2, 4]]
    assert cc.loss([1, 2], [3, 5], "mse").backward().input.tolist() == [-2, -3]
    assert cc.add([1], [2]).backward().other.tolist() == [1]
    with pytest.raises(cc.InputError, match="the gradient is"):
        cc.pool(x).backward([1, 2, 3])


def test_a_typed_script_runs() -> None:
    runpy.run_path(str(ROOT / "tests" / "typed_script.py"))


@pytest.mark.slow
def test_a_typed_script_pleases_the_type_checkers() -> None:
    checkers = {"mypy": ["--strict"], "pyright": ["--pythonpath", sys.executable]}
    there = {name: found for name in checkers if (found := shutil.which(name, path=Path(sys.executable).parent))}
    if not there:
        pytest.skip("no type checker is installed here; .ci/run has both")
    for name, found in there.items():
        ran = subprocess.run(
            [found, *checkers[name], "tests/typed_script.py"], capture_output=True, text=True, cwd=ROOT, check=False
        )
        assert ran.returncode == 0, f"{name}: {ran.stdout}{ran.stderr}"


# ---- what hard use found


def test_a_row_with_channels_is_a_plane_as_in_pytorch_and_a_row_alone_is_a_row() -> None:
    x = np.arange(1.0, 9.0).reshape(1, 1, 1, 8)
    assert cc.avg_pool2d(x, 3, 2, 1).float().round(3).tolist() == [[[[0.333, 1, 1.667, 2.333]]]]
    assert cc.conv2d(x, np.ones((1, 1, 1, 4)), padding=1, stride=2).tolist() == [[[[0] * 4, [0] * 4]]]
    assert cc.upsample(x, 2).shape == (1, 1, 2, 16)
    assert cc.pool([1, 2, 3, 4]).tolist() == [2, 4]


def test_elementwise_operations_turn_no_axes() -> None:
    cells = np.arange(40 * 36 * 3).reshape(40, 36, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert cc.relu(cells).shape == cc.add(cells, cells).shape == cells.shape
        assert cc.flatten(cells)[1] == 1
        assert cc.max_pool2d(np.ones((1, 8, 8, 4)), 2).shape == (1, 8, 4, 2)


def test_a_warning_names_the_line_that_called() -> None:
    with pytest.warns(cc.ReadingWarning) as caught:
        cc.pool(np.zeros((40, 36, 3)))
    assert caught[0].filename == __file__


def test_padding_in_other_orders_is_what_its_library_means() -> None:
    assert cc.pad([1, 2, 3], pad_width=((1, 2),)).tolist() == [0, 1, 2, 3, 0, 0]  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="'pad'"):
        cc.pad([[1]], pad=(1, 0))  # type: ignore[call-arg]


def test_same_of_an_even_kernel_is_refused_where_libraries_differ() -> None:
    with pytest.raises(cc.InputError, match="no middle"):
        cc.convolve([1, 2, 3, 4], [1, 2], mode="same")
    assert cc.pool(np.ones((5, 5)), "avg", 2, 1, padding="SAME")[4, 4] == 1
    assert cc.pool(np.ones((5, 5)), "avg", 2, 1, padding="same")[4, 4] != 1


def test_parameters_that_belong_together_are_given_together() -> None:
    with pytest.raises(TypeError, match="min is missing"):
        cc.clip([-9, 5], max=2)
    with pytest.raises(TypeError, match="'slope' twice"):
        cc.leaky_relu([-1], 0.1, slope=0.2)
    assert str(inspect.signature(cc.leaky_relu)) == "(x, slope=0.01) -> convcalc.library.results.Result"


def test_a_result_counts_as_an_array_does() -> None:
    result = cc.relu([-3, 4])
    result += 1
    assert isinstance(result, np.ndarray)
    assert result.tolist() == [1, 5]
    with pytest.raises(TypeError, match="not written to"):
        np.add(1, 2, out=cc.relu([1]))
    assert not cc.convolve([[3]], [[0]])
    with pytest.raises(ValueError, match="ambiguous"):
        bool(cc.relu([1, 2]))
    average = cc.pool([1, 2, 4, 9], "avg")
    assert np.sqrt(average).round(3).tolist() == [1.225, 2.55]
    assert (average.sum(), average.T.shape, int(cc.relu([3])), f"{cc.relu([2.5]):.2f}") == (8, (2,), 3, "2.50")
    assert cc.size(7, 3) + 1 == 6
    assert f"{cc.size(7, 3):d}" == "5"
    assert tuple(cc.size((7, 8), 3)) == (5, 6)


def test_numbers_of_numpy_stand_in_lists() -> None:
    a = np.arange(6).reshape(2, 3)
    assert cc.relu([a[0, 0], a[1, 1]]).tolist() == [0, 4]
    assert cc.relu(list(cc.relu(a)[1])).tolist() == [3, 4, 5]
    assert cc.convolve([1, 2], [1], bias=[np.float32(0.5)]).tolist() == [1.5, 2.5]
    assert cc.convolve([1, 2], [1], bias=Tensor(1.0, requires_grad=True)).tolist() == [2.0, 3.0]


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_result_is_copied_and_pickled(name: str) -> None:
    result = OPERATIONS[name]()
    for other in (copy.deepcopy(result), pickle.loads(pickle.dumps(result))):
        assert repr(other) == repr(result)
        assert other.to_dict() == result.to_dict()
        assert repr(other.backward()) == repr(result.backward())
    back = pickle.loads(pickle.dumps(result.backward()))
    assert [back[one].tolist() for one in back] == [grid.tolist() for _, grid in result.backward().items()]


def test_what_is_large_is_shown_briefly_and_marked_at_once() -> None:
    batch = cc.convolve(np.ones((8, 16, 64, 64), np.float32), np.ones((32, 16, 3, 3), np.float32))
    start = time.perf_counter()
    assert len(repr(batch).splitlines()) < 60
    assert len(batch._repr_html_()) < 300_000
    assert not batch.check(batch.output + 1)
    assert time.perf_counter() - start < 20
    wide = repr(cc.relu(np.arange(10**5)))
    assert "-q" not in wide
    assert "cut to fit" in wide


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cc.loss([1, 2], [3, 4], "mse").step(), "there are 2 steps"),
        (lambda: cc.relu([[1, 2]]).check(1, 5, 5), r"no cell \[5, 5\]"),
        (lambda: cc.relu([[1, 2]]).step("a"), "a place takes whole numbers"),
        (lambda: cc.relu([[1, 2]]).step(0.5, 0), "whole numbers"),
        (lambda: cc.pool(X, "mena"), "did you mean"),
        (lambda: cc.pool(X, "spam"), "the choices are"),
        (lambda: cc.relu(X).shown(steps="foo"), "steps='foo'"),
        (lambda: cc.relu(X).shown(precision=99), "precision=99"),
        (lambda: cc.loss([1, 2], [3, 5], "mse").backward(2), "leave the gradient out"),
        (lambda: cc.loss([1, 2], [1, -1], "hinge"), "target=0"),
        (lambda: cc.model("Conv2d(1, 2, 3)"), r"x=\(1, 28, 28\)"),
        (lambda: cc.worksheet(count=-1), "no -1 exercises"),
        (lambda: cc.relu([1]).walk().save("a.png"), "a page is HTML"),
        (lambda: cc.run("input 1 2\nconv"), r"--kernel edge"),
        (lambda: cc.loss([1], [1], "smooth-l1", delta=0.5), "divided by beta"),
    ],
)
def test_what_is_asked_wrongly_is_told_in_words(call: Callable[[], object], message: str) -> None:
    with pytest.raises(cc.ConvcalcError, match=message):
        call()


@pytest.mark.parametrize(
    ("name", "message"),
    [("stpe", "did you mean step"), ("backwards", "did you mean backward"), ("nothing_at_all", "numpy.asarray")],
)
def test_an_attribute_that_a_result_has_not_is_told_of(name: str, message: str) -> None:
    with pytest.raises(AttributeError, match=message):
        getattr(cc.relu([1]), name)


def test_a_networks_gradients_show_themselves() -> None:
    net = cc.model("Linear(3, 2)", [1, 2, 3], weights={"0.weight": [[4, 5, 6], [1, 0, 1]], "0.bias": [1, 1]})
    back = net.backward(0)
    assert "0.weight" in repr(back)
    assert "<svg" in back.to_svg()
    assert back["input"].shape == (1, 3)
    assert cc.zoo()["lenet5"].startswith("LeNet-5")
    assert "object at" not in repr(cc.Axis(5, 2))
