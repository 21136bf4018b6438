"""Exercises in going forward, made up at random by topic and level: the same for a seed."""

from random import Random
from typing import TYPE_CHECKING

from convcalc.choices import Reduction, TransposedReading
from convcalc.engine.geometry import Axis
from convcalc.engine.pooling_kinds import PoolKind
from convcalc.later import Later
from convcalc.practice.topics import cell_or_all, draw_cells, interesting, interesting_pair, topic

if TYPE_CHECKING:
    import numpy as np

    from convcalc.engine.exact import Array
    from convcalc.practice.question import Question
    from convcalc.report.document import Calculation
else:
    np = Later("numpy")

INPUT = 224
"""The input of a chain of windows: large enough for any three pairs of them, which take 159 at most."""


KERNELS = {
    2: ("roberts-x", "roberts-y"),
    3: ("edge", "horizontal-edge", "diagonal-edge", "vertical-line", "laplacian", "sharpen", "sobel-x", "sobel-y"),
}
"""Kernels by name that mean something and whose weights are whole, by their size."""


IDEAS: dict[int, tuple[tuple[str, ...], ...]] = {
    1: ((),),
    2: (("stride",), ("bias",)),
    3: (("stride",), ("padding",), ("bias",), ("channels",)),
    4: (("stride", "padding"), ("stride", "bias"), ("padding", "bias"), ("channels", "bias")),
}
"""What makes a convolution harder, by level: one thing, later two that leave few terms in each sum."""


@topic("conv", "Convolution", "convolution", has_size=True)
def convolution(rng: Random, level: int) -> "Question":
    """Ask about a convolution: a cell, then a map with one idea (stride, padding, bias, channels), then with two.

    At last the output is given, and the kernel, or a number of it, is asked for.
    """
    from convcalc.engine.convolution import convolve
    from convcalc.engine.kernels import kernel
    from convcalc.practice.turned_round import missing_number, which_kernel
    from convcalc.report.convolution import Labels, worked_convolution
    from convcalc.report.selection import Show

    def weights(channels: int, taps: int) -> "Array":
        while True:  # one weight alone copies the input
            drawn = draw_cells(rng, 1, channels, taps, taps, low=-1, high=2)
            if np.count_nonzero(drawn) >= 2:
                return drawn

    if level >= 5 and rng.random() < 1 / 3:
        return which_kernel(rng)
    if level >= 5:
        bias = [rng.choice((-2, -1, 1, 2))]
        cells, taken = interesting_pair(lambda: (draw_cells(rng, 3, 3, low=1), weights(1, 2)), convolve)
        return missing_number(
            lambda grid: worked_convolution(convolve(cells, grid[0, 0], bias=bias), Show(), Labels("kernel")),
            taken,
            "kernel",
            rng,
        )
    sizes = {1: ((4, 2), (3, 2), (4, 3)), 2: ((5, 3), (4, 2))}
    ideas = rng.choice(IDEAS[level])

    def work() -> "Calculation":
        channels = 2 if "channels" in ideas else 1
        if "stride" in ideas:
            size, taps = rng.choice(((5, 3), (6, 3), (5, 2), (4, 2)))
        elif "padding" in ideas:
            size, taps = 3, 3
        else:
            size, taps = rng.choice(((3, 2), (4, 3)) if channels > 1 else sizes[min(level, 2)])
        name = rng.choice((*KERNELS[taps], "kernel")) if channels == 1 else "kernel"
        taken = weights(channels, taps) if name == "kernel" else kernel(name)[None, None]
        grid = draw_cells(rng, channels, size, size)
        result = convolve(
            *((grid, taken) if channels > 1 else (grid[0], taken[0, 0])),
            stride=2 if "stride" in ideas else 1,
            padding=int("padding" in ideas),
            bias=[rng.choice((-2, -1, 1, 2))] if "bias" in ideas else None,
        )
        return worked_convolution(result, Show(), Labels(name))

    windows = _moved(2 if "stride" in ideas else 1, with_zeros="padding" in ideas)
    and_bias = ", with the bias" if "bias" in ideas else ""
    task = f"Lay the kernel on each window{windows}, multiply what lies upon each other, and add it all up{and_bias}."
    return cell_or_all(interesting(work), rng, level)._replace(task=task)


def _moved(stride: int, *, with_zeros: bool = False) -> str:
    """Say how windows lie, in brackets.

    >>> _moved(2, with_zeros=True)
    ' (2 cells further each time, a ring of zeros around the input)'
    """
    zeros = ", a ring of zeros around the input" if with_zeros else ""
    return f" ({stride} cell{'s' * (stride > 1)} further each time{zeros})"


@topic("pool", "Pooling", "pooling", has_size=True)
def pooling(rng: Random, level: int) -> "Question":
    """Ask about a pooling: a cell, then a map whose windows overlap or do not fit, then one that is padded too.

    At last the output of an average pooling is given, and a number of the input is asked for.
    """
    from convcalc.engine.pooling import pool
    from convcalc.practice.turned_round import missing_number
    from convcalc.report.pooling import worked_pooling
    from convcalc.report.selection import Show

    if level >= 5:
        cells = draw_cells(rng, 4, 4)
        return missing_number(
            lambda grid: worked_pooling(pool(grid, PoolKind.AVG, window=2, stride=2), Show()), cells, "input", rng
        )
    settings = {
        1: ((4, 2, 2, 0),),
        2: ((4, 2, 1, 0), (5, 3, 2, 0)),
        3: ((4, 2, 1, 0), (5, 3, 1, 0), (5, 2, 2, 0), (4, 3, 1, 0)),
        4: ((4, 3, 2, 1), (5, 3, 2, 1), (3, 3, 1, 1), (4, 2, 2, 1)),
    }

    size, window, stride, padding = rng.choice(settings[level])
    kind = PoolKind.MAX if window == 3 else rng.choice((PoolKind.MAX, PoolKind.AVG))  # not ninths

    def work() -> "Calculation":
        cells = draw_cells(rng, size, size)
        return worked_pooling(pool(cells, kind, window=window, stride=stride, padding=padding), Show())

    task = f"Take the {'largest number' if kind is PoolKind.MAX else 'mean'} of each window{_moved(stride)}."
    return cell_or_all(interesting(work), rng, level)._replace(task=task)


@topic("size", "Output size", "sizes")
def size(rng: Random, level: int) -> "Question":
    """Ask for an output size: later with padding, strides that do not divide, and dilation."""
    from convcalc.engine.mistakes.sizes import size_mistakes
    from convcalc.practice.question import asked
    from convcalc.practice.turned_round import padding_or_input
    from convcalc.report.size import Sized, worked_size

    if level >= 5:
        return padding_or_input(rng)
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


@topic("params", "Parameters", "parameters")
def parameters(rng: Random, level: int) -> "Question":
    """Ask for a layer's parameters."""
    from convcalc.engine.mistakes.sizes import parameter_mistakes
    from convcalc.engine.sizes import Volume
    from convcalc.practice.question import asked
    from convcalc.practice.turned_round import filters_of_parameters
    from convcalc.report.document import Calculation, Sum

    if level >= 5:
        return filters_of_parameters(rng)
    kernel, channels = rng.choice((2, 3, 5)), rng.choice((1, 2, 3, 4) if level <= 2 else (3, 6, 8, 16))
    filters = rng.choice((2, 4, 5, 6, 8, 10) if level <= 2 else (12, 16, 20, 32))
    volume = Volume(kernel, kernel, channels, filters)
    over = f"{channels} input channel{'s' * (channels > 1)}"
    text = f"How many parameters do {filters} filters of {kernel}×{kernel} over {over} have, with biases?"
    product = f"{filters}×({kernel}×{kernel}×{channels} + 1)"
    exercise = Calculation([Sum((product,), "", f"= {volume.parameters:,}")], lambda: [[volume.parameters]])
    hints = ["filters × (rows × columns × channels + 1)", product]
    return asked(text, [volume.parameters], exercise, list(parameter_mistakes(volume)), hints)


@topic("activation", "Activation", "relu")
def activation(rng: Random, level: int) -> "Question":
    """Ask about ReLU, and later the others."""
    from convcalc.engine.activations import activate
    from convcalc.practice.turned_round import input_of_leaky_relu
    from convcalc.report.activations import worked_activation
    from convcalc.report.selection import Show

    if level >= 5:
        return input_of_leaky_relu(rng)
    kinds = {1: ("relu",), 2: ("relu", "relu6"), 3: ("relu", "leaky-relu", "relu6"), 4: ("sigmoid", "tanh")}
    kind = rng.choice(kinds[level])
    far = {"relu6": 9, "tanh": 2}.get(kind, 5)

    def work() -> "Calculation":
        grid = draw_cells(rng, 1 if level == 4 else 2, 3, low=-far, high=far)
        while not (grid < 0).any() or not (grid > 0).any():
            grid = draw_cells(rng, *grid.shape, low=-far, high=far)
        return worked_activation(activate(grid, kind), Show())

    task = "Put each number into the formula."
    return cell_or_all(interesting(work), rng, level, zero_too=True)._replace(task=task)


@topic("softmax", "Softmax")
def probabilities(rng: Random, level: int) -> "Question":
    """Ask for a softmax, to two decimals."""
    from convcalc.engine.softmax import softmax
    from convcalc.practice.turned_round import missing_logit
    from convcalc.report.selection import Show
    from convcalc.report.softmax import worked_softmax

    if level >= 5:
        return missing_logit(rng)
    cells = np.array(rng.sample(range(-2, 4), 2 if level == 1 else 4 if level == 4 else 3))
    task = "Make probabilities of the numbers: e to the power of each, divided by the sum of them all."
    return cell_or_all(worked_softmax(softmax(cells), Show()), rng, level)._replace(task=task)


@topic("linear", "Fully connected layer")
def dense(rng: Random, level: int) -> "Question":
    """Ask about a fully connected layer."""
    from convcalc.engine.dense import linear
    from convcalc.practice.turned_round import missing_number
    from convcalc.report.dense import worked_linear
    from convcalc.report.selection import Show

    inputs, outputs = (2, 2) if level == 1 else (3, 2) if level != 4 else (4, 3)
    bias = draw_cells(rng, outputs, low=-2, high=2) if level >= 2 else None

    def draw() -> "tuple[Array, Array]":
        return draw_cells(rng, inputs, low=int(level >= 5), high=5), draw_cells(rng, outputs, inputs, low=-2, high=3)

    x, weights = interesting_pair(draw, lambda x, weights: linear(x, weights, bias))
    if level >= 5:
        return missing_number(lambda grid: worked_linear(linear(x, grid, bias), Show()), weights, "weights", rng)
    task = f"Multiply each row of weights by the input, and add it up{', with the bias' if level >= 2 else ''}."
    return cell_or_all(worked_linear(linear(x, weights, bias), Show()), rng, level)._replace(task=task)


@topic("loss", "Loss")
def losses(rng: Random, level: int) -> "Question":
    """Ask for a loss: squared and absolute errors, later cross-entropy to two decimals."""
    from convcalc.engine.losses import loss
    from convcalc.practice.question import about
    from convcalc.practice.turned_round import class_of_loss
    from convcalc.report.losses import worked_loss
    from convcalc.report.selection import Show

    if level >= 5:
        return class_of_loss(rng)
    if level == 4:
        cells = np.array(rng.sample(range(-1, 4), 3))
        task = "Make probabilities p of the logits by a softmax, and put the target's into the formula."
        return about(worked_loss(loss(cells, rng.randrange(3), "cross-entropy"), Show()), Show())._replace(task=task)
    kind = rng.choice(("mse", "mae"))
    reduction, count = (Reduction.SUM if level == 1 else Reduction.MEAN), 3 if level <= 2 else 4

    def work() -> "Calculation":
        cells, target = draw_cells(rng, count, high=5), draw_cells(rng, count, high=5)
        return worked_loss(loss(cells, target, kind, reduction=reduction), Show())

    return about(interesting(work), Show())._replace(task="Put each pair of numbers into the formula.")


@topic("transpose", "Transposed convolution", "conv-transpose", "transposed", has_size=True)
def transposed(rng: Random, level: int) -> "Question":
    """Ask about a transposed convolution: later one whose stamps overlap, and whose edges are cut."""
    from convcalc.engine.transposed import conv_transpose
    from convcalc.practice.turned_round import missing_number
    from convcalc.report.selection import Show
    from convcalc.report.transposed import worked_transposed

    stride, padding, taps = {1: (2, 0, 2), 2: (1, 0, 2), 3: (1, 0, 2), 4: (2, 1, 3), 5: (1, 0, 2)}[level]

    def worked(grid: "Array", kernel: "Array") -> "Calculation":
        result = conv_transpose(grid, kernel, stride=stride, padding=padding)
        return worked_transposed(result, Show(), "kernel", TransposedReading.SCATTER)

    grid, kernel = interesting_pair(
        lambda: (draw_cells(rng, 2, 2, low=1), draw_cells(rng, taps, taps, low=-1, high=2)),
        lambda grid, kernel: conv_transpose(grid, kernel, stride=stride, padding=padding),
    )
    if level >= 5:
        return missing_number(lambda other: worked(grid, other), kernel, "kernel", rng)
    hint = "each input cell times the whole kernel is laid down at its place times the stride; what overlaps adds up"
    task = "Lay the whole kernel, times each input number, down at its place times the stride; add what overlaps"
    task += f", and cut off {padding} at each edge." if padding else "."
    return cell_or_all(worked(grid, kernel), rng, level)._replace(hints=lambda: [hint], task=task)


@topic("flatten", "Flattening")
def flattened(rng: Random, level: int) -> "Question":
    """Ask for the order in which channels, rows and columns are laid out."""
    from convcalc.engine.dense import Flattened
    from convcalc.practice.turned_round import place_in_volume
    from convcalc.report.dense import worked_flatten
    from convcalc.report.selection import Show

    if level >= 5:
        return place_in_volume(rng)

    def work() -> "Calculation":
        grid = draw_cells(rng, *((3, 3) if level == 1 else (2, 2, 3) if level == 2 else (2, 2, 2)))
        return worked_flatten(Flattened(grid, grid.reshape(-1)), Show())

    question = cell_or_all(interesting(work), rng, level, "the flattened output")
    task = "Write the numbers in one row, row by row, and channel after channel."
    return question._replace(hints=lambda: ["row by row, and channel after channel"], task=task)


@topic("field", "Receptive field", "receptive")
def field(rng: Random, level: int) -> "Question":
    """Ask for the receptive field of windows one after the other."""
    from convcalc.engine.mistakes.sizes import field_mistakes
    from convcalc.network.chain import follow, links
    from convcalc.practice.question import asked
    from convcalc.practice.turned_round import kernel_of_field
    from convcalc.report.chain import worked_chain

    if level >= 5:
        return kernel_of_field(rng)
    convolutions = ("conv 3", "conv 5", "conv 7", "conv 3 s2")[: 3 if level <= 2 else 4]
    pools = ("pool 2", "pool 3", "pool 4") if level <= 2 else ("pool 2", "pool 3 s2")
    count = 1 if level == 1 else 2 if level <= 3 else 3
    parts = [f"{rng.choice(convolutions)}, {rng.choice(pools)}" for _ in range(count)]
    chain = follow(links(", ".join(parts)), (INPUT,))
    windows = ", ".join(linked.link.text for linked in chain)
    text = f"How many cells of the input, along one axis, does one cell of the output see? ({windows})"
    exercise = worked_chain((INPUT,), chain)
    size = int(chain[-1].fields[0].size)
    hints = ["each window adds (F − 1)·jump to the field, and multiplies the jump by its stride"]
    mistakes = list(field_mistakes([(linked.axes[0].extent, linked.axes[0].stride) for linked in chain]))
    return asked(text, [size], exercise, mistakes, hints)


@topic("norm", "Normalization", "layer-norm", "batch-norm", "normalization")
def normalized(rng: Random, level: int) -> "Question":
    """Ask about a normalisation whose mean and deviation are whole: later scaled and shifted, and of two channels.

    At last the scale and the shift are asked for.
    """
    from convcalc.engine.norms import batch_norm, layer_norm
    from convcalc.practice.turned_round import draw_of_whole_deviation, scale_and_shift
    from convcalc.report.norms import worked_norm
    from convcalc.report.selection import Show

    def with_variance(question: "Question") -> "Question":
        return question._replace(text=f"{question.text} (σ² is the mean of the squared differences to μ.)")

    if level >= 5:
        return with_variance(scale_and_shift(rng))
    if level == 4:
        grid = np.array([draw_of_whole_deviation(rng, 4).reshape(2, 2) for _ in range(2)])
        # a scale as large as the deviation would hide which of the two was forgotten
        scale, shift = np.array([rng.choice((-3, 6)) for _ in range(2)]), draw_cells(rng, 2, low=-2, high=2)
        result = batch_norm(grid, gamma=scale, beta=shift, eps=0)
        return with_variance(cell_or_all(worked_norm(result, Show()), rng, level))
    cells = draw_of_whole_deviation(rng, 5)
    scaled = {"gamma": rng.choice((-2, 4)), "beta": rng.choice((-1, 1, 2))} if level > 1 else {}
    result = layer_norm(cells, **scaled, eps=0)
    return with_variance(cell_or_all(worked_norm(result, Show()), rng, level))
