"""The numeric check of gradients: (L(w + h) − L(w − h))/2h, beside what was worked."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from convcalc.engine.exact import Array
from convcalc.report.document import Calculation, Document, Heading, Role, Table, Text
from convcalc.report.numbers import Writer
from convcalc.report.selection import Show

LOSS_DECIMALS = 10
FAR = 1e-6
"""Further apart than rounding, and what bends within h, would bring two slopes of about 1."""


class Difference(NamedTuple):
    """One cell, moved by h there and back: the losses, their quotient, and the gradient that was worked."""

    name: str
    at: tuple[int, ...]
    there: Any
    back: Any
    quotient: Any
    gradient: Any


def worked_numeric(differences: Sequence[Difference], h: Any, skipped: int, answer: Array, show: Show) -> Calculation:
    """Return the check as a table; the answer is the worked gradient of the first grid that is checked."""
    write, write_loss = show.write, show.write if show.write.precision is not None else Writer(LOSS_DECIMALS)
    is_exact = all(d.quotient == d.gradient for d in differences)
    rows = tuple(
        (
            f"{d.name}[{','.join(map(str, d.at))}]",
            *(write_loss(value) for value in (d.there, d.back)),
            *(write(value) for value in (d.quotient, d.gradient)),
            "0" if d.quotient == d.gradient else f"{float(abs(d.quotient - d.gradient)):.1e}",
        )
        for d in differences
    )

    def work() -> Document:
        yield Heading(f"numeric check · h = {write(h)}", ("(L(w + h) − L(w − h))/2h",))
        yield Text(
            "Each cell is moved by h there and back, and the whole script worked again: the slope between the two "
            "losses is the gradient, but for what bends within h.",
            Role.QUIET,
        )
        yield Text("")
        yield Table(("cell", "L(w + h)", "L(w − h)", "slope", "gradient", "apart"), rows, frozenset({0}))
        if skipped:
            yield Text(f"… and {skipped:,} more cells: name one to check it, as in 'w 0,1'", Role.QUIET)
        yield Text("")
        largest = max(float(abs(d.quotient - d.gradient)) for d in differences)
        yield Text("They are equal." if is_exact else f"They are at most {largest:.1e} apart.")
        if largest > FAR:
            yield Text(
                "Where two cells share a maximum, or a ReLU is at 0, the loss has a kink, and no slope.", Role.QUIET
            )

    return Calculation(work(), lambda: answer, show.answer_write)
