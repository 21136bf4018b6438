"""`convcalc.model`: a network for a program, counted or with numbers; what `convcalc model` shows, as objects."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from convcalc.engine.dense import Linear
from convcalc.engine.exact import Array
from convcalc.engine.grids import as_grid
from convcalc.errors import InputError, UsageError, nearest
from convcalc.inference.inputs import first_that_fits
from convcalc.inference.names import names_of
from convcalc.inference.network import NetworkGradients, NetworkNumbers
from convcalc.inference.parameters import as_float32, drawn, exactly, full_name, matched
from convcalc.inference.run import LayerRun
from convcalc.network import zoo
from convcalc.network.layer import Shape
from convcalc.network.summary import Summary, summarize
from convcalc.network.trace import Trace
from convcalc.network.which import which_network


class ModelLayer(NamedTuple):
    """One layer: what it is called, what it does, its output's shape without the batch, what it costs, its output."""

    name: str
    text: str
    shape: Shape
    parameters: int
    multiply_adds: int
    output: Array | None
    """Its numbers, (N, …); None of a network that is only counted."""


class Model:
    """A network that was counted, or with numbers run; made by `model`."""

    def __init__(self, summary: Summary, numbers: NetworkNumbers | None) -> None:
        self._summary, self._numbers = summary, numbers

    def __repr__(self) -> str:
        shapes = "×".join(map(str, self._summary.input[1:])), "×".join(map(str, self._summary.output[1:]))
        return f"<{self._summary.title}: {shapes[0]} → {shapes[1]}, {self.parameters:,} parameters>"

    @property
    def parameters(self) -> int:
        """How many numbers it learns."""
        return self._summary.weights

    @property
    def multiply_adds(self) -> int:
        """How many it takes for one item."""
        return self._summary.multiply_adds

    @cached_property
    def _runs(self) -> Mapping[str, LayerRun]:
        network = self._with_numbers()
        names = names_of(network.trace)
        return {names[run.node.index]: run for run in network.runs(keep=range(len(network.trace.nodes)))}

    def _with_numbers(self) -> NetworkNumbers:
        if self._numbers is None:
            raise InputError("this network was only counted", hint='give it weights: model(…, weights="net.pt")')
        return self._numbers

    @cached_property
    def layers(self) -> dict[str, ModelLayer]:
        """Every layer that is used, by the name that the table gives it."""
        nodes = self._summary.trace.nodes
        return {
            name: ModelLayer(
                name,
                str(nodes[index].layer) if index else "input",
                nodes[index].output[1:],
                nodes[index].weights.value,
                nodes[index].multiply_adds.value,
                None if self._numbers is None else self._runs[name].output,
            )
            for index, name in names_of(self._summary.trace).items()
        }

    @property
    def output(self) -> Array:
        """What the network gives, (N, …)."""
        return self._with_numbers().output

    def step(self, layer: str, at: Sequence[int]) -> Any:
        """Return the working of one cell of a layer's output, as the layer's own operation gives it.

        Raises InputError where there is no such layer, or it has no steps.
        """
        if layer not in self._runs:
            close = nearest(layer, list(self._runs))
            raise InputError(f"there is no layer '{layer}'", hint=f"did you mean {close[0]}?" if close else None)
        result = self._runs[layer].result
        operations = result.operations() if result.operations is not None else ()
        if not operations or not hasattr(operations[result.main].result, "step"):
            raise InputError(f"{layer} has no steps", hint="it only moves cells")
        operation = operations[result.main].result
        place = tuple(at)
        if self._runs[layer].output.ndim == 2:
            place = (0,) * (2 - len(place)) + place
            return operation.step(*place) if isinstance(operation, Linear) else operation.step(place)
        return operation.step(place)

    def backward(self, target: int | Sequence[int] | None = None) -> NetworkGradients:
        """Return every parameter's gradient, and the input's: of a class's cross-entropy, or of the output's sum.

        Raises InputError for a class that there is none of.
        """
        if target is None:
            return self._with_numbers().backward()
        targets = list(target) if isinstance(target, Sequence | np.ndarray) else [target]
        wrong = [one for one in targets if not isinstance(one, int | np.integer) or isinstance(one, bool)]
        if wrong:
            raise InputError(f"{wrong[0]!r} is no class", hint="they are counted from 0, as in target=3")
        return self._with_numbers().backward(targets)


def model(
    network: str | Path,
    x: Any = None,
    *,
    weights: str | Path | Mapping[str, Any] | None = None,
    class_name: str | None = None,
    seed: int = 0,
    exact: bool = False,
) -> Model:
    """Return a network: a PyTorch source file (which is read, never run), a name of the zoo, or a list of layers.

    `x` is the shape of one item, (C, H, W), or a list of such for several inputs; with `weights` its numbers, or a
    batch. `weights` is a file as
    `convcalc model --weights` takes it, "random", "trained" (of a network that comes with some), or a mapping of
    arrays by PyTorch's names, such as a state dict.
    Numbers are float32, or with `exact` fractions. Raises ConvcalcError for what cannot be read or does not fit.

    >>> model("Conv2d(6, 5), ReLU()", (1, 28, 28)).layers["0"].shape
    (6, 24, 24)
    >>> tiny = model("Linear(3, 1)", [1, 2, 3], weights={"0.weight": [[4, 5, 6]], "0.bias": [1]})
    >>> tiny.output.tolist(), tiny.step("0", (0,)).value
    ([[33.0]], 33.0)
    >>> tiny.backward().gradients["0.weight"].tolist()
    [[1.0, 2.0, 3.0]]
    """
    word = str(network)
    if weights is None:
        shapes = [None] if x is None else [tuple(one) for one in (x if isinstance(x[0], Sequence) else [x])]
        return Model(_built(word, shapes[0], class_name, more=tuple(one for one in shapes[1:] if one)), None)
    grid = as_grid(x)
    grid = exactly(grid) if exact else grid.astype(np.float32)
    summary, batch = first_that_fits(grid, lambda shape, items: _built(word, shape, class_name, items))
    tensors, _ = tensors_of(summary, word, weights, seed=seed, exact=exact)
    return Model(summary, NetworkNumbers(summary.trace, summary.output_node, tensors, batch, exact))


def _built(
    word: str, shape: Shape | None, class_name: str | None, items: int = 1, more: tuple[Shape, ...] = ()
) -> Summary:
    """Return a network, counted, whichever way it is named."""
    title, build, _ = which_network(word, class_name, [*([] if shape is None else [shape]), *more], _read)
    return summarize(title, *build(Trace(items=items)))


def _read(word: str) -> bytes:
    try:
        return Path(word).read_bytes()
    except OSError as error:
        raise InputError(f"cannot read '{word}': {error.strerror or error}", hint="name a .py file") from None


Tensors = dict[int, dict[str, Array]]
RANDOM, TRAINED = "random", "trained"


def is_drawn(weights: object) -> bool:
    """Whether weights are drawn rather than read: "random", unless a file is called so."""
    return str(weights) == RANDOM and not Path(RANDOM).exists()


def tensors_of(
    summary: Summary, network: str, weights: str | Path | Mapping[str, Any], *, seed: int = 0, exact: bool = False
) -> tuple[Tensors, str]:
    """Return each layer's tensors, by its identity: drawn, those that come with the network, a file's, or given ones.

    They are float32, or `exact`; and with them what is to be said of them, if anything is.
    """
    note = ""
    if isinstance(weights, Mapping):
        found = matched(summary.trace, {name: np.asarray(tensor) for name, tensor in weights.items()})
    elif is_drawn(weights):
        found = drawn(summary.trace, seed)
        note = "random weights are drawn by PyTorch's distributions, and are not its stream of numbers"
    elif own := _saved(summary, network, weights):
        found = matched(summary.trace, own)
    else:
        from convcalc.matrix_io.weights import read_weights, without_prefix

        comes_along = str(weights) == TRAINED and not Path(TRAINED).exists()
        tensors, prefix = without_prefix(read_weights(_trained(network) if comes_along else Path(weights)))
        note = f"every name of {weights} begins with '{prefix}', which is left out" if prefix else ""
        found = matched(summary.trace, tensors)
    if exact:
        return {layer: {name: exactly(one) for name, one in own.items()} for layer, own in found.items()}, note
    return as_float32(found), note


def _saved(summary: Summary, network: str, weights: str | Path) -> dict[str, Array]:
    """Return the tensors that a network's own file holds, if those are meant: ONNX keeps both in one."""
    if str(weights) not in (TRAINED, network) or (str(weights) == TRAINED and Path(TRAINED).exists()):
        return {}
    own = ((node, part, array) for node in summary.trace.nodes for part, array in (node.layer.saved or {}).items())
    return {full_name(node.name, part): array for node, part, array in own}


def _trained(network: str) -> Path:
    """Return the file of trained weights that comes with a network of the zoo; raise UsageError where there is none."""
    name = zoo.named(network)
    file = "" if name is None else zoo.ZOO[name].weights
    if not file:
        having = ", ".join(name for name, entry in zoo.ZOO.items() if entry.weights)
        raise UsageError(f"no trained weights come with '{network}'", hint=f"they do with {having}; or name a file")
    return Path(zoo.__file__).parent / file
