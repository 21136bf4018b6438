"""Operations joined: what each read and what it made; and a pass backward, which adds up where a grid is used twice."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from convcalc.engine.activations import Activated
from convcalc.engine.attention import Attention
from convcalc.engine.convolution import Convolution
from convcalc.engine.dense import Flattened, Linear
from convcalc.engine.exact import Array, TooLargeError, as_floats, divided, float_kind, rounded
from convcalc.engine.gathered import Gathered
from convcalc.engine.gradients import backward as backward_convolution
from convcalc.engine.gradients import backward_transposed
from convcalc.engine.grids import as_grid
from convcalc.engine.loss_terms import Loss
from convcalc.engine.node import UNDIVIDED, Node, left_to_floats
from convcalc.engine.normalized import Normalized
from convcalc.engine.padding import Padded
from convcalc.engine.pooling import Pooling
from convcalc.engine.products import Product
from convcalc.engine.routing import backward as routed
from convcalc.engine.shapes import four_dimensional
from convcalc.engine.softmax import Softmax
from convcalc.engine.transposed import Transposed
from convcalc.errors import InputError


class PassedBack(NamedTuple):
    """What went back through a node: the gradients of its output, by the line each came from, and their sum."""

    node: Node
    parts: tuple[tuple[int, Array], ...]
    upstream: Array
    backward: Any
    """What the engine made of it, with steps; None where a grid was only given."""


class GraphGradients(NamedTuple):
    """A pass backward: the nodes that were reached, the last first, and every grid's gradients."""

    passed: tuple[PassedBack, ...]
    parts: Mapping[int, tuple[tuple[int, Array], ...]]
    """By the identity of a grid: what came back to it, by the line it came from."""

    def of(self, grid: Array) -> Array | None:
        """Return a grid's gradient, of its shape; None where nothing came back."""
        parts = self.parts.get(id(grid))
        return None if parts is None else added([part for _, part in parts])


def _of_loss(result: Loss, upstream: Any) -> Any:
    cells = np.asarray(upstream)
    if cells.size != 1 or cells.ravel()[0] != 1:
        raise InputError("a loss is where a pass backward begins", hint="let it be the last line")
    return result.backward()


def _of_itself(result: Any, upstream: Array) -> Any:
    return result.backward(upstream)


def _input_alone(back: Any) -> Mapping[str, Array]:
    return {"input": back.output}


BACKWARD: dict[type, Callable[[Any, Array], Any]] = {
    Convolution: backward_convolution,
    Transposed: backward_transposed,
    Pooling: routed,
    Activated: _of_itself,
    Attention: _of_itself,
    Softmax: _of_itself,
    Linear: _of_itself,
    Normalized: _of_itself,
    Padded: _of_itself,
    Flattened: _of_itself,
    Product: _of_itself,
    Gathered: _of_itself,
    Loss: _of_loss,
}
"""How each kind of result goes backward."""
TARGET, LARGEST_BYTE = "target", 255
CONSTANTS = frozenset({"class-weights", "running", "running mean", "mask"})
"""The roles of grids that an operation takes for constants, though what it makes changes with them."""
ROLES: dict[type, Callable[[Any], Mapping[str, Array]]] = {
    Convolution: lambda back: {"input": back.input, "kernel": back.kernel, "bias": back.bias},
    Transposed: lambda back: {
        "input": back.input_part.maps, "kernel": back.kernel_part.kernel, "bias": back.bias
    },
    Pooling: lambda back: {"input": back.input},
    Activated: lambda back: {"input": back.output, **({} if back.forward.weight is None else {"weight": back.weight})},
    Attention: lambda back: {"input": back.input, "keys": back.keys, "values": back.values},
    Softmax: _input_alone,
    Linear: lambda back: {"input": back.input.output, "weights": back.weights_like, "bias": back.bias},
    Normalized: lambda back: {"input": back.input.output, "gamma": back.gamma, "beta": back.beta},
    Padded: _input_alone,
    Flattened: _input_alone,
    Product: lambda back: {"input": back.input.output, "other": back.other.output},
    Gathered: lambda back: dict(zip(back.forward.names, (part.output for part in back.inputs), strict=True)),
    Loss: _input_alone,
}  # fmt: skip
"""The gradients of what each kind of result read, by role; a loss's target has one only if something else reads it."""


LEARNED = frozenset({"kernel", "weights", "bias", "weight", "gamma", "beta"})
"""The roles of grids that a network learns; what is read as anything else is an input."""


def added(grids: Sequence[Array]) -> Array:
    """Return the sum of grids of one shape: exact if all are.

    >>> added([np.array([1, 2]), np.array([3, 4])]).tolist()
    [4, 6]
    """
    if len(grids) == 1:
        return grids[0]
    dtype = float_kind(*grids)
    if dtype is None:
        return as_grid(np.sum([grid.astype(object) for grid in grids], axis=0))
    return rounded(np.sum([as_floats(grid, np.dtype(np.float64)) for grid in grids], axis=0), dtype)


def like_the_grid(gradient: Array, grid: Array) -> Array:
    """Return a gradient with the shape of the grid that was read; copies of one are added up.

    A kernel of one channel was perhaps used in every channel, or (its filters one after another) on each by itself.
    """
    if gradient.size == grid.size:
        return gradient.reshape(grid.shape)
    filters = four_dimensional(grid)
    if gradient.shape[0] == len(filters):
        copies = list(np.moveaxis(gradient, 1, 0))
    else:
        copies = list(gradient.reshape(-1, *filters.shape))
    return added(copies).reshape(grid.shape)


def like_the_result(grid: Array, wanted: Array) -> Array:
    """Return a grid with the shape in which a result holds it, the opposite of `like_the_grid`."""
    if grid.size == wanted.size:
        return grid.reshape(wanted.shape)
    filters = four_dimensional(grid)
    if len(wanted) == len(filters):
        return np.tile(filters, (1, wanted.shape[1], 1, 1))
    return np.tile(filters, (len(wanted) // len(filters), 1, 1, 1))


def backward(result: Any, gradient: Any = 1) -> Any:
    """Return the gradients of what any operation read, given that of its output: of its shape, or one number for all.

    To a loss nothing comes from behind. Raises InputError for what does not go backward.

    >>> from convcalc.engine.convolution import convolve
    >>> backward(convolve([1, 2, 3], [1, 2]), [1, 10]).kernel_like().tolist()
    [[21, 32]]
    """
    kind = type(result)
    if kind not in BACKWARD:
        raise InputError(f"{kind.__name__} does not go backward", hint="give it what an operation returned")
    return BACKWARD[kind](result, gradient)


def pass_back(
    nodes: Sequence[Node], upstream: Array, last_first: Iterable[Node] | None = None, *, exactly: bool = True
) -> GraphGradients:
    """Go backward from the last node's output, given its gradient, to every grid that it was made of.

    The nodes may be handed `last_first`, too, by what counts them. If not `exactly`, decimals are left to floats.
    Raises InputError where a gradient comes to a node that does not go backward.
    """
    parts: dict[int, list[tuple[int, Array]]] = {id(nodes[-1].output): [(0, upstream)]}
    read = {id(grid) for node in nodes for role, grid in node.reads.items() if role not in (TARGET, *CONSTANTS)}
    read |= {id(node.output) for node in nodes if node.reads}
    passed = []
    for node in reversed(nodes) if last_first is None else last_first:
        came = parts.get(id(node.output))
        if came is None:
            continue
        total = added([part for _, part in came])
        back = None
        if node.reads:
            kind = type(node.result)
            if kind not in BACKWARD:
                raise InputError(
                    f"line {node.number}, {node.text}: this does not go backward",
                    hint="every operation does that has --backward",
                )
            try:
                with np.errstate(all="ignore"):
                    back = BACKWARD[kind](node.result if exactly else left_to_floats(node.result), total)
                    roles = dict(ROLES[kind](back))
            except TooLargeError as error:
                raise InputError(f"line {node.number}, {node.text}: {error.message}", hint=error.hint) from None
            _check_constants(node, roles, read)
            if TARGET in node.reads and id(node.reads[TARGET]) in read:
                roles[TARGET] = _of_target(node, back)
            for role, gradient in roles.items():
                grid = node.reads.get(role)
                if grid is not None:
                    parts.setdefault(id(grid), []).append((node.number, like_the_grid(gradient, grid)))
                if role == "input" and UNDIVIDED in node.reads:
                    before = node.reads[UNDIVIDED]
                    part = divided(like_the_grid(gradient, before), LARGEST_BYTE)
                    parts.setdefault(id(before), []).append((node.number, part))
        passed.append(PassedBack(node, tuple(came), total, back))
    return GraphGradients(tuple(passed), {grid: tuple(found) for grid, found in parts.items()})


def _check_constants(node: Node, roles: Mapping[str, Array], read: set[int]) -> None:
    """Refuse a grid that is worked, or read elsewhere, where an operation takes it for a constant."""
    for role, grid in node.reads.items():
        is_known = role in roles or role in (TARGET, UNDIVIDED, *roles)
        if not is_known and role in CONSTANTS and id(grid) in read:
            raise InputError(
                f"line {node.number}, {node.text}: the {role} are worked from other grids, or read elsewhere, and "
                "their gradient is not known",
                hint="write their numbers out in that line",
            )


def _of_target(node: Node, back: Any) -> Array:
    """Return the gradient of a target that is worked from other grids, or read by other lines."""
    if not node.result.kind.record.is_rational:
        raise InputError(
            f"line {node.number}, {node.text}: the target is worked from other grids, and its gradient is not known",
            hint="give the target a grid of its own",
        )
    gradient: Array = -back.output
    return gradient
