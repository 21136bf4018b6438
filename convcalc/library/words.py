"""What is said in the words of a command line, said in Python's; and what other libraries call things."""

import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

from convcalc.engine.padding_modes import PadMode
from convcalc.errors import ConvcalcError, InputError
from convcalc.report.document import Block, Document, Stepped, Steps, Text

P = ParamSpec("P")
T = TypeVar("T")

_OPTION = re.compile(r"(?<![\w-])--([a-z][a-z-]*)(?: ([A-Z0-9'\"-][^\s,;:)]*))?")
_FLAGS = {"per-channel", "all-channels", "logits", "probabilities", "transpose", "flip", "ceil", "exact", "rgb", "heat"}
_NAMES = {"at": "step", "as": "reading", "no-count-pad": "count_padding=False", "pad-mode": "mode"}


SAID = {
    "`convcalc zoo --all`": "`convcalc.zoo()`",
    "`convcalc model --list`": "`convcalc model --list` in a shell",
    "separate them with a line of ---": "give an array (filters, 1, rows, columns)",
    "separated by a line of ---": "as in an array (channels, maps, rows, columns)",
    "channels, separated by blank lines": "channels: an array (filters, channels, rows, columns)",
    "as in -t 0": "as in target=0",
    "as in -i 1x28x28": "as in x=(1, 28, 28)",
    "let it be the last line": "leave the gradient out",
}
"""What is said in a way that a regular change of options would not reach."""


def _argument(option: str) -> str:
    return _NAMES.get(option, option.replace("-", "_"))


def python_words(text: str) -> str:
    """Return text that names options of the command line with Python's arguments in their place.

    >>> python_words("--per-channel runs it on each channel, or use --pad-mode replicate")
    'per_channel=True runs it on each channel, or use mode=replicate'
    >>> python_words("leave --transpose out"), python_words("`convcalc kernels` lists all 44")
    ('leave transpose out', '`convcalc.kernels()` lists all 44')
    """
    for said, meant in SAID.items():
        text = text.replace(said, meant)
    text = re.sub(r"`convcalc ([a-z]+)`", r"`convcalc.\1()`", text)
    text = re.sub(r"(leave|and) --([a-z-]+)(?= (?:and --\S+ )?out)", lambda m: f"{m[1]} {_argument(m[2])}", text)

    def argument(match: re.Match[str]) -> str:
        option, value = match[1], match[2]
        name = _argument(option)
        if value is not None and (value[0].isdigit() or value[0] in "'\"-"):
            return f"{name}={value}"
        following = text[match.end() :]
        word = re.match(r" (replicate|reflect|circular|symmetric|zeros|sum|mean|none|all|same|valid)\b", following)
        if word is not None:
            return f"{name}="
        return f"{name}=True" if option in _FLAGS else name

    return re.sub(r"(\w=) (?=[a-z])", r"\1", _OPTION.sub(argument, text))


def in_python(error: ConvcalcError) -> ConvcalcError:
    """Return an error as a program is told it: in Python's words, its hint in its text."""
    message, hint = python_words(error.message), None if error.hint is None else python_words(error.hint)
    told = type(error).__new__(type(error))
    ConvcalcError.__init__(told, message, hint=hint, place=error.place)
    told.told = f"{error.place}: {message}" if error.place else message
    if error.place is not None and error.place.text is not None:
        told.told += f"\n  {error.place.text}"
    told.told += f" ({hint})" if hint else ""
    return told


def work_in_python(document: Document) -> Iterator[Block]:
    """Yield a document's blocks, what they say of options in Python's words."""
    for block in document:
        if isinstance(block, Text) and "--" in block.text:
            yield block._replace(text=python_words(block.text))
        elif isinstance(block, Stepped):
            yield _stepped(block)
        else:
            yield block


def _stepped(block: Stepped) -> Stepped:
    return Stepped(lambda: work_in_python(block.shown()), block.chosen, lambda: steps_in_python(block.steps()))


def steps_in_python(steps: Steps) -> Steps:
    """Return steps whose blocks speak Python."""
    return steps._replace(blocks=lambda index: list(work_in_python(steps.blocks(index))))


# What numpy, SciPy, PyTorch, TensorFlow, Keras, JAX and ONNX call an argument, where none of them means another thing.
_SLIDING = {
    "strides": "stride",
    "dilations": "dilation",
    "dilation_rate": "dilation",
    "rate": "dilation",
    "pads": "padding",
}
_FILTERS = {"weight": "kernel", "weights": "kernel", "k": "kernel"}
_INPUT = {"input": "x", "inputs": "x", "image": "x", "in1": "x", "a": "x"}
_BORDER = {
    "padding_mode": "mode",
    "boundary": "mode",
    "pad_mode": "mode",
    "fillvalue": "pad_value",
    "cval": "pad_value",
    "constant_values": "pad_value",
}
_WINDOW = {"kernel_size": "window", "ksize": "window", "pool_size": "window", "kernel_shape": "window"}
_AXIS = {"dim": "axis"}
_NORM = {"weight": "gamma", "scale": "gamma", "bias": "beta", "shift": "beta", "epsilon": "eps"}
OTHER_WORDS: dict[str, Mapping[str, str]] = {
    "convolve": {**_INPUT, **_FILTERS, **_SLIDING, **_BORDER, "feature_group_count": "groups", "in2": "kernel"},
    "conv_transpose": {**_INPUT, **_FILTERS, **_SLIDING},
    "pool": {
        **_INPUT, **_SLIDING, **_WINDOW, "ceil_mode": "ceil", "count_include_pad": "count_padding",
        "divisor_override": "divisor", "output_size": "adaptive", "norm_type": "norm", "p": "norm",
    },
    "pad": {**_INPUT, **_BORDER, "pad_width": "padding", "value": "pad_value"},
    "softmax": {**_INPUT, **_AXIS},
    "log_softmax": {**_INPUT, **_AXIS},
    "concat": _AXIS,
    "linear": {**_INPUT, "weight": "weights", "W": "weights", "b": "bias"},
    "loss": {
        **_INPUT, "pred": "x", "prediction": "x", "output": "x", "weight": "class_weights",
        "label_smoothing": "smoothing", "y": "target", "from_logits": "logits",
    },
    "batch_norm": {**_INPUT, **_NORM},
    "layer_norm": {**_INPUT, **_NORM},
    "group_norm": {**_INPUT, **_NORM, "num_groups": "groups"},
    "upsample": {**_INPUT, "scale_factor": "scale"},
    "unpool": {**_INPUT, **_WINDOW, "output_size": "size"},
    "dropout": {**_INPUT, "p": "probability"},
    "activate": {**_INPUT, "negative_slope": "slope", "min_val": "min", "max_val": "max", "beta": "beta"},
    "attention": {"query": "queries", "key": "keys", "value": "values", "q": "queries", "k": "keys", "v": "values"},
    "size": {
        "input_size": "n", "input": "n", "kernel_size": "f", "kernel": "f", "filter_size": "f", "window": "f",
        **_SLIDING, "ceil_mode": "ceil",
    },
    "model": {"input": "x", "input_shape": "x", "input_size": "x", "state_dict": "weights"},
}  # fmt: skip


def refuses(function: Callable[P, T]) -> Callable[P, T]:
    """Let a function tell what is refused with its hint, in the words of a script."""

    @functools.wraps(function)
    def telling(*values: P.args, **named: P.kwargs) -> T:
        try:
            return function(*values, **named)
        except ConvcalcError as error:
            error.told = f"{error}" + (f" ({error.hint})" if error.hint else "")
            raise

    return telling


def refuses_in_python(function: Callable[P, T]) -> Callable[P, T]:
    """Let a function, or a method, tell what is refused in Python's words."""

    @functools.wraps(function)
    def telling(*values: P.args, **named: P.kwargs) -> T:
        try:
            return function(*values, **named)
        except ConvcalcError as error:
            raise in_python(error) from None

    return telling


def _as_onnx(pads: Any) -> Any:
    """Return padding that ONNX writes as the beginnings of all axes and then their ends."""
    if isinstance(pads, Sequence) and len(pads) == 4:
        top, left, bottom, right = pads
        return top, bottom, left, right
    return pads


CONVERTED: dict[str, Callable[[Any], Any]] = {"pads": _as_onnx}
"""Words whose values are in another order, too."""
ANY_INPUT = _INPUT
"""What an input is called anywhere."""


def padding_as_ours(padding: Any) -> Any:
    """Return padding as PyTorch, TensorFlow, ONNX and numpy write it: a number, words, or pairs of before and after.

    >>> padding_as_ours("SAME"), padding_as_ours(((1, 2), (3, 4))), padding_as_ours(((0, 0), (0, 0), (1, 1), (2, 2)))
    ('same', (1, 2, 3, 4), (1, 1, 2, 2))
    """
    if isinstance(padding, str):
        word = padding.lower().replace("_", "-")
        return {"same-upper": "same", "notset": 0, "half": "same"}.get(word, word)
    if isinstance(padding, Sequence) and padding and all(isinstance(pair, Sequence) for pair in padding):
        pairs = [tuple(pair) for pair in padding]
        while len(pairs) > 2 and not any(pairs[0]):
            pairs = pairs[1:]
        return tuple(amount for pair in pairs for amount in pair)
    return padding


def mode_as_ours(mode: Any, padding: Any, kernel: Sequence[int] = ()) -> tuple[Any, Any]:
    """Return a mode and a padding: SciPy's ``mode="same"`` of a correlation is padding, its boundaries are modes.

    Raises InputError for "same" of a `kernel`, (…, rows, columns), that has no middle, which libraries place otherwise.

    >>> mode_as_ours("same", 0), mode_as_ours("symm", 1)
    (('zeros', 'same'), ('symmetric', 1))
    """
    word = str(mode).lower()
    if isinstance(mode, str) and word in ("same", "valid", "full") and padding == 0:
        if word == "same" and any(length % 2 == 0 for length in kernel[-2:]):
            fault = "a kernel of even size has no middle: numpy, SciPy and PyTorch each place it in another way"
            hint = 'padding="same" adds the odd cell at the end, padding="same-lower" in front'
            raise InputError(fault, hint=hint)
        return PadMode.ZEROS.value, word
    return {"fill": "zeros", "symm": "symmetric"}.get(word, mode), padding
