"""Keras in a source file: what its library's functions do, and what layers, models and tensors have."""

import ast
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from convcalc.errors import ConvcalcError, InputError
from convcalc.network.functions import Source
from convcalc.network.keras.kinds import ALIASES, KERAS, keras_layer
from convcalc.network.keras.layer import KerasLayer, words
from convcalc.network.keras.recurrent import Wrapping
from convcalc.network.keras.shapes import auto_name
from convcalc.network.source import keras_models as models
from convcalc.network.source import library, modules
from convcalc.network.source.follower import Follower
from convcalc.network.source.keras_functions import DATASETS, FUNCTIONS, dataset
from convcalc.network.source.keras_models import KerasModel
from convcalc.network.source.values import Builtin, Call, Class, Function, Library, Module, Unknown, named_kind
from convcalc.network.trace import Tensor, tensors_in

HEADS = ("keras", "tensorflow", "tf_keras")
GIVEN = ("input_shape", "batch_input_shape", "input_dim", "input_length", "batch_shape", "shape")
"""Settings that say what an input looks like."""


def is_keras(name: str) -> bool:
    """Whether a library's name is Keras's, or TensorFlow's."""
    return name.partition(".")[0] in HEADS


def called(call: Call) -> Any:
    """Do what a function or class of Keras's does; of other libraries, what is known of them."""
    name = str(call.called.name)
    if not is_keras(name):
        return library.called(call, name)
    last = name.rpartition(".")[2]
    path = name.split(".")
    if last in CLASSES:
        return CLASSES[last](call)
    if "applications" in path and last[0].isupper():
        return _application(call, last)
    if last in KERAS or last in ALIASES or last == "Lambda" or ("layers" in path and last[0].isupper()):
        return make_layer(call, last)
    if "datasets" in path and last == "load_data" and path[-2] in DATASETS:
        return dataset(path[-2])
    merged = last.title()
    if "layers" in path and (merged in KERAS or last == "concatenate"):
        return _merged(call, merged)
    if last in FUNCTIONS:
        return FUNCTIONS[last](call)
    if any(part in IDLE for part in path):
        return Library("torch.nothing")
    raise InputError(f"{name} is not followed", hint="Keras's layers and models are, and sums, joins and reshapes")


IDLE = frozenset(
    ("optimizers", "losses", "metrics", "callbacks", "regularizers", "initializers", "constraints", "utils", "config",
     "preprocessing", "mixed_precision", "random", "keras_parameterized", "schedules", "data", "distribute", "summary",
     "io", "train", "GradientTape", "function", "Variable", "clear_session", "set_random_seed",
     "get_session", "ConfigProto", "Session", "GPUOptions", "compat", "datasets", "debugging", "optimizers_v1",
     "activations",     "constant_initializer", "random_normal_initializer")
)  # fmt: skip
"""Parts of the library that are for training, and change no network."""


def given_shape(call: Call, value: Any) -> tuple[int | None, ...]:
    """Return an input's shape as the file gives it."""
    value = (value,) if isinstance(value, int) or value is None else value
    if not isinstance(value, tuple | list) or any(not (one is None or isinstance(one, int)) for one in value):
        raise InputError(f"{value!r} is no shape of an input", hint="as in (28, 28, 1)")
    return tuple(value)


def _input(call: Call) -> Tensor:
    """Make an input: `Input(shape=(28, 28, 1))`."""
    named = dict(call.named)
    shape = call.given[0] if call.given else named.get("shape", named.get("batch_shape", ()))
    if "batch_shape" in named and not isinstance(shape, Unknown):
        shape = shape[1:]
    given = shape.error if isinstance(shape, Unknown) else given_shape(call, shape)
    name = named.get("name") or auto_name(call.follower.counts, "InputLayer")
    return start(call.follower, call.node, given, str(name))


def start(follower: Follower, node: ast.AST, given: Any, name: str) -> Tensor:
    """Return a new input's tensor: of the shape that the file gives, or that is asked for where it leaves that open."""
    asked = follower.asked
    if isinstance(given, ConvcalcError):
        if not asked:
            raise InputError(
                f"the input's shape is not known: {given.message}",
                hint="give one item's, as in -i 28x28x1 (H×W×C), or -i 13",
                place=given.place,
            )
        shape: tuple[int, ...] = asked[min(follower.counts.get("input_layer", 0), len(asked) - 1)]
    elif None in given:
        fitting = [
            one for one in asked
            if len(one) == len(given) and all(size in (None, own) for size, own in zip(given, one, strict=True))
        ]  # fmt: skip
        if not fitting:
            example = "x".join("32" if size is None else str(size) for size in given)
            raise follower.refuse(node, "the file leaves the input's size open", f"give it, as in -i {example}")
        shape = fitting[0]
    else:
        shape = given
    source = Source((1, *shape), given)
    assert follower.trace is not None
    return follower.trace.apply(name, source)


def make_layer(call: Call, name: str) -> KerasLayer:
    """Make a layer: `layers.Conv2D(32, 3, activation="relu")`."""
    if call.follower.channels_first is not None:
        raise call.follower.channels_first
    told = [key for key in GIVEN if key != "input_dim" or name != "Embedding"]
    named = {key: value for key, value in call.named.items() if key not in told}
    own = named.pop("name", None)
    trains = named.pop("trainable", True)
    if "activation" in named:
        named["activation"] = None if named["activation"] is None else words(named["activation"])
    kind = ALIASES.get(name, name)
    functions = () if kind == "Lambda" else (Library, Builtin, Function)
    given = tuple(words(one) if isinstance(one, functions) else one for one in call.given)
    if kind in ("Bidirectional", "TimeDistributed") and given and isinstance(given[0], KerasModel):
        raise InputError(f"{kind} of a whole model is not followed", hint="put it around single layers")
    for value in (*given, *named.values()):
        if (
            isinstance(value, Library)
            and value.name != "torch.nothing"
            and value.is_foreign
            and not is_keras(value.name)
        ):
            raise InputError(f"{value.name} comes from elsewhere, and is not known here", hint=value.whence)
    layer = Lambda(*given, **named) if kind == "Lambda" else keras_layer(kind, given, named)
    layer.name = str(own or auto_name(call.follower.counts, kind))
    layer.frozen = frozenset() if call.follower.truth(call.node, trains) else frozenset(("weight", "bias"))
    if isinstance(layer, Wrapping):
        layer.frozen |= layer.layer.frozen
    shape = _told(call)
    if shape is not None:
        call.follower.extras[id(layer), "given"] = shape
    call.follower.made(call.node, layer)
    return layer


def _told(call: Call) -> Any:
    """Return the input's shape that a layer is told, if it is."""
    for name in ("input_shape", "batch_input_shape", "input_dim", "input_length"):
        value = call.named.get(name)
        if value is None or (name == "input_dim" and call.called.name.endswith("Embedding")):
            continue
        if isinstance(value, Unknown):
            return value.error
        shape = given_shape(call, value)
        if name == "input_length" and not call.called.name.endswith("Embedding"):
            return (*shape, call.named["input_dim"])
        return shape[1:] if name == "batch_input_shape" else shape
    return None


class Lambda(KerasLayer):
    """Lambda: a function of the file's."""

    function: Any
    output_shape: Any = None
    mask: Any = None
    arguments_: Any = None

    def __init__(self, function: Any, output_shape: Any = None, **named: Any) -> None:
        self.function, self.named = function, named.get("arguments") or {}


def _merged(call: Call, kind: str) -> Any:
    """Do what `layers.add([x, y])` does."""
    named = {key: value for key, value in call.named.items() if key in ("axis", "axes", "name", "normalize")}
    values = call.given[0] if call.given else call.named.get("inputs")
    if len(call.given) > 1:
        named["axis" if kind == "Concatenate" else "axes"] = call.given[1]
    layer = make_layer(Call(call.node, [], named, call.follower, call.scope, call.called), kind)
    return models.call_layer(call.follower, call.node, layer, [values], call.scope)


def _sequential(call: Call) -> KerasModel:
    layers, name, *_ = (*call.given, None, None)
    layers = call.named.get("layers", layers)
    own = call.named.get("name", name)
    model = KerasModel("Sequential", str(own or auto_name(call.follower.counts, "Sequential")))
    model.trains = call.follower.truth(call.node, call.named.get("trainable", True))
    for layer in [] if layers is None else call.follower.iterate(call.node, layers):
        add(call, model, layer)
    return model


def add(call: Call, model: KerasModel, layer: Any) -> None:
    """Do what `model.add(layer)` does."""
    if isinstance(layer, Tensor) and call.follower.trace is not None:
        source = call.follower.trace.nodes[layer.node].layer
        given = getattr(source, "given", None)
        model.given = [layer.shape[1:] if given is None else given]
        return
    if isinstance(layer, Source):
        model.given = [tuple(layer.shape[1:])]
        return
    if not isinstance(layer, KerasLayer | KerasModel | Module):
        raise InputError(f"{named_kind(layer)} is no layer", hint="as in model.add(layers.Dense(10))")
    if not model.layers and not model.given:
        told = call.follower.extras.get((id(layer), "given"))
        inner = layer.given if isinstance(layer, KerasModel) else []
        model.given = inner if told is None else [told]
    model.layers.append(layer)
    model.inputs, model.outputs = [], None  # which were of the layers before


def _model(call: Call) -> KerasModel:
    named = dict(call.named)
    inputs, outputs = (
        call.given[index] if len(call.given) > index else named.get(f"{word}s", named.get(word))
        for index, word in enumerate(("input", "output"))
    )
    name = named.get("name") or (call.given[2] if len(call.given) > 2 else None)
    own = str(name or auto_name(call.follower.counts, "Functional"))
    model = models.functional(call.follower, call.node, inputs, outputs, own)
    model.trains = call.follower.truth(call.node, named.get("trainable", True))
    return model


def _input_layer(call: Call) -> Tensor:
    named = dict(call.named)
    named["shape"] = named.pop("input_shape", named.get("shape", named.pop("batch_input_shape", None)))
    return _input(Call(call.node, call.given, named, call.follower, call.scope, call.called))


CLASSES: dict[str, Callable[[Call], Any]] = {
    "Sequential": _sequential, "Model": _model, "Functional": _model, "Input": _input, "InputLayer": _input_layer,
}  # fmt: skip


def _application(call: Call, name: str) -> KerasModel:
    from convcalc.network.source.keras_applications import application

    return application(call, name)


def layer_called(call: Call) -> Any:
    """Apply a layer; a Lambda is its function."""
    layer = call.called
    if isinstance(layer, Lambda):
        value = call.follower.call(call.node, layer.function, call.given, dict(layer.named), call.scope)
        if not isinstance(value, Tensor):
            return value
        return replace(value)
    order = ("inputs", "query", "value", "key")  # further tensors, as a state or a mask, are what it depends on, too
    first = [call.named[name] for name in order if name in call.named]
    rest = [value for key, value in call.named.items() if key not in (*order, "training")]
    is_attention = layer.kind in ("MultiHeadAttention", "Attention", "AdditiveAttention")
    given = [*call.given, *first, *([] if is_attention else (one for one in rest if any(tensors_in(one))))]
    return models.call_layer(call.follower, call.node, layer, given, call.scope)


def class_called(call: Call) -> Any:
    """Make an object of a class of the file."""
    made_by: Class = call.called
    if not made_by.is_keras:
        return modules.make(call.follower, call.node, made_by, call.given, call.named, call.scope)
    module = modules.make(call.follower, call.node, made_by, call.given, call.named, call.scope)
    own = call.named.get("name") if isinstance(call.named.get("name"), str) else None
    module.names.setdefault("name", own or auto_name(call.follower.counts, made_by.name))
    return module


def module_called(call: Call) -> Any:
    """Apply an object of a class of the file."""
    if call.called.made_by is None or not call.called.made_by.is_keras:
        return modules.forward(call.follower, call.node, call.called, call.given, call.named, call.scope)
    return models.call_module(call, call.called)


CALLS: tuple[tuple[Any, Callable[[Call], Any]], ...] = (
    (Library, called),
    (KerasLayer, layer_called),
    (KerasModel, lambda call: models.call_model(call.follower, call.node, call.called, [*call.given,
     *(value for key, value in call.named.items() if key == "inputs")], call.scope)),
    (Class, class_called),
    (Module, module_called),
)  # fmt: skip
"""How values of Keras's are called, before those of Python's."""
MERGING = ("add", "subtract", "multiply", "average", "maximum", "minimum", "concatenate", "dot")
NAMES = frozenset((*KERAS, *ALIASES, *CLASSES, *FUNCTIONS, *MERGING, "Lambda", "Layer", "clear_session"))
"""What a star import brings."""
