"""What Python is followed: tables, of which each library has its own; and how functions and loops are left."""

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from convcalc.network.source.values import Call, Scope


class LeavingError(Exception):
    """A function or a loop is left."""


class ReturnError(LeavingError):
    """A function's value."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


class Language(NamedTuple):
    """What Python is followed: what is not in these tables is refused."""

    expressions: "Mapping[type[ast.AST], Callable[[Any, Any, Scope], Any]]"
    statements: "Mapping[type[ast.AST], Callable[[Any, Any, Scope], None]]"
    calls: "Sequence[tuple[type, Callable[[Call], Any]]]"
    """How a value is called, by its type: the first that fits."""
    attributes: "Sequence[tuple[type, Callable[[Any, ast.AST, Any, str, Scope], Any]]]"
    """An attribute of a value, by its type: the first that fits."""
    names: Mapping[str, Any]
    """What Python's own names stand for."""
    lenient: tuple[str, ...] = ()
    """Arguments that may be unknown where they are given."""
    sets: "Callable[[Any, ast.AST, Any, str, Any], bool] | None" = None
    """Gives an attribute a value, and says whether it did."""
    kinds: Callable[[Any, str], bool | None] | None = None
    """Says whether a value is of a class of a library's, by its name; None: the class is not known."""
    canonical: Callable[[Any], Any] = lambda value: value
    """Returns what a library's name stands for by the one name that it has here."""
    layers: frozenset[str] = frozenset()
    """Names that a library's star import brings, beside PyTorch's."""
