"""What is read for a command: grids by the user's words for them, biases, bytes; and that no source is written over."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from convcalc.cli.messages import note
from convcalc.cli.options import InputOptions, numbers
from convcalc.cli.surroundings import Surroundings
from convcalc.errors import InputError, Place, UsageError

if TYPE_CHECKING:
    from convcalc.engine.exact import Array
    from convcalc.matrix_io.files import ReadOptions
    from convcalc.matrix_io.text import Grid


LARGEST_BYTE, LARGEST_SIDE = 255, 8192


def find(here: Surroundings, word: str | None, what: str, options: "ReadOptions | None" = None) -> "Grid":
    """Read a grid by the user's word for it; without a word the script's current grid, or what is piped in."""
    from convcalc.matrix_io.files import AS_IT_IS, also_a_file, read_grid
    from convcalc.matrix_io.text import Grid

    options = (options or AS_IT_IS)._replace(beside=here.folder)
    session = here.session
    if word is None and session is not None and session.current is not None:
        return Grid(session.current, "the current grid")
    if word is not None and word in here.names:
        note(also_a_file(word, "as the grid of that name", here.folder))
        return Grid(here.names[word], word)
    if word is None and not here.has_input:
        if session is not None:
            raise UsageError("there is no current grid", hint="begin with a line such as: input grid.txt")
        raise UsageError(
            "there is no input grid", hint='name one (--input grid.txt, --input "1 2; 3 4") or pipe one in'
        )
    if word not in (None, "-"):
        grid = read_grid(str(word), options, what=what)
        note(grid.note)
        return grid
    if here.stdin is None:
        raise UsageError("standard input is taken already", hint="read only one grid from it")
    grid = read_grid("-", options, stdin=here.stdin)
    note(grid.note)
    here.stdin = None
    here.comments += grid.comments
    return grid


def read(here: Surroundings, word: str | None, what: str) -> "Grid":
    """Read a grid by the user's word for it, and remember it as what it is, such as --input."""
    grid = find(here, word, what)
    here.grids[what.removeprefix("--")] = grid.cells
    return grid


def read_answer(here: Surroundings, word: str | None, what: str) -> "Grid":
    """Read an answer that is to be marked, with the digits that were written."""
    from convcalc.matrix_io.files import ReadOptions

    return find(here, word, what, ReadOptions(as_written=True))


def read_input(here: Surroundings, source: InputOptions, *, normalize: bool = True) -> "Grid":
    """Read the input as its options say; a command that shows the division by 255 itself does it itself."""
    grid = find(here, source.input, "--input", read_options(source))
    if source.normalize and normalize:
        from convcalc.engine.exact import divided

        check_bytes(grid.cells)
        here.undivided = grid.cells
        grid = grid._replace(cells=divided(grid.cells, LARGEST_BYTE))
    here.grids["input"] = grid.cells
    return grid


def one_of(
    here: Surroundings, argument: str | None, option: str | None, noun: str, example: str, source: InputOptions
) -> str:
    """Return the user's word for a second grid, given once, as argument or option; both cannot be the pipe."""
    words = [word for word in (argument, option) if word is not None]
    article = "are the" if noun.endswith("s") else "is the"
    if len(words) > 1:
        raise UsageError(
            f"there are two {noun.removesuffix('s')}s, '{words[0]}' and '{words[1]}'",
            hint=f"a grid goes after --input; what stands alone {article} {noun}",
        )
    if not words:
        raise UsageError(f"there {'are' if noun.endswith('s') else 'is'} no {noun}", hint=f"as in {example}")
    if words[0] == "-" and source.input in (None, "-"):
        raise UsageError(f"the input and the {noun} cannot both be standard input", hint="name a file for one of them")
    if source.input is None and not here.has_input:
        raise UsageError(
            f"there is no input grid: '{words[0]}' {article} {noun}",
            hint="a grid goes after --input, or is piped in",
        )
    return words[0]


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


def read_bias(here: Surroundings, text: str, noun: str) -> "Array":
    """Read the biases: numbers separated by commas or spaces, or a file of them."""
    cells = read(here, text, "--bias").cells
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


def read_bytes(here: Surroundings, word: str, what: str, most: int) -> bytes:
    """Return what stands in a file, or in standard input, if that is at most so many bytes."""
    if word == "-":
        if here.stdin is None:
            raise InputError("there is no standard input to read here", hint="name a file")
        data, source = here.stdin.read(most + 1), "stdin"
        here.stdin = None
    else:
        source = word
        try:
            with Path(word).open("rb") as stream:
                data = stream.read(most + 1)
        except (OSError, ValueError) as error:
            from convcalc.matrix_io.files import file_hint

            reason = getattr(error, "strerror", None) or str(error)
            hint = file_hint(Path(word), "name a file, or -")
            raise InputError(f"cannot read the {what} '{word}': {reason}", hint=hint) from None
    if len(data) > most:
        raise InputError(f"the {what} has more than {most >> 20} MiB", hint="use a smaller one", place=Place(source))
    return data
