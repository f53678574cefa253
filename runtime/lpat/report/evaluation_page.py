"""An evaluation as one self-contained page: how good the detections are, and why."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lpat.evaluation.average_precision import Evaluation, notes
from lpat.evaluation.error_analysis import DEPTH, KINDS, LENGTH_NAMES, LOWEST_TIOU, Diagnosis
from lpat.evaluation.precision_recall import PrecisionRecallCurves, precision_recall_curves
from lpat.evaluation.proposal_recall import ProposalRecall
from lpat.evaluation.protocols import rules_in_words
from lpat.evaluation.verdicts import FINDING, WORKING, Verdicts
from lpat.report.charts import (
    MOST_CURVES,
    Axis,
    Bar,
    Curve,
    bar_chart_svg,
    curve_chart_svg,
    percent_axis,
    small_curve_svg,
)
from lpat.report.html import Section, Table, report_html
from lpat.types import Float64Array, Int64Array

MOST_OPEN = 30  # small charts shown without unfolding
MOST_PAIRS = 10  # of confused labels shown
MOST_ROWS = 30  # of a table shown without unfolding

KIND_NAMES = ("true", "double detection", "wrong label", "localization", "confusion", "background")
FATE_NAMES = ("found", "badly located", "mislabelled", "unseen")
_FATE_COLOURS = (0, 3, 2, 5)  # those of the kinds that are alike


def evaluation_page(
    detections: str,
    evaluation: Evaluation,
    proposals: ProposalRecall,
    diagnosis: Diagnosis,
    verdicts: Verdicts,
    *,
    remarks: Sequence[str] = (),
) -> str:
    """The page as one HTML text that needs no other file, no network and no script.

    `detections` names them in the title; `remarks` are lines on what was read, which follow those
    of the evaluation. Every text is escaped.
    """
    sections = [
        _headline(evaluation, proposals),
        _verdicts(verdicts),
        _classes(evaluation),
        _precision_recall(evaluation, diagnosis),
        _proposals(proposals),
        error_section(diagnosis),
        fate_section(diagnosis),
        length_section(diagnosis),
        _basis(evaluation, remarks),
    ]
    return report_html(f"Evaluation of {detections}", sections, [])


def _headline(evaluation: Evaluation, proposals: ProposalRecall) -> Section:
    low, high = evaluation.tious[0], evaluation.tious[-1]
    over = f"{low:g}" if low == high else f"{low:g}\N{EN DASH}{high:g}"
    table = Table(
        ("tIoU", *(f"{tiou:g}" for tiou in evaluation.tious)),
        [("mAP in %", *_percent(evaluation.mean_average_precision))],
    )
    rules = Section(
        "The protocol's rules",
        table=Table(("rule", "as applied"), rules_in_words(evaluation.options)),
    )
    return Section(
        f"Protocol {evaluation.protocol}",
        facts=(
            (f"mAP, mean over tIoU {over}", f"{100 * evaluation.average:.2f} %"),
            ("AR@10", f"{100 * proposals.at(10):.1f} %"),
            ("AR@100", f"{100 * proposals.at(100):.1f} %"),
            ("AUC of AR", f"{100 * proposals.area:.1f} %"),
            ("videos", str(evaluation.videos)),
            ("ground truths", str(evaluation.truth_counts.sum())),
            ("detections", str(evaluation.detection_counts.sum())),
        ),
        table=table,
        parts=(rules,),
    )


def _verdicts(verdicts: Verdicts) -> Section:
    rows = [(entry.label, entry.line) for entry in verdicts.classes[:MOST_ROWS]]
    more = len(verdicts.classes) - len(rows)
    caption = (
        f"At tIoU {verdicts.tiou:g}, the worst first{f'; {more} more do better' if more else ''}. "
        f"Works: average precision of {WORKING:.0%} or more; not found: below {FINDING:.0%}."
    )
    advice = verdicts.advice[:1].upper() + verdicts.advice[1:] + "."
    text = (advice, "See also docs/better-results.md.")
    return Section("What would help most", text, table=Table(("class", "verdict"), rows, caption))


def _classes(evaluation: Evaluation) -> Section:
    header = ("class", "truths", "detections", *(f"{t:g}" for t in evaluation.tious), "mean")
    rows = [
        (label, int(truths), int(detections), *_percent(precision), float(100 * precision.mean()))
        for label, truths, detections, precision in zip(
            evaluation.classes,
            evaluation.truth_counts,
            evaluation.detection_counts,
            evaluation.average_precision,
            strict=True,
        )
    ]
    total = (
        "mean, or sum",
        int(evaluation.truth_counts.sum()),
        int(evaluation.detection_counts.sum()),
        *_percent(evaluation.mean_average_precision),
        100 * evaluation.average,
    )
    caption = (
        f"Average precision in % by tIoU, protocol {evaluation.protocol}. "
        "A dash: left out for lack of detections."
    )
    table = Table(header, [*rows, total], caption, emphasis=len(rows))
    if len(rows) <= MOST_OPEN:
        return Section("Classes", table=table)
    return Section("Classes", parts=(Section(f"All {len(rows)}", table=table, folded=True),))


def _precision_recall(evaluation: Evaluation, diagnosis: Diagnosis) -> Section:
    recall, precision = percent_axis("recall in %"), percent_axis("precision in %")
    curves = precision_recall_curves(evaluation.matching, evaluation.tious)
    drawn = _spread(len(curves.tious))
    mean = [
        Curve(
            f"tIoU {curves.tious[k]:g}: mAP {100 * evaluation.mean_average_precision[k]:.1f}",
            100 * curves.levels,
            100 * curves.mean[k],
        )
        for k in drawn
    ]
    at_tiou = precision_recall_curves(evaluation.matching, np.array([diagnosis.tiou]))
    each = Section(
        f"Each class at tIoU {diagnosis.tiou:g}",
        figures=[
            small_curve_svg(curve, recall, precision, note)
            for curve, note in _class_curves(evaluation, at_tiou)
        ],
        folded=len(curves.classes) > MOST_OPEN,
    )
    interpolated = (
        "interpolated: the best at that recall or beyond"
        if evaluation.options.interpolated
        else "not interpolated"
    )
    text = (
        f"The mean over the classes at 101 recall levels, protocol {evaluation.protocol}; "
        f"precision is {interpolated}, and 0 where a class doesn't reach the recall."
    )
    return Section(
        "Precision and recall",
        (text,),
        figure=curve_chart_svg(mean, recall, precision),
        parts=(each,),
    )


def _class_curves(evaluation: Evaluation, curves: PrecisionRecallCurves) -> list[tuple[Curve, str]]:
    """A curve for each class at the one threshold, and its AP; beyond its recall, it falls to 0."""
    drawn = []
    for label, curve, levels, truths in zip(
        curves.classes, curves.curves[0], curves.at_levels[0], evaluation.truth_counts, strict=True
    ):
        reached = levels > 0
        end = 100 * curve.recall[-1] if len(curve.recall) else 0.0
        x = np.append(100 * curves.levels[reached], [end, end])
        last = curve.precision[-1] if len(curve.precision) else 0.0
        y = np.append(100 * levels[reached], [100 * last, 0.0])
        note = f"AP {100 * curve.precision.sum() / truths:.1f}, {truths} truths"
        drawn.append((Curve(label, x, y), note))
    return drawn


def _proposals(proposals: ProposalRecall) -> Section:
    numbers = proposals.numbers.astype(np.float64)
    lines = [Curve("AR, mean over the tIoU", numbers, 100 * proposals.average_recall)]
    for tiou in (0.5, 0.75, 0.95):
        (k,) = np.flatnonzero(np.isclose(proposals.tious, tiou))[:1]
        lines.append(Curve(f"recall at tIoU {tiou:g}", numbers, 100 * proposals.recall[k]))
    axis = Axis("average number of proposals a video (AN)", 0, 100, (1, 20, 40, 60, 80, 100))
    shown = (1, 5, 10, 20, 50, 100)
    table = Table(
        ("", *(f"AR@{number}" for number in shown), "AUC"),
        [("in %", *(100 * proposals.at(number) for number in shown), 100 * proposals.area)],
    )
    text = (
        "Detections as proposals, whatever their labels and the protocol: the share of ground "
        "truths that some proposal finds, averaged over tIoU 0.5 to 0.95, by ActivityNet's rules.",
        f"There are {proposals.proposals} proposals for {proposals.videos} videos with ground "
        f"truth: {proposals.proposals / proposals.videos:.1f} a video. "
        "Where AN is larger, all of them count.",
    )
    chart = curve_chart_svg(lines, axis, percent_axis("recall in %"))
    return Section("Recall of proposals", text, table=table, figure=chart)


def _basis(evaluation: Evaluation, remarks: Sequence[str]) -> Section:
    return Section("What was read", (*notes(evaluation), *remarks))


def _percent(precisions: Float64Array) -> list[float]:
    return (100 * precisions).tolist()


def _spread(count: int) -> list[int]:
    """At most `MOST_CURVES` of so many, first and last among them, evenly."""
    return np.unique(
        np.linspace(0, count - 1, min(count, MOST_CURVES)).round().astype(int)
    ).tolist()


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
