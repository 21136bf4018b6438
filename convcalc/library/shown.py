"""What shows itself: as text, as static HTML in a notebook, and in the formats that a command writes."""

import itertools
import re
import sys
from collections.abc import Iterator

from convcalc.engine.exact import Array
from convcalc.formats import Format
from convcalc.report.document import (
    Answer,
    Block,
    Calculation,
    Document,
    Grids,
    Heading,
    Matrix,
    Picture,
    Role,
    Sum,
    Text,
)
from convcalc.report.grids import grids_of
from convcalc.report.numbers import Writer

MOST_MAPS, MOST_LARGE_MAPS = 6, 2
"""Maps that are shown of an answer, and of a large one; a document has them all."""
CUT = re.compile(r"cut to fit: .*")
"""What a terminal says of a grid that is too wide, and how its options show all of it."""
TALL = 16
"""Rows of a grid above which it is cut down to be shown."""


class Shown:
    """Something with work to show: ``repr`` is text, a notebook draws it, and it is written in any drawn format."""

    def _work(self) -> Document:
        """Return all of the work."""
        raise NotImplementedError

    def _brief(self) -> Document:
        """Return what is shown where it stands at the end of a cell."""
        return self._work()

    def __repr__(self) -> str:
        from convcalc.cli.messages import glyphs_for, pipe_width
        from convcalc.render.plain import render

        lines = render(self._brief(), pipe_width(), glyphs_for(sys.stdout, False), answers=True)
        return "\n".join(CUT.sub("cut to fit", line) for line in lines).strip("\n")

    def _repr_html_(self) -> str:
        from convcalc.render.inline import static

        return static(self._brief())

    def to_markdown(self) -> str:
        """Return the work as Markdown."""
        return self._drawn(Format.MARKDOWN)

    def to_latex(self, *, fragment: bool = True) -> str:
        r"""Return the work as LaTeX: a fragment (whose first line says what it needs), or a whole document.

        >>> import convcalc
        >>> print(convcalc.convolve([1, 2, 4], [-1, 1]).step(1).to_latex().splitlines()[-1][:40])
        \convcalcsum{}{{2\times (-1)} + {4\times
        """
        return self._drawn(Format.LATEX, fragment=fragment)

    def to_svg(self) -> str:
        """Return the work as a picture, SVG."""
        return self._drawn(Format.SVG)

    def to_html(self) -> str:
        """Return the work as a page of its own, which can be stepped through, loads nothing, and needs nothing."""
        return self._drawn(Format.HTML)

    def _drawn(self, style: Format, **wishes: bool) -> str:
        from convcalc.cli.formats import document_lines

        return "\n".join(document_lines(self._work(), style, **wishes)) + "\n"


def shown_grids(*rows: list[Matrix]) -> list[Block]:
    """Return grids side by side, those of a row cut down where they are tall or many."""
    shown = [matrix for row in rows for matrix in row[:MOST_MAPS]]
    left = sum(len(row[MOST_MAPS:]) for row in rows)
    tall = any(matrix.body.rows > TALL for matrix in shown)
    blocks: list[Block] = [Picture(((matrix,),)) for matrix in shown] if tall else [Grids(tuple(shown))]
    return blocks if not left else [*blocks, Text(f"… and {left} more", Role.QUIET)]


LARGE = 1 << 13
"""Cells above which an answer is shown alone, and only its first maps."""


def summary(worked: Calculation, output: Array, cells_read: int = 0) -> Iterator[Block]:
    """Yield what is shown of a calculation where it stands: its heading, what is given, and the answer beside it."""
    if output.size + cells_read > LARGE:
        yield from itertools.islice((block for block in worked.work if isinstance(block, Heading)), 1)
        planes = output.reshape(-1, *output.shape[-2:]) if output.ndim > 2 else output
        first = planes[:MOST_LARGE_MAPS] if output.ndim > 2 else output
        yield from shown_grids(list(grids_of(first, "output", Writer()).matrices))
        if len(planes) > len(first):
            yield Text(f"… and {len(planes) - len(first):,} more maps", Role.QUIET)
        return
    rest = [block for block in worked.work if isinstance(block, Heading | Answer)]
    yield from (block for block in rest[:1] if isinstance(block, Heading))
    given = [] if worked.given is None else [block for block in worked.given() if isinstance(block, Grids)]
    answers = [block.grids for block in rest if isinstance(block, Answer)]
    last = answers[-1] if answers else grids_of(output, "output", Writer())
    yield from shown_grids([matrix for block in given for matrix in block.matrices], list(last.matrices))


def equations(blocks: list[Block]) -> str | None:
    """Return the sums among some blocks as mathematics, one a line; None if there are none."""
    from convcalc.render.latex import equation

    lines = [equation(block) for block in blocks if isinstance(block, Sum)]
    return "\n".join(f"$$ {line} $$" for line in lines) if lines else None
