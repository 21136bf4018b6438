"""Pictures in and out, through Pillow (the extra ``convcalc[image]``)."""

import contextlib
import io
import re
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convcalc import pad
from convcalc.choices import PictureScale
from convcalc.errors import InputError
from convcalc.matrix_io import images
from convcalc.matrix_io.files import ReadOptions, read_file
from convcalc.matrix_io.images import Picture, as_bytes
from tests.conftest import Convcalc

Image = pytest.importorskip("PIL.Image")

GREY = [[0, 10, 20], [100, 200, 255]]
COLOUR = [[[255, 0], [0, 51]], [[255, 128], [0, 102]], [[0, 0], [255, 204]]]


def saved(path: Path, cells: Any, **how: Any) -> Path:
    array = np.array(cells, dtype=np.uint8)
    Image.fromarray(array if array.ndim == 2 else np.moveaxis(array, 0, -1)).save(path, **how)
    return path


@pytest.mark.parametrize("suffix", ["png", "bmp", "pgm", "tif", "gif", "webp"])
def test_a_grey_picture_is_a_grid_of_bytes(tmp_path: Path, suffix: str) -> None:
    how = {"lossless": True, "exact": True} if suffix == "webp" else {}
    path = saved(tmp_path / f"p.{suffix}", GREY, **how)
    assert read_file(path).cells.tolist() == GREY


def test_a_coloured_picture_is_three_channels_if_asked(tmp_path: Path) -> None:
    path = saved(tmp_path / "p.png", COLOUR)
    assert read_file(path, ReadOptions(Picture(rgb=True))).cells.tolist() == COLOUR


def test_colour_becomes_grey_as_ITU_has_it(tmp_path: Path) -> None:  # noqa: N802
    """ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B, which is what Pillow documents for its mode L."""
    red, green, blue = np.array(COLOUR)
    expected = 0.299 * red + 0.587 * green + 0.114 * blue
    cells = read_file(saved(tmp_path / "p.png", COLOUR)).cells
    assert np.abs(cells - expected).max() <= 1


def test_what_is_transparent_stands_on_white(tmp_path: Path) -> None:
    image = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
    image.putpixel((1, 0), (0, 0, 0, 255))
    image.save(tmp_path / "p.png")
    assert read_file(tmp_path / "p.png").cells.tolist() == [[255, 0]]


@pytest.mark.parametrize("rgb", [False, True])
def test_sixteen_bits_are_brought_to_eight(rgb: bool, tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 65535, 300, 257 * 9]], dtype=np.uint16)).save(tmp_path / "p.png")
    cells = read_file(tmp_path / "p.png", ReadOptions(Picture(rgb))).cells
    assert cells.tolist() == ([[[0, 255, 1, 9]]] * 3 if rgb else [[0, 255, 1, 9]])


def test_floats_are_no_picture(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0.5, 1]], dtype=np.float32)).save(tmp_path / "p.tif")
    with pytest.raises(InputError, match="floats"):
        read_file(tmp_path / "p.tif")


def test_what_a_picture_would_become_is_limited(tmp_path: Path) -> None:
    Image.new("L", (5000, 5000)).save(tmp_path / "p.png")
    with pytest.raises(InputError, match="more than 16 million cells") as refused:
        read_file(tmp_path / "p.png")
    assert "--resize" in str(refused.value.hint)
    assert read_file(tmp_path / "p.png", ReadOptions(Picture(size=(2, 2)))).cells.tolist() == [[0, 0], [0, 0]]


def test_a_damaged_note_of_the_camera_is_not_followed(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.fromarray(np.array(GREY, dtype=np.uint8))
    image.save(tmp_path / "p.jpg", exif=exif)
    whole = (tmp_path / "p.jpg").read_bytes()
    for at in range(whole.index(b"Exif"), whole.index(b"Exif") + 40):
        for value in (0, 4, 255):
            (tmp_path / "p.jpg").write_bytes(whole[:at] + bytes([value]) + whole[at + 1 :])
            with contextlib.suppress(InputError):
                assert read_file(tmp_path / "p.jpg").cells.size == 6


def test_very_wide_numbers_are_scaled(convcalc: Convcalc, tmp_path: Path) -> None:
    words = ("show", "-i", "1e308 -1e308; 2 3", "-o", str(tmp_path / "p.png"), "--picture", "scaled")
    assert convcalc(*words).status == 0
    assert read_file(tmp_path / "p.png").cells.tolist() == [[255, 0], [128, 128]]


def test_a_cameras_rotation_is_applied(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    Image.fromarray(np.array(GREY, dtype=np.uint8)).save(tmp_path / "p.png", exif=exif)
    assert read_file(tmp_path / "p.png").cells.shape == (3, 2)


def test_resize_takes_rows_and_columns(convcalc: Convcalc, tmp_path: Path) -> None:
    path = saved(tmp_path / "p.png", np.full((40, 60), 7))
    ran = convcalc("show", str(path), "--resize", "2x3", "-q")
    assert ran.stdout == "7 7 7\n7 7 7\n"


def test_normalize_divides_by_255_exactly(convcalc: Convcalc, tmp_path: Path) -> None:
    path = saved(tmp_path / "p.png", [[0, 51], [255, 17]])
    ran = convcalc("conv", "-i", str(path), "-k", "1", "--normalize", "-q", "--format", "json")
    assert ran.stdout == '[[0, "1/5"], [1, "1/15"]]\n'
    assert convcalc("relu", "-i", "0 51", "--normalize", "-q").stdout.startswith("0 0.2")


def test_a_picture_may_be_piped_in(convcalc: Convcalc, tmp_path: Path) -> None:
    data = saved(tmp_path / "p.png", GREY).read_bytes()
    assert convcalc("pool", "-w", "2", "-q", stdin=data).stdout == "200\n"
    assert convcalc("show", "--rgb", "-q", stdin=data).stdout.count("\n\n") == 2


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (
            ("conv", "-i", "samples/lecture-6x6.txt", "-k", "edge", "--rgb"),
            1,
            "'samples/lecture-6x6.txt' is no picture",
        ),
        (("conv", "-i", "1 2; 3 4", "-k", "1", "--resize", "2x2"), 1, "is no picture"),
        (("show", "p.png", "--rgb", "--grey"), 2, "exclude each other"),
        (("show", "p.png", "--resize", "0x2"), 2, "must be at least 1"),
        (("show", "p.png", "--resize", "99999"), 2, "too large"),
        (("show", "p.png", "-i", "1 2"), 2, "two grids"),
        (("show", "-i", "1 2; 3 4", "-o", "out.png", "--format", "csv"), 2, "does not go with a .png file"),
        (("show", "-i", "1 2; 3 4", "-o", "out.txt", "--picture", "signed"), 2, "goes with a picture"),
        (
            ("show", "-i", "1 2; 3 4", "-o", "out.csv", "--dtype", "float32"),
            2,
            "--dtype float32 goes with an .npy file",
        ),
        (("show", "-i", "1 2; 3 4", "--dtype", "float32"), 2, "as in --output out.npy"),
        (("show", "-i", "1e39", "-o", "out.npy", "--dtype", "float32"), 1, "larger than a float can hold"),
    ],
)
def test_refusals(convcalc: Convcalc, words: tuple[str, ...], status: int, said: str) -> None:
    ran = convcalc(*words)
    assert (ran.status, said in ran.stderr) == (status, True), ran.stderr


def damaged() -> dict[str, bytes]:
    stream = io.BytesIO()
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (50, 50), dtype=np.uint8)).save(stream, "PNG")
    whole = stream.getvalue()
    return {
        "cut": whole[: len(whole) // 2],
        "head": whole[:20],
        "signature": whole[:8],
        "bits": whole[:60] + bytes(40) + whole[100:],
        "empty": b"",
        "text": b"no picture at all",
        "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    }


@pytest.mark.parametrize("name", list(damaged()))
def test_damaged_pictures_are_refused(convcalc: Convcalc, tmp_path: Path, name: str) -> None:
    path = tmp_path / "p.png"
    path.write_bytes(damaged()[name])
    ran = convcalc("show", str(path))
    assert ran.status == 1
    assert "damaged, cut off, or no picture" in ran.stderr
    assert "hint: save it again as .png" in ran.stderr


@pytest.mark.slow
def test_a_bomb_is_refused_before_it_goes_off(convcalc: Convcalc, tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    Image.new("1", (30_000, 30_000)).save(path)  # 900 million cells in a hundred kilobytes
    assert path.stat().st_size < 200_000
    ran = convcalc("show", str(path))
    assert ran.status == 1
    assert "more than 64 million cells" in ran.stderr


def test_without_pillow_the_extra_is_named(convcalc: Convcalc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path / "p.png", GREY)
    monkeypatch.setitem(sys.modules, "PIL", None)
    for words in (("show", str(path)), ("show", "-i", "1 2", "-o", str(tmp_path / "out.png"))):
        ran = convcalc(*words)
        assert (ran.status, "pip install 'convcalc[image]'" in ran.stderr) == (1, True)


@pytest.mark.parametrize(
    ("grid", "told", "cells"),
    [
        ("0 128; 255 1", "0 is black, 255 white", [[0, 128], [255, 1]]),
        ("0 1; 1 0", "scaled: 0 is black, 1 white", [[0, 255], [255, 0]]),
        ("-2 0; 1 2", "signed: 0 is grey, -2 black, 2 white", [[1, 128], [192, 255]]),
        ("0 0.5; 1 0.25", "scaled: 0 is black, 1 white", [[0, 128], [255, 64]]),
    ],
)
def test_a_grid_is_written_as_a_picture_as_is_said(
    convcalc: Convcalc, tmp_path: Path, grid: str, told: str, cells: list[list[int]]
) -> None:
    path = tmp_path / "out.png"
    ran = convcalc("show", "-i", grid, "-o", str(path))
    assert told in ran.stderr
    assert read_file(path).cells.tolist() == cells


def test_the_way_can_be_chosen(convcalc: Convcalc, tmp_path: Path) -> None:
    path = tmp_path / "out.png"
    ran = convcalc("show", "-i", "-9 100; 300 255", "-o", str(path), "--picture", "clipped")
    assert "clipped" in ran.stderr
    assert read_file(path).cells.tolist() == [[0, 100], [255, 255]]


def test_three_channels_are_colours_and_come_back(convcalc: Convcalc, tmp_path: Path) -> None:
    path, copy = saved(tmp_path / "p.png", COLOUR), tmp_path / "copy.png"
    convcalc("show", str(path), "--rgb", "-o", str(copy))
    assert read_file(copy, ReadOptions(Picture(rgb=True))).cells.tolist() == COLOUR


@pytest.mark.parametrize("scale", list(PictureScale))
def test_equal_cells_and_vast_ones_are_written_too(scale: PictureScale) -> None:
    assert as_bytes(np.zeros((2, 2), dtype=np.int64), scale).shape == (2, 2)
    assert as_bytes(np.array([[10**300, -(10**300)]], dtype=object), scale).shape == (1, 2)


def test_a_wide_picture_is_drawn_with_half_blocks(convcalc: Convcalc, tmp_path: Path) -> None:
    path = saved(tmp_path / "p.png", np.tile(np.arange(0, 256, 2, dtype=np.uint8), (40, 1)))
    shown = convcalc("show", str(path), "--format", "table").stdout.splitlines()
    drawn = [line for line in shown if "█" in line]
    assert "one cell in 2" in shown[2]
    assert len(drawn) == 10
    assert len(drawn[0]) == 2 + 64


def test_most_pixels_is_what_the_message_says() -> None:
    assert images.MOST_PIXELS == 64 << 20


# Nothing is done to a picture's cells without a word


def tiff(path: Path, cells: Any, bits: int, form: int) -> Path:
    """Write a TIFF of one strip by hand: `form` is 1 for unsigned integers, 2 for signed ones."""
    kind = np.dtype(f"<{'u' if form == 1 else 'i'}{bits // 8}")
    array = np.array(cells, dtype=kind)
    data = array.tobytes()
    entries = [(256, array.shape[1]), (257, array.shape[0]), (258, bits), (259, 1), (262, 1), (273, 8), (277, 1),
               (278, array.shape[0]), (279, len(data)), (339, form)]  # fmt: skip
    offset = 8 + len(data)
    table = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    path.write_bytes(struct.pack("<2sHI", b"II", 42, offset) + data + table + struct.pack("<I", 0))
    return path


@pytest.mark.parametrize(
    ("bits", "form", "cells"),
    [
        (8, 2, [[-5, 100], [0, 127]]),
        (16, 2, [[-5, 300], [0, 32767]]),
        (32, 2, [[1, 70000], [-5, 2147483647]]),
        (32, 1, [[5, 300], [0, 4294967295]]),
    ],
)
def test_integers_of_a_tiff_are_the_values(tmp_path: Path, bits: int, form: int, cells: Any) -> None:
    grid = read_file(tiff(tmp_path / "p.tif", cells, bits, form))
    assert (grid.cells.tolist(), grid.note) == (cells, "")


@pytest.mark.parametrize(
    ("picture", "note"),
    [
        (lambda: Image.fromarray(np.array([[0, 65535], [257, 40000]], np.uint16)), "16 bits a cell are brought to 8"),
        (lambda: Image.fromarray(np.array([[[255, 0, 0]]], np.uint8)), "colours are turned to grey"),
        (lambda: Image.new("RGBA", (1, 1), (9, 9, 9, 100)), "what is transparent stands on white"),
    ],
)
def test_what_is_done_to_the_cells_is_said(convcalc: Convcalc, tmp_path: Path, picture: Any, note: str) -> None:
    picture().save(tmp_path / "p.png")
    ran = convcalc("show", "-i", str(tmp_path / "p.png"), "-q")
    assert note in ran.stderr
    assert "--rgb" not in convcalc("show", "-i", str(tmp_path / "p.png"), "--grey", "-q").stderr


def test_16_bits_become_8_and_the_clear_ones_white(tmp_path: Path) -> None:
    path = tmp_path / "p.png"
    Image.fromarray(np.array([[0, 65535], [257, 40000]], np.uint16)).save(path)
    assert read_file(path).cells.tolist() == [[0, 255], [1, 156]]
    Image.fromarray(np.array([[0, 65535], [257, 40000]], np.uint16)).save(path, transparency=257)
    assert read_file(path).cells.tolist() == [[0, 255], [255, 156]]


@pytest.mark.parametrize("suffix", ["png", "webp", "bmp", "tif", "gif"])
def test_noise_is_written_without_loss(convcalc: Convcalc, tmp_path: Path, suffix: str) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (16, 16))
    path = tmp_path / f"p.{suffix}"
    ran = convcalc("show", "-o", str(path), "--picture", "clipped", stdin=str(noise.tolist()))
    assert "changes cells" not in ran.stderr
    assert read_file(path).cells.tolist() == noise.tolist()


def test_what_a_jpeg_loses_is_said(convcalc: Convcalc, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (3, 16, 16))
    ran = convcalc("show", "-o", str(tmp_path / "p.jpg"), "--picture", "clipped", stdin=str(noise.tolist()))
    assert re.search(r"\.jpg changes cells by up to \d+, \.png by none", ran.stderr)


def test_only_the_first_frame_is_taken_and_that_is_said(convcalc: Convcalc, tmp_path: Path) -> None:
    first, second = Image.new("L", (2, 2), 7), Image.new("L", (2, 2), 200)
    first.save(tmp_path / "p.gif", save_all=True, append_images=[second])
    assert "the first of 2 frames is taken" in convcalc("show", "-i", str(tmp_path / "p.gif")).stderr


def test_colours_are_shown_as_one_picture(convcalc: Convcalc, tmp_path: Path) -> None:
    path = saved(tmp_path / "p.png", COLOUR)
    assert "#ffff00" in convcalc("show", "-i", str(path), "--rgb").stdout
    assert "background:#ffff00" in convcalc("show", "-i", str(path), "--rgb", "--format", "html").stdout


def test_a_picture_from_python_is_its_cells() -> None:
    assert pad(Image.new("1", (2, 1)), 0).output.tolist() == [[0, 0]]
    assert pad(Image.fromarray(np.array([[1, 2]], np.uint8)), 0).output.tolist() == [[1, 2]]
