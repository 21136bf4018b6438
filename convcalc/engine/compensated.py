"""Weighted sums of decimals in two floats (Ogita, Rump and Oishi's Dot2), which nearly always can be rounded rightly.

They come with a bound of their error: where the two numbers that far away round to the same float, so does the sum.
"""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from convcalc.engine.decimals import product
from convcalc.engine.exact import FLOAT64_INTEGERS, LARGEST_EXACT, Array, is_tie
from convcalc.engine.fast.channels import tap
from convcalc.engine.plan import Plan
from convcalc.engine.two_floats import add, floats_and_rests

ROUNDING = 2.0**-53
"""The relative error of one operation."""
LARGEST_SIZE = 1e250
"""Sums of sizes beyond this, and of products smaller than one over it, may have parts that no float holds."""
MOST_TERMS, LEAST_SUMS = 128, 512
"""Terms of a sum up to which, and sums from which, going through all sums term by term is quick."""


def fits(arrays: Sequence[Array], plan: Plan) -> bool:
    """Whether the sums of an input, a kernel and a bias are worked so: many, of few terms.

    All their cells must be read as they are written (those of larger grids are taken as floats), and be smaller than
    the integers that floats hold.

    >>> from convcalc.engine.plan import plan
    >>> x, weights = np.full((1, 1, 30, 30), 0.1), np.ones((1, 1, 3, 3))
    >>> [fits((x * 10**power, weights), plan(x.shape, weights.shape)) for power in (0, 20)]
    [True, False]
    """
    sums = math.prod(plan.shape)
    if sums < LEAST_SUMS or plan.products > MOST_TERMS * sums or any(array.dtype == object for array in arrays):
        return False
    if any(array.dtype.kind == "f" and array.size > LARGEST_EXACT for array in arrays):
        return False
    return all(max(float(array.max()), -float(array.min())) < FLOAT64_INTEGERS for array in arrays)


def rounded_sums(x: Array, kernel: Array, bias: Array | None, plan: Plan, kind: np.dtype[Any]) -> tuple[Array, Array]:
    """Return every window's weighted sum, (N, O, rows, columns), rounded to a float dtype, and which may be wrong.

    `x` is padded already; what `fits`.

    >>> from convcalc.engine.plan import plan
    >>> x, weights = np.array([[[[0.1, 0.2, 0.4]]]]), np.array([[[[1.0, 1.0]]]])
    >>> sums, in_doubt = rounded_sums(x, weights, None, plan(x.shape, weights.shape), x.dtype)
    >>> sums.ravel().tolist(), in_doubt.any().item()
    ([0.3, 0.6], False)
    """
    groups, depth = plan.groups, plan.channels // plan.groups
    cells, cell_rests = (part.reshape(plan.items, groups, depth, *x.shape[2:]) for part in floats_and_rests(x))
    weights, weight_rests = (
        part.reshape(groups, plan.filters // groups, depth, *kernel.shape[2:]) for part in floats_and_rests(kernel)
    )
    total = np.zeros((plan.items, groups, plan.filters // groups, plan.rows.output, plan.columns.output))
    rest, size = np.zeros_like(total), np.zeros_like(total)
    terms = list(itertools.product(range(depth), range(kernel.shape[2]), range(kernel.shape[3])))
    terms = [(channel, i, j) for channel, i, j in terms if weights[:, :, channel, i, j].any()]
    with np.errstate(all="ignore"):
        for channel, i, j in terms:
            cell, cell_rest = (tap(part[:, :, channel], plan, i, j)[:, :, None] for part in (cells, cell_rests))
            weight, weight_rest = (part[:, :, channel, i, j][..., None, None] for part in (weights, weight_rests))
            high, low = product(cell, weight)
            total, lost = add(total, high)
            rest += lost + (low + (cell * weight_rest + cell_rest * weight))
            size += np.abs(high)
        if bias is not None:
            high, low = (part.reshape(groups, -1, 1, 1) for part in floats_and_rests(bias))
            total, lost = add(total, high)
            rest += lost + low
            size += np.abs(high)
        total, rest = add(total, rest)
        # Of n products each partial sum's rounding, at most u·Σ|product|, is itself added up in `rest`, with an error
        # of u: some n²/2 + 5n + 15 of u²·Σ|product|, which 2·(n + 8)² is well above.
        error = 2 * (len(terms) + 8) ** 2 * ROUNDING**2 * size + 2 * ROUNDING * np.abs(rest)
        in_doubt = ~(total + (rest + error) == total + (rest - error))
        in_doubt |= ~(size < LARGEST_SIZE) | (_least(cells) * _least(weights) < 1 / LARGEST_SIZE)
        if kind == np.float32:
            in_doubt |= is_tie(total)
        return total.reshape(plan.shape).astype(kind), in_doubt.reshape(plan.shape)


def _least(cells: Array) -> float:
    """Return the size of the smallest cell that is not 0, or 1."""
    return float(np.abs(cells).min(where=cells != 0, initial=1))
