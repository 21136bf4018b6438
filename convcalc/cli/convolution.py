"""``convcalc conv``."""

from typing import TYPE_CHECKING, Annotated

import typer

from convcalc.choices import PaddingRule, PadMode
from convcalc.cli.options import (
    InputOptions,
    OutputOptions,
    StepOptions,
    padding_of,
    pair_of,
    show_of,
    with_options,
)
from convcalc.cli.output import Channel, channel_of
from convcalc.errors import InputError, UsageError

if TYPE_CHECKING:
    from convcalc.engine.exact import Array

HOW = "How the window moves"


@with_options
def conv(
    *,
    ctx: typer.Context,
    source: InputOptions,
    kernel_argument: Annotated[
        str | None, typer.Argument(metavar="[KERNEL]", help="The kernel; the same as --kernel.", show_default=False)
    ] = None,
    kernel: Annotated[
        str | None,
        typer.Option(
            "--kernel",
            "-k",
            metavar="KERNEL",
            help='A name (convcalc kernels lists them), a file, a grid written out ("1 0; 0 -1"), or -.',
            show_default=False,
            rich_help_panel="Input",
        ),
    ] = None,
    bias: Annotated[
        str | None,
        typer.Option(
            "--bias",
            "-b",
            metavar="NUMBERS",
            help="One number a filter, as in 1,0; or a file.",
            show_default=False,
            rich_help_panel="Input",
        ),
    ] = None,
    stride: Annotated[
        str,
        typer.Option("--stride", "-s", metavar="N|ROWS,COLS", help="Cells from window to window.", rich_help_panel=HOW),
    ] = "1",
    padding: Annotated[
        str,
        typer.Option(
            "--padding",
            "-p",
            metavar="N|ROWS,COLS|T,B,L,R|same|valid|full",
            help="Cells added around the input.",
            rich_help_panel=HOW,
        ),
    ] = "0",
    pad_mode: Annotated[
        PadMode, typer.Option("--pad-mode", help="What stands in the padding.", rich_help_panel=HOW)
    ] = PadMode.ZEROS,
    dilation: Annotated[
        str,
        typer.Option(
            "--dilation", "-d", metavar="N|ROWS,COLS", help="Cells from tap to tap of the kernel.", rich_help_panel=HOW
        ),
    ] = "1",
    groups: Annotated[
        int,
        typer.Option(
            "--groups", "-g", help="Part the channels; as many groups as channels is depthwise.", rich_help_panel=HOW
        ),
    ] = 1,
    flip: Annotated[
        bool,
        typer.Option(
            "--flip", help="Turn the kernel half round: the convolution of the textbooks.", rich_help_panel=HOW
        ),
    ] = False,
    per_channel: Annotated[
        bool,
        typer.Option("--per-channel", help="Run a one-channel kernel on each channel by itself.", rich_help_panel=HOW),
    ] = False,
    all_channels: Annotated[
        bool,
        typer.Option(
            "--all-channels", help="Use a one-channel kernel in every channel, and add them up.", rich_help_panel=HOW
        ),
    ] = False,
    stepping: StepOptions,
    out: OutputOptions,
) -> None:
    """Slide a kernel over a grid: each window, every product, every sum, the feature map.

    Networks' convolution (cross-correlation), as in PyTorch; --flip gives the textbook's.
    Rows and columns count from 0. Blank lines part channels, a line of --- parts filters.

    Examples:
      convcalc conv --input grid.txt --kernel edge

      convcalc conv -i grid.txt -k "1 0; 0 -1" --stride 2 --padding same

      cat grid.txt | convcalc conv edge --at 1,1

    """
    from convcalc.engine.convolution import convolve
    from convcalc.report.convolution import Labels, worked_convolution

    if (kernel is None) == (kernel_argument is None):
        fault = "there is no kernel" if kernel is None else "the kernel is given twice"
        raise UsageError(fault, hint='name one: --kernel edge, --kernel "1 0; 0 -1" (convcalc kernels lists the names)')
    if per_channel and all_channels:
        raise UsageError("--per-channel and --all-channels exclude each other", hint="leave one of them out")
    word = kernel if kernel is not None else kernel_argument
    assert word is not None
    channel = channel_of(ctx.obj)
    amounts = padding_of(padding)
    strides, dilations = pair_of(stride, "--stride"), pair_of(dilation, "--dilation")
    show = show_of(stepping, out)
    if word == "-" and source.input in (None, "-"):
        raise UsageError("the input and the kernel cannot both be standard input", hint="name a file for one of them")
    weights, name = read_kernel(channel, word)
    grid = channel.read(source.input, "--input").cells
    groups, weights = spread_kernel(grid, weights, groups, per_channel, all_channels)
    result = convolve(
        grid,
        weights,
        bias=None if bias is None else read_bias(channel, bias),
        stride=strides or 1,
        padding=amounts,
        dilation=dilations or 1,
        groups=groups,
        mode=pad_mode,
        flip=flip,
    )
    labels = Labels(name, amounts if isinstance(amounts, PaddingRule) else None)
    channel.emit(worked_convolution(result, show, labels), out)


def read_kernel(channel: Channel, word: str) -> "tuple[Array, str]":
    """Read a kernel by its name, or as any grid; return it and what to call it."""
    from pathlib import Path

    from convcalc.engine import kernels
    from convcalc.matrix_io.files import looks_inline

    folded = word.strip().lower().replace("_", "-")
    if folded in kernels.KERNELS or folded in kernels.ALIASES:
        return kernels.kernel(word), kernels.find(word).name
    is_name = not looks_inline(word) and not Path(word).suffix and "/" not in word and word != "-"
    if is_name and not Path(word).exists():
        kernels.find(word)
    return channel.read(word, "--kernel").cells, "kernel"


def read_bias(channel: Channel, text: str) -> "Array":
    """Read the biases: numbers parted by commas or spaces, or a file of them."""
    cells = channel.read(text, "--bias").cells
    if cells.ndim > 2 or min(cells.shape, default=1) > 1:
        raise InputError("the bias must be one row or one column of numbers", hint="one number a filter, as in 1,0")
    return cells.ravel()


def spread_kernel(
    grid: "Array", weights: "Array", groups: int, per_channel: bool, all_channels: bool
) -> "tuple[int, Array]":
    """Return the groups and the kernel with which a one-channel kernel reads all the channels of a grid."""
    import numpy as np

    from convcalc.engine.shapes import four_dimensional

    if not (per_channel or all_channels):
        return groups, weights
    option = "--per-channel" if per_channel else "--all-channels"
    if groups != 1:
        raise UsageError(f"{option} and --groups exclude each other", hint="leave one of them out")
    filters = four_dimensional(weights)
    channels = four_dimensional(grid).shape[1]
    if filters.shape[1] != 1:
        raise InputError(
            f"{option} takes a kernel of one channel, and this one has {filters.shape[1]}",
            hint="leave the option out: this kernel says which channel each weight is for",
        )
    if per_channel:
        return channels, np.tile(filters, (channels, 1, 1, 1))
    return 1, np.tile(filters, (1, channels, 1, 1))
