"""``convcalc pool``."""

import re
from typing import Annotated, Any, NamedTuple

import typer

from convcalc.choices import PaddingRule
from convcalc.cli.completion import one_of
from convcalc.cli.inputs import read, read_input
from convcalc.cli.options import (
    Backward,
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
    with_options,
)
from convcalc.cli.output import emit
from convcalc.cli.surroundings import surroundings_of
from convcalc.engine.pooling_kinds import PoolKind
from convcalc.errors import UsageError, nearest

ALSO = {word: kind.value for kind in PoolKind for word in kind.record.other_words}
KINDS = "|".join(kind.value for kind in PoolKind)


class WindowOptions(NamedTuple):
    """The pooling windows: sliding, or fitted to an output; all None where nothing was asked."""

    window: Annotated[
        str | None, moving_option("--window", "-w", metavar="N|ROWS,COLS", help="The window's size. Default 2.")
    ] = None
    stride: Annotated[
        str | None,
        moving_option("--stride", "-s", metavar="N|ROWS,COLS", help="Default: the window, so that none overlap."),
    ] = None
    padding: Annotated[
        str | None,
        moving_option(
            "--padding",
            "-p",
            metavar="N|ROWS,COLS|T,B,L,R|same|valid",
            autocompletion=one_of(PaddingRule.SAME, PaddingRule.VALID),
            help="Cells added around the input, at most half a window; only averages and sums count them. Default 0.",
        ),
    ] = None
    dilation: Annotated[
        str | None,
        moving_option("--dilation", "-d", metavar="N|ROWS,COLS", help="How far apart a window's cells lie. Default 1."),
    ] = None
    ceil: Annotated[bool, moving_option("--ceil", help="Round the size up: a last window may hang over the end.")] = (
        False
    )
    no_count_pad: Annotated[
        bool, moving_option("--no-count-pad", help="Leave the padding out of an average's divisor.")
    ] = False
    whole: Annotated[bool, moving_option("--global", help="One window over the whole of each channel.")] = False
    adaptive: Annotated[
        str | None, moving_option("--adaptive", metavar="ROWSxCOLS", help="Fit the windows to an output of this size.")
    ] = None
    divisor: Annotated[
        int | None, moving_option("--divisor", metavar="N", min=1, help="What divides an average's sum.")
    ] = None
    shape: Annotated[
        str | None,
        moving_option(
            "--shape",
            metavar="GRID|cross|disk",
            autocompletion=one_of("cross", "disk"),
            help="Which cells of a window count for max, min and median: rows of 0 and 1, or cross, disk, disk5.",
        ),
    ] = None
    norm: Annotated[int | None, moving_option("--norm", metavar="P", help="The p of lp pooling. Default 2.")] = None


@with_options
def pool(
    *,
    ctx: typer.Context,
    kind: Annotated[
        str, typer.Argument(metavar=f"[{KINDS}]", help="What each window gives.", autocompletion=one_of(*PoolKind))
    ] = "max",
    source: InputOptions,
    windows: WindowOptions,
    backward: Backward = None,
    indices: Annotated[
        bool, reading_option("--indices", help="Give the place of each maximum, row · width + column: for unpool.")
    ] = False,
    stepping: StepOptions,
    terms: OrderOptions,
    how: NumberOptions,
    out: OutputOptions,
) -> None:
    """Pool a grid: each window and its winner, or its mean with the divisor.

    PyTorch's conventions; every channel by itself.

    Examples:
      convcalc pool max -i grid.txt

      convcalc pool avg -i grid.txt --window 3 --stride 2 --padding 1

      convcalc conv edge -i grid.txt | convcalc pool max -q

      convcalc pool max -i grid.txt --backward 1

    """
    from convcalc.cli.large import large_input, work_in_bands
    from convcalc.engine.pooling import pool as pooled
    from convcalc.report.pooling import worked_pooling

    pooling = kind_of(kind)
    if indices and (pooling.record.beats is None or backward is not None):
        other = "--backward" if backward is not None else f"{pooling} pooling"
        raise UsageError(f"--indices does not go with {other}", hint="as in pool max --indices")
    settings = _settings(pooling, windows)
    show = show_of(how, stepping, terms)
    here = surroundings_of(ctx)
    plain = backward is None and not indices and windows.shape is None
    large = large_input(here, source, out, show) if plain else None
    grid = read_input(here, source).cells if large is None else large.stand_in
    if windows.shape is not None:
        named = re.fullmatch(r"(cross|disk)\d*", windows.shape)
        settings["footprint"] = windows.shape if named else read(here, windows.shape, "--shape").cells
    result = pooled(grid, pooling, **settings)
    if large is not None:
        from convcalc.engine.fast.bands import pooling_bands

        work_in_bands(pooling_bands(result, large.read, fortran=large.fortran), out)
        return
    if backward is not None:
        from convcalc.engine.routing import backward as routed
        from convcalc.report.routing import worked_routing

        gradient = read(here, backward, "--backward").cells
        emit(here, worked_routing(routed(result, gradient), show), out, show)
        return
    if indices:
        from convcalc.engine.routing import Indices
        from convcalc.report.routing import worked_indices

        emit(here, worked_indices(Indices(result), show), out, show)
        return
    rule = settings.get("padding")
    word = rule if isinstance(rule, PaddingRule) else None
    emit(here, worked_pooling(result, show, word), out, show)


def kind_of(word: str) -> PoolKind:
    """Return the kind of pooling by its word, or the word other people have for it.

    >>> kind_of("average")
    <PoolKind.AVG: 'avg'>
    """
    usual = ALSO.get(word.lower(), word.lower())
    if usual in {kind.value for kind in PoolKind}:
        return PoolKind(usual)
    close = nearest(usual, [*(kind.value for kind in PoolKind), *ALSO])
    hint = f"did you mean {ALSO.get(close[0], close[0])}?" if close else "a grid goes after --input"
    raise UsageError(f"'{word}' is no kind of pooling: they are {KINDS.replace('|', ', ')}", hint=hint)


def _settings(kind: PoolKind, windows: WindowOptions) -> dict[str, Any]:
    """Return the engine's settings, once nothing asked for contradicts anything else, or does nothing."""
    moving = {
        "--window": windows.window,
        "--stride": windows.stride,
        "--padding": windows.padding,
        "--dilation": windows.dilation,
        "--ceil": windows.ceil or None,
    }
    options = [option for option, value in moving.items() if value is not None]
    if windows.norm is not None and not kind.record.takes_norm:
        raise UsageError(f"--norm does nothing to {kind} pooling", hint="it goes with lp: convcalc pool lp --norm 3")
    if windows.divisor is not None and not kind.record.divides:
        raise UsageError(f"--divisor does nothing to {kind} pooling", hint="it goes with avg")
    if windows.divisor is not None and windows.no_count_pad:
        raise UsageError("--divisor and --no-count-pad exclude each other", hint="leave one of them out")
    if windows.shape is not None and not kind.record.takes_footprint:
        raise UsageError(f"--shape does nothing to {kind} pooling", hint="it goes with max, min and median")
    if windows.shape is not None and (windows.window is not None or windows.whole or windows.adaptive is not None):
        raise UsageError("--shape gives the window, too", hint="leave --window, --global and --adaptive out")
    if windows.no_count_pad and not kind.record.divides:
        raise UsageError(f"--no-count-pad does nothing to {kind} pooling", hint="it goes with avg")
    if windows.whole and windows.adaptive:
        raise UsageError("--global and --adaptive exclude each other", hint="--global is --adaptive 1x1")
    norm = {} if windows.norm is None else {"norm": windows.norm}
    if windows.divisor is not None:
        norm["divisor"] = windows.divisor
    if windows.whole or windows.adaptive is not None:
        fitted = "--global" if windows.whole else "--adaptive"
        if options:
            raise UsageError(
                f"{fitted} sets the windows itself and does not go with {options[0]}", hint="leave one of them out"
            )
        adaptive = windows.adaptive or "1x1"
        return {"adaptive": numbers(adaptive, "--adaptive", most=2, least=1, example="2x2"), **norm}
    padding = padding_of("0" if windows.padding is None else windows.padding)
    if padding is PaddingRule.FULL:
        raise UsageError("--padding full would pool windows of nothing but padding", hint="use same, valid or a number")
    window = "2" if windows.window is None else windows.window
    dilation = "1" if windows.dilation is None else windows.dilation
    return {
        "window": pair_of(window, "--window"),
        "stride": None if windows.stride is None else pair_of(windows.stride, "--stride"),
        "padding": padding,
        "dilation": pair_of(dilation, "--dilation"),
        "ceil": windows.ceil,
        "count_padding": not windows.no_count_pad,
        **norm,
    }
