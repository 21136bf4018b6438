"""What the environment and --color, --pager and -V do to what is printed; the manual page."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from convcalc import __version__
from convcalc.cli.man import ENVIRONMENT
from tests.conftest import ROOT, Convcalc

CONV = ("conv", "-i", "1 2; 3 4", "-k", "1 0; 0 -1")
ESCAPE = "\x1b["


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "CLICOLOR", *ENVIRONMENT):
        monkeypatch.delenv(name, raising=False)


def run(*words: str, **names: str) -> subprocess.CompletedProcess[str]:
    """Run the program for itself, as what it sets stays set."""
    return subprocess.run(
        [sys.executable, "-m", "convcalc", *words], capture_output=True, text=True, env={**os.environ, **names},
        cwd=ROOT, check=False, encoding="utf-8",
    )  # fmt: skip


def test_a_pipe_has_no_colours_and_color_always_draws_as_a_terminal_does() -> None:
    assert ESCAPE not in run(*CONV).stdout
    for words in ((*CONV, "--color", "always"), ("--color=always", *CONV)):
        drawn = run(*words)
        assert (drawn.returncode, drawn.stderr) == (0, "")
        assert ESCAPE in drawn.stdout
        assert "#" not in drawn.stdout


@pytest.mark.parametrize("name", ["FORCE_COLOR", "CLICOLOR_FORCE"])
def test_forced_colours_colour_what_is_drawn_and_leave_data_as_it_is(name: str) -> None:
    assert ESCAPE in run("kernels", **{name: "1"}).stdout
    assert ESCAPE in run("conv", "--help", **{name: "1"}).stdout
    for names in ({name: "1"}, {"CONVCALC_COLOR": "always"}):
        assert run(*CONV, **names).stdout == run(*CONV).stdout, "commands that read it are not to see colours"
    assert ESCAPE not in run("kernels", **{name: "0"}).stdout


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ((), {"FORCE_COLOR": "1", "NO_COLOR": "1"}),
        (("--color", "never"), {"FORCE_COLOR": "1"}),
        (("--no-color",), {"FORCE_COLOR": "1"}),
        ((), {"CONVCALC_COLOR": "never", "FORCE_COLOR": "1"}),
        ((), {"CONVCALC_COLOR": "always", "NO_COLOR": "1"}),
    ],
)
def test_no_colour_goes_before_forced_ones(words: tuple[str, ...], names: dict[str, str]) -> None:
    assert ESCAPE not in run("kernels", *words, **names).stdout


def test_an_option_goes_before_the_environment() -> None:
    assert ESCAPE in run("kernels", "--color", "always", NO_COLOR="1").stdout
    assert ESCAPE in run("kernels", "--color", "always", CONVCALC_COLOR="never").stdout


@pytest.mark.parametrize(
    ("words", "names", "message"),
    [
        (("kernels", "--color", "blue"), {}, "--color takes auto, always, never, not 'blue'"),
        (("kernels", "--color"), {}, "--color takes auto"),
        (("kernels",), {"CONVCALC_COLOR": "blue"}, "CONVCALC_COLOR takes auto"),
        (("softmax", "-i", "1 2"), {"CONVCALC_PRECISION": "many"}, "CONVCALC_PRECISION=many: it takes 0 to 15"),
        (("softmax", "-i", "1 2"), {"CONVCALC_PRECISION": "16"}, "it takes 0 to 15"),
    ],
)
def test_what_is_no_look_is_refused(words: tuple[str, ...], names: dict[str, str], message: str) -> None:
    ran = run(*words, **names)
    assert ran.returncode == 2
    assert message in ran.stderr


def test_a_default_precision_is_the_works_and_never_the_answers() -> None:
    ran = run("softmax", "-i", "1 2", CONVCALC_PRECISION="2")
    assert "0.27" in ran.stdout
    assert ran.stdout.splitlines()[-1] == "0.2689414213699951 0.7310585786300049"
    own = run("softmax", "-i", "1 2", "--precision", "3", CONVCALC_PRECISION="2")
    assert own.stdout.splitlines()[-1] == "0.269 0.731"


def test_ascii_by_default() -> None:
    assert run(*CONV, CONVCALC_ASCII="1").stdout.isascii()
    assert not run(*CONV, CONVCALC_ASCII="0").stdout.isascii()


@pytest.mark.slow
def test_pager_shows_page_by_page_on_a_terminal(tmp_path: Path) -> None:
    pexpect = pytest.importorskip("pexpect")
    pager = tmp_path / "pager"
    pager.write_text("#!/bin/sh\necho PAGED; cat\n")
    pager.chmod(0o755)
    env = {**os.environ, "PAGER": str(pager), "TERM": "xterm"}
    for words, wanted in (
        ((*CONV, "--pager"), "output"),
        (("help", "grids", "--pager"), "rows"),
        (("--pager", "zoo"), "lenet"),
    ):
        child = pexpect.spawn(sys.executable, ["-m", "convcalc", *words], env=env, encoding="utf-8", cwd=str(ROOT))
        child.expect("PAGED")
        child.expect(wanted)
        child.expect(pexpect.EOF)
    child = pexpect.spawn(
        sys.executable, ["-m", "convcalc", *CONV, "--walk", "--pager"], env=env, encoding="utf-8", cwd=str(ROOT)
    )
    child.expect("fills the screen itself")
    ran = subprocess.run(
        [sys.executable, "-m", "convcalc", *CONV, "--pager"],
        env=env,
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert "PAGED" not in ran.stdout, "not in a pipe"


@pytest.mark.slow
def test_a_pager_that_fails_loses_nothing_and_who_answers_sees_the_question() -> None:
    pexpect = pytest.importorskip("pexpect")
    env = {**os.environ, "TERM": "xterm", "CONVCALC_PAGER": "1"}
    for pager in ("false", "less 'x", "no-such-pager"):
        names = {**env, "PAGER": pager}
        child = pexpect.spawn(sys.executable, ["-m", "convcalc", *CONV], env=names, encoding="utf-8", cwd=str(ROOT))
        child.expect("output")
        child.expect(pexpect.EOF)
        assert "Traceback" not in child.before
    for words, wanted, typed in (
        ((), "convcalc: type a grid", "quit"),
        (("quiz", "size", "--seed", "7"), "answer:", "quit"),
    ):
        child = pexpect.spawn(sys.executable, ["-m", "convcalc", *words], env=env, encoding="utf-8", cwd=str(ROOT))
        child.expect(wanted)
        child.sendline(typed)
        child.expect(pexpect.EOF)


def test_the_version_is_told_by_a_letter(convcalc: Convcalc) -> None:
    assert convcalc("-V").stdout == convcalc("--version").stdout == f"convcalc {__version__}\n"


def test_the_help_leads_to_the_documentation_and_to_where_bugs_are_told(convcalc: Convcalc) -> None:
    text = convcalc("--help").stdout
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    links = re.findall(r"https://\S+", text)
    assert len(links) == 2
    assert all(link in pyproject for link in links)


def test_the_manual_page_is_what_the_program_says(convcalc: Convcalc) -> None:
    stored = (ROOT / "convcalc" / "topics" / "convcalc.1").read_text(encoding="utf-8")
    assert stored == convcalc("help", "man").stdout, "write it anew: convcalc help man > convcalc/topics/convcalc.1"


@pytest.mark.parametrize("words", [("--help",), ("conv", "--help"), ("help",), ("pool", "--help")])
def test_help_fits_forty_columns(words: tuple[str, ...]) -> None:
    lines = run(*words, COLUMNS="40").stdout.splitlines()
    longest = max(lines, key=len)
    assert len(longest) <= 40 or " " not in longest.strip(), longest


def test_every_name_of_the_environment_is_told_of() -> None:
    used: set[str] = set()
    for path in (ROOT / "convcalc").rglob("*.py"):
        used |= set(
            re.findall(
                r"\"(CONVCALC_[A-Z]+|NO_COLOR|FORCE_COLOR|CLICOLOR_FORCE|PAGER)\"", path.read_text(encoding="utf-8")
            )
        )
    told = {name for names in ENVIRONMENT for name in names.split(", ")}
    assert used <= told
    assert {name for name in told if name.startswith("CONVCALC_")} <= used
