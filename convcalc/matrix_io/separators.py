"""What the signs between a text's numbers may have been meant for, where they are read another way."""

from collections.abc import Iterable, Iterator

from convcalc.engine.exact import Array

LEAST_COUNTED = 3
"""Columns from which a first row of 0, 1, 2 is likely a header."""
COUNTED = "the first row counts 0, 1, 2 …, and is read as numbers; if it is a header, take it out: to_csv(header=False)"
ENDS_ROWS = "a semicolon ends a row; if it separates cells here, save it as .csv"
NO_TAB = "there is no tab in it, and its cells are separated by commas"


class Written:
    """A text as its lines go by: by its first line and its name's suffix, and whether every line has a semicolon."""

    def __init__(self, first: bytes, suffix: str) -> None:
        self.first, self.suffix = first, suffix
        self.lines = 0
        self.semicolons = b";" in first and suffix not in (".csv", ".tsv")

    def seen(self, lines: Iterable[str]) -> Iterable[str]:
        """Return the lines, looked at as they are read if there may be something to see."""
        return self._seen(lines) if self.semicolons else lines

    def _seen(self, lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            if line.strip():
                self.lines += 1
                self.semicolons = self.semicolons and ";" in line
            yield line

    def note(self, cells: Array) -> str:
        """Say what may have been meant otherwise, once all lines are read; else nothing."""
        notes = []
        if (self.suffix in (".csv", ".tsv") or b"," in self.first or b"\t" in self.first) and _is_counted(cells):
            notes.append(COUNTED)
        if self.semicolons and self.lines > 1 and cells.shape[-1] == 1:
            notes.append(ENDS_ROWS)
        if self.suffix == ".tsv" and b"," in self.first and b"\t" not in self.first:
            notes.append(NO_TAB)
        return "; ".join(notes)


def _is_counted(cells: Array) -> bool:
    """Whether the first row counts, as the header of a table whose columns have no names, and the second does not."""
    width = cells.shape[-1]
    if cells.ndim != 2 or len(cells) < 2 or width < LEAST_COUNTED:
        return False
    first, second = cells[:2].tolist()
    return bool(first == list(range(width)) and second != list(range(width, 2 * width)))
