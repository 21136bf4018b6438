"""What Keras's layers, models and tensors have in a source file: their attributes, and how those are given values."""

import ast
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from convcalc.errors import InputError
from convcalc.network.functions import Parameter, Source
from convcalc.network.keras import norms, shaping, windows
from convcalc.network.keras.kinds import ALIASES
from convcalc.network.keras.kinds import KERAS as LAYERS
from convcalc.network.keras.layer import KerasLayer
from convcalc.network.layer import Layer
from convcalc.network.source import keras_models as models
from convcalc.network.source import modules, tensors
from convcalc.network.source.follower import Follower
from convcalc.network.source.keras import add, given_shape, is_keras, layer_called, start
from convcalc.network.source.keras_models import KerasModel
from convcalc.network.source.values import Builtin, Call, Library, Module, Scope
from convcalc.network.trace import Tensor, tensors_in

TRAINING = ("compile", "fit", "summary", "evaluate", "predict", "save", "save_weights", "load_weights", "fit_generator",
            "train_on_batch", "set_weights", "get_config", "to_json", "export", "predict_classes",
            "evaluate_generator", "predict_generator", "add_loss", "add_metric", "test_on_batch", "predict_on_batch",
            "adapt", "get_weights", "reset_states", "assign", "load_model", "predict_proba")  # fmt: skip
"""Methods that change nothing that is counted."""


OF_WEIGHTS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("kernel", "bias", "kernel_regularizer", "kernel_initializer"), (windows.Conv, shaping.Dense)),
    **dict.fromkeys(("gamma", "beta", "moving_mean", "moving_variance"), (norms.BatchNorm,)),
}
"""Attributes that are numbers, or change none that is counted, and whose they are."""


def of_layer(follower: Follower, node: ast.AST, layer: KerasLayer, name: str, scope: Scope) -> Any:
    """Return an attribute of a layer."""
    if name in TRAINING:
        return Builtin(name, lambda call: Library("torch.nothing"), idle=True)
    if (id(layer), name) in follower.extras:
        return follower.extras[id(layer), name]
    if name == "trainable":
        return not layer.frozen
    if name in OF_WEIGHTS and isinstance(layer, OF_WEIGHTS[name]):
        return Library("torch.nothing")
    if name in ("output", "input"):
        trace = follower.trace
        found = [one for one in (trace.nodes if trace is not None else []) if one.layer is layer]
        if found:
            return Tensor(found[-1].output, found[-1].index if name == "output" else found[-1].inputs[0])
    if name == "__class__":
        return Library(f"keras.layers.{layer.kind}")
    if name == "name" or name in type(layer).arguments():
        return getattr(layer, name)
    if name in ("call", "__call__"):
        return Builtin(name, lambda call: layer_called(replace(call, called=layer)))
    raise follower.refuse(node, f"a {layer.kind} has no '{name}' that is followed")


def of_model(follower: Follower, node: ast.AST, model: KerasModel, name: str, scope: Scope) -> Any:
    """Return an attribute of a model."""
    if name in TRAINING:
        return Builtin(name, lambda call: Library("torch.nothing"), idle=True)
    if name in ("name", "layers"):
        return list(model.layers) if name == "layers" else model.name
    if name == "trainable":
        return model.trains
    if name in ("input", "inputs", "output", "outputs", "input_shape", "output_shape"):
        return _ends(follower, node, model, name)
    if name == "add":
        return Builtin(name, lambda call: add(call, model, (*call.given, *call.named.values())[0]))
    if name == "pop":
        return Builtin(name, lambda call: _pop(model))
    if name == "build":
        return Builtin(name, lambda call: _build(call, model))
    if name == "get_layer":
        return Builtin(name, lambda call: _named(call, model))
    if name in ("call", "__call__"):
        return Builtin(name, lambda call: models.call_model(follower, call.node, model, call.given, call.scope))
    raise follower.refuse(node, f"a {model.kind}'s '{name}' is not followed")


def _pop(model: KerasModel) -> None:
    model.layers.pop()
    model.inputs, model.outputs = [], None


def _build(call: Call, model: KerasModel) -> None:
    (shape,) = call.take("input_shape")
    model.given = model.given or [given_shape(call, shape)[1:]]


def _named(call: Call, model: KerasModel) -> Any:
    name, index = call.take("name", "index", name=None, index=None)
    if index is not None:
        return model.layers[index]
    names = [layer.names.get("name") if isinstance(layer, Module) else layer.name for layer in model.layers]
    found = [layer for layer, own in zip(model.layers, names, strict=True) if own == name]
    if not found:
        raise InputError(f"{model.name} has no layer '{name}'")
    return found[0]


def _ends(follower: Follower, node: ast.AST, model: KerasModel, name: str) -> Any:
    """Return a model's inputs or outputs; a Sequential's are made when they are first asked for."""
    if model.kind == "Sequential" and not model.inputs:
        if not model.given:
            raise follower.refuse(node, f"{model.name} has no {name} before its input's shape is known")
        x = start(follower, node, model.given[0], f"{model.name}_input")
        value: Any = x
        for layer in model.layers:
            value = follower.call(node, layer, [value], {}, Scope({}))
        model.inputs, model.outputs = [x], value
    if name.startswith("input"):
        values: Any = model.inputs
    else:
        values = list(tensors_in(model.outputs))
    if name.endswith("_shape"):
        return (None, *values[0].shape[1:])
    return list(values) if name.endswith("s") or len(values) > 1 else values[0]


def of_input(follower: Follower, node: ast.AST, layer: Source, name: str, scope: Scope) -> Any:
    """Return an attribute of an input, as one of a model's layers."""
    if name in ("name", "trainable"):
        return "input" if name == "name" else True
    if isinstance(layer, Parameter):
        return tensors.attribute(follower, node, follower.tensor(layer, node, scope), name, scope)
    raise follower.refuse(node, f"an input's '{name}' is not followed")


def of_tensor(follower: Follower, node: ast.AST, value: Tensor, name: str, scope: Scope) -> Any:
    """Return an attribute of a tensor: its shape begins with None, as Keras has it."""
    if name == "shape" and not value.batchless:
        return (None, *value.shape[1:])
    if name == "get_shape":
        return Builtin(name, lambda call: [None, *value.shape[1:]])
    if name == "_keras_shape":
        return (None, *value.shape[1:])
    if name in ("astype", "numpy", "copy"):
        return Builtin(name, lambda call: value)
    return tensors.attribute(follower, node, value, name, scope)


def of_module(follower: Follower, node: ast.AST, module: Module, name: str, scope: Scope) -> Any:
    """Return an attribute of an object of a class of the file."""
    made_by = module.made_by
    if made_by is not None and made_by.is_keras and not made_by.has(name) and name not in module.names:
        if name in TRAINING:
            return Builtin(name, lambda call: Library("torch.nothing"), idle=True)
        if name == "build":
            return Builtin(name, lambda call: module.names.setdefault(
                "given shapes", [given_shape(call, (*call.given, *call.named.values())[0])[1:]]))  # fmt: skip
        if name in ("add_weight", "add_variable"):
            return Builtin(name, lambda call: _weight(call, module))
        if name == "layers":
            return [part for part in models.children_of(module) if not isinstance(part, Parameter)]
        if name in ("trainable", "built"):
            return True
    return modules.attribute(follower, node, module, name, scope)


def _weight(call: Call, module: Module) -> Any:
    named = dict(call.named)
    shape = named.get("shape", next((one for one in call.given if isinstance(one, tuple | list)), ()))
    if any(not isinstance(size, int) for size in shape):
        raise InputError(f"a weight of {shape!r} is not followed", hint="its sizes are whole numbers")
    parameter = Parameter(tuple(shape))
    parameter.frozen = frozenset() if named.get("trainable", True) else frozenset(("weight", "bias"))
    name = named.get("name") or next((one for one in call.given if isinstance(one, str)), "weight")
    call.follower.paths[id(parameter)] = call.follower.local_name(str(name), call.scope)
    return call.follower.made(call.node, parameter)


def _of_parent(follower: Follower, node: ast.AST, parent: Any, name: str, scope: Scope) -> Any:
    made_by = parent.module.made_by
    if made_by is not None and made_by.is_keras and not parent.made_by.has(name) and name != "__init__":
        return Builtin(name, lambda call: {} if name == "get_config" else None, idle=True)
    if made_by is not None and made_by.is_keras and name == "__init__" and not parent.made_by.has(name):
        return Builtin(name, lambda call: _begin(call, parent.module))
    return modules.of_parent(follower, node, parent, name)


def _begin(call: Call, module: Module) -> None:
    """Do what Keras's own `__init__` does: take a name, and whether it is trained."""
    if len(call.given) >= 2 or "outputs" in call.named:
        raise InputError("a class that gives Model its inputs and outputs is not followed", hint="return Model(…)")
    module.begun = True
    if isinstance(call.named.get("name"), str):
        module.names["name"] = call.named["name"]
    if call.named.get("trainable") is False:
        module.names["starts frozen"] = True


ATTRIBUTES: tuple[tuple[Any, Callable[[Follower, ast.AST, Any, str, Scope], Any]], ...] = (
    (KerasLayer, of_layer),
    (KerasModel, of_model),
    (Source, of_input),
    (Tensor, of_tensor),
    (modules.Parent, _of_parent),
    (Module, of_module),
)
"""Attributes of Keras's values, before those of Python's."""


def set_attribute(follower: Follower, node: ast.AST, holder: Any, name: str, value: Any) -> bool:
    """Give a layer's or a model's attribute a value; return whether it was one of those."""
    if isinstance(holder, Module) and name == "trainable" and holder.made_by is not None and holder.made_by.is_keras:
        models.set_trainable(holder, follower.truth(node, value))
        return True
    if name == "trainable" and isinstance(holder, Library):
        raise follower.refuse(node, "a single weight that is frozen is not followed", "freeze its layer")
    if isinstance(holder, Source):
        return True  # an input, which has nothing to train
    if not isinstance(holder, KerasLayer | KerasModel):
        return False
    if name == "trainable":
        models.set_trainable(holder, follower.truth(node, value))
    elif name in ("name", "_name"):
        holder.name = str(value)
    elif isinstance(holder, Layer) and name in type(holder).arguments():
        raise follower.refuse(node, f"a layer's {name} that is changed is not followed", "make the layer so")
    return True


def canonical(value: Any) -> Any:
    """Return one of Keras's classes by its one name, wherever it was imported from; in lists, too."""
    if isinstance(value, list | tuple):
        return type(value)(canonical(one) for one in value) if len(value) < 100 else value
    if type(value) is Library and is_keras(value.name):
        last = ALIASES.get(value.name.rpartition(".")[2], value.name.rpartition(".")[2])
        return Library(f"keras.layers.{last}") if last in LAYERS else value
    return value


def is_kind(value: Any, name: str) -> bool | None:
    """Whether a value is of one of Keras's classes, by its name; None: that is none of them."""
    name = ALIASES.get(name, name)
    if name in LAYERS:
        return isinstance(value, KerasLayer) and value.kind == name
    if name in ("Model", "Functional"):
        return isinstance(value, KerasModel) or (
            isinstance(value, Module) and bool(value.made_by and value.made_by.is_keras)
        )
    if name == "Layer":
        return isinstance(value, KerasLayer | KerasModel | Module)
    return None
