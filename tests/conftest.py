"""Shared helpers: running convcalc in this process, and golden files refreshed by ``--refresh-golden``."""

import contextlib
import io
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from convcalc.cli.app import run
from convcalc.cli.surroundings import Surroundings

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")  # a slow one shows no fault

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "samples"
GOLDEN = Path(__file__).parent / "golden"
STOPPING = [number for number in signal.Signals if number.name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")]
"""Signals by which the tests stop what they started."""
QUIET_BROWSER = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
                 "--disable-background-networking", "--disable-component-update", "--window-size=1280,800")  # fmt: skip


@dataclass(frozen=True)
class Ran:
    """What a command printed, what it complained of, and its exit status."""

    stdout: str
    stderr: str
    status: int

    @property
    def answer(self) -> str:
        """The output without its comments."""
        rows = (line for line in self.stdout.splitlines() if not line.startswith("#"))
        return "".join(f"{row.partition('  #=')[0]}\n" for row in rows)


Convcalc = Callable[..., Ran]
Open = Callable[..., Any]

# A job in a script's background has Ctrl-C ignored, under nohup SIGHUP too: what is ignored here is not handed on.
for number in STOPPING:
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, lambda *_: None)


def run_convcalc(*words: str, stdin: str | bytes | None = None) -> Ran:
    """Run convcalc as in a pipe; `stdin` is what is piped in, None a terminal's."""
    stdout, stderr = io.StringIO(), io.StringIO()
    piped = None if stdin is None else io.BytesIO(stdin.encode() if isinstance(stdin, str) else stdin)
    with contextlib.redirect_stderr(stderr), contextlib.redirect_stdout(stdout):
        status = run(list(words), obj=Surroundings(piped, stdout))
    return Ran(stdout.getvalue(), stderr.getvalue(), status)


@pytest.fixture
def convcalc(monkeypatch: pytest.MonkeyPatch) -> Convcalc:
    """Run convcalc from the project's root, in a UTF-8 locale."""
    monkeypatch.chdir(ROOT)
    for name in ("LC_ALL", "LC_CTYPE", "LANG", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    return run_convcalc


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--refresh-golden", action="store_true", help="write the golden files anew: read them before commit"
    )


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Drive a browser; skip what wants one where there is none."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="the page is tested with selenium")
    found, driver = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
    if not (found and driver):
        pytest.skip("no chromium and chromedriver on this machine")
    options = webdriver.ChromeOptions()
    options.binary_location = found
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for argument in (*QUIET_BROWSER, f"--user-data-dir={profile}"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
        yield browser
        browser.quit()


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Hold a text against a golden file, or write it there with --refresh-golden."""

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--refresh-golden"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text

    return check


@pytest.fixture
def page(chromium: Any, convcalc: Convcalc, tmp_path: Path) -> Iterator[Open]:
    """Open the page a command writes; at the end nothing may have gone wrong in it."""

    def open_page(*words: str, width: int = 1280, dark: bool = False, script: str | None = None) -> Any:
        path = tmp_path / "page.html"
        ran = convcalc(*words, "-o", str(path), stdin=script)
        assert ran.status == 0, ran.stderr
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
        chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        chromium.get(path.as_uri())
        return chromium

    yield open_page
    assert [entry for entry in chromium.get_log("browser") if "favicon" not in entry["message"]] == []
