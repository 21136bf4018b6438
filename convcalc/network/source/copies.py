"""What keeps a tensor's shape and is no layer: copies, other types, devices, gradients that stop, changes in place."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from convcalc.errors import InputError
from convcalc.network.functions import Parameter
from convcalc.network.layer import sizes
from convcalc.network.source.values import Call, Library
from convcalc.network.trace import Tensor

FLOAT32 = frozenset(f"torch.{name}" for name in ("float", "float32", "FloatTensor", "dtype", "device", "nothing"))
"""Types that change none of a network's numbers, and devices."""


def as_it_is(call: Call, value: Tensor | Parameter) -> Tensor | Parameter:
    """Hand a tensor on."""
    return value


def detached(call: Call, value: Tensor | Parameter) -> Tensor | Parameter:
    """Return a tensor from which no gradient goes back."""
    return replace(_tensor(call, value), detached=True) if call.follower.trace is not None else value


def copied(call: Call, value: Tensor | Parameter) -> Tensor | Parameter:
    """Return a tensor in a memory of its own."""
    if call.follower.trace is None:
        return value
    copy: Tensor = call.follower.trace.copy(_tensor(call, value))
    return replace(copy, detached=True) if call.follower.stops else copy


def detached_itself(call: Call, value: Tensor | Parameter) -> Tensor | Parameter:
    """Let no gradient go back from a tensor from now on, by whatever name it is read."""
    if call.follower.trace is None:
        return value
    tensor = _tensor(call, value)
    call.follower.trace.detached.add(tensor.view)
    return tensor


def of_another_type(call: Call, value: Tensor | Parameter) -> Tensor | Parameter:
    """Return a tensor whose numbers are not known: float32 is the only type they have here."""
    return unknown(call, value, "numbers of another type than float32 are not followed", "leave the type as it is")


def typed(call: Call, value: Tensor | Parameter) -> Tensor | Parameter:
    """Do what `to` and `type` do: nothing, where they are given a device or float32."""
    given = [one for one in (*call.given, *call.named.values()) if isinstance(one, Library)]
    return value if all(one.name in FLOAT32 for one in given) else of_another_type(call, value)


def unknown(call: Call, value: Tensor | Parameter, why: str, hint: str | None = None) -> Tensor | Parameter:
    """Return a tensor of which the shape is known, and not the numbers."""
    if call.follower.trace is None:
        return value
    return replace(_tensor(call, value), unknown=call.follower.refuse(call.node, why, hint))


def _tensor(call: Call, value: Tensor | Parameter) -> Tensor:
    tensor: Tensor = call.follower.tensor(value, call.node, call.scope)
    return tensor


def changed(follower: Any, before: Tensor, after: Any) -> Tensor:
    """Change a tensor where it stands; raise InputError where that would make it larger."""
    if after.shape != before.shape:
        raise InputError(
            f"this would make {sizes(after.shape)} of {sizes(before.shape)}, where it stands",
            hint="x = x + y makes a new tensor, and x += y does not",
        )
    tensor: Tensor = follower.trace.change(follower.trace.current(before), after)
    return tensor


SAME: dict[str, Callable[[Call, Tensor | Parameter], Tensor | Parameter]] = {
    **dict.fromkeys(("contiguous", "cuda", "cpu", "float", "type_as", "requires_grad_"), as_it_is),
    **dict.fromkeys(("half", "double", "bfloat16", "long", "int"), of_another_type),
    **dict.fromkeys(("to", "type"), typed),
    "detach": detached,
    "detach_": detached_itself,
    "clone": copied,
}
"""Methods of a tensor that change no shape, and are no layers."""
