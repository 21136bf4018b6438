"""What a loss must say of itself: its formula, its terms, how one is written, what its input may hold."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from convcalc.engine.exact import Array
    from convcalc.engine.loss_cells import LossCells
    from convcalc.engine.step import LossGradientStep, LossTerm


class Logits(Enum):
    """When the input holds logits."""

    NEVER = "it holds the output itself"
    IF_ASKED = "it holds probabilities, or logits if they are asked for"
    UNLESS_REFUSED = "it holds logits, or probabilities if they are asked for"


class LossParameter(NamedTuple):
    """A number that a loss takes: its name, its default as it is typed, and what it does."""

    name: str
    default: str
    help: str


class WrittenTerm(NamedTuple):
    """One term as it is written: the expressions, what joins them, and what they come to."""

    terms: tuple[str, ...]
    joiner: str
    outcome: str


class LossRecord(ABC):
    """A loss. What has no default here, each must say."""

    formula: str
    derivative: str
    """Of one term, with respect to a cell; and with respect to a logit, with what makes a probability of it."""
    logit_derivative = ""
    probability = ""
    mistaken: str
    """What was done if it was taken by mistake."""
    other_words: tuple[str, ...] = ()
    note = ""
    """Where conventions differ."""
    half = ""
    """The word of the same loss, halved."""
    logits = Logits.NEVER
    of_probabilities = False
    """Whether the target's cells are probabilities, and those of an input that holds no logits."""
    by_row = False
    """Whether it has a term for each row of classes, rather than for each cell."""
    takes_classes = False
    """Whether a target may be a class of each row, whose weight may differ, and which may be ignored."""
    smooths = False
    """Whether labels can be smoothed."""
    is_rational = False
    """Whether its terms are fractions of a cell and its target, `exactly` so; or of a row and its class."""
    rows_are_rational = False
    parameters: tuple[LossParameter, ...] = ()

    @abstractmethod
    def terms(self, loss: "LossCells", logs: "Array | None") -> "Array":
        """Return all terms, given their logarithms: of the input's shape, or one a row."""

    @abstractmethod
    def written(self, term: "LossTerm", write: Any, *, logits: bool) -> WrittenTerm:
        """Write one term of a cell."""

    def exactly(self, x: Any, target: Any, *parameters: Any) -> Any:
        """Return one exact term; only asked of a loss that is rational."""
        raise NotImplementedError(f"{type(self).__name__} is rational, but has no exact term")

    @abstractmethod
    def slope_written(self, write: Any, step: "LossGradientStep", *, logits: bool) -> str:
        """Write the derivative of a term with respect to a cell."""

    @abstractmethod
    def slope_exactly(self, x: Any, target: Any, *parameters: Any) -> Any:
        """Return the derivative of a term with respect to an exact cell that is no logit."""

    def slopes(self, loss: "LossCells", logs: "Array | None") -> "Array":
        """Return the derivatives of terms with respect to every logit; only asked of a loss that takes some."""
        raise NotImplementedError(f"{type(self).__name__} takes logits, but has no slopes")

    def row_exactly(self, cells: Sequence[Any], index: int, parameters: Sequence[Any]) -> Any:
        """Return one exact term, of a row and its class; only asked where rows are rational."""
        raise NotImplementedError(f"{type(self).__name__} has no exact rows")

    def row_slopes(self, cells: Sequence[Any], index: int, parameters: Sequence[Any]) -> list[Any]:
        """Return the derivatives of a row's term; only asked where rows are rational."""
        raise NotImplementedError(f"{type(self).__name__} has no exact rows")

    def margins(self, cells: Sequence[Any], index: int, parameters: Sequence[Any]) -> list[Any]:
        """Return what a term is the sum of, if it is one."""
        return []

    def instead(self, other: "LossRecord") -> str:
        """Say that another loss was taken."""
        return other.mistaken

    def logs(self, loss: "LossCells") -> "Array | None":
        """Return the logarithms that are weighed, the last axes those of the input; None without any."""
        return None

    def chances(self, loss: "LossCells", index: int) -> list[Any]:
        """Return the probabilities a term's logits stand for (0 where floats have no other), or that it was given."""
        return []
