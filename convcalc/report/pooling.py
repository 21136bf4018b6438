"""A pooling as a Document: each window, and its winner, or its sum and what divides it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from convcalc.choices import PaddingRule
from convcalc.engine.geometry import AdaptiveAxis, Axis
from convcalc.engine.naming import Naming, shape_text
from convcalc.engine.pooling import Pooling
from convcalc.engine.pooling_kinds import PoolKind
from convcalc.engine.step import PoolingStep
from convcalc.report.document import Block, Body, Calculation, Document, Heading, Matrix, Picture, Sum, Text
from convcalc.report.equality import checked_sum
from convcalc.report.grids import grids_of, like
from convcalc.report.selection import Chosen, Show
from convcalc.report.stepwise import Stepwise, in_order, padding_text

if TYPE_CHECKING:
    from typing_extensions import Self


def worked_pooling(result: Pooling, show: Show, rule: PaddingRule | None = None) -> Calculation:
    """Return a pooling's work as a Document, and its answer; `rule` is the word that asked for the padding."""
    return PoolingReport.of(result, show, rule=rule).worked()


@dataclass(eq=False, repr=False, kw_only=True)
class PoolingReport(Stepwise):
    """The report of a pooling; that of its gradients extends it."""

    result: Pooling
    rule: PaddingRule | None = None

    @classmethod
    def of(cls, result: Pooling, show: Show, **more: Any) -> "Self":
        """Return the report of a pooling."""
        zeros_count = result.kind.record.zeros_count and result.count_padding
        return cls(
            result=result,
            axes=(result.rows, result.columns),
            shape=result.shape,
            show=show,
            naming=Naming(result.rows.padded == 1 and result.rows.output == 1),
            part="channel",
            padding_cell=None if zeros_count else "",
            **more,
        )

    def heading(self) -> str:
        """Return what is pooled, with which windows."""
        result, (rows, columns) = self.result, self.axes
        several = self.shape[0] > 1, self.shape[1] > 1 or result.input_dimensions > 2
        name = f"{result.kind} pool" + (f" (p = {result.norm})" if result.kind.record.takes_norm else "")
        parts = [f"{name} · input {self.naming.shape(result.input.shape, *several)}"]
        if isinstance(rows, Axis) and isinstance(columns, Axis):
            window = self.naming.size(rows.kernel, columns.kernel)
            parts += [f"window {window}", f"stride {self.naming.pair(rows.stride, columns.stride)}"]
            if any((rows.before, rows.after, columns.before, columns.after)):
                padding_note = "" if not result.kind.record.divides or result.count_padding else ", not counted"
                parts.append(f"padding {padding_text(rows, columns, self.rule, self.naming)}{padding_note}")
            if max(rows.dilation, columns.dilation) > 1:
                parts.append(f"dilation {self.naming.pair(rows.dilation, columns.dilation)}")
            if columns.ceil:
                parts.append("ceil")
            if result.footprint is not None:
                parts.append(f"{int(result.footprint.sum())} cells of the window count")
            if result.divisor is not None:
                parts.append(f"divisor {result.divisor}")
        elif isinstance(rows, AdaptiveAxis):
            output = self.naming.size(rows.output, columns.output)
            parts.append("global" if (rows.output, columns.output) == (1, 1) else f"adaptive to {output}")
        first = several.index(True) if any(several) else 2
        return f"{' · '.join(parts)} → {shape_text((*self.shape[first:2], *self.naming.plane(self.shape)))}"

    def given(self) -> Document:
        """Yield the input."""
        yield Heading(self.heading().partition(" → ")[0])
        yield Text("")
        yield grids_of(like(self.result.input), "input", self.show.write, heat=self.show.heat, naming=self.naming)
        if (
            self.result.divisor is None
            and self.result.kind.record.divides
            and self.result.padded.shape != self.result.input.shape
        ):
            yield Text("")
            yield Text(f"The divisor {'counts the padding' if self.result.count_padding else 'leaves padding out'}.")

    def notes(self) -> Iterator[str]:
        """Say which convention is followed where they differ."""
        result = self.result
        if self.rule is not None and self.rule.keeps_size:
            whose = "TensorFlow's" if self.rule is PaddingRule.SAME else "ONNX's"
            yield f"'{self.rule}' is {whose} word; PyTorch's pooling takes numbers."
        if isinstance(result.columns, Axis) and result.columns.ceil:
            yield (
                "As PyTorch has it, the last window must start inside the input or its left padding; "
                "TensorFlow has no ceil mode."
            )
        yield from result.kind.record.notes(result)
        for axis in (result.rows, result.columns):
            if isinstance(axis, AdaptiveAxis) and axis.size % axis.output:
                size, output = axis.size, axis.output
                yield f"Of the {axis.name}, window i covers ⌊i·{size}/{output}⌋ to ⌈(i + 1)·{size}/{output}⌉ − 1."
        padded = result.rows.padded + result.columns.padded > result.rows.size + result.columns.size
        spread = [axis.dilation for axis in (result.rows, result.columns) if isinstance(axis, Axis)]
        if result.kind is not PoolKind.MAX and max(spread, default=1) > 1:
            yield "Of PyTorch's poolings only max takes a dilation; ONNX's average does, too."
        if result.divisor is None and result.kind.record.divides and padded:
            yield (
                "The divisor counts the padding, as PyTorch has it; TensorFlow and ONNX leave it out (--no-count-pad)."
                if result.count_padding
                else "The divisor leaves the padding out, as TensorFlow and ONNX have it; PyTorch counts it."
            )
        yield from super().notes()

    def step(self, chosen: Chosen) -> Iterator[Block]:
        """Yield one window, and what becomes of it."""
        step = self.result.step(chosen.at, chosen.number)
        item, channel = step.at[:2]
        grid = Matrix(self.input(item, channel), (step.window.rows, step.window.columns))
        output = self.output(step.at)
        yield Picture(((grid, "→", self.window(step), "→"),), output)
        yield Text("")
        yield self.sum(step)

    def window(self, step: PoolingStep) -> Matrix:
        """Return the window by itself, the winner marked if there is one."""
        write = self.show.write
        counts = self.result.footprint
        texts = [
            [write(cell) if counts is None or counts[i, j] else "" for j, cell in enumerate(row)]
            for i, row in enumerate(step.cells)
        ]
        least = self.input(step.at[0], step.at[1]).width
        padding = _sides(step.padding)
        body = Body("window", len(texts), len(texts[0]), lambda r, c: texts[r][c], least, padding)
        window_body = body if self.padding_cell is None else self.hidden_padding(body, self.padding_cell)
        return Matrix(window_body, current=step.winner)

    def sum(self, step: PoolingStep) -> Sum:
        """Return how the window's cells make the output's."""
        write, kind, order = self.show.write, self.result.kind.record, self.show.order
        pairs = zip(in_order(step.cells, order), in_order(step.padding, order), strict=True)
        counts = kind.zeros_count and self.result.count_padding
        terms, joiner, opening, closing, _ = kind.written(
            write, [cell for cell, padded in pairs if counts or not padded], step, self.result.norm
        )
        outcome = write.outcome(step.value, step.total, step.divisor)
        return checked_sum(terms, joiner, outcome, "", opening, closing)


def _sides(padding: tuple[tuple[bool, ...], ...]) -> tuple[int, int, int, int]:
    """Return how many rows and columns at each side of a window are padding throughout."""
    whole_rows = [all(row) for row in padding]
    whole_columns = [all(column) for column in zip(*padding, strict=True)]
    return (*_ends(whole_rows), *_ends(whole_columns))


def _ends(flags: list[bool]) -> tuple[int, int]:
    first = flags.index(False) if False in flags else 0
    last = flags[::-1].index(False) if False in flags else 0
    return first, last
