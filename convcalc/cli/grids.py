"""``convcalc pad`` and ``convcalc show``."""

from typing import Annotated

import typer

from convcalc.choices import PaddingRule
from convcalc.cli.inputs import LARGEST_BYTE, check_bytes, read, read_input
from convcalc.cli.options import (
    Backward,
    InputOptions,
    NumberOptions,
    OutputOptions,
    PaddingOptions,
    padding_of,
    show_of,
    with_options,
)
from convcalc.cli.output import emit
from convcalc.cli.surroundings import surroundings_of
from convcalc.errors import UsageError


@with_options
def pad(
    *,
    ctx: typer.Context,
    source: InputOptions,
    padding: Annotated[
        str, typer.Option("--padding", "-p", metavar="N|ROWS,COLS|T,B,L,R", help="Cells to add around the grid.")
    ] = "1",
    mode: PaddingOptions,
    backward: Backward = None,
    how: NumberOptions,
    out: OutputOptions,
) -> None:
    """Add cells around a grid, and show which they are.

    They are zeros, another number, or repeat the grid's own cells, as --pad-mode says.
    Numpy's edge and wrap, SciPy's nearest, mirror and grid-mirror are known too. SciPy's reflect is symmetric here.

    Examples:
      convcalc pad -i grid.txt -p 1

      convcalc pad -i "1 2 3" -p 2 --pad-value 0.5

      convcalc pad -i "1 2 3 4" -p 2 --pad-mode reflect

      convcalc pad -i "1 2 3 4" -p 2 --pad-mode reflect --backward 1

    """
    from convcalc.engine.padding import pad as padded
    from convcalc.report.grid import worked_padding, worked_padding_gradient

    amounts = padding_of(padding)
    if isinstance(amounts, PaddingRule):
        raise UsageError(f"--padding {padding} depends on a kernel, and `pad` has none", hint="write a number")
    here = surroundings_of(ctx)
    grid = read_input(here, source).cells
    result = padded(grid, amounts, **mode.settings())
    if backward is None:
        emit(here, worked_padding(result, show_of(how)), out)
        return
    gradient = result.backward(read(here, backward, "--backward").cells)
    emit(here, worked_padding_gradient(gradient, show_of(how)), out)


@with_options
def show(
    *,
    ctx: typer.Context,
    grid: Annotated[str | None, typer.Argument(metavar="[GRID]", help="The grid, as --input has it.")] = None,
    source: InputOptions,
    how: NumberOptions,
    out: OutputOptions,
) -> None:
    """Show a grid as it was read: its shape, its numbers and, with --heat, its shades.

    A picture is shown by its shades. With --output a grid is written in another format.

    Examples:
      convcalc show glyph.txt --heat

      convcalc show photo.png --resize 28x28

      convcalc show grid.csv -o grid.npy

    """
    from convcalc.engine.exact import divided
    from convcalc.report.grid import worked_division, worked_grid

    here = surroundings_of(ctx)
    if grid is not None and source.input is not None:
        raise UsageError(f"there are two grids, '{grid}' and '{source.input}'", hint="leave one of them out")
    source_grid = read_input(here, source._replace(input=grid or source.input), normalize=False)
    wanted = show_of(how._replace(heat=how.heat or source_grid.is_picture))
    if not source.normalize:
        emit(here, worked_grid(source_grid.cells, wanted, is_picture=source_grid.is_picture), out)
        return
    check_bytes(source_grid.cells)
    emit(here, worked_division(source_grid.cells, divided(source_grid.cells, LARGEST_BYTE), LARGEST_BYTE, wanted), out)
