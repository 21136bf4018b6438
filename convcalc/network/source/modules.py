"""Modules of a file: how they are made, what they hold, and how their `forward` runs."""

import ast
from collections.abc import Callable
from typing import Any

from convcalc.errors import InputError
from convcalc.network.functions import Buffer
from convcalc.network.held import wanted
from convcalc.network.kinds import KINDS
from convcalc.network.layer import Layer
from convcalc.network.source.binding import set_attribute
from convcalc.network.source.follower import Follower
from convcalc.network.source.looking import adds_parts, changes_layers, freezes
from convcalc.network.source.values import (
    CONTAINERS,
    MODULES,
    Array,
    Bound,
    Builtin,
    Call,
    Class,
    Default,
    Function,
    Library,
    Module,
    Numbers,
    Once,
    Outside,
    Scope,
    named_kind,
    set_trained,
    weights_of,
)

KEPT = ("eval", "train", "to", "cuda", "cpu", "double", "float", "half",
        "zero_grad", "compile", "share_memory")  # fmt: skip
"""Methods of a module that change no shape: they return the module."""


def make(
    follower: Follower, node: ast.AST, made_by: Class, given: list[Any], named: dict[str, Any], scope: Scope
) -> Module:
    """Make an object of a class of the file: run its `__init__`, or take a dataclass's fields."""
    _check_base(follower, node, made_by)
    module = Module(made_by.name, made_by)
    try:
        function = made_by.find("__init__")
    except KeyError:
        module.begun = True
        if made_by.layer_kind:
            begin_layer(follower, node, module, given, named)
        elif made_by.container:
            fill(follower, node, module, made_by.container, given)
        elif given or named or made_by.is_dataclass:
            _take_fields(follower, node, module, given, named)
        return module
    follower.run_function(node, function, [module, *given], named, scope)
    return module


def begin_layer(follower: Follower, node: ast.AST, module: Module, given: list[Any], named: dict[str, Any]) -> None:
    """Make the layer that a module is, as its class's base does in `__init__`."""
    assert module.made_by is not None
    module.layer = follower.made(node, KINDS[module.made_by.layer_kind](*given, **named))


def _check_base(follower: Follower, node: ast.AST, made_by: Class) -> None:
    """Refuse a class that derives from a layer, whose own behaviour is not followed."""
    if made_by.is_keras:
        return
    for root in made_by.roots - {made_by.layer_kind}:
        if root not in (*MODULES, "object", "ABC", "NamedTuple", "Enum", "Protocol", "Generic", *CONTAINERS):
            bases = [base for one in made_by.line() for base in one.bases if isinstance(base, Outside)]
            raise follower.refuse(
                made_by.node,
                f"class {made_by.name} derives from {root}, which is not followed",
                bases[0].whence if bases else "derive from nn.Module",
            )


def _take_fields(follower: Follower, node: ast.AST, module: Module, given: list[Any], named: dict[str, Any]) -> None:
    """Give a dataclass's object its fields."""
    made_by = module.made_by
    assert made_by is not None
    owners = [owner for owner in reversed(made_by.order) if owner.is_dataclass]
    statements = [part for owner in owners for part in owner.node.body if isinstance(part, ast.AnnAssign)]
    fields = list(dict.fromkeys(part.target.id for part in statements if isinstance(part.target, ast.Name)))
    if not owners or len(given) > len(fields) or set(named) - set(fields):
        raise follower.refuse(node, f"{made_by.name} takes other values", f"it takes {', '.join(fields) or 'none'}")
    module.names |= dict(zip(fields, given, strict=False)) | named
    scope = Scope({}, follower.file)
    for name in fields:
        if name not in module.names and not made_by.has(name):
            raise follower.refuse(node, f"{made_by.name} needs '{name}'")
        default = made_by.find(name) if name not in module.names else None
        if isinstance(default, Default):
            has_factory = default.factory is not None
            module.names[name] = follower.call(node, default.factory, [], {}, scope) if has_factory else default.value
    if made_by.has("__post_init__"):
        follower.run_function(node, made_by.find("__post_init__"), [module], {}, scope)


def fill(follower: Follower, node: ast.AST, module: Module, container: str, given: list[Any]) -> None:
    """Put layers into a container, by number or by name."""
    items: Any = given
    if len(given) == 1 and isinstance(given[0], dict):
        items = given[0]
    elif container != "Sequential" and len(given) == 1:
        items = dict(given[0].parts) if isinstance(given[0], Module) and container == "ModuleDict" else given[0]
        items = items if isinstance(items, dict) else list(follower.iterate(node, items))
    pairs = items.items() if isinstance(items, dict) else enumerate(items)
    for name, value in pairs:
        if container == "ModuleDict" and isinstance(value, tuple | list) and len(value) == 2:
            name, value = value
        add(follower, node, module, str(name), value)


def add(follower: Follower, node: ast.AST, module: Module, name: str, value: Any) -> None:
    """Put one layer into a container; raise InputError where it is none."""
    if value is not None and not isinstance(value, Layer | Module | Builtin):  # as einops' layers are
        hint = "put a * before a list: nn.Sequential(*layers)" if isinstance(value, list | tuple) else None
        raise follower.refuse(node, f"{named_kind(value)} is no layer", hint)
    module.parts[name] = value


def forward(
    follower: Follower, node: ast.AST, module: Module, given: list[Any], named: dict[str, Any], scope: Scope
) -> Any:
    """Run a module's `forward`; a Sequential's is its layers, one after the other."""
    follower.known(node, module)
    path = follower.paths.get(id(module), scope.path)
    inner = Scope({}, scope, module, None, path)
    if follower.trace is not None and path and path != scope.path:
        follower.trace.groups[path] = module.kind
    if "forward" in module.names:
        raise follower.refuse(node, "a forward that is assigned is not followed", "write it as a method")
    if module.made_by is not None:
        try:
            function = module.made_by.find("forward")
        except KeyError:
            function = None
        if function is not None:
            own = [] if "staticmethod" in getattr(function, "decorators", ()) else [module]
            return follower.run_function(node, function, [*own, *given], named, inner)
    if module.replay is not None and module.kind != "Sequential":
        return module.replay.run(follower, node, module, [*given, *named.values()], inner)
    if module.layer is not None:
        return follower.run_layer(node, module.layer, given, named, inner)
    if module.kind != "Sequential" and (module.made_by is None or module.made_by.container != "Sequential"):
        raise follower.refuse(node, f"a {module.kind} has no forward", "call its layers one by one")
    if len(given) != 1 or named:
        raise follower.refuse(node, "a Sequential is called with one tensor")
    x = given[0]
    for part in list(module.parts.values()):
        follower.spend(node)
        x = follower.call(node, part, [x], {}, inner)
    return x


def attribute(follower: Follower, node: ast.AST, module: Module, name: str, scope: Scope) -> Any:
    """Return an attribute of a module: its own, its class's, or what every module has."""
    if name in module.names:
        return module.names[name]
    if name in module.parts:
        return module.parts[name]
    if module.made_by is not None:
        try:
            member = module.made_by.find(name)
        except KeyError:
            pass
        else:
            return _bound(follower, node, member, module, scope)
    if module.layer is not None and name not in METHODS:
        return follower.attribute(node, module.layer, name, scope)
    if name == "__class__" and module.made_by is not None:
        return module.made_by
    if name == "__module__":
        return "network"
    if name == "training":
        follower.remark("forward asks whether it trains: it is followed as after eval()")
        return False
    run = METHODS.get(name)
    if name in KEPT:
        if name in ("train", "half", "double") and follower.trace is not None:
            why = f"forward calls {name}() of a part of the network, which is not followed in numbers"
            follower.trace.unknown.append(follower.refuse(node, why, "leave it out"))
        return Builtin(name, lambda call: module)
    if run is None or (module.made_by is not None and not (module.made_by.is_module)):
        raise follower.refuse(node, f"a {module.kind} has no '{name}'", "it must be made in __init__")
    return Builtin(name, lambda call: run(call, module))


def _bound(follower: Follower, node: ast.AST, found: Any, module: Module, scope: Scope) -> Any:
    if not isinstance(found, Function) or "staticmethod" in found.decorators:
        return found
    if "classmethod" in found.decorators:
        return Bound(found, module.made_by)
    if {"property", "cached_property", "functools.cached_property"} & set(found.decorators):
        return follower.run_function(node, found, [module], {}, scope)
    return Bound(found, module)


def of_class(follower: Follower, node: ast.AST, owner: Class, name: str) -> Any:
    """Return an attribute of a class; `nn.Module`'s own `__init__` does nothing."""
    if name == "__name__":
        return owner.name
    try:
        member = owner.find(name)
    except KeyError:
        if name == "__init__":
            return Builtin(name, lambda call: None)
        raise follower.refuse(node, f"class {owner.name} has no '{name}'") from None
    return Bound(member, owner) if isinstance(member, Function) and "classmethod" in member.decorators else member


def parent(call: Call) -> Any:
    """Return what `super()` gives: the methods of the base, bound to the object."""
    module, owner = call.scope.module, call.scope.owner
    if len(call.given) == 2 and isinstance(call.given[0], Class) and isinstance(call.given[1], Module):
        owner, module = call.given
    if module is None or owner is None:
        raise InputError("super() stands in no method")
    return Parent(module, owner)


class Parent(Module):
    """The object as its base class sees it."""

    def __init__(self, module: Module, owner: Class) -> None:
        line = module.made_by.order if module.made_by is not None else []
        above = line[line.index(owner) + 1 :] if owner in line else []
        outer = Class(
            f"super of {owner.name}", owner.node, (), {}, order=above or [Class("object", owner.node, (), {})]
        )
        super().__init__(module.kind, outer, {}, {})
        self.module = module
        self.container = "" if above else owner.container


def of_parent(follower: Follower, node: ast.AST, parent_: Parent, name: str) -> Any:
    """Return a method of the base, bound to the object itself."""
    assert parent_.made_by is not None
    try:
        member = parent_.made_by.find(name)
    except KeyError:
        if name == "forward" and parent_.module.layer is not None:
            return follower.attribute(node, parent_.module.layer, name, Scope({}))
        if name == "forward":
            return Builtin(name, lambda call: forward_of_container(call, parent_.module))
        if name != "__init__":
            return attribute(follower, node, parent_.module, name, Scope({}))
        made_by = parent_.module.made_by
        container = parent_.container or (parent_.module.made_by.container if parent_.module.made_by else "")

        def begin(call: Call) -> None:
            parent_.module.begun = True
            is_dataclass = parent_.made_by is not None and any(one.is_dataclass for one in parent_.made_by.line())
            if is_dataclass and made_by is not None and not made_by.is_module:
                _take_fields(call.follower, call.node, parent_.module, call.given, call.named)
            elif made_by is not None and made_by.layer_kind:
                begin_layer(call.follower, call.node, parent_.module, call.given, call.named)
            elif container:
                fill(call.follower, call.node, parent_.module, container, call.given)

        return Builtin(name, begin)
    return Bound(member, parent_.module)


def forward_of_container(call: Call, module: Module) -> Any:
    """Run a Sequential's own forward, of a class that derives from it."""
    plain = Module("Sequential", None, {}, module.parts)
    call.follower.paths[id(plain)] = call.follower.paths.get(id(module), call.scope.path)
    return forward(call.follower, call.node, plain, call.given, call.named, call.scope)


def _add_module(call: Call, module: Module) -> None:
    name, value = call.take("name", "module")
    holder = (
        module.parts if module.kind in CONTAINERS or (module.made_by and module.made_by.container) else module.names
    )
    if not isinstance(value, Layer | Module | None):
        raise InputError(f"{named_kind(value)} is no layer")
    holder[str(name)] = value


def _append(call: Call, module: Module) -> Module:
    (value,) = call.take("module")
    add(call.follower, call.node, module, str(len(module.parts)), value)
    return module


def _extend(call: Call, module: Module) -> Module:
    (values,) = call.take("modules")
    for value in call.follower.iterate(call.node, values):
        add(call.follower, call.node, module, str(len(module.parts)), value)
    return module


def _insert(call: Call, module: Module) -> None:
    index, value = call.take("index", "module")
    values = list(module.parts.values())
    values.insert(index, value)
    module.parts = {str(number): part for number, part in enumerate(values)}


def _update(call: Call, module: Module) -> None:
    fill(call.follower, call.node, module, "ModuleDict", call.given)


def _parameter(call: Call, module: Module) -> None:
    name, value = call.take("name", "param")
    module.names[str(name)] = value


def _buffers(module: Module) -> dict[str, Any]:
    """Return what a module keeps and does not train, by its full names: arrays of which the shape is known."""
    found: dict[str, Any] = {}
    for name, part in module.named():
        if isinstance(part, Buffer):
            found[name] = Array(tuple(part.shape))
        elif isinstance(part, Layer) and part.buffers.value:
            kept = {key: shape for key, shape in wanted(part).items() if key not in part.parameters}
            counter = {"num_batches_tracked": ()} if part.buffers.value % 2 else {}
            found |= {f"{name}.{key}".lstrip("."): Array(shape) for key, shape in (kept | counter).items()}
    return found


def require_gradient(call: Call, value: Any) -> Any:
    """Do what `requires_grad_` does to a module, a layer or a parameter."""
    (trained,) = call.take("requires_grad", requires_grad=True)
    is_trained = call.follower.truth(call.node, trained)
    for weight in [one for _, one in weights_of(value)] if isinstance(value, Module) else [value]:
        set_trained(weight, is_trained)
    return value


def _apply(call: Call, module: Module) -> Module:
    """Do to every part what a function does, as `apply` is used to fill weights: only what changes more is followed."""
    for function in call.given:
        node = function.function.node if isinstance(function, Bound) else getattr(function, "node", None)
        if node is not None and (changes_layers(node) or freezes(node) or adds_parts(node)):
            for _, part in reversed(list(module.named())):
                call.follower.call(call.node, function, [part], {}, call.scope)
    return module


def _buffer(call: Call, module: Module) -> None:
    """Keep an array as it is: not trained, but counted."""
    name, value, _ = call.take("name", "tensor", "persistent", persistent=True)
    if isinstance(value, Numbers):
        value = Array((len(value),))
    if isinstance(value, Library):
        call.follower.remark(f"the buffer {name} is not counted: its size is not followed")
    module.names[str(name)] = call.follower.made(call.node, Buffer(value.shape)) if isinstance(value, Array) else value


WITHOUT_EFFECT = ("load_state_dict", "save_hyperparameters", "extra_repr")
"""Methods of a module that change nothing that is counted."""
METHODS: dict[str, Callable[[Call, Module], Any]] = {
    "add_module": _add_module,
    "__getattr__": lambda call, module: call.follower.attribute(call.node, module, str(call.given[0]), call.scope),
    "__setattr__": lambda call, module: set_attribute(call.follower, call.node, module, *call.given),
    "register_module": _add_module,
    "register_parameter": _parameter,
    "register_buffer": _buffer,
    **dict.fromkeys(WITHOUT_EFFECT, lambda call, module: None),
    "apply": _apply,
    "append": _append,
    "extend": _extend,
    "insert": _insert,
    "update": _update,
    "modules": lambda call, module: Once(part for _, part in module.named()),
    "named_modules": lambda call, module: Once(module.named()),
    "children": lambda call, module: Once(part for _, part in module.children()),
    "named_children": lambda call, module: Once(module.children()),
    "parameters": lambda call, module: Once(part for _, part in weights_of(module)),
    "named_parameters": lambda call, module: Once(weights_of(module)),
    "requires_grad_": require_gradient,
    "state_dict": lambda call, module: {**dict(weights_of(module)), **_buffers(module)},
    "buffers": lambda call, module: Once(_buffers(module).values()),
    "named_buffers": lambda call, module: Once(_buffers(module).items()),
    "items": lambda call, module: list(module.parts.items()),
    "keys": lambda call, module: list(module.parts),
    "values": lambda call, module: list(module.parts.values()),
    "forward": lambda call, module: forward(call.follower, call.node, module, call.given, call.named, call.scope),
}
"""What every module can do; the first few of them only containers."""
