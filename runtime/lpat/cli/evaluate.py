"""lpat-eval: how good detections are, against annotated segments."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lpat.cli import options
from lpat.cli.app import run
from lpat.errors import AnnotationError, UsageError
from lpat.evaluation.protocols import PROTOCOLS, Protocol, ProtocolOptions

if TYPE_CHECKING:
    from lpat.annotations.reading import Annotations, VideoAnnotation
    from lpat.evaluation.average_precision import Evaluation
    from lpat.evaluation.error_analysis import Diagnosis
    from lpat.evaluation.proposal_recall import ProposalRecall
    from lpat.evaluation.verdicts import Verdicts
    from lpat.types import Scores

_MOST_THRESHOLDS = 1000


@click.command("lpat-eval")
@click.argument("annotations", type=options.FILE)
@click.argument("detections", type=options.FILE)
@click.option(
    "--protocol",
    type=click.Choice(list(PROTOCOLS)),
    default="activitynet",
    show_default=True,
    help="Rules of matching and averaging (docs/evaluation.md).",
)
@click.option(
    "--rule",
    "rules",
    multiple=True,
    metavar="NAME=VALUE",
    help="Another rule than the protocol's, such as empty_class=skip; may be given several times.",
)
@click.option(
    "--ambiguous",
    "ambiguous_path",
    type=options.FILE,
    help="Times in which nobody can tell, as lines `video start end`; for thumos14 and wtalc.",
)
@click.option("--subset", help="Subset to judge; needed where the annotations have several.")
@click.option(
    "--tiou",
    default="0.3:0.7:0.1",
    show_default=True,
    help="Temporal IoU thresholds: START:STOP:STEP, stop included, or a list such as 0.5,0.75.",
)
@click.option(
    "--json",
    "json_path",
    type=options.FILE,
    help="Write the results there as well, with the recall of proposals and the kinds of errors.",
)
@click.option(
    "--report",
    "report_path",
    type=options.FILE,
    help="Write a page (HTML) that shows how good the detections are, and why.",
)
@click.option(
    "--error-tiou",
    type=float,
    default=0.5,
    show_default=True,
    help="Threshold at which verdicts are given and kinds of errors are told apart.",
)
@click.option(
    "--lengths",
    help="Four bounds of instance length in seconds, XS to XL, such as 3,6,12,18.  "
    "[default: fifths of the ground truths]",
)
@click.version_option(package_name="lpat")
def command(
    annotations: Path,
    detections: Path,
    protocol: Protocol,
    rules: tuple[str, ...],
    ambiguous_path: Path | None,
    subset: str | None,
    tiou: str,
    json_path: Path | None,
    report_path: Path | None,
    error_tiou: float,
    lengths: str | None,
) -> None:
    """Average precision of DETECTIONS against the segments of ANNOTATIONS.

    ANNOTATIONS is ActivityNet-style JSON, a folder of THUMOS'14's text files (CLASS_test.txt,
    Ambiguous_test.txt), a folder of W-TALC's arrays (videoname.npy and its like), or what ELAN,
    Label Studio, BORIS or VIA wrote (docs/formats.md). A verdict on each class and what would help
    most come last (docs/better-results.md). What is odd in the videos judged is summed
    up on stderr.
    """
    tious = parse_tious(tiou)
    bounds = None if lengths is None else parse_lengths(lengths)
    # 0.1 is diagnosis.LOWEST_TIOU; a wrong option should be told before anything is read.
    if not 0.1 < error_tiou <= 1:
        raise UsageError(f"--error-tiou: expected a threshold in (0.1, 1], not {error_tiou:g}")
    judged_by = parse_rules(PROTOCOLS[protocol], rules)
    if ambiguous_path is not None and judged_by.ambiguous == "none":
        raise UsageError(f"--ambiguous: protocol {protocol} has no use for it")
    from lpat.annotations.checks import summarise
    from lpat.annotations.thumos14 import read_intervals
    from lpat.evaluation.average_precision import format_table
    from lpat.evaluation.tied_orders import tied_orders
    from lpat.formats.detections import read_detections_file
    from lpat.judging import evaluate

    _check_places(annotations, detections, json_path, report_path)
    annotated = _annotations(annotations, detections)
    if subset is None and len(annotated.subsets) > 1:
        choices = ", ".join(annotated.subsets)
        raise UsageError(f"{annotations} has several subsets; choose one by --subset: {choices}")
    read = read_detections_file(detections)
    ambiguous, odd_intervals = (
        ({}, ()) if ambiguous_path is None else read_intervals(ambiguous_path)
    )
    evaluation = evaluate(
        annotated,
        read,
        subset=subset,
        tious=tious,
        protocol=judged_by,
        ambiguous=ambiguous,
    )
    by_file = {
        annotations: annotated.findings_in(subset),
        detections: read.findings,
        **({ambiguous_path: odd_intervals} if ambiguous_path else {}),
    }
    for path, its in by_file.items():
        for line in summarise(its):
            click.echo(f"{path}: {line}", err=True)
    findings = [finding for its in by_file.values() for finding in its]
    click.echo(format_table(evaluation))
    ties = tied_orders(evaluation.matching, evaluation.tious)
    left_open = ties.describe()
    if left_open is not None:
        click.echo(left_open)
    errors, verdicts = _say_verdicts(evaluation, error_tiou, bounds)
    if json_path is None and report_path is None:
        return
    from lpat.evaluation.proposal_recall import proposal_recall
    from lpat.files.atomic import write_text
    from lpat.files.json_files import write_json

    proposals = proposal_recall(evaluation.matching)
    if json_path is not None:
        found = [asdict(finding) for finding in findings]
        why = {
            "ties": ties.to_dict(),
            "proposals": proposals.to_dict(),
            "errors": errors.to_dict(),
            "verdicts": verdicts.to_dict(),
            "findings": found,
        }
        write_json(json_path, {"subset": subset, **evaluation.to_dict(), **why})
    if report_path is not None:
        remarks = [*([left_open] if left_open is not None else []), *summarise(findings)]
        page = _report(
            detections,
            annotated.in_subset(subset),
            evaluation,
            proposals,
            errors,
            verdicts,
            remarks,
        )
        write_text(report_path, page)


def _report(
    detections: Path,
    truth: Sequence[VideoAnnotation],
    evaluation: Evaluation,
    proposals: ProposalRecall,
    errors: Diagnosis,
    verdicts: Verdicts,
    remarks: Sequence[str],
) -> str:
    """The page of an evaluation, with timelines of some of the videos judged, `truth`."""
    from lpat.report.evaluation_page import evaluation_page
    from lpat.report.judged_videos import judged_videos

    scores = _scores_beside(detections)
    videos = judged_videos(evaluation.matching, truth, errors.tiou, scores)
    return evaluation_page(
        detections.name, evaluation, proposals, errors, verdicts, remarks=remarks, videos=videos
    )


def _scores_beside(detections: Path) -> Callable[[str], Scores | None]:
    """What gives a video's scores, where `lpat-detect --scores` left them beside its results."""
    from lpat.formats.scores import read_scores
    from lpat.inputs import safe_name

    folder = detections if detections.is_dir() else detections.parent

    def scores_of(name: str) -> Scores | None:
        path = folder / "videos" / f"{safe_name(name)}.scores.safetensors"
        return read_scores(path) if path.exists() else None

    return scores_of


def _annotations(path: Path, detections: Path) -> Annotations:
    from lpat.annotations.reading import read_annotations
    from lpat.files.kinds import ANNOTATIONS, kind_of

    try:
        return read_annotations(path)
    except AnnotationError as error:
        if kind_of(detections) == ANNOTATIONS:
            raise UsageError(f"{error}; annotations come first, then detections") from error
        raise


def _check_places(annotations: Path, detections: Path, *outputs: Path | None) -> None:
    """See that nothing that is read, and no annotations, would be written over."""
    from lpat.annotations.writing import spare_annotations
    from lpat.formats.detections import DETECTIONS_NAME

    read = {path.resolve() for path in (annotations, detections, detections / DETECTIONS_NAME)}
    for output in outputs:
        if output is not None:
            if output.resolve() in read:
                raise UsageError(f"{output}: is what is to be read; write to another place")
            spare_annotations(output)


def _say_verdicts(
    evaluation: Evaluation, tiou: float, bounds: Sequence[float] | None
) -> tuple[Diagnosis, Verdicts]:
    """Print what the errors at a threshold say of each class, and give both back."""
    from lpat.evaluation.error_analysis import diagnose
    from lpat.evaluation.verdicts import verdicts_of

    errors = diagnose(evaluation.matching, tiou=tiou, length_bounds=bounds)
    verdicts = verdicts_of(evaluation, errors)
    click.echo("\n" + "\n".join(verdicts.lines()))
    return errors, verdicts


def parse_rules(options: ProtocolOptions, rules: Sequence[str]) -> ProtocolOptions:
    """The options with each "NAME=VALUE" in place of the rule of that name.

    Raises:
        UsageError: no such rule, or not one of its values.
    """
    changes: dict[str, str | bool | float | None] = {}
    for rule in rules:
        name, _, value = rule.partition("=")
        old = asdict(options).get(name, rule)
        if old is rule:
            known = ", ".join(asdict(options))
            raise UsageError(f"--rule: expected NAME=VALUE with one of {known}, not {rule!r}")
        if isinstance(old, bool):
            if value not in ("true", "false"):
                raise UsageError(f"--rule: {name} must be true or false, not {value!r}")
            changes[name] = value == "true"
        elif name == "snippets_per_second":
            changes[name] = None if value == "none" else _number(name, value)
        else:
            changes[name] = value
    return replace(options, **changes)  # pyright: ignore[reportArgumentType]  # checked when made


def _number(name: str, value: str) -> float:
    try:
        return float(value)
    except ValueError as error:
        raise UsageError(f"--rule: {name} must be a number or none, not {value!r}") from error


def parse_tious(text: str) -> list[float]:
    """Distinct thresholds, ascending, of "START:STOP:STEP" (stop included) or "A,B,C".

    Raises:
        UsageError: neither, or a threshold that isn't in (0, 1].
    """
    try:
        if ":" in text:
            start, stop, step = map(float, text.split(":"))
            if not (
                step > 0 and math.isfinite(start) and 0 <= stop - start < step * _MOST_THRESHOLDS
            ):
                raise ValueError
            # The sum of steps may pass the stop by a rounding; the thresholds shouldn't show it.
            count = math.floor((stop - start) / step + 1e-6) + 1
            values = [round(start + index * step, 9) for index in range(count)]
        else:
            values = [float(word) for word in text.split(",")]
    except ValueError as error:
        raise UsageError(
            f"--tiou: expected START:STOP:STEP or a list such as 0.5,0.75, not {text!r}"
        ) from error
    for value in values:
        if not 0 < value <= 1:
            raise UsageError(f"--tiou: expected thresholds in (0, 1], not {value:g}")
    return sorted(set(values))


def parse_lengths(text: str) -> list[float]:
    """Four lengths in seconds, ascending, of "A,B,C,D".

    Raises:
        UsageError: anything else.
    """
    try:
        bounds = [float(word) for word in text.split(",")]
    except ValueError:
        bounds = []
    ascending = all(0 <= low < high < math.inf for low, high in pairwise(bounds))
    if len(bounds) != 4 or not ascending:
        raise UsageError(f"--lengths: expected four ascending lengths, A,B,C,D, not {text!r}")
    return bounds


def main() -> None:
    """Entry point of lpat-eval."""
    run(command)


if __name__ == "__main__":
    main()
