"""Backward through a convolution as a Document: the gradients of its kernel, its input and its bias, each worked."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from convcalc.choices import Gradient, LinearGradient, NormGradient
from convcalc.engine.exact import Array
from convcalc.engine.gradients import Gradients
from convcalc.report.convolution import ConvolutionReport, Labels
from convcalc.report.document import Answer, Block, Calculation, Document, Grids, Heading, Role, Steps, Text
from convcalc.report.equality import checked_sum
from convcalc.report.grids import grids_of, like
from convcalc.report.numbers import Writer
from convcalc.report.selection import Show, number, place, select
from convcalc.report.softmax import shortened
from convcalc.report.stepwise import padding_text

if TYPE_CHECKING:
    from convcalc.engine.mistakes.making import Mistake

Which = TypeVar("Which", Gradient, LinearGradient, NormGradient, str)
WHAT_IT_SAYS = "The gradient of the output says how much the loss changes with each of its cells."
MOST_FOLDS = 12
MOST_TERMS = 4096
"""Products of one sum that are still written out."""


@dataclass(eq=False, repr=False, kw_only=True)
class KernelGradient(ConvolutionReport):
    """Its items are the input's channels, its channels the items of the batch, its filters the gradient's maps."""

    def walk_heading(self) -> Heading:
        """Return what stands above every step of a walk."""
        return Heading("gradient of the kernel · each cell a weight multiplied, times the gradient")

    group: int = 0
    many: bool = False

    def input_title(self, item: int, channel: int) -> str:
        """Return what is written above a channel of the input."""
        plan = self.result.plan
        title = f"input, channel {item + self.group * plan.items}" if self.many else "input"
        return title + (f", item {channel}" if plan.channels > 1 else "")

    def kernel_title(self, map_: int, channel: int) -> str:
        """Return what is written above the gradient that is multiplied."""
        plan = self.result.plan
        title = f"gradient {map_ + self.group * plan.filters}" if self.many else "gradient"
        return title + (f", item {channel}" if plan.channels > 1 else "")

    def channel_name(self, channel: int) -> str:
        """Return what a channel is: an item of the batch."""
        return f"item {channel}"

    def output_title(self, item: int, map_: int) -> str:
        """Return what is written above a gradient."""
        return "kernel gradient" + self._filter(item, map_)

    def cell_name(self, at: tuple[int, int, int, int]) -> str:
        """Name a weight."""
        return f"kernel gradient{self._filter(at[0], at[1])}{self.naming.place(*at[2:])}"

    def _filter(self, item: int, map_: int) -> str:
        plan = self.result.plan
        if not self.many:
            return ""
        return f", filter {map_ + self.group * plan.filters}, ch. {item}"


@dataclass(eq=False, repr=False, kw_only=True)
class _InputGradient(ConvolutionReport):
    """Its channels are the gradient's maps, its maps the input's channels."""

    def walk_heading(self) -> Heading:
        """Return what stands above every step of a walk."""
        return Heading("gradient of the input · the gradient convolved with the flipped kernel")

    folds: bool = False
    spread: bool = False

    def input_title(self, item: int, channel: int) -> str:
        title = "gradient, spread" if self.spread else "gradient"
        return title + (f", map {channel}" if self.result.plan.channels > 1 else "")

    def kernel_title(self, map_: int, channel: int) -> str:
        plan = self.result.plan
        many = plan.filters > 1 or plan.channels > 1
        return (f"filter {channel}, ch. {map_}" if many else "kernel") + ", flipped"

    def channel_name(self, channel: int) -> str:
        return f"map {channel}"

    def output_title(self, item: int, map_: int) -> str:
        what = "padded input gradient" if self.folds else "input gradient"
        return what + (f", channel {map_}" if self.shape[1] > 1 else "")

    def cell_name(self, at: tuple[int, int, int, int]) -> str:
        what = "padded input gradient" if self.folds else "input gradient"
        return what + super().cell_name(at).removeprefix("output")


def worked_gradients(
    gradients: Gradients, show: Show, wrt: Gradient | None, labels: Labels, *, alone_on_page: bool = True
) -> Calculation:
    """Return the work of all three gradients, or only of the one asked for, which is the answer (else the input's)."""
    arrays: dict[Gradient, Callable[[], Array]] = {
        Gradient.INPUT: gradients.input_like,
        Gradient.KERNEL: gradients.kernel_like,
        Gradient.BIAS: lambda: gradients.bias,
    }
    answer = arrays[wrt or Gradient.INPUT]()
    sections = {Gradient.KERNEL: _kernel, Gradient.INPUT: _input, Gradient.BIAS: _bias}
    asked = wrt or (Gradient.INPUT if show.at is not None else None)
    if show.at is not None:
        _check_at(gradients, show, asked)

    def work() -> Document:
        yield Heading(heading(gradients, labels))
        yield Text(WHAT_IT_SAYS, Role.QUIET)
        has_bias = gradients.forward.bias is not None
        blocks = {
            which: partial(section, gradients, show)
            for which, section in sections.items()
            if which is not Gradient.BIAS or alone_on_page or wrt is which or has_bias
        }
        yield from one_or_all(
            blocks,
            lambda which: drawn_gradient(arrays[which](), which, show),
            asked,
            wrt or Gradient.INPUT,
            says_how=alone_on_page,
        )

    def walked(show: Show) -> Steps:
        if wrt is Gradient.KERNEL:
            groups = range(len(gradients.kernel_parts))
            return steps_of_groups([_kernel_report(gradients, group, show).walked(show) for group in groups])
        return _input_report(gradients, show).walked(show)

    def given() -> Document:
        yield Heading(heading(gradients, labels))
        yield Text("")
        yield _given(gradients, show)

    return Calculation(
        work(),
        lambda: answer,
        show.answer_write,
        None if wrt is Gradient.BIAS else walked,
        given,
        lambda: _mistakes(gradients, wrt or Gradient.INPUT),
    )


def _given(gradients: Gradients, show: Show) -> Grids:
    """Return the input, the kernel and the gradient of the output, side by side."""
    forward, write, naming = gradients.forward, show.write, gradients.forward.plan.naming
    kernel = forward.kernel[..., ::-1, ::-1] if forward.flipped else forward.kernel
    matrices = grids_of(like(forward.input), "input", write, naming=naming).matrices
    matrices += grids_of(like(kernel), "kernel", write, naming=naming, item="filter").matrices
    behind = grids_of(like(gradients.output), "gradient of the output", write, naming=naming, part="map")
    return Grids(matrices + behind.matrices)


def _mistakes(gradients: Gradients, which: Gradient) -> "Iterator[Mistake]":
    """Yield the likely mistakes; what makes them is not loaded before."""
    from convcalc.engine.mistakes.gradients import convolution_gradient_mistakes

    return convolution_gradient_mistakes(gradients, which)


def one_or_all(
    sections: Mapping[Which, Callable[[], Iterable[Block]]],
    drawn: Callable[[Which], Grids],
    alone: Which | None,
    answer: Which,
    *,
    says_how: bool,
) -> Document:
    """Yield the work of one gradient, or without one of all, each with its result; and the one that is the answer."""
    for which, section in sections.items():
        if alone in (None, which):
            yield Text("")
            yield from section()
            if alone is None and which != answer:
                yield Text("")
                yield Answer(drawn(which), follows=False)
    if alone is None and says_how:
        others = " or ".join(f"--wrt {which}" for which in sections if which != answer)
        yield Text("")
        yield Text(f"The answer is the {answer}'s gradient; {others} gives another.", Role.QUIET)
    yield Text("")
    yield Answer(drawn(answer))


def heading(gradients: Gradients, labels: Labels) -> str:
    """Return what goes back through what."""
    plan = gradients.forward.plan
    naming = plan.naming
    output = naming.shape(gradients.output.shape, plan.items > 1, plan.filters > 1)
    kernel = naming.shape(gradients.forward.kernel.shape, max(plan.filters, plan.channels) > 1)
    grid = naming.shape(gradients.forward.input.shape, plan.items > 1, plan.channels > 1)
    strides = naming.pair(plan.rows.stride, plan.columns.stride)
    padding = padding_text(plan.rows, plan.columns, labels.padding, naming)
    if not plan.border.is_plain:
        padding += f" · {plan.border.text(Writer())}"
    padding += f" · groups {plan.groups}" * (plan.groups > 1)
    parts = f"gradient {output} · {labels.kernel} {kernel} · stride {strides} · padding {padding} · input {grid}"
    return f"conv backward · {parts}"


def _many(gradients: Gradients) -> bool:
    """Whether there is more than one kernel of one channel, so that each must be named."""
    plan = gradients.forward.plan
    return max(plan.groups, plan.filters, plan.channels) > 1


def _input_report(gradients: Gradients, show: Show) -> _InputGradient:
    plan = gradients.forward.plan
    is_strided = max(plan.rows.stride, plan.columns.stride) > 1
    return _InputGradient.of(gradients.input_part.inserted, show, Labels(), folds=gradients.folds, spread=is_strided)


def drawn_gradient(array: Array, which: Gradient, show: Show) -> Grids:
    """Return a gradient, drawn; of several kernels each named."""
    grids = grids_of(array, f"{which} gradient", show.write, heat=show.heat)
    if which is not Gradient.KERNEL or array.ndim < 3:
        return grids
    matrices = []
    for matrix, index in zip(grids.matrices, np.ndindex(*array.shape[:-2]), strict=True):
        filter_, channel = index[0] if len(index) > 1 else 0, index[-1]
        matrices.append(matrix._replace(body=replace(matrix.body, title=f"filter {filter_}, ch. {channel}, gradient")))
    return Grids(tuple(matrices))


def _check_at(gradients: Gradients, show: Show, asked: Gradient | None) -> None:
    """Refuse, before any work is shown, a cell that is not in the gradient asked for."""
    if asked is Gradient.INPUT:
        report = _InputGradient.of(gradients.input_part.inserted, show, Labels())
        select(report.shape, show, report.naming)
    else:
        select(_kernel_shape(gradients), show, _kernel_report(gradients, 0, show).naming)


def _kernel_report(gradients: Gradients, group: int, show: Show) -> KernelGradient:
    part = gradients.kernel_parts[group]
    return KernelGradient.of(part, show, Labels(), group=group, many=_many(gradients))


def _kernel_shape(gradients: Gradients) -> tuple[int, int, int, int]:
    """Return the shape in which the kernel's gradient is worked: channels, the filters of all groups, rows, columns."""
    depth, filters, rows, columns = _kernel_report(gradients, 0, Show()).shape
    return depth, filters * len(gradients.kernel_parts), rows, columns


def steps_of_groups(walks: Sequence[Steps]) -> Steps:
    """Return the steps of a kernel's gradient, one group's filters after the other's."""
    own = walks[0].shape
    shape = own[0], own[1] * len(walks), *own[2:]

    def part(index: int) -> tuple[Steps, int]:
        channel, filter_, row, column = place(index, shape)
        group, within = divmod(filter_, own[1])
        return walks[group], number((channel, within, row, column), own) - 1

    def blocks(index: int) -> list[Block]:
        steps, at = part(index)
        return steps.blocks(at)

    def name(index: int) -> str:
        steps, at = part(index)
        return steps.name(at)

    return walks[0]._replace(shape=shape, blocks=blocks, name=name)


def _in_group(show: Show, group: int, filters: int, least: int) -> Show | None:
    """Return how one group is shown, where one filter of all may be asked for; None if it is another group's."""
    if show.at is None or len(show.at) <= least:
        return show
    *channel, filter_ = show.at[:-least]
    if filter_ // filters != group:
        return None
    return show._replace(at=(*channel, filter_ % filters, *show.at[-least:]))


def group_by_group(reports: Sequence[ConvolutionReport], show: Show) -> Iterator[Block]:
    """Yield the steps of a kernel's gradient, each group's below its name."""
    least = 2 - reports[0].naming.one_row
    for group, report in enumerate(reports):
        own_show = _in_group(show, group, report.shape[1], least) if len(reports) > 1 else show
        if own_show is None:
            continue
        if len(reports) > 1:
            yield Text("")
            yield Text(f"group {group}:", Role.QUIET)
        yield replace(report, show=own_show).steps()


def _kernel(gradients: Gradients, show: Show) -> Iterator[Block]:
    yield Heading("gradient of the kernel")
    plan = gradients.forward.plan
    note = "A weight gets every cell it multiplied, times the gradient of what that made: the input convolved with the "
    swapped = max(plan.rows.stride, plan.columns.stride, plan.rows.dilation, plan.columns.dilation) > 1
    yield Text(f"{note}gradient{', stride and dilation changing places' * swapped}.", Role.QUIET)
    terms = gradients.output.size // plan.filters
    if terms > MOST_TERMS:
        yield Text(f"Each is a sum of {terms:,} products, too many to write out.", Role.QUIET)
        return
    yield from group_by_group([_kernel_report(gradients, group, show) for group in range(plan.groups)], show)
    if gradients.forward.flipped:
        yield Text("")
        yield Text("The kernel was flipped, so its gradient is flipped back.", Role.QUIET)


def _input(gradients: Gradients, show: Show) -> Iterator[Block]:
    yield Heading("gradient of the input")
    plan = gradients.forward.plan
    is_strided = max(plan.rows.stride, plan.columns.stride) > 1
    yield Text(
        "A cell gets every weight that read it, times the gradient of what that made: the gradient"
        f"{', with zeros for what the stride leapt over,' * is_strided} convolved with the flipped kernel, which is "
        "the transposed convolution.",
        Role.QUIET,
    )
    report = _input_report(gradients, show)
    yield report.steps()
    if gradients.folds:
        yield Text("")
        yield Text("The padding repeats cells of the input, so what it got goes back to them:", Role.QUIET)
        yield from _folds(gradients, show)


def _folds(gradients: Gradients, show: Show) -> Iterator[Block]:
    write = show.write
    maps = gradients.input_part.maps
    folds = gradients.folded()
    folds_shown = list(folds if show.steps == "all" else itertools.islice(folds, MOST_FOLDS))
    left = sum(1 for _ in folds)
    for item, channel in ((i, c) for i in range(maps.shape[0]) for c in range(maps.shape[1])):
        for (row, column), places in folds_shown:
            index = "".join(f"{i}," for i, n in ((item, maps.shape[0]), (channel, maps.shape[1])) if n > 1)
            terms = shortened([maps[item, channel, r, c] for r, c in places], write.factor)
            outcome = write.outcome(gradients.input[item, channel, row, column])
            yield checked_sum(terms, " + ", outcome, f"[{index}{row},{column}]  ", final=False)
    if left:
        yield Text(f"  … and {left:,} more cells: --steps all shows every one", Role.QUIET)


def _bias(gradients: Gradients, show: Show) -> Iterator[Block]:
    return bias_sums(gradients.output, gradients.bias, show)


def bias_sums(output: Array, bias: Array, show: Show) -> Iterator[Block]:
    """Yield the gradient of a bias, given the output's (N, O, rows, columns)."""
    yield Heading("gradient of the bias")
    yield Text("A bias gets the sum of its map's gradients.", Role.QUIET)
    write = show.write
    maps = output.shape[1]
    for map_ in range(maps):
        terms = shortened(output[:, map_].ravel(), write.factor, most=64)
        label = f"map {map_}: " if maps > 1 else ""
        yield checked_sum(terms, " + ", write.outcome(bias[map_]), label)
