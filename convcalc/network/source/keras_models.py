"""Keras's models: Sequential, functional and of a class of the file; how they are called, and what they hold."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from convcalc.errors import ConvcalcError, InputError
from convcalc.network.functions import Resize, Source
from convcalc.network.keras.layer import KerasLayer
from convcalc.network.keras.recurrent import Recurrent
from convcalc.network.layer import Layer, Shape
from convcalc.network.source.follower import Follower
from convcalc.network.source.values import Bound, Function, Module, Scope, named_kind
from convcalc.network.trace import Node, Tensor

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


def functional(follower: Follower, node: ast.AST, inputs: Any, outputs: Any, name: str) -> KerasModel:
    """Make a model of everything that lies between tensors."""
    trace = follower.trace
    assert trace is not None
    layers: list[Any]
    starts, ends = list(tensors_in(inputs)), list(tensors_in(outputs))
    if not starts or not ends:
        raise follower.refuse(node, "a Model is made of input and output tensors", "Model(inputs, outputs)")
    needed, first = {tensor.node for tensor in ends}, {tensor.node for tensor in starts}
    nodes: list[Node] = []
    for index in range(max(needed), -1, -1):
        if index in needed and index not in first:
            one = trace.nodes[index]
            if type(one.layer) is Source:
                raise follower.refuse(node, f"the outputs depend on {one.name}, which is not among the inputs")
            nodes.append(one)
            needed |= set(one.inputs)
    nodes.reverse()
    parts = (follower.models.get(one.name.partition(".")[0], one.layer) for one in nodes)
    layers = [trace.nodes[tensor.node].layer for tensor in starts]  # Keras's list begins with the inputs
    layers += dict.fromkeys(part for part in parts if not isinstance(part, Layer) or isinstance(part, KerasLayer))
    given = [getattr(trace.nodes[tensor.node].layer, "given", tensor.shape[1:]) for tensor in starts]
    groups = {
        path: kind for path, kind in trace.groups.items() if any(one.name.startswith(path + ".") for one in nodes)
    }
    return KerasModel("Functional", name, layers, given, starts, outputs, nodes, groups)


def tensors_in(value: Any) -> Iterator[Tensor]:
    """Yield the tensors in lists and dictionaries."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from tensors_in(item)


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
    return _mapped(model.outputs, now)


def call_module(call: Any, module: Module) -> Any:
    """Apply an object of a class of the file that derives from Keras's Model or Layer: build it once, then `call`."""
    follower, node = call.follower, call.node
    assert module.made_by is not None
    path = follower.local_name(module.names.get("name", ""), call.scope)
    inner = Scope({}, call.scope, module, None, path)
    if path != call.scope.path and follower.trace is not None:
        follower.trace.groups[path], follower.models[path] = module.kind, module
    if module.made_by.has("build") and "built" not in module.names:
        module.names["built"] = True
        first = next(iter(tensors_in(call.given)), None)
        shape = () if first is None else (None, *first.shape[1:])
        follower.call(node, Bound(module.made_by.find("build"), module), [shape], {}, inner)
    if not module.made_by.has("call"):
        raise follower.refuse(node, f"a {module.kind} has no call", "def call(self, x): …")
    method = module.made_by.find("call")
    named = {key: value for key, value in call.named.items() if key not in ("training", "mask")}
    names = [argument.arg for argument in method.node.args.args] if isinstance(method, Function) else []
    named |= {"training": False} if "training" in names and len(call.given) < names.index("training") else {}
    return follower.run_function(node, method, [module, *call.given], named, inner)


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
    if isinstance(network, KerasModel):
        return inputs, call_model(follower, node, network, list(inputs), Scope({}), is_part=False)
    if not isinstance(network, Module):
        raise InputError(f"{named_kind(network)} is no network")
    name = network.names.pop("name", "")
    try:
        return inputs, follower.call(node, network, [inputs[0] if len(inputs) == 1 else list(inputs)], {}, Scope({}))
    finally:
        network.names["name"] = name


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
    """Yield the models and layers that a model holds, however deep."""
    if isinstance(network, KerasModel):
        inner = network.layers
    elif isinstance(network, Module):
        inner = [part for value in network.names.values() for part in (value if isinstance(value, list) else [value])]
    else:
        return
    for part in inner:
        if isinstance(part, KerasModel | KerasLayer | Module):
            yield part
            yield from parts_of(part)


def set_trainable(part: Any, trains: bool) -> None:
    """Say of a layer, or of all that a model holds, whether it is trained."""
    for one in [part, *parts_of(part)]:
        if isinstance(one, KerasLayer):
            one.frozen = frozenset() if trains else frozenset(("weight", "bias"))
