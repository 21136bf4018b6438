"""The peers, as far as they are installed: none of them is needed."""

import importlib
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from benchmarks.timing import Job


def found(name: str) -> Any:
    """Return a module, or None if it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


scipy, signal, torch = found("scipy.ndimage"), found("scipy.signal"), found("torch")
cv2, skimage = found("cv2"), found("skimage.measure")


def versions() -> dict[str, str]:
    """Return what is compared with."""
    known = {"scipy": found("scipy"), "torch": torch, "OpenCV": cv2, "scikit-image": found("skimage")}
    return {name: str(module.__version__) for name, module in known.items() if module is not None}


def plane(x: Any, kernel: Any) -> dict[str, Job]:
    """Return how others convolve one plane with one kernel, where the windows fit."""
    jobs: dict[str, Job] = {}
    side = max(kernel.shape)
    if side <= 3 and x.size <= 1 << 20:
        jobs["numpy windows"] = lambda: np.einsum("ijkl,kl->ij", sliding_window_view(x, kernel.shape), kernel)
    if scipy is not None and side <= 11:
        jobs["scipy"] = lambda: scipy.correlate(x, kernel)
    if signal is not None and side > 11 and x.dtype.kind == "f":
        jobs["scipy fft"] = lambda: signal.fftconvolve(x, kernel[::-1, ::-1], mode="valid")
    if cv2 is not None and x.dtype.kind == "f":
        jobs["OpenCV"] = lambda: cv2.filter2D(x, -1, kernel)
    if torch is not None and side <= 11:
        jobs["torch"] = _torch(x[None], kernel[None, None])
    return jobs


def layer(x: Any, kernel: Any, *, stride: int = 1, padding: int = 0, groups: int = 1) -> dict[str, Job]:
    """Return how others convolve (C, H, W) with (O, C / groups, h, w)."""
    return {} if torch is None else {"torch": _torch(x, kernel, stride=stride, padding=padding, groups=groups)}


def _torch(x: Any, kernel: Any, **settings: Any) -> Job:
    one, other = torch.from_numpy(x)[None], torch.from_numpy(kernel)
    return lambda: torch.nn.functional.conv2d(one, other, **settings)


def pooling(x: Any, kind: str, window: int, stride: int) -> dict[str, Job]:
    """Return how others pool (C, H, W)."""
    jobs: dict[str, Job] = {}
    if torch is not None:
        grid = torch.from_numpy(x)[None]
        pool = torch.nn.functional.max_pool2d if kind == "max" else torch.nn.functional.avg_pool2d
        jobs["torch"] = lambda: pool(grid, window, stride)
    if skimage is not None and window == stride:
        reduce = np.max if kind == "max" else np.mean
        jobs["scikit-image"] = lambda: skimage.block_reduce(x, (1, window, window), reduce)
    return jobs
