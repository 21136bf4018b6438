"""Documents as LaTeX slides: a frame of 16:9 for each part, and the steps as overlays, each as large as fits."""

import math
from collections.abc import Iterator
from itertools import groupby

from convcalc.render.latex import MACROS, PACKAGES, Latex, escaped
from convcalc.report.document import Answer, Block, Document, Drawing, Heading, Stepped, Steps, Subheading, Sum, Text

MOST_OVERLAYS = 100
"""Steps that one slide goes through; of more, those that are chosen are shown."""
SUMS = 8
"""Sums on a slide."""
SLIDE = (
    r"\newsavebox\convcalcwide\newsavebox\convcalchigh",
    r"\newcommand\convcalcslide[1]{%",
    r"  \sbox\convcalcwide{\begin{minipage}{1.3\textwidth}\raggedright #1\end{minipage}}%",
    r"  \sbox\convcalchigh{\resizebox{\textwidth}{!}{\usebox\convcalcwide}}%",
    r"  \ifdim\dimexpr\ht\convcalchigh+\dp\convcalchigh\relax>.74\textheight",
    r"    \centerline{\resizebox*{!}{.74\textheight}{\usebox\convcalchigh}}\else\usebox\convcalchigh\fi}",
)


def render(document: Document) -> Iterator[str]:
    """Yield a document of slides that compiles as it is."""
    yield r"\documentclass[aspectratio=169]{beamer}"
    yield rf"\usepackage{{{PACKAGES}}}"
    yield r"\setbeamertemplate{navigation symbols}{}\setbeamersize{text margin left=7mm,text margin right=7mm}"
    yield from MACROS
    yield from SLIDE
    yield r"\begin{document}"
    title = ""
    before: list[Block] = []
    for kind, some in groupby(document, type):
        blocks = list(some)
        if kind is Sum:
            yield from _slide(title, [*before, *blocks])
            before = []
            continue
        for block in blocks:
            if isinstance(block, Heading):
                title, before = block.text, [Text(formula) for formula in block.formulas]
            elif isinstance(block, Text | Subheading):
                before = [*before, block] if block.text.strip() else before
            elif isinstance(block, Stepped):
                yield from _steps(title, block)
                before = []
            elif not isinstance(block, Answer):
                yield from _slide(title, [*before, block])
                before = []
    yield r"\end{document}"


def _steps(title: str, block: Stepped) -> Iterator[str]:
    steps = block.steps()
    few = math.prod(steps.shape) <= MOST_OVERLAYS
    return _overlays(title, steps) if few else _parts(title, list(block.shown()))


def _overlays(title: str, steps: Steps) -> Iterator[str]:
    """Yield one slide, which shows a step after the other."""
    yield rf"\begin{{frame}}{{\normalsize {escaped(title)}}}"
    count = math.prod(steps.shape)
    for index in range(count):
        name = Subheading(f"step {index + 1} of {count} · {steps.name(index)}")
        yield rf"\only<{index + 1}>{{\convcalcslide{{%"
        yield from _inside([name, *steps.blocks(index)])
        yield "}}"
    yield r"\end{frame}"


def _parts(title: str, blocks: list[Block]) -> Iterator[str]:
    """Yield a slide for each step that is written out."""
    starts = [at for at, block in enumerate(blocks) if isinstance(block, Subheading)] or [0]
    for start, end in zip(starts, [*starts[1:], len(blocks)], strict=True):
        yield from _slide(title, blocks[start:end])


def _slide(title: str, blocks: list[Block]) -> Iterator[str]:
    """Yield a slide of blocks; of many sums, as many as it takes."""
    sums = [block for block in blocks if isinstance(block, Sum)]
    if len(sums) > SUMS:
        others = [block for block in blocks if not isinstance(block, Sum)]
        for start in range(0, len(sums), SUMS):
            yield from _slide(title, [*others, *sums[start : start + SUMS]])
        return
    is_drawn = any(isinstance(block, Drawing) for block in blocks)  # verbatim text stands in no box
    yield rf"\begin{{frame}}{'[fragile]' * is_drawn}{{\normalsize {escaped(title)}}}"
    if is_drawn:
        yield from _inside(blocks)
    else:
        yield r"\convcalcslide{%"
        yield from _inside(blocks)
        yield "}"
    yield r"\end{frame}"


class _Inside(Latex):
    """Blocks inside a slide."""

    def subheading(self, block: Subheading) -> Iterator[str]:
        """Yield a line in bold."""
        yield rf"\textbf{{{escaped(block.text)}}}\par"

    def drawing(self, block: Drawing) -> Iterator[str]:
        """Yield text as it stands; Beamer wants its end on a line of its own."""
        _, *lines, _ = super().drawing(block)
        yield from (r"\footnotesize", r"\begin{verbatim}", *lines, r"\end{verbatim}")


def _inside(blocks: list[Block]) -> Iterator[str]:
    return _Inside().document(blocks)
