"""Losses: how far an output is from its target, term by term, by PyTorch's conventions.

Squared and absolute errors are exact; cross-entropies take logits (or, asked to, probabilities) and are worked from
the logarithm of the softmax or the sigmoid, so that large logits give right answers.
"""

import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from convcalc.choices import LossKind, Reduction
from convcalc.engine.activations import FLOAT64, Part, exponential
from convcalc.engine.exact import (
    LARGEST_EXACT,
    Array,
    as_floats,
    as_grid,
    exact,
    float_kind,
    integers_or_fractions,
    rounded,
    settle_number,
)
from convcalc.engine.shapes import choose
from convcalc.engine.softmax import Softmax, softmax
from convcalc.engine.step import Number
from convcalc.errors import InputError

LEAST_LOG = -100.0
"""What the logarithm of a probability of 0 is taken for, as PyTorch's BCELoss does."""


@dataclass(frozen=True, slots=True)
class LossTerm:
    """One term: the cell and its target, and for cross-entropies the probabilities and their logarithms.

    `at` is the cell's place, or the item's. Of a cross-entropy with a class, `target` is its number. The
    probabilities of bce are p and 1 − p.
    """

    number: int
    at: tuple[int, ...]
    cells: tuple[Number, ...]
    target: tuple[Number, ...]
    probabilities: tuple[Part, ...]
    logs: tuple[float, ...]
    value: Number


@dataclass(frozen=True)
class Loss:
    """A loss ready to be asked for its `terms` (one a cell, or of a cross-entropy one an item) and its `output`."""

    kind: LossKind
    input: Array
    target: Array
    reduction: Reduction
    logits: bool
    """Whether a cross-entropy's input are logits, rather than probabilities."""

    @property
    def by_class(self) -> bool:
        """Whether the target is a class a row, rather than a number a cell."""
        return self.kind is LossKind.CROSS_ENTROPY and self.target.ndim < self.input.ndim

    @cached_property
    def probabilities(self) -> Softmax:
        """The logarithm of the softmax of each row of logits."""
        return softmax(self.input, -1, log=True)

    @cached_property
    def logs(self) -> Array:
        """The logarithms that a cross-entropy weighs: ln p of each cell; of bce ln p and ln(1 − p), (2, …)."""
        cells = as_floats(self.input, FLOAT64)
        with np.errstate(divide="ignore"):
            if self.kind is LossKind.CROSS_ENTROPY:
                return as_floats(self.probabilities.output, FLOAT64) if self.logits else np.log(cells)
            if self.logits:
                both: Array = -np.logaddexp(0, np.stack([-cells, cells]))
                return both
            kept: Array = np.maximum(np.log(np.stack([cells, 1 - cells])), LEAST_LOG)
            return kept

    @cached_property
    def terms(self) -> Array:
        """One term a cell, of the input's shape; of a cross-entropy one a row, (items)."""
        if self.kind in (LossKind.MSE, LossKind.MAE):
            return self._distances()
        target = as_floats(self.target, FLOAT64)
        if self.kind is LossKind.BCE:
            log_p, log_rest = self.logs
            return as_grid(-(target * log_p + (1 - target) * log_rest) + 0.0)
        if self.by_class:
            return as_grid(-self.logs[np.arange(len(self.input)), self.target] + 0.0)
        weighed = np.where(target == 0, 0, target * np.where(target == 0, 0, self.logs))
        return as_grid(-weighed.sum(axis=-1) + 0.0)

    def _distances(self) -> Array:
        if self.input.size > LARGEST_EXACT and float_kind(self.input, self.target) is not None:
            gap = as_floats(self.input, FLOAT64) - as_floats(self.target, FLOAT64)
            return rounded(gap * gap if self.kind is LossKind.MSE else np.abs(gap), FLOAT64)
        pairs = zip(self.input.ravel().tolist(), self.target.ravel().tolist(), strict=True)
        gaps: list[Any] = [exact(x) - exact(t) for x, t in pairs]
        powers: list[int | Fraction] = [gap * gap if self.kind is LossKind.MSE else abs(gap) for gap in gaps]
        return self._settled(powers).reshape(self.input.shape)

    def _settled(self, values: list[int | Fraction]) -> Array:
        if float_kind(self.input, self.target) is None:
            return integers_or_fractions(values)
        return np.array([settle_number(value, as_float=True) for value in values])

    @cached_property
    def total(self) -> Number:
        """The sum of the terms."""
        return settle_number(self._sum(), as_float=self.terms.dtype.kind == "f")

    def _sum(self) -> int | Fraction:
        if self.terms.size > LARGEST_EXACT and self.terms.dtype.kind == "f":
            return exact(math.fsum(self.terms.ravel()))
        return sum((exact(term) for term in self.terms.ravel().tolist()), Fraction(0))

    @cached_property
    def output(self) -> Array:
        """The answer: the mean or the sum of the terms, (1), or the terms themselves."""
        if self.reduction is Reduction.NONE:
            return self.terms
        value = Fraction(self._sum()) / (self.terms.size if self.reduction is Reduction.MEAN else 1)
        as_float = self.terms.dtype.kind == "f"
        return as_grid([settle_number(value, as_float=as_float)])

    def term(self, index: int) -> LossTerm:
        """Return the working of one term, counted from 0 in the order of the cells.

        >>> loss([2, 1], [5, 1], "mse").term(0).value
        9
        """
        value = self.terms.ravel()[index]
        if self.kind is not LossKind.CROSS_ENTROPY:
            at = tuple(int(i) for i in np.unravel_index(index, self.input.shape))
            cells, target, logs = [self.input[at]], [self.target[at]], []
            chances: list[Part] = []
            if self.kind is LossKind.BCE:
                logs = [float(log) for log in self.logs.reshape(2, -1)[:, index]]
                as_float = float_kind(self.input) is not None
                p = exact(self.input[at])
                chances = [settle_number(chance, as_float=as_float) for chance in (p, 1 - p)]
        else:
            at = (index,)
            cells = list(self.input[index])
            target = [self.target[index]] if self.by_class else list(self.target[index])
            logs, chances = [float(log) for log in self.logs[index]], list(cells)
        if self.logits:
            chances = [exponential(log) for log in logs]
        return LossTerm(
            index + 1,
            at,
            tuple(_plain(cell) for cell in cells),
            tuple(_plain(cell) for cell in target),
            tuple(map(_plain, chances)),
            tuple(logs),
            _plain(value),
        )


def _plain(cell: Any) -> Any:
    if isinstance(cell, Decimal):
        return cell
    return settle_number(exact(cell), as_float=isinstance(cell, float | np.floating))


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
    grid, wanted = as_grid(x), as_grid([target] if np.ndim(target) == 0 else target)
    if kind is LossKind.CROSS_ENTROPY:
        return _cross_entropy(grid, wanted, reduction, logits=logits is not False)
    if logits and kind is not LossKind.BCE:
        raise InputError(f"{kind} takes no logits", hint="cross-entropy and bce do")
    wanted = like(wanted, grid.shape)
    if kind is LossKind.BCE:
        _check_probabilities(wanted, "target")
        if not logits:
            _check_probabilities(grid, "input", hint="if these are logits, use --logits")
    return Loss(kind, grid, wanted, reduction, bool(logits))


def like(target: Array, shape: tuple[int, ...]) -> Array:
    """Return a target of the input's shape; raise InputError if it has another."""
    if target.size != math.prod(shape) or (target.shape[-len(shape) :] != shape and target.size != 1):
        said = "×".join(map(str, target.shape)), "×".join(map(str, shape))
        raise InputError(f"the target is {said[0]}, but the input is {said[1]}", hint="give one target a cell")
    return target.reshape(shape)


def _cross_entropy(grid: Array, wanted: Array, reduction: Reduction, *, logits: bool) -> Loss:
    rows = grid[None] if grid.ndim == 1 else grid
    if rows.ndim != 2:
        raise InputError(
            f"cross-entropy takes one row of classes an item, and the input is {'×'.join(map(str, grid.shape))}",
            hint="`convcalc flatten` makes a row of it",
        )
    items, classes = rows.shape
    if not logits:
        _check_probabilities(rows, "input", hint="leave --probabilities out if these are logits")
    if wanted.size == rows.size and wanted.size != items and wanted.shape[-1] == classes:
        _check_probabilities(wanted, "target")
        wanted = wanted.reshape(rows.shape)
        _check_possible(rows[wanted != 0], logits=logits)
        return Loss(LossKind.CROSS_ENTROPY, rows, wanted, reduction, logits)
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
    result = Loss(LossKind.CROSS_ENTROPY, rows, indices, reduction, logits)
    _check_possible(result.input[np.arange(items), indices], logits=logits)
    return result


def _check_possible(probabilities: Array, *, logits: bool) -> None:
    """Raise InputError where what came true had no probability at all: its logarithm is infinite."""
    if not logits and (probabilities == 0).any():
        raise InputError(
            "a class that is the target has probability 0, so that its loss is infinite",
            hint="give the logits instead, without --probabilities",
        )


def _check_probabilities(cells: Array, what: str, hint: str = "probabilities lie between 0 and 1") -> None:
    wrong = np.argwhere((cells < 0) | (cells > 1))
    if len(wrong):
        at = tuple(int(index) for index in wrong[0])
        raise InputError(f"cell {list(at)} of the {what} is {cells[at]}, which is no probability", hint=hint)
