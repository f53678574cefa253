"""lpat-train: a localizer from videos and video-level labels."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

import click

from lpat.cli import options
from lpat.cli.app import DONE, PARTIAL
from lpat_train.cli import launch

if TYPE_CHECKING:
    import torch

    from lpat.annotations import Annotations, VideoAnnotation
    from lpat.types import Features
    from lpat_train.config import TrainingConfig
    from lpat_train.data_loading import LoadedFeatures
    from lpat_train.dataset import TrainingSet
    from lpat_train.network import Network

VALIDATION_TIOUS = (0.3, 0.4, 0.5, 0.6, 0.7)


class TrainCommand(click.Command):
    """Adds one option for each field of the config, when help or parsing asks for them."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The command's own parameters, then the config's."""
        return [*super().get_params(ctx), *_config_options()]


@click.command("lpat-train", cls=TrainCommand)
@click.argument("inputs", type=options.FILE, nargs=-1, required=True)
@click.option(
    "--annotations",
    type=options.FILE,
    required=True,
    help="Labels: ActivityNet-style JSON, CSV video,labels[,subset], or a folder of THUMOS'14's "
    "or W-TALC's files.",
)
@click.option("--subset", default=None, help="What to train on.  [default: training]")
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
    type=click.Choice(["lpat", "paper"]),
    default="lpat",
    show_default=True,
    help="Where the config starts: ours, or the paper's values.",
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
    help="Report mAP on this subset at the end; it decides nothing.",
)
@click.option("--skip-missing", is_flag=True, help="Leave out annotated videos without a file.")
@click.option(
    "--stride",
    type=click.IntRange(1, 1000),
    default=16,
    show_default=True,
    help="Frames from one snippet to the next, for videos.",
)
@options.device
@options.jobs
@options.cache_options
@click.version_option(package_name="lpat")
def command(
    inputs: tuple[Path, ...],
    annotations: Path,
    subset: str | None,
    output: Path | None,
    overwrite: bool,
    resume: Path | None,
    preset: str,
    config_file: Path | None,
    validate: str | None,
    skip_missing: bool,
    stride: int,
    device: str,
    jobs: int | None,
    cache_folder: Path | None,
    no_cache: bool,
    **changes: Any,
) -> int:
    """Train on the videos or feature files INPUTS (files and folders of them).

    Only the labels of the annotations are read, and by 3c-net how often a video shows each; segment
    times can't reach training. Features of videos are extracted once and cached. Writes weights,
    config and TensorBoard logs to the run's folder, from which lpat-export makes model.onnx.

    Exit codes: 0 all done, 1 nothing done, 3 some videos failed, 130 interrupted.
    """
    from lpat.annotations import read_annotations
    from lpat.errors import UsageError
    from lpat.findings import summarise
    from lpat.inputs import find_inputs
    from lpat.workers import available_cores
    from lpat_train.checkpoint import claim_run_folder, new_run_folder, read_run, write_run
    from lpat_train.data_loading import contradiction, load_labelled
    from lpat_train.dataset import make_training_set
    from lpat_train.loop import choose_device

    changes = {name: value for name, value in changes.items() if value is not None}
    if resume and (changes or config_file or output):
        raise UsageError("--resume goes on under the run's own config; leave out other settings")
    run = read_run(resume) if resume else None
    config = run.config if run else _config_of(preset, config_file, changes)
    torch_device = choose_device(device)  # type: ignore[arg-type] - click checked the choice
    read = read_annotations(annotations)
    chosen = _training_subset(read, subset)
    labels = read.labels_by_video(chosen)
    held_out = _held_out(read, validate, labels)
    for line in summarise(read.findings_in(chosen)):
        print(f"{annotations}: {line}", file=sys.stderr)
    found = find_inputs(inputs)

    def load(wanted: dict[str, tuple[str, ...]]) -> LoadedFeatures:
        return load_labelled(
            found,
            wanted,
            stride=run.spec.stride if run else stride,
            cache=options.cache_from(cache_folder, no_cache),
            jobs=jobs or available_cores(),
            skip_missing=skip_missing,
        )

    loaded = load(labels)
    if line := contradiction(loaded.features, read.videos):
        print(f"{annotations}: {line}", file=sys.stderr)
    training_set = make_training_set(loaded.features, labels, read.counts_by_video(chosen))
    if run and (run.classes, run.spec) != (training_set.classes, training_set.spec):
        raise UsageError(f"{run.folder}: was trained on other classes or features than these")
    if run:
        folder = run.folder
    elif output:
        folder = claim_run_folder(output, overwrite=overwrite)
    else:
        folder = new_run_folder(Path("runs"))
    write_run(folder, config, training_set)
    print(
        f"training on {len(training_set.videos)} videos, {len(training_set.classes)} classes, "
        f"{training_set.spec.extractor} features of {training_set.spec.dimension} dimensions, "
        f"{torch_device}; run in {folder}"
    )
    network = _train(training_set, config, torch_device, folder, resume=bool(resume))
    failures = dict(loaded.failures)
    if held_out:
        validation = load({video.name: video.labels for video in held_out})
        failures |= validation.failures
        _print_validation(network, training_set, config, validation.features, held_out)
    print(f"next: lpat-export model.onnx --run {folder}")
    return PARTIAL if failures else DONE


def _config_of(preset: str, config_file: Path | None, changes: dict[str, Any]) -> TrainingConfig:
    from lpat.errors import UsageError
    from lpat_train.config import PRESETS, changed, methods_with, read_config

    config = PRESETS[preset]
    if config_file:
        config = read_config(config_file, config)
    config = changed(config, changes, "command line")
    for name in changes:
        if config.method not in (known := methods_with(name)):
            raise UsageError(
                f"--{name.replace('_', '-')}: an option of {', '.join(known)}, "
                f"not of method {config.method}"
            )
    return config


def _training_subset(annotations: Annotations, subset: str | None) -> str | None:
    """The subset asked for; else `training`, or everything where the file has no subsets."""
    return subset or ("training" if annotations.subsets else None)


def _held_out(
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


def _train(
    training_set: TrainingSet,
    config: TrainingConfig,
    device: torch.device,
    folder: Path,
    *,
    resume: bool,
) -> Network:
    """Train with a progress bar, and TensorBoard logs in the run's folder."""
    from torch.utils.tensorboard import SummaryWriter
    from tqdm import tqdm

    from lpat_train.loop import train

    bar = tqdm(total=config.steps, unit="step", disable=None, file=sys.stderr)
    with bar, SummaryWriter(str(folder)) as writer:

        def show(step: int, losses: dict[str, float]) -> None:
            bar.update(step - bar.n)
            bar.set_postfix({name: f"{value:.3f}" for name, value in losses.items()})
            for name, value in losses.items():
                writer.add_scalar(f"loss/{name}", value, step)

        return train(
            training_set, config, device=device, folder=folder, resume=resume, on_step=show
        )


def _print_validation(
    network: Network,
    training_set: TrainingSet,
    config: TrainingConfig,
    features: Mapping[str, Features],
    truth: tuple[VideoAnnotation, ...],
) -> None:
    from lpat_train.validation import format_thresholds, score, validate

    scores = {name: score(network, training_set.classes, its) for name, its in features.items()}
    result = validate(scores, truth, config.post_processing(), VALIDATION_TIOUS)
    print(f"{len(truth)} videos, protocol {result.predicted.protocol}")
    print(format_thresholds(result))


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


def main() -> None:
    """Entry point."""
    launch.run(command, "torch", "tensorboard")


if __name__ == "__main__":
    main()
