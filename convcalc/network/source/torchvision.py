"""`torchvision.models`: the networks of the zoo as modules of a source file, whose parts can be taken and replaced."""

import ast
from dataclasses import dataclass, field
from typing import Any

from convcalc.errors import InputError, nearest
from convcalc.network.functions import Take
from convcalc.network.layer import Layer
from convcalc.network.source.follower import Follower
from convcalc.network.source.values import Call, Library, Module, Scope
from convcalc.network.trace import Node, Tensor, Trace
from convcalc.network.zoo import ZOO, ZooEntry

CLASSES = {
    "classics.alexnet": "AlexNet", "classics.vgg": "VGG", "classics.squeezenet": "SqueezeNet",
    "resnet.resnet": "ResNet", "resnet.densenet": "DenseNet", "resnet.convnext": "ConvNeXt",
    "inception.googlenet": "GoogLeNet", "inception.inception_v3": "Inception3",
    "mobile.mobilenet_v2": "MobileNetV2", "mobile.mobilenet_v3": "MobileNetV3",
    "mobile.shufflenet_v2": "ShuffleNetV2", "mobile.efficientnet_b0": "EfficientNet",
}  # fmt: skip
"""torchvision's class for each builder of the zoo that has torchvision's names."""
FUNCTIONS = frozenset(("flatten", "max_pool2d", "avg_pool2d", "adaptive_avg_pool2d", "mean", "channel_shuffle"))
"""What torchvision's forward calls as functions, where the zoo has layers."""
FUNCTIONS_OF = {"BasicConv2d": ("relu",), "MobileNetV2": ("avgpool",), "DenseNet": ("relu", "avgpool")}
"""The same, of single classes."""
AUXILIARY = {"GoogLeNet": ("aux1", "aux2"), "Inception3": ("AuxLogits",)}
"""Parts that only training uses."""
HARMLESS = frozenset(("pretrained", "weights", "progress", "init_weights"))
"""Settings that change no shape."""


@dataclass
class Step:
    """What a part of the network does next: call one of its parts by a label, or a function (which is then given)."""

    label: str
    function: Layer | None
    inputs: list[int]
    outputs: list[int]
    nodes: list[Node] = field(default_factory=list)


@dataclass
class Replay:
    """What a network of the zoo, or a part of it, does, by its nodes: a module of it is called by these steps."""

    steps: list[Step]
    reads: list[int]
    skipped: tuple[str, ...] = ()
    unknown: str = ""
    """Why its numbers cannot be told, if they cannot."""

    def run(self, follower: Follower, node: ast.AST, module: Module, given: list[Any], scope: Scope) -> Any:
        """Call the parts, as they are now, one after the other."""
        if len(given) != len(self.reads):
            raise follower.refuse(node, f"a {module.kind} is called with {len(given)} values", "it takes one tensor")
        if self.unknown and follower.trace is not None:
            follower.trace.unknown.append(follower.refuse(node, self.unknown))
        values = dict(zip(self.reads, given, strict=True))
        last = given[0]
        for step in self.steps:
            if step.label in self.skipped:
                continue
            tensors = [values[index] for index in step.inputs]
            if step.function is not None:
                last = follower.use(step.label, _fitted(step.function, tensors[0]), *tensors, node=node, scope=scope)
            else:
                part = module.names.get(step.label, module.parts.get(step.label))
                if part is None:
                    raise follower.refuse(node, f"the network's {step.label} was taken away, and its forward calls it")
                last = follower.call(node, part, tensors, {}, scope)
            values |= dict.fromkeys(step.outputs, last)
        return last


def _fitted(function: Layer, x: Tensor) -> Layer:
    """Return a function for a tensor of this size: a part of its channels has rows and columns as they are now."""
    return (
        Take((x.shape[0], function.to[1], *x.shape[2:]), function.text, cuts=function.cuts)
        if isinstance(function, Take)
        else function
    )


def is_network(name: str) -> bool:
    """Whether a library's name is one of torchvision's functions that make a network of the zoo.

    >>> is_network("torchvision.models.resnet18"), is_network("torchvision.models.resnet.resnet18")
    (True, True)
    """
    return name.startswith("torchvision.models.") and _entry(name.rpartition(".")[2]) is not None


def _entry(name: str) -> ZooEntry | None:
    entry = ZOO.get(name)
    return entry if entry is not None and entry.builder in CLASSES and "-" not in name else None


def refused(name: str) -> InputError:
    """Return the error for a network of torchvision's that the zoo has not."""
    known = [known for known in ZOO if _entry(known) is not None]
    word = name.rpartition(".")[2]
    close = nearest(word, known)
    hint = f"{' or '.join(close)} are" if close else "`convcalc zoo --all` names those that are"
    return InputError(f"{name} is not among the networks that are known here", hint=hint)


def hub(call: Call) -> Module:
    """Do what `torch.hub.load` does with torchvision's own repository."""
    repository, name = (*call.given, call.named.pop("model", ""))[:2]
    if not str(repository).startswith("pytorch/vision") or _entry(str(name)) is None:
        raise InputError(f"{repository} {name} is not known here", hint="pytorch/vision is, for networks of the zoo")
    named = {key: value for key, value in call.named.items() if key not in ("force_reload", "verbose", "trust_repo")}
    return network(Call(call.node, [], named, call.follower, call.scope), f"torchvision.models.{name}")


def network(call: Call, name: str) -> Module:
    """Make a network of torchvision's, as its function does: `torchvision.models.resnet18(num_classes=10)`."""
    word = name.rpartition(".")[2]
    entry = _entry(word)
    assert entry is not None
    settings = dict(call.named)
    settings |= dict(zip(("weights", "progress"), call.given, strict=False))
    classes = settings.pop("num_classes", 1000)
    kind = CLASSES[entry.builder]
    trained = any(settings.get(key) not in (None, False) for key in ("weights", "pretrained"))
    aux = settings.pop("aux_logits", kind == "Inception3" or not trained) if kind in AUXILIARY else False
    transforms = settings.pop("transform_input", trained) if kind in AUXILIARY else False
    other = sorted(set(settings) - HARMLESS)
    if other:
        raise InputError(f"{word}'s setting '{other[0]}' is not followed", hint="num_classes and weights are")
    if not isinstance(classes, int) or classes < 1:
        raise InputError(f"{word}: num_classes must be a whole number, not {classes!r}")
    trace, _ = entry.build(None, Trace(), classes=classes, **({"aux": bool(aux)} if kind in AUXILIARY else {}))
    nodes = trace.nodes[1:]
    for node in nodes:
        call.follower.spend(call.node)
        call.follower.made(call.node, node.layer)
    root = _module(call.follower, "", kind, nodes, trace)
    if transforms:
        root.replay.unknown = f"{word} with weights changes its input's colours first, which is not followed"
    return root


def _module(follower: Follower, path: str, kind: str, nodes: list[Node], trace: Trace) -> Module:
    """Return a part of a network, with its own parts and the steps of its forward."""
    module = Module(kind, begun=True)
    own = {node.index for node in nodes}
    reads = list(dict.fromkeys(source for node in nodes for source in node.inputs if source not in own))
    steps = _steps(path, kind, nodes)
    for step in steps:
        if step.function is not None:
            continue
        full = f"{path}{step.label}"
        if full not in trace.groups:
            part: Module | Layer = step.nodes[0].layer
        else:
            part = _module(follower, f"{full}.", trace.groups[full], step.nodes, trace)
        (module.parts if kind == "Sequential" else module.names).setdefault(step.label, part)
    module.replay = Replay(steps, reads, AUXILIARY.get(kind, ()))
    return module


def _steps(path: str, kind: str, nodes: list[Node]) -> list[Step]:
    steps: list[Step] = []
    for node in nodes:
        label, dot, _ = node.name[len(path) :].partition(".")
        named_so = node.layer.is_function or label in FUNCTIONS or label in FUNCTIONS_OF.get(kind, ())
        is_function = named_so and not dot and not label.isdigit()
        if dot and steps and steps[-1].label == label and steps[-1].function is None:
            steps[-1].nodes.append(node)
        else:
            steps.append(Step(label, node.layer if is_function else None, [], [], [node]))
    for step in steps:
        within = {node.index for node in step.nodes}
        step.inputs = list(
            dict.fromkeys(source for node in step.nodes for source in node.inputs if source not in within)
        )
        step.outputs = [step.nodes[-1].index]
    return steps


def residual(call: Call) -> Module:
    """Make what `torchvision.models.ResNet(BasicBlock, [2, 2, 2, 2])` makes, where the zoo has it."""
    block, depths, classes = call.take("block", "layers", "num_classes", num_classes=1000)
    name = block.name.rpartition(".")[2] if isinstance(block, Library) else ""
    wanted = {"block": name, "depths": tuple(depths), "groups": 1, "base": 64}
    found = next((word for word, entry in ZOO.items() if entry.settings == wanted), None)
    if found is None:
        raise InputError("this ResNet is not among the networks that are known here", hint="resnet18 to resnet152 are")
    return network(Call(call.node, [], {"num_classes": classes}, call.follower, call.scope), f".{found}")
