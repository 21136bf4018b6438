"""``convcalc model``: networks by name, as a list, or from a PyTorch source file. Loads no numpy."""

import re
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from convcalc.cli.completion import network_names
from convcalc.cli.inputs import read_bytes, refuse_overwriting
from convcalc.cli.messages import note, printable
from convcalc.cli.network_drawn import PAGE_WIDTH, write_architecture, write_figure
from convcalc.cli.network_numbers import NumberOptions, read_network_input
from convcalc.cli.options import at_most_one, input_option, numbers, show_option, with_options
from convcalc.cli.sheets import SheetOptions, emit_report
from convcalc.cli.surroundings import Surroundings, surroundings_of
from convcalc.errors import InputError, UsageError
from convcalc.formats import Format
from convcalc.sample_files import called

if TYPE_CHECKING:
    from collections.abc import Callable

    from convcalc.network.layer import Shape
    from convcalc.network.summary import Summary
    from convcalc.report.document import Document

FIGURES = (Format.SVG, Format.LATEX)
"""What draws the architecture, where a file's name asks for it; `--format` asks for the table."""
DEEPEST = 99
"""Parts within parts that --all opens of a figure."""
TRAIN_PANEL = "Transfer learning"
MOST_BYTES = 1 << 20


class NetworkOptions(NamedTuple):
    """Which network, and what goes into it."""

    network: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME|FILE.py|FOLDER|LAYERS",
            autocompletion=network_names,
            help="A network of the zoo, a source file, notebook, ONNX file or folder, or a list of layers. "
            "Default: a file that is piped in.",
        ),
    ] = None
    inputs: Annotated[
        list[str] | None,
        input_option(
            "--input",
            "-i",
            metavar="CxHxW|GRID",
            help="The shape of one input, without its batch: 1x28x28, or 10 for ten features. With --weights its "
            "numbers: a picture, a file, or written out. Once more for each further input.",
        ),
    ] = None
    class_name: Annotated[
        str | None,
        input_option(
            "--class",
            metavar="NAME",
            help="Which network of the file: a class, with settings if it needs some (Net(10)), or a variable.",
        ),
    ] = None
    kinds: Annotated[bool, typer.Option("--list", help="List the layers that are counted.")] = False


class TransferOptions(NamedTuple):
    """What is replaced, and what is trained."""

    classes: Annotated[
        int | None,
        typer.Option(
            "--classes",
            metavar="N",
            min=1,
            help="Replace the last layer by one with N outputs.",
            rich_help_panel=TRAIN_PANEL,
        ),
    ] = None
    freeze: Annotated[
        bool, typer.Option("--freeze", help="Freeze every layer but the last.", rich_help_panel=TRAIN_PANEL)
    ] = False
    freeze_to: Annotated[
        str | None,
        typer.Option(
            "--freeze-to",
            metavar="LAYER",
            help="Freeze everything up to this layer or part, itself included.",
            rich_help_panel=TRAIN_PANEL,
        ),
    ] = None


class LookOptions(NamedTuple):
    """How much of a network is shown, and how."""

    depth: Annotated[
        int | None, show_option("--depth", metavar="N", min=1, help="Show parts within parts down to this depth.")
    ] = None
    everything: Annotated[bool, show_option("--all", help="Show every layer, nothing folded.")] = False
    layer: Annotated[
        str | None,
        show_option("--layer", metavar="NAME", help="Show one layer's working; with --trace, trace a cell of it."),
    ] = None
    trace: Annotated[
        str | None,
        show_option(
            "--trace",
            metavar="ROW,COL",
            help="Show which rectangle of the input one cell of the last map (or of --layer's) sees.",
        ),
    ] = None
    walk: Annotated[bool, show_option("--walk", help="Step through the layers with the keys.")] = False


@with_options
def model(
    *,
    ctx: typer.Context,
    asked: NetworkOptions,
    transfer: TransferOptions,
    look: LookOptions,
    with_numbers: NumberOptions,
    out: SheetOptions,
) -> None:
    """Count a network layer by layer: shapes, parameters, multiply-adds, receptive fields, memory.

    A source file (PyTorch's or Keras's, or a notebook) is read, never executed: what cannot be followed is refused.
    Input channels may be left out of a list of layers. ONNX needs the extra convcalc[onnx].

    Examples:
      convcalc model "Conv2d(6, 5), ReLU(), MaxPool2d(2)" -i 1x28x28

      convcalc model sample:mycnn.py -i 1x28x28

      convcalc model resnet50 --classes 10 --freeze

      convcalc model "Linear(3, 2)" -i "1 2 3" --weights random

    """
    from convcalc.report.document import Calculation
    from convcalc.report.model import model_document, sheet
    from convcalc.report.model_steps import layer_document, layer_named, model_steps, trace_document

    here = surroundings_of(ctx)
    if asked.kinds:
        from convcalc.report.model import kinds_document

        emit_report(here, Calculation(kinds_document(), list), None, out)
        return
    if asked.network is None and here.is_piped_in:
        asked = asked._replace(network="-")
    _check(asked.network, look, out.style(here))
    refuse_overwriting(out.output, _source_of(asked.network), "the network's own source")
    look_given = {"--trace": look.trace is not None, "--walk": look.walk, "--all": look.everything}
    look_given |= {"--depth": look.depth is not None, "--layer": look.layer is not None}
    freezes = {"--freeze": transfer.freeze, "--freeze-to": transfer.freeze_to is not None}
    with_numbers.check({**look_given, **freezes, "--format": out.format is not None})
    if with_numbers.weights is not None:
        _with_numbers(here, asked, transfer, look, with_numbers, out)
        return
    try:
        summary = summary_of(here, asked, transfer)
    except InputError:
        _show_so_far(here, asked, out)
        raise
    if out.style(here).record.separator:  # rows have no place for them
        for text in summary.trace.notes:
            note(text)
    document: Document
    if look.trace is not None:
        document = list(trace_document(summary, _cell(look.trace), look.layer))
    elif look.layer is not None:
        document = list(layer_document(summary, layer_named(summary, look.layer)))
    else:
        everything = look.everything or (look.depth is None and out.style(here) is Format.PLAIN)
        document = model_document(summary, look.depth, everything=everything)
        if out.style(here).record.steps_through:
            write_architecture(here, summary, document, out)
            return
        if out.format is None and out.style(here) in FIGURES:
            write_figure(here, summary, DEEPEST if look.everything else look.depth, out)
            return
    calculation = Calculation(document, list, steps=lambda show: model_steps(summary, show))
    emit_report(here, calculation, lambda: sheet(summary), out, walk=look.walk)


def _show_so_far(here: Surroundings, asked: NetworkOptions, out: SheetOptions) -> None:
    """Show, beside an error, the layers of a network that fitted, up to the one that did not."""
    from contextlib import suppress

    from convcalc.cli.messages import complain, glyphs_for
    from convcalc.network.summary import summarize
    from convcalc.network.trace import Tensor, Trace
    from convcalc.network.which import which_network
    from convcalc.render.plain import render
    from convcalc.report.model import layers_so_far

    trace = Trace()
    if asked.network == "-":  # which is read already
        return
    with suppress(InputError, UsageError):
        which_network(str(asked.network), asked.class_name, shapes_of(asked.inputs), _reader(here)).as_written(trace)
    if len(trace.nodes) > 1 and all(node.used for node in trace.nodes):
        last = trace.nodes[-1]
        document = layers_so_far(summarize("", trace, Tensor(last.output, last.index)))
        complain("\n".join(render(document, PAGE_WIDTH, glyphs_for(None, out.ascii), answers=True)))


def _with_numbers(
    here: Surroundings,
    asked: NetworkOptions,
    transfer: TransferOptions,
    look: LookOptions,
    with_numbers: NumberOptions,
    out: SheetOptions,
) -> None:
    """Run a network on numbers."""
    from convcalc.cli.network_results import show_numbers
    from convcalc.inference.inputs import first_that_fits

    if asked.inputs is not None and len(asked.inputs) > 1:
        raise UsageError("numbers are worked for networks of one input", hint="leave --weights out")
    grid = read_network_input(here, asked.inputs[0] if asked.inputs else None, with_numbers)

    def build(shape: "Shape", items: int) -> "Summary":
        return summary_of(here, asked._replace(inputs=["x".join(map(str, shape))]), transfer, items)

    summary, x = first_that_fits(grid, build)
    show_numbers(here, summary, x, with_numbers, look.layer, out, word=str(asked.network), walk=look.walk)


def _check(network: str | None, look: LookOptions, style: Format) -> None:
    """Refuse options that exclude each other."""
    if network is None:
        raise UsageError("there is no network", hint="as in: convcalc model lenet5; `convcalc zoo --all` names them")
    options = {"--trace": look.trace is not None, "--walk": look.walk, "--all": look.everything}
    options |= {"--depth": look.depth is not None}
    at_most_one(options)
    exclusive = [option for option, is_set in options.items() if is_set]
    if look.layer is not None and exclusive and exclusive != ["--trace"]:
        raise UsageError(f"--layer and {exclusive[0]} exclude each other", hint="leave one of them out")
    if style.record.rows and (exclusive or look.layer is not None):
        other = exclusive[0] if exclusive else "--layer"
        hint = f"{style} holds every layer, as rows: leave {other} out, or write text, .html or .svg"
        raise UsageError(f"{other} does not go with {style}", hint=hint)


def summary_of(here: Surroundings, asked: NetworkOptions, transfer: TransferOptions, items: int = 1) -> "Summary":
    """Return a network, counted of a batch of so many: with its last layer replaced, and frozen, as asked."""
    from convcalc.cli.progress import counted
    from convcalc.network.summary import last_layer, summarize
    from convcalc.network.trace import Trace
    from convcalc.network.which import which_network
    from convcalc.report.model_steps import layer_named

    title, build, _ = which_network(
        str(asked.network), asked.class_name, shapes_of(asked.inputs), _reader(here), counted
    )
    trace, output = build(Trace(items=items))
    last = last_layer(trace)
    if last is None and (transfer.classes is not None or transfer.freeze):
        raise UsageError("the network has no layer to be replaced", hint="leave --classes and --freeze out")
    if transfer.classes is not None and last is not None:
        before = str(last.layer)
        trace, output = build(Trace({last.name: transfer.classes}, items=items))
        last = last_layer(trace)
        assert last is not None
        trace.notes.append(f"{last.name} was {before} and is now {last.layer}")
    at_most_one({"--freeze": transfer.freeze, "--freeze-to": transfer.freeze_to is not None})
    frozen: frozenset[int] = frozenset()
    title = called(printable(title))
    summary = summarize(title, trace, output)
    if transfer.freeze and last is not None:
        frozen = frozenset(node.index for node in trace.nodes if node.index != last.index)
    elif transfer.freeze_to is not None:
        end = layer_named(summary, transfer.freeze_to).index
        frozen = frozenset(range(end + 1))
    if not frozen:
        return summary
    if any(node.buffers.value for node in trace.nodes if node.index in frozen):
        trace.notes.append("frozen batch norms still update their running means while in training mode: call eval()")
    return summarize(title, trace, output, frozen)


def _reader(here: Surroundings) -> "Callable[[str], bytes]":
    return lambda word: read_bytes(here, word, "source file", MOST_BYTES)


def _source_of(word: str | None) -> str | None:
    """Return the file that a network is read from; None where it is a network of the zoo."""
    from convcalc.network import zoo

    return None if word is None or zoo.named(word) is not None else word


def shapes_of(texts: list[str] | None) -> "list[Shape]":
    """Read the shape of each input."""
    return [shape_of(text) for text in texts or ()]


def shape_of(text: str) -> "Shape":
    """Read the shape of one input.

    >>> shape_of("1x28x28"), shape_of("10")
    ((1, 28, 28), (10,))
    """
    if not re.fullmatch(r"\s*\d[\dx×,\s]*", text):
        raise UsageError(f"--input {text}: this is no shape", hint="one item's sizes, as in 1x28x28 (C×H×W)")
    return numbers(text, "--input", most=5, least=1, example="1x28x28")


def _cell(text: str) -> tuple[int, ...]:
    return numbers(text, "--trace", most=3, example="0,3")
