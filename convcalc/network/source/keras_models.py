"""Keras's models: Sequential, functional and of a class of the file; how they are called, and what they hold."""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from convcalc.errors import ConvcalcError, InputError
from convcalc.network.functions import Parameter, Resize, Source
from convcalc.network.keras.layer import KerasLayer
from convcalc.network.keras.recurrent import Recurrent
from convcalc.network.layer import Layer, Shape
from convcalc.network.source.follower import Follower
from convcalc.network.source.keras_order import by_depth
from convcalc.network.source.values import Bound, Function, Module, Scope, named_kind
from convcalc.network.trace import Node, Tensor, tensors_in

Given = tuple[int | None, ...]
"""A shape as a file gives it, without the batch: None where any size will do."""


@dataclass(eq=False)
class KerasModel:
    """A Sequential, or what `Model(inputs, outputs)` makes."""

    kind: str
    name: str
    layers: list[Any] = field(default_factory=list)
    given: list[Given | ConvcalcError] = field(default_factory=list)
    """The shapes of its inputs, where the file tells them; or why they are not known."""
    inputs: list[Tensor] = field(default_factory=list)
    outputs: Any = None
    nodes: list[Node] = field(default_factory=list)
    """What lies between inputs and outputs."""
    groups: dict[str, str] = field(default_factory=dict)
    trains: bool = True
    """Whether any of it is trained, whatever its layers say."""


def functional(follower: Follower, node: ast.AST, inputs: Any, outputs: Any, name: str) -> KerasModel:
    """Make a model of everything that lies between tensors."""
    trace = follower.trace
    assert trace is not None
    starts, ends = list(tensors_in(inputs)), list(tensors_in(outputs))
    if not starts or not ends:
        raise follower.refuse(node, "a Model is made of input and output tensors", "Model(inputs, outputs)")
    first = [tensor.node for tensor in starts]
    between = _between(follower, node, {tensor.node for tensor in ends}, set(first))
    nodes = [trace.nodes[index] for index in sorted(between)]
    every = {one.index: one for one in (*nodes, *(trace.nodes[index] for index in first))}

    def owner(index: int) -> Any:
        one = trace.nodes[index]
        part = one.name.partition(".")[0]
        return follower.models[part] if part in follower.models and "." in one.name else one.layer

    found = by_depth(every, first, [tensor.node for tensor in ends], owner)
    layers = [one for one in found if not isinstance(one, Layer) or isinstance(one, KerasLayer) or type(one) is Source]
    given = [getattr(trace.nodes[tensor.node].layer, "given", tensor.shape[1:]) for tensor in starts]
    names = [one.name for one in nodes]
    groups = {path: kind for path, kind in trace.groups.items() if any(name.startswith(f"{path}.") for name in names)}
    return KerasModel("Functional", name, layers, given, starts, outputs, nodes, groups)


def _between(follower: Follower, node: ast.AST, needed: set[int], first: set[int]) -> set[int]:
    """Return the nodes that outputs depend on, back to the inputs; of a model that is a part, all of its nodes."""
    trace = follower.trace
    assert trace is not None
    between: set[int] = set()
    waiting = list(needed - first)
    while waiting:
        one = trace.nodes[waiting.pop()]
        if one.index in between:
            continue
        if type(one.layer) is Source:
            raise follower.refuse(node, f"the outputs depend on {one.name}, which is not among the inputs")
        between.add(one.index)
        call = follower.calls.get(one.index)
        waiting += [index for index in (*one.inputs, *(call or ())) if index not in first and index not in between]
    return between


def _mapped(value: Any, now: dict[int, Tensor]) -> Any:
    if isinstance(value, Tensor):
        return now[value.node]
    if isinstance(value, list | tuple):
        return type(value)(_mapped(item, now) for item in value)
    if isinstance(value, dict):
        return {key: _mapped(item, now) for key, item in value.items()}
    return value


def call_layer(follower: Follower, node: ast.AST, layer: KerasLayer, given: list[Any], scope: Scope) -> Any:
    """Apply a layer to a tensor, or to the tensors of a list."""
    tensors = [follower.tensor(one, node, scope) for one in _flat(given)]
    if not tensors:
        raise follower.refuse(node, f"{layer.kind} is called with no tensor", "layer(x)")
    follower.paths[id(layer)] = layer.name  # of a function, so that it gets no second prefix
    name = follower.local_name(layer.name, scope)
    output = follower.use(name, layer, *tensors, node=node, scope=scope)
    if not getattr(layer, "return_state", False):
        return output
    states = layer.states if isinstance(layer, Recurrent) else 2
    cut = (1, layer.units) if isinstance(layer, Recurrent) else (1, *output.shape[2:])
    return [
        output,
        *(follower.use("state", Resize("state", cut), output, node=node, scope=scope) for _ in range(states)),
    ]


def _flat(given: list[Any]) -> list[Any]:
    tensors: list[Any] = []
    for value in given:
        if isinstance(value, list | tuple):
            tensors += value
        elif value is not None and not isinstance(value, bool):
            tensors.append(value)
    return tensors


def call_model(
    follower: Follower, node: ast.AST, model: KerasModel, given: list[Any], scope: Scope, *, is_part: bool = True
) -> Any:
    """Apply a model: within another one, its layers are parts of it by its name."""
    path = follower.local_name(model.name.replace(".", "_"), scope) if is_part else scope.path
    inner = Scope({}, scope, scope.module, scope.owner, path)
    trace = follower.trace
    assert trace is not None
    first_new = len(trace.nodes)
    if is_part:
        trace.groups[path], follower.models[path] = model.kind, model
    tensors = [follower.tensor(one, node, scope) for one in _flat(given)]
    if model.kind == "Sequential":
        value: Any = tensors[0] if tensors else None
        if value is None:
            raise follower.refuse(node, "a Sequential is called with one tensor")
        for layer in model.layers:
            follower.spend(node)
            value = follower.call(node, layer, [value], {}, inner)
        _remember(follower, first_new)
        return value
    if len(tensors) != len(model.inputs):
        raise follower.refuse(node, f"{model.name} has {len(model.inputs)} inputs, and is called with {len(tensors)}")
    now = {tensor.node: one for tensor, one in zip(model.inputs, tensors, strict=True)}
    prefix = f"{path}." if path else ""
    trace.groups |= {f"{prefix}{part}": kind for part, kind in model.groups.items()}
    for one in model.nodes:
        follower.spend(node)
        follower.paths[id(one.layer)] = one.name
        read = [now[index] for index in one.inputs]
        now[one.index] = follower.use(f"{prefix}{one.name}", one.layer, *read, node=node, scope=inner)
    _remember(follower, first_new)
    return _mapped(model.outputs, now)


def _remember(follower: Follower, first: int) -> None:
    """Note which nodes one call of a model made: whoever needs one of them has all."""
    assert follower.trace is not None
    made = range(first, len(follower.trace.nodes))
    follower.calls |= dict.fromkeys(made, made)


def call_module(call: Any, module: Module) -> Any:
    """Apply an object of a class of the file that derives from Keras's Model or Layer: build it once, then `call`."""
    follower, node = call.follower, call.node
    assert module.made_by is not None
    path = follower.local_name(module.names.get("name", ""), call.scope)
    inner = Scope({}, call.scope, module, None, path)
    if path != call.scope.path and follower.trace is not None:
        follower.trace.groups[path], follower.models[path] = module.kind, module
    first_new = len(follower.trace.nodes) if follower.trace is not None else 0
    if module.made_by.has("build") and "built" not in module.names:
        module.names["built"] = True
        first = next(iter(tensors_in(call.given)), None)
        shape = () if first is None else (None, *first.shape[1:])
        follower.call(node, Bound(module.made_by.find("build"), module), [shape], {}, inner)
    if module.names.pop("starts frozen", False):
        freeze(module)
    if not module.made_by.has("call"):
        raise follower.refuse(node, f"a {module.kind} has no call", "def call(self, x): …")
    method = module.made_by.find("call")
    named = {key: value for key, value in call.named.items() if key not in ("training", "mask")}
    names = [argument.arg for argument in method.node.args.args] if isinstance(method, Function) else []
    named |= {"training": False} if "training" in names and len(call.given) < names.index("training") else {}
    value = follower.run_function(node, method, [module, *call.given], named, inner)
    _remember(follower, first_new)
    return value


def applied(follower: Follower, network: Any, shapes: list[Shape], node: ast.AST) -> tuple[list[Tensor], Any]:
    """Apply a model to its inputs, in an empty trace; raise InputError where a size is not known, or is another."""
    trace = follower.trace
    assert trace is not None
    if isinstance(network, KerasModel) and network.kind == "Sequential" and not network.layers:
        raise InputError(f"{network.name} has no layers", hint="model.add(layers.Dense(10)), or keras.Sequential([…])")
    known = network.given if isinstance(network, KerasModel) else network.names.get("given shapes", [])
    wanted = [_settled(one, shapes, index) for index, one in enumerate(known)] if known else shapes
    if not wanted:
        raise InputError("the shape of the input is missing", hint="give one item's, as in -i 28x28x1 (H×W×C)")
    if len(shapes) > len(wanted):
        raise InputError(f"{len(shapes)} inputs are given, and the network has {len(wanted)}")
    inputs = [trace.input(shape) for shape in wanted]
    trains = network.trains if isinstance(network, KerasModel) else network.names.get("trainable", True)
    if not trains:  # of parts only what each layer says counts
        freeze(network)
    if isinstance(network, KerasModel):
        value = call_model(follower, node, network, list(inputs), Scope({}), is_part=False)
        _count_unused(follower, network)
        return inputs, value
    if not isinstance(network, Module):
        raise InputError(f"{named_kind(network)} is no network")
    name = network.names.pop("name", "")
    try:
        value = follower.call(node, network, [inputs[0] if len(inputs) == 1 else list(inputs)], {}, Scope({}))
        _count_unused(follower, network)
        return inputs, value
    finally:
        network.names["name"] = name


def _count_unused(follower: Follower, network: Any) -> None:
    """Count weights that a class of the file makes, and its `call` does not use."""
    for part in parts_of(network):
        if isinstance(part, Parameter) and follower.trace is not None:
            follower.trace.unused(follower.paths.get(id(part), "weight"), part)


def _settled(given: Given | ConvcalcError, shapes: list[Shape], index: int) -> Shape:
    """Return an input's shape: the file's, with what is asked for where the file leaves it open."""
    asked = shapes[index] if index < len(shapes) else None
    if isinstance(given, ConvcalcError):
        if asked is None:
            hint = "give one item's, as in -i 28x28x1 (H×W×C), or -i 13"
            raise InputError(f"the input's shape is not known: {given.message}", hint=hint, place=given.place)
        return asked
    if asked is not None:
        fits = len(asked) == len(given) and all(one in (None, size) for one, size in zip(given, asked, strict=True))
        if not fits:
            own = f"(None, {', '.join(map(str, given))})"
            raise InputError(
                f"the file's input is {own}, and {'×'.join(map(str, asked))} is given", hint="leave -i out"
            )
        return asked
    if any(one is None for one in given):
        example = "x".join("32" if one is None else str(one) for one in given)
        raise InputError("the file leaves the input's size open", hint=f"give it, as in -i {example}")
    return tuple(size for size in given if size is not None)


def parts_of(network: Any) -> Iterator[Any]:
    """Yield the models, layers and parameters that a model holds, however deep."""
    for part in children_of(network):
        yield part
        yield from parts_of(part)


def children_of(network: Any) -> list[Any]:
    """Return what a model, or an object of a class of the file, holds itself, in lists and dictionaries too."""
    if isinstance(network, KerasModel):
        return [part for part in network.layers if isinstance(part, KerasModel | KerasLayer | Module)]
    return list(_within(list(network.names.values()))) if isinstance(network, Module) else []


def _within(value: Any) -> Iterator[Any]:
    if isinstance(value, KerasModel | KerasLayer | Module | Parameter):
        yield value
    elif isinstance(value, list | tuple | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _within(item)


def freeze(part: Any) -> None:
    """Let nothing of a model be trained."""
    for one in [part, *parts_of(part)]:
        if isinstance(one, KerasLayer | Parameter):
            one.frozen = frozenset(("weight", "bias"))


def set_trainable(part: Any, trains: bool) -> None:
    """Say of a layer, or of a model and all that it holds, whether it is trained."""
    for one in [part, *parts_of(part)]:
        if isinstance(one, KerasLayer | Parameter):
            one.frozen = frozenset() if trains else frozenset(("weight", "bias"))
        elif isinstance(one, KerasModel):
            one.trains = trains
        elif isinstance(one, Module):
            one.names["trainable"] = trains


def cloned(model: KerasModel) -> KerasModel:
    """Return a model with layers of its own, as `clone_model` makes it."""
    copies: dict[int, Any] = {}

    def copied(layer: Any) -> Any:
        if id(layer) not in copies and isinstance(layer, KerasModel):
            copies[id(layer)] = cloned(layer)
        elif id(layer) not in copies:
            copies[id(layer)] = copy.copy(layer) if isinstance(layer, KerasLayer) else layer
        return copies[id(layer)]

    layers = [copied(layer) for layer in model.layers]
    nodes = [replace(node, layer=copied(node.layer)) for node in model.nodes]
    return replace(model, layers=layers, nodes=nodes)
