"""The follower: it runs a file's `__init__` and `forward` on shapes. Steps are counted, refusals have a place."""

import ast
from typing import Any

from convcalc.errors import InputError, Place
from convcalc.network.functions import Constant, Parameter
from convcalc.network.kinds import KINDS
from convcalc.network.layer import Layer
from convcalc.network.source import library, modules, python, tensors
from convcalc.network.source.expressions import SUPPORTED, named_kind
from convcalc.network.source.statements import Left, Returned, Statements
from convcalc.network.source.values import (
    CONTAINERS,
    MODULE,
    Array,
    Bound,
    Builtin,
    Call,
    Class,
    Function,
    Library,
    Module,
    Scope,
    Weight,
    weights_of,
)
from convcalc.network.trace import Tensor, Trace
from convcalc.network.windows import Filters

MOST_STEPS = 300_000
MOVING = ("kernel_size", "stride", "padding", "dilation", "output_padding")
ODD = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError)
DEEPEST = 60
"""Calls within calls: Python's own stack holds some fifteen frames of ours for each."""


class Follower(Statements):
    """Follows a source file. `names` are those of the file; `trace` keeps what `forward` does."""

    def __init__(self, source: str, lines: list[str]) -> None:
        self.source = source
        self.lines = lines
        self.asked: list[str] = []
        """What `--class` says, whose nodes are numbered as if it stood behind the file's last line."""
        self.file = Scope(dict(python.BUILTINS))
        self.trace: Trace | None = None
        self.paths: dict[int, str] = {}
        self.made_at: dict[int, ast.AST] = {}
        self.parameters: dict[int, Tensor] = {}
        self.lost: list[InputError] = []
        """Why a network that the file made is not known any more."""
        self.early: list[str] = []
        """Remarks from before there was a trace."""
        self.stars: list[str] = []
        """Libraries of which everything was imported."""
        self.steps = 0
        self.depth = 0

    def refuse(self, node: ast.AST, message: str, hint: str | None = None) -> InputError:
        """Return an error that points at a place of the file."""
        return InputError(message, hint=hint, place=self.place(node))

    def place(self, node: ast.AST) -> Place:
        """Return where a node stands."""
        line = getattr(node, "lineno", None)
        if line is None or line > len(self.lines) + len(self.asked):
            return Place(self.source)
        asked = line > len(self.lines)
        text = self.asked[line - len(self.lines) - 1] if asked else self.lines[line - 1]
        start = len(text.encode()[: getattr(node, "col_offset", 0)].decode(errors="replace"))
        end = getattr(node, "end_col_offset", None)
        same_line = getattr(node, "end_lineno", line) == line and end is not None
        stop = len(text.encode()[:end].decode(errors="replace")) if same_line else len(text)
        source, number = ("--class", 1) if asked else (self.source, line)
        return Place(source, number, start + 1, text, max(stop - start, 1))

    def starred(self, name: str) -> Library | None:
        """Return what a name stands for that was imported by a star: a layer, or a part of torch."""
        known = name in KINDS or name in (MODULE, "Parameter", *CONTAINERS)
        for star in self.stars:
            if star in ("torch.nn", "torch.nn.modules") and known:
                return Library(f"torch.nn.{name}")
            if star == "torch" and name in ("nn", "cat", "flatten"):
                return Library(f"torch.{name}")
        return None

    def remark(self, note: str) -> None:
        """Say something with the network's totals, once."""
        notes = self.early if self.trace is None else self.trace.notes
        if note not in notes:
            notes.append(note)

    def spend(self, node: ast.AST, steps: int = 1) -> None:
        """Count a step, or so many; raise InputError where there have been too many."""
        self.steps += steps
        if self.steps > MOST_STEPS:
            raise self.refuse(
                node, f"following this file takes more than {MOST_STEPS:,} steps", "use a smaller network"
            )

    def call(self, node: ast.AST, called: Any, given: list[Any], named: dict[str, Any], scope: Scope) -> Any:
        """Call something; errors without a place get the call's."""
        self.depth += 1
        try:
            if self.depth > DEEPEST:
                raise self.refuse(node, f"more than {DEEPEST} calls stand within each other", "is this endless?")
            return self._dispatch(node, called, given, named, scope)
        except InputError as error:
            if error.place is None:
                raise InputError(error.message, hint=error.hint, place=self.place(node)) from None
            raise
        except RecursionError:
            raise self.refuse(node, "the calls go too deep", "is this endless?") from None
        except ODD as error:
            # What is called with arguments of another kind or number than it takes fails in Python, too.
            raise self.refuse(node, f"{named_kind(called)} cannot be called like this: {error}"[:200]) from None
        finally:
            self.depth -= 1

    def _dispatch(self, node: ast.AST, called: Any, given: list[Any], named: dict[str, Any], scope: Scope) -> Any:
        if isinstance(called, Builtin):
            return called.run(Call(node, given, named, self, scope))
        if isinstance(called, Library):
            return library.called(Call(node, given, named, self, scope), called.name)
        if isinstance(called, Function):
            return self.run_function(node, called, given, named, scope)
        if isinstance(called, Bound):
            return self.run_function(node, called.function, [called.this, *given], named, scope)
        if isinstance(called, Class):
            return modules.make(self, node, called, given, named, scope)
        if self.trace is None and isinstance(called, Layer | Module) and any(isinstance(v, Array) for v in given):
            return self._tried_out(node, called, given, named, scope)
        if isinstance(called, Parameter):
            raise self.refuse(node, "a parameter is not called")
        if isinstance(called, Layer):
            return self.run_layer(node, called, given, named, scope)
        if isinstance(called, Module):
            return modules.forward(self, node, called, given, named, scope)
        raise self.refuse(node, f"{named_kind(called)} cannot be called")

    def _tried_out(self, node: ast.AST, called: Any, given: list[Any], named: dict[str, Any], scope: Scope) -> Any:
        """Apply a part of the network in `__init__`, to an array of zeros, as is done to find out a size."""
        self.trace = Trace()
        try:
            tensors_ = [self.trace.input(value.shape[1:]) if isinstance(value, Array) else value for value in given]
            made = self.call(node, called, tensors_, named, scope)
        finally:
            self.trace, self.parameters = None, {}
        return Array(made.shape) if isinstance(made, Tensor) else made

    def run_function(
        self, node: ast.AST, function: Function, given: list[Any], named: dict[str, Any], scope: Scope
    ) -> Any:
        """Run a function of the file and return its value."""
        this = given[0] if given and isinstance(given[0], Module) and function.owner is not None else scope.module
        inner = Scope(self._arguments(node, function, given, named), function.scope, this, function.owner, scope.path)
        if isinstance(function.node, ast.Lambda):
            return self.evaluate(function.node.body, inner)
        try:
            self.run(function.node.body, inner)
        except Returned as returned:
            return returned.value
        except Left:
            raise self.refuse(function.node, "a break or continue stands outside of a loop") from None
        return None

    def _arguments(self, node: ast.AST, function: Function, given: list[Any], named: dict[str, Any]) -> dict[str, Any]:
        """Return a call's arguments by their names, as Python would; raise InputError where it would a TypeError."""
        wanted = function.node.args
        positional = [argument.arg for argument in (*wanted.posonlyargs, *wanted.args)]
        values = dict(zip(positional, given, strict=False))
        if len(given) > len(positional) and wanted.vararg is None:
            raise self.refuse(node, f"{function.name}() is given {len(given)} values, and takes {len(positional)}")
        if wanted.vararg is not None:
            values[wanted.vararg.arg] = tuple(given[len(positional) :])
        known = {*positional, *(argument.arg for argument in wanted.kwonlyargs)}
        extra = {name: value for name, value in named.items() if name not in known}
        if extra and wanted.kwarg is None:
            raise self.refuse(node, f"{function.name}() has no argument '{next(iter(extra))}'")
        if wanted.kwarg is not None:
            values[wanted.kwarg.arg] = extra
        for name, value in named.items():
            if name in known:
                if name in values:
                    raise self.refuse(node, f"{function.name}() is given '{name}' twice")
                values[name] = value
        for name, value in zip(reversed(positional), reversed(function.defaults), strict=False):
            values.setdefault(name, value)
        for name, value in function.keyword_defaults.items():
            values.setdefault(name, value)
        missing = [name for name in (*positional, *(one.arg for one in wanted.kwonlyargs)) if name not in values]
        if missing:
            hint = None
            if node is function.node:  # the network's own forward
                head = ", ".join([*positional[:2], *(f"{name}=None" for name in missing)])
                hint = f"one input is given here: make the others in forward, as def {function.name}({head}):"
            raise self.refuse(node, f"{function.name}() needs {' and '.join(map(repr, missing))}", hint)
        return values

    def run_layer(self, node: ast.AST, layer: Layer, given: list[Any], named: dict[str, Any], scope: Scope) -> Any:
        """Apply a layer to the one tensor it is given."""
        values = [*given, *named.values()]
        if len(values) != 1:
            raise self.refuse(node, f"{layer.kind} is called with {len(values)} values", "it takes one tensor")
        name = self.paths.get(id(layer)) or self.local_name(layer.kind.lower(), scope)
        return self.use(name, layer, self.tensor(values[0], node, scope), node=node, scope=scope)

    def local_name(self, name: str, scope: Scope) -> str:
        """Return a name within the module that runs."""
        return f"{scope.path}.{name}" if scope.path else name

    def use(self, name: str, layer: Layer, *tensors_: Tensor, node: ast.AST, scope: Scope) -> Tensor:
        """Apply a layer or a function; what does not fit is told where the layer was made."""
        if self.trace is None:
            raise self.refuse(node, "tensors are worked only in forward", SUPPORTED)
        if layer.is_function:
            name = self.local_name(name, scope)
        try:
            return self.trace.apply(name, layer, *tensors_)
        except InputError as error:
            made = self.made_at.get(id(layer), node)
            line = getattr(node, "lineno", None)
            used = f" (used in line {line})" if made is not node and line is not None else ""
            raise InputError(f"{error.message}{used}", hint=error.hint, place=self.place(made)) from None

    def tensor(self, value: Any, node: ast.AST, scope: Scope) -> Tensor:
        """Return a tensor; a parameter of the network's own becomes one where it is first used."""
        if isinstance(value, Tensor):
            return value
        if isinstance(value, Parameter):
            if id(value) not in self.parameters:
                name = self.paths.get(id(value)) or self.local_name("parameter", scope)
                if self.trace is None:
                    raise self.refuse(node, "tensors are worked only in forward", SUPPORTED)
                self.parameters[id(value)] = self.trace.apply(name, value)
            return self.parameters[id(value)]
        if isinstance(value, Array):
            return self.use("constant", Constant(value.shape), node=node, scope=scope)
        raise self.refuse(node, f"a tensor is needed here, not {named_kind(value)}")

    def attribute(self, node: ast.AST, value: Any, name: str, scope: Scope) -> Any:
        """Return an attribute of whatever it is."""
        if name == "requires_grad" and isinstance(value, Weight | Parameter):
            layer, part = (value.layer, value.part) if isinstance(value, Weight) else (value, "weight")
            return part not in layer.frozen
        if name == "requires_grad_" and isinstance(value, Weight | Parameter):
            return Builtin(name, lambda call: modules.require_gradient(call, value))
        if isinstance(value, Library):
            return library.attribute(value, name)
        if isinstance(value, modules.Parent):
            return modules.of_parent(self, node, value, name)
        if isinstance(value, Module):
            return modules.attribute(self, node, value, name, scope)
        if isinstance(value, Tensor | Parameter):
            return tensors.attribute(self, node, value, name, scope)
        if isinstance(value, Layer):
            return self._of_layer(node, value, name)
        if isinstance(value, Class):
            return modules.of_class(self, node, value, name)
        if isinstance(value, Array):
            return library.of_array(value, name)
        found = python.method(value, name)
        if found is None:
            raise self.refuse(node, f"{named_kind(value)} has no '{name}' that is followed", SUPPORTED)
        return found

    def _of_layer(self, node: ast.AST, layer: Layer, name: str) -> Any:
        if name == "forward":
            return Builtin(name, lambda call: self.run_layer(call.node, layer, call.given, call.named, call.scope))
        if name in ("weight", "bias") and layer.weights.value:
            return Weight("torch.nothing", layer, name) if getattr(layer, name, True) not in (None, False) else None
        if name == "requires_grad_":
            return Builtin(name, lambda call: modules.require_gradient(call, layer))
        if name in ("eval", "train", "to", "cuda", "cpu", "double", "float", "half"):
            return Builtin(name, lambda call: layer)
        if name in ("parameters", "named_parameters"):
            named = name == "named_parameters"
            return Builtin(name, lambda call: [one if named else one[1] for one in weights_of(layer)])
        if name in ("modules", "children"):
            return Builtin(name, lambda call: [layer] if name == "modules" else [])
        if hasattr(layer, name) and name in type(layer).arguments():
            value = getattr(layer, name)
            tuples = isinstance(layer, Filters) and isinstance(value, int) and name in MOVING
            return (
                layer.each(name, 0) if tuples else value
            )  # a convolution's settings are tuples, as PyTorch keeps them
        raise self.refuse(node, f"a {layer.kind} has no '{name}' that is followed")

    def made(self, node: ast.AST, layer: Layer) -> Layer:
        """Remember where a layer was made."""
        self.made_at[id(layer)] = node
        return layer
