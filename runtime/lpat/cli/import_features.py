"""lpat-import: feature files as others publish them, for the other commands."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lpat.cli import options
from lpat.cli.app import DONE, FAILED, PARTIAL, note, run

if TYPE_CHECKING:
    from lpat.annotations.reading import VideoAnnotation
    from lpat.features.foreign.sources import ImportSource, Streams
    from lpat.features.importing import AxesBook, ImportPlan


@click.command("lpat-import")
@click.argument("features", type=options.FILE, nargs=-1)
@click.option("--rgb", type=options.FILE, multiple=True, help="Folder of RGB features.")
@click.option("--flow", type=options.FILE, multiple=True, help="Folder of flow features.")
@click.option("--output", type=options.FILE, required=True, help="Folder for the feature files.")
@click.option(
    "--annotations",
    type=options.FILE,
    default=None,
    help="Durations to check the features by, and subsets, which become folders of OUTPUT; what "
    "they don't name is left out.",
)
@click.option(
    "--names",
    type=options.FILE,
    default=None,
    help="W-TALC's videoname.npy, for one file of all videos.  [default: that of ANNOTATIONS]",
)
@click.option(
    "--extractor", default="i3d", show_default=True, help="Name of what made the features."
)
@click.option(
    "--fps", type=float, default=25.0, show_default=True, help="Frames per second it was given."
)
@click.option(
    "--snippet-frames",
    type=click.IntRange(1, 10_000),
    default=16,
    show_default=True,
    help="Frames that a feature is of.",
)
@click.option(
    "--stride",
    type=click.IntRange(1, 10_000),
    default=16,
    show_default=True,
    help="Frames from one snippet to the next.",
)
@click.option(
    "--streams",
    type=click.Choice(["rgb,flow", "flow,rgb", "rgb", "flow"]),
    default=None,
    help="What the dimensions are; the halves of flow,rgb are exchanged.  [default: as "
    "the files' names say, else rgb,flow, or rgb of an extractor that sees pictures alone]",
)
@click.option(
    "--axes",
    default=None,
    metavar="AXES",
    help="What the axes of the arrays are, as snippet,feature or feature,snippet or "
    "snippet,crop,feature; crops are averaged.  [default: by evidence, or it is asked for]",
)
@click.option(
    "--unchecked", is_flag=True, help="Import in spite of what durations or halves say against it."
)
@click.option("--overwrite", is_flag=True, help="Do again what is there already.")
@click.version_option(package_name="lpat")
def command(
    features: tuple[Path, ...],
    rgb: tuple[Path, ...],
    flow: tuple[Path, ...],
    output: Path,
    annotations: Path | None,
    names: Path | None,
    streams: Streams | None,
    axes: str | None,
    unchecked: bool,
    overwrite: bool,
    **said: Any,
) -> int:
    """Store features of others as OUTPUT/[SUBSET/]NAME.safetensors, with what they are.

    FEATURES are files (T, D) of a video each and folders of them, files of many videos (HDF5,
    .npz), or one .npy with an array for each video, as W-TALC's. Files whose names or folders say
    RGB and flow are joined; --rgb and --flow say it of folders whose names don't. Nothing is
    unpickled.

    With durations known, the number of snippets must agree with --fps and --stride; if it doesn't
    in most videos, nothing is written.

    Exit codes: 0 all done, 1 nothing done, 3 some inputs failed, 130 interrupted.
    """
    from lpat.annotations.reading import read_annotations
    from lpat.errors import UsageError
    from lpat.features.foreign.axes import ORDERS
    from lpat.features.importing import (
        ImportPlan,
        axes_of_sources,
        default_streams,
        objections_to_widths,
        output_paths,
    )

    if axes is not None and axes not in ORDERS:
        raise UsageError(f"--axes {axes}: expected one of {' '.join(ORDERS)}")
    known: Mapping[str, VideoAnnotation] | None = None
    if annotations is not None:
        known = {video.name: video for video in read_annotations(annotations).videos}
    sources, named = _sources(features, rgb, flow, names or annotations, streams)
    plan = ImportPlan(streams=named or default_streams(said["extractor"]), **said)
    if known is not None:
        sources, known = _annotated(sources, known)
    subsets = {} if known is None else {name: video.subset for name, video in known.items()}
    durations = {} if known is None else {name: video.duration for name, video in known.items()}
    paths = output_paths(sources, output, subsets)
    axes_of = axes_of_sources(sources, plan, durations, axes)
    for found in axes_of.found.values():
        if axes is None and not found.is_usual:
            note(f"arrays are taken as ({found}), told by {found.evidence}")
    objections = _objections(sources, plan, axes_of, durations, subsets)
    objections += objections_to_widths(sources, plan, axes_of)
    if objections and not unchecked:
        raise UsageError(f"{'; '.join(objections)} (--unchecked imports them all the same)")
    for line in objections:
        note(line)
    return _import_all(sources, plan, axes_of, paths, durations, output, overwrite)


def _sources(
    features: Sequence[Path],
    rgb: Sequence[Path],
    flow: Sequence[Path],
    names: Path | None,
    said: Streams | None,
) -> tuple[list[ImportSource], Streams | None]:
    """A source for each video, and the streams as the user or the files' names say, if they do."""
    from lpat.errors import UsageError
    from lpat.features.foreign.sources import (
        entry_sources,
        file_sources,
        holds_entries,
        pair_sources,
    )

    if bool(rgb) != bool(flow) or bool(rgb) == bool(features):
        raise UsageError("expected either FEATURES or both --rgb and --flow")
    if rgb:
        if said not in (None, "rgb,flow"):
            raise UsageError(f"--streams {said}: expected rgb,flow of --rgb and --flow")
        return pair_sources(rgb, flow, note, names), "rgb,flow"
    for path in features:
        if not holds_entries(path, names):
            continue
        if len(features) > 1:
            raise UsageError(f"{path}: holds an array for each video; expected it alone")
        if names is None:
            raise UsageError(f"{path}: holds an array for each video; --names says which")
        return entry_sources(path, names), said
    return file_sources(features, said, note)


def _annotated(
    sources: list[ImportSource], annotated: Mapping[str, VideoAnnotation]
) -> tuple[list[ImportSource], dict[str, VideoAnnotation]]:
    """The sources that are annotated, and by their names what is."""
    from lpat.annotations.identity import match_names
    from lpat.errors import AnnotationError

    matches = match_names(list(annotated), [its.called for its in sources], by_ends=True)
    for name, places in matches.several.items():
        paths = ", ".join(str(sources[place].paths[0]) for place in places[:2])
        raise AnnotationError(f"video {name!r} has {len(places)} files: {paths}")
    known: dict[str, VideoAnnotation] = {}
    for name, place in matches.found.items():
        its = known.setdefault(sources[place].name, annotated[name])
        if its.name != name:
            raise AnnotationError(
                f"videos {its.name!r} and {name!r} have one file, {sources[place].paths[0]}"
            )
    kept = [source for source in sources if source.name in known]
    if not kept:
        raise AnnotationError(
            f"none of {len(sources)} videos with features is annotated; the features name "
            f"{sources[0].name!r}, the annotations {next(iter(annotated))!r}"
        )
    if others := [source.name for source in sources if source.name not in known]:
        note(f"{len(others)} videos aren't annotated and are left out; the first: {others[0]!r}")
    wanted = [name for name, video in annotated.items() if not video.only_ambiguous]
    if missing := [name for name in wanted if name not in matches.found]:
        note(f"{len(missing)} annotated videos have no features; the first: {missing[0]!r}")
    return kept, known


def _objections(
    sources: Sequence[ImportSource],
    plan: ImportPlan,
    axes_of: AxesBook,
    durations: Mapping[str, float | None],
    subsets: Mapping[str, str | None],
) -> list[str]:
    """What speaks against the plan for most of the videos; what does for a few is only noted."""
    from lpat.features.importing import exchanged_subsets, sample_features
    from lpat.features.timing import Rate, timing_of

    samples = sample_features(sources, axes_of)
    counts = {sample.name: sample.snippets for sample in samples}
    lines = []
    timing = timing_of(counts, durations, Rate(plan.fps, plan.stride), plan.snippet_frames)
    if timing is None:
        note("no durations are known (--annotations): --fps and --stride aren't checked")
    elif timing.is_wrong:
        lines.append(timing.describe())
    elif timing.misfits:
        note(timing.describe())
    if "," in plan.streams:
        line, odd = exchanged_subsets(samples, subsets)
        if line is not None:
            lines.append(line)
        if odd:
            note(
                f"the halves of {len(odd)} videos fit those of the others only when exchanged; "
                f"the first: {odd[0]!r}"
            )
    return lines


def _import_all(
    sources: Sequence[ImportSource],
    plan: ImportPlan,
    axes_of: AxesBook,
    paths: Mapping[str, Path],
    durations: Mapping[str, float | None],
    output: Path,
    overwrite: bool,
) -> int:
    from tqdm import tqdm

    from lpat.errors import FeatureError
    from lpat.features.importing import import_features, is_imported
    from lpat.files.folders import claim_folder

    claim_folder(output)
    done = unchanged = failed = snippets = 0
    with tqdm(sources, unit="video", disable=None, file=sys.stderr) as bar:
        for source in bar:
            path, duration = paths[source.name], durations.get(source.name)
            if not overwrite and is_imported(source, plan, axes_of, path, duration):
                unchanged += 1
                continue
            try:
                snippets += import_features(source, plan, axes_of, path, duration)
                done += 1
            except FeatureError as error:
                failed += 1
                tqdm.write(f"failed: {source.name}: {error}", file=sys.stderr)
    print(
        f"{done} done ({snippets} snippets), {unchanged} unchanged, {failed} failed; "
        f"{plan.extractor} features in {output}"
    )
    if not failed:
        return DONE
    return PARTIAL if done or unchanged else FAILED


def main() -> None:
    """Entry point."""
    run(command)


if __name__ == "__main__":
    main()
