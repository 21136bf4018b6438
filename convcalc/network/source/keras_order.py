"""In which order Keras lists a functional model's layers: the furthest from its outputs first."""

from collections.abc import Callable, Hashable, Sequence

from convcalc.network.trace import Node


def by_depth(
    nodes: dict[int, Node], starts: Sequence[int], ends: Sequence[int], owner: Callable[[int], Hashable]
) -> list[Hashable]:
    """Return the owners of nodes (layers, or models that are parts) as `Model.layers` has them.

    `owner` says whose a node is: the same for all nodes of one call. Source: keras/src/ops/function.py,
    `map_graph` (Keras 3): a layer's depth is its longest way to an output; of one depth, the one first met from the
    outputs backwards comes first.
    """
    met: dict[Hashable, int] = {}
    finished: list[int] = []
    _visit(nodes, set(starts), ends, owner, met, finished)
    depths: dict[int, int] = {}
    of_owner: dict[Hashable, int] = {}
    for index in reversed(finished):
        depth = max(depths.get(index, 0), of_owner.get(owner(index), 0))
        depths[index] = of_owner[owner(index)] = depth
        if index in starts:
            continue
        for source in nodes[index].inputs:
            inner = owner(source) == owner(index)
            depths[source] = max(depth + (not inner), depths.get(source, 0))
    for index in starts:
        of_owner.setdefault(owner(index), 0)
        met.setdefault(owner(index), len(met))
    return sorted(of_owner, key=lambda one: (-of_owner[one], met[one]))


def _visit(
    nodes: dict[int, Node],
    starts: set[int],
    ends: Sequence[int],
    owner: Callable[[int], Hashable],
    met: dict[Hashable, int],
    finished: list[int],
) -> None:
    """Go back from the outputs, each way to its end, without Python's own stack."""
    seen: set[int] = set()
    waiting = [(index, False) for index in reversed(ends)]
    while waiting:
        index, is_done = waiting.pop()
        if is_done:
            finished.append(index)
            continue
        if index in seen:
            continue
        seen.add(index)
        met.setdefault(owner(index), len(met))
        waiting.append((index, True))
        if index not in starts:
            waiting += [(source, False) for source in reversed(nodes[index].inputs)]
