"""Signs that stand for plain ones: dashes, spaces, digits as wide as Chinese signs, and what is not seen at all."""

import re

DASHES = "-‐‑–—−﹣－"
"""What stands for a minus: the keyboard's sign, and what word processors, PDFs and typesetters make of it."""
_WIDE_SPACE = r"[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\x85]"
_UNSEEN = re.compile("(?<![\\w.]){0}|{0}(?![\\w.])".format("[\u200b-\u200f\u2060\ufeff\u00ad\u202a-\u202e]"))
"""Signs that take no room, which come along with what is copied from pages; not between two digits, which may be one
number there or two."""
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
"""Letters, digits and signs as wide as Chinese ones, and the plain ones."""


def with_plain_signs(text: str) -> str:
    """Return a text with plain spaces for all others, plain digits for wide ones, and no sign that is not seen.

    >>> with_plain_signs("\uff11\u200b\u00a02")
    '1 2'
    """
    return text if text.isascii() else _UNSEEN.sub("", re.sub(_WIDE_SPACE, " ", text)).translate(_FULL_WIDTH)
