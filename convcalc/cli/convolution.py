"""``convcalc conv``."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from convcalc.choices import PaddingRule
from convcalc.cli.options import (
    INPUT_PANEL,
    MOVING_PANEL,
    InputOptions,
    NumberOptions,
    OutputOptions,
    PaddingOptions,
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


@dataclass(frozen=True, slots=True)
class KernelOptions:
    """The kernel and its bias."""

    argument: Annotated[
        str | None, typer.Argument(metavar="[KERNEL]", help="The kernel; the same as --kernel.", show_default=False)
    ] = None
    kernel: Annotated[
        str | None,
        typer.Option(
            "--kernel",
            "-k",
            metavar="KERNEL",
            help='A name (convcalc kernels lists them), a file, a grid written out ("1 0; 0 -1"), or -.',
            show_default=False,
            rich_help_panel=INPUT_PANEL,
        ),
    ] = None
    bias: Annotated[
        str | None,
        typer.Option(
            "--bias",
            "-b",
            metavar="NUMBERS",
            help="One number per filter, as in 1,0; or a file.",
            show_default=False,
            rich_help_panel=INPUT_PANEL,
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class MovingOptions:
    """How the kernel moves over the input, and which channels it reads."""

    stride: Annotated[
        str,
        typer.Option(
            "--stride", "-s", metavar="N|ROWS,COLS", help="Cells from window to window.", rich_help_panel=MOVING_PANEL
        ),
    ] = "1"
    padding: Annotated[
        str,
        typer.Option(
            "--padding",
            "-p",
            metavar="N|ROWS,COLS|T,B,L,R|same|valid|full",
            help="Cells added around the input. same: as many windows as cells, at stride 1; valid: none; "
            "full: a window may touch the input with a single cell.",
            rich_help_panel=MOVING_PANEL,
        ),
    ] = "0"
    dilation: Annotated[
        str,
        typer.Option(
            "--dilation",
            "-d",
            metavar="N|ROWS,COLS",
            help="How far apart the kernel's cells lie; 1 is side by side.",
            rich_help_panel=MOVING_PANEL,
        ),
    ] = "1"
    groups: Annotated[
        int,
        typer.Option(
            "--groups",
            "-g",
            metavar="N",
            help="Split the channels into N groups; as many groups as channels is depthwise.",
            rich_help_panel=MOVING_PANEL,
        ),
    ] = 1
    flip: Annotated[
        bool,
        typer.Option(
            "--flip", help="Rotate the kernel by 180°: the convolution of the textbooks.", rich_help_panel=MOVING_PANEL
        ),
    ] = False
    per_channel: Annotated[
        bool,
        typer.Option(
            "--per-channel", help="Run a one-channel kernel on each channel by itself.", rich_help_panel=MOVING_PANEL
        ),
    ] = False
    all_channels: Annotated[
        bool,
        typer.Option(
            "--all-channels",
            help="Use a one-channel kernel in every channel, and add them up.",
            rich_help_panel=MOVING_PANEL,
        ),
    ] = False


@with_options
def conv(
    *,
    ctx: typer.Context,
    source: InputOptions,
    kernel: KernelOptions,
    moving: MovingOptions,
    pad: PaddingOptions,
    stepping: StepOptions,
    how: NumberOptions,
    out: OutputOptions,
) -> None:
    """Slide a kernel over a grid: each window, every product, every sum, the feature map.

    Networks' convolution (cross-correlation), as in PyTorch; --flip gives the textbook's.
    A filter has one kernel for each input channel, and makes one feature map. Blank lines
    separate channels, a line of --- filters. Rows, columns and maps count from 0.

    Examples:
      convcalc conv --input grid.txt --kernel edge

      convcalc conv -i grid.txt -k "1 0; 0 -1" --stride 2 --padding same

      cat grid.txt | convcalc conv edge --at 1,1

    """
    from convcalc.engine.convolution import convolve
    from convcalc.report.convolution import Labels, worked_convolution

    word = _kernel_word(kernel, source)
    if moving.per_channel and moving.all_channels:
        raise UsageError("--per-channel and --all-channels exclude each other", hint="leave one of them out")
    channel = channel_of(ctx.obj)
    amounts, show = padding_of(moving.padding), show_of(how, stepping)
    stride, dilation = pair_of(moving.stride, "--stride"), pair_of(moving.dilation, "--dilation")
    if source.input is None and not channel.is_piped_in:
        raise UsageError(
            f"there is no input grid: '{word}' is the kernel", hint="a grid goes after --input, or is piped in"
        )
    weights, name = read_kernel(channel, word)
    grid = channel.read(source.input, "--input").cells
    groups, weights = _spread(grid, weights, moving)
    result = convolve(
        grid,
        weights,
        bias=None if kernel.bias is None else _read_bias(channel, kernel.bias),
        stride=stride,
        padding=amounts,
        dilation=dilation,
        groups=groups,
        mode=pad.pad_mode,
        flip=moving.flip,
    )
    labels = Labels(name, amounts if isinstance(amounts, PaddingRule) else None)
    channel.emit(worked_convolution(result, show, labels), out)


def _kernel_word(kernel: KernelOptions, source: InputOptions) -> str:
    """Return the user's word for the kernel, given once."""
    words = [word for word in (kernel.argument, kernel.kernel) if word is not None]
    if len(words) > 1:
        raise UsageError(
            f"there are two kernels, '{words[0]}' and '{words[1]}'",
            hint="a grid goes after --input; what stands alone is the kernel",
        )
    if not words:
        raise UsageError(
            "there is no kernel",
            hint='name one: --kernel edge, --kernel "1 0; 0 -1" (convcalc kernels lists the names)',
        )
    if words[0] == "-" and source.input in (None, "-"):
        raise UsageError("the input and the kernel cannot both be standard input", hint="name a file for one of them")
    return words[0]


def read_kernel(channel: Channel, word: str) -> "tuple[Array, str]":
    """Read a kernel by its name, or as any grid; return it and what to call it."""
    from pathlib import Path

    from convcalc.engine import kernels
    from convcalc.matrix_io.files import exists, looks_inline

    named = kernels.named(word)
    could_be_name = word.strip() and not looks_inline(word) and not Path(word).suffix and "/" not in word
    if named is None and word != "-" and could_be_name and not exists(Path(word)):
        named = kernels.find(word)
    if named is not None:
        return kernels.kernel(named.name), named.name
    return channel.read(word, "--kernel").cells, "kernel"


def _read_bias(channel: Channel, text: str) -> "Array":
    """Read the biases: numbers parted by commas or spaces, or a file of them."""
    cells = channel.read(text, "--bias").cells
    if cells.ndim > 2 or min(cells.shape, default=1) > 1:
        raise InputError("the bias must be one row or one column of numbers", hint="one number per filter, as in 1,0")
    return cells.ravel()


def _spread(grid: "Array", weights: "Array", moving: MovingOptions) -> "tuple[int, Array]":
    """Return the groups and the kernel that --per-channel and --all-channels stand for."""
    from convcalc.engine.convolution import spread

    if not (moving.per_channel or moving.all_channels):
        return moving.groups, weights
    if moving.groups != 1:
        option = "--per-channel" if moving.per_channel else "--all-channels"
        raise UsageError(f"{option} and --groups exclude each other", hint="leave one of them out")
    channels = grid.shape[-3] if grid.ndim > 2 else 1
    return (channels if moving.per_channel else 1), spread(weights, channels, per_channel=moving.per_channel)
