"""Following expressions: numbers, names, calls, comprehensions; and sums of tensors."""

import ast
import operator
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from convcalc.errors import ConvcalcError
from convcalc.network.functions import Combine, MatMul, Parameter
from convcalc.network.held import wanted
from convcalc.network.source import arrays
from convcalc.network.source.binding import bind
from convcalc.network.source.follower import LONGEST, SUPPORTED, TENSORS, Follower
from convcalc.network.source.parts import indexed
from convcalc.network.source.python import SHORT_SPEC
from convcalc.network.source.values import (
    OF_A_WEIGHT,
    Array,
    Bound,
    Builtin,
    Class,
    Function,
    Library,
    Module,
    Numbers,
    Once,
    Scope,
    Unknown,
    Weight,
)
from convcalc.network.trace import Tensor

OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow, ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_, ast.BitXor: operator.xor, ast.LShift: operator.lshift, ast.RShift: operator.rshift,
}  # fmt: skip
TENSOR_OPERATORS = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.FloorDiv: "floor_divide", ast.Mod: "remainder",
    ast.Pow: "pow",
}  # fmt: skip
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.Is: lambda one, other: _same(one, other),
    ast.IsNot: lambda one, other: not _same(one, other),
    ast.In: lambda item, items: item in items, ast.NotIn: lambda item, items: item not in items,
}  # fmt: skip
_CHAINED = "could not be followed:"
_PLAIN_WORDS = re.compile(r"(?:[^%]|%0?\d{0,2}(?:\.\d)?[dsifgx]|%%)*")


def _name(follower: Follower, node: ast.Name, scope: Scope) -> Any:
    try:
        value = scope.find(node.id)
    except KeyError:
        value = follower.file.names.get("*")  # an import of everything that failed
        library_name = value if isinstance(value, Unknown) else follower.starred(node.id)
        if library_name is None:
            raise follower.refuse(node, f"the name '{node.id}' stands for nothing here") from None
        value = library_name
    if isinstance(value, Unknown):
        if _CHAINED in value.error.message:  # which names the first cause already
            raise value.error
        raise follower.refuse(node, f"'{node.id}' {_CHAINED} {value.error}", value.error.hint)
    return value


def _items(follower: Follower, nodes: list[ast.expr], scope: Scope) -> Iterator[Any]:
    for item in nodes:
        if isinstance(item, ast.Starred):
            yield from follower.iterate(item, follower.evaluate(item.value, scope))
        else:
            yield follower.evaluate(item, scope)


def _dict(follower: Follower, node: ast.Dict, scope: Scope) -> dict[Any, Any]:
    items: dict[Any, Any] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            items.update(follower.evaluate(value, scope))
        else:
            follower.plainly(node, items.__setitem__, follower.evaluate(key, scope), follower.evaluate(value, scope))
    return items


def _joinedstr(follower: Follower, node: ast.JoinedStr, scope: Scope) -> str:
    parts = []
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            spec = "" if part.format_spec is None else str(follower.evaluate(part.format_spec, scope))
            if not SHORT_SPEC.fullmatch(spec):
                raise follower.refuse(part, "this format is not followed", 'as in f"{i}" or f"{i:02d}"')
            parts.append(
                follower.plainly(part, format, follower.worded(part, follower.evaluate(part.value, scope)), spec)
            )
        else:
            parts.append(str(follower.evaluate(part, scope)))
    return "".join(parts)[:LONGEST]


def combine(follower: Follower, node: ast.AST, sign: ast.operator, left: Any, right: Any, scope: Scope) -> Any:
    """Return what an operator makes of two values."""
    if any(isinstance(value, Library) and value.name.startswith(OF_A_WEIGHT) for value in (left, right)) and not (
        isinstance(left, TENSORS) and isinstance(right, TENSORS)
    ):
        return Library(OF_A_WEIGHT)
    if isinstance(left, TENSORS) or isinstance(right, TENSORS):
        operands = [value for value in (left, right) if isinstance(value, (*TENSORS, Array, Numbers))]
        tensors = [follower.tensor(value, node, scope) for value in operands]
        if isinstance(sign, ast.MatMult) and len(tensors) == 2:
            return follower.use("matmul", MatMul(), *tensors, node=node, scope=scope)
        name = TENSOR_OPERATORS.get(type(sign))
        if name is None or not all(
            isinstance(value, (*TENSORS, Array, Numbers, int, float)) for value in (left, right)
        ):
            raise follower.refuse(node, "this operator is not followed on tensors", SUPPORTED)
        numbers = [value if isinstance(value, int | float) else None for value in (left, right)]
        return follower.use(name, Combine(name, numbers), *tensors, node=node, scope=scope)
    if isinstance(left, Array) or isinstance(right, Array):
        shapes = [value.shape for value in (left, right) if isinstance(value, Array)]
        shapes += [(len(value),) for value in (left, right) if isinstance(value, Numbers)]
        return Array(Combine("array").output(*shapes))
    if isinstance(left, Numbers) or isinstance(right, Numbers):
        return _cell_by_cell(follower, node, sign, left, right)
    if any(isinstance(value, Library) and value.name == "torch.nothing" for value in (left, right)):
        return Library("torch.nothing")
    kinds = (Builtin, Library, Class)
    if isinstance(sign, ast.BitOr) and isinstance(right, kinds) and isinstance(left, (*kinds, tuple)):
        return (*(left if isinstance(left, tuple) else (left,)), right)  # of types, as in int | float
    _check_size(follower, node, sign, left, right)
    return follower.plainly(node, OPERATORS.get(type(sign), _no_operator), left, right)


def _cell_by_cell(follower: Follower, node: ast.AST, sign: ast.operator, left: Any, right: Any) -> Numbers:
    """Return what an operator makes of rows of numbers, one by one, or of a row and a number."""
    length = max(len(value) for value in (left, right) if isinstance(value, Numbers))
    rows = [list(value) if isinstance(value, Numbers) else [value] for value in (left, right)]
    rows = [row * length if len(row) == 1 else row for row in rows]
    if len(rows[0]) != len(rows[1]):
        raise follower.refuse(node, f"{len(rows[0])} numbers and {len(rows[1])} do not fit each other")
    function = OPERATORS.get(type(sign), _no_operator)
    for one, other in zip(*rows, strict=True):
        _check_size(follower, node, sign, one, other)
    return Numbers(follower.plainly(node, function, one, other) for one, other in zip(*rows, strict=True))


def _check_size(follower: Follower, node: ast.AST, sign: ast.operator, left: Any, right: Any) -> None:
    """Refuse what would make a list, a word or a number of immense size."""
    size = 0
    numbers = isinstance(left, int) and isinstance(right, int)
    if isinstance(sign, ast.Mult):
        sequences = [(one, two) for one, two in ((left, right), (right, left)) if isinstance(one, list | tuple | str)]
        size = max((len(one) * two for one, two in sequences if isinstance(two, int)), default=0)
        size = max(size, left.bit_length() + right.bit_length() if numbers else 0)
    elif isinstance(sign, ast.Pow) and numbers:
        size = left.bit_length() * max(right, 0)
    elif isinstance(sign, ast.LShift) and numbers:
        size = left.bit_length() + max(right, 0)
    elif isinstance(sign, ast.Add) and isinstance(left, list | tuple | str) and hasattr(right, "__len__"):
        size = len(left) + len(right)
    elif isinstance(sign, ast.Mod) and isinstance(left, str) and not _PLAIN_WORDS.fullmatch(left):
        raise follower.refuse(node, "words are not put together with % here", 'write an f-string: f"fc{i}"')
    follower.weigh(node, size)
    if size > LONGEST:
        raise follower.refuse(node, f"this would make something of more than {LONGEST:,} parts")


def _unaryop(follower: Follower, node: ast.UnaryOp, scope: Scope) -> Any:
    value = follower.evaluate(node.operand, scope)
    if isinstance(node.op, ast.Not):
        return not follower.truth(node.operand, value)
    if isinstance(value, TENSORS):
        if isinstance(node.op, ast.UAdd):
            return value
        if isinstance(node.op, ast.Invert):
            raise follower.refuse(node, "~ of a tensor is not followed", "1 - x turns a mask over")
        tensor = follower.tensor(value, node, scope)
        return follower.use("neg", Combine("neg"), tensor, node=node, scope=scope)
    signs: dict[type[ast.unaryop], Any] = {
        ast.USub: operator.neg,
        ast.UAdd: operator.pos,
        ast.Invert: operator.invert,
    }
    return follower.plainly(node, signs[type(node.op)], value)


def _boolop(follower: Follower, node: ast.BoolOp, scope: Scope) -> Any:
    value: Any = None
    for part in node.values:
        value = follower.evaluate(part, scope)
        if follower.truth(part, value) is isinstance(node.op, ast.Or):
            return value
    return value


def _compare(follower: Follower, node: ast.Compare, scope: Scope) -> bool:
    left = follower.evaluate(node.left, scope)
    for sign, following in zip(node.ops, node.comparators, strict=True):
        right = follower.evaluate(following, scope)
        left, right = follower.language.canonical(left), follower.language.canonical(right)
        follower.known(node, left, right)
        if not isinstance(sign, ast.Is | ast.IsNot):
            for value in (left, right):
                if isinstance(value, Tensor):
                    follower.truth(node, value)
        if not follower.plainly(node, COMPARISONS[type(sign)], left, right):
            return False
        left = right
    return True


def _namedexpr(follower: Follower, node: ast.NamedExpr, scope: Scope) -> Any:
    value = follower.evaluate(node.value, scope)
    scope.names[node.target.id] = value
    return value


def _call(follower: Follower, node: ast.Call, scope: Scope) -> Any:
    return call_of(follower, node, follower.evaluate(node.func, scope), scope)


def call_of(follower: Follower, node: ast.Call, called: Any, scope: Scope) -> Any:
    """Return what a call gives, of something that is found already: it is found but once, as that may do something."""
    if isinstance(called, Builtin) and called.idle:
        return follower.call(node, called, [], {}, scope)
    lenient = follower.language.lenient if isinstance(called, Library) else ()
    positional = [_leniently(follower, one, scope) for one in node.args] if _is_open(called, lenient) else None
    positional = list(_items(follower, node.args, scope)) if positional is None else positional
    keywords: dict[str, Any] = {}
    for keyword in node.keywords:
        if keyword.arg in lenient:
            keywords[str(keyword.arg)] = _leniently(follower, keyword.value, scope)
            continue
        value = follower.evaluate(keyword.value, scope)
        if keyword.arg is not None:
            keywords[keyword.arg] = value
        elif isinstance(value, dict):
            keywords.update(value)
    return follower.call(node, called, positional, keywords, scope)


def _is_open(called: Any, lenient: Sequence[str]) -> bool:
    """Whether a function's first argument may be unknown: what an input looks like."""
    return bool(lenient) and called.name.rpartition(".")[2] == "Input"


def _leniently(follower: Follower, node: ast.expr, scope: Scope) -> Any:
    """Return an argument's value, or what is not known of it."""
    try:
        return follower.evaluate(node, scope)
    except ConvcalcError as error:
        return Unknown(error)


def subscript(follower: Follower, node: ast.AST, value: Any, index: Any, scope: Scope) -> Any:
    """Return a part of a list, a container or a tensor."""
    if isinstance(value, Weight) and follower.trace is None:
        value = Array(wanted(value.layer).get(value.part, ()))
    if isinstance(value, Parameter | Weight) and follower.trace is not None:
        value = follower.tensor(value, node, scope)
    if isinstance(value, Tensor):
        return indexed(follower, node, value, index, scope)
    if isinstance(value, Module):
        follower.known(node, value)
        return _part(follower, node, value, index)
    if isinstance(value, Array) or (isinstance(value, Numbers) and isinstance(index, tuple)):
        return arrays.worked(follower, node, lambda x: indexed(follower, node, x, index, scope), value)
    if isinstance(value, Library) and value.name.endswith(".__dict__") and isinstance(index, str):
        return library_attribute(value, index)
    if isinstance(value, Library | Class | Function | Bound | Builtin):
        return value  # a type's brackets, as in list[int]
    return follower.plainly(node, operator.getitem, value, index)


def library_attribute(value: Library, name: str) -> Library:
    """Return what `library.__dict__[name]` is."""
    return replace(value, name=f"{value.name.removesuffix('.__dict__')}.{name}")


def _part(follower: Follower, node: ast.AST, module: Module, index: Any) -> Any:
    if isinstance(index, slice):
        names = list(module.parts)[index]
        return Module(module.kind, module.made_by, {}, {name: module.parts[name] for name in names})
    if isinstance(index, int) and module.kind != "ModuleDict":
        return follower.plainly(node, operator.getitem, list(module.parts.values()), index)
    return follower.plainly(node, operator.getitem, module.parts, index)


def _slice(follower: Follower, node: ast.Slice, scope: Scope) -> slice:
    return slice(
        *(None if part is None else follower.evaluate(part, scope) for part in (node.lower, node.upper, node.step))
    )


def _both(follower: Follower, one: ast.expr, other: ast.expr, scope: Scope) -> tuple[Any, Any]:
    return follower.evaluate(one, scope), follower.evaluate(other, scope)


def _comprehension(follower: Follower, node: ast.ListComp | ast.GeneratorExp | ast.SetComp, scope: Scope) -> list[Any]:
    return [follower.evaluate(node.elt, inner) for inner in _loops(follower, node, node.generators, scope)]


def _dictcomp(follower: Follower, node: ast.DictComp, scope: Scope) -> dict[Any, Any]:
    pairs = _loops(follower, node, node.generators, scope)
    return {follower.evaluate(node.key, inner): follower.evaluate(node.value, inner) for inner in pairs}


def _loops(follower: Follower, node: ast.AST, loops: list[ast.comprehension], scope: Scope) -> Iterator[Scope]:
    inner = Scope({}, scope, scope.module, scope.owner, scope.path)
    if not loops:
        yield inner
        return
    first, *rest = loops
    for item in follower.iterate(first.iter, follower.evaluate(first.iter, scope)):
        follower.spend(node)
        bind(follower, first.target, item, inner)
        if all(follower.truth(test, follower.evaluate(test, inner)) for test in first.ifs):
            yield from _loops(follower, node, rest, inner)


def _same(one: Any, other: Any) -> bool:
    """Whether two values are the same object; what a library calls by one name is one."""
    return one == other if isinstance(one, Library) and isinstance(other, Library) else one is other


def _no_operator(left: Any, right: Any) -> Any:
    raise TypeError("this operator is not followed")


EXPRESSIONS: dict[type[ast.AST], Callable[[Follower, Any, Scope], Any]] = {
    ast.Constant: lambda follower, node, scope: node.value,
    ast.Name: _name,
    ast.Attribute: lambda follower, node, scope: follower.attribute(
        node, follower.evaluate(node.value, scope), node.attr, scope
    ),
    ast.Tuple: lambda follower, node, scope: tuple(_items(follower, node.elts, scope)),
    ast.List: lambda follower, node, scope: list(_items(follower, node.elts, scope)),
    ast.Set: lambda follower, node, scope: follower.plainly(node, set, list(_items(follower, node.elts, scope))),
    ast.Dict: _dict,
    ast.JoinedStr: _joinedstr,
    ast.BinOp: lambda follower, node, scope: combine(
        follower, node, node.op, *_both(follower, node.left, node.right, scope), scope
    ),
    ast.UnaryOp: _unaryop,
    ast.BoolOp: _boolop,
    ast.Compare: _compare,
    ast.IfExp: lambda follower, node, scope: follower.evaluate(follower.chosen(node, scope), scope),
    ast.NamedExpr: _namedexpr,
    ast.Lambda: lambda follower, node, scope: Function(
        "lambda", node, scope, [follower.evaluate(value, scope) for value in node.args.defaults], {}
    ),
    ast.Call: _call,
    ast.Subscript: lambda follower, node, scope: subscript(
        follower, node, *_both(follower, node.value, node.slice, scope), scope
    ),
    ast.Slice: _slice,
    ast.ListComp: _comprehension,
    ast.GeneratorExp: lambda follower, node, scope: Once(_comprehension(follower, node, scope)),
    ast.SetComp: lambda follower, node, scope: set(_comprehension(follower, node, scope)),
    ast.DictComp: _dictcomp,
}
"""How each expression is followed."""
