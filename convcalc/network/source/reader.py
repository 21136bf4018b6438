"""A PyTorch source file: parsed, followed, and its network applied to a shape."""

import ast
from pathlib import Path
from typing import Any

from convcalc.errors import InputError, Place
from convcalc.network.layer import Layer, Shape
from convcalc.network.source.expressions import EXPRESSIONS
from convcalc.network.source.files import Files
from convcalc.network.source.follower import Follower
from convcalc.network.source.language import Language
from convcalc.network.source.notebooks import code_cells
from convcalc.network.source.objects import ATTRIBUTES, CALLS
from convcalc.network.source.picking import pick
from convcalc.network.source.python import BUILTINS
from convcalc.network.source.statements import STATEMENTS
from convcalc.network.source.texts import Text, Texts, parse
from convcalc.network.source.toplevel import run_file
from convcalc.network.source.values import Function, Module, SourceModule
from convcalc.network.trace import KERAS, PYTORCH, Tensor, Trace, tensors_in
from convcalc.network.written import EXAMPLE

NOTEBOOK = ".ipynb"
TOO_DEEP = "the file is nested too deep to be followed"
LANGUAGE = Language(EXPRESSIONS, STATEMENTS, CALLS, ATTRIBUTES, BUILTINS)
"""All the Python that is followed."""
OTHER_FRAMEWORKS = {"flax": "Flax", "mxnet": "MXNet", "paddle": "Paddle"}


NO_NUMBERS = "leave --weights out; or write it in PyTorch's words"


def keras_language() -> Language:
    """Return all the Python that is followed of a file in Keras's words."""
    from convcalc.network.source import keras, keras_objects

    calls, attributes = (*keras.CALLS, *CALLS), (*keras_objects.ATTRIBUTES, *ATTRIBUTES)
    return Language(
        EXPRESSIONS,
        STATEMENTS,
        calls,
        attributes,
        BUILTINS,
        keras.GIVEN,
        keras_objects.set_attribute,
        keras_objects.is_kind,
        keras_objects.canonical,
        keras.NAMES,
    )


class SourceFile:
    """A source file that was parsed: `build` follows it, as often as it is asked to.

    `folder` holds the files that it may import: nothing outside of it is opened, and nothing at all without one.
    """

    def __init__(self, data: bytes, name: str, folder: Path | None = None) -> None:
        self.name = name
        self._texts, self._remarks = Texts(), list[str]()
        self._parts = self._cells(data) if name.endswith(NOTEBOOK) else [self._text(data, name)]
        self.tree = self._parts[0].tree
        self.tells_shapes = self._framework() == KERAS
        """Whether the file itself may tell its inputs' shapes, as Keras's do."""
        self._folder = folder

    def _text(self, data: bytes, name: str) -> Text:
        tree, lines = parse(data, name)
        return self._texts.add(name, lines, tree)

    def _cells(self, data: bytes) -> list[Text]:
        """Return a notebook's cells; one that is no Python is left out, and that is said."""
        cells, errors = [], []
        for name, text in code_cells(data, self.name):
            try:
                cells.append(self._text(text.encode(), name))
            except InputError as error:
                errors.append(error)
                self._remarks.append(f"{name.rpartition(', ')[2]} is not Python, and is left out")
        if not cells:
            raise errors[0]
        return cells

    def _framework(self) -> str:
        """Return in whose words the network is; raise InputError where they are of a library that is not read."""
        every = (node for part in self._parts for node in ast.walk(part.tree))
        imports = [node for node in every if isinstance(node, ast.Import | ast.ImportFrom)]
        heads: dict[str, ast.Import | ast.ImportFrom] = {}
        for node in imports:
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            heads |= {name.partition(".")[0]: node for name in names}
        if "torch" not in heads and {"keras", "tensorflow", "tf_keras"} & set(heads):
            return KERAS
        other = next((name for name in OTHER_FRAMEWORKS if name in heads), None)
        if other is not None and "torch" not in heads:
            raise InputError(
                f"this is a network of {OTHER_FRAMEWORKS[other]}, and PyTorch's and Keras's are read",
                hint=f"write its layers as a list, {EXAMPLE}",
                place=self._texts.place(heads[other]),
            )
        return PYTORCH

    def title(self, wanted: str | None, shapes: list[Shape]) -> str:
        """Return what the network is called."""
        follower = self._followed(shapes)
        try:
            _, title = self._picked(follower, wanted)
        except RecursionError:
            raise InputError(TOO_DEEP, hint="is this a network?", place=Place(self.name)) from None
        return f"{title} of {self.name}"

    def _picked(self, follower: Follower, wanted: str | None) -> tuple[Any, str]:
        if not self.tells_shapes:
            return pick(follower, wanted)
        from convcalc.network.source import keras_picking

        return keras_picking.pick(follower, wanted)

    def _followed(self, shapes: list[Shape]) -> Follower:
        follower = Follower(self.name, self._texts, keras_language() if self.tells_shapes else LANGUAGE)
        follower.asked = shapes
        follower.trace = Trace(words=KERAS) if self.tells_shapes else None
        if self._folder is not None:
            own = Path(self.name)
            follower.files = Files(self._folder)
            follower.file.file = own
            follower.modules[own.resolve()] = SourceModule(own.stem, None, follower.file)
        follower.early += self._remarks
        for part in self._parts:
            assert isinstance(part.tree, ast.Module)
            run_file(follower, part.tree, follower.file)
        return follower

    def build(self, shapes: list[Shape], wanted: str | None, trace: Trace) -> tuple[Trace, Tensor]:
        """Apply the file's network to inputs of these shapes, and return the trace, filled, and its output."""
        try:
            return (self._built_of_keras if self.tells_shapes else self._built)(shapes, wanted, trace)
        except RecursionError:
            raise InputError(TOO_DEEP, hint="is this a network?", place=Place(self.name)) from None

    def _built_of_keras(self, shapes: list[Shape], wanted: str | None, trace: Trace) -> tuple[Trace, Tensor]:
        from convcalc.network.source.keras_models import applied

        follower = self._followed(shapes)
        network, _ = self._picked(follower, wanted)
        trace.notes += [*follower.early, *(follower.trace.notes if follower.trace is not None else [])]
        follower.trace, trace.words = trace, KERAS
        follower.parameters = {}
        trace.unknown.append(InputError("Keras's networks are counted, and not worked in numbers", hint=NO_NUMBERS))
        node = network.made_by.node if isinstance(network, Module) and network.made_by is not None else self.tree
        _, value = applied(follower, network, shapes, node)
        return trace, first_tensor(follower, node, value)

    def _built(self, shapes: list[Shape], wanted: str | None, trace: Trace) -> tuple[Trace, Tensor]:
        follower = self._followed(shapes)
        network, _ = pick(follower, wanted)
        layers_by_name = [("", network)] if isinstance(network, Layer) else list(network.named())
        follower.paths = {id(part): name for name, part in layers_by_name}
        if isinstance(network, Layer):
            follower.paths[id(network)] = network.kind.lower()
        trace.own = frozenset(follower.paths)
        for name, layer in [] if isinstance(network, Layer) else network.every_name():
            if follower.paths[id(layer)] != name:
                trace.also_called.setdefault(id(layer), []).append(name)
        follower.trace = trace
        trace.notes += follower.early
        inputs = [trace.input(shape) for shape in shapes]
        node = _forward_of(network) or self.tree
        value = follower.call(node, network, inputs, {}, follower.file)
        output = trace.current(first_tensor(follower, node, value))
        heads = [trace.current(tensor) for tensor in tensors_in(value)]
        trace.heads = tuple(dict.fromkeys(tensor.node for tensor in heads if tensor.unknown is None))
        trace.unknown += [output.unknown] if output.unknown is not None else []
        trace.ends_detached = output.detached
        for name, part in layers_by_name:
            if isinstance(part, Layer):
                trace.unused(name, part)
        if trace.outside:
            follower.remark(
                f"{trace.outside:,} parameters of layers in a plain list, or made in forward, are not the network's: "
                "PyTorch neither counts nor trains them; put the layers into an nn.ModuleList"
            )
        return trace, output


def _forward_of(network: Module | Layer) -> ast.AST | None:
    """Return where a network's forward is written, if it is in the file."""
    made_by = network.made_by if isinstance(network, Module) else None
    if made_by is None or not made_by.has("forward"):
        return None
    function = made_by.find("forward")
    return function.node if isinstance(function, Function) else None


def first_tensor(follower: Follower, node: ast.AST, value: Any) -> Tensor:
    """Return the tensor that a forward gave: the first, if there are several."""
    if isinstance(value, Tensor):
        return value
    for item in tensors_in(value):
        follower.remark("forward returns several values: the first tensor counts as the output")
        return item
    what = "nothing: is a return missing?" if value is None else "no tensor"
    raise InputError(f"forward gives {what}", hint="end it with: return x", place=Place(follower.source))
