"""Work dealt to threads is all done, whatever else goes on; scratch memory in use is nobody else's."""

import multiprocessing
import signal
import subprocess
import sys
import textwrap
import threading
from typing import Any

import numpy as np
import pytest

from convcalc.engine.convolution import convolve
from convcalc.engine.fast import threads
from convcalc.engine.fast.threads import do_all

pytestmark = pytest.mark.slow

GRID = np.arange(1_440_000).reshape(1200, 1200) % 97
KERNEL = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]])


@pytest.fixture(autouse=True)
def three_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "processors", lambda: 3)


@pytest.mark.parametrize("threaded", [False, True])
def test_every_part_is_done_once(threaded: bool) -> None:
    done: list[int] = []

    def do(part: int) -> bool:
        done.append(part)
        return part != 77

    assert do_all(do, range(70), threaded=threaded)
    assert not do_all(do, range(70, 100), threaded=threaded)
    assert sorted(done) == list(range(100))


def test_what_a_part_raises_is_raised_when_no_part_is_worked_any_more() -> None:
    working: set[int] = set()

    def do(part: int) -> bool:
        working.add(part)
        if part == 5:
            working.remove(part)
            raise ValueError("five")
        working.remove(part)
        return True

    with pytest.raises(ValueError, match="five"):
        do_all(do, range(1000), threaded=True)
    assert not working


def test_parts_may_be_parted_again() -> None:
    def do(part: int) -> bool:
        return do_all(lambda inner: inner >= part, range(part, part + 50), threaded=True)

    assert do_all(do, range(50), threaded=True)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer")
def test_a_convolution_within_a_convolution_disturbs_nothing() -> None:
    small, expected = GRID[:300, :300], convolve(GRID, KERNEL).output
    inner = convolve(small, KERNEL).output
    within: list[bool] = []

    def interrupt(number: int, frame: Any) -> None:
        within.append(bool((convolve(small, KERNEL).output == inner).all()))
        signal.setitimer(signal.ITIMER_REAL, 0.002)  # only now, so that a slow machine gets on between

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.002)
    try:
        right = [bool((convolve(GRID, KERNEL).output == expected).all()) for _ in range(30)]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert within
    assert all(within)
    assert all(right)


def test_many_threads_at_once() -> None:
    expected = convolve(GRID, KERNEL).output
    right: list[bool] = []
    workers = [
        threading.Thread(target=lambda: right.append(bool((convolve(GRID, KERNEL).output == expected).all())))
        for _ in range(6)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert right == [True] * 6


def total() -> int:
    return int(convolve(GRID, KERNEL).output.sum())


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_starts_threads_of_its_own() -> None:
    expected = total()
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.apply_async(total).get(timeout=60) == expected


def test_a_thread_that_outlives_the_main_one_works_alone() -> None:
    program = """
        import atexit, threading, time
        import numpy as np
        from convcalc.engine.fast import threads
        from convcalc.engine.convolution import convolve
        threads.processors = lambda: 3

        def work():
            print(int(convolve(np.ones((1200, 1200), int), [[1, 2], [3, 4]]).output.sum()))

        def later():
            time.sleep(0.3)
            work()

        atexit.register(work)
        threading.Thread(target=later).start()
    """
    ran = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=60)
    assert (ran.stdout.split(), ran.stderr) == ([str(1199 * 1199 * 10)] * 2, "")
