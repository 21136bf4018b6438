"""Networks of several files, of folders, of torchvision, and what repositories write around them."""

from pathlib import Path

import pytest

from convcalc import model
from convcalc.errors import ConvcalcError
from convcalc.network.source.torchvision import CLASSES
from convcalc.network.zoo import ZOO
from tests.conftest import Convcalc

NET = """
import torch.nn as nn
from .blocks import *
from .blocks import Block as Renamed
from utils.constants import WIDTH
import config
import utils.constants as constants
class Net(nn.Module):
    def __init__(self, classes=config.CLASSES):
        super().__init__()
        self.a, self.b = Block(3, WIDTH), Renamed(WIDTH, constants.DEEP)
        self.fc = nn.Linear(constants.DEEP, classes)
    def forward(self, x):
        return self.fc(self.b(self.a(x)).mean((2, 3)))
"""
BLOCKS = """
import torch.nn as nn
__all__ = ["Block"]
class Block(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.conv = nn.Conv2d(i, o, 3, padding=1)
    def forward(self, x):
        return self.conv(x).relu()
class Hidden:
    pass
"""
COUNT = 8 * (27 + 1) + 5 * (8 * 9 + 1) + 7 * (5 + 1)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository: a package of models, one of constants, a configuration, a script that trains."""
    root = tmp_path / "repo"
    for name, text in {
        "models/__init__.py": "from .net import Net\n", "models/net.py": NET, "models/blocks.py": BLOCKS,
        "utils/constants.py": "WIDTH, DEEP = 8, 5\n", "config.py": "CLASSES = 7\n",
        "train.py": "from models import Net\nimport models.net\nnet = Net()\nif __name__ == '__main__':\n"
        "    train(net)\n",
    }.items():  # fmt: skip
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.mark.parametrize(
    "words",
    [[""], ["", "--class", "Net"], ["", "--class", "models.net.Net(7)"], ["", "--class", "models.net"],
     ["train.py"], ["train.py", "--class", "net"], ["train.py", "--class", "models.net.Net(classes=7)"]],
)  # fmt: skip
def test_a_repository_is_read_by_every_door(convcalc: Convcalc, repository: Path, words: list[str]) -> None:
    ran = convcalc("model", str(repository / words[0]), *words[1:], "-i", "3x8x8")
    assert ran.status == 0, ran.stderr
    assert f"{COUNT:,}, all trainable" in ran.stdout
    if words == [""]:
        assert model(repository, (3, 8, 8)).parameters == COUNT


def test_what_lies_outside_is_not_opened_and_the_line_that_would_is_printed(
    convcalc: Convcalc, repository: Path
) -> None:
    ran = convcalc("model", str(repository / "models" / "net.py"), "-i", "3x8x8")
    assert ran.status == 1
    hint = f"it comes from utils/constants.py; name the folder that holds both: convcalc model {repository}"
    assert f"hint: {hint} --class models.net\n" in ran.stderr
    words = ran.stderr.rpartition("convcalc model ")[2].split()
    assert convcalc("model", *words, "-i", "3x8x8").status == 0


def test_a_fault_in_another_file_is_pointed_at_there(convcalc: Convcalc, repository: Path) -> None:
    (repository / "models" / "blocks.py").write_text(BLOCKS.replace("padding", "paddin"))
    ran = convcalc("model", str(repository), "-i", "3x8x8")
    assert "models/blocks.py:7:21: Conv2d has no setting 'paddin'" in ran.stderr
    (repository / "models" / "blocks.py").write_text(BLOCKS.replace("i, o, 3", "i + 1, o, 3"))
    ran = convcalc("model", str(repository), "-i", "3x8x8")
    assert "blocks.py:7:21: a.conv: Conv2d(4, 8, 3, …) receives 3 channels: 3×8×8 (used in line 9 of" in ran.stderr


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("models/net.py", "import Block as", "import Blok as"), "hint: did you mean Block?"),
        (("models/net.py", "Renamed(WIDTH", "Hidden(WIDTH"), "the name 'Hidden' stands for nothing here"),
        (("utils/constants.py", "8, 5", "f(), 5"), "'WIDTH' could not be followed"),
        (("utils/constants.py", "WIDTH, DEEP = 8, 5", "WIDTH = (8"), "this is not Python"),
        (("models/blocks.py", "import torch.nn as nn", "import torch.nn as"), "this is not Python"),
    ],
)
def test_a_broken_import_is_named(
    convcalc: Convcalc, repository: Path, change: tuple[str, str, str], message: str
) -> None:
    path, old, new = change
    file = repository / path
    file.write_text(file.read_text().replace(old, new))
    ran = convcalc("model", str(repository), "--class", "models.net", "-i", "3x8x8")
    assert ran.status == 1
    assert message in ran.stderr


def test_files_may_import_each_other(convcalc: Convcalc, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import b\nimport torch.nn as nn\nN = 3\nnet = nn.Linear(2, b.twice())\n")
    (tmp_path / "b.py").write_text("import a\ndef twice():\n    return 2 * a.N\n")
    assert "18, all trainable" in convcalc("model", str(tmp_path / "a.py"), "-i", "2").stdout


def test_links_do_not_lead_out_of_the_folder(convcalc: Convcalc, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "secret.py").write_text("N = 3\n")
    (inner / "away.py").symlink_to(tmp_path / "secret.py")
    (inner / "net.py").write_text("import torch.nn as nn\nfrom away import N\nnet = nn.Linear(2, N)\n")
    ran = convcalc("model", str(inner / "net.py"), "-i", "2")
    assert ran.status == 1
    assert "away.N comes from elsewhere" in ran.stderr


def test_a_folder_lists_its_networks(convcalc: Convcalc, repository: Path) -> None:
    (repository / "other.py").write_text("import torch\nclass Other(torch.nn.Module):\n    pass\n")
    ran = convcalc("model", str(repository), "-i", "3x8x8")
    assert (ran.status, "has several networks: other.Other, models.net.Net" in ran.stderr) == (2, True)
    assert f"convcalc model {repository} --class models.net.Net" in ran.stderr
    (repository / "other.py").write_text("import torch\nclass Net(torch.nn.Module):\n    pass\n")
    ran = convcalc("model", str(repository), "--class", "Net", "-i", "3x8x8")
    assert (ran.status, "has several 'Net': other.Net, models.net.Net" in ran.stderr) == (2, True)
    ran = convcalc("model", str(repository), "--class", "Nett", "-i", "3x8x8")
    assert (ran.status, "did you mean" in ran.stderr) == (2, True)


HEAD = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\nimport torchvision\n"


@pytest.mark.parametrize(
    ("body", "shape", "parameters", "trainable", "output"),
    [
        # counted with PyTorch 2.13 and torchvision
        ("net = torchvision.models.resnet18(num_classes=10)", (3, 64, 64), 11_181_642, 11_181_642, (10,)),
        ("net = torchvision.models.resnet18(pretrained=True)\nfor p in net.parameters():\n"
         "    p.requires_grad = False\n"
         "net.fc = nn.Linear(net.fc.in_features, 2)", (3, 64, 64), 11_177_538, 1_026, (2,)),
        ("net = torchvision.models.vgg16(weights=torchvision.models.VGG16_Weights.DEFAULT)\n"
         "net.classifier[6] = nn.Linear(4096, 3)", (3, 64, 64), 134_272_835, 134_272_835, (3,)),
        ("r = torchvision.models.resnet50()\nnet = nn.Sequential(*list(r.children())[:-2])", (3, 64, 64),
         23_508_032, 23_508_032, (2048, 2, 2)),
        ("net = torchvision.models.densenet121(False)\nnet.classifier = nn.Identity()", (3, 64, 64),
         6_953_856, 6_953_856, (1024,)),
        ("net = torchvision.models.inception_v3(pretrained=True)", (3, 299, 299), 27_161_264, 27_161_264, (1000,)),
        ("net = torchvision.models.inception_v3(aux_logits=False)", (3, 299, 299), 23_834_568, 23_834_568, (1000,)),
        ("net = torchvision.models.googlenet()", (3, 224, 224), 13_004_888, 13_004_888, (1000,)),
        ("from torchvision.models.resnet import ResNet, BasicBlock\nnet = ResNet(BasicBlock, [2, 2, 2, 2], 5)",
         (3, 64, 64), 11_179_077, 11_179_077, (5,)),
        ("net = torch.hub.load('pytorch/vision:v0.10.0', 'resnet18', pretrained=True)\nnet.maxpool = nn.Identity()",
         (3, 64, 64), 11_689_512, 11_689_512, (1000,)),
        ("net = getattr(torchvision.models, 'squeezenet1_1')(num_classes=4)", (3, 64, 64), 724_548, 724_548, (4,)),
    ],
)  # fmt: skip
def test_torchvisions_networks_are_modules(
    tmp_path: Path, body: str, shape: tuple[int, ...], parameters: int, trainable: int, output: object
) -> None:
    path = tmp_path / "net.py"
    path.write_text(HEAD + body)
    found = model(path, shape)
    assert found.parameters == parameters
    assert found._summary.trainable == trainable
    assert found._summary.output[1:] == output


@pytest.mark.parametrize("name", [name for name, entry in ZOO.items() if entry.builder in CLASSES and "-" not in name])
def test_every_network_of_the_zoo_that_torchvision_has_is_one_in_a_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / "net.py"
    with_aux = ", aux_logits=False" if name in ("googlenet", "inception_v3") else ""
    path.write_text(f"import torchvision.models as models\nnet = models.{name}(weights=None{with_aux})\n")
    of_file, of_zoo = model(path, ZOO[name].input), model(name)
    assert (of_file.parameters, of_file.multiply_adds) == (of_zoo.parameters, of_zoo.multiply_adds)
    smaller = (3, 96, 96) if name != "inception_v3" else (3, 139, 139)
    assert model(path, smaller).multiply_adds == model(name, smaller).multiply_adds
    ours, theirs = of_file._summary, of_zoo._summary
    assert [node.output for node in ours.nodes if node.weights.value] == [
        node.output for node in theirs.nodes if node.weights.value
    ]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "net = torchvision.models.resnet18(norm_layer=nn.Identity)",
            "resnet18's setting 'norm_layer' is not followed",
        ),
        ("net = torchvision.models.resnet9()", "torchvision.models.resnet9 is not among the networks"),
        ("net = torchvision.models.resnet18()\ndel net.fc", "the network's fc was taken away"),
        ("net = torch.hub.load('someone/else', 'net')", "someone/else net is not known here"),
        ("net = torchvision.models.resnet18(num_classes='ten')", "num_classes must be a whole number"),
    ],
)
def test_what_is_not_known_of_torchvision_is_refused(tmp_path: Path, body: str, message: str) -> None:
    (tmp_path / "net.py").write_text(HEAD + body)
    with pytest.raises(ConvcalcError, match=message.replace("(", r"\(")):
        model(tmp_path / "net.py", (3, 64, 64))


ARGUMENTS = """
import argparse
import torch.nn as nn
def settings():
    parser = argparse.ArgumentParser()
    group = parser.add_argument_group("network")
    group.add_argument("-w", "--hidden-width", type=int, default="12")
    group.add_argument("--bias", action="store_true")
    group.add_argument("--names", nargs="+", default=["a", "b"])
    parser.add_argument("--data", required=True)
    parser.set_defaults(deep=3)
    return parser.parse_args()
args = settings()
args.classes = 4
class Net(nn.Module):
    def __init__(self, args):
        super().__init__()
        options = vars(args)
        self.a = nn.Linear(5, args.hidden_width, bias=args.bias)
        self.b = nn.Linear(options["hidden_width"], args.classes * args.deep)
    def forward(self, x):
        return self.b(self.a(x))
"""


def test_arguments_are_their_defaults_and_that_is_said(convcalc: Convcalc, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(f"{ARGUMENTS}net = Net(args)\n")
    ran = convcalc("model", str(tmp_path / "net.py"), "-i", "5")
    assert f"{12 * 5 + 12 * 13}, all trainable" in ran.stdout
    assert "--hidden-width is taken as its default: 12" in ran.stdout
    assert "--bias is taken as its default: False" in ran.stdout
    assert "--classes" not in ran.stdout
    (tmp_path / "net.py").write_text(f"{ARGUMENTS}net = Net(args)\nprint(args.data)\nwidth = nn.Linear(args.data, 1)\n")
    ran = convcalc("model", str(tmp_path / "net.py"), "--class", "width", "-i", "5")
    assert "--data has no default, and is not given here" in ran.stderr


BODY = "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"


def counted(
    tmp_path: Path, source: str, shape: object = (3, 8, 8), class_name: str | None = None
) -> tuple[int, object]:
    path = tmp_path / "net.py"
    path.write_text(f"{HEAD}{source}")
    found = model(path, shape)
    return found.parameters, found._summary.output[1:]


@pytest.mark.parametrize(
    ("init", "forward", "parameters", "output"),
    [
        # each counted with PyTorch 2.13
        ("self.f = nn.utils.weight_norm(nn.Conv2d(3, 4, 3))", "self.f(x)", 112 + 4, (4, 6, 6)),
        ("self.f = torch.nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 4, 3))", "self.f(x)", 116, (4, 6, 6)),
        ("self.f = nn.utils.remove_weight_norm(nn.utils.weight_norm(nn.Conv2d(3, 4, 3)))", "self.f(x)", 112,
         (4, 6, 6)),
        ("self.f = nn.utils.spectral_norm(nn.Conv2d(3, 4, 3))", "self.f(x)", 112, (4, 6, 6)),
        ("self.w = nn.Parameter(torch.randn(4, 3, 3, 3))", "F.conv2d(x, self.w * 2, padding=1)", 108, (4, 8, 8)),
        ("self.w = nn.Parameter(torch.randn(3, 4, 2, 2))", "F.conv_transpose2d(x, self.w, stride=2)", 48,
         (4, 16, 16)),
        ("self.w = nn.Parameter(torch.randn(5, 192))", "F.linear(x.flatten(1), self.w)", 960, (5,)),
        ("self.f = nn.Conv2d(3, 4, 3)", "F.conv2d(x, self.f.weight, self.f.bias)", 112, (4, 6, 6)),
        ("self.f = nn.Conv2d(3, 4, 3)", "F.conv2d(x, self.f.weight, self.f.bias, stride=2)", 112, (4, 3, 3)),
        ("self.f = nn.Conv2d(3, 4, 3)", "F.conv2d(x, self.f.weight - self.f.weight.mean((1, 2, 3), keepdim=True))",
         112, (4, 6, 6)),
        ("self.f = nn.Linear(8, 8)", "F.linear(self.f(x), self.f.weight.t())", 72, (3, 8, 8)),
        ("self.f = nn.Conv2d(3, 4, 3)\n        self.f.stride, self.f.padding = (2, 2), (1, 1)", "self.f(x)", 112,
         (4, 4, 4)),
        ("self.f = nn.Conv2d(3, 4, 3)\n        self.f.mark = 7\n        self.g = nn.Conv2d(4, self.f.mark, 1)",
         "self.g(self.f(x))", 112 + 35, (7, 6, 6)),
        ("a = torch.linspace(0, 0.3, 3)\n"
         "        self.f = nn.ModuleList(nn.Conv2d(3, 3 + (r.item() > 0.1) * 0, 1) for r in a)",
         "self.f[2](x)", 36, (3, 8, 8)),
        ("import numpy as np\n        self.f = nn.Conv2d(3, int(np.ceil(3 / 2)), 1)", "self.f(x)", 8, (2, 8, 8)),
        ("import numpy as np\n        a = np.array([1., 2., 1.])\n        w = torch.Tensor(a[:, None] * a[None, :])\n"
         "        w = w / torch.sum(w)\n        self.register_buffer('w', w[None, None].repeat(3, 1, 1, 1))",
         "F.conv2d(x, self.w, groups=3)", 0, (3, 6, 6)),
        ("self.f = nn.Sequential()\n        for i in range(2):\n"
         "            self.f.add_module('%s%d' % ('c', i), nn.Conv2d(3, 3, 1))\n"
         "        self.f.add_module('{:02d}_{name}'.format(7, name='x'), nn.Conv2d(3, 4, 1))", "self.f(x)", 40,
         (4, 8, 8)),
        ("from itertools import product\n        self.f = nn.Conv2d(3, len(list(product([0, 1], repeat=3))), 1)",
         "self.f(x)", 32, (8, 8, 8)),
        ("self.f = nn.Conv2d(3, 'abc'.index('c') + 1, 1)", "self.f(x)", 12, (3, 8, 8)),
        ("import os\n        p = os.path.join('a', 'b.pth')\n        self.f = nn.Conv2d(3, len(p), 1)\n"
         "        if os.path.exists(p):\n            self.load_state_dict(torch.load(p))", "self.f(x)", 28,
         (7, 8, 8)),
        ("from torch.hub import load_state_dict_from_url\n        self.f = nn.Conv2d(3, 3, 1)\n"
         "        state = load_state_dict_from_url('https://x')\n        for k in list(state.keys()):\n"
         "            state.pop(k)\n"
         "        self.load_state_dict(state)", "self.f(x)", 12, (3, 8, 8)),
        ("from timm.models.layers import DropPath, trunc_normal_, to_2tuple\n"
         "        self.f = nn.Conv2d(3, 3, to_2tuple(3))\n"
         "        self.d = DropPath(0.1)\n        trunc_normal_(self.f.weight, std=.02)", "self.d(self.f(x))", 84,
         (3, 6, 6)),
        ("from einops.layers.torch import Rearrange\n"
         "        self.f = Rearrange('b c (h p) (w q) -> b (h w) (p q c)', p=4, q=4)\n"
         "        self.g = nn.Linear(48, 5)", "self.g(self.f(x))", 245, (4, 5)),
        ("pass", "einops.rearrange(x, 'b c h w -> b (h w) c')", 0, (64, 3)),
        ("pass", "einops.reduce(x, 'b c (h p) w -> b c h', 'max', p=2)", 0, (3, 4)),
        ("pass", "einops.repeat(x, 'b c h w -> b (r c) h w', r=2)", 0, (6, 8, 8)),
        ("self.n = nn.LayerNorm(3)",
         "F.layer_norm(x.permute(0, 2, 3, 1), (3,), self.n.weight, self.n.bias, self.n.eps)",
         6, (8, 8, 3)),
        ("self.f = nn.Conv2d(3, 4, 1)", "self.f(torch.autograd.Variable(x) + torch.randn(3, 8, 8))", 16, (4, 8, 8)),
        ("self.f = nn.Conv2d(3, 4, 1)", "F.pad(self.f(x), [torch.tensor([8 - 5]) // 2, 1, 0, 0])", 16, (4, 8, 10)),
    ],
)  # fmt: skip
def test_what_repositories_write(tmp_path: Path, init: str, forward: str, parameters: int, output: object) -> None:
    source = f"import einops\n{BODY}        {init}\n    def forward(self, x):\n        return {forward}\n"
    assert counted(tmp_path, source) == (parameters, output)


@pytest.mark.parametrize(
    ("base", "own", "parameters", "output"),
    [
        ("nn.Conv2d", "    pass\n", 4 * 28, (4, 6, 6)),
        ("nn.Conv2d", "    def __init__(self, i, o, k):\n        super().__init__(i, o, k, bias=False)\n"
         "        self.padding = (self.kernel_size[0] // 2,) * 2\n", 108, (4, 8, 8)),
        ("nn.Conv2d", "    def forward(self, x):\n"
         "        w = self.weight / self.weight.std(dim=(1, 2, 3), keepdim=True)\n"
         "        return F.conv2d(x, w, self.bias, self.stride, self.padding, self.dilation, self.groups)\n", 112,
         (4, 6, 6)),
        ("nn.Conv2d", "    def forward(self, x):\n"
         "        return self._conv_forward(x, self.weight, self.bias).relu()\n",
         112, (4, 6, 6)),
        ("nn.Conv2d", "    def forward(self, x):\n        return super().forward(x) + super(One, self).forward(x)\n",
         112, (4, 6, 6)),
    ],
)  # fmt: skip
def test_classes_may_derive_from_a_layer(tmp_path: Path, base: str, own: str, parameters: int, output: object) -> None:
    source = f"class One({base}):\n{own}{BODY}        self.one = One(3, 4, 3)\n"
    source += "    def forward(self, x):\n        return self.one(x)\n"
    assert counted(tmp_path, source) == (parameters, output)


SEVERAL = (
    f"{BODY}        self.f, self.g = nn.Conv2d(3, 4, 1), nn.Linear(10, 4)\n    def forward(self, x, t, flag=True):\n"
)
SEVERAL += "        return self.f(x) + self.g(t)[:, :, None, None]\n"


def test_several_inputs(convcalc: Convcalc, tmp_path: Path) -> None:
    assert counted(tmp_path, SEVERAL, [(3, 8, 8), (10,)]) == (60, (4, 8, 8))
    ran = convcalc("model", str(tmp_path / "net.py"), "-i", "3x8x8", "-i", "10")
    assert "input 3×8×8 + 10 → 4×8×8" in ran.stdout
    ran = convcalc("model", str(tmp_path / "net.py"), "-i", "3x8x8")
    assert (ran.status, "give each its shape, -i 3x32x32 -i 10" in ran.stderr) == (1, True)
    ran = convcalc("model", str(tmp_path / "net.py"), "-i", "3x8x8", "-i", "10", "--weights", "random")
    assert (ran.status, "numbers are worked for networks of one input" in ran.stderr) == (2, True)


@pytest.mark.parametrize(
    ("init", "forward", "parameters", "trainable", "multiply_adds", "output"),
    [
        # each found wrong once, and counted with PyTorch 2.13
        ("self.c = nn.Conv2d(3, 6, 3)", "F.conv2d(x, self.c.weight[:2], self.c.bias[:2], padding='same')", 168, 168,
         64 * 54, (2, 8, 8)),
        ("self.c = nn.Conv2d(3, 6, 3)", "F.conv2d(x, self.c.weight[:, :, 1:2, 1:2])", 168, 168, 64 * 18, (6, 8, 8)),
        ("self.m = nn.MultiheadAttention(24, 4, batch_first=True)",
         "self.m(x.flatten(1).view(1, 8, 24)[:, :3], x.flatten(1).view(1, 8, 24), x.flatten(1).view(1, 8, 24))[0]",
         2400,
         2400, 2 * 11 * 576 + 2 * 24 * 24, (3, 24)),
        ("self.m = nn.MultiheadAttention(24, 4)",
         "self.m(*[x.flatten(1).view(1, 8, 24).permute(1, 0, 2)] * 3)[0].permute(1, 0, 2)",
         2400, 2400, 4 * 8 * 576 + 2 * 64 * 24, (8, 24)),
        ("self.m = nn.MultiheadAttention(24, 4)\n        for n, p in self.m.named_parameters():\n"
         "            p.requires_grad = 'in_proj' not in n", "x", 2400, 600, 0, (3, 8, 8)),
        ("self.m = nn.GRU(4, 5)\n        for n, p in self.m.named_parameters():\n"
         "            p.requires_grad = 'bias' not in n", "x", 165, 135, 0, (3, 8, 8)),
        ("l = nn.TransformerEncoderLayer(8, 2, 16)\n        l.requires_grad_(False)\n"
         "        self.m = nn.TransformerEncoder(l, 2)",
         "x", 1200, 0, 0, (3, 8, 8)),
        ("self.c = nn.Conv2d(3, 4, 3)\n"
         "        self.apply(lambda m: nn.utils.weight_norm(m) if isinstance(m, nn.Conv2d) else m)",
         "self.c(x)", 116, 116, 108 * 36, (4, 6, 6)),
        ("def more(m):\n            if isinstance(m, nn.Sequential):\n"
         "                m.add_module('x', nn.Conv2d(4, 4, 1))\n"
         "        self.c = nn.Sequential(nn.Conv2d(3, 4, 1))\n        self.apply(more)", "self.c(x)",
         36, 36, 64 * 28, (4, 8, 8)),
        ("self.a = nn.Conv2d(3, 4, 1)\n        s = self.a.state_dict() if False else self.state_dict()\n"
         "        self.b = nn.Linear(len(s), 1)\n        for n, p in self.named_parameters():\n"
         "            p.requires_grad = n not in s", "self.a(x)", 19, 3, 64 * 12, (4, 8, 8)),
        ("z = zip([1, 2], [3, 4])\n        n = len(list(z)) + len(list(z))\n        self.a = nn.Conv2d(3, n, 1)",
         "self.a(x)", 8, 8,
         64 * 6, (2, 8, 8)),
        ("self.a = nn.Conv2d(3, 3, 1)\n        p = self.named_parameters()\n        next(p)\n        for n, q in p:\n"
         "            q.requires_grad = False", "self.a(x)", 12, 9, 64 * 9, (3, 8, 8)),
        ("self.a = nn.Sequential(nn.ReLU())\n        self.b = nn.Conv2d(3, 3, 1)\n"
         "        self.a = nn.Conv2d(3, 5, 1)\n"
         "        for p in list(self.children())[0].parameters():\n            p.requires_grad = False",
         "self.b(x)", 32, 12,
         64 * 9, (3, 8, 8)),
        ("self.a = nn.utils.spectral_norm(nn.ConvTranspose2d(3, 5, 2))", "self.a(x)", 65, 65, 64 * 60, (5, 9, 9)),
        ("self.register_buffer('mask', nn.Conv2d(3, 4, 1).weight.data.clone())", "F.conv2d(x, self.mask)",
         0, 0, 64 * 12,
         (4, 8, 8)),
    ],
)  # fmt: skip
def test_what_was_wrong_once(
    tmp_path: Path, init: str, forward: str, parameters: int, trainable: int, multiply_adds: int, output: object
) -> None:
    path = tmp_path / "net.py"
    path.write_text(f"{HEAD}{BODY}        {init}\n    def forward(self, x):\n        return {forward}\n")
    found = model(path, (3, 8, 8))
    assert (found.parameters, found._summary.trainable, found._summary.output[1:]) == (parameters, trainable, output)
    assert found.multiply_adds == multiply_adds


def test_a_convolution_that_pads_otherwise_is_not_its_function(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    init = "self.a = nn.Conv2d(3, 3, 3, padding=1, padding_mode='reflect')"
    forward = "F.conv2d(x, self.a.weight, self.a.bias, 1, 1)"
    path.write_text(f"{HEAD}{BODY}        {init}\n    def forward(self, x):\n        return {forward}\n")
    with pytest.raises(ConvcalcError, match="read as a tensor is not followed in numbers"):
        _ = model(path, [[[1.0] * 4] * 4] * 3, weights="random").output
