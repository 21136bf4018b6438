"""A trace: what a network did with one input, layer by layer. Everything that is told of a network is read from it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from convcalc.errors import InputError
from convcalc.network.functions import Parameter, Source
from convcalc.network.layer import NOTHING, Count, Layer, Shape, sizes

PYTORCH, KERAS = "PyTorch", "Keras"
MOST_NODES = 20_000
MOST_TENSOR_CELLS = 10**15


NO_COPY = frozenset(
    (
        *("Flatten", "Unflatten", "view", "permute", "part", "chunk", "squeeze", "unsqueeze", "expand"),
        *("input", "constant", "Parameter", "Identity"),
        *("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout"),
    )
)
"""Layers whose output is their input's memory, or (dropout) that do nothing once a network is trained."""


SAME_TENSOR = frozenset(name for name in NO_COPY if name == "Identity" or "Dropout" in name)
"""Layers that hand on their input itself, once a network is trained."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """What a layer gave: its shape, batch first, and the number of the node that made it."""

    shape: Shape
    node: int
    memory: int = 0
    """Tensors of one memory are views of the same cells."""
    view: int = 0
    """Tensors of one view are the same cells in the same order, by several names."""
    unknown: InputError | None = None
    """Why its numbers cannot be told, where only its shape is followed."""
    unknown_if_read: InputError | None = None
    """Why those of what reads it cannot, though its own can."""
    detached: bool = False
    """Whether no gradient goes back from it."""
    batchless: bool = False
    """Whether its first axis is no batch: made of parameters alone."""


@dataclass(frozen=True, slots=True)
class Node:
    """One use of a layer: its full name, what it read, what it made, and what that cost."""

    index: int
    name: str
    layer: Layer
    inputs: tuple[int, ...]
    shapes: tuple[Shape, ...]
    output: Shape
    weights: Count
    buffers: Count
    multiply_adds: Count
    frozen: int = 0
    """How many of its parameters the file freezes."""
    shared: bool = False
    """Whether its weights were counted where it was used before."""
    took: bool = False
    """Whether it took its channels or features from its input, having been given none."""
    outside: bool = False
    """Whether its weights are none of the network's, being in a plain list or made in forward."""
    used: bool = True
    """Whether it is part of the way from the input to the output."""
    detached: tuple[bool, ...] = ()
    """Of which inputs no gradient goes back."""

    @property
    def is_parameter(self) -> bool:
        """Whether it is an array of the network's own rather than a layer."""
        return isinstance(self.layer, Source) and type(self.layer) is not Source


@dataclass
class Trace:
    """Applies layers to shapes and keeps what they did. `replaced` gives layers, by name, another output size."""

    replaced: dict[str, int] = field(default_factory=dict)
    words: str = PYTORCH
    """In whose words and order of axes its layers and shapes are."""
    items: int = 1
    """How many items a batch has: what is counted is counted of one."""
    nodes: list[Node] = field(default_factory=list)
    groups: dict[str, str] = field(default_factory=dict)
    """What the parts of the network are called, by their names: `layer1.0` is a Bottleneck."""
    notes: list[str] = field(default_factory=list)
    channels_last: Shape = ()
    """The input's shape as it was written, if that was height × width × channels."""
    own: frozenset[int] | None = None
    """The identities of the network's own layers; None: all are."""
    also_called: dict[int, list[str]] = field(default_factory=dict)
    """The other names of layers that have several, by their identity."""
    outside: int = 0
    """How many weights layers have that are not the network's."""
    seen: dict[int, Layer] = field(default_factory=dict)
    parts_read: dict[tuple[int, str], Tensor] = field(default_factory=dict)
    """Weights of layers that are read as tensors, by the layer's identity and the weight's name."""
    unknown: list[InputError] = field(default_factory=list)
    """Why its numbers cannot be told, where only shapes are followed."""
    heads: tuple[int, ...] = ()
    """The nodes of all that forward gives, if that is known."""
    ends_detached: bool = False
    """Whether no gradient goes back from the output."""
    memories: int = 0
    """How many tensors there are that share no memory."""
    without_gradient: InputError | None = None
    """Why no gradients can be told, if they cannot."""
    changed: dict[int, int] = field(default_factory=dict)
    """The node that changed a memory last, where it stands."""
    latest: dict[int, int] = field(default_factory=dict)
    """Of a view whose cells were changed, the node that has them now."""
    detached: set[int] = field(default_factory=set)
    """The views from which no gradient goes back from now on."""

    def input(self, shape: Shape) -> Tensor:
        """Begin with items of a shape (without the batch)."""
        return self.apply("input", Source((self.items, *shape)))

    @property
    def first_axis(self) -> int:
        """The first axis of rows and columns: PyTorch has the channels before it, Keras behind."""
        return 2 if self.words == PYTORCH else 1

    def spatial(self, shape: Shape) -> Shape:
        """Return a shape's rows and columns."""
        return shape[self.first_axis : self.first_axis + max(len(shape) - 2, 0)]

    @property
    def inputs(self) -> list[Shape]:
        """The shapes of what goes in, batch first."""
        return [node.output for node in self.nodes if type(node.layer) is Source]

    def apply(self, name: str, layer: Layer, *tensors: Tensor) -> Tensor:
        """Use a layer and return what it gives; raise InputError, naming it, where it does not fit."""
        if len(self.nodes) >= MOST_NODES:
            raise InputError(f"the network has more than {MOST_NODES:,} layers", hint="count a smaller one")
        tensors = tuple(map(self.current, tensors))
        self.unknown += [tensor.unknown for tensor in tensors if tensor.unknown is not None]
        loses = next((tensor.unknown_if_read for tensor in tensors if tensor.unknown_if_read is not None), None)
        if loses is not None and not layer.is_cellwise:
            self.unknown.append(loses)
        shapes = tuple(tensor.shape for tensor in tensors)
        layer.batchless = all(tensor.batchless for tensor in tensors) if tensors else isinstance(layer, Parameter)
        if name in self.replaced:
            _replace(layer, self.replaced[name])
        layer_seen = id(layer) in self.seen
        self.seen[id(layer)] = layer
        took = bool(layer.inferred) and getattr(layer, layer.inferred) is None
        try:
            if shapes:
                layer.settle(shapes[0])
            output = layer.output(*shapes)
            if _cells(output) > MOST_TENSOR_CELLS:
                raise InputError(f"an output of {sizes(output)} is too large", hint="use a smaller input")
            work = layer.multiply_adds(shapes, output)
            if (
                layer.batchless and not layer.counts_all_axes and work.value and shapes[0][0] > 1
            ):  # its first axis is no batch, of which one counts
                work = Count(work.value * shapes[0][0], f"{shapes[0][0]} × {work.written}")
        except InputError as error:
            whence = self._flattened(layer, tensors)
            where = name.rpartition(".")[0] if layer.is_function else name  # a function says its name itself
            raise InputError(f"{where}: {error.message}{whence}" if where else error.message, hint=error.hint) from None
        inputs = tuple(tensor.node for tensor in tensors)
        has_weights = layer.weights.value > 0
        outside = has_weights and self.own is not None and id(layer) not in self.own
        is_counted = not layer_seen and not outside
        weights, buffers = (self._not_read(layer), layer.buffers) if is_counted else (NOTHING, NOTHING)
        self.unknown += [InputError(layer.unknown, hint="count it without --weights")] if layer.unknown else []
        self.outside += layer.weights.value if outside and not layer_seen else 0
        frozen, shared = layer.frozen_weights if is_counted else 0, layer_seen and has_weights
        index = len(self.nodes)
        detached = tuple(tensor.detached for tensor in tensors)
        node = Node(
            index, name, layer, inputs, shapes, output, weights, buffers, work, frozen, shared, took, outside,
            detached=detached,
        )  # fmt: skip
        self.nodes.append(node)
        batchless = layer.batchless and layer.kind not in ("expand", "repeat")  # which give them a batch
        memory, view = self._new_memory(), self.memories
        if tensors and layer.kind in NO_COPY:
            memory = tensors[0].memory
            view = tensors[0].view if layer.kind in SAME_TENSOR else view
        tensor = Tensor(output, node.index, memory, view, unknown_if_read=loses, batchless=batchless)
        return self.change(tensors[0], tensor) if layer.works_in_place else tensor

    def weight(self, name: str, layer: Layer, part: str, shape: Shape) -> Tensor:
        """Return a layer's own `weight` or `bias` as a tensor: it is counted here, or where the layer is used."""
        if (id(layer), part) not in self.parts_read:
            array = Parameter(shape)
            array.frozen = frozenset({"weight"} if part in layer.frozen else ())
            if id(layer) in self.seen:
                self.seen[id(array)] = array
            elif self.own is not None and id(layer) in self.own:
                self.own |= {id(array)}
            self.parts_read[id(layer), part] = self.apply(name, array)
        return self.parts_read[id(layer), part]

    def _not_read(self, layer: Layer) -> Count:
        """Return a layer's weights without those that were counted when they were read as tensors."""
        own = layer.weights
        read = sum(
            self.nodes[one.node].weights.value for (owner, _), one in self.parts_read.items() if owner == id(layer)
        )
        return Count(own.value - read, f"{own.written} − {read}") if read else own

    def _new_memory(self) -> int:
        self.memories += 1
        return self.memories

    def copy(self, tensor: Tensor) -> Tensor:
        """Return a tensor in a memory of its own."""
        memory = self._new_memory()
        return replace(self.current(tensor), memory=memory, view=memory)

    def change(self, before: Tensor, after: Tensor) -> Tensor:
        """Change a tensor where it stands: whoever reads it from now on, by whatever name, reads `after`."""
        if before.detached or after.detached:
            self.without_gradient = InputError(
                "gradients are not followed through what is changed where it stands without them",
                hint="let it make a new tensor",
            )
        self.changed[before.memory] = self.latest[before.view] = after.node
        return replace(after, memory=before.memory, view=before.view)

    def current(self, tensor: Tensor) -> Tensor:
        """Return a tensor as it is now; of a view whose cells were changed by way of another, nobody knows numbers."""
        node = max(tensor.node, self.latest.get(tensor.view, 0))
        unknown = tensor.unknown
        if unknown is None and node < self.changed.get(tensor.memory, node):
            change = self.nodes[self.changed[tensor.memory]]
            unknown = InputError(
                f"{change.name or change.layer} changes numbers where they stand, and a view of them is read later",
                hint="let it make new ones: without inplace=True, and with x = x + y for x += y",
            )
        detached = tensor.detached or tensor.view in self.detached
        return replace(tensor, node=node, unknown=unknown, detached=detached)

    @property
    def tells_channels(self) -> bool:
        """Whether the network itself says how many channels its input has."""
        first = next((node for node in self.nodes if node.layer.inferred), None)
        return first is not None and not first.took

    def _flattened(self, layer: Layer, tensors: tuple[Tensor, ...]) -> str:
        """Return what the features were before they were flattened, for a layer that they do not fit."""
        maker = self.nodes[tensors[0].node] if tensors else None
        flat = maker is not None and maker.inputs and len(maker.output) == 2 and len(maker.shapes[0]) > 2
        return f": {sizes(maker.shapes[0])}" if maker is not None and flat and hasattr(layer, "in_features") else ""

    def unused(self, name: str, layer: Layer) -> None:
        """Count a layer that the network has and its forward does not use."""
        if id(layer) in self.seen:
            return
        self.seen[id(layer)] = layer
        index = len(self.nodes)
        weights = self._not_read(layer)
        if weights.value < layer.weights.value and not weights.value:
            return
        counts = weights, layer.buffers, NOTHING, min(layer.frozen_weights, weights.value)
        self.nodes.append(Node(index, name, layer, (), (), (), *counts, used=False))


def _cells(shape: Shape) -> int:
    cells = 1
    for size in shape:
        cells *= size
    return cells


def _replace(layer: Any, outputs: int) -> None:
    for name in ("out_features", "out_channels"):
        if hasattr(layer, name):
            setattr(layer, name, outputs)
            layer.frozen = frozenset()


@dataclass(frozen=True, slots=True)
class NetworkPart:
    """A part of a network that is being made: layers are used by a name within it.

    >>> from convcalc.network.kinds import KINDS
    >>> net = NetworkPart(Trace())
    >>> x = net.input((1, 28, 28))
    >>> net("conv1", KINDS["Conv2d"].inferring((6, 5), {}), x).shape
    (1, 6, 24, 24)
    """

    trace: Trace
    prefix: str = ""

    def input(self, shape: Shape) -> Tensor:
        """Begin with one item of a shape."""
        return self.trace.input(shape)

    def __call__(self, name: str, layer: Layer, *tensors: Tensor) -> Tensor:
        """Use a layer under a name."""
        return self.trace.apply(self.prefix + name, layer, *tensors)

    def part(self, name: str, kind: str = "Sequential") -> "NetworkPart":
        """Return a part of this part, of a kind."""
        self.trace.groups[self.prefix + name] = kind
        return NetworkPart(self.trace, f"{self.prefix}{name}.")


def tensors_in(value: Any) -> Iterator[Tensor]:
    """Yield the tensors in lists, tuples and dictionaries, however they are held."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from tensors_in(item)
