"""``convcalc pool``."""

from typing import Annotated

import typer

from convcalc.choices import PaddingRule, PoolKind
from convcalc.cli.options import InputOptions, OutputOptions, StepOptions, padding_of, pair_of, show_of, with_options
from convcalc.cli.output import channel_of
from convcalc.errors import UsageError

HOW = "How the window moves"


@with_options
def pool(
    *,
    ctx: typer.Context,
    source: InputOptions,
    kind: Annotated[PoolKind, typer.Argument(help="What each window gives.")] = PoolKind.MAX,
    window: Annotated[
        str | None,
        typer.Option(
            "--window",
            "-w",
            metavar="N|ROWS,COLS",
            help="The window's size. Default 2.",
            show_default=False,
            rich_help_panel=HOW,
        ),
    ] = None,
    stride: Annotated[
        str | None,
        typer.Option(
            "--stride",
            "-s",
            metavar="N|ROWS,COLS",
            help="Default: the window, so that none overlap.",
            show_default=False,
            rich_help_panel=HOW,
        ),
    ] = None,
    padding: Annotated[
        str | None,
        typer.Option(
            "--padding",
            "-p",
            metavar="N|ROWS,COLS|T,B,L,R|same|valid",
            help="Cells added around the input, at most half a window. Maxima never take them. Default 0.",
            show_default=False,
            rich_help_panel=HOW,
        ),
    ] = None,
    dilation: Annotated[
        str | None,
        typer.Option(
            "--dilation",
            "-d",
            metavar="N|ROWS,COLS",
            help="Cells from tap to tap (max only). Default 1.",
            show_default=False,
            rich_help_panel=HOW,
        ),
    ] = None,
    ceil: Annotated[
        bool,
        typer.Option("--ceil", help="Round the size up: a last window may hang over the end.", rich_help_panel=HOW),
    ] = False,
    no_count_pad: Annotated[
        bool, typer.Option("--no-count-pad", help="Leave the padding out of an average's divisor.", rich_help_panel=HOW)
    ] = False,
    global_: Annotated[
        bool, typer.Option("--global", help="One window over the whole of each channel.", rich_help_panel=HOW)
    ] = False,
    adaptive: Annotated[
        str | None,
        typer.Option(
            "--adaptive",
            metavar="ROWSxCOLS",
            help="Fit the windows to an output of this size.",
            show_default=False,
            rich_help_panel=HOW,
        ),
    ] = None,
    norm: Annotated[int, typer.Option("--norm", metavar="P", help="The p of lp pooling.", rich_help_panel=HOW)] = 2,
    stepping: StepOptions,
    out: OutputOptions,
) -> None:
    """Pool a grid: each window and its winner, or its mean with the divisor.

    PyTorch's conventions; every channel by itself.

    Examples:
      convcalc pool max -i grid.txt

      convcalc pool avg -i grid.txt --window 3 --stride 2 --padding 1

      convcalc conv edge -i grid.txt | convcalc pool max -q

    """
    from convcalc.engine.pooling import pool as pooled
    from convcalc.report.pooling import worked_pooling

    moving = {"--window": window, "--stride": stride, "--padding": padding, "--dilation": dilation}
    given = [option for option, value in moving.items() if value is not None] + (["--ceil"] if ceil else [])
    fitted = "--global" if global_ else "--adaptive"
    if (global_ or adaptive) and given:
        raise UsageError(
            f"{fitted} sets the windows itself and does not go with {given[0]}", hint="leave one of them out"
        )
    if global_ and adaptive:
        raise UsageError("--global and --adaptive exclude each other", hint="--global is --adaptive 1x1")
    amounts = padding_of(padding or "0")
    if amounts is PaddingRule.FULL:
        raise UsageError("--padding full would pool windows of nothing but padding", hint="use same, valid or a number")
    target = numbers_of_adaptive(adaptive) if adaptive else (1, 1) if global_ else None
    show = show_of(stepping, out)
    channel = channel_of(ctx.obj)
    grid = channel.read(source.input, "--input").cells
    if target is not None and len(target) == 2 and grid.ndim < 3 and min(grid.shape) == 1 and global_:
        target = (1, 1)
    result = pooled(
        grid,
        kind,
        window=pair_of(window or "2", "--window") or 2,
        stride=pair_of(stride, "--stride"),
        padding=amounts,
        dilation=pair_of(dilation, "--dilation") or 1,
        ceil=ceil,
        count_padding=not no_count_pad,
        adaptive=target,
        norm=norm,
    )
    channel.emit(worked_pooling(result, show, amounts if isinstance(amounts, PaddingRule) else None), out)


def numbers_of_adaptive(text: str) -> tuple[int, ...]:
    """Read ``--adaptive``: 2x2, or 2 for both."""
    from convcalc.cli.options import numbers

    return numbers(text, "--adaptive", most=2, example="2x2")
