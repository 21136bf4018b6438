"""The quiz itself: one question after another, tries, hints, levels that follow the answers, and the score."""

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from random import Random

from convcalc.errors import ConvcalcError
from convcalc.matrix_io.files import ReadOptions, read_stream
from convcalc.practice.exercises import EASIEST, HARDEST, TOPICS
from convcalc.practice.marking import core, mark
from convcalc.practice.question import Question
from convcalc.report.document import Answer, Block, Heading, Role, Text

Ask = Callable[[str], str]
"""Asks for a line with a prompt; raises EOFError at the end of the input."""
ShowBlocks = Callable[[Iterable[Block]], None]

COMMANDS = "hint, show, skip or quit"
RIGHT_IN_A_ROW = 2
"""Right answers in a row, each at the first try, after which the level rises."""


@dataclass(eq=False, repr=False)
class Score:
    """How it went: questions asked, right in the end, right at the first try, and hints given."""

    asked: int = 0
    right: int = 0
    first: int = 0
    hints: int = 0

    def blocks(self) -> list[Block]:
        """Say how it went."""
        hints = f", {self.hints} hint{'s' * (self.hints != 1)}" if self.hints else ""
        tries = f" ({self.first} at the first try{hints})" if self.asked else ""
        return [Text(""), Heading(f"Score: {self.right} of {self.asked} right{tries}.")]


@dataclass(eq=False, repr=False)
class Quiz:
    """Draws questions: of the topics in turn, at a level that rises and falls with the answers."""

    topics: Sequence[str]
    rng: Random
    level: int = EASIEST
    streak: int = 0
    drawn: int = 0

    def draw(self) -> Question:
        """Return the next question."""
        topic = self.topics[self.drawn % len(self.topics)]
        self.drawn += 1
        return TOPICS[topic].ask(self.rng, self.level)

    def learn(self, *, right: bool, first: bool) -> None:
        """Let the level follow an answer."""
        self.streak = self.streak + 1 if first else 0
        if self.streak >= RIGHT_IN_A_ROW:
            self.level, self.streak = min(self.level + 1, HARDEST), 0
        elif not right:
            self.level = max(self.level - 1, EASIEST)


@dataclass(eq=False, repr=False)
class Asking:
    """Asks questions and takes answers, with whatever asks and shows."""

    ask: Ask
    show: ShowBlocks
    complain: Callable[[ConvcalcError], None]
    score: Score = field(default_factory=Score)

    def run(self, quiz: Quiz, count: int) -> Score:
        """Ask so many questions, or until the user quits or the input ends."""
        try:
            for number in range(1, count + 1):
                question = quiz.draw()
                self.show([Text(""), Heading(f"question {number} of {count} · level {quiz.level}")])
                right, first = self.question(question)
                quiz.learn(right=right, first=first)
        except EOFError:
            pass
        self.show(self.score.blocks())
        return self.score

    def question(self, question: Question) -> tuple[bool, bool]:
        """Ask one question; return whether it was answered in the end, and at once. EOFError: the user quits."""
        self.show(question.blocks())
        self.show([Text(f"({question.shape}; or {COMMANDS})", Role.QUIET)])
        hints: Sequence[str] | None = None
        hinted, tries = 0, 0
        while True:
            try:
                text = self.answer(question)
            except ConvcalcError as error:
                self.complain(error)
                continue
            word = text.strip().lower()
            if word in ("quit", "exit", "q"):
                raise EOFError
            if word == "hint":
                hints = question.hints() if hints is None else hints
                self.show([Text(f"  {hints[hinted]}" if hinted < len(hints) else "  There are no more hints.")])
                hinted += hinted < len(hints)
                continue
            if word in ("show", "skip"):
                if word == "show":
                    self.show(self.solution(question))
                self.score.asked += 1
                self.score.hints += hinted
                return False, False
            try:
                line = io.BytesIO(text.encode("utf-8", "replace"))
                attempt = read_stream(line, "answer", ReadOptions(as_written=True)).cells
            except ConvcalcError as error:
                self.complain(error)
                continue
            tries += 1
            marks = mark(attempt, question.answer, question.mistakes(), question.at)
            self.show(marks.blocks(reveal=False))
            if marks.right:
                first = tries == 1 and not hinted
                self.score.asked += 1
                self.score.right += 1
                self.score.first += first
                self.score.hints += hinted
                return True, first
            self.show([Text(f"Try again; or {COMMANDS}.", Role.QUIET)])

    def solution(self, question: Question) -> Iterable[Block]:
        """Return the whole working, the answer drawn."""
        return (block.grids if isinstance(block, Answer) else block for block in question.working())

    def answer(self, question: Question) -> str:
        """Return an answer as it is typed: one line, or the rows of a grid, up to an empty line or the last row."""
        shape = core(question.answer)
        rows = 1 if question.at is not None or len(shape) < 2 else shape[-2]
        lines = [self.ask("answer: ")]
        first = lines[0].strip()
        if first.isalpha() or ";" in first or len(shape) > 2:
            return lines[0]
        while len(lines) < rows and first:
            row = self.ask("      … ")
            if not row.strip():
                break
            lines.append(row)
        return "\n".join(lines)
