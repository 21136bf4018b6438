"""The words a user types, as enums. Imports nothing of ours, so that ``--help`` stays quick."""

from enum import Enum


class Word(str, Enum):
    """An enum of words a user types: its value is the word.

    (``enum.StrEnum`` came with Python 3.11; this is its one trait that matters here.)
    """

    def __str__(self) -> str:
        return str(self.value)


class PadMode(Word):
    """What stands in the padding."""

    ZEROS = "zeros"
    REFLECT = "reflect"
    REPLICATE = "replicate"
    CIRCULAR = "circular"


class PaddingRule(Word):
    """Amounts of padding that follow from the kernel."""

    SAME = "same"
    VALID = "valid"
    FULL = "full"


class PoolKind(Word):
    """What a pooling window gives."""

    MAX = "max"
    AVG = "avg"
    MIN = "min"
    SUM = "sum"
    LP = "lp"


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


class Format(Word):
    """How the answer is written."""

    TABLE = "table"
    PLAIN = "plain"
    CSV = "csv"
    TSV = "tsv"
    JSON = "json"
