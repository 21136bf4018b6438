"""Work within another page, as a notebook shows it: static elements with a style of their own, or a page in a frame.

Nothing of it reaches what stands beside it, and nothing there changes it: every rule is about what is within, and its
colours are laid over the paper that is there, light or dark.
"""

import re
from collections.abc import Iterator
from functools import cache
from html import escape

from convcalc.render.html import Html, formulas
from convcalc.render.page import resource
from convcalc.report.document import Document, Heading, Subheading

_CLASS = re.compile(r'(?<= class=")[^"]*')
FRAME_HEIGHT = "34em"
"""Of a frame that may not tell how high its page is."""


class _Inline(Html):
    """Elements without headings, which a notebook would list among its own."""

    def heading(self, block: Heading) -> Iterator[str]:
        """Yield a heading and its formulas as paragraphs."""
        yield f'<p class="title">{escape(block.text)}</p>'
        yield from formulas(block)

    def subheading(self, block: Subheading) -> Iterator[str]:
        """Yield a smaller heading as a paragraph."""
        detail = f' <span class="quiet">{escape(block.detail.strip())}</span>' if block.detail else ""
        yield f'<p class="part">{escape(block.text)}{detail}</p>'


def static(document: Document) -> str:
    """Return a document as one element that moves nothing, and needs no script.

    >>> static([Heading("conv")]).partition("</style>")[2]
    '<p class="cc-title">conv</p></div>'
    """
    elements = "".join(_Inline().document(document))
    own = _CLASS.sub(lambda names: " ".join(f"cc-{name}" for name in names[0].split()), elements)
    return f'<div class="convcalc"><style>{_style()}</style>{own}</div>'


@cache
def _style() -> str:
    return resource("inline.css").replace("\n", "")


def framed(page: str, title: str) -> str:
    """Return a page in a frame of its own, which it makes as high as it is."""
    style = f"width:100%;height:{FRAME_HEIGHT};border:0"
    return (
        f'<iframe class="convcalc-page" title="{escape(title)}" style="{style}" '
        f'srcdoc="{escape(page)}" allow="clipboard-write" loading="eager"></iframe>'
    )
