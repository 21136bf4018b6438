"""``convcalc quiz``."""

import random
from typing import Annotated

import typer

from convcalc.cli.asking import asking_on
from convcalc.cli.completion import quiz_topics
from convcalc.cli.showing import draw
from convcalc.cli.surroundings import surroundings_of
from convcalc.practice.exercises import TOPICS, topic_of

MOST_QUESTIONS = 1000


def quiz(
    ctx: typer.Context,
    topic: Annotated[
        str | None,
        typer.Argument(
            metavar="[TOPIC]",
            help=f"What to ask about: {', '.join(TOPICS)}. Default: all in turn.",
            autocompletion=quiz_topics,
        ),
    ] = None,
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=MOST_QUESTIONS, help="How many questions.")] = 10,
    level: Annotated[int, typer.Option("--level", min=1, max=5, help="The level to begin with; it follows you.")] = 1,
    seed: Annotated[int | None, typer.Option("--seed", help="Ask the same questions again.")] = None,
) -> None:
    """Ask questions, mark the answers cell by cell, and name the likely mistake.

    An answer is a number, or rows of numbers; two decimals are enough.
    Say hint for the next term, show for the working, skip, or quit.

    Examples:
      convcalc quiz

      convcalc quiz conv --level 3 --seed 7

    """
    from convcalc.practice.asking import Quiz
    from convcalc.report.document import Role, Text

    here = surroundings_of(ctx).for_talk()
    topics = list(TOPICS) if topic is None else [topic_of(topic)]
    seed = random.randrange(10**6) if seed is None else seed
    with asking_on(here, from_pipe=True) as asking:
        asking.run(Quiz(topics, random.Random(seed), level), count)
    again = f"convcalc quiz{f' {topics[0]}' if topic else ''} --level {level} --count {count} --seed {seed}"
    draw(here, [Text(f"{again} asks the same again.", Role.QUIET)])
