"""A script's work as one Document: each line, and under it what it came to; the last grid is the answer."""

from collections.abc import Sequence
from typing import Protocol

from convcalc.engine.exact import Array
from convcalc.report.document import Calculation, Document, Heading, Role, Text, with_answers_drawn
from convcalc.report.grids import answer_of
from convcalc.report.numbers import Writer


class ScriptLine(Protocol):
    """What a line of a script came to."""

    @property
    def text(self) -> str:
        """The line as it was written."""

    @property
    def number(self) -> int:
        """The line's number in the script."""

    @property
    def is_comment(self) -> bool:
        """Whether it is but a comment."""

    @property
    def worked(self) -> Calculation | None:
        """The work it showed."""

    @property
    def documents(self) -> Sequence[Document]:
        """What it showed besides."""

    @property
    def carried(self) -> bool:
        """Whether its answer became the current grid."""

    @property
    def remark(self) -> str:
        """What there is to say of it."""


def script_document(parts: Sequence[ScriptLine], last: Calculation | None = None) -> Document:
    """Yield the lines and their work, answers drawn where they stand, but of `last`: its answer is the script's own."""
    for index, part in enumerate(parts):
        if part.is_comment:
            if index and not (parts[index - 1].is_comment and parts[index - 1].number == part.number - 1):
                yield Text("")
            yield Text(part.text, Role.QUIET)
            continue
        if index:
            yield Text("")
        yield Heading(f"> {part.text}")
        if part.remark:
            yield Text(f"  {part.remark}", Role.QUIET)
        for document in part.documents:
            yield from document
        if part.worked is not None:
            yield from part.worked.work if part.worked is last else with_answers_drawn(part.worked.work)


def worked_script(parts: Sequence[ScriptLine], current: Array) -> Calculation:
    """Return a script's work, and the grid it ends with."""
    last = parts[-1].worked if parts and parts[-1].carried else None

    def work() -> Document:
        yield from script_document(parts, last)
        if last is None:
            yield Text("")
            yield answer_of(current, Writer(), "channel")

    return Calculation(work(), lambda: current, None if last is None else last.write)
