"""The signs convcalc draws with, and plain ASCII for where they cannot be shown."""

from dataclasses import dataclass

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
        "√": "sqrt",
        "²": "^2",
        "³": "^3",
        "Σ": "sum ",
        "≤": "<=",
        "≥": ">=",
        "–": "-",
        "’": "'",
        "●": "*",
    }
)


@dataclass(frozen=True, slots=True)
class Glyphs:
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
        """
        if not self.ascii or text.isascii():
            return text
        spaced = text.replace(" · ", " | ")
        return spaced.translate(_ASCII).encode("ascii", "replace").decode()


UNICODE = Glyphs(ascii=False, padding="░", pending="·", cut="…", cut_rows="⋮", shades=" ░▒▓█")
ASCII = Glyphs(ascii=True, padding=":", pending=".", cut="~", cut_rows="~", shades=" .:+#")
