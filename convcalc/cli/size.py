"""``convcalc size``. Loads no numpy."""

import itertools
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from convcalc.choices import Convention, PaddingRule
from convcalc.cli.options import OutputOptions, numbers, padding_of, with_options
from convcalc.cli.output import channel_of
from convcalc.errors import UsageError

if TYPE_CHECKING:
    from convcalc.engine.geometry import Axis
    from convcalc.engine.sizes import Question
    from convcalc.report.size import Sized

Pair = tuple[int, ...]
"""One number for both axes, or two: rows and columns."""

LIST = "N[,N…]"
MOST_COMBINATIONS = 1000


@dataclass(frozen=True, slots=True)
class SizeOptions:
    """The letters of the formula; any may be a list, or a pair like 32x28."""

    n: Annotated[
        str | None,
        typer.Option("-n", "--input-size", metavar=LIST, help="N, the input's size: 7, or 32x28.", show_default=False),
    ] = None
    f: Annotated[
        str | None, typer.Option("-f", "--kernel-size", metavar=LIST, help="F, the kernel's size.", show_default=False)
    ] = None
    s: Annotated[
        str | None, typer.Option("-s", "--stride", metavar=LIST, help="S, the stride. Default 1.", show_default=False)
    ] = None
    p: Annotated[
        str | None,
        typer.Option(
            "-p",
            "--padding",
            metavar=LIST,
            help="P, the padding at each end; or same, valid, full. Default 0.",
            show_default=False,
        ),
    ] = None
    d: Annotated[
        str | None,
        typer.Option("-d", "--dilation", metavar=LIST, help="D, the dilation. Default 1.", show_default=False),
    ] = None
    ceil: Annotated[bool, typer.Option("--ceil", help="Round up, as pooling with ceil does.")] = False


@with_options
def size(
    *,
    ctx: typer.Context,
    letters: SizeOptions,
    output_size: Annotated[
        int | None,
        typer.Option(
            "-O",
            "--output-size",
            metavar="SIZE",
            help="Find what is left out so that the output has this size.",
            show_default=False,
        ),
    ] = None,
    channels: Annotated[
        int | None, typer.Option("--channels", min=1, help="Input channels, to count parameters.", show_default=False)
    ] = None,
    filters: Annotated[
        int | None, typer.Option("--filters", min=1, help="Filters, to count parameters.", show_default=False)
    ] = None,
    convention: Annotated[
        Convention, typer.Option("--convention", help="Whose rule where they differ; textbook: it must divide.")
    ] = Convention.TORCH,
    out: OutputOptions,
) -> None:
    """Work the output-size formula, (N + 2P − F)/S + 1, and say what does not fit and what would.

    Lists in any of -n -f -s -p -d give a table; -O solves for whatever is left out.

    Examples:
      convcalc size -n 7 -f 3 -s 2

      convcalc size -n 7 -f 3 -s 1,2,3

      convcalc size -n 32 -f 5 --channels 3 --filters 6

      convcalc size -n 227 -O 55

    """
    from convcalc.engine.sizes import solve
    from convcalc.report.size import Volume, worked_size, worked_solution

    channel = channel_of(ctx.obj)
    if output_size is not None:
        question = _question(letters)
        found = solve(question, output_size)
        channel.emit(worked_solution(found, question.missing(), output_size), out)
        return
    volume = Volume(channels or 1, filters or 1) if channels or filters else None
    channel.emit(worked_size(_all_sized(letters, convention), volume), out)


def _question(letters: SizeOptions) -> "Question":
    """Return a question to be solved; what is left out is missing."""
    from convcalc.engine.sizes import Question

    return Question(
        _single(letters.n, "-n"),
        _single(letters.f, "-f"),
        _single(letters.s, "-s"),
        _single(letters.p, "-p"),
        _single(letters.d, "-d"),
        letters.ceil,
    )


def _all_sized(letters: SizeOptions, convention: Convention) -> "list[Sized]":
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
    return [
        Sized(_axes(n, f, s, padding, d, ceil=letters.ceil), padding is PaddingRule.SAME, convention)
        for n, f, s, padding, d in itertools.product(lists[0], lists[1], lists[2], paddings, lists[3])
    ]


def _axes(n: Pair, f: Pair, s: Pair, p: Pair | PaddingRule, d: Pair, *, ceil: bool) -> "tuple[Axis, ...]":
    """Return one axis, or two where any of the letters is a pair."""
    from convcalc.engine.geometry import Axis, padding_amounts

    axes = []
    for index in range(max(len(n), len(f), len(s), len(d), 1 if isinstance(p, PaddingRule) else len(p))):
        size, kernel, stride, dilation = (letter[index % len(letter)] for letter in (n, f, s, d))
        amounts = p if isinstance(p, PaddingRule) else (p[index % len(p)],)
        before, after = padding_amounts(amounts, 0, size, kernel, max(stride, 1), dilation)
        axes.append(Axis(size, kernel, stride, before, after, dilation, ceil))
    return tuple(axes)


def _paddings(text: str) -> list[Pair | PaddingRule]:
    """Read a list of paddings: numbers, pairs, or rules."""
    paddings: list[Pair | PaddingRule] = []
    for word in re.split(r"\s*,\s*", text.strip()):
        padding = padding_of(word)
        paddings.append(padding if isinstance(padding, PaddingRule) else values_of(word, "-p")[0])
    return paddings


def values_of(text: str, option: str) -> list[Pair]:
    """Read a list whose entries are numbers, or pairs like 32x28.

    >>> values_of("1,2", "-s"), values_of("32x28", "-n")
    ([(1,), (2,)], [(32, 28)])
    """
    example = {"-n": "7, 7,9 or 32x28"}.get(option, "3, 3,5 or 3x5")
    return [numbers(word, option, most=2, example=example) for word in re.split(r"\s*,\s*", text.strip())]


def _single(text: str | None, option: str) -> int | None:
    """Read one number of a question that is to be solved."""
    if text is None:
        return None
    values = values_of(text, option)
    if len(values) > 1 or len(values[0]) > 1:
        raise UsageError(f"{option} {text}: -O takes single numbers", hint="solve one axis at a time, or leave it out")
    return values[0][0]
