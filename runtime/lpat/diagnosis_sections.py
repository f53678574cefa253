"""The parts of an evaluation's page that show errors, and what became of the ground truths."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lpat.charts import Bar, bar_chart_svg
from lpat.evaluation.error_analysis import DEPTH, KINDS, LENGTH_NAMES, LOWEST_TIOU, Diagnosis
from lpat.report import Section, Table
from lpat.types import Int64Array

MOST_PAIRS = 10  # of confused labels shown
MOST_ROWS = 30  # of a table shown without unfolding

KIND_NAMES = ("true", "double detection", "wrong label", "localization", "confusion", "background")
FATE_NAMES = ("found", "badly located", "mislabelled", "unseen")
_FATE_COLOURS = (0, 3, 2, 5)  # those of the kinds that are alike


def error_section(diagnosis: Diagnosis) -> Section:
    """Kinds of the detections judged, by rank; what each costs; which labels are confused."""
    rows = [(f"{g + 1}G", counts) for g, counts in enumerate(diagnosis.kinds_by_rank)]
    gains = {**dict(zip(KINDS, KIND_NAMES, strict=True)), "missed": "missed truths"}
    largest = max(0.001, *diagnosis.gains.values())
    gain_bars = [
        Bar(gains[kind], [max(0.0, 100 * gain)], f"{100 * gain:+.2f} points")
        for kind, gain in diagnosis.gains.items()
    ]
    counts = Section(
        "Counts",
        table=Table(
            ("ranks", *KIND_NAMES),
            [*(_row(*row) for row in rows), _row("all", diagnosis.kinds)],
            emphasis=DEPTH,
        ),
        folded=True,
    )
    impact = Section(
        "What removing each kind would gain in mAP",
        (
            f"At tIoU {diagnosis.tiou:g}, mAP is {100 * diagnosis.mean_average_precision:.2f} %. "
            "It is computed again without the detections of one kind, or without the truths that "
            "nothing found.",
        ),
        figure=bar_chart_svg(
            gain_bars, ("gain",), label="Gain in mAP", colours=(6,), whole=100 * largest
        ),
    )
    text = [
        f"Of each class with G ground truths, the {DEPTH}G best detections at tIoU "
        f"{diagnosis.tiou:g}: 1G are the G best, 2G the next G, and so on. A false one goes by the "
        "ground truth that it overlaps most. Where that would suffice: a double detection, or if "
        f"the label is another, a wrong label. Where it is {LOWEST_TIOU:g} or more: a localization "
        "error, or if the label is another, confusion. Else: background.",
    ]
    if diagnosis.beyond:
        text.append(f"{diagnosis.beyond} detections rank lower and are not shown.")
    if diagnosis.dropped:
        text.append(f"{diagnosis.dropped} detections in ambiguous intervals are left out.")
    chart = _kind_chart(rows, "Kinds of detections by rank")
    return Section("Errors", text, figure=chart, parts=(counts, impact, *_confused(diagnosis)))


def _confused(diagnosis: Diagnosis) -> list[Section]:
    """The wrong labels most often given, if there are any."""
    pairs = diagnosis.mislabelled_pairs()
    if not pairs:
        return []
    caption = f"The {MOST_PAIRS} most frequent of {len(pairs)}" if len(pairs) > MOST_PAIRS else ""
    table = Table(("detected as", "in truth", "detections"), pairs[:MOST_PAIRS], caption)
    return [Section("Wrong labels", table=table)]


def fate_section(diagnosis: Diagnosis) -> Section:
    """Which truths were found, and what overlaps the others."""
    text = (
        f"Found: some detection takes it at tIoU {diagnosis.tiou:g}. Else, of the detections "
        f"judged above: badly located if one of its class overlaps it by {LOWEST_TIOU:g} or more, "
        "mislabelled if one of another class does, unseen if none.",
    )
    order = np.argsort(-diagnosis.fates_by_class[:, 1:].sum(axis=1), kind="stable")
    rows = [("all", diagnosis.fates)]
    rows += [(diagnosis.classes[c], diagnosis.fates_by_class[c]) for c in order]
    chart = _fate_chart(rows, "What became of the ground truths")
    table = Table(("class", *FATE_NAMES), [_row(*row) for row in rows], emphasis=0)
    counts = Section("Counts", table=table, folded=True)
    if len(rows) <= MOST_ROWS:
        return Section("Ground truths found and missed", text, figure=chart, parts=(counts,))
    each = Section("Each class, most missed first", figure=chart, folded=True)
    return Section(
        "Ground truths found and missed",
        text,
        figure=_fate_chart(rows[:1], "What became of the ground truths"),
        parts=(each, counts),
    )


def length_section(diagnosis: Diagnosis) -> Section:
    """Fates of the truths and kinds of the detections, by length."""
    labels = [
        f"{name}, {words}"
        for name, words in zip(LENGTH_NAMES, diagnosis.lengths.intervals, strict=True)
    ]
    truths = list(zip(labels, diagnosis.fates_by_length, strict=True))
    detections = list(zip(labels, diagnosis.kinds_by_length, strict=True))
    return Section(
        "By instance length",
        parts=(
            Section(
                "Ground truths, by their length",
                figure=_fate_chart(truths, "What became of the ground truths, by length"),
            ),
            Section(
                "Detections judged, by their length",
                figure=_kind_chart(detections, "Kinds of detections by length"),
            ),
        ),
    )


def _kind_chart(rows: Sequence[tuple[str, Int64Array]], label: str) -> str:
    bars = [Bar(name, counts.tolist(), f"{counts.sum()} detections") for name, counts in rows]
    return bar_chart_svg(bars, KIND_NAMES, label=label)


def _fate_chart(rows: Sequence[tuple[str, Int64Array]], label: str) -> str:
    bars = [Bar(name, counts.tolist(), f"{counts.sum()} truths") for name, counts in rows]
    return bar_chart_svg(bars, FATE_NAMES, label=label, colours=_FATE_COLOURS)


def _row(label: str, counts: Int64Array) -> tuple[str | int, ...]:
    return (label, *counts.tolist())
