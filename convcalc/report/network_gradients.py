"""A network's pass backward as a Document: every parameter's gradient, any cell of one worked, and the input's."""

from collections.abc import Iterator

import numpy as np

from convcalc.engine.exact import FLOAT64, Array, as_floats
from convcalc.engine.gradients import Gradients, TransposedGradients
from convcalc.engine.graph import PassedBack
from convcalc.engine.naming import shape_text
from convcalc.errors import InputError
from convcalc.inference.network import NetworkGradients
from convcalc.report.document import (
    Answer,
    Block,
    Calculation,
    Document,
    Heading,
    Role,
    Subheading,
    Table,
    Text,
)
from convcalc.report.equality import checked_sum
from convcalc.report.network_numbers import saliency
from convcalc.report.numbers import six_digits
from convcalc.report.operations import BACKWARD
from convcalc.report.selection import Show

MOST_ROWS = 60
"""Parameters that the table lists."""

WITHOUT_STEPS = frozenset({"bias", "gamma", "beta", "weight"})
"""Roles whose gradients are sums that are written out whole, and not cell by cell."""


def gradients_document(heading: Heading, back: NetworkGradients, show: Show) -> Document:
    """Show the loss, every parameter's gradient, and the input's."""
    write = show.write
    yield heading
    yield Text("")
    if back.loss is None:
        yield Text("  Backward from the sum of the output's cells: the gradient of each is 1.", Role.QUIET)
    else:
        yield Text(f"  The loss, the cross-entropy of the target, is {write(six_digits(back.loss))}.")
    yield Subheading("the gradients of the parameters")
    rows = []
    for name, tensor in back.parameters.items():
        gradient = back.gradients.get(name)
        if gradient is None:
            rows.append((name, shape_text(tensor.shape), "", "none", ""))
            continue
        cells = as_floats(gradient, FLOAT64)
        at = np.unravel_index(int(np.abs(cells).argmax()), cells.shape)
        norm = write(six_digits(float(np.sqrt((cells * cells).sum()))))
        rows.append(
            (name, shape_text(tensor.shape), norm, write(six_digits(gradient[at])), ",".join(str(int(i)) for i in at))
        )
    columns = ("parameter", "shape", "norm", "largest", "at")
    yield Table(columns, tuple(rows[:MOST_ROWS]), frozenset({0, 1, 4}))
    if len(rows) > MOST_ROWS:
        yield Text(f"  … and {len(rows) - MOST_ROWS} more: --format json holds them all", Role.QUIET)
    yield Subheading("the gradient of the input")
    yield from saliency(back.input, show)


def gradient_at(heading: Heading, back: NetworkGradients, name: str, at: tuple[int, ...], show: Show) -> Calculation:
    """Return the working of one cell of a parameter's gradient, or of the input's, in every layer that read it.

    Raises InputError where there is no such cell.
    """
    is_input = name == "input"
    tensor = back.x if is_input else back.parameters[name]
    at = (0, *at) if is_input and len(at) == tensor.ndim - 1 else at  # of the first item
    if len(at) != tensor.ndim or not all(0 <= i < length for i, length in zip(at, tensor.shape, strict=True)):
        raise InputError(
            f"{name} has no cell {','.join(map(str, at))}", hint=f"its shape is {shape_text(tensor.shape)}"
        )
    readers = [
        (passed, role)
        for passed in back.graph.passed
        for role, grid in passed.node.reads.items()
        if grid is tensor and passed.backward is not None
    ]
    gradient = back.input if is_input else back.gradients.get(name)
    if gradient is None or not readers:
        raise InputError(f"{name} has no gradient: nothing came back to it", hint="name another parameter")

    def work() -> Document:
        yield heading
        for passed, role in readers:
            yield Subheading(f"{name}[{','.join(map(str, at))}] · {passed.node.text}")
            yield Text("")
            yield from (block for block in _of_role(passed, role, at, show).work if not isinstance(block, Answer))
        yield from _total(back, tensor, at, show)
        yield Text(f"  {name}[{','.join(map(str, at))}] has the gradient {show.write(gradient[at])}.", Role.RESULT)

    answer = np.atleast_1d(gradient[at])
    return Calculation(work(), lambda: answer, show.answer_write)


def _of_role(passed: PassedBack, role: str, at: tuple[int, ...], show: Show) -> Calculation:
    back = BACKWARD[type(passed.backward)]
    if role in WITHOUT_STEPS or not back.by_cell:
        return back.one(passed.backward, show, role)
    is_kernel = isinstance(passed.backward, Gradients | TransposedGradients) and role == "kernel"
    place = (at[1], at[0], *at[2:]) if is_kernel and len(at) > 2 else at  # a kernel's channels come first there
    if role == "input" and isinstance(passed.backward, Gradients) and passed.backward.folds:
        plan = passed.backward.forward.plan  # the steps are of the padded input's gradient
        place = (*at[:-2], at[-2] + plan.rows.before, at[-1] + plan.columns.before)
    return back.one(passed.backward, show._replace(at=place), role)


def _total(back: NetworkGradients, tensor: Array, at: tuple[int, ...], show: Show) -> Iterator[Block]:
    """Yield the sum of the gradients of a tensor that several layers read."""
    parts = back.graph.parts.get(id(tensor), ())
    if len(parts) < 2:
        return
    write = show.write
    terms = tuple(write.factor(part[at]) for _, part in parts)
    total = sum(float(part[at]) for _, part in parts)
    yield Text("")
    yield Text(f"It is used {len(parts)} times, and its gradients add up:", Role.QUIET)
    yield checked_sum(terms, " + ", write.outcome(total), "", final=False)


def descent_document(heading: Heading, before: float, after: float, rate: float, frozen: int, show: Show) -> Document:
    """Say what one step of descent did to the loss."""
    write = show.write
    yield heading
    yield Text("")
    yield Text(f"  Every parameter less {write(rate)} × its gradient.")
    if frozen:
        kept = (
            "1 frozen parameter stayed as it was" if frozen == 1 else f"{frozen} frozen parameters stayed as they were"
        )
        yield Text(f"  {kept}.", Role.QUIET)
    yield Text(f"  The loss was {write(six_digits(before))}, and is {write(six_digits(after))} now.", Role.RESULT)
