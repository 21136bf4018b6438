"""What a loss is taken of: an output and its target; and one term of it."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from convcalc.engine.cached import CachedProperty
from convcalc.engine.exact import FLOAT64, Array, as_floats, exact, float_kind, integers_or_fractions, rounded
from convcalc.engine.softmax import Softmax, softmax


@dataclass(eq=False, repr=False)
class LossCells:
    """An output and its target, and whether the output is given as logits."""

    input: Array
    target: Array
    logits: bool
    parameters: tuple[Any, ...]
    weights: Array | None
    """What the terms of each class are multiplied by."""
    ignored: int | None
    """The class whose rows are left out."""
    smoothing: Fraction
    """What share of a target is spread over all classes."""

    @property
    def by_class(self) -> bool:
        """Whether the target is a class a row, rather than a number a cell."""
        return self.target.ndim < self.input.ndim

    @property
    def is_plain(self) -> bool:
        """Whether every row has a class, and all count alike."""
        return self.by_class and self.weights is None and self.ignored is None and not self.smoothing

    def weight_of(self, index: int) -> int | Fraction:
        """Return what a row's term is multiplied by: its class's weight, 0 if it is ignored."""
        if not self.by_class:
            return 1
        if self.ignored is not None and self.target[index] == self.ignored:
            return 0
        return 1 if self.weights is None else exact(self.weights[self.target[index]])

    @property
    def target_of_each(self) -> Array:
        """The target of each cell, as floats: of a class, 1 for it and 0 for the others."""
        if not self.by_class:
            target = as_floats(self.target, FLOAT64)
            return target if self.weights is None else target * as_floats(self.weights, FLOAT64)
        return as_floats(self.class_targets, FLOAT64)

    @CachedProperty
    def class_targets(self) -> Array:
        """The exact target of each cell, where each row has a class: weighted, smoothed, 0 where it is ignored."""
        classes = self.input.shape[1]
        share = self.smoothing / classes
        weights = [1] * classes if self.weights is None else [exact(weight) for weight in self.weights.ravel()]
        whole = 1 - self.smoothing
        those, which = np.unique(self.target.astype(np.int64), return_inverse=True)
        of_each = [
            [((whole if index == target else 0) + share) * weights[index] for index in range(classes)]
            if target != self.ignored
            else [0] * classes
            for target in those.tolist()
        ]
        table = integers_or_fractions([cell for row in of_each for cell in row]).reshape(-1, classes)
        return np.asarray(table[which.reshape(self.target.shape)])

    @CachedProperty
    def probabilities(self) -> Softmax:
        """The logarithm of the softmax of each row of logits."""
        return softmax(self.input, -1, log=True)

    def rounded(self, terms: Array) -> Array:
        """Return terms in the input's float dtype, without negative zeros."""
        return rounded(terms + 0.0, float_kind(self.input) or FLOAT64)
