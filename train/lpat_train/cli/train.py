"""lpat-train: a localizer from videos and video-level labels."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

import click

from lpat.cli import options
from lpat.cli.app import DONE, PARTIAL, GroupedCommand, note
from lpat_train.cli import launch
from lpat_train.cli.train_groups import GROUPS

if TYPE_CHECKING:
    from lpat.annotations.reading import Annotations, VideoAnnotation
    from lpat.cli.progress import Kind
    from lpat.inputs import Input
    from lpat_train.config import TrainingConfig


class TrainCommand(GroupedCommand):
    """Adds one option for each field of the config, when help or parsing asks for them."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The command's own parameters, then the config's."""
        return [*super().get_params(ctx), *_config_options()]


def config_of(
    preset: str, config_file: Path | None, changes: dict[str, Any], *, reviewed: bool = False
) -> TrainingConfig:
    """A preset changed by a file, and that by options.

    With `reviewed` videos, what the ends learned from them predict is proposed beside level sets.

    Raises:
        UsageError: a bad value, or an option of other methods.
    """
    from lpat.errors import UsageError
    from lpat_train.config import methods_with
    from lpat_train.presets import PRESETS, changed, read_config

    config = PRESETS[preset]
    if reviewed and config.proposals == "levels":
        config = replace(config, proposals="levels+ends")
    if config_file:
        config = read_config(config_file, config)
    config = changed(config, changes, "command line")
    for name in changes:
        if config.method not in (known := methods_with(name)):
            raise UsageError(
                f"--{name.replace('_', '-')}: an option of {', '.join(known)}, "
                f"not of method {config.method}"
            )
    if reviewed and config.method not in (known := methods_with("marks")):
        raise UsageError(f"--reviewed: an option of {', '.join(known)}, not of {config.method}")
    return config


def training_subset(annotations: Annotations, subset: str | None) -> str | None:
    """The subset asked for; else `training`, or everything where the file has no subsets."""
    return subset or ("training" if annotations.subsets else None)


def videos_to_validate(
    annotations: Annotations, subset: str | None, labels: dict[str, tuple[str, ...]]
) -> tuple[VideoAnnotation, ...]:
    """The labelled videos to validate on; refused where one's label was never trained."""
    from lpat.errors import AnnotationError

    if subset is None:
        return ()
    known = {label for its_labels in labels.values() for label in its_labels}
    videos = tuple(video for video in annotations.in_subset(subset) if not video.only_ambiguous)
    for video in videos:
        if unknown := [label for label in video.labels if label not in known]:
            raise AnnotationError(
                f"{annotations.path}: video {video.name!r} of subset {subset!r} shows "
                f"{unknown[0]!r}, a label that no training video has"
            )
    return videos


def annotations_from_folders(
    files: Sequence[Input], arguments: Sequence[Path]
) -> tuple[Annotations, tuple[str, ...]]:
    """What folders say of the inputs, and lines on it; the folders that were named say nothing."""
    from lpat.annotations.folders import annotations_of_folders

    # As inputs have it: without `..`, but links keep their own names.
    paths = {source.name: Path(os.path.abspath(source.file)) for source in files}  # noqa: PTH100
    tops = [Path(os.path.abspath(path)) for path in arguments if path.is_dir()]  # noqa: PTH100
    return annotations_of_folders(paths, tops)


def _config_options() -> list[click.Option]:
    from lpat_train.config import TrainingConfig

    kinds = get_type_hints(TrainingConfig)
    made = []
    for entry in fields(TrainingConfig):
        dashed = entry.name.replace("_", "-")
        kind = kinds[entry.name]
        words = entry.metadata["help"]
        flag = f"--{dashed}/--no-{dashed}" if kind is bool else f"--{dashed}"
        choices = get_args(kind)
        only = ", ".join(entry.metadata["methods"])
        note = f"[{only + ' only; ' if only else ''}preset lpat: {entry.default}]"
        made.append(
            click.Option(
                [flag, entry.name],
                type=click.Choice(choices) if choices else kind,
                default=None,
                help=f"{words[0].upper()}{words[1:]}.  {note}",
            )
        )
    return made


@click.command("lpat-train", cls=TrainCommand, groups=GROUPS)
@click.argument("inputs", type=options.FILE, nargs=-1, required=True)
@click.option(
    "--annotations",
    type=options.FILE,
    default=None,
    help="Labels: ActivityNet-style JSON, CSV video,labels[,subset], or a folder of THUMOS'14's "
    "or W-TALC's files.",
)
@click.option(
    "--labels-from-folders",
    is_flag=True,
    help="The folder directly above a file names its label, instead of --annotations: "
    "jump/a.mp4; in nothing/, none/, background/ or _/ nothing happens.",
)
@click.option("--subset", default=None, help="What to train on.  [default: training]")
@click.option(
    "--reviewed",
    type=options.FILE,
    default=None,
    help="Annotations with times of some of the videos, in which every instance is marked: these "
    "teach too.",
)
@click.option(
    "--output",
    type=options.FILE,
    default=None,
    help="Folder of the run.  [default: runs/<time>, also runs/latest]",
)
@click.option("--overwrite", is_flag=True, help="Start anew where OUTPUT holds a run already.")
@click.option(
    "--resume",
    type=options.FILE,
    default=None,
    help="Go on with the run in this folder, under its own config.",
)
@click.option(
    "--preset",
    type=click.Choice(["lpat", "paper", "lpat-x"]),
    default="lpat",
    show_default=True,
    help="Where the config starts: ours, the paper's values, or four networks of ours in one.",
)
@click.option(
    "--config",
    "config_file",
    type=options.FILE,
    default=None,
    help="TOML file that changes the preset; options below change both.",
)
@click.option(
    "--validate",
    default=None,
    metavar="SUBSET",
    help="Report mAP on this subset, at each validation and at the end; it decides nothing.",
)
@click.option(
    "--report/--no-report",
    default=True,
    help="End with a report on each class: does it work, and what would help most?  "
    "[default: report]",
)
@click.option(
    "--folds",
    type=click.IntRange(min=0, max=20),
    default=3,
    show_default=True,
    help="Parts of the training videos that the report predicts by small networks trained on the "
    "others, each in about a tenth of the training's time; 0: it looks at labels alone.",
)
@click.option("--skip-missing", is_flag=True, help="Leave out annotated videos without a file.")
@options.features
@options.backbone
@options.stride
@options.batch
@options.device
@options.jobs
@click.option(
    "--threads",
    type=click.IntRange(1, 1024),
    default=None,
    help="That training computes with on a CPU.  [default: 1 for a small network, which gains "
    "nothing of more; else, or with OMP_NUM_THREADS set, PyTorch's own number]",
)
@options.cache_options
@options.progress
@click.version_option(package_name="lpat")
def command(
    inputs: tuple[Path, ...],
    annotations: Path | None,
    labels_from_folders: bool,
    subset: str | None,
    reviewed: Path | None,
    output: Path | None,
    overwrite: bool,
    resume: Path | None,
    preset: str,
    config_file: Path | None,
    validate: str | None,
    report: bool,
    folds: int,
    skip_missing: bool,
    features: str | None,
    backbone_paths: tuple[Path, ...],
    stride: int | None,
    batch: int | None,
    device: str,
    jobs: int | None,
    threads: int | None,
    cache_folder: Path | None,
    no_cache: bool,
    progress: Kind,
    **changes: Any,
) -> int:
    """Train on the videos or feature files INPUTS (files and folders of them).

    Only the labels of the annotations are read, moments where they have any, and by 3c-net how
    often a video shows each; segment times can't reach training but by --reviewed. Features of
    videos, as --features or --backbone has them, are extracted once and cached. Writes weights,
    config and TensorBoard logs to the run's folder, from which lpat-export makes model.onnx.

    Exit codes: 0 all done, 1 nothing done, 3 some videos failed, 130 interrupted.
    """
    from lpat.annotations.checks import summarise
    from lpat.annotations.reading import read_annotations
    from lpat.annotations.reviewed import read_reviewed
    from lpat.errors import UsageError
    from lpat.features.extractors import default_jobs
    from lpat.inputs import find_inputs
    from lpat_train.cli.training_run import Examples, Inputs, RunPlace, run_training
    from lpat_train.distributed.processes import Processes
    from lpat_train.training.checkpoint import read_run
    from lpat_train.training.loop import choose_device

    if (annotations is not None) == labels_from_folders:
        raise UsageError("expected labels: either --annotations FILE or --labels-from-folders")
    processes = Processes.from_environment()
    changes = {name: value for name, value in changes.items() if value is not None}
    if resume and (changes or config_file or output or features):
        raise UsageError("--resume goes on under the run's own config; leave out other settings")
    run = read_run(resume) if resume else None
    config = (
        run.config
        if run
        else config_of(preset, config_file, changes, reviewed=reviewed is not None)
    )
    torch_device = choose_device(device, processes)  # type: ignore[arg-type] - click checked it
    tell = partial(print, file=sys.stderr) if processes.first else lambda line: None
    files = find_inputs(inputs, tell=note if processes.first else lambda line: None)
    if annotations is not None:
        read, remarks = read_annotations(annotations), ()
    else:
        read, remarks = annotations_from_folders(files, inputs)
    chosen = training_subset(read, subset)
    truth = videos_to_validate(read, validate, read.labels_by_video(chosen))
    said = [f"{read.path}: {line}" for line in summarise(read.findings_in(chosen))]
    for line in (*remarks, *said):
        tell(line)
    all_features = all(source.holds_features for source in files)
    if all_features and (features or backbone_paths):
        option = "--backbone" if backbone_paths else "--features"
        raise UsageError(f"{option}: expected videos; these are feature files already")
    backbones = options.backbones_from(backbone_paths, device, batch=batch)
    if run:
        spec = run.spec
    else:
        backbones, spec = options.chosen_features(features, backbones, stride)
    if not all_features:
        backbones = backbones.found_for(spec)
    found = Inputs(
        files,
        spec=spec,
        backbones=backbones,
        cache=options.cache_from(cache_folder, no_cache),
        jobs=jobs or default_jobs(spec),
        skip_missing=skip_missing,
        progress=progress,
    )
    marked = {}
    if reviewed:
        marked = read_reviewed(
            reviewed, read.labels_by_video(chosen), read.moments_by_video(chosen), tell=tell
        )
    examples = Examples(read, chosen, truth, marked)
    place = RunPlace(run, output, overwrite)
    with processes.joined(torch_device):
        whole = run_training(
            found, examples, config, place, torch_device, processes,
            threads=threads or 0, folds=folds if report else None,
        )  # fmt: skip
    return DONE if whole else PARTIAL


def main() -> None:
    """Entry point."""
    launch.run(command, "torch", "tensorboard")


if __name__ == "__main__":
    main()
