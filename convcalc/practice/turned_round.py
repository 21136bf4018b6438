"""Exercises turned round: the answer is given, and something that made it is asked for."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from random import Random

import numpy as np

from convcalc.engine.convolution import convolve
from convcalc.engine.exact import Array, exact
from convcalc.engine.grids import as_grid
from convcalc.engine.kernels import kernel
from convcalc.engine.losses import loss
from convcalc.engine.mistakes.making import Candidates, made
from convcalc.engine.naming import shape_text
from convcalc.engine.norms import layer_norm
from convcalc.engine.softmax import softmax
from convcalc.practice.marking import core
from convcalc.practice.question import Question
from convcalc.practice.topics import draw_cells
from convcalc.report.convolution import Labels, worked_convolution
from convcalc.report.document import Block, Calculation, Document, Grids, Heading, Matrix, Sum, Text, flowing
from convcalc.report.grids import grids_of
from convcalc.report.losses import worked_loss
from convcalc.report.numbers import Writer
from convcalc.report.selection import Show

KERNELS_TO_TELL_APART = ("edge", "horizontal-edge", "laplacian", "sharpen", "vertical-line", "shift", "identity")
SLOPE = Fraction(1, 10)
DIGITS = 4
DIFFERENCES = {4: ((5, -3, -1, -1), (3, 3, -3, -3)), 5: ((3, 1, 0, -1, -3), (4, -1, -1, -1, -1))}
"""Differences to a mean, of four numbers and of five: their squares make 36 and 20, so their deviation is 3 and 2."""


def turned(
    text: str,
    given: Sequence[Block],
    answer: Sequence[object],
    working: Callable[[], Document],
    hints: Sequence[str],
    candidates: Callable[[], Candidates] = lambda: iter(()),
) -> Question:
    """Return a question about what made an answer; `candidates` are the mistakes, and what each leads to."""
    right = as_grid(np.array(answer, dtype=object))
    return Question(text, lambda: given, right, None, working, lambda: hints, lambda: made(candidates(), right))


def missing_number(rework: Callable[[Array], Calculation], grid: Array, title: str, rng: Random) -> Question:
    """Ask for one number of a grid, given the output: each cell of the output is a straight line in it.

    `rework` works the operation with another grid in its place; `title` is how the titles of its matrices begin.
    """
    worked = rework(grid)
    right = as_grid(worked.answer())
    places = [place for place in np.ndindex(grid.shape) if grid[place]]
    rng.shuffle(places)
    for at in places:
        more = grid.copy()
        more[at] += 1
        counted = as_grid(rework(more).answer()) - right
        reached = [place for place in np.ndindex(right.shape) if counted[place]]
        if reached:
            break
    cell = min(reached, key=lambda place: abs(counted[place]))
    times, result, value = (exact(number) for number in (counted[cell], right[cell], grid[at]))
    rest = result - times * value
    write = Writer()
    index = ",".join(map(str, cell[len(cell) - len(core(right)) :]))
    name = f"output[{index}]" if right.size > 1 else "the output"
    assert worked.given is not None
    blank = int(np.ravel_multi_index(at, grid.shape))

    def working() -> Document:
        yield Sum(
            (write.factor(rest), f"{write.factor(times)}×?"), " + ", f"= {write(result)}", f"{name}: ", final=False
        )
        above = f"({write(result)} − {write.factor(rest)})"
        yield Sum((above,), "", f"= {write(value)}", "? = ", closing=f"/{write.factor(times)}")

    def candidates() -> Candidates:
        yield "the other terms were not subtracted", lambda: np.array([result / times], dtype=object)
        yield f"it was not divided by {write(times)}", lambda: np.array([result - rest], dtype=object)
        yield "every sign was reversed", lambda: np.array([-value], dtype=object)

    output = grids_of(right, "output", write)
    given = [*_blanked(worked.given(), title, blank), Text(""), output]
    hints = [f"the missing number is one of those that make {name}", f"the other terms of {name} make {write(rest)}"]
    return turned(f"One number of the {title} is missing (?). What is it?", given, [value], working, hints, candidates)


def _blanked(blocks: Document, title: str, blank: int) -> list[Block]:
    """Return what is given, with a question mark for the number of the matrices with that title."""
    done: list[Block] = []
    for block in blocks:
        if not isinstance(block, Grids):
            done.append(block)
            continue
        matrices: list[Matrix] = []
        for matrix in block.matrices:
            body = matrix.body
            cells = body.rows * body.columns if body.title.startswith(title) else 0
            if 0 <= blank < cells:
                hidden, text = divmod(blank, body.columns), body.text
                shown = replace(body, text=lambda *at, hidden=hidden, text=text: "?" if at == hidden else text(*at))
                matrix = matrix._replace(body=replace(shown, value=None))
            blank -= cells
            matrices.append(matrix)
        done.append(Grids(tuple(matrices)))
    return done


def which_kernel(rng: Random) -> Question:
    """Ask which of three kernels made a map."""
    while True:
        cells = draw_cells(rng, 4, 4)
        kernels = [kernel(name) for name in rng.sample(KERNELS_TO_TELL_APART, 3)]
        made_by = rng.randrange(3)
        outputs = [convolve(cells, weights) for weights in kernels]
        if len({str(result.output.tolist()) for result in outputs}) == len(kernels):
            break
    write = Writer()
    choices = [
        matrix for n, weights in enumerate(kernels, 1) for matrix in grids_of(weights, f"kernel {n}:", write).matrices
    ]
    right = outputs[made_by]
    given: list[Block] = [
        Heading("a map, and three kernels"),
        Text(""),
        Grids((*grids_of(cells, "input", write).matrices, *grids_of(right.output, "output", write).matrices)),
        Text(""),
        Grids(tuple(choices)),
    ]

    def working() -> Document:
        shown = worked_convolution(right, Show(at=(0, 0)), Labels(f"kernel {made_by + 1}"))
        return (block for block in flowing(shown.work) if isinstance(block, Sum))

    hints = ["work one cell of the map with each kernel", "edges are 0 where the picture is flat along them"]
    return turned("Which kernel made the output: 1, 2 or 3?", given, [made_by + 1], working, hints)


def padding_or_input(rng: Random) -> Question:
    """Ask for the padding that keeps a size, or the smallest input that makes one."""
    if rng.random() < 1 / 2:
        taps, dilation = rng.choice((3, 5, 7, 9)), rng.choice((1, 2, 3))
        padding = dilation * (taps - 1) // 2
        text = f"Which padding on each side keeps the size: kernel {taps}, stride 1, dilation {dilation}?"
        working = [Sum((f"{dilation}·({taps} − 1)",), "", f"= {padding}", "D·(F − 1)/2 = ", closing="/2")]

        def candidates() -> Candidates:
            yield "both sides were added", lambda: np.array([2 * padding])
            yield "the dilation was forgotten", lambda: np.array([(taps - 1) // 2])

        hints = ["the output is as large as the input where 2P = D·(F − 1)"]
        return turned(text, (), [padding], lambda: working, hints, candidates)
    output, taps = rng.randint(5, 20), rng.choice((2, 3, 4, 5, 7))
    stride, padding = rng.choice((2, 3)), rng.choice((0, 1, 2))
    size = (output - 1) * stride + taps - 2 * padding
    text = (
        f"What is the smallest input whose output size is {output}: kernel {taps}, stride {stride}, padding {padding}?"
    )
    numbers = f"({output} − 1)·{stride} + {taps} − 2·{padding}"
    working = [Sum((numbers,), "", f"= {size}", "(O − 1)·S + F − 2P = ")]

    def others() -> Candidates:
        yield "the 1 was not taken off", lambda: np.array([output * stride + taps - 2 * padding])
        yield "the padding was added", lambda: np.array([(output - 1) * stride + taps + 2 * padding])
        yield "the padding was counted on one side only", lambda: np.array([size + padding])

    hints = ["the last window begins at (O − 1)·S, and is F cells long"]
    return turned(text, (), [size], lambda: working, hints, others)


def filters_of_parameters(rng: Random) -> Question:
    """Ask how many filters a layer has, by its parameters."""
    taps, channels, filters = rng.choice((1, 3, 5)), rng.choice((3, 6, 8, 16)), rng.choice((8, 12, 16, 20, 32))
    weights = taps * taps * channels
    total = filters * (weights + 1)
    text = f"Filters of {taps}×{taps} over {channels} input channels have {total:,} parameters, with biases."
    working = [Sum((f"{total:,}",), "", f"= {filters}", "F = ", closing=f"/({taps}×{taps}×{channels} + 1)")]

    def candidates() -> Candidates:
        yield "the biases were forgotten", lambda: np.array([Fraction(total, weights)], dtype=object)
        yield "the channels were forgotten", lambda: np.array([Fraction(total, taps * taps + 1)], dtype=object)

    hints = ["each filter has rows × columns × channels weights, and a bias"]
    return turned(f"{text} How many filters are there?", (), [filters], lambda: working, hints, candidates)


def input_of_leaky_relu(rng: Random) -> Question:
    """Ask for the input of a leaky ReLU, given its output."""
    while True:
        cells = draw_cells(rng, 2, 3, low=-5, high=5)
        if (cells < 0).sum() >= 2 and (cells > 0).any():
            break
    write = Writer()
    output = np.array([[x if x > 0 else x * SLOPE for x in row] for row in cells.tolist()], dtype=object)
    heading = Heading(f"leaky ReLU, slope {write(SLOPE)}", ("f(x) = x where x > 0, else x/10",))
    working = [Text("What is negative is multiplied by 10; the rest is as it was.")]

    def candidates() -> Candidates:
        yield "what is negative was left as it is", lambda: output
        yield "the slope was applied again", lambda: np.where(cells < 0, output * SLOPE, output)
        yield "what is positive was multiplied too", lambda: output * 10

    given: list[Block] = [heading, Text(""), grids_of(as_grid(output), "output", write)]
    return turned("Which input made the output?", given, cells.tolist(), lambda: working, [working[0].text], candidates)


def missing_logit(rng: Random) -> Question:
    """Ask for a logit, given the others and all the probabilities."""
    logits = np.array(rng.sample(range(-2, 4), 3))
    hidden = rng.randrange(3)
    other = (hidden + 1) % 3
    value, known = int(logits[hidden]), int(logits[other])
    p = [f"{probability:.{DIGITS}f}" for probability in softmax(logits).output.tolist()]
    shown = ", ".join("?" if index == hidden else str(logit) for index, logit in enumerate(logits.tolist()))
    text = f"The softmax of ({shown}) is ({', '.join(p)}). Which whole number is missing?"
    terms = (f"ln({p[hidden]}/{p[other]})", str(known) if known >= 0 else f"({known})")
    working = [Sum(terms, " + ", f"= {value}", "? = ")]

    def candidates() -> Candidates:
        yield "the ratio was turned round", lambda: np.array([2 * known - value])
        yield "the other logit was not added", lambda: np.array([value - known])

    hints = ["the ratio of two probabilities is e to the difference of their logits"]
    return turned(text, (), [value], lambda: working, hints, candidates)._replace(needs_calculator=True)


def class_of_loss(rng: Random) -> Question:
    """Ask which class was the target, given the logits and the loss."""
    logits, target = np.array(rng.sample(range(-1, 4), 3)), rng.randrange(3)
    result = loss(logits, target, "cross-entropy")
    value = float(np.asarray(result.output).ravel()[0])
    given: list[Block] = [Heading("cross-entropy of logits"), Text(""), grids_of(logits, "logits", Writer())]
    text = f"The loss is {value:.2f}. Which class was the target, counted from 0?"

    def candidates() -> Candidates:
        yield "the classes were counted from 1", lambda: np.array([target + 1])

    hints = ["the loss is −ln of the target's probability"]
    question = turned(text, given, [target], lambda: worked_loss(result, Show()).work, hints, candidates)
    return question._replace(needs_calculator=True)


def place_in_volume(rng: Random) -> Question:
    """Ask which cell of a volume stands at a place of what is flattened."""
    shape = (rng.choice((2, 3)), rng.choice((2, 3, 4)), rng.choice((3, 4, 5)))
    size = shape[0] * shape[1] * shape[2]
    place = rng.randrange(1, size)
    channel, row, column = (int(index) for index in np.unravel_index(place, shape))
    text = (
        f"A volume of {shape_text(shape)} (channels, rows, columns) is flattened. Which channel, row and column stand "
        f"at place {place}, all counted from 0?"
    )
    plane = shape[1] * shape[2]
    working = [
        Sum((f"{plane}·{channel}", f"{shape[2]}·{row}", str(column)), " + ", f"= {place}", "channel, row, column: ")
    ]

    def candidates() -> Candidates:
        last = (place // (shape[0] * shape[2]), place // shape[0] % shape[2], place % shape[0])
        yield "the channels were laid out last", lambda: np.array([last[2], last[0], last[1]])
        yield "row and column changed places", lambda: np.array([channel, column, row])

    hints = [f"each channel takes {plane} places, and each row {shape[2]}"]
    return turned(text, (), [channel, row, column], lambda: working, hints, candidates)


def kernel_of_field(rng: Random) -> Question:
    """Ask for the last kernel of a chain, given the receptive field."""
    first, pool, last = rng.choice((3, 5, 7)), rng.choice((2, 3)), rng.choice((2, 3, 4, 5, 6, 7))
    before = first + pool - 1
    field = before + (last - 1) * pool
    text = (
        f"After conv {first}, pool {pool} and conv ?, a cell of the output sees {field} cells of the input along one "
        "axis. How large is the last kernel?"
    )
    working = [
        Sum((str(first), f"({pool} − 1)"), " + ", f"= {before}", "field after the pool: ", final=False),
        Sum((f"({field} − {before})",), "", f"= {last}", "? = ", closing=f"/{pool} + 1"),
    ]

    def candidates() -> Candidates:
        yield "the 1 was not added at the end", lambda: np.array([last - 1])
        yield "the jump was forgotten", lambda: np.array([field - before + 1])

    hints = [f"after the pool the field is {before}, and a step is {pool} cells of the input"]
    return turned(text, (), [last], lambda: working, hints, candidates)


def scale_and_shift(rng: Random) -> Question:
    """Ask which scale and shift followed a normalisation, given its input and its output."""
    cells = draw_of_whole_deviation(rng, 5)
    gamma, beta = rng.choice((-2, 2, 4)), rng.choice((-2, -1, 1, 2))
    plain = layer_norm(cells, eps=0).output
    output = layer_norm(cells, gamma=gamma, beta=beta, eps=0).output
    low, high = int(plain.argmin()), int(plain.argmax())
    write = Writer()
    heading = Heading("layer-norm, then times γ and plus β · eps 0")
    drawn = (*grids_of(cells, "input", write).matrices, *grids_of(output, "output", write).matrices)
    given: list[Block] = [heading, Text(""), Grids(drawn)]

    def working() -> Document:
        yield Text(f"normalized: {'  '.join(write(cell) for cell in plain.tolist())}")
        above, below = (f"({write(grid[high])} − {write.factor(grid[low])})" for grid in (output, plain))
        yield Sum((above,), "", f"= {gamma}", "γ = ", closing=f"/{below}", final=False)
        yield Sum((write(output[high]), f"{write.factor(gamma)}×{write(plain[high])}"), " − ", f"= {beta}", "β = ")

    def candidates() -> Candidates:
        yield "γ and β changed places", lambda: np.array([beta, gamma])
        yield "the input was not normalized", lambda: _line(cells, output, low, high)

    hints = ["normalize the input first", "two cells give γ, their difference; one of them gives β then"]
    return turned("Which γ and β made the output?", given, [gamma, beta], working, hints, candidates)


def _line(x: Array, y: Array, low: int, high: int) -> Array:
    """Return the slope and the height of the line through two cells."""
    slope = Fraction(exact(y[high]) - exact(y[low])) / Fraction(exact(x[high]) - exact(x[low]))
    return np.array([slope, exact(y[low]) - slope * exact(x[low])], dtype=object)


def draw_of_whole_deviation(rng: Random, count: int) -> Array:
    """Return four or five small numbers, none negative, whose mean is whole, and their deviation too: 3 or 2."""
    differences = list(rng.choice(DIFFERENCES[count]))
    rng.shuffle(differences)
    sign = rng.choice((-1, 1))
    least = min(sign * difference for difference in differences)
    mean = rng.randint(-least, 4 - least)
    return np.array([mean + sign * difference for difference in differences])


def rate_of_step(old: Array, gradient: Array, new: Array, rate: Fraction, given: Sequence[Block]) -> Question:
    """Ask for the rate of a step of descent, given the weights before and after it."""
    at = next(tuple(place) for place in np.argwhere(gradient))
    write = Writer()
    moved = f"({write(old[at])} − {write.factor(new[at])})"
    working = [Sum((moved,), "", f"= {write(rate)}", "rate = ", closing=f"/{write.factor(gradient[at])}")]

    def candidates() -> Candidates:
        yield "every sign was reversed", lambda: np.array([-rate], dtype=object)
        yield "the quotient was turned round", lambda: np.array([1 / rate], dtype=object)

    hints = ["old − new is the rate times the gradient"]
    return turned("What is the rate?", given, [rate], lambda: working, hints, candidates)
