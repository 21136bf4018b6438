"""Completion of values: the words that can go on a line, and bash, zsh and fish really driven."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from convcalc.engine.kernels import KERNELS
from convcalc.engine.loss_kinds import LossKind
from convcalc.engine.padding_modes import PadMode
from convcalc.engine.pooling_kinds import PoolKind
from convcalc.formats import Format
from convcalc.network.zoo import ZOO
from convcalc.practice.exercises import TOPICS
from tests.conftest import ROOT

COMPLETED: list[tuple[str, list[str]]] = [
    ("conv sob", ["sobel-x", "sobel-y"]),
    ("conv -k embo", ["emboss"]),
    ("conv gauss", ["gaussian-3", "gaussian-5"]),
    ("conv-transpose scharr", ["scharr-x", "scharr-y"]),
    ("kernels ", list(KERNELS)),
    ("pool ", list(PoolKind)),
    ("pool max --shape c", ["cross"]),
    ("loss ", [kind.value for kind in LossKind]),
    ("conv edge --pad-mode ", list(PadMode)),
    ("conv edge --padding sa", ["same", "same-lower"]),
    ("conv edge --format ", list(Format)),
    ("conv edge --wrt k", ["kernel"]),
    ("conv edge --steps a", ["all"]),
    ("model ", list(ZOO)),
    ("model res", [name for name in ZOO if name.startswith("res")]),
    ("model digits --weights ", ["random", "trained"]),
    ("quiz ", list(TOPICS)),
    ("worksheet ", list(TOPICS)),
    ("worksheet conv --level ", ["easy", "medium", "hard"]),
    ("lecture poo", ["pooling"]),
    ("help pip", ["pipes"]),
    ("samples lec", ["lecture-6x6.txt"]),
    ("run samples/backprop-2-2-2.convcalc --wrt ", ["w1", "b1", "w2", "b2", "targets", "all"]),
    ("run samples/backprop-2-2-2.convcalc --rate 1 --freeze b", ["b1", "b2"]),
    ("po", ["pool"]),
    ("conv edge --dila", ["--dilation"]),
    ("conv samples/lec", []),
]
"""What is typed, and what it can become; where nothing is known the shell offers files."""


PROGRAM = "import sys; sys.argv[0] = 'convcalc'; from convcalc.__main__ import main; main()"
"""The program by the name that a shell knows it by."""


def completed(line: str) -> list[str]:
    words = f"convcalc {line}"
    names = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1), "_CONVCALC_COMPLETE": "complete_bash"}
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        env={**os.environ, **names},
        cwd=ROOT,
        check=False,
    )
    assert ran.stderr == ""
    return ran.stdout.split()


@pytest.mark.parametrize(("line", "words"), COMPLETED, ids=[line for line, _ in COMPLETED])
def test_what_is_typed_is_completed(line: str, words: list[str]) -> None:
    assert completed(line) == [str(word) for word in words]


TYPED = [
    ("convcalc conv embo", "emboss"),
    ("convcalc pool medi", "median"),
    ("convcalc model lenet5 --form", "--format"),
    ("convcalc conv edge --pad-mode symm", "symmetric"),
    ("convcalc loss cross-e", "cross-entropy"),
]
SETUP = {
    "bash": 'eval "$(convcalc --show-completion bash)"',
    "zsh": 'autoload -Uz compinit; compinit -u -D; eval "$(convcalc --show-completion zsh)"',
    "fish": "convcalc --show-completion fish | source",
}
QUIET = {"bash": ["--norc", "--noprofile", "-i"], "zsh": ["-f", "-i"]}


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """Return the surroundings of a user who has convcalc, and nothing else of his own."""
    program = tmp_path / "bin" / "convcalc"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{PROGRAM}" "$@"\n')
    program.chmod(0o755)
    own = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "TERM": "xterm"}
    path = {"PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    return {**os.environ, **own, **path}


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_tab_completes_values(shell: str, home: dict[str, str]) -> None:
    pexpect = pytest.importorskip("pexpect")
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    child = pexpect.spawn(shell, QUIET[shell], env=home, encoding="utf-8", timeout=30, dimensions=(40, 200))
    child.sendline(f"{SETUP[shell]}; echo REA''DY")
    child.expect("READY\r?\n")
    for typed, word in TYPED:
        child.send(f"{typed}\t")
        child.expect(word)
        child.sendcontrol("u")
        child.sendline("echo NE''XT")
        child.expect("NEXT\r?\n")
    child.close(force=True)


@pytest.mark.slow
def test_fish_completes_values(home: dict[str, str]) -> None:
    if shutil.which("fish") is None:
        pytest.skip("there is no fish here")
    lines = "; ".join([SETUP["fish"], *(f"complete -C '{typed}'" for typed, _ in TYPED)])
    ran = subprocess.run(["fish", "--no-config", "-c", lines], env=home, capture_output=True, text=True, check=True)
    assert [line.split("\t")[0] for line in ran.stdout.splitlines()] == [word for _, word in TYPED]
