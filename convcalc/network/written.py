"""A network written as a list in PyTorch's words: ``Conv2d(1, 6, 5), ReLU(), MaxPool2d(2)``. Read, never executed."""

import ast
import re

from convcalc.errors import InputError, Place
from convcalc.network.keras.shapes import auto_name
from convcalc.network.kinds import KINDS, kind
from convcalc.network.layer import Layer, Shape
from convcalc.network.trace import KERAS as KERAS_WORDS
from convcalc.network.trace import NetworkPart, Tensor, Trace

LONGEST = 100_000
NO_NUMBERS = "leave --weights out; or write it in PyTorch's words"
SOURCE = "network"


def looks_written(word: str) -> bool:
    """Whether a word is a list of layers rather than a name or a file.

    >>> looks_written("Conv2d(1, 6, 5), ReLU()"), looks_written("resnet50"), looks_written("my net (1).py")
    (True, False, False)
    """
    return re.match(r"[\s\[(,;]*[\w.]+\s*\(", word) is not None


def is_keras(text: str) -> bool:
    """Whether a list's layers are Keras's: one of them has a name that only Keras knows.

    >>> is_keras("Conv2D(32, 3), Flatten(), Dense(10)"), is_keras("Conv2d(1, 6, 5), Flatten(), Linear(10)")
    (True, False)
    """
    names = set(re.findall(r"(\w+)\s*\(", text))
    if names <= {*KINDS}:
        return False
    from convcalc.network.keras.kinds import ALIASES, KERAS

    keras = {*KERAS, *ALIASES}
    return bool(names & keras - {*KINDS}) and not names & ({*KINDS} - keras)


def build(text: str, shape: Shape, trace: Trace | None = None) -> tuple[Trace, Tensor]:
    """Read a list of layers, apply them to an input of a shape, and return the trace, and the output.

    The shape is (C, H, W), or (H, W, C) of a list in Keras's words.
    """
    net = NetworkPart(Trace() if trace is None else trace)
    in_keras = is_keras(text)
    if in_keras:
        net.trace.words = KERAS_WORDS
        net.trace.unknown.append(InputError("Keras's networks are counted, and not worked in numbers", hint=NO_NUMBERS))
    x = net.input(shape)
    counts: dict[str, int] = {}
    for index, (layer, place) in enumerate(layers(text, in_keras=in_keras)):
        try:
            x = net(auto_name(counts, layer.kind) if in_keras else str(index), layer, x)
        except InputError as error:
            raise InputError(error.message, hint=error.hint, place=place) from None
    return net.trace, x


def layers(text: str, *, in_keras: bool = False) -> list[tuple[Layer, Place]]:
    """Return the layers that are written, each with its place; raise InputError with a caret."""
    line = " ".join(text.split("\n")).replace(";", ",")
    if len(line) > LONGEST:
        raise InputError("the list of layers is too long", hint=f"{LONGEST:,} signs are the most")
    try:
        tree = ast.parse(f"[{line}\n]", mode="eval").body
    except SyntaxError as error:
        place = Place(SOURCE, 1, max((error.offset or 2) - 1, 1), line)
        raise InputError(f"the list cannot be read: {error.msg}", hint=EXAMPLE, place=place) from None
    except (RecursionError, MemoryError, ValueError):
        raise InputError("the list cannot be read: it is nested too deep", hint=EXAMPLE) from None
    assert isinstance(tree, ast.List)
    calls = _calls(tree)
    if not calls:
        raise InputError("the list has no layers", hint=EXAMPLE)
    return [_layer(call, line, in_keras=in_keras) for call in calls]


EXAMPLE = 'as in "Conv2d(1, 6, 5), ReLU(), MaxPool2d(2), Flatten(), Linear(10)"'


def _calls(tree: ast.expr) -> list[ast.expr]:
    """Return the layers of a list, of lists within it, and of `Sequential(…)`."""
    calls: list[ast.expr] = []
    for item in getattr(tree, "elts", []):
        if isinstance(item, ast.List | ast.Tuple):
            calls += _calls(item)
        elif isinstance(item, ast.Call) and _name(item.func).rpartition(".")[2] == "Sequential":
            calls += _calls(ast.List(item.args))
        else:
            calls.append(item)
    return calls


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}"
    return ""


def _layer(node: ast.expr, line: str, *, in_keras: bool) -> tuple[Layer, Place]:
    column = node.col_offset  # of the list's own bracket one less, counted from one
    length = (node.end_col_offset or column + 1) - column
    place = Place(SOURCE, 1, len(f"[{line}".encode()[:column].decode(errors="replace")), line, max(length, 1))
    called = node.func if isinstance(node, ast.Call) else node
    name = _name(called).rpartition(".")[2]
    if not name:
        raise InputError("this is no layer", hint=EXAMPLE, place=place)
    try:
        if in_keras:
            return _of_keras(node, name), place
        layer_class = kind(name)
        if not isinstance(node, ast.Call):
            raise InputError(f"{name} is written without its brackets", hint=f"write {name}({layer_class.example()})")
        positional = tuple(_value(argument) for argument in node.args)
        keywords = {str(keyword.arg): _value(keyword.value) for keyword in node.keywords}
        return layer_class.inferring(positional, keywords), place
    except InputError as error:
        raise InputError(error.message, hint=error.hint, place=place) from None


def _of_keras(node: ast.expr, name: str) -> Layer:
    """Return a layer in Keras's words; what is put around another one is given that."""
    from convcalc.network.keras.kinds import keras_layer

    if not isinstance(node, ast.Call):
        raise InputError(f"{name} is written without its brackets", hint=f"write {name}(…)")
    given = [
        _of_keras(one, _name(one.func).rpartition(".")[2]) if isinstance(one, ast.Call) else _value(one)
        for one in node.args
    ]
    return keras_layer(name, tuple(given), {str(one.arg): _value(one.value) for one in node.keywords})


def _value(node: ast.expr) -> object:
    """Return a setting: a number, a word, True or False, a tuple, or a product such as 12*4*4."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Add | ast.Sub | ast.FloorDiv):
        left, right = _value(node.left), _value(node.right)
        if isinstance(left, int) and isinstance(right, int):
            if isinstance(node.op, ast.FloorDiv):
                return left // right if right else 0
            signs = {ast.Mult: left * right, ast.Add: left + right, ast.Sub: left - right}
            return signs[type(node.op)]
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise InputError(
            f"'{ast.unparse(node)}' is no setting", hint="write numbers, words in quotes, or tuples"
        ) from None
