"""``convcalc samples``. Loads no numpy."""

from typing import Annotated

import typer

from convcalc.cli.completion import sample_names
from convcalc.cli.options import with_options
from convcalc.cli.sheets import SheetOptions, emit_report
from convcalc.cli.surroundings import surroundings_of


@with_options
def samples(
    *,
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Print this one as it is.", autocompletion=sample_names)
    ] = None,
    out: SheetOptions,
) -> None:
    """List the samples that come with the program, or print one: sample:NAME stands wherever a file can.

    With -o FILE it is copied.

    Examples:
      convcalc samples

      convcalc samples lecture-6x6

      convcalc conv -i sample:lecture-6x6 -k edge

    """
    from pathlib import Path

    from convcalc.cli.messages import complain
    from convcalc.errors import InputError
    from convcalc.matrix_io.saving import write_whole
    from convcalc.report.document import Calculation, Sheet
    from convcalc.report.samples import samples_document
    from convcalc.sample_files import PREFIX, called, listed, next_in, path_of

    here = surroundings_of(ctx)
    if name is not None:
        own = called(name).removeprefix(PREFIX)
        path = path_of(own)
        if path.is_dir():
            raise InputError(f"{PREFIX}{own} is a folder", hint=f"as in: convcalc samples {next_in(own)}")
        if out.output not in (None, "-"):
            write_whole(Path(str(out.output)), path.read_bytes())
            complain(f"wrote {out.output}")
            return
        try:
            here.stdout.write(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            hint = f"convcalc samples {own} -o {path.name}"
            raise InputError(f"{PREFIX}{own} is no text", hint=hint) from None
        return
    rows = listed()
    sheet = Sheet("samples", ("name", "what", "try"), tuple(rows))
    emit_report(here, Calculation(list(samples_document(rows)), list), lambda: sheet, out)
