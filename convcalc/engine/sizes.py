"""The output-size formula turned every way: by convention, for what is missing, and to what would fit. No numpy."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from convcalc.choices import Convention
from convcalc.engine.geometry import Axis
from convcalc.errors import InputError

SMALL_KERNEL, SMALL_STRIDE = 11, 8
"""How far `solve` looks when more than one thing is missing."""

MOST_ANSWERS = 200

ENUMERATED = 1 << 14
"""Inputs up to this long have their unread cells listed one by one."""


class Ruling(NamedTuple):
    """What a convention makes of one axis: its output, or None where it refuses; and its rule in words."""

    convention: Convention
    output: int | None
    rule: str


def rule(axis: Axis, convention: Convention, *, same: bool = False) -> Ruling:
    """Return what a convention makes of `axis`; `same` says that its padding was asked for by that word.

    >>> rule(Axis(7, 3, stride=3), Convention.TORCH).output
    2
    >>> rule(Axis(7, 3, stride=3), Convention.TEXTBOOK).output is None
    True
    """
    ceil_rule = "⌈(N + 2P − F)/S⌉ + 1" if axis.ceil else "⌊(N + 2P − F)/S⌋ + 1"
    if convention == Convention.TEXTBOOK:
        whole = axis.exact.denominator == 1
        return Ruling(convention, int(axis.exact) if whole else None, "(N + 2P − F)/S + 1 must be whole")
    if same and convention == Convention.TORCH and axis.stride > 1:
        return Ruling(convention, None, "padding 'same' needs a stride of 1")
    if same:
        upper = " (SAME_UPPER; SAME_LOWER adds an odd cell in front)" if convention == Convention.ONNX else ""
        return Ruling(convention, axis.output, f"'same' gives ⌈N/S⌉{upper}")
    if axis.ceil and convention == Convention.TF:
        return Ruling(convention, None, "there is no ceil mode; padding 'same' rounds up")
    if axis.ceil and convention == Convention.ONNX:
        plain = -(-axis.room // axis.stride) + 1
        return Ruling(convention, plain, f"{ceil_rule}, even if the last window starts in the padding (opset < 22)")
    if axis.ceil:
        return Ruling(
            convention, axis.output, f"{ceil_rule}, but the last window must start inside the input or its left padding"
        )
    words = {Convention.TF: " (numbers of padding: tf.pad, then VALID)"}
    padded = words.get(convention, "") if axis.before or axis.after else ""
    return Ruling(convention, axis.output, ceil_rule + padded)


class Fit(NamedTuple):
    """A change of one thing that makes the formula whole: the option, its new value, and the output."""

    what: str
    value: str
    output: int


def nearest_fits(axis: Axis) -> Iterator[Fit]:
    """Yield the nearest strides, paddings, inputs and kernels for which the window ends exactly at the edge.

    >>> [(fit.what, fit.value, fit.output) for fit in nearest_fits(Axis(7, 3, stride=3))][:4]
    [('stride', '2', 3), ('stride', '4', 2), ('padding', '1', 3), ('input', '6', 2)]
    """
    candidates: tuple[tuple[str, Iterable[int]], ...] = (
        ("stride", (axis.stride + step for step in _outwards(axis.stride))),
        ("padding", (min(axis.before, axis.after) + step for step in _outwards(axis.stride))),
        ("input", (axis.size + step for step in _outwards(axis.stride))),
        ("kernel", (axis.kernel + step for step in _outwards(axis.stride))),
    )
    for what, values in candidates:
        distance = None
        for value in values:
            changed = _changed(axis, what, value)
            if changed is None or changed.exact.denominator != 1:
                continue
            start = {"stride": axis.stride, "padding": min(axis.before, axis.after), "input": axis.size}
            away = abs(value - start.get(what, axis.kernel))
            if distance is not None and away > distance:
                break
            yield Fit(what, str(value), changed.output)
            distance = away
    uneven = -axis.room % axis.stride
    if uneven % 2:
        yield Fit("padding", f"{axis.before}+{axis.after + uneven}", axis.room // axis.stride + 2)


def _outwards(reach: int) -> Iterator[int]:
    """Yield −1, 1, −2, 2, … as far as a fit can lie; a thousand is plenty."""
    return itertools.chain.from_iterable((-step, step) for step in range(1, min(reach, 1000) + 1))


def _changed(axis: Axis, what: str, value: int) -> Axis | None:
    try:
        if what == "padding":
            more = value - min(axis.before, axis.after)
            return replace(axis, before=axis.before + more, after=axis.after + more)
        if what == "input":
            return replace(axis, size=value)
        return replace(axis, stride=value) if what == "stride" else replace(axis, kernel=value)
    except InputError:
        return None


def unread_ranges(axis: Axis) -> list[tuple[int, int]]:
    """Return the runs (first, last) of input cells that no window reads; of a very long input, the last only.

    >>> unread_ranges(Axis(9, 1, stride=4)), unread_ranges(Axis(7, 3, stride=3))
    ([(1, 3), (5, 7)], [(6, 6)])
    """
    if axis.size > ENUMERATED:
        end = axis.inside(axis.output - 1).stop - axis.before
        return [(end, axis.size - 1)] if end < axis.size else []
    runs: list[tuple[int, int]] = []
    for cell in axis.unread():
        if runs and runs[-1][1] == cell - 1:
            runs[-1] = (runs[-1][0], cell)
        else:
            runs.append((cell, cell))
    return runs


class SizeQuestion(NamedTuple):
    """A size question, any number of whose parts may be missing (None)."""

    size: int | None
    kernel: int | None
    stride: int | None
    padding: int | None
    dilation: int | None
    ceil: bool = False

    def missing(self) -> list[str]:
        """Return the names of what is to be found; the dilation only if everything else is given."""
        parts = {"input": self.size, "kernel": self.kernel, "stride": self.stride, "padding": self.padding}
        names = [name for name, value in parts.items() if value is None]
        return names if names or self.dilation is not None else ["dilation"]


def solve(question: SizeQuestion, output: int, *, must_divide: bool = False) -> list[Axis]:
    """Return ways to fill in what is missing so that the output is `output`, exact fits first.

    With one thing missing, all answers are found (the first 200, if there are more). With several, kernels go up
    to 11, strides to 8 (and the kernel) and padding to half the kernel. With `must_divide`, only exact fits count.
    Raises InputError if there is none, naming the nearest outputs that can be had.

    >>> [(a.kernel, a.stride, a.before) for a in solve(SizeQuestion(227, None, None, None, None), 55)][0]
    (11, 4, 0)
    """
    if output < 1:
        raise InputError(f"the output size must be at least 1, not {output}", hint="try 1")
    missing = question.missing()
    if not missing:
        raise InputError("nothing is left out, so there is nothing to find", hint="leave one of -n -f -s -p -d out")
    fitting = (
        axis
        for axis in _candidates(question, output)
        if axis.output == output and not (must_divide and axis.exact.denominator != 1)
    )
    answers = list(itertools.islice(fitting, MOST_ANSWERS))
    if not answers:
        raise InputError(f"no {listed(missing)} gives an output of {output}", hint=_instead(question, output))
    return sorted(answers, key=lambda axis: axis.exact.denominator != 1)


def looked(missing: list[str]) -> str:
    """Say how far `solve` looks for what is missing, when that is more than one thing."""
    reach = {
        "kernel": f"kernels to {SMALL_KERNEL}",
        "stride": f"strides to {SMALL_STRIDE} and the kernel",
        "padding": "equal padding to half the kernel",
    }
    return f"{listed([reach[name] for name in missing if name in reach])} were tried"


def listed(words: list[str]) -> str:
    """Write words as a list in a sentence.

    >>> listed(["kernel", "stride", "padding"])
    'kernel, stride and padding'
    """
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _candidates(question: SizeQuestion, output: int) -> Iterator[Axis]:
    """Yield the ways to fill in what is missing that may give `output`."""
    missing = question.missing()
    fillings = _one_missing(question, output) if len(missing) == 1 else _several_missing(question, output)
    for size, kernel, stride, padding, dilation in fillings:
        try:
            yield Axis(size, kernel, stride, padding, padding, dilation, question.ceil)
        except InputError:
            continue


Filling = tuple[int, int, int, int, int]
"""N, F, S, P and D."""


def _one_missing(question: SizeQuestion, output: int) -> Iterator[Filling]:
    """Yield every value of the one missing number, from the exact fit onwards.

    The window's travel, t = N + 2P − F, is (O − 1)·S if it fits exactly and less than O·S; with ceil it may fall
    short of the exact fit by less than S.
    """
    n, f, s, p, d = question.size, question.kernel, question.stride, question.padding, question.dilation or 1
    if s is None:
        assert n is not None
        assert f is not None
        assert p is not None
        travel = n + 2 * p - (d * (f - 1) + 1)
        most = travel // (output - 1) + 1 if output > 1 else travel + 1
        if question.ceil and output > 1:
            most = travel // (output - 2) + 1 if output > 2 else n + p
        least = max(travel // (output + 1), 1)
        yield from ((n, f, stride, p, d) for stride in range(most, least - 1, -1))
        return
    exact = (output - 1) * s
    travels = itertools.chain(range(exact, exact + s), range(exact - 1, exact - s, -1) if question.ceil else ())
    for travel in travels:
        if n is None:
            assert f is not None
            assert p is not None
            yield travel - 2 * p + d * (f - 1) + 1, f, s, p, d
        elif f is None:
            assert p is not None
            taps, rest = divmod(n + 2 * p - travel - 1, d)
            if rest == 0:
                yield n, taps + 1, s, p, d
        elif p is None:
            twice = travel + d * (f - 1) + 1 - n
            if twice >= 0 and twice % 2 == 0:
                yield n, f, s, twice // 2, d
        else:
            dilation, rest = divmod(n + 2 * p - travel - 1, max(f - 1, 1))
            if rest == 0:
                yield n, f, s, p, dilation


def _several_missing(question: SizeQuestion, output: int) -> Iterator[Filling]:
    """Yield small values of everything that is missing; an input is the one that fits exactly."""
    kernels = range(1, SMALL_KERNEL + 1) if question.kernel is None else (question.kernel,)
    dilation = question.dilation or 1
    for kernel in kernels:
        strides = range(1, min(SMALL_STRIDE, kernel) + 1) if question.stride is None else (question.stride,)
        paddings = range(kernel // 2 + 1) if question.padding is None else (question.padding,)
        for stride, padding in itertools.product(strides, paddings):
            exact = (output - 1) * stride + dilation * (kernel - 1) + 1 - 2 * padding
            yield (exact if question.size is None else question.size), kernel, stride, padding, dilation


def _instead(question: SizeQuestion, output: int) -> str:
    """Return a hint: how far was looked, and the outputs nearest to the one asked for that can be had."""
    missing = question.missing()
    further = " or ".join(
        f"-{name[0] if name != 'kernel' else 'f'}" for name in missing if name in ("kernel", "stride")
    )
    range_note = (
        f"{looked(missing)}{f': give {further} to look further' if further else ''}; " if len(missing) > 1 else ""
    )
    if "padding" in missing:
        range_note += "padding 'same' may be uneven, which this is not; "
    others = {axis.output for axis in _near(question, output)} - {output}
    outputs = sorted(others, key=lambda got: abs(got - output))
    if not outputs:
        return range_note + "a smaller kernel, or a larger input, fits more often"
    return (
        f"{range_note}the nearest outputs that can be had are {' and '.join(str(got) for got in sorted(outputs[:2]))}"
    )


def _near(question: SizeQuestion, output: int) -> Iterator[Axis]:
    """Yield candidates for outputs around the one that cannot be had."""
    reach = range(max(output - 64, 1), output + 64)
    return itertools.chain.from_iterable(itertools.islice(_candidates(question, near), 64) for near in reach)


class Volume(NamedTuple):
    """What a convolution of `rows`×`columns` kernels over `channels` channels, with `filters` filters, holds."""

    rows: int
    columns: int
    channels: int
    filters: int

    @property
    def weights(self) -> int:
        """Weights of all the filters: O·(h·w·C)."""
        return self.filters * self.rows * self.columns * self.channels

    @property
    def parameters(self) -> int:
        """Weights, and a bias a filter: O·(h·w·C + 1).

        >>> Volume(5, 5, 3, 6).parameters
        456
        """
        return self.weights + self.filters

    def multiply_adds(self, rows: int, columns: int) -> int:
        """Return the multiply-adds of an output of `rows`×`columns` for every filter; biases are not counted."""
        return self.weights * rows * columns
