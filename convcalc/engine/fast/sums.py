"""Which way a convolution's sums are worked: a table, read from the top; the first way that fits is taken.

Every way is exact for integers: it works in a dtype in which no sum on the way can pass what the dtype holds exactly.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from convcalc.engine.exact import FLOAT64_INTEGERS, INT64_LIMIT, Array, check_finite
from convcalc.engine.fast import channels, ways
from convcalc.engine.fast.threads import BAND
from convcalc.engine.plan import Plan

FLOAT32_INTEGERS = 1 << 24
MOST_SEPARATE = 40
"""Taps of a column and a row together up to which adding them one by one is quick."""
MOST_WEIGHED = {np.dtype(np.float32): 11, np.dtype(np.float64): 15}
"""The kernel's side up to which BLAS is quicker than separate floats, unless nearly every weight is 1 or -1."""
MOST_DOT_PRODUCTS = 1 << 10
"""Windows times filters, for each item, up to which the weights are quickly read anew for every window."""
FEW_TAPS = 4
MOST_TAPS = 64
"""Taps of a filter up to which floats are added one by one."""
NARROW_PASSES = 18
"""Passes over an array up to which adding taps one by one in 16 bits is quicker than BLAS."""
LEAST_ITEMS, SMALL_PLANE, MOST_FILTERS = 8, 1 << 12, 16
"""Items of so few cells that are worked together; so many filters, or two for each item, are not too many for that."""
MANY_FILTERS_A_SIDE = 2 / 3
"""Filters of one plane, to each cell of a kernel's side, beyond which copying its windows out is worth it."""
FEW_PLANES = 4
"""Planes that must fit a band for several channels to be worked at once."""
LEAST_POSITIONS, MOST_SHIFTED = 8, 64
"""Windows for each filter from which, and filters up to which, putting the weights in another order is worth it."""
MOST_OVERRUN = 1.5
"""How much longer than the output's rows the input's may be, for all of them to be multiplied."""
SMALL = {np.dtype(np.float32): 17, np.dtype(np.float64): 11}
"""The kernel's side up to which matrices are quicker than Fourier transforms."""

DType = np.dtype[Any]


def by_elements(bound: int) -> DType | None:
    """Return the narrowest integers that hold every sum: the narrower, the more are added at once."""
    for dtype in (np.int16, np.int32, np.int64):
        if bound <= np.iinfo(dtype).max:
            return np.dtype(dtype)
    return None


def in_16_bits(bound: int) -> DType | None:
    """Return 16-bit integers, if they hold every sum."""
    return np.dtype(np.int16) if bound <= np.iinfo(np.int16).max else None


def by_matrices(bound: int) -> DType | None:
    """Return the floats, which BLAS multiplies, in which integers of that size are exact."""
    if bound < FLOAT32_INTEGERS:
        return np.dtype(np.float32)
    return np.dtype(np.float64) if bound < FLOAT64_INTEGERS else None


def by_anything(bound: int) -> DType | None:
    """Return a dtype for every bound: Python's own integers at last."""
    return by_matrices(bound) or np.dtype(np.int64 if bound < INT64_LIMIT else object)


class Work(NamedTuple):
    """What is to be summed: the plan, the kernel as it was given (O, C / groups, h, w), and the padded input."""

    plan: Plan
    kernel: Array
    integers: bool
    x: Array

    @property
    def single(self) -> bool:
        """Whether every filter reads one channel."""
        return self.plan.channels == self.plan.groups

    @property
    def side(self) -> int:
        """The longer side of the kernel."""
        return max(self.plan.rows.kernel, self.plan.columns.kernel)

    @property
    def windows(self) -> int:
        """How many windows a filter has."""
        return self.plan.rows.output * self.plan.columns.output

    @property
    def has_few_windows(self) -> bool:
        """Whether a filter has few windows, and more taps than those: as where a kernel's gradient is worked."""
        return self.windows < min(self.plan.rows.kernel * self.plan.columns.kernel, MOST_DOT_PRODUCTS)

    @property
    def unit_stride(self) -> bool:
        """Whether every window is asked for."""
        return self.plan.rows.stride == self.plan.columns.stride == 1


class Way(NamedTuple):
    """A way of summing: when it is taken, in which dtype integers are exact in it, and why it is there."""

    name: str
    run: Callable[[Array, Array, Plan, Array], bool]
    fits: Callable[[Work], bool]
    arithmetic: Callable[[int], DType | None]
    why: str
    wide: bool = False
    """Whether it makes rows as long as the input's, and an answer whose rows lie as far apart spares a copy."""


def _is_product_a_window(work: Work) -> bool:
    plan = work.plan
    filters, windows = plan.filters // plan.groups, work.windows
    few = windows == 1 or windows * filters <= MOST_DOT_PRODUCTS * plan.items
    return few and windows < plan.rows.kernel * plan.columns.kernel


def _is_separable(work: Work) -> bool:
    rows, columns = work.plan.rows.kernel, work.plan.columns.kernel
    if not work.single or min(rows, columns) == 1 or rows + columns > MOST_SEPARATE:
        return False
    pairs = (ways.factors(kernel) for kernel in work.kernel[:, 0] if kernel.any())
    if work.integers or work.side > MOST_WEIGHED[work.kernel.dtype]:
        return all(parts is not None for parts in pairs)
    return all(parts is not None and _passes(np.concatenate(parts)) <= 2 * columns for parts in pairs)


def _passes(weights: Array) -> int:
    """Return how often an array is gone through to add up taps: a weight of 1 or -1 is not multiplied by."""
    return 2 * int(np.count_nonzero(weights)) - int(np.count_nonzero(np.abs(weights) == 1))


def _has_few_taps(work: Work) -> bool:
    return work.single and int(np.count_nonzero(work.kernel)) <= FEW_TAPS * work.plan.filters


def _is_narrow(work: Work) -> bool:
    return work.single and work.integers and _passes(work.kernel.ravel()) <= NARROW_PASSES * work.plan.filters


def _is_batch(work: Work) -> bool:
    plan = work.plan
    suits = plan.filters <= max(MOST_FILTERS, 2 * plan.items) or work.side == 1  # as in a dense layer's gradient
    return plan.channels == 1 and plan.items >= LEAST_ITEMS and work.x[0].size <= SMALL_PLANE and suits


def _has_many_filters(work: Work) -> bool:
    few = 1 if work.has_few_windows else max(1, MANY_FILTERS_A_SIDE * work.side)
    row = work.kernel[0].nbytes * work.plan.columns.output
    return work.plan.channels == 1 and row <= BAND and work.plan.filters > max(few, work.integers * MOST_FILTERS)


def _is_large(work: Work) -> bool:
    large = work.single and not work.integers and work.unit_stride and work.side > SMALL[work.kernel.dtype]
    return large and not work.has_few_windows and work.plan.rows.dilation == work.plan.columns.dilation == 1


def _adds_few(work: Work) -> bool:
    """Whether a filter has so few taps that adding them one by one loses no digit."""
    return work.single and (work.integers or work.plan.rows.kernel * work.plan.columns.kernel <= MOST_TAPS)


def _is_depthwise(work: Work) -> bool:
    plane = work.x.shape[2] * work.x.shape[3] * work.kernel.itemsize
    return _adds_few(work) and work.plan.filters == work.plan.groups > 1 and plane * FEW_PLANES <= BAND


def _reads_many_channels(work: Work) -> bool:
    plan, width = work.plan, work.x.shape[3]
    filters, positions = plan.filters // plan.groups, plan.items * plan.rows.output * plan.columns.output
    inputs = plan.channels // plan.groups * plan.columns.kernel
    worth = filters <= min(inputs, MOST_SHIFTED) and positions >= LEAST_POSITIONS * filters
    return worth and work.unit_stride and width <= MOST_OVERRUN * plan.columns.output


WAYS = (
    Way("windows", channels.windows, _is_product_a_window, by_anything,
        "fewer windows than taps, as in a kernel's gradient: a product of matrices each, of all items at once"),
    Way("pointwise", channels.pointwise, lambda work: work.side == 1 and not work.single, by_matrices,
        "a 1×1 kernel over channels is one multiplication of matrices"),
    Way("depthwise", channels.depthwise, _is_depthwise, by_elements,
        "several small channels at once, each with its own weight"),
    Way("batch", ways.banded, _is_batch, by_matrices,
        "many small items at once: a pass for each item and tap would mostly be spent on calling numpy"),
    Way("many filters", channels.columns_of_windows, _has_many_filters, by_matrices,
        "a plane's windows are copied out once, and multiplied by all filters"),
    Way("few taps", ways.taps, _has_few_taps, by_elements,
        "so few cells are not 0 that a pass for each is quickest", wide=True),
    Way("separable", ways.separable, _is_separable, by_elements,
        "a kernel of rank 1 takes h + w passes instead of h × w", wide=True),
    Way("narrow taps", ways.taps, _is_narrow, in_16_bits,
        "a processor adds so many integers of 16 bits at once that BLAS gains nothing on a small kernel"),
    Way("Fourier", ways.fourier, _is_large, lambda bound: None,
        "a large float kernel costs no more than a small one; where cells differ much in size, digits would be lost"),
    Way("banded", ways.banded, lambda work: work.plan.channels == 1, by_matrices,
        "BLAS adds up the taps of 4 rows at once, and nothing is copied out"),
    Way("taps", ways.taps, _adds_few, by_elements,
        "one channel a filter, and integers beyond what floats hold", wide=True),
    Way("shifted channels", channels.shifted_channels, _reads_many_channels, by_matrices,
        "copies the channels for each kernel column only, and in long rows; more, smaller matrices"),
    Way("im2col", channels.columns_of_windows, lambda work: True, by_matrices,
        "channels are added up by one multiplication of matrices for a band of rows"),
    Way("products", channels.products_of_taps, lambda work: True, by_anything,
        "whatever is left: many channels of such integers"),
)  # fmt: skip


def ways_for(work: Work, bound: int | None) -> Iterator[tuple[Way, DType]]:
    """Yield the ways that fit, each with the dtype to work in; the first is taken, the last fits everything.

    `bound` is what no sum passes, None for floats.

    >>> from convcalc.engine.plan import plan
    >>> kernel = np.array([[[[1, 0, -1]] * 3]])
    >>> found = ways_for(Work(plan((1, 1, 9, 9), kernel.shape), kernel, True, kernel), 90)
    >>> [(way.name, dtype.name) for way, dtype in found][:2]
    [('separable', 'int16'), ('narrow taps', 'int16')]
    """
    for way in WAYS:
        dtype = work.kernel.dtype if bound is None else way.arithmetic(bound)
        if dtype is not None and way.fits(work):
            yield way, dtype


def summed(work: Work, way: Way, dtype: DType) -> Array:
    """Return every window's weighted sum, (N, O, rows, columns), worked in a way and a dtype.

    Raises InputError where a sum is larger than a float can hold.
    """
    work_dtype = np.dtype(np.int64) if work.integers and dtype.kind != "O" else dtype
    *maps, columns = work.plan.shape
    width = work.x.shape[3] if way.wide and work_dtype == dtype and work.unit_stride else columns
    total = np.empty((*maps, width), dtype=work_dtype)[..., :columns]
    if not way.run(work.x, work.kernel.astype(dtype, copy=False), work.plan, total):
        check_finite(total, result=True)
    return total


def weighted_sums(x: Array, kernel: Array, plan: Plan, bound: int | None = None) -> Array:
    """Return every window's weighted sum, (N, O, rows, columns); `x` is padded already.

    Integers come with a `bound` that no sum passes, and give integers; floats come without, and give floats.
    """
    work = Work(plan, kernel, bound is not None, x)
    return summed(work, *next(ways_for(work, bound)))
