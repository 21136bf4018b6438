"""``convcalc mark``: a class's answers to a worksheet."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from convcalc.cli.inputs import read_bytes
from convcalc.cli.messages import complain
from convcalc.cli.options import with_options
from convcalc.cli.output import ITSELF
from convcalc.cli.progress import counted
from convcalc.cli.sheets import SheetOptions, emit_report
from convcalc.cli.surroundings import Surroundings, surroundings_of
from convcalc.errors import InputError, Place, UsageError

if TYPE_CHECKING:
    from convcalc.practice.answers import Answers
    from convcalc.practice.class_marks import Exercises
    from convcalc.practice.recipe import Recipe

ANSWER_FILES = (".txt", ".md", ".html", ".htm", ".csv", ".tsv")
"""Suffixes of the files that are read in a folder of answers."""
MOST_BYTES = 1 << 25
UTF16 = (b"\xff\xfe", b"\xfe\xff")
"""How text begins that spreadsheets save as Unicode."""


@with_options
def mark(
    *,
    ctx: typer.Context,
    sheet: Annotated[str, typer.Argument(metavar="SHEET", help="The worksheet, or its key, in whatever format.")],
    answers: Annotated[
        list[str],
        typer.Argument(
            metavar="ANSWERS...",
            help="Tables with a row a student (.csv, .tsv), files of lines such as 2: 1 2; 3 4, sheets filled in, "
            "saved pages; or folders of them.",
        ),
    ],
    script: Annotated[
        str | None, typer.Option("--from", metavar="SCRIPT", help="The script, of a worksheet that was made of one.")
    ] = None,
    out: SheetOptions,
) -> None:
    """Mark a class's answers to a worksheet: points, which mistakes were made, what was hard.

    Examples:
      convcalc mark sample:class/worksheet.txt sample:class/answers.csv

      convcalc mark sheet.html answers/ -o marks.csv

    """
    from convcalc.practice.class_marks import ClassMarks, Marked, mark_answers
    from convcalc.report.document import Calculation

    here = surroundings_of(ctx)
    out.style(here)
    recipe = _recipe_of(here, sheet)
    files = [file for name in answers for file in _files_of(name)]
    saves = None if out.output in (None, *ITSELF) else os.path.realpath(str(out.output))
    overwritten = [os.path.realpath(name) for name in (sheet, *files, *([script] if script else []))]
    if saves in overwritten and not _holds_marks(saves):
        raise UsageError(f"--output {out.output} would be written over what is marked", hint="name another file")
    if script is not None and recipe.script is None:
        raise UsageError("--from goes with a worksheet that was made of a script", hint="leave it out")
    exercises: dict[Recipe, Exercises] = {recipe: _exercises(ctx, here, recipe, sheet, script)}
    marked: list[Marked] = []
    faults: list[InputError] = []
    for one in counted(_all_answers(here, files, faults), None, "answers"):
        own = one.recipe or recipe
        try:
            if own not in exercises:
                _check_variant(own, recipe, one.student, sheet)
                exercises[own] = _exercises(ctx, here, own, sheet, script)
            marked.append(mark_answers(one, exercises[own]))
        except InputError as error:
            faults.append(error)
    if faults and not marked:
        raise faults[0]
    if faults:
        complain("\n  ".join(["these are left out:", *map(str, faults)]))
    title = recipe.text.partition(": ")[2]
    marks = ClassMarks(title, marked, exercises[recipe])
    emit_report(here, Calculation(marks.document(), list), marks.sheet, out)


def _text(here: Surroundings, name: str, what: str) -> str:
    data = read_bytes(here, name, what, MOST_BYTES)
    if data.startswith(UTF16):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")  # what older spreadsheets save


def _recipe_of(here: Surroundings, sheet: str) -> "Recipe":
    """Return what a sheet, or its key, says it is made of."""
    from convcalc.practice.recipe import recipe_in

    recipe = recipe_in(_text(here, sheet, "sheet"))
    if recipe is None:
        fault = "no worksheet of convcalc, or an older one: no line says what it is made of"
        raise InputError(fault, hint="name the sheet, or its key, that `convcalc worksheet` wrote", place=Place(sheet))
    return recipe


def _exercises(ctx: Any, here: Surroundings, recipe: "Recipe", sheet: str, script: str | None) -> "Exercises":
    """Draw the exercises of a sheet again, and see that they are the same."""
    from convcalc.cli.worksheet import exercises_of
    from convcalc.practice.class_marks import Exercises
    from convcalc.practice.worksheet import made_by

    if recipe.script is not None:
        beside = Path(sheet).with_name(recipe.script)
        script = script or (str(beside) if beside.exists() else recipe.script)
    questions = exercises_of(ctx, here, recipe._replace(script=script if recipe.script else None))
    again = made_by(recipe, questions)
    if again.checksum != recipe.checksum:
        why = "the script has changed since" if recipe.script else "another version of convcalc made it"
        fault = f"the sheet's exercises cannot be made again: {why}"
        hint = "--from names the script" if recipe.script else "mark it with that version, or hand out a new sheet"
        raise InputError(fault, hint=hint, place=Place(sheet))
    return Exercises(questions)


def _check_variant(own: "Recipe", recipe: "Recipe", student: str, sheet: str) -> None:
    """Refuse answers to a sheet that differs from the one that is marked in more than its numbers."""
    if own._replace(seed=0, checksum="") != recipe._replace(seed=0, checksum=""):
        fault = f"{student} answers another sheet: {own.text}"
        raise InputError(fault, hint=f"this one is {recipe.text}", place=Place(sheet))


def _files_of(name: str) -> list[str]:
    """Return a file, or those in a folder that may hold answers."""
    path = Path(name)
    if not path.is_dir():
        return [name]
    files = [str(one) for one in sorted(path.iterdir()) if one.suffix.lower() in ANSWER_FILES]
    if not files:
        hint = f"answers are {', '.join(ANSWER_FILES)} files"
        raise InputError("there are no answers in the folder", hint=hint, place=Place(name))
    return files


def _holds_marks(path: str) -> bool:
    """Whether a file holds marks of an earlier run, which may be written anew."""
    from convcalc.practice.answers import MARKS

    with open(path, encoding="utf-8", errors="replace") as file:
        return file.readline().rstrip("\r\n").endswith(MARKS)


def _all_answers(here: Surroundings, files: list[str], faults: list[InputError]) -> "Iterator[Answers]":
    """Yield all the answers in files; what holds none is among the faults."""
    from convcalc.practice.answers import read_answers

    for file in files:
        source = "stdin" if file == "-" else file
        try:
            text = _text(here, file, "answers")
            yield from read_answers(text, source, Path(source).stem, Path(source).suffix.lower())
        except InputError as error:
            faults.append(error)
