"""The commands of every text do what it says they do, every sample is run, and every command is documented."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from convcalc.cli.commands import COMMANDS, load
from convcalc.cli.topics import TOPICS, summary_of
from convcalc.engine.activation_kinds import ActivationKind
from convcalc.engine.convolution import convolve
from convcalc.engine.kernels import kernel
from convcalc.lecture import ROWS
from convcalc.matrix_io.files import read_grid
from tests.conftest import ROOT, SAMPLES, Convcalc

TEXTS = {
    path: path.read_text(encoding="utf-8")
    for path in (
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "samples/README.md", "benchmarks/README.md")),
        ROOT / "convcalc" / "README.md",
        *TOPICS.values(),
    )
}
README = TEXTS[ROOT / "README.md"]
SCRIPTS = Path(sys.executable).parent


def blocks(language: str) -> list[str]:
    """Return what stands between fences of that language, in all the texts."""
    return [
        block for text in TEXTS.values() for block in re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)
    ]


def examples() -> list[tuple[str, str]]:
    """Return the texts' console commands, each with the output that stands under it."""
    found = []
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("command", "output"), dict.fromkeys(examples()))
def test_the_texts_examples_print_what_they_show(command: str, output: str) -> None:
    environment = {**os.environ, "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, cwd=ROOT, env=environment)
    assert (ran.stdout, ran.stderr) == (output, "")


NAMED = {name for text in TEXTS.values() for name in re.findall(r"`(convcalc [a-z][^`]*)`", text)}


@pytest.mark.slow
@pytest.mark.parametrize("command", sorted(NAMED))
def test_the_commands_the_texts_name_run(convcalc: Convcalc, command: str) -> None:
    if "COMMAND" not in command:
        assert convcalc(*shlex.split(command)[1:]).status == 0


SHELL = [line for block in blocks("sh") for line in block.splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize("command", dict.fromkeys(line for line in SHELL if line.startswith("convcalc ")))
def test_the_texts_commands_that_write_files_write_them(
    convcalc: Convcalc, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "samples").symlink_to(SAMPLES)
    (tmp_path / "tests/golden").mkdir(parents=True)
    ran = convcalc(*command.split()[1:])
    assert (ran.status, ran.stdout) == (0, "")
    assert [path for path in tmp_path.rglob("*") if path.is_file()]


def test_the_readmes_first_screen_has_the_two_commands() -> None:
    first_screen = README.splitlines()[:24]
    commands = [line for line in first_screen if line.startswith("python3 -m venv .venv && ")]
    assert len(commands) == 2
    assert "convcalc conv --input samples/lecture-6x6.txt --kernel edge" in commands[0]
    assert commands[1].endswith("pytest -q")
    assert len(README.encode()) <= 9000, "the README is a front door: the rest has files of its own"


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_the_texts_link_to_is_there(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", TEXTS[path]):
        assert target.startswith("https:") or (path.parent / target).exists(), target


PYTHON = blocks("python")


@pytest.mark.slow
def test_the_recipe_for_dask_gives_what_one_machine_gives(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    image = np.random.default_rng(3).random((1300, 1100)).astype(np.float32)
    np.save(tmp_path / "image.npy", image)
    (tmp_path / "recipe.py").write_text(PYTHON[1], encoding="utf-8")
    ran = subprocess.run([sys.executable, "recipe.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    assert "n_workers=3" in PYTHON[1]
    made, whole = np.load(tmp_path / "edges.npy"), convolve(image, kernel("sobel-x"), padding=1).output
    assert (made.shape, made.dtype) == (whole.shape, whole.dtype)
    np.testing.assert_allclose(made, whole, atol=1e-5)


def test_the_readmes_python_runs() -> None:
    code = PYTHON[0]
    assert code in README
    names: dict[str, object] = {}
    exec(code, names)
    assert names["r"].tolist() == [[-5]]  # type: ignore[attr-defined]


def commands() -> list[str]:
    return list(COMMANDS)


@pytest.mark.parametrize("name", commands())
def test_the_table_of_commands_says_what_each_does(name: str) -> None:
    assert load(name).help.partition("\n")[0] == COMMANDS[name].summary


@pytest.mark.parametrize("command", commands())
def test_every_command_is_in_the_readme_and_has_examples(convcalc: Convcalc, command: str) -> None:
    is_activation = command in list(ActivationKind)  # they share a row
    row = f"`{command}` " if is_activation else f"| `{command}` | {COMMANDS[command].summary} |"
    assert row in README
    assert "Examples:" in convcalc(command, "--help").stdout


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.convcalc")), ids=lambda path: path.name)
def test_every_script_of_the_samples_runs(convcalc: Convcalc, path: Path) -> None:
    ran = convcalc("run", str(path))
    assert (ran.status, ran.stderr) == (0, "")
    ends = {"backprop-2-2-2": 0.2983711087600027, "neuron": 0.7310585786300049, "tiny-cnn": 1}  # probabilities add to 1
    assert sum(map(float, ran.answer.split())) == pytest.approx(ends[path.stem])


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_is_shown(convcalc: Convcalc, topic: str) -> None:
    ran = convcalc("help", topic)
    assert (ran.status, ran.stderr) == (0, "")
    assert ran.stdout == TEXTS[TOPICS[topic]]
    assert topic not in COMMANDS, "a command's help would hide it"
    assert f"{topic} {summary_of(topic)}" in " ".join(convcalc("help").stdout.split())
    assert f"{topic} " in convcalc(stdin="help\n").stdout


def test_help_on_a_command_is_its_help(convcalc: Convcalc) -> None:
    assert convcalc("help", "conv").stdout == convcalc("conv", "--help").stdout


FILES = sorted(path for path in SAMPLES.iterdir() if path.is_file())
GRIDS = [path for path in FILES if path.suffix not in (".convcalc", ".py", ".md", ".ipynb")]


def test_every_sample_is_told_of() -> None:
    told = re.findall(r"^\| `([^`]+)`", TEXTS[SAMPLES / "README.md"], flags=re.MULTILINE)
    assert sorted([*told, "README.md"]) == sorted(path.name for path in SAMPLES.iterdir())


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_every_network_of_the_samples_is_read(convcalc: Convcalc, path: Path) -> None:
    said = re.search(r"convcalc model (\S+ -i \S+)", path.read_text(encoding="utf-8"))
    assert said is not None, "a sample says how it is read"
    ran = convcalc("model", *said[1].split())
    assert (ran.status, ran.stderr) == (0, "")


@pytest.mark.parametrize("path", GRIDS, ids=lambda path: path.name)
def test_every_sample_is_read_and_shown(convcalc: Convcalc, path: Path) -> None:
    ran = convcalc("show", "-i", str(path))
    assert (ran.status, ran.stderr) == (0, "")
    assert convcalc("show", "-q", stdin=ran.stdout).stdout == convcalc("show", "-q", "-i", str(path)).stdout


def test_the_lectures_grids_are_the_samples() -> None:
    from convcalc import lecture, lecture_files
    from convcalc.network import zoo

    for text, name in (
        (lecture.EXAMPLE, "lecture-6x6.txt"),
        (lecture.STEP_EDGE, "step-edge-6x6.txt"),
        (lecture.GLYPH, "glyph-7x7.txt"),
        (lecture.POOL, "pool-4x4.txt"),
        (lecture.RGB, "rgb-4x4.txt"),
        (lecture.TWO_FILTERS, "two-filters.txt"),
        (lecture.SERIES, "time-series.txt"),
        (lecture.SEVEN, "digits/7.txt"),
    ):
        assert read_grid(text).cells.tolist() == read_grid(str(SAMPLES / name)).cells.tolist()
    assert (SAMPLES / "tiny-cnn.convcalc").read_text(encoding="utf-8") == lecture_files.TINY_CNN
    assert (SAMPLES / "backprop-2-2-2.convcalc").read_text(encoding="utf-8") == lecture_files.BACKPROP
    shipped = Path(zoo.__file__).parent / zoo.ZOO["digits"].weights
    assert (SAMPLES / "digits" / "weights.npz").read_bytes() == shipped.read_bytes()
    assert (SAMPLES / "mycnn.py").read_text(encoding="utf-8") == lecture_files.MYCNN


@pytest.mark.slow
def test_the_lecture_lists_every_row(convcalc: Convcalc) -> None:
    listed = convcalc("lecture", "--list").stdout
    for row in ROWS:
        assert row.topic in listed
        assert convcalc("lecture", row.topic).stdout == convcalc("lecture", str(row.number)).stdout
