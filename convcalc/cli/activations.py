"""``convcalc relu`` and the other activations, ``softmax`` and ``log-softmax``."""

from collections.abc import Callable
from typing import Annotated

import typer

from convcalc.choices import ActivationKind
from convcalc.cli.options import (
    InputOptions,
    NumberOptions,
    OutputOptions,
    StepOptions,
    number_of,
    show_of,
    with_options,
)
from convcalc.cli.output import channel_of

EXAMPLES = """

    Every cell is worked by itself, and the grid keeps its shape.

    Examples:
      convcalc {name} -i "-5 8; 2 -3"

      convcalc conv edge -i grid.txt | convcalc {name}

    """

PLAIN = {
    ActivationKind.RELU: "Rectify: max(0, x) of every cell. Negative cells become 0, the others stay.",
    ActivationKind.SILU: "Take x/(1 + e^-x) of every cell (SiLU, or swish): the cell times its sigmoid.",
    ActivationKind.SIGMOID: "Take 1/(1 + e^-x) of every cell: between 0 and 1.",
    ActivationKind.TANH: "Take the hyperbolic tangent of every cell: between -1 and 1.",
    ActivationKind.SOFTPLUS: "Take ln(1 + e^x) of every cell: a smooth ReLU.",
}
"""The activations without options of their own, and what they do."""


def _run(
    ctx: typer.Context,
    kind: ActivationKind,
    source: InputOptions,
    stepping: StepOptions,
    how: NumberOptions,
    out: OutputOptions,
    parameter: object = None,
) -> None:
    from convcalc.engine.activations import activate
    from convcalc.report.activations import worked_activation

    channel = channel_of(ctx)
    show = show_of(how, stepping)
    grid = channel.input(source).cells
    channel.emit(worked_activation(activate(grid, kind, parameter), show), out, show)


def _plain(kind: ActivationKind, summary: str) -> Callable[..., None]:
    """Return the command of an activation that has no options of its own."""

    def command(
        *,
        ctx: typer.Context,
        source: InputOptions,
        stepping: StepOptions,
        how: NumberOptions,
        out: OutputOptions,
    ) -> None:
        _run(ctx, kind, source, stepping, how, out)

    command.__name__ = kind.value
    command.__doc__ = summary + EXAMPLES.format(name=kind)
    return with_options(command)


@with_options
def leaky_relu(
    *,
    ctx: typer.Context,
    source: InputOptions,
    slope: Annotated[
        str, typer.Option("--slope", metavar="NUMBER", help="What a negative cell is multiplied by.")
    ] = "0.01",
    stepping: StepOptions,
    how: NumberOptions,
    out: OutputOptions,
) -> None:
    """Rectify, but let negative cells through by a small slope: max(0, x) + slope·min(0, x).

    Every cell is worked by itself, and the grid keeps its shape.

    Examples:
      convcalc leaky-relu -i "-5 8; 2 -3"

      convcalc leaky-relu -i grid.txt --slope 1/5

    """
    _run(ctx, ActivationKind.LEAKY_RELU, source, stepping, how, out, number_of(slope, "--slope"))


@with_options
def elu(
    *,
    ctx: typer.Context,
    source: InputOptions,
    alpha: Annotated[
        str, typer.Option("--alpha", metavar="NUMBER", help="How far below 0 a negative cell can come.")
    ] = "1",
    stepping: StepOptions,
    how: NumberOptions,
    out: OutputOptions,
) -> None:
    """Take x where it is positive, and alpha·(e^x − 1) where it is not.

    Every cell is worked by itself, and the grid keeps its shape.

    Examples:
      convcalc elu -i "-5 8; 2 -3"

      convcalc elu -i grid.txt --alpha 0.5

    """
    _run(ctx, ActivationKind.ELU, source, stepping, how, out, number_of(alpha, "--alpha"))


@with_options
def gelu(
    *,
    ctx: typer.Context,
    source: InputOptions,
    tanh: Annotated[bool, typer.Option("--tanh", help="The approximation by tanh, as in BERT and GPT-2.")] = False,
    stepping: StepOptions,
    how: NumberOptions,
    out: OutputOptions,
) -> None:
    """Take x·Φ(x) of every cell: the cell times the share of a normal distribution below it.

    Every cell is worked by itself, and the grid keeps its shape.

    Examples:
      convcalc gelu -i "-5 8; 2 -3"

      convcalc gelu -i grid.txt --tanh

    """
    _run(ctx, ActivationKind.GELU_TANH if tanh else ActivationKind.GELU, source, stepping, how, out)


def _softmax(name: str, summary: str, *, log: bool) -> Callable[..., None]:
    def command(
        *,
        ctx: typer.Context,
        source: InputOptions,
        axis: Annotated[
            int | None,
            typer.Option(
                "--axis",
                metavar="N",
                help="The axis whose cells share a sum: -1 is along the rows, -2 down the columns, -3 over the "
                "channels. Default: the last that is longer than 1.",
                show_default=False,
            ),
        ] = None,
        stepping: StepOptions,
        how: NumberOptions,
        out: OutputOptions,
    ) -> None:
        from convcalc.engine.softmax import softmax as worked
        from convcalc.report.softmax import worked_softmax

        channel = channel_of(ctx)
        show = show_of(how, stepping)
        grid = channel.input(source).cells
        channel.emit(worked_softmax(worked(grid, axis, log=log), show), out, show)

    command.__name__ = name
    command.__doc__ = f"""{summary}

    The maximum is taken off first, which changes nothing and keeps large logits from overflowing.

    Examples:
      convcalc {name} -i "2 1 0.1"

      convcalc linear weights.txt -i row.txt | convcalc {name}

    """
    return with_options(command)


relu, silu, sigmoid, tanh, softplus = (_plain(kind, summary) for kind, summary in PLAIN.items())
softmax = _softmax("softmax", "Turn logits into probabilities that add to 1: e^x / Σ e^x along each row.", log=False)
log_softmax = _softmax("log-softmax", "Take the logarithm of the softmax: x − ln Σ e^x along each row.", log=True)
