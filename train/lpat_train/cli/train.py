"""lpat-train: a localizer from videos and video-level labels."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from lpat.cli import options
from lpat.cli.app import DONE, PARTIAL
from lpat_train.cli import launch, train_settings


@click.command("lpat-train", cls=train_settings.TrainCommand)
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
@click.option("--skip-missing", is_flag=True, help="Leave out annotated videos without a file.")
@options.backbone
@options.stride
@options.batch
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
    backbone_paths: tuple[Path, ...],
    stride: int | None,
    batch: int | None,
    device: str,
    jobs: int | None,
    cache_folder: Path | None,
    no_cache: bool,
    **changes: Any,
) -> int:
    """Train on the videos or feature files INPUTS (files and folders of them).

    Only the labels of the annotations are read, and by 3c-net how often a video shows each; segment
    times can't reach training. Features of videos, the built-in ones or those of --backbone, are
    extracted once and cached. Writes weights, config and TensorBoard logs to the run's folder, from
    which lpat-export makes model.onnx.

    Exit codes: 0 all done, 1 nothing done, 3 some videos failed, 130 interrupted.
    """
    from lpat.annotations.checks import summarise
    from lpat.annotations.reading import read_annotations
    from lpat.errors import UsageError
    from lpat.features.extractors import default_jobs, spec_of
    from lpat.inputs import find_inputs
    from lpat_train.checkpoint import read_run
    from lpat_train.cli.training_run import Examples, Inputs, RunPlace, run_training
    from lpat_train.loop import choose_device
    from lpat_train.processes import Processes

    processes = Processes.from_environment()
    changes = {name: value for name, value in changes.items() if value is not None}
    if resume and (changes or config_file or output):
        raise UsageError("--resume goes on under the run's own config; leave out other settings")
    run = read_run(resume) if resume else None
    config = run.config if run else train_settings.config_of(preset, config_file, changes)
    torch_device = choose_device(device, processes)  # type: ignore[arg-type] - click checked it
    read = read_annotations(annotations)
    chosen = train_settings.training_subset(read, subset)
    truth = train_settings.videos_to_validate(read, validate, read.labels_by_video(chosen))
    for line in summarise(read.findings_in(chosen)) if processes.first else ():
        print(f"{annotations}: {line}", file=sys.stderr)
    files = find_inputs(inputs)
    backbones = options.backbones_from(backbone_paths, device, batch=batch)
    spec = run.spec if run else spec_of(backbones, stride)
    if not all(source.holds_features for source in files):
        backbones = backbones.found_for(spec)
    elif backbone_paths:
        raise UsageError("--backbone: expected videos; these are feature files already")
    found = Inputs(
        files,
        spec=spec,
        backbones=backbones,
        cache=options.cache_from(cache_folder, no_cache),
        jobs=jobs or default_jobs(spec),
        skip_missing=skip_missing,
    )
    examples = Examples(read, chosen, truth)
    place = RunPlace(run, output, overwrite)
    with processes.joined(torch_device):
        whole = run_training(found, examples, config, place, torch_device, processes)
    return DONE if whole else PARTIAL


def main() -> None:
    """Entry point."""
    launch.run(command, "torch", "tensorboard")


if __name__ == "__main__":
    main()
