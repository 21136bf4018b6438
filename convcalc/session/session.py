"""A session: the current grid, the grids that have names, and what each line does to them.

Every line that changes something leaves a new state behind, so that it can be undone; one that fails leaves none.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from convcalc.engine.exact import Array
from convcalc.engine.naming import shape_text
from convcalc.engine.node import Node
from convcalc.errors import ConvcalcError, InputError, UsageError
from convcalc.matrix_io.files import file_of
from convcalc.matrix_io.text import parse_text
from convcalc.report.document import Calculation, Document
from convcalc.report.grid import worked_grid
from convcalc.report.script import script_document
from convcalc.report.selection import Show
from convcalc.session.script import INPUT, Kind, Line, parse, placed, without_comment

_WALK = re.compile(r"\s+--walk\b")
LOOK_UPS = frozenset({"size", "kernels", "lecture", "quiz", "model", "zoo", "worksheet"})
"""Commands whose answers are not carried on: they tell something, and change no grid."""


class LineResult(NamedTuple):
    """What a line came to: its text, and the work it showed (or why it shows none)."""

    text: str
    number: int
    is_comment: bool = False
    worked: Calculation | None = None
    documents: tuple[Document, ...] = ()
    remark: str = ""
    carried: bool = False
    """Whether its answer became the current grid."""


@dataclass(eq=False, repr=False)
class CommandResult:
    """What a command left behind: the work it emitted, what it showed besides, and whether it was to be quiet."""

    worked: Calculation | None = None
    documents: list[Document] = field(default_factory=list)
    quiet: bool = False
    reads: Mapping[str, Array] = field(default_factory=dict)
    """The grids that it read, by what they are: input, kernel, weights."""
    walkable: Calculation | None = None
    """A report whose steps can be walked through."""


class State(NamedTuple):
    """What a session carries from line to line, and the lines that made it."""

    current: Array | None = None
    names: Mapping[str, Array] = MappingProxyType({})
    lines: tuple[str, ...] = ()
    nodes: tuple[Node, ...] = ()
    """What each line read and made."""


class Verb(NamedTuple):
    """One of the session's own words: how it is used, what it does, and the function that does it."""

    usage: str
    summary: str
    run: "Callable[[Session, Line], LineResult]"


class Host(NamedTuple):
    """What a session is handed: how to run a command's words, read a grid by a word, and write files and help."""

    run: Callable[[Sequence[str]], CommandResult]
    read: Callable[[str], Array]
    read_lines: Callable[[str], Sequence[str]]
    write_lines: Callable[[str, Sequence[str]], None]
    show_help: Callable[[str], None]
    walk: Callable[[Calculation], None]
    instead: Callable[[str, Sequence[str]], str | None]
    """What was likely meant by a word that is no command, and none of the session's own."""
    commands: Mapping[str, str]
    """Every command, and what it does in a line."""
    topics: Callable[[], Mapping[str, str]]
    """What else there is help on, and the heading of each."""
    reserved: Callable[[str], bool]
    """Whether a word means something already, so that no grid may be called by it."""
    verbs: Mapping[str, Verb]
    """The words that are no commands of the shell."""


class Session:
    """Carries a grid from line to line. `source` is the script's name; without one, errors name no line."""

    def __init__(self, host: Host, source: str | None = None) -> None:
        self.host = host
        self.source = source
        self.states = [State()]
        self.place = 0
        self.done: list[str] = []
        self.left = False
        self.last: Calculation | None = None
        """The work that was shown last, to be walked through."""

    @property
    def state(self) -> State:
        """The state there is now."""
        return self.states[self.place]

    @property
    def current(self) -> Array | None:
        """The current grid."""
        return self.state.current

    @property
    def names(self) -> Mapping[str, Array]:
        """The grids that have names."""
        return self.state.names

    def execute(self, line: Line) -> LineResult:
        """Run one line and return what it came to; raise ConvcalcError where it cannot be done, nothing changed."""
        try:
            entry = self._execute(line)
        except ConvcalcError as error:
            if self.source is None:
                raise
            raise placed(error, self.source, line) from error
        if line.kind is not Kind.COMMENT:
            self.done.append(line.whole)
        return entry

    def _execute(self, line: Line) -> LineResult:
        if line.kind is Kind.COMMENT:
            return LineResult(line.text, line.number, is_comment=True)
        if line.name is not None:
            self._check_name(line.name)
        if line.kind is Kind.GRID:
            return self._take(line, self._written(line))
        verb = line.words[0]
        if verb == INPUT:
            if len(line.words) != 2:
                raise UsageError("input takes one grid", hint='as in: input grid.txt, or input "1 2; 3 4"')
            return self._take(line, self.grid(line.words[1]))
        if line.name is not None and len(line.words) == 1 and (verb in self.names or verb not in self.host.commands):
            return self._take(line, self.grid(verb))
        if verb in self.host.verbs and line.name is None:
            return self.host.verbs[verb].run(self, line)
        return self._command(line)

    def _written(self, line: Line) -> Array:
        """Return a grid that is written out in the line, or under it; a file's name is one where no numbers are."""
        word = without_comment(line.rows[0]).strip() if len(line.rows) == 1 else ""
        if word.startswith("["):
            return self.host.read(word)
        beside = None if self.source in (None, "stdin") else Path(str(self.source)).parent
        is_file = bool(word) and file_of(word, beside) is not None
        try:
            cells = parse_text([*[""] * (line.first - 1), *line.rows], self.source or "grid").cells
            return self.host.read(word) if is_file else cells
        except InputError as error:
            if is_file:
                return self.host.read(word)
            if word:
                raise
            hint = f"{error.hint}; an empty line ends a grid" if error.hint else "an empty line ends a grid"
            raise InputError(error.message, hint=hint, place=error.place) from None

    def advance(
        self, line: Line, current: Array | None, names: Mapping[str, Array] | None = None, node: Node | None = None
    ) -> None:
        """Go on to a new state, made by a line."""
        text = _WALK.sub("", line.whole)  # a script that is saved walks nowhere
        nodes = self.state.nodes if node is None else (*self.state.nodes, node)
        self.push(State(current, self.names if names is None else names, (*self.state.lines, text), nodes))

    def give(self, name: str, grid: Array) -> None:
        """Keep a grid that a program has, under a name."""
        if not name.isidentifier():
            raise UsageError(f"'{name}' is no name of a grid", hint="letters and digits")
        self._check_name(name)
        node = Node(0, name, None, {}, grid)
        self.push(State(self.current, {**self.names, name: grid}, self.state.lines, (*self.state.nodes, node)))

    def push(self, state: State) -> None:
        """Make a state the one there is now; what was undone is forgotten."""
        self.states[self.place + 1 :] = [state]
        self.place += 1

    def _check_name(self, name: str) -> None:
        if self.host.reserved(name):
            raise UsageError(
                f"'{name}' is the name of a command or a kernel", hint=f"call the grid something else, as in my_{name}"
            )

    def begins(self, text: str) -> bool:
        """Whether a line begins with a word that does something, so that it is no row of a grid."""
        word = text.split()[0]
        return word in (INPUT, *self.host.commands, *self.host.verbs) or text.split()[1:2] == ["="]

    def grid(self, word: str) -> Array:
        """Return a grid by its name, or read it."""
        return self.names[word] if word in self.names else self.host.read(word)

    def number_of(self, line: Line) -> int:
        """Return a line's number in its script; of one that was typed, that in the history."""
        return line.number if self.source is not None else len(self.done) + 1

    def _take(self, line: Line, grid: Array) -> LineResult:
        """Make a grid the current one, or only keep it under its name."""
        node = Node(self.number_of(line), line.text, None, {}, grid)
        if line.name is not None:
            self.advance(line, self.current, {**self.names, line.name: grid}, node)
            return LineResult(line.text, line.number, remark=f"kept as {line.name}, {shape_text(grid.shape)}")
        self.advance(line, grid, node=node)
        return LineResult(line.text, line.number, worked=worked_grid(grid, Show()), carried=True)

    def _command(self, line: Line) -> LineResult:
        verb = line.words[0]
        if {"--help", "-h"} & set(line.words) and verb in self.host.commands:
            return self.help(line, verb)
        if verb == "run":
            return self._run(line)
        if verb not in self.host.commands:
            raise UsageError(f"there is no command '{verb}'", hint=self._instead(verb))
        ran = self.host.run(line.words)
        answer = None if ran.worked is None else ran.worked.answer()
        grid = answer if not isinstance(answer, list) else None
        if line.name is not None and grid is None:
            raise UsageError(f"{verb} gives no grid to keep", hint="keep the answer of a calculating command")
        carried = verb not in LOOK_UPS and grid is not None
        if grid is not None and (carried or line.name is not None):
            names = self.names if line.name is None else {**self.names, line.name: grid}
            result = None if ran.worked is None else ran.worked.result
            only_shown = any(grid is read for read in ran.reads.values())
            node = None if only_shown else Node(self.number_of(line), line.text, result, ran.reads, grid)
            self.advance(line, grid if carried else self.current, names, node)
        remark = f"kept as {line.name}" if line.name else ""
        self.last = ran.worked or ran.walkable or self.last
        if ran.quiet:
            return LineResult(line.text, line.number, remark=remark or "done quietly")
        documents = tuple(ran.documents)
        return LineResult(
            line.text, line.number, worked=ran.worked, documents=documents, remark=remark, carried=carried
        )

    def help(self, line: Line, about: str) -> LineResult:
        """Show a command's help, or a topic's; raise UsageError in a script, whose output is work."""
        if self.source is not None:
            raise UsageError("help is not for scripts", hint=f"convcalc help {about}, in a shell, shows it")
        self.host.show_help(about)
        return LineResult(line.text, line.number)

    def _run(self, line: Line) -> LineResult:
        """Run a script's lines as if they had been typed: all of them, or if one fails none."""
        if self.source is not None:
            raise UsageError("a script cannot run another", hint="run them one after the other, in a pipe")
        if len(line.words) != 2:
            raise UsageError("run takes one script", hint="as in: run network.convcalc")
        source = line.words[1]
        place, states, done_before = self.place, list(self.states), list(self.done)
        self.source = source
        entries = []
        try:
            for inner in parse(self.host.read_lines(source), source):
                entries.append(self.execute(inner))
                if self.left:
                    break
        except BaseException:
            self.place, self.states, self.done = place, states, done_before
            raise
        finally:
            self.source, self.left = None, False  # quit ends the script, and not the session
        return LineResult(line.text, line.number, documents=(script_document(entries),))

    def _instead(self, word: str) -> str:
        suggestion = "help" if word in ("?", "-h", "--help") else self.host.instead(word, [*self.host.verbs, INPUT])
        return f"did you mean {suggestion}?" if suggestion else "help lists the commands"
