"""Options that several commands share."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from lpat.errors import UsageError

if TYPE_CHECKING:
    from lpat.backbones.search import Backbones
    from lpat.features.cache import FeatureCache
    from lpat.types import FeatureSpec

Command = TypeVar("Command", bound=Callable[..., Any])

FILE = click.Path(path_type=Path)
"""A path that the command itself checks, so that the message is its own."""

INPUT = click.STRING
"""What `lpat.inputs.find_inputs` makes sense of; a click.Path would spoil URLs."""


def _checked_device(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    from lpat.inference.devices import device_of

    try:
        return str(device_of(value))
    except UsageError as error:
        raise click.BadParameter(str(error)) from error


device = click.option(
    "--device",
    metavar="auto|cpu|cuda[:N]|tensorrt[:N]",
    default="auto",
    show_default=True,
    callback=_checked_device,
    help="Where the network runs; auto is the first CUDA device where there is one.",
)
require_gpu = click.option(
    "--require-gpu", is_flag=True, help="Fail where auto would do with the CPU."
)
jobs = click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=None,
    help="Videos read at the same time.  [default: one per core]",
)
ray = click.option(
    "--ray",
    "ray_address",
    metavar="ADDRESS|local",
    default=None,
    help="Read videos by the workers of a Ray cluster: HOST:PORT, auto for the one that this "
    "machine is part of, or local. --jobs is their number then.",
)
formats = click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="FORMAT,...",
    callback=lambda context, option, values: _words(values),
    help="Write detections in these formats too: csv, srt, vtt, chapters, edl, otio, eaf, "
    "labelstudio, html (pages that play the videos). json is always written.",
)
overwrite = click.option("--overwrite", is_flag=True, help="Do again what is there already.")
on_error = click.option(
    "--on-error",
    type=click.Choice(["skip", "stop"]),
    default="skip",
    show_default=True,
    help="After an input that failed: go on with the others, or end.",
)
progress = click.option(
    "--progress",
    type=click.Choice(["auto", "none", "json"]),
    default="auto",
    show_default=True,
    help="On stderr: a bar if that is a terminal, nothing, or an object a line for programs.",
)
timeout = click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=30.0,  # as lpat.video.address has it
    show_default=True,
    metavar="SECONDS",
    help="How long a URL may give nothing before it is given up.",
)
stride = click.option(
    "--stride",
    type=click.IntRange(1, 1000),
    default=None,
    help="Frames from one snippet to the next, for videos.  [default: 8, or a backbone's frames]",
)
backbone = click.option(
    "--backbone",
    "backbone_paths",
    type=FILE,
    multiple=True,
    help="ONNX file of a backbone, or a folder of them. Twice for two streams, in any order.",
)
features = click.option(
    "--features",
    type=click.Choice(["motion", "appearance", "motion+appearance"]),
    default=None,
    help="What features of videos see: how things move, what is in the picture, or both.  "
    "[default: motion, or what --backbone sees]",
)
batch = click.option(
    "--batch",
    type=click.IntRange(1, 256),
    default=None,
    help="Clips that a backbone is fed at once.  [default: 1, or 8 on a GPU]",
)


def cache_options(command: Command) -> Command:
    """`--cache` and `--no-cache`, for `cache_from`."""
    command = click.option(
        "--cache",
        "cache_folder",
        type=FILE,
        default=None,
        help="Folder of extracted features, kept for the next run.  [default: the user's cache]",
    )(command)
    return click.option("--no-cache", is_flag=True, help="Neither use nor fill that folder.")(
        command
    )


def cache_from(cache_folder: Path | None, no_cache: bool) -> FeatureCache | None:
    """The cache that `cache_options` chose, without what killed processes left in it."""
    from lpat.features.cache import FeatureCache, default_cache
    from lpat.files.atomic import remove_abandoned

    if no_cache:
        return None
    cache = FeatureCache(cache_folder) if cache_folder else default_cache()
    remove_abandoned(cache.folder)
    return cache


def backbones_from(
    paths: tuple[Path, ...],
    device: str = "auto",
    require_gpu: bool = False,
    batch: int | None = None,
) -> Backbones:
    """Where `backbone` says that backbones are, and how they are to be run.

    Raises:
        BackboneError: a path that isn't there.
    """
    from lpat.backbones.search import Backbones
    from lpat.errors import BackboneError

    for path in paths:
        if not path.exists():
            raise BackboneError(f"{path}: expected a backbone's file or a folder; no such file")
    return Backbones(paths, device=device, require_gpu=require_gpu, batch=batch)


def chosen_features(
    kind: str | None, backbones: Backbones, stride: int | None
) -> tuple[Backbones, FeatureSpec]:
    """The backbones and the spec of the features that `--features` or `--backbone` asks for.

    The backbone of appearance is made at its first use.

    Raises:
        UsageError: both were given.
        BackboneError: a backbone can't be read, or they don't make one feature together.
        MissingPackageError: appearance was asked for, and what its backbone is made of isn't there.
    """
    from lpat.features.extractors import DEFAULT_STRIDE, default_spec, spec_of

    if kind is None:
        return backbones, spec_of(backbones, stride)
    if backbones.paths:
        raise UsageError("expected either --features or --backbone, not both")
    if kind == "motion":
        return backbones, default_spec(stride)
    backbones = replace(backbones, paths=(_appearance_backbone(),))
    stride = stride or DEFAULT_STRIDE
    return backbones, spec_of(backbones, stride, beside_motion=kind != "appearance")


def _appearance_backbone() -> Path:
    """The file of appearance's backbone, made where it isn't there yet."""
    from lpat.backbones.appearance import EXTRA, NAME, NEEDED, appearance_file
    from lpat.errors import MissingPackageError, install_advice

    path = appearance_file()
    if path.is_file():
        return path
    missing = [module for module in NEEDED if find_spec(module) is None]
    if missing:
        raise MissingPackageError(
            f"appearance features need {', '.join(missing)}: {install_advice(EXTRA)}"
        )
    print(f"making the backbone {NAME} of its package's weights, once: {path}", file=sys.stderr)
    # By its name, as the packages that train are none that this one knows.
    import_module("lpat_train.backbones.efficientnet_export").convert_efficientnet(path)
    return path


def by_class(values: tuple[str, ...], option: str) -> Mapping[str | None, float] | None:
    """Values of an option that is given as VALUE or CLASS=VALUE, by class; None: all others'.

    Raises:
        UsageError: neither, or the same twice.
    """
    found: dict[str | None, float] = {}
    for text in values:
        label, equals, number = text.rpartition("=")
        try:
            value = float(number)
        except ValueError as error:
            raise UsageError(f"{option}: expected VALUE or CLASS=VALUE, not {text!r}") from error
        key = label if equals else None
        if key in found:
            which = f"class {key!r}" if equals else "all classes"
            raise UsageError(f"{option}: expected one value for {which}, not two")
        found[key] = value
    return found or None


def values_of(context: click.Context) -> dict[str, Any]:
    """Every option of a command as it is in force, as JSON values, for the record of a run."""
    options = {option.name for option in context.command.params if isinstance(option, click.Option)}
    return {
        name: _json_value(value)
        for name, value in sorted(context.params.items())
        if name in options
    }


def _json_value(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_json_value(entry) for entry in value]
    return str(value) if isinstance(value, Path) else value


def _words(values: tuple[str, ...]) -> tuple[str, ...]:
    """Words of values that hold several, separated by commas."""
    return tuple(word.strip() for value in values for word in value.split(",") if word.strip())
