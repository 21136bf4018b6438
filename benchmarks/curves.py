"""Cost against size: seconds of one convolution for n = 6 … 4096, as text and as a picture."""

import math
from collections.abc import Iterator
from statistics import median

import numpy as np

from benchmarks import peers
from benchmarks.timing import Job, timed
from convcalc.engine.convolution import convolve
from convcalc.engine.exact import Array

SIZES = (6, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
WIDE, TALL, LEFT, TOP = 560, 300, 60, 24
COLOURS = ("#1f6fb2", "#b3246b", "#2e8540", "#c7780a")


def curves(*, quick: bool) -> dict[str, list[tuple[int, float]]]:
    """Return for us and each peer the sizes and the seconds of a 3×3 float32 convolution."""
    found: dict[str, list[tuple[int, float]]] = {}
    rng = np.random.default_rng(0)
    for size in SIZES[:-2] if quick else SIZES:
        x, kernel = rng.random((size, size)).astype(np.float32), rng.random((3, 3)).astype(np.float32)
        jobs = {"convcalc": _ours(x, kernel), **peers.plane(x, kernel)}
        jobs.pop("numpy windows", None)
        for name, job in jobs.items():
            job()
            turns = 5 if size > 512 else 15
            found.setdefault(name, []).append((size, median(timed(job) for _ in range(turns))))
    return found


def _ours(x: Array, kernel: Array) -> Job:
    return lambda: convolve(x, kernel).output


def as_text(found: dict[str, list[tuple[int, float]]]) -> Iterator[str]:
    """Yield a chart of signs: a line a size, a mark for each, on a scale of powers of ten."""
    marks = dict(zip(found, "o+x*#", strict=False))
    seconds = [value for line in found.values() for _, value in line]
    low, high = math.log10(min(seconds)), math.log10(max(seconds))
    yield "3×3, float32: " + ", ".join(f"{mark} {name}" for name, mark in marks.items())
    for index, (size, _) in enumerate(next(iter(found.values()))):
        line = [" "] * 61
        for name, values in found.items():
            at = round((math.log10(values[index][1]) - low) / (high - low) * 60)
            line[at] = marks[name] if line[at] == " " else "%"
        yield f"{size:5} |{''.join(line)}"
    yield f"      {10**low * 1e6:.0f} µs{'':>48}{10**high * 1e3:.0f} ms   (% several)"


def as_svg(found: dict[str, list[tuple[int, float]]]) -> str:
    """Return the same as a picture, both scales in powers."""
    seconds = [value for line in found.values() for _, value in line]
    low, high = math.floor(math.log10(min(seconds))), math.ceil(math.log10(max(seconds)))
    first, last = math.log2(SIZES[0]), math.log2(max(size for line in found.values() for size, _ in line))

    def at(size: int, value: float) -> tuple[float, float]:
        across = (math.log2(size) - first) / (last - first) * WIDE
        return LEFT + across, TOP + (high - math.log10(value)) / (high - low) * TALL

    parts = []
    for power in range(low, high + 1):
        _, y = at(SIZES[0], 10.0**power)
        parts.append(f'<path d="M{LEFT} {y:.1f}h{WIDE}" stroke="#8888" stroke-width="0.5"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{_seconds(10.0**power)}</text>')
    shown = [size for size in SIZES if math.log2(size) <= last]
    under = f'y="{TOP + TALL + 16}" text-anchor="middle"'
    parts += [f'<text x="{at(size, 1)[0]:.1f}" {under}>{size}²</text>' for size in shown]
    for (name, line), colour in zip(found.items(), COLOURS, strict=False):
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in line))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        x, y = at(*line[-1])
        parts.append(f'<text x="{x + 6:.1f}" y="{y + 4:.1f}" fill="{colour}">{name}</text>')
    style = "<style>text{font:12px system-ui,sans-serif;fill:#888}</style>"
    box = f'viewBox="0 0 {LEFT + WIDE + 90} {TOP + TALL + 30}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box}>{style}{"".join(parts)}</svg>\n'


def _seconds(value: float) -> str:
    return f"{value * 1e6:g} µs" if value < 1e-3 else f"{value * 1e3:g} ms" if value < 1 else f"{value:g} s"
