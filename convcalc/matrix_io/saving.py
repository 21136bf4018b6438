"""Files written whole or not at all."""

import errno
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import IO

import numpy as np

from convcalc.ending import before_ending
from convcalc.engine.exact import Array, as_answer, as_floats, to_float
from convcalc.errors import InputError

_MAY_WRITE = "name a file in a folder you may write"
_WRITE_HINTS = {
    errno.ENOSPC: "make room there, or name a file on another disk",
    errno.EDQUOT: "make room there, or name a file on another disk",
    errno.ENOENT: "make the folder first (mkdir), or name a file in one that is there",
    errno.ENAMETOOLONG: "give it a shorter name",
}

Content = Iterator[str] | Array | bytes | Callable[[IO[bytes]], None]
"""What a file is to hold: lines, an array (as NPY), bytes, or whatever a function writes."""


def write_whole(path: Path, content: Content) -> None:
    """Write a file whole or not at all: beside it first, then in its place. Raises InputError if it cannot be.

    A special file, such as /dev/null, is written straight. One with other names (hard links) or of another owner is
    overwritten, once the whole is there beside it; if that is cut off, the whole is left there.
    """
    overwriting = False
    try:
        is_stream = path.parts[:3] == ("/", "dev", "fd") or path.parts[:2] == ("/", "proc")
        if is_stream or (path.exists() and not stat.S_ISREG(path.stat().st_mode)):
            if path.is_dir():
                raise InputError(f"'{path}' is a folder", hint=f"name a file in it, as in {path / 'answer.txt'}")
            with os.fdopen(os.open(path, os.O_WRONLY), "wb") as stream:
                _write(stream, content)
            return
        target = Path(os.path.realpath(path))
        if target.exists() and not os.access(target, os.W_OK):
            raise InputError(f"cannot write '{path}': it is read-only", hint="name another file")
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
        # Its name is known before it is there, so that whatever happens from then on, it can be taken away.
        beside = target.with_name(f".convcalc-{os.urandom(8).hex()}")

        def discard() -> None:
            if not overwriting:
                beside.unlink(missing_ok=True)

        with before_ending(discard):
            try:
                with beside.open("x+b") as new:
                    _write(new, content)
                beside.chmod(mode)
                if _would_become_another(beside, target):
                    with beside.open("rb") as whole, target.open("r+b") as old:
                        overwriting = True
                        shutil.copyfileobj(whole, old)
                        old.truncate()
                    overwriting = False
                else:
                    beside.replace(target)
            finally:
                discard()
    except (OSError, UnicodeError) as error:
        hint = _WRITE_HINTS.get(getattr(error, "errno", None) or 0, _MAY_WRITE)
        if overwriting:
            hint = f"the whole of it is in {beside}"
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot write '{path}': {reason}", hint=hint) from error


def _would_become_another(beside: Path, target: Path) -> bool:
    """Whether a file in another's place would lose its other names (hard links), its owner or its group."""
    if not target.exists():
        return False
    old, new = target.stat(), beside.stat()
    return old.st_nlink > 1 or (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid)


def make_folder(path: Path) -> Path:
    """Return a folder that is there now. Raises InputError if it cannot be made."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder '{path}': {error.strerror}", hint="name another") from error
    return path


def storable(grid: Array, dtype: str | None = None) -> Array:
    """Return a grid as NPY can hold it: quotients as their nearest floats, or every cell as its nearest of a dtype.

    Raises InputError for integers beyond 64 bits, and for what is too large for the dtype that is asked for.

    >>> storable(np.array([1, 2])).dtype.name, storable(np.array([1, 2]), "float32").dtype.name
    ('int64', 'float32')
    """
    if dtype is not None:
        kind = np.dtype(dtype)
        return as_answer(grid.ravel().tolist(), grid.shape, kind) if grid.dtype == object else as_floats(grid, kind)
    if grid.dtype != object:
        return grid
    if all(isinstance(cell, int) for cell in grid.flat):
        raise InputError("NPY cannot hold integers beyond 64 bits", hint="write .txt or .json, which can")
    return np.array([to_float(cell) for cell in grid.flat]).reshape(grid.shape)


def _write(stream: IO[bytes], content: Content) -> None:
    if isinstance(content, np.ndarray):
        # Straight to a file, numpy asks where in it it is, which a pipe does not know, and does not say why it fails.
        np.save(SimpleNamespace(write=stream.write), storable(content), allow_pickle=False)
    elif isinstance(content, bytes):
        stream.write(content)
    elif callable(content):
        content(stream)
    else:
        stream.writelines(f"{line}\n".encode("utf-8", "replace") for line in content)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
