"""Arrays that are made while a network is built: only their shape is followed, as a tensor's without a batch."""

import ast
from collections.abc import Callable
from typing import Any

from convcalc.network.functions import Parameter
from convcalc.network.source import tensors
from convcalc.network.source.copies import SAME
from convcalc.network.source.follower import Follower
from convcalc.network.source.values import Array, Builtin, Call, Numbers, Scope
from convcalc.network.trace import Tensor, Trace


def attribute(follower: Follower, node: ast.AST, array: Array, name: str, scope: Scope) -> Any:
    """Return an attribute of an array: its shape, or a method, of which the shape it gives is followed."""
    if name in ("shape", "ndim"):
        return array.shape if name == "shape" else len(array.shape)
    if name == "data":
        return array
    if name.endswith("_") or name in SAME or name in tensors.ALIKE or name in ("item", "astype", "copy"):
        return Builtin(name, lambda call: array)
    if name == "tolist":
        raise follower.refuse(node, "the numbers of this array are not known", "write them as a list")

    def run(call: Call) -> Any:
        def method(x: Tensor) -> Any:
            found = tensors.attribute(follower, node, x, name, scope)
            return found.run(call) if isinstance(found, Builtin) else found

        return worked(follower, node, method, array)

    return Builtin(name, run)


def worked(follower: Follower, node: ast.AST, function: Callable[..., Any], *arrays: Any) -> Any:
    """Do with arrays what is done with tensors, and return the arrays that it gives.

    Within `forward` they are tensors; before it, each is one for as long as this takes.
    """
    if follower.trace is not None:
        scope = Scope({})
        given = [follower.tensor(one, node, scope) if isinstance(one, Array | Numbers) else one for one in arrays]
        return function(*given)
    follower.trace = Trace()
    try:
        given = [as_tensor(follower.trace, one) for one in arrays]
        return as_array(function(*given))
    finally:
        follower.trace, follower.parameters = None, {}


def as_tensor(trace: Trace, value: Any) -> Any:
    """Return a tensor without a batch for an array, and for arrays in a list; whatever else it is, itself."""
    if isinstance(value, Array | Numbers):
        return trace.apply("array", Parameter(value.shape if isinstance(value, Array) else (len(value),)))
    if isinstance(value, list | tuple):
        return type(value)(as_tensor(trace, item) for item in value)
    return value


def as_array(value: Any) -> Any:
    """Return the arrays that tensors stand for."""
    if isinstance(value, Tensor):
        return Array(value.shape)
    if isinstance(value, list | tuple):
        return type(value)(as_array(item) for item in value)
    return value


def has_array(values: Any) -> bool:
    """Whether there is an array among values, or in lists among them."""
    return any(
        isinstance(value, Array | Numbers) or (type(value) in (list, tuple) and len(value) < 100 and has_array(value))
        for value in values
    )
