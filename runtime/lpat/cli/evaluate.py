"""lpat-eval: how good detections are, against annotated segments."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path

import click

from lpat.cli import options
from lpat.cli.app import run
from lpat.errors import AnnotationError, UsageError
from lpat.protocols import PROTOCOLS, Protocol

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
@click.option("--json", "json_path", type=options.FILE, help="Write the results there as well.")
@click.version_option(package_name="lpat")
def command(
    annotations: Path,
    detections: Path,
    protocol: Protocol,
    ambiguous_path: Path | None,
    subset: str | None,
    tiou: str,
    json_path: Path | None,
) -> None:
    """Average precision of DETECTIONS against the segments of ANNOTATIONS.

    ANNOTATIONS is ActivityNet-style JSON, a folder of THUMOS'14's text files (CLASS_test.txt,
    Ambiguous_test.txt) or a folder of W-TALC's arrays (videoname.npy and its like). What is odd
    in the videos judged is summed up on stderr.
    """
    tious = parse_tious(tiou)
    if ambiguous_path is not None and PROTOCOLS[protocol].ambiguous == "none":
        raise UsageError(f"--ambiguous: protocol {protocol} has no use for it")
    from lpat.ambiguous import read_ambiguous
    from lpat.annotations import read_annotations
    from lpat.detections import read_detections
    from lpat.evaluation import evaluate, format_table
    from lpat.files import write_json
    from lpat.findings import summarise

    annotated = read_annotations(annotations)
    if subset is None and len(annotated.subsets) > 1:
        choices = ", ".join(annotated.subsets)
        raise UsageError(f"{annotations} has several subsets; choose one by --subset: {choices}")
    truth = annotated.in_subset(subset)
    judged = {video.name for video in truth}
    results = read_detections(detections)
    if results and not judged & results.keys():
        raise AnnotationError(
            f"{detections}: none of its videos is to be judged; it names {next(iter(results))!r}, "
            f"the annotations {truth[0].name!r}"
        )
    ambiguous = {} if ambiguous_path is None else read_ambiguous(ambiguous_path)
    evaluation = evaluate(
        truth,
        results,
        tious=tious,
        protocol=protocol,
        left_out={video.name for video in annotated.videos} - judged,
        ambiguous=ambiguous,
    )
    findings = annotated.findings_in(subset)
    for line in summarise(findings):
        click.echo(f"{annotations}: {line}", err=True)
    click.echo(format_table(evaluation))
    if json_path is not None:
        found = [asdict(finding) for finding in findings]
        write_json(json_path, {"subset": subset, **evaluation.to_dict(), "findings": found})


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


def main() -> None:
    """Entry point of lpat-eval."""
    run(command)


if __name__ == "__main__":
    main()
