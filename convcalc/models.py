"""Which weights a network is given: those that are drawn, that come with it, of a file, or a program's own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from convcalc.engine.exact import Array
from convcalc.engine.grids import frozen
from convcalc.errors import UsageError
from convcalc.inference.parameters import as_float32, drawn, exactly, full_name, matched
from convcalc.network import zoo
from convcalc.network.summary import Summary
from convcalc.watch import Watch, unwatched

Tensors = dict[int, dict[str, Array]]
RANDOM, TRAINED = "random", "trained"


def is_drawn(weights: object) -> bool:
    """Whether weights are drawn rather than read: "random", unless a file is called so."""
    return str(weights) == RANDOM and not Path(RANDOM).exists()


def tensors_of(
    summary: Summary,
    network: str,
    weights: str | Path | Mapping[str, Any],
    *,
    seed: int = 0,
    exact: bool = False,
    watch: Watch = unwatched,
) -> tuple[Tensors, str]:
    """Return each layer's tensors, by its identity: drawn, those that come with the network, a file's, or given ones.

    They are float32, or `exact`; and with them what is to be said of them, if anything is.
    """
    note = ""
    if isinstance(weights, Mapping):
        found = matched(summary.trace, {name: np.array(tensor) for name, tensor in weights.items()})
    elif is_drawn(weights):
        found = drawn(summary.trace, seed, watch)
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
        return {layer: {name: frozen(exactly(one)) for name, one in own.items()} for layer, own in found.items()}, note
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
