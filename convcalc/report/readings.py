"""Other readings of one convolution as Documents: patches times a column, one sparse matrix, and who reads a cell."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from convcalc.engine.convolution import Convolution
from convcalc.engine.exact import Array
from convcalc.engine.naming import shape_text
from convcalc.engine.readings import Product, Readings, as_matmul, as_toeplitz, toeplitz_blocks
from convcalc.report.document import (
    Block,
    Body,
    Calculation,
    Document,
    Drawing,
    Grids,
    Heading,
    Matrix,
    Picture,
    Role,
    Span,
    Text,
)
from convcalc.report.equality import checked_sum
from convcalc.report.grids import answer_of, body_of
from convcalc.report.selection import Chosen, Show, Skipped, select, skipped_text
from convcalc.report.softmax import shortened

MOST_BESIDE = 16
"""Columns of a matrix that is drawn with its vectors beside it."""
EMPTY = "·"
"""What stands in a sparse matrix where there is no weight."""


def worked_matmul(result: Convolution, show: Show, kernel: str) -> Calculation:
    """Return a convolution read as patches times the kernel's columns (im2col), and its answer."""
    products, plan = as_matmul(result), result.plan
    rows, selection = len(products[0].left), _chosen(result, show)

    def work() -> Document:
        left, right = (shape_text(matrix.shape) for matrix in (products[0].left, products[0].right))
        yield Heading(
            f"conv as matmul · patches {left} × {kernel} {right} → {rows}×{plan.filters // plan.groups}, "
            f"folded to {_folded(result)}"
        )
        yield Text(
            "Every row of the patches is a window's cells in a row (im2col); the kernel is a column"
            + (", one for each filter." if plan.filters > 1 else "."),
            Role.QUIET,
        )
        for group, product in enumerate(products):
            yield Text("")
            if plan.groups > 1:
                yield Text(f"group {group}:", Role.QUIET)
            bodies = [
                body_of(matrix, f"{title} {shape_text(matrix.shape)}", show.write)
                for title, matrix in (("patches", product.left), ("kernel", product.right), ("product", product.result))
            ]
            if bodies[0].columns <= MOST_BESIDE:
                yield Picture(((Matrix(bodies[0]), "×", Matrix(bodies[1]), "="),), Matrix(bodies[2], derived=True))
            else:
                yield from (Grids((Matrix(body, derived=body is bodies[2]),)) for body in bodies)
        yield from _bias(result, show)
        yield Text("")
        yield from _dot_products(result, products, selection, show, sparse=False)
        yield from _answer(result, show)

    return Calculation(work(), lambda: result.output, show.answer_write, result=result)


def worked_toeplitz(result: Convolution, show: Show, kernel: str) -> Calculation:
    """Return a convolution read as one sparse matrix times the input as a column, and its answer."""
    products, plan = as_toeplitz(result), result.plan
    selection = _chosen(result, show)

    def work() -> Document:
        shape = products[0].left.shape
        yield Heading(
            f"conv as toeplitz · matrix {shape_text(shape)} of the {kernel} × input {shape[1]}×{plan.items} → "
            f"{shape[0]}×{plan.items}, folded to {_folded(result)}"
        )
        yield Text(
            "Every row of the matrix holds the weights with which one output reads the input, which is flattened to a "
            f"column. An empty place ({EMPTY}) is a 0, whatever the kernel.",
            Role.QUIET,
        )
        if plan.filters == plan.channels == 1 and not plan.border.repeats and plan.rows.kernel > 1:
            yield Text("")
            yield from _blocks(result, show)
        for group, product in enumerate(products):
            yield Text("")
            if plan.groups > 1:
                yield Text(f"group {group}:", Role.QUIET)
            matrix = _sparse_body(product.left, product.written, f"matrix {shape_text(shape)}", show)
            if shape[1] <= MOST_BESIDE:
                column, output_column = (
                    body_of(product.right, "input", show.write),
                    body_of(product.result, "product", show.write),
                )
                yield Picture(((Matrix(matrix), "×", Matrix(column), "="),), Matrix(output_column, derived=True))
            else:
                yield Grids((Matrix(matrix),))
                yield Text(f"  times the input as a column of {shape[1]} is a column of {shape[0]}", Role.QUIET)
        yield from _bias(result, show)
        yield Text("")
        yield from _dot_products(result, products, selection, show, sparse=True)
        yield from _answer(result, show)

    return Calculation(work(), lambda: result.output, show.answer_write, result=result)


def _bias(result: Convolution, show: Show) -> Iterator[Block]:
    """Say what is added to the product."""
    if result.bias is not None:
        bias = ", ".join(show.write(cell) for cell in result.bias.tolist())
        where = "every cell" if result.bias.size == 1 else "every cell of each map in turn"
        yield Text(f"  and the bias, {bias}, is added to {where}", Role.QUIET)


def _folded(result: Convolution) -> str:
    shape = result.output.shape
    return shape_text(shape)


def _chosen(result: Convolution, show: Show) -> list[Chosen | Skipped]:
    plan = result.plan
    return list(select(plan.shape, show, plan.naming))


def _answer(result: Convolution, show: Show) -> Iterator[Block]:
    yield Text("")
    yield answer_of(result.output, show.write, "map", heat=show.heat, naming=result.plan.naming)


def _sparse_body(matrix: Array, written: Array | None, title: str, show: Show) -> Body:
    """Return a matrix whose empty places are marked as such; its cells may touch where they cannot be confused."""
    body = body_of(matrix, title, show.write)
    places = np.ones(matrix.shape, dtype=bool) if written is None else written
    texts = [
        [body.text(row, column) if places[row, column] else EMPTY for column in range(body.columns)]
        for row in range(body.rows)
    ]
    tight = all(len(text) < body.width or text.startswith("-") for line in texts for text in line) and body.width > 1
    return replace(body, text=lambda row, column: texts[row][column], tight=tight)


def _blocks(result: Convolution, show: Show) -> Iterator[Block]:
    """Draw the matrix by its blocks: one for each row of the kernel, the same all along a diagonal."""
    rows = result.plan.rows
    yield Text("In blocks, one for each row of the kernel:", Role.QUIET)
    bodies = []
    for index, (block, is_weight) in enumerate(toeplitz_blocks(result)):
        title = f"T{index} {shape_text(block.shape)}, kernel row {index}"
        bodies.append(Matrix(_sparse_body(block, is_weight, title, show)))
    yield Grids(tuple(bodies))
    if rows.size > MOST_BESIDE:
        return
    yield Text("")
    lines: list[tuple[Span, ...]] = []
    width = len(f"T{rows.kernel - 1}") + 1
    for place in range(rows.output):
        cells = list(rows.reads(place))
        line: list[Span] = [("  ", Role.PLAIN)]
        for row in range(rows.size):
            here = row + rows.before in cells
            text = f"T{cells.index(row + rows.before)}" if here else EMPTY
            line.append((text.rjust(width), Role.PLAIN if here else Role.PENDING))
        lines.append((*line, (f"   output row {place}", Role.QUIET)))
    yield Drawing(tuple(lines))


def _dot_products(
    result: Convolution, products: list[Product], chosen: list[Chosen | Skipped], show: Show, *, sparse: bool
) -> Iterator[Block]:
    """Yield the chosen rows' dot products, each named after its row and the output it makes."""
    plan = result.plan
    per_group = plan.filters // plan.groups
    windows = plan.rows.output * plan.columns.output
    names: list[tuple[str, int, Chosen]] = []
    width = 0
    for part in chosen:
        if isinstance(part, Chosen):
            item, map_, row, column = part.at
            place = row * plan.columns.output + column
            index = (map_ % per_group) * windows + place if sparse else item * windows + place
            group = f"group {map_ // per_group}, " if plan.groups > 1 else ""
            name = f"{group}row {index} · {plan.naming.cell(part.at, plan.shape)}:"
            names.append((name, index, part))
            width = max(width, len(name))
    places = {part.number: (name, index) for name, index, part in names}
    write = show.write
    for part in chosen:
        if isinstance(part, Skipped):
            yield Text(f"  {skipped_text(part.steps, show)}", Role.QUIET)
            continue
        name, index = places[part.number]
        product = products[part.at[1] // per_group]
        if sparse:
            assert product.written is not None
            indices = np.flatnonzero(product.written[index])
            pairs = [(product.right[k, part.at[0]], product.left[index, k]) for k in indices]
        else:
            pairs = list(zip(product.left[index], product.right[:, part.at[1] % per_group], strict=True))
        terms = shortened(pairs, lambda pair: f"{write.factor(pair[0])}×{write.factor(pair[1])}", most=64) or ("0",)
        bias = () if result.bias is None else (f"{write.factor(result.bias[part.at[1]])} (bias)",)
        outcome = write.outcome(result.maps[part.at])
        yield checked_sum((*terms, *bias), " + ", outcome, name.ljust(width + 1), final=False)


def worked_reads(result: Convolution, readings: Readings, show: Show) -> Calculation:
    """Return which outputs read one cell of the input, and with which weight; the weights are the answer."""
    plan, write = result.plan, show.write
    item, channel, row, column = readings.at
    weights = readings.weights if plan.filters > 1 else readings.weights[0]
    answer = weights[0] if plan.naming.one_row and result.input_dimensions == 1 and plan.filters == 1 else weights

    def work() -> Document:
        name = plan.naming.cell(readings.at, result.input.shape, "input")
        outputs = {reading.at for reading in readings.found}
        count = "1 output reads" if len(outputs) == 1 else f"{len(outputs) or 'no'} outputs read"
        mode = "" if plan.border.is_plain else f" · {plan.border.text(show.write)}"
        yield Heading(f"conv · {count} {name} = {write(result.input[readings.at])}{mode}")
        yield Text("")
        title = f"input, channel {channel}" if plan.channels > 1 else f"input {shape_text(result.input.shape[2:])}"
        grid = body_of(result.input[item, channel], title, write, heat=show.heat)
        input_matrix = Matrix(grid, (range(row, row + 1), range(column, column + 1)))
        pictures = sorted({reading.at[0] for reading in readings.found}) or [0]
        for map_ in pictures:
            places = [reading.at[1:] for reading in readings.found if reading.at[0] == map_]
            window = (sorted({r for r, _ in places}), sorted({c for _, c in places})) if places else None
            title = f"weights in map {map_}" if plan.filters > 1 else "weights"
            body = body_of(readings.weights[map_], title, write)
            yield Picture(((input_matrix, "→"),), Matrix(body, window, writes=True, derived=True))
            yield Text("")
        yield Text("Each output reads the cell with the weight above; times the cell, that is its share.", Role.QUIET)
        labels = [plan.naming.cell((0, *reading.at), (1, *plan.shape[1:])) for reading in readings.found]
        width = max(map(len, labels), default=0)
        for label, reading in zip(labels, readings.found, strict=True):
            term = f"{write.factor(reading.cell)}×{write.factor(reading.weight)}"
            kernel = f"kernel{plan.naming.place(*reading.tap)}" + ", flipped" * result.flipped
            yield checked_sum(
                (f"with {kernel}: {term}",), "", write.outcome(reading.product), f"{label.ljust(width)} ", final=False
            )
        if not readings.found:
            yield Text("  No window covers it: the stride leaps over it, or the windows end before it.")
        yield Text("")
        yield answer_of(answer, write, "map", heat=show.heat, naming=result.plan.naming)

    return Calculation(work(), lambda: answer, show.answer_write)
