"""An ONNX file, followed node by node: what is constant is worked out, the rest becomes layers of a trace."""

import importlib
from typing import Any

from convcalc.errors import InputError
from convcalc.network.layer import Shape
from convcalc.network.onnx.graph import Graph, Node, opened
from convcalc.network.onnx.operators import OPERATORS
from convcalc.network.trace import Tensor, Trace

MOST_FOLDED = 1 << 20
"""Cells of the largest constant that is worked out of others."""


def build(data: bytes, source: str, shapes: list[Shape], trace: Trace) -> tuple[Trace, Tensor]:
    """Apply a file's network to inputs of these shapes, or of those that it says; return the trace and the output."""
    model, onnx = opened(data, source)
    version = max((one.version for one in model.opset_import if one.domain in ("", "ai.onnx")), default=1)
    graph = Graph(model, onnx, trace, version)
    for initializer in graph.graph.initializer:
        graph.values[initializer.name] = onnx.numpy_helper.to_array(initializer)
    inputs = [one for one in graph.graph.input if one.name not in graph.values]
    for index, one in enumerate(inputs):
        graph.values[one.name] = trace.input(_shape(one, shapes[index] if index < len(shapes) else None, source))
    nodes = [_node(one, onnx) for one in graph.graph.node]
    for node in nodes:
        for name in node.inputs:
            graph.readers.setdefault(name, []).append(node)
    for node in nodes:
        _follow(graph, node, source)
    return trace, _output(graph, source)


def _shape(declared: Any, given: Shape | None, source: str) -> Shape:
    """Return an input's shape without the batch: what is given, where the file leaves it open."""
    sizes = [one.dim_value or None for one in declared.type.tensor_type.shape.dim][1:]
    if given is not None:
        if sizes and (len(sizes) != len(given) or any(a not in (None, b) for a, b in zip(sizes, given, strict=True))):
            own = "×".join("?" if size is None else str(size) for size in sizes)
            raise InputError(f"{source}'s input {declared.name} is {own}", hint="leave -i out, or give that")
        return given
    if not sizes or None in sizes:
        example = "x".join(str(size or 224) for size in sizes) or "3x224x224"
        raise InputError(f"{source} leaves the size of {declared.name} open", hint=f"give it, as in -i {example}")
    return tuple(size for size in sizes if size is not None)


def _node(proto: Any, onnx: Any) -> Node:
    settings = {one.name: onnx.helper.get_attribute_value(one) for one in proto.attribute}
    settings = {key: one.decode() if isinstance(one, bytes) else one for key, one in settings.items()}
    return Node(proto.op_type, {**settings, "": proto}, list(proto.input), list(proto.output), proto.name)


def _follow(graph: Graph, node: Node, source: str) -> None:
    """Work out a node that reads constants only; make a layer of any other."""
    given = [graph.value(name) for name in node.inputs if name]
    if node.outputs[0] in graph.merged:
        return
    try:
        if node.op == "Shape":
            values: Any = [_shape_of(graph, given[0], node)]
        elif not any(isinstance(value, Tensor) for value in given):
            values = _folded(graph, node)
        elif node.op not in OPERATORS:
            raise InputError(f"{node.op} is not followed", hint=f"{', '.join(sorted(OPERATORS))} are")
        else:
            found = OPERATORS[node.op](graph, node)
            values = found if isinstance(found, list) else [found]
    except InputError as error:
        raise InputError(f"{source}: {node.name or node.op}: {error.message}", hint=error.hint) from None
    graph.values |= {name: value for name, value in zip(node.outputs, values, strict=False) if name}


def _shape_of(graph: Graph, value: Any, node: Node) -> Any:
    proto = graph.onnx.helper.make_tensor("shape", graph.onnx.TensorProto.INT64, [len(value.shape)], value.shape)
    first, last = node.settings.get("start", 0), node.settings.get("end", len(value.shape))
    return graph.onnx.numpy_helper.to_array(proto)[first:last]


def _folded(graph: Graph, node: Node) -> Any:
    """Return what a node makes of constants, as the library's own reference works it out."""
    if node.op == "Constant" and "value" in node.settings:
        return [graph.onnx.numpy_helper.to_array(node.settings["value"])]
    feeds = {name: graph.value(name) for name in node.inputs if name}
    if sum(array.size for array in feeds.values()) > MOST_FOLDED:
        raise InputError(f"{node.op} of large constants is not followed")
    reference = importlib.import_module("onnx.reference")
    try:
        return reference.ReferenceEvaluator(node.settings[""], opsets={"": graph.version}).run(None, feeds)
    except Exception as error:  # whatever the library makes of a strange node
        raise InputError(f"{node.op} cannot be worked out: {error}"[:200]) from None


def _output(graph: Graph, source: str) -> Tensor:
    found = [graph.value(one.name) for one in graph.graph.output]
    tensors = [one for one in found if isinstance(one, Tensor)]
    if not tensors:
        raise InputError(f"{source} gives no tensor that depends on its input")
    if len(tensors) > 1:
        graph.trace.notes.append(f"the network has {len(tensors)} outputs: the first counts as the output")
    return tensors[0]
