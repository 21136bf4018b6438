"""A call's arguments by their names, as Python gives them to a function."""

import ast
from typing import Any

from convcalc.network.source.values import Function


def arguments(
    follower: Any, node: ast.AST, function: Function, given: list[Any], named: dict[str, Any]
) -> dict[str, Any]:
    """Return a call's arguments by their names, as Python would; raise InputError where it would a TypeError."""
    signature = function.node.args
    positional = [argument.arg for argument in (*signature.posonlyargs, *signature.args)]
    values = dict(zip(positional, given, strict=False))
    if len(given) > len(positional) and signature.vararg is None:
        raise follower.refuse(node, f"{function.name}() is given {len(given)} values, and takes {len(positional)}")
    if signature.vararg is not None:
        values[signature.vararg.arg] = tuple(given[len(positional) :])
    parameters = {*positional, *(argument.arg for argument in signature.kwonlyargs)}
    extra = {name: value for name, value in named.items() if name not in parameters}
    if extra and signature.kwarg is None:
        raise follower.refuse(node, f"{function.name}() has no argument '{next(iter(extra))}'")
    if signature.kwarg is not None:
        values[signature.kwarg.arg] = extra
    for name, value in named.items():
        if name in parameters:
            if name in values:
                raise follower.refuse(node, f"{function.name}() is given '{name}' twice")
            values[name] = value
    for name, value in zip(reversed(positional), reversed(function.defaults), strict=False):
        values.setdefault(name, value)
    for name, value in function.keyword_defaults.items():
        values.setdefault(name, value)
    missing = [name for name in (*positional, *(one.arg for one in signature.kwonlyargs)) if name not in values]
    if missing:
        hint = None
        if node is function.node:  # the network's own forward
            head = ", ".join([*positional[:2], *(f"{name}=None" for name in missing)])
            hint = f"give each its shape, -i 3x32x32 -i 10; or None by default: def {function.name}({head}):"
        raise follower.refuse(node, f"{function.name}() needs {' and '.join(map(repr, missing))}", hint)
    return values
