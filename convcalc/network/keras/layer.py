"""What Keras's layers have in common: settings that change no shape, an activation, and a layer within that counts."""

import inspect
from typing import Any, ClassVar

from convcalc.errors import InputError
from convcalc.network.keras.shapes import place_of, restored, turned
from convcalc.network.layer import NOTHING, Count, Layer, Reach, Shape

IGNORED = frozenset(
    (
        *("dtype", "autocast", "trainable", "batch_size", "weights", "init", "W_regularizer", "b_regularizer"),
        *(f"{part}_{what}" for part in ("kernel", "bias", "depthwise", "pointwise", "recurrent", "activity",
                                        "embeddings", "gamma", "beta", "alpha", "moving_mean", "moving_variance")
          for what in ("initializer", "regularizer", "constraint")),
    )
)  # fmt: skip
"""Settings of many layers that change no shape and no count."""


NO_SETTINGS = ("base", "pointwise")
"""What classes note beside their settings."""


class KerasLayer(Layer):
    """A layer of Keras's. `inner` is the layer that does it here, made when it is first called, as Keras builds it.

    Shapes have their channels last, as Keras has them; what the layer within is told has them second.
    """

    ignored: ClassVar[frozenset[str]] = frozenset()
    """Further settings that change no shape."""
    name: str = ""
    inner: Layer | None = None
    is_cellwise = False

    def __init__(self, *given: Any, **named: Any) -> None:
        skipped = IGNORED | self.ignored
        if named.get("data_format") not in (None, "channels_last"):
            raise InputError(
                f"{self.kind}: data_format {named['data_format']!r} is not followed", hint="channels_last is"
            )
        named = {key: value for key, value in named.items() if key not in skipped and key != "data_format"}
        super().__init__(*given, **named)

    @classmethod
    def arguments(cls) -> dict[str, Any]:
        """Return the arguments in order, each with its default (``...``: there is none)."""
        for base in cls.__mro__[: cls.__mro__.index(KerasLayer)]:
            names = [name for name in inspect.get_annotations(base) if name not in NO_SETTINGS]
            if names:
                return {name: getattr(cls, name, ...) for name in names}
        return {}

    def make(self, shape: Shape) -> Layer | None:
        """Return the layer that does it, for an input of a shape; None: this one tells all itself."""
        return None

    def build(self, shape: Shape) -> None:
        """Build the layer for its first input, whose channels are put second."""
        if self.inner is None:
            self.inner = self.make(shape)
        if self.inner is not None:
            self.inner.settle(shape)

    def shape_after(self, *shapes: Shape) -> Shape:
        """Return the output's shape, all in Keras's order, for a layer without an inner one."""
        return shapes[0]

    def after(self, *shapes: Shape) -> Shape:
        """Return the output's shape; channels stand second in all of them."""
        if self.inner is not None:
            return self.inner.output(*shapes)
        return turned(self.shape_after(*map(restored, shapes)))

    def work(self, shapes: tuple[Shape, ...], output: Shape) -> Count:
        """Return the multiply-adds of one item; channels stand second."""
        return NOTHING if self.inner is None else self.inner.multiply_adds(shapes, output)

    def origins(self, shape: Shape, output: Shape) -> tuple[int | None, ...]:
        """Return where each axis came from; channels stand second."""
        return super().places(shape, output) if self.inner is None else self.inner.places(shape, output)

    def settle(self, shape: Shape) -> None:
        """Build the layer for its first input."""
        self.build(turned(shape))

    def output(self, *shapes: Shape) -> Shape:
        """Return the output's shape."""
        return restored(self.after(*map(turned, shapes)))

    def multiply_adds(self, shapes: tuple[Shape, ...], output: Shape) -> Count:
        """Return the multiply-adds of one item."""
        return self.work(tuple(map(turned, shapes)), turned(output))

    def reach(self, shape: Shape) -> tuple[Reach, ...]:
        """Return what one output cell reads, along each axis between batch and channels."""
        return super().reach(shape) if self.inner is None else self.inner.reach(turned(shape))

    def places(self, shape: Shape, output: Shape) -> tuple[int | None, ...]:
        """Return where each axis came from."""
        origins = self.origins(turned(shape), turned(output))
        rank, after = len(shape), len(output)
        back = {place_of(axis, rank): axis for axis in range(rank)}
        here = (origins[place_of(axis, after)] for axis in range(after))
        return tuple(None if origin is None else back[origin] for origin in here)

    def mixed(self, shape: Shape) -> int | None:
        """Return the axis of which every output cell reads all."""
        axis = None if self.inner is None else self.inner.mixed(turned(shape))
        return None if axis is None else {place_of(one, len(shape)): one for one in range(len(shape))}[axis]

    @property
    def weights(self) -> Count:
        """What it trains."""
        return NOTHING if self.inner is None else self.inner.weights

    @property
    def biases(self) -> int:
        """How many of them are biases."""
        return 0 if self.inner is None else self.inner.biases

    @property
    def buffers(self) -> Count:
        """What it keeps and does not train."""
        return NOTHING if self.inner is None else self.inner.buffers

    def each_of(self, name: str, count: int, least: int = 1) -> tuple[int, ...]:
        """Return a setting as so many numbers; raise InputError where it is none."""
        value = getattr(self, name)
        values = (value,) * count if isinstance(value, int) else tuple(value) if isinstance(value, list | tuple) else ()
        values = values * count if len(values) == 1 else values
        if len(values) != count or any(not isinstance(one, int) or one < least for one in values):
            raise InputError(f"{self.kind}: {name} cannot be {value!r}", hint=f"a whole number, or {count} of them")
        return values

    def details(self) -> str:
        """Return its settings, briefly."""
        own = "" if self.inner is None else self.inner.details()
        used = self.activation_name()
        return ", ".join(part for part in (own, used) if part)

    def activation_name(self) -> str:
        """Return the activation that is put behind it, if it is not the default."""
        value = getattr(self, "activation", None)
        return "" if value in (None, "linear") else str(value)


def words(value: Any) -> str:
    """Return what an activation is called: a word, a function of a library's, or a layer."""
    if isinstance(value, Layer):
        return value.kind
    return str(getattr(value, "name", value)).rpartition(".")[2]
