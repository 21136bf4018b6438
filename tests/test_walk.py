"""The walk: what each key does, first without a terminal, then on a real one."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pexpect
import pytest

from convcalc.engine.activations import activate
from convcalc.engine.convolution import convolve
from convcalc.engine.dense import linear
from convcalc.engine.gradients import backward
from convcalc.engine.kernels import kernel
from convcalc.engine.pooling import pool
from convcalc.engine.routing import backward as routed
from convcalc.engine.softmax import softmax
from convcalc.engine.transposed import conv_transpose
from convcalc.report.activations import worked_activation
from convcalc.report.convolution import Labels, worked_convolution
from convcalc.report.dense import worked_linear
from convcalc.report.document import Calculation, Picture, Subheading, Sum, Text
from convcalc.report.gradients import worked_gradients
from convcalc.report.pooling import worked_pooling
from convcalc.report.routing import worked_routing
from convcalc.report.selection import Show
from convcalc.report.softmax import worked_softmax
from convcalc.report.transposed import worked_transposed
from convcalc.session.walk import Walk
from tests.conftest import ROOT, Convcalc
from tests.test_convolution import EXAMPLE

pytestmark = pytest.mark.slow

CONVCALC = Path(sys.executable).parent / "convcalc"
EDGE = worked_convolution(convolve(EXAMPLE, kernel("edge")), Show(), Labels("edge"))


def walk_of(worked: Calculation, **show: Any) -> Walk:
    assert worked.steps is not None
    return Walk(worked.steps, Show(**show))


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        (("right",), "output[0,1]"),
        (("right", "enter", "l"), "output[0,3]"),
        (("right", "left"), "output[0,0]"),
        (("down",), "output[1,0]"),
        (("down", "down", "up"), "output[1,0]"),
        (("end",), "output[3,3]"),
        (("end", "home"), "output[0,0]"),
        (("left",), "output[0,0]"),
        (("end", "right"), "output[3,3]"),
        (("up",), "output[0,0]"),
        (("g", "2", ",", "1", "enter"), "output[2,1]"),
        (("g", "2", "space", "3", "backspace", "0", "enter"), "output[2,0]"),
        (("g", "9", ",", "9", "enter"), "output[0,0]"),
        (("g", "1", ",", "1", "escape"), "output[0,0]"),
        (("g", "enter"), "output[0,0]"),
        (("?", "right", "right"), "output[0,1]"),
        (("x", "right"), "output[0,1]"),
    ],
)
def test_keys_move_through_the_steps(keys: tuple[str, ...], place: str) -> None:
    walk = walk_of(EDGE)
    for key in keys:
        assert walk.press(key)
    (heading,) = [block for block in walk.screen()[0] if isinstance(block, Subheading)]
    assert heading.text.endswith(f" · {place}")


def foot(walk: Walk) -> str:
    (block,) = walk.screen()[1]
    assert isinstance(block, Text)
    return block.text


def test_the_foot_says_what_is_the_matter() -> None:
    walk = walk_of(EDGE)
    said = []
    for key in ("left", "end", "right", "x", "g", "9", "enter", "right"):
        walk.press(key)
        said.append(foot(walk))
    assert said[0] == "this is the first step"
    assert said[2] == "this is the last step"
    assert said[3] == "? lists the keys"
    assert said[5] == "go to ROW,COL: 9_"
    assert "--at takes ROW,COL" in said[6]


def test_sums_order_and_heat_change_how_a_step_is_shown() -> None:
    walk = walk_of(EDGE)

    def sums() -> list[tuple[str, ...]]:
        return [block.terms for block in walk.screen()[0] if isinstance(block, Sum)]

    rows = sums()
    walk.press("o")
    assert rows != sums()
    assert sorted(rows[0]) == sorted(sums()[0])
    walk.press("p")
    assert sums() == []
    walk.press("h")
    (picture,) = [block for block in walk.screen()[0] if isinstance(block, Picture)]
    assert picture.lines[0][0].body.shade is not None  # type: ignore[union-attr]


def test_playing_goes_on_by_itself_and_stops_at_the_end() -> None:
    walk = walk_of(EDGE)
    assert walk.wait is None
    walk.press("space")
    assert walk.wait == 0.5
    walk.press("+")
    assert walk.wait == 0.25
    for _ in range(20):
        walk.tick()
    assert (walk.index, walk.playing) == (15, False)
    walk.press("space")
    assert not walk.playing


@pytest.mark.parametrize("key", ["q", "escape"])
def test_leaving(key: str) -> None:
    walk = walk_of(EDGE)
    assert not walk.press(key)
    walk.press("?")
    assert not walk.press(key)


@pytest.mark.parametrize(
    ("worked", "count"),
    [
        (worked_pooling(pool(EXAMPLE), Show()), 9),
        (worked_routing(routed(pool(EXAMPLE)), Show()), 9),
        (worked_activation(activate(EXAMPLE, "sigmoid"), Show()), 36),
        (worked_softmax(softmax(EXAMPLE), Show()), 6),
        (worked_linear(linear([1, 2], [[1, 2], [3, 4], [5, 6]]), Show()), 3),
        (worked_transposed(conv_transpose([[1, 2]], [[1, 2]]), Show(), "kernel", None), 2),
        (worked_gradients(backward(convolve(EXAMPLE, kernel("edge"))), Show(), None, Labels()), 36),
    ],
)
def test_everything_stepwise_can_be_walked_through(worked: Calculation, count: int) -> None:
    walk = walk_of(worked)
    assert walk.count == count
    for _ in range(count):
        assert len(walk.screen()[0]) > 2
        walk.press("right")


def test_at_says_where_to_begin() -> None:
    assert walk_of(EDGE, at=(1, 1)).index == 5


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("conv", "-i", "1 2", "-k", "1", "--walk"), "--walk needs a terminal to fill"),
        (("flatten", "-i", "1 2", "--walk"), "there are no steps here to walk through"),
        (("conv", "-i", "1 2", "-k", "1", "--as", "matmul", "--walk"), "there are no steps here"),
        (("conv", "-i", "1 2", "-k", "1", "--walk", "--steps", "1"), "--walk walks through every step"),
    ],
)
def test_where_there_is_nothing_to_walk_through(convcalc: Convcalc, words: tuple[str, ...], message: str) -> None:
    ran = convcalc(*words)
    assert (ran.status, ran.stdout, message in ran.stderr) == (2, "", True)


def test_a_script_does_not_walk(convcalc: Convcalc) -> None:
    for script in ("input 1 2\nrelu --walk", "input 1 2\nrelu\nwalk"):
        assert "a script does not walk" in convcalc("run", "-", stdin=script).stderr


# On a terminal


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Any]:
    """Run commands of a shell on a pseudo-terminal of 24 by 80."""
    children = []

    def spawn(command: str) -> Any:
        kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
        environment = {**kept, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "XDG_STATE_HOME": str(tmp_path)}
        child = pexpect.spawn(
            "/bin/sh",
            ["-c", command],
            cwd=str(ROOT),
            env=environment,
            dimensions=(24, 80),
            encoding="utf-8",
            timeout=20,
        )
        children.append(child)
        return child

    yield spawn
    for child in children:
        child.close(force=True)


WALK = f"{CONVCALC} conv -i samples/lecture-6x6.txt -k edge --walk"
LEFT = "\x1b[?25h\x1b[?1049l"
"""What shows the cursor again and gives the screen back."""


def test_the_keys_of_a_real_terminal(terminal: Any) -> None:
    child = terminal(f"{WALK}; echo status $?")
    child.expect_exact("step 1 of 16")
    for keys, step in (("\x1b[C", 2), ("\x1b[B", 6), ("\x1bOF", 16), ("\x1b[H", 1), ("g2,2\r", 11), ("\x1b[D", 10)):
        child.send(keys)
        child.expect_exact(f"step {step} of 16")
    child.send("?")
    child.expect_exact("play, or pause")
    child.send("x")
    child.expect_exact("step 10 of 16")
    child.send(" ")
    child.expect_exact("step 16 of 16")
    child.send("q")
    child.expect_exact(LEFT)
    child.expect_exact("status 0")


def test_keys_without_a_meaning_do_not_leave(terminal: Any) -> None:
    child = terminal(f"{WALK}; echo status $?")
    child.expect_exact("step 1 of 16")
    for keys in ("\x1b[1;5C", "\x1b[3~", "é", "\x1b[200~x\x1b[201~"):
        child.send(keys)
        child.expect_exact("? lists the keys")
    child.send("n" * 5000 + "q" + "x" * 100)
    child.expect_exact("status 0")


def test_a_key_that_comes_apart_is_one_key(terminal: Any) -> None:
    patient = "from convcalc.cli import app, keys; keys.REST_OF_A_KEY = 60; app.main()"
    child = terminal(f"{sys.executable} -c '{patient}' conv -i samples/lecture-6x6.txt -k edge --walk; echo status $?")
    child.expect_exact("step 1 of 16")
    child.delaybeforesend = None
    child.send("\x1b")
    time.sleep(0.02)
    child.send("[C")
    child.expect_exact("step 2 of 16")
    child.send("q")
    child.expect_exact("status 0")


def test_the_grid_may_come_through_a_pipe(terminal: Any) -> None:
    child = terminal(f"printf '1 -2\\n' | {CONVCALC} relu --walk; echo status $?")
    child.expect_exact("step 1 of 2")
    child.send("\x1b[C")
    child.expect_exact("max(0, -2)")
    child.send("q")
    child.expect_exact("status 0")


def test_a_resized_window_is_drawn_anew(terminal: Any) -> None:
    child = terminal(WALK)
    child.expect_exact("step 1 of 16")
    child.setwinsize(19, 60)
    child.expect_exact("step 1 of 16")
    child.expect_exact("8×(-1)")  # the sum is still there
    child.setwinsize(6, 60)
    child.expect("⋮")
    child.send("q")
    child.expect(pexpect.EOF)


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGQUIT, 131)]
)
def test_the_terminal_is_given_back_whatever_happens(terminal: Any, number: int, status: int) -> None:
    child = terminal(f"exec {WALK}")
    child.expect_exact("step 1 of 16")
    if number == signal.SIGINT:
        child.sendintr()
    else:
        os.kill(child.pid, number)
    child.expect_exact(LEFT)
    child.expect(pexpect.EOF)
    child.close()
    assert (child.exitstatus or 128 + child.signalstatus) == status


def test_an_error_gives_the_terminal_back(terminal: Any) -> None:
    code = "import convcalc.cli.walk as w; w.draw = lambda *_: 1 / 0; from convcalc.cli.app import main; main()"
    child = terminal(f"exec {sys.executable} -c '{code}' relu -i '1 2' --walk")
    child.expect_exact(LEFT)
    child.expect_exact("ZeroDivisionError")


def test_a_suspended_walk_goes_on(terminal: Any) -> None:
    child = terminal(f"exec bash --norc --noprofile -i -m -c '{WALK}; echo stopped $?; fg; echo left'")
    child.expect_exact("step 1 of 16")
    child.send("\x1a")
    child.expect_exact(LEFT)
    child.expect_exact("stopped 148")
    child.expect_exact("step 1 of 16")
    child.send("\x1b[C")
    child.expect_exact("step 2 of 16")
    child.send("q")
    child.expect_exact("left")


# The session on a terminal


def test_a_session_of_a_student(terminal: Any) -> None:
    child = terminal(f"exec {CONVCALC}")
    child.expect_exact("> ")
    child.sendline("1 2 3")
    child.expect_exact("  … ")
    child.sendline("4 5 6")
    child.sendline("")
    child.expect_exact("2×3 > ")
    child.send("leak\t")
    child.expect("leaky-relu")
    child.send("\x15po\tma\t\r")
    child.expect_exact("max(1, 2, 4, 5)")
    child.expect_exact("1×1 > ")
    child.sendline("undo")
    child.expect_exact("2×3 > ")
    child.sendline("conv edg")
    child.expect_exact("did you mean edge")
    child.expect_exact("2×3 > ")
    time.sleep(0.3)  # the prompt stands there a moment before it waits
    child.sendintr()
    child.expect_exact("2×3 > ")
    child.sendline("relu")
    child.expect_exact("2×3 > ")
    child.sendline("walk")
    child.expect_exact("step 1 of 6")
    child.send("q")
    child.expect_exact(LEFT)
    child.expect_exact("2×3 > ")
    child.sendeof()
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_a_walk_is_saved_as_the_line_without_it(terminal: Any, tmp_path: Path) -> None:
    child = terminal(f"exec {CONVCALC}")
    child.expect_exact("> ")
    child.sendline("input 1 -2;")
    child.expect_exact("1×2 > ")
    child.sendline("relu --walk")
    child.expect_exact("step 1 of 2")
    child.send("q")
    child.expect_exact("1×2 > ")
    child.sendline(f"save script {tmp_path}/s.convcalc")
    child.expect_exact("wrote 2 lines")
    child.sendline("quit")
    child.expect(pexpect.EOF)
    assert (tmp_path / "s.convcalc").read_text(encoding="utf-8") == "input 1 -2;\nrelu\n"


def test_a_session_asks_and_marks(terminal: Any) -> None:
    child = terminal(f"exec {CONVCALC}")
    child.expect_exact("> ")
    child.sendline("input 1 -2;")
    child.expect_exact("1×2 > ")
    child.sendline("relu --quiz")
    child.expect_exact("answer: ")
    child.sendline("1 0")
    child.expect_exact("Right, all 2 cells.")
    child.expect_exact("1×2 > ")
    child.sendline("relu --check '1 2'")
    child.expect_exact("the sign was dropped")
    child.expect_exact("1×2 > ")
    child.sendline("quiz size -n 1 --seed 1")
    child.expect_exact("answer: ")
    child.sendline("quit")
    child.expect_exact("Score: 0 of 0 right")
    child.expect_exact("1×2 > ")
    child.sendline("history")
    child.expect_exact("quiz size")
    child.sendline("quit")
    child.expect(pexpect.EOF)


def test_a_session_needs_no_readline(terminal: Any) -> None:
    code = 'import sys; sys.modules["readline"] = None; from convcalc.cli.app import main; main()'
    child = terminal(f"exec {sys.executable} -c '{code}'")
    child.expect_exact("> ")
    child.sendline("input 1 -2;")
    child.expect_exact("1×2 > ")
    child.sendline("relu")
    child.expect_exact("max(0, -2)")
    child.sendeof()
    child.expect(pexpect.EOF)


def test_history_lasts_from_session_to_session(terminal: Any) -> None:
    for line, key in (("input 1 -2;", ""), ("", "\x1b[A\x1b[A")):
        child = terminal(f"{CONVCALC}")
        child.expect_exact("> ")
        child.send(key)
        child.sendline(line)
        child.expect_exact("1×2 > ")
        child.sendline("quit")
        child.expect(pexpect.EOF)


def test_ctrl_c_stops_the_work_that_is_shown(terminal: Any) -> None:
    child = terminal(f"{CONVCALC}")
    child.expect_exact("> ")
    child.sendline("k = 1 1; 1 1")
    child.expect_exact("> ")
    child.sendline("input samples/lecture-6x6.txt")
    child.expect_exact("6×6 > ")
    child.sendline("pad -p 60 -q")
    child.expect_exact("126×126 > ")
    child.sendline("conv k --steps all")
    child.expect_exact("step 3 of")
    time.sleep(0.3)
    child.sendintr()
    child.expect_exact("125×125 > ", timeout=30)
    child.sendline("quit")
    child.expect(pexpect.EOF)


def test_walking_through_the_layers_of_a_network(terminal: Any) -> None:
    child = terminal(f"{CONVCALC} model lenet5 --walk; echo status $?")
    child.expect_exact("step 1 of 12")
    child.send("\x1b[C\x1b[C\x1b[C")
    child.expect_exact("step 4 of 12")
    child.expect_exact("16×(5×5×6 + 1)")
    child.send("q")
    child.expect_exact("status 0")
