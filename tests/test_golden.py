"""Worked output, whole, as a person reads it. `pytest --refresh-golden` writes it anew."""

from collections.abc import Callable

import pytest

from convcalc.lecture import ROWS
from tests.conftest import Convcalc

Check = Callable[[str, str], None]
GRID, RGB = "samples/lecture-6x6.txt", "samples/rgb-4x4.txt"

WORKED = {
    "conv-padded": ("conv", "-i", GRID, "-k", "edge", "-p", "1", "--steps", "8"),
    "conv-channels-bias": ("conv", "-i", RGB, "-k", "samples/two-filters.txt", "-b", "1,0", "-p", "1", "--steps", "2"),
    "conv-depthwise": ("conv", "-i", RGB, "-k", "edge", "--per-channel", "--at", "1,1"),
    "conv-dilated": ("conv", "-i", GRID, "-k", "1 2; 3 4", "-d", "3", "--at", "1,1"),
    "conv-strided-unread": ("conv", "-i", GRID, "-k", "edge", "-s", "2", "--steps", "1"),
    "conv-fractions": ("conv", "-i", GRID, "-k", "gaussian", "-b", "1/3", "--at", "0,0"),
    "conv-decimals": ("conv", "-i", "samples/decimals.csv", "-k", "0.5 0.25; -1 0.1", "--at", "0,0"),
    "conv-reflect": ("conv", "-i", GRID, "-k", "edge", "-p", "1", "--pad-mode", "reflect", "--at", "0,0"),
    "conv-same-strided": ("conv", "-i", GRID, "-k", "edge", "-p", "same", "-s", "3", "--at", "1,1"),
    "conv-cropped": ("conv", "-i", " ; ".join(" ".join(str(r * c) for c in range(30)) for r in range(30)), "-k",
                     "gaussian-5", "--at", "10,12"),
    "conv-one-row": ("conv", "-i", "samples/time-series.txt", "-k", "1 -1", "-p", "1", "--steps", "2"),
    "conv-batch": ("conv", "-i", "1 2; 3 4\n---\n5 6; 7 8", "-k", "1 1", "--steps", "all"),
    "conv-ascii": ("conv", "-i", GRID, "-k", "box", "-p", "1", "--at", "0,0", "--ascii"),
    "pool-avg-padded": ("pool", "avg", "-i", "samples/pool-4x4.txt", "-w", "3", "-s", "2", "-p", "1"),
    "pool-avg-not-counted": ("pool", "avg", "-i", "samples/pool-4x4.txt", "-w", "3", "-s", "2", "-p", "1",
                             "--no-count-pad", "--at", "0,0"),
    "pool-ceil": ("pool", "max", "-i", "1 2 3 4 5; 6 7 8 9 1", "--ceil"),
    "pool-lp": ("pool", "lp", "-i", "3 -4 1 1"),
    "pool-lp-3": ("pool", "lp", "-i", "3 -4 1 1", "--norm", "3"),
    "pool-adaptive": ("pool", "avg", "-i", GRID, "--adaptive", "2x4", "--steps", "2"),
    "pool-global": ("pool", "avg", "-i", RGB, "--global"),
    "pad-reflect": ("pad", "-i", GRID, "-p", "1,2", "--pad-mode", "reflect"),
    "size-two-axes": ("size", "-n", "32x28", "-f", "5x3", "-s", "2", "-d", "1x2"),
    "size-solved": ("size", "-n", "227", "-O", "55"),
    "size-same": ("size", "-n", "7", "-f", "3", "-s", "3", "-p", "same"),
    "size-ceil": ("size", "-n", "5", "-f", "2", "-s", "2", "--ceil"),
    "size-gaps": ("size", "-n", "9", "-f", "1", "-s", "4"),
    "kernels": ("kernels",),
    "kernel-gaussian": ("kernels", "gaussian"),
    "show-signed-heat": ("show", "-i", "-5 -4 0 8; -10 -2 2 3", "--heat"),
}  # fmt: skip


@pytest.mark.parametrize("name", WORKED)
def test_worked(convcalc: Convcalc, golden: Check, name: str) -> None:
    ran = convcalc(*WORKED[name])
    assert (ran.status, ran.stderr) == (0, "")
    golden(f"{name}.txt", ran.stdout)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.topic)
def test_lecture_rows(convcalc: Convcalc, golden: Check, row: object) -> None:
    number = row.number  # type: ignore[attr-defined]
    golden(f"lecture-{number:02}.txt", convcalc("lecture", str(number)).stdout)
