"""``convcalc flatten``, ``convcalc linear`` and ``convcalc loss``."""

from typing import Annotated, NamedTuple

import typer

from convcalc.choices import LinearGradient, Reduction
from convcalc.cli.completion import one_of as word_of
from convcalc.cli.inputs import one_of, read, read_bias, read_input
from convcalc.cli.options import (
    Backward,
    Bias,
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
from convcalc.cli.surroundings import surroundings_of
from convcalc.engine.loss_kinds import LossKind
from convcalc.engine.loss_record import Logits
from convcalc.errors import UsageError, nearest

KINDS = "|".join(kind.value for kind in LossKind)
ALSO = {word: kind.value for kind in LossKind for word in kind.record.other_words}
"""Other words people have for a loss."""


@with_options
def flatten(
    *,
    ctx: typer.Context,
    source: InputOptions,
    backward: Backward = None,
    stepping: StepOptions,
    how: NumberOptions,
    out: OutputOptions,
) -> None:
    """Flatten a grid to one row, row by row and channel after channel, and show where each cell goes.

    Each item of a batch becomes a row of its own.

    Examples:
      convcalc flatten -i "6 8; 3 4"

      convcalc pool max -i grid.txt | convcalc flatten

    """
    from convcalc.engine.dense import Flattened
    from convcalc.engine.dense import flatten as flattened
    from convcalc.report.dense import worked_flatten, worked_flatten_gradient

    here = surroundings_of(ctx)
    show = show_of(how, stepping)
    if show.at is not None:
        raise UsageError("--at does nothing to flatten", hint="its picture shows every cell's place")
    grid = read_input(here, source).cells
    result = Flattened(grid, flattened(grid))
    if backward is None:
        emit(here, worked_flatten(result, show), out, show)
        return
    gradient = result.backward(read(here, backward, "--backward").cells)
    emit(here, worked_flatten_gradient(gradient, show), out, show)


class WeightOptions(NamedTuple):
    """The weights and the biases of a fully connected layer."""

    argument: Annotated[str | None, typer.Argument(metavar="[WEIGHTS]", help="The weights; the same as --weights.")] = (
        None
    )
    weights: Annotated[
        str | None,
        input_option(
            "--weights", "-W", metavar="GRID", help="One row of weights for each output: a file, or written out."
        ),
    ] = None
    bias: Bias = None
    transpose: Annotated[
        bool, input_option("--transpose", help="The weights have one column for each output (in×out, as in Keras).")
    ] = False


@with_options
def linear(
    *,
    ctx: typer.Context,
    source: InputOptions,
    layer: WeightOptions,
    backward: Backward = None,
    wrt: Annotated[
        LinearGradient | None,
        reading_option("--wrt", help="Which gradient is the answer, and alone is shown. Default: all, the input's."),
    ] = None,
    stepping: StepOptions,
    how: NumberOptions,
    out: OutputOptions,
) -> None:
    """Multiply a row by the weights of a fully connected layer and add its bias, each dot product written out.

    Each row of a grid is an item of its own. Weights are out×in, as in PyTorch: one row an output.

    Examples:
      convcalc linear -i "2 1 0" -W "1 0 -1; 0.5 2 1" -b "1 0"

      convcalc flatten -i grid.txt | convcalc linear weights.txt

      convcalc linear -i "1 2" -W "3 4; 5 6" --backward "1 10" --wrt weights

    """
    from convcalc.engine.dense import linear as multiplied
    from convcalc.report.dense import worked_linear

    if wrt is not None and backward is None:
        raise UsageError("--wrt does nothing without --backward", hint="as in --backward 1 --wrt weights")

    here = surroundings_of(ctx)
    word = one_of(here, layer.argument, layer.weights, "weights", '-W "1 0 -1; 0 2 1" or -W weights.txt', source)
    show = show_of(how, stepping)
    weights = read(here, word, "--weights").cells
    grid = read_input(here, source).cells
    bias = None if layer.bias is None else read_bias(here, layer.bias, "output")
    result = multiplied(grid, weights, bias, transpose=layer.transpose)
    if backward is None:
        emit(here, worked_linear(result, show), out, show)
        return
    from convcalc.report.dense_gradients import worked_linear_gradients

    gradients = result.backward(read(here, backward, "--backward").cells)
    emit(here, worked_linear_gradients(gradients, show, wrt), out, show)


class LossOptions(NamedTuple):
    """The target, what the input holds, and what is made of the terms."""

    target: Annotated[
        str,
        input_option(
            "--target",
            "-t",
            metavar="GRID",
            help="What the output should have been: a grid like the input; of cross-entropy, nll and hinge the class "
            "of each row (from 0); of cross-entropy also a probability for each cell.",
        ),
    ]
    logits: Annotated[
        bool, typer.Option("--logits", help="bce: the input holds logits; the sigmoid is part of the loss.")
    ] = False
    probabilities: Annotated[
        bool,
        typer.Option(
            "--probabilities", help="cross-entropy: the input holds probabilities already; no softmax is taken."
        ),
    ] = False
    half: Annotated[bool, typer.Option("--half", help="mse: half of every square, as many books have it.")] = False
    delta: Annotated[
        str | None, typer.Option("--delta", metavar="NUMBER", help="huber: how far the square reaches. Default 1.")
    ] = None
    margin: Annotated[
        str | None,
        typer.Option("--margin", metavar="NUMBER", help="hinge: by how much the right score should lead. Default 1."),
    ] = None
    class_weights: Annotated[
        str | None,
        input_option("--class-weights", metavar="GRID", help="What the terms of each class are multiplied by."),
    ] = None
    ignore_index: Annotated[
        int | None, typer.Option("--ignore-index", metavar="N", help="A class whose rows are left out.")
    ] = None
    smoothing: Annotated[
        str, typer.Option("--smoothing", metavar="E", help="cross-entropy: what share of a label is spread over all.")
    ] = "0"
    reduction: Annotated[Reduction, typer.Option("--reduction", help="What is made of the terms.")] = Reduction.MEAN

    def halved(self, kind: LossKind) -> LossKind:
        """Return the loss that is meant: its half, if that is asked for."""
        if self.half and not kind.record.half:
            raise UsageError(f"--half does nothing to {kind}", hint="it goes with mse")
        return LossKind(kind.record.half) if self.half else kind

    def parameter(self, kind: LossKind) -> object:
        """Return the number the loss takes, None for its default; refuse that of another."""
        given = {name: text for name, text in (("delta", self.delta), ("margin", self.margin)) if text is not None}
        names = [one.name for one in kind.record.parameters]
        other = next((name for name in given if name not in names), None)
        if other is not None:
            goes = next(k for k in LossKind if other in [one.name for one in k.record.parameters])
            raise UsageError(f"--{other} does nothing to {kind}", hint=f"it goes with {goes}")
        return number_of(given[names[0]], f"--{names[0]}") if given else None

    def check_classes(self, kind: LossKind) -> None:
        """Refuse what does nothing to a loss without classes."""
        of_classes = {"--class-weights": self.class_weights, "--ignore-index": self.ignore_index}
        lost = [name for name, value in of_classes.items() if value is not None and not kind.record.takes_classes]
        if number_of(self.smoothing, "--smoothing") and not kind.record.smooths:
            lost.append("--smoothing")
        if lost:
            wanted = "smooths" if lost[0] == "--smoothing" else "takes_classes"
            goes = " and ".join(str(k) for k in LossKind if getattr(k.record, wanted))
            raise UsageError(f"{lost[0]} does nothing to {kind}", hint=f"it goes with {goes}")

    def takes_logits(self, kind: LossKind) -> bool:
        """Return whether the input holds logits; refuse what does nothing to this loss."""
        holds = kind.record.logits
        if self.logits and holds is not Logits.IF_ASKED:
            hint = "it takes logits already" if holds is Logits.UNLESS_REFUSED else "it goes with bce"
            raise UsageError(f"--logits does nothing to {kind}", hint=hint)
        if self.probabilities and holds is not Logits.UNLESS_REFUSED:
            hint = "it takes probabilities already" if holds is Logits.IF_ASKED else "it goes with cross-entropy"
            raise UsageError(f"--probabilities does nothing to {kind}", hint=hint)
        return not self.probabilities if holds is Logits.UNLESS_REFUSED else self.logits


@with_options
def loss(
    *,
    ctx: typer.Context,
    kind: Annotated[
        str,
        typer.Argument(
            metavar=KINDS, help="What is made of the distance to the target.", autocompletion=word_of(*LossKind)
        ),
    ],
    source: InputOptions,
    options: LossOptions,
    backward: Annotated[
        bool, reading_option("--backward", help="Show the gradient of the input: nothing comes from behind a loss.")
    ] = False,
    stepping: StepOptions,
    how: NumberOptions,
    out: OutputOptions,
) -> None:
    """Measure how far an output is from its target: every term, then their mean.

    Cross-entropy takes logits, as in PyTorch (the lecture's softmax loss).
    Bce takes probabilities, or with --logits logits (sigmoid cross-entropy).
    Mse is the Euclidean loss (--half: half of it), mae the absolute one, huber between them. Nll takes logarithms of
    probabilities; hinge is the multi-class one of CS231n. Where classes are channels, each place has a target.

    Examples:
      convcalc loss cross-entropy -i "2 1 0.1" -t 0

      convcalc loss mse -i "1 2; 3 4" -t "1 1; 3 5" --reduction sum

      convcalc loss bce --logits -i "2 -1" -t "1 0"

      convcalc loss hinge -i "3.2 5.1 -1.7" -t 0

      convcalc loss cross-entropy -i "2 1 0.1" -t 0 --backward

    """
    from convcalc.engine.losses import loss as measured
    from convcalc.report.losses import worked_loss, worked_loss_gradient

    loss_kind = options.halved(kind_of(kind))
    takes_logits = options.takes_logits(loss_kind)
    options.check_classes(loss_kind)
    show = show_of(how, stepping)
    if show.at is not None and not backward:
        raise UsageError("--at does nothing to loss", hint="--steps chooses how many terms are shown")
    here = surroundings_of(ctx)
    target = read(here, options.target, "--target").cells
    grid = read_input(here, source).cells
    weights = None if options.class_weights is None else read(here, options.class_weights, "--class-weights").cells
    result = measured(
        grid,
        target,
        loss_kind,
        reduction=options.reduction,
        logits=takes_logits,
        parameter=options.parameter(loss_kind),
        class_weights=weights,
        ignore_index=options.ignore_index,
        smoothing=number_of(options.smoothing, "--smoothing"),
    )
    work = worked_loss_gradient(result.backward(), show) if backward else worked_loss(result, show)
    emit(here, work, out, show)


def kind_of(word: str) -> LossKind:
    """Return the kind of loss by its word, or the word other people have for it.

    >>> kind_of("L2")
    <LossKind.MSE: 'mse'>
    """
    usual = ALSO.get(word.lower(), word.lower().replace("_", "-"))
    if usual in {kind.value for kind in LossKind}:
        return LossKind(usual)
    close = nearest(usual, [*(kind.value for kind in LossKind), *ALSO])
    hint = f"did you mean {ALSO.get(close[0], close[0])}?" if close else "a grid goes after --input"
    raise UsageError(f"'{word}' is no loss: they are {KINDS.replace('|', ', ')}", hint=hint)
