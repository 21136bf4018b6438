"""Large grids on a page: pictures, with the window framed in them and enlarged beside them. In a real browser."""

from pathlib import Path

import numpy as np
import pytest

from convcalc.matrix_io.images import Picture, read_picture
from tests.conftest import ROOT, Open

pytest.importorskip("selenium.webdriver", reason="the page is tested with selenium")
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.test_page import one, press, texts

pytestmark = pytest.mark.slow

SEVEN = ("conv", "-i", "samples/seven-28x28.png", "-k", "sobel-x", "--at", "6,9")


def rgb(tmp_path: Path) -> tuple[str, ...]:
    grid = np.random.default_rng(1).integers(0, 256, (3, 24, 24))
    path = tmp_path / "rgb.txt"
    path.write_text("\n\n".join("\n".join(" ".join(map(str, row)) for row in plane) for plane in grid.tolist()))
    kernels = "1 0 -1; 2 0 -2; 1 0 -1;; 0 1 0; 1 -4 1; 0 1 0;; 1 1 1; 0 0 0; -1 -1 -1"
    return ("conv", "-i", str(path), "-k", kernels, "--at", "9,14")


PLACES = """
  const box = (one) => {
    const r = one.getBoundingClientRect();
    return [r.left, r.top, r.right, r.bottom].map(Math.round);
  };
  return ["photo", "enlarged"].flatMap((name) => [...document.querySelectorAll(`.stage .${name}`)])
    .concat([...document.querySelectorAll(".stage .sum")].slice(-1)).filter((one) => one.offsetWidth).map(box);"""


def test_the_window_is_framed_in_the_picture_and_enlarged_beside_it(page: Open) -> None:
    browser = page(*SEVEN)
    assert texts(browser, ".enlarged td.window") == ["235"] * 3 + ["242"] * 3 + ["89"] * 3
    assert len(texts(browser, ".enlarged td")) == 25
    cell, frame, output = (
        browser.execute_script(f"const r = {what}.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom];")
        for what in (
            'document.querySelectorAll(".photo table")[0].rows[6].cells[9]',
            'document.querySelector(".frame.window")',
            'document.querySelector(".frame.result")',
        )
    )
    assert frame[0] < cell[0] < cell[2] < frame[2]
    assert frame[1] < cell[1] < cell[3] < frame[3]
    assert (frame[2] - frame[0]) == pytest.approx(3 * (cell[2] - cell[0]) + 6, abs=1)
    made = browser.execute_script(
        'return document.querySelectorAll(".photo table")[1].rows[6].cells[9].getBoundingClientRect().left;'
    )
    assert output[0] < made < output[2]
    press(browser, Keys.ARROW_RIGHT)
    assert one(browser, ".enlarged td.window").text == "235"
    assert "reader" not in one(browser, ".enlarged td").get_attribute("class")


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080)])
def test_window_sum_and_output_are_in_sight_together_and_nothing_jumps(
    page: Open, tmp_path: Path, channels: int, size: tuple[int, int]
) -> None:
    browser = page(*(SEVEN if channels == 1 else rgb(tmp_path)))
    screen = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    before = browser.execute_script(PLACES)
    assert len(before) == (4 if channels == 1 else 6)
    for left, top, right, bottom in before:
        assert 0 <= left < right <= size[0]
        assert 0 <= top < bottom <= size[1]
    press(browser, *[Keys.ARROW_RIGHT] * 5, Keys.ARROW_DOWN)
    assert [place[:2] for place in browser.execute_script(PLACES)][:-1] == [place[:2] for place in before][:-1]


def test_three_channels_of_colours_are_one_picture(page: Open, tmp_path: Path) -> None:
    browser = page(*rgb(tmp_path))
    assert one(browser, ".in-colour canvas").size["width"] > 100
    assert texts(browser, ".enlarged caption") == ["red", "green", "blue"]
    data = 'document.querySelector("canvas").getContext("2d").getImageData(14, 9, 1, 1).data'
    pixel = browser.execute_script(f"return [...{data}].slice(0, 3).map(String)")
    assert pixel == [texts(browser, ".enlarged td")[index] for index in (0, 9, 18)]


def test_a_grid_of_fifteen_columns_keeps_its_numbers(page: Open) -> None:
    rows = "; ".join(" ".join(str((r * c) % 10) for c in range(15)) for r in range(15))
    browser = page("conv", "-i", rows, "-k", "edge")
    assert browser.find_elements(By.CSS_SELECTOR, ".photo") == []


def test_hidden_answers_of_a_picture_are_not_drawn(page: Open) -> None:
    browser = page(*SEVEN, "--hidden")
    drawn = (
        "return [...document.querySelectorAll('.photo')].pop().querySelectorAll('td:not(.pending):not(.result)').length"
    )
    assert browser.execute_script(drawn) == 0
    assert browser.find_elements(By.CSS_SELECTOR, ".photo input") == []
    browser.execute_script("document.querySelector(\"button[aria-label^='show the working']\").click()")
    assert browser.execute_script(drawn) == 6 * 26 + 9


def test_on_a_telephone_nothing_of_a_picture_overlaps(page: Open) -> None:
    browser = page(*SEVEN, width=390)
    boxes = browser.execute_script(PLACES)[:-1]
    for index, (left, top, right, bottom) in enumerate(boxes):
        assert 0 <= left < right <= 390
        for other in boxes[index + 1 :]:
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top


def test_a_map_that_grows_by_stamps_is_told_by_what_changes_and_shown_whole(page: Open, tmp_path: Path) -> None:
    kernel = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]])
    browser = page("conv-transpose", "-i", "samples/seven-28x28.png", "-k", "1 2 1; 2 4 2; 1 2 1")
    assert (tmp_path / "page.html").stat().st_size < 1_000_000
    seven = np.asarray(read_picture(ROOT / "samples" / "seven-28x28.png", "seven", Picture())[0])
    for step in (0, 400, 57, 783):
        so_far = np.zeros((30, 30), dtype=np.int64)
        for row, column in list(np.ndindex(28, 28))[: step + 1]:
            so_far[row : row + 3, column : column + 3] += seven[row, column] * kernel
        browser.execute_script(
            "const bar = document.querySelector('input[type=range]'); bar.value = arguments[0];"
            "bar.dispatchEvent(new Event('input'));", step
        )  # fmt: skip
        shown = browser.execute_script(
            "const [grid] = [...document.querySelectorAll('.stage')[0].querySelectorAll('table')].slice(-1);"
            "return [...grid.querySelectorAll('td')].map((cell) => Number(cell.textContent));"
        )
        assert shown == so_far.ravel().tolist()
