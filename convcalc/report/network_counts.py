"""A network without numbers as data for its page: how its layers are joined, and how their counts come about."""

from collections.abc import Callable, Iterable
from typing import Any

from convcalc.inference.names import names_of
from convcalc.network.summary import Summary
from convcalc.report.document import Document
from convcalc.report.model import heading
from convcalc.report.model_steps import layer_blocks
from convcalc.report.network_words import words_of


def counted_data(summary: Summary, write: Callable[[Document], Iterable[str]]) -> dict[str, Any]:
    """Return a network's layers without numbers: how they are joined, and each one's counts as lines of text."""
    names = names_of(summary.trace)
    places = {index: place for place, index in enumerate(names)}
    layers = []
    for index, name in names.items():
        node = summary.trace.nodes[index]
        parameters = words_of(summary).count_of(node).value
        counts = (count_text(parameters, "parameters"), count_text(node.multiply_adds.value, "multiply-adds"))
        layers.append(
            {
                "name": name,
                "text": str(node.layer) if index else "input",
                "shape": list(node.output[1:]),
                "reads": [places[source] for source in node.inputs],
                "maps": None,
                "step": None,
                "counts": ", ".join(filter(None, counts)),
                "lines": list(write(layer_blocks(summary, node))) if index else [],
            }
        )
    return {"title": heading(summary).text, "numbers": False, "layers": layers, "classes": [], "notes": []}


def count_text(number: int, what: str) -> str:
    """Write how many there are of something, or nothing.

    >>> count_text(1_234, "parameters"), count_text(0, "parameters")
    ('1,234 parameters', '')
    """
    return f"{number:,} {what}" if number else ""
