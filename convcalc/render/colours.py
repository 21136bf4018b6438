"""The colours that carry meaning, on light and on dark, for every format that has colours; needs no rich."""

from typing import NamedTuple

from convcalc.report.document import Shade

RGB = tuple[int, int, int]


class Palette(NamedTuple):
    """Colours as ``#rrggbb``: paper and ink, what is quiet, what is read (blue), what is made (gold)."""

    paper: str
    ink: str
    quiet: str
    line: str
    window: str
    window_ink: str
    result: str
    result_ink: str
    padding: str


LIGHT = Palette("#ffffff", "#1b1f24", "#5b6570", "#c4ccd4", "#9ad0f5", "#06263d", "#ffd24a", "#2b2000", "#f1f3f5")
DARK = Palette("#14181d", "#e8ecf0", "#9aa5b1", "#3d4752", "#2f7fb8", "#ffffff", "#ffcf40", "#1d1500", "#20262d")

_BELOW, _ZERO, _ABOVE = (49, 99, 190), (238, 238, 238), (200, 92, 24)
_DARK, _LIGHT = (16, 16, 16), (245, 245, 245)


def shade_colours(shade: Shade) -> tuple[RGB, bool]:
    """Return a shade's colour, and whether dark ink is read on it: dark to light, or blue and orange around zero."""
    if shade.colour is not None:
        return shade.colour, shade.level > 0.5
    if 0 < shade.zero < 1:
        reach = max(shade.zero, 1 - shade.zero)
        distance = (shade.level - shade.zero) / reach
        colour = _mix(_ZERO, _ABOVE if distance > 0 else _BELOW, abs(distance))
    else:
        colour = _mix(_DARK, _LIGHT, shade.level)
    return colour, sum(colour) > 380


def _mix(one: RGB, other: RGB, part: float) -> RGB:
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(one, other, strict=True))
    return red, green, blue


def hexadecimal(colour: RGB) -> str:
    """Return a colour as ``#rrggbb``.

    >>> hexadecimal((200, 92, 24))
    '#c85c18'
    """
    return "#{:02x}{:02x}{:02x}".format(*colour)
