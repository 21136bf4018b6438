"""The output size as a Document: the formula with numbers put in, what does not fit, and what would. No numpy."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from convcalc.choices import Convention
from convcalc.engine.geometry import Axis
from convcalc.engine.sizes import Fit, nearest_fits, rule, unread_ranges
from convcalc.errors import InputError
from convcalc.report.document import Block, Document, Drawing, Heading, Role, Span, Sum, Table, Text, Worked
from convcalc.report.formulas import not_whole, runs_text, size_formula

DRAWN_CELLS, DRAWN_WINDOWS = 24, 12
NAMES = {
    Convention.TORCH: "PyTorch",
    Convention.TF: "TensorFlow",
    Convention.ONNX: "ONNX",
    Convention.TEXTBOOK: "the textbook",
}


@dataclass(frozen=True, slots=True)
class Sized:
    """One combination asked about: its axis or two axes (rows, columns), and whether padding is ``same``."""

    axes: tuple[Axis, ...]
    same: bool
    convention: Convention

    def outputs(self) -> list[int]:
        """Return the output size of each axis; raise InputError where the convention refuses."""
        outputs = []
        for axis in self.axes:
            ruling = rule(axis, self.convention, same=self.same)
            refused = ruling.output is None
            if refused and self.convention is Convention.TEXTBOOK:
                raise InputError(
                    f"{size_formula(axis).partition(', rounded')[0]}: not whole, so it does not fit",
                    hint=f"what would: {fits_text(axis)}",
                )
            if refused and self.convention is not Convention.TORCH:
                name = NAMES[self.convention]
                raise InputError(f"{name} refuses: {ruling.rule}", hint="use --padding same, or another --convention")
            outputs.append(axis.output if ruling.output is None else ruling.output)
        return outputs


@dataclass(frozen=True, slots=True)
class Volume:
    """The channels a convolution reads and the filters it has."""

    channels: int
    filters: int


def worked_size(sized: Sequence[Sized], volume: Volume | None) -> Worked:
    """Return the work of one combination in full, or of several as a table; the answer has a row for each."""
    outputs = [one.outputs() for one in sized]
    work = _one(sized[0], outputs[0], volume) if len(sized) == 1 else _several(sized, outputs, volume)
    return Worked(work, lambda: outputs)


def settings(axes: tuple[Axis, ...]) -> list[str]:
    """Return N, F, S, P and D as they are written in a table; the two axes of a pair parted by ×."""
    return [
        _both(str(axis.size) for axis in axes),
        _both(str(axis.kernel) for axis in axes),
        _both(str(axis.stride) for axis in axes),
        _both(str(axis.before) if axis.before == axis.after else f"{axis.before}+{axis.after}" for axis in axes),
        _both(str(axis.dilation) for axis in axes),
    ]


def _both(texts: Iterator[str]) -> str:
    return "×".join(texts)


def _one(sized: Sized, outputs: list[int], volume: Volume | None) -> Document:
    size, kernel, stride, padding, dilation = settings(sized.axes)
    dilated = f" · dilation {dilation}" if any(axis.dilation > 1 for axis in sized.axes) else ""
    same = "same, " if sized.same else ""
    ceil = " · ceil" if sized.axes[0].ceil else ""
    yield Heading(f"size · input {size} · kernel {kernel} · stride {stride} · padding {same}{padding}{dilated}{ceil}")
    for name, axis, output in zip(("rows", "columns"), sized.axes, outputs, strict=False):
        yield from _axis(axis, output, sized, name if len(sized.axes) > 1 else "")
    if volume is not None:
        yield from _volume(sized, outputs, volume)


def _axis(axis: Axis, output: int, sized: Sized, name: str) -> Iterator[Block]:
    label = f"{name}: " if name else ""
    formula, _, rest = size_formula(axis).partition(" = ")
    _, _, dilated = rest.partition(", with ")
    extent = "D(F − 1) − 1" if axis.dilation > 1 else "F"
    yield Text("")
    terms = f"{label}(N + 2P − {extent})/S + 1 = {formula}"
    if axis.exact.denominator == 1:
        yield Sum((terms,), "", f"= {int(axis.exact)}")
    else:
        yield Sum((terms,), "", f"= {not_whole(axis.exact)}", final=False)
    if dilated:
        yield Text(f"  A kernel of {axis.kernel} spread by {axis.dilation} spans {dilated}.", Role.QUIET)
    if axis.exact.denominator != 1:
        yield from _does_not_fit(axis, output, name)
    yield from _conventions(axis, output, sized)
    if axis.padded <= DRAWN_CELLS and axis.output <= DRAWN_WINDOWS:
        yield Text("")
        yield Drawing(tuple(_windows(axis)))


def _does_not_fit(axis: Axis, output: int, name: str) -> Iterator[Block]:
    rounded = "Rounded up, as --ceil asks" if output > axis.exact else "Rounded down, as frameworks do"
    yield Text("")
    yield Text("  Not whole: the last window would not end at the edge.")
    yield Sum((f"{rounded}, the output",), "", f"= {output}")
    runs = unread_ranges(axis)
    if runs:
        unread = runs_text(runs, name) if name else f"{runs_text(runs, 'rows')} and {runs_text(runs, 'columns')}"
        yield Text(f"  Never read: {unread}, counted from 0.")
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
    for convention, name in NAMES.items():
        ruling = rule(axis, convention, same=sized.same)
        if ruling.output == output:
            if convention is sized.convention and convention is not Convention.TORCH:
                yield Text(f"  By {name}: {ruling.rule}.", Role.QUIET)
            continue
        result = "refuses" if ruling.output is None else f"has {ruling.output}"
        yield Text(f"  {name[:1].upper()}{name[1:]} {result}: {ruling.rule}.", Role.QUIET)


def _windows(axis: Axis) -> Iterator[tuple[Span, ...]]:
    """Draw where each window lies: the cells it reads, under the axis."""
    width = len(str(axis.size - 1)) + 1
    names = ["cell", *(f"window {index}" for index in range(axis.output)), "never read"]
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
    for index in range(axis.output):
        yield line(f"window {index}", axis.inside(index), Role.WINDOW)
    unread = [cell + axis.before for cell in axis.unread()]
    if unread:
        yield line("never read", unread, Role.RESULT)


def _volume(sized: Sized, outputs: list[int], volume: Volume) -> Iterator[Block]:
    """Write the volumes, the parameters and the multiply-adds, a single axis standing for a square."""
    axes = sized.axes if len(sized.axes) == 2 else sized.axes * 2
    rows, columns = outputs if len(outputs) == 2 else outputs * 2
    height, width = axes[0].kernel, axes[1].kernel
    channels, filters = volume.channels, volume.filters
    weights = height * width * channels
    parameters = filters * (weights + 1)
    yield Text("")
    yield Text(
        f"  volume: {axes[0].size}×{axes[1].size}×{channels}, {filters} filter{'s' * (filters != 1)} of "
        f"{height}×{width}×{channels} → {rows}×{columns}×{filters}"
    )
    yield Sum((f"{filters}×({height}×{width}×{channels} + 1)",), "", f"= {parameters:,}", "parameters: ", final=False)
    yield Text(f"  ({filters * weights:,} weights and {filters} bias{'es' * (filters != 1)})", Role.QUIET)
    yield Sum(
        (f"{rows}×{columns}×{filters} × {height}×{width}×{channels}",),
        "",
        f"= {rows * columns * filters * weights:,}",
        "multiply-adds: ",
        final=False,
    )


def _several(sized: Sequence[Sized], outputs: list[list[int]], volume: Volume | None) -> Document:
    yield Heading(f"size · {len(sized)} combinations", ("(N + 2P − F)/S + 1",))
    yield Text("")
    columns = ["N", "F", "S", "P", "D", "formula", "output"]
    if volume is not None:
        columns.append("parameters")
    rows = []
    for one, output in zip(sized, outputs, strict=True):
        exact = "×".join(
            str(int(axis.exact)) if axis.exact.denominator == 1 else f"{float(axis.exact):.2f}" for axis in one.axes
        )
        row = [*settings(one.axes), exact, "×".join(map(str, output))]
        if volume is not None:
            kernel = one.axes[0].kernel * one.axes[-1].kernel
            row.append(f"{volume.filters * (kernel * volume.channels + 1):,}")
        rows.append(tuple(row))
    yield Table(tuple(columns), tuple(rows))
    uneven = [one for one in sized if any(axis.exact.denominator != 1 for axis in one.axes)]
    if uneven:
        yield Text("")
        yield Text(
            "  A formula that is not whole is rounded down: ask about it alone to see what is never read.", Role.QUIET
        )


def worked_solution(found: list[Axis], missing: list[str], output: int) -> Worked:
    """Return every answer to a size question as a table; the answer has a row N F S P D for each."""
    exact = sum(axis.exact.denominator == 1 for axis in found)

    def work() -> Document:
        what = " and ".join(filter(None, (", ".join(missing[:-1]), missing[-1])))
        yield Heading(f"size · what gives an output of {output}? {what}: {len(found)} answers", ("(N + 2P − F)/S + 1",))
        yield Text("")
        rows = tuple(
            (
                *settings((axis,)),
                size_formula(axis).partition(", with")[0].partition(", rounded")[0],
                "exact" if axis.exact.denominator == 1 else "rounded " + ("up" if axis.output > axis.exact else "down"),
            )
            for axis in found
        )
        yield Table(("N", "F", "S", "P", "D", "formula", "fit"), rows, frozenset({6}))
        yield Text("")
        limits = "kernels to 11, strides to 8, padding to half the kernel were tried" if len(missing) > 1 else ""
        yield Text(f"  {exact} fit exactly{'; ' + limits if limits else ''}.", Role.QUIET)

    rows = [[axis.size, axis.kernel, axis.stride, axis.before, axis.dilation] for axis in found]
    return Worked(work(), lambda: rows)
