"""What is known of Python's and PyTorch's libraries: tables by name. Whatever is not in them is refused."""

import math
from collections.abc import Callable
from typing import Any

from convcalc.errors import InputError, nearest
from convcalc.network.functions import Combine, Parameter, Resize
from convcalc.network.kinds import KINDS
from convcalc.network.layer import Layer
from convcalc.network.source import modules, tensors
from convcalc.network.source.expressions import LONGEST, SUPPORTED, named_kind
from convcalc.network.source.values import CONTAINERS, Array, Builtin, Call, Class, Library, Module
from convcalc.network.trace import Tensor

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
MADE_HERE = frozenset(("zeros", "ones", "randn", "rand", "empty", "full"))


def attribute(value: Library, name: str) -> Any:
    """Return something of a library's; numbers are themselves."""
    full = _canonical(f"{value.name}.{name}")
    return CONSTANTS.get(full, Library(full))


def _canonical(name: str) -> str:
    """Return a name by which the tables know it, however it was imported."""
    for short, long in (("nn.", "torch.nn."), ("F.", "torch.nn.functional."), ("torch.nn.modules.", "torch.nn.")):
        if name.startswith(short):
            name = long + name.removeprefix(short)
    return name


CONSTANTS = {"math.pi": math.pi, "math.inf": math.inf, "torch.inf": math.inf, "torch.pi": math.pi, "math.e": math.e}


def called(call: Call, name: str) -> Any:
    """Do what a library's function does, or make a layer; raise InputError where it is not known."""
    name = _canonical(name)
    head, _, last = name.rpartition(".")
    if name in FUNCTIONS:
        return FUNCTIONS[name](call)
    if name.startswith("torch.nothing"):
        return Library("torch.nothing")
    if head == "torch.nn":
        return _made(call, last)
    if head.startswith("torch.nn.utils") and last in ("weight_norm", "spectral_norm"):
        return call.given[0]
    if name.startswith(HARMLESS_HERE):
        return call.given[0] if call.given else None
    if head in ("torch.nn.functional", "torch") and last in AS_FUNCTIONS:
        return tensors.layer_function(AS_FUNCTIONS[last], last)(call)
    if name == "torch.nn.functional.pad":
        return _padded(call)
    if head in ("torch", "torch.nn.functional") and last in tensors.FUNCTIONS:
        return tensors.FUNCTIONS[last](call)
    if head in ("torch", "torch.nn.functional", "torch.special"):
        return _of_torch(call, name, last)
    if name in {f"torch.{context}" for context in ("no_grad", "enable_grad", "inference_mode", "autocast")}:
        return Library(name)
    raise InputError(f"{name} is not followed", hint=_instead(name))


def _instead(name: str) -> str:
    if name.startswith("torchvision.models"):
        known = name.rpartition(".")[2]
        return f"convcalc knows well-known networks by name: convcalc model {known} --classes 10 --freeze"
    return SUPPORTED


def _of_torch(call: Call, name: str, last: str) -> Any:
    if call.follower.trace is None:
        if last in MADE_HERE:
            return Array(tensors.as_numbers([value for value in call.given if isinstance(value, int | list | tuple)]))
        if last in ("tensor", "arange", "linspace", "device", "manual_seed", "Size"):
            return Library("torch.nothing")
    if last in tensors.ALIKE:
        return tensors.alike(last)(call)
    if last in tensors.REDUCTIONS:
        return tensors.reduction(last)(call)
    if last in MADE_HERE:
        return tensors.made_here(call)
    known = [*AS_FUNCTIONS, *tensors.FUNCTIONS, *tensors.ALIKE, *tensors.REDUCTIONS]
    close = nearest(last, known)
    raise InputError(f"{name} is not followed", hint=f"did you mean {' or '.join(close)}?" if close else SUPPORTED)


def _made(call: Call, kind: str) -> Any:
    """Make a layer, a container or a parameter of torch.nn."""
    if kind in CONTAINERS:
        module = Module(kind)
        modules.fill(call.follower, call.node, module, kind, call.given)
        return module
    if kind == "Parameter":
        array = call.given[0] if call.given else call.named.get("data")
        if not isinstance(array, Array) or not all(isinstance(size, int) and size > 0 for size in array.shape):
            raise InputError("the shape of this parameter is not known", hint="as in nn.Parameter(torch.zeros(10))")
        return call.follower.made(call.node, Parameter(array.shape))
    lazy = kind.startswith("Lazy")
    name = kind.removeprefix("Lazy")
    if name not in KINDS:
        close = nearest(name.lower(), [known.lower() for known in KINDS])
        near = [known for known in KINDS if known.lower() in close]
        hint = f"did you mean {' or '.join(near)}?" if near else "`convcalc model --list` names those that are"
        raise InputError(f"nn.{kind} is not among the layers that are counted", hint=hint)
    make = KINDS[name].inferring if lazy else KINDS[name]
    plain = make(tuple(call.given), call.named) if lazy else make(*call.given, **call.named)
    return call.follower.made(call.node, plain)


def of_array(array: Array, name: str) -> Any:
    """Return an attribute of an array: its shape, or a method that fills or copies it."""
    if name in ("shape", "ndim"):
        return array.shape if name == "shape" else len(array.shape)
    if name == "size":
        return Builtin(name, lambda call: array.shape[call.given[0]] if call.given else array.shape)
    if name.endswith("_") or name in tensors.UNCHANGED or name in tensors.ALIKE:
        return Builtin(name, lambda call: array)
    raise InputError(f"'{name}' of an array made in __init__ is not followed", hint="torch.zeros(…) and the like are")


def _padded(call: Call) -> Tensor:
    """Do what `F.pad` does: amounts for the last axis first."""
    tensor, amounts, *_ = call.take("input", "pad", "mode", "value", mode="constant", value=0)
    shape = list(tensor.shape)
    if not isinstance(amounts, list | tuple) or len(amounts) % 2 or len(amounts) > 2 * (len(shape) - 1):
        raise InputError("F.pad needs two amounts for each axis, the last axis first")
    dims = len(amounts) // 2
    if dims in (1, 2, 3) and len(shape) == dims + 2:
        layer = KINDS[f"ConstantPad{dims}d"](tuple(amounts))
        name = call.follower.local_name("pad", call.scope)
        made: Tensor = call.follower.use(name, layer, tensor, node=call.node, scope=call.scope)
        return made
    for index in range(dims):
        shape[-1 - index] += amounts[2 * index] + amounts[2 * index + 1]
    return tensors.use(call, Resize("pad", shape), tensor)


def _plain(function: Callable[..., Any], *, keywords: tuple[str, ...] = ()) -> Callable[[Call], Any]:
    """Return Python's own function, for values that stand for themselves."""

    def run(call: Call) -> Any:
        for value in call.given:
            if isinstance(value, Tensor | Parameter | Library):
                raise InputError(f"this needs a number, not {named_kind(value)}")
        named = {key: value for key, value in call.named.items() if key in keywords}
        return call.follower.plainly(call.node, lambda: function(*call.given, **named))

    return run


def _listed(function: Callable[..., Any]) -> Callable[[Call], Any]:
    """Return a function of things to loop over; what it gives is a list."""

    def run(call: Call) -> Any:
        given = [list(call.follower.iterate(call.node, value)) for value in call.given]
        if any(len(items) > LONGEST for items in given):
            raise InputError(f"a list of more than {LONGEST:,} items is not followed")
        call.follower.measure(call.node, *given)
        return call.follower.plainly(call.node, lambda: function(*given))

    return run


def _enumerate(call: Call) -> Any:
    items, start = call.take("iterable", "start", start=0)
    return [(start + index, item) for index, item in enumerate(call.follower.iterate(call.node, items))]


def _len(call: Call) -> int:
    (value,) = call.take("value")
    if isinstance(value, Tensor):
        return value.shape[0]
    if isinstance(value, Module):
        return len(value.parts)
    return int(call.follower.plainly(call.node, len, value))


def _range(call: Call) -> range:
    made: range = call.follower.plainly(call.node, range, *call.given)
    if len(made) > LONGEST * 10:
        raise InputError("this loop is too long to be followed")
    return made


def _map(call: Call) -> list[Any]:
    function, *lists = call.given
    items = zip(*(call.follower.iterate(call.node, one) for one in lists), strict=False)
    return [call.follower.call(call.node, function, list(item), {}, call.scope) for item in items]


def _isinstance(call: Call) -> bool:
    value, kinds = call.take("value", "kinds")
    return any(_is(value, kind) for kind in (kinds if isinstance(kinds, tuple) else (kinds,)))


def _is(value: Any, kind: Any) -> bool:
    if isinstance(kind, Class):
        return isinstance(value, Module) and value.made_by is not None and kind in value.made_by.line()
    if isinstance(kind, Builtin):
        types = {"int": int, "float": float, "str": str, "bool": bool, "list": list, "tuple": tuple, "dict": dict}
        return kind.name in types and isinstance(value, types[kind.name])
    if isinstance(kind, Library):
        name = kind.name.rpartition(".")[2]
        if name == "Module":
            return isinstance(value, Module | Layer)
        if name == "Tensor":
            return isinstance(value, Tensor | Parameter)
        if isinstance(value, Module):
            roots = value.made_by.roots if value.made_by is not None else {value.kind}
            return name in roots
        return isinstance(value, Layer) and value.kind == name
    return False


def _getattr(call: Call) -> Any:
    value, name, *default = call.given
    if default and isinstance(value, Module) and name not in value.names and name not in value.parts:
        return default[0]
    return call.follower.attribute(call.node, value, str(name), call.scope)


def _setattr(call: Call) -> None:
    value, name, new = call.given
    call.follower.set_attribute(call.node, value, str(name), new)


def _hasattr(call: Call) -> bool:
    value, name = call.given
    return isinstance(value, Module) and (name in value.names or name in value.parts)


def _sum(call: Call) -> Any:
    """Add up; of tensors, that is a sum cell by cell."""
    items = list(call.follower.iterate(call.node, call.given[0]))
    found = [item for item in items if isinstance(item, Tensor)]
    return tensors.use(call, Combine("add"), *found) if found else call.follower.plainly(call.node, sum, items)


def _assert(call: Call) -> None:
    condition, message = call.take("condition", "message", message="")
    if not call.follower.truth(call.node, condition):
        raise InputError(f"this assertion fails: {message}"[:100])


def _partial(call: Call) -> Builtin:
    function, *given = call.given
    named = call.named

    def run(later: Call) -> Any:
        return later.follower.call(later.node, function, [*given, *later.given], named | later.named, later.scope)

    return Builtin("partial", run)


FUNCTIONS: dict[str, Callable[[Call], Any]] = {
    "collections.OrderedDict": lambda call: dict(*(_pairs(call, value) for value in call.given), **call.named),
    "typing.OrderedDict": lambda call: dict(*(_pairs(call, value) for value in call.given), **call.named),
    "functools.partial": _partial,
    "itertools.chain": lambda call: [item for part in call.given for item in call.follower.iterate(call.node, part)],
    "copy.deepcopy": lambda call: call.given[0],
    "math.prod": _listed(math.prod),
    "numpy.prod": _listed(math.prod),
    "torch.jit.is_scripting": lambda call: False,
    "torch.jit.is_tracing": lambda call: False,
    "torch.cuda.is_available": lambda call: False,
    "torch.backends.mps.is_available": lambda call: False,
    "torch.device": lambda call: Library("torch.nothing"),
    "torch.is_grad_enabled": lambda call: False,
    "torch._assert": _assert,
    "torch.is_tensor": lambda call: isinstance(call.given[0], Tensor | Parameter),
    "typing.cast": lambda call: call.given[1],
    "warnings.warn": lambda call: None,
    **{f"logging.{name}": lambda call: None for name in ("debug", "info", "warning", "error", "getLogger")},
    **{f"math.{name}": _plain(getattr(math, name)) for name in ("ceil", "floor", "sqrt", "log2", "log", "exp", "gcd")},
}
"""Functions of other libraries."""


def _pairs(call: Call, value: Any) -> Any:
    call.follower.measure(call.node, value)
    return value if isinstance(value, dict) else [tuple(pair) for pair in call.follower.iterate(call.node, value)]


def _type(call: Call) -> Any:
    """Return what made a value: its class of the file, or a layer's name."""
    (value,) = call.take("value")
    made_by = value.made_by if isinstance(value, Module) else None
    return made_by or Library(f"torch.nn.{named_kind(value).removeprefix('a ')}")


def _callable(call: Call) -> bool:
    return not isinstance(call.given[0], int | float | str | list | tuple | dict | type(None))


BUILTIN_CALLS: dict[str, Callable[[Call], Any]] = {
    **{kind.__name__: _plain(kind) for kind in (int, float, bool, abs, round, divmod, slice)},
    **{kind.__name__: _listed(kind) for kind in (list, tuple, set, sorted, any, all)},
    "zip": _listed(lambda *lists: list(zip(*lists, strict=False))),
    "reversed": _listed(lambda items: items[::-1]),
    "max": lambda call: call.follower.plainly(call.node, max, *call.given),
    "min": lambda call: call.follower.plainly(call.node, min, *call.given),
    "str": lambda call: str(call.follower.worded(call.node, call.given[0])) if call.given else "",
    "dict": lambda call: dict(*(_pairs(call, value) for value in call.given), **call.named),
    "sum": _sum,
    "len": _len,
    "range": _range,
    "enumerate": _enumerate,
    "map": _map,
    "isinstance": _isinstance,
    "getattr": _getattr,
    "setattr": _setattr,
    "hasattr": _hasattr,
    "super": modules.parent,
    "print": lambda call: None,
    "type": _type,
    "callable": _callable,
}
_NAMED_ONLY = (
    *("object", "property", "staticmethod", "classmethod", "NotImplementedError", "ValueError", "TypeError"),
    *("AssertionError", "RuntimeError", "Exception", "Warning", "UserWarning", "FutureWarning", "DeprecationWarning"),
)
BUILTINS: dict[str, Any] = {
    **{name: Builtin(name, run) for name, run in BUILTIN_CALLS.items()},
    **{name: Library(name) for name in _NAMED_ONLY},
    "__name__": "network",
    "__file__": "network.py",
    "Ellipsis": ...,
}
"""Python's own names."""

METHODS: dict[type, tuple[str, ...]] = {
    list: ("append", "extend", "insert", "pop", "index", "count", "copy", "reverse", "clear", "sort"),
    dict: ("get", "items", "keys", "values", "update", "pop", "setdefault", "copy"),
    str: ("lower", "upper", "strip", "split", "startswith", "endswith", "replace", "format", "join", "isdigit"),
    tuple: ("index", "count"),
    set: ("add", "union"),
    int: ("bit_length",),
}
"""Methods of plain values, which do what Python's do."""


def method(value: Any, name: str) -> Builtin | None:
    """Return a method of a plain value, if it is known."""
    names = METHODS.get(type(value), ())
    if name not in names:
        return Builtin(name, _numel_of(value)) if type(value) is tuple and name == "numel" else None

    def run(call: Call) -> Any:
        if isinstance(value, list) and len(value) > LONGEST:
            raise InputError(f"a list of more than {LONGEST:,} items is not followed")
        if isinstance(value, str) and name in ("replace", "format", "join"):
            call.follower.measure(call.node, *call.given)
            _check_words(value, call)
        if name not in ("append", "get", "items", "keys", "values"):
            call.follower.measure(call.node, value, *call.given)
        made = call.follower.plainly(call.node, lambda: getattr(value, name)(*call.given, **call.named))
        return list(made) if name in ("items", "keys", "values") else made

    return Builtin(name, run)


def _check_words(value: str, call: Call) -> None:
    """Refuse what would make a word of immense length, or reach into an object."""
    parts = [str(part) for given in call.given for part in (given if isinstance(given, list | tuple) else (given,))]
    total = len(value) * max(map(len, parts), default=1)
    if call.given and isinstance(call.given[0], list | tuple):
        total = sum(len(part) + len(value) for part in parts)
    if total > LONGEST or ("{" in value and any(sign in value for sign in ":.[")):
        raise InputError("these words are not followed", hint='write an f-string: f"fc{i}"')


def _numel_of(value: tuple[int, ...]) -> Callable[[Call], int]:
    return lambda call: math.prod(value)
