"""The follower: it runs a file's `__init__` and `forward` on shapes. Steps are counted, refusals have a place.

What Python it follows is a table: `Language`.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from convcalc.errors import InputError, Place
from convcalc.network.functions import Constant, Parameter, Resize
from convcalc.network.held import wanted
from convcalc.network.kinds import KINDS
from convcalc.network.layer import Layer
from convcalc.network.recurrent import Encoder, EncoderLayer, MultiheadAttention, Recurrent
from convcalc.network.source.language import Language, LeavingError, ReturnError
from convcalc.network.source.signatures import arguments
from convcalc.network.source.texts import Texts
from convcalc.network.source.values import (
    CONTAINERS,
    MODULE,
    Array,
    Call,
    Function,
    Library,
    Module,
    Numbers,
    Once,
    Scope,
    SourceModule,
    Weight,
    named_kind,
)
from convcalc.network.trace import SAME_TENSOR, Tensor, Trace

MOST_STEPS = 300_000
END = object()
FREE = 16
"""Items of a list, or bits of a number, that cost no more than a step."""
LONGEST = 100_000
"""Items of the longest list, signs of the longest word, bits of the largest number."""
MISUSED = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError)
"""What Python raises where a function is called with arguments of another kind or number than it takes."""
STOPPING = frozenset(("torch.no_grad", "torch.inference_mode"))
"""What stops gradients, as a context or a decorator."""
DEEPEST = 60
"""Calls within calls: Python's own stack holds some fifteen frames of ours for each."""


TENSORS = (Tensor, Parameter, Weight)
"""What is, or can be read as, a tensor."""


class Follower:
    """Follows a source file. `names` are those of the file; `trace` keeps what `forward` does."""

    def __init__(self, source: str, texts: Texts, language: Language) -> None:
        self.language = language
        self.source = source
        self.texts = texts
        self.file = Scope(dict(language.names))
        self.files: Any = None
        """The files that may be imported, if there are any."""
        self.modules: dict[Path, SourceModule] = {}
        """Those that were."""
        self.trace: Trace | None = None
        self.paths: dict[int, str] = {}
        self.made_at: dict[int, ast.AST] = {}
        self.parameters: dict[int, Tensor] = {}
        self.extras: dict[tuple[int, str], Any] = {}
        """Attributes that the file gives layers, by their identity and name."""
        self.channels_first: InputError | None = None
        """Why layers cannot be followed, where a file puts Keras's channels first."""
        self.counts: dict[str, int] = {}
        """How many layers have been named after each kind."""
        self.calls: dict[int, range] = {}
        """Of a node that a part's call made, all that this call made."""
        self.main: list[ast.If] = []
        """What the file does as the main program, which is passed over."""
        self.models: dict[str, Any] = {}
        """Models of Keras's that were called as parts of another, by their names."""
        self.asked: list[tuple[int, ...]] = []
        """The shapes of the inputs, as the command line gives them."""
        self.lost: list[InputError] = []
        """Why a network that the file made is not known any more."""
        self.early: list[str] = []
        """Remarks from before there was a trace."""
        self.stars: list[str] = []
        """Libraries of which everything was imported."""
        self.steps = 0
        self.depth = 0
        self.stops = False
        """Whether no gradient goes back from what is made here."""

    def refuse(self, node: ast.AST, message: str, hint: str | None = None) -> InputError:
        """Return an error that points at a place of the file."""
        return InputError(message, hint=hint, place=self.place(node))

    def place(self, node: ast.AST) -> Place:
        """Return where a node stands."""
        return self.texts.place(node)

    def starred(self, name: str) -> Library | None:
        """Return what a name stands for that was imported by a star: a layer, or a part of torch."""
        keras = [star for star in self.stars if "keras" in star]
        if keras and name in self.language.layers:
            return Library(f"{next((star for star in keras if 'layers' in star), keras[0])}.{name}")
        is_layer = name in KINDS or name in (MODULE, "Parameter", *CONTAINERS)
        for star in self.stars:
            if star in ("torch.nn", "torch.nn.modules") and is_layer:
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

    def weigh(self, node: ast.AST, size: int) -> None:
        """Count what something of a size costs to be looked at, in steps."""
        if size > FREE:
            self.spend(node, size // FREE)

    def measure(self, node: ast.AST, *values: Any) -> None:
        """Refuse lists within lists that hold, all told, too much to be compared or written."""
        waiting, count = list(values), 0
        self.weigh(node, sum(len(value) for value in values if isinstance(value, list | tuple | dict | set)))
        while waiting:
            value = waiting.pop()
            count += 1
            if count > LONGEST:
                raise self.refuse(node, f"lists of more than {LONGEST:,} parts are not followed here")
            if isinstance(value, dict):
                waiting += [*value.keys(), *value.values()]
            elif isinstance(value, list | tuple | set):
                waiting += value

    def worded(self, node: ast.AST, value: Any) -> Any:
        """Return what is written for a value: itself, if it is a number or a word; a short list's text."""
        if isinstance(value, int | float | str | None):
            return value
        self.measure(node, value)
        return str(value)

    def plainly(self, node: ast.AST, function: Callable[..., Any], *values: Any) -> Any:
        """Do what Python does with plain values, and refuse what it refuses."""
        self.measure(node, *values)
        try:
            return function(*values)
        except InputError:
            raise
        except (TypeError, ValueError, KeyError, IndexError, ArithmeticError, AttributeError) as error:
            raise self.refuse(node, f"this fails: {type(error).__name__}: {error}") from None

    def chosen(self, node: Any, scope: Scope) -> Any:
        """Return the branch that a condition decides for."""
        return node.body if self.truth(node.test, self.evaluate(node.test, scope)) else node.orelse

    def known(self, node: ast.AST, *values: Any) -> None:
        """Refuse to decide by something that comes from a file or library that is not followed."""
        for value in values:
            if isinstance(value, Module) and value.made_by is not None:
                ways = sorted(way for one in value.made_by.line() for way in one.own_ways)
                if ways:
                    raise self.refuse(node, f"a class's own {ways[0]} is not followed", "call a method")
            is_ours = isinstance(value, Library) and value.name.rpartition(".")[2] in self.language.layers
            if isinstance(value, Library) and value.is_foreign and not is_ours:
                raise self.refuse(
                    node, f"this depends on {value.name}, which comes from elsewhere and is not known here",
                    value.whence,
                )  # fmt: skip

    def truth(self, node: ast.AST, value: Any) -> bool:
        """Return whether a value counts as true; raise InputError where that depends on a tensor's numbers."""
        if isinstance(value, TENSORS):
            raise self.refuse(
                node, "this depends on the numbers in a tensor", "only shapes and constants are known here"
            )
        self.known(node, value)
        if isinstance(value, Module) and value.kind in ("ModuleList", "Sequential", "ModuleDict"):
            return bool(value.parts)
        return bool(value)

    def iterate(self, node: ast.AST, value: Any) -> Iterator[Any]:
        """Yield the items of a list, a dictionary, a container."""
        self.known(node, value)
        if isinstance(value, Once):
            return iter(lambda: value.pop(0) if value else END, END)
        if isinstance(value, Module) and value.kind != "ModuleDict":
            return iter(list(value.parts.values()))
        if isinstance(value, Module):
            return iter(list(value.parts))
        if isinstance(value, Tensor):
            raise self.refuse(node, "a loop over a tensor's rows is not followed", SUPPORTED)
        if isinstance(value, Library) and value.name.startswith("torch.nothing"):
            return iter(())  # weights that are loaded: what is done with them changes no shape
        if not isinstance(value, list | tuple | dict | range | str | set):
            raise self.refuse(node, f"{named_kind(value)} is nothing to loop over")
        return iter(value)

    def evaluate(self, node: ast.expr, scope: Scope) -> Any:
        """Return an expression's value."""
        self.spend(node)
        follow = self.language.expressions.get(type(node))
        if follow is None:
            raise self.refuse(node, f"{_what(node)} cannot be followed", SUPPORTED)
        return follow(self, node, scope)

    def run(self, body: list[ast.stmt], scope: Scope) -> None:
        """Run statements one after the other."""
        for node in body:
            self.statement(node, scope)

    def statement(self, node: ast.stmt, scope: Scope) -> None:
        """Run one statement."""
        self.spend(node)
        follow = self.language.statements.get(type(node))
        if follow is None:
            name = type(node).__name__.lower().removeprefix("async")
            raise self.refuse(node, f"'{name}' is not followed here", SUPPORTED)
        follow(self, node, scope)

    def call(self, node: ast.AST, called: Any, given: list[Any], named: dict[str, Any], scope: Scope) -> Any:
        """Call something; errors without a place get the call's."""
        self.depth += 1
        try:
            if self.depth > DEEPEST:
                raise self.refuse(node, f"more than {DEEPEST} calls stand within each other", "is this endless?")
            for kind, run in self.language.calls:
                if isinstance(called, kind):
                    return run(Call(node, given, named, self, scope, called))
            raise self.refuse(node, f"{named_kind(called)} cannot be called")
        except InputError as error:
            if error.place is None:
                raise InputError(error.message, hint=error.hint, place=self.place(node)) from None
            raise
        except RecursionError:
            raise self.refuse(node, "the calls go too deep", "is this endless?") from None
        except MISUSED as error:
            raise self.refuse(node, f"{named_kind(called)} cannot be called like this: {error}"[:200]) from None
        finally:
            self.depth -= 1

    def run_function(
        self, node: ast.AST, function: Function, given: list[Any], named: dict[str, Any], scope: Scope
    ) -> Any:
        """Run a function of the file and return its value."""
        this = given[0] if given and isinstance(given[0], Module) and function.owner is not None else scope.module
        inner = Scope(arguments(self, node, function, given, named), function.scope, this, function.owner, scope.path)
        if isinstance(function.node, ast.Lambda):
            return self.evaluate(function.node.body, inner)
        stops = self.stops
        self.stops = stops or bool(STOPPING & set(function.decorators))
        try:
            self.run(function.node.body, inner)
        except ReturnError as returned:
            return returned.value
        except LeavingError:
            raise self.refuse(function.node, "a break or continue stands outside of a loop") from None
        finally:
            self.stops = stops
        return None

    def run_layer(self, node: ast.AST, layer: Layer, given: list[Any], named: dict[str, Any], scope: Scope) -> Any:
        """Apply a layer to the one tensor it is given."""
        values = [*given, *named.values()]
        if isinstance(layer, Recurrent | EncoderLayer | Encoder):
            values = values[:1]  # states and masks change no shape
        elif isinstance(layer, MultiheadAttention):
            values = [*given, *(named[name] for name in ("query", "key", "value") if name in named)][:3]
            tensors = [self.tensor(one, node, scope) for one in values]
            name = self.paths.get(id(layer)) or self.local_name(layer.kind.lower(), scope)
            return self.use(name, layer, *tensors, node=node, scope=scope), None
        if len(values) != 1:
            raise self.refuse(node, f"{layer.kind} is called with {len(values)} values", "it takes one tensor")
        name = self.paths.get(id(layer)) or self.local_name(layer.kind.lower(), scope)
        read = self.tensor(values[0], node, scope)
        output = self.use(name, layer, read, node=node, scope=scope)
        return self._with_state(layer, read, output, node, scope)

    def _with_state(self, layer: Layer, read: Tensor, output: Tensor, node: ast.AST, scope: Scope) -> Any:
        """Return what a layer gives besides its output, if it gives more."""
        if isinstance(layer, Recurrent):
            state = Resize("state", layer.state(read.shape))
            states = [replace(self.use("state", state, output, node=node, scope=scope), batchless=True)
                      for _ in range(2 if layer.kind == "LSTM" else 1)]  # fmt: skip
            return output, tuple(states) if len(states) > 1 else states[0]
        if getattr(layer, "return_indices", False) is True:
            why = "where the largest lie is not followed"
            return output, replace(output, unknown=self.refuse(node, why, "only what they are"))
        return output

    def local_name(self, name: str, scope: Scope) -> str:
        """Return a name within the module that runs."""
        return f"{scope.path}.{name}" if scope.path else name

    def use(self, name: str, layer: Layer, *tensors_: Tensor, node: ast.AST, scope: Scope) -> Tensor:
        """Apply a layer or a function; what does not fit is told where the layer was made."""
        if self.trace is None:
            raise self.refuse(node, "tensors are worked only in forward", SUPPORTED)
        if layer.is_function and id(layer) not in self.paths:
            name = self.local_name(name, scope)
        try:
            tensor = self.trace.apply(name, layer, *tensors_)
            return replace(tensor, detached=True) if self.stops and layer.kind not in SAME_TENSOR else tensor
        except InputError as error:
            origin = self.made_at.get(id(layer), node)
            is_elsewhere = origin is not node and hasattr(node, "lineno")
            use_note = f" (used in {self.texts.line(node)})" if is_elsewhere else ""
            raise InputError(f"{error.message}{use_note}", hint=error.hint, place=self.place(origin)) from None

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
        if isinstance(value, Weight):
            return self._weight(value, node, scope)
        if isinstance(value, Array | Numbers):
            shape = value.shape if isinstance(value, Array) else (len(value),)
            return replace(self.use("constant", Constant(shape), node=node, scope=scope), batchless=True)
        raise self.refuse(node, f"a tensor is needed here, not {named_kind(value)}")

    def _weight(self, value: Weight, node: ast.AST, scope: Scope) -> Tensor:
        """Return a layer's own weight as a tensor."""
        shape = wanted(value.layer).get(value.part)
        if self.trace is None or shape is None:
            raise self.refuse(node, "a layer's own numbers are worked only in forward", SUPPORTED)
        name = self.paths.get(id(value.layer)) or self.local_name(value.layer.kind.lower(), scope)
        why = "a layer's weight that is read as a tensor is not followed in numbers"
        self.trace.unknown.append(self.refuse(node, why, "call the layer"))
        return self.trace.weight(f"{name}.{value.part}", value.layer, value.part, shape)

    def attribute(self, node: ast.AST, value: Any, name: str, scope: Scope) -> Any:
        """Return an attribute of whatever it is."""
        find = next(find for kind, find in self.language.attributes if isinstance(value, kind))
        return find(self, node, value, name, scope)

    def made(self, node: ast.AST, layer: Layer) -> Layer:
        """Remember where a layer was made."""
        self.made_at[id(layer)] = node
        return layer


def _what(node: ast.AST) -> str:
    names = {"Await": "await", "Yield": "yield", "YieldFrom": "yield", "Starred": "a star here", "TemplateStr": "this"}
    return names.get(type(node).__name__, f"this ({type(node).__name__})")


SUPPORTED = (
    "what is followed: layers made in __init__ and called in forward, loops and branches that shapes and constants "
    "decide, F.… and torch.… functions, view, flatten, +, cat"
)
