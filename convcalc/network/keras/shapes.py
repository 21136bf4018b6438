"""Shapes as Keras writes them: the batch is None, and channels come last."""

import re

from convcalc.network.layer import Shape


def auto_name(counts: dict[str, int], kind: str) -> str:
    """Return the name that Keras gives the next layer of a kind, and count it.

    >>> counts = {}
    >>> [auto_name(counts, kind) for kind in ("Conv2D", "Conv2D", "LeakyReLU", "MaxPooling2D")]
    ['conv2d', 'conv2d_1', 'leaky_re_lu', 'max_pooling2d']
    """
    snake = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", kind))
    snake = re.sub(r"([a-z])([A-Z])", r"\1_\2", snake).lower()
    count = counts[snake] = counts.get(snake, -1) + 1
    return f"{snake}_{count}" if count else snake


def turned(shape: Shape) -> Shape:
    """Return a shape (batch first) with its last axis put second: as it is kept here.

    >>> turned((1, 28, 28, 3)), turned((1, 10)), restored((1, 3, 28, 28))
    ((1, 3, 28, 28), (1, 10), (1, 28, 28, 3))
    """
    return (shape[0], shape[-1], *shape[1:-1]) if len(shape) > 2 else shape


def restored(shape: Shape) -> Shape:
    """Return a shape as Keras has it: the second axis put last."""
    return (shape[0], *shape[2:], shape[1]) if len(shape) > 2 else shape


def place_of(axis: int, rank: int) -> int:
    """Return where an axis of Keras's order stands here.

    >>> [place_of(axis, 4) for axis in (0, 1, 2, 3, -1)]
    [0, 2, 3, 1, 1]
    """
    axis %= rank
    return axis if rank < 3 or axis == 0 else 1 if axis == rank - 1 else axis + 1


def written(shape: Shape) -> str:
    """Write a shape as `model.summary()` does.

    >>> written((1, 28, 28, 3)), written((1, 10))
    ('(None, 28, 28, 3)', '(None, 10)')
    """
    inner = ", ".join(map(str, shape[1:]))
    return f"(None, {inner})" if inner else "(None,)"
