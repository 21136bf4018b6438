"""A folder of source files: which networks it has, and in which file the one that is asked for stands."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from convcalc.errors import InputError, UsageError, nearest
from convcalc.network.source.files import MOST_BYTES
from convcalc.network.source.texts import parse
from convcalc.watch import Watch, unwatched

MOST_FILES = 2_000
MOST_LISTED = 8
PASSED_OVER = frozenset(("venv", "env", "node_modules", "build", "dist", "site-packages", "tests", "test", "docs"))
"""Folders in which nobody's networks are."""
MODULES = ("Module", "LightningModule", "Sequential", "Model")
"""Bases by which a class is known to be a network."""


class Defined(NamedTuple):
    """A network's class, or a function that makes one, and where it stands."""

    name: str
    file: Path
    node: ast.ClassDef | ast.FunctionDef


def network_in(root: Path, wanted: str | None, watch: Watch = unwatched) -> tuple[Path, str | None]:
    """Return the file of a folder that has the network asked for (or the only one), and what to ask that file for.

    Raises UsageError that lists them where there are several.
    """
    sources = list(_sources(root))
    if not sources:
        raise UsageError(f"{root} is a folder without source files", hint="name a .py file")
    defined = [one for path in watch(sources, len(sources), "files") for one in _defined(path)]
    classes = _networks(defined)
    if wanted is not None:
        return _asked(root, wanted, defined, classes)
    inner = {name for one in classes for name in _mentions(one.node) if name != one.name}
    outer = [one for one in classes if one.name not in inner]
    candidates = outer or classes
    if len(candidates) == 1:
        return candidates[0].file, candidates[0].name
    if not candidates and len(sources) == 1:
        return sources[0], None  # which says itself what it has
    if not candidates:
        hint = f"name a file of it, as {sources[0]}"
        raise UsageError(f"no file of {root} has a class that derives from nn.Module", hint=hint)
    raise UsageError(
        f"{root} has several networks: {_listed(root, candidates)}",
        hint=f"pick one: convcalc model {root} --class {_dotted(root, candidates[-1])}",
    )


def _listed(root: Path, found: list[Defined]) -> str:
    names = [_dotted(root, one) for one in found]
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    return ", ".join(names[:MOST_LISTED]) + more


def _dotted(root: Path, one: Defined) -> str:
    return ".".join((*one.file.relative_to(root).with_suffix("").parts, one.name))


def _asked(root: Path, wanted: str, defined: list[Defined], classes: list[Defined]) -> tuple[Path, str | None]:
    """Return the file for a name, as ``Net``, ``Net(10)``, ``models.net.Net(10)``, or only ``models.net``."""
    head = re.match(r"[\w.]+", wanted)
    words = head[0].split(".") if head else []
    for count in range(len(words), 0, -1):
        file = root.joinpath(*words[:count]).with_suffix(".py")
        if file.is_file():
            return file, wanted.removeprefix(".".join(words[:count])).removeprefix(".") or None
    found = [one for one in defined if words and one.name == words[0]]
    if len(found) == 1:
        return found[0].file, wanted
    if found:
        raise UsageError(
            f"{root} has several '{words[0]}': {_listed(root, found)}", hint=f"as in --class {_dotted(root, found[0])}"
        )
    by_lower = {one.name.lower(): one.name for one in defined}
    close = [by_lower[name] for name in nearest((words[0] if words else wanted).lower(), list(by_lower))]
    listing = f"did you mean {' or '.join(close)}?" if close else f"it has {_listed(root, classes) or 'none'}"
    raise UsageError(f"{root} has no network '{wanted}'", hint=listing)


def _sources(root: Path) -> Iterator[Path]:
    """Yield the source files of a folder and of those within it, nearest first."""
    waiting, count = [root], 0
    while waiting:
        folder = waiting.pop(0)
        try:
            entries = sorted(folder.iterdir())
        except OSError:
            continue
        for path in entries:
            if path.suffix == ".py" and path.is_file() and path.stat().st_size <= MOST_BYTES:
                count += 1
                if count > MOST_FILES:
                    raise UsageError(f"{root} has more than {MOST_FILES:,} source files", hint="name a smaller folder")
                yield path
            elif path.is_dir() and not path.is_symlink() and not path.name.startswith((".", "_")):
                waiting += [path] if path.name.lower() not in PASSED_OVER else []


def _defined(path: Path) -> Iterator[Defined]:
    """Yield the classes and functions of a file; one that is no Python has none."""
    try:
        tree, _ = parse(path.read_bytes(), str(path))
    except (InputError, OSError):
        return
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield Defined(node.name, path, node)


def _networks(defined: list[Defined]) -> list[Defined]:
    """Return the classes that derive from a network's, directly or by way of each other."""
    names, found = set(MODULES), 0
    classes = [one for one in defined if isinstance(one.node, ast.ClassDef)]
    while len(names) > found:
        found = len(names)
        names |= {one.name for one in classes if _bases(one.node) & names}
    return [one for one in classes if _bases(one.node) & names]


def _bases(node: ast.ClassDef | ast.FunctionDef) -> set[str]:
    bases = node.bases if isinstance(node, ast.ClassDef) else []
    return {ast.unparse(base).rpartition(".")[2] for base in bases}


def _mentions(node: ast.AST) -> set[str]:
    names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    return names | {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}
