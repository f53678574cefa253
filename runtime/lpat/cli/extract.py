"""lpat-extract: features of videos, stored once for the other commands."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lpat.cli import options
from lpat.cli.app import GroupedCommand, finish, note, resumable, run
from lpat.cli.progress import progress as shown_progress

if TYPE_CHECKING:
    from lpat.features.extractors import FeatureExtractor

GROUPS = {
    "Results": ("output", "features", "stride", "overwrite"),
    "Work": ("jobs", "ray_address", "timeout", "on_error", "progress"),
    "Backbones": ("backbone_paths", "batch", "device", "require_gpu"),
    "Features": ("cache_folder", "no_cache"),
}


@click.command("lpat-extract", cls=GroupedCommand, groups=GROUPS)
@click.argument("inputs", type=options.INPUT, nargs=-1, required=True)
@click.option("--output", type=options.FILE, required=True, help="Folder for the feature files.")
@options.features
@options.backbone
@options.stride
@options.batch
@options.device
@options.require_gpu
@options.jobs
@options.ray
@options.overwrite
@options.on_error
@options.progress
@options.timeout
@options.cache_options
@click.version_option(package_name="lpat")
@click.pass_context
def command(
    context: click.Context,
    inputs: tuple[str, ...],
    output: Path,
    features: str | None,
    backbone_paths: tuple[Path, ...],
    stride: int | None,
    batch: int | None,
    device: str,
    require_gpu: bool,
    jobs: int | None,
    ray_address: str | None,
    overwrite: bool,
    on_error: str,
    progress: str,
    timeout: float,
    cache_folder: Path | None,
    no_cache: bool,
) -> int:
    """Store features of the videos INPUTS as OUTPUT/NAME.safetensors.

    They are the built-in motion features, what --features names or, with --backbone, those of
    pretrained networks of RGB frames, of optical flow, or of both.

    INPUTS are videos, folders, patterns, URLs, @LIST (a file with one a line; @- on standard input)
    and - (a video on standard input). The files hold an array (T, D) and the full spec of
    the features; lpat-train and lpat-detect take them in place of the videos.

    Exit codes: 0 all done, 1 usage or nothing done, 3 some inputs failed, 130 interrupted.
    """
    from lpat.batch.extraction import extract_batch
    from lpat.errors import UsageError
    from lpat.features.extraction import load_all_features
    from lpat.features.extractors import default_jobs, extractor_of
    from lpat.inputs import find_inputs

    backbones = options.backbones_from(backbone_paths, device, require_gpu, batch)
    backbones, spec = options.chosen_features(features, backbones, stride)
    every = find_inputs(inputs, timeout, note)
    found = [source for source in every if not source.holds_features]
    if not found:
        raise UsageError("expected videos to extract features of; these are feature files already")
    if others := len(every) - len(found):
        note(f"{others} feature {'file' if others == 1 else 'files'} passed over")
    cache = options.cache_from(cache_folder, no_cache)
    jobs = jobs or (None if ray_address else default_jobs(spec))
    if jobs == 1 and backbones.paths:
        _say_where(extractor_of(spec, backbones))
    with resumable(str(command.name), output), shown_progress(progress, len(found)) as show:  # type: ignore[arg-type]
        if ray_address:
            from lpat.distributed.engines import ray_features

            extract = ray_features(spec, cache, ray_address, backbones, workers=jobs)
        else:
            extract = partial(
                load_all_features,
                spec=spec,
                cache=cache,
                jobs=jobs or 1,
                backbones=backbones,
                parts=None if cache else output,
                on_progress=show.within,
            )
        record = extract_batch(
            extract,
            spec,
            found,
            output,
            overwrite=overwrite,
            on_error=on_error,  # type: ignore[arg-type] - click checked the choice
            options=options.values_of(context),
            on_outcome=show,
        )
    where = f"features of {spec.dimension} dimensions in {output}"
    return finish(str(command.name), record, where)


def _say_where(extractor: FeatureExtractor) -> None:
    """Print what computes the backbones, and why it isn't a GPU where one is there."""
    from lpat.backbones.extractor import BackboneExtractor
    from lpat.features.combined import CombinedExtractor

    if isinstance(extractor, CombinedExtractor):
        extractor = extractor.backbone
    if isinstance(extractor, BackboneExtractor):
        for network in extractor.networks:
            print(f"{network.backbone.title} runs on {network.session.provider}")
            if network.session.note:
                print(f"note: running on the CPU: {network.session.note}", file=sys.stderr)


def main() -> None:
    """Entry point."""
    run(command)


if __name__ == "__main__":
    main()
