"""Where grids come from and go to: a file by its suffix, standard input, or the command line itself."""

import io
import os
import re
import warnings
from collections.abc import Iterable, Iterator
from itertools import chain, repeat
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any, NamedTuple

import numpy as np

from convcalc.engine.exact import Array
from convcalc.errors import ConvcalcError, InputError, Place, nearest
from convcalc.formats import SUFFIXES as WRITTEN
from convcalc.formats import Format
from convcalc.matrix_io.images import SIGNATURES, SUFFIXES, Picture, is_picture, read_picture
from convcalc.matrix_io.kinds import Kind, kind_of
from convcalc.matrix_io.lists import placed
from convcalc.matrix_io.plain import EXACT, exact_list, plain_lines, plain_number
from convcalc.matrix_io.separators import Written
from convcalc.matrix_io.signs import DASHES
from convcalc.matrix_io.text import Grid, parse_text

MOST_BYTES = 1 << 28
LONGEST_LINE = 1 << 25
LONGEST_BEGINNING = 1 << 10
NOT_NPY = (
    ValueError,
    EOFError,
    OSError,
    TypeError,
    OverflowError,
    SyntaxError,
    TokenError,
    MemoryError,
    RecursionError,
)
"""What numpy raises for what is no NPY, or a damaged one."""
SHEETS = (".xlsx", ".xlsm")
"""Suffixes of spreadsheets, among office documents."""
GZIP = b"\x1f\x8b"
UTF16 = (b"\xff\xfe", b"\xfe\xff")
NPY_MAGIC = b"\x93NUMPY"
NOT_WRITTEN = frozenset(
    (
        "7z", "arff", "arrow", "avi", "avif", "bin", "bz2", "convcalc", "db", "dicom", "doc", "docx", "dvi",
        "emf", "eps", "exr", "fea", "feather", "fits", "gz", "h5", "hdf", "hdf5", "heic", "ico", "ipynb", "jp2",
        "jpx", "js", "json5", "jsonl", "keras", "lz4", "lzma", "mat", "mhd", "mov", "mp3", "mp4", "msgpack",
        "nc", "ndjson", "nii", "npz", "nrrd", "odp", "ods", "odt", "onnx", "orc", "parquet", "pb", "pdf",
        "pickle", "pkl", "ppt", "pptx", "ps", "psd", "pt", "pth", "py", "qti", "r", "rar", "raw", "rda", "rds",
        "rtf", "safetensors", "sav", "sqlite", "svgz", "tar", "tbz", "tflite", "tfrecord", "tgz", "toml", "wav",
        "webm", "wmf", "wmv", "xcf", "xls", "xlsb", "xlsm", "xlsx", "xml", "xz", "yaml", "yml", "z", "zip", "zst"
    )
)  # fmt: skip
"""Suffixes of files that are neither text nor written here: nobody would find in one what it is called."""
_OTHER_SIGNS = re.compile(r"[\[({&$=\n]")
"""Signs of which one at least stands in a grid of another notation than rows."""
_OTHERWISE = re.compile(rb"[^#\r\n]*[A-DF-Za-df-z\[({|&$\\=*\"]|[^#]*;[^#\n]*,|[ \t]{2,}0[ \t]|[^#]*,[^#]*;|[^#]*,\s*$")
"""How the first line begins of a text that may be written in another way than rows of numbers."""
_INLINE = re.compile(rf"\s*([{DASHES}+]|\.?\d|\[|(nan|inf|infinity)(?![^\s,;]))", re.IGNORECASE)


def looks_inline(word: str) -> bool:
    """Whether an argument is a grid written out, as in ``"1 0; 0 1"``, rather than a file's name.

    >>> looks_inline("1 0 -1; 1 0 -1"), looks_inline("[[1, 2]]"), looks_inline("grid.txt"), looks_inline("3x3.txt")
    (True, True, False, False)
    """
    return bool(_INLINE.match(word)) and not re.search(r"\.(?!e\d+$)[A-Za-z]\w*$|[\\/][A-Za-z]", word, re.IGNORECASE)


def _is_written_out(word: str) -> bool:
    """Whether an argument is a grid in another notation than rows: brackets, LaTeX, a table of several lines."""
    if not _OTHER_SIGNS.search(word):
        return False
    from convcalc.matrix_io.notations import looks_written

    return "\n" in word.strip() or looks_written(word)


class ReadOptions(NamedTuple):
    """How a grid is read: as a `picture`, which it then must be; and `as_written`, with decimals as Decimals.

    `beside` is a folder where files are looked for, too: that of a script.
    """

    picture: Picture | None = None
    as_written: bool = False
    beside: Path | None = None
    member: str | None = None
    """Which array of a file of several: what stands behind a colon."""


AS_IT_IS = ReadOptions()
"""Whatever grid it is, decimals as floats."""


def read_grid(
    word: str | os.PathLike[str], options: ReadOptions = AS_IT_IS, *, stdin: IO[bytes] | None = None, what: str = "grid"
) -> Grid:
    """Read a grid that is written out in the word itself, from a file, or from standard input (``-``).

    What can be read as numbers is that, even where a file is called so, which the grid's `note` then says. `what` names
    it in messages, as in ``--kernel:1:5``. Raises InputError with the place of the first fault.

    >>> read_grid("1 2; 3 4").cells.tolist()
    [[1, 2], [3, 4]]
    """
    if not isinstance(word, str):
        return _as_asked(read_file(Path(word), options), options)
    if not word.strip():
        raise InputError(f"{what} is empty", hint='name a file, or write the grid out: "1 2; 3 4"')
    if word == "-":
        if stdin is None:
            raise InputError("there is no standard input to read here", hint="name a file")
        return _as_asked(read_stream(stdin, "stdin", options), options)
    word = word.strip("\ufeff\u200b")
    path = file_of(word, options.beside)
    if looks_inline(word) or _is_written_out(word):
        try:
            grid = read_stream(io.BytesIO(word.encode("utf-8", "replace")), what, options)
        except InputError:
            if path is None or path.is_dir():
                raise
        else:
            note = "; ".join(filter(None, (grid.note, also_a_file(word, "as numbers", options.beside))))
            return _as_asked(grid._replace(note=note), options)
    if path is None and ":" in word:
        name, _, member = word.rpartition(":")
        path, options = file_of(name, options.beside), options._replace(member=member)
    if path is not None:
        grid = read_file(path, options)
        note = "; ".join(filter(None, (grid.note, _also_beside(path, word, options.beside))))
        return _as_asked(grid._replace(note=note), options)
    raise InputError(
        f"there is no file '{word}'", hint=file_hint(Path(word), 'name a file, or write the grid out: "1 2; 3 4"')
    )


def file_of(word: str, beside: Path | None = None) -> Path | None:
    """Return the file or folder of that name, from where one is, or else beside a script; None if there is none."""
    places = [Path(word)] + ([] if beside is None else [beside / word])
    return next((place for place in places if exists(place)), None)


def _also_beside(path: Path, word: str, beside: Path | None) -> str:
    """Say that a file of the same name lies beside the script, if it is another one."""
    other = None if beside is None else beside / word
    if other is None or not exists(other) or other.resolve() == path.resolve():
        return ""
    return f"'{word}' is the file of that name here, and not the one beside the script, {other}"


def also_a_file(word: str, taken: str, beside: Path | None = None) -> str:
    """Say how a word was taken if it is the name of a file, too, and what would name the file; else nothing.

    >>> also_a_file("2", "as numbers")
    ''
    """
    path = file_of(word, beside)
    if path is None or path.is_dir():
        return ""
    import shlex

    other = path if path.is_absolute() else f".{os.sep}{path}"
    return f"'{word}' is taken {taken}; the file of that name is {shlex.quote(str(other))}"


def _as_asked(grid: Grid, options: ReadOptions) -> Grid:
    if options.picture is not None and not grid.is_picture:
        raise InputError(
            f"'{grid.source}' is no picture", hint="--rgb, --grey and --resize are for pictures; leave them out"
        )
    return grid


def read_file(path: Path, options: ReadOptions = AS_IT_IS) -> Grid:
    """Read a grid from a file, by what it holds; its suffix tells a picture, and what separates the cells of CSV."""
    try:
        with path.open("rb") as stream:
            return read_stream(stream, str(path), options, suffix=path.suffix.lower())
    except ConvcalcError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        hint = "name a file in it" if path.is_dir() else file_hint(path, "name a file of numbers")
        raise InputError(f"cannot read '{path}': {reason}", hint=hint) from error


def read_stream(stream: IO[bytes], source: str, options: ReadOptions = AS_IT_IS, *, suffix: str = "") -> Grid:
    """Read a grid from bytes: NPY and pictures by their magic, JSON by its first sign, text otherwise."""
    blank = 0
    while (first := stream.readline(LONGEST_LINE)) and not first.strip():
        blank += 1
    if first.startswith(NPY_MAGIC):
        return Grid(placed(load_npy(_whole(first, stream, source), source), source), source)
    if first.startswith(GZIP):
        from convcalc.matrix_io.packed import unpacked

        data = unpacked(_whole(first, stream, source), source, MOST_BYTES)
        return read_stream(io.BytesIO(data), source, options, suffix=Path(source).with_suffix("").suffix.lower())
    if first.startswith(UTF16):
        text = _utf16(first + _rest(stream, source), source)
        return read_stream(io.BytesIO(text.encode()), source, options, suffix=suffix)
    if first.startswith((b"PK\x03\x04", b"\0\0")):
        from convcalc.matrix_io.packed import array_within

        data = first + _rest(stream, source)
        array = array_within(data, source, options.member, MOST_BYTES)
        if array is not None:
            return Grid(placed(array, source), source)
        stream = io.BytesIO(data[len(first) :])
    kind, stream = (None, stream) if suffix in SUFFIXES else _kind_of(first, stream, source)
    if options.member is not None and (kind is None or not kind.library):
        raise InputError(f"'{source}' is one grid, and has no part '{options.member}'", hint="leave it out")
    if kind is not None and kind.library and (kind.library != "openpyxl" or suffix in SHEETS):
        from convcalc.matrix_io.foreign import opened

        hint = kind.hint.replace("{}", source)
        found = opened(kind.library, first + _rest(stream, source), source, options.member, kind.name, hint)
        if isinstance(found, str):
            return read_stream(io.BytesIO(found.encode()), source, options._replace(member=None), suffix=".csv")
        return Grid(placed(found, source), source)
    if kind is not None:
        raise InputError(f"'{source}' is {kind.name}", hint=kind.hint.replace("{}", source))
    if suffix in SUFFIXES or first.startswith(SIGNATURES):
        return _picture(_whole(first, stream, source), source, options)
    if _OTHERWISE.match(first) and not first.startswith(b"#"):
        text = (b"\n" * blank + first + _rest(stream, source)).decode("utf-8-sig", "replace")
        from convcalc.matrix_io.lists import written_otherwise

        other = written_otherwise(text, source, as_written=options.as_written)
        if other is not None:
            return other
        first, stream, blank = text.encode(), io.BytesIO(), 0
        lines: Iterator[str] = _text_lines(text.encode().splitlines(keepends=True), stream, source)
    else:
        lines = _text_lines(chain(repeat(b"\n", blank), [first]), stream, source)
    delimiter = {".csv": ";", ".tsv": "\t"}.get(suffix)
    head = Written(first, suffix)
    grid = parse_text(head.seen(lines), source, delimiter=delimiter, as_written=options.as_written)
    return grid._replace(note=head.note(grid.cells))


def _kind_of(first: bytes, stream: IO[bytes], source: str) -> tuple[Kind | None, IO[bytes]]:
    """Return what kind of file begins so, and a stream of what comes behind its first line."""
    seen: list[bytes] = []

    def more() -> bytes:
        seen.append(stream.read(LONGEST_BEGINNING))
        return seen[0]

    kind = kind_of(first, more)
    return kind, io.BytesIO(seen[0] + _rest(stream, source)) if seen else stream


def _utf16(data: bytes, source: str) -> str:
    try:
        return data.decode("utf-16")
    except UnicodeDecodeError:
        raise InputError(
            "this is not UTF-16 text, as it begins", hint="save it as UTF-8", place=Place(source)
        ) from None


def _whole(first: bytes, stream: IO[bytes], source: str) -> IO[bytes]:
    """Return a stream from its beginning, of which the first bytes were read."""
    if isinstance(stream, io.BufferedReader) and stream.seekable():
        stream.seek(0)
        return stream
    return io.BytesIO(first + _rest(stream, source))


def _picture(file: Path | IO[bytes], source: str, options: ReadOptions) -> Grid:
    cells, note = read_picture(file, source, options.picture or Picture())
    return Grid(cells, source, is_picture=True, note=note)


def _rest(stream: IO[bytes], source: str) -> bytes:
    rest = stream.read(MOST_BYTES + 1)
    if len(rest) > MOST_BYTES:
        raise InputError(
            f"there is more than {MOST_BYTES >> 20} MiB of it",
            hint="save a grid this large as .npy",
            place=Place(source),
        )
    return rest


def _text_lines(first: Iterable[bytes], stream: IO[bytes], source: str) -> Iterator[str]:
    """Yield decoded lines; raise InputError for what is no text, and before a line too long to hold."""
    rest = iter(lambda: stream.readline(LONGEST_LINE), b"")
    for number, line in enumerate(chain(first, rest), 1):
        if len(line) >= LONGEST_LINE:
            raise InputError(
                f"a line is longer than {LONGEST_LINE >> 20} MiB",
                hint="save a grid this large as .npy",
                place=Place(source, number),
            )
        if b"\0" in line or line.startswith(UTF16):
            raise InputError(
                "this is not UTF-8 text", hint="save it as UTF-8 text, .csv, .json or .npy", place=Place(source)
            )
        text = line.decode("utf-8-sig" if number == 1 else "utf-8", "replace")
        # Some ends of lines are a lone CR, or a vertical tab; DOS ended files by Ctrl-Z.
        yield from re.split("\r" if "#" in text else "[\r\v]", text.rstrip("\r\n\x1a"))


def load_npy(file: Any, source: str) -> Any:
    """Return what an NPY file holds, mapped if it is a path; raise InputError if that is no array of numbers."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.load(file, mmap_mode="r" if isinstance(file, Path) else None, allow_pickle=False)
    except NOT_NPY as error:
        pickled = re.search("pickle|Python objects|Object arrays", str(error))
        reason = "it holds pickled objects, which could run code" if pickled else "it is damaged or not NPY"
        raise InputError(
            f"cannot read '{source}': {reason}", hint="save it again with numpy.save(file, array.astype(float))"
        ) from error


def exists(path: Path) -> bool:
    """Whether there is a file of that name, however odd the name."""
    try:
        return path.exists()
    except (OSError, ValueError):  # a grid written out can be too long, or hold signs no name may
        return False


def file_hint(path: Path, otherwise: str) -> str:
    """Return a hint at the files that a name which is none may have been meant for."""
    folder = path.parent
    try:
        if path.is_symlink():
            return f"it is a link to '{os.readlink(path)}', which is not there"
        close = nearest(path.name, [entry.name for entry in folder.iterdir() if entry.name != path.name])
    except (OSError, ValueError):
        close = []
    if close:
        return f"did you mean {' or '.join(str(folder / name) for name in close)}?"
    return otherwise


def format_of(path: Path) -> str:
    """Return how a file of that name is written: its suffix, ``txt`` for one that says nothing of its own.

    ``picture`` stands for all of theirs. Raises InputError for a suffix that stands for something else.
    """
    suffix = path.suffix.lower().lstrip(".")
    if suffix == "npy" or f".{suffix}" in WRITTEN:
        return suffix
    if is_picture(path):
        return "picture"
    if suffix in NOT_WRITTEN:
        usual = [style.record.suffixes[0] for style in Format if style.record.suffixes]
        raise InputError(
            f"convcalc does not write .{suffix} files",
            hint=f"use .txt, .npy, {', '.join(usual[:-1])} or {usual[-1]}",
        )
    return "txt"


def answer_lines(grid: Array, style: Format, write: Any = None) -> Iterator[str]:
    """Yield the lines of an answer as plain rows, CSV, TSV or JSON; `write` formats a cell of the first three."""
    if style.record.holds_steps:
        import json

        yield json.dumps(exact_list(grid, write))
        return
    for line in plain_lines(grid, write or plain_number):
        if not style.record.separator:
            yield line
        elif not line.startswith(f"#{EXACT}"):  # a shape, which these have no word for
            row = "---" if line.startswith("#") else line.partition("  #")[0]
            yield row.replace(" ", style.record.separator)
