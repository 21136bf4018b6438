"""The named kernels as Documents: the list, the gallery, and one at work."""

import math
from collections.abc import Iterable, Iterator

import numpy as np

from convcalc.engine.convolution import convolve
from convcalc.engine.exact import Array, integers_or_fractions
from convcalc.engine.grids import as_grid
from convcalc.engine.kernels import ALIASES, NamedKernel, kernel
from convcalc.engine.padding_modes import PadMode
from convcalc.errors import InputError
from convcalc.report.document import Block, Calculation, Document, Grids, Heading, Matrix, Role, Subheading, Table, Text
from convcalc.report.grids import body_of
from convcalc.report.selection import Show

SAMPLE = as_grid(
    [
        [0, 0, 0, 0, 0, 0, 0, 0, 0],
        [0, 9, 9, 9, 9, 0, 0, 0, 0],
        [0, 9, 9, 9, 9, 0, 0, 0, 9],
        [0, 9, 9, 9, 9, 0, 0, 9, 0],
        [0, 9, 9, 9, 9, 0, 9, 0, 0],
        [0, 0, 0, 0, 0, 9, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0, 0],
    ]
)
"""A bright square and a thin line that rises to the right: every kind of edge there is."""
SAME_SIZE = "The sample's border cells are repeated outwards (replicate padding), so that the size stays."
ROW = as_grid([[2, 2, 2, 5, 9, 9, 8, 3, 3]])
"""A series that rises and falls, for the kernels of one row."""


def kernel_list(entries: Iterable[NamedKernel]) -> Document:
    """Return the list of kernels: name, size, weights as they could be typed, and what they do."""
    kernels_shown = list(entries)
    yield Heading(f"{len(kernels_shown)} kernels")
    yield Text("")
    rows = tuple((entry.name, _size(entry), _weights(entry), entry.effect) for entry in kernels_shown)
    yield Table(("name", "size", "weights", "brings out"), rows, frozenset({0, 1, 2, 3}))
    yield Text("")
    aliases = ", ".join(f"{alias} = {name}" for alias, name in ALIASES.items())
    yield Text(f"Also: {aliases}.", Role.QUIET)
    yield Text("convcalc kernels NAME shows one at work, convcalc kernels --gallery all of them.", Role.QUIET)


def gallery(entries: Iterable[NamedKernel], show: Show) -> Document:
    """Return what each kernel makes of one sample, shaded."""
    yield Heading("What each kernel makes of one sample")
    yield Text(SAME_SIZE, Role.QUIET)
    yield Text("")
    yield Grids((Matrix(body_of(SAMPLE, "sample", show.write, heat=True)),))
    for entry in entries:
        yield Subheading(f"{entry.name} · {_size(entry)}", entry.effect)
        yield from _at_work(entry, show, None, with_sample=len(entry.cells) == 1)


def worked_kernel(entry: NamedKernel, show: Show, sample: Array | None = None) -> Calculation:
    """Return one kernel at work on a sample, or on one plane of yours; the answer is the kernel itself."""
    if sample is not None and sample.size != math.prod(sample.shape[-2:]):
        raise InputError(f"the sample has {sample.ndim} dimensions", hint="give one channel")
    plane = None if sample is None else np.atleast_2d(sample).reshape(np.atleast_2d(sample).shape[-2:])

    def work() -> Document:
        yield Heading(f"{entry.name} · {_size(entry)} · {entry.effect}")
        yield Text("")
        yield from _at_work(entry, show, plane, with_sample=True)
        yield Text("")
        yield Text(SAME_SIZE, Role.QUIET)

    return Calculation(work(), lambda: kernel(entry.name), show.answer_write)


def _at_work(entry: NamedKernel, show: Show, sample: Array | None, *, with_sample: bool) -> Iterator[Block]:
    weights = kernel(entry.name)
    if sample is None:
        sample = ROW if weights.shape[0] == 1 else SAMPLE
    rows, columns = weights.shape
    sides = ((rows - 1) // 2, rows // 2, (columns - 1) // 2, columns // 2)
    output = convolve(sample, weights, padding=sides, mode=PadMode.REPLICATE, channels_first=True).output
    over = entry.divisor
    title = f"kernel × 1/{over}" if over > 1 else "kernel"
    whole = integers_or_fractions([cell * over for row in entry.cells for cell in row]).reshape(weights.shape)
    matrix = Matrix(body_of(whole, title, show.write))
    result = Matrix(body_of(output, "output", show.write, heat=True))
    if with_sample:
        yield Grids((Matrix(body_of(sample, "sample", show.write, heat=True)), matrix))
        yield Text("")
        yield Grids((result,))
    else:
        yield Grids((matrix, result))


def _size(entry: NamedKernel) -> str:
    return f"{len(entry.cells)}×{len(entry.cells[0])}"


def _weights(entry: NamedKernel) -> str:
    whole = entry.rows if len(entry.cells) < 5 else f"{entry.rows.split(';')[0]}; …"
    return whole if entry.divisor == 1 else f"({whole})/{entry.divisor}"
