"""Losses as Documents: each term, and then their mean or sum."""

from collections.abc import Iterator
from functools import partial

from convcalc.choices import LossKind, Reduction
from convcalc.engine.losses import LEAST_LOG, Loss, LossTerm
from convcalc.report.document import Block, Document, Grids, Heading, Role, Subheading, Sum, Text, Worked
from convcalc.report.equality import summed
from convcalc.report.grids import answer_of, grids_of
from convcalc.report.likely import likely_mistakes
from convcalc.report.numbers import Writer, shape_text
from convcalc.report.selection import Show, Skipped, select, skipped_text
from convcalc.report.softmax import elided, softmax_blocks

FORMULAS = {
    LossKind.MSE: "(x − t)²",
    LossKind.MAE: "|x − t|",
    LossKind.BCE: "−(t·ln p + (1 − t)·ln(1 − p))",
    LossKind.CROSS_ENTROPY: "−Σ t·ln p",
}


def worked_loss(result: Loss, show: Show) -> Worked:
    """Return a loss's work as a Document: the terms, and what is made of them; and the loss."""
    output = result.output
    chosen = list(select((1, 1, 1, result.terms.size), show))

    def work() -> Document:
        yield Heading(heading(result), (_formula(result),))
        for note in notes(result):
            yield Text(note, Role.QUIET)
        if result.kind is not LossKind.CROSS_ENTROPY or not result.logits:
            yield Text("")
            yield _grids(result, show)
        if result.kind is not LossKind.CROSS_ENTROPY:
            yield Text("")
        last = result.term(result.terms.size - 1)
        width = len(_label(last, result)) + 2
        for part in chosen:
            if isinstance(part, Skipped):
                yield Text("")
                yield Text(f"  {skipped_text(part.steps)}", Role.QUIET)
                continue
            term = result.term(part.number - 1)
            if result.kind is LossKind.CROSS_ENTROPY:
                yield from _cross_entropy(result, term, show.write)
            else:
                yield _distance(result, term, show.write, _label(term, result).ljust(width))
        if result.reduction is not Reduction.NONE:
            yield from _reduced(result, show.write)
        yield Text("")
        yield answer_of(output, show.write, "channel", one_row=output.ndim == 1)

    def given() -> Document:
        yield Heading(heading(result), (_formula(result),))
        yield Text("")
        yield _grids(result, show)

    mistakes = partial(likely_mistakes, result)
    return Worked(work(), lambda: output, show.answer_write, None, given, mistakes)


def _grids(result: Loss, show: Show) -> Grids:
    """Return the input and its target side by side."""
    one_row = result.input.size == result.input.shape[-1]
    drawn = grids_of(result.input, "input", show.write, heat=show.heat, one_row=one_row).matrices
    if not result.by_class:
        drawn += grids_of(result.target, "target", show.write, heat=show.heat, one_row=one_row).matrices
    return Grids(drawn)


def heading(result: Loss) -> str:
    """Return which loss of what, and how it is reduced."""
    shape = result.input.shape
    if result.kind is not LossKind.CROSS_ENTROPY:
        rows = shape[-1:] if result.input.size == shape[-1] else shape
        given = " of logits" if result.logits else ""
        return f"loss {result.kind}{given} · input {shape_text(rows)} · {result.reduction}"
    items = "" if shape[0] == 1 else f"{shape[0]} rows of "
    target = "probabilities"
    if result.by_class:
        target = "class" + ("es" if shape[0] > 1 else "") + " " + ",".join(map(str, result.target.tolist()[:12]))
    of = "logits" if result.logits else "probabilities"
    return f"loss {result.kind} of {of} · {items}{shape[1]} classes · target {target} · {result.reduction}"


def _formula(result: Loss) -> str:
    formula = "−ln p[target]" if result.by_class else FORMULAS[result.kind]
    return formula if result.reduction is Reduction.NONE else f"{result.reduction} of {formula}"


def notes(result: Loss) -> Iterator[str]:
    """Say what the input is taken for, and where conventions part."""
    if result.kind is LossKind.CROSS_ENTROPY and result.logits:
        yield "The input holds logits, as in PyTorch: the softmax is part of the loss."
        if result.seems_probable:
            yield "They add to 1: if they are probabilities already, add --probabilities."
    elif result.kind is LossKind.CROSS_ENTROPY and not result.seems_probable:
        yield "The probabilities do not add to 1."
    if result.kind is LossKind.CROSS_ENTROPY and not result.target_adds_up:
        yield "The target's probabilities do not add to 1."
    if result.kind is LossKind.MSE:
        yield "The lecture's Euclidean loss. PyTorch averages over all cells; some books halve it."
    if result.kind is LossKind.BCE and result.clamps:
        yield "A logarithm below -100, as that of 0, is taken for -100, as PyTorch does."


def _label(term: LossTerm, result: Loss) -> str:
    at = term.at[-1:] if result.input.size == result.input.shape[-1] else term.at
    return f"[{','.join(map(str, at))}]"


def _distance(result: Loss, term: LossTerm, write: Writer, label: str) -> Sum:
    """Return one cell's term of mse, mae or bce."""
    x, t = term.cells[0], term.target[0]
    gap = f"{write(x)} − {write.factor(t)}"
    if result.kind is LossKind.MSE:
        return summed((f"({gap})²",), "", write.outcome(term.value), label)
    if result.kind is LossKind.MAE:
        return summed((f"|{gap}|",), "", write.outcome(term.value), label)
    if result.kind is not LossKind.BCE:
        raise AssertionError(f"there is no working of {result.kind}")
    p, rest = (write(part) for part in term.probabilities)
    name = f"sigmoid({write(x)})" if result.logits else write(x)
    terms = dict.fromkeys((_bce(write.factor(t), name, f"1 − {name}"), _bce(write.factor(t), p, rest)))
    return summed(tuple(terms), " = ", write.near(term.value, is_exact=term.value in (0, -LEAST_LOG)), label)


def _bce(target: str, p: str, rest: str) -> str:
    """Write a term of bce; a target of 0 or 1 leaves one logarithm of the two."""
    if target in ("0", "1"):
        return f"-ln({p if target == '1' else rest})"
    return f"-({target}×ln({p}) + (1 − {target})×ln({rest}))"


def _cross_entropy(result: Loss, term: LossTerm, write: Writer) -> Iterator[Block]:
    """Yield one row's softmax, if it is part of the loss, and its term."""
    item = term.at[0]
    target = f"class {term.target[0]}" if result.by_class else "probabilities"
    if len(result.input) > 1:
        yield Subheading(f"step {term.number} of {len(result.input)} · row {item} · target {target}")
    else:
        yield Text("")
    if result.logits:
        yield from softmax_blocks(result.probabilities.step((item,), term.number), write, log=False)
        yield Text("")
    near = write.near(term.value, is_exact=term.value == 0)
    if result.by_class:
        index = int(term.target[0])
        chance = write(term.probabilities[index])
        if chance == "1.0000":
            chance = f"1 − {write(term.rest)}"
        yield summed((f"-ln(p[{index}])", f"-ln({chance})"), " = ", near)
        return
    pairs = zip(term.target, term.probabilities, strict=True)
    weighed = [(t, p) for t, p in pairs if t]
    terms = elided(weighed, lambda pair: f"{write.factor(pair[0])}×ln({write(pair[1])})")
    yield summed(terms, " + ", near, "", "-(", ")")


def _reduced(result: Loss, write: Writer) -> Iterator[Block]:
    """Yield the mean or the sum of the terms."""
    count = result.terms.size
    if count == 1:
        return
    yield Text("")
    terms = elided(result.terms.ravel(), write.factor)
    value = result.output.ravel()[0]
    if result.reduction is Reduction.MEAN:
        yield summed(terms, " + ", write.outcome(value, result.total, count), "mean: ", "(", f")/{count}")
    else:
        yield summed(terms, " + ", write.outcome(value), "sum: ")
