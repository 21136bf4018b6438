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

    Examples:
      convcalc samples

      convcalc samples lecture-6x6

      convcalc conv -i sample:lecture-6x6 -k edge

    """
    from convcalc.errors import InputError
    from convcalc.report.document import Calculation, Sheet
    from convcalc.report.samples import samples_document
    from convcalc.sample_files import PREFIX, listed, path_of

    here = surroundings_of(ctx)
    if name is not None:
        path = path_of(name.removeprefix(PREFIX))
        try:
            here.stdout.write(path.read_text(encoding="utf-8"))
        except (UnicodeDecodeError, OSError):
            what = "a folder" if path.is_dir() else "no text"
            raise InputError(f"sample:{name} is {what}", hint=f"as in: convcalc show sample:{name}") from None
        return
    rows = listed()
    sheet = Sheet("samples", ("name", "what", "try"), tuple(rows))
    emit_report(here, Calculation(list(samples_document(rows)), list), lambda: sheet, out)
