"""The command line: what each command answers, and what each refuses, with its exit status."""

import io
import json
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Convcalc

GRID = "samples/lecture-6x6.txt"
EXAMPLE_ANSWER = "-5 -4 0 8\n-10 -2 2 3\n0 -2 -4 -7\n-3 -2 -3 -16\n"


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("conv", "--input", GRID, "--kernel", "edge"), EXAMPLE_ANSWER),
        (("conv", "edge", "-i", GRID), EXAMPLE_ANSWER),
        (("conv", "-i", GRID, "-k", "1 0 -1; 1 0 -1; 1 0 -1", "--steps", "none"), EXAMPLE_ANSWER),
        (("conv", "-i", GRID, "-k", "edge", "-s", "2,1"), "-5 -4 0 8\n0 -2 -4 -7\n"),
        (("conv", "-i", GRID, "-k", "edge", "-s", "3", "-p", "same"), "-5 8\n-3 -16\n"),
        (("conv", "-i", "1 2 3", "-k", "1 1", "-p", "full"), "1 3 5 3\n"),
        (("conv", "-i", "1 2 3", "-k", "0 1", "--flip"), "1 2\n"),
        (("conv", "-i", "1 2 3 4 5", "-k", "1 1", "-d", "3"), "5 7\n"),
        (("conv", "-i", "1 2 3", "-k", "1 1", "-p", "1", "--pad-mode", "circular"), "4 3 5 4\n"),
        (("conv", "-i", "1 2; 3 4", "-k", "1/2", "-b", "1/2"), "1 1.5\n2 2.5\n"),
        (("conv", "-i", "1 2", "-k", "1/3"), "0.3333333333333333 0.6666666666666666  #= 1/3 2/3\n"),
        (("conv", "-i", "1 2; 3 4", "-k", "1/3", "--precision", "2"), "0.33 0.67\n1 1.33\n"),
        (("conv", "-i", "0.1 0.2", "-k", "1 1"), "0.3\n"),
        (("conv", "-i", "1\n\n2", "-k", "1 1", "-p", "0,1", "--all-channels"), "3 3\n"),
        (("conv", "-i", "1\n\n2", "-k", "3", "--per-channel"), "3\n\n6\n"),
        (("conv", "-i", "1 2\n\n3 4", "-k", "1 1\n---\n1 -1", "-g", "2"), "3\n\n-1\n"),
        (("pool", "-i", "samples/pool-4x4.txt"), "6 8\n3 4\n"),
        (("pool", "avg", "-i", "samples/pool-4x4.txt"), "3.25 5.25\n2 2\n"),
        (("pool", "-i", "1 2 3 4 5", "--ceil"), "2 4 5\n"),
        (("pool", "avg", "-i", "1 2 3 4 5", "-p", "1", "--no-count-pad"), "1 2.5 4.5\n"),
        (("pool", "avg", "-i", "samples/pool-4x4.txt", "--global"), "3.125\n"),
        (("pool", "max", "-i", "samples/lecture-6x6.txt", "--adaptive", "2x3"), "7 9 7\n4 6 9\n"),
        (("pool", "max", "-i", "1 5 2 6", "--adaptive", "2"), "5 6\n"),
        (("pool", "lp", "-i", "3 4"), "5\n"),
        (("pool", "average", "-i", "3 4"), "3.5\n"),
        (("pool", "max", "-i", "1 2", "--adaptive", "3"), "1 2 2\n"),
        (("conv", "-i", GRID, "-k", "Gaussian 3", "--at", "0,0", "--precision", "1", "-s", "9"), "3.8\n"),
        (("kernels", "edge", "-i", "samples/lecture-6x6.txt"), "1 0 -1\n1 0 -1\n1 0 -1\n"),
        (("conv", "-i", "1 2;; 3 4", "-k", "1; ---; 2", "--per-channel"), "1 2\n\n2 4\n\n3 4\n\n6 8\n"),
        (("conv", "-i", GRID, "-k", "edge", "--as", "matmul"), EXAMPLE_ANSWER),
        (("conv", "-i", GRID, "-k", "edge", "--as", "toeplitz"), EXAMPLE_ANSWER),
        (("conv", "-i", "1 2 3", "-k", "4 5", "--reads", "1"), "5 4\n"),
        (("conv", "-i", "1 2; 3 4", "-k", "5 6", "--reads", "1,0"), "0\n5\n"),
        (("conv", "-i", "1 2; 3 4", "-k", "5 6", "--backward", "1"), "5 6\n5 6\n"),
        (("conv", "-i", "1 2; 3 4", "-k", "5 6", "--backward", "1; 10", "--wrt", "kernel"), "31 42\n"),
        (("conv", "-i", "1 2; 3 4", "-k", "5 6", "--backward", "1; 10", "--wrt", "bias"), "11\n"),
        (("pool", "-i", "1 2; 3 4", "--backward", "7"), "0 0\n0 7\n"),
        (("pool", "avg", "-i", "1 2; 3 4", "--backward", "7"), "1.75 1.75\n1.75 1.75\n"),
        (("conv-transpose", "1 2; 3 4", "-i", "1 10"), "1 12 20\n3 34 40\n"),
        (("conv-transpose", "-k", "1 1", "-i", "1 10", "-s", "2", "--output-padding", "1"), "1 1 10 10 0\n"),
        (("softmax", "-i", "1e308 -1e308"), "1 0\n"),
        (("loss", "bce", "--logits", "-i", "1e308 -1e308", "-t", "0 1"), "1e+308\n"),
        (("pool", "lp", "-i", "1e200 1e200", "--backward", "1", "--precision", "4"), "0.7071 0.7071\n"),
        (("flatten", "-i", "1 2; 3 4", "--steps", "none"), "1 2 3 4\n"),
        (("relu", "-i", "-5 8; 2 -3"), "0 8\n2 0\n"),
        (("leaky-relu", "-i", "-5 8"), "-0.05 8\n"),
        (("leaky-relu", "-i", "-5 8", "--slope", "1/3"), "-1.6666666666666667 8  #= -5/3 8\n"),
        (("elu", "-i", "0 3", "--alpha", "2"), "0 3\n"),
        (("gelu", "-i", "0 1", "--precision", "4"), "0 0.8413\n"),
        (("gelu", "-i", "0 1", "--precision", "4", "--tanh"), "0 0.8412\n"),
        (("sigmoid", "-i", "0 -5", "--precision", "4"), "0.5 0.0067\n"),
        (("softmax", "-i", "2 1 0.1", "--precision", "4"), "0.6590 0.2424 0.0986\n"),
        (("softmax", "-i", "5; 5"), "0.5\n0.5\n"),
        (("softmax", "-i", "5 6; 5 6", "--axis", "0"), "0.5 0.5\n0.5 0.5\n"),
        (("log-softmax", "-i", "0 0", "--precision", "4"), "-0.6931 -0.6931\n"),
        (("flatten", "-i", "1 2; 3 4;; 5 6; 7 8"), "1 2 3 4 5 6 7 8\n"),
        (("flatten", "-i", "1 2; 3 4; ---; 5 6; 7 8"), "1 2 3 4\n5 6 7 8\n"),
        (("linear", "1 0; 1 1", "-i", "3 4", "-b", "1 0"), "4 7\n"),
        (("linear", "-W", "1 1; 0 1", "-i", "3 4", "--transpose"), "3 7\n"),
        (("loss", "mse", "-i", "1 2", "-t", "3 2"), "2\n"),
        (("loss", "L1", "-i", "1 2", "-t", "3 2", "--reduction", "sum"), "2\n"),
        (("loss", "mae", "-i", "1 2; 3 4", "-t", "1 1; 1 1", "--reduction", "none"), "0 1\n2 3\n"),
        (("loss", "cross-entropy", "-i", "2 1 0.1", "-t", "0", "--precision", "4"), "0.4170\n"),
        (("loss", "ce", "-i", "0.5 0.5", "-t", "1", "--probabilities", "--precision", "4"), "0.6931\n"),
        (("loss", "bce", "-i", "0", "-t", "1", "--logits", "--precision", "4"), "0.6931\n"),
        (("pad", "-i", "1 2", "-p", "1"), "0 1 2 0\n"),
        (("pad", "-i", "1 2; 3 4", "-p", "0,1,2,0"), "0 0 1 2\n0 0 3 4\n0 0 0 0\n"),
        (("pad", "-i", "1 2 3", "-p", "2", "--pad-mode", "reflect"), "3 2 1 2 3 2 1\n"),
        (("size", "-n", "7", "-f", "3", "-s", "2"), "3\n"),
        (("size", "-n", "7", "-f", "3", "-s", "1,2,3"), "5\n3\n2\n"),
        (("size", "-n", "32x28", "-f", "5"), "28 24\n"),
        (("size", "-n", "6", "-f", "3", "-s", "2", "-p", "0+1"), "3\n"),
        (("size", "-n", "6", "-f", "3", "-p", "same,1x0"), "6 6\n6 4\n"),
        (("size", "-f", "2", "-s", "2", "-p", "0", "--ceil", "-O", "3"), "6 2 2 0 1\n5 2 2 0 1\n"),
        (("size", "-n", "1000000", "-f", "1", "-p", "0", "-O", "2"), None),
        (("size", "-n", "20000", "-s", "1", "-p", "0", "-O", "5"), "20000 19996 1 0 1\n"),
        (("size", "-n", "7", "-f", "3", "-p", "0", "-O", "2", "--convention", "textbook"), "7 3 4 0 1\n"),
        (("size", "-n", "7", "-f", "3,5", "-p", "same"), "7\n7\n"),
        (("size", "-n", "5", "-f", "2", "-s", "2", "--ceil"), "3\n"),
        (("size", "-n", "7", "-f", "3", "-d", "2"), "3\n"),
        (("size", "-n", "28", "-s", "1", "-p", "0", "-O", "24"), "28 5 1 0 1\n"),
        (("kernels", "edge"), "1 0 -1\n1 0 -1\n1 0 -1\n"),
        (("kernels", "gaussian", "-q"), "0.0625 0.125 0.0625\n0.125 0.25 0.125\n0.0625 0.125 0.0625\n"),
        (("show", "-i", "samples/emboss.json"), "-2 -1 0\n-1 1 1\n0 1 2\n"),
        (("show", "-i", "255 51", "--normalize"), "1 0.2\n"),
    ],
)  # fmt: skip
def test_answers(convcalc: Convcalc, words: tuple[str, ...], answer: str | None) -> None:
    ran = convcalc(*words)
    assert (ran.stderr, ran.status) == ("", 0)
    exactly = "".join(f"{line}\n" for line in ran.stdout.splitlines() if not line.startswith("#"))
    assert answer in (None, ran.answer, exactly)
    assert np.loadtxt(io.StringIO(ran.stdout), ndmin=2).size


@pytest.mark.parametrize(
    ("words", "status", "message", "hint"),
    [
        (("conv", "-i", GRID, "-k", "sobl"), 2, "there is no kernel named 'sobl'", "did you mean sobel"),
        (("conv", "-i", "grid.tx", "-k", "edge"), 1, "there is no file 'grid.tx'", "name a file"),
        (("conv", "-i", "1 2; 3 x", "-k", "edge"), 1, "--input:1:8: 'x' is not a number", "numbers look like"),
        (("conv", "-i", GRID, "-k", "1 0; x"), 1, "--kernel:1:6: 'x' is not a number", "numbers look like"),
        (("conv", "-i", GRID), 2, "there is no kernel", "--kernel edge"),
        (("conv", "edge", "-k", "edge", "-i", GRID), 2, "there are two kernels, 'edge' and 'edge'", "a grid goes after --input; what stands alone is the kernel"),
        (("conv", "-i", "-", "-k", "-"), 2, "cannot both be standard input", "name a file"),
        (("conv", "-k", "edge"), 2, "there is no input grid: 'edge' is the kernel", "a grid goes after --input"),
        (("pool",), 2, "there is no input grid", "pipe one in"),
        (("lecture", "23"), 2, "the lecture has no row '23'", "4 convolution"),
        (("lecture", "99"), 2, "no row '99'", "4 convolution"),
        (("conv", "-i", "1 2; 1 2;; 3 4; 1 2", "-k", "1", "--per-channel", "--at", "2,0,1"), 1, "output[2,0,1] lies outside", "last cell is 1,1,1"),
        (("size", "-n", "28", "-O", "28", "-f", "4"), 1, "no stride and padding gives", "padding 'same' may be uneven"),
        (("conv", "-i", GRID, "-k", "edge", "-s", "0"), 2, "--stride 0: it must be at least 1", "--stride 2"),
        (("conv", "-i", GRID, "-k", "edge", "-s", "x"), 2, "'x' is not a whole number", "--stride 2"),
        (("conv", "-i", GRID, "-k", "edge", "-s", "-1"), 2, "-1 is negative", "--stride 2"),
        (("conv", "-i", GRID, "-k", "edge", "-p", "sam"), 2, "there is no such rule", "did you mean same?"),
        (("conv", "-i", GRID, "-k", "edge", "-p", "1,2,3"), 2, "3 numbers", "write 1, 2 or 4"),
        (("conv", "-i", GRID, "-k", "edge", "--at", "9,9"), 1, "output[9,9] lies outside the 4×4", "last cell is 3,3"),
        (("conv", "-i", GRID, "-k", "edge", "--at", "-1,0"), 1, "output[-1,0] lies outside", "count from 0"),
        (("conv", "-i", GRID, "-k", "edge", "--at", "1"), 1, "--at takes ROW,COL", "output is 4×4"),
        (("conv", "-i", GRID, "-k", "edge", "--steps", "few"), 2, "'few' is not a whole number", "--steps all"),
        (("conv", "-i", GRID, "-k", "edge", "--steps", "1", "--at", "0,0"), 2, "exclude each other", "leave one"),
        (("conv", "-i", GRID, "-k", "edge", "-b", "1,2"), 1, "1 filter cannot take 2 biases", "one bias per filter"),
        (("conv", "-i", "1\n\n2", "-k", "edge"), 1, "reads 1 channel, but the input has 2", "--per-channel"),
        (("conv", "-i", "1 2", "-k", "edge"), 1, "input is one row (1-D), but the kernel has 3", "a kernel of one row"),
        (("conv", "-i", GRID, "-k", "edge", "--per-channel", "-g", "2"), 2, "exclude each other", "leave one"),
        (("conv", "-i", GRID, "-k", "edge", "--strid", "2"), 2, "no such option: --strid", "--help"),
        (("conv", "-i", GRID, "-k", "edge", "--pad-mode", "mirrored"), 2, "no padding mode 'mirrored'", "the modes are zeros"),
        (("pool", "mx", "-i", GRID), 2, "'mx' is no kind of pooling", "did you mean max?"),
        (("pool", "sum", "-i", GRID, "--divisor", "2"), 2, "--divisor does nothing to sum", "it goes with avg"),
        (("pool", "-i", GRID, "-p", "2"), 1, "more than half the pooling window", "at most 1"),
        (("pool", "-i", GRID, "-p", "full"), 2, "nothing but padding", "same, valid"),
        (("pool", "-i", GRID, "--global", "-w", "2"), 2, "does not go with --window", "leave one"),
        (("pool", "-i", GRID, "--norm", "3"), 2, "--norm does nothing to max pooling", "lp"),
        (("pool", "-i", GRID, "--no-count-pad"), 2, "--no-count-pad does nothing to max pooling", "avg"),
        (("pool", "-i", GRID, "--window", ""), 2, "a number is missing", "--window 2"),
        (("pool", "lp", "-i", GRID, "--norm", "999999"), 1, "from 1 to 64", "2 is usual"),
        (("pool", "file.txt"), 2, "'file.txt' is no kind of pooling", "--input"),
        (("conv", "-i", GRID, "-k", "edge", "--as", "fft"), 2, "'fft' is not one of", "--help"),
        (("conv", "-i", GRID, "-k", "edge", "--reads", "6,0"), 1, "the input has no cell [6,0]", "the last is 5,5"),
        (("conv", "-i", GRID, "-k", "edge", "--reads", "1,1", "--as", "matmul"), 2, "exclude each other", "leave one"),
        (("conv", "-i", GRID, "-k", "edge", "--reads", "1,1", "--at", "0,0"), 2, "shows no steps", "leave"),
        (("conv", "-i", GRID, "-k", "edge", "--wrt", "bias"), 2, "--wrt does nothing without", "--backward 1"),
        (("conv", "-i", GRID, "-k", "edge", "--backward", "1 2"), 1, "the gradient is 1×2, but the output is 4×4", "or 1"),
        (("conv", "-i", GRID, "-k", "edge", "--backward", "1", "--wrt", "kernel", "--at", "3,0"), 1, "lies outside", "2,2"),
        (("pool", "-i", GRID, "--backward", "1 2"), 1, "the gradient is 1×2, but the output is 3×3", "or 1"),
        (("conv", "-i", "1\n\n2", "-k", "1", "--all-channels", "--backward", "1"), 2, "does not go with --backward", "each channel"),
        (("conv", "-i", GRID, "-k", "edge", "--reads", "3"), 2, "--reads 3: it takes ROW,COL", "counted from 0"),
        (("conv", "-i", "1 2; 5 6;; 3 4; 7 8", "-k", "1;;1", "--reads", "0,0"), 2, "it takes CHANNEL,ROW,COL", "counted from 0"),
        (("loss", "ce", "-i", "1;2;3", "-t", "1"), 1, "needs at least 2 classes, and each row has 1", "convcalc flatten"),
        (("elu", "-i", "-1", "--alpha", "1" + "0" * 400), 1, "larger than a float can hold", "scale"),
        (("conv-transpose", "-i", "1 2; 3 4", "-k", "1 2; 3 4", "-p", "2"), 1, "cuts off all 3", "at most 1 at each end"),
        (("conv-transpose", "-i", GRID), 2, "there is no kernel", "edge"),
        (("conv-transpose", "-i", GRID, "-k", "edge", "-p", "same"), 2, "a convolution's word", "as in 1"),
        (("conv-transpose", "-i", GRID, "-k", "edge", "--output-padding", "1"), 1, "output padding of 1 is too much", "0"),
        (("relu", "-i", GRID, "--at", "6,6"), 1, "output[6,6] lies outside", "5,5"),
        (("leaky-relu", "-i", GRID, "--slope", "x"), 2, "--slope: 'x' is not a number", "numbers look like"),
        (("softmax", "-i", GRID, "--axis", "2"), 1, "the grid has no axis 2", "0 (6 rows) and 1 (6 columns)"),
        (("softmax", "-i", GRID, "--at", "9,9"), 1, "the grid has no cell [9,9]", "6 rows"),
        (("flatten", "-i", GRID, "--at", "0,0"), 2, "--at does nothing to flatten", "place"),
        (("linear", "-i", "1 2"), 2, "there are no weights", "-W"),
        (("linear", "-W", "1 2"), 2, "there is no input grid: '1 2' are the weights", "--input"),
        (("linear", "1 2", "-W", "1 2", "-i", "1 2"), 2, "there are two weights", "what stands alone are the weights"),
        (("linear", "-i", "1 2 3", "-W", "1; 2; 3"), 1, "take 1 input, but there are 3", "--transpose takes them so"),
        (("linear", "-i", "1 2", "-W", "1 2", "-b", "1 2; 3 4"), 1, "must be one row or one column", "per output"),
        (("loss", "msr", "-i", "1", "-t", "1"), 2, "'msr' is no loss", "did you mean mse?"),
        (("loss", "mse", "-i", "1", "-t", "1", "--logits"), 2, "--logits does nothing to mse", "bce"),
        (("loss", "ce", "-i", "1 2", "-t", "1", "--logits"), 2, "--logits does nothing to cross-entropy", "already"),
        (("loss", "bce", "-i", "1", "-t", "1", "--probabilities"), 2, "--probabilities does nothing to bce", "already"),
        (("loss", "mse", "-i", "1 2", "-t", "1"), 1, "the target is 1×1, but the input is 1×2", "one target a cell"),
        (("loss", "mse", "-i", "1 2"), 2, "missing option '--target'", "--help"),
        (("loss", "mse", "-i", "1", "-t", "1", "--at", "0"), 2, "--at does nothing to loss", "--steps"),
        (("show", "-i", ""), 1, "--input is empty", "name a file"),
        (("show", "-i", GRID, "-o", ""), 2, "--output is empty", "name a file"),
        (("show", "-i", "300 -5", "--normalize"), 1, "reach from -5 to 300", "--normalize"),
        (("pad", GRID, GRID), 2, "unexpected extra argument", "a grid goes after --input"),
        (("size", "7", "3"), 2, "unexpected extra argument", "-n 7 -f 3"),
        (("conv", "-i", "1 2", "-1 0"), 2, "no such option: -1", "begins with a minus"),
        (("conv", "-i", GRID, "-k", ""), 1, "--kernel is empty", "name a file"),
        (("conv", "-i", GRID, "-k", "a" * 300), 2, "no kernel named", "lists all"),
        (("show", "-i", "a" * 300 + "/b.txt"), 1, "there is no file", "name a file"),
        (("pad", "-i", "1 2; 3 4", "-p", "9" * 18), 1, "the padded grid would have", "pad by less"),
        (("kernels", "edge", "-i", "1\n\n2"), 1, "the sample has 3 dimensions", "one channel"),
        (("pool", "-i", GRID, "--adaptive", "0"), 2, "must be at least 1", "2x2"),
        (("pad", "-i", GRID, "-p", "same"), 2, "depends on a kernel", "write a number"),
        (("pad", "-i", GRID, "-p", "6", "--pad-mode", "reflect"), 1, "needs more than the 6 rows", "at most 5"),
        (("size", "-n", "7"), 2, "-f is missing", "-f 3"),
        (("size", "-f", "7"), 2, "-n is missing", "-n 7"),
        (("size", "-n", "7", "-f", "9"), 1, "kernel of 9 cells does not fit an input of 7", "padding of at least 1"),
        (("size", "-n", "7", "-f", "3", "-s", "0"), 2, "-s 0: it must be at least 1", "-s 3"),
        (("size", "-n", "7", "-f", "3", "-s", "3", "--convention", "textbook"), 1, "not whole", "stride 2 (→ 3)"),
        (("size", "-n", "227", "-f", "11", "-p", "0", "-O", "60"), 1, "no stride gives", "55 and 73"),
        (("size", "-n", "7,8", "-O", "3"), 2, "-O takes single numbers", "one axis at a time"),
        (("size", "-n", "7", "-f", "3", "-s", "2", "-p", "0", "-d", "1", "-O", "3"), 1, "nothing is left out", "leave one"),
        (("size", "-n", "2270", "-O", "550"), 1, "no kernel, stride and padding gives", "give -f or -s to look further"),
        (("size", "-n", "7", "-f", "3", "-O", "3", "--filters", "6"), 2, "--filters does not go with -O", "find the size"),
        (("size", "-n", "7", "-f", "3", "-s", "2", "-p", "same", "--convention", "torch"), 1, "PyTorch refuses", "another"),
        (("size", "-n", "1" + "0" * 30, "-f", "3"), 2, "is too large, of more than 18 digits", "-n 7"),
        (("kernels", "gausian"), 2, "no kernel named 'gausian'", "gaussian"),
        (("kernels", "-q"), 2, "--quiet needs a kernel's name", "kernels edge -q"),
        (("lecture", "poolim"), 2, "no row 'poolim'", "did you mean pooling?"),
        (("cnv",), 2, "there is no command 'cnv'", "did you mean conv?"),
        (("show", "-i", GRID, "-o", "x.pdf"), 1, "does not write .pdf", ".npy"),
        (("show", "-i", GRID, "-o", "nowhere/x.txt"), 1, "cannot write 'nowhere/x.txt': No such file", "folder"),
        (("show", "-i", GRID, "-o", "x.npy", "--format", "csv"), 2, "does not go with a .npy file", "leave one"),
    ],
)  # fmt: skip
def test_refusals(convcalc: Convcalc, words: tuple[str, ...], status: int, message: str, hint: str) -> None:
    ran = convcalc(*words)
    assert (ran.stdout, ran.status) == ("", status)
    assert message in ran.stderr
    assert hint in ran.stderr.splitlines()[-1]
    assert ran.stderr.splitlines()[-1].startswith("hint: ")


def test_an_error_in_a_file_shows_the_line_and_a_caret(convcalc: Convcalc, tmp_path: Path) -> None:
    path = tmp_path / "grid.txt"
    path.write_text("1 2 3\n4 5 6\n7 8 x1\n")
    ran = convcalc("conv", "-i", str(path), "-k", "edge")
    assert ran.stderr == (
        f"convcalc: {path}:3:5: 'x1' is not a number\n"
        "  7 8 x1\n"
        "      ^^\n"
        "hint: numbers look like 3, -2, 0.5, 1e-3 or 1/9; # starts a comment\n"
    )


def test_a_caret_stays_under_its_word_in_a_long_line(convcalc: Convcalc) -> None:
    ran = convcalc("show", "-i", "1 " * 500 + "x")
    _, text, caret, _ = ran.stderr.splitlines()
    assert len(text) < 80
    assert text[caret.index("^")] == "x"


def test_a_row_of_several_in_a_line_has_its_own_caret(convcalc: Convcalc) -> None:
    ran = convcalc("show", "-i", "1 2; 3 4 5")
    assert ran.stderr.splitlines()[:3] == [
        "convcalc: --input:1:6: row 2 has 3 numbers, but the row above has 2", "  1 2; 3 4 5", "       ^",
    ]  # fmt: skip


@pytest.mark.parametrize("word", ["1e308 -1e308", "1" + "0" * 400 + " 1/3", "1" + "0" * 400 + "/3 1", "0 0", "1/3 1/3"])
def test_any_grid_can_be_shaded_and_shown_and_read_back(convcalc: Convcalc, word: str) -> None:
    ran = convcalc("show", "-i", word, "--heat")
    assert (ran.status, ran.stderr) == (0, "")
    assert convcalc("show", "-q", stdin=ran.stdout).stdout == convcalc("show", "-q", "-i", word).stdout


@pytest.mark.parametrize(
    ("precision", "word", "shown"),
    [
        ("2", "1234567890123.456", "1234567890123.46"),
        ("0", "-0.4 0.6", "0 1"),
        ("2", "1/3 2/3", "0.33 0.67"),
        ("3", "1e-9", "0"),
    ],
)
def test_a_precision_asked_for_is_that_many_decimals(convcalc: Convcalc, precision: str, word: str, shown: str) -> None:
    assert convcalc("show", "-i", word, "--precision", precision, "-q").stdout == f"{shown}\n"
    style = convcalc("show", "-i", word, "--precision", precision, "--format", "json", "-q").stdout
    assert json.loads(style) == [[float(number) for number in shown.split()]]


def test_json_of_float32_has_its_own_digits(convcalc: Convcalc, tmp_path: Path) -> None:
    np.save(tmp_path / "g.npy", np.array([[0.1]], dtype=np.float32))
    assert convcalc("show", "-i", str(tmp_path / "g.npy"), "--format", "json", "-q").stdout == "[[0.1]]\n"


def test_long_products_chain(convcalc: Convcalc) -> None:
    word = "9" * 900
    product = convcalc("conv", "-i", word, "-k", word, "-q").stdout
    assert convcalc("show", "-q", stdin=product).stdout == product
    assert int(product) == int(word) ** 2


def test_a_comment_with_a_carriage_return_hides_no_row(convcalc: Convcalc) -> None:
    ran = convcalc("show", stdin="# a\x0c9 9\n1 2\n")
    assert np.loadtxt(io.StringIO(ran.stdout)).tolist() == [1, 2]


def test_comments_of_both_grids_are_handed_on(convcalc: Convcalc, tmp_path: Path) -> None:
    ran = convcalc("conv", "-k", "1", stdin="# mine\n1 2\n# more\n")
    assert ran.stdout.startswith("# mine\n# more\n#\n# conv")


def test_terms_stand_column_by_column_when_asked(convcalc: Convcalc) -> None:
    assert "max(1, 3, 2, 4) = 4" in convcalc("pool", "-i", "1 2; 3 4", "--order", "column").stdout
    assert "(1 + 3 + 2 + 4)/4" in convcalc("pool", "avg", "-i", "1 2; 3 4", "--order", "column").stdout


def test_too_many_combinations_are_refused(convcalc: Convcalc) -> None:
    many = ",".join(str(n) for n in range(10, 50))
    ran = convcalc("size", "-n", many, "-f", "3,4,5,6", "-s", "1,2,3", "-p", "0,1,2")
    assert (ran.status, "1,440 combinations" in ran.stderr) == (2, True)


def test_control_signs_in_a_file_never_reach_the_terminal(convcalc: Convcalc, tmp_path: Path) -> None:
    path = tmp_path / "grid.txt"
    path.write_text("1 \x1b[31mx\n")
    assert "\x1b" not in convcalc("show", "-i", str(path)).stderr


def test_comments_from_standard_input_are_handed_on_in_order(convcalc: Convcalc) -> None:
    first = convcalc("conv", "edge", "--at", "0,0", stdin=Path(GRID).read_text(encoding="utf-8"))
    second = convcalc("pool", "max", stdin=first.stdout)
    work = [line for line in first.stdout.splitlines() if line.startswith("#")]
    assert second.stdout.splitlines()[: len(work)] == work
    assert second.answer == "-2 8\n0 -3\n"
    assert np.loadtxt(io.StringIO(second.stdout)).tolist() == [[-2, 8], [0, -3]]


def test_quiet_drops_the_work_and_what_was_handed_on(convcalc: Convcalc) -> None:
    assert convcalc("conv", "edge", "-q", stdin=Path(GRID).read_text(encoding="utf-8")).stdout == EXAMPLE_ANSWER


def test_a_kernel_from_standard_input(convcalc: Convcalc) -> None:
    ran = convcalc("conv", "-i", GRID, "-k", "-", stdin="# mine\n1 0 -1; 1 0 -1; 1 0 -1")
    assert ran.answer == EXAMPLE_ANSWER
    assert ran.stdout.startswith("# mine\n")


def test_exact_fractions_survive_a_chain(convcalc: Convcalc) -> None:
    blurred = convcalc("conv", "-i", GRID, "-k", "box", stdin=None)
    again = convcalc("conv", "-k", "9 0; 0 9", "-q", stdin=blurred.stdout)
    assert again.answer.splitlines()[0] == "70 78 76"


def test_json_standard_input(convcalc: Convcalc) -> None:
    assert convcalc("pool", stdin="[[1, 2], [3, 4]]").answer == "4\n"


@pytest.mark.parametrize("style", ["csv", "tsv", "json", "plain"])
def test_formats_read_back(convcalc: Convcalc, tmp_path: Path, style: str) -> None:
    words = ("conv", "-i", "samples/rgb-4x4.txt", "-k", "samples/two-filters.txt")
    text = convcalc(*words, "--format", style).stdout
    path = tmp_path / f"answer.{style}"
    path.write_text(text, encoding="utf-8")
    assert convcalc("show", "-i", str(path), "-q").stdout == convcalc(*words, "-q").stdout


@pytest.mark.parametrize("suffix", ["txt", "csv", "tsv", "json", "npy"])
def test_output_files_read_back(convcalc: Convcalc, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"answer.{suffix}"
    ran = convcalc("conv", "-i", GRID, "-k", "edge", "-o", str(path))
    assert (ran.stdout, ran.stderr) == ("", f"wrote the 4×4 answer to {path}\n")
    assert convcalc("show", "-i", str(path), "-q").stdout == EXAMPLE_ANSWER


def test_a_failed_command_leaves_no_file(convcalc: Convcalc, tmp_path: Path) -> None:
    path = tmp_path / "answer.txt"
    assert convcalc("conv", "-i", GRID, "-k", "edge", "--at", "9,9", "-o", str(path)).status == 1
    assert not list(tmp_path.iterdir())


def test_json_of_a_batch_has_four_dimensions(convcalc: Convcalc) -> None:
    ran = convcalc("pool", "--format", "json", "-q", stdin="1 2; 3 4\n---\n5 6; 7 8")
    assert json.loads(ran.stdout) == [[[[4]]], [[[8]]]]


def test_a_batch_chains(convcalc: Convcalc) -> None:
    first = convcalc("conv", "1", "--steps", "none", stdin="1 2; 3 4\n---\n5 6; 7 8")
    assert convcalc("pool", "-q", stdin=first.stdout).stdout == "4\n# ---\n8\n"


@pytest.mark.parametrize("words", [(), ("--help",), ("conv", "--help"), ("size", "-h"), ("--version",)])
def test_help_and_version(convcalc: Convcalc, words: tuple[str, ...]) -> None:
    ran = convcalc(*words)
    assert ran.status == 0
    assert "convcalc" in ran.stdout


def test_steps_default_to_all_of_a_few_and_the_ends_of_many(convcalc: Convcalc) -> None:
    few = convcalc("conv", "-i", GRID, "-k", "edge").stdout
    assert few.count("# step ") == 16
    many = convcalc("conv", "-i", GRID, "-k", "1", "-p", "2").stdout
    assert [line.split(" ·")[0] for line in many.splitlines() if line.startswith("# step")] == [
        "# step 1 of 100", "# step 2 of 100", "# step 3 of 100", "# step 100 of 100",
    ]  # fmt: skip
    assert "… 96 more steps" in many


def test_ascii_only_when_asked_or_when_the_locale_says_c(convcalc: Convcalc, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("conv", "-i", GRID, "-k", "box", "-p", "1", "--at", "0,0")
    asked = convcalc(*words, "--ascii").stdout
    assert asked.isascii()
    monkeypatch.setenv("LC_ALL", "C")
    assert convcalc(*words).stdout == asked


@pytest.mark.slow
def test_a_grid_of_a_hundred_million_cells_is_refused_not_held(convcalc: Convcalc) -> None:
    class Endless(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: object) -> int:
            view = memoryview(buffer)  # type: ignore[arg-type]
            view[:] = (b"1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6\n" * (len(view) // 32 + 1))[: len(view)]
            return len(view)

    from convcalc.errors import InputError
    from convcalc.matrix_io.files import read_grid

    with pytest.raises(InputError, match="more than 16,777,216 cells"):
        read_grid("-", stdin=io.BufferedReader(Endless()))
