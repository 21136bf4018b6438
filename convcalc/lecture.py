"""The lecture's exercises as data: what each asks, and the command lines that work it.

The commands are convcalc's own, with their grids written out, so that they can be pasted anywhere.
"""

from typing import NamedTuple

from convcalc.errors import UsageError, did_you_mean
from convcalc.lecture_files import BACKPROP, MYCNN, TINY_CNN

EXAMPLE = "3 0 1 2 7 4; 1 5 8 9 3 1; 2 7 2 5 1 3; 0 1 3 1 7 8; 4 2 1 6 2 8; 2 4 5 2 3 9"
EXAMPLE_MAP = "-5 -4 0 8; -10 -2 2 3; 0 -2 -4 -7; -3 -2 -3 -16"
STEP_EDGE = "10 10 10 0 0 0; 10 10 10 0 0 0; 10 10 10 0 0 0; 10 10 10 0 0 0; 10 10 10 0 0 0; 10 10 10 0 0 0"
GLYPH = "0 0 0 0 0 0 0; 0 1 1 1 1 1 0; 0 0 0 0 0 1 0; 0 0 0 0 1 0 0; 0 0 0 1 0 0 0; 0 0 1 0 0 0 0; 0 0 0 0 0 0 0"
POOL = "1 1 2 4; 5 6 7 8; 3 2 1 0; 1 2 3 4"
RGB_PATCH = "255 255; 0 51;; 255 128; 0 102;; 0 0; 255 204"
RGB = "1 0 2 1; 0 1 1 2; 2 1 0 0; 1 2 1 0;; 0 2 1 0; 1 1 0 2; 0 0 2 1; 2 1 0 1;; 2 1 0 1; 1 0 2 0; 0 2 1 1; 1 0 0 2"
TWO_FILTERS = (
    "1 0 -1; 1 0 -1; 1 0 -1;; 0 1 0; 1 -4 1; 0 1 0;; 0 0 0; 0 1 0; 0 0 0; ---; "
    "1 1 1; 0 0 0; -1 -1 -1;; 0 0 0; 0 1 0; 0 0 0;; -1 0 1; -1 0 1; -1 0 1"
)
SERIES = "2 2 3 7 9 9 8 4 3 3"
POOLED = "6 8; 3 4;; 1 0; 5 2"
FEATURES = "6 8 3 4"
WEIGHTS = "1 0 -1 2; 0.5 -1 1 0; -1 1 0 0.5"
LOGITS = "2 1 0.1"
SEVEN = (
    "0 0 9 13 16 16 4 0; 0 2 12 5 4 14 4 0; 0 0 0 0 5 13 0 0; 0 0 0 3 13 12 5 0; "
    "0 0 0 13 14 12 8 0; 0 0 0 13 6 0 0 0; 0 0 4 14 1 0 0 0; 0 0 14 7 0 0 0 0"
)


class Exercise(NamedTuple):
    """One thing to work: what to look at, and the words of the command line that shows it."""

    text: str
    words: tuple[str, ...]
    script: str | None = None
    """What is given to it on standard input."""


class Row(NamedTuple):
    """One row of the lecture: its number, the word it is asked for by, its title, and its exercises."""

    number: int
    topic: str
    title: str
    exercises: tuple[Exercise, ...]


ROWS = (
    Row(
        1,
        "images",
        "Images are numbers",
        (
            Exercise(
                "A black-and-white picture, 7×7: 1 is drawn, 0 is not. The numbers are all the computer has.",
                ("show", "-i", GLYPH, "--heat"),
            ),
        ),
    ),
    Row(
        2,
        "colour",
        "Colour: three channels of 8 bits",
        (
            Exercise(
                "8 bits a channel hold 0 to 255, so three channels make 256 × 256 × 256 = 16,777,216 colours. Before "
                "training the cells are brought to 0..1. A patch of 2×2: the channels are red, green and blue.",
                ("show", "-i", RGB_PATCH, "--normalize"),
            ),
        ),
    ),
    Row(
        3,
        "why-not-dense",
        "Why not fully connected",
        (
            Exercise(
                "A picture of 300×300×3 has 270,000 cells. A hidden unit that sees all of them is a filter as large as "
                "the picture; 1,000 of them have 270,000,000 weights, and 1,000 biases.",
                ("size", "-n", "300", "-f", "300", "--channels", "3", "--filters", "1000"),
            ),
            Exercise(
                "A convolution of the same picture with 1,000 filters of 5×5: each filter's weights serve every place, "
                "and a larger picture needs no more of them.",
                ("size", "-n", "300", "-f", "5", "--channels", "3", "--filters", "1000"),
            ),
            Exercise(
                "The two as a network's layers: the fully connected one holds some 3,550 times as much.",
                ("model", "Flatten(), Linear(1000)", "-i", "3x300x300"),
            ),
            Exercise("And the convolution:", ("model", "Conv2d(1000, 5)", "-i", "3x300x300")),
        ),
    ),
    Row(
        4,
        "convolution",
        "Convolution: the 6×6 example and the edge filter",
        (
            Exercise(
                "All sixteen sums; the slide goes down the columns of each window.",
                ("conv", "-i", EXAMPLE, "-k", "edge", "--order", "column"),
            ),
        ),
    ),
    Row(
        5,
        "edges",
        "Exercise: find the edge",
        (
            Exercise(
                "Three columns of 10, three of 0: where is the edge? (The slide prints five rows of the answer: a "
                "slip, for 6×6 and 3×3 give 4×4.)",
                ("conv", "-i", STEP_EDGE, "-k", "edge"),
            ),
        ),
    ),
    Row(
        6,
        "activation-maps",
        "Activation maps: many channels, many filters",
        (
            Exercise(
                "32×32×3 and six filters of 5×5, each of them 5×5×3: one feature map a filter.",
                ("size", "-n", "32", "-f", "5", "--channels", "3", "--filters", "6"),
            ),
            Exercise("The same as a layer of a network.", ("model", "Conv2d(3, 6, 5)", "-i", "3x32x32")),
            Exercise(
                "In small: three channels of 4×4, two filters of 3×3×3, a bias for each. Every step adds up the "
                "three channels and the bias.",
                ("conv", "-i", RGB, "-k", TWO_FILTERS, "-b", "1,0"),
            ),
        ),
    ),
    Row(
        7,
        "filters",
        "Different filters bring out different things",
        (Exercise("What every kernel of the gallery makes of one sample.", ("kernels", "--gallery")),),
    ),
    Row(
        8,
        "stride",
        "Stride and the size of the output",
        (
            Exercise(
                "7×7 and a 3×3 filter with strides 1, 2 and 3: the third does not fit.",
                ("size", "-n", "7", "-f", "3", "-s", "1,2,3"),
            ),
            Exercise("Stride 1.", ("size", "-n", "7", "-f", "3", "-s", "1")),
            Exercise("Stride 2.", ("size", "-n", "7", "-f", "3", "-s", "2")),
            Exercise("Stride 3: what 2.33 means, and what would fit.", ("size", "-n", "7", "-f", "3", "-s", "3")),
        ),
    ),
    Row(
        9,
        "padding",
        "Padding",
        (
            Exercise(
                "A border of one cell around 7×7: it becomes 9×9.",
                ("pad", "-i", GLYPH, "-p", "1"),
            ),
            Exercise(
                "A 3×3 filter now gives 7×7 again. In general, at stride 1 and for an odd F, a border of (F − 1)/2 "
                "keeps the size.",
                ("size", "-n", "7", "-f", "3", "-p", "1"),
            ),
            Exercise("(F − 1)/2 for filters of 3, 5 and 7.", ("size", "-n", "7", "-f", "3,5,7", "-p", "same")),
        ),
    ),
    Row(
        10,
        "activation",
        "Activation: a bend after each convolution",
        (
            Exercise("On the feature map of the 6×6 example: ReLU.", ("relu", "-i", EXAMPLE_MAP)),
            Exercise("The sigmoid.", ("sigmoid", "-i", EXAMPLE_MAP)),
            Exercise("And tanh.", ("tanh", "-i", EXAMPLE_MAP)),
        ),
    ),
    Row(
        11,
        "pooling",
        "Pooling: maximum and average",
        (
            Exercise("The largest of each 2×2 window; the windows do not overlap.", ("pool", "max", "-i", POOL)),
            Exercise("The mean of each window.", ("pool", "avg", "-i", POOL)),
            Exercise("On the feature map of the 6×6 example: the maximum.", ("pool", "max", "-i", EXAMPLE_MAP)),
            Exercise("And the average. Pooling has no parameters to learn.", ("pool", "avg", "-i", EXAMPLE_MAP)),
        ),
    ),
    Row(
        12,
        "flatten",
        "Flatten: from maps to a row",
        (Exercise("Two pooled maps become one row of eight.", ("flatten", "-i", POOLED)),),
    ),
    Row(
        13,
        "fully-connected",
        "The fully connected layer",
        (
            Exercise(
                "A matrix multiplication, then a bias: four features, three outputs.",
                ("linear", "-i", FEATURES, "-W", WEIGHTS, "-b", "1 0 -2"),
            ),
        ),
    ),
    Row(
        14,
        "softmax",
        "Softmax: probabilities that add to 1",
        (
            Exercise("Three logits become three probabilities.", ("softmax", "-i", LOGITS)),
            Exercise(
                "Only their differences count: with 998 added to each, the answer is the same.",
                ("softmax", "-i", "1000 999 998.1"),
            ),
        ),
    ),
    Row(
        15,
        "losses",
        "Losses: how wrong was it?",
        (
            Exercise(
                "The softmax loss: softmax and cross-entropy. The right class is 0.",
                ("loss", "cross-entropy", "-i", LOGITS, "-t", "0"),
            ),
            Exercise(
                "Sigmoid cross-entropy: each output is a yes or a no by itself.",
                ("loss", "bce", "--logits", "-i", "2 -1 0.5", "-t", "1 0 1"),
            ),
            Exercise("Euclidean: the mean squared error.", ("loss", "mse", "-i", "2.5 0 1", "-t", "3 -0.5 1")),
        ),
    ),
    Row(
        16,
        "pipeline",
        "The whole pipeline on one picture",
        (
            Exercise(
                "From pixels to probabilities: a small network whose weights were chosen by hand. This is the sample "
                "tiny-cnn.convcalc.",
                ("run", "-"),
                TINY_CNN,
            ),
            Exercise(
                "The same with trained weights: a network of two convolutions, on a digit of 8×8 cells. This is the "
                "sample digits.",
                ("model", "digits", "-i", SEVEN, "--weights", "trained"),
            ),
            Exercise(
                "Any of its numbers can be worked: row 3, column 5 of the first convolution's fourth map.",
                ("model", "digits", "-i", SEVEN, "--weights", "trained", "--at", "conv1:3,3,5"),
            ),
        ),
    ),
    Row(
        17,
        "pytorch",
        "The same in PyTorch: a class is read, not run",
        (
            Exercise(
                "Two convolutions, each followed by ReLU and a 2×2 max pooling; then a view and a fully connected "
                "layer. Its 12·4·4 inputs follow from the sizes before it. This is the sample mycnn.py. (The slide "
                "writes “Return out”; Python wants it small.)",
                ("model", "-", "-i", "1x28x28"),
                MYCNN,
            ),
        ),
    ),
    Row(
        18,
        "popular-networks",
        "Popular networks",
        (Exercise("Their parameters, counted layer by layer, beside the figures of the slide.", ("zoo",)),),
    ),
    Row(
        19,
        "transfer-learning",
        "Transfer learning: a new last layer, the rest frozen",
        (
            Exercise(
                "ResNet-50 for 10 classes: fc = Linear(2048, 10) takes the place of the last layer, and only it is "
                "trained.",
                ("model", "resnet50", "--classes", "10", "--freeze", "--depth", "1"),
            ),
        ),
    ),
    Row(
        20,
        "time-series",
        "Grids need not be images: a time series",
        (
            Exercise(
                "One row is a 1-D grid. Its change from cell to cell:", ("conv", "-i", SERIES, "-k", "difference")
            ),
            Exercise("The mean of every three cells:", ("conv", "-i", SERIES, "-k", "moving-average", "-p", "same")),
            Exercise("The maximum of every two:", ("pool", "max", "-i", SERIES)),
            Exercise("Two cells added at each end:", ("pad", "-i", SERIES, "-p", "2", "--pad-mode", "replicate")),
        ),
    ),
    Row(
        21,
        "flip",
        "“Convolution” in the books flips (rotates) the kernel",
        (
            Exercise(
                "Networks slide the kernel as it is (cross-correlation), and learn its weights, so that rotating "
                "it would change nothing. The 6×6 example again:",
                ("conv", "-i", EXAMPLE, "-k", "edge", "--steps", "1"),
            ),
            Exercise(
                "The books rotate it by 180° first. Edge rotated is its own negative, and so is the answer:",
                ("conv", "-i", EXAMPLE, "-k", "edge", "--flip", "--steps", "1"),
            ),
            Exercise(
                "That is no rule. A kernel that is its own rotation, as sharpen is, gives the same answer:",
                ("conv", "-i", EXAMPLE, "-k", "sharpen", "--flip", "--steps", "1"),
            ),
            Exercise(
                "Any other kernel gives a third answer, neither the same nor the negative. As it is:",
                ("conv", "-i", EXAMPLE, "-k", "1 2; 3 4", "--steps", "1"),
            ),
            Exercise("Rotated:", ("conv", "-i", EXAMPLE, "-k", "1 2; 3 4", "--flip", "--steps", "1")),
        ),
    ),
    Row(
        22,
        "backpropagation",
        "Backpropagation, step by step",
        (
            Exercise(
                "The example that the slides' credits name: two inputs, two hidden neurons, two outputs. Forward, "
                "line by line, to the loss:",
                ("run", "-"),
                BACKPROP,
            ),
            Exercise(
                "Backward, the last line first: what comes from behind, times the local derivative.",
                ("run", "-", "--backward", "--wrt", "w2", "--precision", "7"),
                BACKPROP,
            ),
            Exercise(
                "One step of gradient descent; the biases stay. The loss is a little lower:",
                ("run", "-", "--rate", "0.5", "--freeze", "b1", "--freeze", "b2", "--precision", "7"),
                BACKPROP,
            ),
            Exercise(
                "And 10,000 of them:",
                ("run", "-", "--rate", "0.5", "--freeze", "b1", "--freeze", "b2", "--times", "10000"),
                BACKPROP,
            ),
        ),
    ),
)


def find(word: str | None) -> tuple[Row, ...]:
    """Return the rows of a number or a topic (all, without a word); raise UsageError naming the nearest.

    >>> [row.number for row in find("pooling")], [row.topic for row in find("8")]
    ([11], ['stride'])
    """
    if word is None:
        return ROWS
    key = word.strip().lower().replace("_", "-").replace(" ", "-")
    rows = tuple(row for row in ROWS if key in (str(row.number), row.topic))
    rows = rows or tuple(row for row in ROWS if key.isalpha() and row.topic.startswith(key))
    if rows:
        return rows
    hint = did_you_mean(key, (row.topic for row in ROWS), _listing(), most=3)
    raise UsageError(f"the lecture has no row '{word}'", hint=hint)


def _listing() -> str:
    return f"the rows are {', '.join(f'{row.number} {row.topic}' for row in ROWS)}"
