"""``convcalc conv``."""

from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from convcalc.choices import ConvolutionReading, Gradient, PaddingRule
from convcalc.cli.completion import kernel_names
from convcalc.cli.completion import one_of as word_of
from convcalc.cli.inputs import one_of, read, read_bias, read_input
from convcalc.cli.messages import note
from convcalc.cli.options import (
    Bias,
    Dilation,
    Groups,
    InputOptions,
    NumberOptions,
    OrderOptions,
    OutputOptions,
    PaddingOptions,
    StepOptions,
    at_most_one,
    input_option,
    moving_option,
    numbers,
    padding_of,
    pair_of,
    reading_option,
    show_of,
    with_options,
)
from convcalc.cli.output import emit
from convcalc.cli.surroundings import Surroundings, surroundings_of
from convcalc.errors import UsageError

if TYPE_CHECKING:
    from convcalc.engine.convolution import Convolution
    from convcalc.engine.exact import Array
    from convcalc.report.convolution import Labels
    from convcalc.report.document import Calculation
    from convcalc.report.selection import Show

KERNEL_EXAMPLE = '--kernel edge, --kernel "1 0; 0 -1" (convcalc kernels lists the names)'


class KernelOptions(NamedTuple):
    """The kernel and its bias."""

    argument: Annotated[
        str | None,
        typer.Argument(metavar="[KERNEL]", help="The kernel; the same as --kernel.", autocompletion=kernel_names),
    ] = None
    kernel: Annotated[
        str | None,
        input_option(
            "--kernel",
            "-k",
            metavar="KERNEL",
            autocompletion=kernel_names,
            help='A name (convcalc kernels lists them), a file, a grid written out ("1 0; 0 -1"), or -.',
        ),
    ] = None
    bias: Bias = None


class MovingOptions(NamedTuple):
    """How the kernel moves over the input, and which channels it reads."""

    stride: Annotated[
        str, moving_option("--stride", "-s", metavar="N|ROWS,COLS", help="Cells from window to window.")
    ] = "1"
    padding: Annotated[
        str,
        moving_option(
            "--padding",
            "-p",
            metavar="N|ROWS,COLS|T,B,L,R|same|same-lower|valid|full",
            autocompletion=word_of(*PaddingRule),
            help="Cells added around the input. same: as many windows as cells, at stride 1 (an odd cell at the end; "
            "same-lower: in front); valid: none; "
            "full: a window may touch the input with a single cell.",
        ),
    ] = "0"
    dilation: Dilation = "1"
    groups: Groups = 1
    flip: Annotated[
        bool, moving_option("--flip", help="Rotate the kernel by 180°: the convolution of the textbooks.")
    ] = False
    per_channel: Annotated[
        bool, moving_option("--per-channel", help="Run a one-channel kernel on each channel by itself.")
    ] = False
    all_channels: Annotated[
        bool, moving_option("--all-channels", help="Use a one-channel kernel in every channel, and add them up.")
    ] = False


class ReadingOptions(NamedTuple):
    """Other ways to read the same convolution, and the way back through it."""

    reading: Annotated[
        ConvolutionReading | None,
        reading_option(
            "--as", help="Read it as patches times the kernel as a column (im2col), or as one sparse matrix."
        ),
    ] = None
    reads: Annotated[
        str | None,
        reading_option(
            "--reads",
            metavar="[CH,]ROW,COL",
            help="Show which outputs read this cell of the input, and with which weight.",
        ),
    ] = None
    backward: Annotated[
        str | None,
        reading_option(
            "--backward",
            metavar="GRAD",
            help="Given the gradient of the output (a grid like it, or 1), show those of input, kernel and bias.",
        ),
    ] = None
    wrt: Annotated[
        Gradient | None,
        reading_option(
            "--wrt",
            help="The gradient that is the answer, and alone is shown. Default: all shown, the input's the answer.",
        ),
    ] = None

    @property
    def is_asked(self) -> bool:
        """Whether anything but the convolution itself is asked for."""
        return not (self.reading is None and self.reads is None and self.backward is None)

    def check(self, stepping: StepOptions, moving: MovingOptions) -> None:
        """Refuse what contradicts, or does nothing."""
        at_most_one({"--per-channel": moving.per_channel, "--all-channels": moving.all_channels})
        readings = {"--as": self.reading, "--reads": self.reads, "--backward": self.backward}
        at_most_one({option: value is not None for option, value in readings.items()})
        if self.wrt is not None and self.backward is None:
            raise UsageError("--wrt does nothing without --backward", hint="as in --backward 1 --wrt kernel")
        if self.reads is not None and (stepping.at or stepping.steps):
            raise UsageError("--reads shows no steps to choose from", hint="leave --at and --steps out")
        if self.wrt is Gradient.BIAS and stepping.at:
            raise UsageError("--at does nothing to a bias", hint="each map's sum is shown anyway")
        if self.backward is not None and (moving.per_channel or moving.all_channels):
            option = "--per-channel" if moving.per_channel else "--all-channels"
            raise UsageError(
                f"{option} does not go with --backward, as one kernel would have several gradients",
                hint="write the kernel out once for each channel",
            )


@with_options
def conv(
    *,
    ctx: typer.Context,
    source: InputOptions,
    kernel: KernelOptions,
    moving: MovingOptions,
    pad: PaddingOptions,
    other: ReadingOptions,
    stepping: StepOptions,
    terms: OrderOptions,
    how: NumberOptions,
    out: OutputOptions,
) -> None:
    """Slide a kernel over a grid: each window, every product, every sum, the feature map.

    Networks' convolution (cross-correlation); --flip gives the textbook's.
    A filter has a kernel for each input channel, and makes one feature map.
    Blank lines separate channels, a line of --- filters.
    Rows, columns and maps count from 0.

    Examples:
      convcalc conv --input grid.txt --kernel edge

      convcalc conv -i grid.txt -k "1 0; 0 -1" --stride 2 --padding same

      cat grid.txt | convcalc conv edge --at 1,1

      convcalc conv edge -i grid.txt --as matmul

      convcalc conv edge -i grid.txt --backward 1 --wrt kernel

    """
    from convcalc.cli.large import large_input, work_in_bands
    from convcalc.engine.convolution import convolve

    other.check(stepping, moving)
    here = surroundings_of(ctx)
    word = one_of(here, kernel.argument, kernel.kernel, "kernel", KERNEL_EXAMPLE, source)
    amounts, show = padding_of(moving.padding), show_of(how, stepping, terms)
    stride, dilation = pair_of(moving.stride, "--stride"), pair_of(moving.dilation, "--dilation")
    weights, name = read_kernel(here, word)
    large = None if other.is_asked else large_input(here, source, out, show)
    grid = read_input(here, source).cells if large is None else large.stand_in
    groups, weights = _spread(grid, weights, moving)
    result = convolve(
        grid,
        weights,
        bias=None if kernel.bias is None else read_bias(here, kernel.bias, "filter"),
        stride=stride,
        padding=amounts,
        dilation=dilation,
        groups=groups,
        flip=moving.flip,
        **pad.settings(None if isinstance(amounts, PaddingRule) else max(amounts)),
    )
    if large is not None:
        from convcalc.engine.fast.bands import convolution_bands

        work_in_bands(convolution_bands(result, large.read, fortran=large.fortran), out)
        return
    from convcalc.report.convolution import Labels

    labels = Labels(name, amounts if isinstance(amounts, PaddingRule) else None)
    emit(here, _worked(result, other, show, labels, here), out, show)


def _worked(
    result: "Convolution", other: ReadingOptions, show: "Show", labels: "Labels", here: Surroundings
) -> "Calculation":
    """Return the work of a convolution, read as it was asked to be."""
    from convcalc.report.convolution import worked_convolution

    if other.backward is not None:
        from convcalc.engine.gradients import backward
        from convcalc.report.gradients import worked_gradients

        gradient = read(here, other.backward, "--backward").cells
        return worked_gradients(backward(result, gradient), show, other.wrt, labels)
    if other.reads is not None:
        from convcalc.engine.readings import reads
        from convcalc.report.readings import worked_reads

        at = numbers(other.reads, "--reads", most=4, example="1,1", signed=True)
        naming, several = result.plan.naming, result.plan.channels > 1
        least = 2 - naming.one_row + several
        if len(at) < least:
            example = "CHANNEL," * several + naming.typed
            raise UsageError(f"--reads {other.reads}: it takes {example}", hint="counted from 0, as in --reads 1,1")
        return worked_reads(result, reads(result, naming.with_row(at)), show)
    if other.reading is not None:
        from convcalc.report.readings import worked_matmul, worked_toeplitz

        make_report = worked_matmul if other.reading is ConvolutionReading.MATMUL else worked_toeplitz
        return make_report(result, show, labels.kernel)
    return worked_convolution(result, show, labels)


def read_kernel(here: Surroundings, word: str) -> "tuple[Array, str]":
    """Read a kernel by its name, or as any grid; return it and what to call it."""
    from pathlib import Path

    from convcalc.engine import kernels
    from convcalc.matrix_io.files import also_a_file, file_of, looks_inline

    if word in here.names:
        return read(here, word, "--kernel").cells, word
    entry = kernels.named(word)
    could_be_name = word.strip() and not looks_inline(word) and not Path(word).suffix and "/" not in word
    if entry is None and word != "-" and could_be_name and file_of(word, here.folder) is None:
        entry = kernels.find(word)
    if entry is not None:
        note(also_a_file(word, f"as the kernel {entry.name}", here.folder))
        here.grids["kernel"] = kernels.kernel(entry.name)
        return here.grids["kernel"], entry.name
    return read(here, word, "--kernel").cells, "kernel"


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
