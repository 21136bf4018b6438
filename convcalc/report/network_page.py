"""A network as data for its page: every layer's maps, what their cells are made of, and how layers are joined."""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from convcalc.engine.activations import Activated
from convcalc.engine.convolution import Convolution
from convcalc.engine.dense import Flattened, Linear
from convcalc.engine.exact import FLOAT64, Array, as_floats
from convcalc.engine.gathered import Gathered
from convcalc.engine.geometry import AnyAxis
from convcalc.engine.normalized import Normalized
from convcalc.engine.pooling import Pooling
from convcalc.engine.products import Product
from convcalc.engine.softmax import Softmax
from convcalc.engine.transposed import Transposed
from convcalc.inference.ending import ending_of
from convcalc.inference.run import LayerRun
from convcalc.report.document import Heading
from convcalc.report.network_numbers import chances_of
from convcalc.report.numbers import Writer

MOST_BYTES = 1_300_000
"""Bytes of numbers that a page holds, before they are written as text, which makes them a third more."""


def page_data(
    title: Heading, runs: Sequence[LayerRun], names: Mapping[int, str], outputs: Sequence[int], labels: Sequence[str]
) -> dict[str, Any]:
    """Return a network's layers, their maps and weights of the first item, and the classes; what does not fit is named.

    Maps come first, as far as they fit, and then what cells are made of, a layer after the other.
    """
    places = {run.node.index: place for place, run in enumerate(runs)}
    left, without_maps, without_steps = MOST_BYTES, [], []
    layers: list[dict[str, Any]] = []
    for run in runs:
        maps = run.output[0]
        fits = 4 * maps.size <= left
        left -= 4 * maps.size if fits else 0
        if not fits:
            without_maps.append(names[run.node.index])
        layers.append(
            {
                "name": names[run.node.index],
                "text": str(run.node.layer) if run.node.index else "input",
                "shape": list(run.node.output[1:]),
                "reads": [places[index] for index in run.node.inputs],
                "maps": _floats(maps) if fits else None,
                "step": None,
            }
        )
    for run, layer in zip(runs, layers, strict=True):
        step = _step(run)
        size = 0 if step is None else sum(len(part) * 3 // 4 for part in step.values() if isinstance(part, str))
        if size <= left:
            layer["step"], left = step, left - size
        else:
            without_steps.append(layer["name"])
    return {
        "title": title.text,
        "numbers": True,
        "layers": layers,
        "classes": _classes(runs, places, outputs, labels),
        "notes": _notes(without_maps, without_steps),
    }


def _notes(without_maps: Sequence[str], without_steps: Sequence[str]) -> list[str]:
    notes = []
    for left_out, what in ((without_maps, "maps"), (without_steps, "weights, and so their steps")):
        if left_out:
            more = f", and {len(left_out) - 6} more" if len(left_out) > 6 else ""
            notes.append(f"Too large for a page: the {what} of {', '.join(left_out[:6])}{more}.")
    return notes


def _classes(
    runs: Sequence[LayerRun], places: Mapping[int, int], outputs: Sequence[int], labels: Sequence[str]
) -> list[list[str]]:
    """Return the likeliest classes with their probabilities, if the network gives one row of them."""
    if len(outputs) != 1:
        return []
    run = runs[places[outputs[0]]]
    if run.output.ndim != 2 or run.output.shape[1] < 2:
        return []
    ending = ending_of({one.node.index: one.node for one in runs}, run.node.index)
    chances, write = chances_of(ending.kind, run.output[0]), Writer()
    best = np.argsort(-chances, kind="stable")[:5].tolist()
    return [
        [f"{index} {labels[index]}" if index < len(labels) else str(index), write.as_decimal(float(chances[index]))]
        for index in best
    ]


def _floats(grid: Array) -> str:
    return base64.b64encode(np.ascontiguousarray(as_floats(grid, FLOAT64), dtype="<f4").tobytes()).decode()


def _integers(grid: Array) -> str:
    return base64.b64encode(np.ascontiguousarray(grid, dtype="<i4").tobytes()).decode()


def _step(run: LayerRun) -> dict[str, Any] | None:
    """Return what a layer's cells are made of, as its own operation has it; None where that is not told."""
    operations = run.result.operations() if run.result.operations is not None else ()
    if not operations:
        return None
    main = run.result.main % len(operations)
    operation = operations[main]
    only_viewed = all(isinstance(before.result, Flattened) for before in operations[:main])
    if not only_viewed and not isinstance(operation.result, Product):
        return None
    make = STEPS.get(type(operation.result))
    return None if make is None else make(operation.result)


def _convolution(result: Convolution) -> dict[str, Any]:
    rows, columns = result.plan.rows, result.plan.columns
    return {
        "kind": "convolution",
        "kernel": _floats(result.kernel),
        "kernel_shape": list(result.kernel.shape),
        "bias": None if result.bias is None else _floats(result.bias),
        "stride": [rows.stride, columns.stride],
        "before": [rows.before, columns.before],
        "dilation": [rows.dilation, columns.dilation],
        "groups": result.plan.groups,
        "mode": str(result.plan.border.mode),
    }


def _transposed(result: Transposed) -> dict[str, Any]:
    return {
        "kind": "transposed",
        "kernel": _floats(result.kernel),
        "kernel_shape": list(result.kernel.shape),
        "bias": None if result.bias is None else _floats(result.bias),
        "stride": [result.rows.stride, result.columns.stride],
        "before": [result.rows.cut, result.columns.cut],
        "dilation": [result.rows.dilation, result.columns.dilation],
        "groups": result.groups,
    }


def _linear(result: Linear) -> dict[str, Any]:
    bias = result.convolution.bias
    return {
        "kind": "linear",
        "weights": _floats(result.weights),
        "bias": None if bias is None else _floats(bias),
        "inputs": result.weights.shape[1],
    }


def _read(axis: AnyAxis) -> list[list[int]]:
    """Return the cells of the input that each window reads along an axis."""
    return [
        [place - axis.before for place in axis.reads(index) if 0 <= place - axis.before < axis.size]
        for index in range(axis.output)
    ]


def _pooling(result: Pooling) -> dict[str, Any]:
    divides = result.kind.record.divides
    return {
        "kind": "pooling",
        "word": str(result.kind),
        "picks": result.kind.record.beats is not None,
        "rows": _read(result.rows),
        "columns": _read(result.columns),
        "divisors": _floats(result.divisors()) if divides else None,
    }


def _norm(result: Normalized) -> dict[str, Any]:
    cells = result.input.size // len(result.input) if result.input.ndim == 4 else result.input.size
    means = np.array([[float(one.mean), float(one.root)] for one in result.statistics])
    return {
        "kind": "norm",
        "sets": _integers(result.set_of[:cells]),
        "shares": _integers(result.share_of[:cells]),
        "means": _floats(means[:, 0]),
        "roots": _floats(means[:, 1]),
        "gamma": None if result.gamma is None else _floats(result.gamma),
        "beta": None if result.beta is None else _floats(result.beta),
    }


def _gathering(result: Gathered) -> dict[str, Any]:
    items = result.output_shape[0] if len(result.output_shape) > 1 else 1
    cells = result.reading.places.shape[1] // items
    places = result.reading.places[:, :cells]
    starts = np.cumsum([0, *(grid.size for grid in result.inputs)])
    source = np.searchsorted(starts, places, side="right") - 1
    inner = places - starts[np.clip(source, 0, len(starts) - 1)]
    return {
        "kind": "gathering",
        "terms": len(places),
        "sources": _integers(np.where(places < 0, -1, source)),
        "places": _integers(np.where(places < 0, -1, inner)),
        "weights": _floats(result.reading.weights[:, :cells] / result.reading.divisor),
    }


STEPS: dict[type, Callable[[Any], dict[str, Any]]] = {
    Convolution: _convolution,
    Transposed: _transposed,
    Linear: _linear,
    Pooling: _pooling,
    Normalized: _norm,
    Gathered: _gathering,
    Flattened: lambda result: {"kind": "view"},
    Activated: lambda result: {"kind": "function", "formula": f"f(x) = {result.kind.record.formula}"},
    Softmax: lambda result: {"kind": "softmax", "axis": result.axis - result.input.ndim, "log": result.log},
    Product: lambda result: {"kind": "product"},
}
"""What a cell of each kind of result is made of, as the page's script reads it."""
