"""The output-size formula with numbers put in. Plain text, no numpy."""

from fractions import Fraction
from typing import NamedTuple

from convcalc.engine.geometry import AdaptiveAxis, AnyAxis, Axis, TransposedAxis
from convcalc.engine.naming import Naming


class SizeFormula(NamedTuple):
    """(N + 2P − F)/S + 1 with an axis's numbers: the left side, its value, and what is to be said besides.

    >>> str(SizeFormula.of(Axis(6, 3))), str(SizeFormula.of(Axis(7, 3, stride=3)))
    ('(6 + 2·0 − 3)/1 + 1 = 4', '(7 + 2·0 − 3)/3 + 1 = 7/3 ≈ 2.33, rounded down: 2')
    >>> str(SizeFormula.of(Axis(7, 3, 2, before=0, after=1, dilation=2)))
    '(7 + 0 + 1 − 5)/2 + 1 = 5/2 = 2.5, rounded down: 2, with 5 = 2·(3 − 1) + 1'
    """

    left: str
    value: str
    rounded: str = ""
    """Which way a value that is not whole goes: ``rounded down``."""
    output: int = 0
    extent: str = ""
    """How many cells a dilated kernel spans, worked."""

    @classmethod
    def of(cls, axis: Axis) -> "SizeFormula":
        """Put an axis's numbers into the formula."""
        padding = f"2·{axis.before}" if axis.before == axis.after else f"{axis.before} + {axis.after}"
        left = f"({axis.size} + {padding} − {axis.extent})/{axis.stride} + 1"
        extent = f"{axis.extent} = {axis.dilation}·({axis.kernel} − 1) + 1" if axis.dilation > 1 else ""
        sides = "2P" if axis.before == axis.after else "P₁ + P₂"
        letters = f"(N + {sides} − {'D(F − 1) − 1' if extent else 'F'})/S + 1"
        if axis.exact.denominator == 1:
            return cls(left, str(int(axis.exact)), "", axis.output, extent, letters)
        rounding = f"rounded {'up' if axis.output > axis.exact else 'down'}"
        return cls(left, not_whole(axis.exact), rounding, axis.output, extent, letters)

    letters: str = ""
    """The formula in letters."""

    @property
    def equation(self) -> str:
        """The left side and its value."""
        return f"{self.left} = {self.value}"

    def __str__(self) -> str:
        rounding = f", {self.rounded}: {self.output}" if self.rounded else ""
        return self.equation + rounding + (f", with {self.extent}" if self.extent else "")


def not_whole(value: Fraction) -> str:
    """Write a size that is not whole as its fraction and, as the lecture does, two decimals.

    >>> not_whole(Fraction(7, 3)), not_whole(Fraction(5, 2))
    ('7/3 ≈ 2.33', '5/2 = 2.5')
    """
    short = value * 100
    if short.denominator == 1:
        return f"{value} = {float(value):g}"
    return f"{value} ≈ {float(value):.2f}"


def axis_formulas(rows: AnyAxis, columns: AnyAxis, naming: Naming) -> tuple[str, ...]:
    """Return the formula of each axis, or a single one where both are alike or there is but one row."""
    formulas = (
        _windows_over(axis) if isinstance(axis, AdaptiveAxis) else _in_letters(SizeFormula.of(axis))
        for axis in (rows, columns)
    )
    return naming.by_axis(*formulas)


def transposed_formulas(rows: TransposedAxis, columns: TransposedAxis, naming: Naming) -> tuple[str, ...]:
    """Return the size formula of a transposed convolution, of each axis or a single one.

    >>> from convcalc.engine.naming import PLANE
    >>> axis = TransposedAxis(3, 3, stride=2, cut=1, cut_end=1, extra=1)
    >>> transposed_formulas(axis, axis, PLANE)
    ('(N − 1)·S − 2P + F + OP = (3 − 1)·2 − 2·1 + 3 + 1 = 6',)
    """
    return naming.by_axis(_transposed(rows), _transposed(columns))


def _transposed(axis: TransposedAxis) -> str:
    even = axis.cut == axis.cut_end
    letters = f"(N − 1)·S − {'2P' if even else 'P₁ − P₂'} + {'F' if axis.dilation == 1 else 'D(F − 1) + 1'}"
    cut = f"2·{axis.cut}" if even else f"{axis.cut} − {axis.cut_end}"
    extent = f"{axis.kernel}" if axis.dilation == 1 else f"{axis.dilation}·({axis.kernel} − 1) + 1"
    numbers = f"({axis.size} − 1)·{axis.stride} − {cut} + {extent}"
    if axis.extra:
        letters, numbers = f"{letters} + OP", f"{numbers} + {axis.extra}"
    return f"{letters} = {numbers} = {axis.output}"


def _in_letters(formula: SizeFormula) -> str:
    return f"{formula.letters} = {formula}"


def _windows_over(axis: AdaptiveAxis) -> str:
    windows = "1 window" if axis.output == 1 else f"{axis.output} windows"
    return f"{windows} over {axis.size} {axis.name}"


def _pairs_apart(runs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return runs with those of two cells as two: ``2, 3`` reads better than ``2 to 3``."""
    return [part for a, b in runs for part in ([(a, a), (b, b)] if b == a + 1 else [(a, b)])]


def runs_text(runs: list[tuple[int, int]], name: str) -> str:
    """Write runs of cells: ``row 6``, ``rows 1 to 3 and 5 to 7``.

    >>> runs_text([(6, 6)], "rows"), runs_text([(1, 3), (5, 7)], "columns")
    ('row 6', 'columns 1 to 3 and 5 to 7')
    """
    runs_shown = [str(first) if first == last else f"{first} to {last}" for first, last in _pairs_apart(runs)[:6]]
    if len(_pairs_apart(runs)) > 6:
        runs_shown = [*runs_shown[:5], f"{len(_pairs_apart(runs)) - 5} more"]
    single = len(runs) == 1 and runs[0][0] == runs[0][1]
    noun = name.removesuffix("s") if single else name
    listing = runs_shown[0] if len(runs_shown) == 1 else f"{', '.join(runs_shown[:-1])} and {runs_shown[-1]}"
    return f"{noun} {listing}"
