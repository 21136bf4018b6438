"""What `model` and `zoo` share: a report on a screen or down a pipe, or its rows as data in a file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convcalc.choices import SheetFormat
from convcalc.cli.options import OUTPUT_PANEL
from convcalc.cli.output import ITSELF, Channel, complain, glyphs_for, pipe_width
from convcalc.errors import UsageError

if TYPE_CHECKING:
    from convcalc.report.document import Document, Sheet, Worked

SUFFIXES = {".md": SheetFormat.MARKDOWN, ".tex": SheetFormat.LATEX} | {
    f".{style}": style for style in (SheetFormat.CSV, SheetFormat.TSV, SheetFormat.JSON)
}


@dataclass(frozen=True, slots=True)
class SheetOptions:
    """Where a report goes, and in which form."""

    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write to FILE: .csv, .tsv, .json, .md, .tex by suffix, anything else as text.",
            rich_help_panel=OUTPUT_PANEL,
        ),
    ] = None
    format: Annotated[
        SheetFormat | None,
        typer.Option(
            "--format",
            help="table: what a terminal shows; plain: the same as text, every layer on a line; the others hold every "
            "column of every layer, to be read by programs or put into pages.",
            show_default=False,
            rich_help_panel=OUTPUT_PANEL,
        ),
    ] = None
    ascii: Annotated[
        bool, typer.Option("--ascii", help="Draw with ASCII signs only.", rich_help_panel=OUTPUT_PANEL)
    ] = False

    def style(self, channel: Channel) -> SheetFormat:
        """Return the form that is asked for, or that suits the file, the terminal or the pipe."""
        if self.output is not None and not self.output.strip():
            raise UsageError("--output is empty", hint="name a file")
        if self.format is not None:
            return self.format
        if self.output is not None and self.output not in ITSELF:
            return SUFFIXES.get(Path(self.output).suffix.lower(), SheetFormat.PLAIN)
        return SheetFormat.TABLE if channel.on_terminal else SheetFormat.PLAIN


def emit(
    channel: Channel, worked: "Worked", sheet: "Callable[[], Sheet]", options: SheetOptions, *, walk: bool = False
) -> None:
    """Show a report, walk through it, or write its rows."""
    style = options.style(channel)
    saves = options.output is not None and options.output not in ITSELF
    if walk:
        if options.output is not None or options.format is not None:
            raise UsageError("--walk writes nothing", hint="leave --output and --format out")
        channel.report_on(worked, walk=walk, ascii_only=options.ascii)
    elif style in (SheetFormat.TABLE, SheetFormat.PLAIN) and not saves:
        channel.report_on(worked, walk=walk, ascii_only=options.ascii)
    elif saves:
        from convcalc.matrix_io.files import write_whole

        path = Path(str(options.output))
        write_whole(path, _lines(worked.work, sheet, style, ascii_only=options.ascii, stream=None))
        complain(f"wrote {path}")
    else:
        for line in _lines(worked.work, sheet, style, ascii_only=options.ascii, stream=channel):
            channel.stdout.write(line + "\n")


def _lines(
    document: "Document", sheet: "Callable[[], Sheet]", style: SheetFormat, *, ascii_only: bool, stream: Channel | None
) -> Iterator[str]:
    if style in (SheetFormat.TABLE, SheetFormat.PLAIN):
        from convcalc.render.plain import render

        glyphs = glyphs_for(stream.stdout if stream else None, ascii_only)
        return render(document, pipe_width(), glyphs, answers=True)
    from convcalc.render.sheets import FORMATS

    return FORMATS[style.value](sheet())
