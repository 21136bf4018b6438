"""What a page needs to work a convolution anew, with another kernel, bias, stride or padding."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from convcalc.choices import Order
from convcalc.engine.convolution import Convolution
from convcalc.engine.exact import Array
from convcalc.engine.kernels import KERNELS, kernel
from convcalc.report.numbers import plain
from convcalc.report.selection import Show

MOST_CELLS = 4096
"""Cells of the input that a page works anew at each change."""


def live_settings(result: Convolution, show: Show) -> Mapping[str, Any] | None:
    """Return the exact numbers of a plain convolution, as texts; None of one that a page does not work.

    A page works one filter over one item, exactly: without groups, dilation, a flip, or a border other than zeros.
    """
    plan = result.plan
    is_plain = plan.items == plan.filters == plan.groups == 1 and plan.border.is_plain and not result.flipped
    dilated = max(plan.rows.dilation, plan.columns.dilation) > 1
    as_usual = show.order is Order.ROW and show.write.precision is None and not plan.naming.one_row
    if not (is_plain and as_usual) or dilated or result.input.size > MOST_CELLS:
        return None
    rows, columns = plan.rows, plan.columns
    numbers = {
        "input": texts_of(result.input[0]),
        "kernel": texts_of(result.kernel[0]),
        "bias": "0" if result.bias is None else str(plain(result.bias[0])),
    }
    if any(sign in str(list(numbers.values())) for sign in ("e", "n")):  # 1e-05, nan, inf: the page knows no floats
        return None
    return {
        **numbers,
        "stride": [rows.stride, columns.stride],
        "padding": [rows.before, rows.after, columns.before, columns.after],
        "heat": show.heat,
        "kernels": {name: texts_of(kernel(name)) for name in KERNELS} if plan.channels == 1 else {},
    }


def texts_of(array: Array) -> Any:
    """Return an array as lists of its cells' texts: whole numbers, fractions, decimals with all their digits."""
    return [texts_of(part) if isinstance(part, np.ndarray) else str(plain(part)) for part in array]
