"""What slides, or goes around a grid: convolution, pooling, the transposed convolution, padding, and kernels."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from convcalc.choices import PaddingRule, TransposedReading
from convcalc.engine import kernels as named_kernels
from convcalc.engine.convolution import convolve as convolved
from convcalc.engine.convolution import spread
from convcalc.engine.exact import FLOAT64, Array, as_floats
from convcalc.engine.padding import pad as padded
from convcalc.engine.pooling import pool as pooled
from convcalc.engine.pooling_kinds import PoolKind
from convcalc.engine.settings import Pair, choose
from convcalc.engine.transposed import conv_transpose as transposed
from convcalc.errors import InputError
from convcalc.library.calls import reading, understands
from convcalc.library.grids import of_planes, taken, taken_input, taken_row
from convcalc.library.results import Result
from convcalc.library.words import mode_as_ours, padding_as_ours, refuses_in_python
from convcalc.library.worked_grid import Grid
from convcalc.report.convolution import Labels, worked_convolution
from convcalc.report.kernels import worked_kernel
from convcalc.report.pooling import worked_pooling
from convcalc.report.transposed import worked_transposed

Padding = int | str | Sequence[int] | Sequence[Sequence[int]]
"""A number for every side, (rows, columns), (top, bottom, left, right), pairs of before and after, or a word."""


@understands
def convolve(
    x: Any,
    kernel: Any,
    *,
    bias: Any = None,
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
    groups: int = 1,
    mode: str = "zeros",
    pad_value: Any = 0,
    flip: bool = False,
    per_channel: bool = False,
    all_channels: bool = False,
    channels_first: bool = False,
) -> Result:
    """Slide a kernel over a grid: cross-correlation, as networks mean convolution; `flip` gives the textbook's.

    `x` is (W), (H, W), (C, H, W) or (N, C, H, W): lists, an array, a tensor, a picture, a data frame, a text or a path;
    with its channels last it is turned, which is warned of (`channels_first` says that they come first). `kernel` is a
    name (`kernels()` lists them) or (w), (h, w), (C, h, w) or (O, C, h, w). `bias` is one number a filter; `padding` a
    number, (rows, columns), (top, bottom, left, right), or "same", "valid", "full"; `mode` what stands in it: "zeros"
    (or `pad_value`), "reflect", "replicate", "circular", "symmetric". A kernel of one channel runs on each with
    `per_channel`, or in all, added up, with `all_channels`.

    The result is (H, W), or (O, H, W) of several filters, and has `x`'s axes. Integers and Fractions stay exact;
    decimals are worked as they are written, and rounded once, to float64 (float32 of float32). Raises InputError (a
    ValueError) where shapes do not fit.

    >>> convolve([[3, 0, 1], [1, 5, 8], [2, 7, 2]], "edge").tolist()
    [[-5]]
    >>> convolve([1, 2, 3], [0, 1], padding="same", flip=True).tolist()
    [1, 2, 3]
    """
    grid = taken_input(x, turns=True) if not channels_first else taken(x, "input")
    weights, name = _kernel(kernel)
    if per_channel and all_channels:
        raise InputError("per_channel and all_channels exclude each other", hint="leave one of them out")
    if per_channel or all_channels:
        channels = grid.shape[-3] if grid.ndim > 2 else 1
        weights = spread(weights, channels, per_channel=per_channel)
        groups = channels if per_channel else groups
    mode, amounts = mode_as_ours(mode, padding_as_ours(padding), weights.shape)
    made = convolved(
        grid,
        weights,
        bias=taken_row(bias, "bias"),
        stride=of_planes(stride, grid),
        padding=of_planes(amounts, grid),
        dilation=of_planes(dilation, grid),
        groups=groups,
        mode=mode,
        pad_value=pad_value,
        flip=flip,
        channels_first=True,
    )
    labels = Labels(name, choose(PaddingRule, amounts) if isinstance(amounts, str) else None)
    return reading(Result(made, partial(worked_convolution, labels=labels)), input=grid, kernel=weights, bias=made.bias)


def _kernel(kernel: Any) -> tuple[Array, str]:
    """Return a kernel by its name, or any grid; and what to call it."""
    if isinstance(kernel, str):
        from convcalc.matrix_io.files import looks_inline

        if (entry := named_kernels.named(kernel)) is not None:
            return named_kernels.kernel(entry.name), entry.name
        if not looks_inline(kernel) and "." not in kernel and "/" not in kernel:
            named_kernels.find(kernel)
    return taken(kernel, "kernel"), "kernel"


@understands
def conv_transpose(
    x: Any,
    kernel: Any,
    *,
    bias: Any = None,
    stride: Pair = 1,
    padding: Padding = 0,
    output_padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
    reading_as: str = "zeros",
    channels_first: bool = False,
) -> Result:
    """Go from a convolution's output shape back to its input's: every cell stamps the kernel, and stamps add up.

    `x` is as for `convolve`, `kernel` a name or (h, w), (C, O / groups, h, w). As in PyTorch `padding` cuts the
    output's border, and `output_padding` adds to its end. The steps are the output's cells, each a convolution of the
    spread input; with `reading_as="scatter"` they are the stamps, a step for each cell of the input. Exactness and
    errors as in `convolve`.

    >>> conv_transpose([[1, 2], [3, 4]], [[1, 1], [1, 1]]).tolist()
    [[1, 3, 2], [4, 10, 6], [3, 7, 4]]
    """
    grid = taken_input(x, turns=True) if not channels_first else taken(x, "input")
    weights, name = _kernel(kernel)
    made = transposed(
        grid,
        weights,
        bias=taken_row(bias, "bias"),
        stride=of_planes(stride, grid),
        padding=of_planes(padding_as_ours(padding), grid),
        output_padding=of_planes(output_padding, grid),
        dilation=of_planes(dilation, grid),
        groups=groups,
    )
    way = choose(TransposedReading, reading_as)
    how = partial(worked_transposed, kernel=name, reading=way)
    return reading(Result(made, how), input=grid, kernel=weights, bias=made.bias)


@understands
def pool(
    x: Any,
    kind: str | int = "max",
    window: Pair = 2,
    stride: Pair | None = None,
    padding: Padding = 0,
    *,
    dilation: Pair = 1,
    ceil: bool = False,
    count_padding: bool | None = None,
    adaptive: Pair | None = None,
    norm: int = 2,
    divisor: int | None = None,
    footprint: Any = None,
    channels_first: bool = False,
) -> Result:
    """Pool a grid (W), (H, W), (C, H, W) or (N, C, H, W), each channel by itself.

    `kind` is "max", "min", "avg", "sum", "median", "lp" …; `window` one number or (rows, columns), and `stride` the
    window if it is not given. `adaptive` fits windows to an output of that size instead, `norm` is the p of lp pooling,
    `divisor` what an average is divided by, `footprint` (rows of 0 and 1, "cross", "disk5") which cells count. Averages
    count the padding, unless `count_padding` is False; with TensorFlow's word "SAME" they do not, as there. Exactness
    and errors as in `convolve`.

    >>> pool([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]).tolist()
    [[6, 8], [3, 4]]
    >>> pool([1, 2, 3, 5], "avg", kernel_size=2).float().tolist()
    [1.5, 4.0]
    """
    if not isinstance(kind, str):
        raise TypeError(f"pool() takes its kind first: pool(x, 'max', {kind!r})")
    grid = taken_input(x, turns=True) if not channels_first else taken(x, "input")
    amounts = padding_as_ours(padding)
    counts = padding != "SAME" if count_padding is None else count_padding
    mask = footprint if footprint is None or isinstance(footprint, str) else taken(footprint, "footprint")
    also = {word: one for one in PoolKind for word in one.record.other_words}
    made = pooled(
        grid,
        also.get(kind.lower(), kind),
        window=of_planes(window, grid),
        stride=None if stride is None else of_planes(stride, grid),
        padding=of_planes(amounts, grid),
        dilation=of_planes(dilation, grid),
        ceil=ceil,
        count_padding=counts,
        adaptive=None if adaptive is None else of_planes(adaptive, grid),
        norm=norm,
        divisor=divisor,
        footprint=mask,
        channels_first=True,
    )
    rule = choose(PaddingRule, amounts) if isinstance(amounts, str) else None
    return reading(Result(made, partial(worked_pooling, rule=rule)), input=grid)


@understands
def pad(x: Any, padding: Padding = 1, mode: str = "zeros", *, pad_value: Any = 0) -> Result:
    """Add cells around a grid (…, H, W); a single row is padded at its ends.

    `padding` is one number, (rows, columns), (top, bottom, left, right), or pairs of before and after as numpy has them
    (PyTorch's F.pad begins with the columns); `mode` is as in `convolve`. Raises InputError where the mode needs more
    input than there is.

    >>> pad([[1, 2], [3, 4]], (0, 1)).tolist(), pad([1, 2, 3], 1, "wrap").tolist()
    ([[0, 1, 2, 0], [0, 3, 4, 0]], [3, 1, 2, 3, 1])
    """
    grid = taken_input(x)
    mode, amounts = mode_as_ours(mode, padding_as_ours(padding))
    if grid.ndim == 1 and isinstance(amounts, tuple) and isinstance(padding, Sequence) and len(padding) == 1:
        amounts = (0, 0, *amounts)  # numpy's ((before, after),) of its one axis
    return reading(Result(padded(grid, of_planes(amounts, grid), mode, pad_value=pad_value)), input=grid)


@refuses_in_python
def kernel(name: str, *, float: bool = False) -> Array:
    """Return a named kernel's weights (rows, columns): int64, or exact Fractions; with `float` float64.

    Raises UsageError (a ValueError) naming the nearest ones.

    >>> kernel("edge").tolist()
    [[1, 0, -1], [1, 0, -1], [1, 0, -1]]
    >>> str(kernel("box")[0, 0]), kernel("box", float=True)[0, 0].round(3).item()
    ('1/9', 0.111)
    """
    cells = named_kernels.kernel(name)
    return as_floats(cells, FLOAT64) if float else cells


class Kernels(dict[str, Grid]):
    """The named kernels, by name: each shows itself at work, and is its weights."""

    def __missing__(self, name: str) -> Grid:
        return self[named_kernels.find(name).name]

    def _repr_html_(self) -> str:
        from convcalc.render.inline import static
        from convcalc.report.kernels import kernel_list

        return static(list(kernel_list(named_kernels.KERNELS.values()))[:-1])

    def __repr__(self) -> str:
        return f"{len(self)} kernels: {', '.join(self)}"


def kernels() -> Kernels:
    """Return the named kernels, by name, each a grid of its weights that shows itself at work.

    >>> kernels()["sobel-x"].tolist()
    [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
    """
    return Kernels({name: Grid(entry, worked_kernel) for name, entry in named_kernels.KERNELS.items()})
