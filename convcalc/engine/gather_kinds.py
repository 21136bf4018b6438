"""What gathers every output cell from a few input cells, each in one record: what it says of itself, and of a cell."""

from typing import TYPE_CHECKING, Any, NamedTuple

from convcalc.choices import Word

if TYPE_CHECKING:
    from convcalc.engine.step import GatherStep


class GatherRecord(NamedTuple):
    """An operation that gathers: what its command does, its formula, and where a gradient goes."""

    summary: str
    formula: str
    gradient: str

    def term(self, write: Any, cell: Any, weight: Any, step: "GatherStep") -> str:
        """Write one term of a sum."""
        return write.factor(cell) if weight == 1 else f"{write.factor(weight)}×{write.factor(cell)}"


class DropoutRecord(GatherRecord):
    """Dropout, whose kept cells are divided."""

    def term(self, write: Any, cell: Any, weight: Any, step: "GatherStep") -> str:
        """Write 5/(1 − 0.2)."""
        return f"{write.factor(cell)}/(1 − {write.factor(step.probability)})"


class GatherKind(Word):
    """What gathers, by its command's name."""

    record: GatherRecord

    ADD = (
        "add",
        GatherRecord(
            "Add grids cell by cell, as a skip connection does.",
            "y = a + b",
            "goes to every grid that was added, whole",
        ),
    )
    CONCAT = (
        "concat",
        GatherRecord(
            "Put grids behind one another: channel after channel, or along rows or columns.",
            "",
            "is cut where the grids were joined: each gets its own part",
        ),
    )
    UPSAMPLE = (
        "upsample",
        GatherRecord(
            "Enlarge a grid: each cell repeated, or neighbours mixed by how near they are (bilinear).",
            "",
            "goes to every cell that was read, times its weight",
        ),
    )
    UNPOOL = (
        "unpool",
        GatherRecord(
            "Put the maxima of a pooling back where they were found, with zeros around them.",
            "",
            "is read where each maximum was put; that of a zero goes nowhere",
        ),
    )
    DROPOUT = (
        "dropout",
        DropoutRecord(
            "Drop the cells a mask says, and scale up the others, so that the mean stays.",
            "y = x·mask/(1 − p)",
            "goes through the same mask, and is scaled as the cells were",
        ),
    )
