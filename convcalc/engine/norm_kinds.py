"""Every normalisation, each in one record: which cells share a mean, and what its formula says."""

from fractions import Fraction
from typing import NamedTuple

from convcalc.choices import Word

EPS = Fraction(1, 100_000)
"""What is added to a variance, as in PyTorch."""


class NormRecord(NamedTuple):
    """A normalisation: what it does in a line, which cells share a mean, and what such a set is called."""

    summary: str
    shared: str
    noun: str


class NormKind(Word):
    """What is normalised together, by its command's name."""

    record: NormRecord

    BATCH = (
        "batch-norm",
        NormRecord(
            "Normalise each channel: its cells less their mean, over their standard deviation, times gamma, plus beta.",
            "each channel has a mean and a variance, over all items",
            "channel",
        ),
    )
    LAYER = (
        "layer-norm",
        NormRecord(
            "Normalise each row, or each item: its cells less their mean, over their standard deviation.",
            "each row (of several channels, each item) has a mean and a variance",
            "set",
        ),
    )
    GROUP = (
        "group-norm",
        NormRecord(
            "Normalise groups of channels: their cells less their mean, over their standard deviation.",
            "each item's groups of channels have a mean and a variance",
            "group",
        ),
    )
