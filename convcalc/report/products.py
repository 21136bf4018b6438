"""A product cell by cell, and its gradients, as Documents."""

from collections.abc import Callable
from functools import partial

from convcalc.engine.naming import Naming
from convcalc.engine.products import Product, ProductGradients
from convcalc.engine.step import ProductStep
from convcalc.report.cell_by_cell import CellByCell
from convcalc.report.document import Calculation, Document, Grids, Heading, Role, Sum, Text
from convcalc.report.equality import checked_sum
from convcalc.report.gradients import one_or_all
from convcalc.report.grids import grids_of
from convcalc.report.numbers import Writer
from convcalc.report.selection import Show

FORMULA = "y = a·b"


def worked_product(result: Product, show: Show) -> Calculation:
    """Return a product's work as a Document, and its answer."""
    return _report(result, show, "multiply{}", FORMULA, ("input", "other"), "output").worked()


def worked_product_gradients(
    gradients: ProductGradients, show: Show, wrt: str | None, *, alone_on_page: bool = True
) -> Calculation:
    """Return the work of both grids' gradients, or of the one asked for, which is the answer (else the input's)."""
    reports = {
        "input": _report(gradients.input, show, *_NAMES, ("gradient of the output", "other"), "input gradient"),
        "other": _report(gradients.other, show, *_NAMES, ("gradient of the output", "input"), "other gradient"),
    }
    if wrt is not None or show.at is not None:
        return reports[wrt or "input"].worked()

    def drawn(which: str) -> Grids:
        grid = reports[which].result.output
        return grids_of(grid, f"{which} gradient", show.write, heat=show.heat, naming=Naming(grid.ndim == 1))

    def work() -> Document:
        yield Heading("backward through multiply", (_NAMES[1],))
        yield Text("The gradient of the output goes to each grid, times the other.", Role.QUIET)
        sections: dict[str, Callable[[], Document]] = {
            name: partial(report.section, f"gradient of the {name}") for name, report in reports.items()
        }
        yield from one_or_all(sections, drawn, None, "input", says_how=alone_on_page)

    return Calculation(work(), lambda: gradients.input.output, show.answer_write, reports["input"].worked().steps)


_NAMES = ("backward through multiply{}", "∂L/∂a = ∂L/∂y·b")


def _report(result: Product, show: Show, title: str, formula: str, names: tuple[str, str], answer: str) -> CellByCell:
    grids = tuple(zip(names, (result.input, result.other), strict=True))
    return CellByCell(result, show, title, (formula,), grids, answer, _line)


def _line(step: ProductStep, result: Product, write: Writer, label: str) -> Sum:
    """Return one cell's working as a line."""
    factors = write.factor(step.cell), write.factor(step.factor)
    return checked_sum((f"{factors[0]}×{factors[1]}",), " + ", write.outcome(step.value), label)
