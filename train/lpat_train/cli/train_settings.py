"""What lpat-train's options come to: a config, and the videos to train and validate on."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

import click

if TYPE_CHECKING:
    from lpat.annotations.reading import Annotations, VideoAnnotation
    from lpat_train.config import TrainingConfig


class TrainCommand(click.Command):
    """Adds one option for each field of the config, when help or parsing asks for them."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The command's own parameters, then the config's."""
        return [*super().get_params(ctx), *_config_options()]


def config_of(preset: str, config_file: Path | None, changes: dict[str, Any]) -> TrainingConfig:
    """A preset changed by a file, and that by options.

    Raises:
        UsageError: a bad value, or an option of other methods.
    """
    from lpat.errors import UsageError
    from lpat_train.config import methods_with
    from lpat_train.presets import PRESETS, changed, read_config

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
