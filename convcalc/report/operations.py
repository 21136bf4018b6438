"""How each of the engine's results is shown, forward and backward, as its own command shows it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from convcalc.choices import AttentionGradient, Gradient, LinearGradient, NormGradient, TransposedReading
from convcalc.engine.activations import Activated, ActivationGradient
from convcalc.engine.attention import Attention, AttentionGradients
from convcalc.engine.convolution import Convolution
from convcalc.engine.dense import Flattened, FlattenGradient, Linear, LinearGradients
from convcalc.engine.exact import Array
from convcalc.engine.gathered import Gathered, GatherGradients
from convcalc.engine.gradients import Gradients, TransposedGradients
from convcalc.engine.loss_terms import Loss, LossGradient
from convcalc.engine.naming import shape_text
from convcalc.engine.normalized import Normalized, NormGradients
from convcalc.engine.padding import Padded, PaddingGradient
from convcalc.engine.pooling import Pooling
from convcalc.engine.products import Product, ProductGradients
from convcalc.engine.routing import Routing
from convcalc.engine.softmax import Softmax, SoftmaxGradient
from convcalc.engine.transposed import Transposed
from convcalc.errors import InputError
from convcalc.report.activations import worked_activation, worked_activation_gradient
from convcalc.report.attention import worked_attention, worked_attention_gradients
from convcalc.report.convolution import Labels, worked_convolution
from convcalc.report.dense import worked_flatten, worked_flatten_gradient, worked_linear
from convcalc.report.dense_gradients import worked_linear_gradients
from convcalc.report.document import Calculation, Steps
from convcalc.report.gathered import worked_gather_gradients, worked_gathered
from convcalc.report.gradients import worked_gradients
from convcalc.report.grid import worked_padding, worked_padding_gradient
from convcalc.report.losses import worked_loss, worked_loss_gradient
from convcalc.report.norms import worked_norm, worked_norm_gradients
from convcalc.report.pooling import worked_pooling
from convcalc.report.products import worked_product, worked_product_gradients
from convcalc.report.routing import worked_routing
from convcalc.report.selection import Chosen, Show, place, select
from convcalc.report.softmax import worked_softmax
from convcalc.report.softmax_gradient import worked_softmax_gradient
from convcalc.report.transposed import worked_transposed
from convcalc.report.transposed_gradients import worked_transposed_gradients

Shape = tuple[int, int, int, int]


class Forward(NamedTuple):
    """How a kind of result is shown, and what gives one of its steps as numbers, by its number from 0."""

    worked: Callable[[Any, Show], Calculation]
    step: Callable[[Any, int, Shape], Any] = lambda result, index, shape: result.step(place(index, shape))


def _no_step(result: Any, index: int, shape: Shape) -> None:
    """Return nothing: cells are only moved."""


FORWARD: dict[type, Forward] = {
    Convolution: Forward(lambda result, show: worked_convolution(result, show, Labels())),
    Transposed: Forward(lambda result, show: worked_transposed(result, show, "kernel", TransposedReading.ZEROS)),
    Pooling: Forward(worked_pooling),
    Activated: Forward(worked_activation),
    Attention: Forward(worked_attention, lambda result, index, shape: result.mixed.step(*place(index, shape)[2:])),
    Linear: Forward(worked_linear, lambda result, index, shape: result.step(*place(index, shape)[2:])),
    Loss: Forward(worked_loss, lambda result, index, _: result.term(index)),
    Softmax: Forward(worked_softmax, lambda result, index, _: result.step(np.unravel_index(index, result.lines))),
    Normalized: Forward(worked_norm),
    Padded: Forward(worked_padding, _no_step),
    Flattened: Forward(worked_flatten, _no_step),
    Gathered: Forward(worked_gathered),
    Product: Forward(worked_product),
}


def step_of(result: Any, output: Array, steps: Steps, at: tuple[int, ...]) -> int:
    """Return the number, from 0, of the step that makes a cell; of a softmax, of the line that it lies on.

    Raises InputError where there is no such cell.
    """
    if isinstance(result, Softmax):
        cell = (0,) * (output.ndim - len(at)) + at
        if not all(index < length for index, length in zip(cell, output.shape, strict=True)):
            shape = shape_text(output.shape)
            raise InputError(f"there is no cell {','.join(map(str, at))}", hint=f"the output is {shape}")
        line = cell[: result.axis] + cell[result.axis + 1 :]
        return int(np.ravel_multi_index(line, result.lines))
    if output.ndim == 2 and len(at) == 1:
        at = (0, *at)  # of a row of features, the first item's
    chosen = next(part for part in select(steps.shape, Show(at=at), steps.naming) if isinstance(part, Chosen))
    return chosen.number - 1


class Backward(NamedTuple):
    """How gradients are shown: all of them, or the one with respect to a role alone."""

    all: Callable[[Any, Show], Calculation]
    one: Callable[[Any, Show, str], Calculation]
    by_cell: bool = True
    """Whether the steps of one are the cells of that gradient; else they are those of the output's."""


def _input_alone(worked: Callable[[Any, Show], Calculation]) -> Backward:
    return Backward(worked, lambda back, show, _: worked(back, show), by_cell=False)


BACKWARD: dict[type, Backward] = {
    Gradients: Backward(
        lambda back, show: worked_gradients(back, show, None, Labels(), alone_on_page=False),
        lambda back, show, wrt: worked_gradients(back, show, Gradient(wrt), Labels()),
    ),
    TransposedGradients: Backward(
        lambda back, show: worked_transposed_gradients(back, show, None, "kernel", alone_on_page=False),
        lambda back, show, wrt: worked_transposed_gradients(back, show, Gradient(wrt), "kernel"),
    ),
    Routing: _input_alone(worked_routing),
    ActivationGradient: Backward(
        lambda back, show: worked_activation_gradient(back, show, alone_on_page=False), worked_activation_gradient
    ),
    AttentionGradients: Backward(
        lambda back, show: worked_attention_gradients(back, show, None, alone_on_page=False),
        lambda back, show, wrt: worked_attention_gradients(back, show, AttentionGradient(wrt)),
        by_cell=False,
    ),
    SoftmaxGradient: _input_alone(worked_softmax_gradient),
    LinearGradients: Backward(
        lambda back, show: worked_linear_gradients(back, show, None, alone_on_page=False),
        lambda back, show, wrt: worked_linear_gradients(back, show, LinearGradient(wrt)),
    ),
    NormGradients: Backward(
        lambda back, show: worked_norm_gradients(back, show, None, alone_on_page=False),
        lambda back, show, wrt: worked_norm_gradients(back, show, NormGradient(wrt)),
    ),
    PaddingGradient: _input_alone(worked_padding_gradient),
    FlattenGradient: _input_alone(worked_flatten_gradient),
    GatherGradients: Backward(
        lambda back, show: worked_gather_gradients(back, show, None, alone_on_page=False), worked_gather_gradients
    ),
    ProductGradients: Backward(
        lambda back, show: worked_product_gradients(back, show, None, alone_on_page=False), worked_product_gradients
    ),
    LossGradient: _input_alone(worked_loss_gradient),
}
"""How what went back through each kind of result is shown."""
