"""The walk through the steps: what the keys do, and what is on the screen. Knows no terminal."""

from collections.abc import Callable
from dataclasses import dataclass, field

from convcalc.choices import Order
from convcalc.errors import ConvcalcError
from convcalc.report.document import Block, Heading, Role, Steps, Subheading, Sum, Table, Text
from convcalc.report.selection import Chosen, Show, number, select

LONGEST_PLACE = 40
SCROLLED = 4
"""Lines a key scrolls by."""
SLOWEST, FASTEST = 0.5, 16.0
"""Steps a second."""

KEYS = (
    ("→  Enter", "forward"),
    ("←  Backspace", "back"),
    ("↓  ↑", "a row down, a row up"),
    ("j  k", "scroll, where a step is taller than the window"),
    ("Home  End", "first, last"),
    ("g", "go to ROW,COL"),
    ("space", "play, or pause"),
    ("+  -", "faster, slower"),
    ("p", "show the sums, or not"),
    ("o", "change the order of the terms"),
    ("h", "shade the cells by value, or not"),
    ("?", "these keys"),
    ("q  Esc", "leave"),
)


@dataclass(eq=False, repr=False)
class Walk:
    """A walk: where it is, and how the steps are shown. `press` tells it a key; `screen` is what to draw."""

    make: Callable[[Show], Steps]
    show: Show
    index: int = 0
    playing: bool = False
    speed: float = 2.0
    sums: bool = True
    keys: bool = False
    typed: str | None = None
    """What is typed of the place to go to, while it is."""
    message: str = ""
    top: int = 0
    """Lines scrolled off the top."""
    above: list[tuple[Callable[[Show], Steps], int]] = field(default_factory=list)
    """The walks from which this one was gone down into, and where each stood."""
    steps: Steps = field(init=False)

    def __post_init__(self) -> None:
        self.steps = self.make(self.show)
        if self.show.at is not None:
            self._go(self.show.at)

    @property
    def count(self) -> int:
        """How many steps there are."""
        items, maps, rows, columns = self.steps.shape
        return items * maps * rows * columns

    @property
    def wait(self) -> float | None:
        """How long to wait for a key before going on by itself, in seconds; None: for ever."""
        return 1 / self.speed if self.playing else None

    def tick(self) -> None:
        """Go on by one, as playing does; at the end it stops."""
        self._move(self.index + 1)
        self.playing = self.playing and self.index < self.count - 1

    def press(self, key: str) -> bool:
        """Do what a key says; return whether the walk goes on."""
        self.message = ""
        if self.typed is not None:
            self._type(key)
            return True
        if self.keys and key not in ("j", "k", "pagedown", "pageup"):
            self.keys, self.top = False, 0
            return key not in ("q", "escape")
        if key in ("q", "escape"):
            return False
        action = self._actions().get(key)
        if action is not None:
            action()
        else:
            self.message = "? lists the keys"
        return True

    def _actions(self) -> dict[str, Callable[[], None]]:
        columns = self.steps.shape[3]
        forward, back = (lambda: self._move(self.index + 1)), (lambda: self._move(self.index - 1))
        return {
            "right": forward,
            "l": forward,
            "n": forward,
            "enter": self._down if self.steps.inner is not None else forward,
            "left": back,
            "b": back,
            "backspace": self._up if self.above else back,
            "down": lambda: self._move(self.index + columns),
            "up": lambda: self._move(self.index - columns),
            "pagedown": lambda: self._set(top=self.top + SCROLLED),
            "pageup": lambda: self._set(top=max(self.top - SCROLLED, 0)),
            "j": lambda: self._set(top=self.top + SCROLLED),
            "k": lambda: self._set(top=max(self.top - SCROLLED, 0)),
            "home": lambda: self._move(0),
            "end": lambda: self._move(self.count - 1),
            "G": lambda: self._move(self.count - 1),
            "g": lambda: self._set(typed=""),
            "space": lambda: self._set(playing=not self.playing and self.index < self.count - 1),
            "+": lambda: self._pace(2),
            "=": lambda: self._pace(2),
            "-": lambda: self._pace(0.5),
            "p": lambda: self._set(sums=not self.sums, message=f"the sums are {'hidden' if self.sums else 'shown'}"),
            "o": self._turn,
            "h": self._shade,
            "?": lambda: self._set(keys=True, top=0),
        }

    def _set(self, **values: object) -> None:
        for name, value in values.items():
            setattr(self, name, value)

    def _turn(self) -> None:
        order = Order.COLUMN if self.show.order is Order.ROW else Order.ROW
        self._again(self.show._replace(order=order))
        self.message = f"terms go {order} by {order}"

    def _shade(self) -> None:
        self._again(self.show._replace(heat=not self.show.heat))
        self.message = f"cells are {'shaded by value' if self.show.heat else 'plain'}"

    def _pace(self, times: float) -> None:
        self.speed = min(max(self.speed * times, SLOWEST), FASTEST)
        self.message = "" if self.playing else f"{self.speed:g} steps a second"

    def _again(self, show: Show) -> None:
        self.show = show
        self.steps = self.make(show)

    def _down(self) -> None:
        """Go down into the steps of which this one is made."""
        inner, index = self.steps.inner, self.index
        if inner is None or inner(index, self.show) is None:
            self.message = "this layer has no steps"
            return

        def make(show: Show) -> Steps:
            steps = inner(index, show)
            assert steps is not None, "it had some, and only their look is another"
            return steps

        self.above.append((self.make, index))
        self.make, self.index, self.top = make, 0, 0
        self.steps = make(self.show)

    def _up(self) -> None:
        """Go back up to the step that was gone down into."""
        self.make, self.index = self.above.pop()
        self.steps, self.top = self.make(self.show), 0

    def _move(self, index: int) -> None:
        if not 0 <= index < self.count:
            self.message = "this is the last step" if index > 0 else "this is the first step"
            return
        self.index, self.top = index, 0

    def _type(self, key: str) -> None:
        assert self.typed is not None
        if key == "enter":
            words, self.typed = self.typed.replace(",", " ").split(), None
            if all(word.isdigit() for word in words) and words:
                self._go(tuple(map(int, words)))
            elif words:
                self.message = "a place is numbers, as in 1,2"
        elif key in ("escape", "q"):
            self.typed = None
        elif key == "backspace":
            self.typed = self.typed[:-1]
        elif key == "space" or (len(key) == 1 and key in "0123456789,"):
            self.typed = (self.typed + ("," if key == "space" else key))[:LONGEST_PLACE]

    def _go(self, at: tuple[int, ...]) -> None:
        try:
            selection = list(select(self.steps.shape, Show(at=at), self.steps.naming))
        except ConvcalcError as error:
            self.message = error.message
            return
        here = [part for part in selection if isinstance(part, Chosen)]
        self.index = number(here[0].at, self.steps.shape) - 1

    def screen(self) -> tuple[list[Block], list[Block]]:
        """Return what stands on the screen, and what stands at its foot."""
        if self.keys:
            return [Heading("Keys"), Text(""), Table(("key", "what it does"), KEYS, frozenset({0, 1}))], [
                Text("any key goes back", Role.QUIET)
            ]
        name = f"step {self.index + 1} of {self.count} · {self.steps.name(self.index)}"
        blocks = self.steps.blocks(self.index)
        if not self.sums:
            blocks = [block for block in blocks if not isinstance(block, Sum)]
        return [self.steps.heading, Subheading(name), *blocks], [Text(self._foot(), Role.QUIET)]

    def _foot(self) -> str:
        if self.typed is not None:
            return f"go to {self.steps.naming.typed}: {self.typed}_"
        if self.message:
            return self.message
        if self.playing:
            return f"playing, {self.speed:g} a second · space pauses · + - speed · q leaves"
        if self.steps.inner is not None:
            return "← → layer · Enter its steps · g go to · space play · p o h look · ? keys · q leave"
        if self.above:
            return "← → step · Backspace up · ↑ ↓ row · g go to · space play · ? keys · q leave"
        return "← → step · ↑ ↓ row · g go to · space play · p o h look · ? keys · q leave"
