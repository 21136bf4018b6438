"""Numbers as a network's input: with which shape it may read them, and as a batch of the shape that it reads."""

from collections.abc import Callable, Sequence

import numpy as np

from convcalc.engine.exact import Array
from convcalc.errors import InputError
from convcalc.network.summary import Summary


def like_the_network(grid: Array, shape: Sequence[int]) -> Array:
    """Return numbers as a batch of the shape a network reads, (C, H, W); one item, or several.

    Raises InputError where they are no such thing.
    """
    wanted = tuple(shape)
    axes = len(wanted)
    for candidate in (grid, np.moveaxis(grid, -1, 0) if grid.ndim == axes > 1 else grid):
        padded = candidate.reshape((1,) * max(axes - candidate.ndim, 0) + candidate.shape)
        if padded.shape == wanted:
            return padded[None]
        if padded.ndim == axes + 1 and padded.shape[1:] == wanted:
            return padded
    texts = "×".join(map(str, grid.shape)), "×".join(map(str, wanted))
    hint = f"--resize {wanted[-2]}x{wanted[-1]} brings a picture to it" if axes == 3 else "give as many numbers"
    raise InputError(f"the input is {texts[0]}, and the network reads {texts[1]}", hint=hint)


def shapes_for(grid: Array) -> list[tuple[int, ...]]:
    """Return the shapes with which a network may read these numbers, the likeliest first.

    A plane is items of so many features each, or has one channel, or is one of several channels in one row; a single
    row is so many features, or one channel of them.

    >>> import numpy as np
    >>> shapes_for(np.zeros((28, 28))), shapes_for(np.zeros((2, 3, 8, 8))), shapes_for(np.zeros((1, 3)))
    ([(28,), (1, 28, 28), (28, 28)], [(3, 8, 8)], [(3,), (1, 3), (1, 1, 3)])
    """
    if grid.ndim == 1 or (grid.ndim == 2 and len(grid) == 1):
        width = grid.shape[-1]
        return [(width,), (1, width), (1, 1, width)]
    if grid.ndim == 2:
        return [grid.shape[1:], (1, *grid.shape), tuple(grid.shape)]
    return [tuple(grid.shape[-3:])]


def first_that_fits(grid: Array, build: Callable[[tuple[int, ...], int], Summary]) -> tuple[Summary, Array]:
    """Return a network that reads these numbers, by the first of their shapes that it takes, and they as its batch.

    `build` makes a network for items of a shape, and for a batch of so many. What it does to a batch may be another
    thing than what it does to each item: it is then told of the batch. Raises the first error.
    """
    errors = []
    for shape in shapes_for(grid):
        try:
            summary = build(shape, 1)
        except InputError as error:
            errors.append(error)
            continue
        batch = like_the_network(grid, summary.trace.nodes[0].output[1:])
        return summary if len(batch) == 1 else build(shape, len(batch)), batch
    raise errors[1 if grid.ndim == 2 and len(grid) > 1 else 0]
