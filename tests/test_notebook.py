"""convcalc in a notebook: the example runs, its pages are in frames of their own, and touch nothing beside them."""

import re
from html import escape
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

NOTEBOOK = ROOT / "samples" / "convcalc.ipynb"
nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")


@pytest.fixture(scope="module")
def executed() -> Any:
    book = nbformat.read(NOTEBOOK, as_version=4)
    table = "import pandas as pd\npd.DataFrame({'grid': [1, 2], 'window': [3, 4]})"
    more = [table, "r.walk()", "%%convcalc kept\nconv edge -i x", "kept.shape"]
    book.cells += [nbformat.v4.new_code_cell(text) for text in more]
    nbclient.NotebookClient(book, timeout=120, resources={"metadata": {"path": str(NOTEBOOK.parent)}}).execute()
    return book


def outputs(book: Any) -> list[dict[str, str]]:
    made = [output for cell in book.cells for output in cell.get("outputs", [])]
    assert not [output for output in made if output.output_type in ("error", "stream")]
    return [dict(output.data) for output in made]


@pytest.mark.slow
def test_the_example_notebook_runs_and_every_output_is_text_and_drawn(executed: Any) -> None:
    shown = outputs(executed)
    assert len(shown) > 10
    assert not [data for data in shown if " object at 0x" in data["text/plain"]]
    drawn = [data for data in shown if "text/html" in data]
    assert len(drawn) > 8
    assert any("text/latex" in data for data in shown), "an equation for what makes PDFs"
    assert "(4, 4)" in [data["text/plain"] for data in shown]
    scripts = [data["text/html"] for data in shown if "&gt; relu" in data.get("text/html", "")]
    assert len(scripts) == 1
    assert "cc-grid" in scripts[0]


def test_the_example_notebook_is_stored_without_outputs() -> None:
    book = nbformat.read(NOTEBOOK, as_version=4)
    assert all(not cell.get("outputs") and not cell.get("execution_count") for cell in book.cells)


STYLE = """
body {{ background: {paper}; color: {ink}; font: 14px sans-serif; }}
.jp-RenderedHTMLCommon table {{ border-collapse: collapse; font-size: 12px; }}
.jp-RenderedHTMLCommon tbody tr:nth-child(odd) {{ background: rgb(245, 245, 245); }}
.jp-RenderedHTMLCommon td {{ padding: 0.5em; text-align: right; }}
"""


def notebook_page(book: Any, path: Path, paper: str, ink: str) -> Path:
    """Write the outputs as a notebook's page holds them."""
    drawn = (data.get("text/html", escape(data["text/plain"])) for data in outputs(book))
    parts = "".join(f'<div class="jp-RenderedHTMLCommon">{one}</div>' for one in drawn)
    style = STYLE.format(paper=paper, ink=ink)
    path.write_text(f"<!DOCTYPE html><meta charset='utf-8'><style>{style}</style>{parts}", encoding="utf-8")
    return path


@pytest.mark.slow
@pytest.mark.parametrize(("paper", "ink", "theme"), [("#fff", "#000", "light"), ("#111", "#eee", "dark")])
def test_pages_in_a_notebook_fit_follow_its_theme_and_do_not_meet(
    executed: Any, tmp_path: Path, paper: str, ink: str, theme: str, chromium: Any
) -> None:
    plain = nbformat.v4.new_notebook(cells=[cell for cell in executed.cells if "pandas" in cell.source])
    driver = chromium
    size = {"width": 1100, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    driver.get(notebook_page(plain, tmp_path / "plain.html", paper, ink).as_uri())
    alone = driver.execute_script(TABLE)
    driver.get(notebook_page(executed, tmp_path / "notebook.html", paper, ink).as_uri())
    frames = driver.find_elements("css selector", "iframe.convcalc-page")
    assert len(frames) == 2
    assert driver.execute_script(TABLE) == alone, "a table of pandas is as it would be without us"
    heights = [frame.size["height"] for frame in frames]
    assert all(height < 1200 for height in heights)
    for frame in frames:
        driver.switch_to.frame(frame)
        assert driver.execute_script("return document.documentElement.dataset.theme") == theme
        assert driver.execute_script("return document.documentElement.scrollHeight <= innerHeight + 1")
        driver.switch_to.default_content()
    driver.switch_to.frame(frames[0])
    driver.execute_script("[...document.querySelectorAll('.bar button')].find((b) => b.textContent === '›').click()")
    steps = [driver.execute_script(STEP)]
    driver.switch_to.default_content()
    driver.switch_to.frame(frames[1])
    steps.append(driver.execute_script(STEP))
    assert re.match("step 2", steps[0])
    assert re.match("step 1", steps[1])
    driver.switch_to.default_content()
    driver.execute_script(f"document.body.style.background = '{'#111' if theme == 'light' else '#fff'}'")
    driver.switch_to.frame(frames[0])
    other = "dark" if theme == "light" else "light"
    waited = "const done = arguments[0]; setTimeout(() => done(document.documentElement.dataset.theme), 600)"
    assert driver.execute_async_script(waited) == other, "changed with the notebook"
    driver.switch_to.default_content()
    assert driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")


TABLE = """
const style = (cell) => [...getComputedStyle(cell)].map((name) => getComputedStyle(cell)[name]).join();
return [...document.querySelectorAll("table.dataframe *")].map((cell) => [style(cell), cell.offsetHeight]);
"""
STEP = "return document.querySelector('main').innerText.match(/step [0-9]+/)[0]"
