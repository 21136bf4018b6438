"""What a loss is taken of: an output and its target; and one term of it."""

from dataclasses import dataclass

import numpy as np

from convcalc.engine.cached import CachedProperty
from convcalc.engine.exact import FLOAT64, Array, as_floats, float_kind, rounded
from convcalc.engine.softmax import Softmax, softmax


@dataclass(eq=False, repr=False)
class LossCells:
    """An output and its target, and whether the output is given as logits."""

    input: Array
    target: Array
    logits: bool

    @property
    def by_class(self) -> bool:
        """Whether the target is a class a row, rather than a number a cell."""
        return self.target.ndim < self.input.ndim

    @property
    def target_of_each(self) -> Array:
        """The target of each cell, as floats: of a class, 1 for it and 0 for the others."""
        if not self.by_class:
            return as_floats(self.target, FLOAT64)
        return np.asarray(self.target[:, None] == np.arange(self.input.shape[1]), dtype=FLOAT64)

    @CachedProperty
    def probabilities(self) -> Softmax:
        """The logarithm of the softmax of each row of logits."""
        return softmax(self.input, -1, log=True)

    def rounded(self, terms: Array) -> Array:
        """Return terms in the input's float dtype, without negative zeros."""
        return rounded(terms + 0.0, float_kind(self.input) or FLOAT64)
