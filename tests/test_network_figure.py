"""A network's architecture as a figure: what is drawn, that nothing lies on another, SVG and TikZ of it."""

import itertools
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from convcalc.network.summary import Summary, summarize
from convcalc.network.written import build
from convcalc.network.zoo import ZOO
from convcalc.render import figure
from convcalc.report.figure import Circle, Figure, Label, Line, Polygon
from convcalc.report.network_figure import FAMILIES, architecture
from tests.conftest import SAMPLES, Convcalc


def counted(name: str) -> Summary:
    return summarize(name, *ZOO[name].build())


def fronts(drawn: Figure) -> list[tuple[float, float, float, float]]:
    """Return where each block's front begins and ends, across and down."""
    return [
        (part.points[0][0], part.points[0][1], part.points[2][0], part.points[2][1])
        for part in drawn.parts
        if isinstance(part, Polygon) and part.side == "front"
    ]


def labels(drawn: Figure, role: str) -> list[str]:
    return [part.text for part in drawn.parts if isinstance(part, Label) and part.role == role]


def test_a_lenet() -> None:
    drawn = architecture(counted("lenet5"), "LeNet-5")
    assert labels(drawn, "name") == ["input", "conv1", "pool1", "conv2", "pool2", "fc1", "fc2", "fc3"]
    assert labels(drawn, "size") == [
        "1×32×32", "6×28×28", "6×14×14", "16×10×10", "16×5×5 → 400", "120", "84", "10",
    ]  # fmt: skip
    assert labels(drawn, "text")[:3] == ["Conv2d 5×5", "ReLU", "MaxPool2d 2×2"]
    families = [part.family for part in drawn.parts if isinstance(part, Polygon) and part.side == "front"]
    assert families == ["input", "convolution", "pooling", "convolution", "pooling", "linear", "linear", "linear"]
    assert len([part for part in drawn.parts if isinstance(part, Line)]) == 7
    heights = [bottom - top for _, top, _, bottom in fronts(drawn)[:5]]
    assert heights == sorted(heights, reverse=True)  # 32, 28, 14, 10 and 5 rows
    widths = [right - left for left, _, right, _ in fronts(drawn)]
    assert widths[3] > widths[1] > widths[0]  # 16, 6 and 1 channels


@pytest.mark.parametrize("name", ZOO)
@pytest.mark.parametrize("depth", [None, 1, 2])
def test_nothing_lies_on_another(name: str, depth: int | None) -> None:
    drawn = architecture(counted(name), name, depth)
    boxes = fronts(drawn)
    for one, other in itertools.combinations(boxes, 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] < other[1] or other[3] < one[1]
    texts = [part for part in drawn.parts if isinstance(part, Label)]
    for first, second in itertools.combinations(texts, 2):
        if abs(first.at[1] - second.at[1]) < 8:
            assert abs(first.at[0] - second.at[0]) >= 2.4 * (len(first.text) + len(second.text))
    points = [point for part in drawn.parts if isinstance(part, Polygon | Line) for point in part.points]
    points += [part.at for part in drawn.parts if isinstance(part, Label | Circle)]
    assert all(0 <= x <= drawn.width and 0 <= y <= drawn.height for x, y in points)
    if depth is None:
        assert 3 <= len(boxes) <= 25


def test_skips_go_over_blocks(tmp_path: Path, convcalc: Convcalc) -> None:
    source = tmp_path / "net.py"
    source.write_text(
        "import torch, torch.nn as nn\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.a = nn.Conv2d(1, 4, 3, padding=1)\n        self.b = nn.Conv2d(4, 4, 3, padding=1)\n"
        "        self.c = nn.Conv2d(8, 2, 1)\n    def forward(self, x):\n        x = self.a(x)\n"
        "        y = self.b(x) + x\n        return self.c(torch.cat([y, x], 1))\n"
    )
    picture = tmp_path / "net.svg"
    assert convcalc("model", str(source), "-i", "1x8x8", "-o", str(picture)).status == 0
    text = picture.read_text()
    assert text.count('class="line skip"') == 2  # to the sum, and to what is joined
    assert ">+</text>" in text


def test_a_part_that_is_the_same_several_times_stands_once() -> None:
    assert "BasicBlock ×2" in labels(architecture(counted("resnet18"), "ResNet-18"), "text")
    assert "layer1.0–1" in labels(architecture(counted("resnet18"), "ResNet-18"), "name")


def test_a_way_to_the_next_row_and_a_name_from_another() -> None:
    layers = ", ".join(["Conv2d(8, 3, padding=1)"] * 20)
    drawn = architecture(summarize("long", *build(layers, (1, 9, 9))), "long")
    assert len({round(part.at[1]) for part in drawn.parts if isinstance(part, Label) and part.role == "size"}) > 1
    assert [len(part.points) for part in drawn.parts if isinstance(part, Line)].count(6) >= 1


@pytest.mark.parametrize("name", ["lenet5", "resnet50", "densenet121", "convnext_tiny"])
def test_svg_is_well_formed_and_tikz_is_closed(name: str) -> None:
    drawn = architecture(counted(name), f"{name} <&>")
    root = ET.fromstring("\n".join(figure.svg(drawn)))
    assert root.tag.endswith("svg")
    assert (root.find("{*}title")).text == f"{name} <&>"  # type: ignore[union-attr]
    assert len(root.findall("{*}polygon")) == 3 * len(fronts(drawn))
    lines = list(figure.tikz(drawn))
    assert lines[0].startswith(r"\documentclass[tikz")
    assert lines[-1] == r"\end{document}"
    assert sum(line.startswith(r"\filldraw[fill=convcalc") for line in lines) == 3 * len(fronts(drawn))
    text = "".join(lines)
    assert text.count("{") == text.count("}")
    assert text.isascii()
    assert next(figure.tikz(drawn, fragment=True)).startswith("%")


def test_every_family_has_a_colour_and_every_part_is_drawn() -> None:
    assert {*FAMILIES.values(), "input", "part", "other"} == set(figure.COLOURS)
    assert set(figure.SVG) == set(figure.TIKZ) == {Polygon, Line, Circle, Label}


def test_the_suffix_draws_and_the_format_lists(convcalc: Convcalc, tmp_path: Path) -> None:
    net = str(SAMPLES / "digits" / "net.py")
    for name, begins in (("net.svg", "<svg"), ("net.tex", r"\documentclass[tikz")):
        path = tmp_path / name
        assert convcalc("model", net, "-i", "1x8x8", "-o", str(path)).status == 0
        assert path.read_text().startswith(begins)
    assert "tikz" not in convcalc("model", net, "-i", "1x8x8", "--format", "latex").stdout
    assert "polygon" not in convcalc("model", net, "-i", "1x8x8", "--format", "svg").stdout
    path = tmp_path / "fragment.tex"
    convcalc("model", net, "-i", "1x8x8", "-o", str(path), "--fragment")
    assert "documentclass" not in path.read_text()
    assert path.read_text().count("tikzpicture") == 2
