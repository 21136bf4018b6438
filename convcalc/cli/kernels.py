"""``convcalc kernels``."""

from typing import Annotated

import typer

from convcalc.cli.completion import kernel_names
from convcalc.cli.inputs import read_input
from convcalc.cli.options import InputOptions, NumberOptions, OutputOptions, show_of, with_options
from convcalc.cli.output import emit
from convcalc.cli.sheets import SheetOptions, emit_report
from convcalc.cli.surroundings import surroundings_of
from convcalc.errors import UsageError


@with_options
def kernels(
    *,
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(help="A kernel to see at work; it is also the answer.", autocompletion=kernel_names)
    ] = None,
    all_at_work: Annotated[bool, typer.Option("--gallery", help="Show every kernel at work on one sample.")] = False,
    source: InputOptions,
    how: NumberOptions,
    out: OutputOptions,
) -> None:
    """List the named kernels, or show one at work on a sample, or on a grid of yours.

    Examples:
      convcalc kernels

      convcalc kernels sobel-x -i grid.txt

      convcalc kernels gaussian -q > kernel.txt

    """
    from convcalc.engine.kernels import KERNELS, find
    from convcalc.report.document import Calculation
    from convcalc.report.kernels import gallery, kernel_list, worked_kernel

    here, show = surroundings_of(ctx), show_of(how)
    if name is not None:
        if all_at_work:
            raise UsageError("--gallery shows them all, and does not go with a name", hint="leave one of them out")
        entry = find(name)
        sample = None if source.input is None else read_input(here, source).cells
        emit(here, worked_kernel(entry, show, sample), out)
        return
    options = {"--input": source.input, "--quiet": out.quiet or None, "--picture": out.scale}
    unused = [option for option, value in options.items() if value is not None]
    if unused:
        raise UsageError(f"{unused[0]} needs a kernel's name", hint="as in `convcalc kernels edge -q`")
    document = gallery(KERNELS.values(), show) if all_at_work else kernel_list(KERNELS.values())
    emit_report(
        here,
        Calculation(document, list),
        None,
        SheetOptions(out.output, out.format, out.ascii, out.fragment, out.compact),
    )
