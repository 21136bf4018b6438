"""What a line that is being typed can go on with: commands, options, their choices, kernels, names and files."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from convcalc.session.script import opens_rows

KERNEL_OPTIONS = ("--kernel", "-k")
NUMBER = r"[-+−]?[\d.][\d.,/]*([eE][-+]?\d*)?"
TAKE_KERNELS = ("conv", "conv-transpose", "kernels")


class Command(NamedTuple):
    """A command's options, and the words that an option, or the argument (under ""), can be."""

    options: Sequence[str] = ()
    choices: Mapping[str, Sequence[str]] = MappingProxyType({})


class Words(NamedTuple):
    """Everything that can be completed."""

    commands: Mapping[str, Command]
    verbs: Sequence[str]
    kernels: Sequence[str]
    topics: Sequence[str] = ()


def complete(before: str, word: str, words: Words, names: Iterable[str], *, in_rows: bool = False) -> list[str]:
    r"""Return what `word` can become, with `before` standing in front of it on the line; among rows, a tab.

    >>> words = Words({"conv": Command(["--kernel", "-k"])}, ["undo"], ["edge", "emboss"])
    >>> complete("", "co", words, []), complete("conv ", "e", words, []), complete("conv ", "--k", words, [])
    (['conv '], ['edge ', 'emboss '], ['--kernel '])
    >>> complete("10\t", "20", words, [])
    ['20\t']
    """
    if in_rows or opens_rows(before + word):
        return [f"{word}\t"]
    if re.fullmatch(NUMBER, word):
        # What is pasted from a spreadsheet has tabs between its numbers; a file that is called like one is not meant.
        file_names = [] if re.search(r"\d\s+$", before) else files(word)
        return _matching([name for name in file_names if not re.fullmatch(NUMBER, name)], word) or [f"{word}\t"]
    words_before = before.split()
    if words_before[1:2] == ["="]:
        words_before = words_before[2:]
        if not words_before:
            candidates = [*words.commands, *names, *files(word)]
            return _matching(candidates, word)
    if not words_before:
        return _matching([*words.commands, *words.verbs, "input"], word)
    verb, last = words_before[0], words_before[-1]
    command = words.commands.get(verb)
    if verb == "help":
        return _matching([*words.commands, *words.verbs, *words.topics], word)
    if verb == "save":
        return _matching([*(["script"] if len(words_before) == 1 else []), *files(word)], word)
    if command is not None and word.startswith("-"):
        return _matching(command.options, word)
    if command is not None and last in command.choices:
        return _matching(command.choices[last], word)
    candidates = [*names, *files(word)]
    if last in KERNEL_OPTIONS or (verb in TAKE_KERNELS and len(words_before) == 1):
        candidates = [*words.kernels, *candidates]
    if command is not None and len(words_before) == 1:
        candidates = [*command.choices.get("", ()), *candidates]
    return _matching(candidates, word)


def _matching(candidates: Iterable[str], word: str) -> list[str]:
    matching = dict.fromkeys(candidate for candidate in candidates if candidate.startswith(word))
    return [candidate if candidate.endswith(os.sep) else f"{candidate} " for candidate in matching]


def files(word: str) -> list[str]:
    """Return the files and folders that a word begins the name of."""
    folder, _, start = word.rpartition("/")
    try:
        entries = sorted(Path(f"{folder}/" if folder or word.startswith("/") else ".").iterdir())
    except OSError:
        return []
    prefix = word[: len(word) - len(start)]
    return [
        f"{prefix}{entry.name}{os.sep if entry.is_dir() else ''}"
        for entry in entries
        if entry.name.startswith(start) and (start.startswith(".") or not entry.name.startswith("."))
    ]
