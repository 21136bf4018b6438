"""A convolution as a Document: what it is, each step with its window and its sum, the answer."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from convcalc.choices import PaddingRule
from convcalc.engine.cached import CachedProperty
from convcalc.engine.convolution import Convolution
from convcalc.engine.exact import float_kind, over_common_denominator
from convcalc.engine.naming import shape_text
from convcalc.engine.step import ChannelSum, ConvolutionStep
from convcalc.report.document import (
    Block,
    Body,
    Calculation,
    Document,
    Grids,
    Heading,
    Matrix,
    Picture,
    Steps,
    Sum,
    Text,
)
from convcalc.report.equality import checked_sum
from convcalc.report.grids import grids_of, like, small_body
from convcalc.report.live import live_settings
from convcalc.report.selection import Chosen, Show
from convcalc.report.stepwise import Stepwise, in_order, padding_text

if TYPE_CHECKING:
    from typing_extensions import Self


class Labels(NamedTuple):
    """What the user called things: the kernel's name, and the padding's word if it was one."""

    kernel: str = "kernel"
    padding: PaddingRule | None = None


def worked_convolution(result: Convolution, show: Show, labels: Labels) -> Calculation:
    """Return a convolution's work as a Document, and its answer."""
    return ConvolutionReport.of(result, show, labels).worked()


@dataclass(eq=False, repr=False, kw_only=True)
class ConvolutionReport(Stepwise):
    """The report of a convolution; those of its gradients say the same things under other names."""

    result: Convolution
    labels: Labels = field(default_factory=Labels)

    @classmethod
    def of(cls, result: Convolution, show: Show, labels: Labels, **more: Any) -> "Self":
        """Return the report of a convolution."""
        plan = result.plan
        axes = plan.rows, plan.columns
        return cls(
            result=result,
            axes=axes,
            shape=plan.shape,
            show=show,
            naming=plan.naming,
            part="map",
            labels=labels,
            **more,
        )

    def walked(self, show: Show) -> Steps:
        """Return the steps to be walked through, and what works them anew: of a convolution itself, no gradient's."""
        steps = super().walked(show)
        return (
            steps._replace(live=partial(live_settings, self.result, show)) if type(self) is ConvolutionReport else steps
        )

    def heading(self) -> str:
        """Return what is convolved with what, with which settings."""
        result, plan = self.result, self.result.plan
        shape = (*plan.shape[:2], *self.naming.plane(plan.shape))
        channels = plan.channels > 1
        grid = self.naming.shape(result.input.shape, plan.items > 1, channels)
        depth = plan.channels // plan.groups
        kernel = self.naming.shape(result.kernel.shape, False, depth > 1)
        filters = f"{plan.filters} filters" if plan.filters > 1 else self.labels.kernel
        if plan.filters > 1 and self.labels.kernel != "kernel":
            filters += f" ({self.labels.kernel})"
        parts = [f"conv · input {grid} * {filters} {kernel}"]
        parts.append(f"stride {self.naming.pair(plan.rows.stride, plan.columns.stride)}")
        parts.append(f"padding {padding_text(plan.rows, plan.columns, self.labels.padding, self.naming)}")
        if not plan.border.is_plain:
            parts.append(plan.border.text(self.show.write))
        if max(plan.rows.dilation, plan.columns.dilation) > 1:
            parts.append(f"dilation {self.naming.pair(plan.rows.dilation, plan.columns.dilation)}")
        if plan.groups > 1:
            parts.append(f"groups {plan.groups}")
        if result.bias is not None:
            parts.append(f"bias {','.join(self.show.write(bias) for bias in result.bias.tolist()[:6])}")
        if result.flipped:
            parts.append("kernel flipped")
        first = 0 if plan.items > 1 else 1 if plan.filters > 1 or result.input_dimensions > 2 else 2
        return f"{' · '.join(parts)} → {shape_text(shape[first:])}"

    def given(self) -> Document:
        """Yield the input and the kernel."""
        result, write = self.result, self.show.write
        heading = self.heading().partition(" → ")[0]
        yield Heading(heading)
        yield Text("")
        matrices = grids_of(like(result.input), "input", write, heat=self.show.heat, naming=self.naming).matrices
        kernel = like(result.kernel)
        matrices += grids_of(kernel, "kernel", write, naming=self.naming, item="filter").matrices
        yield Grids(matrices)

    def notes(self) -> Iterator[str]:
        """Say what the kernel and the shapes mean, and which convention is followed."""
        plan = self.result.plan
        if self.result.flipped:
            yield (
                "The kernel is rotated by 180° first (rows and columns reversed), as the textbook's convolution "
                "has it; networks leave it as it is (cross-correlation)."
            )
        if plan.channels > 1 or plan.filters > 1:
            yield "Shapes are channels × rows × columns. A filter has a kernel for each channel, and makes one map."
        rule = self.labels.padding
        if rule is not None and rule.keeps_size and max(plan.rows.stride, plan.columns.stride) > 1:
            yield "'same' with a stride gives ⌈N/S⌉, as TensorFlow and ONNX have it; PyTorch refuses it."
        yield from super().notes()

    def step(self, chosen: Chosen) -> Iterator[Block]:
        """Yield a step's picture and its sums."""
        step = self.result.step(chosen.at, chosen.number)
        yield self.picture(step)
        yield Text("")
        yield from self.sums(step)

    def picture(self, step: ConvolutionStep) -> Picture:
        """Return the windows, the kernels, the products and the output so far."""
        item, map_ = step.at[:2]
        window = step.window.rows, step.window.columns
        lines = []
        for depth, part in enumerate(step.channels):
            grid, kernel = self.input(item, part.channel), self.kernel(map_, depth, part)
            products = Matrix(self.products(part), derived=True)
            lines.append((Matrix(grid, window), "*", Matrix(kernel), "=", products))
        return Picture(tuple(lines), self.output(step.at))

    def kernel_title(self, map_: int, channel: int) -> str:
        """Return what is written above a kernel."""
        plan = self.result.plan
        title = "kernel" if plan.filters == 1 else f"filter {map_}"
        title += f", ch. {channel}" if plan.channels > plan.groups else ""
        return title + ", flipped" * self.result.flipped

    def channel_name(self, channel: int) -> str:
        """Return what one of several sums of products is called."""
        return f"channel {channel}"

    def kernel(self, map_: int, depth: int, part: ChannelSum) -> Body:
        """Return one channel of a filter as a body, the same one for every step."""
        title = self.kernel_title(map_, part.channel)
        title += f" × 1/{part.divisor}" if part.divisor > 1 else ""
        return self._kept(
            "kernel", map_, depth, lambda: small_body(part.weights, title, self.show.write, self.widths[0])
        )

    def products(self, part: ChannelSum) -> Body:
        """Return a step's products, in cells at least as wide as those of its input, so that steps stay in line."""
        title = "products" if part.divisor == 1 else f"products × 1/{part.divisor}"
        return small_body(part.products, title, self.show.write, self.widths[1])

    @CachedProperty
    def widths(self) -> tuple[int, int]:
        """How wide a weight and a product of whole numbers can be, so that all steps are laid out alike."""
        arrays = self.result.padded, self.result.kernel
        integers = [over_common_denominator(array) for array in arrays] if float_kind(*arrays) is None else []
        ends = [(int(numerators.min()), int(numerators.max())) for numerators, _ in filter(None, integers)]
        if not ends:
            return 0, 0
        weights = max(len(str(weight)) for weight in ends[1])
        return weights, max(len(str(cell * weight)) for cell in ends[0] for weight in ends[1])

    def sums(self, step: ConvolutionStep) -> Iterator[Sum]:
        """Yield the sum of the products; of several channels one each, and their total."""
        write = self.show.write
        bias = () if step.bias is None else (f"{write.factor(step.bias)} (bias)",)
        if len(step.channels) == 1:
            part = step.channels[0]
            opening, closing = _over(part)
            if part.divisor == 1 or not bias:
                terms = (*self.terms(part), *bias)
                outcome = (
                    write.outcome(part.total, part.summed, part.divisor) if not bias else write.outcome(step.value)
                )
                yield checked_sum(terms, " + ", outcome, "", opening, closing)
                return
        names = [f"{self.channel_name(part.channel)}:" if len(step.channels) > 1 else "sum:" for part in step.channels]
        width = max(len("total:"), *map(len, names))
        for name, part in zip(names, step.channels, strict=True):
            label = name.ljust(width + 1)
            outcome = write.outcome(part.total, part.summed, part.divisor)
            yield checked_sum(self.terms(part), " + ", outcome, label, *_over(part), final=False)
        totals = tuple(write.factor(part.total) for part in step.channels)
        yield checked_sum((*totals, *bias), " + ", write.outcome(step.value), "total:".ljust(width + 1))

    def terms(self, part: ChannelSum) -> tuple[str, ...]:
        """Return one channel's products, written out."""
        write = self.show.write
        pairs = zip(in_order(part.cells, self.show.order), in_order(part.weights, self.show.order), strict=True)
        return tuple(f"{write.factor(cell)}×{write.factor(weight)}" for cell, weight in pairs)


def _over(part: ChannelSum) -> tuple[str, str]:
    """Return the brackets around a sum that a divisor divides."""
    return ("(", f")/{part.divisor}") if part.divisor > 1 else ("", "")
