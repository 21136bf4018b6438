"""What a convolution is to do: its shapes and options, resolved once and checked, before any number is worked."""

from typing import NamedTuple

from convcalc.choices import PaddingRule
from convcalc.engine.geometry import Axis, Padding, padding_amounts
from convcalc.engine.naming import Naming
from convcalc.engine.padding import check_mode
from convcalc.engine.padding_modes import Border
from convcalc.engine.settings import Pair
from convcalc.errors import InputError

PLAIN = Border()


class Plan(NamedTuple):
    """Every decision of one convolution, checked: the two axes, and how many of what there are.

    The input is items × channels × H × W; the kernel filters × (channels / groups) × h × w.
    """

    items: int
    channels: int
    filters: int
    groups: int
    rows: Axis
    columns: Axis
    border: Border

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The output's shape: items, filters, rows, columns."""
        return self.items, self.filters, self.rows.output, self.columns.output

    @property
    def naming(self) -> Naming:
        """How its axes are named: as those of a single row, if the grid is one, and the kernel."""
        return Naming(self.rows.padded == 1 and self.rows.kernel == 1)

    @property
    def products(self) -> int:
        """How many multiply-adds the whole answer takes."""
        taps = self.rows.kernel * self.columns.kernel * (self.channels // self.groups)
        return taps * self.items * self.filters * self.rows.output * self.columns.output

    def channels_read(self, filter_: int) -> range:
        """Return the input channels that one filter reads: its group's."""
        width = self.channels // self.groups
        start = filter_ // (self.filters // self.groups) * width
        return range(start, start + width)


def plan(
    input_shape: tuple[int, ...],
    kernel_shape: tuple[int, ...],
    *,
    stride: Pair = 1,
    padding: Padding | int | str = 0,
    dilation: Pair = 1,
    groups: int = 1,
    border: Border = PLAIN,
) -> Plan:
    """Resolve and check a convolution of these four-dimensional shapes (N, C, H, W) and (O, C / groups, h, w).

    Raises InputError where channels, groups or sizes do not fit one another, saying which numbers disagree.

    >>> plan((1, 3, 32, 32), (6, 3, 5, 5)).shape
    (1, 6, 28, 28)
    """
    items, channels, height, width = input_shape
    filters, depth, kernel_height, kernel_width = kernel_shape
    _check_channels(channels, filters, depth, groups)
    naming = Naming(height == 1 and kernel_height == 1)
    if height == 1 and kernel_height > 1 and padding in (0, (0,), PaddingRule.VALID):
        raise InputError(
            f"the input is one row (1-D), but the kernel has {kernel_height}",
            hint='use a kernel of one row, as "1 0 -1" or difference; or pad the rows',
        )
    amounts, axes = naming.read_padding(padding), []
    lengths = ("rows", height, kernel_height), ("columns", width, kernel_width)
    steps, spreads = naming.read_pair(stride, "stride"), naming.read_pair(dilation, "dilation")
    for index, ((name, size, taps), step, apart) in enumerate(zip(lengths, steps, spreads, strict=True)):
        before, after = padding_amounts(amounts, index, size, taps, max(step, 1), apart)
        check_mode(border.mode, name, size, (before, after))
        axes.append(Axis(size, taps, step, before, after, apart, name=name))
    return Plan(items, channels, filters, groups, axes[0], axes[1], border)


def _check_channels(channels: int, filters: int, depth: int, groups: int) -> None:
    """Raise InputError where channels, filters and groups do not fit one another."""
    if groups < 1:
        raise InputError(f"the groups must be at least 1, not {groups}", hint="try 1")
    for what, number in (("input channel", channels), ("filter", filters)):
        if number % groups:
            plural = "" if number == 1 else "s"
            divisors = [str(d) for d in range(1, number + 1) if number % d == 0]
            raise InputError(
                f"{number} {what}{plural} cannot be divided into {groups} groups",
                hint=f"use groups that divide {number}: {', '.join(divisors[:8])}",
            )
    if depth * groups != channels:
        raise InputError(
            f"the kernel reads {depth} channel{'s' * (depth != 1)}"
            + (f" in each of {groups} groups" if groups > 1 else "")
            + f", but the input has {channels}",
            hint=_channel_hint(channels, filters, depth, groups),
        )


def _channel_hint(channels: int, filters: int, depth: int, groups: int) -> str:
    if depth == 1 and groups == 1:
        return "--per-channel runs it on each channel by itself; --all-channels adds up the channels"
    if channels == 1 and filters == 1:
        return f"for {depth} filters of one channel, separate them with a line of ---"
    if depth == channels and groups > 1:
        return "leave --groups out: this kernel already reads every channel"
    return f"give each filter {max(channels // groups, 1)} channels, separated by blank lines"
