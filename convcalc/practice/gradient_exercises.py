"""Exercises in going backward: gradients of each layer, of a small network, and a step of descent."""

from fractions import Fraction
from random import Random
from typing import TYPE_CHECKING, Any

from convcalc.choices import Gradient, LinearGradient, Reduction
from convcalc.engine.pooling_kinds import PoolKind
from convcalc.later import Later
from convcalc.practice.topics import cell_or_all, draw_cells, interesting, interesting_pair, topic

if TYPE_CHECKING:
    import numpy as np

    from convcalc.engine.exact import Array
    from convcalc.engine.mistakes.making import Candidates
    from convcalc.practice.question import Question
    from convcalc.report.document import Block, Calculation
else:
    np = Later("numpy")

LARGEST = 100
"""What no gradient of a network reaches, so that it can be worked with a pencil."""
RATES = (Fraction(1, 2), Fraction(1, 10), Fraction(1, 5))


@topic("gradient", "Backward through a pooling", "backward")
def gradient(rng: Random, level: int) -> "Question":
    """Ask where a pooling's gradient goes: to one cell, to all of them, and from windows that overlap."""
    from convcalc.engine.pooling import pool
    from convcalc.engine.routing import backward
    from convcalc.report.routing import worked_routing
    from convcalc.report.selection import Show

    kind = PoolKind.MAX if level <= 2 else rng.choice((PoolKind.MAX, PoolKind.AVG))
    rows, columns, stride = (4, 4, 2) if level <= 2 else (2, 4, 2) if level == 3 else (3, 3, 1)

    def work() -> "Calculation":
        cells = np.array(rng.sample(range(1, 17), rows * columns)).reshape(rows, columns)
        forward = pool(cells, kind, window=2, stride=stride)
        behind = draw_cells(rng, *forward.output.shape, low=1) * (4 if kind is PoolKind.AVG else 1)
        return worked_routing(backward(forward, behind), Show())

    drawn = interesting(work, mostly_zeros=kind is PoolKind.MAX)
    to_one = "Each number of the gradient goes to the largest number of its window, every other gets 0"
    to_all = "Each number of the gradient is shared out equally over its window"
    task = f"{to_one if kind is PoolKind.MAX else to_all}; what meets in a cell is added up."
    return cell_or_all(drawn, rng, level, "the gradient of the input", zero_too=True)._replace(task=task)


@topic("conv-gradient", "Backward through a convolution", "kernel-gradient", "input-gradient")
def convolution_gradient(rng: Random, level: int) -> "Question":
    """Ask for the gradient of a kernel, later of an input, and of what is padded or strided."""
    from convcalc.engine.convolution import convolve
    from convcalc.engine.gradients import backward
    from convcalc.report.convolution import Labels
    from convcalc.report.gradients import worked_gradients
    from convcalc.report.selection import Show

    which = Gradient.KERNEL if level in (1, 2, 4) else rng.choice((Gradient.KERNEL, Gradient.INPUT))

    def work() -> "Calculation":
        stride, padding = (2 if level == 4 else 1), int(level >= 5)
        grid, kernel = (
            draw_cells(rng, *((4, 4) if stride == 2 else (3, 3)), high=5),
            draw_cells(rng, 2, 2, low=-2, high=2),
        )
        while np.count_nonzero(kernel) < 3:
            kernel = draw_cells(rng, 2, 2, low=-2, high=2)
        forward = convolve(grid, kernel, stride=stride, padding=padding)
        gradients = backward(forward, draw_cells(rng, *forward.output.shape, low=-1, high=2))
        return worked_gradients(gradients, Show(), which, Labels())

    one, other = ("weight", "input") if which is Gradient.KERNEL else ("input", "weight")
    task = f"For each {one}: multiply every {other} that it met by the gradient of the output there, and add it up."
    return cell_or_all(interesting(work), rng, level, f"the gradient of the {which}")._replace(task=task)


@topic("relu-gradient", "Backward through an activation", "activation-gradient")
def activation_gradient(rng: Random, level: int) -> "Question":
    """Ask for the gradient of a ReLU, later of a sigmoid, to two decimals."""
    from convcalc.engine.activations import activate
    from convcalc.report.activations import worked_activation_gradient
    from convcalc.report.selection import Show

    kind = "relu" if level <= 3 else rng.choice(("sigmoid", "tanh"))
    rows = 2 if kind == "relu" else 1
    far = 5 if kind == "relu" else 2

    def work() -> "Calculation":
        grid = draw_cells(rng, rows, 3, low=-far, high=far)
        while not (grid < 0).any() or not (grid > 0).any():
            grid = draw_cells(rng, rows, 3, low=-far, high=far)
        forward = activate(grid, kind)
        return worked_activation_gradient(forward.backward(draw_cells(rng, rows, 3, low=-3, high=4)), Show())

    task = "Multiply each number of the gradient by the derivative f'(x) at its input."
    asked = cell_or_all(interesting(work), rng, level, "the gradient of the input", zero_too=True)
    return asked._replace(task=task)


@topic("loss-gradient", "Gradient of a loss", "softmax-gradient")
def loss_gradient(rng: Random, level: int) -> "Question":
    """Ask for the gradient of squared errors, later of cross-entropy with its softmax, to two decimals."""
    from convcalc.engine.losses import loss
    from convcalc.report.losses import worked_loss_gradient
    from convcalc.report.selection import Show

    def squares() -> "Calculation":
        count = 2 if level == 1 else 4
        cells, target = draw_cells(rng, count, high=5), draw_cells(rng, count, high=5)
        reduction = Reduction.SUM if level == 1 else Reduction.MEAN
        return worked_loss_gradient(loss(cells, target, "mse", reduction=reduction).backward(), Show())

    def classes() -> "Calculation":
        items = 1 if level == 3 else 2
        logits = np.array([rng.sample(range(-2, 4), 3) for _ in range(items)])
        targets = [rng.randrange(3) for _ in range(items)]
        return worked_loss_gradient(loss(logits, targets, "cross-entropy").backward(), Show())

    task = "Put each number of the input, and of the target, into the derivative of the loss."
    drawn = interesting(squares if level <= 2 else classes)
    return cell_or_all(drawn, rng, level, "the gradient of the input")._replace(task=task)


@topic("linear-gradient", "Backward through a fully connected layer")
def linear_gradient(rng: Random, level: int) -> "Question":
    """Ask for a gradient of a fully connected layer: of its weights, its input, later of several items."""
    from convcalc.engine.dense import linear
    from convcalc.report.dense_gradients import worked_linear_gradients
    from convcalc.report.selection import Show

    which = LinearGradient.WEIGHTS if level == 1 else rng.choice((LinearGradient.WEIGHTS, LinearGradient.INPUT))
    inputs, outputs, items = (2, 2, 1) if level <= 2 else (3, 2, 1) if level <= 3 else (3, 2, 2)

    def work() -> "Calculation":
        x, weights = draw_cells(rng, items, inputs, high=4), draw_cells(rng, outputs, inputs, low=-2, high=3)
        forward = linear(x if items > 1 else x[0], weights)
        behind = draw_cells(rng, items, outputs, low=-2, high=3)
        return worked_linear_gradients(forward.backward(behind if items > 1 else behind[0]), Show(), which)

    to_weights = "For each weight: its input times the gradient of its output"
    to_input = "For each input: add up its weights, each times the gradient of that weight's output"
    summed = ", added up over the items" if items > 1 and which is LinearGradient.WEIGHTS else ""
    task = f"{to_weights if which is LinearGradient.WEIGHTS else to_input}{summed}."
    return cell_or_all(interesting(work), rng, level, f"the gradient of the {which}")._replace(task=task)


@topic("network-gradient", "Backward through a network", "network", "backprop")
def network_gradient(rng: Random, level: int) -> "Question":
    """Ask for the gradient of the weights of a network of two layers: the second's, later the first's."""
    from convcalc.engine.activations import activate
    from convcalc.engine.dense import linear
    from convcalc.engine.graph import pass_back
    from convcalc.engine.grids import as_grid
    from convcalc.engine.losses import loss
    from convcalc.engine.mistakes.making import made
    from convcalc.engine.node import Node
    from convcalc.report.backward import worked_backward
    from convcalc.report.document import Grids, Heading, Text
    from convcalc.report.grids import grids_of
    from convcalc.report.numbers import Writer
    from convcalc.report.selection import Show

    name = "w2" if level <= 3 else "w1"

    def work() -> "Calculation":
        x, target = draw_cells(rng, 2, low=1, high=3), draw_cells(rng, 1, high=6)
        w1, w2 = draw_cells(rng, 2, 2, low=-2, high=2), draw_cells(rng, 1, 2, low=-2, high=2)
        while not w2.all() or not w1.all():
            w1, w2 = draw_cells(rng, 2, 2, low=-2, high=2), draw_cells(rng, 1, 2, low=-2, high=2)
        first = linear(x, w1)
        hidden = activate(first.output, "relu")
        second = linear(hidden.output, w2)
        end = loss(second.output, target, "half-mse")
        grids = {"x": x, "w1": w1, "w2": w2}
        nodes = [Node(0, key, None, {}, grid) for key, grid in grids.items()]
        lines: tuple[tuple[str, Any, dict[str, Array]], ...] = (
            ("linear w1", first, {"input": x, "weights": w1}),
            ("relu", hidden, {"input": first.output}),
            ("linear w2", second, {"input": hidden.output, "weights": w2}),
            ("loss mse --half", end, {"input": second.output, "target": target}),
        )
        outputs: list[Array] = []
        for number, (text, result, reads) in enumerate(lines, 1):
            before = {role: outputs[-1] if role == "input" and outputs else grid for role, grid in reads.items()}
            outputs.append(result.output)
            nodes.append(Node(number, text, result, before, outputs[-1]))
        gradients = pass_back(nodes, np.array([1]))

        def given() -> "list[Block]":
            drawn = [matrix for key, grid in grids.items() for matrix in grids_of(grid, key, Writer()).matrices]
            drawn += grids_of(target, "target", Writer()).matrices
            heading = Heading("linear w1 → relu → linear w2 → half of the squared difference to the target")
            return [heading, Text(""), Grids(tuple(drawn))]

        def candidates() -> "Candidates":
            before, behind = first.output, second.output - target
            through = (w2.T @ behind) * (before > 0)
            if name == "w1":
                yield "the mask of the ReLU was forgotten", lambda: np.outer(w2.T @ behind, x)
                yield "the second layer's weights were forgotten", lambda: np.outer(behind * (before > 0), x)
                yield "the gradient was transposed", lambda: np.outer(x, through)
                yield "the target was not subtracted", lambda: np.outer((w2.T @ second.output) * (before > 0), x)
                yield "every sign was reversed", lambda: -np.outer(through, x)
            else:
                yield "the ReLU was left out", lambda: np.outer(behind, before)
                yield "the input was taken, not the hidden layer", lambda: np.outer(behind, x)
                yield "the target was not subtracted", lambda: np.outer(second.output, hidden.output)
                yield "every sign was reversed", lambda: -np.outer(behind, hidden.output)

        worked = worked_backward(gradients, grids, name, Show())
        return worked._replace(given=given, mistakes=lambda: made(candidates(), as_grid(worked.answer())))

    def small() -> "Calculation":
        while True:
            worked = work()
            if np.abs(np.asarray(worked.answer())).max() < LARGEST:
                return worked

    hint = "what comes from behind, times the local derivative: first through the loss, then layer by layer"
    asked = cell_or_all(interesting(small), rng, level, f"the gradient of {name}")
    task = "Work forward, then back from the loss: what comes from behind, times the local derivative, layer by layer."
    return asked._replace(hints=lambda: [hint], task=task)


@topic("descent", "A step of gradient descent", "step")
def descent(rng: Random, level: int) -> "Question":
    """Ask for a grid after a step of gradient descent; at last for the rate, given the step."""
    from convcalc.engine.mistakes.gradients import OneStep, step_mistakes
    from convcalc.practice.turned_round import rate_of_step
    from convcalc.report.descent import step_lines
    from convcalc.report.document import Answer, Calculation, Grids, Heading, Text
    from convcalc.report.grids import grids_of
    from convcalc.report.numbers import Writer

    shape = (1, 2) if level == 1 else (2, 3) if level == 4 else (2, 2)
    rate = RATES[0] if level == 1 else rng.choice(RATES)
    old, gradient = interesting_pair(
        lambda: (draw_cells(rng, *shape, low=-5, high=5), draw_cells(rng, *shape, low=-8, high=8)),
        lambda old, gradient: OneStep(old, gradient, rate),
    )
    if not gradient.any():
        gradient[0, 0] = 4
    step = OneStep(old, gradient, rate)
    write = Writer()

    def given() -> "list[Block]":
        pairs = (("weights", step.old), ("gradient", step.gradient))
        drawn = [matrix for title, grid in pairs for matrix in grids_of(grid, title, write).matrices]
        return [Heading(f"a step of gradient descent, rate {write(rate)}"), Text(""), Grids(tuple(drawn))]

    def work() -> "list[Block]":
        lines = list(step_lines(step.old, step.gradient, step.output, rate, write))
        return [*given(), Text(""), *lines, Answer(grids_of(step.output, "weights after", write))]

    if level >= 5:
        known = [("weights before", old), ("gradient", gradient), ("weights after", step.output)]
        drawn = [matrix for title, grid in known for matrix in grids_of(grid, title, write).matrices]
        return rate_of_step(old, gradient, step.output, rate, [Heading("a step"), Text(""), Grids(tuple(drawn))])
    worked = Calculation(work(), lambda: step.output, given=given, mistakes=lambda: step_mistakes(step))
    asked = cell_or_all(worked, rng, level, "the grid of weights after the step", zero_too=True)
    task = "Take the rate times the gradient from each weight."
    return asked._replace(hints=lambda: ["old − rate × gradient"], task=task)
