"""``convcalc kernels``."""

from typing import Annotated

import typer

from convcalc.cli.options import OutputOptions, StepOptions, show_of, with_options
from convcalc.cli.output import channel_of
from convcalc.errors import UsageError


@with_options
def kernels(
    *,
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(help="A kernel to see at work; it is also the answer.", show_default=False)
    ] = None,
    all_at_work: Annotated[bool, typer.Option("--gallery", help="Show every kernel at work on one sample.")] = False,
    out: OutputOptions,
) -> None:
    """List the named kernels, or show one at work on a sample.

    Examples:
      convcalc kernels

      convcalc kernels sobel-x

      convcalc kernels gaussian -q > kernel.txt

    """
    from convcalc.engine.kernels import KERNELS, find
    from convcalc.report.kernels import gallery, kernel_list, worked_kernel

    channel = channel_of(ctx.obj)
    show = show_of(StepOptions(), out)
    if name is not None:
        if all_at_work:
            raise UsageError("--gallery shows them all, and does not go with a name", hint="leave one of them out")
        channel.emit(worked_kernel(find(name), show), out)
        return
    given = [option for option, value in (("--output", out.output), ("--format", out.format)) if value is not None]
    if given or out.quiet:
        raise UsageError(f"{(given or ['--quiet'])[0]} needs a kernel's name", hint="as in `convcalc kernels edge -q`")
    if all_at_work:
        channel.show(
            gallery((entry for entry in KERNELS.values() if entry.rows.count(";")), show), ascii_only=out.ascii
        )
    else:
        channel.show(kernel_list(KERNELS.values()), ascii_only=out.ascii)
