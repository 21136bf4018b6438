"""Giving names, parts and attributes their values."""

import ast
from typing import Any

from convcalc.network.functions import Parameter
from convcalc.network.layer import Layer
from convcalc.network.shaping import Upsample
from convcalc.network.source.arguments import Settings, made_default
from convcalc.network.source.follower import Follower
from convcalc.network.source.values import (
    Array,
    Class,
    Library,
    Module,
    Scope,
    SourceModule,
    Weight,
    named_kind,
    set_trained,
)
from convcalc.network.trace import Tensor
from convcalc.network.windows import Filters, TransposedConvolution, Window

HARMLESS_SETTINGS = frozenset(("requires_grad", "eps", "momentum", "p", "name"))
"""What may be changed of a layer without changing a shape or a count."""


def _is_part(value: Any) -> bool:
    """Whether a value is a layer or a module, rather than a parameter."""
    return isinstance(value, Layer | Module) and not isinstance(value, Parameter)


def _can_be_set(layer: Any, name: str) -> bool:
    """Whether a layer's setting is read only when it is used, so that it can be changed until then."""
    if isinstance(layer, Filters):
        padding_mode, padding = getattr(layer, "padding_mode", ""), getattr(layer, "padding", "")
        plain = padding_mode == "zeros" and not isinstance(padding, str)
        return name in ("stride", "padding", "dilation") and plain
    return name in type(layer).arguments()


def bind(follower: Follower, target: ast.expr, value: Any, scope: Scope) -> None:
    """Give a name, or several at once, a value."""
    if isinstance(target, ast.Name):
        (scope.outermost if target.id in scope.shared else scope).names[target.id] = value
    elif isinstance(target, ast.Attribute):
        set_attribute(follower, target, follower.evaluate(target.value, scope), target.attr, value)
    elif isinstance(target, ast.Tuple | ast.List):
        _bind_several(follower, target, value, scope)
    elif isinstance(target, ast.Subscript):
        _bind_part(follower, target, value, scope)
    else:
        raise follower.refuse(target, "this cannot be given a value here")


def _bind_part(follower: Follower, target: ast.Subscript, value: Any, scope: Scope) -> None:
    holder, index = follower.evaluate(target.value, scope), follower.evaluate(target.slice, scope)
    if isinstance(holder, Module):
        names = list(holder.parts)
        name = names[index] if isinstance(index, int) and -len(names) <= index < len(names) else str(index)
        holder.parts[name] = value
    elif isinstance(holder, Array):
        pass  # filling an array changes no shape
    elif isinstance(holder, list | dict):
        follower.plainly(target, holder.__setitem__, index, value)
    else:
        raise follower.refuse(target, f"a part of {named_kind(holder)} cannot be given a value here")


def _bind_several(follower: Follower, target: ast.Tuple | ast.List, value: Any, scope: Scope) -> None:
    items = list(follower.iterate(target, value))
    stars = [index for index, part in enumerate(target.elts) if isinstance(part, ast.Starred)]
    if stars:
        after = len(target.elts) - stars[0] - 1
        middle = items[stars[0] : len(items) - after]
        items = [*items[: stars[0]], middle, *items[len(items) - after :]]
    if len(items) != len(target.elts):
        raise follower.refuse(target, f"{len(target.elts)} names are given {len(items)} values")
    for part, item in zip(target.elts, items, strict=True):
        bind(follower, part.value if isinstance(part, ast.Starred) else part, item, scope)


def set_attribute(follower: Follower, node: ast.AST, holder: Any, name: str, value: Any) -> None:
    """Give an attribute of a module (or of an object) a value."""
    if follower.language.sets is not None and follower.language.sets(follower, node, holder, name, value):
        return
    if isinstance(holder, Module):
        network = holder.made_by is not None and holder.made_by.is_module
        if network and isinstance(value, Layer | Module) and not holder.begun:
            raise follower.refuse(
                node, f"{name} is assigned before super().__init__() is called",
                "call super().__init__() first in __init__",
            )  # fmt: skip
        if holder.layer is not None and name in ("weight", "bias", *type(holder.layer).arguments()):
            set_attribute(follower, node, holder.layer, name, value)
            return
        both_are_parts = _is_part(holder.names.get(name)) and (_is_part(value) or value is None)
        if not both_are_parts:  # one part that takes another's name takes its place, too
            holder.names.pop(name, None)
        if name in holder.parts or (holder.holds_parts and isinstance(value, Layer | Module)):
            holder.parts[name] = value
        else:
            holder.names[name] = value
    elif isinstance(holder, Class):
        holder.names[name] = value
    elif isinstance(holder, SourceModule):
        holder.scope.names[name] = value
    elif isinstance(holder, Settings):
        made_default(holder, name, value)
    elif name == "requires_grad" and isinstance(holder, Weight | Parameter):
        set_trained(holder, follower.truth(node, value))
    elif isinstance(holder, Layer) and name in ("weight", "bias"):
        raise follower.refuse(
            node, f"a {name} that is shared or taken away is not followed", "use the layer itself twice"
        )
    elif isinstance(holder, Layer) and name == "inplace":
        holder.works_in_place = follower.truth(node, value)
    elif isinstance(holder, Layer) and name == "training":  # what is set before, eval() sets anew
        holder.trains_always = follower.trace is not None and follower.truth(node, value)
    elif isinstance(holder, Tensor) and name == "data" and follower.trace is not None:
        why = "a tensor's data that is changed is not followed in numbers"
        follower.trace.unknown.append(follower.refuse(node, why, "give the new tensor a name"))
    elif isinstance(holder, Layer) and name == "eps" and hasattr(holder, "eps"):
        holder.eps = value
    elif isinstance(holder, Window | TransposedConvolution | Upsample) and _can_be_set(holder, name):
        setattr(holder, name, value)
        follower.plainly(node, holder.check)
    elif isinstance(holder, Layer) and name in type(holder).arguments() and name not in HARMLESS_SETTINGS:
        raise follower.refuse(node, f"a layer's {name} that is changed is not followed", "make the layer so")
    elif isinstance(holder, Layer):
        follower.extras[id(holder), name] = value
    elif not isinstance(holder, Tensor | Library):  # requires_grad and the like change no shape
        raise follower.refuse(node, f"an attribute of {named_kind(holder)} cannot be given a value here")
