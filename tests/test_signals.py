"""Signals at any moment: the terminal is given back, nothing half-made stays, the status is the signal's, no traceback.

Each trial sends a signal at a moment drawn at random, during the imports or at work; CONVCALC_TRIALS=100 draws more.
"""

import contextlib
import fcntl
import os
import pty
import random
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow

TRIALS = int(os.environ.get("CONVCALC_TRIALS", "1"))
LATEST = 0.4
"""Seconds within which a trial's signal comes, from the program's first line or from where it is ready."""
PATIENCE = 20.0
INT, QUIT = signal.SIGINT, signal.SIGQUIT
ENDING = [INT, signal.SIGTERM, signal.SIGHUP, QUIT]
CTRL = {INT: "\x03", QUIT: "\x1c", signal.SIGTSTP: "\x1a"}
CONV = ("conv", "-i", "samples/lecture-6x6.txt", "-k", "edge")
GRID = "input samples/lecture-6x6.txt\n"
KINDS: dict[str, tuple[tuple[str, ...], str, str]] = {
    "session": ((), f"{GRID}conv edge\npool max\n", "6×6 > "),
    "session that asks": ((), f"{GRID}relu --quiz\n", "answer: "),
    "session that walks": ((), f"{GRID}conv edge --walk\nnnnn", "step 1 of"),
    "walk": ((*CONV, "--walk"), "nnnnnn", "step 1 of"),
    "quiz": (("quiz", "conv"), "hint\n", "answer: "),
    "plain": ((*CONV, "--steps", "all"), "", "8×"),
}
"""What is run, what is typed meanwhile, and what shows that it is ready."""

# Python's own start is no matter of ours: what comes before the first line of ours, which sees to Ctrl-C, is left out.
BEGIN = """
import os, signal, sys
real = signal.signal
def first(*setting):
    signal.signal = real
    real(*setting)
    os.write(2, b"(begun)")
signal.signal = first
sys.argv[0] = "convcalc"
from convcalc.__main__ import main
"""
LARGE = """
from convcalc.engine.fast import bands
from convcalc.matrix_io import large
bands.PART, large.LARGE = 10_000, 1
"""
ON_AND_OFF = [(b"\x1b[?1049h", b"\x1b[?1049l"), (b"\x1b[?25l", b"\x1b[?25h"), (b"\x1b[?2004h", b"\x1b[?2004l")]
"""What takes the screen, hides the cursor and marks pastes, and what ends that."""


class Terminal:
    """A pseudo-terminal, and the program that runs on it."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.main, self.child = pty.openpty()
        fcntl.ioctl(self.child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.found = termios.tcgetattr(self.child)
        self.shown = b""
        kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
        settings = {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "XDG_STATE_HOME": str(folder)}
        # The first terminal that a session of processes opens is its own: Ctrl-C comes from there.
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", 'ulimit -c 0; exec "$@" <>"$0" >&0 2>&0', os.ttyname(self.child), *words],
            env={**kept, **settings},
            cwd=ROOT,
            start_new_session=True,
        )

    def type(self, keys: str) -> None:
        os.write(self.main, keys.encode())

    def send(self, number: signal.Signals) -> None:
        """Send a signal, as a key if there is one for it."""
        if number in CTRL:
            self.type(CTRL[number])
        else:
            self.process.send_signal(number)

    def read(self, seconds: float, done: Callable[[], bool] = lambda: False) -> bool:
        """Read what is shown for so long, or until that is done, or the program ends; return whether it is done."""
        end = time.monotonic() + seconds
        while not done() and time.monotonic() < end:
            ended = self.process.poll() is not None
            if select.select([self.main], [], [], 0 if ended else min(0.02, max(end - time.monotonic(), 0)))[0]:
                self.shown += os.read(self.main, 65536)
            elif ended:
                return done()
        return done()

    def await_(self, text: str) -> None:
        assert self.read(PATIENCE, lambda: text.encode() in self.shown), self.told()

    def status(self) -> int:
        self.read(PATIENCE)
        return self.process.wait(1)

    def told(self) -> str:
        return self.shown.decode("utf-8", "replace")

    def check(self) -> None:
        """Hold that the terminal is as it was found, and that nothing was said of how it came to be."""
        assert not re.search(r"Traceback|Exception|Error", self.told()), self.told()
        assert termios.tcgetattr(self.child) == self.found, self.told()
        for on, off in ON_AND_OFF:
            assert self.shown.rfind(on) <= self.shown.rfind(off), (off, self.told())


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """Run convcalc on a terminal of its own, up to its first line."""
    with contextlib.ExitStack() as stack:

        def start(*words: str, settings: str = "", before: tuple[str, ...] = ()) -> Terminal:
            terminal = Terminal(tmp_path, *before, sys.executable, "-c", f"{BEGIN}{settings}main()", *words)
            stack.callback(os.close, terminal.child)
            stack.callback(os.close, terminal.main)
            stack.callback(terminal.process.wait)
            stack.callback(terminal.process.kill)
            terminal.await_("(begun)")
            return terminal

        yield start


def trials(*case: object) -> Iterator[tuple[bool, float]]:
    """Yield whether to wait until it is ready, and how long then: at random, the same in every run."""
    rng = random.Random(repr(case))
    return ((rng.random() < 0.5, rng.uniform(0, LATEST)) for _ in range(TRIALS))


def run_till(run: Any, kind: str, late: bool, moment: float, **settings: Any) -> Terminal:
    """Run one of `KINDS` up to a moment."""
    words, keys, ready = KINDS[kind]
    terminal: Terminal = run(*words, **settings)
    terminal.type(keys)
    if late:
        terminal.await_(ready)
    terminal.read(moment)
    return terminal


ENDED = [
    *(("session", number) for number in ENDING[1:]),
    ("session that asks", signal.SIGHUP),
    ("session that walks", signal.SIGTERM),
    *(("walk", number) for number in ENDING),
    ("quiz", INT),
    ("plain", INT),
]


@pytest.mark.parametrize(("kind", "number"), ENDED)
def test_a_signal_ends_it_in_order(kind: str, number: signal.Signals, run: Any) -> None:
    for trial in trials(kind, number):
        terminal = run_till(run, kind, *trial)
        if terminal.process.poll() is None:
            terminal.send(number)
        status = terminal.status()
        assert status == -number or (kind == "plain" and status == 0), (trial, status, terminal.told())
        terminal.check()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "session" in kind])
def test_ctrl_c_ends_no_session_and_leaves_nothing_half_made(kind: str, run: Any) -> None:
    for trial in trials(kind):
        terminal = run_till(run, kind, *trial)
        for wait in (0.0, 0.05, 0.3):
            terminal.type("\x03")
            terminal.read(wait)
        if terminal.process.poll() is None:
            terminal.type("\ninput 7 -7;\nrelu\nquit\n")
        status = terminal.status()
        assert (status == 0 and "max(0, -7)" in terminal.told()) or (status == -INT and "> " not in terminal.told()), (
            trial,
            status,
            terminal.told(),
        )
        terminal.check()


# A shell with jobs, but without line editing, which would itself bring the terminal in order.
JOB = """
set -m; stty -g
"$@"
echo "stopped $?"; stty -g
fg > /dev/null
echo "left $?"; stty -g
"""


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "plain"])
def test_ctrl_z_gives_the_terminal_back_and_fg_takes_it_again(kind: str, run: Any) -> None:
    for trial in trials("stopped", kind):
        terminal = run_till(run, kind, *trial, before=("/bin/sh", "-c", JOB, "job"))
        job = os.tcgetpgrp(terminal.main)
        terminal.send(signal.SIGTSTP)
        terminal.await_(f"stopped {128 + signal.SIGTSTP}")
        while os.tcgetpgrp(terminal.main) != job:
            terminal.read(0.02)
        terminal.read(0.2)
        terminal.send(QUIT)
        terminal.await_(f"left {128 + QUIT}")
        assert terminal.status() == 0
        terminal.check()
        modes = re.findall(r"(?:\w+:){20,}\w+", terminal.told())
        assert (len(modes), len(set(modes))) == (3, 1), modes


@pytest.mark.parametrize("number", ENDING)
def test_no_half_written_file_is_left(number: signal.Signals, run: Any, tmp_path: Path) -> None:
    np.save(tmp_path / "in.npy", np.ones((3000, 2000), np.float32))
    words = ("conv", "-k", "edge", "-i", str(tmp_path / "in.npy"), "-o", str(tmp_path / "out.npy"))
    for late, moment in trials("bands", number):
        terminal = run(*words, settings=LARGE)
        assert not late or terminal.read(PATIENCE, lambda: len(os.listdir(tmp_path)) > 1)
        terminal.read(moment)
        terminal.send(number)
        assert terminal.status() == -number, (late, moment, terminal.told())
        terminal.check()
        assert os.listdir(tmp_path) == ["in.npy"]


def test_ctrl_c_while_it_imports_ends_it_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("import time; print(flush=True); time.sleep(20)")
    folders = os.pathsep.join([str(tmp_path), str(ROOT)])
    with subprocess.Popen(
        [sys.executable, "-m", "convcalc", "kernels"],
        env={**os.environ, "PYTHONPATH": folders},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(INT)
        assert (process.communicate(timeout=PATIENCE), process.returncode) == ((b"", b""), -INT)
