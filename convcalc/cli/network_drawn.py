"""A network without numbers as a picture: a page to click through, and a figure for a paper."""

from typing import TYPE_CHECKING

from convcalc.cli.sheets import SheetOptions
from convcalc.cli.surroundings import Surroundings
from convcalc.formats import Format

if TYPE_CHECKING:
    from convcalc.network.summary import Summary
    from convcalc.report.document import Document

PAGE_WIDTH = 100
"""Columns of a layer's counts on a page."""


def write_architecture(here: Surroundings, summary: "Summary", document: "Document", out: SheetOptions) -> None:
    """Write a network as a page: the layers as a picture, a click on one for its counts, and the table below."""
    from convcalc.cli.messages import glyphs_for
    from convcalc.cli.network_results import write_lines
    from convcalc.render.network import render
    from convcalc.render.plain import render as plain
    from convcalc.report.network_counts import counted_data

    glyphs = glyphs_for(None, out.ascii)
    data = counted_data(summary, lambda blocks: plain(blocks, PAGE_WIDTH, glyphs, answers=True))
    _, *below = document
    write_lines(here, render(data, below, compact=out.compact), out)


def write_figure(here: Surroundings, summary: "Summary", depth: int | None, out: SheetOptions) -> None:
    """Write a network as a figure for a paper: its layers as blocks, joined by arrows."""
    from convcalc.cli.network_results import write_lines
    from convcalc.render import figure
    from convcalc.report.model import heading
    from convcalc.report.network_figure import architecture

    drawn = architecture(summary, heading(summary).text, depth)
    is_svg = out.style(here) is Format.SVG
    write_lines(here, figure.svg(drawn) if is_svg else figure.tikz(drawn, fragment=out.fragment), out)
