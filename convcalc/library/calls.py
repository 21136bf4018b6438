"""How a function is called: by its own words or those of other libraries; and what its result remembers of it."""

import functools
import inspect
from collections.abc import Callable
from fractions import Fraction
from typing import Any, ParamSpec, TypeVar

from convcalc.engine.exact import Array
from convcalc.errors import did_you_mean
from convcalc.library.words import ANY_INPUT, CONVERTED, OTHER_WORDS, refuses_in_python
from convcalc.library.worked_grid import Grid

P = ParamSpec("P")
T = TypeVar("T")
AnyGrid = TypeVar("AnyGrid", bound=Grid)
SETTINGS = (str, int, float, Fraction, tuple, list)
"""What an argument is that is no grid."""
COMMANDS = {"convolve": "conv", "conv_transpose": "conv-transpose"}


def understands(function: Callable[P, T]) -> Callable[P, T]:
    """Let a function take the words that other libraries have for its arguments, and refuse others by name."""
    name = function.__name__
    signature = inspect.signature(function)
    takes_any = any(one.kind is one.VAR_KEYWORD for one in signature.parameters.values())
    other = OTHER_WORDS.get(name, ANY_INPUT)

    @functools.wraps(function)
    def called(*values: P.args, **named: P.kwargs) -> T:
        words: dict[str, Any] = {}
        for word, value in named.items():
            own = word if word in signature.parameters else other.get(word, word)
            if own not in signature.parameters and not takes_any:
                hint = did_you_mean(word, list(signature.parameters), f"it takes {', '.join(signature.parameters)}")
                raise TypeError(f"{name}() has no argument {word!r}; {hint}")
            if own in words:
                raise TypeError(f"{name}() got {own!r} twice, once by another word")
            words[own] = CONVERTED[word](value) if word in CONVERTED and word != own else value
        result = function(*values, **words)
        if isinstance(result, Grid):
            asked = signature.bind(*values, **words).arguments
            settings = {name: value for name, value in asked.items() if isinstance(value, SETTINGS)}
            result.remember(COMMANDS.get(name, name.replace("_", "-")), settings)
        return result

    return refuses_in_python(called)


def reading(result: AnyGrid, **grids: Array | None) -> AnyGrid:
    """Return a result that knows what it read."""
    result.reads = {name: grid for name, grid in grids.items() if grid is not None}
    return result
