"""Exact numbers in numpy arrays.

A grid is one of three kinds, told by its dtype: integers (int64, or Python ints in an object array beyond 64
bits), exact rationals (Fractions and ints in an object array), or decimals (float32, float64). Every rational
grid is integers over one common denominator, so one integer engine serves all three: decimals are taken as the
decimals they were written as, worked exactly, and rounded once at the end. That is why 0.1 + 0.2 is 0.3 here.
"""

import math
from collections.abc import Iterable, Sequence
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from fractions import Fraction
from operator import truediv
from typing import Any

import numpy as np
import numpy.typing as npt

from convcalc.engine.decimals import FEW_READ, in_lowest_terms, of_any_digits, of_few_digits, text_of
from convcalc.engine.step import Cells, Number
from convcalc.errors import InputError

Array = npt.NDArray[Any]

LARGEST_EXACT = 1 << 16
"""Cells up to which any decimal and any quotient is worked exactly; larger work is too large to read."""

TOO_LARGE, SCALE_DOWN = "is larger than a float can hold", "scale the input down, or write it in integers"
OF_ANY_SIZE = Context(prec=12, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
"""For numbers beyond what floats can hold, which are only ever shown."""

FLOAT64 = np.dtype(np.float64)

BLOCK = 1 << 18
"""Cells that are looked at at once."""

INT64_LIMIT = 1 << 63
FLOAT64_INTEGERS = 1 << 53


class TooLargeError(InputError):
    """A result, whose place it tells, is larger than a float can hold."""

    def __init__(self, at: Sequence[int]) -> None:
        super().__init__(f"the result at {list(at)} {TOO_LARGE}", hint=SCALE_DOWN)
        self.at = at


def check_finite(array: Array, *, result: bool = False, origin: Sequence[int] | None = None) -> None:
    """Raise InputError at the first cell that is NaN or infinite; of a `result`, say that it overflowed.

    `origin` is where in the whole this array's first cell lies.
    """
    array = array if any(array.strides) else array[(slice(0, 1),) * array.ndim]  # one cell, seen from everywhere
    if is_finite(array):
        return
    place = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
    at = [start + i for start, i in zip(origin or [0] * array.ndim, place, strict=True)]
    if result:
        raise TooLargeError(at)
    raise InputError(f"cell {at} is {array[place]}", hint="replace NaN and infinity by numbers")


def is_finite(array: Array) -> bool:
    """Return whether no cell is NaN or infinite; a large array is read block by block.

    >>> is_finite(np.array([1.0, np.nan])), is_finite(np.array([1e308, 1e308]))
    (False, True)
    """
    if array.dtype.kind != "f":
        return True
    if array.size <= BLOCK or not array.flags.c_contiguous:
        return _is_finite(array)
    flat = array.reshape(-1)
    return all(_is_finite(flat[start : start + BLOCK]) for start in range(0, len(flat), BLOCK))


def _is_finite(block: Array) -> bool:
    with np.errstate(all="ignore"):
        # Of float64 the sum is quicker; that of huge cells may be infinite while they are not.
        return bool((block.itemsize == 8 and np.isfinite(block.sum())) or np.isfinite(block).all())


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
    if isinstance(cell, Decimal):
        return Fraction(cell)
    if isinstance(cell, float | np.floating):
        if not math.isfinite(cell):
            raise InputError(f"a cell is {cell}", hint="replace NaN and infinity by numbers")
        return Fraction(Decimal(text_of(cell)))
    return int(cell)


def shown_number(value: int | Fraction, *, as_float: bool) -> Number:
    """Return an exact number as it is shown: a float (beyond floats a Decimal), or a plain int or Fraction."""
    if as_float:
        return to_float_or_decimal(value)
    return int(value) if value.denominator == 1 else value


def rounded_result(value: int | Fraction, kind: np.dtype[Any] | None) -> Number:
    """Return an exact result as an answer in that float dtype (or, if None, an exact one) would hold it.

    Raises InputError where it is too large for a float.

    >>> rounded_result(Fraction(1, 3), None), rounded_result(Fraction(1, 3), np.dtype(np.float32))
    (Fraction(1, 3), 0.33333334)
    """
    if kind is None:
        return shown_number(value, as_float=False)
    if kind != np.float32:
        return to_float(value)
    return as_shown(rounded(np.array([_beside_tie(value, to_float(value))]), kind)[0])


def rounded_partial(value: int | Fraction, kind: np.dtype[Any] | None) -> Number:
    """Return a sum on the way to a result as `rounded_result` would, but a Decimal where that would be too large.

    >>> str(rounded_partial(10**400, np.dtype(float)))
    '1.00000000000E+400'
    """
    try:
        return rounded_result(value, kind)
    except InputError:
        return to_float_or_decimal(value)


def as_shown(cell: Any) -> Number:
    """Return an array's cell as plain Python: a float as the decimal it is written as, else exact."""
    return shown_number(exact(cell), as_float=isinstance(cell, float | np.floating))


def shown_cells(cells: Iterable[Iterable[int | Fraction]], *, as_float: bool) -> Cells:
    """Return a small grid of exact results as it is shown."""
    return tuple(tuple(shown_number(cell, as_float=as_float) for cell in row) for row in cells)


def to_float_or_decimal(value: int | Fraction) -> float | Decimal:
    """Return the float nearest to an exact value, or beyond what floats hold a Decimal."""
    try:
        return float(value)
    except OverflowError:
        return OF_ANY_SIZE.divide(Decimal(value.numerator), Decimal(value.denominator))


def to_float(value: int | Fraction) -> float:
    """Return the float nearest to an exact value, or raise InputError where there is none."""
    try:
        return float(value)
    except OverflowError:
        raise InputError(f"a result {TOO_LARGE}", hint=SCALE_DOWN) from None


def float_kind(*arrays: Array) -> np.dtype[Any] | None:
    """Return the float dtype in which a result of these grids is given, or None if it is exact."""
    floats = [array.dtype for array in arrays if array.dtype.kind == "f"]
    return np.result_type(*floats) if floats else None


def as_answer(values: "Sequence[Any]", shape: "Sequence[int]", dtype: np.dtype[Any] | None) -> Array:
    """Return exact values in a shape: exact, or each rounded once to a float dtype.

    >>> as_answer([Fraction(1, 2), 1], (2, 1), None).tolist(), as_answer([Fraction(1, 3)], (1,), FLOAT64).tolist()
    ([[Fraction(1, 2)], [1]], [0.3333333333333333])
    """
    if dtype is None:
        return integers_or_fractions(list(values)).reshape(shape)
    return np.array([rounded_result(value, dtype) for value in values], dtype).reshape(shape)


def over_common_denominator(array: Array, *, quickly: bool = False) -> tuple[Array, int] | None:
    """Return (numerators, denominator): integers, int64 if they fit, whose quotient is the grid.

    None for a large grid of decimals (or, `quickly`, any) with too many digits.

    >>> numerators, denominator = over_common_denominator(np.array([0.5, 0.1]))
    >>> numerators.tolist(), denominator
    ([5, 1], 10)
    """
    if array.dtype == np.int64:
        return array, 1
    if array.dtype.kind == "f":
        large = quickly or array.size > LARGEST_EXACT
        few_digits = of_few_digits(array) if large or array.size > FEW_READ else None
        return few_digits if large else in_lowest_terms(*(few_digits or of_any_digits(array)))
    cells = [exact(cell) for cell in array.ravel().tolist()]
    denominator = math.lcm(*(cell.denominator for cell in cells))
    numerators = [cell.numerator * (denominator // cell.denominator) for cell in cells]
    return integers_or_fractions(numerators).reshape(array.shape), denominator


def as_integers(bound: int, *arrays: Array) -> list[Array]:
    """Return integer grids in a dtype that holds them, and every number up to `bound` that is made of them.

    >>> [grid.dtype for grid in as_integers(2**63, np.array([2**62]), np.array([2]))]
    [dtype('O'), dtype('O')]
    """
    fits = max(bound, *(magnitude(array) for array in arrays)) < INT64_LIMIT
    return [array.astype(np.int64 if fits else object, copy=False) for array in arrays]


def divided(grid: Array, divisor: int) -> Array:
    """Return every cell divided by an integer, exactly where the grid is exact.

    >>> divided(np.array([51, 255]), 255).tolist()
    [Fraction(1, 5), 1]
    """
    integers = over_common_denominator(grid)
    if integers is None:
        return np.asarray(grid / divisor, dtype=grid.dtype)
    return quotient(integers[0], integers[1] * divisor, float_kind(grid))


def quotient(numerators: Array, divisor: int | Array, kind: np.dtype[Any] | None) -> Array:
    """Return integers over a divisor, or over one each, as a grid: exact if `kind` is None, else rounded once.

    So many quotients that nobody could read them, and Fractions would take minutes, are given as floats.

    >>> quotient(np.array([3, 1]), 10, np.dtype(float)).tolist(), quotient(np.array([4, 6]), 2, None).tolist()
    ([0.3, 0.1], [2, 3])
    """
    if kind is None and isinstance(divisor, int) and divisor == 1:
        return (
            numerators
            if numerators.dtype != object
            else integers_or_fractions(numerators.flat).reshape(numerators.shape)
        )
    if kind is None and numerators.size > LARGEST_EXACT:
        kind = np.dtype(np.float64)
    largest = divisor if isinstance(divisor, int) else magnitude(divisor)
    small = numerators.dtype == np.int64 and magnitude(numerators) < FLOAT64_INTEGERS and largest < FLOAT64_INTEGERS
    if kind is not None and small:
        # Both are floats exactly, so this division rounds once.
        return _rounded_once(numerators / np.asarray(divisor, dtype=np.int64), numerators, divisor, kind)
    divisors = np.broadcast_to(np.array(divisor, dtype=object), numerators.shape).ravel().tolist()
    pairs = numerators.ravel().tolist(), divisors
    if kind is None:
        return integers_or_fractions(map(Fraction, *pairs)).reshape(numerators.shape)
    try:
        cells = list(map(truediv, *pairs))  # of Python's integers, and so rounded once
    except OverflowError:
        raise InputError(f"a result {TOO_LARGE}", hint=SCALE_DOWN) from None
    return _rounded_once(np.array(cells).reshape(numerators.shape), numerators, divisor, kind)


def _rounded_once(quotients: Array, numerators: Array, divisor: Any, kind: np.dtype[Any]) -> Array:
    """Return quotients that are rounded to float64 already in another dtype, as if they were rounded only once."""
    if kind == np.float32:
        ties = np.flatnonzero(is_tie(quotients))
        if len(ties):
            quotients = quotients.copy()
            divisors = np.broadcast_to(np.asarray(divisor, dtype=object), quotients.shape).reshape(-1)
            for index in ties.tolist():
                exactly = Fraction(int(numerators.reshape(-1)[index]), int(divisors[index]))
                quotients.reshape(-1)[index] = _beside_tie(exactly, float(quotients.reshape(-1)[index]))
    return rounded(quotients, kind)


def is_tie(values: Array) -> Any:
    """Return which float64 lie in the middle between two float32: rounded once before, they may go the wrong way."""
    with np.errstate(all="ignore"):
        in_the_middle = (values.view(np.int64) & ((1 << 29) - 1)) == 1 << 28
        small = np.abs(values) < np.finfo(np.float32).tiny  # float32 lie equally far apart there
        return np.where(small, np.abs(values * 2.0**150) % 2 == 1, in_the_middle) if small.any() else in_the_middle


def _beside_tie(exactly: int | Fraction, number: float) -> float:
    """Return a float64 near an exact value that rounds to the float32 nearest to it: not a tie, if it is none."""
    if Fraction(number) == exactly or not is_tie(np.array([number]))[0]:
        return number
    return math.nextafter(number, math.inf if exactly > Fraction(number) else -math.inf)


def as_floats(array: Array, kind: np.dtype[Any]) -> Array:
    """Return a grid in a float dtype, each cell rounded; raise InputError where one is too large for it."""
    if np.can_cast(array.dtype, kind):
        return array.astype(kind, copy=False)  # a grid is finite already, and no cell is too large for a wider float
    try:
        return rounded(array, kind)
    except OverflowError:
        raise InputError(f"a cell {TOO_LARGE}", hint=SCALE_DOWN) from None


def rounded(values: Array, kind: np.dtype[Any]) -> Array:
    """Return results in a float dtype; raise InputError where one is too large for it."""
    with np.errstate(all="ignore"):
        result: Array = values.astype(kind, copy=False)
    check_finite(result, result=True)
    return result


def absolute(array: Array) -> Array:
    """Return every cell without its sign; of -2⁶³ int64 cannot hold that.

    >>> absolute(np.array([-(2**63), 1])).tolist()
    [9223372036854775808, 1]
    """
    too_low = array.dtype == np.int64 and int(array.min()) == -INT64_LIMIT
    return np.asarray(np.abs(array.astype(object) if too_low else array))


def magnitude(array: Array) -> int:
    """Return the largest absolute value of an integer grid as a Python int, which cannot wrap round."""
    return max(abs(int(array.max())), abs(int(array.min())))
