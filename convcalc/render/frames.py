"""Steps as frames of a moving picture, and grids as a still one with numbers: drawn by Pillow as SVG draws them."""

import io
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from convcalc.render.colours import LIGHT
from convcalc.render.powers import pieces
from convcalc.render.svg import CELL, CLASSES, MARGIN, RAISED, SIGN, Canvas, shown_length
from convcalc.report.document import Block, Role
from convcalc.watch import Watch, unwatched

FONTS = ("DejaVuSansMono.ttf", "Menlo.ttc", "consola.ttf", "LiberationMono-Regular.ttf", "cour.ttf")
"""Fonts of one width that systems have; Pillow's own is taken if there is none."""
SIZE = 15
"""Pixels of the font, of a cell of `CELL`."""
COLOURS, SAMPLES = 256, 8
"""Of a moving picture: the colours of so many of its frames, and of the last, serve all."""
STEP, LAST = 1200, 3000
"""Milliseconds of a frame, and of the last one."""
FILLS = {"c": "", "w": LIGHT.window, "p": LIGHT.padding, "r": LIGHT.result}
INKS = {"w": LIGHT.window_ink, "r": LIGHT.result_ink, "q": LIGHT.quiet, "p": LIGHT.quiet}


class _Mark(NamedTuple):
    """Something to be drawn: a box, or text in it or from it on."""

    x: float
    y: float
    width: float
    height: float
    text: str
    fill: str
    ink: str


@dataclass(eq=False, repr=False)
class _Raster(Canvas):
    """What is drawn so far, as marks that Pillow can draw."""

    marks: list[_Mark] = field(default_factory=list)

    def write(self, x: float, y: float, text: str, role: object, *, fixed: bool = False, ink: str = "") -> None:
        """Draw text from a place on, or around it."""
        name = CLASSES.get(role, "") if isinstance(role, Role) else ""
        if fixed and name == "r":
            self.rect(x - 4, y - 16, shown_length(text) * SIGN + 8, 21, "r")
        start = x if fixed else x - shown_length(text) * SIGN / 2
        colour = ink or INKS.get(name.split()[0] if name else "", LIGHT.ink)
        for part, is_power in pieces(text):
            self.marks.append(_Mark(start, y - RAISED * is_power, 0, 0, part, "", colour))
            start += len(part) * SIGN

    def rect(self, x: float, y: float, width: float, height: float, name: str, fill: str = "") -> None:
        """Draw a rectangle."""
        names = name.split()
        own = fill or next((FILLS[one] for one in ("w", "r", "p") if one in names), "")
        self.marks.append(_Mark(x, y, width, height, "", own, LIGHT.ink if "frame" in names else LIGHT.line))

    def image(self, width: float, height: float, scale: float, pen: "_Pen") -> Any:
        """Return the picture, of at least this size."""
        picture = pen.image.new("RGB", (round(width * scale), round(height * scale)), LIGHT.paper)
        boxes = pen.draw.Draw(picture)
        for mark in self.marks:
            x, y = mark.x * scale, mark.y * scale
            if mark.text:
                for index, sign in enumerate(mark.text):
                    pen.write(picture, x + (index + 0.5) * SIGN * scale, y, sign, mark.ink)
            else:
                corner = (x, y, x + mark.width * scale, y + mark.height * scale)
                boxes.rectangle(
                    corner, fill=mark.fill or None, outline=mark.ink, width=1 if mark.ink == LIGHT.line else 2
                )
        return picture


class _Pen:
    """Pillow, a font, and the signs that were drawn with it: to draw one anew takes a dozen times as long."""

    def __init__(self, scale: float) -> None:
        from PIL import Image, ImageDraw, ImageFont

        self.image, self.draw = Image, ImageDraw
        self.font: Any = None
        for name in FONTS:
            with suppress(OSError):
                self.font = ImageFont.truetype(name, round(SIZE * scale))
                break
        self.font = self.font or ImageFont.load_default(round(SIZE * scale))
        self.signs: dict[tuple[str, float, float], tuple[Any, int, int]] = {}

    def write(self, picture: Any, x: float, y: float, sign: str, ink: str) -> None:
        """Draw a sign around a place on its line."""
        (right, left), (down, top) = math.modf(x), math.modf(y)
        if (sign, right, down) not in self.signs:
            start, above, stop, below = self.font.getbbox(sign, anchor="ms")
            before, over = 2 - math.floor(start), 2 - math.floor(above)
            drawn = self.image.new("L", (math.ceil(stop) + before + 2, math.ceil(below) + over + 2))
            self.draw.Draw(drawn).text((before + right, over + down), sign, fill=255, font=self.font, anchor="ms")
            self.signs[sign, right, down] = drawn, before, over
        drawn, before, over = self.signs[sign, right, down]
        picture.paste(ink, (int(left) - before, int(top) - over), drawn)


def _drawn(blocks: Iterable[Block]) -> _Raster:
    canvas = _Raster()
    for _ in canvas.document(blocks):
        pass  # what is drawn, the canvas keeps
    return canvas


def still(blocks: Iterable[Block], cell: int) -> bytes:
    """Return a PNG of blocks whose cells are so many pixels high."""
    scale = cell / CELL
    canvas = _drawn(blocks)
    stream = io.BytesIO()
    canvas.image(canvas.width + MARGIN, canvas.y + MARGIN, scale, _Pen(scale)).save(stream, format="PNG")
    return stream.getvalue()


def moving(frames: Iterable[Sequence[Block]], kind: str, watch: Watch = unwatched) -> bytes:
    """Return a GIF or an animated PNG (`kind` as Pillow names it) of frames, all of one size."""
    canvases = [_drawn(blocks) for blocks in frames]
    width = max(canvas.width for canvas in canvases) + MARGIN
    height = max(canvas.y for canvas in canvases) + MARGIN
    pen = _Pen(1)
    samples = canvases[:: -(-len(canvases) // SAMPLES)] + canvases[-1:]
    some = pen.image.new("RGB", (round(width), len(samples) * round(height)))
    for place, canvas in enumerate(samples):
        some.paste(canvas.image(width, height, 1, pen), (0, place * round(height)))
    colours = some.quantize(COLOURS, method=pen.image.Quantize.MAXCOVERAGE, kmeans=1, dither=0)

    def images() -> Iterator[Any]:
        for canvas in watch(canvases, len(canvases), "frames"):
            yield canvas.image(width, height, 1, pen).quantize(palette=colours, dither=0)

    first, *rest = images()
    stream = io.BytesIO()
    durations = [STEP] * len(rest) + [LAST]
    first.save(stream, format=kind, save_all=True, append_images=rest, duration=durations, loop=0)
    return stream.getvalue()
