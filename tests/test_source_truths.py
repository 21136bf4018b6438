"""What a source file's network sees, trains and holds: the truths are PyTorch's own, by its gradients."""

import csv
from pathlib import Path

import pytest

from tests.conftest import ROOT, Convcalc

FIELDS = """
import torch, torch.nn as nn, torch.nn.functional as F
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.p = nn.Conv2d(1, 4, 1)
        self.a = nn.Conv2d(4, 4, 3, padding=1)
        self.b = nn.Conv2d(4, 4, 3, padding=1)
        self.w = nn.Conv2d(16, 4, 3, padding=1)
        self.d = nn.Conv2d(4, 4, 3, 2, 1)
        self.k2 = nn.Conv2d(4, 4, 2)
        self.up = nn.ConvTranspose2d(4, 4, 2, 2)
        self.gaps = nn.ConvTranspose2d(4, 4, 1, 2)
    def forward(self, x):
        x = self.p(x)
        n, c, h, w = x.shape
        BODY
"""


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("return self.b(self.a(x).view(n, 2, c // 2, h, w).transpose(1, 2).contiguous().view(n, c, h, w))", "5"),
        ("return self.b(self.a(x)[..., ::2, ::2])", "7"),
        ("return self.w(torch.cat((x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2], x[..., 1::2, 1::2]), 1))",
         "6"),
        ("return self.b(torch.stack([self.a(x), x], 1).sum(1))", "5"),
        ("return self.b(torch.stack([self.a(x), self.b(self.a(x))], dim=2).mean(dim=2))", "7"),
        ("return self.k2(F.interpolate(F.max_pool2d(x, 2), scale_factor=2))", "4"),
        ("return self.k2(F.interpolate(F.avg_pool2d(x, 2), scale_factor=2))", "4"),
        ("return self.k2(F.interpolate(x, scale_factor=2))", "2"),
        ("return self.a(F.interpolate(self.a(self.d(x)), scale_factor=2, mode='bilinear'))", "11"),
        ("return self.a(F.interpolate(self.a(self.d(x)), scale_factor=2, mode='bicubic'))", "15"),
        ("return self.k2(self.up(self.a(self.d(x))))", "9"),
        ("return self.k2(self.gaps(self.a(self.d(x))))", "7"),
        ("return self.b(self.a(x).unflatten(1, (2, 2)).flatten(1, 2))", "5"),
        ("return self.b(self.a(x).unsqueeze(1).squeeze(1))", "5"),
        ("e = self.a(x); return self.b(F.interpolate(self.a(F.avg_pool2d(e, 2)), scale_factor=2) + e)", "10"),
        ("a, b = self.a(x).chunk(2, 2); return self.b(torch.cat([a, b], 2))", "5"),
        ("a, b = self.a(x).chunk(2, 2); return a + b", "19×3"),
        ("return self.b(self.a(x)[:, :1].expand(-1, 4, -1, -1))", "5"),
        ("return self.b(self.a(x)[:, :, 1:-1, 1:-1])", "5"),
        ("return x[:, :, 1:] + x[:, :, :-1]", "2×1"),
    ],
)  # fmt: skip
def test_the_receptive_field_is_what_gradients_reach(convcalc: Convcalc, tmp_path: Path, body: str, field: str) -> None:
    source = tmp_path / "net.py"
    source.write_text(FIELDS.replace("BODY", body.replace("; ", "\n        ")))
    ran = convcalc("model", str(source), "-i", "1x32x32", "--format", "csv")
    assert ran.status == 0, ran.stderr
    seen = [row["receptive field"] for row in csv.DictReader(ran.stdout.splitlines())]
    assert [one for one in seen if one][-1] == field  # layers that are not used have none


FREEZING = """
import torch, torch.nn as nn
class Net(nn.Module):
    def __init__(self, tune=False):
        super().__init__()
        self.c = nn.Conv2d(1, 6, 5)
        self.n = nn.BatchNorm2d(6)
        self.f = nn.Linear(6, 10)
        self.w = nn.Parameter(torch.zeros(10)GIVEN)
        WITHIN
    def forward(self, x):
        return self.f(self.n(self.c(x)).mean((2, 3))) + self.w
model = Net()
AFTER
"""


@pytest.mark.parametrize(
    ("given", "within", "after", "trainable"),
    [
        (", False", "pass", "", 238),
        (", requires_grad=False", "pass", "", 238),
        ("", "for p in self.c.parameters(): p.requires_grad = tune", "", 92),
        ("", "self.n.requires_grad_(False)", "", 236),
        ("", "self.f.bias.requires_grad = False", "", 238),
        ("", "self.f.weight.requires_grad_(False)", "", 188),
        ("", "pass", "for p in model.parameters(): p.requires_grad = False", 0),
        ("", "pass", "for p in model.parameters(): p.requires_grad = False\n"
                     "for p in model.f.parameters(): p.requires_grad = True", 70),
        ("", "pass", "for n, p in model.named_parameters():\n    if 'bias' in n: p.requires_grad = False", 226),
        ("", "pass", "def freeze(m, extracting):\n    if extracting:\n        for p in m.parameters():\n"
                     "            p.requires_grad = False\nfreeze(model, True)", 0),
        ("", "pass", "for k in list(model.children())[:2]:\n    for p in k.parameters(): p.requires_grad = False", 80),
        ("", "pass", "model.requires_grad_(False)\nmodel.f = nn.Linear(6, 10)", 70),
        ("", "pass", "model.requires_grad = False\nmodel.c.requires_grad = False", 248),  # does nothing
        ("", "pass", "for m in model.modules():\n    if isinstance(m, nn.Conv2d): m.requires_grad_(False)", 92),
        ("", "pass", "for p in list(model.parameters())[:-1]: p.requires_grad_(False)", 10),
        ("", "pass", "import copy\nmodel.c.requires_grad_(False)\nmodel = copy.deepcopy(model)", 92),
        ("", "pass", "def fz(m):\n    if isinstance(m, nn.BatchNorm2d): m.weight.requires_grad = False\n"
                     "model.apply(fz)", 242),
        ("", "pass\n    def fz(self):\n        for p in self.c.parameters(): p.requires_grad = False",
         "model.fz()", 92),
        ("", "self.x = 'requires_grad = False'  # requires_grad = False", "", 248),
        ("", "pass", "class Other:\n    '''p.requires_grad = False'''\n    def f(self): self.p.requires_grad = False",
         248),
    ],
)  # fmt: skip
def test_what_a_file_freezes_is_what_runs(
    convcalc: Convcalc, tmp_path: Path, given: str, within: str, after: str, trainable: int
) -> None:
    source = tmp_path / "net.py"
    source.write_text(FREEZING.replace("GIVEN", given).replace("WITHIN", within).replace("AFTER", after))
    ran = convcalc("model", str(source), "-i", "1x12x12")
    said = "all trainable" if trainable == 248 else f"trainable {trainable}, frozen {248 - trainable}"
    assert f"248, {said}" in ran.stdout, ran.stderr
    assert f'"frozen": {248 - trainable}' in convcalc("model", str(source), "-i", "1x12x12", "--format", "json").stdout
    rows = csv.DictReader(convcalc("model", str(source), "-i", "1x12x12", "--format", "csv").stdout.splitlines())
    assert sum(int(row["trainable"]) for row in rows) == trainable


def test_what_freezes_and_cannot_be_followed_is_named_in_every_format(convcalc: Convcalc, tmp_path: Path) -> None:
    source = tmp_path / "net.py"
    after = "if __name__ == '__main__':\n    for p in model.parameters(): p.requires_grad = False"
    source.write_text(FREEZING.replace("GIVEN", "").replace("WITHIN", "pass").replace("AFTER", after))
    for style in ("plain", "json"):
        ran = convcalc("model", str(source), "-i", "1x12x12", "--format", style)
        assert "what line 14 on freezes, as the main program, is not followed" in " ".join(ran.stdout.split())


def test_layers_in_a_plain_list_are_not_the_networks(convcalc: Convcalc, tmp_path: Path) -> None:
    source = tmp_path / "net.py"
    source.write_text(
        "import torch.nn as nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.hidden = [nn.Linear(10, 10) for _ in range(3)]\n"
        "        self.last = nn.Linear(10, 2)\n"
        "    def forward(self, x):\n"
        "        for layer in self.hidden: x = layer(x)\n"
        "        return self.last(x)\n"
    )
    ran = convcalc("model", str(source), "-i", "10")
    shown = " ".join(ran.stdout.split())
    assert "22, all trainable" in shown
    assert "330 parameters of layers in a plain list" in shown
    assert "multiply-adds 320" in shown


@pytest.mark.parametrize(
    ("network", "shape", "shown"),
    [
        ("Conv2d(32, 7, stride=2)", "63x63x16", "input 16×63×63 (read from 63×63×16: height × width × channels)"),
        ("Conv2d(32, 7, stride=2)", "63x63x16", "25,120"),
        ("Conv2d(6,5)", "32x32x1", "→ 6×28×28"),
        ("Conv2d(64,6,3)", "64x64x16", "→ 6×62×14"),  # it says that it reads 64 channels
        ("Conv2d(3,6,3)", "480x640x3", "input 3×480×640 (read from"),
        ("Conv1d(3,6,5)", "100x3", "input 3×100 (read from 100×3: length × channels)"),
        ("MaxPool2d(2)", "32x32x3", "→ 3×16×16"),
        ("Conv2d(16,6,3)", "16x10x8", "input 16×10×8 →"),
        ("Conv2d(6,3)", "3x3x3", "input 3×3×3 →"),
        ("Conv2d(6,3)", "1x28x28", "input 1×28×28 →"),
        ("resnet18", "224x224x3", "input 3×224×224 (read from"),
    ],
)
def test_channels_that_come_last_are_seen_and_said(convcalc: Convcalc, network: str, shape: str, shown: str) -> None:
    ran = convcalc("model", network, "-i", shape)
    assert ran.status == 0, ran.stderr
    assert shown in " ".join(ran.stdout.split())


def test_a_kernel_too_large_is_refused_for_the_size_that_was_meant(convcalc: Convcalc) -> None:
    assert "use a kernel of at most 32" in convcalc("model", "Conv2d(6,50)", "-i", "32x32x1").stderr


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "tests" / "sources").glob("*.py")))
def test_any_output_can_be_traced_back(convcalc: Convcalc, name: str) -> None:
    for shape, at in (("3x64x64", "0,0"), ("1x28x28", "0,0"), ("3x64x64", "0"), ("16", "0")):
        ran = convcalc("model", f"tests/sources/{name}", "-i", shape, "--trace", at)
        assert ran.status in (0, 1, 2)
        assert ran.status or ran.stdout.startswith("trace ·") or "# trace ·" in ran.stdout


FACTORY = """
import torch, torch.nn as nn
class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.c = nn.Conv2d(channels, channels, 3)
    def forward(self, x):
        return self.c(x)
class ResNet(nn.Module):
    def __init__(self, block, number):
        super().__init__()
        self.parts = nn.Sequential(*[block(3) for _ in range(number)])
    def forward(self, x):
        return self.parts(x)
def ResNet18():
    return ResNet(Block, 2)
def ResNet34():
    return ResNet(Block, 4)
def test():
    return ResNet18()(torch.randn(1, 3, 8, 8)).size()
"""


@pytest.mark.parametrize(
    ("given", "status", "shown"),
    [
        ((), 2, "pick one: --class ResNet18"),
        (("--class", "ResNet"), 2, "the file makes one itself: --class ResNet18"),
        (("--class", "ResNet18"), 0, "→ 3×8×8"),
        (("--class", "ResNet34()"), 0, "→ 3×4×4"),
        (("--class", "test"), 2, "is no network"),
    ],
)
def test_a_function_that_makes_the_network_is_offered_by_name(
    convcalc: Convcalc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: tuple[str, ...], status: int, shown: str
) -> None:
    monkeypatch.chdir(tmp_path)  # a long path would wrap the heading
    Path("nets.py").write_text(FACTORY)
    ran = convcalc("model", "nets.py", "-i", "3x12x12", *given)
    assert (ran.status, shown in ran.stdout + ran.stderr) == (status, True), ran


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [
        ("net.pt", "PK", "a network's saved numbers, without its source"),
        ("net.onnx", "\0", "net.onnx"),
        ("printed.py", "Net(\n  (conv1): Conv2d(1, 6, kernels=(5, 5))\n)\n", "print(model):2:3: Conv2d has no setting"),
        ("keras.py", "from tensorflow import keras\nm = keras.Sequential()\n", "sequential has no layers"),
        ("two.py", "import torch.nn as nn\nclass Net(nn.Module):\n    def forward(self, x, x2):\n        return x\n",
         "two.py:3:5: forward() needs 'x2'"),
        ("float.py", "import torch, torch.nn as nn\nclass Net(nn.Module):\n    def forward(self, x):\n"
                     "        return torch.addmm(x)\n", "torch.addmm is not followed"),
    ],
)  # fmt: skip
def test_what_is_no_source_of_a_network_is_named(
    convcalc: Convcalc, tmp_path: Path, name: str, text: str, shown: str
) -> None:
    (tmp_path / name).write_text(text)
    ran = convcalc("model", str(tmp_path / name), "-i", "1x28x28")
    assert ran.status in (1, 2)
    assert shown in ran.stderr


def test_a_printed_network_and_a_folder_are_named(convcalc: Convcalc, tmp_path: Path) -> None:
    printed = "Net(\n" + "".join(f"  (conv{i}): Conv2d(1, 6, kernel_size=(5, 5))\n" for i in range(200)) + ")"
    assert "31,200, all trainable" in convcalc("model", printed, "-i", "1x28x28").stdout
    (tmp_path / "net.py").write_text("")
    (tmp_path / "other.py").write_text("")
    assert f"hint: name a file of it, as {tmp_path}/net.py" in convcalc("model", str(tmp_path), "-i", "1").stderr


def test_a_line_outside_the_network_poisons_no_library(convcalc: Convcalc, tmp_path: Path) -> None:
    source = tmp_path / "net.py"
    source.write_text(
        "import torch, torch.nn as nn, argparse\n"
        "args = argparse.ArgumentParser().parse_args()\n"
        "torch.backends.cudnn.benchmark = args.fast\n"
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.c = nn.Conv2d(1, 2, 3)\n    def forward(self, x):\n        return torch.relu(self.c(x))\n"
    )
    assert "→ 2×4×4" in " ".join(convcalc("model", str(source), "-i", "1x6x6").stdout.split())


def test_no_network_and_no_script_is_written_over(convcalc: Convcalc, tmp_path: Path) -> None:
    source = tmp_path / "net.txt"
    text = "import torch.nn as nn\nnet = nn.Sequential(nn.Conv2d(1, 2, 3))\n"
    source.write_text(text)
    (tmp_path / "link.txt").symlink_to(source)
    for name in ("net.txt", "link.txt", "../" + tmp_path.name + "/net.txt"):
        ran = convcalc("model", str(source), "-i", "1x6x6", "-o", str(tmp_path / name))
        assert (ran.status, source.read_text()) == (2, text)
    script = tmp_path / "a.convcalc"
    script.write_text(f"input 1 -2\nrelu -o {script}\n")
    ran = convcalc("run", str(script))
    assert (ran.status, script.read_text()[:5]) == (2, "input")
    assert "is the script itself" in ran.stderr
