"""A kernel changed on the page: what its script works is what the engine works, on hundreds of cases, and is shown."""

import json
from collections.abc import Callable
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest

from convcalc.engine.convolution import convolve
from convcalc.engine.kernels import kernel
from convcalc.render.page import _data, resource
from convcalc.report.convolution import Labels, worked_convolution
from convcalc.report.selection import Show
from tests.conftest import Open

pytest.importorskip("selenium.webdriver", reason="the page is tested with selenium")
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.test_page import one, texts

pytestmark = pytest.mark.slow

KINDS: dict[str, Callable[[Random], Fraction]] = {
    "whole": lambda rng: Fraction(rng.randint(-9, 9)),
    "halves": lambda rng: Fraction(rng.randint(-9, 9), 2),
    "tenths": lambda rng: Fraction(rng.randint(-30, 30), 10),
    "thirds": lambda rng: Fraction(rng.randint(-9, 9), 3),
    "both": lambda rng: Fraction(rng.randint(-9, 9), rng.choice((1, 2, 3, 7))),
}


def case(rng: Random, kind: str) -> dict[str, Any]:
    """Return a convolution at random, as exact numbers."""
    channels = rng.choice((1, 1, 2, 3))
    taps = rng.randint(1, 3), rng.randint(1, 3)
    sides = rng.randint(max(taps[0], 2), 7), rng.randint(taps[1], 7)
    draw = KINDS[kind]
    padding = [rng.choice((0, 0, 1, 2))] * 4 if rng.random() < 0.7 else [rng.randint(0, 2) for _ in range(4)]
    return {
        "input": [[[draw(rng) for _ in range(sides[1])] for _ in range(sides[0])] for _ in range(channels)],
        "kernel": [[[draw(rng) for _ in range(taps[1])] for _ in range(taps[0])] for _ in range(channels)],
        "bias": draw(rng) if rng.random() < 0.4 else Fraction(0),
        "stride": [rng.randint(1, 3), rng.randint(1, 3)],
        "padding": padding,
    }


def worked(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the data of the steps as convcalc writes them into a page."""
    one_channel = len(settings["input"]) == 1
    grid, weights = (np.array(settings[name][0] if one_channel else settings[name]) for name in ("input", "kernel"))
    bias = [settings["bias"]] if settings["bias"] else None
    kernels = weights if one_channel else weights[None]
    result = convolve(grid, kernels, bias=bias, stride=settings["stride"], padding=settings["padding"])
    steps = worked_convolution(result, Show(), Labels()).steps
    assert steps is not None
    data = _data(steps(Show()), 0)
    assert data is not None
    return {name: json.loads(json.dumps(data[name])) for name in ("columns", "bodies", "steps")}


WORK = """
  return arguments[0].map((given) => {
    const deep = (part) => (Array.isArray(part) ? part.map(deep) : live.read(part));
    const settings = { ...given, input: deep(given.input), kernel: deep(given.kernel), bias: live.read(given.bias) };
    if (live.fault(settings)) return live.fault(settings);
    const { columns, bodies, steps } = live.steps({ ...settings, hasBias: settings.bias.top !== 0n });
    return JSON.parse(JSON.stringify({ columns, bodies, steps }));
  });"""


def as_text(part: Any) -> Any:
    return [as_text(one) for one in part] if isinstance(part, list) else str(part)


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_works_what_the_engine_works(chromium: Any, kind: str) -> None:
    rng = Random(kind)
    cases = [case(rng, kind) for _ in range(120)]
    numbers = ("input", "kernel", "bias")
    sent = [{name: as_text(part) if name in numbers else part for name, part in one.items()} for one in cases]
    chromium.get("data:text/html,<p>live")
    made = chromium.execute_script(f"{resource('live.js')}; {WORK}", sent)
    compared = 0
    for settings, mine in zip(cases, made, strict=True):
        rows = len(settings["input"][0]) + sum(settings["padding"][:2])
        columns = len(settings["input"][0][0]) + sum(settings["padding"][2:])
        if rows == 1 and len(settings["kernel"][0]) == 1:
            continue
        assert (rows, columns) >= (1, 1)
        theirs = worked(settings)
        assert mine["bodies"] == theirs["bodies"], settings
        assert mine["steps"] == theirs["steps"], settings
        assert mine["columns"] == theirs["columns"]
        compared += 1
    assert compared > 100


EXAMPLE = ("conv", "-i", "samples/lecture-6x6.txt", "-k", "edge")


def change(browser: Any, label: str, value: str) -> None:
    field = one(browser, f".live input[aria-label='{label}']")
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys(value)


def opened(page: Open) -> Any:
    browser = page(*EXAMPLE)
    one(browser, ".live summary").click()
    return browser


def test_another_stride_and_padding_are_worked_in_the_page(page: Open) -> None:
    browser = opened(page)
    change(browser, "stride, down", "2")
    change(browser, "stride, across", "2")
    change(browser, "padding", "1")
    assert one(browser, ".where").text == "step 1 of 9 · output[0,0]"
    assert "(6 + 2·1 − 3)/2 + 1" in one(browser, ".changed").text
    assert not one(browser, "details.answer").is_displayed()
    change(browser, "kernel, row 0, column 0", "-5")
    change(browser, "bias", "1/2")
    press = one(browser, "button[aria-label^='last']")
    press.click()
    grid = np.loadtxt("samples/lecture-6x6.txt").astype(int)
    changed = np.array([[-5, 0, -1], [1, 0, -1], [1, 0, -1]])
    result = convolve(grid, changed, stride=2, padding=1, bias=[Fraction(1, 2)])
    shown = [
        td.get_attribute("data-value") or td.text
        for td in browser.find_elements(By.CSS_SELECTOR, ".picture > .scroll td")
    ]
    assert [Fraction(text) for text in shown] == result.output.ravel().tolist()
    one(browser, "button[aria-label^='the kernel and settings']").click()
    assert one(browser, ".where").text == "step 9 of 16 · output[2,0]"
    assert one(browser, "details.answer").is_displayed()
    assert one(browser, ".changed").text == ""


def test_a_kernel_by_name(page: Open) -> None:
    browser = opened(page)
    browser.execute_script(
        "const s = document.querySelector('.live select'); s.value = 'sharpen'; s.dispatchEvent(new Event('change'));"
    )
    assert texts(browser, ".sum b") == [
        str(convolve(np.loadtxt("samples/lecture-6x6.txt").astype(int), kernel("sharpen")).output[0, 0])
    ]


@pytest.mark.parametrize(
    ("label", "value", "fault"),
    [
        ("stride, down", "0", "The stride is 1 or more"),
        ("stride, down", "x", "stride, down: 'x' is no number"),
        ("padding", "-1", "the padding 0 or more"),
        ("bias", "much", "bias: 'much' is no number"),
        ("kernel, row 1, column 1", "", "row 1, column 1: '' is no number"),
        ("padding", "99", "are too many for a page"),
    ],
)
def test_what_cannot_be_worked_is_said_and_the_last_steps_stay(page: Open, label: str, value: str, fault: str) -> None:
    browser = opened(page)
    field = one(browser, f".live input[aria-label='{label}']")
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys(value or Keys.DELETE)
    assert fault in one(browser, ".changed").text
    assert one(browser, ".where").text.startswith("step 1 of ")


def test_hovering_a_weight_lights_the_inputs_and_outputs_it_touches(page: Open) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    browser = page(*EXAMPLE)
    drawn = browser.find_elements(By.CSS_SELECTOR, ".stage .line > .scroll")[1]
    ActionChains(browser).move_to_element(drawn.find_elements(By.CSS_SELECTOR, "td")[8]).perform()
    lit = browser.execute_script(
        "return [...document.querySelectorAll('.stage table')].map((one) => one.querySelectorAll('td.reader').length)"
    )
    assert lit == [16, 0, 0, 16]
    assert one(browser, ".reads").text.startswith("This weight meets an input in 16 steps")
    corner = browser.execute_script("return document.querySelector('.stage td').classList.contains('reader')")
    assert not corner, "the last weight never meets the first cell"


def test_a_remotes_keys_step(page: Open) -> None:
    browser = page(*EXAMPLE)
    one(browser, "body").send_keys(Keys.PAGE_DOWN)
    assert one(browser, ".where").text.startswith("step 2 of 16")
    one(browser, "body").send_keys(Keys.PAGE_UP)
    assert one(browser, ".where").text.startswith("step 1 of 16")
