"""The output size as a Document: the formula with numbers put in, what does not fit, and what would. No numpy."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from convcalc.choices import Convention
from convcalc.engine.geometry import Axis
from convcalc.engine.sizes import MOST_ANSWERS, Fit, Volume, listed, looked, nearest_fits, rule, unread_ranges
from convcalc.errors import InputError
from convcalc.report.document import Block, Calculation, Document, Drawing, Heading, Role, Span, Sum, Table, Text
from convcalc.report.formulas import SizeFormula, runs_text

DRAWN_CELLS, DRAWN_WINDOWS = 24, 12
NAMES = {
    Convention.TORCH: "PyTorch",
    Convention.TF: "TensorFlow",
    Convention.ONNX: "ONNX",
    Convention.TEXTBOOK: "the textbook",
}
LEGEND = "N input, F kernel (filter), S stride, P padding"


class Sized(NamedTuple):
    """One combination asked about: its axis or two axes (rows, columns), and whether padding is ``same``.

    Without a convention, PyTorch's rule holds, and where PyTorch has none (``same`` with a stride), TensorFlow's.
    """

    axes: tuple[Axis, ...]
    same: bool
    convention: Convention | None

    def outputs(self) -> list[int]:
        """Return the output size of each axis; raise InputError where the convention asked for refuses."""
        outputs = []
        for axis in self.axes:
            ruling = rule(axis, self.convention or Convention.TORCH, same=self.same)
            if ruling.output is None and self.convention is Convention.TEXTBOOK:
                raise InputError(
                    f"{SizeFormula.of(axis).equation}: not whole, so it does not fit",
                    hint=f"what would: {fits_text(axis)}",
                )
            if ruling.output is None and self.convention is not None:
                raise InputError(
                    f"{NAMES[self.convention]} refuses: {ruling.rule}",
                    hint="try another --convention, or another padding",
                )
            outputs.append(axis.output if ruling.output is None else ruling.output)
        return outputs


def worked_size(sized: Sequence[Sized], channels: int | None, filters: int | None) -> Calculation:
    """Return the work of one combination in full, or of several as a table; the answer has a row for each."""
    outputs = [one.outputs() for one in sized]
    work = (
        _one(sized[0], outputs[0], channels, filters)
        if len(sized) == 1
        else _several(sized, outputs, channels, filters)
    )
    return Calculation(work, lambda: outputs)


def _volume_of(axes: tuple[Axis, ...], channels: int | None, filters: int | None) -> Volume | None:
    """Return what the convolution holds, if it was asked; a single axis stands for a square."""
    if channels is None and filters is None:
        return None
    return Volume(axes[0].kernel, axes[-1].kernel, channels or 1, filters or 1)


def settings(axes: tuple[Axis, ...]) -> list[str]:
    """Return N, F, S, P and D as they are written; the two axes of a pair separated by ×."""
    return [
        "×".join(texts)
        for texts in zip(
            *(
                (
                    str(axis.size),
                    str(axis.kernel),
                    str(axis.stride),
                    str(axis.before) if axis.before == axis.after else f"{axis.before}+{axis.after}",
                    str(axis.dilation),
                )
                for axis in axes
            ),
            strict=True,
        )
    ]


def _one(sized: Sized, outputs: list[int], channels: int | None, filters: int | None) -> Document:
    size, kernel, stride, padding, dilation = settings(sized.axes)
    dilated = f" · dilation {dilation}" if any(axis.dilation > 1 for axis in sized.axes) else ""
    same = "same, " if sized.same else ""
    ceil = " · ceil" if sized.axes[0].ceil else ""
    answer = "×".join(map(str, outputs))
    yield Heading(
        f"size · input {size} · kernel {kernel} · stride {stride} · padding {same}{padding}{dilated}{ceil} → {answer}"
    )
    for name, axis, output in zip(("rows", "columns"), sized.axes, outputs, strict=False):
        yield from _axis(axis, output, sized, name if len(sized.axes) > 1 else "")
    volume = _volume_of(sized.axes, channels, filters)
    if volume is not None:
        yield from _volume(sized.axes, outputs, volume, assumed=channels is None)


def _axis(axis: Axis, output: int, sized: Sized, name: str) -> Iterator[Block]:
    formula = SizeFormula.of(axis)
    label = f"{name}: " if name else ""
    whole = axis.exact.denominator == 1
    yield Text("")
    yield Sum((f"{label}{formula.letters} = {formula.left}",), "", f"= {formula.value}", final=whole)
    if formula.extent:
        yield Text(f"  A kernel of {axis.kernel} spread by {axis.dilation} spans {formula.extent}.", Role.QUIET)
    if not whole:
        yield from _does_not_fit(axis, output, name)
    if axis.stride == 1 and axis.output != axis.size:
        keeps, uneven = divmod(axis.extent - 1, 2)
        rule_ = "D(F − 1)/2" if axis.dilation > 1 else "(F − 1)/2"
        how = f"Padding {keeps} would keep the size: {rule_}"
        if uneven:
            how = f"No equal padding keeps the size, as F is even; 'same' adds {keeps} before and {keeps + 1} after"
        yield Text(f"  {how}.", Role.QUIET)
    yield from _conventions(axis, output, sized)
    if axis.padded <= DRAWN_CELLS and output <= DRAWN_WINDOWS:
        yield Text("")
        if not name:
            yield Text("  Along one axis:", Role.QUIET)
        yield Drawing(tuple(_windows(axis, output)))


def _does_not_fit(axis: Axis, output: int, name: str) -> Iterator[Block]:
    rounding = "Rounded up, as --ceil asks" if output > axis.exact else "Rounded down, as frameworks do"
    yield Text("")
    yield Text("  Not whole: the last window would not end at the edge.")
    if axis.ceil and output < axis.exact:
        yield Text("  Rounded up, it would start past the input and its left padding.")
        rounding = "PyTorch drops it"
    yield Sum((f"{rounding}: the output",), "", f"= {output}")
    runs = unread_ranges(axis)
    if runs:
        unread = runs_text(runs, name) if name else f"{runs_text(runs, 'rows')}; {runs_text(runs, 'columns')}"
        yield Text(f"  Never read, counted from 0: {unread}.")
    yield Text(f"  What would fit: {fits_text(axis)}.")


def fits_text(axis: Axis) -> str:
    """Write the nearest changes that make the size whole, by kind.

    >>> fits_text(Axis(7, 3, stride=3))
    'stride 2 (→ 3) or 4 (→ 2); padding 1 (→ 3); input 6 (→ 2); kernel 4 (→ 2)'
    """
    by_kind: dict[str, list[Fit]] = {}
    for fit in nearest_fits(axis):
        by_kind.setdefault(fit.what, []).append(fit)
    return "; ".join(
        f"{what} {' or '.join(f'{fit.value} (→ {fit.output})' for fit in fits)}" for what, fits in by_kind.items()
    )


def _conventions(axis: Axis, output: int, sized: Sized) -> Iterator[Block]:
    """Say which conventions come to something else, and why."""
    if sized.same and axis.stride > 1 and sized.convention is None:
        yield Text(
            "  'same' with a stride gives ⌈N/S⌉, as TensorFlow and ONNX have it; PyTorch refuses it.", Role.QUIET
        )
    for convention, name in NAMES.items():
        ruling = rule(axis, convention, same=sized.same)
        if ruling.output == output:
            if convention is sized.convention and convention is not Convention.TORCH:
                yield Text(f"  By {name}: {ruling.rule}.", Role.QUIET)
            continue
        if convention is Convention.TORCH and sized.same:
            continue
        result = "refuses" if ruling.output is None else f"has {ruling.output}"
        yield Text(f"  {name[:1].upper()}{name[1:]} {result}: {ruling.rule}.", Role.QUIET)


def _windows(axis: Axis, output: int) -> Iterator[tuple[Span, ...]]:
    """Draw where each window lies: the cells it reads, under the axis."""
    width = len(str(axis.size - 1)) + 1
    names = ["cell", *(f"window {index}" for index in range(output)), "never read"]
    label = max(len(name) for name in names)

    def line(name: str, cells: Sequence[int], role: Role) -> tuple[Span, ...]:
        spans: list[Span] = [(f"  {name:<{label}} ", Role.QUIET)]
        for position in range(axis.padded):
            text = "░" if axis.is_padding(position) else str(position - axis.before)
            if position in cells:
                spans.append((text.rjust(width), role))
            else:
                spans.append(("·".rjust(width), Role.PENDING))
        return tuple(spans)

    yield line("cell", range(axis.padded), Role.QUIET)
    for index in range(output):
        yield line(f"window {index}", axis.inside(index), Role.WINDOW)
    unread = [cell + axis.before for cell in axis.unread()]
    if unread:
        yield line("never read", unread, Role.RESULT)


def _volume(axes: tuple[Axis, ...], outputs: list[int], volume: Volume, *, assumed: bool) -> Iterator[Block]:
    """Write the volumes, the parameters and the multiply-adds, with their arithmetic."""
    rows, columns = outputs[0], outputs[-1]
    filters, kernel = volume.filters, f"{volume.rows}×{volume.columns}×{volume.channels}"
    yield Text("")
    yield Text(
        f"  volume: {axes[0].size}×{axes[-1].size}×{volume.channels}, "
        f"{filters} filter{'s' * (filters != 1)} of {kernel} → {rows}×{columns}×{filters}"
    )
    if assumed:
        yield Text("  (one input channel, as --channels does not say)", Role.QUIET)
    yield Sum((f"{filters}×({kernel} + 1)",), "", f"= {volume.parameters:,}", "parameters: ", final=False)
    yield Text(f"  ({volume.weights:,} weights and {filters:,} bias{'es' * (filters != 1)})", Role.QUIET)
    additions = volume.multiply_adds(rows, columns)
    yield Sum((f"{rows}×{columns}×{filters} × {kernel}",), "", f"= {additions:,}", "multiply-adds: ", final=False)


def _several(sized: Sequence[Sized], outputs: list[list[int]], channels: int | None, filters: int | None) -> Document:
    every = [axis for one in sized for axis in one.axes]
    yield Heading(f"size · {len(sized)} combinations", ("(N + 2P − F)/S + 1",))
    yield Text("")
    volumes = [_volume_of(one.axes, channels, filters) for one in sized]
    rows = []
    for one, output, volume in zip(sized, outputs, volumes, strict=True):
        equations = "; ".join(str(SizeFormula.of(axis)).partition(", with")[0] for axis in one.axes)
        counts = () if volume is None else (f"{volume.parameters:,}",)
        rows.append((*settings(one.axes), equations, "×".join(map(str, output)), *counts))
    names = ("N", "F", "S", "P", "D", "formula", "output", *(() if volumes[0] is None else ("parameters",)))
    yield _without_dilation(Table(names, tuple(rows), frozenset({5})), every)
    yield Text("")
    yield Text(f"  {LEGEND}.", Role.QUIET)
    uneven = next((axis for axis in every if axis.exact.denominator != 1), None)
    if uneven is not None:
        command = f"convcalc size -n {uneven.size} -f {uneven.kernel} -s {uneven.stride}"
        yield Text(f"  What does not fit, and what would, is told of one alone: {command}", Role.QUIET)


def _without_dilation(table: Table, axes: Iterable[Axis]) -> Table:
    """Leave the column D out where every dilation is 1."""
    if any(axis.dilation > 1 for axis in axes):
        return table
    index = table.columns.index("D")
    columns, *rows = ((*row[:index], *row[index + 1 :]) for row in (table.columns, *table.rows))
    left = frozenset(column - (column > index) for column in table.left)
    return Table(columns, tuple(rows), left)


def worked_solution(found: list[Axis], missing: list[str], output: int) -> Calculation:
    """Return every answer to a size question as a table; the answer has a row N F S P D for each."""
    exact = sum(axis.exact.denominator == 1 for axis in found)

    def work() -> Document:
        answers = "1 answer" if len(found) == 1 else f"{len(found)} answers"
        verb = "gives" if len(missing) == 1 else "give"
        yield Heading(
            f"size · which {listed(missing)} {verb} an output of {output}? {answers}", ("(N + 2P − F)/S + 1",)
        )
        yield Text("")
        rows = []
        for axis in found:
            formula = SizeFormula.of(axis)
            rows.append((*settings((axis,)), formula.equation, formula.rounded or "exact"))
        yield _without_dilation(
            Table(("N", "F", "S", "P", "D", "formula", "fit"), tuple(rows), frozenset({5, 6})), found
        )
        yield Text("")
        fit = "fits" if exact == 1 else "fit"
        limits = f"; {looked(missing)}" if len(missing) > 1 else ""
        first = f"; only the first {MOST_ANSWERS} are shown" if len(found) == MOST_ANSWERS else ""
        yield Text(f"  {exact} {fit} exactly{limits}{first}. {LEGEND}.", Role.QUIET)

    rows = [[axis.size, axis.kernel, axis.stride, axis.before, axis.dilation] for axis in found]
    return Calculation(work(), lambda: rows)
