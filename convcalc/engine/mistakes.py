"""The mistakes people make, really made: the answer each leads to, so that a wrong one can be told its reason."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from convcalc.choices import Reduction
from convcalc.engine.activation_kinds import ActivationKind
from convcalc.engine.activations import Activated, ActivationGradient, activate
from convcalc.engine.convolution import Convolution, convolve
from convcalc.engine.dense import Linear, linear
from convcalc.engine.exact import FLOAT64, Array, absolute, as_floats, divided
from convcalc.engine.geometry import Axis
from convcalc.engine.grids import as_grid
from convcalc.engine.loss_kinds import LossKind
from convcalc.engine.losses import Loss, LossGradient
from convcalc.engine.pooling import Pooling
from convcalc.engine.pooling_kinds import PoolKind
from convcalc.engine.shapes import like_the_input
from convcalc.engine.sizes import Volume
from convcalc.engine.softmax import Softmax, SoftmaxGradient, softmax
from convcalc.errors import ConvcalcError

STRIDES = (1, 2, 3)
"""Strides that a window may have been moved by."""


class Mistake(NamedTuple):
    """A mistake in words, and the answer that it leads to."""

    reason: str
    answer: Array


Candidates = Iterator[tuple[str, Callable[[], Array]]]


def made(candidates: Candidates, right: Array) -> Iterator[Mistake]:
    """Yield the mistakes that can be made and lead to another answer than the right one."""
    for reason, work in candidates:
        try:
            answer = as_grid(work())
        except ConvcalcError:
            continue
        if answer.shape != right.shape or not (answer == right).all():
            yield Mistake(reason, answer)


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
        "mode": plan.mode,
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


def _pooling(result: Pooling) -> Candidates:
    def output(**changed: Any) -> Array:
        return replace(result, **changed).output

    def over(divisor: int) -> Array:
        return divided(output(kind=PoolKind.SUM), divisor)

    for kind in PoolKind:
        if kind is not result.kind and kind.record.is_likely:
            yield result.kind.record.instead(kind.record), partial(output, kind=kind)
    rows, columns = result.rows, result.columns
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


def activation_mistakes(result: Activated) -> Iterator[Mistake]:
    """Yield the likely mistakes of an activation."""

    def candidates() -> Candidates:
        grid = result.input
        yield "the grid was left as it is", lambda: grid
        yield "the sign was dropped", lambda: absolute(grid)
        yield "the negative cells were kept, not the positive ones", lambda: np.minimum(grid, 0)
        yield "the sign of the exponent was reversed", lambda: activate(-grid, result.kind, _own(result)).output
        for kind in ActivationKind:
            if kind is not result.kind and kind.record.is_likely:
                yield f"{kind} was taken, not {result.kind}", partial(_activated, grid, kind)

    return made(candidates(), result.output)


def activation_gradient_mistakes(result: ActivationGradient) -> Iterator[Mistake]:
    """Yield the likely mistakes of the gradient of an activation's input."""
    gradient, forward = result.gradient, result.forward

    def candidates() -> Candidates:
        yield "the derivative was forgotten", lambda: gradient
        yield "what comes from behind was forgotten", lambda: result.slopes
        yield "the function was taken, not its derivative", lambda: gradient * forward.output
        yield "every sign was reversed", lambda: -result.output
        yield (
            "the derivative was taken of the output, not of the input",
            lambda: activate(forward.output, forward.kind, _own(forward)).backward(gradient).output,
        )

    return made(candidates(), result.output)


def _activated(grid: Array, kind: ActivationKind) -> Array:
    return activate(grid, kind).output


def _softmax(result: Softmax, axis: int) -> Array:
    return softmax(result.input, axis, log=result.log).output


def _with(result: Loss, **changed: Any) -> Array:
    return replace(result, **changed).output


def _own(result: Activated) -> Any:
    return result.parameter if result.kind.record.parameter else None


def softmax_mistakes(result: Softmax) -> Iterator[Mistake]:
    """Yield the likely mistakes of a softmax.

    >>> list(softmax_mistakes(softmax([1, 3])))[0].answer.tolist()
    [0.25, 0.75]
    """

    def candidates() -> Candidates:
        cells = as_floats(result.input, np.dtype(np.float64))
        with np.errstate(all="ignore"):
            total = cells.sum(axis=result.axis, keepdims=True)
            raised = np.exp(cells)
            yield "the logits were divided by their sum, without exponentials", lambda: cells / total
            yield "the exponentials were not divided by their sum", lambda: raised
            yield (
                "the exponentials were divided by the largest, not by their sum",
                lambda: raised / raised.max(axis=result.axis, keepdims=True),
            )
            yield "each cell's sigmoid was taken", lambda: activate(cells, "sigmoid").output
        other = "not taken" if result.log else "taken"
        yield f"the logarithm was {other}", lambda: softmax(result.input, result.axis, log=not result.log).output
        for axis in range(result.input.ndim):
            if axis != result.axis:
                yield (
                    f"it was taken along axis {axis}",
                    partial(_softmax, result, axis),
                )

    return made(candidates(), result.output)


def softmax_gradient_mistakes(result: SoftmaxGradient) -> Iterator[Mistake]:
    """Yield the likely mistakes of the gradient of a softmax's input."""
    forward = result.forward

    def candidates() -> Candidates:
        chances, gradient = softmax(forward.input, forward.axis).output, as_floats(result.gradient, FLOAT64)
        yield (
            "the softmax was taken for a function of each cell: p·(1 − p)·g",
            lambda: chances * (1 - chances) * gradient,
        )
        yield "the total was not subtracted", lambda: chances * gradient
        yield "what comes from behind was handed on as it is", lambda: gradient
        yield "every sign was reversed", lambda: -result.output

    return made(candidates(), result.output)


def linear_mistakes(result: Linear) -> Iterator[Mistake]:
    """Yield the likely mistakes of a fully connected layer."""
    bias = result.convolution.bias

    def candidates() -> Candidates:
        if bias is not None:
            yield "the bias was forgotten", lambda: linear(result.input, result.weights).output
            yield "the bias was subtracted", lambda: linear(result.input, result.weights, -bias).output
        yield "the weights were transposed", lambda: linear(result.input, result.weights, bias, transpose=True).output
        yield "the inputs were taken in reverse", lambda: linear(result.input[..., ::-1], result.weights, bias).output

    return made(candidates(), result.output)


def loss_mistakes(result: Loss) -> Iterator[Mistake]:
    """Yield the likely mistakes of a loss."""

    def candidates() -> Candidates:
        for reduction, name in ((Reduction.SUM, "the terms were added up"), (Reduction.MEAN, "the mean was taken")):
            if reduction is not result.reduction:
                yield f"{name}, not their {result.reduction}", partial(_with, result, reduction=reduction)
        if result.kind.record.is_rational:
            for other in (kind for kind in LossKind if kind.record.is_rational and kind is not result.kind):
                yield result.kind.record.instead(other.record), partial(_with, result, kind=other)
        else:
            yield "the minus sign was forgotten", lambda: -result.output
            yield "the logarithm was forgotten", lambda: np.exp(-result.output)
            yield "the logarithm was taken to base 10", lambda: result.output / np.log(10)
            yield "the logarithm was taken to base 2", lambda: result.output / np.log(2)
        if not result.kind.record.half:
            yield "it was halved", lambda: divided(result.output, 2)

    return made(candidates(), result.output)


def loss_gradient_mistakes(result: LossGradient) -> Iterator[Mistake]:
    """Yield the likely mistakes of the gradient of a loss."""

    def candidates() -> Candidates:
        slopes = result.slopes
        yield "the mean's division was forgotten", lambda: slopes
        yield "the gradient was divided twice by the number of terms", lambda: divided(result.output, result.divisor)
        yield "every sign was reversed", lambda: -result.output
        if result.forward.kind is LossKind.MSE:
            yield "the factor 2 was forgotten", lambda: divided(result.output, 2)
        if result.forward.logits:
            yield "the target was not subtracted", lambda: result.chances / result.divisor

    return made(candidates(), result.output)


def size_mistakes(axis: Axis) -> Iterator[Mistake]:
    """Yield the likely mistakes of an output size.

    >>> [(m.reason, m.answer.tolist()) for m in size_mistakes(Axis(7, 3, stride=3))][:2]
    [('it was not rounded', [Fraction(7, 3)]), ('it was rounded up', [3])]
    """
    n, f, s, d = axis.size, axis.kernel, axis.stride, axis.dilation
    before, after, extent = axis.before, axis.after, axis.extent

    def whole(value: Fraction) -> Array:
        return np.array([int(value // 1)])

    def candidates() -> Candidates:
        room = Fraction(n + before + after - extent, s)
        if room.denominator > 1:
            yield "it was not rounded", lambda: np.array([room + 1], dtype=object)
        yield ("it was rounded down" if axis.ceil else "it was rounded up"), lambda: np.array([-(-room // 1) + 1])
        yield "the 1 was not added at the end", lambda: whole(room)
        if before or after:
            yield "the padding was counted on one side only", lambda: whole(Fraction(n + before - extent, s) + 1)
            yield "the padding was forgotten", lambda: whole(Fraction(n - extent, s) + 1)
        if d > 1:
            yield "the dilation was forgotten", lambda: whole(Fraction(n + before + after - f, s) + 1)
        if s > 1:
            yield "the stride was forgotten", lambda: whole(Fraction(n + before + after - extent) + 1)
        yield "the kernel was not subtracted", lambda: whole(Fraction(n + before + after, s) + 1)

    return made(candidates(), np.array([axis.output]))


def parameter_mistakes(volume: Volume) -> Iterator[Mistake]:
    """Yield the likely mistakes of a count of parameters."""
    kernel = volume.rows * volume.columns

    def candidates() -> Candidates:
        yield "the biases were forgotten", lambda: np.array([volume.weights])
        yield "one bias was counted for all filters", lambda: np.array([volume.weights + 1])
        yield "the input's channels were forgotten", lambda: np.array([volume.filters * (kernel + 1)])
        yield "channels and biases were forgotten", lambda: np.array([volume.filters * kernel])
        yield "only one filter was counted", lambda: np.array([kernel * volume.channels + 1])
        yield (
            "a bias was counted for every channel",
            lambda: np.array([volume.filters * volume.channels * (kernel + 1)]),
        )

    return made(candidates(), np.array([volume.parameters]))


def mistakes_of(result: Any) -> Iterator[Mistake]:
    """Yield the likely mistakes of any result that there are mistakes for."""
    return KINDS[type(result)](result)


KINDS: dict[type, Callable[[Any], Iterator[Mistake]]] = {
    Convolution: convolution_mistakes,
    Pooling: pooling_mistakes,
    Activated: activation_mistakes,
    ActivationGradient: activation_gradient_mistakes,
    Softmax: softmax_mistakes,
    SoftmaxGradient: softmax_gradient_mistakes,
    Linear: linear_mistakes,
    Loss: loss_mistakes,
    LossGradient: loss_gradient_mistakes,
}
"""What finds the mistakes of each kind of result."""
