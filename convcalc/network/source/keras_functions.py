"""Functions of tensors, as tf, tf.nn, keras.ops and keras.backend have them; and the shapes of Keras's datasets."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from convcalc.errors import InputError
from convcalc.network.functions import Cat, Combine, Permute, Reduce, Stack
from convcalc.network.shaping import PadAxes
from convcalc.network.source import tensors
from convcalc.network.source.follower import TENSORS
from convcalc.network.source.keras_models import KerasModel, cloned
from convcalc.network.source.values import Array, Call, Library
from convcalc.network.trace import Tensor

DATASETS = {
    "mnist": ((28, 28), ()), "fashion_mnist": ((28, 28), ()), "cifar10": ((32, 32, 3), (1,)),
    "cifar100": ((32, 32, 3), (1,)), "boston_housing": ((13,), ()), "california_housing": ((8,), ()),
}  # fmt: skip
"""The shapes of one item, and of its label, of the datasets that Keras loads."""
SIZES = {
    "mnist": (60_000, 10_000), "fashion_mnist": (60_000, 10_000), "cifar10": (50_000, 10_000),
    "cifar100": (50_000, 10_000), "boston_housing": (404, 102), "california_housing": (16_512, 4_128),
}  # fmt: skip
"""How many items each has, to train with and to test."""
CLASSES = {"mnist": 10, "fashion_mnist": 10, "cifar10": 10, "cifar100": 100}
"""How many classes the labels have."""
ONE = (
    "relu sigmoid tanh softmax elu selu gelu swish silu softplus softsign leaky_relu relu6 log_softmax "
    "hard_sigmoid exp log abs square sqrt sin cos sign round floor ceil negative pow dropout l2_normalize "
    "stop_gradient cast identity clip clip_by_value zeros_like ones_like normalize random_normal_like"
)
SEVERAL = "add subtract multiply divide maximum minimum greater less equal"
CELLWISE = (*ONE.split(), *SEVERAL.split())
"""Functions cell by cell of tf, tf.nn, keras.ops and keras.backend, and of how many tensors."""
REDUCED = {
    **{f"reduce_{name}": name for name in ("mean", "sum", "max", "min", "prod")},
    **{name: name for name in ("mean", "sum", "max", "min", "prod", "std", "var", "argmax", "any", "all", "logsumexp")},
}


def dataset(name: str) -> Any:
    """Return what `load_data()` gives: arrays to train with and to test, whose shapes are known."""
    item, label = DATASETS[name]
    return tuple((Array((size, *item)), Array((size, *label), CLASSES.get(name, 0))) for size in SIZES[name])


def _concat(call: Call) -> Tensor:
    values, axis, *_ = (*call.given, None, None)
    values = call.named.get("values", call.named.get("tensors", call.named.get("xs", values)))
    default = 0 if ".ops." in f".{call.called.name}" else -1  # keras.ops and keras.backend differ
    axis = call.named.get("axis", default if axis is None else axis)
    return tensors.use(call, Cat(axis), *values)


def _reshape(call: Call) -> Tensor:
    tensor, shape, *_ = (*call.given, call.named.get("shape", call.named.get("newshape")))
    shape = [-1 if size is None else size for size in shape]
    return tensors.FUNCTIONS["reshape"](replace(call, given=[tensor, shape], named={}))  # type: ignore[no-any-return]


def _transpose(call: Call) -> Tensor:
    tensor, order, *_ = (*call.given, call.named.get("perm", call.named.get("axes", call.named.get("pattern"))))
    return tensors.use(call, Permute(tuple(order)), tensor)


def _reduced(name: str) -> Callable[[Call], Tensor]:
    def run(call: Call) -> Tensor:
        tensor, axis, keep, *_ = (*call.given, None, None, None)
        axis = call.named.get("axis", axis)
        keep = call.named.get("keepdims", call.named.get("keep_dims", keep))
        return tensors.use(call, Reduce(name, axis, bool(keep)), tensor)

    return run


def _cellwise(name: str) -> Callable[[Call], Any]:
    def run(call: Call) -> Any:
        among = [value for value in (*call.given, *call.named.values()) if isinstance(value, TENSORS)]
        if not among:
            return Library(f"keras.activations.{name}") if not call.given else call.given[0]
        return tensors.use(call, Combine(name, is_known=False), *among)

    return run


def _padded(call: Call) -> Tensor:
    tensor, amounts, *_ = (*call.given, call.named.get("paddings", call.named.get("pad_width")))
    if not isinstance(amounts, list | tuple):
        raise InputError("pad is given no amounts", hint="as in tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])")
    return tensors.use(call, PadAxes(tuple(map(tuple, amounts)), 0), tensor)


def _shape(call: Call) -> Any:
    tensor = call.given[0] if call.given else call.named["x"]
    return (None, *tensor.shape[1:]) if isinstance(tensor, Tensor) and not tensor.batchless else tuple(tensor.shape)


def _unsqueezed(call: Call) -> Any:
    tensor, axis = (*call.given, call.named.get("axis", -1))[:2]
    return tensors.FUNCTIONS["unsqueeze"](replace(call, given=[tensor, axis], named={}))


def _squeezed(call: Call) -> Any:
    tensor, axis = (*call.given, call.named.get("axis"))[:2]
    return tensors.FUNCTIONS["squeeze"](replace(call, given=[tensor, axis], named={}))


def _split(call: Call) -> Any:
    tensor, count, axis = (
        *call.given,
        *(call.named[one] for one in ("num_or_size_splits", "axis") if one in call.named),
    )
    name = "chunk" if isinstance(count, int) else "split"
    return list(tensors.FUNCTIONS[name](replace(call, given=[tensor, count], named={"dim": axis})))


def _made(call: Call) -> Any:
    """Return an array that is made here, if its shape is known."""
    shape = call.given[0] if call.given else call.named.get("shape", ())
    if isinstance(shape, TENSORS):
        return shape
    rows = shape if isinstance(shape, tuple | list) else ()
    sizes = [1 if size is None else size for size in rows]
    if call.called.name.endswith(("constant", "convert_to_tensor")) or not all(isinstance(one, int) for one in sizes):
        return Library("torch.nothing")
    return Array(tuple(sizes))


def _ordered(call: Call) -> None:
    if call.given and call.given[0] in ("channels_first", "th"):
        call.follower.channels_first = call.follower.refuse(
            call.node, "channels first are not followed", "leave it out"
        )


def _categorical(call: Call) -> Any:
    labels, classes = (*call.given, call.named.get("num_classes"))[:2]
    if not isinstance(classes, int) and isinstance(labels, Array):
        classes = labels.classes  # of the datasets that are known
    if isinstance(labels, Array) and isinstance(classes, int):
        return Array((labels.shape[0], classes))
    return Library("torch.nothing")


FUNCTIONS: dict[str, Callable[[Call], Any]] = {
    **{name: _cellwise(name) for name in CELLWISE},
    **{name: _reduced({"max": "amax", "min": "amin"}.get(of, of)) for name, of in REDUCED.items()},
    **dict.fromkeys(("concat", "concatenate"), _concat),
    "reshape": _reshape,
    **dict.fromkeys(("transpose", "permute_dimensions"), _transpose),
    "stack": lambda call: tensors.use(call, Stack((*call.given, call.named.get("axis", 0))[1]), *call.given[0]),
    **dict.fromkeys(("matmul", "batch_dot"), lambda call: tensors.FUNCTIONS["matmul"](replace(call, named={}))),
    "pad": _padded,
    **dict.fromkeys(("shape", "int_shape"), _shape),
    "expand_dims": _unsqueezed,
    "squeeze": _squeezed,
    "split": _split,
    "image_data_format": lambda call: "channels_last",
    **dict.fromkeys(("set_image_data_format", "set_image_dim_ordering"), _ordered),
    "image_dim_ordering": lambda call: "tf",
    "to_categorical": _categorical,
    "preprocess_input": lambda call: _cellwise("preprocess_input")(call) if call.given else Library("torch.nothing"),
    "dot": lambda call: tensors.FUNCTIONS["matmul"](replace(call, named={})),
    **dict.fromkeys(("constant", "convert_to_tensor", "zeros", "ones", "random_normal", "normal", "uniform"), _made),
    "clone_model": lambda call: cloned(call.given[0]) if isinstance(call.given[0], KerasModel) else call.given[0],
    "clear_session": lambda call: call.follower.counts.clear(),
    "epsilon": lambda call: 1e-7,
    "floatx": lambda call: "float32",
}  # fmt: skip
"""Functions of tensors, by their names in tf, tf.nn, keras.ops and keras.backend."""
