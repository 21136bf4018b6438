"""What can be done with each kind of value: how it is called, and what its attributes are."""

import ast
from collections.abc import Callable
from typing import Any

from convcalc.network.functions import Parameter
from convcalc.network.held import wanted
from convcalc.network.layer import Layer
from convcalc.network.source import arguments, arrays, files, library, modules, python, tensors, weighted
from convcalc.network.source.follower import SUPPORTED, Follower
from convcalc.network.source.values import (
    Array,
    Bound,
    Builtin,
    Call,
    Class,
    Function,
    Library,
    Module,
    Numbers,
    Scope,
    SourceModule,
    Unknown,
    Weight,
    named_kind,
    weights_of,
)
from convcalc.network.trace import Tensor, Trace
from convcalc.network.windows import Filters

MOVING = ("kernel_size", "stride", "padding", "dilation", "output_padding")


def _layer(call: Call) -> Any:
    """Apply a layer, or a module: within `forward`, or in `__init__` to an array of zeros, to find out a size."""
    follower, called = call.follower, call.called
    if follower.trace is None and any(isinstance(value, Array) for value in call.given):
        return _tried_out(call)
    if isinstance(called, Parameter):
        raise follower.refuse(call.node, "a parameter is not called")
    if isinstance(called, Layer):
        return follower.run_layer(call.node, called, call.given, call.named, call.scope)
    return modules.forward(follower, call.node, called, call.given, call.named, call.scope)


def _tried_out(call: Call) -> Any:
    """Apply a part of the network in `__init__`, to an array of zeros, as is done to find out a size."""
    follower = call.follower
    follower.trace = Trace()
    try:
        positional = [
            follower.trace.input(value.shape[1:]) if isinstance(value, Array) else value for value in call.given
        ]
        output = follower.call(call.node, call.called, positional, call.named, call.scope)
    finally:
        follower.trace, follower.parameters = None, {}
    return Array(output.shape) if isinstance(output, Tensor) else output


CALLS: tuple[tuple[Any, Callable[[Call], Any]], ...] = (
    (Builtin, lambda call: call.called.run(call)),
    (Library, lambda call: library.called(call, call.called.name)),
    (Function, lambda call: call.follower.run_function(call.node, call.called, call.given, call.named, call.scope)),
    (Bound, lambda call: call.follower.run_function(
        call.node, call.called.function, [call.called.this, *call.given], call.named, call.scope)),
    (Class, lambda call: modules.make(call.follower, call.node, call.called, call.given, call.named, call.scope)),
    (Layer | Module, _layer),
)  # fmt: skip
"""How a value is called, by its type: the first that fits."""


def _of_weight(follower: Follower, node: ast.AST, value: Any, name: str, scope: Scope) -> Any:
    """Return whether a weight is trained, or say so; its other attributes are those of a tensor.

    What is done to its numbers where they stand, or before there is an input, changes no shape.
    """
    if name == "requires_grad":
        layer, part = (value.layer, value.part) if isinstance(value, Weight) else (value, "weight")
        return part not in layer.frozen
    if name == "requires_grad_":
        return Builtin(name, lambda call: modules.require_gradient(call, value))
    if isinstance(value, Weight):
        shape = wanted(value.layer).get(value.part, ())
        if name in ("shape", "ndim", "size", "numel", "dim"):
            return arrays.attribute(follower, node, Array(shape), name, scope)
        if follower.trace is None and shape and name not in ("grad", "device", "dtype"):
            return arrays.attribute(follower, node, Array(shape), name, scope)
        if follower.trace is None or name in ("data", "grad", "device", "dtype") or name.endswith("_"):
            return library.attribute(value, name)
        value = follower.tensor(value, node, scope)
    return tensors.attribute(follower, node, value, name, scope)


def _of_layer(follower: Follower, node: ast.AST, layer: Layer, name: str, scope: Scope) -> Any:
    if (id(layer), name) in follower.extras:
        return follower.extras[id(layer), name]
    if name == "forward":
        return Builtin(name, lambda call: follower.run_layer(call.node, layer, call.given, call.named, call.scope))
    if name in ("weight", "bias") and layer.weights.value:
        return Weight("torch.nothing", layer, name) if getattr(layer, name, True) not in (None, False) else None
    if name == "_conv_forward" and isinstance(layer, Filters):
        return weighted.with_own_weights(layer)
    if name == "requires_grad_":
        return Builtin(name, lambda call: modules.require_gradient(call, layer))
    if name in ("eval", "train", "to", "cuda", "cpu", "double", "float", "half"):
        return Builtin(name, lambda call: layer)
    if name in ("parameters", "named_parameters"):
        with_names = name == "named_parameters"
        return Builtin(name, lambda call: [one if with_names else one[1] for one in weights_of(layer)])
    if name in ("modules", "children"):
        return Builtin(name, lambda call: [layer] if name == "modules" else [])
    if name in ("named_modules", "named_children"):
        return Builtin(name, lambda call: [("", layer)] if name == "named_modules" else [])
    if name in ("register_forward_hook", "reset_parameters", "apply", "state_dict", "load_state_dict"):
        return Builtin(name, lambda call: layer)
    if name == "__class__":
        return Library(f"torch.nn.{layer.kind}")
    if hasattr(layer, name) and name in type(layer).arguments():
        value = getattr(layer, name)
        tuples = isinstance(layer, Filters) and isinstance(value, int) and name in MOVING
        return layer.each(name, 0) if tuples else value  # a convolution's settings are tuples, as PyTorch keeps them
    raise follower.refuse(node, f"a {layer.kind} has no '{name}' that is followed")


def _of_function(follower: Follower, node: ast.AST, function: Function, name: str, scope: Scope) -> Any:
    """Return an attribute of a function of the file: its name, or one that it was given."""
    if name in ("__name__", "__module__"):
        return function.name if name == "__name__" else "network"
    if name == "__class__":
        return Library("types.FunctionType")
    raise follower.refuse(node, f"a function's '{name}' is not followed")


def _of_numbers(follower: Follower, node: ast.AST, value: Numbers, name: str, scope: Scope) -> Any:
    """Return what a row of numbers has by a name; what is calculated with it is not followed."""
    if name == "shape":
        return (len(value),)
    if name in ("tolist", "numpy", "cpu", "detach", "float", "to", "flatten", "ravel"):
        return Builtin(name, lambda call: list(value) if name == "tolist" else value)
    method = python.method(list(value), name)
    return method or arrays.attribute(follower, node, Array((len(value),)), name, scope)


def _of_plain(follower: Follower, node: ast.AST, value: Any, name: str, scope: Scope) -> Any:
    """Return a method of a number, a word, a list."""
    method = python.method(value, name)
    if method is None:
        raise follower.refuse(node, f"{named_kind(value)} has no '{name}' that is followed", SUPPORTED)
    return method


def _of_module(follower: Follower, node: ast.AST, module: SourceModule, name: str, scope: Scope) -> Any:
    """Return what an imported file has by a name."""
    value = files.member(follower, node, module, name)
    if isinstance(value, Unknown):
        raise value.error
    return value


ATTRIBUTES: tuple[tuple[Any, Callable[[Follower, ast.AST, Any, str, Scope], Any]], ...] = (
    (Weight | Parameter, _of_weight),
    (Library, lambda follower, node, value, name, scope: library.attribute(value, name)),
    (SourceModule, _of_module),
    (arguments.Parser, arguments.of_parser),
    (arguments.Settings, arguments.of_settings),
    (modules.Parent, lambda follower, node, value, name, scope: modules.of_parent(follower, node, value, name)),
    (Module, modules.attribute),
    (Tensor, tensors.attribute),
    (Layer, _of_layer),
    (Class, lambda follower, node, value, name, scope: modules.of_class(follower, node, value, name)),
    (Function, _of_function),
    (Numbers, _of_numbers),
    (Array, arrays.attribute),
    (object, _of_plain),
)
"""An attribute of a value, by its type: the first that fits."""
