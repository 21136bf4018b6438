"""Files that are no grids are called what they are; files are written whole, and stay the files they were."""

import errno
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from convcalc.errors import InputError
from convcalc.matrix_io.files import read_grid
from convcalc.matrix_io.kinds import KINDS, kind_of
from convcalc.matrix_io.saving import write_whole
from tests.conftest import ROOT, Convcalc

ZIP = b"PK\x03\x04" + b"\0" * 26


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (ZIP + b"net/data.pkl", "a PyTorch file"),
        (ZIP + b"metadata.json", "a Keras file"),
        (ZIP + b"xl/workbook.xml", "an office document"),
        (ZIP + b"a.txt", "a ZIP archive"),
        (b"\xd0\xcf\x11\xe0", "an office document"),
        (b"BZh91AY", "packed by bzip2"),
        (b"\x80\x04\x95", "a pickle, which could run code"),
        (b"MATLAB 5.0 MAT-file", "a MATLAB file"),
        (b"\x08\x07\x12\x07pytorch", "an ONNX file"),
        (b"PAR1", "a Parquet file"),
        (b"<!DOCTYPE html>", "a page or XML"),
        (b"%PDF-1.7", "a PDF"),
    ],
)
def test_what_is_no_grid_is_called_what_it_is(convcalc: Convcalc, tmp_path: Path, data: bytes, name: str) -> None:
    path = tmp_path / "g.txt"
    path.write_bytes(data + b"\n\0\0")
    for words in (
        ("relu", "-i", str(path)),
        ("conv", "-i", "1 2", "-k", str(path)),
        ("loss", "mse", "-i", "1", "-t", str(path)),
    ):
        ran = convcalc(*words)
        assert (ran.status, f"is {name}" in ran.stderr) == (1, True), ran.stderr
    ran = convcalc("relu", stdin=data + b"\n\0\0")
    assert (ran.status, f"is {name}" in ran.stderr) == (1, True)


def test_every_kind_has_words_and_no_text_of_numbers_is_one() -> None:
    assert all(kind.name and kind.hint for kind in KINDS)
    for text in (b"1 2 3", b"-1", b"# note", b"[[1, 2]]", b"0.5,3", b'{"grid": [1]}', b"8 7 2 1", b"MZ", b"GG"):
        assert kind_of(text) is None


def test_the_contents_tell_what_a_file_is_and_not_its_name(convcalc: Convcalc, tmp_path: Path) -> None:
    (tmp_path / "g.npy").write_text("1 2\n")
    assert convcalc("relu", "-i", str(tmp_path / "g.npy"), "-q").stdout == "1 2\n"
    np.save(tmp_path / "h.npy", np.array([[3, 4]]))
    (tmp_path / "h.npy").rename(tmp_path / "h.txt")
    assert convcalc("relu", "-i", str(tmp_path / "h.txt"), "-q").stdout == "3 4\n"


def test_a_pipe_with_a_name_is_read_and_written(tmp_path: Path) -> None:
    for name in ("f.npy", "f.txt"):
        path = tmp_path / name
        os.mkfifo(path)
        writer = threading.Thread(target=write_whole, args=(path, np.array([[1, 2]])))
        writer.start()
        assert read_grid(str(path)).cells.tolist() == [[1, 2]]
        writer.join()


@pytest.mark.parametrize("depth", [3000])
def test_a_hostile_header_is_damaged(convcalc: Convcalc, tmp_path: Path, depth: int) -> None:
    text = b"{'descr':'<i8','fortran_order':False,'shape':(1,),'x':" + b"-" * depth + b"1}\n"
    data = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text
    (tmp_path / "g.npy").write_bytes(data)
    assert "it is damaged" in convcalc("relu", "-i", str(tmp_path / "g.npy")).stderr
    assert "it is damaged" in convcalc("relu", stdin=data).stderr


@pytest.mark.parametrize(
    ("name", "text", "right"),
    [
        ("g.csv", "1;2\n3,4\n", None),
        ("g.csv", "1;2\n3 4\n", None),
        ("g.csv", "1,2\n3;4\n", None),
        ("g.tsv", "1 2\n3\t4\n", None),
        ("g.tsv", "1\t2\n3,4\n", None),
        ("g.csv", "1;2\n3;4\n", [[1, 2], [3, 4]]),
        ("g.csv", "1,2\n3,4\n", [[1, 2], [3, 4]]),
        ("g.txt", "1\u00a02\n3\u30004\n", [[1, 2], [3, 4]]),
    ],
)
def test_what_parts_the_cells_is_one_sign(
    convcalc: Convcalc, tmp_path: Path, name: str, text: str, right: list[list[int]] | None
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    ran = convcalc("show", "-i", str(tmp_path / name), "-q", "--format", "json")
    assert ran.stdout.strip() == ("" if right is None else str(right))
    assert right is not None or f"{name}:2" in ran.stderr


def test_a_header_that_counts_is_doubted(convcalc: Convcalc, tmp_path: Path) -> None:
    (tmp_path / "g.csv").write_text("0,1,2\n5,6,7\n")
    assert "if it is a header" in convcalc("show", "-i", str(tmp_path / "g.csv")).stderr
    (tmp_path / "g.csv").write_text("0,1,2\n3,4,5\n")
    assert convcalc("show", "-i", str(tmp_path / "g.csv")).stderr == ""


@pytest.mark.parametrize(
    "name",
    ["x.csv.gz", "x.npy.gz", "x.parquet", "x.xml", "x.ipynb", "x.eps", "x.ico", "x.h5", "x.mat", "x.py", "x.convcalc"],
)
def test_no_file_is_written_under_the_name_of_another_kind(convcalc: Convcalc, tmp_path: Path, name: str) -> None:
    ran = convcalc("relu", "-i", "1 2", "-o", str(tmp_path / name))
    assert (ran.status, "does not write" in ran.stderr, os.listdir(tmp_path)) == (1, True, [])


def test_links_and_owners_stay(tmp_path: Path) -> None:
    one, other = tmp_path / "a.txt", tmp_path / "b.txt"
    one.write_text("a long text that is there before")
    os.link(one, other)
    number = one.stat().st_ino
    if os.geteuid() == 0:
        os.chown(one, 1234, 1234)
    write_whole(one, iter(["1 2"]))
    assert (other.read_text(), one.stat().st_ino) == ("1 2\n", number)
    if os.geteuid() == 0:
        assert (one.stat().st_uid, one.stat().st_gid) == (1234, 1234)
    assert sorted(os.listdir(tmp_path)) == ["a.txt", "b.txt"]


def test_what_is_cut_off_while_it_overwrites_is_left_whole_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    one = tmp_path / "a.txt"
    one.write_text("before")
    os.link(one, tmp_path / "b.txt")
    monkeypatch.setattr("shutil.copyfileobj", full)
    with pytest.raises(InputError, match="No space left on device") as caught:
        write_whole(one, iter(["1 2"]))
    (left,) = tmp_path.glob(".convcalc-*")
    assert left.read_text() == "1 2\n"
    assert caught.value.hint == f"the whole of it is in {left}"


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("nowhere/x.txt", "No such file or directory", "make the folder first"),
        ("folder", "is a folder", "name a file in it"),
        ("folder/", "is a folder", "name a file in it"),
        ("x" * 300 + ".txt", "File name too long", "give it a shorter name"),
    ],
)
def test_what_cannot_be_written_says_why(
    convcalc: Convcalc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, message: str, hint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    ran = convcalc("relu", "-i", "1 2", "-o", name)
    assert ran.status in (1, 2)
    assert message in ran.stderr
    assert hint in ran.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_asks_for_room(convcalc: Convcalc) -> None:
    ran = convcalc("relu", "-i", "1 2", "-o", "/dev/full")
    assert (ran.status, "No space left" in ran.stderr, "make room there" in ran.stderr) == (1, True, True)


def test_a_link_to_nowhere_is_called_so(convcalc: Convcalc, tmp_path: Path) -> None:
    (tmp_path / "g.txt").symlink_to("nowhere.txt")
    assert "it is a link to 'nowhere.txt', which is not there" in convcalc("relu", "-i", str(tmp_path / "g.txt")).stderr


@pytest.mark.parametrize("words", [("relu", "-i", "1\0"), ("relu", "-i", "1", "-o", "a\0b"), ("size", "-n", "\0")])
def test_a_nul_is_refused(convcalc: Convcalc, words: tuple[str, ...]) -> None:
    ran = convcalc(*words)
    assert (ran.status, "there is a NUL in this line" in ran.stderr) == (2, True)


def test_help_without_docstrings() -> None:
    for words in ((), ("conv",)):
        ran = subprocess.run(
            [sys.executable, "-OO", "-m", "convcalc", *words, "--help"], capture_output=True, text=True, cwd=ROOT
        )
        assert ran.returncode == 0
        assert "every product" in ran.stdout


def test_pages_are_written_from_a_zip(tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "convcalc.zip", "w") as archive:
        for path in (ROOT / "convcalc").rglob("*"):
            if path.suffix in (".py", ".js", ".css", ".json"):
                archive.write(path, path.relative_to(ROOT))
    code = "from convcalc.__main__ import main; main()"
    words = ["conv", "-i", "1 2 3", "-k", "1 1", "-o", str(tmp_path / "x.html")]
    ran = subprocess.run(
        [sys.executable, "-c", code, *words],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "convcalc.zip")},
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert (ran.returncode, (tmp_path / "x.html").exists()) == (0, True), ran.stderr


def test_a_killed_run_leaves_no_part_of_a_file(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from convcalc.matrix_io.saving import write_whole\n"
        "def lines():\n    yield '1'\n    print(flush=True)\n    time.sleep(20)\n"
        "write_whole(Path(sys.argv[1]), lines())"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "x.txt")], stdout=subprocess.PIPE, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert len(os.listdir(tmp_path)) == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == -signal.SIGTERM
    assert os.listdir(tmp_path) == []
