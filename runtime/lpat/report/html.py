"""A self-contained page that shows what was done, how good it is, and every video's timeline."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np


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


def escape_text(text: str) -> str:
    """`text` as it may stand in XML: marks escaped, characters that XML forbids replaced."""
    return escape(re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text))


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
    parts = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f"<title>{escape_text(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>",
        f"<h1>{escape_text(title)}</h1>",
    ]
    for section in summary:
        parts.extend(_section(section))
    if videos:
        parts.append("<h2>Videos</h2>")
        parts.extend(_contents(videos))
        for number, (name, svg, note) in enumerate(videos, 1):
            parts.append(f'<figure id="video-{number}" class="video">')
            parts.append(f"<figcaption><h3>{escape_text(name)}</h3>")
            parts.append(f"<p>{escape_text(note)}</p></figcaption>" if note else "</figcaption>")
            parts.append(f'<div class="picture">{svg}</div>\n</figure>')
    parts.append("</main>\n</body>\n</html>\n")
    return "\n".join(parts)


def _section(section: Section) -> Iterator[str]:
    """The HTML of one part of the summary."""
    yield f"<section>\n<h2>{escape_text(section.heading)}</h2>"
    yield from _content(section)
    yield "</section>"


def _part(section: Section) -> Iterator[str]:
    """The HTML of a section within another."""
    heading = escape_text(section.heading)
    if section.folded:
        yield f"<details>\n<summary>{heading}</summary>"
        yield from _content(section)
        yield "</details>"
    else:
        yield f'<div class="part">\n<h3>{heading}</h3>'
        yield from _content(section)
        yield "</div>"


def _content(section: Section) -> Iterator[str]:
    for paragraph in section.text:
        yield f"<p>{escape_text(paragraph)}</p>"
    if section.facts:
        pairs = (
            f"<div><dt>{escape_text(name)}</dt><dd>{escape_text(value)}</dd></div>"
            for name, value in section.facts
        )
        yield '<dl class="facts">' + "".join(pairs) + "</dl>"
    if section.table is not None:
        yield from _table(section.table)
    if section.figure:
        yield f'<div class="picture">{section.figure}</div>'
    if section.figures:
        yield '<div class="picture many">' + "\n".join(section.figures) + "</div>"
    for part in section.parts:
        yield from _part(part)


def _table(table: Table) -> Iterator[str]:
    """The HTML of a table; whole numbers as they are, others to one decimal place."""
    numeric = [
        bool(table.rows) and all(isinstance(row[column], int | float) for row in table.rows)
        for column in range(len(table.header))
    ]
    marks = [' class="number"' if is_number else "" for is_number in numeric]
    yield '<div class="scroll"><table>'
    if table.caption:
        yield f"<caption>{escape_text(table.caption)}</caption>"
    cells = zip(marks, table.header, strict=True)
    heads = "".join(f'<th scope="col"{mark}>{escape_text(text)}</th>' for mark, text in cells)
    yield f"<thead><tr>{heads}</tr></thead>\n<tbody>"
    for number, row in enumerate(table.rows):
        cells = zip(marks, row, strict=True)
        data = "".join(f"<td{mark}>{_cell(value)}</td>" for mark, value in cells)
        yield f'<tr class="strong">{data}</tr>' if number == table.emphasis else f"<tr>{data}</tr>"
    yield "</tbody></table></div>"


def _cell(value: str | int | float) -> str:
    """A table cell's text; a value that isn't a number is a dash."""
    if isinstance(value, float):
        return f"{value:.1f}" if np.isfinite(value) else "-"
    return escape_text(str(value))


def _contents(videos: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    """Links to the videos, where there are several."""
    if len(videos) > 1:
        links = (
            f'<a href="#video-{number}">{escape_text(name)}</a>'
            for number, (name, _, _) in enumerate(videos, 1)
        )
        yield '<nav aria-label="Videos">' + " ".join(links) + "</nav>"


_STYLE = """
:root{--ink:#20242c;--soft:#5d6472;--rule:#dfe2e8;--page:#f6f7f9;--card:#fff;--accent:#0072b2;
--k0:#0072b2;--k1:#d55e00;--k2:#009e73;--k3:#b5478c;--k4:#8a6d00;--k5:#5d6472}
@media (prefers-color-scheme:dark){:root{--ink:#e3e6ec;--soft:#9aa2b0;--rule:#2b303a;
--page:#0f1115;--card:#171a20;--accent:#56a8e0;--k0:#56a8e0;--k1:#f0803c;--k2:#2cc295;--k3:#e08cc0;
--k4:#e5c64a;--k5:#9aa2b0}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);
font:16px/1.55 system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main{max-width:1040px;margin:0 auto;padding:40px 24px 64px}
h1{font-size:28px;line-height:1.25;margin:0 0 8px;letter-spacing:-.01em}
h2{font-size:19px;margin:36px 0 10px}
h3{font-size:15px;margin:0;overflow-wrap:anywhere}
p{margin:0 0 10px;max-width:68ch;overflow-wrap:anywhere}
a{color:var(--accent)}
.scroll{overflow-x:auto;margin:14px 0}
table{border-collapse:collapse;font-size:14.5px;background:var(--card);font-variant-numeric:tabular-nums}
caption{caption-side:bottom;text-align:left;color:var(--soft);font-size:13px;padding-top:8px}
th,td{padding:7px 16px;text-align:left;border-bottom:1px solid var(--rule)}
th{color:var(--soft);font-weight:600;font-size:13px;white-space:nowrap}
.number{text-align:right}
tr.strong td{font-weight:650}
tr.strong td:first-child{box-shadow:inset 3px 0 var(--accent)}
nav{display:flex;flex-wrap:wrap;gap:4px 16px;font-size:14px;margin-bottom:16px;
overflow-wrap:anywhere}
figure{margin:0 0 22px;background:var(--card);border:1px solid var(--rule);border-radius:8px;
padding:16px 16px 8px;scroll-margin-top:12px}
figcaption{display:flex;flex-wrap:wrap;gap:2px 14px;align-items:baseline;margin-bottom:6px}
figcaption p{margin:0;color:var(--soft);font-size:13.5px}
.picture{overflow-x:auto}
.picture svg{display:block;max-width:100%;height:auto}
.picture:not(.many) .chart{min-width:600px}
.chart{font:12px system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;background:var(--card);
border:1px solid var(--rule);border-radius:8px}
.chart text{fill:var(--soft)}
.chart .value{text-anchor:end}.chart .middle{text-anchor:middle}
.chart .level{stroke:var(--rule);fill:none}
.chart .line{fill:none;stroke-width:1.8;stroke-linejoin:round}
.k0{stroke:var(--k0)}.k1{stroke:var(--k1);stroke-dasharray:7 3}
.k2{stroke:var(--k2);stroke-dasharray:2 2}.k3{stroke:var(--k3);stroke-dasharray:9 3 2 3}
.k4{stroke:var(--k4);stroke-dasharray:12 4}.k5{stroke:var(--k5);stroke-dasharray:5 2 1 2 1 2}
.chart .axis{stroke:var(--soft);fill:none}
.chart .name{fill:var(--ink)}.chart .end{text-anchor:end}
.chart .strong{fill:var(--ink);font-weight:650}
.chart .piece{stroke:var(--card);stroke-width:1.5}
.chart .share{fill:#111418;text-anchor:middle;font-size:11.5px}
.f0{fill:#2fa884}.f1{fill:#56b4e9}.f2{fill:#cc79a7}.f3{fill:#e69f00}.f4{fill:#e0702a}.f5{fill:#a3a9b4}.f6{fill:var(--accent)}
.many{display:flex;flex-wrap:wrap;gap:12px}
.facts{display:flex;flex-wrap:wrap;gap:8px;margin:14px 0}
.facts div{background:var(--card);border:1px solid var(--rule);border-radius:8px;
padding:9px 13px 7px;min-width:92px}
dt{color:var(--soft);font-size:13px}dd{margin:0;font-size:22px;font-weight:650;
font-variant-numeric:tabular-nums}
.part{margin-top:22px}.part h3,summary{margin:0 0 8px}
summary{cursor:pointer;font-size:15px;font-weight:600;color:var(--accent)}
details{margin-top:14px}
@media print{body{background:#fff;font-size:11pt}main{max-width:none;padding:0}
figure,section{break-inside:avoid}h2{break-after:avoid}nav{display:none}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""
