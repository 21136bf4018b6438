"""Documents as LaTeX that a plain distribution compiles: matrices, the window on blue, aligned sums."""

import re
import unicodedata
from collections.abc import Iterator

from convcalc.render.blocks import Renderer
from convcalc.render.cells import Cell, cells
from convcalc.render.colours import LIGHT, RGB, shade_colours
from convcalc.render.glyphs import ASCII
from convcalc.render.powers import POWER
from convcalc.report.document import (
    Blanks,
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
)

PACKAGES = "amsmath,graphicx,color,colortbl,longtable"
VERBATIM = 100
"""Signs of a drawing on a line."""
LONG = 40
"""Rows of a table that may go on on the next page."""

_SIGNS = {
    "\\": r"\textbackslash{}", "_": r"\_", "%": r"\%", "&": r"\&", "#": r"\#", "$": r"\$", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': "''{}", "`": "`{}", "–": "--", "’": "'", "█": "", "▏": "",
    "°": r"$^\circ$", "²": "$^2$", "³": "$^3$", "ᵀ": r"$^{\mathsf{T}}$", "—": "---", "“": "``", "”": "''", "„": ",,",
    "‟": "``", "\ue001": "{}",
    "ß": r"\ss{}", "æ": r"\ae{}", "Æ": r"\AE{}", "œ": r"\oe{}", "Œ": r"\OE{}", "ø": r"\o{}", "Ø": r"\O{}",
    "ł": r"\l{}", "Ł": r"\L{}", "ı": r"\i{}", "¿": "?`", "¡": "!`",
}  # fmt: skip
_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u", "\u0307": ".",
    "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0327": "c",
}  # fmt: skip
"""The accents every distribution can set, by the sign that Unicode combines a letter with."""
_MATH = {
    "×": r"\times ", "·": r"\cdot ", "−": "-", "→": r"\to ", "≈": r"\approx ", "…": r"\dots ", "Σ": r"\Sigma ",
    "√": r"\surd ", "⌊": r"\lfloor ", "⌋": r"\rfloor ", "⌈": r"\lceil ", "⌉": r"\rceil ", "≤": r"\le ", "≥": r"\ge ",
    "∞": r"\infty ", "Φ": r"\Phi ", "π": r"\pi ", "∂": r"\partial ", "÷": r"\div ", "←": r"\gets ",
    "↑": r"\uparrow ", "↓": r"\downarrow ", "●": r"\bullet ",
    "₁": "_1", "₂": "_2", "⁶": "^6", "½": r"\tfrac12 ", "⋮": r"\vdots ", "\ue000": r"\hat{x}",
    "α": r"\alpha ", "β": r"\beta ", "γ": r"\gamma ", "δ": r"\delta ", "ε": r"\varepsilon ", "λ": r"\lambda ",
    "μ": r"\mu ", "σ": r"\sigma ", "φ": r"\varphi ",
}  # fmt: skip
HAT = ("x\u0302", "\ue000")
"""A letter with a hat, of two signs, and the one sign that stands for it here."""
_IN_MATH = {
    **_MATH, "²": "^2", "³": "^3", "ᵀ": r"^{\mathsf{T}}", "°": r"^\circ ", "|": "|", "<": "<", ">": ">", "^": r"\hat{}",
    "~": r"\sim ", "\\": r"\backslash ", "_": r"\_", "%": r"\%", "&": r"\&", "#": r"\#", "$": r"\$", "{": r"\{",
    "}": r"\}", "–": "-", "’": "'",
}  # fmt: skip
_LINE = re.compile("_{6,}")
_SCIENTIFIC = re.compile(r"(?<=[\d.])e(?=[-+]?\d)")
_NUMBER = re.compile(r"[-+−]?[\d.]+(e[-+]?\d+)?")
_TOKENS = re.compile(r"([A-Za-z]{2,}(?:-[A-Za-z]+)*)|( +)|(.)", re.DOTALL)

_COLOURS = {
    "convcalcread": LIGHT.window,
    "convcalcmade": LIGHT.result,
    "convcalcpadding": LIGHT.padding,
    "convcalcquiet": LIGHT.quiet,
}
MACROS = (
    *(
        rf"\definecolor{{{name}}}{{rgb}}{{{','.join(f'{int(code[i : i + 2], 16) / 255:.3f}' for i in (1, 3, 5))}}}"
        for name, code in _COLOURS.items()
    ),
    r"\providecommand\convcalcfit[1]{\sbox0{#1}%",
    r"  \ifdim\wd0>\linewidth\resizebox{\linewidth}{!}{\usebox0}\else\usebox0\fi}",
    r"\providecommand\convcalcsum[2]{\par{\hangindent2em\noindent\raggedright",
    r"  \if\relax\detokenize{#1}\relax\else\sbox0{#1\quad}%",
    r"  \ifdim\wd0<6em\makebox[6em][l]{#1}\else\usebox0\fi\fi$#2$\par}}",
    r"\providecommand\convcalcgrid[3]{\overset{\text{\scriptsize\strut #1}}{%",
    r"  \left[\begin{array}{@{\hskip4pt}*{#2}{r}@{\hskip4pt}}#3\end{array}\right]}}",
)
"""What a fragment needs, which does no harm where it is said again."""


def preamble(paper: str = "a4paper,margin=2cm") -> Iterator[str]:
    """Yield what stands before a document's first line."""
    yield r"\documentclass{article}"
    yield rf"\usepackage[{paper}]{{geometry}}"
    yield rf"\usepackage{{{PACKAGES}}}"
    yield r"\setlength\parindent{0pt}\setlength\parskip{4pt plus 2pt}"
    yield from MACROS
    yield r"\begin{document}"


def escaped(text: str) -> str:
    r"""Return text that means itself, whatever its signs.

    >>> print(escaped("6×6 & 50%"))
    6$\times$6 \& 50\%
    >>> print(escaped("Übung"))
    \"{U}bung
    """
    text = text.replace(*HAT).replace("--", "-\ue001-")  # two hyphens would be a dash
    parts = _LINE.split(text)
    if len(parts) > 1:  # a line to write on
        lines = (rf"\rule{{{len(line) * 0.2:.1f}cm}}{{0.4pt}}" for line in _LINE.findall(text))
        return "".join(escaped(part) + line for part, line in zip(parts, [*lines, ""], strict=True))
    signs = (_SIGNS.get(sign) or (f"${_MATH[sign].strip()}$" if sign in _MATH else _letter(sign)) for sign in text)
    return "".join(signs)


def _letter(sign: str) -> str:
    """Return an ASCII sign as it is, a letter with an accent as TeX has it, and anything else as a question mark."""
    if sign.isascii():
        return sign if sign.isprintable() else "?"
    base, *accents = list(unicodedata.normalize("NFD", sign))
    if len(accents) != 1 or accents[0] not in _ACCENTS or not base.isascii():
        return "?"
    return rf"\{_ACCENTS[accents[0]]}{{{base if base != 'i' else chr(92) + 'i'}}}"


def math(text: str) -> str:
    r"""Return an expression as mathematics: words upright, powers raised.

    >>> print(math("e^-5 + max(0, x²)"))
    e^{-5} + \mathrm{max}(0, x^2)
    >>> print(math("-1.5e-7"))
    -1.5\times 10^{-7}
    """
    text = _SCIENTIFIC.sub("×10^", text.replace(*HAT)).replace("10^+", "10^")
    parts: list[str] = []
    at = 0
    for power in POWER.finditer(text):
        parts += [_plain_math(text[at : power.start()]), f"^{{{math(power[1])}}}"]
        at = power.end()
    return "".join([*parts, _plain_math(text[at:])])


def _plain_math(text: str) -> str:
    """Return an expression without powers: words of two letters and more are upright, and keep their spaces."""
    pieces, was_word = [], False
    for word, space, sign in _TOKENS.findall(text):
        if word:
            pieces.append(rf"\mathrm{{{word}}}")
        elif space:
            pieces.append(r"\ " if was_word else " ")
        elif sign == "(" and pieces and pieces[-1] == " ":
            pieces[-1:] = [r"\ ("]
        else:
            pieces.append(_IN_MATH.get(sign) or (sign if sign.isascii() else rf"\text{{{escaped(sign)}}}"))
        was_word = bool(word)
    return "".join(pieces)


def _sum(block: Sum) -> str:
    """Return a sum as a paragraph of mathematics, which TeX breaks between the terms, however narrow the column is."""
    label = escaped(block.label.strip())
    sign, _, value = block.outcome.partition(" ")
    value = math(value)
    boxed = rf"\colorbox{{convcalcmade}}{{${value}$}}" if block.final and value else value
    terms = _joined(block.joiner).join(f"{{{math(term)}}}" for term in block.terms)
    return rf"\convcalcsum{{{label}}}{{{math(block.opening)}{terms}{math(block.closing)} {math(sign)} {boxed}}}"


def equation(block: Sum) -> str:
    r"""Return a sum as mathematics alone, with nothing that a browser's typesetting does not know.

    >>> print(equation(Sum(("3×1", "8×(-1)"), " + ", "= -5")))
    {3\times 1} + {8\times (-1)} = \mathbf{-5}
    """
    sign, _, value = block.outcome.partition(" ")
    terms = _joined(block.joiner).join(f"{{{math(term)}}}" for term in block.terms)
    result = rf"\mathbf{{{math(value)}}}" if block.final and value else math(value)
    label = rf"\text{{{block.label.strip()}}}\ " if block.label.strip() else ""
    return f"{label}{math(block.opening)}{terms}{math(block.closing)} {math(sign)} {result}"


def _joined(joiner: str) -> str:
    return f" {math(joiner.strip())} " if joiner.strip() != "," else r",\allowbreak\ "


def _is_blank(cell: Cell) -> bool:
    """Whether a cell is to be filled in."""
    return bool(cell.text) and not cell.text.strip("_")


def _boxes(title: str, rows: int, columns: int) -> str:
    """Return empty boxes to write into."""
    line = " & ".join([r"\rule{1.1cm}{0pt}"] * columns) + r"\rule[-0.35cm]{0pt}{0.9cm}\\ \hline "
    boxes = rf"\begin{{array}}{{|*{{{columns}}}{{c|}}}}\hline {line * rows}\end{{array}}"
    return rf"\overset{{\text{{\scriptsize\strut {title}}}}}{{{boxes}}}"


def _cell(cell: Cell) -> str:
    text = math(cell.text)
    if cell.shade is not None:
        colour, dark_ink = shade_colours(cell.shade)
        ink = "black" if dark_ink else "white"
        return rf"\cellcolor[rgb]{{{_rgb(colour)}}}\textcolor{{{ink}}}{{{text}}}"
    if cell.role is Role.RESULT:
        return rf"\cellcolor{{convcalcmade}}\mathbf{{{text}}}"
    if cell.role in (Role.WINDOW, Role.WINDOW_PADDING):
        return rf"\cellcolor{{convcalcread}}{text}"
    if cell.role is Role.PADDING:
        return rf"\cellcolor{{convcalcpadding}}\textcolor{{convcalcquiet}}{{{text}}}"
    return text


def _told(text: str) -> str:
    """Return a cell of a table: numbers and expressions as mathematics, words as words."""
    return f"${math(text)}$" if _NUMBER.fullmatch(text) or "^" in text else escaped(text)


def _rgb(colour: RGB) -> str:
    return ",".join(f"{part / 255:.3f}" for part in colour)


class Latex(Renderer[str]):
    """A document's lines."""

    def heading(self, block: Heading) -> Iterator[str]:
        """Yield a section, and its formulas displayed."""
        yield rf"\section*{{{escaped(block.text)}}}"
        yield from (rf"\[ {math(formula)} \]" for formula in block.formulas)

    def subheading(self, block: Subheading) -> Iterator[str]:
        """Yield a subsection."""
        yield rf"\filbreak\subsection*{{{escaped(block.text)}}}"  # with what follows, if a page can hold it
        if block.detail:
            yield rf"\textcolor{{convcalcquiet}}{{{escaped(block.detail.strip())}}}\par"

    def text(self, block: Text) -> Iterator[str]:
        """Yield a paragraph a line."""
        for line in block.text.split("\n"):
            if line.strip():
                text = escaped(line.strip())
                yield (rf"\textcolor{{convcalcquiet}}{{{text}}}" if block.role is Role.QUIET else text) + r"\par"

    def sum(self, block: Sum) -> Iterator[str]:
        """Yield an expression, which goes on between its terms only."""
        yield _sum(block)

    def drawing(self, block: Drawing) -> Iterator[str]:
        """Yield text as it stands."""
        yield r"{\footnotesize\begin{verbatim}"
        for pieces in block.lines:
            line = ASCII.drawn("".join(text for text, _ in pieces)).replace(r"\end{", r"\end {")
            yield from (line[at : at + VERBATIM] for at in range(0, max(len(line), 1), VERBATIM))
        yield r"\end{verbatim}}"

    def grids(self, block: Grids) -> Iterator[str]:
        """Yield grids side by side."""
        yield r"\begin{center}"
        yield from (rf"\convcalcfit{{${self.matrix(matrix)}$}}\quad" for matrix in block.matrices)
        yield r"\end{center}"

    def blanks(self, block: Blanks) -> Iterator[str]:
        """Yield room to work, and what the answer is written into."""
        yield r"\vspace{2.2cm}"
        yield from super().blanks(block)

    def sign(self, sign: str) -> str:
        """Return a sign."""
        return math(sign)

    def picture(self, block: Picture) -> Iterator[str]:
        """Yield lines of matrices, and the result beside them if there is one line."""
        lines = [" ".join(map(self.part, line)) for line in block.lines]
        result = "" if block.result is None else self.matrix(block.result)
        sign = r" \to " if result and not isinstance(block.lines[0][-1], str) else " "
        if len(lines) == 1:
            yield rf"\begin{{center}}\convcalcfit{{${lines[0]}{sign}{result}$}}\end{{center}}"
            return
        for line in [*lines, *([result] if result else [])]:
            yield rf"\begin{{center}}\convcalcfit{{${line}$}}\end{{center}}"

    def matrix(self, matrix: Matrix) -> str:
        """Return an array in brackets under its title, or empty boxes to write into."""
        rows = [list(row) for row in cells(matrix)]
        if all(_is_blank(cell) for row in rows for cell in row):
            return _boxes(escaped(matrix.body.title), len(rows), len(rows[0]))
        body = r" \\ ".join(" & ".join(map(_cell, row)) for row in rows)
        return rf"\convcalcgrid{{{escaped(matrix.body.title)}}}{{{len(rows[0])}}}{{{body}}}"

    def table(self, block: Table) -> Iterator[str]:
        """Yield a table as wide as the page at most; a long one goes on on the next."""
        specification = "".join("l" if index in block.left else "r" for index in range(len(block.columns)))
        head = " & ".join(map(_told, block.columns)) + r" \\ \hline"
        rows = [" & ".join(map(_told, row)) + r" \\" for row in block.rows]
        if len(rows) > LONG:
            yield rf"{{\scriptsize\setcounter{{LTchunksize}}{{2000}}\begin{{longtable}}{{{specification}}}"
            yield head + r"\endhead"
            yield from rows
            yield r"\end{longtable}}"
            return
        yield rf"\begin{{center}}\convcalcfit{{\begin{{tabular}}{{{specification}}}"
        yield head
        yield from rows
        yield r"\end{tabular}}\end{center}"


def render(document: Document, *, fragment: bool = False) -> Iterator[str]:
    """Yield a document that compiles as it is, or a fragment to be put into one that loads the packages."""
    if fragment:
        yield f"% needs \\usepackage{{{PACKAGES}}}"
        yield from MACROS
    else:
        yield from preamble()
    yield from Latex().document(document)
    if not fragment:
        yield r"\end{document}"
