"""convcalc: a convolution calculator that shows every window, every product and every sum.

Every function returns a result that shows itself (``repr`` is text, a notebook draws it), is an array wherever one is
wanted, and knows its steps and its gradients:

>>> import convcalc as cc
>>> result = cc.convolve([[3, 0, 1], [1, 5, 8], [2, 7, 2]], "edge")
>>> result.tolist(), result.step(0, 0).value
([[-5]], -5)
>>> result.backward(1).kernel.tolist()
[[3, 0, 1], [1, 5, 8], [2, 7, 2]]

Convolution is that of networks, cross-correlation; ``flip=True`` turns the kernel. Integers and fractions stay exact;
``result.float()`` gives floats, for plots and other libraries. The public names are found when they are first used, so
that the import takes a moment and loads no numpy.
"""

__version__ = "0.1.0"

_ROOMS = {
    "convcalc.engine.geometry": ("Axis",),
    "convcalc.errors": ("ConvcalcError", "InputError", "ReadingWarning", "UsageError"),
    "convcalc.library.layers": (
        "activate", "add", "attention", "batch_norm", "concat", "dropout", "flatten", "group_norm", "layer_norm",
        "linear", "log_softmax", "loss", "softmax", "unpool", "upsample",
        "clip", "elu", "gelu", "gelu_tanh", "hardshrink", "hardsigmoid", "hardswish", "leaky_relu", "logsigmoid",
        "mish", "prelu", "relu", "relu6", "selu", "sigmoid", "silu", "softplus", "softshrink", "softsign", "tanh",
        "threshold",
    ),
    "convcalc.library.making": ("Size", "read_grid", "run", "samples", "size"),
    "convcalc.library.network": ("Model", "model", "zoo"),
    "convcalc.library.notebook": ("load_ipython_extension",),
    "convcalc.library.pieces": ("Marks", "Page", "Step"),
    "convcalc.library.questions": ("Exercise", "Quiz", "Worksheet", "quiz", "worksheet"),
    "convcalc.library.results": ("Gradients", "Result"),
    "convcalc.library.worked_grid": ("Grid",),
    "convcalc.library.windows": ("conv_transpose", "convolve", "kernel", "kernels", "pad", "pool"),
}  # fmt: skip
_HOMES = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = ["__version__", *_HOMES]


def __dir__() -> list[str]:
    return sorted([*__all__, "__doc__", "__file__", "__name__", "__path__"])


def __getattr__(name: str) -> object:
    import importlib

    if name in _HOMES:
        found = globals()[name] = getattr(importlib.import_module(_HOMES[name]), name)
        return found
    if not name.startswith("_"):
        other_names = importlib.import_module("convcalc.library.other_names")
        if name in vars(other_names) and name not in vars(importlib.import_module("typing")):
            return getattr(other_names, name)
    raise AttributeError(f"module 'convcalc' has no attribute {name!r}{_instead(name)}")


_SCIPYS = "SciPy's flips the kernel, and pads: convolve(x, kernel, padding='full', flip=True)"
_ELSEWHERE = {
    "convolve2d": _SCIPYS,
    "fftconvolve": _SCIPYS,
    "correlate": "numpy and SciPy pad each in its own way: convolve(x, kernel, padding='full') is SciPy's default",
    "correlate2d": "SciPy's pads: convolve(x, kernel, padding='full') is its default",
    "conv1d": "a row is a grid of one axis: convolve([1, 2, 3], [1, -1]); rows with channels are x[:, :, None]",
    "smooth_l1_loss": "loss(x, target, 'huber', delta=beta), divided by beta",
}
"""What is said of names that mean another thing elsewhere."""


def _instead(name: str) -> str:
    """Return what is said of a name that other libraries have, or that is near one."""
    if name in _ELSEWHERE:
        return f"; {_ELSEWHERE[name]}"
    if name.startswith("_"):
        return ""
    from convcalc.errors import nearest

    close = nearest(name, __all__)
    return f"; did you mean {close[0]}?" if close else ""
