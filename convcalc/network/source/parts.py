"""Parts of a tensor: by numbers, slices, ... and None."""

import ast
from dataclasses import replace
from typing import Any

from convcalc.network.functions import Parameter, Take
from convcalc.network.source.follower import Follower
from convcalc.network.source.values import Array, Numbers, Scope
from convcalc.network.trace import Tensor


def _picked(follower: Follower, node: ast.AST, tensor: Tensor, index: Any, scope: Scope) -> Tensor:
    """Return the rows of a parameter that other numbers say, of which only the shape is known."""
    shape = (len(index),) if isinstance(index, Numbers) else tuple(index.shape)
    if isinstance(index, Parameter):
        follower.tensor(index, node, scope)  # which is counted
    output = follower.use("part", Take((*shape, *tensor.shape[1:]), "[…]", ()), tensor, node=node, scope=scope)
    return replace(output, unknown=follower.refuse(node, "rows that are picked by other numbers are not followed"))


def indexed(follower: Follower, node: ast.AST, tensor: Tensor, index: Any, scope: Scope) -> Tensor:
    """Return a part of a tensor, by numbers, slices, ... and None."""
    if isinstance(index, Tensor | Parameter | Array | Numbers) and tensor.batchless:
        return _picked(follower, node, tensor, index, scope)
    parts = list(index) if isinstance(index, tuple) else [index]
    shape = list(tensor.shape)
    if parts.count(...) > 1 or any(not isinstance(part, int | slice | type(None) | type(...)) for part in parts):
        raise follower.refuse(node, "this index is not followed", "numbers, slices, ... and None are")
    count = sum(part is not None and part is not ... for part in parts)
    if count > len(shape):
        raise follower.refuse(node, f"{count} indices are too many for {len(shape)} axes")
    rest: list[Any] = [slice(None)] * (len(shape) - count)
    place = parts.index(...) if ... in parts else len(parts)
    parts = [*parts[:place], *rest, *parts[place + 1 :]]
    after, axis = [], 0
    origins: list[int | None] = []
    cuts, picked = {}, {}
    for part in parts:
        if part is None:
            after.append(1)
            origins.append(None)
            continue
        if (
            axis == 0
            and not tensor.batchless
            and not (isinstance(part, slice) and part in (slice(None), slice(0, None)))
        ):
            raise follower.refuse(node, "this takes a part of the batch", "begin with a colon: x[:, 0]")
        if isinstance(part, slice):
            cells = follower.plainly(node, range(shape[axis]).__getitem__, part)
            after.append(len(cells))
            origins.append(axis)
            cuts[axis] = (cells.start, cells.step)
        else:
            axis_of_size = shape[axis]
            if not -axis_of_size <= part < axis_of_size:
                raise follower.refuse(node, f"there is no {part} among {axis_of_size}")
            picked[axis] = part % axis_of_size
        axis += 1
    if 0 in after:
        raise follower.refuse(node, "this part is empty")
    text = ast.unparse(node.slice) if isinstance(node, ast.Subscript) else ""
    return follower.use("part", Take(tuple(after), f"[{text}]", origins, cuts, picked), tensor, node=node, scope=scope)
