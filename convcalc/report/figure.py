"""A figure: polygons, lines, circles and labels, in points from its upper left corner; renderers make files of it."""

from typing import NamedTuple

Point = tuple[float, float]


class Polygon(NamedTuple):
    """A face of a block: its corners, and the family and side that it is coloured by."""

    points: tuple[Point, ...]
    family: str
    side: str


class Line(NamedTuple):
    """A line through points, with an arrow at its end; a skip connection goes over blocks."""

    points: tuple[Point, ...]
    skips: bool = False


class Circle(NamedTuple):
    """An operator: a sign in a circle."""

    at: Point
    radius: float
    sign: str


class Label(NamedTuple):
    """A line of text, centred."""

    at: Point
    text: str
    role: str
    """``name``, ``text`` or ``size``."""


class Figure(NamedTuple):
    """A figure: its size in points, what is drawn, and what it is called."""

    width: float
    height: float
    title: str
    parts: tuple[Polygon | Line | Circle | Label, ...]
