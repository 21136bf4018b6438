"""Calculation output, whole, as a person reads it. `pytest --refresh-golden` writes it anew."""

from collections.abc import Callable

import pytest

from convcalc.lecture import ROWS
from tests.conftest import Convcalc

Check = Callable[[str, str], None]
GRID, RGB = "samples/lecture-6x6.txt", "samples/rgb-4x4.txt"

WORKED = {
    "conv-padded": ("conv", "-i", GRID, "-k", "edge", "-p", "1", "--steps", "8"),
    "conv-channels-bias": ("conv", "-i", RGB, "-k", "samples/two-filters.txt", "-b", "1,0", "-p", "1", "--steps", "2"),
    "conv-depthwise": ("conv", "-i", RGB, "-k", "edge", "--per-channel", "--at", "1,1"),
    "conv-dilated": ("conv", "-i", GRID, "-k", "1 2; 3 4", "-d", "3", "--at", "1,1"),
    "conv-strided-unread": ("conv", "-i", GRID, "-k", "edge", "-s", "2", "--steps", "1"),
    "conv-fractions": ("conv", "-i", GRID, "-k", "gaussian", "-b", "1/3", "--at", "0,0"),
    "conv-decimals": ("conv", "-i", "samples/decimals.csv", "-k", "0.5 0.25; -1 0.1", "--at", "0,0"),
    "conv-reflect": ("conv", "-i", GRID, "-k", "edge", "-p", "1", "--pad-mode", "reflect", "--at", "0,0"),
    "conv-same-strided": ("conv", "-i", GRID, "-k", "edge", "-p", "same", "-s", "3", "--at", "1,1"),
    "conv-cropped": ("conv", "-i", " ; ".join(" ".join(str(r * c) for c in range(30)) for r in range(30)), "-k",
                     "gaussian-5", "--at", "10,12"),
    "conv-one-row": ("conv", "-i", "samples/time-series.txt", "-k", "1 -1", "-p", "1", "--steps", "2"),
    "conv-batch": ("conv", "-i", "1 2; 3 4\n---\n5 6; 7 8", "-k", "1 1", "--steps", "all"),
    "conv-ascii": ("conv", "-i", GRID, "-k", "box", "-p", "1", "--at", "0,0", "--ascii"),
    "pool-avg-padded": ("pool", "avg", "-i", "samples/pool-4x4.txt", "-w", "3", "-s", "2", "-p", "1"),
    "pool-avg-not-counted": ("pool", "avg", "-i", "samples/pool-4x4.txt", "-w", "3", "-s", "2", "-p", "1",
                             "--no-count-pad", "--at", "0,0"),
    "pool-ceil": ("pool", "max", "-i", "1 2 3 4 5; 6 7 8 9 1", "--ceil"),
    "pool-lp": ("pool", "lp", "-i", "3 -4 1 1"),
    "pool-lp-3": ("pool", "lp", "-i", "3 -4 1 1", "--norm", "3"),
    "pool-adaptive": ("pool", "avg", "-i", GRID, "--adaptive", "2x4", "--steps", "2"),
    "pool-global": ("pool", "avg", "-i", RGB, "--global"),
    "pad-reflect": ("pad", "-i", GRID, "-p", "1,2", "--pad-mode", "reflect"),
    "size-two-axes": ("size", "-n", "32x28", "-f", "5x3", "-s", "2", "-d", "1x2"),
    "size-solved": ("size", "-n", "227", "-O", "55"),
    "size-same": ("size", "-n", "7", "-f", "3", "-s", "3", "-p", "same"),
    "size-ceil": ("size", "-n", "5", "-f", "2", "-s", "2", "--ceil"),
    "size-gaps": ("size", "-n", "9", "-f", "1", "-s", "4"),
    "conv-matmul": ("conv", "-i", "1 2 3 4; 5 6 7 8; 9 1 2 3", "-k", "1 0; 0 -1", "--as", "matmul"),
    "conv-matmul-6x6": ("conv", "-i", GRID, "-k", "edge", "--as", "matmul", "--at", "1,2"),
    "conv-toeplitz": ("conv", "-i", "1 2 3 4; 5 6 7 8; 9 1 2 3", "-k", "1 0; 0 -1", "--as", "toeplitz"),
    "conv-toeplitz-6x6": ("conv", "-i", GRID, "-k", "edge", "--as", "toeplitz", "--steps", "3"),
    "conv-toeplitz-channels": ("conv", "-i", "1 2;; 3 4", "-k", "1 2;; 3 4; ---; 0 1;; 1 0", "-b", "1,0", "--as",
                               "toeplitz"),
    "conv-reads": ("conv", "-i", GRID, "-k", "edge", "--reads", "1,2"),
    "conv-reads-none": ("conv", "-i", "1 2 3 4", "-k", "1", "-s", "3", "--reads", "1"),
    "conv-backward": ("conv", "-i", "3 0 1; 1 5 8; 2 7 2", "-k", "1 2; 3 4", "--backward", "1 2; 3 4"),
    "conv-backward-strided": ("conv", "-i", GRID, "-k", "edge", "-s", "2", "-p", "1", "--backward", "1", "--wrt",
                              "kernel", "--steps", "2"),
    "conv-backward-channels": ("conv", "-i", RGB, "-k", "samples/two-filters.txt", "-b", "1,0", "--backward",
                               "1 0; 0 1;; 2 0; 0 0", "--steps", "1"),
    "conv-backward-folds": ("conv", "-i", "1 2; 3 4", "-k", "1 2; 3 4", "-p", "1", "--pad-mode", "replicate",
                            "--backward", "1", "--wrt", "input", "--steps", "2"),
    "run-backward": ("run", "samples/neuron.convcalc", "--backward"),
    "run-rate": ("run", "samples/neuron.convcalc", "--rate", "0.5"),
    "run-rate-times": ("run", "samples/neuron.convcalc", "--rate", "0.5", "--times", "30"),
    "pool-max-backward": ("pool", "max", "-i", "1 5 5; 2 9 3; 4 4 4", "-s", "1", "--backward", "1 2; 3 4"),
    "pool-avg-backward": ("pool", "avg", "-i", "1 5 5 2; 2 9 3 1", "-w", "2", "-s", "1", "--backward", "1 2 3"),
    "pool-lp-backward": ("pool", "lp", "-i", "3 -4 1 1", "--backward", "5 1"),
    "conv-transpose": ("conv-transpose", "-i", "1 2; 3 4", "-k", "1 2 0; 3 4 1; 0 1 1", "-s", "2", "-p", "1"),
    "conv-transpose-output-padding": ("conv-transpose", "-i", "1 2; 3 4", "-k", "1 2; 3 4", "-s", "3",
                                      "--output-padding", "1", "--as", "scatter"),
    "conv-transpose-at": ("conv-transpose", "-i", "1 2; 3 4", "-k", "1 2 0; 3 4 1; 0 1 1", "--at", "1,1"),
    "conv-transpose-channels": ("conv-transpose", "-i", "1 2;; 3 4", "-k", "1 0;; 2 1; ---; 0 1;; 1 1", "-b", "1,0"),
    "relu": ("relu", "-i", "-5 -4 0 8; -10 -2 2 3"),
    "relu-channels": ("relu", "-i", RGB, "--steps", "2"),
    "leaky-relu": ("leaky-relu", "-i", "-5 3; 1/3 -1/3", "--slope", "1/5"),
    "elu": ("elu", "-i", "-2 0 3", "--alpha", "0.5"),
    "gelu": ("gelu", "-i", "-2 0 3"),
    "gelu-tanh": ("gelu", "-i", "-2 0 3", "--tanh"),
    "silu": ("silu", "-i", "-2 0 3"),
    "sigmoid": ("sigmoid", "-i", "-5 0 3 1000 -1000"),
    "tanh": ("tanh", "-i", "-5 0 1/3"),
    "softplus": ("softplus", "-i", "-5 0 3 1000"),
    "softmax": ("softmax", "-i", "2 1 0.1"),
    "softmax-large": ("softmax", "-i", "1000 999 -1000"),
    "softmax-columns": ("softmax", "-i", "1 2; 3 4", "--axis", "0"),
    "softmax-long": ("softmax", "-i", " ".join(map(str, range(20)))),
    "softmax-ascii": ("softmax", "-i", "2 1 0.1", "--ascii"),
    "log-softmax": ("log-softmax", "-i", "2 1 0.1"),
    "flatten": ("flatten", "-i", "6 8; 3 4;; 1 0; 5 2"),
    "flatten-batch": ("flatten", "-i", "1 2; 3 4; ---; 5 6; 7 8"),
    "linear": ("linear", "-i", "6 8 3 4", "-W", "1 0 -1 2; 0.5 -1 1 0", "-b", "1 0"),
    "linear-batch": ("linear", "-i", "1 2; 3 4", "-W", "1/3 1; 0 -1"),
    "linear-long": ("linear", "-i", " ".join(map(str, range(80))), "-W", " ".join(["1"] * 80)),
    "loss-cross-entropy": ("loss", "cross-entropy", "-i", "2 1 0.1; 1 2 3", "-t", "0 2"),
    "loss-cross-entropy-probabilities": ("loss", "cross-entropy", "-i", "0.7 0.2 0.1", "-t", "0.5 0.5 0",
                                         "--probabilities"),
    "loss-already-softmax": ("loss", "cross-entropy", "-i", "0.7 0.2 0.1", "-t", "0"),
    "loss-bce": ("loss", "bce", "-i", "0.8 0.1 0", "-t", "1 0.5 1"),
    "loss-bce-logits": ("loss", "bce", "--logits", "-i", "2 -1 3", "-t", "1 0 0.3", "--reduction", "none"),
    "loss-mse": ("loss", "mse", "-i", "1 2; 3 4", "-t", "1 1; 3 5.5"),
    "loss-mae": ("loss", "mae", "-i", "1 2 1/3", "-t", "3 2 1", "--reduction", "sum"),
    "kernels": ("kernels",),
    "kernel-gaussian": ("kernels", "gaussian"),
    "model-list": ("model", "Conv2d(6, 5), ReLU(), MaxPool2d(2), Flatten(), Linear(10)", "-i", "1x28x28"),
    "model-lenet5-1998": ("model", "lenet5-1998"),
    "model-resnet18-depth": ("model", "resnet18", "--depth", "2"),
    "model-layer": ("model", "resnet50", "--layer", "layer2.0.conv2"),
    "model-trace": ("model", "samples/mycnn.py", "-i", "1x28x28", "--trace", "0,3"),
    "model-trace-padding": ("model", "alexnet", "--trace", "0,5"),
    "model-freeze-to": ("model", "lenet5", "--freeze-to", "pool2", "--classes", "3"),
    "model-markdown": ("model", "lenet5", "--format", "markdown"),
    "model-latex": ("model", "lenet5", "--format", "latex"),
    "model-csv": ("model", "lenet5", "--format", "csv"),
    "model-json": ("model", "Conv2d(2, 3), ReLU()", "-i", "1x5x5", "--format", "json"),
    "model-ascii": ("model", "lenet5", "--ascii"),
    "model-kinds": ("model", "--list"),
    "zoo": ("zoo",),
    "show-signed-heat": ("show", "-i", "-5 -4 0 8; -10 -2 2 3", "--heat"),
}  # fmt: skip


@pytest.mark.parametrize("name", WORKED)
def test_worked(convcalc: Convcalc, golden: Check, name: str) -> None:
    ran = convcalc(*WORKED[name])
    assert (ran.status, ran.stderr) == (0, "")
    golden(f"{name}.txt", ran.stdout)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.topic)
def test_lecture_rows(convcalc: Convcalc, golden: Check, row: object) -> None:
    number = row.number  # type: ignore[attr-defined]
    golden(f"lecture-{number:02}.txt", convcalc("lecture", str(number)).stdout)
