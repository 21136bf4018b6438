"""A network's page: what it holds, and in a browser, that every cell is what its script says it is made of."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import SAMPLES, Convcalc

DIGITS = SAMPLES / "digits"
FOLDER = Path(__file__).parent / "network"
SEVEN = ("model", str(DIGITS / "net.py"), "-i", str(DIGITS / "7.txt"), "--weights", str(DIGITS / "weights.npz"))

RECOMPUTED = """
return layers.map((layer) => {
  if (layer.step === null || layer.cells === null) return [layer.name, layer.step === null ? "none" : "unheld", 0];
  const count = layer.cells.length;
  const indices = [0, 1, 7, Math.floor(count / 2), count - 1].filter((index) => index < count);
  let worst = 0;
  for (const index of indices) {
    const made = STEPS[layer.step.kind](layer, layer.step, index), value = layer.cells[index];
    let found = value;
    if (layer.step.kind === "pooling") {
      const cells = made.groups[0].cells.map((cell) => layers[made.groups[0].from].cells[cell]);
      found = made.how === "max" ? Math.max(...cells) : cells.reduce((a, b) => a + b, 0) / made.divisor;
    } else if (made.written === undefined) {
      found = made.groups.map(totalOf).reduce((a, b) => a + b, 0) + (made.bias || 0);
    } else if (layer.step.kind === "norm") {
      const [gamma, x, mean, root, beta] = made.written.match(/-?\\d+(?:\\.\\d+)?(?:e[-+]\\d+)?/g).map(Number);
      found = gamma * (x - mean) / root + beta;
    } else if (layer.step.kind === "product") {
      found = made.groups.map((group) => layers[group.from].cells[group.cells[0]]).reduce((a, b) => a * b, 1);
    }
    worst = Math.max(worst, Math.abs(found - value) / (layer.largest || 1));
  }
  return [layer.name, layer.step.kind, worst];
});
"""


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="network">(.*?)</script>', page)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_the_page_holds_every_map(convcalc: Convcalc, tmp_path: Path) -> None:
    page, maps = tmp_path / "net.html", tmp_path / "maps.npz"
    assert convcalc(*SEVEN, "-o", str(page)).status == 0
    convcalc(*SEVEN, "--save", str(maps))
    data = data_of(page.read_text(encoding="utf-8"))
    with np.load(maps) as saved:
        for layer in data["layers"]:
            cells = np.frombuffer(base64.b64decode(layer["maps"]), "<f4")
            assert np.array_equal(cells, saved[layer["name"]].ravel())
    assert data["classes"][0] == ["7", "0.9997"]
    assert (data["notes"], [layer["reads"] for layer in data["layers"]][:3]) == ([], [[], [0], [1]])


def test_names_of_classes_are_put_in_as_text(convcalc: Convcalc, tmp_path: Path) -> None:
    labels, page = tmp_path / "labels.txt", tmp_path / "net.html"
    labels.write_text("\n".join(["</script><b>zero"] * 10))
    convcalc(*SEVEN, "--labels", str(labels), "-o", str(page))
    text = page.read_text(encoding="utf-8")
    assert "</script><b>" not in text
    assert data_of(text)["classes"][0][0] == "7 </script><b>zero"


def test_a_lenets_page_is_small_and_what_does_not_fit_is_named(convcalc: Convcalc, tmp_path: Path) -> None:
    page = tmp_path / "net.html"
    seven = str(SAMPLES / "seven-28x28.png")
    convcalc("model", "lenet5", "-i", seven, "--resize", "32x32", "--weights", "random", "-o", str(page))
    assert page.stat().st_size < 2_000_000
    assert data_of(page.read_text(encoding="utf-8"))["notes"] == []
    layers = "Conv2d(1, 64, 3), ReLU(), Flatten(), Linear(43264, 100)"
    convcalc("model", layers, "-i", seven, "--weights", "random", "-o", str(page))
    assert page.stat().st_size < 2_000_000
    assert data_of(page.read_text(encoding="utf-8"))["notes"] == [
        "Too large for a page: the weights, and so their steps of 3."
    ]


@pytest.mark.slow
def test_every_cell_is_what_the_page_says_it_is_made_of(chromium: Any, convcalc: Convcalc, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.load(FOLDER / "torch-2.13.npz")["input"][0])
    page = tmp_path / "net.html"
    ran = convcalc(
        "model",
        str(FOLDER / "net.py"),
        "-i",
        str(tmp_path / "x.npy"),
        "-W",
        str(FOLDER / "weights.pt"),
        "-o",
        str(page),
    )
    assert ran.status == 0
    chromium.get(page.as_uri())
    found = chromium.execute_script(RECOMPUTED)
    kinds = {kind for _, kind, _ in found}
    assert kinds >= {
        "convolution",
        "transposed",
        "linear",
        "pooling",
        "norm",
        "gathering",
        "product",
        "function",
        "view",
    }
    assert [name for name, kind, worst in found if worst > (1e-3 if kind == "norm" else 1e-5)] == []


@pytest.mark.slow
def test_the_page_is_clicked_through_down_to_a_product(chromium: Any, convcalc: Convcalc, tmp_path: Path) -> None:
    page = tmp_path / "net.html"
    convcalc(*SEVEN, "-o", str(page))
    chromium.get(page.as_uri())
    work = chromium.find_element("css selector", ".work")
    canvas = chromium.find_element("css selector", '[aria-label="conv2, map 3"]')
    canvas.click()
    assert "conv2[3," in work.text
    chromium.execute_script("go(4, flat(layers[4], [3, 1, 2]))")
    assert "conv2[3,1,2] = -11.5613" in work.text
    assert "-0.3904" in work.text
    chromium.find_element("css selector", '[title="max_pool2d[3,1,2]"]').click()
    assert "max_pool2d[3,1,2] = 21.835" in work.text
    chromium.find_element("css selector", '[title="relu[3,3,5]"]').click()
    chromium.find_element("css selector", '[title="conv1[3,3,5]"]').click()
    assert "conv1[3,3,5] = 21.835" in work.text
    assert "6.136" in work.text
    chromium.find_element("css selector", '[title="input[0,3,4]"]').click()
    assert "input[0,3,4] = 13" in work.text
    assert "It is given." in work.text
    body = chromium.find_element("css selector", "body")
    body.send_keys("\ue003")
    assert "conv1[3,3,5]" in work.text
    body.send_keys("\ue014")
    assert "conv1[3,3,6]" in work.text
    assert [entry for entry in chromium.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_a_page_without_numbers_holds_every_layers_counts(convcalc: Convcalc, tmp_path: Path) -> None:
    page = tmp_path / "net.html"
    assert convcalc("model", "resnet18", "-o", str(page)).status == 0
    text = page.read_text(encoding="utf-8")
    data = data_of(text)
    layers = {layer["name"]: layer for layer in data["layers"]}
    assert layers["layer2.0.conv1"]["counts"] == "73,728 parameters, 57,802,752 multiply-adds"
    assert "  parameters     128×(3×3×64) = 73,728" in layers["layer2.0.conv1"]["lines"]
    shortcut = [data["layers"][place]["name"] for place in layers["layer1.0.add"]["reads"]]
    assert shortcut == ["layer1.0.bn2", "maxpool"]
    assert "11,689,512, all trainable" in text
    assert convcalc("model", "resnet18", "--format", "html").stdout.strip() == text.strip()


@pytest.mark.slow
def test_layers_without_numbers_are_clicked(chromium: Any, convcalc: Convcalc, tmp_path: Path) -> None:
    page = tmp_path / "net.html"
    convcalc("model", "lenet5", "-o", str(page))
    chromium.get(page.as_uri())
    work = chromium.find_element("css selector", ".work")
    chromium.find_element("css selector", '[aria-label="conv2"]').click()
    assert "16×(5×5×6 + 1) = 2,416" in work.text
    chromium.find_element("css selector", "body").send_keys("\ue014")
    assert work.text.startswith("relu2")
    assert [entry for entry in chromium.get_log("browser") if entry["level"] == "SEVERE"] == []
