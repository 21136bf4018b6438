"""Losses of the distance between a cell and its target, each in one record: exact. See `loss_kinds`."""

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from convcalc.engine.loss_record import LossParameter, LossRecord, WrittenTerm
from convcalc.later import Later

if TYPE_CHECKING:
    import fractions

    import numpy as np

    from convcalc.engine import exact
    from convcalc.engine.exact import Array
    from convcalc.engine.loss_cells import LossCells
    from convcalc.engine.step import LossGradientStep, LossTerm
else:
    fractions, np, exact = Later("fractions"), Later("numpy"), Later("convcalc.engine.exact")


class Distance(LossRecord):
    """How far each cell is from its target; exact."""

    is_rational = True

    def terms(self, loss: "LossCells", logs: "Array | None") -> "Array":
        """Work every distance in float64, where there are too many to be exact."""
        cells, target = (exact.as_floats(grid, exact.FLOAT64) for grid in (loss.input, loss.target))
        return exact.rounded(self.exactly(cells, target, *map(exact.to_float, loss.parameters)), exact.FLOAT64)

    def written(self, term: "LossTerm", write: Any, *, logits: bool) -> WrittenTerm:
        """Write what is made of x − t."""
        gap = f"{write(term.cells[0])} − {write.factor(term.target[0])}"
        return WrittenTerm((self.around(gap, write, term),), "", write.outcome(term.value))

    @abstractmethod
    def around(self, gap: str, write: Any, term: "LossTerm") -> str:
        """Write what is made of a difference."""


class Squared(Distance):
    """(x − t)²."""

    formula = "(x − t)²"
    mistaken = "the differences were squared"
    other_words: tuple[str, ...] = ("l2", "euclidean")
    derivative = "2·(x − t)"
    note = "The lecture's Euclidean loss. PyTorch averages over all cells; some books halve it (--half)."
    half = "half-mse"

    def exactly(self, x: Any, target: Any, *parameters: Any) -> Any:
        """Return the square of the difference."""
        return (x - target) * (x - target)

    def slope_exactly(self, x: Any, target: Any, *parameters: Any) -> Any:
        """Return twice the difference."""
        return 2 * (x - target)

    def slope_written(self, write: Any, step: "LossGradientStep", *, logits: bool) -> str:
        """Write 2×(1 − 3)."""
        return f"2×({write(step.cell)} − {write.factor(step.target)})"

    def around(self, gap: str, write: Any, term: "LossTerm") -> str:
        """Write (1 − 3)²."""
        return f"({gap})²"


class HalfSquared(Squared):
    """(x − t)²/2, whose derivative is the difference itself."""

    formula = "(x − t)²/2"
    mistaken = "it was halved"
    other_words = ("half-l2",)
    derivative = "(x − t)"
    note = "Half the squares, as many books have it; PyTorch does not halve."
    half = ""

    def exactly(self, x: Any, target: Any, *parameters: Any) -> Any:
        """Return half the square of the difference."""
        square = super().exactly(x, target)
        return square / 2 if isinstance(square, np.ndarray) else fractions.Fraction(square) / 2

    def slope_exactly(self, x: Any, target: Any, *parameters: Any) -> Any:
        """Return the difference."""
        return x - target

    def slope_written(self, write: Any, step: "LossGradientStep", *, logits: bool) -> str:
        """Write (1 − 3)."""
        return f"({write(step.cell)} − {write.factor(step.target)})"

    def around(self, gap: str, write: Any, term: "LossTerm") -> str:
        """Write (1 − 3)²/2."""
        return f"({gap})²/2"

    def instead(self, other: "LossRecord") -> str:
        """Say that the halving was forgotten, if only that was."""
        return "it was not halved" if other.half else super().instead(other)


class Absolute(Distance):
    """|x − t|."""

    formula = "|x − t|"
    mistaken = "the differences were not squared"
    other_words = ("l1",)
    derivative = "sign(x − t)"

    def exactly(self, x: Any, target: Any, *parameters: Any) -> Any:
        """Return the absolute value of the difference."""
        return abs(x - target)

    def slope_exactly(self, x: Any, target: Any, *parameters: Any) -> Any:
        """Return the sign of the difference."""
        return (x > target) * 1 - (x < target) * 1

    def slope_written(self, write: Any, step: "LossGradientStep", *, logits: bool) -> str:
        """Write sign(1 − 3)."""
        return f"sign({write(step.cell)} − {write.factor(step.target)})"

    def around(self, gap: str, write: Any, term: "LossTerm") -> str:
        """Write |1 − 3|."""
        return f"|{gap}|"


class Huber(Distance):
    """(x − t)²/2 near the target, delta·(|x − t| − delta/2) farther from it than delta."""

    formula = "(x − t)²/2 if |x − t| ≤ delta, else delta·(|x − t| − delta/2)"
    mistaken = "large differences were not squared"
    other_words = ("smooth-l1",)
    derivative = "x − t if |x − t| ≤ delta, else delta·sign(x − t)"
    note = "PyTorch's HuberLoss, and with delta 1 its SmoothL1Loss."
    parameters = (LossParameter("delta", "1", "huber: how far from the target the square ends."),)

    def exactly(self, x: Any, target: Any, *parameters: Any) -> Any:
        """Return half the square, or the straight line that goes on from it."""
        (delta,) = parameters
        gap = abs(x - target)
        if isinstance(gap, np.ndarray):
            return np.where(gap <= delta, gap * gap / 2, delta * (gap - delta / 2))
        return fractions.Fraction(gap * gap) / 2 if gap <= delta else delta * (gap - fractions.Fraction(delta) / 2)

    def slope_exactly(self, x: Any, target: Any, *parameters: Any) -> Any:
        """Return the difference, at most delta on either side."""
        (delta,) = parameters
        if isinstance(x, np.ndarray):
            return np.clip(x - target, -delta, delta)
        return max(-delta, min(x - target, delta))

    def slope_written(self, write: Any, step: "LossGradientStep", *, logits: bool) -> str:
        """Write (1 − 3), or sign(1 − 5)×1."""
        gap, (delta,) = f"{write(step.cell)} − {write.factor(step.target)}", step.parameters
        if _is_near(step.cell, step.target, delta):
            return f"({gap})"
        return f"{write.factor(delta)}×sign({gap})"

    def around(self, gap: str, write: Any, term: "LossTerm") -> str:
        """Write (1 − 3)²/2, or 1×(|1 − 5| − 1/2)."""
        (delta,) = term.parameters
        if _is_near(term.cells[0], term.target[0], delta):
            return f"({gap})²/2"
        return f"{write.factor(delta)}×(|{gap}| − {write.factor(delta)}/2)"


def _is_near(cell: Any, target: Any, delta: Any) -> bool:
    gap: Any = exact.exact(cell) - exact.exact(target)
    return bool(abs(gap) <= exact.exact(delta))
