"""``convcalc lecture``: the exercises, worked by running their own command lines."""

import io
import shlex
from typing import TYPE_CHECKING, Annotated, Any

import typer

from convcalc.cli.output import channel_of

if TYPE_CHECKING:
    from convcalc.report.document import Drawing


def lecture(
    ctx: typer.Context,
    topic: Annotated[
        str | None, typer.Argument(help="A row's number or its topic. Default: all of them.", show_default=False)
    ] = None,
    contents: Annotated[bool, typer.Option("--list", help="List the rows only.")] = False,
) -> None:
    """Work the exercises of the lecture on convolutional networks, row by row.

    Examples:
      convcalc lecture --list

      convcalc lecture pooling

      convcalc lecture 8

    """
    from convcalc import lecture as script
    from convcalc.report.document import Heading, Table, Text

    channel = channel_of(ctx)
    commands: Any = ctx.find_root().command
    rows = script.find(topic)
    if topic is None or contents:
        table = tuple((str(row.number), row.topic, row.title) for row in rows)
        channel.show(
            [Heading("The lecture, row by row"), Text(""), Table(("row", "topic", "what"), table, frozenset({1, 2}))]
        )
        if contents:
            return
    for row in rows:
        channel.show([Text(""), Heading(f"══ {row.number} · {row.title}")])
        for exercise in row.exercises:
            channel.show([Text(""), Text(exercise.text), as_typed(exercise.words, exercise.script), Text("")])
            stdin = None if exercise.script is None else io.BytesIO(exercise.script.encode())
            inner = channel.for_exercise(stdin)
            commands.main(list(exercise.words), "convcalc", standalone_mode=False, obj=inner)


def as_typed(words: tuple[str, ...], script: str | None = None) -> "Drawing":
    """Return a command line as it can be pasted into a shell: never wrapped, for a break would part its rows."""
    from convcalc.report.document import Drawing, Role

    lines = [f"$ {shlex.join(('convcalc', *words))}"]
    if script is not None:
        lines = [f"{lines[0]} <<'END'", *script.splitlines(), "END"]
    return Drawing(tuple(((line, Role.QUIET),) for line in lines))
