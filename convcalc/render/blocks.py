"""The one walk over a Document's blocks: a format says what each kind of block looks like, and nothing else."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar, Generic, TypeVar

from convcalc.report.document import (
    Answer,
    Blanks,
    Block,
    Document,
    Drawing,
    Grids,
    Heading,
    Matrix,
    Picture,
    Stepped,
    Subheading,
    Sum,
    Table,
    Text,
)

Line = TypeVar("Line")


class Renderer(ABC, Generic[Line]):
    """What blocks look like, each as so many lines, whatever a format's lines are."""

    methods: ClassVar[dict[type, str]] = {
        Heading: "heading",
        Subheading: "subheading",
        Text: "text",
        Sum: "sum",
        Picture: "picture",
        Drawing: "drawing",
        Table: "table",
        Grids: "grids",
        Blanks: "blanks",
        Answer: "answer",
        Stepped: "stepped",
    }
    """The method for each kind of block."""

    def document(self, document: Document) -> Iterator[Line]:
        """Yield a document's lines."""
        for block in document:
            yield from self.block(block)

    def block(self, block: Block) -> Iterator[Line]:
        """Yield a block's lines."""
        lines: Iterator[Line] = getattr(self, self.methods[type(block)])(block)
        return lines

    def part(self, part: Matrix | str) -> Any:
        """Return what a picture's part looks like: a matrix, or a sign between matrices."""
        return self.sign(part) if isinstance(part, str) else self.matrix(part)

    @abstractmethod
    def heading(self, block: Heading) -> Iterator[Line]:
        """Yield what an operation is, and its formulas."""

    @abstractmethod
    def subheading(self, block: Subheading) -> Iterator[Line]:
        """Yield what opens a step."""

    @abstractmethod
    def text(self, block: Text) -> Iterator[Line]:
        """Yield a paragraph."""

    @abstractmethod
    def sum(self, block: Sum) -> Iterator[Line]:
        """Yield an expression, and what it comes to."""

    @abstractmethod
    def picture(self, block: Picture) -> Iterator[Line]:
        """Yield matrices side by side, and the result to the right of them."""

    @abstractmethod
    def drawing(self, block: Drawing) -> Iterator[Line]:
        """Yield lines that stand as they are."""

    @abstractmethod
    def table(self, block: Table) -> Iterator[Line]:
        """Yield a table of texts."""

    @abstractmethod
    def grids(self, block: Grids) -> Iterator[Line]:
        """Yield grids side by side."""

    @abstractmethod
    def matrix(self, matrix: Matrix) -> Any:
        """Return one matrix, to be set beside others."""

    @abstractmethod
    def sign(self, sign: str) -> Any:
        """Return a sign that stands between matrices."""

    def blanks(self, block: Blanks) -> Iterator[Line]:
        """Yield room for an answer: lines to write on, or grids of them."""
        return self.document(block.drawn())

    def answer(self, block: Answer) -> Iterator[Line]:
        """Yield the answer: its grids."""
        return self.grids(block.grids)

    def stepped(self, block: Stepped) -> Iterator[Line]:
        """Yield the steps that are written out."""
        return self.document(block.shown())
