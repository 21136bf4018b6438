"""einops: `rearrange`, `reduce` and `repeat`, as views, permutations and reductions of a tensor."""

import math
import re
from typing import Any

from convcalc.errors import InputError
from convcalc.network.functions import Permute, Reduce, Resize, View
from convcalc.network.layer import Layer, Shape
from convcalc.network.source.values import Builtin, Call
from convcalc.network.trace import Tensor

Side = list[list[str]]
"""One side of a pattern: for each axis the names that it is made of."""
EXAMPLE = "as in 'b c (h p) (w q) -> b (h w) (p q c)'"


def _side(text: str) -> Side:
    """Read one side of a pattern.

    >>> _side("b (h w) 1")
    [['b'], ['h', 'w'], []]
    """
    parts = re.findall(r"\([^()]*\)|[\w.…]+", text)
    if "".join(parts).replace(" ", "") != text.replace(" ", "") or "..." in text or "…" in text:
        raise InputError(f"this side of the pattern is not followed: {text.strip()}", hint=EXAMPLE)
    return [[word for word in part.strip("()").split() if word != "1"] for part in parts]


def _both(pattern: Any) -> tuple[Side, Side]:
    if not isinstance(pattern, str) or pattern.count("->") != 1:
        raise InputError(f"{pattern!r} is no pattern", hint=EXAMPLE)
    left, right = pattern.split("->")
    return _side(left), _side(right)


def _lengths(left: Side, shape: Shape, given: dict[str, Any]) -> dict[str, int]:
    """Return how long each named axis is."""
    if len(left) != len(shape):
        raise InputError(f"the pattern has {len(left)} axes, and the tensor {len(shape)}", hint=EXAMPLE)
    lengths = {name: size for name, size in given.items() if isinstance(size, int)}
    for names, size in zip(left, shape, strict=True):
        unknown = [name for name in names if name not in lengths]
        product = math.prod(lengths[name] for name in names if name in lengths)
        if len(unknown) > 1:
            raise InputError(f"how {size} parts into {' '.join(names)} is not said", hint=f"give {unknown[0]}=…")
        if unknown and product and size % product == 0:
            lengths[unknown[0]] = size // product
        if math.prod(lengths.get(name, 0) for name in names) != size:
            raise InputError(f"an axis of {size} does not part into {' '.join(names) or 1}")
    return lengths


def _apply(call: Call, layer: Layer, tensor: Tensor) -> Tensor:
    if isinstance(layer, View | Resize) and layer.output(tensor.shape) == tensor.shape:
        return tensor
    if isinstance(layer, Permute) and list(layer.dims_order) == list(range(len(tensor.shape))):
        return tensor
    output: Tensor = call.follower.use(layer.kind, layer, tensor, node=call.node, scope=call.scope)
    return output


def _rearranged(call: Call, value: Any, pattern: Any, how: str | None, given: dict[str, Any]) -> Tensor:
    """Part the axes, put them in order (reduced or repeated where a name is on one side only), and join them."""
    tensor: Tensor = call.follower.tensor(value, call.node, call.scope)
    left, right = _both(pattern)
    lengths = _lengths(left, tensor.shape, given)
    before = [name for names in left for name in names]
    after = [name for names in right for name in names]
    gone, new = [name for name in before if name not in after], [name for name in after if name not in before]
    missing = [name for name in new if name not in lengths]
    if len(set(before)) < len(before) or len(set(after)) < len(after) or missing:
        raise InputError(f"{pattern!r} is not followed", hint=EXAMPLE)
    if (gone and how is None) or (new and how != "repeat"):
        name = (gone or new)[0]
        raise InputError(f"'{name}' is on one side of {pattern!r} only", hint=EXAMPLE)
    tensor = _apply(call, View(tuple(lengths[name] for name in before)), tensor)
    if gone:
        axes = tuple(before.index(name) for name in gone)
        function = {"max": "amax", "min": "amin"}.get(str(how), str(how))
        tensor = _apply(call, Reduce(function, axes), tensor)
        before = [name for name in before if name in after]
    kept = [name for name in after if name in before]
    tensor = _apply(call, Permute(tuple(before.index(name) for name in kept)), tensor)
    if new:
        ones = tuple(1 if name in new else lengths[name] for name in after)
        tensor = _apply(call, Resize("unsqueeze", ones), tensor)
        tensor = _apply(call, Resize("expand", tuple(lengths[name] for name in after)), tensor)
    return _apply(call, View(tuple(math.prod(lengths[name] for name in names) for names in right)), tensor)


def _function(name: str) -> Any:
    def run(call: Call) -> Tensor:
        tensor, pattern, *rest = call.given
        how = (rest[0] if rest else call.named.pop("reduction", None)) if name == "reduce" else None
        return _rearranged(call, tensor, pattern, "repeat" if name == "repeat" else how, call.named)

    return run


def _layer(name: str) -> Any:
    """Return what makes a layer of a function: `Rearrange('b c h w -> b (c h w)')`."""

    def make(call: Call) -> Builtin:
        pattern, *rest = call.given
        how = (rest[0] if rest else call.named.pop("reduction", None)) if name == "Reduce" else None
        given = dict(call.named)
        how = "repeat" if name == "Repeat" else how

        def run(later: Call) -> Tensor:
            return _rearranged(later, later.given[0], pattern, how, given)

        return Builtin(name, run)

    return make


FUNCTIONS = {
    **{f"einops.{name}": _function(name) for name in ("rearrange", "reduce", "repeat")},
    **{f"einops.layers.torch.{name}": _layer(name) for name in ("Rearrange", "Reduce")},
}
"""einops' functions and layers, by their full names."""
