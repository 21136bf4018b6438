"""``convcalc zoo``. Loads no numpy."""

from typing import Annotated

import typer

from convcalc.cli.options import with_options
from convcalc.cli.sheets import SheetOptions, emit_report
from convcalc.cli.surroundings import surroundings_of


@with_options
def zoo(
    *,
    ctx: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="List their families and neighbours, too.")] = False,
    out: SheetOptions,
) -> None:
    """List well-known networks: the figure usually quoted beside the one counted.

    Every figure is counted from the network's layers, none is looked up.

    Examples:
      convcalc zoo

      convcalc zoo --all --format csv

    """
    from convcalc.network.summary import summarize
    from convcalc.network.zoo import ZOO
    from convcalc.report.document import Calculation
    from convcalc.report.zoo import ZooRow, zoo_document, zoo_sheet

    networks = []
    for name, entry in ZOO.items():
        if entry.lecture or everything:
            summary = summarize(entry.title, *entry.build())
            networks.append(ZooRow(name, entry.title, entry.year, entry.quoted, entry.why, summary))
    document = list(zoo_document(networks))
    emit_report(surroundings_of(ctx), Calculation(document, list), lambda: zoo_sheet(networks), out)
