"""What a person sees: convcalc on a real pseudo-terminal, at 80 columns, with and without colour; and in a pipe."""

import ast
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from convcalc.cli.messages import size_of
from convcalc.render import latex
from convcalc.render.glyphs import ASCII
from tests.conftest import ROOT

pytestmark = pytest.mark.slow

CONVCALC = Path(sys.executable).parent / "convcalc"
STEP = ("conv", "-i", "samples/lecture-6x6.txt", "-k", "edge", "--at", "1,1")
WINDOW, RESULT = "\x1b[38;5;16;48;5;117m", "\x1b[1;38;5;16;48;5;221m"


def on_terminal(
    *words: str, columns: int = 80, stdin: str | None = None, environment: dict[str, str] | None = None
) -> str:
    """Run convcalc with its output on a pseudo-terminal and return what the terminal got."""
    main, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LC_ALL", "LANG")}
    settings = {**kept, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **(environment or {})}
    with subprocess.Popen(
        [CONVCALC, *words],
        stdin=subprocess.PIPE if stdin else child,
        stdout=child,
        stderr=child,
        env=settings,
        cwd=ROOT,
    ) as process:
        os.close(child)
        if stdin and process.stdin:
            process.stdin.write(stdin.encode())
            process.stdin.close()
        pieces = []
        while True:
            try:
                piece = os.read(main, 65536)
            except OSError:
                break
            if not piece:
                break
            pieces.append(piece)
    os.close(main)
    return b"".join(pieces).decode().replace("\r\n", "\n")


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_the_window_and_the_cell_it_makes_are_coloured() -> None:
    shown = on_terminal(*STEP)
    assert shown.count(WINDOW) > 9
    assert f"{RESULT} -2" in shown
    assert "[ 5" not in plain(shown)
    assert "# " not in shown


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_without_colour_brackets_show_the_window_and_the_cell(environment: dict[str, str]) -> None:
    shown = on_terminal(*STEP, environment=environment)
    assert "\x1b" not in shown
    assert "1 [5  8  9] 3  1" in shown
    assert "[-2]" in shown


def test_the_answer_closes_the_work() -> None:
    assert plain(on_terminal(*STEP)).endswith(
        "\n  output 4×4\n   -5   -4    0    8\n  -10   -2    2    3\n    0   -2   -4   -7\n   -3   -2   -3  -16\n"
    )


@pytest.mark.parametrize(
    "words",
    [
        STEP,
        ("conv", "-i", "samples/lecture-6x6.txt", "-k", "edge", "-p", "1"),
        ("conv", "-i", "samples/step-edge-6x6.txt", "-k", "edge"),
        ("conv", "-i", "samples/lecture-6x6.txt", "-k", "box", "-p", "1"),
        ("conv", "-i", "samples/rgb-4x4.txt", "-k", "samples/two-filters.txt", "-b", "1,0", "-p", "1"),
        ("conv", "-i", "samples/time-series.txt", "-k", "moving-average", "-p", "same"),
        ("pool", "avg", "-i", "samples/pool-4x4.txt", "-w", "3", "-p", "1", "-s", "1"),
        ("size", "-n", "7", "-f", "3", "-s", "3"),
        ("size", "-n", "227", "-O", "55"),
        ("kernels",),
        ("kernels", "gaussian-5"),
        ("lecture", "pooling"),
    ],
)
@pytest.mark.parametrize("colour", [{}, {"NO_COLOR": "1"}])
def test_nothing_is_wider_than_80_columns(words: tuple[str, ...], colour: dict[str, str]) -> None:
    for line in plain(on_terminal(*words, environment=colour)).splitlines():
        assert len(line) <= 80 or line.startswith("$ ")


@pytest.mark.parametrize("padding", ["0", "1"])
@pytest.mark.parametrize("colour", [{}, {"NO_COLOR": "1"}])
def test_no_lecture_sized_step_is_cut_at_80_columns(padding: str, colour: dict[str, str]) -> None:
    shown = on_terminal("conv", "-i", "samples/lecture-6x6.txt", "-k", "edge", "-p", padding, environment=colour)
    assert "…" not in shown
    assert "⋮" not in shown


@pytest.mark.parametrize("columns", [20, 30, 40, 60])
def test_a_narrow_terminal_cuts_grids_and_never_wraps_them(columns: int) -> None:
    shown = plain(on_terminal(*STEP, columns=columns))
    assert all(len(line) <= columns for line in shown.splitlines())
    assert re.search(r"5 +8 +9", shown)


def test_large_grids_are_cut_around_the_window() -> None:
    rows = "\n".join(" ".join(str((r * c) % 10) for c in range(60)) for r in range(60))
    shown = plain(on_terminal("conv", "3 1; 1 3", "--at", "30,30", stdin=rows))
    assert all(len(line) <= 80 for line in shown.splitlines())
    assert "…" in shown
    assert "… cut to fit" in shown


def test_comments_piped_in_are_shown_without_their_sign() -> None:
    shown = plain(on_terminal("pool", stdin="# from before\n1 2\n3 4\n"))
    assert shown.startswith("from before\n")


@pytest.mark.parametrize("columns", [1, 2, 5, 10])
def test_a_terminal_too_narrow_for_anything_is_no_traceback(columns: int) -> None:
    assert "Traceback" not in on_terminal(*STEP, columns=columns)
    assert "Traceback" not in on_terminal("kernels", columns=columns)


def test_numbers_in_a_table_are_never_cut() -> None:
    shown = plain(on_terminal("size", "-n", "227", "-O", "55", columns=60))
    assert re.search(r"227 +11 +4 +0 +\(227 \+ 2·0 − 11\)/4 \+ 1 = 55", shown)
    assert "55.75" in shown


def test_a_step_too_wide_for_one_line_puts_its_output_below_before_it_cuts_anything() -> None:
    shown = plain(on_terminal("conv", "-i", "samples/lecture-6x6.txt", "-k", "gaussian", "-p", "1", "--at", "2,2"))
    assert "…" not in shown
    assert shown.count("░") == 28


def test_errors_wrap_between_words() -> None:
    shown = on_terminal("conv", "-i", "samples/rgb-4x4.txt", "-k", "edge", columns=40)
    assert all(len(line) <= 40 for line in shown.splitlines())
    assert "--per-channel" in shown


def test_the_locale_c_and_ascii_terminals_get_ascii() -> None:
    assert on_terminal(*STEP, environment={"LC_ALL": "C"}).isascii()
    assert on_terminal(*STEP, environment={"PYTHONIOENCODING": "ascii"}).isascii()


def test_quiet_on_a_terminal_is_plain_rows() -> None:
    assert on_terminal(*STEP[:-2], "-q") == "-5 -4 0 8\n-10 -2 2 3\n0 -2 -4 -7\n-3 -2 -3 -16\n"


def piped(command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{CONVCALC.parent}{os.pathsep}{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        check=False,
    )


def test_head_ends_it_quietly() -> None:
    ran = piped(
        "python3 -c \"print('\\n'.join(['1 2 3 4 5 6 7 8 9'] * 999))\" | convcalc conv -k '1 0' --steps all | head -n 1"
    )
    assert (ran.stderr, ran.returncode) == ("", 0)
    assert ran.stdout.startswith("# conv")


def test_what_is_piped_on_matches_what_was_asked() -> None:
    ran = piped("cat samples/lecture-6x6.txt | convcalc conv -k edge | convcalc pool max -q")
    assert (ran.stdout, ran.stderr, ran.returncode) == ("-2 8\n0 -3\n", "", 0)


def test_an_error_in_a_pipe_prints_nothing_but_the_error() -> None:
    ran = piped("echo 'x' | convcalc conv -k edge")
    assert (ran.stdout, ran.returncode) == ("", 1)
    assert ran.stderr.startswith("convcalc: stdin:1:1: 'x' is not a number\n  x\n  ^\nhint: ")


@pytest.mark.parametrize("words", ["show -i '1 2'", "size -n 7 -f 3", "--help"])
def test_a_closed_standard_output_is_an_error(words: str) -> None:
    ran = piped(f"convcalc {words} >&-")
    assert (ran.stderr, ran.returncode) == (
        "convcalc: standard output is closed\nhint: leave it open, or use --output FILE\n",
        1,
    )


def test_a_closed_standard_input_is_an_error() -> None:
    ran = piped("convcalc conv -k edge <&-")
    assert (ran.returncode, "Traceback" in ran.stderr) == (2, False)


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_comments_an_encoding_lacks_signs_for_are_no_traceback(encoding: str) -> None:
    ran = piped(f"convcalc conv -i '1 2 3' -k '1 1' | PYTHONIOENCODING={encoding} convcalc pool -w 1 | cat -v")
    assert (ran.stderr, ran.returncode) == ("", 0)
    assert ran.stdout.endswith("3 5\n")


def test_output_to_standard_output_is_not_a_file_of_that_name(tmp_path: Path) -> None:
    log = tmp_path / "log"
    ran = piped(f"echo kept > {log}; convcalc show -q -i '1 2' -o /dev/stdout >> {log}; convcalc show -q -i 3 -o -")
    assert (log.read_text(), ran.stdout, ran.stderr) == ("kept\n1 2\n", "3\n", "")


def test_a_full_disk_is_an_error_and_not_a_traceback() -> None:
    ran = piped("convcalc show -i samples/pool-4x4.txt > /dev/full")
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    assert "No space left" in ran.stderr


@pytest.mark.parametrize("columns", ["0", "-1", "wide", "٣", "9" * 400])
def test_columns_that_are_no_number_of_them_are_the_terminals_own(columns: str) -> None:
    words = ("size", "-n", "7", "-f", "3")
    assert on_terminal(*words, environment={"COLUMNS": columns}) == on_terminal(*words) != ""


@pytest.mark.parametrize("encoding", ["ascii", "cp437", "cp1252", "latin-1"])
def test_the_help_has_only_signs_that_can_be_written(encoding: str) -> None:
    settings = {**os.environ, "PYTHONIOENCODING": encoding, "LC_ALL": "C.UTF-8"}
    ran = subprocess.run([sys.executable, "-m", "convcalc", "-h"], capture_output=True, env=settings, cwd=ROOT)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert b"(N + 2P - F)/S + 1" in ran.stdout


def test_a_terminal_that_tells_no_size_has_80_columns() -> None:
    with open(os.devnull, "w", encoding="utf-8") as nowhere:  # on Windows that counts as a terminal
        assert size_of(nowhere) == (80, 24)


DRAWN = frozenset("⋮═█▏░")
"""What draws, and has signs of its own on a terminal that knows ASCII only."""


@pytest.mark.parametrize("folder", ["report", "engine", "practice", "network", "session", "lecture.py"])
def test_every_sign_that_is_said_has_its_ascii_and_its_latex(folder: str) -> None:
    root = ROOT / "convcalc" / folder
    for path in root.rglob("*.py") if root.is_dir() else [root]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                signs = set(node.value) - DRAWN
                assert "?" not in ASCII.say("".join(signs - {"?"})), (path.name, node.lineno, node.value)
                text = "".join(sign for sign in node.value if sign.isprintable() and sign not in DRAWN | {"?"})
                assert "?" not in latex.escaped(text) + latex.math(text), (path.name, node.lineno, node.value)
