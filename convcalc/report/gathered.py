"""What gathers each output cell from a few cells, as a Document; and its gradients, which gather, too."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from convcalc.engine.exact import Array
from convcalc.engine.gather_kinds import GatherKind
from convcalc.engine.gathered import Gathered, GatherGradients
from convcalc.engine.naming import Naming, shape_text
from convcalc.engine.shapes import four_dimensional
from convcalc.engine.step import GatherStep
from convcalc.report.cell_by_cell import CellByCell, is_row
from convcalc.report.document import (
    Block,
    Body,
    Calculation,
    Document,
    Grids,
    Heading,
    Matrix,
    Picture,
    Role,
    Steps,
    Sum,
    Text,
)
from convcalc.report.equality import checked_sum
from convcalc.report.gradients import one_or_all
from convcalc.report.grids import body_of, grids_of
from convcalc.report.numbers import Writer
from convcalc.report.selection import Show, place


@dataclass(eq=False, repr=False)
class GatherReport(CellByCell):
    """Its inputs need not have the output's shape: of each, the cells that are read are marked."""

    result: Gathered
    planes: dict[tuple[str, int, int], Body] = field(init=False, default_factory=dict)
    """What is drawn, by its name, item and channel: made once."""

    def blocks(self, index: int) -> list[Block]:
        """Return one step: the cells that are read, the cell they make, and its working."""
        at = place(index, self.shape)
        step = self.result.step(at, index + 1)
        drawn = [self.read_of(source, step) for source in dict.fromkeys(term.source for term in step.terms)]
        answer = self.body(self.answer_title, self.result.output, *at[:2])
        output = Matrix(answer, current=at[2:], made=at[2] * self.shape[3] + at[3] + 1, derived=True)
        line = self.line(step, self.result, self.show.write, "")
        return [Picture(((*(drawn or [self.unread(at)]), "→"),), output), Text(""), line]

    def read_of(self, source: int, step: GatherStep) -> Matrix:
        """Return what is read of one input, marked: of the channel that is read first."""
        places = [term.at for term in step.terms if term.source == source]
        item, channel = places[0][:2]
        rows, columns = zip(*(one[2:] for one in places if one[:2] == (item, channel)), strict=True)
        window = range(min(rows), max(rows) + 1), range(min(columns), max(columns) + 1)
        return Matrix(self.body(*self.given_grids[source], item, channel), window)

    def unread(self, at: tuple[int, ...]) -> Matrix:
        """Return the first input, of which nothing is read."""
        name, grid = self.given_grids[0]
        items, channels = ((1,) * (4 - grid.ndim) + grid.shape)[:2]
        return Matrix(self.body(name, grid, min(at[0], items - 1), min(at[1], channels - 1)))

    def body(self, name: str, grid: Array, item: int, channel: int) -> Body:
        """Return one plane of a grid."""
        if (name, item, channel) not in self.planes:
            four = four_dimensional(grid)
            title = f"{name}, channel {channel}" * (four.shape[1] > 1) or name
            self.planes[name, item, channel] = body_of(four[item, channel], title, self.show.write, heat=self.show.heat)
        return self.planes[name, item, channel]

    def heading(self) -> Heading:
        """Return what is made of what: every input's shape."""
        shapes = " and ".join(map(_shape, self.result.inputs))
        return Heading(self.title.format(f" · {shapes} → {_shape(self.result.output)}"), self.formulas)


def _shape(grid: Array) -> str:
    """Write a grid's shape; of a single row only how long it is."""
    return shape_text(grid.shape[-1:] if grid.size == grid.shape[-1] else grid.shape)


def worked_gathered(result: Gathered, show: Show) -> Calculation:
    """Return the work of a gathering as a Document, and its answer."""
    record = result.kind.record
    formula = result.formula or record.formula
    formulas = (formula,) if formula else ()
    given = tuple(zip(result.names, result.inputs, strict=True))
    if result.kind is GatherKind.DROPOUT:
        given += (("mask", result.options["mask"].reshape(result.input.shape)),)
    return GatherReport(result, show, _title(result), formulas, given, "output", _line).worked()


def _title(result: Gathered) -> str:
    return " · ".join((f"{result.kind}{{}}", *result.says))


def _line(step: GatherStep, result: Gathered, write: Writer, label: str) -> Sum:
    """Return one cell's working as a line: a cell that is only moved is named, not summed."""
    if not step.terms:
        return Sum(("nothing",), "", "= 0", label)
    first = step.terms[0]
    moves = len(step.terms) == 1 and first.weight == 1 and result.kind is not GatherKind.DROPOUT
    if moves:
        shape = four_dimensional(result.inputs[first.source]).shape
        name = Naming(shape[2] == 1).cell(first.at, shape, result.names[first.source])
        return Sum((name,), "", f"= {write(step.value)}", label)
    terms = tuple(result.kind.record.term(write, term.cell, term.weight, step) for term in step.terms)
    return checked_sum(terms, " + ", write.outcome(step.value), label, final=False)


def worked_gather_gradients(
    gradients: GatherGradients, show: Show, wrt: str | None, *, alone_on_page: bool = True
) -> Calculation:
    """Return the work of all inputs' gradients, or of the one asked for, which is the answer (else the first's)."""
    forward, names = gradients.forward, gradients.forward.names
    parts = dict(zip(names, gradients.inputs, strict=True))
    if wrt is not None or len(names) == 1 or show.at is not None:
        return _report(parts[wrt or names[0]], wrt or names[0], show).worked()
    answer = parts[names[0]].output

    def drawn(which: str) -> Grids:
        grid = parts[which].output
        return grids_of(grid, f"{which} gradient", show.write, heat=show.heat, naming=Naming(is_row(grid)))

    def work() -> Document:
        yield Heading(f"backward through {_title(forward).format('')}")
        yield Text(f"The gradient of the output {forward.kind.record.gradient}.", Role.QUIET)
        sections: dict[str, Callable[[], Document]] = {
            name: partial(_report(parts[name], name, show).section, f"gradient of the {name}") for name in names
        }
        yield from one_or_all(sections, drawn, None, names[0], says_how=alone_on_page)

    def walked(show: Show) -> Steps:
        steps = _report(parts[names[0]], names[0], show).worked().steps
        assert steps is not None
        return steps(show)

    return Calculation(work(), lambda: answer, show.answer_write, walked)


def _report(result: Gathered, name: str, show: Show) -> GatherReport:
    formula = f"the gradient {result.kind.record.gradient}"
    title = f"backward through {_title(result)}"
    given = (("gradient", result.input),)
    return GatherReport(result, show, title, (formula,), given, f"{name} gradient", _line)
