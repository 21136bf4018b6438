"""The signs convcalc draws with, and plain ASCII for where they cannot be shown."""

import re
from typing import NamedTuple

_WORKED = re.compile(r"[=≈] ")
"""What is in a text that works something out, where a sign between digits multiplies."""
_PRODUCT = re.compile(r"(?<=[\w)\u0302])·(?=[\w(|])")
_TIMES = re.compile(r"×(?=[^\d\s])|(?<=[^\d\s])×")
"""A multiplication dot, which as a full stop would make 2·0 a decimal."""

_ASCII = str.maketrans(
    {
        "×": "x",
        "·": ".",
        "−": "-",
        "→": "->",
        "≈": "~=",
        "…": "...",
        "⌊": "floor(",
        "⌋": ")",
        "⌈": "ceil(",
        "⌉": ")",
        "₁": "1",
        "₂": "2",
        "°": " degrees",
        "√": "sqrt",
        "²": "^2",
        "³": "^3",
        "Σ": "sum ",
        "≤": "<=",
        "≥": ">=",
        "–": "-",
        "’": "'",
        "●": "*",
        "←": "<-",
        "↑": "up",
        "↓": "down",
        "÷": "/",
        "∞": "inf",
        "Φ": "Phi",
        "π": "pi",
        "∂": "d",
        "β": "beta",
        "γ": "gamma",
        "δ": "delta",
        "ε": "epsilon",
        "μ": "mu",
        "σ": "sigma",
        "φ": "phi",
        "\N{COMBINING CIRCUMFLEX ACCENT}": "_hat",
        "“": '"',
        "”": '"',
        "„": '"',
        "‟": '"',
        "ᵀ": "^T",
        "═": "=",
        "─": "-",
        "█": "#",
        "▏": "|",
    }
)


class Glyphs(NamedTuple):
    """One set of signs: for cells in the padding, cells still open, what is cut off, and shades of grey."""

    ascii: bool
    padding: str
    pending: str
    cut: str
    cut_rows: str
    shades: str

    def say(self, text: str) -> str:
        """Return text with only signs that can be shown.

            >>> ASCII.say("6×6 → 4×4"), UNICODE.say("6×6 → 4×4")
            ('6x6 -> 4x4', '6×6 → 4×4')
        >>> ASCII.say("pad · (6 + 2·1 − 3)/1")
        'pad | (6 + 2*1 - 3)/1'
        """
        if not self.ascii or text.isascii():
            return text
        text = text.replace("×", "*") if _WORKED.search(text) else text
        spaced = _TIMES.sub("*", _PRODUCT.sub("*", text.replace(" · ", " | ").replace("Σ ", "Σ")))
        return spaced.translate(_ASCII).encode("ascii", "replace").decode()

    def drawn(self, text: str) -> str:
        """Return a drawing's line, sign for sign as far as that can be, so that its columns stay in line.

        >>> ASCII.drawn("0 1 · ·"), ASCII.say("0 1 · ·")
        ('0 1 . .', '0 1 | .')
        """
        return text.translate(_ASCII).encode("ascii", "replace").decode() if self.ascii else text


UNICODE = Glyphs(ascii=False, padding="░", pending="·", cut="…", cut_rows="⋮", shades=" ░▒▓█")
ASCII = Glyphs(ascii=True, padding=":", pending=".", cut="~", cut_rows="~", shades=" .:+#")
