"""What names stand for while a source file is followed. Numbers, words, lists and the like stand for themselves."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from convcalc.errors import ConvcalcError, InputError
from convcalc.network.functions import Parameter
from convcalc.network.kinds import KINDS
from convcalc.network.layer import Layer
from convcalc.network.trace import Tensor

MODULE = "Module"
MODULES = (MODULE, "LightningModule")
"""Classes that a network derives from."""
KNOWN = (
    "torch",
    "operator",
    "logging",
    "math",
    "typing",
    "collections",
    "functools",
    "itertools",
    "copy",
    "numpy",
    "abc",
    "dataclasses",
)
"""Libraries whose names are at least what they seem: functions and classes that exist."""
KERAS_BASES = ("Model", "Layer", "Sequential")
OF_A_WEIGHT = "torch.nothing.weight"
"""What is done with a layer's own weight has names that begin so."""
CHANGES_WEIGHTS = "forward changes a layer's weights, or reads them, which is not followed in numbers"
CONTAINERS = ("Sequential", "ModuleList", "ModuleDict", "ParameterList")


@dataclass(eq=False, slots=True)
class Scope:
    """Names within a function, a class body or the file, and the scope around them."""

    names: dict[str, Any]
    outer: "Scope | None" = None
    module: "Module | None" = None
    """The module whose method runs here."""
    owner: "Class | None" = None
    """The class in which that method is written: where `super()` starts from."""
    path: str = ""
    """The full name of that module."""
    file: Path | None = None
    """The file whose own names these are."""
    shared: frozenset[str] = frozenset()
    """Names that a function says are the file's."""

    @property
    def outermost(self) -> "Scope":
        """The names of the file."""
        scope = self
        while scope.outer is not None:
            scope = scope.outer
        return scope

    def find(self, name: str) -> Any:
        """Return what a name stands for; raise KeyError."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.outer
        raise KeyError(name)


@dataclass(eq=False, slots=True)
class Function:
    """A function of the file, or a lambda."""

    name: str
    node: ast.FunctionDef | ast.Lambda
    scope: Scope
    defaults: list[Any]
    keyword_defaults: dict[str, Any]
    decorators: tuple[str, ...] = ()
    owner: "Class | None" = None


@dataclass(eq=False, slots=True)
class Bound:
    """A function and the object it is a method of."""

    function: Function
    this: Any


@dataclass(eq=False, slots=True)
class Class:
    """A class of the file. `container` is the container of PyTorch's that it derives from, if one."""

    name: str
    node: ast.ClassDef
    bases: tuple[Any, ...]
    names: dict[str, Any]
    is_dataclass: bool = False
    own_ways: frozenset[str] = frozenset()
    """Methods with which it changes what Python's own signs do to its objects."""
    order: list["Class"] = field(default_factory=list)
    """The class and its bases of the file, in Python's order (C3)."""

    def __post_init__(self) -> None:
        self.order = self.order or [self, *_merged([base for base in self.bases if isinstance(base, Class)])]

    def has(self, name: str) -> bool:
        """Whether a name stands for something in the class or a base."""
        return any(name in owner.names for owner in self.order)

    def find(self, name: str) -> Any:
        """Return what a name stands for in the class or a base; raise KeyError."""
        for owner in self.line():
            if name in owner.names:
                return owner.names[name]
        raise KeyError(name)

    def line(self) -> Iterator["Class"]:
        """Yield the class and its bases of the file, in the order in which names are looked for."""
        yield from self.order

    @property
    def roots(self) -> set[str]:
        """The names of the library's classes that it derives from."""
        return {base.name.rpartition(".")[2] for one in self.line() for base in one.bases if isinstance(base, Library)}

    @property
    def is_module(self) -> bool:
        """Whether it is a network, or a part of one."""
        return bool(self.roots & {*MODULES, *CONTAINERS}) or bool(self.layer_kind)

    @property
    def layer_kind(self) -> str:
        """The layer that it derives from."""
        bases = (base.name for one in self.line() for base in one.bases if isinstance(base, Library))
        names = (base.rpartition(".")[2] for base in bases if base.startswith(("torch.nn.", "nn.")))
        return next((name for name in names if name in KINDS), "")

    @property
    def is_keras(self) -> bool:
        """Whether it derives from Keras's Model or Layer."""
        bases = (base.name for one in self.line() for base in one.bases if isinstance(base, Library))
        heads = ("keras", "tensorflow", "tf")
        return any(name.startswith(heads) and name.rpartition(".")[2] in KERAS_BASES for name in bases)

    @property
    def container(self) -> str:
        """The container that it derives from."""
        return next((name for name in CONTAINERS if name in self.roots), "")


def _merged(bases: list[Class]) -> list[Class]:
    """Return the order in which names are looked for in bases, as Python has it (C3); raise InputError if none is."""
    lines = [list(base.order) for base in bases] + [list(bases)]
    order: list[Class] = []
    while lines := [line for line in lines if line]:
        later = {id(one) for line in lines for one in line[1:]}
        first = next((line[0] for line in lines if id(line[0]) not in later), None)
        if first is None:
            raise InputError("these bases have no order that suits them all", hint="name the narrower one first")
        order.append(first)
        lines = [line[1:] if line[0] is first else line for line in lines]
    return order


@dataclass(eq=False, slots=True)
class Default:
    """What a dataclass's field is if it is not given: a value, or what a function makes."""

    value: Any = None
    factory: Any = None


@dataclass(eq=False, slots=True)
class Module:
    """An object of a class of the file, or a container: its attributes, and its parts in their order."""

    kind: str
    made_by: Class | None = None
    names: dict[str, Any] = field(default_factory=dict)
    parts: dict[str, Any] = field(default_factory=dict)
    """What a container holds, by number or name."""
    begun: bool = False
    """Whether `nn.Module.__init__` ran, without which PyTorch lets no layer in."""
    layer: Layer | None = None
    """The layer that it is, if its class derives from a layer's."""
    replay: Any = None
    """What its forward does, if it is a network that is known by its name, or a part of one."""

    @property
    def holds_parts(self) -> bool:
        """Whether it is a container, whose every layer is a part of it."""
        return self.kind in CONTAINERS or (self.made_by is not None and bool(self.made_by.container))

    def children(self) -> Iterator[tuple[str, Any]]:
        """Yield the layers, modules and parameters that it holds, by their names."""
        for name, value in (*self.names.items(), *self.parts.items()):
            if isinstance(value, Module | Layer):
                yield name, value

    def named(self, prefix: str = "") -> Iterator[tuple[str, "Module | Layer"]]:
        """Yield everything it holds, however deep, by its full name; each but once, and itself first."""
        yield from self._named(prefix, set())

    def every_name(self, prefix: str = "", around: tuple[int, ...] = ()) -> Iterator[tuple[str, Layer]]:
        """Yield each layer by each of its names, as a state dict has them."""
        if self.layer is not None:
            yield prefix, self.layer
        for name, value in self.children():
            full = f"{prefix}.{name}" if prefix else name
            if isinstance(value, Layer):
                yield full, value
            elif id(value) not in (*around, id(self)):
                yield from value.every_name(full, (*around, id(self)))

    def _named(self, prefix: str, seen: set[int]) -> Iterator[tuple[str, "Module | Layer"]]:
        if id(self) in seen:
            return
        seen.add(id(self))
        yield prefix, self
        if self.layer is not None and id(self.layer) not in seen:
            seen.add(id(self.layer))
            yield prefix, self.layer
        for name, value in self.children():
            full = f"{prefix}.{name}" if prefix else name
            if isinstance(value, Module):
                yield from value._named(full, seen)
            elif id(value) not in seen:
                seen.add(id(value))
                yield full, value


@dataclass(frozen=True, slots=True)
class Array:
    """Numbers that are made in `__init__`, for a parameter or a buffer: only their shape is known."""

    shape: tuple[int, ...]
    classes: int = 0
    """How many classes there are, if it is labels of a dataset that is known."""


@dataclass(eq=False, slots=True)
class SourceModule:
    """A file of the user's that was imported, or a folder of such: its names."""

    name: str
    folder: Path | None
    """Where more modules are, if it is a folder."""
    scope: Scope


class Once(list[Any]):
    """What can be looped over once: an iterator, with what it has left."""


class Numbers(list[Any]):
    """A row of numbers that torch or numpy made while a network is built: a list, until it is calculated with."""

    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        return Numbers(found) if isinstance(index, slice) else found


@dataclass(frozen=True, slots=True)
class Library:
    """Something of a library's, by its full name: ``torch.nn.Conv2d``."""

    name: str

    @property
    def is_foreign(self) -> bool:
        """Whether it comes from a file or a library of which nothing is known."""
        return "." in self.name and self.name.partition(".")[0] not in KNOWN

    @property
    def whence(self) -> str:
        """What to do so that it is known."""
        return "write its value into this file"


@dataclass(frozen=True, slots=True)
class Outside(Library):
    """Something of a file that lies outside of the folder whose files are read."""

    file: str
    around: str
    """The folder that holds both, and what to ask it for."""

    @property
    def is_foreign(self) -> bool:
        """Say that nothing is known of it."""
        return True

    @property
    def whence(self) -> str:
        """Which folder to name, so that it is known."""
        return f"it comes from {self.file}; name the folder that holds both: convcalc model {self.around}"


@dataclass(frozen=True, slots=True)
class Weight(Library):
    """A layer's `weight` or `bias`, whose numbers are not known: only whether it is trained."""

    layer: Layer
    part: str


def set_trained(weight: Weight | Layer, trained: bool) -> None:
    """Say of a layer's weight or bias, or of all that a layer holds, whether it is trained."""
    layer, parts = (weight.layer, {weight.part}) if isinstance(weight, Weight) else (weight, {*weight.parameters})
    layer.frozen = layer.frozen - parts if trained else layer.frozen | parts


def weights_of(module: "Module | Layer") -> Iterator[tuple[str, Weight | Parameter]]:
    """Yield the parameters that a module or a layer holds, by their full names."""
    parts = module.named() if isinstance(module, Module) else [("", module)]
    for name, part in parts:
        if isinstance(part, Parameter):
            if part.weights.value:
                yield name, part
        elif isinstance(part, Layer):
            for own in part.parameters:
                yield f"{name}.{own}".lstrip("."), Weight("torch.nothing", part, own)


@dataclass(eq=False, slots=True)
class Builtin:
    """A function that is known: it is handed the call."""

    name: str
    run: "Callable[[Call], Any]"
    idle: bool = False
    """Whether it changes nothing, whatever it is given: its arguments need not be known."""


@dataclass(eq=False, slots=True)
class Unknown:
    """What could not be followed, and why: an error that is raised where it is used."""

    error: ConvcalcError
    statement: ast.stmt | None = None
    """What would have given it a value."""


@dataclass(eq=False, slots=True)
class Call:
    """A call: where it stands, what it is given, and who follows it."""

    node: ast.AST
    given: list[Any]
    named: dict[str, Any]
    follower: Any
    scope: Scope
    called: Any = None
    """What is called."""

    def take(self, *names: str, **defaults: Any) -> list[Any]:
        """Return the arguments by these names, in order; raise InputError where one is missing or too many."""
        if len(self.given) > len(names):
            raise InputError(f"{len(self.given)} arguments are too many", hint=f"it takes {', '.join(names) or 'none'}")
        values = dict(zip(names, self.given, strict=False)) | self.named
        missing = [name for name in names if name not in values and name not in defaults]
        if missing:
            raise InputError(f"{missing[0]} is missing", hint=f"it takes {', '.join(names)}")
        return [values[name] if name in values else defaults[name] for name in names]


def named_kind(value: Any) -> str:
    """Return what a value is called in messages."""
    if isinstance(value, Library):
        return value.name
    if isinstance(value, Class | Function | Builtin):
        return f"'{value.name}'"
    if isinstance(value, Module):
        return f"a {value.kind}"
    if isinstance(value, Layer):
        return f"a {value.kind}"
    if isinstance(value, Tensor):
        return "a tensor"
    name = type(value).__name__
    return "None" if value is None else f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
