"""The likely mistakes of fully connected layers and losses, and of a loss's gradient."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from convcalc.choices import Reduction
from convcalc.engine.dense import Linear, linear
from convcalc.engine.exact import Array, divided, exact, integers_or_fractions
from convcalc.engine.loss_kinds import LossKind
from convcalc.engine.loss_terms import Loss, LossGradient
from convcalc.engine.mistakes.making import Candidates, Edit, Mistake, made, multiplied, tried


def linear_mistakes(result: Linear) -> Iterator[Mistake]:
    """Yield the likely mistakes of a fully connected layer."""
    inputs = result.weights.shape[1]

    def again(one: Linear, **changed: Any) -> Linear:
        settings = {"bias": one.convolution.bias, "column": one.is_column, **changed}
        return linear(settings.pop("grid", one.input), settings.pop("weights", one.weights), **settings)

    def edits() -> Iterator[Edit]:
        if result.convolution.bias is not None:
            yield Edit("bias", "the bias was forgotten", partial(again, bias=None))
            yield Edit("bias", "the bias was subtracted", lambda one: again(one, bias=-one.convolution.bias))
            every = "the bias was added to every product"
            yield Edit("bias", every, lambda one: again(one, bias=multiplied(one.convolution.bias, inputs)))
        yield Edit("weights", "the weights were transposed", lambda one: again(one, weights=one.weights.T))
        axis = 0 if result.is_column else -1
        yield Edit("input", "the inputs were taken in reverse", lambda one: again(one, grid=np.flip(one.input, axis)))

    return tried(result, list(edits()))


def loss_mistakes(result: Loss) -> Iterator[Mistake]:
    """Yield the likely mistakes of a loss."""

    def candidates() -> Candidates:
        wanted = WANTED[result.reduction]
        for reduction, name in ((Reduction.SUM, "the terms were added up"), (Reduction.MEAN, "the mean was taken")):
            if reduction is not result.reduction and replace(result, reduction=reduction).divisor != 0:
                yield f"{name}, {wanted}", partial(_with, result, reduction=reduction)
        if result.kind.record.is_rational:
            for other in (kind for kind in LossKind if kind.record.is_rational and kind is not result.kind):
                parameters = tuple(Fraction(parameter.default) for parameter in other.record.parameters)
                reason = result.kind.record.instead(other.record)
                yield reason, partial(_with, result, kind=other, parameters=parameters)
        elif result.kind.record.rows_are_rational:
            yield from OF_ROWS[result.kind](result)
        else:
            yield "the minus sign was forgotten", lambda: -result.output
            if result.is_plain and len(result.target) == 1:
                for place in range(result.input.shape[1]):
                    if place != result.target[0]:
                        wrong = partial(_with, result, target=np.array([place]))
                        yield f"the probability of class {place} was taken, not of {result.target[0]}", wrong
            yield "the logarithm was forgotten", lambda: np.exp(-result.output)
            yield "the logarithm was taken to base 10", lambda: result.output / np.log(10)
            yield "the logarithm was taken to base 2", lambda: result.output / np.log(2)
        if result.weights is not None:
            yield "the class weights were forgotten", partial(_with, result, weights=None)
            if result.reduction is Reduction.MEAN and result.by_class:
                unweighted = len(result.target)
                sums = partial(_with, result, reduction=Reduction.SUM)
                yield "the mean was taken of the rows, not of the weights", lambda: divided(sums(), unweighted)
        if result.smoothing:
            yield "the labels were not smoothed", partial(_with, result, smoothing=Fraction(0))
        if not result.kind.record.half:
            yield "it was halved", lambda: divided(result.output, 2)

    return made(candidates(), result.output)


WANTED = {
    Reduction.SUM: "not their sum",
    Reduction.MEAN: "not their mean",
    Reduction.NONE: "and were to be left as they are",
}
"""What was to be done with the terms."""


def _of_likelihoods(result: Loss) -> Candidates:
    yield "the minus sign was forgotten", lambda: -result.output


def _of_margins(result: Loss) -> Candidates:
    """Yield the mistakes of a hinge loss whose rows all count alike."""
    if not all(result.weight_of(index) == 1 for index in range(len(result.input))):
        return
    (margin,), count = result.parameters, result.input.shape[1]
    rows = [[exact(cell) for cell in row] for row in result.input]
    ahead = [
        [cell - row[target] + margin for place, cell in enumerate(row) if place != target]
        for row, target in zip(rows, result.target.tolist(), strict=True)
    ]
    gaps = [[max(0, gap) for gap in row] for row in ahead]

    def reduced(terms: list[Any]) -> Array:
        if result.reduction is Reduction.NONE:
            return integers_or_fractions(terms).reshape(result.places)
        return integers_or_fractions([sum(terms, Fraction(0)) / result.divisor])

    yield "the margin was forgotten", lambda: reduced([sum(max(0, gap - margin) for gap in row) for row in ahead])
    yield "the right class was counted, too", lambda: reduced([sum(row) + margin for row in gaps])
    yield "only the largest margin was taken", lambda: reduced([max(row) for row in gaps])
    yield "margins below 0 were not made 0", lambda: reduced([sum(row) for row in ahead])
    yield "it was divided by the number of classes", lambda: reduced([Fraction(sum(row)) / count for row in gaps])


OF_ROWS = {LossKind.NLL: _of_likelihoods, LossKind.HINGE: _of_margins}
"""The mistakes of each loss that is exact for each row."""


def loss_gradient_mistakes(result: LossGradient) -> Iterator[Mistake]:
    """Yield the likely mistakes of the gradient of a loss."""
    shaped, divisor = result.forward.like_the_input, float(result.divisor)
    squares = result.forward.kind in (LossKind.MSE,)

    def twice() -> Array:
        output = result.output
        if output.dtype.kind == "f":
            return output / divisor
        return integers_or_fractions([exact(cell) / Fraction(result.divisor) for cell in output.flat]).reshape(
            output.shape
        )

    def candidates() -> Candidates:
        yield "the mean's division was forgotten", lambda: shaped(result.slopes)
        yield "the gradient was divided twice by the number of terms", twice
        yield "every sign was reversed", lambda: -result.output
        if squares:
            yield "the factor 2 was forgotten", lambda: divided(result.output, 2)
        if result.forward.logits:
            yield "the target was not subtracted", lambda: shaped(result.chances / divisor)

    return made(candidates(), result.output)


def _with(result: Loss, **changed: Any) -> Array:
    return replace(result, **changed).output
