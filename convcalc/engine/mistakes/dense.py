"""The likely mistakes of fully connected layers and losses, and of a loss's gradient."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from convcalc.choices import Reduction
from convcalc.engine.dense import Linear, linear
from convcalc.engine.exact import Array, divided
from convcalc.engine.loss_kinds import LossKind
from convcalc.engine.losses import Loss, LossGradient
from convcalc.engine.mistakes.making import Candidates, Mistake, made


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


def _with(result: Loss, **changed: Any) -> Array:
    return replace(result, **changed).output
