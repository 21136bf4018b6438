"""``convcalc batch-norm``, ``convcalc layer-norm`` and ``convcalc group-norm``."""

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from convcalc.choices import NormGradient
from convcalc.cli.inputs import read, read_input
from convcalc.cli.options import (
    Backward,
    InputOptions,
    NumberOptions,
    OutputOptions,
    StepOptions,
    input_option,
    number_of,
    reading_option,
    show_of,
    with_options,
)
from convcalc.cli.output import emit
from convcalc.cli.surroundings import Surroundings, surroundings_of
from convcalc.errors import UsageError

if TYPE_CHECKING:
    from convcalc.engine.normalized import Normalized
    from convcalc.report.selection import Show


class ParameterOptions(NamedTuple):
    """What a normalised cell is multiplied by, and what is added to it, and to the variance."""

    gamma: Annotated[
        str | None,
        input_option("--gamma", metavar="NUMBERS", help="What a normalised cell is multiplied by. Default: nothing."),
    ] = None
    beta: Annotated[
        str | None, input_option("--beta", metavar="NUMBERS", help="What is added to it then. Default: nothing.")
    ] = None
    eps: Annotated[str, typer.Option("--eps", metavar="NUMBER", help="What is added to the variance.")] = "1e-5"


class BackwardParts(NamedTuple):
    """The gradient of the output, and which gradient is the answer."""

    backward: Backward = None
    wrt: Annotated[
        NormGradient | None,
        reading_option("--wrt", help="Which gradient is the answer, and alone is shown. Default: all, the input's."),
    ] = None


def _parameters(here: Surroundings, parameters: ParameterOptions) -> dict[str, Any]:
    grids = {name: getattr(parameters, name) for name in ("gamma", "beta")}
    read_grids = {name: read(here, word, f"--{name}").cells for name, word in grids.items() if word is not None}
    return {**read_grids, "eps": number_of(parameters.eps, "--eps")}


def _emit(here: Surroundings, result: "Normalized", parts: BackwardParts, show: "Show", out: OutputOptions) -> None:
    from convcalc.report.norms import worked_norm, worked_norm_gradients

    if parts.backward is None:
        if parts.wrt is not None:
            raise UsageError("--wrt does nothing without --backward", hint="as in --backward 1 --wrt gamma")
        emit(here, worked_norm(result, show), out, show)
        return
    if parts.wrt in (NormGradient.GAMMA, NormGradient.BETA) and getattr(result, parts.wrt.value) is None:
        raise UsageError(f"there is no {parts.wrt} to have a gradient", hint=f"give one: --{parts.wrt} 1")
    gradients = result.backward(read(here, parts.backward, "--backward").cells)
    emit(here, worked_norm_gradients(gradients, show, parts.wrt), out, show)


@with_options
def batch_norm(
    *,
    ctx: typer.Context,
    source: InputOptions,
    parameters: ParameterOptions,
    running: Annotated[
        str | None,
        input_option(
            "--running",
            metavar="MEAN,VAR",
            help="The mean and the variance to use, as in inference: two numbers, or two grids of one a channel.",
        ),
    ] = None,
    columns: Annotated[
        bool,
        input_option("--columns", help="Each row is an item, each column a feature with a mean of its own."),
    ] = False,
    parts: BackwardParts,
    stepping: StepOptions,
    how: NumberOptions,
    out: OutputOptions,
) -> None:
    """Normalise each channel: its cells less their mean, over their standard deviation, times gamma, plus beta.

    In training the mean and the variance are those of the batch, the variance divided by the number of cells.

    Examples:
      convcalc batch-norm -i "1 2 3 4"

      convcalc batch-norm -i "1 2 3 4" --gamma 2 --beta 1 --running 2,4

      convcalc batch-norm -i "1 2; 3 6" --columns --backward "1 0; 0 0"

    """
    from convcalc.engine.norms import batch_norm as normalized

    here, show = surroundings_of(ctx), show_of(how, stepping)
    options = _parameters(here, parameters)
    given = None if running is None else _running(here, running)
    grid = read_input(here, source).cells
    _emit(here, normalized(grid, running=given, by_column=columns, **options), parts, show, out)


def _running(here: Surroundings, text: str) -> tuple[Any, Any]:
    words = text.split(",")
    if len(words) != 2 or not all(word.strip() for word in words):
        raise UsageError(
            f"--running {text}: a mean and a variance are two",
            hint="as in --running 2.5,1.25, or --running '1 2,4 9' for two channels",
        )
    mean = read(here, words[0].strip(), "--running").cells
    here.grids["running mean"] = mean
    return mean, read(here, words[1].strip(), "--running").cells


@with_options
def layer_norm(
    *,
    ctx: typer.Context,
    source: InputOptions,
    parameters: ParameterOptions,
    axes: Annotated[
        int | None,
        typer.Option(
            "--axes",
            metavar="N",
            min=1,
            max=4,
            help="How many of the last axes share a mean. Default: 1, the row; of several channels 3, the item.",
        ),
    ] = None,
    parts: BackwardParts,
    stepping: StepOptions,
    how: NumberOptions,
    out: OutputOptions,
) -> None:
    """Normalise each row, or each item: its cells less their mean, over their standard deviation.

    Gamma and beta are one number for each cell of a row, or one for all.

    Examples:
      convcalc layer-norm -i "1 2 3 4"

      convcalc layer-norm -i "1 2; 3 6" --gamma "1 2" --backward "1 0; 0 0"

    """
    from convcalc.engine.norms import layer_norm as normalized

    here, show = surroundings_of(ctx), show_of(how, stepping)
    options = _parameters(here, parameters)
    _emit(here, normalized(read_input(here, source).cells, axes=axes, **options), parts, show, out)


@with_options
def group_norm(
    *,
    ctx: typer.Context,
    source: InputOptions,
    groups: Annotated[
        int, typer.Option("--groups", "-g", metavar="N", min=1, help="How many groups; as many as channels: each one.")
    ] = 1,
    parameters: ParameterOptions,
    parts: BackwardParts,
    stepping: StepOptions,
    how: NumberOptions,
    out: OutputOptions,
) -> None:
    """Normalise groups of channels: their cells less their mean, over their standard deviation.

    Gamma and beta are one number for each channel, or one for all. As many groups as channels is instance
    normalisation.

    Examples:
      convcalc group-norm --groups 2 -i "[[[1, 3]], [[0, 4]]]"

    """
    from convcalc.engine.norms import group_norm as normalized

    here, show = surroundings_of(ctx), show_of(how, stepping)
    options = _parameters(here, parameters)
    _emit(here, normalized(read_input(here, source).cells, groups, **options), parts, show, out)
