"""Work as JSON: the operation, what it was given, every step with its terms, the output. The README documents it."""

import json
import math
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from convcalc.render.blocks import Renderer
from convcalc.report.document import (
    Document,
    Heading,
    Matrix,
    Picture,
    Stepped,
    Steps,
    Sum,
    Table,
    Text,
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
    contents = _Told(every=every)
    contents.take(document)
    left = contents.left
    steps = contents.steps
    if contents.parts == 1:
        steps = [{name: value for name, value in step.items() if name != "of"} for step in steps]
    whole: dict[str, Any] = {
        "convcalc": VERSION,
        "operation": operation,
        "arguments": dict(arguments),
        "heading": contents.headings[0].text if contents.headings else "",
        "formulas": [formula for heading in contents.headings for formula in heading.formulas],
        **grids,
        "notes": [*contents.notes, *([f"{len(steps)} of {len(steps) + left} steps"] if left else [])],
        **contents.work,
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


class _Told(Renderer[None]):
    """What is told of some blocks; nothing is yielded, and all of it kept."""

    def __init__(self, *, every: bool) -> None:
        self.every = every
        """Whether all steps are told, if there are not too many."""
        self.headings: list[Heading] = []
        self.notes: list[str] = []
        self.sums: list[dict[str, Any]] = []
        self.tables: list[dict[str, Any]] = []
        self.reads: list[dict[str, Any]] = []
        self.steps: list[dict[str, Any]] = []
        """Each says which operation it is `of`."""
        self.left = self.parts = 0
        """Steps that are not told, and how many operations have steps."""
        self.of = ""

    def take(self, document: Document) -> None:
        """Keep what is told of a document."""
        for _ in self.document(document):
            pass

    @property
    def work(self) -> dict[str, Any]:
        """The sums and tables, if there are any."""
        return {name: value for name, value in (("sums", self.sums), ("tables", self.tables)) if value}

    def heading(self, block: Heading) -> Iterator[None]:
        """Keep a heading; one with formulas is an operation's."""
        self.headings.append(block)
        self.of = block.text if not block.formulas or not self.of else self.of
        yield from ()

    def text(self, block: Text) -> Iterator[None]:
        """Keep a note, if it says anything."""
        if block.text.strip():
            self.notes.append(block.text.strip())
        yield from ()

    def sum(self, block: Sum) -> Iterator[None]:
        """Keep a sum's terms, and what it comes to."""
        entry = {"label": block.label.strip().rstrip(":"), "opening": block.opening, "terms": block.terms}
        entry |= {"joiner": block.joiner, "closing": block.closing, "outcome": block.outcome}
        self.sums.append({name: value for name, value in entry.items() if value})
        yield from ()

    def table(self, block: Table) -> Iterator[None]:
        """Keep a table."""
        self.tables.append({"columns": block.columns, "rows": block.rows})
        yield from ()

    def picture(self, block: Picture) -> Iterator[None]:
        """Keep the marks on a picture's grids: the window's rows and columns, and the cell that is made."""
        parts = [*chain.from_iterable(block.lines), *([] if block.result is None else [block.result])]
        self.reads += [marks for part in parts if len(marks := self.part(part)) > 1]
        yield from ()

    def matrix(self, matrix: Matrix) -> dict[str, Any]:
        """Return the marks on a matrix."""
        marks: dict[str, Any] = {"grid": matrix.body.title}
        if matrix.window is not None:
            marks |= {"rows": list(matrix.window[0]), "columns": list(matrix.window[1])}
        if any(matrix.body.padding):
            marks["padding"] = list(matrix.body.padding)
        if matrix.current is not None:
            marks["cell"] = list(matrix.current)
        return marks

    def sign(self, sign: str) -> dict[str, Any]:
        """Return nothing."""
        return {}

    def stepped(self, block: Stepped) -> Iterator[None]:
        """Keep the steps that are told, and how many more there are."""
        steps = block.steps()
        count = math.prod(steps.shape)
        indices = list(range(count) if self.every and count <= MOST_STEPS else block.chosen())
        self.steps += ({"of": self.of, **_step(steps, index)} for index in indices)
        self.left += count - len(indices)
        self.parts += 1
        yield from ()

    def nothing(self, block: Any) -> Iterator[None]:
        """Keep nothing of what only names, or draws, what is told elsewhere."""
        yield from ()

    subheading = drawing = grids = nothing


def _step(steps: Steps, index: int) -> dict[str, Any]:
    """Return a step: its number from 1, the cell made, what is read of each grid, the sums."""
    contents = _Told(every=False)
    contents.take(steps.blocks(index))
    step = {
        "number": index + 1,
        "makes": steps.name(index),
        "reads": contents.reads,
        **contents.work,
        "notes": contents.notes,
    }
    return {name: value for name, value in step.items() if value}
