"""A node of a graph of operations: what was read, and what was made of it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

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
