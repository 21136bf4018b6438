"""convcalc: a convolution calculator that shows every window, every product and every sum.

The public names are found when they are first used, so that ``convcalc --help`` loads no numpy:

>>> import convcalc
>>> result = convcalc.convolve([[3, 0, 1], [1, 5, 8], [2, 7, 2]], [[1, 0, -1]] * 3)
>>> result.output.tolist()
[[-5]]
>>> result.step((0, 0)).value
-5
"""

TYPE_CHECKING = False  # typing takes a while to import

__version__ = "0.1.0"

_HOMES = {
    "Axis": "convcalc.engine.geometry",
    "activate": "convcalc.engine.activations",
    "add": "convcalc.engine.gathering",
    "attention": "convcalc.engine.attention",
    "backward": "convcalc.engine.graph",
    "batch_norm": "convcalc.engine.norms",
    "concat": "convcalc.engine.gathering",
    "conv_transpose": "convcalc.engine.transposed",
    "convolve": "convcalc.engine.convolution",
    "dropout": "convcalc.engine.gathering",
    "flatten": "convcalc.engine.dense",
    "layer_norm": "convcalc.engine.norms",
    "linear": "convcalc.engine.dense",
    "loss": "convcalc.engine.losses",
    "model": "convcalc.models",
    "softmax": "convcalc.engine.softmax",
    "pool": "convcalc.engine.pooling",
    "pad": "convcalc.engine.padding",
    "group_norm": "convcalc.engine.norms",
    "kernel": "convcalc.engine.kernels",
    "read_grid": "convcalc.matrix_io.files",
    "unpool": "convcalc.engine.gathering",
    "upsample": "convcalc.engine.gathering",
    "ConvcalcError": "convcalc.errors",
}

__all__ = [
    "Axis",
    "ConvcalcError",
    "__version__",
    "activate",
    "add",
    "attention",
    "backward",
    "batch_norm",
    "concat",
    "conv_transpose",
    "convolve",
    "dropout",
    "flatten",
    "group_norm",
    "kernel",
    "layer_norm",
    "linear",
    "loss",
    "model",
    "pad",
    "pool",
    "read_grid",
    "softmax",
    "unpool",
    "upsample",
]

if TYPE_CHECKING:
    from typing import Any

    from convcalc.engine.activations import activate
    from convcalc.engine.attention import attention
    from convcalc.engine.convolution import convolve
    from convcalc.engine.dense import flatten, linear
    from convcalc.engine.gathering import add, concat, dropout, unpool, upsample
    from convcalc.engine.geometry import Axis
    from convcalc.engine.graph import backward
    from convcalc.engine.kernels import kernel
    from convcalc.engine.losses import loss
    from convcalc.engine.norms import batch_norm, group_norm, layer_norm
    from convcalc.engine.padding import pad
    from convcalc.engine.pooling import pool
    from convcalc.engine.softmax import softmax
    from convcalc.engine.transposed import conv_transpose
    from convcalc.errors import ConvcalcError
    from convcalc.matrix_io.files import read_grid
    from convcalc.models import model


def __getattr__(name: str) -> "Any":
    if name not in _HOMES:
        raise AttributeError(f"module 'convcalc' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
