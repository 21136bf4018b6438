"""Exercises in going forward, made up at random by topic and level: the same for a seed."""

from random import Random
from typing import TYPE_CHECKING

from convcalc.choices import Reduction, TransposedReading
from convcalc.engine.geometry import Axis
from convcalc.engine.pooling_kinds import PoolKind
from convcalc.later import Later
from convcalc.quiz.topics import cell_or_all, draw_cells, interesting, topic

if TYPE_CHECKING:
    import numpy as np

    from convcalc.quiz.question import Question
    from convcalc.report.document import Calculation
else:
    np = Later("numpy")

INPUT = 224
"""The input of a chain of windows: large enough for any three pairs of them, which take 159 at most."""


@topic("conv", "convolution")
def convolution(rng: Random, level: int) -> "Question":
    """Ask about a convolution: larger, padded, strided, with a bias and channels as the level rises."""
    from convcalc.engine.convolution import convolve
    from convcalc.report.convolution import Labels, worked_convolution
    from convcalc.report.selection import Show

    def work() -> "Calculation":
        channels = 2 if level >= 5 else 1
        easy, usual = ((4, 2), (3, 2), (4, 3)), ((5, 3), (6, 3), (5, 2))
        size, taps = rng.choice(easy if level == 1 else usual if channels == 1 else ((4, 2), (5, 2)))
        grid = draw_cells(rng, channels, size, size)
        largest = 1 if level < 4 else 2
        kernel = draw_cells(rng, 1, channels, taps, taps, low=-largest, high=largest)
        while np.count_nonzero(kernel) < 2:  # one weight alone copies the input
            kernel = draw_cells(rng, 1, channels, taps, taps, low=-largest, high=largest)
        padding = rng.choice((0, 1)) if level >= 4 else 0
        stride = 2 if padding else rng.choice((1, 2)) if level >= 3 else 1
        bias = [rng.choice((-2, -1, 1, 2))] if level >= 4 else None
        shaped = (grid, kernel) if channels > 1 else (grid[0], kernel[0, 0])
        return worked_convolution(
            convolve(*shaped, stride=stride, padding=padding, bias=bias), Show(), Labels("kernel")
        )

    return cell_or_all(interesting(work), rng, level)


@topic("pool", "pooling")
def pooling(rng: Random, level: int) -> "Question":
    """Ask about a pooling: of maxima and averages, later overlapping and padded."""
    from convcalc.engine.pooling import pool
    from convcalc.report.pooling import worked_pooling
    from convcalc.report.selection import Show

    def work() -> "Calculation":
        kind = rng.choice((PoolKind.MAX, PoolKind.AVG))
        size = 4 if level <= 2 else rng.choice((4, 5)) if level == 3 else rng.choice((5, 6))
        window = 2 if level <= 3 else 3
        stride = window if level <= 2 else rng.choice((1, 2))
        padding = 1 if level >= 5 else 0
        return worked_pooling(
            pool(draw_cells(rng, size, size), kind, window=window, stride=stride, padding=padding), Show()
        )

    return cell_or_all(interesting(work), rng, level)


@topic("size", "sizes")
def size(rng: Random, level: int) -> "Question":
    """Ask for an output size: later with padding, strides that do not divide, and dilation."""
    from convcalc.engine.mistakes.sizes import size_mistakes
    from convcalc.quiz.question import asked
    from convcalc.report.size import Sized, worked_size

    kernel = rng.choice((2, 3, 4, 5, 7))
    stride = 1 if level == 1 else rng.choice((2, 3))
    padding = rng.choice((1, 2)) if level >= 2 else 0
    dilation = 2 if level >= 4 else 1
    least = dilation * (kernel - 1) + 1 + stride - 2 * padding  # for two windows
    axis = Axis(max(rng.randint(8, 30 + 10 * level), least), kernel, stride, padding, padding, dilation)
    parts = [f"an input of {axis.size}", f"a kernel of {kernel}", f"stride {stride}", f"padding {padding}"]
    parts += [f"dilation {dilation}"] if dilation > 1 else []
    text = f"What is the output size of {', '.join(parts)}? (Rounded down, if it does not fit.)"
    letters = "(N + 2P − F)/S + 1, rounded down" if dilation == 1 else "(N + 2P − D(F − 1) − 1)/S + 1, rounded down"
    numbers = f"({axis.size} + 2·{padding} − {axis.extent})/{stride} + 1"
    exercise = worked_size([Sized((axis,), False, None)], None, None)
    return asked(text, [axis.output], exercise, list(size_mistakes(axis)), [letters, numbers])


@topic("params", "parameters")
def parameters(rng: Random, level: int) -> "Question":
    """Ask for a layer's parameters."""
    from convcalc.engine.mistakes.sizes import parameter_mistakes
    from convcalc.engine.sizes import Volume
    from convcalc.quiz.question import asked
    from convcalc.report.document import Sum

    kernel, channels = rng.choice((2, 3, 5)), rng.choice((1, 2, 3, 4) if level <= 2 else (3, 6, 8, 16))
    filters = rng.choice((2, 4, 5, 6, 8, 10) if level <= 2 else (12, 16, 20, 32))
    from convcalc.report.document import Calculation

    volume = Volume(kernel, kernel, channels, filters)
    over = f"{channels} input channel{'s' * (channels > 1)}"
    text = f"How many parameters do {filters} filters of {kernel}×{kernel} over {over} have, with biases?"
    product = f"{filters}×({kernel}×{kernel}×{channels} + 1)"
    exercise = Calculation([Sum((product,), "", f"= {volume.parameters:,}")], lambda: [[volume.parameters]])
    hints = ["filters × (rows × columns × channels + 1)", product]
    return asked(text, [volume.parameters], exercise, list(parameter_mistakes(volume)), hints)


@topic("activation", "relu")
def activation(rng: Random, level: int) -> "Question":
    """Ask about ReLU, and later the others."""
    from convcalc.engine.activations import activate
    from convcalc.report.activations import worked_activation
    from convcalc.report.selection import Show

    kind = "relu" if level <= 2 else rng.choice(("leaky-relu", "sigmoid", "tanh"))
    grid = draw_cells(rng, 2 if level <= 3 else 3, 3, low=-5 if kind != "tanh" else -2, high=5 if kind != "tanh" else 2)
    if len(set(activate(grid, kind).output.ravel().tolist())) == 1:
        grid[0, :2] = -2, 3
    return cell_or_all(worked_activation(activate(grid, kind), Show()), rng, level)


@topic("softmax")
def probabilities(rng: Random, level: int) -> "Question":
    """Ask for a softmax, to two decimals."""
    from convcalc.engine.softmax import softmax
    from convcalc.quiz.question import about
    from convcalc.report.selection import Show
    from convcalc.report.softmax import worked_softmax

    cells = draw_cells(rng, 2 if level <= 2 else 3, low=-2, high=3)
    cells[0] += int(len(set(cells.tolist())) == 1)
    return about(worked_softmax(softmax(cells), Show()), Show())


@topic("linear")
def dense(rng: Random, level: int) -> "Question":
    """Ask about a fully connected layer."""
    from convcalc.engine.dense import linear
    from convcalc.report.dense import worked_linear
    from convcalc.report.selection import Show

    inputs, outputs = (2, 2) if level == 1 else (3, 2) if level <= 3 else (4, 3)
    bias = draw_cells(rng, outputs, low=-2, high=2) if level >= 2 else None
    result = linear(draw_cells(rng, inputs, high=5), draw_cells(rng, outputs, inputs, low=-2, high=2), bias)
    return cell_or_all(worked_linear(result, Show()), rng, level)


@topic("loss")
def losses(rng: Random, level: int) -> "Question":
    """Ask for a loss: squared and absolute errors, later cross-entropy to two decimals."""
    from convcalc.engine.losses import loss
    from convcalc.quiz.question import about
    from convcalc.report.losses import worked_loss
    from convcalc.report.selection import Show

    if level >= 4:
        cells = draw_cells(rng, 3, low=-1, high=3)
        return about(worked_loss(loss(cells, rng.randrange(3), "cross-entropy"), Show()), Show())
    kind = rng.choice(("mse", "mae"))
    cells, target = draw_cells(rng, 3 if level == 1 else 4, high=5), draw_cells(rng, 3 if level == 1 else 4, high=5)
    reduction = Reduction.SUM if level == 1 else Reduction.MEAN
    return about(worked_loss(loss(cells, target, kind, reduction=reduction), Show()), Show())


@topic("transpose", "conv-transpose", "transposed")
def transposed(rng: Random, level: int) -> "Question":
    """Ask about a transposed convolution: later one whose stamps overlap, and whose edges are cut."""
    from convcalc.engine.transposed import conv_transpose
    from convcalc.quiz.question import about
    from convcalc.report.selection import Show
    from convcalc.report.transposed import worked_transposed

    def work() -> "Calculation":
        stride = 2 if level <= 2 else rng.choice((1, 2))
        taps = 2 if level <= 2 else 3
        grid, kernel = draw_cells(rng, 2, 2, low=1), draw_cells(rng, taps, taps, low=-1, high=2)
        result = conv_transpose(grid, kernel, stride=stride, padding=1 if level >= 4 else 0)
        return worked_transposed(result, Show(), "kernel", TransposedReading.SCATTER)

    hint = "each input cell times the whole kernel is laid down at its place times the stride; what overlaps adds up"
    return about(interesting(work), Show())._replace(hints=lambda: [hint])


@topic("flatten")
def flattened(rng: Random, level: int) -> "Question":
    """Ask for the order in which channels, rows and columns are laid out."""
    from convcalc.engine.dense import Flattened
    from convcalc.quiz.question import about
    from convcalc.report.dense import worked_flatten
    from convcalc.report.selection import Show

    grid = draw_cells(rng, *((2, 3) if level <= 2 else (2, 2, 3)))
    question = about(worked_flatten(Flattened(grid, grid.reshape(-1)), Show()), Show())
    return question._replace(hints=lambda: ["row by row, and channel after channel"])


@topic("field", "receptive")
def field(rng: Random, level: int) -> "Question":
    """Ask for the receptive field of windows one after the other."""
    from convcalc.network.chain import follow, links
    from convcalc.quiz.question import asked
    from convcalc.report.chain import worked_chain

    convolutions = ("conv 3", "conv 5", "conv 7", "conv 3 s2")[: 3 if level <= 2 else 4]
    pools = ("pool 2", "pool 3") if level <= 2 else ("pool 2", "pool 3 s2")
    parts = [f"{rng.choice(convolutions)}, {rng.choice(pools)}" for _ in range(2 if level <= 2 else 3)]
    chain = follow(links(", ".join(parts)), (INPUT,))
    windows = ", ".join(linked.link.text for linked in chain)
    text = f"How many cells of the input, along one axis, does one cell of the output see? ({windows})"
    exercise = worked_chain((INPUT,), chain)
    size = int(chain[-1].fields[0].size)
    hints = ["each window adds (F − 1)·jump to the field, and multiplies the jump by its stride"]
    return asked(text, [size], exercise, [], hints)
