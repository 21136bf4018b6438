"""``convcalc help``: a command's help, or a topic, which is a Markdown file of the package. Loads no numpy."""

import shutil
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from convcalc.cli.commands import COMMANDS, instead
from convcalc.cli.completion import help_topics
from convcalc.cli.help import help_width, is_plain, sayable, write_panels
from convcalc.cli.options import with_options
from convcalc.errors import UsageError

TOPICS = {path.stem: path for path in sorted((Path(__file__).parents[1] / "topics").glob("*.md"))}
"""The topics, each a file."""
MOST_COLUMNS = 100
"""So that examples of eighty columns have room for a margin."""


def summary_of(topic: str) -> str:
    """Return what a topic is about: its file's heading.

    >>> summary_of("sizes")
    'Sizes: the formula with numbers put in'
    """
    with TOPICS[topic].open(encoding="utf-8") as lines:
        return lines.readline().lstrip("#").strip()


@with_options
def show_help(
    *,
    ctx: typer.Context,
    about: Annotated[
        str | None,
        typer.Argument(metavar="[COMMAND|TOPIC]", help="Default: a list of what there is.", autocompletion=help_topics),
    ] = None,
) -> None:
    """Show a command's options and examples, or a topic: grids, numbers, pipes, networks and more.

    Examples:
      convcalc help

      convcalc help conv

      convcalc help grids

    """
    if about is None:
        _list(ctx.make_formatter())
    elif about in COMMANDS:
        root: Any = ctx.find_root().command
        root.main([about, "--help"], ctx.find_root().info_name, standalone_mode=False)
    elif about == "man":
        from convcalc import __version__
        from convcalc.cli.man import man_page

        top = ctx.find_root()
        page = man_page(top.command, top, str(top.command.help), __version__)
        sys.stdout.writelines(f"{line}\n" for line in page)
    elif about in TOPICS:
        _show(TOPICS[about].read_text(encoding="utf-8"))
    else:
        suggestion = instead(about, TOPICS)
        there = "`convcalc help` lists what there is"
        raise UsageError(
            f"there is no help on '{about}'", hint=f"did you mean {suggestion}? {there}" if suggestion else there
        )


def _list(formatter: Any) -> None:
    formatter.width = help_width()
    topics = [(topic, summary_of(topic)) for topic in TOPICS]
    commands = [(name, entry.summary) for name, entry in COMMANDS.items()]
    write_panels(formatter, [("convcalc help TOPIC", topics), ("convcalc help COMMAND", commands)])
    sys.stdout.write(sayable(formatter.getvalue().lstrip("\n")))


def _show(text: str) -> None:
    """Write Markdown: laid out on a terminal, elsewhere as it is."""
    if is_plain():
        sys.stdout.write(sayable(text))
        return
    from rich.console import Console
    from rich.markdown import Markdown

    width = min(shutil.get_terminal_size().columns, MOST_COLUMNS)
    Console(width=width).print(Markdown(sayable(text), code_theme="bw"))
