"""A self-contained page that shows what was done, how good it is, and every video's timeline."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lpat.report.svg import readable

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATES = Path(__file__).with_name("templates")
"""Folder of all that pages are made of: templates, styles and scripts."""


@dataclass(frozen=True)
class Table:
    """Rows of text under a header; columns of numbers are set right-aligned.

    Attributes:
        emphasis: number of the row to stand out, None for none.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str | int | float]]
    caption: str = ""
    emphasis: int | None = None

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.header):
                raise ValueError(f"a row must have {len(self.header)} cells, not {len(row)}")

    def is_numeric(self, column: int) -> bool:
        """Whether a column holds numbers alone."""
        return bool(self.rows) and all(isinstance(row[column], int | float) for row in self.rows)


@dataclass(frozen=True)
class Section:
    """A part of the summary: a heading, then paragraphs and whatever else is given.

    Attributes:
        facts: a name and a figure each, to stand out.
        figures: SVG, each set as it is; they share a line where there is room.
        parts: sections within it, under smaller headings.
        folded: whether only the heading shows until it is opened; for those within another.
    """

    heading: str
    text: Sequence[str] = field(default_factory=tuple)
    table: Table | None = None
    figure: str = ""  # SVG
    facts: Sequence[tuple[str, str]] = field(default_factory=tuple)
    figures: Sequence[str] = field(default_factory=tuple)
    parts: Sequence[Section] = field(default_factory=tuple)
    folded: bool = False


def report_html(
    title: str, summary: Sequence[Section], videos: Sequence[tuple[str, str, str]]
) -> str:
    """The page as one HTML text that needs no other file, no network and no script.

    Args:
        title: of the page.
        summary: what comes first, in order.
        videos: name, SVG picture and a note of each. Pictures are set as they are, so they must
            come from `timeline_svg`; every other text is escaped.
    """
    return page_template("page.html").render(title=title, summary=summary, videos=videos)


@functools.cache
def page_template(name: str) -> Template:
    """One of the templates, in which every text is escaped unless it is said to be markup."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: readable(value) if type(value) is str else value,
        keep_trailing_newline=True,
    )
    environment.filters["cell"] = _cell
    return environment.get_template(name)


def _cell(value: str | int | float) -> str:
    """A table cell's text; a value that isn't a number is a dash."""
    if isinstance(value, float):
        return f"{value:.1f}" if np.isfinite(value) else "-"
    return str(value)
