"""Work written to files, as the command line writes it, its words Python's."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convcalc.engine.exact import Array
from convcalc.errors import UsageError
from convcalc.formats import style_of
from convcalc.library.words import work_in_python
from convcalc.matrix_io.saving import write_whole
from convcalc.report.document import Calculation, Document

TEXT_WIDTH = 100


def save(
    worked: Calculation, path: str | Path, operation: str, settings: Mapping[str, Any], reads: Mapping[str, Array]
) -> None:
    """Write a calculation: its work, its answer, or all there is, as the suffix says."""
    from convcalc.cli.options import OutputOptions
    from convcalc.cli.output import saved
    from convcalc.cli.surroundings import Surroundings

    here = Surroundings(None, sys.stdout, operation=operation, arguments=settings, grids=dict(reads))
    speaking = worked._replace(work=work_in_python(worked.work))
    saved(here, speaking, OutputOptions(output=str(path)), style_of(str(path)), Path(path))


def save_document(document: Document, path: str | Path) -> None:
    """Write a document that has no answer of its own, as the suffix says; raise UsageError for one of a grid."""
    from convcalc.cli.formats import document_lines
    from convcalc.render.glyphs import UNICODE
    from convcalc.render.plain import render

    style, suffix = style_of(str(path)), Path(path).suffix.lower()
    if style.record.draws:
        write_whole(Path(path), document_lines(document, style))
    elif suffix in ("", ".txt"):
        write_whole(Path(path), render(document, TEXT_WIDTH, UNICODE, answers=True))
    else:
        raise UsageError(f"a {suffix} file holds no such work", hint="try .html, .svg, .md, .tex or .txt")
