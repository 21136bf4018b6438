"""What is read for a command: how a picture is taken, bytes, biases; and that no source is written over."""

import os
from typing import TYPE_CHECKING

from convcalc.cli.options import InputOptions, numbers
from convcalc.errors import InputError, UsageError

if TYPE_CHECKING:
    from convcalc.cli.output import Channel
    from convcalc.engine.exact import Array
    from convcalc.matrix_io.files import ReadOptions


LARGEST_BYTE, LARGEST_SIDE = 255, 8192


def read_options(source: InputOptions) -> "ReadOptions":
    """Return how the input is to be read: as a picture, if anything is said of one; otherwise it may be any grid."""
    from convcalc.matrix_io.files import ReadOptions

    if source.rgb and source.grey:
        raise UsageError("--rgb and --grey exclude each other", hint="leave one of them out")
    if not (source.rgb or source.grey or source.resize is not None):
        return ReadOptions()
    from convcalc.matrix_io.images import Picture

    size = numbers(source.resize, "--resize", most=2, least=1, example="28x28") if source.resize is not None else None
    if size is not None and max(size) > LARGEST_SIDE:
        raise UsageError(f"--resize {source.resize} is too large", hint=f"at most {LARGEST_SIDE}")
    return ReadOptions(Picture(source.rgb, None if size is None else (size[0], size[-1]), source.grey))


def check_bytes(grid: "Array") -> None:
    """Refuse to bring cells to 0..1 that 8 bits cannot hold."""
    if grid.min() < 0 or grid.max() > LARGEST_BYTE:
        raise InputError(
            f"the cells reach from {grid.min()} to {grid.max()}, and 8 bits hold 0 to {LARGEST_BYTE}",
            hint="leave --normalize out",
        )


def read_bias(channel: "Channel", text: str, noun: str) -> "Array":
    """Read the biases: numbers parted by commas or spaces, or a file of them."""
    cells = channel.read(text, "--bias").cells
    if cells.ndim > 2 or min(cells.shape, default=1) > 1:
        raise InputError("the bias must be one row or one column of numbers", hint=f"one number per {noun}, as in 1,0")
    return cells.ravel()


def refuse_overwriting(output: str | None, source: str | None, what: str) -> None:
    """Refuse to write to the file that is read, by whichever name."""
    try:
        same = output is not None and source is not None and os.path.samefile(output, source)
    except (OSError, ValueError):
        return
    if same:
        raise UsageError(f"--output {output} is {what}", hint="name another file")
