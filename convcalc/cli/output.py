"""The only place that writes: the work and the answer to standard output or a file, and errors to standard error."""

import itertools
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import typer

from convcalc.cli.formats import check_fragment, document_lines, record_lines
from convcalc.cli.inputs import LARGEST_BYTE, check_bytes, read_options
from convcalc.cli.messages import complain, glyphs_for, note, pipe_width, printable, size_of
from convcalc.cli.options import InputOptions, OutputOptions
from convcalc.errors import CANNOT, UsageError
from convcalc.formats import Format, style_of

if TYPE_CHECKING:
    from rich.console import Console

    from convcalc.engine.exact import Array
    from convcalc.matrix_io.files import ReadOptions
    from convcalc.matrix_io.text import Grid
    from convcalc.render.glyphs import Glyphs
    from convcalc.report.document import Block, Document, Worked
    from convcalc.report.selection import Show

COMMENT = "# "
ITSELF = ("-", "/dev/stdout")
"""Names of standard output, where --output writes what would have been printed anyway."""


@dataclass(eq=False, repr=False)
class Channel:
    """What a command is run with: where it reads, where it writes, and whether that is someone's screen."""

    stdin: IO[bytes] | None
    stdout: IO[str]
    comments: list[str] = field(default_factory=list)
    """The comment lines that came with standard input, to be handed on."""
    operation: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """The command that is run, and its options, as JSON tells them."""
    grids: dict[str, "Array"] = field(default_factory=dict)
    """The grids that were read, by what they are: input, kernel, weights."""

    @property
    def on_terminal(self) -> bool:
        """Whether standard output is a terminal."""
        return self.stdout.isatty()

    @property
    def is_piped_in(self) -> bool:
        """Whether there is a standard input that is no terminal."""
        return self.stdin is not None and not self.stdin.isatty()

    def read(self, word: str | None, what: str) -> "Grid":
        """Read a grid by the user's word for it, and remember it as what it is, such as --input."""
        grid = self.find(word, what)
        self.grids[what.removeprefix("--")] = grid.cells
        return grid

    def read_answer(self, word: str | None, what: str) -> "Grid":
        """Read an answer that is to be marked, with the digits that were written."""
        from convcalc.matrix_io.files import ReadOptions

        return self.find(word, what, ReadOptions(as_written=True))

    def input(self, source: InputOptions, *, normalize: bool = True) -> "Grid":
        """Read the input as its options say; a command that shows the division by 255 itself does it itself."""
        grid = self.find(source.input, "--input", read_options(source))
        if source.normalize and normalize:
            from convcalc.engine.exact import divided

            check_bytes(grid.cells)
            grid = grid._replace(cells=divided(grid.cells, LARGEST_BYTE))
        self.grids["input"] = grid.cells
        return grid

    def find(self, word: str | None, what: str, options: "ReadOptions | None" = None) -> "Grid":
        """Read a grid by the user's word for it; standard input if there is no word and something is piped in."""
        from convcalc.matrix_io.files import AS_IT_IS, read_grid

        options = options or AS_IT_IS

        if word is None and not self.has_input:
            raise UsageError(
                "there is no input grid", hint='name one (--input grid.txt, --input "1 2; 3 4") or pipe one in'
            )
        if word in (None, "-"):
            if self.stdin is None:
                raise UsageError("standard input is taken already", hint="read only one grid from it")
            grid = read_grid("-", options, stdin=self.stdin)
            note(grid.note)
            self.stdin = None
            self.comments += grid.comments
            return grid
        grid = read_grid(str(word), options, what=what)
        note(grid.note)
        return grid

    def one_of(self, argument: str | None, option: str | None, noun: str, example: str, source: "InputOptions") -> str:
        """Return the user's word for a second grid, given once, as argument or option; both cannot be the pipe."""
        words = [word for word in (argument, option) if word is not None]
        article = "are the" if noun.endswith("s") else "is the"
        if len(words) > 1:
            raise UsageError(
                f"there are two {noun.removesuffix('s')}s, '{words[0]}' and '{words[1]}'",
                hint=f"a grid goes after --input; what stands alone {article} {noun}",
            )
        if not words:
            raise UsageError(f"there {'are' if noun.endswith('s') else 'is'} no {noun}", hint=f"as in {example}")
        if words[0] == "-" and source.input in (None, "-"):
            raise UsageError(
                f"the input and the {noun} cannot both be standard input", hint="name a file for one of them"
            )
        if source.input is None and not self.has_input:
            raise UsageError(
                f"there is no input grid: '{words[0]}' {article} {noun}",
                hint="a grid goes after --input, or is piped in",
            )
        return words[0]

    @property
    def has_input(self) -> bool:
        """Whether a command without --input has something to read."""
        return self.is_piped_in

    def knows(self, word: str) -> bool:
        """Whether a word is a grid's name; outside of scripts none is."""
        return False

    @property
    def folder(self) -> Path | None:
        """Where files are looked for, too; outside of scripts nowhere."""
        return None

    def console(self) -> "Console":
        """Return rich's console on this channel, without colour where that is not wanted."""
        from rich.console import Console

        plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb" or not self.on_terminal
        console = Console(
            file=self.stdout, highlight=False, markup=False, emoji=False, color_system=None if plain else "auto"
        )
        if "COLUMNS" not in os.environ:
            console.width = size_of(self.stdout)[0]
        return console

    def emit(self, worked: "Worked", options: OutputOptions, show: "Show | None" = None) -> None:
        """Show the work and the answer as the options and the place ask for it; or walk through it."""
        style = self._style(options)
        if style.record.is_one_picture and show is not None and show.at is not None:
            from convcalc.report.document import Answer

            worked = worked._replace(work=(block for block in worked.work if not isinstance(block, Answer)))
        worked.answer()  # what cannot be done must fail before anything is written
        if show is not None and (show.quiz or show.check is not None):
            self._refuse_output(options, "--quiz" if show.quiz else "--check")
            self.asks(worked, show)
            return
        saves = options.output is not None and options.output not in ITSELF
        if options.scale is not None and not saves:
            raise UsageError(f"--picture {options.scale} goes with a picture", hint="as in --output out.png")
        walks = show is not None and show.walk
        if walks and show is not None:
            self.walk(worked, show, ascii_only=options.ascii)
        if saves:
            self._save(worked, options, style, Path(str(options.output)))
        elif walks:
            return
        elif style is Format.TABLE:
            self._show(worked, options)
        else:
            self._print(self.lines(worked, options, style, glyphs_for(self.stdout, options.ascii)))

    def talking(self) -> "Channel":
        """Return a channel on which questions can be asked and answered, as they come."""
        return self

    @staticmethod
    def _refuse_output(options: OutputOptions, option: str) -> None:
        """Refuse what would write an answer where none is written."""
        asked = {"--output": options.output, "--format": options.format, "--quiet": options.quiet or None}
        other = next((name for name, value in asked.items() if value is not None), None)
        if other is not None:
            raise UsageError(f"{option} and {other} exclude each other", hint="leave one of them out")

    def asks(self, worked: "Worked", show: "Show") -> None:
        """Ask about an exercise, or mark an answer to it, if that is wanted; a wrong answer's status is 1."""
        if show.check is not None:
            from convcalc.cli.quiz import check

            if not check(self, worked, show):
                raise typer.Exit(CANNOT)
        if show.quiz:
            from convcalc.cli.quiz import ask_about

            ask_about(self, worked, show)

    def walk(self, worked: "Worked", show: "Show", *, ascii_only: bool) -> None:
        """Step through the work with the keys."""
        if worked.steps is None:
            raise UsageError("there are no steps here to walk through", hint="leave --walk out")
        if not self.on_terminal:
            raise UsageError("--walk needs a terminal to fill", hint="leave it out, or leave the pipe out")
        if os.environ.get("TERM", "dumb") == "dumb":
            raise UsageError("--walk needs a terminal that can place its cursor", hint="leave it out, or set TERM")
        try:
            from convcalc.cli.walk import walk_through
        except ImportError:  # Windows has no termios
            raise UsageError("--walk needs a Unix terminal for its keys", hint="leave it out") from None

        console = self.console()
        walk_through(worked.steps, show, console, glyphs_for(self.stdout, ascii_only), self.stdout)

    def show(self, document: "Document", *, ascii_only: bool = False) -> None:
        """Show a report: on a terminal in colour, elsewhere the same as plain lines."""
        glyphs = glyphs_for(self.stdout, ascii_only)
        if self.on_terminal:
            from convcalc.render.terminal import render

            render(document, self.console(), glyphs)
            return
        from convcalc.render.plain import render as plain

        self._print(plain(document, pipe_width(), glyphs, answers=True))

    def report_on(self, worked: "Worked", *, walk: bool, ascii_only: bool = False) -> None:
        """Show a report whose steps can be walked through, or walk through them."""
        if walk:
            from convcalc.report.selection import Show

            self.walk(worked, Show(), ascii_only=ascii_only)
        else:
            self.show(worked.work, ascii_only=ascii_only)

    def _style(self, options: OutputOptions) -> Format:
        if options.output is not None and not options.output.strip():
            raise UsageError("--output is empty", hint="name a file")
        if options.output is not None and options.output.endswith(("/", os.sep)):
            raise UsageError(
                f"--output {options.output} is a folder", hint=f"name a file in it: {options.output}answer.txt"
            )
        if options.format is not None and options.quiet and options.format is Format.TABLE:
            raise UsageError("--quiet leaves nothing for --format table to draw", hint="use --format plain")
        saves = options.output is not None and options.output not in ITSELF
        style = options.format or (style_of(options.output) if options.output is not None and saves else None)
        check_fragment(style, fragment=options.fragment)
        if style is not None and style.record.draws and options.quiet:
            raise UsageError(f"--quiet leaves nothing for --format {style} to draw", hint="use --format plain")
        if style is not None:
            return style
        return Format.TABLE if self.on_terminal and not options.quiet else Format.PLAIN

    def _show(self, worked: "Worked", options: OutputOptions) -> None:
        if self.comments:
            self._print(iter([*map(printable, self.comments), ""]))
        self.show(worked.work, ascii_only=options.ascii)

    def write(self, lines: Iterator[str]) -> None:
        """Write a report that is drawn or data, as its --format says."""
        self._print(lines)

    def _print(self, lines: Iterator[str]) -> None:
        for line in lines:
            self.stdout.write(line + "\n")

    def _save(self, worked: "Worked", options: OutputOptions, style: Format, path: Path) -> None:
        from convcalc.engine.grids import as_grid
        from convcalc.matrix_io.files import format_of
        from convcalc.matrix_io.saving import write_whole

        suffix = format_of(path)
        if suffix in ("npy", "picture") and options.format is not None:
            name = f"a {path.suffix} file"
            raise UsageError(f"--format {options.format} does not go with {name}", hint="leave one of them out")
        if suffix != "picture" and options.scale is not None:
            raise UsageError(f"--picture {options.scale} goes with a picture", hint="as in --output out.png")
        told = ""
        if suffix in ("npy", "csv", "tsv"):
            from convcalc.matrix_io.plain import what_is_lost

            lost = what_is_lost(as_grid(worked.answer()), in_rows=suffix != "npy")
            told = f" ({lost})" if lost else ""
        if suffix == "npy":
            write_whole(path, as_grid(worked.answer()))
        elif suffix == "picture":
            from convcalc.matrix_io.images import picture_bytes

            data, how = picture_bytes(as_grid(worked.answer()), path, options.scale)
            write_whole(path, data)
            told = f" ({how})"
        else:
            if style is Format.TABLE:
                lines = self._drawn(worked, options)
            else:
                lines = self.lines(worked, options, style, glyphs_for(None, options.ascii))
            write_whole(path, lines)
        shape = "×".join(str(length) for length in as_grid(worked.answer()).shape)
        complain(f"wrote {'the work' if style.record.draws else f'the {shape} answer'} to {path}{told}")

    def _drawn(self, worked: "Worked", options: OutputOptions) -> Iterator[str]:
        from convcalc.render.plain import render

        return render(worked.work, pipe_width(), glyphs_for(None, options.ascii), answers=True)

    def lines(self, worked: "Worked", options: OutputOptions, style: Format, glyphs: "Glyphs") -> Iterator[str]:
        """Yield the lines of the work, or of the answer alone, in a format that is no table on a screen."""
        if style.record.draws:
            return document_lines(self._with_comments(worked.work), style, fragment=options.fragment)
        if style.record.holds_steps and not options.quiet:
            return record_lines(worked, self.operation, self.arguments, self.grids)
        return answer_text(worked, options, style, self.comments, glyphs)

    def _with_comments(self, document: "Document") -> Iterator["Block"]:
        """Yield the work that was handed on, and then this command's own."""
        from convcalc.report.document import Drawing, Role

        blocks = iter(document)
        yield from itertools.islice(blocks, 1)  # the heading, which is the title
        if self.comments:
            yield Drawing(tuple(((printable(comment), Role.QUIET),) for comment in self.comments))
        yield from blocks


def answer_text(
    worked: "Worked", options: OutputOptions, style: Format, comments: list[str], glyphs: "Glyphs"
) -> Iterator[str]:
    """Yield the lines of an answer; plain ones have the work before them as comments, unless it is to be quiet."""
    if style is Format.PLAIN and not options.quiet:
        from convcalc.render.plain import render

        for comment in comments:
            yield f"{COMMENT}{printable(comment)}".rstrip()
        if comments:
            yield "#"
        for line in render(worked.work, pipe_width() - len(COMMENT), glyphs, answers=False):
            yield f"{COMMENT}{line}".rstrip()
    answer = worked.answer()
    if isinstance(answer, list) and style is Format.PLAIN:
        yield from (" ".join(map(str, row)) for row in answer)  # needs no numpy: `size` stays quick
        return
    from convcalc.engine.grids import as_grid
    from convcalc.matrix_io.files import answer_lines

    answer = as_grid(answer)
    if style.record.separator and worked.write is None and options.output in (None, *ITSELF):
        from convcalc.matrix_io.plain import what_is_lost

        note(what_is_lost(answer, in_rows=True))
    yield from answer_lines(answer, style, worked.write)


def channel_of(ctx: typer.Context) -> Channel:
    """Return the channel a command was given, or one on the process's own streams, told what is run on it."""
    channel = ctx.obj if isinstance(ctx.obj, Channel) else _on_own_streams()
    channel.operation, channel.arguments, channel.grids = str(ctx.info_name), ctx.params, {}
    return channel


def _on_own_streams() -> Channel:
    return Channel(getattr(sys.stdin, "buffer", None), sys.stdout)
