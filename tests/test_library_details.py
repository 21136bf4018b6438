"""convcalc from Python: places and their steps, answers, comparisons, PyTorch's names, questions, networks."""

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import convcalc as cc
from tests.reference import transposed as stamped

RANDOM = np.random.default_rng(22)
X = [[3, 0, 1, 2], [1, 5, 8, 9], [2, 7, 2, 5], [0, 1, 3, 1]]


def whole(*shape: int) -> Any:
    return RANDOM.integers(-4, 5, shape)


class Tensor:
    """What a tensor of PyTorch's that requires a gradient is like: numpy cannot take it as it is."""

    def __init__(self, cells: Any, *, requires_grad: bool = True) -> None:
        self.cells, self.dtype, self.requires_grad = np.asarray(cells), "torch.float32", requires_grad

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if self.requires_grad:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.")
        return self.cells

    def detach(self) -> "Tensor":
        return Tensor(self.cells, requires_grad=False)

    def cpu(self) -> "Tensor":
        return self

    def numpy(self) -> Any:
        return self.cells

    def __array_ufunc__(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError("Can't call numpy() on Tensor that requires grad.")


# ---- places

SLIDING: dict[str, Callable[[], cc.Result]] = {
    "one channel": lambda: cc.convolve(whole(5, 5), whole(3, 3)),
    "channels": lambda: cc.convolve(whole(3, 5, 5), whole(2, 3, 2, 2)),
    "one filter": lambda: cc.convolve(whole(3, 5, 5), whole(3, 2, 2)),
    "one filter of four axes": lambda: cc.convolve(whole(3, 5, 5), whole(1, 3, 2, 2)),
    "filters of one channel": lambda: cc.convolve(whole(5, 5), whole(2, 1, 2, 2)),
    "groups": lambda: cc.convolve(whole(4, 5, 5), whole(4, 2, 2, 2), groups=2),
    "depthwise": lambda: cc.convolve(whole(3, 5, 5), whole(3, 1, 2, 2), groups=3),
    "a batch": lambda: cc.convolve(whole(2, 3, 4, 4), whole(2, 3, 2, 2), stride=2, padding=1),
    "a row": lambda: cc.convolve(whole(6), whole(3)),
    "transposed": lambda: cc.conv_transpose(whole(3, 3), whole(2, 2)),
    "transposed channels": lambda: cc.conv_transpose(whole(2, 3, 3), whole(2, 3, 2, 2)),
    "transposed groups": lambda: cc.conv_transpose(whole(4, 3, 3), whole(4, 1, 2, 2), groups=2),
    "transposed to one": lambda: cc.conv_transpose(whole(3, 3, 3), whole(3, 1, 2, 2), stride=2),
}


@pytest.mark.parametrize("of", ["kernel", "input"])
@pytest.mark.parametrize("name", SLIDING)
def test_a_place_in_a_gradient_is_the_step_that_makes_it(name: str, of: str) -> None:
    gradient = SLIDING[name]().backward()[of]
    for place in np.ndindex(gradient.shape):
        step = gradient.step(*place)
        assert step.value == gradient[place]
        assert step.sums[-1].endswith(f"= {gradient[place]}")
    assert sorted(step.value for step in gradient.steps()) == sorted(gradient.output.flat)


@pytest.mark.parametrize(
    ("layer", "channels", "shape"),
    [
        ("Conv2d(2, 3, 2, bias=False)", 2, (3, 2, 2, 2)),
        ("Conv2d(4, 4, 2, groups=2, bias=False)", 4, (4, 2, 2, 2)),
        ("ConvTranspose2d(2, 3, 2, bias=False)", 2, (2, 3, 2, 2)),
        ("ConvTranspose2d(4, 2, 2, groups=2, bias=False)", 4, (4, 1, 2, 2)),
    ],
)
def test_a_networks_weight_is_worked_where_it_stands(
    convcalc: Any, tmp_path: Path, layer: str, channels: int, shape: tuple[int, ...]
) -> None:
    weights, x = whole(*shape), whole(channels, 3, 3)
    np.savez(tmp_path / "w.npz", **{"0.weight": weights.astype("f4")})
    np.save(tmp_path / "x.npy", x)
    shown = ("--input", str(tmp_path / "x.npy"), "--weights", str(tmp_path / "w.npz"), "--backward")
    gradient = cc.model(layer, x, weights={"0.weight": weights}).backward()["0.weight"]
    for place in np.ndindex(gradient.shape):
        said = convcalc("model", layer, *shown, "--at", f"0.weight:{','.join(map(str, place))}").stdout
        assert f"= {gradient[place]:.0f}\n" in said


@pytest.mark.parametrize(
    ("result", "example"),
    [
        (lambda: cc.convolve(whole(2, 4, 4), whole(3, 2, 2, 2)), "step(0, 0, 0)"),
        (lambda: cc.pool(whole(2, 4, 4)), "step(0, 0, 0)"),
        (lambda: cc.linear(whole(2, 3), whole(4, 3)), "step(0, 0)"),
        (lambda: cc.relu(whole(2, 3)), "step(0, 0)"),
    ],
)
def test_a_place_has_a_number_for_every_axis(result: Callable[[], cc.Result], example: str) -> None:
    worked = result()
    with pytest.raises(cc.InputError, match=rf"has {worked.ndim} numbers, not {worked.ndim - 1} \(as in ") as caught:
        worked.step(*[0] * (worked.ndim - 1))
    assert example in str(caught.value)
    assert worked.step(*[-1] * worked.ndim).number == math.prod(worked.shape)


# ---- answers, comparisons, formats


@pytest.mark.parametrize(
    "answer", [4, 4.0, np.int64(4), np.float32(4), np.array(4), Fraction(4), "4", [[4]], Tensor(4)]
)
def test_an_answer_of_one_number_is_taken_as_any_number(answer: Any) -> None:
    assert cc.pool([[1, 2], [3, 4]]).check(answer)
    assert not cc.pool([[1, 2], [3, 5]]).check(answer)


@pytest.mark.parametrize("answer", [None, {}, object()])
def test_what_is_no_answer_is_refused(answer: Any) -> None:
    with pytest.raises(cc.InputError, match="the answer is a"):
        cc.pool([[1, 2], [3, 4]]).check(answer)


def test_a_result_is_compared_with_a_tensor_that_requires_a_gradient() -> None:
    result = cc.convolve(X, "edge")
    assert np.subtract(result, Tensor(result.output)).tolist() == [[0, 0], [0, 0]]
    assert np.equal(result, Tensor(result.output)).all()


def test_a_fraction_is_written_with_decimals_and_found() -> None:
    half = cc.pool([1, 2], "avg")
    assert (f"{half:.2f}", f"{half:%}", f"{half:e}") == ("1.50", "150.000000%", "1.500000e+00")
    assert 1.5 in half
    assert 2 not in half


# ---- by PyTorch's names


@pytest.mark.parametrize("shape", [(3, 6, 3), (6, 5, 3), (2, 4, 4)])
def test_pytorchs_names_never_turn_channels(shape: tuple[int, ...]) -> None:
    x = whole(*shape)
    assert cc.avg_pool2d(x, 2).shape == cc.max_pool2d(x, 2).shape == (shape[0], shape[1] // 2, shape[2] // 2)
    kernel = whole(shape[0], 1, 2, 2)
    assert cc.conv_transpose2d(x, kernel).tolist() == stamped([x.tolist()], kernel.tolist())[0]


def test_cross_entropy_of_positions_is_pytorchs() -> None:
    logits, classes = RANDOM.normal(size=(2, 3, 5)), RANDOM.integers(0, 3, (2, 5))
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = -np.mean([np.log(chances[n, classes[n, d], d]) for n in range(2) for d in range(5)])
    assert float(cc.cross_entropy(logits, classes).item()) == pytest.approx(expected)
    assert float(cc.nll_loss(np.log(chances), classes).item()) == pytest.approx(expected)


def test_an_unpooling_of_planes_one_row_high_is_a_planes() -> None:
    assert cc.unpool([[[[6, 8]]]], [[[[0, 3]]]]).shape == (1, 1, 2, 4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cc.dropout([1, 2], 0.5), "takes its mask second"),
        (lambda: cc.loss([1], [1], 2), "takes its kind third"),  # type: ignore[arg-type]
        (lambda: cc.activate([1], 2), "takes its kind second"),  # type: ignore[arg-type]
        (lambda: cc.quiz(7), "a topic is a word"),  # type: ignore[arg-type]
        (lambda: cc.worksheet(7), "a topic is a word"),  # type: ignore[arg-type]
        (lambda: cc.run("input 1 2\nrelu").backward([1, 1]), r"backward\(gradient="),  # type: ignore[arg-type]
        (lambda: cc.model(7, (1,)), "a network is a file, a name, or layers"),
    ],
)
def test_a_wrong_kind_of_thing_is_told_where_it_belongs(call: Callable[[], object], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call()


def test_a_leaky_relus_slope_is_kerass_alpha_too() -> None:
    assert cc.leaky_relu([-1], alpha=0.5).tolist() == cc.leaky_relu([-1], negative_slope=0.5).tolist()


# ---- sizes, questions, scripts, samples


def test_a_size_counts_as_a_number_or_a_pair() -> None:
    one, pair = cc.size(7, 3), cc.size((7, 8), 3)
    assert (one // 2, one / 2, 2 * one, one + 1, one - 1) == (2, 2.5, 10, 6, 4)
    assert (one < 6, one > 6, one <= 5, one >= 5, one == 5) == (True, False, True, True, True)
    assert (f"{one:3}", f"{one:s}", f"{pair:s}", list(range(one))) == ("  5", "5", "(5, 6)", [0, 1, 2, 3, 4])
    rows, columns = pair
    assert (rows, columns, pair[1], len(pair)) == (5, 6, 6, 2)


@pytest.mark.parametrize("topic", ["conv", "pool", "size", "loss", "field"])
def test_a_worksheets_exercises_are_marked_hinted_and_solved(topic: str) -> None:
    for exercise in cc.worksheet(topic, seed=3, count=4).questions:
        assert exercise.check(exercise.answer)
        assert not exercise.check("987654")
        assert exercise.text in repr(exercise).replace("\n", " ")
        assert exercise.hint()
        assert repr(exercise.solution())


def test_a_scripts_last_line_has_steps() -> None:
    script = cc.run("input x\nrelu\nconv edge", x=X)
    step = cc.convolve(cc.relu(X), "edge").step(1, 1)
    assert (script.step(1, 1).sums, script.step(-1, -1).name) == (step.sums, step.name)
    with pytest.raises(cc.InputError, match="has 2 numbers, not 1"):
        script.step(0)


def test_the_samples_are_listed_and_read() -> None:
    assert cc.samples()["lecture-6x6.txt"] == "the lecture's 6×6 example"
    assert all(f"sample:{name} " in f"{cc.samples()!r} " for name in cc.samples())
    assert cc.read_grid("sample:lecture-6x6").shape == (6, 6)


# ---- networks


def test_a_network_takes_tensors_that_require_gradients() -> None:
    net = cc.model(
        "Linear(2, 1)", Tensor([1.0, 2.0]), weights={"0.weight": Tensor([[3.0, 4.0]]), "0.bias": Tensor([1.0])}
    )
    assert net.output.tolist() == [[12.0]]


@pytest.mark.parametrize("x", [None, (2,), (1, 28, 28)])
def test_a_network_with_weights_wants_numbers(x: Any) -> None:
    with pytest.raises(cc.InputError, match="with weights its numbers are wanted"):
        cc.model("Linear(2, 1)", x, weights="random")


def test_a_networks_cell_is_named_in_any_way(tmp_path: Path) -> None:
    net = cc.model("Conv2d(2, 2), ReLU(), Flatten(), Linear(8, 2)", whole(1, 3, 3), weights="random")
    steps = net.step("0", 1, -1, -1), net.step("0", (1, 1, 1)), net.step("0", np.array([1, 1, 1]))
    assert len({step.name for step in steps}) == 1
    net.backward(1).save(tmp_path / "back.md")
    assert "gradient" in (tmp_path / "back.md").read_text(encoding="utf-8")


class Printed:
    """What a module of PyTorch's is like: it prints its layers."""

    def __init__(self, text: str, *parts: "Printed") -> None:
        self.text, self.parts = text, parts

    def __repr__(self) -> str:
        return self.text

    def children(self) -> Iterator["Printed"]:
        return iter(self.parts)

    def state_dict(self) -> dict[str, Any]:
        return {}


class Sequential(Printed):
    pass


def test_layers_stand_in_a_list_and_a_module_says_how_it_is_read() -> None:
    layers = [Printed("Linear(in_features=3, out_features=2, bias=True)"), Printed("ReLU()")]
    assert cc.model(layers, (3,)).parameters == cc.model(["Linear(3, 2)", "ReLU()"], (3,)).parameters == 8
    text = "(\n  (0): Linear(in_features=3, out_features=2, bias=True)\n  (1): ReLU()\n)"
    assert cc.model(Sequential(f"Sequential{text}", *layers), (3,)).parameters == 8
    with pytest.warns(cc.ReadingWarning, match="one after another"):
        assert cc.model(Printed(f"Net{text}", *layers), (3,)).parameters == 8


@pytest.mark.parametrize(
    ("look", "message"),
    [
        (lambda net: net.layers["conv1"], "no layer 'conv1': did you mean conv"),
        (lambda net: net.layers["zzz"], "no layer 'zzz': there are"),
        (lambda net: net.backward()["conv.wieght"], "did you mean conv.weight"),
        (lambda net: cc.convolve(X, "edge").backward().kernal, "did you mean kernel"),
    ],
)
def test_what_is_not_there_is_named_with_the_nearest(look: Callable[[Any], Any], message: str, tmp_path: Path) -> None:
    source = "class Net(nn.Module):\n def __init__(self):\n  super().__init__()\n  self.conv = nn.Conv2d(1, 2, 2)\n"
    path = tmp_path / "net.py"
    path.write_text(f"import torch.nn as nn\n{source} def forward(self, x):\n  return self.conv(x)\n", encoding="utf-8")
    net = cc.model(path, whole(1, 3, 3), weights="random")
    with pytest.raises((KeyError, AttributeError), match=message):
        look(net)
