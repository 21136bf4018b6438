"""The output-size formula turned every way: by convention, for what is missing, and to what would fit. No numpy."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from convcalc.choices import Convention
from convcalc.engine.geometry import Axis
from convcalc.errors import InputError

SMALL_KERNEL, SMALL_STRIDE = 11, 8
"""How far `solve` looks when more than one thing is missing."""

ENUMERATED = 1 << 14
"""Inputs up to this long have their unread cells listed one by one."""


@dataclass(frozen=True, slots=True)
class Ruling:
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
        return Ruling(convention, axis.output, "'same' gives ⌈N/S⌉")
    if axis.ceil and convention == Convention.TF:
        return Ruling(convention, None, "there is no ceil mode; padding 'same' rounds up")
    if axis.ceil and convention == Convention.ONNX:
        plain = -(-axis.room // axis.stride) + 1
        return Ruling(convention, plain, f"{ceil_rule}, even if the last window starts in the padding (opset < 22)")
    if axis.ceil:
        return Ruling(convention, axis.output, f"{ceil_rule}, but the last window starts before the right padding")
    words = {Convention.TF: " (numbers of padding: tf.pad, then VALID)"}
    padded = words.get(convention, "") if axis.before or axis.after else ""
    return Ruling(convention, axis.output, ceil_rule + padded)


@dataclass(frozen=True, slots=True)
class Fit:
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
        yield Fit("padding", f"{axis.before} before, {axis.after + uneven} after", axis.room // axis.stride + 2)


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


@dataclass(frozen=True, slots=True)
class Question:
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


def solve(question: Question, output: int) -> list[Axis]:
    """Return every small way to fill in what is missing so that the output is `output`; exact fits come first.

    With one thing missing every answer is found, but for an input, which is found for the exact fit and each
    length that rounds to it. With several, kernels go up to 11, strides to 8 and padding to half the kernel.

    >>> [(a.kernel, a.stride, a.before) for a in solve(Question(227, None, None, None, None), 55)][0]
    (11, 4, 0)
    """
    if output < 1:
        raise InputError(f"the output size must be at least 1, not {output}", hint="try 1")
    found = []
    for axis in _candidates(question, output):
        if axis.output == output and axis not in found:
            found.append(axis)
    found.sort(key=lambda axis: axis.exact.denominator != 1)
    if not found:
        raise InputError(
            f"no {' and '.join(question.missing()) or 'setting'} gives an output of {output}",
            hint=_closest(question, output),
        )
    return found


def _candidates(question: Question, output: int) -> Iterator[Axis]:
    missing = question.missing()
    alone = len(missing) == 1
    size, most = question.size, SMALL_KERNEL
    if size is not None and alone:
        most = size + 2 * (question.padding or 0)
    dilations = _choices(question.dilation, range(1, (size or 1) + 1) if missing == ["dilation"] else [1])
    kernels = _choices(question.kernel, range(1, min(most, 10_000) + 1))
    for dilation, kernel in itertools.product(dilations, kernels):
        extent = dilation * (kernel - 1) + 1
        reach = min(size or 0, 10_000) if alone else SMALL_STRIDE
        strides = _choices(question.stride, range(1, reach + 1) if alone else range(1, min(SMALL_STRIDE, kernel) + 1))
        pads = _choices(question.padding, range(min(output + extent, 10_000) + 1 if alone else kernel // 2 + 1))
        for stride, padding in itertools.product(strides, pads):
            exact = (output - 1) * stride + extent - 2 * padding
            lengths = range(max(exact, 1), exact + (stride if alone else 1))
            for length in _choices(size, lengths):
                try:
                    yield Axis(length, kernel, stride, padding, padding, dilation, question.ceil)
                except InputError:
                    continue


def _choices(given: int | None, otherwise: Iterable[int]) -> Iterable[int]:
    return otherwise if given is None else (given,)


def _closest(question: Question, output: int) -> str:
    """Return a hint: the outputs nearest to the one asked for that can be had."""
    outputs = sorted({axis.output for axis in _candidates(question, output)}, key=lambda got: abs(got - output))
    if not outputs:
        return "these numbers fit no window at all: try a smaller kernel"
    return f"the nearest outputs that can be had are {' and '.join(str(got) for got in sorted(outputs[:2]))}"
