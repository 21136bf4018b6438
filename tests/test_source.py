"""Source files in the styles people write. Parameters, multiply-adds and shapes are PyTorch 2.14's own for the same
files (`sum(p.numel())`, half of `FlopCounterMode`), run by hand."""

import contextlib
import json

import pytest

from convcalc.cli.app import run
from convcalc.errors import InputError
from convcalc.network.kinds import KINDS
from convcalc.network.source import library, python, tensors
from convcalc.network.source.reader import SourceFile
from convcalc.network.trace import Trace
from tests.conftest import Convcalc

STYLES = {
    "sequential": ("3x32x32", 5450, 1622336, "10"),
    "ordered_dict": ("1x28x28", 32584, 13088000, "64×20×20"),
    "loops": ("3x32x32", 34058, 2811904, "10"),
    "residual": ("3x32x32", 43226, 18268480, "10"),
    "inherits_sequential": ("3x64x64", 16042, 6189296, "10"),
    "config_dict": ("3x32x32", 785735, 96666048, "7"),
    "inception_block": ("3x20x20", 183088, 72876800, "192"),
    "unet": ("1x33x32", 6498, 3541760, "2×33×32"),
    "squeeze_excite": ("3x16x16", 5701, 32896, "5"),
    "signal_1d": ("1x8000", 6979, 1645664, "1×35"),
    "generator": ("100x1x1", 119712, 413696, "3×16×16"),
    "dataclass_config": ("3x32x32", 5170, 298224, "10"),
    "shared_weights": ("1x9x9", 775, 145800, "8×9×9"),
    "volume_3d": ("3x4x16x16", 7364, 1551488, "4"),
    "dictionary_of_heads": ("3x12x12", 1720, 115392, "2×2"),
    "classic_init": ("3x16x16", 268, 13856, "4"),
}


@pytest.mark.parametrize("name", STYLES)
def test_styles(convcalc: Convcalc, name: str) -> None:
    shape, parameters, work, output = STYLES[name]
    ran = convcalc("model", f"tests/sources/{name}.py", "-i", shape, "--format", "json")
    assert (ran.status, ran.stderr) == (0, "")
    totals = json.loads(ran.stdout)["totals"]
    assert (totals["parameters"], totals["multiply-adds"], totals["output"]) == (parameters, work, output)


def test_the_lectures_class(convcalc: Convcalc) -> None:
    shown = json.loads(convcalc("model", "samples/mycnn.py", "-i", "1x28x28", "--format", "json").stdout)
    outputs = {row["name"]: row["output"] for row in shown["rows"] if row["name"] != "relu"}
    written = {row["name"]: row["parameters written out"] for row in shown["rows"] if row["parameters"]}
    assert list(outputs.values()) == ["6×24×24", "12×4×4", "12×8×8", "192", "120"]
    assert written == {
        "conv1": "6×(5×5×1 + 1) = 156", "conv2": "12×(5×5×6 + 1) = 1,812", "fc1": "120×(192 + 1) = 23,160",
    }  # fmt: skip
    assert shown["totals"]["parameters"] == 25_128


HEAD = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n"


def network(init: str = "pass", forward: str = "return self.c(x)", before: str = "") -> str:
    """Return a file with one network; lines of its methods are separated by newlines."""
    body = "\n".join(f"        {line}" for line in init.splitlines())
    steps = "\n".join(f"        {line}" for line in forward.splitlines())
    return (
        f"{HEAD}{before}\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        f"        self.c = nn.Conv2d(1, 2, 3)\n{body}\n    def forward(self, x):\n{steps}\n"
    )


REFUSED = {
    "a shape that does not fit": (
        network("self.fc = nn.Linear(800, 10)", "return self.fc(torch.flatten(self.c(x), 1))"),
        "net.py:9:19: fc: Linear(800, 10) receives 98 features: 2×7×7 (used in line 11)",
        "did you mean Linear(98, 10)?",
    ),
    "a view that does not fit": (
        network(forward="x = self.c(x)\nreturn x.view(-1, 800)"),
        "net.py:12:16: view: 2×7×7 (98 cells) cannot be viewed as (-1, 800)",
        "did you mean view(-1, 98)?",
    ),
    "a view that mixes the batch": (
        network(forward="return self.c(x).view(-1, 49)"), "makes 2 rows of one item", "did you mean view(-1, 98)?",
    ),
    "channels that do not fit": (
        network("self.d = nn.Conv2d(3, 4, 3)", "return self.d(self.c(x))"),
        "net.py:9:18: d: Conv2d(3, 4, 3, …) receives 2 channels", "did you mean Conv2d(2, 4, 3, …)?",
    ),
    "a residual that does not fit": (
        network(forward="return x + self.c(x)"), "net.py:11:16: add: 1×9×9 and 2×7×7 do not fit each other",
        "residual",
    ),
    "Return": (network(forward="Return self.c(x)"), "net.py:11:9: Python has no 'Return'", "write it small: return"),
    "a syntax error": ("class Net(nn.Module:\n    pass\n", "net.py:1:", "mend the line"),
    "a value that decides": (
        network(forward="if x.abs() > 0:\n    return x\nreturn self.c(x)"),
        "net.py:11:12: this depends on the numbers",
        "only shapes and constants",
    ),
    "a layer that is not counted": (network("self.l = nn.LSTMCell(3, 4)"), "nn.LSTMCell is not among the layers",
    "did you mean LSTM?"),
    "a layer misspelled": (network("self.l = nn.Conv2D(1, 2, 3)"), "nn.Conv2D is not among", "Conv2d"),
    "a setting misspelled": (network("self.l = nn.Conv2d(1, 2, 3, strides=2)"), "no setting 'strides'", "stride?"),
    "a setting missing": (network("self.l = nn.Conv2d(1, 2)"), "Conv2d needs kernel_size", "Conv2d(1, 6, 5)"),
    "an unknown function": (network(forward="return torch.fft.rfft(x)"), "torch.fft.rfft is not", "what is"),
    "no return": (network(forward="self.c(x)"), "forward gives nothing", "return x"),
    "no network": ("x = 1\n", "the file has no network", "class Net"),
    "another library": (network("self.b = B(3)", before="from mylib import B"), "mylib.B is not followed", "what is"),
    "torchvision": (
        "import torchvision\nmodel = torchvision.models.vit_b_16()\n",
        "torchvision.models.vit_b_16 is not among the networks that are known here", "convcalc zoo --all",
    ),
    "an attribute that is not there": (network(forward="return self.d(x)"), "a Net has no 'd'", "__init__"),
    "a list that is no star": (network("self.s = nn.Sequential([self.c])"), "a list is no layer", "put a *"),
    "a layer as a base": (
        network("self.a = A(1, 2)", "return self.a(x)", before="class A(nn.Bilinear):\n    pass\n"),
        "class A derives from Bilinear", "nn.Module",
    ),
    "weights that are tied": (
        network("self.d = nn.Conv2d(1, 2, 3)\nself.d.weight = self.c.weight"), "net.py:10:9: a weight that is shared",
        "the layer itself",
    ),
    "part of the batch": (network(forward="return x[0]"), "takes a part of the batch", "begin with a colon"),
    "a raise": (network(forward="raise ValueError('no')"), "the file raises an error here: ValueError('no')", None),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_and_where(convcalc: Convcalc, tmp_path: object, case: str) -> None:
    text, message, hint = REFUSED[case]
    path = tmp_path / "net.py"  # type: ignore[operator]
    path.write_text(text, encoding="utf-8")
    ran = convcalc("model", str(path), "-i", "1x9x9")
    assert (ran.status, ran.stdout) == (1, "")
    assert message in ran.stderr.replace(f"{tmp_path}/", "")
    assert "Traceback" not in ran.stderr
    if hint:
        assert hint in ran.stderr


DOUBLED = "a = {0}\nb = {0}\nfor i in range(60):\n    a = {1}\n    b = {2}\n"
LISTS, TUPLES = DOUBLED.format("[1]", "[a, a]", "[b, b]"), DOUBLED.format("(1,)", "(a, a)", "(b, b)")
HOSTILE = {
    "endless recursion": network(forward="return self.forward(x)"),
    "modules within themselves": network("self.n = Net()"),
    "an endless loop": network(forward="while True:\n    x = x\nreturn x"),
    "a long loop": network("self.l = [nn.ReLU() for i in range(10**9)]"),
    "loops in loops": network("self.l = [i for i in range(10**5) for j in range(10**5)]"),
    "a large power": network("self.a = 10**10**10"),
    "squares of squares": network("a = 3\nfor i in range(60):\n    a = a * a"),
    "a long list": network("self.a = [0] * 10**12"),
    "a list doubled": network("s = [1]\nfor i in range(100):\n    s += s"),
    "a list extended by itself": network("s = [1]\nfor i in range(100):\n    s.extend(s)"),
    "a word doubled": network("s = 'a'\nfor i in range(100):\n    s = s + s"),
    "words joined": network("a = 'x'.join(['y' * 90000] * 90000)"),
    "words replaced": network("a = 'xx'\nfor i in range(50):\n    a = a.replace('x', 'xxxxxxxxx')"),
    "a wide format": network("s = f'{1:>999999999}'"),
    "lists compared": network(f"{LISTS}self.a = a == b"),
    "lists written": network(f"{LISTS}self.a = str(a)"),
    "lists looked for": network(f"{LISTS}self.a = [a].index(b)"),
    "tuples as keys": network(f"{TUPLES}self.a = {{a: 1}}"),
    "tuples as pairs": network(f"{TUPLES}self.a = dict([(a, 1)])"),
    "brackets": "x = " + "(" * 5000 + ")" * 5000,
    "signs": "x = " + "-" * 100_000 + "1",
    "sums": "x = " + "+".join("1" * 100_000),
    "dots": "x = a" + ".b" * 100_000,
    "calls": "x = a" + "()" * 100_000,
    "branches": "if a: pass\n" + "elif b: pass\n" * 30_000,
    "ten megabytes": network() + "# x\n" * 2_500_000,
    "nul": "a\0b",
    "a break outside of a loop": network(forward="break"),
    "a return outside of a function": "import torch.nn as nn\nnet = nn.ReLU()\nif True:\n    net = 1\n    return\n",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_are_refused_quickly(convcalc: Convcalc, tmp_path: object, case: str) -> None:
    path = tmp_path / "net.py"  # type: ignore[operator]
    path.write_text(HOSTILE[case], encoding="utf-8")
    ran = convcalc("model", str(path), "-i", "1x9x9")
    assert (ran.status, ran.stdout) == (1, "")
    assert ran.stderr.startswith("convcalc: ")


@pytest.mark.parametrize(
    ("data", "refused"),
    [
        (network().encode("utf-16"), True),
        (b"# -*- coding: klingon -*-\n" + network().encode(), True),
        ("# -*- coding: latin-1 -*-\n# \xe9\n".encode("latin-1") + network().encode(), False),
        (b"\xef\xbb\xbf" + network().encode(), False),
        (network().replace("\n", "\r\n").encode(), False),
        (b"", True),
    ],
    ids=["utf-16", "unknown", "latin-1", "bom", "crlf", "empty"],
)
def test_encodings(convcalc: Convcalc, tmp_path: object, data: bytes, refused: bool) -> None:
    path = tmp_path / "net.py"  # type: ignore[operator]
    path.write_bytes(data)
    ran = convcalc("model", str(path), "-i", "1x9x9")
    assert ran.status == int(refused)


def test_nothing_of_the_file_is_executed(convcalc: Convcalc, tmp_path: object) -> None:
    path, trap = tmp_path / "net.py", tmp_path / "trap"  # type: ignore[operator]
    bad = f"import os\nos.mkdir({str(trap)!r})\n__import__('os').mkdir({str(trap)!r})\n"
    bad += "print(open('/etc/passwd').read())\n"
    path.write_text(bad + network(init=f"os.mkdir({str(trap)!r})"), encoding="utf-8")
    ran = convcalc("model", str(path), "-i", "1x9x9")
    assert (ran.status, trap.exists(), "root:" in ran.stdout) == (0, False, False)


def test_which_network(convcalc: Convcalc, tmp_path: object) -> None:
    path = tmp_path / "net.py"  # type: ignore[operator]
    path.write_text(network() + network().replace("class Net", "class Other").removeprefix(HEAD), encoding="utf-8")
    ran = convcalc("model", str(path), "-i", "1x9x9")
    assert ran.status == 2
    assert "several networks: Net, Other" in ran.stderr
    assert convcalc("model", str(path), "-i", "1x9x9", "--class", "Net").status == 0
    assert "did you mean Other?" in convcalc("model", str(path), "-i", "1x9x9", "--class", "Othr").stderr
    sized = "class Sized(nn.Module):\n    def __init__(self, n):\n        super().__init__()\n" + (
        "        self.fc = nn.Linear(4, n)\n    def forward(self, x):\n        return self.fc(x)\n"
    )
    path.write_text(HEAD + sized, encoding="utf-8")
    assert '--class "Sized(…)"' in convcalc("model", str(path), "-i", "4").stderr
    assert "9×(4 + 1) = 45" in convcalc("model", str(path), "-i", "4", "--class", "Sized(9)").stdout
    ran = convcalc("model", str(path), "-i", "4", "--class", "Sized(0)")
    assert (ran.status, "out_features must be" in ran.stderr) == (1, True)


def test_a_source_file_from_standard_input(convcalc: Convcalc) -> None:
    for words in (("-",), ()):
        assert "2×(3×3×1 + 1) = 20" in convcalc("model", *words, "-i", "1x9x9", stdin=network()).stdout


def test_layers_that_are_not_used_are_counted_and_said_to_be(
    convcalc: Convcalc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    shown = convcalc("model", "tests/sources/shared_weights.py", "-i", "1x9x9").stdout
    assert "Linear 10→10 (not used)" in shown
    assert shown.count("(shared)") == 5  # two more uses of the convolution, three of the activation


def test_a_plain_list_is_told_of(convcalc: Convcalc, tmp_path: object) -> None:
    path = tmp_path / "net.py"  # type: ignore[operator]
    path.write_text(network("self.l = [nn.Conv2d(2, 2, 1)]", "return self.l[0](self.c(x))"), encoding="utf-8")
    assert "nn.ModuleList" in convcalc("model", str(path), "-i", "1x9x9").stdout


def test_errors_leave_no_traceback() -> None:
    assert run(["model", "samples/nothing.py", "-i", "1x9x9"]) == 1


UNUSUAL = (
    "",
    "y",
    "[]",
    "[y]",
    "y, None",
    "y, 'a'",
    "y, -9",
    "y, (1, 'a')",
    "y, 1, 2, 3",
    "None, None",
    "y, 10**12",
    "nn",
)
CALLED = [
    *(
        f"torch.{name}"
        for name in (*tensors.FUNCTIONS, *library.AS_FUNCTIONS, *sorted(library.MADE_HERE), "add", "mean")
    ),
    *(f"y.{name}" for name in (*tensors.FUNCTIONS, *sorted(tensors.REDUCTIONS), "add", "to")),
    *(f"nn.{name}" for name in KINDS),
    *python.BUILTIN_CALLS,
    *(
        "F.pad",
        "self.c",
        "self.l",
        "self.l.append",
        "self.l.insert",
        "self.add_module",
        "nn.Sequential",
        "nn.Parameter",
    ),
]


@pytest.mark.parametrize("name", CALLED)
def test_odd_arguments_are_refused_and_never_crash(name: str) -> None:
    before = f"{HEAD}class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    before += (
        "        self.c = nn.Conv2d(1, 4, 3)\n        self.l = nn.ModuleList([self.c])\n    def forward(self, x):\n"
    )
    for given in UNUSUAL:
        text = f"{before}        y = self.c(x)\n        y = {name}({given})\n        return y\n"
        with contextlib.suppress(InputError):
            SourceFile(text.encode(), "net.py").build([(1, 9, 9)], None, Trace())
