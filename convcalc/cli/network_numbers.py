"""What `convcalc model` takes to run a network with numbers: the input, the weights, what is asked of them."""

from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from convcalc.cli.completion import one_of
from convcalc.cli.inputs import find, read_options
from convcalc.cli.messages import note
from convcalc.cli.options import InputOptions, at_most_one, input_option, number_of, show_option
from convcalc.cli.surroundings import Surroundings
from convcalc.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from convcalc.engine.exact import Array
    from convcalc.network.summary import Summary

BACK_PANEL = "Backward"
PARTS = ("--layer", "--at", "--why", "--walk", "--quiet")
"""What shows a part of what a network made."""
SHOWN = ("--quiet", "--layer", "--at", "--why", "--walk", "--rate")
"""Of which one is shown at a time."""
FORWARD = ("--why", "--labels", "--heat", "--quiet", "--layer", "--walk")
"""What tells of the pass forward alone."""
IDLE, FREEZING = ("--depth", "--all"), ("--freeze", "--freeze-to")
"""What is for counting, and what is for a step of descent."""


class NumberOptions(NamedTuple):
    """The weights, how a picture becomes the input, and what of the numbers is shown."""

    weights: Annotated[
        str | None,
        input_option(
            "--weights",
            "-W",
            metavar="FILE|random|trained",
            autocompletion=one_of("random", "trained"),
            help="The network's weights: .npz, .safetensors, or what PyTorch saves; or drawn as it initialises them; "
            "or (of digits) those that come with it. --input then holds numbers: a picture, a file, or written out.",
        ),
    ] = None
    seed: Annotated[int | None, input_option("--seed", metavar="N", min=0, help="Of random weights; default 0.")] = None
    rgb: Annotated[bool, input_option("--rgb", help="Read a picture as red, green and blue.")] = False
    resize: Annotated[
        str | None, input_option("--resize", metavar="ROWSxCOLS", help="Resize a picture, as in 28x28.")
    ] = None
    normalize: Annotated[bool, input_option("--normalize", help="Divide every cell by 255.")] = False
    mean: Annotated[
        str | None, input_option("--mean", metavar="NUMBERS", help="Subtract it, one number or one a channel.")
    ] = None
    std: Annotated[
        str | None, input_option("--std", metavar="NUMBERS", help="Divide by it then, one number or one a channel.")
    ] = None
    labels: Annotated[
        str | None, input_option("--labels", metavar="FILE", help="The names of the classes, one a line.")
    ] = None
    exact: Annotated[
        bool, input_option("--exact", help="Work in fractions, as small networks can be, and not in float32.")
    ] = False
    at: Annotated[
        str | None,
        show_option(
            "--at",
            metavar="LAYER:MAP,ROW,COL",
            help="Work one neuron, as in conv2:3,4,4 or fc1:7; with --backward one weight's gradient, as in "
            "conv1.weight:0,0,1,1.",
        ),
    ] = None
    why: Annotated[
        str | None,
        show_option(
            "--why", metavar="LAYER:MAP,ROW,COL", help="A neuron's largest terms, and where in the picture they are."
        ),
    ] = None
    save: Annotated[
        str | None,
        show_option("--save", metavar="FILE.npz", help="Write every layer's maps; with --rate the new weights."),
    ] = None
    heat: Annotated[bool, show_option("--heat", help="Shade the maps of --layer by their values.")] = False
    quiet: Annotated[bool, show_option("--quiet", "-q", help="The network's output alone, as plain rows.")] = False
    backward: Annotated[
        bool,
        typer.Option(
            "--backward", help="Go back to every parameter's gradient, and the input's.", rich_help_panel=BACK_PANEL
        ),
    ] = False
    target: Annotated[
        str | None,
        typer.Option(
            "--target",
            metavar="CLASS",
            help="From the cross-entropy of this class (of a batch, one each: 3,5). Without it, from the output's sum.",
            rich_help_panel=BACK_PANEL,
        ),
    ] = None
    rate: Annotated[
        str | None,
        typer.Option(
            "--rate",
            metavar="RATE",
            help="One step of gradient descent; --freeze and --freeze-to keep layers as they are.",
            rich_help_panel=BACK_PANEL,
        ),
    ] = None

    def check(self, beside: "Mapping[str, bool]") -> None:
        """Refuse what does nothing, and what excludes each other; `beside` says which other options are given."""
        words = ("at", "why", "save", "labels", "mean", "std", "resize", "target", "rate", "seed")
        signs = ("rgb", "normalize", "exact", "heat", "quiet", "backward")
        own = {f"--{name}": getattr(self, name) is not None for name in words}
        own |= {f"--{name}": getattr(self, name) for name in signs}
        first = next((option for option, is_given in own.items() if is_given), None)
        if self.weights is None:
            if first is not None:
                raise UsageError(f"{first} does nothing without --weights", hint="as in --weights net.pt, or random")
            return
        given = {**own, **beside, "--weights": True}
        descends = self.rate is not None
        given["--backward"] = self.backward or descends
        for option in IDLE if descends else (*IDLE, *FREEZING):
            if given[option]:
                hint = "add --rate to take a step" if option in FREEZING else "every layer is shown"
                raise UsageError(f"{option} does nothing with --weights", hint=hint)
        at_most_one({option: given[option] for option in SHOWN})
        pairs = [("--trace", "--weights"), ("--quiet", "--format"), *((option, "--backward") for option in FORWARD)]
        pairs += [] if descends else [("--save", option) for option in PARTS]
        for pair in pairs:
            at_most_one({option: given[option] for option in pair})
        if self.target is not None and not given["--backward"]:
            raise UsageError("--target does nothing without --backward", hint="add --backward")
        if descends and self.target is None:
            raise UsageError("--rate needs a loss to go down", hint="name the class that is right, as in --target 3")
        if self.backward and self.save is not None and not descends:
            raise UsageError("--save writes new weights after --rate", hint="--format json holds the gradients")


def read_network_input(here: Surroundings, word: str | None, asked: NumberOptions) -> "Array":
    """Return the numbers that go into a network, as float32: a picture, scaled and normalised as asked."""
    import numpy as np

    from convcalc.engine.exact import as_floats

    source = InputOptions(word, rgb=asked.rgb, resize=asked.resize)
    if word is not None and word not in here.names and _is_shape(word):
        raise UsageError(f"--input {word} is a shape, and weights need numbers", hint="a picture, a file, or a grid")
    cells = find(here, word, "--input", read_options(source)).cells
    if asked.exact:
        return _exactly_scaled(cells, asked)
    grid = as_floats(cells, np.dtype(np.float64))
    if asked.normalize:
        grid = grid / 255
    if asked.mean is not None:
        grid = grid - _by_channel(asked.mean, "--mean", grid)
    if asked.std is not None:
        deviations = _by_channel(asked.std, "--std", grid)
        if not deviations.all():
            raise UsageError(f"--std {asked.std}: nothing can be divided by 0", hint="leave it out, or give another")
        grid = grid / deviations
    return as_floats(grid, np.dtype(np.float32))


def _by_channel(text: str, option: str, grid: "Array") -> "Array":
    """Return one number, or one a channel, so that they broadcast to the input."""
    import numpy as np

    values = np.array([float(number_of(part, option)) for part in text.replace(",", " ").split()])
    channels = grid.shape[-3] if grid.ndim > 2 else 1
    if values.size not in (1, channels):
        fault = f"{option} {text!r} holds {values.size} of the {channels} numbers that it takes, one a channel"
        raise UsageError(fault, hint="give one, or one for each channel")
    return values.reshape(-1, 1, 1) if values.size > 1 else values


def _exactly_scaled(cells: "Array", asked: NumberOptions) -> "Array":
    """Return exact numbers, scaled as asked: fractions, a float as the decimal that it says."""
    from convcalc.engine.exact import divided
    from convcalc.inference.parameters import exactly

    if asked.mean is not None or asked.std is not None:
        raise UsageError("--exact takes no --mean and no --std", hint="leave them out, or leave --exact out")
    grid = exactly(cells)
    return divided(grid, 255) if asked.normalize else grid


def _is_shape(word: str) -> bool:
    import re

    return re.fullmatch(r"\d+([x×]\d+)+", word.strip()) is not None


def tensors_of(
    here: Surroundings, summary: "Summary", asked: NumberOptions, network: str
) -> dict[int, dict[str, "Array"]]:
    """Return each layer's tensors, by its identity, and say what is to be said of them."""
    from convcalc.cli.progress import counted
    from convcalc.models import is_drawn
    from convcalc.models import tensors_of as chosen

    assert asked.weights is not None
    if asked.seed is not None and not is_drawn(asked.weights):
        raise UsageError("--seed does nothing: these weights are not drawn", hint="leave it out, or --weights random")
    tensors, text = chosen(summary, network, asked.weights, seed=asked.seed or 0, exact=asked.exact, watch=counted)
    note(text)
    return tensors
