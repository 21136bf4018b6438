"""A transposed convolution as a Document, read both ways: as stamps that add up, and as zero-insertion."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from convcalc.choices import TransposedReading
from convcalc.engine.naming import Naming
from convcalc.engine.sizes import listed
from convcalc.engine.step import StampStep
from convcalc.engine.transposed import Transposed
from convcalc.report.convolution import ConvolutionReport, Labels
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
    Stepped,
    Steps,
    Subheading,
    Sum,
    Text,
)
from convcalc.report.equality import checked_outcome
from convcalc.report.formulas import transposed_formulas
from convcalc.report.grids import answer_of, body_of, grids_of, like, small_body
from convcalc.report.likely import likely_mistakes
from convcalc.report.selection import Chosen, Show, Skipped, place, select
from convcalc.report.stepwise import stepped


def worked_transposed(result: Transposed, show: Show, kernel: str, reading: TransposedReading | None) -> Calculation:
    """Return a transposed convolution's work as a Document, and its answer; `reading` asks for one of the two."""
    return _Report(result, show, kernel, reading).worked()


class _Inserted(ConvolutionReport):
    """The steps of the convolution of what has zeros between its cells."""

    def input_title(self, item: int, channel: int) -> str:
        return super().input_title(item, channel).replace("input", "spread input").replace(", padded", "")


@dataclass(eq=False, repr=False)
class _Report:
    result: Transposed
    show: Show
    kernel: str
    reading: TransposedReading | None
    bodies: dict[tuple[int, int], Body] = field(default_factory=dict)

    @property
    def naming(self) -> Naming:
        """How its axes are named: as those of a single row, if there is but one row in and out."""
        result = self.result
        return Naming(bool(result.input.shape[2] == result.kernel.shape[2] == 1 == result.rows.output))

    def worked(self) -> Calculation:
        """Return the work and the answer; what cannot be done is refused before any is shown."""
        output = self.result.output
        select(self.result.shape, self.show, self.naming)
        mistakes = partial(likely_mistakes, self.result)
        return Calculation(
            self.blocks(), lambda: output, self.show.answer_write, self.walked, self.given, mistakes, self.result
        )

    def given(self) -> Document:
        """Yield the input and the kernel."""
        write = self.show.write
        yield Heading(self.heading().partition(" → ")[0])
        yield Text("")
        matrices = grids_of(like(self.result.input), "input", write, naming=self.naming).matrices
        yield Grids(matrices + grids_of(like(self.result.kernel), "kernel", write, naming=self.naming).matrices)

    def walked(self, show: Show) -> Steps:
        """Return the steps of one reading to be walked through: the stamps, unless the other was asked for."""
        if self.reading is TransposedReading.ZEROS:
            return _Inserted.of(self.result.inserted, show, Labels("kernel")).walked(show)
        return replace(self, show=show, bodies={}).all_stamps()

    def all_stamps(self) -> Steps:
        """Return the stamps, in any order."""
        shape = self.result.stamps
        count = math.prod(shape)

        def blocks(index: int) -> list[Block]:
            return list(self.stamp(Chosen(index + 1, place(index, shape)), count))[1:]

        formulas = transposed_formulas(self.result.rows, self.result.columns, self.naming)
        return Steps(Heading(self.heading(), formulas), shape, self.naming, blocks, lambda i: f"stamp {i + 1}")

    def blocks(self) -> Document:
        """Yield the heading, both readings, and the answer."""
        result = self.result
        yield Heading(self.heading(), transposed_formulas(result.rows, result.columns, self.naming))
        for note in self.notes():
            yield Text(note, Role.QUIET)
        if self.reading is not TransposedReading.ZEROS and self.show.steps != "none":
            yield Text("")
            yield Heading("scatter-add: every input cell stamps the kernel, and stamps add up")
            yield self.stamps()
            yield from self.bias()
        if self.reading is not TransposedReading.SCATTER and self.show.steps != "none":
            yield Text("")
            yield Heading("zero-insertion: the input spread, then a plain convolution")
            yield Text(self.spreading(), Role.QUIET)
            yield _Inserted.of(result.inserted, self.show, Labels("kernel")).steps()
        if self.reading is None and self.show.steps != "none":
            yield Text("")
            yield Text("Both readings give the same map.", Role.QUIET)
        yield Text("")
        yield answer_of(result.output, self.show.write, "map", heat=self.show.heat, naming=self.naming)

    def heading(self) -> str:
        """Return what is done, to what, with which settings."""
        result, (rows, columns) = self.result, (self.result.rows, self.result.columns)
        channels, maps = result.kernel.shape[0], result.shape[1]
        grid = self.naming.shape(result.input.shape, len(result.input) > 1, channels > 1)
        kernel = self.naming.shape(result.kernel.shape, max(channels, maps) > 1)
        parts = [f"conv-transpose · input {grid} * {self.kernel} {kernel}"]
        parts.append(f"stride {self.naming.pair(rows.stride, columns.stride)}")
        sides = (rows.cut, rows.cut_end), (columns.cut, columns.cut_end)
        parts.append(f"padding {self.naming.padding(*sides)}")
        if rows.extra or columns.extra:
            parts.append(f"output padding {self.naming.pair(rows.extra, columns.extra)}")
        if max(rows.dilation, columns.dilation) > 1:
            parts.append(f"dilation {self.naming.pair(rows.dilation, columns.dilation)}")
        if result.groups > 1:
            parts.append(f"groups {result.groups}")
        if result.bias is not None:
            parts.append(f"bias {','.join(self.show.write(bias) for bias in result.bias.tolist()[:6])}")
        shape = self.naming.shape(result.shape, len(result.input) > 1, maps > 1)
        return f"{' · '.join(parts)} → {shape}"

    def notes(self) -> Iterator[str]:
        """Say what the padding cuts, and which of the sizes that a stride makes alike the output padding picks."""
        result, columns = self.result, self.result.columns
        if max(result.kernel.shape[:2]) > 1:
            yield "As in PyTorch, the kernel is input channels × maps × rows × columns."
        if any((result.rows.cut, result.rows.cut_end, columns.cut, columns.cut_end)):
            yield "As in PyTorch, padding is what a convolution the other way would add: here it is cut off."
        if columns.stride > 1 and columns.alike().start > 0:
            sizes = columns.alike()
            sizes_by_extra = [f"{extra} for {size}" for extra, size in enumerate(sizes)][:4]
            yield (
                f"A convolution of stride {columns.stride} turns {listed([str(size) for size in sizes[:4]])} cells "
                f"alike into {columns.size}; --output-padding tells which: {', '.join(sizes_by_extra)}."
            )

    def bias(self) -> Iterator[Block]:
        """Say what is added at the end."""
        biases = [] if self.result.bias is None else self.result.bias.tolist()
        biases_by_map = [f"{self.show.write(b)} to map {map_}" for map_, b in enumerate(biases)]
        if biases:
            bias_text = self.show.write(biases[0]) if len(biases) == 1 else ", ".join(biases_by_map)
            yield Text("")
            yield Text(f"Then the bias is added to every cell: {bias_text}.", Role.QUIET)

    def stamps(self) -> Stepped:
        """Return the stamps, those written out that are chosen."""
        count = math.prod(self.result.stamps)
        return stepped(self.chosen, lambda part: self.stamp(part, count), self.all_stamps, self.show)

    def chosen(self) -> Iterator[Chosen | Skipped]:
        """Yield the stamps that reach the cell asked for, or as many as of any steps."""
        shape = self.result.stamps
        if self.show.at is None:
            yield from select(shape, self.show)
            return
        *map_asked, wanted_row, wanted_column = self.naming.with_row(self.show.at)
        for part in select(shape, Show(steps="all")):
            assert isinstance(part, Chosen)
            map_, _ = self.result.pair(part.at[1])
            rows, columns = self.result.rows.stamps(part.at[2]), self.result.columns.stamps(part.at[3])
            if wanted_column in columns and wanted_row in rows and map_asked in ([], [map_], [part.at[0], map_]):
                yield part

    def stamp(self, chosen: Chosen, count: int) -> Iterator[Block]:
        """Yield one stamp: the input cell, the kernel it multiplies, and the map so far."""
        step = self.result.stamp(chosen.at, chosen.number)
        name = self.naming.cell(step.at, self.result.input.shape, "input")
        onto = f" onto map {step.map}" if self.result.shape[1] > 1 else ""
        yield Subheading(f"stamp {step.number} of {count} · {name}{onto}")
        yield self.picture(step)
        yield from self.additions(step)

    def additions(self, step: StampStep) -> Iterator[Block]:
        """Yield what the stamp adds to cells that have something already, and whether part of it is cut off."""
        write, rows, columns = self.show.write, self.result.rows.output, self.result.columns.output
        places = [(r, c, i, j) for i, r in enumerate(step.rows) for j, c in enumerate(step.columns)]
        inside = [(r, c, i, j) for r, c, i, j in places if 0 <= r < rows and 0 <= c < columns]
        terms = []
        for r, c, i, j in inside:
            if step.before[r][c] and step.stamp[i][j]:
                addition = f"{write(step.before[r][c])} + {write.factor(step.stamp[i][j])}"
                name = self.naming.place(r, c)
                terms.append(f"{name} {addition} {checked_outcome(addition, write.outcome(step.so_far[r][c]))}")
        if terms or len(inside) < len(places):
            yield Text("")
        if terms:
            yield Sum(tuple(terms), ",  ", "")
        if len(inside) < len(places):
            yield Text(f"  {len(places) - len(inside)} of the stamp's {len(places)} cells are cut off.", Role.QUIET)

    def picture(self, step: StampStep) -> Picture:
        """Return the cell, the kernel, the stamp, and the map it is added to."""
        result, write = self.result, self.show.write
        item, channel, row, column = step.at
        shape = self.naming.shape(result.input.shape)
        title = f"input, channel {channel}" if result.input.shape[1] > 1 else f"input {shape}"
        if (item, channel) not in self.bodies:
            self.bodies[item, channel] = body_of(result.input[item, channel], title, write, heat=self.show.heat)
        grid = self.bodies[item, channel]
        many = max(result.kernel.shape[:2]) > 1
        title = f"kernel[{channel},{step.map % result.maps_a_group}]" if many else "kernel"
        kernel = small_body(step.weights, title, write)
        least = body_of(result.maps[item, step.map], "", write).width  # all steps are laid out alike
        stamp = small_body(step.stamp, "stamp", write, least)
        title = f"map {step.map} so far" if result.shape[1] > 1 else "output so far"
        output_body = body_of(step.so_far, title, write, width=least)
        marks = [
            [place for place in places if 0 <= place < size]
            for places, size in ((step.rows, result.rows.output), (step.columns, result.columns.output))
        ]
        window = (marks[0], marks[1]) if all(marks) else None
        input_matrix = Matrix(grid, (range(row, row + 1), range(column, column + 1)))
        line = (input_matrix, "×", Matrix(kernel), "=", Matrix(stamp, derived=True))
        return Picture((line,), Matrix(output_body, window, writes=True, derived=True))

    def spreading(self) -> str:
        """Say how the input is spread and bordered."""
        rows, columns = self.result.rows, self.result.columns
        zeros = self.naming.pair(rows.stride - 1, columns.stride - 1)
        between = {"0": "are no zeros", "1": "is 1 zero"}.get(zeros, f"are {zeros} zeros")
        border = f"{columns.before} before and {columns.after} behind"
        if not self.naming.one_row and (rows.before, rows.after) != (columns.before, columns.after):
            border = f"{rows.before} above, {rows.after} below, {columns.before} left and {columns.after} right"
        elif columns.before == columns.after:
            border = str(columns.before)
        span = "F − 1" if max(rows.dilation, columns.dilation) == 1 else "D(F − 1)"
        extra = " + OP at the end" if rows.extra or columns.extra else ""
        return (
            f"There {between} between the cells (stride − 1), and a border of {border} ({span} − P{extra}). The kernel "
            "is flipped, and the stride 1."
        )
