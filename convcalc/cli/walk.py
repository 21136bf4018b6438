"""``--walk``: the steps one by one on a screen of their own."""

import time
from collections.abc import Callable
from typing import IO, TYPE_CHECKING

from convcalc.cli.keys import LOOK_AGAIN
from convcalc.cli.messages import size_of
from convcalc.cli.terminal import screen

if TYPE_CHECKING:
    from rich.console import Console

    from convcalc.render.glyphs import Glyphs
    from convcalc.report.document import Block, Steps
    from convcalc.report.selection import Show
    from convcalc.session.walk import Walk

ROWS = (40, 16, 12, 9, 6)
"""Rows at most of a grid, fewer and fewer until the step fits the window."""


def walk_through(
    make: "Callable[[Show], Steps]", show: "Show", console: "Console", glyphs: "Glyphs", stdout: IO[str]
) -> None:
    """Walk through steps with the keys until the user leaves."""
    from convcalc.session.walk import Walk

    walk = Walk(make, show)

    with screen(stdout) as keyboard:
        size = None
        going, due = True, time.monotonic()
        while going and not keyboard.is_stopped:
            if size != (size := size_of(stdout)) or keyboard.is_changed:
                keyboard.is_changed = False
                draw(walk, console, glyphs, stdout)
            wait = walk.wait
            left = LOOK_AGAIN if wait is None else max(due + wait - time.monotonic(), 0)
            key = keyboard.read(min(left, LOOK_AGAIN))
            if key is not None:
                going = walk.press(key)
                while going and keyboard.waiting:  # what came at once is drawn at once
                    going = walk.press(keyboard.read(0) or "unknown")
                due = time.monotonic()
            elif wait is not None and time.monotonic() >= due + wait:
                walk.tick()
                due = time.monotonic()
            else:
                continue
            if going:
                draw(walk, console, glyphs, stdout)


def draw(walk: "Walk", console: "Console", glyphs: "Glyphs", stdout: IO[str]) -> None:
    """Draw the screen anew, line over line, so that nothing flickers."""
    width, height = size_of(stdout)
    blocks, below = walk.screen()
    foot = lines_of(below, console, glyphs, width)
    room = max(height - len(foot) - 1, 1)
    for most_rows in ROWS:
        body = lines_of(blocks, console, glyphs, width, most_rows)
        if len(body) <= room:
            break
    walk.top = min(walk.top, max(len(body) - room + 1, 0))
    body = body[walk.top :]
    if len(body) > room:
        body = [*body[: room - 1], f"{glyphs.cut_rows}  j scrolls"]
    body += [""] * (room - len(body))
    lines = [*body, "", *foot][:height]
    stdout.write("\x1b[H" + "\x1b[K\r\n".join(lines) + "\x1b[K\x1b[J")
    stdout.flush()


def lines_of(blocks: "list[Block]", console: "Console", glyphs: "Glyphs", width: int, most_rows: int = 16) -> list[str]:
    """Return blocks as lines of text with the terminal's own colours in them."""
    from convcalc.render.terminal import render

    console.width = width
    with console.capture() as captured:
        render(blocks, console, glyphs, most_rows)
    return captured.get().rstrip("\n").split("\n")
