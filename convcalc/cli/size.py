"""``convcalc size``. Loads no numpy."""

import itertools
import math
import re
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from convcalc.choices import Convention, PaddingRule
from convcalc.cli.options import OutputOptions, numbers, padding_of, with_options
from convcalc.cli.output import emit
from convcalc.cli.surroundings import surroundings_of
from convcalc.errors import UsageError

if TYPE_CHECKING:
    from convcalc.engine.geometry import Axis
    from convcalc.engine.sizes import SizeQuestion
    from convcalc.report.document import Calculation
    from convcalc.report.size import Sized

Pair = tuple[int, ...]
"""One number for both axes, or two: rows and columns."""
Sides = tuple[tuple[int, int], ...]
"""Padding before and after, for both axes or for rows and columns."""

LIST = "N[,N…]"
MOST_COMBINATIONS = 1000


class SizeOptions(NamedTuple):
    """The letters of the formula; any may be a list, or a pair like 32x28."""

    n: Annotated[
        str | None, typer.Option("-n", "--input-size", metavar=LIST, help="N, the input's size: 7, or 32x28.")
    ] = None
    f: Annotated[
        str | None, typer.Option("-f", "--kernel-size", metavar=LIST, help="F, the kernel's (filter's) size.")
    ] = None
    s: Annotated[str | None, typer.Option("-s", "--stride", metavar=LIST, help="S, the stride. Default 1.")] = None
    p: Annotated[
        str | None,
        typer.Option(
            "-p",
            "--padding",
            metavar=LIST,
            help="P, the padding at each end: 1, 0+1 (before+after), same, valid or full. Default 0.",
        ),
    ] = None
    d: Annotated[str | None, typer.Option("-d", "--dilation", metavar=LIST, help="D, the dilation. Default 1.")] = None
    ceil: Annotated[bool, typer.Option("--ceil", help="Round up, as pooling with ceil does.")] = False


class AskedOptions(NamedTuple):
    """What is asked about the letters, but for the output's size."""

    output_size: Annotated[
        int | None,
        typer.Option(
            "-O", "--output-size", metavar="SIZE", help="Find what is left out so that the output has this size."
        ),
    ] = None
    channels: Annotated[int | None, typer.Option("--channels", min=1, help="Input channels, to count parameters.")] = (
        None
    )
    filters: Annotated[int | None, typer.Option("--filters", min=1, help="Filters, to count parameters.")] = None
    convention: Annotated[
        Convention | None,
        typer.Option("--convention", help="Whose rule where they differ (PyTorch's); textbook: it must divide."),
    ] = None
    chain: Annotated[
        str | None,
        typer.Option(
            "--chain",
            metavar="WINDOWS",
            help='Windows one after the other: "conv 5, pool 2, conv 3 s2 p1"; also the receptive field.',
        ),
    ] = None

    def given(self, *options: str) -> list[str]:
        """Return which of some options were given."""
        values: dict[str, object] = {"-O": self.output_size, "--channels": self.channels, "--filters": self.filters}
        values["--convention"] = self.convention
        return [option for option in options if values[option] is not None]


@with_options
def size(*, ctx: typer.Context, letters: SizeOptions, asked: AskedOptions, out: OutputOptions) -> None:
    """Work the output-size formula, (N + 2P − F)/S + 1, and say what does not fit and what would.

    Lists in any of -n -f -s -p -d give a table; 32x28 is rows and columns.
    -O solves for whatever is left out.

    Examples:
      convcalc size -n 7 -f 3 -s 2

      convcalc size -n 7 -f 3 -s 1,2,3

      convcalc size -n 32 -f 5 --channels 3 --filters 6

      convcalc size -n 227 -O 55

      convcalc size --chain "conv 5, pool 2, conv 5, pool 2" -n 28

    """
    from convcalc.engine.sizes import solve
    from convcalc.report.size import worked_size, worked_solution

    here = surroundings_of(ctx)
    if asked.chain is not None:
        emit(here, _chained(asked.chain, letters, asked), out)
    elif asked.output_size is not None:
        if counting := asked.given("--channels", "--filters"):
            raise UsageError(f"{counting[0]} does not go with -O", hint="find the size first, then count")
        question = _question(letters)
        solutions = solve(question, asked.output_size, must_divide=asked.convention is Convention.TEXTBOOK)
        emit(here, worked_solution(solutions, question.missing(), asked.output_size), out)
    else:
        emit(here, worked_size(_all_sized(letters, asked.convention), asked.channels, asked.filters), out)


def _chained(chain: str, letters: SizeOptions, asked: AskedOptions) -> "Calculation":
    """Return the work of a chain, whose windows have their own settings."""
    from convcalc.network.chain import follow, links
    from convcalc.report.chain import worked_chain

    own = {"-f": letters.f, "-s": letters.s, "-p": letters.p, "-d": letters.d, "--ceil": letters.ceil or None}
    others = [option for option, value in own.items() if value is not None]
    if others := others + asked.given("-O", "--channels", "--filters", "--convention"):
        raise UsageError(f"{others[0]} does not go with --chain", hint='each window has its own: "conv 3 s2 p1"')
    if letters.n is None:
        raise UsageError("-n is missing", hint="give the input's size, as in -n 28")
    sizes = values_of(letters.n, "-n")
    if len(sizes) > 1:
        raise UsageError(f"-n {letters.n}: a chain has one input", hint="give one size, as in 28 or 32x28")
    return worked_chain(sizes[0], follow(links(chain), sizes[0]))


def _question(letters: SizeOptions) -> "SizeQuestion":
    """Return a question to be solved; what is left out is missing."""
    from convcalc.engine.sizes import SizeQuestion

    return SizeQuestion(
        _single(letters.n, "-n"),
        _single(letters.f, "-f"),
        _single(letters.s, "-s"),
        _single(letters.p, "-p"),
        _single(letters.d, "-d"),
        letters.ceil,
    )


def _all_sized(letters: SizeOptions, convention: Convention | None) -> "list[Sized]":
    """Return every combination of the lists that were given, its axes checked."""
    from convcalc.report.size import Sized

    if letters.n is None or letters.f is None:
        option, example = ("-n", "-n 7") if letters.n is None else ("-f", "-f 3")
        raise UsageError(f"{option} is missing", hint=f"give it, as in {example}; or ask with -O what would fit")
    texts = {"-n": letters.n, "-f": letters.f, "-s": letters.s or "1", "-d": letters.d or "1"}
    lists = [values_of(text, option) for option, text in texts.items()]
    paddings = _paddings(letters.p or "0")
    count = math.prod(map(len, lists)) * len(paddings)
    if count > MOST_COMBINATIONS:
        raise UsageError(f"that makes {count:,} combinations", hint=f"ask about at most {MOST_COMBINATIONS:,} at once")
    every = [*itertools.chain(*lists), *(padding for padding in paddings if not isinstance(padding, PaddingRule))]
    dimensions = max(map(len, every))
    return [
        Sized(
            _axes(dimensions, n, f, s, padding, d, ceil=letters.ceil),
            isinstance(padding, PaddingRule) and padding.keeps_size,
            convention,
        )
        for n, f, s, padding, d in itertools.product(lists[0], lists[1], lists[2], paddings, lists[3])
    ]


def _axes(
    dimensions: int, n: Pair, f: Pair, s: Pair, p: Sides | PaddingRule, d: Pair, *, ceil: bool
) -> "tuple[Axis, ...]":
    """Return one axis, or two if any of what was asked is a pair."""
    from convcalc.engine.geometry import Axis, padding_amounts

    axes = []
    for index in range(dimensions):
        size, kernel, stride, dilation = (letter[index % len(letter)] for letter in (n, f, s, d))
        if isinstance(p, PaddingRule):
            before, after = padding_amounts(p, 0, size, kernel, max(stride, 1), dilation)
        else:
            before, after = p[index % len(p)]
        axes.append(Axis(size, kernel, stride, before, after, dilation, ceil))
    return tuple(axes)


def _paddings(text: str) -> list[Sides | PaddingRule]:
    """Read a list of paddings: numbers, before+after, pairs of either, or rules."""
    paddings: list[Sides | PaddingRule] = []
    for word in re.split(r"\s*,\s*", text.strip()):
        if re.match("[A-Za-z]", word):
            rule = padding_of(word)
            assert isinstance(rule, PaddingRule)
            paddings.append(rule)
            continue
        sides = []
        for axis in re.split(r"(?<=\d)[x×](?=\d)", word):
            amounts = [numbers(side, "-p", most=1, example="1, 0+1, 1x2 or same")[0] for side in axis.split("+")]
            if len(amounts) > 2:
                raise UsageError(f"-p {text}: '{axis}' has too many sides", hint="write before+after, as in 0+1")
            sides.append((amounts[0], amounts[-1]))
        paddings.append(tuple(sides))
    return paddings


def values_of(text: str, option: str) -> list[Pair]:
    """Read a list whose entries are numbers, or pairs like 32x28.

    >>> values_of("1,2", "-s"), values_of("32x28", "-n")
    ([(1,), (2,)], [(32, 28)])
    """
    example = {"-n": "7, 7,9 or 32x28"}.get(option, "3, 3,5 or 3x5")
    words = re.split(r"\s*,\s*", text.strip())
    if three := next((match for word in words if (match := re.fullmatch(r"(\d+)[x×](\d+)[x×](\d+)", word))), None):
        first, second, third = three.groups()
        rows, columns, channels = (second, third, first) if second == third != first else (first, second, third)
        hint = f"write {option} {rows}x{columns}; channels go apart, as in --channels {channels} --filters 6"
        raise UsageError(f"{option} {text}: a size is rows and columns", hint=hint)
    return [numbers(word, option, most=2, least=1, example=example) for word in words]


def _single(text: str | None, option: str) -> int | None:
    """Read one number of a question that is to be solved."""
    if text is None:
        return None
    least = 0 if option == "-p" else 1
    values = [numbers(word, option, most=2, least=least, example="1") for word in re.split(r"\s*,\s*", text.strip())]
    if len(values) > 1 or len(values[0]) > 1:
        raise UsageError(f"{option} {text}: -O takes single numbers", hint="solve one axis at a time, or leave it out")
    return values[0][0]
