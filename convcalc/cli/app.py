"""The Typer application, and the one boundary where errors become messages and exit statuses."""

import gc
import io
import os
import re
import sys
import warnings
from typing import Annotated, Any

import typer

from convcalc.cli.commands import Group
from convcalc.cli.looks import Colour, dressed, in_colour, looks_of
from convcalc.cli.misuse import MISUSE, as_usage_error
from convcalc.cli.surroundings import Surroundings
from convcalc.errors import CANNOT, DONE, MISUSED, ConvcalcError, ReadingWarning
from convcalc.sample_files import expanded_line

HOME = "https://github.com/convcalc/convcalc"
DOCUMENTATION, BUGS = f"{HOME}#readme", f"{HOME}/issues"

app = typer.Typer(
    name="convcalc",
    cls=Group,
    invoke_without_command=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        from convcalc import __version__

        print(f"convcalc {__version__}")
        raise typer.Exit


HELP = f"""Calculate convolutions, and see every window, every product and every sum.

Without a command, on a terminal, it is a session to type lines into; from a pipe, it runs a script.
Grids are text ("1 0 -1; 1 0 -1", or rows in a file), CSV, JSON or NPY, from --input or a pipe.
What convcalc prints into a pipe, the work as # lines and the answer as rows, convcalc reads.
--color and --pager stand anywhere on a shell's line. CONVCALC_PRECISION, CONVCALC_ASCII, CONVCALC_COLOR
and CONVCALC_PAGER are defaults: of the work's decimals, --ascii, --color and --pager.

Documentation: {DOCUMENTATION}
Report a bug: {BUGS}
"""


@app.callback(help=HELP)
def convcalc(
    ctx: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", "-V", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
    color: Annotated[
        Colour | None, typer.Option("--color", help="Colours: on a terminal (auto), always, as on one, or never.")
    ] = None,
    pager: Annotated[bool, typer.Option("--pager", help="On a terminal, page by page: by PAGER, or less.")] = False,
) -> None:
    """Run a command, or without one a session."""
    if ctx.invoked_subcommand is None:
        from convcalc.cli.session import bare
        from convcalc.cli.surroundings import surroundings_of

        bare(ctx, surroundings_of(ctx))


def main() -> None:
    """Run the command line and exit: 0 done, 1 the input cannot be done, 2 the command line is wrong."""
    if hasattr(sys, "set_int_max_str_digits"):
        sys.set_int_max_str_digits(0)  # an exact product has as many digits as it has
    status = run(None)
    gc.freeze()  # what is left needs no last look
    sys.exit(status)


def run(words: list[str] | None, obj: Any = None) -> int:
    """Run one command line (default: the process's) and return its exit status; errors are explained here."""
    from convcalc.cli.messages import complain, explain

    if not re.fullmatch("0*[1-9][0-9]{0,3}", os.environ.get("COLUMNS", "80"), re.ASCII):
        del os.environ["COLUMNS"]  # no number of columns: 0 would leave nothing to see
    if sys.stderr is None:
        sys.stderr = io.StringIO()  # what reads lines needs one
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # not every encoding has all the signs there are
    if sys.stdout is None:
        complain("convcalc: standard output is closed\nhint: leave it open, or use --output FILE")
        return CANNOT
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", ReadingWarning)
            warnings.showwarning = _show_warning
            line, looks = looks_of(expanded_line(sys.argv[1:] if words is None else words))
            with dressed(looks):
                if obj is None and looks.draws:
                    obj = Surroundings(getattr(sys.stdin, "buffer", None), sys.stdout, is_drawn=True)
                status = app(line, standalone_mode=False, obj=obj, color=True if in_colour(sys.stdout) else None)
        sys.stdout.flush()
    except ConvcalcError as error:
        explain(error)
        return error.status
    except MISUSE as error:
        explain(as_usage_error(error))
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
        complain(f"convcalc: cannot write to standard output: {error.strerror}\nhint: make room, or write elsewhere")
        return CANNOT
    except (KeyboardInterrupt, typer.Abort):
        complain("")
        return 130
    except MemoryError:
        complain("convcalc: this is too large for the memory there is\nhint: work on a part of it")
        return CANNOT
    return status if isinstance(status, int) else DONE


def _show_warning(message: Warning | str, category: type[Warning], *where: Any, **_: Any) -> None:
    """Write what was read one way of two as a note, and any other warning as Python does."""
    from convcalc.cli.messages import complain

    is_note = issubclass(category, ReadingWarning)
    complain(f"note: {message}" if is_note else warnings.formatwarning(message, category, where[0], where[1]).rstrip())


def _discard_output() -> None:
    """Let what is still buffered go nowhere, so that it does not fail again when Python exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
