"""A chain of windows, written in few words: ``conv 5, pool 2``; the small sister of a network."""

import re
from dataclasses import dataclass
from fractions import Fraction

from convcalc.choices import PaddingRule
from convcalc.engine.geometry import Axis, padding_amounts
from convcalc.errors import ConvcalcError, InputError, Place, UsageError, did_you_mean
from convcalc.network.layer import Reach
from convcalc.network.receptive import Along

SOURCE = "--chain"
WORDS = ("conv", "pool")
_SETTING = re.compile(r"-{0,2}(s|p|d|stride|padding|dilation)[= ]*(\d{1,9}|same|valid|full)\b|-{0,2}(ceil)\b")
EXAMPLE = 'as in "conv 5, pool 2", or "conv 3 s2 p1, pool 3 s2"'


@dataclass(frozen=True, slots=True)
class Link:
    """One window of a chain: its words, and its settings. A pool's stride is its window's size, unless given."""

    text: str
    place: Place
    kernel: tuple[int, ...]
    stride: int | None
    padding: int | PaddingRule
    dilation: int
    ceil: bool

    @property
    def is_pool(self) -> bool:
        """Whether it pools."""
        return self.text.startswith("pool")

    def axis(self, size: int, index: int) -> Axis:
        """Return the window along one axis (0: rows, 1: columns) of so many cells."""
        kernel = self.kernel[index % len(self.kernel)]
        stride = self.stride if self.stride is not None else kernel if self.is_pool else 1
        if isinstance(self.padding, int):
            before = after = self.padding
        else:
            before, after = padding_amounts(self.padding, 0, size, kernel, max(stride, 1), self.dilation)
        noun = "window" if self.is_pool else "kernel"
        return Axis(size, kernel, stride, before, after, self.dilation, self.ceil, noun=noun)


@dataclass(frozen=True, slots=True)
class LinkResult:
    """What one link came to: its axes, and the receptive field along each."""

    link: Link
    axes: tuple[Axis, ...]
    fields: tuple[Along, ...]


def links(text: str) -> list[Link]:
    """Read a chain; raise UsageError with a caret.

    >>> [(link.kernel, link.stride) for link in links("conv 5, pool 2 s1")]
    [((5,), None), ((2,), 1)]
    """
    chain = []
    for match in re.finditer(r"[^,;]+", text):
        part = match[0].strip()
        column = match.start() + len(match[0]) - len(match[0].lstrip()) + 1
        if part:
            chain.append(_link(part, Place(SOURCE, 1, column, text, len(part))))
    if not chain:
        raise UsageError("--chain is empty", hint=EXAMPLE)
    return chain


def _link(part: str, place: Place) -> Link:
    head = re.match(r"([A-Za-z]+)\s*(\d{1,9}(?:[x×]\d{1,9})?)?\s*", part)
    if head is None or head[1].lower() not in WORDS:
        word = part.split()[0]
        hint = did_you_mean(word, WORDS, EXAMPLE)
        raise UsageError(f"'{word}' is no window: a chain has conv and pool", hint=hint, place=place)
    if head[2] is None:
        raise UsageError(f"{head[1]} is given no size", hint=EXAMPLE, place=place)
    settings: dict[str, str] = {}
    rest, at = part[head.end() :].strip(), 0
    while at < len(rest):
        setting = _SETTING.match(rest, at)
        if setting is None:
            raise UsageError(f"'{rest[at:]}' is no setting", hint=EXAMPLE, place=place)
        settings[(setting[1] or setting[3])[0]] = setting[2] or ""
        at = setting.end()
        at += len(rest[at:]) - len(rest[at:].lstrip())
    padding = settings.get("p", "0")
    for letter in "sd":
        if not settings.get(letter, "1").isdigit():
            raise UsageError(f"'{part}': only a padding can be {settings[letter]}", hint=EXAMPLE, place=place)
    return Link(
        f"{head[1].lower()} {part[head.start(2) :]}",
        place,
        tuple(int(size) for size in re.split("[x×]", head[2])),
        int(settings["s"]) if "s" in settings else None,
        int(padding) if padding.isdigit() else PaddingRule(padding),
        int(settings.get("d", "1")),
        "c" in settings,
    )


def follow(chain: list[Link], sizes: tuple[int, ...]) -> list[LinkResult]:
    """Return what each link makes of an input of these sizes; raise InputError at the link that does not fit."""
    fields: tuple[Along, ...] = (Along(),) * len(sizes)
    results = []
    for link in chain:
        try:
            axes = tuple(link.axis(size, index) for index, size in enumerate(sizes))
        except ConvcalcError as error:
            raise InputError(error.message, hint=error.hint, place=link.place) from None
        reaches = (Reach(axis.extent, Fraction(axis.stride), Fraction(axis.before)) for axis in axes)
        fields = tuple(field.read_by(reach) for field, reach in zip(fields, reaches, strict=True))
        sizes = tuple(axis.output for axis in axes)
        results.append(LinkResult(link, axes, fields))
    return results
