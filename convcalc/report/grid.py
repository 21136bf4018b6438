"""Single grids as Documents: shown as they are, padded, or brought to 0..1."""

from fractions import Fraction

import numpy as np

from convcalc.engine.exact import Array
from convcalc.engine.naming import Naming, shape_text
from convcalc.engine.padding import Padded, PaddingGradient
from convcalc.report.document import Answer, Calculation, Document, Grids, Heading, Matrix, Role, Text
from convcalc.report.equality import checked_sum
from convcalc.report.grids import grids_of, picture_of
from convcalc.report.numbers import DECIMALS, Writer
from convcalc.report.selection import Show
from convcalc.report.softmax import shortened

FEW_CELLS = 6


def worked_grid(grid: Array, show: Show, *, is_picture: bool = False) -> Calculation:
    """Return a grid, shown: its shape, what kind of numbers it holds, and the numbers; a picture in colours, too."""

    def work() -> Document:
        yield Heading(f"grid {shape_text(grid.shape)} · {_kind(grid)} · {_range(grid, show)}")
        yield Text("")
        if is_picture and grid.ndim == 3:
            yield Grids((Matrix(picture_of(grid)),))
            yield Text("")
        yield grids_of(grid, "grid", show.write, heat=show.heat)

    return Calculation(work(), lambda: grid, show.answer_write)


def worked_division(grid: Array, quotient: Array, divisor: int, show: Show) -> Calculation:
    """Return a grid brought to 0..1: each cell over the largest value it could have."""
    write = Writer(DECIMALS) if show.write.precision is None else show.write
    axes = ("item", "channel", "row", "column")[-grid.ndim :]

    def work() -> Document:
        yield Heading(f"normalise · grid {shape_text(grid.shape)} · every cell divided by {divisor}")
        yield Text(f"8 bits a channel hold 0 to {divisor}, so the cells come to lie between 0 and 1.", Role.QUIET)
        yield Text("")
        yield grids_of(grid, "input", show.write, heat=show.heat)
        yield Text(f"  [{', '.join(axes)}]", Role.QUIET)
        for index, (cell, value) in enumerate(zip(grid.flat, quotient.flat, strict=True)):
            if index == FEW_CELLS and grid.size > FEW_CELLS:
                yield Text(f"  … and {grid.size - FEW_CELLS:,} more of {grid.size:,} cells", Role.QUIET)
                break
            label = f"[{','.join(map(str, np.unravel_index(index, grid.shape)))}]  "
            outcome = show.write.outcome(value).removeprefix(f"= {show.write(cell)}/{divisor} ")
            yield checked_sum((f"{show.write(cell)}/{divisor}",), "", outcome, label, final=False)
        yield Text("")
        yield grids_of(quotient, "output", write, heat=show.heat)

    return Calculation(work(), lambda: quotient, show.answer_write)


def worked_padding(result: Padded, show: Show) -> Calculation:
    """Return a padding's work: how many cells are added where, what they repeat, and the padded grid."""
    grid, (rows, columns) = result.input, (result.rows, result.columns)
    naming = Naming(grid.ndim == 1 or (grid.shape[-2] == 1 and rows == (0, 0)))

    def work() -> Document:
        output = result.output
        first = grid.ndim - 1 if naming.one_row else 0
        mode = "" if result.border.is_plain else f" · {result.border.text(show.write)}"
        amounts = naming.padding(rows, columns)
        formulas = naming.by_axis(
            *(
                f"{size} + {before} + {after} = {size + before + after}"
                for size, (before, after) in zip(np.atleast_2d(grid).shape[-2:], (rows, columns), strict=True)
            )
        )
        shapes = shape_text(grid.shape[first:]), shape_text(output.shape[first:])
        yield Heading(f"pad · input {shapes[0]} · padding {amounts}{mode} → {shapes[1]}", formulas)
        if result.border.repeats:
            for axis, name in ((0, "row"), (1, "column")):
                if not (axis == 0 and naming.one_row) and any((rows, columns)[axis]):
                    yield Text(f"The padding repeats {name}s: {_sources(result, axis)}.", Role.QUIET)
        yield Text("")
        yield grids_of(output, "padded", show.write, heat=show.heat, padding=(*rows, *columns), naming=naming)

    return Calculation(work(), lambda: result.output, show.answer_write, result=result)


def worked_padding_gradient(result: PaddingGradient, show: Show) -> Calculation:
    """Return where the gradient of a padded grid goes, and the gradient of the input."""
    padded, (rows, columns) = result.forward, result.places
    naming = Naming(padded.input.ndim == 1 or (padded.input.shape[-2] == 1 and padded.rows == (0, 0)))
    planes = np.atleast_2d(result.gradient)

    def work() -> Document:
        shapes = (
            shape_text(grid.shape[-1:] if naming.one_row else grid.shape) for grid in (result.gradient, padded.input)
        )
        yield Heading(f"backward through pad · {padded.border.text(show.write)} · gradient {' → '.join(shapes)}")
        went = "goes back to the cell it repeats, and adds up" if padded.border.repeats else "goes nowhere"
        yield Text(f"A cell's own place gives its gradient back; that of the padding {went}.", Role.QUIET)
        yield Text("")
        sides = (*padded.rows, *padded.columns)
        write, heat = show.write, show.heat
        yield grids_of(result.gradient, "gradient of the output", write, heat=heat, padding=sides, naming=naming)
        yield Text("")
        yield from sums()
        yield Answer(grids_of(result.output, "input gradient", write, heat=heat, naming=naming))

    def sums() -> Document:
        """Yield the sums of the cells that got more than their own, as many as are shown."""
        several = [
            (*index, row, column)
            for index in np.ndindex(*planes.shape[:-2])
            for row in rows
            for column in columns
            if len(rows[row]) * len(columns[column]) > 1
        ]
        most = {"all": len(several), "none": 0}.get(str(show.steps), show.steps if isinstance(show.steps, int) else 16)
        output = np.atleast_2d(result.output)
        for at in several[:most]:
            parts = [planes[at[:-2]][r, c] for r in rows[at[-2]] for c in columns[at[-1]]]
            terms = shortened(parts, show.write.factor)
            label = f"[{','.join(map(str, at if not naming.one_row else at[-1:]))}]  "
            yield checked_sum(terms, " + ", show.write.outcome(output[at]), label, final=False)
        if len(several) > most:
            yield Text(f"  … and {len(several) - most:,} more cells: --steps all shows every one", Role.QUIET)
        if several:
            yield Text("")

    return Calculation(work(), lambda: result.output, show.answer_write)


def _sources(result: Padded, axis: int) -> str:
    before, after = (result.rows, result.columns)[axis]
    cells = [str(source) for source in result.sources(axis)]
    inner = cells[before : len(cells) - after]
    middle = " ".join(inner) if len(inner) <= FEW_CELLS else f"{inner[0]} {inner[1]} … {inner[-1]}"
    parts = [" ".join(cells[:before]), middle, " ".join(cells[len(cells) - after :])]
    return " | ".join(part for part in parts if part)


def _kind(grid: Array) -> str:
    if grid.dtype.kind == "f":
        return "decimals"
    if any(isinstance(cell, Fraction) for cell in grid.flat) if grid.dtype == object else False:
        return "fractions"
    return "integers"


def _range(grid: Array, show: Show) -> str:
    return f"{show.write(grid.min())} to {show.write(grid.max())}"
