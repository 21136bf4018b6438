"""Fully connected layers."""

import math

from convcalc.errors import InputError
from convcalc.network.layer import NOTHING, SAME, WHOLE, Count, Layer, Reach, Shape, sizes, times


class Linear(Layer):
    """A fully connected layer, along the last axis."""

    inferred = "in_features"
    counted = True
    in_features: int | None
    out_features: int
    bias: bool = True

    def check(self) -> None:
        """Raise InputError where a size is none."""
        self.number("out_features")
        if self.in_features is not None:
            self.number("in_features")

    def settle(self, shape: Shape) -> None:
        """Take the input's features, if they were left out."""
        self.in_features = shape[-1] if self.in_features is None else self.in_features

    def output(self, *shapes: Shape) -> Shape:
        """Return the shape with its last axis replaced."""
        shape = shapes[0]
        if shape[-1] != self.in_features or len(shape) < 2:
            raise InputError(
                f"Linear({self.in_features}, {self.out_features}) receives {shape[-1]} features"
                + (f" at the end of {sizes(shape)}" if len(shape) > 2 else ""),
                hint=self._instead(shape),
            )
        return (*shape[:-1], self.out_features)

    def _instead(self, shape: Shape) -> str:
        if len(shape) > 2 and math.prod(shape[1:]) == self.in_features:
            return f"flatten first: {sizes(shape)} are {self.in_features} features"
        flat = math.prod(shape[1:])
        if len(shape) > 2:
            return f"flatten {sizes(shape)} first, then Linear({flat}, {self.out_features})"
        return f"did you mean Linear({shape[-1]}, {self.out_features})?"

    @property
    def weights(self) -> Count:
        """Out×(in + 1)."""
        inputs = self.in_features or 0
        ones = " + 1" if self.bias else ""
        arithmetic = f"{self.out_features}×({inputs}{ones})" if self.bias else f"{self.out_features}×{inputs}"
        return Count(self.out_features * (inputs + bool(self.bias)), arithmetic)

    @property
    def biases(self) -> int:
        """One for each output."""
        return self.out_features if self.bias else 0

    def multiply_adds(self, shapes: tuple[Shape, ...], output: Shape) -> Count:
        """In×out, for each row that there is."""
        rows = math.prod(output[1:-1])
        arithmetic = f"{self.out_features}×{self.in_features}" + (f" × {times(output[1:-1])}" if output[1:-1] else "")
        return Count(self.out_features * (self.in_features or 0) * rows, arithmetic)

    def reach(self, shape: Shape) -> tuple[Reach, ...]:
        """Return everything along the last axis: each output reads all features."""
        return (*((SAME,) * (len(shape) - 3)), WHOLE) if len(shape) > 2 else ()

    def mixed(self, shape: Shape) -> int | None:
        """Return the features' axis."""
        return len(shape) - 1

    def details(self) -> str:
        """Return the features in and out."""
        return f"{self.in_features or '?'}→{self.out_features}" + ("" if self.bias else ", no bias")


class RadialBasis(Linear):
    """The 1998 paper's output layer: distances to fixed patterns, which are not trained."""

    in_features: int | None
    out_features: int

    bias = False

    @property
    def weights(self) -> Count:
        """None: the patterns are fixed."""
        return NOTHING

    @property
    def buffers(self) -> Count:
        """The patterns."""
        return Count(self.out_features * (self.in_features or 0), f"{self.out_features}×{self.in_features}")

    def details(self) -> str:
        """Return the features in and out."""
        return f"{self.in_features or '?'}→{self.out_features}, fixed"
