"""``convcalc worksheet``: exercises on paper, and the key to them."""

import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from convcalc.cli.completion import one_of, quiz_topics
from convcalc.cli.messages import complain, printable
from convcalc.cli.options import with_options
from convcalc.cli.output import ITSELF
from convcalc.cli.progress import counted
from convcalc.cli.sheets import SheetOptions, emit_report
from convcalc.cli.surroundings import Surroundings, surroundings_of
from convcalc.errors import InputError, Place, UsageError
from convcalc.formats import Format, style_of
from convcalc.practice.exercises import TOPICS, level_of, topic_of

if TYPE_CHECKING:
    from convcalc.practice.question import Question
    from convcalc.practice.recipe import Recipe

MOST_EXERCISES = 200
MOST_VARIANTS = 500
PLATFORMS = {".xml": "moodle", ".gift": "gift"}
"""What learning platforms import, by suffix, and the module of `convcalc.render` that writes it."""


@with_options
def worksheet(
    *,
    ctx: typer.Context,
    topic: Annotated[
        str | None,
        typer.Argument(
            metavar="[TOPIC]",
            help=f"What to practise: {', '.join(TOPICS)}. Default: all in turn.",
            autocompletion=quiz_topics,
        ),
    ] = None,
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=MOST_EXERCISES, help="How many exercises.")] = 6,
    level: Annotated[
        str,
        typer.Option(
            "--level",
            metavar="easy|medium|hard|1..5",
            help="How hard they are.",
            autocompletion=one_of("easy", "medium", "hard"),
        ),
    ] = "easy",
    seed: Annotated[int, typer.Option("--seed", help="Another seed, another sheet; the same one, the same sheet.")] = 0,
    title: Annotated[str | None, typer.Option("--title", help="What stands on top of the sheet.")] = None,
    script: Annotated[
        str | None, typer.Option("--from", metavar="SCRIPT", help="Ask for what a script's lines work, instead.")
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", metavar="FILE", help="Write the key: the working and the answers.")
    ] = None,
    variants: Annotated[
        int,
        typer.Option(
            "--variants", min=1, max=MOST_VARIANTS, metavar="N", help="As many sheets, each of other numbers."
        ),
    ] = 1,
    self_marking: Annotated[
        bool,
        typer.Option(
            "--self-marking",
            help="Of HTML: let the sheet mark what is typed. The answers are then in the file, though not in sight.",
        ),
    ] = False,
    out: SheetOptions,
) -> None:
    """Make a worksheet: exercises with small numbers, room for the answers, and a key with the working.

    With -o quiz.xml it is a quiz for Moodle, with -o quiz.gift one for other platforms: feedback names mistakes.

    Examples:
      convcalc worksheet conv --count 6 --seed 7 --output sheet.tex --key key.tex

      convcalc worksheet --level medium -o sheet.html --key key.html --self-marking

      convcalc worksheet pool --level hard --variants 30 -o quiz.xml

      convcalc worksheet --from sample:tiny-cnn.convcalc

    """
    from convcalc.practice import worksheet as sheets
    from convcalc.practice.recipe import Recipe
    from convcalc.report.document import Calculation

    here = surroundings_of(ctx)
    platform = _platform(out, self_marking=self_marking)
    if self_marking and not out.style(here).record.steps_through:
        raise UsageError("--self-marking goes with HTML, which can be typed into", hint="as in -o sheet.html")
    key_out = None if key is None else _key_options(here, key, out if platform is None else SheetOptions())
    _refuse_same({"--from": script, "--output": out.output, "--key": key})
    if script is not None and topic is not None:
        raise UsageError("--from asks for what the script works", hint="leave the topic out")
    if variants > 1 and (script is not None or out.output in (None, *ITSELF) or key in ITSELF):
        fault = "--variants makes files of exercises with other numbers"
        raise UsageError(fault, hint="leave --from out, and name files: -o sheet.html makes sheet-1.html and so on")
    heading = printable(title or "Worksheet")
    word = None if topic is None else topic_of(topic)
    recipes = [Recipe(word, count, level, seed + more, script) for more in range(variants)]
    drawn = [exercises_of(ctx, here, recipe) for recipe in counted(recipes, variants, "sheets drawn")]
    if platform is not None:
        _save_quiz(platform, str(out.output), heading, drawn)
    sheets_drawn = counted(zip(recipes, drawn, strict=True), variants, "sheets written")
    for number, (recipe, questions) in enumerate(sheets_drawn, 1):
        made = sheets.made_by(recipe._replace(script=script and printable(Path(script).name)), questions)
        if platform is None:
            document = sheets.sheet(heading, questions, made, marks_itself=self_marking)
            emit_report(here, Calculation(document, list), None, _numbered(out, number, variants))
        if key_out is not None:
            document = sheets.key(heading, questions, made)
            emit_report(here, Calculation(document, list), None, _numbered(key_out, number, variants))


def _platform(out: SheetOptions, *, self_marking: bool) -> str | None:
    """Return what writes the exercises for a learning platform, if the file's name asks for one."""
    platform = None if out.output is None else PLATFORMS.get(Path(out.output).suffix.lower())
    options = {
        "--self-marking": self_marking,
        "--format": out.format,
        "--ascii": out.ascii,
        "--fragment": out.fragment,
        "--compact": out.compact,
    }
    unheard = next((option for option, is_asked in options.items() if is_asked), None)
    if platform is not None and unheard is not None:
        suffix = Path(str(out.output)).suffix
        raise UsageError(f"{unheard} does not go with a {suffix} file, a quiz for a platform", hint="leave it out")
    return platform


def _numbered(out: SheetOptions, number: int, count: int) -> SheetOptions:
    """Return where a variant goes: of several, the number stands at the end of the file's name."""
    if count == 1:
        return out
    path = Path(str(out.output))
    return out._replace(output=str(path.with_name(f"{path.stem}-{number:0{len(str(count))}d}{path.suffix}")))


def _save_quiz(platform: str, name: str, title: str, variants: "list[list[Question]]") -> None:
    """Write the exercises as a bank of questions."""
    from convcalc.matrix_io.saving import write_whole
    from convcalc.practice.items import items

    module = importlib.import_module(f"convcalc.render.{platform}")
    write_whole(Path(name), module.render(list(items(title, variants))))
    complain(f"wrote {name}")


def exercises_of(ctx: Any, here: Surroundings, recipe: "Recipe") -> "list[Question]":
    """Return the exercises that a recipe makes, its script named as it is found."""
    from convcalc.practice.worksheet import draw

    if recipe.script is not None:
        return _from_script(ctx, here, recipe.script)
    topics = list(TOPICS) if recipe.topic is None else [topic_of(recipe.topic)]
    return draw(topics, recipe.exercises, level_of(recipe.level), recipe.seed)


def _key_options(here: Surroundings, key: str, out: SheetOptions) -> SheetOptions:
    """Return how the key is written: as its name says, or else as the sheet; what cannot be is refused here."""
    if not key.strip():
        raise UsageError("--key is empty", hint="name a file")
    has_own_format = style_of(key) is not Format.PLAIN or Path(key).suffix.lower() == ".txt"
    fragment = out.fragment and (style_of(key) if has_own_format else out.style(here)).record.has_fragments
    options = SheetOptions(key, None if has_own_format else out.format, out.ascii, fragment)
    for style in (out.style(here), options.style(here)):
        if style.record.is_data:
            raise UsageError(f"{style} holds rows, and a worksheet has none", hint="try .tex, .html, .md or .txt")
    return options


def _refuse_same(files: "dict[str, str | None]") -> None:
    """Refuse two options that name one file, which would be written over."""
    option_of: dict[str, str] = {}
    for option, name in files.items():
        if name is None or name in ITSELF:
            continue
        other = option_of.setdefault(os.path.realpath(name), option)
        if other != option:
            raise UsageError(f"{other} and {option} name the same file", hint="name two")


def _from_script(ctx: Any, here: Surroundings, name: str) -> "list[Question]":
    """Return an exercise for every line of a script that works something."""
    from convcalc.cli.run import read_script, session_on
    from convcalc.practice.question import about
    from convcalc.practice.worksheet import following
    from convcalc.report.selection import Show
    from convcalc.session.script import parse

    if here.script is not None:
        raise UsageError("a script makes no worksheet of a script", hint="leave --from out")
    source = "stdin" if name == "-" else name
    lines = parse(read_script(here, name), source)
    session, inner = session_on(ctx, here, source)
    questions: list[Question] = []
    left_out: list[str] = []
    answers_of: list[tuple[Any, int]] = []  # an answer's grid, and which exercise it is of
    for line in lines:
        before = session.current
        inner.grids.clear()
        entry = session.execute(line)
        number_before = next((number for grid, number in answers_of if grid is inner.grids.get("input")), None)
        if entry.worked is not None and entry.worked.given is not None:
            question = about(entry.worked, Show())
            questions.append(question if number_before is None else following(question, number_before))
            answers: list[Any] = (
                [session.names[line.name]] if line.name is not None and line.name in session.names else []
            )
            answers += [session.current] if session.current is not before else []
            answers_of += [(answer, len(questions)) for answer in answers]
        elif entry.worked is not None or entry.documents:
            left_out.append(f"line {line.number}: {printable(line.text)}")
        if session.left:
            break
    if left_out:
        complain("\n  ".join(["these lines ask nothing, and are left out:", *left_out[:20]]))
    if not questions:
        fault = "nothing in the script can be asked for"
        raise InputError(fault, hint="write lines such as: conv edge", place=Place(source))
    return questions
