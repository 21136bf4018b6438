"""A network of ours as ONNX, for others that run such files: onnxruntime, and OpenCV's dnn."""

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

Made = tuple[str, dict[str, Any], tuple[str, ...]]
"""An operation of ONNX: its name, its settings, and which of the layer's tensors it takes, in order."""


def _same(layer: Any, node: Any) -> dict[str, Any]:
    padding = layer.each("padding", 0)
    settings = {"kernel_shape": layer.each("kernel_size"), "strides": layer.each("stride")}
    return {**settings, "pads": [*padding, *padding]}


def _average(layer: Any, node: Any) -> Made:
    if node.output == node.shapes[0]:
        return "Identity", {}, ()
    assert node.output[2:] == (1, 1), "the mean of all is the only other"
    return "GlobalAveragePool", {}, ()


OPERATIONS: dict[str, Callable[[Any, Any], Made]] = {
    "Conv2d": lambda layer, node: ("Conv", {**_same(layer, node), "group": layer.groups}, ("weight", "bias")),
    "BatchNorm2d": lambda layer, node: (
        "BatchNormalization", {"epsilon": layer.eps}, ("weight", "bias", "running_mean", "running_var"),
    ),
    "MaxPool2d": lambda layer, node: ("MaxPool", _same(layer, node), ()),
    "AdaptiveAvgPool2d": _average,
    "Linear": lambda layer, node: ("Gemm", {"transB": 1}, ("weight", "bias")),
    "ReLU": lambda layer, node: ("Relu", {}, ()),
    "ReLU6": lambda layer, node: ("Clip", {"min": 0.0, "max": 6.0}, ()),
    "Flatten": lambda layer, node: ("Flatten", {}, ()),
    "Dropout": lambda layer, node: ("Identity", {}, ()),
    "add": lambda layer, node: ("Add", {}, ()),
}  # fmt: skip


def as_onnx(numbers: Any) -> bytes:
    """Return the file: each layer an operation, its tensors beside it. The package onnx is needed."""
    helper, numpy_helper = (importlib.import_module(f"onnx.{name}") for name in ("helper", "numpy_helper"))
    nodes, tensors = [], []
    used = [node for node in numbers.trace.nodes if node.used]
    for node in used[1:]:
        name, settings, parts = OPERATIONS[node.layer.kind](node.layer, node)
        own = numbers.tensors.get(id(node.layer), {})
        named = {f"{node.index}.{part}": own[part] for part in parts if part in own}
        if name == "Clip":  # whose bounds are inputs
            named = {f"{node.index}.{word}": np.array(value, np.float32) for word, value in settings.items()}
            settings = {}
        tensors += [numpy_helper.from_array(np.array(tensor), key) for key, tensor in named.items()]
        inputs = [*map(str, node.inputs), *named]
        nodes.append(helper.make_node(name, inputs, [str(node.index)], **settings))
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(np.float32))
    ends = [helper.make_tensor_value_info(str(node.index), kind, node.output) for node in (used[0], used[-1])]
    graph = helper.make_graph(nodes, "network", ends[:1], ends[1:], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    file: bytes = model.SerializeToString()
    return file
