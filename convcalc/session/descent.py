"""A session's named grids, one step of gradient descent on, or many."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import islice
from typing import Any, NamedTuple

from convcalc.engine.descent import step_down, work_again
from convcalc.engine.descent_in_floats import descend_in_floats
from convcalc.engine.exact import Array, exact
from convcalc.engine.graph import LEARNED, GraphGradients, pass_back
from convcalc.engine.node import Node
from convcalc.engine.shapes import like_the_output
from convcalc.errors import UsageError, nearest
from convcalc.report.descent import worked_descent, worked_step
from convcalc.report.document import Calculation
from convcalc.report.selection import Show
from convcalc.session.backward import way_back
from convcalc.session.session import Session, State

MOST_STEPS = 1_000_000


class Descent(NamedTuple):
    """What is asked for: the rate, how many steps, which grids stay as they are, and whose state is the answer."""

    rate: Any
    times: int = 1
    freeze: Sequence[str] = ()
    wrt: str | None = None


def descent(session: Session, asked: Descent, show: Show) -> tuple[Calculation, dict[str, Array]]:
    """Return the work of some steps, and the grids after them, by name.

    Every grid changes that has a name, that the loss is made of, and that is not only read as an input; what is frozen
    stays. Raises UsageError where there is no loss, or nothing to change.
    """
    if not 1 <= asked.times <= MOST_STEPS:
        raise UsageError(f"{asked.times} steps cannot be taken", hint=f"from 1 to {MOST_STEPS:,}")
    for name in asked.freeze:
        if name not in session.names:
            close = nearest(name, list(session.names))
            raise UsageError(f"there is no grid '{name}'", hint=f"did you mean {close[0]}?" if close else None)
    nodes = way_back(session, None)
    end = nodes[-1].output
    gradients = pass_back(nodes, like_the_output(1, end, end))
    trained, notes = _trained(session, nodes, gradients, asked.freeze)
    if asked.wrt is not None and asked.wrt not in trained:
        raise UsageError(f"'{asked.wrt}' is not changed", hint=f"there are {', '.join(trained)}")
    rate = Fraction(exact(asked.rate))
    if asked.times == 1:
        step = step_down(nodes, gradients, trained, rate)
        new = dict(step.new)
        calculation = worked_step(step, rate, notes, show)
    else:
        losses, new = [], trained
        for loss, grids in islice(descend_in_floats(nodes, trained, float(rate)), asked.times + 1):
            losses.append(loss)
            new = dict(grids)
        calculation = worked_descent(losses, new, rate, notes, show)
    if asked.wrt is None and len(new) > 1:
        return calculation, new
    answer = new[asked.wrt or next(iter(new))]
    return calculation._replace(answer=lambda: answer, named=None if asked.wrt else new), new


def _trained(
    session: Session, nodes: Sequence[Node], gradients: GraphGradients, freeze: Sequence[str]
) -> tuple[dict[str, Array], list[str]]:
    """Return the grids that change, and say which that are on the way do not."""
    given = {id(node.output) for node in nodes if not node.reads}
    roles: dict[int, set[str]] = {}
    for node in nodes:
        for role, grid in node.reads.items():
            roles.setdefault(id(grid), set()).add(role)
    on_the_way = {
        name: grid for name, grid in session.names.items() if id(grid) in given and id(grid) in gradients.parts
    }
    inputs = [name for name, grid in on_the_way.items() if not roles[id(grid)] & LEARNED]
    frozen = [name for name in on_the_way if name in freeze and name not in inputs]
    trained = {name: grid for name, grid in on_the_way.items() if name not in (*inputs, *frozen)}
    if not trained:
        raise UsageError(
            "no grid here is changed: kernels, weights and biases are, if they have names and are not frozen",
            hint="as in: w = 1 2, and then linear w",
        )
    notes = [f"Frozen: {', '.join(frozen)}."] * bool(frozen)
    notes += [f"An input stays as it is: {', '.join(inputs)}."] * bool(inputs)
    return trained, notes


def take_steps(session: Session, asked: Descent, line: str) -> Calculation:
    """Take steps in a session: its names, and all that was made of them, are those after."""
    calculation, new = descent(session, asked, Show())
    state = session.state
    nodes, now = work_again(state.nodes, {id(session.names[name]): grid for name, grid in new.items()})
    names = {name: now.get(id(grid), grid) for name, grid in session.names.items()}
    current = None if state.current is None else now.get(id(state.current), state.current)
    session.push(State(current, names, (*state.lines, line), tuple(nodes)))
    return calculation
