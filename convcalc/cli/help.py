"""What --help writes: panels of names and what they do, in columns; without rich, whose start would take longer."""

import os
import sys
import textwrap
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import typer
from typer.core import TyperCommand

Rows = list[tuple[str, str]]


class Command(TyperCommand):
    """A command whose help is ours."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        write_help(self, ctx, formatter)


def write_help(command: Any, ctx: Any, formatter: Any, panels: Iterable[tuple[str, Rows]] = ()) -> None:
    """Write a command's usage, what it does, its arguments and options by their panels, and further `panels`."""
    command.format_usage(ctx, formatter)
    formatter.write("\n")
    for line in _paragraphs(command.help or "", formatter.width):
        formatter.write(f"{line}\n")
    for title, rows in (*_parameters(command, ctx), *panels):
        formatter.write(f"\n{_styled(title, bold=True)}\n")
        formatter.indent()
        formatter.write_dl([(_styled(name, fg="cyan"), said) for name, said in rows], col_max=32)
        formatter.dedent()


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
    told = [
        (_panel(one), record) for one in command.get_params(ctx) if (record := one.get_help_record(ctx)) is not None
    ]
    order = list(dict.fromkeys(["Arguments", *(panel for panel, _ in told)]))
    told.sort(key=lambda pair: order.index(pair[0]))
    for panel, pairs in groupby(told, key=lambda pair: pair[0]):
        yield panel, [record for _, record in pairs]


def _panel(parameter: Any) -> str:
    return parameter.rich_help_panel or ("Arguments" if parameter.param_type_name == "argument" else "Options")


def _styled(text: str, **style: Any) -> str:
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb" or not sys.stdout.isatty()
    return text if plain else typer.style(text, **style)
