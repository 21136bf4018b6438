"""Which model of a file of Keras's is meant."""

import ast
from typing import Any

from convcalc.errors import InputError, Place, UsageError, did_you_mean
from convcalc.network.source.follower import Follower
from convcalc.network.source.keras_models import KerasModel, parts_of
from convcalc.network.source.picking import base_of, needed_by
from convcalc.network.source.toplevel import run_main
from convcalc.network.source.values import Class, Function, Module, Scope, Unknown

MAKERS = ("Sequential", "Model", "Functional")
"""What a function calls that makes a model."""


def pick(follower: Follower, wanted: str | None) -> tuple[Any, str]:
    """Return the model that is asked for, or the only one, and its name."""
    names = follower.file.names
    if wanted is not None:
        return _by_name(follower, wanted)
    if not any(_is_model(value) for value in names.values()):
        run_main(follower, follower.file)
    made = {name: value for name, value in names.items() if _is_model(value)}
    _check_unknown(follower)
    inner = {id(part) for one in made.values() for part in parts_of(one)}
    inner |= {id(one) for one in made.values() if _is_within_another(one, list(made.values()))}
    outer = {id(value): name for name, value in made.items() if id(value) not in inner}
    if len(outer) > 1:
        listed = list(outer.values())
        raise UsageError(
            f"{follower.source} has several models: {', '.join(listed)}", hint=f"pick one: --class {listed[-1]}"
        )
    if made:
        name = next(iter(outer.values()), next(reversed(made)))
        return made[name], name
    makers = [name for name, value in names.items() if isinstance(value, Function) and _makes(value)]
    free = [name for name in makers if not needed_by(names[name])]
    classes = [name for name, value in names.items() if isinstance(value, Class) and value.is_keras]
    mentioned = {part.id for name in classes for part in ast.walk(names[name].node) if isinstance(part, ast.Name)}
    outermost = [name for name in classes if name not in mentioned] or classes
    candidates = free or makers or outermost
    if len(candidates) == 1:
        return _by_name(follower, candidates[0])
    if candidates:
        settings = needed_by(names[candidates[-1]])
        example = f'"{candidates[-1]}({", ".join("…" for _ in settings)})"' if settings else candidates[-1]
        raise UsageError(
            f"{follower.source} makes several models: {', '.join(candidates)}", hint=f"pick one: --class {example}"
        )
    unknown = [value for value in names.values() if isinstance(value, Unknown)]
    if unknown:
        raise unknown[-1].error
    raise InputError(
        "the file has no model of Keras's", hint="model = keras.Sequential([…])", place=Place(follower.source)
    )


def _check_unknown(follower: Follower) -> None:
    """Raise the error of a model that could not be followed: another one is not what was meant."""
    names = follower.file.names
    makers = {*MAKERS, *(name for name, value in names.items() if isinstance(value, Class) and value.is_keras)}
    makers |= {name for name, value in names.items() if isinstance(value, Function) and _makes(value)}
    for name, value in names.items():
        if isinstance(value, Unknown) and value.statement is not None and _called(value.statement) & makers:
            error = value.error
            raise InputError(f"{name}: {error.message}", hint=error.hint, place=error.place)


def _called(node: ast.AST) -> set[str]:
    """Return what a piece of code calls, by the last of each name."""
    called = [part.func for part in ast.walk(node) if isinstance(part, ast.Call)]
    names = {part.id for part in called if isinstance(part, ast.Name)}
    return names | {part.attr for part in called if isinstance(part, ast.Attribute)}


def _is_within_another(network: Any, made: list[Any]) -> bool:
    """Whether all of a model's layers are a later one's, too, which has more: as those of a base that is built upon."""
    own = {id(part) for part in parts_of(network)}
    later = made[[one is network for one in made].index(True) + 1 :]
    others = ({id(part) for part in parts_of(one)} for one in later)
    return bool(own) and any(own < other for other in others)


def _is_model(value: Any) -> bool:
    is_own = isinstance(value, Module) and value.made_by is not None and value.made_by.is_keras
    return isinstance(value, KerasModel) or is_own


def _makes(function: Function) -> bool:
    """Whether a function makes a model, and returns something."""
    if not isinstance(function.node, ast.FunctionDef):
        return False
    returns = [part for part in ast.walk(function.node) if isinstance(part, ast.Return) and part.value is not None]
    return bool(_called(function.node) & set(MAKERS)) and bool(returns)


def _by_name(follower: Follower, wanted: str) -> tuple[Any, str]:
    try:
        expression = ast.parse(wanted, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise UsageError(f"--class {wanted}: this is no name", hint="as in --class model") from None
    names = follower.file.names
    known = [name for name, value in names.items() if _is_model(value) or isinstance(value, Function | Class)]
    head = expression
    while isinstance(head, ast.Call | ast.Attribute | ast.Subscript):
        head = head.func if isinstance(head, ast.Call) else head.value
    name = next(iter(base_of(head)), "")
    if name not in names:
        hint = did_you_mean(name, known, f"it has {', '.join(known) or 'none'}", most=3)
        raise UsageError(f"{follower.source} has no model '{name}'", hint=hint)
    asked = follower.texts.add("--class", [wanted], expression).tree
    assert isinstance(asked, ast.expr)
    follower.counts.clear()  # so that its layers are named as if it were the first model
    value = follower.evaluate(asked, Scope({}, follower.file))
    if isinstance(value, Function | Class):
        needed = needed_by(value)
        if needed:
            hint = f'give them: --class "{wanted}({", ".join("…" for _ in needed)})"'
            raise UsageError(f"{wanted} needs {', '.join(needed)}", hint=hint)
        value = follower.call(value.node, value, [], {}, follower.file)
    if isinstance(value, tuple | list):
        value = next((one for one in value if _is_model(one)), value)
    if not _is_model(value):
        raise UsageError(f"--class {wanted} is no model", hint=f"it has {', '.join(known) or 'none'}")
    return value, wanted
