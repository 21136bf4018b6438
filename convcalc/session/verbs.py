"""The words of a session that are no commands of the shell: editing, undoing, looking back, saving, leaving."""

import re

from convcalc.engine.exact import Array
from convcalc.engine.grids import as_grid
from convcalc.engine.naming import shape_text
from convcalc.engine.node import Node
from convcalc.errors import InputError, Place, UsageError
from convcalc.matrix_io.text import parse_number
from convcalc.report.document import Block, Heading, Role, Table, Text
from convcalc.report.grid import worked_grid
from convcalc.report.selection import Show
from convcalc.session.script import Line
from convcalc.session.session import LineResult, Session, State, Verb

_SET = re.compile(r"set\s+(\d+(?:\s*,\s*\d+)*)\s*=\s*(\S+)\s*(?:#.*)?")


def _alone(line: Line) -> None:
    if len(line.words) > 1:
        raise UsageError(f"{line.words[0]} takes nothing behind it", hint=f"write {line.words[0]} alone")


def _shown(line: Line, grid: Array | None, remark: str) -> LineResult:
    """Return an entry that shows the grid there is now."""
    calculation = None if grid is None else worked_grid(grid, Show())
    return LineResult(line.text, line.number, worked=calculation, remark=remark)


def _set(session: Session, line: Line) -> LineResult:
    match = _SET.fullmatch(line.text)
    if match is None:
        raise UsageError("set changes one cell", hint="as in: set 2,3 = 9 (rows and columns count from 0)")
    grid = session.current
    if grid is None:
        raise UsageError("there is no current grid", hint="begin with a line such as: input grid.txt")
    at = tuple(int(index) for index in match[1].split(","))
    shape = grid.shape[-len(at) :] if len(at) < grid.ndim and set(grid.shape[: -len(at)]) == {1} else grid.shape
    if len(at) != len(shape) or any(index >= length for index, length in zip(at, shape, strict=True)):
        last = ",".join(str(length - 1) for length in shape)
        raise InputError(f"the grid has no cell {match[1]}", hint=f"cells count from 0: the last is {last}")
    cells = grid.astype(object)
    cells[(0,) * (grid.ndim - len(at)) + at] = parse_number(match[2], Place("set"))
    edited = as_grid(cells)
    session.advance(line, edited, node=Node(session.number_of(line), line.text, None, {}, edited))
    return _shown(line, edited, "")


def _undo(session: Session, line: Line) -> LineResult:
    _alone(line)
    if session.place == 0:
        raise UsageError("there is nothing to undo", hint="history lists what was done")
    undone = session.state.lines[-1] if session.state.lines else "reset"
    session.place -= 1
    return _shown(line, session.current, f"undone: {undone.splitlines()[0]}")


def _redo(session: Session, line: Line) -> LineResult:
    _alone(line)
    if session.place == len(session.states) - 1:
        raise UsageError("there is nothing to redo", hint="redo takes an undo back")
    session.place += 1
    redone = session.state.lines[-1] if session.state.lines else "reset"
    return _shown(line, session.current, f"done again: {redone.splitlines()[0]}")


def _history(session: Session, line: Line) -> LineResult:
    _alone(line)
    rows = tuple((str(number), text.splitlines()[0]) for number, text in enumerate(session.done, 1))
    blocks: list[Block] = [Table(("", "line"), rows, frozenset({1}))] if rows else [Text("Nothing was done yet.")]
    return LineResult(line.text, line.number, documents=(blocks,))


def _names(session: Session, line: Line) -> LineResult:
    _alone(line)
    rows = tuple((name, shape_text(grid.shape)) for name, grid in session.names.items())
    none = "No grid has a name. Give one as in: k = 1 0; 0 -1"
    blocks: list[Block] = [Table(("name", "shape"), rows, frozenset({0, 1}))] if rows else [Text(none)]
    return LineResult(line.text, line.number, documents=(blocks,))


def _save(session: Session, line: Line) -> LineResult:
    words = line.words[1:]
    if words[-1:] == ("-",):
        raise UsageError("save needs a file, not standard output", hint="as in: save map.npy")
    if len(words) == 2 and words[0] == "script":
        session.host.write_lines(words[1], session.state.lines)
        count = len(session.state.lines)
        return LineResult(line.text, line.number, remark=f"wrote {count} line{'s' * (count != 1)} to {words[1]}")
    if len(words) != 1:
        raise UsageError("save takes a file", hint="as in: save map.npy, or for the lines: save script work.convcalc")
    if session.current is None:
        raise UsageError("there is no current grid to save", hint="begin with a line such as: input grid.txt")
    session.host.run(("show", "-q", "-o", words[0]))
    return LineResult(line.text, line.number)


def _walk(session: Session, line: Line) -> LineResult:
    _alone(line)
    if session.source is not None:
        raise UsageError("a script does not walk", hint="leave walk out")
    if session.last is None or session.last.steps is None:
        raise UsageError("there are no steps to walk through", hint="work something first, as in: conv edge")
    session.host.walk(session.last)
    return LineResult(line.text, line.number)


def _backward(session: Session, line: Line) -> LineResult:
    if len(line.words) > 2:
        raise UsageError("backward takes the gradient of the current grid, or nothing", hint="as in: backward 1")
    from convcalc.session.backward import backward

    calculation = backward(session, line.words[1] if len(line.words) == 2 else None, None, Show())
    session.last = calculation
    return LineResult(line.text, line.number, worked=calculation)


def _descend(session: Session, line: Line) -> LineResult:
    words = line.words[1:]
    if not 1 <= len(words) <= 2 or (len(words) == 2 and not words[1].isdecimal()):
        raise UsageError("descend takes a rate, and how many steps", hint="as in: descend 0.5, or descend 0.5 100")
    from convcalc.session.descent import Descent, take_steps

    rate = parse_number(words[0], Place("rate"))
    asked = Descent(rate, int(words[1]) if len(words) == 2 else 1)
    return LineResult(line.text, line.number, worked=take_steps(session, asked, line.whole))


def _reset(session: Session, line: Line) -> LineResult:
    _alone(line)
    session.push(State())
    return LineResult(line.text, line.number, remark="begun anew; undo takes it back")


def _quit(session: Session, line: Line) -> LineResult:
    _alone(line)
    session.left = True
    return LineResult(line.text, line.number)


def _help(session: Session, line: Line) -> LineResult:
    host = session.host
    if len(line.words) == 2 and (line.words[1] in host.commands or line.words[1] in host.topics()):
        return session.help(line, line.words[1])
    if len(line.words) == 2 and line.words[1] in VERBS:
        verb = VERBS[line.words[1]]
        return LineResult(line.text, line.number, documents=([Text(f"{verb.usage}: {verb.summary}")],))
    if len(line.words) > 1 and line.words[1] != "input":
        raise UsageError(f"there is no help on '{' '.join(line.words[1:])}'", hint="help, alone, lists the commands")
    verbs = tuple((verb.usage, verb.summary) for verb in VERBS.values())
    blocks: list[Block] = [
        Heading("Lines are commands in the words of the shell; those without --input take the current grid."),
        Text(""),
        Table(("line", "what it does"), (*GRIDS, *verbs), frozenset({0, 1})),
        Text(""),
        Table(("command", "what it does"), tuple(host.commands.items()), frozenset({0, 1})),
        Text(""),
        Table(("topic", "what it tells of"), tuple(host.topics().items()), frozenset({0, 1})),
        Text(""),
        Text("help COMMAND shows its options and examples, help TOPIC what it tells of.", Role.QUIET),
    ]
    return LineResult(line.text, line.number, documents=(blocks,))


GRIDS = (
    ("input GRID", "make a grid the current one: a file, a name, or written out"),
    ("1 2 3", "a grid, typed or pasted row by row; an empty line ends it"),
    ("name = GRID", "keep a grid, to be used wherever one can be named"),
    ("name = COMMAND …", "run a command, and keep its answer as well"),
)
"""The lines that bring grids."""

VERBS: dict[str, Verb] = {
    "set": Verb("set ROW,COL = NUMBER", "change a cell of the current grid", _set),
    "undo": Verb("undo", "take the last change back", _undo),
    "redo": Verb("redo", "take an undo back", _redo),
    "history": Verb("history", "list the lines that were done", _history),
    "names": Verb("names", "list the grids that have names", _names),
    "save": Verb("save FILE | save script FILE", "write the current grid, or the lines that made it", _save),
    "walk": Verb("walk", "step through the last work with the keys", _walk),
    "backward": Verb("backward [GRAD]", "go back from the current grid to the gradients of all grids", _backward),
    "descend": Verb("descend RATE [N]", "take steps of gradient descent with all named grids", _descend),
    "reset": Verb("reset", "forget every grid", _reset),
    "help": Verb("help [COMMAND|TOPIC]", "list the commands and topics, or show one", _help),
    "quit": Verb("quit", "leave; so does Ctrl-D", _quit),
    "exit": Verb("exit", "leave", _quit),
}
"""Every word of the session's own."""
