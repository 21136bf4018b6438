"""What each role looks like. Two colours carry meaning: what is read (blue) and what is made (gold)."""

from functools import lru_cache

from rich.color import Color
from rich.style import Style

from convcalc.render.colours import shade_colours
from convcalc.report.document import Halves, Role, Shade

STYLES: dict[Role, Style] = {
    Role.PLAIN: Style.null(),
    Role.QUIET: Style(dim=True),
    Role.TITLE: Style(bold=True),
    Role.WINDOW: Style(color="grey0", bgcolor="color(117)"),
    Role.WINDOW_PADDING: Style(color="grey30", bgcolor="color(117)"),
    Role.PADDING: Style(color="bright_black"),
    Role.PENDING: Style(color="bright_black"),
    Role.RESULT: Style(color="grey0", bgcolor="color(221)", bold=True),
}


@lru_cache(maxsize=4096)
def style_of(role: Role | Shade | Halves) -> Style:
    """Return the style of a role, of a shade, or of the two halves of a sign."""
    if isinstance(role, Role):
        return STYLES[role]
    if isinstance(role, Halves):
        above, below = (Color.from_rgb(*shade_colours(shade)[0]) for shade in role)
        return Style(color=above, bgcolor=below)
    colour, dark_ink = shade_colours(role)
    return Style(color="grey0" if dark_ink else "white", bgcolor=Color.from_rgb(*colour))
