"""lpat-extract: features of videos, stored once for the other commands."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from lpat.cli import options
from lpat.cli.app import DONE, FAILED, PARTIAL, run


@click.command("lpat-extract")
@click.argument("inputs", type=options.INPUT, nargs=-1, required=True)
@click.option("--output", type=options.FILE, required=True, help="Folder for the feature files.")
@options.stride
@options.jobs
@options.ray
@click.option("--overwrite", is_flag=True, help="Do again what is there already.")
@options.timeout
@options.cache_options
@click.version_option(package_name="lpat")
def command(
    inputs: tuple[str, ...],
    output: Path,
    stride: int,
    jobs: int | None,
    ray_address: str | None,
    overwrite: bool,
    timeout: float,
    cache_folder: Path | None,
    no_cache: bool,
) -> int:
    """Store the built-in motion features of the videos INPUTS as OUTPUT/NAME.safetensors.

    INPUTS are videos, folders, patterns, URLs, @LIST (a file with one a line; @- on standard input)
    and - (a video on standard input). The files hold an array (T, D) and the full spec of
    the features; lpat-train and lpat-detect take them in place of the videos.

    Exit codes: 0 all done, 1 nothing done, 3 some inputs failed, 130 interrupted.
    """
    from tqdm import tqdm

    from lpat.addresses import Address, Url, one_line
    from lpat.errors import FeatureError, LpatError, UsageError
    from lpat.extraction import default_spec, load_all_features
    from lpat.feature_files import read_features, write_features
    from lpat.files import claim_folder
    from lpat.fleet import ray_features
    from lpat.inputs import find_inputs, output_name
    from lpat.workers import available_cores

    spec = default_spec(stride)
    found = [source for source in find_inputs(inputs, timeout) if not source.holds_features]
    if not found:
        raise UsageError("expected videos to extract features of; these are feature files already")
    paths = {source.name: output / f"{output_name(source)}.safetensors" for source in found}

    def is_current(video: Address, path: Path) -> bool:
        if isinstance(video, Url):
            return video.is_kept and is_whole(path)
        try:
            return path.stat().st_mtime_ns >= video.stat().st_mtime_ns and is_whole(path)
        except OSError:
            return False

    def is_whole(path: Path) -> bool:
        try:
            return read_features(path).spec == spec
        except (FeatureError, OSError):
            return False

    claim_folder(output)
    pending = [s for s in found if overwrite or not is_current(s.path, paths[s.name])]
    failed, seconds = 0, 0.0
    cache = options.cache_from(cache_folder, no_cache)
    if ray_address:
        features = ray_features(spec, cache, ray_address, workers=jobs)(pending)
    else:
        features = load_all_features(pending, spec, cache, jobs or available_cores())
    with tqdm(features, total=len(pending), unit="video", disable=None, file=sys.stderr) as bar:
        for source, extraction in bar:
            if isinstance(extraction, LpatError):
                failed += 1
                tqdm.write(f"failed: {one_line(source.name)}: {extraction}", file=sys.stderr)
                continue
            write_features(paths[source.name], extraction.features)
            if extraction.broken_off is not None:
                reason = extraction.broken_off
                tqdm.write(f"note: {one_line(source.name)}: {reason}", file=sys.stderr)
            seconds += extraction.features.duration
    done, unchanged = len(pending) - failed, len(found) - len(pending)
    print(
        f"{done} done ({seconds:.0f} s of video), {unchanged} unchanged, {failed} failed; "
        f"features of {spec.dimension} dimensions in {output}"
    )
    if not failed:
        return DONE
    return PARTIAL if done or unchanged else FAILED


def main() -> None:
    """Entry point."""
    run(command)


if __name__ == "__main__":
    main()
