"""The mistakes people make, really made: the answer each leads to, so that a wrong one can be told its reason."""

from collections.abc import Callable, Iterator
from typing import Any

from convcalc.engine.activations import Activated, ActivationGradient
from convcalc.engine.attention import Attention
from convcalc.engine.convolution import Convolution
from convcalc.engine.dense import Flattened, Linear
from convcalc.engine.gathered import Gathered
from convcalc.engine.loss_terms import Loss, LossGradient
from convcalc.engine.mistakes.attention import attention_mistakes
from convcalc.engine.mistakes.cells import (
    activation_gradient_mistakes,
    activation_mistakes,
    softmax_gradient_mistakes,
    softmax_mistakes,
)
from convcalc.engine.mistakes.dense import linear_mistakes, loss_gradient_mistakes, loss_mistakes
from convcalc.engine.mistakes.gathered import gathering_mistakes
from convcalc.engine.mistakes.making import Mistake
from convcalc.engine.mistakes.norms import norm_gradient_mistakes, norm_mistakes
from convcalc.engine.mistakes.transposed import flatten_mistakes, transposed_mistakes
from convcalc.engine.mistakes.windows import convolution_mistakes, pooling_mistakes
from convcalc.engine.normalized import Normalized, NormInputGradient
from convcalc.engine.pooling import Pooling
from convcalc.engine.softmax import Softmax, SoftmaxGradient
from convcalc.engine.transposed import Transposed


def mistakes_of(result: Any) -> Iterator[Mistake]:
    """Yield the likely mistakes of any result that there are mistakes for."""
    return KINDS[type(result)](result)


KINDS: dict[type, Callable[[Any], Iterator[Mistake]]] = {
    Convolution: convolution_mistakes,
    Pooling: pooling_mistakes,
    Activated: activation_mistakes,
    ActivationGradient: activation_gradient_mistakes,
    Attention: attention_mistakes,
    Softmax: softmax_mistakes,
    SoftmaxGradient: softmax_gradient_mistakes,
    Linear: linear_mistakes,
    Loss: loss_mistakes,
    LossGradient: loss_gradient_mistakes,
    Gathered: gathering_mistakes,
    Normalized: norm_mistakes,
    NormInputGradient: norm_gradient_mistakes,
    Transposed: transposed_mistakes,
    Flattened: flatten_mistakes,
}
"""What finds the mistakes of each kind of result."""
