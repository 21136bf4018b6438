"""Python's standard library, and numpy, as far as files of networks use them: functions by their full names."""

import itertools
import math
import operator
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from convcalc.errors import InputError
from convcalc.network.source import arguments
from convcalc.network.source.follower import LONGEST
from convcalc.network.source.python import listed, pairs, plainly
from convcalc.network.source.values import Array, Builtin, Call, Default, Library, Numbers


def _field(call: Call) -> Default:
    return Default(call.named.get("default"), call.named.get("default_factory"))


def _reduce(call: Call) -> Any:
    function, items, *initial = call.given
    values = [*initial, *call.follower.iterate(call.node, items)]
    if not values:
        raise InputError("there is nothing to reduce")
    total = values[0]
    for value in values[1:]:
        total = call.follower.call(call.node, function, [total, value], {}, call.scope)
    return total


def _product(call: Call) -> list[Any]:
    """Do what `itertools.product` does."""
    repeat = call.named.pop("repeat", 1)
    if not isinstance(repeat, int) or not 0 < repeat <= 16:
        raise InputError(f"product(repeat={repeat!r}) is not followed")
    run = listed(lambda *lists: list(itertools.islice(itertools.product(*lists, repeat=repeat), LONGEST + 1)))
    pairs_found: list[Any] = run(call)
    if len(pairs_found) > LONGEST:
        raise InputError(f"more than {LONGEST:,} combinations are not followed")
    return pairs_found


def _few(count: Any) -> int:
    if not isinstance(count, int) or count > LONGEST:
        raise InputError("this is not repeated so often here")
    return count


def _partial(call: Call) -> Builtin:
    function, *positional = call.given
    keywords = call.named

    def run(later: Call) -> Any:
        return later.follower.call(
            later.node, function, [*positional, *later.given], keywords | later.named, later.scope
        )

    return Builtin("partial", run)


def _spaced(call: Call) -> Numbers:
    """Do what `linspace` does."""
    first, last, count, *_ = (*call.given, *(call.named[name] for name in ("steps", "num") if name in call.named), 50)
    if (
        not isinstance(count, int)
        or not 0 < count <= LONGEST
        or not all(isinstance(one, int | float) for one in (first, last))
    ):
        raise InputError("linspace is followed of plain numbers only")
    return Numbers(first + (last - first) * index / max(count - 1, 1) for index in range(count))


def _filled(call: Call) -> Any:
    """Do what `numpy.zeros` does: an array of a shape."""
    shape = call.given[0] if call.given else call.named.get("shape")
    sizes = (shape,) if isinstance(shape, int) else shape
    if not isinstance(sizes, tuple | list) or not all(isinstance(size, int) for size in sizes):
        raise InputError("the shape of this array is not known")
    return Array(tuple(sizes))


def _counted(call: Call) -> Any:
    """Do what `numpy.arange` does with whole numbers."""
    return Numbers(call.follower.plainly(call.node, range, *call.given))


def _not_there(call: Call) -> bool:
    call.follower.remark(f"the file asks whether {str(call.given[0])[:60]} exists, and is followed as if it did not")
    return False


NUMPYS: dict[str, Callable[..., Any]] = {
    "abs": abs, "round": round, "maximum": max, "minimum": min, "int32": int, "int64": int, "float32": float,
    "cumsum": lambda values: Numbers(itertools.accumulate(values)), "sum": sum, "max": max, "min": min,
    "mod": operator.mod, "array": Numbers,
}  # fmt: skip
"""Functions of numpy's that are used while a network is built."""


def _combinations(call: Call) -> list[Any]:
    items, count = call.take("iterable", "r")
    run = listed(lambda items: list(itertools.islice(itertools.combinations(items, count), LONGEST)))
    found: list[Any] = run(replace(call, given=[items], named={}))
    return found


STANDARD: dict[str, Callable[[Call], Any]] = {
    **dict.fromkeys(
        ("collections.OrderedDict", "typing.OrderedDict"),
        lambda call: dict(*(pairs(call, value) for value in call.given), **call.named),
    ),
    "functools.partial": _partial,
    "functools.reduce": _reduce,
    "dataclasses.field": _field,
    "typing.cast": lambda call: call.given[1],
    "argparse.ArgumentParser": lambda call: arguments.Parser(),
    **dict.fromkeys(("argparse.Namespace", "types.SimpleNamespace"), arguments.namespace),
    "warnings.warn": lambda call: None,
    **{f"logging.{name}": lambda call: None for name in ("debug", "info", "warning", "error")},
    "logging.getLogger": lambda call: Library("torch.nothing"),
    "os.path.join": plainly(lambda *parts: "/".join(map(str, parts))),
    "os.environ.get": lambda call: call.given[1] if len(call.given) > 1 else None,
    **{f"numpy.{name}": _filled for name in ("zeros", "ones", "empty")},
    "os.getenv": lambda call: call.given[1] if len(call.given) > 1 else None,
    **dict.fromkeys(("os.path.exists", "os.path.isfile"), _not_there),
    "itertools.chain": lambda call: [item for part in call.given for item in call.follower.iterate(call.node, part)],
    "itertools.repeat": lambda call: [call.given[0]] * _few(call.given[1]),
    "itertools.pairwise": listed(lambda items: list(itertools.pairwise(items))),
    "itertools.product": _product,
    "itertools.count": lambda call: range(call.given[0] if call.given else 0, LONGEST),
    "itertools.combinations": _combinations,
    "itertools.zip_longest": listed(lambda *lists: list(itertools.zip_longest(*lists))),
    "itertools.accumulate": listed(lambda items: list(itertools.accumulate(items))),
    **{f"operator.{name}": plainly(getattr(operator, name)) for name in ("add", "sub", "mul", "floordiv")},
    **{f"math.{name}": plainly(getattr(math, name)) for name in ("ceil", "floor", "sqrt", "log2", "log", "exp", "gcd")},
    **{f"numpy.{name}": plainly(getattr(math, name)) for name in ("ceil", "floor", "sqrt", "log2", "log", "exp")},
    **{f"numpy.{name}": plainly(function) for name, function in NUMPYS.items()},
    **dict.fromkeys(("math.prod", "numpy.prod"), listed(math.prod)),
    **dict.fromkeys(("numpy.linspace", "torch.linspace"), _spaced),
    "numpy.arange": _counted,
    "six.moves.range": plainly(range),
    **{f"time.{name}": lambda call: Library("torch.nothing") for name in ("time", "perf_counter", "sleep")},
    **dict.fromkeys(
        (
            "pathlib.Path",
            *(f"numpy.random.{name}" for name in ("rand", "randn", "randint", "normal", "uniform", "seed")),
        ),
        lambda call: Library("torch.nothing"),
    ),
}
"""All of them."""
