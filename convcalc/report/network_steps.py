"""A neuron of a network as its own operation works it, and the network's layers as steps to walk through."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from convcalc.engine.exact import Array
from convcalc.engine.naming import ONE_ROW
from convcalc.errors import InputError
from convcalc.inference.layer_result import Operation
from convcalc.inference.run import LayerRun
from convcalc.network.layer import sizes
from convcalc.report.document import Block, Calculation, Document, Heading, Steps, Subheading, Text
from convcalc.report.network_numbers import maps_document
from convcalc.report.operations import FORWARD, step_of
from convcalc.report.selection import Show


def neuron(heading: Heading, run: LayerRun, name: str, show: Show) -> Calculation:
    """Return one neuron's working, by the very step that its operation shows by itself.

    Raises InputError where the layer has no steps, or the place is none of its output.
    """
    at = tuple(show.at or ())
    operations, worked = _own_work(run, name, show._replace(at=None))
    own = _own_steps(run, name, operations, worked, at, show)
    found = [*_before(run, operations, at, show), own]

    def work() -> Document:
        yield heading
        yield Subheading(f"{name} · {run.node.layer}")
        for steps, index in found:
            yield Text("")
            yield steps.heading
            yield Subheading(f"step {index + 1:,} of {math.prod(steps.shape):,} · {steps.name(index)}")
            yield from steps.blocks(index)

    return worked._replace(work=work(), steps=None)


def steps_of_layer(run: LayerRun, name: str, at: tuple[int, ...], show: Show) -> tuple[Steps, int, Any]:
    """Return a layer's steps, the number from 0 of the one that makes a cell, and that step as numbers.

    Raises InputError where the layer has no steps, or the place is none of its output.
    """
    operations, worked = _own_work(run, name, show._replace(at=None))
    steps, index = _own_steps(run, name, operations, worked, at, show)
    result = operations[run.result.main].result
    return steps, index, FORWARD[type(result)].step(result, index, steps.shape)


def _own_steps(
    run: LayerRun, name: str, operations: Sequence[Operation], worked: Calculation, at: tuple[int, ...], show: Show
) -> tuple[Steps, int]:
    """Return the steps of a layer's own work, and the number from 0 of the one that makes a cell."""
    assert worked.steps is not None, "only such work is returned"
    if not run.output.ndim - 1 <= len(at) <= run.output.ndim:
        shape = sizes(run.node.output)
        raise InputError(f"{name} gives {shape}, and --at names {len(at)} of it", hint=f"a number for each of {shape}")
    steps, own = worked.steps(show), operations[run.result.main]
    place = _within(own.output, run, at, one_row=steps.naming.one_row)
    return steps, step_of(own.result, run.output, steps, place)


def _within(made: Array | None, run: LayerRun, at: tuple[int, ...], *, one_row: bool) -> tuple[int, ...]:
    """Return where a cell of a layer's output lies in what its own operation made: rows, or planes of a cell each."""
    given = (0,) * (run.output.ndim - len(at)) + at
    is_inside = all(0 <= index < length for index, length in zip(given, run.output.shape, strict=True))
    if made is None or not is_inside or (made.ndim != 2 and run.output.ndim != 2):
        return at
    place = tuple(int(i) for i in np.unravel_index(np.ravel_multi_index(given, run.output.shape), made.shape))
    return (*place[:2], *place[3:]) if one_row and len(place) == 4 else place


def _before(
    run: LayerRun, operations: Sequence[Operation], at: tuple[int, ...], show: Show
) -> Iterator[tuple[Steps, int]]:
    """Yield the steps of the operations before a layer's own that make as many cells, and which makes this one."""
    is_last = run.result.main == -1  # else what is before and behind it only turns axes
    for operation in operations[:-1] if is_last else ():
        made = operation.output
        worked = FORWARD[type(operation.result)].worked(operation.result, show._replace(at=None))
        if worked.steps is not None and made is not None and made.shape == run.output.shape:
            steps = worked.steps(show)
            yield steps, step_of(operation.result, made, steps, at)


def _own_work(run: LayerRun, name: str, show: Show) -> tuple[Sequence[Operation], Calculation]:
    """Return a layer's operations, and how the one that is its own work is shown."""
    operations = run.result.operations() if run.result.operations is not None else ()
    if not operations:
        raise InputError(f"{name}: {run.node.layer} has no steps here", hint="name another layer")
    result = operations[run.result.main].result
    worked = FORWARD[type(result)].worked(result, show)
    if worked.steps is None:
        raise InputError(f"{name}: {run.node.layer} only moves cells", hint="name the layer before it")
    return operations, worked


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
