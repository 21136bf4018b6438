"""The peers, as far as they are installed: none of them is needed."""

import importlib
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from benchmarks.onnx_networks import as_onnx
from benchmarks.timing import Job


def found(name: str) -> Any:
    """Return a module, or None if it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


scipy, signal, torch = found("scipy.ndimage"), found("scipy.signal"), found("torch")
cv2, skimage = found("cv2"), found("skimage.measure")
onnx, onnxruntime = found("onnx"), found("onnxruntime")


def versions() -> dict[str, str]:
    """Return what is compared with."""
    known = {
        "scipy": found("scipy"),
        "torch": torch,
        "OpenCV": cv2,
        "scikit-image": found("skimage"),
        "onnxruntime": onnxruntime,
    }
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


def network(numbers: Any) -> dict[str, Job]:
    """Return how others run a network of ours with the same tensors, each on two threads."""
    jobs = {} if torch is None else {"torch": _of_torch(numbers)[0]}
    if onnx is None:
        return jobs
    file, x = as_onnx(numbers), np.array(numbers.x)
    if onnxruntime is not None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 2
        session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        jobs["onnxruntime"] = lambda: session.run(None, {"0": x})[0]
    if cv2 is not None:
        net = cv2.dnn.readNetFromONNX(np.frombuffer(file, np.uint8))

        def run() -> Any:
            net.setInput(x)
            return net.forward()

        jobs["OpenCV"] = run
    return jobs


def backward(numbers: Any, target: int) -> dict[str, Job]:
    """Return how others go backward from a class to every weight of a network, and to its input."""
    return {} if torch is None else {"torch": _of_torch(numbers, target)[1]}


def _of_torch(numbers: Any, target: int = 0) -> tuple[Job, Job]:
    """Return how torch runs a network, layer by layer, forward; and from the loss of a target backward."""
    functional = torch.nn.functional
    plain = {
        "ReLU": functional.relu,
        "ReLU6": functional.relu6,
        "Flatten": lambda x: x.flatten(1),
        "Dropout": lambda x: x,
    }

    def job_of(node: Any) -> Any:
        layer, kind = node.layer, node.layer.kind
        own = {name: torch.from_numpy(np.array(one)) for name, one in numbers.tensors.get(id(layer), {}).items()}
        learned.extend(own[name].requires_grad_() for name in ("weight", "bias") if name in own)
        weight, bias = own.get("weight"), own.get("bias")
        if kind == "Conv2d":
            how = {"stride": layer.each("stride"), "padding": layer.each("padding", 0), "groups": layer.groups}
            return lambda x: functional.conv2d(x, weight, bias, **how)
        if kind == "BatchNorm2d":
            statistics = own["running_mean"], own["running_var"]
            return lambda x: functional.batch_norm(x, *statistics, weight, bias, eps=layer.eps)
        if kind == "MaxPool2d":
            settings = layer.each("kernel_size"), layer.each("stride"), layer.each("padding", 0)
            return lambda x: functional.max_pool2d(x, *settings)
        if kind == "AdaptiveAvgPool2d":
            return lambda x: functional.adaptive_avg_pool2d(x, node.output[2:])
        if kind == "Linear":
            return lambda x: functional.linear(x, weight, bias)
        return (lambda x, y: x + y) if kind == "add" else plain[kind]

    learned: list[Any] = []
    nodes = [node for node in numbers.trace.nodes[1:] if node.used]
    jobs = [job_of(node) for node in nodes]
    x = torch.from_numpy(np.array(numbers.x))

    def run() -> Any:
        maps = {0: x}
        for node, job in zip(nodes, jobs, strict=True):
            maps[node.index] = job(*(maps[index] for index in node.inputs))
        return maps[nodes[-1].index]

    def back() -> Any:
        x.requires_grad_()
        loss = functional.cross_entropy(run(), torch.tensor([target] * len(x)))
        return [gradient.numpy() for gradient in torch.autograd.grad(loss, [*learned, x])]

    return torch.inference_mode()(run), back
