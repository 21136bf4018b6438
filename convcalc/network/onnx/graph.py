"""An ONNX file's graph while it is followed: its values, and how layers are made of its nodes."""

import importlib
import re
from typing import Any, NamedTuple

from convcalc.errors import InputError
from convcalc.network.layer import Layer
from convcalc.network.trace import Tensor, Trace

INSTALL = "pip install 'convcalc[onnx]' reads it; or name the .py file that makes the network"


class Node(NamedTuple):
    """One node: what it does, its settings, what it reads and makes (by their names), and what it is called."""

    op: str
    settings: dict[str, Any]
    inputs: list[str]
    outputs: list[str]
    name: str


class Graph:
    """A file's graph while it is followed. `values` are arrays or tensors by their names in the file."""

    def __init__(self, model: Any, onnx: Any, trace: Trace, version: int) -> None:
        self.onnx, self.trace, self.version = onnx, trace, version
        self.graph = model.graph
        self.values: dict[str, Any] = {}
        self.readers: dict[str, list[Node]] = {}
        """The nodes that read each value."""
        self.merged: dict[str, str] = {}
        """Values that are another one, as a sum with a bias that its layer has."""
        self.counts: dict[str, int] = {}

    def value(self, name: str) -> Any:
        """Return a constant, or a tensor."""
        name = self.merged.get(name, name)
        if name not in self.values:
            raise InputError(f"the file's '{name}' is made by nothing", hint="is it whole?")
        return self.values[name]

    def constant(self, node: Node, index: int) -> Any:
        """Return one of a node's inputs that is a constant, None if it has none; raise InputError for a tensor."""
        if index >= len(node.inputs) or not node.inputs[index]:
            return None
        value = self.value(node.inputs[index])
        if isinstance(value, Tensor):
            raise InputError(f"{node.op} '{node.name}' reads its settings from a tensor, which is not followed")
        return value

    def tensor(self, node: Node, index: int = 0) -> Tensor:
        """Return one of a node's inputs that is a tensor."""
        value = self.value(node.inputs[index])
        if not isinstance(value, Tensor):
            raise InputError(f"{node.op} '{node.name}' is given a constant where a tensor is followed")
        return value

    def label(self, node: Node, index: int = 1) -> str:
        """Return what a layer is called: as its weight is, without that word, or as its node."""
        weight = node.inputs[index] if index < len(node.inputs) else ""
        named = re.fullmatch(r"([\w.]+)\.weight", weight)
        if named is not None:
            return named[1]
        own = re.sub(r"[^\w.]+", ".", node.name).strip(".")
        return own or self.numbered(node.op.lower())

    def numbered(self, word: str) -> str:
        """Return a name that no layer has yet."""
        self.counts[word] = self.counts.get(word, -1) + 1
        return f"{word}_{self.counts[word]}"

    def use(self, name: str, layer: Layer, *tensors: Tensor, **saved: Any) -> Tensor:
        """Apply a layer, and keep the numbers that the file has for it."""
        if saved:
            layer.saved = {part: array for part, array in saved.items() if array is not None}
        return self.trace.apply(name, layer, *tensors)


def opened(data: bytes, source: str) -> tuple[Any, Any]:
    """Return the model of a file and the library; raise InputError where either is missing."""
    try:
        onnx = importlib.import_module("onnx")
    except ImportError:
        raise InputError(f"{source} is a network in ONNX", hint=INSTALL) from None
    try:
        return onnx.load_model_from_string(data), onnx
    except Exception as error:  # a damaged file may raise anything
        raise InputError(f"{source} cannot be read as ONNX: {error}"[:200], hint="is it whole?") from None
