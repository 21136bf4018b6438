"""Slides, moving pictures, and pictures of cells with their numbers: read back, and compiled."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Convcalc
from tests.test_formats import compiled, needs_latex

EXAMPLE = ("conv", "-i", "samples/lecture-6x6.txt", "-k", "edge")
CHANNELS = ("conv", "-i", "samples/rgb-4x4.txt", "-k", "samples/two-filters.txt")
pictures = pytest.importorskip("PIL.Image", reason="pictures need Pillow")


def has_beamer() -> bool:
    """Whether LaTeX finds the class of slides, and what that needs."""
    if (command := shutil.which("kpsewhich")) is None:
        return False
    return subprocess.run([command, "beamer.cls", "pgfmath.sty"], check=False, capture_output=True).returncode == 0


needs_beamer = pytest.mark.skipif(not has_beamer(), reason="no beamer on this machine")


@pytest.mark.slow
@needs_beamer
@pytest.mark.parametrize(
    ("words", "overlays"),
    [
        (EXAMPLE, 16),
        (CHANNELS, 8),
        ((*EXAMPLE, "--as", "toeplitz"), 0),
        (("pool", "max", "-i", "samples/pool-4x4.txt"), 4),
        (("softmax", "-i", "1 2 3"), 0),
        (("conv", "-i", "samples/seven-28x28.png", "-k", "sobel-x"), 0),
        ((*EXAMPLE, "--backward", "1"), 45),
        (("run", "samples/neuron.convcalc"), 0),
    ],
    ids=["conv", "channels", "toeplitz", "pool", "softmax", "picture", "backward", "script"],
)
def test_slides_compile_and_fit(convcalc: Convcalc, tmp_path: Path, words: tuple[str, ...], overlays: int) -> None:
    path = tmp_path / "slides.tex"
    ran = convcalc(*words, "--frames", "-o", str(path))
    assert ran.status == 0, ran.stderr
    text = path.read_text(encoding="utf-8")
    assert "aspectratio=169" in text
    if overlays:
        assert text.count(r"\only<") == overlays
    log = compiled(path)
    assert not re.findall(r"Overfull .vbox", log)
    assert [float(size) for size in re.findall(r"Overfull .hbox \(([\d.]+)pt", log) if float(size) > 1] == []


@pytest.mark.slow
@needs_latex
@pytest.mark.parametrize(
    "words", [EXAMPLE, CHANNELS, ("softmax", "-i", "1 2 3"), ("pool", "max", "-i", "samples/pool-4x4.txt")]
)
def test_work_fits_an_article_of_two_columns(convcalc: Convcalc, tmp_path: Path, words: tuple[str, ...]) -> None:
    path = tmp_path / "out.tex"
    convcalc(*words, "-o", str(path))
    text = path.read_text(encoding="utf-8").replace(r"\documentclass{article}", r"\documentclass[twocolumn]{article}")
    path.write_text(text, encoding="utf-8")
    assert "Overfull" not in compiled(path)


@pytest.mark.parametrize("suffix", [".gif", ".apng"])
def test_a_moving_picture_has_a_frame_a_step(convcalc: Convcalc, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"steps{suffix}"
    ran = convcalc(*EXAMPLE, "-o", str(path))
    assert (ran.status, ran.stderr) == (0, f"wrote the 16 steps to {path}\n")
    with pictures.open(path) as moving:
        assert moving.n_frames == 16
        frames = []
        for number in range(16):
            moving.seek(number)
            frames.append(np.asarray(moving.convert("RGB")).copy())
            assert 1000 <= moving.info["duration"] <= 3000
    assert len({frame.tobytes() for frame in frames}) == 16
    gold = [(np.abs(frame.astype(int) - (255, 210, 74)).sum(axis=2) < 12).nonzero() for frame in frames]
    tops = [rows[columns > 500].min() for rows, columns in gold]
    assert tops == sorted(tops), "the cell that is made goes down, row by row"
    assert len(set(tops)) == 4


def test_too_many_steps_for_a_moving_picture_are_refused(convcalc: Convcalc, tmp_path: Path) -> None:
    path = tmp_path / "steps.gif"
    ran = convcalc("conv", "-i", "samples/seven-28x28.png", "-k", "sobel-x", "-o", str(path))
    assert (ran.status, "676 steps are too many" in ran.stderr) == (2, True)
    assert not path.exists()


def test_a_moving_picture_is_shown_as_the_page_would_be(convcalc: Convcalc, tmp_path: Path) -> None:
    plain, heat, still = tmp_path / "plain.gif", tmp_path / "heat.gif", tmp_path / "still.apng"
    convcalc(*EXAMPLE, "-o", str(plain))
    convcalc(*EXAMPLE, "--heat", "-o", str(heat))
    assert plain.read_bytes() != heat.read_bytes()
    for words in ((*EXAMPLE, "-q"), ("show", "-i", "samples/pool-4x4.txt")):  # the answer alone: a pixel a cell
        assert convcalc(*words, "-o", str(still)).status == 0
        with pictures.open(still) as picture:
            assert (getattr(picture, "n_frames", 1), picture.size) == (1, (4, 4))


def test_what_is_too_large_to_be_drawn_with_numbers_is_refused(convcalc: Convcalc, tmp_path: Path) -> None:
    np.savetxt(tmp_path / "wide.txt", np.arange(60)[None], fmt="%d")
    ran = convcalc("show", "-i", str(tmp_path / "wide.txt"), "-o", str(tmp_path / "x.png"), "--cell", "32")
    assert (ran.status, "too large to be drawn with its numbers" in ran.stderr) == (2, True)


def test_cells_are_drawn_with_their_numbers(convcalc: Convcalc, tmp_path: Path) -> None:
    path = tmp_path / "out.png"
    assert convcalc(*CHANNELS, "-o", str(path), "--cell", "32").status == 0
    with pictures.open(path) as drawn:
        small = drawn.size
        assert len({colour for _, colour in drawn.getcolors(1 << 16)}) > 5
    assert convcalc(*CHANNELS, "-o", str(path), "--cell", "64").status == 0
    with pictures.open(path) as drawn:
        assert drawn.size == pytest.approx((2 * small[0], 2 * small[1]), abs=2)


def test_maps_are_tiled(convcalc: Convcalc, tmp_path: Path) -> None:
    path = tmp_path / "out.png"
    ran = convcalc(*CHANNELS, "-o", str(path))
    assert "2 maps, tiled 1×2" in ran.stderr
    with pictures.open(path) as drawn:
        cells = np.asarray(drawn)
    assert cells.shape == (2, 5)
    assert set(cells[:, 2]) == {128}


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("--frames",), "--frames goes with LaTeX"),
        (("--frames", "-o", "x.html"), "--frames goes with LaTeX"),
        (("--frames", "--fragment", "--format", "latex"), "exclude each other"),
        (("--cell", "32"), "--cell goes with a .png"),
        (("--cell", "32", "-o", "x.svg"), "--cell goes with a .png"),
        (("--cell", "32", "-o", "x.gif"), "--cell goes with a .png"),
        (("--cell", "32", "--picture", "scaled", "-o", "x.png"), "exclude each other"),
        (("--format", "csv", "-o", "x.gif"), "--format csv does not go with a .gif"),
        (("--at", "1,1", "-o", "x.gif"), "a frame for every step"),
    ],
)
def test_what_goes_with_no_other_format_is_refused(convcalc: Convcalc, words: tuple[str, ...], fault: str) -> None:
    ran = convcalc(*EXAMPLE, *words)
    assert (ran.status, ran.stdout) == (2, "")
    assert fault in ran.stderr


@pytest.mark.parametrize("style", ["latex", "markdown", "svg"])
def test_a_step_that_is_asked_for_stands_alone(convcalc: Convcalc, style: str) -> None:
    whole, one = (convcalc(*EXAMPLE, *more, "--format", style).stdout for more in ((), ("--at", "1,1")))
    assert "step 6 of 16" in one
    assert "step 5 of 16" not in one
    assert len(one) < len(whole) / 3
    assert "-13" not in one.partition("step 6 of 16")[2].replace("·", "")


@pytest.mark.parametrize("style", ["html", "markdown", "svg"])
def test_powers_are_raised(convcalc: Convcalc, style: str) -> None:
    for words in (("sigmoid", "-i", "1 2"), ("softmax", "-i", "1 2 3"), ("pool", "lp", "-i", "1 2; 3 4")):
        text = convcalc(*words, "--format", style, "--precision", "3").stdout
        shown = re.sub(r"<script.*?</script>|<style.*?</style>", "", text, flags=re.DOTALL)
        assert "^" not in shown
    assert ("<sup>" if style != "svg" else 'dy="-5"') in convcalc("sigmoid", "-i", "1 2", "--format", style).stdout


@pytest.mark.parametrize("style", ["svg", "html", "latex", "markdown", "plain"])
@pytest.mark.parametrize("words", [("model", "resnet18", "--depth", "1"), ("zoo",)])
def test_no_finished_document_talks_of_the_terminal(convcalc: Convcalc, words: tuple[str, ...], style: str) -> None:
    text = convcalc(*words, "--format", style).stdout
    assert "COLUMNS=" not in text
    assert "1,998" not in text.partition("</main>")[0]
    if style == "svg":
        assert "no room" not in text
