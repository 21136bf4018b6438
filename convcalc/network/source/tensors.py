"""What can be done with a tensor in `forward`: its shape, views, reductions, parts, and functions cell by cell."""

import ast
import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from convcalc.errors import InputError
from convcalc.network.functions import (
    Cat,
    Combine,
    Constant,
    MatMul,
    Permute,
    Reduce,
    Repeat,
    Resize,
    Stack,
    Take,
    View,
    axis_of,
    fill_in,
)
from convcalc.network.kinds import KINDS
from convcalc.network.layer import Layer, Shape
from convcalc.network.source.batches import moves_rows, unbatched
from convcalc.network.source.copies import SAME, changed, detached, unknown
from convcalc.network.source.follower import TENSORS, Follower
from convcalc.network.source.functional import ACTIVATIONS, layer_function
from convcalc.network.source.values import Builtin, Call, Library, Scope
from convcalc.network.trace import Tensor

ALIKE = frozenset(
    (
        *("exp", "log", "log2", "sqrt", "rsqrt", "abs", "neg", "sign", "square", "reciprocal", "sin", "cos", "erf"),
        *("floor", "ceil", "round", "clamp_min", "clamp_max", "pow", "norm_cdf", "nan_to_num"),
        *("normalize", "zeros_like", "ones_like", "randn_like", "rand_like", "flip", "roll", "softplus", "cumsum"),
        *("add", "sub", "mul", "div", "maximum", "minimum", "masked_fill", "where", "addcmul", "fmod", "remainder"),
    )
)
"""Functions of one tensor, or of several, cell by cell."""
REDUCTIONS = frozenset(("mean", "sum", "amax", "amin", "prod", "std", "var", "logsumexp", "norm", "argmax", "argmin"))
ORDERS = {"norm": ("p", "dim", "keepdim"), **dict.fromkeys(("std", "var"), ("dim", "unbiased", "keepdim"))}
"""In which order a reduction takes its arguments, where that is not axes and `keepdim`."""


def attribute(follower: Follower, node: ast.AST, value: Any, name: str, scope: Scope) -> Any:
    """Return an attribute of a tensor, or of a parameter that stands for one."""
    shape = value.shape if isinstance(value, Tensor) else tuple(value.shape)
    loses = value.unknown_if_read if isinstance(value, Tensor) else None
    if name in ("shape", "ndim", "size", "dim") and loses is not None and follower.trace is not None:
        follower.trace.unknown.append(loses)
    if name == "shape":
        return shape
    if name == "ndim":
        return len(shape)
    if name in ("device", "dtype"):
        return Library(f"torch.{name}")
    if name == "requires_grad":
        return True
    if name == "T":
        return _transpose(Call(node, [follower.tensor(value, node, scope), -2, -1], {}, follower, scope))
    if name == "data":
        return detached(Call(node, [], {}, follower, scope), value)
    base = name.rstrip("_")
    if name in FILLING and follower.trace is not None:
        why = f"{name}() fills a tensor where it stands, which is not followed in numbers"
        follower.trace.unknown.append(follower.refuse(node, why))
        return Builtin(name, lambda call: value)
    if name.endswith("_") and base in FUNCTIONS and base not in ("clamp", "clip"):
        raise follower.refuse(
            node, f"{name}() changes a tensor where it stands, which is not followed", f"x = x.{base}(…)"
        )
    if name in SAME:
        return Builtin(name, lambda call: SAME[name](call, value))
    function = FUNCTIONS.get(base) if not name.startswith("_") else None
    if function is None and base in ACTIVATIONS:
        function = layer_function(ACTIVATIONS[base], base)
    if function is None and base in ALIKE:
        function = alike(base)
    if function is None and base in REDUCTIONS:
        function = reduction(base)
    if function is None:
        raise follower.refuse(node, f"a tensor's '{name}' is not followed", FOLLOWED)

    run = function
    if not name.endswith("_"):
        return Builtin(name, lambda call: run(_with(call, value)))
    before = follower.tensor(value, node, scope)
    return Builtin(name, lambda call: changed(follower, before, run(_with(call, before))))


FILLING = ("zero_", "fill_", "normal_", "uniform_", "copy_")
"""Methods that give a tensor other numbers."""
FOLLOWED = "views, sums, means, parts and functions of single cells are; write it with those"


def _with(call: Call, value: Any) -> Call:
    """Return a method's call as the function's, with the tensor first."""
    tensor = call.follower.tensor(value, call.node, call.scope)
    return Call(call.node, [tensor, *call.given], call.named, call.follower, call.scope)


def use(call: Call, layer: Layer, *tensors: Any, name: str | None = None) -> Tensor:
    """Apply a function to tensors."""
    inputs = [call.follower.tensor(tensor, call.node, call.scope) for tensor in tensors]
    output: Tensor = call.follower.use(name or layer.kind, layer, *inputs, node=call.node, scope=call.scope)
    return output


def alike(name: str) -> Callable[[Call], Tensor]:
    """Return a function cell by cell, of as many tensors as there are among its arguments."""

    def run(call: Call) -> Tensor:
        tensors = [value for value in (*call.given, *call.named.values()) if isinstance(value, TENSORS)]
        if not tensors:
            raise InputError(f"{name} is given no tensor")
        numbers = [value if isinstance(value, int | float) else None for value in call.given]
        is_known = not call.named and len(tensors) == numbers.count(None)
        return use(call, Combine(name, numbers, is_known=is_known), *tensors)

    return run


def reduction(name: str) -> Callable[[Call], Tensor]:
    """Return a mean, a sum or the like along axes."""

    def run(call: Call) -> Tensor:
        tensor, *positional = call.given
        arguments = dict(zip(ORDERS.get(name, ("dim", "keepdim")), positional, strict=False)) | call.named
        axes = arguments.get("dim", arguments.get("axis"))
        if isinstance(axes, bool):
            raise InputError(f"{name}({axes}) is not followed", hint="name it: unbiased=…, dim=…")
        return use(call, Reduce(name, axes, bool(arguments.get("keepdim", False))), tensor)

    return run


def _extreme(name: str) -> Callable[[Call], Any]:
    """Return `max` or `min`: along an axis, its values and where they are; of two tensors, cell by cell."""

    def run(call: Call) -> Any:
        _, *positional = call.given
        if any(isinstance(value, TENSORS) for value in (*positional, call.named.get("other"))):
            return alike(name)(call)
        if not positional and "dim" not in call.named:
            return reduction(name)(call)
        output = reduction(f"a{name}")(call)
        places = unknown(call, output, f"where the {name} lies is not followed", "only what it is")
        return output, places

    return run


def as_numbers(values: list[Any]) -> tuple[Any, ...]:
    """Return numbers that are given one by one, or as one tuple."""
    return tuple(values[0]) if len(values) == 1 and isinstance(values[0], list | tuple) else tuple(values)


def _shape(call: Call) -> tuple[Any, ...]:
    return as_numbers([*call.given[1:], *call.named.values()])


def _view(call: Call) -> Tensor:
    tensor = call.follower.tensor(call.given[0], call.node, call.scope)
    view = View(_shape(call))
    wanted = tuple(view.shape)
    if not tensor.batchless and all(isinstance(size, int) for size in wanted) and moves_rows(call, tensor, wanted):
        tensor = unbatched(call, tensor)
    return use(call, view, tensor, name="view")


def _flatten(call: Call) -> Tensor:
    tensor, *settings = call.given
    keywords = {"start_dim": 0, **call.named} if not settings else call.named
    output: Tensor = call.follower.use(
        call.follower.local_name("flatten", call.scope), KINDS["Flatten"](*settings, **keywords),
        call.follower.tensor(tensor, call.node, call.scope), node=call.node, scope=call.scope,
    )  # fmt: skip
    return output


def _permute(call: Call) -> Tensor:
    tensor = call.follower.tensor(call.given[0], call.node, call.scope)
    order = _shape(call)
    if order and isinstance(order[0], int) and order[0] % len(tensor.shape) and not tensor.batchless:
        tensor = unbatched(call, tensor)
    return use(call, Permute(order), tensor)


def _transpose(call: Call) -> Tensor:
    tensor, first, second = call.take("input", "dim0", "dim1")
    rank = len(call.follower.tensor(tensor, call.node, call.scope).shape)
    one, two = axis_of(first, rank, "transpose"), axis_of(second, rank, "transpose")
    order = list(range(rank))
    order[one], order[two] = two, one
    return _permute(replace(call, given=[tensor, tuple(order)], named={}))


def _turned(call: Call) -> Tensor:
    tensor = call.follower.tensor(call.given[0], call.node, call.scope)
    if len(tensor.shape) != 2:
        raise InputError(f"t() of {len(tensor.shape)} axes", hint="name both: x.transpose(1, 2)")
    return use(call, Permute((1, 0)), tensor)


def _size(call: Call) -> Any:
    tensor, axis = call.take("input", "dim", dim=None)
    shape = tensor.shape
    return shape if axis is None else shape[axis_of(axis, len(shape), "size")]


def _numel(call: Call) -> int:
    total = 1
    for size in call.given[0].shape:
        total *= size
    return total


def _squeeze(call: Call) -> Tensor:
    tensor, axis = call.take("input", "dim", dim=None)
    shape: Shape = tensor.shape
    kept = 0 if tensor.batchless else 1
    if axis is None:
        after = (*shape[:kept], *(size for size in shape[kept:] if size != 1))
    else:
        place = axis_of(axis, len(shape), "squeeze")
        after = shape if shape[place] != 1 or place < kept else (*shape[:place], *shape[place + 1 :])
    output = use(call, Resize("squeeze", after), tensor)
    if tensor.batchless or shape[0] != 1 or not (axis is None or axis_of(axis, len(shape), "squeeze") == 0):
        return output
    why = "squeeze takes the batch of one item away, which is kept here: the axes behind it are others in PyTorch"
    return replace(output, unknown_if_read=call.follower.refuse(call.node, why, "name the axis, as in squeeze(-1)"))


def _unsqueeze(call: Call) -> Tensor:
    tensor, axis = call.take("input", "dim")
    shape: Shape = tensor.shape
    place = axis_of(axis, len(shape) + 1, "unsqueeze")
    if place == 0 and not tensor.batchless:
        raise InputError("unsqueeze(0) comes before the batch", hint="the batch is axis 0 already")
    return use(call, Resize("unsqueeze", (*shape[:place], 1, *shape[place:])), tensor)


def _expand(call: Call) -> Tensor:
    tensor = call.given[0]
    sizes = _shape(call)
    before = (1,) * (len(sizes) - len(tensor.shape)) + tuple(tensor.shape)
    after = tuple(size if new == -1 else new for size, new in zip(before, sizes, strict=True))
    if any(size not in (1, new) for size, new in zip(before, after, strict=True)):
        raise InputError(f"expand: {before} cannot become {after}", hint="only axes of length 1 are repeated")
    return use(call, Resize("expand", after), tensor)


def _expand_as(call: Call) -> Tensor:
    return use(call, Resize("expand", call.given[1].shape), call.given[0])


def _repeat(call: Call) -> Tensor:
    counts = _shape(call)
    if not counts or not all(isinstance(count, int) and count > 0 for count in counts):
        raise InputError(f"repeat{counts} is not followed", hint="as in x.repeat(1, 2, 1, 1)")
    return use(call, Repeat(counts), call.given[0])


def _parts(call: Call, name: str, lengths: list[int], axis: int) -> tuple[Tensor, ...]:
    tensor = call.given[0]
    shape: Shape = tensor.shape
    shapes = [(*shape[:axis], length, *shape[axis + 1 :]) for length in lengths]
    count, firsts = len(shapes), itertools.accumulate(lengths, initial=0)
    parts = enumerate(zip(shapes, firsts, strict=False))
    return tuple(
        use(call, Take(to, f"{index} of {count}", cuts={axis: (first, 1)}), tensor, name=name)
        for index, (to, first) in parts
    )


def _chunk(call: Call) -> tuple[Tensor, ...]:
    tensor, chunks, dim = call.take("input", "chunks", "dim", dim=0)
    axis = _inner_axis(dim, len(tensor.shape), "chunk", batchless=tensor.batchless)
    if not isinstance(chunks, int) or chunks < 1:
        raise InputError("chunk needs a number of parts")
    size = tensor.shape[axis]
    each = -(-size // chunks)
    return _parts(call, "chunk", [min(each, size - start) for start in range(0, size, each)], axis)


def _split(call: Call) -> tuple[Tensor, ...]:
    tensor, sizes, dim = call.take("tensor", "split_size_or_sections", "dim", dim=0)
    axis = _inner_axis(dim, len(tensor.shape), "split", batchless=tensor.batchless)
    length = tensor.shape[axis]
    if isinstance(sizes, int):
        sizes = [min(sizes, length - start) for start in range(0, length, max(sizes, 1))]
    if sum(sizes) != length or len(sizes) > 1000:
        raise InputError(f"split: {list(sizes)[:8]} do not add up to {length}")
    return _parts(call, "split", list(sizes), axis)


def _inner_axis(dim: Any, rank: int, name: str, *, batchless: bool) -> int:
    axis = axis_of(dim, rank, name)
    if axis == 0 and not batchless:
        raise InputError(f"{name} along axis 0 divides the batch", hint="dim=1 divides the channels")
    return axis


def _several(call: Call, tensors: Any) -> list[Any]:
    """Return the tensors of a list; raise InputError where there are none."""
    items = list(call.follower.iterate(call.node, tensors))
    if not items:
        raise InputError("there is nothing to join", hint="give it a list of tensors")
    return items


def _cat(call: Call) -> Tensor:
    tensors, dim = call.take("tensors", "dim", dim=call.named.pop("axis", 0))
    return use(call, Cat(dim), *_several(call, tensors))


def _stack(call: Call) -> Tensor:
    tensors, dim = call.take("tensors", "dim", dim=0)
    return use(call, Stack(dim), *_several(call, tensors))


def _matmul(call: Call) -> Tensor:
    first, second = call.take("input", "other")
    return use(call, MatMul(), first, second)


def _clamp(call: Call) -> Tensor:
    """Keep numbers between two, or on one side of one."""
    tensor, least, most = call.take("input", "min", "max", min=None, max=None)
    bounds = [bound for bound in (least, most) if bound is not None]
    if not bounds or not all(isinstance(bound, int | float) for bound in bounds):
        return use(call, Combine("clamp", is_known=False), tensor)
    if len(bounds) == 1:
        name = "clamp_min" if most is None else "clamp_max"
        return use(call, Combine(name, (None, bounds[0])), tensor)
    output: Tensor = call.follower.use(
        call.follower.local_name("clamp", call.scope), KINDS["Hardtanh"](least, most),
        call.follower.tensor(tensor, call.node, call.scope), node=call.node, scope=call.scope,
    )  # fmt: skip
    return output


def _unflatten(call: Call) -> Tensor:
    tensor, dim, parts = call.take("input", "dim", "sizes")
    axis = axis_of(dim, len(tensor.shape), "unflatten")
    filled = fill_in(tuple(parts), tensor.shape[axis], f"an axis of {tensor.shape[axis]}")
    return use(call, View((*tensor.shape[:axis], *filled, *tensor.shape[axis + 1 :])), tensor)


FUNCTIONS: dict[str, Callable[[Call], Any]] = {
    "view": _view,
    "max": _extreme("max"),
    "min": _extreme("min"),
    "reshape": _view,
    "flatten": _flatten,
    "permute": _permute,
    "transpose": _transpose,
    "swapaxes": _transpose,
    "t": _turned,
    "size": _size,
    "dim": lambda call: len(call.given[0].shape),
    "numel": _numel,
    "squeeze": _squeeze,
    "unsqueeze": _unsqueeze,
    "expand": _expand,
    "expand_as": _expand_as,
    "view_as": lambda call: use(call, View(call.given[1].shape), call.given[0], name="view"),
    "repeat": _repeat,
    "chunk": _chunk,
    "split": _split,
    "cat": _cat,
    "concat": _cat,
    "concatenate": _cat,
    "stack": _stack,
    "matmul": _matmul,
    "bmm": _matmul,
    "mm": _matmul,
    "unflatten": _unflatten,
    "clamp": _clamp,
    "clip": _clamp,
}
"""Functions of tensors, by their names: methods of a tensor, and `torch.…`."""


def made_here(call: Call) -> Tensor:
    """Return a tensor that is made in `forward`: zeros, ones, random numbers."""
    given = [value for value in call.given if isinstance(value, int | tuple | list)]
    shape = as_numbers(given)
    if not shape or not all(isinstance(size, int) and size > 0 for size in shape):
        raise InputError("the shape of this tensor is not known", hint="as in torch.zeros(1, 10)")
    return use(call, Constant(shape))
