"""What --help writes: panels of names and what they do, in columns; without rich, whose start would take longer."""

import re
import shutil
import sys
import textwrap
from collections.abc import Collection, Iterable, Iterator
from itertools import groupby
from typing import Any

import typer
from typer.core import TyperCommand

from convcalc.cli.looks import in_colour
from convcalc.cli.messages import glyphs_for
from convcalc.cli.standing import with_input, with_option_names
from convcalc.errors import UsageError

MOST_WIDTH, LEAST_WIDTH = 80, 20
Rows = list[tuple[str, str]]


def sayable(help_text: str) -> str:
    """Return a help with only the signs that standard output can show."""
    return glyphs_for(sys.stdout, False).say(help_text)


class Command(TyperCommand):
    """A command whose help is ours, and that drops no word unsaid."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read a command line; refuse an option that is given twice, of which only the last would count."""
        options_known = {name for one in self.get_params(ctx) for name in one.opts}
        args = with_option_names(str(self.name), args)
        end = args.index("--") if "--" in args else len(args)
        words = [*(plain_option(word, options_known) for word in args[:end]), *args[end:]]
        words = with_input(self, ctx, words)
        options: list[Any] = [*self.make_parser(ctx).parse_args(list(words))[2]]
        rest: list[str] = super().parse_args(ctx, words)
        takes_one = [one for one in options if one.param_type_name == "option" and not (one.is_flag or one.multiple)]
        twice = next((one for one in takes_one if takes_one.count(one) > 1), None)
        if twice is not None and not ctx.resilient_parsing:
            raise UsageError(f"{twice.opts[0]} stands here twice", hint="one value counts: leave the other out")
        return rest

    def get_help(self, ctx: Any) -> str:
        """Return the help."""
        return sayable(super().get_help(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        write_help(self, ctx, formatter)


def plain_option(word: str, known: Collection[str]) -> str:
    """Return a word as Typer wants it, with `-k=1` as `-k1`; refuse a known option behind a dash that is no hyphen.

    >>> plain_option("-k=1 0", {"-k"}), plain_option("--kernel=edge", {"--kernel"}), plain_option("−inf", {"-k"})
    ('-k1 0', '--kernel=edge', '−inf')
    """
    if match := re.match(r"[‐‑–—−﹣－]+-?([A-Za-z][\w-]*)", word):
        option = f"{'-' if len(match[1]) == 1 else '--'}{match[1]}"
        if option in known:
            raise UsageError(f"'{word}' begins with a dash that is no hyphen", hint=f"write {option}")
    return re.sub(r"^(-[A-Za-z])=(?=.)", r"\1", word)


def write_help(command: Any, ctx: Any, formatter: Any, panels: Iterable[tuple[str, Rows]] = ()) -> None:
    """Write a command's usage, what it does, its arguments and options by their panels, and further `panels`."""
    formatter.width = help_width()
    command.format_usage(ctx, formatter)
    formatter.write("\n")
    for line in _paragraphs(command.help or "", formatter.width):
        formatter.write(f"{line}\n")
    write_panels(formatter, (*_parameters(command, ctx), *panels))


def help_width() -> int:
    """Return how many columns help takes."""
    return max(min(shutil.get_terminal_size().columns, MOST_WIDTH) - 2, LEAST_WIDTH)


def write_panels(formatter: Any, panels: Iterable[tuple[str, Rows]]) -> None:
    """Write panels of names and what they do, each below its title."""
    for title, rows in panels:
        formatter.write(f"\n{_styled(title, bold=True)}\n")
        formatter.indent()
        formatter.write_dl(
            [(_styled(_folded(name, formatter.width - 2), fg="cyan"), summary) for name, summary in rows],
            col_max=min(32, formatter.width // 2),
        )
        formatter.dedent()


def _folded(name: str, width: int) -> str:
    """Return an option with its choices on several lines, if it is wider than the help.

    >>> print(_folded("--format <plain|csv|json>", 20))
    --format <plain|csv|
        json>
    """
    if len(name) <= width:
        return name
    lines, line = [], ""
    for part in re.split(r"(?<=[| ])", name):
        if line and len(line) + len(part.rstrip()) > width:
            lines.append(line.rstrip())
            line = "    "
        line += part
    return "\n".join([*lines, line.rstrip()])


def _paragraphs(text: str, width: int) -> Iterator[str]:
    """Yield a docstring's lines, each wrapped by itself; examples, which are indented, stand close together."""
    lines = text.strip().split("\n")
    for index, line in enumerate(lines):
        within = line == "" and all(
            part.startswith("  ") for part in (lines[index - 1], *lines[index + 1 : index + 2])
        )  # an empty line between two examples
        if not within:
            indent = " " * (len(line) - len(line.lstrip()))
            yield from textwrap.wrap(line, width, subsequent_indent=indent) or [""]


def _parameters(command: Any, ctx: Any) -> Iterator[tuple[str, Rows]]:
    """Yield the panels of arguments and options, in the order in which they are declared."""
    notes = [
        (_panel(one), record) for one in command.get_params(ctx) if (record := one.get_help_record(ctx)) is not None
    ]
    order = list(dict.fromkeys(["Arguments", *(panel for panel, _ in notes)]))
    notes.sort(key=lambda pair: order.index(pair[0]))
    for panel, pairs in groupby(notes, key=lambda pair: pair[0]):
        yield panel, [record for _, record in pairs]


def _panel(parameter: Any) -> str:
    return parameter.rich_help_panel or ("Arguments" if parameter.param_type_name == "argument" else "Options")


def is_plain() -> bool:
    """Return whether help has no colours: in a pipe, on a dumb terminal, or where none are wanted."""
    return not in_colour(sys.stdout)


def _styled(text: str, **style: Any) -> str:
    return text if is_plain() else typer.style(text, **style)
