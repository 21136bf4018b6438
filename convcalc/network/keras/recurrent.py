"""Keras's recurrent layers and attention: what they hold, and the shapes that they make."""

import math
from typing import Any

from convcalc.errors import InputError
from convcalc.network.keras.layer import KerasLayer
from convcalc.network.keras.shapes import restored, turned, written
from convcalc.network.layer import NOTHING, Count, Shape


class Recurrent(KerasLayer):
    """SimpleRNN, LSTM and GRU: `gates` sets of weights for the input and for the state."""

    gates = 1
    ignored = frozenset(
        ("recurrent_activation", "dropout", "recurrent_dropout", "stateful", "go_backwards", "unroll", "time_major",
         "unit_forget_bias", "seed", "implementation", "use_cudnn", "zero_output_for_mask", "return_runtime")
    )  # fmt: skip
    units: int
    activation: Any = "tanh"
    use_bias: bool = True
    return_sequences: bool = False
    return_state: bool = False
    reset_after: bool = True
    features: int = 0

    @classmethod
    def arguments(cls) -> dict[str, Any]:
        """Return Keras's arguments."""
        names = ("units", "activation", "use_bias", "return_sequences", "return_state", "reset_after")
        return {name: getattr(cls, name, ...) for name in names}

    def check(self) -> None:
        """Raise InputError where the units are no number."""
        self.number("units")

    def build(self, shape: Shape) -> None:
        """Take the features from the first input."""
        if len(shape) != 3:
            raise InputError(
                f"{self.kind} wants (None, steps, features), and receives {written(restored(shape))}",
                hint="reshape it before, or let the layer before it return_sequences",
            )
        self.features = self.features or shape[1]

    @property
    def states(self) -> int:
        """How many tensors its state is."""
        return 2 if self.kind == "LSTM" else 1

    def shape_after(self, *shapes: Shape) -> Shape:
        """Return (N, units), or a row for each step."""
        steps = (shapes[0][1],) if self.return_sequences else ()
        return (shapes[0][0], *steps, self.units)

    @property
    def weights(self) -> Count:
        """Gates × units × (features + units + 1)."""
        ones = (2 if self.kind == "GRU" and self.reset_after else 1) if self.use_bias else 0
        count = self.gates * self.units * (self.features + self.units + ones)
        gates = f"{self.gates}×" if self.gates > 1 else ""
        return Count(count, f"{gates}{self.units}×({self.features} + {self.units}{f' + {ones}' if ones else ''})")

    def details(self) -> str:
        """Return the units."""
        return f"{self.units}, return_sequences" if self.return_sequences else str(self.units)


class ConvRecurrent(KerasLayer):
    """ConvLSTM1D to ConvLSTM3D: four convolutions of the input and of the state."""

    ignored = Recurrent.ignored
    filters: int
    kernel_size: Any
    strides: Any = 1
    padding: str = "valid"
    data_format: Any = None
    dilation_rate: Any = 1
    activation: Any = "tanh"
    use_bias: bool = True
    return_sequences: bool = False
    return_state: bool = False

    def build(self, shape: Shape) -> None:
        """Take the channels from the first input."""
        if len(shape) != self.dims + 3:
            raise InputError(f"{self.kind} receives {written(restored(shape))}", hint="(None, steps, …, channels)")
        vars(self).setdefault("in_channels", shape[1])

    def shape_after(self, *shapes: Shape) -> Shape:
        """Return the last map, or one for each step."""
        names = ("kernel_size", "strides", "dilation_rate")
        sizes = []
        for size, kernel, stride, dilation in zip(
            shapes[0][2:-1], *(self.each_of(name, self.dims) for name in names), strict=True
        ):
            extent = (kernel - 1) * dilation + 1
            sizes.append(-(-size // stride) if self.padding == "same" else (size - extent) // stride + 1)
        if min(sizes) < 1:
            raise InputError(f"{self.kind}: the kernel does not fit into {written(shapes[0])}", hint="padding='same'")
        steps = (shapes[0][1],) if self.return_sequences else ()
        return (shapes[0][0], *steps, *sizes, self.filters)

    @property
    def weights(self) -> Count:
        """4 × filters × (kernel × (channels + filters) + 1)."""
        kernel = math.prod(self.each_of("kernel_size", self.dims))
        channels = vars(self).get("in_channels", 0)
        cells = kernel * (channels + self.filters) + bool(self.use_bias)
        return Count(4 * self.filters * cells, f"4×{self.filters}×({kernel}×({channels} + {self.filters}) + 1)")

    def details(self) -> str:
        """Return filters and kernel."""
        return f"{self.filters}, {'×'.join(map(str, self.each_of('kernel_size', self.dims)))}"


class Wrapping(KerasLayer):
    """A layer around another: Bidirectional, TimeDistributed, SpectralNormalization."""

    layer: Any

    def check(self) -> None:
        """Raise InputError where it holds no layer."""
        if not isinstance(self.layer, KerasLayer):
            raise InputError(f"{self.kind} is put around one of Keras's layers", hint="as in TimeDistributed(Dense(5))")

    @property
    def weights(self) -> Count:
        """The layer's."""
        held: Count = self.layer.weights
        return held

    @property
    def buffers(self) -> Count:
        """The layer's."""
        held: Count = self.layer.buffers
        return held

    def details(self) -> str:
        """Return the layer."""
        return str(self.layer)


class Bidirectional(Wrapping):
    """A recurrent layer forwards and another backwards."""

    layer: Any
    merge_mode: Any = "concat"
    backward_layer: Any = None

    def build(self, shape: Shape) -> None:
        """Build the layer."""
        if not isinstance(self.layer, Recurrent) or self.backward_layer is not None:
            raise InputError("Bidirectional is put around LSTM, GRU and SimpleRNN", hint="and takes no other backwards")
        self.layer.build(shape)

    def shape_after(self, *shapes: Shape) -> Shape:
        """Return both outputs, side by side or merged."""
        shape: Shape = self.layer.shape_after(*shapes)
        return (*shape[:-1], 2 * shape[-1]) if self.merge_mode == "concat" else shape

    @property
    def weights(self) -> Count:
        """The layer's, twice."""
        held = self.layer.weights
        return Count(2 * held.value, f"2×({held.written})")


class TimeDistributed(Wrapping):
    """A layer that is put on each step by itself."""

    layer: Any

    def build(self, shape: Shape) -> None:
        """Build the layer."""
        if len(shape) < 3:
            raise InputError(f"TimeDistributed receives {written(restored(shape))}", hint="(None, steps, …)")
        before = restored(shape)
        self.layer.build(turned((before[0], *before[2:])))

    def shape_after(self, *shapes: Shape) -> Shape:
        """Return the layer's output for each step."""
        before = shapes[0]
        after = restored(self.layer.after(turned((before[0], *before[2:]))))
        return (after[0], before[1], *after[1:])

    def work(self, shapes: tuple[Shape, ...], output: Shape) -> Count:
        """Return the layer's, for each step."""
        before = restored(shapes[0])
        one = turned((before[0], *before[2:]))
        each: Count = self.layer.work((one,), self.layer.after(one))
        return Count(before[1] * each.value, f"{before[1]}×({each.written})") if each.value else NOTHING


class SpectralNormalization(Wrapping):
    """A layer whose weight is divided by its largest singular value; a vector of its outputs is kept."""

    layer: Any
    power_iterations: int = 1

    def build(self, shape: Shape) -> None:
        """Build the layer."""
        self.layer.build(shape)

    def after(self, *shapes: Shape) -> Shape:
        """Return the layer's."""
        shape: Shape = self.layer.after(*shapes)
        return shape

    def work(self, shapes: tuple[Shape, ...], output: Shape) -> Count:
        """Return the layer's."""
        count: Count = self.layer.work(shapes, output)
        return count

    @property
    def buffers(self) -> Count:
        """A number for each output."""
        count = getattr(self.layer, "filters", getattr(self.layer, "units", 0))
        return Count(count, str(count))


class Attention(KerasLayer):
    """Attention and AdditiveAttention: of queries, values and keys."""

    ignored = frozenset(("dropout", "seed", "score_mode"))
    use_scale: Any = None

    def check(self) -> None:
        """Use a scale by default where the sum is of a hyperbolic tangent."""
        self.use_scale = self.kind == "AdditiveAttention" if self.use_scale is None else self.use_scale

    def build(self, shape: Shape) -> None:
        """Take the features from the first input."""
        vars(self).setdefault("features", shape[1])

    def shape_after(self, *shapes: Shape) -> Shape:
        """Return a row of the values' features for each query."""
        return (*shapes[0][:-1], shapes[1][-1])

    @property
    def weights(self) -> Count:
        """A scale, of each feature or of all."""
        if not self.use_scale:
            return NOTHING
        count = vars(self).get("features", 0) if self.kind == "AdditiveAttention" else 1
        return Count(count, str(count))


class MultiHeadAttention(KerasLayer):
    """MultiHeadAttention: projections of queries, keys and values to heads, and back."""

    ignored = frozenset(("dropout", "attention_axes", "flash_attention", "seed"))
    num_heads: int
    key_dim: int
    value_dim: Any = None
    use_bias: bool = True
    output_shape: Any = None

    def build(self, shape: Shape) -> None:
        """Take the queries' features from the first input."""
        vars(self).setdefault("features", (shape[1], shape[1], shape[1]))

    def after(self, *shapes: Shape) -> Shape:
        """Return the queries' shape, of their features or those asked for."""
        query, value, key = (shapes[0], shapes[1], shapes[2] if len(shapes) > 2 else shapes[1])
        self.features = (query[1], value[1], key[1])
        return (query[0], self.output_shape or query[1], *query[2:])

    @property
    def weights(self) -> Count:
        """Each projection's, with its biases."""
        features = vars(self).get("features", (0, 0, 0))
        keys = self.number("num_heads") * self.number("key_dim")
        values = self.num_heads * (self.value_dim or self.key_dim)
        out = self.output_shape or features[0]
        ones = bool(self.use_bias)
        parts = [(features[0], keys), (features[1], values), (features[2], keys), (values, out)]
        text = " + ".join(f"{to}×({of}{' + 1' if ones else ''})" for of, to in parts)
        return Count(sum(to * (of + ones) for of, to in parts), text)

    def details(self) -> str:
        """Return heads and their size."""
        return f"{self.num_heads} heads of {self.key_dim}"
