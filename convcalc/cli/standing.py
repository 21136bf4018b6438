"""Words as people type them: a grid that stands alone, and other names for an option, put as the commands have them."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from convcalc.errors import UsageError

INPUT = "--input"
KERNEL_SIZES = ("-f", "-k", "-w", "--kernel", "--kernel-size", "--window")
"""The names that the size of a window has in libraries and lectures."""
SIZED = {"size": "-f", "pool": "--window"}
"""The commands to which all of them mean the same, and what it is called there."""


def _names_a_kernel(word: str) -> bool:
    from convcalc.engine.kernels import named

    return named(word) is not None


def _names_a_pooling(word: str) -> bool:
    from convcalc.engine.pooling_kinds import PoolKind

    return word.lower() in {word for kind in PoolKind for word in (str(kind), *kind.record.other_words)}


def _names_a_loss(word: str) -> bool:
    from convcalc.engine.loss_kinds import LossKind

    return not _is_a_grid(word) or word.lower() in {str(kind) for kind in LossKind}


def _always(word: str) -> bool:
    return True


def _never(word: str) -> bool:
    return False


FIRST: Mapping[str, Callable[[str], bool]] = {
    "conv": _names_a_kernel,
    "conv-transpose": _names_a_kernel,
    "kernels": _names_a_kernel,
    "pool": _names_a_pooling,
    "loss": _names_a_loss,
    "model": _always,
    "linear": _never,
}
"""Of commands with an argument of their own: whether a first word is that, or the grid that comes before it."""


def with_option_names(command: str, words: Sequence[str]) -> list[str]:
    """Return words with a command's own name for an option that is called otherwise elsewhere.

    >>> with_option_names("size", ["-n", "7", "-k", "3"]), with_option_names("conv", ["-k", "edge"])
    (['-n', '7', '-f', '3'], ['-k', 'edge'])
    """
    own = SIZED.get(command)
    if own is None:
        return list(words)
    names = "|".join(map(re.escape, KERNEL_SIZES))
    return [re.sub(rf"^(?:{names})(?=$|=|(?<=^-[fkw])\d)", own, word) for word in words]


def with_input(command: Any, context: Any, words: list[str]) -> list[str]:
    """Return words with `--input` before a grid that stands alone, where the command takes one.

    It is the word that is too many: before a kernel or weights, or behind what kind of pooling or loss it is.
    """
    parameters = command.get_params(context)
    takes = next((one for one in parameters if INPUT in one.opts), None)
    arguments = [one for one in parameters if one.param_type_name == "argument"]
    if takes is None or len(arguments) > 1 or any(one.nargs != 1 for one in arguments):
        return words

    def standing(line: list[str]) -> tuple[dict[str, Any], list[str]]:
        """Return the options that are given, and the words that stand alone."""
        given, rest, _ = command.make_parser(context).parse_args(list(line))
        own = [given[one.name] for one in arguments if isinstance(given.get(one.name), str)]
        return given, [*own, *rest]

    given, alone = standing(words)
    if given.get(takes.name) is not None:
        return words
    named = {"--kernel", "--weights"}
    also_named = [one for one in parameters if one.param_type_name == "option" and named & set(one.opts)]
    room = len(arguments) - any(given.get(one.name) is not None for one in also_named)
    is_first = FIRST.get(str(command.name), _never)
    if command.name == "pool" and len(alone) == 1 and not is_first(alone[0]) and _is_a_grid(alone[0]):
        room = 0
    if len(alone) != room + 1:
        return words
    index = 1 if room and is_first(alone[0]) else 0
    rest = [*alone[:index], *alone[index + 1 :]]
    for place in (place for place, word in enumerate(words) if word == alone[index]):
        line = [*words[:place], *words[place + 1 :]]
        if standing(line)[1] == rest:
            return [INPUT, words[place], *line]
    return words


def _is_a_grid(word: str) -> bool:
    """Whether a word is a grid, by how it looks, or a file."""
    from convcalc.matrix_io.files import file_of, looks_inline

    return word == "-" or looks_inline(word) or file_of(word) is not None


def meant(word: str, words: str, rest: Sequence[str]) -> list[str]:
    """Return the line that a command by another name means; raise UsageError where it needs more than a name."""
    if words.startswith("-") or re.search(r"[A-Z]", words):
        raise UsageError(f"there is no command '{word}'", hint=f"did you mean {words}?")
    return [*words.split(), *rest]
