"""What is done with a result: shown, asked about, walked through, kept for a script, or written to a file."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from convcalc.cli.formats import check_wishes, document_lines, record_lines
from convcalc.cli.inputs import refuse_overwriting
from convcalc.cli.messages import complain, glyphs_for, note, pipe_width, printable
from convcalc.cli.options import OutputOptions
from convcalc.cli.progress import counted
from convcalc.cli.showing import draw, print_lines, walk_through
from convcalc.cli.surroundings import Script, Surroundings
from convcalc.errors import CANNOT, UsageError
from convcalc.formats import SUFFIXES, Format, style_of

if TYPE_CHECKING:
    from convcalc.engine.exact import Array
    from convcalc.render.glyphs import Glyphs
    from convcalc.report.document import Block, Calculation, Document
    from convcalc.report.selection import Show

COMMENT = "# "
ITSELF = ("-", "/dev/stdout")
"""Names of standard output, where --output writes what would have been printed anyway."""
_GOES_WITH_NPY, _AS_NPY = "goes with an .npy file", "as in --output out.npy"


def emit(here: Surroundings, worked: "Calculation", options: OutputOptions, show: "Show | None" = None) -> None:
    """Do with the work and the answer what the options ask for, and the place allows."""
    if here.script is not None:
        _check_line(options)
        _keep(here, here.script, worked, options, show)
        return
    style = _style(here, options)
    if style.record.shows_one_step and show is not None and show.at is not None:
        from convcalc.report.document import Answer

        worked = worked._replace(work=(block for block in worked.work if not isinstance(block, Answer)))
    worked.answer()  # what cannot be done must fail before anything is written
    _check_several(worked, options, style)
    saves = options.output is not None and options.output not in ITSELF
    if show is not None and (show.quiz or show.check is not None):
        from convcalc.cli.asking import ask

        _refuse_output(options, "--quiz" if show.quiz else "--check")
        if not ask(here, worked, show):
            raise typer.Exit(CANNOT)
        return
    if options.cell is not None and not saves:
        raise UsageError("--cell goes with a .png picture", hint="as in --output out.png --cell 32")
    if options.scale is not None and not saves:
        raise UsageError(f"--picture {options.scale} goes with a picture", hint="as in --output out.png")
    if options.dtype is not None and not saves:
        raise UsageError(f"--dtype {options.dtype} {_GOES_WITH_NPY}", hint=_AS_NPY)
    if show is not None and show.walk:
        walk_through(here, worked, show, ascii_only=options.ascii)
        if not saves:
            return
    if saves:
        complain(saved(here, worked, options, style, Path(str(options.output)), show))
    elif style is Format.TABLE:
        _show(here, worked, options)
    else:
        print_lines(here, result_lines(here, worked, options, style, glyphs_for(here.stdout, options.ascii)))


def _check_line(options: OutputOptions) -> None:
    """Refuse what means nothing in a script's line."""
    if options.ascii:
        raise UsageError("--ascii does nothing inside a script", hint="give it to `convcalc run`")
    if options.format is not None and (options.output is None or options.output in ITSELF):
        raise UsageError("--format does nothing inside a script", hint="give it to `convcalc run`")


def _keep(
    here: Surroundings, script: Script, worked: "Calculation", options: OutputOptions, show: "Show | None"
) -> None:
    """Keep the work for the whole script's; write the answer to a file if the line says so."""
    assert script.result is not None
    worked.answer()  # what cannot be done must fail before anything is written
    if show is not None and (show.quiz or show.check is not None):
        from convcalc.cli.asking import ask

        ask(here, worked, show)
        return
    walks = show is not None and show.walk
    if walks and show is not None:
        walk_through(here, worked, show, ascii_only=options.ascii)
    if script.only_shows:
        script.result.documents.append(worked.work)
        return
    if options.output is not None and options.output not in ITSELF:
        refuse_overwriting(options.output, None if here.session is None else here.session.source, "the script itself")
        worked = worked._replace(work=list(worked.work))  # written here, and shown again
        complain(saved(here, worked, options, _style(here, options), Path(options.output), show))
    script.result.worked, script.result.quiet = worked, options.quiet or walks


def _check_several(worked: "Calculation", options: OutputOptions, style: Format) -> None:
    """Refuse to write several grids where only one can be held."""
    if worked.named is None or len(worked.named) == 1 or style.record.draws:
        return
    if style.record.holds_steps and not options.quiet:
        return
    suffix = Path(options.output or "").suffix.lower()
    if style.record.separator or style.record.holds_steps or (suffix not in ("", ".txt") and suffix not in SUFFIXES):
        what = f"a {suffix} file" if suffix else f"--format {style}"
        hint = f"--wrt NAME chooses one of {', '.join(worked.named)}"
        raise UsageError(f"{what} holds one grid, and the answer is {len(worked.named)}", hint=hint)


def _refuse_output(options: OutputOptions, option: str) -> None:
    """Refuse what would write an answer where none is written."""
    asked = {"--output": options.output, "--format": options.format, "--quiet": options.quiet or None}
    other = next((name for name, value in asked.items() if value is not None), None)
    if other is not None:
        raise UsageError(f"{option} and {other} exclude each other", hint="leave one of them out")


def _style(here: Surroundings, options: OutputOptions) -> Format:
    if options.output is not None and not options.output.strip():
        raise UsageError("--output is empty", hint="name a file")
    if options.output is not None and options.output.endswith(("/", os.sep)):
        raise UsageError(
            f"--output {options.output} is a folder", hint=f"name a file in it: {options.output}answer.txt"
        )
    if options.format is not None and options.quiet and options.format is Format.TABLE:
        raise UsageError("--quiet leaves nothing for --format table to draw", hint="use --format plain")
    saves = options.output is not None and options.output not in ITSELF
    style = options.format or (style_of(options.output) if options.output is not None and saves else None)
    check_wishes(style, **_wishes(options))
    if style is not None and style.record.draws and options.quiet:
        raise UsageError(f"--quiet leaves nothing for --format {style} to draw", hint="use --format plain")
    if style is not None:
        return style
    return Format.TABLE if here.draws and not options.quiet else Format.PLAIN


def _wishes(options: OutputOptions) -> dict[str, bool]:
    """Return what only some of the drawn formats have."""
    return {name: getattr(options, name) for name in ("fragment", "frames", "compact", "hidden")}


def _show(here: Surroundings, worked: "Calculation", options: OutputOptions) -> None:
    if here.comments:
        print_lines(here, iter([*map(printable, here.comments), ""]))
    draw(here, worked.work, ascii_only=options.ascii)


def saved(
    here: Surroundings,
    worked: "Calculation",
    options: OutputOptions,
    style: Format,
    path: Path,
    show: "Show | None" = None,
) -> str:
    """Write the work or the answer to a file, as its name says, and return what was written."""
    from convcalc.engine.grids import as_grid
    from convcalc.matrix_io.files import format_of
    from convcalc.matrix_io.saving import storable, write_whole

    suffix = format_of(path)
    _check_saved(options, path, suffix)
    answer = as_grid(worked.answer())
    what = "the work" if style.record.draws else f"the {'×'.join(map(str, answer.shape))} answer"
    if suffix == "picture":
        data, what, remark = _picture(worked, options, path, show, what)
        write_whole(path, data)
    elif suffix == "npy":
        remark = options.dtype or _lost(answer, in_rows=False)
        write_whole(path, storable(answer, options.dtype))
    else:
        remark = _lost(answer, in_rows=True) if suffix in ("csv", "tsv") else ""
        glyphs = glyphs_for(None, options.ascii)
        drawn = style is Format.TABLE
        lines = _drawn(worked, options) if drawn else result_lines(here, worked, options, style, glyphs)
        write_whole(path, counted(lines, None, "lines"))
    return f"wrote {what} to {path}{f' ({remark})' if remark else ''}"


def _check_saved(options: OutputOptions, path: Path, suffix: str) -> None:
    """Refuse options that do not go with a file of that kind."""
    if suffix in ("npy", "picture") and options.format is not None:
        name = f"a {path.suffix} file"
        raise UsageError(f"--format {options.format} does not go with {name}", hint="leave one of them out")
    if suffix != "npy" and options.dtype is not None:
        raise UsageError(f"--dtype {options.dtype} {_GOES_WITH_NPY}", hint=_AS_NPY)
    if options.cell is not None and path.suffix.lower() != ".png":
        raise UsageError("--cell goes with a .png picture", hint="as in --output out.png --cell 32")
    if suffix != "picture" and options.scale is not None:
        raise UsageError(f"--picture {options.scale} goes with a picture", hint="as in --output out.png")
    if options.cell is not None and options.scale is not None:
        raise UsageError("--cell and --picture exclude each other", hint="leave one of them out")


def _picture(
    worked: "Calculation", options: OutputOptions, path: Path, show: "Show | None", what: str
) -> tuple[bytes, str, str]:
    """Return a picture's bytes, what it holds, and a remark: moving, of numbered cells, or of a pixel a cell."""
    from convcalc.cli.pictures import MOVING, moving_picture, numbered_cells
    from convcalc.engine.grids import as_grid
    from convcalc.matrix_io.images import picture_bytes

    moves = path.suffix.lower() in MOVING and not options.quiet and options.scale is None
    if moves and worked.steps is not None:
        data, count = moving_picture(worked, path, show)
        return data, f"the {count} steps", ""
    answer = as_grid(worked.answer())
    if options.cell is not None:
        data = numbered_cells(answer, path, options.cell, show)
        return data, what, f"{options.cell} pixels a cell, with its numbers"
    data, remark = picture_bytes(answer, path, options.scale)
    return data, what, remark


def _lost(answer: "Array", *, in_rows: bool) -> str:
    from convcalc.matrix_io.plain import what_is_lost

    return what_is_lost(answer, in_rows=in_rows)


def _drawn(worked: "Calculation", options: OutputOptions) -> Iterator[str]:
    from convcalc.render.plain import render

    return render(worked.work, pipe_width(), glyphs_for(None, options.ascii), answers=True)


def result_lines(
    here: Surroundings, worked: "Calculation", options: OutputOptions, style: Format, glyphs: "Glyphs"
) -> Iterator[str]:
    """Yield the lines of the work, or of the answer alone, in a format that is no table on a screen."""
    if style.record.draws:
        return document_lines(_with_comments(here, worked.work), style, **_wishes(options))
    if style.record.holds_steps and not options.quiet:
        return record_lines(worked, here.operation, here.arguments, here.grids)
    return answer_text(worked, options, style, here.comments, glyphs)


def _with_comments(here: Surroundings, document: "Document") -> Iterator["Block"]:
    """Yield the work that was handed on, and then this command's own."""
    from convcalc.report.document import Drawing, Role

    blocks = iter(document)
    yield from itertools.islice(blocks, 1)  # the heading, which is the title
    if here.comments:
        yield Drawing(tuple(((printable(comment), Role.QUIET),) for comment in here.comments))
    yield from blocks


def answer_text(
    worked: "Calculation", options: OutputOptions, style: Format, comments: list[str], glyphs: "Glyphs"
) -> Iterator[str]:
    """Yield the lines of an answer; plain ones have the work before them as comments, unless it is to be quiet."""
    if style is Format.PLAIN and not options.quiet:
        from convcalc.render.plain import render

        for comment in comments:
            yield f"{COMMENT}{printable(comment)}".rstrip()
        if comments:
            yield "#"
        for line in render(worked.work, pipe_width() - len(COMMENT), glyphs, answers=False):
            yield f"{COMMENT}{line}".rstrip()
    if worked.named is not None and style is Format.PLAIN:
        from convcalc.matrix_io.plain import inline

        yield from (f"{name} = {inline(grid, worked.write)}" for name, grid in worked.named.items())
        return
    answer = worked.answer()
    if isinstance(answer, list) and style is Format.PLAIN:
        yield from (" ".join(map(str, row)) for row in answer)  # needs no numpy: `size` stays quick
        return
    from convcalc.engine.grids import as_grid
    from convcalc.matrix_io.files import answer_lines

    answer = as_grid(answer)
    if style.record.separator and worked.write is None and options.output in (None, *ITSELF):
        from convcalc.matrix_io.plain import what_is_lost

        note(what_is_lost(answer, in_rows=True))
    yield from answer_lines(answer, style, worked.write)
