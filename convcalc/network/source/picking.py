"""Which network of a source file is meant: the only one, the one that is asked for, or what a function makes."""

import ast
from typing import Any

from convcalc.errors import InputError, Place, UsageError, did_you_mean
from convcalc.network.layer import Layer
from convcalc.network.source.follower import Follower
from convcalc.network.source.values import Class, Function, Module, Scope, Unknown


def pick(follower: Follower, wanted: str | None) -> tuple[Module | Layer, str]:
    """Return the network that is asked for, or the only one there is, and its name."""
    names = _own_names(follower)
    classes = {name: value for name, value in names.items() if isinstance(value, Class) and value.is_module}
    instances = {
        name: value for name, value in names.items() if isinstance(value, Module | Layer) and _is_network(value)
    }
    if wanted is not None:
        return _by_name(follower, wanted, [*classes, *instances])
    networks = {name: value for name, value in instances.items() if isinstance(value, Module)}
    if networks or (instances and not classes):
        return _the_one(follower, networks or instances)
    if follower.lost and wanted is None:
        raise follower.lost[-1]
    unknown = [(name, value) for name, value in names.items() if isinstance(value, Unknown)]
    inner = _used_by_others(classes)
    outer = [name for name in classes if name not in inner]
    candidates = outer or list(classes)
    makers = _makers(follower, names)
    free = [name for name in candidates if not needed_by(classes[name])]
    if makers and not free:
        if len(makers) == 1:
            return _by_name(follower, makers[0], makers)
        raise UsageError(
            f"{follower.source} makes several networks: {', '.join(makers)}", hint=f"pick one: --class {makers[0]}"
        )
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


def _own_names(follower: Follower) -> dict[str, Any]:
    """Return the file's names: those of its own classes, or (where it has none) also what it imported."""
    names = follower.file.names
    imported = {
        name for name, value in names.items()
        if isinstance(value, Class | Function) and not follower.place(value.node).source.startswith(follower.source)
    }  # fmt: skip
    own = {name: value for name, value in names.items() if name not in imported}
    has_networks = any(isinstance(value, Class) and value.is_module for value in own.values())
    return own if has_networks or _makers(follower, own) else names


def _makers(follower: Follower, names: dict[str, Any]) -> list[str]:
    """Return the functions that need nothing and return what a network's class, or one like them, makes."""
    known = follower.file.names.items()
    classes = [name for name, value in known if isinstance(value, Class) and value.is_module]
    makers: list[str] = []
    for name, value in names.items():
        if isinstance(value, Function) and isinstance(value.node, ast.FunctionDef) and not needed_by(value):
            returns = (part.value for part in ast.walk(value.node) if isinstance(part, ast.Return))
            called = (part.func for part in returns if isinstance(part, ast.Call))
            if any(isinstance(part, ast.Name) and part.id in (*classes, *makers) for part in called):
                makers.append(name)
    return makers


def needed_by(value: Class | Function) -> list[str]:
    """Return the settings without which a class of the file, or a function, makes nothing."""
    try:
        function: Any = value.find("__init__") if isinstance(value, Class) else value
    except KeyError:
        return []
    signature = function.node.args
    names = [argument.arg for argument in (*signature.posonlyargs, *signature.args)][isinstance(value, Class) :]
    names = names[: len(names) - len(function.defaults)]
    return names + [one.arg for one in signature.kwonlyargs if one.arg not in function.keyword_defaults]


def _the_one(follower: Follower, made: dict[str, Any]) -> tuple[Module | Layer, str]:
    """Return the only network among what the file makes: what is a part of another, or the same, does not count."""
    inner = {id(part) for one in made.values() if isinstance(one, Module) for _, part in one.named() if part is not one}
    outer = {id(value): name for name, value in made.items() if id(value) not in inner}
    outer = {key: name for key, name in outer.items() if not _is_quarried(made[name], list(made.values()))}
    if len(outer) > 1:
        names = list(outer.values())
        raise UsageError(
            f"{follower.source} has several networks: {', '.join(names)}", hint=f"pick one: --class {names[-1]}"
        )
    name = next(iter(outer.values()), next(reversed(made)))
    network = made[name]
    return network, network.kind if isinstance(network, Module) and network.made_by else name


def _is_quarried(network: Any, made: list[Any]) -> bool:
    """Whether a network that is made later has some of its layers, as heads are put on a known network's."""
    later = made[[one is network for one in made].index(True) + 1 :]
    own = {id(part) for _, part in network.named()} if isinstance(network, Module) else set()
    others = (one for one in later if isinstance(one, Module) and one is not network)
    return any(id(part) in own for one in others for _, part in one.named() if isinstance(part, Layer))


def _is_network(value: Module | Layer) -> bool:
    return isinstance(value, Layer) or value.made_by is None or value.made_by.is_module


def _used_by_others(classes: dict[str, Class]) -> set[str]:
    """Return the classes that another class of the file names: blocks, and bases."""
    inner: set[str] = set()
    for name, one in classes.items():
        mentions = {part.id for part in ast.walk(one.node) if isinstance(part, ast.Name)}
        inner |= {other for other in classes if other != name and other in mentions}
    return inner


def _by_name(follower: Follower, wanted: str, known: list[str]) -> tuple[Module | Layer, str]:
    try:
        expression = ast.parse(wanted, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise UsageError(f"--class {wanted}: this is no name", hint="as in --class Net") from None
    name = next(iter(base_of(expression.func if isinstance(expression, ast.Call) else expression)), "")
    if name not in follower.file.names:
        listing = did_you_mean(name, known, f"it has {', '.join(known) or 'none'}", most=3)
        raise UsageError(f"{follower.source} has no network '{name}'", hint=listing)
    asked = follower.texts.add("--class", [wanted], expression).tree
    assert isinstance(asked, ast.expr)
    value = follower.evaluate(asked, Scope({}, follower.file))
    if isinstance(value, Class):
        value = _instance(follower, value)
    if isinstance(value, Function):
        needed = needed_by(value)
        if needed:
            fault, hint = (
                f"{wanted} needs {', '.join(needed)}",
                f'give them: --class "{wanted}({", ".join("…" for _ in needed)})"',
            )
            raise UsageError(fault, hint=hint)
        value = follower.call(value.node, value, [], {}, follower.file)
    if not isinstance(value, Module | Layer):
        known = list(dict.fromkeys([*_makers(follower, follower.file.names), *known]))
        raise UsageError(f"--class {wanted} is no network", hint=f"it has {', '.join(known) or 'none'}")
    return value, wanted


def _instance(follower: Follower, wanted: Class) -> Module:
    """Make the network of a class that needs no settings, or tell how to give them."""
    needed = needed_by(wanted)
    if needed:
        settings = f'give them: --class "{wanted.name}({", ".join("…" for _ in needed)})"'
        makers = _makers(follower, follower.file.names)
        raise UsageError(
            f"{wanted.name} needs {', '.join(needed)}",
            hint=f"the file makes one itself: --class {makers[0]}" if makers else settings,
        )
    network = follower.call(wanted.node, wanted, [], {}, follower.file)
    assert isinstance(network, Module)
    return network


def base_of(node: ast.expr) -> set[str]:
    """Return the name that an attribute or a part is of, if it is of one."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return {node.id} if isinstance(node, ast.Name) else set()
