"""A loss and its gradient: each term, what is made of them, and what comes back to every cell."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from convcalc.choices import Reduction
from convcalc.engine.cached import CachedProperty
from convcalc.engine.exact import (
    FLOAT64,
    LARGEST_EXACT,
    Array,
    as_answer,
    as_floats,
    as_shown,
    exact,
    float_kind,
    integers_or_fractions,
    rounded,
    rounded_result,
    shown_number,
    to_float,
    to_float_or_decimal,
)
from convcalc.engine.functions import exponential
from convcalc.engine.grids import as_grid
from convcalc.engine.loss_cells import LossCells
from convcalc.engine.loss_kinds import LEAST_LOG, LossKind
from convcalc.engine.shapes import place_in
from convcalc.engine.step import LossGradientStep, LossTerm
from convcalc.errors import InputError


@dataclass(eq=False, repr=False)
class Loss(LossCells):
    """A loss ready to be asked for its `terms` (one a cell, or of a cross-entropy one an item) and its `output`."""

    kind: LossKind
    reduction: Reduction
    shape_given: tuple[int, ...]
    """The input's shape, as it was given; of classes for each place of a map its channels are the classes."""

    @CachedProperty
    def logs(self) -> Array | None:
        """The logarithms that a cross-entropy weighs: ln p of each cell; of bce ln p and ln(1 − p), (2, …)."""
        return self.kind.record.logs(self)

    @property
    def seems_probable(self) -> bool:
        """Whether every row of a cross-entropy's input looks like probabilities: between 0 and 1, adding to 1."""
        cells = as_floats(self.input, FLOAT64)
        return bool((cells >= 0).all() and np.allclose(cells.sum(axis=-1), 1, atol=1e-6))

    @property
    def target_adds_up(self) -> bool:
        """Whether the probabilities that are the target add to 1 in each row."""
        if self.by_class:
            return self.weights is None and self.ignored is None
        return self.weights is None and bool(np.allclose(as_floats(self.target, FLOAT64).sum(axis=-1), 1, atol=1e-6))

    @property
    def clamps(self) -> bool:
        """Whether a term of bce has a logarithm that is taken for -100."""
        target = as_floats(self.target, FLOAT64)
        if self.logits or self.kind.record.by_row or self.logs is None:
            return False
        log_p, log_rest = self.logs
        return bool((((log_p <= LEAST_LOG) & (target > 0)) | ((log_rest <= LEAST_LOG) & (target < 1))).any())

    @CachedProperty
    def terms(self) -> Array:
        """One term a cell, of the input's shape; of a cross-entropy one a row, (items)."""
        if self._exact_terms is not None:
            shape = self.target.shape if self.kind.record.rows_are_rational else self.input.shape
            return self._settled(self._exact_terms).reshape(shape)
        return self.kind.record.terms(self, self.logs)

    @CachedProperty
    def _exact_terms(self) -> list[int | Fraction] | None:
        """The terms before they are rounded, where they are exact and few enough to be."""
        if self.kind.record.rows_are_rational:
            rows = zip(self.input, self.target.tolist(), strict=True)
            return [
                self.weight_of(index)
                and self.weight_of(index) * self.kind.record.row_exactly([exact(x) for x in row], at, self.parameters)
                for index, (row, at) in enumerate(rows)
            ]
        if not self.kind.record.is_rational:
            return None
        if self.input.size > LARGEST_EXACT and float_kind(self.input, self.target) is not None:
            return None
        pairs = zip(self.input.ravel(), self.target.ravel(), strict=True)
        return [self.kind.record.exactly(exact(x), exact(t), *self.parameters) for x, t in pairs]

    def _settled(self, values: list[int | Fraction]) -> Array:
        kind = float_kind(self.input, self.target, *([] if self.weights is None else [self.weights]))
        return as_answer(values, (len(values),), kind)

    @CachedProperty
    def total(self) -> Any:
        """The sum of the terms; a Decimal beyond what floats hold."""
        if self.terms.dtype.kind == "f":
            return to_float_or_decimal(self._sum())
        return shown_number(self._sum(), as_float=False)

    def _sum(self) -> int | Fraction:
        if self._exact_terms is not None:
            return sum(self._exact_terms, Fraction(0))
        if self.terms.size > LARGEST_EXACT and self.terms.dtype.kind == "f":
            return exact(math.fsum(self.terms.ravel()))
        return sum((exact(term) for term in self.terms.ravel()), Fraction(0))

    @CachedProperty
    def output(self) -> Array:
        """The answer: the mean or the sum of the terms, (1), or the terms themselves."""
        if self.reduction is Reduction.NONE:
            return self.terms.reshape(self.places)
        value = Fraction(self._sum()) / self.divisor
        if self.terms.dtype.kind == "f":
            return np.array([rounded_result(value, self.terms.dtype)], self.terms.dtype)
        return integers_or_fractions([value])

    @property
    def has_classes(self) -> bool:
        """Whether each row's target is one class, of which nothing is spread over the others."""
        return self.by_class and not self.smoothing

    @CachedProperty
    def targets(self) -> Array:
        """The target of each cell, weighed; of a class 1 for it and 0 for the others, where none is spread."""
        if self.by_class:
            return self.class_targets
        return self.target if self.weights is None else as_grid(self.target * self.weights)

    @CachedProperty
    def divisor(self) -> int | Fraction:
        """What a mean divides by: how many terms there are, or of classes the sum of their weights; of a sum 1."""
        if self.reduction is not Reduction.MEAN:
            return 1
        if not self.by_class:
            return int(self.terms.size)
        if self.weights is None:
            return int(np.count_nonzero(self.target != self.ignored)) if self.ignored is not None else len(self.target)
        total = Fraction(sum(self.weight_of(index) for index in range(len(self.target))))
        return int(total) if total.denominator == 1 else total

    @property
    def places(self) -> tuple[int, ...]:
        """The shape of the terms as they are given: of classes for each place of a map, items and places."""
        if self.kind.record.by_row and len(self.shape_given) > 2:
            items = self.shape_given[:-3]
            return (*items, *self.shape_given[-2:])
        return self.terms.shape

    def rows_of(self, grid: Array) -> Array:
        """Return a grid of the input's shape in the rows in which it is worked."""
        if self.kind.record.by_row and len(self.shape_given) > 2:
            grid = np.moveaxis(grid.reshape(self.shape_given), -3, -1)
        return grid.reshape(self.input.shape)

    def like_the_input(self, cells: Array) -> Array:
        """Return a number for each cell, (rows, classes), with the shape in which the input was given."""
        if self.kind.record.by_row and len(self.shape_given) > 2:
            *items, classes, height, width = self.shape_given
            return np.moveaxis(cells.reshape(*items, height, width, classes), -1, -3)
        return cells.reshape(self.shape_given)

    def term(self, index: int) -> LossTerm:
        """Return the working of one term, counted from 0 in the order of the cells.

        >>> from convcalc.engine.losses import loss
        >>> loss([2, 1], [5, 1], "mse").term(0).value
        9
        """
        if not 0 <= index < self.terms.size:
            raise InputError(f"there is no term {index}", hint=f"the last is {self.terms.size - 1}")
        value = self.terms.ravel()[index]
        record = self.kind.record
        chances = record.chances(self, index)
        if record.by_row:
            at: tuple[int, ...] = (index,)
            cells = list(self.input[index])
            target = [self.target[index]] if self.has_classes else list(self.targets[index])
            log_row = None if self.logs is None else self.logs[index]
        else:
            at = tuple(int(i) for i in np.unravel_index(index, self.input.shape))
            cells, target = [self.input[at]], [self.target[at]]
            log_row = None if self.logs is None else self.logs.reshape(2, -1)[:, index]
        logs = [] if log_row is None else [float(log) for log in log_row]
        if self.logits:
            chances = [p or exponential(log) for p, log in zip(chances, logs, strict=True)]
        return LossTerm(
            index + 1,
            at,
            tuple(as_shown(cell) for cell in cells),
            tuple(as_shown(cell) for cell in target),
            tuple(chance if isinstance(chance, Decimal) else as_shown(chance) for chance in chances),
            tuple(logs),
            as_shown(value),
            -math.expm1(logs[int(target[0])]) if self.has_classes and logs and self.weight_of(index) else 0,
            as_shown(as_grid([self.weight_of(index)])[0]) if record.by_row else 1,
            tuple(as_shown(as_grid([value])[0]) for value in self.parameters),
            self._margins(index),
        )

    def _margins(self, index: int) -> tuple[Any, ...]:
        if not self.kind.record.rows_are_rational or not self.weight_of(index):
            return ()
        row = [exact(cell) for cell in self.input[index]]
        margins = self.kind.record.margins(row, int(self.target[index]), self.parameters)
        return tuple(shown_number(margin, as_float=float_kind(self.input) is not None) for margin in margins)

    def backward(self) -> "LossGradient":
        """Return the gradient of the input; nothing comes from behind a loss.

        >>> from convcalc.engine.losses import loss
        >>> loss([1, 2], [3, 5], "mse").backward().output.tolist()
        [-2, -3]
        """
        return LossGradient(self)


@dataclass(eq=False, repr=False)
class LossGradient:
    """The gradient of a loss's input: the derivative of each term, over how many terms the mean is of."""

    forward: Loss

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The input's shape as items, channels, rows, columns."""
        full = (1,) * (4 - len(self.forward.shape_given)) + self.forward.shape_given
        return full[0], full[1], full[2], full[3]

    @property
    def divisor(self) -> int | Fraction:
        """What the mean divides by; of a sum 1."""
        return self.forward.divisor

    @CachedProperty
    def targets(self) -> Array:
        """The target of each cell; of a class, 1 for it and 0 for the others."""
        return self.forward.targets

    @CachedProperty
    def slopes(self) -> Array:
        """The derivative of each term with respect to its cells: exact where no exponential is taken."""
        loss, record = self.forward, self.forward.kind.record
        if loss.logits:
            return record.slopes(loss, loss.logs)
        if record.rows_are_rational:
            values: list[Any] = []
            for index, (row, target) in enumerate(zip(loss.input, loss.target.tolist(), strict=True)):
                weight = loss.weight_of(index)
                cells = [exact(cell) for cell in row]
                slopes = record.row_slopes(cells, target, loss.parameters) if weight else [0] * len(cells)
                values += [weight * slope for slope in slopes]
            return integers_or_fractions(values).reshape(loss.input.shape)
        if record.is_rational and loss.input.size > LARGEST_EXACT and float_kind(loss.input, self.targets) is not None:
            grids = as_floats(loss.input, FLOAT64), as_floats(self.targets, FLOAT64)
            return np.asarray(record.slope_exactly(*grids, *map(to_float, loss.parameters)), FLOAT64)
        pairs = zip(loss.input.flat, self.targets.flat, strict=True)
        values = [record.slope_exactly(exact(x), exact(t), *loss.parameters) for x, t in pairs]
        return integers_or_fractions(values).reshape(loss.input.shape)

    @CachedProperty
    def output(self) -> Array:
        """The gradient of the input, with as many axes as it was given with."""
        dtype = float_kind(self.forward.input, self.targets)
        if self.slopes.dtype.kind == "f":
            floats = rounded(self.slopes / float(self.divisor) + 0.0, dtype or FLOAT64)
            return self.forward.like_the_input(floats)
        divisor = Fraction(self.divisor)
        quotients = [exact(slope) / divisor for slope in self.slopes.flat]
        return self.forward.like_the_input(as_answer(quotients, self.slopes.shape, dtype))

    @CachedProperty
    def chances(self) -> Array:
        """The probability each cell stands for; of a loss without any, the cells."""
        loss = self.forward
        if not loss.logits or loss.logs is None:
            return loss.input
        return np.exp(loss.logs if loss.kind.record.by_row else loss.logs[0])

    def step(self, at: Sequence[int], number: int = 1) -> LossGradientStep:
        """Return the working of one cell, `at` being ([item,] [channel,] row, column)."""
        place = place_in(self.shape, at)
        forward = self.forward
        grids = (forward.input, self.targets, self.chances, self.slopes)
        shaped = [*map(forward.like_the_input, grids), self.output]
        cell, target, chance, slope, value = (as_shown(grid.reshape(self.shape)[place]) for grid in shaped)
        is_exact = self.slopes.dtype.kind != "f"
        total: Any = 1
        if not forward.target_adds_up and forward.kind.record.by_row:
            sums = np.repeat(self.targets.sum(axis=-1, keepdims=True), forward.input.shape[1], axis=1)
            total = as_shown(as_grid([forward.like_the_input(sums).reshape(self.shape)[place]])[0])
        parameters = tuple(as_shown(as_grid([value])[0]) for value in forward.parameters)
        margin = self._margin(place) if forward.kind.record.rows_are_rational and parameters else None
        weight = as_shown(as_grid([forward.weight_of(self._row_of(place)[0])])[0]) if forward.kind.record.by_row else 1
        return LossGradientStep(
            number, place, cell, target, chance, slope, value, is_exact, total, margin, parameters, weight
        )

    def _row_of(self, place: tuple[int, int, int, int]) -> tuple[int, int]:
        """Return the row of classes that a cell lies in, and its class."""
        forward = self.forward
        numbers = forward.like_the_input(np.arange(forward.input.size).reshape(forward.input.shape))
        row, column = divmod(int(numbers.reshape(self.shape)[place]), forward.input.shape[1])
        return row, column

    def _margin(self, place: tuple[int, int, int, int]) -> Any:
        """Return by how much a cell comes too near its row's target; None of the target itself."""
        forward = self.forward
        row, column = self._row_of(place)
        target = int(forward.target[row])
        if column == target or not forward.weight_of(row):
            return None
        gap = exact(forward.input[row, column]) - exact(forward.input[row, target]) + forward.parameters[0]
        return shown_number(gap, as_float=float_kind(forward.input) is not None)
