"""What a result gives besides: one step, the page of them all, and an answer's marks."""

import math
from pathlib import Path
from typing import Any

from convcalc.errors import UsageError
from convcalc.library.saving import save_document
from convcalc.library.shown import Shown, equations
from convcalc.library.words import refuses_in_python
from convcalc.practice.marking import Marks as Marked
from convcalc.report.document import Document, Heading, Steps, Subheading, Sum


class Step(Shown):
    """One step: the cells that are read, what is made of them, and the cell they make."""

    def __init__(self, steps: Steps, index: int, numbers: Any, value: Any = None) -> None:
        self._steps, self._value, self.number = steps, value, index + 1
        """Its number, from 1."""
        self.numbers = numbers
        """The cells, weights and products as numbers (a tuple with names), where an operation itself is worked."""

    @property
    def name(self) -> str:
        """The cell it makes, as `output[0,0]`."""
        return self._steps.name(self.number - 1)

    @property
    def value(self) -> Any:
        """What it comes to: a number, or (of a softmax) a row of them."""
        values = getattr(self.numbers, "values", None)
        return getattr(self.numbers, "value", self._value) if values is None or callable(values) else values

    @property
    def sums(self) -> tuple[str, ...]:
        """Its sums as text, each with what it comes to."""
        sums = (block for block in self._steps.blocks(self.number - 1) if isinstance(block, Sum))
        return tuple(_written(block) for block in sums)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not hasattr(self.numbers, name):
            raise AttributeError(f"a step of this kind has no {name!r}")
        return getattr(self.numbers, name)

    def _work(self) -> Document:
        yield Heading(self._steps.heading.text.partition(" → ")[0])
        yield Subheading(f"step {self.number:,} of {math.prod(self._steps.shape):,} · {self.name}")
        yield from self._steps.blocks(self.number - 1)

    def _repr_latex_(self) -> str | None:
        return equations(self._steps.blocks(self.number - 1))

    @refuses_in_python
    def save(self, path: str | Path) -> None:
        """Write the step to a file, as its suffix says: .svg .html .md .tex .txt."""
        save_document(self._work(), path)


class Marks(Shown):
    """An answer that was marked: `right` or not, the cells that are `wrong`, and the likely `reasons`."""

    def __init__(self, marks: Marked) -> None:
        self.right, self.wrong, self.reasons = marks.right, marks.wrong, marks.reasons
        self._marks = marks

    def __bool__(self) -> bool:
        return self.right

    def _work(self) -> Document:
        return self._marks.blocks()


class Page:
    """A page to step through: a notebook shows it inline, in a frame of its own."""

    def __init__(self, html: str) -> None:
        self.html = html
        """The page, which needs nothing and loads nothing."""

    def __repr__(self) -> str:
        return f"<a page of {len(self.html) // 1000} kB: a notebook shows it, .save('page.html') keeps it>"

    def _repr_html_(self) -> str:
        from convcalc.render.inline import framed

        return framed(self.html, "convcalc")

    def save(self, path: str | Path) -> None:
        """Write the page to a file, .html; raise UsageError for another."""
        from convcalc.matrix_io.saving import write_whole

        if Path(path).suffix.lower() not in (".html", ".htm"):
            raise UsageError(f"a page is HTML, and {path} is not called so", hint="as in page.html")

        write_whole(Path(path), iter(self.html.splitlines()))


def page_of(work: Document) -> Page:
    """Return a document as a page."""
    from convcalc.render.page import render

    return Page("\n".join(render(work)))


def _written(block: Sum) -> str:
    text = f"{block.opening}{block.joiner.join(block.terms)}{block.closing} {block.outcome}".strip()
    return f"{block.label.strip()} {text}".strip()
