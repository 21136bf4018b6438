"""What Windows has not: the suite's relevant parts without it, keys by the console's own interface, code pages."""

import io
import os
import subprocess
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from convcalc.cli import windows
from tests.conftest import ROOT

PARTS = (
    "tests/test_cli.py",
    "tests/test_script.py",
    "tests/test_session.py",
    "tests/test_text.py",
    "tests/test_golden.py",
)
WITHOUT = "import tests.without_unix, sys; sys.argv[0] = 'convcalc'; from convcalc.__main__ import main; main()"


@pytest.mark.slow
def test_the_suites_parts_hold_without_what_only_unix_has() -> None:
    words = ["-q", "-n", "0", "-p", "no:randomly", "-p", "tests.without_unix", "-x", *PARTS]
    names = {"PYTHONPATH": str(ROOT), "WITHOUT_UNIX": "1"}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **names},
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-3000:]


def without_unix(
    *words: str, stdin: str | None = None, encoding: str = "cp1252", **names: str
) -> subprocess.CompletedProcess[bytes]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "WITHOUT_UNIX": "1", "PYTHONIOENCODING": encoding, **names}
    given = None if stdin is None else stdin.encode()
    return subprocess.run(
        [sys.executable, "-c", WITHOUT, *words], capture_output=True, input=given, env=env, cwd=ROOT, check=False
    )


LINES: list[tuple[str, ...]] = [
    ("--help",),
    ("conv", "--help"),
    ("help", "grids"),
    ("conv", "-i", "sample:lecture-6x6", "-k", "edge"),
    ("pool", "max", "-i", "sample:pool-4x4"),
    ("size", "-n", "7", "-f", "3", "-s", "2"),
    ("softmax", "-i", "1 2 3"),
    ("model", "lenet5"),
    ("zoo",),
    ("lecture", "8"),
    ("kernels", "--gallery"),
    ("run", "sample:tiny-cnn.convcalc"),
    ("worksheet", "conv", "--seed", "7"),
    ("samples",),
    ("conv", "-i", "1 2", "-k", "nope"),
    ("nonsense",),
]


@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "ascii"])
@pytest.mark.parametrize("words", LINES, ids=" ".join)
def test_a_code_page_shows_what_it_can_and_nothing_fails(words: tuple[str, ...], encoding: str) -> None:
    ran = without_unix(*words, encoding=encoding)
    assert b"Traceback" not in ran.stderr
    assert ran.returncode in (0, 1, 2)
    shown, whole = ran.stdout + ran.stderr, without_unix(*words, encoding="utf-8")
    assert shown.count(b"?") == (whole.stdout + whole.stderr).count(b"?"), "no sign became a question mark"


def test_a_session_from_a_pipe_runs_and_a_large_file_is_worked() -> None:
    ran = without_unix(stdin="input 1 2; 3 4\nrelu\n")
    assert (ran.returncode, b"relu" in ran.stdout) == (0, True)


def console(monkeypatch: pytest.MonkeyPatch, signs: str) -> list[str]:
    """Have a console whose keys are pressed already."""
    left = list(signs)
    fake = ModuleType("msvcrt")
    fake.__dict__.update(kbhit=lambda: bool(left), getwch=lambda: left.pop(0))
    monkeypatch.setitem(sys.modules, "msvcrt", fake)
    return left


@pytest.mark.parametrize(
    ("signs", "names"),
    [
        ("a", ["a"]),
        ("\xe0M\xe0K", ["right", "left"]),
        ("\x00H\x00P", ["up", "down"]),
        ("\xe0G\xe0O\xe0I\xe0Q", ["home", "end", "pageup", "pagedown"]),
        ("\r \x08", ["enter", "space", "backspace"]),
        ("\x1b", ["escape"]),
        ("\xe0Z", ["unknown"]),
    ],
)
def test_a_consoles_keys_have_their_names(monkeypatch: pytest.MonkeyPatch, signs: str, names: list[str]) -> None:
    console(monkeypatch, signs)
    keyboard = windows.ConsoleKeys()
    assert [keyboard.read(0) for _ in names] == names
    assert keyboard.read(0) is None


def test_ctrl_c_stops_and_is_raised_when_the_screen_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    console(monkeypatch, "\x03")
    stdout = io.StringIO()
    screen = windows.screen(stdout)
    keyboard = screen.__enter__()
    assert keyboard.read(0) is None
    assert keyboard.is_stopped
    with pytest.raises(KeyboardInterrupt):
        screen.__exit__(None, None, None)
    assert stdout.getvalue().startswith("\x1b[?1049h")
    assert stdout.getvalue().endswith("\x1b[?1049l")


def test_a_console_that_follows_no_sequences_is_asked_to_and_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    import ctypes

    modes = [3]

    def tell(handle: int, mode: Any) -> int:
        mode._obj.value = modes[-1]
        return 1

    kernel = SimpleNamespace(
        GetStdHandle=lambda number: number,
        GetConsoleMode=tell,
        SetConsoleMode=lambda handle, mode: modes.append(mode),
    )
    monkeypatch.setattr(ctypes, "windll", SimpleNamespace(kernel32=kernel), raising=False)
    console(monkeypatch, "q")
    with windows.screen(io.StringIO()) as keyboard:
        assert keyboard.read(0) == "q"
        assert modes[-1] & 4
    assert modes[-1] == 3


def test_the_walk_walks_on_a_console(monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.console import Console

    from convcalc.cli import walk
    from convcalc.engine.convolution import convolve
    from convcalc.render.glyphs import ASCII
    from convcalc.report.convolution import Labels, worked_convolution
    from convcalc.report.selection import Show

    console(monkeypatch, "\xe0M\xe0Mq")
    monkeypatch.setattr(walk, "screen", windows.screen)
    stdout: Any = io.StringIO()
    stdout.fileno = lambda: 99  # which is no terminal: 80 columns
    worked = worked_convolution(convolve([[1, 2, 3], [4, 5, 6]], [[1, 1]]), Show(), Labels())
    assert worked.steps is not None
    drawn: list[str] = []
    monkeypatch.setattr(
        walk, "draw", lambda walking, *_: drawn.append(walking.name if hasattr(walking, "name") else "")
    )
    walk.walk_through(worked.steps, Show(), Console(file=stdout), ASCII, stdout)
    assert len(drawn) >= 1
    assert stdout.getvalue().endswith("\x1b[?1049l")


@pytest.mark.parametrize(
    ("told", "bound"),
    [
        ({"__doc__": "Importing this module enables command line editing using libedit."}, "bind ^I rl_complete"),
        ({"backend": "editline"}, "bind ^I rl_complete"),
        ({"backend": "readline"}, "tab: complete"),
    ],
)
def test_tab_is_bound_as_each_line_editor_has_it(
    monkeypatch: pytest.MonkeyPatch, told: dict[str, str], bound: str
) -> None:
    from convcalc.cli.session import _editing
    from convcalc.session.completion import Words

    bindings: list[str] = []
    fake = ModuleType("readline")
    names = ("set_completer", "set_completer_delims", "set_history_length", "read_history_file")
    fake.__dict__.update(dict.fromkeys(names, lambda *_: None), parse_and_bind=bindings.append, **told)
    monkeypatch.setitem(sys.modules, "readline", fake)
    session: Any = SimpleNamespace(names={})
    assert _editing(Words({}, [], []), session, lambda: False) is fake
    assert bindings == [bound]
