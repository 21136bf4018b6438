"""Work as JSON: the operation, what it was given, every step with its terms, the output. The README documents it."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from convcalc.report.document import (
    Block,
    Document,
    Heading,
    Matrix,
    Picture,
    Stepped,
    Steps,
    Sum,
    Table,
    Text,
    flowing,
)

MOST_STEPS = 4096
"""Steps up to which all are told, if nothing else is asked for."""
VERSION = 1
"""Of the schema; it grows when a reader must know."""


def record(
    document: Document,
    operation: str,
    arguments: Mapping[str, Any],
    grids: Mapping[str, Any],
    output: Any,
    *,
    every: bool = False,
) -> Iterator[str]:
    """Yield the lines of one object; its steps come one a line: those that are shown, or (of so many) `every` one.

    Of several operations, a step says which one it is `of`.
    """
    blocks = list(document)
    parts = sum(isinstance(block, Stepped) for block in blocks)
    headings = [block for block in blocks if isinstance(block, Heading)]
    steps: list[dict[str, Any]] = []
    left, of = 0, ""
    for block in blocks:
        if isinstance(block, Heading):
            of = block.text if not block.formulas or not of else of
        elif isinstance(block, Stepped):
            some, more = _steps(block, every=every)
            steps += ({"of": of, **step} for step in some) if parts > 1 else some
            left += more
    flat = [block for block in blocks if not isinstance(block, Stepped)]
    whole: dict[str, Any] = {
        "convcalc": VERSION,
        "operation": operation,
        "arguments": dict(arguments),
        "heading": headings[0].text if headings else "",
        "formulas": [formula for heading in headings for formula in heading.formulas],
        **grids,
        "notes": [
            *(block.text.strip() for block in flat if isinstance(block, Text) and block.text.strip()),
            *([f"{len(steps)} of {len(steps) + left} steps"] if left else []),
        ],
        **_work(flat),
    }
    yield "{"
    for name, value in whole.items():
        yield f"  {_said(name)}: {_said(value)},"
    yield '  "steps": ['
    yield from (f"    {_said(step)}{',' * (index + 1 < len(steps))}" for index, step in enumerate(steps))
    yield "  ],"
    yield f'  "output": {_said(output)}'
    yield "}"


def _said(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _steps(block: Stepped, *, every: bool) -> tuple[list[dict[str, Any]], int]:
    """Return the steps that are told, and how many more there are."""
    steps = block.steps()
    count = math.prod(steps.shape)
    chosen = list(range(count) if every and count <= MOST_STEPS else block.chosen())
    return list(_told(steps, chosen)), count - len(chosen)


def _told(steps: Steps, chosen: Iterable[int]) -> Iterator[dict[str, Any]]:
    """Yield steps: number from 1, the cell made, what is read of each grid, the sums."""
    for index in chosen:
        made = list(flowing(steps.blocks(index)))
        reads = [said for part in made if isinstance(part, Picture) for said in _reads(part)]
        notes = [part.text.strip() for part in made if isinstance(part, Text) and part.text.strip()]
        step = {"number": index + 1, "makes": steps.name(index), "reads": reads, **_work(made), "notes": notes}
        yield {name: value for name, value in step.items() if value}


def _reads(picture: Picture) -> Iterator[dict[str, Any]]:
    """Yield the marks on a picture's grids: the window's rows and columns, and the cell that is made."""
    parts = [part for line in picture.lines for part in line if isinstance(part, Matrix)]
    for part in [*parts, *([picture.result] if picture.result is not None else [])]:
        said: dict[str, Any] = {"grid": part.body.title}
        if part.window is not None:
            said |= {"rows": list(part.window[0]), "columns": list(part.window[1])}
        if any(part.body.padding):
            said["padding"] = list(part.body.padding)
        if part.current is not None:
            said["cell"] = list(part.current)
        if len(said) > 1:
            yield said


def _work(blocks: Iterable[Block]) -> dict[str, Any]:
    """Return the sums and tables among blocks, if there are any."""
    sums: list[Any] = []
    tables: list[Any] = []
    for block in blocks:
        if isinstance(block, Sum):
            said = {"label": block.label.strip().rstrip(":"), "opening": block.opening, "terms": block.terms}
            said |= {"joiner": block.joiner, "closing": block.closing, "outcome": block.outcome}
            sums.append({name: value for name, value in said.items() if value})
        elif isinstance(block, Table):
            tables.append({"columns": block.columns, "rows": block.rows})
    return {name: value for name, value in (("sums", sums), ("tables", tables)) if value}
