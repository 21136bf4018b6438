"""What reports share (`model`, `zoo`, `lecture`): on a screen or down a pipe, drawn in a file, or as rows of data."""

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

from convcalc.cli.formats import check_wishes, document_lines
from convcalc.cli.messages import complain, glyphs_for, pipe_width
from convcalc.cli.options import output_option
from convcalc.cli.output import ITSELF
from convcalc.cli.showing import draw_report, print_lines
from convcalc.cli.surroundings import Surroundings
from convcalc.errors import UsageError
from convcalc.formats import Format, style_of

if TYPE_CHECKING:
    from convcalc.report.document import Calculation, Document, Sheet


class SheetOptions(NamedTuple):
    """Where a report goes, and in which form."""

    output: Annotated[
        str | None,
        output_option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write to FILE: .html, .svg, .md or .tex by suffix, .csv, .tsv or .json where it is a table, anything "
            "else as text.",
        ),
    ] = None
    format: Annotated[
        Format | None,
        output_option(
            "--format",
            help="table: what a terminal shows; plain: the same as text, every row of it; html, svg: the same drawn; "
            "the others hold every column of every row, to be read by programs or put into documents.",
        ),
    ] = None
    ascii: Annotated[bool, output_option("--ascii", help="Draw with ASCII signs only.")] = False
    fragment: Annotated[
        bool, output_option("--fragment", help="Of LaTeX, only what goes into a document of yours.")
    ] = False
    compact: Annotated[
        bool, output_option("--compact", help="Of a page: to go into another one, without a heading.")
    ] = False

    def style(self, here: Surroundings) -> Format:
        """Return the form that is asked for, or that suits the file, the terminal or the pipe."""
        if self.output is not None and not self.output.strip():
            raise UsageError("--output is empty", hint="name a file")
        saves = self.output is not None and self.output not in ITSELF
        if saves:
            from convcalc.matrix_io.files import format_of

            if format_of(Path(str(self.output))) in ("npy", "picture"):
                fault = f"a {Path(str(self.output)).suffix} file holds a grid, and this is a report"
                raise UsageError(fault, hint="name a .txt, .md, .tex, .svg or .html file")
        style = self.format or (style_of(str(self.output)) if saves else None)
        check_wishes(style, fragment=self.fragment, compact=self.compact)
        if style is not None:
            return style
        return Format.TABLE if here.draws else Format.PLAIN


def emit_report(
    here: Surroundings,
    worked: "Calculation",
    sheet: "Callable[[], Sheet] | None",
    options: SheetOptions,
    *,
    walk: bool = False,
) -> None:
    """Show a report, walk through it, or write it: its rows as data, or (if it has none) itself."""
    style = options.style(here)
    saves = options.output is not None and options.output not in ITSELF
    if walk:
        if options.output is not None or options.format is not None:
            raise UsageError("--walk writes nothing", hint="leave --output and --format out")
        draw_report(here, worked, walk=walk, ascii_only=options.ascii)
    elif style in (Format.TABLE, Format.PLAIN) and not saves:
        draw_report(here, worked, walk=walk, ascii_only=options.ascii)
    elif saves:
        from convcalc.matrix_io.saving import write_whole

        path = Path(str(options.output))
        write_whole(path, _lines(worked.work, sheet, style, options, None))
        complain(f"wrote {path}")
    else:
        _write(here, _lines(worked.work, sheet, style, options, here))


def _write(here: Surroundings, lines: Iterator[str]) -> None:
    """Print a report that is drawn or data, which has no place in the middle of a script's own work."""
    if here.script is not None:
        raise UsageError("--format does nothing inside a script", hint="give it to `convcalc run`, or add --output")
    print_lines(here, lines)


def _lines(
    document: "Document",
    sheet: "Callable[[], Sheet] | None",
    style: Format,
    options: SheetOptions,
    here: Surroundings | None,
) -> Iterator[str]:
    if style in (Format.TABLE, Format.PLAIN):
        from convcalc.render.plain import render

        glyphs = glyphs_for(here.stdout if here else None, options.ascii)
        return render(document, pipe_width(), glyphs, answers=True)
    if sheet is None or not style.record.rows:
        if not style.record.draws:
            raise UsageError(f"--format {style} holds rows, and there are none here", hint="try html or markdown")
        return document_lines(document, style, fragment=options.fragment, compact=options.compact)
    write: Callable[..., Iterator[str]] = getattr(importlib.import_module("convcalc.render.sheets"), style.record.rows)
    return write(sheet(), fragment=True) if options.fragment else write(sheet())
