"""Networks in ONNX: every operator that is followed, against the reference that the format's own package has."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convcalc import model
from convcalc.errors import ConvcalcError
from convcalc.network.onnx.operators import OPERATORS
from tests.conftest import Convcalc

onnx = pytest.importorskip("onnx", reason="networks in ONNX are read by an extra")
reference = pytest.importorskip("onnx.reference")
RNG = np.random.default_rng(7)
X = RNG.normal(size=(2, 4, 6, 8)).astype(np.float32)
ROWS = RNG.normal(size=(2, 5)).astype(np.float32)


def drawn(*shape: int) -> Any:
    return RNG.normal(size=shape).astype(np.float32)


def written(
    path: Path, nodes: list[Any], x: Any, constants: dict[str, Any], *, opset: int = 17, fixed: bool = False
) -> Any:
    """Write a model of nodes that make `y` of `x`, and return it."""
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    batch = 1 if fixed else "n"
    graph = helper.make_graph(
        nodes, "net",
        [helper.make_tensor_value_info("x", kind, [batch, *x.shape[1:]])],
        [helper.make_tensor_value_info("y", kind, None)],
        [onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )  # fmt: skip
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    made.ir_version = 8
    path.write_bytes(made.SerializeToString())
    return made


def node(op: str, *more: str, out: str | list[str] = "y", of: str = "x", name: str = "", **settings: Any) -> Any:
    return onnx.helper.make_node(op, [of, *more], [out] if isinstance(out, str) else out, name=name, **settings)


W, B = drawn(6, 4, 3, 3), drawn(6)
CASES: dict[str, tuple[list[Any], Any, dict[str, Any]]] = {
    "Conv": ([node("Conv", "w", "b", pads=[1, 1, 1, 1], strides=[2, 1])], X, {"w": W, "b": B}),
    "Conv, uneven ends": ([node("Conv", "w", pads=[1, 0, 2, 1])], X, {"w": W}),
    "Conv, same": ([node("Conv", "w", auto_pad="SAME_UPPER", strides=[2, 2])], X, {"w": W}),
    "Conv, same below": ([node("Conv", "w", auto_pad="SAME_LOWER", strides=[2, 3])], X, {"w": W}),
    "Conv, groups": ([node("Conv", "w", group=2, dilations=[2, 2])], X, {"w": drawn(6, 2, 3, 3)}),
    "ConvTranspose": ([node("ConvTranspose", "w", "b", strides=[2, 2], pads=[1, 1, 1, 1], output_padding=[1, 0])], X,
                      {"w": drawn(4, 3, 3, 3), "b": drawn(3)}),
    "Gemm": ([node("Gemm", "w", "b", transB=1)], ROWS, {"w": drawn(3, 5), "b": drawn(3)}),
    "Gemm, not turned": ([node("Gemm", "w")], ROWS, {"w": drawn(5, 3)}),
    "MatMul": ([node("MatMul", "w", out="z"), node("Add", "b", of="z")], X, {"w": drawn(8, 3), "b": drawn(3)}),
    "MatMul of two": ([node("Transpose", out="t", perm=[0, 1, 3, 2]), node("MatMul", "t")], X, {}),
    "BatchNormalization": ([node("BatchNormalization", "s", "b", "m", "v", epsilon=1e-3)], X,
                           {"s": drawn(4), "b": drawn(4), "m": drawn(4), "v": np.abs(drawn(4)) + 0.5}),
    "InstanceNormalization": ([node("InstanceNormalization", "s", "b")], X, {"s": drawn(4), "b": drawn(4)}),
    "LayerNormalization": ([node("LayerNormalization", "s", "b")], X, {"s": drawn(8), "b": drawn(8)}),
    # whose reference takes the items' number for the channels'
    "LRN": ([node("LRN", size=3, alpha=0.1)], drawn(4, 4, 3, 3), {}),
    "MaxPool": ([node("MaxPool", kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 0])], X, {}),
    "MaxPool, uneven ends": ([node("MaxPool", kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 1, 1])], X, {}),
    "MaxPool, rounded up": ([node("MaxPool", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)], X, {}),
    "AveragePool": ([node("AveragePool", kernel_shape=[3, 3], pads=[1, 1, 1, 1])], X, {}),
    "AveragePool, with zeros": (
        [node("AveragePool", kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1)], X, {}),
    "GlobalAveragePool": ([node("GlobalAveragePool")], X, {}),
    "GlobalMaxPool": ([node("GlobalMaxPool")], X, {}),
    **{op: ([node(op)], X, {}) for op in ("Relu", "Sigmoid", "Tanh", "Selu", "Softplus", "Softsign", "HardSwish",
    "Identity",
                                          "Dropout", "Exp", "Abs", "Neg", "Floor", "Ceil", "Sin", "Cos", "Sign")},
    **{op: ([node("Abs", out="a"), node(op, of="a")], X, {}) for op in ("Log", "Sqrt", "Reciprocal")},
    "LeakyRelu": ([node("LeakyRelu", alpha=0.3)], X, {}),
    "Elu": ([node("Elu", alpha=1.5)], X, {}),
    "PRelu": ([node("PRelu", "s")], X, {"s": drawn(4, 1, 1)}),
    "HardSigmoid": ([node("HardSigmoid", alpha=1 / 6, beta=0.5)], X, {}),
    "Clip": ([node("Clip", "low", "high")], X, {"low": np.float32(-0.5), "high": np.float32(1)}),
    "Clip, 0 to 6": ([node("Clip", "low", "high")], X, {"low": np.float32(0), "high": np.float32(6)}),
    "Softmax": ([node("Softmax", axis=1)], X, {}),
    "LogSoftmax": ([node("LogSoftmax")], X, {}),
    "Flatten": ([node("Flatten")], X, {}),
    "Reshape": ([node("Reshape", "s")], X, {"s": np.array([0, -1, 8])}),
    "Reshape, of its shape": ([node("Shape", out="s"), node("Gather", "i", of="s", out="n"),
                               node("Concat", "r", of="n", out="t", axis=0), node("Reshape", "t")], X,
                              {"i": np.array([0]), "r": np.array([-1])}),
    "Squeeze": ([node("ReduceMean", out="m", axes=[2], keepdims=1), node("Squeeze", "a",
    of="m")], X, {"a": np.array([2])}),
    "Unsqueeze": ([node("Unsqueeze", "a")], X, {"a": np.array([1, -1])}),
    "Transpose": ([node("Transpose", perm=[0, 2, 3, 1])], X, {}),
    "Concat": ([node("Relu", out="r"), node("Concat", "r", axis=1)], X, {}),
    "Split": ([node("Split", "s", out=["a", "b"], axis=1), node("Sub", "b", of="a")], X, {"s": np.array([2, 2])}),
    "Slice": ([node("Slice", "f", "t", "a", "s")], X,
              {"f": np.array([1, -3]), "t": np.array([4, 99]), "a": np.array([1, 3]), "s": np.array([2, 1])}),
    "Gather": ([node("Gather", "i", axis=1)], X, {"i": np.array(-1)}),
    "Pad": ([node("Pad", "p", "v")], X, {"p": np.array([0, 1, 0, 2, 0, 0, 3, 0]), "v": np.float32(0.5)}),
    "Pad, reflected": ([node("Pad", "p", mode="reflect")], X, {"p": np.array([0, 0, 1, 2, 0, 0, 2, 1])}),
    "Resize": ([node("Resize", "", "s", mode="nearest", nearest_mode="floor",
    coordinate_transformation_mode="asymmetric")],
               X, {"s": np.array([1, 1, 2, 3], np.float32)}),
    "Resize, linear": ([node("Resize", "", "", "s", mode="linear", coordinate_transformation_mode="half_pixel")], X,
                       {"s": np.array([2, 4, 9, 12])}),
    "DepthToSpace": ([node("DepthToSpace", blocksize=2, mode="CRD")], X, {}),
    **{op: ([node(op, "c")], X, {"c": drawn(1, 4, 1, 1)}) for op in ("Add", "Sub", "Mul", "Div", "Max", "Min")},
    "Add, a number": ([node("Add", "c")], X, {"c": np.float32(1.5)}),
    "Pow": ([node("Pow", "c")], X, {"c": np.float32(2)}),
    **{op: ([node(op, axes=[1, 3], keepdims=0)], X, {}) for op in ("ReduceMean", "ReduceMax", "ReduceMin",
    "ReduceProd")},
    "ReduceSum": ([node("ReduceSum", "a", keepdims=1)], X, {"a": np.array([2])}),
}  # fmt: skip
WITHOUT_CASE = {"Cast", "Mish", "Gelu", "Erf", "Round", "Upsample"}
"""Operators that the reference has not at opset 17, or that have no numbers here."""


def test_every_operator_has_a_case() -> None:
    told = {one.op_type for nodes, _, _ in CASES.values() for one in nodes}
    assert set(OPERATORS) - told == WITHOUT_CASE


@pytest.mark.parametrize("name", CASES)
def test_an_operator_is_the_references(tmp_path: Path, name: str) -> None:
    nodes, x, constants = CASES[name]
    path = tmp_path / "net.onnx"
    made = written(path, nodes, x, constants)
    wanted = reference.ReferenceEvaluator(made).run(None, {"x": x})[0]
    counted = model(path)
    assert counted._summary.output[1:] == wanted.shape[1:]
    has_weights = any(one.layer.saved for one in counted._summary.trace.nodes)
    found = model(path, x, weights="trained" if has_weights else "random").output
    assert np.abs(np.asarray(found, float) - wanted).max() <= 2e-6 * max(np.abs(wanted).max(), 1)


def small(tmp_path: Path, **how: Any) -> Path:
    nodes = [
        node("Conv", "features.0.weight", "features.0.bias", out="c", name="/features/0/Conv"),
        node("Relu", of="c", out="r", name="/features/1/Relu"), node("Flatten", of="r", out="f"),
        node("Gemm", "fc.weight", of="f", transB=1),
    ]  # fmt: skip
    constants = {"features.0.weight": drawn(2, 1, 3, 3), "features.0.bias": drawn(2), "fc.weight": drawn(3, 18)}
    written(tmp_path / "net.onnx", nodes, np.zeros((1, 1, 5, 5)), constants, **how)
    return tmp_path / "net.onnx"


def test_a_network_is_told_by_the_names_of_its_weights(convcalc: Convcalc, tmp_path: Path) -> None:
    path = small(tmp_path)
    ran = convcalc("model", str(path))
    assert ran.status == 0, ran.stderr
    names = [line.split()[0] for line in ran.stdout.splitlines()[3:12] if line.strip()]
    assert [name for name in names if name in ("features", "0", "features.0", "fc")]
    assert "74, all trainable" in ran.stdout
    row = "; ".join([" ".join("12345")] * 5)
    ran = convcalc("model", str(path), "-i", row, "--weights", "trained", "--layer", "fc")
    assert ran.status == 0, ran.stderr
    assert convcalc("model", str(path), "-i", row, "--weights", str(path), "-q").status == 0


def test_a_fixed_batch_of_one_takes_more(tmp_path: Path) -> None:
    nodes = [node("Conv", "w", out="c"), node("Reshape", "s", of="c")]
    x = drawn(3, 1, 4, 4)
    path = tmp_path / "net.onnx"
    written(path, nodes, x, {"w": drawn(2, 1, 3, 3), "s": np.array([1, 8])}, fixed=True)
    assert model(path, x, weights="trained").output.shape == (3, 8)


@pytest.mark.parametrize(
    ("nodes", "constants", "message"),
    [
        ([("NonZero", (), {})], {}, "NonZero is not followed"),
        ([("Gemm", ("w",), {"alpha": 0.5})], {"w": drawn(5, 3)}, "alpha, beta or transA"),
        ([("Conv", ("x",), {})], {}, "reads its settings from a tensor"),
        ([("DepthToSpace", (), {"blocksize": 2})], {}, "mode DCR is not followed"),
    ],
)
def test_what_is_not_followed_is_named(
    convcalc: Convcalc, tmp_path: Path, nodes: list[Any], constants: dict[str, Any], message: str
) -> None:
    made = [node(op, *more, name="here", **settings) for op, more, settings in nodes]
    written(tmp_path / "net.onnx", made, X if "w" not in constants else ROWS, constants)
    ran = convcalc("model", str(tmp_path / "net.onnx"))
    assert ran.status == 1
    assert message in ran.stderr
    assert "here" in ran.stderr


def test_sizes_that_are_open_or_others(convcalc: Convcalc, tmp_path: Path) -> None:
    ran = convcalc("model", str(small(tmp_path)), "-i", "1x6x6")
    assert (ran.status, "net.onnx's input x is 1×5×5" in ran.stderr) == (1, True)
    (tmp_path / "bad.onnx").write_bytes(b"no network")
    ran = convcalc("model", str(tmp_path / "bad.onnx"))
    assert (ran.status, "bad.onnx" in ran.stderr) == (1, True)


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import sys

    path = small(tmp_path)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ConvcalcError) as refused:
        model(path)
    assert refused.value.hint is not None
    assert "pip install 'convcalc[onnx]'" in refused.value.hint
