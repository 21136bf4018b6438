"""The likely mistakes of what works cell by cell, or line by line: activations and softmax, and their gradients."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from convcalc.engine.activation_kinds import ActivationKind
from convcalc.engine.activations import Activated, ActivationGradient, activate
from convcalc.engine.exact import FLOAT64, Array, absolute, as_floats
from convcalc.engine.mistakes.making import Candidates, Mistake, made
from convcalc.engine.softmax import Softmax, SoftmaxGradient, softmax


def activation_mistakes(result: Activated) -> Iterator[Mistake]:
    """Yield the likely mistakes of an activation."""

    def candidates() -> Candidates:
        grid = result.input
        yield "the grid was left as it is", lambda: grid
        yield "the sign was dropped", lambda: absolute(grid)
        yield "the negative cells were kept, not the positive ones", lambda: np.minimum(grid, 0)
        yield "the sign of the exponent was reversed", lambda: replace(result, input=-grid).output
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
            lambda: replace(forward, input=forward.output).backward(gradient).output,
        )

    return made(candidates(), result.output)


def _activated(grid: Array, kind: ActivationKind) -> Array:
    return activate(grid, kind).output


def _softmax(result: Softmax, axis: int) -> Array:
    return softmax(result.input, axis, log=result.log).output


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
            for decimals in (1, 2):
                few = np.round(np.exp(cells - cells.max(axis=result.axis, keepdims=True)), decimals)
                yield (
                    f"the exponentials were rounded to {decimals} decimal{'s' * (decimals > 1)} first",
                    partial(np.divide, few, few.sum(axis=result.axis, keepdims=True)),
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
