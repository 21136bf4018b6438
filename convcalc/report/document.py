"""A Document: what is to be shown, in the field's terms, with nothing said of colours, widths or files.

A document is an iterable of blocks, made as they are asked for, so that a thousand steps take no memory.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from convcalc.engine.naming import Naming


class Role(Enum):
    """What a piece of text is; a renderer decides what that looks like."""

    PLAIN = auto()
    QUIET = auto()
    TITLE = auto()
    WINDOW = auto()
    WINDOW_PADDING = auto()
    PADDING = auto()
    PENDING = auto()
    RESULT = auto()


class Shade(NamedTuple):
    """A cell shaded by its value: `level` is 0 (the grid's lowest) to 1; `zero` is where 0 lies on that scale.

    Of a picture's cell `colour` is its red, green and blue, and `level` how bright that is.
    """

    level: float
    zero: float
    colour: tuple[int, int, int] | None = None


class Halves(NamedTuple):
    """Two shaded cells, one above the other, drawn as one sign."""

    above: Shade
    below: Shade


Span = tuple[str, Role | Shade | Halves]
Line = list[Span]


BLANK = "____"
"""A place to write a number on."""


class Heading(NamedTuple):
    """What an operation is, and the formula of its size: one line if there is room, else two or more."""

    text: str
    formulas: tuple[str, ...] = ()


class Subheading(NamedTuple):
    """The line that opens a step, or a part of a report."""

    text: str
    detail: str = ""


class Text(NamedTuple):
    """A paragraph, wrapped between words."""

    text: str
    role: Role = Role.PLAIN


class Sum(NamedTuple):
    """An expression and what it comes to; it wraps between its terms only. `label` stands in front."""

    terms: tuple[str, ...]
    joiner: str
    outcome: str
    label: str = ""
    opening: str = ""
    closing: str = ""
    final: bool = True
    """Whether the outcome is the value of the output cell, rather than a part of it."""


@dataclass(eq=False, repr=False)
class Body:
    """A grid of cell texts: `text(row, column)` gives one; `padding` is (top, bottom, left, right).

    Renderers keep what they have drawn of a body, so the same object should serve all the steps.
    """

    title: str
    rows: int
    columns: int
    text: Callable[[int, int], str]
    width: int
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    shade: Callable[[int, int], Shade] | None = None
    """How a cell is shaded by its value, if it is to be."""
    shading: Callable[[], Callable[[int, int], Shade]] | None = None
    """How cells would be shaded, where a grid is so large that it is drawn as a picture."""
    scale: tuple[str, ...] = ()
    """What the darkest shade, the middle one (if that is 0) and the lightest stand for."""
    tight: bool = False
    """Whether cells may touch, as each is set apart by a sign or by space of its own."""
    value: Callable[[int, int], str] | None = None
    """A cell's value with every digit, where its text may be rounded."""
    pictured: bool = False
    """Whether only its shades are drawn, a sign for two cells, and none of its numbers."""
    measured: bool = True
    """Whether no cell is wider than `width`; of a very large grid, not every cell was looked at."""

    def is_padding(self, row: int, column: int) -> bool:
        """Whether a cell lies in the padding."""
        top, bottom, left, right = self.padding
        return not (top <= row < self.rows - bottom and left <= column < self.columns - right)


class Matrix(NamedTuple):
    """A body with marks on it: a window, the cell being made, and how many cells are made already."""

    body: Body
    window: tuple[Sequence[int], Sequence[int]] | None = None
    current: tuple[int, int] | None = None
    made: int | None = None
    """Cells made so far, row by row; the rest are still open. None: all."""
    writes: bool = False
    """Whether the window is what is being made, rather than what is read."""
    derived: bool = False
    """Whether its cells are worked, rather than given: they are hidden where the answers are."""


class Picture(NamedTuple):
    """Matrices side by side with signs between; further lines stand below; `result` stands right of them all."""

    lines: tuple[tuple[Matrix | str, ...], ...]
    result: Matrix | None = None


class Drawing(NamedTuple):
    """Lines that are drawn as they stand, each piece with its role; short enough for any screen."""

    lines: tuple[tuple[Span, ...], ...]


class Table(NamedTuple):
    """A table of texts; numbers stand right, words left: `left` names the columns of words."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: frozenset[int] = frozenset()
    spare: tuple[int, ...] = ()
    """Columns to be left out where there is no room for all, the first of them first."""
    given: int = 0
    """How many of its columns are given; the others are worked."""


class Sheet(NamedTuple):
    """A table as data, for a spreadsheet or another program: names and values, and what the whole comes to."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | int | None, ...], ...]
    totals: tuple[tuple[str, str | int | None], ...] = ()
    names: frozenset[str] = frozenset()
    """Columns whose numbers count nothing, such as years: their digits are not grouped."""


class Grids(NamedTuple):
    """Grids side by side, as many as there is room for on a line; those with shades are also drawn shaded."""

    matrices: tuple[Matrix, ...]


class Blanks(NamedTuple):
    """Room for the answer to an exercise: a number, or so many maps of rows and columns; None: whatever it takes."""

    number: int
    """The exercise's."""
    shape: tuple[int, int, int] | None = (1, 1, 1)
    is_field: bool = False
    """Whether it is a field of squares, to be filled as far as needed, as the size is part of the answer."""
    note: str = ""
    """What is to be known of an answer that has no room of its own, such as its shape."""
    marking: Callable[[], Mapping[str, Any]] | None = None
    """The answer, and the mistakes that are foreseen, for a sheet that marks itself."""

    @property
    def titles(self) -> list[str]:
        """The title of each map."""
        maps = 1 if self.shape is None else self.shape[0]
        size = "in as many squares as are needed" if self.is_field else ""
        return [", ".join(filter(None, (f"map {n}" if maps > 1 else "answer", size))) for n in range(maps)]

    def drawn(self) -> "list[Block]":
        """Return it as lines to write on, or as grids of them, for what knows no better."""
        if self.shape in (None, (1, 1, 1)):
            return [Text(""), Text(f"answer: {BLANK * 4}{f' ({self.note})' if self.note else ''}")]
        _, rows, columns = self.shape
        bodies = [Body(title, rows, columns, lambda _row, _column: BLANK, len(BLANK)) for title in self.titles]
        return [Text(""), Grids(tuple(Matrix(body) for body in bodies))]


class Answer(NamedTuple):
    """The answer, drawn. Where it `follows` as plain rows, as in a pipe, it is left out."""

    grids: Grids
    follows: bool = True


@dataclass(eq=False, repr=False)
class Stepped:
    """The steps of the work: `shown` gives the blocks of those that are written out, `chosen` their numbers from 0.

    What flows down a screen or a sheet shows `shown`; what can step through the work asks for all the `steps`.
    """

    shown: "Callable[[], Document]"
    chosen: Callable[[], Iterable[int]]
    steps: "Callable[[], Steps]"


Block = Heading | Subheading | Text | Sum | Picture | Drawing | Grids | Table | Blanks | Answer | Stepped
Document = Iterable[Block]


def flowing(document: Document) -> Iterator[Block]:
    """Yield a document's blocks with its steps written out where they stand."""
    for block in document:
        if isinstance(block, Stepped):
            yield from block.shown()
        else:
            yield block


def with_answers_drawn(document: Document) -> Iterator[Block]:
    """Yield a document's blocks, its answer drawn in every case: what follows as rows is another's."""
    return (block._replace(follows=False) if isinstance(block, Answer) else block for block in document)


class Steps(NamedTuple):
    """Steps that can be asked for in any order, by their number from 0: what each shows, and its name.

    `shape` is (items, maps, rows, columns), the order in which they are numbered.
    """

    heading: Heading
    shape: tuple[int, int, int, int]
    naming: "Naming"
    blocks: Callable[[int], list[Block]]
    name: Callable[[int], str]
    by_columns: bool = False
    """Whether a window's terms are written down its columns."""
    live: "Callable[[], Mapping[str, Any] | None]" = lambda: None
    """What a page needs to work it anew with other settings, if it can."""
    inner: "Callable[[int, Any], Steps | None] | None" = None
    """The steps of which one step is made, shown as a `Show` says, if there are any to go down into."""


class Calculation(NamedTuple):
    """What a calculating command came to: the work to show, and the answer, made when it is asked for.

    The answer is a grid: an array, or (where numpy is not needed) rows of integers.
    """

    work: Document
    answer: Callable[[], Any]
    write: Callable[[Any], str] | None = None
    """How the answer's cells are written, if not with every digit."""
    steps: Callable[[Any], Steps] | None = None
    """The steps, shown as a `Show` says, if there are any to be walked through."""
    given: Callable[[], Document] | None = None
    """What is given, when the answer is asked for."""
    mistakes: Callable[[], Iterable[Any]] | None = None
    """The mistakes that may be made, each with its reason and the answer it leads to."""
    result: Any = None
    """What the engine made, if it can go backward."""
    named: "Mapping[str, Any] | None" = None
    """Grids that are the answer together, by name, where one number stands for them."""
