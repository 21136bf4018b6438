"""``convcalc add``, ``concat``, ``upsample``, ``unpool`` and ``dropout``."""

from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from convcalc.choices import UpsampleMode
from convcalc.cli.inputs import read, read_input
from convcalc.cli.options import (
    Backward,
    InputOptions,
    NumberOptions,
    OutputOptions,
    StepOptions,
    input_option,
    moving_option,
    number_of,
    numbers,
    pair_of,
    reading_option,
    show_of,
    with_options,
)
from convcalc.cli.output import emit
from convcalc.cli.surroundings import Surroundings, surroundings_of
from convcalc.errors import UsageError

if TYPE_CHECKING:
    from convcalc.engine.exact import Array
    from convcalc.engine.gathered import Gathered
    from convcalc.report.selection import Show

Others = Annotated[
    list[str], typer.Argument(metavar="GRID...", help="What it is joined with: files, names, or written out.")
]
Size = Annotated[
    str | None,
    moving_option("--size", metavar="ROWSxCOLS", help="The output's size, if it does not follow from the others."),
]
Axis = Annotated[
    int | None,
    typer.Option(
        "--axis",
        metavar="N",
        help="-1 is along columns, -2 rows, -3 channels. Default: channels; of single rows, columns.",
    ),
]


class BackwardNames(NamedTuple):
    """The gradient of the output, and which gradient is the answer."""

    backward: Backward = None
    wrt: Annotated[
        str | None,
        reading_option(
            "--wrt", metavar="NAME", help="Whose gradient is the answer: input, other. Default: the input's."
        ),
    ] = None


def _emit(here: Surroundings, result: "Gathered", parts: BackwardNames, show: "Show", out: OutputOptions) -> None:
    from convcalc.report.gathered import worked_gather_gradients, worked_gathered

    if parts.wrt is not None and parts.wrt not in result.names:
        raise UsageError(f"there is no grid '{parts.wrt}' here", hint=f"there is {' and '.join(result.names)}")
    if parts.backward is None:
        if parts.wrt is not None:
            raise UsageError("--wrt does nothing without --backward", hint="as in --backward 1 --wrt other")
        emit(here, worked_gathered(result, show), out, show)
        return
    gradients = result.backward(read(here, parts.backward, "--backward").cells)
    emit(here, worked_gather_gradients(gradients, show, parts.wrt), out, show)


def _grids(here: Surroundings, words: list[str], source: InputOptions) -> "list[Array]":
    if "-" in words and (source.input in (None, "-") or words.count("-") > 1):
        raise UsageError("two grids cannot both be standard input", hint="name a file for one of them")
    others = [
        read(here, word, "--other" if len(words) == 1 else f"--other {index}").cells
        for index, word in enumerate(words, 1)
    ]
    return [read_input(here, source).cells, *others]


@with_options
def add(
    *,
    ctx: typer.Context,
    others: Others,
    source: InputOptions,
    parts: BackwardNames,
    stepping: StepOptions,
    how: NumberOptions,
    out: OutputOptions,
) -> None:
    """Add grids cell by cell, as a skip connection does.

    In a script a skip connection adds a grid that has a name to the current one.

    Examples:
      convcalc add -i "1 2; 3 4" "10 20; 30 40"

      convcalc add -i "1 2" "3 4" --backward "1 5"

    """
    from convcalc.engine.gathering import add as added

    here, show = surroundings_of(ctx), show_of(how, stepping)
    _emit(here, added(*_grids(here, others, source)), parts, show, out)


@with_options
def concat(
    *,
    ctx: typer.Context,
    others: Others,
    source: InputOptions,
    axis: Axis = None,
    parts: BackwardNames,
    stepping: StepOptions,
    how: NumberOptions,
    out: OutputOptions,
) -> None:
    """Put grids behind one another: channel after channel, or along rows or columns.

    Examples:
      convcalc concat -i "1 2; 3 4" "5 6; 7 8"

      convcalc concat -i "1 2; 3 4" "5 6; 7 8" --axis -2 --backward 1 --wrt other

    """
    from convcalc.engine.gathering import concat as joined

    here, show = surroundings_of(ctx), show_of(how, stepping)
    _emit(here, joined(*_grids(here, others, source), axis=axis), parts, show, out)


@with_options
def upsample(
    *,
    ctx: typer.Context,
    source: InputOptions,
    factor: Annotated[
        str | None, moving_option("--scale", "-s", metavar="N|ROWS,COLS", help="How many times larger. Default 2.")
    ] = None,
    size: Size = None,
    mode: Annotated[
        UpsampleMode, moving_option("--mode", "-m", help="Repeat the nearest cell, or mix the nearest.")
    ] = UpsampleMode.NEAREST,
    align_corners: Annotated[
        bool, moving_option("--align-corners", help="bilinear: corners of input and output are the same points.")
    ] = False,
    parts: BackwardNames,
    stepping: StepOptions,
    how: NumberOptions,
    out: OutputOptions,
) -> None:
    """Enlarge a grid: each cell repeated, or neighbours mixed by how near they are (bilinear).

    PyTorch's conventions; TensorFlow 2 and OpenCV agree with them where corners are not aligned.

    Examples:
      convcalc upsample -i "1 2; 3 4" --scale 2

      convcalc upsample -i "1 2; 3 4" --scale 2 --mode bilinear

      convcalc upsample -i "1 3" --scale 2 --mode bilinear --align-corners --backward 1

    """
    from convcalc.engine.gathering import upsample as enlarged

    if factor is not None and size is not None:
        raise UsageError("--scale and --size exclude each other", hint="leave one of them out")
    if align_corners and mode is UpsampleMode.NEAREST:
        raise UsageError("--align-corners does nothing to nearest", hint="it goes with --mode bilinear")
    here, show = surroundings_of(ctx), show_of(how, stepping)
    scale = pair_of("2" if factor is None else factor, "--scale")
    wanted = None if size is None else numbers(size, "--size", most=2, least=1, example="8x8")
    grid = read_input(here, source).cells
    _emit(here, enlarged(grid, scale, mode, align_corners=align_corners, size=wanted), parts, show, out)


@with_options
def unpool(
    *,
    ctx: typer.Context,
    source: InputOptions,
    indices: Annotated[
        str,
        input_option(
            "--indices", metavar="GRID", help="Where each cell goes, row · width + column: as pool max --indices gives."
        ),
    ],
    window: Annotated[
        str | None, moving_option("--window", "-w", metavar="N|ROWS,COLS", help="The window of the pooling. Default 2.")
    ] = None,
    stride: Annotated[
        str | None, moving_option("--stride", metavar="N|ROWS,COLS", help="Its stride. Default: the window.")
    ] = None,
    size: Size = None,
    parts: BackwardNames,
    stepping: StepOptions,
    how: NumberOptions,
    out: OutputOptions,
) -> None:
    """Put the maxima of a pooling back where they were found, with zeros around them.

    Examples:
      convcalc pool max -i "1 5; 2 3" --indices

      convcalc unpool -i "6 8; 3 4" --indices "5 7; 8 15"

    """
    from convcalc.engine.gathering import unpool as put_back

    if size is not None and (window is not None or stride is not None):
        option = "--window" if window is not None else "--stride"
        raise UsageError(f"{option} and --size exclude each other", hint="leave one of them out")
    here, show = surroundings_of(ctx), show_of(how, stepping)
    where = read(here, indices, "--indices").cells
    wanted = None if size is None else numbers(size, "--size", most=2, least=1, example="4x4")
    grid = read_input(here, source).cells
    strides = None if stride is None else pair_of(stride, "--stride")
    result = put_back(
        grid, where, window=pair_of("2" if window is None else window, "--window"), stride=strides, size=wanted
    )
    _emit(here, result, parts, show, out)


@with_options
def dropout(
    *,
    ctx: typer.Context,
    source: InputOptions,
    mask: Annotated[
        str, input_option("--mask", metavar="GRID", help="1 for a cell that is kept, 0 for one that is dropped.")
    ],
    probability: Annotated[
        str, typer.Option("--probability", "-p", metavar="P", help="How likely a cell is dropped.")
    ] = "0.5",
    parts: BackwardNames,
    stepping: StepOptions,
    how: NumberOptions,
    out: OutputOptions,
) -> None:
    """Drop the cells a mask says, and scale up the others, so that the mean stays.

    As in training (inverted dropout); in inference nothing is dropped, and nothing scaled.

    Examples:
      convcalc dropout -i "4 5 6" --mask "1 0 1" -p 0.2

      convcalc dropout -i "4 5 6" --mask "1 0 1" --backward "1 1 3"

    """
    from convcalc.engine.gathering import dropout as thinned

    here, show = surroundings_of(ctx), show_of(how, stepping)
    kept = read(here, mask, "--mask").cells
    grid = read_input(here, source).cells
    _emit(here, thinned(grid, kept, number_of(probability, "--probability")), parts, show, out)
