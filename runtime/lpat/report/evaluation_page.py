"""An evaluation as one self-contained page: how good the detections are, and why."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lpat.evaluation.average_precision import Evaluation, notes
from lpat.evaluation.error_analysis import (
    DEPTH,
    FOUND,
    KINDS,
    LENGTH_NAMES,
    LOWEST_TIOU,
    TRUE,
    Diagnosis,
)
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
MOST_NAMES = 8  # of classes in a sentence
MOST_ROWS = 30  # of a table shown without unfolding

KIND_NAMES = ("true", "double detection", "wrong label", "localization", "confusion", "background")
FATE_NAMES = ("found", "badly located", "mislabelled", "unseen")
_PHRASES = {
    "double": "Double detections",
    "wrong_label": "Wrong labels",
    "localization": "Badly located detections",
    "confusion": "Confused classes",
    "background": "Detections where nothing happens",
    "missed": "Missed true actions",
}
_FATE_COLOURS = (0, 3, 2, 5)  # those of the kinds that are alike


def evaluation_page(
    detections: str,
    evaluation: Evaluation,
    proposals: ProposalRecall,
    diagnosis: Diagnosis,
    verdicts: Verdicts,
    *,
    remarks: Sequence[str] = (),
    videos: Section | None = None,
) -> str:
    """The page as one HTML text that needs no other file, no network and no script.

    It begins with what its reader asks: how good, on which classes, what goes wrong, and in which
    `videos` (see `judged_videos`); rules and finer figures follow. `detections` names them in the
    title; `remarks` are lines on what was read, which follow those of the evaluation. Every text
    is escaped.
    """
    sections = [
        _headline(evaluation, diagnosis),
        _classes(evaluation, diagnosis),
        _costs(diagnosis),
        _verdicts(verdicts),
        *([] if videos is None else [videos]),
        error_section(diagnosis),
        fate_section(diagnosis),
        length_section(diagnosis),
        _precision_recall(evaluation, diagnosis),
        _proposals(proposals),
        _rules(evaluation),
        _basis(evaluation, remarks),
    ]
    return report_html(f"Evaluation of {detections}", sections, [])


def _headline(evaluation: Evaluation, diagnosis: Diagnosis) -> Section:
    low, high = evaluation.tious[0], evaluation.tious[-1]
    over = f"{low:g}" if low == high else f"{low:g}\N{EN DASH}{high:g}"
    truths, found = int(diagnosis.fates.sum()), int(diagnosis.fates[FOUND])
    first = diagnosis.kinds_by_rank[0]
    best, right = int(first.sum()), int(first[TRUE])
    table = Table(
        ("tIoU", *(f"{tiou:g}" for tiou in evaluation.tious)),
        [("mAP in %", *_percent(evaluation.mean_average_precision))],
    )
    return Section(
        "How good",
        (
            f"{found} of the {truths} true actions (ground truths) were found, and {right} of the "
            f"{best} most confident detections are right: of each class, as many are counted "
            "there as it has true actions.",
            "A detection is right if it overlaps a true action of its class that no other has "
            f"taken, by {diagnosis.tiou:g} or more in temporal intersection over union (tIoU): "
            "the time that both share, out of the time that they cover together.",
            "Average precision (AP) of a class is 100 % where every true action is found before "
            "any false detection comes, in the order of confidence; the mean over the classes is "
            f"mAP. How exactly is the matter of a protocol, here {evaluation.protocol}; "
            "its rules stand at the end.",
        ),
        facts=(
            (f"mAP, mean over tIoU {over}", f"{100 * evaluation.average:.2f} %"),
            ("true actions found", _share(found, truths)),
            ("best detections right", _share(right, best)),
            ("videos", str(evaluation.videos)),
            ("true actions", str(evaluation.truth_counts.sum())),
            ("detections", str(evaluation.detection_counts.sum())),
        ),
        table=table,
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


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def _classes(evaluation: Evaluation, diagnosis: Diagnosis) -> Section:
    header = (
        "class", "truths", "found in %", "detections",
        *(f"AP at {t:g}" for t in evaluation.tious), "mean AP",
    )  # fmt: skip
    found = 100 * diagnosis.fates_by_class[:, FOUND] / evaluation.truth_counts
    means = 100 * evaluation.average_precision.mean(axis=1)
    rows = [
        (label, int(truths), float(share), int(detections), *_percent(precision), float(mean))
        for label, truths, share, detections, precision, mean in zip(
            evaluation.classes,
            evaluation.truth_counts,
            found,
            evaluation.detection_counts,
            evaluation.average_precision,
            means,
            strict=True,
        )
    ]
    total = (
        "mean, or sum",
        int(evaluation.truth_counts.sum()),
        100 * float(diagnosis.fates[FOUND]) / float(diagnosis.fates.sum()),
        int(evaluation.detection_counts.sum()),
        *_percent(evaluation.mean_average_precision),
        100 * evaluation.average,
    )
    caption = (
        f"Truths are true actions, found at tIoU {diagnosis.tiou:g}. AP in % at the tIoU of its "
        f"column, protocol {evaluation.protocol}. A dash: left out for lack of detections."
    )
    table = Table(header, [*rows, total], caption, emphasis=len(rows))
    text = _extremes(evaluation.classes, means)
    if len(rows) <= MOST_OPEN:
        return Section("On which classes", text, table=table)
    every = Section(f"All {len(rows)}", table=table, folded=True)
    return Section("On which classes", text, parts=(every,))


def _extremes(classes: Sequence[str], means: Float64Array) -> tuple[str, ...]:
    """Which classes are best and worst, where there are several with a mean."""
    order = [c for c in np.argsort(-means, kind="stable") if np.isfinite(means[c])]
    if len(order) < 2 or means[order[0]] == means[order[-1]]:
        return ()
    best, worst = order[0], order[-1]
    return (
        f"Best is {classes[best]}, with a mean AP of {means[best]:.1f} %, and worst "
        f"{classes[worst]}, with {means[worst]:.1f} %.",
    )


def _rules(evaluation: Evaluation) -> Section:
    table = Table(("rule", "as applied"), rules_in_words(evaluation.options))
    return Section(f"Protocol {evaluation.protocol}", table=table)


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
        "Recall is the share of the true actions that are found, precision the share of the "
        "detections that are right, among the most confident ones: the further down the list, "
        "the more is found.",
        f"The mean over the classes at 101 recall levels, protocol {evaluation.protocol}; "
        f"precision is {interpolated}, and 0 where a class doesn't reach the recall.",
    )
    return Section(
        "Precision and recall",
        text,
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
        "AR@AN is average recall (AR) at a number of proposals, AN on average a video; AUC is the "
        "area under its curve, out of what is possible.",
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
    counts = Section(
        "Counts",
        table=Table(
            ("ranks", *KIND_NAMES),
            [*(_row(*row) for row in rows), _row("all", diagnosis.kinds)],
            emphasis=DEPTH,
        ),
        folded=True,
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
    return Section(
        "Errors, from the best detections to the worst", text, figure=chart, parts=(counts,)
    )


def _largest_costs(diagnosis: Diagnosis) -> list[str]:
    """A sentence on the costliest kind of error, and one on classes of which nothing was found."""
    kind, gain = max(diagnosis.gains.items(), key=lambda item: item[1])
    what = (
        f"{_PHRASES[kind]} cost most: {100 * gain:.2f} points of mAP"
        if gain > 0
        else "No kind of error by itself costs mAP anything"
    )
    base = 100 * diagnosis.mean_average_precision
    sentences = [f"{what} at tIoU {diagnosis.tiou:g}, where mAP is {base:.2f} %."]
    lost = np.flatnonzero(diagnosis.fates_by_class[:, FOUND] == 0).tolist()
    if lost:
        names = ", ".join(diagnosis.classes[c] for c in lost[:MOST_NAMES])
        more = f" and {len(lost) - MOST_NAMES} more" if len(lost) > MOST_NAMES else ""
        points = 100 * len(lost) / len(diagnosis.classes)
        sentences.append(
            f"Nothing was found of {names}{more}, which keeps up to {points:.2f} points of mAP; no "
            "bar shows them."
        )
    return sentences


def _costs(diagnosis: Diagnosis) -> Section:
    """What each kind of error costs, in a sentence and a chart; which labels are confused."""
    names = {**dict(zip(KINDS, KIND_NAMES, strict=True)), "missed": "missed truths"}
    ranked = sorted(diagnosis.gains.items(), key=lambda item: -item[1])
    bars = [Bar(names[kind], [max(0.0, 100 * gain)], f"{100 * gain:+.2f} points")
            for kind, gain in ranked]  # fmt: skip
    largest = max(0.001, *diagnosis.gains.values())
    return Section(
        "What goes wrong",
        (
            *_largest_costs(diagnosis),
            "Each bar: what mAP gains where it is computed without the detections of one kind, or "
            "without the true actions that nothing found. A double detection finds what was found "
            "before; a wrong label has the times right; localization is the right class at times "
            f"that are too far off (tIoU {LOWEST_TIOU:g} or more), confusion the same with another "
            "class; background is where nothing happens.",
        ),
        figure=bar_chart_svg(
            bars, ("gain",), label="Gain in mAP", colours=(6,), whole=100 * largest
        ),
        parts=_confused(diagnosis),
    )


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
        "By length",
        ("Five lengths, from XS (extra short) to XL (extra long).",),
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
