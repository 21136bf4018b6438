"""The rules of the house: who may import whom, what start-up may load, and that words and numbers agree."""

import ast
import os
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "convcalc"
ALLOWED = {
    "errors": set(),
    "choices": set(),
    "ending": set(),
    "later": set(),
    "formats": {"choices"},
    "lecture": {"errors", "lecture_files"},
    "lecture_files": set(),
    "sample_files": {"errors"},
    "models": {"engine", "network", "inference", "matrix_io", "errors", "watch"},
    "watch": set(),
    "practice": {"practice", "report", "matrix_io", "engine", "network.chain", "errors", "choices", "later"},
    "session": {"session", "report", "matrix_io", "engine", "errors", "choices"},
    "engine": {"engine", "errors", "choices", "later"},
    "matrix_io": {"matrix_io", "engine.exact", "engine.grids", "ending", "errors", "choices", "formats"},
    "network": {"network", "engine.geometry", "errors", "choices", "watch"},
    "inference": {"inference", "engine", "network", "errors", "choices", "watch"},
    "report": {"report", "engine", "network", "inference", "errors", "choices"},
    "render": {"render", "report.document", "report.figure", "report.items", "watch"},
    "library": {"library", "cli", "session", "practice", "report", "render", "matrix_io", "engine", "network",
                "inference", "errors", "choices", "formats", "models", "sample_files"},
    "cli": {"cli", "session", "practice", "report", "render", "matrix_io", "engine", "network", "inference", "errors",
            "choices", "lecture", "ending", "formats", "models", "sample_files"},
}  # fmt: skip
FORBIDDEN_LIBRARIES = {
    "session": {"rich", "typer"},
    "practice": {"rich", "typer"},
    "engine": {"rich", "typer"},
    "network": {"rich", "typer", "numpy"},
    "report": {"rich", "typer"},
    "render": {"typer", "numpy"},
}


MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if path.name not in ("__init__.py", "__main__.py")]
MODULE_NAMES = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in MODULES}


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively"
            assert node.module is not None
            within = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= within if node.module == "convcalc" else {node.module, *(within & MODULE_NAMES)}
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(path: Path) -> None:
    part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for name in imported(path):
        if name.startswith("convcalc.") and name != "convcalc.__version__":
            inner = name.removeprefix("convcalc.")
            allowed = ALLOWED[part]
            assert any(inner == room or inner.startswith(f"{room}.") for room in allowed), f"{path.name} imports {name}"
        assert name.split(".")[0] not in FORBIDDEN_LIBRARIES.get(part, set()), f"{path.name} imports {name}"


PLATFORM = {"termios", "tty", "select", "fcntl", "msvcrt", "readline", "pty", "resource"}


def test_what_only_one_platform_has_stands_behind_one_door() -> None:
    for path in MODULES:
        names = {name.split(".")[0] for name in imported(path)} & PLATFORM
        own = {"unix": {"termios", "tty", "select"}, "session": {"readline"}}.get(path.stem, set())
        assert names <= own or path.parent.name != "cli", f"{path.name} imports {names}"
        assert not names or path.parent.name == "cli", f"{path.name} imports {names}"
        inner = {name for name in imported(path) if name in ("convcalc.cli.unix", "convcalc.cli.windows")}
        assert not inner or path.stem == "terminal", f"{path.name} goes past cli/terminal"


FOLDERS = sorted({path.parent for path in MODULES})


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_no_module_imports_itself_by_way_of_others(folder: Path) -> None:
    """Within a folder, and the folders in it; not even within a function, or for types alone."""
    modules = {".".join(p.relative_to(ROOT).with_suffix("").parts): p for p in MODULES if folder in p.parents}
    TopologicalSorter({name: imported(path) & set(modules) for name, path in modules.items()}).prepare()


@pytest.mark.parametrize("path", [path for path in MODULES if "engine" in path.parts], ids=lambda path: path.name)
def test_the_engine_prints_nothing_and_opens_nothing(path: Path) -> None:
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    called = {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not called & {"print", "open", "input"}


def loaded_by(*words: str) -> set[str]:
    code = (
        "import sys; from convcalc.cli.app import run; status = run(sys.argv[1:]);"
        "print('LOADED', *sorted(sys.modules)); sys.exit(status)"
    )
    ran = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(ran.stdout.split("LOADED ")[-1].split())


@pytest.mark.parametrize("words", [("--help",), ("conv", "--help"), ("size", "-n", "7", "-f", "3", "-s", "2")])
def test_help_and_size_load_no_numpy(words: tuple[str, ...]) -> None:
    assert "numpy" not in loaded_by(*words)


@pytest.mark.parametrize(
    "words",
    [
        ("size", "-n", "7", "-f", "3"),
        ("conv", "-i", "1 2; 3 4", "-k", "1 0"),
        ("--help",),
        ("conv", "--help"),
    ],
)
def test_what_goes_down_a_pipe_and_the_help_load_no_rich(words: tuple[str, ...]) -> None:
    assert not {name for name in loaded_by(*words) if name.split(".")[0] == "rich"}


def test_completing_a_name_builds_no_command() -> None:
    names = {"COMP_WORDS": "convcalc po", "COMP_CWORD": "1", "_CONVCALC_COMPLETE": "complete_bash"}
    code = "import sys; sys.argv = ['convcalc']; from convcalc.cli.app import main\n"
    code += "try: main()\nfinally: print('LOADED', *sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **names}, cwd=ROOT
    )
    completed, _, loaded = ran.stdout.partition("LOADED ")
    assert completed.split() == ["pool"]
    assert not {"numpy", "rich", "convcalc.cli.pooling", "convcalc.cli.convolution"} & set(loaded.split())


def test_importing_convcalc_loads_no_numpy() -> None:
    code = "import sys, convcalc; assert 'numpy' not in sys.modules; convcalc.kernel; assert 'numpy' in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_public_names_are_found_and_others_are_not() -> None:
    import convcalc

    for name in convcalc.__all__:
        assert getattr(convcalc, name) is not None
    with pytest.raises(AttributeError):
        _ = convcalc.nothing


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_file_has_grown_beyond_a_rooms_size(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
