"""The likely mistakes of sizes and of counts."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import prod

import numpy as np

from convcalc.engine.exact import Array
from convcalc.engine.geometry import Axis
from convcalc.engine.mistakes.making import Candidates, Mistake, made
from convcalc.engine.sizes import Volume


def size_mistakes(axis: Axis) -> Iterator[Mistake]:
    """Yield the likely mistakes of an output size.

    >>> [(m.reason, m.answer.tolist()) for m in size_mistakes(Axis(7, 3, stride=3))][:2]
    [('it was not rounded', [Fraction(7, 3)]), ('it was rounded up', [3])]
    """
    n, f, s, d = axis.size, axis.kernel, axis.stride, axis.dilation
    before, after, extent = axis.before, axis.after, axis.extent

    def whole(value: Fraction) -> Array:
        return np.array([int(value // 1)])

    def candidates() -> Candidates:
        room = Fraction(n + before + after - extent, s)
        if room.denominator > 1:
            yield "it was not rounded", lambda: np.array([room + 1], dtype=object)
        yield ("it was rounded down" if axis.ceil else "it was rounded up"), lambda: np.array([-(-room // 1) + 1])
        yield "the 1 was not added at the end", lambda: whole(room)
        if before or after:
            yield "the padding was counted on one side only", lambda: whole(Fraction(n + before - extent, s) + 1)
            yield "the padding was forgotten", lambda: whole(Fraction(n - extent, s) + 1)
        if d > 1:
            yield "the dilation was forgotten", lambda: whole(Fraction(n + before + after - f, s) + 1)
        if s > 1:
            yield "the stride was forgotten", lambda: whole(Fraction(n + before + after - extent) + 1)
        yield "the kernel was not subtracted", lambda: whole(Fraction(n + before + after, s) + 1)

    return made(candidates(), np.array([axis.output]))


def field_mistakes(windows: Sequence[tuple[int, int]]) -> Iterator[Mistake]:
    """Yield the likely mistakes of the receptive field of windows, each a size and a stride, one after the other.

    >>> [(m.reason, m.answer.tolist()) for m in field_mistakes([(3, 2), (3, 1)])][:2]
    [('the strides were forgotten', [5]), ('a window was moved by its own stride already', [9])]
    """
    jumps = [prod(stride for _, stride in windows[:at]) for at in range(len(windows) + 1)]
    right = 1 + sum((size - 1) * jump for (size, _), jump in zip(windows, jumps, strict=False))

    def candidates() -> Candidates:
        yield "the strides were forgotten", lambda: np.array([1 + sum(size - 1 for size, _ in windows)])
        own = sum((size - 1) * jump for (size, _), jump in zip(windows, jumps[1:], strict=True))
        yield "a window was moved by its own stride already", lambda: np.array([1 + own])
        yield "the sizes of the windows were added up", lambda: np.array([sum(size for size, _ in windows)])
        yield "the sizes of the windows were multiplied", lambda: np.array([prod(size for size, _ in windows)])
        yield "the 1 was forgotten", lambda: np.array([right - 1])

    return made(candidates(), np.array([right]))


def parameter_mistakes(volume: Volume) -> Iterator[Mistake]:
    """Yield the likely mistakes of a count of parameters."""
    kernel = volume.rows * volume.columns

    def candidates() -> Candidates:
        yield "the biases were forgotten", lambda: np.array([volume.weights])
        yield "one bias was counted for all filters", lambda: np.array([volume.weights + 1])
        yield "the input's channels were forgotten", lambda: np.array([volume.filters * (kernel + 1)])
        yield "channels and biases were forgotten", lambda: np.array([volume.filters * kernel])
        yield "only one filter was counted", lambda: np.array([kernel * volume.channels + 1])
        yield (
            "a bias was counted for every channel",
            lambda: np.array([volume.filters * volume.channels * (kernel + 1)]),
        )

    return made(candidates(), np.array([volume.parameters]))
