"""Documents as Markdown, with tables as GitHub, GitLab and the usual notebooks and wikis render them."""

import re
from collections.abc import Iterable, Iterator

from convcalc.render.cells import cells
from convcalc.report.document import (
    Answer,
    Block,
    Document,
    Drawing,
    Grids,
    Heading,
    Matrix,
    Picture,
    Role,
    Subheading,
    Sum,
    Table,
    Text,
    flowing,
)

_SIGNS = re.compile(r"([\\`*_<>|~$&])|(?<=\])(?=[(\[:])")
_OPENING = re.compile(r"^(?=[#+=-])|^(\d+)(?=[.)]\s)")
MARKED = (Role.WINDOW, Role.WINDOW_PADDING, Role.RESULT)


def render(document: Document) -> Iterator[str]:
    """Yield a document's lines, its blocks parted by blank lines; of the headings the first is the title."""
    level, first = "#", True
    for block in flowing(document):
        if isinstance(block, Heading):
            text = [f"{level} {escaped(block.text)}", *(escaped(formula) for formula in block.formulas)]
            lines: Iterable[str] = "\n\n".join(text).split("\n")
            level = "##"
        else:
            lines = _block(block)
        started = False
        for line in lines:
            if not started and not first:
                yield ""
            started, first = True, False
            yield line


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Subheading):
        yield f"### {escaped(block.text)}"
        if block.detail:
            yield from ("", escaped(block.detail.strip()))
    elif isinstance(block, Text):
        parts = [paragraph(escaped(line.strip())) for line in block.text.split("\n") if line.strip()]
        yield from (f"{part}\\" for part in parts[:-1])
        yield from parts[-1:]
    elif isinstance(block, Sum):
        yield paragraph(sum_text(block))
    elif isinstance(block, Picture):
        yield from _picture(block)
    elif isinstance(block, Drawing):
        lines = ["".join(text for text, _ in line) for line in block.lines]
        fence = max((run for line in lines for run in re.findall("`+", line)), key=len, default="``") + "`"
        yield from (f"{fence}text", *lines, fence)
    elif isinstance(block, Table):
        yield piped(map(escaped, block.columns))
        yield piped([":---" if index in block.left else "---:" for index in range(len(block.columns))])
        yield from (piped(map(escaped, row)) for row in block.rows)
    elif isinstance(block, Grids | Answer):
        yield from _grids(block.grids if isinstance(block, Answer) else block)


def escaped(text: str) -> str:
    r"""Return text that means itself.

    >>> print(escaped("input 6×6 * edge_x"), escaped("[a](b)"))
    input 6×6 \* edge\_x [a]\(b)
    """
    return _SIGNS.sub(lambda found: "\\" + (found[1] or ""), text)


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
    said = f"{block.label.strip()} {block.opening}{block.joiner.join(block.terms)}{block.closing} ".lstrip()
    if not block.final or not value:
        return escaped(f"{said}{block.outcome}".rstrip())
    return f"{escaped(said)}{escaped(sign)} **{escaped(value)}**"


def _picture(block: Picture) -> Iterator[str]:
    for index, line in enumerate(block.lines):
        if index:
            yield ""
        parts = [*line]
        if block.result is not None and len(block.lines) == 1:
            parts += [block.result] if isinstance(line[-1], str) else ["→", block.result]
        yield from _row(parts)
    if block.result is not None and len(block.lines) > 1:
        yield ""
        yield from _row([block.result])


def _grids(block: Grids) -> Iterator[str]:
    for index, matrix in enumerate(block.matrices):
        if index:
            yield ""
        yield from _row([matrix])


def _row(parts: Iterable[Matrix | str]) -> Iterator[str]:
    """Set matrices in one table: their titles above it, an empty head, signs and spaces in columns of their own."""
    parts = list(parts)
    titles = [f"**{escaped(part.body.title)}**" if isinstance(part, Matrix) else escaped(part) for part in parts]
    yield " ".join(titles)
    yield ""
    blocks = [[piece] if isinstance(piece, str) else list(cells(piece)) for piece in parts]
    height = max(len(block) for block in blocks)
    lines: list[list[str]] = [[] for _ in range(height)]
    for part, block in zip(parts, blocks, strict=True):
        start = (height - len(block)) // 2
        for number, line in enumerate(lines):
            inside = 0 <= number - start < len(block)
            if isinstance(part, str):
                line.append(escaped(part) if number == (height - 1) // 2 else "")
            elif inside:
                line += [_marked(cell.text, cell.role) for cell in block[number - start] if not isinstance(cell, str)]
            else:
                line += [""] * len(block[0])
    yield piped([""] * len(lines[0]))
    yield piped([":---:"] * len(lines[0]))
    yield from (piped(line) for line in lines)


def _marked(text: str, role: Role) -> str:
    if role in MARKED:
        return f"**`{text}`**" if text else ""  # a cell's text is a number: nothing to escape
    return f"*{escaped(text)}*" if role is Role.PADDING and text else escaped(text)
