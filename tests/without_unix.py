"""A plugin for pytest: what Windows has not is not there, and standard output is cp1252."""

import importlib.abc
import os
import signal
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

MISSING = ("termios", "tty", "readline", "fcntl", "pty", "resource", "pwd", "grp")
SIGNALS = ("SIGHUP", "SIGQUIT", "SIGTSTP", "SIGCONT", "SIGUSR1", "SIGWINCH")
FUNCTIONS = ("fork", "getpgrp", "tcgetpgrp", "fchmod", "openpty", "mkfifo")


class NotThere(importlib.abc.MetaPathFinder):
    """Finds that a module of Unix is not there."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name in MISSING:
            raise ImportError(f"No module named {name!r}", name=name)
        return None


def take_away() -> None:
    """Take away what Windows has not."""
    for name in MISSING:
        sys.modules.pop(name, None)
    sys.meta_path.insert(0, NotThere())
    for owner, names in ((signal, SIGNALS), (os, FUNCTIONS)):
        for name in names:
            if hasattr(owner, name):
                delattr(owner, name)


if os.environ.get("WITHOUT_UNIX"):
    take_away()
