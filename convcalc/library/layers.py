"""The other operations: activations, softmax, linear layers, losses, norms, attention, and what joins grids."""

import inspect
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from convcalc.engine import dense, gathering, norms
from convcalc.engine import softmax as softmaxes
from convcalc.engine.activation_kinds import ActivationKind
from convcalc.engine.activations import activate as activated
from convcalc.engine.attention import attention as attended
from convcalc.engine.loss_kinds import LossKind
from convcalc.engine.losses import loss as measured
from convcalc.engine.norm_kinds import EPS
from convcalc.engine.settings import Pair, choose, whole_numbers
from convcalc.errors import InputError
from convcalc.library.calls import reading, understands
from convcalc.library.grids import of_planes, taken, taken_input, taken_row
from convcalc.library.results import Result


@understands
def activate(x: Any, kind: str, *parameters: Any, **named: Any) -> Result:
    """Apply an activation to every cell of a grid of any shape.

    `kind` is "relu", "leaky-relu", "sigmoid", "gelu" and so on. Each has a function of its own, too: ``relu(x)``. A
    parameter has its name or its place: ``activate(x, "elu", alpha=2)``. Functions of straight pieces are exact, the
    others float64 (float32 of float32). Raises InputError for another parameter.

    >>> activate([[-5, 8]], "relu").tolist(), activate([-5], "leaky-relu", negative_slope=0.2).tolist()
    ([[0, 8]], [-1])
    """
    if not isinstance(kind, str):
        raise TypeError(f"activate() takes its kind second: activate(x, 'relu'), not {kind!r}")
    function = choose(ActivationKind, kind.lower().replace("_", "-"))
    known = [one.name for one in function.record.parameters]
    values = dict(zip(known, parameters, strict=False))
    if len(parameters) > len(known):
        raise TypeError(f"{function} takes {len(known)} parameters, not {len(parameters)}")
    also = {"negative_slope": "slope", "weight": "weight", "lambd": "lambda"}
    for name, value in named.items():
        own = name if name in known else also.get(name, name)
        own = "slope" if own == "alpha" and "slope" in known else own
        if own not in known and not (own == "slope" and "alpha" in known):
            raise TypeError(f"{function} has no parameter {name!r}: {', '.join(known) or 'it has none'}")
        if own in values:
            raise TypeError(f"{function} got {own!r} twice")
        values[own] = value
    missing = [name for name in known if name not in values]
    if values and missing:
        raise TypeError(f"{function} takes {' and '.join(known)} together: {missing[0]} is missing")
    if function.record.learns and known[0] in values:
        values[known[0]] = taken_row(values[known[0]], known[0])
    made = activated(taken(x, "input"), function, *(values.get(name) for name in known))
    return reading(Result(made), input=made.input)


class Default(str):
    """A parameter's default, as it is written."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def activation(word: str) -> Callable[..., Result]:
    """Return the function of an activation, by the name that Python has for it, as `leaky_relu`."""
    kind = ActivationKind(word.replace("_", "-"))
    record = kind.record
    parameters = "".join(f"\n    `{one.name}`: {one.help}" for one in record.parameters)

    def function(x: Any = None, *parameters: Any, **named: Any) -> Result:
        x = named.pop("input") if x is None and "input" in named else x
        result = activate(x, kind.value, *parameters, **named)
        result.remember(kind.value, named)
        return result

    function.__name__ = function.__qualname__ = word
    given = [inspect.Parameter("x", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    kinds = inspect.Parameter.POSITIONAL_OR_KEYWORD
    given += [inspect.Parameter(one.name, kinds, default=Default(one.default)) for one in record.parameters]
    vars(function)["__signature__"] = inspect.Signature(given, return_annotation=Result)
    function.__doc__ = f"""{record.summary}

    Every cell of a grid of any shape is worked by itself: f(x) = {record.formula}.{parameters}
    """
    return function


def __getattr__(name: str) -> Callable[..., Result]:
    if name.replace("_", "-") not in list(ActivationKind) or "-" in name:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return activation(name)


@understands
def softmax(x: Any, axis: int | None = None) -> Result:
    """Turn logits into probabilities that add to 1: e^x / Σ e^x along an axis of a grid of any shape, as floats.

    Without an `axis` it is the last one that is longer than 1. Raises InputError where there is no such axis.

    >>> softmax([1000, 1000]).tolist(), softmax([[1, 1], [1, 1]], dim=0).shape
    ([0.5, 0.5], (2, 2))
    """
    grid = taken(x, "input")
    return reading(Result(softmaxes.softmax(grid, axis)), input=grid)


@understands
def log_softmax(x: Any, axis: int | None = None) -> Result:
    """Take the logarithm of the softmax, x − ln Σ e^x, along an axis of a grid of any shape, as floats.

    >>> log_softmax([0, 0]).float().round(4).tolist()
    [-0.6931, -0.6931]
    """
    grid = taken(x, "input")
    return reading(Result(softmaxes.softmax(grid, axis, log=True)), input=grid)


@understands
def linear(x: Any, weights: Any, bias: Any = None, *, transpose: bool = False) -> Result:
    """Multiply inputs (in) or (items, in) by weights (out, in), and add a bias (out): PyTorch's x·Wᵀ + b.

    With `transpose` the weights are (in, out), as Keras has them. A column (in, 1) gives a column. Integers and
    Fractions stay exact, decimals are rounded once. Raises InputError where the numbers disagree.

    >>> linear([2, 1], [[1, -1], [3, 0], [0, 5]], [1, 0, 0]).tolist()
    [2, 6, 5]
    """
    grid, matrix = taken(x, "input"), taken(weights, "weights")
    biases = taken_row(bias, "bias")
    return reading(
        Result(dense.linear(grid, matrix, biases, transpose=transpose)), input=grid, weights=matrix, bias=biases
    )


@understands
def flatten(x: Any) -> Result:
    """Flatten a grid to one row, row by row and channel after channel, a batch (N, C, H, W) to (N, C·H·W).

    >>> flatten([[[6, 8], [3, 4]], [[1, 2], [0, 5]]]).tolist()
    [6, 8, 3, 4, 1, 2, 0, 5]
    """
    grid = taken(x, "input")
    return reading(Result(dense.Flattened(grid, dense.flatten(grid))), input=grid)


LOSSES = {
    "l2": "mse", "l1": "mae", "binary-cross-entropy": "bce", "crossentropy": "cross-entropy",
    "mean-squared-error": "mse", "mean-absolute-error": "mae", "categorical-crossentropy": "cross-entropy",
}  # fmt: skip
"""What other libraries call a loss, beside the words that its record has."""


@understands
def loss(
    x: Any,
    target: Any,
    kind: str,
    *,
    reduction: str = "mean",
    logits: bool | None = None,
    delta: Any = None,
    margin: Any = None,
    class_weights: Any = None,
    ignore_index: int | None = None,
    smoothing: Any = 0,
) -> Result:
    """Measure how far an output is from its target: every term, then their mean; `kind` says how.

    "mse", "mae", "huber" (of `delta`), "bce" (of probabilities, or with `logits` of logits), "cross-entropy" (of
    logits, unless `logits` is False), "nll" or "hinge" (of `margin`). `x` and `target` are of one shape; of classes the
    target is one a row, counted from 0. `reduction` is "mean", "sum" or "none". The result has one number, or one a
    term. Raises InputError where shapes, classes or probabilities do not fit.

    >>> loss([1, 2], [3, 5], "mse").tolist(), float(loss([2, 1, 0.1], 0, "cross-entropy").float().round(3)[0])
    ([Fraction(13, 2)], 0.417)
    """
    if not isinstance(kind, str):
        raise TypeError(f"loss() takes its kind third: loss(x, target, 'mse'), not {kind!r}")
    word = kind.lower().replace("_", "-").removesuffix("-loss")
    also = {other: one.value for one in LossKind for other in one.record.other_words}
    if word == "smooth-l1":
        fault = "smooth-l1 with beta is huber with delta=beta, divided by beta"
        raise InputError(fault, hint="with beta=1 it is huber")
    which = choose(LossKind, also.get(word, LOSSES.get(word, word)))
    given = {name: value for name, value in (("delta", delta), ("margin", margin)) if value is not None}
    known = [one.name for one in which.record.parameters]
    if other := next((name for name in given if name not in known), None):
        raise InputError(f"{which} has no {other}", hint="delta goes with huber, margin with hinge")
    made = measured(
        taken(x, "input"),
        taken_row(target, "target"),
        which,
        reduction=reduction,
        logits=logits,
        parameter=next(iter(given.values()), None),
        class_weights=taken_row(class_weights, "class weights"),
        ignore_index=ignore_index,
        smoothing=smoothing,
    )
    return reading(Result(made), input=made.input, target=made.target)


@understands
def batch_norm(
    x: Any,
    running_mean: Any = None,
    running_var: Any = None,
    gamma: Any = None,
    beta: Any = None,
    *,
    eps: Any = EPS,
    by_column: bool = False,
) -> Result:
    """Normalise each channel of (H, W), (C, H, W) or (N, C, H, W): its cells less their mean, over their deviation.

    With `by_column` the columns of (items, features) are. In training the mean and variance are the batch's; with
    `running_mean` and `running_var` those. `gamma` and `beta` are one number for each channel, or one. Exact where the
    root is rational, else floats. Raises InputError where numbers disagree.

    >>> batch_norm([1, 3, 1, 3], eps=0).tolist()
    [-1, 1, -1, 1]
    """
    grid = taken_input(x)
    if (running_mean is None) is not (running_var is None):
        raise InputError("a mean goes with a variance", hint="give running_mean and running_var, or neither")
    running = None if running_mean is None else (taken_row(running_mean, "mean"), taken_row(running_var, "variance"))
    made = norms.batch_norm(
        grid,
        running=running,
        gamma=taken_row(gamma, "gamma"),
        beta=taken_row(beta, "beta"),
        eps=eps,
        by_column=by_column,
    )
    return reading(Result(made), input=grid, gamma=made.gamma, beta=made.beta)


@understands
def layer_norm(
    x: Any, normalized_shape: Pair | None = None, gamma: Any = None, beta: Any = None, *, eps: Any = EPS
) -> Result:
    """Normalise the last axes of a grid, each by its own mean and variance.

    `normalized_shape` is their lengths, as PyTorch has it; without it each row of (H, W) is normalised, and the whole
    of each item of (C, H, W) or (N, C, H, W). `gamma` and `beta` have the shape of those axes, or are one number.

    >>> layer_norm([[1, 3], [0, 4]], eps=0).tolist()
    [[-1, 1], [-1, 1]]
    """
    grid = taken_input(x)
    axes = None
    if normalized_shape is not None:
        lengths = whole_numbers(normalized_shape, "normalized_shape")
        axes = len(lengths)
        if grid.shape[grid.ndim - axes :] != lengths:
            raise InputError(
                f"the grid is {'×'.join(map(str, grid.shape))}, and does not end in {'×'.join(map(str, lengths))}",
                hint="normalized_shape is the lengths of its last axes",
            )
    made = norms.layer_norm(grid, gamma=taken_row(gamma, "gamma"), beta=taken_row(beta, "beta"), eps=eps, axes=axes)
    return reading(Result(made), input=grid, gamma=made.gamma, beta=made.beta)


@understands
def group_norm(x: Any, groups: int = 1, *, gamma: Any = None, beta: Any = None, eps: Any = EPS) -> Result:
    """Normalise each item's channels, so many `groups` of them; as many as channels is instance normalisation.

    >>> group_norm([[[1, 3]], [[0, 4]]], 2, eps=0).tolist()
    [[[-1, 1]], [[-1, 1]]]
    """
    grid = taken_input(x)
    made = norms.group_norm(grid, groups, gamma=taken_row(gamma, "gamma"), beta=taken_row(beta, "beta"), eps=eps)
    return reading(Result(made), input=grid, gamma=made.gamma, beta=made.beta)


@understands
def attention(queries: Any, keys: Any, values: Any) -> Result:
    """Attend: softmax(Q·Kᵀ/√d)·V of queries (n, d), keys (m, d) and values (m, any length); the result is (n, length).

    >>> attention([[0, 0]], [[1, 0], [0, 1]], [[1, 2], [3, 4]]).tolist()
    [[2.0, 3.0]]
    """
    grids = taken(queries, "queries"), taken(keys, "keys"), taken(values, "values")
    return reading(Result(attended(*grids)), input=grids[0], keys=grids[1], values=grids[2])


def _joined(made: Any) -> Result:
    return reading(Result(made), **dict(zip(made.names, made.inputs, strict=True)))


@understands
def add(x: Any, *others: Any) -> Result:
    """Add grids of one shape cell by cell, as a skip connection does.

    >>> add([[1, 2]], [[3, 5]]).tolist()
    [[4, 7]]
    """
    return _joined(gathering.add(*(taken(grid) for grid in (x, *others))))


@understands
def concat(x: Any, *others: Any, axis: int | None = None) -> Result:
    """Put grids behind one another along an axis: -1 columns, -2 rows, -3 channels (the default, but for single rows).

    A list of grids may stand for them all, and axes count from the front, too, as numpy and PyTorch have it.

    >>> concat([[1, 2], [5, 6]], [[3, 4], [7, 8]]).shape, concat([[[1, 2]], [[3, 4]]], axis=1).tolist()
    ((2, 2, 2), [[1, 2, 3, 4]])
    """
    grids = [taken(grid) for grid in ((x, *others) if others else x)]
    along = axis - max(grid.ndim for grid in grids) if axis is not None and axis >= 0 else axis
    return _joined(gathering.concat(*grids, axis=along))


@understands
def upsample(
    x: Any, scale: Pair = 2, mode: str = "nearest", *, align_corners: bool = False, size: Pair | None = None
) -> Result:
    """Enlarge the rows and columns of a grid by a `scale`, or to a `size`: "nearest", or "bilinear" (exactly).

    >>> upsample([1, 3], 2).tolist(), upsample([1, 3], 2, "bilinear").float().tolist()
    ([1, 1, 3, 3], [1.0, 1.5, 2.5, 3.0])
    """
    grid = taken_input(x)
    size = None if size is None else of_planes(size, grid)
    return _joined(gathering.upsample(grid, of_planes(scale, grid), mode, align_corners=align_corners, size=size))


@understands
def unpool(x: Any, indices: Any, window: Pair = 2, *, stride: Pair | None = None, size: Pair | None = None) -> Result:
    """Put the maxima of a pooling back where they were found: `indices` are row · width + column, of the larger plane.

    >>> unpool([[6, 8]], [[5, 7]], size=(2, 4)).tolist()
    [[0, 0, 0, 0], [0, 6, 0, 8]]
    """
    where = taken(indices, "indices")
    grid = taken_input(x)
    steps = None if stride is None else of_planes(stride, grid)
    return _joined(gathering.unpool(grid, where, window=of_planes(window, grid), stride=steps, size=size))


@understands
def dropout(x: Any, mask: Any, probability: Any = Fraction(1, 2)) -> Result:
    """Drop the cells whose `mask` is 0, and divide the others by 1 − `probability`, so that the mean stays.

    >>> dropout([4, 5, 6], [1, 0, 1], 0.5).tolist()
    [8, 0, 12]
    """
    if isinstance(mask, int | float):
        raise TypeError("dropout() takes its mask second, a grid of 0 and 1: dropout(x, mask, 0.5)")
    kept = taken(mask, "mask")
    return _joined(gathering.dropout(taken(x, "input"), kept, probability))
