"""A forward pass: a trace's layers worked one after another, each map kept only as long as it is wanted."""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from convcalc.engine.exact import Array
from convcalc.engine.grids import worked
from convcalc.engine.naming import shape_text
from convcalc.errors import InputError
from convcalc.inference.apply import APPLY, kind_of
from convcalc.inference.layer_result import LayerResult
from convcalc.network.functions import Source
from convcalc.network.layer import Layer
from convcalc.network.trace import Node, Trace


class LayerRun(NamedTuple):
    """A layer of a network that was run: its node, what it read and what came out, and how it was worked."""

    node: Node
    inputs: tuple[Array, ...]
    output: Array
    result: LayerResult


def check_numbers(trace: Trace) -> list[tuple[Node, type[Layer]]]:
    """Return the layers that are used, and the kind by which each is worked.

    Raises InputError naming the first layer that has no numbers here, before any is worked.
    """
    if trace.unknown:
        raise trace.unknown[0]
    kinds = []
    for node in trace.nodes:
        if not node.used:
            continue
        if (kind := kind_of(node)) is None:
            name = f"{node.name}: {node.layer}" if node.name else str(node.layer)
            raise InputError(
                f"{name} has no numbers here, only shapes", hint="leave --weights out to have the network counted"
            )
        kinds.append((node, kind))
    return kinds


def forward(
    trace: Trace,
    tensors: Mapping[int, Mapping[str, Array]],
    x: Array,
    keep: Collection[int] = (),
    *,
    exact: bool = False,
) -> Iterator[LayerRun]:
    """Yield each layer, run; `x` is (N, …) of the shape that was traced, `tensors` a layer's by its identity.

    A map is let go when the last layer that reads it has, but for the nodes in `keep`. With `exact` every layer is
    worked by the engine's operations, of exact numbers; a layer that has none raises InputError.
    """
    nodes = check_numbers(trace)
    wanted = nodes[0][0].output
    if x.shape != wanted:
        raise InputError(f"the input is {shape_text(x.shape)}, and the network reads {shape_text(wanted)}")
    last_read = {index: node.index for node, _ in nodes for index in node.inputs}
    maps: dict[int, Array] = {}
    for node, kind in nodes:
        inputs = [
            maps[index].view() if is_detached else maps[index]  # another array, to which no gradient finds its way
            for index, is_detached in zip(node.inputs, node.detached, strict=True)
        ]
        try:
            with np.errstate(all="ignore"):
                if kind is Source:
                    result = LayerResult(lambda: x, list)
                else:
                    result = APPLY[kind](node.layer, node, tensors.get(id(node.layer), {}), inputs)
                output = worked(_output(result, node, exact=exact))
        except InputError as error:
            name = node.name or "input"
            told = error.message.startswith(f"{name}: ")
            raise error if told else InputError(f"{name}: {error.message}", hint=error.hint) from None
        maps[node.index] = output
        yield LayerRun(node, tuple(maps[index] for index in node.inputs), output, result)
        for index in node.inputs:
            if last_read[index] == node.index and index not in keep:
                maps.pop(index, None)


def _output(result: LayerResult, node: Node, *, exact: bool) -> Array:
    operations = result.operations() if result.operations is not None and (exact or result.numbers is None) else []
    if operations:
        output: Array = operations[-1].result.output
        return output.reshape(node.output)
    if result.numbers is None or (exact and result.operations is None):
        raise InputError(f"{node.name}: {node.layer} has no exact numbers", hint="leave --exact out")
    return np.asarray(result.numbers())
