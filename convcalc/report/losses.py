"""Losses as Documents: each term, and then their mean or sum."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from convcalc.choices import Reduction
from convcalc.engine.loss_record import Logits
from convcalc.engine.loss_terms import Loss, LossGradient
from convcalc.engine.naming import ONE_ROW, Naming, shape_text
from convcalc.engine.step import LossGradientStep, LossTerm
from convcalc.report.cell_by_cell import CellByCell
from convcalc.report.document import Block, Calculation, Document, Grids, Heading, Role, Steps, Subheading, Sum, Text
from convcalc.report.equality import checked_outcome, checked_sum
from convcalc.report.grids import answer_of, grids_of
from convcalc.report.likely import likely_mistakes
from convcalc.report.numbers import Writer
from convcalc.report.selection import Show, Skipped, select, skipped_text
from convcalc.report.softmax import shortened, softmax_blocks


def worked_loss(result: Loss, show: Show) -> Calculation:
    """Return a loss's work as a Document: the terms, and what is made of them; and the loss."""
    output = result.output
    selection = list(select((1, 1, 1, result.terms.size), show))

    def work() -> Document:
        yield Heading(heading(result, show.write), (_formula(result),))
        for note in notes(result):
            yield Text(note, Role.QUIET)
        if not result.kind.record.by_row or not result.logits:
            yield Text("")
            yield _grids(result, show)
        if not result.kind.record.by_row:
            yield Text("")
        last = result.term(result.terms.size - 1)
        width = len(_label(last, result)) + 2
        for part in selection:
            if isinstance(part, Skipped):
                yield Text("")
                yield Text(f"  {skipped_text(part.steps, show)}", Role.QUIET)
                continue
            term = result.term(part.number - 1)
            if result.kind.record.by_row:
                yield from _cross_entropy(result, term, show.write)
            else:
                terms, joiner, outcome = result.kind.record.written(term, show.write, logits=result.logits)
                yield checked_sum(terms, joiner, outcome, _label(term, result).ljust(width))
        if result.reduction is not Reduction.NONE:
            yield from _reduced(result, show.write)
        yield Text("")
        yield answer_of(output, show.write, "channel", naming=Naming(output.ndim == 1))

    def given() -> Document:
        yield Heading(heading(result, show.write), (_formula(result),))
        yield Text("")
        yield _grids(result, show)

    mistakes = partial(likely_mistakes, result)
    return Calculation(work(), lambda: output, show.answer_write, partial(_walked, result), given, mistakes, result)


def _walked(result: Loss, show: Show) -> Steps:
    """Return the terms as steps."""

    def blocks(index: int) -> list[Block]:
        term = result.term(index)
        if result.kind.record.by_row:
            return [block for block in _cross_entropy(result, term, show.write) if not isinstance(block, Subheading)]
        terms, joiner, outcome = result.kind.record.written(term, show.write, logits=result.logits)
        return [_grids(result, show), Text(""), checked_sum(terms, joiner, outcome)]

    def name(index: int) -> str:
        return _label(result.term(index), result)

    head = Heading(heading(result, show.write), (_formula(result),))
    return Steps(head, (1, 1, 1, result.terms.size), ONE_ROW, blocks, name)


def worked_loss_gradient(result: LossGradient, show: Show) -> Calculation:
    """Return the gradient of a loss's input as a Document, and its answer."""
    forward, kind = result.forward, result.forward.kind
    record, over = kind.record, f"/{show.write(result.divisor)}" if result.divisor != 1 else ""
    derivative = record.logit_derivative if forward.logits else record.derivative
    if forward.logits and record.by_row and not forward.target_adds_up:
        derivative = "(p·Σt − t)"
    if " if " in derivative or " else " in derivative or " and " in derivative:
        derivative = f"({derivative})" if over else derivative
    weighs = forward.kind.record.rows_are_rational and forward.weights is not None
    derivative = f"weight·{derivative if derivative.startswith('(') else f'({derivative})'}" if weighs else derivative
    formulas = [f"∂L/∂x = {derivative}{over}{record.probability * forward.logits}"]
    weighed = forward.by_class and forward.weights is not None
    of = f"{forward.terms.size} terms, weighed" if weighed else f"{forward.terms.size} terms"
    formulas += [f"the loss is the mean of {of}"] * bool(over)
    shaped = forward.like_the_input
    given = [("input", shaped(forward.input)), ("target", shaped(result.targets))]
    given += [("probabilities", shaped(result.chances))] * (forward.logits)
    title = f"backward through loss {kind}{' of logits' * forward.logits}{{}} · {forward.reduction}"
    return CellByCell(result, show, title, tuple(formulas), tuple(given), "input gradient", _slope).worked()


def _slope(step: LossGradientStep, result: LossGradient, write: Writer, label: str) -> Sum:
    """Return one cell's gradient as a line: the derivative of its term, over how many there are."""
    forward = result.forward
    written = forward.kind.record.slope_written(write, step, logits=forward.logits)
    over = f"/{write(result.divisor)}" if result.divisor != 1 else ""
    numbers = f"{write.factor(step.slope)}{over}"
    terms = (numbers,) if not written else (f"{written}{over}", numbers) if over else (written,)
    outcome = checked_outcome(terms[-1], write.near(step.value, is_exact=step.exact))
    return Sum(terms, " = " if step.exact else " ≈ ", outcome, label)


def _grids(result: Loss, show: Show) -> Grids:
    """Return the input and its target side by side."""
    naming = Naming(result.input.size == result.input.shape[-1])
    matrices = grids_of(result.input, "input", show.write, heat=show.heat, naming=naming).matrices
    if not result.by_class:
        matrices += grids_of(result.target, "target", show.write, heat=show.heat, naming=naming).matrices
    return Grids(matrices)


def heading(result: Loss, write: Writer) -> str:
    """Return which loss of what, and how it is reduced."""
    shape, names = result.input.shape, result.kind.record.parameters
    if not result.kind.record.by_row:
        rows = shape[-1:] if result.input.size == shape[-1] else shape
        logits_text = " of logits" if result.logits else ""
        pairs = zip(names, result.parameters, strict=True)
        settings = "".join(f" · {one.name} {write(value)}" for one, value in pairs)
        return f"loss {result.kind}{logits_text} · input {shape_text(rows)}{settings} · {result.reduction}"
    what = "places" if len(result.shape_given) > 2 else "rows"
    items = "" if shape[0] == 1 else f"{shape[0]} {what} of "
    target = "probabilities"
    if result.by_class:
        target = "class" + ("es" if shape[0] > 1 else "") + " " + ",".join(map(str, result.target.tolist()[:12]))
    of = "logits" if result.logits else "probabilities"
    of = f" of {of}" if result.kind.record.logits is not Logits.NEVER else ""
    parts = [f"loss {result.kind}{of}", f"{items}{shape[1]} classes", f"target {target}"]
    parts += [f"{one.name} {write(value)}" for one, value in zip(names, result.parameters, strict=True)]
    if result.weights is not None:
        parts.append(f"class weights {','.join(map(write, result.weights[:6]))}")
    if result.ignored is not None:
        parts.append(f"class {result.ignored} ignored")
    if result.smoothing:
        parts.append(f"smoothing {write(result.smoothing)}")
    return " · ".join((*parts, str(result.reduction)))


def _formula(result: Loss) -> str:
    logs = result.kind.record.logits is Logits.UNLESS_REFUSED
    formula = "−ln p[target]" if result.has_classes and logs else result.kind.record.formula
    if result.weights is not None:
        formula = f"weight·({formula})"
    return formula if result.reduction is Reduction.NONE else f"{result.reduction} of {formula}"


def notes(result: Loss) -> Iterator[str]:
    """Say what the input is taken for, and where conventions part."""
    by_row = result.kind.record.by_row
    if by_row and result.logits:
        yield "The input holds logits, as in PyTorch: the softmax is part of the loss."
        if result.seems_probable:
            yield "They add to 1: if they are probabilities already, add --probabilities."
    elif by_row and result.kind.record.logits is not Logits.NEVER and not result.seems_probable:
        yield "The probabilities do not add to 1."
    if by_row and not result.by_class and not result.target_adds_up and result.weights is None:
        yield "The target's probabilities do not add to 1."
    if result.weights is not None and result.by_class and result.reduction is Reduction.MEAN:
        yield "The mean is weighed: it divides by the sum of the rows' class weights, as PyTorch has it."
    if result.smoothing:
        classes = result.input.shape[1]
        yield f"Smoothed, a target of 1 becomes 1 − e + e/{classes}, and each 0 e/{classes}, as PyTorch has it."
    if result.kind.record.note:
        yield result.kind.record.note
    if result.clamps:
        yield "A logarithm below -100, as that of 0, is taken for -100, as PyTorch does."


def _label(term: LossTerm, result: Loss) -> str:
    at = term.at[-1:] if result.input.size == result.input.shape[-1] else term.at
    return f"[{','.join(map(str, at))}]"


def _cross_entropy(result: Loss, term: LossTerm, write: Writer) -> Iterator[Block]:
    """Yield one row's softmax, if it is part of the loss, and its term."""
    item = term.at[0]
    target = f"class {result.target[item]}" if result.by_class else "probabilities"
    if len(result.input) > 1:
        name = f"row {item}"
        if len(result.shape_given) > 2:
            name = f"place [{','.join(str(i) for i in np.unravel_index(item, result.places))}]"
        yield Subheading(f"step {term.number} of {len(result.input)} · {name} · target {target}")
    else:
        yield Text("")
    if term.weight == 0:
        yield Text("This row is ignored: its term is 0.", Role.QUIET)
        return
    if result.logits:
        yield from softmax_blocks(result.probabilities.step((item,), term.number), write, log=False)
        yield Text("")
    if result.has_classes:
        terms, joiner, outcome = result.kind.record.written(term, write, logits=result.logits)
        yield checked_sum(terms, joiner, outcome)
        return
    pairs = zip(term.target, term.probabilities, strict=True)
    weighted_pairs = [(t, p) for t, p in pairs if t]
    near = write.near(term.value, is_exact=term.value == 0)
    terms = shortened(weighted_pairs, lambda pair: f"{write.factor(pair[0])}×ln({write(pair[1])})")
    yield checked_sum(terms or ("0",), " + ", near, "", "-(", ")")


def _reduced(result: Loss, write: Writer) -> Iterator[Block]:
    """Yield the mean or the sum of the terms."""
    count = result.terms.size
    if count == 1:
        return
    yield Text("")
    terms = shortened(result.terms.ravel(), write.factor)
    value = result.output.ravel()[0]
    if result.reduction is Reduction.MEAN:
        divisor, outcome = write.factor(result.divisor), write.outcome(value)
        if isinstance(result.divisor, int):
            outcome = write.outcome(value, result.total, result.divisor)
        yield checked_sum(terms, " + ", outcome, "mean: ", "(", f")/{divisor}")
    else:
        yield checked_sum(terms, " + ", write.outcome(value), "sum: ")
