"""Attention as a Document: scores, their division by √d, the softmax, and the values weighed; and its gradients."""

from collections.abc import Callable
from functools import partial

from convcalc.choices import AttentionGradient
from convcalc.engine.attention import Attention, AttentionGradients, Scaled, ScaledStep
from convcalc.engine.dense import LinearGradients
from convcalc.engine.exact import Array
from convcalc.engine.naming import Naming, shape_text
from convcalc.report.cell_by_cell import CellByCell
from convcalc.report.dense import Layer, LayerTitles
from convcalc.report.dense_gradients import worked_linear_gradients
from convcalc.report.document import Answer, Calculation, Document, Grids, Heading, Sum, Text, with_answers_drawn
from convcalc.report.equality import checked_outcome
from convcalc.report.grids import grids_of
from convcalc.report.likely import likely_mistakes
from convcalc.report.numbers import Writer
from convcalc.report.selection import Show
from convcalc.report.softmax import worked_softmax
from convcalc.report.softmax_gradient import worked_softmax_gradient

SCORES = LayerTitles("scores", "s = Q·Kᵀ", "query", "keys", "scores")
MIXED = LayerTitles("values, weighed", "y = p·V", "weights", "values transposed", "output")


def worked_attention(result: Attention, show: Show) -> Calculation:
    """Return an attention's work as a Document, one part after the other, and its answer."""
    part = show._replace(at=None) if show.at is not None else show
    last = Layer(result.mixed, show, MIXED).worked()

    def work() -> Document:
        yield _heading(result, "attention")
        yield Text("")
        yield _given(result, show)
        if show.at is None:
            sections: list[Calculation] = [
                Layer(result.scores, part, SCORES).worked(),
                _scaled(result.scaled, part, "scaled scores").worked(),
                worked_softmax(result.weights, part),
            ]
            for section in sections:
                yield Text("")
                yield from with_answers_drawn(section.work)
        yield Text("")
        yield from last.work

    def given() -> Document:
        yield _heading(result, "attention")
        yield Text("")
        yield _given(result, show)

    mistakes = partial(likely_mistakes, result)
    return Calculation(work(), lambda: result.output, show.answer_write, last.steps, given, mistakes, result)


def worked_attention_gradients(
    gradients: AttentionGradients, show: Show, wrt: AttentionGradient | None, *, alone_on_page: bool = True
) -> Calculation:
    """Return the work of an attention's gradients, the last part first; the answer is the one asked for."""
    answers: dict[AttentionGradient, Callable[[], Array]] = {
        AttentionGradient.INPUT: lambda: gradients.input,
        AttentionGradient.KEYS: lambda: gradients.keys,
        AttentionGradient.VALUES: lambda: gradients.values,
    }
    which = wrt or AttentionGradient.INPUT
    answer = answers[which]()

    def work() -> Document:
        yield _heading(gradients.forward, "backward through attention")
        yield Text("")
        yield _given(gradients.forward, show)
        parts = {
            "the weighing: its input is the softmax, its weights are the values": _linear(gradients.mixed, show),
            "the softmax": worked_softmax_gradient(gradients.weights, show),
            "the division by √d": _scaled(gradients.scaled, show, "gradient of the scores").worked(),
            "the scores: their weights are the keys": _linear(gradients.scores, show),
        }
        for title, part in parts.items():
            yield Text("")
            yield Text(f"Back through {title}.")
            yield Text("")
            yield from with_answers_drawn(part.work)
        yield Text("")
        if wrt is None and alone_on_page:
            yield Text("The answer is the input's gradient; --wrt keys or --wrt values gives another.")
            yield Text("")
        naming = Naming(answer.ndim == 1)
        yield Answer(grids_of(answer, f"{which} gradient", show.write, heat=show.heat, naming=naming))

    return Calculation(work(), lambda: answer, show.answer_write)


def _linear(back: LinearGradients, show: Show) -> Calculation:
    return worked_linear_gradients(back, show, None, alone_on_page=False)


def _heading(result: Attention, name: str) -> Heading:
    queries = shape_text(result.input.shape)
    shapes = f"queries {queries} · keys {shape_text(result.keys.shape)} · values {shape_text(result.values.shape)}"
    return Heading(f"{name} · {shapes}", ("softmax(Q·Kᵀ/√d)·V",))


def _given(result: Attention, show: Show) -> Grids:
    named = (("queries", result.input), ("keys", result.keys), ("values", result.values))
    drawn = (grids_of(grid, title, show.write, heat=show.heat, naming=Naming(grid.ndim == 1)) for title, grid in named)
    return Grids(tuple(matrix for one in drawn for matrix in one.matrices))


def _scaled(result: Scaled, show: Show, title: str) -> CellByCell:
    formula = f"s/√{result.length}"
    given = (("scores" if title != "gradient of the scores" else "gradient", result.input),)
    return CellByCell(result, show, "scores{} · over √d", (formula,), given, title, _line)


def _line(step: ScaledStep, result: Scaled, write: Writer, label: str) -> Sum:
    terms = (f"{write.factor(step.cell)}/√{result.length}", f"{write.factor(step.cell)}/{write(float(result.root[0]))}")
    outcome = checked_outcome(terms[-1], write.near(step.value, is_exact=step.exact))
    return Sum(terms, " = " if step.exact else " ≈ ", outcome, label)
