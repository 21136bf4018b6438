"""The Typer application, and the one boundary where errors become messages and exit statuses."""

import os
import re
import sys
from typing import Annotated, Any

import typer

from convcalc.cli.convolution import conv
from convcalc.cli.grids import pad, show
from convcalc.cli.kernels import kernels
from convcalc.cli.lecture import lecture
from convcalc.cli.pooling import pool
from convcalc.cli.size import size
from convcalc.errors import CANNOT, DONE, MISUSED, ConvcalcError

CALCULATE, LOOK_UP, LEARN = "Calculate", "Look up", "Learn"

MISUSE: type[Exception] = typer.BadParameter.__bases__[0]
"""Typer's own usage errors; older versions have no public name for what they have in common."""

MISUSE_HINTS = (
    (r"size: got unexpected extra", "as in convcalc size -n 7 -f 3 -s 2"),
    (r"got unexpected extra", "a grid goes after --input, in quotes if it is written out"),
    (r"no such option: -\d", "a grid that begins with a minus goes after --input or --kernel"),
)
"""What people meant by a command line that Typer refuses."""

app = typer.Typer(
    name="convcalc",
    invoke_without_command=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (conv, pool, pad, size, show):
    app.command(rich_help_panel=CALCULATE)(command)
app.command(rich_help_panel=LOOK_UP)(kernels)
app.command(rich_help_panel=LEARN)(lecture)


def _version(asked: bool) -> None:
    if asked:
        from convcalc import __version__

        print(f"convcalc {__version__}")
        raise typer.Exit


@app.callback()
def convcalc(
    ctx: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Calculate convolutions, and see every window, every product and every sum.

    Grids are text ("1 0 -1; 1 0 -1", or rows in a file), CSV, JSON or NPY, from --input or a pipe.
    What convcalc prints into a pipe, the work as # lines and the answer as rows, convcalc reads.
    """
    if ctx.invoked_subcommand is None:
        print(ctx.get_help())


def main() -> None:
    """Run the command line and exit: 0 done, 1 the input cannot be done, 2 the command line is wrong."""
    if hasattr(sys, "set_int_max_str_digits"):
        sys.set_int_max_str_digits(0)  # an exact product has as many digits as it has
    sys.exit(run(None))


def run(words: list[str] | None, obj: Any = None) -> int:
    """Run one command line (default: the process's) and return its exit status; errors are explained here."""
    from convcalc.cli.output import complain, explain

    if not os.environ.get("COLUMNS", "0").isascii():
        del os.environ["COLUMNS"]
    if sys.stdout is None:
        complain("convcalc: standard output is closed")
        return CANNOT
    try:
        status = app(words, standalone_mode=False, obj=obj)
        sys.stdout.flush()
    except ConvcalcError as error:
        explain(error)
        return error.status
    except MISUSE as error:
        explain_misuse(error)
        return MISUSED
    except SystemExit as leaving:
        if not isinstance(leaving.__context__, BrokenPipeError):
            raise
        _discard_output()  # the reader has seen enough; Typer would exit with 1
        return DONE
    except OSError as error:
        if error.filename is not None:
            complain(f"convcalc: {error.filename}: {error.strerror}")
            return CANNOT
        _discard_output()
        if isinstance(error, BrokenPipeError):
            return DONE
        complain(f"convcalc: cannot write to standard output: {error.strerror}")
        return CANNOT
    except (KeyboardInterrupt, typer.Abort):
        complain("")
        return 130
    except MemoryError:
        complain("convcalc: this is too large for the memory there is\nhint: work on a part of it")
        return CANNOT
    return status if isinstance(status, int) else DONE


def _discard_output() -> None:
    """Let what is still buffered go nowhere, so that it does not fail again when Python exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def explain_misuse(error: Any) -> None:
    """Say what is wrong with a command line, and where to read how it should be."""
    from convcalc.cli.output import complain

    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "convcalc"
    message = error.format_message()
    complain(f"convcalc: {message[:1].lower()}{message[1:]}")
    said = f"{path}: {message}"
    hint = next((f"{hint}; " for pattern, hint in MISUSE_HINTS if re.search(pattern, said, re.IGNORECASE)), "")
    complain(f"hint: {hint}`{path} --help` shows how it goes")
