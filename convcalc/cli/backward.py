"""What `convcalc run` does besides: a pass backward through a script, and steps of gradient descent."""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

from convcalc.cli.completion import grid_names, one_of
from convcalc.cli.messages import complain
from convcalc.cli.options import OutputOptions, number_of, output_option, reading_option, show_option, steps_of
from convcalc.cli.output import emit
from convcalc.cli.surroundings import Surroundings
from convcalc.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from convcalc.engine.exact import Array
    from convcalc.session.script import Line
    from convcalc.session.session import Session

SCRIPT_SUFFIX = ".convcalc"


class BackwardOptions(NamedTuple):
    """A pass backward through a script."""

    backward: Annotated[
        bool, reading_option("--backward", help="Go back from the last line to the gradients of all grids.")
    ] = False
    gradient: Annotated[
        str | None,
        reading_option("--gradient", metavar="GRAD", help="The gradient of the last grid, if it is no single number."),
    ] = None
    wrt: Annotated[
        str | None,
        reading_option(
            "--wrt",
            metavar="NAME|all",
            autocompletion=grid_names,
            help="Whose gradient is the answer. Default: the input's.",
        ),
    ] = None


class CheckOptions(NamedTuple):
    """A numeric check of the gradients."""

    numeric: Annotated[
        str | None,
        reading_option(
            "--numeric",
            metavar="NAME|'NAME ROW,COL'|all",
            autocompletion=grid_names,
            help="Check gradients: move a cell there and back, and work the whole script again.",
        ),
    ] = None


class DescentOptions(NamedTuple):
    """Steps of gradient descent."""

    rate: Annotated[
        str | None,
        reading_option("--rate", metavar="RATE", help="Take a step of gradient descent with all named grids."),
    ] = None
    times: Annotated[int | None, reading_option("--times", metavar="N", min=1, help="How many steps.")] = None
    freeze: Annotated[
        list[str] | None,
        reading_option(
            "--freeze", metavar="NAME", autocompletion=grid_names, help="A grid that stays as it is; may be repeated."
        ),
    ] = None


class ScriptSteps(NamedTuple):
    """How many steps of each line are shown, and with how many decimals."""

    steps: Annotated[
        str | None,
        show_option(
            "--steps",
            metavar="all|none|N",
            autocompletion=one_of("all", "none"),
            help="Going back: how many steps of each line are shown.",
        ),
    ] = None
    walk: Annotated[
        bool, show_option("--walk", help="Going back: step through it with the keys, one step filling the screen.")
    ] = False
    precision: Annotated[
        int | None, output_option("--precision", metavar="N", min=0, max=15, help="Going back: decimals.")
    ] = None


def goes_back(
    back: BackwardOptions,
    check: CheckOptions,
    descending: DescentOptions,
    stepping: ScriptSteps,
    out: OutputOptions,
) -> bool:
    """Whether the script goes backward, or descends; what does nothing otherwise is refused."""
    descends = descending.rate is not None
    returns = descends or back.backward or check.numeric is not None
    needs_rate = {
        "--times": descending.times is not None,
        "--freeze": bool(descending.freeze),
        f"--output {out.output}": str(out.output).endswith(SCRIPT_SUFFIX),
    }
    needs_backward = {
        "--gradient": back.gradient is not None,
        "--wrt": back.wrt is not None,
        "--steps": stepping.steps is not None,
        "--walk": stepping.walk,
        "--precision": stepping.precision is not None,
    }
    lost = [option for option, given in needs_rate.items() if given and not descends]
    if lost:
        raise UsageError(f"{lost[0]} does nothing without --rate", hint="as in --rate 0.5")
    lost = [option for option, given in needs_backward.items() if given and not returns]
    if lost:
        raise UsageError(f"{lost[0]} does nothing without --backward", hint="add --backward")
    if descends and (back.gradient is not None or back.wrt == "all" or stepping.walk):
        option = "--walk" if stepping.walk else "--gradient" if back.gradient is not None else "--wrt all"
        raise UsageError(f"{option} and --rate exclude each other", hint="leave one of them out")
    if check.numeric is not None and (descends or back.wrt is not None):
        raise UsageError(f"--numeric and {'--rate' if descends else '--wrt'} exclude each other", hint="leave one out")
    return returns


def show_way_back(
    here: Surroundings,
    session: "Session",
    script: "tuple[Sequence[str], Sequence[Line]]",
    back: BackwardOptions,
    check: CheckOptions,
    descending: DescentOptions,
    stepping: ScriptSteps,
    out: OutputOptions,
) -> None:
    """Show a script's pass backward, or its descent; or write the gradients, or the script with new grids."""
    from convcalc.report.numbers import Writer
    from convcalc.report.selection import Show

    show = Show(
        steps=steps_of(stepping.steps), write=Writer(stepping.precision), walk=stepping.walk, one_at_a_time=False
    )
    if check.numeric is not None:
        from convcalc.session.numeric import numeric

        emit(here, numeric(session, check.numeric, back.gradient, show), out)
        return
    if descending.rate is None:
        if back.wrt == "all":
            _write_gradients(session, back, out)
            return
        from convcalc.session.backward import backward

        emit(here, backward(session, back.gradient, back.wrt, show), out, show)
        return
    from convcalc.session.backward import backward
    from convcalc.session.descent import Descent, descent

    rate = number_of(descending.rate, "--rate")
    asked = Descent(rate, descending.times or 1, descending.freeze or (), back.wrt)
    calculation, grids = descent(session, asked, show)
    if back.backward:
        first = backward(session, None, None, show)
        calculation = calculation._replace(work=chain(first.work, calculation.work))
    if out.output is not None and out.output.endswith(SCRIPT_SUFFIX):
        _write_script(out.output, *script, grids)
        return
    emit(here, calculation, out)


def _write_gradients(session: "Session", back: BackwardOptions, out: OutputOptions) -> None:
    if out.output is None or not (out.output.endswith("/") or Path(out.output).is_dir()):
        raise UsageError("--wrt all writes each gradient to a file", hint="name a folder: --output gradients/")
    from convcalc.matrix_io.plain import plain_lines, plain_number
    from convcalc.matrix_io.saving import make_folder, write_whole
    from convcalc.session.backward import gradients_of

    folder = make_folder(Path(out.output))
    gradients, grids = gradients_of(session, back.gradient)
    written = {name: gradient for name, grid in grids.items() if (gradient := gradients.of(grid)) is not None}
    for name, gradient in written.items():
        write_whole(folder / f"{name.replace(' ', '-')}.txt", plain_lines(gradient, plain_number))
    complain(f"wrote {len(written)} gradients to {folder}: {', '.join(written)}")


def _write_script(output: str, texts: Sequence[str], lines: "Sequence[Line]", grids: "Mapping[str, Array]") -> None:
    """Write a script with new grids in place of the old ones."""
    from convcalc.matrix_io.plain import inline
    from convcalc.matrix_io.saving import write_whole

    new: list[str | None] = list(texts)
    for name, grid in grids.items():
        line = [line for line in lines if line.name == name][-1]
        rows = line.whole.count("\n")
        new[line.number - 1 : line.number + rows] = [f"{name} = {inline(grid)}", *[None] * rows]
    write_whole(Path(output), (text for text in new[: len(texts)] if text is not None))
    complain(f"wrote the script with new {', '.join(grids)} to {output}")
