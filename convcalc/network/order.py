"""In which order an input's shape was written: channels first, as PyTorch has them, or last, as pictures do."""

from collections.abc import Callable

from convcalc.errors import InputError
from convcalc.network.layer import Shape
from convcalc.network.trace import Tensor, Trace


def read_in_order(
    build: Callable[[Shape, Trace], tuple[Trace, Tensor]], shape: Shape, *, alone: bool = True
) -> Callable[[Trace], tuple[Trace, Tensor]]:
    """Return how a network is built into a new trace, its input's channels put first where they were written last.

    The network decides, if it says how many channels it reads; else what a picture's shape looks like. An input that
    is not `alone` is taken as it is.
    """
    if not alone or len(shape) < 2 or shape[-1] == shape[0]:
        return lambda empty: build(shape, empty)
    turned = (shape[-1], *shape[:-1])

    def build_turned(empty: Trace) -> tuple[Trace, Tensor]:
        trace, output = build(turned, empty)
        trace.channels_last = shape
        return trace, output

    try:
        trace, output = build(shape, Trace())
    except InputError as error:
        if len(shape) == 3 and shape[0] != shape[1] and not looks_turned(shape):
            raise  # no picture's rows and columns: a mistake, rather than another order
        try:
            build_turned(Trace())
        except InputError:
            if not looks_turned(shape):
                raise error from None
        return build_turned
    if looks_turned(shape) and not trace.tells_channels:
        return build_turned
    return lambda empty: (trace, output) if empty == Trace() else build(shape, empty)


def looks_turned(shape: Shape) -> bool:
    """Whether a shape looks like a picture's height × width × channels.

    >>> [looks_turned(shape) for shape in ((63, 63, 16), (480, 640, 3), (1, 28, 28), (3, 3, 3), (16, 10, 8))]
    [True, True, False, False, False]
    """
    if len(shape) != 3:
        return False
    height, width, channels = shape
    square = height == width > channels
    return square or (channels in PICTURE_CHANNELS and min(height, width) > max(PICTURE_CHANNELS))


PICTURE_CHANNELS = (1, 3, 4)
"""Grey, colours, colours and how opaque."""
