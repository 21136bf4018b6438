"""What PyTorch prints of a network: its layers by name, with their settings, and nothing of how forward joins them."""

import ast
import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from convcalc.errors import InputError, Place
from convcalc.network.dense import Linear
from convcalc.network.kinds import KINDS
from convcalc.network.layer import Layer, Shape
from convcalc.network.trace import Tensor, Trace

SOURCE = "print(model)"
_LINE = re.compile(r"(?P<indent>\s*)\((?P<name>[^()]+)\): (?:(?P<times>\d+) x )?(?P<kind>\w+)\((?P<rest>.*)$")
_FIRST = re.compile(r"\s*(?P<kind>\w+)\((?P<rest>.*)$")
NOT_SAID = "print(model) does not say how forward joins the layers"
MOST_LAYERS = 20_000


@dataclass
class Part:
    """One line: a layer's name, kind and settings, or a part with those within it."""

    name: str
    kind: str
    settings: str
    place: Place
    parts: list["Part"] = field(default_factory=list)
    is_open: bool = False
    times: int = 1


def looks_printed(text: str) -> bool:
    r"""Whether a text is what PyTorch prints of a network.

    >>> looks_printed("Net(\n  (fc): Linear(in_features=3, out_features=2, bias=True)\n)"), looks_printed("ReLU()")
    (True, False)
    """
    return re.match(r"\s*\w+\(\s*\n\s*\([^()\n]+\): ", text.replace("\r\n", "\n")) is not None


def parsed(text: str) -> Part:
    """Read the lines; raise InputError at one that is something else."""
    lines = text.replace("\r\n", "\n").strip("\n").split("\n")
    first = _FIRST.match(lines[0])
    assert first is not None
    root = Part("", first["kind"], "", Place(SOURCE, 1, 1, lines[0]), is_open=True)
    stack, count = [root], 0
    for number, line in enumerate(lines[1:], 2):
        place = Place(SOURCE, number, len(line) - len(line.lstrip()) + 1, line, max(len(line.strip()), 1))
        if not line.strip():
            continue
        if line.strip() == ")":
            stack.pop()
            if not stack:
                break
            continue
        found = _LINE.match(line)
        count += 1
        if found is None or not stack or count > MOST_LAYERS:
            raise InputError(
                "this line is no layer as PyTorch prints it", hint="paste all of print(model)", place=place
            )
        is_leaf = _depth(found["rest"]) < 0
        settings = found["rest"].rstrip()[:-1] if is_leaf else ""
        part = Part(found["name"], found["kind"], settings, place, is_open=not is_leaf, times=int(found["times"] or 1))
        stack[-1].parts.append(part)
        if part.is_open:
            stack.append(part)
    return root


def _depth(text: str) -> int:
    return text.count("(") - text.count(")")


def layers(part: Part, prefix: str = "") -> Iterator[tuple[str, str, Layer | None, Part]]:
    """Yield each layer, or part, by its full name: parts before what they hold, with None for a layer."""
    for inner in part.parts:
        first = int(inner.name.partition("-")[0]) if inner.times > 1 else 0
        for turn in range(inner.times):
            name = prefix + (str(first + turn) if inner.times > 1 else inner.name)
            if inner.is_open:
                yield name, inner.kind, None, inner
                yield from layers(inner, f"{name}.")
            else:
                yield name, inner.kind, _layer(inner), inner


def _layer(part: Part) -> Layer | None:
    """Return the layer of a line; a module without layers of its own is none."""
    kind = "Linear" if part.kind == "NonDynamicallyQuantizableLinear" else part.kind
    if kind not in KINDS:
        if part.settings.strip():
            raise InputError(f"there is no layer '{part.kind}' among those that are counted", place=part.place)
        return None
    try:
        call = ast.parse(f"f({part.settings})", mode="eval").body
        assert isinstance(call, ast.Call)
        given = tuple(ast.literal_eval(one) for one in call.args)
        named: dict[str, Any] = {str(one.arg): ast.literal_eval(one.value) for one in call.keywords}
        return KINDS[kind](*given, **named)
    except InputError as error:
        raise InputError(error.message, hint=error.hint, place=part.place) from None
    except (SyntaxError, ValueError, AssertionError, RecursionError):
        raise InputError("these settings cannot be read", place=part.place) from None


def build(text: str, shape: Shape, trace: Trace) -> tuple[Trace, Tensor]:
    """Count a printed network: its layers one after the other, flattened where a Linear needs it, if that fits."""
    root = parsed(text)
    trace.groups |= {name: kind for name, kind, layer, part in layers(root) if part.is_open}
    named = [(name, layer, part) for name, _, layer, part in layers(root) if layer is not None]
    hidden = [name for name, _, layer, part in layers(root) if layer is None and not part.is_open]
    trace.unknown.append(InputError(NOT_SAID, hint="name its source file"))
    if hidden:
        trace.notes.append(f"what {', '.join(hidden[:3])} {'hold' if len(hidden) > 1 else 'holds'} is not printed")
    is_chain = all(part.kind == "Sequential" for part in _opened(root))
    x = trace.input(shape)
    for index, (name, layer, part) in enumerate(named):
        if isinstance(layer, Linear) and len(x.shape) > 2 and x.shape[-1] != layer.in_features and not is_chain:
            x = trace.apply(f"{name.rpartition('.')[0]}.flatten".lstrip("."), KINDS["Flatten"](), x)
        try:
            x = trace.apply(name, layer, x)
        except InputError as error:
            if is_chain:
                raise InputError(error.message, hint=error.hint, place=part.place) from None
            for later, unused, _ in named[index:]:
                trace.unused(later, copy.copy(unused))  # which the trace has not seen yet
            trace.notes.append(
                f"{NOT_SAID}: from {name} on they do not fit one after the other; parameters are counted"
            )
            return trace, x
    if not is_chain:
        trace.notes.append(f"{NOT_SAID}: they are taken one after the other, flattened before a Linear")
    return trace, x


def _opened(part: Part) -> Iterator[Part]:
    yield part
    for inner in part.parts:
        if inner.is_open:
            yield from _opened(inner)
