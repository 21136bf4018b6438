"""Normalisations as Documents: the means and variances, each cell's working, and the gradients."""

import math
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from convcalc.choices import NormGradient
from convcalc.engine.exact import Array
from convcalc.engine.naming import Naming
from convcalc.engine.norm_kinds import NormKind
from convcalc.engine.normalized import Normalized, NormGradients, NormInputGradient
from convcalc.engine.step import NormGradientStep, NormStep
from convcalc.report.cell_by_cell import CellByCell
from convcalc.report.document import Block, Calculation, Document, Grids, Heading, Role, Sum, Table, Text
from convcalc.report.equality import checked_outcome, checked_sum
from convcalc.report.gradients import WHAT_IT_SAYS, one_or_all
from convcalc.report.grids import grids_of
from convcalc.report.numbers import Writer
from convcalc.report.selection import Show
from convcalc.report.softmax import shortened

FEW_SETS, FEW_CELLS = 4, 16
"""Sets, and cells of one, whose means and variances are written out."""
MOST_SETS = 32
"""Sets that are listed."""


def worked_norm(result: Normalized, show: Show) -> Calculation:
    """Return a normalisation's work as a Document: means and variances, then each cell; and its answer."""
    formula = f"y = {'γ·' * (result.gamma is not None)}(x − μ)/√(σ² + ε){' + β' * (result.beta is not None)}"
    report = CellByCell(
        result,
        show,
        title(result, show),
        (formula,),
        (("input", result.input),),
        "output",
        _cell,
        partial(_statistics, result, show),
    )
    return report.worked()


def title(result: Normalized, show: Show) -> str:
    """Return what is normalised by what, with a place for the input's shape."""
    write = show.write
    parts = [f"{result.kind}{{}}"]
    if result.kind is NormKind.GROUP:
        items = result.input.shape[0] if result.input.ndim == 4 else 1
        parts.append(f"groups {len(result.order) // items}")
    for name, grid in (("gamma", result.gamma), ("beta", result.beta)):
        if grid is not None:
            cells = list(dict.fromkeys(grid.ravel().tolist()))
            parts.append(f"{name} {write(cells[0]) if len(cells) == 1 else ','.join(map(write, grid.ravel()[:6]))}")
    parts += [f"eps {write(result.eps)}"]
    return " · ".join(parts)


def _name(result: Normalized, index: int) -> str:
    """Return what a set of cells is called: a channel, a row, an item and a group."""
    sets, shape = len(result.order), result.input.shape
    if result.kind is NormKind.GROUP and len(shape) == 4 and shape[0] > 1:
        groups = sets // shape[0]
        return f"item {index // groups}, group {index % groups}"
    if result.kind is NormKind.LAYER:
        cells, noun = result.order.shape[1], "item"
        if cells == math.prod(shape[-1:]):
            noun = "row"
        elif cells == math.prod(shape[-2:]) and len(shape) > 2:
            noun = "channel"
        return f"{noun} {index}"
    return f"{'column' if _by_column(result) else result.kind.record.noun} {index}"


def _by_column(result: Normalized) -> bool:
    return result.input.ndim == 2 and result.kind is NormKind.BATCH and len(result.order) > 1


def _statistics(result: Normalized, show: Show) -> Document:
    """Yield each set's mean and variance, written out where they are few, and listed."""
    write, (sets, cells) = show.write, result.order.shape
    yield Text("")
    if result.running is not None:
        yield Text("Mean and variance are given, as in inference: they are not those of these cells.", Role.QUIET)
    else:
        yield Text(
            f"Here {result.kind.record.shared}; the variance is divided by {cells}, not by one less.", Role.QUIET
        )
        if (
            result.kind is NormKind.BATCH
            and result.input.ndim == 2
            and len(result.input) > 1
            and not _by_column(result)
        ):
            yield Text(
                "The grid is one channel; --columns takes each column for a feature, each row an item.", Role.QUIET
            )
    if result.running is None and sets <= FEW_SETS and cells <= FEW_CELLS:
        for index in range(sets):
            yield Text("")
            yield from _sums(result, index, write)
    yield Text("")
    rows = tuple(
        (_name(result, index), write(one.mean), write(one.variance), write(float(one.root)))
        for index, one in enumerate(result.statistics[:MOST_SETS])
    )
    yield Table(("", "mean μ", "variance σ²", "√(σ² + ε)"), rows, frozenset({0}), given=1)
    if sets > MOST_SETS:
        yield Text(f"  … and {sets - MOST_SETS:,} more", Role.QUIET)


def _sums(result: Normalized, index: int, write: Writer) -> Iterator[Block]:
    one, places = result.statistics[index], result.order[index].tolist()
    cells = [result.input.ravel()[place] for place in places]
    label = f"{_name(result, index)}: " if len(result.order) > 1 else ""
    count, mean = len(cells), write.factor(one.mean)
    terms = shortened(cells, write.factor)
    yield checked_sum(terms, " + ", write.outcome(one.mean, one.mean * count, count), f"{label}μ = ", "(", f")/{count}")
    terms = shortened(cells, lambda cell: f"({write(cell)} − {mean})²")
    outcome = write.outcome(one.variance, one.variance * count, count)
    yield checked_sum(terms, " + ", outcome, f"{label}σ² = ", "(", f")/{count}")


def _cell(step: NormStep, result: Normalized, write: Writer, label: str) -> Sum:
    """Return one cell's working as a line."""
    factor = f"{write.factor(step.gamma)}×" if result.gamma is not None else ""
    added = f" + {write.factor(step.beta)}" if result.beta is not None else ""
    gap = f"({write(step.cell)} − {write.factor(step.mean)})"
    terms = (
        f"{factor}{gap}/√({write(step.variance)} + {write(result.eps)}){added}",
        f"{factor}{write.factor(step.deviation)}/{write.factor(step.root)}{added}",
    )
    outcome = checked_outcome(terms[-1], write.near(step.value, is_exact=step.exact))
    return Sum(terms, " = " if step.exact else " ≈ ", outcome, label)


def worked_norm_gradients(
    gradients: NormGradients, show: Show, wrt: NormGradient | None, *, alone_on_page: bool = True
) -> Calculation:
    """Return the work of all gradients there are, or of the one asked for, which is the answer (else the input's)."""
    forward = gradients.forward
    answers: dict[NormGradient, Callable[[], Array]] = {
        NormGradient.GAMMA: lambda: gradients.gamma,
        NormGradient.BETA: lambda: gradients.beta,
        NormGradient.INPUT: lambda: gradients.input.output,
    }
    sections = {NormGradient.GAMMA: _gamma, NormGradient.BETA: _beta, NormGradient.INPUT: _input}
    there = {NormGradient.GAMMA: forward.gamma is not None, NormGradient.BETA: forward.beta is not None}
    report = _input_report(gradients.input, show)
    if wrt is NormGradient.INPUT or (wrt is None and (show.at is not None or not any(there.values()))):
        return report.worked()
    answer = answers[wrt or NormGradient.INPUT]()

    def drawn(which: NormGradient) -> Grids:
        grid = answers[which]()
        naming = Naming(grid.ndim == 1 or grid.shape[-2] == 1)
        return grids_of(grid, f"{which} gradient", show.write, heat=show.heat, naming=naming)

    def work() -> Document:
        yield Heading(f"backward through {title(forward, show).format('')}")
        yield Text(WHAT_IT_SAYS, Role.QUIET)
        blocks = {
            which: partial(section, gradients, show) for which, section in sections.items() if there.get(which, True)
        }
        if wrt is not None:
            blocks = {wrt: partial(sections[wrt], gradients, show)}
        yield from one_or_all(blocks, drawn, wrt, wrt or NormGradient.INPUT, says_how=alone_on_page)

    walked = report.worked().steps if wrt is None else None
    return Calculation(work(), lambda: answer, show.answer_write, walked)


def _input_report(result: NormInputGradient, show: Show) -> CellByCell:
    forward = result.forward
    formula = "∂L/∂x = g/√(σ² + ε)"
    if forward.running is None:
        formula = "∂L/∂x = (g − mean(g) − x̂·mean(g·x̂))/√(σ² + ε)"
    formulas = (formula, f"g = ∂L/∂y{'·γ' * (forward.gamma is not None)}, x̂ = (x − μ)/√(σ² + ε)")
    given = (("input", forward.input), ("gradient of the output", result.gradient))
    heading = f"backward through {title(forward, show)}"
    return CellByCell(result, show, heading, formulas, given, "input gradient", _slope, partial(_means, result, show))


def _means(result: NormInputGradient, show: Show) -> Document:
    """Yield what the mean and the variance take of each set's gradients."""
    forward, write = result.forward, show.write
    if forward.running is not None:
        return
    yield Text("")
    yield Text(
        "Every cell moves its set's mean and variance too, which takes something from all gradients.", Role.QUIET
    )
    yield Text("")
    rows = tuple(
        (_name(forward, index), write(float(one.root)), write(mean), write(float(product / one.root)))
        for index, (one, (mean, product)) in enumerate(
            (one, result.means_of(index)) for index, one in enumerate(forward.statistics[:MOST_SETS])
        )
    )
    yield Table(("", "√(σ² + ε)", "mean(g)", "mean(g·x̂)"), rows, frozenset({0}), given=1)
    if len(forward.order) > MOST_SETS:
        yield Text(f"  … and {len(forward.order) - MOST_SETS:,} more", Role.QUIET)


def _slope(step: NormGradientStep, result: NormInputGradient, write: Writer, label: str) -> Sum:
    gradient = write.factor(step.gradient)
    if result.forward.gamma is not None:
        gradient = f"{gradient}×{write.factor(step.gamma)}"
    if result.forward.running is None:
        pull = f"{write.factor(step.normal)}×{write.factor(step.share)}"
        gradient = f"({gradient} − {write.factor(step.mean)} − {pull})"
    term = f"{gradient}/{write.factor(step.root)}"
    return Sum((term,), "", checked_outcome(term, write.near(step.value, is_exact=step.exact)), label)


def _input(gradients: NormGradients, show: Show) -> Iterator[Block]:
    report = _input_report(gradients.input, show)
    yield from report.section("gradient of the input", report.formulas)


def _gamma(gradients: NormGradients, show: Show) -> Iterator[Block]:
    yield Heading("gradient of gamma", ("∂L/∂γ = Σ ∂L/∂y·x̂",))
    write, normal = show.write, gradients.normal
    yield from _added(gradients, gradients.gamma, show, lambda i, g: f"{write.factor(g)}×{_short(normal(i), write)}")


def _short(value: object, write: Writer) -> str:
    number = float(value)  # type: ignore[arg-type]
    return write.factor(number)


def _beta(gradients: NormGradients, show: Show) -> Iterator[Block]:
    yield Heading("gradient of beta", ("∂L/∂β = Σ ∂L/∂y",))
    yield from _added(gradients, gradients.beta, show, lambda index, g: show.write.factor(g))


def _added(
    gradients: NormGradients, totals: Array, show: Show, write_term: Callable[[int, object], str]
) -> Iterator[Block]:
    """Yield the sum of each number of γ or β: of every cell that has it."""
    shares, output = gradients.forward.share_of, gradients.output.ravel()
    for share, total in enumerate(totals.ravel()[:MOST_SETS]):
        places = np.flatnonzero((shares == share) | (totals.size == 1)).tolist()
        terms = shortened(places, lambda place: write_term(place, output[place]))
        label = f"[{share}]  " if totals.size > 1 else ""
        outcome = show.write.outcome(total) if totals.dtype.kind != "f" else show.write.near(total)
        yield checked_sum(terms, " + ", outcome, label)
    if totals.size > MOST_SETS:
        yield Text(f"  … and {totals.size - MOST_SETS:,} more", Role.QUIET)
