"""Losses of a row of scores and the class that is right, each in one record: exact. See `loss_kinds`."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from convcalc.engine.loss_record import LossParameter, LossRecord, WrittenTerm

if TYPE_CHECKING:
    from convcalc.engine.exact import Array
    from convcalc.engine.loss_cells import LossCells
    from convcalc.engine.step import LossGradientStep, LossTerm


class RowLoss(LossRecord):
    """A loss of each row of scores, given its class; exact, and so worked one row after the other."""

    by_row = True
    takes_classes = True
    rows_are_rational = True

    def terms(self, loss: "LossCells", logs: "Array | None") -> "Array":
        """Never asked: every term is worked exactly."""
        raise NotImplementedError(f"{type(self).__name__} is worked row by row")

    def slope_exactly(self, x: Any, target: Any, *parameters: Any) -> Any:
        """Never asked: slopes are worked row by row."""
        raise NotImplementedError(f"{type(self).__name__} is worked row by row")

    @abstractmethod
    def row_exactly(self, cells: Sequence[Any], index: int, parameters: Sequence[Any]) -> Any:
        """Return one exact term, of a row and its class."""

    @abstractmethod
    def row_slopes(self, cells: Sequence[Any], index: int, parameters: Sequence[Any]) -> list[Any]:
        """Return the derivatives of a term with respect to each cell of its row."""


class NegativeLogLikelihood(RowLoss):
    """−x[target], of the logarithms of probabilities."""

    formula = "−x[target]"
    mistaken = "the score of the target was taken"
    derivative = "−1 at the target, else 0"
    note = "The input holds logarithms of probabilities, as log-softmax gives them: PyTorch's NLLLoss."
    other_words = ("negative-log-likelihood",)

    def row_exactly(self, cells: Sequence[Any], index: int, parameters: Sequence[Any]) -> Any:
        """Return the target's cell, its sign changed."""
        return -cells[index]

    def row_slopes(self, cells: Sequence[Any], index: int, parameters: Sequence[Any]) -> list[Any]:
        """Return -1 at the target."""
        return [-int(place == index) for place in range(len(cells))]

    def written(self, term: "LossTerm", write: Any, *, logits: bool) -> WrittenTerm:
        """Write -x[2] = -(-0.5)."""
        index = int(term.target[0])
        weight = "" if term.weight == 1 else f"{write.factor(term.weight)}×"
        minus = f"(-{write.factor(term.cells[index])})" if weight else f"-{write.factor(term.cells[index])}"
        return WrittenTerm((f"{weight}(-x[{index}])" if weight else f"-x[{index}]", f"{weight}{minus}"), " = ",
                           write.outcome(term.value))  # fmt: skip

    def slope_written(self, write: Any, step: "LossGradientStep", *, logits: bool) -> str:
        """Write nothing: it is but a number."""
        return ""


class Hinge(RowLoss):
    """Σ max(0, s − s[target] + margin) over the other classes."""

    formula = "Σ max(0, s − s[target] + margin) over the other classes"
    mistaken = "the margins by which other scores come too near were added up"
    derivative = "1 where s − s[target] + margin > 0, and at the target minus how many those are"
    note = "Multi-class, as in CS231n (Weston and Watkins); PyTorch's MultiMarginLoss divides by the number of classes."
    other_words = ("svm", "multi-margin")
    parameters = (LossParameter("margin", "1", "hinge: by how much the target's score should be ahead."),)

    def _margins(self, cells: Sequence[Any], index: int, parameters: Sequence[Any]) -> list[Any]:
        (margin,) = parameters
        return [0 if place == index else max(0, cell - cells[index] + margin) for place, cell in enumerate(cells)]

    def row_exactly(self, cells: Sequence[Any], index: int, parameters: Sequence[Any]) -> Any:
        """Return the sum of the margins."""
        return sum(self._margins(cells, index, parameters))

    def row_slopes(self, cells: Sequence[Any], index: int, parameters: Sequence[Any]) -> list[Any]:
        """Return 1 for every class that comes too near, and minus their number for the target."""
        slopes = [int(margin > 0) for margin in self._margins(cells, index, parameters)]
        slopes[index] = -sum(slopes)
        return slopes

    def written(self, term: "LossTerm", write: Any, *, logits: bool) -> WrittenTerm:
        """Write max(0, 5.1 − 3.2 + 1) + max(0, -1.7 − 3.2 + 1) = 2.9 + 0."""
        index, (margin,) = int(term.target[0]), term.parameters
        others = [cell for place, cell in enumerate(term.cells) if place != index]
        tail = f"− {write.factor(term.cells[index])} + {write.factor(margin)}"
        gaps = [f"max(0, {write(cell)} {tail})" for cell in others]
        margins = [write(margin) for margin in term.margins]
        sums = list(dict.fromkeys((" + ".join(gaps), " + ".join(margins))))
        if term.weight != 1:
            sums = [f"{write.factor(term.weight)}×({text})" for text in sums]
        return WrittenTerm(tuple(sums), " = ", write.outcome(term.value))

    def slope_written(self, write: Any, step: "LossGradientStep", *, logits: bool) -> str:
        """Write [2.9 > 0], which is 1 if that is so and else 0; of the target nothing: it is but a number."""
        weight = "" if step.weight == 1 else f"{write.factor(step.weight)}×"
        return "" if step.margin is None else f"{weight}[{write(step.margin)} > 0]"

    def margins(self, cells: Sequence[Any], index: int, parameters: Sequence[Any]) -> list[Any]:
        """Return the margin of every other class."""
        return [m for place, m in enumerate(self._margins(cells, index, parameters)) if place != index]
