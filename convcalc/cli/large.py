"""NPY in, NPY out, of any size: worked in bands, with a bar that says how far it is."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from convcalc.cli.messages import complain
from convcalc.cli.options import InputOptions, OutputOptions
from convcalc.cli.progress import progress
from convcalc.cli.surroundings import Surroundings

if TYPE_CHECKING:
    from convcalc.engine.exact import Array
    from convcalc.engine.fast.bands import Bands
    from convcalc.matrix_io.large import LargeFile, Where
    from convcalc.report.selection import Show


def large_input(here: Surroundings, source: InputOptions, out: OutputOptions, show: "Show") -> "LargeFile | None":
    """Return the input if it is to be worked in bands: from a large NPY file to another one, its work unseen."""
    # A script's answers are carried on: they are held in memory.
    straight = here.script is None and source.input is not None and out.output is not None
    if not straight or Path(str(out.output)).suffix.lower() != ".npy" or out.format is not None:
        return None
    if source.normalize or source.rgb or source.grey or source.resize or show.walk or show.quiz or show.check:
        return None
    unheard = out.scale, out.cell, out.fragment, out.frames, out.compact, out.hidden
    if show.at is not None or show.steps is not None or any(unheard):
        return None  # which are refused, or do nothing, as with a small file
    from convcalc.matrix_io.large import LargeFile

    return LargeFile.of(Path(str(source.input)))


def work_in_bands(bands: "Bands", out: OutputOptions) -> None:
    """Work an operation band by band into its output file, telling a person at a terminal how far it is."""
    from convcalc.matrix_io.large import write_parts

    with progress(bands.length, bands.noun, after=0) as advance:

        def parts() -> "Iterator[tuple[Where, Array]]":
            for part in bands.parts():
                yield part.where, part.cells
                advance(part.length)

        write_parts(Path(str(out.output)), bands.like, bands.maps, parts(), fortran=bands.fortran, asked=out.dtype)
    remark = f" ({out.dtype})" if out.dtype else ""
    complain(f"wrote the {'×'.join(map(str, bands.like.shape))} answer to {out.output}{remark}")
