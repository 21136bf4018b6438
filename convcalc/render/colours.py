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


LIGHT = Palette("#ffffff", "#1b1f24", "#5b6570", "#828b94", "#9ad0f5", "#06263d", "#ffd24a", "#2b2000", "#f1f3f5")
DARK = Palette("#14181d", "#e8ecf0", "#9aa5b1", "#707b87", "#2a76ac", "#ffffff", "#ffcf40", "#1d1500", "#20262d")

_BELOW, _ZERO, _ABOVE = (49, 99, 190), (238, 238, 238), (200, 92, 24)
MIDDLE = 0.179
"""The luminance from which black contrasts more than white: (1.05)/(L + 0.05) = (L + 0.05)/0.05."""
_DARK, _LIGHT = (16, 16, 16), (245, 245, 245)


def shade_colours(shade: Shade) -> tuple[RGB, bool]:
    """Return a shade's colour, and whether dark ink is read on it: dark to light, or blue and orange around zero."""
    if shade.colour is not None:
        return shade.colour, has_dark_ink(shade.colour)
    if 0 < shade.zero < 1:
        reach = max(shade.zero, 1 - shade.zero)
        distance = (shade.level - shade.zero) / reach
        colour = _mix(_ZERO, _ABOVE if distance > 0 else _BELOW, abs(distance))
    else:
        colour = _mix(_DARK, _LIGHT, shade.level)
    return colour, has_dark_ink(colour)


def has_dark_ink(colour: RGB) -> bool:
    """Whether black is read better than white on a colour, by WCAG's relative luminance.

    >>> has_dark_ink((120, 120, 120)), has_dark_ink((49, 99, 190))
    (True, False)
    """
    red, green, blue = ((part / 255) ** 2.2 for part in colour)
    return bool(0.2126 * red + 0.7152 * green + 0.0722 * blue > MIDDLE)


def _mix(one: RGB, other: RGB, part: float) -> RGB:
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(one, other, strict=True))
    return red, green, blue


def hexadecimal(colour: RGB) -> str:
    """Return a colour as ``#rrggbb``.

    >>> hexadecimal((200, 92, 24))
    '#c85c18'
    """
    return "#{:02x}{:02x}{:02x}".format(*colour)
