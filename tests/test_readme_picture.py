"""The README's picture is a real step: made by the command it stands for, and remade with ``--refresh-golden``."""

import io
import re
from html import unescape

import pytest
from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME

from convcalc.engine.convolution import convolve
from convcalc.engine.kernels import kernel
from convcalc.matrix_io.files import read_grid
from convcalc.render.glyphs import UNICODE
from convcalc.render.terminal import render
from convcalc.report.convolution import Labels, worked_convolution
from convcalc.report.selection import Show
from tests.conftest import GOLDEN, SAMPLES

PICTURE = GOLDEN / "readme-step.svg"


def drawn() -> Console:
    console = Console(record=True, width=80, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    result = convolve(read_grid(str(SAMPLES / "lecture-6x6.txt")).cells, kernel("edge"))
    render(worked_convolution(result, Show(at=(1, 1)), Labels("edge")).work, console, UNICODE)
    return console


def words(svg: str) -> list[str]:
    text = re.sub(r"<style.*?</style>", "", svg, flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]*>", " ", text)).split()


def test_the_picture_is_what_the_command_shows(request: pytest.FixtureRequest) -> None:
    title = "$ convcalc conv --input samples/lecture-6x6.txt --kernel edge --at 1,1"
    svg = drawn().export_svg(title=title, theme=SVG_EXPORT_THEME, unique_id="step")
    # Nothing is loaded from elsewhere: the viewer's own monospace font will do.
    svg = re.sub(r"@font-face \{.*?\}\n?", "", svg, flags=re.DOTALL).replace("Fira Code", "DejaVu Sans Mono")
    if request.config.getoption("--refresh-golden"):
        PICTURE.write_text(svg, encoding="utf-8")
    kept = PICTURE.read_text(encoding="utf-8")
    assert "http" not in kept.replace("http://www.w3.org/2000/svg", "").replace("https://www.textualize.io", "")
    assert words(kept) == words(svg)
    assert re.findall(r"<rect.*?/>", kept) == re.findall(r"<rect.*?/>", svg)  # the colours behind the cells
