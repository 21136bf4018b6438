"""Pages for everyone: no violation that axe finds, in both themes, shown and hidden; contrast, keys, targets."""

import importlib.resources
from pathlib import Path
from typing import Any

import pytest

from convcalc.render.colours import DARK, LIGHT, Palette, has_dark_ink
from tests.conftest import Convcalc, Open

pytest.importorskip("selenium.webdriver", reason="the page is tested with selenium")
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.test_page import one, texts

EXAMPLE = ("conv", "-i", "samples/lecture-6x6.txt", "-k", "edge")
RGB = ("conv", "-i", "samples/rgb-4x4.txt", "-k", "samples/two-filters.txt")
PAGES = {
    "conv": EXAMPLE,
    "heat": (*EXAMPLE, "--heat"),
    "channels": RGB,
    "picture": ("conv", "-i", "samples/seven-28x28.png", "-k", "sobel-x"),
    "pool": ("pool", "max", "-i", "samples/pool-4x4.txt"),
    "conv-transpose": ("conv-transpose", "-i", "1 2; 3 4", "-k", "1 1; 1 1", "-s", "2"),
    "backward": (*EXAMPLE, "--backward", "1"),
    "softmax": ("softmax", "-i", "1 2 3"),
    "loss": ("loss", "mse", "-i", "1 2 3", "-t", "1 0 3"),
    "norm": ("batch-norm", "-i", "1 2 3 4"),
    "attention": ("attention", "-i", "1 0; 0 1", "--keys", "1 0; 0 1", "--values", "1 2; 3 4"),
    "size": ("size", "-n", "7", "-f", "3", "-s", "2"),
    "script": ("run", "samples/tiny-cnn.convcalc"),
    "script backward": ("run", "samples/neuron.convcalc", "--backward"),
    "figure": ("model", "lenet5"),
    "network": (
        "model",
        "samples/digits/net.py",
        "-i",
        "samples/digits/7.txt",
        "--weights",
        "samples/digits/weights.npz",
    ),
    "zoo": ("zoo",),
    "kernels": ("kernels",),
    "worksheet": ("worksheet", "-n", "19", "--level", "medium", "--self-marking"),
    "marks": ("mark", "samples/class/worksheet.txt", "samples/class/answers.csv"),
}

AXE = """
  const done = arguments[arguments.length - 1];
  const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  axe.run(document, { runOnly: { type: "tag", values: rules } }).then((found) =>
    done(found.violations.map((one) => [one.id, one.nodes.length, one.nodes[0].html, one.nodes[0].failureSummary])));"""
TARGETS = """
  return [...document.querySelectorAll("button, select, summary, nav a, ul a, input[type=checkbox], input[type=range]")]
    .filter((one) => one.offsetWidth).map((one) => [one.outerHTML.slice(0, 80), one.offsetWidth, one.offsetHeight])
    .filter(([, width, height]) => width < 24 || height < 24);"""


def violations(browser: Any) -> Any:
    source = importlib.resources.files(pytest.importorskip("axe_core_python")).joinpath("axe.min.js")
    browser.execute_script(source.read_text(encoding="utf-8"))
    return browser.execute_async_script(AXE)


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("words", PAGES.values(), ids=PAGES)
def test_axe_finds_nothing_shown_and_hidden(page: Open, words: tuple[str, ...], dark: bool) -> None:
    browser = page(*words, dark=dark)
    assert violations(browser) == []
    assert browser.execute_script(TARGETS) == []
    for label in ("change the kernel", "the whole answer"):
        for summary in browser.find_elements(By.CSS_SELECTOR, "summary"):
            if summary.text == label:
                summary.click()
    assert violations(browser) == []
    hide = [button for button in browser.find_elements(By.CSS_SELECTOR, "button") if button.text == "hide the answers"]
    if hide:
        hide[0].click()
        assert violations(browser) == []


@pytest.mark.slow
@pytest.mark.parametrize("words", [EXAMPLE, PAGES["picture"], PAGES["network"]], ids=["conv", "picture", "network"])
def test_on_a_telephone_nothing_is_wrong_either(page: Open, words: tuple[str, ...]) -> None:
    browser = page(*words, width=390)
    assert violations(browser) == []
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.slow
def test_the_gallery_has_nothing_wrong(chromium: Any, convcalc: Convcalc, tmp_path: Path) -> None:
    assert convcalc("lecture", "-o", f"{tmp_path}/").status == 0
    chromium.get((tmp_path / "index.html").as_uri())
    assert violations(chromium) == []


@pytest.mark.slow
def test_every_cell_is_reached_with_the_keys_and_the_window_is_told(page: Open) -> None:
    browser = page(*EXAMPLE)
    said = "return document.querySelector('.said').textContent"
    assert "window of rows 0 to 2, columns 0 to 2" in browser.execute_script(said)
    table = one(browser, ".stage table")
    browser.execute_script("arguments[0].focus()", table)
    for key in (Keys.ARROW_RIGHT, Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_RIGHT):
        browser.switch_to.active_element.send_keys(key)
    assert one(browser, ".reads").text.startswith("row 2, column 1: 7. This cell is in 6 steps: output[0,0]")
    assert len(texts(browser, "td.pointed")) == 1
    assert one(browser, ".where").text.startswith("step 1 of 16"), "the keys of a grid do not step"
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    output = browser.find_elements(By.CSS_SELECTOR, ".stage table")[3]
    browser.execute_script("arguments[0].focus()", output)
    for key in (Keys.ARROW_RIGHT, *[Keys.ARROW_DOWN] * 2, Keys.ENTER):
        browser.switch_to.active_element.send_keys(key)
    assert "output[2,0]" in one(browser, ".where").text
    assert "window of rows 2 to 4, columns 0 to 2" in browser.execute_script(said)


@pytest.mark.slow
def test_forced_colours_still_mark_the_window(page: Open, chromium: Any) -> None:
    browser = page(*EXAMPLE)
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "forced-colors", "value": "active"}]})
    style = "return getComputedStyle(document.querySelector('.stage td.window')).outlineStyle"
    assert browser.execute_script(style) == "solid"
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one_: str, other: str) -> float:
    """Return WCAG's contrast ratio."""
    low, high = sorted((luminance(one_), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_text_and_lines_stand_out(palette: Palette) -> None:
    for ink, below in ((palette.ink, palette.paper), (palette.quiet, palette.paper), (palette.quiet, palette.padding),
                       (palette.window_ink, palette.window), (palette.result_ink, palette.result)):  # fmt: skip
        assert contrast(ink, below) >= 4.5
    for below in (palette.paper, palette.padding):
        assert contrast(palette.line, below) >= 3


def test_the_ink_on_a_shade_is_the_one_that_stands_out() -> None:
    for level in range(256):
        grey = "#" + f"{level:02x}" * 3
        assert contrast("#000000" if has_dark_ink((level, level, level)) else "#ffffff", grey) >= 4.5
