"""Exact numbers in numpy arrays.

A grid is one of three kinds, told by its dtype: integers (int64, or Python ints in an object array beyond 64
bits), exact rationals (Fractions and ints in an object array), or decimals (float32, float64). Every rational
grid is integers over one common denominator, so one integer engine serves all three: decimals are taken as the
decimals they were written as, worked exactly, and rounded once at the end. That is why 0.1 + 0.2 is 0.3 here.
"""

import math
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from convcalc.engine.step import Cells, Number
from convcalc.errors import InputError

Array = npt.NDArray[Any]

LARGEST_EXACT = 1 << 16
"""Cells up to which decimals and quotients are worked exactly; larger work is too large to read, and is float."""

INT64_LIMIT = 1 << 63
FLOAT64_INTEGERS = 1 << 53


_KEPT: dict[tuple[str, int], Any] = {
    **{(kind, size): np.int64 for kind in "iu" for size in (1, 2, 4, 8)},
    ("b", 1): np.int64,
    ("f", 2): np.float32,
    ("f", 4): np.float32,
    ("f", 8): np.float64,
}
"""Which dtype a numpy array's (kind, bytes) becomes; float16 widens, and a long double is refused."""


def as_grid(values: Any) -> Array:
    """Return `values` as a grid: int64, exact objects, or floats; any shape, every cell finite.

    Raises InputError for ragged or empty input, for NaN and infinity, and for what is not a real number.

    >>> as_grid([[2**63, -1]]).dtype, as_grid([[1, 0.5]]).dtype, as_grid([1, 2]).dtype
    (dtype('O'), dtype('float64'), dtype('int64'))
    >>> as_grid([Fraction(1, 2), 0.25]).tolist()
    [Fraction(1, 2), Fraction(1, 4)]
    """
    array = values if isinstance(values, np.ndarray) else _objects(values)
    if array.size == 0:
        raise InputError("the grid is empty", hint="give it at least one number")
    if array.dtype == object:
        return _settle(array)
    if array.dtype == np.uint64:
        return _settle(array.astype(object))
    if array.dtype.kind == "f":
        check_finite(array)
    dtype = _KEPT.get((array.dtype.kind, array.dtype.itemsize))
    if dtype is not None:
        kept: Array = array.astype(dtype, copy=False)
        return kept
    raise InputError(f"cells of type {array.dtype} are not real numbers", hint="convert them to int or float")


def check_finite(array: Array) -> None:
    """Raise InputError at the first cell that is NaN or infinite."""
    finite = np.isfinite(array)
    if not finite.all():
        at = tuple(int(i) for i in np.argwhere(~finite)[0])
        raise InputError(f"cell {list(at)} is {array[at]}", hint="replace NaN and infinity by numbers")


def _objects(values: Any) -> Array:
    try:
        array = np.array(values, dtype=object)
    except ValueError:
        array = None
    if array is None or any(isinstance(cell, list | tuple) for cell in array.flat):
        raise InputError("the rows differ in length", hint="give every row the same number of cells")
    return array


def _settle(array: Array) -> Array:
    """Give an object array the plainest dtype that holds every cell exactly."""
    cells = array.ravel().tolist()
    for cell in cells:
        if isinstance(cell, bool) or not isinstance(cell, int | float | Fraction | np.integer | np.floating):
            raise InputError(f"{cell!r} is not a number", hint="cells are integers, decimals or Fractions")
    decimals = any(isinstance(cell, float | np.floating) for cell in cells)
    if decimals and all(_is_float_safe(cell) for cell in cells):
        floats = np.array([float(cell) for cell in cells]).reshape(array.shape)
        check_finite(floats)
        return floats
    return integers_or_fractions([exact(cell) for cell in cells]).reshape(array.shape)


def _is_float_safe(cell: Number) -> bool:
    """Whether a float, read as the decimal it is written as, is this very number."""
    if isinstance(cell, Fraction):
        return False
    return isinstance(cell, float) or abs(cell) <= FLOAT64_INTEGERS


def integers_or_fractions(cells: Iterable[int | Fraction]) -> Array:
    """Return exact cells as a 1-D array: int64 where all are integers that fit, else objects.

    >>> integers_or_fractions([Fraction(4, 2), 3]).dtype
    dtype('int64')
    """
    plain = [int(cell) if cell.denominator == 1 else cell for cell in cells]
    if all(isinstance(cell, int) and -INT64_LIMIT <= cell < INT64_LIMIT for cell in plain):
        return np.array(plain, dtype=np.int64)
    array = np.empty(len(plain), dtype=object)
    array[:] = plain
    return array


def exact(cell: Any) -> int | Fraction:
    """Return a cell as an exact number, a float being the decimal it is written as.

    >>> exact(0.1), exact(3), exact(np.float32(0.5))
    (Fraction(1, 10), 3, Fraction(1, 2))
    """
    if isinstance(cell, Fraction):
        return cell
    if isinstance(cell, float | np.floating):
        if not math.isfinite(cell):
            raise InputError(f"a cell is {cell}", hint="replace NaN and infinity by numbers")
        return Fraction(Decimal(str(cell)))
    return int(cell)


def settle_number(value: int | Fraction, *, as_float: bool) -> Number:
    """Return an exact result as it is shown: a float, rounded once, or a plain int or Fraction."""
    if as_float:
        return to_float(value)
    return int(value) if value.denominator == 1 else value


def settle_cells(cells: Iterable[Iterable[int | Fraction]], *, as_float: bool) -> Cells:
    """Return a small grid of exact results as it is shown."""
    return tuple(tuple(settle_number(cell, as_float=as_float) for cell in row) for row in cells)


def to_float(value: int | Fraction) -> float:
    """Return the float nearest to an exact value, or raise InputError where there is none."""
    try:
        return float(value)
    except OverflowError:
        raise InputError(
            "a result is larger than a float can hold", hint="scale the input down, or write it in integers"
        ) from None


def float_kind(*arrays: Array) -> np.dtype[Any] | None:
    """Return the float dtype in which a result of these grids is given, or None if it is exact."""
    floats = [array.dtype for array in arrays if array.dtype.kind == "f"]
    return np.result_type(*floats) if floats else None


def over_common_denominator(array: Array) -> tuple[Array, int]:
    """Return (numerators, denominator): integers, int64 if they fit, whose quotient is the grid.

    >>> numerators, denominator = over_common_denominator(np.array([0.5, 0.1]))
    >>> numerators.tolist(), denominator
    ([5, 1], 10)
    """
    if array.dtype == np.int64:
        return array, 1
    plain = array.ravel().tolist() if array.dtype != np.float32 else list(array.ravel())
    cells = [exact(cell) for cell in plain]
    denominator = math.lcm(*(cell.denominator for cell in cells))
    numerators = [cell.numerator * (denominator // cell.denominator) for cell in cells]
    return integers_or_fractions(numerators).reshape(array.shape), denominator


def quotient(numerators: Array, denominator: int, kind: np.dtype[Any] | None) -> Array:
    """Return integers over a denominator as a grid: exact where `kind` is None, else floats rounded once.

    >>> quotient(np.array([3, 1]), 10, np.dtype(float)).tolist(), quotient(np.array([4, 6]), 2, None).tolist()
    ([0.3, 0.1], [2, 3])
    """
    if kind is None:
        if denominator == 1:
            return numerators if numerators.dtype != object else _settle(numerators)
        exact_cells = (Fraction(cell, denominator) for cell in numerators.ravel().tolist())
        return integers_or_fractions(exact_cells).reshape(numerators.shape)
    if numerators.dtype == np.int64 and magnitude(numerators) < FLOAT64_INTEGERS and denominator < FLOAT64_INTEGERS:
        divided: Array = numerators / float(denominator)
    else:
        cells = [to_float(Fraction(cell, denominator)) for cell in numerators.ravel().tolist()]
        divided = np.array(cells).reshape(numerators.shape)
    with np.errstate(over="ignore"):
        rounded: Array = divided.astype(kind)
    check_finite(rounded)
    return rounded


def magnitude(array: Array) -> int:
    """Return the largest absolute value of an integer grid as a Python int, which cannot wrap round."""
    return max(abs(int(array.max())), abs(int(array.min())))


def arithmetic_for(bound: int) -> np.dtype[Any]:
    """Return the quickest dtype whose sums are exact for integers no larger than `bound` in size."""
    if bound < FLOAT64_INTEGERS:
        return np.dtype(np.float64)
    return np.dtype(np.int64) if bound < INT64_LIMIT else np.dtype(object)
