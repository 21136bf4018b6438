"""``convcalc quiz``, and ``--quiz`` and ``--check`` on any exercise."""

import contextlib
import os
import random
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from convcalc.cli.messages import explain
from convcalc.cli.output import Channel, channel_of
from convcalc.cli.prompt import typed
from convcalc.errors import InputError, UsageError, nearest
from convcalc.quiz.exercises import TOPICS

if TYPE_CHECKING:
    from convcalc.quiz.asking import Asking
    from convcalc.quiz.question import Question
    from convcalc.report.document import Worked
    from convcalc.report.selection import Show

ALSO = {other: word for word, topic in TOPICS.items() for other in topic.other_words}
MOST_QUESTIONS = 1000
TERMINAL = "CONIN$" if os.name == "nt" else "/dev/tty"
"""The terminal by its own name, where standard input is a pipe."""


def quiz(
    ctx: typer.Context,
    topic: Annotated[
        str | None,
        typer.Argument(metavar="[TOPIC]", help=f"What to ask about: {', '.join(TOPICS)}. Default: all in turn."),
    ] = None,
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=MOST_QUESTIONS, help="How many questions.")] = 10,
    level: Annotated[int, typer.Option("--level", min=1, max=5, help="The level to begin with; it follows you.")] = 1,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Ask the same questions again.", show_default=False)
    ] = None,
) -> None:
    """Ask questions, mark the answers cell by cell, and name the likely mistake.

    An answer is a number, or rows of numbers; two decimals are enough.
    Say hint for the next term, show for the working, skip, or quit.

    Examples:
      convcalc quiz

      convcalc quiz conv --level 3 --seed 7

    """
    from convcalc.quiz.asking import Quiz
    from convcalc.report.document import Role, Text

    channel = channel_of(ctx).talking()
    topics = list(TOPICS) if topic is None else [topic_of(topic)]
    seed = random.randrange(10**6) if seed is None else seed
    with asking_on(channel, from_pipe=True) as asking:
        asking.run(Quiz(topics, random.Random(seed), level), count)
    again = f"convcalc quiz{f' {topics[0]}' if topic else ''} --level {level} --count {count} --seed {seed}"
    channel.show([Text(f"{again} asks the same again.", Role.QUIET)])


def topic_of(word: str) -> str:
    """Return a topic by its word, or the word other people have for it.

    >>> topic_of("Convolution")
    'conv'
    """
    known = ALSO.get(word.lower(), word.lower())
    if known in TOPICS:
        return known
    close = nearest(known, [*TOPICS, *ALSO])
    hint = f"did you mean {ALSO.get(close[0], close[0])}?" if close else f"the topics are {', '.join(TOPICS)}"
    raise UsageError(f"there are no questions on '{word}'", hint=hint)


@contextlib.contextmanager
def asking_on(channel: Channel, *, from_pipe: bool) -> "Iterator[Asking]":
    """Give what asks on a channel: at the terminal, or (if so) from the lines that are piped in."""
    from convcalc.quiz.asking import Asking

    with contextlib.ExitStack() as open_files:
        at_terminal = channel.stdin is not None and channel.stdin.isatty()
        lines = channel.stdin
        if not from_pipe and not at_terminal:
            try:
                lines = open_files.enter_context(open(TERMINAL, "rb"))
            except OSError:
                hint = "--check FILE marks an answer"
                raise UsageError("--quiz needs a terminal to be answered on", hint=hint) from None

        def ask(prompt: str) -> str:
            if not from_pipe and not at_terminal:
                channel.stdout.write(prompt)
            channel.stdout.flush()
            if at_terminal and channel.on_terminal:
                return typed(prompt)
            line = b"" if lines is None else lines.readline()
            if not line:
                raise EOFError
            return line.decode("utf-8", "replace").rstrip("\r\n")

        yield Asking(ask, channel.show, explain)


def ask_about(channel: Channel, worked: "Worked", show: "Show") -> None:
    """Ask about one exercise: all of it, or the cell that --at names."""
    with asking_on(channel, from_pipe=False) as asking:
        with contextlib.suppress(EOFError):
            asking.question(_question(worked, show))
        channel.show(asking.score.blocks())


def _question(worked: "Worked", show: "Show") -> "Question":
    """Return the question about an exercise, or about the cell of it that --at names."""
    from convcalc.quiz.question import about

    question = about(worked, show, None if show.at is None else lambda _: _number_at(worked, show))
    if show.at is not None and question.at is None:
        raise UsageError("--at names no single cell here", hint="leave it out, to be asked for the whole")
    return question


def _number_at(worked: "Worked", show: "Show") -> int:
    from convcalc.report.selection import Chosen, number, select

    assert worked.steps is not None
    steps = worked.steps(show)
    (first, *_) = select(steps.shape, show, one_row=steps.one_row)
    assert isinstance(first, Chosen)
    return number(first.at, steps.shape) - 1


def check(channel: Channel, worked: "Worked", show: "Show") -> bool:
    """Mark an answer that was written down, to all of it or the cell of --at; return whether it is right."""
    from convcalc.engine.grids import as_grid
    from convcalc.quiz.marking import mark

    answer = as_grid(worked.answer())
    given = channel.read_answer(show.check, "--check").cells
    at = None if show.at is None else _question(worked, show).at
    if given.ndim > 4:
        raise InputError("an answer has at most 4 dimensions", hint="write it as the command would")
    marks = mark(given, answer, worked.mistakes() if worked.mistakes else (), at)
    channel.show(marks.blocks())
    return marks.right
