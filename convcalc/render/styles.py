"""What each role looks like. Two colours carry meaning: what is read (blue) and what is made (gold)."""

from rich.color import Color
from rich.style import Style

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

_BELOW, _ZERO, _ABOVE = (49, 99, 190), (238, 238, 238), (200, 92, 24)
_DARK, _LIGHT = (16, 16, 16), (245, 245, 245)


def style_of(role: Role | Shade) -> Style:
    """Return the style of a role, or of a shade: grey from dark to light, or blue and orange around zero."""
    if isinstance(role, Role):
        return STYLES[role]
    if 0 < role.zero < 1:
        reach = max(role.zero, 1 - role.zero)
        distance = (role.level - role.zero) / reach
        colour = _mix(_ZERO, _ABOVE if distance > 0 else _BELOW, abs(distance))
    else:
        colour = _mix(_DARK, _LIGHT, role.level)
    ink = "grey0" if sum(colour) > 380 else "white"
    return Style(color=ink, bgcolor=Color.from_rgb(*colour))


def _mix(one: tuple[int, int, int], other: tuple[int, int, int], part: float) -> tuple[int, int, int]:
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(one, other, strict=True))
    return red, green, blue
