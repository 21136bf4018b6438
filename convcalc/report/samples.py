"""The samples as a Document: what each is, and a command to try with it."""

from collections.abc import Sequence

from convcalc.report.document import Document, Drawing, Heading, Role, Text


def samples_document(rows: Sequence[tuple[str, str, str]]) -> Document:
    """Yield every sample's name, what it is, and a command that can be pasted."""
    yield Heading(f"{len(rows)} samples: sample:NAME stands wherever a file can")
    for name, what, command in rows:
        yield Text("")
        yield Text(f"{name}: {what}")
        yield Drawing((((f"  {command}", Role.QUIET),),))
