"""The benchmarks run, without any peer, and say what they measured; their figures are no test."""

import itertools
import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import start
from benchmarks.curves import as_svg, as_text
from benchmarks.start import parts
from benchmarks.timing import Case, Row, measure, table
from tests.conftest import ROOT

pytestmark = pytest.mark.slow


def test_turns_are_interleaved_and_their_ratios_told() -> None:
    calls: list[str] = []
    case = Case("g", "n", lambda: calls.append("a"), {"b": lambda: calls.append("b"), "c": lambda: calls.append("c")})
    row = measure(case, budget=0, least=4)
    assert "".join(calls) == "abc" + "abc" + "bca" + "cab" + "abc"
    assert set(row.ratios) == {"b", "c"}
    assert all(low <= middle <= high for middle, low, high in row.ratios.values())


def test_the_table_has_a_column_for_each_peer() -> None:
    rows = [Row("g", "one", 0.5, {"x": (0.5, 0.25, 1)}), Row("g", "two", 1, {"y": (20, 10, 30)})]
    assert list(table(rows)) == [
        "| g | ours, ms | ÷ x | ÷ y |",
        "|---|---:|---:|---:|",
        "| one | 500.0 | 0.5 (0.25–1) |  |",
        "| two | 1000.0 |  | 20 (10–30) |",
        "",
    ]


def test_the_curves_are_drawn() -> None:
    found = {"convcalc": [(6, 1e-4), (16, 1e-3)], "scipy": [(6, 1e-5), (16, 1e-3)]}
    lines = list(as_text(found))
    assert lines[0] == "3×3, float32: o convcalc, + scipy"
    assert ("o" in lines[1], "+" in lines[1], "%" in lines[2]) == (True, True, True)
    ElementTree.fromstring(as_svg(found))


@pytest.mark.parametrize("word", ["edge", "pooling"])
def test_one_command_runs_them(word: str, tmp_path: Path) -> None:
    words = ["-m", "benchmarks", "--quick", "--only", word, "--json", str(tmp_path / "b.json")]
    blocked = "import sys; sys.modules.update(dict.fromkeys(('torch', 'cv2', 'scipy', 'skimage'))); import runpy;"
    code = blocked + "sys.argv = sys.argv[1:]; runpy.run_module('benchmarks', run_name='__main__', alter_sys=True)"
    ran = subprocess.run(
        [sys.executable, "-c", code, *words[1:]], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    whole = json.loads((tmp_path / "b.json").read_text(encoding="utf-8"))
    assert whole["machine"]["numpy"]
    assert len(whole["rows"]) >= 3


def test_the_parts_of_a_start_add_up() -> None:
    assert parts([20.0, 110.0, 125.0]) == [20.0, 90.0, 15.0, 125.0]


@pytest.mark.parametrize("words", start.COMMANDS.values(), ids=" ".join)
def test_each_stage_of_a_start_does_what_the_one_before_it_does_and_more(words: tuple[str, ...]) -> None:
    *codes, (python, script, *last) = start.stages(words)
    assert len([*codes, script]) == len(start.PARTS)
    assert (python, tuple(last)) == (sys.executable, words)
    imported = [code.removesuffix(start.END) for _, _, code in codes[2:]]
    assert all(longer.startswith(shorter) for shorter, longer in itertools.pairwise(imported))
    assert start.seconds(codes[-1]) > 0
