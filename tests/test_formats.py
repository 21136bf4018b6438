"""Every format renders the same Document: golden files to be read, laws that hold for all of them, hostile text."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from convcalc.lecture import ROWS
from tests.conftest import ROOT, Convcalc

pytestmark = pytest.mark.slow

EXAMPLE = ("conv", "-i", "samples/lecture-6x6.txt", "-k", "edge")
WORKED = {
    "conv": (*EXAMPLE, "--steps", "2"),
    "conv-at": (*EXAMPLE, "--at", "1,1", "--order", "column"),
    "conv-channels": ("conv", "-i", "samples/rgb-4x4.txt", "-k", "samples/two-filters.txt", "-p", "1", "-b", "1,0",
                      "--steps", "1"),
    "pool-avg": ("pool", "avg", "-i", "samples/pool-4x4.txt", "-w", "3", "-s", "1", "--steps", "1", "--heat"),
    "softmax": ("softmax", "-i", "2 1 0.1"),
    "sigmoid": ("sigmoid", "-i", "0 1; -2 3"),
    "linear": ("linear", "-i", "6 8 3 4", "-W", "1 0 -1 2; 0.5 -1 1 0", "-b", "1,0"),
    "loss": ("loss", "cross-entropy", "-i", "2 1 0.1", "-t", "0"),
    "transposed": ("conv-transpose", "-i", "1 2; 3 4", "-k", "1 0; 0 1", "-s", "2", "--steps", "1"),
    "size": ("size", "-n", "7", "-f", "3", "-s", "3"),
    "toeplitz": ("conv", "-i", "1 2 3; 4 5 6; 7 8 9", "-k", "1 2; 3 4", "--as", "toeplitz", "--steps", "1"),
    "backward": ("pool", "-i", "1 2; 3 4", "--backward", "1"),
    "kernels": ("kernels", "sobel-x"),
    "script": ("run", "samples/tiny-cnn.convcalc"),
    "lecture": ("lecture", "14"),
    "zoo": ("zoo",),
}  # fmt: skip
STYLES = ("markdown", "latex", "svg", "html")


@pytest.mark.parametrize("style", ["markdown", "latex", "svg"])
@pytest.mark.parametrize("name", ["conv", "conv-channels", "pool-avg", "softmax"])
def test_golden(convcalc: Convcalc, golden: Callable[[str, str], None], name: str, style: str) -> None:
    suffix = {"markdown": "md", "latex": "tex", "svg": "svg"}[style]
    golden(f"formats/{name}.{suffix}", convcalc(*WORKED[name], "--format", style).stdout)


def test_golden_json(convcalc: Convcalc, golden: Callable[[str, str], None]) -> None:
    golden("formats/conv.json", convcalc(*WORKED["conv"], "--format", "json").stdout)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", list(WORKED))
def test_every_command_that_shows_work_has_every_format(convcalc: Convcalc, name: str, style: str) -> None:
    ran = convcalc(*WORKED[name], "--format", style)
    assert (ran.status, ran.stderr) == (0, "")
    assert len(ran.stdout) > 200


@pytest.mark.parametrize(
    ("suffix", "begins"),
    [("md", "# conv"), ("markdown", "# conv"), ("tex", r"\documentclass"), ("svg", "<svg"), ("html", "<!DOCTYPE html>"),
     ("HTML", "<!DOCTYPE html>"), ("json", "{"), ("csv", "-5,-4,0,8")],
)  # fmt: skip
def test_the_suffix_says_the_format(convcalc: Convcalc, tmp_path: Path, suffix: str, begins: str) -> None:
    path = tmp_path / f"out.{suffix}"
    assert convcalc(*EXAMPLE, "-o", str(path)).status == 0
    assert path.read_text(encoding="utf-8").startswith(begins)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--fragment",), "--fragment goes with LaTeX only"),
        (("--fragment", "--format", "html"), "--fragment goes with LaTeX only"),
        (("-q", "--format", "svg"), "--quiet leaves nothing"),
    ],
)
def test_what_does_not_go_together(convcalc: Convcalc, words: tuple[str, ...], said: str) -> None:
    ran = convcalc(*EXAMPLE, *words)
    assert (ran.status, said in ran.stderr) == (2, True)


def test_the_work_that_is_piped_in_stands_in_front(convcalc: Convcalc) -> None:
    first = convcalc(*EXAMPLE).stdout
    shown = convcalc("relu", "--format", "markdown", stdin=first).stdout
    assert shown.startswith("# relu")
    assert "step 6 of 16 · output[1,1]" in shown


# ---- JSON


@pytest.fixture(scope="module")
def schema() -> Any:
    return json.loads((ROOT / "convcalc/render/record.schema.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", [name for name in WORKED if name not in ("lecture", "zoo")])
def test_json_holds_to_its_schema(convcalc: Convcalc, schema: Any, name: str) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    said = json.loads(convcalc(*WORKED[name], "--format", "json").stdout)
    jsonschema.Draft202012Validator(schema).validate(said)


def test_json_tells_every_step_with_its_terms(convcalc: Convcalc) -> None:
    said = json.loads(convcalc(*EXAMPLE, "--format", "json").stdout)
    assert (said["convcalc"], said["operation"], said["arguments"]["kernel"]) == (1, "conv", "edge")
    assert said["kernel"] == [[1, 0, -1]] * 3
    assert len(said["steps"]) == 16
    for step in said["steps"]:
        window, made = step["reads"]
        terms = step["sums"][0]["terms"]
        cells = [said["input"][row][column] for row in window["rows"] for column in window["columns"]]
        weights = [weight for row in said["kernel"] for weight in row]
        assert [term.replace("(", "").replace(")", "") for term in terms] == [
            f"{cell}×{weight}" for cell, weight in zip(cells, weights, strict=True)
        ]
        row, column = made["cell"]
        value = sum(cell * weight for cell, weight in zip(cells, weights, strict=True))
        assert step["sums"][0]["outcome"] == f"= {value}"
        assert said["output"][row][column] == value


def test_json_is_read_back_and_quiet_json_is_the_answer(convcalc: Convcalc, tmp_path: Path) -> None:
    path = tmp_path / "steps.json"
    convcalc(*EXAMPLE, "-o", str(path))
    assert convcalc("pool", "--input", str(path), "-q").stdout == "-2 8\n0 -3\n"
    assert convcalc("relu", "-q", stdin=path.read_bytes()).stdout.splitlines()[0] == "0 0 0 8"
    assert json.loads(convcalc(*EXAMPLE, "-q", "--format", "json").stdout) == json.loads(path.read_text())["output"]


def test_json_stays_exact(convcalc: Convcalc) -> None:
    said = json.loads(convcalc("conv", "-i", "1 2 3; 4 5 6; 7 8 10", "-k", "box-3", "--format", "json").stdout)
    assert said["output"] == [["46/9"]]
    assert said["kernel"][0] == ["1/9", "1/9", "1/9"]


# ---- Markdown


@pytest.mark.parametrize("name", list(WORKED))
def test_tables_in_markdown_are_whole(convcalc: Convcalc, name: str) -> None:
    """GitHub's rule: a head, a line of dashes, and as many cells in every row; a blank line before and after."""
    lines = convcalc(*WORKED[name], "--format", "markdown").stdout.splitlines()
    fenced, tables = False, 0
    for number, line in enumerate(lines):
        fenced ^= line.startswith("```")
        if fenced or not line.startswith("|"):
            continue
        cells = len(re.findall(r"(?<!\\)\|", line))
        if not lines[number - 1].startswith("|"):
            assert lines[number - 1] == ""
            assert re.fullmatch(r"\|( :?-+:? \|)+", lines[number + 1])
            width, tables = cells, tables + 1
        assert cells == width, line
    assert tables or name in ("size", "sigmoid")


# ---- SVG


@pytest.mark.parametrize("name", list(WORKED))
def test_an_svg_is_xml_and_its_cells_lie_inside(convcalc: Convcalc, name: str) -> None:
    text = convcalc(*WORKED[name], "--format", "svg").stdout
    root = ElementTree.fromstring(text)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for rect in root.iter("{http://www.w3.org/2000/svg}rect"):
        if "x" in rect.attrib:
            x, y, w, h = (float(rect.attrib[key]) for key in ("x", "y", "width", "height"))
            assert x >= 0
            assert y >= 0
            assert x + w <= width + 1
            assert y + h <= height + 1
    assert "prefers-color-scheme:dark" in text
    assert not re.findall(r"https?:(?!//www.w3.org/2000/svg)|@import|url\(", text)


def test_the_picture_of_one_step_does_not_tell_the_rest(convcalc: Convcalc) -> None:
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", convcalc(*EXAMPLE, "--at", "1,1", "--format", "svg").stdout)
    assert "-2" in texts
    assert "-16" not in texts
    assert "-16" in convcalc(*EXAMPLE, "--format", "svg").stdout


# ---- LaTeX

needs_latex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex on this machine")


@needs_latex
@pytest.mark.parametrize("name", list(WORKED))
def test_latex_compiles(convcalc: Convcalc, tmp_path: Path, name: str) -> None:
    path = tmp_path / "out.tex"
    convcalc(*WORKED[name], "-o", str(path))
    assert "Overfull" not in compiled(path)


def compiled(path: Path) -> str:
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", path.name]
    ran = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, errors="replace", check=False)
    assert ran.returncode == 0, ran.stdout[-2000:]
    return ran.stdout


@needs_latex
@pytest.mark.parametrize("words", [EXAMPLE, ("model", "lenet5")], ids=lambda words: words[0])
def test_a_fragment_goes_into_a_document(convcalc: Convcalc, tmp_path: Path, words: tuple[str, ...]) -> None:
    fragment = convcalc(*words, "--format", "latex", "--fragment").stdout
    assert r"\documentclass" not in fragment
    needs = re.findall(r"\\usepackage\{[^}]*\}", fragment)[0]
    (tmp_path / "part.tex").write_text(fragment, encoding="utf-8")
    outer = rf"\documentclass{{article}}{needs}\begin{{document}}\input{{part}}\input{{part}}\end{{document}}"
    (tmp_path / "whole.tex").write_text(outer, encoding="utf-8")
    compiled(tmp_path / "whole.tex")


HOSTILE = r"\input{/etc/passwd} \end{verbatim} $&%#_{}~^ <b>|*`x` </script> ☃ 数"


@needs_latex
def test_hostile_text_is_only_text_in_latex(convcalc: Convcalc, tmp_path: Path) -> None:
    script = f"# {HOSTILE}\ninput 1 2; 3 4\nrelu # {HOSTILE}\n"
    ran = convcalc("run", "-", "-o", str(tmp_path / "out.tex"), stdin=script)
    assert ran.status == 0
    assert "root:" not in compiled(tmp_path / "out.tex")
    ran = convcalc("relu", "-o", str(tmp_path / "two.tex"), stdin=f"# {HOSTILE}\n1 2\n")
    assert ran.status == 0
    compiled(tmp_path / "two.tex")


@pytest.mark.parametrize("style", STYLES)
def test_hostile_text_is_only_text(convcalc: Convcalc, style: str) -> None:
    out = convcalc("run", "-", "--format", style, stdin=f"# {HOSTILE}\ninput 1 2; 3 4\nrelu\n").stdout
    assert "<b>" not in out
    assert "</script>" not in out.replace("</script>\n", "") or style == "html"
    if style == "svg":
        ElementTree.fromstring(out)


def test_lists_are_written_too(convcalc: Convcalc, tmp_path: Path) -> None:
    for words in (("kernels",), ("kernels", "--gallery"), ("model", "--list"), ("lecture", "--list")):
        path = tmp_path / "list.html"
        ran = convcalc(*words, "-o", str(path))
        assert (ran.status, ran.stdout) == (0, "")
        assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_the_lecture_becomes_a_gallery(convcalc: Convcalc, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "gallery"
    ran = convcalc("lecture", "-o", f"{folder}/")
    assert (ran.status, f"{len(ROWS)} pages and an index" in ran.stderr) == (0, True)
    index = (folder / "index.html").read_text(encoding="utf-8")
    linked = re.findall(r'<a href="([^"]*)">', index)
    assert sorted(linked) == sorted(path.name for path in folder.glob("*.html") if path.name != "index.html")
    assert "── " not in index
    assert convcalc("lecture", "--format", "csv").status == 2
    assert convcalc("lecture", "--format", "svg", "-o", f"{folder}/").status == 2


@pytest.mark.parametrize(
    "words",
    [
        ("conv", "-i", "1 2", "-k", "1", "-o", "x.docx"),
        ("model", "lenet5", "-o", "x.pdf"),
        ("model", "lenet5", "-o", "x.png"),
        ("zoo", "-o", "x.npy"),
        ("lecture", "8", "-o", "x.pdf"),
        ("worksheet", "-o", "x.xlsx"),
        ("model", "lenet5", "--trace", "0,0", "-o", "x.csv"),
        ("model", "lenet5", "--layer", "conv1", "-o", "x.md"),
        ("lecture", "--list", "-o", "x/"),
        ("show", "-i", "1", "--picture", "signed"),
    ],
    ids=" ".join,
)
def test_what_a_name_promises_is_written_or_refused(
    convcalc: Convcalc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = convcalc(*words)
    assert ran.status in (1, 2)
    assert "hint:" in ran.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_no_text_is_written_all_the_same(convcalc: Convcalc, tmp_path: Path) -> None:
    source = tmp_path / os.fsdecode(b"k\xff.txt")
    source.write_text("1 2")
    for name in ("out.json", "out.svg", "out.html"):
        assert convcalc("conv", "-i", str(source), "-k", str(source), "-o", str(tmp_path / name)).status == 0
        (tmp_path / name).read_text(encoding="utf-8")


def test_signs_of_control_in_a_script_reach_no_output(convcalc: Convcalc, tmp_path: Path) -> None:
    script = "# a\x01\x1b[31mb\ninput 1 2\nconv -k 1\n"
    assert "\x1b" not in convcalc("run", "-", stdin=script).stdout
    assert convcalc("run", "-", "-o", str(tmp_path / "x.svg"), stdin=script).status == 0
    ElementTree.fromstring((tmp_path / "x.svg").read_text(encoding="utf-8"))


def test_json_holds_every_step_unless_some_are_asked_for(convcalc: Convcalc) -> None:
    words = ("conv", "-i", "; ".join(["1 2 3 4 5 6 7 8 9 10"] * 10), "-k", "1", "--format", "json")
    assert len(json.loads(convcalc(*words).stdout)["steps"]) == 100
    some = json.loads(convcalc(*words, "--steps", "2").stdout)
    assert (len(some["steps"]), some["notes"]) == (2, ["2 of 100 steps"])
    script = json.loads(convcalc("run", "-", "--format", "json", stdin="input 1 2\nrelu\nconv -k 3\n").stdout)
    assert [(step["of"], step["number"]) for step in script["steps"]] == [
        ("> relu", 1), ("> relu", 2), ("> conv -k 3", 1), ("> conv -k 3", 2)
    ]  # fmt: skip


def test_what_a_newer_convcalc_wrote_is_refused(convcalc: Convcalc) -> None:
    ran = convcalc("relu", stdin='{"convcalc": 2, "output": [[1]]}')
    assert (ran.status, "a newer convcalc wrote this" in ran.stderr) == (1, True)


def test_a_script_keeps_reports_out_of_its_own_work(convcalc: Convcalc) -> None:
    ran = convcalc("run", "-", stdin="input 1 2\nrelu\nmodel lenet5 --format csv\n")
    assert (ran.status, "--format does nothing inside a script" in ran.stderr) == (2, True)


@needs_latex
def test_latex_writes_small_numbers_as_powers_of_ten(convcalc: Convcalc, tmp_path: Path) -> None:
    path = tmp_path / "g.tex"
    assert convcalc("gelu", "-i", "1 -4", "-o", str(path)).status == 0
    assert r"-1.2668\times 10^{-4}" in path.read_text(encoding="utf-8")
    compiled(path)


def test_greek_letters_hats_and_options_stand_in_latex(convcalc: Convcalc, tmp_path: Path) -> None:
    path = tmp_path / "norm.tex"
    convcalc("batch-norm", "-i", "1 3 5 7", "--gamma", "2", "--backward", "1 0 0 2", "-o", str(path))
    text = path.read_text(encoding="utf-8")
    for sign in (r"\gamma", r"\hat{x}", r"\varepsilon", r"\mu", r"\sigma ^2", "-{}-wrt"):
        assert sign in text
    assert "?" not in text
