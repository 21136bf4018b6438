"""A session: the current grid, the grids that have names, and what each line came to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from convcalc.engine.exact import Array
from convcalc.errors import ConvcalcError, UsageError, nearest
from convcalc.matrix_io.text import parse_text
from convcalc.report.document import Document, Worked
from convcalc.report.grid import worked_grid
from convcalc.report.numbers import shape_text
from convcalc.report.selection import Show
from convcalc.session.script import Kind, Line, placed

LOOK_UPS = frozenset({"size", "kernels", "lecture"})
"""Commands whose answers are not carried on: they tell something, and change no grid."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a line came to: its text, and the work it showed (or why it shows none)."""

    text: str
    number: int
    is_comment: bool = False
    worked: Worked | None = None
    documents: tuple[Document, ...] = ()
    remark: str = ""


@dataclass
class Ran:
    """What a command left behind: the work it emitted, what it showed besides, and whether it was to be quiet."""

    worked: Worked | None = None
    documents: list[Document] = field(default_factory=list)
    quiet: bool = False


@dataclass
class Session:
    """Carries a grid from line to line. `run` runs the words of one command; `read` reads a grid by a word for it."""

    source: str
    run: Callable[[Sequence[str]], Ran]
    read: Callable[[str], Array]
    commands: frozenset[str]
    reserved: Callable[[str], bool]
    """Whether a word means something already, so that no grid may be called by it."""
    current: Array | None = None
    names: dict[str, Array] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)

    def execute(self, line: Line) -> None:
        """Run one line; raise ConvcalcError, at the script's line, where it cannot be done. Then nothing changes."""
        try:
            self._execute(line)
        except ConvcalcError as error:
            raise placed(error, self.source, line) from error

    def _execute(self, line: Line) -> None:
        if line.kind is Kind.COMMENT:
            self.entries.append(Entry(line.text, line.number, is_comment=True))
            return
        if line.name is not None:
            self._check_name(line.name)
        if line.kind is Kind.GRID:
            grid = parse_text([*[""] * (line.first - 1), *line.rows], self.source).cells
            self._take(line, grid)
        elif line.is_input:
            if len(line.words) != 2:
                raise UsageError("input takes one grid", hint='as in: input grid.txt, or input "1 2; 3 4"')
            self._take(line, self._grid(line.words[1]))
        elif line.name is not None and line.words[0] not in self.commands and len(line.words) == 1:
            self._take(line, self._grid(line.words[0]))
        else:
            self._command(line)

    def _check_name(self, name: str) -> None:
        if self.reserved(name):
            raise UsageError(
                f"'{name}' is the name of a command or a kernel", hint=f"call the grid something else, as in my_{name}"
            )

    def _grid(self, word: str) -> Array:
        return self.names[word] if word in self.names else self.read(word)

    def _take(self, line: Line, grid: Array) -> None:
        """Make a grid the current one, or only keep it under its name."""
        if line.name is not None:
            self.names[line.name] = grid
            self.entries.append(Entry(line.text, line.number, remark=f"kept as {line.name}, {shape_text(grid.shape)}"))
            return
        self.current = grid
        self.entries.append(Entry(line.text, line.number, worked=worked_grid(grid, Show())))

    def _command(self, line: Line) -> None:
        verb = line.words[0]
        if {"--help", "-h"} & set(line.words):
            raise UsageError("help is not for scripts", hint=f"convcalc {verb} --help, in a shell, shows it")
        if verb == "run":
            raise UsageError("a script cannot run another", hint="run them one after the other, in a pipe")
        if verb not in self.commands:
            close = nearest(verb, sorted([*self.commands, "input"]))
            raise UsageError(
                f"there is no command '{verb}'",
                hint=f"did you mean {' or '.join(close)}?" if close else "convcalc --help lists them",
            )
        ran = self.run(line.words)
        answer = None if ran.worked is None else ran.worked.answer()
        grid = answer if not isinstance(answer, list) else None
        if line.name is not None:
            if grid is None:
                raise UsageError(f"{verb} gives no grid to keep", hint="keep the answer of a calculating command")
            self.names[line.name] = grid
        if verb not in LOOK_UPS and grid is not None:
            self.current = grid
        remark = f"kept as {line.name}" if line.name else ""
        if ran.quiet:
            self.entries.append(Entry(line.text, line.number, remark=remark or "done quietly"))
        else:
            self.entries.append(
                Entry(line.text, line.number, worked=ran.worked, documents=tuple(ran.documents), remark=remark)
            )
