"""What each role looks like. Two colours carry meaning: what is read (blue) and what is made (gold)."""

from rich.color import Color
from rich.style import Style

from convcalc.render.colours import shade_colours
from convcalc.report.document import Role, Shade

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


def style_of(role: Role | Shade) -> Style:
    """Return the style of a role, or of a shade."""
    if isinstance(role, Role):
        return STYLES[role]
    colour, dark_ink = shade_colours(role)
    return Style(color="grey0" if dark_ink else "white", bgcolor=Color.from_rgb(*colour))
