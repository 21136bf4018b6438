"""Where a batch is mixed with an item's own axes: rows of windows, axes in another order."""

import math
from dataclasses import replace

from convcalc.network.layer import Shape
from convcalc.network.source.values import Call
from convcalc.network.trace import Tensor


def moves_rows(call: Call, tensor: Tensor, wanted: Shape) -> bool:
    """Whether a view makes rows of an item's own axes, as windows are made: of axes that were put in that order."""
    cells, trace = math.prod(tensor.shape), call.follower.trace
    open_axes, known = wanted.count(-1), math.prod(size for size in wanted if size != -1)
    first = cells // known if open_axes and known else wanted[0] if wanted else 0
    in_order = trace is not None and trace.nodes[tensor.node].layer.kind in ("permute", "contiguous")
    return first != tensor.shape[0] and (len(wanted) > 2 or in_order) and cells % max(known, 1) == 0


def unbatched(call: Call, tensor: Tensor) -> Tensor:
    """Return a tensor whose batch, of one item, is an axis as any other: that is said, and no numbers are known."""
    trace = call.follower.trace
    if trace is None or trace.items > 1:
        return tensor
    line = call.follower.texts.line(call.node)
    call.follower.remark(f"from {line} on the batch is mixed with other axes: what is counted is that of one item")
    why = "a batch that is mixed with other axes is not followed in numbers"
    return replace(tensor, batchless=True, unknown=tensor.unknown or call.follower.refuse(call.node, why))
