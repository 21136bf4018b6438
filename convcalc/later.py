"""A module that is imported when something of it is first asked for, so that a table of data is quick to load."""

import importlib
from typing import Any


class Later:
    """A module, by its name, that is imported when something of it is first asked for.

    >>> fractions = Later("fractions")
    >>> fractions.Fraction(2, 4)
    Fraction(1, 2)
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(importlib.import_module(self._name), attribute)
        setattr(self, attribute, value)  # from now on this is found first
        return value
