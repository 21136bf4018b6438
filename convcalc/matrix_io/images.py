"""Pictures as grids, and grids as pictures, through Pillow: the extra ``convcalc[image]``."""

import contextlib
import io
import math
import re
import struct
import warnings
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from convcalc.choices import PictureScale
from convcalc.engine.exact import Array, to_float
from convcalc.errors import ConvcalcError, InputError, Place

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "PPM", "TIFF", "WEBP")
"""What is read: formats whose decoders run no other program."""
SUFFIXES = {".png", ".apng", ".jpg", ".jpeg", ".gif", ".bmp", ".pgm", ".ppm", ".tif", ".tiff", ".webp"}
SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"RIFF",
              b"P1\n", b"P2\n", b"P3\n", b"P4\n", b"P5\n", b"P6\n")  # fmt: skip
MOST_PIXELS = 1 << 26
"""Pixels of a picture that is opened at all; of what is left of it, `MOST_PICTURE_CELLS` may become cells."""
MOST_PICTURE_CELLS = 1 << 24
DEEP = 257
"""What 16 bits are divided by, to be 8."""
LEAST_LOSS: dict[str, dict[str, Any]] = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}
OTHER_COLOURS = ("CMYK", "YCbCr", "HSV")
ORIENTATION = 0x0112
LOSSLESS = ("PNG", "BMP", "PPM", "TIFF", "WEBP")
SAMPLE_FORMAT, UNSIGNED = 339, 1
"""The TIFF tag that says whether cells are signed."""
LARGEST = 255
MIDDLE = 128


class Picture(NamedTuple):
    """How a picture becomes a grid: grey (H, W) or red, green and blue (3, H, W); resized to (rows, columns).

    That it is to be `grey` is said where colours are to go without a word.
    """

    rgb: bool = False
    size: tuple[int, int] | None = None
    grey: bool = False


def cells_of(image: Any) -> tuple[Array, str]:
    """Return the cells of one of Pillow's pictures, (H, W) or (3, H, W), and what is to be said of how they were made.

    Integers of 16 and 32 bits, and floats, are as they are.
    """
    if image.mode == "F" or image.mode.startswith("I"):
        return np.asarray(image), ""
    notes: list[str] = []
    cells = _cells(image, Picture(rgb=image.mode not in ("1", "L", "LA")), notes)
    return cells, f"of the picture {', '.join(notes)}" if notes else ""


def is_picture(path: Path) -> bool:
    """Whether a file's name says that it is a picture."""
    return path.suffix.lower() in SUFFIXES


def read_picture(file: Path | IO[bytes], source: str, picture: Picture) -> tuple[Array, str]:
    """Return a picture's cells as (H, W) or (3, H, W), and what is to be said of how they were made, if anything.

    They are integers from 0 to 255, 16 bits brought to 8; or of 32 bits, or signed, as they are. What is transparent
    stands on white; a camera's rotation is applied; of several frames the first is taken. Raises InputError for what is
    damaged, cut off or too large, or where there is no Pillow.
    """
    image_module = _pillow(source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of sizes; they are checked here
            with image_module.open(file, formats=FORMATS) as opened:
                if opened.width * opened.height > MOST_PIXELS:
                    raise image_module.DecompressionBombError
                if picture.size is None:
                    _check_cells(opened.height, opened.width, 3 if picture.rgb else 1)
                notes: list[str] = []
                cells = _cells(opened, picture, notes)
                return cells, f"of the picture {', '.join(notes)}" if notes else ""
    except ConvcalcError:
        raise
    except image_module.DecompressionBombError:
        fault = f"the picture has more than {MOST_PIXELS >> 20} million cells"
        raise InputError(fault, hint="make it smaller first", place=Place(source)) from None
    except (OSError, SyntaxError, ValueError, EOFError, OverflowError, TypeError, IndexError, KeyError) as error:
        reason = getattr(error, "strerror", None) or "it is damaged, cut off, or no picture"
        raise InputError(f"cannot read '{source}': {reason}", hint="save it again as .png") from None


def _pillow(source: str) -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise InputError(
            f"'{source}' is a picture, and pictures need Pillow",
            hint="pip install 'convcalc[image]', or save the numbers as .npy, .csv or .txt",
        ) from None
    return Image


def _check_cells(rows: int, columns: int, channels: int) -> None:
    if rows * columns * channels > MOST_PICTURE_CELLS:
        raise InputError(
            f"a picture of {rows}×{columns} has more than {MOST_PICTURE_CELLS >> 20} million cells",
            hint="add --resize, as in --resize 512x512",
        )


def _cells(opened: Any, picture: Picture, notes: list[str]) -> Array:
    from PIL import Image, ImageOps

    if getattr(opened, "n_frames", 1) > 1:
        notes.append(f"the first of {opened.n_frames} frames is taken")
    tiles = getattr(opened, "tile", None)  # only of a file
    raw = str(tiles[0][3]) if tiles else ""  # how the cells lie in the file
    clear = opened.info.get("transparency")
    image: Any = opened
    with contextlib.suppress(struct.error, ValueError, TypeError):  # what a damaged note says is not followed
        image = ImageOps.exif_transpose(opened)
        if opened.getexif().get(ORIENTATION, 1) != 1:
            notes.append("it is turned upright, as its EXIF note says")
    if image.mode == "LAB":
        raise InputError("the picture's colours are LAB", hint="save it with red, green and blue")
    if image.mode == "F":
        raise InputError("the picture's cells are floats", hint="save them as .npy")
    form = opened.tag_v2.get(SAMPLE_FORMAT, (UNSIGNED,))[0] if opened.format == "TIFF" else UNSIGNED
    if opened.format == "TIFF" and (image.mode == "I" or (image.mode == "L" and form != UNSIGNED)):
        if picture.rgb:
            raise InputError("the picture's cells are integers, and no colours", hint="leave --rgb out")
        return _whole(image, picture, unsigned=form == UNSIGNED)
    if image.mode.startswith("I"):
        deep = np.asarray(image)
        bright = ((np.arange(1 << 16) + DEEP // 2) // DEEP).astype(np.uint8)[deep]
        if isinstance(clear, int):
            bright[deep == clear] = LARGEST
        image = Image.fromarray(bright)
        notes.append(f"16 bits a cell are brought to 8 (divided by {DEEP})")
    elif few := re.fullmatch(r"L;([24])I?", raw):
        notes.append(f"{few[1]} bits a cell are spread over 0 to {LARGEST}")
    elif ";16" in raw:
        notes.append("of 16 bits a colour the upper 8 are taken")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layered = image.convert("RGBA")
        if layered.getextrema()[3][0] < LARGEST:
            notes.append("what is transparent stands on white")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), layered)
    if image.mode in OTHER_COLOURS:
        notes.append(f"{image.mode} colours are turned to red, green and blue")
    if (
        image.mode != "L"
        and not (picture.rgb or picture.grey)
        and image.convert("RGB").convert("L").convert("RGB") != image.convert("RGB")
    ):
        notes.append("colours are turned to grey (--rgb keeps them)")
    image = image.convert("RGB" if picture.rgb else "L")
    if picture.size is not None:
        rows, columns = picture.size
        image = image.resize((columns, rows), Image.Resampling.BILINEAR)
        _check_cells(rows, columns, 3 if picture.rgb else 1)
    cells = np.asarray(image).astype(np.int64)
    return np.ascontiguousarray(np.moveaxis(cells, -1, 0)) if picture.rgb else cells


def _whole(image: Any, picture: Picture, *, unsigned: bool) -> Array:
    """Return integers of 32 bits, or signed ones, as they are."""
    if picture.size is not None:
        raise InputError("the picture's cells are integers, and no brightness", hint="leave --resize out")
    cells = np.asarray(image)  # int32, or bytes
    if unsigned or cells.itemsize == 1:
        cells = cells.view(np.uint32 if unsigned else np.int8)
    return cells.astype(np.int64)


def as_bytes(grid: Array, scale: PictureScale) -> Array:
    """Return a grid's cells as bytes, 0 black and 255 white.

    Scaled, the lowest cell is black and the highest white; clipped, what lies below 0 or above 255 is cut; signed, 0
    is grey and the cell furthest from it black or white.

    >>> as_bytes(np.array([[-8, 0, 4]]), PictureScale.SIGNED).tolist()
    [[1, 128, 192]]
    >>> as_bytes(np.array([[-8, 0, 300]]), PictureScale.CLIPPED).tolist()
    [[0, 0, 255]]
    """
    if grid.dtype == object:
        grid = np.array([to_float(cell) for cell in grid.flat]).reshape(grid.shape)
    cells = grid.astype(np.float64)
    if scale is PictureScale.SCALED:
        cells = cells / (np.abs(cells).max() or 1)  # so that no difference is too large for a float
        cells = (cells - cells.min()) / ((cells.max() - cells.min()) or 1) * LARGEST
    elif scale is PictureScale.SIGNED:
        cells = cells / (np.abs(cells).max() or 1) * (MIDDLE - 1) + MIDDLE
    return np.clip(np.rint(cells), 0, LARGEST).astype(np.uint8)


def fitting(grid: Array) -> PictureScale:
    """Return the way a grid is best seen: as it is if it holds bytes, around grey if some cells are negative.

    >>> fitting(np.array([[0, 255]])), fitting(np.array([[-1, 3]])), fitting(np.array([[0.5, 300]]))
    (<PictureScale.CLIPPED: 'clipped'>, <PictureScale.SIGNED: 'signed'>, <PictureScale.SCALED: 'scaled'>)
    """
    low, high = grid.min(), grid.max()
    if low < 0:
        return PictureScale.SIGNED
    whole = grid.dtype.kind in "iu" and high <= LARGEST
    return PictureScale.CLIPPED if whole and high > 1 else PictureScale.SCALED


def _tiled(planes: Array) -> tuple[Array, str]:
    """Return maps side by side, in rows of about as many as there are rows, and what is said of it."""
    count, height, width = planes.shape
    across = math.ceil(math.sqrt(count))
    down = math.ceil(count / across)
    tiled = np.full((down * (height + 1) - 1, across * (width + 1) - 1), MIDDLE, dtype=planes.dtype)
    for index, plane in enumerate(planes):
        row, column = divmod(index, across)
        top, left = row * (height + 1), column * (width + 1)
        tiled[top : top + height, left : left + width] = plane
    return tiled, f"; {count} maps, tiled {down}×{across}"


def need_pillow(source: str) -> None:
    """Raise InputError where there is no Pillow to draw a picture with."""
    _pillow(source)


def picture_bytes(grid: Array, path: Path, scale: PictureScale | None) -> tuple[bytes, str]:
    """Return a picture file's bytes, by the suffix of its name, and how its cells became light and dark.

    Three channels are red, green and blue; of two, or more than three, the maps are tiled. Raises InputError where
    there is no Pillow.
    """
    image_module = _pillow(str(path))
    planes = np.atleast_2d(grid)
    planes = planes.reshape(-1, *planes.shape[-2:]) if planes.ndim > 2 else planes
    way = scale or fitting(planes)
    cells = as_bytes(planes, way)
    tiles = ""
    if cells.ndim == 3 and len(cells) not in (1, 3):
        cells, tiles = _tiled(cells)
    image = image_module.fromarray(
        np.moveaxis(cells, 0, -1) if len(cells) == 3 and cells.ndim == 3 else cells.reshape(cells.shape[-2:])
    )
    stream = io.BytesIO()
    kind = image_module.registered_extensions()[path.suffix.lower()]
    try:
        image.save(stream, format=kind, **LEAST_LOSS.get(kind, {}))
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"cannot write '{path}': {error}", hint="write .png instead") from None
    low, high = (f"{to_float(end):g}" for end in (planes.min(), planes.max()))
    furthest = f"{max(abs(to_float(end)) for end in (planes.min(), planes.max())):g}"
    notes = {
        PictureScale.SCALED: f"scaled: {low} is black, {high} white",
        PictureScale.CLIPPED: "0 is black, 255 white"
        + (", clipped" if planes.min() < 0 or planes.max() > LARGEST else "")
        + (", rounded" if any(cell != int(cell) for cell in planes.flat) else ""),
        PictureScale.SIGNED: f"signed: 0 is grey, -{furthest} black, {furthest} white",
    }
    off = 0
    if kind not in LOSSLESS:
        pixels_back = np.asarray(image_module.open(stream).convert(image.mode)).astype(np.int64)
        off = int(np.abs(pixels_back - np.asarray(image)).max())
    lossy = f"; {path.suffix} changes cells by up to {off}, .png by none" if off else ""
    return stream.getvalue(), notes[way] + lossy + tiles
