"""Recurrent layers, embeddings and attention as PyTorch has them: counted, and not worked in numbers."""

import math
from typing import Any

from convcalc.errors import InputError
from convcalc.network.layer import Count, Layer, Reach, Shape, sizes, times

NOT_WORKED = "recurrent layers, embeddings and attention are counted, and not worked in numbers"


class Recurrent(Layer):
    """RNN, LSTM and GRU: `gates` sets of weights, of the input and of the state, in each layer and direction."""

    counted = True
    inferred = "input_size"
    unknown = NOT_WORKED
    gates = 1
    input_size: int | None
    hidden_size: int
    num_layers: int = 1
    bias: bool = True
    batch_first: bool = False
    dropout: float = 0.0
    bidirectional: bool = False
    proj_size: int = 0
    nonlinearity: str = "tanh"

    def check(self) -> None:
        """Raise InputError where a size is none."""
        for name in ("hidden_size", "num_layers"):
            self.number(name)
        if self.proj_size:
            raise InputError(f"{self.kind}: proj_size is not followed", hint="leave it out")

    def settle(self, shape: Shape) -> None:
        """Take the input's features, if they were left out."""
        self.input_size = shape[-1] if self.input_size is None else self.input_size

    @property
    def directions(self) -> int:
        """How many there are: two, if it reads backwards too."""
        return 1 + bool(self.bidirectional)

    def output(self, *shapes: Shape) -> Shape:
        """Return the states of the last layer, one for each step."""
        shape = shapes[0]
        if len(shape) != 3 or shape[-1] != self.input_size:
            raise InputError(
                f"{self.kind}({self.input_size}, {self.hidden_size}) receives {sizes(shape)}",
                hint=f"it wants steps×{self.input_size}",
            )
        return (*shape[:2], self.directions * self.hidden_size)

    def state(self, shape: Shape) -> Shape:
        """Return the shape of the last state: of each layer and direction, of each item."""
        items = shape[0] if self.batch_first else shape[1]
        return (self.num_layers * self.directions, items, self.hidden_size)

    def _layers(self) -> list[tuple[int, int]]:
        """Return, for each layer, how many features it reads, and how many weights a direction has."""
        found = []
        for index in range(self.num_layers):
            inputs = (self.input_size or 0) if index == 0 else self.directions * self.hidden_size
            found.append((inputs, self.gates * self.hidden_size * (inputs + self.hidden_size)))
        return found

    @property
    def weights(self) -> Count:
        """Gates × hidden × (inputs + hidden + 2) for each layer and direction."""
        ones = 2 if self.bias else 0
        total = sum(weights + ones * self.gates * self.hidden_size for _, weights in self._layers())
        gates = f"{self.gates}×" if self.gates > 1 else ""
        parts = [f"{gates}{self.hidden_size}×({of} + {self.hidden_size}{f' + {ones}' if ones else ''})"
                 for of, _ in self._layers()]  # fmt: skip
        text = " + ".join(parts[:2] if len(parts) < 3 else [parts[0], f"{len(parts) - 1}×{parts[1]}"])
        return Count(self.directions * total, f"2×({text})" if self.directions == 2 else text)

    def multiply_adds(self, shapes: tuple[Shape, ...], output: Shape) -> Count:
        """Every weight that is no bias, once for each step."""
        weights = self.directions * sum(count for _, count in self._layers())
        steps = shapes[0][1]
        return Count(weights * steps, f"{weights:,} × {steps} steps")

    @property
    def parameters(self) -> dict[str, int]:
        """How many numbers each of its parameters has, by PyTorch's names."""
        found: dict[str, int] = {}
        rows = self.gates * self.hidden_size
        for index, (inputs, _) in enumerate(self._layers()):
            for end in ("", "_reverse")[: self.directions]:
                found |= {
                    f"weight_ih_l{index}{end}": rows * inputs,
                    f"weight_hh_l{index}{end}": rows * self.hidden_size,
                }
                found |= {f"bias_{of}_l{index}{end}": rows for of in ("ih", "hh")} if self.bias else {}
        return found

    def reach(self, shape: Shape) -> tuple[Reach, ...]:
        """Return everything: each step knows of all before it."""
        return (Reach(None),) * max(len(shape) - 2, 0)

    def details(self) -> str:
        """Return its sizes."""
        parts = [f"{self.input_size or '?'}→{self.hidden_size}"]
        parts += [f"{self.num_layers} layers"] if self.num_layers > 1 else []
        return ", ".join([*parts, *(["both ways"] if self.bidirectional else [])])


class PlainRecurrent(Recurrent):
    """RNN, whose fourth setting is its function."""

    input_size: int | None
    hidden_size: int
    num_layers: int = 1
    nonlinearity: str = "tanh"
    bias: bool = True
    batch_first: bool = False
    dropout: float = 0.0
    bidirectional: bool = False


class Embedding(Layer):
    """A row of numbers for each word of a vocabulary."""

    unknown = NOT_WORKED
    num_embeddings: int
    embedding_dim: int
    padding_idx: Any = None
    max_norm: Any = None
    norm_type: float = 2.0
    scale_grad_by_freq: bool = False
    sparse: bool = False

    def check(self) -> None:
        """Raise InputError where a size is none."""
        self.number("num_embeddings")
        self.number("embedding_dim")

    def output(self, *shapes: Shape) -> Shape:
        """Return an axis more."""
        return (*shapes[0], self.embedding_dim)

    @property
    def weights(self) -> Count:
        """A row for each word."""
        return Count(self.num_embeddings * self.embedding_dim, f"{self.num_embeddings}×{self.embedding_dim}")

    def details(self) -> str:
        """Return words and numbers."""
        return f"{self.num_embeddings}→{self.embedding_dim}"


class MultiheadAttention(Layer):
    """Projections of queries, keys and values, products of them, and a projection back."""

    counted = True
    counts_all_axes = True
    unknown = NOT_WORKED
    embed_dim: int
    num_heads: int
    dropout: float = 0.0
    bias: bool = True
    add_bias_kv: bool = False
    add_zero_attn: bool = False
    kdim: Any = None
    vdim: Any = None
    batch_first: bool = False

    def check(self) -> None:
        """Raise InputError where the heads do not part the features."""
        if self.number("embed_dim") % self.number("num_heads"):
            raise InputError(f"{self.kind}: {self.num_heads} heads do not part {self.embed_dim}", hint="use a divisor")
        if self.kdim not in (None, self.embed_dim) or self.vdim not in (None, self.embed_dim) or self.add_bias_kv:
            raise InputError(f"{self.kind}: kdim, vdim and add_bias_kv are not followed", hint="leave them out")

    def output(self, *shapes: Shape) -> Shape:
        """Return the queries' shape."""
        if shapes[0][-1] != self.embed_dim:
            raise InputError(f"{self.kind}({self.embed_dim}, …) receives {shapes[0][-1]} features: {sizes(shapes[0])}")
        return shapes[0]

    @property
    def parameters(self) -> dict[str, int]:
        """How many numbers each of its parameters has, by PyTorch's names."""
        width = self.embed_dim
        ones = {"in_proj_bias": 3 * width} if self.bias else {}
        last = {"out_proj.bias": width} if self.bias else {}
        return {"in_proj_weight": 3 * width**2, **ones, "out_proj.weight": width**2, **last}

    @property
    def weights(self) -> Count:
        """Four projections, with their biases."""
        ones = bool(self.bias)
        return Count(4 * self.embed_dim * (self.embed_dim + ones), f"4×{self.embed_dim}×({self.embed_dim} + {ones:d})")

    def rows(self, shapes: tuple[Shape, ...]) -> tuple[int, int, int]:
        """Return how many queries and keys an item has, and how many items are counted."""
        step, item = (1, 0) if self.batch_first else (0, 1)
        items = shapes[0][item] if self.batchless or not self.batch_first else 1
        return shapes[0][step], shapes[min(1, len(shapes) - 1)][step], items

    def multiply_adds(self, shapes: tuple[Shape, ...], output: Shape) -> Count:
        """Each projection of each row, and the products of all queries with all keys."""
        (queries, keys, items), width = self.rows(shapes), self.embed_dim
        each = 2 * (queries + keys) * width**2 + 2 * queries * keys * width
        text = f"2×({queries} + {keys})×{width}² + 2×{queries}×{keys}×{width}"
        return Count(items * each, f"{items}×({text})" if items > 1 else text)

    def reach(self, shape: Shape) -> tuple[Reach, ...]:
        """Return everything."""
        return (Reach(None),) * max(len(shape) - 2, 0)

    def details(self) -> str:
        """Return its sizes."""
        return f"{self.embed_dim}, {self.num_heads} heads"


class EncoderLayer(MultiheadAttention):
    """TransformerEncoderLayer: attention, two fully connected layers, two norms."""

    d_model: int
    nhead: int
    dim_feedforward: int = 2048
    dropout: float = 0.1
    activation: Any = "relu"
    layer_norm_eps: float = 1e-5
    batch_first: bool = False
    norm_first: bool = False
    bias: bool = True

    def check(self) -> None:
        """Take the attention's settings by its own names."""
        self.embed_dim, self.num_heads = self.number("d_model"), self.number("nhead")
        super().check()

    @property
    def parameters(self) -> dict[str, int]:
        """How many numbers each of its parameters has, by PyTorch's names."""
        width, inner = self.embed_dim, self.number("dim_feedforward")
        found = {f"self_attn.{name}": count for name, count in super().parameters.items()}
        for name, weight, bias in (
            ("linear1", width * inner, inner), ("linear2", width * inner, width),
            ("norm1", width, width), ("norm2", width, width),
        ):  # fmt: skip
            found |= {f"{name}.weight": weight, **({f"{name}.bias": bias} if self.bias else {})}
        return found

    @property
    def weights(self) -> Count:
        """The attention's, both layers', both norms'."""
        width, inner, ones = self.embed_dim, self.number("dim_feedforward"), bool(self.bias)
        own = super().weights
        text = f"{own.written} + {inner}×({width} + {ones:d}) + {width}×({inner} + {ones:d}) + 2×{1 + ones}×{width}"
        return Count(own.value + inner * (width + ones) + width * (inner + ones) + 2 * (1 + ones) * width, text)

    def multiply_adds(self, shapes: tuple[Shape, ...], output: Shape) -> Count:
        """Return the attention's, and both layers' of each row."""
        own, (queries, _, items) = super().multiply_adds(shapes, output), self.rows(shapes)
        rows = queries * items
        more = 2 * rows * self.embed_dim * self.dim_feedforward
        return Count(own.value + more, f"{own.written} + 2×{rows}×{self.embed_dim}×{self.dim_feedforward}")

    def details(self) -> str:
        """Return its sizes."""
        return f"{self.embed_dim}, {self.num_heads} heads, {self.dim_feedforward} within"


class Encoder(Layer):
    """TransformerEncoder: the same layer so often, each with weights of its own."""

    counted = True
    counts_all_axes = True
    unknown = NOT_WORKED
    encoder_layer: Any
    num_layers: int
    norm: Any = None
    enable_nested_tensor: bool = True
    mask_check: bool = True

    def check(self) -> None:
        """Raise InputError where it is given no layer."""
        if not isinstance(self.encoder_layer, EncoderLayer):
            raise InputError(f"{self.kind} takes a TransformerEncoderLayer and how many of them")
        frozen = self.encoder_layer.frozen  # of which it takes copies
        self.frozen = frozenset(
            f"layers.{index}.{name}" for index in range(self.number("num_layers")) for name in frozen
        )

    @property
    def parameters(self) -> dict[str, int]:
        """How many numbers each of its parameters has, by PyTorch's names."""
        one = self.encoder_layer.parameters
        found = {f"layers.{index}.{name}": count for index in range(self.num_layers) for name, count in one.items()}
        last = self.norm.parameters if isinstance(self.norm, Layer) else {}
        return found | {f"norm.{name}": count for name, count in last.items()}

    def output(self, *shapes: Shape) -> Shape:
        """Return the layer's."""
        shape: Shape = self.encoder_layer.output(*shapes)
        return shape

    @property
    def weights(self) -> Count:
        """The layer's, so often, and the norm's."""
        one: Count = self.encoder_layer.weights
        last = self.norm.weights.value if isinstance(self.norm, Layer) else 0
        text = f"{self.num_layers}×({one.written})" + (f" + {last}" if last else "")
        return Count(self.num_layers * one.value + last, text)

    def multiply_adds(self, shapes: tuple[Shape, ...], output: Shape) -> Count:
        """Return the layer's, so often."""
        self.encoder_layer.batchless = self.batchless
        one: Count = self.encoder_layer.multiply_adds(shapes, output)
        return Count(self.num_layers * one.value, f"{self.num_layers}×({one.written})")

    def reach(self, shape: Shape) -> tuple[Reach, ...]:
        """Return everything."""
        return (Reach(None),) * max(len(shape) - 2, 0)

    def details(self) -> str:
        """Return the layer, and how often."""
        return f"{self.num_layers} × {self.encoder_layer.details()}"


class Einsum(Layer):
    """A sum of products along named axes: `torch.einsum`."""

    is_function = True
    counted = True
    unknown = "einsum is counted, and not worked in numbers"
    equation: str

    @property
    def kind(self) -> str:
        """Its name, as PyTorch has it."""
        return "einsum"

    def _sides(self) -> tuple[list[str], str]:
        text = self.equation.replace(" ", "")
        left, arrow, right = text.partition("->")
        terms = left.split(",")
        if not arrow:
            letters = "".join(terms)
            right = "".join(sorted(letter for letter in set(letters) if letters.count(letter) == 1))
        if not all(term.isalpha() for term in terms) or not (right.isalpha() or not right):
            raise InputError(f"einsum {self.equation!r} is not followed", hint="letters are, as in 'bqhd,bkhd->bhqk'")
        return terms, right

    def _lengths(self, shapes: tuple[Shape, ...]) -> dict[str, int]:
        terms, _ = self._sides()
        lengths: dict[str, int] = {}
        for term, shape in zip(terms, shapes, strict=False):
            if len(terms) != len(shapes) or len(term) != len(shape):
                raise InputError(f"einsum {self.equation!r} receives {' and '.join(map(sizes, shapes))}")
            for letter, size in zip(term, shape, strict=True):
                if lengths.setdefault(letter, size) not in (1, size) and size != 1:
                    raise InputError(f"einsum: {letter} is {lengths[letter]} and {size}", hint="they must agree")
                lengths[letter] = max(lengths[letter], size)
        return lengths

    def output(self, *shapes: Shape) -> Shape:
        """Return the sizes of the axes that are named behind the arrow."""
        lengths = self._lengths(shapes)
        return tuple(lengths[letter] for letter in self._sides()[1])

    def multiply_adds(self, shapes: tuple[Shape, ...], output: Shape) -> Count:
        """One for each of all named axes' cells, where something is added up."""
        lengths, (terms, right) = self._lengths(shapes), self._sides()
        batch = lengths[terms[0][0]]
        if len(terms) < 2 or set(right) == set(lengths):
            return Count(0, "0")
        cells = tuple(lengths.values())
        return Count(math.prod(cells) // batch, times(cells[1:]))

    def reach(self, shape: Shape) -> tuple[Reach, ...]:
        """Return everything: what lies where is not followed."""
        return (Reach(None),) * max(len(shape) - 2, 0)

    def details(self) -> str:
        """Return the equation."""
        return self.equation
