"""Following expressions: numbers, names, calls, comprehensions; and sums of tensors."""

import ast
import operator
import re
from collections.abc import Callable, Iterator
from typing import Any

from convcalc.errors import InputError
from convcalc.network.functions import Combine, MatMul, Parameter
from convcalc.network.layer import Layer
from convcalc.network.source.values import Array, Bound, Builtin, Class, Function, Library, Module, Scope, Unknown
from convcalc.network.trace import Tensor

WEIGHTLESS = 16
"""Items of a list, or bits of a number, that cost no more than a step."""
LONGEST = 100_000
"""Items of the longest list, signs of the longest word, bits of the largest number."""

OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow, ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_, ast.BitXor: operator.xor, ast.LShift: operator.lshift, ast.RShift: operator.rshift,
}  # fmt: skip
TENSOR_OPERATORS = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.FloorDiv: "div", ast.Mod: "remainder",
    ast.Pow: "pow",
}  # fmt: skip
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.Is: lambda one, other: _same(one, other),
    ast.IsNot: lambda one, other: not _same(one, other),
    ast.In: lambda item, items: item in items, ast.NotIn: lambda item, items: item not in items,
}  # fmt: skip
_SHORT_SPEC = re.compile(r"[<>^0]?\d{0,2}(?:\.\d)?[dfgsx]?")
_PLAIN_WORDS = re.compile(r"(?:[^%]|%[dsi%])*")


class Expressions:
    """The part of a follower that evaluates expressions; `node` says where everything stands."""

    def refuse(self, node: ast.AST, message: str, hint: str | None = None) -> InputError:
        """Return an error that points at a place of the file."""
        raise NotImplementedError

    def spend(self, node: ast.AST, steps: int = 1) -> None:
        """Count a step, or so many; raise InputError where there have been too many."""
        raise NotImplementedError

    def weigh(self, node: ast.AST, size: int) -> None:
        """Count what something of a size costs to be looked at, in steps."""
        if size > WEIGHTLESS:
            self.spend(node, size // WEIGHTLESS)

    def starred(self, name: str) -> Library | None:
        """Return what a name stands for that was imported by a star, if it is known."""
        raise NotImplementedError

    def call(self, node: ast.AST, called: Any, given: list[Any], named: dict[str, Any], scope: Scope) -> Any:
        """Call something."""
        raise NotImplementedError

    def attribute(self, node: ast.AST, value: Any, name: str, scope: Scope) -> Any:
        """Return an attribute."""
        raise NotImplementedError

    def use(self, name: str, layer: Layer, *tensors: Tensor, node: ast.AST, scope: Scope) -> Tensor:
        """Apply a function of tensors."""
        raise NotImplementedError

    def evaluate(self, node: ast.expr, scope: Scope) -> Any:
        """Return an expression's value."""
        self.spend(node)
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            raise self.refuse(node, f"{_what(node)} cannot be followed", SUPPORTED)
        return method(node, scope)

    def _constant(self, node: ast.Constant, scope: Scope) -> Any:
        return node.value

    def _name(self, node: ast.Name, scope: Scope) -> Any:
        try:
            value = scope.find(node.id)
        except KeyError:
            found = self.starred(node.id)
            if found is None:
                raise self.refuse(node, f"the name '{node.id}' stands for nothing here") from None
            return found
        if isinstance(value, Unknown):
            raise self.refuse(node, f"'{node.id}' could not be followed: {value.error}", value.error.hint)
        return value

    def _attribute(self, node: ast.Attribute, scope: Scope) -> Any:
        return self.attribute(node, self.evaluate(node.value, scope), node.attr, scope)

    def _tuple(self, node: ast.Tuple, scope: Scope) -> tuple[Any, ...]:
        return tuple(self._items(node.elts, scope))

    def _list(self, node: ast.List, scope: Scope) -> list[Any]:
        return list(self._items(node.elts, scope))

    def _set(self, node: ast.Set, scope: Scope) -> Any:
        return self.plainly(node, set, list(self._items(node.elts, scope)))

    def _items(self, nodes: list[ast.expr], scope: Scope) -> Iterator[Any]:
        for item in nodes:
            if isinstance(item, ast.Starred):
                yield from self.iterate(item, self.evaluate(item.value, scope))
            else:
                yield self.evaluate(item, scope)

    def _dict(self, node: ast.Dict, scope: Scope) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                made.update(self.evaluate(value, scope))
            else:
                self.plainly(node, made.__setitem__, self.evaluate(key, scope), self.evaluate(value, scope))
        return made

    def _joinedstr(self, node: ast.JoinedStr, scope: Scope) -> str:
        parts = []
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                spec = "" if part.format_spec is None else str(self.evaluate(part.format_spec, scope))
                if not _SHORT_SPEC.fullmatch(spec):
                    raise self.refuse(part, "this format is not followed", 'as in f"{i}" or f"{i:02d}"')
                parts.append(self.plainly(part, format, self.worded(part, self.evaluate(part.value, scope)), spec))
            else:
                parts.append(str(self.evaluate(part, scope)))
        return "".join(parts)[:LONGEST]

    def worded(self, node: ast.AST, value: Any) -> Any:
        """Return what is written for a value: itself, if it is a number or a word; a short list's text."""
        if isinstance(value, int | float | str | None):
            return value
        self.measure(node, value)
        return str(value)

    def measure(self, node: ast.AST, *values: Any) -> None:
        """Refuse lists within lists that hold, all told, too much to be compared or written."""
        waiting, count = list(values), 0
        self.weigh(node, sum(len(value) for value in values if isinstance(value, list | tuple | dict | set)))
        while waiting:
            value = waiting.pop()
            count += 1
            if count > LONGEST:
                raise self.refuse(node, f"lists of more than {LONGEST:,} parts are not followed here")
            if isinstance(value, dict):
                waiting += [*value.keys(), *value.values()]
            elif isinstance(value, list | tuple | set):
                waiting += value

    def _binop(self, node: ast.BinOp, scope: Scope) -> Any:
        return self.combine(node, node.op, self.evaluate(node.left, scope), self.evaluate(node.right, scope), scope)

    def combine(self, node: ast.AST, sign: ast.operator, left: Any, right: Any, scope: Scope) -> Any:
        """Return what an operator makes of two values."""
        if isinstance(left, Tensor | Parameter) or isinstance(right, Tensor | Parameter):
            given = [value for value in (left, right) if isinstance(value, Tensor | Parameter | Array)]
            tensors = [self.tensor(value, node, scope) for value in given]
            if isinstance(sign, ast.MatMult) and len(tensors) == 2:
                return self.use("matmul", MatMul(), *tensors, node=node, scope=scope)
            name = TENSOR_OPERATORS.get(type(sign))
            if name is None or not all(
                isinstance(value, Tensor | Parameter | Array | int | float) for value in (left, right)
            ):
                raise self.refuse(node, "this operator is not followed on tensors", SUPPORTED)
            return self.use(name, Combine(name), *tensors, node=node, scope=scope)
        if isinstance(left, Array) or isinstance(right, Array):
            shapes = [value.shape for value in (left, right) if isinstance(value, Array)]
            return Array(Combine("array").output(*shapes))
        self._check_size(node, sign, left, right)
        return self.plainly(node, OPERATORS.get(type(sign), _no_operator), left, right)

    def _check_size(self, node: ast.AST, sign: ast.operator, left: Any, right: Any) -> None:
        """Refuse what would make a list, a word or a number of immense size."""
        made = 0
        numbers = isinstance(left, int) and isinstance(right, int)
        if isinstance(sign, ast.Mult):
            sequences = [
                (one, two) for one, two in ((left, right), (right, left)) if isinstance(one, list | tuple | str)
            ]
            made = max((len(one) * two for one, two in sequences if isinstance(two, int)), default=0)
            made = max(made, left.bit_length() + right.bit_length() if numbers else 0)
        elif isinstance(sign, ast.Pow) and numbers:
            made = left.bit_length() * max(right, 0)
        elif isinstance(sign, ast.LShift) and numbers:
            made = left.bit_length() + max(right, 0)
        elif isinstance(sign, ast.Add) and isinstance(left, list | tuple | str) and hasattr(right, "__len__"):
            made = len(left) + len(right)
        elif isinstance(sign, ast.Mod) and isinstance(left, str) and not _PLAIN_WORDS.fullmatch(left):
            raise self.refuse(node, "words are not put together with % here", 'write an f-string: f"fc{i}"')
        self.weigh(node, made)
        if made > LONGEST:
            raise self.refuse(node, f"this would make something of more than {LONGEST:,} parts")

    def plainly(self, node: ast.AST, function: Callable[..., Any], *values: Any) -> Any:
        """Do what Python does with plain values, and refuse what it refuses."""
        self.measure(node, *values)
        try:
            return function(*values)
        except InputError:
            raise
        except (TypeError, ValueError, KeyError, IndexError, ArithmeticError, AttributeError) as error:
            raise self.refuse(node, f"this fails: {type(error).__name__}: {error}") from None

    def _unaryop(self, node: ast.UnaryOp, scope: Scope) -> Any:
        value = self.evaluate(node.operand, scope)
        if isinstance(node.op, ast.Not):
            return not self.truth(node.operand, value)
        if isinstance(value, Tensor):
            return self.use("neg", Combine("neg"), value, node=node, scope=scope)
        signs: dict[type[ast.unaryop], Any] = {
            ast.USub: operator.neg,
            ast.UAdd: operator.pos,
            ast.Invert: operator.invert,
        }
        return self.plainly(node, signs[type(node.op)], value)

    def _boolop(self, node: ast.BoolOp, scope: Scope) -> Any:
        value: Any = None
        for part in node.values:
            value = self.evaluate(part, scope)
            if self.truth(part, value) is isinstance(node.op, ast.Or):
                return value
        return value

    def truth(self, node: ast.AST, value: Any) -> bool:
        """Return whether a value counts as true; raise InputError where that depends on a tensor's numbers."""
        if isinstance(value, Tensor | Parameter):
            raise self.refuse(
                node, "this depends on the numbers in a tensor", "only shapes and constants are known here"
            )
        self.known(node, value)
        if isinstance(value, Module) and value.kind in ("ModuleList", "Sequential", "ModuleDict"):
            return bool(value.parts)
        return bool(value)

    def known(self, node: ast.AST, *values: Any) -> None:
        """Refuse to decide by something that comes from a file or library that is not followed."""
        for value in values:
            if isinstance(value, Library) and value.is_foreign:
                raise self.refuse(
                    node, f"this depends on {value.name}, which comes from elsewhere and is not known here",
                    "write its value into this file",
                )  # fmt: skip

    def _compare(self, node: ast.Compare, scope: Scope) -> bool:
        left = self.evaluate(node.left, scope)
        for sign, following in zip(node.ops, node.comparators, strict=True):
            right = self.evaluate(following, scope)
            self.known(node, left, right)
            if not isinstance(sign, ast.Is | ast.IsNot):
                for value in (left, right):
                    if isinstance(value, Tensor):
                        self.truth(node, value)
            if not self.plainly(node, COMPARISONS[type(sign)], left, right):
                return False
            left = right
        return True

    def _ifexp(self, node: ast.IfExp, scope: Scope) -> Any:
        chosen = node.body if self.truth(node.test, self.evaluate(node.test, scope)) else node.orelse
        return self.evaluate(chosen, scope)

    def _namedexpr(self, node: ast.NamedExpr, scope: Scope) -> Any:
        value = self.evaluate(node.value, scope)
        scope.names[node.target.id] = value
        return value

    def _lambda(self, node: ast.Lambda, scope: Scope) -> Function:
        return Function("lambda", node, scope, [self.evaluate(value, scope) for value in node.args.defaults], {})

    def _call(self, node: ast.Call, scope: Scope) -> Any:
        called = self.evaluate(node.func, scope)
        given = list(self._items(node.args, scope))
        named: dict[str, Any] = {}
        for keyword in node.keywords:
            value = self.evaluate(keyword.value, scope)
            if keyword.arg is not None:
                named[keyword.arg] = value
            elif isinstance(value, dict):
                named.update(value)
        return self.call(node, called, given, named, scope)

    def _subscript(self, node: ast.Subscript, scope: Scope) -> Any:
        value = self.evaluate(node.value, scope)
        index = self.evaluate(node.slice, scope)
        return self.subscript(node, value, index, scope)

    def subscript(self, node: ast.AST, value: Any, index: Any, scope: Scope) -> Any:
        """Return a part of a list, a container or a tensor."""
        from convcalc.network.source.parts import indexed

        if isinstance(value, Tensor):
            return indexed(self, node, value, index, scope)
        if isinstance(value, Module):
            return self._part(node, value, index)
        if isinstance(value, Library | Class | Function | Bound | Builtin):
            return value  # a type's brackets, as in list[int]
        return self.plainly(node, operator.getitem, value, index)

    def _part(self, node: ast.AST, module: Module, index: Any) -> Any:
        if isinstance(index, slice):
            names = list(module.parts)[index]
            return Module(module.kind, module.made_by, {}, {name: module.parts[name] for name in names})
        if isinstance(index, int) and module.kind != "ModuleDict":
            return self.plainly(node, operator.getitem, list(module.parts.values()), index)
        return self.plainly(node, operator.getitem, module.parts, index)

    def _slice(self, node: ast.Slice, scope: Scope) -> slice:
        return slice(
            *(None if part is None else self.evaluate(part, scope) for part in (node.lower, node.upper, node.step))
        )

    def _listcomp(self, node: ast.ListComp, scope: Scope) -> list[Any]:
        return [self.evaluate(node.elt, inner) for inner in self._loops(node, node.generators, scope)]

    def _generatorexp(self, node: ast.GeneratorExp, scope: Scope) -> list[Any]:
        return [self.evaluate(node.elt, inner) for inner in self._loops(node, node.generators, scope)]

    def _setcomp(self, node: ast.SetComp, scope: Scope) -> Any:
        return set(self._listcomp(ast.ListComp(node.elt, node.generators), scope))

    def _dictcomp(self, node: ast.DictComp, scope: Scope) -> dict[Any, Any]:
        pairs = self._loops(node, node.generators, scope)
        return {self.evaluate(node.key, inner): self.evaluate(node.value, inner) for inner in pairs}

    def _loops(self, node: ast.AST, loops: list[ast.comprehension], scope: Scope) -> Iterator[Scope]:
        inner = Scope({}, scope, scope.module, scope.owner, scope.path)
        if not loops:
            yield inner
            return
        first, *rest = loops
        for item in self.iterate(first.iter, self.evaluate(first.iter, scope)):
            self.spend(node)
            self.bind(first.target, item, inner)
            if all(self.truth(test, self.evaluate(test, inner)) for test in first.ifs):
                yield from self._loops(node, rest, inner)

    def iterate(self, node: ast.AST, value: Any) -> Iterator[Any]:
        """Yield the items of a list, a dictionary, a container."""
        if isinstance(value, Module) and value.kind != "ModuleDict":
            return iter(list(value.parts.values()))
        if isinstance(value, Module):
            return iter(list(value.parts))
        if isinstance(value, Tensor):
            raise self.refuse(node, "a loop over a tensor's rows is not followed", SUPPORTED)
        if not isinstance(value, list | tuple | dict | range | str | set):
            raise self.refuse(node, f"{named_kind(value)} is nothing to loop over")
        return iter(value)

    def bind(self, target: ast.expr, value: Any, scope: Scope) -> None:
        """Give a name, or several at once, a value."""
        raise NotImplementedError

    def tensor(self, value: Any, node: ast.AST, scope: Scope) -> Tensor:
        """Return a tensor for a value that stands for one."""
        raise NotImplementedError


def _same(one: Any, other: Any) -> bool:
    """Whether two values are the same object; what a library calls by one name is one."""
    return one == other if isinstance(one, Library) and isinstance(other, Library) else one is other


def _no_operator(left: Any, right: Any) -> Any:
    raise TypeError("this operator is not followed")


def named_kind(value: Any) -> str:
    """Return what a value is called in messages."""
    if isinstance(value, Library):
        return value.name
    if isinstance(value, Class | Function | Builtin):
        return f"'{value.name}'"
    if isinstance(value, Module):
        return f"a {value.kind}"
    if isinstance(value, Layer):
        return f"a {value.kind}"
    if isinstance(value, Tensor):
        return "a tensor"
    name = type(value).__name__
    return "None" if value is None else f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _what(node: ast.AST) -> str:
    names = {"Await": "await", "Yield": "yield", "YieldFrom": "yield", "Starred": "a star here", "TemplateStr": "this"}
    return names.get(type(node).__name__, f"this ({type(node).__name__})")


SUPPORTED = (
    "what is followed: layers made in __init__ and called in forward, loops and branches that shapes and constants "
    "decide, F.… and torch.… functions, view, flatten, +, cat"
)
