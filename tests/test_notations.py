r"""Grids in others' notations: each read the same written out, from a file and from a pipe; or refused, and why."""

import contextlib
import gzip
import importlib
import io
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convcalc.errors import InputError
from convcalc.matrix_io.files import read_grid
from tests.conftest import Convcalc

h5py, openpyxl, scipy_io = (importlib.import_module(name) for name in ("h5py", "openpyxl", "scipy.io"))
SQUARE = [[1, 2], [3, 4]]
NINTHS = [[Fraction(cell, 9) for cell in row] for row in SQUARE]
HEADER = "the first row is a header, and left out: a, b"
INDEX = "the first column is an index, and left out: 0, 1"

READ: list[tuple[str, Any, str]] = [
    # brackets
    ("[1 2; 3 4]", SQUARE, ""),
    ("[1, 2; 3, 4]", SQUARE, ""),
    ("[1,2;3,4];", SQUARE, ""),
    ("A = [1 2; 3 4]", SQUARE, "'A =' is left out"),
    ("[1 2\n 3 4]", SQUARE, "each line between the brackets is a row"),
    ("[1 2;\n 3 4]", SQUARE, ""),
    ("[1 2 ...\n 5; 3 4 6]", [[1, 2, 5], [3, 4, 6]], ""),
    ("[[1, 2], [3, 4]]", SQUARE, ""),
    ("[[1, 2], [3, 4],]", SQUARE, ""),
    ("[[1 2] [3 4]]", SQUARE, ""),
    ("[[1 2]\n [3 4]]", SQUARE, ""),
    ("[[1. 2.]\n [3. 4.]]", SQUARE, ""),
    ("[[ 1  2\n   3]\n [ 4  5\n   6]]", [[1, 2, 3], [4, 5, 6]], ""),
    ("[1, 2]\n[3, 4]", SQUARE, ""),
    ("[ 1.  2.]\n[ 3.  4.]", SQUARE, ""),
    ("[1 2 3\n 4]", [1, 2, 3, 4], ""),
    ("{{1,2},{3,4}}", SQUARE, ""),
    ("{1,2;3,4}", SQUARE, ""),
    ("(1,2),(3,4)", SQUARE, ""),
    ("((1,2),(3,4))", SQUARE, ""),
    ("(1, 2)", [1, 2], ""),
    ("[[[1, 2]], [[3, 4]]]", [[[1, 2]], [[3, 4]]], ""),
    ("[[[1 2]]\n\n [[3 4]]]", [[[1, 2]], [[3, 4]]], ""),
    # calls
    ("array([[1, 2],\n       [3, 4]])", SQUARE, ""),
    ("array([[1, 2],\n       [3, 4]], dtype=float32)", SQUARE, ""),
    ("np.array([[1,2],[3,4]])", SQUARE, ""),
    ("x = np.array([[1,2],[3,4]])", SQUARE, "'x =' is left out"),
    ("numpy.asarray([(1, 2), (3, 4)], dtype=np.int64)", SQUARE, ""),
    ("jnp.array([[1, 2], [3, 4]])", SQUARE, ""),
    ("matrix([[1,2],[3,4]])", SQUARE, ""),
    ("Matrix([[1, 2], [3, 4]])", SQUARE, ""),
    ("tensor([[1., 2.],\n        [3., 4.]])", SQUARE, ""),
    ("tensor([[1., 2.],\n        [3., 4.]], device='cuda:0', grad_fn=<AddBackward0>)", SQUARE, ""),
    ("tensor([[1., 2.], [3., 4.]], dtype=torch.float64, requires_grad=True)", SQUARE, ""),
    ("torch.tensor([[1,2],[3,4]])", SQUARE, ""),
    ("tf.Tensor(\n[[1 2]\n [3 4]], shape=(2, 2), dtype=int32)", SQUARE, ""),
    ("<tf.Tensor: shape=(2, 2), dtype=int32, numpy=\narray([[1, 2],\n       [3, 4]], dtype=int32)>", SQUARE, ""),
    # factors
    ("1/9 * [1 2; 3 4]", NINTHS, ""),
    ("(1/9) [1 2; 3 4]", NINTHS, ""),
    ("[1 2; 3 4]/9", NINTHS, ""),
    ("(1 2; 3 4)/9", NINTHS, ""),
    ("np.array([[1, 2], [3, 4]]) / 9", NINTHS, ""),
    ("0.1 * [1 3]", [0.1, 0.3], ""),
    ("2 * [1 2; 3 4] / 18", NINTHS, ""),
    # LaTeX
    (r"1 & 2 \\ 3 & 4", SQUARE, ""),
    (r"1 & 2 \\ 3 & 4 \\", SQUARE, ""),
    (r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}", SQUARE, ""),
    ("$\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}$", SQUARE, ""),
    (r"\left(\begin{array}{cc}1 & 2\\[2pt] \hline 3 & 4\end{array}\right)", SQUARE, ""),
    (r"\frac{1}{9} \begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}", NINTHS, ""),
    (r"K = \frac{1}{9}\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}", NINTHS, "'K =' is left out"),
    (r"\frac{1}{9} & \tfrac{2}{9} \\ \frac{3}{9} & \frac{4}{9}", NINTHS, ""),
    (r"\begin{matrix} -1 & \phantom{-}2 \\ - 3 & {-4} \end{matrix}", [[-1, 2], [-3, -4]], ""),
    (r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix} / 9", NINTHS, ""),
    (r"\left[ \begin{matrix} 1 & 2 \\ 3 & 4 \end{matrix} \right].", SQUARE, ""),
    (r"(1 & 2 \\ 3 & 4)", SQUARE, ""),
    (r"-\frac{1}{9} & \frac{2}{9}", [Fraction(-1, 9), Fraction(2, 9)], ""),
    # tables
    ("| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |", SQUARE, HEADER),
    ("| 1 | 2 |\n| 3 | 4 |", SQUARE, ""),
    ("1|2\n3|4", SQUARE, ""),
    ("a,b\n1,2\n3,4", SQUARE, HEADER),
    ("a\tb\n1\t2\n3\t4", SQUARE, HEADER),
    (",a,b\n0,1,2\n1,3,4", SQUARE, f"{HEADER}; {INDEX}"),
    ("   0  1\n0  1  2\n1  3  4", SQUARE, f"the first row is a header, and left out: 0, 1; {INDEX}"),
    ("x,1,2\ny,3,4", SQUARE, "the first column is names, and left out: x, y"),
    ('"1","2"\n"3","4"', SQUARE, ""),
    ("1, 2,\n3, 4,", SQUARE, ""),
    ("sep=;\n1;2\n3;4", SQUARE, ""),
    ("1,5;2,5\n3,5;4,5", [[1.5, 2.5], [3.5, 4.5]], "commas are decimal points"),
    ("a;b\n1,5;2,5", [1.5, 2.5], f"{HEADER}; commas are decimal points"),
    ('"1,234,567","2"\n"3","4"', [[1234567, 2], [3, 4]], "commas are between thousands"),
    ("1.234,5;2\n3;4", [[1234.5, 2], [3, 4]], "commas are decimal points"),
    # signs
    ("1\u00a02; 3\u00a04", SQUARE, ""),
    ("1\u20032;\u30003 4", SQUARE, ""),
    ("1\u200b 2; 3 \ufeff4", SQUARE, ""),
    ("\ufeff1 2; 3 4", SQUARE, ""),
    ("\u22121 \u20132; \u20143 \uff0d4", [[-1, -2], [-3, -4]], ""),
    ("\uff11 \uff12\uff1b 3 4", SQUARE, ""),
    ("1 2\r3 4", SQUARE, ""),
    ("1 2\x0b3 4", SQUARE, ""),
    ("1 2\n3 4\x1a", SQUARE, ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "cells", "note"), READ, ids=[ascii(row[0][:40]) for row in READ])
def test_every_door_reads_the_same(tmp_path: Path, text: str, cells: Any, note: str) -> None:
    path = tmp_path / "grid.txt"
    path.write_text(text, encoding="utf-8", newline="")
    (tmp_path / "grid.txt.gz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "utf16.txt").write_text(text, encoding="utf-16", newline="")
    doors = [
        read_grid(text),
        read_grid(path),
        read_grid("-", stdin=io.BytesIO(text.encode())),
        read_grid(tmp_path / "grid.txt.gz"),
        read_grid(tmp_path / "utf16.txt"),
    ]
    for grid in doors:
        expected = np.array(cells, dtype=object)
        found = grid.cells.reshape(expected.shape) if grid.cells.size == expected.size else grid.cells
        assert found.tolist() == expected.tolist()
        assert grid.note == note


REFUSED = [
    ("[1 2; 3]", r"differ: \[1\] and \[0\] have 1 and 2 cells"),
    ("[[1, 2], [3, x]]", "'x' is not a number"),
    ("[[1 2] [3 4]", "never closed"),
    ("[1 2)", r"'\[' is closed by '\)'"),
    ("[1,,2]", "empty cell"),
    ("[]", "empty|nothing in these"),
    ("array([])", "nothing in these"),
    ("[[1 2 ... 9]]", "numbers are left out"),
    ("array([[0., 0., 0., ..., 0., 0., 0.]])", "numbers are left out"),
    (r"1 & \cdots & 3", "numbers are left out"),
    (r"1 & & 3 \\ 1 & 2 & 3", "an empty cell"),
    (r"1 & 2 \\ ...", "numbers are left out"),
    (r"\frac{1}{2}0 & 1", "is not a number"),
    (r"(1 & 2 \\ 3 & 4", "a bracket stands alone"),
    (r"\begin{bmatrix} 1 \end{bmatrix} + 2", "behind the matrix"),
    (r"\begin{bmatrix} 1 \end{bmatrix} / 0", "behind the matrix"),
    ("b[0\n1", "is not a number"),
    ("-3x\n0", "is not a number"),
    (",1\n,2", "empty cell"),
    (r"\begin{bmatrix} 1 & 2 \\ 3 & 4", "is never ended"),
    ("[1 2; 3 4] + 1", r"what is '\+', behind the grid"),
    ("[1 2; 3 4]/0", "divides by zero"),
    ("matrix(c(1,2,3,4), nrow=2)", "one column after the other"),
    ("[1 [2]]", "side by side"),
    ("1,234;2,345\n3;4", "'1,234' may be 1.234, or 1234"),
    ("a,b\n1,2\n3,", "empty cell"),
    ("a,b\n1,2\n3,nan", "'a' is not a number|only finite"),
    ("1;2\n3,4", "row 3 has 2 numbers"),
    ("nan 1\n2 3", "'nan' is not a number"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=[row[0][:40] for row in REFUSED])
def test_what_is_no_grid_is_refused_where_it_stands(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "grid.txt"
    path.write_text(text)
    for door in (path, text):
        with pytest.raises(InputError, match=message) as caught:
            read_grid(door)
        assert caught.value.hint


def test_a_fault_is_pointed_at(convcalc: Convcalc) -> None:
    ran = convcalc("show", stdin="array([[1, 2],\n       [3, x4]])")
    assert "stdin:2:12: 'x4' is not a number\n         [3, x4]])\n             ^^\n" in ran.stderr
    ran = convcalc("show", stdin="\\begin{bmatrix}\n1 & 2 \\\\\n3 & 1o\n\\end{bmatrix}")
    assert "stdin:3:5: '1o' is not a number" in ran.stderr
    ran = convcalc("show", stdin="a;b\n1,5;2\n3;4x\n")
    assert "stdin:3:3: '4x' is not a number" in ran.stderr or "'a'" in ran.stderr


@given(st.lists(st.lists(st.integers(-99, 99), min_size=3, max_size=3), min_size=1, max_size=4))
def test_what_numpy_and_python_print_is_read(rows: list[list[int]]) -> None:
    array = np.array(rows)
    texts = [str(rows), repr(array), str(array), str(array / 4), repr(array / 4), str(tuple(map(tuple, rows)))]
    texts.append("[" + "; ".join(" ".join(map(str, row)) for row in rows) + "]")
    texts.append("{" + ", ".join("{" + ", ".join(map(str, row)) + "}" for row in rows) + "}")
    texts.append(" \\\\ ".join(" & ".join(map(str, row)) for row in rows) + r" \\")
    for text in texts:
        over = 4 if text in texts[3:5] else 1
        cells = read_grid(text).cells.reshape(array.shape)
        assert (cells * over).tolist() == rows, text


@given(st.text("0123456789-+., ;[](){}&\\/*|=\t\nabex\"'", max_size=40))
def test_any_text_is_a_grid_or_refused(text: str) -> None:
    with contextlib.suppress(InputError):
        assert read_grid("-", stdin=io.BytesIO(text.encode())).cells.ndim in (1, 2, 3, 4)


def test_archives_and_idx(tmp_path: Path) -> None:
    np.savez(tmp_path / "one.npz", weight=np.array(SQUARE))
    np.savez(tmp_path / "two.npz", a=np.array(SQUARE), b=np.array([5, 6]))
    assert read_grid(str(tmp_path / "one.npz")).cells.tolist() == SQUARE
    assert read_grid(f"{tmp_path / 'two.npz'}:a").cells.tolist() == SQUARE
    with pytest.raises(InputError, match="holds 2 arrays: a, b") as caught:
        read_grid(str(tmp_path / "two.npz"))
    assert caught.value.hint is not None
    assert read_grid(caught.value.hint.removeprefix("name one, as in ")).cells.tolist() == SQUARE
    with pytest.raises(InputError, match="holds no array 'c'"):
        read_grid(f"{tmp_path / 'two.npz'}:c")
    images = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
    sizes = b"".join(size.to_bytes(4, "big") for size in images.shape)
    idx = tmp_path / "t10k-images-idx3-ubyte.gz"
    idx.write_bytes(gzip.compress(b"\0\0\x08\x03" + sizes + images.tobytes()))
    assert read_grid(str(idx)).cells.shape == (3, 1, 2, 2)
    assert read_grid(f"{idx}:2").cells.tolist() == [[8, 9], [10, 11]]
    with pytest.raises(InputError, match="holds no item '3'"):
        read_grid(f"{idx}:3")
    (tmp_path / "g.txt").write_text("1 2")
    with pytest.raises(InputError, match="is one grid, and has no part 'x'"):
        read_grid(f"{tmp_path / 'g.txt'}:x")


def test_what_is_packed_twice_is_refused(tmp_path: Path) -> None:
    """Of a file that holds itself there would be no end."""
    path = tmp_path / "g.txt.gz"
    path.write_bytes(gzip.compress(gzip.compress(b"1 2")))
    with pytest.raises(InputError, match="is packed twice"):
        read_grid(path)


def test_a_packed_file_of_immense_size_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("convcalc.matrix_io.files.MOST_BYTES", 1000)
    path = tmp_path / "g.txt.gz"
    path.write_bytes(gzip.compress(b"1 " * 10_000))
    with pytest.raises(InputError, match="holds more than"):
        read_grid(path)


def test_files_of_other_programs(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "one.h5", "w") as file:
        file["conv/kernel"] = np.array(SQUARE)
    with h5py.File(tmp_path / "two.h5", "w") as file:
        file["a"], file["b"] = np.array(SQUARE), np.array([5.5])
    scipy_io.savemat(tmp_path / "one.mat", {"K": np.array(SQUARE)})
    book = openpyxl.Workbook()
    for row in [["", "a", "b"], [0, 1, 2], [1, 3, 4]]:
        book.active.append(row)
    book.create_sheet("more")["B2"] = 7
    book.save(tmp_path / "two.xlsx")
    for word in ("one.h5", "one.h5:conv/kernel", "two.h5:a", "one.mat", "one.mat:K", "two.xlsx:Sheet"):
        assert read_grid(f"{tmp_path}/{word}").cells.tolist() == SQUARE, word
    assert read_grid("-", stdin=io.BytesIO((tmp_path / "one.mat").read_bytes())).cells.tolist() == SQUARE
    assert read_grid(f"{tmp_path}/two.xlsx:Sheet").note == f"{HEADER}; {INDEX}"
    assert read_grid(f"{tmp_path}/two.xlsx:more").cells.tolist() == [[7]]
    for word, message in (("two.h5", "holds 2 arrays: a, b"), ("two.xlsx", "holds 2 arrays: Sheet, more")):
        with pytest.raises(InputError, match=message):
            read_grid(f"{tmp_path}/{word}")


@pytest.mark.parametrize(("name", "library"), [("g.h5", "h5py"), ("g.mat", "scipy.io"), ("g.xlsx", "openpyxl")])
def test_without_its_library_a_file_is_named_and_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, library: str
) -> None:
    begins = {"g.h5": b"\x89HDF\r\n\x1a\n", "g.mat": b"MATLAB 5.0", "g.xlsx": b"PK\x03\x04" + bytes(26) + b"xl/"}[name]
    (tmp_path / name).write_bytes(begins)
    with pytest.raises(InputError, match="cannot be read"):
        read_grid(tmp_path / name)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(InputError) as caught:
        read_grid(tmp_path / name)
    assert "pip install 'convcalc[files]' reads it; or" in str(caught.value.hint)
