"""The likely mistakes of the gradients of a convolution, a pooling and a fully connected layer, and of a step down."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from convcalc.choices import Gradient, LinearGradient
from convcalc.engine.dense import LinearGradients, linear
from convcalc.engine.descent import moved
from convcalc.engine.exact import Array, divided
from convcalc.engine.gradients import Gradients
from convcalc.engine.mistakes.making import ANSWERS, Answered, Edit, Mistake, tried
from convcalc.engine.pooling_kinds import PoolKind
from convcalc.engine.routing import Routing

HALF_TURN = Edit(
    "answer",
    "the gradient was turned round, by 180°",
    lambda answer: np.flip(answer, tuple(range(-min(answer.ndim, 2), 0))),
)
ALONE = "what comes from behind was forgotten"


@dataclass(eq=False, repr=False)
class OneGradient:
    """One of a convolution's gradients, as an answer."""

    gradients: Gradients
    which: Gradient

    @property
    def output(self) -> Array:
        """The gradient, with the axes its grid was given with."""
        answers: Mapping[Gradient, Callable[[], Array]] = {
            Gradient.INPUT: self.gradients.input_like,
            Gradient.KERNEL: self.gradients.kernel_like,
            Gradient.BIAS: lambda: self.gradients.bias,
        }
        return answers[self.which]()

    def of(self, **changed: Any) -> "OneGradient":
        """Return the same gradient of a convolution, or given a gradient, that is another."""
        output = changed.pop("output", self.gradients.output)
        return OneGradient(Gradients(replace(self.gradients.forward, **changed), output), self.which)


def convolution_gradient_mistakes(gradients: Gradients, which: Gradient) -> Iterator[Mistake]:
    """Yield the likely mistakes of one gradient of a convolution.

    >>> from convcalc.engine.convolution import convolve
    >>> from convcalc.engine.gradients import backward
    >>> gradients = backward(convolve([1, 2, 3], [1, 2]), [1, 10])
    >>> [mistake.reason for mistake in convolution_gradient_mistakes(gradients, Gradient.INPUT)][:1]
    ['the kernel was not flipped']
    """
    if which is Gradient.BIAS:
        count = gradients.output[:, 0].size
        mean = Edit("answer", "the mean was taken, not the sum", lambda answer: divided(answer, count))
        return tried(OneGradient(gradients, which), [], (mean, *ANSWERS))
    return tried(OneGradient(gradients, which), list(_convolution(gradients, which)), (HALF_TURN, *ANSWERS))


def _convolution(gradients: Gradients, which: Gradient) -> Iterator[Edit]:
    if which is Gradient.INPUT:
        unflipped = gradients.forward.kernel[..., ::-1, ::-1]
        yield Edit("kernel", "the kernel was not flipped", lambda one: one.of(kernel=unflipped))
    turned = gradients.output[..., ::-1, ::-1]
    yield Edit("behind", "the gradient map was turned round first", lambda one: one.of(output=turned))
    yield Edit("behind", ALONE, lambda one: one.of(output=np.ones_like(gradients.output)))


def routing_mistakes(routing: Routing) -> Iterator[Mistake]:
    """Yield the likely mistakes of the gradient of a pooling's input."""

    def edits() -> Iterator[Edit]:
        kind = routing.forward.kind
        instead = {
            PoolKind.SUM: "it went to every cell of the window, whole",
            PoolKind.AVG: "it was shared out among all cells of the window",
            PoolKind.MAX: "it went to the largest cell",
            PoolKind.MIN: "it went to the smallest cell",
        }
        if kind.record.divides:
            instead[PoolKind.SUM] = "it was not divided by the number of cells"
        for other, reason in instead.items():
            if other is not kind:
                yield Edit("kind", reason, partial(_kind_of, kind=other))
        yield Edit("behind", ALONE, lambda one: _Routed(replace(one.routing, output=np.ones_like(routing.output))))

    return tried(_Routed(routing), list(edits()))


def _kind_of(one: "_Routed", kind: PoolKind) -> "_Routed":
    return _Routed(one.routing, kind=kind)


class _Routed:
    """A pooling's gradient, as an answer."""

    def __init__(self, routing: Routing, **changed: Any) -> None:
        self.routing = Routing(replace(routing.forward, **changed), routing.output)

    @property
    def output(self) -> Array:
        return self.routing.input_like()


def linear_gradient_mistakes(gradients: LinearGradients, which: LinearGradient) -> Iterator[Mistake]:
    """Yield the likely mistakes of one gradient of a fully connected layer."""
    forward, weights = gradients.forward, gradients.forward.weights
    ones = LinearGradients(forward, np.ones_like(gradients.output))

    def of(one: LinearGradients) -> Array:
        answers: Mapping[LinearGradient, Any] = {
            LinearGradient.INPUT: lambda: one.input.output,
            LinearGradient.WEIGHTS: lambda: one.weights_like,
            LinearGradient.BIAS: lambda: one.bias,
        }
        answer: Array = answers[which]()
        return answer

    def edits() -> Iterator[Edit]:
        yield Edit("behind", ALONE, lambda one: Answered(of(ones)))
        if which is LinearGradient.INPUT and weights.shape[0] == weights.shape[1]:
            straight = linear(gradients.output, weights, column=forward.is_column).output
            yield Edit("weights", "the weights were not transposed", lambda one: Answered(straight))
        if which is not LinearGradient.INPUT and forward.batch > 1:
            yield Edit(
                "items",
                "the mean was taken over the items, not the sum",
                lambda one: Answered(divided(one.output, forward.batch)),
            )

    return tried(Answered(of(gradients)), list(edits()))


@dataclass(eq=False, repr=False)
class OneStep:
    """A grid, its gradient, and the rate of one step down."""

    old: Array
    gradient: Array
    rate: Any

    @property
    def output(self) -> Array:
        """The grid after the step: old − rate × gradient."""
        return moved(self.old, self.gradient, self.rate)


def step_mistakes(step: OneStep) -> Iterator[Mistake]:
    """Yield the likely mistakes of a step of gradient descent.

    >>> step = OneStep(np.array([1, 2]), np.array([4, -2]), Fraction(1, 2))
    >>> [mistake.reason for mistake in step_mistakes(step)][:2]
    ['the sign of the step was reversed: the gradient was added', 'the rate was forgotten']
    """
    edits = [
        Edit("sign", "the sign of the step was reversed: the gradient was added", lambda s: replace(s, rate=-s.rate)),
        Edit("rate", "the rate was forgotten", lambda s: replace(s, rate=s.rate / abs(s.rate))),
        Edit("rate", "the gradient was divided by the rate", lambda s: replace(s, rate=1 / Fraction(s.rate))),
        Edit("old", "only the step itself was written", lambda s: Answered(moved(s.old, s.gradient, s.rate) - s.old)),
    ]
    return tried(step, edits)
