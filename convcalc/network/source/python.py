"""Python's own functions and methods, for values that stand for themselves. Whatever is not here is refused."""

import collections.abc
import math
import numbers
import re
from collections.abc import Callable
from string import Formatter
from typing import Any

from convcalc.errors import InputError
from convcalc.network.functions import Combine, Parameter
from convcalc.network.kinds import KINDS
from convcalc.network.layer import Layer
from convcalc.network.source import modules, tensors
from convcalc.network.source.arguments import Settings
from convcalc.network.source.binding import set_attribute
from convcalc.network.source.follower import LONGEST
from convcalc.network.source.values import CONTAINERS, Builtin, Call, Class, Function, Library, Module, Once, named_kind
from convcalc.network.trace import Tensor

FAMILIES = {"_ConvNd": "Conv", "_ConvTransposeNd": "ConvTranspose", "_BatchNorm": "BatchNorm", "_NormBase": "BatchNorm",
            "_InstanceNorm": "InstanceNorm", "_DropoutNd": "Dropout", "_MaxPoolNd": "MaxPool",
            "_AvgPoolNd": "AvgPool"}  # fmt: skip
"""What PyTorch's layers have in common, and how the names of such layers begin."""
ABSTRACT: dict[str, Any] = {
    **{name: getattr(collections.abc, name) for name in ("Sequence", "Iterable", "Mapping", "Sized", "Collection")},
    **{name: getattr(numbers, name) for name in ("Number", "Integral", "Real")},
    "List": list,
    "Tuple": tuple,
    "Dict": dict,
    "Set": set,
    "OrderedDict": dict,
    "ndarray": type(None),
    "string_types": str,
}


def only(call: Call, *keywords: str) -> None:
    """Refuse keywords that are not among those that are followed."""
    other = next((name for name in call.named if name not in keywords), None)
    if other is not None:
        raise InputError(f"the argument '{other}' is not followed here")


def plainly(function: Callable[..., Any], *, keywords: tuple[str, ...] = ()) -> Callable[[Call], Any]:
    """Return Python's own function, for values that stand for themselves."""

    def run(call: Call) -> Any:
        only(call, *keywords)
        if any(isinstance(value, Library) and value.name.startswith("torch.nothing") for value in call.given):
            return Library("torch.nothing")  # a layer's own numbers, which change no shape
        for value in call.given:
            if isinstance(value, Tensor | Parameter | Library):
                raise InputError(f"this needs a number, not {named_kind(value)}")
        return call.follower.plainly(call.node, lambda: function(*call.given, **call.named))

    return run


def listed(function: Callable[..., Any], *, keywords: tuple[str, ...] = ()) -> Callable[[Call], Any]:
    """Return a function of things to loop over; what it gives is a list. Its `keywords` change nothing here."""

    def run(call: Call) -> Any:
        only(call, *keywords)
        lists = [list(call.follower.iterate(call.node, value)) for value in call.given]
        if any(len(items) > LONGEST for items in lists):
            raise InputError(f"a list of more than {LONGEST:,} items is not followed")
        call.follower.measure(call.node, *lists)
        return call.follower.plainly(call.node, lambda: function(*lists))

    return run


def _keyed(call: Call, items: list[Any]) -> list[Any]:
    """Return what items are ordered by: what a key that is given makes of each, or themselves."""
    key = call.named.get("key")
    if key is None:
        return items
    return [call.follower.call(call.node, key, [item], {}, call.scope) for item in items]


def _sorted(call: Call) -> list[Any]:
    only(call, "key", "reverse")
    items = list(call.follower.iterate(call.node, call.given[0]))
    keys = _keyed(call, items)
    call.follower.measure(call.node, items, keys)
    order = call.follower.plainly(
        call.node, lambda: sorted(range(len(items)), key=keys.__getitem__, reverse=bool(call.named.get("reverse")))
    )
    return [items[index] for index in order]


def _sort(call: Call, items: list[Any]) -> None:
    items[:] = _sorted(Call(call.node, [items, *call.given], call.named, call.follower, call.scope))


def _extreme(choose: Callable[..., Any]) -> Callable[[Call], Any]:
    def run(call: Call) -> Any:
        only(call, "key", "default")
        alone = len(call.given) == 1
        items = list(call.follower.iterate(call.node, call.given[0])) if alone else list(call.given)
        if not items and "default" in call.named:
            return call.named["default"]
        if any(isinstance(item, Tensor | Parameter | Library) for item in items):
            raise InputError("this needs numbers, and they are not known here")
        keys = _keyed(call, items)
        call.follower.measure(call.node, items, keys)
        return items[call.follower.plainly(call.node, lambda: choose(range(len(items)), key=keys.__getitem__))]

    return run


def _enumerate(call: Call) -> Any:
    items, start = call.take("iterable", "start", start=0)
    return Once((start + index, item) for index, item in enumerate(call.follower.iterate(call.node, items)))


def _len(call: Call) -> int:
    (value,) = call.take("value")
    call.follower.known(call.node, value)
    if isinstance(value, Tensor):
        return value.shape[0]
    if isinstance(value, Module):
        return len(value.parts)
    return int(call.follower.plainly(call.node, len, value))


def _range(call: Call) -> range:
    numbers_range: range = call.follower.plainly(call.node, range, *call.given)
    if len(numbers_range) > LONGEST * 10:
        raise InputError("this loop is too long to be followed")
    return numbers_range


def _map(call: Call) -> list[Any]:
    function, *lists = call.given
    items = zip(*(call.follower.iterate(call.node, one) for one in lists), strict=False)
    return Once(call.follower.call(call.node, function, list(item), {}, call.scope) for item in items)


def _filter(call: Call) -> list[Any]:
    function, items = call.take("function", "iterable")
    items_kept = []
    for item in call.follower.iterate(call.node, items):
        verdict = item if function is None else call.follower.call(call.node, function, [item], {}, call.scope)
        if call.follower.truth(call.node, verdict):
            items_kept.append(item)
    return Once(items_kept)


def _isinstance(call: Call) -> bool:
    value, kinds = call.take("value", "kinds")
    return any(_is(call, value, kind) for kind in (kinds if isinstance(kinds, tuple) else (kinds,)))


def _is(call: Call, value: Any, kind: Any) -> bool:
    """Whether a value is of a kind; raise InputError for a kind that is not known."""
    if isinstance(kind, Class):
        return isinstance(value, Module) and value.made_by is not None and kind in value.made_by.line()
    if isinstance(kind, Builtin) and kind.name in TYPES:
        return isinstance(value, TYPES[kind.name])
    if isinstance(kind, Library):
        name = kind.name.rpartition(".")[2]
        known = None if call.follower.language.kinds is None else call.follower.language.kinds(value, name)
        if known is not None:
            return bool(known)
        if name in ("Module", "object"):
            return name == "object" or isinstance(value, Module | Layer)
        if name in ("Tensor", "Parameter"):
            return isinstance(value, Parameter if name == "Parameter" else Tensor | Parameter)
        if name in FAMILIES:
            return isinstance(value, Layer) and value.kind.startswith(FAMILIES[name])
        if name in ("FunctionType", "LambdaType"):
            return isinstance(value, Function)
        if name in ABSTRACT:
            return isinstance(value, ABSTRACT[name])
        if name in CONTAINERS or name in KINDS:
            if isinstance(value, Module):
                return name in (value.made_by.roots if value.made_by is not None else {value.kind})
            return isinstance(value, Layer) and value.kind == name
    raise InputError(f"whether a value is of the kind {named_kind(kind)} is not known here")


def _getattr(call: Call) -> Any:
    value, name, *default = call.given
    if not default:
        return call.follower.attribute(call.node, value, str(name), call.scope)
    return call.follower.attribute(call.node, value, str(name), call.scope) if _has(call, value, name) else default[0]


def _setattr(call: Call) -> None:
    value, name, new = call.given
    set_attribute(call.follower, call.node, value, str(name), new)


def _hasattr(call: Call) -> bool:
    value, name = call.given
    return _has(call, value, name)


def _has(call: Call, value: Any, name: Any) -> bool:
    """Whether a value has an attribute; of what comes from elsewhere that is not known."""
    if isinstance(value, Library):
        raise InputError(f"whether {value.name} has a '{name}' is not known here")
    if isinstance(value, Module):
        mine = name in value.names or name in value.parts
        in_class = value.made_by is not None and value.made_by.has(str(name))
        return mine or in_class or name in modules.METHODS or name in modules.KEPT or name == "training"
    try:
        call.follower.attribute(call.node, value, str(name), call.scope)
    except InputError:
        return False
    return True


def _sum(call: Call) -> Any:
    """Add up; of tensors, that is a sum cell by cell."""
    values, start = call.take("iterable", "start", start=0)
    items = list(call.follower.iterate(call.node, values))
    tensors_among = [item for item in items if isinstance(item, Tensor)]
    return (
        tensors.use(call, Combine("add"), *tensors_among)
        if tensors_among
        else call.follower.plainly(call.node, sum, items, start)
    )


def pairs(call: Call, value: Any) -> Any:
    """Return what a dictionary is made of."""
    call.follower.measure(call.node, value)
    return value if isinstance(value, dict) else [tuple(pair) for pair in call.follower.iterate(call.node, value)]


def _type(call: Call) -> Any:
    """Return what made a value: its class of the file, Python's own, or a layer's name."""
    (value,) = call.take("value")
    if isinstance(value, Module):
        return value.made_by or Library(f"torch.nn.{value.kind}")
    if isinstance(value, Layer) and call.follower.language.kinds is not None:
        return Library(f"keras.layers.{value.kind}")
    if isinstance(value, Layer):
        return Library("torch.nn.Parameter" if isinstance(value, Parameter) else f"torch.nn.{value.kind}")
    if isinstance(value, Tensor):
        return Library("torch.Tensor")
    type_name = next((name for name, kind in TYPES.items() if type(value) is kind), None)
    if type_name is None:
        raise InputError(f"the type of {named_kind(value)} is not known here")
    return BUILTINS[type_name]


def _vars(call: Call) -> Any:
    (value,) = call.take("object")
    if not isinstance(value, Settings):
        raise InputError(f"vars() of {named_kind(value)} is not followed")
    return value.values


def _next(call: Call) -> Any:
    """Take the first of what an iterator, which is a list here, has left."""
    items = call.given[0]
    if not isinstance(items, Once):
        raise InputError(f"next() of {named_kind(items)} is not followed", hint="as in next(iter(layers))")
    if not items and len(call.given) > 1:
        return call.given[1]
    if not items:
        raise InputError("there is nothing to take")
    return items.pop(0)


def _callable(call: Call) -> bool:
    return not isinstance(call.given[0], int | float | str | list | tuple | dict | type(None))


TYPES: dict[str, type] = {
    "int": int, "float": float, "str": str, "bool": bool, "list": list, "tuple": tuple, "dict": dict, "set": set,
    "range": range,
}  # fmt: skip
BUILTIN_CALLS: dict[str, Callable[[Call], Any]] = {
    **{kind.__name__: plainly(kind) for kind in (int, float, bool, abs, divmod, slice)},
    "round": plainly(round, keywords=("ndigits",)),
    **{kind.__name__: listed(kind) for kind in (list, tuple, set, any, all)},
    "zip": listed(lambda *lists: Once(zip(*lists, strict=False)), keywords=("strict",)),
    "reversed": listed(lambda items: Once(items[::-1])),
    "sorted": _sorted,
    "max": _extreme(max),
    "min": _extreme(min),
    "str": lambda call: str(call.follower.worded(call.node, call.given[0])) if call.given else "",
    "dict": lambda call: dict(*(pairs(call, value) for value in call.given), **call.named),
    "sum": _sum,
    "len": _len,
    "range": _range,
    "enumerate": _enumerate,
    "map": _map,
    "filter": _filter,
    "isinstance": _isinstance,
    "getattr": _getattr,
    "setattr": _setattr,
    "hasattr": _hasattr,
    "super": modules.parent,
    "print": lambda call: None,
    "type": _type,
    "callable": _callable,
    "vars": _vars,
    "repr": lambda call: repr(call.follower.worded(call.node, call.given[0])),
    "id": lambda call: id(call.given[0]),
    "next": _next,
    "iter": lambda call: (
        call.given[0] if isinstance(call.given[0], Once) else Once(call.follower.iterate(call.node, call.given[0]))
    ),
    "pow": plainly(lambda base, power: base**power if abs(power) < LONGEST else 0),
}
NAMED_ONLY = frozenset(
    (
        *("object", "property", "staticmethod", "classmethod", "NotImplementedError", "ValueError", "TypeError"),
        *("AssertionError", "RuntimeError", "Exception", "Warning", "UserWarning", "FutureWarning", "ImportError"),
        *("DeprecationWarning", "KeyError", "AttributeError", "ModuleNotFoundError"),
    )
)
BUILTINS: dict[str, Any] = {
    **{name: Builtin(name, run) for name, run in BUILTIN_CALLS.items()},
    **{name: Library(name) for name in NAMED_ONLY},
    "__name__": "network",
    "__file__": "network.py",
    "Ellipsis": ...,
}
"""Python's own names."""

METHODS: dict[type, tuple[str, ...]] = {
    float: ("is_integer", "item"),
    list: ("append", "extend", "insert", "pop", "index", "count", "copy", "reverse", "clear", "sort", "remove"),
    dict: ("get", "items", "keys", "values", "update", "pop", "setdefault", "copy"),
    str: (
        *("lower", "upper", "strip", "split", "startswith", "endswith", "replace", "format", "join", "isdigit"),
        *("index", "find", "count", "title", "capitalize", "lstrip", "rstrip", "rsplit", "partition", "rpartition"),
        *("isalpha", "isalnum", "isupper", "islower", "zfill"),
    ),
    tuple: ("index", "count"),
    set: ("add", "union", "update", "discard", "remove", "difference", "intersection", "issubset"),
    int: ("bit_length", "item"),
}
"""Methods of plain values, which do what Python's do."""


def method(value: Any, name: str) -> Builtin | None:
    """Return a method of a plain value, if it is known."""
    names = METHODS.get(type(value), ())
    if name not in names:
        return Builtin(name, _numel_of(value)) if type(value) is tuple and name == "numel" else None
    if name == "sort":
        return Builtin(name, lambda call: _sort(call, value))
    if name == "item":
        return Builtin(name, lambda call: value)

    def run(call: Call) -> Any:
        if isinstance(value, list) and len(value) > LONGEST:
            raise InputError(f"a list of more than {LONGEST:,} items is not followed")
        if isinstance(value, str) and name in ("replace", "format", "join"):
            call.follower.measure(call.node, *call.given)
            _check_words(value, call)
        if name not in ("append", "get", "items", "keys", "values"):
            call.follower.measure(call.node, value, *call.given)
        value_of_call = call.follower.plainly(call.node, lambda: getattr(value, name)(*call.given, **call.named))
        return list(value_of_call) if name in ("items", "keys", "values") else value_of_call

    return Builtin(name, run)


def _check_words(value: str, call: Call) -> None:
    """Refuse what would make a word of immense length, or reach into an object."""
    parts = [
        str(part)
        for argument in call.given
        for part in (argument if isinstance(argument, list | tuple) else (argument,))
    ]
    total = len(value) * max(map(len, parts), default=1)
    if call.given and isinstance(call.given[0], list | tuple):
        total = sum(len(part) + len(value) for part in parts)
    fields = [] if "{" not in value else list(Formatter().parse(value))
    plain = all(name is None or re.fullmatch(r"\w*", name) for _, name, _, _ in fields)
    short = all(SHORT_SPEC.fullmatch(spec or "") and not how for _, _, spec, how in fields)
    if total > LONGEST or not (plain and short):
        raise InputError("these words are not followed", hint='write an f-string: f"fc{i}"')


SHORT_SPEC = re.compile(r"[<>^0]?\d{0,2}(?:\.\d)?[dfgsx]?")
"""Formats that make no long words."""


def _numel_of(value: tuple[int, ...]) -> Callable[[Call], int]:
    return lambda call: math.prod(value)
