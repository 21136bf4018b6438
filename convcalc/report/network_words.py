"""In whose words a network is told: PyTorch's, or Keras's, whose shapes have channels last and whose counts differ."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from convcalc.network.keras.shapes import written
from convcalc.network.layer import Count, Shape, sizes
from convcalc.network.summary import Row, Summary, size_text
from convcalc.network.trace import KERAS, PYTORCH, Node


class Words(NamedTuple):
    """How a network's library writes shapes, what it counts as parameters, and what it calls all that."""

    columns: tuple[str, ...]
    given: Callable[[Shape], str]
    """Writes the shape of an input or output in a sentence."""
    shape: Callable[[Shape], str]
    """Writes one in a table; nothing for what has none."""
    parameters: str
    counts_buffers: bool
    """Whether what is kept and not trained is among the parameters, as not trainable."""
    nothing: str
    """How a count of none is written."""
    spare: tuple[int, ...]
    """The columns that are left out where there is no room, the first of them first."""
    axes: dict[int, str]
    """What the axes of an input are called, by how many there are."""

    def count(self, row: Row) -> int:
        """Return how many parameters a row has."""
        return row.weights + (row.buffers if self.counts_buffers else 0)

    def count_of(self, node: Node) -> Count:
        """Return how many parameters a layer has, with their arithmetic."""
        if not self.counts_buffers or not node.buffers.value:
            return node.weights
        if not node.weights.value:
            return node.buffers
        written_out = f"{node.weights.written} + {node.buffers.written}"
        return Count(node.weights.value + node.buffers.value, written_out)

    def number(self, value: int) -> str:
        """Write a count."""
        return f"{value:,}" if value else self.nothing

    def totals(self, summary: Summary) -> Iterator[tuple[str, str]]:
        """Yield what the parameters come to."""
        frozen = summary.weights - summary.trainable
        if self.counts_buffers:
            yield "Total params", f"{summary.weights + summary.buffers:,}"
            yield "Trainable params", f"{summary.trainable:,}"
            yield "Non-trainable params", f"{frozen + summary.buffers:,}"
            return
        shares = f"trainable {summary.trainable:,}, frozen {frozen:,}" if frozen else "all trainable"
        yield "parameters", f"{summary.weights:,}, {shares}"
        if summary.buffers:
            note = "kept but not trained, as batch norms' running means are; in no count of parameters"
            yield "buffers", f"{summary.buffers:,}, {note}"


WORDS = {
    PYTORCH: Words(
        ("name", "layer", "output", "parameters", "multiply-adds", "field", "jump", "memory"),
        sizes,
        size_text,
        "parameters",
        False,
        "·",
        (7, 6, 5),
        {3: "C×L", 4: "C×H×W", 5: "C×D×H×W"},
    ),
    KERAS: Words(
        ("layer", "type", "output shape", "Param #", "multiply-adds", "field", "jump", "memory"),
        written,
        lambda shape: written(shape) if shape else "",
        "Param #",
        True,
        "0",
        (7, 6, 5, 4),
        {},
    ),
}
"""By the library."""


def words_of(summary: Summary) -> Words:
    """Return in whose words a network is told."""
    return WORDS[summary.trace.words]


def given_text(summary: Summary) -> str:
    """Write the shapes of what goes in."""
    return " + ".join(map(words_of(summary).given, summary.trace.inputs))
