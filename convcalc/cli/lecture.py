"""``convcalc lecture``: the exercises, worked by running their own command lines."""

import io
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from convcalc.cli.completion import lecture_rows
from convcalc.cli.messages import complain
from convcalc.cli.options import with_options
from convcalc.cli.progress import counted
from convcalc.cli.sheets import SheetOptions, emit_report
from convcalc.cli.surroundings import Script, Surroundings, surroundings_of
from convcalc.errors import UsageError
from convcalc.formats import Format

if TYPE_CHECKING:
    from convcalc.lecture import Row
    from convcalc.report.document import Block, Document, Drawing

COVERED, COVER_ROWS = 16, 6
"""Columns of a grid, and rows of a table, up to which they are on the cover of the gallery."""


@with_options
def lecture(
    *,
    ctx: typer.Context,
    topic: Annotated[
        str | None,
        typer.Argument(help="A row's number or its topic. Default: all of them.", autocompletion=lecture_rows),
    ] = None,
    contents: Annotated[bool, typer.Option("--list", help="List the rows only.")] = False,
    out: SheetOptions,
) -> None:
    """Work the exercises of the lecture on convolutional networks, row by row.

    With --output FOLDER/ it writes a page for each row, and an index of them.

    Examples:
      convcalc lecture --list

      convcalc lecture pooling

      convcalc lecture 8 -o exercise.html

      convcalc lecture -o gallery/

    """
    from convcalc import lecture as script
    from convcalc.report.document import Calculation, Heading, Table, Text

    here = surroundings_of(ctx)
    commands: Any = ctx.find_root().command
    rows = script.find(topic)
    if out.output is not None and (out.output.endswith("/") or Path(out.output).is_dir()):
        if contents:
            raise UsageError("--list does not go with a folder", hint="leave it out, or name a file")
        _write_gallery(commands, rows, out)
        return
    document: list[Block] = []
    rule = "" if out.style(here).record.draws else "══ "
    if topic is None or contents:
        table = tuple((str(row.number), row.topic, row.title) for row in rows)
        document += [Heading("The lecture, row by row"), Text("")]
        document += [Table(("row", "topic", "what"), table, frozenset({1, 2}))]

    def whole() -> "Document":
        yield from document
        if not contents:
            for row in rows:
                yield Text("")
                yield from worked_row(commands, row, rule)

    emit_report(here, Calculation(whole(), list), None, out)


def worked_row(commands: Any, row: "Row", rule: str) -> "Iterator[Block]":
    """Yield a row's title, and each of its exercises: the command line, and the work that it shows."""
    from convcalc.report.document import Heading, Text
    from convcalc.session.session import CommandResult

    yield Heading(f"{rule}{row.number} · {row.title}")
    for exercise in row.exercises:
        yield Text("")
        yield Text(exercise.text)
        yield as_typed(exercise.words, exercise.script)
        yield Text("")
        stdin = None if exercise.script is None else io.BytesIO(exercise.script.encode())
        result = CommandResult()
        inner = Surroundings(stdin, io.StringIO(), Script(result=result, only_shows=True))
        commands.main(list(exercise.words), "convcalc", standalone_mode=False, obj=inner)
        for document in result.documents:
            yield from document


def _write_gallery(commands: Any, rows: "Sequence[Row]", out: SheetOptions) -> None:
    """Write a page for each row, and an index of them."""
    from convcalc.matrix_io.saving import make_folder, write_whole
    from convcalc.render.page import Cover, index, render

    if out.format not in (None, Format.HTML):
        raise UsageError(f"--format {out.format} does not go with a folder", hint="a folder holds pages")
    folder = make_folder(Path(str(out.output)))
    covers: list[Cover] = []
    pages = [(f"{row.number:02}-{row.topic}.html", f"{row.number} · {row.title}") for row in rows]
    for place, (row, (name, _)) in counted(enumerate(zip(rows, pages, strict=True)), len(rows), "pages"):
        beside = [("all rows", "index.html")]
        beside += [(f"← {pages[place - 1][1]}", pages[place - 1][0])] if place else []
        beside += [(f"{pages[place + 1][1]} →", pages[place + 1][0])] if place + 1 < len(pages) else []
        document = list(worked_row(commands, row, ""))
        covers.append(Cover(name, pages[place][1], row.exercises[0].text, cover_of(document)))
        write_whole(folder / name, render(document, beside))
    write_whole(folder / "index.html", index("The lecture, row by row", covers))
    complain(f"wrote {len(rows)} {'page' if len(rows) == 1 else 'pages'} and an index to {folder}")


def cover_of(document: "Sequence[Block]") -> "Sequence[Block]":
    """Return what a page is recognised by: a step in its middle, else its first grids, else the beginning of it."""
    from convcalc.report.document import Answer, Drawing, Grids, Picture, Stepped, Table

    for block in document:
        if isinstance(block, Stepped):
            steps = block.steps()
            items, maps, rows, columns = steps.shape
            middle = steps.blocks((items * maps * rows // 2) * columns + columns // 2)
            pictures = [one for one in middle if isinstance(one, Picture)]
            if (
                pictures
                and max(part.body.columns for part in pictures[0].lines[0] if not isinstance(part, str)) < COVERED
            ):
                return [pictures[0]]
        elif isinstance(block, Grids) and max(matrix.body.columns for matrix in block.matrices) < COVERED:
            return [block]
            tables = [one for one in middle if isinstance(one, Table)]
            if tables:
                return tables[:1]
        elif isinstance(block, Picture):
            return [block]
        elif isinstance(block, Answer):
            return [block.grids]
        elif isinstance(block, Table):
            return [block._replace(rows=block.rows[:COVER_ROWS])]
    return [block for block in document if not isinstance(block, Drawing)][1:2]


def as_typed(words: tuple[str, ...], script: str | None = None) -> "Drawing":
    """Return a command line as it can be pasted into a shell: never wrapped, for a break would separate its rows."""
    from convcalc.report.document import Drawing, Role

    lines = [f"$ {shlex.join(('convcalc', *words))}"]
    if script is not None:
        lines = [f"{lines[0]} <<'END'", *script.splitlines(), "END"]
    return Drawing(tuple(((line, Role.QUIET),) for line in lines))
