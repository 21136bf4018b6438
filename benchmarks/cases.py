"""What is timed: the engine, networks, the start of the commands, the drawing, and the array that does not fit."""

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import peers
from benchmarks.timing import Case, Job
from convcalc.engine.convolution import convolve
from convcalc.engine.exact import magnitude
from convcalc.engine.fast.reductions import WAYS as REDUCTIONS
from convcalc.engine.fast.reductions import windows_of
from convcalc.engine.fast.sums import Work, summed, ways_for
from convcalc.engine.geometry import Axis
from convcalc.engine.kernels import kernel
from convcalc.engine.pooling import pool
from convcalc.inference.network import NetworkNumbers
from convcalc.inference.parameters import as_float32, drawn
from convcalc.network import zoo

ROOT = Path(__file__).parents[1]
GRID = str(ROOT / "samples" / "lecture-6x6.txt")
TARGET = 3
"""The class from which a network's pass goes backward."""
LAYERS = (
    ("3×3, 64→64 channels, 56²", 64, 64, 56, 3, 1, 1),
    ("7×7 stride 2, 3→64, 224²", 3, 64, 224, 7, 2, 1),
    ("depthwise 3×3, 64, 112²", 64, 64, 112, 3, 1, 64),
    ("1×1, 256→64, 56²", 256, 64, 56, 1, 1, 1),
)


def engine(*, quick: bool) -> Iterator[Case]:
    """Yield convolutions of one plane, of layers, and poolings; every answer is compared before anything is timed."""
    rng = np.random.default_rng(0)
    side = 512 if quick else 2048
    for name, dtype in (("int64", np.int64), ("float64", np.float64), ("float32", np.float32)):
        x = (rng.random((side, side)) * 200 - 100).astype(dtype)
        yield _plane(f"edge 3×3, {side}², {name}", x, kernel("edge").astype(dtype))
    for taps in (3, 5, 11, 31):
        for name, dtype in (("float32", np.float32), ("float64", np.float64)):
            x, weights = rng.random((side, side)).astype(dtype), rng.random((taps, taps)).astype(dtype)
            yield _plane(f"{taps}×{taps}, {side}², {name}", x, weights)
    for taps in (3, 5, 11):
        x = rng.integers(-99, 99, (side, side))
        yield _plane(f"{taps}×{taps}, {side}², int64", x, rng.integers(-9, 9, (taps, taps)))
    for name, channels, filters, size, taps, stride, groups in LAYERS:
        x = rng.random((channels, size, size)).astype(np.float32)
        weights = rng.random((filters, channels // groups, taps, taps)).astype(np.float32)
        settings = {"stride": stride, "padding": taps // 2, "groups": groups}
        yield Case("a layer, float32", name, _layer(x, weights, settings), peers.layer(x, weights, **settings))
    x = rng.random((64, 112, 112)).astype(np.float32)
    for kind, window, stride in (("max", 2, 2), ("max", 3, 2), ("avg", 2, 2), ("avg", 3, 2)):
        job = _pool(x, kind, window, stride)
        yield Case("pooling, float32, 64×112²", f"{kind} {window}×{window} stride {stride}", job,
                   peers.pooling(x, kind, window, stride))  # fmt: skip


def _plane(name: str, x: Any, weights: Any) -> Case:
    def ours() -> Any:
        return convolve(x, weights).output

    jobs = peers.plane(x, weights)
    if "scipy" in jobs:
        edge = weights.shape[0] // 2
        inside = jobs["scipy"]()[edge:-edge, edge:-edge]
        np.testing.assert_allclose(ours(), inside, rtol=1e-3 if x.dtype == np.float32 else 1e-9, atol=1e-2)
    return Case("one plane", name, ours, jobs)


def _layer(x: Any, weights: Any, settings: Any) -> Job:
    return lambda: convolve(x, weights, **settings).output


def _pool(x: Any, kind: str, window: int, stride: int) -> Job:
    return lambda: pool(x, kind, window=window, stride=stride).output


def ways(*, quick: bool) -> Iterator[Case]:
    """Yield, for each way of summing, work that it is taken for, against the way that would be taken without it."""
    rng = np.random.default_rng(0)
    side = 512 if quick else 2048

    def plane(low: int, high: int) -> Any:
        return rng.integers(low, high, (side, side))

    def floats(*shape: int) -> Any:
        return rng.random(shape).astype(np.float32)

    long = np.arange(1, 16, dtype=np.float32)
    given: tuple[tuple[str, Any, Any, Any], ...] = (
        ("the gradient of a 3×3, 64→64, 56²", floats(64, 1, 58, 58), floats(64, 1, 56, 56), {}),
        ("1×1, 256→64, 56²", floats(256, 56, 56), floats(64, 256, 1, 1), {}),
        ("depthwise 3×3, 64, 112²", floats(64, 112, 112), floats(64, 1, 3, 3), {"groups": 64}),
        (f"1×3, {side}², float32", floats(side, side), np.array([[1, 0, -1]], np.float32), {}),
        (f"edge, {side}², float32", floats(side, side), kernel("edge").astype(np.float32), {}),
        (f"15×15 of rank 1, {side}², float32", floats(side, side), np.outer(long, long), {}),
        (f"31×31, {side}², float32", floats(side, side), floats(31, 31), {}),
        ("16 filters 3×3, 224², float32", floats(224, 224), floats(16, 1, 3, 3), {}),
        (f"3×3, {side}², float32", floats(side, side), floats(3, 3), {}),
        (f"laplacian, {side}², int64", plane(0, 256), kernel("laplacian"), {}),
        (f"7×7, {side}², int64", plane(0, 256), rng.integers(1, 9, (7, 7)), {}),
        (f"3×3, {side}², 16 digits", plane(-(10**14), 10**14), rng.integers(1, 99, (3, 3)), {}),
        ("7×7 stride 2, 3→64, 224²", floats(3, 224, 224), floats(64, 3, 7, 7), {"stride": 2, "padding": 3}),
        ("3×3, 16→16 channels, 112²", floats(16, 112, 112), floats(16, 16, 3, 3), {"padding": 1}),
        ("edge, 1024 items of 28², float32", floats(1024, 1, 28, 28), kernel("edge").astype(np.float32), {}),
    )
    for name, x, weights, settings in given:
        worked = convolve(x, weights, **settings)
        integers = x.dtype.kind == "i"
        work = Work(worked.plan, worked.kernel, integers, worked.padded)
        bound = magnitude(x) * int(np.abs(weights).sum()) if integers else None
        (way, dtype), (other, others) = islice(ways_for(work, bound), 2)
        job, instead = partial(summed, work, way, dtype), partial(summed, work, other, others)
        yield Case("the ways", f"{way.name}: {name}, else {other.name}", job, {"the next way": instead})
    for axis in (Axis(side, 32, 32), Axis(side, 15)):
        yield _reduction(floats(1, side, side), axis)


def _reduction(x: Any, axis: Axis) -> Case:
    """Return maxima of the windows of the rows, by the way that is taken, against the next that fits."""
    windows = windows_of(axis)
    first, second = [way for way in REDUCTIONS if way.fits(windows)][:2]
    out = np.empty((1, axis.output, x.shape[2]), x.dtype)
    jobs = (partial(way.run, x, windows, 1, np.maximum, out) for way in (first, second))
    name = f"{first.name}: maxima of {axis.kernel} rows, stride {axis.stride}, {axis.size}², else {second.name}"
    return Case("the ways", name, next(jobs), {"the next way": next(jobs)})


def networks() -> Iterator[Case]:
    """Yield passes of networks of random weights, forward and backward; the answers are compared before."""
    for name in ("lenet5", "resnet18", "vgg11", "mobilenet_v2"):
        trace, output = zoo.entry(name).build()
        x = np.random.default_rng(0).normal(size=(1, *trace.nodes[0].output[1:])).astype(np.float32)
        network = NetworkNumbers(trace, output.node, as_float32(drawn(trace, 0)), x)
        others = peers.network(network)
        for job in others.values():
            np.testing.assert_allclose(network.output, np.asarray(job()), rtol=1e-3, atol=1e-5)
        yield Case("a network, float32", zoo.entry(name).title, partial(getattr, network, "output"), others)
        others = peers.backward(network, TARGET)
        for job in others.values():
            ours = network.backward([TARGET])
            for one, other in zip([*ours.gradients.values(), ours.input], job(), strict=True):
                # Where float32 puts a cell on the other side of a ReLU, hundredths of what comes back differ.
                assert np.linalg.norm(one - other) <= 0.05 * np.linalg.norm(other)
        job = partial(network.backward, [TARGET])
        yield Case("forward and backward, float32", zoo.entry(name).title, job, others)


def start() -> Iterator[Case]:
    """Yield the start of commands, against Python's own."""
    nothing = {"python -c pass": _process("-c", "pass")}
    yield Case("the start", "size -n 7 -f 3 -s 2", _command("size", "-n", "7", "-f", "3", "-s", "2"), nothing)
    yield Case("the start", "conv, 6×6", _command("conv", "-i", GRID, "-k", "edge"), nothing)
    yield Case("the start", "--help", _command("--help"), nothing)
    yield Case("the start", "completing a name", _completion(), nothing)


def _process(*words: str, env: dict[str, str] | None = None) -> Job:
    """Return a job that runs Python with these words; what it would compile is compiled already."""
    settings = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"} | (env or {})
    return lambda: subprocess.run(
        [sys.executable, *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=settings
    )


def _command(*words: str) -> Job:
    return _process(_script(), *words)


def _script() -> str:
    """Return the console script: what a person starts."""
    return str(Path(sys.executable).parent / "convcalc")


def _completion() -> Job:
    names = {"COMP_WORDS": "convcalc po", "COMP_CWORD": "1", "_CONVCALC_COMPLETE": "complete_bash"}
    return _process(_script(), env=names)


def drawing(folder: Path) -> Iterator[Case]:
    """Yield 576 steps of a 28×28 input with a 5×5 window, written out, against a single one."""
    np.savetxt(folder / "x.txt", np.arange(784).reshape(28, 28) % 10, fmt="%d")
    np.savetxt(folder / "k.txt", np.arange(25).reshape(5, 5) % 5, fmt="%d")
    words = ("conv", "-i", str(folder / "x.txt"), "-k", str(folder / "k.txt"), "--steps")
    one = {"a single step": _command(*words, "1")}
    yield Case("drawing", "576 steps, 28×28 with 5×5", _command(*words, "all"), one)


def key_pressed() -> Iterator[Case]:
    """Yield a key of the walk on the same exercise, drawn anew on a terminal of 120 × 60."""
    from rich.console import Console

    from convcalc.cli.walk import ROWS, lines_of
    from convcalc.render.glyphs import UNICODE
    from convcalc.report.convolution import Labels, worked_convolution
    from convcalc.report.selection import Show
    from convcalc.session.walk import Walk

    grid, weights = np.arange(784).reshape(28, 28) % 10, np.arange(25).reshape(5, 5) % 5
    steps = worked_convolution(convolve(grid, weights), Show(), Labels()).steps
    assert steps is not None
    walk = Walk(steps, Show())
    console = Console(file=io.StringIO(), force_terminal=True, width=120, height=60)

    def press() -> None:
        walk.press("right" if walk.index + 1 < walk.count else "home")
        blocks, below = walk.screen()
        lines_of(below, console, UNICODE, 120)
        lines_of(blocks, console, UNICODE, 120, ROWS[0])

    yield Case("drawing", "a key in the walk, 28×28 with 5×5", press, {})


def large(folder: Path, *, quick: bool) -> Iterator[Case]:
    """Yield an NPY file through a 3×3 into another, against copying it: the disk's own speed."""
    side = 4000 if quick else 20_000
    cells = np.lib.format.open_memmap(folder / "x.npy", mode="w+", dtype=np.float32, shape=(side, side))
    rng = np.random.default_rng(0)
    for top in range(0, side, 1000):
        cells[top : top + 1000] = rng.random((min(1000, side - top), side), dtype=np.float32)
    del cells
    name, out = str(folder / "x.npy"), str(folder / "y.npy")
    copy = {"cp": lambda: subprocess.run(["cp", name, str(folder / "z.npy")], check=True)}
    decimals = "1 2 3.5; 2 4 2; 1 2 1"
    asked = {"edge": ("edge",), "3×3": (decimals,), "3×3 --dtype float32": (decimals, "--dtype", "float32")}
    for what, words in asked.items():
        job = _command("conv", "-i", name, "-o", out, "-k", *words)
        yield Case("a large file", f"{what}, {side}² float32", job, copy)
