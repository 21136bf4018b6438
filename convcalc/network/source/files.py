"""The files that a source file imports: those beside it, in one folder and below it. Nothing outside is opened."""

import ast
import sys
from pathlib import Path
from typing import Any

from convcalc.errors import ConvcalcError, InputError, did_you_mean
from convcalc.network.source.follower import Follower
from convcalc.network.source.texts import parse
from convcalc.network.source.toplevel import run_file
from convcalc.network.source.values import Library, Outside, Scope, SourceModule, Unknown

MOST_BYTES = 1 << 20
LIBRARIES = frozenset(("torch", "torchvision", "numpy", "keras", "tensorflow")) | sys.stdlib_module_names
"""What no file beside the network's own is called."""
MOST_FILES = 500
"""How many files are read for one network."""


class Files:
    """The files of a folder, as they are imported from one another."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def find(self, parts: list[str], level: int, importer: Path) -> Path | None:
        """Return the file or folder that an import means, within the folder."""
        return next((path for path in self._candidates(parts, level, importer) if self._holds(path)), None)

    def outside(self, parts: list[str], level: int, importer: Path) -> Path | None:
        """Return the file that an import means, if it lies outside: in a folder around this one."""
        above = [one for folder in list(self.root.resolve().parents)[:3] for one in _within(folder, parts)]
        named = [one for one in self._candidates(parts, level, importer) if not self._holds(one)]
        return next((path for path in (*named, *above) if path.is_file()), None) if parts else None

    def _holds(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self.root.resolve())

    def _candidates(self, parts: list[str], level: int, importer: Path) -> list[Path]:
        """Return what an import may mean, nearest first: Python's own places, and this folder by its own name."""
        here = importer.resolve().parent
        if level:
            return _within([here, *here.parents][min(level - 1, len(here.parents))], parts)
        around = [folder for folder in (here, *here.parents) if self._holds(folder)]
        found = [one for folder in around for one in _within(folder, parts)]
        for folder in around:
            for count in range(1, len(parts) + 1):
                if list(folder.parts[-count:]) == parts[:count]:
                    found += _within(folder, parts[count:])
        return found


def _within(folder: Path, parts: list[str]) -> list[Path]:
    """Return the file or the folder that a module's name means within a folder, if there is one."""
    if not parts:
        return [folder]
    path = folder.joinpath(*parts)
    return [one for one in (path.with_name(f"{path.name}.py"), path) if one.is_file() or (one is path and one.is_dir())]


def imported(follower: Follower, node: ast.AST, name: str, level: int, scope: Scope) -> SourceModule | Library:
    """Return the module that is imported: a file beside this one, followed when first met, or a library by its name."""
    library = Library("." * level + name)
    importer = _file_of(scope)
    parts = [part for part in name.split(".") if part]
    if follower.files is None or importer is None or (not level and not parts):
        return library
    root = follower.files.root.resolve()  # which may be a library's own, that is read
    is_own = bool(parts) and root.name == parts[0] and (root / "__init__.py").is_file()
    if not level and parts[0] in LIBRARIES and not is_own:
        return library
    path = follower.files.find(parts, level, importer)
    if path is not None:
        return _loaded(follower, node, path, name or path.name)
    outside = follower.files.outside(parts, level, importer)
    if outside is None:
        return library
    around = next(folder for folder in outside.parents if follower.files.root.resolve().is_relative_to(folder))
    own = ".".join(Path(follower.source).resolve().relative_to(around).with_suffix("").parts)
    return Outside(library.name, str(outside.relative_to(around)), f"{_written(around)} --class {own}")


def _written(folder: Path) -> str:
    """Write a folder as briefly as it can be, seen from here."""
    here = Path.cwd()
    if folder.is_relative_to(here):
        return str(folder.relative_to(here))
    return "/".join([".."] * list(here.parents).index(folder) + [".."]) if folder in here.parents else str(folder)


def _file_of(scope: Scope) -> Path | None:
    """Return the file in which a scope lies."""
    outer: Scope | None = scope
    while outer is not None and outer.file is None:
        outer = outer.outer
    return None if outer is None else outer.file


def _loaded(follower: Follower, node: ast.AST, path: Path, name: str) -> SourceModule:
    """Return a module, its file followed if it was not yet."""
    key = path.resolve()
    if key in follower.modules:
        return follower.modules[key]
    if len(follower.modules) >= MOST_FILES:
        raise follower.refuse(node, f"more than {MOST_FILES} files are imported", "name one network's own file")
    file = path / "__init__.py" if path.is_dir() else path
    module = SourceModule(name, path if path.is_dir() else None, Scope(dict(follower.language.names), file=file))
    follower.modules[key] = module  # before it is followed, as files may import each other
    if file.is_file() and follower.files.root.resolve() in file.resolve().parents:
        _follow(follower, node, file, module)
    return module


def _follow(follower: Follower, node: ast.AST, file: Path, module: SourceModule) -> None:
    shown = str(follower.files.root / file.resolve().relative_to(follower.files.root.resolve()))
    text = follower.texts.known(shown)
    if text is None:
        try:
            if file.stat().st_size > MOST_BYTES:
                raise follower.refuse(node, f"{shown} is larger than {MOST_BYTES:,} bytes", "is it source text?")
            tree, lines = parse(file.read_bytes(), shown)
        except OSError as error:
            raise follower.refuse(node, f"cannot read {shown}: {error.strerror or error}") from None
        text = follower.texts.add(shown, lines, tree)
    assert isinstance(text.tree, ast.Module)
    run_file(follower, text.tree, module.scope)


def member(follower: Follower, node: ast.AST, module: SourceModule, name: str) -> Any:
    """Return what a module has by a name: one of its own names, or a module within it."""
    own = _own(follower, module)
    if name in own:
        return own[name]
    path = follower.files.find([name], 1, module.folder / "__init__.py") if module.folder is not None else None
    if path is not None and path.resolve() != module.folder:
        try:
            return _loaded(follower, node, path, f"{module.name}.{name}")
        except ConvcalcError as error:
            return Unknown(error)
    library = follower.starred(name)
    if library is not None:
        return library
    hint = did_you_mean(name, own, f"it has {', '.join(list(own)[:4]) or 'nothing'}")
    return Unknown(InputError(f"{module.name} has no '{name}'", hint=hint, place=follower.place(node)))


def public_names(follower: Follower, node: ast.AST, module: SourceModule) -> dict[str, Any]:
    """Return what a star imports: `__all__`, or every name that does not begin with an underscore."""
    names = module.scope.names
    listed = names.get("__all__")
    if isinstance(listed, list | tuple):
        return {str(name): member(follower, node, module, str(name)) for name in listed}
    return {name: value for name, value in _own(follower, module).items() if not name.startswith("_")}


def _own(follower: Follower, module: SourceModule) -> dict[str, Any]:
    """Return a module's names without Python's own."""
    pythons = follower.language.names
    return {name: value for name, value in module.scope.names.items() if value is not pythons.get(name, module)}
