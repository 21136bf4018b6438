"""What is handed in, as a grid: int64, exact objects, or floats; whatever library it comes from, and nobody else's."""

import sys
from fractions import Fraction
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from convcalc.engine.exact import (
    FLOAT64_INTEGERS,
    Array,
    TooLargeError,
    check_finite,
    exact,
    integers_or_fractions,
    is_finite,
)
from convcalc.engine.fast.threads import bands, do_all
from convcalc.errors import InputError

_KEPT: dict[tuple[str, int], Any] = {
    **{(kind, size): np.int64 for kind in "iu" for size in (1, 2, 4, 8)},
    ("b", 1): np.int64,
    ("f", 2): np.float32,
    ("f", 4): np.float32,
    ("f", 8): np.float64,
}
"""Which dtype a numpy array's (kind, bytes) becomes; float16 widens, and a long double is refused."""
LARGE, COPIED_AT_ONCE = 1 << 22, 1 << 19
"""Bytes from which a second thread is worth it, and that fit its cache."""
_OWN: "WeakValueDictionary[int, Any]" = WeakValueDictionary()
"""Grids that nobody changes, by their identity: a network's weights are checked and copied once, not at each pass."""


def as_grid(values: Any) -> Array:
    """Return `values` as a grid: int64, exact objects, or floats; any shape, every cell finite.

    Raises InputError for ragged or empty input, for NaN and infinity, and for what is not a real number.

    >>> as_grid([[2**63, -1]]).dtype, as_grid([[1, 0.5]]).dtype, as_grid([1, 2]).dtype
    (dtype('O'), dtype('float64'), dtype('int64'))
    >>> as_grid([Fraction(1, 2), 0.25]).tolist()
    [Fraction(1, 2), Fraction(1, 4)]
    """
    array = _as_array(values)
    if array.size == 0:
        raise InputError("the grid is empty", hint="give it at least one number")
    if not 1 <= array.ndim <= 4:
        raise InputError(
            f"a grid has 1 to 4 dimensions, and this has {array.ndim}", hint="reshape it, as in [[5]] for one number"
        )
    if array.dtype == object:
        return _settle(array)
    if array.dtype.kind == "u" and array.dtype.itemsize == 8:
        return _settle(array.astype(object))
    if array.dtype.kind == "f":
        check_finite(array)
    dtype = kept_dtype(array.dtype)
    if dtype is not None:
        grid: Array = array.astype(dtype, copy=False)
        return grid
    raise InputError(f"cells of type {array.dtype} are not real numbers", hint="convert them to int or float")


def own_grid(values: Any) -> Array:
    """Return `values` as a grid that nobody changes: a copy, if they are an array whose cells may still be changed.

    A result is worked when it is asked for, and must be that of the cells as they were handed in.

    >>> cells = np.array([1, 2])
    >>> grid = own_grid(cells)
    >>> cells[0] = 5
    >>> grid.tolist(), own_grid(grid) is grid
    ([1, 2], True)
    """
    grid: Array | None = _OWN.get(id(values))
    if grid is not None and grid is values and not _may_change(grid):
        return grid
    if isinstance(values, np.ndarray) and values.nbytes >= LARGE and _may_change(values) and _is_plain(values):
        grid = _copied(values)
    else:
        grid = as_grid(values)
        if _is_array(values) and _may_change(grid) and np.may_share_memory(grid, np.asarray(values)):
            grid = grid.copy()
    _OWN[id(grid)] = grid
    return frozen(grid)


def _is_plain(array: Array) -> bool:
    """Whether an array of floats is a grid as it is, if they are finite, and they lie one behind the other."""
    is_array, may_be_grid = type(array) is np.ndarray, 1 <= array.ndim <= 4
    return is_array and may_be_grid and array.flags.c_contiguous and array.dtype in (np.float32, np.float64)


def _copied(array: Array) -> Array:
    """Return a copy of large floats, each band looked at for what is not finite while it is in the cache."""
    grid = np.empty(array.shape, array.dtype)
    source, target = array.reshape(-1), grid.reshape(-1)

    def copy(band: slice) -> bool:
        target[band] = source[band]
        return is_finite(target[band])

    if not do_all(copy, bands(len(source), array.itemsize, COPIED_AT_ONCE), threaded=True):
        check_finite(array)
    return grid


def frozen(array: Array) -> Array:
    """Return an array that cannot be changed any more, and what it is a view of neither: nobody need copy it.

    >>> own_grid(row := frozen(np.arange(3)[1:])) is row
    True
    """
    part: Any = array
    while isinstance(part, np.ndarray):
        part.setflags(write=False)
        part = part.base
    return array


def worked(array: Array) -> Array:
    """Return what was worked as a grid that nobody changes; raise InputError where a float is infinite, or none."""
    if not is_finite(array):
        at = np.argwhere(~np.isfinite(array))[0].tolist()
        if not np.isnan(array[tuple(at)]):
            raise TooLargeError(at)
        why = "a root or a logarithm of what is negative, 0/0, or ∞ less ∞"
        raise InputError(f"the result at {at} is no number", hint=f"that comes of {why}")
    if array.size and 1 <= array.ndim <= 4 and kept_dtype(array.dtype) == array.dtype:
        _OWN[id(array)] = array
    return frozen(array)


def _may_change(array: Any) -> bool:
    """Whether an array, or what it is a view of, can be written to."""
    return isinstance(array, np.ndarray) and bool(array.flags.writeable or _may_change(array.base))


def kept_dtype(dtype: np.dtype[Any]) -> np.dtype[Any] | None:
    """Return the dtype in which a grid of plain numbers is kept; None if it is kept as objects, or is none.

    >>> kept_dtype(np.dtype(np.uint8)), kept_dtype(np.dtype(np.float16)), kept_dtype(np.dtype(object))
    (dtype('int64'), dtype('float32'), None)
    """
    own_dtype = _KEPT.get((dtype.kind, dtype.itemsize))
    return None if own_dtype is None or (dtype.kind, dtype.itemsize) == ("u", 8) else np.dtype(own_dtype)


def _as_array(values: Any) -> Array:
    """Return what holds numbers as a plain array, in its own dtype if it has one."""
    if (masks := sys.modules.get("numpy.ma")) is not None:  # it takes long to load, and without it nothing is masked
        _refuse_masks(values, masks)
    return np.asarray(values) if _is_array(values) else _objects(values)


def _is_array(values: Any) -> bool:
    return hasattr(values, "__array__") or hasattr(values, "__array_interface__")  # the latter pictures have


def _refuse_masks(values: Any, masks: Any) -> None:
    """Raise InputError for a masked cell, in whatever lists its array stands."""
    if isinstance(values, list | tuple):
        for part in values:
            _refuse_masks(part, masks)
    elif isinstance(values, masks.MaskedArray) and np.any(values.mask):
        at = np.argwhere(values.mask)[0].tolist()
        raise InputError(f"cell {at} is masked: it has no number", hint="put one in its place, as in grid.filled(0)")


def at_least_one(values: Any) -> Any:
    """Return `values` with an axis if they have none: one number is a row of one.

    >>> at_least_one(5), at_least_one(np.array(1)).shape, at_least_one([1, 2])
    ([5], (1,), [1, 2])
    """
    if np.ndim(values) > 0:
        return values
    return np.reshape(values, 1) if _is_array(values) else [values]


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


def _is_float_safe(cell: Any) -> bool:
    """Whether a float, read as the decimal it is written as, is this very number."""
    if isinstance(cell, Fraction):
        return False
    return isinstance(cell, float | np.floating) or abs(cell) <= FLOAT64_INTEGERS


def unmade(shape: tuple[int, ...], dtype: np.dtype[Any] | type = float) -> Array:
    """Return an array that holds one 0, seen from everywhere: for what is wanted for its shape and dtype alone.

    >>> unmade((2, 3)).shape, unmade((2, 3)).strides
    ((2, 3), (0, 0))
    """
    return np.broadcast_to(frozen(np.zeros((), dtype)), shape)
