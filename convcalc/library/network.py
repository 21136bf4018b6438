"""A network for a program, counted or with numbers; what `convcalc model` shows, as objects."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from convcalc.engine.exact import Array, as_floats
from convcalc.errors import InputError, did_you_mean
from convcalc.inference.inputs import first_that_fits
from convcalc.inference.names import names_of
from convcalc.inference.network import NetworkGradients, NetworkNumbers
from convcalc.inference.parameters import exactly
from convcalc.inference.run import LayerRun
from convcalc.library.calls import understands
from convcalc.library.grids import as_array, taken, warn_of
from convcalc.library.pieces import Page, Step
from convcalc.library.saving import save_document
from convcalc.library.shown import Shown
from convcalc.library.words import refuses_in_python, work_in_python
from convcalc.library.worked_grid import from_the_front, place_given
from convcalc.models import tensors_of
from convcalc.network.layer import Shape, sizes
from convcalc.network.summary import Summary, summarize
from convcalc.network.trace import Trace
from convcalc.network.which import which_network
from convcalc.report.document import Document, Heading, Subheading, Table
from convcalc.report.model import heading, model_document
from convcalc.report.network_gradients import gradients_document
from convcalc.report.network_steps import steps_of_layer
from convcalc.report.selection import Show
from convcalc.sample_files import called, expanded

PAGE_WIDTH = 100
"""Columns of a layer's counts on a page."""


class ModelLayer(NamedTuple):
    """One layer: what it is called, what it does, its output's shape without the batch, what it costs, its output."""

    name: str
    text: str
    shape: Shape
    parameters: int
    multiply_adds: int
    output: Array | None
    """Its numbers, (N, …); None of a network that is only counted."""


class Layers(dict[str, ModelLayer]):
    """The layers of a network by name; a notebook shows them as a table."""

    def __missing__(self, name: str) -> ModelLayer:
        raise KeyError(f"there is no layer {name!r}: {_nearest(name, list(self))}")

    def _table(self) -> Table:
        rows = tuple(
            (one.name, one.text, sizes(one.shape), f"{one.parameters:,}", f"{one.multiply_adds:,}")
            for one in self.values()
        )
        return Table(("layer", "what", "output", "parameters", "multiply-adds"), rows, frozenset({0, 1, 2}))

    def __repr__(self) -> str:
        from convcalc.render.glyphs import UNICODE
        from convcalc.render.plain import render

        return "\n".join(render([self._table()], PAGE_WIDTH, UNICODE, answers=True))

    def _repr_html_(self) -> str:
        from convcalc.render.inline import static

        return static([self._table()])

    def to_frame(self) -> Any:
        """Return the layers as a data frame of pandas, which must be there: a row each, without their numbers."""
        try:
            import pandas
        except ImportError:
            raise InputError("a data frame needs pandas", hint="pip install pandas") from None
        rows = [one._asdict() for one in self.values()]
        return pandas.DataFrame(rows).drop(columns="output").set_index("name")


class ModelGradients(Shown):
    """A network's gradients: the `loss`, every parameter's by its full name, and the `input`'s."""

    def __init__(self, back: NetworkGradients, title: Heading) -> None:
        self._back, self._title = back, title
        self.loss, self.parameters = back.loss, back.parameters
        self.gradients, self.input = back.gradients, back.input

    def __getitem__(self, name: str) -> Array:
        if name != "input" and name not in self.gradients:
            raise KeyError(f"there is no gradient of {name!r}: {_nearest(name, [*self.gradients, 'input'])}")
        return self.input if name == "input" else self.gradients[name]

    @refuses_in_python
    def save(self, path: str | Path) -> None:
        """Write the gradients to a file, as its suffix says."""
        save_document(self._work(), path)

    def _work(self) -> Document:
        return work_in_python(gradients_document(self._title, self._back, Show()))


class Model(Shown):
    """A network that was counted, or with numbers run; made by `model`."""

    def __init__(self, summary: Summary, numbers: NetworkNumbers | None) -> None:
        self._summary, self._numbers = summary, numbers

    def _work(self) -> Document:
        return work_in_python(model_document(self._summary, None, everything=False))

    def _brief(self) -> Document:
        counts = "the counts, written out"
        return takewhile(lambda block: not (isinstance(block, Subheading) and block.text == counts), self._work())

    def walk(self) -> Page:
        """Return the network as a page to click through, inline in a notebook; one with numbers down to any cell."""
        return Page("\n".join(self._page()))

    def _page(self) -> Iterator[str]:
        from convcalc.render.glyphs import UNICODE
        from convcalc.render.network import render
        from convcalc.render.plain import render as plain
        from convcalc.report.network_counts import counted_data
        from convcalc.report.network_page import page_data

        _, *below = self._work()
        if self._numbers is not None:
            names = names_of(self._numbers.trace)
            runs = list(self._numbers.runs(keep=range(len(self._numbers.trace.nodes))))
            return render(page_data(heading(self._summary), runs, names, self._numbers.heads, ()), below)
        data = counted_data(self._summary, lambda blocks: plain(blocks, PAGE_WIDTH, UNICODE, answers=True))
        return render(data, below)

    @refuses_in_python
    def save(self, path: str | Path) -> None:
        """Write the network as the suffix says: .html to click through, .svg and .tex as a figure, or text."""
        from convcalc.matrix_io.saving import write_whole
        from convcalc.render import figure
        from convcalc.report.network_figure import architecture

        suffix = Path(path).suffix.lower()
        if suffix in (".html", ".htm"):
            write_whole(Path(path), self._page())
        elif suffix in (".svg", ".tex"):
            drawn = architecture(self._summary, heading(self._summary).text, None)
            write_whole(Path(path), figure.svg(drawn) if suffix == ".svg" else figure.tikz(drawn))
        else:
            save_document(self._work(), path)

    @property
    def parameters(self) -> int:
        """How many numbers it learns."""
        return self._summary.weights

    @property
    def multiply_adds(self) -> int:
        """How many it takes for one item."""
        return self._summary.multiply_adds

    @cached_property
    def _runs(self) -> Mapping[str, LayerRun]:
        network = self._with_numbers()
        names = names_of(network.trace)
        return {names[run.node.index]: run for run in network.runs(keep=range(len(network.trace.nodes)))}

    def _with_numbers(self) -> NetworkNumbers:
        if self._numbers is None:
            raise InputError("this network was only counted", hint='give it weights: model(…, weights="net.pt")')
        return self._numbers

    @cached_property
    def layers(self) -> Layers:
        """Every layer that is used, by the name that the table gives it."""
        nodes = self._summary.trace.nodes
        found = {
            name: ModelLayer(
                name,
                str(nodes[index].layer) if index else "input",
                nodes[index].output[1:],
                nodes[index].weights.value,
                nodes[index].multiply_adds.value,
                None if self._numbers is None else self._runs[name].output,
            )
            for index, name in names_of(self._summary.trace).items()
        }
        return Layers(found)

    @property
    def output(self) -> Array:
        """What the network gives, (N, …)."""
        return self._with_numbers().output

    @refuses_in_python
    def step(self, layer: str, *at: Any) -> Step:
        """Return the working of one cell of a layer's output, as the layer's own operation shows it.

        The place is one of `layers[layer].shape`, from 0 or (as in numpy) from the end: ``step("conv1", 0, 2, 3)`` or
        ``step("conv1", (0, 2, 3))``. Raises InputError where there is no such layer, or it has no steps.
        """
        if layer not in self._runs:
            raise InputError(f"there is no layer '{layer}'", hint=_nearest(layer, list(self._runs)))
        place, run = place_given(at), self._runs[layer]
        where = from_the_front(place, run.output.shape[-len(place) :])
        return Step(*steps_of_layer(run, layer, where, Show()))

    @refuses_in_python
    def backward(self, target: int | Sequence[int] | None = None) -> "ModelGradients":
        """Return every parameter's gradient, and the input's: of a class's cross-entropy, or of the output's sum.

        Raises InputError for a class that there is none of.
        """
        if target is None:
            return ModelGradients(self._with_numbers().backward(), heading(self._summary))
        target = as_array(target, "target").tolist() if hasattr(target, "__array__") else target
        targets = list(target) if isinstance(target, Sequence) else [target]
        wrong = [one for one in targets if not isinstance(one, int | np.integer) or isinstance(one, bool)]
        if wrong:
            raise InputError(f"{wrong[0]!r} is no class", hint="they are counted from 0, as in target=3")
        return ModelGradients(self._with_numbers().backward(targets), heading(self._summary))


def _nearest(name: str, known: list[str]) -> str:
    return did_you_mean(name, known, f"there are {', '.join(known)}")


def _word_of(network: Any) -> str:
    """Return what names a network: a text or path as it is, layers of PyTorch as they print themselves."""
    if isinstance(network, str | Path):
        return expanded(str(network))
    if isinstance(network, list | tuple):
        return ", ".join(map(_word_of, network))
    if not hasattr(network, "state_dict"):
        raise TypeError(f"a network is a file, a name, or layers, not a {type(network).__name__}")
    if any(True for _ in network.children()) and type(network).__name__ != "Sequential":
        kind = type(network).__name__
        warn_of(f"the layers of {kind} are read as it prints them, one after another: its file shows what forward does")
    return str(network)


@understands
def model(
    network: Any,
    x: Any = None,
    *,
    weights: str | Path | Mapping[str, Any] | None = None,
    class_name: str | None = None,
    seed: int = 0,
    exact: bool = False,
) -> Model:
    """Return a network: a PyTorch source file (which is read, never run), a name of the zoo, or layers in a text.

    `x` is the shape of one item, (C, H, W), or a list of such for several inputs; with `weights` its numbers, or a
    batch. `weights` is a file as `convcalc model --weights` takes it, "random", "trained" (of a network that comes with
    some), or a mapping of arrays by PyTorch's names, such as a state dict. A module of PyTorch's, or a list of them, is
    read as it prints itself. Numbers are float32, or with `exact` fractions. Raises ConvcalcError for what cannot be
    read or does not fit.

    >>> model("Conv2d(6, 5), ReLU()", (1, 28, 28)).layers["0"].shape
    (6, 24, 24)
    >>> tiny = model("Linear(3, 1)", [1, 2, 3], weights={"0.weight": [[4, 5, 6]], "0.bias": [1]})
    >>> tiny.output.tolist(), tiny.step("0", (0,)).value
    ([[33.0]], 33.0)
    >>> tiny.backward().gradients["0.weight"].tolist()
    [[1.0, 2.0, 3.0]]
    """
    word = _word_of(network)
    weights = expanded(weights) if isinstance(weights, str) else weights
    if weights is None:
        if not (x is None or (isinstance(x, Sequence) and len(x))):
            raise InputError(f"x={x!r} is no shape", hint="of one item, as in x=(1, 28, 28); with weights its numbers")
        shapes = [None] if x is None else [tuple(one) for one in (x if isinstance(x[0], Sequence) else [x])]
        return Model(_built(word, shapes[0], class_name, more=tuple(one for one in shapes[1:] if one)), None)
    if x is None or (isinstance(x, tuple) and all(isinstance(length, int) for length in x)):
        said = "there is no x" if x is None else f"x={tuple(x)} is a shape"
        raise InputError(f"{said}, and with weights its numbers are wanted", hint="as a list, an array, or a file")
    if not isinstance(weights, str | Path | Mapping) or (
        isinstance(weights, Mapping) and not all(isinstance(name, str) for name in weights)
    ):
        told = "a file, a word, or a mapping of arrays by PyTorch's names"
        raise InputError(f"weights are {told}, not {weights!r:.60}", hint='as in weights={"0.weight": [[1, 2]]}')
    if isinstance(weights, Mapping):
        weights = {name: as_array(tensor, name) for name, tensor in weights.items()}
    grid = taken(x, "input")
    grid = exactly(grid) if exact else as_floats(grid, np.dtype(np.float32))
    summary, batch = first_that_fits(grid, lambda shape, items: _built(word, shape, class_name, items))
    tensors, _ = tensors_of(summary, word, weights, seed=seed, exact=exact)
    return Model(summary, NetworkNumbers(summary.trace, summary.output_node, tensors, batch, exact))


def _built(
    word: str, shape: Shape | None, class_name: str | None, items: int = 1, more: tuple[Shape, ...] = ()
) -> Summary:
    """Return a network, counted, whichever way it is named."""
    title, build, _ = which_network(word, class_name, [*([] if shape is None else [shape]), *more], _read)
    return summarize(called(title), *build(Trace(items=items)))


def _read(word: str) -> bytes:
    try:
        return Path(word).read_bytes()
    except OSError as error:
        raise InputError(f"cannot read '{word}': {error.strerror or error}", hint="name a .py file") from None


class Zoo(dict[str, str]):
    """Well-known networks: each name that `model` takes, and its title."""

    def __repr__(self) -> str:
        return "\n".join(f"{name:24}{title}" for name, title in self.items())


def zoo() -> Zoo:
    """Return the well-known networks that `model` takes by name.

    >>> zoo()["lenet5"]
    'LeNet-5, as it is taught'
    """
    from convcalc.network.zoo import ZOO

    return Zoo({name: entry.title for name, entry in ZOO.items()})
