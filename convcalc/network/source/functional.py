"""Functions that do what a layer does: `F.max_pool2d` is a MaxPool2d."""

from collections.abc import Callable

from convcalc.errors import InputError
from convcalc.network.kinds import KINDS
from convcalc.network.source.values import Call
from convcalc.network.trace import Tensor

TRAINING = {
    **dict.fromkeys(("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout"), 1),
    "RReLU": 2,
}
"""As which of its arguments, behind the tensor, a function is told whether it trains."""
TRAINS_WHEN_TOLD = ("AlphaDropout", "FeatureAlphaDropout", "RReLU")
"""Dropouts whose function does not drop unless it is told that it trains; the others' do."""
ACTIVATIONS = {
    "relu": "ReLU", "sigmoid": "Sigmoid", "tanh": "Tanh", "softmax": "Softmax", "log_softmax": "LogSoftmax",
    "hardtanh": "Hardtanh", "dropout": "Dropout",
}  # fmt: skip
"""Methods of a tensor that are activations, and their layers."""


def layer_function(kind: str, name: str) -> Callable[[Call], Tensor]:
    """Return a function that does what a layer does: `F.max_pool2d` is a MaxPool2d."""

    def run(call: Call) -> Tensor:
        keywords = {key: value for key, value in call.named.items() if key not in ("input", "training")}
        if not call.given and "input" not in call.named:
            raise InputError(f"{name} is given no tensor")
        tensor, *settings = call.given if call.given else [call.named["input"]]
        if kind.startswith("MaxPool") and len(settings) > 4:  # the function takes ceil_mode before return_indices
            settings[4:6] = [*settings[5:6], settings[4]] if len(settings) > 5 else [False, settings[4]]
        place = TRAINING.get(kind)
        trains = kind not in TRAINS_WHEN_TOLD if place is not None else False
        if place is not None and len(settings) > place:
            trains = settings.pop(place)
        layer = KINDS[kind](*settings, **keywords)
        layer.trains_always = call.follower.truth(call.node, call.named.get("training", trains))
        full = call.follower.local_name(name, call.scope)
        tensors = call.follower.tensor(tensor, call.node, call.scope)
        output: Tensor = call.follower.use(full, layer, tensors, node=call.node, scope=call.scope)
        return output

    return run
