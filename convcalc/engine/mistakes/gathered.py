"""The likely mistakes of what gathers each output cell from a few cells."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from convcalc.choices import UpsampleMode
from convcalc.engine.exact import Array, divided, exact, integers_or_fractions
from convcalc.engine.gather_kinds import GatherKind
from convcalc.engine.gathered import Gathered
from convcalc.engine.gathering import add, concat, upsample
from convcalc.engine.mistakes.making import Candidates, Mistake, made


def gathering_mistakes(result: Gathered) -> Iterator[Mistake]:
    """Yield the likely mistakes of a gathering; of a gradient, what they would have been forward.

    >>> from convcalc.engine.gathering import dropout
    >>> [mistake.reason for mistake in gathering_mistakes(dropout([2, 4], [1, 0]))][:2]
    ['the cells were not scaled up', 'the cells were scaled down, by 1 − p']
    """
    return made(KINDS[result.kind](result), result.output) if isinstance(result.kind, GatherKind) else iter(())


def _add(result: Gathered) -> Candidates:
    if len(result.inputs) == 2:
        yield "the other was subtracted", lambda: add(result.inputs[0], -result.inputs[1]).output
    for name, grid in zip(result.names, result.inputs, strict=True):
        yield f"only the {name} was taken", partial(np.asarray, grid)
    yield "the mean was taken, not the sum", lambda: divided(result.output, len(result.inputs))


def _concat(result: Gathered) -> Candidates:
    if not result.options:
        return
    yield "the grids were taken in reverse", lambda: concat(*result.inputs[::-1], **result.options).output
    for axis, name in ((-1, "columns"), (-2, "rows"), (-3, "channels")):
        if axis != result.options["axis"]:
            yield f"they were joined along {name}", partial(_joined, result, axis)


def _joined(result: Gathered, axis: int) -> Array:
    return concat(*result.inputs, axis=axis).output


def _upsample(result: Gathered) -> Candidates:
    if not result.options:
        return
    mode, grid = result.options["mode"], result.input

    def again(**changed: object) -> Callable[[], Array]:
        return lambda: upsample(grid, **{**result.options, **changed}).output

    if mode is UpsampleMode.NEAREST:
        yield "cells were mixed, not repeated", again(mode=UpsampleMode.BILINEAR)
    else:
        yield "cells were repeated, not mixed", again(mode=UpsampleMode.NEAREST, align_corners=False)
        aligned = result.options["align_corners"]
        yield f"the corners were {'not ' * aligned}aligned", again(align_corners=not aligned)
    if all(after >= before for before, after in _lengths(result)):
        yield "zeros were put between the cells", lambda: _spread(result)


def _lengths(result: Gathered) -> list[tuple[int, int]]:
    """Return how many rows there are before and after, and how many columns."""
    before, after = ((1, *shape)[-2:] for shape in (result.input.shape, result.output_shape))
    return list(zip(before, after, strict=True))


def _spread(result: Gathered) -> Array:
    """Return the cells in place, with zeros between them; an axis is no shorter than it was."""
    (rows, columns), lengths = (1, *result.input.shape)[-2:], _lengths(result)
    down, across = (after // before for before, after in lengths)
    answer = np.zeros(np.atleast_2d(result.output).shape, dtype=result.output.dtype)
    answer[..., ::down, ::across][..., :rows, :columns] = np.atleast_2d(result.input)
    return answer.reshape(result.output_shape)


def _unpool(result: Gathered) -> Candidates:
    if any(after % before for before, after in _lengths(result)):
        return
    size = tuple(after for _, after in _lengths(result))
    yield "each maximum was put in its window's first cell", lambda: _spread(result)
    yield "each maximum was put in every cell of its window", lambda: upsample(result.input, size=size).output


def _dropout(result: Gathered) -> Candidates:
    keep = 1 - result.probability
    cells = [exact(cell) for cell in result.output.ravel()]
    shape = result.output.shape
    yield "the cells were not scaled up", lambda: integers_or_fractions([c * keep for c in cells]).reshape(shape)
    yield (
        "the cells were scaled down, by 1 − p",
        lambda: integers_or_fractions([c * keep * keep for c in cells]).reshape(shape),
    )
    if result.probability:
        scale = keep / result.probability
        yield "they were divided by p", lambda: integers_or_fractions([c * scale for c in cells]).reshape(shape)
    inputs = [exact(cell) for cell in result.input.ravel()]
    yield (
        "the mask was taken the other way round",
        lambda: integers_or_fractions([x / keep if y == 0 else 0 for x, y in zip(inputs, cells, strict=True)]).reshape(
            shape
        ),
    )
    yield "nothing was dropped", lambda: result.input


KINDS: dict[GatherKind, Callable[[Gathered], Candidates]] = {
    GatherKind.ADD: _add,
    GatherKind.CONCAT: _concat,
    GatherKind.UPSAMPLE: _upsample,
    GatherKind.UNPOOL: _unpool,
    GatherKind.DROPOUT: _dropout,
}
