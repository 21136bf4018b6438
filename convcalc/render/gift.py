"""Exercises as GIFT, a text that Moodle and other platforms import: a numerical question for each number asked for."""

from collections.abc import Iterator, Sequence

from convcalc.render.moodle import html_of
from convcalc.report.items import Cell, Item, by_folder

_ESCAPED = str.maketrans({sign: f"\\{sign}" for sign in "~=#{}:\\"})
"""Signs that mean something in GIFT."""


def render(items: Sequence[Item]) -> Iterator[str]:
    """Yield the lines of a file of questions; of a grid, each cell is asked for by itself, as GIFT knows no grids."""
    for folder, some in by_folder(items).items():
        yield f"$CATEGORY: $course$/top/{folder}"
        yield ""
        for item in some:
            yield from _questions(item)


def _questions(item: Item) -> Iterator[str]:
    maps, rows, columns = item.shape
    given = html_of(item.given)
    for index, cell in enumerate(item.cells):
        title, asked = item.title, item.asked
        if len(item.cells) > 1:
            place = (index // (rows * columns), index // columns % rows, index % columns)
            at = ",".join(map(str, place[0 if maps > 1 else 1 if rows > 1 else 2 :]))
            title, asked = f"{title} · [{at}]", f"{asked} Give the number at [{at}]."
        text = f"{given}<p>{asked}</p>".replace("\n", " ").translate(_ESCAPED)
        yield f"::{title.translate(_ESCAPED)}::[html]{text}{{#"
        yield from _answers(cell)
        yield "}"
        yield ""


def _answers(cell: Cell) -> Iterator[str]:
    yield f"  =%100%{cell.value}:{cell.tolerance}"
    for wrong in cell.foreseen:
        reason = f"It would come out so if {wrong.reason}.".translate(_ESCAPED)
        yield f"  =%0%{wrong.value}:{cell.tolerance}#{reason}"
