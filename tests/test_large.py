"""Inputs worked in bands: the same answers as in one piece, in memory bounded by the band, and no half-written file."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pexpect
import pytest

from convcalc.choices import PaddingRule
from convcalc.engine.convolution import Convolution, convolve
from convcalc.engine.exact import Array
from convcalc.engine.fast import bands
from convcalc.engine.fast.bands import Bands, convolution_bands, pooling_bands
from convcalc.engine.padding_modes import PadMode
from convcalc.engine.pooling import Pooling, pool
from convcalc.engine.pooling_kinds import PoolKind
from convcalc.errors import InputError
from convcalc.matrix_io import large
from convcalc.matrix_io.large import LargeFile
from tests.conftest import Ran, run_convcalc

pytestmark = pytest.mark.slow

RAMP = np.arange(40 * 30, dtype=np.int64).reshape(40, 30) % 17


def made_up(rng: random.Random) -> tuple[Convolution | Pooling, Bands] | None:
    """A convolution or pooling at random, of one to four dimensions, and its bands; None where it does not fit."""
    shape = tuple(rng.randint(1, 14) for _ in range(rng.choice((1, 2, 2, 3, 4))))
    x = np.array([rng.randint(-9, 9) for _ in range(int(np.prod(shape)))]).reshape(shape)
    x = rng.choice((x, x / 3, (x / 8).astype(np.float32)))
    channels = shape[-3] if len(shape) > 2 else 1
    try:
        if rng.random() < 0.6:
            filters, height, width = rng.randint(1, 2), rng.randint(1, 3), rng.randint(1, 3)
            kernel = np.array([rng.randint(-3, 3) for _ in range(filters * channels * height * width)])
            result = convolve(
                x,
                kernel.reshape(filters, channels, height, width),
                bias=rng.choice((None, [1] * filters)),
                stride=rng.randint(1, 3),
                padding=rng.choice((0, 1, 2, (1, 2, 0, 1), PaddingRule.FULL, PaddingRule.SAME)),
                dilation=rng.randint(1, 2),
                mode=rng.choice(list(PadMode)),
                flip=rng.random() < 0.5,
            )
            return result, convolution_bands(result, lambda part: result.input[part], fortran=rng.random() < 0.3)
        pooling = pool(
            x,
            rng.choice(list(PoolKind)),
            window=rng.randint(1, 4),
            stride=rng.randint(1, 4),
            padding=rng.randint(0, 2),
            ceil=rng.random() < 0.5,
            count_padding=rng.random() < 0.5,
            adaptive=rng.choice((None, None, 1, (rng.randint(1, 4), rng.randint(1, 9)))),
            norm=rng.randint(1, 3),
        )
    except InputError:
        return None
    return pooling, pooling_bands(pooling, lambda part: pooling.input[part], fortran=rng.random() < 0.3)


@pytest.mark.parametrize("size", [64, 300, 5000])
def test_bands_come_to_the_whole(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bands, "PART", size)
    several = 0
    for seed in range(400):
        made = made_up(random.Random(seed))
        if made is None:
            continue
        whole, in_bands = made
        answer, times, length = np.zeros(in_bands.maps, in_bands.like.dtype), np.zeros(in_bands.maps, int), 0
        parts = list(in_bands.parts())
        for part in parts:
            answer[part.where] = part.cells
            times[part.where] += 1
            length += part.length
        several += len(parts) > in_bands.maps[0]
        assert (times == 1).all(), seed
        assert (length, in_bands.like.shape) == (in_bands.length, whole.output.shape), seed
        np.testing.assert_allclose(answer, whole.maps.astype(float), rtol=1e-6, atol=1e-6, err_msg=str(seed))
    assert several > {64: 200, 300: 100, 5000: 5}[size]


@pytest.fixture
def small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, "LARGE", 1)
    monkeypatch.setattr(bands, "PART", 4096)


def saved(path: Path, cells: Array) -> str:
    np.save(path, cells)
    return str(path)


@pytest.mark.usefixtures("small_is_large")
@pytest.mark.parametrize(
    "words",
    [
        ["conv", "-k", "edge"],
        ["conv", "-k", "1 2; 3 4", "-s", "2", "-p", "1", "--pad-mode", "circular"],
        ["conv", "-k", "gaussian", "-p", "same"],
        ["conv", "-k", "0.5 0.25; 1 -1", "--flip", "-b", "3"],
        ["pool", "max", "-w", "3", "-s", "2", "-p", "1", "--ceil"],
        ["pool", "avg", "-w", "3", "-p", "1", "--no-count-pad"],
        ["pool", "lp"],
        ["pool", "max", "--global"],
        ["pool", "avg", "--global"],
        ["pool", "lp", "--global", "--norm", "3"],
        ["pool", "sum", "--adaptive", "7x4"],
        ["pool", "avg", "-w", "30", "-s", "20", "-p", "2", "--no-count-pad"],
        ["pool", "min", "-w", "30", "-s", "1"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, np.float64, ">i4"])
def test_a_large_file_is_worked_as_a_small_one(words: list[str], dtype: Any, order: Any, tmp_path: Path) -> None:
    cells = RAMP.astype(dtype, order=order)
    name = saved(tmp_path / "in.npy", cells)
    ran = run_convcalc(*words, "-i", name, "-o", str(tmp_path / "out.npy"))
    made = np.load(tmp_path / "out.npy")
    shape = "×".join(map(str, made.shape))
    assert ran == Ran("", f"wrote the {shape} answer to {tmp_path / 'out.npy'}\n", 0)
    in_memory = run_convcalc(*words, "-q", stdin=Path(name).read_bytes())
    assert in_memory.status == 0
    shown = np.array([line.split("#")[0].split() for line in in_memory.stdout.splitlines()], dtype=float)
    np.testing.assert_allclose(made, shown, rtol=1e-6)
    assert made.dtype.isnative


@pytest.mark.usefixtures("small_is_large")
@pytest.mark.parametrize("pieces", [0, 3, 1 << 12], ids=["laid in at once", "some of them", "one by one"])
def test_channels_items_and_long_rows(pieces: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, "MANY_PIECES", pieces)
    many = np.arange(700 * 9 * 7).reshape(700, 9, 7) % 11
    run_convcalc("pool", "avg", "-i", saved(tmp_path / "m.npy", many), "-o", str(tmp_path / "o.npy"))
    assert (np.load(tmp_path / "o.npy") == pool(many, "avg").output.astype(float)).all()
    batch = np.arange(2 * 3 * 9 * 8).reshape(2, 3, 9, 8) % 11
    run_convcalc(
        "conv", "-k", "edge", "--per-channel", "-i", saved(tmp_path / "b.npy", batch), "-o", str(tmp_path / "o.npy")
    )
    edge = np.broadcast_to([[1, 0, -1]] * 3, (3, 1, 3, 3))
    assert (np.load(tmp_path / "o.npy") == convolve(batch, edge, groups=3).output).all()
    row = np.arange(5000) % 13
    run_convcalc("conv", "-k", "1 2 3", "-p", "1", "-i", saved(tmp_path / "r.npy", row), "-o", str(tmp_path / "o.npy"))
    assert (np.load(tmp_path / "o.npy") == convolve(row, [1, 2, 3], padding=1).output).all()
    run_convcalc("pool", "-i", saved(tmp_path / "f.npy", np.asfortranarray(batch)), "-o", str(tmp_path / "o.npy"))
    assert (np.load(tmp_path / "o.npy") == pool(batch).output).all()
    assert np.load(tmp_path / "o.npy").flags.f_contiguous


@pytest.mark.usefixtures("small_is_large")
def test_small_items_are_worked_many_at_once(tmp_path: Path) -> None:
    batch = np.arange(500 * 6 * 5).reshape(500, 1, 6, 5) % 23
    result = convolve(batch, [[1, 2], [3, 4]])
    parts = list(convolution_bands(result, lambda part: result.input[part]).parts())
    assert 1 < len(parts) < 60
    name, out = saved(tmp_path / "b.npy", batch), str(tmp_path / "o.npy")
    run_convcalc("conv", "-k", "1 2; 3 4", "-i", name, "-o", out)
    assert (np.load(out) == result.output).all()


@pytest.mark.usefixtures("small_is_large")
def test_a_fault_is_named_by_its_place_and_leaves_the_old_file(tmp_path: Path) -> None:
    cells = RAMP.astype(np.float32)
    cells[35, 7] = np.nan
    (tmp_path / "out.npy").write_text("old")
    ran = run_convcalc("conv", "-k", "edge", "-i", saved(tmp_path / "in.npy", cells), "-o", str(tmp_path / "out.npy"))
    assert (ran.status, ran.stdout) == (1, "")
    assert "cell [0, 0, 35, 7] is nan" in ran.stderr
    assert (tmp_path / "out.npy").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.npy", "out.npy"]
    overflow = run_convcalc(
        "conv", "-k", str(2**62), "-i", saved(tmp_path / "in.npy", RAMP), "-o", str(tmp_path / "out.npy")
    )
    assert (overflow.status, (tmp_path / "out.npy").read_text()) == (1, "old")
    assert "integers beyond 64 bits" in overflow.stderr


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_sum_that_is_too_large_is_named_by_its_place_in_the_whole(
    order: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large, "LARGE", 1)
    monkeypatch.setattr(bands, "PART", 1 << 20)
    cells = np.random.default_rng(0).random((700, 600))
    cells[650, 550] = 1e308
    name = saved(tmp_path / "in.npy", np.array(cells, order=order))
    ran = run_convcalc("conv", "-k", "1 1; 1 10", "-i", name, "-o", str(tmp_path / "out.npy"))
    assert (ran.status, ran.stdout) == (1, "")
    assert "the result at [0, 0, 649, 549] is larger than a float can hold" in ran.stderr


def test_a_file_that_is_not_large_or_not_for_npy_is_read_whole(tmp_path: Path) -> None:
    name = saved(tmp_path / "in.npy", RAMP)
    assert LargeFile.of(Path(name)) is None
    assert run_convcalc("conv", "-k", "edge", "-i", name, "-o", str(tmp_path / "o.npy")).status == 0


SETTINGS = (
    "import convcalc.matrix_io.large as large, convcalc.engine.fast.bands as bands; large.LARGE = 1; bands.PART = {};"
)
RUN = "import sys; from convcalc.cli.app import main; sys.argv[0] = 'convcalc'; main()"


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    saved(tmp_path / "in.npy", np.ones((3000, 2000), dtype=np.float32))
    return tmp_path


def test_a_terminal_is_told_how_far_it_is(wide: Path) -> None:
    words = ["-c", SETTINGS.format(1_000_000) + RUN, "conv", "-k", "edge", "-i", "in.npy", "-o", "out.npy"]
    child = pexpect.spawn(sys.executable, words, cwd=str(wide), dimensions=(24, 100), encoding="utf-8", timeout=30)
    child.expect(r"of 2,998 rows")
    child.expect(r"[\d,]+ rows/s")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert np.load(wide / "out.npy").shape == (2998, 1998)


def signalled(number: int, folder: Path, settings: str) -> tuple[int, bytes]:
    """Send a signal to a convcalc that is writing; return its status and what it complained of."""
    words = [sys.executable, "-c", settings + RUN, "conv", "-k", "edge", "-i", "in.npy", "-o", "o.npy"]
    with subprocess.Popen(words, cwd=folder, stderr=subprocess.PIPE) as process:
        try:
            deadline = time.monotonic() + 20
            while not list(folder.glob(".convcalc-*")) and time.monotonic() < deadline:
                time.sleep(0.005)
            process.send_signal(number)
            _, stderr = process.communicate(timeout=20)
        finally:
            process.kill()
    return process.returncode, stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopping_leaves_no_half_written_file(number: int, wide: Path) -> None:
    status, stderr = signalled(number, wide, SETTINGS.format(10_000))
    assert status != 0
    assert b"Traceback" not in stderr
    assert os.listdir(wide) == ["in.npy"]


# What a process inherits of its parent's peak is not in VmHWM.
PEAK = (
    "import sys; from convcalc.cli.app import run; status = run(sys.argv[1:]);"
    "told = dict(line.split(':', 1) for line in open('/proc/self/status'));"
    "print(status, told['VmHWM'].split()[0])"
)


needs_proc = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is not told here")


def peak_of(folder: Path, *words: str) -> int:
    """Return the bytes of memory that convcalc takes at most."""
    ran = subprocess.run([sys.executable, "-c", PEAK, *words], cwd=folder, capture_output=True, text=True, check=True)
    status, kilobytes = ran.stdout.split()
    assert status == "0"
    return int(kilobytes) * 1024


@needs_proc
def test_memory_is_bounded_by_the_band(tmp_path: Path) -> None:
    """A file of 200 MB is worked in less than that."""
    cells = np.lib.format.open_memmap(tmp_path / "in.npy", mode="w+", dtype=np.float32, shape=(10_000, 5_000))
    cells[:] = np.arange(10_000)[:, None] % 7
    del cells
    assert peak_of(tmp_path, "conv", "-k", "1; 3", "-i", "in.npy", "-o", "out.npy") < 200_000_000
    rows = np.arange(9_999)
    made = np.load(tmp_path / "out.npy", mmap_mode="r")
    assert (made[:, ::999] == (rows % 7 + 3 * ((rows + 1) % 7))[:, None]).all()


@needs_proc
def test_memory_is_bounded_by_what_many_filters_make(tmp_path: Path) -> None:
    """Of 64 MB, sixteen filters make 1.1 GB."""
    np.save(tmp_path / "in.npy", np.ones((4_300, 4_000), dtype=np.float32))
    np.save(tmp_path / "k.npy", np.ones((16, 1, 1, 2), dtype=np.float32))
    assert peak_of(tmp_path, "conv", "-k", "k.npy", "-i", "in.npy", "-o", "out.npy") < 300_000_000
    os.remove(tmp_path / "out.npy")


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there is no SIGHUP here")
def test_what_nohup_ignores_stays_ignored(wide: Path) -> None:
    ignoring = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN);"
    status, _ = signalled(signal.SIGHUP, wide, ignoring + SETTINGS.format(1_000_000))
    assert status == 0
    assert (wide / "o.npy").exists()


@pytest.mark.usefixtures("small_is_large")
@pytest.mark.parametrize("words", [["--picture", "scaled"], ["--at", "99999,0"]], ids=" ".join)
def test_what_a_small_file_refuses_a_large_one_does_too(words: list[str], tmp_path: Path) -> None:
    name = saved(tmp_path / "in.npy", RAMP)
    assert run_convcalc("conv", "-k", "edge", "-i", name, "-o", str(tmp_path / "o.npy"), *words).status in (1, 2)
    assert not (tmp_path / "o.npy").exists()


@pytest.mark.parametrize(
    ("x", "kind", "norm", "answer"),
    [
        (np.array([[3], [4]]), "lp", 2, 5),
        (np.full((4, 1), 3), "lp", 2, 6),
        (np.array([[3], [-4]]), "lp", 1, 7),
        (np.array([[2**62], [2**62], [-(2**62)]]), "sum", 2, 2**62),
        (np.array([[3e38], [1], [-3e38]], np.float32), "sum", 2, 1),
        (np.array([[2**24], [1], [1]], np.float32), "sum", 2, 2**24 + 2),
        (np.array([[1], [2]]), "avg", 2, 1.5),
        (np.full((40, 1), 1e308), "avg", 2, 1e308),
    ],
)
@pytest.mark.parametrize("fortran", [False, True])
def test_a_window_worked_in_pieces_is_rounded_once(
    x: Array, kind: str, norm: int, answer: Any, fortran: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bands, "PART", 8)
    turned = x.T if fortran else x
    pooling = pool(turned, kind, adaptive=1, norm=norm)
    (part,) = pooling_bands(pooling, lambda part: pooling.input[part], fortran=fortran).parts()
    assert part.cells.ravel().tolist() == [answer]


@pytest.mark.parametrize("dtype", [np.int64, np.float32, np.float64])
@pytest.mark.parametrize("norm", [1, 2])
@pytest.mark.parametrize("kind", list(PoolKind))
def test_a_large_grid_has_one_dtype_in_bands_and_out_of_them(kind: PoolKind, norm: int, dtype: Any) -> None:
    pooling = pool(np.tile(np.array([[3, 4]], dtype), (300, 300)), kind, window=(1, 2), norm=norm)
    assert pooling_bands(pooling, lambda part: pooling.input[part]).like.dtype == pooling.output.dtype


@pytest.mark.usefixtures("small_is_large")
@pytest.mark.parametrize("kernel", ["0.1 0.2", "1/3", "1 -1", "edge"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_dtype_that_is_asked_for_is_written(kernel: str, dtype: str, order: Any, tmp_path: Path) -> None:
    x = (RAMP / 7).astype(np.float32, order=order)
    words = ["conv", "-i", saved(tmp_path / "in.npy", x), "-k", kernel, "-o", str(tmp_path / "out.npy")]
    assert run_convcalc(*words).status == 0
    plain = np.load(tmp_path / "out.npy")
    assert run_convcalc(*words, "--dtype", dtype).stderr.endswith(f"({dtype})\n")
    made = np.load(tmp_path / "out.npy")
    assert made.dtype == dtype
    assert (made == plain.astype(dtype)).all()


@pytest.mark.usefixtures("small_is_large")
def test_what_the_dtype_cannot_hold_is_told_with_its_place(tmp_path: Path) -> None:
    x = np.ones((40, 30))
    x[33, 7] = 1e39
    words = ["-i", saved(tmp_path / "in.npy", x), "-o", str(tmp_path / "out.npy"), "--dtype", "float32"]
    ran = run_convcalc("conv", "-k", "1.5", *words)
    assert ran.status == 1
    assert ran.stderr.startswith("convcalc: the result at [33, 7] is larger than a float can hold")
    assert not (tmp_path / "out.npy").exists()


@pytest.mark.parametrize("kind", ["sum", "lp"])
def test_a_window_in_pieces_too_large_for_a_float_is_refused(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bands, "PART", 8)
    pooling = pool(np.full((40, 1), 1e308), kind, adaptive=1, norm=1)
    with pytest.raises(InputError, match="larger than a float can hold"):
        list(pooling_bands(pooling, lambda part: pooling.input[part]).parts())


@pytest.mark.parametrize("fortran", [False, True])
@pytest.mark.parametrize("items", [1, 50])
@pytest.mark.parametrize("window", [{"adaptive": 1}, {"window": 20, "stride": 1}, {"window": 2}, {"adaptive": (3, 5)}])
def test_no_more_is_read_at_once_than_a_part(
    window: Any, items: int, fortran: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bands, "PART", 40_000)
    pooling = pool(np.arange(items * 9000).reshape(items, 1, 90, 100) % 7, "max", **window)
    most = 0

    def read(part: tuple[slice, ...]) -> Array:
        nonlocal most
        most = max(most, pooling.input[part].nbytes)
        return pooling.input[part]

    made = pooling_bands(pooling, read, fortran=fortran)
    assert sum(part.cells.size for part in made.parts()) == pooling.maps.size
    assert most <= 2 * 40_000
