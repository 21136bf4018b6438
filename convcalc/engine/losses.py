"""Losses: how far an output is from its target, term by term, by PyTorch's conventions.

Squared and absolute errors are exact; cross-entropies take logits (or, asked to, probabilities) and are worked from
the logarithm of the softmax or the sigmoid, so that large logits give right answers.
"""

import math
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from convcalc.choices import Reduction
from convcalc.engine.exact import (
    Array,
    exact,
)
from convcalc.engine.grids import as_grid, at_least_one, own_grid
from convcalc.engine.loss_kinds import LossKind
from convcalc.engine.loss_record import Logits
from convcalc.engine.loss_terms import Loss
from convcalc.engine.settings import choose
from convcalc.engine.shapes import is_like
from convcalc.errors import InputError


def loss(
    x: Any,
    target: Any,
    kind: LossKind | str = LossKind.MSE,
    *,
    reduction: Reduction | str = Reduction.MEAN,
    logits: bool | None = None,
    parameter: Any = None,
    class_weights: Any = None,
    ignore_index: int | None = None,
    smoothing: Any = 0,
) -> Loss:
    """Return the loss of an output against its target.

    - ``mse``, ``mae``: (x − t)² and |x − t| for each cell; the shapes are alike.
    - ``bce``: −(t·ln p + (1 − t)·ln(1 − p)) for each cell; the input holds p, or with `logits` sigmoid's argument.
    - ``cross-entropy``: −Σ t·ln p along each row (items, classes); the input holds logits, or without `logits`
      probabilities; the target is a class a row, counted from 0, or probabilities of the input's shape.

    - ``huber``: (x − t)²/2 up to delta, which `parameter` is (1), and straight on from there.
    - ``nll``: −x[target], of the logarithms of probabilities.
    - ``hinge``: Σ max(0, s − s[target] + margin) over the other classes; `parameter` is the margin (1).

    Where the target is a class, terms may be weighed by `class_weights`, whose sum a mean then divides by, rows of the
    class `ignore_index` left out, and a share `smoothing` of a target spread over all classes: as PyTorch does. Classes
    may be the channels of a map (C, H, W) or (N, C, H, W), with a target for each place.

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
    parameters = _parameters(kind, parameter)
    if record.by_row:
        share = Fraction(exact(as_grid([smoothing])[0]))
        _check_classes(kind, class_weights, ignore_index, share)
        weights = None if class_weights is None else own_grid(at_least_one(class_weights)).ravel()
        classes = Classes(weights, ignore_index, share)
        return _by_row(kind, grid, wanted, reduction, parameters, classes, logits=holds_logits)
    if class_weights is not None or ignore_index is not None or smoothing:
        raise InputError(f"{kind} has no classes to weigh, ignore or smooth", hint="cross-entropy does")
    wanted = like(wanted, grid.shape)
    if record.of_probabilities:
        check_probabilities(wanted, "target")
        if not holds_logits:
            check_probabilities(grid, "input", hint="if these are logits, use --logits")
    return Loss(grid, wanted, holds_logits, parameters, None, None, Fraction(0), kind, reduction, grid.shape)


def _parameters(kind: LossKind, value: Any) -> tuple[int | Fraction, ...]:
    known = kind.record.parameters
    if value is not None and not known:
        raise InputError(f"{kind} has no parameter", hint="leave it out")
    if not known:
        return ()
    number = Fraction(known[0].default) if value is None else exact(as_grid([value])[0])
    if number <= 0:
        raise InputError(f"the {known[0].name} is {value}", hint="it must be larger than 0")
    return (number,)


class Classes(NamedTuple):
    """How classes count: their weights, the one that is ignored, the share that is spread."""

    weights: Array | None
    ignored: int | None
    smoothing: Fraction


def _check_classes(kind: LossKind, weights: Any, ignored: int | None, smoothing: Fraction) -> None:
    record = kind.record
    if (weights is not None or ignored is not None) and not record.takes_classes:
        raise InputError(f"{kind} has no classes to weigh or ignore", hint="cross-entropy, nll and hinge do")
    if smoothing and not record.smooths:
        raise InputError(f"the labels of {kind} are not smoothed", hint="those of cross-entropy are")
    if not 0 <= smoothing <= 1:
        raise InputError(f"the smoothing is {smoothing}", hint="from 0 to 1, as in 0.1")


def like(target: Array, shape: tuple[int, ...]) -> Array:
    """Return a target of the input's shape; raise InputError if it has another."""
    if target.size != math.prod(shape) or (target.shape[-len(shape) :] != shape and target.size != 1):
        shapes = "×".join(map(str, target.shape)), "×".join(map(str, shape))
        raise InputError(f"the target is {shapes[0]}, but the input is {shapes[1]}", hint="give one target a cell")
    return target.reshape(shape)


def _by_row(
    kind: LossKind,
    grid: Array,
    wanted: Array,
    reduction: Reduction,
    parameters: tuple[int | Fraction, ...],
    how: Classes,
    *,
    logits: bool,
) -> Loss:
    rows = grid[None] if grid.ndim == 1 else grid
    if rows.ndim > 2:  # the classes are channels, and every place has a target
        if grid.size == wanted.size and grid.size != grid[..., :1, :, :].size:
            wanted = np.moveaxis(wanted.reshape(grid.shape), -3, -1)
        rows = np.moveaxis(grid, -3, -1).reshape(-1, grid.shape[-3])
    items, classes = rows.shape
    if classes == 1:
        what = "the input has 1 channel" if grid.ndim > 2 else "each row has 1"
        raise InputError(
            f"{kind} needs at least 2 classes, and {what}",
            hint="a column of logits becomes a row by `convcalc flatten`",
        )
    if how.weights is not None and how.weights.size != classes:
        raise InputError(f"there are {classes} classes, and {how.weights.size} weights", hint="one weight a class")
    if how.weights is not None and (how.weights < 0).any():
        raise InputError(f"a class's weight is {how.weights.min()}", hint="0 at least")
    if not logits and kind.record.logits is not Logits.NEVER:
        check_probabilities(rows, "input", hint="leave --probabilities out if these are logits")
    if wanted.size == rows.size and wanted.size != items and wanted.shape[-1] == classes:
        if kind.record.rows_are_rational or how.ignored is not None:
            raise InputError(f"{kind} takes a class for each row here", hint=f"from 0 to {classes - 1}, as in -t 0")
        if how.smoothing:
            share = how.smoothing / classes
            spread = [exact(cell) * (1 - how.smoothing) + share for cell in wanted.ravel()]
            wanted = as_grid(np.array(spread, dtype=object).reshape(wanted.shape))
        check_probabilities(wanted, "target")
        wanted = wanted.reshape(rows.shape)
        _check_possible(rows[wanted != 0], logits=logits)
        spread_out = (how.weights, None, Fraction(0))
        return Loss(rows, wanted, logits, parameters, *spread_out, kind, reduction, grid.shape)
    if wanted.size != items:
        what = "place" if grid.ndim > 2 else "row"
        raise InputError(
            f"{items} {what}{'s' * (items != 1)} of {classes} classes cannot have a target of "
            f"{'×'.join(map(str, wanted.shape))}",
            hint=f"give a class for each {what} (0 to {classes - 1}), or a probability for each cell",
        )
    places = (*grid.shape[:-3], *grid.shape[-2:]) if grid.ndim > 2 else (items,)
    if grid.ndim > 2 and not is_like(wanted.shape, places):
        shapes = "×".join(map(str, wanted.shape)), "×".join(map(str, places))
        raise InputError(f"the target is {shapes[0]}, and the places are {shapes[1]}", hint="rows come before columns")
    numbers = [exact(cell) for cell in wanted.ravel()]
    wrong = next(
        (
            number
            for number in numbers
            if number != how.ignored and (number.denominator != 1 or not 0 <= number < classes)
        ),
        None,
    )
    if wrong is not None:
        raise InputError(
            f"there is no class {wrong}: {classes} classes are counted from 0",
            hint=f"the last is {classes - 1}; a probability for each class is a target too",
        )
    indices = np.array([int(number) for number in numbers])
    result = Loss(rows, indices, logits, parameters, *how, kind, reduction, grid.shape)
    if reduction is Reduction.MEAN and result.divisor == 0:
        raise InputError("no row is left to take the mean of: all are ignored, or weigh 0", hint="--reduction sum")
    counted = indices != how.ignored if how.ignored is not None else np.full(items, True)
    if kind.record.logits is not Logits.NEVER:
        possible = (
            result.input[result.class_targets != 0]
            if how.smoothing
            else result.input[np.arange(items)[counted], indices[counted]]
        )
        _check_possible(possible, logits=logits)
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
