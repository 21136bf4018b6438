"""Activations of straight pieces, and one rational: exact wherever the cells are. See `activation_kinds`."""

from typing import TYPE_CHECKING, Any

from convcalc.engine.activation_record import ActivationRecord, Parameter
from convcalc.later import Later

if TYPE_CHECKING:
    import fractions
    import math

    import numpy as np

    from convcalc.engine import exact
    from convcalc.engine.exact import Array
else:
    fractions, math, np, exact = Later("fractions"), Later("math"), Later("numpy"), Later("convcalc.engine.exact")

RELU = ActivationRecord(
    formula="max(0, x)",
    summary="Rectify: max(0, x) of every cell. Negative cells become 0, the others stay.",
    of=lambda x, rest: np.asarray(np.maximum(x, 0)),
    of_cells=lambda cells: np.asarray(np.maximum(cells, 0)),
    exactly=lambda x: max(x, 0),
    derivative="1 if x > 0, else 0",
    slope=lambda x, rest: np.asarray((x > 0).astype(float)),
    slope_exactly=lambda x: int(x > 0),
    slope_written=lambda write, x, y: "",
    working=lambda write, x, parts: (f"max(0, {write(x)})",),
    is_likely=True,
)


def _leaky_integers(cells: "Array", over: int, slope: Any) -> "tuple[Array, int]":
    slope = fractions.Fraction(slope)
    factors = np.array([slope.numerator, slope.denominator], dtype=object)
    cells, (up, down) = exact.as_integers(exact.magnitude(cells) * exact.magnitude(factors), cells, factors)
    return np.where(cells < 0, cells * up, cells * down), over * slope.denominator


LEAKY_RELU = ActivationRecord(
    formula="max(0, x) + slope·min(0, x)",
    summary="Rectify, but let negative cells through by a small slope: max(0, x) + slope·min(0, x).",
    parameters=(Parameter("slope", "0.01", "What a negative cell is multiplied by."),),
    example="--slope 1/5",
    of=lambda x, rest, slope: np.asarray(np.maximum(x, 0) + slope * np.minimum(x, 0)),
    of_integers=_leaky_integers,
    exactly=lambda x, slope: max(x, 0) + slope * min(x, 0),
    derivative="1 if x > 0, else slope",
    slope=lambda x, rest, slope: np.where(x > 0, 1.0, slope),
    slope_exactly=lambda x, slope: 1 if x > 0 else slope,
    slope_written=lambda write, x, y, slope: "",
    parts=lambda x: (max(0, x), min(0, x)),
    working=lambda write, x, parts, slope: (
        f"max(0, {write(x)}) + {slope}×min(0, {write(x)})",
        f"{write(parts[0])} + {slope}×{write.factor(parts[1])}",
    ),
)

PRELU = ActivationRecord(
    formula="max(0, x) + weight·min(0, x)",
    summary="Rectify, but let negative cells through by a weight that is learned: one for all, or one a channel.",
    parameters=(Parameter("weight", "0.25", "What negative cells are multiplied by: one number, or one a channel."),),
    learns=True,
    example="--weight 0.5",
    of=lambda x, rest, weight: np.asarray(np.maximum(x, 0) + weight * np.minimum(x, 0)),
    of_integers=_leaky_integers,
    exactly=lambda x, weight: max(x, 0) + weight * min(x, 0),
    derivative="1 if x > 0, else weight",
    slope=lambda x, rest, weight: np.where(x > 0, 1.0, weight),
    slope_exactly=lambda x, weight: 1 if x > 0 else weight,
    slope_written=lambda write, x, y, weight: "",
    parts=LEAKY_RELU.parts,
    working=LEAKY_RELU.working,
)

RELU6 = ActivationRecord(
    formula="min(max(0, x), 6)",
    summary="Rectify up to 6: min(max(0, x), 6) of every cell, as MobileNet does.",
    of=lambda x, rest: np.minimum(np.maximum(x, 0), 6),
    of_cells=lambda cells: np.minimum(np.maximum(cells, 0), 6),
    exactly=lambda x: min(max(x, 0), 6),
    derivative="1 if 0 < x < 6, else 0",
    slope=lambda x, rest: ((x > 0) & (x < 6)).astype(float),
    slope_exactly=lambda x: int(0 < x < 6),
    slope_written=lambda write, x, y: "",
    working=lambda write, x, parts: (f"min(max(0, {write(x)}), 6)",),
)


def _hard_shares(cells: "Array", over: int, power: int) -> "tuple[Array, Array, int]":
    """Return the cells, min(max(0, x + 3), 6) of them, and what divides both, as integers that their product fits."""
    bound = (exact.magnitude(cells) + 3 * over) * (exact.magnitude(cells) if power > 1 else 1)
    (cells,) = exact.as_integers(max(bound, 6 * over), cells)
    return cells, np.minimum(np.maximum(cells + 3 * over, 0), 6 * over), over


def _hardsigmoid_integers(cells: "Array", over: int) -> "tuple[Array, int]":
    _, shares, over = _hard_shares(cells, over, 1)
    return shares, 6 * over


def _hardswish_integers(cells: "Array", over: int) -> "tuple[Array, int]":
    cells, shares, over = _hard_shares(cells, over, 2)
    return cells * shares, 6 * over * over


HARDSIGMOID = ActivationRecord(
    formula="min(max(0, x + 3), 6)/6",
    summary="Take a sigmoid of straight pieces: min(max(0, x + 3), 6)/6 of every cell.",
    of=lambda x, rest: np.minimum(np.maximum(x + 3, 0), 6) / 6,
    of_integers=_hardsigmoid_integers,
    exactly=lambda x: fractions.Fraction(min(max(x + 3, 0), 6)) / 6,
    derivative="1/6 if -3 < x < 3, else 0",
    slope=lambda x, rest: ((x > -3) & (x < 3)) / 6,
    slope_exactly=lambda x: fractions.Fraction(int(-3 < x < 3), 6),
    slope_written=lambda write, x, y: "",
    parts=lambda x: (min(max(exact.exact(x) + 3, 0), 6),),
    working=lambda write, x, parts: (f"min(max(0, {write(x)} + 3), 6)/6", f"{write.factor(parts[0])}/6"),
)

HARDSWISH = ActivationRecord(
    formula="x·min(max(0, x + 3), 6)/6",
    summary="Take silu's straight-lined kin: x·min(max(0, x + 3), 6)/6 of every cell, as MobileNetV3 does.",
    of=lambda x, rest: x * (np.minimum(np.maximum(x + 3, 0), 6) / 6),
    of_integers=_hardswish_integers,
    exactly=lambda x: x * fractions.Fraction(min(max(x + 3, 0), 6)) / 6,
    derivative="0 if x ≤ -3, 1 if x ≥ 3, else (2·x + 3)/6",
    slope=lambda x, rest: np.where(x <= -3, 0, np.where(x >= 3, 1, (2 * np.clip(x, -3, 3) + 3) / 6)),
    slope_exactly=lambda x: 0 if x <= -3 else 1 if x >= 3 else fractions.Fraction(2 * x + 3) / 6,
    slope_written=lambda write, x, y: f"(2×{write.factor(x)} + 3)/6" if -3 < x < 3 else "",
    parts=lambda x: (min(max(exact.exact(x) + 3, 0), 6),),
    working=lambda write, x, parts: (
        f"{write.factor(x)}×min(max(0, {write(x)} + 3), 6)/6",
        f"{write.factor(x)}×{write.factor(parts[0])}/6",
    ),
)


def _scaled(cells: "Array", over: int, *parameters: Any) -> "tuple[Array, list[int], int]":
    """Return cells and parameters as integers over one divisor, in a dtype that holds what they add up to."""
    fractions_of = [fractions.Fraction(parameter) for parameter in parameters]
    common = math.lcm(over, *(parameter.denominator for parameter in fractions_of))
    numbers = [parameter.numerator * (common // parameter.denominator) for parameter in fractions_of]
    bound = exact.magnitude(cells) * (common // over) + max(map(abs, numbers))
    (cells,) = exact.as_integers(bound, cells)
    return cells * (common // over), numbers, common


def _clip_integers(cells: "Array", over: int, low: Any, high: Any) -> "tuple[Array, int]":
    cells, (least, most), common = _scaled(cells, over, low, high)
    return np.minimum(np.maximum(cells, least), most), common


def _softshrink_integers(cells: "Array", over: int, lambd: Any) -> "tuple[Array, int]":
    cells, (by,), common = _scaled(cells, over, lambd)
    return np.where(cells > by, cells - by, np.where(cells < -by, cells + by, 0)), common


def _hardshrink_integers(cells: "Array", over: int, lambd: Any) -> "tuple[Array, int]":
    cells, (by,), common = _scaled(cells, over, lambd)
    return np.where((cells > by) | (cells < -by), cells, 0), common


def _threshold_integers(cells: "Array", over: int, threshold: Any, value: Any) -> "tuple[Array, int]":
    cells, (least, instead), common = _scaled(cells, over, threshold, value)
    return np.where(cells > least, cells, instead), common


CLIP = ActivationRecord(
    formula="min(max(min, x), max)",
    summary="Clip every cell: what is below a minimum becomes it, what is above a maximum that (hardtanh).",
    parameters=(
        Parameter("min", "-1", "What a cell is at least."),
        Parameter("max", "1", "What a cell is at most."),
    ),
    example="--min 0 --max 255",
    of=lambda x, rest, low, high: np.minimum(np.maximum(x, low), high),
    of_integers=_clip_integers,
    exactly=lambda x, low, high: min(max(x, low), high),
    derivative="1 if min < x < max, else 0",
    slope=lambda x, rest, low, high: ((x > low) & (x < high)).astype(float),
    slope_exactly=lambda x, low, high: int(low < x < high),
    slope_written=lambda write, x, y, low, high: "",
    working=lambda write, x, parts, low, high: (f"min(max({low}, {write(x)}), {high})",),
    check=lambda low, high: None if low <= high else "the minimum is larger than the maximum",
)

SOFTSHRINK = ActivationRecord(
    formula="x − lambd if x > lambd, x + lambd if x < -lambd, else 0",
    summary="Bring every cell nearer to 0 by lambd, and what is nearer already to 0.",
    parameters=(Parameter("lambd", "0.5", "By how much a cell comes nearer to 0."),),
    of=lambda x, rest, lambd: np.where(x > lambd, x - lambd, np.where(x < -lambd, x + lambd, 0)),
    of_integers=_softshrink_integers,
    exactly=lambda x, lambd: x - lambd if x > lambd else x + lambd if x < -lambd else 0,
    derivative="1 if |x| > lambd, else 0",
    slope=lambda x, rest, lambd: (np.abs(x) > lambd).astype(float),
    slope_exactly=lambda x, lambd: int(abs(x) > lambd),
    slope_written=lambda write, x, y, lambd: "",
    in_words=lambda write, x, lambd: f"|{write(x)}| ≤ {write(lambd)}" if abs(x) <= lambd else None,
    working=lambda write, x, parts, lambd: (f"{write(x)} {'−' if x > 0 else '+'} {lambd}",),
    check=lambda lambd: "lambd is below 0" if lambd < 0 else None,
)

HARDSHRINK = ActivationRecord(
    formula="x if |x| > lambd, else 0",
    summary="Make every cell 0 that is no farther from it than lambd.",
    parameters=(Parameter("lambd", "0.5", "How far from 0 a cell must be to stay."),),
    of=lambda x, rest, lambd: np.where(np.abs(x) > lambd, x, 0),
    of_integers=_hardshrink_integers,
    exactly=lambda x, lambd: x if abs(x) > lambd else 0,
    derivative="1 if |x| > lambd, else 0",
    slope=lambda x, rest, lambd: (np.abs(x) > lambd).astype(float),
    slope_exactly=lambda x, lambd: int(abs(x) > lambd),
    slope_written=lambda write, x, y, lambd: "",
    in_words=lambda write, x, lambd: f"|{write(x)}| {'>' if abs(x) > lambd else '≤'} {write(lambd)}",
    working=lambda write, x, parts, lambd: (write(x),),
    check=lambda lambd: "lambd is below 0" if lambd < 0 else None,
)

THRESHOLD = ActivationRecord(
    formula="x if x > threshold, else value",
    summary="Keep every cell above a threshold, and put a value in the place of the others.",
    parameters=(
        Parameter("threshold", "0", "What a cell must be larger than to stay."),
        Parameter("value", "0", "What the others become."),
    ),
    example="--threshold 3 --value -1",
    of=lambda x, rest, threshold, value: np.asarray(np.where(x > threshold, x, value)),
    of_integers=_threshold_integers,
    exactly=lambda x, threshold, value: x if x > threshold else value,
    derivative="1 if x > threshold, else 0",
    slope=lambda x, rest, threshold, value: (x > threshold).astype(float),
    slope_exactly=lambda x, threshold, value: int(x > threshold),
    slope_written=lambda write, x, y, threshold, value: "",
    in_words=lambda write, x, threshold, value: f"{write(x)} {'>' if x > threshold else '≤'} {write(threshold)}",
    working=lambda write, x, parts, threshold, value: (write(x),),
)


def _softsign_integers(cells: "Array", over: int) -> "tuple[Array, Array]":
    (cells,) = exact.as_integers(exact.magnitude(cells) + over, cells)
    return cells, np.abs(cells) + over


SOFTSIGN = ActivationRecord(
    formula="x/(1 + |x|)",
    summary="Take x/(1 + |x|) of every cell: between -1 and 1.",
    of=lambda x, rest: x / (1 + np.abs(x)),
    of_integers=_softsign_integers,
    exactly=lambda x: fractions.Fraction(x) / (1 + abs(x)),
    derivative="1/(1 + |x|)²",
    slope=lambda x, rest: (1 / (1 + np.abs(x))) ** 2,
    slope_exactly=lambda x: 1 / (1 + abs(fractions.Fraction(x))) ** 2,
    slope_written=lambda write, x, y: f"1/(1 + |{write(x)}|)²",
    working=lambda write, x, parts: (f"{write.factor(x)}/(1 + |{write(x)}|)",),
)
