"""The likely mistakes of what slides a window: convolutions and poolings."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from convcalc.engine.convolution import Convolution, convolve
from convcalc.engine.exact import Array, as_floats, divided, exact, float_kind, integers_or_fractions
from convcalc.engine.geometry import Axis
from convcalc.engine.mistakes.making import ANSWERS, Answered, Edit, Mistake, multiplied, tried
from convcalc.engine.padding_modes import Border, PadMode
from convcalc.engine.pooling import Pooling
from convcalc.engine.pooling_kinds import PoolKind
from convcalc.engine.shapes import like_the_input
from convcalc.engine.windows import along

STRIDES = (1, 2, 3)
"""Strides that a window may have been moved by."""
PADDINGS = (1, 2)
"""Amounts of padding that may have been taken for another."""
DECIMALS = (1, 2)
"""Decimals to which weights may have been rounded too soon."""


def convolution_mistakes(result: Convolution) -> Iterator[Mistake]:
    """Yield the likely mistakes of a convolution.

    >>> [mistake.reason for mistake in convolution_mistakes(convolve([1, 2, 3], [0, 1]))][:1]
    ['the kernel was flipped']
    """
    cells = result.kernel[0].size
    mean = Edit("answer", "the mean was taken, not the sum", lambda answer: divided(answer, cells))
    return tried(result, list(_convolution(result)), (mean, *ANSWERS))


def _again(result: Convolution, kernel: Array | None = None, **changed: Any) -> Convolution:
    """Return a convolution done again, with something changed."""
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
    weights = result.kernel if kernel is None else kernel
    work = convolve(result.input, weights, channels_first=True, **{**options, **changed})
    return replace(work, input_dimensions=result.input_dimensions)


def _convolution(result: Convolution) -> Iterator[Edit]:
    flipped = "the kernel was not flipped" if result.flipped else "the kernel was flipped"
    yield Edit("kernel", flipped, lambda r: _again(r, r.kernel[..., ::-1, ::-1]))
    turned = "the kernel was turned on its side (rows for columns)"
    yield Edit("kernel", turned, lambda r: _again(r, r.kernel.swapaxes(-1, -2)))
    if result.bias is not None:
        yield Edit("bias", "the bias was forgotten", lambda r: _again(r, bias=None))
        yield Edit("bias", "the bias was subtracted", lambda r: _again(r, bias=-r.bias))
        products = result.kernel[0].size
        yield Edit(
            "bias", "the bias was added to every product", lambda r: _again(r, bias=multiplied(r.bias, products))
        )
    yield from _moving(result)
    yield from _channels(result)
    for decimals in DECIMALS:
        rounded_weights = _rounded(result.kernel, decimals)
        if rounded_weights is not None:
            reason = f"the weights were rounded to {decimals} decimal{'s' * (decimals > 1)} first"
            yield Edit("kernel", reason, partial(_again, kernel=rounded_weights))


def _rounded(grid: Array, decimals: int) -> Array | None:
    """Return fractions rounded to so many decimals; None where that changes nothing."""
    cells = [exact(cell) for cell in grid.ravel()]
    found = [Fraction(round(cell * 10**decimals), 10**decimals) for cell in cells]
    if found == cells:
        return None
    new = integers_or_fractions(found).reshape(grid.shape)
    kind = float_kind(grid)
    return new if kind is None else as_floats(new, kind)


def _moving(result: Convolution) -> Iterator[Edit]:
    """Yield the mistakes of how a kernel moves: its stride, its padding, its dilation."""
    rows, columns = result.plan.rows, result.plan.columns
    for stride in STRIDES:
        if (stride, stride) != (rows.stride, columns.stride):
            reason = f"the window was moved by {stride}, not by {_strides(rows, columns)}"
            pair = (stride if rows.padded > rows.kernel else 1, stride)
            yield Edit("stride", reason, partial(_again, stride=pair))
    sides = (rows.before, rows.after, columns.before, columns.after)
    if any(sides):
        yield Edit("padding", "the padding was forgotten", partial(_again, padding=(0, 0, 0, 0)))
        if max(rows.stride, columns.stride) > 1:
            forgotten = "padding and stride were forgotten"
            yield Edit("padding", forgotten, partial(_again, padding=(0, 0, 0, 0), stride=1))
        one_side = "the padding was put on one side only"
        for where, only in (
            ("top and left", (rows.before, 0, columns.before, 0)),
            ("bottom and right", (0, rows.after, 0, columns.after)),
        ):
            yield Edit("padding", f"{one_side} ({where})", partial(_again, padding=only))
        if result.plan.border.is_plain:
            repeated = Border(PadMode.REPLICATE)
            yield Edit("border", "the edges were repeated, not zeros added", partial(_again, mode=repeated))
        else:
            yield Edit("border", "zeros were added around it", partial(_again, mode=Border()))
    for padding in PADDINGS:
        other = (padding * (rows.padded > 1 or rows.kernel > 1),) * 2 + (padding,) * 2
        if other != sides:
            reason = f"it was padded by {padding}" + (", not at all" if not any(sides) else "")
            yield Edit("padding", reason, partial(_again, padding=other))
    if max(rows.dilation, columns.dilation) > 1:
        yield Edit("dilation", "the dilation was forgotten", partial(_again, dilation=1))
    late = "the first window was begun one cell late"
    yield Edit("padding", late, _begun_late)


def _begun_late(result: Convolution) -> Convolution:
    """Return a convolution without the first row and column of windows' cells, with zeros behind, if it is padded."""
    rows, columns = result.plan.rows, result.plan.columns
    down = int(rows.padded > rows.extent)
    padded = result.padded[..., down:, 1:]
    ends = (0, down * (rows.after > 0), 0, int(columns.after > 0))
    return _again(replace(result, input=padded), padding=ends, mode=Border())


def _strides(rows: Axis, columns: Axis) -> str:
    return str(columns.stride) if rows.stride == columns.stride else f"{rows.stride},{columns.stride}"


def _channels(result: Convolution) -> Iterator[Edit]:
    """Yield the mistakes of which kernel is applied to which channel, and makes which map."""
    kernel = result.kernel
    if kernel.shape[1] > 1:
        wrong = "the kernels were applied to the wrong channels"
        yield Edit("channels", wrong, lambda r: _again(r, np.roll(r.kernel, 1, axis=1)))
        in_reverse = "the kernels were applied to the channels in reverse"
        yield Edit("channels", in_reverse, lambda r: _again(r, r.kernel[:, ::-1]))
        yield Edit("channels", "only the first channel was added up", lambda r: _again(r, _first(r.kernel)))
    if result.plan.filters > 1:
        yield Edit("filters", "the filters were taken in reverse", lambda r: _again(r, r.kernel[::-1]))


def _first(kernel: Array) -> Array:
    first = np.zeros_like(kernel)
    first[:, 0] = kernel[:, 0]
    return first


def pooling_mistakes(result: Pooling) -> Iterator[Mistake]:
    """Yield the likely mistakes of a pooling.

    >>> from convcalc.engine.pooling import pool
    >>> mistakes = list(pooling_mistakes(pool([1, 5, 2, 2])))
    >>> mistakes[0].reason, mistakes[0].answer.tolist()
    ('the average was taken, not the maximum', [3, 2])
    """
    return tried(result, list(_pooling(result)))


def _unsorted(result: Pooling) -> Answered:
    """Return the cell in the middle of each window, as it stands there."""
    (down, _), (across, _) = (places[len(places) // 2] for places in (along(result.rows), along(result.columns)))
    cells = result.padded[:, :, down[:, None], across]
    return Answered(like_the_input(cells, result.input_dimensions, many_maps=result.input_dimensions > 2))


def _over(result: Pooling, divisor: int) -> Answered:
    return Answered(divided(replace(result, kind=PoolKind.SUM).output, divisor))


def _axes(result: Pooling, **changed: Any) -> Pooling:
    """Return a pooling whose windows move otherwise."""
    rows, columns = result.rows, result.columns
    assert isinstance(rows, Axis)
    assert isinstance(columns, Axis)
    if "stride" in changed:
        return replace(
            result,
            rows=replace(rows, stride=changed["stride"] if rows.kernel > 1 else rows.stride),
            columns=replace(columns, stride=changed["stride"] if columns.kernel > 1 else columns.stride),
        )
    return replace(result, rows=replace(rows, **changed), columns=replace(columns, **changed))


def _pooled_late(result: Pooling) -> Pooling:
    """Return a pooling of the input without its first row and column."""
    rows, columns = result.rows, result.columns
    assert isinstance(rows, Axis)
    assert isinstance(columns, Axis)
    down = int(rows.size > rows.extent)
    return replace(
        result,
        input=result.input[..., down:, 1:],
        rows=replace(rows, size=rows.size - down),
        columns=replace(columns, size=columns.size - 1),
    )


def _pooling(result: Pooling) -> Iterator[Edit]:
    for kind in PoolKind:
        if kind is not result.kind and kind.record.is_likely:
            yield Edit("kind", result.kind.record.instead(kind.record), partial(replace, kind=kind))
    if result.kind is PoolKind.MEDIAN:
        yield Edit("kind", "the cells were not put in order first", _unsorted)
    rows, columns = result.rows, result.columns
    if not isinstance(rows, Axis) or not isinstance(columns, Axis):
        return
    if result.kind.record.divides:
        fault = "left the padding out" if result.count_padding else "counted the padding"
        counts = not result.count_padding
        yield Edit("divisor", f"the divisor {fault}", partial(replace, count_padding=counts))
        area = rows.kernel * columns.kernel
        for wrong in (rows.kernel, rows.kernel + columns.kernel, area - 1, area + 1):
            if wrong > 0:
                yield Edit("kind", f"the sum was divided by {wrong}", partial(_over, divisor=wrong))
    up = "down" if columns.ceil else "up"
    yield Edit("size", f"the size was rounded {up}", partial(_axes, ceil=not columns.ceil))
    for stride in STRIDES:
        if (stride, stride) != (rows.stride, columns.stride):
            reason = f"the window was moved by {stride}, not by {_strides(rows, columns)}"
            yield Edit("stride", reason, partial(_axes, stride=stride))
    if any((rows.before, rows.after, columns.before, columns.after)):
        yield Edit("padding", "the padding was forgotten", partial(_axes, before=0, after=0))
    if columns.size > columns.extent:
        yield Edit("padding", "the first window was begun one cell late", _pooled_late)
