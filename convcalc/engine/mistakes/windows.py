"""The likely mistakes of what slides a window: convolutions and poolings."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from convcalc.engine.convolution import Convolution, convolve
from convcalc.engine.exact import Array, divided
from convcalc.engine.geometry import Axis
from convcalc.engine.mistakes.making import Candidates, Mistake, made
from convcalc.engine.pooling import Pooling
from convcalc.engine.pooling_kinds import PoolKind
from convcalc.engine.shapes import like_the_input
from convcalc.engine.windows import along

STRIDES = (1, 2, 3)
"""Strides that a window may have been moved by."""


def convolution_mistakes(result: Convolution) -> Iterator[Mistake]:
    """Yield the likely mistakes of a convolution.

    >>> [mistake.reason for mistake in convolution_mistakes(convolve([1, 2, 3], [0, 1]))][:1]
    ['the kernel was flipped']
    """
    return made(_convolution(result), result.output)


def _again(result: Convolution, weights: Array | None = None, **changed: Any) -> Array:
    """Return the answer of a convolution done again, with something changed."""
    plan = result.plan
    rows, columns = plan.rows, plan.columns
    options: dict[str, Any] = {
        "bias": result.bias,
        "stride": (rows.stride, columns.stride),
        "padding": (rows.before, rows.after, columns.before, columns.after),
        "dilation": (rows.dilation, columns.dilation),
        "groups": plan.groups,
        "mode": plan.border,
    }
    weights = result.kernel if weights is None else weights
    work = convolve(result.input, weights, channels_first=True, **{**options, **changed})
    many = plan.filters > 1 or result.input_dimensions > 2
    return like_the_input(work.maps, result.input_dimensions, many_maps=many)


def _convolution(result: Convolution) -> Candidates:
    kernel, bias, again = result.kernel, result.bias, partial(_again, result)
    flipped = "the kernel was not flipped" if result.flipped else "the kernel was flipped"
    yield flipped, partial(again, kernel[..., ::-1, ::-1])
    yield "the kernel was turned on its side (rows for columns)", partial(again, kernel.swapaxes(-1, -2))
    if bias is not None:
        yield "the bias was forgotten", partial(again, bias=None)
        yield "the bias was subtracted", partial(again, bias=-bias)
    yield from _moving(result)
    yield from _channels(result)
    yield "the mean was taken, not the sum", lambda: divided(result.output, kernel[0].size)
    yield "every sign was reversed", lambda: -result.output


def _moving(result: Convolution) -> Candidates:
    """Yield the mistakes of how a kernel moves: its stride, its padding, its dilation."""
    again, rows, columns = partial(_again, result), result.plan.rows, result.plan.columns
    for stride in STRIDES:
        if (stride, stride) != (rows.stride, columns.stride):
            reason = f"the window was moved by {stride}, not by {_strides(rows, columns)}"
            yield reason, partial(again, stride=(stride if rows.padded > rows.kernel else 1, stride))
    if any((rows.before, rows.after, columns.before, columns.after)):
        yield "the padding was forgotten", partial(again, padding=(0, 0, 0, 0))
        if max(rows.stride, columns.stride) > 1:
            yield "padding and stride were forgotten", partial(again, padding=(0, 0, 0, 0), stride=1)
        one_side = "the padding was put on one side only"
        yield f"{one_side} (top and left)", partial(again, padding=(rows.before, 0, columns.before, 0))
        yield f"{one_side} (bottom and right)", partial(again, padding=(0, rows.after, 0, columns.after))
    if max(rows.dilation, columns.dilation) > 1:
        yield "the dilation was forgotten", partial(again, dilation=1)


def _strides(rows: Axis, columns: Axis) -> str:
    return str(columns.stride) if rows.stride == columns.stride else f"{rows.stride},{columns.stride}"


def _channels(result: Convolution) -> Candidates:
    """Yield the mistakes of which kernel is applied to which channel, and makes which map."""
    again, kernel = partial(_again, result), result.kernel
    if kernel.shape[1] > 1:
        yield "the kernels were applied to the wrong channels", partial(again, np.roll(kernel, 1, axis=1))
        yield "the kernels were applied to the channels in reverse", partial(again, kernel[:, ::-1])
        first = np.zeros_like(kernel)
        first[:, 0] = kernel[:, 0]
        yield "only the first channel was added up", partial(again, first)
    if result.plan.filters > 1:
        yield "the filters were taken in reverse", partial(again, kernel[::-1])


def pooling_mistakes(result: Pooling) -> Iterator[Mistake]:
    """Yield the likely mistakes of a pooling.

    >>> from convcalc.engine.pooling import pool
    >>> mistakes = list(pooling_mistakes(pool([1, 5, 2, 2])))
    >>> mistakes[0].reason, mistakes[0].answer.tolist()
    ('the average was taken, not the maximum', [3, 2])
    """
    return made(_pooling(result), result.output)


def _unsorted(result: Pooling) -> Array:
    """Return the cell in the middle of each window, as it stands there."""
    (down, _), (across, _) = (places[len(places) // 2] for places in (along(result.rows), along(result.columns)))
    cells = result.padded[:, :, down[:, None], across]
    return like_the_input(cells, result.input_dimensions, many_maps=result.input_dimensions > 2)


def _pooling(result: Pooling) -> Candidates:
    def output(**changed: Any) -> Array:
        return replace(result, **changed).output

    def over(divisor: int) -> Array:
        return divided(output(kind=PoolKind.SUM), divisor)

    for kind in PoolKind:
        if kind is not result.kind and kind.record.is_likely:
            yield result.kind.record.instead(kind.record), partial(output, kind=kind)
    rows, columns = result.rows, result.columns
    if result.kind is PoolKind.MEDIAN:
        yield "the cells were not put in order first", partial(_unsorted, result)
    if not isinstance(rows, Axis) or not isinstance(columns, Axis):
        return
    if result.kind.record.divides:
        fault = "left the padding out" if result.count_padding else "counted the padding"
        yield f"the divisor {fault}", partial(output, count_padding=not result.count_padding)
        area = rows.kernel * columns.kernel
        for wrong in (rows.kernel, rows.kernel + columns.kernel, area - 1, area + 1):
            if wrong > 0:
                yield f"the sum was divided by {wrong}", partial(over, wrong)
    up = "down" if columns.ceil else "up"
    turned = [replace(axis, ceil=not columns.ceil) for axis in (rows, columns)]
    yield f"the size was rounded {up}", partial(output, rows=turned[0], columns=turned[1])
    for stride in STRIDES:
        if (stride, stride) != (rows.stride, columns.stride):
            wider = [replace(axis, stride=stride if axis.kernel > 1 else axis.stride) for axis in (rows, columns)]
            yield (
                f"the window was moved by {stride}, not by {_strides(rows, columns)}",
                partial(output, rows=wider[0], columns=wider[1]),
            )
    if any((rows.before, rows.after, columns.before, columns.after)):
        bare = [replace(axis, before=0, after=0) for axis in (rows, columns)]
        yield "the padding was forgotten", partial(output, rows=bare[0], columns=bare[1])
