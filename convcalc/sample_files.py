"""The samples that come with the program: each has a name, `sample:NAME`, that stands wherever a file can."""

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from convcalc.errors import UsageError, nearest

PREFIX = "sample:"
_WORD = re.compile(rf"(-[A-Za-z]|--[a-z][a-z-]*=)?{PREFIX}(.*)", re.DOTALL)
_ROW = re.compile(r"^\| `([^`]+)` \| (.*?) \| `([^`]*)` \|$", re.MULTILINE)


def folder() -> Path:
    """Return where the samples are: within the installed package, or beside it in a copy of the source."""
    here = Path(__file__).parent
    return next((place for place in (here / "samples", here.parent / "samples") if place.is_dir()), here / "samples")


def names() -> list[str]:
    """Return the name of every sample, a file or one in a folder.

    >>> "lecture-6x6.txt" in names(), "digits/net.py" in names()
    (True, True)
    """
    root = folder()
    files = (path.relative_to(root).as_posix() for path in sorted(root.rglob("*")) if path.is_file())
    return [name for name in files if "README" not in name and "__pycache__" not in name]


def listed() -> list[tuple[str, str, str]]:
    """Return each sample's name, what it is, and a command to try: the table of their README."""
    text = (folder() / "README.md").read_text(encoding="utf-8")
    rows = ((name, what, command.replace("samples/", PREFIX)) for name, what, command in _ROW.findall(text))
    return [
        (name, what, command if command.startswith("convcalc") else f"convcalc samples {name} -o {name}")
        for name, what, command in rows
    ]


def path_of(name: str) -> Path:
    """Return a sample's file, by its name with or without its suffix, or a folder of samples.

    Raises UsageError naming the nearest.

    >>> path_of("lecture-6x6").name
    'lecture-6x6.txt'
    """
    root = folder()
    known = names()
    if name in known or any(one.startswith(f"{name}/") for one in known):
        return root / name
    same = [one for one in known if one.rpartition(".")[0] == name]
    if len(same) == 1:
        return root / same[0]
    close = same or nearest(name, known)
    hint = f"did you mean {PREFIX}{close[0]}? " if close else ""
    raise UsageError(f"there is no sample '{name}'", hint=f"{hint}`convcalc samples` lists them")


def next_in(name: str) -> str:
    """Return the first sample of a folder.

    >>> next_in("class")
    'class/answers.csv'
    """
    return next(one for one in names() if one.startswith(f"{name}/"))


WRITTEN = ("-o", "--output", "--key", "--save")
"""Options behind which a file is named that is written."""
NO_FILES = ("--title",)


def expanded_line(words: Sequence[str]) -> list[str]:
    """Return a command line with the paths of the samples that it names; refuse to write to one.

    >>> expanded_line(["worksheet", "--title", "sample:x"])
    ['worksheet', '--title', 'sample:x']
    """
    line: list[str] = []
    for before, word in pairwise(["", *words]):
        option = before if _WORD.fullmatch(word) and word.startswith(PREFIX) else (_WORD.match(word) or [""] * 2)[1]
        if _WORD.fullmatch(word) and str(option).rstrip("=") in WRITTEN:
            raise UsageError(f"{word} is a sample, which is read and not written", hint="name another file")
        line.append(word if before in NO_FILES else expanded(word))
    return line


def expanded(word: str) -> str:
    """Return a word with the path of the sample that it names, if it names one (./sample:x is a file of yours).

    >>> expanded("sample:lecture-6x6").endswith("lecture-6x6.txt"), expanded("--input=1 2"), expanded("-k")
    (True, '--input=1 2', '-k')
    """
    found = _WORD.fullmatch(word)
    if found is None:
        return word
    name, colon, member = found[2].partition(":")
    return f"{found[1] or ''}{path_of(name)}{colon}{member}"


def called(text: str) -> str:
    """Return a text in which samples are called by their names, rather than by where they are.

    >>> called(f"net of {folder()}/mycnn.py")
    'net of sample:mycnn.py'
    """
    return text.replace(f"{folder()}/", PREFIX).replace(f"{folder()}\\", PREFIX)
