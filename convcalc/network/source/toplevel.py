"""What stands in a file outside of its classes and functions: followed where it could be part of a network."""

import ast
from typing import Any

from convcalc.errors import ConvcalcError, InputError
from convcalc.network.source.follower import Follower
from convcalc.network.source.language import LeavingError
from convcalc.network.source.looking import changes_layers, freezes
from convcalc.network.source.picking import base_of
from convcalc.network.source.values import Class, Function, Library, Module, Scope, Unknown
from convcalc.network.summary import FROZEN_UNKNOWN

CHANGES = frozenset(
    ("append", "extend", "insert", "add_module", "update", "register_module", "reverse", "sort", "pop", "remove",
     "add", "build", "clear", "setdefault", "register_buffer", "register_parameter", "add_argument", "set_defaults",
     "set_image_data_format", "set_image_dim_ordering", "clear_session")
)  # fmt: skip
"""Methods that change what they are called on."""


def run_file(follower: Follower, tree: ast.Module, scope: Scope) -> None:
    """Follow a file, statement by statement."""
    for node in tree.body:
        _run(follower, node, scope)


def run_main(follower: Follower, scope: Scope) -> None:
    """Follow what the file does as the main program, as far as that makes a network."""
    blocks, follower.main = follower.main, []
    for block in blocks:
        for node in block.body:
            _run(follower, node, scope)


def _run(follower: Follower, node: ast.stmt, scope: Scope) -> None:
    """Follow a statement of the file. What is no part of a network (loading data, training) is passed over.

    What a statement that cannot be followed would have given a value, or changed, is unknown from then on.
    """
    freezing = not isinstance(node, ast.ClassDef | ast.FunctionDef) and _freezes(scope, node)
    changing = not isinstance(node, ast.Expr) or _changes(node.value) or _calls_a_changer(scope, node.value)
    if isinstance(node, ast.If) and "__main__" in ast.unparse(node.test):
        follower.main.append(node)
        if freezing:
            line = follower.texts.line(node)
            follower.remark(f"what {line} on freezes, as the main program, {FROZEN_UNKNOWN}")
        return
    if not freezing and not changing:
        return
    try:
        follower.statement(node, scope)
    except (ConvcalcError, LeavingError, RecursionError) as error:
        reason = error if isinstance(error, ConvcalcError) else _misplaced(follower, node, error)
        if freezing and not _asks_for_gradients(node):
            follower.remark(f"what {follower.texts.line(node)} freezes {FROZEN_UNKNOWN}")
        if not changing or _only_freezes(node):
            return
        for name in _touched(node):
            if isinstance(scope.names.get(name), Library):
                continue  # what is done to a library changes no layer
            if isinstance(scope.names.get(name), Module):
                follower.lost.append(follower.refuse(node, f"what this does to {name} is not followed"))
            scope.names[name] = Unknown(reason, node)


def _only_freezes(node: ast.stmt) -> bool:
    """Whether a line does nothing but say that something is trained or not."""
    targets = node.targets if isinstance(node, ast.Assign) else []
    words = ("requires_grad", "trainable")
    return bool(targets) and all(isinstance(one, ast.Attribute) and one.attr in words for one in targets)


def _asks_for_gradients(node: ast.stmt) -> bool:
    """Whether a line only asks for gradients, as of an input whose saliency is wanted: it freezes nothing."""
    if isinstance(node, ast.Assign):
        return isinstance(node.value, ast.Constant) and node.value.value is True
    return isinstance(node, ast.Expr) and ast.unparse(node).endswith((".requires_grad_()", ".requires_grad_(True)"))


def _freezes(scope: Scope, node: ast.AST, seen: frozenset[str] = frozenset()) -> bool:
    """Whether code, or a function or method of the file that it names, says of parameters whether they are trained."""
    if freezes(node):
        return True
    parts = list(ast.walk(node))
    names = {part.id for part in parts if isinstance(part, ast.Name)} - seen
    methods = {part.attr for part in parts if isinstance(part, ast.Attribute)} - seen
    classes = [value for value in scope.names.values() if isinstance(value, Class)]
    values = [scope.names.get(name) for name in names]
    values += [value.names.get(name) for value in classes for name in methods]
    return any(isinstance(one, Function) and _freezes(scope, one.node, seen | names | methods) for one in values)


def _misplaced(follower: Follower, node: ast.AST, error: BaseException) -> InputError:
    if isinstance(error, RecursionError):
        return follower.refuse(node, "this is nested too deep to be followed")
    return follower.refuse(node, "a return, break or continue stands where none can")


def _changes(node: ast.AST) -> bool:
    called = node.func if isinstance(node, ast.Call) else None
    if isinstance(called, ast.Name):
        return called.id in ("setattr", "delattr")
    return isinstance(called, ast.Attribute) and called.attr in CHANGES


def _calls_a_changer(scope: Scope, node: ast.AST, seen: frozenset[str] = frozenset()) -> bool:
    """Whether something of the file is called that changes what it is given, or something else of the file's.

    Training does not count: it gives no attribute a value, and appends to nothing that is a network's.
    """
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Attribute):
        name = node.func.attr
        holder = scope.names.get(next(iter(base_of(node.func)), ""))
        made_by = holder.made_by if isinstance(holder, Module) else None
        return made_by is not None and made_by.has(name) and _changes_more(scope, made_by.find(name), seen | {name})
    if not isinstance(node.func, ast.Name) or node.func.id in seen:
        return False
    return _changes_more(scope, scope.names.get(node.func.id), seen | {node.func.id})


def _changes_more(scope: Scope, function: Any, seen: frozenset[str]) -> bool:
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
        elif _calls_a_changer(scope, part, seen):
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
        elif isinstance(part, ast.alias):
            names.add(part.asname or part.name.partition(".")[0])
        elif isinstance(part, ast.Attribute | ast.Subscript) and isinstance(part.ctx, ast.Store):
            names |= base_of(part)
        elif isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and _changes(part):
            names |= base_of(part.func.value)
        elif isinstance(part, ast.Call) and isinstance(node, ast.Expr):
            names |= {name for argument in part.args for name in base_of(argument)}
            names |= base_of(part.func) if isinstance(part.func, ast.Attribute) else set()
    return names
