"""A document as one self-contained page: nothing is loaded from anywhere, and its steps can be stepped through.

The page's own script draws the steps from data; every text is put in as text, never as markup, and the page's policy
lets no other script run.
"""

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any, NamedTuple
from urllib.parse import quote

from convcalc.render import svg
from convcalc.render.blocks import Renderer
from convcalc.render.colours import DARK, LIGHT, Palette
from convcalc.render.html import Html, differing, formulas, shade_style
from convcalc.report.document import (
    Block,
    Body,
    Document,
    Drawing,
    Grids,
    Heading,
    Matrix,
    Picture,
    Role,
    Stepped,
    Steps,
    Subheading,
    Sum,
    Table,
    Text,
)

SCRIPTS = ("marking.js", "live.js", "grids.js", "stepper.js", "page.js", "sheet.js", "frame.js")
MOST_STEPS = 4096
MOST_BODY_CELLS = 1 << 14
"""Steps, and cells of a grid, that a page can hold; of more, those chosen are written out instead."""
PICTURE_COLUMNS, PICTURE_ROWS = 16, 8
"""From how many columns and rows on a grid is drawn as a picture, with the window enlarged beside it."""
PROBED = 8
LEAST_TOLD_ANEW = 32
"""Cells from which on a grid that changes from step to step is told by what is changed."""
MOST_DATA = 1 << 22
"""Terms and cells of all the steps together, judged by the first few."""


def render(
    document: Document, beside: Sequence[tuple[str, str]] = (), *, compact: bool = False, hidden: bool = False
) -> Iterator[str]:
    """Yield the lines of a page. The first heading is its title; `beside` names other pages, and their files.

    `compact` is to go into a frame of another page, and `hidden` opens with the answers hidden.
    """
    blocks = iter(document)
    first = next(blocks, Heading("convcalc"))
    title = first.text if isinstance(first, Heading | Text | Subheading) else "convcalc"
    page = _Page()
    yield from opening(title, compact=compact, hidden=hidden)
    if isinstance(first, Heading):
        yield f"<h1>{escape(first.text)}</h1>"
        yield from formulas(first)
    elif isinstance(first, Text | Subheading):
        yield f"<h1>{escape(title)}</h1>"
    else:
        yield f"<h1>{escape(title)}</h1>"
        yield from page.block(first)
    yield from page.document(blocks)
    if beside:
        links = " · ".join(f'<a href="{quote(name)}">{escape(text)}</a>' for text, name in beside)
        yield f"<nav>{links}</nav>"
    yield "</main>"
    yield f"<script>{script()}</script>"
    yield "</html>"


class Cover(NamedTuple):
    """What leads to a page: its file's name, its title, what it shows in words, and a picture of it."""

    name: str
    title: str
    about: str
    picture: Sequence[Block]


def index(title: str, covers: Iterable[Cover]) -> Iterator[str]:
    """Yield the lines of a page that leads to others, each with its picture."""
    yield from opening(title, images=True)
    yield f'<h1>{escape(title)}</h1><ul class="covers">'
    for name, text, about, blocks in covers:
        drawn = base64.b64encode("".join(svg.render(blocks)).encode()).decode()
        picture = f'<span class="cover"><img alt="" src="data:image/svg+xml;base64,{drawn}"></span>'
        yield f'<li><a href="{quote(name)}">{picture}{escape(text)}</a><p>{escape(about)}</p></li>'
    yield "</ul></main>"
    yield f"<script>{script()}</script>"
    yield "</html>"


def opening(
    title: str,
    code: str | None = None,
    more_style: str = "",
    *,
    compact: bool = False,
    hidden: bool = False,
    images: bool = False,
) -> Iterator[str]:
    """Yield a page's head, and the beginning of its body; `code` is the one script that it may run.

    `images` says that it holds pictures, in itself.
    """
    digest = base64.b64encode(hashlib.sha256((code or script()).encode()).digest()).decode()
    yield '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'{'; img-src data:' * images}"
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f'<meta name="generator" content="convcalc"><title>{escape(title)}</title>'
    yield f"<style>{style()}{more_style}</style></head>"
    attributes = ' class="compact"' * compact + " data-hidden" * hidden
    yield f"<body{attributes}><main><header></header>"
    yield "<noscript><p>Without JavaScript the steps cannot be stepped through.</p></noscript>"


@cache
def script() -> str:
    """Return the page's script: its files, as one function whose names are nobody else's."""
    return "\n".join(["(() => {", *map(resource, SCRIPTS), "})();"])


def resource(name: str) -> str:
    """Return the text of a file beside this one, which may lie in a zip."""
    return files("convcalc.render").joinpath(name).read_text(encoding="utf-8")


@cache
def style() -> str:
    """Return the page's style, in the colours of both palettes."""
    text = resource("page.css")
    light = _variables(LIGHT, reader="#b3246b", right="#b6e8c0", wrong="#ffc9c4", accent="#1f6fb2", fault="#a3140a")
    dark = _variables(DARK, reader="#ff8ac2", right="#6fcf86", wrong="#f0938a", accent="#6db9ee", fault="#ff9d94")
    return text.replace("LIGHT", light).replace("DARK", dark)


def _variables(palette: Palette, **more: str) -> str:
    variables = {**palette._asdict(), **more}
    return "".join(f"--{name.replace('_', '-')}: {colour}; " for name, colour in variables.items())


class _Page(Html):
    """A page's elements; steps, if it can hold them, are data that its script draws."""

    def stepped(self, block: Stepped) -> Iterator[str]:
        """Yield the steps as data, and where they are drawn; or those that are chosen, written out."""
        steps = block.steps()
        data = _data(steps, next(iter(block.chosen()), 0)) if _count(steps) <= MOST_STEPS else None
        if data is None:
            yield from super().stepped(block)
            return
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
        name = f"steps-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        yield f'<script type="application/json" id="{name}">{text}</script>'
        yield f'<div class="stepper" data-steps="{name}"></div>'


class _StepData(Renderer[list[Any]]):
    """A step's blocks as the script reads them."""

    def __init__(self, shared: dict[int, tuple[int, Body]]) -> None:
        self.shared = shared
        self.latest: dict[tuple[str, int, int], tuple[int, list[str]]] = {}
        """Of the grids that change from step to step, each one's number, and its cells as they were told last."""

    def picture(self, block: Picture) -> Iterator[list[Any]]:
        """Yield the lines of matrices and signs, and the result."""
        result = None if block.result is None else self.matrix(block.result)
        yield ["p", [[self.part(part) for part in line] for line in block.lines], result]

    def sum(self, block: Sum) -> Iterator[list[Any]]:
        """Yield a sum's terms, and what it comes to."""
        sign, _, value = block.outcome.partition(" ")
        label = block.label.strip()
        yield ["s", label, block.opening, block.terms, block.joiner, block.closing, sign, value, int(block.final)]

    def table(self, block: Table) -> Iterator[list[Any]]:
        """Yield a table's columns and rows."""
        yield ["t", block.columns, sorted(block.left), block.rows, block.given]

    def drawing(self, block: Drawing) -> Iterator[list[Any]]:
        """Yield a drawing's text."""
        yield ["d", "\n".join("".join(text for text, _ in line) for line in block.lines)]

    def heading(self, block: Heading | Subheading) -> Iterator[list[Any]]:
        """Yield a heading's text."""
        yield ["h", block.text]

    subheading = heading

    def text(self, block: Text) -> Iterator[list[Any]]:
        """Yield a text, if it says anything."""
        if block.text.strip():
            yield ["x", block.text.strip(), int(block.role is Role.QUIET)]

    def grids(self, block: Grids) -> Iterator[list[Any]]:
        """Yield nothing: a step has pictures."""
        yield from ()

    def sign(self, sign: str) -> str:
        """Return a sign."""
        return sign

    def matrix(self, matrix: Matrix) -> dict[str, Any]:
        """Return a matrix: the shared body `b` or one of its own `i`, the window, the current cell, the cells made.

        `o` says that the window is written to, `d` that its cells are worked rather than given.
        """
        shared_body = self.shared.get(id(matrix.body))
        data: dict[str, Any] = self._own(matrix.body) if shared_body is None else {"b": shared_body[0]}
        if matrix.window is not None:
            data["w"] = [list(matrix.window[0]), list(matrix.window[1])]
        if matrix.current is not None:
            data["c"] = list(matrix.current)
        if matrix.made is not None:
            data["m"] = matrix.made
        if matrix.writes:
            data["o"] = 1
        if matrix.derived:
            data["d"] = 1
        return data

    def _own(self, body: Body) -> dict[str, Any]:
        """Return a grid that is one step's: whole, or as the number `k` of the one before and what is changed."""
        data = _body(body, shades=body.shade is not None)
        if len(data) > 4 or body.rows * body.columns < LEAST_TOLD_ANEW:
            return {"i": data}
        key, cells = (body.title, body.rows, body.columns), data[3]
        number, before = self.latest.get(key, (len(self.latest), None))
        self.latest[key] = number, cells
        if before is None:
            return {"k": number, "i": data}
        changed = [[index, text] for index, (text, old) in enumerate(zip(cells, before, strict=True)) if text != old]
        return {"k": number, "j": [part for pair in changed for part in pair]}


def _count(steps: Steps) -> int:
    items, maps, rows, columns = steps.shape
    return items * maps * rows * columns


def _data(steps: Steps, first: int) -> dict[str, Any] | None:
    """Return all the steps as the script reads them; None if a grid of theirs is too large."""
    count = _count(steps)
    step_blocks = [steps.blocks(index) for index in range(min(count, PROBED))]
    if not step_blocks or _own_data(step_blocks) * count > MOST_DATA * len(step_blocks):
        return None
    step_blocks += [steps.blocks(index) for index in range(len(step_blocks), count)]
    times = Counter(id(body) for blocks in step_blocks for body in {id(b): b for b in _bodies(blocks)}.values())
    shared: dict[int, tuple[int, Body]] = {}
    for blocks in step_blocks:
        for body in _bodies(blocks):
            if body.rows * body.columns > MOST_BODY_CELLS:
                return None
            if (times[id(body)] > 1 or len(step_blocks) == 1) and id(body) not in shared:
                shared[id(body)] = len(shared), body
    live = steps.live()
    told = _StepData(shared)
    return {
        **({} if live is None else {"live": live}),
        "at": min(first, len(step_blocks) - 1),
        "columns": steps.shape[3],
        "down": steps.by_columns,
        "bodies": [_body(body) for _, body in shared.values()],
        "steps": [
            {"n": steps.name(index), "b": list(told.document(blocks))} for index, blocks in enumerate(step_blocks)
        ],
    }


def _own_data(made: list[list[Block]]) -> int:
    """Return how many terms, and cells of grids that no other step shows, some steps have."""
    uses = Counter(id(body) for blocks in made for body in {id(b): b for b in _bodies(blocks)}.values())
    cells = sum(body.rows * body.columns for blocks in made for body in _bodies(blocks) if uses[id(body)] == 1)
    return cells + sum(len(block.terms) for blocks in made for block in blocks if isinstance(block, Sum))


def _bodies(blocks: list[Block]) -> Iterator[Body]:
    for block in blocks:
        if isinstance(block, Picture):
            for line in block.lines:
                yield from (part.body for part in line if isinstance(part, Matrix))
            if block.result is not None:
                yield block.result.body


def is_picture(body: Body) -> bool:
    """Whether a grid is so large that its shades are looked at, rather than its numbers; the page's script knows."""
    return body.columns >= PICTURE_COLUMNS and body.rows >= PICTURE_ROWS


def _body(body: Body, *, shades: bool = True) -> list[Any]:
    """Return a grid as the script reads it; without `shades` the script works them itself, where it needs any."""
    places = [(row, column) for row in range(body.rows) for column in range(body.columns)]
    shade = body.shade
    if shades and shade is None and body.shading is not None and is_picture(body):
        shade = body.shading()
    styles = None if shade is None else [shade_style(shade(*place)) for place in places]
    padding = list(body.padding) if any(body.padding) else 0
    texts = [body.text(*place) for place in places]
    values = [differing(body.value(*place), body.text(*place)) for place in places] if body.value else []
    data: list[Any] = [body.title, body.rows, body.columns, texts, padding, styles or 0, values if any(values) else 0]
    while not data[-1]:
        data.pop()
    return data
