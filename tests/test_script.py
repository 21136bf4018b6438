"""Scripts: the shell's words, the grid carried from line to line, names, comments, and errors at the script's line."""

from pathlib import Path

import numpy as np
import pytest

from convcalc.errors import UsageError
from convcalc.session.script import parse
from tests.conftest import Convcalc

EDGE = "-5 -4 0 8\n-10 -2 2 3\n0 -2 -4 -7\n-3 -2 -3 -16\n"
IMAGE = "input samples/lecture-6x6.txt\n"


@pytest.mark.parametrize(
    ("script", "answer"),
    [
        (IMAGE + "conv edge", EDGE),
        (IMAGE + "conv edge\nrelu\npool max", "0 8\n0 0\n"),
        ("input 1 2; 3 4", "1 2\n3 4\n"),
        ('input "1 2; 3 4"  # written out', "1 2\n3 4\n"),
        ("input\n1 2\n3 4\n\nflatten", "1 2 3 4\n"),
        ("input\n1 2\n3 4", "1 2\n3 4\n"),
        ("k =\n1 0\n0 1\n\ninput 1 2; 3 4\nconv k", "5\n"),
        ("k = 1 0; 0 1\ninput 1 2; 3 4\nconv -k k", "5\n"),
        ("k = samples/pool-4x4.txt\ninput k\npool max", "6 8\n3 4\n"),
        ("a = 1 2\nb = a\ninput b", "1 2\n"),
        ("input 1 2 3\nd = conv -k '-1 1'\npool max -w 2\nrelu -i d", "1 1\n"),
        ("input 1 2 3\nd = conv '1 1'\ninput 7\nshow -i d", "3 5\n"),
        ("w = 1 2; 3 4\nx = 1 1\nlinear w -i x -b 1,0", "4 7\n"),
        ("t = 0\ninput 2 1 0.1\nloss cross-entropy -t t --precision 4", "0.4170\n"),
        ("input 1 -1\nsize -n 7 -f 3\nkernels edge\nrelu", "1 0\n"),
        ("k = kernels edge\ninput samples/lecture-6x6.txt\nconv k", EDGE),
        ("input 1 -1\nrelu -q\nsize -n 7 -f 3", "1 0\n"),
        ("x=3\ninput x", "3\n"),
        ("input 1 -1\nr = relu\nflatten", "1 0\n"),
        ("input [[1, 2], [3, 4]]", "1 2\n3 4\n"),
        ("convcalc relu -i '-1 1'", "0 1\n"),
        ("input 1 -2\nrelu -q -o -\nleaky-relu", "1 0\n"),
        ("k =\n1 1\n---\n1 -1\n\ninput 1 2 3\nconv k", "3 5\n\n-1 -1\n"),
        ("input 1 2\nlecture 12\nrelu", "1 2\n"),
    ],
)
def test_a_script_ends_with_its_grid(convcalc: Convcalc, script: str, answer: str) -> None:
    ran = convcalc("run", "-", stdin=script)
    assert (ran.stderr, ran.status, ran.answer) == ("", 0, answer)
    assert convcalc("run", "-", "-q", stdin=script).stdout == answer


def test_what_is_piped_into_bare_convcalc_is_a_script(convcalc: Convcalc) -> None:
    assert convcalc(stdin=IMAGE + "conv edge\n").answer == EDGE
    assert "Usage:" in convcalc(stdin="").stdout
    assert "Usage:" in convcalc().stdout


def test_a_script_is_a_file_and_its_answer_too(convcalc: Convcalc, tmp_path: Path) -> None:
    script = tmp_path / "edge.convcalc"
    script.write_text("\ufeff" + IMAGE.replace("\n", "\r\n") + "conv edge\r\n", encoding="utf-8")
    assert convcalc("run", str(script), "-o", str(tmp_path / "a.npy")).status == 0
    assert np.load(tmp_path / "a.npy").shape == (4, 4)
    assert convcalc("run", str(script), "--format", "csv").stdout == EDGE.replace(" ", ",")


def test_what_is_piped_in_is_the_grid_to_begin_with(convcalc: Convcalc, tmp_path: Path) -> None:
    script = tmp_path / "s.convcalc"
    script.write_text("relu", encoding="utf-8")
    ran = convcalc("run", str(script), stdin="# from before\n1 -1\n")
    assert (ran.answer, ran.stdout.splitlines()[0]) == ("1 0\n", "# from before")
    script.write_text("input -\nrelu", encoding="utf-8")
    assert convcalc("run", str(script), stdin="1 -1\n").answer == "1 0\n"


def test_the_work_of_every_line_stands_under_it_with_the_comments(convcalc: Convcalc) -> None:
    ran = convcalc("run", "-", stdin="# My network.\ninput 1 -1\n\n# Bend it.\nrelu  # so\nsize -n 5 -f 3\n")
    lines = [line.removeprefix("# ") for line in ran.stdout.splitlines()]
    wanted = ["My network.", "> input 1 -1", "Bend it.", "> relu  # so", "  [1]  max(0, -1) = 0", "> size -n 5 -f 3"]
    assert [line for line in lines if line in wanted] == wanted
    assert "  output 2" in lines  # an answer in between is drawn


def test_a_line_may_write_a_file(convcalc: Convcalc, tmp_path: Path) -> None:
    ran = convcalc("run", "-", stdin=f"input 1 -1\nrelu -o {tmp_path}/r.csv\nflatten")
    assert (ran.status, (tmp_path / "r.csv").read_text(encoding="utf-8")) == (0, "1,0\n")


def test_a_script_of_look_ups_is_a_report(convcalc: Convcalc) -> None:
    ran = convcalc("run", "-", stdin="# Sizes.\nsize -n 7 -f 3\n")
    assert ran.stdout.startswith("Sizes.\n\n> size -n 7 -f 3\nsize · input 7")


def test_the_last_answer_is_drawn_if_a_quiet_line_follows(convcalc: Convcalc) -> None:
    for last in ("softplus -q", "x = 3 4"):
        shown = convcalc("run", "-", stdin=f"input 1 -2\nrelu\n{last}\n").stdout
        assert "#   output 2\n#   1  0\n" in shown


@pytest.mark.parametrize("style", ["table", "plain"])
def test_a_line_that_writes_a_file_shows_its_work_too(convcalc: Convcalc, tmp_path: Path, style: str) -> None:
    script = f"input 1 -2\nrelu -o {tmp_path}/r.txt --format {style}\nflatten"
    shown = convcalc("run", "-", stdin=script).stdout
    assert "max(0, -2) = 0" in shown
    assert "max(0, -2) = 0" in (tmp_path / "r.txt").read_text(encoding="utf-8")


def test_a_lecture_in_a_script_is_part_of_its_comments(convcalc: Convcalc) -> None:
    ran = convcalc("run", "-", stdin="input 1 2\nlecture 12\nlecture 16\nrelu\n")
    assert "# ══ 12 · Flatten: from maps to a row" in ran.stdout
    assert ran.answer == "1 2\n"
    assert convcalc("run", "-", "-q", stdin="input 1 2\nlecture 12\n").stdout == "1 2\n"


def test_the_answer_in_a_table_is_drawn_once(convcalc: Convcalc) -> None:
    shown = convcalc("run", "-", "--format", "table", stdin="input 1 2 3\nconv '1 1' --as matmul").stdout
    assert shown.count("output 2\n") == 1


def test_files_are_found_beside_the_script_too(convcalc: Convcalc, tmp_path: Path) -> None:
    (tmp_path / "k.txt").write_text("1 1\n", encoding="utf-8")
    script = tmp_path / "s.convcalc"
    script.write_text("input 1 2 3\nconv k.txt\nk = k.txt\n", encoding="utf-8")
    assert convcalc("run", str(script)).answer == "3 5\n"


def test_a_script_is_not_written_over(convcalc: Convcalc, tmp_path: Path) -> None:
    script = tmp_path / "s.convcalc"
    script.write_text("input 1 2\n", encoding="utf-8")
    ran = convcalc("run", str(script), "-o", str(script))
    assert (ran.status, "is the script itself" in ran.stderr) == (2, True)
    assert script.read_text(encoding="utf-8") == "input 1 2\n"


@pytest.mark.parametrize("words", [("-o", "x.npy"), ("--format", "json"), ("-q",)])
def test_a_script_without_a_grid_has_nothing_to_write(convcalc: Convcalc, words: tuple[str, ...]) -> None:
    ran = convcalc("run", "-", *words, stdin="size -n 7 -f 3\n")
    assert (ran.status, ran.stdout, "ends with no grid" in ran.stderr) == (1, "", True)


@pytest.mark.parametrize(
    ("script", "status", "message", "hint"),
    [
        ("relu", 2, "stdin:1: there is no current grid", "begin with a line such as: input grid.txt"),
        (IMAGE + "\n# so\nconv edg", 2, "stdin:4: there is no kernel named 'edg'", "did you mean edge"),
        (IMAGE + "cnov edge", 2, "stdin:2: there is no command 'cnov'", "did you mean conv"),
        (IMAGE + "conv edge --strid 2", 2, "stdin:2: no such option: --strid", "convcalc conv --help"),
        (IMAGE + "conv '1 x'", 1, "stdin:2: --kernel:1:3: 'x' is not a number", ""),
        ("input 1 2; 3 x", 1, "stdin:1:14: 'x' is not a number", ""),
        ("input\n1 2\n3 x\n", 1, "stdin:3:3: 'x' is not a number", ""),
        ("k =\n1 2\n3\n", 1, "stdin:3", ""),
        ("input", 2, "stdin:1: input is followed by no grid", "on the lines below"),
        ("k =\n\n", 2, "stdin:1: k = is followed by no grid", "on the lines below"),
        ("input nowhere.txt", 1, "stdin:1: there is no file 'nowhere.txt'", ""),
        ("k = nowhere", 1, "stdin:1: there is no file 'nowhere'", ""),
        ("conv 'edge", 2, "stdin:1: a quote is never closed", ""),
        ("edge = 1 2", 2, "stdin:1: 'edge' is the name of a command or a kernel", "my_edge"),
        ("conv = 1 2", 2, "'conv' is the name of a command", ""),
        ("input 1 2\nconv edge", 1, "stdin:2: ", ""),
        ("input 1 2\nconv --help", 2, "stdin:2: help is not for scripts", "convcalc help conv"),
        ("run other", 2, "stdin:1: a script cannot run another", ""),
        ("input 1\nrelu --format csv", 2, "stdin:2: --format does nothing inside a script", "convcalc run"),
        ("input 1\nrelu --ascii", 2, "stdin:2: --ascii does nothing inside a script", "convcalc run"),
        ("input 1\nrelu | pool max", 2, "stdin:2: got unexpected extra", "one command a line"),
        ("input\n1 2\nrelu\n", 1, "stdin:3:1: 'relu' is not a number", "an empty line ends a grid"),
        ("--help", 2, "stdin:1: there is no command '--help'", ""),
        ("n = size -n 7 -f 3", 2, "stdin:1: size gives no grid to keep", ""),
        ("input a.txt b.txt", 2, "stdin:1: input takes one grid", ""),
        ("", 1, "stdin: the script is empty", ""),
        ("\0", 1, "stdin: the script is no text", ""),
    ],
)
def test_an_error_names_the_line(convcalc: Convcalc, script: str, status: int, message: str, hint: str) -> None:
    ran = convcalc("run", "-", stdin=script)
    assert (ran.status, ran.stdout) == (status, "")
    assert message in ran.stderr
    assert hint in ran.stderr
    assert "hint:" in ran.stderr


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [(("run", "nope.convcalc"), 1, "cannot read the script 'nope.convcalc'"), (("run",), 2, "missing argument")],
)
def test_a_script_that_is_not_there(convcalc: Convcalc, words: tuple[str, ...], status: int, message: str) -> None:
    ran = convcalc(*words)
    assert (ran.status, message in ran.stderr.lower()) == (status, True)


def test_lines_are_read_as_a_shell_would() -> None:
    (line,) = parse(['  conv "1 0; 0 1" -p same # note'], "s")
    assert line.words == ("conv", "1 0; 0 1", "-p", "same")
    with pytest.raises(UsageError, match="s:1: a backslash"):
        parse(["conv \\"], "s")


def test_a_whole_network_ends_in_probabilities(convcalc: Convcalc) -> None:
    ran = convcalc("run", "samples/tiny-cnn.convcalc")
    chances = [float(word) for word in ran.answer.split()]
    assert sum(chances) == pytest.approx(1)
    assert np.argmax(chances) == 2
    assert "-ln(p[2]) = -ln(0.9404) ≈ 0.0614" in ran.stdout


def test_a_line_that_draws_one_step_to_a_file_keeps_its_answer(convcalc: Convcalc, tmp_path: Path) -> None:
    drawn = tmp_path / "at.svg"
    ran = convcalc("run", "-", "--format", "table", stdin=f"input 1 2; 3 4\nconv '1 1' --at 0,0 -o {drawn}\n")
    assert (ran.status, ran.stdout.splitlines()[-3:]) == (0, ["  output 2×1", "  3", "  7"])
    assert "output 2×1" in drawn.read_text(encoding="utf-8").replace("\xa0", " ").replace("&#160;", " ")


def test_how_a_line_would_be_written_matters_only_if_it_is(convcalc: Convcalc) -> None:
    ran = convcalc("run", "-", "-q", stdin="input 1 2; 3 4\nrelu --fragment\n")
    assert (ran.status, ran.answer, ran.stderr) == (0, "1 2\n3 4\n", "")
