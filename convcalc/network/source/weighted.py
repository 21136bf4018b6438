"""`F.conv2d(x, w)`, `F.linear(x, w)`, `F.layer_norm(x, …)`: layers whose weights are tensors, or other layers' own."""

from typing import Any

from convcalc.errors import InputError
from convcalc.network.functions import Combine, Parameter
from convcalc.network.held import wanted
from convcalc.network.kinds import KINDS
from convcalc.network.layer import Layer
from convcalc.network.source.follower import TENSORS
from convcalc.network.source.values import Builtin, Call, Module, Weight
from convcalc.network.trace import Tensor
from convcalc.network.weighted import SpectralNorm, WeightNorm, WithWeights, plain_again, reparametrized

MOVING = ("stride", "padding", "dilation", "groups", "output_padding")


def convolve(call: Call, kind: str) -> Tensor:
    """Do what `F.conv2d` and its sisters do."""
    transposed = "Transpose" in kind
    last = ("output_padding", "groups", "dilation") if transposed else ("dilation", "groups")
    names = ("input", "weight", "bias", "stride", "padding", *last)
    defaults = {"bias": None, "stride": 1, "padding": 0, "dilation": 1, "groups": 1, "output_padding": 0}
    settings = dict(zip(names, call.take(*names, **{name: defaults[name] for name in names[2:]}), strict=True))
    x, weight, bias = (settings.pop(name) for name in names[:3])
    own = _owner(kind, weight, bias)
    plain = getattr(own, "padding_mode", "zeros") == "zeros"
    if own is not None and plain and all(_same(own, name, value) for name, value in settings.items()):
        return _run(call, own, x)
    shape = _shape(call, weight, f"F.{_function(kind)}")
    dims = int(kind[-2])
    if len(shape) != dims + 2:
        raise InputError(f"F.{_function(kind)}: a weight of {len(shape)} axes", hint=f"it has {dims + 2}")
    groups = settings["groups"]
    channels = (shape[0], shape[1] * groups) if transposed else (shape[1] * groups, shape[0])
    layer = KINDS[kind](*channels, shape[2:], bias=False, **settings)
    return _use(call, WithWeights(_function(kind), layer), x, weight, bias)


def _function(kind: str) -> str:
    return kind.lower().replace("transpose", "_transpose")


def linear(call: Call) -> Tensor:
    """Do what `F.linear` does."""
    x, weight, bias = call.take("input", "weight", "bias", bias=None)
    own = _owner("Linear", weight, bias)
    if own is not None:
        return _run(call, own, x)
    shape = _shape(call, weight, "F.linear")
    if len(shape) != 2:
        raise InputError(f"F.linear: a weight of {len(shape)} axes", hint="it has two: outputs and inputs")
    return _use(call, WithWeights("linear", KINDS["Linear"](shape[1], shape[0], bias=False)), x, weight, bias)


def layer_norm(call: Call) -> Tensor:
    """Do what `F.layer_norm` does."""
    names = ("input", "normalized_shape", "weight", "bias", "eps")
    x, shape, weight, bias, eps = call.take(*names, weight=None, bias=None, eps=1e-5)
    own = _owner("LayerNorm", weight, bias)
    if own is not None and _same(own, "normalized_shape", shape) and _same(own, "eps", eps):
        return _run(call, own, x)
    if weight is None and bias is None:
        return _run(call, KINDS["LayerNorm"](shape, eps, False), x)
    return _use(call, WithWeights("layer_norm", KINDS["LayerNorm"](shape, eps, False)), x, weight, bias)


def keeping(name: str) -> Any:
    """Return a function that keeps the shape, and whose tensors are only counted: `F.batch_norm` and the like."""

    def run(call: Call) -> Tensor:
        tensors = [value for value in (*call.given, *call.named.values()) if isinstance(value, TENSORS)]
        x = call.follower.tensor(tensors[0], call.node, call.scope)
        counted = [one for one in tensors[1:] if not isinstance(one, Tensor)]
        for one in counted:
            call.follower.tensor(one, call.node, call.scope)
        output: Tensor = call.follower.use(name, Combine(name, is_known=False), x, node=call.node, scope=call.scope)
        return output

    return run


def _owner(kind: str, weight: Any, bias: Any) -> Layer | None:
    """Return the layer whose own weight and bias these are, if they are, and all it has."""
    if not isinstance(weight, Weight) or type(weight.layer).__mro__[0].__name__ != kind:
        return None
    layer, parts = weight.layer, {"weight": weight, **({} if bias is None else {"bias": bias})}
    own = all(isinstance(one, Weight) and one.layer is layer and one.part == part for part, one in parts.items())
    return layer if own and set(parts) == set(layer.parameters) else None


def _same(layer: Any, name: str, value: Any) -> bool:
    """Whether a setting of a layer is this one, be it one number or one for each axis."""
    return bool(_settled(getattr(layer, name, None)) == _settled(value))


def _settled(value: Any) -> Any:
    values = tuple(value) if isinstance(value, tuple | list) else (value,)
    return values[0] if len(set(values)) == 1 else values


def _shape(call: Call, weight: Any, what: str) -> tuple[int, ...]:
    if isinstance(weight, Weight):
        return wanted(weight.layer)[weight.part]
    if not isinstance(weight, Tensor | Parameter):
        raise InputError(f"{what}: the weight's shape is not known", hint="it is a parameter, or computed of one")
    return tuple(weight.shape)


def _run(call: Call, layer: Layer, x: Any) -> Tensor:
    output: Tensor = call.follower.run_layer(call.node, layer, [x], {}, call.scope)
    return output


def _use(call: Call, layer: Layer, *tensors: Any) -> Tensor:
    given = [call.follower.tensor(one, call.node, call.scope) for one in tensors if one is not None]
    output: Tensor = call.follower.use(layer.kind, layer, *given, node=call.node, scope=call.scope)
    return output


FUNCTIONS = {
    **{
        _function(f"{kind}{dims}d"): lambda call, kind=f"{kind}{dims}d": convolve(call, kind)
        for kind in ("Conv", "ConvTranspose")
        for dims in (1, 2, 3)
    },
    "linear": linear,
    "layer_norm": layer_norm,
    **{name: keeping(name) for name in ("batch_norm", "group_norm", "instance_norm", "prelu")},
}
"""Functions of torch.nn.functional with weights among their arguments."""


def _reparametrize(call: Call, how: type[Layer], *, undone: bool = False) -> Any:
    names = ("module", "name", *(("dim",) if how is WeightNorm else ("n_power_iterations", "eps", "dim")))
    layer, name, *_ = call.take(*names, **dict.fromkeys(names[2:]), name="weight")
    layer = layer.layer if isinstance(layer, Module) and layer.layer is not None else layer
    if not isinstance(layer, Layer):
        raise InputError("this is put on single layers only")
    dim = call.named.get("dim", call.given[2] if how is WeightNorm and len(call.given) > 2 else 0)
    if name != "weight" or (how is WeightNorm and dim != 0):
        raise InputError("this is followed along the first axis of a layer's weight only", hint="leave the rest out")
    (plain_again if undone else reparametrized)(layer, how)
    return call.given[0] if call.given else layer


REPARAMETRIZED = {
    f"torch.nn.utils.{place}{prefix}{name}": lambda call, how=how, undone=bool(prefix): _reparametrize(
        call, how, undone=undone
    )
    for name, how in (("weight_norm", WeightNorm), ("spectral_norm", SpectralNorm))
    for place in ("", "parametrizations.")
    for prefix in ("", "remove_")
}
"""What computes a layer's weight of others, and what undoes it."""


def with_own_weights(layer: Layer) -> Builtin:
    """Return what a convolution's `_conv_forward(x, weight, bias)` does."""

    def run(later: Call) -> Tensor:
        x, weight, bias = later.take("input", "weight", "bias", bias=None)
        settings = {name: getattr(layer, name) for name in MOVING if hasattr(layer, name)}
        return convolve(Call(later.node, [x, weight, bias], settings, later.follower, later.scope), layer.kind)

    return Builtin("_conv_forward", run)
