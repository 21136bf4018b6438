"""``--quiz`` and ``--check``: questions about what is worked, asked on a terminal, and answers that are marked."""

import contextlib
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from convcalc.cli.inputs import read_answer
from convcalc.cli.looks import Paged
from convcalc.cli.messages import explain
from convcalc.cli.prompt import typed
from convcalc.cli.showing import draw
from convcalc.cli.surroundings import Surroundings
from convcalc.errors import InputError, UsageError

if TYPE_CHECKING:
    from convcalc.practice.asking import Asking
    from convcalc.practice.question import Question
    from convcalc.report.document import Calculation
    from convcalc.report.selection import Show


def ask(here: Surroundings, worked: "Calculation", show: "Show") -> bool:
    """Mark an answer to an exercise, if there is one, and ask about it, if that is wanted; return whether it is right.

    In a session neither changes its grid; a script does neither.
    """
    terminal = here.for_talk()
    is_right = show.check is None or _check(here, worked, show)
    if is_right and show.quiz:
        _ask_about(terminal, worked, show)
    return is_right


@contextlib.contextmanager
def asking_on(here: Surroundings, *, from_pipe: bool) -> "Iterator[Asking]":
    """Give what asks: at the terminal, or (if so) from the lines that are piped in."""
    from convcalc.practice.asking import Asking

    if isinstance(here.stdout, Paged):
        here.stdout.let_through()
    with contextlib.ExitStack() as open_files:
        at_terminal = here.stdin is not None and here.stdin.isatty()
        lines = here.stdin
        if not from_pipe and not at_terminal:
            from convcalc.cli.terminal import TERMINAL

            try:
                lines = open_files.enter_context(open(TERMINAL, "rb"))
            except OSError:
                hint = "--check FILE marks an answer"
                raise UsageError("--quiz needs a terminal to be answered on", hint=hint) from None

        def ask(prompt: str) -> str:
            if not from_pipe and not at_terminal:
                here.stdout.write(prompt)
            here.stdout.flush()
            if at_terminal and here.on_terminal:
                return typed(prompt)
            line = b"" if lines is None else lines.readline()
            if not line:
                raise EOFError
            return line.decode("utf-8", "replace").rstrip("\r\n")

        yield Asking(ask, partial(draw, here), explain)


def _ask_about(here: Surroundings, worked: "Calculation", show: "Show") -> None:
    """Ask about one exercise: all of it, or the cell that --at names."""
    with asking_on(here, from_pipe=False) as asking:
        with contextlib.suppress(EOFError):
            asking.question(_question(worked, show))
        draw(here, asking.score.blocks())


def _question(worked: "Calculation", show: "Show") -> "Question":
    """Return the question about an exercise, or about the cell of it that --at names."""
    from convcalc.practice.question import about

    question = about(worked, show, None if show.at is None else lambda _: _number_at(worked, show))
    if show.at is not None and question.at is None:
        raise UsageError("--at names no single cell here", hint="leave it out, to be asked for the whole")
    return question


def _number_at(worked: "Calculation", show: "Show") -> int:
    from convcalc.report.selection import Chosen, number, select

    assert worked.steps is not None
    steps = worked.steps(show)
    (first, *_) = select(steps.shape, show, steps.naming)
    assert isinstance(first, Chosen)
    return number(first.at, steps.shape) - 1


def _check(here: Surroundings, worked: "Calculation", show: "Show") -> bool:
    """Mark an answer that was written down, to all of it or the cell of --at; return whether it is right."""
    from convcalc.engine.grids import as_grid
    from convcalc.practice.marking import mark

    answer = as_grid(worked.answer())
    attempt = read_answer(here, show.check, "--check").cells
    at = None if show.at is None else _question(worked, show).at
    if attempt.ndim > 4:
        raise InputError("an answer has at most 4 dimensions", hint="write it as the command would")
    marks = mark(attempt, answer, worked.mistakes() if worked.mistakes else (), at)
    draw(here, marks.blocks())
    return marks.right
