"""Steps: what an operation read, what it made of it, and where the answer goes.

Every operation yields steps; the terminal, and whatever else shows the work, reads them and computes nothing.
"""

from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

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
