"""A neuron of a network as its own operation works it, and the network's layers as steps to walk through."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from convcalc.engine.exact import Array
from convcalc.engine.naming import ONE_ROW
from convcalc.engine.softmax import Softmax
from convcalc.errors import InputError
from convcalc.inference.run import LayerRun
from convcalc.network.layer import sizes
from convcalc.report.document import Block, Calculation, Document, Heading, Steps, Subheading, Text
from convcalc.report.network_numbers import maps_document
from convcalc.report.operations import FORWARD
from convcalc.report.selection import Chosen, Show, select


def neuron(heading: Heading, run: LayerRun, name: str, show: Show) -> Calculation:
    """Return one neuron's working, by the very step that its operation shows by itself.

    Raises InputError where the layer has no steps, or the place is none of its output.
    """
    result, worked = _own_work(run, name, show._replace(at=None))
    assert worked.steps is not None, "every operation can be walked through"
    steps = worked.steps(show)
    at = tuple(show.at or ())
    if not run.output.ndim - 1 <= len(at) <= run.output.ndim:
        shape = sizes(run.node.output)
        raise InputError(f"{name} gives {shape}, and --at names {len(at)} of it", hint=f"a number for each of {shape}")
    index = _step_of(result, run.output, steps, at)

    def work() -> Document:
        yield heading
        yield Subheading(f"{name} · {run.node.layer}")
        yield Text("")
        yield steps.heading
        yield Subheading(f"step {index + 1:,} of {math.prod(steps.shape):,} · {steps.name(index)}")
        yield from steps.blocks(index)

    return worked._replace(work=work(), steps=None)


def _step_of(result: Any, output: Array, steps: Steps, at: tuple[int, ...]) -> int:
    """Return the number, from 0, of the step that makes a cell; of a softmax, of the line that it lies on."""
    if isinstance(result, Softmax):
        place = (0,) * (output.ndim - len(at)) + at
        if not all(index < length for index, length in zip(place, output.shape, strict=True)):
            raise InputError(f"there is no cell {','.join(map(str, at))}", hint=f"the output is {sizes(output.shape)}")
        line = place[: result.axis] + place[result.axis + 1 :]
        return int(np.ravel_multi_index(line, result.lines))
    if output.ndim == 2 and len(at) == 1:
        at = (0, *at)  # of a row of features, the first item's
    chosen = next(part for part in select(steps.shape, Show(at=at), steps.naming) if isinstance(part, Chosen))
    return chosen.number - 1


def _own_work(run: LayerRun, name: str, show: Show) -> tuple[Any, Calculation]:
    """Return the engine's result that is a layer's own work, and how it is shown."""
    operations = run.result.operations() if run.result.operations is not None else ()
    if not operations:
        raise InputError(f"{name}: {run.node.layer} has no steps here", hint="name another layer")
    result = operations[run.result.main].result
    worked = FORWARD[type(result)](result, show)
    if worked.steps is None:
        raise InputError(f"{name}: {run.node.layer} only moves cells", hint="name the layer before it")
    return result, worked


def network_steps(heading: Heading, runs: Sequence[LayerRun], names: Mapping[int, str], show: Show) -> Steps:
    """Return the layers as steps, each with its maps; Enter goes down into a layer's own steps."""

    def blocks(index: int) -> list[Block]:
        run = runs[index]
        _, *rest = maps_document(heading, run, names[run.node.index], show)
        return rest

    def inner(index: int, show: Show) -> Steps | None:
        run = runs[index]
        try:
            _, worked = _own_work(run, names[run.node.index], show._replace(at=None))
        except InputError:
            return None
        return None if worked.steps is None else worked.steps(show)

    def name(index: int) -> str:
        return names[runs[index].node.index]

    return Steps(heading, (1, 1, 1, len(runs)), ONE_ROW, blocks, name, inner=inner)
