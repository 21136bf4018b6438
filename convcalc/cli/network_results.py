"""What `convcalc model` shows of a network with numbers: its table, maps and classes, a neuron, gradients, a step."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from convcalc.cli.inputs import read_bytes
from convcalc.cli.messages import complain, note
from convcalc.cli.network_numbers import NumberOptions, tensors_of
from convcalc.cli.options import number_of, numbers
from convcalc.cli.progress import counted
from convcalc.cli.sheets import SheetOptions, emit_report
from convcalc.cli.showing import print_lines
from convcalc.cli.surroundings import Surroundings
from convcalc.errors import InputError, UsageError
from convcalc.formats import Format

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from convcalc.engine.exact import Array
    from convcalc.inference.network import NetworkNumbers
    from convcalc.network.summary import Summary
    from convcalc.network.trace import Node
    from convcalc.report.document import Heading
    from convcalc.report.selection import Show

MOST_LABELS = 1 << 20


def show_numbers(
    here: Surroundings,
    summary: "Summary",
    x: "Array",
    asked: NumberOptions,
    layer: str | None,
    out: SheetOptions,
    *,
    word: str,
    walk: bool,
) -> None:
    """Run a network on a batch (N, …), and show what was asked for; `word` is what the network was named by."""
    from convcalc.inference.network import NetworkNumbers
    from convcalc.inference.run import check_numbers
    from convcalc.report.model import heading
    from convcalc.report.selection import Show

    check_numbers(summary.trace)
    tensors = tensors_of(here, summary, asked, word)
    network = NetworkNumbers(summary.trace, summary.output_node, tensors, x, asked.exact, counted)
    title, show = heading(summary), Show(heat=asked.heat)
    if asked.rate is not None:
        _step_down(here, summary, network, title, asked, out)
    elif asked.backward:
        _go_back(here, network, title, asked, out)
    elif asked.at is not None or asked.why is not None or layer is not None or walk:
        _show_layer(here, summary, network, title, asked, layer, show, out, walk=walk)
    elif asked.quiet:
        from convcalc.matrix_io.plain import plain_lines, plain_number

        for text in summary.trace.notes:
            note(text)
        output = network.output
        grid = output.reshape(output.shape[1:]) if len(x) == 1 else output
        write_lines(here, iter(plain_lines(grid, plain_number)), out)
    else:
        _show_all(here, network, title, asked, out)


def _show_all(
    here: Surroundings, network: "NetworkNumbers", title: "Heading", asked: NumberOptions, out: SheetOptions
) -> None:
    """Show the whole network: the table, small maps where they can be drawn, the classes; or all maps as JSON."""
    from convcalc.inference.names import names_of
    from convcalc.report.document import Calculation
    from convcalc.report.network_numbers import LayerRange, network_document, network_sheet

    style, names = out.style(here), names_of(network.trace)
    if style is Format.HTML:
        _write_page(here, network, title, asked, out)
        return
    keeps = asked.save is not None or style is Format.JSON
    draws = style in (Format.TABLE, Format.SVG)
    layers, maps, outputs = [], {}, []
    for run in network.runs():
        name = names[run.node.index]
        layers.append(LayerRange.of(run, name, draws=draws))
        if keeps:
            maps[name] = run.output
        if run.node.index in network.heads:
            outputs.append((run.node, name, run.output))
    if asked.save is not None:
        _save(asked.save, maps, f"{len(maps)} layers' maps")
    if style is Format.JSON:
        _write_json(here, title, {"layers": _as_records(network, names, maps)}, out)
        return
    document = list(network_document(title, layers, outputs, _labels(here, asked.labels)))
    emit_report(here, Calculation(document, list), lambda: network_sheet(title, layers), out)


def _write_page(
    here: Surroundings, network: "NetworkNumbers", title: "Heading", asked: NumberOptions, out: SheetOptions
) -> None:
    """Write the network as a page: its first item, with as many maps and weights as a page holds."""
    from convcalc.inference.names import names_of
    from convcalc.render.network import render
    from convcalc.report.network_page import page_data

    if asked.save is not None:
        raise UsageError("--save and a page exclude each other", hint="ask for them one after the other")
    runs = list(network.runs(keep=range(len(network.trace.nodes))))
    data = page_data(title, runs, names_of(network.trace), network.heads, _labels(here, asked.labels))
    write_lines(here, render(data, compact=out.compact), out)


def write_lines(here: Surroundings, lines: "Iterator[str]", out: SheetOptions) -> None:
    """Print lines, or write them whole to the file that is asked for."""
    if out.output is None or out.output == "-":
        print_lines(here, lines)
        return
    from convcalc.cli.progress import counted
    from convcalc.matrix_io.saving import write_whole

    write_whole(Path(out.output), counted(lines, None, "lines"))
    complain(f"wrote {out.output}")


def _as_records(
    network: "NetworkNumbers", names: "Mapping[int, str]", maps: "Mapping[str, Array]"
) -> "list[dict[str, Any]]":
    nodes = network.trace.nodes
    return [
        {
            "name": name,
            "layer": str(nodes[index].layer) if index else "input",
            "reads": [names[source] for source in nodes[index].inputs],
            "shape": list(maps[name].shape),
            "output": maps[name],
        }
        for index, name in names.items()
        if name in maps
    ]


def _plain(grid: "Array") -> Any:
    """Return a grid as lists of plain numbers; a fraction as its text, so that it stays exact."""
    import numpy as np

    if grid.dtype != object:
        return grid.tolist()
    cells = [int(cell) if cell == int(cell) else str(cell) for cell in grid.ravel()]
    return np.array(cells, dtype=object).reshape(grid.shape).tolist()


def _write_json(here: Surroundings, title: "Heading", contents: "dict[str, Any]", out: SheetOptions) -> None:
    write_lines(here, _json_lines({"version": 1, "title": title.text, **contents}), out)


def _json_lines(value: Any, key: str = "", end: str = "") -> "Iterator[str]":
    """Yield a value as lines of JSON: each part of a mapping or a list, and of a grid, which may be large, each row."""
    import json

    import numpy as np

    if isinstance(value, np.ndarray) and value.ndim < 2:
        value = _plain(value)
    if isinstance(value, dict):
        brackets, parts = "{}", [(f"{json.dumps(name, ensure_ascii=False)}: ", part) for name, part in value.items()]
    elif isinstance(value, np.ndarray) or (isinstance(value, list) and value and isinstance(value[0], dict)):
        brackets, parts = "[]", [("", part) for part in value]
    else:
        yield f"{key}{json.dumps(value, ensure_ascii=False)}{end}"
        return
    yield f"{key}{brackets[0]}"
    for index, (name, part) in enumerate(parts, start=1):
        yield from _json_lines(part, name, "," * (index < len(parts)))
    yield f"{brackets[1]}{end}"


def _show_layer(
    here: Surroundings,
    summary: "Summary",
    network: "NetworkNumbers",
    title: "Heading",
    asked: NumberOptions,
    layer: str | None,
    show: "Show",
    out: SheetOptions,
    *,
    walk: bool,
) -> None:
    """Show one layer's maps, a neuron's step, its causes; or walk from layer to layer."""
    from convcalc.inference.names import names_of
    from convcalc.report.document import Calculation
    from convcalc.report.network_numbers import maps_document
    from convcalc.report.network_steps import network_steps, neuron
    from convcalc.report.why import why_document

    names = names_of(network.trace)
    word = asked.at or asked.why
    name, place = (str(layer), ()) if word is None else place_of(word, "--at" if asked.at else "--why")
    if walk:
        all_runs = list(network.runs(keep=range(len(network.trace.nodes))))
        steps = Calculation([], list, steps=lambda show: network_steps(title, all_runs, names, show))
        emit_report(here, steps, None, out, walk=True)
        return
    node = named_layer(summary, name)
    if asked.why is not None:
        runs = {run.node.index: run for run in network.runs(keep=range(node.index + 1)) if run.node.index <= node.index}
        document = list(why_document(title, network.trace, runs, names, node.index, place, show))
        emit_report(here, Calculation(document, list), None, out)
        return
    run = network.run_of(node.index)
    if asked.at is not None:
        emit_report(here, neuron(title, run, names[node.index], show._replace(at=place)), None, out)
        return
    document = list(maps_document(title, run, names[node.index], show))
    emit_report(here, Calculation(document, list), None, out)


def named_layer(summary: "Summary", name: str) -> "Node":
    """Return a layer by the name that the table gives it, or a part's last layer by the part's."""
    from convcalc.inference.names import node_of
    from convcalc.report.model_steps import layer_named

    if name == "input":
        return summary.trace.nodes[0]
    return node_of(summary.trace, name) or layer_named(summary, name)


def place_of(text: str, option: str) -> tuple[str, tuple[int, ...]]:
    """Read a layer and a place in it."""
    name, colon, indices = text.rpartition(":")
    if not colon or not name:
        raise UsageError(f"{option} {text}: it takes a layer and a place", hint=f"as in {option} conv2:3,4,4")
    return name, numbers(indices, option, most=4, example="conv2:3,4,4")


def _targets(text: str | None) -> "list[int] | None":
    return None if text is None else list(numbers(text, "--target", most=1024, example="3"))


def _go_back(
    here: Surroundings, network: "NetworkNumbers", title: "Heading", asked: NumberOptions, out: SheetOptions
) -> None:
    """Show the gradients of a network's parameters and input, or one cell's working."""
    from convcalc.errors import did_you_mean
    from convcalc.report.document import Calculation
    from convcalc.report.network_gradients import gradient_at, gradients_document
    from convcalc.report.selection import Show

    back = network.backward(_targets(asked.target))
    if asked.at is not None:
        name, place = place_of(asked.at, "--at")
        if name not in back.parameters and name != "input":
            hint = did_you_mean(name, back.parameters, "as in conv1.weight:0,0,1,1")
            raise UsageError(f"the network has no parameter '{name}'", hint=hint)
        emit_report(here, gradient_at(title, back, name, place, Show()), None, out)
        return
    if out.style(here) is Format.JSON:
        _write_json(here, title, {"loss": back.loss, "gradients": back.gradients, "input": back.input}, out)
        return
    emit_report(here, Calculation(list(gradients_document(title, back, Show())), list), None, out)


def _step_down(
    here: Surroundings,
    summary: "Summary",
    network: "NetworkNumbers",
    title: "Heading",
    asked: NumberOptions,
    out: SheetOptions,
) -> None:
    """Take one step of descent, say what it did to the loss, and write the new weights."""
    from convcalc.report.document import Calculation
    from convcalc.report.network_gradients import descent_document
    from convcalc.report.selection import Show

    rate, target = float(number_of(str(asked.rate), "--rate")), _targets(asked.target)
    back = network.backward(target)
    kept = {id(network.trace.nodes[index].layer) for index in summary.frozen}
    frozen = [name for name, layer, part in network.learned if id(layer) in kept or (part or "weight") in layer.frozen]
    stepped = network.moved(back, rate, frozen)
    assert back.loss is not None, "a target has a loss"
    assert target is not None, "a step goes down from the loss of a target"
    after = stepped.loss(target)
    if asked.save is not None:
        _save(asked.save, stepped.named_tensors, "the new weights")
    document = list(descent_document(title, back.loss, after, rate, len(frozen), Show()))
    emit_report(here, Calculation(document, list), None, out)


def _labels(here: Surroundings, word: str | None) -> list[str]:
    if word is None:
        return []
    try:
        return read_bytes(here, word, "labels", MOST_LABELS).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{word} is no text", hint="write the names of the classes, one a line, as UTF-8") from None


def _save(word: str, arrays: "Mapping[str, Array]", what: str) -> None:
    import io

    import numpy as np

    from convcalc.matrix_io.saving import write_whole

    if not word.endswith(".npz"):
        raise UsageError(f"--save {word}: it writes .npz", hint="as in --save maps.npz")
    stream = io.BytesIO()
    given: Any = {name: grid.astype(float) if grid.dtype == object else grid for name, grid in arrays.items()}
    np.savez(stream, **given)
    write_whole(Path(word), stream.getvalue())
    complain(f"wrote {what} to {word}")
