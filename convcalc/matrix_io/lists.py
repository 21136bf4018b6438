"""Grids as lists within lists: JSON, and what other notations come to."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from convcalc.engine.exact import Array
from convcalc.engine.grids import as_grid
from convcalc.errors import InputError, Place
from convcalc.matrix_io.signs import with_plain_signs
from convcalc.matrix_io.text import Grid, parse_number

RECORD_VERSION = 1
"""Of the JSON that holds all of the work."""


def written_otherwise(text: str, source: str, *, as_written: bool) -> Grid | None:
    """Read a text that is no rows of numbers: JSON, brackets, LaTeX, or a table; None if it is none of these."""
    text = with_plain_signs(text)
    from convcalc.matrix_io.notations import read_notation
    from convcalc.matrix_io.tables import read_table

    if text.lstrip()[:1] in ("[", "{"):
        is_object = re.match(r"\s*\{\s*[\"}]", text)
        data = _loaded(text, source, as_written=as_written, strictly=bool(is_object))
        if data is not None:
            return Grid(_of_json(data, source, as_written=as_written), source)
    found = read_notation(text, source, as_written=as_written) or read_table(text, source, as_written=as_written)
    if found is None:
        return None
    data, note = found
    return Grid(_of_lists(data, source, as_written=as_written), source, note=note)


def placed(cells: Any, source: str) -> Array:
    """Return cells as a grid; a fault among them is said to be in `source`."""
    try:
        return as_grid(np.array(cells) if isinstance(cells, np.ndarray) else cells)
    except InputError as error:
        raise InputError(error.message, hint=error.hint, place=Place(source)) from None


def _loaded(text: str, source: str, *, as_written: bool, strictly: bool) -> Any:
    """Return what a text says in JSON; None for one that is none, unless it must be `strictly`."""
    import json

    def number(word: str) -> Any:
        return parse_number(word, Place(source), as_written=as_written)

    try:
        return json.loads(text, parse_int=number, parse_float=number, parse_constant=number)
    except json.JSONDecodeError as error:
        if not strictly:
            return None
        line = text.splitlines()[error.lineno - 1] if text.splitlines()[error.lineno - 1 :] else ""
        raise InputError(
            f"this is not JSON: {error.msg}",
            hint="write rows as lists, as in [[1, 2], [3, 4]]",
            place=Place(source, error.lineno, error.colno, line),
        ) from None
    except RecursionError:
        raise InputError("the lists are nested too deep", hint="the most is 4 deep", place=Place(source)) from None


def _of_json(data: Any, source: str, *, as_written: bool) -> Array:
    """Return the grid of what JSON holds: lists, a number, or an object of ours."""
    if isinstance(data, dict):
        if isinstance(data.get("convcalc"), int) and data["convcalc"] > RECORD_VERSION:
            fault = f"a newer convcalc wrote this: version {data['convcalc']} of its JSON"
            raise InputError(fault, hint="bring convcalc up to date", place=Place(source))
        grid = next((data[key] for key in ("output", "grid") if key in data), None)
        if grid is None:
            raise InputError(
                "the object has no 'output' and no 'grid'", hint="give the grid as nested lists", place=Place(source)
            )
        data = grid
    return _of_lists(data if isinstance(data, list) else [[data]], source, as_written=as_written)


def _of_lists(data: Any, source: str, *, as_written: bool) -> Array:
    """Return nested lists as a grid; raise InputError where they are ragged, or hold something else."""

    def number(word: str) -> Any:
        return parse_number(word, Place(source), as_written=as_written)

    _check_json(data, source, ())
    cells = _numbers_of(data, source, "", number)
    return np.array(cells, dtype=object) if as_written else placed(cells, source)


def _check_json(data: Any, source: str, path: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of nested lists; raise InputError, naming the index, where they are ragged or too deep."""
    if not isinstance(data, list):
        return ()
    where = "".join(f"[{index}]" for index in path) or "the top"
    if not data:
        raise InputError(f"the list at {where} is empty", hint="give it numbers", place=Place(source))
    if len(path) == 4:
        raise InputError(f"the lists at {where} are nested too deep", hint="the most is 4 deep", place=Place(source))
    shapes = [_check_json(part, source, (*path, index)) for index, part in enumerate(data)]
    for index, shape in enumerate(shapes):
        if shape != shapes[0]:
            lengths = f"{shape[0] if shape else 'no'} and {shapes[0][0] if shapes[0] else 'no'} cells"
            raise InputError(
                f"the lists at {where} differ: [{index}] and [0] have {lengths}",
                hint="give every row as many cells",
                place=Place(source),
            )
    return (len(data), *shapes[0])


def _numbers_of(data: Any, source: str, where: str, number: Callable[[str], Any]) -> Any:
    if isinstance(data, list):
        return [_numbers_of(part, source, f"{where}[{index}]", number) for index, part in enumerate(data)]
    if isinstance(data, str):
        try:
            return number(data)
        except InputError as error:
            raise InputError(f"cell {where}: {error.message}", hint=error.hint, place=error.place) from None
    if isinstance(data, bool) or data is None or isinstance(data, dict):
        import json

        raise InputError(
            f"cell {where}: {json.dumps(data)[:40]} is not a number",
            hint='cells are numbers, or strings like "1/9"',
            place=Place(source),
        )
    return data
