"""Backward through a pooling as a Document: where each output cell's gradient goes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from convcalc.engine.naming import Naming
from convcalc.engine.pooling_record import RoutedGradient
from convcalc.engine.routing import Indices, Routing
from convcalc.engine.step import RoutingStep
from convcalc.report.document import (
    Answer,
    Block,
    Body,
    Calculation,
    Document,
    Grids,
    Heading,
    Matrix,
    Picture,
    Role,
    Sum,
    Text,
)
from convcalc.report.equality import checked_sum
from convcalc.report.grids import body_of, grids_of, like, small_body
from convcalc.report.pooling import PoolingReport
from convcalc.report.selection import Chosen, Show, Skipped, select, skipped_text

if TYPE_CHECKING:
    from convcalc.engine.mistakes.making import Mistake


def worked_routing(routing: Routing, show: Show) -> Calculation:
    """Return where a pooling's gradients go, and the gradient of its input, which is the answer."""
    return _Report.of(routing.forward, show, routing=routing).worked()


def worked_indices(result: Indices, show: Show) -> Calculation:
    """Return where the picked cell of each window lies, as a Document; the places are the answer."""
    forward, write = result.forward, show.write
    report = PoolingReport.of(forward, show)
    shape, columns = result.output.shape, forward.columns.size
    selection = list(select(forward.shape, show, report.naming))

    def work() -> Document:
        yield Heading(f"indices of {report.heading()}", (f"row·{columns} + column",))
        yield Text(f"Where the {forward.kind} of each window lies, counted row by row from 0 in its plane.", Role.QUIET)
        yield Text("")
        yield grids_of(like(forward.input), "input", write, heat=show.heat, naming=report.naming)
        yield Text("")
        for part in selection:
            if isinstance(part, Skipped):
                yield Text(f"  {skipped_text(part.steps, show)}", Role.QUIET)
                continue
            step = result.step(part.at, part.number)
            assert step.winner is not None
            row = step.window.rows[step.winner[0]] - forward.rows.before
            column = step.window.columns[step.winner[1]] - forward.columns.before
            at = report.cell_name((*part.at[:2], row, column)).replace("output", "input")
            label = f"{report.cell_name(part.at).removeprefix('output')}  {write(step.value)} at {at}: "
            yield checked_sum((f"{row}×{columns}", str(column)), " + ", f"= {row * columns + column}", label)
        yield Text("")
        naming = Naming(len(shape) == 1)
        yield Answer(grids_of(result.output, "indices", write, heat=show.heat, naming=naming))

    return Calculation(work(), lambda: result.output, show.answer_write)


@dataclass(eq=False, repr=False, kw_only=True)
class _Report(PoolingReport):
    routing: Routing

    def blocks(self) -> Document:
        """Yield the heading, where each gradient goes, and the gradient of the input."""
        answer = self.routing.input_like()
        yield Heading(f"backward through {super().heading()}")
        yield Text(f"Each gradient {self.result.kind.record.gradient}. Where windows overlap, they add up.", Role.QUIET)
        yield self.steps()
        yield Text("")
        yield Answer(grids_of(answer, "input gradient", self.show.write, heat=self.show.heat, naming=self.naming))

    def worked(self) -> Calculation:
        """Return the work, and the gradient of the input."""
        select(self.shape, self.show, self.naming)
        answer = self.routing.input_like()
        return Calculation(
            self.blocks(), lambda: answer, self.show.answer_write, self.walked, self.given, self.mistakes
        )

    def mistakes(self) -> "Iterator[Mistake]":
        """Yield the likely mistakes; what makes them is not loaded before."""
        from convcalc.engine.mistakes.gradients import routing_mistakes

        return routing_mistakes(self.routing)

    def given(self) -> Document:
        """Yield the input, and the gradient of the output."""
        yield Heading(f"backward through {super().heading().partition(' → ')[0]}: the gradient of the input")
        yield Text("")
        write, naming = self.show.write, self.naming
        matrices = grids_of(like(self.result.input), "input", write, naming=naming).matrices
        yield Grids(
            matrices + grids_of(like(self.routing.output), "gradient of the output", write, naming=naming).matrices
        )

    def step(self, chosen: Chosen) -> Iterator[Block]:
        """Yield one gradient: the window, what each of its cells gets, and the input's gradient so far."""
        step = self.routing.step(chosen.at, chosen.number)
        pooling_step = step.pooling
        grid = Matrix(self.input(*pooling_step.at[:2]), (pooling_step.window.rows, pooling_step.window.columns))
        item, channel, row, column = pooling_step.at
        gradient = Matrix(self.gradient(item, channel), (range(row, row + 1), range(column, column + 1)))
        yield Picture(((grid, gradient, "→", self.shares(step), "→"),), self.so_far(step))
        yield Text("")
        yield self.share_sum(step)

    def gradient(self, item: int, channel: int) -> Body:
        """Return the output's gradient as a body, the same one for every step."""
        write = self.show.write
        return self._kept(
            "gradient", item, channel, lambda: body_of(self.routing.output[item, channel], "gradient", write)
        )

    def shares(self, step: RoutingStep) -> Matrix:
        """Return what each cell of the window gets, the winner marked if there is one."""
        shares = tuple(tuple(0 if share is None else share for share in line) for line in step.shares)
        return Matrix(small_body(shares, "shares", self.show.write), current=step.pooling.winner, derived=True)

    def so_far(self, step: RoutingStep) -> Matrix:
        """Return the input's gradient with this step's shares and all before it, the cells they went to marked."""
        rows, columns = self.axes
        places = [
            [place - axis.before for place in window if not axis.is_padding(place)]
            for axis, window in ((rows, step.pooling.window.rows), (columns, step.pooling.window.columns))
        ]
        if step.pooling.winner is not None:
            row, column = step.pooling.winner
            places = [
                [step.pooling.window.rows[row] - rows.before],
                [step.pooling.window.columns[column] - columns.before],
            ]
        item, channel = step.pooling.at[:2]
        whole = self._kept(
            "whole", item, channel, lambda: body_of(self.routing.input[item, channel], "", self.show.write)
        )
        body = body_of(step.so_far, "input gradient", self.show.write, width=whole.width)
        return Matrix(body, (places[0], places[1]), writes=True, derived=True)

    def share_sum(self, step: RoutingStep) -> Sum:
        """Write where one gradient goes."""
        pooling_step, (rows, columns), place = step.pooling, self.axes, ""
        if pooling_step.winner is not None:
            row, column = (w[i] for w, i in zip(pooling_step.window, pooling_step.winner, strict=True))
            at = (*pooling_step.at[:2], row - rows.before, column - columns.before)
            place = self.cell_name(at).replace("output", "input")
        terms, joiner, opening, closing, outcome = self.result.kind.record.written_gradient(
            self.show.write, RoutedGradient(pooling_step, step.gradient, step.shares, place, self.result.norm)
        )
        return checked_sum(terms, joiner, outcome, "", opening, closing)
