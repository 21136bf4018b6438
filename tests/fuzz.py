"""Random command lines, each answer and each sum that is shown held against slow loops over Fractions.

``python -m tests.fuzz --lines 100000 --seed 1`` runs many, by hand; `tests/test_fuzz.py` runs a few. A line that goes
wrong is printed, so that it can be typed again.
"""

import argparse
import json
import os
import random
import re
import shlex
import sys
import traceback
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple

from convcalc.engine.padding_modes import PadMode
from convcalc.engine.pooling_kinds import PoolKind
from tests import reference
from tests.conftest import run_convcalc

Plane = list[list[Fraction]]
MODES = tuple(mode.value for mode in PadMode)
LARGEST = Fraction(sys.float_info.max)


class Written(NamedTuple):
    """A grid as it is written, and its exact cells: items of channels of rows."""

    text: str
    cells: list[list[Plane]]

    @property
    def has_decimals(self) -> bool:
        return "." in self.text or "e" in self.text


class Case(NamedTuple):
    """A command line, and the answer it must give: rows of exact numbers, all planes one under the other."""

    words: list[str]
    rows: list[list[Fraction]]
    exact: bool
    """Whether no decimal is in it, so that the answer is exact, too."""


# Numbers and grids


def number(rng: random.Random, kind: str) -> str:
    sign = rng.choice(["", "", "-"])
    if kind == "small":
        return str(rng.randint(-9, 9))
    if kind == "large":
        return sign + str(rng.choice([rng.randint(0, 9), rng.getrandbits(rng.randint(1, 70)), 2**63, 2**62, 2**53 + 1]))
    if kind == "fractions":
        return rng.choice([str(rng.randint(-9, 9)), f"{sign}{rng.randint(1, 99)}/{rng.choice([2, 3, 7, 9, 16, 100])}"])
    if kind == "decimals":
        return f"{sign}{rng.randint(0, 99)}.{rng.randint(0, 10 ** rng.randint(1, 6))}"
    if kind == "extremes":
        power = rng.choice([0, 0, 16, -16, rng.randint(-300, 300)])
        return f"{sign}{rng.randint(0, 9)}.{rng.randint(0, 999)}e{power}"
    return number(rng, rng.choice(["small", "large", "fractions", "decimals", "extremes"]))


KINDS = ("small", "large", "fractions", "decimals", "extremes", "mixed")


def written(rng: random.Random, shape: tuple[int, int, int, int], kind: str | None = None) -> Written:
    items, channels, height, width = shape
    kind = kind or rng.choice(KINDS)
    texts = [
        [[[number(rng, kind) for _ in range(width)] for _ in range(height)] for _ in range(channels)]
        for _ in range(items)
    ]
    text = "; ---; ".join(";; ".join("; ".join(" ".join(row) for row in plane) for plane in item) for item in texts)
    return Written(text, [[[[Fraction(cell) for cell in row] for row in plane] for plane in item] for item in texts])


def flat(items: list[list[Plane]]) -> list[list[Fraction]]:
    return [row for item in items for plane in item for row in plane]


def turned(kernels: list[list[Plane]]) -> list[list[Plane]]:
    """Return kernels rotated by 180°."""
    return [[[row[::-1] for row in plane[::-1]] for plane in item] for item in kernels]


# Commands: each returns a case, and may find none


def padding_of(rng: random.Random, most: int) -> tuple[int, int, int, int]:
    return tuple(rng.randint(0, most) for _ in range(4)) if rng.random() < 0.4 else (0, 0, 0, 0)  # type: ignore[return-value]


def commas(values: tuple[int, ...]) -> str:
    return ",".join(map(str, values))


def convolution(rng: random.Random) -> Case | None:
    groups = rng.choice([1, 1, 1, 2])
    depth, per_group = rng.choice([1, 1, 2]), rng.choice([1, 1, 2])
    height, width = rng.randint(2, 5), rng.randint(2, 5)
    kernel_height, kernel_width = rng.randint(1, 3), rng.randint(1, 3)
    stride, dilation = (rng.randint(1, 2), rng.randint(1, 3)), (rng.choice([1, 1, 2]), rng.choice([1, 1, 2]))
    padding, mode = padding_of(rng, 2), rng.choice(MODES)
    x = written(rng, (rng.choice([1, 1, 2]), depth * groups, height, width))
    kernel = written(rng, (per_group * groups, depth, kernel_height, kernel_width))
    bias = written(rng, (1, 1, 1, per_group * groups)) if rng.random() < 0.4 else None
    flip = rng.random() < 0.2
    if max(padding) >= min(height, width) or len(x.cells[0]) != depth * groups:
        return None
    room = height + padding[0] + padding[1] - dilation[0] * (kernel_height - 1)
    if min(room, width + padding[2] + padding[3] - dilation[1] * (kernel_width - 1)) < 1:
        return None
    words = ["conv", "-i", x.text, "-k", kernel.text, "-s", commas(stride), "-p", commas(padding),
             "-d", commas(dilation), "-g", str(groups), *(["--pad-mode", mode] if any(padding) else []),
             *(["--flip"] if flip else []), *(["-b", bias.text] if bias else [])]  # fmt: skip
    filters = kernel.cells
    if flip:
        filters = turned(filters)
    options: Any = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups, "mode": mode}
    biases = None if bias is None else bias.cells[0][0][0]
    exact = not any(part.has_decimals for part in (x, kernel, *([bias] if bias else [])))
    maps = reference.convolve(x.cells, filters, bias=biases, **options)
    if rng.random() < 0.25:
        return gradient_of(rng, words, x, kernel, maps, options, flip=flip)
    return Case(words, flat(maps), exact)


def gradient_of(
    rng: random.Random,
    words: list[str],
    x: Written,
    kernel: Written,
    maps: list[list[Plane]],
    options: Any,
    *,
    flip: bool,
) -> Case:
    """Backward: the map is linear in the input and in the kernel, so each gradient is the sum of unit responses."""
    shape = len(maps), len(maps[0]), len(maps[0][0]), len(maps[0][0][0])
    gradient = written(rng, shape)
    wrt = rng.choice(["input", "kernel", "bias"])
    words = [*words, "--backward", gradient.text, "--wrt", wrt]
    exact = not gradient.has_decimals
    if wrt == "bias":
        sums = [sum(cell for item in gradient.cells for row in item[map_] for cell in row) for map_ in range(shape[1])]
        return Case(words, [[Fraction(cell) for cell in sums]], exact)

    def dot(other: list[list[Plane]]) -> Fraction:
        pairs = zip(flat(other), flat(gradient.cells), strict=True)
        return sum((a * b for one, two in pairs for a, b in zip(one, two, strict=True)), Fraction(0))

    target, rows = (x if wrt == "input" else kernel).cells, []
    for n, item in enumerate(target):
        for c, plane in enumerate(item):
            for r, row in enumerate(plane):
                line = []
                for k in range(len(row)):
                    unit = [
                        [[[Fraction(int((a, b, d, e) == (n, c, r, k))) for e in range(len(row))]
                          for d in range(len(plane))] for b in range(len(item))] for a in range(len(target))
                    ]  # fmt: skip
                    filters = unit if wrt == "kernel" else kernel.cells
                    filters = turned(filters) if flip else filters
                    line.append(dot(reference.convolve(unit if wrt == "input" else x.cells, filters, **options)))
                rows.append(line)
    operand = kernel if wrt == "input" else x
    return Case(words, rows, exact and not operand.has_decimals)


def pooling(rng: random.Random) -> Case | None:
    kind = rng.choice([kind.value for kind in PoolKind])
    height, width = rng.randint(2, 6), rng.randint(2, 6)
    window, stride = (rng.randint(1, 3), rng.randint(1, 3)), (rng.randint(1, 3), rng.randint(1, 3))
    padding = padding_of(rng, 1)
    if any(pad > window[axis // 2] // 2 for axis, pad in enumerate(padding)):
        return None
    if height + padding[0] + padding[1] < window[0] or width + padding[2] + padding[3] < window[1]:
        return None
    x = written(rng, (rng.choice([1, 1, 2]), rng.choice([1, 1, 2]), height, width))
    words = ["pool", kind, "-i", x.text, "-w", commas(window), "-s", commas(stride), "-p", commas(padding)]
    if kind == "lp":
        return norms_of(rng, words, x, window, stride, padding)
    planes = [
        [reference.pool(plane, kind, window=window, stride=stride, padding=padding) for plane in item]
        for item in x.cells
    ]
    if rng.random() < 0.3:
        shape = len(planes), len(planes[0]), len(planes[0][0]), len(planes[0][0][0])
        gradient = written(rng, shape)
        rows = [
            row
            for item, gradients in zip(x.cells, gradient.cells, strict=True)
            for plane, back in zip(item, gradients, strict=True)
            for row in routed(plane, back, kind, window, stride, padding)
        ]
        return Case([*words, "--backward", gradient.text], rows, not gradient.has_decimals)
    return Case(words, [[Fraction(cell) for cell in row] for row in flat(planes)], not x.has_decimals)


def window_cells(
    plane: Plane, at: tuple[int, int], window: tuple[int, int], stride: tuple[int, int], padding: tuple[int, ...]
) -> list[tuple[int, int]]:
    """Return the cells of a plane that a pooling's window reads, without the padding."""
    top, left = at[0] * stride[0] - padding[0], at[1] * stride[1] - padding[2]
    rows, columns = range(top, top + window[0]), range(left, left + window[1])
    return [(r, c) for r in rows for c in columns if 0 <= r < len(plane) and 0 <= c < len(plane[0])]


def routed(
    plane: Plane,
    gradient: Plane,
    kind: str,
    window: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, ...],
) -> Plane:
    """Return where each output's gradient goes: to the first of the best, or to all alike."""
    total = [[Fraction(0)] * len(plane[0]) for _ in plane]
    for i, line in enumerate(gradient):
        for j, back in enumerate(line):
            cells = window_cells(plane, (i, j), window, stride, padding)
            if kind in ("max", "min"):
                best = (max if kind == "max" else min)(plane[r][c] for r, c in cells)
                cells = [next((r, c) for r, c in cells if plane[r][c] == best)]
            if kind == "median":
                cells = sorted(cells, key=lambda at: plane[at[0]][at[1]])
                cells = cells[(len(cells) - 1) // 2 : len(cells) // 2 + 1]
                back = back / len(cells)
            for r, c in cells:
                total[r][c] += back / (window[0] * window[1]) if kind == "avg" else back
    return total


def root(total: Fraction, norm: int) -> Fraction:
    """Return a root to eighty bits and more, and if that is not all of it, half a unit more: so that no tie is made."""
    if total == 0:
        return total
    bits = 80 + max(total.denominator.bit_length() - total.numerator.bit_length(), 0) // norm + 1
    power, rest = divmod(total.numerator << bits * norm, total.denominator)
    low, high = 0, 1 << power.bit_length() // norm + 1
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**norm <= power else (low, middle)
    return Fraction(2 * low + (low**norm != power or rest != 0), 2 << bits)


def norms_of(
    rng: random.Random,
    words: list[str],
    x: Written,
    window: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, ...],
) -> Case:
    """Pool by a norm: (Σ|x|^p)^(1/p)."""
    norm = rng.choice([1, 2, 3])
    rows = []
    for item in x.cells:
        for plane in item:
            height = (len(plane) + padding[0] + padding[1] - window[0]) // stride[0] + 1
            width = (len(plane[0]) + padding[2] + padding[3] - window[1]) // stride[1] + 1
            for i in range(height):
                reads = [window_cells(plane, (i, j), window, stride, padding) for j in range(width)]
                rows.append(
                    [root(sum((abs(plane[r][c]) ** norm for r, c in cells), Fraction(0)), norm) for cells in reads]
                )
    return Case([*words, "--norm", str(norm)], rows, False)


def transposed(rng: random.Random) -> Case | None:
    channels, maps = rng.choice([1, 1, 2]), rng.choice([1, 1, 2])
    x = written(rng, (1, channels, rng.randint(1, 3), rng.randint(2, 3)))
    kernel = written(rng, (channels, maps, rng.randint(1, 3), rng.randint(1, 3)))
    stride, dilation = (rng.randint(1, 3), rng.randint(1, 3)), (rng.choice([1, 2]), rng.choice([1, 2]))
    bias = written(rng, (1, 1, 1, maps)) if rng.random() < 0.4 else None
    one_row = len(x.cells[0][0]) == len(kernel.cells[0][0]) == 1
    words = ["conv-transpose", "-i", x.text, "-k", kernel.text, *(["-b", bias.text] if bias else [])]
    words += [] if one_row else ["-s", commas(stride), "-d", commas(dilation)]
    options: Any = {} if one_row else {"stride": stride, "dilation": dilation}
    answer = reference.transposed(x.cells, kernel.cells, bias=None if bias is None else bias.cells[0][0][0], **options)
    parts = (x, kernel, *([bias] if bias else []))
    return Case(words, flat(answer), not any(part.has_decimals for part in parts))


def padded(rng: random.Random) -> Case | None:
    x = written(rng, (1, rng.choice([1, 2]), rng.randint(2, 4), rng.randint(2, 4)))
    (top, bottom, left, right), mode = [rng.randint(0, 1) for _ in range(4)], rng.choice(MODES)
    planes = [[reference.padded(plane, top, bottom, left, right, mode) for plane in item] for item in x.cells]
    return Case(
        ["pad", "-i", x.text, "-p", commas((top, bottom, left, right)), "--pad-mode", mode],
        flat(planes),
        not x.has_decimals,
    )


def fully_connected(rng: random.Random) -> Case | None:
    inputs, outputs = rng.randint(1, 4), rng.randint(1, 3)
    x, weights = written(rng, (1, 1, 1, inputs)), written(rng, (1, 1, outputs, inputs))
    bias = written(rng, (1, 1, 1, outputs)) if rng.random() < 0.5 else None
    (row,) = x.cells[0][0]
    sums = [sum((a * b for a, b in zip(row, line, strict=True)), Fraction(0)) for line in weights.cells[0][0]]
    if bias is not None:
        sums = [total + more for total, more in zip(sums, bias.cells[0][0][0], strict=True)]
    parts = (x, weights, *([bias] if bias else []))
    words = ["linear", "-i", x.text, "-W", weights.text, *(["-b", bias.text] if bias else [])]
    return Case(words, [sums], not any(part.has_decimals for part in parts))


def rectified(rng: random.Random) -> Case | None:
    x = written(rng, (1, 1, rng.randint(1, 3), rng.randint(1, 4)))
    if rng.random() < 0.5:
        return Case(["relu", "-i", x.text], [[max(c, Fraction(0)) for c in row] for row in x.cells[0][0]],
                    not x.has_decimals)  # fmt: skip
    slope = number(rng, rng.choice(["small", "fractions", "decimals", "extremes"]))
    rows = [[cell if cell > 0 else Fraction(slope) * cell for cell in row] for row in x.cells[0][0]]
    return Case(["leaky-relu", "-i", x.text, "--slope", slope], rows, not x.has_decimals)


def distance(rng: random.Random) -> Case | None:
    kind, reduction = rng.choice(["mse", "mae"]), rng.choice(["mean", "sum"])
    count = rng.randint(1, 5)
    x, target = written(rng, (1, 1, 1, count)), written(rng, (1, 1, 1, count))
    gaps = [a - b for a, b in zip(x.cells[0][0][0], target.cells[0][0][0], strict=True)]
    total = sum((gap * gap if kind == "mse" else abs(gap) for gap in gaps), Fraction(0))
    value = total / (count if reduction == "mean" else 1)
    words = ["loss", kind, "-i", x.text, "-t", target.text, "--reduction", reduction]
    return Case(words, [[value]], not (x.has_decimals or target.has_decimals))


def flattened(rng: random.Random) -> Case | None:
    x = written(rng, (1, rng.choice([1, 2]), rng.randint(1, 3), rng.randint(1, 3)))
    return Case(["flatten", "-i", x.text], [[cell for row in flat(x.cells) for cell in row]], not x.has_decimals)


COMMANDS: tuple[Callable[[random.Random], Case | None], ...] = (
    convolution, convolution, convolution, pooling, transposed, transposed, padded, fully_connected, rectified,
    distance, flattened,
)  # fmt: skip


# What is printed


def answers(stdout: str, style: str) -> Iterator[list[Fraction]]:
    """Yield the rows of an answer, from what a command printed."""
    if style == "json":
        data = json.loads(stdout)
        data = data["output"] if isinstance(data, dict) else data
        yield from _rows(data)
        return
    for line in stdout.splitlines():
        row, _, exactly = line.partition("#=")
        if line.startswith("#") or not line.strip() or line.strip() == "---":
            continue
        yield [Fraction(word) for word in re.split(r"[,\s]+", (exactly or row).strip())]


def _rows(data: Any) -> Iterator[list[Fraction]]:
    if isinstance(data[0], list):
        for part in data:
            yield from _rows(part)
    else:
        yield [Fraction(str(cell)) for cell in data]


def differs(case: Case, rows: list[list[Fraction]], style: str) -> str:
    """Return what is wrong with an answer; nothing, if each cell is exact, or the exact value rounded once."""
    if [len(row) for row in rows] != [len(row) for row in case.rows]:
        return f"shape {[len(row) for row in rows]}, not {[len(row) for row in case.rows]}"
    for shown, right in zip(rows, case.rows, strict=True):
        for one, other in zip(shown, right, strict=True):
            if one != other and ((case.exact and style in ("plain", "json")) or float(one) != float(other)):
                return f"{one} for {other}"
    return ""


SIGNS = str.maketrans({"×": "*", "−": "-"})
_NUMBER = re.compile(r"\d+(\.\d+)?(e-?\d+)?")


def value_of(text: str) -> Fraction | None:
    """Return what a shown expression comes to; None if it is more than a sum of products and quotients."""
    plain = text.replace("(bias)", "").translate(SIGNS).strip()
    if not re.fullmatch(r"[\d.e+\-*/() ]+", plain):
        return None
    try:
        return Fraction(eval(_NUMBER.sub(lambda match: f"Fraction('{match[0]}')", plain), {"Fraction": Fraction}))
    except (SyntaxError, ZeroDivisionError, TypeError, ValueError):
        return None


def untrue(expression: str) -> bool:
    """Whether two sides of a shown ``=`` are not the same."""
    for part in expression.split("≈"):
        values = [value for side in part.split("=") if (value := value_of(side)) is not None]
        if any(value != values[0] for value in values):
            return True
    return False


def sums(stdout: str) -> Iterator[str]:
    """Yield the sums of steps that are shown as JSON."""
    for step in json.loads(stdout)["steps"]:
        for shown in step.get("sums", ()):
            yield (
                shown.get("opening", "") + shown.get("joiner", "").join(shown["terms"]) + shown.get("closing", "")
                + " " + shown.get("outcome", "")
            )  # fmt: skip


# Lines of any words


VALUES = ("", "1", "0", "-1", "2,1", "1,2,3,4", "same", "1/0", "1e999", "nan 1", "[[1", "x", "3x3", "- ", "edge",
          "1 2; 3", "99999999999999999999", "1;;2", "{}", "1\t\t2", "é", "1 2; 3 4", "0.1 -7; 2 1/3", "1e300 1e300",
          "\0", "\u00a01", "--", "1 2 3 4 5 6 7 8 9", "all", "none", "0,0")  # fmt: skip
OPTIONS = {
    "conv": ("-i", "-k", "-s", "-p", "-d", "-g", "-b", "--pad-mode", "--pad-value", "--as", "--reads", "--backward",
             "--wrt", "--at", "--steps", "--check", "--precision", "--format", "--order", "--flip", "--per-channel",
             "-q", "--heat"),
    "pool": ("-i", "-w", "-s", "-p", "-d", "--divisor", "--shape", "--ceil", "--adaptive", "--global", "--norm",
             "--backward", "--at", "--indices", "--check"),
    "pad": ("-i", "-p", "--pad-mode", "--pad-value", "--check"),
    "batch-norm": ("-i", "--gamma", "--beta", "--eps", "--running", "--columns", "--backward", "--wrt", "--at",
                   "--check"),
    "layer-norm": ("-i", "--gamma", "--beta", "--eps", "--axes", "--backward", "--wrt", "--steps", "--check"),
    "group-norm": ("-i", "--gamma", "--groups", "--eps", "--backward", "--format"),
    "add": ("-i", "--backward", "--wrt", "--at", "--check", "--format"),
    "concat": ("-i", "--axis", "--backward", "--at"),
    "upsample": ("-i", "--scale", "--size", "--mode", "--align-corners", "--backward", "--at", "--check", "--format"),
    "unpool": ("-i", "--indices", "--window", "--stride", "--size", "--backward", "--check"),
    "dropout": ("-i", "--mask", "-p", "--backward", "--check", "--at"),
    "attention": ("-i", "--keys", "--values", "--backward", "--wrt", "--at", "--check"),
    "prelu": ("-i", "--weight", "--backward", "--wrt", "--check"), "clip": ("-i", "--min", "--max", "--backward"),
    "threshold": ("-i", "--threshold", "--value", "--backward", "--at"), "softshrink": ("-i", "--lambd", "--check"),
    "conv-transpose": ("-i", "-k", "-s", "-p", "-d", "-b", "--output-padding", "--as", "--at"),
    "size": ("-n", "-f", "-s", "-p", "-d", "-O", "--ceil", "--chain", "--convention"),
    "softmax": ("-i", "--axis", "--check", "--at"), "log-softmax": ("-i", "--axis"), "relu": ("-i", "--check"),
    "leaky-relu": ("-i", "--slope"), "elu": ("-i", "--alpha"), "gelu": ("-i", "--tanh"), "sigmoid": ("-i", "--at"),
    "linear": ("-i", "-W", "-b", "--transpose", "--check"), "flatten": ("-i",), "show": ("-i", "--heat", "--normalize"),
    "loss": ("-i", "-t", "--reduction", "--logits", "--probabilities", "--backward", "--delta", "--margin",
             "--class-weights", "--ignore-index", "--smoothing", "--check", "--at"),
    "kernels": ("-i",), "model": ("-i", "--trace"),
}  # fmt: skip
ARGUMENTS = {"pool": (*(kind.value for kind in PoolKind), "mid"), "add": VALUES, "concat": VALUES,
             "loss": ("mse", "mae", "bce", "cross-entropy", "hinge", "huber", "nll", "x"),
             "kernels": ("edge", "nope"), "model": ("Conv2d(6, 3)", "lenet5", "nope", "Conv2d(")}  # fmt: skip
FLAGS = ("--flip", "--per-channel", "-q", "--heat", "--ceil", "--global", "--tanh", "--transpose", "--normalize",
         "--logits", "--probabilities", "--columns", "--align-corners", "--indices")  # fmt: skip


def any_words(rng: random.Random) -> list[str]:
    command = rng.choice(list(OPTIONS))
    words = [command, *([rng.choice(ARGUMENTS[command])] if command in ARGUMENTS else [])]
    flags = {*FLAGS, *(["--backward"] if command == "loss" else [])}
    for option in rng.sample(OPTIONS[command], rng.randint(0, min(4, len(OPTIONS[command])))):
        words += [option] if option in flags else [option, rng.choice(VALUES)]
    if "-i" not in words and rng.random() < 0.8:
        words += ["-i", rng.choice(["1 2; 3 4", "0.1 -7; 2 1/3", "1 2 3", "1;;2", "9"])]
    return words


# Running


def fault(rng: random.Random) -> tuple[list[str], str]:
    """Run one random line; return it, and what is wrong with what it did, if anything."""
    case = rng.choice(COMMANDS)(rng) if rng.random() < 0.8 else None
    words = any_words(rng) if case is None else case.words
    style = "" if case is None else rng.choice(["plain", "plain", "json", "csv", "work", "work"])
    words = words + {"plain": ["-q"], "json": ["-q", "--format", "json"], "csv": ["--format", "csv"],
                     "work": ["--format", "json"], "": []}[style]  # fmt: skip
    try:
        ran = run_convcalc(*words, stdin=None)
    except BaseException:
        return words, traceback.format_exc(limit=-3)
    if ran.status not in (0, 1, 2) or "Traceback" in ran.stderr:
        return words, f"status {ran.status}: {ran.stderr[-300:]}"
    if case is None:
        return words, ""
    if ran.status:
        too_large = any(abs(cell) > LARGEST for row in case.rows for cell in row)
        fits = not ("larger than a float" in ran.stderr and (too_large or "-b" in words or "--backward" in words))
        return words, f"status {ran.status}: {ran.stderr}" if fits else ""
    wrong = differs(case, list(answers(ran.stdout, "json" if style in ("json", "work") else style)), style)
    if style == "work" and not wrong:
        wrong = next((f"untrue: {shown}" for shown in sums(ran.stdout) if untrue(shown)), "")
    return words, wrong


def faults(seed: int, lines: int) -> Iterator[tuple[list[str], str]]:
    """Yield the lines that go wrong, of so many."""
    rng = random.Random(seed)
    for _ in range(lines):
        words, wrong = fault(rng)
        if wrong:
            yield words, wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    os.environ["COLUMNS"] = "100000"
    found = 0
    for words, wrong in faults(asked.seed, asked.lines):
        found += 1
        print(f"convcalc {shlex.join(words)}\n  {wrong}\n", flush=True)
    print(f"{asked.lines} lines, {found} wrong")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
