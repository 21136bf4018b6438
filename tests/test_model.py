"""Networks: shape rules against the engine's own output, fields against the cells that really count, the command."""

import csv
import io
import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convcalc.engine.convolution import convolve
from convcalc.engine.pooling import pool
from convcalc.engine.transposed import conv_transpose
from convcalc.errors import ConvcalcError
from convcalc.network import written
from convcalc.network.functions import Cat, Combine
from convcalc.network.kinds import KINDS, kind
from convcalc.network.layer import Layer
from convcalc.network.receptive import fields, traced_back
from convcalc.network.summary import Summary, summarize
from convcalc.network.trace import NetworkPart, Tensor, Trace
from convcalc.report.document import Sum, Text
from convcalc.report.model_steps import model_steps
from convcalc.report.selection import Show
from convcalc.session.walk import Walk
from tests.conftest import Convcalc

pair = st.tuples(st.integers(1, 4), st.integers(1, 4))
small = st.tuples(st.integers(0, 2), st.integers(0, 2))


def layer(name: str, *given_: Any, **named: Any) -> Layer:
    return kind(name).inferring(given_, named)


def agree(shape: Any, make: Any) -> None:
    """Hold the shape of a layer against the engine's output: both the same, or both refused."""
    try:
        expected: tuple[int, ...] | None = make().shape
    except ConvcalcError:
        expected = None
    try:
        found: tuple[int, ...] | None = shape()
    except ConvcalcError:
        found = None
    assert found == expected


@settings(deadline=None, max_examples=150)
@given(st.tuples(st.integers(1, 12), st.integers(1, 12)), pair, pair, small, pair, st.sampled_from([1, 2, 4]))
def test_convolutions_have_the_engines_shapes(
    size: tuple[int, int], kernel: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> None:
    x, weights = np.ones((1, 4, *size), dtype=int), np.ones((8, 4 // groups, *kernel), dtype=int)
    one = layer("Conv2d", 4, 8, kernel, stride=stride, padding=padding, dilation=dilation, groups=groups)
    how = {"stride": stride, "dilation": dilation, "groups": groups}
    agree(lambda: one.output(x.shape), lambda: convolve(x, weights, padding=padding, **how).output)
    assert one.weights.value == weights.size + 8


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 6), pair, pair, small, pair, small)
def test_transposed_convolutions_have_the_engines_shapes(
    size: int, kernel: Any, stride: Any, padding: Any, dilation: Any, extra: Any
) -> None:
    x, weights = np.ones((1, 2, size, size), dtype=int), np.ones((2, 3, *kernel), dtype=int)
    how = {"stride": stride, "padding": padding, "dilation": dilation, "output_padding": extra}
    one = layer("ConvTranspose2d", 2, 3, kernel, **how)
    agree(lambda: one.output(x.shape), lambda: conv_transpose(x, weights, **how).output)
    assert one.weights.value == weights.size + 3


@settings(deadline=None, max_examples=150)
@given(st.tuples(st.integers(1, 12), st.integers(1, 12)), pair, pair, small, st.booleans(), st.booleans())
def test_pools_have_the_engines_shapes(
    size: tuple[int, int], window: Any, stride: Any, padding: Any, ceil: bool, average: bool
) -> None:
    x = np.ones((1, 2, *size), dtype=int)

    def shape() -> tuple[int, ...]:
        name = "AvgPool2d" if average else "MaxPool2d"
        return layer(name, window, stride, padding, ceil_mode=ceil).output(x.shape)

    word = "avg" if average else "max"
    agree(shape, lambda: pool(x, word, window=window, stride=stride, padding=padding, ceil=ceil).output)


@pytest.mark.parametrize("size", [5, 7, 12])
@pytest.mark.parametrize("wanted", [1, 2, 3])
def test_adaptive_pools_have_the_engines_shapes(size: int, wanted: int) -> None:
    x = np.ones((1, 2, size, size), dtype=int)
    expected = pool(x, "avg", adaptive=wanted).output.shape
    assert layer("AdaptiveAvgPool2d", wanted).output(x.shape) == expected


ROUTES = st.lists(
    st.sampled_from(["conv", "strided", "dilated", "pool", "branch", "join", "up", "back", "shrink"]), max_size=5
)


def build(route: list[str], net: NetworkPart, x: Tensor) -> Tensor:
    """Build a small network, one part of it for each word."""
    makers = {
        "shrink": lambda: layer("AdaptiveAvgPool1d", 3),
        "conv": lambda: layer("Conv1d", 1, 3, padding=1),
        "strided": lambda: layer("Conv1d", 1, 3, stride=2),
        "dilated": lambda: layer("Conv1d", 1, 2, dilation=2, padding=2),
        "pool": lambda: layer("AvgPool1d", 2),
        "up": lambda: layer("Upsample", scale_factor=2),
        "back": lambda: layer("ConvTranspose1d", 1, 3, stride=2, padding=1),
    }
    for index, word in enumerate(route):
        if word == "branch":
            y = net(f"{index}a", layer("Conv1d", 1, 5, padding=2), x)
            x = net(f"{index}+", Combine("add"), x, y)
        elif word == "join":
            y = net(f"{index}b", layer("Conv1d", 1, 3, padding=1), x)
            x = net(f"{index}m", layer("Conv1d", 1, 1), net(f"{index}c", Cat(1), x, y))
        else:
            x = net(str(index), makers[word](), x)
    return x


def run(trace: Trace, cells: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Run a trace in numbers, all weights 1, in the plainest loops: which input cells count is then seen."""
    values: list[Any] = [cells]
    for node in trace.nodes[1:]:
        given_ = [values[index] for index in node.inputs]
        one, x, length = node.layer, given_[0], node.output[-1]
        if isinstance(one, Combine):
            made = np.sum(given_, axis=0)
        elif isinstance(one, Cat):
            made = np.concatenate(given_, axis=0)
        elif one.kind == "Upsample":
            made = x[:, [index // 2 for index in range(length)]]
        elif one.kind == "AdaptiveAvgPool1d":
            size = x.shape[-1]
            made = np.stack([x[:, i * size // 3 : -(-(i + 1) * size // 3)].sum(axis=1) for i in range(3)], axis=1)
        else:
            made = np.zeros((1, length))
            (axis,) = one.axes(node.shapes[0])
            for place in range(x.shape[-1] if one.kind == "ConvTranspose1d" else length):
                if one.kind == "ConvTranspose1d":
                    for at in axis.stamps(place):  # type: ignore[union-attr]
                        if 0 <= at < length:
                            made[0, at] += x[:, place].sum()
                else:
                    inside = (at - axis.before for at in axis.reads(place))  # type: ignore[union-attr]
                    made[0, place] = sum(x[:, at].sum() for at in inside if 0 <= at < x.shape[-1])
        values.append(made)
    return np.asarray(values[-1])


@settings(deadline=None, max_examples=60)
@given(ROUTES, st.integers(8, 14), st.data())
def test_a_traced_rectangle_is_what_really_counts(route: list[str], size: int, data: st.DataObject) -> None:
    net = NetworkPart(Trace())
    try:
        out = build(route, net, net.input((1, size)))
    except ConvcalcError:
        return  # too small for this route
    at = data.draw(st.integers(0, out.shape[-1] - 1))
    ((first, last),) = traced_back(net.trace, out.node, (at,))[-1].ranges
    counts = [cell for cell in range(size) if run(net.trace, np.eye(size)[cell : cell + 1])[0, at]]
    if "dilated" in route:  # its window may step over the edge
        assert all(first <= cell <= last for cell in counts)
    else:
        assert (first, last) == (min(counts), max(counts))
    field = fields(net.trace)[out.node]
    assert field is not None
    assert last - first + 1 <= math.ceil(field.axes[0].size)


def summary_of(text: str, *shape: int) -> Summary:
    return summarize("", *written.build(text, shape))


@pytest.mark.parametrize(
    ("text", "shape", "output", "parameters"),
    [
        ("Conv2d(1, 6, 5)", (1, 28, 28), (6, 24, 24), 156),
        ("Conv2d(6, 5)", (1, 28, 28), (6, 24, 24), 156),
        ("Conv2d(6, kernel_size=5, padding='same', bias=False)", (3, 8, 8), (6, 8, 8), 450),
        ("nn.Conv2d(4, 8, (3, 1), groups=4), nn.GELU()", (4, 8, 8), (8, 6, 8), 32),
        ("Conv1d(2, 3), Conv1d(2, 4, 3, stride=2)", (2, 9), (4, 3), 14 + 28),
        ("Conv3d(2, 3), BatchNorm3d()", (1, 5, 5, 5), (2, 3, 3, 3), 60),
        ("ConvTranspose2d(3, 2, 4, 2, 1)", (3, 8, 8), (2, 16, 16), 3 * 4 * 4 * 2 + 2),
        ("Sequential(Conv2d(2, 3), ReLU()); Flatten(); Linear(2*3*3, 5)", (1, 5, 5), (5,), 20 + 95),
        ("Linear(3), LayerNorm(), PReLU()", (4,), (3,), 15 + 6 + 1),
        ("GroupNorm(2), LayerNorm((4, 2, 2))", (4, 2, 2), (4, 2, 2), 8 + 32),
        ("PixelShuffle(2), Upsample(scale_factor=2)", (4, 3, 3), (1, 12, 12), 0),
        ("MaxPool2d(3, 2, ceil_mode=True), AdaptiveAvgPool2d((None, 2)), GlobalAvgPool2d()", (1, 8, 8), (1, 1, 1), 0),
        ("[ZeroPad2d((1, 2, 0, 0)), ReflectionPad2d(1)]", (1, 4, 4), (1, 6, 9), 0),
    ],
)
def test_lists_of_layers(text: str, shape: tuple[int, ...], output: tuple[int, ...], parameters: int) -> None:
    summary = summary_of(text, *shape)
    assert (summary.output[1:], summary.weights) == (output, parameters)


REFUSED = [
    (("Conv2d(1, 6, 5", "1x9x9"), 1, "the list cannot be read", None),
    (("Conv2D(1, 6, 5)", "1x9x9"), 1, "network:1:1: Conv2D(1, 6, 5) is read in two ways", "Conv2d(1, 6, 5)"),
    (("ReLU", "1x9x9"), 2, "'ReLU' is no network", "ReLU()"),
    (("ReLU(), Conv2d", "1x9x9"), 1, "network:1:9: Conv2d is written without its brackets", "Conv2d("),
    (("Conv2d(3, 6, 5)", "1x9x9"), 1, "Conv2d(3, 6, 5, …) receives 1 channels: 1×9×9", "Conv2d(1, 6, 5, …)"),
    (("Conv2d(1, 6, 10)", "1x9x9"), 1, "does not fit an input of 9", "at most 9"),
    (("Conv2d(1, 6, x)", "1x9x9"), 1, "'x' is no setting", None),
    (("Conv2d(1, 6, 5, 2, 'same')", "1x9x9"), 1, "padding='same' with a stride", None),
    (("Conv2d(3, 6, 5, groups=2)", "3x9x9"), 1, "2 groups do not part 3 input channels", "multiples"),
    (("Conv2d(1, 6, -5)", "1x9x9"), 1, "kernel_size must be a whole number", None),
    (("MaxPool2d(2, padding=2)", "1x9x9"), 1, "more than half the window", "at most 1"),
    (("Flatten(), Linear(80, 10)", "1x9x9"), 1, "Linear(80, 10) receives 81 features: 1×9×9", "Linear(81, 10)"),
    (("Linear(81, 10)", "1x9x9"), 1, "receives 9 features", "flatten first: 1×9×9 are 81 features"),
    (("BatchNorm2d(3)", "4x9x9"), 1, "receives 4 channels", "BatchNorm2d(4)"),
    (("BatchNorm1d(4)", "4x9x9"), 1, "wants 1 spatial axes", "BatchNorm2d"),
    (("PixelShuffle(2)", "3x9x9"), 1, "receives 3 channels", "multiple of 4"),
    (("ReflectionPad2d(9)", "1x9x9"), 1, "cannot repeat more than there is", "less than the size"),
    (("Conv2d(1, 2, 3, padding=9, padding_mode='reflect')", "1x9x9"), 1, "has not enough of 1×9×9", "use zeros"),
    (("Upsample(scale_factor=0.1)", "1x9x9"), 1, "leaves nothing of 1×9×9", "larger"),
    (("ChannelShuffle(2)", "3x9x9"), 1, "receives 3×9×9", "divisor"),
    (("GLU(1)", "3x9x9"), 1, "cannot halve an axis of 3", "even"),
    (("Unflatten(1, 2)", "4x9x9"), 1, "cannot part axis 1", "Unflatten(1, (6, 4, 4))"),
    (("PReLU(2)", "3x9x9"), 1, "receives 3 channels", "use 1, or 3"),
    (("GroupNorm(2)", "3x9x9"), 1, "2 groups do not part 3 channels", "divisor"),
    (("LayerNorm(4)", "3x9x9"), 1, "LayerNorm(4) receives 3×9×9", "LayerNorm(9)"),
    (("Upsample()", "3x9x9"), 1, "takes either size or scale_factor", "scale_factor=2"),
    (("ConvTranspose2d(3, 2, 2, output_padding=2)", "3x9x9"), 1, "output padding of 2 is too much", None),
    (("Flatten(0)", "3x9x9"), 1, "mixes the items of a batch", "axis 1"),
    (("ReLU()", "0x9x9"), 2, "must be at least 1", None),
    (("ReLU()", "grid.txt"), 2, "this is no shape", "1x28x28"),
    (("resnet51", None), 2, "there is no network 'resnet51'", "resnet50"),
    (("nothing.py", "1x9x9"), 1, "cannot read the source file", None),
    (("samples/mycnn.py", None), 2, "the shape of the input is missing", "-i 1x28x28"),
]


@pytest.mark.parametrize(("words", "status", "message", "hint"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_is_refused(
    convcalc: Convcalc, words: tuple[str, str | None], status: int, message: str, hint: str | None
) -> None:
    network, shape = words
    ran = convcalc("model", network, *(() if shape is None else ("-i", shape)))
    assert (ran.status, ran.stdout) == (status, "")
    assert message in ran.stderr
    assert hint is None or hint in ran.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("lenet5", "--walk", "--all"),
        ("lenet5", "--depth", "1", "--all"),
        ("lenet5", "--layer", "conv1", "--all"),
        ("lenet5", "--freeze", "--freeze-to", "conv1"),
        ("lenet5", "--freeze-to", "convx"),
        ("lenet5", "--layer", "conv9"),
        ("lenet5", "--trace", "1"),
        ("lenet5", "--trace", "1,1", "--format", "csv"),
        ("lenet5", "--class", "Net"),
        ("lenet5", "--walk"),
        (),
    ],
    ids=" ".join,
)
def test_options_that_make_no_sense(convcalc: Convcalc, words: tuple[str, ...]) -> None:
    ran = convcalc("model", *words)
    assert (ran.status, ran.stdout) == (2, "")
    assert "hint: " in ran.stderr


def test_a_cell_that_is_not_there(convcalc: Convcalc) -> None:
    ran = convcalc("model", "lenet5", "--trace", "5,5")
    assert (ran.status, "the last is 4,4" in ran.stderr) == (1, True)


def test_data_carries_every_layer_and_the_totals(convcalc: Convcalc, tmp_path: Any) -> None:
    rows = list(csv.DictReader(io.StringIO(convcalc("model", "vgg16", "--format", "csv").stdout)))
    whole = json.loads(convcalc("model", "vgg16", "--format", "json").stdout)
    assert sum(int(row["parameters"]) for row in rows) == whole["totals"]["parameters"] == 138_357_544
    assert sum(row["multiply-adds"] for row in whole["rows"]) == whole["totals"]["multiply-adds"]
    assert [row["name"] for row in rows] == [row["name"] for row in whole["rows"]]
    path = tmp_path / "vgg.csv"
    assert convcalc("model", "vgg16", "-o", str(path)).stdout == ""
    assert list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))) == rows


def test_a_pipe_has_every_layer_by_its_full_name(convcalc: Convcalc) -> None:
    lines = convcalc("model", "resnet50").stdout.splitlines()
    assert any(line.startswith("layer3.5.conv2 ") for line in lines)
    assert not any("×5" in line.split()[0:1] for line in lines)


def test_folded_rows_stand_for_all_of_theirs(convcalc: Convcalc) -> None:
    shown = convcalc("model", "resnet50", "--depth", "2").stdout
    assert "Bottleneck ×5" in shown
    assert f"{5 * 1_117_184:,}" in shown


def test_the_walk_goes_from_layer_to_layer() -> None:
    summary = summary_of("Conv2d(6, 5), MaxPool2d(2), Conv2d(12, 5)", 1, 28, 28)
    walk = Walk(lambda show: model_steps(summary, show), Show())
    for _ in range(2):
        walk.press("right")
    blocks, _ = walk.screen()
    texts = [block.text for block in blocks if isinstance(block, Text)]
    sums = {block.label.strip(): (block.terms[0], block.outcome) for block in blocks if isinstance(block, Sum)}
    assert "  Conv2d 6→12, 5×5" in texts
    assert sums == {
        "size": ("(12 + 2·0 − 5)/1 + 1", "= 8"),
        "parameters": ("12×(5×5×6 + 1)", "= 1,812"),
        "multiply-adds": ("12×(5×5×6) × 8×8", "= 115,200"),
        "field": ("6 + (5 − 1)·2", "= 14"),
        "jump": ("2·1", "= 2"),
    }


@pytest.mark.parametrize(
    ("chain", "sizes"),
    [
        ("conv 5, pool 2, conv 5, pool 2", "24\n12\n8\n4\n"),
        ("conv 11 s4 p2, pool 3 s2", "55\n27\n"),
        ("conv 3 -s 2 --padding same; pool 3 -s 2 --ceil", "14\n7\n"),
    ],
)
def test_chains(convcalc: Convcalc, chain: str, sizes: str) -> None:
    n = "224" if "11" in chain else "28"
    assert convcalc("size", "--chain", chain, "-n", n, "-q").stdout == sizes


def test_a_chain_writes_its_field_out(convcalc: Convcalc) -> None:
    shown = convcalc("size", "--chain", "conv 5, pool 2, conv 5, pool 2", "-n", "28").stdout
    assert "field 1 + (5 − 1)·1 + (2 − 1)·1 + (5 − 1)·2 + (2 − 1)·2 = 16" in shown


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("conv 5, pol 2", "-n", "28"), 2, "--chain:1:9: 'pol' is no window"),
        (("conv 5, pool 99", "-n", "28"), 1, "--chain:1:9: a window of 99 cells does not fit"),
        (("conv", "-n", "28"), 2, "conv is given no size"),
        (("conv 5 z3", "-n", "28"), 2, "'z3' is no setting"),
        (("conv 5 s same", "-n", "28"), 2, "only a padding can be same"),
        (("conv 5", "-n", "28", "-f", "3"), 2, "-f does not go with --chain"),
        (("conv 5",), 2, "-n is missing"),
        (("conv 5", "-n", "7,9"), 2, "a chain has one input"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_chains_that_are_refused(convcalc: Convcalc, words: tuple[str, ...], status: int, message: str) -> None:
    ran = convcalc("size", "--chain", *words)
    assert (ran.status, ran.stdout) == (status, "")
    assert message in ran.stderr


@pytest.mark.slow
def test_networks_load_no_numpy() -> None:
    from tests.test_house import loaded_by

    for words in (("model", "lenet5"), ("zoo",), ("size", "--chain", "conv 5", "-n", "9")):
        assert not {"numpy", "rich"} & {name.split(".")[0] for name in loaded_by(*words)}


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_says_what_it_is(convcalc: Convcalc, name: str) -> None:
    assert f"\n{name} " in convcalc("model", "--list").stdout or f"\n{name}\n" in convcalc("model", "--list").stdout


def test_a_network_without_parts_says_nothing_of_folding(convcalc: Convcalc) -> None:
    assert "folded" not in convcalc("model", "lenet5", "--format", "table").stdout
    assert "folded" in convcalc("model", "inception_v3", "--format", "table").stdout


def test_the_layers_up_to_an_error_are_shown_beside_it(convcalc: Convcalc) -> None:
    layers = "Conv2d(6, 5), ReLU(), MaxPool2d(2), Flatten(), Linear(300, 10)"
    ran = convcalc("model", layers, "-i", "1x28x28")
    assert (ran.status, ran.stdout) == (1, "")
    shown, _, error = ran.stderr.partition("convcalc: ")
    rows = [line.split()[:2] for line in shown.splitlines()[2:] if line]
    assert rows == [
        ["input", "C×H×W"], ["0", "Conv2d"], ["1", "ReLU"], ["2", "MaxPool2d"], ["3", "Flatten"],
    ]  # fmt: skip
    assert "864" in shown.splitlines()[-2]
    assert "did you mean Linear(864, 10)?" in error


def test_of_many_layers_up_to_an_error_the_last_are_shown(convcalc: Convcalc) -> None:
    layers = ", ".join(["Conv2d(4, 3, padding=1)"] * 30)
    ran = convcalc("model", f"{layers}, Linear(7, 10)", "-i", "1x28x28")
    assert "… 18 layers, and then:" in ran.stderr
    assert ran.stderr.count("Conv2d 4→4") == 12
    assert convcalc("model", "Conv2d(6, 55)", "-i", "1x28x28").stderr.startswith("convcalc: ")
