"""A notebook's code cells as source text: each a text of its own, its magics left out."""

import json
import re
from typing import Any

from convcalc.errors import InputError, Place

CELL_MAGICS = ("time", "timeit", "capture", "prun")
"""Cell magics whose cell is Python all the same."""


def code_cells(data: bytes, name: str) -> list[tuple[str, str]]:
    """Return each code cell's name and text; raise InputError for what is no notebook.

    >>> code_cells(b'{"cells": [{"cell_type": "code", "source": ["%time x = 1"]}]}', "a.ipynb")
    [('a.ipynb, cell 1', 'pass')]
    """
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
        cells = (
            notebook["cells"]
            if "cells" in notebook
            else [c for sheet in notebook["worksheets"] for c in sheet["cells"]]
        )
        texts = [(number, _text(cell)) for number, cell in enumerate(cells, 1) if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise InputError(
            "this is no notebook", hint="save it from Jupyter, or name a .py file", place=Place(name)
        ) from None
    found = [(f"{name}, cell {number}", plain(text)) for number, text in texts]
    if not any(text.strip() for _, text in found):
        raise InputError("the notebook has no code", place=Place(name))
    return found


def _text(cell: dict[str, Any]) -> str:
    source = cell.get("source", cell.get("input", ""))
    return source if isinstance(source, str) else "".join(source)


def plain(text: str) -> str:
    r"""Return a cell's text as Python: magics and commands of the shell are left out, line for line.

    >>> plain("!pip install x\nfiles = !ls\nif a:\n    %time f()\nprint?")
    'pass\nfiles = None\nif a:\n    pass\npass'
    """
    magic = re.match(r"\s*%%(\w+)", text)
    if magic is not None and magic[1] not in CELL_MAGICS:
        return ""
    lines = []
    for line in text.split("\n"):
        indent = re.match(r"\s*", line)
        start = indent[0] if indent is not None else ""
        assigned = re.match(r"(\s*[\w, ]+=\s*)[!%]", line)
        if re.match(r"\s*[!%]|\s*\w[\w.]*\?{1,2}\s*$|\s*\?", line):
            line = f"{start}pass"
        elif assigned is not None:
            line = f"{assigned[1]}None"
        lines.append(line)
    return "\n".join(lines)
