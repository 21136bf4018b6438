"""Following statements: assignments, branches and loops that shapes and constants decide, definitions, returns."""

import ast
from typing import Any

from convcalc.network.functions import Parameter
from convcalc.network.layer import Layer
from convcalc.network.source.expressions import LONGEST, SUPPORTED, Expressions, named_kind
from convcalc.network.source.values import Array, Bound, Class, Function, Library, Module, Scope, Weight, train
from convcalc.network.trace import Tensor


class Left(Exception):  # noqa: N818 - no error: how a function or a loop is left
    """A function or a loop is left."""


class Returned(Left):
    """A function's value."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


class Broken(Left):
    """A loop is left."""


class Continued(Left):
    """A loop goes on."""


class Statements(Expressions):
    """The part of a follower that runs statements."""

    stars: list[str]

    def run(self, body: list[ast.stmt], scope: Scope) -> None:
        """Run statements one after the other."""
        for node in body:
            self.statement(node, scope)

    def statement(self, node: ast.stmt, scope: Scope) -> None:
        """Run one statement."""
        self.spend(node)
        method = getattr(self, f"_do_{type(node).__name__.lower()}", None)
        if method is None:
            name = type(node).__name__.lower().removeprefix("async")
            raise self.refuse(node, f"'{name}' is not followed here", SUPPORTED)
        method(node, scope)

    def _do_pass(self, node: ast.Pass, scope: Scope) -> None:
        pass

    def _do_expr(self, node: ast.Expr, scope: Scope) -> None:
        """Follow an expression whose value nobody uses; what another library does then is passed over."""
        if isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Name | ast.Attribute):
            called = self.evaluate(node.value.func, scope)
            if isinstance(called, Library) and (called.is_foreign or called.name.startswith("torch.nothing")):
                given = (*node.value.args, *(keyword.value for keyword in node.value.keywords))
                if any(isinstance(self._value_of(part, scope), Module | Layer) for part in given):
                    self.remark(f"{called.name}() comes from elsewhere: what it does to the network is not followed")
                return
        self.evaluate(node.value, scope)

    def _value_of(self, node: ast.expr, scope: Scope) -> Any:
        if isinstance(node, ast.Attribute):
            holder = self._value_of(node.value, scope)
            return holder.names.get(node.attr) if isinstance(holder, Module) else None
        return self._found(node.id, scope) if isinstance(node, ast.Name) else None

    def remark(self, note: str) -> None:
        """Say something with the network's totals, once."""
        raise NotImplementedError

    def _do_try(self, node: ast.Try, scope: Scope) -> None:
        """Follow what is tried, as if nothing failed."""
        self.run([*node.body, *node.orelse, *node.finalbody], scope)

    def _do_delete(self, node: ast.Delete, scope: Scope) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                scope.names.pop(target.id, None)
            elif isinstance(target, ast.Attribute) and isinstance(holder := self.evaluate(target.value, scope), Module):
                holder.names.pop(target.attr, None)
                holder.parts.pop(target.attr, None)
            else:
                raise self.refuse(target, "this cannot be taken away here")

    def _do_assign(self, node: ast.Assign, scope: Scope) -> None:
        value = self.evaluate(node.value, scope)
        for target in node.targets:
            self.bind(target, value, scope)

    def _do_annassign(self, node: ast.AnnAssign, scope: Scope) -> None:
        if node.value is not None:
            self.bind(node.target, self.evaluate(node.value, scope), scope)

    def _do_augassign(self, node: ast.AugAssign, scope: Scope) -> None:
        target = node.target
        if isinstance(target, ast.Name):
            before = self.evaluate(ast.copy_location(ast.Name(target.id, ast.Load()), target), scope)
        elif isinstance(target, ast.Attribute):
            before = self.attribute(node, self.evaluate(target.value, scope), target.attr, scope)
        else:
            before = self.subscript(node, self.evaluate(target.value, scope), self.evaluate(target.slice, scope), scope)
        value = self.evaluate(node.value, scope)
        if isinstance(before, list) and isinstance(node.op, ast.Add):
            added = list(self.iterate(node.value, value))
            if len(before) + len(added) > LONGEST:
                raise self.refuse(node, f"a list of more than {LONGEST:,} items is not followed")
            before += added
            value = before
        else:
            value = self.combine(node, node.op, before, value, scope)
        self.bind(target, value, scope)

    def bind(self, target: ast.expr, value: Any, scope: Scope) -> None:
        """Give a name, or several at once, a value."""
        if isinstance(target, ast.Name):
            scope.names[target.id] = value
        elif isinstance(target, ast.Attribute):
            self.set_attribute(target, self.evaluate(target.value, scope), target.attr, value)
        elif isinstance(target, ast.Tuple | ast.List):
            self._bind_several(target, value, scope)
        elif isinstance(target, ast.Subscript):
            self._bind_part(target, value, scope)
        else:
            raise self.refuse(target, "this cannot be given a value here")

    def _bind_part(self, target: ast.Subscript, value: Any, scope: Scope) -> None:
        holder, index = self.evaluate(target.value, scope), self.evaluate(target.slice, scope)
        if isinstance(holder, Module):
            names = list(holder.parts)
            name = names[index] if isinstance(index, int) and -len(names) <= index < len(names) else str(index)
            holder.parts[name] = value
        elif isinstance(holder, Array):
            pass  # filling an array changes no shape
        elif isinstance(holder, list | dict):
            self.plainly(target, holder.__setitem__, index, value)
        else:
            raise self.refuse(target, f"a part of {named_kind(holder)} cannot be given a value here")

    def _bind_several(self, target: ast.Tuple | ast.List, value: Any, scope: Scope) -> None:
        items = list(self.iterate(target, value))
        stars = [index for index, part in enumerate(target.elts) if isinstance(part, ast.Starred)]
        if stars:
            after = len(target.elts) - stars[0] - 1
            middle = items[stars[0] : len(items) - after]
            items = [*items[: stars[0]], middle, *items[len(items) - after :]]
        if len(items) != len(target.elts):
            raise self.refuse(target, f"{len(target.elts)} names are given {len(items)} values")
        for part, item in zip(target.elts, items, strict=True):
            self.bind(part.value if isinstance(part, ast.Starred) else part, item, scope)

    def set_attribute(self, node: ast.AST, holder: Any, name: str, value: Any) -> None:
        """Give an attribute of a module (or of an object) a value."""
        if isinstance(holder, Module):
            network = holder.made_by is not None and holder.made_by.is_module
            if network and isinstance(value, Layer | Module) and not holder.begun:
                raise self.refuse(
                    node, f"{name} is assigned before super().__init__() is called",
                    "call super().__init__() first in __init__",
                )  # fmt: skip
            holder.names.pop(name, None)
            if name in holder.parts or (holder.holds_parts and isinstance(value, Layer | Module)):
                holder.parts[name] = value
            else:
                holder.names[name] = value
        elif isinstance(holder, Class):
            holder.names[name] = value
        elif name == "requires_grad" and isinstance(holder, Weight | Parameter):
            train(holder, self.truth(node, value))
        elif isinstance(holder, Layer) and name in ("weight", "bias"):
            raise self.refuse(
                node, f"a {name} that is shared or taken away is not followed", "use the layer itself twice"
            )
        elif isinstance(holder, Layer) and name not in HARMLESS_SETTINGS:
            raise self.refuse(node, f"a layer's {name} that is changed is not followed", "make the layer so")
        elif not isinstance(holder, Layer | Tensor | Library):  # requires_grad and the like change no shape
            raise self.refuse(node, f"an attribute of {named_kind(holder)} cannot be given a value here")

    def _do_if(self, node: ast.If, scope: Scope) -> None:
        chosen = node.body if self.truth(node.test, self.evaluate(node.test, scope)) else node.orelse
        self.run(chosen, scope)

    def _do_for(self, node: ast.For, scope: Scope) -> None:
        for item in self.iterate(node.iter, self.evaluate(node.iter, scope)):
            self.bind(node.target, item, scope)
            if not self._goes_on(node, scope):
                return
        self.run(node.orelse, scope)

    def _do_while(self, node: ast.While, scope: Scope) -> None:
        while self.truth(node.test, self.evaluate(node.test, scope)):
            if not self._goes_on(node, scope):
                return
        self.run(node.orelse, scope)

    def _goes_on(self, node: ast.For | ast.While, scope: Scope) -> bool:
        """Run a loop's body once, and return whether the loop goes on."""
        self.spend(node)
        try:
            self.run(node.body, scope)
        except Broken:
            return False
        except Continued:
            pass
        return True

    def _do_break(self, node: ast.Break, scope: Scope) -> None:
        raise Broken

    def _do_continue(self, node: ast.Continue, scope: Scope) -> None:
        raise Continued

    def _do_return(self, node: ast.Return, scope: Scope) -> None:
        raise Returned(None if node.value is None else self.evaluate(node.value, scope))

    def _do_with(self, node: ast.With, scope: Scope) -> None:
        for item in node.items:
            value = self.evaluate(item.context_expr, scope)
            if not (isinstance(value, Library) and value.name in HARMLESS):
                raise self.refuse(item.context_expr, "this 'with' is not followed", "torch.no_grad() is")
        self.run(node.body, scope)

    def _do_assert(self, node: ast.Assert, scope: Scope) -> None:
        if not self.truth(node.test, self.evaluate(node.test, scope)):
            raise self.refuse(node, f"this assertion fails: {ast.unparse(node.test)[:60]}")

    def _do_raise(self, node: ast.Raise, scope: Scope) -> None:
        text = "" if node.exc is None else f": {ast.unparse(node.exc)[:100]}"
        raise self.refuse(node, f"the file raises an error here{text}")

    def _do_import(self, node: ast.Import, scope: Scope) -> None:
        for alias in node.names:
            name = alias.name if alias.asname else alias.name.partition(".")[0]
            scope.names[alias.asname or name] = Library(name)

    def _do_importfrom(self, node: ast.ImportFrom, scope: Scope) -> None:
        for alias in node.names:
            if alias.name == "*":
                self.stars.append(node.module or "")
                continue
            full = f"{'.' * node.level}{node.module or ''}.{alias.name}"
            scope.names[alias.asname or alias.name] = Library(full)

    def _do_functiondef(self, node: ast.FunctionDef, scope: Scope) -> None:
        scope.names[node.name] = self.decorated(node, scope, None)

    def function(self, node: ast.FunctionDef, scope: Scope, owner: Class | None) -> Function:
        """Return a function of the file, its defaults evaluated."""
        names = tuple(ast.unparse(decorator).partition("(")[0] for decorator in node.decorator_list)
        defaults = [self.evaluate(value, scope) for value in node.args.defaults]
        pairs = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
        named = {argument.arg: self.evaluate(value, scope) for argument, value in pairs if value is not None}
        return Function(node.name, node, scope, defaults, named, names, owner)

    def decorated(self, node: ast.FunctionDef, scope: Scope, owner: Class | None) -> Any:
        """Return a function as its decorators leave it; those of other libraries are taken to leave it as it is."""
        made: Any = self.function(node, scope, owner)
        for decorator in reversed(node.decorator_list):
            head = decorator.func if isinstance(decorator, ast.Call) else decorator
            if isinstance(head, ast.Attribute) and (head.attr == "setter" or self._is_ours(head, scope)):
                raise self.refuse(decorator, f"the decorator {ast.unparse(head)[:40]} is not followed")
            if isinstance(head, ast.Name) and isinstance(self._found(head.id, scope), Function | Bound | Class):
                made = self.call(decorator, self.evaluate(decorator, scope), [made], {}, scope)
        return made

    def _is_ours(self, node: ast.expr, scope: Scope) -> bool:
        """Whether an attribute's object is something of the file."""
        while isinstance(node, ast.Attribute):
            node = node.value
        return isinstance(node, ast.Name) and isinstance(self._found(node.id, scope), Function | Class | Module)

    def _is_dressed(self, node: ast.ClassDef, scope: Scope) -> bool:
        """Whether a decorator of the file is put on a class."""
        heads = (part.func if isinstance(part, ast.Call) else part for part in node.decorator_list)
        return any(self._is_ours(head, scope) for head in heads)

    @staticmethod
    def _found(name: str, scope: Scope) -> Any:
        try:
            return scope.find(name)
        except KeyError:
            return None

    def _do_classdef(self, node: ast.ClassDef, scope: Scope) -> None:
        bases = tuple(self.evaluate(base, scope) for base in node.bases)
        decorators = {ast.unparse(decorator).partition("(")[0].rpartition(".")[2] for decorator in node.decorator_list}
        made = Class(node.name, node, bases, {}, "dataclass" in decorators)
        inner = Scope(made.names, scope)
        if any(keyword.arg != "metaclass" for keyword in node.keywords) or self._is_dressed(node, scope):
            raise self.refuse(node, f"what is done to class {node.name} where it is defined is not followed")
        for statement in node.body:
            if isinstance(statement, ast.FunctionDef):
                if statement.name in OWN_WAYS:
                    raise self.refuse(statement, f"a class's own {statement.name} is not followed", "call a method")
                # A method sees the names around its class, not those within it.
                made.names[statement.name] = self.decorated(statement, scope, made)
            else:
                self.statement(statement, inner)
        scope.names[node.name] = made


HARMLESS_SETTINGS = frozenset(("requires_grad", "training", "inplace", "eps", "momentum", "p", "name"))
"""What may be changed of a layer without changing a shape or a count."""
OWN_WAYS = frozenset(
    f"__{name}__"
    for name in ("call", "iter", "bool", "eq", "len", "getitem", "contains", "setattr", "getattr", "getattribute",
                 "init_subclass", "new", "enter")
)  # fmt: skip
"""Methods with which a class changes what Python's own signs do to its objects."""
HARMLESS = frozenset(
    f"torch.{name}"
    for name in ("no_grad", "enable_grad", "inference_mode", "autocast", "cuda.amp.autocast", "amp.autocast")
)
"""Contexts that change no shape; called, they are themselves."""
