"""Steps of gradient descent by the thousand, in plain floats: one after another is rounded anyway.

The operations that small networks are made of have a short form here; every other is worked by its engine.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from convcalc.engine.activations import Activated
from convcalc.engine.dense import Linear
from convcalc.engine.descent import AGAIN, Reads
from convcalc.engine.exact import FLOAT64, Array, as_floats, to_float
from convcalc.engine.graph import BACKWARD, ROLES, TARGET, like_the_grid
from convcalc.engine.loss_terms import Loss
from convcalc.engine.node import UNDIVIDED, Node, left_to_floats
from convcalc.errors import InputError


class FloatOperation(ABC):
    """An operation on floats of fixed shapes, forward and backward."""

    def __init__(self, result: Any) -> None:
        self.result = result

    @abstractmethod
    def forward(self, reads: Reads) -> Array:
        """Return the output."""

    @abstractmethod
    def backward(self, reads: Reads, upstream: Array) -> Mapping[str, Array]:
        """Return the gradients of what is read, by role, given that of the output."""


class ByItsEngine(FloatOperation):
    """An operation that has no short form."""

    def forward(self, reads: Reads) -> Array:
        """Work it again."""
        self.result = left_to_floats(AGAIN[type(self.result)](self.result, reads))
        return as_floats(self.result.output, FLOAT64)

    def backward(self, reads: Reads, upstream: Array) -> Mapping[str, Array]:
        """Go backward through what was worked last."""
        kind = type(self.result)
        found = ROLES[kind](BACKWARD[kind](self.result, upstream))
        return {role: like_the_grid(as_floats(found[role], FLOAT64), reads[role]) for role in found if role in reads}


class FloatLinear(FloatOperation):
    """x·Wᵀ + b."""

    result: Linear

    def _weights(self, reads: Reads) -> Array:
        weights = reads["weights"].reshape(
            self.result.weights.T.shape if self.result.transposed else (-1, self._inputs)
        )
        return weights.T if self.result.transposed else weights

    @property
    def _inputs(self) -> int:
        return int(self.result.weights.shape[1])

    def forward(self, reads: Reads) -> Array:
        """Return x·Wᵀ + b, of the output's shape."""
        rows = reads["input"].reshape(-1, self._inputs) @ self._weights(reads).T
        output: Array = (rows + reads["bias"].ravel() if "bias" in reads else rows).reshape(self.result.output.shape)
        return output

    def backward(self, reads: Reads, upstream: Array) -> Mapping[str, Array]:
        """Return g·W, gᵀ·x and the sum of g."""
        rows = upstream.reshape(-1, len(self.result.weights))
        slopes = rows.T @ reads["input"].reshape(-1, self._inputs)
        slopes = slopes.T if self.result.transposed else slopes
        found = {"input": rows @ self._weights(reads), "weights": slopes, "bias": rows.sum(axis=0)}
        return {role: found[role].reshape(reads[role].shape) for role in found if role in reads}


class FloatActivation(FloatOperation):
    """A function of each cell."""

    result: Activated

    def __init__(self, result: Activated) -> None:
        super().__init__(result)
        self.rest, self.parameters = np.zeros(result.input.shape), tuple(map(to_float, result.parameters))

    def forward(self, reads: Reads) -> Array:
        """Return the function of each cell."""
        return self.result.kind.record.of(reads["input"], self.rest, *self.parameters)

    def backward(self, reads: Reads, upstream: Array) -> Mapping[str, Array]:
        """Return the derivative at each cell, times what comes from behind."""
        return {"input": upstream * self.result.kind.record.slope(reads["input"], self.rest, *self.parameters)}


class FloatDistance(FloatOperation):
    """A loss of the distances between cells and targets."""

    result: Loss

    def __init__(self, result: Loss) -> None:
        super().__init__(result)
        self.divisor = float(result.divisor)
        self.parameters = tuple(map(to_float, result.parameters))

    def forward(self, reads: Reads) -> Array:
        """Return the mean of the terms, or their sum, (1)."""
        terms = self.result.kind.record.exactly(reads["input"].ravel(), reads[TARGET].ravel(), *self.parameters)
        return np.array([terms.sum() / self.divisor])

    def backward(self, reads: Reads, upstream: Array) -> Mapping[str, Array]:
        """Return the derivative of each term, over how many the mean is of."""
        target = reads[TARGET].reshape(reads["input"].shape)
        slopes = self.result.kind.record.slope_exactly(reads["input"], target, *self.parameters)
        return {"input": slopes / self.divisor}


SHORT: dict[type, Callable[[Any], FloatOperation]] = {
    Linear: FloatLinear,
    Activated: lambda result: (FloatActivation if result.weight is None else ByItsEngine)(result),
    Loss: lambda result: (FloatDistance if result.kind.record.is_rational else ByItsEngine)(result),
}
"""The operations that have a short form."""


def descend_in_floats(
    nodes: Sequence[Node], trained: Mapping[str, Array], rate: float
) -> Iterator[tuple[float, Mapping[str, Array]]]:
    """Yield the loss, and the grids it is of, after 0, 1, 2, … steps.

    `trained` are grids that the last node's output, a single number, is made of. Raises InputError where the loss is
    no finite number any more, and where a target is trained too, or an input divided by 255.
    """
    keys = {name: id(grid) for name, grid in trained.items()}
    values = {id(grid): grid for node in nodes for grid in (*node.reads.values(), node.output)}
    values = {key: as_floats(grid, FLOAT64) for key, grid in values.items()}
    reached, operations = set(keys.values()), []
    for node in nodes:
        if not reached & {id(grid) for grid in node.reads.values()}:
            continue
        if {UNDIVIDED, TARGET} & {role for role, grid in node.reads.items() if id(grid) in reached}:
            raise InputError(
                f"line {node.number}, {node.text}: many steps at once change no target, and no input divided by 255",
                hint="leave that grid out with --freeze, or take one step at a time",
            )
        reached.add(id(node.output))
        reads = {role: id(grid) for role, grid in node.reads.items()}
        operations.append((SHORT.get(type(node.result), ByItsEngine)(node.result), reads, id(node.output)))
    loss = id(nodes[-1].output)
    step = 0
    while True:
        with np.errstate(all="ignore"):
            given = []
            for operation, roles, made in operations:
                given.append({role: values[key] for role, key in roles.items()})
                values[made] = operation.forward(given[-1])
            if not np.isfinite(values[loss]).all():
                raise InputError(f"after {step} steps the loss is no finite number", hint="take a smaller --rate")
            yield float(values[loss].ravel()[0]), {name: values[key] for name, key in keys.items()}
            parts = {loss: np.ones(values[loss].shape)}
            for (operation, roles, made), reads_now in zip(reversed(operations), reversed(given), strict=True):
                if made not in parts:
                    continue
                for role, gradient in operation.backward(reads_now, parts[made]).items():
                    key = roles[role]
                    parts[key] = parts[key] + gradient if key in parts else gradient
            for key in keys.values():
                values[key] = values[key] - rate * parts[key]
        step += 1
