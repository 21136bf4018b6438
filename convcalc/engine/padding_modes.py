"""Every padding mode, each in one record: which cell of the input stands where in the padding.

A new mode is a record and its line in `PadMode`.
"""

from abc import ABC, abstractmethod

from convcalc.choices import Word


class PaddingRecord(ABC):
    """A padding mode. What has no default here, each must say."""

    repeats = True
    """Whether it repeats cells of the input, so that gradients go back to them."""

    @abstractmethod
    def source(self, position: int, size: int) -> int | None:
        """Return which of `size` cells stands at a position before the first (negative) or behind the last."""

    @abstractmethod
    def most(self, size: int) -> int | None:
        """Return by how much an input of `size` cells can be padded; None: by any amount."""


class Zeros(PaddingRecord):
    """Zeros."""

    repeats = False

    def source(self, position: int, size: int) -> int | None:
        """Return None: no cell is repeated."""
        return None

    def most(self, size: int) -> int | None:
        """Return None."""
        return None


class Reflect(PaddingRecord):
    """The input as in a mirror that stands on its first, or last, cell."""

    def source(self, position: int, size: int) -> int | None:
        """Return the cell as far inside as the position is outside."""
        return -position if position < 0 else 2 * (size - 1) - position

    def most(self, size: int) -> int | None:
        """Return all but the mirror."""
        return size - 1


class Replicate(PaddingRecord):
    """The first, or last, cell again and again."""

    def source(self, position: int, size: int) -> int | None:
        """Return the nearest cell."""
        return 0 if position < 0 else size - 1

    def most(self, size: int) -> int | None:
        """Return None."""
        return None


class Circular(PaddingRecord):
    """The input's other end, as on a ring."""

    def source(self, position: int, size: int) -> int | None:
        """Return the cell where the position is on the ring."""
        return position % size

    def most(self, size: int) -> int | None:
        """Return once around."""
        return size


class PadMode(Word):
    """What stands in the padding, by its word."""

    record: PaddingRecord

    ZEROS = "zeros", Zeros()
    REFLECT = "reflect", Reflect()
    REPLICATE = "replicate", Replicate()
    CIRCULAR = "circular", Circular()
