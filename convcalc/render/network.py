"""A network as one self-contained page: the network is the picture, and a click on any map works the cell."""

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from convcalc.render.html import Html
from convcalc.render.page import opening, resource
from convcalc.report.document import Document

NUMBERS = (
    "A click on a map works the cell; a click on a cell that it read goes one layer back. "
    "Arrow keys move, [ and ] change the map, Backspace goes back."
)
COUNTS = "A click on a layer, or the arrow keys, show how its size and its counts come about."


def render(data: Mapping[str, Any], below: Document = (), *, compact: bool = False) -> Iterator[str]:
    """Yield the lines of a page, of what `report.network_page` tells of a network; a document may follow below."""
    code = resource("network.js") + resource("frame.js")
    title = str(data["title"])
    yield from opening(title, code, resource("network.css"), compact=compact)
    yield f"<h1>{escape(title)}</h1>"
    yield from (f'<p class="quiet">{escape(note)}</p>' for note in data["notes"])
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    yield f'<script type="application/json" id="network">{text}</script>'
    yield '<div class="classes"></div>'
    yield f'<p class="quiet">{NUMBERS if data["numbers"] else COUNTS}</p>'
    yield '<div class="scroll network" tabindex="-1"><div class="layers"><svg class="joins" aria-hidden="true"></svg>'
    yield '</div></div><section class="work" aria-live="polite"></section>'
    yield from Html().document(below)
    yield "</main>"
    yield f"<script>{code}</script>"
    yield "</html>"
