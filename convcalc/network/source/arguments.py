"""`argparse` and the like in a source file: settings are taken as their defaults, which is said where one is read."""

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from convcalc.errors import InputError
from convcalc.network.source.follower import Follower
from convcalc.network.source.values import Builtin, Call, Scope

CONVERTED = ("int", "float", "str")
"""Types that argparse applies to a default that is a word."""


@dataclass(eq=False)
class Parser:
    """An ArgumentParser: what each of its settings is by default, and its flag."""

    defaults: dict[str, Any] = field(default_factory=dict)
    flags: dict[str, str] = field(default_factory=dict)


@dataclass(eq=False)
class Settings:
    """What parse_args() gives: settings by their names."""

    values: dict[str, Any]
    flags: dict[str, str] = field(default_factory=dict)


class Required:
    """The value of a setting that has no default."""


REQUIRED = Required()


def add_argument(call: Call, parser: Parser) -> None:
    """Take in a setting."""
    flags = [str(flag) for flag in call.given]
    long = next((flag for flag in flags if flag.startswith("--")), flags[0] if flags else "")
    name = str(call.named.get("dest") or long.lstrip("-").replace("-", "_"))
    if not name:
        raise InputError("an argument without a name")
    action = call.named.get("action")
    is_needed = bool(call.named.get("required")) or not long.startswith("-")
    by_action = {"store_true": False, "store_false": True, "count": None, "append": None}
    default = call.named.get("default", by_action.get(str(action), REQUIRED if is_needed else None))
    kind = call.named.get("type")
    if isinstance(default, str) and isinstance(kind, Builtin) and kind.name in CONVERTED:
        default = call.follower.call(call.node, kind, [default], {}, call.scope)
    parser.defaults[name] = default
    parser.flags[name] = long


def _set_defaults(call: Call, parser: Parser) -> None:
    parser.defaults |= call.named


METHODS: dict[str, Callable[[Call, Parser], Any]] = {
    "add_argument": add_argument,
    "set_defaults": _set_defaults,
    "parse_args": lambda call, parser: Settings(dict(parser.defaults), parser.flags),
    "parse_known_args": lambda call, parser: (Settings(dict(parser.defaults), parser.flags), []),
    **dict.fromkeys(
        ("add_argument_group", "add_mutually_exclusive_group", "add_subparsers", "add_parser"),
        lambda call, parser: parser,
    ),
    **dict.fromkeys(("print_help", "error", "exit"), lambda call, parser: None),
}
"""What is followed of a parser."""


def of_parser(follower: Follower, node: ast.AST, parser: Parser, name: str, scope: Scope) -> Any:
    """Return a method of a parser."""
    if name not in METHODS:
        raise follower.refuse(node, f"an ArgumentParser's '{name}' is not followed")
    return Builtin(name, lambda call: METHODS[name](call, parser))


def of_settings(follower: Follower, node: ast.AST, settings: Settings, name: str, scope: Scope) -> Any:
    """Return a setting: its default, unless the file gave it another value."""
    if name == "__dict__":
        return settings.values
    if name not in settings.values:
        raise follower.refuse(node, f"there is no setting '{name}'", f"it has {', '.join(settings.values) or 'none'}")
    value = settings.values[name]
    flag = settings.flags.get(name, name)
    if isinstance(value, Required):
        raise follower.refuse(node, f"{flag} has no default, and is not given here", "write its value into the file")
    if name in settings.flags:
        follower.remark(f"{flag} is taken as its default: {value!r}")
    return value


def namespace(call: Call) -> Settings:
    """Make a Namespace of named values."""
    return Settings(dict(call.named))


def made_default(settings: Settings, name: str, value: Any) -> None:
    """Give a setting a value, which is then no default any more."""
    settings.values[name] = value
    settings.flags = {known: flag for known, flag in settings.flags.items() if known != name}
