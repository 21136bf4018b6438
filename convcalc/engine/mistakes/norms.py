"""The likely mistakes of a normalisation and of its gradient."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from convcalc.engine.exact import FLOAT64, Array, as_floats
from convcalc.engine.mistakes.making import Candidates, Mistake, made
from convcalc.engine.normalized import Normalized, NormInputGradient


def norm_mistakes(result: Normalized) -> Iterator[Mistake]:
    """Yield the likely mistakes of a normalisation.

    >>> from convcalc.engine.norms import batch_norm
    >>> [mistake.reason for mistake in norm_mistakes(batch_norm([1, 3, 2, 6]))][:1]
    ['the variance was divided by one less than there are cells']
    """
    count = result.order.shape[1]

    def over(roots: Array) -> Array:
        gamma, beta = result.of_cells(result.gamma, 1.0), result.of_cells(result.beta, 0.0)
        return np.asarray(gamma * (result.deviations / roots) + beta)

    def candidates() -> Candidates:
        squares = result.roots**2
        if result.running is None and count > 1:
            eps = float(result.eps)
            yield (
                "the variance was divided by one less than there are cells",
                lambda: over(np.sqrt((squares - eps) * count / (count - 1) + eps)),
            )
        if result.running is not None:
            yield "the cells' own mean and variance were taken", lambda: replace(result, running=None).output
        yield "the deviations were divided by the variance, without a root", lambda: over(squares)
        yield "only the mean was subtracted", lambda: over(np.ones_like(squares))
        yield "the mean was not subtracted", lambda: over(result.roots) + _means(result)
        if result.gamma is not None:
            yield "gamma was forgotten", lambda: replace(result, gamma=None).output
        if result.beta is not None:
            yield "beta was forgotten", lambda: replace(result, beta=None).output
            if result.gamma is not None:
                yield (
                    "gamma and beta changed places",
                    lambda: replace(result, gamma=result.beta, beta=result.gamma).output,
                )
        if len(result.order) > 1 and result.running is None:
            yield (
                "all cells shared one mean and variance",
                lambda: replace(result, sets=np.zeros_like(result.sets)).output,
            )

    return made(candidates(), result.output)


def _means(result: Normalized) -> Array:
    """Return what the mean of each cell's set comes to once it is divided and weighted."""
    means = np.array([float(one.mean) for one in result.statistics])[result.sets]
    gamma = result.of_cells(result.gamma, 1.0)
    return np.asarray(gamma * means / result.roots)


def norm_gradient_mistakes(result: NormInputGradient) -> Iterator[Mistake]:
    """Yield the likely mistakes of the gradient of a normalisation's input."""
    forward = result.forward

    def candidates() -> Candidates:
        weighted = result.float_weighted
        if forward.running is None:
            yield "mean and variance were taken for constants", lambda: weighted / forward.roots
            yield "the variance was taken for a constant", lambda: (weighted - _of_sets(result, 0)) / forward.roots
        yield "it was not divided by the root", lambda: as_floats(result.output, FLOAT64) * forward.roots
        yield "what comes from behind was handed on as it is", lambda: result.gradient
        if forward.gamma is not None:
            yield "gamma was forgotten", lambda: replace(result, forward=replace(forward, gamma=None)).output

    return made(candidates(), result.output)


def _of_sets(result: NormInputGradient, which: int) -> Array:
    means = np.array([float(result.means_of(index)[which]) for index in range(len(result.forward.order))])
    return np.asarray(means[result.forward.sets])
