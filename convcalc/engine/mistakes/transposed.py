"""The likely mistakes of a transposed convolution, and of flattening."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from convcalc.engine.dense import Flattened
from convcalc.engine.exact import Array
from convcalc.engine.mistakes.making import Candidates, Mistake, made
from convcalc.engine.transposed import Transposed, conv_transpose


def transposed_mistakes(result: Transposed) -> Iterator[Mistake]:
    """Yield the likely mistakes of a transposed convolution.

    >>> found = transposed_mistakes(conv_transpose([[1, 2]], [[1, 3]], stride=2))
    >>> [(mistake.reason, mistake.answer.tolist()) for mistake in found][:1]
    [('the stamps were laid 1 further, not 2', [[1, 5, 6]])]
    """
    axes = (result.rows, result.columns)
    settings: dict[str, Any] = {
        "bias": result.bias,
        "stride": tuple(axis.stride for axis in axes),
        "padding": tuple(amount for axis in axes for amount in (axis.cut, axis.cut_end)),
        "output_padding": tuple(axis.extra for axis in axes),
        "dilation": tuple(axis.dilation for axis in axes),
        "groups": result.groups,
    }

    def again(kernel: Array = result.kernel, **changed: Any) -> Callable[[], Array]:
        def work() -> Array:
            output = conv_transpose(result.input, kernel, **{**settings, **changed}).output
            return output.reshape(output.shape[output.ndim - result.output.ndim :])

        return work

    def candidates() -> Candidates:
        stride = max(settings["stride"])
        if stride > 1:
            yield f"the stamps were laid 1 further, not {stride}", again(stride=1, output_padding=0)
        else:
            yield "the stamps were laid 2 further, not 1", again(stride=2)
            yield "the stamps were laid beside each other", again(stride=result.kernel.shape[2:])
        if any(settings["padding"]):
            yield "nothing was cut off at the edges", again(padding=0)
        if result.bias is not None:
            yield "the bias was forgotten", again(bias=None)
        yield "the kernel was flipped", again(result.kernel[..., ::-1, ::-1])
        yield "the kernel was transposed (rows for columns)", again(result.kernel.swapaxes(-1, -2))
        if result.input.shape[:2] == result.kernel.shape[:2] == (1, 1):
            yield "what overlaps was written over, not added up", lambda: _written_over(result)

    return made(candidates(), result.output)


def _written_over(result: Transposed) -> Array:
    """Return what comes of stamps that each replace what lay below: of one channel, without padding at the end."""
    rows, columns = result.rows, result.columns
    shape = (rows.output + rows.cut + rows.cut_end, columns.output + columns.cut + columns.cut_end)
    canvas = np.zeros(shape, dtype=result.output.dtype)
    for row, column in np.ndindex(result.input.shape[2:]):
        for down, right in np.ndindex(result.kernel.shape[2:]):
            place = (row * rows.stride + down * rows.dilation, column * columns.stride + right * columns.dilation)
            canvas[place] = result.input[0, 0, row, column] * result.kernel[0, 0, down, right]
    answer = canvas[rows.cut : rows.cut + rows.output, columns.cut : columns.cut + columns.output]
    return (answer if result.bias is None else answer + result.bias[0]).reshape(result.output.shape)


def flatten_mistakes(result: Flattened) -> Iterator[Mistake]:
    """Yield the likely mistakes of flattening: other orders.

    >>> [m.reason for m in flatten_mistakes(Flattened(np.array([[1, 2], [3, 4]]), np.array([1, 2, 3, 4])))]
    ['the cells were written column by column']
    """
    grid, shape = result.input, result.output.shape

    def candidates() -> Candidates:
        if grid.ndim > 2:
            yield "the channels of each cell were written together", lambda: np.moveaxis(grid, -3, -1).reshape(shape)
        if grid.ndim > 1:
            yield "the cells were written column by column", lambda: grid.swapaxes(-1, -2).reshape(shape)

    return made(candidates(), result.output)
