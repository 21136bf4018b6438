"""Files in every format, standard input, and files that are whole or not there."""

import io
import json
import stat
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convcalc.engine.grids import as_grid
from convcalc.errors import InputError
from convcalc.formats import Format
from convcalc.matrix_io.files import LONGEST_LINE, answer_lines, read_grid
from convcalc.matrix_io.saving import write_whole


def written(tmp_path: Path, name: str, content: str | bytes) -> str:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


@pytest.mark.parametrize(
    ("name", "content", "cells"),
    [
        ("g.txt", "1 2\n3 4\n", [[1, 2], [3, 4]]),
        ("g.csv", '1,"2"\n3,4\n', [[1, 2], [3, 4]]),
        ("g.csv", "1;2\n3;4\n", [[1, 2], [3, 4]]),
        ("g.tsv", "1\t2\n3\t4\n", [[1, 2], [3, 4]]),
        ("g.json", "[[1, 2], [3, 4]]", [[1, 2], [3, 4]]),
        ("g.json", '{"output": [["1/3", 2.5]]}', [[Fraction(1, 3), Fraction(5, 2)]]),
        ("g.json", "[1, 2, 3]", [1, 2, 3]),
        ("g.json", "7", [[7]]),
        ("g.json", "[[100000000000000000000]]", [[10**20]]),
        ("g.txt", "\ufeff1 2", [[1, 2]]),
        ("g.txt", "\n\n [[1, 2]]", [[1, 2]]),
        ("g.txt", "1 2\r3 4\r", [[1, 2], [3, 4]]),
        ("g.txt", "1.000e+00 2.5e-01\n", [[1.0, 0.25]]),
        ("grid", "# a comment, in latin-1: \xe9\n1 2", [[1, 2]]),
    ],
)
def test_formats(tmp_path: Path, name: str, content: str, cells: Any) -> None:
    assert read_grid(written(tmp_path, name, content)).cells.tolist() == cells


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.uint64, np.bool_, np.float16, np.float32, np.float64])
def test_npy_of_every_real_type(tmp_path: Path, dtype: Any) -> None:
    path = tmp_path / "g.npy"
    np.save(path, np.array([[1, 0], [0, 1]], dtype=dtype))
    assert read_grid(str(path)).cells.tolist() == [[1, 0], [0, 1]]
    assert read_grid("-", stdin=io.BytesIO(path.read_bytes())).cells.tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("g.txt", "", "no numbers"),
        ("g.txt", b"1 2\0", "not UTF-8 text"),
        ("g.txt", "1 2".encode("utf-16") + b"\0", "no UTF-16|not UTF-16"),
        ("g.json", "[[1, 2], [3]]", r"lists at the top differ: \[1\] and \[0\] have 1 and 2 cells"),
        ("g.json", "[[1, 2], [3, NaN]]", "'NaN' is not a number"),
        ("g.json", "[[1, 2], [3, null]]", r"cell \[1\]\[1\]: null is not a number"),
        ("g.json", '{"input": 1}', "no 'output'"),
        ("g.json", "[[1, 2", "never closed"),
        ("g.json", "[" * 100_000, "too deep"),
        ("g.json", "[[[[[1]]]]]", "too deep"),
        ("g.json", "[]", "empty"),
        ("g.npy", b"\x93NUMPY nothing", "damaged"),
        ("g.npy", b"", "there are no numbers in it"),
        ("g.npy", b"\x93NUMPY\x01\x00v\x00{'descr': '<i8', 'fortran_order': False, 'shape': (10**30,), }", "damaged"),
        ("g.npy", b"\x93NUMPY\x01\x00\x10\x00{'descr': '<i8'", "damaged"),
        ("g.tsv", "1\t\t3\n4\t5\t6", "empty cell"),
        ("g.tsv", "1\t2\t\n", "missing"),
        ("g.csv", '"1,000",2\n', r"'1,000' may be 1\.000, or 1000"),
        ("g.json", '[[1, "x"]]', r"cell \[0\]\[1\]: 'x' is not a number"),
        ("g.npz", b"PK\x03\x04" + b"\0" * 26 + b"a.npy", "cannot be read as NPZ"),
        ("g.txt.gz", b"\x1f\x8b\x08 and no more", "cannot be unpacked"),
        ("g.idx", b"\0\0\x08\x02" + b"\0\0\0\x02" * 2 + b"abc", "no whole idx file: its shape is 2×2"),
        ("g.png", b"", "picture"),
    ],
)
def test_what_is_refused(tmp_path: Path, name: str, content: str | bytes, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_grid(written(tmp_path, name, content))
    assert caught.value.hint


def test_pickled_npy_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "g.npy"
    np.save(path, np.array([[print]]), allow_pickle=True)
    with pytest.raises(InputError, match="pickled objects, which could run code"):
        read_grid(str(path))


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([[1.0, float("nan")]], r"cell \[0, 1\] is nan"),
        ([[1.0, float("inf")]], r"cell \[0, 1\] is inf"),
        ([[1j]], "not real numbers"),
        (5, "1 to 4 dimensions"),
        ([[[[[1]]]]], "1 to 4 dimensions"),
        ([], "empty"),
    ],
)
def test_npy_that_is_no_grid_is_refused_with_its_file(tmp_path: Path, cells: Any, message: str) -> None:
    path = tmp_path / "g.npy"
    np.save(path, np.array(cells))
    with pytest.raises(InputError, match=message) as caught:
        read_grid(str(path))
    assert str(caught.value.place) == str(path)


def test_a_missing_file_names_the_nearest_one(tmp_path: Path) -> None:
    written(tmp_path, "grid.txt", "1")
    with pytest.raises(InputError, match="there is no file") as caught:
        read_grid(str(tmp_path / "grdi.txt"))
    assert caught.value.hint is not None
    assert "grid.txt" in caught.value.hint


def test_a_folder_is_no_grid(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Is a directory"):
        read_grid(str(tmp_path))


def test_a_line_too_long_to_hold_is_refused() -> None:
    with pytest.raises(InputError, match="line is longer than"):
        read_grid("-", stdin=io.BytesIO(b"1 " * LONGEST_LINE))


@pytest.mark.parametrize(
    ("style", "lines"),
    [("csv", ["1,2", "3,4", "", "5,6", "7,8"]), ("tsv", ["1\t2", "3\t4", "", "5\t6", "7\t8"])],
)
def test_answers_in_other_styles(style: str, lines: list[str]) -> None:
    assert list(answer_lines(as_grid([[[1, 2], [3, 4]], [[5, 6], [7, 8]]]), Format(style))) == lines


def test_json_answers_keep_fractions_and_large_integers() -> None:
    (line,) = answer_lines(as_grid([[Fraction(1, 3), 2**70]]), Format.JSON)
    assert json.loads(line) == [["1/3", 2**70]]


def test_a_file_is_replaced_whole_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "answer.txt"
    path.write_text("old")
    path.chmod(0o640)
    write_whole(path, iter(["1 2", "3 4"]))
    assert path.read_text() == "1 2\n3 4\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_failure_half_way_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "answer.txt"
    path.write_text("old")

    def failing() -> Any:
        yield "1 2"
        raise InputError("half way")

    with pytest.raises(InputError, match="half way"):
        write_whole(path, failing())
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["answer.txt"]


def test_npy_holds_quotients_as_floats_and_refuses_what_it_cannot_hold(tmp_path: Path) -> None:
    path = tmp_path / "answer.npy"
    write_whole(path, as_grid([[Fraction(1, 4), 2]]))
    assert np.load(path).tolist() == [[0.25, 2.0]]
    with pytest.raises(InputError, match="beyond 64 bits"):
        write_whole(path, as_grid([[2**70]]))
    assert np.load(path).tolist() == [[0.25, 2.0]]


def test_a_link_is_written_through(tmp_path: Path) -> None:
    target, link = tmp_path / "target.txt", tmp_path / "link.txt"
    target.write_text("old")
    link.symlink_to(target)
    write_whole(link, iter(["new"]))
    assert link.is_symlink()
    assert target.read_text() == "new\n"
