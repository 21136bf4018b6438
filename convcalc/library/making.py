"""Sizes, questions, worksheets and scripts, from Python."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

from convcalc.choices import Convention, PaddingRule
from convcalc.engine.exact import Array
from convcalc.engine.geometry import Axis, padding_amounts
from convcalc.engine.settings import Pair, choose, whole_numbers
from convcalc.errors import UsageError
from convcalc.library.calls import understands
from convcalc.library.grids import taken
from convcalc.library.pieces import Marks, Page, page_of
from convcalc.library.saving import save_document
from convcalc.library.shown import Shown, equations
from convcalc.library.words import padding_as_ours, refuses, refuses_in_python, work_in_python
from convcalc.library.worked_grid import Grid
from convcalc.practice.exercises import TOPICS, level_of, topic_of
from convcalc.practice.marking import mark
from convcalc.practice.question import Question
from convcalc.practice.recipe import Recipe
from convcalc.report.document import Calculation, Document, Text
from convcalc.report.selection import Show
from convcalc.report.size import Sized, worked_size
from convcalc.sample_files import expanded
from convcalc.session.session import LineResult


class Size(Shown):
    """An output's size, worked by (N + 2P − F)/S + 1: `output` is a number, or (rows, columns)."""

    def __init__(self, sized: Sized) -> None:
        self._sized = sized
        outputs = sized.outputs()
        self.output: int | tuple[int, ...] = outputs[0] if len(outputs) == 1 else tuple(outputs)

    def __index__(self) -> int:
        if isinstance(self.output, int):
            return self.output
        raise TypeError(f"a size of rows and columns is no one number: {self.output}")

    __int__ = __index__

    def __iter__(self) -> Iterator[int]:
        return iter((self.output,) if isinstance(self.output, int) else self.output)

    def __add__(self, other: Any) -> int:
        return int(self) + int(other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> int:
        return int(self) - int(other)

    def __mul__(self, other: Any) -> int:
        return int(self) * int(other)

    __rmul__ = __mul__

    def __format__(self, how: str) -> str:
        return format(int(self), how) if how else repr(self)

    def __eq__(self, other: object) -> bool:
        return self.output == (other.output if isinstance(other, Size) else other)

    def __hash__(self) -> int:
        return hash(self.output)

    def _calculation(self) -> Calculation:
        return worked_size([self._sized], None, None)

    def _work(self) -> Document:
        return work_in_python(self._calculation().work)

    def _repr_latex_(self) -> str | None:
        return equations(list(self._work()))

    @refuses_in_python
    def save(self, path: str | Path) -> None:
        """Write the work to a file, as its suffix says."""
        save_document(self._work(), path)


@understands
def size(
    n: Pair,
    f: Pair,
    *,
    stride: Pair = 1,
    padding: Any = 0,
    dilation: Pair = 1,
    ceil: bool = False,
    convention: str | None = None,
) -> Size:
    """Work the output-size formula, (N + 2P − F)/S + 1, and say what does not fit and what would.

    `n` and `f` are the input's and the kernel's size, a number or (rows, columns), as `stride` and `dilation` are;
    `padding` also "same", "valid", "full". The result is an int where one is wanted, and its `output` the size.
    `convention` ("torch", "tf", "onnx", "textbook") refuses what that one refuses. Raises InputError where nothing
    fits.

    >>> size(7, 3, stride=2).output, size((32, 28), 5, padding=2, stride=2).output
    (3, (16, 14))
    """
    amounts = padding_as_ours(padding)
    rule = choose(PaddingRule, amounts) if isinstance(amounts, str) else None
    pairs = [
        whole_numbers(value, name) for value, name in ((n, "n"), (f, "f"), (stride, "stride"), (dilation, "dilation"))
    ]
    sides = None if rule is not None else whole_numbers(amounts, "padding")
    count = max(len(pair) for pair in pairs)
    if sides is not None and len(sides) > 1:
        count = 2
    if any(len(pair) > 2 for pair in pairs):
        raise UsageError("a size is one number, or rows and columns", hint="as in size((32, 28), 5)")
    axes = []
    for index in range(count):
        length, kernel, step, spread = (pair[index % len(pair)] for pair in pairs)
        before, after = padding_amounts(rule or sides or (0,), index, length, kernel, max(step, 1), spread)
        axes.append(Axis(length, kernel, step, before, after, spread, ceil))
    keeps = rule is not None and rule.keeps_size
    return Size(Sized(tuple(axes), keeps, None if convention is None else choose(Convention, convention)))


MOST_EXERCISES = 200


class Quiz(Shown):
    """Questions, one after the other: it shows the one there is now; `check` marks an answer to it, `next` goes on."""

    def __init__(self, topics: list[str], level: int, seed: int) -> None:
        from convcalc.practice.asking import Quiz as Drawing

        self._drawing = Drawing(topics, Random(seed), level)
        self.asked, self.right = 0, 0
        """How many questions there were, and how many were right at the first try."""
        self._question: Question = self._drawing.draw()
        self._tried, self._hinted = False, 0

    @property
    def question(self) -> Question:
        """The question there is now."""
        return self._question

    @property
    def answer(self) -> Any:
        """What is asked for: a number, or a grid."""
        answer, at = self._question.answer, self._question.at
        return answer.item() if answer.size == 1 else answer if at is None else answer[at].item()

    @refuses_in_python
    def check(self, answer: Any) -> Marks:
        """Mark an answer to the question there is now: a number, a grid, or a text as it would be typed."""
        question = self._question
        given = answer if isinstance(answer, list | tuple | str) or hasattr(answer, "__array__") else [answer]
        marks = mark(taken(given, "answer", as_written=True), question.answer, question.mistakes(), question.at)
        if not self._tried:
            self.asked += 1
            self.right += marks.right
            self._drawing.learn(right=marks.right, first=marks.right and not self._hinted)
        self._tried = True
        return Marks(marks)

    def hint(self) -> str:
        """Return the next term of the working."""
        hints = self._question.hints()
        self._hinted += 1
        return hints[self._hinted - 1] if self._hinted <= len(hints) else "There are no more hints."

    def solution(self) -> "Paper":
        """Return the whole working."""
        return Paper(lambda: self._question.working())

    def next(self) -> "Quiz":
        """Go on to the next question, whose level follows the answers."""
        self._question, self._tried, self._hinted = self._drawing.draw(), False, 0
        return self

    def _work(self) -> Document:
        yield from self._question.blocks()
        yield Text(f"({self._question.shape})")


class Paper(Shown):
    """Something written: it shows itself, and is saved as a page, LaTeX, Markdown, SVG or text."""

    def __init__(self, document: Callable[[], Document]) -> None:
        self._document = document

    def _work(self) -> Document:
        return work_in_python(self._document())

    def page(self) -> Page:
        """Return it as a page, inline in a notebook."""
        return page_of(self._work())

    @refuses_in_python
    def save(self, path: str | Path) -> None:
        """Write it to a file, as its suffix says."""
        save_document(self._work(), path)


class Worksheet(Paper):
    """A sheet of exercises, with its `key` and its `questions`."""

    def __init__(self, title: str, questions: list[Question], recipe: Recipe, *, self_marking: bool) -> None:
        from convcalc.practice import worksheet as sheets

        super().__init__(lambda: sheets.sheet(title, questions, recipe, marks_itself=self_marking))
        self.questions = questions
        self.key = Paper(lambda: sheets.key(title, questions, recipe))
        """The working and the answers, a paper of its own."""


def _topics(topic: str | None) -> list[str]:
    return list(TOPICS) if topic is None else [topic_of(topic)]


@refuses_in_python
def quiz(topic: str | None = None, *, level: int = 1, seed: int | None = None) -> Quiz:
    """Ask questions: the result shows one; ``check(answer)`` marks it; ``hint()``, ``solution()``, ``next()``.

    `topic` is "conv", "pool", "size" … (None: all in turn), `level` 1 to 5, `seed` asks the same again. Raises
    UsageError for another topic.

    >>> q = quiz("size", seed=7)
    >>> bool(q.check(q.answer))
    True
    """
    import random

    if level not in range(1, 6):
        raise UsageError(f"there is no level {level}", hint="1 to 5")
    return Quiz(_topics(topic), level, random.randrange(10**6) if seed is None else seed)


@refuses_in_python
def worksheet(
    topic: str | None = None,
    *,
    count: int = 6,
    level: str | int = "easy",
    seed: int = 0,
    title: str = "Worksheet",
    self_marking: bool = False,
) -> Worksheet:
    """Make a worksheet: exercises with small numbers, room for the answers, and a key with the working.

    `level` is "easy", "medium", "hard" or 1 to 5; the same `seed` makes the same sheet. ``save("sheet.tex")`` writes
    it, ``key.save("key.tex")`` its key; `self_marking` lets a page of it mark what is typed. Raises UsageError for
    another topic or level.

    >>> len(worksheet("conv", seed=7).questions)
    6
    """
    from convcalc.practice import worksheet as sheets

    if count not in range(1, MOST_EXERCISES + 1):
        raise UsageError(f"there are no {count} exercises", hint=f"1 to {MOST_EXERCISES}")
    recipe = Recipe(None if topic is None else _topics(topic)[0], count, str(level), seed)
    questions = sheets.draw(_topics(topic), count, level_of(str(level)), seed)
    return Worksheet(title, questions, sheets.made_by(recipe, questions), self_marking=self_marking)


def _worked_script(made: Any, show: Show) -> Calculation:
    from convcalc.report.script import worked_script

    return worked_script(*made)


def _worked_back(made: Any, show: Show) -> Calculation:
    from convcalc.session.backward import backward

    session, gradient, wrt = made
    return backward(session, gradient, wrt, show)


class Script(Grid):
    """What a script came to: its last grid, every line's work, and the grids that have `names`."""

    def __init__(self, entries: Any, session: Any) -> None:
        self._session = session
        """What runs the lines."""
        self.names: Mapping[str, Array] = session.names
        super().__init__((entries, session.current), _worked_script)

    def _brief(self) -> Document:
        return self._work()

    @refuses_in_python
    def backward(self, wrt: str | None = None, *, gradient: Any = None) -> Grid:
        """Return the gradient of the input, or of the grid called `wrt`, each line's working with it.

        It begins at the last single number, or at the last grid, given its `gradient`. Raises UsageError where there is
        none.

        >>> run("conv k -i x", x=[1, 2], k=[3, 4]).backward("k").tolist()
        [1, 2]
        """
        from convcalc.matrix_io.plain import inline

        text = None if gradient is None else inline(taken([gradient] if isinstance(gradient, int) else gradient))
        return Grid((self._session, text, wrt), _worked_back)


def _kept(entry: LineResult) -> LineResult:
    """Return what a line came to, its work kept, so that it can be shown again."""
    worked = entry.worked and entry.worked._replace(work=list(entry.worked.work))
    return entry._replace(worked=worked, documents=tuple(map(list, entry.documents)))


@refuses
def run(script: str | Path, **grids: Any) -> Script:
    r"""Run a script: a command a line, in the words of the shell, the grid carried from line to line.

    `script` is its text, or a path of a .convcalc file. `grids` are grids that its lines can name. The result is the
    last grid, and shows every line's work. Raises ConvcalcError naming the line that cannot be done.

    >>> run("input x\nconv edge\nrelu", x=[[3, 0, 1], [1, 5, 8], [2, 7, 2]]).tolist()
    [[0]]
    """
    import sys

    import typer

    from convcalc.cli.app import app
    from convcalc.cli.run import read_script, session_on
    from convcalc.cli.surroundings import Surroundings
    from convcalc.session.script import parse

    here = Surroundings(None, sys.stdout)
    if not isinstance(script, str | Path):
        raise TypeError(f"a script is its text or a path, not a {type(script).__name__}")
    script = expanded(script) if isinstance(script, str) and "\n" not in script else script
    is_file = isinstance(script, Path) or ("\n" not in script and script.endswith(".convcalc"))
    source = str(script) if is_file else "script"
    texts = read_script(here, str(script)) if is_file else str(script).splitlines()
    session, _ = session_on(typer.Context(typer.main.get_command(app)), here, source)
    for name, grid in grids.items():
        session.give(name, taken(grid, name))
    entries = [_kept(session.execute(line)) for line in parse(texts, source)]
    if session.current is None:
        raise UsageError("the script ends with no grid", hint="input GRID makes one the current grid")
    return Script(entries, session)


@refuses_in_python
def read_grid(source: str | Path) -> Array:
    """Return the numbers of a file of any kind that the command line reads, or of a grid that is written out in a text.

    Integers, Fractions and decimals are kept as they are. Raises InputError with the place of the first fault.

    >>> read_grid("1 2; 3 4").tolist()
    [[1, 2], [3, 4]]
    """
    return taken(source)
