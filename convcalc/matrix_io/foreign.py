"""Grids in files of other programs, which libraries of the extra `files` open: HDF5, MATLAB's, and spreadsheets."""

import importlib
import io
from collections.abc import Callable, Mapping
from typing import Any

from convcalc.errors import InputError
from convcalc.matrix_io.packed import chosen

INSTALL = "pip install 'convcalc[files]' reads it"


def opened(library: str, data: bytes, source: str, member: str | None, what: str, hint: str) -> Any:
    """Return an array, or the text of a sheet's rows; raise InputError where the library is not there, or it fails.

    `member` is the array or sheet that is meant, of several.
    """
    module_name, read = READERS[library]
    try:
        module = importlib.import_module(module_name)
    except ImportError:
        raise InputError(f"'{source}' is {what}", hint=f"{INSTALL}; or {hint}") from None
    try:
        return read(module, data, source, member)
    except InputError:
        raise
    except Exception as error:  # a damaged file may raise anything
        raise InputError(f"'{source}' is {what}, and cannot be read: {error}"[:200], hint="is it whole?") from None


def _hdf5(h5py: Any, data: bytes, source: str, member: str | None) -> Any:
    with h5py.File(io.BytesIO(data), "r") as file:
        found: dict[str, Any] = {}
        file.visititems(lambda name, item: found.update({name: item}) if isinstance(item, h5py.Dataset) else None)
        found = {name: item for name, item in found.items() if not name.startswith("#")}
        array = found[chosen(list(found), source, member)][()]
        return array.T if data[:6] == b"MATLAB" else array  # whose axes it saves the other way round


def _matlab(scipy_io: Any, data: bytes, source: str, member: str | None) -> Any:
    found = {name: value for name, value in scipy_io.loadmat(io.BytesIO(data)).items() if not name.startswith("__")}
    array = found[chosen(list(found), source, member)]
    return array.toarray() if hasattr(array, "toarray") else array


def _sheet(openpyxl: Any, data: bytes, source: str, member: str | None) -> str:
    """Return a sheet's rows as CSV, so that a header or an index is read as in a file of text."""
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    sheets = {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets}
    filled = {name: rows for name, rows in sheets.items() if any(cell is not None for row in rows for cell in row)}
    rows = filled[chosen(list(filled), source, member)]
    columns = sorted({place for row in rows for place, cell in enumerate(row) if cell is not None})
    kept = [row for row in rows if any(cell is not None for cell in row)]
    return "\n".join(",".join(_cell(row[place]) for place in columns) for row in kept)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return repr(value) if isinstance(value, int | float) else '"' + str(value).replace('"', '""') + '"'


READERS: Mapping[str, tuple[str, Callable[[Any, bytes, str, str | None], Any]]] = {
    "h5py": ("h5py", _hdf5),
    "scipy": ("scipy.io", _matlab),
    "openpyxl": ("openpyxl", _sheet),
}
"""What opens a kind of file, and how."""
