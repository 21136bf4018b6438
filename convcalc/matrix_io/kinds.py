"""Kinds of files that hold no grid, or one that is not read here: known by how they begin, whatever they are called."""

import re
from collections.abc import Callable
from typing import NamedTuple


class Kind(NamedTuple):
    """A kind of file: how it begins, what it is, and what helps; ``{}`` stands for the file's name."""

    begins: bytes
    name: str
    hint: str
    library: str = ""
    """What opens it, if it is there."""


_SAVE = "save one array of it: python -c \"import numpy, {module}; numpy.save('grid.npy', {take})\""
_HDF5 = _SAVE.format(module="h5py", take="h5py.File('{}')['NAME'][()]")
_TORCH = _SAVE.format(module="torch", take="torch.load('{}')['NAME'].numpy()")
_MATLAB = _SAVE.format(module="scipy.io", take="scipy.io.loadmat('{}')['NAME']")
_PARQUET = _SAVE.format(module="pandas", take="pandas.read_parquet('{}').to_numpy()")
_SAFETENSORS = _SAVE.format(module="safetensors.numpy", take="safetensors.numpy.load_file('{}')['NAME']")
_UNPACK = "unpack it first, and name what was in it"
_OFFICE = "an office document"
_SHEET = "save the sheet as .csv"
_NETWORK = "a grid is one array of it: save that as .npy"
_COPY = "copy the numbers into a .txt or .csv"
_PICTURE = "save it as .png"
_ZIP = rb"PK\x03\x04.{26}"

KINDS = (
    Kind(rb"\x89HDF", "an HDF5 file", _HDF5, "h5py"),
    Kind(_ZIP + rb"[^/]*/(data\.pkl|\.format_version|byteorder)", "a PyTorch file", _TORCH),
    Kind(_ZIP + rb"(config|metadata)\.json", "a Keras file", _NETWORK),
    Kind(
        _ZIP + rb"(\[Content_Types\]|_rels/|xl/|word/|ppt/|docProps/|mimetype)",
        "an office document",
        _SHEET,
        "openpyxl",
    ),
    Kind(rb"PK\x03\x04|PK\x05\x06", "a ZIP archive", _UNPACK),
    Kind(rb"\xd0\xcf\x11\xe0", _OFFICE, _SHEET),
    Kind(rb"BZh[1-9]", "packed by bzip2", "unpack it on the way: bzip2 -dc '{}' | convcalc …"),
    Kind(rb"\xfd7zXZ", "packed by xz", "unpack it on the way: xz -dc '{}' | convcalc …"),
    Kind(rb"\x28\xb5\x2f\xfd", "packed by zstd", "unpack it on the way: zstd -dc '{}' | convcalc …"),
    Kind(rb".{257}ustar|7z\xbc\xaf|Rar!", "an archive", _UNPACK),
    Kind(rb"\x80[\x02-\x05]", "a pickle, which could run code", _NETWORK),
    Kind(rb"MATLAB 7\.3", "a MATLAB file", _MATLAB, "h5py"),
    Kind(rb"MATLAB [57]\.", "a MATLAB file", _MATLAB, "scipy"),
    Kind(rb"\x08[\x01-\x1f][\x12\x1a\x22\x3a]", "an ONNX file", _NETWORK),
    Kind(rb".{4}TFL3", "a TensorFlow Lite file", _NETWORK),
    Kind(rb'.{5}\0{3}\{"', "a safetensors file", _SAFETENSORS),
    Kind(rb"GGUF", "a GGUF file", _NETWORK),
    Kind(rb"PAR1", "a Parquet file", _PARQUET),
    Kind(rb"ARROW1|FEA1", "an Arrow file", _COPY),
    Kind(rb"SQLite format 3", "an SQLite database", _COPY),
    Kind(rb"%PDF-", "a PDF", _COPY),
    Kind(rb"%!PS", "a PostScript file", _COPY),
    Kind(rb"\{\\rtf", "an RTF document", _COPY),
    Kind(rb"(?i:\s*<(!doctype|html|\?xml|svg)\b)", "a page or XML", _COPY),
    Kind(rb"RIFF.{4}(?!WEBP)", "a sound or a film", "name a grid, or a picture"),
    Kind(rb".{4}ftyp(hei|mif|avif)|\0\0\1\0", "a picture of a kind that is not read", _PICTURE),
    Kind(rb"\x7fELF|MZ.{30}\0|\xca\xfe\xba\xbe", "a program", "name a grid"),
)


def kind_of(first: bytes, more: Callable[[], bytes] = bytes) -> Kind | None:
    """Return the kind of a file whose first line is this, if it is one of these; `more` reads on in one of them.

    >>> kind_of(b"GGUF").name, kind_of(b"1 2")
    ('a GGUF file', None)
    """
    if first.isascii() and b"\0" not in first and first.lstrip()[:1] in b"0123456789+-.[#":
        return None  # as nearly all that is read
    if not any(re.match(kind.begins, first, re.DOTALL) for kind in KINDS):
        return None
    beginning = first + more()
    return next((kind for kind in KINDS if re.match(kind.begins, beginning, re.DOTALL)), None)
