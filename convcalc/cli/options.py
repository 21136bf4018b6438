"""The options that commands share, declared once, and the reading of what a user types into them.

A command names a group of options as one parameter; `with_options` spreads it out for Typer and puts it together
again. Imports no numpy: ``--help`` and ``size`` do not need it.
"""

import inspect
import re
from collections.abc import Callable
from functools import partial, wraps
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from convcalc.choices import Order, PaddingRule, PictureScale, StoredFloat
from convcalc.cli.completion import one_of
from convcalc.cli.looks import default_precision
from convcalc.engine.padding_modes import PadMode, border
from convcalc.errors import InputError, Place, UsageError, did_you_mean
from convcalc.formats import Format

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from convcalc.report.selection import Show

INPUT_PANEL, MOVING_PANEL, READ_PANEL = "Input", "How the window moves", "Read another way"
SHOW_PANEL, OUTPUT_PANEL = "Showing the work", "Output"


input_option, moving_option, reading_option, show_option, output_option = (
    partial(typer.Option, rich_help_panel=panel)
    for panel in (INPUT_PANEL, MOVING_PANEL, READ_PANEL, SHOW_PANEL, OUTPUT_PANEL)
)
"""Options of each panel of the help."""


def with_options(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command take groups of options: each named tuple among its parameters becomes one option a field."""
    groups: dict[str, Any] = {}
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(command).parameters.items():
        group: Any = parameter.annotation
        if not hasattr(group, "_fields"):
            parameters.append(parameter)
            continue
        groups[name] = group
        for field in group._fields:
            default = group._field_defaults.get(field, inspect.Parameter.empty)
            kind = inspect.Parameter.KEYWORD_ONLY
            parameters.append(inspect.Parameter(field, kind, default=default, annotation=group.__annotations__[field]))

    @wraps(command)
    def spread(**values: Any) -> None:
        for name, group in groups.items():
            values[name] = group(**{field: values.pop(field) for field in group._fields})
        command(**values)

    signed: Any = spread
    signed.__signature__ = inspect.Signature(parameters)
    signed.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return spread


class InputOptions(NamedTuple):
    """Where the grid comes from."""

    input: Annotated[
        str | None,
        input_option(
            "--input",
            "-i",
            metavar="GRID",
            help='A file, a grid written out ("1 2; 3 4"), or - for standard input, which is also the default '
            "when something is piped in.",
        ),
    ] = None
    rgb: Annotated[bool, input_option("--rgb", help="Read a picture as red, green and blue.")] = False
    grey: Annotated[bool, input_option("--grey", help="Read a picture as grey, as is the default.")] = False
    resize: Annotated[
        str | None, input_option("--resize", metavar="ROWSxCOLS", help="Resize a picture, as in 28x28.")
    ] = None
    normalize: Annotated[
        bool, input_option("--normalize", help="Divide every cell by 255, as pictures are before training.")
    ] = False


class OutputOptions(NamedTuple):
    """Where the answer goes, and in which form."""

    output: Annotated[
        str | None,
        output_option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write to FILE. By its suffix: .html is a page to step through; .gif and .apng have a frame a step; "
            ".tex, .md, .svg and .json hold the work; .npy, .csv, .tsv and .png the answer alone; others are text.",
        ),
    ] = None
    format: Annotated[
        Format | None,
        output_option(
            "--format",
            help="table: the work and the answer drawn (the default on a terminal); plain: the work as # comments, "
            "then rows (the default in a pipe); csv, tsv: the answer alone; json: all of it, for programs; markdown, "
            "latex, svg, html: the work drawn.",
        ),
    ] = None
    quiet: Annotated[bool, output_option("--quiet", "-q", help="The answer alone, as plain rows: no work.")] = False
    ascii: Annotated[bool, output_option("--ascii", help="Draw with ASCII signs only.")] = False
    scale: Annotated[
        PictureScale | None,
        output_option(
            "--picture",
            help="How cells become light and dark in a .png: scaled from the lowest to the highest, clipped to 0..255, "
            "or signed around grey. Default: what suits them.",
        ),
    ] = None
    cell: Annotated[
        int | None,
        output_option(
            "--cell", metavar="N", min=8, max=256, help="Of a .png: draw each cell N pixels high, with its number."
        ),
    ] = None
    dtype: Annotated[
        StoredFloat | None,
        output_option("--dtype", help="Of an .npy: round the answer to this. Default: what it is in."),
    ] = None
    fragment: Annotated[
        bool, output_option("--fragment", help="Of LaTeX, only what goes into a document of yours.")
    ] = False
    frames: Annotated[bool, output_option("--frames", help="Of LaTeX: slides (Beamer), an overlay for each step.")] = (
        False
    )
    compact: Annotated[
        bool, output_option("--compact", help="Of a page: to go into another one, without a heading.")
    ] = False
    hidden: Annotated[bool, output_option("--hidden", help="Of a page: open with the answers hidden.")] = False


class NumberOptions(NamedTuple):
    """How numbers are written and shaded."""

    precision: Annotated[
        int | None,
        output_option(
            "--precision",
            metavar="N",
            min=0,
            max=15,
            help="Decimals. Without it the work shows up to 4 (or CONVCALC_PRECISION) and keeps short fractions; plain "
            "rows carry every digit.",
        ),
    ] = None
    heat: Annotated[bool, output_option("--heat", help="Shade the cells by their value.")] = False


class StepOptions(NamedTuple):
    """Which steps are shown."""

    steps: Annotated[
        str | None,
        show_option(
            "--steps",
            metavar="all|none|N",
            autocompletion=one_of("all", "none"),
            help="How many steps to show. Default: all up to 64, else the first three and the last.",
        ),
    ] = None
    at: Annotated[
        str | None,
        show_option(
            "--at",
            metavar="ROW,COL",
            help="Show the step that makes this output cell, counted from 0 (MAP,ROW,COL for one map of several).",
        ),
    ] = None

    walk: Annotated[bool, show_option("--walk", help="Step through it with the keys, one step filling the screen.")] = (
        False
    )

    quiz: Annotated[bool, show_option("--quiz", help="Ask about it, instead of showing it.")] = False
    check: Annotated[
        str | None,
        show_option(
            "--check",
            metavar="ANSWER",
            help="Mark this answer (a file, or written out): which cells are wrong, and the likely reason.",
        ),
    ] = None


class OrderOptions(NamedTuple):
    """In what order a window's terms stand."""

    order: Annotated[
        Order,
        show_option(
            "--order", help="Write a window's terms row by row, or column by column as the lecture's slide does."
        ),
    ] = Order.ROW


class PaddingOptions(NamedTuple):
    """What stands in the padding."""

    pad_mode: Annotated[
        str,
        moving_option(
            "--pad-mode",
            metavar="|".join(PadMode),
            autocompletion=one_of(*PadMode),
            help="What stands in the padding; edge, wrap, mirror and other libraries' words are known, too.",
        ),
    ] = PadMode.ZEROS.value
    pad_value: Annotated[
        str, moving_option("--pad-value", metavar="NUMBER", help="The number that stands in the padding.")
    ] = "0"

    def settings(self, padding: object = None) -> dict[str, Any]:
        """Return what the engine is told; raise UsageError for a mode that there is not, or where nothing is padded."""
        try:
            chosen = border(self.pad_mode, number_of(self.pad_value, "--pad-value"))
        except InputError as error:
            raise UsageError(f"--pad-mode {self.pad_mode}: {error.message}", hint=error.hint) from None
        if padding == 0 and (self.pad_value != "0" or self.pad_mode != PadMode.ZEROS.value):
            option = "--pad-value" if self.pad_value != "0" else "--pad-mode"
            raise UsageError(f"{option} does nothing without padding", hint="add --padding, as in --padding 1")
        return {"mode": chosen}


Dilation = Annotated[
    str,
    moving_option(
        "--dilation", "-d", metavar="N|ROWS,COLS", help="How far apart the kernel's cells lie; 1 is side by side."
    ),
]
Backward = Annotated[
    str | None,
    reading_option(
        "--backward",
        metavar="GRAD",
        help="Given the gradient of the output (a grid like it, or 1), show where it goes in the input.",
    ),
]
Groups = Annotated[
    int,
    moving_option(
        "--groups", "-g", metavar="N", help="Split the channels into N groups; as many groups as channels is depthwise."
    ),
]
Bias = Annotated[
    str | None,
    input_option("--bias", "-b", metavar="NUMBERS", help="One number for each map or output, as in 1,0; or a file."),
]


def numbers(
    text: str, option: str, *, most: int, example: str, least: int = 0, signed: bool = False
) -> tuple[int, ...]:
    """Read whole numbers separated by commas (or ×, x between sizes); raise UsageError naming the option.

    >>> numbers("2,1", "--stride", most=2, example="2,1"), numbers("2x2", "--adaptive", most=2, example="2x2")
    ((2, 1), (2, 2))
    """
    words = re.split(r"\s*,\s*|(?<=\d)[x×](?=\d)|\s+", text.strip())
    pattern = r"-?\d{1,18}" if signed else r"\d{1,18}"
    wrong = next((word for word in words if not re.fullmatch(pattern, word)), None)
    if wrong is not None or len(words) > most:
        fault = f"'{wrong}' is not a whole number" if wrong else "a number is missing"
        if wrong is None:
            fault = f"{len(words)} numbers are too many"
        if wrong and re.fullmatch(r"-?\d{19,}", wrong):
            fault = f"{wrong} is too large, of more than 18 digits"
        elif wrong and re.fullmatch(r"-\d+", wrong):
            fault = f"{wrong} is negative"
        raise UsageError(f"{option} {text}: {fault}", hint=f"write it as in {option} {example}")
    values = tuple(int(word) for word in words)
    if not signed and min(values) < least:
        raise UsageError(f"{option} {text}: it must be at least {least}", hint=f"write it as in {option} {example}")
    return values


def at_most_one(options: "Mapping[str, bool]") -> None:
    """Refuse options that exclude each other, if more than one is given.

    >>> at_most_one({"--at": True, "--steps": False})
    """
    given = [option for option, is_given in options.items() if is_given]
    if len(given) > 1:
        raise UsageError(f"{given[0]} and {given[1]} exclude each other", hint="leave one of them out")


def number_of(text: str, option: str) -> "int | float | Fraction":
    """Read one number, as a grid's cell is read: an integer, a decimal or a fraction."""
    from convcalc.matrix_io.text import parse_number

    try:
        number: int | float | Fraction = parse_number(text.strip(), Place(option))
        return number
    except InputError as error:
        raise UsageError(str(error), hint=error.hint) from None


def pair_of(text: str, option: str) -> tuple[int, ...]:
    """Read one number of at least 1, or rows,columns."""
    return numbers(text, option, most=2, least=1, example="2 or 2,1")


def padding_of(text: str) -> PaddingRule | tuple[int, ...]:
    """Read ``--padding``: a rule, or 1, 2 or 4 numbers.

    >>> padding_of("same"), padding_of("1,2")
    (<PaddingRule.SAME: 'same'>, (1, 2))
    """
    word = text.strip().lower()
    if word in {rule.value for rule in PaddingRule}:
        return PaddingRule(word)
    if re.match(r"[a-z]", word):
        rules = [rule.value for rule in PaddingRule]
        hint = did_you_mean(word, rules, f"the rules are {', '.join(rules)}; or write numbers")
        raise UsageError(f"--padding {text}: there is no such rule", hint=hint)
    amounts = numbers(text, "--padding", most=4, example="1, 1,2 (rows,columns) or 1,2,3,4 (top,bottom,left,right)")
    if len(amounts) == 3:
        raise UsageError(f"--padding {text}: 3 numbers could mean anything", hint="write 1, 2 or 4 of them")
    return amounts


def steps_of(text: str | None) -> int | str | None:
    """Read ``--steps``: all, none, or how many."""
    if text is None or text in ("all", "none"):
        return text
    return numbers(text, "--steps", most=1, example="all, --steps none or --steps 5")[0]


def at_of(text: str | None) -> tuple[int, ...] | None:
    """Read ``--at``: the indices of an output cell."""
    return None if text is None else numbers(text, "--at", most=4, example="1,1", signed=True)


def show_of(how: NumberOptions, stepping: StepOptions | None = None, terms: OrderOptions | None = None) -> "Show":
    """Return how the work is to be shown, from the options."""
    from convcalc.report.numbers import Writer
    from convcalc.report.selection import Show

    stepping = stepping or StepOptions()
    steps, at = steps_of(stepping.steps), at_of(stepping.at)
    at_most_one({"--steps": steps is not None, "--at": at is not None})
    at_most_one({"--walk": stepping.walk, "--quiz": stepping.quiz, "--check": stepping.check is not None})
    if stepping.check is not None and steps is not None:
        raise UsageError("--check marks the whole answer", hint="leave --steps out; --at marks one cell")
    if stepping.walk and steps is not None:
        raise UsageError("--walk walks through every step", hint="leave --steps out; --at says where to begin")
    order = Order.ROW if terms is None else terms.order
    write = Writer(default_precision() if how.precision is None else how.precision)
    rounds = how.precision is not None
    return Show(steps, at, order, write, how.heat, stepping.walk, stepping.quiz, stepping.check, rounds_answer=rounds)
