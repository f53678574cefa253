"""An evaluation as one self-contained page: how good the detections are, and why."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lpat.charts import (
    MOST_CURVES,
    Axis,
    Curve,
    curve_chart_svg,
    percent_axis,
    small_curve_svg,
)
from lpat.diagnosis_sections import error_section, fate_section, length_section
from lpat.evaluation.average_precision import Evaluation, notes
from lpat.evaluation.error_analysis import Diagnosis
from lpat.evaluation.precision_recall import PrecisionRecallCurves, precision_recall_curves
from lpat.evaluation.proposal_recall import ProposalRecall
from lpat.evaluation.protocols import rules_in_words
from lpat.report import Section, Table, report_html
from lpat.types import Float64Array

MOST_OPEN = 30  # small charts shown without unfolding


def evaluation_page(
    detections: str,
    evaluation: Evaluation,
    proposals: ProposalRecall,
    diagnosis: Diagnosis,
    *,
    remarks: Sequence[str] = (),
) -> str:
    """The page as one HTML text that needs no other file, no network and no script.

    `detections` names them in the title; `remarks` are lines on what was read, which follow those
    of the evaluation. Every text is escaped.
    """
    sections = [
        _headline(evaluation, proposals),
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
    curves = precision_recall_curves(evaluation.judgement, evaluation.tious)
    drawn = _spread(len(curves.tious))
    mean = [
        Curve(
            f"tIoU {curves.tious[k]:g}: mAP {100 * evaluation.mean_average_precision[k]:.1f}",
            100 * curves.levels,
            100 * curves.mean[k],
        )
        for k in drawn
    ]
    at_tiou = precision_recall_curves(evaluation.judgement, np.array([diagnosis.tiou]))
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
