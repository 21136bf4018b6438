"""What an activation must say of itself: its formula, its function, its intermediate results, its working."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convcalc.engine.exact import Array
    from convcalc.engine.step import Number


class ActivationRecord(ABC):
    """An activation of one cell. What has no default here, each must say."""

    formula: str
    summary: str
    """What its command does, in a line."""
    parameter = ""
    """The name of its parameter, if it has one; its default as it is typed; and what it does."""
    default = ""
    parameter_help = ""
    variant_of = ""
    """The word whose command it belongs to, and the option and the help that ask for it there."""
    option = ""
    option_help = ""
    example = ""
    """Options that its help shows."""
    is_rational = False
    """Whether it gives a fraction for a fraction, and says how: `exactly`, and `of_integers` or `of_cells`."""
    is_likely = False
    """Whether it may be taken by mistake for another."""

    @abstractmethod
    def of(self, x: "Array", rest: "Array", parameter: float) -> "Array":
        """Return the function of float64 cells, given what was left over when they were rounded."""

    @abstractmethod
    def working(self, write: Any, x: "Number", parts: tuple[Any, ...], parameter: str) -> tuple[str, ...]:
        """Write what one cell comes to, as expressions that equal one another."""

    def parts(self, x: "Number", parameter: "Number") -> tuple["Number", ...]:
        """Return the intermediate results of one cell."""
        return ()

    def exactly(self, x: Any, parameter: Any) -> Any:
        """Return the function of an exact cell."""
        raise NotImplementedError

    def of_integers(self, cells: "Array", over: int, parameter: Any) -> "tuple[Array, int]":
        """Return the function of integers over one divisor, in the same form."""
        raise NotImplementedError

    def of_cells(self, cells: "Array") -> "Array | None":
        """Return the function of cells as they are, if it works none anew."""
        return None

    def is_exact_at(self, x: "Number") -> bool:
        """Whether an irrational function is rational here."""
        return x == 0

    def in_words(self, write: Any, x: "Number") -> str | None:
        """Return why a cell stays what it is, where there is nothing to work."""
        return None
