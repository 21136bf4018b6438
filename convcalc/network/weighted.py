"""Convolutions and products whose weights are tensors: `F.conv2d(x, w)`; and layers whose weights are computed."""

from typing import Any

from convcalc.errors import InputError
from convcalc.network.functions import TensorFunction
from convcalc.network.held import wanted
from convcalc.network.layer import NOTHING, WHOLE, Count, Layer, Reach, Shape
from convcalc.network.windows import TransposedConvolution


class WithWeights(TensorFunction):
    """What a layer does, with weights that are given as tensors: the layer holds them no more."""

    counted = True
    layer: Any
    function: str

    def __init__(self, function: str, layer: Layer) -> None:
        self.name, self.layer = function, layer

    def output(self, *shapes: Shape) -> Shape:
        """Return the layer's."""
        shape: Shape = self.layer.output(shapes[0])
        return shape

    def multiply_adds(self, shapes: tuple[Shape, ...], output: Shape) -> Count:
        """Return the layer's."""
        count: Count = self.layer.multiply_adds(shapes[:1], output)
        return count

    def reach(self, shape: Shape) -> tuple[Reach, ...]:
        """Return the layer's, of what it is applied to; a weight is read whole."""
        try:
            reaches: tuple[Reach, ...] = self.layer.reach(shape)
        except InputError:
            return (WHOLE,) * max(len(shape) - 2, 0)
        return reaches

    def mixed(self, shape: Shape) -> int | None:
        """Return the layer's channels or features."""
        axis: int | None = self.layer.mixed(shape)
        return axis

    def details(self) -> str:
        """Return the layer's."""
        text: str = self.layer.details()
        return text


class WeightNorm(Layer):
    """Mixed into a layer's class: its weight is a direction, and a length for each of its rows that is trained too."""

    unknown = "weight_norm's numbers are not followed"

    @property
    def lengths(self) -> int:
        """How many lengths there are: one for each slice along the weight's first axis."""
        rows: int = wanted(self)["weight"][0]
        return rows

    @property
    def parameters(self) -> dict[str, int]:
        """How many numbers each of its parameters has, by PyTorch's names."""
        weight = super().weights.value - self.biases
        own = {"bias": self.biases} if self.biases else {}
        return {**own, "weight_g": self.lengths, "weight_v": weight}

    @property
    def weights(self) -> Count:
        """The layer's, and the lengths."""
        own = super().weights
        return Count(own.value + self.lengths, f"{own.written} + {self.lengths}")


class SpectralNorm(Layer):
    """Mixed into a layer's class: its weight is divided by its largest singular value, found with two vectors."""

    unknown = "spectral_norm's numbers are not followed"

    @property
    def buffers(self) -> Count:
        """The layer's, and both vectors: as long as the weight has rows, and as long as those are."""
        own, (rows, *rest) = super().buffers, wanted(self)["weight"]
        if isinstance(self, TransposedConvolution):  # whose outputs are the second axis
            rows, rest = rest[0], [rows, *rest[1:]]
        columns = 1
        for size in rest:
            columns *= size
        written = f"{rows} + {columns}" if own is NOTHING else f"{own.written} + {rows} + {columns}"
        return Count(own.value + rows + columns, written)


def reparametrized(layer: Layer, how: type[Layer]) -> Layer:
    """Let a layer's weight be computed of others, in a way; raise InputError where it has none."""
    if "weight" not in wanted(layer):
        raise InputError(f"a {layer.kind} has no weight that could be computed so")
    if how not in type(layer).__mro__:
        layer.__class__ = type(layer.kind, (how, type(layer)), {})
    return layer


def plain_again(layer: Layer, how: type[Layer]) -> Layer:
    """Undo what `reparametrized` did."""
    if type(layer).__mro__[1] is how:
        layer.__class__ = type(layer).__mro__[2]
    return layer
