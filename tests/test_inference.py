"""A network with numbers: every layer, and every gradient, against PyTorch's; a neuron's step, its causes, a walk."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convcalc.engine.attention import Attention
from convcalc.engine.dense import Flattened, Linear, linear
from convcalc.engine.graph import BACKWARD
from convcalc.engine.loss_terms import Loss
from convcalc.engine.node import left_to_floats
from convcalc.engine.padding import Padded
from convcalc.engine.softmax import Softmax
from convcalc.errors import InputError
from convcalc.inference.apply import APPLY, WITHOUT, kind_of
from convcalc.inference.names import names_of
from convcalc.inference.network import NetworkNumbers
from convcalc.inference.parameters import as_float32, drawn, exactly, matched, own_tensors
from convcalc.library.network import model
from convcalc.matrix_io.weights import read_weights
from convcalc.network import written, zoo
from convcalc.network.held import wanted
from convcalc.network.kinds import KINDS
from convcalc.network.source.reader import SourceFile
from convcalc.network.trace import Trace
from convcalc.report.network_steps import steps_of_layer
from convcalc.report.selection import Show
from tests.conftest import SAMPLES


def arrays(path: Path) -> dict[str, Any]:
    with np.load(path) as archive:
        return dict(archive)


FOLDER = Path(__file__).parent / "network"
DIGITS = SAMPLES / "digits"
TORCH = arrays(FOLDER / "torch-2.13.npz")
"""What PyTorch 2.13 made of a network of many kinds of layers, and its gradients: `make.py` there."""


def network(*, exact: bool = False) -> NetworkNumbers:
    source = SourceFile((FOLDER / "net.py").read_bytes(), "net.py")
    trace, output = source.build([(3, 30, 26)], None, Trace(items=len(TORCH["input"])))
    tensors = matched(trace, read_weights(FOLDER / "weights.pt"))
    return NetworkNumbers(trace, output.node, tensors, TORCH["input"], exact)


def small(layers: str, shape: tuple[int, ...], x: Any, seed: int = 0) -> NetworkNumbers:
    batch = np.asarray(x, np.float32).reshape(-1, *shape)
    trace, output = written.build(layers, shape, Trace(items=len(batch)))
    return NetworkNumbers(trace, output.node, as_float32(drawn(trace, seed)), batch)


def relative(found: Any, wanted: Any) -> float:
    return float(np.abs(np.asarray(found, float) - wanted).max() / max(np.abs(wanted).max(), 1e-30))


def test_every_layer_is_pytorchs() -> None:
    compared = set()
    for run in network().runs():
        if run.node.name in TORCH:
            compared.add(run.node.name)
            assert relative(run.output, TORCH[run.node.name]) < 1e-6, run.node.name
    assert compared == {name for name in TORCH if not name.startswith(("gradient", "loss", "output"))}


def test_every_layer_has_steps_that_give_what_was_given() -> None:
    """The quick way to a layer's numbers, and the operation that shows them, are the same."""
    for run in network().runs():
        assert run.result.operations is not None, run.node.name
        operations = run.result.operations()
        if operations:
            assert relative(operations[-1].result.output.reshape(run.output.shape), run.output) < 1e-6, run.node.name


def test_every_gradient_is_pytorchs() -> None:
    back = network().backward([1, 3])
    assert back.loss == pytest.approx(float(TORCH["loss"]), rel=1e-6)
    names = {name.removeprefix("gradient of ") for name in TORCH if name.startswith("gradient of ")}
    assert set(back.gradients) | {"input"} == names
    for name, gradient in {**back.gradients, "input": back.input}.items():
        assert relative(gradient, TORCH[f"gradient of {name}"]) < 2e-5, name


@pytest.mark.parametrize(
    "layers",
    [
        "Conv2d(2, 6, 3, 2, padding=1), ReLU(), BatchNorm2d(6), Conv2d(6, 6, 2, groups=3), AvgPool2d(2)",
        "Conv2d(2, 4, 3, padding=1, padding_mode='circular'), LeakyReLU(0.2), MaxPool2d(2), Hardswish(), PReLU()",
        "ConvTranspose2d(2, 4, 3, 2), GroupNorm(2, 4), GLU(1), InstanceNorm2d(2, affine=True), Upsample((5, 3))",
        "Flatten(), Linear(72, 5), LayerNorm(5), Tanh(), Linear(5, 3, bias=False)",
    ],
)
def test_a_pass_backward_in_floats_is_the_exact_one(layers: str) -> None:
    in_floats = small(layers, (2, 6, 6), np.random.default_rng(3).normal(size=(2, 2, 6, 6)))
    upstream = np.random.default_rng(4).normal(size=in_floats.output.shape).astype(np.float32)
    quick = in_floats.backward(gradient=upstream)
    doubles = {key: {name: t.astype(float) for name, t in own.items()} for key, own in in_floats.tensors.items()}
    exact = replace(in_floats, tensors=doubles, x=in_floats.x.astype(float)).backward(gradient=upstream.astype(float))
    assert quick.gradients.keys() == exact.gradients.keys()
    assert quick.input.dtype == np.float32
    for name, gradient in {**exact.gradients, "input": exact.input}.items():
        assert relative({**quick.gradients, "input": quick.input}[name], gradient) < 3e-6, name


def test_of_every_operation_it_is_said_whether_it_is_left_to_floats() -> None:
    as_they_are = {kind for kind in BACKWARD if kind is not Linear and not hasattr(kind, "exactly")}
    assert as_they_are == {Attention, Flattened, Loss, Padded, Softmax}
    in_floats = left_to_floats(linear([0.1, 0.2, -0.3], [[1, 1, 1]])).backward([0.1])
    assert in_floats.weights.output.tolist() == [[0.1 * 0.1, 0.1 * 0.2, 0.1 * -0.3]]


ACTIVATIONS = [
    f"{name}()"
    for name in (
        *("ELU", "SELU", "SiLU", "Mish", "Sigmoid", "LogSigmoid", "Tanh", "Hardtanh", "Hardswish", "ReLU6"),
        *("Softsign", "Softplus", "LeakyReLU", "ReLU", "Hardsigmoid"),
    )
]


@pytest.mark.parametrize(
    "layers",
    [
        *ACTIVATIONS,
        "Hardtanh(-0.5, 0.25)", "Softshrink(0.1)", "Hardshrink(0.1)", "Threshold(0.1, 2)", "GELU('tanh')", "PReLU()",
        "Softmax(1)", "LogSoftmax(1)", "Softmax2d()", "GLU(1)", "Flatten(), Linear(32, 3)", "Flatten(), LayerNorm(32)",
        "Conv2d(2, 4, 3, padding='same', padding_mode='reflect')", "Conv2d(2, 4, 2, 2, groups=2, bias=False)",
        "ConvTranspose2d(2, 4, 3, 2, 1, output_padding=1, groups=2)", "BatchNorm2d(2)", "BatchNorm2d(2, affine=False)",
        "GroupNorm(1, 2)", "InstanceNorm2d(2)", "InstanceNorm2d(2, affine=True)", "AvgPool2d(2)", "LPPool2d(2, 2)",
        "BatchNorm2d(2, track_running_stats=False)", "AdaptiveAvgPool2d(3)", "AdaptiveMaxPool2d(3)", "Identity()",
        "Dropout()", "AvgPool2d(3, 2, 1, ceil_mode=True, count_include_pad=False)", "MaxPool2d(3, 1, 1, 2)",
        "ZeroPad2d((1, 2, 0, 1))", "ZeroPad2d(-1)", "ConstantPad2d(1, 3.5)", "ReflectionPad2d(1)",
        "ReplicationPad2d(2)",
        "PixelUnshuffle(2), PixelShuffle(2)", "Upsample(scale_factor=2)", "Upsample((7, 5), mode='bilinear')",
        "Unflatten(1, (2, 1)), Flatten(1, 2)", "ChannelShuffle(2)",
    ],
)  # fmt: skip
def test_gradients_are_central_differences(layers: str) -> None:
    """And the quick way to each layer's numbers is that of the operations whose steps are shown."""
    x = np.random.default_rng(3).normal(size=(2, 2, 4, 4)).astype(np.float32)
    net = small(layers, (2, 4, 4), x)
    for run in net.runs():
        assert run.result.operations is not None
        operations = run.result.operations()
        if operations:
            assert relative(operations[-1].result.output.reshape(run.output.shape), run.output) < 2e-6
    weights = np.random.default_rng(4).normal(size=net.output.shape).astype(np.float32)
    gradient = net.backward(gradient=weights).input
    rng = np.random.default_rng(5)
    for _ in range(4):
        at = tuple(int(rng.integers(length)) for length in x.shape)
        moved = [x.copy(), x.copy()]
        moved[0][at] += 1e-2
        moved[1][at] -= 1e-2
        one, other = (float((weights * small(layers, (2, 4, 4), grid).output.astype(float)).sum()) for grid in moved)
        assert gradient[at] == pytest.approx((one - other) / 2e-2, rel=2e-2, abs=5e-3), at


def test_a_network_is_worked_exactly() -> None:
    layers = "Conv2d(1, 2, 2), ReLU(), MaxPool2d(2), Flatten(), Linear(2, 2)"
    trace, output = written.build(layers, (1, 3, 3))
    tensors = {
        layer: {name: exactly(np.round(tensor, 1)) for name, tensor in own.items()}
        for layer, own in drawn(trace, 0).items()
    }
    x = exactly(np.arange(9).reshape(1, 1, 3, 3))
    net = NetworkNumbers(trace, output.node, tensors, x, exact=True)
    kernel, bias, weights, last = (tensor for own in net.tensors.values() for tensor in own.values())
    maps = [
        [[sum(kernel[f, 0, i, j] * x[0, 0, r + i, c + j] for i in (0, 1) for j in (0, 1)) + bias[f] for c in (0, 1)]
         for r in (0, 1)]
        for f in (0, 1)
    ]  # fmt: skip
    best = [max(0, *map(max, plane)) for plane in maps]
    expected = [
        sum(w * value for w, value in zip(row, best, strict=True)) + b for row, b in zip(weights, last, strict=True)
    ]
    assert [Fraction(cell) for cell in net.output[0]] == expected
    assert not any(isinstance(cell, float) for cell in net.output.flat)


def test_a_step_of_descent_goes_down() -> None:
    net = small("Conv2d(1, 2, 3), Tanh(), Flatten(), Linear(8, 3)", (1, 4, 4), np.arange(16) / 16)
    back = net.backward([2])
    after = net.moved(back, 0.1)
    assert back.loss is not None
    assert after.backward([2]).loss < back.loss  # type: ignore[operator]
    kept = net.moved(back, 0.1, freeze=["3.bias"]).named_tensors
    assert kept["3.bias"] is net.named_tensors["3.bias"]
    expected = net.named_tensors["0.weight"] - np.float32(0.1) * back.gradients["0.weight"]
    assert np.array_equal(kept["0.weight"], expected)


def test_what_has_no_numbers_is_refused_before_anything_is_worked() -> None:
    net = small("Conv2d(1, 2, 3), LPPool2d(1.5, 2), ReLU()", (1, 4, 4), np.zeros(16))
    with pytest.raises(InputError, match=r"1: LPPool2d.* has no numbers here"):
        next(net.runs())


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_layer_has_numbers_or_is_refused_by_name(name: str) -> None:
    """The table is complete: a kind of layer that is added stands in it, or here."""
    base = next((base for base in KINDS[name].__mro__ if base in APPLY or KINDS[name].unknown), None)
    assert base is not None, f"{name} is in no table: add it to APPLY, and what it lacks to WITHOUT"


def test_the_zoo_has_numbers() -> None:
    """All but the 1998 LeNet, and networks with functions that are not worked, run."""
    refused = set()
    for name in zoo.ZOO:
        trace, _ = zoo.entry(name).build()
        if any(node.used and kind_of(node) is None for node in trace.nodes):
            refused.add(name)
    assert refused == {"lenet5-1998"}


@pytest.mark.parametrize("kind", list(WITHOUT), ids=lambda kind: kind.__name__)
def test_what_lacks_numbers_is_a_kind_that_has_them(kind: type) -> None:
    assert kind in APPLY or kind.__name__ == "RadialBasis"


def test_names_are_told_apart() -> None:
    trace, _ = SourceFile((DIGITS / "net.py").read_bytes(), "net.py").build([(1, 8, 8)], None, Trace())
    names = list(names_of(trace).values())
    assert names[3:7] == ["max_pool2d", "conv2", "relu#2", "max_pool2d#2"]
    assert len(set(names)) == len(names)


# -- Weights -----------------------------------------------------------------------------------------------------------


def changed(**tensors: Any) -> dict[str, Any]:
    whole = arrays(DIGITS / "weights.npz")
    return {name: array for name, array in {**whole, **tensors}.items() if array is not None}


@pytest.mark.parametrize(
    ("tensors", "message", "hint"),
    [
        ({"conv2.bias": None}, "conv2, Conv2d 8→16, 3×3, padding 1: the file has no conv2.bias of 16", "it holds"),
        ({"fc.bias": None, "fc.bais": np.zeros(10)}, "the file has no fc.bias of 10", "did you mean fc.bais?"),
        ({"fc.weight": np.zeros((10, 63))}, "fc.weight is 10×63 in the file, and must be 10×64", "this network"),
        ({"fc2.weight": np.zeros(3)}, "the file holds fc2.weight, which is none of the network's", "this network"),
    ],
)
def test_tensors_that_do_not_fit_are_named(tensors: dict[str, Any], message: str, hint: str) -> None:
    trace, _ = SourceFile((DIGITS / "net.py").read_bytes(), "net.py").build([(1, 8, 8)], None, Trace())
    with pytest.raises(InputError) as caught:
        matched(trace, changed(**tensors))
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")


def test_random_weights_are_drawn_as_pytorch_draws() -> None:
    trace, _ = zoo.entry("lenet5").build()
    tensors = drawn(trace, 1)
    for identity, (node, shapes) in own_tensors(trace).items():
        bound = 1 / np.sqrt(np.prod(shapes["weight"][1:]))
        for name, shape in shapes.items():
            tensor = tensors[identity][name]
            assert tensor.shape == shape == wanted(node.layer)[name]
            assert np.abs(tensor).max() <= bound
        assert np.abs(tensors[identity]["weight"]).mean() == pytest.approx(bound / 2, rel=0.2)
    again = drawn(trace, 1)
    assert all(np.array_equal(again[key][name], one) for key, own in tensors.items() for name, one in own.items())


def test_weights_are_those_that_were_handed_in_and_are_copied_once() -> None:
    weights = {"0.weight": np.ones((1, 1, 2, 2), np.float32), "2.weight": np.ones((1, 4), np.float32)}
    layers = "Conv2d(1, 1, 2, bias=False), Flatten(), Linear(4, 1, bias=False)"
    net = model(layers, np.ones((1, 1, 3, 3)), weights=weights)
    for tensor in weights.values():
        tensor[...] = 5
    assert net.output.tolist() == [[16]]
    numbers = small("Conv2d(1, 1, 2)", (1, 3, 3), np.ones(9))
    one, other = (run.result.operations for _ in range(2) for run in numbers.runs() if run.node.name == "0")
    assert one is not None
    assert other is not None
    assert np.shares_memory(one()[0].result.kernel, other()[0].result.kernel)


TOO_LARGE = "is larger than a float can hold"


@pytest.mark.parametrize(
    ("layers", "shape", "fault"),
    [
        ("Conv2d(1, 1, 1), ReLU()", (1, 2, 2), r"0: the result at \[0, 0, 0, 0\] " + TOO_LARGE),
        ("Flatten(), Linear(4, 2)", (1, 2, 2), r"1: the result at \[0, 0\] " + TOO_LARGE),
        ("ReLU(), ConvTranspose2d(1, 1, 2, 2)", (1, 2, 2), r"1: the result at \[0, 0, 0, 0\] " + TOO_LARGE),
        ("BatchNorm2d(1), ReLU6()", (1, 2, 2), r"0: the result at \[0, 0, 0, 0\] is no number"),
        ("PReLU(), ReLU()", (1, 2, 2), r"0: the result at \[0, 0, 0, 0\] " + TOO_LARGE),
        ("Flatten(), LayerNorm(4)", (1, 2, 2), r"1: the result at \[0, 0\] " + TOO_LARGE),
    ],
)
def test_a_layer_whose_result_no_float32_holds_is_named(layers: str, shape: tuple[int, ...], fault: str) -> None:
    net = small(layers, shape, np.arange(1, 5) * (-2e37 if "PReLU" in layers else 2e37))
    large = {key: {name: np.full_like(one, 3e38) for name, one in own.items()} for key, own in net.tensors.items()}
    with pytest.raises(InputError, match=f"^{fault}"):
        list(replace(net, tensors=large).runs())


def test_a_gradient_that_no_float32_holds_is_named() -> None:
    net = small("Conv2d(1, 1, 1, bias=False), Flatten(), Linear(4, 1, bias=False)", (1, 2, 2), np.full(4, 1e-30))
    large = {key: {name: np.full_like(one, 1e30) for name, one in own.items()} for key, own in net.tensors.items()}
    with pytest.raises(InputError, match=r"line 1, 0 · Conv2d.*the result at \[0, 0, 0, 0\] " + TOO_LARGE):
        replace(net, tensors=large).backward(gradient=np.full((1, 1), 1e5, np.float32))


@pytest.mark.parametrize("times", ["0.5", "1e39"])
def test_a_number_in_a_source_is_itself_beside_exact_cells(times: str, tmp_path: Path) -> None:
    """Beside integers it was rounded to one: 0.5 was 0."""
    path = tmp_path / "net.py"
    lines = (
        "import torch.nn as nn",
        "class Net(nn.Module):",
        "    def forward(self, x):",
        f"        return x * {times} + 0.25",
    )
    path.write_text("\n".join(lines))
    found = model(str(path), [1, 2, 3], weights="random", exact=True).output
    assert found.ravel().tolist() == [cell * Fraction(times) + Fraction(1, 4) for cell in (1, 2, 3)]


@pytest.mark.parametrize(
    ("layers", "weights", "fault"),
    [
        (
            "Conv2d(1, 1, 3, padding=2, padding_mode='replicate', bias=False)",
            (3e37,),
            "line 1, 0 · Conv2d.*" + TOO_LARGE,
        ),
        ("Conv2d(1, 1, 1), Conv2d(1, 1, 1, bias=False)", (1, 3e38), "0 · Conv2d.*" + TOO_LARGE),
    ],
)
def test_a_sum_of_gradients_that_no_float32_holds_is_named(layers: str, weights: tuple[float, ...], fault: str) -> None:
    net = small(layers, (1, 3, 3), np.full(9, 1e-30))
    large = {
        key: {name: np.full_like(one, number if name == "weight" else 0) for name, one in own.items()}
        for (key, own), number in zip(net.tensors.items(), weights, strict=True)
    }
    with pytest.raises(InputError, match=fault):
        replace(net, tensors=large).backward()


@pytest.mark.parametrize(
    "layers", ["CELU(0.5)", "Softplus(2)", "Tanhshrink()", "GLU(1)", "Softmin(1)", "Softshrink(0.1)"]
)
def test_a_step_is_of_what_comes_out_whatever_the_layer_is_put_together_of(layers: str) -> None:
    net = small(layers, (4,), [-1.5, 0.25, 2, 0.5])
    run = list(net.runs())[-1]
    steps, index, step = steps_of_layer(run, "0", (0,), Show())
    value = step.value if hasattr(step, "value") else step.values[0]
    assert value == pytest.approx(float(run.output[0, 0]), rel=1e-6)
    assert 0 <= index < np.prod(steps.shape)


@pytest.mark.parametrize(
    ("layers", "shape"),
    [
        ("Linear(3, 2)", (2, 2, 3)),
        ("Linear(3, 4)", (2, 3)),
        ("Linear(3, 4), GroupNorm(2, 4)", (3,)),
        ("Linear(3, 4), PReLU(4)", (3,)),
        ("Linear(3, 4), BatchNorm1d(4)", (3,)),
        ("Conv1d(1, 2, 2), PReLU(2)", (1, 4)),
        ("Conv2d(1, 2, 2), GroupNorm(1, 2)", (1, 3, 3)),
    ],
)
def test_a_step_is_asked_for_by_the_place_in_the_layers_own_output(layers: str, shape: tuple[int, ...]) -> None:
    net = small(layers, shape, np.random.default_rng(2).normal(size=shape))
    run = list(net.runs())[-1]
    for at in np.ndindex(run.output.shape[1:]):
        _, _, step = steps_of_layer(run, "0", at, Show())
        assert step.value == pytest.approx(float(run.output[0][at]), rel=1e-5, abs=1e-6), at
    with pytest.raises(InputError):
        steps_of_layer(run, "0", run.output.shape[1:], Show())
