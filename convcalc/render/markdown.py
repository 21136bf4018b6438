"""Documents as Markdown, with tables as GitHub, GitLab and the usual notebooks and wikis render them."""

import re
from collections.abc import Iterable, Iterator

from convcalc.render.blocks import Renderer
from convcalc.render.cells import cells
from convcalc.render.powers import pieces
from convcalc.report.document import (
    Block,
    Document,
    Drawing,
    Grids,
    Heading,
    Matrix,
    Picture,
    Role,
    Stepped,
    Subheading,
    Sum,
    Table,
    Text,
)

_SIGNS = re.compile(r"([\\`*_<>|~$&])|(?<=\])(?=[(\[:])")
_OPENING = re.compile(r"^(?=[#+=-])|^(\d+)(?=[.)]\s)")
MARKED = (Role.WINDOW, Role.WINDOW_PADDING, Role.RESULT)


def escaped(text: str) -> str:
    r"""Return text that means itself.

    >>> print(escaped("input 6×6 * edge_x"), escaped("[a](b)"))
    input 6×6 \* edge\_x [a]\(b)
    """
    return _SIGNS.sub(lambda found: "\\" + (found[1] or ""), text)


def raised(text: str) -> str:
    r"""Return escaped text, its powers raised, as GitHub and notebooks show them.

    >>> print(raised("e^-5 * 2"))
    e<sup>-5</sup> \* 2
    """
    return "".join(f"<sup>{escaped(part)}</sup>" if is_power else escaped(part) for part, is_power in pieces(text))


def paragraph(text: str) -> str:
    r"""Return escaped text that begins no list and no heading, as a line of its own.

    >>> print(paragraph("- 1"), paragraph("2. x"))
    \- 1 2\. x
    """
    return _OPENING.sub(lambda found: (found[1] or "") + "\\", text)


def piped(texts: Iterable[str]) -> str:
    """Return a row of a table, its cells escaped already."""
    return f"| {' | '.join(texts)} |"


def sum_text(block: Sum) -> str:
    """Return an expression, the value of the output cell in bold."""
    sign, _, value = block.outcome.partition(" ")
    expression = f"{block.label.strip()} {block.opening}{block.joiner.join(block.terms)}{block.closing} ".lstrip()
    if not block.final or not value:
        return raised(f"{expression}{block.outcome}".rstrip())
    return f"{raised(expression)}{escaped(sign)} **{raised(value)}**"


def _marked(text: str, role: Role) -> str:
    if role in MARKED:
        return f"**`{text}`**" if text else ""  # a cell's text is a number: nothing to escape
    return f"*{escaped(text)}*" if role is Role.PADDING and text else escaped(text)


class Markdown(Renderer[str]):
    """A document's lines, its blocks separated by blank lines; of the headings the first is the title."""

    def __init__(self) -> None:
        self.level = "#"
        self.is_first = True

    def block(self, block: Block) -> Iterator[str]:
        """Yield a block's lines, a blank one before them."""
        if isinstance(block, Stepped):
            yield from self.stepped(block)
            return
        for number, line in enumerate(super().block(block)):
            if number == 0 and not self.is_first:
                yield ""
            self.is_first = False
            yield line

    def heading(self, block: Heading) -> Iterator[str]:
        """Yield a title, or what stands under one."""
        text = [f"{self.level} {escaped(block.text)}", *(raised(formula) for formula in block.formulas)]
        self.level = "##"
        yield from "\n\n".join(text).split("\n")

    def subheading(self, block: Subheading) -> Iterator[str]:
        """Yield a heading of the third level."""
        yield f"### {escaped(block.text)}"
        if block.detail:
            yield from ("", escaped(block.detail.strip()))

    def text(self, block: Text) -> Iterator[str]:
        """Yield a paragraph, its lines broken where they are."""
        parts = [paragraph(raised(line.strip())) for line in block.text.split("\n") if line.strip()]
        yield from (f"{part}\\" for part in parts[:-1])
        yield from parts[-1:]

    def sum(self, block: Sum) -> Iterator[str]:
        """Yield an expression as a paragraph."""
        yield paragraph(sum_text(block))

    def drawing(self, block: Drawing) -> Iterator[str]:
        """Yield a fenced block."""
        lines = ["".join(text for text, _ in line) for line in block.lines]
        fence = max((run for line in lines for run in re.findall("`+", line)), key=len, default="``") + "`"
        yield from (f"{fence}text", *lines, fence)

    def table(self, block: Table) -> Iterator[str]:
        """Yield a table."""
        yield piped(map(raised, block.columns))
        yield piped([":---" if index in block.left else "---:" for index in range(len(block.columns))])
        yield from (piped(map(raised, row)) for row in block.rows)

    def picture(self, block: Picture) -> Iterator[str]:
        """Yield each line of matrices as a table."""
        for index, line in enumerate(block.lines):
            if index:
                yield ""
            parts = [*line]
            if block.result is not None and len(block.lines) == 1:
                parts += [block.result] if isinstance(line[-1], str) else ["→", block.result]
            yield from self._row(parts)
        if block.result is not None and len(block.lines) > 1:
            yield ""
            yield from self._row([block.result])

    def grids(self, block: Grids) -> Iterator[str]:
        """Yield each grid as a table."""
        for index, matrix in enumerate(block.matrices):
            if index:
                yield ""
            yield from self._row([matrix])

    def _row(self, parts: Iterable[Matrix | str]) -> Iterator[str]:
        """Set matrices in one table: their titles above it, an empty head, signs and spaces in columns of their own."""
        titles, blocks = zip(*map(self.part, parts), strict=True)
        yield " ".join(titles)
        yield ""
        height = max(map(len, blocks))
        lines: list[list[str]] = [[] for _ in range(height)]
        for block in blocks:
            start = (height - len(block)) // 2
            for number, line in enumerate(lines):
                line += block[number - start] if 0 <= number - start < len(block) else [""] * len(block[0])
        yield piped([""] * len(lines[0]))
        yield piped([":---:"] * len(lines[0]))
        yield from (piped(line) for line in lines)

    def matrix(self, matrix: Matrix) -> tuple[str, list[list[str]]]:
        """Return a matrix's title and the texts of its cells."""
        rows = [[_marked(cell.text, cell.role) for cell in row] for row in cells(matrix)]
        return f"**{escaped(matrix.body.title)}**", rows

    def sign(self, sign: str) -> tuple[str, list[list[str]]]:
        """Return a sign, which is its own title, in a column of its own."""
        return escaped(sign), [[escaped(sign)]]


def render(document: Document) -> Iterator[str]:
    """Yield a document's lines."""
    return Markdown().document(document)
