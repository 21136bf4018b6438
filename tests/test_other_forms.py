"""Networks in other forms: notebooks, what PyTorch prints; and recurrent layers, which are counted."""

import json
from pathlib import Path
from typing import Any

import pytest

from convcalc import model
from tests.conftest import Convcalc

NET = """import torch.nn as nn
class Net(nn.Module):
    def __init__(self, width=WIDTH):
        super().__init__()
        self.conv = nn.Conv2d(1, width, 3)
        self.fc = nn.Linear(width * 36, 10)
    def forward(self, x):
        return self.fc(self.conv(x).flatten(1))
"""
CELLS = [
    ("markdown", "# A network"),
    ("code", "%matplotlib inline\n!pip install torch\nfiles = !ls\nWIDTH = 4"),
    ("code", "%%bash\nls | head"),
    ("code", "this is no Python ("),
    ("code", "%%time\n" + NET),
    ("code", "net = Net()\nnet?\nfor epoch in range(3):\n    %time train(net)\n"),
]


def notebook(cells: list[tuple[str, str]], **how: Any) -> str:
    return json.dumps({"cells": [{"cell_type": kind, "source": text.splitlines(True)} for kind, text in cells], **how})


def test_a_notebook_is_read(convcalc: Convcalc, tmp_path: Path) -> None:
    path = tmp_path / "net.ipynb"
    path.write_text(notebook(CELLS), encoding="utf-8")
    ran = convcalc("model", str(path), "-i", "1x8x8")
    assert ran.status == 0, ran.stderr
    assert "1,490, all trainable" in ran.stdout
    assert "cell 4 is not Python, and is left out" in ran.stdout
    assert model(path, (1, 8, 8)).parameters == 1490
    sheets = {"worksheets": [{"cells": [{"cell_type": "code", "input": text} for _, text in CELLS[1:]]}]}
    path.write_text(json.dumps(sheets), encoding="utf-8")
    assert model(path, (1, 8, 8)).parameters == 1490


def test_a_fault_is_pointed_at_in_its_cell(convcalc: Convcalc, tmp_path: Path) -> None:
    path = tmp_path / "net.ipynb"
    path.write_text(notebook([CELLS[0], CELLS[1], ("code", NET.replace("36", "35"))]), encoding="utf-8")
    ran = convcalc("model", str(path), "-i", "1x8x8")
    assert f"{path}, cell 3:6:19: fc: Linear(140, 10) receives 144 features" in ran.stderr
    assert "hint: did you mean Linear(144, 10)?" in ran.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "this is no notebook"),
        ("not json", "this is no notebook"),
        ('{"cells": 3}', "this is no notebook"),
        (notebook([("markdown", "x")]), "the notebook has no code"),
        (notebook([("code", "x = (")]), "this is not Python"),
        (notebook([("code", "x = 1")]), "the file has no network"),
    ],
)
def test_what_is_no_notebook_of_a_network(convcalc: Convcalc, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "net.ipynb").write_text(text)
    ran = convcalc("model", str(tmp_path / "net.ipynb"), "-i", "1x8x8")
    assert (ran.status, message in ran.stderr) == (1, True)


PRINTED = """Net(
  (conv1): Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1), bias=False)
  (bn): BatchNorm2d(6, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
  (pool): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)
  (blocks): ModuleList(
    (0-1): 2 x Sequential(
      (0): Conv2d(6, 6, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
      (1): LeakyReLU(negative_slope=0.2, inplace=True)
    )
  )
  (drop): Dropout(p=0.5, inplace=False)
  (fc): Linear(in_features=864, out_features=10, bias=True)
)"""
COUNT = 6 * 25 + 12 + 2 * 6 * 55 + 10 * 865


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_what_pytorch_prints_is_counted(convcalc: Convcalc, tmp_path: Path, ending: str) -> None:
    path = tmp_path / "printed.txt"
    path.write_bytes(PRINTED.replace("\n", ending).encode())
    for ran in (
        convcalc("model", str(path), "-i", "1x28x28"),
        convcalc("model", PRINTED, "-i", "1x28x28"),
        convcalc("model", "-i", "1x28x28", stdin=PRINTED.encode()),
    ):
        assert ran.status == 0, ran.stderr
        assert f"{COUNT:,}, all trainable" in ran.stdout
        assert "blocks.1.0" in ran.stdout
        assert "print(model) does not say how forward joins the layers" in " ".join(ran.stdout.split())


def test_a_printed_sequential_is_whole(convcalc: Convcalc) -> None:
    printed = "Sequential(\n  (0): Linear(in_features=3, out_features=2, bias=True)\n  (1): ReLU()\n)"
    ran = convcalc("model", printed, "-i", "3")
    assert (ran.status, "does not say" in ran.stdout) == (0, False)
    ran = convcalc("model", printed, "-i", "4")
    assert (ran.status, "print(model):2:3: 0: Linear(3, 2) receives 4 features" in ran.stderr) == (1, True)


def test_what_does_not_fit_one_after_the_other_is_counted(convcalc: Convcalc) -> None:
    ran = convcalc("model", PRINTED, "-i", "1x32x32")
    assert f"{COUNT:,}, all trainable" in ran.stdout
    assert "from fc on they do not fit one after the other" in " ".join(ran.stdout.split())


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("  (a): Convx2d(1, 2)", "print(model):2:3: there is no layer 'Convx2d'"),
        ("  (a): Conv2d(1, x=)", "print(model):2:3: these settings cannot be read"),
        ("  (a): Conv2d(1, 2, kernel_sizes=3)", "did you mean kernel_size?"),
        ("  nothing like it", "this line is no layer as PyTorch prints it"),
        ("  (a): Conv2d(1, 2, kernel_size=__import__('os'))", "these settings cannot be read"),
    ],
)
def test_what_was_not_printed_so(convcalc: Convcalc, line: str, message: str) -> None:
    first = "  (z): ReLU()"
    ran = convcalc(
        "model", f"Net(\n{line}\n)" if line.startswith("  (") else f"Net(\n{first}\n{line}\n)", "-i", "1x8x8"
    )
    assert (ran.status, message in ran.stderr) == (1, True)


@pytest.mark.parametrize(
    ("layer", "shape", "parameters", "output"),
    [  # counted with PyTorch 2.13
        ("nn.LSTM(10, 20)", (5, 10), 2560, (5, 20)),
        ("nn.LSTM(10, 20, 3, bidirectional=True, batch_first=True)", (5, 10), 24960, (5, 40)),
        ("nn.GRU(10, 20, 2, bias=False)", (5, 10), 4200, (5, 20)),
        ("nn.RNN(10, 20, 2, 'relu')", (5, 10), 1480, (5, 20)),
        ("nn.Embedding(100, 8)", (7,), 800, (7, 8)),
        ("nn.MultiheadAttention(16, 4)", (6, 16), 1088, (6, 16)),
        ("nn.TransformerEncoderLayer(16, 4, 64)", (6, 16), 3280, (6, 16)),
        ("nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 4, 64), 3)", (6, 16), 9840, (6, 16)),
        ("nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 4, 64), 3, nn.LayerNorm(16))", (6, 16), 9872, (6, 16)),
    ],
)
def test_recurrent_layers_and_attention_are_counted(
    convcalc: Convcalc, tmp_path: Path, layer: str, shape: tuple[int, ...], parameters: int, output: tuple[int, ...]
) -> None:
    path = tmp_path / "net.py"
    body = f"class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.f = {layer}\n"
    call = "self.f(x, x, x)" if "Multihead" in layer else "self.f(x)"
    body += f"    def forward(self, x):\n        y = {call}\n        return y[0] if isinstance(y, tuple) else y\n"
    path.write_text(f"import torch.nn as nn\n{body}")
    found = model(path, shape)
    assert (found.parameters, found._summary.output[1:]) == (parameters, output)
    ran = convcalc("model", str(path), "-i", "x".join(map(str, shape)), "--weights", "random")
    assert ran.status in (1, 2)


BODY = "import torch\nimport torch.nn as nn\nclass Net(nn.Module):\n    def __init__(self):\n"
BODY += "        super().__init__()\n"


@pytest.mark.parametrize(
    ("init", "forward", "shape", "parameters", "multiply_adds", "output"),
    [
        ("self.l = nn.LSTM(10, 20, 2, batch_first=True); self.fc = nn.Linear(20, 3)",
         "out, (h, c) = self.l(x)\n        return self.fc(h[-1])", (5, 10), 5920 + 63, 5 * (80 * 30 + 80 * 40) + 60,
         (3,)),
        ("self.l = nn.GRU(10, 20, bidirectional=True, batch_first=True); self.fc = nn.Linear(40, 3)",
         "out, h = self.l(x, torch.zeros(2, 1, 20))\n        return self.fc(torch.cat((h[-2], h[-1]), dim=1))",
         (5, 10), 3840 + 123, 5 * 2 * 60 * 30 + 120, (3,)),
        ("self.l = nn.LSTM(10, 20); self.fc = nn.Linear(20, 3)",
         "x = x.permute(1, 0, 2)\n        out, _ = self.l(x)\n        return self.fc(out[-1])", (5, 10),
         2560 + 63, None, (3,)),
        ("self.fc = nn.Linear(12, 4)",  # windows of 2×2: 4 of them, each 12 numbers
         "x = x.view(1, 3, 2, 2, 2, 2).permute(0, 2, 4, 3, 5, 1).reshape(-1, 12)\n        return self.fc(x)",
         (3, 4, 4), 52,
         4 * 48, (4,)),
        ("pass", "return torch.einsum('bchw,bdhw->bcd', x, x)", (3, 4, 4), 0, 9 * 16, (3, 3)),
        ("pass", "return torch.einsum('bchw,bchw->bchw', x, x)", (3, 4, 4), 0, 0, (3, 4, 4)),
        ("pass", "y, places = nn.functional.max_pool2d(x, 2), None\n        return torch.clamp_(y, 0, 1)",
         (3, 4, 4), 0, 0,
         (3, 2, 2)),
        ("self.p = nn.MaxPool2d(2, return_indices=True)", "y, places = self.p(x)\n        return y", (3, 4, 4),
         0, 0, (3, 2, 2)),
        ("c = torch.stack(torch.meshgrid([torch.arange(3), torch.arange(4)]))\n        c = torch.flatten(c, 1)\n"
         "        d = c[:, :, None] - c[:, None, :]\n        self.register_buffer('i', d.permute(1, 2, 0).sum(-1))\n"
         "        self.t = nn.Parameter(torch.zeros(35, 2))",
         "b = self.t[self.i.view(-1)].view(12, 12, -1)\n"
         "        return x + b.permute(2, 0, 1).contiguous().unsqueeze(0)",
         (2, 12, 12), 70, 0, (2, 12, 12)),
    ],
)  # fmt: skip
def test_what_is_done_with_rows_and_states(
    tmp_path: Path, init: str, forward: str, shape: Any, parameters: int, multiply_adds: int | None, output: Any
) -> None:
    path = tmp_path / "net.py"
    path.write_text(f"{BODY}        {init}\n    def forward(self, x):\n        {forward}\n")
    found = model(path, shape)
    assert (found.parameters, found._summary.output[1:]) == (parameters, output)
    assert multiply_adds is None or found.multiply_adds == multiply_adds


def test_a_batch_that_is_mixed_with_other_axes_is_said(convcalc: Convcalc, tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    forward = "x = x.permute(0, 2, 3, 1).reshape(-1, 3)\n        return x"
    path.write_text(f"{BODY}        pass\n    def forward(self, x):\n        {forward}\n")
    ran = convcalc("model", str(path), "-i", "3x4x4")
    assert "from line 8 on the batch is mixed with other axes" in " ".join(ran.stdout.split())
    ran = convcalc("model", str(path), "-i", "1 2; 3 4", "--weights", "random")
    assert ran.status == 1
