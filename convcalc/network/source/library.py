"""What is known of PyTorch's library, and of a few others: tables by name. Whatever is not in them is refused."""

import copy
import difflib
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from convcalc.errors import InputError, nearest
from convcalc.network.functions import Parameter
from convcalc.network.kinds import KINDS, NOT_PYTORCHS
from convcalc.network.layer import Layer
from convcalc.network.recurrent import Einsum
from convcalc.network.shaping import PadAxes
from convcalc.network.source import arrays, einops, modules, tensors, torchvision, weighted
from convcalc.network.source.follower import LONGEST, SUPPORTED
from convcalc.network.source.functional import layer_function
from convcalc.network.source.standard import STANDARD
from convcalc.network.source.values import (
    CHANGES_WEIGHTS,
    CONTAINERS,
    OF_A_WEIGHT,
    Array,
    Call,
    Library,
    Module,
    Numbers,
    Outside,
    Weight,
    set_trained,
)
from convcalc.network.trace import Tensor

PAD_KINDS = {
    "constant": "ConstantPad", "reflect": "ReflectionPad", "replicate": "ReplicationPad", "circular": "CircularPad",
}  # fmt: skip
"""The layer that does what `F.pad` does, by its mode."""
HARMLESS_HERE = "torch.nn.init."
"""Functions below this name fill weights with numbers, and change no shape."""
AS_FUNCTIONS = {
    **{name.lower(): name for name in ("ReLU", "ReLU6", "ELU", "CELU", "SELU", "GELU", "SiLU", "Mish", "Sigmoid",
                                       "LogSigmoid", "Tanh", "Hardtanh", "Hardswish", "Hardsigmoid", "Softplus",
                                       "Softsign", "Softmax", "Softmin", "Threshold", "Tanhshrink", "Softshrink",
                                       "Hardshrink", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "GLU")},
    "leaky_relu": "LeakyReLU", "rrelu": "RReLU", "log_softmax": "LogSoftmax", "logsigmoid": "LogSigmoid",
    "alpha_dropout": "AlphaDropout", "feature_alpha_dropout": "FeatureAlphaDropout",
    "local_response_norm": "LocalResponseNorm", "pixel_shuffle": "PixelShuffle", "pixel_unshuffle": "PixelUnshuffle",
    "interpolate": "Upsample", "upsample": "Upsample", "channel_shuffle": "ChannelShuffle",
    **{f"{short}_pool{dims}d": f"{long}Pool{dims}d" for dims in (1, 2, 3) for short, long in (
        ("max", "Max"), ("avg", "Avg"), ("adaptive_avg", "AdaptiveAvg"), ("adaptive_max", "AdaptiveMax"))},
    "lp_pool1d": "LPPool1d", "lp_pool2d": "LPPool2d",
}  # fmt: skip
"""Functions of torch and torch.nn.functional that do what a layer does."""
CONTEXTS = frozenset(
    f"torch.{name}"
    for name in ("no_grad", "enable_grad", "inference_mode", "autocast", "cuda.amp.autocast", "amp.autocast")
)
FOR_TRAINING = ("torch.optim.", "torch.utils.data.", "torch._C.", "torch.cuda.", "torch.backends.")
"""Parts of torch that change no network."""
MADE_HERE = frozenset(("zeros", "ones", "randn", "rand", "empty", "full"))


def attribute(value: Library, name: str) -> Any:
    """Return something of a library's; numbers are themselves."""
    if isinstance(value, Weight):
        return Library(f"{OF_A_WEIGHT}.{name}")
    if name == "__name__":
        return value.name.rpartition(".")[2]
    full = _canonical(f"{value.name}.{name}")
    return CONSTANTS[full] if full in CONSTANTS else replace(value, name=full)


def _canonical(name: str) -> str:
    """Return a name by which the tables know it, however it was imported."""
    for short, long in (
        ("nn.", "torch.nn."),
        ("F.", "torch.nn.functional."),
        ("torch.nn.modules.", "torch.nn."),
        ("torch.nn.parameter.", "torch.nn."),
    ):
        if name.startswith(short):
            name = long + name.removeprefix(short)
    return name


CONSTANTS: dict[str, Any] = {
    **dict.fromkeys(("numpy.newaxis", "tensorflow.newaxis", "torch.newaxis")),
    **dict.fromkeys(("math.pi", "torch.pi", "numpy.pi"), math.pi),
    **dict.fromkeys(("math.inf", "torch.inf", "numpy.inf"), math.inf),
    "math.e": math.e,
}


def called(call: Call, name: str) -> Any:
    """Do what a library's function does, or make a layer; raise InputError where it is not known."""
    name = _canonical(name)
    head, _, last = name.rpartition(".")
    if name in FUNCTIONS:
        return FUNCTIONS[name](call)
    if name.startswith((OF_A_WEIGHT, HARMLESS_HERE)) and call.follower.trace is not None:
        call.follower.trace.unknown.append(call.follower.refuse(call.node, CHANGES_WEIGHTS, "do so in __init__"))
    if name.startswith("torch.nothing"):
        return Library("torch.nothing")
    if name.startswith(FOR_TRAINING) or (head == "torch.nn" and last.endswith("Loss")):
        return Library("torch.nothing")  # what is for training, and not used in forward
    if name in CONTEXTS:
        return Library(name)
    if head == "torch.nn":
        return _made(call, last)
    if last == "__init__" and head.startswith("torch.nn.") and call.given and isinstance(call.given[0], Module):
        modules.begin_layer(call.follower, call.node, call.given[0], call.given[1:], call.named)
        return None
    if torchvision.is_network(name):
        return torchvision.network(call, name)
    if name.startswith("torchvision.models.") and last.islower():
        raise torchvision.refused(name)
    if name == "numpy.transpose" and isinstance(call.given[0], Array) and len(call.given) == 1 and not call.named:
        return Array(call.given[0].shape[::-1])
    if head == "numpy" and last in NUMPYS and call.given:
        return arrays.worked(
            call.follower, call.node, lambda x: tensors.FUNCTIONS[NUMPYS[last]](_renamed(call, x)), call.given[0]
        )
    if head in ("torch.nn.functional", "torch") and last in weighted.FUNCTIONS:
        return weighted.FUNCTIONS[last](call)
    if name.startswith(HARMLESS_HERE):
        return call.given[0] if call.given else None
    if head in ("torch.nn.functional", "torch") and last in AS_FUNCTIONS:
        return layer_function(AS_FUNCTIONS[last], last)(call)
    if head in ("torch.nn.functional", "torch") and last.endswith("_") and last[:-1] in AS_FUNCTIONS:
        call.named["inplace"] = True
        return layer_function(AS_FUNCTIONS[last[:-1]], last[:-1])(call)
    if name == "torch.nn.functional.pad":
        return _padded(call)
    if head in ("torch", "torch.nn.functional") and last in tensors.FUNCTIONS and not _before_forward(call):
        return tensors.FUNCTIONS[last](call)
    is_made = last in MADE_HERE or last.lower().endswith("tensor")
    if head in ("torch", "torch.nn.functional") and not is_made and _before_forward(call):
        return arrays.worked(
            call.follower, call.node, lambda *given: called(replace(call, given=list(given)), name), *call.given
        )
    if head == "torch" and last.endswith("_") and last[:-1] in tensors.FUNCTIONS and call.given:
        method = tensors.attribute(call.follower, call.node, call.given[0], last, call.scope)
        return method.run(replace(call, given=call.given[1:]))
    if head in ("torch", "torch.nn.functional", "torch.special"):
        return _of_torch(call, name, last)
    outside = call.called.whence if isinstance(call.called, Outside) else ""
    raise InputError(f"{name} is not followed", hint=outside or _instead(name))


def _instead(name: str) -> str:
    if name.startswith("torchvision."):
        return "torchvision.models' networks are, those of `convcalc zoo --all`"
    return SUPPORTED


def _before_forward(call: Call) -> bool:
    """Whether arrays are worked with while a network is built, when there are no tensors."""
    return call.follower.trace is None and arrays.has_array((*call.given, *call.named.values()))


NUMPYS = {"expand_dims": "unsqueeze", "reshape": "reshape", "squeeze": "squeeze", "transpose": "permute"}
"""Functions of numpy's that change an array's shape, and what PyTorch calls them."""


def _renamed(call: Call, x: Any) -> Call:
    """Return a call of numpy's with PyTorch's names for its arguments."""
    names = ("axis", "newshape", "axes")
    return replace(
        call, given=[x, *call.given[1:], *(value for key, value in call.named.items() if key in names)], named={}
    )


def _of_torch(call: Call, name: str, last: str) -> Any:
    is_row = last in ("FloatTensor", "Tensor") and call.given and isinstance(call.given[0], list | tuple)
    if (last in ("tensor", "as_tensor") or is_row) and call.given and _are_numbers(call.given[0]):
        return Numbers(call.given[0]) if isinstance(call.given[0], list | tuple) else call.given[0]
    if call.follower.trace is None:
        values = (*call.given, *call.named.values())
        if any(isinstance(value, Library) and value.name == "torch.nothing" for value in values):
            return Library("torch.nothing")
        if last in MADE_HERE:
            sizes = [value for value in (*call.given, call.named.get("size")) if isinstance(value, int | list | tuple)]
            return Array(tensors.as_numbers(sizes[:1] if last == "full" else sizes))
        if last in ("FloatTensor", "Tensor") and call.given and all(isinstance(value, int) for value in call.given):
            return Array(tuple(call.given))
        if last in ("tensor", "as_tensor", "FloatTensor", "Tensor"):
            return Array(_shape_of(call.given[0] if call.given else 0))
        if last == "arange" and _are_numbers(call.given):
            return Numbers(call.follower.plainly(call.node, range, *call.given))
        if last in ("arange", "device", "manual_seed", "Size", "triu", "tril", "eye", "outer", "pow"):
            return Library("torch.nothing")
    if last in tensors.ALIKE:
        return tensors.alike(last)(call)
    if last in tensors.REDUCTIONS:
        return tensors.reduction(last)(call)
    if last in MADE_HERE or last in ("FloatTensor", "Tensor"):
        return tensors.made_here(call)
    functions = [*AS_FUNCTIONS, *tensors.FUNCTIONS, *tensors.ALIKE, *tensors.REDUCTIONS]
    close = difflib.get_close_matches(last, functions, n=2, cutoff=0.8)  # a slip; what is far off is something else
    raise InputError(f"{name} is not followed", hint=f"did you mean {' or '.join(close)}?" if close else SUPPORTED)


def _are_numbers(value: Any) -> bool:
    """Whether a value is a number, or a short row of them."""
    rows = value if isinstance(value, list | tuple) else [value]
    return 0 < len(rows) <= LONGEST and all(isinstance(one, int | float) for one in rows)


def _shape_of(value: Any) -> tuple[int, ...]:
    """Return the shape of numbers in lists within lists."""
    if isinstance(value, Array):
        return value.shape
    return (len(value), *_shape_of(value[0])) if isinstance(value, list | tuple | range) and value else ()


def _made(call: Call, kind: str) -> Any:
    """Make a layer, a container or a parameter of torch.nn."""
    for value in (*call.given, *call.named.values()):
        if isinstance(value, Library) and value.is_foreign:
            raise InputError(f"{value.name} comes from elsewhere, and is not known here", hint=value.whence)
    if kind in CONTAINERS:
        module = Module(kind)
        modules.fill(call.follower, call.node, module, kind, call.given)
        return module
    if kind == "Parameter":
        array, trained = call.take("data", "requires_grad", data=None, requires_grad=True)
        if isinstance(array, int | float | Numbers):
            array = Array((len(array),) if isinstance(array, Numbers) else ())
        if not isinstance(array, Array) or not all(isinstance(size, int) and size > 0 for size in array.shape):
            raise InputError("the shape of this parameter is not known", hint="as in nn.Parameter(torch.zeros(10))")
        parameter = call.follower.made(call.node, Parameter(array.shape))
        set_trained(parameter, call.follower.truth(call.node, trained))
        return parameter
    lazy = kind.startswith("Lazy")
    name = kind.removeprefix("Lazy")
    if name not in KINDS:
        close = nearest(name.lower(), [kind_name.lower() for kind_name in KINDS])
        near = [kind_name for kind_name in KINDS if kind_name.lower() in close]
        hint = f"did you mean {' or '.join(near)}?" if near else "`convcalc model --list` names those that are"
        raise InputError(f"nn.{kind} is not among the layers that are counted", hint=hint)
    make = KINDS[name].inferring if lazy else KINDS[name]
    plain = make(tuple(call.given), call.named) if lazy else make(*call.given, **call.named)
    return call.follower.made(call.node, plain)


def _padded(call: Call) -> Tensor:
    """Do what `F.pad` does: amounts for the last axis first."""
    tensor, amounts, mode, value = call.take("input", "pad", "mode", "value", mode="constant", value=0)
    rank = len(tensor.shape)
    if isinstance(amounts, list | tuple):
        amounts = [one[0] if isinstance(one, Numbers) and len(one) == 1 else one for one in amounts]
    if not isinstance(amounts, list | tuple) or len(amounts) % 2 or len(amounts) > 2 * (rank - 1):
        raise InputError("F.pad needs two amounts for each axis, the last axis first")
    if mode not in PAD_KINDS:
        raise InputError(f"F.pad has no mode {mode!r}", hint=f"it has {', '.join(PAD_KINDS)}")
    if mode != "constant" and len(amounts) != 2 * (rank - 2):
        raise InputError(f"F.pad's {mode} takes {2 * (rank - 2)} amounts here", hint="two for each spatial axis")
    every = [*amounts, *[0] * (2 * rank - len(amounts))]
    value = 0 if value is None else value
    if rank in (3, 4, 5) and not any(every[2 * (rank - 2) :]):
        settings = {"value": value} if mode == "constant" else {}
        layer = KINDS[f"{PAD_KINDS[mode]}{rank - 2}d"](tuple(every[: 2 * (rank - 2)]), **settings)
        name = call.follower.local_name("pad", call.scope)
        output: Tensor = call.follower.use(name, layer, tensor, node=call.node, scope=call.scope)
        return output
    ends = tuple(zip(every[::2], every[1::2], strict=True))[::-1]
    return tensors.use(call, PadAxes(ends, value), tensor)


def copied(call: Call, value: Any, known: dict[int, Any]) -> Any:
    """Return a copy of a value: layers of its own, within modules and lists of its own."""
    if id(value) in known:
        return known[id(value)]
    call.follower.spend(call.node)
    if isinstance(value, Layer):
        known[id(value)] = duplicate = copy.copy(value)
        return call.follower.made(call.follower.made_at.get(id(value), call.node), duplicate)
    if isinstance(value, Module):
        known[id(value)] = module = Module(value.kind, value.made_by, begun=value.begun, replay=value.replay)
        module.layer = None if value.layer is None else copied(call, value.layer, known)
        module.names |= {name: copied(call, part, known) for name, part in value.names.items()}
        module.parts |= {name: copied(call, part, known) for name, part in value.parts.items()}
        return module
    if isinstance(value, list | tuple):
        return type(value)(copied(call, part, known) for part in value)
    if isinstance(value, dict):
        return {name: copied(call, part, known) for name, part in value.items()}
    return value


def _begun(call: Call) -> None:
    """Do what `nn.Module.__init__(self)` does: layers may be assigned from now on."""
    if call.given and isinstance(call.given[0], Module):
        call.given[0].begun = True


def _shallow(call: Call) -> Any:
    """Return a copy that shares its weights: of a layer, that is the layer as far as counting goes."""
    (value,) = call.take("x")
    if isinstance(value, Module) and value.made_by is not None and not value.made_by.is_module:
        return Module(value.kind, value.made_by, dict(value.names), dict(value.parts), value.begun)
    if isinstance(value, Module):
        raise InputError("a shallow copy of a module is not followed", hint="copy.deepcopy is")
    return list(value) if isinstance(value, list) else dict(value) if isinstance(value, dict) else value


def _asks_for_gradients(call: Call) -> bool:
    """Return False, as of a network that is used; what it would do to be trained is not followed."""
    if call.follower.trace is not None:
        why = "forward asks whether gradients are wanted, and is followed as if they were not"
        call.follower.trace.without_gradient = call.follower.refuse(call.node, why, "leave --backward out")
    return False


def _assert(call: Call) -> None:
    condition, message = call.take("condition", "message", message="")
    if not call.follower.truth(call.node, condition):
        raise InputError(f"this assertion fails: {message}"[:100])


def _operands(call: Call) -> list[Any]:
    rest = call.given[1:]
    return list(rest[0]) if len(rest) == 1 and isinstance(rest[0], list | tuple) else rest


def _grid(call: Call) -> Any:
    """Do what `meshgrid` does with rows of numbers: an array for each, as long along every axis as its row."""
    rows = call.given[0] if len(call.given) == 1 and isinstance(call.given[0], list | tuple) else call.given
    if call.follower.trace is not None or not all(isinstance(row, Numbers | Array) for row in rows):
        raise InputError("meshgrid is followed of rows of numbers, in __init__")
    shape = tuple(len(row) if isinstance(row, Numbers) else row.shape[0] for row in rows)
    shape = (*shape[1::-1], *shape[2:]) if call.named.get("indexing") == "xy" else shape
    return tuple(Array(shape) for _ in rows)


def _repeated(count: int) -> Callable[[Call], Any]:
    return lambda call: call.given[0] if isinstance(call.given[0], list | tuple) else (call.given[0],) * count


LOADING = (
    "torch.load", "torch.hub.load_state_dict_from_url", "torch.utils.model_zoo.load_url",
    "torchvision.models.utils.load_state_dict_from_url",
    "torchvision._internally_replaced_utils.load_state_dict_from_url",
)  # fmt: skip
"""What gives weights, which change no shape."""
TIMM = ("timm.models.layers", "timm.layers", "timm.models.layers.drop", "timm.models.layers.helpers")
"""Where a library of networks keeps small helpers that others use."""
FUNCTIONS: dict[str, Callable[[Call], Any]] = {
    **STANDARD,
    **einops.FUNCTIONS,
    **weighted.REPARAMETRIZED,
    "copy.deepcopy": lambda call: copied(call, call.given[0], {}),
    "copy.copy": _shallow,
    "torch.nn.Module.__init__": _begun,
    **dict.fromkeys(
        (
            "torch.jit.is_scripting",
            "torch.jit.is_tracing",
            "torch.cuda.is_available",
            "torch.backends.mps.is_available",
        ),
        lambda call: False,
    ),
    "torch.device": lambda call: Library("torch.nothing"),
    "torch.Size": lambda call: tuple(call.given[0]),
    "torch.meshgrid": _grid,
    "torch.einsum": lambda call: tensors.use(call, Einsum(call.given[0]), *_operands(call)),
    "torch.is_grad_enabled": _asks_for_gradients,
    "torch._assert": _assert,
    "torch.is_tensor": lambda call: isinstance(call.given[0], Tensor | Parameter),
    "torch.autograd.Variable": lambda call: call.given[0],
    "torch.utils.checkpoint.checkpoint": lambda call: call.follower.call(
        call.node, call.given[0], call.given[1:], {}, call.scope
    ),
    **dict.fromkeys(LOADING, lambda call: Library("torch.nothing")),
    "torch.hub.load": torchvision.hub,
    **dict.fromkeys(("torchvision.models.ResNet", "torchvision.models.resnet.ResNet"), torchvision.residual),
    **dict.fromkeys(
        ("torchvision.ops.StochasticDepth", *(f"{place}.DropPath" for place in TIMM)),
        lambda call: call.follower.made(call.node, NOT_PYTORCHS["DropPath"](*call.given[:1])),
    ),
    **{f"{place}.to_{count}tuple": _repeated(count) for count in (1, 2, 3) for place in TIMM},
    **{f"{place}.trunc_normal_": lambda call: call.given[0] for place in TIMM},
}
"""Functions of other libraries."""
