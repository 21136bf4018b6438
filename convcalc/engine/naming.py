"""How the places, pairs, shapes and paddings of a grid are read and written: with one number of a single row, else two.

>>> PLANE.pair(1, 2), ONE_ROW.pair(1, 2), PLANE.size(3, 5), ONE_ROW.size(1, 5)
('1,2', '2', '3×5', '5')
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from convcalc.choices import PaddingRule
from convcalc.engine.geometry import Padding
from convcalc.engine.settings import Pair, choose, whole_numbers
from convcalc.errors import InputError

Sides = tuple[int, int]


def shape_text(shape: Sequence[int]) -> str:
    """Write a shape as the field does.

    >>> shape_text((3, 4, 4))
    '3×4×4'
    """
    return "×".join(str(length) for length in shape)


class Naming(NamedTuple):
    """What is known of a grid that its axes are named by: whether it is a single row."""

    one_row: bool

    def read_pair(self, value: Pair, what: str) -> tuple[int, int]:
        """Return (rows, columns) of an option; a single number is both, or of a single row the columns alone."""
        numbers = whole_numbers(value, what)
        if len(numbers) == 1:
            return (1 if self.one_row else numbers[0]), numbers[0]
        if len(numbers) != 2:
            raise InputError(f"{what} takes 1 or 2 numbers, not {len(numbers)}", hint="write 2, or 2,1 (rows,columns)")
        return numbers[0], numbers[1]

    def read_padding(self, padding: Padding | int | str) -> Padding:
        """Return padding as a rule or a sequence; a single number is for the columns alone of a single row.

        >>> ONE_ROW.read_padding(1), PLANE.read_padding("same")
        ((0, 1), <PaddingRule.SAME: 'same'>)
        """
        if isinstance(padding, str):
            return choose(PaddingRule, padding)
        amounts = whole_numbers(padding, "padding")
        return (0, amounts[0]) if self.one_row and len(amounts) == 1 else amounts

    @property
    def typed(self) -> str:
        """What is typed for a cell."""
        return "COL" if self.one_row else "ROW,COL"

    def with_row(self, at: tuple[int, ...]) -> tuple[int, ...]:
        """Return a cell's indices as they were typed, with its row."""
        return (*at[:-1], 0, at[-1]) if self.one_row else at

    def plane(self, array: Sequence[Any]) -> tuple[Any, ...]:
        """Return the rows and columns of four axes; of a single row the columns alone.

        >>> ONE_ROW.plane((1, 3, 1, 9)), PLANE.plane((1, 3, 4, 9))
        ((9,), (4, 9))
        """
        return tuple(array[3:] if self.one_row else array[2:])

    def shape(self, shape: Sequence[int], *several: bool) -> str:
        """Write a shape of four axes, from the first on of which there are several; else its rows and columns.

        >>> PLANE.shape((1, 3, 4, 9), False, True), PLANE.shape((1, 1, 4, 9), False, False)
        ('3×4×9', '4×9')
        """
        first = next((axis for axis, is_several in enumerate(several) if is_several), 2)
        return shape_text(shape[first:] if first < 2 else self.plane(shape))

    def pair(self, rows: int, columns: int) -> str:
        """Write a pair as one number where both are alike."""
        return str(columns) if self.one_row or rows == columns else f"{rows},{columns}"

    def size(self, rows: int, columns: int) -> str:
        """Write how many rows and columns there are."""
        return str(columns) if self.one_row else f"{rows}×{columns}"

    def padding(self, rows: Sides, columns: Sides, rule: PaddingRule | None = None) -> str:
        """Write the padding of two axes as briefly as it can be, the word that asked for it first.

        >>> PLANE.padding((1, 1), (1, 1), PaddingRule.SAME), ONE_ROW.padding((0, 0), (2, 1))
        ('same (1)', '2 left, 1 right')
        """
        if self.one_row:
            amounts = str(columns[0]) if columns[0] == columns[1] else f"{columns[0]} left, {columns[1]} right"
        elif rows[0] == rows[1] and columns[0] == columns[1]:
            amounts = self.pair(rows[0], columns[0])
        else:
            amounts = f"{rows[0]} top, {rows[1]} bottom, {columns[0]} left, {columns[1]} right"
        return amounts if rule is None else f"{rule} ({amounts})"

    def place(self, row: int, column: int) -> str:
        """Write a cell's indices in their brackets."""
        return f"[{column}]" if self.one_row else f"[{row},{column}]"

    def cell(self, at: tuple[int, int, int, int], shape: Sequence[int], what: str = "output") -> str:
        """Name a cell with only the indices it needs.

        >>> PLANE.cell((0, 1, 2, 3), (1, 2, 4, 4)), ONE_ROW.cell((0, 0, 0, 3), (1, 1, 1, 9))
        ('output[1,2,3]', 'output[3]')
        """
        indices = self.plane(at)
        if shape[1] > 1 or shape[0] > 1:
            indices = (at[1], *indices)
        if shape[0] > 1:
            indices = (at[0], *indices)
        return f"{what}[{','.join(map(str, indices))}]"

    def by_axis(self, rows: str, columns: str) -> tuple[str, ...]:
        """Return a formula for each axis, or a single one where both are alike."""
        return (columns,) if self.one_row or rows == columns else (f"rows: {rows}", f"columns: {columns}")


ONE_ROW, PLANE = Naming(True), Naming(False)
