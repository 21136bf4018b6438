"""The page in a real browser: steps, answers, keys, sizes, paper. Skipped where there is no Chromium to drive."""

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import Convcalc, Open

pytest.importorskip("selenium.webdriver", reason="the page is tested with selenium")
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

pytestmark = pytest.mark.slow

EXAMPLE = ("conv", "-i", "samples/lecture-6x6.txt", "-k", "edge")


def one(browser: Any, selector: str) -> Any:
    return browser.find_element(By.CSS_SELECTOR, selector)


def texts(browser: Any, selector: str) -> list[str]:
    return [found.text for found in browser.find_elements(By.CSS_SELECTOR, selector)]


def press(browser: Any, *keys: str) -> None:
    for key in keys:
        one(browser, "body").send_keys(key)


def where(browser: Any) -> str:
    return str(one(browser, ".where").text)


def result(browser: Any) -> list[str]:
    return texts(browser, ".picture > .scroll td")


def button(browser: Any, label: str) -> Any:
    return one(browser, f"button[aria-label^='{label}']")


def test_it_opens_at_the_first_step_and_steps_on_and_back(page: Open) -> None:
    browser = page(*EXAMPLE)
    assert browser.title == "conv · input 6×6 * edge 3×3 · stride 1 · padding 0 → 4×4"
    assert where(browser) == "step 1 of 16 · output[0,0]"
    assert texts(browser, ".stage td.window") == ["3", "0", "1", "1", "5", "8", "2", "7", "2"]
    assert result(browser) == ["-5"] + ["·"] * 15
    button(browser, "on").click()
    assert where(browser) == "step 2 of 16 · output[0,1]"
    assert one(browser, ".sum").text == "0×1 + 1×0 + 2×(-1) + 5×1 + 8×0 + 9×(-1) + 7×1 + 2×0 + 5×(-1) = -4"
    assert result(browser) == ["-5", "-4"] + ["·"] * 14
    button(browser, "back").click()
    assert where(browser).startswith("step 1 ")


def test_at_says_where_it_opens(page: Open) -> None:
    assert where(page(*EXAMPLE, "--at", "1,1")) == "step 6 of 16 · output[1,1]"


def test_the_keys(page: Open) -> None:
    browser = page(*EXAMPLE)
    for key, step in ((Keys.ARROW_RIGHT, 2), (Keys.ARROW_DOWN, 6), (Keys.ARROW_LEFT, 5), (Keys.END, 16),
                      (Keys.ARROW_UP, 12), (Keys.HOME, 1), (Keys.ARROW_LEFT, 1)):  # fmt: skip
        press(browser, key)
        assert where(browser).startswith(f"step {step} "), key


def test_the_slider(page: Open) -> None:
    browser = page(*EXAMPLE)
    one(browser, "input[type=range]").send_keys(Keys.END)
    assert where(browser).startswith("step 16 ")
    assert one(browser, "input[type=range]").get_attribute("aria-valuetext") == "step 16 of 16 · output[3,3]"


def test_it_plays_to_the_end_and_stops(page: Open) -> None:
    browser = page("pool", "-i", "samples/pool-4x4.txt")
    one(browser, "select").send_keys("very fast")
    button(browser, "play").click()
    wait(browser, lambda: where(browser).startswith("step 4 ") and button(browser, "play").text == "play")


def wait(browser: Any, until: Callable[[], bool]) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(browser, 10, poll_frequency=0.05).until(lambda _: until())


def test_a_sum_is_written_term_by_term(page: Open) -> None:
    browser = page(*EXAMPLE, "--order", "column")
    one(browser, "input[type=checkbox]").click()
    assert one(browser, ".sum").text == ""
    for _ in range(4):
        button(browser, "on").click()
    assert one(browser, ".sum").text == "3×1 + 1×1 + 2×1 + 0×0"
    assert texts(browser, ".stage td.now") == ["0", "0", "0"]  # the input's cell, the weight, the product
    cells = browser.find_elements(By.CSS_SELECTOR, ".stage .grid:first-of-type td")
    assert "now" in cells[1].get_attribute("class")  # down the columns: the first row's second cell is the fourth
    assert result(browser)[0] == "?"
    for _ in range(6):
        button(browser, "on").click()
    assert where(browser).startswith("step 2 ")


def test_a_click_on_an_output_cell_shows_its_window(page: Open) -> None:
    browser = page(*EXAMPLE)
    browser.find_elements(By.CSS_SELECTOR, ".picture > .scroll td")[13].click()
    assert where(browser) == "step 14 of 16 · output[3,1]"


def test_an_input_cell_shows_the_outputs_that_read_it(page: Open) -> None:
    browser = page(*EXAMPLE)
    ActionChains(browser).move_to_element(browser.find_elements(By.CSS_SELECTOR, ".stage td")[1]).perform()
    assert one(browser, ".reads").text == "This cell is in 2 steps: output[0,0], output[0,1]"
    first = "[...document.querySelectorAll('.stage td')].indexOf(document.querySelector('td.reader'))"
    marked = browser.execute_script(f"return {first}")
    assert marked == 36 + 9 + 9  # the first cell of the output, after those of input, kernel and products
    assert len(browser.find_elements(By.CSS_SELECTOR, "td.reader")) == 2


def test_hidden_answers_are_typed_and_marked(page: Open) -> None:
    browser = page(*EXAMPLE)
    button(browser, "hide").click()
    assert not one(browser, ".answer").is_displayed()
    assert one(browser, "td[aria-current=true]").find_element(By.TAG_NAME, "input").is_displayed()
    assert not one(browser, ".sum").is_displayed()
    inputs = browser.find_elements(By.CSS_SELECTOR, ".stage input.cell")
    assert len(inputs) == 16
    inputs[0].send_keys("-5", Keys.ENTER)
    browser.switch_to.active_element.send_keys("4", Keys.ENTER)
    assert one(browser, ".score").text == "1 of 16 right, 1 not yet"
    assert where(browser) == "step 3 of 16 · output[0,2]"
    assert [field.get_attribute("aria-invalid") for field in inputs[:2]] == ["false", "true"]
    inputs[1].send_keys(Keys.BACKSPACE, "-4", Keys.TAB)
    assert one(browser, ".score").text == "2 of 16 right"
    assert not one(browser, ".sum").is_displayed()
    button(browser, "show the working").click()
    assert one(browser, ".sum").is_displayed()
    button(browser, "hide").click()
    assert result(browser)[:3] == ["-5", "-4", "0"]


@pytest.mark.parametrize(
    ("typed", "right"),
    [("28/9", True), ("3.11", True), ("3,11", True), ("3.1", False), ("", None), ("x", False), ("56/18", True)],
)
def test_a_quotient_may_be_typed_as_people_write_it(page: Open, typed: str, right: bool | None) -> None:
    browser = page("pool", "avg", "-w", "3", "-i", "1 2 3; 4 5 6; 7 0 0")
    button(browser, "hide").click()
    field = one(browser, ".stage input.cell")
    field.send_keys(typed, Keys.ENTER)
    name = field.get_attribute("class").replace("cell", "").strip()
    assert name == {True: "right", False: "wrong", None: ""}[right]


@pytest.mark.parametrize(
    ("words", "secret"),
    [
        (
            ("conv", "-i", "1 2; 3 4", "-k", "1/3", "--precision", "2"),
            [("1/3", True), ("0.333", True), ("0.34", False)],
        ),
        (("gelu", "-i", "-4 1"), [("0", True), ("0.001", False), ("-0.00013", True), ("-1.27e-4", True)]),
        (("conv", "-i", "1000", "-k", "1000"), [("1,000,000", True), ("1000000.2", False)]),
        (("conv", "-i", "1 2; 3 4", "-k", "5"), [("5.0", True), ("5.004", False)]),
    ],
)
def test_what_rounds_to_the_same_is_right(page: Open, words: tuple[str, ...], secret: list[tuple[str, bool]]) -> None:
    browser = page(*words)
    button(browser, "hide").click()
    for typed, right in secret:
        field = one(browser, ".stage input.cell")
        field.clear()
        field.send_keys(typed, Keys.ENTER)
        assert field.get_attribute("class").split()[1] == ("right" if right else "wrong"), typed


@pytest.mark.parametrize(
    ("words", "told", "typed"),
    [
        (("softmax", "-i", "2 1 0.1"), ["0.6590", "1.5174"], 3),
        (("conv-transpose", "-i", "1 2; 3 4", "-k", "5 6; 7 8", "--as", "scatter"), ["16", "22", "60"], 9),
        (("pool", "max", "-i", "1 5; 7 2", "--backward", "33"), ["33"], 4),
        (("conv", "-i", "1 2; 3 4", "-k", "5 6", "--as", "matmul"), ["17", "39"], 2),
        (("conv", "-i", "1 2; 3 4", "-k", "5", "--backward", "1"), ["10"], 10),
        (("loss", "mse", "-i", "1 9", "-t", "2 2"), ["49", "25"], 1),
        (("flatten", "-i", "1 2; 3 4"), [], 4),
        (("run", "samples/neuron.convcalc", "--backward"), ["0.1966"], 10),
        (("batch-norm", "-i", "1 2 3 4"), ["1.3416", "1.1180"], 4),
    ],
    ids=lambda part: part[0] if isinstance(part, tuple) else None,
)
def test_hidden_answers_are_nowhere_and_can_be_typed(
    page: Open, words: tuple[str, ...], told: list[str], typed: int
) -> None:
    browser = page(*words)
    assert all(number in one(browser, "main").text for number in told)
    button(browser, "hide").click()
    shown = re.findall(r"[-−]?[\d.]+", one(browser, "main").text.partition("\n")[2])
    assert [number for number in told if number in shown and number != "33"] == []
    assert (
        len(browser.find_elements(By.CSS_SELECTOR, "main :not(.live) > :not(.live *) input.cell, .stage input.cell"))
        == typed
    )
    assert not [td for td in browser.find_elements(By.CSS_SELECTOR, "td.result") if td.is_displayed() and not told]


def test_of_a_pooling_the_window_is_given_and_the_winner_hidden(page: Open) -> None:
    browser = page("pool", "-i", "samples/pool-4x4.txt")
    button(browser, "hide").click()
    window = browser.find_elements(By.CSS_SELECTOR, ".stage .scroll")[1]
    assert window.text.split() == ["window", "1", "1", "5", "6"]
    assert not window.find_elements(By.CSS_SELECTOR, ".result")
    button(browser, "show the working").click()
    window = browser.find_elements(By.CSS_SELECTOR, ".stage .scroll")[1]
    assert [cell.text for cell in window.find_elements(By.CSS_SELECTOR, ".result")] == ["6"]


def test_a_script_hides_every_answer(page: Open) -> None:
    browser = page("run", "-", script="input 1 2; 3 4\nconv -k 1\nlinear -W 100 -i 7\nconv -i 11 -k 13\n")
    assert "700" in one(browser, "main").text
    button(browser, "hide").click()
    assert "700" not in one(browser, "main").text
    assert "143" not in one(browser, "main").text
    assert "Later inputs stay hidden" in one(browser, "header").text


def test_keys_that_scroll_a_long_page_are_left_to_it(page: Open) -> None:
    browser = page("run", "samples/tiny-cnn.convcalc")
    before = texts(browser, ".where")
    press(browser, Keys.ARROW_DOWN, Keys.END)
    assert texts(browser, ".where") == before
    press(browser, Keys.HOME)
    box = one(browser, "input[type=checkbox]")
    box.send_keys(Keys.SPACE)  # not by a click: the page may be scrolling still
    box.send_keys(Keys.ARROW_RIGHT)
    assert one(browser, ".sum .term:not(.unwritten)").is_displayed()


def test_the_keyboard_alone_will_do(page: Open) -> None:
    browser = page(*EXAMPLE)
    seen = []
    for _ in range(10):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        seen.append(browser.switch_to.active_element.get_attribute("aria-label"))
    assert seen[:2] == ["hide the answers, to type your own", "change between light and dark"]
    assert seen[2].startswith("Steps. Arrow keys move")
    assert seen[3:8] == ["first step (Home)", "back (left arrow)", "play (space)", "on (right arrow)",
                         "last step (End)"]  # fmt: skip
    button(browser, "on").send_keys(Keys.ENTER)
    assert where(browser).startswith("step 2 ")
    button(browser, "on").send_keys(Keys.ARROW_RIGHT)
    assert where(browser).startswith("step 3 ")


def test_what_a_reader_of_the_screen_is_told(page: Open) -> None:
    browser = page(*EXAMPLE)
    press(browser, Keys.ARROW_RIGHT)
    said = one(browser, ".said")
    assert said.get_attribute("aria-live") == "polite"
    assert said.get_attribute("textContent").startswith(
        "step 2 of 16 · output[0,1]: window of rows 0 to 2, columns 1 to 3: 0×1 + 1×0"
    )
    assert texts(browser, ".stage caption") == ["input 6×6", "kernel", "products", "output 4×4"]


def colour(browser: Any) -> str:
    return str(one(browser, "body").value_of_css_property("background-color"))


def test_dark_where_the_reader_likes_it_dark_and_by_the_button(page: Open) -> None:
    dark, light = "rgba(20, 24, 29, 1)", "rgba(255, 255, 255, 1)"
    assert colour(page(*EXAMPLE)) == light
    browser = page(*EXAMPLE, dark=True)
    assert colour(browser) == dark
    button(browser, "change between").click()
    assert colour(browser) == light


@pytest.mark.parametrize(
    "words",
    [
        EXAMPLE,
        ("conv", "-i", "samples/rgb-4x4.txt", "-k", "samples/two-filters.txt", "-p", "1"),
        ("model", "lenet5"),
        ("run", "samples/tiny-cnn.convcalc"),
        ("softmax", "-i", "1 2 3; 4 5 6"),
        ("size", "-n", "7", "-f", "3", "-s", "3"),
    ],
    ids=lambda words: words[0],
)
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_runs_out_of_the_window(page: Open, words: tuple[str, ...], width: int) -> None:
    browser = page(*words, width=width)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_a_large_exercise_is_small_and_quick(page: Open, tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    np.savetxt(tmp_path / "g.txt", rng.integers(0, 256, (28, 28)), fmt="%d")
    np.savetxt(tmp_path / "k.txt", rng.integers(-9, 10, (5, 5)), fmt="%d")
    browser = page("conv", "-i", str(tmp_path / "g.txt"), "-k", str(tmp_path / "k.txt"))
    assert (tmp_path / "page.html").stat().st_size < 1_000_000
    press(browser, Keys.END)
    assert where(browser) == "step 576 of 576 · output[23,23]"
    assert "·" not in result(browser)


def pages_of(browser: Any) -> int:
    printed = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", {})["data"])
    return len(re.findall(rb"/Type\s*/Page\b", printed))


def test_on_paper_all_steps_of_a_few(page: Open) -> None:
    browser = page(*EXAMPLE)
    browser.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert len(browser.find_elements(By.CSS_SELECTOR, ".all .step")) == 16
    browser.execute_script("dispatchEvent(new Event('afterprint'))")
    assert browser.find_elements(By.CSS_SELECTOR, ".all .step") == []
    assert 3 <= pages_of(browser) <= 8
    button(browser, "hide").click()
    assert pages_of(browser) == 1  # an empty form


def test_a_script_has_a_section_for_each_operation(page: Open) -> None:
    browser = page("run", "samples/tiny-cnn.convcalc")
    assert len(texts(browser, ".stepper .where")) == 8
    assert "> conv lines" in texts(browser, "h2")
    second = browser.find_elements(By.CSS_SELECTOR, ".stepper")[1]
    second.find_element(By.CSS_SELECTOR, ".where").click()
    press(browser, Keys.ARROW_RIGHT)
    assert [text.split()[1] for text in texts(browser, ".where")[:3]] == ["1", "2", "1"]


EVIL = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"


def test_no_text_becomes_markup(page: Open) -> None:
    script = f"# {EVIL}\ninput 1 2; 3 4\n# {EVIL}\nrelu\n"
    browser = page("run", "-", script=script)
    assert browser.title.startswith("</script>")
    assert EVIL in one(browser, "main").text
    assert browser.find_elements(By.TAG_NAME, "img") == []


def test_nothing_is_loaded_from_anywhere(convcalc: Convcalc, tmp_path: Path) -> None:
    convcalc(*EXAMPLE, "-o", str(tmp_path / "page.html"))
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert not re.findall(r"https?:|src=|url\(|@import|<link", text)
    assert "default-src 'none'" in text


def test_the_steps_are_there_as_data(convcalc: Convcalc, tmp_path: Path) -> None:
    convcalc(*EXAMPLE, "-o", str(tmp_path / "page.html"))
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    data = json.loads(re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', text)[0])
    assert [step["n"] for step in data["steps"][:2]] == ["output[0,0]", "output[0,1]"]
    assert data["bodies"][0][:3] == ["input 6×6", 6, 6]


def test_what_is_hidden_and_typed_outlives_a_reload(page: Open) -> None:
    browser = page(*EXAMPLE)
    button(browser, "hide").click()
    field = one(browser, ".stage input.cell")
    field.send_keys("-5", Keys.ENTER)
    assert one(browser, ".score").text == "1 of 16 right"
    browser.refresh()
    assert one(browser, ".stage input.cell").get_attribute("value") == "-5"
    assert one(browser, ".score").text == "1 of 16 right"
    button(browser, "hide").click()
    browser.refresh()
    assert result(browser) == ["-5"] + ["·"] * 15


def test_the_score_counts_every_map(page: Open) -> None:
    browser = page("conv", "-i", "samples/rgb-4x4.txt", "-k", "samples/two-filters.txt")
    button(browser, "hide").click()
    assert one(browser, ".score").text == "0 of 8 right"


def test_a_later_input_is_hidden_until_its_answer_is_right(page: Open, tmp_path: Path) -> None:
    script = tmp_path / "s.convcalc"
    script.write_text("input 1 -2; 3 4\nrelu\npool sum --window 1 --stride 1\n")
    browser = page("run", str(script))
    button(browser, "hide").click()
    steppers = browser.find_elements(By.CSS_SELECTOR, ".stepper")
    inputs = [td.text for td in steppers[1].find_elements(By.CSS_SELECTOR, ".line > .scroll:first-child td")]
    assert set(inputs) == {""}
    for index, value in enumerate(("1", "0", "3", "4")):
        field = steppers[0].find_elements(By.CSS_SELECTOR, ".picture > .scroll input.cell")[index]
        field.send_keys(value, Keys.ENTER)
    inputs = [td.text for td in steppers[1].find_elements(By.CSS_SELECTOR, ".line > .scroll:first-child td")]
    assert inputs[:4] == ["1", "0", "3", "4"]


def test_rows_and_columns_of_the_output_are_numbered(page: Open) -> None:
    browser = page(*EXAMPLE)
    assert texts(browser, ".picture > .scroll th.place") == ["", *"0123", *"0123"]
    assert texts(browser, ".line th.place") == []


def test_a_page_opens_hidden_if_it_is_asked_to(page: Open) -> None:
    browser = page(*EXAMPLE, "--hidden")
    assert set(result(browser)) == {""}
    assert one(browser, ".score").text == "0 of 16 right"
    button(browser, "hide").click()
    assert result(browser)[0] == "-5"


def test_a_compact_page_has_no_heading_and_tells_its_height(page: Open, convcalc: Convcalc, tmp_path: Path) -> None:
    inner, outer = tmp_path / "inner.html", tmp_path / "outer.html"
    assert convcalc(*EXAMPLE, "--compact", "-o", str(inner)).status == 0
    outer.write_text(
        "<script>addEventListener('message', ({ data }) => { window.told = data; });</script>"
        f"<iframe src='{inner.name}' width='800' height='300'></iframe>"
    )
    browser = page(*EXAMPLE)
    browser.get(outer.as_uri())
    wait(browser, lambda: browser.execute_script("return Boolean(window.told)"))
    told = browser.execute_script("return window.told")
    browser.switch_to.frame(0)
    assert told["from"] == "convcalc"
    assert told["height"] == browser.execute_script("return document.documentElement.scrollHeight") > 300
    assert not one(browser, "h1").is_displayed()
    assert where(browser).startswith("step 1 of 16")


@pytest.mark.parametrize("option", ["--compact", "--hidden"])
def test_what_only_a_page_has_is_refused_elsewhere(convcalc: Convcalc, option: str) -> None:
    for words in ((), ("-o", "x.svg"), ("--format", "json")):
        ran = convcalc(*EXAMPLE, option, *words)
        assert (ran.status, ran.stdout) == (2, "")
        assert f"{option} goes with a page" in ran.stderr


def test_the_gallery_has_a_cover_with_pictures(chromium: Any, convcalc: Convcalc, tmp_path: Path) -> None:
    assert convcalc("lecture", "-o", f"{tmp_path}/").status == 0
    chromium.get((tmp_path / "index.html").as_uri())
    widths = "return [...document.querySelectorAll('.covers img')].map((one) => one.naturalWidth)"
    assert len(chromium.execute_script(widths)) == 22
    assert all(width > 0 for width in chromium.execute_script(widths))
    assert all(len(text) > 20 for text in texts(chromium, ".covers p"))
    assert [entry for entry in chromium.get_log("browser") if "favicon" not in entry["message"]] == []


def test_a_script_begins_with_a_picture_of_the_whole(page: Open) -> None:
    browser = page("run", "samples/tiny-cnn.convcalc")
    links = browser.find_elements(By.CSS_SELECTOR, ".whole a")
    assert [link.text.split("\n") for link in links[:3]] == [
        ["input", "8×8"],
        ["conv lines", "2×6×6"],
        ["relu", "2×6×6"],
    ]
    assert len(links[1].find_elements(By.CSS_SELECTOR, "canvas")) == 2
    target = one(browser, links[1].get_attribute("href").partition("/")[2].rpartition("#")[2].join(("#", "")))
    assert target.text == "> conv lines"
    button(browser, "hide").click()
    shown = [one_.is_displayed() for one_ in browser.find_elements(By.CSS_SELECTOR, ".whole .maps")]
    assert shown == [True] + [False] * (len(shown) - 1)


def test_term_by_term_begins_empty_with_its_products(page: Open) -> None:
    browser = page(*EXAMPLE)
    one(browser, ".bar input[type=checkbox]").click()
    products = ".line > .scroll:last-child td"
    assert set(texts(browser, products)) == {""}
    assert [term for term in texts(browser, ".sum .term") if term.strip()] == []
    press(browser, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert texts(browser, products) == ["3", "0"] + [""] * 7
    one(browser, ".bar input[type=checkbox]").click()
    assert texts(browser, products) == ["3", "0", "-1", "1", "0", "-8", "2", "0", "-2"]


@pytest.mark.parametrize(
    "words", [EXAMPLE, ("worksheet", "-n", "2", "--self-marking"), ("run", "samples/tiny-cnn.convcalc")]
)
def test_nothing_to_press_is_on_paper(page: Open, words: tuple[str, ...]) -> None:
    browser = page(*words)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    pressed = "button, select, input[type=range], input[type=checkbox], .live"
    shown = f"return [...document.querySelectorAll({json.dumps(pressed)})].filter((one) => one.offsetWidth).length"
    assert browser.execute_script(shown) == 0
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
