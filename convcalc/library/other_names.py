"""Functions by the names that PyTorch has for them, with its arguments in its order."""

from typing import Any

from convcalc.engine.norm_kinds import EPS
from convcalc.library.calls import understands
from convcalc.library.grids import taken, taken_row
from convcalc.library.layers import activate, concat, group_norm, linear, log_softmax, loss, softmax, upsample
from convcalc.library.results import Result
from convcalc.library.windows import conv_transpose, convolve, pool

__all__ = ["linear", "log_softmax", "softmax"]


@understands
def conv2d(
    x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Result:
    """Convolve, as `torch.nn.functional.conv2d` does: see `convolve`."""
    more = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return convolve(x, weight, bias=bias, channels_first=True, **more)


conv = conv2d


@understands
def conv_transpose2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Result:
    """Go back to a convolution's input shape, as `torch.nn.functional.conv_transpose2d` does: see `conv_transpose`."""
    more = {"output_padding": output_padding, "dilation": dilation, "groups": groups, "channels_first": True}
    return conv_transpose(x, weight, bias=bias, stride=stride, padding=padding, **more)


@understands
def max_pool2d(
    x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False
) -> Result:
    """Pool, as `torch.nn.functional.max_pool2d` does: see `pool`."""
    return pool(x, "max", kernel_size, stride, padding, dilation=dilation, ceil=ceil_mode, channels_first=True)


@understands
def avg_pool2d(
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Result:
    """Pool, as `torch.nn.functional.avg_pool2d` does: see `pool`."""
    counted, divisor = count_include_pad, divisor_override
    return pool(
        x, "avg", kernel_size, stride, padding, ceil=ceil_mode, count_padding=counted, divisor=divisor,
        channels_first=True,
    )  # fmt: skip


@understands
def adaptive_avg_pool2d(x: Any, output_size: Any) -> Result:
    """Pool to a size, as `torch.nn.functional.adaptive_avg_pool2d` does: see `pool`."""
    return pool(x, "avg", adaptive=output_size, channels_first=True)


@understands
def cross_entropy(x: Any, target: Any, weight: Any = None, **more: Any) -> Result:
    """Measure a loss, as `torch.nn.functional.cross_entropy` does, classes along axis 1 of items: see `loss`."""
    return loss(*_positions(x, target), "cross-entropy", class_weights=weight, **more)


def _positions(x: Any, target: Any) -> tuple[Any, Any]:
    """Return items of classes at positions, PyTorch's (N, C, d), as maps one row high: (N, C, 1, d)."""
    grid, classes = taken(x, "input"), taken_row(target, "target")
    if grid.ndim == 3 and classes is not None and classes.ndim > 1:
        grid, classes = grid[:, :, None], classes[..., None, :]
    return grid, classes


@understands
def mse_loss(x: Any, target: Any, *, reduction: str = "mean") -> Result:
    """Measure a loss, as `torch.nn.functional.mse_loss` does: see `loss`."""
    return loss(x, target, "mse", reduction=reduction)


@understands
def l1_loss(x: Any, target: Any, *, reduction: str = "mean") -> Result:
    """Measure a loss, as `torch.nn.functional.l1_loss` does: see `loss`."""
    return loss(x, target, "mae", reduction=reduction)


@understands
def binary_cross_entropy(x: Any, target: Any, *, reduction: str = "mean") -> Result:
    """Measure a loss, as `torch.nn.functional.binary_cross_entropy` does: see `loss`."""
    return loss(x, target, "bce", reduction=reduction)


@understands
def nll_loss(x: Any, target: Any, weight: Any = None, **more: Any) -> Result:
    """Measure a loss, as `torch.nn.functional.nll_loss` does, classes along axis 1 of items: see `loss`."""
    return loss(*_positions(x, target), "nll", class_weights=weight, **more)


@understands
def adaptive_max_pool2d(x: Any, output_size: Any) -> Result:
    """Pool to a size, as `torch.nn.functional.adaptive_max_pool2d` does: see `pool`."""
    return pool(x, "max", adaptive=output_size, channels_first=True)


@understands
def interpolate(
    x: Any, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None
) -> Result:
    """Enlarge, as `torch.nn.functional.interpolate` does: see `upsample`."""
    return upsample(x, 2 if scale_factor is None else scale_factor, mode, align_corners=bool(align_corners), size=size)


@understands
def cat(tensors: Any, dim: int = 0) -> Result:
    """Join grids, as `torch.cat` does: see `concat`."""
    return concat(tensors, axis=dim)


@understands
def instance_norm(x: Any, eps: Any = EPS) -> Result:
    """Normalise each channel of each item, as `torch.nn.functional.instance_norm` does: see `group_norm`."""
    grid = taken(x, "input")
    return group_norm(grid, grid.shape[-3] if grid.ndim > 2 else 1, eps=eps)


@understands
def swish(x: Any) -> Result:
    """Return x·sigmoid(x), as `silu` does."""
    return activate(x, "silu")
