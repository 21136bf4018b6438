"""A user's script, as type checkers see it; a test runs it, too."""

# pyright: strict

from fractions import Fraction

import numpy as np
import numpy.typing as npt

import convcalc as cc

x: npt.NDArray[np.int64] = np.arange(36).reshape(6, 6)
result: cc.Result = cc.convolve(x, "edge", padding="same", stride=1, bias=[1])
step: cc.Step = result.step(0, 0)
sums: tuple[str, ...] = step.sums
cells: npt.NDArray[np.float64] = result.float()
shape: tuple[int, ...] = result.shape
back: cc.Gradients = result.backward(1)
kernel: cc.Grid = back.kernel
marks: cc.Marks = result.check(cells)
right: bool = marks.right
page: cc.Page = result.walk()
text: str = result.to_latex() + result.to_markdown()
data: dict[str, object] = result.to_dict()
size: cc.Size = cc.size(7, 3, stride=2)
count: int = int(size)
pooled: cc.Result = cc.pool(cc.relu(result), "avg", window=(2, 2))
loss: cc.Result = cc.loss(cc.flatten(pooled), np.zeros(9), "mse")
exact: Fraction = Fraction(1, 2)
net: cc.Model = cc.model("lenet5")
parameters: int = net.layers["conv1"].parameters
sheet: cc.Worksheet = cc.worksheet("conv", seed=7)
total = np.sum(np.asarray(result)) + float(loss)
try:
    cc.convolve([[1, 2], [3]], "edge")
except cc.InputError as error:
    hint: str | None = error.hint
    message: str = error.message
