"""Normalisation: every cell less the mean of its set, over the set's standard deviation, times γ, plus β.

A batch's sets are the channels, over all items (Ioffe and Szegedy 2015, torch.nn.BatchNorm2d); a layer's are the last
axes of each item (Ba, Kiros and Hinton 2016, torch.nn.LayerNorm); a group's some channels of each item (Wu and He 2018,
torch.nn.GroupNorm). The variance is divided by the number of cells, not by one less.
"""

import math
from fractions import Fraction
from typing import Any

import numpy as np

from convcalc.engine.exact import Array, exact
from convcalc.engine.grids import as_grid, at_least_one, own_grid
from convcalc.engine.naming import shape_text
from convcalc.engine.norm_kinds import EPS, NormKind
from convcalc.engine.normalized import Normalized
from convcalc.engine.settings import whole_numbers
from convcalc.engine.shapes import is_like
from convcalc.errors import InputError


def batch_norm(
    x: Any,
    *,
    gamma: Any = None,
    beta: Any = None,
    eps: Any = EPS,
    running: tuple[Any, Any] | None = None,
    by_column: bool = False,
) -> Normalized:
    """Normalise each channel by the mean and variance of all its cells, in all items.

    A grid is (W), (H, W), (C, H, W) or (N, C, H, W); the first two are one channel. With `by_column` a grid
    (items, features) has a set for each column, as torch.nn.BatchNorm1d. `running` are a mean and a variance for each
    channel, as in inference. `gamma` and `beta` are one number for each channel, or one for all.

    >>> batch_norm([1, 3, 1, 3], eps=0).output.tolist()
    [-1, 1, -1, 1]
    """
    grid = own_grid(x)
    if by_column and grid.ndim != 2:
        raise InputError(f"by columns a grid has rows and columns, and this has {grid.ndim} axes", hint="leave it out")
    sets = np.arange(grid.shape[1]) if by_column else _channels(grid)
    noun = "column" if by_column else "channel"
    means = None if running is None else _running(running, sets.size, noun)
    return _normalized(grid, NormKind.BATCH, sets, sets, (gamma, beta), eps, means, noun)


def _channels(grid: Array) -> Array:
    """Return the number of each channel, to go with a grid; one of less than three axes is one."""
    return np.arange(grid.shape[-3] if grid.ndim > 2 else 1).reshape(-1, *[1] * min(grid.ndim - 1, 2))


def layer_norm(x: Any, *, gamma: Any = None, beta: Any = None, eps: Any = EPS, axes: int | None = None) -> Normalized:
    """Normalise the last `axes` of a grid, each by its own mean and variance.

    By default that is each row of a grid (H, W), and all of each item of a grid (C, H, W) or (N, C, H, W). `gamma` and
    `beta` have the shape of those axes, or are one number.

    >>> layer_norm([[1, 3], [0, 4]], eps=0).output.tolist()
    [[-1, 1], [-1, 1]]
    """
    grid = own_grid(x)
    (last,) = whole_numbers((1, 1, 3, 3)[grid.ndim - 1] if axes is None else axes, "axes")
    if not 1 <= last <= grid.ndim:
        raise InputError(f"a grid of {grid.ndim} axes cannot be normalised over {last}", hint=f"at most {grid.ndim}")
    items, cells = grid.shape[: grid.ndim - last], grid.shape[grid.ndim - last :]
    sets = np.arange(math.prod(items)).reshape(*items, *[1] * last)
    one = all(grid is None or np.size(grid) == 1 for grid in (gamma, beta))
    shares = np.zeros((1,), dtype=np.int64) if one else np.arange(math.prod(cells)).reshape(cells)
    return _normalized(grid, NormKind.LAYER, sets, shares, (gamma, beta), eps, None, "cell of a set", last)


def group_norm(x: Any, groups: int = 1, *, gamma: Any = None, beta: Any = None, eps: Any = EPS) -> Normalized:
    """Normalise each item's channels, so many `groups` of them, each by its own mean and variance.

    As many groups as channels is instance normalisation. `gamma` and `beta` are one number for each channel, or one.

    >>> group_norm([[[1, 3]], [[0, 4]]], 2, eps=0).output.tolist()
    [[[-1, 1]], [[-1, 1]]]
    """
    grid = own_grid(x)
    (groups,) = whole_numbers(groups, "groups")
    shares = _channels(grid)
    channels = shares.size
    if not 1 <= groups <= channels or channels % groups:
        raise InputError(
            f"{channels} channel{'s' * (channels != 1)} cannot be split into {groups} groups",
            hint=f"a number that divides {channels}",
        )
    sets = shares * groups // channels
    if grid.ndim == 4:
        sets = np.arange(len(grid)).reshape(-1, 1, 1, 1) * groups + sets
    return _normalized(grid, NormKind.GROUP, sets, shares, (gamma, beta), eps, None, "channel")


def _normalized(
    grid: Array,
    kind: NormKind,
    sets: Array,
    shares: Array,
    parameters: tuple[Any, Any],
    eps: Any,
    running: tuple[Array, Array] | None,
    noun: str,
    axes: int = 0,
) -> Normalized:
    """Return a normalisation, its numbers checked; γ and β are of so many last `axes`, or (0) one for each `noun`."""
    count = int(shares.max()) + 1
    shape = grid.shape[grid.ndim - axes :] if axes else (count,)
    gamma, beta = (
        _parameter(value, count, shape, name, noun) for value, name in zip(parameters, ("gamma", "beta"), strict=True)
    )
    added = Fraction(exact(as_grid([eps])[0]))
    if added < 0:
        raise InputError(f"eps is {eps}, and is added to a variance", hint="PyTorch's is 1e-5")
    sets, shares = (numbers.reshape((1,) * (grid.ndim - numbers.ndim) + numbers.shape) for numbers in (sets, shares))
    result = Normalized(grid, kind, sets, shares, gamma, beta, added, running)
    for index, one in enumerate(result.statistics if added == 0 else ()):
        if one.root == 0:
            where = f" of {kind.record.noun} {index}" if sets.size > 1 else ""
            raise InputError(f"all cells{where} are alike, and there is no eps: their root is 0", hint="try eps 1e-5")
    return result


def _parameter(value: Any, count: int, shape: tuple[int, ...], name: str, noun: str) -> Array | None:
    """Return γ or β, one for each `noun`, in a row or of a shape; or one for all."""
    if value is None:
        return None
    grid = own_grid(at_least_one(value))
    if grid.size not in (1, count):
        raise InputError(f"{name} has {grid.size} numbers, and there must be {count}", hint=f"one for each {noun}")
    if grid.size > 1 and max(grid.shape) < grid.size and not is_like(grid.shape, shape):
        shapes = shape_text(grid.shape), shape_text(shape)
        raise InputError(
            f"{name} is {shapes[0]}, and must be {shapes[1]}", hint=f"one number for each {noun}, in order"
        )
    return grid


def _running(running: tuple[Any, Any], sets: int, noun: str) -> tuple[Array, Array]:
    means, variances = (own_grid(at_least_one(part)).ravel() for part in running)
    for grid, name in ((means, "mean"), (variances, "variance")):
        if grid.size not in (1, sets):
            raise InputError(
                f"the running {name} has {grid.size} numbers, and there must be {sets}", hint=f"one a {noun}"
            )
    if (variances < 0).any():
        raise InputError(f"a running variance is {variances.min()}", hint="the order is mean,variance")
    return np.broadcast_to(means, (sets,)), np.broadcast_to(variances, (sets,))
