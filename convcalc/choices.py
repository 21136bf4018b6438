"""The words a user types, as enums. Imports nothing of ours, so that ``--help`` stays quick."""

from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self


class Word(str, Enum):
    """An enum of words a user types: its value is the word, and where there is one, `record` holds all there is to it.

    (``enum.StrEnum`` came with Python 3.11; its one trait that matters here is that a word is written as it is typed.)
    """

    _value_: str
    record: Any

    def __new__(cls, word: str, record: Any = None) -> "Self":
        """Return a word, with its record."""
        member = str.__new__(cls, word)
        member._value_, member.record = word, record
        return member

    def __str__(self) -> str:
        return str(self.value)


class PaddingRule(Word):
    """Amounts of padding that follow from the kernel."""

    SAME = "same"
    SAME_LOWER = "same-lower"
    VALID = "valid"
    FULL = "full"

    @property
    def keeps_size(self) -> bool:
        """Whether it gives as many windows as there are cells."""
        return self in (PaddingRule.SAME, PaddingRule.SAME_LOWER)


class Reduction(Word):
    """What is made of a loss's terms."""

    MEAN = "mean"
    SUM = "sum"
    NONE = "none"


class TransposedReading(Word):
    """How a transposed convolution is read."""

    SCATTER = "scatter"
    ZEROS = "zeros"


class ConvolutionReading(Word):
    """How a convolution is read as one product of matrices."""

    MATMUL = "matmul"
    TOEPLITZ = "toeplitz"


class Gradient(Word):
    """With respect to what a gradient is the answer."""

    INPUT = "input"
    KERNEL = "kernel"
    BIAS = "bias"


class LinearGradient(Word):
    """With respect to what a gradient of a fully connected layer is the answer."""

    INPUT = "input"
    WEIGHTS = "weights"
    BIAS = "bias"


class WeightGradient(Word):
    """With respect to what a gradient of an activation that learns is the answer."""

    INPUT = "input"
    WEIGHT = "weight"


class AttentionGradient(Word):
    """With respect to what a gradient of an attention is the answer."""

    INPUT = "input"
    KEYS = "keys"
    VALUES = "values"


class NormGradient(Word):
    """With respect to what a gradient of a normalisation is the answer."""

    INPUT = "input"
    GAMMA = "gamma"
    BETA = "beta"


class UpsampleMode(Word):
    """How a grid is enlarged."""

    NEAREST = "nearest"
    BILINEAR = "bilinear"


class Order(Word):
    """The order in which a window's products are written."""

    ROW = "row"
    COLUMN = "column"


class Convention(Word):
    """Whose rule turns (N + 2P − F)/S + 1 into a whole number."""

    TORCH = "torch"
    TF = "tf"
    ONNX = "onnx"
    TEXTBOOK = "textbook"


class StoredFloat(Word):
    """The dtype of an array that is written."""

    FLOAT32 = "float32"
    FLOAT64 = "float64"


class PictureScale(Word):
    """How a grid's cells become light and dark in a picture."""

    SCALED = "scaled"
    CLIPPED = "clipped"
    SIGNED = "signed"
