"""The commands, as data: where each is, and what it does in a line. A command is imported when it is run.

Building all of them for Typer would take longer than most of them run.
"""

import importlib
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from itertools import groupby
from typing import Any, NamedTuple

import typer
from typer.core import TyperGroup

from convcalc.cli.help import Command, sayable, write_help
from convcalc.cli.messages import note
from convcalc.cli.standing import meant
from convcalc.errors import UsageError, nearest


class CommandEntry(NamedTuple):
    """A command: the panel of the help it stands in, its module and function, and its docstring's first line."""

    panel: str
    place: str
    summary: str


_TABLE: dict[str, dict[str, tuple[str, str]]] = {
    "Calculate": {
        "conv": (
            "convolution.conv",
            "Slide a kernel over a grid: each window, every product, every sum, the feature map.",
        ),
        "pool": ("pooling.pool", "Pool a grid: each window and its winner, or its mean with the divisor."),
        "conv-transpose": (
            "transposed.conv_transpose",
            "Go from a convolution's output shape back to its input's: every cell stamps the kernel, stamps add up.",
        ),
        "pad": ("grids.pad", "Add cells around a grid, and show which they are."),
        "size": (
            "size.size",
            "Work the output-size formula, (N + 2P − F)/S + 1, and say what does not fit and what would.",
        ),
        "show": ("grids.show", "Show a grid as it was read: its shape, its numbers and, with --heat, its shades."),
    },
    "Activate": {
        "softmax": ("activations.softmax", "Turn logits into probabilities that add to 1: e^x / Σ e^x along each row."),
        "log-softmax": ("activations.log_softmax", "Take the logarithm of the softmax: x − ln Σ e^x along each row."),
    },
    "Normalise": {},
    "Join and resize": {},
    "Classify": {
        "flatten": (
            "dense.flatten",
            "Flatten a grid to one row, row by row and channel after channel, and show where each cell goes.",
        ),
        "linear": (
            "dense.linear",
            "Multiply a row by the weights of a fully connected layer and add its bias, each dot product written out.",
        ),
        "attention": (
            "attention.attention",
            "Attend: softmax(Q·Kᵀ/√d)·V, the scores, their softmax, and the values weighed by it.",
        ),
        "loss": ("dense.loss", "Measure how far an output is from its target: every term, then their mean."),
    },
    "Look up": {
        "kernels": (
            "kernels.kernels",
            "List the named kernels, or show one at work on a sample, or on a grid of yours.",
        ),
        "model": (
            "model.model",
            "Count a network layer by layer: shapes, parameters, multiply-adds, receptive fields, memory.",
        ),
        "zoo": ("zoo.zoo", "List well-known networks: the figure usually quoted beside the one counted."),
        "samples": (
            "samples.samples",
            "List the samples that come with the program, or print one: sample:NAME stands wherever a file can.",
        ),
    },
    "Learn": {
        "quiz": ("quiz.quiz", "Ask questions, mark the answers cell by cell, and name the likely mistake."),
        "worksheet": (
            "worksheet.worksheet",
            "Make a worksheet: exercises with small numbers, room for the answers, and a key with the working.",
        ),
        "mark": (
            "mark.mark",
            "Mark a class's answers to a worksheet: points, which mistakes were made, what was hard.",
        ),
        "run": (
            "run.run",
            "Run a script: one command a line, in the words of the shell, the grid carried from line to line.",
        ),
        "lecture": ("lecture.lecture", "Work the exercises of the lecture on convolutional networks, row by row."),
        "help": (
            "topics.show_help",
            "Show a command's options and examples, or a topic: grids, numbers, pipes, networks and more.",
        ),
    },
}
"""The panels of the help, their commands, the module and function of each, and what it does."""


def _activations() -> Iterator[tuple[str, tuple[str, str]]]:
    from convcalc.engine.activation_kinds import ActivationKind

    for kind in ActivationKind:
        if not kind.record.variant_of:
            yield kind.value, (f"activations.{kind.value.replace('-', '_')}", kind.record.summary)


def _norms() -> Iterator[tuple[str, tuple[str, str]]]:
    from convcalc.engine.norm_kinds import NormKind

    for kind in NormKind:
        yield kind.value, (f"norms.{kind.value.replace('-', '_')}", kind.record.summary)


def _joins() -> Iterator[tuple[str, tuple[str, str]]]:
    from convcalc.engine.gather_kinds import GatherKind

    for kind in GatherKind:
        yield kind.value, (f"gathering.{kind.value}", kind.record.summary)


_OF_KINDS = {"Activate": _activations, "Normalise": _norms, "Join and resize": _joins}
"""Commands that are made of an operation's kinds, first in their panels; their records take a while to load."""


class CommandTable(Mapping[str, CommandEntry]):
    """Every command, in the order of the help; those of kinds are looked up only where another is not meant."""

    def __init__(self) -> None:
        self.found = {
            name: CommandEntry(panel, *entry) for panel, rows in _TABLE.items() for name, entry in rows.items()
        }
        self.is_whole = False

    def whole(self) -> dict[str, CommandEntry]:
        """Return all of them."""
        if not self.is_whole:
            rows = {panel: {**dict(_OF_KINDS.get(panel, dict)()), **rows} for panel, rows in _TABLE.items()}
            self.found = {
                name: CommandEntry(panel, *entry) for panel, own in rows.items() for name, entry in own.items()
            }
            self.is_whole = True
        return self.found

    def __getitem__(self, name: str) -> CommandEntry:
        return self.found[name] if name in self.found else self.whole()[name]

    def __contains__(self, name: object) -> bool:
        return name in self.found or name in self.whole()

    def __iter__(self) -> Iterator[str]:
        return iter(self.whole())

    def __len__(self) -> int:
        return len(self.whole())


COMMANDS = CommandTable()
"""Every command: the panel of the help it stands in, its module and function, and what it does."""


ALSO = {
    "convolve": "conv",
    "conv1d": "conv",
    "conv2d": "conv",
    "cross-correlation": "conv",
    "filter": "conv",
    "deconv": "conv-transpose",
    "transposed": "conv-transpose",
    "maxpool": "pool max",
    "max-pool": "pool max",
    "avgpool": "pool avg",
    "avg-pool": "pool avg",
    **{f"{name}-pool{dims}d": f"pool {name}" for name in ("max", "avg") for dims in (1, 2)},
    **{f"{name}pool{dims}d": f"pool {name}" for name in ("max", "avg") for dims in (1, 2)},
    **{f"{name}-pooling": f"pool {name}" for name in ("max", "avg", "average")},
    **{f"{name}pooling{dims}d": f"pool {name}" for name in ("max", "average") for dims in (1, 2)},
    "average-pool": "pool avg",
    "pooling": "pool",
    "convolution": "conv",
    "correlate": "conv",
    "conv-transpose2d": "conv-transpose",
    "transposed-convolution": "conv-transpose",
    "deconvolution": "conv-transpose",
    "fully-connected": "linear",
    "output-size": "size",
    "shape": "size",
    "receptive-field": "size",
    "field": "size",
    "concatenate": "concat",
    "cat": "concat",
    "skip": "add",
    "residual": "add",
    "interpolate": "upsample",
    "upsampling": "upsample",
    "maxunpool": "unpool",
    "dilate": "pool max --stride 1",
    "erode": "pool min --stride 1",
    "dense": "linear",
    "fc": "linear",
    "matmul": "linear",
    "swish": "silu",
    "hardtanh": "clip",
    "clamp": "clip",
    "leakyrelu": "leaky-relu",
    "logsoftmax": "log-softmax",
    "batchnorm": "batch-norm",
    "layernorm": "layer-norm",
    "groupnorm": "group-norm",
    "instance-norm": "group-norm --groups CHANNELS",
    "cross-entropy": "loss cross-entropy",
    "mse": "loss mse",
    "conv3d": "model --list",
    "depthwise": "conv --groups CHANNELS",
    "attend": "attention",
    "flops": "model",
    "macs": "model",
    "params": "model",
    "parameters": "model",
    "summary": "model",
    "im2col": "conv --as matmul",
    "backward": "conv --backward 1",
    "kernel": "kernels",
    "version": "--version",
}
"""Other words people have for a command, and the words that do it."""
ALIKE = frozenset(
    ("matmul", "skip", "residual", "filter", "hardtanh", "interpolate", "dilate", "erode", "backward", "shape", "field")
)
"""Of these, what does something alike and not the same, which is only named."""
LEAST_ALIKE = 0.74
"""Of a mistyped command and the one meant: `cnov` and `conv` are, `train` and `tanh` are not."""


def instead(word: str, others: Iterable[str] = ()) -> str | None:
    """Return the words that were likely meant by one that is no command, nor one of the `others`; None if unknown.

    >>> instead("swish"), instead("cnov"), instead("maxpol"), instead("sobel"), instead("transformer")
    ('silu', 'conv', 'pool max or unpool', 'conv sobel', None)
    """
    lower = word.lower().replace("_", "-")
    if lower in ALSO:
        return ALSO[lower]
    from convcalc.engine.kernels import named

    if named(lower) is not None:
        return f"conv {lower}"
    close = nearest(lower, [*COMMANDS, *ALSO, *others], alike=LEAST_ALIKE)
    return " or ".join(dict.fromkeys(ALSO.get(name, name) for name in close)) or None


def load(name: str) -> Any:
    """Return a command as Typer builds it."""
    entry = COMMANDS[name]
    module, name_there = entry.place.split(".")
    function = getattr(importlib.import_module(f"convcalc.cli.{module}"), name_there)
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    alone.command(name, cls=Command, help=None if function.__doc__ else entry.summary)(function)  # as -OO has it
    return typer.main.get_command(alone)


class Commands(MutableMapping[str, Any]):
    """The commands by name, each built when it is first asked for."""

    def __init__(self) -> None:
        self.built: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self.built:
            if name not in COMMANDS:
                raise KeyError(name)
            self.built[name] = load(name)
        return self.built[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self.built[name] = command

    def __delitem__(self, name: str) -> None:
        del self.built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)

    def __contains__(self, name: object) -> bool:
        return name in COMMANDS


class Group(TyperGroup):
    """convcalc itself: its commands are built when they are run, and only named in its help."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = Commands()
        self.naming = False

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Refuse a NUL, which no name and no number holds, and take the words apart."""
        if any("\0" in word for word in args):
            raise UsageError("there is a NUL in this line", hint="take it out")
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return a command and its words; refuse what is none, and name the one that was likely meant."""
        if args[0] in COMMANDS or args[0].startswith("-"):
            return super().resolve_command(ctx, args)
        other = ALSO.get(args[0].lower().replace("_", "-"))
        if other is not None and args[0].lower() not in ALIKE:
            words = meant(args[0], other, args[1:])
            note(f"'{args[0]}' is {other} here")
            return super().resolve_command(ctx, words)
        suggestion = instead(args[0])
        hint = f"`{ctx.command_path} --help` lists the commands"
        raise UsageError(
            f"there is no command '{args[0]}'", hint=f"did you mean {suggestion}? {hint}" if suggestion else hint
        )

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command, built; while names are completed, only its name and what it does."""
        if self.naming:
            return Command(cmd_name, help=COMMANDS[cmd_name].summary)
        return self.commands.get(cmd_name)

    def get_help(self, ctx: Any) -> str:
        """Return the help."""
        return sayable(super().get_help(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help, which needs no command built."""
        panels = groupby(COMMANDS.items(), key=lambda pair: pair[1].panel)
        write_help(
            self, ctx, formatter, [(panel, [(name, entry.summary) for name, entry in pairs]) for panel, pairs in panels]
        )

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Return the completions of a command's name, and of options; no command is built for it."""
        self.naming = True
        try:
            return super().shell_complete(ctx, incomplete)
        finally:
            self.naming = False
