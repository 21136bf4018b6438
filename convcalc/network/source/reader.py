"""A PyTorch source file: parsed, followed, and its network applied to a shape."""

import ast
import re
import warnings
from typing import Any

from convcalc.errors import ConvcalcError, InputError, Place, UsageError, nearest
from convcalc.network.layer import Layer, Shape
from convcalc.network.source.follower import Follower
from convcalc.network.source.modules import changes_layers
from convcalc.network.source.statements import Left
from convcalc.network.source.values import Class, Function, Module, Scope, Unknown
from convcalc.network.summary import FROZEN_UNKNOWN
from convcalc.network.trace import Tensor, Trace

_CAPITALS = re.compile(r"\s*(Return|Def|Class|Import|From|If|For|While|Else|Elif|Pass|With|RETURN|DEF|CLASS)\b")
TOO_DEEP = "the file is nested too deep to be followed"
_FREEZES = re.compile(r"requires_grad(_\(|\s*=\s*)False")
CHANGES = frozenset(
    ("append", "extend", "insert", "add_module", "update", "register_module", "reverse", "sort", "pop", "remove",
     "clear", "setdefault", "register_buffer", "register_parameter")
)  # fmt: skip
"""Methods that change what they are called on."""


class SourceFile:
    """A source file that was parsed: `build` follows it, as often as it is asked to."""

    def __init__(self, data: bytes, name: str) -> None:
        self.name = name
        self.tree, self.lines = parse(data, name)
        self.titles: dict[str | None, str] = {}

    def title(self, wanted: str | None) -> str:
        """Return what the network is called."""
        follower = self._followed()
        try:
            _, title = pick(follower, wanted)
        except RecursionError:
            raise InputError(TOO_DEEP, hint="is this a network?", place=Place(self.name)) from None
        return f"{title} of {self.name}"

    def _followed(self) -> Follower:
        follower = Follower(self.name, self.lines)
        for node in self.tree.body:
            top_level(follower, node)
        return follower

    def build(self, shape: Shape, wanted: str | None, replaced: dict[str, int]) -> tuple[Trace, Tensor]:
        """Apply the file's network to an input of a shape, and return what it did, and its output."""
        try:
            return self._built(shape, wanted, replaced)
        except RecursionError:
            raise InputError(TOO_DEEP, hint="is this a network?", place=Place(self.name)) from None

    def _built(self, shape: Shape, wanted: str | None, replaced: dict[str, int]) -> tuple[Trace, Tensor]:
        follower = self._followed()
        network, _ = pick(follower, wanted)
        trace = Trace(replaced)
        named = [("", network)] if isinstance(network, Layer) else list(network.named())
        follower.paths = {id(part): name for name, part in named}
        if isinstance(network, Layer):
            follower.paths[id(network)] = network.kind.lower()
        follower.trace = trace
        trace.notes += follower.early
        x = trace.input(shape)
        node = self.tree
        output = first_tensor(follower, node, follower.call(node, network, [x], {}, follower.file))
        for name, part in named:
            if isinstance(part, Layer):
                trace.unused(name, part)
        if _FREEZES.search("\n".join(self.lines)):
            follower.remark(FROZEN_UNKNOWN)
        used = {id(node.layer) for node in trace.nodes if node.weights.value and node.used}
        strangers = used - set(follower.paths)
        if strangers:
            follower.remark(
                "some layers are not the network's own (in a plain list, or made in forward): they are counted here, "
                "and PyTorch would not train them; put them into an nn.ModuleList"
            )
        return trace, output


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
    number = min(error.lineno or 1, max(len(lines), 1))
    line = lines[number - 1] if lines else ""
    slip = _CAPITALS.match(line)
    if slip is not None:
        word = slip[1]
        place = Place(name, number, slip.start(1) + 1, line, len(word))
        return InputError(f"Python has no '{word}'", hint=f"write it small: {word.lower()}", place=place)
    place = Place(name, number, max(min(error.offset or 1, len(line) + 1), 1), line)
    return InputError(f"this is not Python: {error.msg}", hint="mend the line", place=place)


def top_level(follower: Follower, node: ast.stmt) -> None:
    """Follow a statement of the file. What is no part of a network (loading data, training) is passed over.

    What a statement that cannot be followed would have given a value, or changed, is unknown from then on.
    """
    if isinstance(node, ast.Expr) and not (_changes(node.value) or _calls_a_changer(follower, node.value)):
        return
    if isinstance(node, ast.If) and "__main__" in ast.unparse(node.test):
        return
    try:
        follower.statement(node, follower.file)
    except (ConvcalcError, Left, RecursionError) as error:
        reason = error if isinstance(error, ConvcalcError) else _misplaced(follower, node, error)
        for name in _touched(node):
            if isinstance(follower.file.names.get(name), Module):
                follower.lost.append(follower.refuse(node, f"what this does to {name} is not followed"))
            follower.file.names[name] = Unknown(reason)


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
        holder = follower.file.names.get(next(iter(_base(node.func)), ""))
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
            if _base(part.func) - own:
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
            names |= _base(part)
        elif isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and _changes(part):
            names |= _base(part.func.value)
        elif isinstance(part, ast.Call) and isinstance(node, ast.Expr):
            names |= {name for given in part.args for name in _base(given)}
            names |= _base(part.func) if isinstance(part.func, ast.Attribute) else set()
    return names


def _base(node: ast.expr) -> set[str]:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def pick(follower: Follower, wanted: str | None) -> tuple[Module | Layer, str]:
    """Return the network that is asked for, or the only one there is, and its name."""
    names = follower.file.names
    classes = {name: value for name, value in names.items() if isinstance(value, Class) and value.is_module}
    made = {name: value for name, value in names.items() if isinstance(value, Module | Layer) and _is_network(value)}
    if wanted is not None:
        return _by_name(follower, wanted, [*classes, *made])
    networks = {name: value for name, value in made.items() if isinstance(value, Module)}
    if networks or (made and not classes):
        return _the_one(follower, networks or made)
    if follower.lost and wanted is None:
        raise follower.lost[-1]
    unknown = [(name, value) for name, value in names.items() if isinstance(value, Unknown)]
    inner = _used_by_others(classes)
    outer = [name for name in classes if name not in inner]
    candidates = outer or list(classes)
    if len(candidates) == 1:
        return _instance(follower, classes[candidates[0]]), candidates[0]
    if not candidates:
        if unknown:
            raise unknown[-1][1].error
        functions = [name for name, value in names.items() if isinstance(value, Function) and not value.owner]
        raise InputError(
            "the file has no network: no class that derives from nn.Module, and no model",
            hint=f'if a function makes it: --class "{functions[-1]}()"'
            if functions
            else "import torch.nn as nn, and write class Net(nn.Module): …",
            place=Place(follower.source),
        )
    raise UsageError(
        f"{follower.source} has several networks: {', '.join(candidates)}", hint=f"pick one: --class {candidates[-1]}"
    )


def _the_one(follower: Follower, made: dict[str, Any]) -> tuple[Module | Layer, str]:
    """Return the only network among what the file makes: what is a part of another, or the same, does not count."""
    inner = {id(part) for one in made.values() if isinstance(one, Module) for _, part in one.named() if part is not one}
    outer = {id(value): name for name, value in made.items() if id(value) not in inner}
    if len(outer) > 1:
        names = list(outer.values())
        raise UsageError(
            f"{follower.source} has several networks: {', '.join(names)}", hint=f"pick one: --class {names[-1]}"
        )
    name = next(iter(outer.values()), next(reversed(made)))
    found = made[name]
    return found, found.kind if isinstance(found, Module) and found.made_by else name


def _is_network(value: Module | Layer) -> bool:
    return isinstance(value, Layer) or value.made_by is None or value.made_by.is_module


def _used_by_others(classes: dict[str, Class]) -> set[str]:
    """Return the classes that another class of the file names: blocks, and bases."""
    found: set[str] = set()
    for name, one in classes.items():
        used = {part.id for part in ast.walk(one.node) if isinstance(part, ast.Name)}
        found |= {other for other in classes if other != name and other in used}
    return found


def _by_name(follower: Follower, wanted: str, known: list[str]) -> tuple[Module | Layer, str]:
    try:
        expression = ast.parse(wanted, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise UsageError(f"--class {wanted}: this is no name", hint="as in --class Net") from None
    name = next(iter(_base(expression.func if isinstance(expression, ast.Call) else expression)), "")
    if name not in follower.file.names:
        close = nearest(name, known)
        listing = f"did you mean {' or '.join(close)}?" if close else f"it has {', '.join(known) or 'none'}"
        raise UsageError(f"{follower.source} has no network '{name}'", hint=listing)
    follower.asked = [wanted]
    value = follower.evaluate(ast.increment_lineno(expression, len(follower.lines)), Scope({}, follower.file))
    if isinstance(value, Class):
        value = _instance(follower, value)
    if not isinstance(value, Module | Layer):
        raise UsageError(f"--class {wanted} is no network", hint=f"it has {', '.join(known) or 'none'}")
    return value, wanted


def _instance(follower: Follower, wanted: Class) -> Module:
    """Make the network of a class that needs no settings, or tell how to give them."""
    try:
        function: Any = wanted.find("__init__")
        needed = [argument.arg for argument in function.node.args.args][1:]
        needed = needed[: len(needed) - len(function.defaults)] if function.defaults else needed
    except KeyError:
        needed = []
    if needed:
        raise UsageError(
            f"{wanted.name} needs {', '.join(needed)}",
            hint=f'give them: --class "{wanted.name}({", ".join("…" for _ in needed)})"',
        )
    made = follower.call(wanted.node, wanted, [], {}, follower.file)
    assert isinstance(made, Module)
    return made


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
