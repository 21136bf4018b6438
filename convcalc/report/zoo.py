"""The zoo as a Document: what is usually said of a network's size beside what is counted, and a bar for each."""

from typing import NamedTuple

from convcalc.network.summary import Summary
from convcalc.report.document import Document, Drawing, Heading, Role, Sheet, Span, Table, Text

BAR = 40


class ZooRow(NamedTuple):
    """A network of the zoo: its name, year, the figure usually quoted and why it differs, and its count."""

    name: str
    title: str
    year: int
    quoted: str
    why: str
    summary: Summary


def zoo_document(networks: list[ZooRow]) -> Document:
    """Show networks as a table, then why the figures differ, then a bar for each."""
    yield Heading("zoo · well-known networks, counted from their layers")
    yield Text("")
    rows = tuple(
        (
            network.name,
            str(network.year),
            network.quoted,
            f"{network.summary.weights:,}",
            f"{network.summary.multiply_adds:,}",
            "×".join(map(str, network.summary.input[1:])),
        )
        for network in networks
    )
    columns = ("name", "year", "quoted", "parameters", "multiply-adds", "input")
    yield Table(columns, rows, frozenset({0}), spare=(5, 4))
    notes = [network for network in networks if network.why]
    if notes:
        yield Text("")
        yield Text("why the figures differ", Role.TITLE)
        yield Table(
            ("name", "of its figure"), tuple((network.name, network.why) for network in notes), frozenset({0, 1})
        )
    yield Text("")
    yield Text("parameters", Role.TITLE)
    yield Drawing(tuple(_bars(networks)))
    yield Text("")
    yield Text(
        "Parameters are the trained ones: weights and biases, those of batch norms too; not their running means and "
        "variances. Multiply-adds are those of convolutions and fully connected layers, for one picture.",
        Role.QUIET,
    )
    yield Text("convcalc model NAME shows a network layer by layer; convcalc zoo --all lists more.", Role.QUIET)


def _bars(networks: list[ZooRow]) -> list[tuple[Span, ...]]:
    most = max(network.summary.weights for network in networks)
    width = max(len(network.name) for network in networks)
    lines: list[tuple[Span, ...]] = []
    for network in networks:
        share = network.summary.weights / most * BAR
        bar = "█" * int(share) or "▏"
        millions = network.summary.weights / 1e6
        lines.append(
            (
                (f"  {network.name:<{width}}  ", Role.PLAIN),
                (bar, Role.PLAIN),
                (f" {millions:.1f} M" if millions >= 1 else f" {network.summary.weights / 1e3:.1f} k", Role.QUIET),
            )
        )
    return lines


def zoo_sheet(networks: list[ZooRow]) -> Sheet:
    """Return the networks as data."""
    columns = ("name", "network", "year", "quoted", "parameters", "buffers", "multiply-adds", "input", "why")
    rows = tuple(
        (
            network.name,
            network.title,
            network.year,
            network.quoted,
            network.summary.weights,
            network.summary.buffers,
            network.summary.multiply_adds,
            "×".join(map(str, network.summary.input[1:])),
            network.why,
        )
        for network in networks
    )
    return Sheet("zoo", columns, rows, names=frozenset({"year"}))
