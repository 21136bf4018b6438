"""Figures as SVG, and as TikZ."""

from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import Any

from convcalc.render.latex import escaped
from convcalc.report.figure import Circle, Figure, Label, Line, Point, Polygon

COLOURS = {
    "input": "#e9ecef", "convolution": "#7fb3dc", "pooling": "#f2a65a", "linear": "#8cc084", "other": "#c9cdd2",
    "part": "#b9a5d6",
}  # fmt: skip
"""The front of each family's blocks."""
SIDES = {"front": 0.0, "top": 0.35, "side": -0.18}
"""How much lighter, or darker, than the front each side is."""
INK, PALE = "#2b3036", "#6a737d"
SANS = "Helvetica, Arial, sans-serif"


def _shade(family: str, side: str) -> str:
    """Return a side's colour.

    >>> _shade("input", "front")
    '#e9ecef'
    """
    channels = [int(COLOURS[family][place : place + 2], 16) for place in (1, 3, 5)]
    share = SIDES[side]
    towards = 255 if share > 0 else 0
    return "#" + "".join(f"{round(channel + (towards - channel) * abs(share)):02x}" for channel in channels)


def svg(figure: Figure) -> Iterator[str]:
    """Yield the lines of an SVG file, on nothing: it lies on whatever paper it is put."""
    size = f'width="{figure.width:.0f}" height="{figure.height:.0f}"'
    box = f'viewBox="0 0 {figure.width:.0f} {figure.height:.0f}"'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box} role="img">'
    yield f"<title>{escape(figure.title)}</title>"
    yield (
        f"<style>text{{font:8.5px {SANS};text-anchor:middle;fill:{INK}}}.name{{font-weight:bold}}"
        f".size{{fill:{PALE}}}.sign{{font-size:13px}}polygon,circle{{stroke:{INK};stroke-width:.7;stroke-linejoin:round}}"
        f".line{{fill:none;stroke:{INK};stroke-width:.9}}.skip{{stroke:#b3541e}}</style>"
    )
    yield '<defs><marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto">'
    yield '<path d="M0 0L8 4L0 8z" fill="context-stroke"/></marker></defs>'
    for part in figure.parts:
        yield SVG[type(part)](part)
    yield "</svg>"


def _points(points: tuple[Point, ...], between: str = " ") -> str:
    return between.join(f"{x:.1f},{y:.1f}" for x, y in points)


def _svg_circle(part: Circle) -> str:
    x, y = part.at
    circle = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{part.radius:.1f}" fill="#fff"/>'
    return f'{circle}<text class="sign" x="{x:.1f}" y="{y + 4.4:.1f}">{escape(part.sign)}</text>'


def _svg_label(part: Label) -> str:
    return f'<text class="{part.role}" x="{part.at[0]:.1f}" y="{part.at[1]:.1f}">{escape(part.text)}</text>'


SVG: Mapping[type, Callable[[Any], str]] = {
    Polygon: lambda part: f'<polygon points="{_points(part.points)}" fill="{_shade(part.family, part.side)}"/>',
    Line: lambda part: (
        f'<polyline class="line{" skip" * part.skips}" marker-end="url(#end)" points="{_points(part.points)}"/>'
    ),
    Circle: _svg_circle,
    Label: _svg_label,
}


def tikz(figure: Figure, *, fragment: bool = False) -> Iterator[str]:
    """Yield the lines of a LaTeX file, or only of its picture, which needs the package tikz."""
    if not fragment:
        yield r"\documentclass[tikz,border=2pt]{standalone}"
        yield r"\begin{document}"
    yield f"% {figure.title}"
    for family in COLOURS:
        for side in SIDES:
            yield rf"\definecolor{{convcalc{family}{side}}}{{HTML}}{{{_shade(family, side)[1:].upper()}}}"
    options = "x=0.75pt, y=-0.75pt, line width=0.5pt, line join=round, >=latex"
    text = r"every node/.style={inner sep=0pt, font=\sffamily\fontsize{6.4}{7}\selectfont}"
    yield rf"\begin{{tikzpicture}}[{options}, {text}]"
    for part in figure.parts:
        yield TIKZ[type(part)](part)
    yield r"\end{tikzpicture}"
    if not fragment:
        yield r"\end{document}"


def _path(points: tuple[Point, ...]) -> str:
    return " -- ".join(f"({x:.1f},{y:.1f})" for x, y in points)


def _tikz_circle(part: Circle) -> str:
    x, y = part.at
    sign = {"×": r"$\times$", "−": "$-$", "+": "$+$"}[part.sign]
    return rf"\filldraw[fill=white] ({x:.1f},{y:.1f}) circle [radius={part.radius * 0.75:.1f}pt] node {{{sign}}};"


def _tikz_label(part: Label) -> str:
    style = {"name": r"\bfseries", "text": "", "size": r"\color{gray}"}[part.role]
    return rf"\node[anchor=base] at ({part.at[0]:.1f},{part.at[1]:.1f}) {{{style} {escaped(part.text)}}};"


TIKZ: Mapping[type, Callable[[Any], str]] = {
    Polygon: lambda part: rf"\filldraw[fill=convcalc{part.family}{part.side}] {_path(part.points)} -- cycle;",
    Line: lambda part: rf"\draw[->{', brown' * part.skips}] {_path(part.points)};",
    Circle: _tikz_circle,
    Label: _tikz_label,
}
