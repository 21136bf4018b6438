"""The tensors that each layer of a network wants, by PyTorch's names; found in a file's, or drawn at random."""

import math
from collections.abc import Mapping
from fractions import Fraction
from numbers import Real
from typing import Any

import numpy as np

from convcalc.engine.exact import Array, as_floats
from convcalc.engine.grids import as_grid, frozen
from convcalc.engine.settings import whole_numbers
from convcalc.errors import InputError, did_you_mean
from convcalc.network.functions import Parameter
from convcalc.network.held import Shapes, wanted
from convcalc.network.layer import Layer
from convcalc.network.norms import LayerScale
from convcalc.network.shaping import LearnedSlope
from convcalc.network.trace import Node, Trace
from convcalc.watch import Watch, unwatched

LARGEST = float(np.finfo(np.float32).max)
DRAWN_AT_ONCE = 1 << 16
"""Numbers that fit the cache."""
IGNORED = ("num_batches_tracked",)
"""Tensors that PyTorch keeps and a forward pass does not read."""
AUXILIARY = ("aux1.", "aux2.", "AuxLogits.")
"""Heads that only training uses, which torchvision saves with GoogLeNet and Inception."""


def full_name(name: str, tensor: str) -> str:
    """Return what PyTorch calls a layer's tensor.

    >>> full_name("conv1", "weight")
    'conv1.weight'
    """
    return f"{name}.{tensor}" if tensor else name


def own_tensors(trace: Trace) -> dict[int, tuple[Node, Shapes]]:
    """Return, for each layer that holds tensors (by its identity), where it is first used, and what it wants."""
    found: dict[int, tuple[Node, Shapes]] = {}
    for node in trace.nodes:
        shapes = wanted(node.layer) if node.used else {}
        if shapes and id(node.layer) not in found:
            found[id(node.layer)] = node, shapes
    return found


def matched(trace: Trace, tensors: Mapping[str, Array]) -> dict[int, dict[str, Array]]:
    """Return each layer's tensors, by its identity and their names, out of a file's.

    Raises InputError naming a tensor that is missing, has another shape, or is not the network's.
    """
    found: dict[int, dict[str, Array]] = {}
    names: set[str] = set()
    own = own_tensors(trace)
    all_wanted = {full_name(node.name, tensor) for node, shapes in own.values() for tensor in shapes}
    for identity, (node, shapes) in own.items():
        found[identity] = {}
        for tensor, shape in shapes.items():
            called = [full_name(one, tensor) for one in (node.name, *trace.also_called.get(identity, ()))]
            name = next((one for one in called if one in tensors), called[0])
            if name not in tensors:
                held = ", ".join(list(tensors)[:4]) or "nothing"
                others = (other for other in tensors if other not in all_wanted)
                hint = did_you_mean(name, others, f"it holds {held}{', …' * (len(tensors) > 4)}")
                raise InputError(f"{node.name}, {node.layer}: the file has no {name} of {_text(shape)}", hint=hint)
            array, flat = tensors[name], math.prod(shape) == max(shape, default=1)
            if array.shape != shape and not (flat and array.size == math.prod(shape)):
                shapes_text = f"{name} is {_text(array.shape)} in the file, and must be {_text(shape)}"
                raise InputError(f"{node.name}, {node.layer}: {shapes_text}", hint="is it the file of this network?")
            names.update(called)
            found[identity][tensor] = _numbers(name, np.asarray(array)).reshape(shape)
    unused = [full_name(node.name, tensor) for node in trace.nodes if not node.used for tensor in wanted(node.layer)]
    extra = [
        name
        for name in tensors
        if name not in names and not name.endswith(IGNORED) and not name.startswith(AUXILIARY) and name not in unused
    ]
    if extra:
        raise InputError(
            f"the file holds {extra[0]}, which is none of the network's tensors"
            + (f", and {len(extra) - 1} more" if len(extra) > 1 else ""),
            hint="is it the file of this network?",
        )
    return found


def _numbers(name: str, tensor: Array) -> Array:
    """Return a tensor, if it holds numbers that a network can be worked with; raise InputError by its name."""
    if tensor.dtype.kind not in "fiubO":
        raise InputError(f"{name} holds no numbers: its type is {tensor.dtype}", hint="save it as float32")
    odd = [cell for cell in tensor.flat if not isinstance(cell, Real)] if tensor.dtype.kind == "O" else []
    if odd:
        raise InputError(f"{name} holds {odd[0]!r:.40}, which is no number", hint="integers, decimals or Fractions")
    if tensor.dtype.kind == "f" and tensor.size and not float(np.abs(tensor).max()) <= LARGEST:
        kind = "a NaN" if np.isnan(tensor).any() else "an infinite number, or one too large for float32"
        raise InputError(f"{name} holds {kind}", hint="did its training diverge?")
    return tensor


def _text(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "one number"


def drawn(trace: Trace, seed: int, watch: Watch = unwatched) -> dict[int, dict[str, Array]]:
    """Return tensors drawn as PyTorch initialises them: its distributions, and not its stream of numbers.

    Convolutions and fully connected layers are uniform within 1/√(inputs of one output) (torch.nn.init's
    kaiming_uniform with a = √5); norms are 1 and 0.
    """
    (seed,) = whole_numbers(seed, "the seed")[:1]
    if seed < 0:
        raise InputError(f"the seed is {seed}", hint="0, or more")
    rng = np.random.default_rng(seed)
    found: dict[int, dict[str, Array]] = {}
    own = own_tensors(trace)
    for identity, (node, shapes) in watch(own.items(), len(own), "layers drawn"):
        weight = shapes.get("weight", ())
        bound = 1 / math.sqrt(math.prod(weight[1:])) if len(weight) > 1 else 0.0
        found[identity] = {name: _one_drawn(node.layer, name, shape, bound, rng) for name, shape in shapes.items()}
    return found


def _one_drawn(layer: Layer, name: str, shape: tuple[int, ...], bound: float, rng: Any) -> Array:
    if bound:
        uniform = np.empty(math.prod(shape), np.float32)
        for start in range(0, len(uniform), DRAWN_AT_ONCE):  # in the cache; the numbers are the same as all at once
            part = uniform[start : start + DRAWN_AT_ONCE]
            part[:] = rng.uniform(-bound, bound, len(part))
        return uniform.reshape(shape)
    if isinstance(layer, LearnedSlope):
        return np.full(shape, layer.init, np.float32)
    if isinstance(layer, LayerScale):
        return np.full(shape, 1e-6, np.float32)
    if isinstance(layer, Parameter):
        normal: Array = rng.normal(0, 0.02, shape).astype(np.float32)
        return normal
    return np.full(shape, 1.0 if name in ("weight", "running_var") else 0.0, np.float32)


def exactly(tensor: Array) -> Array:
    """Return numbers as exact ones: a float is the shortest decimal that it is written as.

    >>> exactly(np.array([0.1, 2], np.float32)).tolist()
    [Fraction(1, 10), 2]
    """
    if tensor.dtype.kind != "f":
        return as_grid(tensor)
    cells = [Fraction(str(cell)) for cell in tensor.ravel()]
    return as_grid(np.array(cells, dtype=object)).reshape(tensor.shape)


def as_float32(tensors: Mapping[int, Mapping[str, Array]]) -> dict[int, dict[str, Array]]:
    """Return layers' tensors as float32, as PyTorch works, and so that nobody changes them."""
    return {
        layer: {name: frozen(as_floats(tensor, np.dtype(np.float32))) for name, tensor in own.items()}
        for layer, own in tensors.items()
    }
