"""``convcalc conv-transpose``."""

from typing import Annotated, NamedTuple

import typer

from convcalc.choices import Gradient, PaddingRule, TransposedReading
from convcalc.cli.convolution import KERNEL_EXAMPLE, KernelOptions, read_kernel
from convcalc.cli.inputs import one_of, read, read_bias, read_input
from convcalc.cli.options import (
    Backward,
    Dilation,
    Groups,
    InputOptions,
    NumberOptions,
    OrderOptions,
    OutputOptions,
    StepOptions,
    moving_option,
    numbers,
    padding_of,
    pair_of,
    reading_option,
    show_of,
    show_option,
    with_options,
)
from convcalc.cli.output import emit
from convcalc.cli.surroundings import surroundings_of
from convcalc.errors import UsageError


class StampingOptions(NamedTuple):
    """How the kernel is stamped, and which reading is shown."""

    stride: Annotated[
        str, moving_option("--stride", "-s", metavar="N|ROWS,COLS", help="Cells from stamp to stamp.")
    ] = "1"
    padding: Annotated[
        str,
        moving_option(
            "--padding",
            "-p",
            metavar="N|ROWS,COLS|T,B,L,R",
            help="Cells cut off the border: what the convolution the other way would pad.",
        ),
    ] = "0"
    output_padding: Annotated[
        str,
        moving_option(
            "--output-padding",
            metavar="N|ROWS,COLS",
            help="Rows and columns to add at the end: stride 2 makes 3 of 5 and of 6 cells, and 1 here gives the 6.",
        ),
    ] = "0"
    dilation: Dilation = "1"
    groups: Groups = 1
    reading: Annotated[
        TransposedReading | None,
        show_option(
            "--as", help="Show one reading: stamps that add up, or zeros inserted and a convolution. Default: both."
        ),
    ] = None


@with_options
def conv_transpose(
    *,
    ctx: typer.Context,
    source: InputOptions,
    kernel: KernelOptions,
    stamping: StampingOptions,
    backward: Backward = None,
    wrt: Annotated[
        Gradient | None,
        reading_option("--wrt", help="Which gradient is the answer, and alone is shown. Default: all, the input's."),
    ] = None,
    stepping: StepOptions,
    terms: OrderOptions,
    how: NumberOptions,
    out: OutputOptions,
) -> None:
    """Go from a convolution's output shape back to its input's: every cell stamps the kernel, stamps add up.

    Shown both ways: as scatter-add, and as zeros inserted and then a convolution.
    Weights are input channels × maps × rows × columns, as in PyTorch.

    Examples:
      convcalc conv-transpose -i "1 2; 3 4" -k "1 2; 3 4" --stride 2

      convcalc conv-transpose -i grid.txt -k box --stride 2 --padding 1 --output-padding 1

      convcalc conv-transpose -i "1 2; 3 4" -k "1 2; 3 4" --stride 2 --backward 1

    """
    from convcalc.engine.transposed import conv_transpose as transposed
    from convcalc.report.transposed import worked_transposed

    if wrt is not None and backward is None:
        raise UsageError("--wrt does nothing without --backward", hint="as in --backward 1 --wrt kernel")
    if backward is not None and stamping.reading is not None:
        raise UsageError("--as and --backward exclude each other", hint="leave one of them out")
    here = surroundings_of(ctx)
    word = one_of(here, kernel.argument, kernel.kernel, "kernel", KERNEL_EXAMPLE, source)
    amounts = padding_of(stamping.padding)
    if isinstance(amounts, PaddingRule):
        raise UsageError(
            f"--padding {amounts} is a convolution's word", hint="write how much is cut off the border, as in 1"
        )
    show = show_of(how, stepping, terms)
    extra = numbers(stamping.output_padding, "--output-padding", most=2, example="1 or 1,0")
    strides, spreads = pair_of(stamping.stride, "--stride"), pair_of(stamping.dilation, "--dilation")
    weights, name = read_kernel(here, word)
    grid = read_input(here, source).cells
    result = transposed(
        grid,
        weights,
        bias=None if kernel.bias is None else read_bias(here, kernel.bias, "map"),
        stride=strides,
        padding=amounts,
        output_padding=extra,
        dilation=spreads,
        groups=stamping.groups,
    )
    if backward is None:
        emit(here, worked_transposed(result, show, name, stamping.reading), out, show)
        return
    from convcalc.engine.gradients import backward_transposed
    from convcalc.report.transposed_gradients import worked_transposed_gradients

    gradients = backward_transposed(result, read(here, backward, "--backward").cells)
    emit(here, worked_transposed_gradients(gradients, show, wrt, name), out, show)
