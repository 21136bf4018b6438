"""Losses: how far an output is from its target, term by term, by PyTorch's conventions.

Squared and absolute errors are exact; cross-entropies take logits (or, asked to, probabilities) and are worked from
the logarithm of the softmax or the sigmoid, so that large logits give right answers.
"""

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
    as_floats,
    as_shown,
    exact,
    float_kind,
    integers_or_fractions,
    rounded,
    rounded_result,
    shown_number,
    to_float_or_decimal,
)
from convcalc.engine.functions import exponential
from convcalc.engine.grids import as_grid, at_least_one, own_grid
from convcalc.engine.loss_cells import LossCells
from convcalc.engine.loss_kinds import LEAST_LOG, LossKind
from convcalc.engine.loss_record import Logits
from convcalc.engine.settings import choose
from convcalc.engine.shapes import place_in
from convcalc.engine.step import LossGradientStep, LossTerm
from convcalc.errors import InputError


@dataclass(eq=False, repr=False)
class Loss(LossCells):
    """A loss ready to be asked for its `terms` (one a cell, or of a cross-entropy one an item) and its `output`."""

    kind: LossKind
    reduction: Reduction
    input_dimensions: int

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
        return self.by_class or bool(np.allclose(as_floats(self.target, FLOAT64).sum(axis=-1), 1, atol=1e-6))

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
            return self._settled(self._exact_terms).reshape(self.input.shape)
        return self.kind.record.terms(self, self.logs)

    @CachedProperty
    def _exact_terms(self) -> list[int | Fraction] | None:
        """The terms before they are rounded, where they are exact and few enough to be."""
        if not self.kind.record.is_rational:
            return None
        if self.input.size > LARGEST_EXACT and float_kind(self.input, self.target) is not None:
            return None
        pairs = zip(self.input.ravel(), self.target.ravel(), strict=True)
        return [self.kind.record.exactly(exact(x), exact(t)) for x, t in pairs]

    def _settled(self, values: list[int | Fraction]) -> Array:
        kind = float_kind(self.input, self.target)
        if kind is None:
            return integers_or_fractions(values)
        return np.array([rounded_result(value, kind) for value in values], kind)

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
            return self.terms
        value = Fraction(self._sum()) / (self.terms.size if self.reduction is Reduction.MEAN else 1)
        if self.terms.dtype.kind == "f":
            return np.array([rounded_result(value, self.terms.dtype)], self.terms.dtype)
        return integers_or_fractions([value])

    def term(self, index: int) -> LossTerm:
        """Return the working of one term, counted from 0 in the order of the cells.

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
            target = [self.target[index]] if self.by_class else list(self.target[index])
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
            -math.expm1(logs[int(target[0])]) if self.by_class else 0,
        )

    def backward(self) -> "LossGradient":
        """Return the gradient of the input; nothing comes from behind a loss.

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
        full = (1,) * (4 - self.forward.input.ndim) + self.forward.input.shape
        return full[0], full[1], full[2], full[3]

    @property
    def divisor(self) -> int:
        """How many terms the mean is of; of a sum 1."""
        return self.forward.terms.size if self.forward.reduction is Reduction.MEAN else 1

    @CachedProperty
    def targets(self) -> Array:
        """The target of each cell; of a class, 1 for it and 0 for the others."""
        loss = self.forward
        return loss.target_of_each.astype(np.int64) if loss.by_class else loss.target

    @CachedProperty
    def slopes(self) -> Array:
        """The derivative of each term with respect to its cells: exact where no exponential is taken."""
        loss, record = self.forward, self.forward.kind.record
        if loss.logits:
            return record.slopes(loss, loss.logs)
        pairs = zip(loss.input.flat, self.targets.flat, strict=True)
        return integers_or_fractions(record.slope_exactly(exact(x), exact(t)) for x, t in pairs).reshape(
            loss.input.shape
        )

    @CachedProperty
    def output(self) -> Array:
        """The gradient of the input, with as many axes as it was given with."""
        dtype = float_kind(self.forward.input, self.targets)
        shape = self.slopes.shape if self.forward.input_dimensions > 1 else self.slopes.shape[-1:]
        if self.slopes.dtype.kind == "f":
            return rounded(self.slopes / self.divisor + 0.0, dtype or FLOAT64).reshape(shape)
        values = [Fraction(exact(slope)) / self.divisor for slope in self.slopes.flat]
        if dtype is None:
            return integers_or_fractions(values).reshape(shape)
        return np.array([rounded_result(value, dtype) for value in values], dtype).reshape(shape)

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
        grids = (self.forward.input, self.targets, self.chances, self.slopes, self.output)
        cell, target, chance, slope, value = (as_shown(grid.reshape(self.shape)[place]) for grid in grids)
        is_exact = self.slopes.dtype.kind != "f"
        row = self.targets.reshape(self.shape)[place[:-1]]
        total = 1 if self.forward.target_adds_up else as_shown(as_grid([sum(row)])[0])
        return LossGradientStep(number, place, cell, target, chance, slope, value, is_exact, total)


def loss(
    x: Any,
    target: Any,
    kind: LossKind | str = LossKind.MSE,
    *,
    reduction: Reduction | str = Reduction.MEAN,
    logits: bool | None = None,
) -> Loss:
    """Return the loss of an output against its target.

    - ``mse``, ``mae``: (x − t)² and |x − t| for each cell; the shapes are alike.
    - ``bce``: −(t·ln p + (1 − t)·ln(1 − p)) for each cell; the input holds p, or with `logits` sigmoid's argument.
    - ``cross-entropy``: −Σ t·ln p along each row (items, classes); the input holds logits, or without `logits`
      probabilities; the target is a class a row, counted from 0, or probabilities of the input's shape.

    Raises InputError where shapes, classes or probabilities do not fit.

    >>> round(loss([2, 1, 0.1], 0, "cross-entropy").output.item(), 4)
    0.417
    >>> loss([1, 2], [3, 5], "mse").output.tolist()
    [Fraction(13, 2)]
    """
    kind, reduction = choose(LossKind, kind), choose(Reduction, reduction)
    grid, wanted = own_grid(x), own_grid(at_least_one(target))
    record = kind.record
    if logits and record.logits is Logits.NEVER:
        raise InputError(f"{kind} takes no logits", hint="cross-entropy and bce do")
    holds_logits = logits is not False if record.logits is Logits.UNLESS_REFUSED else bool(logits)
    if record.by_row:
        return _by_row(kind, grid, wanted, reduction, logits=holds_logits)
    wanted = like(wanted, grid.shape)
    if record.of_probabilities:
        check_probabilities(wanted, "target")
        if not holds_logits:
            check_probabilities(grid, "input", hint="if these are logits, use --logits")
    return Loss(grid, wanted, holds_logits, kind, reduction, grid.ndim)


def like(target: Array, shape: tuple[int, ...]) -> Array:
    """Return a target of the input's shape; raise InputError if it has another."""
    if target.size != math.prod(shape) or (target.shape[-len(shape) :] != shape and target.size != 1):
        shapes = "×".join(map(str, target.shape)), "×".join(map(str, shape))
        raise InputError(f"the target is {shapes[0]}, but the input is {shapes[1]}", hint="give one target a cell")
    return target.reshape(shape)


def _by_row(kind: LossKind, grid: Array, wanted: Array, reduction: Reduction, *, logits: bool) -> Loss:
    rows = grid[None] if grid.ndim == 1 else grid
    if rows.ndim != 2:
        raise InputError(
            f"cross-entropy takes one row of classes an item, and the input is {'×'.join(map(str, grid.shape))}",
            hint="`convcalc flatten` makes a row of it",
        )
    items, classes = rows.shape
    if classes == 1:
        raise InputError(
            "cross-entropy needs at least 2 classes, and each row has 1",
            hint="a column of logits becomes a row by `convcalc flatten`",
        )
    if not logits:
        check_probabilities(rows, "input", hint="leave --probabilities out if these are logits")
    if wanted.size == rows.size and wanted.size != items and wanted.shape[-1] == classes:
        check_probabilities(wanted, "target")
        wanted = wanted.reshape(rows.shape)
        _check_possible(rows[wanted != 0], logits=logits)
        return Loss(rows, wanted, logits, kind, reduction, grid.ndim)
    if wanted.size != items:
        raise InputError(
            f"{items} row{'s' * (items != 1)} of {classes} classes cannot have a target of "
            f"{'×'.join(map(str, wanted.shape))}",
            hint=f"give a class for each row (0 to {classes - 1}), or a probability for each cell",
        )
    numbers = [exact(cell) for cell in wanted.ravel()]
    wrong = next((number for number in numbers if number.denominator != 1 or not 0 <= number < classes), None)
    if wrong is not None:
        raise InputError(
            f"there is no class {wrong}: {classes} classes are counted from 0",
            hint=f"the last is {classes - 1}; a probability for each class is a target too",
        )
    indices = np.array([int(number) for number in numbers])
    result = Loss(rows, indices, logits, kind, reduction, grid.ndim)
    _check_possible(result.input[np.arange(items), indices], logits=logits)
    return result


def _check_possible(probabilities: Array, *, logits: bool) -> None:
    """Raise InputError where what came true had no probability at all: its logarithm is infinite."""
    if not logits and (probabilities == 0).any():
        raise InputError(
            "a class that is the target has probability 0, so that its loss is infinite",
            hint="give the logits instead, without --probabilities",
        )


def check_probabilities(cells: Array, what: str, hint: str = "probabilities lie between 0 and 1") -> None:
    """Raise InputError where a cell is no probability."""
    wrong = np.argwhere((cells < 0) | (cells > 1))
    if len(wrong):
        at = tuple(int(index) for index in wrong[0])
        raise InputError(f"cell {list(at)} of the {what} is {cells[at]}, which is no probability", hint=hint)
