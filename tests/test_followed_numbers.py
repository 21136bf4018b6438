"""What a source file does to numbers beyond its layers: in place, by batches, of other types, without gradients.

Each network's output is set beside numpy's own words for the same thing.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import convcalc
from convcalc.errors import InputError

X = np.arange(-9.0, 9.0).reshape(1, 2, 3, 3)
TWO = np.stack([X[0], 2 * X[0] + 1])
WEIGHT = np.array([[2.0, -1.0], [1.0, 3.0]])
"""Of a 1×1 convolution, whose output is w·x at each place."""


def net(forward: str, init: str = "") -> str:
    return "\n".join(
        (
            "import torch", "import torch.nn as nn", "import torch.nn.functional as F", "class Net(nn.Module):",
            "    def __init__(self):", "        super().__init__()", "        self.c = nn.Conv2d(2, 2, 1, bias=False)",
            *(f"        {line}" for line in init.split("; ") if line), "    def forward(self, x):",
            *(f"        {line}" for line in forward.split("; ")),
        )
    )  # fmt: skip


def run(tmp_path: Path, forward: str, x: Any = X, init: str = "", **more: Any) -> Any:
    (tmp_path / "net.py").write_text(net(forward, init))
    weights = {"c.weight": WEIGHT[:, :, None, None], **more}
    return convcalc.model(tmp_path / "net.py", x, weights=weights)


def c(x: Any) -> Any:
    return np.einsum("oc,nchw->nohw", WEIGHT, x)


def relu(x: Any) -> Any:
    return np.maximum(x, 0)


def padded(x: Any, *ends: tuple[int, int], **how: Any) -> Any:
    return np.pad(x, ((0, 0),) * (4 - len(ends)) + ends, **how)


SAME: list[tuple[str, str, Callable[[Any], Any]]] = [
    # changed where it stands, by whatever name it is read
    ("y = self.c(x); nn.ReLU(True)(y); return y", "", lambda x: relu(c(x))),
    ("y = self.c(x); z = F.relu(y, inplace=True); return self.c(y) + z", "", lambda x: c(relu(c(x))) + relu(c(x))),
    ("y = self.c(x); z = self.r(y); return y", "self.r = nn.LeakyReLU(0.5, True)",
     lambda x: np.where(c(x) > 0, c(x), c(x) / 2)),
    ("y = self.c(x); z = self.r(y); return y", "self.r = nn.ReLU(); self.r.inplace = True", lambda x: relu(c(x))),
    ("y = self.c(x); z = y; z += x; return y", "", lambda x: c(x) + x),
    ("y = self.c(x); z = y; z *= 2; z -= 1; return y", "", lambda x: 2 * c(x) - 1),
    ("y = self.c(x); z = y; z = z + x; return y", "", c),
    ("y = self.c(x); y.relu_(); return y", "", lambda x: relu(c(x))),
    ("y = self.c(x); z = y.clone(); y.relu_(); return z", "", c),
    ("y = self.c(x); z = F.relu(y); return y", "", c),
    ("y = self.c(x); z = F.dropout(y, 0.5, training=self.training); return z", "", c),
    ("y = self.c(x); y.add_(x); return y", "", lambda x: c(x) + x),
    ("x += 1; return self.c(x) + x", "", lambda x: c(x + 1) + x + 1),
    # signs
    ("return +self.c(x)", "", c),
    ("return -self.c(x)", "", lambda x: -c(x)),
    # padding
    ("return F.pad(self.c(x), (1, 2, 0, 1))", "", lambda x: padded(c(x), (0, 1), (1, 2))),
    ("return F.pad(self.c(x), (1, 2), value=5)", "", lambda x: padded(c(x), (1, 2), constant_values=5)),
    ("return F.pad(self.c(x), (1, 0, 0, 2), 'constant', -3)", "",
     lambda x: padded(c(x), (0, 2), (1, 0), constant_values=-3)),
    ("return F.pad(self.c(x), (1, 1, 2, 2), mode='reflect')", "",
     lambda x: padded(c(x), (2, 2), (1, 1), mode="reflect")),
    ("return F.pad(self.c(x), (1, 1, 2, 2), mode='replicate')", "",
     lambda x: padded(c(x), (2, 2), (1, 1), mode="edge")),
    ("return F.pad(self.c(x), (1, 3, 2, 0), mode='circular')", "",
     lambda x: padded(c(x), (2, 0), (1, 3), mode="wrap")),
    ("return F.pad(self.c(x), (0, 0, 0, 0, 1, 2))", "", lambda x: padded(c(x), (1, 2), (0, 0), (0, 0))),
    ("return F.pad(self.c(x), (1, 0, 0, 0, 0, 1), value=2)", "",
     lambda x: padded(c(x), (0, 1), (0, 0), (1, 0), constant_values=2)),
    ("return F.pad(self.c(x).flatten(1), (2, 1))", "", lambda x: np.pad(c(x).reshape(len(x), -1), ((0, 0), (2, 1)))),
    ("return F.pad(self.c(x), (-1, 0, 1, -1))", "", lambda x: padded(c(x)[:, :, :-1, 1:], (1, 0), (0, 0))),
    # repeated
    ("return self.c(x).repeat(1, 2, 1, 3)", "", lambda x: np.tile(c(x), (1, 2, 1, 3))),
    ("return self.c(x).mean(1, keepdim=True).expand(-1, 4, -1, -1)", "",
     lambda x: np.repeat(c(x).mean(1, keepdims=True), 4, 1)),
    # enlarged: by 1/scale_factor, where that makes no whole size
    ("return F.interpolate(self.c(x), scale_factor=1.5)", "", lambda x: c(x)[:, :, [0, 0, 1, 2]][..., [0, 0, 1, 2]]),
    ("return F.interpolate(self.c(x), size=4)", "", lambda x: c(x)[:, :, [0, 0, 1, 2]][..., [0, 0, 1, 2]]),
    ("return F.interpolate(self.c(x), scale_factor=0.7)", "", lambda x: c(x)[:, :, [0, 1]][..., [0, 1]]),
    ("return F.interpolate(self.c(x), scale_factor=1.5, mode='bilinear')", "",
     lambda x: mixed(c(x), [0, 1 / 2, 7 / 6, 11 / 6])),
    ("return F.interpolate(self.c(x), scale_factor=1.5, mode='bilinear', recompute_scale_factor=True)", "",
     lambda x: mixed(c(x), [0, 5 / 8, 11 / 8, 2])),
    ("return self.u(self.c(x))", "self.u = nn.UpsamplingBilinear2d(5)", lambda x: mixed(c(x), [0, 1 / 2, 1, 3 / 2, 2])),
    # kept within bounds
    ("return self.c(x).clamp(-2, 5)", "", lambda x: np.clip(c(x), -2, 5)),
    ("return torch.clamp(self.c(x), min=-2, max=5)", "", lambda x: np.clip(c(x), -2, 5)),
    ("return torch.clamp(self.c(x), max=5)", "", lambda x: np.minimum(c(x), 5)),
    ("return self.c(x).clip(min=1)", "", lambda x: np.maximum(c(x), 1)),
    ("y = self.c(x); z = y; z.clamp_(-1, 1); return y", "", lambda x: np.clip(c(x), -1, 1)),
    # parts
    ("return self.c(x)[:, 1]", "", lambda x: c(x)[:, 1]),
    ("return self.c(x)[:, :, -1, 0]", "", lambda x: c(x)[:, :, -1, 0]),
    ("return self.c(x)[..., 1:, -2]", "", lambda x: c(x)[..., 1:, -2]),
    ("return self.c(x)[:, None, 0, ::2]", "", lambda x: c(x)[:, None, 0, ::2]),
    # arithmetic
    ("return self.c(x) / 4 - (x ** 2) / 3", "", lambda x: c(x) / 4 - x**2 / 3),
    # activations put together
    ("return F.celu(self.c(x) / 9, 0.5)", "",
     lambda x: np.where(c(x) > 0, c(x) / 9, np.expm1(np.minimum(c(x), 0) / 4.5) / 2)),
    ("return self.a(self.c(x))", "self.a = nn.RReLU(0.1, 0.3)", lambda x: np.where(c(x) > 0, c(x), c(x) * 0.2)),
    ("return F.tanhshrink(self.c(x) / 9)", "", lambda x: c(x) / 9 - np.tanh(c(x) / 9)),
    ("return F.softmin(self.c(x) / 9, 1)", "",
     lambda x: np.exp(-c(x) / 9) / np.exp(-c(x) / 9).sum(1, keepdims=True)),
    ("return F.softplus(self.c(x), 2)", "", lambda x: np.logaddexp(0, 2 * c(x)) / 2),
    ("return F.softplus(self.c(x), 0.5, 1)", "",
     lambda x: np.where(c(x) > 2, c(x), 2 * np.logaddexp(0, c(x) / 2))),
    # settings changed after they were made
    ("return self.b(x)", "self.b = nn.BatchNorm2d(2, affine=False); self.b.eps = 3.0", lambda x: x / 2),
]  # fmt: skip


def mixed(x: Any, at: list[float]) -> Any:
    """Return what lies at these places between rows, and between columns."""
    for axis in (2, 3):
        x = np.apply_along_axis(lambda line: np.interp(at, range(len(line)), line), axis, x)
    return x


@pytest.mark.parametrize("x", [X, TWO], ids=["one item", "two"])
@pytest.mark.parametrize(("forward", "init", "expected"), SAME, ids=[row[0] for row in SAME])
def test_numbers_are_pytorchs(tmp_path: Path, forward: str, init: str, expected: Callable[[Any], Any], x: Any) -> None:
    running = {"b.running_mean": np.zeros(2), "b.running_var": np.ones(2)} if "BatchNorm" in init else {}
    output = run(tmp_path, forward, x, init, **running).output
    np.testing.assert_allclose(output, expected(x), rtol=1e-6, atol=1e-6)


BATCHES: list[tuple[str, Callable[[Any], Any]]] = [
    ("return self.c(x).view(x.shape[0], -1)", lambda x: c(x).reshape(len(x), -1)),
    ("return self.c(x).reshape(len(x), 2, 9)", lambda x: c(x).reshape(len(x), 2, 9)),
    ("return self.c(x) / x.size(0)", lambda x: c(x) / len(x)),
    ("return torch.cat([self.p.expand(x.shape[0], -1, -1, -1), x], 1)",
     lambda x: np.concatenate([np.full((len(x), 1, 3, 3), 7.0), x], 1)),
    ("return self.p + x", lambda x: x + 7),
    ("return torch.softmax(self.p.flatten(1), 1)", lambda x: np.full((1, 9), 1 / 9)),
]  # fmt: skip


@pytest.mark.parametrize("x", [X, TWO], ids=["one item", "two"])
@pytest.mark.parametrize(("forward", "expected"), BATCHES, ids=[row[0] for row in BATCHES])
def test_a_batch_is_followed_as_a_batch(tmp_path: Path, forward: str, expected: Callable[[Any], Any], x: Any) -> None:
    init = "self.p = nn.Parameter(torch.zeros(1, 1, 3, 3))" if "self.p" in forward else ""
    own = {"p": np.full((1, 1, 3, 3), 7.0)} if init else {}
    np.testing.assert_allclose(run(tmp_path, forward, x, init, **own).output, expected(x), rtol=1e-6)


BACKWARD = [
    ("return F.celu(self.c(x) / 9, 0.5)", lambda y: np.where(y > 0, 1, np.exp(np.minimum(y, 0) / 4.5)) / 9),
    ("return F.tanhshrink(self.c(x) / 9)", lambda y: np.tanh(y / 9) ** 2 / 9),
    ("return F.rrelu(self.c(x), 0.1, 0.3)", lambda y: np.where(y > 0, 1, 0.2)),
    ("return F.softplus(self.c(x), 2)", lambda y: 1 / (1 + np.exp(-2 * y))),
    ("return self.c(x) ** 2 / 4", lambda y: y / 2),
    ("return -self.c(x)", lambda y: -np.ones_like(y)),
    ("return self.c(x).clamp(-4, 9)", lambda y: ((y > -4) & (y < 9)).astype(float)),
    ("return F.pad(self.c(x), (-1, 0, 1, 0), value=3)", lambda y: np.broadcast_to([0, 1, 1], y.shape)),
    ("return self.c(x)[:, :, -1]", lambda y: np.broadcast_to([[0], [0], [1]], y.shape)),
    ("return self.c(x).repeat(1, 2, 1, 3)", lambda y: np.full(y.shape, 6)),
]  # fmt: skip


@pytest.mark.parametrize(("forward", "slope"), BACKWARD, ids=[row[0] for row in BACKWARD])
def test_what_is_put_together_goes_backward(tmp_path: Path, forward: str, slope: Callable[[Any], Any]) -> None:
    back = run(tmp_path, forward).backward()
    expected = np.einsum("oc,nohw->nchw", WEIGHT, slope(c(X)))
    np.testing.assert_allclose(back.input, expected, rtol=1e-5, atol=1e-6)


V = np.array([3.0, 5.0])
PARAMETERS: list[tuple[str, Callable[[Any], Any]]] = [
    ("return x * self.v[:, None, None]", lambda x: x * V[:, None, None]),
    ("return x * self.v[None, :, None, None]", lambda x: x * V[:, None, None]),
    ("return x * self.v.view(1, -1, 1, 1)", lambda x: x * V[:, None, None]),
    ("return x * self.v.view(-1, 1, 1)", lambda x: x * V[:, None, None]),
    ("return x * self.v.unsqueeze(-1).unsqueeze(-1)", lambda x: x * V[:, None, None]),
    ("return x * self.v.unsqueeze(0)[..., None, None]", lambda x: x * V[:, None, None]),
    ("return x * self.v[0] + self.v[1:]", lambda x: x * 3 + 5),
    ("return x + self.v.sum(0, keepdim=True) * self.v.mean(dim=0, keepdim=True)", lambda x: x + 8 * 4),
    ("return x * torch.stack([self.v, self.v])[1, :, None, None]", lambda x: x * V[:, None, None]),
    ("return x * torch.cat([self.v, self.v])[1:3].view(2, 1, 1)", lambda x: x * np.array([5, 3])[:, None, None]),
    ("a, b = self.v.chunk(2); return x * a - b", lambda x: x * 3 - 5),
    ("return x * self.v.view(1, 2).flatten()[:2].view(2, 1, 1)", lambda x: x * V[:, None, None]),
    ("return torch.cat([self.v.view(1, 2, 1, 1).repeat(x.size(0), 1, 3, 3), x], 1)",
     lambda x: np.concatenate([np.broadcast_to(V[:, None, None], x.shape), x], 1)),
]  # fmt: skip


@pytest.mark.parametrize("x", [X, TWO], ids=["one item", "two"])
@pytest.mark.parametrize(("forward", "expected"), PARAMETERS, ids=[row[0] for row in PARAMETERS])
def test_parameters_have_no_batch(tmp_path: Path, forward: str, expected: Callable[[Any], Any], x: Any) -> None:
    model = run(tmp_path, forward, x, "self.v = nn.Parameter(torch.zeros(2))", v=V)
    np.testing.assert_allclose(model.output, expected(x), rtol=1e-6)
    step = 2.0**-6
    moved = [run(tmp_path, forward, x, "self.v = nn.Parameter(torch.zeros(2))", v=V + d).output.sum(dtype=float)
             for d in (np.array([step, 0]), np.array([-step, 0]))]  # fmt: skip
    assert model.backward().gradients["v"][0] == pytest.approx((moved[0] - moved[1]) / (2 * step), rel=1e-3, abs=1e-2)


def test_what_mixes_the_items_of_a_batch_is_refused(tmp_path: Path) -> None:
    assert run(tmp_path, "return self.c(x).view(1, -1)").output.shape == (1, 18)
    with pytest.raises(InputError, match=r"makes 1 rows of 2 items"):
        run(tmp_path, "return self.c(x).view(1, -1)", TWO)


UNKNOWN = [
    ("y = self.c(x); z = y.view(1, -1); y.relu_(); return z", "", "changes numbers where they stand"),
    ("y = self.c(x); z = y[:, :1]; z += 1; return y", "", "changes numbers where they stand"),
    ("return self.c(x).long()", "", "another type than float32"),
    ("return self.c(x).half() + 1", "", "another type than float32"),
    ("return self.c(x).to(torch.float16)", "", "another type than float32"),
    ("return self.c(x).type(torch.int64)", "", "another type than float32"),
    ("values, places = self.c(x).max(1); return places", "", "where the max lies"),
    ("with torch.autocast('cpu'): y = self.c(x); return y", "", "autocast"),
    ("return F.dropout(self.c(x))", "", "no numbers"),
    ("return F.dropout(self.c(x), 0.5, True)", "", "no numbers"),
    ("self.d.training = True; return self.d(self.c(x))", "self.d = nn.Dropout()", "no numbers"),
]
"""What is followed in shapes alone."""


@pytest.mark.parametrize(("forward", "init", "message"), UNKNOWN, ids=[row[0] for row in UNKNOWN])
def test_what_is_followed_in_shapes_alone_has_no_numbers(tmp_path: Path, forward: str, init: str, message: str) -> None:
    (tmp_path / "net.py").write_text(net(forward, init))
    convcalc.model(tmp_path / "net.py", (2, 3, 3))
    with pytest.raises(InputError, match=message):
        assert run(tmp_path, forward, X, init).output is None


def test_what_does_not_fit_where_it_stands_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="where it stands"):
        run(tmp_path, "y = self.c(x).mean(1, keepdim=True); y += x; return y")
    with pytest.raises(InputError, match="~ of a tensor"):
        run(tmp_path, "return ~self.c(x)")


KNOWN_TYPES = ("x.float()", "x.to(x.device)", "x.to(torch.float32)", "x.type_as(x)", "x.contiguous()", "x.cpu()")


@pytest.mark.parametrize("same", KNOWN_TYPES)
def test_what_changes_no_number(tmp_path: Path, same: str) -> None:
    np.testing.assert_allclose(run(tmp_path, f"return self.c({same})").output, c(X))


@pytest.mark.parametrize(
    ("forward", "from_weight", "from_input"),
    [
        ("return self.c(x)", True, True),
        ("return self.c(x).detach() + x", False, True),
        ("return self.c(x).data + x", False, True),
        ("return self.c(x.detach())", True, False),
        ("with torch.no_grad(): y = self.c(x); return y + x", False, True),
    ],
)
def test_gradients_stop_where_pytorchs_do(tmp_path: Path, forward: str, from_weight: bool, from_input: bool) -> None:
    forward = forward.replace("with torch.no_grad(): y", "with torch.no_grad():;     y")
    back = run(tmp_path, forward).backward()
    assert ("c.weight" in back.gradients) is from_weight
    assert bool(back.input.any()) is from_input


def test_no_gradient_goes_into_a_method_without(tmp_path: Path) -> None:
    source = net("return self.own(x) + x") + "\n    @torch.no_grad()\n    def own(self, x):\n        return self.c(x)\n"
    (tmp_path / "net.py").write_text(source)
    back = convcalc.model(tmp_path / "net.py", X, weights={"c.weight": WEIGHT[:, :, None, None]}).backward()
    assert not back.gradients
    assert back.input.tolist() == np.ones_like(X).tolist()


def test_an_output_without_gradient_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no gradient goes back from the output"):
        run(tmp_path, "return self.c(x).detach()").backward()


def test_a_layer_of_two_names_takes_either(tmp_path: Path) -> None:
    both = {"c.weight": WEIGHT[:, :, None, None], "d.weight": WEIGHT[:, :, None, None]}
    (tmp_path / "net.py").write_text(net("return self.d(self.c(x))", "self.d = self.c"))
    for names in (["c.weight", "d.weight"], ["d.weight"], ["c.weight"]):
        weights = {name: both[name] for name in names}
        np.testing.assert_allclose(convcalc.model(tmp_path / "net.py", X, weights=weights).output, c(c(X)))


LOGITS = np.array([[1.0, 2.0, 4.0]])
CHANCES = np.exp(LOGITS) / np.exp(LOGITS).sum()


@pytest.mark.parametrize(
    ("forward", "shape"),
    [
        ("return x", (3,)),
        ("return F.softmax(x, 1)", (3,)),
        ("return F.dropout(F.softmax(x, -1), 0.5, False)", (3,)),
        ("return nn.Identity()(torch.softmax(x, dim=1))", (3,)),
        ("return F.log_softmax(x, dim=1)", (3,)),
        ("return F.log_softmax(x, dim=1).flatten(1)", (3, 1, 1)),
        ("return F.softmax(x, dim=1).flatten(1)", (3, 1, 1)),
        ("return F.softmax(x.flatten(1), dim=1)", (3, 1, 1)),
    ],
)
def test_the_loss_is_of_the_logits_wherever_the_softmax_stands(
    tmp_path: Path, forward: str, shape: tuple[int, ...]
) -> None:
    (tmp_path / "net.py").write_text(net(forward))
    back = convcalc.model(tmp_path / "net.py", LOGITS.reshape(1, *shape), weights={"c.weight": np.ones((2, 2, 1, 1))})
    gradients = back.backward(1)
    assert gradients.loss == pytest.approx(-np.log(CHANCES[0, 1]))
    np.testing.assert_allclose(gradients.input.ravel(), CHANCES[0] - [0, 1, 0], rtol=1e-5)


@pytest.mark.parametrize("forward", ["return F.softmax(x, dim=-1).flatten(1)", "return F.softmax(x, 0)"])
def test_a_softmax_that_is_not_of_the_classes_gives_logits(tmp_path: Path, forward: str) -> None:
    shape = (1, 3, 1) if "flatten" in forward else (1, 3)
    (tmp_path / "net.py").write_text(net(forward))
    back = convcalc.model(tmp_path / "net.py", LOGITS.reshape(shape), weights={"c.weight": np.ones((2, 2, 1, 1))})
    assert back.backward(1).loss == pytest.approx(np.log(3))


MORE: list[tuple[str, str, Callable[[Any], Any]]] = [
    # each call is done once, whoever's value it is called of
    ("y = self.c(x); y.mul_(2).add_(1); return y", "", lambda x: 2 * c(x) + 1),
    # the same tensor by another name
    ("y = self.c(x); v = nn.Identity()(y); v.relu_(); return y", "", lambda x: relu(c(x))),
    ("y = self.c(x); v = F.dropout(y, 0.5, False); v += 1; return y + v", "", lambda x: 2 * (c(x) + 1)),
    ("return self.s(x) + self.b(x)", "self.s = nn.Identity(); self.b = nn.Sequential(nn.ReLU(True), self.c)",
     lambda x: relu(x) + c(relu(x))),
    ("y = self.c(x); F.relu_(y); return y", "", lambda x: relu(c(x))),
    ("y = self.c(x); torch.relu_(y); return y", "", lambda x: relu(c(x))),
    ("y = self.c(x); F.rrelu(y, 0.1, 0.3, False, True); return y", "", lambda x: np.where(c(x) > 0, c(x), c(x) * 0.2)),
    # squeezed to no axis of items: what works cell by cell may follow
    ("return torch.sigmoid(self.c(x).mean((1, 2, 3)).squeeze())", "",
     lambda x: 1 / (1 + np.exp(-c(x).mean((1, 2, 3))))),
    ("return F.lp_pool2d(F.relu(self.c(x)), 3, 3)", "",
     lambda x: np.cbrt((relu(c(x)) ** 3).sum((2, 3), keepdims=True))),
    ("return self.c(x)", "self.b = nn.BatchNorm2d(2); self.b.training = True", c),
]  # fmt: skip


@pytest.mark.parametrize(("forward", "init", "expected"), MORE, ids=[row[0] for row in MORE])
def test_more_numbers_are_pytorchs(tmp_path: Path, forward: str, init: str, expected: Callable[[Any], Any]) -> None:
    running: dict[str, Any] = {"b.running_mean": np.zeros(2), "b.running_var": np.ones(2)} if "Batch" in init else {}
    running |= {"b.weight": np.ones(2), "b.bias": np.zeros(2)} if running else {}
    output = run(tmp_path, forward, X, init, **running).output
    np.testing.assert_allclose(output, expected(X), rtol=1e-6, atol=1e-6)


MORE_UNKNOWN = [
    ("y = self.c(x).squeeze(0); return y.mean(1)", "squeeze takes the batch of one item away"),
    ("y = self.c(x).squeeze(); return y.flatten(1)", "squeeze takes the batch of one item away"),
    ("y = self.c(x).squeeze(); return y * y.shape[1]", "squeeze takes the batch of one item away"),
    ("y = self.c(x).squeeze(0); return F.softmax(y, 0)", "squeeze takes the batch of one item away"),
    ("return F.rrelu(self.c(x), 0.1, 0.3, True)", "no numbers"),
    ("self.c.weight.data.mul_(2); return self.c(x)", "forward changes a layer's weights"),
    ("nn.init.zeros_(self.c.weight); return self.c(x)", "forward changes a layer's weights"),
    ("self.train(); return self.c(x)", r"forward calls train\(\)"),
    ("y = self.c(x); y.data = F.relu(y); return y", "a tensor's data that is changed"),
    ("return F.lp_pool2d(x, 1, 2)", "of negative cells is not worked"),
    ("return F.lp_pool2d(F.relu(x), 2, 2, ceil_mode=True)", "no numbers"),
]


@pytest.mark.parametrize(("forward", "message"), MORE_UNKNOWN, ids=[row[0] for row in MORE_UNKNOWN])
def test_what_would_be_another_number_is_refused(tmp_path: Path, forward: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        assert run(tmp_path, forward).output is None


NO_BACKWARD = [
    "v = self.c(x); w = v.detach(); w.relu_(); return v",
    "y = self.c(x);with torch.no_grad():;    y += 1;return self.c(y)",
]


@pytest.mark.parametrize("forward", NO_BACKWARD)
def test_gradients_that_are_not_followed_are_refused(tmp_path: Path, forward: str) -> None:
    model = run(tmp_path, forward.replace(";with", "; with").replace(";return", "; return").replace(":;", ":; "))
    assert model.output.shape == (1, 2, 3, 3)
    with pytest.raises(InputError, match="gradients are not followed"):
        model.backward()


def test_a_copy_without_gradient_and_what_is_detached_itself(tmp_path: Path) -> None:
    teacher = "y = self.c(x); with torch.no_grad():;     z = y.clone(); return 2 * z + x"
    assert "c.weight" not in run(tmp_path, teacher.replace(":;", ":; ")).backward().gradients
    assert "c.weight" not in run(tmp_path, "y = self.c(x); y.detach_(); return y + x").backward().gradients


@pytest.mark.parametrize(
    "init",
    [
        "self.c.requires_grad_(False)",
        "self.c.weight.requires_grad = False",
        "self.b = nn.Parameter(torch.zeros(1), requires_grad=False)",
    ],
)
def test_what_the_file_freezes_has_no_gradient(tmp_path: Path, init: str) -> None:
    own = {"b": np.ones(1)} if "self.b" in init else {}
    back = run(tmp_path, f"return self.c(x){' * self.b' * bool(own)}", X, init, **own).backward()
    assert list(back.gradients) == (["c.weight"] if own else [])
    assert back.input.any()


def test_asking_whether_gradients_are_wanted_is_no_way_back(tmp_path: Path) -> None:
    model = run(tmp_path, "return self.c(x) if torch.is_grad_enabled() else x")
    assert model.output.tolist() == X.tolist()
    with pytest.raises(InputError, match="asks whether gradients are wanted"):
        model.backward()


def test_a_statement_is_done_once_in_counts_too(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(
        "import torch.nn as nn\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.l = nn.Sequential()\n        self.l.append(nn.Linear(3, 3)).append(nn.ReLU())\n"
        "    def forward(self, x):\n        return self.l(x)\n"
    )
    assert convcalc.model(tmp_path / "net.py", (3,)).parameters == 12


def test_only_what_forward_gives_is_an_output(tmp_path: Path) -> None:
    model = run(tmp_path, "a, b = self.c(x).chunk(2, 1); return a.flatten(1)")
    assert model._with_numbers().heads == (len(model._with_numbers().trace.nodes) - 1,)
    model = run(tmp_path, "y = self.c(x); return y.mean(1), {'more': [y]}")
    assert len(model._with_numbers().heads) == 2
