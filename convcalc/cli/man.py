"""The manual page, made of the same texts as the help: `convcalc help man` prints it, and it is installed as one."""

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from convcalc.cli.commands import COMMANDS

ENVIRONMENT = {
    "CONVCALC_PRECISION": "How many decimals the work has, if --precision does not say; the answer keeps every digit.",
    "CONVCALC_ASCII": "Draw with ASCII signs only, as --ascii.",
    "CONVCALC_COLOR": "auto, always or never, if --color does not say.",
    "CONVCALC_PAGER": "Show long output page by page, as --pager.",
    "PAGER": "What shows pages; else less, or more.",
    "NO_COLOR": "No colours, but for --color always.",
    "FORCE_COLOR, CLICOLOR_FORCE": "Colours also where what is drawn goes to no terminal; rows of numbers have none.",
    "CLICOLOR": "0: no colours.",
    "COLUMNS": "How wide the work is drawn.",
    "TERM": "dumb: no colours, and no keys.",
}
STATUS = {
    "0": "Done.",
    "1": "The input, or the arithmetic asked of it, cannot be done.",
    "2": "The command line is wrong.",
}
FILES = {"$XDG_STATE_HOME/convcalc/history": "The lines that were typed into sessions."}
EXAMPLES = (
    "convcalc conv --input sample:lecture-6x6 --kernel edge",
    "convcalc size -n 7 -f 3 -s 2",
    "convcalc conv -i sample:lecture-6x6 -k edge | convcalc relu | convcalc pool max -q",
    "convcalc model lenet5",
)


def man_page(root: Any, ctx: Any, about: str, version: str) -> Iterator[str]:
    """Yield the lines of the page, as roff: what the program is, its commands by panel, and what stands around them."""
    summary, _, rest = about.partition("\n\n")
    yield f'.TH CONVCALC 1 "" "convcalc {version}" "User Commands"'
    yield ".SH NAME"
    yield f"convcalc \\- {_text(summary[0].lower() + summary[1:].rstrip('.'))}"
    yield ".SH SYNOPSIS"
    yield ".B convcalc\n[\\fIOPTION\\fR]... \\fICOMMAND\\fR [\\fIARGUMENT\\fR]..."
    yield ".SH DESCRIPTION"
    yield _text(summary)
    yield from (f".PP\n{_text(part)}" for part in rest.split("\n\n") if "://" not in part)
    yield ".PP\nconvcalc COMMAND \\-\\-help tells a command's options and examples, convcalc help TOPIC what else there"
    yield "is to read."
    yield ".SH OPTIONS"
    records = (one.get_help_record(ctx) for one in root.get_params(ctx))
    yield from _entries(dict(filter(None, records)))
    yield ".SH COMMANDS"
    for panel, pairs in groupby(COMMANDS.items(), key=lambda pair: pair[1].panel):
        yield f".SS {_text(panel)}"
        yield from _entries({name: entry.summary for name, entry in pairs})
    yield ".SH EXAMPLES"
    yield from (f".PP\n.EX\n{_text(line)}\n.EE" for line in EXAMPLES)
    for title, rows in (("ENVIRONMENT", ENVIRONMENT), ("FILES", FILES), ("EXIT STATUS", STATUS)):
        yield f".SH {title}"
        yield from _entries(rows)
    yield ".SH SEE ALSO"
    yield from (_text(line) for line in rest.split("\n") if "://" in line)


def _entries(rows: dict[str, str]) -> Iterator[str]:
    yield from (f".TP\n.B {_text(name)}\n{_text(what)}" for name, what in rows.items())


def _text(text: str) -> str:
    r"""Return text as roff that means itself.

    >>> print(_text("--ascii \\n"))
    \-\-ascii \en
    """
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"(?m)^([.'])", r"\\&\1", escaped)
