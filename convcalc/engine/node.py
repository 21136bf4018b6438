"""A node of a graph of operations: what was read, and what was made of it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from convcalc.engine.dense import Linear
from convcalc.engine.exact import Array

UNDIVIDED = "input, undivided"
"""The role of a grid that was divided by 255 before it was read as the input."""


class Node(NamedTuple):
    """One operation of a graph: the line that asked for it, its result, the grids it read by role, the grid it made.

    Grids are told apart by identity: what one node made and another read is the same array.
    """

    number: int
    text: str
    result: Any
    """An engine's result; None where a grid was only given."""
    reads: Mapping[str, Array]
    output: Array


def left_to_floats(result: Any) -> Any:
    """Return an operation whose sums of decimals are left to floats, and those of its gradients, as frameworks do.

    >>> from convcalc.engine.dense import linear
    >>> left_to_floats(linear([0.1, 0.2, -0.3], [[1, 1, 1]])).output.tolist() == [0.1 + 0.2 - 0.3]
    True
    """
    if isinstance(result, Linear):
        return result._replace(convolution=left_to_floats(result.convolution))
    return replace(result, exactly=False) if hasattr(result, "exactly") else result
