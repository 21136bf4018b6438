"""``convcalc relu`` and the other activations, ``softmax`` and ``log-softmax``."""

from collections import namedtuple
from collections.abc import Callable
from typing import Annotated, Any

import typer

from convcalc.choices import WeightGradient
from convcalc.cli.inputs import read, read_input
from convcalc.cli.options import (
    Backward,
    InputOptions,
    NumberOptions,
    OutputOptions,
    StepOptions,
    number_of,
    reading_option,
    show_of,
    with_options,
)
from convcalc.cli.output import emit
from convcalc.cli.surroundings import surroundings_of
from convcalc.engine.activation_kinds import ActivationKind
from convcalc.errors import UsageError


def command_of(kind: ActivationKind) -> Callable[..., None]:
    """Return the command of an activation, with an option for its parameter, and one for each variant of it."""
    record = kind.record
    variants = {other.record.option.strip("-"): other for other in ActivationKind if other.record.variant_of == kind}

    def command(
        *,
        ctx: typer.Context,
        source: InputOptions,
        own: Any,
        backward: Backward = None,
        stepping: StepOptions,
        how: NumberOptions,
        out: OutputOptions,
    ) -> None:
        from convcalc.engine.activations import activate
        from convcalc.report.activations import worked_activation, worked_activation_gradient

        here = surroundings_of(ctx)
        show = show_of(how, stepping)
        options = own._asdict()
        if options.get("wrt") is not None and backward is None:
            raise UsageError("--wrt does nothing without --backward", hint="as in --backward 1 --wrt weight")
        parameters = [
            read(here, options[one.name], f"--{one.name}").cells
            if record.learns
            else number_of(options[one.name], f"--{one.name}")
            for one in record.parameters
        ]
        function = next((other for name, other in variants.items() if options[name]), kind)
        grid = read_input(here, source).cells
        result = activate(grid, function, *parameters)
        if backward is None:
            emit(here, worked_activation(result, show), out, show)
            return
        gradient = result.backward(read(here, backward, "--backward").cells)
        emit(here, worked_activation_gradient(gradient, show, options.get("wrt")), out, show)

    command.__name__ = kind.value
    example = f"-i grid.txt {record.example}" if record.example else ""
    piped = f"convcalc {kind} {example}" if example else f"convcalc conv edge -i grid.txt | convcalc {kind}"
    command.__doc__ = f"""{record.summary}

    Every cell is worked by itself, and the grid keeps its shape.

    Examples:
      convcalc {kind} -i "-5 8; 2 -3"

      {piped}

      convcalc {kind} -i "-5 8; 2 -3" --backward 1

    """
    command.__annotations__["own"] = _own_options(kind, variants)
    return with_options(command)


def _own_options(kind: ActivationKind, variants: dict[str, ActivationKind]) -> Any:
    """Return the options that only this activation has: a named tuple of them, with their defaults."""
    record = kind.record
    options: dict[str, Any] = {
        name: Annotated[bool, typer.Option(other.record.option, help=other.record.option_help)]
        for name, other in variants.items()
    }
    defaults: dict[str, Any] = dict.fromkeys(variants, False)
    for parameter in record.parameters:
        metavar = "NUMBERS" if record.learns else "NUMBER"
        option = typer.Option(f"--{parameter.name}", metavar=metavar, help=parameter.help)
        options[parameter.name], defaults[parameter.name] = Annotated[str, option], parameter.default
    if record.learns:
        whose = reading_option("--wrt", help="Which gradient is the answer, and alone is shown. Default: the input's.")
        options["wrt"], defaults["wrt"] = Annotated[WeightGradient | None, whose], None
    own: Any = namedtuple("own", list(defaults), defaults=list(defaults.values()))  # type: ignore[misc]
    own.__annotations__ = options
    return own


def __getattr__(name: str) -> Callable[..., None]:
    """Return an activation's command by its name, as `leaky_relu`."""
    word = name.replace("_", "-")
    if word not in list(ActivationKind):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return command_of(ActivationKind(word))


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
            ),
        ] = None,
        backward: Backward = None,
        whole: Annotated[
            bool, reading_option("--jacobian", help="Show how each output changes with each input, as a matrix.")
        ] = False,
        stepping: StepOptions,
        how: NumberOptions,
        out: OutputOptions,
    ) -> None:
        from convcalc.engine.softmax import jacobian
        from convcalc.engine.softmax import softmax as worked
        from convcalc.report.softmax import worked_softmax
        from convcalc.report.softmax_gradient import worked_jacobian, worked_softmax_gradient

        if whole and (backward is not None or stepping.at is not None):
            other = "--backward" if backward is not None else "--at"
            raise UsageError(f"--jacobian and {other} exclude each other", hint="leave one of them out")
        here = surroundings_of(ctx)
        show = show_of(how, stepping)
        result = worked(read_input(here, source).cells, axis, log=log)
        if whole:
            emit(here, worked_jacobian(result, jacobian(result.input, log=log), show), out, show)
        elif backward is not None:
            gradient = result.backward(read(here, backward, "--backward").cells)
            emit(here, worked_softmax_gradient(gradient, show), out, show)
        else:
            emit(here, worked_softmax(result, show), out, show)

    command.__name__ = name
    command.__doc__ = f"""{summary}

    The maximum is taken off first, which changes nothing and keeps large logits from overflowing.

    Examples:
      convcalc {name} -i "2 1 0.1"

      convcalc linear weights.txt -i row.txt | convcalc {name}

      convcalc {name} -i "2 1 0.1" --backward "1 0 0"

    """
    return with_options(command)


softmax = _softmax("softmax", "Turn logits into probabilities that add to 1: e^x / Σ e^x along each row.", log=False)
log_softmax = _softmax("log-softmax", "Take the logarithm of the softmax: x − ln Σ e^x along each row.", log=True)
