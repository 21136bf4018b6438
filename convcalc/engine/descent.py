"""Gradient descent: every grid of a graph less the rate times its gradient, and the graph worked again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from convcalc.engine.activations import Activated
from convcalc.engine.attention import Attention
from convcalc.engine.convolution import Convolution
from convcalc.engine.dense import Flattened, Linear, flatten, linear
from convcalc.engine.exact import Array, divided, exact, float_kind, rounded_result
from convcalc.engine.gathered import Gathered
from convcalc.engine.graph import LARGEST_BYTE, TARGET, GraphGradients, like_the_result
from convcalc.engine.grids import as_grid
from convcalc.engine.loss_terms import Loss
from convcalc.engine.node import UNDIVIDED, Node
from convcalc.engine.normalized import Normalized
from convcalc.engine.padding import Padded
from convcalc.engine.pooling import Pooling
from convcalc.engine.products import Product
from convcalc.engine.softmax import Softmax
from convcalc.engine.transposed import Transposed
from convcalc.errors import InputError

Reads = Mapping[str, Array]


class DescentStep(NamedTuple):
    """One step: the loss before and after, and each grid before and after, with its gradient."""

    loss: Any
    old: Mapping[str, Array]
    gradients: Mapping[str, Array]
    new: Mapping[str, Array]
    loss_after: Any


def _bias(reads: Reads) -> Array | None:
    return reads["bias"].ravel() if "bias" in reads else None


def _convolution(result: Convolution, reads: Reads) -> Convolution:
    kernel = like_the_result(reads["kernel"], result.kernel)
    kernel = kernel[..., ::-1, ::-1] if result.flipped else kernel
    bias = _bias(reads)
    return replace(result, input=like_the_result(reads["input"], result.input), kernel=kernel, bias=bias)


def _transposed(result: Transposed, reads: Reads) -> Transposed:
    grid, kernel = like_the_result(reads["input"], result.input), like_the_result(reads["kernel"], result.kernel)
    return replace(result, input=grid, kernel=kernel, bias=_bias(reads))


def _loss(result: Loss, reads: Reads) -> Loss:
    target = result.target if result.kind.record.by_row else reads[TARGET].reshape(result.target.shape)
    return replace(result, input=result.rows_of(reads["input"]), target=target)


def _normalized(result: Normalized, reads: Reads) -> Normalized:
    return replace(
        result,
        input=like_the_result(reads["input"], result.input),
        gamma=_for_each(reads.get("gamma"), result.gamma),
        beta=_for_each(reads.get("beta"), result.beta),
    )


def _for_each(grid: Array | None, before: Array | None) -> Array | None:
    """Return the numbers of a parameter, of the shape they had; one that was given for all is repeated."""
    if grid is None or before is None or grid.size == before.size:
        return grid
    return np.broadcast_to(grid.ravel(), before.shape)


def _with_input(result: Any, reads: Reads) -> Any:
    return replace(result, input=like_the_result(reads["input"], result.input))


AGAIN: dict[type, Callable[[Any, Reads], Any]] = {
    Convolution: _convolution,
    Transposed: _transposed,
    Pooling: _with_input,
    Activated: lambda result, reads: replace(
        _with_input(result, reads), weight=_for_each(reads.get("weight", result.weight), result.weight)
    ),
    Attention: lambda result, reads: Attention(
        *(
            reads[role].reshape(getattr(result, role).shape) if role in reads else getattr(result, role)
            for role in ("input", "keys", "values")
        )
    ),
    Softmax: _with_input,
    Normalized: _normalized,
    Padded: _with_input,
    Linear: lambda result, reads: linear(
        reads["input"].reshape(result.input.shape), reads["weights"], _bias(reads), transpose=result.transposed
    ),
    Flattened: lambda result, reads: Flattened(reads["input"], flatten(reads["input"])),
    Gathered: lambda result, reads: replace(
        result,
        inputs=tuple(reads[name].reshape(grid.shape) for name, grid in zip(result.names, result.inputs, strict=True)),
    ),
    Product: lambda result, reads: replace(
        result, **{role: like_the_result(reads[role], result.input) for role in ("input", "other")}
    ),
    Loss: _loss,
}
"""How each kind of result is worked again, of other grids of the same shapes."""


def work_again(nodes: Sequence[Node], changed: Mapping[int, Array]) -> tuple[list[Node], dict[int, Array]]:
    """Return a graph worked again with some grids changed (by the identity of the old), and the grids that came of it.

    A node that reads nothing that is changed stays as it is.
    """
    now = dict(changed)
    worked = []
    for node in nodes:
        reads = {role: now.get(id(grid), grid) for role, grid in node.reads.items()}
        if id(node.reads.get(UNDIVIDED)) in now:
            reads["input"] = divided(reads[UNDIVIDED], LARGEST_BYTE)
        if all(reads[role] is grid for role, grid in node.reads.items()):
            output = now.get(id(node.output), node.output)
            worked.append(node._replace(output=output))
            continue
        if type(node.result) not in AGAIN:
            raise InputError(f"line {node.number}, {node.text}: this cannot be worked again", hint="leave it out")
        result = AGAIN[type(node.result)](node.result, reads)
        output = result.output
        now[id(node.output)] = output
        worked.append(node._replace(result=result, reads=reads, output=output))
    return worked, now


def step_down(
    nodes: Sequence[Node], gradients: GraphGradients, trained: Mapping[str, Array], rate: int | Fraction
) -> DescentStep:
    """Take a step of gradient descent, given a pass backward through a graph whose last output is the loss.

    `trained` are the grids that change, by name, each the output of a node that the pass came to.
    """
    slopes = {name: _slope(gradients, grid) for name, grid in trained.items()}
    new = {name: moved(grid, slopes[name], rate) for name, grid in trained.items()}
    worked, _ = work_again(nodes, {id(grid): new[name] for name, grid in trained.items()})
    loss, after = (graph[-1].output.flat[0] for graph in (nodes, worked))
    return DescentStep(loss, trained, slopes, new, after)


def _slope(gradients: GraphGradients, grid: Array) -> Array:
    slope = gradients.of(grid)
    assert slope is not None, "only what is reached is trained"
    return slope


def moved(grid: Array, gradient: Array, rate: int | Fraction) -> Array:
    """Return a grid less the rate times its gradient: exact, or rounded once.

    >>> moved(np.array([1, 2]), np.array([4, -2]), Fraction(1, 2)).tolist()
    [-1, 3]
    """
    dtype = float_kind(grid, gradient)
    cells = [exact(old) - rate * exact(slope) for old, slope in zip(grid.flat, gradient.flat, strict=True)]
    if dtype is None:
        return as_grid(np.array(cells, dtype=object)).reshape(grid.shape)
    return np.array([rounded_result(cell, dtype) for cell in cells], dtype).reshape(grid.shape)
