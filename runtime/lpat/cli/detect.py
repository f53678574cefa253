"""lpat-detect: actions in videos, by an exported model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lpat.cli import options
from lpat.cli.app import DONE, FAILED, PARTIAL, run

if TYPE_CHECKING:
    from lpat.batch import BatchReport


@click.command("lpat-detect")
@click.argument("model", type=options.FILE)
@click.argument("inputs", type=options.FILE, nargs=-1, required=True)
@click.option(
    "--output",
    type=options.FILE,
    default=Path("detections"),
    show_default=True,
    help="Folder for the results.",
)
@options.device
@options.require_gpu
@options.jobs
@click.option("--overwrite", is_flag=True, help="Do again what is there already.")
@options.cache_options
@click.version_option(package_name="lpat")
def command(
    model: Path,
    inputs: tuple[Path, ...],
    output: Path,
    device: str,
    require_gpu: bool,
    jobs: int | None,
    overwrite: bool,
    cache_folder: Path | None,
    no_cache: bool,
) -> int:
    """Find when actions happen in INPUTS, by the exported MODEL.

    INPUTS are videos, feature files, and folders of them. Writes OUTPUT/detections.json (all
    results), OUTPUT/videos/NAME.json (each input's) and OUTPUT/run.json (what was done). A bad
    input is named and passed over; a rerun does only what is missing.

    Exit codes: 0 all done, 1 nothing done, 3 some inputs failed, 130 interrupted.
    """
    from tqdm import tqdm

    from lpat.analysis import local_engine
    from lpat.batch import Outcome, detect_batch
    from lpat.inputs import find_inputs
    from lpat.localizer import Localizer
    from lpat.workers import available_cores

    localizer = Localizer(model, device, require_gpu=require_gpu)
    print(f"{model.name}: {len(localizer.classes)} classes, running on {localizer.provider}")
    if localizer.provider_note:
        print(f"note: running on the CPU: {localizer.provider_note}", file=sys.stderr)
    found = find_inputs(inputs)
    cache = options.cache_from(cache_folder, no_cache)
    analyse = local_engine(localizer, cache, jobs or available_cores())
    with tqdm(total=len(found), unit="video", disable=None, file=sys.stderr) as bar:

        def show(outcome: Outcome) -> None:
            if outcome.reason:
                tqdm.write(f"failed: {outcome.name}: {outcome.reason}", file=sys.stderr)
            elif outcome.decode_failures:
                tqdm.write(
                    f"note: {outcome.name}: {outcome.decode_failures} parts could not be decoded",
                    file=sys.stderr,
                )
            bar.update()

        report = detect_batch(
            localizer, analyse, found, output, overwrite=overwrite, on_outcome=show
        )
    _print_summary(report, output)
    if report.count("failed") == 0:
        return DONE
    return FAILED if report.count("failed") == len(found) else PARTIAL


def _print_summary(report: BatchReport, output: Path) -> None:
    if report.inputs == 1 and not report.count("failed"):
        _print_detections(output)
    counts = f"{report.count('done')} done"
    if unchanged := report.count("unchanged"):
        counts += f", {unchanged} unchanged"
    if failed := report.count("failed"):
        counts += f", {failed} failed"
    print(f"{counts}; results in {output / 'detections.json'}")


def _print_detections(output: Path) -> None:
    from lpat.detections import read_detections

    for detections in read_detections(output / "detections.json").values():
        rows = zip(detections.segments, detections.labels, detections.scores, strict=True)
        for (start, end), label, score in sorted(rows, key=lambda row: row[0][0]):
            print(f"{start:9.2f} - {end:8.2f} s  {score:.3f}  {detections.classes[label]}")


def main() -> None:
    """Entry point."""
    run(command)


if __name__ == "__main__":
    main()
