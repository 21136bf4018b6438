"""Time convcalc against plain ways of doing the same; print a table of ratios.

    python benchmarks/compare.py [--quick]

Each row runs ours and the other in turn, A B A B …, and gives the median of ours, the median of the ratios
ours ÷ theirs (below 1 we are quicker) and their spread. Answers are compared before anything is timed.
"""

import argparse
import io
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from convcalc.engine.convolution import convolve
from convcalc.engine.kernels import kernel
from convcalc.engine.pooling import pool
from convcalc.render.glyphs import UNICODE
from convcalc.render.plain import render
from convcalc.report.convolution import Labels, worked_convolution
from convcalc.report.selection import Show

Job = Callable[[], object]
GRID = str(Path(__file__).parents[1] / "samples" / "lecture-6x6.txt")


def timed(job: Job) -> float:
    """Return the seconds one run takes."""
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def compare(name: str, ours: Job, theirs: Job, runs: int) -> str:
    """Run both in turn and return a row of the table."""
    ours(), theirs()
    pairs = [(timed(ours), timed(theirs)) for _ in range(runs)]
    ratios = sorted(a / b for a, b in pairs)
    milliseconds = median(a for a, _ in pairs) * 1e3
    return f"| {name} | {milliseconds:.1f} | {median(ratios):.2f} | {ratios[0]:.2f}–{ratios[-1]:.2f} |"


def process(*words: str) -> Job:
    """Return a job that runs Python with these words."""
    return lambda: subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)


def windows_times_kernel(x: np.ndarray, k: np.ndarray) -> np.ndarray:
    """Return the plain numpy convolution: every window at once, by einsum."""
    answer: np.ndarray = np.einsum("ijkl,kl->ij", sliding_window_view(x, k.shape), k)
    return answer


def drawn(steps: int | str) -> int:
    """Draw the steps of a 28×28 input with a 5×5 kernel as text; return how many lines there were."""
    grid = np.arange(784).reshape(28, 28) % 10
    result = convolve(grid, np.arange(25).reshape(5, 5) % 5)
    return sum(1 for _ in render(worked_convolution(result, Show(steps), Labels()).work, 100, UNICODE, answers=False))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="fewer runs and smaller grids: under half a minute")
    quick = parser.parse_args().quick
    side, runs = (512, 5) if quick else (2048, 15)
    rng = np.random.default_rng(0)
    whole, real = rng.integers(-99, 99, (side, side)), rng.random((side, side))
    weights, edge = rng.random((3, 3)), kernel("edge")
    assert (convolve(whole, edge).output == windows_times_kernel(whole, edge)).all()
    np.testing.assert_allclose(convolve(real, weights).output, windows_times_kernel(real, weights))
    halves = whole.reshape(side // 2, 2, side // 2, 2)
    assert (pool(whole).output == halves.max(axis=(1, 3))).all()
    print(f"Python {sys.version.split()[0]}, numpy {np.__version__}, {runs} pairs a row\n")
    print("| work, against | ours, ms | ratio | spread |\n|---|---|---|---|")
    rows: list[tuple[str, Job, Job]] = [
        (
            "`size`, against `python -c pass`",
            process("-m", "convcalc", "size", "-n", "7", "-f", "3"),
            process("-c", "pass"),
        ),
        (
            "`conv` 6×6, against `python -c pass`",
            process("-m", "convcalc", "conv", "-i", GRID, "-k", "edge"),
            process("-c", "pass"),
        ),
        ("`--help`, against `python -c pass`", process("-m", "convcalc", "--help"), process("-c", "pass")),
        (
            f"edge {side}² int64, against windows × kernel",
            lambda: convolve(whole, edge).output,
            lambda: windows_times_kernel(whole, edge),
        ),
        (
            f"3×3 {side}² float64, against windows × kernel",
            lambda: convolve(real, weights).output,
            lambda: windows_times_kernel(real, weights),
        ),
        (
            f"max pool 2×2 {side}² int64, against reshape and max",
            lambda: pool(whole).output,
            lambda: halves.max(axis=(1, 3)),
        ),
        ("576 steps drawn, against one step", lambda: drawn("all"), lambda: drawn(1)),
    ]
    for name, ours, theirs in rows:
        print(compare(name, ours, theirs, runs), flush=True)


if __name__ == "__main__":
    sys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", line_buffering=True)
    main()
