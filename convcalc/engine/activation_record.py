"""What an activation must say of itself: its formula, its function, its intermediate results, its working."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from convcalc.engine.exact import Array
    from convcalc.engine.step import Number


class Parameter(NamedTuple):
    """A number that an activation takes: its name, its default as it is typed, and what it does."""

    name: str
    default: str
    help: str


@dataclass(kw_only=True, eq=False, repr=False)
class ActivationRecord:
    """An activation of one cell. What has no default here, each must say."""

    formula: str
    summary: str
    """What its command does, in a line."""
    of: "Callable[..., Array]"
    """The function of float64 cells, given what was left over when they were rounded, and the parameters."""
    working: "Callable[..., tuple[str, ...]]"
    """What one cell comes to, as expressions that equal one another: of a `Writer`, x, the parts, the parameters."""
    derivative: str
    slope: "Callable[..., Array]"
    """The derivative of float64 cells, as `of` is the function; where there is none, PyTorch's."""
    slope_written: Callable[..., str]
    """What the derivative comes to: of a `Writer`, x, y and the parameters; nothing where it is but a number."""
    slope_exactly: Callable[..., Any] | None = None
    """The derivative of an exact cell and the parameters, where fractions give fractions."""
    parts: "Callable[[Number], tuple[Number, ...]]" = lambda x: ()
    """The intermediate results of one cell."""
    parameters: tuple[Parameter, ...] = ()
    learns: bool = False
    """Whether its one parameter is a weight, one number or one a channel, which has a gradient."""
    check: Callable[..., str | None] = lambda *parameters: None
    """What is wrong with its parameters, if anything is."""
    variant_of: str = ""
    """The word whose command it belongs to, and the option and the help that ask for it there."""
    option: str = ""
    option_help: str = ""
    example: str = ""
    """Options that its help shows."""
    exactly: Callable[..., Any] | None = None
    """The function of an exact cell and the parameters, where fractions give fractions."""
    of_integers: "Callable[..., tuple[Array, int | Array]] | None" = None
    """The function of integers over one divisor, in the same form; or of cells as they are, which works none anew."""
    of_cells: "Callable[[Array], Array] | None" = None
    is_exact_at: "Callable[[Number], bool]" = lambda x: x == 0
    """Whether an irrational function is rational here."""
    in_words: Callable[..., str | None] = lambda write, x, *parameters: None
    """Why a cell becomes what it does, where there is nothing to work: of a `Writer`, x and the parameters."""
    is_likely: bool = False
    """Whether it may be taken by mistake for another."""
