"""A network as a Document: a row for each layer, the totals with what they leave out, and the counts written out."""

from collections.abc import Iterator, Mapping

from convcalc.network.layer import Layer, times
from convcalc.network.receptive import Field, is_whole
from convcalc.network.summary import (
    FROZEN_UNKNOWN,
    Row,
    Summary,
    bytes_text,
    deepest,
    folded,
    shown,
    trained,
)
from convcalc.report.document import Block, Document, Heading, Role, Sheet, Subheading, Table, Text
from convcalc.report.network_words import Words, given_text, words_of

MOST_ROWS = 48
"""Rows of a table that nobody asked to be longer."""
MOST_SO_FAR = 12
"""Layers that are shown before an error."""


def field_text(field: Field | None, what: str = "size") -> str:
    """Write a receptive field's size, or its jump; ``all`` where the whole input is seen."""
    if field is None or not field.axes:
        return ""
    if is_whole(field):
        return "all" if what == "size" else ""
    if what == "jump" and any(along.lost for along in field.axes):
        return ""
    texts = ["all" if along.whole else str(getattr(along, what)) for along in field.axes]
    return texts[0] if len(set(texts)) == 1 else "×".join(texts)


def rows_of(summary: Summary, depth: int | None, *, everything: bool) -> tuple[list[Row], int | None]:
    """Return the rows to be shown and how deep they go: as deep as asked, or as a glance can take in."""
    if everything:
        return [row for row in shown(summary.rows, depth) if row.is_layer or depth is not None], depth
    rows = folded(summary.rows)
    if depth is not None:
        return list(shown(rows, depth)), depth
    for level in range(deepest(rows), 1, -1):
        rows_shown = list(shown(rows, level))
        if len(rows_shown) <= MOST_ROWS:
            return rows_shown, level if level < deepest(rows) else None
    return list(shown(rows, 1)), 1 if deepest(rows) > 1 else None


def model_document(summary: Summary, depth: int | None = None, *, everything: bool = False) -> Document:
    """Show a network: folded to what a glance can take in, or down to a depth, or every layer by its full name."""
    rows, cut = rows_of(summary, depth, everything=everything)
    yield heading(summary)
    yield Text("")
    yield _table(summary, rows, full_names=everything)
    if cut is not None and depth is None and not everything:
        yield Text(f"  Parts are folded: --depth {cut + 1} unfolds more of them, --all every layer.", Role.QUIET)
    elif not everything and any(row.times > 1 for row in rows):
        yield Text(
            "  Parts that are the same stand here once (×N), with the field of the last: --all lists each.", Role.QUIET
        )
    yield from totals(summary)
    yield from written_out(summary, rows, full_names=everything)


def layers_so_far(summary: Summary) -> Document:
    """Show the layers of a network up to one that does not fit: the last of them, if there are many."""
    rows = [row for row in shown(summary.rows, None) if row.is_layer]
    left_out = len(rows) - MOST_SO_FAR
    if left_out > 0:
        yield Text(f"  … {left_out} layers, and then:", Role.QUIET)
    yield _table(summary, rows[-MOST_SO_FAR:], full_names=True)
    yield Text("")


def heading(summary: Summary) -> Heading:
    """Return what the network is, and what it makes of what."""
    as_written = summary.trace.channels_last
    how = f" (read from {times(as_written)}: {ORDERS[len(as_written)]})" if as_written else ""
    output = words_of(summary).given(summary.output)
    return Heading(f"model · {summary.title} · input {given_text(summary)}{how} → {output}")


ORDERS = {2: "length × channels", 3: "height × width × channels", 4: "depth × height × width × channels"}
"""In which order a shape is written whose channels come last."""


def _table(summary: Summary, rows: list[Row], *, full_names: bool) -> Table:
    words = words_of(summary)
    first = "1" if len(summary.input) > 2 else ""
    axes = words.axes.get(len(summary.input), "")
    lines: list[tuple[str, ...]] = [("input", axes, words.shape(summary.input), "", "", first, first, "")]
    opened = _open_parts(rows)
    lines += [_line(words, row, full_names=full_names, opened=id(row) in opened) for row in rows]
    left = frozenset({0, 1})
    if not any(line[5] not in ("", "1") for line in lines):
        lines = [(*line[:5], "", "", line[7]) for line in lines]
    return Table(words.columns, tuple(lines), left, spare=words.spare)


def _open_parts(rows: list[Row]) -> set[int]:
    """Return the identities of the parts whose own rows are shown below them."""
    there = {id(row) for row in rows}
    return {id(row) for row in rows if row.rows and id(row.rows[0]) in there}


def _line(words: Words, row: Row, *, full_names: bool, opened: bool) -> tuple[str, ...]:
    label = row.name if full_names else "  " * row.depth + row.label
    text = row.text + (f" ×{row.times}" if row.times > 1 else "")
    node = row.nodes[0]
    if row.is_layer and not node.used:
        return (label, f"{text} (not used)", "", words.number(words.count(row)), "", "", "", "")
    if opened:
        return (label, text, "", "", "", "", "", "")
    if row.is_layer and node.shared:
        text += " (shared)"
    if row.is_layer and node.outside:
        text += " (not the network's)"
    if row.frozen and row.trainable:
        text += " (trained)"
    elif not row.frozen and row.trainable < row.weights:
        text += " (partly frozen)" if row.trainable else " (frozen)"
    each = row.times
    return (
        label,
        text,
        words.shape(row.output),
        words.number(words.count(row) * each),
        words.number(row.multiply_adds * each),
        field_text(row.field),
        field_text(row.field, "jump"),
        bytes_text(row.memory * each).replace(" ", "") if row.memory else "",
    )


def totals(summary: Summary) -> Iterator[Block]:
    """Say what it all comes to, and beside each figure what it counts and what it does not."""
    rows = list(words_of(summary).totals(summary))
    if any(note.endswith(FROZEN_UNKNOWN) for note in summary.trace.notes):
        rows[0] = (rows[0][0], f"{rows[0][1]}, but for what the note says")
    rows += [
        ("multiply-adds", f"{summary.multiply_adds:,} for one item: {COUNTED}; not {NOT_COUNTED}"),
        ("FLOPs", f"{2 * summary.multiply_adds:,}, if a multiplication and an addition are two"),
        ("memory", f"{bytes_text(summary.memory)} for the outputs of one item, in float32; training needs more"),
        ("on disk", f"{bytes_text(summary.on_disk)}, parameters and buffers in float32"),
        *(("note", note) for note in summary.trace.notes),
    ]
    yield Text("")
    yield Table(("total", ""), tuple(rows), frozenset({0, 1}))


COUNTED = "of convolutions, fully connected layers and matrix products"
NOT_COUNTED = "biases, norms, activations, pooling or sums"


def written_out(summary: Summary, rows: list[Row], *, full_names: bool) -> Iterator[Block]:
    """Write out how each count that is shown comes about: a layer's product, a part's sum."""
    lines, opened, words = [], _open_parts(rows), words_of(summary)
    for row in rows:
        name = row.name if full_names or row.depth == 0 else f"{row.name.rpartition('.')[0]}.{row.label}"
        name += f" ×{row.times}" if row.times > 1 else ""
        for what in ("weights", "multiply_adds"):
            text = "" if id(row) in opened else row.written(what)
            if what == "weights" and row.is_layer and words.counts_buffers:
                count = words.count_of(row.nodes[0])
                text = str(count) if count.value else ""
            if text:
                lines.append((name, words.parameters if what == "weights" else "multiply-adds", text))
                name = ""
    if lines:
        yield Subheading("the counts, written out")
        yield Table(("name", "count", "how it comes about"), tuple(lines), frozenset({0, 1, 2}))


def sheet(summary: Summary) -> Sheet:
    """Return every layer with every column, for another program."""
    words = words_of(summary)
    columns = (
        *("name", "layer", "input", "output", "parameters", "parameters written out", "trainable", "frozen", "buffers"),
        *("multiply-adds", "multiply-adds written out", "receptive field", "jump", "output bytes"),
    )
    rows = []
    for node in summary.nodes:
        weights = node.weights.value
        trained_weights = trained(node, summary.frozen)
        field = summary.fields[node.index]
        rows.append(
            (
                node.name,
                str(node.layer),
                " + ".join(map(words.given, node.shapes)),
                words.shape(node.output),
                weights,
                str(node.weights) if weights else "",
                trained_weights,
                weights - trained_weights,
                node.buffers.value,
                node.multiply_adds.value,
                str(node.multiply_adds) if node.multiply_adds.value else "",
                _as_number(field_text(field)),
                _as_number(field_text(field, "jump")),
                Row(node.name, "", 0, "", node.output, [node]).memory,
            )
        )
    return Sheet(heading(summary).text, columns, tuple(rows), tuple(_totals(summary)))


def _as_number(text: str) -> str | int:
    return int(text) if text.isdigit() else text


def _totals(summary: Summary) -> Iterator[tuple[str, str | int]]:
    yield "input", given_text(summary)
    yield "output", words_of(summary).given(summary.output)
    yield "parameters", summary.weights
    yield "trainable", summary.trainable
    yield "frozen", summary.weights - summary.trainable
    yield "buffers", summary.buffers
    yield "multiply-adds", summary.multiply_adds
    yield "bytes of outputs", summary.memory
    yield "bytes on disk", summary.on_disk
    yield "counted", f"multiply-adds {COUNTED}, for one item; not {NOT_COUNTED}"
    if summary.trace.notes:
        yield "note", "; ".join(summary.trace.notes)


def kinds_document() -> Document:
    """List the layers that are counted, with their settings."""
    from convcalc.network.keras.kinds import KERAS
    from convcalc.network.kinds import KINDS

    yield Heading("layers that are counted, in PyTorch's words")
    yield Text("")
    yield _settings(KINDS)
    yield Subheading("in Keras's words")
    yield _settings(KERAS)


def _settings(kinds: Mapping[str, type[Layer]]) -> Table:
    rows = []
    for name, kind in kinds.items():
        arguments = ((key, default) for key, default in kind.arguments().items() if key not in UNSAID)
        settings = ", ".join(key if default is ... else f"{key}={default!r}" for key, default in arguments)
        rows.append((name, settings))
    return Table(("layer", "settings"), tuple(rows), frozenset({0, 1}))


UNSAID = ("device", "dtype", "data_format")
"""Settings that change nothing here."""
