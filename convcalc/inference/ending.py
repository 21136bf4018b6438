"""How a network ends: in logits, in their softmax, or its logarithm."""

from collections.abc import Mapping
from typing import NamedTuple

from convcalc.inference.cells import SOFTMAXES, softmax_axis
from convcalc.network.shaping import Elementwise
from convcalc.network.trace import NO_COPY, Node


class Ending(NamedTuple):
    """The softmax that a network's output is ("Softmax", "LogSoftmax"; or "", of logits), and where it stands."""

    kind: str
    node: Node


def ending_of(nodes: Mapping[int, Node], output: int) -> Ending:
    """Return how a network ends whose output is a node's: views and dropouts behind a softmax change nothing of it.

    A softmax that is not along all of an item's classes makes no probabilities of them: what it gives are logits.
    """
    last = nodes[output]
    node = last
    while node.layer.kind in NO_COPY and len(node.inputs) == 1:
        node = nodes[node.inputs[0]]
    if isinstance(node.layer, Elementwise) and node.layer.kind in SOFTMAXES:
        shape = node.shapes[0]
        axis = softmax_axis(node.layer, len(shape)) % len(shape)
        if axis and len(last.output) == 2 and shape[axis] == last.output[1]:
            return Ending("LogSoftmax" if SOFTMAXES[node.layer.kind] else "Softmax", node)
    return Ending("", last)
