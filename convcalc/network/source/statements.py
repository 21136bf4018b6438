"""Following statements: assignments, branches and loops that shapes and constants decide, definitions, returns."""

import ast
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from convcalc.network.layer import Layer
from convcalc.network.source import files
from convcalc.network.source.binding import bind
from convcalc.network.source.copies import changed
from convcalc.network.source.expressions import call_of, combine, subscript
from convcalc.network.source.follower import LONGEST, STOPPING, Follower
from convcalc.network.source.language import LeavingError, ReturnError
from convcalc.network.source.values import (
    CHANGES_WEIGHTS,
    OF_A_WEIGHT,
    Bound,
    Class,
    Function,
    Library,
    Module,
    Scope,
    SourceModule,
)
from convcalc.network.trace import Tensor


class BreakError(LeavingError):
    """A loop is left."""


class ContinueError(LeavingError):
    """A loop goes on."""


OWN_WAYS = frozenset(
    f"__{name}__"
    for name in ("call", "iter", "bool", "eq", "len", "getitem", "contains", "setattr", "getattr", "getattribute",
                 "init_subclass", "new", "enter")
)  # fmt: skip
"""Methods with which a class changes what Python's own signs do to its objects."""
LEAVE_AS_IT_IS = ("register_model", "handle_legacy_interface", "kwonly_to_pos_or_kw")
"""torchvision's own decorators, which register a function or rename its old settings."""
HARMLESS: dict[str, Callable[[bool], bool]] = {
    **dict.fromkeys(STOPPING, lambda stops: True),
    "torch.enable_grad": lambda stops: False,
    **dict.fromkeys(("torch.autocast", "torch.cuda.amp.autocast", "torch.amp.autocast"), lambda stops: stops),
}
"""Contexts that change no shape; and whether gradients stop within. Called, they are themselves."""


def _expr(follower: Follower, node: ast.Expr, scope: Scope) -> None:
    """Follow an expression whose value nobody uses; what another library does then is passed over."""
    if isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Name | ast.Attribute):
        called = follower.evaluate(node.value.func, scope)
        is_elsewhere = isinstance(called, Library) and (called.is_foreign or called.name.startswith("torch.nothing"))
        if is_elsewhere and called.name.rpartition(".")[2] not in follower.language.layers:
            if called.name.startswith(OF_A_WEIGHT) and follower.trace is not None:
                follower.trace.unknown.append(follower.refuse(node, CHANGES_WEIGHTS, "do so in __init__"))
            arguments = (*node.value.args, *(keyword.value for keyword in node.value.keywords))
            if any(isinstance(_value_of(follower, part, scope), Module | Layer) for part in arguments):
                follower.remark(f"{called.name}() comes from elsewhere: what it does to the network is not followed")
            return
        call_of(follower, node.value, called, scope)
        return
    follower.evaluate(node.value, scope)


def _value_of(follower: Follower, node: ast.expr, scope: Scope) -> Any:
    if isinstance(node, ast.Attribute):
        holder = _value_of(follower, node.value, scope)
        return holder.names.get(node.attr) if isinstance(holder, Module) else None
    return _found(node.id, scope) if isinstance(node, ast.Name) else None


def _delete(follower: Follower, node: ast.Delete, scope: Scope) -> None:
    for target in node.targets:
        if isinstance(target, ast.Name):
            scope.names.pop(target.id, None)
        elif isinstance(target, ast.Attribute) and isinstance(holder := follower.evaluate(target.value, scope), Module):
            holder.names.pop(target.attr, None)
            holder.parts.pop(target.attr, None)
        else:
            raise follower.refuse(target, "this cannot be taken away here")


def _global(follower: Follower, node: ast.Global, scope: Scope) -> None:
    scope.shared |= frozenset(node.names)


def _assign(follower: Follower, node: ast.Assign, scope: Scope) -> None:
    value = follower.evaluate(node.value, scope)
    for target in node.targets:
        bind(follower, target, value, scope)


def _annassign(follower: Follower, node: ast.AnnAssign, scope: Scope) -> None:
    if node.value is not None:
        bind(follower, node.target, follower.evaluate(node.value, scope), scope)


def _augassign(follower: Follower, node: ast.AugAssign, scope: Scope) -> None:
    target = node.target
    if isinstance(target, ast.Name):
        before = follower.evaluate(ast.copy_location(ast.Name(target.id, ast.Load()), target), scope)
    elif isinstance(target, ast.Attribute):
        before = follower.attribute(node, follower.evaluate(target.value, scope), target.attr, scope)
    else:
        before = subscript(
            follower, node, follower.evaluate(target.value, scope), follower.evaluate(target.slice, scope), scope
        )
    value = follower.evaluate(node.value, scope)
    if isinstance(before, list) and isinstance(node.op, ast.Add):
        items = list(follower.iterate(node.value, value))
        if len(before) + len(items) > LONGEST:
            raise follower.refuse(node, f"a list of more than {LONGEST:,} items is not followed")
        before += items
        value = before
    else:
        value = combine(follower, node, node.op, before, value, scope)
        if isinstance(before, Tensor) and not isinstance(node.op, ast.MatMult):
            value = changed(follower, before, value)
    bind(follower, target, value, scope)


def _for(follower: Follower, node: ast.For, scope: Scope) -> None:
    for item in follower.iterate(node.iter, follower.evaluate(node.iter, scope)):
        bind(follower, node.target, item, scope)
        if not _goes_on(follower, node, scope):
            return
    follower.run(node.orelse, scope)


def _while(follower: Follower, node: ast.While, scope: Scope) -> None:
    while follower.truth(node.test, follower.evaluate(node.test, scope)):
        if not _goes_on(follower, node, scope):
            return
    follower.run(node.orelse, scope)


def _goes_on(follower: Follower, node: ast.For | ast.While, scope: Scope) -> bool:
    """Run a loop's body once, and return whether the loop goes on."""
    follower.spend(node)
    try:
        follower.run(node.body, scope)
    except BreakError:
        return False
    except ContinueError:
        pass
    return True


def _leave(follower: Follower, node: ast.Break | ast.Continue | ast.Return, scope: Scope) -> None:
    """Leave a loop, its body or a function."""
    if isinstance(node, ast.Return):
        raise ReturnError(None if node.value is None else follower.evaluate(node.value, scope))
    raise BreakError if isinstance(node, ast.Break) else ContinueError


def _with(follower: Follower, node: ast.With, scope: Scope) -> None:
    stops = follower.stops
    for item in node.items:
        value = follower.evaluate(item.context_expr, scope)
        if not (isinstance(value, Library) and value.name in HARMLESS):
            raise follower.refuse(item.context_expr, "this 'with' is not followed", "torch.no_grad() is")
        follower.stops = HARMLESS[value.name](follower.stops)
        if value.name.endswith("autocast") and follower.trace is not None:
            why = "numbers that autocast rounds to 16 bits are not followed"
            follower.trace.unknown.append(follower.refuse(item.context_expr, why, "leave it out"))
    try:
        follower.run(node.body, scope)
    finally:
        follower.stops = stops


def _assert(follower: Follower, node: ast.Assert, scope: Scope) -> None:
    if not follower.truth(node.test, follower.evaluate(node.test, scope)):
        raise follower.refuse(node, f"this assertion fails: {ast.unparse(node.test)[:60]}")


def _raise(follower: Follower, node: ast.Raise, scope: Scope) -> None:
    text = "" if node.exc is None else f": {ast.unparse(node.exc)[:100]}"
    raise follower.refuse(node, f"the file raises an error here{text}")


def _import(follower: Follower, node: ast.Import, scope: Scope) -> None:
    for alias in node.names:
        name = alias.name if alias.asname else alias.name.partition(".")[0]
        scope.names[alias.asname or name] = files.imported(follower, node, name, 0, scope)


def _importfrom(follower: Follower, node: ast.ImportFrom, scope: Scope) -> None:
    module = files.imported(follower, node, node.module or "", node.level, scope)
    for alias in node.names:
        if alias.name == "*" and isinstance(module, SourceModule):
            scope.names.update(files.public_names(follower, node, module))
        elif alias.name == "*":
            follower.stars.append(node.module or "")
        elif isinstance(module, SourceModule):
            scope.names[alias.asname or alias.name] = files.member(follower, node, module, alias.name)
        else:
            scope.names[alias.asname or alias.name] = replace(module, name=f"{module.name}.{alias.name}")


def function(follower: Follower, node: ast.FunctionDef, scope: Scope, owner: Class | None) -> Function:
    """Return a function of the file, its defaults evaluated."""
    names = tuple(ast.unparse(decorator).partition("(")[0] for decorator in node.decorator_list)
    defaults = [follower.evaluate(value, scope) for value in node.args.defaults]
    pairs = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    keyword_defaults = {argument.arg: follower.evaluate(value, scope) for argument, value in pairs if value is not None}
    return Function(node.name, node, scope, defaults, keyword_defaults, names, owner)


def decorated(follower: Follower, node: ast.FunctionDef, scope: Scope, owner: Class | None) -> Any:
    """Return a function as its decorators leave it; those of other libraries are taken to leave it as it is."""
    decorated_function: Any = function(follower, node, scope, owner)
    for decorator in reversed(node.decorator_list):
        head = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(head, ast.Name) and head.id in LEAVE_AS_IT_IS:
            continue
        if isinstance(head, ast.Attribute) and (head.attr == "setter" or _is_ours(follower, head, scope)):
            raise follower.refuse(decorator, f"the decorator {ast.unparse(head)[:40]} is not followed")
        if isinstance(head, ast.Name) and isinstance(_found(head.id, scope), Function | Bound | Class):
            decorated_function = follower.call(
                decorator, follower.evaluate(decorator, scope), [decorated_function], {}, scope
            )
    return decorated_function


def _is_ours(follower: Follower, node: ast.expr, scope: Scope) -> bool:
    """Whether an attribute's object is something of the file."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) and isinstance(_found(node.id, scope), Function | Class | Module)


def _is_dressed(follower: Follower, node: ast.ClassDef, scope: Scope) -> bool:
    """Whether a decorator of the file is put on a class."""
    heads = (part.func if isinstance(part, ast.Call) else part for part in node.decorator_list)
    return any(_is_ours(follower, head, scope) for head in heads)


def _found(name: str, scope: Scope) -> Any:
    try:
        return scope.find(name)
    except KeyError:
        return None


def _classdef(follower: Follower, node: ast.ClassDef, scope: Scope) -> None:
    bases = tuple(follower.evaluate(base, scope) for base in node.bases)
    decorators = {ast.unparse(decorator).partition("(")[0].rpartition(".")[2] for decorator in node.decorator_list}
    new_class = Class(node.name, node, bases, {}, "dataclass" in decorators)
    inner = Scope(new_class.names, scope)
    if any(keyword.arg != "metaclass" for keyword in node.keywords) or _is_dressed(follower, node, scope):
        raise follower.refuse(node, f"what is done to class {node.name} where it is defined is not followed")
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef):
            if statement.name in OWN_WAYS and (new_class.is_module or new_class.is_keras):
                raise follower.refuse(statement, f"a class's own {statement.name} is not followed", "call a method")
            if statement.name in OWN_WAYS:
                new_class.own_ways |= {statement.name}
            # A method sees the names around its class, not those within it.
            new_class.names[statement.name] = decorated(follower, statement, scope, new_class)
        else:
            follower.statement(statement, inner)
    scope.names[node.name] = new_class


STATEMENTS: dict[type[ast.AST], Callable[[Follower, Any, Scope], None]] = {
    ast.Pass: lambda follower, node, scope: None,
    ast.Expr: _expr,
    # What is tried is followed as if nothing failed.
    ast.Try: lambda follower, node, scope: follower.run([*node.body, *node.orelse, *node.finalbody], scope),
    ast.Delete: _delete,
    ast.Global: _global,
    ast.Assign: _assign,
    ast.AnnAssign: _annassign,
    ast.AugAssign: _augassign,
    ast.If: lambda follower, node, scope: follower.run(follower.chosen(node, scope), scope),
    ast.For: _for,
    ast.While: _while,
    ast.Break: _leave,
    ast.Continue: _leave,
    ast.Return: _leave,
    ast.With: _with,
    ast.Assert: _assert,
    ast.Raise: _raise,
    ast.Import: _import,
    ast.ImportFrom: _importfrom,
    ast.FunctionDef: lambda follower, node, scope: scope.names.update(
        {node.name: decorated(follower, node, scope, None)}
    ),
    ast.ClassDef: _classdef,
}
"""How each statement is followed."""
