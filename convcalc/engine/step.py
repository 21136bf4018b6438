"""Steps: what an operation read, what it made of it, and where the answer goes.

Every operation yields steps; the terminal, and whatever else shows the work, reads them and computes nothing.
"""

from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import numpy.typing as npt

Number = int | Fraction | float | Decimal
"""A cell's value as plain Python: exact where it can be, a Decimal where a sum on the way is too large for a float."""

Cells = tuple[tuple[Number, ...], ...]
"""A small grid of plain Python numbers, by rows."""


class Window(NamedTuple):
    """Where a step reads: positions on the padded input, counted from 0 at the padding's corner."""

    rows: range
    columns: range


class ChannelSum(NamedTuple):
    """One channel of a convolution's step: cell × weight, product by product, and their total.

    All four grids have the kernel's shape; `padding` marks the cells that lie outside the input. Weights that are
    all fractions of one, as in a Gaussian's sixteenths, are given as whole numbers, as are their products, and
    `divisor` (otherwise 1) divides the products' sum: total = summed / divisor, summed = Σ products.
    """

    channel: int
    cells: Cells
    padding: tuple[tuple[bool, ...], ...]
    weights: Cells
    products: Cells
    total: Number
    summed: Number
    divisor: int


class ConvolutionStep(NamedTuple):
    """One cell of a feature map: the window, each input channel's products and total, the bias, the value.

    `at` is (item, map, row, column) in the output.
    """

    number: int
    at: tuple[int, int, int, int]
    window: Window
    channels: tuple[ChannelSum, ...]
    bias: Number | None
    value: Number


class PoolingStep(NamedTuple):
    """One cell of a pooled map: the window's cells and what became of them.

    `winner` is the place in the window, (row, column), of the cell that max or min pooling took (the first of
    equals, as in PyTorch); `total` and `divisor` are the sum and what an average divides it by.
    """

    number: int
    at: tuple[int, int, int, int]
    window: Window
    cells: Cells
    padding: tuple[tuple[bool, ...], ...]
    value: Number
    winner: tuple[int, int] | None = None
    total: Number | None = None
    divisor: int | None = None


class DotStep(NamedTuple):
    """One output of a fully connected layer: each input times its weight, the bias, the value.

    `at` is (item, output).
    """

    number: int
    at: tuple[int, int]
    cells: tuple[Number, ...]
    weights: tuple[Number, ...]
    products: tuple[Number, ...]
    bias: Number | None
    value: Number


class RoutingStep(NamedTuple):
    """One output cell's gradient and where it goes: `shares` has the window's shape, `so_far` the input's.

    `shares` is None for a cell in the padding, which takes none.
    """

    pooling: PoolingStep
    gradient: Number
    shares: tuple[tuple[Number | None, ...], ...]
    so_far: npt.NDArray[Any]


class StampStep(NamedTuple):
    """One stamp: an input cell, the kernel it multiplies, what it adds where, and the map so far.

    `at` is the input cell (item, channel, row, column), `map` the output map. `rows` and `columns` are where the
    stamp lands on the map; what lies beyond its ends is cut off. `before` and `so_far` are the map
    without this stamp and with it, without the bias.
    """

    number: int
    at: tuple[int, int, int, int]
    map: int
    cell: Number
    weights: Cells
    stamp: Cells
    rows: range
    columns: range
    before: npt.NDArray[Any]
    so_far: npt.NDArray[Any]


class LossTerm(NamedTuple):
    """One term: the cell and its target, and for cross-entropies the probabilities and their logarithms.

    `at` is the cell's place, or the item's. Of a cross-entropy with a class, `target` is its number. The
    probabilities of bce are p and 1 − p.
    """

    number: int
    at: tuple[int, ...]
    cells: tuple[Number, ...]
    target: tuple[Number, ...]
    probabilities: tuple[Number, ...]
    logs: tuple[float, ...]
    value: Number
    rest: float = 0
    """Of a cross-entropy with a class, the probability of all the others."""
    weight: Number = 1
    """What its class's term is multiplied by."""
    parameters: tuple[Number, ...] = ()
    margins: tuple[Number, ...] = ()
    """What it is the sum of, if it is one."""


class ActivationGradientStep(NamedTuple):
    """One cell's gradient: what comes from behind, times the derivative at the cell, given what the cell became."""

    number: int
    at: tuple[int, int, int, int]
    cell: Number
    became: Number
    gradient: Number
    slope: Number
    value: Number
    exact: bool


class LossGradientStep(NamedTuple):
    """One cell's gradient of a loss: its target, the probability it stands for, the derivative of its term."""

    number: int
    at: tuple[int, int, int, int]
    cell: Number
    target: Number
    chance: Number
    slope: Number
    value: Number
    exact: bool
    total: Number = 1
    """What the targets of the cell's row add to."""
    margin: Number | None = None
    """Of a cell of another class than its row's, by how much it is too near, or (below 0) far enough."""
    parameters: tuple[Number, ...] = ()
    weight: Number = 1
    """Of a row of classes, what its term is multiplied by."""


class ActivationStep(NamedTuple):
    """One cell: what it was, the intermediate results of its function, what it became, and whether that is exact."""

    number: int
    at: tuple[int, int, int, int]
    cell: Number
    parts: tuple[Number, ...]
    value: Number
    exact: bool


class NormStep(NamedTuple):
    """One cell normalised: its set's mean and variance, its deviation, what divides it, γ and β, what it became."""

    number: int
    at: tuple[int, int, int, int]
    cell: Number
    mean: Fraction
    variance: Fraction
    deviation: Number
    root: Number
    gamma: Number
    beta: Number
    value: Number
    exact: bool
    """Whether the root is rational."""


class NormGradientStep(NamedTuple):
    """One cell's gradient of a normalisation's input: what comes from behind, γ, and what the set's means take.

    `mean` is the mean of γ times the gradients, `share` that of each times its normalised cell, `normal` this cell's.
    """

    number: int
    at: tuple[int, int, int, int]
    gradient: Number
    gamma: Number
    mean: Number
    normal: Number
    share: Number
    root: Number
    value: Number
    exact: bool


class GatherTerm(NamedTuple):
    """One cell that is read: of which input, (item, channel, row, column) there, the cell, what multiplies it."""

    source: int
    at: tuple[int, int, int, int]
    cell: Number
    weight: Fraction


class GatherStep(NamedTuple):
    """One output cell: what is read, and what it adds up to; of dropout also how likely a cell is dropped."""

    number: int
    at: tuple[int, int, int, int]
    terms: tuple[GatherTerm, ...]
    value: Number
    probability: Fraction


class ProductStep(NamedTuple):
    """One cell of a product: both cells, and what they make."""

    number: int
    at: tuple[int, int, int, int]
    cell: Number
    factor: Number
    value: Number


class SoftmaxGradientStep(NamedTuple):
    """One line's gradients: the probabilities, what comes from behind, its total, each cell's difference to it."""

    number: int
    at: tuple[int | None, ...]
    chances: tuple[Number, ...]
    gradients: tuple[Number, ...]
    total: Number
    differences: tuple[Number, ...]
    values: tuple[Number, ...]


class SoftmaxStep(NamedTuple):
    """One line of cells that share a sum: the shift by the maximum, the exponentials, their sum, the values.

    `at` is the line's place, None standing for the axis along which it lies.
    """

    number: int
    at: tuple[int | None, ...]
    cells: tuple[Number, ...]
    largest: Number
    shifted: tuple[Any, ...]
    exponentials: tuple[Any, ...]
    total: float
    log_total: float
    probabilities: tuple[Any, ...]
    """Of the line's cells; where floats have only 0 left, a Decimal."""
    check: float
    """The sum of the probabilities, which is 1."""
    values: tuple[Number, ...]
