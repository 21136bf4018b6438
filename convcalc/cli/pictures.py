"""Pictures that are drawn: a moving one of all steps, a still one of cells with their numbers."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

from convcalc.cli.progress import counted
from convcalc.errors import UsageError

if TYPE_CHECKING:
    from convcalc.engine.exact import Array
    from convcalc.report.document import Calculation
    from convcalc.report.selection import Show

MOVING = {".gif": "GIF", ".apng": "PNG"}
"""Suffixes of moving pictures, of a frame a step, and how Pillow names them."""
MOST_FRAMES = 400


def moving_picture(worked: "Calculation", path: Path, show: "Show | None") -> tuple[bytes, int]:
    """Return a moving picture's bytes, of the kind that its name says, and how many frames it has: one a step."""
    from convcalc.matrix_io.images import need_pillow
    from convcalc.render.frames import moving
    from convcalc.report.document import Heading, Subheading, Text
    from convcalc.report.selection import Show

    show = show or Show()
    if show.at is not None or show.steps is not None:
        raise UsageError(f"a {path.suffix} file has a frame for every step", hint="leave --at and --steps out")
    need_pillow(str(path))
    assert worked.steps is not None
    steps = worked.steps(show)
    count = math.prod(steps.shape)
    if count > MOST_FRAMES:
        fault = f"{count:,} steps are too many for a moving picture: {MOST_FRAMES} are the most"
        raise UsageError(fault, hint="crop the input, or write a page: -o steps.html")
    frames = (
        [
            Heading(steps.heading.text),
            Text(""),
            Subheading(f"step {index + 1} of {count} · {steps.name(index)}"),
            *steps.blocks(index),
        ]
        for index in range(count)
    )
    return moving(frames, MOVING[path.suffix.lower()], counted), count


def numbered_cells(answer: "Array", path: Path, cell: int, show: "Show | None") -> bytes:
    """Return a PNG of all the maps of an answer, each cell shaded and with its number."""
    from convcalc.matrix_io.images import need_pillow
    from convcalc.render.cells import MOST
    from convcalc.render.frames import still
    from convcalc.report.grids import grids_of
    from convcalc.report.selection import Show

    if max(answer.shape[-2:], default=1) > MOST:
        size = "×".join(map(str, answer.shape))
        fault = f"an answer of {size} is too large to be drawn with its numbers: {MOST} rows and columns are the most"
        raise UsageError(fault, hint="leave --cell out, for a pixel a cell")
    need_pillow(str(path))
    return still([grids_of(answer, "output", (show or Show()).write, heat=True, part="map")], cell)
