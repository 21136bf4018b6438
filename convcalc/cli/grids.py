"""``convcalc pad`` and ``convcalc show``."""

from typing import Annotated

import typer

from convcalc.choices import PaddingRule
from convcalc.cli.options import (
    InputOptions,
    NumberOptions,
    OutputOptions,
    PaddingOptions,
    padding_of,
    show_of,
    with_options,
)
from convcalc.cli.output import channel_of
from convcalc.errors import InputError, UsageError

LARGEST_BYTE = 255


@with_options
def pad(
    *,
    ctx: typer.Context,
    source: InputOptions,
    padding: Annotated[
        str, typer.Option("--padding", "-p", metavar="N|ROWS,COLS|T,B,L,R", help="Cells to add around the grid.")
    ] = "1",
    mode: PaddingOptions,
    how: NumberOptions,
    out: OutputOptions,
) -> None:
    """Add cells around a grid, and show which they are.

    They are zeros, or repeat the grid's own cells, as --pad-mode says.

    Examples:
      convcalc pad -i grid.txt -p 1

      convcalc pad -i "1 2 3 4" -p 2 --pad-mode reflect

    """
    from convcalc.engine.padding import pad as padded
    from convcalc.report.grid import worked_padding

    amounts = padding_of(padding)
    if isinstance(amounts, PaddingRule):
        raise UsageError(f"--padding {padding} depends on a kernel, and `pad` has none", hint="write a number")
    channel = channel_of(ctx)
    grid = channel.read(source.input, "--input").cells
    channel.emit(worked_padding(padded(grid, amounts, mode.pad_mode), show_of(how)), out)


@with_options
def show(
    *,
    ctx: typer.Context,
    source: InputOptions,
    normalize: Annotated[
        bool, typer.Option("--normalize", help="Divide every cell by 255, as pictures are before training.")
    ] = False,
    how: NumberOptions,
    out: OutputOptions,
) -> None:
    """Show a grid as it was read: its shape, its numbers and, with --heat, its shades.

    With --output it is written in another format.

    Examples:
      convcalc show -i glyph.txt --heat

      convcalc show -i grid.csv -o grid.npy

    """
    from convcalc.engine.exact import divided
    from convcalc.report.grid import worked_division, worked_grid

    channel = channel_of(ctx)
    grid = channel.read(source.input, "--input").cells
    if not normalize:
        channel.emit(worked_grid(grid, show_of(how)), out)
        return
    if grid.min() < 0 or grid.max() > LARGEST_BYTE:
        raise InputError(
            f"the cells reach from {grid.min()} to {grid.max()}, and 8 bits hold 0 to {LARGEST_BYTE}",
            hint="leave --normalize out",
        )
    channel.emit(worked_division(grid, divided(grid, LARGEST_BYTE), LARGEST_BYTE, show_of(how)), out)
