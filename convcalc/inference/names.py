"""What each layer of a network is called, where a name is used more than once."""

from collections import Counter

from convcalc.network.trace import Node, Trace


def names_of(trace: Trace) -> dict[int, str]:
    """Return each used layer's own name, by its number: the second `relu` is relu#2.

    >>> from convcalc.network import zoo
    >>> list(names_of(zoo.entry("lenet5").build()[0]).values())[:4]
    ['input', 'conv1', 'relu1', 'pool1']
    """
    seen: Counter[str] = Counter()
    names = {}
    for node in trace.nodes:
        if node.used:
            name = node.name or node.layer.kind
            seen[name] += 1
            names[node.index] = name if seen[name] == 1 else f"{name}#{seen[name]}"
    return names


def node_of(trace: Trace, name: str) -> Node | None:
    """Return the layer of that name, or None."""
    index = next((index for index, own in names_of(trace).items() if own == name), None)
    return None if index is None else trace.nodes[index]
