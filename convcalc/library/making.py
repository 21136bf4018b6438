"""Sizes, scripts and grids that are read, from Python."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from convcalc.choices import Convention, PaddingRule
from convcalc.engine.exact import Array
from convcalc.engine.geometry import Axis, padding_amounts
from convcalc.engine.settings import Pair, choose, whole_numbers
from convcalc.errors import UsageError
from convcalc.library.calls import understands
from convcalc.library.grids import taken
from convcalc.library.saving import save_document
from convcalc.library.shown import Shown, equations
from convcalc.library.words import padding_as_ours, refuses, refuses_in_python, work_in_python
from convcalc.library.worked_grid import Grid
from convcalc.report.document import Calculation, Document
from convcalc.report.selection import Show
from convcalc.report.size import Sized, worked_size
from convcalc.sample_files import expanded, listed
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

    def _all(self) -> tuple[int, ...]:
        return (self.output,) if isinstance(self.output, int) else self.output

    def __iter__(self) -> Iterator[int]:
        return iter(self._all())

    def __getitem__(self, index: int) -> int:
        return self._all()[index]

    def __len__(self) -> int:
        return len(self._all())

    def __add__(self, other: Any) -> int:
        return int(self) + int(other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> int:
        return int(self) - int(other)

    def __mul__(self, other: Any) -> int:
        return int(self) * int(other)

    __rmul__ = __mul__

    def __floordiv__(self, other: Any) -> int:
        return int(self) // int(other)

    def __truediv__(self, other: Any) -> float:
        return int(self) / int(other)

    def __lt__(self, other: Any) -> bool:
        return int(self) < int(other)

    def __gt__(self, other: Any) -> bool:
        return int(self) > int(other)

    def __le__(self, other: Any) -> bool:
        return int(self) <= int(other)

    def __ge__(self, other: Any) -> bool:
        return int(self) >= int(other)

    def __format__(self, how: str) -> str:
        return format(str(self.output) if how.endswith("s") else int(self), how) if how else repr(self)

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


def _worked_script(made: Any, show: Show) -> Calculation:
    from convcalc.report.script import worked_script

    lines, current = made
    last = lines[-1].worked if lines and lines[-1].carried else None
    whole = worked_script(lines, current)
    return whole if last is None else whole._replace(steps=last.steps, mistakes=last.mistakes)


def _worked_back(made: Any, show: Show) -> Calculation:
    from convcalc.session.backward import backward

    session, gradient, wrt = made
    return backward(session, gradient, wrt, show)


class Script(Grid):
    """What a script came to: its last grid with its steps, every line's work, and the grids that have `names`."""

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

        if not (wrt is None or isinstance(wrt, str)):
            raise TypeError("a gradient to begin with is named: backward(gradient=…); 'wrt' is the name of a grid")
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


class Samples(dict[str, str]):
    """The samples that come along: each name, which stands for its file after `sample:`, and what it is."""

    def __repr__(self) -> str:
        return "\n".join(f"sample:{name:24}{what}" for name, what in self.items())


def samples() -> Samples:
    """Return the samples that come along, by name: ``read_grid("sample:lecture-6x6")`` reads one.

    >>> "lecture-6x6.txt" in samples(), read_grid("sample:lecture-6x6").shape
    (True, (6, 6))
    """
    return Samples({name: what for name, what, _ in listed()})


@refuses_in_python
def read_grid(source: str | Path) -> Array:
    """Return the numbers of a file of any kind that the command line reads, or of a grid that is written out in a text.

    Integers, Fractions and decimals are kept as they are. Raises InputError with the place of the first fault.

    >>> read_grid("1 2; 3 4").tolist()
    [[1, 2], [3, 4]]
    """
    return taken(source)
