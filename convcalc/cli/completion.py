"""What a value can be, for the shell's completion and the session's: each function gives the words there are.

None loads numpy, but those of the exercises' topics.
"""

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import typer

Complete = Callable[[typer.Context, str], list[str]]
"""What Typer calls with a context and the beginning of a word."""


def beginning(words: Iterable[str], incomplete: str) -> list[str]:
    """Return the words that begin so.

    >>> beginning(["sobel-x", "edge"], "so")
    ['sobel-x']
    """
    return [word for word in words if word.startswith(incomplete)]


def one_of(*words: str) -> Complete:
    """Return what completes one of some words."""

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        return beginning(words, incomplete)

    return complete


def kernel_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the kernels of that beginning; if none has it, the other names that have."""
    from convcalc.engine.kernels import ALIASES, KERNELS

    return beginning(KERNELS, incomplete) or beginning(ALIASES, incomplete)


def network_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the networks of the zoo of that beginning."""
    from convcalc.network.zoo import ZOO

    return beginning(ZOO, incomplete)


def quiz_topics(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the topics of the exercises."""
    from convcalc.practice.exercises import TOPICS

    return beginning(TOPICS, incomplete)


def lecture_rows(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the lecture's topics, and (of a digit) its rows."""
    from convcalc.lecture import ROWS

    numbers = [str(row.number) for row in ROWS] if incomplete else []
    return beginning([*dict.fromkeys(row.topic for row in ROWS), *numbers], incomplete)


def help_topics(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return what there is help on: commands, and topics."""
    folder = Path(__file__).parents[1] / "topics"
    root: Any = ctx.find_root().command
    return beginning([*root.list_commands(ctx), *sorted(path.stem for path in folder.glob("*.md")), "man"], incomplete)


def sample_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the samples that are text."""
    from convcalc.sample_files import names

    return beginning((name for name in names() if not name.endswith((".png", ".npz"))), incomplete)


def grid_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the names that a script gives its grids, of the script that stands on the line."""
    line = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS") or ""
    script = next((word for word in line.split()[2:] if not word.startswith("-")), "")
    try:
        text = Path(script).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    names = dict.fromkeys(re.findall(r"^\s*([A-Za-z_]\w*)\s*=(?!=)", text, flags=re.MULTILINE))
    return beginning([*names, "all"], incomplete)
