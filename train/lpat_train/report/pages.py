"""A training report for the terminal, and as a page."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lpat.report.charts import Bar, bar_chart_svg
from lpat.report.html import Section, Table, report_html
from lpat_train.report.label_checks import LabelChecks
from lpat_train.report.training_report import TrainingReport
from lpat_train.report.uncertain_videos import UncertainVideo
from lpat_train.report.verdicts import FEWEST, RULES, ClassReport

MOST_LINES = 10  # of classes on the terminal
MOST_ROWS = 200  # of a table on the page
GUIDE = "docs/better-results.md"

_ORDER = ("not learned", "doubtful", "works")


def report_lines(report: TrainingReport) -> list[str]:
    """The report for the terminal: the worst classes, and what would help most."""
    ranked = _worst_first(report.classes)
    shown = ranked[:MOST_LINES]
    width = max(5, *(len(_short(entry.label)) for entry in shown))
    how = "labels of held-out training videos"
    if report.folds:
        how += f", {report.folds} folds in {report.seconds:.1f} s"
    lines = [f"report: {how}" if not report.note else f"report: {report.note}"]
    lines.append(f"  {'class':{width}}  videos  label AP in %  found in %  false alarms  verdict")
    for entry in shown:
        reasons = f": {'; '.join(entry.reasons)}" if entry.reasons else ""
        lines.append(
            f"  {_short(entry.label):{width}}  {entry.videos:6}  {_spread(entry):>13}  "
            f"{_cell(entry.found):>10}  {_cell(entry.false_alarms):>12}  {entry.verdict}{reasons}"
        )
    if len(ranked) > len(shown):
        rest = ranked[len(shown) :]
        words = ", ".join(
            f"{sum(entry.verdict == verdict for entry in rest)} {verdict}"
            for verdict in _ORDER
            if any(entry.verdict == verdict for entry in rest)
        )
        lines.append(f"  and {len(rest)} more classes: {words}")
    lines.append(f"what would help most: {report.advice}")
    return lines


def report_page(title: str, report: TrainingReport) -> str:
    """The report as one HTML text that needs no other file; every text is escaped."""
    sections = [
        Section("What would help most", (f"{_sentence(report.advice)}", f"See also {GUIDE}.")),
        _classes(report),
        *_uncertain(report.uncertain),
        *_labels(report.checks),
        Section("The rules of the verdicts", (*RULES, *_how(report))),
    ]
    return report_html(title, sections, [])


def _classes(report: TrainingReport) -> Section:
    ranked = _worst_first(report.classes)
    header = (
        "class", "videos", "verdict", "why", "label AP in %", "+-", "of chance", "found in %",
        "false alarms in %",
    )  # fmt: skip
    rows = [
        (
            entry.label,
            entry.videos,
            entry.verdict,
            "; ".join(entry.reasons) or "-",
            *(100 * value for value in (entry.precision, entry.spread, entry.chance)),
            100 * entry.found,
            100 * entry.false_alarms,
        )
        for entry in ranked[:MOST_ROWS]
    ]
    asked = "" if report.asked is None else f" {100 * report.asked:g} % were asked for."
    left = f" {len(ranked) - MOST_ROWS} more are in report.json." if len(ranked) > MOST_ROWS else ""
    caption = (
        "Label AP: how well held-out videos that show the class rank above others, mean and "
        "standard deviation over the folds. Found: of the snippets of held-out videos that show "
        "it, the share above its level. False alarms: the same of those that don't."
        f"{asked}{left} A dash: not known."
    )
    counts = [
        (verdict, str(sum(entry.verdict == verdict for entry in report.classes)))
        for verdict in reversed(_ORDER)
    ]
    facts = [("videos", str(report.checks.videos)), ("classes", str(len(report.classes))), *counts]
    text = (_sentence(report.note),) if report.note else ()
    figure = ""
    if report.folds:
        bars = [
            Bar(
                entry.label,
                [0.0 if math.isnan(entry.precision) else 100 * entry.precision],
                f"{_spread(entry)} %, {entry.verdict}",
            )
            for entry in ranked[:30]
        ]
        figure = bar_chart_svg(bars, ("label AP",), label="Label AP", colours=(6,), whole=100)
    return Section("Classes", text, facts=facts, table=Table(header, rows, caption), figure=figure)


def _uncertain(videos: Sequence[UncertainVideo]) -> list[Section]:
    if not videos:
        return []
    rows = [
        (video.name, video.label, "shown" if video.shown else "not shown", 100 * video.share)
        for video in videos
    ]
    caption = (
        "Held out, these look least as their labels say. Contradicted by: of the videos with the "
        "opposite label, the share that looks more like this one's label than it does itself."
    )
    header = ("video", "class", "by its labels", "contradicted by %")
    return [Section("Most uncertain videos", table=Table(header, rows, caption))]


def _labels(checks: LabelChecks) -> list[Section]:
    said: list[str] = []
    if checks.unlabelled:
        said.append(f"{checks.unlabelled} of {checks.videos} videos have no label.")
    if checks.everywhere:
        said.append(
            f"Every video shows {_list(checks.everywhere)}: labels can't say what it looks like "
            "without."
        )
    for label, others in checks.always_with.items():
        said.append(f"Each video of {label!r} shows {_list(others)} too.")
    few = [
        label
        for label, count in zip(checks.classes, checks.shown_by, strict=True)
        if count < FEWEST
    ]
    if few:
        said.append(f"Fewer than {FEWEST} videos show {_list(few)}.")
    for same in checks.same:
        odd = ", with different labels" if same.contradictory else ""
        said.append(f"The same features{odd}: {_list(same.names)}.")
    for name, reason in checks.unreadable.items():
        said.append(f"Left out, {name!r}: {reason}.")
    if not said:
        return []
    left = len(said) - MOST_ROWS
    more = [f"And {left} more, in report.json."] if left > 0 else []
    return [Section("What is odd in labels and files", (*said[:MOST_ROWS], *more))]


def _how(report: TrainingReport) -> list[str]:
    if not report.folds:
        return []
    return [
        f"Videos were divided into {report.folds} folds, and each fold was predicted by a small "
        "network of the same method (one member, a third of the steps, no ends) that was trained "
        f"on the others; that took {report.seconds:.1f} s. It isn't the network of the run, which "
        "saw all videos and has more members. Videos of one recording in several folds make it "
        "look better than it will be on another recording.",
    ]


def _worst_first(classes: Sequence[ClassReport]) -> list[ClassReport]:
    def rank(entry: ClassReport) -> tuple[int, float]:
        return _ORDER.index(entry.verdict), -1.0 if math.isnan(entry.skill) else entry.skill

    return sorted(classes, key=rank)


def _spread(entry: ClassReport) -> str:
    if math.isnan(entry.precision):
        return "-"
    return f"{100 * entry.precision:.0f} +- {100 * entry.spread:.0f}"


def _cell(share: float) -> str:
    return "-" if math.isnan(share) else f"{100 * share:.1f}"


def _short(label: str) -> str:
    return label if len(label) <= 26 else label[:25] + "…"


def _list(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."
