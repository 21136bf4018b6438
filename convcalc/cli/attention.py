"""``convcalc attention``."""

from typing import Annotated, NamedTuple

import typer

from convcalc.choices import AttentionGradient
from convcalc.cli.inputs import read, read_input
from convcalc.cli.options import (
    Backward,
    InputOptions,
    NumberOptions,
    OutputOptions,
    StepOptions,
    input_option,
    reading_option,
    show_of,
    with_options,
)
from convcalc.cli.output import emit
from convcalc.cli.surroundings import surroundings_of
from convcalc.errors import UsageError


class KeyOptions(NamedTuple):
    """What the queries are held against, and what is weighed."""

    keys: Annotated[str, input_option("--keys", "-k", metavar="GRID", help="One row for each key.")]
    values: Annotated[str, input_option("--values", "-v", metavar="GRID", help="One row for each key's value.")]


@with_options
def attention(
    *,
    ctx: typer.Context,
    source: InputOptions,
    held: KeyOptions,
    backward: Backward = None,
    wrt: Annotated[
        AttentionGradient | None,
        reading_option("--wrt", help="Which gradient is the answer. Default: the input's, the queries'."),
    ] = None,
    stepping: StepOptions,
    how: NumberOptions,
    out: OutputOptions,
) -> None:
    """Attend: softmax(Q·Kᵀ/√d)·V, the scores, their softmax, and the values weighed by it.

    The input holds the queries, one a row. One head; the products with learned matrices are `linear`.

    Examples:
      convcalc attention -i "1 0; 0 1" --keys "1 0; 0 1" --values "1 2; 3 4"

      convcalc attention -i "1 0" --keys "1 0; 0 1" --values "1 2; 3 4" --backward 1 --wrt keys

    """
    from convcalc.engine.attention import attention as attended
    from convcalc.report.attention import worked_attention, worked_attention_gradients

    if wrt is not None and backward is None:
        raise UsageError("--wrt does nothing without --backward", hint="as in --backward 1 --wrt keys")
    here, show = surroundings_of(ctx), show_of(how, stepping)
    keys, values = (read(here, word, f"--{name}").cells for name, word in held._asdict().items())
    result = attended(read_input(here, source).cells, keys, values)
    if backward is None:
        emit(here, worked_attention(result, show), out, show)
        return
    if show.at is not None:
        raise UsageError("--at does nothing to attention's gradients", hint="--steps chooses how many steps are shown")
    gradients = result.backward(read(here, backward, "--backward").cells)
    emit(here, worked_attention_gradients(gradients, show, wrt), out, show)
