"""Backward through a fully connected layer as a Document: the gradients of weights, bias and input."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from convcalc.choices import LinearGradient
from convcalc.engine.dense import LinearGradients
from convcalc.engine.exact import Array
from convcalc.engine.naming import ONE_ROW, Naming
from convcalc.report.dense import Layer, LayerTitles
from convcalc.report.document import Block, Calculation, Document, Grids, Heading, Role, Steps, Text
from convcalc.report.equality import checked_sum
from convcalc.report.gradients import WHAT_IT_SAYS, one_or_all
from convcalc.report.grids import grids_of
from convcalc.report.selection import Show, select
from convcalc.report.softmax import shortened
from convcalc.report.stepwise import stepped

if TYPE_CHECKING:
    from convcalc.engine.mistakes.making import Mistake

TITLES = {
    LinearGradient.INPUT: LayerTitles(
        "gradient of the input", "∂L/∂x = Wᵀ·∂L/∂y", "gradient of the output", "weights transposed", "input gradient"
    ),
    LinearGradient.WEIGHTS: LayerTitles(
        "gradient of the weights", "∂L/∂W = ∂L/∂y·xᵀ", "gradient of the output", "input", "weights gradient"
    ),
}
"""Gradients that are layers of their own."""


def worked_linear_gradients(
    gradients: LinearGradients, show: Show, wrt: LinearGradient | None, *, alone_on_page: bool = True
) -> Calculation:
    """Return the work of all three gradients, or only of the one asked for, which is the answer (else the input's)."""
    answers: dict[LinearGradient, Callable[[], Array]] = {
        LinearGradient.WEIGHTS: lambda: gradients.weights_like,
        LinearGradient.BIAS: lambda: gradients.bias,
        LinearGradient.INPUT: lambda: gradients.input.output,
    }
    answer = answers[wrt or LinearGradient.INPUT]()
    has_bias = gradients.forward.convolution.bias is not None
    alone = wrt or (LinearGradient.INPUT if show.at is not None else None)
    if show.at is not None and alone in TITLES:
        layer = _layer(gradients, alone, show)
        select(layer.shape, show, layer.naming)

    def work() -> Document:
        shape = f"{gradients.forward.weights.shape[0]}×{gradients.forward.weights.shape[1]}"
        yield Heading(f"backward through linear · weights {shape}")
        yield Text(WHAT_IT_SAYS, Role.QUIET)
        yield Text("")
        yield _given(gradients, show)
        sections = {
            which: partial(_part, gradients, which, show) if which in TITLES else partial(_bias, gradients, show)
            for which in answers
            if which is not LinearGradient.BIAS or alone_on_page or wrt is which or has_bias
        }
        yield from one_or_all(
            sections,
            lambda which: _drawn(answers[which](), which, show),
            alone,
            wrt or LinearGradient.INPUT,
            says_how=alone_on_page,
        )

    def given() -> Document:
        yield Heading("backward through linear")
        yield Text("")
        yield _given(gradients, show)

    def walked(show: Show) -> Steps:
        return _layer(gradients, wrt or LinearGradient.INPUT, show).walked(show)

    return Calculation(
        work(),
        lambda: answer,
        show.answer_write,
        None if wrt is LinearGradient.BIAS else walked,
        given,
        lambda: _mistakes(gradients, wrt or LinearGradient.INPUT),
    )


def _mistakes(gradients: LinearGradients, which: LinearGradient) -> "Iterator[Mistake]":
    """Yield the likely mistakes; what makes them is not loaded before."""
    from convcalc.engine.mistakes.gradients import linear_gradient_mistakes

    return linear_gradient_mistakes(gradients, which)


def _layer(gradients: LinearGradients, which: LinearGradient, show: Show) -> Layer:
    result = gradients.weights if which is LinearGradient.WEIGHTS else gradients.input
    return Layer(result, show, TITLES[which])


def _part(gradients: LinearGradients, which: LinearGradient, show: Show) -> Iterator[Block]:
    layer = _layer(gradients, which, show)
    yield layer.heading()
    chosen = list(select(layer.shape, show, layer.naming))
    yield stepped(lambda: chosen, layer.titled, lambda: layer.walked(show), show)


def _bias(gradients: LinearGradients, show: Show) -> Iterator[Block]:
    yield Heading("gradient of the bias", ("∂L/∂b = ∂L/∂y, added over the items",))
    write = show.write
    rows = gradients.output.reshape(-1, len(gradients.forward.weights))
    for output, total in enumerate(gradients.bias):
        yield checked_sum(shortened(rows[:, output], write.factor), " + ", write.outcome(total), f"[{output}]  ")


def _given(gradients: LinearGradients, show: Show) -> Grids:
    naming = Naming(gradients.forward.batch == 1)
    named = (
        (gradients.forward.input, "input", naming),
        (gradients.forward.weights, "weights", Naming(False)),
        (gradients.output, "gradient of the output", naming),
    )
    drawn = (grids_of(grid, title, show.write, heat=show.heat, naming=how) for grid, title, how in named)
    return Grids(tuple(matrix for one in drawn for matrix in one.matrices))


def _drawn(gradient: Array, which: LinearGradient, show: Show) -> Grids:
    naming = ONE_ROW if gradient.ndim == 1 else Naming(False)
    return grids_of(gradient, f"{which} gradient", show.write, heat=show.heat, naming=naming)
