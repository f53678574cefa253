"""lpat-detect: actions in videos, by an exported model."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click
from click.core import ParameterSource

from lpat.cli import options
from lpat.cli.app import GroupedCommand, finish, note, resumable, run
from lpat.cli.progress import progress as shown_progress
from lpat.errors import UsageError

if TYPE_CHECKING:
    from lpat.backbones.files import Backbone

GROUPS = {
    "Results": (
        "output",
        "false_alarms",
        "min_score",
        "formats",
        "embed",
        "embed_limit",
        "scores",
        "overlay",
        "clips",
        "clip_margin",
        "overwrite",
    ),
    "Work": ("device", "require_gpu", "jobs", "ray_address", "timeout", "on_error", "progress"),
    "Live": ("live", "live_timeout"),
    "Features": ("backbone_paths", "batch", "cache_folder", "no_cache"),
}


WHOLE_VIDEOS = ("formats", "embed", "scores", "overlay", "clips", "ray_address")
"""Options that --live can't do as they say."""


@click.command("lpat-detect", cls=GroupedCommand, groups=GROUPS)
@click.argument("model", type=options.FILE)
@click.argument("inputs", type=options.INPUT, nargs=-1, required=True)
@click.option(
    "--output",
    type=options.FILE,
    default=Path("detections"),
    show_default=True,
    help="Folder for the results.",
)
@click.option(
    "--false-alarms",
    multiple=True,
    metavar="RATE|CLASS=RATE",
    help="Share of the snippets without a class that may lie above its threshold: more finds more, "
    "less errs less. Moves the level without training; once for all classes, and again for some.  "
    "[default: the model's own]",
)
@click.option(
    "--min-score",
    multiple=True,
    metavar="SCORE|CLASS=SCORE",
    help="Leave out detections that score less; for all classes, and for some.  [default: none]",
)
@options.formats
@click.option(
    "--embed", is_flag=True, help="Set videos into their pages (--format html): one file to share."
)
@click.option(
    "--embed-limit",
    type=click.FloatRange(min=0),
    default=50.0,
    show_default=True,
    metavar="MB",
    help="Larger videos stay outside of their pages.",
)
@click.option("--scores", is_flag=True, help="Write each input's scores (safetensors) too.")
@click.option(
    "--overlay", is_flag=True, help="Write each video with labels and timeline burnt in too."
)
@click.option("--clips", is_flag=True, help="Cut each detection out as a video of its own too.")
@click.option(
    "--clip-margin",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    metavar="SECONDS",
    help="Time that clips show before and after.",
)
@options.overwrite
@options.device
@options.require_gpu
@options.jobs
@options.ray
@options.on_error
@options.progress
@click.option(
    "--live",
    is_flag=True,
    help="Print each detection in one stream, growing file or camera (camera:0) as it ends, a line "
    "of JSON each.",
)
@click.option(
    "--live-timeout",
    type=click.FloatRange(min=0),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="Time without growth after which a file is complete.",
)
@options.timeout
@options.backbone
@options.batch
@options.cache_options
@click.version_option(package_name="lpat")
@click.pass_context
def command(
    context: click.Context,
    model: Path,
    inputs: tuple[str, ...],
    output: Path,
    false_alarms: tuple[str, ...],
    min_score: tuple[str, ...],
    formats: tuple[str, ...],
    embed: bool,
    embed_limit: float,
    scores: bool,
    overlay: bool,
    clips: bool,
    clip_margin: float,
    overwrite: bool,
    device: str,
    require_gpu: bool,
    jobs: int | None,
    ray_address: str | None,
    on_error: str,
    progress: str,
    live: bool,
    live_timeout: float,
    timeout: float,
    backbone_paths: tuple[Path, ...],
    batch: int | None,
    cache_folder: Path | None,
    no_cache: bool,
) -> int:
    """Find when actions happen in INPUTS, by the exported MODEL.

    INPUTS are videos, feature files, folders, patterns, URLs, @LIST (a file with one a line; @- on
    standard input) and - (a video on standard input). Writes OUTPUT/detections.json (all results),
    OUTPUT/videos/NAME.json (each input's) and OUTPUT/run.json (what became of each input). A bad
    input is named and passed over. The same command again does only what is missing.

    Exit codes: 0 all done, 1 usage or nothing done, 3 some inputs failed, 130 interrupted.
    """
    from lpat.batch.detection import detect_batch
    from lpat.batch.outputs import PAGE, chosen_outputs
    from lpat.engine import local_engine
    from lpat.features.extractors import default_jobs
    from lpat.inputs import find_inputs
    from lpat.localizer import Localizer

    if live:
        _check_live(context)
    _check_order(model, inputs)
    if embed and PAGE not in formats:
        raise UsageError("--embed: expected with --format html, whose pages it sets videos into")
    outputs = chosen_outputs(
        formats,
        scores=scores,
        overlay=overlay,
        clips=clips,
        clip_margin=clip_margin,
        embed_limit=round(embed_limit * 1e6) if embed else None,
    )
    backbones = options.backbones_from(backbone_paths, batch=batch)
    rates = options.by_class(false_alarms, "--false-alarms")
    lowest = options.by_class(min_score, "--min-score")
    localizer = Localizer(
        model,
        "cpu" if ray_address else device,  # the workers' devices are theirs to find
        require_gpu=require_gpu and not ray_address,
        false_alarms=rates,
        min_score=lowest,
        backbones=backbones,
    )
    if localizer.metadata.caution:
        print(f"warning: {model}: {localizer.metadata.caution}", file=sys.stderr)
    if localizer.provider_note:
        print(f"note: running on the CPU: {localizer.provider_note}", file=sys.stderr)
    if live:
        _tell_backbones(localizer.find_backbones(), sys.stderr)
        from lpat.cli.live import detect_live

        given = context.get_parameter_source("output") is not ParameterSource.DEFAULT
        return detect_live(
            localizer, inputs, output if given else None, live_timeout, timeout,
            shows_status=progress == "auto",
        )  # fmt: skip
    place = f"the workers of Ray ({ray_address})" if ray_address else localizer.provider
    print(f"{model.name}: {len(localizer.classes)} classes, running on {place}")
    if (moved := localizer.sensitivity.describe()) is not None:
        print(f"level moved: {moved}")
    found = find_inputs(inputs, timeout, note)
    if not all(source.holds_features for source in found):
        _tell_backbones(localizer.find_backbones(), sys.stdout)
    cache = options.cache_from(cache_folder, no_cache)
    jobs = jobs or (None if ray_address else default_jobs(localizer.metadata.features))
    with resumable(str(command.name), output), shown_progress(progress, len(found)) as show:  # type: ignore[arg-type]
        if ray_address:
            from lpat.distributed.engines import ray_engine

            analyse = ray_engine(
                model,
                cache,
                ray_address,
                localizer.backbones,
                device=device,
                require_gpu=require_gpu,
                workers=jobs,
                false_alarms=rates,
                min_score=lowest,
            )
        else:
            analyse = local_engine(localizer, cache, jobs or 1, show.within)
        record = detect_batch(
            localizer,
            analyse,
            found,
            output,
            outputs=outputs,
            overwrite=overwrite,
            on_error=on_error,  # type: ignore[arg-type] - click checked the choice
            options=options.values_of(context),
            on_outcome=show,
        )
    if record.total == 1 and record.stopped is None and not record.counts["failed"]:
        _print_detections(output)
    results = "index.html" if PAGE in formats else "detections.json"
    return finish(str(command.name), record, f"results in {output / results}")


def _tell_backbones(backbones: Sequence[Backbone], stream: TextIO) -> None:
    for backbone in backbones:
        print(f"backbone {backbone.title}: {backbone.path}", file=stream)


def _check_live(context: click.Context) -> None:
    for option in context.command.params:
        if option.name in WHOLE_VIDEOS and context.params[option.name]:
            raise UsageError(f"{option.opts[0]}: expected without --live; it is for whole videos")


def _check_order(model: Path, inputs: Sequence[str]) -> None:
    from lpat.files.kinds import MODEL, kind_of

    if (kind := kind_of(model)) in (None, MODEL):
        return
    if models := [name for name in inputs if name.lower().endswith(".onnx")]:
        raise UsageError(
            f"{model} is {kind} and {models[0]} an ONNX file: the model comes first, "
            "lpat-detect MODEL INPUTS"
        )


def _print_detections(output: Path) -> None:
    from lpat.formats.detections import read_detections

    for detections in read_detections(output / "detections.json").values():
        rows = zip(detections.segments, detections.labels, detections.scores, strict=True)
        for (start, end), label, score in sorted(rows, key=lambda row: row[0][0]):
            print(f"{start:9.2f} - {end:8.2f} s  {score:.3f}  {detections.classes[label]}")


def main() -> None:
    """Entry point."""
    run(command)


if __name__ == "__main__":
    main()
