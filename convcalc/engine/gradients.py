"""Backward through a convolution: the gradients of its input, its kernel and its bias, each as a sum one can follow.

A weight's gradient is the sum of every cell it multiplied, times the gradient of what that product went into: the
input convolved with the output's gradient, stride and dilation changing places. The input's gradient is the transposed
convolution of the output's gradient with the same kernel.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from convcalc.engine.cached import CachedProperty
from convcalc.engine.convolution import MANY_PRODUCTS, Convolution, convolve
from convcalc.engine.exact import (
    FLOAT64,
    Array,
    as_integers,
    float_kind,
    magnitude,
    over_common_denominator,
    quotient,
    rounded,
)
from convcalc.engine.geometry import Axis, TransposedAxis
from convcalc.engine.grids import as_grid, unmade
from convcalc.engine.readings import sources
from convcalc.engine.shapes import like_the_input, like_the_output
from convcalc.engine.transposed import Transposed


@dataclass(eq=False, repr=False)
class Gradients:
    """The gradients of a convolution, given its output's (N, O, rows, columns); each is made when it is asked for."""

    forward: Convolution
    output: Array

    @CachedProperty
    def kernel_parts(self) -> tuple[Convolution, ...]:
        """For each group the convolution whose maps, (C / groups, O / groups, h, w), are its weights' gradients.

        Its items are the input's channels, its channels the items of the batch, its filters the output's gradients.
        """
        return tuple(self._kernel_convolution(slice(group, group + 1)) for group in range(self.forward.plan.groups))

    def _kernel_convolution(self, groups: slice) -> Convolution:
        """Return the convolution, of as many groups, whose maps are the gradients of some groups' weights."""
        plan, x = self.forward.plan, self.forward.input
        rows, columns = plan.rows, plan.columns
        sides = [(rows.before, rows.after), (columns.before, columns.after)]
        if not plan.border.is_plain or any(left_over(axis) - axis.after >= axis.size for axis in (rows, columns)):
            x, sides = self.forward.padded, [(0, 0), (0, 0)]
        ends = []
        for index, axis in enumerate((rows, columns)):
            before, after = sides[index]
            after -= left_over(axis)
            ends.append(x.shape[2 + index] + min(after, 0))
            sides[index] = before, max(after, 0)
        x = x[:, :, : ends[0], : ends[1]]
        cells, gradients = (
            grid.reshape(plan.items, plan.groups, -1, *grid.shape[2:])[:, groups] for grid in (x, self.output)
        )
        return convolve(
            cells.transpose(2, 1, 0, 3, 4).reshape(cells.shape[2], -1, *cells.shape[3:]),
            gradients.transpose(1, 2, 0, 3, 4).reshape(-1, plan.items, *gradients.shape[3:]),
            stride=(rows.dilation, columns.dilation),
            dilation=(rows.stride, columns.stride),
            padding=(*sides[0], *sides[1]),
            groups=cells.shape[1],
            channels_first=True,
            exactly=self.forward.exactly,
        )

    @CachedProperty
    def kernel(self) -> Array:
        """The gradient of the kernel as it was given (not as it was flipped), (O, C / groups, h, w).

        Where all groups together are many products, floats are not exact, as they are not in one group of so many.
        """
        plan = self.forward.plan
        whole = self.kernel_parts[0] if plan.groups == 1 else self._kernel_convolution(slice(None))
        if plan.groups > 1 and plan.products > MANY_PRODUCTS and self.output.dtype.kind == "f":
            maps = whole.float_maps(few=plan.products <= MANY_PRODUCTS * plan.groups)
        else:
            maps = whole.maps
        turned: Array = maps.transpose(1, 0, 2, 3)
        return turned[..., ::-1, ::-1] if self.forward.flipped else turned

    @CachedProperty
    def input_part(self) -> Transposed:
        """The transposed convolution whose maps are the gradient of the input (where it folds, of the padded input)."""
        plan = self.forward.plan
        folds = self.folds
        axes = []
        for axis, size in ((plan.rows, self.output.shape[2]), (plan.columns, self.output.shape[3])):
            cut, cut_end = (0, 0) if folds else (axis.before, axis.after)
            axes.append(TransposedAxis(size, axis.kernel, axis.stride, cut, cut_end, axis.dilation, left_over(axis)))
        exactly = self.forward.exactly
        return Transposed(self.output, self.forward.kernel, None, axes[0], axes[1], plan.groups, 4, exactly)

    @property
    def folds(self) -> bool:
        """Whether the padding repeats cells of the input, so that its gradients go back to them."""
        plan = self.forward.plan
        padded = (plan.rows.before, plan.rows.after, plan.columns.before, plan.columns.after)
        return plan.border.repeats and any(padded)

    @CachedProperty
    def input(self) -> Array:
        """The gradient of the input, (N, C, H, W)."""
        if not self.folds:
            return self.input_part.maps
        whole = self.input_part.inserted
        cells, over = whole.sums() if whole.exactly else (whole.maps, 0)  # rounded once, when all are added up
        if over:
            (cells,) = as_integers(magnitude(cells) * cells.shape[2] * cells.shape[3], cells)
        total = np.zeros(self.forward.input.shape, dtype=cells.dtype if over else FLOAT64)
        rows, columns = (np.array(source) for source in sources(self.forward))
        np.add.at(total, np.ix_(*map(np.arange, total.shape[:2]), rows, columns), cells)
        return quotient(total, over, whole.kind) if over else rounded(total, whole.kind or FLOAT64)

    def folded(self) -> Iterator[tuple[tuple[int, int], list[tuple[int, int]]]]:
        """Yield each input cell, (row, column), that the padding repeats, and its places on the padded input."""
        down, across = (_places(source) for source in sources(self.forward))
        plan = self.forward.plan
        for row, column in itertools.product(range(plan.rows.size), range(plan.columns.size)):
            places = list(itertools.product(down[row], across[column]))
            if len(places) > 1:
                yield (row, column), places

    @CachedProperty
    def bias(self) -> Array:
        """The gradient of the bias: the sum of each map's gradients, (O)."""
        in_floats = not self.forward.exactly and self.output.dtype.kind == "f"
        integers = None if in_floats else over_common_denominator(self.output)
        if integers is None:
            return rounded(self.output.sum(axis=(0, 2, 3), dtype=FLOAT64), self.output.dtype)
        numerators, over = integers
        return quotient(as_grid(numerators.astype(object).sum(axis=(0, 2, 3))), over, float_kind(self.output))

    def input_like(self) -> Array:
        """Return the gradient of the input with the axes the input was given with."""
        dimensions = self.forward.input_dimensions
        return like_the_input(self.input, dimensions, many_maps=dimensions > 2)

    def kernel_like(self) -> Array:
        """Return the gradient of the kernel with no more axes than it needs."""
        kernel = self.kernel
        if kernel.shape[0] > 1:
            return kernel
        one: Array = kernel[0] if kernel.shape[1] > 1 else kernel[0, 0]
        return one


@dataclass(eq=False, repr=False)
class TransposedGradients:
    """The gradients of a transposed convolution, given its output's (N, O, rows, columns): those of a convolution.

    A convolution of the output's gradient with the same kernel gives that of the input; and whatever a weight of
    that convolution read, times the cell it helped to make, is what it stamped: so the kernel's gradient is the
    gradient of that convolution's kernel, the input in the place of its output's gradient.
    """

    forward: Transposed
    output: Array

    @CachedProperty
    def input_part(self) -> Convolution:
        """The convolution whose maps, (N, C, H, W), are the gradient of the input."""
        axes = self.forward.rows, self.forward.columns
        unread = [max(axis.extra - axis.cut_end, 0) for axis in axes]  # what no stamp reaches
        read = self.output[:, :, : self.output.shape[2] - unread[0], : self.output.shape[3] - unread[1]]
        sides = [amount for axis in axes for amount in (axis.cut, max(axis.cut_end - axis.extra, 0))]
        return convolve(
            read,
            self.forward.kernel,
            stride=(axes[0].stride, axes[1].stride),
            padding=tuple(sides),
            dilation=(axes[0].dilation, axes[1].dilation),
            groups=self.forward.groups,
            channels_first=True,
            exactly=self.forward.exactly,
        )

    @CachedProperty
    def kernel_part(self) -> Gradients:
        """The gradients of that convolution, of which the kernel's is the kernel's here."""
        return Gradients(self.input_part, self.forward.input)

    def input_like(self) -> Array:
        """Return the gradient of the input with the axes the input was given with."""
        dimensions = self.forward.input_dimensions
        return like_the_input(self.input_part.maps, dimensions, many_maps=dimensions > 2)

    def kernel_like(self) -> Array:
        """Return the gradient of the kernel with no more axes than it needs."""
        return self.kernel_part.kernel_like()

    @CachedProperty
    def bias(self) -> Array:
        """The gradient of the bias: the sum of each map's gradients, (O)."""
        return Gradients(self.input_part, self.output).bias


def backward_transposed(forward: Transposed, gradient: Any = 1) -> TransposedGradients:
    """Return the gradients of a transposed convolution, given that of its output: of its shape, or one for all.

    >>> from convcalc.engine.transposed import conv_transpose
    >>> gradients = backward_transposed(conv_transpose([[1, 2]], [[1, 10]], stride=2), [[1, 2, 3, 4]])
    >>> gradients.input_like().tolist(), gradients.kernel_like().tolist(), gradients.bias.tolist()
    ([[21, 43]], [[7, 10]], [10])
    """
    maps = unmade(forward.shape)
    return TransposedGradients(forward, like_the_output(gradient, forward.shaped(maps), maps))


def _places(source: list[int]) -> dict[int, list[int]]:
    """Return where each cell of an axis stands on the padded one."""
    places: dict[int, list[int]] = {}
    for place, cell in enumerate(source):
        places.setdefault(cell, []).append(place)
    return places


def left_over(axis: Axis) -> int:
    """Return how many cells at the end of a padded axis no window reaches."""
    return axis.room % axis.stride


def backward(forward: Convolution, gradient: Any = 1) -> Gradients:
    """Return the gradients of a convolution, given that of its output: of the output's shape, or one number for all.

    >>> from convcalc.engine.convolution import convolve
    >>> gradients = backward(convolve([[1, 2], [3, 4]], [[5, 6]]), [[1], [10]])
    >>> gradients.kernel_like().tolist(), gradients.input_like().tolist(), gradients.bias.tolist()
    ([[31, 42]], [[5, 6], [50, 60]], [11])
    """
    maps = unmade(forward.plan.shape)
    return Gradients(forward, like_the_output(gradient, forward.shaped(maps), maps))
