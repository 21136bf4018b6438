"""Backward through a transposed convolution as a Document: the gradients of its kernel, its input and its bias."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from convcalc.choices import Gradient
from convcalc.engine.exact import Array
from convcalc.engine.gradients import TransposedGradients
from convcalc.report.convolution import ConvolutionReport, Labels
from convcalc.report.document import Block, Calculation, Document, Heading, Role, Steps, Text
from convcalc.report.gradients import (
    WHAT_IT_SAYS,
    KernelGradient,
    bias_sums,
    drawn_gradient,
    group_by_group,
    one_or_all,
    steps_of_groups,
)
from convcalc.report.selection import Show, select


@dataclass(eq=False, repr=False, kw_only=True)
class _Input(ConvolutionReport):
    """Its channels are the gradient's maps, its maps the input's channels."""

    def walk_heading(self) -> Heading:
        """Return what stands above every step of a walk."""
        return Heading("gradient of the input · the gradient convolved with the kernel")

    def input_title(self, item: int, channel: int) -> str:
        return "gradient" + (f", map {channel}" if self.result.plan.channels > 1 else "")

    def kernel_title(self, map_: int, channel: int) -> str:
        many = self.result.plan.filters > 1 or self.result.plan.channels > 1
        return f"kernel[{map_},{channel}]" if many else "kernel"

    def channel_name(self, channel: int) -> str:
        return f"map {channel}"

    def output_title(self, item: int, map_: int) -> str:
        return "input gradient" + (f", channel {map_}" if self.shape[1] > 1 else "")

    def cell_name(self, at: tuple[int, int, int, int]) -> str:
        return self.naming.cell(at, self.shape, "input gradient")


@dataclass(eq=False, repr=False, kw_only=True)
class _Kernel(KernelGradient):
    """Its items are the gradient's maps, its channels the items of the batch, its filters the input's channels."""

    def input_title(self, item: int, channel: int) -> str:
        return (
            super().input_title(item, channel).replace("input, channel", "gradient, map").replace("input", "gradient")
        )

    def kernel_title(self, map_: int, channel: int) -> str:
        return super().kernel_title(map_, channel).replace("gradient", "input")


def worked_transposed_gradients(
    gradients: TransposedGradients, show: Show, wrt: Gradient | None, name: str, *, alone_on_page: bool = True
) -> Calculation:
    """Return the work of all three gradients, or only of the one asked for, which is the answer (else the input's)."""
    answers: dict[Gradient, Callable[[], Array]] = {
        Gradient.KERNEL: gradients.kernel_like,
        Gradient.BIAS: lambda: gradients.bias,
        Gradient.INPUT: gradients.input_like,
    }
    sections = {Gradient.KERNEL: _kernel, Gradient.BIAS: _bias, Gradient.INPUT: _input}
    answer = answers[wrt or Gradient.INPUT]()
    alone = wrt or (Gradient.INPUT if show.at is not None else None)
    if show.at is not None:
        reports = _reports(gradients, alone, show)
        for report in reports[:1]:
            channels, filters, rows, columns = report.shape
            select((channels, filters * len(reports), rows, columns), show, report.naming)

    def work() -> Document:
        forward = gradients.forward
        sizes = forward.rows, forward.columns
        size = "×".join(str(axis.size) for axis in sizes)
        yield Heading(f"conv-transpose backward · {name} · input {size}")
        yield Text(WHAT_IT_SAYS, Role.QUIET)
        yield from one_or_all(
            {which: partial(section, gradients, show) for which, section in sections.items()},
            lambda which: drawn_gradient(answers[which](), which, show),
            alone,
            wrt or Gradient.INPUT,
            says_how=alone_on_page,
        )

    def walked(show: Show) -> Steps:
        return steps_of_groups([report.walked(show) for report in _reports(gradients, wrt or Gradient.INPUT, show)])

    return Calculation(work(), lambda: answer, show.answer_write, None if wrt is Gradient.BIAS else walked)


def _reports(gradients: TransposedGradients, which: Gradient | None, show: Show) -> list[ConvolutionReport]:
    """Return the convolutions that work a gradient: for the kernel's one a group, for the bias's none."""
    if which is Gradient.KERNEL:
        plan = gradients.input_part.plan
        many = max(plan.groups, plan.filters, plan.channels) > 1
        parts = gradients.kernel_part.kernel_parts
        return [_Kernel.of(part, show, Labels(), group=group, many=many) for group, part in enumerate(parts)]
    return [] if which is Gradient.BIAS else [_Input.of(gradients.input_part, show, Labels())]


def _kernel(gradients: TransposedGradients, show: Show) -> Iterator[Block]:
    yield Heading("gradient of the kernel")
    yield Text(
        "A weight gets every cell that it was multiplied by, times the gradient where that was laid.", Role.QUIET
    )
    yield from group_by_group(_reports(gradients, Gradient.KERNEL, show), show)


def _input(gradients: TransposedGradients, show: Show) -> Iterator[Block]:
    yield Heading("gradient of the input")
    yield Text(
        "A cell gets the gradient of every place that its stamp reached, times the weight there: "
        "the gradient convolved with the kernel.",
        Role.QUIET,
    )
    for report in _reports(gradients, Gradient.INPUT, show):
        yield report.steps()


def _bias(gradients: TransposedGradients, show: Show) -> Iterator[Block]:
    return bias_sums(gradients.output, gradients.bias, show)
