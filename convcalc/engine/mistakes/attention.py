"""The likely mistakes of an attention."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from convcalc.engine.attention import Attention
from convcalc.engine.dense import linear
from convcalc.engine.exact import FLOAT64, Array, as_floats
from convcalc.engine.mistakes.making import Candidates, Mistake, made
from convcalc.engine.softmax import softmax


def attention_mistakes(result: Attention) -> Iterator[Mistake]:
    """Yield the likely mistakes of an attention.

    >>> from convcalc.engine.attention import attention
    >>> [mistake.reason for mistake in attention_mistakes(attention([[1, 2]], [[1, 0], [0, 1]], [[1, 2], [3, 4]]))][:1]
    ['the scores were not divided by √d']
    """
    scores = as_floats(result.scores.output, FLOAT64)
    length = result.keys.shape[-1]

    def of(scaled: Array, axis: int = -1) -> Array:
        return linear(softmax(scaled, axis).output, result.values, transpose=True).output

    def candidates() -> Candidates:
        yield "the scores were not divided by √d", lambda: of(scores)
        yield "the scores were divided by d, not by its root", lambda: of(scores / length)
        if scores.ndim > 1:
            yield "the softmax was taken down the columns", lambda: of(scores / np.sqrt(length), 0)
        yield "no softmax was taken", lambda: linear(result.scaled.output, result.values, transpose=True).output
        yield "the values were not weighed: these are the weights", lambda: result.weights.output
        if result.keys.shape[0] == length:
            yield (
                "the keys were not transposed",
                lambda: of(as_floats(linear(result.input, result.keys.T).output, FLOAT64) / np.sqrt(length)),
            )
        count = len(result.keys)
        mean = linear(np.full((1, count), Fraction(1, count)), result.values, transpose=True).output
        yield "every value counted alike", lambda: np.broadcast_to(mean[0], result.output.shape)

    return made(candidates(), result.output)
