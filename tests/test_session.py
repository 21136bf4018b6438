"""The session: the grid carried and undone, names, editing, saving; a wrong line changes nothing."""

import io
import math
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from convcalc.cli.app import app
from convcalc.cli.run import host_of
from convcalc.cli.session import words_of
from convcalc.cli.surroundings import Script, Surroundings
from convcalc.errors import ConvcalcError
from convcalc.report.document import Block, Text
from convcalc.report.selection import Show
from convcalc.session.completion import Words, complete
from convcalc.session.loop import converse
from convcalc.session.session import LineResult, Session
from tests.conftest import Convcalc

EXAMPLE = "input samples/lecture-6x6.txt"


class Typed:
    """A session fed with typed lines: what was shown for each, what was complained of, and the prompts."""

    def __init__(self, *lines: str | type[BaseException]) -> None:
        self.lines = iter(lines)
        self.prompts: list[str] = []
        self.entries: list[LineResult] = []
        self.complaints: list[str] = []
        context = typer.main.get_command(app).make_context("convcalc", [], resilient_parsing=True)
        script = Script()
        here = Surroundings(None, io.StringIO(), script)
        self.session = script.session = Session(host_of(context, here, script))  # type: ignore[arg-type]
        converse(self.session, self.ask, self.entries.append, self.complain)

    def ask(self, prompt: str) -> str:
        self.prompts.append(prompt)
        line = next(self.lines, EOFError)
        if isinstance(line, str):
            return line
        raise line

    def complain(self, error: ConvcalcError | None) -> None:
        self.complaints.append("stopped" if error is None else f"{error}\n{error.hint}")

    @property
    def grid(self) -> list[object] | None:
        return None if self.session.current is None else self.session.current.tolist()

    def blocks(self) -> Iterator[Block]:
        for document in self.entries[-1].documents:
            yield from document


@pytest.fixture(autouse=True)
def _at_home(convcalc: Convcalc) -> None:
    """Run in the project's root."""


@pytest.mark.parametrize(
    ("lines", "grid"),
    [
        (("1 2", "3 4", ""), [[1, 2], [3, 4]]),
        (("input", "1 2", "3 4", ""), [[1, 2], [3, 4]]),
        (("1 2; 3 4",), [[1, 2], [3, 4]]),
        (("input 1 -1", "relu"), [[1, 0]]),
        ((EXAMPLE, "conv edge", "pool max"), [[-2, 8], [0, -3]]),
        (("input 1 -1", "relu", "undo"), [[1, -1]]),
        (("input 1 -1", "relu", "undo", "redo"), [[1, 0]]),
        (("input 1 -1", "relu", "undo", "flatten", "undo"), [[1, -1]]),
        (("input 1", "undo"), None),
        (("input 1", "reset"), None),
        (("input 1", "reset", "undo"), [[1]]),
        (("1 2; 3 4", "set 1,0 = 9"), [[1, 2], [9, 4]]),
        (("1 2; 3 4", "set 1,0=9 # now"), [[1, 2], [9, 4]]),
        (("1 2 3", "", "set 1 = -9"), [[1, -9, 3]]),
        (("1 2; 3 4", "set 0,0 = 9", "undo"), [[1, 2], [3, 4]]),
        (("1 2;; 3 4", "set 1,0,1 = 9"), [[[1, 2]], [[3, 9]]]),
        (("k = 1 1", "1 2 3", "", "conv k", "undo", "conv k"), [[3, 5]]),
        (("input 5 6", "undo", "k = 1 1", "input k"), [[1, 1]]),
        (("x = 1 -1", "x = relu -i x", "input x"), [[1, 0]]),
        (("input 1 -1", "size -n 7 -f 3", "kernels edge -q"), [[1, -1]]),
        (("run samples/tiny-cnn.convcalc", "undo", "undo"), [-0.5, 0.8, 3.8]),
    ],
)
def test_lines_leave_a_grid(lines: tuple[str, ...], grid: object) -> None:
    typed = Typed(*lines)
    assert (typed.complaints, typed.grid) == ([], grid)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("cnov edge", "there is no command 'cnov'\ndid you mean conv?"),
        ("udno", "there is no command 'udno'\ndid you mean undo?"),
        ("conv edg", "there is no kernel named 'edg'"),
        ("conv", "there is no kernel"),
        ("conv '1 2", "a quote is never closed"),
        ("input nowhere.txt", "there is no file 'nowhere.txt'"),
        ("input", "is followed by no grid"),
        ("edge = 1 2", "'edge' is the name of a command or a kernel"),
        ("undo = 1 2", "'undo' is the name of a command or a kernel"),
        ("set 5,5 = 1", "the grid has no cell 5,5\ncells count from 0: the last is 1,1"),
        ("set 0,0 = x", "'x' is not a number"),
        ("set 0 0 9", "set changes one cell\nas in: set 2,3 = 9"),
        ("redo", "there is nothing to redo"),
        ("undo now", "undo takes nothing behind it"),
        ("save", "save takes a file"),
        ("save x.xlsx", "convcalc does not write .xlsx files"),
        ("help nothing", "there is no help on 'nothing'"),
        ("run nowhere.convcalc", "cannot read the script 'nowhere.convcalc'"),
        ("pool max -w 9", "does not fit"),
        ("relu --strid", "no such option: --strid"),
    ],
)
def test_a_wrong_line_says_what_is_wrong_and_changes_nothing(line: str, message: str) -> None:
    more = ("",) if line == "input" else ()
    typed = Typed("k = 7", "1 2; 3 4", line, *more, "names")
    assert (typed.grid, len(typed.complaints), list(typed.session.names)) == ([[1, 2], [3, 4]], 1, ["k"])
    assert message in typed.complaints[0]
    assert "undo" not in typed.session.done


def test_undo_has_an_end() -> None:
    assert "there is nothing to undo" in Typed("undo").complaints[0]


def test_the_prompt_tells_the_grids_shape() -> None:
    typed = Typed("1 2;; 3 4", "k =", "1 0", "", "flatten")
    assert typed.prompts == ["> ", "2×1×2 > ", "  … ", "  … ", "2×1×2 > ", "4 > "]


def test_a_wrong_row_is_refused_at_once_and_the_others_kept() -> None:
    typed = Typed("1 2 3", "4 5", "4 x 6", "edges", "4 5 6", "")
    assert typed.grid == [[1, 2, 3], [4, 5, 6]]
    assert len(typed.complaints) == 3


def test_a_command_ends_the_rows_and_is_done() -> None:
    assert Typed("1 -2", "3 4", "relu").grid == [[1, 0], [3, 4]]
    assert Typed("k =", "1 2", "3 x", "j = 5 6;", "k", "k = 7").complaints[0].startswith("grid:2:3: 'x' is not")


def test_tabs_that_are_pasted_stay_tabs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("12", "1.5", "7x7.txt"):
        (tmp_path / name).write_text("9")
    words = Words({}, [], [])
    assert complete("", "1", words, []) == ["1\t"]
    assert complete("3 0 ", "1", words, []) == ["1\t"]
    assert complete("conv -k ", "-1", words, []) == ["-1\t"]
    assert complete("input ", "7", words, []) == ["7x7.txt "]
    assert complete("7 ", "7", words, []) == ["7\t"]


def test_a_large_paste_is_taken_soon() -> None:
    rows = ["1 2 3 4 5"] * 4000
    began = time.process_time()
    assert len(Typed(*rows, "").grid or ()) == 4000
    assert time.process_time() - began < 5  # when each row was read with all before it, half a minute


def test_ctrl_c_stops_a_line_and_not_the_session() -> None:
    typed = Typed("1 2", KeyboardInterrupt, "3 4;", "relu", KeyboardInterrupt, "flatten")
    assert (typed.complaints, typed.grid) == (["stopped", "stopped"], [3, 4])


def test_quit_leaves_and_so_does_the_end_of_the_input() -> None:
    assert Typed("1;", "quit", "2;").grid == [[1]]
    assert Typed("1;", EOFError, "2;").grid == [[1]]


def test_what_is_saved_can_be_read_and_run_again(tmp_path: Path, convcalc: Convcalc) -> None:
    script, grid = tmp_path / "work.convcalc", tmp_path / "map.csv"
    lines = ("k = 1 0; 0 -1", "1 2 3", "4 5 6", "7 8 1/2", "", "pool max", "undo", "set 0,0 = 5", "m = conv k", "relu")
    typed = Typed(*lines, f"save {grid}", f"save script {script}", "history")
    assert typed.complaints == []
    assert typed.entries[-2].remark == f"wrote 5 lines to {script}"
    assert "pool" not in script.read_text(encoding="utf-8")
    assert convcalc("run", str(script), "-q").answer == "0 0\n0 4.5\n"
    assert grid.read_text(encoding="utf-8") == "0,0\n0,4.5\n"


@pytest.mark.parametrize(
    "lines",
    [
        ("1 2 3", "", "4 5 6", ""),
        ("1 2; 3 4", "relu"),
        ("1 2", "", "relu"),
        ("input", "1 2", "3 4", "", "relu"),
        ("k =", "1 1", "", "1 2 3", "", "conv k"),
        ("k = 1 1; 0 1", "input 1 2; 3 4", "conv k"),
    ],
)
def test_a_saved_script_comes_to_the_same(tmp_path: Path, lines: tuple[str, ...]) -> None:
    script = tmp_path / "s.convcalc"
    typed = Typed(*lines, f"save script {script}", "reset", f"run {script}")
    assert typed.complaints == []
    assert typed.grid == Typed(*lines).grid


def test_quit_ends_a_script_and_not_the_session(tmp_path: Path, convcalc: Convcalc) -> None:
    script = tmp_path / "s.convcalc"
    script.write_text("input 9 -9\nquit\nrelu\n", encoding="utf-8")
    typed = Typed("input 1 2;", f"run {script}", "flatten")
    assert (typed.complaints, typed.grid) == ([], [9, -9])
    assert convcalc("run", str(script), "-q").stdout == "9 -9\n"
    script.write_text("input 9 -9\nundo\nquit now\nfoo\n", encoding="utf-8")
    typed = Typed("input 1 2;", f"run {script}", "flatten")
    assert typed.grid == [1, 2]
    assert typed.session.done == ["input 1 2;", "flatten"]


def test_ctrl_d_ends_the_rows_of_a_grid() -> None:
    typed = Typed("1 2", EOFError, "relu")
    assert typed.grid == [[1, 2]]


@pytest.mark.parametrize("line", ["save -", "save script -"])
def test_nothing_is_saved_to_standard_output(line: str) -> None:
    assert "save needs a file" in Typed("1 2;", line).complaints[0]


def test_a_script_that_fails_is_run_not_at_all(tmp_path: Path) -> None:
    script = tmp_path / "bad.convcalc"
    script.write_text("input 1 -1\nrelu\nconv edg\n", encoding="utf-8")
    typed = Typed("input 5;", f"run {script}", "redo")
    assert f"{script}:3: there is no kernel named 'edg'" in typed.complaints[0]
    assert "nothing to redo" in typed.complaints[1]
    assert typed.grid == [[5]]


def test_history_names_and_help_are_lists() -> None:
    assert [row for block in Typed("k = 1;", "history").blocks() for row in getattr(block, "rows", ())] == [
        ("1", "k = 1;")
    ]
    assert [row for block in Typed("k = 1 2;", "names").blocks() for row in getattr(block, "rows", ())] == [
        ("k", "1×2")
    ]
    helped = [row[0] for block in Typed("help").blocks() for row in getattr(block, "rows", ())]
    assert {"undo", "conv", "input GRID", "save FILE | save script FILE"} <= set(helped)


def test_help_on_a_command_is_the_shells(capsys: pytest.CaptureFixture[str]) -> None:
    assert Typed("help pool", "pool --help").complaints == []
    assert capsys.readouterr().out.count("Pool a grid") == 2


@pytest.mark.parametrize(
    ("before", "word", "found"),
    [
        ("", "softp", ["softplus "]),
        ("", "un", ["unpool ", "undo "]),
        ("", "inp", ["input "]),
        ("conv ", "sob", ["sobel-x ", "sobel-y "]),
        ("conv -k ", "sob", ["sobel-x ", "sobel-y "]),
        ("conv edge -i ", "my", ["my_grid "]),
        ("conv edge -i ", "samples/tiny", ["samples/tiny-cnn.convcalc "]),
        ("conv edge --pad-mode ", "re", ["reflect ", "replicate "]),
        ("conv edge ", "--pad", ["--padding ", "--pad-mode ", "--pad-value "]),
        ("pool ", "m", ["max ", "min ", "median ", "my_grid "]),
        ("loss ", "cr", ["cross-entropy "]),
        ("x = ", "con", ["conv ", "conv-transpose ", "concat ", "convcalc/"]),
        ("x = conv ", "embo", ["emboss "]),
        ("help ", "und", ["undo "]),
        ("save ", "scr", ["script "]),
        ("input ", "sampl", ["samples/"]),
        ("input ", "/nowhere/x", []),
    ],
)
def test_tab_completes(before: str, word: str, found: list[str]) -> None:
    context = typer.main.get_command(app).make_context("convcalc", [], resilient_parsing=True)
    assert complete(before, word, words_of(context), ["my_grid"]) == found  # type: ignore[arg-type]


def test_networks_in_a_session_change_no_grid_and_can_be_walked_through() -> None:
    typed = Typed("1 2; 3 4", "model lenet5", "walk")
    assert typed.grid == [[1, 2], [3, 4]]
    assert typed.session.last is not None
    assert typed.session.last.steps is not None
    assert any("terminal" in complaint for complaint in typed.complaints)  # there is none here to walk on


def test_a_pass_backward_in_a_session_can_be_walked_through() -> None:
    typed = Typed("1 2 3;", "w = 1 0 -1", "linear w", "sigmoid", "loss mse -t 1", "backward", "walk")
    assert any("terminal" in complaint for complaint in typed.complaints), "there is none here to walk on"
    last = typed.session.last
    assert last is not None
    assert last.steps is not None
    steps = last.steps(Show())
    names = [steps.name(index) for index in range(math.prod(steps.shape))]
    assert names == [
        "input gradient[0]", "input gradient[0]",
        *(f"weights gradient[{index}]" for index in range(3)), *(f"input gradient[{index}]" for index in range(3)),
    ]  # fmt: skip
    titles = [block.text for index in (0, 1, 2) for block in steps.blocks(index)[:1] if isinstance(block, Text)]
    assert titles == ["line 5 · loss mse -t 1", "line 4 · sigmoid", "line 3 · linear w"]
