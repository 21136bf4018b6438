"""A PyTorch source file: parsed, followed, and its network applied to a shape."""

import ast
import re
import warnings
from collections.abc import Iterator
from typing import Any

from convcalc.errors import ConvcalcError, InputError, Place
from convcalc.network.layer import Layer, Shape
from convcalc.network.source.expressions import EXPRESSIONS
from convcalc.network.source.follower import Follower, Language, LeavingError
from convcalc.network.source.modules import changes_layers, freezes
from convcalc.network.source.objects import ATTRIBUTES, CALLS
from convcalc.network.source.picking import base_of, pick
from convcalc.network.source.python import BUILTINS
from convcalc.network.source.statements import STATEMENTS
from convcalc.network.source.values import Class, Function, Library, Module, Unknown
from convcalc.network.summary import FROZEN_UNKNOWN
from convcalc.network.trace import Tensor, Trace
from convcalc.network.written import EXAMPLE, refuse_printed

_CAPITALS = re.compile(r"\s*(Return|Def|Class|Import|From|If|For|While|Else|Elif|Pass|With|RETURN|DEF|CLASS)\b")
TOO_DEEP = "the file is nested too deep to be followed"
CHANGES = frozenset(
    ("append", "extend", "insert", "add_module", "update", "register_module", "reverse", "sort", "pop", "remove",
     "clear", "setdefault", "register_buffer", "register_parameter")
)  # fmt: skip
"""Methods that change what they are called on."""


LANGUAGE = Language(EXPRESSIONS, STATEMENTS, CALLS, ATTRIBUTES, BUILTINS)
"""All the Python that is followed."""
OTHER_FRAMEWORKS = {"keras": "Keras", "tensorflow": "Keras", "flax": "Flax", "mxnet": "MXNet", "paddle": "Paddle"}


class SourceFile:
    """A source file that was parsed: `build` follows it, as often as it is asked to."""

    def __init__(self, data: bytes, name: str) -> None:
        self.name = name
        self.tree, self.lines = parse(data, name)
        self._check_framework()
        self.titles: dict[str | None, str] = {}

    def _check_framework(self) -> None:
        """Refuse a network in another library's words."""
        imports = [node for node in ast.walk(self.tree) if isinstance(node, ast.Import | ast.ImportFrom)]
        heads: dict[str, ast.Import | ast.ImportFrom] = {}
        for node in imports:
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            heads |= {name.partition(".")[0]: node for name in names}
        other = next((name for name in OTHER_FRAMEWORKS if name in heads), None)
        if other is not None and "torch" not in heads:
            number = heads[other].lineno
            raise InputError(
                f"this is a network of {OTHER_FRAMEWORKS[other]}, and PyTorch's are read",
                hint=f"write its layers as a list, {EXAMPLE}",
                place=Place(self.name, number, heads[other].col_offset + 1, self.lines[number - 1]),
            )

    def title(self, wanted: str | None) -> str:
        """Return what the network is called."""
        follower = self._followed()
        try:
            _, title = pick(follower, wanted)
        except RecursionError:
            raise InputError(TOO_DEEP, hint="is this a network?", place=Place(self.name)) from None
        return f"{title} of {self.name}"

    def _followed(self) -> Follower:
        follower = Follower(self.name, self.lines, LANGUAGE)
        for node in self.tree.body:
            top_level(follower, node)
        return follower

    def build(self, shape: Shape, wanted: str | None, trace: Trace) -> tuple[Trace, Tensor]:
        """Apply the file's network to an input of a shape, and return the trace, filled, and its output."""
        try:
            return self._built(shape, wanted, trace)
        except RecursionError:
            raise InputError(TOO_DEEP, hint="is this a network?", place=Place(self.name)) from None

    def _built(self, shape: Shape, wanted: str | None, trace: Trace) -> tuple[Trace, Tensor]:
        follower = self._followed()
        network, _ = pick(follower, wanted)
        layers_by_name = [("", network)] if isinstance(network, Layer) else list(network.named())
        follower.paths = {id(part): name for name, part in layers_by_name}
        if isinstance(network, Layer):
            follower.paths[id(network)] = network.kind.lower()
        trace.own = frozenset(follower.paths)
        for name, layer in [] if isinstance(network, Layer) else network.every_name():
            if follower.paths[id(layer)] != name:
                trace.also_called.setdefault(id(layer), []).append(name)
        follower.trace = trace
        trace.notes += follower.early
        x = trace.input(shape)
        node = _forward_of(network) or self.tree
        value = follower.call(node, network, [x], {}, follower.file)
        output = trace.current(first_tensor(follower, node, value))
        heads = [trace.current(tensor) for tensor in _tensors_in(value)]
        trace.heads = tuple(dict.fromkeys(tensor.node for tensor in heads if tensor.unknown is None))
        trace.unknown += [output.unknown] if output.unknown is not None else []
        trace.ends_detached = output.detached
        for name, part in layers_by_name:
            if isinstance(part, Layer):
                trace.unused(name, part)
        if trace.outside:
            follower.remark(
                f"{trace.outside:,} parameters of layers in a plain list, or made in forward, are not the network's: "
                "PyTorch neither counts nor trains them; put the layers into an nn.ModuleList"
            )
        return trace, output


def _forward_of(network: Module | Layer) -> ast.AST | None:
    """Return where a network's forward is written, if it is in the file."""
    made_by = network.made_by if isinstance(network, Module) else None
    if made_by is None or not made_by.has("forward"):
        return None
    function = made_by.find("forward")
    return function.node if isinstance(function, Function) else None


def parse(data: bytes, name: str) -> tuple[ast.Module, list[str]]:
    """Parse a source file; raise InputError at its line where it is none."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InputError("the file is not in UTF-8", hint="save it as UTF-8, as Python wants it", place=Place(name))
    if b"\0" in data:
        raise InputError("the file is no source text", hint="name a .py file", place=Place(name))
    text = data.decode("utf-8-sig", "replace")
    lines = re.split(r"\r\n|\r|\n", text)  # as Python counts them
    if max(text.count("("), text.count("["), text.count("{")) and _depth(text) > 100:
        raise InputError("the brackets are nested too deep", hint="is this a network?", place=Place(name))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd escapes and the like, which are the file's own
            return ast.parse(data), lines
    except SyntaxError as error:
        raise _not_python(error, name, lines) from None
    except (RecursionError, MemoryError, ValueError, UnicodeDecodeError):
        raise InputError("the file cannot be parsed: it is nested too deep", place=Place(name)) from None


def _depth(text: str) -> int:
    """Return how deep brackets are nested, wherever they stand."""
    depth = deepest = 0
    for sign in text:
        if sign in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif sign in ")]}":
            depth = max(depth - 1, 0)
    return deepest


def _not_python(error: SyntaxError, name: str, lines: list[str]) -> InputError:
    """Return an error for what Python cannot parse; the commonest slip is named."""
    refuse_printed("\n".join(lines))
    number = min(error.lineno or 1, max(len(lines), 1))
    line = lines[number - 1] if lines else ""
    slip = _CAPITALS.match(line)
    if slip is not None:
        word = slip[1]
        place = Place(name, number, slip.start(1) + 1, line, len(word))
        return InputError(f"Python has no '{word}'", hint=f"write it small: {word.lower()}", place=place)
    place = Place(name, number, max(min(error.offset or 1, len(line) + 1), 1), line)
    return InputError(f"this is not Python: {error.msg}", hint="mend the line", place=place)


def _asks_for_gradients(node: ast.stmt) -> bool:
    """Whether a line only asks for gradients, as of an input whose saliency is wanted: it freezes nothing."""
    if isinstance(node, ast.Assign):
        return isinstance(node.value, ast.Constant) and node.value.value is True
    return isinstance(node, ast.Expr) and ast.unparse(node).endswith((".requires_grad_()", ".requires_grad_(True)"))


def top_level(follower: Follower, node: ast.stmt) -> None:
    """Follow a statement of the file. What is no part of a network (loading data, training) is passed over.

    What a statement that cannot be followed would have given a value, or changed, is unknown from then on.
    """
    freezing = not isinstance(node, ast.ClassDef | ast.FunctionDef) and _freezes(follower, node)
    changing = not isinstance(node, ast.Expr) or _changes(node.value) or _calls_a_changer(follower, node.value)
    if isinstance(node, ast.If) and "__main__" in ast.unparse(node.test):
        if freezing:
            follower.remark(f"what line {node.lineno} on freezes, as the main program, {FROZEN_UNKNOWN}")
        return
    if not freezing and not changing:
        return
    try:
        follower.statement(node, follower.file)
    except (ConvcalcError, LeavingError, RecursionError) as error:
        reason = error if isinstance(error, ConvcalcError) else _misplaced(follower, node, error)
        if freezing and not _asks_for_gradients(node):
            follower.remark(f"what line {node.lineno} freezes {FROZEN_UNKNOWN}")
        if not changing:
            return
        for name in _touched(node):
            if isinstance(follower.file.names.get(name), Library):
                continue  # what is done to a library changes no layer
            if isinstance(follower.file.names.get(name), Module):
                follower.lost.append(follower.refuse(node, f"what this does to {name} is not followed"))
            follower.file.names[name] = Unknown(reason)


def _freezes(follower: Follower, node: ast.AST, seen: frozenset[str] = frozenset()) -> bool:
    """Whether code, or a function or method of the file that it names, says of parameters whether they are trained."""
    if freezes(node):
        return True
    parts = list(ast.walk(node))
    names = {part.id for part in parts if isinstance(part, ast.Name)} - seen
    methods = {part.attr for part in parts if isinstance(part, ast.Attribute)} - seen
    classes = [value for value in follower.file.names.values() if isinstance(value, Class)]
    values = [follower.file.names.get(name) for name in names]
    values += [value.names.get(name) for value in classes for name in methods]
    return any(isinstance(one, Function) and _freezes(follower, one.node, seen | names | methods) for one in values)


def _misplaced(follower: Follower, node: ast.AST, error: BaseException) -> InputError:
    if isinstance(error, RecursionError):
        return follower.refuse(node, "this is nested too deep to be followed")
    return follower.refuse(node, "a return, break or continue stands where none can")


def _changes(node: ast.AST) -> bool:
    called = node.func if isinstance(node, ast.Call) else None
    if isinstance(called, ast.Name):
        return called.id in ("setattr", "delattr")
    return isinstance(called, ast.Attribute) and called.attr in CHANGES


def _calls_a_changer(follower: Follower, node: ast.AST, seen: frozenset[str] = frozenset()) -> bool:
    """Whether something of the file is called that changes what it is given, or something else of the file's.

    Training does not count: it gives no attribute a value, and appends to nothing that is a network's.
    """
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Attribute):
        name = node.func.attr
        holder = follower.file.names.get(next(iter(base_of(node.func)), ""))
        made_by = holder.made_by if isinstance(holder, Module) else None
        return made_by is not None and made_by.has(name) and _changes_more(follower, made_by.find(name), seen | {name})
    if not isinstance(node.func, ast.Name) or node.func.id in seen:
        return False
    return _changes_more(follower, follower.file.names.get(node.func.id), seen | {node.func.id})


def _changes_more(follower: Follower, function: object, seen: frozenset[str]) -> bool:
    """Whether a function of the file changes more than its own names, or calls one that does."""
    if not isinstance(function, Function):
        return False
    if changes_layers(function.node):
        return True
    names = [part for part in ast.walk(function.node) if isinstance(part, ast.Name)]
    own = {part.id for part in names if isinstance(part.ctx, ast.Store)}
    for part in ast.walk(function.node):
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and _changes(part):
            if base_of(part.func) - own:
                return True
        elif _calls_a_changer(follower, part, seen):
            return True
    return False


def _touched(node: ast.stmt) -> set[str]:
    """Return the names that a statement gives a value, or whose value it changes."""
    names: set[str] = set()
    if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
        return {node.name}
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store | ast.Del):
            names.add(part.id)
        elif isinstance(part, ast.Attribute | ast.Subscript) and isinstance(part.ctx, ast.Store):
            names |= base_of(part)
        elif isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and _changes(part):
            names |= base_of(part.func.value)
        elif isinstance(part, ast.Call) and isinstance(node, ast.Expr):
            names |= {name for argument in part.args for name in base_of(argument)}
            names |= base_of(part.func) if isinstance(part.func, ast.Attribute) else set()
    return names


def _tensors_in(value: Any) -> Iterator[Tensor]:
    """Yield all tensors that a forward gave, however they are held."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, tuple | list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _tensors_in(item)


def first_tensor(follower: Follower, node: ast.AST, value: Any) -> Tensor:
    """Return the tensor that a forward gave: the first, if there are several."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, tuple | list | dict):
        items = value.values() if isinstance(value, dict) else value
        for item in items:
            if isinstance(item, Tensor):
                follower.remark("forward returns several values: the first tensor counts as the output")
                return item
    what = "nothing: is a return missing?" if value is None else "no tensor"
    raise InputError(f"forward gives {what}", hint="end it with: return x", place=Place(follower.source))
