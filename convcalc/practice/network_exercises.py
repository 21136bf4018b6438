"""Exercises in what networks do besides sliding windows: skip connections, enlarging, attention."""

from random import Random
from typing import TYPE_CHECKING

from convcalc.choices import UpsampleMode
from convcalc.later import Later
from convcalc.practice.topics import cell_or_all, draw_cells, interesting, topic

if TYPE_CHECKING:
    import numpy as np

    from convcalc.engine.exact import Array
    from convcalc.engine.mistakes.making import Candidates
    from convcalc.practice.question import Question
    from convcalc.report.document import Block, Calculation
else:
    np = Later("numpy")


@topic("skip", "Skip connection", "add", "concat", "residual")
def skip_connection(rng: Random, level: int) -> "Question":
    """Ask for a sum of grids, later for channels put behind one another; at last for a number that was added."""
    from convcalc.engine.gathering import add, concat
    from convcalc.practice.turned_round import missing_number
    from convcalc.report.gathered import worked_gathered
    from convcalc.report.selection import Show

    if level >= 5:
        behind = draw_cells(rng, 2, 2, low=-9, high=9)
        grid = draw_cells(rng, 2, 2, low=1, high=9)
        return missing_number(lambda other: worked_gathered(add(other, behind), Show()), grid, "input", rng)
    joins = level == 4

    def work() -> "Calculation":
        shape = (1, 2, 2) if joins else (2, 3)
        one, other = draw_cells(rng, *shape, low=-5), draw_cells(rng, *shape, low=-5)
        return worked_gathered(concat(one, other) if joins else add(one, other), Show())

    added = "Add the cells that lie in the same place."
    task = "Put the channels of the other behind those of the first." if joins else added
    return cell_or_all(interesting(work), rng, level)._replace(task=task)


@topic("upsample", "Enlarging", "unpool", "interpolation", has_size=True)
def enlarged(rng: Random, level: int) -> "Question":
    """Ask for a grid enlarged by repeating its cells, later by mixing them; at last for a cell of the input."""
    from convcalc.engine.gathering import upsample
    from convcalc.practice.turned_round import missing_number
    from convcalc.report.gathered import worked_gathered
    from convcalc.report.selection import Show

    if level >= 5:
        grid = 4 * draw_cells(rng, 1, 2, low=1)
        return missing_number(
            lambda other: worked_gathered(upsample(other, 2, UpsampleMode.BILINEAR), Show()), grid, "input", rng
        )
    mixes = level == 4

    def work() -> "Calculation":
        grid = 4 * draw_cells(rng, 1, 2) if mixes else draw_cells(rng, 1 if level == 3 else 2, 2)
        return worked_gathered(upsample(grid, 2, UpsampleMode.BILINEAR if mixes else UpsampleMode.NEAREST), Show())

    repeat = "Write each cell twice." if level == 3 else "Repeat each cell, so that rows and columns are twice as many."
    mix = "Output cell i lies at (i + 1/2)/2 − 1/2 on the input: mix the cells beside it by how near they are."
    return cell_or_all(interesting(work), rng, level)._replace(task=mix if mixes else repeat)


@topic("attention", "Attention", "transformer")
def attending(rng: Random, level: int) -> "Question":
    """Ask for a number that attention comes to, later for all; at last which key a query attends to most."""
    from convcalc.engine.attention import attention
    from convcalc.practice.turned_round import turned
    from convcalc.report.attention import worked_attention
    from convcalc.report.document import Grids, Heading, Sum, Text
    from convcalc.report.grids import grids_of
    from convcalc.report.numbers import Writer
    from convcalc.report.selection import Show

    queries = 1 if level != 4 else 2

    def grids() -> "tuple[Array, Array, Array]":
        keys = 3 if level >= 5 else 2
        values = np.array([rng.sample(range(1, 9), 2) for _ in range(keys)])
        return draw_cells(rng, queries, 2, low=-2, high=2), draw_cells(rng, keys, 2, low=-2, high=2), values

    def drawn() -> "tuple[Array, Array, Array]":
        while True:
            found = grids()
            scores = found[0] @ found[1].T
            alike = any(len(set(row)) < len(row) for row in scores.tolist())
            if not alike and int(np.abs(scores).max()) <= 4:
                return found

    q, k, v = drawn()
    if level < 5:
        task = "Score each key by its product with the query, over √2; a softmax of the scores weighs the values."
        result = worked_attention(attention(q, k, v), Show())
        return cell_or_all(result, rng, level)._replace(task=task, needs_calculator=True)
    scores = (k @ q[0]).tolist()
    most = int(np.argmax(scores))
    write = Writer()
    matrices = [
        matrix for title, grid in (("query", q), ("keys", k)) for matrix in grids_of(grid, title, write).matrices
    ]

    def working() -> "list[Sum]":
        return [
            Sum(tuple(f"{write.factor(a)}×{write.factor(b)}" for a, b in zip(q[0], key, strict=True)), " + ",
                f"= {score}", f"key {number}: ", final=number == most)
            for number, (key, score) in enumerate(zip(k.tolist(), scores, strict=True))
        ]  # fmt: skip

    def candidates() -> "Candidates":
        yield "the smallest score was taken", lambda: np.array([int(np.argmin(scores))])
        yield "it was counted from 1", lambda: np.array([most + 1])

    text = "Which key does the query attend to most, counted from 0?"
    given: list[Block] = [Heading("attention"), Text(""), Grids(tuple(matrices))]
    hints = ["the larger the product of query and key, the larger the weight"]
    return turned(text, given, [most], working, hints, candidates)


MEANT = ("shift", "edge", "horizontal-edge", "diagonal-edge", "vertical-line", "horizontal-line", "laplacian",
         "sharpen", "box-3", "gaussian-3", "sobel-x", "sobel-y", "emboss")  # fmt: skip
"""Kernels of nine weights that are told apart by what they do."""


@topic("meaning", "What a kernel does", "explain", "kernels")
def kernel_meaning(rng: Random, level: int) -> "Question":
    """Ask what a kernel does, of three that are said; later which of three kernels does what is said."""
    from convcalc.engine.kernels import KERNELS, kernel
    from convcalc.practice.turned_round import turned
    from convcalc.report.document import Grids, Heading, Matrix, Text
    from convcalc.report.grids import grids_of
    from convcalc.report.numbers import Writer

    names = rng.sample(MEANT, 3)
    right = rng.randrange(3)
    drawn = [grids_of(kernel(name), f"kernel {number}:", Writer()).matrices[0] for number, name in enumerate(names, 1)]
    given: list[Block] = [Heading("what a kernel does"), Text("")]
    if level <= 2:
        alone = grids_of(kernel(names[right]), "kernel", Writer()).matrices[0]
        choices = "; ".join(f"{number}: {KERNELS[name].effect}" for number, name in enumerate(names, 1))
        text = f"What does it do to a picture, or bring out: 1, 2 or 3? ({choices})"
        given.append(Grids((alone,)))
    else:
        text = f"Which of the kernels does this: {KERNELS[names[right]].effect}? (1, 2 or 3)"
        given.append(Grids(tuple(Matrix(one.body) for one in drawn)))
    total = Writer()(kernel(names[right]).sum())
    flat = f"the weights add to {total}" + (": where the picture is flat, the output is 0" if total == "0" else "")
    hints = [flat, "lay it on a bright left half beside a dark right one, and on a bright upper half above a dark one"]
    why = f"{names[right]}: {KERNELS[names[right]].effect}; {flat}."
    return turned(text, given, [right + 1], lambda: [Text(why)], hints)


@topic("norm-gradient", "Backward through a normalization", "batch-norm-gradient")
def norm_gradient(rng: Random, level: int) -> "Question":
    """Ask for the gradient of a norm's shift and scale, later of its input."""
    from convcalc.choices import NormGradient
    from convcalc.engine.norms import batch_norm
    from convcalc.practice.turned_round import draw_of_whole_deviation
    from convcalc.report.document import Heading
    from convcalc.report.norms import worked_norm_gradients
    from convcalc.report.selection import Show

    which = rng.choice((NormGradient.BETA, NormGradient.GAMMA)) if level <= 2 else NormGradient.INPUT
    count = 5 if level != 4 else 4

    def work() -> "Calculation":
        cells = draw_of_whole_deviation(rng, count)
        forward = batch_norm(cells, gamma=rng.choice((2, 4)) if level >= 2 else 1, beta=1, eps=0)
        gradients = forward.backward(draw_cells(rng, count, low=-4, high=4))
        worked = worked_norm_gradients(gradients, Show(), which)
        if which is NormGradient.INPUT:
            return worked
        given = worked_norm_gradients(gradients, Show(), NormGradient.INPUT).given
        assert given is not None
        drawn = [block for block in given() if not isinstance(block, Heading)]
        return worked._replace(given=lambda: [Heading("batch-norm"), *drawn])

    tasks = {
        NormGradient.BETA: "Add up the gradient.",
        NormGradient.GAMMA: "Multiply the gradient by the normalized numbers, (x − mean)/deviation, and add up.",
        NormGradient.INPUT: "Take from the gradient its mean, and what lies along the normalized numbers; then γ/σ.",
    }
    the = "the " if which is NormGradient.INPUT else ""
    return cell_or_all(interesting(work), rng, level, f"the gradient of {the}{which}")._replace(task=tasks[which])
