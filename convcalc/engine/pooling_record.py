"""What a kind of pooling must say of itself, and what it is given and gives back."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np

    from convcalc.engine.exact import Array
    from convcalc.engine.step import Number, PoolingStep
    from convcalc.engine.windows import PoolingWindows

Places = Sequence[Sequence[Any]]
"""A number, or whatever it is, for each cell of a window, by rows."""


class WindowCells(NamedTuple):
    """One window's cells, exactly: which of them are padding, how many are counted, and the p of lp pooling."""

    cells: Places
    padding: Places
    counted: int
    norm: int
    dtype: "np.dtype[Any] | None"
    """The answer's float dtype, or None if it is exact."""

    @property
    def all(self) -> list[Any]:
        """The cells in reading order, padding too."""
        return [cell for line in self.cells for cell in line]

    @property
    def real(self) -> list[tuple[Any, tuple[int, int]]]:
        """The cells that are no padding, and where in the window they lie."""
        places = [(cell, (i, j)) for i, line in enumerate(self.cells) for j, cell in enumerate(line)]
        return [(cell, (i, j)) for cell, (i, j) in places if not self.padding[i][j]]


class WindowValue(NamedTuple):
    """What a window gives; of an extreme, where it lay; of a mean, the sum and what divides it."""

    value: "Number"
    winner: tuple[int, int] | None = None
    total: "Number | None" = None
    divisor: int | None = None


class Written(NamedTuple):
    """A calculation as it is written: terms, what joins them, what stands around them, and what it comes to."""

    terms: tuple[str, ...]
    joiner: str = " + "
    opening: str = ""
    closing: str = ""
    outcome: str = ""


class RoutedGradient(NamedTuple):
    """One gradient, and where it goes."""

    step: "PoolingStep"
    gradient: Any
    shares: Places
    """What each cell of the window gets, None in the padding."""
    winner: str
    """The name of the cell that was picked, if one was."""
    norm: int


class PoolingRecord(ABC):
    """A kind of pooling. What has no default here, each must say."""

    noun: str
    """What it takes, as "the maximum was taken"."""
    gradient: str
    """Where a gradient goes, as "each gradient goes to …"."""
    other_words: tuple[str, ...] = ()
    """What else people call it."""
    zeros_count = False
    """Whether the padding is shown, and counted, as zeros."""
    divides = False
    """Whether a sum is divided by how many cells are counted, which --no-count-pad changes."""
    takes_norm = False
    takes_footprint = False
    """Whether some cells of a window may be left out."""
    can_be_joined = False
    """Whether a window can be worked piece by piece: its `summands` are added up, or the pieces `joined`."""
    is_likely = True
    """Whether it may be taken by mistake for another."""
    sorts = False
    """Whether it puts the cells of a window in order."""
    beats: "Callable[[Any, Any], Any] | None" = None
    """Of a kind that picks a cell: whether one cell is picked before another."""

    @abstractmethod
    def maps(self, windows: "PoolingWindows") -> "Array":
        """Return what all windows give, (N, C, rows, columns)."""

    @abstractmethod
    def value(self, window: WindowCells) -> WindowValue:
        """Return what one window gives, from its exact cells."""

    @abstractmethod
    def written(self, write: Any, cells: Sequence[Any], step: "PoolingStep", norm: int) -> Written:
        """Write how the cells that count make a window's value."""

    @abstractmethod
    def weights(self, step: "PoolingStep", norm: int, bits: int) -> Places:
        """Return the derivative of a step's value with respect to each cell: exact, but for a root to so many bits."""

    @abstractmethod
    def written_gradient(self, write: Any, routed: RoutedGradient) -> Written:
        """Write where one gradient goes."""

    def quick_weight(self, cells: "Array", norm: int) -> "Array | int | None":
        """Return the derivative for one cell of every window, if it is a whole number that needs no other cell."""
        return None

    def float_weight(self, cells: "Array", maps: "Array", norm: int) -> "Array | None":
        """Return the derivative for one cell of every window in float64, given what the windows give; None: exactly."""
        return None

    def float_weights(self, cells: "Array", valid: "Array") -> "Array | None":
        """Return the derivatives for all cells of every window at once, (cells, N, C, rows, columns); None: one by one.

        `valid` (cells, rows, columns) says which cells a window has.
        """
        return None

    def is_irrational(self, norm: int) -> bool:
        """Whether fractions may give what is no fraction."""
        return False

    def integers_stay(self, norm: int) -> bool:
        """Whether integers give integers: they are not divided, nor the middle two averaged, nor are there roots."""
        return not (self.divides or self.sorts or self.is_irrational(norm))

    def summands(self, windows: "PoolingWindows") -> "Array | None":
        """Return what is added up in each window, on the padded input; None if it is no sum."""
        return None

    def joined(self, one: "Array", other: "Array", norm: int) -> "Array":
        """Return what two pieces of the same windows give together; only asked where it is no sum."""
        raise NotImplementedError(f"{type(self).__name__} can be joined, but says neither summands nor joined")

    def instead(self, other: "PoolingRecord") -> str:
        """Say that another kind was taken."""
        return f"{other.noun} was taken, not {self.noun}"

    def notes(self, windows: "PoolingWindows") -> Iterator[str]:
        """Say which convention is followed where they differ."""
        yield from ()
