"""A session's lines, backward: from the current grid to the input, and to every grid that has a name."""

import re
from collections.abc import Sequence

from convcalc.engine.exact import Array
from convcalc.engine.graph import LEARNED, GraphGradients, pass_back
from convcalc.engine.naming import shape_text
from convcalc.engine.node import Node
from convcalc.engine.shapes import like_the_output
from convcalc.errors import UsageError, did_you_mean
from convcalc.report.backward import worked_backward
from convcalc.report.document import Calculation
from convcalc.report.selection import Show
from convcalc.session.session import Session

_NAMED = re.compile(r"(\w+)\s*=(?!=)")


def way_back(session: Session, gradient: str | None) -> Sequence[Node]:
    """Return what a session did, up to where a pass backward begins.

    It begins at the current grid, if that is a single number or its gradient is given, else at the last single number.
    Raises UsageError where there is none.
    """
    current = session.current
    if current is None:
        raise UsageError("there is nothing to go back from", hint="work something first, as in: conv edge")
    nodes = session.state.nodes
    last = max(index for index, node in enumerate(nodes) if node.output is current)
    if gradient is None and current.size != 1:
        singles = [index for index, node in enumerate(nodes) if node.reads and node.output.size == 1]
        if not singles:
            raise UsageError(
                f"the current grid is {shape_text(current.shape)}, and no line gave a single number to go back from",
                hint="give its gradient, a grid of its shape or 1 (of a script: --gradient 1)",
            )
        last = singles[-1]  # a loss, say, behind which its probabilities are shown
    return nodes[: last + 1]


def gradients_of(session: Session, gradient: str | None) -> tuple[GraphGradients, dict[str, Array]]:
    """Return a pass backward through what a session did, and the grids it came to: the input, those with names, others.

    Raises UsageError where there is nothing to begin at.
    """
    nodes = way_back(session, gradient)
    end = nodes[-1].output
    upstream = like_the_output(1 if gradient is None else session.grid(gradient), end, end)
    gradients = pass_back(nodes, upstream)
    named = {id(grid) for grid in session.names.values()}
    given = [node for node in session.state.nodes if not node.reads and id(node.output) not in named]
    reached = [node for node in given if id(node.output) in gradients.parts]
    titles = [_title(node, alone=len(reached) == 1) for node in reached]
    grids = dict(zip(titles, (node.output for node in reached), strict=True))
    grids |= {name: grid for name, grid in session.names.items() if grid is not end}
    known = {id(grid) for grid in grids.values()}
    for node in nodes:
        for role, grid in node.reads.items():
            if role in LEARNED and id(grid) not in known and id(grid) in gradients.parts:
                grids[f"{role} of line {node.number}"] = grid  # written in the line, so that it has no name
    return gradients, grids


def _title(node: Node, *, alone: bool) -> str:
    """Return what a grid that has no name is called; one whose name was given to another is told apart by its line."""
    once = _NAMED.match(node.text)
    if once is not None:
        return f"{once[1]} of line {node.number}"
    return "input" if alone else f"input of line {node.number}"


def backward(session: Session, gradient: str | None, wrt: str | None, show: Show) -> Calculation:
    """Return the work of a pass backward; its answer is the gradient of the input, or of the grid `wrt` names."""
    gradients, grids = gradients_of(session, gradient)
    reached = [name for name, grid in grids.items() if id(grid) in gradients.parts]
    if not reached:
        raise UsageError("no grid here has a gradient", hint="work something of a grid first, as in: conv edge")
    name = wrt or reached[0]
    if name not in reached:
        unused = f"'{name}' is not used on the way, or only as a constant"
        unused = unused if name in grids else f"there is no grid '{name}'"
        raise UsageError(unused, hint=did_you_mean(name, reached, f"there are {', '.join(reached)}"))
    return worked_backward(gradients, grids, name, show)
