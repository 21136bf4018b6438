"""Python as people write networks in it: what PyTorch counts, or a refusal; never a guess.

The parameters were counted with PyTorch 2.13 by hand: sum(p.numel() for p in net.parameters()).
"""

import time
from pathlib import Path

import pytest

from tests.conftest import Convcalc

HEAD = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n"


def counted(convcalc: Convcalc, tmp_path: Path, source: str, shape: str = "3x8x8", *words: str) -> tuple[str, str]:
    path = tmp_path / "net.py"
    path.write_text(HEAD + source, encoding="utf-8")
    ran = convcalc("model", str(path), "-i", shape, *words)
    assert ran.status == 0, ran.stderr
    parameters = next(line for line in ran.stdout.splitlines() if line.startswith("parameters"))
    heading = " ".join(ran.stdout.partition("\n\n")[0].split())
    return parameters.split()[1].strip(","), heading.split("→ ")[-1]


def refused(convcalc: Convcalc, tmp_path: Path, source: str, *words: str) -> str:
    path = tmp_path / "net.py"
    path.write_text(HEAD + source, encoding="utf-8")
    ran = convcalc("model", str(path), "-i", "3x8x8", *words)
    assert ran.status in (1, 2)
    assert "hint:" in ran.stderr or "^" in ran.stderr
    return ran.stderr


CLASS = "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"


@pytest.mark.parametrize(
    ("body", "parameters", "output"),
    [
        # `type` of Python's own values, as configurations of VGG and SSD are read
        ("layers, c = [], 3\n        for v in [8, (4, 3), 'M']:\n"
         "            if type(v) == int:\n                layers.append(nn.Conv2d(c, v, 3, padding=1)); c = v\n"
         "            elif type(v) is tuple:\n                layers.append(nn.Conv2d(c, v[0], v[1])); c = v[0]\n"
         "            else:\n                layers.append(nn.MaxPool2d(2))\n        self.f = nn.Sequential(*layers)",
         "516", "4×3×3"),
        # copies are layers of their own
        ("import copy\n        one = nn.Conv2d(3, 3, 1)\n"
         "        self.f = nn.Sequential(*[copy.deepcopy(one) for _ in range(4)])", "48", "3×8×8"),
        # what Python's functions take by name
        ("a = sorted([3, 1, 2], reverse=True)\n        b = max([1, -5], key=abs) + sum([1, 2], 10) + max([], default=1)\n"
         "        self.f = nn.Conv2d(3, a[0] + b, 1)", "48", "12×8×8"),
        ("w = [8, 2, 4]\n        w.sort(key=lambda v: -v)\n        self.f = nn.Conv2d(3, w[0], 1)", "32", "8×8×8"),
        ("self.width = 4\n        self.f = nn.Conv2d(3, getattr(self, 'width', 9) if hasattr(self, 'forward') else 1, 1)",
         "16", "4×8×8"),
        ("norm = nn.BatchNorm2d\n        self.f = nn.Conv2d(3, 4, 1, bias=norm is not nn.BatchNorm2d)", "12", "4×8×8"),
        ("from collections.abc import Iterable\n        size = (3, 3)\n"
         "        self.f = nn.Conv2d(3, 4, size if isinstance(size, Iterable) else 1)", "112", "4×6×6"),
        ("self.f = nn.Conv2d(3, 4, 1)\n        k = isinstance(self.f, nn.modules.conv._ConvNd)\n"
         "        self.f = nn.Conv2d(3, 4, 3 if k else 1)", "112", "4×6×6"),
        ("self.f = nn.Conv2d(3, 4, 1)\n        self.criterion = nn.CrossEntropyLoss()\n"
         "        self.optimizer = torch.optim.Adam(self.parameters())", "16", "4×8×8"),
        ("try:\n            self.f = nn.Conv2d(3, 4, 1)\n        except ImportError:\n            pass", "16", "4×8×8"),
        ("self.c = nn.Conv2d(3, 4, 3)\n        with torch.no_grad():\n            n = self.c(torch.zeros(1, 3, 8, 8)).numel()\n"
         "        self.f = nn.Sequential(self.c, nn.Flatten(), nn.Linear(n, 2))", "402", "2"),
        ("from functools import reduce\n        import operator\n"
         "        self.f = nn.Conv2d(3, reduce(operator.mul, [2, 3], 1), 1)", "24", "6×8×8"),
        ("import itertools\n        self.f = nn.Sequential(*[nn.Conv2d(a, b, 1) for a, b in itertools.pairwise([3, 4, 5])])",
         "41", "5×8×8"),
    ],
)  # fmt: skip
def test_what_init_may_do(convcalc: Convcalc, tmp_path: Path, body: str, parameters: str, output: str) -> None:
    source = f"{CLASS}        {body}\n    def forward(self, x):\n        return self.f(x)\n"
    assert counted(convcalc, tmp_path, source) == (parameters, output)


BASES = """
class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Conv2d(3, self.width(), 1)
    def width(self): return 2
    def forward(self, x): return self.f(x)
class Left(Base):
    pass
class Right(Base):
    def width(self): return 7
class Net(Left, Right):
    pass
"""
TOGETHER = """
class Left(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 1)
class Right(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(3, 5, 1)
class Net(Left, Right):
    def __init__(self):
        super().__init__()
    def forward(self, x): return self.c(self.a(x))
"""
FIELDS = """
from dataclasses import dataclass, field
@dataclass
class Base:
    inputs: int = 3
    widths: list = field(default_factory=lambda: [4, 5])
@dataclass
class Cfg(Base):
    extra: int = 1
    def __post_init__(self): self.widths.append(self.extra)
class Net(nn.Module):
    def __init__(self, cfg=Cfg(3, [6], 2)):
        super().__init__()
        sizes = [cfg.inputs, *cfg.widths, *Cfg().widths]
        self.f = nn.Sequential(*[nn.Conv2d(a, b, 1) for a, b in zip(sizes, sizes[1:])])
    def forward(self, x): return self.f(x)
"""
TWICE = """
def twice(f):
    def wrapped(self, x): return f(self, f(self, x))
    return wrapped
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Conv2d(3, 3, 3)
    @twice
    def forward(self, x): return self.f(x)
"""
SWAPPED = """
def swap(model, n): model.f = nn.Conv2d(3, n, 1)
widths = [4, 9]
widths.reverse()
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Conv2d(3, widths[0], 1)
    def forward(self, x): return self.f(x)
net = Net()
swap(net, 5)
setattr(net, "g", nn.Conv2d(3, 1, 1))
"""
BUFFERS = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Conv2d(3, 3, 1)
        self.register_buffer("mean", torch.tensor([0.4, 0.5, 0.6]).view(1, 3, 1, 1))
    def forward(self, x): return self.f(x - self.mean)
"""
REDUCED = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Conv2d(3, 4, 1)
    def forward(self, x):
        x = self.f(x)
        low, _ = torch.max(x, dim=1, keepdim=True)
        return torch.cat([low, x.std(1, False, True), torch.norm(x, 2, 1, True), x.mean(1, keepdim=True)], 1)
"""
STARS = "from torch.nn import *\nclass Net(Module):\n    def __init__(self):\n        Module.__init__(self)\n" \
        "        self.f = Conv2d(3, 4, 1)\n    def forward(self, x): return self.f(x)\n"  # fmt: skip


@pytest.mark.parametrize(
    ("source", "parameters", "output"),
    [
        (BASES, "28", "7×8×8"),
        (TOGETHER, "32", "5×8×8"),
        (FIELDS, "81", "1×8×8"),
        (TWICE, "84", "3×4×4"),
        (SWAPPED, "24", "5×8×8"),
        (BUFFERS, "12", "3×8×8"),
        (REDUCED, "16", "4×8×8"),
        (STARS, "16", "4×8×8"),
        (TWICE + "softmax = nn.Softmax(1)\n", "84", "3×4×4"),
        (TWICE + "def main():\n    net = Net()\n    net.train()\n    for x in loader: net(x)\nmain()\n", "84", "3×4×4"),
    ],
    ids=["order of bases", "super() goes along it", "dataclasses", "decorators", "changes at the file's level", "buffers",
         "reductions", "stars", "a stray layer", "training around it"],
)  # fmt: skip
def test_what_a_file_may_do(convcalc: Convcalc, tmp_path: Path, source: str, parameters: str, output: str) -> None:
    assert counted(convcalc, tmp_path, source) == (parameters, output)


def test_buffers_are_counted_apart(convcalc: Convcalc, tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_text(HEAD + BUFFERS)
    shown = convcalc("model", str(path), "-i", "3x8x8").stdout
    assert "buffers         3, kept" in shown


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("class Net(nn.Module):\n    def __init__(self):\n        self.f = nn.Conv2d(3, 3, 1)\n"
         "    def forward(self, x): return self.f(x)\n", "before super().__init__() is called"),
        ("class Net(nn.Module):\n    def __init__(self):\n        super().__init__\n        self.f = nn.Conv2d(3, 3, 1)\n"
         "    def forward(self, x): return self.f(x)\n", "before super().__init__() is called"),
        (f"from cfg import DEPTH\n{CLASS}        self.f = nn.ReLU() if DEPTH == 50 else nn.Tanh()\n"
         "    def forward(self, x): return self.f(x)\n", "cfg.DEPTH, which comes from elsewhere"),
        (f"import cfg\n{CLASS}        self.f = nn.Conv2d(3, 3, 1, bias=cfg.BIAS)\n"
         "    def forward(self, x): return self.f(x)\n", "cfg.BIAS comes from elsewhere"),
        (f"import cfg\n{CLASS}        self.f = nn.ReLU()\n        if cfg.DEEP: self.g = nn.ReLU()\n"
         "    def forward(self, x): return self.f(x)\n", "cfg.DEEP, which comes from elsewhere"),
        (f"from other import Special\n{CLASS}        self.f = nn.ReLU() if isinstance(self, Special) else nn.Tanh()\n"
         "    def forward(self, x): return self.f(x)\n", "of the kind other.Special is not known"),
        (f"{CLASS}        self.f = nn.utils.weight_norm(nn.Conv2d(3, 3, 1), dim=1)\n"
         "    def forward(self, x): return self.f(x)\n", "along the first axis of a layer's weight only"),
        (f"{CLASS}        self.f = nn.ReLU()\n        a = list(zip([1], wrong=2))\n"
         "    def forward(self, x): return self.f(x)\n", "'wrong' is not followed"),
        (f"{CLASS}    def forward(self, x): return x\nnetG, netD = Net(), Net()\n", "several networks: netG, netD"),
        ("def build(): return nn.Linear(1, 1)\n", '--class "build()"'),
    ],
)  # fmt: skip
def test_what_is_not_known_is_refused(convcalc: Convcalc, tmp_path: Path, source: str, said: str) -> None:
    assert said in refused(convcalc, tmp_path, source)


INIT = f"{CLASS}        self.f = nn.Conv2d(3, 4, 3, bias=False)\n"
FORWARD = "    def forward(self, x): return self.f(x)\n"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (f"{INIT}        self.f.out_channels = 5\n{FORWARD}", "a layer's out_channels that is changed"),
        (f"{INIT}        setattr(self.f, 'groups', 3)\n{FORWARD}", "a layer's groups that is changed"),
        (f"{INIT}        self.forward = self.small\n    def small(self, x): return x\n{FORWARD}", "forward that is assigned"),
        (f"{INIT}    def __call__(self, x): return x\n{FORWARD}", "__call__ is not followed"),
        (f"{INIT}        self.register_forward_hook(lambda m, i, o: o)\n{FORWARD}", "has no 'register_forward_hook'"),
        (f"def f(m):\n    m.groups = 2\n{INIT}        self.apply(f)\n{FORWARD}", "a layer's groups that is changed"),
        (f"{INIT}    def forward(self, x):\n        x.unsqueeze_(1)\n        return self.f(x)\n", "unsqueeze_() changes"),
        (f"def deco(c): return c\n@deco\n{INIT}{FORWARD}", "class Net where it is defined"),
        (f"{INIT}    @property\n    def w(self): return 1\n    @w.setter\n    def w(self, v): pass\n{FORWARD}", "w.setter is not"),
        (f"{INIT}{FORWARD}net = Net()\nnet.f.pop(1)\n", "what this does to net is not followed"),
        (f"def a(m): b(m)\ndef b(m): m.f.in_channels = 2\n{INIT}{FORWARD}net = Net()\na(net)\n", "to net is not followed"),
        (f"{INIT}    def cut(self): self.f.in_channels = 2\n{FORWARD}net = Net()\nnet.cut()\n", "to net is not followed"),
    ],
)  # fmt: skip
def test_what_would_change_the_network_is_refused(convcalc: Convcalc, tmp_path: Path, source: str, said: str) -> None:
    assert said in refused(convcalc, tmp_path, source)


@pytest.mark.parametrize(
    ("source", "parameters", "output"),
    [
        (f"{INIT}    def forward(self, x): return F.max_pool2d(self.f(x), 3, 2, 0, 1, True)\n", "108", "4×3×3"),
        (f"{CLASS}        self.w = nn.Parameter(torch.FloatTensor(3, 4))\n        self.v = nn.Parameter(torch.randn(size=(2, 5)))\n"
         "        self.u = nn.Parameter(torch.tensor(range(5)))\n    def forward(self, x): return x\n", "27", "3×8×8"),
        (f"{INIT}        self.g = nn.Conv2d(4, 2, 1, bias=self.f.bias is not None)\n"
         "    def forward(self, x): return self.g(self.f(x))\n", "116", "2×6×6"),
        (f"def fill(m):\n    if isinstance(m, nn.Conv2d): m.weight.data.normal_(0, 1)\n{INIT}        self.apply(fill)\n{FORWARD}",
         "108", "4×6×6"),
        (f"import copy\n{INIT}        self.g = copy.copy(self.f)\n{FORWARD}", "108", "4×6×6"),
    ],
)  # fmt: skip
def test_what_looks_like_it_and_is_not(
    convcalc: Convcalc, tmp_path: Path, source: str, parameters: str, output: str
) -> None:
    assert counted(convcalc, tmp_path, source) == (parameters, output)


def test_bases_without_an_order_are_refused(convcalc: Convcalc, tmp_path: Path) -> None:
    source = "class A(nn.Module): pass\nclass B(A): pass\nclass Net(A, B): pass\n"
    assert "no order that suits" in refused(convcalc, tmp_path, source, "--class", "Net")


def test_what_others_do_to_the_network_is_said_to_be_unknown(convcalc: Convcalc, tmp_path: Path) -> None:
    source = (
        f"from other import prepare, log\n{CLASS}        self.f = nn.ReLU()\n        log('x')\n        prepare(self)\n"
    )
    path = tmp_path / "net.py"
    path.write_text(HEAD + source + "    def forward(self, x): return self.f(x)\n")
    shown = convcalc("model", str(path), "-i", "3x8x8").stdout
    assert "other.prepare() comes from elsewhere" in shown
    assert "other.log" not in shown


def test_the_files_own_freezing_is_said(convcalc: Convcalc, tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_text(HEAD + TWICE + "net = Net()\nfor p in net.parameters():\n    p.requires_grad = False\n")
    shown = convcalc("model", str(path), "-i", "3x8x8").stdout
    assert "84, trainable 0, frozen 84" in shown


@pytest.mark.slow
@pytest.mark.parametrize(
    "source",
    [
        "s = nn.ReLU()\nfor i in range(2000): s = nn.Sequential(s)\n",
        "class C0(nn.Module): pass\n" + "".join(f"class C{i}(C{i - 1}, C{i - 1}): pass\n" for i in range(1, 40)),
        "class A0(nn.Module): pass\nclass B0(nn.Module): pass\n"
        + "".join(f"class A{i}(A{i - 1}, B{i - 1}): pass\nclass B{i}(A{i - 1}, B{i - 1}): pass\n" for i in range(1, 40)),
        *(f"W = list(range(99999))\nfor i in range(60000): {what}\n{CLASS}        self.f = nn.ReLU()\n"
          for what in ("sum(W)", "list(W)", "sorted(W)", "W.insert(0, W.pop())", "x = 7 ** 30000", "x = 'a' * 99999")),
    ],
)  # fmt: skip
def test_hostile_files_are_refused_quickly(convcalc: Convcalc, tmp_path: Path, source: str) -> None:
    began = time.process_time()
    refused(convcalc, tmp_path, source)
    assert time.process_time() - began < 10


def test_lines_are_counted_as_python_counts_them(convcalc: Convcalc, tmp_path: Path) -> None:
    text = refused(convcalc, tmp_path, f"# a\fb\u2028c\x85d\n{CLASS}        self.f = nn.Conv2D(3, 3, 1)\n")
    assert "net.py:8:18" in text
    assert "    self.f = nn.Conv2D(3, 3, 1)" in text


def test_layers_of_odd_numbers(convcalc: Convcalc) -> None:
    for layers in ("Upsample(scale_factor=1e400)", "Upsample(1e-320)", "UpsamplingBilinear2d(1e400)", "Upsample(2.5)"):
        ran = convcalc("model", layers, "-i", "3x8x8")
        assert (ran.status, "cannot scale" in ran.stderr or "inf" in ran.stderr) == (1, True), (layers, ran.stderr)
    assert convcalc("model", "AdaptiveAvgPool1d(99999999999)", "-i", "4x199999999999").status in (0, 1)
