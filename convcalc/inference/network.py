"""A network, its weights and an input: run forward, one neuron's working, backward to every weight, a step down."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from convcalc.engine.exact import Array, is_finite
from convcalc.engine.grids import frozen
from convcalc.engine.node import Node as GraphNode
from convcalc.errors import InputError
from convcalc.inference.ending import Ending, ending_of
from convcalc.inference.layer_result import viewed
from convcalc.inference.parameters import full_name
from convcalc.inference.run import LayerRun, forward
from convcalc.network.functions import Buffer
from convcalc.network.layer import Layer
from convcalc.network.trace import Trace
from convcalc.watch import Watch, unwatched

if TYPE_CHECKING:
    from convcalc.engine.graph import GraphGradients

LOSS = "the loss"


class NetworkGradients(NamedTuple):
    """A pass backward: what went through each layer, and every parameter's gradient by its full name."""

    graph: "GraphGradients"
    loss: float | None
    """None where no loss was taken, and the output's own gradient was given."""
    parameters: Mapping[str, Array]
    gradients: Mapping[str, Array]
    x: Array
    """The input, (N, …)."""
    input: Array
    """Its gradient, of its shape."""


@dataclass(eq=False)
class NetworkNumbers:
    """A network with numbers: `trace` is what it does to shapes, `tensors` each layer's by its identity, `x` (N, …)."""

    trace: Trace
    output_node: int
    tensors: Mapping[int, Mapping[str, Array]]
    x: Array
    exact: bool = False
    watch: Watch = unwatched
    """Through which its layers go one after the other, forward and backward: where it can be told how far it is."""

    def runs(self, keep: Sequence[int] = ()) -> Iterator[LayerRun]:
        """Yield each layer, run, as it is: maps are let go when they are not wanted any more."""
        layers = forward(self.trace, self.tensors, self.x, keep, exact=self.exact)
        return self.watch(layers, len(self.trace.nodes), "layers forward")

    def run_of(self, index: int) -> LayerRun:
        """Return one layer, run."""
        return next(run for run in self.runs() if run.node.index == index)

    @property
    def heads(self) -> tuple[int, ...]:
        """The nodes whose outputs the network gives: one, or several."""
        return self.trace.heads or (self.output_node,)

    @property
    def output(self) -> Array:
        """What the network gives, (N, …)."""
        return self.run_of(self.output_node).output

    @property
    def parameters(self) -> dict[str, Array]:
        """Every tensor that is trained, by its full name."""
        found: dict[str, Array] = {}
        for name, layer, part in self.learned:
            found.setdefault(name, self.tensors[id(layer)][part])
        return found

    @property
    def learned(self) -> Iterator[tuple[str, Layer, str]]:
        """Yield every tensor that is trained: its full name, the layer that it is of, and what that calls it."""
        for node in self.trace.nodes:
            for part in self.tensors.get(id(node.layer), {}):
                if node.used and not part.startswith("running_") and not isinstance(node.layer, Buffer):
                    yield full_name(node.name, part), node.layer, part

    def backward(self, target: Sequence[int] | None = None, gradient: Array | None = None) -> NetworkGradients:
        """Go backward from the cross-entropy of a target (a class for each item), or from the output's own gradient.

        Raises InputError naming a layer that does not go backward, or where the output is no row of classes.
        """
        from convcalc.engine.graph import pass_back

        if self.trace.without_gradient is not None:
            raise self.trace.without_gradient
        if self.trace.ends_detached:
            raise InputError("no gradient goes back from the output", hint="forward detaches it, or made it in no_grad")
        nodes = self._nodes(target)
        output = nodes[-1].output
        value = None if target is None else float(output.ravel()[0])
        upstream = np.ones_like(output) if gradient is None else gradient
        counted = self.watch(reversed(nodes), len(nodes), "steps backward")
        graph = pass_back(nodes, upstream, counted, exactly=self.x.dtype != np.float32)
        found = self.parameters
        gradients = {name: graph.of(tensor) for name, tensor in found.items()}
        frozen = {name for name, layer, part in self.learned if (part or "weight") in layer.frozen}
        reached = {name: one for name, one in gradients.items() if one is not None and name not in frozen}
        x = nodes[0].output
        back = graph.of(x)
        return NetworkGradients(graph, value, found, reached, x, np.zeros_like(x) if back is None else back)

    def loss(self, target: Sequence[int]) -> float:
        """Return the cross-entropy of a target: a class for each item."""
        return float(self._nodes(target)[-1].output.ravel()[0])

    def _nodes(self, target: Sequence[int] | None) -> list[GraphNode]:
        """Return what was worked to come to the output, or to the loss of a target: the input is the first."""
        runs = [run for run in self.runs(keep=range(len(self.trace.nodes))) if run.node.index <= self.output_node]
        ending = None
        if target is not None:
            ending = ending_of({run.node.index: run.node for run in runs}, self.output_node)
            if ending.kind == "Softmax":  # the loss is taken of the logits that go into it
                runs = [run for run in runs if run.node.index <= ending.node.inputs[0]]
        nodes = [node for run in runs for node in graph_nodes(run, self.tensors.get(id(run.node.layer), {}))]
        return nodes if ending is None or target is None else [*nodes, *_loss_nodes(nodes[-1].output, ending, target)]

    def moved(self, gradients: NetworkGradients, rate: float, freeze: Sequence[str] = ()) -> "NetworkNumbers":
        """Return the network after one step of descent: every parameter less the rate times its gradient."""
        changed = {}
        for name, tensor in gradients.parameters.items():
            if name in gradients.gradients and name not in freeze:
                with np.errstate(all="ignore"):
                    less = (tensor - np.asarray(rate, tensor.dtype) * gradients.gradients[name]).astype(tensor.dtype)
                if not is_finite(less):
                    fault = f"a rate of {rate:g} takes {name} beyond what a float can hold"
                    raise InputError(fault, hint="take a smaller one")
                changed[id(tensor)] = frozen(less)
        tensors = {
            identity: {name: changed.get(id(tensor), tensor) for name, tensor in own.items()}
            for identity, own in self.tensors.items()
        }
        return replace(self, tensors=tensors)

    @property
    def named_tensors(self) -> dict[str, Array]:
        """Every tensor, by the name that PyTorch gives it."""
        found: dict[str, Array] = {}
        for node in self.trace.nodes:
            for name, tensor in self.tensors.get(id(node.layer), {}).items():
                found.setdefault(full_name(node.name, name), tensor)
        return found


def graph_nodes(run: LayerRun, tensors: Mapping[str, Array]) -> list[GraphNode]:
    """Return a layer's operations as nodes of a graph; one that reads nothing is where a grid comes from."""
    node = run.node
    text = f"{node.name or 'input'} · {node.layer}" if node.index else "input"
    if run.result.operations is None:
        raise InputError(f"{node.name}: {node.layer} does not go backward here", hint="see what its maps are instead")
    operations = run.result.operations()
    nodes = [GraphNode(node.index, text, None, {}, tensor) for tensor in tensors.values()]
    if not operations:
        return [*nodes, GraphNode(node.index, text, None, {}, run.output)]
    outputs = [*(operation.output for operation in operations[:-1]), run.output]
    for operation, output in zip(operations, outputs, strict=True):
        assert output is not None, "the next operation reads it"
        nodes.append(GraphNode(node.index, text, operation.result, operation.reads, output))
    return nodes


def _loss_nodes(logits: Array, ending: Ending, target: Sequence[int]) -> list[GraphNode]:
    """Return the loss of logits, behind what lays a column of them out as a row."""
    from convcalc.engine.loss_kinds import LossKind
    from convcalc.engine.losses import loss

    nodes, number = [], ending.node.index
    if ending.kind and logits.ndim > 2:
        row = viewed(logits, (len(logits), -1))
        assert row.output is not None
        nodes.append(GraphNode(number, "logits", row.result, row.reads, row.output))
        logits = row.output
    if logits.ndim != 2:
        shape = "×".join(map(str, logits.shape[1:]))
        raise InputError(f"the output is {shape}, no row of classes", hint="--backward alone starts from its sum")
    if len(target) not in (1, len(logits)):
        raise InputError(f"{len(logits)} items cannot have {len(target)} targets", hint="one class for each item")
    classes = list(target) * (len(logits) // len(target))
    wrong = next((one for one in classes if not 0 <= one < logits.shape[1]), None)
    if wrong is not None:
        raise InputError(f"there is no class {wrong}", hint=f"they are counted from 0 to {logits.shape[1] - 1}")
    kind = LossKind.NLL if ending.kind == "LogSoftmax" else LossKind.CROSS_ENTROPY
    result = loss(logits, classes, kind)
    return [*nodes, GraphNode(number + 1, f"{LOSS} · {kind}", result, {"input": logits}, result.output)]
