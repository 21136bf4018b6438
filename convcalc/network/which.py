"""Which network a word names: a source file, a folder of such, a list of layers, or one of the zoo."""

import os
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from convcalc.errors import InputError, UsageError
from convcalc.network import printed, written, zoo
from convcalc.network.layer import Shape
from convcalc.network.order import read_in_order
from convcalc.network.trace import Tensor, Trace
from convcalc.watch import Watch, unwatched

STDIN = "-"
ONNX = ".onnx"
PRINTED = "what PyTorch prints"
SAVED = {
    **dict.fromkeys((".pt", ".pth", ".ckpt", ".safetensors"), "a network's saved numbers, without its source"),
    **dict.fromkeys((".h5", ".keras"), "a network that Keras saved"),
}
"""What files hold that have to do with networks and are not their source."""


class Named(NamedTuple):
    """A network: what it is called, and how it is built into an empty trace."""

    title: str
    build: Callable[[Trace], tuple[Trace, Tensor]]
    as_written: Callable[[Trace], tuple[Trace, Tensor]]
    """The same, the input's axes being in the order in which they are given, so that a trace shows how far it went."""


def which_network(
    word: str, wanted: str | None, shapes: list[Shape], read: Callable[[str], bytes], watch: Watch = unwatched
) -> Named:
    """Return the network that a word names, for inputs of these shapes; `wanted` picks one of a file's.

    `read` returns what stands in a file; a folder's files are read through `watch`. Raises UsageError where there is
    none, or an input's shape is missing.
    """
    path = Path(word)
    exists = zoo.named(word) is None and os.path.exists(word)  # which takes a name that is too long, too
    if exists and path.suffix.lower() == ONNX:
        return _of_onnx(word, wanted, shapes, read)
    if exists and path.suffix.lower() in SAVED:
        raise InputError(f"{word} is {SAVED[path.suffix.lower()]}", hint="name the .py file that makes the network")
    if word == STDIN or word.endswith(".py") or exists:
        return _of_source(word, wanted, shapes, read, watch)
    if printed.looks_printed(word):
        return _in_order(PRINTED, lambda shape, trace: printed.build(word, shape, trace), _only(shapes))
    if wanted is not None:
        raise UsageError("--class picks a network of a source file", hint="leave it out")
    if written.looks_written(word):
        shape = _only(shapes)
        alone = not written.is_keras(word)  # whose channels are last
        return _in_order("a list of layers", lambda shape, trace: written.build(word, shape, trace), shape, alone=alone)
    if re.search(r"[\\/.]", word) and zoo.named(word) is None:
        raise UsageError(f"there is no file '{word}'", hint="name a .py file, or a network: `convcalc zoo --all`")
    entry = zoo.entry(word)
    return _in_order(entry.title, entry.build, _only(shapes) if shapes else entry.input)


def _of_source(word: str, wanted: str | None, shapes: list[Shape], read: Callable[[str], bytes], watch: Watch) -> Named:
    from convcalc.network.source.folders import network_in
    from convcalc.network.source.reader import SourceFile

    folder = None if word == STDIN else Path(word).parent
    if folder is not None and Path(word).is_dir():
        folder = Path(word)
        file, wanted = network_in(folder, wanted, watch)
        word = str(file)
    data = read(word)
    text = data.decode("utf-8-sig", "replace")
    if printed.looks_printed(text):
        return _in_order(PRINTED, lambda shape, trace: printed.build(text, shape, trace), _only(shapes))
    source = SourceFile(data, "stdin" if word == STDIN else word, folder)
    if source.tells_shapes:

        def build(trace: Trace) -> tuple[Trace, Tensor]:
            return source.build(shapes, wanted, trace)

        return Named(source.title(wanted, shapes), build, build)
    shape, *more = _needed(shapes)
    title = source.title(wanted, shapes)
    return _in_order(title, lambda shape, trace: source.build([shape, *more], wanted, trace), shape, alone=not more)


def _of_onnx(word: str, wanted: str | None, shapes: list[Shape], read: Callable[[str], bytes]) -> Named:
    from convcalc.network.onnx import reading

    if wanted is not None:
        raise UsageError("--class picks a network of a source file", hint="leave it out")
    data = read(word)

    def build(trace: Trace) -> tuple[Trace, Tensor]:
        return reading.build(data, word, shapes, trace)

    return Named(word, build, build)


def _in_order(
    title: str, build: Callable[[Shape, Trace], tuple[Trace, Tensor]], shape: Shape, *, alone: bool = True
) -> Named:
    in_order = cache(lambda: read_in_order(build, shape, alone=alone))  # found out when it is first built
    return Named(title, lambda trace: in_order()(trace), lambda trace: build(shape, trace))


def _only(shapes: list[Shape]) -> Shape:
    shape, *more = _needed(shapes)
    if more:
        raise UsageError(f"{len(shapes)} inputs are given, and this network has one", hint="give -i once")
    return shape


def _needed(shapes: list[Shape]) -> list[Shape]:
    if not shapes:
        raise UsageError("the shape of the input is missing", hint="give one item's, as in -i 1x28x28 (C×H×W)")
    return shapes
