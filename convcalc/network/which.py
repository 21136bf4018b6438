"""Which network a word names: a source file, a folder of such, a list of layers, or one of the zoo."""

import os
import re
from collections.abc import Callable
from pathlib import Path

from convcalc.errors import InputError, UsageError
from convcalc.network import written, zoo
from convcalc.network.layer import Shape
from convcalc.network.trace import Tensor, Trace

Build = Callable[[Shape | None, Trace], tuple[Trace, Tensor]]
"""How a network is built for an input of a shape, into an empty trace."""
STDIN = "-"
SAVED = {
    **dict.fromkeys((".pt", ".pth", ".ckpt", ".safetensors"), "a network's saved numbers, without its source"),
    **dict.fromkeys((".h5", ".keras"), "a network that Keras saved"),
    ".onnx": "a network in ONNX, which is not read",
    ".ipynb": "a notebook, which is not read",
}
"""What files hold that have to do with networks and are not their source."""


def which_network(
    word: str, wanted: str | None, shape: Shape | None, read: Callable[[str], bytes]
) -> tuple[str, Build]:
    """Return a network's title and how it is built, whichever way it is named; `wanted` picks one of a file's.

    `read` returns what stands in a file. Raises UsageError where there is none, or it needs an input's `shape`.
    """
    path = Path(word)
    exists = zoo.named(word) is None and os.path.exists(word)  # which takes a name that is too long, too
    if exists and path.suffix.lower() in SAVED:
        raise InputError(f"{word} is {SAVED[path.suffix.lower()]}", hint="name the .py file that makes the network")
    if word == STDIN or word.endswith(".py") or exists:
        return _of_source(word, wanted, shape, read)
    if wanted is not None:
        raise UsageError("--class picks a network of a source file", hint="leave it out")
    if written.looks_written(word):
        needed(shape)
        return "a list of layers", lambda shape, trace: written.build(word, needed(shape), trace)
    if re.search(r"[\\/.]", word) and zoo.named(word) is None:
        raise UsageError(f"there is no file '{word}'", hint="name a .py file, or a network: `convcalc zoo --all`")
    entry = zoo.entry(word)
    return entry.title, entry.build


def _of_source(word: str, wanted: str | None, shape: Shape | None, read: Callable[[str], bytes]) -> tuple[str, Build]:
    from convcalc.network.source.folders import network_in
    from convcalc.network.source.reader import SourceFile

    folder = None if word == STDIN else Path(word).parent
    if folder is not None and Path(word).is_dir():
        folder = Path(word)
        file, wanted = network_in(folder, wanted)
        word = str(file)
    source = SourceFile(read(word), "stdin" if word == STDIN else word, folder)
    needed(shape)
    return source.title(wanted), lambda shape, trace: source.build(needed(shape), wanted, trace)


def needed(shape: Shape | None) -> Shape:
    """Return an input's shape; raise UsageError where there is none."""
    if shape is None:
        raise UsageError("the shape of the input is missing", hint="give one item's, as in -i 1x28x28 (C×H×W)")
    return shape
