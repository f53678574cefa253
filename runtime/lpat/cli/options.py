"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from lpat.errors import UsageError

if TYPE_CHECKING:
    from lpat.extraction import FeatureCache

Command = TypeVar("Command", bound=Callable[..., Any])

FILE = click.Path(path_type=Path)
"""A path that the command itself checks, so that the message is its own."""


def _checked_device(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    from lpat.devices import device_of

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
stride = click.option(
    "--stride",
    type=click.IntRange(1, 1000),
    default=8,  # as lpat.extraction.default_spec has it, which imports too much to be asked here
    show_default=True,
    help="Frames from one snippet to the next, for videos.",
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
    """The cache that `cache_options` chose."""
    from lpat.extraction import FeatureCache, default_cache

    if no_cache:
        return None
    return FeatureCache(cache_folder) if cache_folder else default_cache()
