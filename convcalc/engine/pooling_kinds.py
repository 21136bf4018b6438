"""Every kind of pooling, each in one record: how it is worked, how it is written, where its gradient goes.

A new kind is a record and its line in `PoolKind`. Whatever is large is loaded when a number is worked, so that the
command line can name the kinds at once.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from convcalc.choices import Word
from convcalc.engine.pooling_record import Places, PoolingRecord, RoutedGradient, WindowCells, WindowValue, Written
from convcalc.later import Later

if TYPE_CHECKING:
    import fractions

    import numpy as np

    from convcalc.engine import exact, grids, roots
    from convcalc.engine.exact import Array
    from convcalc.engine.step import PoolingStep
    from convcalc.engine.windows import PoolingWindows
else:
    fractions, np = Later("fractions"), Later("numpy")
    exact, grids, roots = (Later(f"convcalc.engine.{name}") for name in ("exact", "grids", "roots"))

SAFE_EXPONENT = 900
"""Powers of 2 within which a float's powers, and their sums, neither overflow nor lose digits."""


class Extreme(PoolingRecord):
    """The largest cell of a window, or the smallest; the first of equals, as in PyTorch."""

    can_be_joined = True
    takes_footprint = True

    def __init__(
        self, word: str, noun: str, combine: str, least: str, pick: Callable[..., Any], beats: Callable[[Any, Any], Any]
    ) -> None:
        self.word, self.noun, self.other_words = word, f"the {noun}", (noun,)
        self.gradient = f"goes to the cell that was the {noun} (the first of equals, as in PyTorch)"
        self.combine, self.least, self.pick, self.beats = combine, least, pick, beats

    def maps(self, windows: "PoolingWindows") -> "Array":
        """Pool with a padding that is picked before no other cell."""
        return windows.reduced(windows.padded_with(getattr(np, self.least)), getattr(np, self.combine))

    def value(self, window: WindowCells) -> WindowValue:
        """Pick a cell that is no padding."""
        best = self.pick(cell for cell, _ in window.real)
        return WindowValue(
            exact.rounded_result(best, window.dtype), next(place for cell, place in window.real if cell == best)
        )

    def written(self, write: Any, cells: Sequence[Any], step: "PoolingStep", norm: int) -> Written:
        """Write max(1, 2, 3)."""
        return Written(tuple(write(cell) for cell in cells), ", ", f"{self.word}(", ")")

    def weights(self, step: "PoolingStep", norm: int, bits: int) -> Places:
        """Return 1 for the cell that was picked."""
        return [[int((i, j) == step.winner) for j in range(len(line))] for i, line in enumerate(step.cells)]

    def written_gradient(self, write: Any, routed: RoutedGradient) -> Written:
        """Write 3 → input[0][1], the max."""
        value = write(routed.step.value)
        return Written((f"{write(routed.gradient)} → {routed.winner}, the {self.word}",), "", outcome=f"= {value}")

    def joined(self, one: "Array", other: "Array", norm: int) -> "Array":
        """Return the extremes of two pieces' extremes."""
        extremes: Array = getattr(np, self.combine)(one, other)
        return extremes


class Sum(PoolingRecord):
    """The sum of a window's cells."""

    noun = "the sum"
    gradient = "goes to every cell of the window, whole"
    other_words: tuple[str, ...] = ("total",)
    zeros_count = True
    can_be_joined = True

    def maps(self, windows: "PoolingWindows") -> "Array":
        """Add up every window."""
        return windows.summed(self.summands(windows))

    def summands(self, windows: "PoolingWindows") -> "Array":
        """Return the padded cells themselves."""
        return windows.padded

    def value(self, window: WindowCells) -> WindowValue:
        """Add up one window."""
        total = sum(window.all)
        return WindowValue(exact.rounded_result(total, window.dtype), total=exact.rounded_partial(total, window.dtype))

    def written(self, write: Any, cells: Sequence[Any], step: "PoolingStep", norm: int) -> Written:
        """Write 1 + 2 + 3."""
        return Written(tuple(write.factor(cell) for cell in cells))

    def weights(self, step: "PoolingStep", norm: int, bits: int) -> Places:
        """Return 1 for every cell."""
        return [[1 for _ in line] for line in step.cells]

    def quick_weight(self, cells: "Array", norm: int) -> int:
        """Return 1."""
        return 1

    def written_gradient(self, write: Any, routed: RoutedGradient) -> Written:
        """Write each cell = 3."""
        return Written(("each cell",), "", outcome=f"= {write(routed.gradient)}")


class Average(Sum):
    """The mean of a window's cells; PyTorch counts the padding, TensorFlow and ONNX leave it out."""

    noun = "the average"
    gradient = "is shared out equally: each cell gets it divided as the mean was"
    other_words = ("average", "mean")
    divides = True

    def maps(self, windows: "PoolingWindows") -> "Array":
        """Divide every window's sum."""
        return windows.summed(windows.padded, windows.divisors())

    def value(self, window: WindowCells) -> WindowValue:
        """Divide one window's sum."""
        total = sum(window.all)
        return WindowValue(
            exact.rounded_result(fractions.Fraction(total) / window.counted, window.dtype),
            total=exact.rounded_partial(total, window.dtype),
            divisor=window.counted,
        )

    def written(self, write: Any, cells: Sequence[Any], step: "PoolingStep", norm: int) -> Written:
        """Write (1 + 2 + 3)/3."""
        return super().written(write, cells, step, norm)._replace(opening="(", closing=f")/{step.divisor}")

    def weights(self, step: "PoolingStep", norm: int, bits: int) -> Places:
        """Return one over what divides the sum."""
        assert step.divisor is not None
        share = fractions.Fraction(1, step.divisor)
        return [[share for _ in line] for line in step.cells]

    def written_gradient(self, write: Any, routed: RoutedGradient) -> Written:
        """Write 3/4 = 0.75."""
        share = next(share for line in routed.shares for share in line if share is not None)
        division = f"{write.factor(routed.gradient)}/{routed.step.divisor}"
        return Written((division,), "", outcome=write.outcome(share).removeprefix(f"= {division} "))

    def instead(self, other: PoolingRecord) -> str:
        """Say that another kind was taken; of the sum, what was not done."""
        return "the sum was not divided" if type(other) is Sum else super().instead(other)


class Root(PoolingRecord):
    """The p-th root of the sum of the p-th powers: (Σ|x|^p)^(1/p)."""

    noun = "the root"
    gradient = "goes to each cell, times x·|x|^(p − 2)/y^(p − 1)"
    other_words = ("norm",)
    takes_norm = True
    can_be_joined = True
    is_likely = False

    def maps(self, windows: "PoolingWindows") -> "Array":
        """Work exact powers and sums where there are few, and the root of each."""
        norm, padded = windows.norm, windows.padded
        magnitudes = self.summands(windows)
        if magnitudes is not None:
            return windows.summed(magnitudes)
        kind = exact.float_kind(padded)
        if padded.size > exact.LARGEST_EXACT and _powers_fit(windows):
            return _many_roots(windows)
        powers = np.empty(padded.size, dtype=object)
        powers[:] = [roots.exact_power(exact.exact(cell), norm) for cell in padded.ravel()]
        sums = windows.reduced(powers.reshape(padded.shape), np.add)
        root_of = {total: roots.rounded_root(total, norm, kind) for total in set(sums.ravel().tolist())}
        cells = [root_of[total] for total in sums.ravel().tolist()]
        if kind is None and any(isinstance(value, float) for value in cells):
            kind = np.dtype(np.float64)
        grid = grids.as_grid(np.array(cells, dtype=object)) if kind is None else np.array(list(map(float, cells)), kind)
        return grid.reshape(sums.shape)

    def summands(self, windows: "PoolingWindows") -> "Array | None":
        """Return the absolute values, whose sum it is if p is 1."""
        return exact.absolute(windows.padded) if windows.norm == 1 else None

    def value(self, window: WindowCells) -> WindowValue:
        """Work one window's powers, their sum and its root."""
        powers = sum(roots.exact_power(cell, window.norm) for cell, _ in window.real)
        return WindowValue(roots.rounded_root(powers, window.norm, window.dtype))

    def written(self, write: Any, cells: Sequence[Any], step: "PoolingStep", norm: int) -> Written:
        """Write √(1² + 2² + |-3|²)."""
        power = {2: "²", 3: "³"}.get(norm, f"^{norm}")
        terms = (f"|{write(cell)}|{power}" if cell < 0 else f"{write.factor(cell)}{power}" for cell in cells)
        opening, closing = ("√(", ")") if norm == 2 else ("(", f")^(1/{norm})")
        return Written(tuple(terms), " + ", opening, closing)

    def weights(self, step: "PoolingStep", norm: int, bits: int) -> Places:
        """Return sign(x)·(|x|/y)^(p − 1), 0 for a 0."""
        cells = [[fractions.Fraction(exact.exact(cell)) for cell in line] for line in step.cells]
        root = fractions.Fraction(1)
        if norm > 1:
            total = sum((abs(cell) ** norm for line in cells for cell in line), fractions.Fraction(0))
            root, _ = roots.root_of(total, norm, bits)
        return [[0 if x == 0 else (1 if x > 0 else -1) * (abs(x) / root) ** (norm - 1) for x in line] for line in cells]

    def quick_weight(self, cells: "Array", norm: int) -> "Array | None":
        """Return the sign, if p is 1."""
        return np.sign(cells).astype(np.int64) if norm == 1 else None

    def float_weight(self, cells: "Array", maps: "Array", norm: int) -> "Array":
        """Return sign(x)·(|x|/y)^(p − 1), 0 in a window of zeros."""
        part = np.divide(np.abs(cells), maps, out=np.zeros_like(cells), where=maps > 0)
        return np.asarray(np.sign(cells) * part ** (norm - 1))

    def is_irrational(self, norm: int) -> bool:
        """Whether there is a root to take."""
        return norm > 1

    def written_gradient(self, write: Any, routed: RoutedGradient) -> Written:
        """Write 2×3/5 = 1.2,  2×4/5 = 1.6."""
        if routed.step.value == 0:
            return Written(("a window of zeros has no slope: each cell's share is taken to be",), "", outcome="0")
        gradient, over, power = write.factor(routed.gradient), write.factor(routed.step.value), routed.norm - 1
        terms = (
            f"{gradient}×{_written_weight(write.factor(cell), over, power)} {write.outcome(share)}"
            for line, line_shares in zip(routed.step.cells, routed.shares, strict=True)
            for cell, share in zip(line, line_shares, strict=True)
            if share is not None
        )
        return Written(tuple(terms), ",  ")

    def joined(self, one: "Array", other: "Array", norm: int) -> "Array":
        """Return the root of two pieces' powers, in float64."""
        one, other = (exact.as_floats(piece, np.dtype(np.float64)) for piece in (one, other))
        largest = np.maximum(np.maximum(one, other), np.finfo(np.float64).tiny)
        return np.asarray(largest * ((one / largest) ** norm + (other / largest) ** norm) ** (1 / norm))

    def notes(self, windows: "PoolingWindows") -> Iterator[str]:
        """Say where ONNX and PyTorch differ."""
        if windows.norm % 2:
            yield "Absolute values are taken, as ONNX has it; PyTorch takes none, and has no answer for a negative sum."
        if any(axis.reads(axis.output - 1)[-1] >= axis.padded for axis in (windows.rows, windows.columns)):
            yield (
                "Over the end it sums the cells there are, as ONNX has it; PyTorch multiplies that sum "
                "by the whole window's cells over theirs."
            )


class Median(PoolingRecord):
    """The middle cell of a window, of an even number the mean of the two in the middle."""

    noun = "the median"
    gradient = "goes to the cell in the middle; of an even number, half to each of the two in the middle"
    other_words = ("middle",)
    sorts = True
    takes_footprint = True
    is_likely = False

    def maps(self, windows: "PoolingWindows") -> "Array":
        """Sort every window, and take the middle."""
        cells, counts = windows.sorted_cells()
        low, high = (
            np.take_along_axis(cells, np.broadcast_to(at[..., None], (*cells.shape[:2], *at.shape, 1)), axis=-1)[..., 0]
            for at in ((counts - 1) // 2, counts // 2)
        )
        if (counts % 2).all():
            return low
        integers = exact.over_common_denominator(np.stack([low, high]))
        if integers is None:
            return exact.rounded(low / 2 + high / 2, low.dtype)
        numerators, over = integers
        (numerators,) = exact.as_integers(2 * exact.magnitude(numerators), numerators)
        return exact.quotient(numerators[0] + numerators[1], 2 * over, exact.float_kind(low))

    def value(self, window: WindowCells) -> WindowValue:
        """Take the middle of one window."""
        places = _middle(window.real)
        cells = {place: cell for cell, place in window.real}
        middle = [cells[place] for place in places]
        if len(middle) == 1:
            return WindowValue(exact.rounded_result(middle[0], window.dtype), places[0])
        total = sum(middle)
        value = exact.rounded_result(fractions.Fraction(total) / 2, window.dtype)
        return WindowValue(value, total=exact.rounded_partial(total, window.dtype), divisor=2)

    def written(self, write: Any, cells: Sequence[Any], step: "PoolingStep", norm: int) -> Written:
        """Write median(1, 2, 5), from the smallest on."""
        return Written(tuple(write(cell) for cell in sorted(cells)), ", ", "median(", ")")

    def weights(self, step: "PoolingStep", norm: int, bits: int) -> Places:
        """Return 1 for the cell in the middle, or 1/2 for each of two."""
        real = [
            (exact.exact(cell), (i, j))
            for i, line in enumerate(step.cells)
            for j, cell in enumerate(line)
            if not step.padding[i][j]
        ]
        middle = _middle(real)
        share = fractions.Fraction(1, len(middle))
        return [[share if (i, j) in middle else 0 for j in range(len(line))] for i, line in enumerate(step.cells)]

    def float_weights(self, cells: "Array", valid: "Array") -> "Array":
        """Return 1 for the cell in the middle, or 1/2 for each of two; of equal cells the first ones come first."""
        behind = np.where(valid[:, None, None], cells, np.inf)
        order, counts = np.argsort(behind, axis=0, kind="stable"), valid.sum(axis=0)
        weights = np.zeros(cells.shape)
        for at in ((counts - 1) // 2, counts // 2):
            picked = np.take_along_axis(order, np.broadcast_to(at, (1, *cells.shape[1:])), axis=0)
            shares = np.take_along_axis(weights, picked, axis=0) + 0.5
            np.put_along_axis(weights, picked, shares, axis=0)
        return weights

    def written_gradient(self, write: Any, routed: RoutedGradient) -> Written:
        """Write 3 → input[0][1], the median; or 3/2 for each of two."""
        if routed.step.winner is not None:
            value = write(routed.step.value)
            return Written((f"{write(routed.gradient)} → {routed.winner}, the median",), "", outcome=f"= {value}")
        half = fractions.Fraction(exact.exact(routed.gradient)) / 2
        division = f"{write.factor(routed.gradient)}/2"
        return Written((division,), "", outcome=write.outcome(half).removeprefix(f"= {division} "))

    def notes(self, windows: "PoolingWindows") -> Iterator[str]:
        """Say where numpy and PyTorch differ."""
        if windows.longest and not windows.has_odd_windows:
            yield "Of an even number of cells the middle two are averaged, as numpy does; PyTorch takes the lower."


def _middle(cells: Sequence[tuple[Any, tuple[int, int]]]) -> list[tuple[int, int]]:
    """Return where the cell in the middle lies, or the two; of equals the first comes first."""
    places = [place for _, place in sorted(cells, key=lambda pair: pair[0])]
    return places[(len(places) - 1) // 2 : len(places) // 2 + 1]


def _powers_fit(windows: "PoolingWindows") -> bool:
    """Whether the powers' sums are floats, or integers of 64 bits."""
    if windows.padded.dtype != np.int64:
        return windows.padded.dtype.kind == "f"
    return bool(exact.magnitude(windows.padded) ** windows.norm * windows.longest < exact.INT64_LIMIT)


def _many_roots(windows: "PoolingWindows") -> "Array":
    """Work the roots of more cells than are worked exactly, as floats: as those of a file that is worked in bands."""
    norm, padded = windows.norm, windows.padded
    if padded.dtype == np.int64:
        sums = windows.reduced(roots.whole_power(np.abs(padded), norm), np.add)
        return roots.float_root(sums.astype(np.float64), norm)
    cells = np.abs(exact.as_floats(padded, np.dtype(np.float64)))
    # A power of 2 changes no digit: so that no power overflows, or vanishes, and bands of a file come to the same.
    exponent = int(np.frexp(cells.max())[1])
    scale = 0 if abs(exponent) * norm < SAFE_EXPONENT else exponent
    sums = windows.reduced(roots.whole_power(np.ldexp(cells, -scale), norm), np.add)
    with np.errstate(all="ignore"):
        return exact.rounded(np.ldexp(roots.float_root(sums, norm), scale), padded.dtype)


def _written_weight(cell: str, over: str, power: int) -> str:
    if power == 0:
        return f"sign{cell if cell.startswith('(') else f'({cell})'}"
    quotient = f"{cell}/{over}"
    return quotient if power == 1 else f"sign·|{quotient}|^{power}"


class PoolKind(Word):
    """What a pooling window gives, by its word."""

    record: PoolingRecord

    MAX = "max", Extreme("max", "maximum", "maximum", "min", max, lambda cell, best: cell > best)
    AVG = "avg", Average()
    MIN = "min", Extreme("min", "minimum", "minimum", "max", min, lambda cell, best: cell < best)
    SUM = "sum", Sum()
    LP = "lp", Root()
    MEDIAN = "median", Median()
